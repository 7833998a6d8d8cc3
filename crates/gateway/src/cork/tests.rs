use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::timeout;
use tonic::body::Body;
use tower::service_fn;

use super::*;
use crate::config::Config;
use crate::extensions::Peer;
use crate::http2;
use crate::phase::Phase;
use crate::traffic::Metered;

/// The sizes of what was written, each as one system call would on a socket.
type Writes = Arc<Mutex<Vec<usize>>>;

/// A pipe that notes what is written to it.
struct Noted {
    pipe: DuplexStream,
    writes: Writes,
}

impl Noted {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(size)) = written {
            self.writes.lock().expect("no panic").push(size);
        }
        written
    }
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(context, into)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.pipe).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.pipe).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(context)
    }
}

/// Makes calls whose replies have a message of this length and trailers. Returns
/// the sizes of what the server has written for the last one.
async fn writes_for(length: usize) -> Vec<usize> {
    let (near, far) = duplex(1 << 20);
    let writes = Writes::default();
    let io = Noted {
        pipe: near,
        writes: Arc::clone(&writes),
    };
    let service = service_fn(move |_: Request<Body>| async move {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
        let body = Full::new(Bytes::from(vec![0; length]));
        let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
        Ok(Response::new(Body::new(body)))
    });
    let (_phase, phases) = watch::channel(Phase::Serving);
    tokio::spawn(async move {
        let peer = Peer::new(IpAddr::V4(Ipv4Addr::LOCALHOST), None);
        let (io, traffic) = Metered::new(io);
        let _ = http2::serve(io, traffic, peer, service, &Config::default(), phases).await;
    });
    let (requests, connection) = h2::client::handshake(far).await.expect("HTTP/2");
    tokio::spawn(connection);
    let mut requests = requests.ready().await.expect("it is open");
    let mut written = Vec::new();
    for _ in 0..2 {
        // By then the settings and the first ping were exchanged.
        tokio::time::sleep(Duration::from_secs(1)).await;
        writes.lock().expect("no panic").clear();
        let request = Request::post("http://gateway/").body(());
        let (reply, _) = requests
            .send_request(request.expect("a request"), true)
            .expect("it is sent");
        let mut body = reply.await.expect("there is a reply").into_body();
        let mut read = 0;
        while let Some(data) = body.data().await {
            let data = data.expect("the message arrives");
            read += data.len();
            let _ = body.flow_control().release_capacity(data.len());
        }
        assert_eq!(read, length, "the message is not whole");
        let trailers = body.trailers().await.expect("the trailers arrive");
        assert!(trailers.is_some(), "there are no trailers");
        written.clone_from(&writes.lock().expect("no panic"));
    }
    written
}

#[tokio::test(start_paused = true)]
async fn a_reply_leaves_in_one_write() {
    for length in [0, 300, 1 << 10, 10 << 10, 40 << 10] {
        let writes = writes_for(length).await;
        let pieces = writes.len();
        assert_eq!(pieces, 1, "a reply of {length} bytes leaves in {writes:?}");
    }
}

/// A corked socket on a pipe that takes so much, and its other end.
fn corked(pipe: usize) -> (Corked<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(pipe);
    (Corked::new(Socket::new(near)), far)
}

/// Reads what is there.
fn arrived(far: &mut DuplexStream) -> Vec<u8> {
    let mut read = vec![0; 1 << 10];
    let length = far.read(&mut read).now_or_never();
    read.truncate(length.map_or(0, |length| length.expect("it is open")));
    read
}

#[tokio::test]
async fn what_was_flushed_leaves_when_the_task_has_run() {
    let (mut socket, mut far) = corked(1 << 20);
    let outer = socket.clone();
    let writing = async {
        for piece in [&b"head"[..], b"message", b"trailers"] {
            socket.write_all(piece).await.expect("it is taken");
            socket.flush().await.expect("nothing has failed");
        }
        let early = arrived(&mut far);
        assert!(early.is_empty(), "{early:?} left before its task had run");
        tokio::task::yield_now().await;
        arrived(&mut far)
    };
    let read = outer.flushed_by(writing).await;
    assert_eq!(read, b"headmessagetrailers");
}

#[tokio::test]
async fn a_task_that_ends_leaves_nothing_unwritten() {
    let (mut socket, mut far) = corked(1 << 20);
    let outer = socket.clone();
    let writing = async move { socket.write_all(b"goodbye").await };
    outer.flushed_by(writing).await.expect("it is taken");
    assert_eq!(arrived(&mut far), b"goodbye");
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_the_writer_up() {
    let (mut socket, mut far) = corked(1 << 10);
    let outer = socket.clone();
    let most = 200 << 10;
    let mut writing = Box::pin(outer.flushed_by(async move {
        let mut taken = 0;
        while taken < most {
            socket.write_all(&[0; 1 << 10]).await.expect("it is taken");
            socket.flush().await.expect("nothing has failed");
            taken += 1 << 10;
        }
        socket.shutdown().await.expect("all of it is written");
    }));
    let held_up = timeout(Duration::ZERO, &mut writing).await;
    assert!(held_up.is_err(), "all of it was taken, and nobody has read");
    let mut read = Vec::new();
    let ((), length) = tokio::join!(writing, far.read_to_end(&mut read));
    assert_eq!(length.expect("it is closed"), most);
}

#[tokio::test]
async fn a_flush_that_failed_is_told_to_who_writes_next() {
    let (mut socket, far) = corked(1 << 20);
    let outer = socket.clone();
    drop(far);
    let writing = async move {
        socket.write_all(b"lost").await?;
        socket.flush().await?;
        tokio::task::yield_now().await;
        socket.flush().await
    };
    let told = timeout(Duration::from_secs(30), outer.flushed_by(writing)).await;
    let told = told.expect("the task is woken");
    assert_eq!(
        told.map_err(|error| error.kind()),
        Err(io::ErrorKind::BrokenPipe)
    );
}

#[tokio::test]
async fn shutting_down_writes_what_was_collected() {
    let (mut socket, mut far) = corked(4);
    let outer = socket.clone();
    let writing = outer.flushed_by(async move {
        socket.write_all(b"the last words").await?;
        socket.shutdown().await
    });
    let mut read = Vec::new();
    let (written, length) = tokio::join!(writing, far.read_to_end(&mut read));
    written.expect("it is written");
    length.expect("it is closed");
    assert_eq!(read, b"the last words");
}
