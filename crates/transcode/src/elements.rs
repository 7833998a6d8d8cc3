//! Splits a JSON list into its elements while it arrives.
//!
//! It knows where a value ends, and checks all that stands between the elements.
//! What an element consists of is for whoever reads it: [`Elements`] never looks
//! into one, and never holds more than the one that is arriving.

use bytes::Bytes;

use crate::json::ReadError;

/// The byte-order mark, which RFC 8259 lets a reader ignore.
const BOM: [u8; 3] = *b"\xEF\xBB\xBF";

/// The elements of a list whose text arrives in frames.
pub(crate) struct Elements {
    /// How long an element may be, in bytes.
    max_element: usize,
    /// What has arrived and was not looked at yet.
    frame: Bytes,
    /// What has arrived of the present element in earlier frames.
    begun: Vec<u8>,
    /// How many elements have been whole.
    count: usize,
    place: Place,
}

/// Why there is no next element.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SplitError {
    /// The text is no JSON list.
    Misfit(ReadError),
    /// The element with this index is larger than the limit.
    TooLarge(usize),
}

/// Where in the text the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the list, behind so many bytes of the byte-order mark.
    Start(usize),
    /// Before the first element, or the end of an empty list.
    First,
    /// Behind a comma.
    Next,
    Within(Value),
    /// Behind an element.
    Behind,
    End,
}

/// The value that an element is, and how far it has been looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// A list or an object, within so many others of its own, and maybe within a
    /// string.
    Nested {
        depth: usize,
        string: Option<Escape>,
    },
    String(Escape),
    /// Anything else. Only what follows tells where it ends.
    Bare,
}

/// Whether the next byte of a string stands behind a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    Behind,
    None,
}

impl Elements {
    pub(crate) fn new(max_element: usize) -> Self {
        Self {
            max_element,
            frame: Bytes::new(),
            begun: Vec::new(),
            count: 0,
            place: Place::Start(0),
        }
    }

    /// Adds what has arrived next. What was added before has been split, so that
    /// [`next`](Self::next) has returned `None`.
    pub(crate) fn feed(&mut self, frame: Bytes) {
        debug_assert!(self.frame.is_empty(), "a frame is split before the next");
        self.frame = frame;
    }

    /// How many bytes are held of an element that is not whole.
    pub(crate) fn held(&self) -> usize {
        self.begun.len()
    }

    /// How many elements have been whole.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The text of the next element, or `None` where more has to arrive first.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, SplitError> {
        while let Some(&byte) = self.frame.first() {
            if let Place::Within(value) = &mut self.place {
                let Some(length) = value.end(&self.frame) else {
                    let rest = std::mem::take(&mut self.frame);
                    self.check_length(rest.len())?;
                    self.begun.extend_from_slice(&rest);
                    return Ok(None);
                };
                self.check_length(length)?;
                let end = self.frame.split_to(length);
                self.place = Place::Behind;
                self.count += 1;
                if self.begun.is_empty() {
                    return Ok(Some(end));
                }
                let mut element = std::mem::take(&mut self.begun);
                element.extend_from_slice(&end);
                return Ok(Some(element.into()));
            }
            let next = self.between(byte).map_err(SplitError::Misfit)?;
            if !matches!(next, Place::Within(_)) {
                let _ = self.frame.split_to(1);
            }
            self.place = next;
        }
        Ok(None)
    }

    /// Makes sure that the text may end here.
    pub(crate) fn end(&self) -> Result<(), ReadError> {
        match self.place {
            Place::End => Ok(()),
            Place::Start(_) => Err(misfit("$", "expected a value, found an empty body")),
            Place::Within(_) => Err(self.misfit_here("the body ends within the element")),
            Place::First | Place::Next | Place::Behind => {
                Err(misfit("$", "the body ends before the list does"))
            }
        }
    }

    /// Where the text goes on behind a byte that is not part of an element. One
    /// that begins an element is part of it.
    fn between(&self, byte: u8) -> Result<Place, ReadError> {
        let is_blank = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        match self.place {
            Place::Start(0 | 3) if is_blank => Ok(Place::Start(3)),
            Place::Start(0 | 3) if byte == b'[' => Ok(Place::First),
            Place::Start(read) if BOM.get(read) == Some(&byte) => Ok(Place::Start(read + 1)),
            Place::Start(0 | 3) => Err(misfit("$", not_a_list(byte))),
            place if is_blank && !matches!(place, Place::Start(_)) => Ok(place),
            Place::First | Place::Behind if byte == b']' => Ok(Place::End),
            Place::Behind if byte == b',' => Ok(Place::Next),
            Place::Behind => Err(misfit(
                "$",
                format!(
                    "expected a comma or the end of the list behind $[{}]",
                    self.count - 1
                ),
            )),
            Place::First | Place::Next => Value::beginning(byte)
                .map(Place::Within)
                .ok_or_else(|| self.misfit_here("expected a value")),
            Place::Start(_) => Err(misfit("$", "expected a list")),
            Place::End => Err(misfit("$", "something follows the end of the list")),
            Place::Within(_) => Ok(self.place),
        }
    }

    fn check_length(&self, more: usize) -> Result<(), SplitError> {
        if self.begun.len() + more > self.max_element {
            return Err(SplitError::TooLarge(self.count));
        }
        Ok(())
    }

    fn misfit_here(&self, reason: &str) -> ReadError {
        misfit(&format!("$[{}]", self.count), reason)
    }
}

impl Value {
    /// The value that begins with this byte.
    fn beginning(byte: u8) -> Option<Self> {
        match byte {
            b'{' | b'[' => Some(Self::Nested {
                depth: 0,
                string: None,
            }),
            // The quote itself is still to be looked at, as if it were escaped.
            b'"' => Some(Self::String(Escape::Behind)),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Some(Self::Bare),
            _ => None,
        }
    }

    /// How many of the bytes belong to the value, if it ends among them.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Bare => bytes
                .iter()
                .position(|byte| matches!(byte, b',' | b']' | b' ' | b'\t' | b'\n' | b'\r')),
            Self::String(escape) => string_end(bytes, escape),
            Self::Nested { depth, string } => nested_end(bytes, depth, string),
        }
    }
}

/// How many of the bytes belong to a string, if it ends among them.
fn string_end(bytes: &[u8], escape: &mut Escape) -> Option<usize> {
    for (index, byte) in bytes.iter().enumerate() {
        match (*escape, byte) {
            (Escape::Behind, _) => *escape = Escape::None,
            (Escape::None, b'\\') => *escape = Escape::Behind,
            (Escape::None, b'"') => return Some(index + 1),
            (Escape::None, _) => {}
        }
    }
    None
}

/// How many of the bytes belong to a list or an object, if it ends among them.
/// Whether each bracket has its counterpart is for whoever reads the value.
fn nested_end(bytes: &[u8], depth: &mut usize, string: &mut Option<Escape>) -> Option<usize> {
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        if let Some(escape) = string {
            index += string_end(&bytes[index..], escape)?;
            *string = None;
            continue;
        }
        index += 1;
        match byte {
            b'"' => *string = Some(Escape::None),
            b'{' | b'[' => *depth += 1,
            b'}' | b']' => {
                *depth -= 1;
                if *depth == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

fn misfit(path: &str, reason: impl Into<String>) -> ReadError {
    ReadError {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

/// What is wrong with a text that begins with this byte, in the words of the other
/// readers.
fn not_a_list(byte: u8) -> &'static str {
    match byte {
        b'{' => "expected a list, found an object",
        b'"' => "expected a list, found a string",
        b'-' | b'0'..=b'9' => "expected a list, found a number",
        b't' | b'f' => "expected a list, found a boolean",
        b'n' => "expected a list, found null",
        _ => "expected a list",
    }
}

#[cfg(test)]
mod tests;
