//! What a call was answered with, and checking it.

use ::http::HeaderMap;
use serde_json::Value;

use super::text;

/// What a call was answered with.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Reply {
    /// The JSON body. Fails with the whole reply if there is none.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(super) fn header(&self, name: &str) -> &str {
        let value = self
            .headers
            .get(name)
            .unwrap_or_else(|| panic!("has no {name}: {self:?}"));
        value.to_str().expect("is text")
    }

    /// The body of a reply with status 200.
    #[track_caller]
    pub(super) fn ok(self) -> Value {
        self.with_status(200).json()
    }

    /// The body of a reply with status 201.
    #[track_caller]
    pub(super) fn created(self) -> Value {
        self.with_status(201).json()
    }

    /// Checks that there is status 204 and no body.
    #[track_caller]
    pub(super) fn no_content(self) {
        let reply = self.with_status(204);
        assert!(
            reply.bytes.is_empty(),
            "a 204 has no body: {}",
            String::from_utf8_lossy(&reply.bytes)
        );
    }

    /// Checks the status of an error, its reason and its message. The rest of
    /// the body.
    #[track_caller]
    pub(super) fn error(self, status: u16, reason: &str, message: &str) -> Value {
        let reply = self.with_status(status);
        let body = reply.json();
        assert_eq!(
            body["error"]["code"], status,
            "the body repeats the status: {body}"
        );
        let info = detail(&body, "ErrorInfo");
        assert_eq!(
            (text(&info["reason"]), text(&body["error"]["message"])),
            (reason.to_owned(), message.to_owned())
        );
        let request_id = detail(&body, "RequestInfo")["requestId"].clone();
        assert_eq!(
            request_id,
            reply.header("x-request-id"),
            "body and header name the same request"
        );
        body
    }

    /// The reason of an error.
    #[track_caller]
    pub(super) fn reason(&self) -> String {
        text(&detail(&self.json(), "ErrorInfo")["reason"])
    }

    /// Checks that the request is refused for its shape, and which fields are
    /// named. How that is said is the contract's business.
    #[track_caller]
    pub(super) fn violates(self, fields: &[&str]) {
        let body = self.with_status(400).json();
        let violations = detail(&body, "BadRequest")["fieldViolations"].clone();
        let violations = violations.as_array().expect("is a list");
        let found: Vec<_> = violations
            .iter()
            .map(|violation| text(&violation["field"]))
            .collect();
        assert_eq!(found, fields, "{body}");
    }

    #[track_caller]
    pub(super) fn with_status(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self
    }
}

/// A detail of an error by the name of its type.
#[track_caller]
pub(super) fn detail(body: &Value, name: &str) -> Value {
    let details = body["error"]["details"]
        .as_array()
        .expect("an error has details");
    let url = format!("type.googleapis.com/google.rpc.{name}");
    details
        .iter()
        .find(|detail| detail["@type"] == url)
        .unwrap_or_else(|| panic!("no {name}: {body}"))
        .clone()
}
