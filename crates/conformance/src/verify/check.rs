//! Judges one exchange after the other and remembers what it has seen.
//!
//! Where an exchange comes from does not matter here: it may have just taken
//! place, or have been captured long ago. No finding quotes a value, other than
//! one that an enum should have, since a report ends up in logs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use contract::error::Code;
use contract::operation::{BASE_PATH, BodyInfo, OperationInfo, ReplyBody, TypeInfo, Upload};
use http::header::{CONTENT_TYPE, LINK, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};

use super::schema::{self, Problem, Visit};
use crate::multipart;
use crate::report::{self, Coverage, Direction, Finding, Level, Location};

/// The file that findings point into.
pub(crate) const DOCUMENT: &str = "openapi/openapi.json";

const REQUEST_ID: &str = "x-request-id";

/// A request as it was sent.
pub(crate) struct Sent<'a> {
    /// The decoded names and values of the query, in order.
    pub(crate) query: &'a [(String, String)],
    /// The headers, where they are known.
    pub(crate) headers: Option<&'a HeaderMap>,
}

impl Sent<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A reply as it came.
pub(crate) struct Received<'a> {
    pub(crate) status: StatusCode,
    /// The headers, where they are known. What was recorded without its headers
    /// is not asked for them.
    pub(crate) headers: Option<&'a HeaderMap>,
    /// The body, where it is known.
    pub(crate) body: Option<&'a [u8]>,
}

/// Judges exchanges.
#[derive(Default)]
pub(crate) struct Checker {
    pub(crate) findings: Vec<Finding>,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    operations: BTreeSet<String>,
    statuses: BTreeSet<String>,
    properties: BTreeSet<String>,
    enum_values: BTreeSet<String>,
}

impl Visit for Seen {
    fn property(&mut self, name: &str) {
        self.properties.insert(name.to_owned());
    }

    fn enum_value(&mut self, name: &str, value: &str) {
        self.enum_values.insert(format!("{name}={value}"));
    }
}

/// An operation as a person writes it.
pub(crate) fn title(operation: &OperationInfo) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// The place of an operation in the OpenAPI document.
fn pointer(operation: &OperationInfo) -> String {
    let method = operation.method.as_str().to_lowercase();
    format!("/paths/{}/{method}", schema::escape(operation.path))
}

/// The operation that a path below the base is of, and the values of the
/// variables in it, still encoded. A path without variables comes before one
/// with some.
pub(crate) fn route(
    method: &Method,
    path: &str,
) -> Option<(&'static OperationInfo, Vec<(&'static str, String)>)> {
    contract::catalogue()
        .iter()
        .filter(|it| it.method == *method)
        .filter_map(|it| Some((it, variables(it.path, path)?)))
        .min_by_key(|(_, variables)| variables.len())
}

/// The values of the variables of a template in a path that fits it.
pub(crate) fn variables(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
    let (wanted, given) = (template.split('/'), path.trim_end_matches('/').split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut variables = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        match wanted.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(_) if given.is_empty() => return None,
            Some(name) => variables.push((name, given.to_owned())),
            None if wanted == given => {}
            None => return None,
        }
    }
    Some(variables)
}

/// The statuses that the OpenAPI document lists for each operation.
pub(crate) fn documented(operation: &OperationInfo) -> &'static BTreeSet<u16> {
    static STATUSES: LazyLock<BTreeMap<&'static str, BTreeSet<u16>>> = LazyLock::new(|| {
        let document = contract::openapi::openapi();
        let of = |it: &OperationInfo| {
            let responses = document.pointer(&format!("{}/responses", pointer(it)));
            let responses = responses.and_then(Value::as_object).into_iter().flatten();
            responses.filter_map(|(it, _)| it.parse().ok()).collect()
        };
        let catalogue = contract::catalogue().iter();
        catalogue.map(|it| (it.id, of(it))).collect()
    });
    static NONE: BTreeSet<u16> = BTreeSet::new();
    STATUSES.get(operation.id).unwrap_or(&NONE)
}

impl Checker {
    /// Notes a finding about an operation. `below` is where it is described,
    /// below the operation in the OpenAPI document.
    pub(crate) fn find(
        &mut self,
        operation: &OperationInfo,
        level: Level,
        id: &str,
        below: &str,
        seen_in: &str,
        message: String,
    ) {
        let direction = match id.split('-').next() {
            Some("request") => Some(Direction::Request),
            Some("response") => Some(Direction::Response),
            _ => None,
        };
        self.findings.push(Finding {
            id: id.to_owned(),
            level,
            direction,
            operation: Some(title(operation)),
            base: Some(Location {
                source: DOCUMENT.to_owned(),
                pointer: format!("{}{below}", pointer(operation)),
                line: None,
            }),
            revision: Some(Location {
                source: seen_in.to_owned(),
                pointer: String::new(),
                line: None,
            }),
            message,
        });
    }

    fn problems(
        &mut self,
        operation: &OperationInfo,
        direction: Direction,
        seen_in: &str,
        what: &str,
        problems: Vec<Problem>,
    ) {
        let prefix = match direction {
            Direction::Request => "request",
            Direction::Response => "response",
        };
        for problem in problems {
            let place = match problem.pointer.as_str() {
                "" => what.to_owned(),
                pointer => format!("{pointer} in {what}"),
            };
            self.findings.push(Finding {
                id: format!("{prefix}-{}", problem.kind),
                level: Level::Error,
                direction: Some(direction),
                operation: Some(title(operation)),
                base: Some(Location {
                    source: DOCUMENT.to_owned(),
                    pointer: problem.schema,
                    line: None,
                }),
                revision: Some(Location {
                    source: seen_in.to_owned(),
                    pointer: problem.pointer,
                    line: None,
                }),
                message: format!("{place} {}", problem.message),
            });
        }
    }

    /// Judges the path, the query and the body of a request.
    pub(crate) fn request(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        path: &[(&'static str, String)],
        sent: &Sent<'_>,
        body: Option<&[u8]>,
    ) {
        let path: Vec<_> = path
            .iter()
            .map(|(name, value)| ((*name).to_owned(), decode(value)))
            .collect();
        self.parameters(
            operation,
            seen_in,
            &operation.path_parameters,
            "the path",
            &path,
        );
        self.parameters(
            operation,
            seen_in,
            &operation.query_parameters,
            "the query",
            sent.query,
        );
        let Some(body) = body else {
            return;
        };
        let media_type = sent.headers.map(|it| text(it, CONTENT_TYPE.as_str()));
        match operation.body {
            BodyInfo::None => {}
            BodyInfo::Upload { part } => {
                let content_type = media_type.unwrap_or_default();
                self.upload(operation, seen_in, part, &content_type, body);
            }
            BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
                if let Some(found) = media_type.filter(|it| !is_json(it)) {
                    let found = found.split(';').next().unwrap_or_default();
                    self.find(
                        operation,
                        Level::Error,
                        "request-wrong-content-type",
                        "/requestBody",
                        seen_in,
                        format!("the body is sent as `{found}`; application/json is expected"),
                    );
                }
                let Some(document) = operation.body.document() else {
                    return;
                };
                match serde_json::from_slice(body) {
                    Ok(value) => {
                        let problems = schema::request(document).problems(&value);
                        let what = "the request body";
                        self.problems(operation, Direction::Request, seen_in, what, problems);
                    }
                    Err(error) => self.find(
                        operation,
                        Level::Error,
                        "request-body-not-json",
                        "/requestBody",
                        seen_in,
                        format!("the request body is not JSON: {error}"),
                    ),
                }
            }
        }
    }

    fn upload(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        part: &str,
        content_type: &str,
        body: &[u8],
    ) {
        let problem = match multipart::parse(content_type, body) {
            Err(error) => error.to_string(),
            Ok(parts) => match parts.iter().find(|it| it.name.as_deref() == Some(part)) {
                None => format!("no part is named `{part}`"),
                Some(found) => {
                    let given = found.content_type.as_deref().unwrap_or_default();
                    if Upload::CONTENT_TYPES.contains(&given) {
                        return;
                    }
                    format!(
                        "the part `{part}` must be one of {}",
                        Upload::CONTENT_TYPES.join(", ")
                    )
                }
            },
        };
        let message = format!("the upload is not as the contract has it: {problem}");
        self.find(
            operation,
            Level::Error,
            "request-invalid-upload",
            "/requestBody",
            seen_in,
            message,
        );
    }

    fn parameters(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        of: &TypeInfo,
        place: &str,
        given: &[(String, String)],
    ) {
        let document = &of.views().create;
        let properties = &document.root()["properties"];
        let mut values = Map::new();
        for (name, text) in given {
            let Some(property) = properties.get(name) else {
                self.find(
                    operation,
                    Level::Error,
                    "request-undeclared-parameter",
                    "/parameters",
                    seen_in,
                    format!(
                        "`{}` in {place} is not declared in the contract",
                        brief(name)
                    ),
                );
                continue;
            };
            let repeated = values.contains_key(name);
            let value = typed(&document.definitions, property, text);
            values.insert(name.clone(), value);
            if repeated {
                self.find(
                    operation,
                    Level::Error,
                    "request-repeated-parameter",
                    "/parameters",
                    seen_in,
                    format!("`{name}` is given more than once in {place}"),
                );
            }
        }
        let mut problems = schema::request(document).problems(&values.into());
        for problem in &mut problems {
            // The type of parameters is not published; its members stand with the operation.
            problem.schema = format!("{}/parameters", pointer(operation));
        }
        self.problems(operation, Direction::Request, seen_in, place, problems);
    }

    /// Judges a reply. With `expected` it has to be of that status.
    pub(crate) fn reply(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        sent: &Sent<'_>,
        reply: &Received<'_>,
        expected: Option<StatusCode>,
    ) {
        let status = reply.status;
        self.seen.operations.insert(title(operation));
        let below = format!("/responses/{}", status.as_u16());
        let is_documented = documented(operation).contains(&status.as_u16());
        if is_documented {
            let seen = format!("{} {}", title(operation), status.as_u16());
            self.seen.statuses.insert(seen);
        }
        if let Some(expected) = expected.filter(|it| *it != status) {
            let why = reply.body.and_then(reason).unwrap_or_default();
            self.find(
                operation,
                Level::Error,
                "response-unexpected-status",
                &format!("/responses/{}", expected.as_u16()),
                seen_in,
                format!("answers {status}{why}; {expected} is expected here"),
            );
        } else if !is_documented {
            // The document has a `default` for errors that any call can meet with, and a
            // redirect or 304 can come from what stands between.
            let level = if status.is_success() {
                Level::Error
            } else {
                Level::Warning
            };
            let known: Vec<_> = documented(operation).iter().map(u16::to_string).collect();
            self.find(
                operation,
                level,
                "response-undocumented-status",
                "/responses",
                seen_in,
                format!("answers {status}; documented are {}", known.join(", ")),
            );
        }
        if let Some(headers) = reply.headers {
            self.request_id(operation, seen_in, &below, sent, headers);
        }
        if status == operation.status {
            self.success(operation, seen_in, &below, sent, reply);
        } else if status.is_client_error() || status.is_server_error() {
            self.failure(operation, seen_in, &below, reply, expected == Some(status));
        }
    }

    fn request_id(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        sent: &Sent<'_>,
        headers: &HeaderMap,
    ) {
        let chosen = sent.headers.and_then(|it| it.get(REQUEST_ID));
        let message = match (headers.get(REQUEST_ID), chosen) {
            (None, _) => "the reply has no X-Request-Id, by which it could be found in logs",
            (Some(found), Some(chosen)) if found != chosen => {
                "the reply has another X-Request-Id than the request chose"
            }
            _ => return,
        };
        self.find(
            operation,
            Level::Error,
            "response-wrong-request-id",
            &format!("{below}/headers/X-Request-Id"),
            seen_in,
            message.to_owned(),
        );
    }

    fn success(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        sent: &Sent<'_>,
        reply: &Received<'_>,
    ) {
        let partial = sent.parameter("select").is_some();
        let strict = schema::reply(operation, partial);
        let mut value = None;
        match (&strict, reply.body) {
            (None, Some(body)) if !body.is_empty() => self.find(
                operation,
                Level::Error,
                "response-unexpected-body",
                below,
                seen_in,
                "the reply has a body, and none is declared".to_owned(),
            ),
            (Some(strict), Some(body)) => {
                value = self.json(operation, seen_in, below, reply.headers, body);
                if let Some(value) = &value {
                    let problems = strict.problems(value);
                    self.problems(
                        operation,
                        Direction::Response,
                        seen_in,
                        "the reply",
                        problems,
                    );
                }
            }
            _ => {}
        }
        if let (Some(of), Some(value)) = (operation.reply.body.of(), &value) {
            let document = &of.views().read;
            match operation.reply.body {
                ReplyBody::List(_) => {
                    for item in value.as_array().into_iter().flatten() {
                        schema::walk(document, Some(item), &mut self.seen);
                    }
                }
                _ => schema::walk(document, Some(value), &mut self.seen),
            }
        }
        let limit = sent.parameter("limit").and_then(|it| it.parse().ok());
        if let (Some(Value::Array(items)), Some(limit)) = (&value, limit)
            && items.len() > limit
        {
            let id = "response-list-too-long";
            let message = format!(
                "the list has {} elements, and limit is {limit}",
                items.len()
            );
            self.find(operation, Level::Error, id, below, seen_in, message);
        }
        let Some(headers) = reply.headers else {
            return;
        };
        if operation.reply.has_location
            && let Some(message) = wrong_location(headers, value.as_ref())
        {
            let below = format!("{below}/headers/Location");
            let id = "response-wrong-location";
            self.find(operation, Level::Error, id, &below, seen_in, message);
        }
        if matches!(operation.reply.body, ReplyBody::List(_))
            && let Some(message) = wrong_link(operation, sent, headers)
        {
            let below = format!("{below}/headers/Link");
            let id = "response-wrong-link";
            self.find(operation, Level::Error, id, &below, seen_in, message);
        }
    }

    fn failure(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        reply: &Received<'_>,
        provoked: bool,
    ) {
        let Some(body) = reply.body else {
            return;
        };
        let Some(value) = self.json(operation, seen_in, below, reply.headers, body) else {
            return;
        };
        let what = format!("the error {}", reply.status.as_u16());
        let problems = schema::error().problems(&value);
        let is_valid = problems.is_empty();
        self.problems(operation, Direction::Response, seen_in, &what, problems);
        let status = reply.status.as_u16();
        if is_valid && value["error"]["code"] != status {
            let message = format!("/error/code in {what} is another status than the reply has");
            let id = "response-wrong-error-code";
            self.find(operation, Level::Error, id, below, seen_in, message);
        }
        // Only those that were asked for are certain, and HTTP is more precise about one of them.
        let provoked = provoked && reply.status != StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let code = serde_json::from_value::<Code>(value["error"]["status"].clone());
        if is_valid
            && provoked
            && let Ok(code) = code
            && code.http_status() != reply.status
        {
            let message = format!("/error/status in {what} is a code of another status");
            let id = "response-wrong-error-code";
            self.find(operation, Level::Error, id, below, seen_in, message);
        }
    }

    fn json(
        &mut self,
        operation: &OperationInfo,
        seen_in: &str,
        below: &str,
        headers: Option<&HeaderMap>,
        body: &[u8],
    ) -> Option<Value> {
        if let Some(headers) = headers {
            let found = text(headers, CONTENT_TYPE.as_str());
            if !is_json(&found) {
                let found = found.split(';').next().unwrap_or_default();
                self.find(
                    operation,
                    Level::Error,
                    "response-wrong-content-type",
                    &format!("{below}/content"),
                    seen_in,
                    format!("the content type is `{found}`; application/json is expected"),
                );
            }
        }
        match serde_json::from_slice(body) {
            Ok(value) => Some(value),
            Err(error) => {
                self.find(
                    operation,
                    Level::Error,
                    "response-body-not-json",
                    &format!("{below}/content"),
                    seen_in,
                    format!("the body is not JSON: {error}"),
                );
                None
            }
        }
    }

    /// What was seen of the contract, and what was not.
    pub(crate) fn coverage(&self) -> Coverage {
        let mut all = Seen::default();
        for operation in contract::catalogue() {
            all.operations.insert(title(operation));
            for status in documented(operation) {
                all.statuses
                    .insert(format!("{} {status}", title(operation)));
            }
            if let Some(of) = operation.reply.body.of() {
                schema::walk(&of.views().read, None, &mut all);
            }
        }
        coverage(&all, &self.seen)
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|it| it.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// The decoded names and values of a query.
pub(crate) fn query(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|it| !it.is_empty());
    let decoded = |text: &str| decode(&text.replace('+', " "));
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// The message of an error, for a person to read on.
fn reason(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = value["error"]["message"].as_str()?;
    Some(format!(
        " ({})",
        message.chars().take(200).collect::<String>()
    ))
}

/// A name for a report.
fn brief(name: &str) -> String {
    name.chars().take(40).collect()
}

/// The JSON value that a parameter stands for.
fn typed(definitions: &contract::schema::Definitions, schema: &Value, text: &str) -> Value {
    let mut schema = schema;
    while let Some(target) = schema["$ref"]
        .as_str()
        .and_then(|it| it.strip_prefix("#/$defs/"))
        .and_then(|it| definitions.get(it))
    {
        schema = target;
    }
    let is = |name: &str| match &schema["type"] {
        Value::Array(types) => types.iter().any(|it| it == name),
        only => only == name,
    };
    if is("array") {
        let items = text.split(',');
        return items
            .map(|item| typed(definitions, &schema["items"], item))
            .collect();
    }
    let number = is("integer") || is("number");
    match text.parse::<Value>() {
        Ok(value) if number && value.is_number() => value,
        Ok(value) if is("boolean") && value.is_boolean() => value,
        _ => text.into(),
    }
}

/// What is wrong with the place of something new.
fn wrong_location(headers: &HeaderMap, created: Option<&Value>) -> Option<String> {
    let Some(location) = headers.get(LOCATION).and_then(|it| it.to_str().ok()) else {
        return Some("the reply has no Location, although something was created".to_owned());
    };
    let path = below_base(location);
    let Some((_, variables)) = route(&Method::GET, &path) else {
        return Some("Location is not the path of anything that can be read".to_owned());
    };
    // A reply that is the new resource itself has its ID.
    let id = created.and_then(|it| it["id"].as_str())?;
    let last = variables.last().map(|(_, value)| value.as_str());
    (last != Some(id)).then(|| "Location names another ID than the body".to_owned())
}

/// Whether a URL is one of the API.
pub(crate) fn has_base(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.contains(&format!("{BASE_PATH}/"))
}

/// The path of a URL or a path below the base path of the API.
pub(crate) fn below_base(location: &str) -> String {
    let path = match location.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => location,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let below = path.find(&format!("{BASE_PATH}/"));
    below
        .map_or(path, |at| &path[at + BASE_PATH.len()..])
        .to_owned()
}

/// What is wrong with the way to the next page.
fn wrong_link(operation: &OperationInfo, sent: &Sent<'_>, headers: &HeaderMap) -> Option<String> {
    let link = headers.get(LINK)?;
    let Some((target, offset)) = next_page(link.to_str().unwrap_or_default()) else {
        return Some(
            "Link is not of the form `<…?limit=…&offset=…>; rel=\"next\"` (RFC 8288)".to_owned(),
        );
    };
    if route(&Method::GET, &below_base(&target)).map(|(it, _)| it.id) != Some(operation.id) {
        return Some("Link leads to another operation than the list".to_owned());
    }
    let Some(limit) = sent
        .parameter("limit")
        .and_then(|it| it.parse::<u64>().ok())
    else {
        return Some("Link names a next page, although the list is whole".to_owned());
    };
    let before = sent.parameter("offset").and_then(|it| it.parse().ok());
    let expected = before.unwrap_or(0_u64).saturating_add(limit);
    (offset != expected).then(|| format!("Link leads to offset {offset}, and not to {expected}"))
}

/// The target of the link to the next page, and the offset in it.
pub(crate) fn next_page(link: &str) -> Option<(String, u64)> {
    let links = link.split(',').map(str::trim);
    let mut next = links.filter(|it| it.contains("rel=\"next\"") || it.contains("rel=next"));
    let target = next.next()?.strip_prefix('<')?.split_once('>')?.0;
    let (_, text) = target.split_once('?')?;
    let offset = query(text).into_iter().find(|(name, _)| name == "offset")?;
    Some((target.to_owned(), offset.1.parse().ok()?))
}

fn coverage(all: &Seen, seen: &Seen) -> Coverage {
    let part = |all: &BTreeSet<String>, seen: &BTreeSet<String>| report::Seen {
        seen: all.intersection(seen).cloned().collect(),
        unseen: all.difference(seen).cloned().collect(),
    };
    Coverage {
        operations: part(&all.operations, &seen.operations),
        statuses: part(&all.statuses, &seen.statuses),
        properties: part(&all.properties, &seen.properties),
        enum_values: part(&all.enum_values, &seen.enum_values),
    }
}
