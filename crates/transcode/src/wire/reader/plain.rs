//! What most of a reply is, read at once: text without blanks between its tokens, and
//! strings without escapes.
//!
//! Nothing here does what [`token`](Reader::token) does not do as well. Whatever is not
//! plain, or not whole, is left to that.

use super::{Reader, State};
use crate::json::{self, ReadError};
use crate::layout::{EnumLayout, FieldLayout, Holding, MessageLayout, Plain, Tag, ValueLayout};
use crate::wire::frame::{Frame, FrameKind, MessageFrame, Present, Span};
use crate::wire::output::{Output, ROOM};
use crate::wire::refusal::Refusal;
use crate::wire::scalar::{self, Noticed, Target};
use crate::wire::token;

/// How long a plain string is at most: its length takes one byte.
const LONGEST: usize = 127;

/// Why no more properties are read at once.
enum Stop {
    /// What follows is none, or has another value.
    Other,
    /// Something was noticed of the value that was read last.
    Noticed(Noticed),
    /// The value that comes next does not fit.
    Refused(Refusal),
}

impl Reader {
    /// Reads what is plain from here on, and returns where it ends.
    pub(super) fn plain(&mut self, text: &[u8], mut at: usize) -> Result<usize, ReadError> {
        loop {
            // What nobody reads may begin with any object and any list.
            if !self.skipped.is_empty() {
                return Ok(at);
            }
            let Some(frame) = self.frames.last() else {
                return Ok(at);
            };
            match (self.state, &frame.kind) {
                (State::FirstName | State::Name, FrameKind::Message(_)) => {
                    at = self.properties(text, at)?;
                }
                (State::FirstName | State::Name, FrameKind::Struct) => at = self.members(text, at),
                (
                    State::FirstElement | State::Element,
                    FrameKind::List {
                        number,
                        value: ValueLayout::String,
                        ..
                    },
                ) => {
                    let number = *number;
                    at = self.strings(number, text, at);
                }
                (State::FirstElement | State::Element, _) if text.get(at) == Some(&b'{') => {
                    self.begin_element();
                    self.state = State::Value;
                }
                _ => {}
            }
            let done = match (self.state, text.get(at)) {
                (State::Value, Some(b'{')) => self.open(true),
                (State::Value, Some(b'[')) => self.open(false),
                (State::NextName, Some(b'}')) | (State::NextElement, Some(b']')) => self.close(),
                _ => return Ok(at),
            };
            if let Err(refusal) = done {
                return Err(self.refused(refusal, at));
            }
            at += 1;
            if text.get(at) == Some(&b',') {
                self.state = match self.state {
                    State::NextName => State::Name,
                    State::NextElement => State::Element,
                    _ => return Ok(at),
                };
                at += 1;
            }
        }
    }

    /// Reads properties of a message whose values are scalars, and the name of the first
    /// one whose value is something else.
    fn properties(&mut self, text: &[u8], mut at: usize) -> Result<usize, ReadError> {
        loop {
            let Some(Frame {
                kind: FrameKind::Message(message),
                name,
                ..
            }) = self.frames.last_mut()
            else {
                return Ok(at);
            };
            self.names.truncate(name.start);
            let mut properties = Properties {
                message,
                output: &mut self.output,
                spans: &mut self.spans,
                state: self.state,
                at,
            };
            let stop = properties.read(text);
            self.state = properties.state;
            at = properties.at;
            match stop {
                Stop::Other => return Ok(at),
                Stop::Noticed(noticed) => {
                    // It is noted at the place of the value.
                    let state = std::mem::replace(&mut self.state, State::Value);
                    for kind in noticed.kinds() {
                        self.drift(kind);
                    }
                    self.state = state;
                    if state != State::Name {
                        return Ok(at);
                    }
                }
                Stop::Refused(refusal) => return Err(self.refused(refusal, at)),
            }
        }
    }

    /// Reads members of a `google.protobuf.Struct` whose values are strings.
    fn members(&mut self, text: &[u8], mut at: usize) -> usize {
        while let Some(end) = member(&mut self.output, text, at) {
            at = end;
            if text.get(at) != Some(&b',') {
                self.state = State::NextName;
                return at;
            }
            self.state = State::Name;
            at += 1;
        }
        at
    }

    /// Reads elements of a list of strings.
    fn strings(&mut self, number: u32, text: &[u8], mut at: usize) -> usize {
        let Some(tag) = Tag::of_string(number) else {
            return at;
        };
        let mut read = 0;
        while let Some(end) = string(&mut self.output, tag, false, text, at) {
            read += 1;
            at = end;
            if text.get(at) != Some(&b',') {
                self.state = State::NextElement;
                break;
            }
            self.state = State::Element;
            at += 1;
        }
        if let Some(Frame {
            kind: FrameKind::List { index, .. },
            ..
        }) = self.frames.last_mut()
        {
            *index += read;
        }
        at
    }
}

/// The properties of a message that are read at once.
struct Properties<'r> {
    message: &'r mut MessageFrame,
    output: &'r mut Output,
    spans: &'r mut Vec<Span>,
    /// What may come next.
    state: State,
    /// Where that is in the text.
    at: usize,
}

impl Properties<'_> {
    #[inline(never)]
    fn read(&mut self, text: &[u8]) -> Stop {
        let layout = self.message.layout;
        let mut at = self.at;
        let mut expected = match self.message.property {
            Present::Declared(index, _) => index + 1,
            Present::Collected | Present::Undeclared => 0,
        };
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let found = match layout.guess(expected, rest) {
                Some((index, field, key)) => Some((index, field, at + key)),
                None => find(layout, text, at),
            };
            let Some((index, field, value)) = found else {
                self.at = at;
                return Stop::Other;
            };
            let from = self.output.mark();
            let is_implicit = field.holds == Holding::Implicit;
            let end = match field.plain {
                Plain::String => string(self.output, field.tag, is_implicit, text, value),
                Plain::Bool => bool(self.output, field.tag, is_implicit, text, value),
                Plain::Timestamp => timestamp(self.output, field.number, text, value),
                Plain::Enum(layout) => {
                    enumerated(self.output, field.tag, layout, is_implicit, text, value)
                }
                Plain::One | Plain::More => None,
            };
            let (end, noticed) = match end {
                Some(end) => (end, Noticed::NOTHING),
                None => match self.other(index, field, text, value) {
                    Ok(read) => read,
                    Err(stop) => return stop,
                },
            };
            self.message.has_duplicates |= !self.message.see(index, self.spans);
            self.spans.push(Span { field: index, from });
            expected = index + 1;
            let is_last = text.get(end) != Some(&b',');
            if is_last || noticed != Noticed::NOTHING {
                self.message.property = Present::Declared(index, field);
                self.state = if is_last {
                    State::NextName
                } else {
                    State::Name
                };
                self.at = end + usize::from(!is_last);
                if noticed != Noticed::NOTHING {
                    return Stop::Noticed(noticed);
                }
                return Stop::Other;
            }
            at = end + 1;
            self.state = State::Name;
        }
    }

    /// Reads a value that is less usual. Returns where it ends.
    #[inline(never)]
    fn other(
        &mut self,
        index: usize,
        field: &'static FieldLayout,
        text: &[u8],
        value: usize,
    ) -> Result<(usize, Noticed), Stop> {
        self.message.property = Present::Declared(index, field);
        self.message.start = self.output.mark();
        self.state = State::Value;
        self.at = value;
        if !matches!(field.holds, Holding::Optional | Holding::Implicit) {
            return Err(Stop::Other);
        }
        let Some((scalar, size)) = scalar::whole(text, value) else {
            return Err(Stop::Other);
        };
        match scalar::write(self.output, Target::of(field), &scalar) {
            Ok(noticed) => Ok((value + size, noticed)),
            Err(refusal) => Err(Stop::Refused(refusal)),
        }
    }
}

/// The field whose property name is at this index, its index, and where its value begins.
#[inline(never)]
fn find(
    layout: &'static MessageLayout,
    text: &[u8],
    at: usize,
) -> Option<(usize, &'static FieldLayout, usize)> {
    let (name, colon) = plain_string(text, at)?;
    let (index, field) = layout.find(name)?;
    (text.get(colon) == Some(&b':')).then_some((index, field, colon + 1))
}

/// The string whose opening quote is at this index, and where it ends, if it is plain and
/// whole.
#[inline]
fn plain_string(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let text = text.get(at..)?.strip_prefix(b"\"")?;
    let mut length = 0;
    loop {
        let plain = token::plain_bytes(text.get(length..)?.first_chunk()?);
        length += plain;
        if plain < token::CHUNK {
            let (string, behind) = text.split_at_checked(length)?;
            return behind
                .starts_with(b"\"")
                .then_some((string, at + length + 2));
        }
    }
}

/// Copies the string whose opening quote is at this index into room from `to` on. Returns
/// how long it is, if it is plain and whole.
#[inline]
fn copy(room: &mut [u8; ROOM], to: usize, text: &[u8], at: usize) -> Option<usize> {
    let text = text.get(at..)?.strip_prefix(b"\"")?;
    copy_rest(room, to, text, 0)
}

/// The same, with so many bytes behind the quote that are copied.
#[inline]
fn copy_rest(room: &mut [u8; ROOM], to: usize, text: &[u8], mut length: usize) -> Option<usize> {
    loop {
        let chunk = text.get(length..)?.first_chunk()?;
        *room.get_mut(to + length..)?.first_chunk_mut()? = *chunk;
        let plain = token::plain_bytes(chunk);
        length += plain;
        if plain < token::CHUNK {
            let is_whole = text.get(length) == Some(&b'"') && length <= LONGEST;
            return is_whole.then_some(length);
        }
    }
}

/// A length that takes one byte.
fn byte(length: usize) -> u8 {
    u8::try_from(length).unwrap_or_default()
}

/// Writes a field whose value is the string at this index. Returns where it ends.
#[inline]
fn string(
    output: &mut Output,
    tag: Tag,
    is_implicit: bool,
    text: &[u8],
    at: usize,
) -> Option<usize> {
    let text = text.get(at..)?;
    let first = text.first_chunk::<{ 1 + token::CHUNK }>()?;
    let [b'"', chunk @ ..] = first else {
        return None;
    };
    let room = output.room();
    room[..2].copy_from_slice(&tag.bytes);
    let to = usize::from(tag.size.min(2)) + 1;
    room[to..to + token::CHUNK].copy_from_slice(chunk);
    let mut length = token::plain_bytes(chunk);
    let closes = if length < token::CHUNK {
        chunk[length] == b'"'
    } else {
        length = copy_rest(room, to, &text[1..], length)?;
        true
    };
    if !closes {
        return None;
    }
    room[to - 1] = byte(length);
    if !(is_implicit && length == 0) {
        output.advance(to + length);
    }
    Some(at + length + 2)
}

/// Writes a field whose value is one of the words at this index. Returns where it ends.
#[inline]
fn bool(output: &mut Output, tag: Tag, is_implicit: bool, text: &[u8], at: usize) -> Option<usize> {
    let (value, size) = match text.get(at..)?.first_chunk()? {
        b"true" => (true, 4),
        b"fals" if text.get(at + 4) == Some(&b'e') => (false, 5),
        _ => return None,
    };
    if value || !is_implicit {
        set_byte(output, tag, u8::from(value));
    }
    Some(at + size)
}

/// Writes a field whose value is the spelling of an enum at this index, if the enum has it
/// and its number takes one byte. Returns where it ends.
#[inline(never)]
fn enumerated(
    output: &mut Output,
    tag: Tag,
    layout: &EnumLayout,
    is_implicit: bool,
    text: &[u8],
    at: usize,
) -> Option<usize> {
    let (spelling, end) = plain_string(text, at)?;
    let number = (layout.number)(std::str::from_utf8(spelling).ok()?)?;
    let number = u8::try_from(number).ok().filter(|number| *number < 0x80)?;
    if !(is_implicit && number == 0) {
        set_byte(output, tag, number);
    }
    Some(end)
}

/// Writes a field whose value takes one byte.
#[inline]
fn set_byte(output: &mut Output, tag: Tag, value: u8) {
    let room = output.room();
    room[..2].copy_from_slice(&tag.bytes);
    let to = usize::from(tag.size.min(2));
    room[to] = value;
    output.advance(to + 1);
}

/// Writes a field whose value is the instant at this index, if it has the usual form.
/// Returns where it ends.
#[inline(never)]
fn timestamp(output: &mut Output, number: u32, text: &[u8], at: usize) -> Option<usize> {
    let (instant, end) = plain_string(text, at)?;
    let instant = json::usual_instant(instant)?;
    scalar::write_time(output, number, instant.seconds, instant.nanos);
    Some(end)
}

/// Writes a member of a `google.protobuf.Struct` whose value is a string. Returns where it
/// ends.
fn member(output: &mut Output, text: &[u8], at: usize) -> Option<usize> {
    // A field, the name in it, the value in it, and the string in that, each with a tag and
    // a length of one byte.
    const NAME: usize = 4;
    let room = output.room();
    let name = copy(room, NAME, text, at)?;
    let colon = at + name + 2;
    if text.get(colon) != Some(&b':') {
        return None;
    }
    let value = NAME + name;
    let string = copy(room, value + 4, text, colon + 1)?;
    let length = value + 4 + string - 2;
    if length > LONGEST {
        return None;
    }
    room[..NAME].copy_from_slice(&[0x0a, byte(length), 0x0a, byte(name)]);
    let heads = [0x12, byte(string + 2), 0x1a, byte(string)];
    room.get_mut(value..value + 4)?.copy_from_slice(&heads);
    output.advance(2 + length);
    Some(colon + 1 + string + 2)
}
