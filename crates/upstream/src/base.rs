//! The base of an API, as an operator writes it.

use http::Uri;

use crate::Error;

/// Reads the base of an API, such as `https://api.example.com/v2`.
///
/// # Errors
///
/// Fails where the text is not an absolute `http` or `https` URL, or has a
/// query, which no path could follow.
pub fn base(url: &str) -> Result<Uri, Error> {
    let refuse = |reason| Error::Base {
        url: shown(url),
        reason,
    };
    let uri: Uri = url.parse().map_err(|source| Error::Url {
        url: shown(url),
        source,
    })?;
    match uri.scheme_str() {
        Some("http" | "https") => {}
        Some(_) => return Err(refuse("is neither http nor https")),
        None => return Err(refuse("has no scheme; did you mean http:// before it?")),
    }
    let authority = uri.authority().map_or("", http::uri::Authority::as_str);
    if authority.contains('@') {
        return Err(refuse(
            "has a user or a password, which everybody on this machine could read",
        ));
    }
    if uri.query().is_some() {
        return Err(refuse("has a query, which no path can follow"));
    }
    Ok(uri)
}

/// A URL without what can be a secret in it: whatever stands before an `@` or behind a
/// `?`. It need not be a URL at all.
fn shown(url: &str) -> String {
    let (place, query) = url
        .split_once('?')
        .map_or((url, ""), |(place, _)| (place, "?…"));
    match place.rsplit_once('@') {
        Some((before, place)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}://…@{place}{query}")
        }
        None => format!("{place}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refuses(url: &str, expected: &str) {
        let error = base(url).expect_err("the base is not usable");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn absolute_urls_are_bases() {
        for url in [
            "http://127.0.0.1:8080",
            "https://api.example.com/v2",
            "http://[::1]:1/a/",
        ] {
            assert!(base(url).is_ok(), "{url} was refused");
        }
    }

    #[test]
    fn what_is_no_base_is_refused_with_the_reason() {
        refuses(
            "api.example.com",
            "the upstream \"api.example.com\" has no scheme; did you mean http:// before it?",
        );
        refuses(
            "/v2",
            "the upstream \"/v2\" has no scheme; did you mean http:// before it?",
        );
        refuses(
            "ftp://a/b",
            "the upstream \"ftp://a/b\" is neither http nor https",
        );
        refuses(
            "http://a/b?c",
            "the upstream \"http://a/b?…\" has a query, which no path can follow",
        );
        refuses(
            "https://name:canary@a/v2",
            "the upstream \"https://…@a/v2\" has a user or a password, which everybody on this \
             machine could read",
        );
        refuses(
            "https://can@a ry@a/v2?token=canary",
            "the upstream \"https://…@a/v2?…\" is not a URL",
        );
        refuses("http://", "the upstream \"http://\" is not a URL");
        refuses("", "the upstream \"\" is not a URL");
    }
}
