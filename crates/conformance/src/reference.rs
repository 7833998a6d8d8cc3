//! JSON pointers (RFC 6901), and references within one document (`$ref` with a fragment).
//!
//! What leads to another document is not followed; nothing is read.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Chains of references are followed so far, and those in circles no further.
const MAX_REFERENCES: usize = 16;

/// Returns what a value refers to in the end: itself, where it holds no reference that
/// can be followed.
pub(crate) fn follow<'a>(root: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    for _ in 0..MAX_REFERENCES {
        match referred(value).and_then(|pointer| root.pointer(&pointer)) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

/// What a reference leads to in the end, with where that stands; nothing for what is no
/// reference that can be followed.
pub(crate) fn end<'a>(root: &'a Value, value: &Value) -> Option<(String, &'a Value)> {
    let first = value.get("$ref")?.as_str().and_then(target)?;
    root.pointer(&first)?;
    let pointer = place(root, first);
    let value = root.pointer(&pointer)?;
    Some((pointer, value))
}

/// The same as JSON pointers: where the value at a pointer stands in the end.
pub(crate) fn place(root: &Value, pointer: String) -> String {
    let mut pointer = pointer;
    for _ in 0..MAX_REFERENCES {
        let next = root.pointer(&pointer).and_then(referred);
        match next.filter(|next| root.pointer(next).is_some()) {
            Some(next) => pointer = next,
            None => break,
        }
    }
    pointer
}

/// The JSON pointer that a value refers to.
fn referred(value: &Value) -> Option<String> {
    target(value.get("$ref")?.as_str()?)
}

/// The JSON pointer in a reference within the document. In a URI it is percent-encoded
/// where it has to be (RFC 6901, section 6).
pub(crate) fn target(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let pointer = percent_decode_str(fragment).decode_utf8().ok()?;
    Some(pointer.into_owned())
}

/// A member's name as a part of a JSON pointer (RFC 6901).
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{follow, place};

    fn document() -> Value {
        json!({
            "paths": { "/shoes/{id}": { "get": "the operation" } },
            "a": { "$ref": "#/b" },
            "b": { "$ref": "#/paths/~1shoes~1%7Bid%7D/get" },
            "c": { "$ref": "#/c" },
            "d": { "$ref": "other.yaml#/a" },
        })
    }

    #[track_caller]
    fn check(pointer: &str, expected: &str) {
        let document = document();
        let value = document.pointer(pointer).expect("it is there");
        assert_eq!(place(&document, pointer.to_owned()), expected);
        let end = document.pointer(expected).expect("it is there");
        assert_eq!(follow(&document, value), end);
    }

    #[test]
    fn references_are_followed_to_their_end() {
        check("/a", "/paths/~1shoes~1{id}/get");
        check("/b", "/paths/~1shoes~1{id}/get");
    }

    #[test]
    fn circles_and_other_documents_are_left_as_they_are() {
        check("/c", "/c");
        check("/d", "/d");
    }
}
