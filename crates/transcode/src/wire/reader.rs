//! Reads JSON into protobuf while it arrives.

mod names;
mod place;
mod plain;
mod values;

use bytes::Bytes;

use super::frame::{Frame, Skipped, Span};
use super::output::{Output, Slot};
use super::refusal::Refusal;
use super::scalar;
use super::token::{NoToken, Rest, SyntaxError};
use crate::json::{Drifts, ReadError};
use crate::layout::{KeyLayout, Root};

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

/// Reads a JSON text that arrives in pieces into messages of gRPC.
///
/// The rules are those of [`json`](crate::json). A message holds what
/// `prost` would write of what [`json::read`](crate::json::read) reads, if not in
/// the same order. A reader that has failed is of no use any more.
#[derive(Debug)]
pub struct Reader {
    root: Root,
    /// Of a list whose elements are messages by themselves, how large one may be.
    max_element: Option<usize>,
    is_too_large: bool,
    /// How many of its elements are whole.
    elements: usize,
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
    /// Hashes of the differences that were noticed.
    noted: Vec<u64>,
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
        let mut reader = Self::empty(root, None, capacity);
        reader.output.begin();
        reader
    }

    /// A reader of a list whose elements are messages by themselves, each read as the
    /// root says. None may have more than so many bytes of protobuf.
    #[must_use]
    pub fn of_list(root: Root, max_element: usize) -> Self {
        Self::empty(root, Some(max_element), 0)
    }

    fn empty(root: Root, max_element: Option<usize>, capacity: usize) -> Self {
        Self {
            root,
            max_element,
            is_too_large: false,
            elements: 0,
            state: State::Start,
            frames: Vec::with_capacity(8),
            skipped: Skipped::default(),
            slots: Vec::with_capacity(8),
            spans: Vec::with_capacity(32),
            names: String::new(),
            output: Output::new(capacity),
            drifts: Drifts::new(),
            noted: Vec::new(),
            partial: Vec::new(),
            scanned: 0,
            position: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// How many bytes the reader holds of what is not whole.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.output.unfinished() + self.partial.len()
    }

    /// Returns whether the reader has failed because an element is too large.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// Reads the next piece of the text.
    ///
    /// # Errors
    ///
    /// Fails with the JSON path of the first value that does not fit, and where the
    /// text is not JSON or has something behind its value.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), ReadError> {
        let read = self.end_partial(piece)?;
        if self.partial.is_empty() {
            let rest = piece.get(read..).unwrap_or_default();
            let read = self.read(rest, false)?;
            self.partial
                .extend_from_slice(rest.get(read..).unwrap_or_default());
        }
        if self.max_element.is_some_and(|max| self.unfinished() > max) {
            return Err(self.refused(Refusal::TooLarge, 0));
        }
        Ok(())
    }

    /// Reads the token that has begun in an earlier piece, if its end is in this one,
    /// and what else is copied with it. Returns how much of the piece that is. A token
    /// that goes on behind this piece is kept with all of it.
    fn end_partial(&mut self, piece: &[u8]) -> Result<usize, ReadError> {
        /// Most tokens end within so many bytes, so that no more of a piece is copied.
        const NEAR: usize = 256;
        if self.partial.is_empty() {
            return Ok(0);
        }
        let mut text = std::mem::take(&mut self.partial);
        let before = text.len();
        let mut copied = 0;
        for end in [NEAR.min(piece.len()), piece.len()] {
            text.extend_from_slice(piece.get(copied..end).unwrap_or_default());
            copied = end;
            let read = self.read(&text, false)?;
            if let Some(read) = read.checked_sub(before) {
                return Ok(read);
            }
            debug_assert_eq!(read, 0, "what is kept is one token");
        }
        self.partial = text;
        Ok(piece.len())
    }

    /// The text is whole.
    ///
    /// # Errors
    ///
    /// Fails as [`feed`](Self::feed) does, and where the text is not.
    pub fn finish(&mut self) -> Result<(), ReadError> {
        let text = std::mem::take(&mut self.partial);
        self.read(&text, true)?;
        if matches!(self.state, State::Start | State::Blank)
            && (self.max_element.is_some() || !matches!(self.root, Root::Nothing))
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

    /// How many elements of the list are whole.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.elements
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
            if self.scanned == 0 {
                let read = self.plain(text, at)?;
                if read > at {
                    at = read;
                    continue;
                }
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
                return self.value(rest);
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
                    (State::NextElement | State::FirstElement, Some(_)) => {
                        SyntaxError::NoCommaInList
                    }
                    (State::NextName, Some(_)) => SyntaxError::NoCommaInObject,
                    (State::FirstName | State::Name, Some(_)) => SyntaxError::NoKey,
                    (State::Colon, Some(_)) => SyntaxError::NoColon,
                    // serde_json has other words for lists that nobody reads.
                    (State::Start | State::Blank | State::Value | State::Element, _) => {
                        SyntaxError::NoValue
                    }
                    (State::End, _) => SyntaxError::TrailingCharacters,
                };
                return Err(NoToken::Invalid { error, at: 0 }.into());
            }
        }
        Ok(1)
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
