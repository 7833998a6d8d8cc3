//! Reading the body of a request, within its limits.

use std::error::Error as StdError;

use axum::body::to_bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use contract::failure::Failure;
use contract::validate::Violations;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::LengthLimitError;

use super::limits::{FILE_LIMIT, UPLOAD_LIMIT, declares_more_than};
use super::received::TooSlow;
use crate::error::Error;
use crate::uploads::Uploads;

/// The bytes of a JSON body, of which there are no more than `limit`.
pub(crate) async fn json(
    headers: &HeaderMap,
    body: axum::body::Body,
    limit: usize,
) -> Result<Bytes, Error> {
    // What names no type is taken for what it has to be.
    if let Some(content_type) = media_type(headers)
        && content_type != "application/json"
        && !(content_type.starts_with("application/") && content_type.ends_with("+json"))
    {
        return Err(wrong_type("application/json", Some(content_type)));
    }
    if declares_more_than(limit, headers) {
        return Err(too_large(limit));
    }
    to_bytes(body, limit).await.map_err(|error| {
        if has_source::<LengthLimitError>(&error) {
            too_large(limit)
        } else if has_source::<TooSlow>(&error) {
            Failure::BodyTimeout.into()
        } else {
            Violations::unreadable("", &error).into()
        }
    })
}

/// The bytes of one part of a multipart body, for which there must be room.
pub(crate) async fn upload(
    uploads: &Uploads,
    request: axum::extract::Request,
    part: &str,
) -> Result<Result<Bytes, Violations>, Error> {
    let content_type = media_type(request.headers());
    if content_type.as_deref() != Some("multipart/form-data") {
        return Err(wrong_type("multipart/form-data", content_type));
    }
    if declares_more_than(UPLOAD_LIMIT, request.headers()) {
        return Err(too_large(FILE_LIMIT));
    }
    let mut request = request;
    DefaultBodyLimit::max(UPLOAD_LIMIT).apply(&mut request);
    let mut multipart = match Multipart::from_request(request, &()).await {
        Ok(multipart) => multipart,
        Err(error) => {
            return Ok(Err(Violations::unreadable("", error.body_text())));
        }
    };
    let failed = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(FILE_LIMIT),
        _ if has_source::<TooSlow>(&error) => Failure::BodyTimeout.into(),
        _ => Violations::unreadable("", &error).into(),
    };
    while let Some(mut field) = multipart.next_field().await.map_err(failed)? {
        if field.name() != Some(part) {
            continue;
        }
        let encoding = field.headers().get("content-transfer-encoding").cloned();
        let mut file = uploads.begin();
        while let Some(chunk) = field.chunk().await.map_err(failed)? {
            let pushed = file.push(&chunk);
            pushed.map_err(|error| Error::Unavailable(error.into()))?;
        }
        return match file.end(|bytes| transferred(bytes, encoding.as_ref())) {
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
            let mut text = Vec::from(bytes);
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
    let media_type = text
        .split_once(';')
        .map_or(&*text, |(before, _)| before)
        .trim();
    (!media_type.is_empty()).then(|| media_type.to_ascii_lowercase())
}

fn wrong_type(expected: &'static str, found: Option<String>) -> Error {
    Failure::ContentTypeUnsupported { expected, found }.into()
}

/// Returns whether an error is of that type, or one of its sources is.
fn has_source<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn StdError>::is::<E>)
}

fn too_large(limit: usize) -> Error {
    Failure::BodyTooLarge { limit }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

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
