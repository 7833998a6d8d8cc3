//! A gateway that speaks TLS to its callers.

use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use proto::v2::GetUserRequest;
use proto::v2::user_service_client::UserServiceClient;
use rustls::pki_types::{CertificateDer, ServerName};
use tls::{
    Acceptor, ClientAuthentication, ClientAuthorities, ClientTls, Connector, H2, HTTP_1_1, Roots,
    ServerTls,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::authority::{Authority, Files, Subject};
use crate::stack::{Settings, Tasks, gateway_with, listen};

/// A gateway with TLS, in front of an upstream that answers every request with a
/// user.
struct Secured {
    address: String,
    acceptor: Acceptor,
    authority: Authority,
    files: Files,
    _tasks: Tasks,
}

impl Secured {
    async fn start() -> Self {
        Self::start_with(gateway::config::Config::default(), |_, _| {}).await
    }

    /// A gateway with these bounds, whose TLS is changed before it starts.
    async fn start_with(
        server: gateway::config::Config,
        change: impl FnOnce(&mut ServerTls, &Files),
    ) -> Self {
        let (files, authority) = (Files::new(), Authority::new("ours"));
        let pair = authority.issue(Subject::LOCALHOST);
        let mut tls = ServerTls::new(files.certificate("server", &pair));
        tls.reload_interval = Duration::from_millis(10);
        change(&mut tls, &files);
        let acceptor = Acceptor::open(tls).expect("the files can be used");
        let mut tasks = Tasks::default();
        let settings = Settings {
            server,
            tls: Some(acceptor.clone()),
            ..Settings::default()
        };
        let gateway = gateway_with(settings, &upstream(&mut tasks).await, &mut tasks).await;
        Self {
            address: gateway.trim_start_matches("http://").to_owned(),
            acceptor,
            authority,
            files,
            _tasks: tasks,
        }
    }

    /// A client that trusts the gateway.
    fn client(&self, protocols: &[&[u8]]) -> Connector {
        let file = self.files.write("ca.pem", &self.authority.pem);
        let tls = ClientTls {
            roots: Roots::File(file),
            ..ClientTls::default()
        };
        Connector::open(tls, protocols).expect("the file can be used")
    }

    async fn handshake(&self, protocols: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
        handshake(self.client(protocols), self.address.clone()).await
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self) -> CertificateDer<'static> {
        let stream = self.handshake(&[H2]).await.expect("it is trusted");
        let certificates = stream.get_ref().1.peer_certificates();
        let first = certificates.and_then(<[_]>::first);
        first.expect("a server shows one").clone().into_owned()
    }

    async fn channel(&self) -> Result<Channel, tonic::transport::Error> {
        let (client, address) = (self.client(&[H2]), self.address.clone());
        let connector = tower::service_fn(move |_: Uri| {
            let stream = handshake(client.clone(), address.clone());
            async move { stream.await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        endpoint.connect_with_connector(connector).await
    }
}

async fn handshake(client: Connector, address: String) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    client.current().connect(name, tcp).await
}

async fn upstream(tasks: &mut Tasks) -> String {
    let (listener, address) = listen().await;
    let router = axum::Router::new().fallback(|| async {
        let user = r#"{"id":"6b0310a386200e03b8000001"}"#;
        ([("content-type", "application/json")], user)
    });
    tasks.spawn(async move {
        let served = axum::serve(listener, router).await;
        served.expect("the upstream serves");
    });
    format!("http://{address}/v2")
}

async fn get_user(channel: &Channel) -> Result<(), tonic::Status> {
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let mut users = UserServiceClient::new(channel.clone());
    users.get_user(request).await.map(drop)
}

#[tokio::test]
async fn a_call_goes_over_tls() {
    let gateway = Secured::start().await;
    let channel = gateway.channel().await.expect("it is trusted");
    for _ in 0..3 {
        get_user(&channel).await.expect("the upstream answers");
    }
}

#[tokio::test]
async fn a_large_reply_goes_over_tls() {
    // More than a record of TLS, and more than is written at once.
    let gateway = Secured::start().await;
    let channel = gateway.channel().await.expect("it is trusted");
    let mut reflection =
        tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient::new(channel)
            .max_decoding_message_size(usize::MAX);
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            tonic_reflection::pb::v1::server_reflection_request::MessageRequest::FileContainingSymbol(
                "web1on1.v2.UserService".to_owned(),
            ),
        ),
    };
    let requests = tokio_stream::iter(vec![request; 20]);
    let replies = reflection.server_reflection_info(requests).await;
    let mut replies = replies.expect("it is served").into_inner();
    let mut count = 0;
    while let Some(reply) = replies.message().await.expect("it goes on") {
        assert!(reply.message_response.is_some());
        count += 1;
    }
    assert_eq!(count, 20);
}

#[tokio::test]
async fn grpc_web_goes_over_tls_and_http1() {
    let gateway = Secured::start().await;
    let mut stream = gateway.handshake(&[HTTP_1_1]).await.expect("it is trusted");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(HTTP_1_1));
    let head = "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\
                connection: close\r\n\r\n";
    let request = [head.as_bytes(), &[0; 5]].concat();
    stream.write_all(&request).await.expect("it is sent");
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    let reply = String::from_utf8_lossy(&reply);
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.contains("grpc-status:0"), "{reply}");
}

#[tokio::test]
async fn a_caller_without_a_certificate_is_refused_where_one_is_needed() {
    let gateway = Secured::start_with(gateway::config::Config::default(), |tls, files| {
        let theirs = Authority::new("theirs");
        tls.clients = Some(ClientAuthorities {
            file: files.write("clients.pem", &theirs.pem),
            authentication: ClientAuthentication::Required,
        });
    })
    .await;
    let called = match gateway.channel().await {
        Ok(channel) => get_user(&channel).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    called.expect_err("nobody has vouched for the caller");
}

#[tokio::test]
async fn a_stream_outlives_the_certificate_that_it_began_with() {
    let gateway = Secured::start().await;
    let channel = gateway.channel().await.expect("it is trusted");
    let mut health = HealthClient::new(channel.clone());
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("health is served").into_inner();
    watch
        .message()
        .await
        .expect("it goes on")
        .expect("a status");
    let before = gateway.shown().await;

    let pair = gateway.authority.issue(Subject::LOCALHOST);
    gateway.files.certificate("server", &pair);
    let mut status = gateway.acceptor.status();
    let reloaded = status.wait_for(|status| status.reloads == 1).await;
    reloaded.expect("the files are looked at");
    assert_ne!(gateway.shown().await, before, "the old one is shown");
    get_user(&channel).await.expect("the connection is open");
    let silent = tokio::time::timeout(Duration::ZERO, watch.message()).await;
    assert!(silent.is_err(), "the watch has ended: {silent:?}");
}

/// Sends bytes, and waits until the connection is closed.
async fn is_closed_after(address: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(bytes).await.expect("it is sent");
    let mut rest = Vec::new();
    let closed = stream.read_to_end(&mut rest);
    let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
    assert!(closed.is_ok(), "the connection stays open after {bytes:x?}");
}

#[tokio::test]
async fn who_speaks_something_else_is_hung_up_on_at_once() {
    // Nobody is hung up on for being slow.
    let slow = || gateway::config::Config {
        preface_timeout: Duration::from_hours(1),
        ..gateway::config::Config::default()
    };
    let secured = Secured::start_with(slow(), |_, _| {}).await;
    is_closed_after(&secured.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    is_closed_after(&secured.address, b"POST / HTTP/1.1\r\n\r\n").await;
    let mut tasks = Tasks::default();
    let settings = Settings {
        server: slow(),
        ..Settings::default()
    };
    let plain = gateway_with(settings, &upstream(&mut tasks).await, &mut tasks).await;
    is_closed_after(plain.trim_start_matches("http://"), b"\x16\x03\x01\x02\x00").await;
}

#[tokio::test]
async fn handshakes_that_hang_end_with_their_time_and_hinder_nobody_after() {
    let impatient = gateway::config::Config {
        preface_timeout: Duration::from_millis(300),
        ..gateway::config::Config::default()
    };
    let gateway = Secured::start_with(impatient, |tls, _| tls.max_handshakes = 4).await;
    let half_open = (0..40).map(|_| is_closed_after(&gateway.address, b"\x16\x03\x01\x02\x00"));
    join_all(half_open).await;
    let channel = gateway.channel().await.expect("there is a turn");
    get_user(&channel).await.expect("the upstream answers");
}

/// Waits for all of them.
async fn join_all(futures: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}
