//! What becomes of values: where they go, and what they open and end.

use super::{Reader, State, first, next};
use crate::json::MAX_DEPTH;
use crate::layout::{FieldLayout, Holding, Root, ValueLayout};
use crate::wire::frame::{Frame, FrameKind, MessageFrame, Present, Span};
use crate::wire::refusal::{Refusal, mismatch};
use crate::wire::scalar::{self, Scalar, Target};
use crate::wire::token::{self, NoToken, Rest, SyntaxError};

/// What is to become of the value that comes next.
enum Goal {
    /// Nobody reads it.
    Nothing,
    /// All of a field's values.
    Field(&'static FieldLayout),
    /// One value.
    Value(Target),
}

/// What is to become of a value that is a message, or all that a message holds.
fn of_root(root: Root) -> Goal {
    match root {
        Root::Nothing => Goal::Nothing,
        Root::Message(layout) => Goal::Value(Target::message(layout)),
        Root::Field(field) => match field.holds {
            Holding::Repeated { .. } | Holding::Map(_) => Goal::Field(field),
            // Null is no reply.
            Holding::Optional | Holding::Implicit | Holding::Member(_) => {
                Goal::Value(Target::of(field))
            }
        },
    }
}

impl Reader {
    /// Reads a scalar, or the beginning of an object or a list.
    pub(super) fn value(&mut self, rest: &Rest<'_>) -> Result<usize, Refusal> {
        let size = match rest.bytes.first() {
            Some(b'"') => {
                let string = token::string(rest)?;
                self.scalar(&Scalar::String(string))?;
                string.size()
            }
            Some(b'-' | b'0'..=b'9') => {
                let text = token::number(rest)?;
                self.scalar(&Scalar::Number(text))?;
                text.len()
            }
            Some(b'{') => {
                self.open(true)?;
                return Ok(1);
            }
            Some(b'[') => {
                self.open(false)?;
                return Ok(1);
            }
            Some(b'n') => {
                let size = token::word(rest, b"null")?;
                self.null()?;
                return Ok(size);
            }
            Some(b't') => {
                let size = token::word(rest, b"true")?;
                self.scalar(&Scalar::Bool(true))?;
                size
            }
            Some(b'f') => {
                let size = token::word(rest, b"false")?;
                self.scalar(&Scalar::Bool(false))?;
                size
            }
            Some(_) => {
                return Err(NoToken::Invalid {
                    error: SyntaxError::NoValue,
                    at: 0,
                }
                .into());
            }
            None => {
                let error = SyntaxError::EndInValue;
                return Err(NoToken::Invalid { error, at: 0 }.into());
            }
        };
        self.end_value(true)?;
        Ok(size)
    }

    /// Writes a scalar.
    pub(super) fn scalar(&mut self, scalar: &Scalar<'_>) -> Result<(), Refusal> {
        let target = match self.goal() {
            Goal::Nothing => {
                if let Scalar::String(string) = scalar {
                    token::check_escapes(string)?;
                }
                return Ok(());
            }
            Goal::Value(target) => target,
            Goal::Field(field) => match field.holds {
                Holding::Repeated { .. } => return Err(scalar::refused("a list", scalar)),
                Holding::Map(_) => return Err(scalar::refused("an object", scalar)),
                Holding::Optional | Holding::Implicit | Holding::Member(_) => Target::of(field),
            },
        };
        let noticed = scalar::write(&mut self.output, target, scalar)?;
        for kind in noticed.kinds() {
            self.drift(kind);
        }
        Ok(())
    }

    pub(super) fn null(&mut self) -> Result<(), Refusal> {
        match self.goal() {
            Goal::Nothing => {}
            // What is left out of a message is its default, but no reply.
            Goal::Field(field) if self.frames.is_empty() => {
                let expected = match field.holds {
                    Holding::Map(_) => "an object",
                    _ => "a list",
                };
                return Err(mismatch(expected, "null"));
            }
            Goal::Field(field) => {
                let is_value = match field.holds {
                    Holding::Optional | Holding::Implicit => field.value.is_nullable(),
                    // Null leaves a oneof as it is.
                    Holding::Member(_) => return self.end_value(false),
                    Holding::Repeated { .. } | Holding::Map(_) => false,
                };
                if is_value {
                    scalar::write_null(&mut self.output, Target::of(field))?;
                }
            }
            Goal::Value(target) if target.value.is_nullable() => {
                scalar::write_null(&mut self.output, target)?;
            }
            Goal::Value(target) => return Err(mismatch(target.value.expected(), "null")),
        }
        self.end_value(true)
    }

    /// What is to become of the value that comes next.
    #[inline]
    fn goal(&self) -> Goal {
        if !self.skipped.is_empty() {
            return Goal::Nothing;
        }
        let Some(frame) = self.frames.last() else {
            if self.max_element.is_some() {
                return Goal::Value(Target::LIST);
            }
            return of_root(self.root);
        };
        match &frame.kind {
            FrameKind::Message(message) => match (message.field(), message.property) {
                (Some(field), _) => Goal::Field(field),
                (None, Present::Collected) => Goal::Value(Target::value(2)),
                (None, _) => Goal::Nothing,
            },
            FrameKind::List {
                number,
                value,
                packed,
                ..
            } => Goal::Value(Target::element(*number, **value, *packed)),
            FrameKind::Elements => of_root(self.root),
            FrameKind::Map { value, .. } => Goal::Value(Target::element(2, **value, false)),
            FrameKind::Struct => Goal::Value(Target::value(2)),
            FrameKind::ListValue { .. } => Goal::Value(Target::value(1)),
            FrameKind::Empty => Goal::Nothing,
        }
    }

    /// Begins an object or a list.
    pub(super) fn open(&mut self, is_object: bool) -> Result<(), Refusal> {
        let found = if is_object { "an object" } else { "a list" };
        let kind = match self.goal() {
            Goal::Nothing => {
                self.skipped.push(is_object);
                self.state = first(is_object);
                return Ok(());
            }
            Goal::Field(field) => match (field.holds, is_object) {
                (Holding::Repeated { packed }, false) => FrameKind::List {
                    number: field.number,
                    value: &field.value,
                    packed,
                    index: 0,
                },
                (Holding::Map(key), true) => FrameKind::Map {
                    number: field.number,
                    key,
                    value: &field.value,
                },
                (Holding::Repeated { .. }, true) => return Err(mismatch("a list", found)),
                (Holding::Map(_), false) => return Err(mismatch("an object", found)),
                _ => self.open_value(Target::of(field), is_object)?,
            },
            Goal::Value(target) => self.open_value(target, is_object)?,
        };
        self.frames.push(Frame {
            kind,
            slots: self.slots.len(),
            name: self.names.len()..self.names.len(),
        });
        self.state = first(is_object);
        Ok(())
    }

    /// Opens the lengths of a value that is an object or a list.
    #[inline]
    pub(super) fn open_value(
        &mut self,
        target: Target,
        is_object: bool,
    ) -> Result<FrameKind, Refusal> {
        let found = if is_object { "an object" } else { "a list" };
        let refused = || mismatch(target.value.expected(), found);
        let kind = match (target.value, is_object) {
            (ValueLayout::Transparent(field), _) => {
                self.open_length(target.number);
                return self.open_value(Target::of(field()), is_object);
            }
            (ValueLayout::Message(layout), true) => {
                self.check_depth()?;
                if target.number != 0 {
                    self.open_length(target.number);
                }
                let start = self.output.mark();
                FrameKind::Message(MessageFrame::new(layout(), self.spans.len(), start))
            }
            (ValueLayout::Struct, true) => {
                self.check_depth()?;
                self.open_length(target.number);
                FrameKind::Struct
            }
            (ValueLayout::ListValue, false) => {
                // The list of the root is a target of its own.
                if target.number == 0 {
                    return Ok(FrameKind::Elements);
                }
                self.check_depth()?;
                self.open_length(target.number);
                FrameKind::ListValue { index: 0 }
            }
            (ValueLayout::Value, _) => {
                self.check_depth()?;
                self.open_length(target.number);
                self.open_length(if is_object { 5 } else { 6 });
                if is_object {
                    FrameKind::Struct
                } else {
                    FrameKind::ListValue { index: 0 }
                }
            }
            (ValueLayout::Empty, true) => {
                self.open_length(target.number);
                FrameKind::Empty
            }
            _ => return Err(refused()),
        };
        Ok(kind)
    }

    pub(super) fn open_length(&mut self, number: u32) {
        let slot = self.output.open(number);
        self.slots.push(slot);
    }

    /// Makes sure that what starts here is not too deep.
    pub(super) fn check_depth(&self) -> Result<(), Refusal> {
        if self.frames.len() <= MAX_DEPTH {
            return Ok(());
        }
        let reason = format!("lies deeper than the {MAX_DEPTH} levels that are read");
        Err(Refusal::Misfit(reason))
    }

    /// An element of a list follows.
    pub(super) fn begin_element(&mut self) {
        if !self.skipped.is_empty() {
            return;
        }
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        match frame.kind {
            FrameKind::List {
                number,
                packed: true,
                index: 0,
                ..
            } => {
                self.slots.push(self.output.open(number));
                frame.slots = self.slots.len();
            }
            FrameKind::Elements => self.output.begin(),
            _ => {}
        }
    }

    /// Ends the innermost object or list.
    pub(super) fn close(&mut self) -> Result<(), Refusal> {
        if !self.skipped.is_empty() {
            self.skipped.pop();
            return self.end_value(true);
        }
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        self.names.truncate(frame.name.start);
        if let FrameKind::Message(message) = frame.kind {
            if message.has_duplicates {
                self.remove_duplicates(message.spans);
            }
            self.spans.truncate(message.spans);
        }
        // Errors of what is around it have its place again.
        self.state = State::Value;
        self.end_value(true)
    }

    /// Of a property that is there more than once, the last one counts.
    pub(super) fn remove_duplicates(&mut self, from: usize) {
        let mut last = std::collections::BTreeSet::new();
        let mut to = self.output.mark();
        for span in self.spans[from..].iter().rev() {
            if span.field != Span::COLLECTED && !last.insert(span.field) {
                self.output.remove(span.from, to);
            }
            to = span.from;
        }
    }

    /// A value is whole. `is_set` is false for null where it leaves a oneof as it is.
    pub(super) fn end_value(&mut self, is_set: bool) -> Result<(), Refusal> {
        if !self.skipped.is_empty() {
            self.state = next(self.skipped.is_object());
            return Ok(());
        }
        let outer = self.frames.last().map_or(0, |frame| frame.slots);
        while self.slots.len() > outer {
            if let Some(slot) = self.slots.pop() {
                self.output.close(slot)?;
            }
        }
        let is_outermost = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else {
            self.state = State::End;
            return Ok(());
        };
        let is_object = match &mut frame.kind {
            FrameKind::Message(message) => {
                let from = message.start;
                if let Present::Collected = message.property {
                    let field = Span::COLLECTED;
                    self.spans.push(Span { field, from });
                }
                if let (true, Present::Declared(index, field)) = (is_set, message.property) {
                    if let Holding::Member(oneof) = field.holds
                        && message.has_oneof(oneof, &self.spans)
                    {
                        let reason =
                            "expected null, because another member of its oneof has a value";
                        return Err(Refusal::Misfit(reason.to_owned()));
                    }
                    message.has_duplicates |= !message.see(index, &self.spans);
                    self.spans.push(Span { field: index, from });
                }
                true
            }
            FrameKind::List { index, .. } => {
                *index += 1;
                if is_outermost && self.slots.is_empty() {
                    self.output.part();
                }
                false
            }
            FrameKind::Elements => {
                if self
                    .max_element
                    .is_some_and(|max| self.output.unfinished() > max)
                {
                    return Err(Refusal::TooLarge);
                }
                self.output.end()?;
                self.elements += 1;
                false
            }
            FrameKind::ListValue { index } => {
                *index += 1;
                false
            }
            FrameKind::Map { .. } | FrameKind::Struct | FrameKind::Empty => true,
        };
        self.state = next(is_object);
        Ok(())
    }
}
