//! What passes beside the messages: which fields go from a caller to the upstream,
//! and which come back.
//!
//! Both are lists of names. What is on neither stays behind, trailers always do,
//! and some names can never be on a list: what speaks of one hop, what belongs to
//! gRPC, and what the gateway writes itself.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::caller::REQUEST_ID;

/// The fields of one hop (RFC 9110, section 7.6.1, and RFC 9113, section 8.2.2).
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The fields of a request that the gateway writes itself, or that are about the
/// message of gRPC and not about that of HTTP.
const OF_REQUESTS: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
];

/// The same of replies.
const OF_REPLIES: [HeaderName; 4] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::DATE,
];

/// How much of a reply's fields may pass, in bytes: names and values, and 32 for
/// each as HTTP/2 counts them. Clients of gRPC refuse metadata of more than 8 KiB.
const MAX_REPLY: usize = 4 << 10;

/// The same for an error, whose details go along with it.
const MAX_ERROR: usize = 1 << 10;

/// What HTTP/2 adds to a field when it counts its size (RFC 9113, section 6.5.2).
const PER_FIELD: usize = 32;

/// How the names of binary metadata end.
const BINARY: &str = "-bin";

/// Binary metadata, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A name that can be on no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} can never be passed on: {reason}")]
pub struct NeverPassed {
    /// The name.
    pub name: HeaderName,
    /// Why it can be on no list.
    pub reason: &'static str,
}

/// The fields of a caller's metadata that go to the upstream.
///
/// The request id goes there in any case. Values go as they are; that of binary
/// metadata (`…-bin`) stays the Base64 that it is on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestFields(Vec<HeaderName>);

/// The fields of the upstream's replies that go to the caller, as metadata in front
/// of the messages, or with the status of an error of the upstream.
///
/// The request id goes there in any case. Of a streamed list, those of the first page
/// do. Only text of printable ASCII passes, and of binary metadata (`…-bin`) only
/// Base64: clients of gRPC refuse the rest. What is more than 4 KiB of one reply, or
/// 1 KiB of an error, stays behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplyFields(Vec<HeaderName>);

impl Default for RequestFields {
    /// `authorization`, `accept-language`, `traceparent` and `tracestate`.
    fn default() -> Self {
        Self(vec![
            header::AUTHORIZATION,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
        ])
    }
}

impl RequestFields {
    /// No fields.
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// Adds a field.
    ///
    /// # Errors
    ///
    /// Fails for one that can never be passed on.
    pub fn add(&mut self, name: HeaderName) -> Result<(), NeverPassed> {
        let name = allowed(name, &OF_REQUESTS)?;
        if !self.0.contains(&name) {
            self.0.push(name);
        }
        Ok(())
    }

    /// The names of the fields.
    pub fn names(&self) -> &[HeaderName] {
        &self.0
    }
}

impl ReplyFields {
    /// Adds a field.
    ///
    /// # Errors
    ///
    /// Fails for one that can never be passed on.
    pub fn add(&mut self, name: HeaderName) -> Result<(), NeverPassed> {
        let name = allowed(name, &OF_REPLIES)?;
        if name.as_str().starts_with("access-control-") {
            let reason = "what browsers may read is for the gateway to say";
            return Err(NeverPassed { name, reason });
        }
        if !self.0.contains(&name) {
            self.0.push(name);
        }
        Ok(())
    }

    /// The names of the fields.
    pub fn names(&self) -> &[HeaderName] {
        &self.0
    }

    /// What passes of the fields of a reply.
    pub(crate) fn of(&self, status: StatusCode, headers: &HeaderMap) -> HeaderMap {
        let is_error = status.is_client_error() || status.is_server_error();
        let mut left = if is_error { MAX_ERROR } else { MAX_REPLY };
        let mut passed = HeaderMap::new();
        for name in &self.0 {
            for value in headers.get_all(name) {
                let size = name.as_str().len() + value.len() + PER_FIELD;
                if size > left || !is_metadata(name, value) {
                    tracing::debug!(%name, size, "a field of the upstream's reply stays behind");
                    continue;
                }
                left -= size;
                passed.append(name, value.clone());
            }
        }
        passed
    }
}

/// Makes sure that a field may be on a list. `own` are those that the gateway writes.
fn allowed(name: HeaderName, own: &[HeaderName]) -> Result<HeaderName, NeverPassed> {
    let reason = if HOP_BY_HOP.contains(&name) {
        "it speaks of one hop"
    } else if name.as_str().starts_with("grpc-") {
        "it belongs to gRPC"
    } else if own.contains(&name) {
        "the gateway writes it itself"
    } else if name == REQUEST_ID {
        "it always goes both ways"
    } else {
        return Ok(name);
    };
    Err(NeverPassed { name, reason })
}

/// Returns whether a value may be metadata of gRPC.
fn is_metadata(name: &HeaderName, value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    if name.as_str().ends_with(BINARY) {
        return BASE64.decode(bytes).is_ok();
    }
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &'static str, request: bool, reply: bool) {
        let name = HeaderName::from_static(name);
        let found = (
            RequestFields::none().add(name.clone()).is_ok(),
            ReplyFields::default().add(name.clone()).is_ok(),
        );
        assert_eq!(found, (request, reply), "for {name}");
    }

    #[test]
    fn some_names_can_be_on_no_list() {
        for name in HOP_BY_HOP {
            assert!(RequestFields::none().add(name.clone()).is_err(), "{name}");
            assert!(ReplyFields::default().add(name.clone()).is_err(), "{name}");
        }
        for name in ["grpc-timeout", "grpc-status", "grpc-x", "x-request-id"] {
            check(name, false, false);
        }
        check("content-type", false, false);
        check("content-length", false, false);
        check("host", false, true);
        check("access-control-allow-origin", true, false);
        for name in [
            "authorization",
            "cookie",
            "set-cookie",
            "x-tenant",
            "x-a-bin",
        ] {
            check(name, true, true);
        }
    }

    #[test]
    fn the_error_says_why() {
        let error = RequestFields::none().add(header::TE);
        assert_eq!(
            error.expect_err("it is of one hop").to_string(),
            "te can never be passed on: it speaks of one hop"
        );
    }

    #[test]
    fn a_name_is_on_a_list_once() {
        let mut fields = RequestFields::default();
        fields.add(header::AUTHORIZATION).expect("it may be there");
        assert_eq!(fields, RequestFields::default());
    }
}
