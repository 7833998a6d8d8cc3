//! One part of `multipart/form-data` (RFC 7578): what stands before and behind
//! the content of an upload.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::upload::Header;
use transcode_core::Violation;

/// The line that separates the parts.
pub(crate) struct Boundary(String);

impl Boundary {
    /// A boundary that no content will contain: it is drawn at random.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let mut text = String::from("part-");
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// What stands behind the content. Without it the body is not whole.
    pub(crate) fn end(&self) -> Bytes {
        Bytes::from(format!("\r\n--{}--\r\n", self.0))
    }

    /// The content type of the whole body.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.0)
    }
}

/// What stands before the content.
pub(crate) fn preamble(header: &Header, boundary: &Boundary) -> Result<Bytes, Violation> {
    let part = header.layout.part;
    let file_name = header.file_name.as_deref().filter(|name| !name.is_empty());
    let content_type = header
        .content_type
        .as_deref()
        .filter(|content_type| !content_type.is_empty())
        .unwrap_or("application/octet-stream");
    if !is_media_type(content_type) {
        return Err(Violation {
            field: header.layout.content_type_field.to_owned(),
            description: "must be a media type, such as image/png".to_owned(),
        });
    }
    let preamble = format!(
        "--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
         Content-Type: {content_type}\r\n\r\n",
        boundary.0,
        escaped(part),
        escaped(file_name.unwrap_or(part)),
    );
    Ok(Bytes::from(preamble))
}

/// Returns whether a text has the form of a media type (RFC 9110, section 8.3.1).
/// Its parameters only have to stay on their line.
fn is_media_type(text: &str) -> bool {
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let is_token = |token: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        !token.is_empty() && token.bytes().all(allowed)
    };
    let is_named = essence
        .trim_end()
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    is_named && parameters.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'))
}

/// A name as the WHATWG's multipart/form-data encoding writes it.
fn escaped(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_told_from_other_texts() {
        for text in [
            "image/png",
            "text/plain; charset=\"utf-8\"",
            "application/vnd.a+json ;q=1",
        ] {
            assert!(is_media_type(text), "{text:?} is a media type");
        }
        for text in [
            "",
            "png",
            "image/",
            "/png",
            "a/b/c",
            "a b/c",
            "a/b\r\nX: y",
            "a/b;\r\nX: y",
            "a/ü",
        ] {
            assert!(!is_media_type(text), "{text:?} is no media type");
        }
    }

    #[test]
    fn names_are_escaped_as_browsers_do() {
        assert_eq!(escaped("a \"b\"\r\nü\\.png"), "a %22b%22%0D%0Aü\\.png");
    }
}
