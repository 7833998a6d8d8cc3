//! Path templates of `google.api.http`: parsing, filling and matching.
//!
//! The grammar is that of `google/api/http.proto`:
//!
//! ```text
//! Template = "/" Segments [ Verb ] ;
//! Segments = Segment { "/" Segment } ;
//! Segment  = "*" | "**" | LITERAL | Variable ;
//! Variable = "{" FieldPath [ "=" Segments ] "}" ;
//! Verb     = ":" LITERAL ;
//! ```
//!
//! Filling is the inverse of matching: whatever bytes the variables hold, the
//! path that they fill matches the template again and yields the same values.
//! This module never decodes a path twice and never lets a value change the
//! number of segments it stands in.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::violation::Violation;

/// Why a variable without a value cannot be filled in.
const REQUIRED: &str = "is required, because it is part of the path";

/// Everything but the unreserved characters of RFC 3986, section 2.3.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A parsed path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<'a> {
    /// The segments between the slashes.
    pub segments: Cow<'a, [Segment<'a>]>,
    /// The custom verb behind the last segment, without its colon.
    pub verb: Option<&'a str>,
}

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// `{field}` or `{field=pattern}`.
    Variable {
        /// The dotted path of the bound field, from the request message.
        field: &'a str,
        /// What the value has to look like; `{field}` is short for `{field=*}`.
        pattern: Cow<'a, [Pattern<'a>]>,
    },
}

/// One segment of a variable's pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// `*`: exactly one segment.
    Any,
    /// `**`: any number of segments. Always the last of the template.
    Rest,
}

/// Why a template is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path template {template:?}, at byte {at}: {reason}")]
pub struct ParseError {
    template: String,
    at: usize,
    reason: &'static str,
}

impl<'a> Template<'a> {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// Fails with the position of the first thing that the grammar does not
    /// allow, on a `**` that is not last, on nested variables, and on a field
    /// that is bound twice.
    pub fn parse(template: &'a str) -> Result<Self, ParseError> {
        let mut parser = Parser { template, at: 0 };
        parser.expect('/', "a template begins with a slash")?;
        let mut segments = vec![parser.segment()?];
        while parser.eat('/') {
            segments.push(parser.segment()?);
        }
        let verb = if parser.eat(':') {
            Some(parser.literal("a verb is expected behind the colon")?)
        } else {
            None
        };
        if parser.at < template.len() {
            return Err(parser.error("a slash, a verb or the end is expected"));
        }
        let template = Self {
            segments: Cow::Owned(segments),
            verb,
        };
        let mut fields: Vec<_> = template.fields().collect();
        fields.sort_unstable();
        if fields.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(parser.error("a field is bound more than once"));
        }
        let last = template.segments.len() - 1;
        let early = template.segments.iter().enumerate().any(|(at, segment)| {
            let Segment::Variable { pattern, .. } = segment else {
                return false;
            };
            let end = if at == last {
                pattern.len() - 1
            } else {
                pattern.len()
            };
            pattern[..end].contains(&Pattern::Rest)
        });
        if early {
            return Err(parser.error("`**` has to be the last segment"));
        }
        Ok(template)
    }

    /// The fields that the template binds, in their order.
    pub fn fields(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Variable { field, .. } => Some(*field),
            Segment::Literal(_) => None,
        })
    }

    /// Fills the variables in and returns the path, percent-encoded.
    ///
    /// `value` is asked for each field. `None` means that it is not set, an
    /// error that its value cannot be written.
    ///
    /// # Errors
    ///
    /// Names every variable without a usable value at once. A value is not
    /// usable if it is not set, empty, `.` or `..` in any of its segments (a
    /// path with these is another path), or does not match its pattern.
    pub fn fill<'v>(
        &self,
        mut value: impl FnMut(&str) -> Result<Option<Cow<'v, str>>, String>,
    ) -> Result<String, Vec<Violation>> {
        let mut path = String::new();
        let mut errors = Vec::new();
        for segment in self.segments.iter() {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Variable { field, pattern } => {
                    let filled = value(field)
                        .and_then(|value| value.ok_or_else(|| REQUIRED.to_owned()))
                        .and_then(|value| fill_variable(&value, pattern, &mut path));
                    if let Err(reason) = filled {
                        errors.push(Violation {
                            field: (*field).to_owned(),
                            description: reason,
                        });
                    }
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if let Some(verb) = self.verb {
            path.push(':');
            path.push_str(verb);
        }
        Ok(path)
    }

    /// Matches a percent-encoded path and returns the value of each variable,
    /// or `None` where the path is not one of this template.
    #[must_use]
    pub fn matches(&self, path: &str) -> Option<Vec<(&'a str, String)>> {
        let path = match self.verb {
            Some(verb) => path.strip_suffix(verb)?.strip_suffix(':')?,
            None => path,
        };
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let mut variables = Vec::new();
        let mut rest = parts.as_slice();
        for segment in self.segments.iter() {
            match segment {
                Segment::Literal(text) => rest = match_one(Pattern::Literal(text), rest)?,
                Segment::Variable { field, pattern } => {
                    let before = rest;
                    for pattern in pattern.iter() {
                        rest = match_one(*pattern, rest)?;
                    }
                    let taken = &before[..before.len() - rest.len()];
                    let value = taken
                        .iter()
                        .map(|part| percent_decode_str(part).decode_utf8().ok())
                        .collect::<Option<Vec<_>>>()?;
                    variables.push((*field, value.join("/")));
                }
            }
        }
        rest.is_empty().then_some(variables)
    }
}

/// What is left of the parts behind those that the pattern takes.
fn match_one<'p>(pattern: Pattern<'_>, parts: &'p [&'p str]) -> Option<&'p [&'p str]> {
    let (first, rest) = match pattern {
        Pattern::Rest => return Some(&[]),
        _ => parts.split_first()?,
    };
    let taken = match pattern {
        Pattern::Literal(text) => *first == text,
        Pattern::Any | Pattern::Rest => !first.is_empty(),
    };
    taken.then_some(rest)
}

/// Appends a value to the path, or says what keeps it out.
fn fill_variable(value: &str, pattern: &[Pattern<'_>], path: &mut String) -> Result<(), String> {
    if let [Pattern::Any] = pattern {
        path.push_str(&encoded(value)?);
        return Ok(());
    }
    let mut parts = value.split('/');
    // Nothing is pushed for `**` where no parts are left, not even its slash.
    let mut filled: Vec<String> = Vec::new();
    for part in pattern {
        match part {
            Pattern::Literal(text) if parts.next() == Some(*text) => {
                filled.push((*text).to_owned());
            }
            Pattern::Literal(_) => return Err(mismatch(pattern)),
            Pattern::Any => {
                filled.push(encoded(parts.next().ok_or_else(|| mismatch(pattern))?)?);
            }
            Pattern::Rest => {
                for part in parts.by_ref() {
                    filled.push(encoded(part)?);
                }
            }
        }
    }
    if parts.next().is_some() {
        return Err(mismatch(pattern));
    }
    path.push_str(&filled.join("/"));
    Ok(())
}

/// One segment, percent-encoded.
fn encoded(part: &str) -> Result<String, String> {
    match part {
        "" => Err("must not be empty, because it is part of the path".to_owned()),
        "." | ".." => Err(format!(
            "must not be {part:?}, which would lead to another path"
        )),
        _ => Ok(utf8_percent_encode(part, RESERVED).to_string()),
    }
}

fn mismatch(pattern: &[Pattern<'_>]) -> String {
    format!("must have the form {:?}", joined(pattern))
}

fn joined(pattern: &[Pattern<'_>]) -> String {
    let parts: Vec<_> = pattern.iter().map(ToString::to_string).collect();
    parts.join("/")
}

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Literal(text) => text,
            Self::Any => "*",
            Self::Rest => "**",
        })
    }
}

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Variable { field, pattern } if **pattern == [Pattern::Any] => {
                write!(f, "{{{field}}}")
            }
            Self::Variable { field, pattern } => write!(f, "{{{field}={}}}", joined(pattern)),
        }
    }
}

/// Writes the template as it is written in an annotation.
impl fmt::Display for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in self.segments.iter() {
            write!(f, "/{segment}")?;
        }
        match self.verb {
            Some(verb) => write!(f, ":{verb}"),
            None => Ok(()),
        }
    }
}

struct Parser<'a> {
    template: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn segment(&mut self) -> Result<Segment<'a>, ParseError> {
        if self.template[self.at..].starts_with('*') {
            return Err(self.error("a wildcard outside of a variable has no value to send"));
        }
        if !self.eat('{') {
            return Ok(Segment::Literal(self.literal("a segment is expected")?));
        }
        let field = self.field_path()?;
        let mut pattern = Vec::new();
        if self.eat('=') {
            pattern.push(self.pattern()?);
            while self.eat('/') {
                pattern.push(self.pattern()?);
            }
        } else {
            pattern.push(Pattern::Any);
        }
        self.expect('}', "a variable ends with a closing brace")?;
        Ok(Segment::Variable {
            field,
            pattern: Cow::Owned(pattern),
        })
    }

    fn pattern(&mut self) -> Result<Pattern<'a>, ParseError> {
        if self.template[self.at..].starts_with('{') {
            return Err(self.error("variables do not nest"));
        }
        if !self.eat('*') {
            return Ok(Pattern::Literal(self.literal("a segment is expected")?));
        }
        Ok(if self.eat('*') {
            Pattern::Rest
        } else {
            Pattern::Any
        })
    }

    fn field_path(&mut self) -> Result<&'a str, ParseError> {
        let path = self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let identifiers = path
            .split('.')
            .all(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        if identifiers {
            Ok(path)
        } else {
            Err(self.error("a field path is expected, such as `name` or `parent.name`"))
        }
    }

    /// A literal in the form in which it goes into the path: the characters
    /// that RFC 3986 allows in a segment, less those of the grammar.
    fn literal(&mut self, otherwise: &'static str) -> Result<&'a str, ParseError> {
        let start = self.at;
        let text = self.take(|c| c.is_ascii_alphanumeric() || "-._~!$&'()+,;@%".contains(c));
        if text.is_empty() {
            return Err(self.error(otherwise));
        }
        if matches!(text, "." | "..") {
            return Err(self.error("`.` and `..` are not segments of a path"));
        }
        for (index, _) in text.match_indices('%') {
            let digits = text.get(index + 1..index + 3);
            if !digits.is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit())) {
                self.at = start + index;
                return Err(self.error("a percent sign is followed by two hexadecimal digits"));
            }
        }
        Ok(text)
    }

    fn take(&mut self, allowed: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.template[self.at..];
        let end = rest.find(|c| !allowed(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.template[self.at..].starts_with(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn expect(&mut self, wanted: char, otherwise: &'static str) -> Result<(), ParseError> {
        if self.eat(wanted) {
            Ok(())
        } else {
            Err(self.error(otherwise))
        }
    }

    fn error(&self, reason: &'static str) -> ParseError {
        ParseError {
            template: self.template.to_owned(),
            at: self.at,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn valid(template: &str, fields: &[&str]) {
        let parsed = Template::parse(template).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            parsed.fields().collect::<Vec<_>>(),
            fields,
            "fields of {template}"
        );
        assert_eq!(
            parsed.to_string(),
            template,
            "a template prints as it is written"
        );
    }

    #[track_caller]
    fn invalid(template: &str, at: usize, reason: &str) {
        let error = Template::parse(template).expect_err(template);
        assert_eq!((error.at, error.reason), (at, reason), "for {template}");
    }

    #[test]
    fn valid_templates() {
        valid("/items", &[]);
        valid("/v1/items/{item_id}", &["item_id"]);
        valid("/v1/{parent.name}/items/{id}", &["parent.name", "id"]);
        valid("/v1/{name=shelves/*/books/*}", &["name"]);
        valid("/v1/{name=shelves/*}/books", &["name"]);
        valid("/files/{path=**}", &["path"]);
        valid("/v1/{name=files/**}:download", &["name"]);
        valid("/v1/items:batchGet", &[]);
        valid("/v1/items/{id}:undelete", &["id"]);
        valid("/a%20b/c", &[]);
        valid("/a.b/~c-d_e", &[]);
    }

    #[test]
    fn invalid_templates() {
        let segment = "a segment is expected";
        let end = "a slash, a verb or the end is expected";
        let field = "a field path is expected, such as `name` or `parent.name`";
        invalid("", 0, "a template begins with a slash");
        invalid("items", 0, "a template begins with a slash");
        invalid("/", 1, segment);
        invalid("//items", 1, segment);
        invalid("/items/", 7, segment);
        invalid("/items?x=1", 6, end);
        invalid("/items#top", 6, end);
        invalid("/a b", 2, end);
        invalid("/{", 2, field);
        invalid("/{}", 2, field);
        invalid("/{1a}", 4, field);
        invalid("/{a.}", 4, field);
        invalid("/{a..b}", 6, field);
        invalid("/{a", 3, "a variable ends with a closing brace");
        invalid("/{a}b", 4, end);
        invalid("/{a=}", 4, segment);
        invalid("/{a={b}}", 4, "variables do not nest");
        invalid("/{a}/{a}", 8, "a field is bound more than once");
        invalid(
            "/a/*",
            3,
            "a wildcard outside of a variable has no value to send",
        );
        invalid(
            "/**",
            1,
            "a wildcard outside of a variable has no value to send",
        );
        invalid("/{a=**/b}", 9, "`**` has to be the last segment");
        invalid("/{a=**}/b", 9, "`**` has to be the last segment");
        invalid("/a:", 3, "a verb is expected behind the colon");
        invalid("/a:b:c", 4, end);
        invalid(
            "/a%2",
            2,
            "a percent sign is followed by two hexadecimal digits",
        );
        invalid("/a/..", 5, "`.` and `..` are not segments of a path");
    }

    #[track_caller]
    fn fills(template: &str, values: &[(&str, &str)], expected: &str) {
        let template = Template::parse(template).expect("the template is valid");
        let path = template.fill(|field| Ok(lookup(values, field)));
        assert_eq!(path.as_deref(), Ok(expected));
    }

    #[track_caller]
    fn refuses(template: &str, values: &[(&str, &str)], fields: &[&str]) {
        let template = Template::parse(template).expect("the template is valid");
        let errors = template
            .fill(|field| Ok(lookup(values, field)))
            .expect_err("the values do not fit");
        let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, fields);
    }

    fn lookup<'v>(values: &[(&str, &'v str)], field: &str) -> Option<Cow<'v, str>> {
        let found = values.iter().find(|(name, _)| *name == field)?;
        Some(Cow::Borrowed(found.1))
    }

    #[test]
    fn reserved_bytes_are_encoded() {
        fills("/i/{id}", &[("id", "a/b")], "/i/a%2Fb");
        fills("/i/{id}", &[("id", "%2F")], "/i/%252F");
        fills("/i/{id}", &[("id", "ü ?#:")], "/i/%C3%BC%20%3F%23%3A");
        fills("/i/{id}:go", &[("id", "x:go")], "/i/x%3Ago:go");
        fills("/f/{p=**}", &[("p", "a/b c")], "/f/a/b%20c");
        fills("/{n=s/*/b/*}/x", &[("n", "s/1/b/2?")], "/s/1/b/2%3F/x");
        fills("/{n=s/**}", &[("n", "s")], "/s");
        fills("/{n=a@b/*}", &[("n", "a@b/@")], "/a@b/%40");
        fills("/{n=s/**}", &[("n", "s/1/2")], "/s/1/2");
    }

    #[test]
    fn values_that_would_change_the_path_are_refused() {
        for value in ["", ".", ".."] {
            refuses("/i/{id}", &[("id", value)], &["id"]);
        }
        for value in ["a//b", "a/../b", "./a", "a/", "/a", ""] {
            refuses("/f/{p=**}", &[("p", value)], &["p"]);
        }
        for value in ["s", "s/1", "s/1/b", "x/1/b/2", "s/1/b/2/3", "s//b/2"] {
            refuses("/{n=s/*/b/*}", &[("n", value)], &["n"]);
        }
    }

    #[test]
    fn every_missing_variable_is_named_at_once() {
        refuses("/{a}/{b}/{c}", &[("b", "x")], &["a", "c"]);
    }

    #[track_caller]
    fn no_match(template: &str, path: &str) {
        let template = Template::parse(template).expect("the template is valid");
        assert_eq!(template.matches(path), None, "{template} against {path}");
    }

    #[test]
    fn other_paths_do_not_match() {
        no_match("/a/{b}", "/a");
        no_match("/a/{b}", "/a/");
        no_match("/a/{b}", "/a/b/c");
        no_match("/a/{b}", "a/b");
        no_match("/a/{b}:go", "/a/b");
        no_match("/a/{b}", "/x/b");
        no_match("/a/{b}", "/a/%FF");
    }

    /// A segment of any text, rich in the bytes that mean something in a path.
    fn segment() -> impl Strategy<Value = String> {
        "([a-z]|[/%?#:{}*=.~ ]|%2[Ff]|\\PC){1,8}".prop_filter("dot segments are refused", |s| {
            !matches!(s.as_str(), "." | "..")
        })
    }

    proptest! {
        #[test]
        fn matching_recovers_what_was_filled_in(a in segment(), b in segment()) {
            let template = Template::parse("/x/{a}/y/{b.c}:verb").expect("valid");
            let path = template
                .fill(|field| Ok(Some(Cow::Borrowed(if field == "a" { &*a } else { &*b }))))
                .expect("the values fit");
            let expected = vec![("a", a), ("b.c", b)];
            prop_assert_eq!(template.matches(&path), Some(expected), "{}", path);
        }

        #[test]
        fn matching_recovers_multi_segment_variables(
            parts in proptest::collection::vec(
                segment().prop_map(|s| s.replace('/', "_")).prop_filter("dots", |s| !matches!(s.as_str(), "." | "..")),
                1..5,
            ),
            id in segment(),
        ) {
            let value = format!("s/{}", parts.join("/"));
            let template = Template::parse("/v1/{id}/{name=s/**}").expect("valid");
            let path = template
                .fill(|field| Ok(Some(Cow::Borrowed(if field == "id" { &*id } else { &*value }))))
                .expect("the values fit");
            let expected = vec![("id", id), ("name", value)];
            prop_assert_eq!(template.matches(&path), Some(expected), "{}", path);
        }
    }
}
