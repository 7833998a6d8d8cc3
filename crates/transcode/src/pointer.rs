//! JSON pointers ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use serde_json::Value;

/// Where a value is within a JSON text: a pointer of RFC 6901, such as `/error/message`.
/// The empty one is the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

/// Why a text is no [`Pointer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPointer {
    /// It has a first character that is not `/`.
    #[error("a JSON pointer is empty or begins with a slash, as in /error/message")]
    NoSlash,
    /// A `~` has neither 0 nor 1 behind it.
    #[error("in a JSON pointer, ~ is written ~0, and / in a name ~1")]
    LoneTilde,
}

impl Pointer {
    /// The value that the pointer leads to, if it leads to one.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0)
    }
}

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(InvalidPointer::NoSlash);
        }
        let mut behind = text.split('~').skip(1);
        if !behind.all(|rest| rest.starts_with(['0', '1'])) {
            return Err(InvalidPointer::LoneTilde);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path of a field that a pointer leads to, which may be a fragment of a URI:
/// `#/pets/0/age` is `pets[0].age`.
pub(crate) fn field(pointer: &str) -> String {
    let pointer = pointer.trim_start_matches('#');
    let mut field = String::new();
    for token in pointer.split('/').skip(1) {
        step(&mut field, &token.replace("~1", "/").replace("~0", "~"));
    }
    field
}

/// Takes one more step on the path of a field.
pub(crate) fn step(field: &mut String, token: &str) {
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) {
        // Writing to a string cannot fail.
        let _ = write!(field, "[{token}]");
    } else {
        if !field.is_empty() {
            field.push('.');
        }
        field.push_str(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pointer_leads_to_a_value() {
        let body = json!({"error": [{"a/b": 1, "~": 2}]});
        for (pointer, expected) in [
            ("/error/0/a~1b", Some(json!(1))),
            ("/error/0/~0", Some(json!(2))),
            ("/error/1", None),
            ("/error/00", None),
            ("", Some(body.clone())),
        ] {
            let parsed: Pointer = pointer.parse().expect("a pointer");
            assert_eq!(parsed.find(&body), expected.as_ref(), "{pointer}");
            assert_eq!(parsed.to_string(), pointer);
        }
    }

    #[test]
    fn what_is_no_pointer_says_why() {
        let check = |text: &str, why| assert_eq!(text.parse::<Pointer>(), Err(why), "{text}");
        check("error", InvalidPointer::NoSlash);
        check("#/error", InvalidPointer::NoSlash);
        check("$.error", InvalidPointer::NoSlash);
        check("/a~", InvalidPointer::LoneTilde);
        check("/a~2", InvalidPointer::LoneTilde);
    }

    #[test]
    fn a_pointer_becomes_the_path_of_a_field() {
        assert_eq!(field("#/pets/0/age"), "pets[0].age");
        assert_eq!(field("/data/a~1b"), "data.a/b");
        assert_eq!(field(""), "");
    }
}
