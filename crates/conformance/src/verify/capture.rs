//! Verifies captured traffic: HAR files and recorded exchanges.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::operation::BodyInfo;
use contract::recorded::Exchange;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Deserialize;

use super::check::{Checker, Received, Sent, below_base, has_base, query, route};
use crate::multipart;
use crate::report::{Finding, Level, Location, Report};

/// Why captured traffic cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A file cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What happened instead.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not {what}", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Where it is not.
        source: serde_json::Error,
    },
    /// A directory has no recorded exchange.
    #[error("{path} has no recorded exchange: no file ends in .json", path = path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
}

/// Verifies the requests and responses in a HAR 1.2 file, such as browsers
/// export. Entries that are of no operation are told and passed over.
///
/// # Errors
///
/// The file cannot be read, or is not HAR.
pub fn har(path: &Path) -> Result<Report, CaptureError> {
    let text = read(path)?;
    let har: Har = serde_json::from_slice(&text).map_err(|source| CaptureError::Form {
        path: path.to_owned(),
        what: "a HAR 1.2 file",
        source,
    })?;
    let mut checker = Checker::default();
    let mut of_operations = 0;
    let all = har.log.entries.len();
    for (index, entry) in har.log.entries.iter().enumerate() {
        let seen_in = format!("{}#/log/entries/{index}", path.display());
        let request = &entry.request;
        let Ok(status) = StatusCode::from_u16(entry.response.status) else {
            unmatched(&mut checker, path, index, "has no reply".to_owned());
            continue;
        };
        let below = below_base(&request.url);
        // A HAR file holds what a browser asked of others too.
        let method = Method::from_bytes(request.method.as_bytes()).ok();
        let method = method.filter(|_| has_base(&request.url));
        let Some((operation, variables)) = method.and_then(|method| route(&method, &below)) else {
            let message = format!("{} {below} is of no operation", request.method);
            unmatched(&mut checker, path, index, message);
            continue;
        };
        of_operations += 1;
        let pairs = request.url.split('#').next().unwrap_or_default();
        let pairs = query(pairs.split_once('?').map_or("", |(_, query)| query));
        let headers = headers(&request.headers);
        let sent = Sent {
            query: &pairs,
            headers: Some(&headers),
        };
        let sent_data = request.post_data.as_ref();
        let content_type = text_of(&headers, "content-type");
        // What is binary in a form is not kept, or not as it was.
        let is_form = content_type.starts_with("multipart/");
        let text = sent_data.and_then(|data| data.text.as_deref());
        let body = text.filter(|_| !is_form).map(str::as_bytes);
        checker.request(operation, &seen_in, &variables, &sent, body);
        if let (true, BodyInfo::Upload { part }, Some(form)) = (is_form, operation.body, sent_data)
        {
            let parts = form.parts(&content_type);
            let parts = parts
                .iter()
                .map(|(name, of)| (name.as_deref(), of.as_deref()));
            checker.parts(operation, &seen_in, part, parts);
        }

        let response = &entry.response;
        let body = response.content.bytes();
        let response_headers = self::headers(&response.headers);
        let received = Received {
            status,
            headers: Some(&response_headers),
            // A HAR without the text has not captured it, unless there was nothing.
            body: body.as_deref(),
        };
        checker.reply(operation, &seen_in, &sent, &received, None);
    }
    let title = format!(
        "{} against the contract, {of_operations} of {all} entries",
        path.display()
    );
    Ok(report(checker, title))
}

/// Verifies recorded exchanges: the JSON files of a directory, in the form of
/// `openapi/recorded`.
///
/// # Errors
///
/// The directory or a file cannot be read, or a file is not an exchange.
pub fn recorded(directory: &Path) -> Result<Report, CaptureError> {
    let unreadable = |source| CaptureError::Read {
        path: directory.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(CaptureError::Empty {
            path: directory.to_owned(),
        });
    }
    files.sort();
    let mut checker = Checker::default();
    for path in &files {
        let text = read(path)?;
        let exchange = serde_json::from_slice(&text).map_err(|source| CaptureError::Form {
            path: path.clone(),
            what: "a recorded exchange",
            source,
        })?;
        judge(&mut checker, &path.display().to_string(), &exchange);
    }
    let title = format!(
        "{} against the contract, {} exchanges",
        directory.display(),
        files.len()
    );
    Ok(report(checker, title))
}

fn judge(checker: &mut Checker, seen_in: &str, exchange: &Exchange) {
    let method = Method::from_bytes(exchange.method.as_bytes()).ok();
    let routed = method.and_then(|method| route(&method, &exchange.path));
    let Some((operation, variables)) =
        routed.filter(|(operation, _)| operation.id == exchange.operation)
    else {
        checker.findings.push(Finding {
            id: "exchange-unknown-operation".to_owned(),
            level: Level::Error,
            direction: None,
            operation: None,
            also: Vec::new(),
            base: None,
            revision: Some(Location {
                source: seen_in.to_owned(),
                pointer: "/operation".to_owned(),
                line: None,
            }),
            message: format!(
                "{} {} is not a request to an operation `{}`",
                exchange.method, exchange.path, exchange.operation
            ),
        });
        return;
    };
    let pairs: Vec<_> = exchange.query.clone().into_iter().collect();
    let sent = Sent {
        query: &pairs,
        headers: None,
    };
    let body = exchange
        .request
        .as_ref()
        .and_then(|request| request.body.as_ref());
    let body = body.map(|body| body.to_string().into_bytes());
    checker.request(operation, seen_in, &variables, &sent, body.as_deref());
    let body = exchange.response.body.as_ref();
    let body = body.map(|body| body.to_string().into_bytes());
    let received = Received {
        status: exchange.response.status,
        headers: None,
        body: body.as_deref(),
    };
    checker.reply(operation, seen_in, &sent, &received, None);
}

fn read(path: &Path) -> Result<Vec<u8>, CaptureError> {
    fs::read(path).map_err(|source| CaptureError::Read {
        path: path.to_owned(),
        source,
    })
}

fn unmatched(checker: &mut Checker, path: &Path, index: usize, message: String) {
    checker.findings.push(Finding {
        id: "traffic-unmatched".to_owned(),
        level: Level::Info,
        direction: None,
        operation: None,
        also: Vec::new(),
        base: None,
        revision: Some(Location {
            source: path.display().to_string(),
            pointer: format!("/log/entries/{index}"),
            line: None,
        }),
        message,
    });
}

fn report(checker: Checker, title: String) -> Report {
    Report {
        title,
        accepted: 0,
        coverage: Some(checker.coverage()),
        findings: checker.findings,
    }
}

fn headers(all: &[HarHeader]) -> HeaderMap {
    let valid = all.iter().filter_map(|header| {
        Some((
            HeaderName::try_from(&header.name).ok()?,
            HeaderValue::try_from(&header.value).ok()?,
        ))
    });
    valid.collect()
}

fn text_of(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The part of HAR 1.2 that tells about an exchange.
#[derive(Deserialize)]
struct Har {
    log: HarLog,
}

#[derive(Deserialize)]
struct HarLog {
    entries: Vec<HarEntry>,
}

#[derive(Deserialize)]
struct HarEntry {
    request: HarRequest,
    response: HarResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<HarHeader>,
    post_data: Option<HarPostData>,
}

/// A body: as text, or part by part if it is a form.
#[derive(Deserialize)]
struct HarPostData {
    text: Option<String>,
    #[serde(default)]
    params: Vec<HarParam>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarParam {
    name: String,
    content_type: Option<String>,
}

impl HarPostData {
    /// The name and the content type of each part of a form.
    fn parts(&self, content_type: &str) -> Vec<(Option<String>, Option<String>)> {
        let params = self.params.iter();
        let mut parts: Vec<_> = params
            .map(|param| (Some(param.name.clone()), param.content_type.clone()))
            .collect();
        let text = self.text.as_deref().unwrap_or_default();
        if let Ok(found) = multipart::parse(content_type, text.as_bytes()) {
            parts.extend(found.into_iter().map(|part| (part.name, part.content_type)));
        }
        parts
    }
}

#[derive(Deserialize)]
struct HarResponse {
    status: u16,
    #[serde(default)]
    headers: Vec<HarHeader>,
    #[serde(default)]
    content: HarContent,
}

#[derive(Default, Deserialize)]
struct HarContent {
    #[serde(default)]
    size: i64,
    text: Option<String>,
    encoding: Option<String>,
}

impl HarContent {
    fn bytes(&self) -> Option<Vec<u8>> {
        match (&self.text, self.encoding.as_deref()) {
            (Some(text), Some("base64")) => STANDARD.decode(text).ok(),
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, _) => (self.size == 0).then(Vec::new),
        }
    }
}

#[derive(Deserialize)]
struct HarHeader {
    name: String,
    value: String,
}
