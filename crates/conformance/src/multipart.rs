//! Reads `multipart/form-data` (RFC 7578) that is in memory as a whole.

/// One part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: Option<String>,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) content: &'a [u8],
}

/// Why a body has no parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MultipartError {
    #[error("the content type is not multipart/form-data with a boundary")]
    ContentType,
    #[error("the body does not begin with its boundary")]
    Start,
    #[error("a part has no end")]
    End,
    #[error("a part has no empty line after its headers")]
    Headers,
}

/// The boundary that a content type names.
pub(crate) fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').map(str::trim);
    if !parameters
        .next()?
        .eq_ignore_ascii_case("multipart/form-data")
    {
        return None;
    }
    parameter(parameters, "boundary").filter(|boundary| !boundary.is_empty())
}

fn parameter<'a>(mut all: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    all.find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let matches = key.trim().eq_ignore_ascii_case(name);
        matches.then(|| value.trim().trim_matches('"'))
    })
}

/// The parts of a body.
pub(crate) fn parse<'a>(
    content_type: &str,
    body: &'a [u8],
) -> Result<Vec<Part<'a>>, MultipartError> {
    let boundary = boundary(content_type).ok_or(MultipartError::ContentType)?;
    let first = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut rest = match find(body, first.as_bytes()) {
        Some(at) => &body[at + first.len()..],
        None => return Err(MultipartError::Start),
    };
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let end = find(rest, between.as_bytes()).ok_or(MultipartError::End)?;
        let part = rest[..end].strip_prefix(b"\r\n").unwrap_or(&rest[..end]);
        rest = &rest[end + between.len()..];
        let (head, content) = match find(part, b"\r\n\r\n") {
            Some(at) => (&part[..at], &part[at + 4..]),
            None => return Err(MultipartError::Headers),
        };
        let head = String::from_utf8_lossy(head);
        let header = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
            })
        };
        let disposition = header("content-disposition").unwrap_or_default();
        let of = |name| parameter(disposition.split(';'), name).map(str::to_owned);
        parts.push(Part {
            name: of("name"),
            file_name: of("filename"),
            content_type: header("content-type").map(str::to_owned),
            content,
        });
    }
    Ok(parts)
}

fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    text.windows(pattern.len())
        .position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b\"";

    #[test]
    fn parts_have_their_names_and_content() {
        let body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--b--\r\n";
        let parts = parse(TYPE, body).expect("a body with one part");
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].name.as_deref(), Some("file"));
        assert_eq!(parts[0].file_name.as_deref(), Some("a.png"));
        assert_eq!(parts[0].content_type.as_deref(), Some("image/png"));
        assert_eq!(parts[0].content, b"\x89PNG\r\n");
    }

    #[track_caller]
    fn refuses(content_type: &str, body: &[u8], expected: MultipartError) {
        assert_eq!(parse(content_type, body), Err(expected));
    }

    #[test]
    fn what_is_not_multipart_is_refused() {
        refuses("application/json", b"{}", MultipartError::ContentType);
        refuses("multipart/form-data", b"", MultipartError::ContentType);
        refuses(TYPE, b"", MultipartError::Start);
        refuses(TYPE, b"--b\r\nA: b\r\n\r\nc", MultipartError::End);
        refuses(TYPE, b"--b\r\nA: b\r\n--b--", MultipartError::Headers);
    }
}
