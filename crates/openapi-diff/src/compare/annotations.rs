//! What a schema says besides which values it admits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pairs::Compare;
use super::site::{Change, Site};
use crate::alternatives::{Expand, Node, same};
use crate::canonical::ValueSet;
use crate::document::Document;
use crate::places::escape;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, about, around};

impl<'a> Compare<'a> {
    pub(super) fn annotations(
        &mut self,
        old: &Node<'a>,
        new: &Node<'a>,
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        let both = |keyword| {
            (
                self.base.annotation(old, keyword),
                self.revision.annotation(new, keyword),
            )
        };
        let default = match both("default") {
            (None, Some(new)) => Some((
                SchemaRule::DefaultValueAdded,
                about!("now defaults to {new}"),
            )),
            (Some(old), None) => Some((
                SchemaRule::DefaultValueRemoved,
                about!("no longer defaults to {old}"),
            )),
            (Some(old), Some(new)) if !same(old, new) => Some((
                SchemaRule::DefaultValueChanged,
                around!(
                    "the default of",
                    "changed from {old} to {new}; clients that leave it out get the new one"
                ),
            )),
            _ => None,
        };
        out.extend(default.map(|(kind, text)| site.change(kind, Effect::None, text)));
        let yes = |mark: Option<&Value>| mark == Some(&Value::Bool(true));
        let (was, is) = both("deprecated");
        match (yes(was), yes(is)) {
            (false, true) => out.push(site.change(
                SchemaRule::Deprecated,
                Effect::None,
                Sentence::about("is deprecated"),
            )),
            (true, false) => out.push(site.change(
                SchemaRule::Reactivated,
                Effect::None,
                Sentence::about("is no longer deprecated"),
            )),
            _ => {}
        }
        let (was, is) = both("xml");
        if stated(was, old) != stated(is, new) {
            out.push(site.change(
                SchemaRule::XmlChanged,
                Effect::Unknown,
                Sentence::about("is written in XML in another way (`xml`); that is not compared"),
            ));
        }
        let (was, is) = both("x-extensible-enum");
        extensible(was, is, site, out);
        match both("discriminator") {
            (Some(was), Some(is)) => {
                if was.get("propertyName") != is.get("propertyName") {
                    out.push(site.change(
                        SchemaRule::DiscriminatorPropertyNameChanged,
                        Effect::Unknown,
                        around!(
                            "the property that tells the alternatives of",
                            "apart has another name"
                        ),
                    ));
                }
                if was.get("defaultMapping") != is.get("defaultMapping") {
                    out.push(site.change(
                        SchemaRule::DiscriminatorMappingChanged,
                        Effect::Incomparable,
                        around!("what no mapping names selects another alternative of", ""),
                    ));
                }
                self.mappings((old, was), (new, is), site, out);
            }
            (Some(_), None) => out.push(site.change(
                SchemaRule::DiscriminatorRemoved,
                Effect::None,
                Sentence::about("lost its discriminator"),
            )),
            (None, Some(_)) => out.push(site.change(
                SchemaRule::DiscriminatorAdded,
                Effect::None,
                Sentence::about("got a discriminator"),
            )),
            (None, None) => {}
        }
    }

    /// What the values of a discriminator select. Schemas are selected by their
    /// names too, so only what a mapping adds to that can be lost.
    fn mappings(
        &mut self,
        (old, was): (&Node<'a>, &Value),
        (new, is): (&Node<'a>, &Value),
        site: &Site,
        out: &mut Vec<Change>,
    ) {
        let property = &is["propertyName"];
        let (was, is) = (
            selected(&self.base, old, was),
            selected(&self.revision, new, is),
        );
        for (name, (target, stated)) in &was {
            let Some((other, _)) = is.get(name) else {
                if *stated {
                    out.push(site.change(
                        SchemaRule::DiscriminatorMappingDeleted,
                        Effect::Narrows,
                        around!("`{name}` no longer selects an alternative of", ""),
                    ));
                }
                continue;
            };
            let (before, after) = (
                place(self.base.document, target),
                place(self.revision.document, other),
            );
            if target != other && !self.equal(&before, &after) {
                out.push(site.change(
                    SchemaRule::DiscriminatorMappingChanged,
                    Effect::Incomparable,
                    around!("`{name}` selects another alternative of", ""),
                ));
            }
        }
        let by = property.as_str().unwrap_or_default();
        let selectable: BTreeSet<&String> = was.values().map(|(target, _)| target).collect();
        for (name, (target, stated)) in &is {
            if *stated && !was.contains_key(name) {
                // Of an alternative that is not new, the value is.
                let is_new =
                    selectable.contains(target) && !lists_values(&self.revision, target, by);
                out.push(site.change(
                    SchemaRule::DiscriminatorMappingAdded,
                    if is_new { Effect::Widens } else { Effect::None },
                    around!("`{name}` now selects an alternative of", ""),
                ));
            }
        }
        self.renamed(by, [&was, &is], site, out);
    }

    /// Finds alternatives that are selected by the name of their schema, which is another.
    fn renamed(&self, by: &str, [was, is]: [&Selected; 2], site: &Site, out: &mut Vec<Change>) {
        let only = |these: &Selected, those: &Selected| -> Vec<(String, String)> {
            let own = these
                .iter()
                .filter(|(name, (_, stated))| !stated && !those.contains_key(*name));
            own.map(|(name, (target, _))| (name.clone(), target.clone()))
                .collect()
        };
        let mut come = only(is, was);
        for (name, target) in only(was, is) {
            let before = place(self.base.document, &target);
            let same = come.iter().position(|(_, other)| {
                self.untouched(&before, &place(self.revision.document, other))
            });
            let Some(index) = same else {
                continue;
            };
            let (other, _) = come.swap_remove(index);
            if lists_values(&self.base, &target, by) {
                continue;
            }
            out.push(site.change(
                SchemaRule::DiscriminatorMappingDeleted,
                Effect::Narrows,
                around!("`{name}` no longer selects an alternative of", ""),
            ));
            out.push(site.change(
                SchemaRule::DiscriminatorMappingAdded,
                Effect::Widens,
                around!("`{other}` now selects an alternative of", ""),
            ));
        }
    }
}

/// Returns whether an alternative lists the values of the property that tells it from
/// others. No other value selects it, whatever its schema is called.
fn lists_values(of: &Expand<'_>, target: &str, by: &str) -> bool {
    let node = place(of.document, target);
    let alternatives = of.alternatives(&node);
    let mut properties = alternatives.iter().map(|one| one.properties.get(by));
    properties.all(|property| property.is_some_and(|property| of.listed(property).is_some()))
}

/// What the values of a discriminator select: pointers of schemas, and whether a mapping
/// says so.
type Selected = BTreeMap<String, (String, bool)>;

fn place<'a>(document: &'a Document, pointer: &str) -> Node<'a> {
    document.place(pointer).map(Node::one).unwrap_or_default()
}

/// What is said of XML that would not hold anyway: a property has its own name. What
/// OpenAPI 3.2 says of the type of a node is told in the words that it replaces.
fn stated<'x>(xml: Option<&'x Value>, node: &Node<'_>) -> BTreeMap<&'x str, &'x Value> {
    const YES: &Value = &Value::Bool(true);
    let pointer = node.pointer().unwrap_or_default();
    let mut places = node.0.iter();
    let is_list = places.any(|place| place.text("type") == Some("array"));
    let own_name = |value: &Value| {
        let name = value.as_str().map(escape);
        name.is_some_and(|name| pointer.ends_with(&format!("/properties/{name}")))
    };
    let members = xml.and_then(Value::as_object).into_iter().flatten();
    members
        .filter(|(_, value)| **value != Value::Bool(false))
        .filter(|(key, value)| !(*key == "name" && own_name(value)))
        .filter_map(|(key, value)| match (key.as_str(), value.as_str()) {
            ("nodeType", Some("attribute")) => Some(("attribute", YES)),
            ("nodeType", Some("element")) => is_list.then_some(("wrapped", YES)),
            ("nodeType", Some("none")) if is_list => None,
            // It says something of lists alone.
            ("wrapped", _) if !is_list => None,
            (key, _) => Some((key, value)),
        })
        .collect()
}

/// Compares lists of values that clients know can grow (`x-extensible-enum`).
fn extensible(old: Option<&Value>, new: Option<&Value>, site: &Site, out: &mut Vec<Change>) {
    let mut report = |rule: SchemaRule, says| out.push(site.change(rule, rule.effect(), says));
    match (old.and_then(Value::as_array), new.and_then(Value::as_array)) {
        (Some(was), Some(is)) => {
            let (before, after): (ValueSet, ValueSet) = (was.iter().collect(), is.iter().collect());
            for value in was.iter().filter(|value| !after.contains(value)) {
                let rule = SchemaRule::ExtensibleEnumValueRemoved;
                report(rule, about!("no longer lists {value}"));
            }
            for value in is.iter().filter(|value| !before.contains(value)) {
                let rule = SchemaRule::ExtensibleEnumValueAdded;
                report(rule, about!("now lists {value} as well"));
            }
        }
        (None, Some(_)) => report(
            SchemaRule::ExtensibleEnumAdded,
            Sentence::about("now lists its values, in a list that can grow"),
        ),
        (Some(_), None) => report(
            SchemaRule::ExtensibleEnumRemoved,
            Sentence::about("no longer lists its values"),
        ),
        (None, None) => {}
    }
}

/// The pointers of the schemas that the values of a discriminator select, and
/// whether a mapping says so.
fn selected<'a>(expand: &Expand<'a>, node: &Node<'a>, discriminator: &Value) -> Selected {
    let mut all = BTreeMap::new();
    for keyword in ["oneOf", "anyOf"] {
        let branches = expand.annotation(node, keyword).and_then(Value::as_array);
        for reference in branches
            .into_iter()
            .flatten()
            .filter_map(|schema| schema.get("$ref"))
        {
            if let Some((_, name)) = reference.as_str().and_then(|text| text.rsplit_once('/')) {
                all.insert(
                    name.to_owned(),
                    (format!("/components/schemas/{name}"), false),
                );
            }
        }
    }
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    for (name, target) in mapping.into_iter().flatten() {
        let target = target.as_str().unwrap_or_default();
        let pointer = match target.strip_prefix('#') {
            Some(pointer) => pointer.to_owned(),
            None => format!("/components/schemas/{target}"),
        };
        all.insert(name.clone(), (pointer, true));
    }
    all
}
