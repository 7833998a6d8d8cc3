//! Lists that are streamed, over real sockets.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use gateway::config::Config;
use http::Response;
use proto::v2::organization_group_service_client::OrganizationGroupServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{
    CreateOrganizationGroupRequest, CreateUserRequest, GetUserRequest,
    ListOrganizationGroupMembersRequest, ListUsersRequest, OrganizationGroup,
    StreamOrganizationGroupMembersRequest, StreamUsersRequest, User,
};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::stack::{
    Settings, Stack, Tasks, connect, gateway_until, gateway_with, listen, with_token,
};

/// How long a step may take. Only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

async fn in_time<T>(what: &str, step: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, step)
        .await
        .unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// All messages of a stream, and the error that they end with.
async fn all<T>(mut stream: Streaming<T>) -> (Vec<T>, Option<Status>) {
    let mut found = Vec::new();
    loop {
        match in_time("a message", stream.message()).await {
            Ok(Some(message)) => found.push(message),
            Ok(None) => return (found, None),
            Err(status) => return (found, Some(status)),
        }
    }
}

// In front of the backend.

#[tokio::test]
async fn the_stream_of_users_is_their_list_however_large_its_pages_are() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    for number in 0..4 {
        let user = User {
            email: Some(format!("user-{number}@example.com")),
            ..User::default()
        };
        let request = with_token(&token, CreateUserRequest { user: Some(user) });
        let created = stack.users().create_user(request).await;
        created.expect("the owner creates users");
    }
    let sort = Some("-email".to_owned());
    let request = ListUsersRequest {
        sort: sort.clone(),
        ..ListUsersRequest::default()
    };
    let listed = stack.users().list_users(with_token(&token, request)).await;
    let listed = listed.expect("the list").into_inner().users;
    assert_eq!(listed.len(), 5);
    for (page_size, offset) in [
        (None, 0),
        (Some(1), 0),
        (Some(2), 0),
        (Some(2), 3),
        (Some(1000), 1),
    ] {
        let request = StreamUsersRequest {
            page_size,
            offset: Some(offset),
            sort: sort.clone(),
            ..StreamUsersRequest::default()
        };
        let stream = stack
            .users()
            .stream_users(with_token(&token, request))
            .await;
        let (streamed, status) = all(stream.expect("the stream").into_inner()).await;
        assert!(status.is_none(), "pages of {page_size:?}: {status:?}");
        let skipped = usize::try_from(offset).expect("it is not negative");
        assert_eq!(streamed, listed[skipped..], "pages of {page_size:?}");
    }
}

#[tokio::test]
async fn elements_that_are_no_messages_are_streamed_too() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let me = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let me = stack.users().get_user(with_token(&token, me)).await;
    let me = me.expect("the owner").into_inner().user.unwrap_or_default();
    let organization = me.organization.expect("users have an organization");
    let mut groups = OrganizationGroupServiceClient::new(stack.channel.clone());
    let group = OrganizationGroup {
        name: Some("all".to_owned()),
        members: vec![organization.clone()],
        ..OrganizationGroup::default()
    };
    let request = CreateOrganizationGroupRequest {
        organization_group: Some(group),
    };
    let created = groups
        .create_organization_group(with_token(&token, request))
        .await;
    let group = created.expect("the owner creates groups").into_inner();
    let group_id = group.organization_group.and_then(|group| group.id);
    let group_id = group_id.expect("a new group has an ID");
    let request = ListOrganizationGroupMembersRequest {
        group_id: group_id.clone(),
        ..ListOrganizationGroupMembersRequest::default()
    };
    let listed = groups
        .list_organization_group_members(with_token(&token, request))
        .await;
    let listed = listed.expect("the list").into_inner().members;
    assert_eq!(listed, [organization]);
    let request = StreamOrganizationGroupMembersRequest {
        group_id,
        ..StreamOrganizationGroupMembersRequest::default()
    };
    let stream = groups
        .stream_organization_group_members(with_token(&token, request))
        .await;
    let (streamed, status) = all(stream.expect("the stream").into_inner()).await;
    assert!(status.is_none(), "{status:?}");
    let streamed: Vec<_> = streamed.into_iter().filter_map(|one| one.member).collect();
    assert_eq!(streamed, listed);
}

#[tokio::test]
async fn a_caller_without_a_token_is_told_so_in_place_of_the_list() {
    let stack = Stack::start().await;
    let answer = stack
        .users()
        .stream_users(StreamUsersRequest::default())
        .await;
    let status = answer.map(drop).expect_err("there is no token");
    assert_eq!(status.code(), Code::Unauthenticated);
}

// In front of an upstream whose lists are as long as anybody reads.

/// What one chunk of a long list holds: some 100 KB.
const USERS_OF_A_CHUNK: usize = 10;

/// How many chunks there are of it.
const CHUNKS: usize = 500;

/// Tells when it is dropped.
struct Gone(Option<oneshot::Sender<()>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            let _ = told.send(());
        }
    }
}

/// A long list, chunk by chunk. It counts them, and tells when nobody reads on.
fn chunks(
    taken: Arc<AtomicUsize>,
    gone: oneshot::Sender<()>,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let user = format!("{{\"displayName\":\"{}\"}},", "a".repeat(10_000));
    let chunk = Bytes::from(user.repeat(USERS_OF_A_CHUNK));
    let gone = Gone(Some(gone));
    let middle = std::iter::repeat_n(chunk, CHUNKS);
    let all = std::iter::once(Bytes::from_static(b"["))
        .chain(middle)
        .chain([Bytes::from_static(b"{}]")]);
    tokio_stream::iter(all).map(move |chunk| {
        let _ = &gone;
        taken.fetch_add(1, Ordering::Relaxed);
        Ok(chunk)
    })
}

/// An upstream that answers `/users` with a long list, and anything else with an
/// empty object.
struct Upstream {
    base: String,
    /// How many chunks of lists were taken.
    taken: Arc<AtomicUsize>,
    /// The ends of the lists, in the order in which they were asked for.
    gone: mpsc::UnboundedReceiver<oneshot::Receiver<()>>,
    tasks: Tasks,
}

impl Upstream {
    async fn start() -> Self {
        let taken = Arc::new(AtomicUsize::new(0));
        let (lists, gone) = mpsc::unbounded_channel();
        let counter = Arc::clone(&taken);
        let router = axum::Router::new()
            .route(
                "/v2/users",
                axum::routing::get(move || {
                    let (told, end) = oneshot::channel();
                    let _ = lists.send(end);
                    let body = Body::from_stream(chunks(Arc::clone(&counter), told));
                    async move { json(body) }
                }),
            )
            .fallback(|| async { json(Body::from("{}")) });
        let mut tasks = Tasks::default();
        let (listener, address) = listen().await;
        tasks.spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self {
            base: format!("http://{address}/v2"),
            taken,
            gone,
            tasks,
        }
    }

    async fn behind_a_gateway(&mut self, server: Config) -> UserServiceClient<Channel> {
        let settings = Settings {
            server,
            ..Settings::default()
        };
        let gateway = gateway_with(settings, &self.base, &mut self.tasks).await;
        UserServiceClient::new(connect(&gateway).await)
    }

    /// Waits until nobody reads the list that was asked for first.
    async fn first_is_gone(&mut self) {
        let end = in_time("the request upstream", self.gone.recv()).await;
        let end = end.expect("the upstream is there");
        let _ = in_time("the end of the request upstream", end).await;
    }
}

fn json(body: Body) -> Response<Body> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(body).expect("a response")
}

async fn stream_of(users: &mut UserServiceClient<Channel>) -> Streaming<User> {
    let stream = users.stream_users(StreamUsersRequest::default()).await;
    stream.expect("the head of the list").into_inner()
}

async fn call(users: &mut UserServiceClient<Channel>) -> Result<(), Status> {
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    in_time("a small call", users.get_user(request))
        .await
        .map(drop)
}

#[tokio::test]
async fn an_upstream_is_read_no_faster_than_the_caller_reads() {
    let mut upstream = Upstream::start().await;
    let mut users = upstream.behind_a_gateway(Config::default()).await;
    let mut stream = stream_of(&mut users).await;
    let first = in_time("a user", stream.message()).await;
    assert!(first.is_ok_and(|user| user.is_some()));
    // Buffers fill until nothing moves during a number of calls.
    let (mut taken, mut still) = (0, 0);
    while still < 100 {
        call(&mut users).await.expect("small calls are answered");
        let now = upstream.taken.load(Ordering::Relaxed);
        still = if now == taken { still + 1 } else { 0 };
        taken = now;
    }
    // What the sockets and the windows hold is a fraction of the list.
    assert!(taken < CHUNKS / 2, "{taken} chunks of {CHUNKS} were taken");
    let mut count = 1;
    while in_time("a user", stream.message())
        .await
        .expect("the list goes on")
        .is_some()
    {
        count += 1;
    }
    assert_eq!(count, CHUNKS * USERS_OF_A_CHUNK + 1);
}

#[tokio::test]
async fn when_the_caller_goes_the_request_upstream_ends() {
    let mut upstream = Upstream::start().await;
    let mut users = upstream.behind_a_gateway(Config::default()).await;
    let mut stream = stream_of(&mut users).await;
    let first = in_time("a user", stream.message()).await;
    assert!(first.is_ok_and(|user| user.is_some()));
    drop(stream);
    upstream.first_is_gone().await;
    assert!(upstream.taken.load(Ordering::Relaxed) < CHUNKS);
}

#[tokio::test]
async fn lists_leave_room_for_other_calls() {
    let mut upstream = Upstream::start().await;
    let server = Config {
        max_lists: 4,
        ..Config::default()
    };
    let mut users = upstream.behind_a_gateway(server).await;
    let stream = stream_of(&mut users).await;
    let second = users.stream_users(StreamUsersRequest::default()).await;
    let status = second
        .map(drop)
        .expect_err("one caller may stream one of four lists");
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    let info = details.error_info().expect("there is always a reason");
    assert_eq!(info.reason, "OVERLOADED");
    assert_eq!(
        status.message(),
        "the caller streams as many lists as it may"
    );
    call(&mut users).await.expect("other calls have places");
    drop(stream);
    upstream.first_is_gone().await;
}

#[tokio::test]
async fn a_list_under_way_keeps_no_place_of_the_calls_upstream() {
    let mut upstream = Upstream::start().await;
    let mut server = Config::default();
    server.limit.max = 1;
    server.limit.initial = 1;
    let mut users = upstream.behind_a_gateway(server).await;
    let mut stream = stream_of(&mut users).await;
    let first = in_time("a user", stream.message()).await;
    assert!(first.is_ok_and(|user| user.is_some()));
    call(&mut users).await.expect("the one place is free");
}

#[tokio::test]
async fn a_list_that_does_not_end_in_time_is_broken_off_with_the_server() {
    let upstream = Upstream::start().await;
    let settings = Settings {
        server: Config {
            grace: Duration::from_millis(200),
            ..Config::default()
        },
        ..Settings::default()
    };
    let (stop, told) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = told.await;
    };
    let (gateway, serving) = gateway_until(shutdown, settings, &upstream.base).await;
    let stopped = tokio::spawn(serving);
    let mut users = UserServiceClient::new(connect(&gateway).await);
    let mut stream = stream_of(&mut users).await;
    let first = in_time("a user", stream.message()).await;
    assert!(first.is_ok_and(|user| user.is_some()));
    stop.send(()).expect("the gateway is there");
    in_time("the stop", stopped).await.expect("no panic");
    let (_, status) = all(stream).await;
    assert!(status.is_some(), "half a list is no list");
}

/// An upstream that has sent one of two users of each list, and sends the other when it
/// is told to.
async fn halves(tasks: &mut Tasks) -> (String, watch::Sender<bool>) {
    let (go_on, told) = watch::channel(false);
    let router = axum::Router::new().fallback(move || {
        let halves = tokio_stream::iter(["[{}", ",{}]"]).then({
            let told = told.clone();
            move |half| {
                let mut told = told.clone();
                async move {
                    if half.ends_with(']') {
                        let _ = told.wait_for(|go_on| *go_on).await;
                    }
                    Ok::<_, Infallible>(half)
                }
            }
        });
        async move { json(Body::from_stream(halves)) }
    });
    let (listener, address) = listen().await;
    tasks.spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    (format!("http://{address}/v2"), go_on)
}

/// Waits until a gateway takes no connections any more, so that it is about to stop.
async fn until_it_leaves(gateway: &str) {
    let address = gateway.strip_prefix("http://").expect("a URL");
    let leaves = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    in_time("the end of the listener", leaves).await;
}

#[tokio::test]
async fn a_list_that_ends_in_time_is_whole_although_the_server_stops() {
    let mut tasks = Tasks::default();
    let (upstream, go_on) = halves(&mut tasks).await;
    let settings = Settings {
        server: Config {
            // Longer than the test waits for anything.
            grace: PATIENCE * 10,
            ..Config::default()
        },
        ..Settings::default()
    };
    let (stop, told) = oneshot::channel::<()>();
    let shutdown = async move {
        let _ = told.await;
    };
    let (gateway, serving) = gateway_until(shutdown, settings, &upstream).await;
    let stopped = tokio::spawn(serving);
    let mut users = UserServiceClient::new(connect(&gateway).await);
    let mut stream = stream_of(&mut users).await;
    let first = in_time("a user", stream.message()).await;
    assert!(first.is_ok_and(|user| user.is_some()));
    stop.send(()).expect("the gateway is there");
    until_it_leaves(&gateway).await;
    go_on.send(true).expect("the upstream is there");
    let (rest, status) = all(stream).await;
    assert!(status.is_none(), "{status:?}");
    assert_eq!(rest.len(), 1, "the second user is missing");
    drop(users);
    in_time("the stop", stopped).await.expect("no panic");
}
