//! Parts of objects, to be changed by themselves.

use serde_json::Value;

use super::schema;
use super::session::Session;
use super::values::another;

/// How many parts of an object are changed, one after the other. What the second leaves of
/// the first is seen even if nothing was there before.
const MOST: usize = 2;

/// What parts of a free-form object are called.
const FREE: [&str; MOST] = ["verifiedPart", "verifiedOtherPart"];

/// Returns the names of parts of an object that can be changed, the ones that it has first.
pub(super) fn of(
    session: &Session<'_>,
    property: &Value,
    current: &Value,
    run: &str,
) -> Vec<String> {
    let properties = schema::properties(session.root(), property);
    if properties.is_empty() {
        let is_free = schema::has_type(session.root(), property, "object");
        let names = FREE.iter().filter(|_| is_free);
        return names.map(|name| (*name).to_owned()).collect();
    }
    let can_be_set =
        |name: &&String| value(session, property, name, &current[*name], run).is_some();
    let is_there = |name: &&String| !current[*name].is_null();
    let there = properties.keys().filter(is_there);
    let others = properties.keys().filter(|name| !is_there(name));
    let able = there.chain(others).filter(can_be_set);
    able.take(MOST).cloned().collect()
}

/// Returns a value for a part of an object: another than it has, or else the same.
pub(super) fn value(
    session: &Session<'_>,
    property: &Value,
    part: &str,
    current: &Value,
    run: &str,
) -> Option<Value> {
    let root = session.root();
    let properties = schema::properties(root, property);
    if properties.is_empty() {
        return takes_text(root, property).then(|| run.into());
    }
    let property = properties.get(part)?;
    let is_plain = !current.is_object() && !current.is_array();
    let is_private = ["readOnly", "writeOnly"]
        .iter()
        .any(|mark| schema::is_marked(root, property, mark));
    let is_scalar = ["object", "array"]
        .iter()
        .all(|kind| !schema::has_type(root, property, kind));
    if !is_plain || !is_scalar || is_private {
        return None;
    }
    let same = Some(current.clone()).filter(|current| !current.is_null());
    another(session, property, part, current, run).or(same)
}

/// Returns whether a free-form object can have a text.
fn takes_text(root: &Value, property: &Value) -> bool {
    match &schema::resolve(root, property)["additionalProperties"] {
        Value::Bool(false) => false,
        Value::Object(stated) => {
            let stated = Value::Object(stated.clone());
            let kind = &schema::resolve(root, &stated)["type"];
            kind.is_null() || schema::has_type(root, &stated, "string")
        }
        _ => true,
    }
}
