//! What an operation is.
//!
//! An operation is a type that implements [`Operation`]: its place in HTTP, and
//! the types of its parameters, its body and its reply. Servers mount it,
//! OpenAPI and the agreement tests read it. Nothing here serves a request.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::{
    access::Access,
    error::{Code, FieldViolation},
    parameters::Select,
    permission::Permission,
    schema::{Described, Mark, SchemaDocument, Views},
    validate::{Violations, deserialize, read_json},
};

/// The path under which every operation stands. [`Operation::PATH`] is
/// relative to it.
pub const BASE_PATH: &str = "/v2";

/// One operation of the API.
pub trait Operation: 'static {
    /// The `operationId`, unique in the API, and the name of the recorded
    /// exchange.
    const ID: &'static str;
    /// The method.
    const METHOD: Method;
    /// The path below [`BASE_PATH`], with variables as in `/users/{user_id}`.
    const PATH: &'static str;
    /// The status of a reply without an error.
    const STATUS: StatusCode;
    /// What the operation is about.
    const TAG: Tag;
    /// Who may call it.
    const PERMISSION: Permission;
    /// What it does, in a few words without a full stop.
    const SUMMARY: &'static str;
    /// What a caller has to know about it, in Markdown.
    const DESCRIPTION: &'static str;
    /// The errors that are particular to the operation, each with the
    /// condition under which it occurs. Those that follow from its shape
    /// (malformed parameters or body, a missing token) are not listed.
    const ERRORS: &'static [(Code, &'static str)] = &[];
    /// What the `examples` of the request body are in the documentation, as JSON. Without
    /// them the recorded body is the one example.
    const EXAMPLES: Option<&'static str> = None;

    /// Whether a caller has to present an access token.
    type Access: Access;
    /// The variables in the path.
    type Path: Described;
    /// The parameters in the query.
    type Query: Described;
    /// The request body.
    type Body: Body;
    /// The reply.
    type Reply: Reply;
}

/// A group of operations in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name of the group.
    pub name: &'static str,
    /// What the group is about, in Markdown.
    pub description: &'static str,
}

/// What a request carries: [`NoBody`], [`Json`], [`Create`], [`Update`] or
/// [`Upload`].
pub trait Body: Sized + Send + 'static {
    /// The shape of the body.
    const INFO: BodyInfo;

    /// Reads the body. `bytes` are those of the request, or of the part that
    /// an upload is about.
    ///
    /// # Errors
    ///
    /// Everything in the body that its schema rejects.
    fn parse(bytes: Bytes) -> Result<Self, Violations>;
}

/// Nothing. What is sent all the same is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoBody;

impl Body for NoBody {
    const INFO: BodyInfo = BodyInfo::None;

    fn parse(_: Bytes) -> Result<Self, Violations> {
        Ok(Self)
    }
}

/// A JSON value that is not a resource, as its type describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<T>(pub T);

impl<T: Described> Body for Json<T> {
    const INFO: BodyInfo = BodyInfo::Json(TypeInfo::of::<T>());

    fn parse(bytes: Bytes) -> Result<Self, Violations> {
        let value = read_json(&bytes)?;
        T::views().read.validate(&value)?;
        deserialize(value).map(Self)
    }
}

/// A new resource. Its read-only properties are unset, whatever was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Create<T>(pub T);

impl<T: Described> Body for Create<T> {
    const INFO: BodyInfo = BodyInfo::Create(TypeInfo::of::<T>());

    fn parse(bytes: Bytes) -> Result<Self, Violations> {
        let mut value = read_json(&bytes)?;
        let document = &T::views().create;
        document.validate(&value)?;
        document.remove(Mark::ReadOnly, &mut value);
        deserialize(value).map(Self)
    }
}

/// Changes to a resource: a merge patch (RFC 7396) that is valid by the update
/// view of `T`, without read-only properties.
#[derive(Clone)]
pub struct Update<T> {
    patch: Map<String, Value>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: Described> Update<T> {
    /// Returns the resource with the changes made. Read-only properties stay as
    /// they are, and so does what was not valid before and is not changed: it may
    /// have been kept before there was a rule.
    ///
    /// # Errors
    ///
    /// - [`ApplyError::Invalid`]: the result is not a whole resource, although
    ///   the patch by itself was in order. It sets part of an object that was not
    ///   there before and leaves out what that object requires.
    /// - [`ApplyError::Unreadable`]: the result cannot be read as the resource,
    ///   and that is no fault of the patch.
    pub fn apply(&self, to: &T) -> Result<T, ApplyError> {
        let schema = &T::views().create;
        let before = serde_json::to_value(to).map_err(ApplyError::Unwritable)?;
        let mut after = before.clone();
        merge(&mut after, &self.patch);
        if let Err(violations) = schema.validate(&after) {
            let old = schema.validate(&before).err();
            let was_there = |violation: &FieldViolation| {
                old.as_ref()
                    .is_some_and(|old| old.as_slice().contains(violation))
            };
            let (_, new): (Vec<_>, Vec<_>) = violations.into_vec().into_iter().partition(was_there);
            Violations::check(new).map_err(ApplyError::Invalid)?;
        }
        deserialize(after).map_err(ApplyError::Unreadable)
    }

    /// The patch itself.
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.patch
    }

    /// Returns whether the patch sets or clears a property of the resource.
    pub fn contains(&self, property: &str) -> bool {
        self.patch.contains_key(property)
    }
}

/// Why an [`Update`] cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The patch makes something of the resource that is not valid.
    #[error(transparent)]
    Invalid(Violations),
    /// The result cannot be read, although the patch left it whole.
    #[error("the resource to change cannot be read: {0}")]
    Unreadable(Violations),
    /// The resource has no JSON form, which is a defect of its type.
    #[error("the resource to change has no JSON form")]
    Unwritable(#[source] serde_json::Error),
}

impl<T> fmt::Debug for Update<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values may hold a password.
        f.debug_tuple("Update")
            .field(&self.patch.keys().collect::<Vec<_>>())
            .finish()
    }
}

impl<T: Described> Body for Update<T> {
    const INFO: BodyInfo = BodyInfo::Update(TypeInfo::of::<T>());

    fn parse(bytes: Bytes) -> Result<Self, Violations> {
        let mut value = read_json(&bytes)?;
        let document = &T::views().update;
        document.validate(&value)?;
        document.remove(Mark::ReadOnly, &mut value);
        deserialize(value).map(|patch| Self {
            patch,
            of: std::marker::PhantomData,
        })
    }
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Map<String, Value>) {
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else {
        return;
    };
    for (name, change) in patch {
        match change {
            Value::Null => {
                members.shift_remove(name);
            }
            Value::Object(change) => merge(members.entry(name).or_insert(Value::Null), change),
            _ => {
                members.insert(name.clone(), change.clone());
            }
        }
    }
}

/// An image, sent as a part of a `multipart/form-data` body (RFC 7578).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload(pub Bytes);

impl Upload {
    /// The name of the part.
    pub const PART: &'static str = "file";
    /// The content types that the part may have.
    pub const CONTENT_TYPES: &'static [&'static str] =
        &["image/png", "image/jpeg", "image/gif", "image/webp"];
}

impl Body for Upload {
    const INFO: BodyInfo = BodyInfo::Upload { part: Self::PART };

    fn parse(bytes: Bytes) -> Result<Self, Violations> {
        if bytes.is_empty() {
            return Err(Violations::one(Self::PART, "must not be empty"));
        }
        Ok(Self(bytes))
    }
}

/// What a call without an error is answered with: a resource, [`NoContent`],
/// [`List`] or [`Created`].
pub trait Reply: Sized + Send + 'static {
    /// The shape of the reply.
    const INFO: ReplyInfo;

    /// The reply in terms of HTTP.
    ///
    /// # Errors
    ///
    /// The value has no JSON form, which is a defect of its type.
    fn into_parts(self) -> serde_json::Result<ReplyParts>;
}

/// A [`Reply`], ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyParts {
    /// The JSON body. Without one the reply has no body at all.
    pub body: Option<Vec<u8>>,
    /// The value of `Location`: a path below [`BASE_PATH`].
    pub location: Option<String>,
    /// The `offset` of the next page, for a `Link` header with `rel="next"`.
    pub next_offset: Option<u32>,
}

/// A type that is a reply by itself. Implemented together with
/// [`Described`] for the resources.
pub trait Resource: Described {}

impl<R: Resource> Reply for R {
    const INFO: ReplyInfo = ReplyInfo {
        body: ReplyBody::One(TypeInfo::of::<R>()),
        has_location: false,
    };

    fn into_parts(self) -> serde_json::Result<ReplyParts> {
        Ok(ReplyParts {
            body: Some(serde_json::to_vec(&self)?),
            ..ReplyParts::default()
        })
    }
}

/// A reply without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoContent;

impl Reply for NoContent {
    const INFO: ReplyInfo = ReplyInfo {
        body: ReplyBody::None,
        has_location: false,
    };

    fn into_parts(self) -> serde_json::Result<ReplyParts> {
        Ok(ReplyParts::default())
    }
}

/// A list of resources, or one page of it.
#[derive(Clone, Debug, PartialEq)]
pub struct List<R> {
    /// The resources.
    pub items: Vec<R>,
    /// Where the next page begins, unless this is the last one.
    pub next_offset: Option<u32>,
    /// The properties to send; all of them without a selection.
    pub select: Option<Select<R>>,
}

impl<R: Described> Reply for List<R> {
    const INFO: ReplyInfo = ReplyInfo {
        body: ReplyBody::List(TypeInfo::of::<R>()),
        has_location: false,
    };

    fn into_parts(self) -> serde_json::Result<ReplyParts> {
        let body = match &self.select {
            None => serde_json::to_vec(&self.items)?,
            Some(select) => {
                let mut items = serde_json::to_value(&self.items)?;
                for item in items.as_array_mut().into_iter().flatten() {
                    if let Some(members) = item.as_object_mut() {
                        members.retain(|name, _| select.contains(name));
                    }
                }
                serde_json::to_vec(&items)?
            }
        };
        Ok(ReplyParts {
            body: Some(body),
            location: None,
            next_offset: self.next_offset,
        })
    }
}

/// A reply that names the place of what was created.
#[derive(Clone, Debug, PartialEq)]
pub struct Created<R> {
    /// The path of the new resource below [`BASE_PATH`].
    pub location: String,
    /// What was created.
    pub reply: R,
}

impl<R: Reply> Reply for Created<R> {
    const INFO: ReplyInfo = ReplyInfo {
        body: R::INFO.body,
        has_location: true,
    };

    fn into_parts(self) -> serde_json::Result<ReplyParts> {
        Ok(ReplyParts {
            location: Some(self.location),
            ..self.reply.into_parts()?
        })
    }
}

/// An [`Operation`] as a value, for everything that treats all of them alike.
#[derive(Clone, Debug)]
pub struct OperationInfo {
    /// [`Operation::ID`]
    pub id: &'static str,
    /// [`Operation::METHOD`]
    pub method: Method,
    /// [`Operation::PATH`]
    pub path: &'static str,
    /// [`Operation::STATUS`]
    pub status: StatusCode,
    /// [`Operation::TAG`]
    pub tag: Tag,
    /// [`Operation::PERMISSION`]
    pub permission: Permission,
    /// [`Operation::SUMMARY`]
    pub summary: &'static str,
    /// [`Operation::DESCRIPTION`]
    pub description: &'static str,
    /// [`Access::AUTHENTICATED`] of [`Operation::Access`]
    pub authenticated: bool,
    /// [`Operation::ERRORS`]
    pub errors: &'static [(Code, &'static str)],
    /// [`Operation::EXAMPLES`]
    pub examples: Option<&'static str>,
    /// The variables in the path: the properties of this type.
    pub path_parameters: TypeInfo,
    /// The parameters in the query: the properties of this type.
    pub query_parameters: TypeInfo,
    /// The request body.
    pub body: BodyInfo,
    /// The reply.
    pub reply: ReplyInfo,
    /// The recorded exchange as JSON text.
    pub(crate) recorded: &'static str,
    check_body: fn(Bytes) -> Result<(), Violations>,
}

impl OperationInfo {
    /// The operation `O` as a value, with its recorded exchange.
    pub(crate) const fn of<O: Operation>(recorded: &'static str) -> Self {
        Self {
            id: O::ID,
            method: O::METHOD,
            path: O::PATH,
            status: O::STATUS,
            tag: O::TAG,
            permission: O::PERMISSION,
            summary: O::SUMMARY,
            description: O::DESCRIPTION,
            authenticated: O::Access::AUTHENTICATED,
            errors: O::ERRORS,
            examples: O::EXAMPLES,
            path_parameters: TypeInfo::of::<O::Path>(),
            query_parameters: TypeInfo::of::<O::Query>(),
            body: O::Body::INFO,
            reply: O::Reply::INFO,
            recorded,
            check_body: |bytes| O::Body::parse(bytes).map(drop),
        }
    }

    /// Checks a request body as [`Body::parse`] does.
    ///
    /// # Errors
    ///
    /// Everything in the body that its schema rejects.
    pub fn check_body(&self, bytes: Bytes) -> Result<(), Violations> {
        (self.check_body)(bytes)
    }
}

/// The shape of a request body.
#[derive(Clone, Copy, Debug)]
pub enum BodyInfo {
    /// No body.
    None,
    /// A plain JSON value: the read view of the type.
    Json(TypeInfo),
    /// A new resource: the create view of the type.
    Create(TypeInfo),
    /// A merge patch: the update view of the type.
    Update(TypeInfo),
    /// A file as a part of a multipart body.
    Upload {
        /// The name of the part.
        part: &'static str,
    },
}

impl BodyInfo {
    /// The schema of a JSON body.
    pub fn document(&self) -> Option<&'static SchemaDocument> {
        match self {
            Self::None | Self::Upload { .. } => None,
            Self::Json(of) => Some(&of.views().read),
            Self::Create(of) => Some(&of.views().create),
            Self::Update(of) => Some(&of.views().update),
        }
    }

    /// A body without the properties that only the server sets. They are ignored where they
    /// are sent all the same.
    #[must_use]
    pub fn without_read_only(&self, mut body: Value) -> Value {
        if let Some(document) = self.document() {
            document.remove(Mark::ReadOnly, &mut body);
        }
        body
    }
}

/// The shape of a reply without an error.
#[derive(Clone, Copy, Debug)]
pub struct ReplyInfo {
    /// The body.
    pub body: ReplyBody,
    /// Whether a `Location` header names what was created.
    pub has_location: bool,
}

/// The body of a reply.
#[derive(Clone, Copy, Debug)]
pub enum ReplyBody {
    /// No body.
    None,
    /// One value.
    One(TypeInfo),
    /// An array; a `Link` header names the next page, if there is one.
    List(TypeInfo),
}

impl ReplyBody {
    /// The schema of the body, or of its elements.
    pub fn document(&self) -> Option<&'static SchemaDocument> {
        match self {
            Self::None => None,
            Self::One(of) => Some(&of.views().read),
            // `select` can leave out anything.
            Self::List(of) => Some(&of.views().partial),
        }
    }

    /// The type of the body, or of its elements.
    pub fn of(&self) -> Option<TypeInfo> {
        match self {
            Self::None => None,
            Self::One(of) | Self::List(of) => Some(*of),
        }
    }
}

/// A type of the contract as a value.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    name: fn() -> Cow<'static, str>,
    views: fn() -> &'static Views,
    reread: fn(Value) -> Result<Value, Violations>,
}

impl TypeInfo {
    /// The type `T` as a value.
    pub const fn of<T: Described>() -> Self {
        Self {
            name: T::schema_name,
            views: T::views,
            reread: |value| {
                let value: T = deserialize(value)?;
                serde_json::to_value(value)
                    .map_err(|error| Violations::one("", format!("cannot be written: {error}")))
            },
        }
    }

    /// The name under which the type is published.
    pub fn name(&self) -> Cow<'static, str> {
        (self.name)()
    }

    /// The schemas of the type.
    pub fn views(&self) -> &'static Views {
        (self.views)()
    }

    /// Reads a value as the type and writes it again. What the type does not
    /// have is gone, and what it spells differently has its spelling.
    ///
    /// # Errors
    ///
    /// The first property that is not of the type.
    pub fn reread(&self, value: Value) -> Result<Value, Violations> {
        (self.reread)(value)
    }
}

impl fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
