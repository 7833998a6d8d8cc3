//! Tokens: HS256 JSON Web Tokens with the claims that the vendor's apps read.
//!
//! A token says who somebody is. What they may do is read from the store with
//! every request, so that a change of role counts at once; the claims
//! `organization` and `scope` are for the caller's eyes. This module knows no
//! users and no requests.

use std::fmt;

use contract::failure::Failure;
use contract::users::Role;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// How long an access token is accepted.
pub(crate) const ACCESS_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How long a refresh token is accepted: the documented month, of 30 days.
pub(crate) const REFRESH_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a token is good for. One kind is never accepted as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Grant {
    /// Makes calls, for 24 hours.
    #[serde(rename = "access_token")]
    Access,
    /// Buys a new pair of tokens, for a month.
    #[serde(rename = "refresh_token")]
    Refresh,
    /// Makes calls as a bot until the bot's token is replaced or taken away.
    #[serde(rename = "api_token")]
    Api,
}

/// The claims of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The user.
    #[serde(rename = "_id")]
    pub(crate) user: String,
    /// The organization in which the user acts.
    pub(crate) organization: String,
    /// The roles that the user holds, separated by spaces.
    pub(crate) scope: String,
    #[serde(rename = "grant_type")]
    pub(crate) grant: Grant,
    /// When the token was issued, in seconds since 1970.
    pub(crate) iat: i64,
    /// When the token expires, in seconds since 1970. API tokens do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<i64>,
    /// Of a refresh token: the password setting under which it was issued. A new
    /// password ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    /// Tells tokens apart that are issued in the same second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
}

/// The key that signs and checks tokens: the same one in every backend that
/// shares a database.
pub(crate) struct Key {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
    }

    /// The claims of `token`, if this key signed it and it has not expired.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Failure> {
        // Expiry is checked below, against the clock that was passed in.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidSignature => Failure::TokenSignatureInvalid,
                _ => Failure::TokenInvalid,
            })?
            .claims;
        match claims.exp {
            Some(exp) if exp <= now.as_second() => Err(Failure::TokenExpired),
            None if claims.grant != Grant::Api => Err(Failure::TokenInvalid),
            _ => Ok(claims),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The scope of a role: the role last, after every one that it includes.
pub(crate) fn scope(role: Role) -> &'static str {
    match role {
        Role::Guest => "viewer guest",
        Role::Agent => "viewer guest agent",
        Role::Bot => "viewer guest agent bot",
        Role::Admin => "viewer guest agent bot admin",
        Role::Owner => "viewer guest agent bot admin owner",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_452_175_423;

    fn claims() -> Claims {
        Claims {
            user: "57c8479433f5d57d3013a0bc".to_owned(),
            organization: "55dcf8aa048ee2227d4aa1a4".to_owned(),
            scope: scope(Role::Agent).to_owned(),
            grant: Grant::Access,
            iat: NOON,
            exp: Some(NOON + 60),
            password: None,
            jti: None,
        }
    }

    #[track_caller]
    fn check(token: &str, seconds: i64, expected: &Result<Claims, Failure>) {
        let now = Timestamp::from_second(NOON + seconds).expect("is a time");
        assert_eq!(&Key::new(b"secret").verify(token, now), expected);
    }

    fn sign(key: &[u8], claims: &impl Serialize) -> String {
        jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(key))
            .expect("signs")
    }

    #[test]
    fn a_token_holds_the_vendors_claims() {
        let json = serde_json::to_string(&claims()).expect("serializes");
        insta::assert_snapshot!(json, @r#"{"_id":"57c8479433f5d57d3013a0bc","organization":"55dcf8aa048ee2227d4aa1a4","scope":"viewer guest agent","grant_type":"access_token","iat":1452175423,"exp":1452175483}"#);
    }

    #[test]
    fn a_token_is_valid_until_the_second_it_expires() {
        let token = sign(b"secret", &claims());
        check(&token, 0, &Ok(claims()));
        check(&token, 59, &Ok(claims()));
        check(&token, 60, &Err(Failure::TokenExpired));
    }

    #[test]
    fn a_foreign_signature_is_told_apart() {
        check(
            &sign(b"another", &claims()),
            0,
            &Err(Failure::TokenSignatureInvalid),
        );
    }

    #[test]
    fn an_unsigned_token_is_invalid() {
        // {"alg":"none","typ":"JWT"}
        check(
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.",
            0,
            &Err(Failure::TokenInvalid),
        );
    }

    #[test]
    fn another_algorithm_is_invalid() {
        let key = EncodingKey::from_secret(b"secret");
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims(), &key).expect("signs");
        check(&token, 0, &Err(Failure::TokenInvalid));
    }

    #[test]
    fn what_is_no_token_is_invalid() {
        check("", 0, &Err(Failure::TokenInvalid));
        check(
            "94c70d470e391bdc16a8d8363b5d4891",
            0,
            &Err(Failure::TokenInvalid),
        );
        check("a.b.c", 0, &Err(Failure::TokenInvalid));
    }

    #[test]
    fn a_signed_token_with_other_claims_is_invalid() {
        check(
            &sign(b"secret", &serde_json::json!({"sub": "1"})),
            0,
            &Err(Failure::TokenInvalid),
        );
    }

    #[test]
    fn only_api_tokens_live_for_ever() {
        let access = Claims {
            exp: None,
            ..claims()
        };
        check(&sign(b"secret", &access), 0, &Err(Failure::TokenInvalid));
        let api = Claims {
            grant: Grant::Api,
            exp: None,
            ..claims()
        };
        check(&sign(b"secret", &api), 1_000_000_000, &Ok(api));
    }
}
