//! Parameters: where they are, whether they are needed, how they are written.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::judge::{Described, Judge, Scope, path_of, schema, sent, template};
use crate::alternatives::{ARRAY, Carrier, Expand, Node, OBJECT, list};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::media::media;
use crate::rules::{OperationRule, Part, Use};

impl<'a> Judge<'a> {
    pub(super) fn parameters(
        &mut self,
        scope: &Scope,
        old: (&Located<'a>, &Located<'a>),
        new: (&Located<'a>, &Located<'a>),
    ) {
        let name = Some(scope.operation.as_str());
        let request = Some(sent(scope));
        let mut was = parameters(self.base, old, &scope.renamed);
        let mut is = parameters(self.revision, new, &BTreeMap::new());
        if scope.inverted {
            // Where a call of the server goes is for the client to say.
            was.retain(|key, _| key.0 != "path");
            is.retain(|key, _| key.0 != "path");
        }
        let in_path = |key: &&Key| key.0 == "path";
        let described = was.keys().filter(in_path).count();
        let is_described = described >= template(path_of(&scope.operation)).1.len();
        let (were, are) = (by_name(&was), by_name(&is));
        for (key, old) in &was {
            if let Some(new) = is.get(key) {
                self.parameter(scope, key, old, new);
                continue;
            }
            let same_name = are.get(key.1.as_str()).into_iter().flatten();
            let moved = same_name
                .copied()
                .find(|(other, _)| !was.contains_key(*other));
            if let Some((other, new)) = moved {
                let text = format!(
                    "the parameter `{}` is now expected in the {}, not the {}",
                    key.1, other.0, key.0
                );
                self.report(
                    OperationRule::RequestParameterMoved,
                    request,
                    name,
                    (Some(old), Some(new)),
                    text,
                );
            } else if key.0 != "path" {
                let text = if scope.inverted {
                    "clients that read it find nothing"
                } else {
                    "clients that send it are no longer heard"
                };
                let text = format!("the {} parameter `{}` is gone; {text}", key.0, key.1);
                self.report(
                    OperationRule::RequestParameterRemoved,
                    request,
                    name,
                    (Some(old), None),
                    text,
                );
            }
        }
        for (key, new) in &is {
            let mut same_name = were.get(key.1.as_str()).into_iter().flatten();
            if was.contains_key(key) || same_name.any(|(other, _)| !is.contains_key(*other)) {
                continue;
            }
            let (rule, text) = match (key.0.as_str(), new.flag("required")) {
                ("path", _) if is_described => (OperationRule::NewRequestPathParameter, "is new"),
                // It was in the path all along, and is now described.
                ("path", _) => (
                    OperationRule::NewOptionalRequestParameter,
                    "is now described",
                ),
                (_, true) if scope.inverted => (
                    OperationRule::NewRequiredRequestParameter,
                    "is new and always sent",
                ),
                (_, true) => (
                    OperationRule::NewRequiredRequestParameter,
                    "is new and required; requests without it are rejected",
                ),
                _ => (
                    OperationRule::NewOptionalRequestParameter,
                    "is new and optional",
                ),
            };
            self.report(
                rule,
                request,
                name,
                (None, Some(new)),
                format!("the {} parameter `{}` {text}", key.0, key.1),
            );
        }
    }

    fn parameter(&mut self, scope: &Scope, key: &Key, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let request = Some(sent(scope));
        let places = (Some(old), Some(new));
        let subject = format!("the {} parameter `{}`", key.0, key.1);
        let path = key.0 == "path";
        match (old.flag("required") || path, new.flag("required") || path) {
            (false, true) => self.report(
                OperationRule::RequestParameterBecameRequired,
                request,
                name,
                places,
                if scope.inverted {
                    format!("{subject} is now always sent")
                } else {
                    format!("{subject} is now required; requests without it are rejected")
                },
            ),
            (true, false) => self.report(
                OperationRule::RequestParameterBecameOptional,
                request,
                name,
                places,
                if scope.inverted {
                    format!("{subject} may now be missing")
                } else {
                    format!("{subject} is no longer required")
                },
            ),
            _ => {}
        }
        let usage = Use {
            part: Part::Parameter,
            direction: sent(scope),
            whole: true,
        };
        self.deprecation(usage, name, &subject, old, new);
        if !scope.inverted && old.flag("allowReserved") && !new.flag("allowReserved") {
            self.report(
                OperationRule::RequestParameterBecameNotAllowReserved,
                request,
                name,
                places,
                format!("reserved characters in {subject} must now be encoded"),
            );
        }
        if !scope.inverted && old.flag("allowEmptyValue") && !new.flag("allowEmptyValue") {
            self.report(
                OperationRule::RequestParameterAllowEmptyValueRemoved,
                request,
                name,
                places,
                format!("{subject} may no longer be empty"),
            );
        }
        let contents = (
            self.base.members(old, "content"),
            self.revision.members(new, "content"),
        );
        let (was, is, carrier) = match (contents.0.first(), contents.1.first()) {
            (None, None) => {
                let (was, is) = (schema(old), schema(new));
                self.written(scope, key, &subject, (old, &was), (new, &is));
                (was, is, Carrier::Text)
            }
            (Some(was), Some(is)) if media(&was.0) == media(&is.0) => {
                (schema(&was.1), schema(&is.1), Carrier::Json)
            }
            _ => {
                self.report(
                    OperationRule::RequestParameterSerializationChanged,
                    request,
                    name,
                    places,
                    format!("{subject} is written in another way (`schema` or `content`)"),
                );
                return;
            }
        };
        self.schemas(
            scope,
            Described {
                part: Part::Parameter,
                direction: sent(scope),
                subject: &subject,
                carrier,
                always: path || (old.flag("required") && new.flag("required")),
                xml: false,
            },
            &was,
            &is,
        );
    }

    /// Compares how a parameter with a schema is written.
    fn written(
        &mut self,
        scope: &Scope,
        key: &Key,
        subject: &str,
        (old, was): (&Located<'a>, &Node<'a>),
        (new, is): (&Located<'a>, &Node<'a>),
    ) {
        if self.wire_differs(&key.0, (old, was), (new, is)) {
            self.report(
                OperationRule::RequestParameterSerializationChanged,
                Some(sent(scope)),
                Some(&scope.operation),
                (Some(old), Some(new)),
                format!("{subject} is written in another way (`style` or `explode`)"),
            );
        }
        if !scope.inverted {
            self.delimited(scope, subject, style(&key.0, new), (old, was), (new, is));
        }
    }

    /// Style and explode matter to lists and objects only, but for the styles
    /// that mark a value in the path.
    pub(super) fn wire_differs(
        &self,
        at: &str,
        (old, was): (&Located<'a>, &Node<'a>),
        (new, is): (&Located<'a>, &Node<'a>),
    ) -> bool {
        let (before, after) = (style(at, old), style(at, new));
        if before == after {
            return false;
        }
        let styles = (before.0, after.0);
        let marked = |style: &str| matches!(style, "matrix" | "label");
        // Of the simple style, exploded lists look like others.
        let differing = if styles == ("simple", "simple") {
            OBJECT
        } else {
            ARRAY | OBJECT
        };
        let compound = |document, node| {
            Expand::new(document, Direction::Request)
                .alternatives(node)
                .iter()
                .any(|alternative| alternative.types & differing != 0)
        };
        (styles.0 != styles.1 && (marked(styles.0) || marked(styles.1)))
            || (compound(self.base, was) && compound(self.revision, is))
    }
}

/// Style and explode of a parameter that is in this place.
fn style<'a>(at: &str, parameter: &Located<'a>) -> (&'a str, bool) {
    let usual = if matches!(at, "query" | "cookie") {
        "form"
    } else {
        "simple"
    };
    let style = parameter.text("style").unwrap_or(usual);
    let stated = parameter.value.get("explode").and_then(Value::as_bool);
    // There is but one way to write a deep object.
    let explode = style == "deepObject" || stated.unwrap_or(matches!(style, "form" | "cookie"));
    (style, explode)
}

/// The place of a parameter, such as `query`, and its name.
type Key = (String, String);

/// Parameters by their names, in their order.
fn by_name<'p, 'a>(
    all: &'p BTreeMap<Key, Located<'a>>,
) -> HashMap<&'p str, Vec<(&'p Key, &'p Located<'a>)>> {
    let mut by_name: HashMap<&str, Vec<_>> = HashMap::new();
    for (key, place) in all {
        by_name.entry(&key.1).or_default().push((key, place));
    }
    by_name
}

/// Parameters by place and name; those of the operation win. A header keeps no
/// case, and some headers are described elsewhere.
fn parameters<'a>(
    document: &'a Document,
    (item, operation): (&Located<'a>, &Located<'a>),
    renamed: &BTreeMap<String, String>,
) -> BTreeMap<Key, Located<'a>> {
    let mut all = BTreeMap::new();
    for of in [item, operation] {
        for place in list(of, "parameters") {
            let place = document.resolve(place);
            let (Some(at), Some(name)) = (place.text("in"), place.text("name")) else {
                continue;
            };
            let name = match at {
                "header" => name.to_ascii_lowercase(),
                "path" => renamed
                    .get(name)
                    .cloned()
                    .unwrap_or_else(|| name.to_owned()),
                _ => name.to_owned(),
            };
            if at == "header"
                && matches!(name.as_str(), "accept" | "content-type" | "authorization")
            {
                continue;
            }
            all.insert((at.to_owned(), name), place);
        }
    }
    all
}
