//! Statuses and headers.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::judge::{Described, Judge, Scope, schema};
use crate::alternatives::{Carrier, Node};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::media::media;
use crate::places;
use crate::rules::{OperationRule, Part, Use};

impl<'a> Judge<'a> {
    pub(super) fn responses(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = answered(scope);
        let stated = |mut all: Vec<(String, Located<'a>)>| {
            all.retain(|(status, _)| !status.starts_with("x-"));
            all
        };
        let was = stated(self.base.members(old, "responses"));
        let is = stated(self.revision.members(new, "responses"));
        let mut compared = BTreeSet::new();
        let (were, are) = (Statuses::of(&was), Statuses::of(&is));
        // What stood for each new status.
        let mut stood_for: HashMap<&str, Vec<&(String, Located<'a>)>> = HashMap::new();
        for new in &is {
            if let Some((old, _)) = were.covering(&new.0, &are) {
                stood_for.entry(old).or_default().push(new);
            }
        }
        for (status, place) in &was {
            // What answers now where this one did.
            let now = match are.covering(status, &were) {
                Some(one) => vec![one],
                // A range, or whatever is not named, that was split up.
                None => stood_for.remove(status.as_str()).unwrap_or_default(),
            };
            for (other, new) in &now {
                if compared.insert((status.clone(), other.clone())) {
                    self.response(scope, status, place, new);
                }
            }
            let success = status.starts_with('2');
            if success
                && let [(range, new)] = now.as_slice()
                && (is_range(range) || range == "default")
                && !is_range(status)
                // Clients that know of the range know of others.
                && were.named(range).is_none()
            {
                self.report(
                    OperationRule::ResponseSuccessStatusGeneralized,
                    Some(direction),
                    name,
                    (Some(place), Some(new)),
                    if scope.inverted {
                        format!(
                            "the status {status} is now {range}; clients may answer with another"
                        )
                    } else {
                        format!("the status {status} is now {range}; clients may get another")
                    },
                );
            }
            if !now.is_empty() {
                continue;
            }
            let rule = if success {
                OperationRule::ResponseSuccessStatusRemoved
            } else {
                OperationRule::ResponseNonSuccessStatusRemoved
            };
            let text = match (scope.inverted, success) {
                (true, _) => "clients that answer so are no longer understood",
                (false, true) => "clients that wait for it fail",
                (false, false) => "clients need not handle it any more",
            };
            self.report(
                rule,
                Some(direction),
                name,
                (Some(place), Some(new)),
                format!("the status {status} is gone; {text}"),
            );
        }
        for (status, place) in &is {
            if were.named(status).is_some() {
                continue;
            }
            let covered = were.covering(status, &are);
            if let Some((other, old)) = covered
                && compared.insert((other.clone(), status.clone()))
            {
                self.response(scope, status, old, place);
            }
            if covered.is_some_and(|(other, _)| other != "default") {
                continue;
            }
            let rule = if status.starts_with('2') {
                OperationRule::ResponseSuccessStatusAdded
            } else {
                OperationRule::ResponseNonSuccessStatusAdded
            };
            self.report(
                rule,
                Some(direction),
                name,
                (Some(old), Some(place)),
                format!("the status {status} is new"),
            );
        }
    }

    fn response(&mut self, scope: &Scope, status: &str, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = answered(scope);
        let was = self.base.members(old, "headers");
        let is = self.revision.members(new, "headers");
        let (were, are) = (by_lower_case(&was), by_lower_case(&is));
        let ours =
            |(header, _): &&(String, Located<'a>)| !header.eq_ignore_ascii_case("content-type");
        for (header, place) in was.iter().filter(ours) {
            let subject = format!("the header `{header}` of the {status} response");
            let Some(now) = are.get(&header.to_ascii_lowercase()) else {
                let rule = if place.flag("required") {
                    OperationRule::RequiredResponseHeaderRemoved
                } else {
                    OperationRule::OptionalResponseHeaderRemoved
                };
                self.report(
                    rule,
                    Some(direction),
                    name,
                    (Some(place), Some(new)),
                    format!("{subject} is gone"),
                );
                continue;
            };
            self.header(scope, &subject, place, now);
        }
        for (header, place) in is.iter().filter(ours) {
            if !were.contains_key(&header.to_ascii_lowercase()) {
                let (rule, text) = if scope.inverted && place.flag("required") {
                    let rule = OperationRule::ResponseHeaderBecameRequired;
                    (rule, "is new; answers without it are rejected")
                } else {
                    (OperationRule::ResponseHeaderAdded, "is new")
                };
                self.report(
                    rule,
                    Some(direction),
                    name,
                    (Some(old), Some(place)),
                    format!("the header `{header}` of the {status} response {text}"),
                );
            }
        }
        self.links(scope, status, old, new);
        self.contents(
            scope,
            direction,
            &format!("the body of the {status} response"),
            old,
            new,
        );
    }

    fn header(&mut self, scope: &Scope, subject: &str, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = answered(scope);
        match (old.flag("required"), new.flag("required")) {
            (true, false) => self.report(
                OperationRule::ResponseHeaderBecameOptional,
                Some(direction),
                name,
                (Some(old), Some(new)),
                if scope.inverted {
                    format!("{subject} may be left out")
                } else {
                    format!("{subject} may now be missing")
                },
            ),
            (false, true) => self.report(
                OperationRule::ResponseHeaderBecameRequired,
                Some(direction),
                name,
                (Some(old), Some(new)),
                if scope.inverted {
                    format!("{subject} is now required; answers without it are rejected")
                } else {
                    format!("{subject} is now always sent")
                },
            ),
            _ => {}
        }
        let nodes = (
            header_schema(self.base, old),
            header_schema(self.revision, new),
        );
        let kinds = [
            content_kind(self.base, old),
            content_kind(self.revision, new),
        ];
        if kinds[0] != kinds[1]
            || (kinds[0].is_none() && self.wire_differs("header", (old, &nodes.0), (new, &nodes.1)))
        {
            self.report(
                OperationRule::ResponseHeaderSerializationChanged,
                Some(direction),
                name,
                (Some(old), Some(new)),
                format!("{subject} is written in another way (`explode` or `content`)"),
            );
        }
        self.schemas(
            scope,
            Described {
                part: Part::Header,
                direction,
                subject,
                carrier: Carrier::Json,
                always: false,
                xml: false,
            },
            &nodes.0,
            &nodes.1,
        );
        let usage = Use {
            part: Part::Header,
            direction,
            whole: true,
        };
        self.deprecation(usage, name, subject, old, new);
    }

    fn links(&mut self, scope: &Scope, status: &str, old: &Located<'a>, new: &Located<'a>) {
        let was = self.base.members(old, "links");
        let is = self.revision.members(new, "links");
        let by_name = |links: &[(String, Located<'a>)]| -> HashMap<String, Located<'a>> {
            links.iter().cloned().collect()
        };
        let (were, are) = (by_name(&was), by_name(&is));
        let direction = Some(answered(scope));
        let name = Some(scope.operation.as_str());
        for (link, place) in &was {
            if let Some(now) = are.get(link) {
                if target(&self.base.root, place) != target(&self.revision.root, now) {
                    self.report(
                        OperationRule::ResponseLinkChanged,
                        direction,
                        name,
                        (Some(place), Some(now)),
                        format!("the link `{link}` of the {status} response leads elsewhere"),
                    );
                }
            } else {
                self.report(
                    OperationRule::ResponseLinkRemoved,
                    direction,
                    name,
                    (Some(place), Some(new)),
                    format!("the link `{link}` of the {status} response is gone"),
                );
            }
        }
        for (link, place) in &is {
            if !were.contains_key(link) {
                self.report(
                    OperationRule::ResponseLinkAdded,
                    direction,
                    name,
                    (Some(old), Some(place)),
                    format!("the link `{link}` of the {status} response is new"),
                );
            }
        }
    }
}

/// Headers by their names, which are the same in any case.
pub(super) fn by_lower_case<'p, 'a>(
    headers: &'p [(String, Located<'a>)],
) -> HashMap<String, &'p Located<'a>> {
    let headers = headers.iter().rev();
    headers
        .map(|(name, place)| (name.to_ascii_lowercase(), place))
        .collect()
}

/// Where a link leads, and what it takes along.
fn target<'a>(
    root: &'a Value,
    link: &'a Located<'a>,
) -> (Option<&'a Value>, [Option<&'a Value>; 4]) {
    let rest = ["operationRef", "parameters", "requestBody", "server"];
    let mut rest = rest.map(|key| link.value.get(key));
    let mut id = link.value.get("operationId");
    // An operation of this document is the same by its place and by its id.
    let place = rest[0]
        .and_then(Value::as_str)
        .and_then(|text| places::target(root, text));
    if id.is_none()
        && let Some(named) = place.and_then(|pointer| root.pointer(&pointer)?.get("operationId"))
    {
        id = Some(named);
        rest[0] = None;
    }
    (id, rest)
}

fn answered(scope: &Scope) -> Direction {
    if scope.inverted {
        Direction::Request
    } else {
        Direction::Response
    }
}

/// `2XX`.
fn is_range(status: &str) -> bool {
    status.to_ascii_uppercase().ends_with("XX")
}

/// The responses of an operation, to be looked up.
struct Statuses<'p, 'a> {
    /// In capitals, as in `2XX`.
    by_status: HashMap<String, &'p (String, Located<'a>)>,
    /// Whether there is one for a success.
    names_success: bool,
}

impl<'p, 'a> Statuses<'p, 'a> {
    fn of(all: &'p [(String, Located<'a>)]) -> Self {
        // Of two that differ in case alone the first counts.
        let all_reversed = all.iter().rev();
        Self {
            by_status: all_reversed
                .map(|one| (one.0.to_ascii_uppercase(), one))
                .collect(),
            names_success: all.iter().any(|(status, _)| status.starts_with('2')),
        }
    }

    fn named(&self, status: &str) -> Option<&'p (String, Located<'a>)> {
        self.by_status.get(&status.to_ascii_uppercase()).copied()
    }

    /// The response that stands for a status: itself, its range, or the default.
    /// Beside a named success, the default is about failures.
    fn covering(&self, status: &str, other: &Self) -> Option<&'p (String, Located<'a>)> {
        let range = status.get(..1).map(|class| format!("{class}XX"));
        let by_default = if status.starts_with('2') {
            !self.names_success
        } else {
            status != "default" || (self.names_success && other.names_success)
        };
        self.named(status)
            .or_else(|| range.and_then(|range| self.named(&range)))
            .or_else(|| self.named("default").filter(|_| by_default))
    }
}

/// The media type of a header that is not written as headers are.
fn content_kind<'a>(document: &'a Document, header: &Located<'a>) -> Option<String> {
    let contents = document.members(header, "content");
    contents.first().map(|(kind, _)| media(kind))
}

/// A header says what it holds by a schema or by a single media type.
pub(super) fn header_schema<'a>(document: &'a Document, header: &Located<'a>) -> Node<'a> {
    match document.members(header, "content").first() {
        Some((_, content)) => schema(content),
        None => schema(header),
    }
}
