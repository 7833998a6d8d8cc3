//! The context of a caller: what its call says besides its message.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{self, HeaderName, HeaderValue};
use http::{Extensions, HeaderMap};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;

use crate::record::CallRecord;
use crate::upstream::{CallContext, CallerKey};
use transcode_core::Violation;

/// The header that names a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header with the time that a call has.
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// The fields that are lists, so that a field may stand on several lines (RFC
/// 9110, section 5.3, and the W3C's Trace Context and Baggage). A second line of
/// any other field contradicts the first.
const LISTS: [HeaderName; 12] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::FORWARDED,
    header::PRAGMA,
    header::VIA,
    HeaderName::from_static("baggage"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-forwarded-for"),
];

/// The context of one call.
pub(crate) struct Caller {
    headers: HeaderMap,
    pub(crate) request_id: Arc<str>,
    pub(crate) deadline: Option<Ends>,
    pub(crate) key: Option<CallerKey>,
    pub(crate) record: CallRecord,
    /// What a layer of the server says to whoever sends the upstream request.
    pub(crate) for_sender: Extensions,
    /// What is wrong with the context itself.
    violations: Vec<Violation>,
    /// What of the fields of the upstream's first reply goes to the caller.
    passed: OnceLock<HeaderMap>,
}

/// When a call ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) at: Instant,
    /// Whether the gateway has to see to it, as no layer in front of it does.
    pub(crate) is_ours: bool,
}

/// How long calls may take that no layer gives a deadline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeAllowed {
    /// Where the caller does not say either.
    pub(crate) by_default: Duration,
    /// Whatever the caller says.
    pub(crate) at_most: Duration,
}

impl Caller {
    pub(crate) fn new(
        metadata: MetadataMap,
        mut extensions: Extensions,
        allowed: TimeAllowed,
    ) -> Self {
        let headers = metadata.into_headers();
        let mut violations = Vec::new();
        let context = extensions.remove::<CallContext>().unwrap_or_default();
        let deadline = if let Some(at) = context.deadline {
            Some(Ends { at, is_ours: false })
        } else {
            let timeout = grpc_timeout(&headers).unwrap_or_else(|description| {
                violations.push(Violation {
                    field: GRPC_TIMEOUT.to_owned(),
                    description,
                });
                None
            });
            // A time that the clock cannot hold never comes.
            let timeout = timeout.unwrap_or(allowed.by_default).min(allowed.at_most);
            let at = Instant::now().checked_add(timeout);
            at.map(|at| Ends { at, is_ours: true })
        };
        let request_id = context.request_id;
        Self {
            request_id: request_id.unwrap_or_else(|| self::request_id(&headers).into()),
            headers,
            deadline,
            key: context.caller,
            record: context.record,
            for_sender: context.passed,
            violations,
            passed: OnceLock::new(),
        }
    }

    /// The headers to pass on, less those that the caller has not sent.
    ///
    /// # Errors
    ///
    /// Names each field that stands there twice although it is no list, and
    /// what else is wrong with the context.
    pub(crate) fn forwarded(&self, names: &[HeaderName]) -> Result<HeaderMap, Vec<Violation>> {
        let mut violations = self.violations.clone();
        let mut forwarded = HeaderMap::with_capacity(names.len() + 3);
        for name in names {
            let values = self.headers.get_all(name);
            if values.iter().nth(1).is_some() && !LISTS.contains(name) {
                violations.push(Violation {
                    field: name.to_string(),
                    description: "must not be there more than once".to_owned(),
                });
            }
            for value in values {
                forwarded.append(name, value.clone());
            }
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        if let Some(request_id) = self.request_id_value() {
            forwarded.insert(REQUEST_ID, request_id);
        }
        Ok(forwarded)
    }

    fn request_id_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.request_id).ok()
    }

    /// Notes what of the fields of a reply goes to the caller. Those of the first
    /// reply count.
    pub(crate) fn pass(&self, fields: HeaderMap) {
        self.passed.get_or_init(|| fields);
    }

    /// The metadata of an answer that the upstream has given.
    pub(crate) fn answer_metadata(&self) -> MetadataMap {
        let metadata = answer_metadata(&self.request_id);
        let Some(passed) = self.passed.get() else {
            return metadata;
        };
        let mut headers = metadata.into_headers();
        headers.extend(passed.clone());
        MetadataMap::from_headers(headers)
    }
}

/// The metadata of an answer to the request of this name.
pub(crate) fn answer_metadata(request_id: &str) -> MetadataMap {
    let mut headers = HeaderMap::with_capacity(1);
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    MetadataMap::from_headers(headers)
}

/// The caller's name for the request if it is one that can go into logs, else a
/// new one.
///
/// A name can if it has up to 128 letters, digits and `-_.:`.
pub fn request_id(headers: &HeaderMap) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=128).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    given
        .filter(plain)
        .map_or_else(new_request_id, ToOwned::to_owned)
}

fn new_request_id() -> String {
    /// How many random bytes are asked for at once: asking for them costs as
    /// much as the rest of a name, many times over.
    const STOCK: usize = 4096;
    thread_local! {
        static STOCK_OF_THREAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let number = STOCK_OF_THREAD.with_borrow_mut(|stock| {
        if stock.is_empty() {
            stock.resize(STOCK, 0);
            if getrandom::fill(stock).is_err() {
                stock.clear();
            }
        }
        let number = stock.last_chunk().copied().map(u128::from_ne_bytes);
        stock.truncate(stock.len().saturating_sub(size_of::<u128>()));
        number
    });
    number.map_or_else(
        // A request without a distinct name is better than none.
        || "unnamed".to_owned(),
        hexadecimal,
    )
}

/// A number as 32 hexadecimal digits. The formatter of the standard library takes
/// several times as long.
fn hexadecimal(number: u128) -> String {
    let digit = |place: u32| {
        let digit = u32::try_from(number >> (4 * place) & 0xf).unwrap_or_default();
        char::from_digit(digit, 16).unwrap_or_default()
    };
    let mut text = String::with_capacity(32);
    text.extend((0..32).rev().map(digit));
    text
}

/// The time that a caller gives: `grpc-timeout`, as gRPC's HTTP/2 protocol
/// defines it.
///
/// # Errors
///
/// Fails where it is malformed or given more than once, with what it must be.
pub fn grpc_timeout(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let mut values = headers.get_all(GRPC_TIMEOUT).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err("must not be there more than once".to_owned());
    }
    let parsed = value.to_str().ok().and_then(|text| {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let amount: u64 = digits.parse().ok()?;
        Some(match unit {
            "H" => Duration::from_secs(amount * 3600),
            "M" => Duration::from_secs(amount * 60),
            "S" => Duration::from_secs(amount),
            "m" => Duration::from_millis(amount),
            "u" => Duration::from_micros(amount),
            "n" => Duration::from_nanos(amount),
            _ => return None,
        })
    });
    parsed
        .map(Some)
        .ok_or_else(|| "must be up to eight digits and a unit, one of H, M, S, m, u, n".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_timeout(value: &str, expected: Option<Duration>) {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_TIMEOUT, value.parse().expect("a header value"));
        assert_eq!(
            grpc_timeout(&headers).ok().flatten(),
            expected,
            "for {value:?}"
        );
    }

    #[test]
    fn timeouts_have_a_unit() {
        check_timeout("2H", Some(Duration::from_hours(2)));
        check_timeout("3M", Some(Duration::from_mins(3)));
        check_timeout("1S", Some(Duration::from_secs(1)));
        check_timeout("250m", Some(Duration::from_millis(250)));
        check_timeout("99999999u", Some(Duration::from_micros(99_999_999)));
        check_timeout("0n", Some(Duration::ZERO));
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for value in ["", "1", "S", "1s", "-1S", "123456789S", "1.5S", "1 S"] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, value.parse().expect("a header value"));
            assert!(
                grpc_timeout(&headers).is_err(),
                "{value:?} was taken for a timeout"
            );
        }
    }

    #[test]
    fn a_new_request_id_is_32_hexadecimal_digits() {
        for number in [0, 1, 0xdead_beef, u128::MAX / 3, u128::MAX] {
            assert_eq!(hexadecimal(number), format!("{number:032x}"));
        }
    }

    #[test]
    fn a_request_id_is_kept_if_it_is_plain() {
        let id_of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(value));
            request_id(&headers)
        };
        assert_eq!(id_of("a-b_c.d:1"), "a-b_c.d:1");
        assert_eq!(id_of("has space").len(), 32);
        assert_eq!(id_of("").len(), 32);
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
