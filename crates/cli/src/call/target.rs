//! Where `call` connects to, and how the connection is secured.

use std::io;
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

use super::contact::{Contact, Noting};
use super::outcome;

/// Where the gateway is, and how it is reached.
#[derive(Args, Debug)]
pub(crate) struct TargetArgs {
    /// Host and port of the gateway, such as localhost:50051, or its URL, such as
    /// `https://localhost:50051`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
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
    /// The target, once it has been made sure that there can be one.
    pub(crate) fn target(&self, timeout: Duration) -> anyhow::Result<Target> {
        let address = &self.address;
        let url = match address.split_once("://") {
            Some(_) => address.clone(),
            None if self.trust.wants_tls() => format!("https://{address}"),
            None => format!("http://{address}"),
        };
        let no_address = || format!("--address {address} is neither HOST:PORT nor a URL");
        let uri: Uri = url.parse().with_context(no_address)?;
        let has_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => bail!("--address {address}: only http:// and https:// are spoken"),
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
        let host = uri.host().with_context(no_address)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = uri.port_u16().unwrap_or(if has_tls { 443 } else { 80 });
        let tls = has_tls.then(|| self.tls(&host)).transpose()?;
        // tonic is not to secure the connection itself.
        let plain = format!("http://{}", uri.authority().with_context(no_address)?);
        let endpoint = Endpoint::from_shared(plain)
            .with_context(no_address)?
            .origin(uri)
            .connect_timeout(timeout);
        Ok(Target {
            endpoint,
            address: address.clone(),
            host,
            port,
            tls,
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

/// Where a call goes.
pub(crate) struct Target {
    endpoint: Endpoint,
    /// The address as it was given.
    address: String,
    host: String,
    port: u16,
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
        let (host, port) = (self.host.clone(), self.port);
        let (tls, contact) = (self.tls.clone(), self.contact.clone());
        let connector = service_fn(move |_: Uri| {
            let (host, tls, contact) = (host.clone(), tls.clone(), contact.clone());
            async move {
                let opened = open((&host, port), tls).await;
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
        let place = format!("{}:{}", self.host, self.port);
        self.contact
            .explanation(&place, self.tls.is_some())
            .or_else(|| {
                outcome::is_without_status(status).then(|| {
                    "it answers in HTTP/2 but not in gRPC; is this the address of the gateway?"
                        .to_owned()
                })
            })
            .map(|explanation| format!("cannot call {}: {explanation}", self.address))
    }
}

type Stream = Either<TcpStream, Box<tokio_rustls::client::TlsStream<TcpStream>>>;

async fn open(
    place: (&str, u16),
    tls: Option<(Connector, ServerName<'static>)>,
) -> io::Result<Stream> {
    let tcp = TcpStream::connect(place).await?;
    tcp.set_nodelay(true)?;
    let Some((connector, name)) = tls else {
        return Ok(Either::Left(tcp));
    };
    let stream = connector.current().connect(name, tcp).await?;
    if stream.get_ref().1.alpn_protocol() != Some(H2) {
        return Err(io::Error::other(
            "it does not offer HTTP/2 over TLS (ALPN h2), so it is no gRPC server",
        ));
    }
    Ok(Either::Right(Box::new(stream)))
}
