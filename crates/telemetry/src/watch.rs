//! Holds a share of the replies of the upstream against the JSON Schema of the
//! contract, beside the calls.
//!
//! What declares itself to the reader of a reply, such as a property that it does not
//! know, is found in every reply and needs none of this. Here the whole schema has its
//! say: formats, patterns, lengths, what is required. Only replies that are picked are
//! kept until they are whole, and one thread looks at them, in its own time. Whatever
//! it finds, no call fails or waits for it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use transcode::{BoxError, CallContext, RequestBody, SendError, Upstream};

use crate::catalogue::gateway::{DRIFT, WATCHED};
use crate::drift::Drifts;
use crate::registry::Registry;

/// The largest reply that is validated, in bytes.
const MAX_REPLY: usize = 1 << 20;

/// How many replies may wait to be validated.
const MAX_WAITING: usize = 16;

/// How many bytes of replies may be kept, those that are still on their way included.
const MAX_HELD: usize = 32 << 20;

/// How many findings of one reply are noted.
const MAX_FINDINGS: usize = 64;

/// What findings are called, beside the kinds of drift that every reply is read for.
const SCHEMA_VIOLATION: &str = "schema_violation";

/// Decides what is wrong with a reply to an rpc. The places are paths such as
/// `[0].email`; `None` where the contract says nothing of such a reply.
pub type Judge = fn(rpc: &str, StatusCode, reply: &[u8]) -> Option<Result<(), Vec<String>>>;

/// Picks replies and has them validated. Cheap to clone; off by default.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<Sampler>>);

struct Sampler {
    ratio: f64,
    picked: SyncSender<Picked>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    valid: AtomicU64,
    invalid: AtomicU64,
    too_large: AtomicU64,
    too_many: AtomicU64,
    broken_off: AtomicU64,
    not_described: AtomicU64,
    /// How many bytes are kept.
    held: AtomicUsize,
    /// How many replies to each rpc were not valid.
    invalid_by_rpc: Mutex<BTreeMap<&'static str, u64>>,
}

/// A whole reply.
struct Picked {
    rpc: &'static str,
    status: StatusCode,
    pieces: Vec<Bytes>,
    held: Held,
}

/// So many bytes that are kept, until it is dropped.
struct Held {
    counts: Arc<Counts>,
    bytes: usize,
}

impl Held {
    /// Counts more bytes. Returns false if there is no room for them.
    fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.counts.held.fetch_add(bytes, Ordering::Relaxed) + bytes <= MAX_HELD
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.counts.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.0.as_ref().map_or(0.0, |sampler| sampler.ratio);
        write!(f, "Watch({ratio})")
    }
}

impl Watch {
    /// Picks this share of the replies, from 0 for none to 1 for all, and has a thread
    /// of its own validate them with `judge` as long as there is a clone.
    ///
    /// # Errors
    ///
    /// Fails where the system has no thread.
    pub fn start(
        ratio: f64,
        judge: Judge,
        drifts: Drifts,
        registry: &Registry,
    ) -> std::io::Result<Self> {
        if ratio <= 0.0 {
            return Ok(Self::default());
        }
        let (picked, waiting) = sync_channel(MAX_WAITING);
        let counts = Arc::<Counts>::default();
        let counted = Arc::clone(&counts);
        let judged = Arc::clone(&counts);
        std::thread::Builder::new()
            .name("contract watch".to_owned())
            .spawn(move || judge_all(&waiting, judge, &drifts, &judged))?;
        registry.add(move |scrape| {
            for (result, count) in counted.all() {
                scrape.count(&WATCHED, [result], count);
            }
            for (rpc, count) in &*counted.invalid_by_rpc() {
                scrape.count(&DRIFT, [rpc, SCHEMA_VIOLATION], *count);
            }
        });
        Ok(Self(Some(Arc::new(Sampler {
            ratio,
            picked,
            counts,
        }))))
    }

    /// The same upstream, whose replies are watched.
    pub fn over<U>(&self, upstream: U) -> Watched<U> {
        Watched {
            watch: self.clone(),
            upstream,
        }
    }

    /// Decides whether to look at a reply.
    fn pick(&self) -> Option<Arc<Sampler>> {
        let sampler = self.0.as_ref()?;
        (fastrand::f64() < sampler.ratio).then(|| Arc::clone(sampler))
    }
}

impl Counts {
    fn invalid_by_rpc(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.invalid_by_rpc
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> [(&'static str, u64); 6] {
        [
            ("valid", &self.valid),
            ("invalid", &self.invalid),
            ("too_large", &self.too_large),
            ("too_many", &self.too_many),
            ("broken_off", &self.broken_off),
            ("not_described", &self.not_described),
        ]
        .map(|(result, count)| (result, count.load(Ordering::Relaxed)))
    }
}

fn count(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// Validates replies until nobody can pick one any more.
fn judge_all(waiting: &Receiver<Picked>, judge: Judge, drifts: &Drifts, counts: &Counts) {
    for Picked {
        rpc,
        status,
        pieces,
        held: _held,
    } in waiting
    {
        let reply = pieces.concat();
        drop(pieces);
        match judge(rpc, status, &reply) {
            None => count(&counts.not_described),
            Some(Ok(())) => count(&counts.valid),
            Some(Err(mut places)) => {
                for place in &mut places {
                    *place = crate::drift::pointer(&without_indices(place));
                }
                places.sort_unstable();
                places.dedup();
                places.truncate(MAX_FINDINGS);
                let operation: Arc<str> = rpc.into();
                for pointer in places {
                    if drifts.note(&operation, pointer.clone(), SCHEMA_VIOLATION) {
                        tracing::warn!(
                            rpc,
                            pointer,
                            kind = SCHEMA_VIOLATION,
                            "the upstream drifts from its contract"
                        );
                    }
                }
                // Who sees the count finds the places listed.
                *counts.invalid_by_rpc().entry(rpc).or_default() += 1;
                count(&counts.invalid);
            }
        }
    }
}

/// A path whose elements of lists are any.
fn without_indices(path: &str) -> String {
    let mut any = String::with_capacity(path.len());
    let mut is_in_index = false;
    for c in path.chars() {
        is_in_index = match c {
            '[' => true,
            ']' => false,
            _ => is_in_index,
        };
        if !(is_in_index && c.is_ascii_digit()) {
            any.push(c);
        }
    }
    any
}

/// An upstream whose replies are watched.
#[derive(Debug, Clone)]
pub struct Watched<U> {
    watch: Watch,
    upstream: U,
}

impl<U: Upstream> Upstream for Watched<U> {
    type Body = WatchedBody<U::Body>;

    async fn send(&self, request: Request<RequestBody>) -> Result<Response<Self::Body>, SendError> {
        let picked = self.watch.pick();
        let context = request.extensions().get::<CallContext>();
        let rpc = context.map_or("", |context| context.rpc);
        let response = self.upstream.send(request).await?;
        let status = response.status();
        let kept = picked.filter(|_| status.is_success()).map(|sampler| {
            let held = Held {
                counts: Arc::clone(&sampler.counts),
                bytes: 0,
            };
            let picked = Picked {
                rpc,
                status,
                pieces: Vec::new(),
                held,
            };
            Kept { sampler, picked }
        });
        Ok(response.map(|body| WatchedBody { body, kept }))
    }
}

pin_project! {
    /// The body of a reply, of which a copy is kept if it was picked.
    pub struct WatchedBody<B> {
        #[pin]
        body: B,
        kept: Option<Kept>,
    }

    impl<B> PinnedDrop for WatchedBody<B> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(kept) = this.project().kept.take() {
                count(&kept.sampler.counts.broken_off);
            }
        }
    }
}

/// What has arrived of a reply that was picked.
struct Kept {
    sampler: Arc<Sampler>,
    picked: Picked,
}

impl Kept {
    /// Keeps another piece, unless there are too many bytes.
    fn push(mut self, piece: &Bytes) -> Option<Self> {
        if !self.picked.held.grow(piece.len()) {
            count(&self.sampler.counts.too_many);
            return None;
        }
        if self.picked.held.bytes > MAX_REPLY {
            count(&self.sampler.counts.too_large);
            return None;
        }
        // Shares the memory with the reader of the reply.
        self.picked.pieces.push(piece.clone());
        Some(self)
    }

    /// Hands the reply over, which is whole, if there is room.
    fn end(self) {
        match self.sampler.picked.try_send(self.picked) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                count(&self.sampler.counts.too_many);
            }
        }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>>> Body for WatchedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.body.poll_frame(context));
        if let Some(kept) = this.kept.take() {
            match &frame {
                None => kept.end(),
                Some(Ok(frame)) => {
                    *this.kept = match frame.data_ref() {
                        Some(data) => kept.push(data),
                        None => Some(kept),
                    };
                }
                Some(Err(_)) => count(&kept.sampler.counts.broken_off),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        // Who reads to the end is told that it is one.
        self.kept.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests;
