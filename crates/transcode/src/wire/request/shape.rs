//! The fields of the messages that a value can be, whether they have a layout of their
//! own or not.

use crate::layout::{
    FieldLayout, Holding, KeyLayout, MessageLayout, Signed, Unsigned, ValueLayout,
};
use crate::wire::output::WireType;

/// The fields of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Message(&'static MessageLayout),
    /// A transparent message, which has this field.
    Transparent(&'static FieldLayout),
    /// A wrapper, whose field has the number 1.
    Wrapper(&'static ValueLayout),
    /// The entry of a map: the key has the number 1 and the value the number 2.
    Entry(KeyLayout, ValueLayout),
}

/// The index of the key in the entry of a map.
pub(super) const KEY: u16 = 0;

/// The index of the value in the entry of a map.
pub(super) const VALUE: u16 = 1;

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownField {
    pub(super) holds: Holding,
    pub(super) value: ValueLayout,
}

impl From<&FieldLayout> for KnownField {
    fn from(field: &FieldLayout) -> Self {
        Self {
            holds: field.holds,
            value: field.value,
        }
    }
}

impl Shape {
    /// The shape of a value, if it is a message.
    pub(super) fn of(value: &ValueLayout) -> Option<Self> {
        Some(match value {
            ValueLayout::Message(layout) => Self::Message(layout()),
            ValueLayout::Transparent(field) => Self::Transparent(field()),
            ValueLayout::Wrapper(value) => Self::Wrapper(value),
            // Both are seconds and nanoseconds.
            ValueLayout::Timestamp | ValueLayout::Duration => Self::Message(&INSTANT),
            ValueLayout::FieldMask => Self::Message(&MASK),
            ValueLayout::Struct => Self::Message(&STRUCT),
            ValueLayout::Value => Self::Message(&FREE_FORM),
            ValueLayout::ListValue => Self::Message(&LIST),
            ValueLayout::Empty => Self::Message(MessageLayout::empty()),
            _ => return None,
        })
    }

    /// The index of the field with this number, and the field.
    #[inline]
    pub(super) fn find(&self, number: u32) -> Option<(u16, KnownField)> {
        let single = |holds, value| KnownField { holds, value };
        match self {
            Self::Message(layout) => {
                let (index, field) = layout.find_number(number)?;
                Some((index, field.into()))
            }
            Self::Transparent(field) => (field.number == number).then(|| (0, (*field).into())),
            Self::Wrapper(value) => (number == 1).then(|| (0, single(Holding::Implicit, **value))),
            Self::Entry(key, value) => match number {
                1 => Some((KEY, single(Holding::Implicit, (*key).into()))),
                2 => Some((VALUE, single(Holding::Optional, *value))),
                _ => None,
            },
        }
    }

    /// The field at this index.
    pub(super) fn field(&self, index: u16) -> Option<KnownField> {
        match self {
            Self::Message(layout) => layout.fields.get(usize::from(index)).map(KnownField::from),
            Self::Transparent(field) => Some((*field).into()),
            Self::Wrapper(_) | Self::Entry(..) => {
                self.find(u32::from(index) + 1).map(|found| found.1)
            }
        }
    }

    /// What the proto calls the field at this index.
    pub(super) fn name(&self, index: u16) -> &'static str {
        match self {
            Self::Message(layout) => layout.proto_name(index),
            Self::Transparent(field) => field.name,
            Self::Entry(..) if index == KEY => "key",
            Self::Wrapper(_) | Self::Entry(..) => "value",
        }
    }
}

/// The wire type of a value that is not packed.
pub(super) fn wire_type(value: &ValueLayout) -> WireType {
    match value {
        ValueLayout::Double
        | ValueLayout::Int64(Signed::Fixed)
        | ValueLayout::UInt64(Unsigned::Fixed) => WireType::I64,
        ValueLayout::Float
        | ValueLayout::Int32(Signed::Fixed)
        | ValueLayout::UInt32(Unsigned::Fixed) => WireType::I32,
        ValueLayout::Int32(_)
        | ValueLayout::Int64(_)
        | ValueLayout::UInt32(_)
        | ValueLayout::UInt64(_)
        | ValueLayout::Bool
        | ValueLayout::Enum(_) => WireType::Varint,
        _ => WireType::Len,
    }
}

const fn field(number: u32, name: &'static str, holds: Holding, value: ValueLayout) -> FieldLayout {
    FieldLayout::new(name, number, holds, value)
}

/// `google.protobuf.Timestamp` and `google.protobuf.Duration`.
static INSTANT: MessageLayout = {
    const FIELDS: &[FieldLayout] = &[
        field(
            1,
            "seconds",
            Holding::Implicit,
            ValueLayout::Int64(Signed::Varint),
        ),
        field(
            2,
            "nanos",
            Holding::Implicit,
            ValueLayout::Int32(Signed::Varint),
        ),
    ];
    MessageLayout::internal(FIELDS, &[0, 1])
};

/// `google.protobuf.FieldMask`.
static MASK: MessageLayout = {
    const FIELDS: &[FieldLayout] = &[field(
        1,
        "paths",
        Holding::Repeated { packed: false },
        ValueLayout::String,
    )];
    MessageLayout::internal(FIELDS, &[0])
};

/// `google.protobuf.Struct`.
static STRUCT: MessageLayout = {
    const FIELDS: &[FieldLayout] = &[field(
        1,
        "fields",
        Holding::Map(KeyLayout::String),
        ValueLayout::Value,
    )];
    MessageLayout::internal(FIELDS, &[0])
};

/// `google.protobuf.ListValue`.
static LIST: MessageLayout = {
    const FIELDS: &[FieldLayout] = &[field(
        1,
        "values",
        Holding::Repeated { packed: false },
        ValueLayout::Value,
    )];
    MessageLayout::internal(FIELDS, &[0])
};

/// `google.protobuf.Value`.
static FREE_FORM: MessageLayout = {
    const FIELDS: &[FieldLayout] = &[
        field(
            1,
            "null_value",
            Holding::Member(0),
            ValueLayout::Int32(Signed::Varint),
        ),
        field(2, "number_value", Holding::Member(0), ValueLayout::Double),
        field(3, "string_value", Holding::Member(0), ValueLayout::String),
        field(4, "bool_value", Holding::Member(0), ValueLayout::Bool),
        field(5, "struct_value", Holding::Member(0), ValueLayout::Struct),
        field(6, "list_value", Holding::Member(0), ValueLayout::ListValue),
    ];
    MessageLayout::internal(FIELDS, &[0, 1, 2, 3, 4, 5])
};
