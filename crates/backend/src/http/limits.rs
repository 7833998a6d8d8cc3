//! How much of a request is read.

use http::HeaderMap;
use http::header::CONTENT_LENGTH;

/// How large a JSON body can be, in bytes.
pub(crate) const JSON_LIMIT: usize = 1 << 20;

/// How large a JSON body can be that needs no token, in bytes. Anybody can send any
/// number of these.
pub(crate) const ANONYMOUS_LIMIT: usize = 16 << 10;

/// How large an uploaded file can be, in bytes, once it is decoded.
pub(crate) const FILE_LIMIT: usize = 10 << 20;

/// How large the body around an uploaded file can be, in bytes: base64 takes a
/// third more, and there are headers and line breaks.
pub(crate) const UPLOAD_LIMIT: usize = FILE_LIMIT / 2 * 3;

/// Returns whether the request says in advance that its body is larger than
/// `limit`.
pub(crate) fn declares_more_than(limit: usize, headers: &HeaderMap) -> bool {
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| length > limit)
}
