//! Tokens: HS256 JSON Web Tokens with the claims that the vendor's apps read.
//!
//! A token says who somebody is. What they may do is read from the store with
//! every request, so that a change of role counts at once; the claims
//! `organization` and `scope` are for the caller's eyes. This module knows no
//! users and no requests.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use contract::failure::Failure;
use contract::users::Role;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::dangerous::insecure_decode;
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
    /// Buys a new pair of tokens, once and within a month.
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
    /// The session that the token belongs to, and ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// Of a refresh token: how often the session had been renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<i64>,
    /// Of an access token without a session: the password setting under which it
    /// was issued. A new password ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    /// Of an API token: 128 random bits, which make it a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jti: Option<String>,
}

/// What is kept of a token that must not be kept itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The SHA-256 of a secret that is long and random, so that nothing slower is
    /// needed.
    pub(crate) fn of(secret: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A key that signs and checks tokens.
pub(crate) struct Key {
    /// What a token names it by (`kid`).
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    pub(crate) fn new(id: impl Into<String>, secret: &[u8]) -> Self {
        Self {
            id: id.into(),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }
}

/// The keys of all tokens: the same ones in every backend that shares a database.
pub(crate) struct Keys {
    /// The one that signs.
    newest: Key,
    /// Those that signed before it.
    older: Vec<Key>,
}

/// Why a token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// It names a key that is not at hand.
    KeyUnknown,
    Failure(Failure),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::KeyUnknown => Self::TokenSignatureInvalid,
            Rejection::Failure(failure) => failure,
        }
    }
}

impl Keys {
    pub(crate) fn new(newest: Key, older: Vec<Key>) -> Self {
        Self { newest, older }
    }

    /// The ID of the key that signs, and those of the others.
    pub(crate) fn ids(&self) -> (String, Vec<String>) {
        let older = self.older.iter().map(|key| key.id.clone());
        (self.newest.id.clone(), older.collect())
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header {
            kid: Some(self.newest.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, claims, &self.newest.encoding)
    }

    /// The claims of `token`, if one of these keys signed it and it has not expired.
    /// An API token needs no key; whoever reads it compares it with what is kept of
    /// it.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Rejection> {
        let invalid = |_| Rejection::Failure(Failure::TokenInvalid);
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        if header.alg != Algorithm::HS256 {
            return Err(Rejection::Failure(Failure::TokenInvalid));
        }
        let Some(named) = header.kid else {
            let claims = insecure_decode::<Claims>(token).map_err(invalid)?.claims;
            if claims.grant != Grant::Api {
                return Err(Rejection::KeyUnknown);
            }
            return Ok(claims);
        };
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        let key = keys.find(|key| key.id == named);
        let key = key.ok_or(Rejection::KeyUnknown)?;
        // Expiry is checked below, against the clock that was passed in.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation)
            .map_err(|error| {
                Rejection::Failure(match error.kind() {
                    ErrorKind::InvalidSignature => Failure::TokenSignatureInvalid,
                    _ => Failure::TokenInvalid,
                })
            })?
            .claims;
        match claims.exp {
            _ if claims.grant == Grant::Api => Err(Rejection::Failure(Failure::TokenInvalid)),
            Some(exp) if exp <= now.as_second() => Err(Rejection::Failure(Failure::TokenExpired)),
            None => Err(Rejection::Failure(Failure::TokenInvalid)),
            Some(_) => Ok(claims),
        }
    }
}

/// An API token with these claims. It looks like the others, for clients that read
/// them; `secret`, which nobody keeps, signs it.
pub(crate) fn api_token(
    claims: &Claims,
    secret: &[u8],
) -> Result<String, jsonwebtoken::errors::Error> {
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret),
    )
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
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
            sid: Some("0f".to_owned()),
            generation: None,
            password: None,
            jti: None,
        }
    }

    fn keys() -> Keys {
        Keys::new(
            Key::new("new", b"secret"),
            vec![Key::new("old", b"former secret")],
        )
    }

    #[track_caller]
    fn check(token: &str, seconds: i64, expected: &Result<Claims, Failure>) {
        let now = Timestamp::from_second(NOON + seconds).expect("is a time");
        let found = keys().verify(token, now).map_err(Failure::from);
        assert_eq!(&found, expected);
    }

    fn sign(kid: Option<&str>, key: &[u8], claims: &impl Serialize) -> String {
        let header = Header {
            kid: kid.map(str::to_owned),
            ..Header::default()
        };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(key)).expect("signs")
    }

    #[test]
    fn a_token_holds_the_vendors_claims() {
        let json = serde_json::to_string(&claims()).expect("serializes");
        insta::assert_snapshot!(json, @r#"{"_id":"57c8479433f5d57d3013a0bc","organization":"55dcf8aa048ee2227d4aa1a4","scope":"viewer guest agent","grant_type":"access_token","iat":1452175423,"exp":1452175483,"sid":"0f"}"#);
    }

    #[test]
    fn a_token_is_valid_until_the_second_it_expires() {
        let token = keys().sign(&claims()).expect("signs");
        check(&token, 0, &Ok(claims()));
        check(&token, 59, &Ok(claims()));
        check(&token, 60, &Err(Failure::TokenExpired));
    }

    #[test]
    fn a_token_of_an_older_key_is_valid() {
        let token = sign(Some("old"), b"former secret", &claims());
        check(&token, 0, &Ok(claims()));
    }

    #[test]
    fn a_foreign_signature_is_told_apart() {
        for (kid, key) in [
            (Some("new"), b"another".as_slice()),
            // Each key stands for its own tokens only.
            (Some("new"), b"former secret"),
            (Some("unknown"), b"secret"),
            (None, b"secret"),
        ] {
            let expected = Err(Failure::TokenSignatureInvalid);
            check(&sign(kid, key, &claims()), 0, &expected);
        }
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
        let other = serde_json::json!({"sub": "1"});
        let token = sign(Some("new"), b"secret", &other);
        check(&token, 0, &Err(Failure::TokenInvalid));
    }

    #[test]
    fn only_api_tokens_live_for_ever() {
        let access = Claims {
            exp: None,
            ..claims()
        };
        let token = keys().sign(&access).expect("signs");
        check(&token, 0, &Err(Failure::TokenInvalid));
        let api = Claims {
            grant: Grant::Api,
            exp: None,
            ..claims()
        };
        let token = api_token(&api, b"whatever").expect("signs");
        check(&token, 1_000_000_000, &Ok(api.clone()));
        // One that a key signed is none: its secret would be known.
        let token = keys().sign(&api).expect("signs");
        check(&token, 0, &Err(Failure::TokenInvalid));
    }

    #[test]
    fn a_fingerprint_is_the_sha_256() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of("abc").to_string(), expected);
    }
}
