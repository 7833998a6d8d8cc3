//! How much the messages of requests may take, and what is said where they take more.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use super::call::Call;
use crate::config::Config;
use crate::places::{Full, Places};

/// How much of a message is not counted as held, in bytes: a small message takes
/// less than the rest of its call.
pub(super) const SMALL: usize = 8 << 10;

/// When a call that found no room for its message can be sent again. By then
/// other messages have become whole, or never will.
const ROOM_AFTER: Duration = Duration::from_secs(1);

/// The header that names how messages are compressed.
pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// How the messages of a request that are compressed are so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Not at all.
    Identity,
    Gzip,
    /// In a way that is not supported.
    Other(String),
}

impl Encoding {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match headers.get(ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Self::Identity,
            Some(b"gzip") => Self::Gzip,
            Some(other) => Self::Other(String::from_utf8_lossy(other).into_owned()),
        }
    }
}

/// How much the messages of requests may take.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) max_message: usize,
    /// The bytes of messages that are held.
    held: Arc<Places>,
    domain: Arc<str>,
}

impl Bounds {
    pub(super) fn new(config: &Config, domain: Arc<str>) -> Arc<Self> {
        // One message of each size that is accepted has room at least.
        let max_message = config.max_message;
        Arc::new(Self {
            max_message,
            held: Places::new(
                config.max_held.max(max_message),
                (config.max_held / 2).max(max_message),
            ),
            domain,
        })
    }

    /// The status of a request that is refused.
    pub(super) fn refusal(
        &self,
        call: &Call,
        code: Code,
        reason: &str,
        message: impl Into<String>,
    ) -> Status {
        transcode::status(code, reason, &self.domain, message, None, &call.request_id)
    }

    /// What is said of messages that are compressed in a way that is not supported.
    pub(super) fn unsupported(&self, call: &Call, encoding: &str) -> Status {
        let message = format!("messages cannot be compressed as {encoding:?}, only as gzip");
        let code = Code::Unimplemented;
        let mut status = self.refusal(call, code, "UNSUPPORTED_COMPRESSION", message);
        let accepted = MetadataValue::from_static("identity,gzip");
        status
            .metadata_mut()
            .insert("grpc-accept-encoding", accepted);
        status
    }

    pub(super) fn too_large(&self, call: &Call) -> Status {
        self.refusal(
            call,
            Code::ResourceExhausted,
            "MESSAGE_TOO_LARGE",
            format!(
                "a message is larger than the {} bytes that are accepted",
                self.max_message
            ),
        )
    }

    /// Counts so many bytes as those of the message that the call holds at present.
    ///
    /// # Errors
    ///
    /// Fails where messages take as much as they may.
    pub(super) fn hold(&self, call: &Call, bytes: usize) -> Result<(), Status> {
        if bytes <= SMALL {
            return Ok(());
        }
        call.hold(&self.held, bytes).map_err(|full| {
            transcode::status(
                Code::ResourceExhausted,
                "OVERLOADED",
                &self.domain,
                match full {
                    Full::Caller => "the messages of the caller take as much memory as they may",
                    Full::All => "the messages of all callers take as much memory as they may",
                },
                Some(ROOM_AFTER),
                &call.request_id,
            )
        })
    }

    /// Inflates a message that was compressed with gzip.
    ///
    /// # Errors
    ///
    /// Fails where it is larger than a message may be. `malformed` makes the error of
    /// what is not compressed so.
    pub(super) fn inflate(
        &self,
        call: &Call,
        compressed: &[u8],
        malformed: impl FnOnce(&str) -> Status,
    ) -> Result<Vec<u8>, Status> {
        let max = u64::try_from(self.max_message).unwrap_or(u64::MAX);
        let mut message = Vec::new();
        MultiGzDecoder::new(compressed)
            .take(max.saturating_add(1))
            .read_to_end(&mut message)
            .map_err(|error| malformed(&format!("a message cannot be decompressed: {error}")))?;
        if message.len() > self.max_message {
            return Err(self.too_large(call));
        }
        Ok(message)
    }
}
