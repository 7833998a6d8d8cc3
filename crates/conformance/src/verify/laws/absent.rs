//! Filters that are asked for a value that no element has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::law::Law;
use super::lists::{List, Listed};
use super::operation::Parameter;
use super::session::Session;
use super::{compare, schema};

/// Verifies that a list that is asked for a value that no element has shows no element
/// without it. What it shows with that value was left out before. Returns whether that
/// could be tried.
pub(super) async fn verify<'m>(
    session: &mut Session<'m>,
    list: &List<'m>,
    (parameter, property): (&Parameter, &Value),
    whole: &Listed,
) -> bool {
    if whole.items.is_empty() {
        return false;
    }
    let law = Law::FilterSelects;
    let name = &parameter.name;
    let there: Vec<_> = whole.items.iter().map(|item| &item[name]).collect();
    let Some(value) = value(session, parameter, property, &there) else {
        return false;
    };
    let text = match &value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let lower = text.to_lowercase();
    let query = [(name.clone(), text)];
    let Some(found) = list.whole(session, &query).await else {
        return false;
    };
    session.held(law, list.operation);
    let is_it = |item: &&Value| match &item[name] {
        Value::String(text) => text.to_lowercase().contains(&lower),
        other => compare::same(other, &value),
    };
    let others = found.items.iter().filter(|item| !is_it(item)).count();
    if others > 0 {
        let message = format!("`{name}` asks for a value that {others} elements do not have");
        session.breach(law, list.operation, &[&whole.shown, &found.shown], &message);
    }
    true
}

/// Returns a value that a property can have, and has in no element; nothing where none is
/// known.
pub(super) fn value(
    session: &Session<'_>,
    parameter: &Parameter,
    property: &Value,
    there: &[&Value],
) -> Option<Value> {
    let root = session.root();
    let schemas = [&parameter.schema, property].map(|of| schema::resolve(root, of));
    let is = |kind: &str| schema::has_type(root, property, kind);
    let is_absent = |value: &Value| there.iter().all(|other| !compare::same(other, value));
    let mut options = schemas
        .iter()
        .map(|of| schema::options(root, of))
        .filter(|options| !options.is_empty());
    if let Some(options) = options.next() {
        let mut absent = options.into_iter();
        let found = absent.find(|option| is_absent(&Value::from(*option)));
        return found.map(Value::from);
    }
    if is("boolean") {
        return [false, true].map(Value::from).into_iter().find(is_absent);
    }
    let schema = schema::resolve(root, property);
    if session.model.is_identifier(schema) {
        return identifier(session, &parameter.name, there).map(Value::from);
    }
    let is_plain = schemas
        .iter()
        .all(|of| of.get("pattern").is_none() && of.get("format").is_none());
    let text = Value::from(format!("none-{}", session.run));
    (is("string") && is_plain && is_absent(&text)).then_some(text)
}

/// Returns the identifier of something that no element refers to.
fn identifier(session: &Session<'_>, name: &str, there: &[&Value]) -> Option<String> {
    let hints: BTreeMap<_, _> = session.hints.references.iter().copied().collect();
    let referred = hints.get(name).copied().unwrap_or(name);
    let resource = session.model.referred(referred)?;
    let mut known = session.known.get(&resource.item)?.iter();
    let found = known.find(|id| there.iter().all(|other| *other != id.as_str()));
    found.cloned()
}
