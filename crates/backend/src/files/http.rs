//! HTTP for `object_store`, by what the rest of the backend uses for it.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::client::{
    ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest,
    HttpRequestBody, HttpResponse, HttpService,
};
use object_store::{ClientOptions, Result};
use rustls::crypto::aws_lc_rs;
use tokio::time::timeout;

/// How large the body of a reply can be, in bytes. A picture has some ten thousand.
pub(super) const MAX_REPLY: usize = 1 << 20;

/// How long a connection is kept that is not used.
const IDLE: Duration = Duration::from_secs(30);

/// Makes clients with bounds on what they wait for.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) connect_timeout: Duration,
    pub(super) request_timeout: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> Result<HttpClient> {
        let failed = |source: io::Error| object_store::Error::Generic {
            store: "S3",
            source: source.into(),
        };
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.connect_timeout));
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(aws_lc_rs::default_provider())
            .map_err(failed)?;
        let allows_http = options
            .get_config_value(&ClientConfigKey::AllowHttp)
            .is_some_and(|value| value == "true");
        let tls = if allows_http {
            tls.https_or_http()
        } else {
            tls.https_only()
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(tls.enable_http1().wrap_connector(tcp));
        Ok(HttpClient::new(Requests {
            client,
            timeout: self.request_timeout,
        }))
    }
}

#[derive(Debug)]
struct Requests {
    client: Client<HttpsConnector<Tcp>, HttpRequestBody>,
    timeout: Duration,
}

/// A request has not been answered in time.
#[derive(Debug, thiserror::Error)]
#[error("there was no whole reply within {0:?}")]
struct Silent(Duration);

/// A reply could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the reply cannot be read")]
struct Unread(#[source] Box<dyn StdError + Send + Sync>);

#[async_trait]
impl HttpService for Requests {
    async fn call(&self, request: HttpRequest) -> std::result::Result<HttpResponse, HttpError> {
        let whole = async {
            let reply = self.client.request(request).await.map_err(|error| {
                let kind = if error.is_connect() {
                    HttpErrorKind::Connect
                } else {
                    HttpErrorKind::Request
                };
                HttpError::new(kind, error)
            })?;
            let (parts, body) = reply.into_parts();
            let body = Limited::new(body, MAX_REPLY).collect().await;
            let body =
                body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, Unread(error)))?;
            let body: Bytes = body.to_bytes();
            Ok(HttpResponse::from_parts(parts, body.into()))
        };
        let whole = timeout(self.timeout, whole).await;
        whole.unwrap_or_else(|_| Err(HttpError::new(HttpErrorKind::Timeout, Silent(self.timeout))))
    }
}
