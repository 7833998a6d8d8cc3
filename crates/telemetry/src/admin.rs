//! The admin address: pages over HTTP/1.1 for orchestrators, Prometheus and people.
//!
//! They are answered as long as the process lives, whatever callers do: a
//! descriptor is kept for it, connections are few and short, and nobody who is
//! slow keeps a place for long. Nothing here is on the address that callers use.

mod page;
mod ready;

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

pub use self::page::{Answer, Asked, Page, Pages};
pub use self::ready::{Check, Readiness};

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
pub async fn serve(listener: TcpListener, pages: Pages) -> io::Result<Infallible> {
    listener.local_addr()?;
    let pages = Arc::new(pages);
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
                    tracing::warn!(%error, "a connection to the admin address could not be accepted");
                    sleep(PAUSE).await;
                    continue;
                };
                stream
            }
        };
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            // Who is too slow is hung up on, and asks again.
            let _ = timeout(MAX_TIME, answer(stream, pages)).await;
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
            self.0 = File::open(if cfg!(windows) { "NUL" } else { "/dev/null" }).ok();
        }
    }

    fn release(&mut self) {
        self.0 = None;
    }
}

async fn answer(stream: TcpStream, pages: Arc<Pages>) -> hyper::Result<()> {
    let service = service_fn(move |request: Request<Incoming>| {
        let pages = Arc::clone(&pages);
        async move { Ok::<_, Infallible>(pages.answer(request).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service)
        .await
}
