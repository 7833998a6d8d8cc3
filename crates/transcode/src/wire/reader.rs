//! Reads JSON into protobuf while it arrives.

use bytes::Bytes;

use super::frame::{Frame, FrameKind, MessageFrame, Property, Skipped, Span};
use super::output::{Output, Slot};
use super::refusal::{Refusal, mismatch};
use super::scalar::{self, Noticed, Scalar, Target};
use super::token::{self, NoToken, Rest, SyntaxError};
use crate::json::{Drift, DriftKind, Drifts, MAX_DEPTH, MAX_DRIFTS, Path, ReadError};
use crate::layout::{FieldLayout, Holding, KeyLayout, Root, ValueLayout};

/// What may come next in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A byte-order mark, blanks or a value.
    Start,
    /// Blanks or a value.
    Blank,
    Value,
    /// An element or the end of the list.
    FirstElement,
    /// A comma or the end of the list.
    NextElement,
    /// An element, behind a comma.
    Element,
    /// A name or the end of the object.
    FirstName,
    /// A comma or the end of the object.
    NextName,
    /// A name, behind a comma.
    Name,
    Colon,
    /// Blanks.
    End,
}

/// What is to become of the value that comes next.
enum Goal {
    /// Nobody reads it.
    Nothing,
    /// All of a field's values.
    Field(&'static FieldLayout),
    /// One value.
    Value(Target),
}

/// Reads a JSON text that arrives in pieces into messages of gRPC.
///
/// The rules are those of [`json`](crate::json). A message holds what
/// `prost` would write of what [`json::read`](crate::json::read) reads, if not in
/// the same order. A reader that has failed is of no use any more.
#[derive(Debug)]
pub struct Reader {
    root: Root,
    state: State,
    frames: Vec<Frame>,
    skipped: Skipped,
    /// The lengths that are open, from the outermost on.
    slots: Vec<Slot>,
    /// Where the properties of the open messages lie in the output.
    spans: Vec<Span>,
    /// The names of the open properties that no layout knows.
    names: String,
    output: Output,
    drifts: Drifts,
    /// The beginning of a token whose end has not arrived.
    partial: Vec<u8>,
    /// How many bytes of it need not be looked at again.
    scanned: usize,
    /// How many bytes of the text have been read.
    position: usize,
    /// The number of the line, and where it begins.
    line: usize,
    line_start: usize,
}

impl Reader {
    /// A reader that expects a message of about so many bytes.
    #[must_use]
    pub fn new(root: Root, capacity: usize) -> Self {
        let mut output = Output::new(capacity);
        if !matches!(root, Root::Elements(_)) {
            output.begin();
        }
        Self {
            root,
            state: State::Start,
            frames: Vec::with_capacity(8),
            skipped: Skipped::default(),
            slots: Vec::with_capacity(8),
            spans: Vec::with_capacity(32),
            names: String::new(),
            output,
            drifts: Drifts::new(),
            partial: Vec::new(),
            scanned: 0,
            position: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// How many bytes the reader holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.output.held() + self.partial.len()
    }

    /// Reads the next piece of the text.
    ///
    /// # Errors
    ///
    /// Fails with the JSON path of the first value that does not fit, and where the
    /// text is not JSON or has something behind its value.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), ReadError> {
        if self.partial.is_empty() {
            let read = self.read(piece, false)?;
            self.partial.extend_from_slice(&piece[read..]);
        } else {
            let mut text = std::mem::take(&mut self.partial);
            text.extend_from_slice(piece);
            let read = self.read(&text, false)?;
            text.drain(..read);
            self.partial = text;
        }
        Ok(())
    }

    /// The text is whole.
    ///
    /// # Errors
    ///
    /// Fails as [`feed`](Self::feed) does, and where the text is not.
    pub fn finish(&mut self) -> Result<(), ReadError> {
        let text = std::mem::take(&mut self.partial);
        self.read(&text, true)?;
        if matches!(self.state, State::Start | State::Blank) && !matches!(self.root, Root::Nothing)
        {
            return Err(ReadError {
                path: "$".to_owned(),
                reason: "expected a value, found an empty body".to_owned(),
            });
        }
        Ok(())
    }

    /// Adds a field to the message that has been read. Returns false if the text
    /// does not fit it.
    pub(crate) fn add(&mut self, number: u32, value: KeyLayout, text: &str) -> bool {
        scalar::write_key(&mut self.output, number, value, text)
    }

    /// Ends a message that is not an element of a list.
    ///
    /// # Errors
    ///
    /// Fails where it has more bytes than gRPC can send.
    pub fn end(&mut self) -> Result<(), ReadError> {
        let ended = self.output.end();
        ended.map_err(|error| self.refused(error.into(), 0))
    }

    /// Takes the messages that are whole, each behind the prefix of gRPC.
    pub fn take(&mut self) -> Vec<Bytes> {
        self.output.take()
    }

    /// Takes what was noticed.
    pub fn take_drifts(&mut self) -> Drifts {
        std::mem::take(&mut self.drifts)
    }

    /// Returns how many elements of the list are whole.
    #[must_use]
    pub fn elements(&self) -> usize {
        match self.frames.first().map(|frame| &frame.kind) {
            Some(FrameKind::Elements { index, .. }) => *index,
            _ => 0,
        }
    }

    /// Reads what is whole, and returns how much that is.
    fn read(&mut self, text: &[u8], is_last: bool) -> Result<usize, ReadError> {
        let mut at = 0;
        if matches!(self.state, State::Start | State::Blank) {
            at = self.begin(text, is_last);
            if self.state == State::Start {
                return Ok(0);
            }
        }
        loop {
            while let Some(byte @ (b' ' | b'\t' | b'\n' | b'\r' | 0x0c)) = text.get(at) {
                if *byte == 0x0c && self.state != State::End {
                    break;
                }
                at += 1;
                if *byte == b'\n' {
                    self.line += 1;
                    self.line_start = self.position + at;
                }
            }
            if matches!(self.state, State::FirstName | State::Name) {
                at = self.properties(text, at)?;
            }
            let rest = Rest {
                bytes: &text[at..],
                is_last,
                scanned: self.scanned,
            };
            if rest.bytes.is_empty() {
                match self.state {
                    State::Start | State::Blank | State::End => break,
                    _ if !is_last => break,
                    _ => {}
                }
            }
            match self.token(&rest) {
                Ok(size) => {
                    at += size;
                    self.scanned = 0;
                    // What mostly follows is not worth another round.
                    let follows = match (self.state, text.get(at)) {
                        (State::Colon, Some(b':')) => State::Value,
                        (State::NextName, Some(b',')) => State::Name,
                        (State::NextElement, Some(b',')) => State::Element,
                        _ => continue,
                    };
                    self.state = follows;
                    at += 1;
                }
                Err(Refusal::Token(NoToken::Incomplete { scanned })) if !is_last => {
                    self.scanned = scanned;
                    break;
                }
                Err(refusal) => return Err(self.refused(refusal, at)),
            }
        }
        self.position += at;
        Ok(at)
    }

    /// Skips what may stand before the value, and returns how much that is.
    fn begin(&mut self, text: &[u8], is_last: bool) -> usize {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        let mut at = 0;
        if self.state == State::Start {
            if text.len() < MARK.len() && MARK.starts_with(text) && !is_last {
                return 0;
            }
            if text.starts_with(MARK) {
                at = MARK.len();
            }
            self.state = State::Blank;
        }
        let blanks = text[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace());
        at += blanks.count();
        if at < text.len() {
            self.state = State::Value;
        }
        self.line_start = self.position + at;
        at
    }

    /// Reads the properties from here on that are whole and hold single scalars, and
    /// returns where the next one begins.
    ///
    /// It does nothing that [`token`](Self::token) does not do as well, and leaves to
    /// that whatever is not plain. Most of a reply is.
    fn properties(&mut self, text: &[u8], mut at: usize) -> Result<usize, ReadError> {
        loop {
            let Some(Frame {
                kind: FrameKind::Message(message),
                ..
            }) = self.frames.last_mut()
            else {
                return Ok(at);
            };
            if !self.skipped.is_empty() {
                return Ok(at);
            }
            let Some((name, size)) = token::plain_string(text, at) else {
                return Ok(at);
            };
            let value = at + size + 1;
            let Some((index, field)) = message.layout.find(name) else {
                return Ok(at);
            };
            let is_single = matches!(field.holds, Holding::Optional | Holding::Implicit);
            if !is_single || text.get(value - 1) != Some(&b':') {
                return Ok(at);
            }
            let Some((scalar, size)) = scalar::whole(text, value) else {
                return Ok(at);
            };
            let from = self.output.mark();
            let written = scalar::write(&mut self.output, Target::of(field), &scalar);
            message.property = Property::Declared(index, field);
            message.has_duplicates |= !message.see(index, &self.spans);
            self.spans.push(Span {
                field: index,
                from,
                to: self.output.mark(),
            });
            match written {
                Ok(Noticed::NOTHING) => {}
                Ok(noticed) => {
                    self.state = State::Value;
                    for kind in noticed.kinds() {
                        self.drift(kind);
                    }
                }
                Err(refusal) => {
                    self.state = State::Value;
                    return Err(self.refused(refusal, value));
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

    /// Reads one token, and returns how long it is.
    fn token(&mut self, rest: &Rest<'_>) -> Result<usize, Refusal> {
        let first = rest.bytes.first().copied();
        match (self.state, first) {
            (State::Value, _) => return self.value(rest),
            (State::FirstElement | State::NextElement, Some(b']'))
            | (State::FirstName | State::NextName, Some(b'}')) => self.close()?,
            (State::FirstElement | State::Element, Some(_))
                if self.state == State::FirstElement || first != Some(b']') =>
            {
                self.begin_element();
                self.state = State::Value;
                return Ok(0);
            }
            (State::NextElement, Some(b',')) => self.state = State::Element,
            (State::NextName, Some(b',')) => self.state = State::Name,
            (State::FirstName | State::Name, Some(b'"')) => return self.name(rest),
            (State::Colon, Some(b':')) => self.state = State::Value,
            (state, found) => {
                let error = match (state, found) {
                    (State::FirstElement | State::NextElement, None) => SyntaxError::EndInList,
                    (State::Element, None) => SyntaxError::EndInValue,
                    (State::FirstName | State::NextName | State::Colon, None) => {
                        SyntaxError::EndInObject
                    }
                    (State::Name, None) if self.skipped.is_empty() => SyntaxError::EndInValue,
                    (State::Name, None) => SyntaxError::EndInObject,
                    (State::Element, Some(_)) | (State::Name, Some(b'}'))
                        if self.skipped.is_empty() =>
                    {
                        SyntaxError::TrailingComma
                    }
                    // serde_json has other words for values that nobody reads.
                    (State::Element, Some(_)) => SyntaxError::NoValue,
                    (State::NextElement | State::FirstElement, Some(_)) => {
                        SyntaxError::NoCommaInList
                    }
                    (State::NextName, Some(_)) => SyntaxError::NoCommaInObject,
                    (State::FirstName | State::Name, Some(_)) => SyntaxError::NoKey,
                    (State::Colon, Some(_)) => SyntaxError::NoColon,
                    (State::Start | State::Blank | State::Value, _) => SyntaxError::NoValue,
                    (State::End, _) => SyntaxError::TrailingCharacters,
                };
                return Err(NoToken::Invalid { error, at: 0 }.into());
            }
        }
        Ok(1)
    }

    /// Reads a scalar, or the beginning of an object or a list.
    fn value(&mut self, rest: &Rest<'_>) -> Result<usize, Refusal> {
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
    fn scalar(&mut self, scalar: &Scalar<'_>) -> Result<(), Refusal> {
        let target = match self.goal() {
            Goal::Nothing => {
                return Ok(match scalar {
                    Scalar::String(string) => token::check_escapes(string)?,
                    Scalar::Bool(_) | Scalar::Number(_) => {}
                });
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

    fn null(&mut self) -> Result<(), Refusal> {
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
    fn goal(&self) -> Goal {
        if !self.skipped.is_empty() {
            return Goal::Nothing;
        }
        let Some(frame) = self.frames.last() else {
            return match self.root {
                Root::Nothing => Goal::Nothing,
                Root::Message(layout) => Goal::Value(Target::message(layout)),
                // A list by itself is read where it begins.
                Root::Elements(_) => Goal::Value(Target::LIST),
                Root::Field(field) => match field.holds {
                    Holding::Repeated { .. } | Holding::Map(_) => Goal::Field(field),
                    // Null is no reply.
                    _ => Goal::Value(Target::of(field)),
                },
            };
        };
        match &frame.kind {
            FrameKind::Message(message) => match (message.field(), message.property) {
                (Some(field), _) => Goal::Field(field),
                (None, Property::Collected) => Goal::Value(Target::value(2)),
                (None, _) => Goal::Nothing,
            },
            FrameKind::List {
                number,
                value,
                packed,
                ..
            } => Goal::Value(Target::element(*number, **value, *packed)),
            FrameKind::Elements { layout, .. } => Goal::Value(Target::message(*layout)),
            FrameKind::Map { value, .. } => Goal::Value(Target::element(2, **value, false)),
            FrameKind::Struct => Goal::Value(Target::value(2)),
            FrameKind::ListValue { .. } => Goal::Value(Target::value(1)),
            FrameKind::Empty => Goal::Nothing,
        }
    }

    /// Begins an object or a list.
    fn open(&mut self, is_object: bool) -> Result<(), Refusal> {
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
    fn open_value(&mut self, target: Target, is_object: bool) -> Result<FrameKind, Refusal> {
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
                if matches!(
                    self.frames.last(),
                    Some(Frame {
                        kind: FrameKind::Elements { .. },
                        ..
                    })
                ) {
                    self.output.begin();
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
                if target.number == 0
                    && let Root::Elements(layout) = self.root
                {
                    return Ok(FrameKind::Elements { layout, index: 0 });
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

    fn open_length(&mut self, number: u32) {
        let slot = self.output.open(number);
        self.slots.push(slot);
    }

    /// Makes sure that what starts here is not too deep.
    fn check_depth(&self) -> Result<(), Refusal> {
        if self.frames.len() <= MAX_DEPTH {
            return Ok(());
        }
        let reason = format!("lies deeper than the {MAX_DEPTH} levels that are read");
        Err(Refusal::Misfit(reason))
    }

    /// An element of a list follows.
    fn begin_element(&mut self) {
        if !self.skipped.is_empty() {
            return;
        }
        if let Some(frame) = self.frames.last_mut()
            && let FrameKind::List {
                number,
                packed: true,
                index: 0,
                ..
            } = frame.kind
        {
            self.slots.push(self.output.open(number));
            frame.slots = self.slots.len();
        }
    }

    /// Reads the name of a property.
    fn name(&mut self, rest: &Rest<'_>) -> Result<usize, Refusal> {
        let string = token::string(rest)?;
        if self.skipped.is_empty() {
            self.begin_property(&string.bytes()?)?;
        } else {
            token::check_escapes(&string)?;
        }
        self.state = State::Colon;
        Ok(string.size())
    }

    fn begin_property(&mut self, name: &[u8]) -> Result<(), Refusal> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        self.names.truncate(frame.name.start);
        if let FrameKind::Message(message) = &mut frame.kind {
            message.start = self.output.mark();
            if let Some((index, field)) = message.layout.find(name) {
                message.property = Property::Declared(index, field);
                return Ok(());
            }
        }
        let name = std::str::from_utf8(name).unwrap_or_default();
        self.names.push_str(name);
        frame.name.end = self.names.len();
        // From here on, errors are about the property.
        self.state = State::Colon;
        match &mut frame.kind {
            FrameKind::Message(message) => {
                if let Some(number) = message.layout.collector {
                    message.property = Property::Collected;
                    self.open_length(number);
                    self.open_length(1);
                    self.output.string(1, name.as_bytes());
                } else {
                    message.property = Property::Undeclared;
                    self.drift(DriftKind::UndeclaredProperty);
                }
            }
            FrameKind::Map { number, key, .. } => {
                let (number, key) = (*number, *key);
                self.open_length(number);
                if !scalar::write_key(&mut self.output, 1, key, name) {
                    return Err(Refusal::Misfit("the key does not fit its type".to_owned()));
                }
            }
            FrameKind::Struct => {
                self.open_length(1);
                self.output.string(1, name.as_bytes());
            }
            FrameKind::Empty => self.drift(DriftKind::UndeclaredProperty),
            FrameKind::List { .. } | FrameKind::Elements { .. } | FrameKind::ListValue { .. } => {}
        }
        Ok(())
    }

    /// Ends the innermost object or list.
    fn close(&mut self) -> Result<(), Refusal> {
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
    fn remove_duplicates(&mut self, from: usize) {
        let mut last = std::collections::BTreeSet::new();
        for span in self.spans[from..].iter().rev() {
            if !last.insert(span.field) {
                self.output.remove(span.from, span.to);
            }
        }
    }

    /// A value is whole. `is_set` is false for null where it leaves a oneof as it is.
    fn end_value(&mut self, is_set: bool) -> Result<(), Refusal> {
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
                if let (true, Property::Declared(index, field)) = (is_set, message.property) {
                    if let Holding::Member(oneof) = field.holds
                        && !message.take_oneof(oneof)
                    {
                        let reason =
                            "expected null, because another member of its oneof has a value";
                        return Err(Refusal::Misfit(reason.to_owned()));
                    }
                    message.has_duplicates |= !message.see(index, &self.spans);
                    self.spans.push(Span {
                        field: index,
                        from: message.start,
                        to: self.output.mark(),
                    });
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
            FrameKind::Elements { index, .. } => {
                self.output.end()?;
                *index += 1;
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

    /// Notes a difference at the present place.
    fn drift(&mut self, kind: DriftKind) {
        if self.drifts.len() < MAX_DRIFTS {
            let path = self.path(false);
            self.drifts.insert(Drift { path, kind });
        }
    }

    /// The path of what is being read.
    fn path(&self, indexes: bool) -> String {
        fn step(
            frames: &[Frame],
            names: &str,
            path: &Path<'_>,
            in_property: bool,
            indexes: bool,
        ) -> String {
            let Some((frame, inner)) = frames.split_first() else {
                return path.to_string(indexes);
            };
            let is_inside = !inner.is_empty() || in_property;
            let name = match &frame.kind {
                FrameKind::List { index, .. }
                | FrameKind::Elements { index, .. }
                | FrameKind::ListValue { index } => {
                    return step(inner, names, &path.index(*index), in_property, indexes);
                }
                FrameKind::Message(message) => message.field().map(|field| field.name),
                FrameKind::Map { .. } | FrameKind::Struct | FrameKind::Empty => None,
            };
            if !is_inside {
                return path.to_string(indexes);
            }
            let name = name.unwrap_or_else(|| names.get(frame.name.clone()).unwrap_or_default());
            step(inner, names, &path.name(name), in_property, indexes)
        }
        let in_property =
            !self.skipped.is_empty() || matches!(self.state, State::Colon | State::Value);
        step(&self.frames, &self.names, Path::ROOT, in_property, indexes)
    }

    /// The error of a value that begins at this index of the present piece.
    fn refused(&self, refusal: Refusal, start: usize) -> ReadError {
        let path = self.path(true);
        let reason = match refusal {
            Refusal::Misfit(reason) => reason,
            Refusal::Token(NoToken::Incomplete { .. }) => {
                "the end of the value was not seen, which is a fault of the gateway".to_owned()
            }
            Refusal::Token(NoToken::Invalid { error, at }) => {
                let is_end = matches!(
                    error,
                    SyntaxError::EndInList
                        | SyntaxError::EndInObject
                        | SyntaxError::EndInString
                        | SyntaxError::EndInValue
                );
                let column = self.position + start + at - self.line_start + usize::from(!is_end);
                format!("{} at line {} column {column}", error.text(), self.line)
            }
        };
        ReadError { path, reason }
    }
}

/// What may come first in an object or a list.
fn first(is_object: bool) -> State {
    if is_object {
        State::FirstName
    } else {
        State::FirstElement
    }
}

/// What may come behind a value in an object or a list.
fn next(is_object: bool) -> State {
    if is_object {
        State::NextName
    } else {
        State::NextElement
    }
}

/// Reads a whole text. Its message stands behind the prefix of gRPC.
///
/// # Errors
///
/// Fails as [`Reader::feed`] and [`Reader::finish`] do.
pub fn read(root: Root, json: &[u8]) -> Result<(Bytes, Drifts), ReadError> {
    let mut reader = Reader::new(root, json.len());
    reader.feed(json)?;
    reader.finish()?;
    reader.end()?;
    let parts = reader.take();
    let message = match <[Bytes; 1]>::try_from(parts) {
        Ok([message]) => message,
        Err(parts) => parts.concat().into(),
    };
    Ok((message, reader.take_drifts()))
}
