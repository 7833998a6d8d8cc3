//! Reading an OpenAPI document that nobody vouches for.
//!
//! Whatever is wrong is an error that names the place: a duplicate key, a
//! reference that leads nowhere or round in a circle, nesting or aliases
//! without end. What is read is a plain JSON value; nothing is fetched.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::places::{Kind, escape, within};

/// Nested deeper than this, a document is an attack or a mistake.
const MAX_DEPTH: usize = 100;

/// More values than this (about 100 MB of text) cannot be judged in seconds.
const MAX_VALUES: usize = 4_000_000;

/// An OpenAPI 3.0 or 3.1 document whose references all resolve.
#[derive(Debug)]
pub struct Document {
    pub(super) source: String,
    pub(super) text: String,
    pub(super) root: Value,
    pub(super) dialect: Dialect,
    /// The pointers of all schemas, those that are reached by references included.
    pub(super) schemas: Vec<String>,
    anchors: HashMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// OpenAPI 3.0: its own variant of JSON Schema.
    V30,
    /// OpenAPI 3.1 and later: JSON Schema 2020-12.
    V31,
}

/// Why a document cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or a value is nested too deeply, or a key stands twice.
    #[error("{source_name} is not a JSON document that can be used")]
    Json {
        /// The document.
        source_name: String,
        /// What the parser says, with line and column.
        source: serde_json::Error,
    },
    /// As for JSON.
    #[error("{source_name} is not a YAML document that can be used")]
    Yaml {
        /// The document.
        source_name: String,
        /// What the parser says, with line and column.
        source: yaml_serde::Error,
    },
    /// It does not call itself OpenAPI 3.0, 3.1 or 3.2.
    #[error("{source_name}: `openapi` is {found}; OpenAPI 3.0 and 3.1 are understood")]
    Version {
        /// The document.
        source_name: String,
        /// What stands there.
        found: String,
    },
    /// It is something else.
    #[error("{source_name} {problem}")]
    NotOpenApi {
        /// The document.
        source_name: String,
        /// What it is, and what to do.
        problem: String,
    },
    /// Something in it is wrong.
    #[error("{source_name}#{pointer}: {problem}")]
    Located {
        /// The document.
        source_name: String,
        /// Where, as a JSON pointer.
        pointer: String,
        /// What is wrong, and what to do.
        problem: String,
    },
}

impl Document {
    /// Reads a document; `source` is what messages call it. A text that starts
    /// with `{` is read as JSON, any other as YAML.
    ///
    /// # Errors
    ///
    /// If it is not an OpenAPI document of a known version, or cannot be
    /// judged as it stands.
    pub fn parse(source: &str, text: &str) -> Result<Self, DocumentError> {
        let text = text.trim_start_matches('\u{feff}');
        let not_open_api = |problem: &str| DocumentError::NotOpenApi {
            source_name: source.to_owned(),
            problem: problem.to_owned(),
        };
        let start = text.trim_start();
        if start.is_empty() {
            return Err(not_open_api("is empty; is it the right file?"));
        }
        if start.starts_with('<') {
            return Err(not_open_api(
                "is a page of HTML or XML; name the JSON or YAML document itself",
            ));
        }
        if !start.starts_with('{') && is_hopeless(text) {
            return Err(not_open_api(&format!(
                "has more than {MAX_DEPTH} levels of nesting"
            )));
        }
        let mut left = MAX_VALUES;
        let seed = Unique {
            path: String::new(),
            depth: 0,
            left: &mut left,
        };
        let root = if text.trim_start().starts_with('{') {
            let mut json = serde_json::Deserializer::from_str(text);
            seed.deserialize(&mut json)
                .and_then(|root| json.end().map(|()| root))
                .map_err(|error| DocumentError::Json {
                    source_name: source.to_owned(),
                    source: error,
                })?
        } else {
            seed.deserialize(yaml_serde::Deserializer::from_str(text))
                .map_err(|error| DocumentError::Yaml {
                    source_name: source.to_owned(),
                    source: error,
                })?
        };
        let dialect = match root.get("openapi") {
            Some(Value::String(version)) if version.starts_with("3.0") => Dialect::V30,
            Some(Value::String(version))
                if version.starts_with("3.1") || version.starts_with("3.2") =>
            {
                Dialect::V31
            }
            _ if root.get("swagger").is_some() => {
                return Err(not_open_api(
                    "is a Swagger 2.0 document; convert it to OpenAPI 3 first",
                ));
            }
            _ if !root.is_object() => {
                return Err(not_open_api("is not an object, as OpenAPI documents are"));
            }
            Some(Value::Number(version)) => {
                return Err(not_open_api(&format!(
                    "says that `openapi` is the number {version}; write a text, \
                     such as \"3.1.0\""
                )));
            }
            other => {
                return Err(DocumentError::Version {
                    source_name: source.to_owned(),
                    found: other.map_or("missing".to_owned(), Value::to_string),
                });
            }
        };
        let mut document = Document {
            source: source.to_owned(),
            text: text.to_owned(),
            root,
            dialect,
            schemas: Vec::new(),
            anchors: HashMap::new(),
        };
        document.check()?;
        Ok(document)
    }

    fn error(&self, pointer: &str, problem: String) -> DocumentError {
        DocumentError::Located {
            source_name: self.source.clone(),
            pointer: pointer.to_owned(),
            problem,
        }
    }

    /// Finds the anchors, and follows every reference once.
    fn check(&mut self) -> Result<(), DocumentError> {
        let mut anchors = HashMap::new();
        let mut references = Vec::new();
        let mut todo = vec![(String::new(), Kind::Document, &self.root)];
        let mut seen: HashSet<(String, Kind)> = HashSet::new();
        while let Some((pointer, kind, value)) = todo.pop() {
            if !seen.insert((pointer.clone(), kind)) {
                continue;
            }
            if kind == Kind::Schema {
                if let Some(anchor) = value.get("$anchor").and_then(Value::as_str) {
                    anchors.insert(anchor.to_owned(), pointer.clone());
                }
                if value
                    .get("properties")
                    .is_some_and(|properties| !properties.is_object())
                {
                    let problem = "`properties` must be an object".to_owned();
                    return Err(self.error(&pointer, problem));
                }
            }
            todo.extend(within(kind, &pointer, value));
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                // What it leads to can stand where nothing else would look, such as
                // under an extension.
                let target = self.target(reference);
                let target = target.and_then(|at| Some((at.clone(), self.root.pointer(&at)?)));
                todo.extend(target.map(|(at, value)| (at, kind, value)));
                references.push(pointer);
            }
        }
        references.sort();
        let schemas = seen.into_iter();
        let schemas = schemas.filter(|(_, kind)| *kind == Kind::Schema);
        let mut schemas: Vec<String> = schemas.map(|(pointer, _)| pointer).collect();
        schemas.sort_unstable();
        self.schemas = schemas;
        self.anchors = anchors;
        for section in ["paths", "components", "webhooks"] {
            if self
                .root
                .get(section)
                .is_some_and(|members| !members.is_object())
            {
                return Err(self.error(&format!("/{section}"), "must be an object".to_owned()));
            }
        }
        for pointer in references {
            let mut seen = HashSet::from([pointer.clone()]);
            let mut at = pointer.clone();
            while let Some(reference) = self
                .root
                .pointer(&at)
                .and_then(|value| value.get("$ref"))
                .and_then(Value::as_str)
            {
                let Some(target) = self.target(reference) else {
                    let problem = if reference.starts_with('#') {
                        format!("the reference `{reference}` leads nowhere; add what it names")
                    } else {
                        format!(
                            "the reference `{reference}` leaves the document; bundle the document first"
                        )
                    };
                    return Err(self.error(&pointer, problem));
                };
                if !seen.insert(target.clone()) {
                    return Err(self.error(
                        &pointer,
                        format!("the reference `{reference}` only ever leads to itself"),
                    ));
                }
                at = target;
            }
        }
        Ok(())
    }

    /// The pointer that a local reference names, if there is something.
    pub(super) fn target(&self, reference: &str) -> Option<String> {
        let fragment = reference.strip_prefix('#')?;
        let fragment = percent_decode(fragment)?;
        if fragment.is_empty() || fragment.starts_with('/') {
            self.root.pointer(&fragment)?;
            Some(fragment)
        } else {
            self.anchors.get(&fragment).cloned()
        }
    }

    /// Follows a Reference Object to what it stands for.
    pub(super) fn resolve<'a>(&'a self, at: Located<'a>) -> Located<'a> {
        let mut at = at;
        // `check` has shown that no chain is circular.
        while let Some(target) = at
            .value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.target(reference))
        {
            match self.root.pointer(&target) {
                Some(value) => {
                    at = Located {
                        pointer: target,
                        value,
                    }
                }
                None => break,
            }
        }
        at
    }

    pub(super) fn place(&self, pointer: &str) -> Option<Located<'_>> {
        let value = self.root.pointer(pointer)?;
        Some(self.resolve(Located {
            pointer: pointer.to_owned(),
            value,
        }))
    }

    /// A member of an object, references followed.
    pub(super) fn member<'a>(&'a self, of: &Located<'a>, name: &str) -> Option<Located<'a>> {
        of.raw_member(name).map(|member| self.resolve(member))
    }

    /// All members of the object that is a member, references followed.
    pub(super) fn members<'a>(
        &'a self,
        of: &Located<'a>,
        name: &str,
    ) -> Vec<(String, Located<'a>)> {
        let Some(inner) = self.member(of, name) else {
            return Vec::new();
        };
        let Value::Object(map) = inner.value else {
            return Vec::new();
        };
        map.keys()
            .filter_map(|key| Some((key.clone(), self.member(&inner, key)?)))
            .collect()
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Located<'a> {
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl<'a> Located<'a> {
    pub(super) fn raw_member(&self, name: &str) -> Option<Located<'a>> {
        let value = self.value.get(name)?;
        Some(Located {
            pointer: format!("{}/{}", self.pointer, escape(name)),
            value,
        })
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value.get(name).and_then(Value::as_bool) == Some(true)
    }
}

/// Returns whether brackets are left open, or lists opened within one line, ten times
/// as often as a document may be deep. A parser of YAML takes the square of their number
/// to find that out; no prose does this.
fn is_hopeless(text: &str) -> bool {
    let limit = 10 * MAX_DEPTH;
    let mut open = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > limit {
            return true;
        }
    }
    let nested = |line: &str| {
        line.split(' ')
            .take_while(|word| matches!(*word, "" | "-" | "?"))
            .filter(|word| !word.is_empty())
            .count()
    };
    text.lines().any(|line| nested(line) > limit)
}

fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Reads a value in which every key of an object stands once.
struct Unique<'c> {
    path: String,
    depth: usize,
    left: &'c mut usize,
}

impl Unique<'_> {
    fn inner(&mut self, token: &str) -> Unique<'_> {
        Unique {
            path: format!("{}/{}", self.path, escape(token)),
            depth: self.depth + 1,
            left: self.left,
        }
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        if self.depth > MAX_DEPTH {
            return Err(E::custom(format!(
                "more than {MAX_DEPTH} levels of nesting at {}",
                self.path
            )));
        }
        *self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| E::custom(format!("more than {MAX_VALUES} values at {}", self.path)))?;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
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

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 64 bits JSON numbers are doubles"
        )]
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "beyond 64 bits JSON numbers are doubles"
        )]
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom(format!("{value} is not a JSON number, at {}", self.path)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            let token = items.len().to_string();
            match seq.next_element_seed(self.inner(&token))? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut map = Map::new();
        let mut merged = None;
        while let Some(key) = access.next_key_seed(Key { path: &self.path })? {
            let value = access.next_value_seed(self.inner(&key))?;
            if key == "<<" && value.is_object() {
                merged = Some(value);
            } else if map.contains_key(&key) {
                return Err(de::Error::custom(format!(
                    "the key `{key}` stands twice at {}",
                    if self.path.is_empty() {
                        "the top"
                    } else {
                        &self.path
                    }
                )));
            } else {
                map.insert(key, value);
            }
        }
        // A YAML merge key: what it brings in yields to what stands there.
        if let Some(Value::Object(merged)) = merged {
            for (key, value) in merged {
                map.entry(key).or_insert(value);
            }
        }
        Ok(Value::Object(map))
    }
}

/// A key of an object. YAML reads `200:` as a number, which is a status here.
struct Key<'p> {
    path: &'p str,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text as key at {}", self.path)
    }

    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }
}
