//! The callers: calls over gRPC, or the same requests over HTTP.
//!
//! All of them read replies without looking into them, so that what a caller does with
//! a reply does not count as time of the server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Version, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use proto::v2::{CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUsersRequest, User};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

use crate::Failure;
use crate::process::Kind;

const TOKEN: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXV";
const USER: &str = "57c8479433f5d57d3013a0bc";
const NEW_USER: &str = r#"{"email":"jan@example.com","givenName":"Jan","familyName":"Jansen"}"#;

/// A call of which there are many.
#[derive(Clone, Copy)]
pub(crate) enum Call {
    GetUser,
    ListUsers,
    CreateUser,
    DeleteUser,
}

/// Makes one call at a time.
pub(crate) enum Caller {
    Grpc(http2::SendRequest<Full<Bytes>>),
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Caller {
    /// So many callers of a server. Those of a gateway share connections; over
    /// HTTP/1.1 each has its own.
    pub(crate) async fn some(
        kind: &Kind,
        address: SocketAddr,
        number: usize,
        connections: usize,
    ) -> Result<Vec<Self>, Failure> {
        let mut callers: Vec<Self> = Vec::new();
        let shares = match kind {
            Kind::Gateway(_) | Kind::Envoy(_, Version::HTTP_2) => connections,
            Kind::Proxy | Kind::Envoy(..) => number,
        };
        for number in 0..number {
            let sharing = callers.get(number % shares).and_then(Self::sharing);
            callers.push(match sharing {
                Some(sharing) => sharing,
                None => Self::connect(kind, address).await?,
            });
        }
        Ok(callers)
    }

    async fn connect(kind: &Kind, address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        if let Kind::Gateway(_) | Kind::Envoy(_, Version::HTTP_2) = kind {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(4 << 20)
                .handshake(stream)
                .await?;
            tokio::spawn(connection);
            return Ok(match kind {
                Kind::Gateway(_) => Self::Grpc(sender),
                _ => Self::Http2(sender),
            });
        }
        let (sender, connection) = http1::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    /// Another caller on the same connection, if it can have several.
    fn sharing(&self) -> Option<Self> {
        match self {
            Self::Grpc(sender) => Some(Self::Grpc(sender.clone())),
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
            Self::Http1(_) => None,
        }
    }

    /// Makes a call and reads its reply.
    pub(crate) async fn call(&mut self, call: Call) -> Result<(), Failure> {
        match self {
            Self::Grpc(sender) => {
                sender.ready().await?;
                read_grpc(sender.send_request(grpc(call)?).await?).await?;
            }
            Self::Http1(sender) => {
                sender.ready().await?;
                read(sender.send_request(http(call, false)?).await?).await?;
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                read(sender.send_request(http(call, true)?).await?).await?;
            }
        }
        Ok(())
    }
}

/// A connection of its own to a gateway.
pub(crate) async fn channel(address: SocketAddr) -> Result<Channel, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
    // The defaults hold a long list up.
    let endpoint = endpoint
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    Ok(endpoint.connect().await?)
}

/// A request of a caller with a token.
pub(crate) fn with_token<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let token = tonic::metadata::MetadataValue::from_static(TOKEN);
    request.metadata_mut().insert("authorization", token);
    request
}

/// The request of a call over gRPC.
fn grpc(call: Call) -> Result<Request<Full<Bytes>>, Failure> {
    let user_id = USER.to_owned();
    let (rpc, message) = match call {
        Call::GetUser => ("GetUser", GetUserRequest { user_id }.encode_to_vec()),
        Call::ListUsers => {
            let request = ListUsersRequest {
                limit: Some(100),
                ..ListUsersRequest::default()
            };
            ("ListUsers", request.encode_to_vec())
        }
        Call::CreateUser => {
            let user = User {
                email: Some("jan@example.com".to_owned()),
                given_name: Some("Jan".to_owned()),
                family_name: Some("Jansen".to_owned()),
                ..User::default()
            };
            let request = CreateUserRequest { user: Some(user) };
            ("CreateUser", request.encode_to_vec())
        }
        Call::DeleteUser => ("DeleteUser", DeleteUserRequest { user_id }.encode_to_vec()),
    };
    let mut body = vec![0];
    body.extend(u32::try_from(message.len())?.to_be_bytes());
    body.extend(message);
    Ok(Request::builder()
        .method(Method::POST)
        .uri(format!("http://localhost/web1on1.v2.UserService/{rpc}"))
        .header(header::CONTENT_TYPE, "application/grpc")
        .header(header::TE, "trailers")
        .header(header::AUTHORIZATION, TOKEN)
        .body(Full::from(body))?)
}

/// Reads a response of gRPC to its end.
async fn read_grpc(response: http::Response<Incoming>) -> Result<(), Failure> {
    let mut status = response.headers().get("grpc-status").cloned();
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Some(trailers) = frame?.trailers_ref() {
            status = trailers.get("grpc-status").cloned();
        }
    }
    if status.as_ref().is_none_or(|status| status != "0") {
        return Err(format!("the gateway answered with the status {status:?}").into());
    }
    Ok(())
}

/// The request of a call, with a whole URI where HTTP/2 needs one.
fn http(call: Call, is_whole: bool) -> Result<Request<Full<Bytes>>, Failure> {
    let one = || format!("/v2/users/{USER}");
    let (method, path, body) = match call {
        Call::GetUser => (Method::GET, one(), ""),
        Call::ListUsers => (Method::GET, "/v2/users?limit=100".to_owned(), ""),
        Call::CreateUser => (Method::POST, "/v2/users".to_owned(), NEW_USER),
        Call::DeleteUser => (Method::DELETE, one(), ""),
    };
    let origin = if is_whole { "http://localhost" } else { "" };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{origin}{path}"))
        .header(header::HOST, "localhost")
        .header(header::ACCEPT, "application/json")
        .header(header::AUTHORIZATION, TOKEN)
        .body(Full::from(body))?;
    if !body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    Ok(request)
}

/// Reads a response to its end.
async fn read(response: http::Response<Incoming>) -> Result<(), Failure> {
    if !response.status().is_success() {
        return Err(format!("the proxy answered {}", response.status()).into());
    }
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

/// Makes so many calls in all, each caller one after the other. Returns how long
/// each took, in order of that.
pub(crate) async fn make(
    callers: &mut Vec<Caller>,
    call: Call,
    calls: usize,
) -> Result<Vec<Duration>, Failure> {
    let each = calls.div_ceil(callers.len());
    let mut tasks = tokio::task::JoinSet::new();
    for mut caller in callers.drain(..) {
        tasks.spawn(async move {
            let mut took = Vec::with_capacity(each);
            for _ in 0..each {
                let begun = Instant::now();
                caller.call(call).await?;
                took.push(begun.elapsed());
            }
            Ok::<_, Failure>((caller, took))
        });
    }
    let mut all = Vec::with_capacity(calls);
    while let Some(ended) = tasks.join_next().await {
        let (caller, took) = ended??;
        callers.push(caller);
        all.extend(took);
    }
    all.sort();
    Ok(all)
}
