//! Recorded exchanges: for each operation one request and the reply to it.
//!
//! The files in `openapi/recorded` are inputs of the contract. They are the
//! examples of the OpenAPI document, and tests replay them. Those in `errors` below it are
//! calls that failed, each called after its operation and its status.

use std::{collections::BTreeMap, sync::LazyLock};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use crate::catalogue;

/// One request and the reply to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedExchange {
    /// The `operationId`.
    pub operation: String,
    /// The method.
    pub method: String,
    /// The path of the operation, below the base path.
    pub path_template: String,
    /// The path of the request, below the base path.
    pub path: String,
    /// The values of the variables in the path.
    #[serde(default)]
    pub path_parameters: BTreeMap<String, String>,
    /// The parameters in the query.
    #[serde(default)]
    pub query: BTreeMap<String, String>,
    /// Whether the request carries an access token.
    pub authenticated: bool,
    /// The body of the request, where there is one.
    pub request: Option<RecordedRequest>,
    /// The reply.
    pub response: RecordedResponse,
}

/// The body of a recorded request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedRequest {
    /// The content type, without parameters.
    pub content_type: String,
    /// The JSON body.
    pub body: Option<Value>,
    /// The one part of a multipart body.
    pub part: Option<RecordedPart>,
}

/// A part of a recorded multipart body.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedPart {
    /// The name of the part.
    pub name: String,
    /// The name of the file.
    pub filename: String,
    /// The content type of the file.
    pub content_type: String,
    /// How `body` is encoded: `base64`.
    pub content_transfer_encoding: String,
    /// The content of the file, encoded.
    pub body: String,
}

/// A recorded reply.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedResponse {
    /// The status.
    #[serde(deserialize_with = "status")]
    pub status: StatusCode,
    /// The content type, without parameters. A reply without a body has none.
    pub content_type: Option<String>,
    /// The headers that the operation declares, as they were sent.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The JSON body.
    pub body: Option<Value>,
}

impl RecordedResponse {
    /// Returns a header, however its name is spelled.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the headers and the content type as they were sent. A value that no
    /// header can have is left out.
    pub fn header_map(&self) -> HeaderMap {
        let content_type = self.content_type.iter();
        let content_type = content_type.map(|value| (CONTENT_TYPE.as_str(), value.as_str()));
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
        let all = content_type.chain(headers).filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        all.collect()
    }
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<StatusCode, D::Error> {
    StatusCode::from_u16(u16::deserialize(from)?).map_err(D::Error::custom)
}

/// The recorded exchange of the operation with this `operationId`.
pub fn recorded(id: &str) -> Option<&'static RecordedExchange> {
    static EXCHANGES: LazyLock<BTreeMap<&str, RecordedExchange>> = LazyLock::new(|| {
        let exchange = |text| {
            // The text is part of the program, and the tests read every one.
            serde_json::from_str(text)
                .unwrap_or_else(|error| panic!("a recorded exchange is not valid: {error}"))
        };
        catalogue()
            .iter()
            .map(|operation| (operation.id, exchange(operation.recorded)))
            .collect()
    });
    EXCHANGES.get(id)
}

/// The files of the exchanges of errors: their names without the ending, and their texts.
static ERRORS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/errors.rs"));

/// The first recorded exchange of the operation with this `operationId` that failed with
/// this status.
pub fn recorded_error(id: &str, status: StatusCode) -> Option<&'static RecordedExchange> {
    static EXCHANGES: LazyLock<BTreeMap<&str, RecordedExchange>> = LazyLock::new(|| {
        let exchange = |name, text| {
            // As for those above.
            serde_json::from_str(text).unwrap_or_else(|error| {
                panic!("{name}, a recorded exchange, is not valid: {error}")
            })
        };
        let files = ERRORS.iter();
        files
            .map(|(name, text)| (*name, exchange(name, text)))
            .collect()
    });
    EXCHANGES.get(format!("{id}-{}", status.as_str()).as_str())
}
