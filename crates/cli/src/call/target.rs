//! Where `call` connects to, and how the connection is secured.

use std::io;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tls::{CertificateFiles, ClientTls, Connector, H2, Roots};
use tokio::net::TcpStream;
use tokio_util::either::Either;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::contact::{self, Contact, Noting};
use super::outcome;

/// Where a gateway is if it is not said elsewhere.
const DEFAULT_ADDRESS: &str = "127.0.0.1:50051";

/// The port of a gateway if its address has none.
const PORT: u16 = 50051;

/// What an address in the file system begins with.
const UNIX: &str = "unix:";

/// Where the gateway is, and how it is reached.
#[derive(Args, Debug)]
pub(crate) struct TargetArgs {
    /// Where the gateway is: HOST, HOST:PORT, a URL such as `https://localhost:50051`, or
    /// unix:PATH
    ///
    /// Without a port it is 50051, or that of the URL's scheme. IPv6 addresses stand in
    /// brackets. `https://` has TLS.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "WEB1ON1_ADDRESS",
        default_value = DEFAULT_ADDRESS
    )]
    pub(crate) address: String,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// How a connection to a server is secured.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrustArgs {
    /// A PEM file with the authorities that may vouch for the server, in place of
    /// those that the system trusts; the connection then has TLS
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// A PEM file with the certificate to show to a server that asks for one
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// A PEM file with the private key of that certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// The name that the certificate of the server has to be for, in place of the
    /// host in its address
    #[arg(long, value_name = "NAME", value_parser = crate::serve::server_name)]
    server_name: Option<ServerName<'static>>,
}

impl TrustArgs {
    /// Whether anything is said that makes sense over TLS alone.
    pub(crate) fn wants_tls(&self) -> bool {
        self.ca.is_some() || self.cert.is_some() || self.server_name.is_some()
    }

    /// The authorities to trust.
    pub(crate) fn roots(&self) -> Roots {
        self.ca.clone().map_or(Roots::System, Roots::File)
    }

    /// The certificate to show.
    pub(crate) fn certificate(&self) -> Option<CertificateFiles> {
        let files = self.cert.clone().zip(self.key.clone());
        files.map(|(certificate, key)| CertificateFiles { certificate, key })
    }

    /// The name that the server has to have, if it is not that in its address.
    pub(crate) fn server_name(&self) -> Option<ServerName<'static>> {
        self.server_name.clone()
    }
}

impl TargetArgs {
    /// Returns the argument that names this address in another call. Empty if it is the
    /// default.
    pub(crate) fn repeated(&self) -> String {
        if self.address == DEFAULT_ADDRESS {
            String::new()
        } else {
            format!(" --address {}", self.address)
        }
    }

    /// The target, once it has been made sure that there can be one.
    pub(crate) fn target(&self, timeout: Duration) -> anyhow::Result<Target> {
        let address = &self.address;
        if let Some(path) = address.strip_prefix(UNIX) {
            return self.socket(path, timeout);
        }
        let url = match address.split_once("://") {
            Some(_) => address.clone(),
            None if self.trust.wants_tls() => format!("https://{}", with_port(address)),
            None => format!("http://{}", with_port(address)),
        };
        let no_address = || {
            format!(
                "--address {address} is no address; localhost, localhost:50051, [::1]:50051 and \
                 https://localhost:50051 are"
            )
        };
        let uri: Uri = url.parse().with_context(no_address)?;
        let has_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => bail!("--address {address}: only http://, https:// and unix: are spoken"),
        };
        ensure!(
            uri.path() == "/" && uri.query().is_none(),
            "--address {address}: the address of a gateway has no path"
        );
        ensure!(
            has_tls || !self.trust.wants_tls(),
            "--address {address} has no TLS, so --ca, --cert and --server-name have no use; \
             did you mean https://?"
        );
        let authority = uri.authority().with_context(no_address)?;
        ensure!(
            !authority.as_str().contains('@'),
            "--address: a user in the address has no use; --token and -H identify the caller"
        );
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host
            .with_context(no_address)?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = match uri.port() {
            Some(port) => port.as_str().parse().ok().with_context(no_address)?,
            // What is no number is not taken for a port.
            None if !authority.as_str().ends_with(host.as_str())
                && !authority.as_str().ends_with(']') =>
            {
                bail!(no_address())
            }
            None if has_tls => 443,
            None => 80,
        };
        let tls = has_tls.then(|| self.tls(&host)).transpose()?;
        // tonic is not to secure the connection itself.
        let endpoint = Endpoint::from_shared(format!("http://{authority}"))
            .with_context(no_address)?
            .origin(uri)
            .connect_timeout(timeout);
        Ok(Target {
            endpoint,
            address: address.clone(),
            place: Place::Tcp { host, port },
            tls,
            contact: Contact::default(),
        })
    }

    /// The target behind a socket in the file system.
    fn socket(&self, path: &str, timeout: Duration) -> anyhow::Result<Target> {
        let path = path.strip_prefix("//").unwrap_or(path);
        ensure!(
            cfg!(unix),
            "--address {}: this system has no such sockets",
            self.address
        );
        ensure!(!path.is_empty(), "--address {} names no file", self.address);
        ensure!(
            !self.trust.wants_tls(),
            "--address {} has no TLS, so --ca, --cert and --server-name have no use",
            self.address
        );
        Ok(Target {
            endpoint: Endpoint::from_static("http://localhost").connect_timeout(timeout),
            address: self.address.clone(),
            place: Place::Unix(path.into()),
            tls: None,
            contact: Contact::default(),
        })
    }

    fn tls(&self, host: &str) -> anyhow::Result<(Connector, ServerName<'static>)> {
        let tls = ClientTls {
            roots: self.trust.roots(),
            certificate: self.trust.certificate(),
            ..ClientTls::default()
        };
        let connector = Connector::open(tls, &[H2])?;
        let name = match &self.trust.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned())
                .with_context(|| format!("no certificate can be for {host:?}"))?,
        };
        Ok((connector, name))
    }
}

/// A host with a port: the one that it has, or that of gateways.
fn with_port(address: &str) -> String {
    if let Ok(ip) = address.parse::<Ipv6Addr>() {
        return format!("[{ip}]:{PORT}");
    }
    let name = address.rsplit_once(']').map_or(address, |(_, rest)| rest);
    if name.contains(':') || address.is_empty() {
        address.to_owned()
    } else {
        format!("{address}:{PORT}")
    }
}

/// What a call connects to.
#[derive(Clone, Debug)]
enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// Where a call goes.
pub(crate) struct Target {
    endpoint: Endpoint,
    /// The address as it was given.
    address: String,
    place: Place,
    tls: Option<(Connector, ServerName<'static>)>,
    contact: Contact,
}

impl Target {
    /// Connects.
    ///
    /// # Errors
    ///
    /// A status that says why there is no connection.
    pub(crate) async fn connect(&self) -> Result<Channel, Status> {
        let place = self.place.clone();
        let (tls, contact) = (self.tls.clone(), self.contact.clone());
        let connector = service_fn(move |_: Uri| {
            let (place, tls, contact) = (place.clone(), tls.clone(), contact.clone());
            async move {
                let opened = open(&place, tls).await;
                opened
                    .map(|stream| TokioIo::new(Noting::new(stream, contact.clone())))
                    .inspect_err(|error| contact.failed(error))
            }
        });
        let channel = self.endpoint.connect_with_connector(connector).await;
        channel.map_err(|error| {
            Status::unavailable(format!(
                "cannot connect to {}: {}",
                self.address,
                outcome::root_cause(&error)
            ))
        })
    }

    /// Returns the address as it was given.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// What the status of a failed call does not say: that the other end is no gRPC
    /// server, or wants the connection secured in another way.
    pub(crate) fn explain(&self, status: &Status) -> Option<String> {
        let place = self.place.to_string();
        self.contact
            .explanation(&place, self.tls.is_some())
            .or_else(|| {
                outcome::is_without_status(status).then(|| {
                    format!(
                        "it answers in HTTP/2 but not in gRPC, so it is not a gRPC server; {}",
                        contact::ELSEWHERE
                    )
                })
            })
            .map(|explanation| format!("cannot call {}: {explanation}", self.address))
    }
}

type Tls = Box<tokio_rustls::client::TlsStream<TcpStream>>;

#[cfg(unix)]
type Stream = Either<Either<TcpStream, tokio::net::UnixStream>, Tls>;

#[cfg(not(unix))]
type Stream = Either<Either<TcpStream, TcpStream>, Tls>;

async fn open(place: &Place, tls: Option<(Connector, ServerName<'static>)>) -> io::Result<Stream> {
    let (host, port) = match place {
        Place::Tcp { host, port } => (host.as_str(), *port),
        #[cfg(unix)]
        Place::Unix(path) => {
            let stream = tokio::net::UnixStream::connect(path).await?;
            return Ok(Either::Left(Either::Right(stream)));
        }
        #[cfg(not(unix))]
        Place::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
    };
    let tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    let Some((connector, name)) = tls else {
        return Ok(Either::Left(Either::Left(tcp)));
    };
    let stream = connector.current().connect(name, tcp).await?;
    if stream.get_ref().1.alpn_protocol() != Some(H2) {
        return Err(io::Error::other(contact::NO_H2));
    }
    Ok(Either::Right(Box::new(stream)))
}
