//! What can go wrong with a call, and what its caller is told of it: code,
//! message and details, in one place for all of it.
//!
//! Every status has an `ErrorInfo` with a stable reason and a `RequestInfo`. It
//! has a `RetryInfo` where sending the same request again is safe and may help:
//! never for a permanent fault, and never for a POST or PATCH that may have
//! been carried out.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use prost::Message as _;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, RequestInfo, RetryInfo, StatusExt, pb,
};

use crate::caller::answer_metadata;
use crate::json::ReadError;
use crate::layout::RequestLayout;
use crate::reason::loggable;
use crate::upload::Interrupted;
use crate::upstream::SendErrorKind;
use crate::violated;
use transcode_core::Violation;

/// How much of a message is passed on, in bytes. Outside of ASCII each of them
/// takes three on the wire.
const MAX_MESSAGE: usize = 1024;

/// How much room the details may take, in bytes of protobuf, the message among
/// them. Clients refuse trailers of more than 8 KiB (grpc-core) or 16 KiB
/// (hyper), and a refused trailer takes the code with it.
const MAX_DETAILS: usize = 3 * 1024;

/// The longest `google.protobuf.Duration`: 315,576,000,000 s.
const LONGEST: Duration = Duration::from_hours(87_660_000);

/// When to try again what may go better at once.
const SOON: Duration = Duration::from_secs(1);

/// Something that has gone wrong with a call.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The request has no REST form, or its context does not fit.
    InvalidRequest(Vec<Violation>),
    /// The request has no URL.
    InvalidUrl(http::Error),
    /// The first message of an upload is not its header.
    HeaderMissing,
    /// The caller's stream has ended an upload.
    Interrupted(Interrupted),
    /// The deadline has passed.
    DeadlineExceeded,
    /// There is no response to the request.
    NotSent {
        kind: SendErrorKind,
        /// Whether carrying the request out twice does the same as once.
        idempotent: bool,
    },
    /// The upstream answered with an error.
    UpstreamReplied(Told),
    /// A successful reply is no answer to the request.
    NoAnswer {
        status: StatusCode,
        because: &'static str,
    },
    /// A reply does not have its declared shape.
    ContractViolation(ReadError),
    /// A reply broke off.
    ReplyBroken { idempotent: bool },
    /// A reply is larger than the limit in bytes.
    ReplyTooLarge {
        limit: usize,
        /// What the limit is called.
        setting: &'static str,
        /// The rpc that reads the same list without that limit.
        streamed_by: Option<&'static str>,
    },
    /// An element of a list is larger than the limit in bytes.
    ElementTooLarge {
        index: usize,
        limit: usize,
        /// What the limit is called.
        setting: &'static str,
    },
    /// All replies together take the room that there is for them.
    NoRoom { idempotent: bool },
    /// The gateway itself is at fault. The log says more.
    Gateway(&'static str),
}

/// What the caller is told, before it is a status.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Code,
    pub(crate) message: String,
    /// A reason without a domain is one of the gateway.
    pub(crate) details: Vec<ErrorDetail>,
}

impl Told {
    fn new(code: Code, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: vec![ErrorInfo::new(reason, "", HashMap::new()).into()],
        }
    }

    /// The reason, for the log: an upstream that answers with a sentence in its place
    /// may quote in it what must not be seen.
    pub(crate) fn reason(&self) -> &str {
        let reason = self.details.iter().find_map(|detail| match detail {
            ErrorDetail::ErrorInfo(info) => Some(&*info.reason),
            _ => None,
        });
        reason.map_or("", loggable)
    }

    fn with(mut self, detail: Option<ErrorDetail>) -> Self {
        self.details.extend(detail);
        self
    }

    /// Calls the fields that the upstream refused what they are called in the message. What
    /// is no field of it keeps its name.
    pub(crate) fn name_fields(&mut self, request: &RequestLayout) {
        let refused = self.details.iter_mut().filter_map(|detail| match detail {
            ErrorDetail::BadRequest(bad) => Some(&mut bad.field_violations),
            _ => None,
        });
        for violation in refused.flatten() {
            if let Some(field) = violated::field(request, &violation.field) {
                violation.field = field;
            }
        }
    }

    /// Fills in the domain, and cuts delays that are longer than `max_retry`.
    fn complete(&mut self, domain: &str, max_retry: Duration) {
        for detail in &mut self.details {
            match detail {
                ErrorDetail::ErrorInfo(info) if info.domain.is_empty() => {
                    domain.clone_into(&mut info.domain);
                }
                ErrorDetail::RetryInfo(retry) => {
                    retry.retry_delay = retry.retry_delay.map(|delay| delay.min(max_retry));
                }
                _ => {}
            }
        }
    }
}

impl Fault {
    /// The status of the call. No delay that it asks for is longer than
    /// `max_retry`.
    pub(crate) fn into_status(self, domain: &str, max_retry: Duration, request_id: &str) -> Status {
        match self.told() {
            Ok(mut told) => {
                told.complete(domain, max_retry);
                compose(told.code, told.message, told.details, request_id)
            }
            Err(status) => named(&status, request_id),
        }
    }

    /// What the caller is told, or a status that is made already.
    fn told(self) -> Result<Told, Status> {
        const VIOLATION: &str = "UPSTREAM_CONTRACT_VIOLATION";
        Ok(match self {
            Self::InvalidRequest(violations) => {
                let message = match violations.as_slice() {
                    [Violation { field, description }] => format!("{field} {description}"),
                    all => format!("{} fields of the request do not fit", all.len()),
                };
                let violations = violations
                    .into_iter()
                    .map(|violation| FieldViolation::new(violation.field, violation.description));
                let violations = BadRequest::new(violations.collect::<Vec<_>>());
                Told::new(Code::InvalidArgument, "INVALID_REQUEST", message)
                    .with(Some(violations.into()))
            }
            Self::InvalidUrl(error) => {
                let message = format!("the request has no valid URL: {error}");
                Told::new(Code::InvalidArgument, "INVALID_REQUEST", message)
            }
            Self::HeaderMissing => {
                let message = "the first message of an upload is its header";
                Told::new(Code::InvalidArgument, "INVALID_REQUEST", message)
            }
            Self::Interrupted(cause) => {
                let (code, reason) = match &cause {
                    Interrupted::NoContent => (Code::InvalidArgument, "INVALID_REQUEST"),
                    Interrupted::Malformed => (Code::Internal, "MALFORMED_MESSAGE"),
                    Interrupted::TooLarge => (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
                    Interrupted::BrokenOff(status) => (status.code(), "UPLOAD_INTERRUPTED"),
                    Interrupted::Refused(status) => return Err(status.clone()),
                };
                Told::new(code, reason, cause.to_string())
            }
            Self::DeadlineExceeded => Told::new(
                Code::DeadlineExceeded,
                "DEADLINE_EXCEEDED",
                "the deadline passed before the call was done",
            ),
            Self::NotSent { kind, idempotent } => not_sent(kind, idempotent),
            Self::UpstreamReplied(told) => told,
            Self::NoAnswer { status, because } => {
                let message = format!(
                    "the upstream answered {status}, which is no answer to this request: {because}"
                );
                if status.is_success() {
                    Told::new(Code::Internal, VIOLATION, message)
                } else {
                    let reason = format!("UPSTREAM_HTTP_{}", status.as_u16());
                    Told::new(Code::Internal, &reason, message)
                }
            }
            Self::ContractViolation(error) => {
                let message = format!("the upstream's reply does not fit: {error}");
                let path = HashMap::from([("path".to_owned(), error.path)]);
                Told {
                    code: Code::Internal,
                    message,
                    details: vec![ErrorInfo::new(VIOLATION, "", path).into()],
                }
            }
            Self::ReplyBroken { idempotent } => Told::new(
                Code::Unavailable,
                "UPSTREAM_REPLY_BROKEN",
                "the upstream's reply broke off",
            )
            .with(retry_info(idempotent.then_some(SOON))),
            Self::ReplyTooLarge {
                limit,
                setting,
                streamed_by,
            } => {
                let mut told = too_large("the upstream's reply", limit, setting);
                if let Some(rpc) = streamed_by {
                    told.message.push_str("; use ");
                    told.message.push_str(rpc);
                    let how = ", which reads the list element by element";
                    told.message.push_str(how);
                }
                told
            }
            Self::ElementTooLarge {
                index,
                limit,
                setting,
            } => {
                let what = format!("the element $[{index}] of the upstream's list");
                too_large(&what, limit, setting)
            }
            Self::NoRoom { idempotent } => Told::new(
                Code::ResourceExhausted,
                "OVERLOADED",
                "the gateway has no room for the upstream's reply",
            )
            .with(retry_info(idempotent.then_some(SOON))),
            Self::Gateway(message) => Told::new(Code::Internal, "GATEWAY_FAULT", message),
        })
    }
}

/// What of a reply is larger than the limit in bytes, which has this name.
fn too_large(what: &str, limit: usize, setting: &str) -> Told {
    let message = format!("{what} is larger than {limit} bytes, the `{setting}` of the gateway");
    Told::new(Code::ResourceExhausted, "UPSTREAM_REPLY_TOO_LARGE", message)
}

fn not_sent(kind: SendErrorKind, idempotent: bool) -> Told {
    // The messages of the kinds are for callers.
    let message = kind.to_string();
    match kind {
        SendErrorKind::NeverSent { detail } => {
            let message = match detail {
                Some(detail) => format!("{message}: {detail}"),
                None => message,
            };
            Told::new(Code::Unavailable, "UPSTREAM_UNAVAILABLE", message)
                .with(retry_info(Some(SOON)))
        }
        SendErrorKind::PerhapsCarriedOut => {
            Told::new(Code::Unavailable, "UPSTREAM_CONNECTION_LOST", message)
                .with(retry_info(idempotent.then_some(SOON)))
        }
        SendErrorKind::Untrusted => Told::new(Code::Unavailable, "UPSTREAM_UNTRUSTED", message),
        SendErrorKind::CertificateRefused => {
            Told::new(Code::Unavailable, "UPSTREAM_REFUSES_CERTIFICATE", message)
        }
        SendErrorKind::HandshakeFailed => {
            Told::new(Code::Unavailable, "UPSTREAM_TLS_FAILED", message)
        }
        SendErrorKind::Malformed { .. } => {
            Told::new(Code::Internal, "UPSTREAM_CONTRACT_VIOLATION", message)
        }
        SendErrorKind::Overloaded { retry_after } => {
            Told::new(Code::ResourceExhausted, "OVERLOADED", message)
                .with(retry_info(Some(retry_after)))
        }
        SendErrorKind::DeadlineUnattainable => {
            Told::new(Code::DeadlineExceeded, "DEADLINE_UNATTAINABLE", message)
        }
        // UNAUTHENTICATED would send the caller to look for a fault of its own.
        SendErrorKind::CredentialsRefused => {
            Told::new(Code::Unavailable, "CREDENTIALS_REFUSED", message)
        }
        SendErrorKind::CredentialsUnavailable { retry_after } => {
            Told::new(Code::Unavailable, "CREDENTIALS_UNAVAILABLE", message)
                .with(retry_info(Some(retry_after)))
        }
    }
}

/// Makes the status of an error that a layer around the gateway answers with,
/// in the same form as the gateway's own: with an `ErrorInfo`, a `RequestInfo`
/// and, where there is a delay, a legal `RetryInfo`.
pub fn status(
    code: Code,
    reason: &str,
    domain: &str,
    message: impl Into<String>,
    retry: Option<Duration>,
    request_id: &str,
) -> Status {
    let mut details = vec![ErrorInfo::new(reason, domain, HashMap::new()).into()];
    details.extend(retry_info(retry));
    compose(code, message.into(), details, request_id)
}

/// A detail that asks for a delay, cut to what `google.protobuf.Duration` holds.
pub(crate) fn retry_info(delay: Option<Duration>) -> Option<ErrorDetail> {
    delay.map(|delay| RetryInfo::new(Some(delay.min(LONGEST))).into())
}

/// A status within the limits of what clients accept.
fn compose(
    code: Code,
    mut message: String,
    mut details: Vec<ErrorDetail>,
    request_id: &str,
) -> Status {
    truncate(&mut message, MAX_MESSAGE);
    let answered = |detail: &ErrorDetail| matches!(detail, ErrorDetail::RequestInfo(_));
    if !details.iter().any(answered) {
        details.push(RequestInfo::new(request_id, "").into());
    }
    // The first to go are the last: the reason always stays.
    details.sort_by_key(rank);
    loop {
        let status = Status::with_error_details_vec_and_metadata(
            code,
            &message,
            details.iter().cloned(),
            answer_metadata(request_id),
        );
        if status.details().len() <= MAX_DETAILS || details.is_empty() {
            return status;
        }
        match details.last_mut() {
            Some(ErrorDetail::BadRequest(bad)) if bad.field_violations.len() > 1 => {
                let half = bad.field_violations.len() / 2;
                bad.field_violations.truncate(half);
            }
            Some(ErrorDetail::ErrorInfo(info)) if !info.metadata.is_empty() => {
                info.metadata.clear();
            }
            _ => {
                details.pop();
            }
        }
    }
}

/// A status that a layer around the gateway has made, with the name of the
/// request where it has none. Its details stay as they are.
fn named(status: &Status, request_id: &str) -> Status {
    let Ok(mut details) = pb::Status::decode(status.details()) else {
        return status.clone();
    };
    if !details
        .details
        .iter()
        .any(|any| any.type_url == RequestInfo::TYPE_URL)
    {
        let info = pb::RequestInfo {
            request_id: request_id.to_owned(),
            serving_data: String::new(),
        };
        details.details.push(prost_types::Any {
            type_url: RequestInfo::TYPE_URL.to_owned(),
            value: info.encode_to_vec(),
        });
    }
    let mut headers = status.metadata().clone().into_headers();
    headers.extend(answer_metadata(request_id).into_headers());
    Status::with_details_and_metadata(
        status.code(),
        status.message(),
        details.encode_to_vec().into(),
        MetadataMap::from_headers(headers),
    )
}

fn rank(detail: &ErrorDetail) -> u8 {
    match detail {
        ErrorDetail::ErrorInfo(_) => 0,
        ErrorDetail::RequestInfo(_) => 1,
        ErrorDetail::RetryInfo(_) => 2,
        ErrorDetail::BadRequest(_) => 3,
        _ => 4,
    }
}

/// Cuts a text off behind the last character that fits.
fn truncate(text: &mut String, limit: usize) {
    if text.len() > limit {
        let mut end = limit - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_delay(status: &Status) -> Option<Duration> {
        status.get_error_details().retry_info()?.retry_delay
    }

    /// The status of the fault has this code, this reason and this delay.
    #[track_caller]
    fn check(fault: Fault, code: Code, reason: &str, retry: Option<Duration>) {
        let described = format!("{fault:?}");
        let status = fault.into_status("d", Duration::from_hours(1), "id-1");
        let details = status.get_error_details();
        let info = details.error_info().expect("there is always a reason");
        assert_eq!(
            (status.code(), info.reason.as_str(), info.domain.as_str()),
            (code, reason, "d"),
            "for {described}"
        );
        let request = details.request_info().expect("the request is named");
        assert_eq!(request.request_id, "id-1");
        assert_eq!(retry_delay(&status), retry, "for {described}");
    }

    fn not_sent(kind: SendErrorKind, idempotent: bool) -> Fault {
        Fault::NotSent { kind, idempotent }
    }

    #[test]
    fn what_was_never_sent_can_always_be_tried_again() {
        for idempotent in [true, false] {
            let kind = SendErrorKind::NeverSent { detail: None };
            check(
                not_sent(kind, idempotent),
                Code::Unavailable,
                "UPSTREAM_UNAVAILABLE",
                Some(SOON),
            );
            let kind = SendErrorKind::Overloaded {
                retry_after: Duration::from_secs(3),
            };
            check(
                not_sent(kind, idempotent),
                Code::ResourceExhausted,
                "OVERLOADED",
                Some(Duration::from_secs(3)),
            );
        }
    }

    #[test]
    fn credentials_of_the_gateway_are_no_fault_of_the_caller() {
        let kind = SendErrorKind::CredentialsRefused;
        let refused = "CREDENTIALS_REFUSED";
        check(not_sent(kind, true), Code::Unavailable, refused, None);
        let kind = SendErrorKind::CredentialsUnavailable { retry_after: SOON };
        let unavailable = "CREDENTIALS_UNAVAILABLE";
        check(
            not_sent(kind, false),
            Code::Unavailable,
            unavailable,
            Some(SOON),
        );
    }

    #[test]
    fn what_may_have_been_carried_out_is_tried_again_only_if_that_is_safe() {
        for (idempotent, retry) in [(true, Some(SOON)), (false, None)] {
            let kind = SendErrorKind::PerhapsCarriedOut;
            check(
                not_sent(kind, idempotent),
                Code::Unavailable,
                "UPSTREAM_CONNECTION_LOST",
                retry,
            );
            check(
                Fault::ReplyBroken { idempotent },
                Code::Unavailable,
                "UPSTREAM_REPLY_BROKEN",
                retry,
            );
            check(
                Fault::NoRoom { idempotent },
                Code::ResourceExhausted,
                "OVERLOADED",
                retry,
            );
        }
    }

    #[test]
    fn a_permanent_fault_asks_for_no_retry() {
        let untrusted = not_sent(SendErrorKind::Untrusted, true);
        check(untrusted, Code::Unavailable, "UPSTREAM_UNTRUSTED", None);
        for (kind, reason) in [
            (
                SendErrorKind::CertificateRefused,
                "UPSTREAM_REFUSES_CERTIFICATE",
            ),
            (SendErrorKind::HandshakeFailed, "UPSTREAM_TLS_FAILED"),
        ] {
            check(not_sent(kind, true), Code::Unavailable, reason, None);
        }
        let malformed = not_sent(SendErrorKind::Malformed { detail: "x" }, true);
        let violation = "UPSTREAM_CONTRACT_VIOLATION";
        check(malformed, Code::Internal, violation, None);
        let too_large = Fault::ReplyTooLarge {
            limit: 1,
            setting: "--max-reply",
            streamed_by: None,
        };
        let reason = "UPSTREAM_REPLY_TOO_LARGE";
        check(too_large, Code::ResourceExhausted, reason, None);
    }

    #[test]
    fn a_delay_is_always_a_legal_duration() {
        let status = status(Code::Unavailable, "R", "d", "m", Some(Duration::MAX), "id");
        assert_eq!(
            retry_delay(&status).map(|delay| delay.as_secs()),
            Some(315_576_000_000)
        );
        let kind = SendErrorKind::Overloaded {
            retry_after: Duration::MAX,
        };
        let cap = Duration::from_hours(1);
        let status = not_sent(kind, true).into_status("d", cap, "id");
        assert_eq!(retry_delay(&status), Some(cap));
    }

    #[test]
    fn a_status_of_a_layer_keeps_its_details() {
        let given = pb::Status {
            code: Code::ResourceExhausted.into(),
            message: "too large".to_owned(),
            details: vec![prost_types::Any {
                type_url: "type.example/unheard.of".to_owned(),
                value: vec![1, 2],
            }],
        };
        let layer = Status::with_details(
            Code::ResourceExhausted,
            "too large",
            given.encode_to_vec().into(),
        );
        let fault = Fault::Interrupted(Interrupted::Refused(layer));
        let status = fault.into_status("d", Duration::from_hours(1), "id-1");
        assert_eq!(
            (status.code(), status.message()),
            (Code::ResourceExhausted, "too large")
        );
        let kept = pb::Status::decode(status.details()).expect("details");
        assert_eq!(kept.details[0], given.details[0]);
        let details = status.get_error_details();
        let request = details.request_info().expect("the request is named");
        assert_eq!(request.request_id, "id-1");
    }
}
