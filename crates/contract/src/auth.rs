//! Tokens: how a caller becomes known.

use std::borrow::Cow;

use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access::Anonymous,
    error::Code,
    id::ObjectId,
    operation::{Json, NoBody, Operation, Resource, Tag},
    parameters::NoParameters,
    permission::Permission,
    rules,
    schema::described,
    timestamp::Timestamp,
};

/// Operations on tokens.
pub const AUTHENTICATION: Tag = Tag {
    name: "Authentication",
    description: "Exchange credentials for tokens, and tokens for newer ones.",
};

/// A pair of tokens: one to make calls with, and one to replace the pair with
/// before it expires.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// How the access token is presented. Always `Bearer`.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub token_type: Option<String>,
    /// The access token, valid for 24 hours.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub token: Option<String>,
    /// The refresh token, valid for one month. It buys one new pair and nothing
    /// else.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub refresh_token: Option<String>,
    /// The user that the tokens stand for.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub user: Option<ObjectId>,
    /// The organization in which the user acts.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub organization: Option<ObjectId>,
    /// When the access token expires.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub expires_at: Option<Timestamp>,
    /// What the access token entitles to: roles, separated by spaces.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub scope: Option<String>,
}

described!(Token);
impl Resource for Token {}

/// What a caller proves its identity with.
///
/// The vendor's reference documents the first form, and the vendor's own
/// client library also sends the second.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum TokenRequest {
    /// A password.
    Password {
        /// The e-mail address of the user.
        email: String,
        /// The password of the user.
        password: String,
    },
    /// An earlier refresh token.
    RefreshToken {
        /// The e-mail address of the user that the token was issued to.
        client_id: String,
        /// The token.
        refresh_token: String,
    },
}

described!(TokenRequest);

impl std::fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out the secrets.
        match self {
            Self::Password { email, .. } => f
                .debug_struct("Password")
                .field("email", email)
                .finish_non_exhaustive(),
            Self::RefreshToken { client_id, .. } => f
                .debug_struct("RefreshToken")
                .field("client_id", client_id)
                .finish_non_exhaustive(),
        }
    }
}

// On the wire both forms are one object. Its schema lists the properties of
// both, and tells which belong together.
impl JsonSchema for TokenRequest {
    fn schema_name() -> Cow<'static, str> {
        "TokenRequest".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = TokenRequestProperties::json_schema(generator);
        schema.remove("required");
        schema.insert(
            "oneOf".into(),
            json!([
                {
                    "title": "PasswordCredentials",
                    "x-about": "An e-mail address and a password.",
                    "required": ["email", "password"],
                },
                {
                    "title": "RefreshCredentials",
                    "x-about": "An earlier refresh token, and whom it was issued to.",
                    "required": ["clientId", "refreshToken"],
                },
            ]),
        );
        schema
    }
}

/// What a caller proves its identity with: `email` and `password`, or
/// `clientId` and `refreshToken`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "read by the derive alone")]
struct TokenRequestProperties {
    /// The e-mail address of the user.
    #[schemars(email, length(max = rules::MAX_EMAIL))]
    email: String,
    /// The password of the user.
    #[schemars(
        length(max = rules::MAX_PASSWORD),
        extend("format" = rules::PASSWORD, "writeOnly" = true)
    )]
    password: String,
    /// The e-mail address of the user that `refreshToken` was issued to.
    #[schemars(email, length(max = rules::MAX_EMAIL))]
    client_id: String,
    /// An earlier refresh token.
    #[schemars(extend("writeOnly" = true))]
    refresh_token: String,
}

/// Creates a pair of tokens.
#[derive(Clone, Copy, Debug)]
pub struct CreateToken;

impl Operation for CreateToken {
    const ID: &'static str = "createToken";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/auth/token";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = AUTHENTICATION;
    const PERMISSION: Permission = Permission::Nobody;
    const SUMMARY: &'static str = "Create a pair of tokens";
    const DESCRIPTION: &'static str = "Exchanges an e-mail address and a password for a pair of \
        tokens. A refresh token, together with the e-mail address that it was issued to, does as \
        well.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        (
            Code::Unauthenticated,
            "The credentials are wrong, or the user may not log in. Which of the two is not told.",
        ),
        (
            Code::ResourceExhausted,
            "Too many logins to this account or from this address have failed. `Retry-After` and a \
             `RetryInfo` detail tell how long to wait.",
        ),
    ];
    const EXAMPLES: Option<&'static str> = Some(include_str!("examples/createToken.json"));
    type Access = Anonymous;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Json<TokenRequest>;
    type Reply = Token;
}

/// The query of [`RefreshToken`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshTokenQuery {
    /// The refresh token of an earlier pair.
    #[schemars(length(min = 1))]
    pub refresh_token: String,
}

described!(RefreshTokenQuery);

impl std::fmt::Debug for RefreshTokenQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshTokenQuery").finish_non_exhaustive()
    }
}

/// Replaces a pair of tokens.
#[derive(Clone, Copy, Debug)]
pub struct RefreshToken;

impl Operation for RefreshToken {
    const ID: &'static str = "refreshToken";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/auth/token";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = AUTHENTICATION;
    const PERMISSION: Permission = Permission::Nobody;
    const SUMMARY: &'static str = "Replace a pair of tokens";
    const DESCRIPTION: &'static str = "Exchanges a refresh token for a new pair of tokens. A \
        refresh token is good for one exchange; for some seconds it is taken again, so that a call \
        whose reply was lost can be repeated. One that comes later has been copied, so all tokens \
        of that login end. Earlier access tokens stay valid until they expire.";
    const ERRORS: &'static [(Code, &'static str)] = &[(
        Code::Unauthenticated,
        "The refresh token is expired, used, forged or not a refresh token, or its user may not \
         log in.",
    )];
    type Access = Anonymous;
    type Path = NoParameters;
    type Query = RefreshTokenQuery;
    type Body = NoBody;
    type Reply = Token;
}
