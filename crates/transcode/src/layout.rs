//! How messages lie on the wire: the static descriptions that transcode-build
//! generates, one for each message and one for each rpc.
//!
//! Fields are named by their indexes in the layouts of their messages; a way is the
//! indexes that lead from a message to a field.

mod key;
mod tag;

pub use transcode_core::names::NameTable;

pub(crate) use tag::Tag;

use transcode_core::names::places;

use self::key::Key;
use crate::mask::Field;

/// How a message is laid out.
#[derive(Debug)]
pub struct MessageLayout {
    /// The fields: first those in `declared`, in the same order, then those that are
    /// filled from a header.
    pub fields: &'static [FieldLayout],
    /// What a field mask can name.
    pub declared: &'static [Field],
    /// Where to find the properties by name.
    pub names: NameTable,
    /// Where to find the fields by number.
    pub numbers: NumberTable,
    /// The index of the `google.protobuf.Struct` field that collects the
    /// properties which no other field declares, if there is one.
    pub collector: Option<u16>,
}

impl MessageLayout {
    /// The layout of `google.protobuf.Empty`, which has no fields.
    #[must_use]
    pub fn empty() -> &'static Self {
        static EMPTY: MessageLayout = MessageLayout::internal(&[], &[]);
        &EMPTY
    }

    /// The layout of a message that is no JSON object.
    pub(crate) const fn internal(fields: &'static [FieldLayout], numbers: &'static [u16]) -> Self {
        Self {
            fields,
            declared: &[],
            names: NameTable(&[]),
            numbers: NumberTable(numbers),
            collector: None,
        }
    }

    /// The index of the field with this number, and the field.
    #[inline]
    pub(crate) fn find_number(&self, number: u32) -> Option<(u16, &'static FieldLayout)> {
        let indexes = self.numbers.0;
        let field = |index: u16| self.fields.get(usize::from(index));
        // Most messages number their fields from one on, without a gap.
        let guess = usize::try_from(number).ok()?.wrapping_sub(1);
        if let Some(&index) = indexes.get(guess)
            && let Some(found) = field(index)
            && found.number == number
        {
            return Some((index, found));
        }
        let number_of = |index: &u16| field(*index).map_or(0, |field| field.number);
        let place = indexes.binary_search_by_key(&number, number_of).ok()?;
        let index = *indexes.get(place)?;
        Some((index, field(index)?))
    }

    /// The field that collects what is not declared, if there is one.
    pub(crate) fn collector(&self) -> Option<&'static FieldLayout> {
        self.fields.get(usize::from(self.collector?))
    }

    /// What the proto calls the field at this index.
    pub(crate) fn proto_name(&self, index: u16) -> &'static str {
        let index = usize::from(index);
        let declared = self.declared.get(index).map(|field| field.name);
        let field = self.fields.get(index).map(|field| field.name);
        declared.or(field).unwrap_or_default()
    }
}

/// Where to find fields by their numbers: the indexes of the fields, in the order of
/// their numbers.
#[derive(Debug)]
pub struct NumberTable(pub &'static [u16]);

/// How a field is laid out.
#[derive(Debug)]
pub struct FieldLayout {
    /// The name of the JSON property.
    pub name: &'static str,
    /// The number of the field.
    pub number: u32,
    /// How it holds its values.
    pub holds: Holding,
    /// Its value, or one of its values.
    pub value: ValueLayout,
    /// What the property begins with in JSON.
    key: Key,
    /// What the field begins with in protobuf.
    pub(crate) tag: Tag,
    /// How it is read where most of a reply is read at once.
    pub(crate) plain: Plain,
}

impl FieldLayout {
    /// The layout of a field: the name of its JSON property, its number, how it holds its
    /// values, and one of them.
    #[must_use]
    pub const fn new(name: &'static str, number: u32, holds: Holding, value: ValueLayout) -> Self {
        Self {
            name,
            number,
            holds,
            value,
            key: Key::new(name),
            tag: Tag::new(number, wire_type(&value)),
            plain: Plain::of(number, holds, &value),
        }
    }
}

/// How a field is read where most of a reply is read at once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Plain {
    /// One string.
    String,
    /// One boolean.
    Bool,
    /// One `google.protobuf.Timestamp`.
    Timestamp,
    /// One value of this enum.
    Enum(&'static EnumLayout),
    /// One value of another kind.
    One,
    /// Objects and lists, and values that others exclude.
    More,
}

impl Plain {
    const fn of(number: u32, holds: Holding, value: &ValueLayout) -> Self {
        match (holds, value) {
            _ if number > Tag::LARGEST => Self::More,
            (Holding::Member(_) | Holding::Repeated { .. } | Holding::Map(_), _)
            | (_, ValueLayout::Message(_) | ValueLayout::Struct) => Self::More,
            (_, ValueLayout::String) => Self::String,
            (_, ValueLayout::Bool) => Self::Bool,
            (_, ValueLayout::Timestamp) => Self::Timestamp,
            (_, ValueLayout::Enum(layout)) => Self::Enum(layout),
            _ => Self::One,
        }
    }
}

/// The wire type of a value that is a string, a boolean or of an enum.
const fn wire_type(value: &ValueLayout) -> u32 {
    match value {
        ValueLayout::Bool | ValueLayout::Enum(_) => Tag::VARINT,
        _ => Tag::LEN,
    }
}

/// How a field holds its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// One value, of which it is known whether it is there.
    Optional,
    /// One value. The default one is not written.
    Implicit,
    /// One value, unless another field of the oneof with this index has one.
    Member(u8),
    /// A list of values.
    Repeated {
        /// Whether they lie behind one another without tags.
        packed: bool,
    },
    /// Values with keys.
    Map(KeyLayout),
}

/// How the key of a map is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLayout {
    /// `string`.
    String,
    /// `bool`.
    Bool,
    /// `int32`, `sint32` or `sfixed32`.
    Int32(Signed),
    /// `int64`, `sint64` or `sfixed64`.
    Int64(Signed),
    /// `uint32` or `fixed32`.
    UInt32(Unsigned),
    /// `uint64` or `fixed64`.
    UInt64(Unsigned),
}

/// How a signed integer is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// `int32` and `int64`.
    Varint,
    /// `sint32` and `sint64`.
    ZigZag,
    /// `sfixed32` and `sfixed64`.
    Fixed,
}

/// How an unsigned integer is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsigned {
    /// `uint32` and `uint64`.
    Varint,
    /// `fixed32` and `fixed64`.
    Fixed,
}

/// How a value is laid out, and which JSON it is made of.
#[derive(Debug, Clone, Copy)]
pub enum ValueLayout {
    /// `double`.
    Double,
    /// `float`.
    Float,
    /// `int32`, `sint32` or `sfixed32`.
    Int32(Signed),
    /// `int64`, `sint64` or `sfixed64`.
    Int64(Signed),
    /// `uint32` or `fixed32`.
    UInt32(Unsigned),
    /// `uint64` or `fixed64`.
    UInt64(Unsigned),
    /// `bool`.
    Bool,
    /// `string`.
    String,
    /// `bytes`.
    Bytes,
    /// An enum.
    Enum(&'static EnumLayout),
    /// A message.
    Message(fn() -> &'static MessageLayout),
    /// A message that is written in JSON as the value of this one field.
    Transparent(fn() -> &'static FieldLayout),
    /// A message of `google/protobuf/wrappers.proto` around this scalar.
    Wrapper(&'static ValueLayout),
    /// `google.protobuf.Timestamp`.
    Timestamp,
    /// `google.protobuf.Duration`.
    Duration,
    /// `google.protobuf.FieldMask`.
    FieldMask,
    /// `google.protobuf.Struct`.
    Struct,
    /// `google.protobuf.Value`.
    Value,
    /// `google.protobuf.ListValue`.
    ListValue,
    /// `google.protobuf.Empty`.
    Empty,
}

/// How the values of an enum are spelled in JSON.
#[derive(Debug)]
pub struct EnumLayout {
    /// The number of the value that is spelled so.
    pub number: fn(&str) -> Option<i32>,
    /// The spelling of a value; `None` for zero and for numbers that the enum does
    /// not declare.
    pub spelling: fn(i32) -> Option<&'static str>,
}

impl From<KeyLayout> for ValueLayout {
    fn from(key: KeyLayout) -> Self {
        match key {
            KeyLayout::String => Self::String,
            KeyLayout::Bool => Self::Bool,
            KeyLayout::Int32(how) => Self::Int32(how),
            KeyLayout::Int64(how) => Self::Int64(how),
            KeyLayout::UInt32(how) => Self::UInt32(how),
            KeyLayout::UInt64(how) => Self::UInt64(how),
        }
    }
}

impl ValueLayout {
    /// Returns whether null is a value of this kind rather than the absence of one.
    pub(crate) fn is_nullable(&self) -> bool {
        matches!(self, Self::Value | Self::Transparent(_))
    }

    /// What is expected in JSON, with its article.
    pub(crate) fn expected(&self) -> &'static str {
        match self {
            Self::Double => "a number",
            Self::Float => "a 32-bit float",
            Self::Int32(_) => "a 32-bit integer",
            Self::Int64(_) => "a 64-bit integer",
            Self::UInt32(_) => "an unsigned 32-bit integer",
            Self::UInt64(_) => "an unsigned 64-bit integer",
            Self::Bool => "a boolean",
            Self::String | Self::Bytes | Self::Enum(_) | Self::FieldMask => "a string",
            Self::Message(_) | Self::Struct | Self::Empty => "an object",
            Self::Transparent(field) => field().value.expected(),
            Self::Wrapper(value) => value.expected(),
            Self::Timestamp => "an RFC 3339 instant",
            Self::Duration => "a duration in seconds, such as \"1.5s\"",
            Self::Value => "a value",
            Self::ListValue => "a list",
        }
    }
}

impl MessageLayout {
    /// The index of the field with this property name, and the field.
    #[inline]
    pub(crate) fn find(&self, name: &[u8]) -> Option<(usize, &'static FieldLayout)> {
        let indexes = self.names.0;
        for place in places(name, indexes.len()) {
            // An empty place is the index of no field.
            let index = usize::from(*indexes.get(place)?);
            let field = self.fields.get(index)?;
            if is_same(field.name.as_bytes(), name) {
                return Some((index, field));
            }
        }
        None
    }

    /// The index of the field whose property name and colon `text` begins with, if it is
    /// one of the two that are declared from this index on, the field, and how long the name
    /// and the colon are.
    ///
    /// Most APIs write properties in the order in which they document them, and leave
    /// some out.
    #[inline]
    pub(crate) fn guess(
        &self,
        from: usize,
        text: &[u8],
    ) -> Option<(usize, &'static FieldLayout, usize)> {
        // What is behind them is filled from headers.
        let properties = self.fields.get(..self.declared.len())?;
        for index in [from, from + 1] {
            let field = properties.get(index)?;
            if field.key.begins(text) && self.collector.map(usize::from) != Some(index) {
                return Some((index, field, field.key.length));
            }
        }
        None
    }
}

/// Returns whether two names are equal. Most are short, so that a call costs more than
/// the comparison.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        return other.first_chunk() == Some(first)
            && other.last_chunk() == Some(last)
            && (one.len() <= 16 || one == other);
    }
    if let (Some(first), Some(last)) = (one.first_chunk::<4>(), one.last_chunk::<4>()) {
        return other.first_chunk() == Some(first) && other.last_chunk() == Some(last);
    }
    one.iter().eq(other)
}

/// A field that is filled from the `Link` header of a reply.
#[derive(Debug)]
pub struct LinkLayout {
    /// The query parameter of the next page.
    pub parameter: &'static str,
    /// The number of the field.
    pub number: u32,
    /// How it holds the parameter.
    pub value: KeyLayout,
    /// Whether it is known if it is there. Otherwise the default value says that
    /// there is no next page.
    pub has_presence: bool,
}

/// How the reply of an rpc is laid out.
#[derive(Debug)]
pub struct ReplyLayout {
    /// What the body is read as.
    pub body: Root,
    /// The fields that are filled from a header.
    pub links: &'static [LinkLayout],
}

/// What a text is read as.
#[derive(Debug, Clone, Copy)]
pub enum Root {
    /// The message itself.
    Message(fn() -> &'static MessageLayout),
    /// This field of the message, which has no other.
    Field(&'static FieldLayout),
    /// Nothing: it has to be JSON, if there is anything.
    Nothing,
}

/// How a message becomes a request.
#[derive(Debug)]
pub struct RequestLayout {
    /// The message.
    pub message: fn() -> &'static MessageLayout,
    /// The variables of the path, in its order.
    pub variables: &'static [VariableLayout],
    /// The parameters of the query, in its order.
    pub parameters: &'static [ParameterLayout],
    /// The body.
    pub body: BodyLayout,
}

/// A field that the path binds.
#[derive(Debug)]
pub struct VariableLayout {
    /// Its path in the names of the proto, as the template writes it.
    pub field: &'static str,
    /// The way to it.
    pub way: &'static [u16],
}

/// A field that is sent in the query.
#[derive(Debug)]
pub enum ParameterLayout {
    /// The field is a parameter, or, if it is a list, each of its elements.
    Value {
        /// The index of the field in its message.
        index: u16,
        /// Its path in the names of the proto.
        field: &'static str,
        /// The name of the parameter.
        name: &'static str,
    },
    /// Fields of the message in this field are parameters.
    Within {
        /// The index of the field in its message.
        index: u16,
        /// The parameters.
        parameters: &'static [ParameterLayout],
    },
}

/// What the body of a request is made of.
#[derive(Debug)]
pub enum BodyLayout {
    /// There is no body.
    Nothing,
    /// The message itself.
    Request {
        /// What of it is not part of the body.
        cleared: &'static [Cleared],
        /// The field mask that selects what is sent.
        mask: Option<MaskLayout>,
    },
    /// This field of the message.
    Field {
        /// Its index.
        index: u16,
        /// Its name in the proto.
        name: &'static str,
        /// The field mask that selects what is sent. It applies to the field.
        mask: Option<MaskLayout>,
    },
}

/// A field mask of an update.
#[derive(Debug)]
pub struct MaskLayout {
    /// The index of the field that holds it.
    pub index: u16,
    /// The paths of the fields that are not part of the body, in the names of the
    /// proto.
    pub except: &'static [&'static str],
}

/// A field that is not part of the body.
#[derive(Debug)]
pub struct Cleared {
    /// Its index in its message.
    pub index: u16,
    /// The fields of its message that are meant; if there are none, the field itself.
    pub below: &'static [Cleared],
}

/// How the messages of an upload are laid out: each is a header or content.
#[derive(Debug)]
pub struct UploadLayout {
    /// The name of the form-data part that carries the content.
    pub part: &'static str,
    /// The index of the field with the header.
    pub header: u16,
    /// The index of the field with content.
    pub content: u16,
    /// The way to what the header calls the file.
    pub file_name: &'static [u16],
    /// The way to what the header says of the content's type.
    pub content_type: &'static [u16],
    /// The same way in the names of the proto.
    pub content_type_field: &'static str,
}
