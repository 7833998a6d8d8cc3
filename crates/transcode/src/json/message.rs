//! Enums, messages and transparent wrappers.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{Deserializer, MapAccess};
use serde::ser::{Error as _, SerializeMap, Serializer};

use super::codec::{Codec, JsonVisitor, Key, ReadField, TextCodec, visit};
use super::drift::DriftKind;
use super::field::Optional;
use super::object::{Object, Property};
use super::reading::At;
use super::writing::To;
use crate::layout::{FieldLayout, MessageLayout};
use crate::mask::{Field, Mask};

/// A generated message and its JSON properties.
pub trait JsonMessage: Default {
    /// What a field mask can name.
    const FIELDS: &'static [Field];

    /// How it lies on the wire.
    fn layout() -> &'static MessageLayout;

    /// Reads one property of the JSON object into the field that declares it.
    ///
    /// # Errors
    ///
    /// Fails where the value does not fit the field.
    fn read_property<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        property: Property<'_, A>,
    ) -> Result<(), A::Error>;

    /// Writes the fields as properties of a JSON object.
    ///
    /// # Errors
    ///
    /// Fails where a value has no JSON form.
    fn write_properties<M: SerializeMap>(&self, object: &mut Object<'_, M>)
    -> Result<(), M::Error>;
}

/// A generated enum and the JSON spellings of its values.
pub trait JsonEnum {
    /// The spelling of a value; `None` for zero and for numbers that the enum
    /// does not declare.
    fn spelling(number: i32) -> Option<&'static str>;

    /// The value that is spelled so.
    fn number(spelling: &str) -> Option<i32>;
}

/// A message of one field that is written as the bare value of that field.
pub trait TransparentMessage: Default {
    /// How the value is read and written.
    type Codec: Codec;

    /// How its one field lies on the wire.
    fn layout() -> &'static FieldLayout;

    /// The value, if it is set.
    fn value(&self) -> Option<&<Self::Codec as Codec>::Value>;

    /// The message around a value.
    fn wrap(value: Option<<Self::Codec as Codec>::Value>) -> Self;
}

/// An enum.
pub struct Enum<E>(PhantomData<E>);

fn spelled<E: JsonEnum>(number: i32) -> Result<&'static str, String> {
    E::spelling(number).ok_or_else(|| no_spelling(number))
}

/// Why a value of an enum that has no spelling cannot be written.
pub(crate) fn no_spelling(number: i32) -> String {
    match number {
        0 => "must not be the zero value of its enum here, which has no spelling".to_owned(),
        _ => format!("must be a value of its enum, which does not declare {number}"),
    }
}

impl<E: JsonEnum> Codec for Enum<E> {
    type Value = i32;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<i32, D::Error> {
        struct EnumVisitor<'a, E>(At<'a>, PhantomData<E>);
        impl<E: JsonEnum> JsonVisitor<'_> for EnumVisitor<'_, E> {
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
        visit(from, EnumVisitor::<E>(at, PhantomData))
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

/// A message, as a JSON object.
pub struct Nested<M>(PhantomData<M>);

impl<M: JsonMessage> Codec for Nested<M> {
    type Value = M;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<M, D::Error> {
        struct MessageVisitor<'a, M>(At<'a>, PhantomData<M>);
        impl<'de, M: JsonMessage> JsonVisitor<'de> for MessageVisitor<'_, M> {
            type Out = M;
            fn expected(&self) -> &'static str {
                "an object"
            }
            fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
                self.0.check_depth()?;
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
        visit(from, MessageVisitor(at, PhantomData))
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
