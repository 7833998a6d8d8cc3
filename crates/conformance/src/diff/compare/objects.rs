//! Properties, declared and not.

use std::collections::BTreeSet;

use super::{Change, Compare, Effect, Found};
use crate::diff::alternatives::{Alternative, NULL, Node, OBJECT};
use crate::diff::places::escape;
use crate::report::Direction;

impl<'a> Compare<'a> {
    pub(super) fn objects(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Found<'a>,
    ) {
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
            let change = |kind, effect, text: String| {
                let mut change = at(kind, effect, text);
                change.path.clone_from(name);
                let part = |node: Option<&Node<'a>>, of: Option<String>| {
                    node.and_then(Node::pointer)
                        .map(str::to_owned)
                        .or_else(|| node.and(of))
                };
                change.base = part(
                    nodes.0,
                    change
                        .base
                        .take()
                        .map(|pointer| format!("{pointer}/properties/{}", escape(name))),
                );
                change.revision = part(
                    nodes.1,
                    change
                        .revision
                        .take()
                        .map(|pointer| format!("{pointer}/properties/{}", escape(name))),
                );
                change
            };
            match nodes {
                (Some(was), is) if !was.is_never() && is.is_none_or(Node::is_never) => {
                    let was = was.clone();
                    let rest = match is {
                        Some(never) => (never.clone(), true),
                        None => new.undeclared(name),
                    };
                    self.removed(&was, rest, new.types, required, &change, out);
                    if required == (false, true) {
                        out.changes.push(change(
                            "property-became-required",
                            Effect::Narrows,
                            "{S} is now required".to_owned(),
                        ));
                    }
                }
                (None, Some(is)) if !is.is_never() => {
                    let is = is.clone();
                    self.added(name, &is, old, required, &change, out);
                    if required == (true, false) {
                        out.changes.push(change(
                            "property-became-optional",
                            Effect::Widens,
                            "{S} is no longer required".to_owned(),
                        ));
                    }
                }
                _ => {
                    match required {
                        (false, true) => out.changes.push(change(
                            "property-became-required",
                            Effect::Narrows,
                            "{S} is now required".to_owned(),
                        )),
                        (true, false) => out.changes.push(change(
                            "property-became-optional",
                            Effect::Widens,
                            "{S} is no longer required, and may be missing".to_owned(),
                        )),
                        _ => {}
                    }
                    if nodes.0.is_some() || nodes.1.is_some() {
                        let of = |node: Option<&Node<'a>>, whole: &Alternative<'a>| match node {
                            Some(node) => node.clone(),
                            None => whole.undeclared(name).0,
                        };
                        let (was, is) = (of(nodes.0, old), of(nodes.1, new));
                        out.inner(name, was, is);
                    }
                }
            }
        }
        self.undeclared(old, new, at, out);
    }

    fn removed(
        &mut self,
        was: &Node<'a>,
        (rest, stated): (Node<'a>, bool),
        types: u8,
        required: (bool, bool),
        change: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Found<'a>,
    ) {
        let kind = if required.0 {
            "required-property-removed"
        } else {
            "optional-property-removed"
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
        } else if types & !(OBJECT | NULL) != 0 {
            // Anything goes now, this property included.
            Effect::Widens
        } else {
            // Whoever sends it is no longer heard; whoever reads it reads nothing.
            Effect::Unknown
        };
        let text = match (request, rest.is_never()) {
            (true, true) => "{S} is gone, and a request that holds it is rejected",
            (true, false) => "{S} is gone; clients that send it are no longer heard",
            (false, _) if required.0 => "{S} is gone, and clients rely on it",
            (false, _) => "{S} is gone; clients that read it find nothing",
        };
        if (self.strict() || covered) && required == (true, false) {
            out.changes.push(change(
                "property-became-optional",
                Effect::Widens,
                "{S} is no longer required, and may be missing".to_owned(),
            ));
        }
        out.changes.push(change(kind, effect, text.to_owned()));
    }

    fn added(
        &mut self,
        name: &str,
        is: &Node<'a>,
        old: &Alternative<'a>,
        required: (bool, bool),
        change: &impl Fn(&'static str, Effect, String) -> Change,
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
            out.changes.push(change(
                "required-property-added",
                effect,
                if request {
                    "{S} is new and required; requests without it are rejected".to_owned()
                } else {
                    "{S} is new and always there".to_owned()
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
        let text = if rest.is_never() && !request {
            "{S} is new, where the old contract rules undeclared properties out"
        } else {
            "{S} is new and optional"
        };
        out.changes
            .push(change("optional-property-added", effect, text.to_owned()));
    }

    fn undeclared(
        &mut self,
        old: &Alternative<'a>,
        new: &Alternative<'a>,
        at: &impl Fn(&'static str, Effect, String) -> Change,
        out: &mut Found<'a>,
    ) {
        match (old.additional.is_never(), new.additional.is_never()) {
            (false, true) => out.changes.push(at(
                "additional-properties-forbidden",
                Effect::Narrows,
                "{S} no longer takes properties that are not declared".to_owned(),
            )),
            (true, false) => out.changes.push(at(
                "additional-properties-allowed",
                Effect::Widens,
                "{S} may now hold properties that are not declared".to_owned(),
            )),
            (true, true) => {}
            (false, false) => {
                out.inner("*", old.additional.clone(), new.additional.clone());
            }
        }
        let patterns: BTreeSet<&String> =
            old.by_pattern.keys().chain(new.by_pattern.keys()).collect();
        for pattern in patterns {
            let (was, is) = (old.by_pattern.get(pattern), new.by_pattern.get(pattern));
            if let (Some(was), Some(is)) = (was, is) {
                out.inner(&format!("/{pattern}/"), was.clone(), is.clone());
                continue;
            }
            let added = was.is_none();
            let was = was.unwrap_or(&old.additional).clone();
            let is = is.unwrap_or(&new.additional).clone();
            let (kept, back) = (self.kept(&was, &is), self.back(&was, &is));
            let effect = match (kept, back) {
                (true, true) => continue,
                (true, false) => Effect::Widens,
                (false, true) => Effect::Narrows,
                (false, false) => Effect::Incomparable,
            };
            let (kind, text) = if added {
                ("pattern-properties-added", "now have a schema")
            } else {
                ("pattern-properties-removed", "no longer have a schema")
            };
            out.changes.push(at(
                kind,
                effect,
                format!("properties of {{S}} whose name matches `{pattern}` {text} of their own"),
            ));
        }
    }
}
