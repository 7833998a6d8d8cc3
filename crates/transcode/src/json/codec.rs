//! How each kind of field is read and written.
//!
//! A [`Codec`] knows one kind of value. A field holds values in one of four
//! ways, each a type around the codec: [`Optional`], [`Implicit`],
//! [`Repeated`] and [`MapOf`]. Generated code names the combination, such as
//! `Optional<Enum<Color>>`, and the compiler does the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};

use super::context::{WriteWith, Writing};
use super::{At, DriftKind, JsonEnum, JsonMessage, Object, Property, To, TransparentMessage};
use crate::mask::Mask;

/// How one kind of value is read and written.
pub trait Codec {
    /// The Rust type of the value.
    type Value;

    /// Whether null is a value of this kind rather than the absence of one.
    const NULLABLE: bool = false;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// Fails where the JSON value does not fit.
    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error>;

    /// Writes a value.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form.
    fn write<S: Serializer>(value: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error>;

    /// Writes the absence of a value that a mask selects: null, unless the mask
    /// selects parts of it.
    ///
    /// # Errors
    ///
    /// Fails where the serializer does.
    fn write_unset<S: Serializer>(to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_unit()
    }

    /// Whether a value counts as set; the zero value of an enum does not.
    fn is_set(_value: &Self::Value) -> bool {
        true
    }
}

/// A codec whose values can stand in a path or a query.
pub trait TextCodec: Codec {
    /// The value as text, the same as in JSON but without quotes.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form, with the reason.
    fn text(value: &Self::Value) -> Result<Cow<'_, str>, String>;
}

/// A field that can be read into.
pub trait ReadField<V> {
    /// Reads into the field; null unsets it.
    ///
    /// # Errors
    ///
    /// Fails where the JSON value does not fit.
    fn read<'de, D: Deserializer<'de>>(
        field: &mut V,
        from: D,
        at: At<'_>,
    ) -> Result<(), D::Error>;
}

/// A field that can be written.
pub trait WriteField<V> {
    /// Whether the field is set.
    fn is_set(field: &V) -> bool;

    /// Writes the field; an unset one as null, or as an empty list.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form.
    fn write<S: Serializer>(field: &V, to: S, at: To<'_>) -> Result<S::Ok, S::Error>;
}

// ---------------------------------------------------------------------------
// Reading any JSON value without repeating it in errors.

/// What becomes of each type of JSON value. The defaults refuse.
pub(super) trait Shape<'de>: Sized {
    type Out;

    /// What was expected, with its article.
    fn expected(&self) -> &'static str;

    fn null<E: serde::de::Error>(self) -> Result<Self::Out, E> {
        Err(self.refuse("null"))
    }
    fn boolean<E: serde::de::Error>(self, _value: bool) -> Result<Self::Out, E> {
        Err(self.refuse("a boolean"))
    }
    fn signed<E: serde::de::Error>(self, _value: i64) -> Result<Self::Out, E> {
        Err(self.refuse("a number"))
    }
    fn unsigned<E: serde::de::Error>(self, _value: u64) -> Result<Self::Out, E> {
        Err(self.refuse("a number"))
    }
    fn double<E: serde::de::Error>(self, _value: f64) -> Result<Self::Out, E> {
        Err(self.refuse("a number"))
    }
    fn text<E: serde::de::Error>(self, _value: Cow<'_, str>) -> Result<Self::Out, E> {
        Err(self.refuse("a string"))
    }
    fn list<A: SeqAccess<'de>>(self, _list: A) -> Result<Self::Out, A::Error> {
        Err(self.refuse("a list"))
    }
    fn object<A: MapAccess<'de>>(self, _object: A) -> Result<Self::Out, A::Error> {
        Err(self.refuse("an object"))
    }

    fn refuse<E: serde::de::Error>(&self, found: &str) -> E {
        E::custom(format_args!("expected {}, found {found}", self.expected()))
    }
}

/// Reads whatever JSON value comes and hands it to the shape.
pub(super) fn read_shape<'de, D, S>(from: D, shape: S) -> Result<S::Out, D::Error>
where
    D: Deserializer<'de>,
    S: Shape<'de>,
{
    from.deserialize_any(ShapeVisitor(shape))
}

struct ShapeVisitor<S>(S);

impl<'de, S: Shape<'de>> Visitor<'de> for ShapeVisitor<S> {
    type Value = S::Out;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.expected())
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<S::Out, E> {
        self.0.null()
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<S::Out, E> {
        self.0.boolean(value)
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<S::Out, E> {
        self.0.signed(value)
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<S::Out, E> {
        self.0.unsigned(value)
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<S::Out, E> {
        self.0.double(value)
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<S::Out, E> {
        self.0.text(Cow::Borrowed(value))
    }
    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<S::Out, E> {
        self.0.text(Cow::Owned(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<S::Out, A::Error> {
        self.0.list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<S::Out, A::Error> {
        self.0.object(object)
    }
}

// ---------------------------------------------------------------------------
// Scalars.

/// `string`.
pub struct Text;

impl Codec for Text {
    type Value = String;

    fn read<'de, D: Deserializer<'de>>(from: D, _at: At<'_>) -> Result<String, D::Error> {
        struct TextShape;
        impl<'de> Shape<'de> for TextShape {
            type Out = String;
            fn expected(&self) -> &'static str {
                "a string"
            }
            fn text<E: serde::de::Error>(self, value: Cow<'_, str>) -> Result<String, E> {
                Ok(value.into_owned())
            }
        }
        read_shape(from, TextShape)
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
        struct BooleanShape;
        impl<'de> Shape<'de> for BooleanShape {
            type Out = bool;
            fn expected(&self) -> &'static str {
                "a boolean"
            }
            fn boolean<E: serde::de::Error>(self, value: bool) -> Result<bool, E> {
                Ok(value)
            }
        }
        read_shape(from, BooleanShape)
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
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

macro_rules! integer {
    ($(#[$doc:meta])* $codec:ident, $value:ty, $expected:literal, $write:ident) => {
        $(#[$doc])*
        pub struct $codec;

        impl Codec for $codec {
            type Value = $value;

            fn read<'de, D: Deserializer<'de>>(from: D, _at: At<'_>) -> Result<$value, D::Error> {
                struct IntegerShape;
                impl<'de> Shape<'de> for IntegerShape {
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
                        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
                        self.signed(value as i64)
                    }
                }
                read_shape(from, IntegerShape)
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
    /// `int64`, `sint64` and `sfixed64`, as JSON numbers.
    Int64, i64, "a 64-bit integer", serialize_i64
);
integer!(
    /// `uint32` and `fixed32`.
    UInt32, u32, "an unsigned 32-bit integer", serialize_u32
);
integer!(
    /// `uint64` and `fixed64`, as JSON numbers.
    UInt64, u64, "an unsigned 64-bit integer", serialize_u64
);

/// Why a number cannot be written.
const NOT_FINITE: &str = "must be a finite number, because JSON has no other";

/// The integer that equals the number, if there is one that does so exactly.
/// Minus zero has none.
pub(super) fn whole(value: f64) -> Option<i64> {
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

/// `double`.
pub struct Double;

struct DoubleShape<'a>(At<'a>);

impl<'de> Shape<'de> for DoubleShape<'_> {
    type Out = f64;
    fn expected(&self) -> &'static str {
        "a number"
    }
    fn signed<E: serde::de::Error>(self, value: i64) -> Result<f64, E> {
        #[expect(clippy::cast_precision_loss, reason = "reported as drift")]
        let double = value as f64;
        if double.abs() > MAX_EXACT {
            self.0.drift(DriftKind::RoundedNumber);
        }
        Ok(double)
    }
    fn unsigned<E: serde::de::Error>(self, value: u64) -> Result<f64, E> {
        #[expect(clippy::cast_precision_loss, reason = "reported as drift")]
        let double = value as f64;
        if double > MAX_EXACT {
            self.0.drift(DriftKind::RoundedNumber);
        }
        Ok(double)
    }
    fn double<E: serde::de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }
}

impl Codec for Double {
    type Value = f64;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<f64, D::Error> {
        read_shape(from, DoubleShape(at))
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

impl Codec for Float {
    type Value = f32;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<f32, D::Error> {
        let double = read_shape(from, DoubleShape(at))?;
        #[expect(clippy::cast_possible_truncation, reason = "the field is a float")]
        let float = double as f32;
        if float.is_finite() {
            Ok(float)
        } else {
            Err(D::Error::custom(
                "expected a 32-bit float, found a number out of its range",
            ))
        }
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
pub struct Octets;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl Codec for Octets {
    type Value = Bytes;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Bytes, D::Error> {
        let text = Text::read(from, at)?;
        STANDARD
            .decode(&text)
            .or_else(|_| URL_SAFE.decode(&text))
            .map(Bytes::from)
            .map_err(|_| D::Error::custom("expected a string of base64, found another string"))
    }

    fn write<S: Serializer>(value: &Bytes, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(value))
    }
}

impl TextCodec for Octets {
    fn text(value: &Bytes) -> Result<Cow<'_, str>, String> {
        Ok(Cow::Owned(URL_SAFE.encode(value)))
    }
}

/// An enum.
pub struct Enum<E>(PhantomData<E>);

fn spelled<E: JsonEnum>(number: i32) -> Result<&'static str, String> {
    E::spelling(number).ok_or_else(|| match number {
        0 => "must not be the zero value of its enum here, which has no spelling".to_owned(),
        _ => format!("must be a value of its enum, which does not declare {number}"),
    })
}

impl<E: JsonEnum> Codec for Enum<E> {
    type Value = i32;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<i32, D::Error> {
        struct EnumShape<'a, E>(At<'a>, PhantomData<E>);
        impl<'de, E: JsonEnum> Shape<'de> for EnumShape<'_, E> {
            type Out = i32;
            fn expected(&self) -> &'static str {
                "a string"
            }
            fn text<Err: serde::de::Error>(self, value: Cow<'_, str>) -> Result<i32, Err> {
                Ok(E::number(&value).unwrap_or_else(|| {
                    self.0.drift(DriftKind::UnknownEnumValue);
                    0
                }))
            }
        }
        read_shape(from, EnumShape::<E>(at, PhantomData))
    }

    fn write<S: Serializer>(value: &i32, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(spelled::<E>(*value).map_err(S::Error::custom)?)
    }

    fn is_set(value: &i32) -> bool {
        *value != 0
    }
}

impl<E: JsonEnum> TextCodec for Enum<E> {
    fn text(value: &i32) -> Result<Cow<'_, str>, String> {
        spelled::<E>(*value).map(Cow::Borrowed)
    }
}

// ---------------------------------------------------------------------------
// Messages.

/// A message, as a JSON object.
pub struct Nested<M>(PhantomData<M>);

impl<M: JsonMessage> Codec for Nested<M> {
    type Value = M;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<M, D::Error> {
        struct MessageShape<'a, M>(At<'a>, PhantomData<M>);
        impl<'de, M: JsonMessage> Shape<'de> for MessageShape<'_, M> {
            type Out = M;
            fn expected(&self) -> &'static str {
                "an object"
            }
            fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
                let mut message = M::default();
                while let Some(name) = map.next_key_seed(Key)? {
                    self.0.property(&name, |at| {
                        let property = Property { map: &mut map, at };
                        message.read_property(&name, property)
                    })?;
                }
                Ok(message)
            }
        }
        read_shape(from, MessageShape(at, PhantomData))
    }

    fn write<S: Serializer>(value: &M, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        let mut object = Object {
            map: to.serialize_map(None)?,
            to: at,
            fields: M::FIELDS,
        };
        value.write_properties(&mut object)?;
        object.map.end()
    }

    fn write_unset<S: Serializer>(to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        match at.mask {
            // Parts of a message that is not there are not there either.
            Mask::Only(_) => Self::write(&M::default(), to, at),
            Mask::Set | Mask::All => to.serialize_unit(),
        }
    }
}

/// The key of a JSON object, borrowed where it has no escapes.
pub(super) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Cow<'de, str>, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a property name")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(value.to_owned()))
            }
        }
        from.deserialize_str(KeyVisitor)
    }
}

/// A wrapper message of one field, as the bare value or null.
pub struct Transparent<M>(PhantomData<M>);

impl<M: TransparentMessage> Codec for Transparent<M> {
    type Value = M;

    const NULLABLE: bool = true;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<M, D::Error> {
        let mut value = None;
        Optional::<M::Codec>::read(&mut value, from, at)?;
        Ok(M::wrap(value))
    }

    fn write<S: Serializer>(message: &M, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        match message.value() {
            Some(value) if M::Codec::is_set(value) => M::Codec::write(value, to, at),
            _ => M::Codec::write_unset(to, at),
        }
    }

    fn write_unset<S: Serializer>(to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        M::Codec::write_unset(to, at)
    }
}

// ---------------------------------------------------------------------------
// The four ways in which a field holds values.

/// `optional` scalars, messages and members of a oneof.
pub struct Optional<C>(PhantomData<C>);

/// Reads a value, or nothing where there is null.
fn read_nullable<'de, C: Codec, D: Deserializer<'de>>(
    from: D,
    at: At<'_>,
) -> Result<Option<C::Value>, D::Error> {
    struct NullableVisitor<'a, C>(At<'a>, PhantomData<C>);
    impl<'de, C: Codec> Visitor<'de> for NullableVisitor<'_, C> {
        type Value = Option<C::Value>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value or null")
        }
        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
            C::read(from, self.0).map(Some)
        }
    }
    if C::NULLABLE {
        C::read(from, at).map(Some)
    } else {
        from.deserialize_option(NullableVisitor::<C>(at, PhantomData))
    }
}

/// Reads into an `Option<V>` or, in a recursive message, an `Option<Box<V>>`.
impl<C: Codec, V: From<C::Value>> ReadField<Option<V>> for Optional<C> {
    fn read<'de, D: Deserializer<'de>>(
        field: &mut Option<V>,
        from: D,
        at: At<'_>,
    ) -> Result<(), D::Error> {
        *field = read_nullable::<C, D>(from, at)?.map(V::from);
        Ok(())
    }
}

/// Writes from an `Option` of a value, of a box of one, or of a reference.
impl<C: Codec, V: Holds<C::Value>> WriteField<Option<V>> for Optional<C> {
    fn is_set(field: &Option<V>) -> bool {
        field.as_ref().is_some_and(|value| C::is_set(value.held()))
    }

    fn write<S: Serializer>(field: &Option<V>, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        match field {
            Some(value) if C::is_set(value.held()) => C::write(value.held(), to, at),
            _ => C::write_unset(to, at),
        }
    }
}

/// Where prost keeps a value: in place, in a box, or behind a reference to
/// either.
pub trait Holds<T> {
    /// The value.
    fn held(&self) -> &T;
}

impl<T> Holds<T> for T {
    fn held(&self) -> &T {
        self
    }
}

impl<T> Holds<T> for Box<T> {
    fn held(&self) -> &T {
        self
    }
}

impl<T> Holds<T> for &T {
    fn held(&self) -> &T {
        self
    }
}

impl<T> Holds<T> for &Box<T> {
    fn held(&self) -> &T {
        self
    }
}

/// Scalars without presence: the default value is the unset one.
pub struct Implicit<C>(PhantomData<C>);

impl<C: Codec<Value: Default>> ReadField<C::Value> for Implicit<C> {
    fn read<'de, D: Deserializer<'de>>(
        field: &mut C::Value,
        from: D,
        at: At<'_>,
    ) -> Result<(), D::Error> {
        *field = read_nullable::<C, D>(from, at)?.unwrap_or_default();
        Ok(())
    }
}

impl<C: Codec<Value: Default + PartialEq>> WriteField<C::Value> for Implicit<C> {
    fn is_set(field: &C::Value) -> bool {
        *field != C::Value::default()
    }

    /// A mask that selects the field sends its value, be it the default one.
    fn write<S: Serializer>(field: &C::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        if C::is_set(field) {
            C::write(field, to, at)
        } else {
            C::write_unset(to, at)
        }
    }
}

/// `repeated` fields, as JSON lists. Null is no element unless the codec says
/// so.
pub struct Repeated<C>(PhantomData<C>);

impl<C: Codec> Codec for Repeated<C> {
    type Value = Vec<C::Value>;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        struct ListShape<'a, C>(At<'a>, PhantomData<C>);
        impl<'de, C: Codec> Shape<'de> for ListShape<'_, C> {
            type Out = Vec<C::Value>;
            fn expected(&self) -> &'static str {
                "a list"
            }
            fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Out, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = self.0.element(values.len(), |at| {
                    list.next_element_seed(Element::<C>(at, PhantomData))
                })? {
                    values.push(value);
                }
                Ok(values)
            }
        }
        read_shape(from, ListShape::<C>(at, PhantomData))
    }

    fn write<S: Serializer>(values: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(values.len()))?;
        for (index, value) in values.iter().enumerate() {
            let with = Value::<C>(value);
            list.serialize_element(&Writing::element(&at, index, with))?;
        }
        list.end()
    }
}

impl<C: Codec> ReadField<Vec<C::Value>> for Repeated<C> {
    fn read<'de, D: Deserializer<'de>>(
        field: &mut Vec<C::Value>,
        from: D,
        at: At<'_>,
    ) -> Result<(), D::Error> {
        *field = read_nullable::<Self, D>(from, at)?.unwrap_or_default();
        Ok(())
    }
}

impl<C: Codec> WriteField<Vec<C::Value>> for Repeated<C> {
    fn is_set(field: &Vec<C::Value>) -> bool {
        !field.is_empty()
    }

    fn write<S: Serializer>(
        field: &Vec<C::Value>,
        to: S,
        at: To<'_>,
    ) -> Result<S::Ok, S::Error> {
        <Self as Codec>::write(field, to, at)
    }
}

/// Reads an element of a list or a value of a map.
struct Element<'a, C>(At<'a>, PhantomData<C>);

impl<'de, C: Codec> DeserializeSeed<'de> for Element<'_, C> {
    type Value = C::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<C::Value, D::Error> {
        C::read(from, self.0)
    }
}

/// Writes an element of a list or a value of a map.
struct Value<'a, C: Codec>(&'a C::Value);

impl<C: Codec> WriteWith for Value<'_, C> {
    fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        C::write(self.0, to, at)
    }
}

/// The key of a `map` field, which is a string in JSON.
pub trait MapKey: Sized + Ord {
    /// Reads a key.
    fn from_text(text: &str) -> Option<Self>;
    /// Writes a key.
    fn to_text(&self) -> Cow<'_, str>;
}

impl MapKey for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

macro_rules! map_key {
    ($($key:ty),*) => {$(
        impl MapKey for $key {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
            fn to_text(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }
        }
    )*};
}

map_key!(bool, i32, i64, u32, u64);

/// `map` fields, as JSON objects.
pub struct MapOf<K, C>(PhantomData<(K, C)>);

impl<K: MapKey, C: Codec> Codec for MapOf<K, C> {
    type Value = BTreeMap<K, C::Value>;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        struct MapShape<'a, K, C>(At<'a>, PhantomData<(K, C)>);
        impl<'de, K: MapKey, C: Codec> Shape<'de> for MapShape<'_, K, C> {
            type Out = BTreeMap<K, C::Value>;
            fn expected(&self) -> &'static str {
                "an object"
            }
            fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Out, A::Error> {
                let mut values = BTreeMap::new();
                while let Some(name) = map.next_key_seed(Key)? {
                    self.0.property(&name, |at| {
                        let key = K::from_text(&name)
                            .ok_or_else(|| A::Error::custom("the key does not fit its type"))?;
                        let value = map.next_value_seed(Element::<C>(at, PhantomData))?;
                        values.insert(key, value);
                        Ok(())
                    })?;
                }
                Ok(values)
            }
        }
        read_shape(from, MapShape::<K, C>(at, PhantomData))
    }

    fn write<S: Serializer>(values: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(values.len()))?;
        for (key, value) in values {
            let name = key.to_text();
            let value = Writing::property(&at, &name, Mask::Set, Value::<C>(value));
            map.serialize_entry(&*name, &value)?;
        }
        map.end()
    }
}

impl<K: MapKey, C: Codec> ReadField<BTreeMap<K, C::Value>> for MapOf<K, C> {
    fn read<'de, D: Deserializer<'de>>(
        field: &mut BTreeMap<K, C::Value>,
        from: D,
        at: At<'_>,
    ) -> Result<(), D::Error> {
        *field = read_nullable::<Self, D>(from, at)?.unwrap_or_default();
        Ok(())
    }
}

impl<K: MapKey, C: Codec> WriteField<BTreeMap<K, C::Value>> for MapOf<K, C> {
    fn is_set(field: &BTreeMap<K, C::Value>) -> bool {
        !field.is_empty()
    }

    /// An empty map that a mask selects is written as null: an empty object
    /// would clear nothing where objects are merged.
    fn write<S: Serializer>(
        field: &BTreeMap<K, C::Value>,
        to: S,
        at: To<'_>,
    ) -> Result<S::Ok, S::Error> {
        if field.is_empty() {
            to.serialize_unit()
        } else {
            <Self as Codec>::write(field, to, at)
        }
    }
}
