//! Documents from the network, within bounds.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use conformance::diff::{BoxError, MAX_BYTES, SourceText, Url};
use http::header::{ACCEPT, LOCATION, USER_AGENT};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::runtime::Handle;
use upstream::{Body, Client, Config};

/// How often one document may be said to be elsewhere.
const MAX_REDIRECTS: usize = 5;

/// How long one document may take, redirects included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Returns whether a URL leads to the network.
pub(super) fn is_remote(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Returns whether a URL leads to the host of another, by the same way or a safer one.
pub(super) fn is_same_host(one: &Url, other: &Url) -> bool {
    let is_default = |url: &Url| url.port().is_none();
    one.origin() == other.origin()
        || (one.host() == other.host()
            && one.scheme() == "http"
            && other.scheme() == "https"
            && is_default(one)
            && is_default(other))
}

/// The connections to hosts that documents are from.
#[derive(Default)]
pub(super) struct Remote {
    clients: HashMap<String, Client>,
}

impl Remote {
    /// Fetches a document.
    pub(super) fn fetch(&mut self, url: &Url) -> Result<SourceText, BoxError> {
        let fetched = async {
            tokio::time::timeout(TIMEOUT, self.follow(url.clone()))
                .await
                .map_err(|_| format!("it took more than {} seconds", TIMEOUT.as_secs()))?
        };
        tokio::task::block_in_place(|| Handle::current().block_on(fetched))
    }

    async fn follow(&mut self, mut url: Url) -> Result<SourceText, BoxError> {
        url.set_fragment(None);
        for _ in 0..=MAX_REDIRECTS {
            let (status, headers, body) = self.get(&url).await?;
            if !status.is_redirection() {
                if !status.is_success() {
                    return Err(format!("{url} answers {status}").into());
                }
                let text = String::from_utf8(body)
                    .map_err(|error| format!("{url} is not UTF-8 text: {error}"))?;
                return Ok(SourceText {
                    source: url.to_string(),
                    url,
                    text,
                });
            }
            let location = headers.get(LOCATION).context("a redirect names no place")?;
            let mut target = url.join(location.to_str()?)?;
            target.set_fragment(None);
            if !is_remote(&target) || !is_same_host(&url, &target) {
                return Err(
                    format!("{url} redirects to {target}, which is on another host").into(),
                );
            }
            url = target;
        }
        Err(format!("there are more than {MAX_REDIRECTS} redirects").into())
    }

    async fn get(&mut self, url: &Url) -> Result<(StatusCode, HeaderMap, Vec<u8>), BoxError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "it has a password in its URL, which is not sent; fetch it by other means".into(),
            );
        }
        let origin = url.origin().ascii_serialization();
        let client = if let Some(client) = self.clients.get(&origin) {
            client.clone()
        } else {
            let client = Client::new(&[upstream::base(&origin)?], Config::default())?;
            self.clients.insert(origin, client.clone());
            client
        };
        let request = Request::get(url.as_str())
            .header(ACCEPT, "application/json, application/yaml, */*")
            .header(USER_AGENT, concat!("web1on1/", env!("CARGO_PKG_VERSION")))
            .body(Body::empty())?;
        let response = client.send(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await?;
        Ok((head.status, head.headers, body.to_bytes().to_vec()))
    }
}
