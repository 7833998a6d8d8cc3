//! Whether recorded exchanges are whole, and true to an OpenAPI document.
//!
//! There is one for every operation and every status that the document declares, but
//! for those that no test can reach. Each is named after its operation, and has the
//! method, path, token, content type, headers and bodies that the operation has.
//! Directories below the one that is given may hold some of them.
//! None contradicts itself, and errors carry what the document promises. Values fit their
//! schemas.

mod contradictions;
mod declared;
mod errors;
#[cfg(test)]
mod tests;
mod twice;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::recorded::{RecordedExchange, RecordedPart, RecordedRequest};
use serde_json::Value;

use self::contradictions::{contradictions, wrong_picture};
use self::declared::{Body, Declared, Response, base, declared, is_path};
use self::errors::{UNAUTHORIZED, wrong_error, wrong_token};
use self::twice::member_twice;
use crate::release::{ReleaseError, read_all};
use crate::report::{Direction, Finding, Level, Location, OperationList};
use crate::verify::{self, Against, CaptureError, Hints, Model};

/// Why recorded exchanges cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum ExchangesError {
    /// The directory cannot be read.
    #[error(transparent)]
    Read(#[from] ReleaseError),
    /// An exchange cannot be read.
    #[error(transparent)]
    Captured(#[from] CaptureError),
}

/// Statuses whose requests need not have the body that the operation asks for: that
/// may be what is wrong with them.
const OF_BAD_REQUESTS: [u16; 4] = [400, 411, 413, 415];

/// Requests with this status have a body of a content type that nobody asked for.
const UNSUPPORTED: u16 = 415;

/// Returns what is missing, or not true, of the exchanges in a directory and those below
/// it. Every status in `unreachable` may lack its exchange; a key is a status, or an
/// operation and a status: `getUser 429`. A bad request has no schema to keep.
///
/// # Errors
///
/// The directory cannot be read.
pub fn judge(
    directory: &Path,
    against: &Against,
    unreachable: &BTreeMap<String, String>,
) -> Result<Vec<Finding>, ExchangesError> {
    let mut found = check(directory, against, unreachable)?;
    // What is no exchange of an operation has no schemas to keep.
    let is_readable = found.iter().all(|finding| {
        finding.id != "exchange-malformed" && finding.id != "exchange-unknown-operation"
    });
    if is_readable {
        for directory in with_exchanges(directory)? {
            found.extend(verify::recorded(&directory, against)?.findings);
        }
    }
    found.retain(|finding| {
        let file = finding.revision.as_ref().map_or("", |place| &*place.source);
        finding.direction != Some(Direction::Request) || !has_bad_request(Path::new(file))
    });
    Ok(found)
}

/// A directory and those below it, as far as they hold exchanges.
fn with_exchanges(directory: &Path) -> Result<BTreeSet<PathBuf>, ReleaseError> {
    let files = read_all(directory)?;
    let parents = files.keys().filter_map(|path| path.parent());
    Ok(parents.map(|parent| directory.join(parent)).collect())
}

/// Returns what is missing, or not true but for the values in bodies.
fn check(
    directory: &Path,
    against: &Against,
    unreachable: &BTreeMap<String, String>,
) -> Result<Vec<Finding>, ReleaseError> {
    let (document, hints) = against.api();
    let operations = declared(document.value());
    let base = base(document.value());
    let model = Model::new(document);
    let mut found = Vec::new();
    let mut hosts: Vec<(String, String, String)> = Vec::new();
    let mut seen: BTreeSet<(String, u16)> = BTreeSet::new();
    let mut shown: BTreeSet<(String, u16, String)> = BTreeSet::new();
    for (path, content) in read_all(directory)? {
        let file = directory.join(&path).display().to_string();
        let exchange: RecordedExchange = match serde_json::from_slice(&content) {
            Ok(exchange) => exchange,
            Err(error) => {
                let message = format!("{file} is no recorded exchange: {error}; restore it");
                found.push(wrong("exchange-malformed", &file, "", message));
                continue;
            }
        };
        if let Some(pointer) = member_twice(&content) {
            let message = format!("{file} has {pointer} twice, and readers take one of them");
            found.push(wrong("exchange-malformed", &file, &pointer, message));
        }
        hosts
            .extend(exchange_hosts(&exchange).map(|(host, pointer)| (host, file.clone(), pointer)));
        let Some(operation) = operations.get(&exchange.operation) else {
            let message = format!(
                "{file} is of `{}`, and the document has no operation of that id",
                exchange.operation
            );
            found.push(wrong(
                "exchange-unknown-operation",
                &file,
                "/operation",
                message,
            ));
            continue;
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem(
            &exchange.operation,
            operation,
            exchange.response.status.as_u16(),
        );
        if is_numbered(&name, &stem) {
            seen.insert((
                exchange.operation.clone(),
                exchange.response.status.as_u16(),
            ));
        } else {
            let message = format!(
                "{file} is of `{}` with the status {}, so it is called {stem}.json",
                exchange.operation, exchange.response.status
            );
            found.push(wrong("exchange-misnamed", &file, "/operation", message));
        }
        let mut one = One {
            file: &file,
            exchange: &exchange,
            operations: &operations,
            base: &base,
            model: &model,
            hints: &hints,
            found: &mut found,
        };
        one.request_line(operation);
        one.token(operation);
        one.request_body(operation);
        one.response(operation);
        one.truth(operation);
        let response = &exchange.response;
        let names = response.headers.keys();
        shown.extend(names.map(|name| {
            let name = name.to_ascii_lowercase();
            (exchange.operation.clone(), response.status.as_u16(), name)
        }));
    }
    found.extend(other_hosts(&hosts));
    found.extend(missing(directory, &operations, unreachable, &seen, &shown));
    Ok(found)
}

/// The hosts that the links of a reply lead to, and where these stand.
fn exchange_hosts(exchange: &RecordedExchange) -> impl Iterator<Item = (String, String)> {
    let links = ["Location", "Link"].into_iter().filter_map(|name| {
        let given = exchange.response.header(name)?;
        let (_, rest) = given.split_once("://")?;
        let host = rest.split(['/', '?', '#', '>']).next()?;
        Some((
            host.to_ascii_lowercase(),
            format!("/response/headers/{name}"),
        ))
    });
    links.collect::<Vec<_>>().into_iter()
}

/// Links of one API lead to one host, whichever it is: what leads to another than most do
/// leads away.
fn other_hosts(hosts: &[(String, String, String)]) -> Vec<Finding> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (host, ..) in hosts {
        *counts.entry(host).or_default() += 1;
    }
    let usual = counts.iter().max_by_key(|(_, count)| **count);
    let Some((usual, most)) = usual.map(|(host, count)| (*host, *count)) else {
        return Vec::new();
    };
    let away = hosts
        .iter()
        .filter(|(host, ..)| host != usual && 2 * counts[host.as_str()] < most);
    let found = away.map(|(host, file, pointer)| {
        let message = format!("{file}: it leads to {host}, where the others lead to {usual}");
        wrong("exchange-contradiction", file, pointer, message)
    });
    found.collect()
}

/// Returns what no exchange shows. `seen` are the statuses that one shows, and `shown` the
/// headers with these.
fn missing(
    directory: &Path,
    operations: &BTreeMap<String, Declared>,
    unreachable: &BTreeMap<String, String>,
    seen: &BTreeSet<(String, u16)>,
    shown: &BTreeSet<(String, u16, String)>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, operation) in operations {
        for (status, response) in &operation.responses {
            let file = format!("{}.json", stem(id, operation, *status));
            let file = directory.join(file).display().to_string();
            let is_excused = [status.to_string(), format!("{id} {status}")]
                .iter()
                .any(|key| unreachable.contains_key(key));
            if !is_excused && !seen.contains(&(id.clone(), *status)) {
                let message = format!(
                    "no exchange shows `{id}` with the status {status}, which the document \
                     declares; record one as {}.json",
                    stem(id, operation, *status)
                );
                found.push(wrong("exchange-missing", &file, "", message));
            }
            if !seen.contains(&(id.clone(), *status)) {
                continue;
            }
            // What need not be there in each reply is there in one of them.
            for (name, header) in &response.headers {
                let is_shown = shown.contains(&(id.clone(), *status, name.clone()));
                if !header.required && !is_shown {
                    let message = format!(
                        "no exchange of `{id}` with the status {status} shows the header {}, \
                         which the document declares; record one that has it",
                        header.name
                    );
                    found.push(wrong(
                        "exchange-headers",
                        &file,
                        "/response/headers",
                        message,
                    ));
                }
            }
        }
    }
    found
}

/// Returns whether an exchange says that its request was bad, so that the request has
/// nothing to keep.
fn has_bad_request(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let mut parts = stem.split('-').skip(1);
    parts.any(|part| {
        OF_BAD_REQUESTS
            .iter()
            .any(|status| part == status.to_string())
    })
}

/// The name of the file of an exchange, without its number and its extension.
fn stem(id: &str, operation: &Declared, status: u16) -> String {
    if operation.success() == Some(status) {
        id.to_owned()
    } else {
        format!("{id}-{status}")
    }
}

/// Returns whether a name is a stem, or one with a number from 2 on behind it.
fn is_numbered(name: &str, stem: &str) -> bool {
    let Some(rest) = name.strip_prefix(stem) else {
        return false;
    };
    let number = rest.strip_prefix('-').and_then(|rest| rest.parse().ok());
    // A number of three digits is a status.
    rest.is_empty() || number.is_some_and(|number: u16| (2..100).contains(&number))
}

fn wrong(id: &str, file: &str, pointer: &str, message: String) -> Finding {
    Finding {
        id: id.to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location {
            source: file.to_owned(),
            pointer: pointer.to_owned(),
            line: None,
        }),
        message,
    }
}

/// An exchange that is judged.
struct One<'a> {
    file: &'a str,
    exchange: &'a RecordedExchange,
    operations: &'a BTreeMap<String, Declared>,
    base: &'a str,
    model: &'a Model,
    hints: &'a Hints,
    found: &'a mut Vec<Finding>,
}

impl One<'_> {
    fn wrong(&mut self, id: &str, pointer: &str, message: &str) {
        let exchange = self.exchange;
        let message = format!("{}: {message}", self.file);
        let mut finding = wrong(id, self.file, pointer, message);
        finding.operation = Some(format!("{} {}", exchange.method, exchange.path_template));
        self.found.push(finding);
    }

    fn status(&self) -> u16 {
        self.exchange.response.status.as_u16()
    }

    fn request_line(&mut self, operation: &Declared) {
        let exchange = self.exchange;
        if exchange.method != operation.method {
            let message = format!(
                "its method is {}, and that of `{}` is {}",
                exchange.method, exchange.operation, operation.method
            );
            self.wrong("exchange-other-method", "/method", &message);
        }
        if exchange.path_template != operation.path {
            let message = format!(
                "its template is {}, and that of `{}` is {}",
                exchange.path_template, exchange.operation, operation.path
            );
            self.wrong("exchange-other-template", "/pathTemplate", &message);
        }
        let mut path = exchange.path_template.clone();
        for (name, value) in &exchange.path_parameters {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let decoded = percent_encoding::percent_decode_str(&exchange.path).decode_utf8_lossy();
        if path != decoded {
            let message = format!("its path is {decoded}, and template and parameters make {path}");
            self.wrong("exchange-other-path", "/path", &message);
        }
        let variables = exchange.path_parameters.keys();
        let strange: Vec<_> = variables
            .filter(|name| !exchange.path_template.contains(&format!("{{{name}}}")))
            .cloned()
            .collect();
        for name in strange {
            let message = format!("its template has no variable `{name}`");
            let pointer = format!("/pathParameters/{name}");
            self.wrong("exchange-other-path", &pointer, &message);
        }
    }

    fn token(&mut self, operation: &Declared) {
        let lacks = operation.needs_token && !self.exchange.authenticated;
        if lacks && self.status() != UNAUTHORIZED {
            let message = "it has no token, and the operation needs one";
            self.wrong("exchange-without-token", "/authenticated", message);
        }
        if let Some((pointer, message)) =
            wrong_token(self.exchange).filter(|_| operation.needs_token)
        {
            self.wrong("exchange-with-token", &pointer, &message);
        }
    }

    /// What the error carries, and what contradicts what.
    fn truth(&mut self, stated: &Declared) {
        let exchange = self.exchange;
        let mut operations = self.model.operations.iter();
        let Some(operation) = operations.find(|operation| {
            operation.method.as_str() == stated.method && operation.path == stated.path
        }) else {
            return;
        };
        for (pointer, message) in wrong_error(self.model, self.hints, operation, exchange) {
            self.wrong("exchange-error", &pointer, &message);
        }
        for (pointer, message) in contradictions(self.model, operation, exchange) {
            let is_told = |finding: &Finding| {
                finding.revision.as_ref().is_some_and(|place| {
                    place.source == self.file && place.pointer.eq_ignore_ascii_case(&pointer)
                })
            };
            if self.found.iter().any(is_told) {
                continue;
            }
            self.wrong("exchange-contradiction", &pointer, &message);
        }
    }

    fn request_body(&mut self, operation: &Declared) {
        let status = self.status();
        let Some(declared) = &operation.body else {
            if self.exchange.request.is_some() {
                let message = "it sends a body, and the operation takes none";
                self.wrong("exchange-request-body", "/request", message);
            }
            return;
        };
        let may_lack = !declared.required || OF_BAD_REQUESTS.contains(&status);
        let Some(request) = &self.exchange.request else {
            if !may_lack || status == UNSUPPORTED {
                let message = "it sends no body, and the operation needs one";
                self.wrong("exchange-request-body", "", message);
            }
            return;
        };
        let is_declared = declared.types.contains(&request.content_type);
        if is_declared == (status == UNSUPPORTED) {
            let message = if is_declared {
                format!(
                    "it sends {}, which the operation takes",
                    request.content_type
                )
            } else {
                format!(
                    "it sends {}, and the operation takes {}",
                    request.content_type,
                    declared.types.join(", ")
                )
            };
            self.wrong("exchange-content-type", "/request/contentType", &message);
        }
        if let Some(part) = &request.part
            && is_declared
        {
            self.part(declared, part);
        }
        if !may_lack && is_empty(request) {
            let message = "the body that it sends is empty; restore it";
            self.wrong("exchange-emptied", "/request/body", message);
        }
    }

    fn part(&mut self, declared: &Body, part: &RecordedPart) {
        let pointer = "/request/part";
        let Some(types) = declared.parts.get(&part.name) else {
            let names: Vec<_> = declared.parts.keys().map(String::as_str).collect();
            let message = format!(
                "it sends the part `{}`, and the operation takes {}",
                part.name,
                names.join(", ")
            );
            return self.wrong("exchange-request-body", pointer, &message);
        };
        if !types.is_empty() && !types.contains(&part.content_type) {
            let message = format!(
                "its part is {}, and the operation takes {}",
                part.content_type,
                types.join(", ")
            );
            self.wrong("exchange-content-type", pointer, &message);
        }
        let is_encoded = part.content_transfer_encoding == "base64";
        let content = STANDARD.decode(&part.body).ok().filter(|_| is_encoded);
        let Some(content) = content else {
            let message = "its part is not encoded in base64";
            return self.wrong("exchange-request-body", pointer, message);
        };
        if let Some(message) = wrong_picture(part, &content) {
            self.wrong("exchange-contradiction", pointer, &message);
        }
    }

    fn response(&mut self, operation: &Declared) {
        let response = &self.exchange.response;
        let Some(declared) = operation.responses.get(&self.status()) else {
            let statuses: Vec<_> = operation.responses.keys().map(u16::to_string).collect();
            let message = format!(
                "its status is {}, and the operation declares {}",
                self.status(),
                statuses.join(", ")
            );
            return self.wrong("exchange-undeclared-status", "/response/status", &message);
        };
        match (declared.has_body, &response.body) {
            (true, None) => {
                let message = "its reply has no body, and the operation declares one";
                self.wrong("exchange-response-body", "/response", message);
            }
            (false, Some(_)) => {
                let message = "its reply has a body, and the operation declares none";
                self.wrong("exchange-response-body", "/response/body", message);
            }
            (true, Some(body)) if is_nothing(body) => {
                let message = "the body of its reply is empty; restore it";
                self.wrong("exchange-emptied", "/response/body", message);
            }
            _ => {}
        }
        if declared.has_body != response.content_type.is_some() {
            let message = if declared.has_body {
                "its reply has no content type"
            } else {
                "its reply has a content type, and the operation declares no body"
            };
            self.wrong("exchange-content-type", "/response/contentType", message);
        }
        self.headers(declared);
    }

    fn headers(&mut self, declared: &Response) {
        let response = &self.exchange.response;
        for header in declared.headers.values().filter(|header| header.required) {
            if response.header(&header.name).is_none() {
                let message = format!(
                    "its reply lacks the header {}, which the operation declares",
                    header.name
                );
                self.wrong("exchange-headers", "/response/headers", &message);
            }
        }
        for (name, value) in &response.headers {
            let lower = name.to_ascii_lowercase();
            let pointer = format!("/response/headers/{name}");
            if !declared.headers.contains_key(&lower) {
                let message = format!(
                    "its reply has the header {name}, which the operation does not declare"
                );
                self.wrong("exchange-headers", &pointer, &message);
                continue;
            }
            let leads = |target: &str| is_path(self.operations, self.base, target);
            let is_right = match lower.as_str() {
                "location" => leads(value),
                "link" => target(value).is_some_and(leads),
                _ => true,
            };
            if value.trim().is_empty() {
                let message = format!("its {name} is empty; restore it");
                self.wrong("exchange-emptied", &pointer, &message);
            } else if !is_right {
                let message = format!("its {name} is `{value}`, which no operation reads");
                self.wrong("exchange-headers", &pointer, &message);
            }
        }
    }
}

/// The target of a link (RFC 8288).
fn target(link: &str) -> Option<&str> {
    let (target, _) = link.trim().strip_prefix('<')?.split_once('>')?;
    Some(target)
}

fn is_empty(request: &RecordedRequest) -> bool {
    match (&request.body, &request.part) {
        (Some(body), _) => is_nothing(body),
        (None, Some(part)) => part.body.is_empty(),
        (None, None) => true,
    }
}

fn is_nothing(body: &Value) -> bool {
    match body {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
