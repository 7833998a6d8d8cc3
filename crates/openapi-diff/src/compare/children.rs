//! Schemas that may stand for the one that they extend, because a discriminator tells them
//! apart.

use super::pairs::Compare;
use super::site::{Change, Found, Site};
use crate::alternatives::Node;
use crate::classes::Side;
use crate::document::Document;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::about;

/// So many schemas that extend each other are looked at for what is told of one already.
const MAX_PARENTS: usize = 20;

impl<'a> Compare<'a> {
    /// Compares the schemas that may stand for two others, by their names.
    pub(super) fn children(
        &self,
        old: &Node<'a>,
        new: &Node<'a>,
        site: &Site,
        out: &mut Found<'a>,
    ) {
        let (base, revision) = (self.base.document, self.revision.document);
        let of = |side: Side, node: &Node<'a>| match node.0.as_slice() {
            [only] => self.classes.children(side).at(&only.pointer),
            _ => None,
        };
        let (Some(was), Some(is)) = (of(Side::Base, old), of(Side::Revision, new)) else {
            return;
        };
        let node = |document: &'a Document, pointer: &str| {
            document.place(pointer).map(Node::one).unwrap_or_default()
        };
        for (name, pointer) in was {
            if let Some(other) = is.get(name) {
                out.child(node(base, pointer), node(revision, other));
                continue;
            }
            let says = about!("can no longer be `{name}`");
            let mut change = site.change(SchemaRule::OneOfRemoved, Effect::Narrows, says);
            change.site.base = Some(pointer.clone());
            out.changes.push(change);
        }
        for (name, pointer) in is.iter().filter(|(name, _)| !was.contains_key(*name)) {
            let says = about!("can now be `{name}`");
            let mut change = site.change(SchemaRule::OneOfAdded, Effect::Widens, says);
            change.site.revision = Some(pointer.clone());
            out.changes.push(change);
        }
    }

    /// Takes out the changes that a schema only has because of the one that it extends,
    /// where they are told of that.
    pub(super) fn leave_to_parent(
        &self,
        pair: usize,
        (old, new): (&Node<'a>, &Node<'a>),
        changes: &mut Vec<Change>,
    ) {
        if self.pairs[pair].parent.is_none() {
            return;
        }
        let is_own = |place: &Option<String>, node: &Node<'a>| {
            let inner = place
                .as_deref()
                .and_then(|place| place.strip_prefix(node.pointer()?));
            inner.is_some_and(|inner| inner.is_empty() || inner.starts_with('/'))
        };
        let parents =
            std::iter::successors(self.pairs[pair].parent, |parent| self.pairs[*parent].parent);
        let parents: Vec<usize> = parents.take(MAX_PARENTS).collect();
        changes.retain(|change| {
            let is_same = |other: &Change| {
                other.rule == change.rule
                    && other.site.path == change.site.path
                    && other.says == change.says
            };
            let mut told = parents
                .iter()
                .flat_map(|parent| &self.pairs[*parent].changes);
            is_own(&change.site.base, old)
                || is_own(&change.site.revision, new)
                || !told.any(is_same)
        });
    }
}
