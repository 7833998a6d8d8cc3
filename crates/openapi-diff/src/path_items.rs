//! Path items that refer to another and say more themselves.
//!
//! What stands beside the reference holds together with what it leads to (OpenAPI 3.1,
//! section 4.8.9). Members that both have are undefined there; here the own one wins.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::bounds::MAX_CHAIN;
use super::places::{Kind, escape, target, within};

/// The members of a path item that are no operation of a method of its own.
const LISTS: [&str; 2] = ["parameters", "servers"];

/// Puts references to the members of the other in the place of the reference to the other.
pub(super) fn spread(root: &mut Value) {
    let mut left = both(root);
    // One may refer to another of its kind, which has to be spread first.
    for _ in 0..MAX_CHAIN {
        let before = left.len();
        let waiting: HashSet<String> = left.iter().cloned().collect();
        left.retain(|pointer| !spread_one(root, pointer, &waiting));
        if left.is_empty() || left.len() == before {
            break;
        }
    }
}

/// The pointers of the path items that have a reference and something else.
fn both(root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![(String::new(), Kind::Document, root)];
    let mut seen: HashSet<(String, Kind)> = HashSet::new();
    while let Some((pointer, kind, value)) = todo.pop() {
        // No path item stands in a schema.
        if kind == Kind::Schema || !seen.insert((pointer.clone(), kind)) {
            continue;
        }
        todo.extend(within(kind, &pointer, value));
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else {
            continue;
        };
        let at = target(root, reference);
        let at = at.and_then(|at| Some((at.clone(), kind, root.pointer(&at)?)));
        todo.extend(at);
        let members = value.as_object().into_iter().flatten();
        let mut own = members.filter(|(key, value)| {
            LISTS.contains(&key.as_str()) || value.is_object() && !key.starts_with("x-")
        });
        if kind == Kind::PathItem && own.next().is_some() {
            found.push(pointer);
        }
    }
    found
}

/// Returns whether that was possible.
fn spread_one(root: &mut Value, pointer: &str, waiting: &HashSet<String>) -> bool {
    let follow = |at: &str| {
        let reference = root.pointer(at)?.get("$ref")?.as_str()?;
        target(root, reference)
    };
    let mut end = pointer.to_owned();
    for _ in 0..MAX_CHAIN {
        match follow(&end) {
            Some(next) if waiting.contains(&next) => return false,
            Some(next) => end = next,
            None => break,
        }
    }
    let Some(Value::Object(other)) = root.pointer(&end) else {
        return false;
    };
    let refer = |at: &str| {
        let text = Value::String(format!("#{}", at.replace('%', "%25")));
        Value::Object(Map::from_iter([("$ref".to_owned(), text)]))
    };
    let mut members = Map::new();
    for (key, value) in other {
        let at = format!("{end}/{}", escape(key));
        let member = match (key.as_str(), value) {
            ("parameters", Value::Array(all)) => {
                let all = (0..all.len()).map(|index| refer(&format!("{at}/{index}")));
                all.collect()
            }
            ("additionalOperations", Value::Object(all)) => {
                let all = all.keys();
                let all = all.map(|name| (name.clone(), refer(&format!("{at}/{}", escape(name)))));
                Value::Object(all.collect())
            }
            (_, Value::Object(_)) if !key.starts_with("x-") => refer(&at),
            _ => value.clone(),
        };
        members.insert(key.clone(), member);
    }
    let Some(Value::Object(own)) = root.pointer_mut(pointer) else {
        return false;
    };
    own.shift_remove("$ref");
    for (key, value) in std::mem::take(own) {
        if let Some(value) = added(members.get_mut(&key), &key, value) {
            members.insert(key, value);
        }
    }
    *own = members;
    true
}

/// Adds a member of a path item to the other's. Returns it where it takes the other's place.
fn added(other: Option<&mut Value>, key: &str, own: Value) -> Option<Value> {
    match (key, other, own) {
        // Of two parameters of one name the later wins.
        ("parameters", Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
        ("additionalOperations", Some(Value::Object(all)), Value::Object(more)) => {
            all.extend(more);
        }
        (_, _, own) => return Some(own),
    }
    None
}
