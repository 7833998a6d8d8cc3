//! Setting up a connection to one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tls::{Connector, H2};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::{Config, Protocol};
use crate::error::Cause;
use crate::io::{Transport, refuses_certificate};
use crate::{BoxError, SendError, SendErrorKind};

/// Where a connection goes, and how it is secured.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<(Connector, ServerName<'static>)>,
    pub(crate) config: Arc<Config>,
}

/// A connection that was set up, and whether HTTP/2 is spoken on it.
pub(crate) struct Connected {
    pub(crate) transport: Transport,
    pub(crate) is_http2: bool,
}

impl Target {
    /// Connects, TLS included, within the connect timeout.
    pub(crate) async fn connect(&self) -> Result<Connected, SendError> {
        match timeout(self.config.connect_timeout, self.open()).await {
            Ok(Ok(connected)) => Ok(connected),
            Ok(Err(error)) => Err(SendError::new(kind(&*error), error)),
            Err(_) => Err(SendError::new(
                SendErrorKind::NeverSent,
                Cause::ConnectTimeout,
            )),
        }
    }

    async fn open(&self) -> Result<Connected, BoxError> {
        let tcp = TcpStream::connect(self.address).await.map_err(cause)?;
        tcp.set_nodelay(true)?;
        let Some((connector, name)) = &self.tls else {
            return Ok(Connected {
                transport: Transport::Plain(tcp),
                is_http2: self.config.protocol == Protocol::Http2,
            });
        };
        let connector = connector.current();
        let tls = connector.connect(name.clone(), tcp).await?;
        let is_http2 = tls.get_ref().1.alpn_protocol() == Some(H2);
        if self.config.protocol == Protocol::Http2 && !is_http2 {
            return Err(Cause::NoHttp2.into());
        }
        Ok(Connected {
            transport: Transport::Tls(Box::new(tls)),
            is_http2,
        })
    }
}

/// What an error means that has left no connection.
fn kind(error: &(dyn std::error::Error + 'static)) -> SendErrorKind {
    match of_tls(error) {
        Some(rustls::Error::InvalidCertificate(_)) => SendErrorKind::Untrusted,
        Some(error) if refuses_certificate(error) => SendErrorKind::CertificateRefused,
        Some(_) => SendErrorKind::HandshakeFailed,
        None => SendErrorKind::NeverSent,
    }
}

/// The error of TLS that an error follows from.
fn of_tls<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(error) = error.downcast_ref() {
        return Some(error);
    }
    // The source of an I/O error is not what it holds, but the source of that.
    let held = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .map(|held| held as &(dyn std::error::Error + 'static));
    held.or(error.source()).and_then(of_tls)
}

/// Why there is no connection. That this process, or its system, has too many
/// files open says nothing about the server.
fn cause(error: io::Error) -> BoxError {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        if let Some(Errno::MFILE | Errno::NFILE) = Errno::from_io_error(&error) {
            return Cause::NoDescriptors.into();
        }
    }
    error.into()
}
