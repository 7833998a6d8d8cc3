//! What passes through a socket, for whoever watches over the connection.
//!
//! Neither h2 nor hyper tells whether the peer is there and reads. This is noted
//! at the very bottom, below TLS, which holds some of what is written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What has lately passed through a socket, for whoever watches over the
/// connection.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<Flags>);

#[derive(Default)]
struct Flags {
    has_received: AtomicBool,
    has_written: AtomicBool,
    is_blocked: AtomicBool,
}

impl Traffic {
    /// Returns whether a byte has come since this was last called.
    pub(crate) fn take_received(&self) -> bool {
        self.0.has_received.swap(false, Ordering::Relaxed)
    }

    /// Returns whether a byte has gone out since this was last called.
    pub(crate) fn take_written(&self) -> bool {
        self.0.has_written.swap(false, Ordering::Relaxed)
    }

    /// Returns whether bytes wait for the peer to read others first.
    pub(crate) fn is_blocked(&self) -> bool {
        self.0.is_blocked.load(Ordering::Relaxed)
    }
}

/// A socket that tells of its traffic.
pub(crate) struct Metered<T> {
    inner: T,
    traffic: Traffic,
}

impl<T> Metered<T> {
    pub(crate) fn new(inner: T) -> (Self, Traffic) {
        let traffic = Traffic::default();
        let metered = Self {
            inner,
            traffic: traffic.clone(),
        };
        (metered, traffic)
    }

    /// Notes how a write went.
    fn note(&self, written: &Poll<io::Result<usize>>) {
        let flags = &self.traffic.0;
        flags
            .is_blocked
            .store(written.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(1..)) = written {
            flags.has_written.store(true, Ordering::Relaxed);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, into))?;
        if into.filled().len() > before {
            self.traffic.0.has_received.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.note(&written);
        written
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
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_socket_tells_whether_its_peer_reads() {
        let (near, mut far) = tokio::io::duplex(10);
        let (mut socket, traffic) = Metered::new(near);
        socket.write_all(b"0123456789").await.expect("it is taken");
        socket.flush().await.expect("it is flushed");
        assert!(!traffic.is_blocked() && traffic.take_written());
        let written = tokio::time::timeout(Duration::ZERO, socket.write_all(b"more")).await;
        assert!(written.is_err(), "nobody has read");
        assert!(traffic.is_blocked() && !traffic.take_written());
        far.read_exact(&mut [0; 10]).await.expect("it is read");
        socket.write_all(b"more").await.expect("there is room");
        assert!(!traffic.is_blocked() && traffic.take_written());
        assert!(!traffic.take_received());
        far.write_all(b"?").await.expect("it is written");
        socket.read_exact(&mut [0]).await.expect("it is read");
        assert!(traffic.take_received() && !traffic.take_received());
    }
}
