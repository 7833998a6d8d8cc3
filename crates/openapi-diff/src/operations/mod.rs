//! Everything around the schemas: paths, parameters, bodies, answers,
//! credentials and servers.

mod bodies;
mod callbacks;
mod ids;
mod judge;
mod parameters;
mod responses;
mod security;
mod servers;
mod stability;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use self::judge::{Cause, Judge, Scope, UsedPair, comparisons, operations, template};
use self::servers::Moves;
use super::classes::Classes;
use super::compare::Compare;
use super::document::{Document, Located};
use crate::finding::{Finding, Location};
use crate::operation_list::OperationList;
use crate::rules::{self, OperationRule, Part, Rule, SchemaRule};

pub(super) fn documents(base: &Document, revision: &Document, today: Date) -> Vec<Finding> {
    if base.root == revision.root {
        return Vec::new();
    }
    let classes = Classes::find(base, revision);
    let mut judge = Judge {
        base,
        revision,
        today,
        findings: Vec::new(),
        compares: comparisons(base, revision, &classes),
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
                for (method, operation) in operations(was) {
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
            let others = operations(now);
            for (method, old) in operations(was) {
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
            for (method, place) in operations(item) {
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
        let sunset = operation
            .text("x-sunset")
            .and_then(|text| text.get(..10)?.parse::<Date>().ok());
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
        let (old, new) = (operations(was), operations(is));
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

    fn changes_of_schemas(&mut self) {
        let changed = self.compares.each_ref().map(Compare::changed);
        // What uses the same pair reaches the same changes.
        let mut roots: BTreeMap<(usize, usize, bool), Vec<usize>> = BTreeMap::new();
        for (number, used) in self.uses.iter().enumerate() {
            let root = (used.compare, used.pair, used.always);
            roots.entry(root).or_default().push(number);
        }
        let roots: Vec<_> = roots.into_iter().collect();
        // Which roots reach a change, and how: many uses have the same root.
        let mut causes: BTreeMap<Cause, Vec<(usize, Box<str>)>> = BTreeMap::new();
        for (root, ((compare, pair, always), uses)) in roots.iter().enumerate() {
            let parts: BTreeSet<_> = uses.iter().map(|number| self.uses[*number].part).collect();
            for reached in self.compares[*compare].below(*pair, *always, &changed[*compare]) {
                for part in &parts {
                    let cause = Cause {
                        compare: *compare,
                        part: *part,
                        pair: reached.pair,
                        change: reached.change,
                    };
                    let reached_from = causes.entry(cause).or_default();
                    reached_from.push((root, reached.path.clone().into()));
                }
            }
        }
        let mut names = Names::of(&self.uses);
        for (cause, from) in causes {
            let change = self.compares[cause.compare].change(cause.pair, cause.change);
            let is_of_xml = change.rule == SchemaRule::XmlChanged;
            let is_reached = |used: &UsedPair| used.part == cause.part && (used.xml || !is_of_xml);
            let mut places: Vec<(usize, &str)> = Vec::new();
            for (root, path) in &from {
                let all = roots[*root].1.iter().copied();
                let reached = all.filter(|number| is_reached(&self.uses[*number]));
                places.extend(reached.map(|number| (number, &**path)));
            }
            places.sort_by_key(|(number, _)| *number);
            let steps = |path: &str| path.matches(['.', '[']).count();
            // The nearest place speaks for all.
            let nearest = places
                .iter()
                .min_by_key(|(_, path)| (!path.is_empty(), steps(path)));
            let Some((number, path)) = nearest else {
                continue;
            };
            let used = &self.uses[*number];
            let reaching = from.iter().map(|(root, _)| *root).collect();
            let also = names.others(*number, (reaching, cause.part, is_of_xml), &places);
            let location = |document: &Document, pointer: &Option<String>| {
                pointer.clone().map(|pointer| Location {
                    source: document.source.clone(),
                    pointer,
                    line: None,
                })
            };
            let subject = named(path, &used.subject);
            let usage = rules::Use {
                part: cause.part,
                direction: used.direction,
                whole: path.is_empty(),
            };
            self.findings.push(Finding {
                rule: Rule::Schema(change.rule, usage),
                level: rules::level(used.direction, change.rule, change.effect),
                direction: Some(used.direction),
                operation: Some(used.operation.clone()),
                also,
                base: location(self.base, &change.site.base),
                revision: location(self.revision, &change.site.revision),
                message: change.says.of(&subject),
            });
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

/// What reaches a change: pairs of schemas, the part that they describe, whether only
/// uses in XML count, and the operation that is named first.
type Reach = ((Vec<usize>, Part, bool), u32);

/// The operations of a document, and lists of them. Changes that the same uses reach share
/// theirs.
struct Names {
    all: Arc<[String]>,
    /// The number of the operation of each use.
    of_use: Vec<u32>,
    known: HashMap<Reach, OperationList>,
}

impl Names {
    fn of(uses: &[UsedPair]) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut all = Vec::new();
        let mut of_use = Vec::with_capacity(uses.len());
        for used in uses {
            let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(&used.operation).or_insert_with(|| {
                all.push(used.operation.clone());
                next
            });
            of_use.push(number);
        }
        Self {
            all: all.into(),
            of_use,
            known: HashMap::new(),
        }
    }

    /// The operations of uses but for that of one. `roots` are what these are all uses of.
    fn others(
        &mut self,
        one: usize,
        roots: (Vec<usize>, Part, bool),
        uses: &[(usize, &str)],
    ) -> OperationList {
        let own = self.of_use[one];
        let Self { all, of_use, known } = self;
        let list = known.entry((roots, own)).or_insert_with(|| {
            let mut seen = HashSet::from([own]);
            let numbers = uses.iter().map(|(number, _)| of_use[*number]);
            let numbers = numbers.filter(|number| seen.insert(*number)).collect();
            OperationList::new(all, numbers)
        });
        list.clone()
    }
}

/// What a sentence calls the place at a path, such as `tags[].name`, below a
/// subject.
fn named(path: &str, subject: &str) -> String {
    if path.is_empty() {
        return subject.to_owned();
    }
    if let Some(list) = path.strip_suffix("[]") {
        return format!("the elements of {}", named(list, subject));
    }
    if let Some(inner) = path.strip_prefix("[].") {
        return named(inner, &format!("the elements of {subject}"));
    }
    format!("the property `{path}` of {subject}")
}

#[cfg(test)]
mod tests {
    use super::named;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(named(path, "the body"), expected);
    }

    #[test]
    fn places_are_named_for_people() {
        check("", "the body");
        check("tags", "the property `tags` of the body");
        check("[]", "the elements of the body");
        check("[].name", "the property `name` of the elements of the body");
        check("tags[]", "the elements of the property `tags` of the body");
        check("tags[].name", "the property `tags[].name` of the body");
    }
}
