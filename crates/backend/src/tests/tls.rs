//! REST over TLS.

use std::time::Duration;

use ::tls::{Acceptor, CertificateFiles, ClientTls, Connector, H2, HTTP_1_1, Roots, ServerTls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::served::{Client, LAST, Served, patient, within};
use crate::ServerLimits;

/// The beginning of a handshake.
const BEGINNING: &[u8] = b"\x16\x03\x01\x02\x00\x01";

/// A backend with TLS, and whom its clients trust.
struct Secured {
    served: Served,
    roots: RootCertStore,
    _files: tempfile::TempDir,
}

impl Secured {
    async fn start(limits: ServerLimits) -> Self {
        let files = tempfile::tempdir().expect("a temporary directory");
        let made = generate_simple_self_signed(["localhost".to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("the name is one");
        let both = files.path().join("both.pem");
        let pem = cert.pem() + &signing_key.serialize_pem();
        std::fs::write(&both, pem).expect("the directory is ours");
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("a certificate");
        let acceptor = Acceptor::open(ServerTls::new(CertificateFiles {
            certificate: both.clone(),
            key: both,
        }));
        let acceptor = acceptor.expect("the files can be used");
        Self {
            served: Served::start_with(limits, Some(acceptor)).await,
            roots,
            _files: files,
        }
    }

    async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let tls = ClientTls {
            roots: Roots::Given(self.roots.clone()),
            ..ClientTls::default()
        };
        let connector = Connector::open(tls, &[protocol]).expect("there are no files");
        let tcp = TcpStream::connect(self.served.address).await;
        let name = ServerName::try_from("localhost").expect("a name");
        let connected = connector.current().connect(name, tcp.expect("it listens"));
        let stream = within("hands are shaken", connected).await;
        stream.expect("it is trusted")
    }

    /// Makes a request as a good client does.
    async fn works(&self) {
        let mut stream = self.connect(HTTP_1_1).await;
        stream.write_all(LAST.as_bytes()).await.expect("it is sent");
        let mut reply = String::new();
        let read = within("a reply comes", stream.read_to_string(&mut reply)).await;
        read.expect("it ends in order");
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    }
}

#[tokio::test]
async fn both_versions_of_http_go_over_tls() {
    let secured = Secured::start(patient()).await;
    secured.works().await;
    let stream = secured.connect(H2).await;
    let (mut requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let request = http::Request::get("https://localhost/healthz").body(());
    let (reply, _) = requests
        .send_request(request.expect("a request"), true)
        .expect("it is sent");
    let reply = within("a reply comes", reply).await.expect("it is one");
    assert_eq!(reply.status(), 200);
    connection.abort();
}

#[tokio::test]
async fn who_speaks_something_else_is_hung_up_on_at_once() {
    let secured = Secured::start(patient()).await;
    let plain = Served::start(patient()).await;
    for (address, words) in [
        (secured.served.address, LAST.as_bytes()),
        (plain.address, BEGINNING),
    ] {
        let mut client = Client::connect(address).await;
        client.send(words).await;
        client.closed().await;
    }
    secured.works().await;
    plain.works().await;
}

#[tokio::test]
async fn a_handshake_that_hangs_has_the_time_of_a_head_and_hinders_nobody() {
    let secured = Secured::start(ServerLimits {
        head_timeout: Duration::from_secs(1),
        ..patient()
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut client = Client::connect(secured.served.address).await;
        client.send(BEGINNING).await;
        slow.push(client);
    }
    secured.works().await;
    for client in &mut slow {
        client.closed().await;
    }
    secured.works().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_handshakes() {
    let mut secured = Secured::start(patient()).await;
    let mut slow = Client::connect(secured.served.address).await;
    slow.send(BEGINNING).await;
    secured.works().await;
    secured.served.stop();
    secured.served.stopped().await;
}
