//! A request to make, and one that was answered.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::model::Resource;

/// As whom a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    Own,
    None,
    Forged,
    Expired,
    Foreign,
    /// The token of a caller who may change nothing.
    Limited,
}

/// A request to make.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Below the base, with the variables filled in.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) credentials: Credentials,
    /// A body that is not JSON, in place of one that is.
    pub(crate) raw: Option<Raw>,
    /// One more header.
    pub(crate) header: Option<(HeaderName, HeaderValue)>,
}

/// A body as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) content_type: HeaderValue,
    pub(crate) content: Bytes,
}

impl Ask {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: Vec::new(),
            body: None,
            credentials: Credentials::Own,
            raw: None,
            header: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(crate) fn sent_by(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// The request as reports show it.
    pub(crate) shown: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, where it is JSON.
    pub(crate) value: Option<Value>,
}

impl Exchange {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status)
    }

    /// The identifier in the body.
    pub(crate) fn id(&self, resource: &Resource) -> Option<String> {
        identifier(self.value.as_ref()?, resource)
    }
}

/// The identifier of a thing.
pub(crate) fn identifier(value: &Value, resource: &Resource) -> Option<String> {
    match &value[&resource.id] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
