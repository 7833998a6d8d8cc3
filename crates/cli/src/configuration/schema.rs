//! The JSON Schema of the configuration file, for editors.
//!
//! It is derived from the Rust types that the arguments are parsed to, and from what clap
//! says of each.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Command;
use gateway::admission::IdentityPattern;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, Uri};
use ipnet::IpNet;
use rustls::pki_types::ServerName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use transcode::Pointer;

use super::argument::{Argument, SERVERS, of_command, of_servers};
use super::kind::Kind;

/// What derives the schema of a type.
type Derive = fn(&mut SchemaGenerator) -> Schema;

/// A duration such as `30s`, in place of the type without a schema of its own that it has
/// in Rust.
struct Span;

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 2,
            "examples": ["500ms", "30s", "1h 30m"],
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// The types that arguments are parsed to, and the types that have the schemas of their
/// values in a file.
fn types() -> Vec<(TypeId, Derive)> {
    fn same<T: JsonSchema + 'static>() -> (TypeId, Derive) {
        (TypeId::of::<T>(), |schemas| schemas.subschema_for::<T>())
    }
    fn as_if<T: 'static, S: JsonSchema>() -> (TypeId, Derive) {
        (TypeId::of::<T>(), |schemas| schemas.subschema_for::<S>())
    }
    vec![
        same::<bool>(),
        same::<u8>(),
        same::<u16>(),
        same::<u32>(),
        same::<u64>(),
        same::<usize>(),
        same::<NonZeroUsize>(),
        same::<f32>(),
        same::<f64>(),
        same::<String>(),
        as_if::<OsString, String>(),
        as_if::<PathBuf, String>(),
        as_if::<SocketAddr, String>(),
        as_if::<IpNet, String>(),
        as_if::<Authority, String>(),
        as_if::<HeaderName, String>(),
        as_if::<HeaderValue, String>(),
        as_if::<ServerName<'static>, String>(),
        as_if::<Uri, String>(),
        as_if::<IdentityPattern, String>(),
        as_if::<Pointer, String>(),
        as_if::<Duration, Span>(),
    ]
}

/// Returns the schema of one value of an argument.
fn of_value(argument: &Argument, schemas: &mut SchemaGenerator) -> Result<Schema, String> {
    let possible = argument.possible_values();
    if !possible.is_empty() {
        return Ok(json_schema!({"type": "string", "enum": possible}));
    }
    let parsed = argument.definition().get_value_parser().type_id();
    let known = types().into_iter().find(|(known, _)| parsed == *known);
    let Some((_, derive)) = known else {
        return Err(format!(
            "{} is parsed to a type that has no schema yet; add a line for it to `types` in \
             crates/cli/src/configuration/schema.rs, and if it is a number also to `Kind::of` in \
             kind.rs",
            argument.flag()
        ));
    };
    let mut schema = derive(schemas);
    let kind = match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => Kind::Boolean,
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        _ => Kind::Text,
    };
    if kind != argument.kind {
        return Err(format!(
            "{} is {} in its schema but {} in a file; add its type to `Kind::of` in \
             crates/cli/src/configuration/kind.rs",
            argument.flag(),
            kind.name(),
            argument.kind.name()
        ));
    }
    if kind == Kind::Integer {
        // What the parser refuses is not known otherwise.
        let lowest = [0, 1].into_iter().find(|number| {
            let text = OsString::from(number.to_string());
            argument.check(&text).is_ok()
        });
        schema.insert("minimum".to_owned(), json!(lowest));
    }
    Ok(schema)
}

/// Returns the schema of an argument.
fn of_argument(
    root: &Command,
    argument: &Argument,
    schemas: &mut SchemaGenerator,
) -> Result<Value, String> {
    let value = of_value(argument, schemas)?.to_value();
    let mut schema = Map::new();
    let (description, default) = (description(root, argument), default(root, argument));
    schema.insert("description".to_owned(), description.into());
    if argument.is_list {
        schema.insert("type".to_owned(), json!("array"));
        schema.insert("items".to_owned(), value);
    } else if let Value::Object(value) = value {
        schema.extend(value);
    }
    if let Some(default) = default {
        schema.insert("default".to_owned(), default);
    }
    Ok(Value::Object(schema))
}

/// The default of an argument as it stands in a file, if it is the same for every server.
pub(super) fn default(root: &Command, argument: &Argument) -> Option<Value> {
    if defaults(root, argument).len() > 1 {
        return None;
    }
    let text = argument.default.first()?.to_str()?;
    let value = argument.kind.to_toml(text)?;
    serde_json::to_value(value).ok()
}

/// What an argument is for, and its defaults where they differ.
pub(super) fn description(root: &Command, argument: &Argument) -> String {
    let text = argument.description();
    // A summary has no period; what follows it are sentences.
    let text = text.split("\n\n").collect::<Vec<_>>().join(". ");
    let defaults = defaults(root, argument);
    if defaults.len() < 2 {
        return text;
    }
    let defaults = defaults.into_iter();
    let defaults = defaults.map(|(default, servers)| format!("{default} ({})", servers.join(", ")));
    let defaults: Vec<_> = defaults.collect();
    format!("{text}. Defaults to {}", defaults.join(" or "))
}

/// The defaults of an argument, and the servers that have each.
fn defaults(root: &Command, argument: &Argument) -> BTreeMap<String, Vec<&'static str>> {
    let mut defaults: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for server in SERVERS {
        let own = root.find_subcommand(server).map(of_command);
        let own = own.into_iter().flatten();
        for own in own.filter(|own| own.name == argument.name) {
            let default = own.default.first();
            let text = default.map(|value| value.to_string_lossy().into_owned());
            defaults
                .entry(text.unwrap_or_default())
                .or_default()
                .push(server);
        }
    }
    defaults
}

/// Returns the schema of a configuration file.
///
/// # Errors
///
/// The arguments that have no schema, with what to do.
pub(super) fn schema(root: &Command) -> Result<Value, Vec<String>> {
    let arguments = of_servers(root, &[]);
    let mut schemas = SchemaGenerator::default();
    let mut properties = Map::new();
    let mut missing = Vec::new();
    for argument in &arguments {
        match of_argument(root, argument, &mut schemas) {
            Ok(schema) => {
                properties.insert(argument.name.clone(), schema);
            }
            Err(why) => missing.push(why),
        }
    }
    if !missing.is_empty() {
        return Err(missing);
    }
    for (table, keys) in tables(&arguments) {
        let keys = keys.into_iter().map(|key| {
            let target = json!({"$ref": format!("#/properties/{table}-{key}")});
            (key.to_owned(), target)
        });
        let schema = json!({
            "description": format!("What begins with `{table}-`"),
            "type": "object",
            "properties": keys.collect::<Map<_, _>>(),
            "additionalProperties": false,
        });
        match properties.get_mut(table) {
            Some(own) => *own = json!({"anyOf": [own.take(), schema]}),
            None => {
                properties.insert(table.to_owned(), schema);
            }
        }
    }
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of web1on1 serve, gateway and backend",
        "description":
            "Keys are the long names of arguments. A table is a prefix: `ca` in `[upstream]` is \
             `upstream-ca`.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    }))
}

/// The prefixes that at least two arguments share, with the rest of their names.
fn tables(arguments: &[Argument]) -> BTreeMap<&str, Vec<&str>> {
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for argument in arguments {
        for (end, _) in argument.name.match_indices('-') {
            let (table, key) = (&argument.name[..end], &argument.name[end + 1..]);
            tables.entry(table).or_default().push(key);
        }
    }
    tables.retain(|_, keys| keys.len() > 1);
    tables
}
