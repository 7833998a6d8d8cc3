//! What of the API was seen at least once.

use std::collections::BTreeSet;

use contract::operation::ReplyBody;
use serde_json::Value;

use super::law::Law;
use super::model::Model;
use super::operation::Operation;
use super::options::Part;
use super::schema;
use crate::reference;
use crate::report;
use crate::verify::check::{Checker, Elements};
use crate::verify::schema as strict;

/// More schemas than this below one another are not walked.
const MAX_DEPTH: usize = 24;

/// What was seen. The names are those of the contract for its own API, and those of
/// the document for any other.
pub(crate) enum Coverage {
    Contract(Box<Checker>),
    Document(Elements),
}

impl Coverage {
    /// Of a document, before anything was seen.
    pub(crate) fn of_document() -> Self {
        Self::Document(Elements::default())
    }

    /// Notes a reply. `seen` is its JSON body with the schema.
    pub(crate) fn see(
        &mut self,
        model: &Model,
        operation: &Operation,
        status: u16,
        seen: Option<(&Value, &Value)>,
    ) {
        match self {
            Self::Contract(checker) => {
                if let Some(stated) = contract::find(&operation.id) {
                    checker.see(stated, status, seen.map(|(value, _)| value));
                }
            }
            Self::Document(elements) => {
                elements.operations.insert(operation.title());
                if operation.declares(status) {
                    elements
                        .statuses
                        .insert(format!("{} {status}", operation.title()));
                }
                if let Some((value, stated)) = seen
                    && status < 300
                {
                    walk(model.root(), stated, "", Some(value), 0, elements);
                }
            }
        }
    }

    /// Returns whether an operation was called.
    pub(crate) fn has_seen(&self, operation: &Operation) -> bool {
        match self {
            Self::Contract(checker) => checker.has_seen(&operation.title()),
            Self::Document(elements) => elements.operations.contains(&operation.title()),
        }
    }

    /// Returns whether a status of an operation was seen.
    pub(crate) fn has_status(&self, operation: &Operation, status: u16) -> bool {
        let name = format!("{} {status}", operation.title());
        match self {
            Self::Contract(checker) => checker.has_seen_status(&name),
            Self::Document(elements) => elements.statuses.contains(&name),
        }
    }

    /// What was seen and what was not.
    pub(crate) fn report(&self, model: &Model) -> report::Coverage {
        match self {
            Self::Contract(checker) => checker.coverage(),
            Self::Document(seen) => {
                let mut all = Elements::default();
                for operation in &model.operations {
                    all.operations.insert(operation.title());
                    let title = operation.title();
                    for (status, reply) in &operation.replies {
                        if status.parse::<u16>().is_ok() {
                            all.statuses.insert(format!("{title} {status}"));
                        }
                        if let Some(stated) =
                            reply.schema.as_ref().filter(|_| status.starts_with('2'))
                        {
                            walk(model.root(), stated, "", None, 0, &mut all);
                        }
                    }
                }
                all.compare(seen)
            }
        }
    }

    /// The properties that the examples of replies have.
    pub(crate) fn in_examples(&self, model: &Model) -> BTreeSet<String> {
        let mut found = Elements::default();
        for operation in &model.operations {
            let Some((_, reply)) = operation.success() else {
                continue;
            };
            let (Some(stated), Some(example)) = (&reply.schema, &reply.example) else {
                continue;
            };
            match self {
                Self::Contract(_) => {
                    let body = contract::find(&operation.id).map(|operation| operation.reply.body);
                    let Some((body, of)) = body.and_then(|body| Some((body, body.of()?))) else {
                        continue;
                    };
                    let document = &of.views().read;
                    let one = std::slice::from_ref(example);
                    let items = match body {
                        ReplyBody::List(_) => example.as_array().map_or(one, Vec::as_slice),
                        _ => one,
                    };
                    for item in items {
                        strict::walk(document, Some(item), &mut found);
                    }
                }
                Self::Document(_) => walk(model.root(), stated, "", Some(example), 0, &mut found),
            }
        }
        found.properties
    }
}

/// The laws that a coverage breaks if it has to be complete in some parts. Without
/// that they are told as well, as a note.
pub(crate) fn missing(
    model: &Model,
    coverage: &report::Coverage,
    in_examples: &BTreeSet<String>,
    required: &BTreeSet<Part>,
) -> Vec<(Law, bool, Vec<String>)> {
    let unseen = coverage.properties.unseen.iter();
    let properties = unseen.filter(|name| in_examples.contains(*name));
    let out_of_reach = out_of_reach(model);
    let statuses = coverage.statuses.unseen.iter();
    let statuses = statuses.filter(|name| !out_of_reach.contains(*name));
    let parts = [
        (
            Law::ExamplePropertiesAreSeen,
            Part::Properties,
            properties.cloned().collect(),
        ),
        (
            Law::OperationsAreSeen,
            Part::Operations,
            coverage.operations.unseen.clone(),
        ),
        (
            Law::StatusesAreSeen,
            Part::Statuses,
            statuses.cloned().collect(),
        ),
    ];
    let parts = parts
        .into_iter()
        .filter(|(_, _, unseen): &(_, _, Vec<String>)| !unseen.is_empty());
    parts
        .map(|(law, part, unseen)| (law, required.contains(&part), unseen))
        .collect()
}

/// The statuses that no client can provoke: failures of the server, and those of which
/// the document says so.
fn out_of_reach(model: &Model) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for operation in &model.operations {
        for (status, reply) in &operation.replies {
            if status.starts_with('5') || reply.unprovoked.is_some() {
                found.insert(format!("{} {status}", operation.title()));
            }
        }
    }
    found
}

/// Visits every property and enum value of a schema, or with a `value` those that
/// it shows.
fn walk(
    root: &Value,
    stated: &Value,
    name: &str,
    value: Option<&Value>,
    depth: usize,
    elements: &mut Elements,
) {
    // A type that contains itself ends there.
    if depth > MAX_DEPTH {
        return;
    }
    let named = stated["$ref"]
        .as_str()
        .and_then(|target| target.rsplit('/').next());
    let name = named.unwrap_or(name);
    let schema = reference::follow(root, stated);
    if value.is_none_or(|value| !value.is_null()) {
        for keyword in ["anyOf", "oneOf", "allOf"] {
            for part in schema[keyword].as_array().into_iter().flatten() {
                walk(root, part, name, value, depth + 1, elements);
            }
        }
    }
    for option in schema["enum"].as_array().into_iter().flatten() {
        if let Some(text) = option.as_str()
            && value.is_none_or(|value| value == option)
        {
            elements.enum_values.insert(format!("{name}={text}"));
        }
    }
    for (property, below) in schema["properties"].as_object().into_iter().flatten() {
        let shown = value.map(|value| value.get(property));
        if matches!(shown, Some(None)) || schema::is_marked(root, below, "writeOnly") {
            continue;
        }
        let name = format!("{name}.{property}");
        let is_new = elements.properties.insert(name.clone());
        if value.is_some() || is_new {
            walk(root, below, &name, shown.flatten(), depth + 1, elements);
        }
    }
    if let Some(items) = schema.get("items") {
        match value {
            None => walk(root, items, name, None, depth + 1, elements),
            Some(list) => {
                for item in list.as_array().into_iter().flatten() {
                    walk(root, items, name, Some(item), depth + 1, elements);
                }
            }
        }
    }
}
