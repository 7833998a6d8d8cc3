//! What is known of the sets of values of two documents.

use std::collections::BTreeSet;
use std::rc::Rc;

use foldhash::HashMap;

use crate::alternatives::{Alternative, NULL, Node, OBJECT};
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
    /// By the numbers of alternatives, for the old side and the new.
    pub(super) signatures: [Vec<Option<Rc<Signature>>>; 2],
    /// Numbers of the names and values in signatures.
    pub(super) words: HashMap<String, u32>,
    pub(super) budget: Budget,
}

/// What tells at once that an alternative does not hold another. All lists are in order.
#[derive(Debug, Default)]
pub(super) struct Signature {
    pub(super) types: u8,
    /// Those that its values have.
    pub(super) types_of_values: u8,
    /// The properties that are required.
    pub(super) required: Vec<u32>,
    /// The properties that do not take every value.
    pub(super) restricted: Vec<u32>,
    /// The properties that are declared.
    pub(super) declared: Vec<u32>,
    /// The properties of which all values are listed, with these.
    pub(super) listed: Vec<(u32, Vec<u32>)>,
    /// Whether properties that are not declared can have any value.
    pub(super) open: bool,
}

impl Signature {
    /// Returns whether a value of another alternative is surely not among those of this.
    pub(super) fn refuses(&self, held: &Signature) -> bool {
        if held.types_of_values & !self.types != 0 {
            return true;
        }
        // In most unions a property of one value tells the alternatives apart.
        if held.types & !NULL != OBJECT {
            return false;
        }
        let is_in = |list: &[u32], name: u32| list.binary_search(&name).is_ok();
        let refuses_values = |(name, values): &(u32, Vec<u32>)| {
            let other = held.listed.binary_search_by_key(name, |(name, _)| *name);
            is_in(&held.required, *name)
                && other
                    .is_ok_and(|at| held.listed[at].1.iter().any(|value| !is_in(values, *value)))
        };
        self.required
            .iter()
            .any(|name| !is_in(&held.required, *name))
            || self.listed.iter().any(refuses_values)
            || (held.open
                && self
                    .restricted
                    .iter()
                    .any(|name| !is_in(&held.declared, *name)))
    }
}

/// How often questions may be looked at for one pair of unions.
const MAX_LOOKS: usize = 100_000;

/// How often they may be looked at for all pairs together.
const MAX_ALL_LOOKS: usize = 300_000;

/// What may still be looked at.
#[derive(Debug)]
pub(super) struct Budget {
    /// For the pair at hand.
    left: usize,
    /// For all pairs.
    all: usize,
    /// The questions that were asked for the pair at hand.
    pub(super) asked: Vec<Question>,
    /// Whether the pair at hand needed more than there was.
    pub(super) is_exceeded: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            left: MAX_LOOKS,
            all: MAX_ALL_LOOKS,
            asked: Vec::new(),
            is_exceeded: false,
        }
    }
}

impl Budget {
    /// Takes a look at a question from what is left. Returns whether there was one.
    pub(super) fn take(&mut self) -> bool {
        let may = self.left > 0 && self.all > 0;
        if may {
            self.left -= 1;
            self.all -= 1;
        } else {
            self.is_exceeded = true;
        }
        may
    }

    /// Begins with another pair.
    pub(super) fn begin(&mut self) {
        self.left = MAX_LOOKS;
        self.asked.clear();
        self.is_exceeded = false;
    }
}

impl Facts<'_> {
    pub(super) fn asking(&self) -> Option<Question> {
        self.asking
    }
}
