//! The well-known types of protobuf that have a JSON form of their own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use prost_types::value::Kind;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess};
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};

use super::codec::{Codec, JsonVisitor, Key, TextCodec, visit};
use super::object::{Object, Property};
use super::reading::At;
use super::scalar::{doubted, nearest, write_double};
use super::time::{self, INSTANTS, SPANS};
use super::writing::{To, WriteWith, Writing};
use crate::mask::{Mask, Selected};

/// `google.protobuf.Timestamp`, as RFC 3339 with its fraction.
pub struct Timestamp;

impl Codec for Timestamp {
    type Value = prost_types::Timestamp;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        struct TimestampVisitor<'a>(At<'a>);
        impl JsonVisitor<'_> for TimestampVisitor<'_> {
            type Out = prost_types::Timestamp;
            fn expected(&self) -> &'static str {
                "an RFC 3339 instant"
            }
            fn text<E: serde::de::Error>(self, value: Cow<'_, str>) -> Result<Self::Out, E> {
                match time::instant(value.as_bytes()) {
                    Some(instant) => Ok(instant.report(self.0)),
                    None => Err(self.refuse("another string")),
                }
            }
        }
        visit(from, TimestampVisitor(at))
    }

    fn write<S: Serializer>(value: &Self::Value, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Self::text(value).map_err(S::Error::custom)?)
    }
}

impl TextCodec for Timestamp {
    fn text(value: &Self::Value) -> Result<Cow<'_, str>, String> {
        if INSTANTS.contains(&value.seconds) && (0..1_000_000_000).contains(&value.nanos) {
            Ok(Cow::Owned(value.to_string()))
        } else {
            Err("must be an instant of the years 1 to 9999".to_owned())
        }
    }
}

/// `google.protobuf.Duration`, as decimal seconds with the suffix `s`.
pub struct Duration;

impl Codec for Duration {
    type Value = prost_types::Duration;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        struct DurationVisitor<'a>(At<'a>);
        impl JsonVisitor<'_> for DurationVisitor<'_> {
            type Out = prost_types::Duration;
            fn expected(&self) -> &'static str {
                "a duration in seconds, such as \"1.5s\""
            }
            fn text<E: serde::de::Error>(self, value: Cow<'_, str>) -> Result<Self::Out, E> {
                match time::span(&value) {
                    Some(span) => Ok(span.report(self.0)),
                    None => Err(self.refuse("another string")),
                }
            }
        }
        visit(from, DurationVisitor(at))
    }

    fn write<S: Serializer>(value: &Self::Value, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Self::text(value).map_err(S::Error::custom)?)
    }
}

impl TextCodec for Duration {
    fn text(value: &Self::Value) -> Result<Cow<'_, str>, String> {
        let signs_agree =
            value.seconds == 0 || value.nanos == 0 || (value.seconds < 0) == (value.nanos < 0);
        let in_range = SPANS.contains(&value.seconds) && value.nanos.unsigned_abs() < 1_000_000_000;
        if signs_agree && in_range {
            Ok(Cow::Owned(value.to_string()))
        } else {
            Err("must be a normalized duration of up to 10,000 years".to_owned())
        }
    }
}

/// `google.protobuf.FieldMask` outside of an update: its paths, joined by
/// commas, in lower camel case.
pub struct FieldMask;

/// A path in lower camel case, if that can be undone.
fn camel_path(path: &str) -> Option<String> {
    let mut camel = String::with_capacity(path.len());
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '_' => camel.push(
                letters
                    .next()
                    .filter(char::is_ascii_lowercase)?
                    .to_ascii_uppercase(),
            ),
            ',' | 'A'..='Z' => return None,
            _ => camel.push(letter),
        }
    }
    Some(camel)
}

fn snake_path(path: &str) -> String {
    let mut snake = String::with_capacity(path.len() + 4);
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The paths of a mask, in lower snake case.
pub(crate) fn mask_paths(text: &str) -> impl Iterator<Item = String> {
    let paths = text.split(',').filter(|path| !path.is_empty());
    paths.map(snake_path)
}

impl Codec for FieldMask {
    type Value = prost_types::FieldMask;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        let text = super::Text::read(from, at)?;
        Ok(prost_types::FieldMask {
            paths: mask_paths(&text).collect(),
        })
    }

    fn write<S: Serializer>(value: &Self::Value, to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_str(&Self::text(value).map_err(S::Error::custom)?)
    }
}

impl TextCodec for FieldMask {
    fn text(value: &Self::Value) -> Result<Cow<'_, str>, String> {
        let paths = value.paths.iter().map(|path| camel_path(path));
        let paths = paths.collect::<Option<Vec<_>>>();
        paths
            .map(|paths| Cow::Owned(paths.join(",")))
            .ok_or_else(|| "must have paths in lower snake case".to_owned())
    }
}

/// `google.protobuf.Empty`, as an object without properties.
pub struct Empty;

impl Codec for Empty {
    type Value = ();

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<(), D::Error> {
        struct EmptyVisitor<'a>(At<'a>);
        impl<'de> JsonVisitor<'de> for EmptyVisitor<'_> {
            type Out = ();
            fn expected(&self) -> &'static str {
                "an object"
            }
            fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(name) = map.next_key_seed(Key)? {
                    let map = &mut map;
                    self.0
                        .property(&name, |at| Property { map, at }.undeclared())?;
                }
                Ok(())
            }
        }
        visit(from, EmptyVisitor(at))
    }

    fn write<S: Serializer>(_value: &(), to: S, _at: To<'_>) -> Result<S::Ok, S::Error> {
        to.serialize_map(Some(0))?.end()
    }
}

/// `google.protobuf.Value`: any JSON value, null included.
pub struct Value;

struct ValueVisitor<'a>(At<'a>);

impl ValueVisitor<'_> {
    fn read_list<'de, A: SeqAccess<'de>>(
        &self,
        mut list: A,
    ) -> Result<prost_types::ListValue, A::Error> {
        self.0.check_depth()?;
        let mut values = Vec::new();
        while let Some(value) = self
            .0
            .element(values.len(), |at| list.next_element_seed(ValueSeed(at)))?
        {
            values.push(value);
        }
        Ok(prost_types::ListValue { values })
    }

    fn read_object<'de, A: MapAccess<'de>>(
        &self,
        mut map: A,
    ) -> Result<prost_types::Struct, A::Error> {
        self.0.check_depth()?;
        let mut fields = BTreeMap::new();
        while let Some(name) = map.next_key_seed(Key)? {
            let value = self
                .0
                .property(&name, |at| map.next_value_seed(ValueSeed(at)))?;
            fields.insert(name.into_owned(), value);
        }
        Ok(prost_types::Struct { fields })
    }
}

fn value_of(kind: Kind) -> prost_types::Value {
    prost_types::Value { kind: Some(kind) }
}

impl<'de> JsonVisitor<'de> for ValueVisitor<'_> {
    type Out = prost_types::Value;
    fn expected(&self) -> &'static str {
        "a value"
    }
    fn null<E: serde::de::Error>(self) -> Result<Self::Out, E> {
        Ok(value_of(Kind::NullValue(0)))
    }
    fn boolean<E: serde::de::Error>(self, value: bool) -> Result<Self::Out, E> {
        Ok(value_of(Kind::BoolValue(value)))
    }
    fn signed<E: serde::de::Error>(self, value: i64) -> Result<Self::Out, E> {
        Ok(value_of(Kind::NumberValue(nearest(value.into(), self.0))))
    }
    fn unsigned<E: serde::de::Error>(self, value: u64) -> Result<Self::Out, E> {
        Ok(value_of(Kind::NumberValue(nearest(value.into(), self.0))))
    }
    fn double<E: serde::de::Error>(self, value: f64) -> Result<Self::Out, E> {
        Ok(value_of(Kind::NumberValue(doubted(value, self.0))))
    }
    fn text<E: serde::de::Error>(self, value: Cow<'_, str>) -> Result<Self::Out, E> {
        Ok(value_of(Kind::StringValue(value.into_owned())))
    }
    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Out, A::Error> {
        self.read_list(list).map(Kind::ListValue).map(value_of)
    }
    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Self::Out, A::Error> {
        self.read_object(map).map(Kind::StructValue).map(value_of)
    }
}

struct ValueSeed<'a>(At<'a>);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = prost_types::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        visit(from, ValueVisitor(self.0))
    }
}

/// Writes a value below a free-form one.
struct Inner<'a>(&'a prost_types::Value);

impl WriteWith for Inner<'_> {
    fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        Value::write(self.0, to, at)
    }
}

impl Codec for Value {
    type Value = prost_types::Value;

    const NULLABLE: bool = true;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        // `deserialize_any` of serde_json knows null; an option would not be
        // told from it.
        visit(from, ValueVisitor(at))
    }

    fn write<S: Serializer>(value: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        match &value.kind {
            None | Some(Kind::NullValue(_)) => to.serialize_unit(),
            Some(Kind::BoolValue(value)) => to.serialize_bool(*value),
            Some(Kind::NumberValue(value)) => write_double(*value, to),
            Some(Kind::StringValue(value)) => to.serialize_str(value),
            Some(Kind::ListValue(list)) => ListValue::write(list, to, at),
            Some(Kind::StructValue(object)) => Struct::write(object, to, at),
        }
    }
}

/// `google.protobuf.ListValue`: any JSON list.
pub struct ListValue;

impl Codec for ListValue {
    type Value = prost_types::ListValue;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        struct ListVisitor<'a>(At<'a>);
        impl<'de> JsonVisitor<'de> for ListVisitor<'_> {
            type Out = prost_types::ListValue;
            fn expected(&self) -> &'static str {
                "a list"
            }
            fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Out, A::Error> {
                ValueVisitor(self.0).read_list(list)
            }
        }
        visit(from, ListVisitor(at))
    }

    fn write<S: Serializer>(value: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(value.values.len()))?;
        for (index, value) in value.values.iter().enumerate() {
            list.serialize_element(&Writing::element(&at, index, Inner(value)))?;
        }
        list.end()
    }
}

/// `google.protobuf.Struct`: any JSON object.
pub struct Struct;

impl Codec for Struct {
    type Value = prost_types::Struct;

    fn read<'de, D: Deserializer<'de>>(from: D, at: At<'_>) -> Result<Self::Value, D::Error> {
        struct ObjectVisitor<'a>(At<'a>);
        impl<'de> JsonVisitor<'de> for ObjectVisitor<'_> {
            type Out = prost_types::Struct;
            fn expected(&self) -> &'static str {
                "an object"
            }
            fn object<A: MapAccess<'de>>(self, map: A) -> Result<Self::Out, A::Error> {
                ValueVisitor(self.0).read_object(map)
            }
        }
        visit(from, ObjectVisitor(at))
    }

    fn write<S: Serializer>(value: &Self::Value, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        // An empty object would clear nothing where objects are merged.
        if value.fields.is_empty() && matches!(at.mask, Mask::All) {
            return to.serialize_unit();
        }
        let mut map = to.serialize_map(None)?;
        write_keys(value, &mut map, &at)?;
        map.end()
    }

    fn write_unset<S: Serializer>(to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
        match at.mask {
            Mask::Only(_) => Self::write(&prost_types::Struct::default(), to, at),
            Mask::Set | Mask::All => to.serialize_unit(),
        }
    }
}

/// Writes the keys of a free-form object that the mask selects, a missing one
/// as null. Fails where the mask names a part of a value that has no parts.
fn write_keys<M: SerializeMap>(
    object: &prost_types::Struct,
    map: &mut M,
    at: &To<'_>,
) -> Result<(), M::Error> {
    for (name, value) in &object.fields {
        if let Selected::Implied(_) = at.mask.select(name) {
            map.serialize_entry(name, &Writing::property(at, name, Mask::Set, Inner(value)))?;
        }
    }
    let Mask::Only(tree) = at.mask else {
        return Ok(());
    };
    for name in tree.names() {
        let Selected::Named(mask) = at.mask.select(name) else {
            continue;
        };
        let none = value_of(Kind::NullValue(0));
        let nothing = value_of(Kind::StructValue(prost_types::Struct::default()));
        let (value, mask) = match (object.fields.get(name), mask) {
            (Some(value), Mask::Only(_)) if !is_object(value) => {
                return at.property(name, mask, |_| {
                    Err(M::Error::custom(
                        "is no object, so the mask cannot name a part of it",
                    ))
                });
            }
            (Some(value), Mask::Only(_)) => (value, mask),
            (None, Mask::Only(_)) => (&nothing, mask),
            (Some(value), Mask::Set | Mask::All) => (value, Mask::Set),
            (None, Mask::Set | Mask::All) => (&none, Mask::Set),
        };
        map.serialize_entry(name, &Writing::property(at, name, mask, Inner(value)))?;
    }
    Ok(())
}

fn is_object(value: &prost_types::Value) -> bool {
    matches!(value.kind, Some(Kind::StructValue(_)))
}

impl<'de, A: MapAccess<'de>> Property<'_, A> {
    /// Collects a property that the message does not declare.
    ///
    /// # Errors
    ///
    /// Fails where the value is not JSON or lies too deep.
    pub fn collect(
        self,
        name: &str,
        collected: &mut Option<prost_types::Struct>,
    ) -> Result<(), A::Error> {
        let value = self.map.next_value_seed(ValueSeed(self.at))?;
        let collected = collected.get_or_insert_default();
        collected.fields.insert(name.to_owned(), value);
        Ok(())
    }
}

impl<M: SerializeMap> Object<'_, M> {
    /// Writes collected properties beside the declared ones.
    ///
    /// # Errors
    ///
    /// Fails where one of them bears the name of a declared property, which
    /// would stand there twice, or has no JSON form.
    pub fn write_collected(
        &mut self,
        name: &'static str,
        collected: Option<&prost_types::Struct>,
    ) -> Result<(), M::Error> {
        let (Selected::Named(mask) | Selected::Implied(mask)) = self.to.mask.select(name) else {
            return Ok(());
        };
        let nothing = prost_types::Struct::default();
        let collected = collected.unwrap_or(&nothing);
        let Self { map, to, fields } = self;
        let declared = fields
            .iter()
            .filter(|field| field.name != name)
            .find(|field| collected.fields.contains_key(field.json_name));
        to.property(name, mask, |at| match declared {
            Some(field) => Err(M::Error::custom(format_args!(
                "must not hold {:?}, which the field {} is for",
                field.json_name, field.name
            ))),
            None => write_keys(collected, map, &at),
        })
    }
}
