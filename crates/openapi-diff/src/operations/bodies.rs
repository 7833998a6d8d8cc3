//! Bodies of requests and responses, by media type.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::judge::{Described, Judge, Scope, media, schema, sent};
use crate::alternatives::{ARRAY, Carrier, Expand, Node, OBJECT, STRING};
use crate::document::Located;
use crate::level::Direction;
use crate::rules::{OperationRule, Part};

impl<'a> Judge<'a> {
    pub(super) fn request_body(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = sent(scope);
        let was = self.base.member(old, "requestBody");
        let is = self.revision.member(new, "requestBody");
        match (&was, &is) {
            (None, Some(is)) => {
                let (rule, text) = if is.flag("required") {
                    (
                        OperationRule::RequestBodyAddedRequired,
                        if scope.inverted {
                            "a request now always has a body"
                        } else {
                            "a request must now have a body"
                        },
                    )
                } else {
                    (
                        OperationRule::RequestBodyAddedOptional,
                        "a request may now have a body",
                    )
                };
                self.report(
                    rule,
                    Some(direction),
                    name,
                    (Some(old), Some(is)),
                    text.to_owned(),
                );
            }
            (Some(was), None) => {
                let text = if scope.inverted {
                    "a request no longer has a body; clients that read it find nothing"
                } else {
                    "a request can no longer have a body; what clients send in it is lost"
                };
                self.report(
                    OperationRule::RequestBodyRemoved,
                    Some(direction),
                    name,
                    (Some(was), Some(new)),
                    text.to_owned(),
                );
            }
            (Some(was), Some(is)) => {
                let places = (Some(was), Some(is));
                match (was.flag("required"), is.flag("required")) {
                    (false, true) => self.report(
                        OperationRule::RequestBodyBecameRequired,
                        Some(direction),
                        name,
                        places,
                        if scope.inverted {
                            "the request body is now always sent".to_owned()
                        } else {
                            "the request body may no longer be left out".to_owned()
                        },
                    ),
                    (true, false) => self.report(
                        OperationRule::RequestBodyBecameOptional,
                        Some(direction),
                        name,
                        places,
                        "the request body may be left out".to_owned(),
                    ),
                    _ => {}
                }
                self.contents(scope, direction, "the request body", was, is);
            }
            (None, None) => {}
        }
    }

    pub(super) fn contents(
        &mut self,
        scope: &Scope,
        direction: Direction,
        subject: &str,
        was: &Located<'a>,
        is: &Located<'a>,
    ) {
        let name = Some(scope.operation.as_str());
        let request = direction == Direction::Request;
        let old = self.base.members(was, "content");
        let new = self.revision.members(is, "content");
        let mut matched = vec![false; new.len()];
        let kinds: Vec<String> = new.iter().map(|(kind, _)| media(kind)).collect();
        let mut places = HashMap::new();
        for (index, kind) in kinds.iter().enumerate() {
            places.entry(kind.as_str()).or_insert(index);
        }
        for (kind, place) in &old {
            let whole = media(kind);
            let exact = places.get(whole.as_str()).copied();
            let range = || kinds.iter().position(|other| covers(other, &whole));
            let inner = || kinds.iter().position(|other| covers(&whole, other));
            let index = if let Some(index) = exact {
                index
            } else if let Some(index) = range() {
                let rule = if request {
                    OperationRule::RequestBodyMediaTypeAdded
                } else {
                    OperationRule::ResponseMediaTypeNameGeneralized
                };
                let text = format!("{subject} was `{kind}` and is now `{}`", new[index].0);
                self.report(
                    rule,
                    Some(direction),
                    name,
                    (Some(place), Some(&new[index].1)),
                    text,
                );
                index
            } else if let Some(index) = inner().filter(|_| !request) {
                let text = format!("{subject} was `{kind}` and is now `{}`", new[index].0);
                self.report(
                    OperationRule::ResponseMediaTypeNameSpecialized,
                    Some(direction),
                    name,
                    (Some(place), Some(&new[index].1)),
                    text,
                );
                index
            } else {
                let (rule, text) = if request {
                    (
                        OperationRule::RequestBodyMediaTypeRemoved,
                        "is no longer accepted",
                    )
                } else {
                    (
                        OperationRule::ResponseMediaTypeRemoved,
                        "is gone; clients that ask for it fail",
                    )
                };
                self.report(
                    rule,
                    Some(direction),
                    name,
                    (Some(place), Some(is)),
                    format!("{subject}: the media type `{kind}` {text}"),
                );
                continue;
            };
            matched[index] = true;
            let kind = media(kind);
            self.content(scope, direction, subject, (place, &new[index].1), &kind);
        }
        for ((kind, place), matched) in new.iter().zip(matched) {
            // Without any type before, there was no body to speak of.
            if !matched {
                let rule = if request {
                    OperationRule::RequestBodyMediaTypeAdded
                } else {
                    OperationRule::ResponseMediaTypeAdded
                };
                self.report(
                    rule,
                    Some(direction),
                    name,
                    (Some(was), Some(place)),
                    format!("{subject}: the media type `{kind}` is new"),
                );
            }
        }
    }

    /// Compares a body in one media type. The values of a form travel as text.
    fn content(
        &mut self,
        scope: &Scope,
        direction: Direction,
        subject: &str,
        (old, new): (&Located<'a>, &Located<'a>),
        kind: &str,
    ) {
        let form = kind == "application/x-www-form-urlencoded";
        let nodes = (schema(old), schema(new));
        if direction == Direction::Request && (form || kind.starts_with("multipart/")) {
            let mut changed = self.encodings_changed((old, &nodes.0), (new, &nodes.1), form);
            changed.extend(unnamed_changed(old, new));
            for name in changed {
                self.report(
                    OperationRule::RequestParameterSerializationChanged,
                    Some(direction),
                    Some(&scope.operation),
                    (Some(old), Some(new)),
                    format!("the part `{name}` of {subject} is encoded in another way"),
                );
            }
        }
        let carrier = match kind {
            _ if form => Carrier::Text,
            _ if is_json(kind) || is_xml(kind) || kind.starts_with("text/") => Carrier::Json,
            _ => Carrier::Bytes,
        };
        let described = Described {
            part: Part::Body,
            direction,
            subject,
            carrier,
            always: true,
            xml: is_xml(kind),
        };
        self.schemas(scope, described, &nodes.0, &nodes.1);
        // One after the other, without a list around them (OpenAPI 3.2).
        let items = [old, new].map(|place| place.raw_member("itemSchema").map(Node::one));
        if items.iter().any(Option::is_some) {
            let [was, is] = items.map(Option::unwrap_or_default);
            let subject = &format!("the elements of {subject}");
            let described = Described {
                subject,
                ..described
            };
            self.schemas(scope, described, &was, &is);
        }
    }

    /// The properties that a form no longer takes as they used to be written.
    fn encodings_changed(
        &self,
        (old, was): (&Located<'a>, &Node<'a>),
        (new, is): (&Located<'a>, &Node<'a>),
        form: bool,
    ) -> Vec<String> {
        let of = |document, node: &Node<'a>| {
            let expand = Expand::new(document, Direction::Request);
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
        };
        let (before, after) = (of(self.base, was), of(self.revision, is));
        let part = |place: &Located<'a>, name: &str| {
            place
                .value
                .get("encoding")
                .and_then(|encodings| encodings.get(name))
                .cloned()
                .unwrap_or_default()
        };
        before
            .iter()
            .filter(|(name, types)| {
                let Some(other) = after.get(*name) else {
                    return false;
                };
                let (was, is) = (part(old, name), part(new, name));
                if form {
                    let compound = **types & *other & (ARRAY | OBJECT) != 0;
                    return compound && written(&was) != written(&is);
                }
                let (was, is) = (taken(&was, **types), taken(&is, *other));
                !are_taken(&was, &is)
                    || !needed(&part(new, name)).is_subset(&needed(&part(old, name)))
            })
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// Style and explode of a part of a form.
fn written(encoding: &Value) -> (&str, bool) {
    let style = encoding
        .get("style")
        .and_then(Value::as_str)
        .unwrap_or("form");
    let explode = encoding.get("explode").and_then(Value::as_bool);
    (style, explode.unwrap_or(style == "form"))
}

/// The headers that a part must have, in lower case.
fn needed(encoding: &Value) -> BTreeSet<String> {
    let headers = encoding.get("headers").and_then(Value::as_object);
    let headers = headers.into_iter().flatten();
    headers
        .filter(|(_, header)| header.get("required") == Some(&Value::Bool(true)))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect()
}

/// Returns whether parts of all of these media types are still taken.
fn are_taken(was: &[String], is: &[String]) -> bool {
    was.iter()
        .all(|kind| is.iter().any(|range| covers(range, kind)))
}

/// The parts without names that are no longer taken in a media type (OpenAPI 3.2).
fn unnamed_changed(old: &Located<'_>, new: &Located<'_>) -> Vec<String> {
    let nothing = Value::Null;
    let of = |place: &Located<'_>, index: Option<usize>| {
        let rest = place.value.get("itemEncoding");
        let first = index.and_then(|index| place.value.get("prefixEncoding")?.get(index));
        taken(first.or(rest).unwrap_or(&nothing), STRING)
    };
    let count = |place: &Located<'_>| {
        let stated = place.value.get("prefixEncoding").and_then(Value::as_array);
        stated.map_or(0, Vec::len)
    };
    let first = (0..count(old).max(count(new))).map(Some);
    first
        .chain([None])
        .filter(|index| !are_taken(&of(old, *index), &of(new, *index)))
        .map(|index| index.map_or("[]".to_owned(), |index| format!("[{index}]")))
        .collect()
}

/// The media types that a part may have.
fn taken(encoding: &Value, types: u8) -> Vec<String> {
    match encoding.get("contentType").and_then(Value::as_str) {
        Some(kinds) => kinds.split(',').map(media).collect(),
        None if types & !(ARRAY | OBJECT) == 0 => vec!["application/json".to_owned()],
        None => vec!["*/*".to_owned()],
    }
}

fn is_json(kind: &str) -> bool {
    let bare = kind.split(';').next().unwrap_or_default();
    let kinds = [
        "application/json",
        "application/jsonl",
        "application/x-ndjson",
    ];
    kinds.contains(&bare) || bare.ends_with("+json") || bare.ends_with("json-seq")
}

fn is_xml(kind: &str) -> bool {
    let bare = kind.split(';').next().unwrap_or_default();
    matches!(bare, "application/xml" | "text/xml") || bare.ends_with("+xml")
}

fn covers(range: &str, kind: &str) -> bool {
    let bare = kind.split(';').next().unwrap_or_default();
    range == "*/*"
        || range == bare
        || range
            .strip_suffix("/*")
            .is_some_and(|major| bare.split('/').next() == Some(major))
}
