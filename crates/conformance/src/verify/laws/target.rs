//! Where a reference in a reply leads to (RFC 3986, section 5).

use http::Uri;

/// Why a reference leads to nothing of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// It is on another host.
    Host,
    /// It is on the same host, and not below the base of the API.
    Path,
}

/// Returns the path below the base and the query that a reference leads to, which stands
/// in the reply to a request for this path below the base.
pub(crate) fn target(
    base: &str,
    from: &str,
    reference: &str,
) -> Result<(String, String), Elsewhere> {
    let base: Uri = base.parse().map_err(|_| Elsewhere::Host)?;
    let base_path = base.path().trim_end_matches('/');
    let reference = reference.split('#').next().unwrap_or_default();
    let (place, query) = reference.split_once('?').unwrap_or((reference, ""));
    let from = format!("{base_path}{from}");
    let path = if let Some(authority_and_path) = after_scheme(place) {
        let at = authority_and_path.find('/');
        let (authority, path) = authority_and_path.split_at(at.unwrap_or(authority_and_path.len()));
        let own = base.authority().map_or("", |own| own.as_str());
        if !authority.eq_ignore_ascii_case(own) {
            return Err(Elsewhere::Host);
        }
        path.to_owned()
    } else if place.starts_with('/') {
        place.to_owned()
    } else if place.is_empty() {
        from
    } else {
        let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
        format!("{directory}/{place}")
    };
    let path = without_dots(&path);
    let below = path.strip_prefix(base_path);
    let below = below.filter(|below| below.starts_with('/') || below.is_empty());
    match below {
        Some(below) => Ok((below.to_owned(), query.to_owned())),
        None => Err(Elsewhere::Path),
    }
}

/// Returns the host and what follows, where a reference has one.
fn after_scheme(place: &str) -> Option<&str> {
    if let Some(rest) = place.strip_prefix("//") {
        return Some(rest);
    }
    let (scheme, rest) = place.split_once("://")?;
    (!scheme.contains('/')).then_some(rest)
}

/// Returns a path without its segments `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            ".." if kept.len() > 1 => drop(kept.pop()),
            "." | ".." => {}
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reference: &str, expected: Result<(&str, &str), Elsewhere>) {
        let found = target("http://a:1/v2", "/users/7", reference);
        let expected = expected.map(|(path, query)| (path.to_owned(), query.to_owned()));
        assert_eq!(found, expected, "{reference}");
    }

    #[test]
    fn a_place_on_this_host_is_below_the_base() {
        check("/v2/users", Ok(("/users", "")));
        check("http://a:1/v2/users?limit=1", Ok(("/users", "limit=1")));
        check("HTTP://A:1/v2/users#top", Ok(("/users", "")));
        check("//a:1/v2/users", Ok(("/users", "")));
    }

    #[test]
    fn a_relative_place_is_seen_from_the_request() {
        check("?limit=1&cursor=MQ", Ok(("/users/7", "limit=1&cursor=MQ")));
        check("8", Ok(("/users/8", "")));
        check("./8?a=b", Ok(("/users/8", "a=b")));
        check("../forms/1", Ok(("/forms/1", "")));
        check("8?next=http://b/", Ok(("/users/8", "next=http://b/")));
    }

    #[test]
    fn a_place_outside_of_the_base_is_none_of_the_api() {
        check("/users/1", Err(Elsewhere::Path));
        check("/v20/users/1", Err(Elsewhere::Path));
        check("../../../etc", Err(Elsewhere::Path));
    }

    #[test]
    fn a_place_on_another_host_is_nowhere() {
        check("http://b:1/v2/users", Err(Elsewhere::Host));
        check("//b/v2/users", Err(Elsewhere::Host));
    }
}
