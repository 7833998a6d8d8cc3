//! Verifies a server by making a request to every operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contract::operation::{BASE_PATH, BodyInfo, OperationInfo, ReplyBody};
use contract::recorded::recorded;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;
use upstream::BoxError;

use super::check::{Checker, Received, Sent, documented, next_page};
use super::plan::{self, Known, Phase};
use super::server::{Live, LiveError, bearer, counting, run_id, wire};
use super::wire::{Wire, encode, whole_cause};
use crate::report::{Level, Report};

/// How many elements a list is asked for.
const PAGE: &str = "10";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes a request to every operation and judges the replies.
///
/// Operations that write are left out unless they are allowed. What could not
/// be tried is a finding of its own, with the reason.
///
/// # Errors
///
/// The URL or the token is of no use, or nothing answers there.
pub async fn live(options: &Live) -> Result<Report, LiveError> {
    let run = run(options, &Arc::default()).await?;
    Ok(run.report().0)
}

/// Makes a request to every operation, and counts them in `sent`.
pub(super) async fn run(options: &Live, sent: &Arc<AtomicUsize>) -> Result<Run, LiveError> {
    let mut run = Run {
        wire: counting(wire(options, BASE_PATH)?, sent),
        token: bearer(options)?,
        allow_writes: options.allow_writes,
        id: run_id()?,
        requests: 0,
        checker: Checker::default(),
        known: Known::new(),
        created: BTreeSet::new(),
        tried: BTreeSet::new(),
        skipped: BTreeMap::new(),
    };
    run.introduce().await?;
    if run.known.contains_key("user_id") {
        run.all().await;
    }
    Ok(run)
}

pub(super) struct Run {
    wire: Wire,
    token: HeaderValue,
    allow_writes: bool,
    /// Tells this run from all others, in what has to be unique.
    id: String,
    requests: usize,
    checker: Checker,
    known: Known,
    /// The path variables whose values this run has created.
    created: BTreeSet<String>,
    tried: BTreeSet<&'static str>,
    skipped: BTreeMap<&'static str, String>,
}

/// One request to make.
struct Call {
    path: String,
    query: Vec<(String, String)>,
    body: Option<(String, Bytes)>,
    authorized: bool,
    expected: StatusCode,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    value: Option<Value>,
}

impl Run {
    /// Finds out who the caller is.
    async fn introduce(&mut self) -> Result<(), LiveError> {
        let Some(operation) = contract::find("getUser") else {
            return Ok(());
        };
        let call = Call {
            path: "/users/me".to_owned(),
            query: Vec::new(),
            body: None,
            authorized: true,
            expected: operation.status,
        };
        let url = format!("{}{}", self.wire.base, call.path);
        let answer = self.send(operation, &call).await;
        let answer = answer.map_err(|source| LiveError::Unreachable { url, source })?;
        self.tried.insert(operation.id);
        if let Some(value) = answer.value {
            for (name, property) in [("user_id", "id"), (plan::SCRATCH_ID, "organization")] {
                if let Some(id) = value[property].as_str() {
                    self.known.insert(name.to_owned(), id.to_owned());
                }
            }
        }
        Ok(())
    }

    async fn all(&mut self) {
        if self.allow_writes {
            self.scratch().await;
            self.try_all(Phase::Create).await;
            self.try_all(Phase::Add).await;
        }
        self.try_all(Phase::Read).await;
        if self.allow_writes {
            self.try_all(Phase::Change).await;
        }
        self.provoke().await;
        if self.allow_writes {
            self.try_all(Phase::Delete).await;
            self.clean_up().await;
        }
    }

    /// Makes two organizations: one to work in, and one for users to move to.
    async fn scratch(&mut self) {
        let Some(operation) = contract::find(plan::SCRATCH) else {
            return;
        };
        for name in [plan::OTHER_ID, plan::SCRATCH_ID] {
            let run = format!(
                "{}{}",
                self.id,
                if name == plan::OTHER_ID { "b" } else { "" }
            );
            let Ok(body) = plan::body(operation, &self.known, &run) else {
                return;
            };
            let call = Self::call(operation, operation.path.to_owned(), Some(&body));
            if let Some(id) = self.id_of(operation, &call).await {
                self.known.insert(name.to_owned(), id);
                self.created.insert(name.to_owned());
            }
        }
    }

    async fn id_of(&mut self, operation: &'static OperationInfo, call: &Call) -> Option<String> {
        let answer = self.attempt(operation, call).await?;
        answer.value?["id"].as_str().map(str::to_owned)
    }

    /// Tries every operation of a phase, as soon as what it needs is known.
    async fn try_all(&mut self, phase: Phase) {
        let mut left = plan::operations(phase);
        loop {
            let before = left.len();
            let mut waiting = Vec::new();
            for operation in left {
                if self.tried.contains(operation.id) {
                    continue;
                }
                match self.prepare(operation) {
                    Ok(call) => self.carry_out(operation, call).await,
                    Err(reason) => {
                        self.skipped.insert(operation.id, reason);
                        waiting.push(operation);
                    }
                }
            }
            if waiting.is_empty() || waiting.len() == before {
                return;
            }
            left = waiting;
        }
    }

    /// The request to an operation, or the reason why there is none.
    fn prepare(&self, operation: &'static OperationInfo) -> Result<Call, String> {
        let mut path = operation.path.to_owned();
        for (index, name) in plan::variables(operation).enumerate() {
            // What this run has not made is not its own to change.
            let ours = self.created.contains(name);
            if operation.method != Method::GET && index == 0 && !ours {
                return Err(format!("there is no {name} that this run has created"));
            }
            let Some(value) = self.known.get(name) else {
                return Err(format!("there is no {name}: no reply before has named one"));
            };
            path = path.replace(&format!("{{{name}}}"), &encode(value));
        }
        if operation.id == "removeUserOrganization" && !self.created.contains(plan::OTHER_ID) {
            return Err(
                "there is no second organization that the user could have moved to".to_owned(),
            );
        }
        let mut query = Vec::new();
        for name in plan::required_query(operation) {
            let Some(value) = self.known.get(name) else {
                return Err(format!("there is no {name}: no reply before has named one"));
            };
            query.push((name.to_owned(), value.clone()));
        }
        if plan::takes(operation, "limit") {
            query.push(("limit".to_owned(), PAGE.to_owned()));
        }
        let body = match operation.body {
            BodyInfo::None => None,
            BodyInfo::Upload { .. } => Some(upload(operation)?),
            _ => {
                let body = plan::body(operation, &self.known, &self.id)
                    .map_err(|missing| format!("there is no {missing} to make the body of"))?;
                Some(json(&body))
            }
        };
        Ok(Call {
            path,
            query,
            body,
            authorized: operation.authenticated,
            expected: operation.status,
        })
    }

    fn call(operation: &OperationInfo, path: String, body: Option<&Value>) -> Call {
        Call {
            path,
            query: Vec::new(),
            body: body.map(json),
            authorized: operation.authenticated,
            expected: operation.status,
        }
    }

    async fn carry_out(&mut self, operation: &'static OperationInfo, call: Call) {
        let Some(answer) = self.attempt(operation, &call).await else {
            return;
        };
        if let Some(value) = &answer.value {
            self.learn(operation, &call, value);
        }
        if let Some((_, offset)) = next_page(&answer.headers) {
            let mut query = call.query;
            query.push(("offset".to_owned(), offset.to_string()));
            let next = Call { query, ..call };
            self.attempt(operation, &next).await;
        }
    }

    /// Sends a request that has to succeed. Nothing comes back where it did not.
    async fn attempt(&mut self, operation: &'static OperationInfo, call: &Call) -> Option<Answer> {
        self.tried.insert(operation.id);
        self.skipped.remove(operation.id);
        let answer = self.ask(operation, call).await?;
        (answer.status == call.expected).then_some(answer)
    }

    /// Keeps what later requests can need.
    fn learn(&mut self, operation: &OperationInfo, call: &Call, value: &Value) {
        let creates = plan::phase(operation) == Phase::Create;
        if creates {
            if let (Some(name), Some(id)) = (plan::element(operation.path), value["id"].as_str()) {
                self.known.insert(name.to_owned(), id.to_owned());
                self.created.insert(name.to_owned());
            }
            let body = call.body.as_ref().map(|(_, body)| body);
            let body = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
            if operation.id == "createUser"
                && let Some(body) = body
            {
                self.learn_text(&body, &["email", "password"]);
            }
            return;
        }
        if plan::phase(operation) == Phase::Add {
            self.learn_text(value, &["refreshToken"]);
        }
        if let (ReplyBody::List(_), Some(name)) =
            (operation.reply.body, plan::element(operation.path))
        {
            let first = &value[0];
            let id = first.as_str().or_else(|| first["id"].as_str());
            if let Some(id) = id.filter(|_| !self.created.contains(name)) {
                self.known
                    .entry(name.to_owned())
                    .or_insert_with(|| id.to_owned());
            }
        }
    }

    fn learn_text(&mut self, value: &Value, names: &[&str]) {
        for name in names {
            if let Some(text) = value[*name].as_str() {
                self.known.insert((*name).to_owned(), text.to_owned());
            }
        }
    }

    /// Provokes the errors that are documented, where no harm can come of it:
    /// the identifiers in these requests are those of nothing.
    async fn provoke(&mut self) {
        for operation in contract::catalogue() {
            if operation.method != Method::GET && !self.allow_writes {
                continue;
            }
            for status in [
                StatusCode::UNAUTHORIZED,
                StatusCode::BAD_REQUEST,
                StatusCode::NOT_FOUND,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ] {
                if documented(operation).contains(&status.as_u16())
                    && let Some(call) = self.provocation(operation, status)
                {
                    self.ask(operation, &call).await;
                }
            }
        }
    }

    fn provocation(&self, operation: &'static OperationInfo, status: StatusCode) -> Option<Call> {
        let variables: Vec<_> = plan::variables(operation).collect();
        let has_variables = !variables.is_empty();
        let malformed = status == StatusCode::BAD_REQUEST;
        let mut path = operation.path.to_owned();
        for name in variables {
            let value = if malformed {
                "not-an-id".to_owned()
            } else {
                format!("{}{}", self.id, "0".repeat(16))
            };
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        let body = match operation.body {
            BodyInfo::None => None,
            BodyInfo::Upload { .. } => Some(upload(operation).ok()?),
            _ => Some(json(&Value::Object(serde_json::Map::new()))),
        };
        let required = plan::required_query(operation);
        let mut call = Call {
            path,
            query: required
                .map(|name| (name.to_owned(), "none".to_owned()))
                .collect(),
            body,
            authorized: operation.authenticated && status != StatusCode::UNAUTHORIZED,
            expected: status,
        };
        match status {
            StatusCode::UNAUTHORIZED if !operation.authenticated => return None,
            StatusCode::NOT_FOUND => {
                // Without a body that is in order, the body would be the first to be refused.
                let needs_body = matches!(
                    operation.body,
                    BodyInfo::Create(_) | BodyInfo::Json(_) | BodyInfo::Upload { .. }
                );
                if !has_variables || needs_body {
                    return None;
                }
            }
            StatusCode::BAD_REQUEST if has_variables => {}
            StatusCode::BAD_REQUEST if plan::takes(operation, "limit") => {
                call.query.push(("limit".to_owned(), "0".to_owned()));
            }
            StatusCode::BAD_REQUEST if !call.query.is_empty() => call.query.clear(),
            StatusCode::BAD_REQUEST => {
                call.body.as_mut()?.1 = Bytes::from_static(b"[0]");
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                "text/plain".clone_into(&mut call.body.as_mut()?.0);
            }
            _ => {}
        }
        Some(call)
    }

    /// Deletes what a failed run would leave behind, and tells what stays.
    async fn clean_up(&mut self) {
        let Some(delete) = contract::find("deleteOrganization") else {
            return;
        };
        if let Some(id) = self.known.get(plan::OTHER_ID).cloned() {
            let path = delete
                .path
                .replace(&format!("{{{}}}", plan::SCRATCH_ID), &encode(&id));
            let call = Self::call(delete, path, None);
            self.attempt(delete, &call).await;
        }
    }

    /// Sends a request and judges the reply. Nothing comes back where there was
    /// none.
    async fn ask(&mut self, operation: &'static OperationInfo, call: &Call) -> Option<Answer> {
        match self.send(operation, call).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                let text = whole_cause(&error);
                self.checker.find(
                    operation,
                    Level::Error,
                    "response-missing",
                    "/responses",
                    &format!("{} {}{}", operation.method, self.wire.base, call.path),
                    format!("the request was not answered: {text}"),
                );
                None
            }
        }
    }

    async fn send(
        &mut self,
        operation: &'static OperationInfo,
        call: &Call,
    ) -> Result<Answer, BoxError> {
        self.requests += 1;
        let url = self.wire.url(&call.path, &call.query);
        // The query stays out of reports: it can hold a token.
        let seen_in = format!("{} {}{}", operation.method, self.wire.base, call.path);
        let request_id = format!("verify-{}-{}", self.id, self.requests);
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::try_from(request_id)?);
        if call.authorized {
            headers.insert(AUTHORIZATION, self.token.clone());
        }
        let mut bytes = Bytes::new();
        if let Some((content_type, body)) = &call.body {
            headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type)?);
            bytes = body.clone();
        }
        let sending = self.wire.send(&operation.method, &url, &headers, bytes);
        let (head, body) = sending.await?;
        let sent = Sent {
            query: &call.query,
            headers: Some(&headers),
        };
        let received = Received {
            status: head.status,
            headers: Some(&head.headers),
            body: Some(&body),
        };
        let expected = Some(call.expected);
        self.checker
            .reply(operation, &seen_in, &sent, &received, expected);
        let value = (head.status == operation.status)
            .then(|| serde_json::from_slice(&body).ok())
            .flatten();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            value,
        })
    }

    pub(super) fn report(mut self) -> (Report, Checker) {
        for operation in contract::catalogue() {
            if self.tried.contains(operation.id) {
                continue;
            }
            let writes = operation.method != Method::GET && !self.allow_writes;
            let (level, reason) = if writes {
                let reason = "it writes; --allow-writes lets it be tried".to_owned();
                (Level::Info, reason)
            } else {
                let reason = self.skipped.get(operation.id).cloned();
                let reason = reason.unwrap_or_else(|| {
                    "the caller is not known, as getUser with `me` failed".to_owned()
                });
                let level = if self.allow_writes {
                    Level::Warning
                } else {
                    Level::Info
                };
                (level, reason)
            };
            let message = format!("was not tried: {reason}");
            let id = "operation-not-tried";
            self.checker
                .find(operation, level, id, "", &self.wire.base, message);
        }
        let (tried, all) = (self.tried.len(), contract::catalogue().len());
        let report = Report {
            title: format!(
                "{} against the contract, {tried} of {all} operations in {} requests",
                self.wire.base, self.requests
            ),
            accepted: 0,
            coverage: Some(self.checker.coverage()),
            findings: std::mem::take(&mut self.checker.findings),
        };
        (report, self.checker)
    }
}

fn json(value: &Value) -> (String, Bytes) {
    ("application/json".to_owned(), value.to_string().into())
}

/// The recorded file as a multipart body.
fn upload(operation: &OperationInfo) -> Result<(String, Bytes), String> {
    let part = recorded(operation.id).and_then(|exchange| exchange.request.as_ref()?.part.as_ref());
    let part = part.ok_or("there is no recorded file")?;
    let content = STANDARD
        .decode(&part.body)
        .map_err(|error| format!("the recorded file is not base64: {error}"))?;
    let boundary = "web1on1-verify-4f1d8c27";
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
         Content-Type: {}\r\n\r\n",
        part.name, part.filename, part.content_type
    );
    let end = format!("\r\n--{boundary}--\r\n");
    let body = [head.into_bytes(), content, end.into_bytes()].concat();
    Ok((
        format!("multipart/form-data; boundary={boundary}"),
        body.into(),
    ))
}
