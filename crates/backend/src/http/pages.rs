//! Pages as responses: compressed for whoever takes that, and not sent again to whoever
//! has them.

use std::fmt::Write as _;
use std::io::Read as _;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use contract::failure::Failure;
use flate2::read::GzDecoder;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::pages::{Found, Page, Pages};

/// How large a page can be that is sent to a client that takes no gzip, in bytes.
const MAX_PLAIN: u64 = 32 << 20;

/// The response for a path that pages cover.
pub(super) async fn answer(
    pages: &Pages,
    method: Method,
    uri: &Uri,
    request: &HeaderMap,
) -> Result<Response, Error> {
    let path = uri.path();
    let page = match pages.find(path).await.map_err(Error::internal)? {
        Found::Page(page) => page,
        Found::Directory => return Ok(to_directory(path)),
        Found::Nothing(Some(page)) if is_browser(&method, request) => {
            return respond(StatusCode::NOT_FOUND, page, request).await;
        }
        Found::Nothing(_) => {
            let path = path.to_owned();
            return Err(Failure::PathUnknown { path }.into());
        }
    };
    if method != Method::GET && method != Method::HEAD {
        let path = path.to_owned();
        return Err(Failure::MethodNotAllowed { path, method }.into());
    }
    respond(StatusCode::OK, page, request).await
}

/// Returns whether somebody looks for a page, rather than a program for a document.
fn is_browser(method: &Method, request: &HeaderMap) -> bool {
    let mut accepted = request.get_all(header::ACCEPT).iter();
    *method == Method::GET
        && accepted.any(|types| {
            types
                .to_str()
                .is_ok_and(|types| types.contains("text/html"))
        })
}

/// Leads to the same path with a slash, by a relative URL: a proxy may have another path
/// for all of it.
fn to_directory(path: &str) -> Response {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Ok(location) = HeaderValue::try_from(format!("{name}/")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}

async fn respond(status: StatusCode, page: &Page, request: &HeaderMap) -> Result<Response, Error> {
    let tag = tag(&page.gzip);
    let policy = page.policy.as_deref().unwrap_or("default-src 'none'");
    let headers = [
        (header::CACHE_CONTROL, "public, no-cache"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CONTENT_TYPE, &page.media_type),
        (header::ETAG, &tag),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if status == StatusCode::OK && is_known(&tag, request) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    if takes_gzip(request) {
        let coding = [(header::CONTENT_ENCODING, "gzip")];
        return Ok((status, headers, coding, page.gzip.clone()).into_response());
    }
    let gzip = page.gzip.clone();
    let plain = spawn_blocking(move || plain(&gzip)).await;
    let plain = plain.map_err(Error::internal)?.map_err(Error::internal)?;
    Ok((status, headers, plain).into_response())
}

fn plain(gzip: &[u8]) -> std::io::Result<Bytes> {
    let mut plain = Vec::new();
    GzDecoder::new(gzip)
        .take(MAX_PLAIN)
        .read_to_end(&mut plain)?;
    Ok(plain.into())
}

/// What tells a page from an older one, in either coding.
fn tag(gzip: &[u8]) -> String {
    let digest = digest(&SHA256, gzip);
    let mut tag = String::from("W/\"");
    for byte in digest.as_ref().iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Returns whether the client has what has this tag ([RFC 9110, 13.1.2]).
///
/// [RFC 9110, 13.1.2]: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
fn is_known(tag: &str, request: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = request.get_all(header::IF_NONE_MATCH).iter();
    known
        .filter_map(|known| known.to_str().ok())
        .flat_map(|known| known.split(','))
        .any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

/// Returns whether the client takes gzip ([RFC 9110, 12.5.3]).
///
/// [RFC 9110, 12.5.3]: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
fn takes_gzip(request: &HeaderMap) -> bool {
    let codings = request.get_all(header::ACCEPT_ENCODING).iter();
    codings
        .filter_map(|codings| codings.to_str().ok())
        .flat_map(|codings| codings.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().trim_start_matches("q=");
            let is_refused = weight.parse().is_ok_and(|weight: f32| weight <= 0.0);
            name.trim().eq_ignore_ascii_case("gzip") && !is_refused
        })
}
