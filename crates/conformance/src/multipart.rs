//! Reads `multipart/form-data` (RFC 7578) that is in memory as a whole.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt as _;

/// One part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// Why a body has no parts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MultipartError {
    #[error("the content type is not multipart/form-data with a boundary")]
    ContentType(#[source] multer::Error),
    #[error("the body has no parts that can be read: {0}")]
    Body(#[source] multer::Error),
    #[error("the body has no part")]
    Empty,
}

/// The parts of a body.
pub(crate) fn parse(content_type: &str, body: &[u8]) -> Result<Vec<Part>, MultipartError> {
    let boundary = multer::parse_boundary(content_type).map_err(MultipartError::ContentType)?;
    let chunk = Bytes::copy_from_slice(body);
    let stream = futures_util::stream::iter([Ok::<_, Infallible>(chunk)]);
    let mut fields = multer::Multipart::new(stream, boundary);
    let read = async {
        let mut parts = Vec::new();
        while let Some(field) = fields.next_field().await? {
            parts.push(Part {
                name: field.name().map(str::to_owned),
                content_type: field.content_type().map(ToString::to_string),
            });
            // A part is whole only if its end is found.
            field.bytes().await?;
        }
        Ok(parts)
    };
    // All of it is there, so nothing is waited for.
    let read = read.now_or_never();
    let parts = read.unwrap_or(Err(multer::Error::IncompleteStream));
    let parts = parts.map_err(MultipartError::Body)?;
    if parts.is_empty() {
        return Err(MultipartError::Empty);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b\"";

    #[test]
    fn parts_have_their_names_and_types() {
        let body =
            b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a;b.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--b\r\n\
            Content-Disposition: form-data; name=\"note\"\r\n\r\n\r\n--b--\r\n";
        let parts = parse(TYPE, body).expect("a body with two parts");
        let part = |name: &str, content_type: Option<&str>| Part {
            name: Some(name.to_owned()),
            content_type: content_type.map(str::to_owned),
        };
        assert_eq!(parts, [part("file", Some("image/png")), part("note", None)]);
    }

    #[track_caller]
    fn refuses(content_type: &str, body: &[u8], expected: &str) {
        let error = parse(content_type, body)
            .expect_err("it is refused")
            .to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_is_not_multipart_is_refused() {
        refuses("application/json", b"{}", "content type");
        refuses("multipart/form-data", b"", "content type");
        refuses(TYPE, b"", "the body has no part");
        refuses(TYPE, b"--b--\r\n", "the body has no part");
        refuses(TYPE, b"--b\r\nA: b\r\n\r\nc", "the body has no part");
        refuses(TYPE, b"--b\r\nA: b\r\n--b--", "the body has no part");
    }
}
