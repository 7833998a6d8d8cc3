//! The `Link` header (RFC 8288), as far as paging needs it.
//!
//! It is read strictly: a header that cannot be read is an error, because
//! whoever takes it for none takes a part of a list for the whole. Only unquoted
//! values of parameters may hold what a token may not, as RFC 8288, appendix
//! B.3, lets a reader allow. We read it ourselves because the readers that there
//! are take what they do not understand for the end.
//!
//! A link with an `anchor` is about something else than the reply, so it is not
//! its next page (RFC 8288, section 3.2).

use std::borrow::Cow;

use http::HeaderMap;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::json::ReadError;
use transcode_core::template::RESERVED;

/// Makes an error of a header that does not fit.
pub(crate) fn misfit(reason: impl Into<String>) -> ReadError {
    ReadError {
        path: "Link".to_owned(),
        reason: reason.into(),
    }
}

/// The target of the first link with `rel="next"`, as it is written; `None` where there
/// is no such link.
///
/// # Errors
///
/// Fails where a header cannot be read.
pub fn next_link(headers: &HeaderMap) -> Result<Option<String>, ReadError> {
    let mut next = None;
    // The lines of a list are one list (RFC 9110, section 5.3). Each is read to
    // its end, so that no error hides behind the link.
    for value in headers.get_all(http::header::LINK) {
        let mut reader = Reader {
            rest: value.as_bytes(),
        };
        while let Some(link) = reader.link()? {
            if link.is_next && next.is_none() {
                next = Some(link.target);
            }
        }
    }
    next.map(|target| {
        std::str::from_utf8(target)
            .map(str::to_owned)
            .map_err(|_| misfit("the target of the next page is not a URI"))
    })
    .transpose()
}

/// The query parameter of this name in the target of the first link with
/// `rel="next"`, decoded; `None` where there is no such link.
///
/// # Errors
///
/// Fails where a header cannot be read, and where the link has no such
/// parameter or one whose value is not text.
pub(crate) fn next_parameter(headers: &HeaderMap, name: &str) -> Result<Option<String>, ReadError> {
    let Some(target) = next_link(headers)? else {
        return Ok(None);
    };
    match parameter(&target, name) {
        Some(Ok(value)) => Ok(Some(value)),
        Some(Err(NotText)) => Err(misfit(format!(
            "the parameter {name:?} of the next page is not text"
        ))),
        None => Err(misfit(format!("the next page has no parameter {name:?}"))),
    }
}

/// The query parameter of this name in the link to the next page, if there is one.
/// `target` is the path and query of the request.
///
/// # Errors
///
/// Fails where the link cannot be read, and where it leads to a next page without the
/// parameter. It fails as well where the link leads back to this page or before it:
/// whoever follows it would never come to the end of the list.
pub(crate) fn next_text(
    headers: &HeaderMap,
    target: &str,
    name: &str,
) -> Result<Option<String>, ReadError> {
    let Some(next) = next_parameter(headers, name)? else {
        return Ok(None);
    };
    if !leads_on(target, name, &next) {
        return Err(misfit(format!(
            "the next page is not behind this one, by its {name:?}"
        )));
    }
    Ok(Some(next))
}

/// The error of a parameter whose text is not a value of its field.
pub(crate) fn does_not_fit(parameter: &str) -> ReadError {
    misfit(format!(
        "the parameter {parameter:?} of the next page does not fit"
    ))
}

/// Returns false if the next page, by its parameter of this name, is the page
/// that was asked for or one before it. Numbers count from zero where a request
/// names none.
pub(crate) fn leads_on(target: &str, name: &str, next: &str) -> bool {
    let present = parameter(target, name).and_then(Result::ok);
    let number = present.as_deref().unwrap_or("0").parse::<i128>();
    match (number, next.parse::<i128>()) {
        (Ok(number), Ok(next)) => next > number,
        _ => present.as_deref() != Some(next),
    }
}

/// The target of the request for the next page, if there is one, which the link
/// names by these parameters. It has the path of the present page, so that a link
/// leads nowhere else, the query of the link, and what only the query of the present
/// page has.
///
/// # Errors
///
/// Fails as [`next_parameter`] does, and where the link does not lead on.
pub(crate) fn next_target(
    headers: &HeaderMap,
    target: &str,
    names: &[&str],
) -> Result<Option<String>, ReadError> {
    for name in names {
        let Some(next) = next_parameter(headers, name)? else {
            return Ok(None);
        };
        if !leads_on(target, name, &next) {
            return Err(does_not_lead_on(name));
        }
    }
    match next_link(headers)? {
        Some(link) if !names.is_empty() => followed(target, &link).map(Some),
        _ => Ok(None),
    }
}

/// The error of a link that leads back to its own page or before it.
pub(crate) fn does_not_lead_on(name: &str) -> ReadError {
    misfit(format!(
        "the next page is not behind this one, by its {name:?}"
    ))
}

/// The target that a link leads to from another one.
fn followed(target: &str, link: &str) -> Result<String, ReadError> {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let of_link = pairs(link)?;
    let mut pairs = of_link.clone();
    for (key, value) in self::pairs(target)? {
        if !of_link.iter().any(|(other, _)| *other == key) {
            pairs.push((key, value));
        }
    }
    let mut followed = path.to_owned();
    for (index, (key, value)) in pairs.iter().enumerate() {
        followed.push(if index == 0 { '?' } else { '&' });
        followed.extend(utf8_percent_encode(key, RESERVED));
        followed.push('=');
        followed.extend(utf8_percent_encode(value, RESERVED));
    }
    Ok(followed)
}

/// The parameters in the query of a URI, decoded.
fn pairs(target: &str) -> Result<Vec<(String, String)>, ReadError> {
    let (target, _fragment) = target.split_once('#').unwrap_or((target, ""));
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode(key)?, decode(value)?))
    });
    decoded
        .collect::<Option<_>>()
        .ok_or_else(|| misfit("a parameter of the next page is not text"))
}

/// A link of a header.
struct Link<'h> {
    target: &'h [u8],
    is_next: bool,
}

/// The rest of a header, byte by byte: a quoted string may hold bytes that are
/// no text (RFC 9110, section 5.5).
struct Reader<'h> {
    rest: &'h [u8],
}

impl<'h> Reader<'h> {
    /// The next link of the list; `None` at the end. Elements may be empty (RFC
    /// 9110, section 5.6.1).
    fn link(&mut self) -> Result<Option<Link<'h>>, ReadError> {
        loop {
            self.blank();
            if !self.eat(b',') {
                break;
            }
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        if !self.eat(b'<') {
            return Err(misfit("expected a link, which begins with \"<\""));
        }
        let target = self.until(|b| b == b'>');
        if !self.eat(b'>') {
            return Err(misfit("expected \">\" behind the target of a link"));
        }
        let mut relation = None;
        let mut is_anchored = false;
        loop {
            self.blank();
            if self.rest.is_empty() || self.eat(b',') {
                break;
            }
            if !self.eat(b';') {
                return Err(misfit("expected a parameter or the end of a link"));
            }
            self.blank();
            let (name, value) = self.parameter()?;
            if name.eq_ignore_ascii_case(b"anchor") {
                is_anchored = true;
            }
            // Of several such parameters only the first counts.
            if name.eq_ignore_ascii_case(b"rel") && relation.is_none() {
                relation = Some(value);
            }
        }
        let relation = relation.unwrap_or_default();
        let mut relations = relation.split(u8::is_ascii_whitespace);
        Ok(Some(Link {
            target,
            is_next: !is_anchored && relations.any(|name| name.eq_ignore_ascii_case(b"next")),
        }))
    }

    /// A parameter, or an empty one between two semicolons. Around the equals
    /// sign there may be blanks.
    fn parameter(&mut self) -> Result<(&'h [u8], Cow<'h, [u8]>), ReadError> {
        let name = self.until(|b| matches!(b, b'=' | b';' | b',' | b' ' | b'\t'));
        self.blank();
        if !self.eat(b'=') {
            return Ok((name, Cow::default()));
        }
        if name.is_empty() || !name.iter().all(|b| is_token(*b)) {
            return Err(misfit("expected the name of a parameter"));
        }
        self.blank();
        if self.eat(b'"') {
            return Ok((name, Cow::Owned(self.quoted()?)));
        }
        let value = self.until(|b| matches!(b, b';' | b',' | b' ' | b'\t' | b'"'));
        Ok((name, Cow::Borrowed(value)))
    }

    /// The rest of a quoted string behind its first quote.
    fn quoted(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut value = Vec::new();
        loop {
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(value);
                }
                [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                    value.push(*byte);
                    self.rest = rest;
                }
                [] => return Err(misfit("expected the end of a quoted string")),
            }
        }
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let rest = self.rest.strip_prefix(&[wanted]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, end: impl Fn(u8) -> bool) -> &'h [u8] {
        let length = self.rest.iter().position(|b| end(*b));
        let (taken, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

struct NotText;

/// The first parameter of this name in the query of a URI, relative or not.
fn parameter(target: &str, name: &str) -> Option<Result<String, NotText>> {
    let (target, _fragment) = target.split_once('#').unwrap_or((target, ""));
    let (_, query) = target.split_once('?')?;
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_wanted = decode(key).is_some_and(|key| key == name);
        is_wanted.then(|| decode(value).ok_or(NotText))
    })
}

/// Undoes the encoding of `application/x-www-form-urlencoded`.
fn decode(text: &str) -> Option<String> {
    let is_encoded = |(index, _): (usize, &str)| {
        let digits = text.get(index + 1..index + 3);
        digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if !text.match_indices('%').all(is_encoded) {
        return None;
    }
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn next(lines: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line).expect("a header value");
            headers.append(http::header::LINK, value);
        }
        next_parameter(&headers, "offset").map_err(|error| error.to_string())
    }

    #[track_caller]
    fn check(link: &str, expected: Option<&str>) {
        let found = next(&[link.as_bytes()]);
        assert_eq!(found, Ok(expected.map(ToOwned::to_owned)), "in {link}");
    }

    #[track_caller]
    fn refuses(link: &str, reason: &str) {
        let found = next(&[link.as_bytes()]);
        assert_eq!(found, Err(format!("Link: {reason}")), "in {link}");
    }

    #[track_caller]
    fn check_leads_on(target: &str, next: &str, expected: bool) {
        assert_eq!(leads_on(target, "page", next), expected, "from {target}");
    }

    #[track_caller]
    fn check_followed(target: &str, link: &str, expected: &str) {
        assert_eq!(followed(target, link).as_deref(), Ok(expected));
    }

    #[test]
    fn a_link_is_followed_below_the_same_path() {
        check_followed("/items", "?page=2", "/items?page=2");
        check_followed("/items", "https://b.example/x?page=2#y", "/items?page=2");
        check_followed("/i", "?a+b=c%26d%3D%C3%A9&&e", "/i?a%20b=c%26d%3D%C3%A9&e=");
    }

    #[test]
    fn what_a_link_does_not_say_stays_as_it_was() {
        check_followed("/i?name=a", "?page=2", "/i?page=2&name=a");
        check_followed(
            "/i?page=2&limit=2",
            "?p%61ge=4&x=y",
            "/i?page=4&x=y&limit=2",
        );
        check_followed("/i?id=1&id=2", "?page=2&id=3", "/i?page=2&id=3");
        check_followed("/i?id=1&id=2", "?page=2", "/i?page=2&id=1&id=2");
    }

    #[test]
    fn a_next_page_is_behind_the_one_that_was_asked_for() {
        check_leads_on("/items?limit=2&page=4", "6", true);
        check_leads_on("/items?limit=2&page=4", "4", false);
        check_leads_on("/items?limit=2&page=4", "2", false);
        check_leads_on("/items", "1", true);
        check_leads_on("/items", "0", false);
        check_leads_on("/items?limit=2", "-5", false);
        check_leads_on("/items?page=abc", "abd", true);
        check_leads_on("/items?page=a%62c", "abc", false);
        check_leads_on("/items", "abc", true);
        check_leads_on("/items?page=abc", "5", true);
    }

    #[test]
    fn the_parameter_of_the_next_link_is_found() {
        check("</items?limit=2&offset=4>; rel=\"next\"", Some("4"));
        check("<https://a.example/items?offset=4#x>; rel=next", Some("4"));
        check("<//a.example?offset=4>; rel=next", Some("4"));
        check("<?offset=4>;rel=next", Some("4"));
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
        check("</i?offset=1&offset=2>; rel=next", Some("1"));
        check("</i?%6Fffset=1>; rel=next", Some("1"));
        check("</i?offset=>; rel=next", Some(""));
    }

    #[test]
    fn parameters_may_be_written_in_many_ways() {
        check("<?offset=4> ; rel = \"next\" ;", Some("4"));
        check("<?offset=4>;;rel=next", Some("4"));
        check("<?offset=4>; flag; rel=next", Some("4"));
        check("<?offset=4>; rel=\"ne\\xt\"", Some("4"));
        check(
            "<?offset=4>; title=\"a \\\"; rel=last\"; rel=next",
            Some("4"),
        );
        check(
            "<?offset=4>; title*=UTF-8''n%c3%a4chste; rel=next",
            Some("4"),
        );
        check("<?offset=4>; rel*=UTF-8''last; rel=next", Some("4"));
        check("<?offset=4>; rel=http://a.example/x; rel=last", None);
        check("<?offset=4>; rel=\"prev\tnext\"", Some("4"));
    }

    #[test]
    fn lists_may_have_several_lines_and_empty_elements() {
        check(" , ,<?offset=4>; rel=next, ,", Some("4"));
        check("", None);
        check(",", None);
        let lines: [&[u8]; 3] = [b"<?offset=1>; rel=prev", b"", b"<?offset=4>; rel=next"];
        assert_eq!(next(&lines), Ok(Some("4".to_owned())));
        let obsolete: &[u8] = b"<?offset=4>; title=\"n\xe4chste\"; rel=next";
        assert_eq!(next(&[obsolete]), Ok(Some("4".to_owned())));
    }

    #[test]
    fn other_links_lead_to_no_next_page() {
        check("</i?offset=4>; rel=\"prev\"", None);
        check("</i?offset=4>", None);
        check("</i?offset=4>; title=\"; rel=next\"; rel=last", None);
        check("</i?offset=4>; rel=last; rel=next", None);
        check("</i?offset=4>; rel=nextpage", None);
        check("</i?offset=4>; rel=next; anchor=\"/other\"", None);
        assert_eq!(next(&[]), Ok(None), "without a header");
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        refuses("nonsense", "expected a link, which begins with \"<\"");
        refuses(
            "/i?offset=4; rel=next",
            "expected a link, which begins with \"<\"",
        );
        refuses(
            "</i?offset=4; rel=next",
            "expected \">\" behind the target of a link",
        );
        refuses(
            "</i?offset=4>; rel=\"next",
            "expected the end of a quoted string",
        );
        refuses(
            "</i?offset=4>; rel=\"next\\\"",
            "expected the end of a quoted string",
        );
        let no_parameter = "expected a parameter or the end of a link";
        refuses("</i?offset=4> rel=next", no_parameter);
        refuses("</i?offset=4>; rel=\"next\" x", no_parameter);
        refuses("</i?offset=4>; rel=next \"x\"", no_parameter);
        refuses("</i?offset=4>; =next", "expected the name of a parameter");
        refuses(
            "</i?offset=4>; rel=next, nonsense",
            "expected a link, which begins with \"<\"",
        );
    }

    #[test]
    fn a_next_page_without_the_parameter_is_an_error() {
        let missing = "the next page has no parameter \"offset\"";
        refuses("</i>; rel=\"next\"", missing);
        refuses("</i?limit=2>; rel=\"next\"", missing);
        refuses("</i#?offset=4>; rel=\"next\"", missing);
        refuses("<>; rel=\"next\"", missing);
        let no_text = "the parameter \"offset\" of the next page is not text";
        refuses("</i?offset=%FF>; rel=next", no_text);
        refuses("</i?offset=%4>; rel=next", no_text);
        let target: &[u8] = b"</i?offset=\xff>; rel=next";
        let reason = "Link: the target of the next page is not a URI";
        assert_eq!(next(&[target]), Err(reason.to_owned()));
    }

    proptest! {
        /// Whatever stands in a quoted string, it ends where it ends.
        #[test]
        fn quoted_strings_hide_nothing(title in "[ -~]{0,20}", offset in "[0-9]{1,5}") {
            let escaped = title.replace('\\', "\\\\").replace('"', "\\\"");
            let link = format!("<?offset=0>; rel=prev; title=\"{escaped}\", <?offset={offset}>; title=\"{escaped}\"; rel=next");
            prop_assert_eq!(next(&[link.as_bytes()]), Ok(Some(offset)));
        }

        /// No header makes the reader panic or go on for ever.
        #[test]
        fn any_header_is_read_or_refused(line in "[ -~\\t\u{80}-\u{ff}]{0,40}") {
            let _ = next(&[line.as_bytes()]);
        }
    }
}
