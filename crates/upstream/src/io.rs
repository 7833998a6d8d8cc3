//! The bytes of a connection, counted.
//!
//! The counts tell what no HTTP library tells: whether a byte of a request was
//! written, and whether all of it was.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustls::AlertDescription;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::error::Cause;

/// A connection below HTTP.
pub(crate) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What has gone through a connection.
#[derive(Default)]
pub(crate) struct Traffic {
    written: AtomicU64,
    /// How much was written when the current HTTP/1.1 request began.
    before: AtomicU64,
    /// Whether the peer has to be looked at before the next byte is written.
    look_first: AtomicBool,
    /// Whether everything that was to be written is.
    flushed: AtomicBool,
    /// Whether writing failed after a part of the request.
    write_failed: AtomicBool,
    /// Whether an HTTP/1.1 request is under way.
    underway: AtomicBool,
    /// Whether the peer has refused the certificate of this client, or that there is none.
    /// With TLS 1.3 it says so when the client already takes the handshake for done.
    certificate_refused: AtomicBool,
}

/// Returns whether an error of TLS is about the certificate of this client.
pub(crate) fn refuses_certificate(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::NoCertificate
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
        )
    )
}

impl Traffic {
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Notes that an HTTP/1.1 request follows. On a connection that was used
    /// before, its first byte is written only if the peer has neither closed
    /// the connection nor sent anything.
    pub(crate) fn begin(&self, reused: bool) {
        self.before.store(self.written(), Ordering::Release);
        self.look_first.store(reused, Ordering::Release);
        self.underway.store(true, Ordering::Release);
    }

    /// Notes that the HTTP/1.1 request was sent and answered, all of it.
    pub(crate) fn end(&self) {
        self.underway.store(false, Ordering::Release);
    }

    /// Returns whether the peer has refused the certificate of this client, and so every
    /// request.
    pub(crate) fn is_certificate_refused(&self) -> bool {
        self.certificate_refused.load(Ordering::Acquire)
    }

    /// Returns whether a byte was written since [`Traffic::begin`].
    pub(crate) fn has_begun(&self) -> bool {
        self.written() > self.before.load(Ordering::Acquire)
    }

    /// Returns whether everything was written, to the last byte.
    pub(crate) fn is_clean(&self) -> bool {
        self.flushed.load(Ordering::Acquire) && !self.write_failed.load(Ordering::Acquire)
    }
}

/// A connection below HTTP that counts.
pub(crate) struct Io {
    transport: Transport,
    traffic: Arc<Traffic>,
    /// Whether a failing write is hidden after a part of the request: a server
    /// that answers early and closes has an answer that is worth reading, and
    /// hyper would not read it. Reading finds the end of the connection.
    reads_on: bool,
}

impl Io {
    pub(crate) fn new(transport: Transport, reads_on: bool) -> (Self, Arc<Traffic>) {
        let traffic = Arc::new(Traffic::default());
        let io = Self {
            transport,
            traffic: Arc::clone(&traffic),
            reads_on,
        };
        (io, traffic)
    }

    fn socket(&self) -> &TcpStream {
        match &self.transport {
            Transport::Plain(tcp) => tcp,
            Transport::Tls(tls) => tls.get_ref().0,
        }
    }

    /// Fails if the peer has closed the connection or sent something. The
    /// socket is asked: the runtime may not have heard of it yet.
    fn look(&self) -> io::Result<()> {
        if !self.traffic.look_first.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        match SockRef::from(self.socket()).peek(&mut [MaybeUninit::uninit()]) {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                Cause::Closed,
            )),
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                Cause::StrayBytes,
            )),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn count(&self, result: io::Result<usize>, all: usize) -> io::Result<usize> {
        match result {
            Ok(count) => {
                self.traffic
                    .written
                    .fetch_add(count as u64, Ordering::AcqRel);
                Ok(count)
            }
            Err(_) if self.reads_on && self.traffic.has_begun() => {
                self.traffic.write_failed.store(true, Ordering::Release);
                Ok(all)
            }
            Err(error) => Err(error),
        }
    }
}

impl Drop for Io {
    /// Resets a connection whose request was abandoned: if it were closed as usual,
    /// the kernel would hold what the server has not taken yet for as long as that
    /// goes on, and the server would not learn that nobody waits for an answer.
    fn drop(&mut self) {
        if self.traffic.underway.load(Ordering::Acquire) {
            // Where it fails the connection is gone.
            let _ = SockRef::from(self.socket()).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Transport::Tls(tls) => {
                let read = Pin::new(&mut **tls).poll_read(cx, buffer);
                if let Poll::Ready(Err(error)) = &read
                    && let Some(held) = error.get_ref().and_then(|held| held.downcast_ref())
                    && refuses_certificate(held)
                {
                    let refused = &self.traffic.certificate_refused;
                    refused.store(true, Ordering::Release);
                }
                read
            }
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.look()?;
        self.traffic.flushed.store(false, Ordering::Release);
        let result = ready!(match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Transport::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, bytes),
        });
        Poll::Ready(self.count(result, bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.look()?;
        self.traffic.flushed.store(false, Ordering::Release);
        let result = ready!(match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Transport::Tls(tls) => Pin::new(&mut **tls).poll_write_vectored(cx, slices),
        });
        let all = slices.iter().map(|slice| slice.len()).sum();
        Poll::Ready(self.count(result, all))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(tcp) => tcp.is_write_vectored(),
            Transport::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
        });
        let flushed = self.count(flushed.map(|()| 0), 0).map(|_| ());
        self.traffic.flushed.store(true, Ordering::Release);
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Transport::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
        }
    }
}
