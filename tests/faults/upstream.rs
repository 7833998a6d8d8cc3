//! An upstream that misbehaves as a script says, on raw sockets, and counts
//! what is open.

pub(crate) mod http1;
pub(crate) mod http2;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Between the parts of a flood: the other tests need some of the machine, too.
const FLOOD_PAUSE: Duration = Duration::from_millis(1);

/// The version of HTTP that an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// In the clear.
    Http1,
    /// On TLS, offered by ALPN.
    Http2,
}

/// What an upstream does in place of a good answer.
#[derive(Clone, Copy)]
pub(crate) enum Script {
    /// Nobody listens.
    Refuse,
    /// HTTP/1.1, as soon as a connection is accepted.
    OnAccept(&'static [Step]),
    /// HTTP/1.1, once the head of a request is there.
    OnHead(&'static [Step]),
    /// HTTP/1.1, once a request is whole.
    OnRequest(&'static [Step]),
    /// In place of the TLS handshake of an HTTP/2 connection.
    InsteadOfTls(&'static [Step]),
    /// In place of the first SETTINGS of an HTTP/2 connection.
    InsteadOfSettings(&'static [Step]),
    /// HTTP/2 with these settings, once the head of a request is there.
    OnHeaders(&'static [(u16, u32)], &'static [Act]),
    /// HTTP/2, once a request is whole.
    OnStream(&'static [Act]),
    /// Either version, once a request is whole.
    Reply(Reply),
}

/// Something that is done with the bytes of a connection.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Send(&'static [u8]),
    Make(fn() -> Vec<u8>),
    /// The bytes again and again, one at a time, until nobody is there.
    Drip(&'static [u8]),
    /// The bytes again and again, a thousand times a second, until the upstream
    /// is well.
    Flood(&'static [u8]),
    /// Lets time pass.
    Pause(Duration),
    /// Neither reads nor writes.
    Stall,
    /// Ends the connection with FIN.
    Close,
    /// Ends the connection with RST.
    Reset,
}

/// Something that is done with the frames of an HTTP/2 connection. The flag
/// says whether it ends the stream.
#[derive(Clone, Copy)]
pub(crate) enum Act {
    Headers(&'static [(&'static str, &'static str)], bool),
    MakeHeaders(fn() -> Vec<(String, String)>),
    Data(&'static [u8], bool),
    /// A frame of this kind with these flags.
    Frame(u8, u8, On, &'static [u8]),
    /// DATA of one byte, again and again, until nobody is there.
    Drip,
    /// Frames for the stream, again and again, a thousand times a second, until
    /// the upstream is well.
    Flood(fn(u32) -> Vec<u8>),
    ResetStream(u32),
    /// GOAWAY with the code.
    GoAway(Last, u32),
    /// Sends nothing more on the stream.
    Stall,
    /// Sends nothing more on the connection, not even acknowledgements.
    Silence,
    Close,
}

/// The stream that a frame is sent on.
#[derive(Clone, Copy)]
pub(crate) enum On {
    Call,
    Connection,
    Stream(u32),
}

/// The last stream that GOAWAY says was or might be processed.
#[derive(Clone, Copy)]
pub(crate) enum Last {
    None,
    Call,
    Any,
}

/// A whole reply.
#[derive(Clone, Copy)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: &'static [(&'static str, &'static str)],
    pub(crate) body: Body,
}

#[derive(Clone, Copy)]
pub(crate) enum Body {
    Bytes(&'static [u8]),
    Made(fn() -> Vec<u8>),
}

impl Body {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Made(make) => make(),
        }
    }
}

/// A well-formed reply.
pub(crate) const GOOD: &str = r#"{"id":"good"}"#;

/// A well-formed reply to a list.
pub(crate) const GOOD_LIST: &str = r#"[{"id":"good"}]"#;

/// When a script is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Before,
    Fault,
    After,
    Released,
}

/// What the connections of an upstream share.
struct Shared {
    script: Script,
    once: bool,
    good: &'static str,
    phase: watch::Sender<Phase>,
    attempts: AtomicUsize,
    sockets: Arc<AtomicUsize>,
    faulty: Arc<AtomicUsize>,
    streams: Arc<AtomicUsize>,
}

impl Shared {
    /// Counts an attempt, and says whether it meets the script.
    fn meets_script(&self) -> bool {
        if *self.phase.borrow() != Phase::Fault {
            return false;
        }
        let before = self.attempts.fetch_add(1, Ordering::SeqCst);
        before == 0 || !self.once
    }

    fn is_after(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::After | Phase::Released)
    }

    async fn after(&self) {
        // The sender is the receiver's.
        let _ = self
            .phase
            .subscribe()
            .wait_for(|phase| matches!(phase, Phase::After | Phase::Released))
            .await;
    }

    async fn released(&self) {
        let _ = self
            .phase
            .subscribe()
            .wait_for(|phase| *phase == Phase::Released)
            .await;
    }
}

/// One of a number that are open.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn count(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is open upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// Connections.
    pub(crate) sockets: usize,
    /// Those of them that met the script; none of HTTP/2, whose streams count.
    pub(crate) faulty: usize,
    /// Streams of HTTP/2 that neither side has ended.
    pub(crate) streams: usize,
}

/// An upstream that follows a script.
pub(crate) struct Upstream {
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<AbortHandle>,
    /// Keeps the port while nobody listens on it. Else the next upstream of
    /// another test would get it, and its calls.
    _place: TcpSocket,
}

/// A socket that has the port, and does not listen on it.
fn place(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.set_reuseport(true).expect("an option");
    socket.bind(address).expect("the port is free");
    socket
}

impl Upstream {
    /// An upstream that follows the script from [`fault`](Self::fault) to
    /// [`recover`](Self::recover), or `once` in that time, and answers `good`
    /// else.
    pub(crate) fn start(version: Version, script: Script, once: bool, good: &'static str) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::start_at(any, version, script, once, good)
    }

    /// An upstream that answers well.
    pub(crate) fn good(address: SocketAddr, version: Version) -> Self {
        Self::start_at(address, version, Script::Refuse, false, GOOD)
    }

    fn start_at(
        address: SocketAddr,
        version: Version,
        script: Script,
        once: bool,
        good: &'static str,
    ) -> Self {
        let place = place(address);
        let address = place.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            script,
            once,
            good,
            phase: watch::Sender::new(Phase::Before),
            attempts: AtomicUsize::new(0),
            sockets: Arc::default(),
            faulty: Arc::default(),
            streams: Arc::default(),
        });
        let scheme = match version {
            Version::Http1 => "http",
            Version::Http2 => "https",
        };
        let mut upstream = Self {
            url: format!("{scheme}://{address}/v2"),
            address,
            shared,
            serving: None,
            _place: place,
        };
        upstream.serve(version);
        upstream
    }

    fn serve(&mut self, version: Version) {
        let listener: TcpListener = place(self.address)
            .listen(1024)
            .expect("the port can be listened on");
        let shared = Arc::clone(&self.shared);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (stream, _) = accepted.expect("a connection");
                        connections.spawn(serve(stream, version, Arc::clone(&shared)));
                    }
                    // Ended ones must not pile up.
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        self.serving = Some(serving.abort_handle());
    }

    /// From here on the script is followed.
    pub(crate) fn fault(&self) {
        self.shared.phase.send_replace(Phase::Fault);
        if matches!(self.shared.script, Script::Refuse) {
            self.stop();
        }
    }

    /// From here on requests are answered well. What stalls goes on stalling.
    pub(crate) fn recover(&mut self, version: Version) {
        self.shared.phase.send_replace(Phase::After);
        if matches!(self.shared.script, Script::Refuse) {
            self.serve(version);
        }
    }

    /// From here on what stalls reads, so as to learn whether the other side has
    /// hung up.
    pub(crate) fn release(&self) {
        self.shared.phase.send_replace(Phase::Released);
    }

    /// Hangs up and listens no more.
    pub(crate) fn stop(&self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }

    /// How many attempts there were while the script was followed: requests,
    /// or connections where it starts with these.
    pub(crate) fn attempts(&self) -> usize {
        self.shared.attempts.load(Ordering::SeqCst)
    }

    pub(crate) fn left(&self) -> Left {
        Left {
            sockets: self.shared.sockets.load(Ordering::SeqCst),
            faulty: self.shared.faulty.load(Ordering::SeqCst),
            streams: self.shared.streams.load(Ordering::SeqCst),
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn serve(stream: TcpStream, version: Version, shared: Arc<Shared>) {
    let _open = Open::count(&shared.sockets);
    let _ = stream.set_nodelay(true);
    if resets(shared.script) && *shared.phase.borrow() == Phase::Fault {
        // Whatever ends the connection then is a reset.
        let _ = stream.set_zero_linger();
    }
    match version {
        Version::Http1 => http1::serve(stream, &shared).await,
        Version::Http2 => {
            if let Script::InsteadOfTls(steps) = shared.script
                && shared.meets_script()
            {
                let _faulty = Open::count(&shared.faulty);
                let _ = follow(stream, steps, &shared).await;
                return;
            }
            let Ok(stream) = TLS.acceptor.accept(stream).await else {
                return;
            };
            http2::serve(stream, &shared).await;
        }
    }
}

fn resets(script: Script) -> bool {
    match script {
        Script::OnAccept(steps)
        | Script::OnHead(steps)
        | Script::OnRequest(steps)
        | Script::InsteadOfTls(steps)
        | Script::InsteadOfSettings(steps) => steps.iter().any(|step| matches!(step, Step::Reset)),
        _ => false,
    }
}

/// Between the bytes of what drips.
const DRIP: Duration = Duration::from_millis(20);

/// Takes the steps. Returns the connection where it goes on.
async fn follow<C: AsyncRead + AsyncWrite + Unpin>(
    mut connection: C,
    steps: &[Step],
    shared: &Shared,
) -> Option<C> {
    for step in steps {
        let sent = match step {
            Step::Send(bytes) => connection.write_all(bytes).await,
            Step::Make(make) => connection.write_all(&make()).await,
            Step::Drip(bytes) => loop {
                let mut sent = Ok(());
                for byte in *bytes {
                    sent = connection.write_all(&[*byte]).await;
                    tokio::time::sleep(DRIP).await;
                }
                if sent.is_err() {
                    break sent;
                }
            },
            Step::Flood(bytes) => {
                while !shared.is_after() {
                    if connection.write_all(bytes).await.is_err() {
                        return None;
                    }
                    tokio::time::sleep(FLOOD_PAUSE).await;
                }
                drain(&mut connection).await;
                return None;
            }
            Step::Pause(time) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
            Step::Stall => {
                shared.released().await;
                drain(&mut connection).await;
                return None;
            }
            Step::Close => return None,
            Step::Reset => {
                // What was sent before has to arrive before.
                let _ = connection.flush().await;
                tokio::time::sleep(DRIP * 2).await;
                return None;
            }
        };
        sent.ok()?;
    }
    connection.flush().await.ok()?;
    Some(connection)
}

/// Reads until the other side has hung up.
async fn drain(connection: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 8 << 10];
    while let Ok(1..) = connection.read(&mut buffer).await {}
}

/// A certificate for the loopback address, and who vouches for it.
struct Tls {
    acceptor: TlsAcceptor,
    roots: RootCertStore,
}

static TLS: LazyLock<Tls> = LazyLock::new(|| {
    let names = vec!["127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).expect("the name is one");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("the key is that of the certificate");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a certificate");
    Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        roots,
    }
});

/// Who vouches for the upstreams of these tests, where they need it.
pub(crate) fn roots(version: Version) -> Option<RootCertStore> {
    (version == Version::Http2).then(|| TLS.roots.clone())
}
