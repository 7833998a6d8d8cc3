//! Which codings a reply has (RFC 9110 §8.4), and whether they are undone.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use http::{HeaderValue, Response};
use http_body::Body as _;

use crate::SendError;
use crate::config::Config;
use crate::decoded::{Coding, Decoded};
use crate::raw_body::RawBody;
use crate::reply::ReplyBody;

/// What is offered to servers.
pub(crate) const OFFERED: HeaderValue = HeaderValue::from_static("gzip, zstd");

/// How many codings may be on top of each other.
const MAX_CODINGS: usize = 3;

/// The codings of a reply, in the order in which they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, SendError> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let unknown = || SendError::malformed("its content coding is unknown");
        let value = value.to_str().map_err(|_| unknown())?;
        for name in value.split(',').map(str::trim) {
            let coding = match name.to_ascii_lowercase().as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                _ => return Err(unknown()),
            };
            if codings.len() == MAX_CODINGS {
                return Err(SendError::malformed("it has too many content codings"));
            }
            codings.push(coding);
        }
    }
    Ok(codings)
}

/// Decodes a reply, if it is coded. Its `Content-Encoding` and `Content-Length`
/// are gone then.
pub(crate) fn decode(
    response: Response<RawBody>,
    config: &Config,
) -> Result<Response<ReplyBody>, SendError> {
    let (mut head, body) = response.into_parts();
    // A reply without a body may still say how one would be coded.
    if !config.decode || !head.headers.contains_key(CONTENT_ENCODING) || body.is_end_stream() {
        return Ok(Response::from_parts(head, ReplyBody::plain(body)));
    }
    let codings = match codings(&head.headers) {
        Ok(codings) => codings,
        // The status of an error is worth telling even if its body stays as it
        // is.
        Err(_) if head.status.is_client_error() || head.status.is_server_error() => {
            return Ok(Response::from_parts(head, ReplyBody::plain(body)));
        }
        Err(error) => {
            body.origin().reject();
            return Err(error);
        }
    };
    head.headers.remove(CONTENT_ENCODING);
    if codings.is_empty() {
        return Ok(Response::from_parts(head, ReplyBody::plain(body)));
    }
    head.headers.remove(CONTENT_LENGTH);
    let body = Decoded::new(body, &codings, config);
    Ok(Response::from_parts(head, ReplyBody::decoded(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&'static str], expected: Result<&[Coding], &str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        let found = codings(&headers).map_err(|error| error.to_string());
        let expected = expected.map(<[Coding]>::to_vec).map_err(str::to_owned);
        assert_eq!(found, expected, "for {values:?}");
    }

    #[test]
    fn codings_are_read_in_any_spelling() {
        check(&[], Ok(&[]));
        check(&["identity"], Ok(&[]));
        check(&["GZip"], Ok(&[Coding::Gzip]));
        check(&["x-gzip"], Ok(&[Coding::Gzip]));
        check(&["deflate, br"], Ok(&[Coding::Deflate, Coding::Brotli]));
        check(&["gzip", "zstd"], Ok(&[Coding::Gzip, Coding::Zstd]));
        check(&["gzip,,identity"], Ok(&[Coding::Gzip]));
    }

    #[test]
    fn codings_that_cannot_be_undone_are_refused() {
        let unknown = "the reply is malformed: its content coding is unknown";
        check(&["compress"], Err(unknown));
        check(&["gzip, nonsense"], Err(unknown));
        let many = "the reply is malformed: it has too many content codings";
        check(&["gzip, gzip, gzip, gzip"], Err(many));
    }
}
