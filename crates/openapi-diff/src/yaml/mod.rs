//! Reading YAML that nobody vouches for, from the events of a parser.
//!
//! What is read is what JSON can hold: keys are texts, tags are those of the core
//! schema, and an alias is what it stands for.

mod lines;
mod scalar;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::bounds::{Budget, MAX_DEPTH, weight};
use super::digits::{self, Digits};
use super::json::exactly;
use super::places::escape;

pub(super) use lines::find_lines;

/// Why a text is no YAML document that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{problem} at {}, line {line}", if .pointer.is_empty() { "the top" } else { .pointer })]
pub struct YamlError {
    /// What is wrong.
    problem: String,
    /// Where, as a JSON pointer.
    pointer: String,
    /// The line, counted from 1.
    line: usize,
}

/// The places that are written elsewhere, by an alias or a merge key, each with the place
/// where. Many aliases share one.
pub(super) type Elsewhere = HashMap<Box<str>, Arc<str>>;

/// A text of YAML as a value.
#[derive(Debug)]
pub(super) struct Yaml {
    pub(super) value: Value,
    pub(super) elsewhere: Elsewhere,
    /// The numbers that lose digits.
    pub(super) digits: Digits,
}

/// Reads a text as one document.
pub(super) fn read(text: &str, budget: &mut Budget) -> Result<Yaml, YamlError> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        path: Vec::new(),
        length: 0,
        line: 1,
        budget,
        anchors: HashMap::new(),
        elsewhere: Elsewhere::new(),
        digits: Digits::new(),
    };
    let mut value = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => break,
            Event::DocumentStart(_) if value.is_some() => {
                return Err(reader.error("a second document begins; leave one"));
            }
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event => value = Some(reader.node(event)?.value),
        }
    }
    Ok(Yaml {
        value: value.unwrap_or_default(),
        elsewhere: reader.elsewhere,
        digits: reader.digits,
    })
}

struct Reader<'t, 'b> {
    events: Parser<'t, StrInput<'t>>,
    /// The tokens of the pointer to where the reader is.
    path: Vec<String>,
    /// How many bytes that has, escapes aside.
    length: usize,
    line: usize,
    budget: &'b mut Budget,
    anchors: HashMap<usize, Anchored>,
    elsewhere: Elsewhere,
    digits: Digits,
}

/// What an anchor names.
struct Anchored {
    node: Built,
    pointer: Arc<str>,
}

#[derive(Clone)]
struct Built {
    value: Value,
    /// How many values it counts as.
    weight: usize,
    /// How many levels it has.
    height: usize,
}

impl<'t> Reader<'t, '_> {
    fn pointer(&self) -> String {
        let mut pointer = String::with_capacity(self.length);
        for token in &self.path {
            pointer.push('/');
            pointer.push_str(&escape(token));
        }
        pointer
    }

    fn go_down(&mut self, token: String) {
        self.length += 1 + token.len();
        self.path.push(token);
    }

    fn go_up(&mut self) -> String {
        let token = self.path.pop().unwrap_or_default();
        self.length -= 1 + token.len();
        token
    }

    fn error(&self, problem: impl Into<String>) -> YamlError {
        YamlError {
            problem: problem.into(),
            pointer: self.pointer(),
            line: self.line,
        }
    }

    fn spend(&mut self, values: usize) -> Result<(), YamlError> {
        let spent = self.budget.values(values, self.length);
        spent.map_err(|problem| self.error(problem))
    }

    fn next(&mut self) -> Result<Event<'t>, YamlError> {
        match self.events.next_event() {
            Some(Ok((event, Span { start, .. }))) => {
                self.line = start.line();
                Ok(event)
            }
            Some(Err(error)) => {
                self.line = error.marker().line();
                // The parser counts open brackets in a byte.
                if error.info() == "recursion limit exceeded" {
                    return Err(self.error(too_deep()));
                }
                Err(self.error(error.info()))
            }
            None => Ok(Event::StreamEnd),
        }
    }

    /// The node that begins with an event.
    fn node(&mut self, event: Event<'t>) -> Result<Built, YamlError> {
        let (anchor, node) = match event {
            Event::Alias(anchor) => return self.alias(anchor),
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(1)?;
                let weight = weight(&text);
                let value = self.scalar(text, style, tag.as_deref())?;
                let height = 0;
                (
                    anchor,
                    Built {
                        value,
                        weight,
                        height,
                    },
                )
            }
            Event::SequenceStart(anchor, tag) => {
                self.enter(tag.as_deref(), &["seq", "omap", "pairs"])?;
                (anchor, self.sequence()?)
            }
            Event::MappingStart(anchor, tag) => {
                self.enter(tag.as_deref(), &["map", "set"])?;
                (anchor, self.mapping()?)
            }
            _ => return Err(self.error("there is no value")),
        };
        if anchor > 0 {
            // It is held once more.
            self.spend(node.weight)?;
            let node = node.clone();
            let pointer = self.pointer().into();
            self.anchors.insert(anchor, Anchored { node, pointer });
        }
        Ok(node)
    }

    fn enter(&mut self, tag: Option<&Tag>, known: &[&str]) -> Result<(), YamlError> {
        self.spend(1)?;
        if self.path.len() > MAX_DEPTH {
            return Err(self.error(too_deep()));
        }
        match tag {
            Some(tag) if !is_unspecific(tag) && !is_core(tag, known) => {
                Err(self.error(unknown(tag)))
            }
            _ => Ok(()),
        }
    }

    fn alias(&mut self, anchor: usize) -> Result<Built, YamlError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(self.error("an alias stands within what it names"));
        };
        let (weight, height) = (anchored.node.weight, anchored.node.height);
        let written = anchored.pointer.clone();
        self.spend(weight)?;
        // The innermost level is that of what stands in it.
        if self.path.len() + height > MAX_DEPTH + 1 {
            return Err(self.error(too_deep()));
        }
        let pointer = self.pointer();
        self.elsewhere.insert(pointer.into(), written);
        // It has just been there.
        let node = self
            .anchors
            .get(&anchor)
            .map(|anchored| anchored.node.clone());
        node.ok_or_else(|| self.error("an alias names nothing"))
    }

    fn sequence(&mut self) -> Result<Built, YamlError> {
        let mut items = Vec::new();
        let (mut weight, mut height) = (1, 0);
        loop {
            let event = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            self.go_down(items.len().to_string());
            let item = self.node(event)?;
            self.go_up();
            weight += item.weight;
            height = height.max(item.height + 1);
            items.push(item.value);
        }
        items.shrink_to_fit();
        Ok(Built {
            value: Value::Array(items),
            weight,
            height,
        })
    }

    fn mapping(&mut self) -> Result<Built, YamlError> {
        let mut map = Map::new();
        let mut merged = Vec::new();
        let (mut weight, mut height) = (1, 0);
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.key(event)?;
            let line = self.line;
            let event = self.next()?;
            self.go_down(key);
            let node = self.node(event)?;
            let key = self.go_up();
            weight += node.weight + key.len() / 32;
            height = height.max(node.height + 1);
            match node.value {
                Value::Object(one) if is_merge => merged.push((format!("/{key}"), one)),
                Value::Array(all) if is_merge && all.iter().all(Value::is_object) => {
                    for (index, one) in all.into_iter().enumerate() {
                        if let Value::Object(one) = one {
                            merged.push((format!("/{key}/{index}"), one));
                        }
                    }
                }
                value => {
                    if map.contains_key(&key) {
                        self.line = line;
                        return Err(self.error(format!("the key `{key}` stands twice")));
                    }
                    map.insert(key, value);
                }
            }
        }
        // What a merge key brings in yields to what stands there, and to what came first.
        for (written, one) in merged {
            for (key, value) in one {
                if map.contains_key(&key) {
                    continue;
                }
                let pointer = self.pointer();
                self.spend(1)?;
                let token = escape(&key);
                self.elsewhere.insert(
                    format!("{pointer}/{token}").into(),
                    format!("{pointer}{written}/{token}").into(),
                );
                map.insert(key, value);
            }
        }
        Ok(Built {
            value: Value::Object(exactly(map)),
            weight,
            height,
        })
    }

    /// A key is the text that stands there: `200` is no number.
    fn key(&mut self, event: Event<'t>) -> Result<String, YamlError> {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                if anchor > 0 {
                    let node = Built {
                        value: Value::String(text.clone().into_owned()),
                        weight: weight(&text),
                        height: 0,
                    };
                    self.spend(node.weight)?;
                    let pointer = self.pointer().into();
                    self.anchors.insert(anchor, Anchored { node, pointer });
                }
                Ok(exact(text))
            }
            Event::Alias(anchor) => {
                match self.anchors.get(&anchor).map(|named| &named.node.value) {
                    Some(Value::String(text)) => {
                        let text = text.clone();
                        self.spend(weight(&text))?;
                        Ok(text)
                    }
                    Some(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
                        Ok(value.to_string())
                    }
                    _ => Err(self.error("a key is no text")),
                }
            }
            _ => Err(self.error("a key is no text")),
        }
    }

    /// Reads a scalar, and notes its digits where the value keeps less of them.
    fn scalar(
        &mut self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Value, YamlError> {
        let whole = digits::whole(&text);
        let value = self.value(text, style, tag)?;
        if let (Some(whole), Some(number)) = (whole, value.as_f64())
            && value.is_f64()
            && digits::is_large(number)
        {
            self.digits.insert(self.pointer(), whole);
        }
        Ok(value)
    }

    fn value(
        &self,
        text: Cow<'t, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
    ) -> Result<Value, YamlError> {
        let read = |text: &str| scalar::plain(text).map_err(|problem| self.error(problem));
        let Some(tag) = tag else {
            return match style {
                ScalarStyle::Plain => read(&text),
                _ => Ok(Value::String(exact(text))),
            };
        };
        if is_unspecific(tag) || is_core(tag, &["str", "binary", "timestamp"]) {
            return Ok(Value::String(exact(text)));
        }
        if !is_core(tag, &["null", "bool", "int", "float"]) {
            return Err(self.error(unknown(tag)));
        }
        let value = read(&text)?;
        let fits = match tag.suffix.as_str() {
            "null" => value.is_null(),
            "bool" => value.is_boolean(),
            "int" => value.is_i64() || value.is_u64(),
            _ => value.is_number(),
        };
        if !fits {
            return Err(self.error(format!("`{text}` is not of the type `!!{}`", tag.suffix)));
        }
        Ok(value)
    }
}

/// A text without room for more: the parser leaves a lot.
fn exact(text: Cow<'_, str>) -> String {
    let mut text = text.into_owned();
    text.shrink_to_fit();
    text
}

fn too_deep() -> String {
    format!("more than {MAX_DEPTH} levels of nesting")
}

/// `!`, which says that a scalar is a text.
fn is_unspecific(tag: &Tag) -> bool {
    (tag.handle.is_empty() && tag.suffix == "!") || (tag.handle == "!" && tag.suffix.is_empty())
}

fn is_core(tag: &Tag, names: &[&str]) -> bool {
    tag.is_yaml_core_schema() && names.contains(&tag.suffix.as_str())
}

fn unknown(tag: &Tag) -> String {
    format!("the tag `{tag}` is not understood; write what it stands for")
}
