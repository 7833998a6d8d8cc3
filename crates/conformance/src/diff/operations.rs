//! Everything around the schemas: paths, parameters, bodies, answers,
//! credentials and servers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::compare::{Compare, Dirty};
use super::document::{Document, Place};
use super::rules::{self, OPERATIONS, Part};
use super::shape::{ARRAY, Expand, Node, OBJECT, list};
use crate::report::{Direction, Finding, Level, Location};

const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// A pair of places, each of which may not exist.
type Places<'p> = (Option<&'p Place<'p>>, Option<&'p Place<'p>>);

struct Judge<'a> {
    base: &'a Document,
    revision: &'a Document,
    today: &'a str,
    dirty: &'a Dirty,
    findings: Vec<Finding>,
}

/// The operation that is looked at.
#[derive(Clone)]
struct Scope {
    operation: String,
    /// In a callback it is the server that asks.
    inverted: bool,
    /// Names of path parameters that differ, the old one first.
    renamed: BTreeMap<String, String>,
}

pub(super) fn documents(base: &Document, revision: &Document, today: &str) -> Vec<Finding> {
    if base.root == revision.root {
        return Vec::new();
    }
    let dirty = Dirty::find(base, revision);
    let mut judge = Judge {
        base,
        revision,
        today,
        dirty: &dirty,
        findings: Vec::new(),
    };
    let prefixes = judge.servers();
    judge.paths(&prefixes);
    judge.webhooks();
    judge.components();
    judge.findings
}

pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, it)| match index {
            4 | 7 => *it == b'-',
            _ => it.is_ascii_digit(),
        })
}

impl<'a> Judge<'a> {
    fn report(
        &mut self,
        id: &str,
        direction: Option<Direction>,
        operation: Option<&str>,
        places: Places<'_>,
        message: String,
    ) {
        let level = OPERATIONS
            .iter()
            .find(|it| it.0 == id)
            .map_or(Level::Warning, |it| it.1);
        let location = |document: &Document, place: Option<&Place<'_>>| {
            place.map(|it| Location {
                source: document.source.clone(),
                pointer: it.pointer.clone(),
            })
        };
        self.findings.push(Finding {
            id: id.to_owned(),
            level,
            direction,
            operation: operation.map(str::to_owned),
            base: location(self.base, places.0),
            revision: location(self.revision, places.1),
            message,
        });
    }

    fn root(&self) -> (Place<'a>, Place<'a>) {
        let root = |document: &'a Document| Place {
            pointer: String::new(),
            value: &document.root,
        };
        (root(self.base), root(self.revision))
    }

    /// Reports servers, and returns the path that each document's stand at.
    fn servers(&mut self) -> (String, String) {
        let (old_root, new_root) = self.root();
        let (old, new) = (list(&old_root, "servers"), list(&new_root, "servers"));
        let prefix = |all: &[Place<'_>]| {
            all.first()
                .map(|it| split(&server(it)).1)
                .unwrap_or_default()
        };
        let prefixes = (prefix(&old), prefix(&new));
        let urls = |all: &[Place<'_>]| -> BTreeSet<String> {
            all.iter().map(server).filter(|it| !it.is_empty()).collect()
        };
        let (was, is) = (urls(&old), urls(&new));
        if was.is_empty() {
            return prefixes;
        }
        // A path that moved from the server into the paths is no change.
        let origins: BTreeSet<String> = is.iter().map(|it| split(it).0).collect();
        let gone: Vec<&Place<'_>> = old
            .iter()
            .filter(|it| {
                let url = server(it);
                let moved = prefixes.0 != prefixes.1
                    && origins.contains(&split(&url).0)
                    && (prefixes.0.starts_with(&prefixes.1) || prefixes.1.starts_with(&prefixes.0))
                    && self.paths_moved(&prefixes);
                !url.is_empty() && !is.contains(&url) && !moved
            })
            .collect();
        let all_gone = was.is_disjoint(&is) && gone.len() == old.len();
        for place in &gone {
            let (id, text) = if all_gone {
                (
                    "api-servers-replaced",
                    "is gone, as are all other old servers; clients that use it fail",
                )
            } else {
                (
                    "api-server-removed",
                    "is gone; clients that use it must turn to another",
                )
            };
            self.report(
                id,
                None,
                None,
                (Some(place), None),
                format!("the server {} {text}", server(place)),
            );
        }
        for place in &new {
            if !was.contains(&server(place)) {
                let text = format!("the server {} is new", server(place));
                self.report("api-server-added", None, None, (None, Some(place)), text);
            }
        }
        prefixes
    }

    /// Whether every path has moved along with the prefix of the server.
    fn paths_moved(&self, prefixes: &(String, String)) -> bool {
        let (old, new) = self.root();
        let old = self.base.members(&old, "paths");
        let new: BTreeSet<String> = self
            .revision
            .members(&new, "paths")
            .iter()
            .map(|(path, _)| format!("{}{}", prefixes.1, template(path).0))
            .collect();
        !old.is_empty()
            && old
                .iter()
                .all(|(path, _)| new.contains(&format!("{}{}", prefixes.0, template(path).0)))
    }

    fn paths(&mut self, prefixes: &(String, String)) {
        let (old_root, new_root) = self.root();
        let old = self.base.members(&old_root, "paths");
        let new = self.revision.members(&new_root, "paths");
        let old: Vec<_> = old.into_iter().filter(|it| it.0.starts_with('/')).collect();
        let new: Vec<_> = new.into_iter().filter(|it| it.0.starts_with('/')).collect();
        let mut matched = vec![false; new.len()];
        for (path, was) in &old {
            let (key, names) = template(path);
            let found = new
                .iter()
                .position(|it| &it.0 == path)
                .or_else(|| new.iter().position(|it| template(&it.0).0 == key))
                .or_else(|| {
                    let full = format!("{}{key}", prefixes.0);
                    (prefixes.0 != prefixes.1)
                        .then(|| {
                            new.iter().position(|it| {
                                format!("{}{}", prefixes.1, template(&it.0).0) == full
                            })
                        })
                        .flatten()
                });
            let Some(index) = found else {
                for method in METHODS {
                    if let Some(operation) = was.raw_member(method) {
                        self.gone(method, path, &operation, true);
                    }
                }
                continue;
            };
            matched[index] = true;
            let (_, new_names) = template(&new[index].0);
            let renamed = names
                .into_iter()
                .zip(new_names)
                .filter(|(a, b)| a != b)
                .collect();
            self.path_item(path, was, &new[index].1, false, &renamed);
        }
        for ((path, item), matched) in new.iter().zip(matched) {
            if matched {
                continue;
            }
            for method in METHODS {
                if let Some(place) = item.raw_member(method) {
                    let operation = format!("{} {path}", method.to_uppercase());
                    self.report(
                        "endpoint-added",
                        None,
                        Some(&operation),
                        (None, Some(&place)),
                        "the operation is new".to_owned(),
                    );
                }
            }
        }
    }

    fn gone(&mut self, method: &str, path: &str, operation: &Place<'a>, whole_path: bool) {
        let name = format!("{} {path}", method.to_uppercase());
        let prefix = if whole_path {
            "api-path-removed"
        } else {
            "api-removed"
        };
        let sunset = operation
            .text("x-sunset")
            .and_then(|it| it.get(..10))
            .filter(|it| is_date(it));
        let (id, text) = match (operation.flag("deprecated"), sunset) {
            (false, _) => (
                format!("{prefix}-without-deprecation"),
                "is gone, and clients that call it fail; deprecate it first".to_owned(),
            ),
            (true, Some(date)) if date <= self.today => (
                format!("{prefix}-with-deprecation"),
                format!("is gone, as announced for {date}"),
            ),
            (true, Some(date)) => (
                format!("{prefix}-before-sunset"),
                format!("is gone before {date}, the day that was announced"),
            ),
            (true, None) => (
                "api-removed-without-sunset".to_owned(),
                "was deprecated and is gone; no day had been announced".to_owned(),
            ),
        };
        self.report(
            &id,
            None,
            Some(&name),
            (Some(operation), None),
            format!("the operation {text}"),
        );
    }

    fn path_item(
        &mut self,
        path: &str,
        was: &Place<'a>,
        is: &Place<'a>,
        inverted: bool,
        renamed: &BTreeMap<String, String>,
    ) {
        for method in METHODS {
            let name = format!("{} {path}", method.to_uppercase());
            match (was.raw_member(method), is.raw_member(method)) {
                (Some(old), Some(new)) => {
                    let scope = Scope {
                        operation: name,
                        inverted,
                        renamed: renamed.clone(),
                    };
                    self.operation(&scope, (was, &old), (is, &new));
                }
                (Some(old), None) if inverted => {
                    let text = "the server no longer makes this call".to_owned();
                    self.report(
                        "callback-removed",
                        None,
                        Some(&name),
                        (Some(&old), None),
                        text,
                    );
                }
                (Some(old), None) => self.gone(method, path, &old, false),
                (None, Some(new)) => {
                    let id = if inverted {
                        "callback-added"
                    } else {
                        "endpoint-added"
                    };
                    self.report(
                        id,
                        None,
                        Some(&name),
                        (None, Some(&new)),
                        "the operation is new".to_owned(),
                    );
                }
                (None, None) => {}
            }
        }
    }

    fn operation(
        &mut self,
        scope: &Scope,
        old: (&Place<'a>, &Place<'a>),
        new: (&Place<'a>, &Place<'a>),
    ) {
        self.marks(scope, old.1, new.1);
        if !scope.inverted {
            self.parameters(scope, old, new);
            self.security(scope, old.1, new.1);
        }
        self.request_body(scope, old.1, new.1);
        self.responses(scope, old.1, new.1);
        self.callbacks(scope, old.1, new.1);
    }

    fn marks(&mut self, scope: &Scope, old: &Place<'a>, new: &Place<'a>) {
        let name = Some(scope.operation.as_str());
        let places = (Some(old), Some(new));
        match (old.flag("deprecated"), new.flag("deprecated")) {
            (false, true) => self.report(
                "endpoint-deprecated",
                None,
                name,
                places,
                "the operation is deprecated".to_owned(),
            ),
            (true, false) => self.report(
                "endpoint-reactivated",
                None,
                name,
                places,
                "the operation is no longer deprecated".to_owned(),
            ),
            (true, true) => match (old.text("x-sunset"), new.text("x-sunset")) {
                (Some(date), None) => self.report(
                    "sunset-deleted",
                    None,
                    name,
                    places,
                    format!("the sunset {date} is no longer named"),
                ),
                (Some(was), Some(is)) if is < was => self.report(
                    "api-sunset-date-changed-too-small",
                    None,
                    name,
                    places,
                    format!("the sunset moved forward from {was} to {is}"),
                ),
                _ => {}
            },
            _ => {}
        }
        match (old.text("operationId"), new.text("operationId")) {
            (Some(was), is) if is != Some(was) => {
                let now = is.map_or("gone".to_owned(), |it| format!("now `{it}`"));
                self.report(
                    "api-operation-id-removed",
                    None,
                    name,
                    places,
                    format!(
                        "the operation id `{was}` is {now}; generated clients call it by that name"
                    ),
                );
            }
            (None, Some(is)) => self.report(
                "api-operation-id-added",
                None,
                name,
                places,
                format!("the operation has the id `{is}`"),
            ),
            _ => {}
        }
        let tags = |place: &Place<'a>| -> BTreeSet<&'a str> {
            let tags = place.value.get("tags").and_then(Value::as_array);
            tags.map(|it| it.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default()
        };
        let (was, is) = (tags(old), tags(new));
        for tag in was.difference(&is) {
            self.report(
                "api-tag-removed",
                None,
                name,
                places,
                format!("the tag `{tag}` is gone"),
            );
        }
        for tag in is.difference(&was) {
            self.report(
                "api-tag-added",
                None,
                name,
                places,
                format!("the tag `{tag}` is new"),
            );
        }
    }

    fn parameters(
        &mut self,
        scope: &Scope,
        old: (&Place<'a>, &Place<'a>),
        new: (&Place<'a>, &Place<'a>),
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
                    "request-parameter-moved",
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
                    "request-parameter-removed",
                    request,
                    name,
                    (Some(old), None),
                    text,
                );
            }
        }
        for (key, new) in &is {
            if was.contains_key(key) || was.keys().any(|it| it.1 == key.1 && !is.contains_key(it)) {
                continue;
            }
            let (id, text) = match (key.0.as_str(), new.flag("required")) {
                ("path", _)
                    if was.keys().filter(|it| it.0 == "path").count()
                        >= template(path_of(&scope.operation)).1.len() =>
                {
                    ("new-request-path-parameter", "is new")
                }
                // It was in the path all along, and is now described.
                ("path", _) => ("new-optional-request-parameter", "is now described"),
                (_, true) => (
                    "new-required-request-parameter",
                    "is new and required; requests without it are rejected",
                ),
                _ => ("new-optional-request-parameter", "is new and optional"),
            };
            self.report(
                id,
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
        old: &Place<'a>,
        new: &Place<'a>,
    ) {
        let name = Some(scope.operation.as_str());
        let request = Some(Direction::Request);
        let places = (Some(old), Some(new));
        let subject = format!("the {} parameter `{}`", key.0, key.1);
        let path = key.0 == "path";
        match (old.flag("required") || path, new.flag("required") || path) {
            (false, true) => self.report(
                "request-parameter-became-required",
                request,
                name,
                places,
                format!("{subject} is now required; requests without it are rejected"),
            ),
            (true, false) => self.report(
                "request-parameter-became-optional",
                request,
                name,
                places,
                format!("{subject} is no longer required"),
            ),
            _ => {}
        }
        match (old.flag("deprecated"), new.flag("deprecated")) {
            (false, true) => self.schema_mark(
                "request-parameter-deprecated",
                name,
                places,
                format!("{subject} is deprecated"),
            ),
            (true, false) => self.schema_mark(
                "request-parameter-reactivated",
                name,
                places,
                format!("{subject} is no longer deprecated"),
            ),
            _ => {}
        }
        if old.flag("allowReserved") && !new.flag("allowReserved") {
            self.report(
                "request-parameter-allow-reserved-removed",
                request,
                name,
                places,
                format!("reserved characters in {subject} must now be encoded"),
            );
        }
        if old.flag("allowEmptyValue") && !new.flag("allowEmptyValue") {
            self.report(
                "request-parameter-allow-empty-value-removed",
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
        let (was, is, text) = match (contents.0.first(), contents.1.first()) {
            (None, None) => {
                let (was, is) = (schema(old), schema(new));
                if self.wire_differs(key, old, new, &was, &is) {
                    self.report(
                        "request-parameter-serialization-changed",
                        request,
                        name,
                        places,
                        format!("{subject} is written in another way (`style` or `explode`)"),
                    );
                }
                (was, is, true)
            }
            (Some(was), Some(is)) if media(&was.0) == media(&is.0) => {
                (schema(&was.1), schema(&is.1), false)
            }
            _ => {
                self.report(
                    "request-parameter-serialization-changed",
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
            Part::Parameter,
            Direction::Request,
            &subject,
            (&was, &is),
            text,
        );
    }

    /// Style and explode matter to lists and objects only, but for the styles
    /// that mark a value in the path.
    fn wire_differs(
        &self,
        key: &(String, String),
        old: &Place<'a>,
        new: &Place<'a>,
        was: &Node<'a>,
        is: &Node<'a>,
    ) -> bool {
        let usual = if matches!(key.0.as_str(), "query" | "cookie") {
            "form"
        } else {
            "simple"
        };
        let style = |place: &Place<'a>| place.text("style").unwrap_or(usual);
        let explode = |place: &Place<'a>| {
            place
                .value
                .get("explode")
                .and_then(Value::as_bool)
                .unwrap_or(style(place) == "form")
        };
        if style(old) == style(new) && explode(old) == explode(new) {
            return false;
        }
        let marked = |it: &str| matches!(it, "matrix" | "label");
        let compound = |document, node| {
            Expand {
                document,
                direction: Direction::Request,
            }
            .shapes(node)
            .iter()
            .any(|it| it.types & (ARRAY | OBJECT) != 0)
        };
        (style(old) != style(new) && (marked(style(old)) || marked(style(new))))
            || (compound(self.base, was) && compound(self.revision, is))
    }

    fn schema_mark(&mut self, id: &str, name: Option<&str>, places: Places<'_>, text: String) {
        self.report(id, Some(Direction::Request), name, places, text);
        if let Some(last) = self.findings.last_mut() {
            last.level = Level::Info;
        }
    }

    fn request_body(&mut self, scope: &Scope, old: &Place<'a>, new: &Place<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = sent(scope);
        let was = self.base.member(old, "requestBody");
        let is = self.revision.member(new, "requestBody");
        match (&was, &is) {
            (None, Some(is)) => {
                let (id, text) = if is.flag("required") {
                    (
                        "request-body-added-required",
                        "a request must now have a body",
                    )
                } else {
                    (
                        "request-body-added-optional",
                        "a request may now have a body",
                    )
                };
                self.report(
                    id,
                    Some(direction),
                    name,
                    (Some(old), Some(is)),
                    text.to_owned(),
                );
            }
            (Some(was), None) => self.report(
                "request-body-removed",
                Some(direction),
                name,
                (Some(was), Some(new)),
                "a request can no longer have a body; what clients send in it is lost".to_owned(),
            ),
            (Some(was), Some(is)) => {
                let places = (Some(was), Some(is));
                match (was.flag("required"), is.flag("required")) {
                    (false, true) => self.report(
                        "request-body-became-required",
                        Some(direction),
                        name,
                        places,
                        "the request body may no longer be left out".to_owned(),
                    ),
                    (true, false) => self.report(
                        "request-body-became-optional",
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

    fn contents(
        &mut self,
        scope: &Scope,
        direction: Direction,
        subject: &str,
        was: &Place<'a>,
        is: &Place<'a>,
    ) {
        let name = Some(scope.operation.as_str());
        let request = direction == Direction::Request;
        let old = self.base.members(was, "content");
        let new = self.revision.members(is, "content");
        let mut matched = vec![false; new.len()];
        for (kind, place) in &old {
            let exact = new.iter().position(|it| media(&it.0) == media(kind));
            let range = || {
                new.iter()
                    .position(|it| covers(&media(&it.0), &media(kind)))
            };
            let inner = || {
                new.iter()
                    .position(|it| covers(&media(kind), &media(&it.0)))
            };
            let index = if let Some(index) = exact {
                index
            } else if let Some(index) = range() {
                let id = if request {
                    "request-body-media-type-added"
                } else {
                    "response-media-type-name-generalized"
                };
                let text = format!("{subject} was `{kind}` and is now `{}`", new[index].0);
                self.report(
                    id,
                    Some(direction),
                    name,
                    (Some(place), Some(&new[index].1)),
                    text,
                );
                index
            } else if let Some(index) = inner().filter(|_| !request) {
                let text = format!("{subject} was `{kind}` and is now `{}`", new[index].0);
                self.report(
                    "response-media-type-name-specialized",
                    Some(direction),
                    name,
                    (Some(place), Some(&new[index].1)),
                    text,
                );
                index
            } else {
                let (id, text) = if request {
                    ("request-body-media-type-removed", "is no longer accepted")
                } else {
                    (
                        "response-media-type-removed",
                        "is gone; clients that ask for it fail",
                    )
                };
                self.report(
                    id,
                    Some(direction),
                    name,
                    (Some(place), Some(is)),
                    format!("{subject}: the media type `{kind}` {text}"),
                );
                continue;
            };
            matched[index] = true;
            let form = media(kind) == "application/x-www-form-urlencoded";
            self.content(scope, direction, subject, (place, &new[index].1), form);
        }
        for ((kind, place), matched) in new.iter().zip(matched) {
            // Without any type before, there was no body to speak of.
            if !matched {
                let id = if request {
                    "request-body-media-type-added"
                } else {
                    "response-media-type-added"
                };
                self.report(
                    id,
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
        (old, new): (&Place<'a>, &Place<'a>),
        form: bool,
    ) {
        let encoding = |place: &Place<'a>| place.value.get("encoding").cloned();
        if form
            && direction == Direction::Request
            && encoding(old).is_some_and(|it| Some(it) != encoding(new))
        {
            self.report(
                "request-parameter-serialization-changed",
                Some(direction),
                Some(&scope.operation),
                (Some(old), Some(new)),
                format!("how {subject} is encoded changed"),
            );
        }
        let nodes = (schema(old), schema(new));
        self.schemas(
            scope,
            Part::Body,
            direction,
            subject,
            (&nodes.0, &nodes.1),
            form,
        );
    }

    fn responses(&mut self, scope: &Scope, old: &Place<'a>, new: &Place<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = answered(scope);
        let was = self.base.members(old, "responses");
        let is = self.revision.members(new, "responses");
        let find = |all: &[(String, Place<'a>)], status: &str| {
            all.iter()
                .find(|it| it.0.eq_ignore_ascii_case(status))
                .map(|it| it.1.clone())
        };
        for (status, place) in was.iter().filter(|it| !it.0.starts_with("x-")) {
            let range = status
                .get(..1)
                .map(|it| format!("{it}XX"))
                .unwrap_or_default();
            let success = status.starts_with('2');
            let default = || {
                if success {
                    find(&is, "default").filter(|_| !is.iter().any(|it| it.0.starts_with('2')))
                } else {
                    None
                }
            };
            if let Some(new) = find(&is, status)
                .or_else(|| find(&is, &range))
                .or_else(default)
            {
                self.response(scope, status, place, &new);
                continue;
            }
            // A range that was split up into its members.
            if status.to_ascii_uppercase().ends_with("XX") {
                let members: Vec<_> = is
                    .iter()
                    .filter(|it| it.0.starts_with(&status[..1]))
                    .cloned()
                    .collect();
                if !members.is_empty() {
                    for (_, new) in members {
                        self.response(scope, status, place, &new);
                    }
                    continue;
                }
            }
            let (id, text) = if success {
                (
                    "response-success-status-removed",
                    "clients that wait for it fail",
                )
            } else {
                (
                    "response-non-success-status-removed",
                    "clients need not handle it any more",
                )
            };
            self.report(
                id,
                Some(direction),
                name,
                (Some(place), Some(new)),
                format!("the status {status} is gone; {text}"),
            );
        }
        for (status, place) in is.iter().filter(|it| !it.0.starts_with("x-")) {
            let range = status
                .get(..1)
                .map(|it| format!("{it}XX"))
                .unwrap_or_default();
            if find(&was, status).is_some() || find(&was, &range).is_some() {
                continue;
            }
            let id = if status.starts_with('2') {
                "response-success-status-added"
            } else {
                "response-non-success-status-added"
            };
            self.report(
                id,
                Some(direction),
                name,
                (Some(old), Some(place)),
                format!("the status {status} is new"),
            );
        }
    }

    fn response(&mut self, scope: &Scope, status: &str, old: &Place<'a>, new: &Place<'a>) {
        let name = Some(scope.operation.as_str());
        let direction = answered(scope);
        let was = self.base.members(old, "headers");
        let is = self.revision.members(new, "headers");
        let ours = |it: &&(String, Place<'a>)| !it.0.eq_ignore_ascii_case("content-type");
        for (header, place) in was.iter().filter(ours) {
            let subject = format!("the header `{header}` of the {status} response");
            let Some((_, now)) = is.iter().find(|it| it.0.eq_ignore_ascii_case(header)) else {
                let id = if place.flag("required") {
                    "required-response-header-removed"
                } else {
                    "optional-response-header-removed"
                };
                self.report(
                    id,
                    Some(direction),
                    name,
                    (Some(place), Some(new)),
                    format!("{subject} is gone"),
                );
                continue;
            };
            match (place.flag("required"), now.flag("required")) {
                (true, false) => self.report(
                    "response-header-became-optional",
                    Some(direction),
                    name,
                    (Some(place), Some(now)),
                    format!("{subject} may now be missing"),
                ),
                (false, true) => self.report(
                    "response-header-became-required",
                    Some(direction),
                    name,
                    (Some(place), Some(now)),
                    format!("{subject} is now always sent"),
                ),
                _ => {}
            }
            let nodes = (schema(place), schema(now));
            self.schemas(
                scope,
                Part::Header,
                direction,
                &subject,
                (&nodes.0, &nodes.1),
                false,
            );
        }
        for (header, place) in is.iter().filter(ours) {
            if !was.iter().any(|it| it.0.eq_ignore_ascii_case(header)) {
                self.report(
                    "response-header-added",
                    Some(direction),
                    name,
                    (Some(old), Some(place)),
                    format!("the header `{header}` of the {status} response is new"),
                );
            }
        }
        self.contents(
            scope,
            direction,
            &format!("the body of the {status} response"),
            old,
            new,
        );
    }

    fn schemas(
        &mut self,
        scope: &Scope,
        part: Part,
        direction: Direction,
        subject: &str,
        nodes: (&Node<'a>, &Node<'a>),
        text: bool,
    ) {
        let mut compare = Compare::new(self.base, self.revision, self.dirty, direction);
        compare.text = text && direction == Direction::Request;
        for change in compare.changes(nodes.0, nodes.1) {
            let whole = change.path.is_empty();
            let named = if whole {
                subject.to_owned()
            } else {
                format!("the property `{}` of {subject}", change.path)
            };
            let location = |document: &Document, pointer: Option<String>| {
                pointer.map(|pointer| Location {
                    source: document.source.clone(),
                    pointer,
                })
            };
            self.findings.push(Finding {
                id: rules::id(part, direction, change.kind, whole),
                level: rules::level(direction, change.kind, change.effect),
                direction: Some(direction),
                operation: Some(scope.operation.clone()),
                base: location(self.base, change.base),
                revision: location(self.revision, change.revision),
                message: change.text.replace("{S}", &named),
            });
        }
    }

    fn callbacks(&mut self, scope: &Scope, old: &Place<'a>, new: &Place<'a>) {
        let name = Some(scope.operation.as_str());
        let was = self.base.members(old, "callbacks");
        let is = self.revision.members(new, "callbacks");
        for (key, place) in &was {
            let Some((_, now)) = is.iter().find(|it| &it.0 == key) else {
                self.report(
                    "callback-removed",
                    None,
                    name,
                    (Some(place), Some(new)),
                    format!("the callback `{key}` is gone; clients wait for it in vain"),
                );
                continue;
            };
            let urls = |document: &'a Document, place: &Place<'a>| -> Vec<(String, Place<'a>)> {
                let keys = place
                    .value
                    .as_object()
                    .map(|it| it.keys().cloned().collect::<Vec<_>>());
                keys.unwrap_or_default()
                    .into_iter()
                    .filter_map(|key| Some((key.clone(), document.member(place, &key)?)))
                    .collect()
            };
            let (before, after) = (urls(self.base, place), urls(self.revision, now));
            for (url, item) in &before {
                match after.iter().find(|it| &it.0 == url) {
                    Some((_, other)) => {
                        let path = format!("callback {key} of {}", scope.operation);
                        self.path_item(&path, item, other, !scope.inverted, &BTreeMap::new());
                    }
                    None => self.report(
                        "callback-removed",
                        None,
                        name,
                        (Some(item), Some(now)),
                        format!("the callback `{key}` no longer goes to `{url}`"),
                    ),
                }
            }
        }
        for (key, place) in &is {
            if !was.iter().any(|it| &it.0 == key) {
                self.report(
                    "callback-added",
                    None,
                    name,
                    (Some(old), Some(place)),
                    format!("the callback `{key}` is new"),
                );
            }
        }
    }

    fn webhooks(&mut self) {
        let (old_root, new_root) = self.root();
        let was = self.base.members(&old_root, "webhooks");
        let is = self.revision.members(&new_root, "webhooks");
        for (key, place) in &was {
            match is.iter().find(|it| &it.0 == key) {
                Some((_, now)) => self.path_item(
                    &format!("webhook {key}"),
                    place,
                    now,
                    true,
                    &BTreeMap::new(),
                ),
                None => self.report(
                    "webhook-removed",
                    None,
                    None,
                    (Some(place), None),
                    format!("the webhook `{key}` is gone; clients wait for it in vain"),
                ),
            }
        }
        for (key, place) in &is {
            if !was.iter().any(|it| &it.0 == key) {
                self.report(
                    "webhook-added",
                    None,
                    None,
                    (None, Some(place)),
                    format!("the webhook `{key}` is new"),
                );
            }
        }
    }

    fn components(&mut self) {
        let schemas = |document: &'a Document| {
            document
                .place("/components")
                .map(|it| document.members(&it, "schemas"))
                .unwrap_or_default()
        };
        let new = schemas(self.revision);
        for (name, place) in schemas(self.base) {
            if !new.iter().any(|it| it.0 == name) {
                self.report(
                    "api-schema-removed",
                    None,
                    None,
                    (Some(&place), None),
                    format!("the schema `{name}` is gone; generated types of that name go with it"),
                );
            }
        }
    }

    fn security(&mut self, scope: &Scope, old: &Place<'a>, new: &Place<'a>) {
        let name = Some(scope.operation.as_str());
        let was = alternatives(self.base, old);
        let is = alternatives(self.revision, new);
        let eases = |new: &Requirement, old: &Requirement| {
            new.iter()
                .all(|(scheme, scopes)| old.get(scheme).is_some_and(|it| scopes.is_subset(it)))
        };
        for old_way in &was {
            if is.iter().any(|it| eases(it, old_way)) {
                continue;
            }
            let way = show(old_way);
            let wider = is.iter().find(|it| it.keys().eq(old_way.keys()));
            let (id, text) = if old_way.is_empty() {
                (
                    "api-anonymous-access-removed",
                    "the operation was open to all and now needs credentials".to_owned(),
                )
            } else if let Some(wider) = wider {
                (
                    "api-security-scope-added",
                    format!("access with {way} now needs {}", show(wider)),
                )
            } else {
                (
                    "api-security-removed",
                    format!("access with {way} is no longer enough"),
                )
            };
            self.report(
                id,
                Some(Direction::Request),
                name,
                (Some(old), Some(new)),
                text,
            );
        }
        for new_way in &is {
            if was.contains(new_way) {
                continue;
            }
            let fewer = was
                .iter()
                .any(|it| it.keys().eq(new_way.keys()) && eases(new_way, it));
            let (id, text) = if fewer {
                (
                    "api-security-scope-removed",
                    format!("access now needs no more than {}", show(new_way)),
                )
            } else if was.iter().any(|it| it.keys().eq(new_way.keys())) {
                continue;
            } else {
                (
                    "api-security-added",
                    format!("access is possible with {}", show(new_way)),
                )
            };
            self.report(
                id,
                Some(Direction::Request),
                name,
                (Some(old), Some(new)),
                text,
            );
        }
    }
}

fn sent(scope: &Scope) -> Direction {
    if scope.inverted {
        Direction::Response
    } else {
        Direction::Request
    }
}

fn answered(scope: &Scope) -> Direction {
    if scope.inverted {
        Direction::Request
    } else {
        Direction::Response
    }
}

fn path_of(operation: &str) -> &str {
    operation.split_once(' ').map_or(operation, |it| it.1)
}

fn schema<'a>(place: &Place<'a>) -> Node<'a> {
    place
        .raw_member("schema")
        .map(Node::one)
        .unwrap_or_default()
}

/// The path with its parameters unnamed, and their names.
fn template(path: &str) -> (String, Vec<String>) {
    let (mut key, mut names) = (String::new(), Vec::new());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else {
            break;
        };
        key.push_str(before);
        key.push_str("{}");
        names.push(name.to_owned());
        rest = tail;
    }
    key.push_str(rest);
    (key, names)
}

/// Parameters by place and name; those of the operation win. A header keeps no
/// case, and some headers are described elsewhere.
fn parameters<'a>(
    document: &'a Document,
    (item, operation): (&Place<'a>, &Place<'a>),
    renamed: &BTreeMap<String, String>,
) -> BTreeMap<(String, String), Place<'a>> {
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

/// A media type in one spelling. A charset of UTF-8 is what JSON has anyway.
fn media(kind: &str) -> String {
    let mut parts = kind
        .split(';')
        .map(|it| it.trim().to_ascii_lowercase().replace('"', ""));
    let name = parts.next().unwrap_or_default();
    let mut rest: Vec<String> = parts
        .filter(|it| !it.is_empty() && it.replace(' ', "") != "charset=utf-8")
        .collect();
    rest.sort();
    rest.insert(0, name);
    rest.join(";")
}

fn covers(range: &str, kind: &str) -> bool {
    let bare = kind.split(';').next().unwrap_or_default();
    range == "*/*"
        || range == bare
        || range
            .strip_suffix("/*")
            .is_some_and(|it| bare.split('/').next() == Some(it))
}

/// The URL of a server in one spelling, variables replaced.
fn server(place: &Place<'_>) -> String {
    let mut url = place.text("url").unwrap_or_default().to_owned();
    if let Some(Value::Object(variables)) = place.value.get("variables") {
        for (name, variable) in variables {
            if let Some(default) = variable.get("default").and_then(Value::as_str) {
                url = url.replace(&format!("{{{name}}}"), default);
            }
        }
    }
    let (origin, path) = split(&url);
    let origin = origin.to_ascii_lowercase();
    let origin = match origin.split_once("://") {
        Some(("https", host)) => format!("https://{}", host.strip_suffix(":443").unwrap_or(host)),
        Some(("http", host)) => format!("http://{}", host.strip_suffix(":80").unwrap_or(host)),
        _ => origin,
    };
    format!("{origin}{path}")
}

/// Scheme and host, and the path without a slash at its end.
fn split(url: &str) -> (String, String) {
    let start = url.find("://").map_or(0, |it| it + 3);
    let at = url[start..].find('/').map_or(url.len(), |it| it + start);
    (
        url[..at].to_owned(),
        url[at..].trim_end_matches('/').to_owned(),
    )
}

/// Schemes that must all be satisfied, each with its scopes.
type Requirement = BTreeMap<String, BTreeSet<String>>;

/// The ways to authenticate, each by what its schemes are, not by their names.
fn alternatives(document: &Document, operation: &Place<'_>) -> Vec<Requirement> {
    let stated = operation
        .value
        .get("security")
        .or_else(|| document.root.get("security"));
    let Some(Value::Array(stated)) = stated else {
        return vec![Requirement::new()];
    };
    if stated.is_empty() {
        return vec![Requirement::new()];
    }
    stated
        .iter()
        .filter_map(Value::as_object)
        .map(|it| {
            it.iter()
                .map(|(name, scopes)| {
                    let scopes = scopes.as_array().into_iter().flatten();
                    let scopes = scopes
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect();
                    (scheme(document, name), scopes)
                })
                .collect()
        })
        .collect()
}

fn scheme(document: &Document, name: &str) -> String {
    let place = document
        .place("/components/securitySchemes")
        .and_then(|it| document.member(&it, name));
    let Some(place) = place else {
        return format!("`{name}`");
    };
    match place.text("type") {
        Some("apiKey") => {
            let key = place.text("name").unwrap_or_default();
            let at = place.text("in").unwrap_or_default();
            let key = if at == "header" {
                key.to_ascii_lowercase()
            } else {
                key.to_owned()
            };
            format!("the key `{key}` in the {at}")
        }
        Some("http") => format!(
            "HTTP {}",
            place
                .text("scheme")
                .unwrap_or_default()
                .to_ascii_lowercase()
        ),
        Some("openIdConnect") => "OpenID Connect".to_owned(),
        Some("oauth2") => "OAuth 2".to_owned(),
        Some(other) => other.to_owned(),
        None => format!("`{name}`"),
    }
}

fn show(requirement: &Requirement) -> String {
    if requirement.is_empty() {
        return "no credentials".to_owned();
    }
    let parts: Vec<String> = requirement
        .iter()
        .map(|(scheme, scopes)| {
            if scopes.is_empty() {
                scheme.clone()
            } else {
                let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
                format!("{scheme} ({})", scopes.join(", "))
            }
        })
        .collect();
    parts.join(" and ")
}
