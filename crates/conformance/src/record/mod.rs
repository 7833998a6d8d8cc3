//! Records traffic as it passes by.
//!
//! A [`Recorder`] is a proxy: it sends requests on to an upstream and replies
//! back, as they are and while they arrive. Of each new kind of exchange
//! (operation, status, and which properties and enum values it shows) it writes
//! one example, in the form of `openapi/recorded`. Nothing private reaches the
//! disk; the private module `redact` says what that means. Traffic that is of no
//! operation passes through and leaves no trace. Where the form has nothing for the
//! body of a request, that is told, and no file is written.

mod error;
mod exchange;
mod operations;
mod redact;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use contract::error::{Code, ErrorBody};
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, StatusCode, Uri, Version};
use http_body::{Body, Frame, SizeHint};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use upstream::{Client, Config, Roots, SendError, base};

pub use error::RecordError;
use exchange::{Archive, Captured, Unrecorded};
pub use operations::Operations;
use redact::Redactor;

use crate::verify::check::text;

/// How long the upstream may take to begin its reply.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How long it may be silent within one.
const STALL_TIMEOUT: Duration = Duration::from_mins(10);

/// How long exchanges may take to end once the recorder is to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The largest body that is recorded. Larger ones pass through all the same.
const MAX_RECORDED: usize = 4 << 20;

/// Headers of one connection, which mean nothing to the next (RFC 9110, section
/// 7.6.1).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A proxy that records what passes through it.
pub struct Recorder {
    client: Client,
    upstream: String,
    operations: Operations,
    redactor: Redactor,
    archive: Mutex<Archive>,
    notify: Box<dyn Fn(Result<PathBuf, RecordError>) + Send + Sync>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    /// A recorder in front of the server at `upstream`, which writes to the
    /// directory `out`. The path of a request is put behind that of `upstream`.
    /// Of its traffic that of `operations` is recorded. `ca` is a PEM file with the certificates of the authorities that may vouch
    /// for the server, in place of those that the system trusts. `notify` is told
    /// of each file that was written, or could not be, and of each request that
    /// was not answered.
    ///
    /// # Errors
    ///
    /// `upstream` is no URL, `ca` holds no certificates, `out` is no directory that
    /// can be read, or there is no tokio runtime.
    pub fn new(
        upstream: &str,
        ca: Option<&Path>,
        out: &Path,
        operations: Operations,
        notify: impl Fn(Result<PathBuf, RecordError>) + Send + Sync + 'static,
    ) -> Result<Self, RecordError> {
        let uri = base(upstream)?;
        let redactor = Redactor::new().map_err(RecordError::Random)?;
        // Each reply passes as it is: nothing is sent again, nothing decoded, and
        // no codings are offered but those that the client asks for.
        let config = Config {
            roots: ca.map_or(Roots::System, |file| Roots::File(file.to_owned())),
            decode: false,
            max_retries: 0,
            timeout: TIMEOUT,
            stall_timeout: STALL_TIMEOUT,
            ..Config::default()
        };
        Ok(Self {
            client: Client::new(std::slice::from_ref(&uri), config)?,
            upstream: uri.to_string().trim_end_matches('/').to_owned(),
            archive: Mutex::new(Archive::open(out, &operations, &redactor)?),
            operations,
            redactor,
            notify: Box::new(notify),
        })
    }

    /// Passes traffic through until `stop` is done.
    ///
    /// # Errors
    ///
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), RecordError> {
        let recorder = Arc::new(self);
        // Every exchange that is still to be written has a sender.
        let (busy, mut idle) = mpsc::channel::<()>(1);
        let router = Router::new()
            .fallback(move |request: Request| pass(recorder.clone(), busy.clone(), request));
        let (stopping, stopped) = oneshot::channel();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
            stop.await;
            // Nobody waits any more if serving has failed.
            let _ = stopping.send(());
        });
        let patience = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = serving.into_future() => served.map_err(RecordError::Serve)?,
            () = patience => {}
        }
        // What is not written by then belongs to exchanges that do not end.
        let _ = tokio::time::timeout(GRACE, idle.recv()).await;
        Ok(())
    }

    fn record(&self, captured: &Captured) {
        let redacted = captured.redact(&self.operations, &self.redactor);
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let redacted = match redacted {
            Ok(redacted) => redacted,
            Err(Unrecorded::NoOperation) => return,
            Err(Unrecorded::Body { path, why }) => {
                let method = captured.method.clone();
                if archive.leaves_out(format!("{method} {path} {why}")) {
                    (self.notify)(Err(RecordError::LeftOut { method, path, why }));
                }
                return;
            }
        };
        match archive.keep(&redacted) {
            Ok(None) => {}
            Ok(Some(path)) => (self.notify)(Ok(path)),
            Err(error) => (self.notify)(Err(error)),
        }
    }
}

/// Sends a request on and the reply back.
async fn pass(recorder: Arc<Recorder>, busy: mpsc::Sender<()>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let Ok(uri) = format!("{}{target}", recorder.upstream).parse::<Uri>() else {
        return refuse("the path cannot be put behind the upstream's URL");
    };
    let method = head.method.clone();
    let authorized = recorder
        .operations
        .are_given_credentials(&head.headers, &target);
    let content_type = text(&head.headers, CONTENT_TYPE.as_str());
    head.uri = uri;
    head.version = Version::HTTP_11;
    strip(&mut head.headers);
    head.headers.remove(HOST);
    let (body, request) = Tee::new(body);
    let outgoing = http::Request::from_parts(head, upstream::Body::stream(body));
    let (mut head, body) = match recorder.client.send(outgoing).await {
        Ok(response) => response.into_parts(),
        Err(error) => {
            let refused = refuse(&format!("the upstream did not answer: {}", whole(&error)));
            (recorder.notify)(Err(RecordError::Unanswered {
                method,
                path: target.split('?').next().unwrap_or_default().to_owned(),
                source: error,
            }));
            return refused;
        }
    };
    strip(&mut head.headers);
    let status = head.status;
    let headers = head.headers.clone();
    let (body, response) = Tee::new(body);
    tokio::spawn(async move {
        // Neither comes where a body was too large or broke off.
        let (Ok(request), Ok(response)) = (request.await, response.await) else {
            return;
        };
        let captured = Captured {
            method,
            target,
            authorized,
            content_type,
            request,
            status,
            headers,
            response,
        };
        let written = tokio::task::spawn_blocking(move || recorder.record(&captured));
        // It fails only if it panics, which has been reported by then.
        let _ = written.await;
        drop(busy);
    });
    Response::from_parts(head, axum::body::Body::new(body))
}

fn strip(headers: &mut HeaderMap) {
    // A connection can declare more headers to be its own.
    let own: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in &own {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(*name);
    }
}

/// An error with all its causes.
fn whole(error: &SendError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn refuse(message: &str) -> Response {
    let error = ErrorBody::new(Code::Unavailable, "UPSTREAM_UNAVAILABLE", message)
        .with_http_status(StatusCode::BAD_GATEWAY);
    let text = serde_json::to_string(&error).unwrap_or_default();
    let content_type = [(CONTENT_TYPE, "application/json")];
    (StatusCode::BAD_GATEWAY, content_type, text).into_response()
}

/// A body that passes through, with a copy of it in the end.
struct Tee<B: Body> {
    body: B,
    copy: Option<Vec<u8>>,
    whole: bool,
    done: Option<oneshot::Sender<Vec<u8>>>,
}

impl<B: Body> Tee<B> {
    fn new(body: B) -> (Self, oneshot::Receiver<Vec<u8>>) {
        let (done, copy) = oneshot::channel();
        let tee = Self {
            body,
            copy: Some(Vec::new()),
            whole: false,
            done: Some(done),
        };
        (tee, copy)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Tee<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            None => self.whole = true,
            Some(Ok(frame)) => {
                let data = frame.data_ref().map_or(&[][..], |data| data);
                let fits = |copy: &Vec<u8>| copy.len() + data.len() <= MAX_RECORDED;
                self.copy = self.copy.take().filter(fits).map(|mut copy| {
                    copy.extend_from_slice(data);
                    copy
                });
            }
            Some(Err(_)) => self.copy = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: Body> Drop for Tee<B> {
    fn drop(&mut self) {
        // Who knows that nothing follows does not ask for it.
        let whole = self.whole || self.body.is_end_stream();
        if let (true, Some(copy), Some(done)) = (whole, self.copy.take(), self.done.take()) {
            // Nobody waits any more if the exchange broke off.
            let _ = done.send(copy);
        }
    }
}
