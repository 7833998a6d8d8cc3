//! The body of a reply while its codings are undone.
//!
//! tower-http decodes as well, but neither codings on top of each other nor
//! `x-gzip`, it bounds no growth, and it takes no notice of bytes behind the
//! end. The decoders themselves are those of async-compression.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncBufRead, AsyncRead, BufReader, ReadBuf};
use tokio_util::io::{StreamReader, poll_read_buf};

use crate::config::Config;
use crate::endpoint::Origin;
use crate::raw_body::RawBody;
use crate::{ReplyError, ReplyErrorKind};

/// The largest window that zstd may have as a content coding (RFC 9659), as a
/// power of two: 8 MiB.
const ZSTD_WINDOW: u32 = 23;

/// How much is decoded at a time.
const CHUNK: usize = 16 * 1024;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The body of a reply while it is decoded.
pub(crate) struct Decoded {
    reader: Reader,
    buffer: BytesMut,
    /// How much has arrived, and how much has come of it.
    arrived: Arc<AtomicU64>,
    produced: u64,
    max_ratio: u64,
    ratio_floor: u64,
    origin: Origin,
    ended: bool,
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

impl Decoded {
    pub(crate) fn new(body: RawBody, codings: &[Coding], config: &Config) -> Self {
        let origin = body.origin().clone();
        let arrived = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&arrived);
        let data = body
            .map_frame(move |frame| {
                let length = frame.data_ref().map_or(0, Bytes::len);
                counter.fetch_add(length as u64, Ordering::Relaxed);
                frame
            })
            .map_err(io::Error::other)
            .into_data_stream();
        let mut reader: Reader = Box::pin(StreamReader::new(data));
        // The coding that was applied last is undone first.
        for coding in codings.iter().rev() {
            let layer = Layer::new(*coding, reader);
            reader = Box::pin(BufReader::with_capacity(CHUNK, layer));
        }
        Self {
            reader,
            buffer: BytesMut::new(),
            arrived,
            produced: 0,
            max_ratio: config.max_ratio,
            ratio_floor: config.ratio_floor,
            origin,
            ended: false,
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.ended
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.buffer.reserve(CHUNK);
        let result = ready!(poll_read_buf(self.reader.as_mut(), cx, &mut self.buffer));
        let count = match result {
            Ok(0) => {
                self.end();
                return Poll::Ready(None);
            }
            Ok(count) => count,
            Err(error) => {
                self.end();
                let error = broken(error);
                if let ReplyErrorKind::Malformed { .. } = error.kind {
                    self.origin.reject();
                }
                return Poll::Ready(Some(Err(error)));
            }
        };
        self.produced += count as u64;
        let fair = self
            .arrived
            .load(Ordering::Relaxed)
            .saturating_mul(self.max_ratio);
        if self.produced > self.ratio_floor && self.produced > fair {
            self.end();
            let detail = "it grows too much when decoded";
            let kind = ReplyErrorKind::Malformed { detail };
            return Poll::Ready(Some(Err(ReplyError::bare(kind))));
        }
        Poll::Ready(Some(Ok(Frame::data(self.buffer.split().freeze()))))
    }

    /// Lets go of the connection and of the decoders.
    fn end(&mut self) {
        self.ended = true;
        self.reader = Box::pin(tokio::io::empty());
        self.buffer = BytesMut::new();
    }
}

/// An error of the connection passes through the decoders as it is.
fn broken(error: io::Error) -> ReplyError {
    match error.downcast::<ReplyError>() {
        Ok(error) => error,
        Err(error) => {
            let detail = if error.kind() == io::ErrorKind::UnexpectedEof {
                "its coding is cut off"
            } else {
                "its coding is not valid"
            };
            ReplyError::new(ReplyErrorKind::Malformed { detail }, error)
        }
    }
}

/// One coding that is undone. Bytes behind its end are an error.
struct Layer {
    decoder: Decoder,
    ended: bool,
}

enum Decoder {
    Gzip(GzipDecoder<Reader>),
    Deflate(ZlibDecoder<Reader>),
    Brotli(Box<BrotliDecoder<Reader>>),
    Zstd(ZstdDecoder<Reader>),
}

impl Layer {
    fn new(coding: Coding, reader: Reader) -> Self {
        let decoder = match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(reader);
                // Members may follow each other (RFC 1952 §2.2).
                decoder.multiple_members(true);
                Decoder::Gzip(decoder)
            }
            Coding::Deflate => Decoder::Deflate(ZlibDecoder::new(reader)),
            Coding::Brotli => Decoder::Brotli(Box::new(BrotliDecoder::new(reader))),
            Coding::Zstd => {
                let window = DParameter::window_log_max(ZSTD_WINDOW);
                let mut decoder = ZstdDecoder::with_params(reader, &[window]);
                // So may frames (RFC 8878 §3).
                decoder.multiple_members(true);
                Decoder::Zstd(decoder)
            }
        };
        Self {
            decoder,
            ended: false,
        }
    }
}

impl AsyncRead for Layer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if !this.ended {
            ready!(match &mut this.decoder {
                Decoder::Gzip(decoder) => Pin::new(decoder).poll_read(cx, buffer),
                Decoder::Deflate(decoder) => Pin::new(decoder).poll_read(cx, buffer),
                Decoder::Brotli(decoder) => Pin::new(&mut **decoder).poll_read(cx, buffer),
                Decoder::Zstd(decoder) => Pin::new(decoder).poll_read(cx, buffer),
            })?;
            if buffer.filled().len() > before || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            this.ended = true;
        }
        let inner = match &mut this.decoder {
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Deflate(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
        };
        let left = ready!(inner.as_mut().poll_fill_buf(cx))?;
        if left.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let error = "there are bytes behind the end of the coding";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)))
    }
}
