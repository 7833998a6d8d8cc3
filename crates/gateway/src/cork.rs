//! Lets what the task of a connection writes while it runs once leave in one
//! write.
//!
//! h2 flushes a message before it goes on to the next frame, so that a reply
//! would leave in two pieces: its head and its message, then its trailers. Here
//! nothing leaves until the task has done what there was to do, unless more is
//! written than the socket collects.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::socket::Socket;

/// A socket that is flushed by the task of its connection, and not by what
/// writes to it.
pub(crate) struct Corked<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    socket: Socket<T>,
    /// Why the last flush failed. Whoever writes next is told.
    failure: Option<io::Error>,
}

impl<T> State<T> {
    fn check(&mut self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

impl<T> Clone for Corked<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Corked<T> {
    pub(crate) fn new(socket: Socket<T>) -> Self {
        let failure = None;
        Self(Arc::new(Mutex::new(State { socket, failure })))
    }

    /// The future of the connection, which flushes the socket whenever it has
    /// been polled.
    pub(crate) fn flushed_by<F>(&self, inner: F) -> Flushing<T, F> {
        Flushing {
            inner,
            state: Arc::clone(&self.0),
        }
    }
}

/// Only the task of the connection takes the lock, so that it is always free.
fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: AsyncRead + Unpin> AsyncRead for Corked<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut lock(&self.0).socket).poll_read(context, into)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Corked<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut state = lock(&self.0);
        state.check()?;
        Pin::new(&mut state.socket).poll_write(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        lock(&self.0).socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(lock(&self.0).check())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        state.check()?;
        Pin::new(&mut state.socket).poll_shutdown(context)
    }
}

pin_project! {
    /// A connection that flushes its socket whenever it has been polled.
    pub(crate) struct Flushing<T, F> {
        #[pin]
        inner: F,
        state: Arc<Mutex<State<T>>>,
    }
}

impl<T: AsyncWrite + Unpin, F: Future> Future for Flushing<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.inner.poll(context);
        let mut state = lock(this.state);
        if let Poll::Ready(Err(error)) = Pin::new(&mut state.socket).poll_flush(context) {
            state.failure = Some(error);
            // It is for the connection to end.
            context.waker().wake_by_ref();
        }
        polled
    }
}

#[cfg(test)]
mod tests;
