//! Members that stand twice in one object, of which a reader takes one.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::reference::escape;

/// Returns the pointer of the first member that stands in its object twice. JSON that
/// cannot be read has none.
pub(super) fn member_twice(json: &[u8]) -> Option<String> {
    let mut found = None;
    let walk = Walk {
        pointer: String::new(),
        found: &mut found,
    };
    let mut reader = serde_json::Deserializer::from_slice(json);
    // What is no JSON is told elsewhere.
    walk.deserialize(&mut reader).ok();
    found
}

/// Goes through a value.
struct Walk<'f> {
    pointer: String,
    found: &'f mut Option<String>,
}

impl Walk<'_> {
    fn inner(&mut self, step: &str) -> Walk<'_> {
        Walk {
            pointer: format!("{}/{step}", self.pointer),
            found: self.found,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let step = escape(&name);
            if !names.insert(name) {
                let pointer = format!("{}/{step}", self.pointer);
                self.found.get_or_insert(pointer);
            }
            members.next_value_seed(self.inner(&step))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        while items
            .next_element_seed(self.inner(&index.to_string()))?
            .is_some()
        {
            index += 1;
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::member_twice;

    #[test]
    fn the_first_member_that_is_there_twice_is_named() {
        let check = |json: &str, expected: Option<&str>| {
            assert_eq!(member_twice(json.as_bytes()).as_deref(), expected, "{json}");
        };
        check(r#"{"a": 1, "b": {"a": [1.5, null, -1, true, "x"]}}"#, None);
        check(
            r#"{"a": [{"b/c": 1, "b/c": 2}], "a": 1}"#,
            Some("/a/0/b~1c"),
        );
        check(r#"{"a": 1, "a"#, None);
        check("no JSON", None);
    }
}
