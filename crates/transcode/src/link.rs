//! The `Link` header (RFC 8288), as far as paging needs it.

use percent_encoding::percent_decode_str;

/// The query parameter of this name in the target of the first link with
/// `rel="next"`, decoded.
pub(crate) fn next_parameter(headers: &http::HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(http::header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(links)
        .find(|(_, parameters)| is_next(parameters))
        .and_then(|(target, _)| parameter(target, name))
}

/// The links of a header value, each with its target and its parameters.
fn links(value: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = value;
    // A comma or semicolon may stand in a target, so the angle brackets lead.
    while let Some((target, behind)) = rest
        .split_once('<')
        .and_then(|(_, behind)| behind.split_once('>'))
    {
        let end = unquoted(behind, b',');
        links.push((target, &behind[..end]));
        rest = &behind[end..];
    }
    links
}

/// Where the first such byte outside of quotes is, or the end.
fn unquoted(text: &str, wanted: u8) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == wanted && !quoted => return index,
            _ => {}
        }
    }
    text.len()
}

fn is_next(parameters: &str) -> bool {
    let mut rest = parameters;
    loop {
        let (parameter, behind) = rest.split_at(unquoted(rest, b';'));
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            // Of several such parameters only the first counts.
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            return relations.any(|relation| relation.eq_ignore_ascii_case("next"));
        }
        match behind.strip_prefix(';') {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
}

fn parameter(target: &str, name: &str) -> Option<String> {
    let query = target.split_once('?')?.1;
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key)? == name).then(|| decode(value)).flatten()
    })
}

fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(link: &str, expected: Option<&str>) {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::LINK, link.parse().expect("a header value"));
        assert_eq!(
            next_parameter(&headers, "offset").as_deref(),
            expected,
            "in {link}"
        );
    }

    #[test]
    fn the_parameter_of_the_next_link_is_found() {
        check("</items?limit=2&offset=4>; rel=\"next\"", Some("4"));
        check("<https://a.example/items?offset=4#x>; rel=next", Some("4"));
        check(
            "</i?offset=0>; rel=\"prev\", </i?offset=4>; rel=\"next\"",
            Some("4"),
        );
        check(
            "</i?a=1,2;3&offset=4>; title=\"a, b\"; rel=\"last next\"",
            Some("4"),
        );
        check("</i?offset=a%20b%2Bc+d>; REL=\"Next\"", Some("a b+c d"));
        check("</i?OFFSET=1&offset=2>; rel=next", Some("2"));
    }

    #[test]
    fn other_links_have_none() {
        check("</i?offset=4>; rel=\"prev\"", None);
        check("</i?offset=4>", None);
        check("</i>; rel=\"next\"", None);
        check("</i?limit=2>; rel=\"next\"", None);
        check("nonsense", None);
        check("</i?offset=4; rel=next", None);
        check("</i?offset=4>; title=\"; rel=next\"; rel=last", None);
        check("</i?offset=4>; rel=last; rel=next", None);
        check("</i?offset=%FF>; rel=next", None);
    }

    #[test]
    fn no_header_has_none() {
        assert_eq!(next_parameter(&http::HeaderMap::new(), "offset"), None);
    }
}
