//! An upstream that speaks TLS.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use proto::v2::GetUserRequest;
use proto::v2::user_service_client::UserServiceClient;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::Layer as _;
use tower::util::MapRequestLayer;

use crate::stack::{Tasks, connect, gateway_trusting, listen};

/// An upstream with a certificate of its own making, behind a gateway.
struct Upstream {
    channel: Channel,
    /// How many connections have had a request. The gateway may open one just to
    /// see whether there is an upstream.
    connections: Arc<AtomicUsize>,
    versions: Arc<Mutex<Vec<Version>>>,
    _tasks: Tasks,
}

/// How the certificate is known to the gateway.
enum Known {
    ByFile,
    AsAnother,
}

impl Upstream {
    /// Offers these protocols by ALPN. Requests for the user `together` are
    /// answered once two of them are there.
    async fn offering(protocols: &[&[u8]], known: &Known) -> Self {
        let (certificate, acceptor) = certified(protocols);
        let (listener, address) = listen().await;
        let connections = Arc::new(AtomicUsize::new(0));
        let versions = Arc::default();
        let mut tasks = Tasks::default();
        let (accepted, router) = (Arc::clone(&connections), answering(&versions));
        tasks.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                // Whoever does not trust the certificate hangs up.
                let Ok(stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let accepted = Arc::clone(&accepted);
                let is_used = Arc::new(AtomicBool::new(false));
                let counting = MapRequestLayer::new(move |request: Request<_>| {
                    if !is_used.swap(true, Ordering::Relaxed) {
                        accepted.fetch_add(1, Ordering::Relaxed);
                    }
                    request
                });
                let router = counting.layer(router.clone());
                let service = TowerToHyperService::new(router);
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let stream = TokioIo::new(stream);
                    // Fails where the client leaves first, as at the end of a test.
                    let _ = server.serve_connection(stream, service).await;
                });
            }
        });
        let trusted = match known {
            Known::ByFile => certificate,
            Known::AsAnother => certified(protocols).0,
        };
        let base = format!("https://{address}/v2");
        let gateway = gateway_trusting(Some(roots(&trusted)), &base, &mut tasks).await;
        Self {
            channel: connect(&gateway).await,
            connections,
            versions,
            _tasks: tasks,
        }
    }

    async fn get(&self, user_id: &str) -> Result<(), Status> {
        let request = GetUserRequest {
            user_id: user_id.to_owned(),
        };
        let mut users = UserServiceClient::new(self.channel.clone());
        users.get_user(request).await.map(drop)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    fn versions(&self) -> Vec<Version> {
        self.versions.lock().expect("nobody panics").clone()
    }
}

fn answering(versions: &Arc<Mutex<Vec<Version>>>) -> axum::Router {
    let (versions, two) = (Arc::clone(versions), Arc::new(Barrier::new(2)));
    axum::Router::new().fallback(move |request: Request<axum::body::Body>| {
        let (versions, two) = (Arc::clone(&versions), Arc::clone(&two));
        async move {
            versions
                .lock()
                .expect("nobody panics")
                .push(request.version());
            if request.uri().path().ends_with("/together") {
                two.wait().await;
            }
            ([("content-type", "application/json")], "{}")
        }
    })
}

/// A new certificate in PEM, and what accepts connections with it.
fn certified(protocols: &[&[u8]]) -> (String, TlsAcceptor) {
    let names = vec!["127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).expect("the name is one");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("the key is that of the certificate");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    (cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// The roots in a file with the certificate.
fn roots(certificate: &str) -> RootCertStore {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, certificate).expect("the directory is ours");
    tls::roots(&file).expect("the file holds a certificate")
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_and_shares_a_connection() {
    let upstream = Upstream::offering(&[b"h2", b"http/1.1"], &Known::ByFile).await;
    upstream.get("first").await.expect("the upstream answers");
    let (one, other) = tokio::join!(upstream.get("together"), upstream.get("together"));
    one.and(other).expect("the upstream answers");
    assert_eq!(upstream.versions(), [Version::HTTP_2; 3]);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn http_1_is_spoken_where_nothing_else_is_offered() {
    let upstream = Upstream::offering(&[b"http/1.1"], &Known::ByFile).await;
    upstream.get("first").await.expect("the upstream answers");
    let (one, other) = tokio::join!(upstream.get("together"), upstream.get("together"));
    one.and(other).expect("the upstream answers");
    assert_eq!(upstream.versions(), [Version::HTTP_11; 3]);
    assert_eq!(upstream.connections(), 2);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_told() {
    let upstream = Upstream::offering(&[b"h2"], &Known::AsAnother).await;
    let status = upstream.get("first").await.expect_err("is not trusted");
    assert_eq!(
        (status.code(), status.message()),
        (
            Code::Unavailable,
            "the upstream cannot be reached: its TLS certificate is not trusted"
        )
    );
    assert!(upstream.versions().is_empty(), "a request was sent");
}
