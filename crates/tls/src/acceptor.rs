//! The server's side: what it shows, whom it asks, and its handshakes.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::alpn::{H2, HTTP_1_1};
use crate::error::Error;
use crate::files::{CertificateFiles, Certified, Content};
use crate::handshakes::Handshakes;
use crate::outcomes::{HandshakeOutcome, Outcomes};
use crate::provider::provider;
use crate::reload::{Made, RELOAD_INTERVAL, Reloaded, Status};

/// How many handshakes are under way at once, unless something else is asked for.
const MAX_HANDSHAKES: usize = 512;

/// How long a client that was refused may take to read that and to close.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How many bytes it may send in that time.
const LAST_BYTES: u64 = 64 << 10;

/// What a server needs for TLS.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// The certificate that it shows.
    pub certificate: CertificateFiles,
    /// Who vouches for its clients. Without it no client is asked for a
    /// certificate.
    pub clients: Option<ClientAuthorities>,
    /// How many handshakes may be under way at once, a quarter of them with one
    /// network; at least 1. Further ones wait. 512.
    pub max_handshakes: usize,
    /// How often the files are looked at for changes. 5 s.
    pub reload_interval: Duration,
}

/// Who vouches for the clients of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAuthorities {
    /// A PEM file with the certificates of the authorities.
    pub file: PathBuf,
    /// Whether a client may do without a certificate.
    pub authentication: ClientAuthentication,
}

/// Whether a client needs a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Every client needs one.
    #[default]
    Required,
    /// A client may do without. One that an authority does not vouch for is
    /// refused all the same.
    Optional,
}

impl ServerTls {
    /// TLS with this certificate and the defaults.
    pub fn new(certificate: CertificateFiles) -> Self {
        Self {
            certificate,
            clients: None,
            max_handshakes: MAX_HANDSHAKES,
            reload_interval: RELOAD_INTERVAL,
        }
    }
}

/// Takes the handshakes of a server, with the certificate that its files have at
/// the time. Offers HTTP/2 and HTTP/1.1. Clones share everything.
#[derive(Clone)]
pub struct Acceptor {
    config: Arc<Reloaded<Arc<ServerConfig>>>,
    handshakes: Handshakes,
    outcomes: Outcomes,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// What came first is not TLS.
    #[error("the client speaks plain text to a port with TLS")]
    PlainText,
    /// The client broke it off, or one side refused the other.
    #[error("the TLS handshake failed: {0}")]
    Failed(#[source] io::Error),
}

impl Acceptor {
    /// Reads the files, and looks at them for changes as long as there is a clone
    /// of this.
    ///
    /// # Errors
    ///
    /// Fails where a file cannot be used, where the key is not that of the
    /// certificate, and without a tokio runtime.
    pub fn open(tls: ServerTls) -> Result<Self, Error> {
        let ServerTls {
            certificate,
            clients,
            max_handshakes,
            reload_interval,
        } = tls;
        let mut files = vec![certificate.certificate, certificate.key];
        files.extend(clients.as_ref().map(|clients| clients.file.clone()));
        let authentication = clients.map(|clients| clients.authentication);
        let make = move |contents: &[Content]| make(contents, authentication);
        Ok(Self {
            config: Arc::new(Reloaded::open(files, reload_interval, make)?),
            handshakes: Handshakes::new(max_handshakes),
            outcomes: Outcomes::default(),
        })
    }

    /// Waits for a turn of the network that the client is in, then shakes hands.
    /// It does so for as long as the client likes: whoever calls sees to the time.
    ///
    /// # Errors
    ///
    /// Fails where the client does not speak TLS, and where one side refuses the
    /// other. The client was told by then.
    pub async fn accept<T>(
        &self,
        stream: T,
        network: IpAddr,
    ) -> Result<TlsStream<T>, HandshakeError>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let underway = self.outcomes.begin();
        let turn = self.handshakes.turn(network).await;
        let acceptor = TlsAcceptor::from(self.config.current());
        let (error, stream) = match acceptor.accept(stream).into_fallible().await {
            Ok(stream) => {
                underway.comes_to(HandshakeOutcome::Succeeded);
                return Ok(stream);
            }
            Err(failed) => failed,
        };
        let outcome = HandshakeOutcome::of(&error);
        underway.comes_to(outcome);
        drop(turn);
        close(stream).await;
        Err(match outcome {
            HandshakeOutcome::PlainText => HandshakeError::PlainText,
            _ => HandshakeError::Failed(error),
        })
    }

    /// How many handshakes came to what so far.
    pub fn handshakes(&self) -> [(HandshakeOutcome, u64); HandshakeOutcome::ALL.len()] {
        self.outcomes.counts()
    }

    /// Tells how it stands with the files, now and whenever that changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.config.status()
    }

    /// Looks at the files now instead of when their interval is over, and returns once new
    /// connections use what they hold.
    ///
    /// # Errors
    ///
    /// Fails where the files cannot be used. New connections use what they held before.
    pub async fn reload(&self) -> Result<(), Error> {
        self.config.reload().await
    }
}

/// Closes a connection so that its client reads why: the system would reset one that
/// is closed with bytes unread, and the client would lose the alert.
async fn close<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) {
    let closing = async {
        stream.shutdown().await?;
        let mut rest = stream.take(LAST_BYTES);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // The client may be gone, or go on for ever.
    let _ = timeout(LAST_WORDS, closing).await;
}

fn make(
    contents: &[Content],
    authentication: Option<ClientAuthentication>,
) -> Result<Made<Arc<ServerConfig>>, Error> {
    let (certificate, key, clients) = match contents {
        [certificate, key] => (certificate, key, None),
        [certificate, key, clients] => (certificate, key, Some(clients)),
        // They were listed by `open`.
        _ => return Err(Error::Setup(rustls::Error::General("no files".to_owned()))),
    };
    let Certified { key, ends } = Certified::new(certificate, key)?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Setup)?;
    let builder = match (clients, authentication) {
        (Some(clients), Some(authentication)) => {
            let roots = Arc::new(clients.authorities()?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
            let verifier = match authentication {
                ClientAuthentication::Required => verifier,
                ClientAuthentication::Optional => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build().map_err(|source| Error::Authorities {
                file: clients.file.clone(),
                source: source.into(),
            })?;
            builder.with_client_cert_verifier(verifier)
        }
        _ => builder.with_no_client_auth(),
    };
    let key = Arc::unwrap_or_clone(key);
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    if authentication.is_some() {
        // A resumed session would not be asked whether its client's certificate is
        // still valid.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Made {
        thing: Arc::new(config),
        ends,
    })
}
