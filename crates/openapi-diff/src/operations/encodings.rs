//! How the parts of forms and of multipart bodies are written (Encoding Object).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::judge::{Described, Judge, Scope};
use super::responses::{by_lower_case, header_schema};
use crate::alternatives::{ARRAY, Carrier, Expand, Node, OBJECT, STRING};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::media::{covers, media};
use crate::rules::{OperationRule, Part};

/// Two media types of a body, and the schemas of the bodies.
pub(super) struct Bodies<'b, 'a> {
    pub(super) direction: Direction,
    /// What messages call the body.
    pub(super) subject: &'b str,
    pub(super) media: [&'b Located<'a>; 2],
    pub(super) schemas: [&'b Node<'a>; 2],
    /// Whether the parts travel as the values of a form in a URL do.
    pub(super) is_form: bool,
}

impl<'a> Judge<'a> {
    /// Compares how the parts are written that both bodies have.
    pub(super) fn encodings(&mut self, scope: &Scope, bodies: &Bodies<'_, 'a>) {
        let [old, new] = bodies.media;
        let before = properties(self.base, bodies.schemas[0], bodies.direction);
        let after = properties(self.revision, bodies.schemas[1], bodies.direction);
        let encodings = [
            self.base.members(old, "encoding"),
            self.revision.members(new, "encoding"),
        ];
        let [was, is] = encodings.map(|all| all.into_iter().collect::<HashMap<_, _>>());
        for (name, types) in &before {
            let Some(other) = after.get(name) else {
                continue;
            };
            let places = [was.get(name), is.get(name)];
            let encodings = [(places[0], *types), (places[1], *other)];
            let subject = format!("the part `{name}` of {}", bodies.subject);
            if is_changed(bodies, encodings) {
                let places = [places[0].unwrap_or(old), places[1].unwrap_or(new)];
                self.encoding_changed(scope, bodies.direction, &subject, places);
            }
            if bodies.is_form && bodies.direction == Direction::Request && !scope.inverted {
                let style = written(places[1]);
                let of = |document, node| property(document, node, name);
                let was = of(self.base, bodies.schemas[0]);
                let is = of(self.revision, bodies.schemas[1]);
                let (old, new) = (places[0].unwrap_or(old), places[1].unwrap_or(new));
                self.delimited(scope, &subject, style, (old, &was), (new, &is));
            }
            if let [Some(was), Some(is)] = places
                && !bodies.is_form
            {
                self.headers_of_part(scope, bodies.direction, &subject, [was, is]);
            }
        }
        for (name, places) in self.unnamed_changed(bodies) {
            let subject = format!("the part `{name}` of {}", bodies.subject);
            let places = [places[0].as_ref(), places[1].as_ref()];
            let places = [places[0].unwrap_or(old), places[1].unwrap_or(new)];
            self.encoding_changed(scope, bodies.direction, &subject, places);
        }
    }

    fn encoding_changed(
        &mut self,
        scope: &Scope,
        direction: Direction,
        subject: &str,
        [old, new]: [&Located<'a>; 2],
    ) {
        let rule = match direction {
            Direction::Request => OperationRule::RequestParameterSerializationChanged,
            Direction::Response => OperationRule::ResponseBodyEncodingChanged,
        };
        self.report(
            rule,
            Some(direction),
            Some(&scope.operation),
            (Some(old), Some(new)),
            format!("{subject} is encoded in another way"),
        );
    }

    /// Compares what the headers of a part hold that it has in both bodies.
    fn headers_of_part(
        &mut self,
        scope: &Scope,
        direction: Direction,
        subject: &str,
        [old, new]: [&Located<'a>; 2],
    ) {
        let was = self.base.members(old, "headers");
        let is = self.revision.members(new, "headers");
        let are = by_lower_case(&is);
        for (name, place) in &was {
            let Some(now) = are.get(&name.to_ascii_lowercase()) else {
                continue;
            };
            let described = Described {
                part: match direction {
                    Direction::Request => Part::Parameter,
                    Direction::Response => Part::Header,
                },
                direction,
                subject: &format!("the header `{name}` of {subject}"),
                carrier: Carrier::Text,
                always: place.flag("required") && now.flag("required"),
                xml: false,
            };
            let schemas = (
                header_schema(self.base, place),
                header_schema(self.revision, now),
            );
            self.schemas(scope, described, &schemas.0, &schemas.1);
        }
    }

    /// The parts without names whose media types change for the worse (OpenAPI 3.2), and
    /// where that is said.
    fn unnamed_changed(&self, bodies: &Bodies<'_, 'a>) -> Vec<(String, [Option<Located<'a>>; 2])> {
        let [old, new] = bodies.media;
        let of = |document: &'a Document, place: &Located<'a>, index: Option<usize>| {
            let first = index.and_then(|index| {
                let first = place.raw_member("prefixEncoding")?;
                first.value.get(index)?;
                document.place(&format!("{}/{index}", first.pointer))
            });
            first.or_else(|| document.member(place, "itemEncoding"))
        };
        let count = |place: &Located<'_>| {
            let stated = place.value.get("prefixEncoding").and_then(Value::as_array);
            stated.map_or(0, Vec::len)
        };
        let first = (0..count(old).max(count(new))).map(Some);
        let all = first.chain([None]).map(|index| {
            let places = [of(self.base, old, index), of(self.revision, new, index)];
            (index, places)
        });
        all.filter(|(_, places)| {
            let [was, is] = [&places[0], &places[1]].map(|place| taken(place.as_ref(), STRING));
            !are_understood(bodies.direction, &was, &is)
        })
        .map(|(index, places)| {
            let name = index.map_or("[]".to_owned(), |index| format!("[{index}]"));
            (name, places)
        })
        .collect()
    }
}

/// The properties of a body with their types.
fn properties<'a>(
    document: &'a Document,
    node: &Node<'a>,
    direction: Direction,
) -> BTreeMap<String, u8> {
    let expand = Expand::new(document, direction);
    let mut all: BTreeMap<String, u8> = BTreeMap::new();
    for alternative in expand.alternatives(node).iter() {
        for (name, property) in &alternative.properties {
            let types = expand.alternatives(property);
            *all.entry(name.clone()).or_default() |= types
                .iter()
                .fold(0, |bits, alternative| bits | alternative.types);
        }
    }
    all
}

/// The schemas of a property of a body, the first of them where it has several.
fn property<'a>(document: &'a Document, node: &Node<'a>, name: &str) -> Node<'a> {
    let expand = Expand::new(document, Direction::Request);
    let alternatives = expand.alternatives(node);
    let mut found = alternatives
        .iter()
        .filter_map(|one| one.properties.get(name));
    found.next().cloned().unwrap_or_default()
}

/// Returns whether who knows one encoding of a part, which may have these types, does not
/// understand the other.
fn is_changed(bodies: &Bodies<'_, '_>, encodings: [(Option<&Located<'_>>, u8); 2]) -> bool {
    let [(old, before), (new, after)] = encodings;
    if bodies.is_form {
        let compound = before & after & (ARRAY | OBJECT) != 0;
        let is_reserved = |place: Option<&Located<'_>>| {
            place.is_some_and(|encoding| encoding.flag("allowReserved"))
        };
        let now_escaped =
            bodies.direction == Direction::Request && is_reserved(old) && !is_reserved(new);
        let kinds = [stated(old), stated(new)];
        return (compound && written(old) != written(new))
            || now_escaped
            || matches!(&kinds, [Some(was), Some(is)] if !are_understood(bodies.direction, was, is));
    }
    let (was, is) = (taken(old, before), taken(new, after));
    let (were_needed, are_needed) = (needed(old), needed(new));
    let has_needed = match bodies.direction {
        Direction::Request => are_needed.is_subset(&were_needed),
        Direction::Response => were_needed.is_subset(&are_needed),
    };
    !are_understood(bodies.direction, &was, &is) || !has_needed
}

/// Style and explode of a part of a form.
fn written<'a>(encoding: Option<&Located<'a>>) -> (&'a str, bool) {
    let style = encoding.and_then(|encoding| encoding.text("style"));
    let style = style.unwrap_or("form");
    let explode = encoding.and_then(|encoding| encoding.value.get("explode")?.as_bool());
    (style, explode.unwrap_or(style == "form"))
}

/// The headers that a part must have, in lower case.
fn needed(encoding: Option<&Located<'_>>) -> BTreeSet<String> {
    let headers = encoding.and_then(|encoding| encoding.value.get("headers")?.as_object());
    let headers = headers.into_iter().flatten();
    headers
        .filter(|(_, header)| header.get("required") == Some(&Value::Bool(true)))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect()
}

/// Returns whether every media type that is sent is one that is taken.
fn are_understood(direction: Direction, was: &[String], is: &[String]) -> bool {
    let (sent, taken) = match direction {
        Direction::Request => (was, is),
        Direction::Response => (is, was),
    };
    sent.iter()
        .all(|kind| taken.iter().any(|range| covers(range, kind)))
}

/// The media types that an encoding names.
fn stated(encoding: Option<&Located<'_>>) -> Option<Vec<String>> {
    let kinds = encoding?.text("contentType")?;
    Some(kinds.split(',').map(media).collect())
}

/// The media types that a part may have.
fn taken(encoding: Option<&Located<'_>>, types: u8) -> Vec<String> {
    stated(encoding).unwrap_or_else(|| {
        let usual = if types & !(ARRAY | OBJECT) == 0 {
            "application/json"
        } else {
            "*/*"
        };
        vec![usual.to_owned()]
    })
}
