//! Identifiers of resources.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::schema::described;

/// The identifier of a resource: twelve bytes, written as 24 hexadecimal
/// digits in lower case and read in either case.
///
/// The vendor's identifiers are those of MongoDB, whose first four bytes are
/// the second of creation. This API only compares them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// The pattern of the published schema.
    pub const PATTERN: &str = "^[0-9a-fA-F]{24}$";

    /// An identifier of these bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The bytes of the identifier.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

described!(ObjectId);

/// A text is not an [`ObjectId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 24 hexadecimal digits")]
pub struct InvalidObjectId;

impl FromStr for ObjectId {
    type Err = InvalidObjectId;

    fn from_str(text: &str) -> Result<Self, InvalidObjectId> {
        let mut bytes = [0; 12];
        if text.len() != 24 {
            return Err(InvalidObjectId);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |ascii: u8| char::from(ascii).to_digit(16).ok_or(InvalidObjectId);
            let value = digit(digits[0])? << 4 | digit(digits[1])?;
            *byte = u8::try_from(value).map_err(|_| InvalidObjectId)?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ObjectId {
    type Error = InvalidObjectId;

    fn try_from(text: String) -> Result<Self, InvalidObjectId> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl JsonSchema for ObjectId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ObjectId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}

/// A user in a path: an identifier, or the word `me` for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UserRef {
    /// The user who makes the call.
    Me,
    /// The user with this identifier.
    Id(ObjectId),
}

impl UserRef {
    /// The pattern of the published schema.
    pub const PATTERN: &str = "^(me|[0-9a-fA-F]{24})$";

    /// The identifier that is meant when `caller` makes the call.
    pub fn resolve(self, caller: ObjectId) -> ObjectId {
        match self {
            Self::Me => caller,
            Self::Id(id) => id,
        }
    }
}

impl FromStr for UserRef {
    type Err = InvalidObjectId;

    fn from_str(text: &str) -> Result<Self, InvalidObjectId> {
        if text == "me" {
            Ok(Self::Me)
        } else {
            text.parse().map(Self::Id)
        }
    }
}

impl TryFrom<String> for UserRef {
    type Error = InvalidObjectId;

    fn try_from(text: String) -> Result<Self, InvalidObjectId> {
        text.parse()
    }
}

impl From<UserRef> for String {
    fn from(user: UserRef) -> Self {
        user.to_string()
    }
}

impl fmt::Display for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl JsonSchema for UserRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "UserRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}

#[cfg(feature = "arbitrary")]
mod arbitrary {
    use proptest::prelude::*;

    use super::{ObjectId, UserRef};

    impl Arbitrary for ObjectId {
        type Parameters = ();
        type Strategy = BoxedStrategy<Self>;

        fn arbitrary_with((): ()) -> Self::Strategy {
            any::<[u8; 12]>().prop_map(Self::from_bytes).boxed()
        }
    }

    impl Arbitrary for UserRef {
        type Parameters = ();
        type Strategy = BoxedStrategy<Self>;

        fn arbitrary_with((): ()) -> Self::Strategy {
            prop_oneof![Just(Self::Me), any::<ObjectId>().prop_map(Self::Id)].boxed()
        }
    }
}
