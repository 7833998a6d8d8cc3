//! Servers of a few lines, and what most tests need.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use upstream::{Body, BoxError, Client, Config, Options, ReplyBody, SendError};

/// Waits for what has to happen soon.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let limit = Duration::from_secs(20);
        let Ok(output) = tokio::time::timeout(limit, future).await else {
            panic!("what {place} waits for did not happen within {limit:?}");
        };
        output
    }
}

/// A server that hands each connection, with its number, to a function.
pub(crate) struct Server {
    pub(crate) url: Uri,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start<F, A>(handle: F) -> Self
    where
        F: Fn(usize, TcpStream) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, handle)
    }

    pub(crate) fn on<F, A>(listener: TcpListener, handle: F) -> Self
    where
        F: Fn(usize, TcpStream) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            let mut handlers = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                handlers.spawn(handle(number, stream));
            }
        });
        Self {
            url: format!("http://{address}").parse().unwrap(),
            connections,
            task,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn client(&self, config: Config) -> Client {
        Client::new(std::slice::from_ref(&self.url), config).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request with its body. `None` at the end of the connection.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = field(head, "content-length").map_or(0, |value| value.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// A field of a head.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(": ")?;
        found.eq_ignore_ascii_case(name).then_some(value)
    })
}

pub(crate) async fn write(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) {
    // The client may be gone, as some tests want it.
    let _ = stream.write_all(bytes.as_ref()).await;
}

/// An answer with a body.
pub(crate) fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Answers each request of a connection the same way.
pub(crate) async fn answer_all(mut stream: TcpStream, answer: String) {
    while read_request(&mut stream).await.is_some() {
        write(&mut stream, &answer).await;
    }
}

/// Waits until the peer has closed the connection.
pub(crate) async fn closed(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 {
            return;
        }
    }
}

pub(crate) fn request(method: Method, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::new(body.into());
    *request.method_mut() = method;
    *request.uri_mut() = "http://somewhere/things".parse().unwrap();
    request
}

pub(crate) fn get() -> Request<Body> {
    request(Method::GET, Bytes::new())
}

pub(crate) fn post() -> Request<Body> {
    request(Method::POST, "{}")
}

/// With a deadline this far away.
pub(crate) fn within(mut request: Request<Body>, millis: u64) -> Request<Body> {
    let deadline = Instant::now() + Duration::from_millis(millis);
    options(&mut request).deadline = Some(deadline);
    request
}

/// With a counter of its attempts.
pub(crate) fn counted(mut request: Request<Body>) -> (Request<Body>, Arc<AtomicU32>) {
    let attempts = Arc::clone(&options(&mut request).attempts);
    (request, attempts)
}

fn options(request: &mut Request<Body>) -> &mut Options {
    request.extensions_mut().get_or_insert_default()
}

pub(crate) async fn text(response: Response<ReplyBody>) -> String {
    let bytes = soon(response.into_body().collect()).await.unwrap();
    String::from_utf8(bytes.to_bytes().to_vec()).unwrap()
}

pub(crate) async fn send(client: &Client, request: Request<Body>) -> Result<String, SendError> {
    let response = soon(client.send(request)).await?;
    Ok(text(response).await)
}

/// An upload that a test feeds, and that tells when it is dropped.
pub(crate) struct Feed(mpsc::Receiver<Result<Bytes, BoxError>>);

pub(crate) type Feeder = mpsc::Sender<Result<Bytes, BoxError>>;

pub(crate) fn feed() -> (Feeder, Body) {
    let (feeder, receiver) = mpsc::channel(1);
    (feeder, Body::stream(Feed(receiver)))
}

impl http_body::Body for Feed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0
            .poll_recv(cx)
            .map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}
