//! A backend that is served on a socket, and clients that write the bytes of
//! their requests themselves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ::http::{HeaderMap, HeaderName};
use ::tls::Acceptor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Api, Reply};
use crate::{Backend, ServerLimits};

/// How long a step may take. Only a failing test waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long requests may go on after the server was told to stop.
const GRACE: Duration = Duration::from_mins(5);

/// A request that anybody may make, and that closes its connection.
pub(super) const LAST: &str = "GET /healthz HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";

/// A request that anybody may make, and that keeps its connection.
pub(super) const ONE: &str = "GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n";

/// So much patience that no test waits for its end.
pub(super) fn patient() -> ServerLimits {
    let long = Duration::from_hours(1);
    ServerLimits {
        head_timeout: long,
        idle_timeout: long,
        body_timeout: long,
        body_pause: long,
        write_timeout: long,
        linger_timeout: long,
        ..ServerLimits::default()
    }
}

/// A backend that is served on a socket until it is dropped.
pub(super) struct Served {
    pub(super) api: Api,
    pub(super) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<io::Result<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Served {
    pub(super) async fn start(server_limits: ServerLimits) -> Self {
        Self::start_with(server_limits, None).await
    }

    /// A backend that speaks TLS if there is an acceptor for it.
    pub(super) async fn start_with(server_limits: ServerLimits, tls: Option<Acceptor>) -> Self {
        let api = Api::start().await;
        let backend = Backend {
            server_limits,
            tls,
            ..api.backend.clone()
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("is bound");
        let (stop, told) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stop = async {
                let _ = told.await;
            };
            backend.serve(listener, stop, GRACE).await
        });
        Self {
            api,
            address,
            stop: Some(stop),
            serving,
        }
    }

    pub(super) async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Tells the server to stop.
    pub(super) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits until the server has stopped.
    pub(super) async fn stopped(mut self) {
        let served = within("the server stops", &mut self.serving).await;
        served.expect("does not panic").expect("serves");
    }

    /// Makes a request as a good client does.
    pub(super) async fn works(&self) {
        let mut client = self.connect().await;
        client.send(LAST).await;
        client.reply().await.with_status(200);
    }
}

/// A connection of a client.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    /// What was read beyond the last reply.
    read: Vec<u8>,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = within("a connection is made", TcpStream::connect(address)).await;
        Self {
            stream: stream.expect("connects"),
            read: Vec::new(),
        }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(bytes.as_ref());
        within("the server reads", sent).await.expect("is open");
    }

    /// Reads one reply, whose length its head tells.
    pub(super) async fn reply(&mut self) -> Reply {
        let head = loop {
            if let Some(length) = head_length(&self.read) {
                break length;
            }
            let read = within("a reply comes", self.stream.read_buf(&mut self.read)).await;
            let read = read.expect("the reply is not lost");
            assert!(read > 0, "closed before the reply: {:?}", self.text());
        };
        let head: Vec<u8> = self.read.drain(..head).collect();
        let head = String::from_utf8(head).expect("a head is text");
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.expect("a reply has a status").parse();
        let headers: HeaderMap = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").expect("is a field");
                let name: HeaderName = name.parse().expect("is a name");
                (name, value.parse().expect("is a value"))
            })
            .collect();
        let length = headers.get("content-length").map_or(0, |length| {
            let length = length.to_str().expect("is text");
            length.parse().expect("is a number")
        });
        while self.read.len() < length {
            let read = within("a body comes", self.stream.read_buf(&mut self.read)).await;
            let read = read.expect("the body is not lost");
            assert!(read > 0, "closed amid the body: {:?}", self.text());
        }
        Reply {
            status: status.expect("is a number"),
            headers,
            bytes: self.read.drain(..length).collect(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// Waits until the server closes the connection, whatever it says before.
    pub(super) async fn closed(&mut self) {
        let mut bytes = [0; 1024];
        let closed = async { while matches!(self.stream.read(&mut bytes).await, Ok(1..)) {} };
        within("the connection is closed", closed).await;
    }
}

/// The length of a head in bytes, if all of it is there.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let end = b"\r\n\r\n";
    let begin = bytes.windows(end.len()).position(|bytes| bytes == end)?;
    Some(begin + end.len())
}

/// Waits for something that happens.
pub(super) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    let output = timeout(PATIENCE, future).await;
    output.unwrap_or_else(|_| panic!("it does not happen that {what}"))
}
