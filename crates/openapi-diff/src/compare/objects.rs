//! Properties, declared and not.

use std::collections::{BTreeMap, BTreeSet};

use super::pairs::Compare;
use super::site::{Found, Site};
use crate::alternatives::{Alternative, MAX_MATCHES, NULL, Node, OBJECT};
use crate::level::Direction;
use crate::pattern::Texts;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::{Sentence, around};

impl<'a> Compare<'a> {
    pub(super) fn objects(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
        out: &mut Found<'a>,
    ) {
        let matches = old.by_pattern.len().saturating_mul(new.properties.len())
            + new.by_pattern.len().saturating_mul(old.properties.len());
        if matches > MAX_MATCHES {
            if [old, new].iter().any(|one| one.left_out().is_some()) {
                // That it is not compared is said already.
                return;
            }
            out.changes.push(site.change(
                SchemaRule::NotCompared,
                Effect::Unknown,
                Sentence::about(
                    "has too many properties and patterns for their names to be compared, and \
                     something in it has changed; look at it by hand",
                ),
            ));
            return;
        }
        let names: BTreeSet<&String> = old
            .properties
            .keys()
            .chain(new.properties.keys())
            .chain(&old.required)
            .chain(&new.required)
            .collect();
        for name in names {
            let required = (old.required.contains(name), new.required.contains(name));
            let nodes = (old.properties.get(name), new.properties.get(name));
            // Most of many properties are as they were.
            if let (Some(was), Some(is)) = nodes
                && required.0 == required.1
                && self.untouched(was, is)
            {
                continue;
            }
            let site = &site.property(name, nodes);
            match nodes {
                (Some(was), is) if !was.is_never() && is.is_none_or(Node::is_never) => {
                    let was = was.clone();
                    let rest = match is {
                        Some(never) => (never.clone(), true),
                        None => new.undeclared(name),
                    };
                    self.removed(&was, rest, anything_goes(new), required, site, out);
                    if required == (false, true) {
                        out.changes.push(site.change(
                            SchemaRule::PropertyBecameRequired,
                            Effect::Narrows,
                            Sentence::about("is now required"),
                        ));
                    }
                }
                (None, Some(is)) if !is.is_never() => {
                    let is = is.clone();
                    self.added(name, &is, old, required, site, out);
                    if required == (true, false) {
                        out.changes.push(site.change(
                            SchemaRule::PropertyBecameOptional,
                            Effect::Widens,
                            Sentence::about("is no longer required"),
                        ));
                    }
                }
                _ => {
                    match required {
                        (false, true) => out.changes.push(site.change(
                            SchemaRule::PropertyBecameRequired,
                            Effect::Narrows,
                            Sentence::about("is now required"),
                        )),
                        (true, false) => out.changes.push(site.change(
                            SchemaRule::PropertyBecameOptional,
                            Effect::Widens,
                            Sentence::about("is no longer required, and may be missing"),
                        )),
                        _ => {}
                    }
                    if nodes.0.is_some() || nodes.1.is_some() {
                        let of = |node: Option<&Node<'a>>, whole: &Alternative<'a>| match node {
                            Some(node) => node.clone(),
                            None => whole.undeclared(name).0,
                        };
                        let (was, is) = (of(nodes.0, old), of(nodes.1, new));
                        out.inner(name, required == (true, true), was, is);
                    }
                }
            }
        }
        self.undeclared(old, new, site, out);
    }

    fn removed(
        &mut self,
        was: &Node<'a>,
        (rest, stated): (Node<'a>, bool),
        goes: bool,
        required: (bool, bool),
        site: &Site,
        out: &mut Found<'a>,
    ) {
        let rule = if required.0 {
            SchemaRule::RequiredPropertyRemoved
        } else {
            SchemaRule::OptionalPropertyRemoved
        };
        let request = self.base.direction == Direction::Request;
        let (kept, back) = (self.kept(was, &rest), self.back(was, &rest));
        let covered = stated && !rest.is_any() && !rest.is_never();
        let effect = if self.strict() || covered {
            match (kept, back) {
                (true, true) => Effect::None,
                (true, false) => Effect::Widens,
                (false, true) => Effect::Narrows,
                (false, false) => Effect::Incomparable,
            }
        } else if goes {
            // Anything goes now, this property included.
            Effect::Widens
        } else {
            // Whoever sends it is no longer heard; whoever reads it reads nothing.
            Effect::Unknown
        };
        let text = match (request, rest.is_never()) {
            (true, true) => "is gone, and a request that holds it is rejected",
            (true, false) => "is gone; clients that send it are no longer heard",
            (false, _) if required.0 => "is gone, and clients rely on it",
            (false, _) => "is gone; clients that read it find nothing",
        };
        if (self.strict() || covered) && required == (true, false) {
            out.changes.push(site.change(
                SchemaRule::PropertyBecameOptional,
                Effect::Widens,
                Sentence::about("is no longer required, and may be missing"),
            ));
        }
        out.changes
            .push(site.change(rule, effect, Sentence::about(text)));
    }

    fn added(
        &mut self,
        name: &str,
        is: &Node<'a>,
        old: &Alternative<'a>,
        required: (bool, bool),
        site: &Site,
        out: &mut Found<'a>,
    ) {
        let request = self.base.direction == Direction::Request;
        let (rest, stated) = old.undeclared(name);
        let (kept, back) = (self.kept(&rest, is), self.back(&rest, is));
        let covered = self.strict() || (stated && !rest.is_any());
        if required == (false, true) {
            let effect = if covered && !back {
                Effect::Incomparable
            } else {
                Effect::Narrows
            };
            out.changes.push(site.change(
                SchemaRule::RequiredPropertyAdded,
                effect,
                if request {
                    Sentence::about("is new and required; requests without it are rejected")
                } else {
                    Sentence::about("is new and always there")
                },
            ));
            return;
        }
        let effect = if covered {
            match (kept, back) {
                (true, true) => Effect::None,
                (true, false) => Effect::Widens,
                (false, true) => Effect::Narrows,
                (false, false) => Effect::Incomparable,
            }
        } else {
            Effect::None
        };
        let text = match effect {
            _ if rest.is_never() && !request => {
                "is new, where the old contract rules undeclared properties out"
            }
            Effect::Narrows => "is new, and takes less than undeclared properties did",
            Effect::Incomparable => "is new, and takes other values than undeclared properties did",
            _ => "is new and optional",
        };
        out.changes.push(site.change(
            SchemaRule::OptionalPropertyAdded,
            effect,
            Sentence::about(text),
        ));
    }

    fn undeclared(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        site: &Site,
        out: &mut Found<'a>,
    ) {
        match (old.additional.is_never(), new.additional.is_never()) {
            (false, true) => out
                .changes
                .push(site.at(&old.additional, &new.additional).change(
                    SchemaRule::AdditionalPropertiesForbidden,
                    Effect::Narrows,
                    Sentence::about("no longer takes properties that are not declared"),
                )),
            (true, false) => out
                .changes
                .push(site.at(&old.additional, &new.additional).change(
                    SchemaRule::AdditionalPropertiesAllowed,
                    Effect::Widens,
                    Sentence::about("may now hold properties that are not declared"),
                )),
            (true, true) => {}
            (false, false) => {
                out.inner("*", true, old.additional.clone(), new.additional.clone());
            }
        }
        let patterns: BTreeSet<&String> =
            old.by_pattern.keys().chain(new.by_pattern.keys()).collect();
        for pattern in patterns {
            let (was, is) = (old.by_pattern.get(pattern), new.by_pattern.get(pattern));
            if let (Some(was), Some(is)) = (was, is) {
                out.inner(&format!("/{pattern}/"), true, was.clone(), is.clone());
                continue;
            }
            let added = was.is_none();
            // Names that match may match another pattern of the other side as well.
            let was = was.or_else(|| covering(&old.by_pattern, pattern));
            let is = is.or_else(|| covering(&new.by_pattern, pattern));
            let was = was.unwrap_or(&old.additional).clone();
            let is = is.unwrap_or(&new.additional).clone();
            let (kept, back) = (self.kept(&was, &is), self.back(&was, &is));
            let effect = match (kept, back) {
                (true, true) => continue,
                (true, false) => Effect::Widens,
                (false, true) => Effect::Narrows,
                (false, false) => Effect::Incomparable,
            };
            let (rule, text) = if added {
                (SchemaRule::PatternPropertyAdded, "now have a schema")
            } else {
                (
                    SchemaRule::PatternPropertyRemoved,
                    "no longer have a schema",
                )
            };
            out.changes.push(site.at(&was, &is).change(
                rule,
                effect,
                around!(
                    "properties of",
                    "whose name matches `{pattern}` {text} of their own"
                ),
            ));
        }
    }
}

/// What holds for properties by a pattern that all names match which match this one.
fn covering<'n, 'a>(
    patterns: &'n BTreeMap<String, Node<'a>>,
    pattern: &str,
) -> Option<&'n Node<'a>> {
    let only = BTreeSet::from([pattern.to_owned()]);
    let names = Texts {
        patterns: &only,
        least: 0,
        most: None,
    };
    let mut patterns = patterns.iter();
    let covering = patterns.find(|(wider, _)| names.all_match(wider) == Some(true));
    covering.map(|(_, node)| node)
}

/// Returns whether a schema does not speak of objects, but takes them.
fn anything_goes(new: &Alternative<'_>) -> bool {
    new.types & !(OBJECT | NULL) != 0
        && new.properties.is_empty()
        && new.by_pattern.is_empty()
        && new.required.is_empty()
}
