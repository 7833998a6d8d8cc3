//! What most of a reply is, read at once: properties with scalars, and strings in lists
//! and in free objects.
//!
//! Nothing here does what [`token`](Reader::token) does not do as well. Whatever is not
//! plain, or not whole, is left to that.

use super::{Reader, State};
use crate::json::ReadError;
use crate::layout::{Holding, ValueLayout};
use crate::wire::frame::{Frame, FrameKind, Present, Span};
use crate::wire::scalar::{self, Noticed, Target};
use crate::wire::token;

impl Reader {
    /// Reads what is plain from here on, and returns where it ends.
    #[inline]
    pub(super) fn plain(&mut self, text: &[u8], at: usize) -> Result<usize, ReadError> {
        if !self.skipped.is_empty() {
            return Ok(at);
        }
        let Some(frame) = self.frames.last() else {
            return Ok(at);
        };
        match (self.state, &frame.kind) {
            (State::FirstName | State::Name, FrameKind::Message(_)) => self.properties(text, at),
            (State::FirstName | State::Name, FrameKind::Struct) => Ok(self.members(text, at)),
            (
                State::FirstElement | State::Element,
                FrameKind::List {
                    number,
                    value: ValueLayout::String,
                    ..
                },
            ) if self.frames.len() > 1 => {
                let number = *number;
                Ok(self.strings(number, text, at))
            }
            _ => Ok(at),
        }
    }

    /// Reads properties of a message whose values are scalars, and the name of the first
    /// one whose value is something else.
    fn properties(&mut self, text: &[u8], mut at: usize) -> Result<usize, ReadError> {
        loop {
            let Some(Frame {
                kind: FrameKind::Message(message),
                name: within,
                ..
            }) = self.frames.last_mut()
            else {
                return Ok(at);
            };
            let expected = match message.property {
                Present::Declared(index, _) => index + 1,
                Present::Collected | Present::Undeclared => 0,
            };
            let rest = text.get(at..).unwrap_or_default();
            let (index, field, value) =
                if let Some((index, field)) = message.layout.guess(expected, rest) {
                    (index, field, at + field.name.len() + 3)
                } else {
                    let Some((name, size)) = token::plain_string(text, at) else {
                        return Ok(at);
                    };
                    let value = at + size + 1;
                    let Some((index, field)) = message.layout.find(name) else {
                        return Ok(at);
                    };
                    if text.get(value - 1) != Some(&b':') {
                        return Ok(at);
                    }
                    (index, field, value)
                };
            let from = self.output.mark();
            message.property = Present::Declared(index, field);
            message.start = from;
            self.names.truncate(within.start);
            self.state = State::Value;
            if !matches!(field.holds, Holding::Optional | Holding::Implicit) {
                return Ok(value);
            }
            let target = Target::of(field);
            // Most values are strings that are copied as they are.
            let string = match target.value {
                ValueLayout::String => token::plain_string(text, value),
                _ => None,
            };
            let (size, noticed) = if let Some((string, size)) = string {
                let rest = text.get(value + 1..).unwrap_or_default();
                scalar::write_plain(&mut self.output, target, rest, string.len());
                (size, Noticed::NOTHING)
            } else {
                let Some((scalar, size)) = scalar::whole(text, value) else {
                    return Ok(value);
                };
                match scalar::write(&mut self.output, target, &scalar) {
                    Ok(noticed) => (size, noticed),
                    Err(refusal) => return Err(self.refused(refusal, value)),
                }
            };
            message.has_duplicates |= !message.see(index, &self.spans);
            self.spans.push(Span {
                field: index,
                from,
                to: self.output.mark(),
            });
            if noticed != Noticed::NOTHING {
                for kind in noticed.kinds() {
                    self.drift(kind);
                }
            }
            at = value + size;
            if text.get(at) != Some(&b',') {
                self.state = State::NextName;
                return Ok(at);
            }
            self.state = State::Name;
            at += 1;
        }
    }

    /// Reads members of a `google.protobuf.Struct` whose values are strings.
    fn members(&mut self, text: &[u8], mut at: usize) -> usize {
        loop {
            let Some((name, size)) = token::plain_string(text, at) else {
                return at;
            };
            let value = at + size + 1;
            if text.get(value - 1) != Some(&b':') {
                return at;
            }
            let Some((string, size)) = token::plain_string(text, value) else {
                return at;
            };
            self.output.string_member(name, string);
            at = value + size;
            if text.get(at) != Some(&b',') {
                self.state = State::NextName;
                return at;
            }
            self.state = State::Name;
            at += 1;
        }
    }

    /// Reads elements of a list of strings.
    fn strings(&mut self, number: u32, text: &[u8], mut at: usize) -> usize {
        loop {
            let Some((string, size)) = token::plain_string(text, at) else {
                return at;
            };
            let from = text.get(at + 1..).unwrap_or_default();
            self.output.copied_string(number, from, string.len());
            if let Some(Frame {
                kind: FrameKind::List { index, .. },
                ..
            }) = self.frames.last_mut()
            {
                *index += 1;
            }
            at += size;
            if text.get(at) != Some(&b',') {
                self.state = State::NextElement;
                return at;
            }
            self.state = State::Element;
            at += 1;
        }
    }
}
