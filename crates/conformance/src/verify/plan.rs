//! How a real request to each operation is made.
//!
//! The contract tells most of it: what creates, reads, changes and deletes, and
//! which variables a path has. A body is the recorded one with references to
//! what this run has created in the place of recorded ones. The tables below
//! state the rest, a line where an operation needs it.

use std::collections::BTreeMap;

use contract::operation::{BodyInfo, OperationInfo};
use contract::recorded::recorded;
use contract::schema::Definitions;
use http::Method;
use serde_json::{Map, Value};

/// What a run knows by name: the values of path variables, such as `user_id`,
/// and of properties that later requests need, such as `refreshToken`.
pub(crate) type Known = BTreeMap<String, String>;

/// The operation that makes the scratch organization.
pub(crate) const SCRATCH: &str = "createOrganization";

/// The path variable that stands for the scratch organization.
pub(crate) const SCRATCH_ID: &str = "organization_id";

/// A second scratch organization, for users to move to.
pub(crate) const OTHER_ID: &str = "other_organization_id";

/// Properties whose name does not tell what they refer to. An operation can
/// have its own.
pub(crate) const REFERENCES: &[(&str, &str, &str)] = &[
    ("", "members", SCRATCH_ID),
    // A user stays a member of the organization that it leaves, which
    // `removeUserOrganization` then ends.
    ("updateUser", "organization", OTHER_ID),
];

/// Properties that are left out of a body.
const LEFT_OUT: &[(&str, &str)] = &[
    // The list would replace the category that other operations are about.
    ("updateOrganization", "categories"),
];

/// Properties that have to be unique, and what stands for the run in them.
pub(crate) const UNIQUE: &[(&str, &str)] = &[
    ("email", "verify-{run}@example.com"),
    ("password", "verify-{run}-Password"),
    ("domain", "verify-{run}.example.com"),
    ("domainPrefix", "verify-{run}"),
];

/// Operations whose body consists of what the run knows already, since a
/// recorded one is of no use.
const FROM_KNOWN: &[(&str, &[&str])] = &[("createToken", &["email", "password"])];

/// When an operation is tried. What is created comes first and is read,
/// changed and deleted afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Create,
    Add,
    Read,
    Change,
    Delete,
}

pub(crate) fn phase(operation: &OperationInfo) -> Phase {
    match (&operation.method, operation.body) {
        (&Method::GET, _) => Phase::Read,
        (&Method::DELETE, _) => Phase::Delete,
        (_, BodyInfo::Create(_)) => Phase::Create,
        (_, BodyInfo::Update(_)) => Phase::Change,
        _ => Phase::Add,
    }
}

/// The operations of a phase, in an order in which they can succeed.
pub(crate) fn operations(phase: Phase) -> Vec<&'static OperationInfo> {
    let catalogue = contract::catalogue().iter();
    let mut found: Vec<_> = catalogue
        .filter(|operation| self::phase(operation) == phase)
        .collect();
    match phase {
        Phase::Create => found.sort_by_key(|operation| operation.id != SCRATCH),
        Phase::Delete => {
            let scratch = contract::find(SCRATCH).map(|scratch| format!("{}/", scratch.path));
            let is_scratch = |operation: &OperationInfo| {
                let below = scratch
                    .as_deref()
                    .and_then(|scratch| operation.path.strip_prefix(scratch));
                below.is_some_and(|rest| !rest.contains('/'))
            };
            // Parts go before the whole, and what holds everything goes last.
            found.reverse();
            found.sort_by_key(|operation| {
                let depth = operation.path.split('/').count();
                (is_scratch(operation), std::cmp::Reverse(depth))
            });
        }
        _ => {}
    }
    found
}

/// The names of the variables in a path.
pub(crate) fn variables(operation: &OperationInfo) -> impl Iterator<Item = &'static str> {
    let segments = operation.path.split('/');
    segments.filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// The path variable that stands for an element of the collection at `path`.
pub(crate) fn element(path: &str) -> Option<&'static str> {
    contract::catalogue().iter().find_map(|operation| {
        let rest = operation.path.strip_prefix(path)?.strip_prefix("/{")?;
        rest.strip_suffix('}')
    })
}

/// The parameters that a query has to have.
pub(crate) fn required_query(operation: &OperationInfo) -> impl Iterator<Item = &'static str> {
    let root = operation.query_parameters.views().create.root();
    let required = root["required"].as_array().into_iter().flatten();
    required.filter_map(Value::as_str)
}

/// Returns whether the query takes a parameter.
pub(crate) fn takes(operation: &OperationInfo, parameter: &str) -> bool {
    let root = operation.query_parameters.views().create.root();
    root["properties"].get(parameter).is_some()
}

/// The JSON body of a request, or the name of what is missing to make it.
pub(crate) fn body(operation: &OperationInfo, known: &Known, run: &str) -> Result<Value, String> {
    if let Some((_, names)) = FROM_KNOWN.iter().find(|(id, _)| *id == operation.id) {
        let mut body = Map::new();
        for name in *names {
            let value = known.get(*name).ok_or_else(|| (*name).to_owned())?;
            body.insert((*name).to_owned(), value.as_str().into());
        }
        return Ok(body.into());
    }
    let request =
        recorded(operation.id).and_then(|exchange| exchange.request.as_ref()?.body.as_ref());
    let (Some(document), Some(recorded)) = (operation.body.document(), request) else {
        return Err("a recorded request".to_owned());
    };
    let adapt = Adapt {
        operation: operation.id,
        definitions: &document.definitions,
        known,
        run,
    };
    let name = if recorded.is_array() {
        operation.path.rsplit('/').next().unwrap_or_default()
    } else {
        ""
    };
    adapt
        .value(document.root(), name, recorded)
        .ok_or_else(|| "a recorded request".to_owned())
}

struct Adapt<'a> {
    operation: &'a str,
    definitions: &'a Definitions,
    known: &'a Known,
    run: &'a str,
}

impl Adapt<'_> {
    /// A recorded value as this run would send it; nothing where it is not to
    /// be sent.
    fn value(&self, schema: &Value, name: &str, recorded: &Value) -> Option<Value> {
        let schema = resolve(self.definitions, schema);
        if schema["readOnly"] == true || LEFT_OUT.contains(&(self.operation, name)) {
            return None;
        }
        match recorded {
            Value::Object(members) => {
                let adapted = members.iter().filter_map(|(name, value)| {
                    let Some(property) = schema["properties"].get(name) else {
                        // Free-form data goes as it is.
                        return Some((name.clone(), value.clone()));
                    };
                    if property["readOnly"] == true {
                        return None;
                    }
                    Some((name.clone(), self.value(property, name, value)?))
                });
                Some(Value::Object(adapted.collect()))
            }
            Value::Array(items) => {
                let adapted = items
                    .iter()
                    .filter_map(|item| self.value(&schema["items"], name, item));
                let mut adapted: Vec<_> = adapted.collect();
                // Several recorded references can have become the same one.
                adapted.dedup();
                Some(adapted.into())
            }
            Value::String(_) if is_id(schema) => {
                let own = |of| {
                    REFERENCES
                        .iter()
                        .find(|reference| reference.0 == of && reference.1 == name)
                };
                let stem = name.strip_suffix('s').unwrap_or(name);
                let derived = format!("{stem}_id");
                let key = own(self.operation)
                    .or_else(|| own(""))
                    .map_or(derived.as_str(), |reference| reference.2);
                self.known.get(key).map(|id| id.as_str().into())
            }
            Value::String(_) => {
                let unique = UNIQUE.iter().find(|(property, _)| *property == name);
                Some(unique.map_or_else(
                    || recorded.clone(),
                    |(_, text)| text.replace("{run}", self.run).into(),
                ))
            }
            _ => Some(recorded.clone()),
        }
    }
}

pub(crate) fn resolve<'a>(definitions: &'a Definitions, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
        .and_then(|name| definitions.get(name))
    {
        return resolve(definitions, target);
    }
    let alternatives = schema["anyOf"].as_array().into_iter().flatten();
    let mut others = alternatives.filter(|alternative| alternative["type"] != "null");
    match (others.next(), others.next()) {
        (Some(only), None) => resolve(definitions, only),
        _ => schema,
    }
}

fn is_id(schema: &Value) -> bool {
    schema["pattern"] == contract::id::ObjectId::PATTERN
}
