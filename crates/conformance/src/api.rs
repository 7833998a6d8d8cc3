//! An API as a JSON client sees it, whichever way it was stated.
//!
//! Each reading of the API ends in an [`Api`]. What a statement has no word for
//! is `None` there and is compared among the others; what only it can say wrong
//! is one of its [`problems`](Api::problems). Nothing here compares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::aspects::STATEMENT;

use serde::Deserialize;
use serde_json::Value;

/// Everything that an API offers.
#[derive(Debug, Clone)]
pub struct Api {
    /// Which kind of statement it was read from.
    pub side: Side,
    /// What messages call it, such as `the protos`.
    pub name: String,
    /// The whole statement.
    pub place: Place,
    /// The operations by their id, such as `getItem`.
    pub operations: BTreeMap<String, Operation>,
    /// The types by their name: one for each use of a resource, so `Item`,
    /// `ItemPartial`, `ItemCreate` and `ItemUpdate`.
    pub types: BTreeMap<String, Type>,
    /// The path that all others are below, where it is stated.
    pub base_path: Option<String>,
    /// What no other statement could match.
    pub problems: Vec<Problem>,
    /// Whether it keeps the conventions of this project, which another API does not.
    pub keeps_conventions: bool,
}

impl Api {
    /// An API of nothing yet.
    pub(crate) fn new(side: Side, name: impl Into<String>, place: Place) -> Self {
        Self {
            side,
            name: name.into(),
            place,
            operations: BTreeMap::new(),
            types: BTreeMap::new(),
            base_path: None,
            problems: Vec::new(),
            keeps_conventions: true,
        }
    }

    pub(crate) fn problem(
        &mut self,
        subject: impl Into<String>,
        message: impl Into<String>,
        place: Place,
    ) {
        self.problems.push(Problem {
            subject: subject.into(),
            message: message.into(),
            place,
            is_convention: false,
            aspect: STATEMENT,
        });
    }

    /// Notes a problem with a fact that has a name of its own.
    pub(crate) fn problem_of(
        &mut self,
        aspect: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        place: Place,
    ) {
        self.problem(subject, message, place);
        if let Some(problem) = self.problems.last_mut() {
            problem.aspect = aspect;
        }
    }

    /// Notes what is against a convention of this project, and no problem elsewhere.
    pub(crate) fn convention(
        &mut self,
        subject: impl Into<String>,
        message: impl Into<String>,
        place: Place,
    ) {
        self.problem(subject, message, place);
        if let Some(problem) = self.problems.last_mut() {
            problem.is_convention = true;
        }
    }
}

/// A kind of statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The protos with their annotations.
    Protos,
    /// The Rust types and the catalogue of operations.
    Contract,
    /// An OpenAPI document.
    Document,
}

/// Something in a statement that the others have no way to say, or that
/// contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is about, named as in a difference.
    pub subject: String,
    /// What is wrong, as the end of a sentence about the subject.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Whether it is against a convention of this project alone.
    pub is_convention: bool,
    /// Which fact it is about.
    pub aspect: &'static str,
}

/// Where something is stated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a proto.
    Proto {
        /// The file, from the root of the repository.
        file: Arc<str>,
        /// The line, from 1, where the descriptors know it.
        line: Option<usize>,
    },
    /// In the contract: an operation, a type, or `Type.property`.
    Contract(String),
    /// In an OpenAPI document.
    Document {
        /// The name of the document.
        source: Arc<str>,
        /// The JSON pointer (RFC 6901).
        pointer: String,
    },
}

/// One operation.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Where it is stated.
    pub place: Place,
    /// The HTTP method.
    pub method: String,
    /// The path, with its variables in snake case.
    pub path: String,
    /// The status of a reply without an error. The protos imply it: 201 to a
    /// POST, 204 without a reply, else 200. Empty where it is not stated.
    pub status: String,
    /// The variables in the path by their name in snake case.
    pub path_parameters: BTreeMap<String, Property>,
    /// The parameters in the query.
    pub query: BTreeMap<String, Property>,
    /// The request body.
    pub body: Body,
    /// Whether there is no request without a body.
    pub body_required: bool,
    /// The body of the reply, if there is one.
    pub reply: Option<Shape>,
    /// Whether the reply says where the next page begins.
    pub paged: bool,
    /// The group that the operation belongs to: its service or its tag.
    pub group: String,
    /// Whether it is marked as deprecated.
    pub deprecated: bool,
    /// What only HTTP has a word for.
    pub http: Option<Http>,
}

/// The parts of an operation that the protos do not state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// The tag.
    pub tag: String,
    /// Whether a caller has to present an access token.
    pub authenticated: bool,
    /// The names of the headers of a reply without an error.
    pub headers: BTreeSet<String>,
    /// The content types of an uploaded file.
    pub content_types: String,
    /// The failures by their status, or `default`.
    pub failures: BTreeMap<String, Failure>,
}

/// How a call can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The body of the reply.
    pub body: Shape,
    /// The names of its headers.
    pub headers: BTreeSet<String>,
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
    /// Something that the other statements have no word for.
    Other(String),
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
    /// Whether null may stand for it, where that is stated.
    pub nullable: Option<bool>,
    /// Everything else that a schema says, by keyword. The protos have no word
    /// for these.
    pub rules: Option<Rules>,
}

/// Keywords of a schema, and what they say.
pub type Rules = BTreeMap<String, Value>;

impl Shape {
    /// One value of a kind that is always there.
    pub(crate) fn one(kind: Kind) -> Self {
        Self {
            kind,
            list: false,
            null_elements: false,
            nullable: Some(false),
            rules: None,
        }
    }

    /// Returns whether both are the same in JSON, whatever their values.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.list == other.list
            && self.null_elements == other.null_elements
            && self.kind.is_like(&other.kind)
    }
}

/// A JSON object.
#[derive(Debug, Clone)]
pub struct Type {
    /// Where it is stated.
    pub place: Place,
    /// The resource that it is a view of, where that is known.
    pub view_of: Option<String>,
    /// Whether its name is part of the statement. That of a request message is
    /// not.
    pub named: bool,
    /// Whether it is what a PATCH changes, so that nothing in it has to be given.
    pub is_patch: bool,
    /// Its properties by their JSON name.
    pub properties: BTreeMap<String, Property>,
    /// What happens to properties that it does not declare.
    pub undeclared: Undeclared,
    /// Whether it is marked as deprecated.
    pub deprecated: bool,
    /// Everything else that its schema says.
    pub rules: Option<Rules>,
}

/// What happens to properties that an object does not declare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeclared {
    /// They are an error, as in requests.
    Rejected,
    /// They are skipped, as in replies.
    Ignored,
    /// They are part of the value.
    Kept,
}

/// A property or a parameter.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a keyword of its own in the statements"
)]
pub struct Property {
    /// Where it is stated.
    pub place: Place,
    /// What its value is.
    pub shape: Shape,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether only the server sets it.
    pub read_only: bool,
    /// Whether it is only ever sent to the server.
    pub write_only: bool,
    /// Whether it is marked as deprecated.
    pub deprecated: bool,
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
    /// A whole number of 32 bits with a sign.
    Integer,
    /// A whole number of more than that.
    LongInteger,
    /// A whole number of a size that is not stated.
    AnyInteger,
    /// A string that is bytes in base64.
    Bytes,
    /// A boolean.
    Boolean,
    /// An object of any properties.
    FreeForm,
    /// Any value.
    Any,
    /// One of some strings.
    Enum {
        /// The name, unless the values stand where they are used.
        name: Option<String>,
        /// The strings in the order in which they are stated.
        values: Vec<String>,
    },
    /// An object of any properties whose values are alike.
    Map(Box<Shape>),
    /// An object of the named type.
    Object(String),
    /// Something that the other statements have no word for.
    Other(String),
}

impl Kind {
    /// Returns whether both are the same type of JSON value. Which strings, and
    /// which object, is another question.
    fn is_like(&self, other: &Self) -> bool {
        let is_text = |kind: &Self| matches!(kind, Self::String | Self::Enum { .. });
        match (self, other) {
            (Self::Object(_), Self::Object(_)) => true,
            (Self::Map(one), Self::Map(other)) => one.is_like(other),
            (one, other) if is_text(one) && is_text(other) => true,
            (Self::AnyInteger, other) | (other, Self::AnyInteger) => other.is_integer(),
            (one, other) => one == other,
        }
    }

    fn is_integer(&self) -> bool {
        matches!(self, Self::Integer | Self::LongInteger | Self::AnyInteger)
    }

    /// The values that a string can have, where they are listed.
    pub(crate) fn values(&self) -> Option<&[String]> {
        match self {
            Self::Enum { values, .. } => Some(values),
            _ => None,
        }
    }

    /// The name of an enum.
    pub(crate) fn enum_name(&self) -> Option<&str> {
        match self {
            Self::Enum { name, .. } => name.as_deref(),
            _ => None,
        }
    }
}

impl Place {
    /// Which kind of statement it is in.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::Proto { .. } => Side::Protos,
            Self::Contract(_) => Side::Contract,
            Self::Document { .. } => Side::Document,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proto { file, line: None } => f.write_str(file),
            Self::Proto {
                file,
                line: Some(line),
            } => write!(f, "{file}:{line}"),
            Self::Contract(what) => write!(f, "{what} of the contract"),
            Self::Document { source, pointer } => write!(f, "{source}#{pointer}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String | Self::Enum { .. } => f.write_str("a string"),
            Self::Timestamp => f.write_str("an instant"),
            Self::Number => f.write_str("a number"),
            Self::Integer => f.write_str("an integer of 32 bits"),
            Self::LongInteger => f.write_str("an integer of more than 32 bits"),
            Self::AnyInteger => f.write_str("an integer"),
            Self::Bytes => f.write_str("bytes in base64"),
            Self::Boolean => f.write_str("a boolean"),
            Self::FreeForm => f.write_str("a free-form object"),
            Self::Any => f.write_str("any value"),
            Self::Map(value) => write!(f, "a map, each value {value}"),
            Self::Object(name) => write!(f, "an object ({name})"),
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.body.fmt(f)?;
        for header in &self.headers {
            write!(f, " and {header}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing"),
            Self::Json(shape) => shape.fmt(f),
            Self::Upload(part) => write!(f, "an upload in the part {part:?}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Undeclared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejected => "an error",
            Self::Ignored => "skipped",
            Self::Kept => "kept",
        })
    }
}
