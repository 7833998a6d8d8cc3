//! Shows methods and types: what they are for, what they are made of in JSON, and what
//! they are in REST.
//!
//! A method is shown in a screenful: one line for each field, and nothing twice. A type
//! has all that is said of it.

use std::fmt::Write as _;

use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, MessageDescriptor, MethodDescriptor,
    ServiceDescriptor,
};

use super::find::{self, Named, short_name};
use super::{facts, text};

/// How many names of an enum are shown beside a field.
const FEW: usize = 8;

/// How wide the names of an enum are beside a field.
const NAMES: usize = 50;

/// The most fields of a message that is there for what is in it. The messages in such a
/// one are shown with their fields, and those in others by name.
const WRAPPER: usize = 4;

/// Shows what a name stands for: a method, a service or a type.
///
/// # Errors
///
/// There is nothing of that name.
pub(super) fn anything(pool: &DescriptorPool, name: &str, width: usize) -> anyhow::Result<String> {
    Ok(match find::anything(pool, name)? {
        Named::Method(found) => method(&found, width),
        Named::Service(found) => service(&found, width),
        Named::Message(found) => message(&found, width),
        Named::Enum(found) => values(&found, width),
    })
}

/// Lists the methods of one service or of all, each with the first sentence of
/// its documentation.
///
/// # Errors
///
/// There is no service of that name.
pub(super) fn list(
    pool: &DescriptorPool,
    service: Option<&str>,
    width: usize,
) -> anyhow::Result<String> {
    Ok(listed(&find::services(pool, service)?, width))
}

fn listed(services: &[ServiceDescriptor], width: usize) -> String {
    let methods: Vec<_> = services
        .iter()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| {
            let summary = facts::first_sentence(&facts::of_method(&method));
            vec![short_name(&method), summary]
        })
        .collect();
    text::columns(&methods, width)
}

fn service(service: &ServiceDescriptor, width: usize) -> String {
    let mut shown = format!("{}\n\n", service.full_name());
    let comment = text::wrapped(&facts::of_service(service), "", width);
    if !comment.is_empty() {
        shown.push_str(&comment);
        shown.push('\n');
    }
    shown + &listed(std::slice::from_ref(service), width)
}

fn method(method: &MethodDescriptor, width: usize) -> String {
    let mut shown = short_name(method);
    if let Some(route) = facts::Route::of(method) {
        let _ = write!(shown, "   {route}");
    }
    shown.push_str("\n\n");
    let comment = text::wrapped(&facts::of_method(method), "", width);
    if !comment.is_empty() {
        shown.push_str(&comment);
        shown.push('\n');
    }
    let mut rows = Rows::default();
    let (taken, returned) = (method.input(), method.output());
    rows.heading("takes", method.is_client_streaming(), &taken);
    rows.fields(&taken, 0, true);
    rows.heading("returns", method.is_server_streaming(), &returned);
    rows.fields(&returned, 0, false);
    shown.push_str(&text::columns(&rows.rows, width));
    let named = rows.shown.iter().find(|message| **message != taken);
    let named = named.map_or_else(|| taken.name().to_owned(), |named| named.name().to_owned());
    let _ = writeln!(
        shown,
        "\nAll of a type:         web1on1 call {named} --describe\n\
         A request to fill in:  web1on1 call {} --template",
        short_name(method)
    );
    shown
}

/// Lines on fields, and the messages that have been shown.
#[derive(Default)]
struct Rows {
    rows: Vec<Vec<String>>,
    shown: Vec<MessageDescriptor>,
}

impl Rows {
    fn heading(&mut self, verb: &str, is_stream: bool, message: &MessageDescriptor) {
        let stream = if is_stream { "a stream of " } else { "" };
        let nothing = if message.fields().len() == 0 {
            ", which is empty"
        } else {
            ""
        };
        let heading = format!("{verb} {stream}{}{nothing}", message.name());
        self.rows.push(vec![heading]);
    }

    /// Shows the fields of a message. Of a request, those that only the server sets are
    /// named and no more.
    fn fields(&mut self, message: &MessageDescriptor, depth: usize, is_request: bool) {
        let indent = "  ".repeat(depth + 1);
        self.shown.push(message.clone());
        let mut set_by_server = Vec::new();
        for field in message.fields() {
            if is_request && facts::is_output_only(&field) {
                set_by_server.push(field.json_name().to_owned());
                continue;
            }
            let flags = facts::behaviors(&field).join(" ");
            self.rows.push(vec![
                format!("{indent}{}", field.json_name()),
                facts::type_name(&field),
                flags,
                sentence(&field),
            ]);
            if let Some(values) = facts::enum_of(&field) {
                let names = text::wrapped(&one_of(&values), "", NAMES);
                for line in names.lines() {
                    let mut row = vec![String::new(); 3];
                    row.push(line.to_owned());
                    self.rows.push(row);
                }
            }
            let is_wrapper = depth == 0 && message.fields().len() <= WRAPPER;
            if let Some(below) = facts::message_of(&field).filter(|_| is_wrapper) {
                if self.shown.contains(&below) {
                    self.rows.push(vec![format!("{indent}  as above")]);
                } else {
                    self.fields(&below, depth + 1, is_request);
                }
            }
        }
        if !set_by_server.is_empty() {
            self.rows.push(vec![format!(
                "{indent}OUTPUT_ONLY, and ignored here: {}",
                set_by_server.join(", ")
            )]);
        }
    }
}

/// The first sentence on a field, after what it excludes.
fn sentence(field: &FieldDescriptor) -> String {
    let others = facts::alternatives(field);
    let sentence = facts::first_sentence(&facts::of_field(field));
    if others.is_empty() {
        return sentence;
    }
    let others: Vec<_> = others.iter().map(FieldDescriptor::json_name).collect();
    let either = format!("Either this or {}.", others.join(" or "));
    format!("{either} {sentence}").trim_end().to_owned()
}

/// The names that a field can have, or where they are shown.
fn one_of(values: &EnumDescriptor) -> String {
    let names = facts::names(values);
    if names.len() <= FEW {
        return names.join(" | ");
    }
    let first = names.first().cloned().unwrap_or_default();
    format!(
        "{first} or one of {} others: --describe {}",
        names.len() - 1,
        values.name()
    )
}

fn message(message: &MessageDescriptor, width: usize) -> String {
    let mut shown = format!("{}\n\n", message.full_name());
    let comment = text::wrapped(&facts::of_message(message), "", width);
    shown.push_str(&comment);
    for field in message.fields() {
        let name = if field.json_name() == field.name() {
            field.name().to_owned()
        } else {
            // The masks of updates are written in these names.
            format!("{} ({})", field.json_name(), field.name())
        };
        let line = format!(
            "\n  {name}   {}   {}",
            facts::type_name(&field),
            facts::behaviors(&field).join(" ")
        );
        let _ = writeln!(shown, "{}", line.trim_end());
        let others = facts::alternatives(&field);
        if !others.is_empty() {
            let others: Vec<_> = others.iter().map(FieldDescriptor::json_name).collect();
            let either = format!("Either this or {}.", others.join(" or "));
            shown.push_str(&text::wrapped(&either, "      ", width));
        }
        shown.push_str(&text::wrapped(&facts::of_field(&field), "      ", width));
        if let Some(values) = facts::enum_of(&field) {
            shown.push_str(&text::wrapped(&one_of(&values), "      ", width));
        }
    }
    shown
}

fn values(values: &EnumDescriptor, width: usize) -> String {
    let mut shown = format!("{}\n\n", values.full_name());
    let comment = text::wrapped(&facts::of_enum(values), "", width);
    shown.push_str(&comment);
    for value in values.values() {
        let _ = writeln!(shown, "\n  {}", value.name());
        shown.push_str(&text::wrapped(&facts::of_value(&value), "      ", width));
    }
    shown
}
