//! An API as a JSON client sees it, whichever way it was stated.

use std::collections::BTreeMap;
use std::fmt;

/// Everything that an API offers.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// The operations by their id, such as `getItem`.
    pub operations: BTreeMap<String, Operation>,
    /// The types by their name.
    pub types: BTreeMap<String, Type>,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Where it is stated.
    pub place: String,
    /// The HTTP method.
    pub method: String,
    /// The path, with its variables in snake case.
    pub path: String,
    /// The parameters in the query.
    pub query: BTreeMap<String, Property>,
    /// The request body.
    pub body: Body,
    /// The body of the reply, if there is one.
    pub reply: Option<Shape>,
}

/// A request body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    None,
    /// A JSON value.
    Json(Shape),
    /// A part of a multipart body, with its name.
    Upload(String),
}

/// What a JSON value is, as far as one level goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// What it is, or each element of it.
    pub kind: Kind,
    /// Whether it is a list.
    pub list: bool,
    /// Whether elements of the list may be null.
    pub null_elements: bool,
}

/// A JSON object.
#[derive(Debug, Clone)]
pub struct Type {
    /// Where it is stated.
    pub place: String,
    /// Its properties by their JSON name.
    pub properties: BTreeMap<String, Property>,
    /// Whether properties that it does not declare are kept.
    pub open: bool,
}

/// A property or a parameter.
#[derive(Debug, Clone)]
pub struct Property {
    /// Where it is stated.
    pub place: String,
    /// What its value is.
    pub shape: Shape,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether only the server sets it.
    pub read_only: bool,
    /// Whether it is only ever sent to the server.
    pub write_only: bool,
}

/// A kind of JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    String,
    /// A string that is an RFC 3339 instant.
    Timestamp,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// A boolean.
    Boolean,
    /// An object of any properties.
    FreeForm,
    /// Any value.
    Any,
    /// One of some strings, in the order in which they are stated.
    Enum(Vec<String>),
    /// An object of the named type.
    Object(String),
    /// Something that the other statement has no word for.
    Other(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("a string"),
            Self::Timestamp => f.write_str("an instant"),
            Self::Number => f.write_str("a number"),
            Self::Integer => f.write_str("an integer"),
            Self::Boolean => f.write_str("a boolean"),
            Self::FreeForm => f.write_str("a free-form object"),
            Self::Any => f.write_str("any value"),
            Self::Enum(values) => write!(f, "one of {}", values.join(", ")),
            Self::Object(name) => write!(f, "a {name}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.list, self.null_elements) {
            (false, _) => self.kind.fmt(f),
            (true, false) => write!(f, "a list, each {}", self.kind),
            (true, true) => write!(f, "a list, each {} or null", self.kind),
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Json(shape) => shape.fmt(f),
            Self::Upload(part) => write!(f, "an upload in the part {part:?}"),
        }
    }
}
