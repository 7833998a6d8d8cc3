//! Liveness and readiness for an orchestrator: `/healthz` and `/readyz` over
//! HTTP/1.1.
//!
//! They are answered as long as the process lives, whatever callers do: a
//! descriptor is kept for it, connections are few and short, and nobody who is
//! slow keeps a place for long.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::health::Health;
use crate::open_files;

/// How many connections are served at once. Further ones wait.
const MAX_CONNECTIONS: usize = 32;

/// How long a connection may take, for its request and its answer.
const MAX_TIME: Duration = Duration::from_secs(5);

/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the future is dropped.
///
/// # Errors
///
/// Fails where the listener is not usable.
pub async fn serve(listener: TcpListener, health: Health) -> io::Result<Infallible> {
    listener.local_addr()?;
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut spare = Spare::default();
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        spare.keep();
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                spare.release();
                // Where that made room, the next one is accepted at once.
                let Ok(Ok((stream, _))) = timeout(PAUSE, listener.accept()).await else {
                    tracing::warn!(%error, "a question for health could not be accepted");
                    sleep(PAUSE).await;
                    continue;
                };
                stream
            }
        };
        let health = health.clone();
        tokio::spawn(async move {
            // Who is too slow is hung up on, and asks again.
            let _ = timeout(MAX_TIME, answer(stream, health)).await;
            drop(place);
        });
    }
}

/// A descriptor that is kept for the time when there is no other.
#[derive(Default)]
struct Spare(Option<File>);

impl Spare {
    fn keep(&mut self) {
        if self.0.is_none() {
            // Where there is none at present, there is later.
            self.0 = open_files::any().ok();
        }
    }

    fn release(&mut self) {
        self.0 = None;
    }
}

async fn answer(stream: TcpStream, health: Health) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer_to(request.method(), request.uri().path(), &health);
        async move { Ok::<_, Infallible>(answer) }
    });
    hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

fn answer_to(method: &Method, path: &str, health: &Health) -> Response<Full<Bytes>> {
    let (status, text) = match path {
        "/healthz" | "/readyz" if method != Method::GET && method != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n")
        }
        "/healthz" => (StatusCode::OK, "ok\n"),
        "/readyz" if health.is_serving() => (StatusCode::OK, "ok\n"),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, "not serving\n"),
        _ => (StatusCode::NOT_FOUND, "there are /healthz and /readyz\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, path: &str, reachable: bool, expected: u16) {
        let health = Health::new(&[]);
        health.set_upstream_reachable(reachable);
        let status = answer_to(method, path, &health).status();
        assert_eq!(status.as_u16(), expected, "{method} {path}");
    }

    #[test]
    fn a_process_lives_without_its_upstream_but_is_not_ready() {
        check(&Method::GET, "/healthz", true, 200);
        check(&Method::GET, "/readyz", true, 200);
        check(&Method::GET, "/healthz", false, 200);
        check(&Method::HEAD, "/readyz", false, 503);
    }

    #[test]
    fn nothing_else_is_answered() {
        check(&Method::GET, "/", true, 404);
        check(&Method::POST, "/readyz", true, 405);
    }
}
