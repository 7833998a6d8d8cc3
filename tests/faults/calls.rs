//! A caller that behaves, and what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use prost::Message as _;
use proto::v2::upload_user_avatar_request::Payload;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{
    CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUsersRequest, StreamUsersRequest,
    UpdateUserRequest, UploadUserAvatarHeader, UploadUserAvatarRequest, User,
};
use tonic::body::Body;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::pb;

/// A call with its HTTP method, since that decides what is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Get,
    Post,
    Patch,
    Delete,
    /// A GET whose reply is a list.
    List,
    /// The same, element by element.
    Stream,
    /// A POST of 4 MB that is whole in memory.
    LargePost,
    /// A POST that is sent while it arrives, of 9 MiB.
    Upload,
}

/// What a caller is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Ok {
        /// The id of the resource that was returned, or of the first of them.
        id: String,
        next_offset: Option<i32>,
    },
    Failed(Failure),
}

/// An error as a caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// Empty where there is no `ErrorInfo`.
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) retry: Retry,
}

/// The `RetryInfo` of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    None,
    After(Duration),
    /// No legal Duration of protobuf.
    Illegal,
}

/// A client that may share its connection.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) gateway: SocketAddr,
    client: UserServiceClient<HttpClient<HttpConnector, Body>>,
}

impl Caller {
    pub(crate) fn new(gateway: SocketAddr) -> Self {
        // tonic's own channel would keep the deadline itself, and say CANCELLED.
        let client = HttpClient::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        let origin = format!("http://{gateway}")
            .parse()
            .expect("an address is an origin");
        Self {
            gateway,
            client: UserServiceClient::with_origin(client, origin),
        }
    }

    /// Calls, and waits for as long as it takes.
    pub(crate) async fn call(&self, call: Call, deadline: Option<Duration>) -> Answer {
        let mut users = self.client.clone();
        let user = |given_name: String| User {
            given_name: Some(given_name),
            email: Some("a@b.example".to_owned()),
            ..Default::default()
        };
        let answered = match call {
            Call::Get => {
                let request = GetUserRequest {
                    user_id: "me".to_owned(),
                };
                let reply = users.get_user(with(deadline, request)).await;
                reply.map(|reply| one(reply.into_inner().user))
            }
            Call::Post | Call::LargePost => {
                let size = if call == Call::Post { 3 } else { 4_000_000 };
                let request = CreateUserRequest {
                    user: Some(user("x".repeat(size))),
                };
                let reply = users.create_user(with(deadline, request)).await;
                reply.map(|reply| one(reply.into_inner().user))
            }
            Call::Patch => {
                let request = UpdateUserRequest {
                    user_id: "me".to_owned(),
                    user: Some(user("Jan".to_owned())),
                    ..Default::default()
                };
                let reply = users.update_user(with(deadline, request)).await;
                reply.map(|reply| one(reply.into_inner().user))
            }
            Call::Delete => {
                let request = DeleteUserRequest {
                    user_id: "me".to_owned(),
                };
                let reply = users.delete_user(with(deadline, request)).await;
                reply.map(|_| one(None))
            }
            Call::List => {
                let request = ListUsersRequest::default();
                let reply = users.list_users(with(deadline, request)).await;
                reply.map(|reply| {
                    let page = reply.into_inner();
                    Answer::Ok {
                        id: page
                            .users
                            .first()
                            .and_then(|user| user.id.clone())
                            .unwrap_or_default(),
                        next_offset: page.next_offset,
                    }
                })
            }
            Call::Stream => {
                let request = StreamUsersRequest::default();
                match users.stream_users(with(deadline, request)).await {
                    Ok(reply) => all(reply.into_inner()).await,
                    Err(status) => Err(status),
                }
            }
            Call::Upload => {
                let messages = tokio_stream::iter(upload(9 << 20));
                let reply = users.upload_user_avatar(with(deadline, messages)).await;
                reply.map(|reply| one(reply.into_inner().user))
            }
        };
        answered.unwrap_or_else(|status| Answer::Failed(Failure::of(&status)))
    }
}

/// Reads a stream to its end.
async fn all(mut users: Streaming<User>) -> Result<Answer, Status> {
    let mut first = None;
    while let Some(user) = users.message().await? {
        first.get_or_insert(user);
    }
    Ok(one(first))
}

fn one(user: Option<User>) -> Answer {
    Answer::Ok {
        id: user.and_then(|user| user.id).unwrap_or_default(),
        next_offset: None,
    }
}

fn with<T>(deadline: Option<Duration>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(deadline) = deadline {
        request.set_timeout(deadline);
    }
    request
}

/// The messages of an upload of this many bytes.
pub(crate) fn upload(size: usize) -> impl Iterator<Item = UploadUserAvatarRequest> + Send {
    const CHUNK: usize = 64 << 10;
    let header = Payload::Header(UploadUserAvatarHeader {
        user_id: "me".to_owned(),
        file_name: Some("photo.png".to_owned()),
        content_type: Some("image/png".to_owned()),
    });
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    std::iter::once(header)
        .chain(std::iter::repeat_n(Payload::Chunk(chunk), size / CHUNK))
        .map(|payload| UploadUserAvatarRequest {
            payload: Some(payload),
        })
}

impl Failure {
    fn of(status: &Status) -> Self {
        Self::decoded(status.code(), status.message(), status.details())
    }

    /// An error whose details are an encoded `google.rpc.Status`.
    pub(crate) fn decoded(code: Code, message: &str, details: &[u8]) -> Self {
        let details = pb::Status::decode(details).unwrap_or_default().details;
        let find = |name: &str| {
            let url = format!("type.googleapis.com/google.rpc.{name}");
            details.iter().find(|detail| detail.type_url == url)
        };
        let info = find("ErrorInfo").and_then(|any| pb::ErrorInfo::decode(&*any.value).ok());
        let retry = find("RetryInfo").map(|any| {
            // https://protobuf.dev/reference/protobuf/google.protobuf/#duration
            let legal = |delay: &prost_types::Duration| {
                (0..=315_576_000_000).contains(&delay.seconds)
                    && (0..=999_999_999).contains(&delay.nanos)
            };
            pb::RetryInfo::decode(&*any.value)
                .ok()
                .and_then(|info| info.retry_delay)
                .filter(legal)
                .and_then(|delay| Duration::try_from(delay).ok())
                .map_or(Retry::Illegal, Retry::After)
        });
        Self {
            code,
            reason: info.map(|info| info.reason).unwrap_or_default(),
            message: message.to_owned(),
            retry: retry.unwrap_or(Retry::None),
        }
    }
}
