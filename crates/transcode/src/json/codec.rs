//! What reads and writes a value or a field, and how JSON values are told
//! apart while reading.
//!
//! A [`Codec`] knows one kind of value. A field holds values in one of four
//! ways, each a type around the codec: [`Optional`](super::Optional),
//! [`Implicit`](super::Implicit), [`Repeated`](super::Repeated) and
//! [`MapOf`](super::MapOf). Generated code names the combination, such as
//! `Optional<Enum<Color>>`, and the compiler does the rest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::Serializer;

use super::reading::At;
use super::writing::To;

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

    /// Returns whether a value counts as set; the zero value of an enum does not.
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
    fn read<'de, D: Deserializer<'de>>(field: &mut V, from: D, at: At<'_>) -> Result<(), D::Error>;
}

/// A field that can be written.
pub trait WriteField<V> {
    /// Returns whether the field is set.
    fn is_set(field: &V) -> bool;

    /// Writes the field; an unset one as null, or as an empty list.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form.
    fn write<S: Serializer>(field: &V, to: S, at: To<'_>) -> Result<S::Ok, S::Error>;
}

/// What becomes of each type of JSON value. The defaults refuse.
pub(super) trait JsonVisitor<'de>: Sized {
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

/// Reads whatever JSON value comes and hands it to the visitor.
pub(super) fn visit<'de, D, V>(from: D, visitor: V) -> Result<V::Out, D::Error>
where
    D: Deserializer<'de>,
    V: JsonVisitor<'de>,
{
    from.deserialize_any(SerdeVisitor(visitor))
}

struct SerdeVisitor<V>(V);

impl<'de, V: JsonVisitor<'de>> Visitor<'de> for SerdeVisitor<V> {
    type Value = V::Out;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.expected())
    }
    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Out, E> {
        self.0.null()
    }
    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<V::Out, E> {
        self.0.boolean(value)
    }
    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<V::Out, E> {
        self.0.signed(value)
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<V::Out, E> {
        self.0.unsigned(value)
    }
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<V::Out, E> {
        self.0.double(value)
    }
    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<V::Out, E> {
        self.0.text(Cow::Borrowed(value))
    }
    fn visit_string<E: serde::de::Error>(self, value: String) -> Result<V::Out, E> {
        self.0.text(Cow::Owned(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Out, A::Error> {
        self.0.list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Out, A::Error> {
        self.0.object(object)
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
