//! Uploads, through a real connection: what reaches the upstream, when, and
//! what it is told of an upload that ends too early.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use kitchen_sink::kitchen::kitchen_service_client::KitchenServiceClient;
use kitchen_sink::kitchen::upload_cover_request::{Book, Header, Message};
use kitchen_sink::kitchen::{NameRequest, UploadCoverRequest, UploadCoverResponse, routes};
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::util::MapRequestLayer;
use transcode::{CallContext, Gateway, RequestBody, Upstream};

use crate::stub::config;

type Client = KitchenServiceClient<Channel>;

/// Starts a server around the upstream and connects to it. Both end with the
/// runtime of the test.
async fn connect(upstream: impl Upstream) -> Client {
    KitchenServiceClient::new(serve(upstream, None).await)
}

/// The same for a server that gives every call so much time.
async fn serve(upstream: impl Upstream, time: Option<Duration>) -> Channel {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address: SocketAddr = listener.local_addr().expect("an address");
    let limit = MapRequestLayer::new(move |mut request: Request<tonic::body::Body>| {
        if let Some(time) = time {
            let time = format!("{}m", time.as_millis());
            let time = time.parse().expect("a header value");
            request.headers_mut().insert("grpc-timeout", time);
        }
        request
    });
    let router = tonic::transport::Server::builder()
        .layer(limit)
        .add_routes(routes(&Gateway::new(upstream, config())));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    let channel = Channel::from_shared(format!("http://{address}")).expect("a URI");
    channel.connect().await.expect("a connection")
}

/// What arrived of a body: its head, and its bytes or its error.
#[derive(Debug, Clone)]
struct Arrived {
    line: String,
    content_type: String,
    body: Result<String, String>,
}

/// An upstream that reads the body to its end or its error and then creates.
fn reader() -> (impl Upstream, Arc<Mutex<Option<Arrived>>>) {
    let arrived = Arc::new(Mutex::new(None));
    let to_test = arrived.clone();
    let upstream = tower::service_fn(move |request: Request<RequestBody>| {
        let to_test = to_test.clone();
        async move {
            let (head, body) = request.into_parts();
            let content_type = head
                .headers
                .get("content-type")
                .and_then(|value| value.to_str().ok());
            let body = match body.collect().await {
                Ok(body) => Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned()),
                Err(error) => Err(error.to_string()),
            };
            *to_test.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arrived {
                line: format!("{} {}", head.method, head.uri),
                content_type: content_type.unwrap_or_default().to_owned(),
                body,
            });
            Ok::<_, Infallible>(created())
        }
    });
    (upstream, arrived)
}

fn created() -> Response<Full<Bytes>> {
    let response = Response::builder().status(201);
    response
        .body(Full::from(r#"{"url":"u"}"#))
        .expect("a response")
}

fn header() -> Header {
    Header {
        book: Some(Book {
            id: "b/1".to_owned(),
        }),
        file_name: Some("a \"b\"\r\nü.png".to_owned()),
        content_type: "image/png".to_owned(),
        caption: Some("a&b".to_owned()),
    }
}

fn head(header: Header) -> UploadCoverRequest {
    UploadCoverRequest {
        message: Some(Message::Header(header)),
    }
}

fn content(content: &'static str) -> UploadCoverRequest {
    UploadCoverRequest {
        message: Some(Message::Content(Bytes::from_static(content.as_bytes()))),
    }
}

/// Runs a test on one thread, on the clock of the wall: connections are real.
fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

/// What arrives of an upload of these messages, and what it is answered.
fn upload(
    messages: Vec<UploadCoverRequest>,
) -> (Option<Arrived>, Result<UploadCoverResponse, Status>) {
    run(async {
        let (upstream, arrived) = reader();
        let mut client = connect(upstream).await;
        let answer = client.upload_cover(tokio_stream::iter(messages)).await;
        let arrived = arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        (arrived, answer.map(tonic::Response::into_inner))
    })
}

/// What arrives of an upload that succeeds.
#[track_caller]
fn arrives(messages: Vec<UploadCoverRequest>) -> Arrived {
    let (arrived, answer) = upload(messages);
    let expected = UploadCoverResponse {
        url: Some("u".to_owned()),
    };
    assert_eq!(answer.expect("the upload succeeds"), expected);
    arrived.expect("it arrives")
}

/// The body, with the boundary that the content type names written as B.
#[track_caller]
fn body(arrived: &Arrived) -> String {
    let boundary = arrived
        .content_type
        .strip_prefix("multipart/form-data; boundary=");
    let boundary = boundary.expect("the content type has the boundary");
    assert!(
        boundary.len() <= 70,
        "RFC 2046 allows no more of {boundary}"
    );
    let body = arrived.body.as_ref().expect("the body is complete");
    body.replace(boundary, "B")
}

/// The upload fails for this reason, and no complete body arrives.
#[track_caller]
fn fails(messages: Vec<UploadCoverRequest>, message: &str) -> Option<Arrived> {
    let (arrived, answer) = upload(messages);
    let status = answer.expect_err("the upload fails");
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, message)
    );
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().map(|info| info.reason.as_str()),
        Some("INVALID_REQUEST")
    );
    assert!(details.request_info().is_some(), "the request is named");
    if let Some(arrived) = &arrived {
        assert!(
            arrived.body.is_err(),
            "a body that is not complete: {arrived:?}"
        );
    }
    arrived
}

#[test]
fn content_is_one_part_of_a_form() {
    let arrived = arrives(vec![
        head(header()),
        content("con"),
        content(""),
        content("tent\r\n--"),
    ]);
    assert_eq!(arrived.line, "POST /v1/books/b%2F1/cover?caption=a%26b");
    assert_eq!(
        body(&arrived),
        "--B\r\n\
         Content-Disposition: form-data; name=\"cover %22image%22\"; filename=\"a %22b%22%0D%0Aü.png\"\r\n\
         Content-Type: image/png\r\n\
         \r\n\
         content\r\n--\r\n\
         --B--\r\n"
    );
}

#[test]
fn a_file_without_name_and_type_has_those_of_its_part() {
    let header = Header {
        file_name: None,
        content_type: String::new(),
        caption: None,
        ..header()
    };
    let arrived = arrives(vec![head(header), content("c")]);
    assert_eq!(arrived.line, "POST /v1/books/b%2F1/cover");
    assert_eq!(
        body(&arrived),
        "--B\r\n\
         Content-Disposition: form-data; name=\"cover %22image%22\"; filename=\"cover %22image%22\"\r\n\
         Content-Type: application/octet-stream\r\n\
         \r\n\
         c\r\n\
         --B--\r\n"
    );
}

#[test]
fn a_file_may_be_empty() {
    for messages in [vec![head(header())], vec![head(header()), content("")]] {
        let arrived = arrives(messages);
        let body = body(&arrived);
        assert!(
            body.ends_with("\r\n\r\n\r\n--B--\r\n"),
            "an empty part is a part: {body}"
        );
    }
}

#[test]
fn content_arrives_before_the_next_is_sent() {
    run(async {
        let (to_test, mut frames) = mpsc::unbounded_channel::<Option<Bytes>>();
        let upstream = tower::service_fn(move |request: Request<RequestBody>| {
            let to_test = to_test.clone();
            async move {
                let mut body = request.into_body();
                while let Some(frame) = body.frame().await {
                    let data = frame.ok().and_then(|frame| frame.into_data().ok());
                    to_test.send(data).expect("the test listens");
                }
                Ok::<_, Infallible>(created())
            }
        });
        let mut client = connect(upstream).await;
        let (send, messages) = mpsc::channel(1);
        let calling =
            tokio::spawn(async move { client.upload_cover(ReceiverStream::new(messages)).await });
        send.send(head(header())).await.expect("the call goes on");
        let preamble = frames
            .recv()
            .await
            .flatten()
            .expect("the preamble arrives with the header alone");
        assert!(preamble.starts_with(b"--part-"));
        for chunk in ["one", "two"] {
            send.send(content(chunk)).await.expect("the call goes on");
            assert_eq!(
                frames.recv().await.flatten().as_deref(),
                Some(chunk.as_bytes())
            );
        }
        drop(send);
        let end = frames.recv().await.flatten().expect("the end arrives");
        assert!(end.ends_with(b"--\r\n"));
        calling
            .await
            .expect("no panic")
            .expect("the upload succeeds");
    });
}

#[test]
fn the_first_message_is_a_header() {
    let message = "the first message of an upload is its header";
    for messages in [
        vec![],
        vec![content("c"), head(header())],
        vec![UploadCoverRequest::default()],
    ] {
        let arrived = fails(messages, message);
        assert!(arrived.is_none(), "nothing is sent");
    }
}

#[test]
fn every_other_message_carries_content() {
    let message =
        "only the first message of an upload is a header; every other one carries content";
    for wrong in [head(header()), UploadCoverRequest::default()] {
        let arrived = fails(
            vec![head(header()), content("c"), wrong, content("d")],
            message,
        );
        assert!(arrived.is_some(), "the first chunk was on its way");
    }
}

#[test]
fn a_header_that_does_not_fit_is_refused() {
    let without_book = Header {
        book: None,
        ..header()
    };
    let arrived = fails(
        vec![head(without_book), content("c")],
        "header.book.id is required, because it is part of the path",
    );
    assert!(arrived.is_none(), "nothing is sent");
    let forged = Header {
        content_type: "image/png\r\nX-Forged: 1".to_owned(),
        ..header()
    };
    let arrived = fails(
        vec![head(forged), content("c")],
        "header.content_type must be a media type, such as image/png",
    );
    assert!(arrived.is_none(), "nothing is sent");
}

#[test]
fn an_upload_that_its_caller_breaks_off_is_never_complete() {
    run(async {
        let (to_test, mut bodies) = mpsc::unbounded_channel();
        let upstream = tower::service_fn(move |request: Request<RequestBody>| {
            let to_test = to_test.clone();
            async move {
                let mut body = Ended {
                    body: request.into_body(),
                    last: Vec::new(),
                    to_test,
                };
                while let Some(Ok(frame)) = body.body.frame().await {
                    body.last.extend(frame.into_data().unwrap_or_default());
                }
                Ok::<_, Infallible>(created())
            }
        });
        let mut client = connect(upstream).await;
        let (send, messages) = mpsc::channel(1);
        let calling =
            tokio::spawn(async move { client.upload_cover(ReceiverStream::new(messages)).await });
        send.send(head(header())).await.expect("the call goes on");
        send.send(content("half a file"))
            .await
            .expect("the call goes on");
        calling.abort();
        let body = bodies.recv().await.expect("the upstream's call ends");
        let body = String::from_utf8(body).expect("text");
        assert!(
            !body.ends_with("--\r\n"),
            "the upstream took half a file for a whole: {body}"
        );
    });
}

/// Tells what has arrived when it is dropped.
struct Ended {
    body: RequestBody,
    last: Vec<u8>,
    to_test: mpsc::UnboundedSender<Vec<u8>>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        // The test may have ended.
        let _ = self.to_test.send(std::mem::take(&mut self.last));
    }
}

#[test]
fn an_early_answer_ends_the_upload() {
    run(async {
        let upstream = tower::service_fn(|_: Request<RequestBody>| async {
            let body = r#"{"error":{"status":"RESOURCE_EXHAUSTED","message":"too large"}}"#;
            let response = Response::builder().status(413).body(Full::from(body));
            Ok::<_, Infallible>(response.expect("a response"))
        });
        let mut client = connect(upstream).await;
        // The sender is kept: the caller would go on sending.
        let (send, messages) = mpsc::channel(1);
        send.send(head(header())).await.expect("there is room");
        let answer = client.upload_cover(ReceiverStream::new(messages)).await;
        let status = answer.expect_err("the upload fails");
        assert_eq!(
            (status.code(), status.message()),
            (Code::ResourceExhausted, "too large")
        );
        drop(send);
    });
}

// When a call is over, all of it is.

/// Keeps the body of every upload without reading it, as a handler does that
/// never reads, and answers other requests. It answers uploads with the given
/// status, or never.
fn keeper(answer: Option<u16>) -> (impl Upstream, mpsc::UnboundedReceiver<RequestBody>) {
    let (to_test, bodies) = mpsc::unbounded_channel();
    let upstream = tower::service_fn(move |request: Request<RequestBody>| {
        let is_upload = request.method() == http::Method::POST;
        if is_upload {
            to_test.send(request.into_body()).expect("the test listens");
        }
        async move {
            match answer {
                _ if !is_upload => {}
                Some(status) => {
                    let response = Response::builder().status(status);
                    let response = response.body(Full::from(r#"{"url":"u"}"#));
                    return Ok::<_, Infallible>(response.expect("a response"));
                }
                None => std::future::pending().await,
            }
            Ok(Response::builder()
                .status(204)
                .body(Full::default())
                .expect("a response"))
        }
    });
    (upstream, bodies)
}

/// More than a connection takes without being read.
fn too_much() -> Vec<UploadCoverRequest> {
    const CHUNK: &[u8] = &[b'x'; 64 << 10];
    let chunk = || UploadCoverRequest {
        message: Some(Message::Content(Bytes::from_static(CHUNK))),
    };
    let chunks = std::iter::repeat_with(chunk).take(64);
    std::iter::once(head(header())).chain(chunks).collect()
}

/// A call on the same connection, which needs some of its window.
async fn another_call(client: &mut Client) {
    let request = NameRequest {
        name: "b".repeat(30_000),
    };
    client
        .delete_book(request)
        .await
        .expect("the connection has its window back");
}

/// The body ends with an error, though nobody has read it before.
async fn ends_with_an_error(body: RequestBody) {
    let mut body = body;
    let ended = body.frame().await.expect("it does not end as a whole one");
    let error = ended.expect_err("nothing is handed out any more");
    assert_eq!(error.to_string(), "the call is over");
}

/// Of uploads that end so, nothing is left: the caller has its window back, and
/// the bodies that the upstream keeps end with an error.
#[track_caller]
fn leaves_nothing(answer: Option<u16>, time: Option<Duration>, code: Code, reason: &str) {
    run(async {
        let (upstream, mut bodies) = keeper(answer);
        let mut client = KitchenServiceClient::new(serve(upstream, time).await);
        for _ in 0..3 {
            let stream = tokio_stream::iter(too_much());
            let status = client.upload_cover(stream).await.expect_err("it fails");
            let details = status.get_error_details();
            let found = details.error_info().map(|info| info.reason.clone());
            assert_eq!((status.code(), found.as_deref()), (code, Some(reason)));
            let body = bodies.recv().await.expect("it reached the upstream");
            another_call(&mut client).await;
            ends_with_an_error(body).await;
        }
    });
}

#[test]
fn nothing_is_left_of_an_upload_whose_time_is_over() {
    let time = Duration::from_millis(300);
    leaves_nothing(
        None,
        Some(time),
        Code::DeadlineExceeded,
        "DEADLINE_EXCEEDED",
    );
}

#[test]
fn nothing_is_left_of_an_upload_that_is_refused_early() {
    leaves_nothing(
        Some(413),
        None,
        Code::ResourceExhausted,
        "UPSTREAM_HTTP_413",
    );
}

#[test]
fn nothing_is_left_of_an_upload_that_its_caller_cancels() {
    run(async {
        let (upstream, mut bodies) = keeper(None);
        let mut client = connect(upstream).await;
        let mut calling = client.clone();
        let call =
            tokio::spawn(async move { calling.upload_cover(tokio_stream::iter(too_much())).await });
        let body = bodies.recv().await.expect("it reaches the upstream");
        call.abort();
        // A body that waits is woken.
        let mut body = body;
        while let Some(Ok(_)) = body.frame().await {}
        another_call(&mut client).await;
        ends_with_an_error(body).await;
    });
}

#[test]
fn an_upload_is_recorded_while_it_goes_on() {
    run(async {
        let (to_test, mut records) = mpsc::unbounded_channel();
        let upstream = tower::service_fn(move |request: Request<RequestBody>| {
            let context = request.extensions().get::<CallContext>().cloned();
            to_test.send(context).expect("the test listens");
            async {
                request.into_body().collect().await.expect("it is whole");
                Ok::<_, Infallible>(created())
            }
        });
        let mut client = connect(upstream).await;
        let messages = vec![head(header()), content("content")];
        client
            .upload_cover(tokio_stream::iter(messages))
            .await
            .expect("the upload succeeds");
        let context = records.recv().await.flatten();
        let upstream = context.expect("the context is there").record.upstream();
        assert!(upstream.sent > 150, "frame and content count");
        assert_eq!(upstream.received, 11);
        assert_eq!(upstream.status, Some(http::StatusCode::CREATED));
    });
}

// Messages that cannot be taken.

/// A message with the fields of an upload's, whose content is a number.
#[derive(Clone, PartialEq, prost::Message)]
struct Malformed {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(uint32, optional, tag = "2")]
    content: Option<u32>,
}

#[test]
fn a_message_that_cannot_be_read_does_not_blame_the_caller() {
    run(async {
        let (upstream, arrived) = reader();
        let channel = serve(upstream, None).await;
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.expect("the server is there");
        let messages = [
            Malformed {
                header: Some(header()),
                content: None,
            },
            Malformed {
                header: None,
                content: Some(7),
            },
        ];
        let path = "/kitchen.v1.KitchenService/UploadCover".parse();
        let codec = tonic_prost::ProstCodec::<Malformed, UploadCoverResponse>::default();
        let request = tonic::Request::new(tokio_stream::iter(messages));
        let answer = client
            .client_streaming(request, path.expect("a path"), codec)
            .await;
        let status = answer.expect_err("the upload fails");
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.as_str());
        assert_eq!(
            (status.code(), reason),
            (Code::Internal, Some("MALFORMED_MESSAGE"))
        );
        let arrived = arrived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arrived) = &*arrived {
            assert!(arrived.body.is_err(), "half an upload is no whole one");
        }
    });
}

#[test]
fn a_message_that_is_too_large_exhausts_resources() {
    let large = UploadCoverRequest {
        message: Some(Message::Content(vec![b'x'; 5 << 20].into())),
    };
    let (_, answer) = upload(vec![head(header()), large]);
    let status = answer.expect_err("the upload fails");
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    assert_eq!(
        (status.code(), reason),
        (Code::ResourceExhausted, Some("MESSAGE_TOO_LARGE"))
    );
}
