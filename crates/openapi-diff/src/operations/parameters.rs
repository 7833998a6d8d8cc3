//! Parameters: where they are, whether they are needed, how they are written.

use std::collections::BTreeMap;

use serde_json::Value;

use super::judge::{Described, Judge, Scope, media, path_of, schema, template};
use crate::alternatives::{ARRAY, Carrier, Expand, Node, OBJECT, list};
use crate::document::{Document, Located};
use crate::level::Direction;
use crate::rules::{OperationRule, Part, Use};

impl<'a> Judge<'a> {
    pub(super) fn parameters(
        &mut self,
        scope: &Scope,
        old: (&Located<'a>, &Located<'a>),
        new: (&Located<'a>, &Located<'a>),
    ) {
        let name = Some(scope.operation.as_str());
        let request = Some(Direction::Request);
        let was = parameters(self.base, old, &scope.renamed);
        let is = parameters(self.revision, new, &BTreeMap::new());
        for (key, old) in &was {
            if let Some(new) = is.get(key) {
                self.parameter(scope, key, old, new);
                continue;
            }
            let moved = is.iter().find(|(other, _)| {
                other.1 == key.1 && other.0 != key.0 && !was.contains_key(*other)
            });
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
                let text = format!(
                    "the {} parameter `{}` is gone; clients that send it are no longer heard",
                    key.0, key.1
                );
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
            if was.contains_key(key)
                || was
                    .keys()
                    .any(|other| other.1 == key.1 && !is.contains_key(other))
            {
                continue;
            }
            let (rule, text) = match (key.0.as_str(), new.flag("required")) {
                ("path", _)
                    if was.keys().filter(|other| other.0 == "path").count()
                        >= template(path_of(&scope.operation)).1.len() =>
                {
                    (OperationRule::NewRequestPathParameter, "is new")
                }
                // It was in the path all along, and is now described.
                ("path", _) => (
                    OperationRule::NewOptionalRequestParameter,
                    "is now described",
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

    fn parameter(
        &mut self,
        scope: &Scope,
        key: &(String, String),
        old: &Located<'a>,
        new: &Located<'a>,
    ) {
        let name = Some(scope.operation.as_str());
        let request = Some(Direction::Request);
        let places = (Some(old), Some(new));
        let subject = format!("the {} parameter `{}`", key.0, key.1);
        let path = key.0 == "path";
        match (old.flag("required") || path, new.flag("required") || path) {
            (false, true) => self.report(
                OperationRule::RequestParameterBecameRequired,
                request,
                name,
                places,
                format!("{subject} is now required; requests without it are rejected"),
            ),
            (true, false) => self.report(
                OperationRule::RequestParameterBecameOptional,
                request,
                name,
                places,
                format!("{subject} is no longer required"),
            ),
            _ => {}
        }
        let usage = Use {
            part: Part::Parameter,
            direction: Direction::Request,
            whole: true,
        };
        self.deprecation(usage, name, &subject, old, new);
        if old.flag("allowReserved") && !new.flag("allowReserved") {
            self.report(
                OperationRule::RequestParameterBecameNotAllowReserved,
                request,
                name,
                places,
                format!("reserved characters in {subject} must now be encoded"),
            );
        }
        if old.flag("allowEmptyValue") && !new.flag("allowEmptyValue") {
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
                if self.wire_differs(key, old, new, &was, &is) {
                    self.report(
                        OperationRule::RequestParameterSerializationChanged,
                        request,
                        name,
                        places,
                        format!("{subject} is written in another way (`style` or `explode`)"),
                    );
                }
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
                direction: Direction::Request,
                subject: &subject,
                carrier,
                always: path || (old.flag("required") && new.flag("required")),
                xml: false,
            },
            &was,
            &is,
        );
    }

    /// Style and explode matter to lists and objects only, but for the styles
    /// that mark a value in the path.
    fn wire_differs(
        &self,
        key: &(String, String),
        old: &Located<'a>,
        new: &Located<'a>,
        was: &Node<'a>,
        is: &Node<'a>,
    ) -> bool {
        let usual = if matches!(key.0.as_str(), "query" | "cookie") {
            "form"
        } else {
            "simple"
        };
        let style = |place: &Located<'a>| place.text("style").unwrap_or(usual);
        let explode = |place: &Located<'a>| {
            place
                .value
                .get("explode")
                .and_then(Value::as_bool)
                .unwrap_or(style(place) == "form")
        };
        if style(old) == style(new) && explode(old) == explode(new) {
            return false;
        }
        let marked = |style: &str| matches!(style, "matrix" | "label");
        // Of the simple style, exploded lists look like others.
        let differing = if style(old) == "simple" && style(new) == "simple" {
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
        (style(old) != style(new) && (marked(style(old)) || marked(style(new))))
            || (compound(self.base, was) && compound(self.revision, is))
    }
}

/// Parameters by place and name; those of the operation win. A header keeps no
/// case, and some headers are described elsewhere.
fn parameters<'a>(
    document: &'a Document,
    (item, operation): (&Located<'a>, &Located<'a>),
    renamed: &BTreeMap<String, String>,
) -> BTreeMap<(String, String), Located<'a>> {
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
