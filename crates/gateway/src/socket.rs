//! The socket below an HTTP connection.
//!
//! h2 writes to it as little as the head of one frame at a time, which is not for
//! the layers above to know.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is collected until it is flushed, in bytes. What is more is written
/// at once: a system call for so much costs more than it would to copy it.
const COLLECTED: usize = 64 << 10;

/// How large a buffer is kept for what is collected next, in bytes, unless as
/// much was just collected. Most connections are idle.
const KEPT: usize = 4 << 10;

/// A socket that collects small writes.
///
/// tokio's `BufWriter` would write what was collected and what does not fit
/// with two system calls.
pub(crate) struct Socket<T> {
    inner: T,
    collected: Vec<u8>,
    /// How much of it is written.
    written: usize,
}

impl<T> Socket<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self {
            inner,
            collected: Vec::new(),
            written: 0,
        }
    }
}

impl<T: AsyncWrite + Unpin> Socket<T> {
    /// Writes what was collected, and as much of the bytes as goes along with
    /// it. Returns how many of the bytes were written.
    fn poll_write_all(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        while self.written < self.collected.len() {
            let written = ready!(self.poll_write_with_collected(context, bytes))?;
            let collected = written.min(self.collected.len() - self.written);
            self.written += collected;
            if self.written == self.collected.len() {
                self.empty();
            }
            if written > collected {
                return Poll::Ready(Ok(written - collected));
            }
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_write_with_collected(context, bytes)
    }

    /// Makes room for what is collected next.
    fn empty(&mut self) {
        let is_too_large = self.collected.capacity() > KEPT.max(4 * self.collected.len());
        if is_too_large {
            self.collected = Vec::new();
        }
        self.collected.clear();
        self.written = 0;
    }

    /// Makes one system call.
    fn poll_write_with_collected(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let socket = Pin::new(&mut self.inner);
        let collected = &self.collected[self.written..];
        let written = if collected.is_empty() {
            socket.poll_write(context, bytes)
        } else if bytes.is_empty() {
            socket.poll_write(context, collected)
        } else {
            let slices = [IoSlice::new(collected), IoSlice::new(bytes)];
            socket.poll_write_vectored(context, &slices)
        };
        let written = ready!(written)?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        Poll::Ready(Ok(written))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Socket<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, into)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Socket<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.collected.len() - self.written + bytes.len() > COLLECTED {
            return self.poll_write_all(context, bytes);
        }
        // What is written makes room, however slowly the peer reads.
        let written = std::mem::take(&mut self.written);
        self.collected.drain(..written);
        self.collected.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// h2 keeps a message apart from the frames around it, and writes it on its
    /// own, where vectored writing is to be had.
    fn is_write_vectored(&self) -> bool {
        false
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_all(context, &[]))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_all(context, &[]))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Writes pieces of these sizes through a pipe that takes so much at once.
    async fn check(sizes: &[usize], pipe: usize) {
        let all: Vec<u8> = (0..sizes.iter().sum())
            .map(|n: usize| n.to_le_bytes()[0])
            .collect();
        let (near, mut far) = tokio::io::duplex(pipe);
        let mut socket = Socket::new(near);
        let writing = async {
            let mut rest = &*all;
            for size in sizes {
                let (piece, after) = rest.split_at(*size);
                socket.write_all(piece).await.expect("it is written");
                rest = after;
            }
            socket.shutdown().await.expect("it is flushed");
        };
        let mut read = Vec::new();
        let ((), length) = tokio::join!(writing, far.read_to_end(&mut read));
        length.expect("it is read");
        assert!(read == all, "{sizes:?} are garbled through {pipe} bytes");
    }

    #[tokio::test]
    async fn what_is_written_arrives_in_order() {
        let sizes = [
            9,
            20,
            300,
            COLLECTED,
            1,
            COLLECTED - 1,
            3 * COLLECTED,
            9,
            0,
            7,
        ];
        for pipe in [1, 100, COLLECTED, 1 << 20] {
            check(&sizes, pipe).await;
        }
    }

    #[tokio::test]
    async fn small_writes_wait_for_the_flush() {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        let mut socket = Socket::new(near);
        socket.write_all(b"head").await.expect("it is written");
        socket.write_all(b"message").await.expect("it is written");
        let mut read = [0; 32];
        let early = tokio::time::timeout(Duration::ZERO, far.read(&mut read)).await;
        assert!(early.is_err(), "the first piece went out on its own");
        socket.flush().await.expect("it is flushed");
        let length = far.read(&mut read).await.expect("it is read");
        assert_eq!(&read[..length], b"headmessage");
    }
}
