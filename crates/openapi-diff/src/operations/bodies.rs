//! Bodies of requests and responses, by media type.

use std::collections::HashMap;

use super::encodings::Bodies;
use super::judge::{Described, Judge, Scope, schema, sent};
use crate::alternatives::{ARRAY, Carrier, Expand, Node};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::media::{is_json, is_xml, media, ranges};
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
        // Who gets such a request does not ask for a media type.
        let unasked = scope.inverted && !request;
        let old = self.base.members(was, "content");
        let new = self.revision.members(is, "content");
        let mut matched = vec![false; new.len()];
        let kinds = Kinds::of(&new);
        for (kind, place) in &old {
            let whole = media(kind);
            let index = if let Some(index) = kinds.same(&whole) {
                index
            } else if let Some(index) = kinds.covering(&whole) {
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
            } else if let Some(index) = kinds.covered_by(&whole).filter(|_| !request) {
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
                } else if unasked {
                    (OperationRule::WebhookMediaTypeRemoved, "is no longer sent")
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
        let old_kinds = Kinds::of(&old);
        for ((kind, place), matched) in new.iter().zip(matched) {
            // Without any type before, there was no body to speak of.
            if !matched {
                let whole = media(kind);
                if let Some(index) = old_kinds.covering(&whole) {
                    // It was one of a range, and is now told apart.
                    self.content(scope, direction, subject, (&old[index].1, place), &whole);
                }
                let rule = if request {
                    OperationRule::RequestBodyMediaTypeAdded
                } else if unasked {
                    OperationRule::WebhookMediaTypeAdded
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
        let is_multipart = kind.starts_with("multipart/");
        if form || is_multipart {
            let bodies = Bodies {
                direction,
                subject,
                media: [old, new],
                schemas: [&nodes.0, &nodes.1],
                is_form: form,
            };
            self.encodings(scope, &bodies);
        }
        let carrier = match kind {
            _ if form => Carrier::Text,
            _ if is_json(kind) || is_xml(kind) || kind.starts_with("text/") => Carrier::Json,
            _ if is_multipart => Carrier::Parts,
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
        // One after the other, without a list around them (OpenAPI 3.2).
        let items = [old, new].map(|place| place.raw_member("itemSchema").map(Node::one));
        let element = &format!("each element of {subject}");
        let of_element = Described {
            subject: element,
            ..described
        };
        let of_list = |document, whole: &Node<'a>| elements(document, direction, whole);
        // A schema of the whole says the same of a list.
        let one_each = match items.each_ref() {
            [Some(was), None] if nodes.0.is_any() => {
                of_list(self.revision, &nodes.1).map(|is| (was.clone(), is))
            }
            [None, Some(is)] if nodes.1.is_any() => {
                of_list(self.base, &nodes.0).map(|was| (was, is.clone()))
            }
            _ => None,
        };
        if let Some((was, is)) = one_each {
            self.schemas(scope, of_element, &was, &is);
            return;
        }
        self.schemas(scope, described, &nodes.0, &nodes.1);
        if items.iter().any(Option::is_some) {
            let [was, is] = items.map(Option::unwrap_or_default);
            self.schemas(scope, of_element, &was, &is);
        }
    }
}

/// What a schema says of each element, if it is that of a list and says nothing else.
fn elements<'a>(
    document: &'a Document,
    direction: Direction,
    whole: &Node<'a>,
) -> Option<Node<'a>> {
    let alternatives = Expand::new(document, direction).alternatives(whole);
    let [list] = &*alternatives else {
        return None;
    };
    let mut bare = list.clone();
    let items = std::mem::take(&mut bare.items);
    (bare.types == ARRAY && bare.is_of_types()).then_some(items)
}

/// The media types of a body, to be looked up.
struct Kinds {
    by_kind: HashMap<String, usize>,
    /// The first that each range covers.
    by_range: HashMap<String, usize>,
}

impl Kinds {
    fn of(all: &[(String, Located<'_>)]) -> Self {
        let mut kinds = Kinds {
            by_kind: HashMap::new(),
            by_range: HashMap::new(),
        };
        for (index, (kind, _)) in all.iter().enumerate() {
            let kind = media(kind);
            for range in ranges(&kind) {
                kinds.by_range.entry(range).or_insert(index);
            }
            kinds.by_kind.entry(kind).or_insert(index);
        }
        kinds
    }

    fn same(&self, kind: &str) -> Option<usize> {
        self.by_kind.get(kind).copied()
    }

    fn covering(&self, kind: &str) -> Option<usize> {
        let mut ranges = ranges(kind).into_iter();
        ranges.find_map(|range| self.same(&range))
    }

    fn covered_by(&self, range: &str) -> Option<usize> {
        self.by_range.get(range).copied()
    }
}
