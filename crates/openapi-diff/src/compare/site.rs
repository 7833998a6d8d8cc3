//! Where two schemas stand, and what differs there.

use crate::alternatives::Node;
use crate::places::escape;
use crate::rules::{Effect, SchemaRule};
use crate::sentence::Sentence;

/// One difference between two schemas.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) rule: SchemaRule,
    pub(crate) effect: Effect,
    pub(crate) site: Site,
    pub(crate) says: Sentence,
}

/// Where two schemas that are compared stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Site {
    /// The property of the schemas that it is about, or else empty.
    pub(crate) path: String,
    /// The pointers, where there is such a place.
    pub(crate) base: Option<String>,
    pub(crate) revision: Option<String>,
}

impl Site {
    /// The places of two schemas.
    pub(super) fn of(old: &Node<'_>, new: &Node<'_>) -> Self {
        Self {
            path: String::new(),
            base: old.pointer().map(str::to_owned),
            revision: new.pointer().map(str::to_owned),
        }
    }

    /// The place of a property; a schema that does not declare it has none. If neither
    /// declares it, it is where they are.
    pub(super) fn property(
        &self,
        name: &str,
        nodes: (Option<&Node<'_>>, Option<&Node<'_>>),
    ) -> Self {
        if let (None, None) = nodes {
            return Self {
                path: name.to_owned(),
                ..self.clone()
            };
        }
        let pointer = |node: Option<&Node<'_>>, whole: &Option<String>| {
            let node = node?;
            node.pointer().map(str::to_owned).or_else(|| {
                let whole = whole.as_deref()?;
                Some(format!("{whole}/properties/{}", escape(name)))
            })
        };
        Self {
            path: name.to_owned(),
            base: pointer(nodes.0, &self.base),
            revision: pointer(nodes.1, &self.revision),
        }
    }

    /// The places of two schemas that are part of these, where they stand somewhere.
    pub(super) fn at(&self, old: &Node<'_>, new: &Node<'_>) -> Self {
        let place = |node: &Node<'_>, whole: &Option<String>| {
            node.pointer().map(str::to_owned).or_else(|| whole.clone())
        };
        Self {
            path: self.path.clone(),
            base: place(old, &self.base),
            revision: place(new, &self.revision),
        }
    }

    pub(super) fn change(&self, rule: SchemaRule, effect: Effect, says: Sentence) -> Change {
        Change {
            rule,
            effect,
            site: self.clone(),
            says,
        }
    }
}

/// What the comparison of two schemas found.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) changes: Vec<Change>,
    /// The schemas in them that are left to compare, each with the step to it.
    pub(super) inner: Vec<Inner<'a>>,
}

/// Two schemas in two others.
#[derive(Debug)]
pub(super) struct Inner<'a> {
    /// The property, or `[]` for elements.
    pub(super) step: String,
    /// Whether a value that holds the whole holds this too.
    pub(super) always: bool,
    pub(super) old: Node<'a>,
    pub(super) new: Node<'a>,
    /// Whether these extend the two others, and may stand for them.
    pub(super) extends: bool,
}

impl<'a> Found<'a> {
    pub(super) fn inner(&mut self, step: &str, always: bool, old: Node<'a>, new: Node<'a>) {
        self.inner.push(Inner {
            step: step.to_owned(),
            always,
            old,
            new,
            extends: false,
        });
    }

    /// Two schemas that extend the others, and may stand for them.
    pub(super) fn child(&mut self, old: Node<'a>, new: Node<'a>) {
        self.inner.push(Inner {
            step: String::new(),
            always: true,
            old,
            new,
            extends: true,
        });
    }
}
