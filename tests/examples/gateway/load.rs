//! The callers: calls over gRPC, or the same requests over HTTP/1.1.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Version, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::v2::user_service_client::UserServiceClient;
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
    Grpc(UserServiceClient<Channel>),
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
        if let Kind::Gateway(_) = kind {
            return Ok(Self::Grpc(UserServiceClient::new(channel(address).await?)));
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream = TokioIo::new(stream);
        if let Kind::Envoy(_, Version::HTTP_2) = kind {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(4 << 20)
                .handshake(stream)
                .await?;
            tokio::spawn(connection);
            return Ok(Self::Http2(sender));
        }
        let (sender, connection) = http1::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    /// Another caller on the same connection, if it can have several.
    fn sharing(&self) -> Option<Self> {
        match self {
            Self::Grpc(client) => Some(Self::Grpc(client.clone())),
            Self::Http2(sender) => Some(Self::Http2(sender.clone())),
            Self::Http1(_) => None,
        }
    }

    /// Makes a call and reads its reply.
    pub(crate) async fn call(&mut self, call: Call) -> Result<(), Failure> {
        match self {
            Self::Grpc(client) => grpc(client, call).await?,
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

async fn grpc(client: &mut UserServiceClient<Channel>, call: Call) -> Result<(), tonic::Status> {
    let user_id = USER.to_owned();
    match call {
        Call::GetUser => {
            let request = with_token(GetUserRequest { user_id });
            client.get_user(request).await.map(drop)
        }
        Call::ListUsers => {
            let request = with_token(ListUsersRequest {
                limit: Some(100),
                ..ListUsersRequest::default()
            });
            client.list_users(request).await.map(drop)
        }
        Call::CreateUser => {
            let user = User {
                email: Some("jan@example.com".to_owned()),
                given_name: Some("Jan".to_owned()),
                family_name: Some("Jansen".to_owned()),
                ..User::default()
            };
            let request = with_token(CreateUserRequest { user: Some(user) });
            client.create_user(request).await.map(drop)
        }
        Call::DeleteUser => {
            let request = with_token(DeleteUserRequest { user_id });
            client.delete_user(request).await.map(drop)
        }
    }
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
