//! What every operation has in common: who calls, what was sent, and how the
//! reply looks on the wire.
//!
//! [`serve`] turns a handler into a route. The [`Operation`] that the handler is
//! for fixes method, path, parameters, body, reply and status, so a handler
//! cannot disagree with the contract. This module names no resource.

use std::error::Error as StdError;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{
    DefaultBodyLimit, FromRequest, FromRequestParts, Multipart, Query, RawPathParams,
};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Bytes, BytesMut};
use contract::error::Code;
use contract::operation::{BASE_PATH, Body, BodyInfo, Operation, Reply};
use contract::parameters::parse_parameters;
use contract::validate::Violations;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LINK, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body_util::LengthLimitError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::App;
use crate::auth::Authenticate;
use crate::error::Error;
use crate::router::RequestId;

/// How large a JSON body can be, in bytes.
const JSON_LIMIT: usize = 1 << 20;

/// How large an uploaded file can be, in bytes, once it is decoded.
pub(crate) const FILE_LIMIT: usize = 10 << 20;

/// How large the body around an uploaded file can be, in bytes: base64 takes a
/// third more, and there are headers and line breaks.
const UPLOAD_LIMIT: usize = FILE_LIMIT / 2 * 3;

/// A request for an operation: read, and found to be what the contract says.
pub(crate) struct Request<O: Operation, C = crate::auth::Caller> {
    pub(crate) app: Arc<App>,
    /// Who calls.
    pub(crate) caller: C,
    pub(crate) path: O::Path,
    pub(crate) query: O::Query,
    pub(crate) body: O::Body,
}

/// An operation and what serves it.
pub(crate) struct Route {
    pub(crate) id: &'static str,
    pub(crate) path: String,
    pub(crate) service: MethodRouter<Arc<App>>,
}

/// Serves an operation with `handler`.
pub(crate) fn serve<O, C, F, H>(handler: H) -> Route
where
    O: Operation<Path: Send, Query: Send, Body: Send>,
    C: Authenticate,
    F: Future<Output = Result<O::Reply, Error>> + Send,
    H: Fn(Request<O, C>) -> F + Clone + Send + Sync + 'static,
{
    const {
        assert!(
            O::AUTHENTICATED || !C::REQUIRED,
            "the contract lets this operation be called without a token"
        );
    }
    let answer = async move |app: Arc<App>, request: axum::extract::Request| {
        let uri = request.uri().clone();
        let reply = handler(read::<O, C>(app, request).await?).await?;
        write::<O>(reply, &uri)
    };
    let service = on(
        // Every method of the contract is one that axum routes; a test starts them all.
        MethodFilter::try_from(O::METHOD).unwrap_or(MethodFilter::TRACE),
        move |axum::extract::State(app): axum::extract::State<Arc<App>>,
              id: RequestId,
              request: axum::extract::Request| {
            let answer = answer.clone();
            async move {
                answer(app, request)
                    .await
                    .unwrap_or_else(|error: Error| error.respond(id.as_str()))
            }
        },
    );
    Route {
        id: O::ID,
        path: format!("{BASE_PATH}{}", O::PATH),
        service,
    }
}

/// Reads a request. Who calls is found out first, so that somebody unknown
/// learns nothing and costs little; what is wrong with the rest is told at once.
async fn read<O: Operation, C: Authenticate>(
    app: Arc<App>,
    request: axum::extract::Request,
) -> Result<Request<O, C>, Error> {
    let (mut parts, body) = request.into_parts();
    let caller = C::authenticate(&app, &parts.headers).await?;
    let path = path::<O>(&mut parts).await;
    let query = query::<O>(&parts.uri);
    let bytes = match O::Body::INFO {
        BodyInfo::None => Ok(Bytes::new()),
        BodyInfo::Upload { part, .. } => {
            upload(axum::extract::Request::from_parts(parts, body), part).await?
        }
        BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
            Ok(json(&parts.headers, body).await?)
        }
    };
    let body = bytes.and_then(O::Body::parse);
    match (path, query, body) {
        (Ok(path), Ok(query), Ok(body)) => Ok(Request {
            app,
            caller,
            path,
            query,
            body,
        }),
        (path, query, body) => {
            let violations = [path.err(), query.err(), body.err()].into_iter().flatten();
            Violations::check(violations.flat_map(Violations::into_vec).collect())?;
            Err(Error::internal("a request was refused without a violation"))
        }
    }
}

async fn path<O: Operation>(parts: &mut Parts) -> Result<O::Path, Violations> {
    let values = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|_| Violations::one("path", "is not UTF-8"))?;
    parse_parameters(values.iter())
}

fn query<O: Operation>(uri: &Uri) -> Result<O::Query, Violations> {
    parse_parameters(pairs(uri)?)
}

/// The names and values in a query, decoded.
fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Violations> {
    Query::try_from_uri(uri)
        .map(|Query(pairs)| pairs)
        .map_err(|error| Violations::one("query", format!("cannot be read: {error}")))
}

async fn json(headers: &HeaderMap, body: axum::body::Body) -> Result<Bytes, Error> {
    // What names no type is taken for what it has to be.
    if let Some(content_type) = media_type(headers)
        && content_type != "application/json"
        && !(content_type.starts_with("application/") && content_type.ends_with("+json"))
    {
        return Err(wrong_type("application/json", &content_type));
    }
    if declares_more_than(JSON_LIMIT, headers) {
        return Err(too_large(JSON_LIMIT));
    }
    to_bytes(body, JSON_LIMIT).await.map_err(|error| {
        if error
            .source()
            .is_some_and(<dyn StdError>::is::<LengthLimitError>)
        {
            too_large(JSON_LIMIT)
        } else {
            unreadable(&error)
        }
    })
}

/// The bytes of one part of a multipart body.
async fn upload(
    request: axum::extract::Request,
    part: &str,
) -> Result<Result<Bytes, Violations>, Error> {
    let content_type = media_type(request.headers()).unwrap_or_default();
    if content_type != "multipart/form-data" {
        return Err(wrong_type("multipart/form-data", &content_type));
    }
    if declares_more_than(UPLOAD_LIMIT, request.headers()) {
        return Err(too_large(FILE_LIMIT));
    }
    let mut request = request;
    DefaultBodyLimit::max(UPLOAD_LIMIT).apply(&mut request);
    let mut multipart = match Multipart::from_request(request, &()).await {
        Ok(multipart) => multipart,
        Err(error) => {
            return Ok(Err(Violations::one(
                "",
                format!("cannot be read: {}", error.body_text()),
            )));
        }
    };
    let failed = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(FILE_LIMIT),
        _ => unreadable(&error),
    };
    while let Some(mut field) = multipart.next_field().await.map_err(failed)? {
        if field.name() != Some(part) {
            continue;
        }
        let encoding = field.headers().get("content-transfer-encoding").cloned();
        let mut bytes = BytesMut::new();
        while let Some(chunk) = field.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
        }
        return match transferred(bytes.freeze(), encoding.as_ref()) {
            Ok(bytes) if bytes.len() > FILE_LIMIT => Err(too_large(FILE_LIMIT)),
            Ok(bytes) => Ok(Ok(bytes)),
            Err(description) => Ok(Err(Violations::one(part, description))),
        };
    }
    Ok(Err(Violations::one(
        part,
        "is required: a part with this name and the file in it",
    )))
}

/// Undoes the transfer encoding of a part. [RFC 7578] deprecates them, and
/// clients use base64 all the same.
///
/// [RFC 7578]: https://www.rfc-editor.org/rfc/rfc7578#section-4.7
fn transferred(bytes: Bytes, encoding: Option<&HeaderValue>) -> Result<Bytes, String> {
    let encoding = encoding.map(|value| {
        String::from_utf8_lossy(value.as_bytes())
            .trim()
            .to_ascii_lowercase()
    });
    match encoding.as_deref() {
        None | Some("binary" | "8bit" | "7bit") => Ok(bytes),
        Some("base64") => {
            let mut text = bytes.to_vec();
            text.retain(|byte| !byte.is_ascii_whitespace());
            let bytes = BASE64.decode(text);
            bytes
                .map(Bytes::from)
                .map_err(|error| format!("is not base64, as its part says: {error}"))
        }
        Some(other) => Err(format!(
            "has the transfer encoding {other}; binary and base64 are understood"
        )),
    }
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    Some(
        text.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    )
}

/// Whether the request says in advance that its body is larger than `limit`.
fn declares_more_than(limit: usize, headers: &HeaderMap) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > limit)
}

fn wrong_type(expected: &str, found: &str) -> Error {
    let found = if found.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{found}`")
    };
    Error::Http {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code: Code::InvalidArgument,
        reason: "CONTENT_TYPE_UNSUPPORTED",
        message: format!("the body must be `{expected}`, and Content-Type says {found}"),
    }
}

fn too_large(limit: usize) -> Error {
    Error::Http {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: Code::ResourceExhausted,
        reason: "BODY_TOO_LARGE",
        message: format!(
            "the body is too large: {} MiB is the most that is read",
            limit >> 20
        ),
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    Error::invalid("", format!("cannot be read: {error}"))
}

/// Writes a reply, as an answer to `uri`.
fn write<O: Operation>(reply: O::Reply, uri: &Uri) -> Result<Response, Error> {
    let parts = reply.into_parts().map_err(Error::internal)?;
    let mut response = match parts.body {
        Some(body) => (O::STATUS, [(CONTENT_TYPE, "application/json")], body).into_response(),
        None => O::STATUS.into_response(),
    };
    if let Some(location) = parts.location {
        let location =
            HeaderValue::try_from(format!("{BASE_PATH}{location}")).map_err(Error::internal)?;
        response.headers_mut().insert(LOCATION, location);
    }
    if let Some(offset) = parts.next_offset {
        let link = HeaderValue::try_from(next_link(uri, offset)).map_err(Error::internal)?;
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// A link ([RFC 8288]) to the same list from another offset on.
///
/// [RFC 8288]: https://www.rfc-editor.org/rfc/rfc8288
fn next_link(uri: &Uri, offset: u32) -> String {
    // The query was read before, so it can be read.
    let mut pairs = pairs(uri).unwrap_or_default();
    pairs.retain(|(name, _)| name != "offset");
    pairs.push(("offset".to_owned(), offset.to_string()));
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_next(uri: &str, expected: &str) {
        assert_eq!(next_link(&uri.parse().expect("is a URI"), 20), expected);
    }

    #[test]
    fn the_link_keeps_the_other_parameters() {
        check_next(
            "/v2/users?limit=10",
            r#"</v2/users?limit=10&offset=20>; rel="next""#,
        );
        check_next(
            "/v2/users?offset=10&email=~a%26b&limit=10",
            r#"</v2/users?email=%7Ea%26b&limit=10&offset=20>; rel="next""#,
        );
    }

    #[track_caller]
    fn check_transferred(encoding: Option<&'static str>, expected: Result<&str, &str>) {
        let encoding = encoding.map(HeaderValue::from_static);
        let found = transferred(Bytes::from_static(b"aGVs\r\nbG8="), encoding.as_ref());
        assert_eq!(
            found,
            expected
                .map(|text| Bytes::copy_from_slice(text.as_bytes()))
                .map_err(str::to_owned)
        );
    }

    #[test]
    fn base64_is_undone_where_it_is_declared() {
        check_transferred(None, Ok("aGVs\r\nbG8="));
        check_transferred(Some("binary"), Ok("aGVs\r\nbG8="));
        check_transferred(Some("Base64"), Ok("hello"));
    }

    #[test]
    fn other_transfer_encodings_are_refused() {
        check_transferred(
            Some("quoted-printable"),
            Err("has the transfer encoding quoted-printable; binary and base64 are understood"),
        );
    }
}
