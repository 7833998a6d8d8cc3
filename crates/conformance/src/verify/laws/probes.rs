//! Bodies that a server must refuse: a valid one with one thing wrong.

use serde_json::{Value, json};

use super::law::Law;
use super::schema;
use crate::reference::escape;

/// More objects than this below one another are not looked into.
const MAX_DEPTH: usize = 6;

/// The longest text that is sent to be too long.
const LONGEST: usize = 20_000;

/// The most elements that are sent to be too many.
const MOST: usize = 2000;

/// The name of a property or a parameter that nobody declares.
pub(crate) const UNDECLARED: &str = "undeclaredByTheContract";

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    /// The law that says that it must be refused.
    pub(crate) law: Law,
    /// Where in the body, as a JSON pointer.
    pub(crate) place: String,
    /// What stands there instead; nothing where it is missing.
    pub(crate) value: Option<Value>,
    /// What is wrong, as the end of "a body with".
    pub(crate) what: String,
}

impl Probe {
    /// A body with the wrong thing in it; nothing where there is no such place.
    pub(crate) fn spoil(&self, body: &Value) -> Option<Value> {
        let mut body = body.clone();
        let (parent, name) = self.place.rsplit_once('/')?;
        let name = name.replace("~1", "/").replace("~0", "~");
        match (body.pointer_mut(parent)?, self.value.clone()) {
            (Value::Object(members), Some(value)) => drop(members.insert(name, value)),
            (Value::Object(members), None) => drop(members.remove(&name)?),
            (Value::Array(items), Some(value)) => {
                *items.get_mut(name.parse::<usize>().ok()?)? = value;
            }
            _ => return None,
        }
        Some(body)
    }
}

/// Everything that can be wrong with a body, what is nearest to its root first.
/// `body` is a valid one.
pub(crate) fn all(root: &Value, stated: &Value, body: &Value) -> Vec<Probe> {
    let mut probes = Vec::new();
    visit(root, stated, body, "", 0, &mut probes);
    probes.sort_by_key(|probe| probe.place.matches('/').count());
    probes
}

fn visit(
    root: &Value,
    stated: &Value,
    body: &Value,
    place: &str,
    depth: usize,
    probes: &mut Vec<Probe>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    let schema = schema::resolve(root, stated);
    if let Value::Array(items) = body
        && let (Some(item), Some(stated)) = (items.first(), schema.get("items"))
    {
        let place = format!("{place}/0");
        wrong(root, stated, Some(item), &place, probes);
        visit(root, stated, item, &place, depth + 1, probes);
    }
    let properties = schema::properties(root, schema);
    if !body.is_object() || properties.is_empty() {
        return;
    }
    if schema::is_closed(root, schema) {
        probes.push(Probe {
            law: Law::UndeclaredPropertyRefused,
            place: format!("{place}/{UNDECLARED}"),
            value: Some(Value::Bool(true)),
            what: "an undeclared property".to_owned(),
        });
    }
    let required = schema::required(root, schema);
    for (name, property) in properties {
        if schema::is_marked(root, property, "readOnly") {
            continue;
        }
        if required.contains(name.as_str()) {
            probes.push(Probe {
                law: Law::MissingPropertyRefused,
                place: format!("{place}/{}", escape(&name)),
                value: None,
                what: "nothing, where a value is required,".to_owned(),
            });
        }
        let place = format!("{place}/{}", escape(&name));
        let value = body.get(&name);
        wrong(root, property, value, &place, probes);
        if let Some(value) = value {
            visit(root, property, value, &place, depth + 1, probes);
        }
    }
}

/// Everything that can be wrong with one value.
fn wrong(
    root: &Value,
    stated: &Value,
    valid: Option<&Value>,
    place: &str,
    probes: &mut Vec<Probe>,
) {
    let schema = schema::resolve(root, stated);
    let is = |name: &str| schema::has_type(root, schema, name);
    let mut push = |law, value: Value, what: String| {
        probes.push(Probe {
            law,
            place: place.to_owned(),
            value: Some(value),
            what,
        });
    };
    let other = if is("string") {
        Some((json!(7), "a number instead of a text"))
    } else if is("integer") || is("number") {
        Some((json!("seven"), "a text instead of a number"))
    } else if is("boolean") {
        Some((json!("perhaps"), "a text instead of a boolean"))
    } else if is("array") {
        Some((json!({}), "an object instead of a list"))
    } else if is("object") {
        Some((json!("nothing"), "a text instead of an object"))
    } else {
        None
    };
    if let Some((value, what)) = other {
        push(Law::WrongTypeRefused, value, what.to_owned());
    }
    if !schema::is_nullable(root, stated) {
        let what = "null, which is not allowed,".to_owned();
        push(Law::NullRefused, Value::Null, what);
    }
    let law = Law::BeyondLimitRefused;
    let size = |keyword: &str| {
        schema[keyword]
            .as_u64()
            .and_then(|size| usize::try_from(size).ok())
    };
    if is("string") {
        if let Some(most) = size("maxLength").filter(|most| *most < LONGEST) {
            push(
                law,
                "x".repeat(most + 1).into(),
                format!("a text of {} letters, where {most} are allowed", most + 1),
            );
        }
        if let Some(least) = size("minLength").filter(|least| *least > 0) {
            push(
                law,
                "x".repeat(least - 1).into(),
                format!("a text of {} letters, where {least} are needed", least - 1),
            );
        }
        if !schema::options(root, schema).is_empty() {
            push(
                law,
                "no-such-value".into(),
                "a value that is not in the enumeration".to_owned(),
            );
        }
        if schema.get("pattern").is_some() {
            push(
                law,
                "!! ".into(),
                "a text that does not match the pattern".to_owned(),
            );
        }
        let format = match schema["format"].as_str() {
            Some("date-time") => Some("yesterday"),
            Some("email") => Some("nobody"),
            _ => None,
        };
        if let Some(text) = format {
            push(law, text.into(), "a text of another format".to_owned());
        }
    }
    if is("integer") || is("number") {
        for (value, what) in beyond(schema) {
            push(law, value, what);
        }
    }
    if is("array") {
        if let Some(most) = size("maxItems").filter(|most| *most < MOST)
            && let Some(item) = valid.and_then(|valid| valid.get(0))
        {
            push(
                law,
                vec![item.clone(); most + 1].into(),
                format!("{} elements, where {most} are allowed", most + 1),
            );
        }
        if let Some(least) = size("minItems").filter(|least| *least == 1) {
            push(
                law,
                json!([]),
                format!("no elements, where {least} is needed"),
            );
        }
    }
}

/// The numbers just beyond the limits of a schema.
pub(crate) fn beyond(schema: &Value) -> Vec<(Value, String)> {
    let mut found = Vec::new();
    for (keyword, step) in [
        ("maximum", 1),
        ("minimum", -1),
        ("exclusiveMaximum", 0),
        ("exclusiveMinimum", 0),
    ] {
        if let Some(limit) = schema[keyword].as_i64()
            && let Some(beyond) = limit.checked_add(step)
        {
            found.push((
                beyond.into(),
                format!("{beyond}, where the `{keyword}` is {limit}"),
            ));
        }
    }
    if schema["multipleOf"] == 1 {
        found.push((
            json!(1.5),
            "1.5, where only whole numbers are allowed".to_owned(),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks what is wrong with a body, a line for each probe.
    #[track_caller]
    fn check(schema: &Value, body: &Value, expected: &[&str]) {
        let probes = all(&Value::Null, schema, body);
        let lines: Vec<_> = probes
            .iter()
            .map(|probe| {
                let value = probe.value.as_ref();
                let value = value.map_or_else(|| "missing".to_owned(), Value::to_string);
                format!("{} {} {value}", probe.law.id(), probe.place)
            })
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn each_limit_is_tried_just_beyond() {
        check(
            &json!({ "properties": {
                "a": { "type": "string", "maxLength": 2, "minLength": 1 },
                "b": { "type": ["integer", "null"], "maximum": 9 }
            } }),
            &json!({}),
            &[
                "wrong-type-refused /a 7",
                "null-refused /a null",
                "beyond-limit-refused /a \"xxx\"",
                "beyond-limit-refused /a \"\"",
                "wrong-type-refused /b \"seven\"",
                "beyond-limit-refused /b 10",
            ],
        );
    }

    #[test]
    fn a_closed_object_is_tried_at_every_depth() {
        let inner =
            json!({ "type": "object", "properties": { "b": {} }, "additionalProperties": false });
        check(
            &json!({ "properties": { "a": { "type": "array", "items": inner } }, "additionalProperties": false }),
            &json!({ "a": [{ "b": 1 }] }),
            &[
                "undeclared-property-refused /undeclaredByTheContract true",
                "wrong-type-refused /a {}",
                "null-refused /a null",
                "wrong-type-refused /a/0 \"nothing\"",
                "null-refused /a/0 null",
                "undeclared-property-refused /a/0/undeclaredByTheContract true",
                "null-refused /a/0/b null",
            ],
        );
    }

    #[test]
    fn what_is_required_is_left_out_at_every_depth() {
        let inner = json!({ "required": ["b"], "properties": { "b": {}, "c": {} } });
        check(
            &json!({ "required": ["a", "id"], "properties": {
                "a": inner,
                "id": { "readOnly": true }
            } }),
            &json!({ "a": { "b": 1 } }),
            &[
                "missing-property-refused /a missing",
                "null-refused /a null",
                "missing-property-refused /a/b missing",
                "null-refused /a/b null",
                "null-refused /a/c null",
            ],
        );
    }
}
