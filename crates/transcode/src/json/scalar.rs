//! Scalars.

use std::borrow::Cow;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};

use super::codec::{Codec, JsonVisitor, TextCodec, visit};
use super::drift::DriftKind;
use super::reading::{At, Wanted};
use super::writing::To;

/// `string`.
pub struct Text;

impl Codec for Text {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D, _at: At<'_>) -> Result<String, D::Error> {
        struct TextVisitor;
        impl JsonVisitor<'_> for TextVisitor {
            type Out = String;
            fn expected(&self) -> &'static str {
                "a string"
            }
            fn text<E: serde::de::Error>(self, value: Cow<'_, str>) -> Result<String, E> {
                Ok(value.into_owned())
            }
        }
        visit(from, TextVisitor)
    }

    fn write<S: Serializer>(value: &String, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(value)
    }
}

impl TextCodec for Text {
    fn text(value: &String) -> Result<Cow<'_, str>, String> {
        Ok(Cow::Borrowed(value))
    }
}

/// `bool`.
pub struct Boolean;

impl Codec for Boolean {
    type Value = bool;

    fn read<'de, D: Deserializer<'de>>(from: D, _at: At<'_>) -> Result<bool, D::Error> {
        struct BooleanVisitor;
        impl JsonVisitor<'_> for BooleanVisitor {
            type Out = bool;
            fn expected(&self) -> &'static str {
                "a boolean"
            }
            fn boolean<E: serde::de::Error>(self, value: bool) -> Result<bool, E> {
                Ok(value)
            }
        }
        visit(from, BooleanVisitor)
    }

    fn write<S: Serializer>(value: &bool, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*value)
    }
}

impl TextCodec for Boolean {
    fn text(value: &bool) -> Result<Cow<'_, str>, String> {
        Ok(Cow::Borrowed(if *value { "true" } else { "false" }))
    }
}

/// The largest whole number up to which doubles count without gaps.
pub(crate) const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

macro_rules! integer {
    ($(#[$doc:meta])* $codec:ident, $value:ty, $expected:literal, $write:ident $(, $text:ident)?) => {
        $(#[$doc])*
        pub struct $codec;

        impl Codec for $codec {
            type Value = $value;

            fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<$value, D::Error> {
                struct IntegerVisitor<'a>(At<'a>);
                impl JsonVisitor<'_> for IntegerVisitor<'_> {
                    type Out = $value;
                    fn expected(&self) -> &'static str {
                        $expected
                    }
                    fn signed<E: serde::de::Error>(self, value: i64) -> Result<$value, E> {
                        value.try_into().map_err(|_| self.refuse("a number out of its range"))
                    }
                    fn unsigned<E: serde::de::Error>(self, value: u64) -> Result<$value, E> {
                        value.try_into().map_err(|_| self.refuse("a number out of its range"))
                    }
                    fn double<E: serde::de::Error>(self, value: f64) -> Result<$value, E> {
                        // 5.0 and 5 are one number in JSON.
                        if value.fract() != 0.0 {
                            return Err(self.refuse("a number with a fraction"));
                        }
                        if value.abs() > MAX_EXACT {
                            return Err(self.refuse("a number out of its range"));
                        }
                        self.0.doubt(Wanted::Whole);
                        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
                        self.signed(value as i64)
                    }
                    $(fn $text<E: serde::de::Error>(self, value: Cow<'_, str>) -> Result<$value, E> {
                        match value.parse() {
                            Ok(number) if is_integer(&value) => Ok(number),
                            _ => Err(self.refuse("another string")),
                        }
                    })?
                }
                visit(from, IntegerVisitor(at))
            }

            fn write<S: Serializer>(value: &$value, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
                to.$write(*value)
            }
        }

        impl TextCodec for $codec {
            fn text(value: &$value) -> Result<Cow<'_, str>, String> {
                Ok(Cow::Owned(value.to_string()))
            }
        }
    };
}

integer!(
    /// `int32`, `sint32` and `sfixed32`.
    Int32, i32, "a 32-bit integer", serialize_i32
);
integer!(
    /// `int64`, `sint64` and `sfixed64`, as JSON numbers. Strings of one are read too.
    Int64, i64, "a 64-bit integer", serialize_i64, text
);
integer!(
    /// `uint32` and `fixed32`.
    UInt32, u32, "an unsigned 32-bit integer", serialize_u32
);
integer!(
    /// `uint64` and `fixed64`, as JSON numbers. Strings of one are read too.
    UInt64, u64, "an unsigned 64-bit integer", serialize_u64, text
);

/// Returns whether a text is digits, perhaps behind a minus sign. `ProtoJSON` writes
/// 64-bit integers as such strings.
pub(crate) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Why a number cannot be written.
pub(crate) const NOT_FINITE: &str = "must be a finite number, because JSON has no other";

/// The integer that equals the number, if there is one that does so exactly.
/// Minus zero has none.
pub(crate) fn whole(value: f64) -> Option<i64> {
    let whole = value.fract() == 0.0
        && value.abs() <= MAX_EXACT
        && !(value == 0.0 && value.is_sign_negative());
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    whole.then_some(value as i64)
}

/// Writes a number: a whole one without a fraction.
pub(super) fn write_double<S: Serializer>(value: f64, to: S) -> Result<S::Ok, S::Error> {
    if !value.is_finite() {
        return Err(S::Error::custom(NOT_FINITE));
    }
    match whole(value) {
        Some(value) => to.serialize_i64(value),
        None => to.serialize_f64(value),
    }
}

/// The double nearest to a whole number, and whether it is another number.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what is lost is what is looked for"
)]
pub(crate) fn nearest_double(value: i128) -> (f64, bool) {
    let double = value as f64;
    (double, double as i128 != value)
}

/// The float nearest to a whole number, and whether it is another number.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "what is lost is what is looked for"
)]
pub(crate) fn nearest_float(value: i128) -> (f32, bool) {
    let float = value as f32;
    (float, float as i128 != value)
}

/// The float nearest to a double, if there is one, and whether it lost more than a
/// part of a fraction. Fractions are approximate by nature.
pub(crate) fn rounded_float(value: f64) -> Option<(f32, bool)> {
    #[expect(clippy::cast_possible_truncation, reason = "the field is a float")]
    let float = value as f32;
    #[expect(clippy::float_cmp, reason = "equal or rounded")]
    let is_rounded = f64::from(float) != value && (whole(value).is_some() || float == 0.0);
    float.is_finite().then_some((float, is_rounded))
}

/// The double nearest to a whole number. Rounding is reported.
pub(super) fn nearest(value: i128, at: At<'_>) -> f64 {
    let (double, is_rounded) = nearest_double(value);
    if is_rounded {
        at.drift(DriftKind::RoundedNumber);
    }
    double
}

/// From here on, and at zero, a number that was read as a double may be another
/// one than was written.
pub(crate) const DOUBTFUL: f64 = 9_223_372_036_854_775_808.0;

/// A double as it was read. Whether it is what was written is looked at later
/// where it may not be.
pub(super) fn doubted(value: f64, at: At<'_>) -> f64 {
    if value == 0.0 || value.abs() >= DOUBTFUL {
        at.doubt(Wanted::Double);
    }
    value
}

/// `double`.
pub struct Double;

struct DoubleVisitor<'a>(At<'a>);

impl JsonVisitor<'_> for DoubleVisitor<'_> {
    type Out = f64;
    fn expected(&self) -> &'static str {
        "a number"
    }
    fn signed<E: serde::de::Error>(self, value: i64) -> Result<f64, E> {
        Ok(nearest(value.into(), self.0))
    }
    fn unsigned<E: serde::de::Error>(self, value: u64) -> Result<f64, E> {
        Ok(nearest(value.into(), self.0))
    }
    fn double<E: serde::de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(doubted(value, self.0))
    }
}

impl Codec for Double {
    type Value = f64;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<f64, D::Error> {
        visit(from, DoubleVisitor(at))
    }

    fn write<S: Serializer>(value: &f64, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        write_double(*value, to)
    }
}

impl TextCodec for Double {
    fn text(value: &f64) -> Result<Cow<'_, str>, String> {
        if value.is_finite() {
            Ok(Cow::Owned(value.to_string()))
        } else {
            Err(NOT_FINITE.to_owned())
        }
    }
}

/// `float`.
pub struct Float;

struct FloatVisitor<'a>(At<'a>);

impl FloatVisitor<'_> {
    /// The float nearest to a whole number. Rounding is reported: whole numbers
    /// are often counts.
    fn nearest(&self, value: i128) -> f32 {
        let (float, is_rounded) = nearest_float(value);
        if is_rounded {
            self.0.drift(DriftKind::RoundedNumber);
        }
        float
    }
}

impl JsonVisitor<'_> for FloatVisitor<'_> {
    type Out = f32;
    fn expected(&self) -> &'static str {
        "a 32-bit float"
    }
    fn signed<E: serde::de::Error>(self, value: i64) -> Result<f32, E> {
        Ok(self.nearest(value.into()))
    }
    fn unsigned<E: serde::de::Error>(self, value: u64) -> Result<f32, E> {
        Ok(self.nearest(value.into()))
    }
    fn double<E: serde::de::Error>(self, value: f64) -> Result<f32, E> {
        let (float, is_rounded) = rounded_float(doubted(value, self.0))
            .ok_or_else(|| self.refuse("a number out of its range"))?;
        if is_rounded {
            self.0.drift(DriftKind::RoundedNumber);
        }
        Ok(float)
    }
}

impl Codec for Float {
    type Value = f32;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<f32, D::Error> {
        visit(from, FloatVisitor(at))
    }

    fn write<S: Serializer>(value: &f32, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        match whole(f64::from(*value)) {
            Some(value) => to.serialize_i64(value),
            None if value.is_finite() => to.serialize_f32(*value),
            None => Err(S::Error::custom(NOT_FINITE)),
        }
    }
}

impl TextCodec for Float {
    fn text(value: &f32) -> Result<Cow<'_, str>, String> {
        if value.is_finite() {
            Ok(Cow::Owned(value.to_string()))
        } else {
            Err(NOT_FINITE.to_owned())
        }
    }
}

/// `bytes`, as base64 (RFC 4648): written in the standard alphabet with
/// padding, read in either alphabet with or without it.
///
/// prost holds them as [`Bytes`], those of `google.protobuf.BytesValue` as a
/// vector.
pub struct Octets<T = Bytes>(PhantomData<T>);

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// The bytes that a text stands for, in either alphabet, with or without padding.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    decoded.ok()
}

/// The text that bytes are written as in JSON.
pub(crate) fn standard_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The text that bytes are written as in a path or a query.
pub(crate) fn url_safe_base64(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

impl<T: AsRef<[u8]> + From<Vec<u8>>> Codec for Octets<T> {
    type Value = T;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<T, D::Error> {
        let text = Text::read(from, at)?;
        decode_base64(&text)
            .map(T::from)
            .ok_or_else(|| D::Error::custom("expected a string of base64, found another string"))
    }

    fn write<S: Serializer>(value: &T, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(&standard_base64(value.as_ref()))
    }
}

impl<T: AsRef<[u8]> + From<Vec<u8>>> TextCodec for Octets<T> {
    fn text(value: &T) -> Result<Cow<'_, str>, String> {
        Ok(Cow::Owned(url_safe_base64(value.as_ref())))
    }
}
