//! Makes a recorded exchange of a captured one, and keeps it if it is of a new
//! kind.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::recorded::{RecordedExchange, RecordedPart, recorded};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::error::RecordError;
use super::operations::{Operation, Operations};
use super::redact::{Fingerprint, Redactor};
use crate::multipart;
use crate::verify::check::{decode, query};
use crate::verify::{bare, is_json};

/// The content type of a form with a file.
const FORM: &str = "multipart/form-data";

/// What is recorded in place of a file that is somebody's.
const EXAMPLE: &str = "An example.";

/// How many kinds of exchange are kept of one operation with one status.
const MOST_KINDS: usize = 50;

/// An exchange as it passed by, with everything that is private in it.
pub(crate) struct Captured {
    pub(crate) method: Method,
    /// The path and the query.
    pub(crate) target: String,
    pub(crate) authorized: bool,
    /// The content type of the request; empty where it has none.
    pub(crate) content_type: String,
    pub(crate) request: Vec<u8>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) response: Vec<u8>,
}

/// A redacted exchange and what tells its kind.
pub(crate) struct Redacted {
    /// The name of the file, without a number and its extension.
    stem: String,
    kind: String,
    pub(crate) exchange: Value,
}

/// Why an exchange is not recorded.
#[derive(Debug)]
pub(crate) enum Unrecorded {
    /// It is of no operation.
    NoOperation,
    /// Recorded exchanges have no form for the body of the request.
    Body {
        /// The path of the operation.
        path: String,
        /// What kind of body it is.
        why: &'static str,
    },
}

impl Captured {
    /// Returns the exchange without anything private.
    pub(crate) fn redact(
        &self,
        operations: &Operations,
        redactor: &Redactor,
    ) -> Result<Redacted, Unrecorded> {
        let (path, text) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let routed = operations.route(&self.method, operations.below_base(path));
        let (operation, variables) = routed.ok_or(Unrecorded::NoOperation)?;
        let definitions = &operations.definitions;
        let mut fingerprint = Fingerprint::default();
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name, decode(&value)));
        let of = &operation.path_parameters;
        let variables = redactor.parameters(definitions, of, variables, &mut fingerprint);
        let pairs = query(text);
        let of = &operation.query_parameters;
        let pairs = redactor.parameters(definitions, of, pairs, &mut fingerprint);

        let mut exchange = Map::new();
        exchange.insert("operation".into(), operation.id.clone().into());
        exchange.insert("method".into(), self.method.as_str().into());
        exchange.insert("pathTemplate".into(), operation.path.clone().into());
        exchange.insert("path".into(), filled(operation, &variables).into());
        if !variables.is_empty() {
            exchange.insert("pathParameters".into(), variables.into());
        }
        if !pairs.is_empty() {
            exchange.insert("query".into(), pairs.into());
        }
        exchange.insert("authenticated".into(), self.authorized.into());
        fingerprint.add_all(&[
            if self.authorized {
                "authorized"
            } else {
                "anonymous"
            },
            ">",
        ]);
        let request = self.request(operations, operation, redactor, &mut fingerprint);
        let request = request.map_err(|why| Unrecorded::Body {
            path: operation.path.clone(),
            why,
        })?;
        if let Some(request) = request {
            exchange.insert("request".into(), request);
        }
        fingerprint.add_all(&["<"]);
        let mut response = Map::new();
        response.insert("status".into(), self.status.as_u16().into());
        let headers = self.headers(operations, operation, redactor);
        for name in headers.keys() {
            fingerprint.add_all(&[name]);
        }
        let body = self.response(operations, operation, redactor, &mut fingerprint);
        if let (Some(_), Some(content_type)) = (&body, self.header(CONTENT_TYPE.as_str())) {
            let bare = content_type.split(';').next().unwrap_or_default();
            response.insert("contentType".into(), bare.trim().into());
        }
        if !headers.is_empty() {
            response.insert("headers".into(), headers.into());
        }
        if let Some(body) = body {
            response.insert("body".into(), body);
        }
        exchange.insert("response".into(), response.into());
        let kind = format!(
            "{} {} {}",
            operation.id,
            self.status.as_u16(),
            fingerprint.as_str()
        );
        let status = self.status.as_u16();
        let stem = if status == operation.success {
            operation.id.clone()
        } else {
            format!("{}-{status}", operation.id)
        };
        Ok(Redacted {
            stem,
            kind,
            exchange: exchange.into(),
        })
    }

    /// The body of the request, or else why there is no form for it.
    fn request(
        &self,
        operations: &Operations,
        operation: &Operation,
        redactor: &Redactor,
        fingerprint: &mut Fingerprint,
    ) -> Result<Option<Value>, &'static str> {
        if self.request.is_empty() {
            return Ok(None);
        }
        let given = bare(&self.content_type);
        if operations.are_built_in && operation.body.is_none() {
            // What was uploaded is somebody's picture. The contract has one of nobody.
            let known = recorded(&operation.id);
            let known = known.and_then(|known| known.request.as_ref()?.part.as_ref());
            return Ok(known.map(|part| {
                recorded_part(&part.name, &part.filename, &part.content_type, &part.body)
            }));
        }
        if given == FORM && !operation.parts.is_empty() {
            let part = self.part(operation)?;
            fingerprint.add_all(&[part["part"]["name"].as_str().unwrap_or_default()]);
            return Ok(Some(part));
        }
        let Some(schema) = &operation.body else {
            return if operation.takes_body {
                Err("its body is neither JSON nor a form with one file")
            } else {
                // What is sent although nothing is declared is nothing to show.
                Ok(None)
            };
        };
        let body = serde_json::from_slice::<Value>(&self.request);
        let body = body.map_err(|_| "its body is not JSON")?;
        let body = redactor.value(&operations.definitions, schema, &body, fingerprint);
        let content_type = match given.as_str() {
            given if is_json(given) => given,
            _ => "application/json",
        };
        Ok(Some(json!({ "contentType": content_type, "body": body })))
    }

    /// The one part of a form, with another content than somebody's file.
    fn part(&self, operation: &Operation) -> Result<Value, &'static str> {
        let parts = multipart::parse(&self.content_type, &self.request);
        let parts = parts.map_err(|_| "its body is no form that can be read")?;
        let [part] = parts.as_slice() else {
            return Err("its form has more than one part, and a recorded exchange has one");
        };
        let name = part.name.as_deref().unwrap_or_default();
        if !operation.parts.contains(name) {
            return Err("its form has a part that is not declared");
        }
        let content_type = part.content_type.as_deref().map(bare);
        let content_type = content_type
            .as_deref()
            .unwrap_or("application/octet-stream");
        let content = STANDARD.encode(EXAMPLE);
        Ok(recorded_part(name, "example", content_type, &content))
    }

    fn response(
        &self,
        operations: &Operations,
        operation: &Operation,
        redactor: &Redactor,
        fingerprint: &mut Fingerprint,
    ) -> Option<Value> {
        let body: Value = serde_json::from_slice(&self.response).ok()?;
        let schema = operation.reply(self.status.as_u16());
        Some(redactor.value(&operations.definitions, schema, &body, fingerprint))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The headers of the reply that the operation declares, with fakes of what is
    /// private in them.
    fn headers(
        &self,
        operations: &Operations,
        operation: &Operation,
        redactor: &Redactor,
    ) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, schema) in operation.headers(self.status.as_u16()) {
            let Some(value) = self.header(name) else {
                continue;
            };
            let value = match name.to_ascii_lowercase().as_str() {
                // The body says it.
                "content-type" => None,
                "location" => reference(value, operations, redactor),
                "link" => link(value, operations, redactor),
                // What follows are realms and names of files.
                "www-authenticate" => value.split_whitespace().next().map(str::to_owned),
                "content-disposition" => value.split(';').next().map(str::to_owned),
                _ => {
                    let declared = Map::from_iter([(name.clone(), schema.clone())]);
                    let given = [(name.clone(), value.to_owned())];
                    let none = &mut Fingerprint::default();
                    let definitions = &operations.definitions;
                    let fakes = redactor.parameters(definitions, &declared, given, none);
                    fakes[name].as_str().map(str::to_owned)
                }
            };
            kept.extend(value.map(|value| (name.clone(), value.into())));
        }
        kept
    }
}

/// A part as exchanges have it; the content is encoded.
fn recorded_part(name: &str, filename: &str, content_type: &str, content: &str) -> Value {
    json!({
        "contentType": FORM,
        "part": {
            "name": name,
            "filename": filename,
            "contentType": content_type,
            "contentTransferEncoding": "base64",
            "body": content,
        },
    })
}

/// A reference to an operation that reads, with the fakes of what stands in it. The
/// host is left out.
fn reference(value: &str, operations: &Operations, redactor: &Redactor) -> Option<String> {
    let (operation, variables) = operations.route(&Method::GET, operations.below_base(value))?;
    let definitions = &operations.definitions;
    let none = &mut Fingerprint::default();
    let variables = variables
        .into_iter()
        .map(|(name, value)| (name, decode(&value)));
    let of = &operation.path_parameters;
    let variables = redactor.parameters(definitions, of, variables, none);
    let path = format!("{}{}", operations.base(), filled(operation, &variables));
    let Some((_, text)) = value.split_once('?') else {
        return Some(path);
    };
    let of = &operation.query_parameters;
    let pairs = redactor.parameters(definitions, of, query(text), none);
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value.as_str().unwrap_or(""))))
        .collect();
    Some(format!("{path}?{}", pairs.join("&")))
}

/// The first link of a header (RFC 8288), without other parameters than its relation. A link
/// with a host has that of the document, since the other may be private.
fn link(value: &str, operations: &Operations, redactor: &Redactor) -> Option<String> {
    let (target, rest) = value.trim().strip_prefix('<')?.split_once('>')?;
    let origin = if target.contains("://") {
        operations.origin()
    } else {
        ""
    };
    let target = reference(target, operations, redactor)?;
    let first = rest.split(',').next().unwrap_or_default();
    let mut parameters = first.split(';').map(str::trim);
    let relation = parameters.find(|parameter| parameter.starts_with("rel="))?;
    Some(format!("<{origin}{target}>; {relation}"))
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn filled(operation: &Operation, variables: &Map<String, Value>) -> String {
    let mut path = operation.path.clone();
    for (name, value) in variables {
        let value = value.as_str().unwrap_or_default();
        path = path.replace(&format!("{{{name}}}"), &encode(value));
    }
    path
}

/// The exchanges in a directory.
pub(crate) struct Archive {
    directory: PathBuf,
    kinds: BTreeSet<String>,
    /// What was told to be left out.
    left_out: BTreeSet<String>,
}

impl Archive {
    /// Opens a directory, which is made where there is none. The kinds of exchange
    /// that it holds are not recorded again.
    pub(crate) fn open(
        directory: &Path,
        operations: &Operations,
        redactor: &Redactor,
    ) -> Result<Self, RecordError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| RecordError::File { path, source }
        };
        fs::create_dir_all(directory).map_err(failed(directory))?;
        let mut kinds = BTreeSet::new();
        for entry in fs::read_dir(directory).map_err(failed(directory))? {
            let path = entry.map_err(failed(directory))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read(&path).map_err(failed(&path))?;
            // A file of somebody else's is left alone.
            let Ok(exchange) = serde_json::from_slice(&text) else {
                continue;
            };
            let redacted = captured(&exchange).map(|of| of.redact(operations, redactor));
            if let Some(Ok(redacted)) = redacted {
                kinds.insert(redacted.kind);
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            kinds,
            left_out: BTreeSet::new(),
        })
    }

    /// Returns whether it was not told yet that something is left out.
    pub(crate) fn leaves_out(&mut self, what: String) -> bool {
        self.left_out.insert(what)
    }

    /// Writes an exchange if there is none of its kind, and returns the name of
    /// the file.
    pub(crate) fn keep(&mut self, redacted: &Redacted) -> Result<Option<PathBuf>, RecordError> {
        if self.kinds.contains(&redacted.kind) {
            return Ok(None);
        }
        let stem = &redacted.stem;
        let mut names = (1..=MOST_KINDS).map(|number| match number {
            1 => format!("{stem}.json"),
            _ => format!("{stem}-{number}.json"),
        });
        let Some(path) = names
            .by_ref()
            .map(|name| self.directory.join(name))
            .find(|path| !path.exists())
        else {
            return Ok(None);
        };
        // Nobody finds half a file.
        let unfinished = path.with_extension("json.tmp");
        let text = format!("{:#}\n", redacted.exchange);
        fs::write(&unfinished, text)
            .and_then(|()| fs::rename(&unfinished, &path))
            .map_err(|source| RecordError::File {
                path: path.clone(),
                source,
            })?;
        self.kinds.insert(redacted.kind.clone());
        Ok(Some(path))
    }
}

/// The content type and the text of a form with a part.
fn form(part: &RecordedPart) -> (String, String) {
    let RecordedPart {
        name,
        filename,
        content_type,
        body,
        ..
    } = part;
    let text = format!(
        "--part\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
         Content-Type: {content_type}\r\n\r\n{body}\r\n--part--\r\n"
    );
    (format!("{FORM}; boundary=part"), text)
}

/// A recorded exchange as if it passed by again.
fn captured(exchange: &RecordedExchange) -> Option<Captured> {
    let mut target = exchange.path.clone();
    let pairs = exchange.query.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    if !pairs.is_empty() {
        target = format!("{target}?{}", pairs.join("&"));
    }
    let request = exchange.request.as_ref();
    let sent = request.and_then(|request| match (&request.body, &request.part) {
        (Some(body), _) => Some((request.content_type.clone(), body.to_string())),
        (None, Some(part)) => Some(form(part)),
        (None, None) => None,
    });
    let (content_type, body) = sent.unwrap_or_default();
    let response = &exchange.response;
    Some(Captured {
        method: Method::from_bytes(exchange.method.as_bytes()).ok()?,
        target,
        authorized: exchange.authenticated,
        content_type,
        request: body.into_bytes(),
        status: response.status,
        headers: response.header_map(),
        response: response
            .body
            .as_ref()
            .map_or_else(Vec::new, |body| body.to_string().into_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_public_host() {
        let operations = Operations::built_in();
        let redactor = Redactor::with_key(&[7; 32]);
        let link = |target: &str| {
            let value = format!("<{target}>; rel=\"next\"; title=\"private\"");
            link(&value, &operations, &redactor).expect("it leads to an operation")
        };
        let absolute = link("https://inside.example:8443/v2/users?limit=2&offset=2");
        let public = "<https://api.web1on1.chat/v2/users?limit=2&offset=2>; rel=\"next\"";
        assert_eq!(absolute, public);
        let relative = link("/v2/users?limit=2&offset=2");
        assert_eq!(relative, "</v2/users?limit=2&offset=2>; rel=\"next\"");
    }
}
