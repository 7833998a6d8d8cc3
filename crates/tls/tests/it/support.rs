//! A server of one word, and clients of it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use tls::identity::Identity;
use tls::{Acceptor, CertificateFiles, ClientTls, Connector, H2, HandshakeError, Roots, ServerTls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::client::TlsStream;

use crate::authority::{Authority, Files, Subject};

/// How often files are looked at in tests.
pub(crate) const OFTEN: Duration = Duration::from_millis(10);

/// Waits for what has to happen soon.
#[track_caller]
pub(crate) fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let limit = Duration::from_secs(20);
        let Ok(output) = tokio::time::timeout(limit, future).await else {
            panic!("what {place} waits for did not happen within {limit:?}");
        };
        output
    }
}

/// A server that repeats what it reads, on connections with TLS.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) acceptor: Acceptor,
    pub(crate) identities: Arc<Mutex<Vec<Option<Identity>>>>,
    failures: Arc<Mutex<Vec<HandshakeError>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(tls: ServerTls) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let acceptor = Acceptor::open(tls).expect("the files can be used");
        let (identities, failures) = (Arc::default(), Arc::default());
        let task = tokio::spawn(echo(
            listener,
            acceptor.clone(),
            Arc::clone(&identities),
            Arc::clone(&failures),
        ));
        Self {
            address,
            acceptor,
            identities,
            failures,
            task,
        }
    }

    /// Connects, and sends a word there and back.
    pub(crate) async fn greet(&self, connector: &Connector) -> io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        let mut stream = connector.current().connect(name, tcp).await?;
        repeat(&mut stream).await?;
        Ok(stream)
    }

    /// Why the last handshake came to nothing, once one did.
    pub(crate) async fn failure(&self) -> HandshakeError {
        loop {
            if let Some(failure) = self.failures.lock().expect("no panic").pop() {
                return failure;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn identities(&self) -> Vec<String> {
        let identities = self.identities.lock().expect("no panic");
        let shown = identities.iter().map(|identity| match identity {
            Some(identity) => identity.to_string(),
            None => "nobody".to_owned(),
        });
        shown.collect()
    }
}

async fn echo(
    listener: TcpListener,
    acceptor: Acceptor,
    identities: Arc<Mutex<Vec<Option<Identity>>>>,
    failures: Arc<Mutex<Vec<HandshakeError>>>,
) {
    while let Ok((stream, peer)) = listener.accept().await {
        let acceptor = acceptor.clone();
        let (identities, failures) = (Arc::clone(&identities), Arc::clone(&failures));
        tokio::spawn(async move {
            match acceptor.accept(stream, peer.ip()).await {
                Ok(mut stream) => {
                    let identity = Identity::of(stream.get_ref().1);
                    identities.lock().expect("no panic").push(identity);
                    let mut word = [0; 5];
                    while stream.read_exact(&mut word).await.is_ok() {
                        let _ = stream.write_all(&word).await;
                        let _ = stream.flush().await;
                    }
                }
                Err(error) => failures.lock().expect("no panic").push(error),
            }
        });
    }
}

/// Sends a word on a connection, and reads it again.
pub(crate) async fn repeat(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    stream.write_all(b"hello").await?;
    stream.flush().await?;
    let mut word = [0; 5];
    stream.read_exact(&mut word).await?;
    assert_eq!(&word, b"hello");
    Ok(())
}

/// The certificate that the server has shown.
pub(crate) fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let certificates = stream.get_ref().1.peer_certificates();
    let first = certificates.and_then(<[_]>::first);
    first.expect("a server shows one").clone().into_owned()
}

/// A client that trusts an authority, perhaps with a certificate of its own.
pub(crate) fn client(
    files: &Files,
    authority: &Authority,
    certificate: Option<CertificateFiles>,
) -> Connector {
    let tls = ClientTls {
        roots: Roots::File(files.write("roots.pem", &authority.pem)),
        certificate,
        reload_interval: OFTEN,
    };
    Connector::open(tls, &[H2]).expect("the files can be used")
}

/// TLS with a certificate for localhost.
pub(crate) fn for_localhost(files: &Files, authority: &Authority) -> ServerTls {
    let pair = authority.issue(Subject::LOCALHOST);
    ServerTls {
        reload_interval: OFTEN,
        ..ServerTls::new(files.certificate("server", &pair))
    }
}
