//! Everything around the schemas: paths, parameters, bodies, answers,
//! credentials and servers.

mod bodies;
mod callbacks;
mod causes;
mod delimited;
mod encodings;
mod ids;
mod judge;
mod parameters;
mod responses;
mod security;
mod servers;
mod stability;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use jiff::civil::Date;
use serde_json::Value;

use self::judge::{Judge, Scope, comparisons, operations, template};
use self::servers::Moves;
use super::classes::Classes;
use super::document::{Document, Located};
use crate::finding::Finding;
use crate::rules::OperationRule;

/// The day of a sunset, which may have a time.
fn day(sunset: &str) -> Option<Date> {
    sunset.get(..10)?.parse().ok()
}

pub(super) fn documents(base: &Document, revision: &Document, today: Date) -> Vec<Finding> {
    if base.root == revision.root && base.digits == revision.digits {
        return Vec::new();
    }
    // They go with the comparisons.
    let classes = Rc::new(Classes::find(base, revision));
    let compares = comparisons(base, revision, &classes);
    drop(classes);
    let mut judge = Judge {
        base,
        revision,
        today,
        findings: Vec::new(),
        compares,
        uses: Vec::new(),
        called_back: HashSet::new(),
        unstable: HashSet::new(),
    };
    judge.paths();
    judge.webhooks();
    judge.schemes();
    judge.components();
    judge.changes_of_schemas();
    judge.ids();
    judge.unpromised();
    judge.findings
}

impl<'a> Judge<'a> {
    fn paths(&mut self) {
        let prefixes = self.prefixes();
        let mut moves = Moves::default();
        let (old_root, new_root) = self.root();
        let old = self.base.members(&old_root, "paths");
        let new = self.revision.members(&new_root, "paths");
        let old: Vec<_> = old
            .into_iter()
            .filter(|(path, _)| path.starts_with('/'))
            .collect();
        let new: Vec<_> = new
            .into_iter()
            .filter(|(path, _)| path.starts_with('/'))
            .collect();
        let mut matched = vec![false; new.len()];
        let (mut by_path, mut by_template) = (HashMap::new(), HashMap::new());
        for (index, (path, _)) in new.iter().enumerate() {
            by_path.insert(path, index);
            by_template.entry(template(path).0).or_insert(index);
        }
        for (path, was) in &old {
            let (key, names) = template(path);
            let found = by_path.get(path).or_else(|| by_template.get(&key));
            let found = found.or_else(|| {
                let full = format!("{}{key}", prefixes.0);
                by_template.get(full.strip_prefix(&prefixes.1)?)
            });
            let Some(index) = found.copied() else {
                for (method, operation) in operations(self.base, was) {
                    self.gone(&method, path, &operation, true);
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
            let (now_path, now) = &new[index];
            self.path_item(path, was, now, false, &renamed);
            let others = operations(self.revision, now);
            for (method, old) in operations(self.base, was) {
                if let Some(new) = others.get(&method).cloned() {
                    let name = format!("{method} {path}");
                    let (old, new) = (
                        (path.as_str(), [was, &old]),
                        (now_path.as_str(), [now, &new]),
                    );
                    self.moved(&name, old, new, &mut moves);
                }
            }
        }
        self.servers(moves);
        for ((path, item), matched) in new.iter().zip(matched) {
            if matched {
                continue;
            }
            for (method, place) in operations(self.revision, item) {
                self.report(
                    OperationRule::EndpointAdded,
                    None,
                    Some(&format!("{method} {path}")),
                    (None, Some(&place)),
                    "the operation is new".to_owned(),
                );
            }
        }
    }

    fn gone(&mut self, method: &str, path: &str, operation: &Located<'a>, whole_path: bool) {
        let name = format!("{method} {path}");
        self.note_stability(&name, operation);
        let sunset = operation.text("x-sunset").and_then(day);
        let (rule, text) = match (operation.flag("deprecated"), sunset) {
            (false, _) => (
                if whole_path {
                    OperationRule::ApiPathRemovedWithoutDeprecation
                } else {
                    OperationRule::ApiRemovedWithoutDeprecation
                },
                "is gone, and clients that call it fail; it was not deprecated first".to_owned(),
            ),
            (true, Some(date)) if date <= self.today => (
                if whole_path {
                    OperationRule::ApiPathRemovedWithDeprecation
                } else {
                    OperationRule::ApiRemovedWithDeprecation
                },
                format!("is gone, as announced for {date}"),
            ),
            (true, Some(date)) => (
                if whole_path {
                    OperationRule::ApiPathRemovedBeforeSunset
                } else {
                    OperationRule::ApiRemovedBeforeSunset
                },
                format!("is gone before {date}, the day that was announced"),
            ),
            (true, None) => (
                OperationRule::ApiRemovedWithoutSunset,
                "was deprecated and is gone; no day had been announced".to_owned(),
            ),
        };
        self.report(
            rule,
            None,
            Some(&name),
            (Some(operation), None),
            format!("the operation {text}"),
        );
    }

    fn path_item(
        &mut self,
        path: &str,
        was: &Located<'a>,
        is: &Located<'a>,
        inverted: bool,
        renamed: &BTreeMap<String, String>,
    ) {
        let (old, new) = (operations(self.base, was), operations(self.revision, is));
        let methods: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for method in methods {
            let name = format!("{method} {path}");
            match (old.get(method), new.get(method)) {
                (Some(old), Some(new)) => {
                    let scope = Scope {
                        operation: name,
                        inverted,
                        renamed: renamed.clone(),
                    };
                    self.operation(&scope, (was, old), (is, new));
                }
                (Some(old), None) if inverted => {
                    let text = "the server no longer makes this call".to_owned();
                    self.report(
                        OperationRule::CallbackRemoved,
                        None,
                        Some(&name),
                        (Some(old), None),
                        text,
                    );
                }
                (Some(old), None) => self.gone(method, path, old, false),
                (None, Some(new)) => {
                    let rule = if inverted {
                        OperationRule::CallbackAdded
                    } else {
                        OperationRule::EndpointAdded
                    };
                    self.report(
                        rule,
                        None,
                        Some(&name),
                        (None, Some(new)),
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
        old: (&Located<'a>, &Located<'a>),
        new: (&Located<'a>, &Located<'a>),
    ) {
        self.marks(scope, old.1, new.1);
        self.parameters(scope, old, new);
        if !scope.inverted {
            self.security(scope, old.1, new.1);
        }
        self.request_body(scope, old.1, new.1);
        self.responses(scope, old.1, new.1);
        self.callbacks(scope, old.1, new.1);
    }

    fn marks(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let name = Some(scope.operation.as_str());
        let places = (Some(old), Some(new));
        self.note_stability(&scope.operation, old);
        self.stability(scope, old, new);
        match (old.flag("deprecated"), new.flag("deprecated")) {
            (false, true) => self.report(
                OperationRule::EndpointDeprecated,
                None,
                name,
                places,
                "the operation is deprecated".to_owned(),
            ),
            (true, false) => self.report(
                OperationRule::EndpointReactivated,
                None,
                name,
                places,
                "the operation is no longer deprecated".to_owned(),
            ),
            (true, true) => match (old.text("x-sunset"), new.text("x-sunset")) {
                (Some(date), Some(other)) if day(date).is_some() && day(other).is_none() => self
                    .report(
                        OperationRule::SunsetDeleted,
                        None,
                        name,
                        places,
                        format!("the sunset {date} is now `{other}`, which is no day"),
                    ),
                (Some(date), None) => self.report(
                    OperationRule::SunsetDeleted,
                    None,
                    name,
                    places,
                    format!("the sunset {date} is no longer named"),
                ),
                (Some(was), Some(is)) if is < was => self.report(
                    OperationRule::ApiSunsetDateChangedTooSmall,
                    None,
                    name,
                    places,
                    format!("the sunset moved forward from {was} to {is}"),
                ),
                _ => {}
            },
            _ => {}
        }
        let tags = |place: &Located<'a>| -> BTreeSet<&'a str> {
            let tags = place.value.get("tags").and_then(Value::as_array);
            tags.map(|tags| tags.iter().filter_map(Value::as_str).collect())
                .unwrap_or_default()
        };
        let (was, is) = (tags(old), tags(new));
        for tag in was.difference(&is) {
            self.report(
                OperationRule::ApiTagRemoved,
                None,
                name,
                places,
                format!("the tag `{tag}` is gone"),
            );
        }
        for tag in is.difference(&was) {
            self.report(
                OperationRule::ApiTagAdded,
                None,
                name,
                places,
                format!("the tag `{tag}` is new"),
            );
        }
    }

    fn components(&mut self) {
        let schemas = |document: &'a Document| {
            document
                .place("/components")
                .map(|components| document.members(&components, "schemas"))
                .unwrap_or_default()
        };
        let new = schemas(self.revision).into_iter().map(|(name, _)| name);
        let new: HashSet<String> = new.collect();
        for (name, place) in schemas(self.base) {
            if !new.contains(&name) {
                self.report(
                    OperationRule::ApiSchemaRemoved,
                    None,
                    None,
                    (Some(&place), None),
                    format!("the schema `{name}` is gone; generated types of that name go with it"),
                );
            }
        }
    }
}
