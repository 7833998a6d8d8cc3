//! Verifies captured traffic: HAR files and recorded exchanges.

use std::fs;
use std::path::{Path, PathBuf};

use contract::operation::BodyInfo;
use contract::recorded::RecordedExchange;
use http::{Method, StatusCode};

use super::by_document::{self, Routes};
use super::check::{Checker, Received, Sent, below_base, has_base, query, route, text};
use super::exchange_place;
use super::har::{Har, HarEntry, HarRequest, headers};
use super::laws::{ApiDocument, Hints, Model};
use super::schema::Shown;
use crate::report::{Finding, Level, Location, OperationList, Report};

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

/// What captured traffic is verified against.
#[derive(Clone, Debug)]
pub enum Against {
    /// The contract that is built in.
    Contract,
    /// The OpenAPI document of any API.
    Document {
        /// The document.
        document: ApiDocument,
        /// Whether a parameter in a query that is not declared is an error, and not a
        /// warning. OpenAPI has no word for it.
        strict_parameters: bool,
    },
}

/// Who judges exchanges.
enum Judge<'m> {
    Contract(Checker),
    Document {
        checker: Box<by_document::Checker<'m>>,
        routes: Routes<'m>,
    },
}

impl Against {
    /// The document, read.
    fn model(&self) -> Option<Model> {
        match self {
            Self::Contract => None,
            Self::Document { document, .. } => Some(Model::new(document.clone())),
        }
    }

    /// The document, and what is known beside it.
    pub(crate) fn api(&self) -> (ApiDocument, Hints) {
        match self {
            Self::Contract => (ApiDocument::of_contract(), Hints::of_contract()),
            Self::Document { document, .. } => (document.clone(), Hints::default()),
        }
    }

    /// Who judges requests to some URLs.
    fn judge<'m, 'u>(
        &self,
        model: Option<&'m Model>,
        urls: impl Iterator<Item = &'u str>,
    ) -> Judge<'m> {
        match (self, model) {
            (
                Self::Document {
                    strict_parameters, ..
                },
                Some(model),
            ) => Judge::Document {
                checker: Box::new(by_document::Checker::new(model, *strict_parameters)),
                routes: Routes::new(model, urls),
            },
            _ => Judge::Contract(Checker::default()),
        }
    }

    /// As a person calls it.
    fn name(&self) -> &str {
        match self {
            Self::Contract => "the contract",
            Self::Document { document, .. } => &document.source,
        }
    }
}

/// Verifies the requests and responses in a HAR 1.2 file, such as browsers
/// export. Entries that are of no operation are told and passed over.
///
/// # Errors
///
/// The file cannot be read, or is not HAR.
pub fn har(path: &Path, against: &Against) -> Result<Report, CaptureError> {
    let text = read(path)?;
    let har: Har = serde_json::from_slice(&text).map_err(|source| CaptureError::Form {
        path: path.to_owned(),
        what: "a HAR 1.2 file",
        source,
    })?;
    let entries = &har.log.entries;
    let model = against.model();
    let urls = entries.iter().map(|entry| entry.request.url.as_str());
    let mut judge = against.judge(model.as_ref(), urls);
    let mut of_operations = 0;
    for (index, entry) in entries.iter().enumerate() {
        match judge.entry(path, index, entry) {
            Ok(()) => of_operations += 1,
            Err(message) => judge.findings().push(unmatched(path, index, message)),
        }
    }
    if of_operations == 0 {
        judge.findings().push(nothing_verified(path));
    }
    let title = format!(
        "{} against {}, {of_operations} of {} entries",
        path.display(),
        against.name(),
        entries.len()
    );
    Ok(judge.report(title))
}

/// Verifies recorded exchanges: the JSON files of a directory, in the form of
/// `openapi/recorded`. Such an example may leave out what every reply has.
///
/// # Errors
///
/// The directory or a file cannot be read, or a file is not an exchange.
pub fn recorded(directory: &Path, against: &Against) -> Result<Report, CaptureError> {
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
    let model = against.model();
    let mut judge = against.judge(model.as_ref(), std::iter::empty());
    if let Judge::Contract(checker) = &mut judge {
        checker.shown = Shown::Abbreviated;
    }
    for path in &files {
        let text = read(path)?;
        let exchange = serde_json::from_slice(&text).map_err(|source| CaptureError::Form {
            path: path.clone(),
            what: "a recorded exchange",
            source,
        })?;
        judge.exchange(&path.display().to_string(), &exchange);
    }
    let title = format!(
        "{} against {}, {} exchanges",
        directory.display(),
        against.name(),
        files.len()
    );
    Ok(judge.report(title))
}

impl Judge<'_> {
    /// Judges an entry of a HAR file; one that is none of an operation says so.
    fn entry(&mut self, path: &Path, index: usize, entry: &HarEntry) -> Result<(), String> {
        let seen_in = format!("{}#/log/entries/{index}", path.display());
        let Ok(status) = StatusCode::from_u16(entry.response.status) else {
            return Err("has no reply".to_owned());
        };
        let HarRequest { method, url, .. } = &entry.request;
        let known = Method::from_bytes(method.as_bytes()).ok();
        match self {
            Self::Contract(checker) => by_contract(checker, &seen_in, entry, status),
            Self::Document { checker, routes } => {
                let routed = known.and_then(|method| routes.of_url(&method, url));
                let Some(routed) = routed else {
                    let shown = url.split(['?', '#']).next().unwrap_or_default();
                    return Err(format!("{method} {shown} is of no operation"));
                };
                by_document::entry(checker, &routed, &seen_in, entry, status);
                Ok(())
            }
        }
    }

    /// Judges a recorded exchange.
    fn exchange(&mut self, seen_in: &str, exchange: &RecordedExchange) {
        let before = self.findings().len();
        let is_its_own = match self {
            Self::Contract(checker) => exchange_by_contract(checker, seen_in, exchange),
            Self::Document { checker, routes } => {
                let method = Method::from_bytes(exchange.method.as_bytes()).ok();
                let id = &exchange.operation;
                let routed = method.and_then(|method| routes.of_path(&method, &exchange.path, id));
                // An operation need not have an id.
                let is = |id: &str| id.is_empty() || id == exchange.operation;
                match routed.filter(|(operation, _)| is(&operation.id)) {
                    Some(routed) => {
                        by_document::exchange(checker, &routed, seen_in, exchange);
                        true
                    }
                    None => false,
                }
            }
        };
        for finding in self.findings().iter_mut().skip(before) {
            exchange_place::place(finding, exchange);
        }
        if !is_its_own {
            self.findings().push(unknown_operation(seen_in, exchange));
        }
    }

    fn findings(&mut self) -> &mut Vec<Finding> {
        match self {
            Self::Contract(checker) => &mut checker.findings,
            Self::Document { checker, .. } => &mut checker.findings,
        }
    }

    fn report(self, title: String) -> Report {
        let (coverage, findings) = match self {
            Self::Contract(checker) => (checker.coverage(), checker.findings),
            Self::Document { checker, .. } => checker.finish(),
        };
        Report {
            title,
            accepted: 0,
            coverage: Some(coverage),
            findings,
        }
    }
}

/// Judges an entry of a HAR file by the contract.
fn by_contract(
    checker: &mut Checker,
    seen_in: &str,
    entry: &HarEntry,
    status: StatusCode,
) -> Result<(), String> {
    let request = &entry.request;
    let below = below_base(&request.url);
    // A HAR file holds what a browser asked of others too.
    let method = Method::from_bytes(request.method.as_bytes()).ok();
    let method = method.filter(|_| has_base(&request.url));
    let Some((operation, variables)) = method.and_then(|method| route(&method, &below)) else {
        return Err(format!("{} {below} is of no operation", request.method));
    };
    let pairs = request.url.split('#').next().unwrap_or_default();
    let pairs = query(pairs.split_once('?').map_or("", |(_, query)| query));
    let request_headers = headers(&request.headers);
    let sent = Sent {
        query: &pairs,
        headers: Some(&request_headers),
    };
    let sent_data = request.post_data.as_ref();
    let content_type = text(&request_headers, "content-type");
    // What is binary in a form is not kept, or not as it was.
    let is_form = content_type.starts_with("multipart/");
    let sent_text = sent_data.and_then(|data| data.text.as_deref());
    let body = sent_text.filter(|_| !is_form).map(str::as_bytes);
    checker.request(operation, seen_in, &variables, &sent, body);
    if let (true, BodyInfo::Upload { part }, Some(form)) = (is_form, operation.body, sent_data) {
        let parts = form.parts(&content_type);
        let parts = parts
            .iter()
            .map(|(name, of)| (name.as_deref(), of.as_deref()));
        checker.parts(operation, seen_in, part, parts);
    }

    let response = &entry.response;
    let body = response.content.bytes();
    let response_headers = headers(&response.headers);
    let received = Received {
        status,
        headers: Some(&response_headers),
        // A HAR without the text has not captured it, unless there was nothing.
        body: body.as_deref(),
    };
    checker.reply(operation, seen_in, &sent, &received, None);
    Ok(())
}

/// Judges a recorded exchange by the contract. Returns whether it is one of the operation
/// that it names.
fn exchange_by_contract(checker: &mut Checker, seen_in: &str, exchange: &RecordedExchange) -> bool {
    let method = Method::from_bytes(exchange.method.as_bytes()).ok();
    let routed = method.and_then(|method| route(&method, &exchange.path));
    let Some((operation, variables)) =
        routed.filter(|(operation, _)| operation.id == exchange.operation)
    else {
        return false;
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
    let received_headers = exchange.response.header_map();
    let received = Received {
        status: exchange.response.status,
        // An exchange without any was recorded without them.
        headers: Some(&received_headers).filter(|headers| !headers.is_empty()),
        body: body.as_deref(),
    };
    checker.reply(operation, seen_in, &sent, &received, None);
    true
}

fn unknown_operation(seen_in: &str, exchange: &RecordedExchange) -> Finding {
    Finding {
        id: "exchange-unknown-operation".to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
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
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CaptureError> {
    fs::read(path).map_err(|source| CaptureError::Read {
        path: path.to_owned(),
        source,
    })
}

/// A verification that matched nothing has shown nothing.
fn nothing_verified(path: &Path) -> Finding {
    Finding {
        id: "nothing-verified".to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(path.display().to_string(), None)),
        message: "no entry is of an operation, so nothing is known; is this traffic of the API, \
                  below the base path that its document has?"
            .to_owned(),
    }
}

fn unmatched(path: &Path, index: usize, message: String) -> Finding {
    Finding {
        id: "traffic-unmatched".to_owned(),
        level: Level::Info,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location {
            source: path.display().to_string(),
            pointer: format!("/log/entries/{index}"),
            line: None,
        }),
        message,
    }
}
