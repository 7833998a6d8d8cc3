//! An upstream that answers at once, with what was recorded.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Failure;

/// The exchange that the reference records: a reply of about 1 KB.
const RECORDED: &str = include_str!("../../../openapi/recorded/getUser.json");

/// How many users a page has.
const PAGE: usize = 100;

/// How many users of a long list are written at a time.
const PIECE: usize = 50;

/// How many users a list without a limit has.
pub(crate) type Users = Arc<AtomicUsize>;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// What is answered.
struct Replies {
    user: Bytes,
    page: Bytes,
    /// A piece of a long list, each user with a comma behind it.
    piece: Bytes,
    users: Users,
}

/// Serves on a thread of its own until the process ends.
pub(crate) fn start() -> Result<(SocketAddr, Users), Failure> {
    let recorded: serde_json::Value = serde_json::from_str(RECORDED)?;
    let user = recorded["response"]["body"].to_string();
    let users = Users::default();
    let replies = Arc::new(Replies {
        page: format!("[{}]", vec![&*user; PAGE].join(",")).into(),
        piece: format!("{user},").repeat(PIECE).into(),
        user: user.into(),
        users: Arc::clone(&users),
    });
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("the listener is non-blocking");
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let replies = Arc::clone(&replies);
                let answer = service_fn(move |request| answer(Arc::clone(&replies), request));
                let connection = http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
    });
    Ok((address, users))
}

async fn answer(
    replies: Arc<Replies>,
    request: Request<Incoming>,
) -> Result<Response<Body>, hyper::Error> {
    let (head, body) = request.into_parts();
    body.collect().await?;
    let is_one = head.uri.path() != "/v2/users";
    let (status, body) = match head.method {
        Method::DELETE => (StatusCode::NO_CONTENT, Full::default().boxed_unsync()),
        Method::POST => (StatusCode::CREATED, whole(&replies.user)),
        _ if is_one => (StatusCode::OK, whole(&replies.user)),
        _ if head.uri.query().is_some() => (StatusCode::OK, whole(&replies.page)),
        _ => (StatusCode::OK, long_list(&replies)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        let json = http::HeaderValue::from_static("application/json");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, json);
    }
    Ok(response)
}

fn whole(bytes: &Bytes) -> Body {
    Full::new(bytes.clone()).boxed_unsync()
}

/// A list that is written as fast as it is read, a multiple of [`PIECE`] users long.
fn long_list(replies: &Replies) -> Body {
    let pieces = replies.users.load(Ordering::Relaxed) / PIECE;
    let piece = replies.piece.clone();
    let end = piece.slice(..piece.len() - 1);
    let pieces = (1..=pieces).map(move |number| match number {
        _ if number == pieces => end.clone(),
        _ => piece.clone(),
    });
    let frames = std::iter::once(Bytes::from_static(b"["))
        .chain(pieces)
        .chain(std::iter::once(Bytes::from_static(b"]")));
    let frames = frames.map(|bytes| Ok(Frame::data(bytes)));
    StreamBody::new(tokio_stream::iter(frames)).boxed_unsync()
}
