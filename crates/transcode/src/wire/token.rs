//! The tokens of a JSON text (RFC 8259) that arrives in pieces.
//!
//! A token is read where it is whole, from the piece that it lies in. What is
//! not whole is read again when more has arrived, from where the last attempt has
//! ended. The errors are those of `serde_json`.

use std::borrow::Cow;

/// Why a text is not JSON, in the words that `serde_json` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyntaxError {
    EndInList,
    EndInObject,
    EndInString,
    EndInValue,
    NoColon,
    NoCommaInList,
    NoCommaInObject,
    NoIdent,
    NoValue,
    NoKey,
    InvalidEscape,
    InvalidNumber,
    NumberOutOfRange,
    InvalidCodePoint,
    ControlCharacter,
    LoneSurrogate,
    EndOfHexEscape,
    TrailingComma,
    TrailingCharacters,
}

impl SyntaxError {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::EndInList => "EOF while parsing a list",
            Self::EndInObject => "EOF while parsing an object",
            Self::EndInString => "EOF while parsing a string",
            Self::EndInValue => "EOF while parsing a value",
            Self::NoColon => "expected `:`",
            Self::NoCommaInList => "expected `,` or `]`",
            Self::NoCommaInObject => "expected `,` or `}`",
            Self::NoIdent => "expected ident",
            Self::NoValue => "expected value",
            Self::NoKey => "key must be a string",
            Self::InvalidEscape => "invalid escape",
            Self::InvalidNumber => "invalid number",
            Self::NumberOutOfRange => "number out of range",
            Self::InvalidCodePoint => "invalid unicode code point",
            Self::ControlCharacter => {
                "control character (\\u0000-\\u001F) found while parsing a string"
            }
            Self::LoneSurrogate => "lone leading surrogate in hex escape",
            Self::EndOfHexEscape => "unexpected end of hex escape",
            Self::TrailingComma => "trailing comma",
            Self::TrailingCharacters => "trailing characters",
        }
    }
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoToken {
    /// It goes on behind the bytes that are there. So many of them need not be
    /// looked at again.
    Incomplete { scanned: usize },
    /// It is none. The byte with this index is the first that is wrong; the
    /// length of the text where it ends too early.
    Invalid { error: SyntaxError, at: usize },
}

fn invalid<T>(error: SyntaxError, at: usize) -> Result<T, NoToken> {
    Err(NoToken::Invalid { error, at })
}

/// Bytes of the text, from the token on, and whether they are its last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest<'j> {
    pub(super) bytes: &'j [u8],
    pub(super) is_last: bool,
    /// How many bytes of the token were looked at before.
    pub(super) scanned: usize,
}

/// A string: its bytes between the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RawString<'j> {
    /// The text from its first byte on.
    from: &'j [u8],
    length: usize,
    content: Content,
}

/// What is between the quotes of a string. It is as large as a word, so that it is
/// copied as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
enum Content {
    /// Nothing but ASCII, as it is.
    Plain,
    /// No escapes. It need not be UTF-8.
    Unescaped,
    /// Maybe escapes.
    Escaped,
}

impl<'j> RawString<'j> {
    /// Returns the length with both quotes.
    pub(super) fn size(&self) -> usize {
        self.length + 2
    }

    fn raw(&self) -> &'j [u8] {
        self.from.get(..self.length).unwrap_or_default()
    }

    /// The bytes of its text, which are UTF-8.
    pub(super) fn bytes(&self) -> Result<Cow<'j, [u8]>, NoToken> {
        if self.content == Content::Plain {
            return Ok(Cow::Borrowed(self.raw()));
        }
        Ok(match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// Its text.
    pub(super) fn text(&self) -> Result<Cow<'j, str>, NoToken> {
        if self.content == Content::Escaped {
            return unescape(self.raw()).map(Cow::Owned);
        }
        match std::str::from_utf8(self.raw()) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => invalid(SyntaxError::InvalidCodePoint, 1 + error.valid_up_to()),
        }
    }
}

/// Eight times the same byte.
const fn repeated(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Returns a word whose bytes have their high bit set from the first byte on that
/// is a quote, a backslash or a control character; zero if none is. The bits behind the first one mean nothing.
#[inline]
fn special(word: u64) -> u64 {
    const LOW: u64 = repeated(0x01);
    const HIGH: u64 = repeated(0x80);
    let quotes = word ^ repeated(b'"');
    let backslashes = word ^ repeated(b'\\');
    let is_zero = |word: u64| word.wrapping_sub(LOW) & !word;
    let is_control = word.wrapping_sub(repeated(0x20)) & !word;
    (is_zero(quotes) | is_zero(backslashes) | is_control) & HIGH
}

/// The first byte from `at` on that is special. Notes in `seen` the high bits of the
/// bytes before it, and maybe of some behind.
#[inline]
fn next_special(bytes: &[u8], mut at: usize, seen: &mut u64) -> usize {
    // Most strings end within the first of these.
    while let Some(words) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
        let words = u128::from_le_bytes(*words);
        #[expect(clippy::cast_possible_truncation, reason = "each half is taken")]
        let (low, high) = (words as u64, (words >> 64) as u64);
        *seen |= low;
        let (in_low, in_high) = (special(low), special(high));
        if in_low | in_high != 0 {
            if in_low != 0 {
                return at + in_low.trailing_zeros() as usize / 8;
            }
            *seen |= high;
            return at + 8 + in_high.trailing_zeros() as usize / 8;
        }
        *seen |= high;
        at += 16;
    }
    for byte in bytes.get(at..).unwrap_or_default() {
        if matches!(byte, b'"' | b'\\' | ..0x20) {
            break;
        }
        *seen |= u64::from(*byte);
        at += 1;
    }
    at
}

/// The string that begins with the first byte, a quote. Strings that nobody reads
/// need not be UTF-8.
#[inline]
pub(super) fn string<'j>(rest: &Rest<'j>) -> Result<RawString<'j>, NoToken> {
    let bytes = rest.bytes;
    let mut at = rest.scanned.max(1);
    // What was looked at before may have had some.
    let mut is_escaped = rest.scanned > 1;
    let mut seen = if is_escaped { u64::MAX } else { 0 };
    loop {
        at = next_special(bytes, at, &mut seen);
        match bytes.get(at) {
            Some(b'"') => {
                return Ok(RawString {
                    from: &bytes[1..],
                    length: at - 1,
                    content: if is_escaped {
                        Content::Escaped
                    } else if seen & repeated(0x80) == 0 {
                        Content::Plain
                    } else {
                        Content::Unescaped
                    },
                });
            }
            Some(b'\\') => {
                is_escaped = true;
                if bytes.len() < at + 2 {
                    break;
                }
                at += 2;
            }
            Some(_) => {
                // What stands before it is read first.
                unescape(&bytes[1..at])?;
                return invalid(SyntaxError::ControlCharacter, at);
            }
            None => break,
        }
    }
    if rest.is_last {
        unescape(&bytes[1..at.min(bytes.len())])?;
        return invalid(SyntaxError::EndInString, bytes.len());
    }
    Err(NoToken::Incomplete { scanned: at })
}

/// How many bytes [`plain_bytes`] looks at.
pub(super) const CHUNK: usize = 16;

/// How many bytes there are before the first one that is no ASCII, a quote, a backslash or
/// a control character.
#[inline]
pub(super) fn plain_bytes(chunk: &[u8; CHUNK]) -> usize {
    let chunk = u128::from_le_bytes(*chunk);
    #[expect(clippy::cast_possible_truncation, reason = "each half is taken")]
    let (low, high) = (not_plain(chunk as u64), not_plain((chunk >> 64) as u64));
    let bits = if low == 0 {
        64 + high.trailing_zeros()
    } else {
        low.trailing_zeros()
    };
    bits as usize / 8
}

/// Returns a word with the high bit of the first byte that is not plain; the bits behind
/// it mean nothing. It is zero if there is none.
#[inline]
fn not_plain(word: u64) -> u64 {
    const ONES: u64 = repeated(0x01);
    let quotes = (word ^ repeated(b'"')).wrapping_sub(ONES);
    let backslashes = (word ^ repeated(b'\\')).wrapping_sub(ONES);
    let controls = word.wrapping_sub(repeated(0x20));
    (word | quotes | backslashes | controls) & repeated(0x80)
}

/// The text that a string with escapes stands for. An error has the index behind
/// the quote.
fn unescape(bytes: &[u8]) -> Result<String, NoToken> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        text.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        // The index of what follows the backslash, with the quote.
        let here = bytes.len() - rest.len() + 1;
        let Some((kind, behind)) = rest.split_first() else {
            return invalid(SyntaxError::EndInString, here);
        };
        rest = behind;
        let plain = match kind {
            b'"' | b'\\' | b'/' => *kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let letter = code_point(&mut rest, bytes.len())?;
                text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return invalid(SyntaxError::InvalidEscape, here),
        };
        text.push(plain);
    }
    text.extend_from_slice(rest);
    String::from_utf8(text).or_else(|_| invalid(SyntaxError::InvalidCodePoint, bytes.len() + 1))
}

/// The code point behind `\u`, of one unit of UTF-16 or of two.
fn code_point(rest: &mut &[u8], length: usize) -> Result<char, NoToken> {
    let here = |rest: &[u8]| length - rest.len();
    let first = hex(rest, length)?;
    if (0xdc00..0xe000).contains(&first) {
        return invalid(SyntaxError::LoneSurrogate, here(rest));
    }
    let code = if (0xd800..0xdc00).contains(&first) {
        match rest.strip_prefix(b"\\u") {
            Some(behind) => *rest = behind,
            None => return invalid(SyntaxError::EndOfHexEscape, here(rest) + 1),
        }
        let second = hex(rest, length)?;
        if !(0xdc00..0xe000).contains(&second) {
            return invalid(SyntaxError::LoneSurrogate, here(rest));
        }
        0x10000 + ((first - 0xd800) << 10 | (second - 0xdc00))
    } else {
        first
    };
    // Surrogates are dealt with.
    char::from_u32(code).map_or_else(|| invalid(SyntaxError::InvalidCodePoint, here(rest)), Ok)
}

/// Four hexadecimal digits.
fn hex(rest: &mut &[u8], length: usize) -> Result<u32, NoToken> {
    let Some((digits, behind)) = rest.split_first_chunk::<4>() else {
        // The quote behind them is no digit.
        return invalid(SyntaxError::InvalidEscape, length + 1);
    };
    *rest = behind;
    let mut value = 0;
    for digit in digits {
        match char::from(*digit).to_digit(16) {
            Some(digit) => value = value << 4 | digit,
            None => return invalid(SyntaxError::InvalidEscape, length - rest.len()),
        }
    }
    Ok(value)
}

/// The number at the beginning.
pub(super) fn number<'j>(rest: &Rest<'j>) -> Result<&'j str, NoToken> {
    let bytes = rest.bytes;
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    let behind = bytes.get(rest.scanned..).unwrap_or_default();
    let end = behind.iter().position(|byte| !is_part(byte));
    let Some(end) = end
        .map(|end| end + rest.scanned)
        .or(rest.is_last.then_some(bytes.len()))
    else {
        return Err(NoToken::Incomplete {
            scanned: bytes.len(),
        });
    };
    let text = &bytes[..end];
    let length = number_length(text, end == bytes.len())?;
    if length < text.len() {
        // As in `01` or `1-`: serde_json sees the end of a number, and no comma.
        return std::str::from_utf8(&text[..length])
            .or_else(|_| invalid(SyntaxError::InvalidNumber, length));
    }
    std::str::from_utf8(text).or_else(|_| invalid(SyntaxError::InvalidNumber, 0))
}

/// How long the number at the beginning is.
fn number_length(text: &[u8], at_end: bool) -> Result<usize, NoToken> {
    let digits = |from: usize| {
        let digits = text.get(from..).unwrap_or_default();
        digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let wanted = |at: usize| {
        if at == text.len() && at_end {
            invalid(SyntaxError::EndInValue, at)
        } else {
            invalid(SyntaxError::InvalidNumber, at)
        }
    };
    let mut at = usize::from(text.first() == Some(&b'-'));
    match text.get(at) {
        Some(b'0') => {
            at += 1;
            if text.get(at).is_some_and(u8::is_ascii_digit) {
                return invalid(SyntaxError::InvalidNumber, at);
            }
        }
        Some(b'1'..=b'9') => at += digits(at),
        _ => return wanted(at),
    }
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return wanted(at + 1);
        }
        at += 1 + fraction;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return wanted(at + 1 + sign);
        }
        at += 1 + sign + exponent;
    }
    Ok(at)
}

/// One of the words `null`, `true` and `false` at the beginning.
pub(super) fn word(rest: &Rest<'_>, word: &'static [u8]) -> Result<usize, NoToken> {
    for (at, expected) in word.iter().enumerate() {
        match rest.bytes.get(at) {
            Some(byte) if byte == expected => {}
            Some(_) => return invalid(SyntaxError::NoIdent, at),
            None if rest.is_last => return invalid(SyntaxError::EndInValue, at),
            None => return Err(NoToken::Incomplete { scanned: 0 }),
        }
    }
    Ok(word.len())
}

/// Makes sure that the escapes of a string that nobody reads are some.
pub(super) fn check_escapes(string: &RawString<'_>) -> Result<(), NoToken> {
    let bytes = string.raw();
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        let here = bytes.len() - rest.len() + 1;
        let Some((kind, behind)) = rest.split_first() else {
            return invalid(SyntaxError::EndInString, here);
        };
        rest = behind;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => {
                hex(&mut rest, bytes.len())?;
            }
            _ => return invalid(SyntaxError::InvalidEscape, here),
        }
    }
    Ok(())
}
