//! The four ways in which a field holds values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use super::codec::{Codec, JsonVisitor, Key, ReadField, WriteField, visit};
use super::reading::At;
use super::writing::{To, WriteWith, Writing};
use crate::mask::{Mask, Selected};

/// `optional` scalars, messages and members of a oneof.
pub struct Optional<C>(PhantomData<C>);

/// Reads a value, or nothing where there is null and null is no value of this
/// kind.
fn read_nullable<'de, C: Codec, D: Deserializer<'de>>(
    from: D,
    at: At<'_>,
) -> Result<Option<C::Value>, D::Error> {
    if C::NULLABLE {
        C::read(from, at).map(Some)
    } else {
        read_unless_null::<C, D>(from, at)
    }
}

/// Reads a value, or nothing where there is null.
pub(super) fn read_unless_null<'de, C: Codec, D: Deserializer<'de>>(
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
    from.deserialize_option(NullableVisitor::<C>(at, PhantomData))
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
        struct ListVisitor<'a, C>(At<'a>, PhantomData<C>);
        impl<'de, C: Codec> JsonVisitor<'de> for ListVisitor<'_, C> {
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
        visit(from, ListVisitor::<C>(at, PhantomData))
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

    fn write<S: Serializer>(field: &Vec<C::Value>, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
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

/// Writes a value of a map that is not there.
struct Unset<C>(PhantomData<C>);

impl<C: Codec> WriteWith for Unset<C> {
    fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        C::write_unset(to, at)
    }
}

/// The key of a map as it is written in JSON, if the text is one.
pub fn map_key<K: MapKey>(text: &str) -> Option<String> {
    K::from_text(text).map(|key| key.to_text().into_owned())
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
        struct MapVisitor<'a, K, C>(At<'a>, PhantomData<(K, C)>);
        impl<'de, K: MapKey, C: Codec> JsonVisitor<'de> for MapVisitor<'_, K, C> {
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
        visit(from, MapVisitor::<K, C>(at, PhantomData))
    }

    fn write<S: Serializer>(values: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if !matches!(at.mask, Mask::Only(tree) if !tree.is_whole()) {
            for (key, value) in values {
                let name = key.to_text();
                if let Selected::Implied(mask) = at.mask.select(&name) {
                    let value = Writing::property(&at, &name, mask, Value::<C>(value));
                    map.serialize_entry(&*name, &value)?;
                }
            }
        }
        if let Mask::Only(tree) = at.mask {
            for name in tree.names() {
                let Selected::Named(mask) = at.mask.select(name) else {
                    continue;
                };
                // A key that is not there is cleared.
                let value = K::from_text(name).and_then(|key| values.get(&key));
                if let Some(value) = value {
                    let value = Writing::property(&at, name, mask, Value::<C>(value));
                    map.serialize_entry(name, &value)?;
                } else {
                    let unset = Writing::property(&at, name, mask, Unset::<C>(PhantomData));
                    map.serialize_entry(name, &unset)?;
                }
            }
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
        if field.is_empty() && !matches!(at.mask, Mask::Only(_)) {
            to.serialize_unit()
        } else {
            <Self as Codec>::write(field, to, at)
        }
    }
}
