//! Scalars, and the well-known types whose JSON is one.

use super::number::Number;
use super::output::{Output, WireType, set_varint, varint_size};
use super::refusal::{Refusal, mismatch};
use super::token::{self, NoToken, RawString, Rest, SyntaxError};
use crate::json::{self, DriftKind, MAX_EXACT, Wanted};
use crate::layout::{
    FieldLayout, Holding, KeyLayout, MessageLayout, Signed, Unsigned, ValueLayout,
};

/// Where a value goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    /// The number of its field; 0 where it stands without a tag.
    pub(super) number: u32,
    pub(super) value: ValueLayout,
    /// Whether the default value is left out.
    is_implicit: bool,
}

impl Target {
    /// A list by itself.
    pub(super) const LIST: Self = Self::element(0, ValueLayout::ListValue, false);

    /// The one value of a field.
    pub(super) fn of(field: &'static FieldLayout) -> Self {
        Self {
            number: field.number,
            value: field.value,
            is_implicit: field.holds == Holding::Implicit,
        }
    }

    /// One of the values of a field.
    pub(super) const fn element(number: u32, value: ValueLayout, packed: bool) -> Self {
        Self {
            number: if packed { 0 } else { number },
            value,
            is_implicit: false,
        }
    }

    /// A `google.protobuf.Value`.
    pub(super) fn value(number: u32) -> Self {
        Self::element(number, ValueLayout::Value, false)
    }

    /// A message by itself.
    pub(super) fn message(layout: fn() -> &'static MessageLayout) -> Self {
        Self::element(0, ValueLayout::Message(layout), false)
    }
}

/// A JSON value that is no object, no list and not null.
#[derive(Debug)]
pub(super) enum Scalar<'j> {
    Bool(bool),
    /// The text of a number.
    Number(&'j str),
    String(RawString<'j>),
}

impl Scalar<'_> {
    /// What it is, with its article.
    fn found(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
        }
    }
}

/// The scalar that begins at this index, and its size, if it is whole in this piece of
/// the text.
#[inline]
pub(super) fn whole(text: &[u8], at: usize) -> Option<(Scalar<'_>, usize)> {
    let bytes = text.get(at..)?;
    let rest = Rest {
        bytes,
        is_last: false,
        scanned: 0,
    };
    match bytes.first()? {
        b'"' => {
            let string = token::string(&rest).ok()?;
            Some((Scalar::String(string), string.size()))
        }
        b't' if bytes.starts_with(b"true") => Some((Scalar::Bool(true), 4)),
        b'f' if bytes.starts_with(b"false") => Some((Scalar::Bool(false), 5)),
        b'-' | b'0'..=b'9' => {
            let number = token::number(&rest).ok()?;
            Some((Scalar::Number(number), number.len()))
        }
        _ => None,
    }
}

/// What was noticed of a value that does not fit its field quite.
///
/// A bit of a whole word stands for each kind: a result that holds it is copied by
/// words, and a processor waits where a word is read that was written by bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noticed(u64);

impl Noticed {
    pub(super) const NOTHING: Self = Self(0);

    fn one(kind: DriftKind, is_so: bool) -> Self {
        Self(u64::from(is_so) << kind as u64)
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn kinds(self) -> impl Iterator<Item = DriftKind> {
        DriftKind::ALL
            .into_iter()
            .filter(move |kind| self.0 >> *kind as u64 & 1 == 1)
    }
}

/// Writes a value.
pub(super) fn write(
    out: &mut Output,
    target: Target,
    scalar: &Scalar<'_>,
) -> Result<Noticed, Refusal> {
    let Target {
        number,
        value,
        is_implicit,
    } = target;
    match (value, scalar) {
        (ValueLayout::String, Scalar::String(text)) => {
            let text = text.bytes()?;
            if !(is_implicit && text.is_empty()) {
                out.string(number, &text);
            }
            Ok(Noticed::NOTHING)
        }
        (ValueLayout::Bool, Scalar::Bool(value)) => {
            if *value || !is_implicit {
                write_varint(out, number, u64::from(*value));
            }
            Ok(Noticed::NOTHING)
        }
        (ValueLayout::Double, Scalar::Number(text)) => {
            let (value, noticed) = double(parse(text)?, text);
            if !(is_implicit && value.to_bits() == 0) {
                out.field(number, WireType::I64);
                out.raw(&value.to_le_bytes());
            }
            Ok(noticed)
        }
        (ValueLayout::Float, Scalar::Number(text)) => {
            let (value, noticed) = float(parse(text)?, text)?;
            if !(is_implicit && value.to_bits() == 0) {
                out.field(number, WireType::I32);
                out.raw(&value.to_le_bytes());
            }
            Ok(noticed)
        }
        (
            ValueLayout::Int32(_)
            | ValueLayout::Int64(_)
            | ValueLayout::UInt32(_)
            | ValueLayout::UInt64(_),
            Scalar::Number(text),
        ) => write_integer(out, target, parse(text)?, text),
        (ValueLayout::Int64(_) | ValueLayout::UInt64(_), Scalar::String(text)) => {
            write_integer_of_string(out, target, &text.text()?)
        }
        (ValueLayout::Enum(layout), Scalar::String(text)) => {
            let found = (layout.number)(&text.text()?);
            let value = found.unwrap_or_default();
            if !(is_implicit && value == 0) {
                write_varint(out, number, i64::from(value).cast_unsigned());
            }
            Ok(Noticed::one(DriftKind::UnknownEnumValue, found.is_none()))
        }
        (ValueLayout::Bytes, Scalar::String(text)) => {
            let bytes = json::decode_base64(&text.text()?)
                .ok_or_else(|| mismatch("a string of base64", "another string"))?;
            if !(is_implicit && bytes.is_empty()) {
                out.field(number, WireType::Len);
                out.sized(&bytes);
            }
            Ok(Noticed::NOTHING)
        }
        (
            ValueLayout::Timestamp | ValueLayout::Duration | ValueLayout::FieldMask,
            Scalar::String(text),
        ) => write_well_known(out, number, value, &text.text()?),
        (ValueLayout::Wrapper(inner), _) => {
            let slot = out.open(number);
            let within = Target {
                number: 1,
                value: *inner,
                is_implicit: true,
            };
            let noticed = write(out, within, scalar)?;
            out.close(slot)?;
            Ok(noticed)
        }
        (ValueLayout::Transparent(field), _) => {
            let slot = out.open(number);
            let noticed = write(out, Target::of(field()), scalar)?;
            out.close(slot)?;
            Ok(noticed)
        }
        (ValueLayout::Value, _) => write_free(out, number, scalar),
        _ => Err(refused(value.expected(), scalar)),
    }
}

/// Writes one of the messages whose JSON is a string.
fn write_well_known(
    out: &mut Output,
    number: u32,
    value: ValueLayout,
    text: &str,
) -> Result<Noticed, Refusal> {
    match value {
        ValueLayout::Timestamp => {
            let parsed = json::instant(text.as_bytes())
                .ok_or_else(|| mismatch(value.expected(), "another string"))?;
            let noticed = Noticed::one(DriftKind::LeapSecond, parsed.is_leap_second).and(
                Noticed::one(DriftKind::LostFractionDigits, parsed.has_lost_digits),
            );
            write_time(out, number, parsed.value.seconds, parsed.value.nanos);
            Ok(noticed)
        }
        ValueLayout::Duration => {
            let parsed =
                json::span(text).ok_or_else(|| mismatch(value.expected(), "another string"))?;
            write_time(out, number, parsed.value.seconds, parsed.value.nanos);
            Ok(Noticed::one(
                DriftKind::LostFractionDigits,
                parsed.has_lost_digits,
            ))
        }
        _ => {
            let slot = out.open(number);
            for path in json::mask_paths(text) {
                out.string(1, path.as_bytes());
            }
            out.close(slot)?;
            Ok(Noticed::NOTHING)
        }
    }
}

/// The refusal of a value of another type. What is no value at all is refused as such.
pub(super) fn refused(expected: &str, scalar: &Scalar<'_>) -> Refusal {
    let read = match scalar {
        Scalar::Bool(_) => Ok(()),
        Scalar::Number(text) => parse(text).map(|_| ()),
        Scalar::String(string) => string.text().map(|_| ()).map_err(Refusal::from),
    };
    match read {
        Ok(()) => mismatch(expected, scalar.found()),
        Err(refusal) => refusal,
    }
}

fn parse(text: &str) -> Result<Number, Refusal> {
    Number::parse(text).map_err(|_| {
        let error = SyntaxError::NumberOutOfRange;
        let at = text.len() - 1;
        NoToken::Invalid { error, at }.into()
    })
}

/// Writes null as a value.
pub(super) fn write_null(out: &mut Output, target: Target) -> Result<(), Refusal> {
    match target.value {
        ValueLayout::Value => {
            out.field(target.number, WireType::Len);
            // null_value: NULL_VALUE
            out.sized(&[0x08, 0x00]);
        }
        ValueLayout::Transparent(field) => {
            let slot = out.open(target.number);
            let field = field();
            if field.value.is_nullable() {
                write_null(out, Target::of(field))?;
            }
            out.close(slot)?;
        }
        _ => return Err(mismatch(target.value.expected(), "null")),
    }
    Ok(())
}

/// Writes a `google.protobuf.Value`.
fn write_free(out: &mut Output, number: u32, scalar: &Scalar<'_>) -> Result<Noticed, Refusal> {
    let noticed = match scalar {
        Scalar::Bool(value) => {
            out.field(number, WireType::Len);
            out.sized(&[0x20, u8::from(*value)]);
            Noticed::NOTHING
        }
        Scalar::Number(text) => {
            let (value, noticed) = double(parse(text)?, text);
            out.field(number, WireType::Len);
            out.varint(9);
            out.raw(&[0x11]);
            out.raw(&value.to_le_bytes());
            noticed
        }
        Scalar::String(text) => {
            let text = text.bytes()?;
            let size = text.len() as u64;
            out.field(number, WireType::Len);
            out.varint(1 + varint_size(size) as u64 + size);
            out.string(3, &text);
            Noticed::NOTHING
        }
    };
    Ok(noticed)
}

/// Writes a timestamp or a duration.
pub(super) fn write_time(out: &mut Output, number: u32, seconds: i64, nanos: i32) {
    // Two tags, and two varints of up to ten bytes.
    let mut message = [0; 22];
    let mut length = 0;
    for (tag, value) in [(0x08, seconds), (0x10, i64::from(nanos))] {
        let room = message.get_mut(length..).and_then(<[u8]>::split_first_mut);
        if let (true, Some((first, rest))) = (value != 0, room)
            && let Some(rest) = rest.first_chunk_mut::<10>()
        {
            *first = tag;
            length += 1 + set_varint(rest, value.cast_unsigned());
        }
    }
    out.field(number, WireType::Len);
    out.sized(&message[..length]);
}

fn write_integer(
    out: &mut Output,
    target: Target,
    found: Number,
    text: &str,
) -> Result<Noticed, Refusal> {
    let expected = target.value.expected();
    let out_of_range = || mismatch(expected, "a number out of its range");
    let (value, noticed) = match found {
        Number::Signed(value) => (i128::from(value), Noticed::NOTHING),
        Number::Unsigned(value) => (i128::from(value), Noticed::NOTHING),
        Number::Double(value) => {
            // 5.0 and 5 are one number in JSON.
            if value.fract() != 0.0 {
                return Err(mismatch(expected, "a number with a fraction"));
            }
            if value.abs() > MAX_EXACT {
                return Err(out_of_range());
            }
            let is_rounded = !json::is_kept(text, Wanted::Whole);
            #[expect(clippy::cast_possible_truncation, reason = "checked above")]
            let whole = value as i128;
            (whole, Noticed::one(DriftKind::RoundedNumber, is_rounded))
        }
    };
    write_whole(out, target, value)?;
    Ok(noticed)
}

/// Writes a 64-bit integer as `ProtoJSON` has it.
fn write_integer_of_string(
    out: &mut Output,
    target: Target,
    text: &str,
) -> Result<Noticed, Refusal> {
    let value: Option<i128> = if matches!(target.value, ValueLayout::Int64(_)) {
        text.parse::<i64>().ok().map(i128::from)
    } else {
        text.parse::<u64>().ok().map(i128::from)
    };
    let value = value.filter(|_| json::is_integer(text));
    let value = value.ok_or_else(|| mismatch(target.value.expected(), "another string"))?;
    write_whole(out, target, value)?;
    Ok(Noticed::NOTHING)
}

fn write_whole(out: &mut Output, target: Target, value: i128) -> Result<(), Refusal> {
    let expected = target.value.expected();
    let out_of_range = || mismatch(expected, "a number out of its range");
    let is_left_out = target.is_implicit && value == 0;
    let number = target.number;
    match target.value {
        ValueLayout::Int32(how) => {
            let value = i32::try_from(value).map_err(|_| out_of_range())?;
            if !is_left_out {
                write_signed(out, number, how, Width::Bits32, value.into());
            }
        }
        ValueLayout::Int64(how) => {
            let value = i64::try_from(value).map_err(|_| out_of_range())?;
            if !is_left_out {
                write_signed(out, number, how, Width::Bits64, value);
            }
        }
        ValueLayout::UInt32(how) => {
            let value = u32::try_from(value).map_err(|_| out_of_range())?;
            if !is_left_out {
                write_unsigned(out, number, how, Width::Bits32, value.into());
            }
        }
        ValueLayout::UInt64(how) => {
            let value = u64::try_from(value).map_err(|_| out_of_range())?;
            if !is_left_out {
                write_unsigned(out, number, how, Width::Bits64, value);
            }
        }
        _ => return Err(mismatch(expected, "a number")),
    }
    Ok(())
}

/// How many bits an integer has at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Bits32,
    Bits64,
}

fn write_signed(out: &mut Output, number: u32, how: Signed, width: Width, value: i64) {
    match how {
        Signed::Varint => write_varint(out, number, value.cast_unsigned()),
        // What fits into 32 bits does so afterwards.
        Signed::ZigZag => {
            write_varint(out, number, ((value << 1) ^ (value >> 63)).cast_unsigned());
        }
        Signed::Fixed => write_fixed(out, number, width, value.to_le_bytes()),
    }
}

fn write_unsigned(out: &mut Output, number: u32, how: Unsigned, width: Width, value: u64) {
    match how {
        Unsigned::Varint => write_varint(out, number, value),
        Unsigned::Fixed => write_fixed(out, number, width, value.to_le_bytes()),
    }
}

fn write_varint(out: &mut Output, number: u32, value: u64) {
    out.field(number, WireType::Varint);
    out.varint(value);
}

fn write_fixed(out: &mut Output, number: u32, width: Width, value: [u8; 8]) {
    match width {
        Width::Bits32 => {
            out.field(number, WireType::I32);
            out.raw(&value[..4]);
        }
        Width::Bits64 => {
            out.field(number, WireType::I64);
            out.raw(&value);
        }
    }
}

/// The double that stands for a number.
fn double(found: Number, text: &str) -> (f64, Noticed) {
    let (value, is_rounded) = match found {
        Number::Signed(value) => json::nearest_double(value.into()),
        Number::Unsigned(value) => json::nearest_double(value.into()),
        Number::Double(value) => (value, is_doubtful(value) && is_lost(text)),
    };
    (value, Noticed::one(DriftKind::RoundedNumber, is_rounded))
}

/// The float that stands for a number.
fn float(found: Number, text: &str) -> Result<(f32, Noticed), Refusal> {
    let (value, is_rounded) = match found {
        Number::Signed(value) => json::nearest_float(value.into()),
        Number::Unsigned(value) => json::nearest_float(value.into()),
        Number::Double(value) => {
            let (float, is_rounded) = json::rounded_float(value)
                .ok_or_else(|| mismatch("a 32-bit float", "a number out of its range"))?;
            (float, is_rounded || (is_doubtful(value) && is_lost(text)))
        }
    };
    Ok((value, Noticed::one(DriftKind::RoundedNumber, is_rounded)))
}

fn is_doubtful(value: f64) -> bool {
    value == 0.0 || value.abs() >= json::DOUBTFUL
}

/// Returns whether the text of a doubtful double says more than it holds.
fn is_lost(text: &str) -> bool {
    !json::is_kept(text, Wanted::Whole) && !json::is_kept(text, Wanted::Double)
}

/// Writes a value that is a text in JSON, as the key of a map is. Returns false if
/// the text does not fit.
pub(super) fn write_key(out: &mut Output, number: u32, key: KeyLayout, text: &str) -> bool {
    fn parsed<T: std::str::FromStr>(text: &str, write: impl FnOnce(T)) -> bool {
        text.parse().map(write).is_ok()
    }
    match key {
        KeyLayout::String => {
            out.string(number, text.as_bytes());
            true
        }
        KeyLayout::Bool => parsed(text, |value: bool| {
            write_varint(out, number, value.into());
        }),
        KeyLayout::Int32(how) => parsed(text, |value: i32| {
            write_signed(out, number, how, Width::Bits32, value.into());
        }),
        KeyLayout::Int64(how) => parsed(text, |value| {
            write_signed(out, number, how, Width::Bits64, value);
        }),
        KeyLayout::UInt32(how) => parsed(text, |value: u32| {
            write_unsigned(out, number, how, Width::Bits32, value.into());
        }),
        KeyLayout::UInt64(how) => parsed(text, |value| {
            write_unsigned(out, number, how, Width::Bits64, value);
        }),
    }
}
