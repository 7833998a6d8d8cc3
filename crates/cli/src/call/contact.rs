//! What has come from a server, to tell what is wrong where it speaks no gRPC.
//!
//! What tonic reports of a server that speaks something else is of no help: a
//! broken pipe, a frame of the wrong size.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes it takes to tell what a server speaks.
const ENOUGH: usize = 9;

/// The place of the type in the head of an HTTP/2 frame, and that of the frame that
/// every server begins with (RFC 9113, sections 4.1 and 6.5).
const FRAME_TYPE: usize = 3;
const SETTINGS: u8 = 0x04;

/// What a server that speaks TLS answers to plain text begins with (RFC 8446,
/// section 6).
const TLS_ALERT: [u8; 2] = [0x15, 0x03];

/// What rustls says of a server that shows the certificate of an authority, as
/// `openssl req -x509` makes it.
const CA_AS_SERVER: &str = "CaUsedAsEndEntity";

/// Where gRPC may be served instead.
pub(super) const ELSEWHERE: &str = "`web1on1 serve` serves gRPC where its line `grpc` says, 127.0.0.1:50051 by default, and \
     REST where its line `http` says";

/// What is said of a server that does not agree to HTTP/2 over TLS.
pub(super) const NO_H2: &str =
    "it does not offer HTTP/2 over TLS (ALPN h2), so it is not a gRPC server";

/// What has come from a server. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Contact(Arc<Mutex<Came>>);

#[derive(Debug, Default)]
struct Came {
    first: Vec<u8>,
    has_ended: bool,
    failure: Option<Failure>,
}

/// How a connection has failed.
#[derive(Debug)]
enum Failure {
    Tls(rustls::Error),
    HungUp,
}

impl Contact {
    fn came(&self) -> MutexGuard<'_, Came> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why a connection failed. The first reason counts.
    pub(super) fn failed(&self, error: &io::Error) {
        let tls = error.get_ref().and_then(|held| held.downcast_ref());
        let failure = match tls {
            Some(error) => Failure::Tls(rustls::Error::clone(error)),
            None if is_end(error) => Failure::HungUp,
            None => return,
        };
        self.came().failure.get_or_insert(failure);
    }

    /// What is wrong with the server at this place, as far as that can be told.
    pub(super) fn explanation(&self, place: &str, has_tls: bool) -> Option<String> {
        let came = self.came();
        if let Some(Failure::Tls(error)) = &came.failure {
            return Some(of_tls(error, place));
        }
        let first = came.first.as_slice();
        if first.starts_with(&TLS_ALERT) {
            return Some(format!(
                "it speaks TLS, and this was plain text; give https://{place}"
            ));
        }
        if first.starts_with(b"HTTP/1") {
            return Some(format!(
                "it answers in HTTP/1.1, so it is not a gRPC server; {ELSEWHERE}"
            ));
        }
        if first.is_empty() {
            let has_ended = came.has_ended || came.failure.is_some();
            let other = if has_tls { "http" } else { "https" };
            return has_ended
                .then(|| format!("it hung up without a word; perhaps give {other}://{place}"));
        }
        let is_http2 = first.get(FRAME_TYPE).is_none_or(|kind| *kind == SETTINGS);
        (!is_http2).then(|| "it does not speak HTTP/2, so it is not a gRPC server".to_owned())
    }
}

/// Returns whether the other end has closed the connection.
fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

/// What an error of TLS means to the caller.
fn of_tls(error: &rustls::Error, place: &str) -> String {
    match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("it speaks plain text, and this was TLS; give http://{place}")
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is of an authority that is not trusted; --ca FILE names one".to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => format!("{error}; --server-name NAME expects another name"),
        rustls::Error::InvalidCertificate(CertificateError::Other(other))
            if other.0.to_string() == CA_AS_SERVER =>
        {
            "its certificate is one of an authority, which cannot stand for a server; \
             one with basicConstraints=CA:FALSE can"
                .to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it asks for a certificate; --cert FILE and --key FILE show one".to_owned()
        }
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError),
        ) => format!("it refuses the certificate of --cert ({alert:?})"),
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol) => NO_H2.to_owned(),
        error => format!("TLS failed: {error}"),
    }
}

/// A stream that tells what comes first, and how it fails.
pub(super) struct Noting<T> {
    inner: T,
    contact: Contact,
}

impl<T> Noting<T> {
    pub(super) fn new(inner: T, contact: Contact) -> Self {
        Self { inner, contact }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Noting<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = ready!(Pin::new(&mut self.inner).poll_read(context, into));
        if let Err(error) = &read {
            self.contact.failed(error);
        } else {
            let read = &into.filled()[before..];
            let mut came = self.contact.came();
            let missing = ENOUGH.saturating_sub(came.first.len());
            came.first.extend(read.iter().take(missing));
            came.has_ended |= read.is_empty();
        }
        Poll::Ready(read)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Noting<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &[u8], has_ended: bool, has_tls: bool, expected: Option<&str>) {
        let contact = Contact::default();
        *contact.came() = Came {
            first: first.to_vec(),
            has_ended,
            failure: None,
        };
        let found = contact.explanation("localhost:1", has_tls);
        assert_eq!(found.as_deref(), expected, "for {first:?}");
    }

    #[test]
    fn what_comes_first_tells_what_a_server_speaks() {
        check(&[0, 0, 18, 4, 0, 0, 0, 0, 0], true, false, None);
        check(&[], false, false, None);
        check(
            b"HTTP/1.1 ",
            true,
            true,
            Some(&format!(
                "it answers in HTTP/1.1, so it is not a gRPC server; {ELSEWHERE}"
            )),
        );
        check(
            &[0x15, 3, 3, 0, 2, 2, 50],
            true,
            false,
            Some("it speaks TLS, and this was plain text; give https://localhost:1"),
        );
        check(
            b"220 mail ",
            true,
            false,
            Some("it does not speak HTTP/2, so it is not a gRPC server"),
        );
        check(
            &[],
            true,
            false,
            Some("it hung up without a word; perhaps give https://localhost:1"),
        );
    }
}
