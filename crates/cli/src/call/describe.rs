//! Finds methods by name and shows what they take and return.

use std::collections::VecDeque;
use std::fmt::Write as _;

use anyhow::{anyhow, bail};
use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};
use serde_path_to_error::{Path, Segment};

/// How alike a mistyped name must be to be suggested, from 0 to 1.
const NEAR: f64 = 0.7;

/// Finds a method by the name of its service and its own, joined by `/` or
/// `.`. The package of the service may be left out.
pub(super) fn find_method(pool: &DescriptorPool, name: &str) -> anyhow::Result<MethodDescriptor> {
    let Some((service, method)) = name.trim_start_matches('/').rsplit_once(['/', '.']) else {
        bail!(
            "{name:?} does not say SERVICE/METHOD{}",
            suggest(name, all_methods(pool))
        );
    };
    let service = find_service(pool, service)
        .ok_or_else(|| anyhow!("there is no {name}{}", suggest(name, all_methods(pool))))?;
    service
        .methods()
        .find(|candidate| candidate.name() == method)
        .ok_or_else(|| {
            let mut message = format!("{} has no method {method}", service.name());
            let names: Vec<_> = service
                .methods()
                .map(|method| short_name(&method))
                .collect();
            let near = suggest(&format!("{}/{method}", service.name()), names.clone());
            if near.is_empty() {
                let _ = write!(message, "; it has\n  {}", names.join("\n  "));
            }
            anyhow!(message + &near)
        })
}

fn find_service(pool: &DescriptorPool, name: &str) -> Option<ServiceDescriptor> {
    pool.services()
        .find(|service| service.full_name() == name)
        .or_else(|| pool.services().find(|service| service.name() == name))
}

fn all_methods(pool: &DescriptorPool) -> Vec<String> {
    pool.services()
        .flat_map(|service| {
            service
                .methods()
                .map(|m| short_name(&m))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn short_name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

/// The candidates that resemble `name`, as the end of a sentence. Empty if none
/// does. A name without a service is compared with methods alone, and one whose
/// method exists elsewhere always resembles it.
fn suggest(name: &str, candidates: Vec<String>) -> String {
    let wanted = name.to_ascii_lowercase().replace('.', "/");
    let score = |candidate: &str| {
        let candidate = candidate.to_ascii_lowercase();
        let part = likeness(last_part(&wanted), last_part(&candidate));
        if wanted.contains('/') && part < 1.0 {
            part.min(likeness(&wanted, &candidate))
        } else {
            part
        }
    };
    let mut near: Vec<_> = candidates
        .into_iter()
        .map(|candidate| (score(&candidate), candidate))
        .filter(|(score, _)| *score >= NEAR)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.truncate(3);
    if near.is_empty() {
        return String::new();
    }
    let names: Vec<_> = near.into_iter().map(|(_, name)| name).collect();
    format!("; did you mean {}?", names.join(" or "))
}

/// How alike two names are, from 0 to 1.
fn likeness(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b)
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Lists the methods of one service or of all, each with the first sentence of
/// its documentation.
pub(super) fn list(pool: &DescriptorPool, service: Option<&str>) -> anyhow::Result<String> {
    let services: Vec<_> = match service {
        Some(name) => {
            let Some(service) = find_service(pool, name) else {
                let names = pool.services().map(|s| s.name().to_owned()).collect();
                bail!("there is no service {name}{}", suggest(name, names));
            };
            vec![service]
        }
        None => pool.services().collect(),
    };
    let methods: Vec<_> = services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let comment = comment(&method.parent_file(), method.path());
            (short_name(&method), first_sentence(&comment))
        })
        .collect();
    let width = methods
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (name, summary) in methods {
        let line = format!("{name:width$}  {summary}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    Ok(text)
}

fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => line,
    }
}

/// Shows a method and every message and enum that its request and reply are
/// made of, in the notation of the proto language.
pub(super) fn method(method: &MethodDescriptor) -> String {
    let mut text = String::new();
    write_comment(&mut text, "", &method.parent_file(), method.path());
    let stream = |streaming| if streaming { "stream " } else { "" };
    let _ = writeln!(
        text,
        "rpc {}({}{}) returns ({}{})",
        method.name(),
        stream(method.is_client_streaming()),
        method.input().name(),
        stream(method.is_server_streaming()),
        method.output().name(),
    );

    let mut waiting = VecDeque::from([
        Kind::Message(method.input()),
        Kind::Message(method.output()),
    ]);
    let mut shown = Vec::new();
    while let Some(kind) = waiting.pop_front() {
        if shown.contains(&kind) {
            continue;
        }
        match &kind {
            Kind::Message(message) if !is_well_known(message) => {
                write_message(&mut text, message);
                waiting.extend(message.fields().flat_map(|field| mentioned(&field)));
            }
            Kind::Enum(values) => write_enum(&mut text, values),
            _ => {}
        }
        shown.push(kind);
    }
    text
}

/// The well-known types have a JSON form and a documentation of their own.
fn is_well_known(message: &MessageDescriptor) -> bool {
    message.package_name() == "google.protobuf"
}

/// The types that a field mentions: its own, or key and value of a map.
fn mentioned(field: &FieldDescriptor) -> Vec<Kind> {
    match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => {
            vec![entry.map_entry_value_field().kind()]
        }
        kind => vec![kind],
    }
}

fn write_message(text: &mut String, message: &MessageDescriptor) {
    let file = message.parent_file();
    text.push('\n');
    write_comment(text, "", &file, message.path());
    if message.fields().len() == 0 {
        let _ = writeln!(text, "message {} {{}}", message.name());
        return;
    }
    let _ = writeln!(text, "message {} {{", message.name());
    for (index, field) in message.fields().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        write_comment(text, "  ", &file, field.path());
        let alternative = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic());
        if let Some(oneof) = alternative {
            let _ = writeln!(text, "  // One of {}.", oneof.name());
        }
        let _ = writeln!(
            text,
            "  {} {} = {};",
            type_name(&field),
            field.name(),
            field.number()
        );
    }
    text.push_str("}\n");
}

fn type_name(field: &FieldDescriptor) -> String {
    if let Kind::Message(entry) = field.kind()
        && field.is_map()
    {
        let key = kind_name(&entry.map_entry_key_field().kind());
        let value = kind_name(&entry.map_entry_value_field().kind());
        return format!("map<{key}, {value}>");
    }
    let name = kind_name(&field.kind());
    match field.cardinality() {
        Cardinality::Repeated => format!("repeated {name}"),
        Cardinality::Required => format!("required {name}"),
        Cardinality::Optional => match field.containing_oneof() {
            Some(oneof) if oneof.is_synthetic() => format!("optional {name}"),
            _ => name,
        },
    }
}

fn kind_name(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) if is_well_known(message) => message.full_name().to_owned(),
        Kind::Message(message) => message.name().to_owned(),
        Kind::Enum(values) => values.name().to_owned(),
        scalar => format!("{scalar:?}"),
    }
}

fn write_enum(text: &mut String, values: &EnumDescriptor) {
    let file = values.parent_file();
    text.push('\n');
    write_comment(text, "", &file, values.path());
    let _ = writeln!(text, "enum {} {{", values.name());
    for (index, value) in values.values().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        write_comment(text, "  ", &file, value.path());
        let _ = writeln!(text, "  {} = {};", value.name(), value.number());
    }
    text.push_str("}\n");
}

fn write_comment(text: &mut String, indent: &str, file: &FileDescriptor, path: &[i32]) {
    for line in comment(file, path).lines() {
        let line = format!("{indent}// {line}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// The comment in front of a declaration. Empty if there is none, or if the
/// descriptors were compiled without source information.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let locations = &file.file_descriptor_proto().source_code_info;
    let comment = locations
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path)
        .and_then(|location| location.leading_comments.as_deref())
        .unwrap_or_default();
    let lines: Vec<_> = comment
        .trim_end()
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        // What a checker of protos is told is no news for callers.
        .filter(|line| !line.starts_with("buf:lint:"))
        .collect();
    lines.join("\n").trim_end().to_owned()
}

/// Words an error in the JSON of a message: where it is, what is wrong, and
/// what could stand there.
pub(super) fn json_error(
    message: &MessageDescriptor,
    path: &Path,
    error: &serde_json::Error,
) -> String {
    let mut text = match path.to_string().as_str() {
        "." => error.to_string(),
        path => format!("{path}: {error}"),
    };
    let names: Vec<_> = match kind_at(message, path) {
        Some(Kind::Enum(values)) => values.values().map(|v| v.name().to_owned()).collect(),
        Some(Kind::Message(message)) if error.to_string().contains("unrecognized field") => {
            message.fields().map(|f| f.json_name().to_owned()).collect()
        }
        _ => Vec::new(),
    };
    if !names.is_empty() {
        let _ = write!(text, "; expected one of {}", names.join(", "));
    }
    text
}

/// The type of the value at a path through the JSON of a message.
fn kind_at(message: &MessageDescriptor, path: &Path) -> Option<Kind> {
    let mut kind = Kind::Message(message.clone());
    for segment in path {
        kind = match (segment, &kind) {
            (Segment::Seq { .. }, _) => kind,
            (Segment::Map { key }, Kind::Message(message)) => message
                .get_field_by_json_name(key)
                .or_else(|| message.get_field_by_name(key))?
                .kind(),
            _ => return None,
        };
    }
    Some(kind)
}
