//! The objects and lists that a text is within, from the outermost on.

use super::output::Mark;
use crate::layout::{FieldLayout, Holding, KeyLayout, MessageLayout, ValueLayout};

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

/// Where in the output a property begins. It ends where the next one does, or with its
/// message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The index of its field, or [`COLLECTED`](Self::COLLECTED).
    pub(super) field: usize,
    pub(super) from: Mark,
}

impl Span {
    /// The property is one of those that no field declares.
    pub(super) const COLLECTED: usize = usize::MAX;
}

impl MessageFrame {
    pub(super) fn new(layout: &'static MessageLayout, spans: usize, start: Mark) -> Self {
        Self {
            layout,
            property: Present::Undeclared,
            seen: 0,
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

    /// Returns whether a member of this oneof has a value, be it the same or another.
    pub(super) fn has_oneof(&self, oneof: u8, spans: &[Span]) -> bool {
        let own = spans.get(self.spans..).unwrap_or_default();
        let fields = self.layout.fields;
        let mut there = own.iter().filter_map(|span| fields.get(span.field));
        there.any(|field| field.holds == Holding::Member(oneof))
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
