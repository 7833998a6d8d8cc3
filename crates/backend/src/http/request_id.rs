//! The ID of a request, by which a caller and the log mean the same one.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::ids::random_name;

/// The header that carries the ID, in requests and in responses.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest ID that is taken over from a caller, in bytes.
const MAX_LENGTH: usize = 128;

/// The ID of a request: the caller's, where it is fit for a log, or a new one.
#[derive(Clone, Debug)]
pub(crate) struct RequestId {
    text: String,
    header: HeaderValue,
}

impl RequestId {
    /// The ID of the request with these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::given(headers).unwrap_or_else(|| {
            // Where the system has no random numbers, a name that others have too does
            // less harm than to refuse the request.
            let text = random_name().unwrap_or_else(|_| "unnamed".to_owned());
            let header = HeaderValue::from_str(&text).expect("digits are a header value");
            Self { text, header }
        })
    }

    fn given(headers: &HeaderMap) -> Option<Self> {
        let header = headers.get(REQUEST_ID)?.clone();
        let text = header.to_str().ok().filter(|id| is_sane(id))?.to_owned();
        Some(Self { text, header })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.header
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(method = %parts.method, "a request was given no ID");
            StatusCode::INTERNAL_SERVER_ERROR
        })
    }
}

fn is_sane(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(allowed)
}
