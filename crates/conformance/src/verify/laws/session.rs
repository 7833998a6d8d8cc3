//! One verification: requests, what is known from their replies, and what was
//! found.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::coverage::Coverage;
use super::error_body::{Broken, Received};
use super::errors::Judge;
use super::exchange::{Ask, Credentials, Exchange};
use super::hints::Hints;
use super::law::Law;
use super::model::{Model, Resource};
use super::operation::Operation;
use super::options::Laws;
use super::{secrets, tokens};
use crate::report::{Finding, Level};
use crate::verify::wire::{Wire, encode, whole_cause};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A secret that is shorter could be in a reply by chance.
const SHORTEST_SECRET: usize = 8;

/// Names of query parameters whose values stay out of reports.
const PRIVATE: [&str; 5] = ["token", "password", "secret", "key", "code"];

/// What has been told of a law that an operation breaks.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// How often it was seen.
    pub(super) seen: usize,
    /// In which ways. Each is told once.
    pub(super) messages: BTreeSet<String>,
}

/// What has been found of each law.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) findings: Vec<Finding>,
    /// By the law, the operation and how serious it is.
    pub(super) told: BTreeMap<(Law, String, Level), Told>,
    pub(super) tried: BTreeMap<Law, BTreeSet<String>>,
    pub(super) untried: BTreeMap<(Law, String), BTreeSet<String>>,
}

/// What replies have shown of the server as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown {
    /// Whether a request succeeded.
    pub(crate) any: bool,
    /// How many requests with the token the server refused for want of a right.
    pub(crate) refused: usize,
    /// How many requests that need the token it did not.
    pub(crate) admitted: usize,
}

pub(crate) struct Session<'m> {
    pub(crate) model: &'m Model,
    pub(crate) laws: &'m Laws,
    pub(crate) hints: Hints,
    pub(crate) allow_writes: bool,
    /// Tells this run from all others, in what has to be unique.
    pub(crate) run: String,
    /// What exists, by the path of an element: what this run has created comes
    /// first.
    pub(crate) known: BTreeMap<String, Vec<String>>,
    /// What this run has created, and not yet deleted, by the path of an element.
    pub(crate) created: BTreeMap<String, Vec<String>>,
    /// The paths of elements that have something unique, as a refusal has shown.
    pub(crate) unique: BTreeSet<String>,
    pub(crate) secrets: BTreeSet<String>,
    /// The tokens that requests are made with.
    tokens: BTreeSet<String>,
    pub(crate) coverage: Coverage,
    pub(crate) requests: usize,
    pub(super) shown: Shown,
    /// The operations that were answered with a success.
    pub(super) succeeded: BTreeSet<String>,
    pub(super) wire: Wire,
    token: String,
    pub(super) verdict: Verdict,
    pub(super) judge: Judge<'m>,
}

impl<'m> Session<'m> {
    pub(crate) fn new(
        model: &'m Model,
        laws: &'m Laws,
        hints: Hints,
        (wire, token): (Wire, String),
        allow_writes: bool,
        run: String,
        coverage: Coverage,
    ) -> Self {
        let scheme = laws.scheme.as_ref().unwrap_or(&model.scheme);
        let tokens = tokens::all(scheme, &token, laws);
        Self {
            tokens,
            model,
            laws,
            hints,
            allow_writes,
            run,
            known: BTreeMap::new(),
            created: BTreeMap::new(),
            unique: BTreeSet::new(),
            secrets: BTreeSet::new(),
            coverage,
            requests: 0,
            shown: Shown::default(),
            succeeded: BTreeSet::new(),
            wire,
            token,
            verdict: Verdict::default(),
            judge: Judge::new(model),
        }
    }

    pub(crate) fn base(&self) -> &str {
        &self.wire.base
    }

    pub(crate) fn root(&self) -> &'m Value {
        self.model.root()
    }

    /// Returns whether a path is among those that are verified.
    pub(crate) fn is_wanted(&self, path: &str) -> bool {
        let only = &self.laws.only;
        only.is_empty()
            || only.iter().any(|start| {
                path.strip_prefix(start.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }

    /// A path with its variables filled in; the reason where one is not known.
    /// What is to be changed has to be what this run has created.
    pub(crate) fn fill(&self, template: &str, ours: bool) -> Result<String, String> {
        let mut path = String::new();
        let mut prefix = String::new();
        for segment in template.split('/').skip(1) {
            prefix = format!("{prefix}/{segment}");
            if !segment.starts_with('{') {
                path = format!("{path}/{segment}");
                continue;
            }
            let from = if ours { &self.created } else { &self.known };
            let Some(id) = from.get(&prefix).and_then(|ids| ids.first()) else {
                let what = if ours {
                    "this run has created"
                } else {
                    "a reply before has named"
                };
                return Err(format!("there is no {segment} that {what}"));
            };
            path = format!("{path}/{}", encode(id));
        }
        Ok(path)
    }

    /// The path of one element.
    pub(crate) fn item(&self, resource: &Resource, id: &str, ours: bool) -> Result<String, String> {
        let collection = self.fill(&resource.collection, ours)?;
        Ok(format!("{collection}/{}", encode(id)))
    }

    /// Remembers that something exists.
    pub(crate) fn learn(&mut self, resource: &Resource, id: &str, ours: bool) {
        let known = self.known.entry(resource.item.clone()).or_default();
        if !known.iter().any(|other| other == id) {
            // What was created stands before what was there, in its own order.
            let own = self.created.get(&resource.item).map_or(0, Vec::len);
            let at = if ours {
                own.min(known.len())
            } else {
                known.len()
            };
            known.insert(at, id.to_owned());
        }
        if ours {
            let created = self.created.entry(resource.item.clone()).or_default();
            created.push(id.to_owned());
        }
    }

    /// Remembers what an operation has created although it should not have, so that it
    /// is deleted in the end.
    pub(crate) fn learn_created(&mut self, operation: &Operation, exchange: &Exchange) {
        let model = self.model;
        let resource = model.resources.iter().find(|resource| {
            let create = model.operation(resource.create);
            create.is_some_and(|create| create.title() == operation.title())
        });
        if let Some(resource) = resource.filter(|_| exchange.is_success())
            && let Some(id) = exchange.id(resource)
        {
            self.learn(resource, &id, true);
        }
    }

    /// Forgets what was deleted.
    pub(crate) fn forget(&mut self, resource: &Resource, id: &str) {
        for ids in [&mut self.known, &mut self.created] {
            if let Some(ids) = ids.get_mut(&resource.item) {
                ids.retain(|other| other != id);
            }
        }
    }

    /// Remembers what must never be seen again.
    pub(crate) fn keep_secret(&mut self, secret: &str) {
        if secret.len() >= SHORTEST_SECRET {
            self.secrets.insert(secret.to_owned());
        }
    }

    /// Makes a request, and judges what holds of every reply. Nothing comes back
    /// where there was none.
    pub(crate) async fn ask(&mut self, operation: &Operation, ask: &Ask) -> Option<Exchange> {
        if self.requests >= self.laws.bounds.requests {
            return None;
        }
        self.requests += 1;
        let shown = self.shown(&operation.method, ask);
        let mut headers = HeaderMap::new();
        let mut query = ask.query.clone();
        if let Some(token) = self.credentials(ask.credentials) {
            let scheme = self.laws.scheme.as_ref().unwrap_or(&self.model.scheme);
            scheme.apply(&token, &mut headers, &mut query);
        }
        let url = self.wire.url(&ask.path, &query);
        let request_id = format!("laws-{}-{}", self.run, self.requests);
        if let Ok(request_id) = HeaderValue::try_from(request_id) {
            headers.insert(REQUEST_ID, request_id);
        }
        let mut body = Bytes::new();
        if let Some(value) = &ask.body {
            let stated = operation.body.as_ref();
            let media_type = stated.and_then(|body| HeaderValue::try_from(&body.media_type).ok());
            let json = HeaderValue::from_static("application/json");
            headers.insert(CONTENT_TYPE, media_type.unwrap_or(json));
            body = value.to_string().into();
        }
        if let Some(raw) = &ask.raw {
            headers.insert(CONTENT_TYPE, raw.content_type.clone());
            body = raw.content.clone();
        }
        headers.extend(ask.header.clone());
        let answered = self
            .wire
            .send(&operation.method, &url, &headers, body)
            .await;
        let (head, body) = match answered {
            Ok(answered) => answered,
            Err(error) => {
                let message = format!("the request was not answered: {}", whole_cause(&error));
                self.breach(Law::ReplyAsDeclared, operation, &[&shown], &message);
                return None;
            }
        };
        let exchange = Exchange {
            shown,
            status: head.status.as_u16(),
            headers: head.headers,
            value: serde_json::from_slice(&body).ok(),
        };
        self.shown.any |= exchange.is_success();
        if exchange.is_success() {
            self.succeeded.insert(operation.title());
        }
        if operation.authenticated && ask.credentials == Credentials::Own && self.has_token() {
            let is_refused = matches!(exchange.status, 401 | 403);
            self.shown.refused += usize::from(is_refused);
            self.shown.admitted += usize::from(!is_refused);
        }
        let schema = operation.reply(exchange.status);
        let schema = schema.and_then(|reply| reply.schema.as_ref());
        let seen = exchange.value.as_ref().zip(schema);
        self.coverage
            .see(self.model, operation, exchange.status, seen);
        self.look_for_secrets(operation, &exchange, &body);
        self.look_for_tokens(operation, &exchange, &body);
        self.learn_secrets(operation, &exchange);
        let received = Received {
            status: exchange.status,
            headers: &exchange.headers,
            body: &body,
            value: exchange.value.as_ref(),
        };
        self.hold(operation, &received);
        let broken = self
            .judge
            .broken(self.model, &self.hints, operation, &received);
        for Broken {
            law,
            level,
            message,
            ..
        } in broken
        {
            self.breach_at(level, law, operation, &[&exchange.shown], &message);
        }
        Some(exchange)
    }

    /// Returns whether there is a token to make calls with.
    pub(crate) fn has_token(&self) -> bool {
        !self.token.is_empty()
    }

    /// The token that says who makes a request.
    fn credentials(&self, credentials: Credentials) -> Option<String> {
        match credentials {
            Credentials::None => None,
            Credentials::Own => Some(self.token.clone()).filter(|token| !token.is_empty()),
            Credentials::Forged => Some(secrets::forged(&self.token)),
            Credentials::Expired => self.laws.expired_token.clone(),
            Credentials::Foreign => self.laws.foreign_token.clone(),
            Credentials::Limited => self.laws.limited_token.clone(),
        }
    }

    /// A request as reports show it: without values that could be private.
    fn shown(&self, method: &Method, ask: &Ask) -> String {
        let query = ask.query.iter().map(|(name, value)| {
            let lower = name.to_lowercase();
            let is_private = PRIVATE.iter().any(|private| lower.contains(private));
            let value = if is_private { "…" } else { value.as_str() };
            format!("{name}={value}")
        });
        let query = query.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let raw = ask.raw.as_ref();
        let raw = raw.map(|raw| format!(" {} bytes", raw.content.len()));
        let body = match &ask.body {
            None => raw.unwrap_or_default(),
            Some(Value::Object(members)) => {
                let names: Vec<_> = members.keys().map(String::as_str).collect();
                format!(" {{{}}}", shortened(&names))
            }
            Some(Value::Array(_)) => " [a list]".to_owned(),
            Some(_) => " a value".to_owned(),
        };
        let whom = match ask.credentials {
            Credentials::Own => "",
            Credentials::None => " without a token",
            Credentials::Forged => " with a forged token",
            Credentials::Expired => " with an expired token",
            Credentials::Foreign => " with the token of a foreign caller",
            Credentials::Limited => " with the token of a caller who may change nothing",
        };
        let shown = format!(
            "{method} {}{}{mark}{query}{body}{whom}",
            self.wire.base, ask.path
        );
        self.without_secrets(&shown)
    }

    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "…");
        }
        for token in &self.tokens {
            text = text.replace(token.as_str(), "…");
        }
        text
    }

    fn look_for_secrets(&mut self, operation: &Operation, exchange: &Exchange, body: &[u8]) {
        if self.secrets.is_empty() {
            return;
        }
        self.held(Law::SecretStaysSecret, operation);
        let told = secrets::found(&self.secrets, &exchange.headers, body);
        if let Some(place) = told {
            let message = format!("{place} has a secret that a request before had sent");
            self.breach(
                Law::SecretStaysSecret,
                operation,
                &[&exchange.shown],
                &message,
            );
        }
    }

    /// Looks for the tokens of callers, which only a reply that is declared to may give.
    fn look_for_tokens(&mut self, operation: &Operation, exchange: &Exchange, body: &[u8]) {
        if self.tokens.is_empty() {
            return;
        }
        let law = Law::SecretStaysSecret;
        self.held(law, operation);
        let scheme = self.laws.scheme.as_ref().unwrap_or(&self.model.scheme);
        let stated = operation
            .reply(exchange.status)
            .filter(|_| exchange.is_success());
        let stated = stated.and_then(|reply| reply.schema.as_ref());
        let value = exchange.value.as_ref();
        let body = (body, value, stated);
        let told = tokens::told(self.root(), scheme, &self.tokens, &exchange.headers, body);
        if let Some(place) = told {
            let message = format!("{place} has a token that a request is made with");
            self.breach(law, operation, &[&exchange.shown], &message);
        }
    }

    /// Returns everything that must not be in the log of the server.
    pub(crate) fn all_secrets(&self) -> BTreeSet<String> {
        self.secrets.union(&self.tokens).cloned().collect()
    }

    /// Keeps what was shown once, and must never be shown again.
    fn learn_secrets(&mut self, operation: &Operation, exchange: &Exchange) {
        let Some(value) = exchange.value.as_ref().filter(|_| exchange.is_success()) else {
            return;
        };
        let mut resources = self.model.resources.iter();
        let resource = resources.find(|of| [&of.collection, &of.item].contains(&&operation.path));
        let once = resource.into_iter().flat_map(|resource| &resource.once);
        let shown: Vec<_> = once.filter_map(|name| value[name].as_str()).collect();
        for secret in shown {
            self.keep_secret(secret);
        }
    }

    /// Notes the laws that every reply has to keep.
    fn hold(&mut self, operation: &Operation, reply: &Received<'_>) {
        if reply.status < 400 {
            self.held(Law::ReplyAsDeclared, operation);
            return;
        }
        self.held(Law::ErrorAsDeclared, operation);
        self.held(Law::ErrorCodeIsStatus, operation);
        if self.hints.reasons.is_some() {
            self.held(Law::ErrorReasonInTable, operation);
        }
    }
}

fn shortened(names: &[&str]) -> String {
    const MOST: usize = 4;
    let more = names.len().saturating_sub(MOST);
    let shown: Vec<_> = names.iter().take(MOST).copied().collect();
    if more == 0 {
        return shown.join(", ");
    }
    format!("{}, and {more} more", shown.join(", "))
}
