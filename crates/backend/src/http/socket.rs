//! The socket below hyper.
//!
//! It tells what passes through it, and reads on for a while when the connection
//! is closed before all of a request has come. The system would reset a
//! connection that is closed with bytes unread, and the client would lose the
//! reply (RFC 9112, section 9.6).

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::Activity;

/// A connection that tells what passes through it.
pub(super) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    end: End,
    /// How many bytes may still be read and dropped.
    may_drop: usize,
    /// Whether what comes first is still to come, and must not be TLS.
    is_plain_and_new: bool,
}

/// What every record of a TLS handshake begins with (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// How far the server's side is closed.
enum End {
    Open,
    /// The client was told that nothing more comes, and may still send.
    Lingering,
    Closed,
}

impl Socket {
    /// `linger_bytes` is how many bytes are dropped at the end, and `has_tls` says that
    /// TLS is spoken on it.
    pub(super) fn new(
        stream: TcpStream,
        activity: Arc<Activity>,
        linger_bytes: usize,
        has_tls: bool,
    ) -> Self {
        Self {
            stream,
            activity,
            end: End::Open,
            may_drop: linger_bytes,
            is_plain_and_new: !has_tls,
        }
    }

    fn tell(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Pending => self.activity.blocked(),
            Poll::Ready(Ok(_)) => self.activity.wrote(),
            Poll::Ready(Err(_)) => {}
        }
    }

    /// Reads and drops bytes until there are none, or too many.
    fn poll_drop(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 8 << 10];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            let length = buffer.filled().len();
            if read.is_err() || length == 0 || length > self.may_drop {
                return Poll::Ready(());
            }
            self.may_drop -= length;
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        let received = &into.filled()[before..];
        if let Some(first) = received.first() {
            self.activity.received();
            if std::mem::take(&mut self.is_plain_and_new) && *first == TLS_HANDSHAKE {
                let told = "the client speaks TLS to a port without TLS";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, told)));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.tell(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.tell(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.end {
                End::Open => {
                    ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
                    self.end = if self.activity.linger() {
                        End::Lingering
                    } else {
                        End::Closed
                    };
                }
                End::Lingering => {
                    ready!(self.poll_drop(context));
                    self.end = End::Closed;
                }
                End::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}
