//! What is known of the sets of values of two documents.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::alternatives::{Alternative, Node};
use crate::classes::Side;

/// A question: whether all values of one set are in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Question {
    pub(super) of: Of,
    pub(super) old: u32,
    pub(super) new: u32,
    /// Whether it is the old set that is to be in the new one, not the reverse.
    pub(super) forward: bool,
}

/// What a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Of {
    Nodes,
    Alternatives,
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) holds: bool,
    pub(super) relied_on_by: BTreeSet<Question>,
}

/// What is known of the sets of two documents.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) answers: HashMap<Question, Answer>,
    pub(super) open: Vec<Question>,
    /// The question that is being looked at.
    pub(super) asking: Option<Question>,
    /// Sets that are surely the same have the same number.
    pub(super) node_numbers: HashMap<String, u32>,
    pub(super) nodes: HashMap<(Side, u32), Node<'a>>,
    pub(super) alternative_numbers: HashMap<String, u32>,
    pub(super) alternatives: HashMap<(Side, u32), Rc<Alternative<'a>>>,
    /// The alternatives of a node.
    pub(super) parts: HashMap<(Side, u32), Rc<[u32]>>,
}

impl Facts<'_> {
    pub(super) fn asking(&self) -> Option<Question> {
        self.asking
    }
}
