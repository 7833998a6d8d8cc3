//! Scalars of protobuf as JSON and as text.

use std::borrow::Cow;

use crate::json::{self, TextCodec};
use crate::layout::{EnumLayout, Signed, ValueLayout};
use crate::request_parts::Malformed;

use super::bytes::WireValue;

/// A scalar.
#[derive(Debug, Clone, Copy)]
pub(super) enum ScalarValue<'m> {
    Signed(i64),
    Unsigned(u64),
    Double(f64),
    Float(f32),
    Bool(bool),
    Text(&'m str),
    Octets(&'m [u8]),
    Enum(i32, &'static EnumLayout),
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "protobuf takes the low bits of a number that is too large"
)]
fn low(number: u64) -> u32 {
    number as u32
}

fn signed_32(how: Signed, number: u64) -> i32 {
    let number = low(number);
    match how {
        Signed::Varint | Signed::Fixed => number.cast_signed(),
        Signed::ZigZag => (number >> 1).cast_signed() ^ -(number & 1).cast_signed(),
    }
}

fn signed_64(how: Signed, number: u64) -> i64 {
    match how {
        Signed::Varint | Signed::Fixed => number.cast_signed(),
        Signed::ZigZag => (number >> 1).cast_signed() ^ -(number & 1).cast_signed(),
    }
}

impl<'m> ScalarValue<'m> {
    /// The scalar that lies on the wire, or the default one of its type; `None` where
    /// the layout is that of a message.
    ///
    /// # Errors
    ///
    /// Fails where a text is not UTF-8.
    pub(super) fn of(
        layout: &ValueLayout,
        value: Option<WireValue<'m>>,
    ) -> Result<Option<Self>, Malformed> {
        let (number, bytes) = match value {
            Some(WireValue::Number(number)) => (number, [].as_slice()),
            Some(WireValue::Bytes(bytes)) => (0, bytes),
            None => (0, [].as_slice()),
        };
        Ok(Some(match layout {
            ValueLayout::Double => Self::Double(f64::from_bits(number)),
            ValueLayout::Float => Self::Float(f32::from_bits(low(number))),
            ValueLayout::Int32(how) => Self::Signed(signed_32(*how, number).into()),
            ValueLayout::Int64(how) => Self::Signed(signed_64(*how, number)),
            ValueLayout::UInt32(_) => Self::Unsigned(low(number).into()),
            ValueLayout::UInt64(_) => Self::Unsigned(number),
            ValueLayout::Bool => Self::Bool(number != 0),
            ValueLayout::String => {
                let text = std::str::from_utf8(bytes);
                Self::Text(text.map_err(|_| Malformed::new("it is a text that is not UTF-8"))?)
            }
            ValueLayout::Bytes => Self::Octets(bytes),
            ValueLayout::Enum(layout) => Self::Enum(low(number).cast_signed(), layout),
            _ => return Ok(None),
        }))
    }

    /// Returns whether the value is the default one of its type. Minus zero is.
    pub(super) fn is_default(&self) -> bool {
        match self {
            Self::Signed(value) => *value == 0,
            Self::Unsigned(value) => *value == 0,
            Self::Double(value) => *value == 0.0,
            Self::Float(value) => *value == 0.0,
            Self::Bool(value) => !value,
            Self::Text(text) => text.is_empty(),
            Self::Octets(bytes) => bytes.is_empty(),
            Self::Enum(number, _) => *number == 0,
        }
    }

    /// Returns whether the value counts as set; the zero value of an enum does not.
    pub(super) fn is_set(&self) -> bool {
        !matches!(self, Self::Enum(0, _))
    }

    /// The value as text.
    ///
    /// # Errors
    ///
    /// Fails where it has none, with the reason.
    pub(super) fn text(&self) -> Result<Cow<'m, str>, String> {
        Ok(match self {
            Self::Signed(value) => Cow::Owned(value.to_string()),
            Self::Unsigned(value) => Cow::Owned(value.to_string()),
            Self::Double(value) => Cow::Owned(json::Double::text(value)?.into_owned()),
            Self::Float(value) => Cow::Owned(json::Float::text(value)?.into_owned()),
            Self::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Octets(bytes) => Cow::Owned(json::url_safe_base64(bytes)),
            Self::Enum(number, layout) => Cow::Borrowed(spelled(*number, layout)?),
        })
    }

    /// Writes the value as JSON.
    ///
    /// # Errors
    ///
    /// Fails where it has no JSON form, with the reason.
    pub(super) fn write(&self, json: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Signed(value) => write_signed(*value, json),
            Self::Unsigned(value) => write_unsigned(*value, json),
            Self::Double(value) => match json::whole(*value) {
                Some(value) => write_signed(value, json),
                None if value.is_finite() => serialize(value, json)?,
                None => return Err(json::NOT_FINITE.to_owned()),
            },
            Self::Float(value) => match json::whole(f64::from(*value)) {
                Some(value) => write_signed(value, json),
                None if value.is_finite() => serialize(value, json)?,
                None => return Err(json::NOT_FINITE.to_owned()),
            },
            Self::Bool(true) => json.extend_from_slice(b"true"),
            Self::Bool(false) => json.extend_from_slice(b"false"),
            Self::Text(text) => write_text(text, json),
            Self::Octets(bytes) => write_plain(&json::standard_base64(bytes), json),
            Self::Enum(number, layout) => write_text(spelled(*number, layout)?, json),
        }
        Ok(())
    }
}

fn spelled(number: i32, layout: &EnumLayout) -> Result<&'static str, String> {
    (layout.spelling)(number).ok_or_else(|| json::no_spelling(number))
}

fn serialize(value: &impl serde::Serialize, json: &mut Vec<u8>) -> Result<(), String> {
    serde_json::to_writer(json, value).map_err(|error| error.to_string())
}

fn write_signed(value: i64, json: &mut Vec<u8>) {
    if value < 0 {
        json.push(b'-');
    }
    write_unsigned(value.unsigned_abs(), json);
}

fn write_unsigned(mut value: u64, json: &mut Vec<u8>) {
    // 2^64 has 20 digits.
    let mut digits = [0; 20];
    let mut from = digits.len();
    for place in (0..digits.len()).rev() {
        let digit = u8::try_from(value % 10).unwrap_or_default();
        digits[place] = b'0' + digit;
        from = place;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    json.extend_from_slice(&digits[from..]);
}

/// Writes a text of which it is known that nothing in it is escaped.
pub(super) fn write_plain(text: &str, json: &mut Vec<u8>) {
    json.push(b'"');
    json.extend_from_slice(text.as_bytes());
    json.push(b'"');
}

/// Writes a text as `serde_json` does: only what has to be escaped is.
pub(super) fn write_text(text: &str, json: &mut Vec<u8>) {
    json.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !matches!(byte, 0..0x20 | b'"' | b'\\') {
            continue;
        }
        json.extend_from_slice(&bytes[written..at]);
        written = at + 1;
        let letter = match byte {
            b'"' | b'\\' => *byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                json.extend_from_slice(b"\\u00");
                json.push(DIGITS[usize::from(byte >> 4)]);
                json.push(DIGITS[usize::from(byte & 15)]);
                continue;
            }
        };
        json.extend_from_slice(&[b'\\', letter]);
    }
    json.extend_from_slice(&bytes[written..]);
    json.push(b'"');
}
