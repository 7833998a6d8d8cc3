//! Slow clients are hung up on, and others are served meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use super::served::{Client, ONE, Served, within};
use crate::ServerLimits;

/// What a slow client does.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// Says nothing.
    Silent,
    /// Sends half a request line.
    HalfLine,
    /// Sends a head byte by byte.
    DrippedHead,
    /// Sends a head and no body.
    NoBody,
    /// Sends a body byte by byte.
    DrippedBody,
    /// Sends half a body.
    HalfBody,
    /// Makes requests and reads no reply.
    Unread,
    /// Makes one request and keeps the connection.
    Idle,
    /// Makes one request and half of another at once.
    PipelinedHalf,
}

const ALL: [Slow; 9] = [
    Slow::Silent,
    Slow::HalfLine,
    Slow::DrippedHead,
    Slow::NoBody,
    Slow::DrippedBody,
    Slow::HalfBody,
    Slow::Unread,
    Slow::Idle,
    Slow::PipelinedHalf,
];

/// The head of a request with a body that anybody may make.
const HEAD: &str = "POST /v2/auth/token HTTP/1.1\r\nhost: test\r\n\
                    content-type: application/json\r\ncontent-length: 10000\r\n\r\n";

/// How long a client that drips waits before each byte.
const DRIP: Duration = Duration::from_millis(20);

/// Little patience, and yet enough for clients that work on a busy machine.
fn impatient() -> ServerLimits {
    ServerLimits {
        head_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        body_timeout: Duration::from_secs(30),
        body_pause: Duration::from_secs(1),
        write_timeout: Duration::from_secs(1),
        linger_timeout: Duration::from_millis(200),
        ..ServerLimits::default()
    }
}

impl Slow {
    /// Goes on until the server hangs up.
    async fn go_on(self, address: SocketAddr) {
        match self {
            Self::Silent => say(address, "").await,
            Self::HalfLine => say(address, "GET /hea").await,
            Self::DrippedHead => drip(address, "GET / HTTP/1.1\r\nx: ").await,
            Self::NoBody => say(address, HEAD).await,
            Self::DrippedBody => drip(address, HEAD).await,
            Self::HalfBody => say(address, &format!("{HEAD}{}", "x".repeat(500))).await,
            Self::Unread => read_nothing(address).await,
            Self::Idle => say(address, ONE).await,
            Self::PipelinedHalf => say(address, &format!("{ONE}GET /hea")).await,
        }
    }
}

/// Sends something, and waits for the end.
async fn say(address: SocketAddr, text: &str) {
    let mut client = Client::connect(address).await;
    client.send(text).await;
    client.closed().await;
}

/// Sends something, and then one byte after another.
async fn drip(address: SocketAddr, text: &str) {
    let mut client = Client::connect(address).await;
    client.send(text).await;
    let (mut reading, mut writing) = client.stream.split();
    let dripping = async {
        let mut interval = tokio::time::interval(DRIP);
        loop {
            interval.tick().await;
            if writing.write_all(b"x").await.is_err() {
                break;
            }
        }
    };
    let mut bytes = [0; 1024];
    let reading = async { while matches!(reading.read(&mut bytes).await, Ok(1..)) {} };
    let ended = async {
        tokio::select! {
            () = dripping => {}
            () = reading => {}
        }
    };
    within("a client that drips is hung up on", ended).await;
}

/// Makes requests with long replies until the server has no room for these.
async fn read_nothing(address: SocketAddr) {
    let socket = TcpSocket::new_v4().expect("there are sockets");
    socket.set_recv_buffer_size(4096).expect("can be small");
    let mut stream = socket.connect(address).await.expect("connects");
    // The reply repeats the path.
    let request = format!("GET /{} HTTP/1.1\r\nhost: test\r\n\r\n", "x".repeat(12_000));
    let writing = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    within("a client that does not read is hung up on", writing).await;
}

async fn check(slow: Slow) {
    let served = Served::start(impatient()).await;
    let going_on = tokio::spawn(slow.go_on(served.address));
    served.works().await;
    going_on.await.expect("is hung up on");
    served.works().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_hung_up_on() {
    check(Slow::Silent).await;
}

#[tokio::test]
async fn half_a_request_line_is_hung_up_on() {
    check(Slow::HalfLine).await;
}

#[tokio::test]
async fn a_head_that_drips_is_hung_up_on() {
    check(Slow::DrippedHead).await;
}

#[tokio::test]
async fn a_head_without_its_body_is_hung_up_on() {
    check(Slow::NoBody).await;
}

#[tokio::test]
async fn a_body_that_drips_is_hung_up_on() {
    check(Slow::DrippedBody).await;
}

#[tokio::test]
async fn half_a_body_is_hung_up_on() {
    check(Slow::HalfBody).await;
}

#[tokio::test]
async fn a_client_that_reads_no_reply_is_hung_up_on() {
    check(Slow::Unread).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    check(Slow::Idle).await;
}

#[tokio::test]
async fn half_a_pipelined_request_is_hung_up_on() {
    check(Slow::PipelinedHalf).await;
}

#[tokio::test]
async fn two_hundred_slow_clients_of_every_kind_do_not_keep_another_from_its_work() {
    let served = Served::start(impatient()).await;
    let mut clients = JoinSet::new();
    for slow in ALL.into_iter().cycle().take(200) {
        clients.spawn(slow.go_on(served.address));
    }
    while !clients.is_empty() {
        tokio::select! {
            Some(ended) = clients.join_next() => ended.expect("is hung up on"),
            () = served.works() => {}
        }
    }
    served.works().await;
}

#[tokio::test]
async fn who_sends_a_body_too_slowly_is_told_so() {
    let served = Served::start(impatient()).await;
    for sent in ["", "{\"email\":"] {
        let mut client = served.connect().await;
        client.send(format!("{HEAD}{sent}")).await;
        let reply = client.reply().await;
        assert_eq!(reply.header("connection"), "close");
        reply.error(
            408,
            "BODY_TIMEOUT",
            "the body took too long to come; send it again at once and as a whole",
        );
        client.closed().await;
    }
}

#[tokio::test]
async fn who_sends_an_upload_too_slowly_is_told_so() {
    let served = Served::start(impatient()).await;
    let mut client = served.connect().await;
    let head = format!(
        "POST /v2/users/me/avatar HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\n\
         content-type: multipart/form-data; boundary=x\r\ncontent-length: 100000\r\n\r\n--x\r\n",
        served.api.owner
    );
    client.send(head).await;
    let message = "the body took too long to come; send it again at once and as a whole";
    client.reply().await.error(408, "BODY_TIMEOUT", message);
}

/// Makes a request over HTTP/2, and waits for the end of the connection. The body
/// of the reply is not read beyond the window.
async fn check_http2(path: &str, status: u16) {
    let served = Served::start(impatient()).await;
    let client = served.connect().await;
    let handshake = h2::client::Builder::new()
        .initial_window_size(10)
        .handshake::<_, bytes::Bytes>(client.stream);
    let (mut requests, connection) = handshake.await.expect("HTTP/2 is spoken");
    let connection = tokio::spawn(connection);
    let request = ::http::Request::get(format!("http://test{path}"));
    let request = request.body(()).expect("is a request");
    let (response, _) = requests.send_request(request, true).expect("is sent");
    let response = within("a reply comes", response).await.expect("comes");
    assert_eq!(response.status(), status);
    let ended = within("the connection is closed", connection).await;
    // It may be reset.
    let _ = ended.expect("does not panic");
    served.works().await;
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed() {
    check_http2("/healthz", 200).await;
}

#[tokio::test]
async fn an_http2_client_that_reads_no_reply_is_hung_up_on() {
    check_http2(&format!("/{}", "x".repeat(12_000)), 404).await;
}
