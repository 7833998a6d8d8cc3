//! The fields that a message has, found in its bytes.
//!
//! They lie on one stack, those of an inner message on top of those of the message
//! around it, so that most messages need no memory of their own.

use std::ops::Range;

use crate::layout::Holding;
use crate::request_parts::Malformed;

use super::bytes::{self, MAX_DEPTH, Start, WireValue};
use super::shape::Shape;

/// A value of a field.
#[derive(Debug, Clone, Copy)]
struct Found<'m> {
    /// The index of the field in its message.
    index: u16,
    value: WireValue<'m>,
}

/// The index of no field.
const NO_FIELD: u16 = u16::MAX;

/// Where the bytes of one value lie.
#[derive(Debug, Clone)]
pub(super) enum Occurrences<'m> {
    /// Nowhere: it is the default value of its type.
    Nowhere,
    /// In one place.
    One(WireValue<'m>),
    /// Here on the stack. The last one counts, and messages are merged.
    Found(Range<usize>),
}

/// The fields of the messages that are being translated.
#[derive(Debug, Default)]
pub(super) struct Stack<'m>(Vec<Found<'m>>);

impl<'m> Stack<'m> {
    /// Finds the fields of a message that are known. They lie in the range, those of
    /// one field side by side, ordered by their indexes, and after that as they came.
    /// Of the members of a oneof only the last one is left.
    pub(super) fn open(
        &mut self,
        shape: Shape,
        message: &Occurrences<'m>,
    ) -> Result<Range<usize>, Malformed> {
        let start = self.0.len();
        let mut members = 0;
        match message {
            Occurrences::Nowhere => {}
            Occurrences::One(value) => members = self.scan(shape, *value)?,
            Occurrences::Found(range) => {
                for at in range.clone() {
                    if let Some(piece) = self.at(at) {
                        members += self.scan(shape, piece)?;
                    }
                }
            }
        }
        if members > 1 {
            self.keep_last_members(shape, start);
        }
        let fields = self.0.get_mut(start..).unwrap_or_default();
        if !fields.is_sorted_by_key(|found| found.index) {
            // The order of the values of a field stays.
            fields.sort_by_key(|found| found.index);
        }
        Ok(start..self.0.len())
    }

    /// How much lies here.
    pub(super) fn height(&self) -> usize {
        self.0.len()
    }

    /// Takes away what lies above this height: the messages that were opened since.
    pub(super) fn close(&mut self, height: usize) {
        self.0.truncate(height);
    }

    /// Pushes the fields of a piece of a message. Returns how many of them are members
    /// of a oneof.
    fn scan(&mut self, shape: Shape, piece: WireValue<'m>) -> Result<usize, Malformed> {
        let WireValue::Bytes(mut rest) = piece else {
            return Ok(0);
        };
        let mut members = 0;
        while !rest.is_empty() {
            let (number, start) = bytes::key(&mut rest)?;
            if let (Start::Value(wire_type), Some((index, field))) = (start, shape.find(number)) {
                let value = bytes::value(&mut rest, wire_type)?;
                members += usize::from(matches!(field.holds, Holding::Member(_)));
                self.0.push(Found { index, value });
            } else {
                bytes::skip(&mut rest, number, start, MAX_DEPTH)?;
            }
        }
        Ok(members)
    }

    /// Takes away the members of a oneof before which, or behind which, another one
    /// has a value: setting one clears the others.
    fn keep_last_members(&mut self, shape: Shape, start: usize) {
        /// The last member of a oneof, and whether another one came before it.
        #[derive(Clone, Copy)]
        struct Last {
            index: u16,
            is_complete: bool,
        }
        let mut lasts: [Option<Last>; 256] = [None; 256];
        let fields = self.0.get_mut(start..).unwrap_or_default();
        for found in fields.iter_mut().rev() {
            let holds = shape.field(found.index).map(|field| field.holds);
            let Some(Holding::Member(oneof)) = holds else {
                continue;
            };
            let last = lasts[usize::from(oneof)].get_or_insert(Last {
                index: found.index,
                is_complete: false,
            });
            last.is_complete |= last.index != found.index;
            if last.is_complete {
                found.index = NO_FIELD;
            }
        }
        let mut kept = start;
        for at in start..self.0.len() {
            if self.0[at].index != NO_FIELD {
                self.0[kept] = self.0[at];
                kept += 1;
            }
        }
        self.0.truncate(kept);
    }

    /// The values of one field of a message, which may be none.
    pub(super) fn values(&self, message: &Range<usize>, index: u16) -> Range<usize> {
        let fields = self.0.get(message.clone()).unwrap_or_default();
        let from = fields.partition_point(|found| found.index < index);
        let count = fields.iter().skip(from);
        let count = count.take_while(|found| found.index == index).count();
        message.start + from..message.start + from + count
    }

    /// The values of the field with this index that the rest of a message begins with,
    /// which may be none.
    pub(super) fn next_values(&self, rest: &Range<usize>, index: u16) -> Range<usize> {
        let fields = self.0.get(rest.clone()).unwrap_or_default();
        let count = fields.iter().take_while(|found| found.index == index);
        rest.start..rest.start + count.count()
    }

    /// The index of the first field of a message that has one.
    pub(super) fn first_index(&self, message: &Range<usize>) -> Option<u16> {
        let fields = self.0.get(message.clone())?;
        fields.first().map(|found| found.index)
    }

    /// The value at this place.
    pub(super) fn at(&self, place: usize) -> Option<WireValue<'m>> {
        self.0.get(place).map(|found| found.value)
    }

    /// The value that counts.
    pub(super) fn last(&self, value: &Occurrences<'m>) -> Option<WireValue<'m>> {
        match value {
            Occurrences::Nowhere => None,
            Occurrences::One(value) => Some(*value),
            Occurrences::Found(range) => self.at(range.clone().next_back()?),
        }
    }
}
