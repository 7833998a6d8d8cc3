//! Reading JSON that nobody vouches for, and finding the lines of its places.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::bounds::{Budget, MAX_DEPTH};
use super::digits::{self, Digits};
use super::lines::{Lines, Wanted};
use super::places::escape;

/// Reads a text as one value, and finds the numbers in it that lose digits.
pub(super) fn read(text: &str, budget: &mut Budget) -> Result<(Value, Digits), serde_json::Error> {
    let mut cursor = Cursor {
        pointer: String::new(),
        depth: 0,
        large: Vec::new(),
        budget,
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Unique(&mut cursor).deserialize(&mut json)?;
    json.end()?;
    let mut digits = Digits::new();
    if !cursor.large.is_empty() {
        let wanted = Wanted::new(cursor.large.iter().map(String::as_str));
        walk(text, &wanted, |pointer, _, value| {
            if let Some(whole) = digits::whole(value) {
                digits.insert(pointer.to_owned(), whole);
            }
        });
    }
    Ok((value, digits))
}

/// Where the reader is.
struct Cursor<'b> {
    pointer: String,
    depth: usize,
    /// Where the numbers are that may have lost digits.
    large: Vec<String>,
    budget: &'b mut Budget,
}

impl Cursor<'_> {
    /// Goes to a member or an element. Returns the way back.
    fn enter<E: de::Error>(&mut self, token: &str) -> Result<usize, E> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escape(token));
        self.depth += 1;
        let counted = self.budget.values(1, self.pointer.len());
        counted.map_err(|problem| self.error(&problem))?;
        Ok(length)
    }

    fn leave(&mut self, length: usize) {
        self.pointer.truncate(length);
        self.depth -= 1;
    }

    fn error<E: de::Error>(&self, problem: &str) -> E {
        let pointer = match self.pointer.as_str() {
            "" => "the top",
            pointer => pointer,
        };
        E::custom(format!("{problem} at {pointer}"))
    }

    fn open<E: de::Error>(&self) -> Result<(), E> {
        if self.depth > MAX_DEPTH {
            return Err(self.error(&format!("more than {MAX_DEPTH} levels of nesting")));
        }
        Ok(())
    }
}

/// Reads a value in which every key of an object stands once.
struct Unique<'p, 'b>(&'p mut Cursor<'b>);

impl<'de> DeserializeSeed<'de> for Unique<'_, '_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        if digits::is_large(value) {
            self.0.large.push(self.0.pointer.clone());
        }
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| self.0.error(&format!("{value} is not a JSON number")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        self.0.open()?;
        let mut items = Vec::new();
        loop {
            let length = self.0.enter(&items.len().to_string())?;
            let item = seq.next_element_seed(Unique(self.0))?;
            self.0.leave(length);
            if let Some(item) = item {
                items.push(item);
            } else {
                items.shrink_to_fit();
                return Ok(Value::Array(items));
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.0.open()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(self.0.error(&format!("the key `{key}` stands twice")));
            }
            let length = self.0.enter(&key)?;
            let value = access.next_value_seed(Unique(self.0))?;
            self.0.leave(length);
            map.insert(key, value);
        }
        Ok(Value::Object(exactly(map)))
    }
}

/// The same map without room for more: documents have many small ones.
pub(super) fn exactly(map: Map<String, Value>) -> Map<String, Value> {
    let mut exact = Map::with_capacity(map.len());
    exact.extend(map);
    exact
}

/// Finds the lines of the keys and elements at some pointers. The text has been read
/// before, so what looks wrong here is skipped.
pub(super) fn find_lines(text: &str, wanted: &Wanted<'_>, lines: &mut Lines<'_, '_>) {
    let mut breaks: Vec<usize> = vec![];
    breaks.extend(text.match_indices('\n').map(|(at, _)| at));
    // `part` is a slice of `text`.
    let line = |part: &str| {
        let offset = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        1 + breaks.partition_point(|at| *at < offset)
    };
    walk(text, wanted, |pointer, at, _| {
        lines.found(pointer, line(at));
    });
}

/// Visits the places at some pointers and at what they stand in: the pointer, the text of
/// the key or else of the value, and that of the value.
fn walk<'t>(text: &'t str, wanted: &Wanted<'_>, mut visit: impl FnMut(&str, &'t str, &'t str)) {
    let mut todo = vec![(String::new(), text)];
    while let Some((pointer, part)) = todo.pop() {
        let Ok(Parts(parts)) = serde_json::Deserializer::from_str(part).deserialize_any(Within)
        else {
            continue;
        };
        for (index, (key, value)) in parts.into_iter().enumerate() {
            let (token, at) = match key {
                Some(key) => {
                    let Ok(name) = serde_json::from_str::<String>(key.get()) else {
                        continue;
                    };
                    (escape(&name), key.get())
                }
                None => (index.to_string(), value.get()),
            };
            let pointer = format!("{pointer}/{token}");
            if wanted.has_within(&pointer) {
                visit(&pointer, at, value.get());
                if value.get().starts_with(['{', '[']) {
                    todo.push((pointer, value.get()));
                }
            }
        }
    }
}

/// What stands right in an array or an object: the texts of keys and values.
struct Parts<'t>(Vec<(Option<&'t RawValue>, &'t RawValue)>);

struct Within;

impl<'de> Visitor<'de> for Within {
    type Value = Parts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Parts<'de>, A::Error> {
        let mut parts = Vec::new();
        while let Some(item) = seq.next_element()? {
            parts.push((None, item));
        }
        Ok(Parts(parts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts<'de>, A::Error> {
        let mut parts = Vec::new();
        while let Some((key, value)) = map.next_entry()? {
            parts.push((Some(key), value));
        }
        Ok(Parts(parts))
    }
}
