//! Valid values of a property other than the one that it has.

use serde_json::{Map, Value, json};

use super::schema;
use super::session::Session;

/// How many other values of an enumeration are set. The last ones are often such that
/// nothing can be done afterwards.
const MOST_OPTIONS: usize = 3;

/// Other valid values of a property. Those of an enumeration are all of them, and
/// the current one again in the end.
pub(crate) fn others(
    session: &Session<'_>,
    property: &Value,
    name: &str,
    current: &Value,
    run: &str,
) -> Vec<Value> {
    let options = schema::options(session.root(), property);
    if options.is_empty() {
        return another(session, property, name, current, run)
            .into_iter()
            .collect();
    }
    let others = options.iter().filter(|option| current != **option);
    let others = others.map(|option| Value::from(*option)).take(MOST_OPTIONS);
    let back = Some(current.clone()).filter(|current| !current.is_null());
    others.chain(back).collect()
}

/// Another valid value of a property; nothing where none is known.
pub(crate) fn another(
    session: &Session<'_>,
    property: &Value,
    name: &str,
    current: &Value,
    run: &str,
) -> Option<Value> {
    let root = session.root();
    let schema = schema::resolve(root, property);
    let is = |kind: &str| schema::has_type(root, schema, kind);
    if schema::is_marked(root, property, "writeOnly") || session.model.is_identifier(schema) {
        return None;
    }
    let options = schema::options(root, schema);
    if !options.is_empty() {
        let other = options.into_iter().find(|option| current != option)?;
        return Some(other.into());
    }
    let properties = schema::properties(root, schema);
    if !properties.is_empty() {
        let before = current.as_object()?;
        let mut members: Map<_, _> = before
            .iter()
            .filter(|(name, _)| {
                let property = properties.get(*name);
                property.is_some_and(|property| !schema::is_marked(root, property, "readOnly"))
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let found = members.iter().find_map(|(name, value)| {
            let property = properties
                .get(name)
                .filter(|_| !value.is_object() && !value.is_array())?;
            Some((name.clone(), another(session, property, name, value, run)?))
        });
        let (name, value) = found?;
        members.insert(name, value);
        return Some(members.into());
    }
    if is("boolean") {
        return Some((current != &Value::Bool(true)).into());
    }
    if is("integer") || is("number") {
        let number = current.as_i64().unwrap_or(0);
        let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
        let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
        let other = if number < most {
            number + 1
        } else {
            number - 1
        };
        return (other >= least).then(|| other.into());
    }
    if is("array") {
        let mut items = current.as_array()?.clone();
        let removed = items.pop()?;
        let least = schema["minItems"]
            .as_u64()
            .and_then(|least| usize::try_from(least).ok());
        if items.len() >= least.unwrap_or(0) {
            return Some(items.into());
        }
        // One that may not be missing may be another.
        let options = schema::options(root, &schema["items"]);
        let mut others = options.into_iter().map(Value::from);
        let other = others.find(|other| *other != removed && !items.contains(other))?;
        items.push(other);
        return Some(items.into());
    }
    if is("object") {
        return Some(json!({ "verified": run }));
    }
    if !is("string") {
        return None;
    }
    let looks_like_a_reference = name.ends_with("Id") || name.ends_with("_id");
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    let text = match schema["format"].as_str() {
        Some("email") => format!("changed-{run}-{}@example.com", session.requests),
        Some("uri" | "url") => format!("https://example.com/changed-{run}"),
        Some("date-time") => "2031-02-03T04:05:06Z".to_owned(),
        Some(_) => return None,
        None if schema.get("pattern").is_some() || looks_like_a_reference => return None,
        None => format!("changed {name} {run}"),
    };
    let fits = u64::try_from(text.chars().count()).is_ok_and(|length| length <= most);
    fits.then(|| text.into())
}
