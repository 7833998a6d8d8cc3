//! The way to the server that is verified: one request, one reply, as they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, response};
use http_body_util::{BodyExt as _, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use upstream::{BoxError, Client, Config, Roots};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest reply that is read.
const MAX_REPLY: usize = 16 << 20;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The way to one server.
pub(crate) struct Wire {
    client: Client,
    /// The base of the API, without a slash at its end.
    pub(crate) base: String,
    /// How many requests have been sent so far, over all ways that share the counter.
    pub(crate) sent: Arc<AtomicUsize>,
}

impl Wire {
    /// `ca` has the certificates of the authorities that may vouch for the server,
    /// in place of those that the system trusts.
    pub(crate) fn new(base: &Uri, ca: Option<&std::path::Path>) -> Result<Self, upstream::Error> {
        // Shows each reply and each failure as it is: nothing is sent again, and
        // nothing is decoded.
        let config = Config {
            roots: ca.map_or(Roots::System, |file| Roots::File(file.to_owned())),
            decode: false,
            max_retries: 0,
            timeout: TIMEOUT,
            ..Config::default()
        };
        Ok(Self {
            client: Client::new(std::slice::from_ref(base), config)?,
            base: base.to_string().trim_end_matches('/').to_owned(),
            sent: Arc::default(),
        })
    }

    /// The URL of a path below the base with a query.
    pub(crate) fn url(&self, path: &str, query: &[(String, String)]) -> String {
        let pairs = query.iter();
        let pairs = pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{query}", self.base)
    }

    /// Sends a request, and waits for the whole reply.
    pub(crate) async fn send(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<(response::Parts, Bytes), BoxError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut request = Request::new(upstream::Body::Whole(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = url.parse::<Uri>()?;
        *request.headers_mut() = headers.clone();
        let answered = async {
            let response = self.client.send(request).await?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, MAX_REPLY).collect().await?.to_bytes();
            Ok::<_, BoxError>((head, body))
        };
        tokio::time::timeout(TIMEOUT, answered)
            .await
            .map_err(|_| format!("there was no reply within {} seconds", TIMEOUT.as_secs()))?
    }
}

/// A text as a segment of a path, or as a part of a query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// An error with all of its causes.
pub(crate) fn whole_cause(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
