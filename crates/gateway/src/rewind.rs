//! A connection of which the first bytes were read already.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// Gives back the bytes that were read first, then goes on with the connection.
pub(crate) struct Rewind<T> {
    first: Bytes,
    rest: T,
}

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Why it cannot be told what a connection speaks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undetected {
    #[error("the client speaks TLS to a port without TLS")]
    Tls,
    #[error("the client did not say what it speaks: {0}")]
    Broken(#[from] io::Error),
}

/// What every record of a TLS handshake begins with (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// What every HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads as much of a connection as it takes to tell what it speaks. An HTTP/2
/// connection has sent its whole preface by then.
///
/// # Errors
///
/// Fails where the connection fails or ends before, and where it is TLS.
pub(crate) async fn detect<T: AsyncRead + Unpin>(
    mut rest: T,
) -> Result<(Protocol, Rewind<T>), Undetected> {
    let mut first = [0; PREFACE.len()];
    let mut length = 0;
    let protocol = loop {
        let read = rest.read(&mut first[length..]).await?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        length += read;
        if first[0] == TLS_HANDSHAKE {
            return Err(Undetected::Tls);
        }
        if first[..length] != PREFACE[..length] {
            break Protocol::Http1;
        }
        if length == PREFACE.len() {
            break Protocol::Http2;
        }
    };
    let first = Bytes::copy_from_slice(&first[..length]);
    Ok((protocol, Rewind { first, rest }))
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewind<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.rest).poll_read(context, into);
        }
        let length = self.first.len().min(into.remaining());
        into.put_slice(&self.first[..length]);
        self.first.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewind<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.rest).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.rest).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.rest).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.rest).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.rest.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(sent: &[u8], expected: Option<Protocol>) {
        let found = detect(sent).await;
        let Some(expected) = expected else {
            assert!(found.is_err(), "{sent:?} was taken for a protocol");
            return;
        };
        let (protocol, mut rewound) = found.expect("the protocol can be told");
        assert_eq!(protocol, expected);
        let mut read = Vec::new();
        rewound.read_to_end(&mut read).await.expect("all of it");
        assert_eq!(read, sent, "bytes were lost");
    }

    #[tokio::test]
    async fn the_preface_tells_http2_from_http1() {
        check(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrest",
            Some(Protocol::Http2),
        )
        .await;
        check(b"POST / HTTP/1.1\r\n\r\n", Some(Protocol::Http1)).await;
        check(b"PRINT / HTTP/1.1\r\n\r\n", Some(Protocol::Http1)).await;
        check(b"PRI * HTTP/2.0\r\n\r\nSM", None).await;
        check(b"", None).await;
    }

    #[tokio::test]
    async fn tls_is_told_by_its_first_byte() {
        let found = detect(&b"\x16"[..]).await.map(|(protocol, _)| protocol);
        assert!(matches!(found, Err(Undetected::Tls)), "{found:?}");
    }
}
