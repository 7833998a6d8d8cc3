//! The properties of a JSON object: how generated messages read and write them.

use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess};
use serde::ser::{Error as _, SerializeMap, Serializer};

use super::codec::{Codec, ReadField, WriteField};
use super::drift::DriftKind;
use super::field::{Holds, Optional, read_unless_null};
use super::reading::At;
use super::writing::{To, WriteWith, Writing};
use crate::mask::{Behavior, Field, Mask, Selected};

/// One property of a JSON object whose value is still to be read.
pub struct Property<'a, A> {
    pub(super) map: &'a mut A,
    pub(super) at: At<'a>,
}

impl<'de, A: MapAccess<'de>> Property<'_, A> {
    /// Reads the value into a field.
    ///
    /// # Errors
    ///
    /// Fails where the value does not fit the field.
    pub fn read<F: ReadField<V>, V>(self, field: &mut V) -> Result<(), A::Error> {
        struct Seed<'a, F, V>(At<'a>, &'a mut V, PhantomData<F>);
        impl<'de, F: ReadField<V>, V> DeserializeSeed<'de> for Seed<'_, F, V> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                F::read(self.1, from, self.0)
            }
        }
        self.map
            .next_value_seed(Seed::<F, V>(self.at, field, PhantomData))
    }

    /// Reads the value of a oneof member; null leaves the oneof as it is. `B`
    /// is the value, or a box of it in a recursive message.
    ///
    /// # Errors
    ///
    /// Fails where the value does not fit the member, and where the oneof has a
    /// value already: one of the two would be lost.
    pub fn read_member<C: Codec, B: From<C::Value>, V>(
        self,
        oneof: &mut Option<V>,
        member: impl FnOnce(B) -> V,
    ) -> Result<(), A::Error> {
        struct Seed<'a, C>(At<'a>, PhantomData<C>);
        impl<'de, C: Codec> DeserializeSeed<'de> for Seed<'_, C> {
            type Value = Option<C::Value>;
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
                read_unless_null::<C, D>(from, self.0)
            }
        }
        let value = self.map.next_value_seed(Seed::<C>(self.at, PhantomData))?;
        if let Some(value) = value {
            if oneof.is_some() {
                return Err(A::Error::custom(
                    "expected null, because another member of its oneof has a value",
                ));
            }
            *oneof = Some(member(value.into()));
        }
        Ok(())
    }

    /// Skips a property that the message does not declare, and reports it.
    ///
    /// # Errors
    ///
    /// Fails where the value is not JSON.
    pub fn undeclared(self) -> Result<(), A::Error> {
        self.at.drift(DriftKind::UndeclaredProperty);
        self.map.next_value::<IgnoredAny>().map(|_| ())
    }
}

/// A JSON object that is being written.
pub struct Object<'a, M> {
    pub(super) map: M,
    pub(super) to: To<'a>,
    pub(super) fields: &'static [Field],
}

impl<M: SerializeMap> Object<'_, M> {
    /// Writes a field if the mask selects it.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form.
    pub fn write<F: WriteField<V>, V>(
        &mut self,
        declared: &'static Field,
        field: &V,
    ) -> Result<(), M::Error> {
        struct With<'a, F, V>(&'a V, PhantomData<F>);
        impl<F: WriteField<V>, V> WriteWith for With<'_, F, V> {
            fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
                F::write(self.0, to, at)
            }
        }
        let mask = match self.to.mask.select(declared.name) {
            Selected::No => return Ok(()),
            Selected::Named(mask) => mask,
            Selected::Implied(Mask::Set) if !F::is_set(field) => return Ok(()),
            Selected::Implied(Mask::Set) => Mask::Set,
            Selected::Implied(mask) => match declared.behavior {
                Behavior::OutputOnly => return Ok(()),
                // Whoever means the whole does not mean to clear these.
                Behavior::InputOnly | Behavior::Immutable if !F::is_set(field) => return Ok(()),
                Behavior::Plain | Behavior::InputOnly | Behavior::Immutable => mask,
            },
        };
        let with = With::<F, V>(field, PhantomData);
        let value = Writing::property(&self.to, declared.name, mask, with);
        self.map.serialize_entry(declared.json_name, &value)
    }

    /// Writes a member of a oneof if the mask selects it.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form, and where the mask names a part
    /// of a member that is not set: the upstream would switch to it.
    pub fn write_member<C: Codec, T>(
        &mut self,
        declared: &'static Field,
        member: Option<&T>,
    ) -> Result<(), M::Error>
    where
        for<'t> &'t T: Holds<C::Value>,
    {
        let mask = self.to.mask.select(declared.name);
        if let Selected::Named(mask @ Mask::Only(tree)) = mask
            && !tree.is_whole()
            && member.is_none()
        {
            return self.to.property(declared.name, mask, |_| {
                Err(M::Error::custom(
                    "must be set, because the mask names a part of it and it is a member of a oneof",
                ))
            });
        }
        self.write::<Optional<C>, _>(declared, &member)
    }
}
