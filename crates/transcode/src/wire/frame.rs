//! The objects and lists that a text is within, from the outermost on.

use super::output::Mark;
use crate::layout::{FieldLayout, KeyLayout, MessageLayout, ValueLayout};

/// An object or a list that has begun and not yet ended.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// How many lengths were open when it had begun.
    pub(super) slots: usize,
    /// Where the name of the present property lies among the names.
    pub(super) name: std::ops::Range<usize>,
}

#[derive(Debug)]
pub(super) enum FrameKind {
    /// An object that is a message.
    Message(MessageFrame),
    /// A list of so many elements so far that is a repeated field.
    List {
        number: u32,
        value: &'static ValueLayout,
        packed: bool,
        index: usize,
    },
    /// The list whose elements are messages by themselves.
    Elements,
    /// An object that is a map.
    Map {
        number: u32,
        key: KeyLayout,
        value: &'static ValueLayout,
    },
    /// An object that is a `google.protobuf.Struct`.
    Struct,
    /// A list that is a `google.protobuf.ListValue`.
    ListValue { index: usize },
    /// An object that is a `google.protobuf.Empty`.
    Empty,
}

/// How far the object of a message has been read.
#[derive(Debug)]
pub(super) struct MessageFrame {
    pub(super) layout: &'static MessageLayout,
    pub(super) property: Present,
    /// The first 64 fields that were there.
    pub(super) seen: u64,
    /// The oneofs that have a value.
    pub(super) oneofs: [u64; 4],
    /// Where its properties begin among the spans.
    pub(super) spans: usize,
    /// Whether a property was there more than once.
    pub(super) has_duplicates: bool,
    /// Where the present property begins.
    pub(super) start: Mark,
}

/// The property that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Present {
    /// The field with this index.
    Declared(usize, &'static FieldLayout),
    Collected,
    Undeclared,
}

/// Where in the output a property lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) field: usize,
    pub(super) from: Mark,
    pub(super) to: Mark,
}

impl MessageFrame {
    pub(super) fn new(layout: &'static MessageLayout, spans: usize, start: Mark) -> Self {
        Self {
            layout,
            property: Present::Undeclared,
            seen: 0,
            oneofs: [0; 4],
            spans,
            has_duplicates: false,
            start,
        }
    }

    /// The field of the present property.
    pub(super) fn field(&self) -> Option<&'static FieldLayout> {
        match self.property {
            Present::Declared(_, field) => Some(field),
            Present::Collected | Present::Undeclared => None,
        }
    }

    /// Notes that a member of this oneof has a value. Returns false if another, or
    /// the same, has one already.
    pub(super) fn take_oneof(&mut self, oneof: u8) -> bool {
        let Some(taken) = self.oneofs.get_mut(usize::from(oneof / 64)) else {
            return false;
        };
        let bit = 1 << (oneof % 64);
        let is_free = *taken & bit == 0;
        *taken |= bit;
        is_free
    }

    /// Notes that a field was there. Returns false if it was there before.
    #[inline]
    pub(super) fn see(&mut self, field: usize, spans: &[Span]) -> bool {
        if field < 64 {
            let bit = 1 << field;
            let is_new = self.seen & bit == 0;
            self.seen |= bit;
            is_new
        } else {
            let own = spans.get(self.spans..).unwrap_or_default();
            !own.iter().any(|span| span.field == field)
        }
    }
}

/// Whether each of the objects and lists is an object that lie in a value which
/// nobody reads.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    words: Vec<u64>,
    depth: usize,
}

impl Skipped {
    pub(super) fn is_empty(&self) -> bool {
        self.depth == 0
    }

    pub(super) fn push(&mut self, is_object: bool) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.words.len() {
            self.words.push(0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word = *word & !(1 << bit) | u64::from(is_object) << bit;
        }
        self.depth += 1;
    }

    pub(super) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Returns whether the innermost is an object.
    pub(super) fn is_object(&self) -> bool {
        let Some(innermost) = self.depth.checked_sub(1) else {
            return false;
        };
        let word = self.words.get(innermost / 64).copied().unwrap_or_default();
        word >> (innermost % 64) & 1 == 1
    }
}
