//! One login upstream: a request for a pair of tokens, and what its reply says.
//!
//! By password that is `POST` with `email` and `password`, by refresh token `GET` with
//! the query `refreshToken`. The reply has `token`, perhaps `refreshToken` and
//! `expiresAt`. Nothing of a reply goes into an error: an upstream may repeat in it what
//! it was sent.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::time::Instant;
use transcode::{CallContext, RequestBody, Upstream};

use super::secret::Secret;

/// How large the reply to a login may be, in bytes.
const MAX_REPLY: usize = 64 << 10;

/// What a login is made with.
pub(super) enum Proof<'a> {
    Password {
        email: &'a str,
        password: &'a Secret,
    },
    RefreshToken(&'a Secret),
}

/// What a login has brought.
pub(super) struct Pair {
    /// The value of `authorization` that calls are made with.
    pub(super) authorization: HeaderValue,
    /// What the next login can be made with.
    pub(super) refresh: Option<Secret>,
    /// How long the access token is good for, if that is known.
    pub(super) lifetime: Option<Duration>,
}

/// Why a login has brought nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// The upstream does not accept the credentials.
    Refused(StatusCode),
    /// The upstream has said nothing of the credentials.
    Unavailable {
        /// What happened, for the log.
        because: String,
        /// When the upstream wants to be asked again.
        retry_after: Option<Duration>,
    },
}

impl Failed {
    pub(super) fn unavailable(because: impl Into<String>) -> Self {
        Self::Unavailable {
            because: because.into(),
            retry_after: None,
        }
    }
}

/// Asks the upstream for a pair of tokens, until the deadline. `target` is where it gives
/// them out.
pub(super) async fn log_in<U: Upstream>(
    upstream: &U,
    target: &Uri,
    proof: Proof<'_>,
    deadline: Instant,
) -> Result<Pair, Failed> {
    let request = request(target, &proof, deadline)?;
    let response = upstream.send(request).await;
    // The kinds are sentences of this project. Sources may quote what was sent.
    let response = response.map_err(|error| Failed::unavailable(error.kind.to_string()))?;
    let status = response.status();
    match status.as_u16() {
        200..=299 => {}
        400 | 401 | 403 | 422 => return Err(Failed::Refused(status)),
        _ => {
            return Err(Failed::Unavailable {
                because: format!("the upstream answered {status}"),
                retry_after: retry_after(response.headers()),
            });
        }
    }
    let body = Limited::new(response.into_body(), MAX_REPLY)
        .collect()
        .await;
    let body = body.map_err(|_| Failed::unavailable("the reply broke off or is too large"))?;
    pair(&body.to_bytes(), SystemTime::now()).map_err(Failed::unavailable)
}

fn request(
    target: &Uri,
    proof: &Proof<'_>,
    deadline: Instant,
) -> Result<Request<RequestBody>, Failed> {
    let mut request = Request::new(RequestBody::Whole(Bytes::new()));
    let headers = request.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::ACCEPT, json.clone());
    *request.uri_mut() = target.clone();
    match proof {
        Proof::Password { email, password } => {
            request.headers_mut().insert(header::CONTENT_TYPE, json);
            *request.method_mut() = Method::POST;
            let body = json!({"email": email, "password": password.reveal()});
            *request.body_mut() = RequestBody::Whole(body.to_string().into());
        }
        Proof::RefreshToken(token) => {
            let token = utf8_percent_encode(token.reveal(), NON_ALPHANUMERIC);
            let target_with_token = format!("{}?refreshToken={token}", target.path());
            let mut parts = target.clone().into_parts();
            let path_and_query = PathAndQuery::try_from(target_with_token);
            let too_long = |_| Failed::unavailable("the refresh token is too long for a URL");
            parts.path_and_query = Some(path_and_query.map_err(too_long)?);
            *request.uri_mut() = Uri::from_parts(parts)
                .map_err(|_| Failed::unavailable("the base URL of the upstream is incomplete"))?;
        }
    }
    request.extensions_mut().insert(CallContext {
        deadline: Some(deadline),
        ..CallContext::default()
    });
    Ok(request)
}

/// The pair of tokens in a reply that was made at this time.
fn pair(body: &[u8], now: SystemTime) -> Result<Pair, &'static str> {
    let reply: Value = serde_json::from_slice(body).map_err(|_| "the reply is not JSON")?;
    let text = |name: &str| reply.get(name).and_then(Value::as_str);
    let token = text("token").ok_or("the reply has no \"token\"")?;
    let authorization = HeaderValue::try_from(format!("Bearer {token}"));
    let mut authorization = authorization.map_err(|_| "the token fits into no header")?;
    authorization.set_sensitive(true);
    let expires_at = text("expiresAt").and_then(|text| text.parse::<Timestamp>().ok());
    let until = |time: SystemTime| time.duration_since(now).ok();
    let told = expires_at.and_then(|time| until(SystemTime::from(time)));
    Ok(Pair {
        authorization,
        refresh: text("refreshToken").map(Secret::new),
        lifetime: lifetime(token, now).or(told),
    })
}

/// How long a token is good for by its own claims, if it is a JSON Web Token. Where the
/// token says when it was issued, a clock that goes wrong here does no harm.
fn lifetime(token: &str, now: SystemTime) -> Option<Duration> {
    let claims = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1)?)
        .ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let seconds = |name: &str| claims.get(name).and_then(Value::as_u64);
    let expires = seconds("exp")?;
    let issued = seconds("iat").or_else(|| {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(now.as_secs())
    })?;
    let lifetime = expires.checked_sub(issued).filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(lifetime))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_452_175_423;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[track_caller]
    fn check(reply: &Value, expected: Result<Option<u64>, &str>) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        let read = pair(reply.to_string().as_bytes(), now);
        let read = read.map(|pair| pair.lifetime.map(|lifetime| lifetime.as_secs()));
        assert_eq!(read, expected, "of {reply}");
    }

    #[test]
    fn a_token_says_itself_how_long_it_is_good_for() {
        check(
            &json!({"token": jwt(r#"{"iat":1000,"exp":1060}"#)}),
            Ok(Some(60)),
        );
        let claims = format!(r#"{{"exp":{}}}"#, NOW + 7);
        check(&json!({"token": jwt(&claims)}), Ok(Some(7)));
    }

    #[test]
    fn the_reply_says_it_of_other_tokens() {
        let reply = json!({"token": "opaque", "expiresAt": "2016-01-07T14:04:43.000Z"});
        check(&reply, Ok(Some(60)));
    }

    #[test]
    fn a_token_that_has_expired_by_this_clock_is_used_until_it_is_refused() {
        check(&json!({"token": jwt(r#"{"exp":1060}"#)}), Ok(None));
        check(&json!({"token": "a.b.c"}), Ok(None));
        let reply = json!({"token": "opaque", "expiresAt": "2015-01-07T14:04:43Z"});
        check(&reply, Ok(None));
    }

    #[test]
    fn a_reply_without_a_token_says_what_is_wrong_and_quotes_nothing() {
        check(&json!(["canary"]), Err("the reply has no \"token\""));
        check(
            &json!({"token": "can\nary"}),
            Err("the token fits into no header"),
        );
        assert_eq!(
            pair(b"canary", SystemTime::now()).err(),
            Some("the reply is not JSON")
        );
    }

    #[test]
    fn a_refresh_token_goes_into_the_query_encoded() {
        let target = Uri::from_static("https://api.example.com/v2/auth/token");
        let token = Secret::new("a b&c=/+");
        let request = request(&target, &Proof::RefreshToken(&token), Instant::now());
        let uri = request.expect("a request").uri().to_string();
        assert_eq!(uri, format!("{target}?refreshToken=a%20b%26c%3D%2F%2B"));
    }
}
