//! What is noted of a call on its way upstream, for those who watch calls.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use crate::json::{Drift, Drifts};

/// How many differences are noted of all elements of a streamed list together.
const MAX_DRIFTS: usize = 64;

/// The record of one call.
///
/// A layer of the server puts one into the extensions of the gRPC request and
/// keeps a clone. The gateway fills it in, and puts a clone into the extensions
/// of the upstream request. Without one the gateway makes its own.
#[derive(Debug, Clone, Default)]
pub struct CallRecord(Arc<Entries>);

#[derive(Debug, Default)]
struct Entries {
    attempts: Arc<AtomicU32>,
    sent: AtomicU64,
    received: AtomicU64,
    elements: AtomicU64,
    rejection: Mutex<Option<Rejection>>,
    exchange: Mutex<Noted>,
}

/// What is done about a reply that is none.
struct Rejection(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rejection")
    }
}

/// What is noted of the exchange with the upstream.
#[derive(Debug, Default)]
struct Noted {
    status: Option<StatusCode>,
    duration: Option<Duration>,
    drifts: Drifts,
}

/// What a [`CallRecord`] holds at one moment.
#[derive(Debug, Clone, Default)]
pub struct UpstreamRecord {
    /// The HTTP status of the upstream's last reply, if one has arrived.
    pub status: Option<StatusCode>,
    /// How long the exchange took: from handing the request to the upstream
    /// until the reply was whole, the exchange failed or the call was over.
    pub duration: Option<Duration>,
    /// How often the request was sent; 0 if it never was.
    pub attempts: u32,
    /// How many bytes of the request's body were handed to the upstream. Bytes
    /// that an upstream sends again count once.
    pub sent: u64,
    /// How many bytes of the reply's body have arrived.
    pub received: u64,
    /// How many elements of a streamed list were handed on.
    pub elements: u64,
    /// Every difference between the reply and its declared shape.
    pub drifts: Drifts,
}

impl CallRecord {
    /// What is known by now.
    pub fn upstream(&self) -> UpstreamRecord {
        let exchange = self.exchange();
        UpstreamRecord {
            status: exchange.status,
            duration: exchange.duration,
            attempts: self.0.attempts.load(Ordering::Relaxed),
            sent: self.0.sent.load(Ordering::Relaxed),
            received: self.0.received.load(Ordering::Relaxed),
            elements: self.0.elements.load(Ordering::Relaxed),
            drifts: exchange.drifts.clone(),
        }
    }

    /// The number of attempts, which whoever sends increments. The gateway
    /// makes sure that it is at least 1 where a request was sent.
    pub fn attempts(&self) -> &Arc<AtomicU32> {
        &self.0.attempts
    }

    /// Says what is to be done, once, if the reply that has just arrived turns out
    /// to break the contract of its API, whatever its status says. An upstream
    /// that knows several servers can note it of the one that sent the reply.
    pub fn on_rejection(&self, reject: impl FnOnce() + Send + 'static) {
        *self.rejection() = Some(Rejection(Box::new(reject)));
    }

    /// The reply breaks the contract of its API.
    pub(crate) fn reject(&self) {
        let rejection = self.rejection().take();
        if let Some(Rejection(reject)) = rejection {
            reject();
        }
    }

    fn rejection(&self) -> std::sync::MutexGuard<'_, Option<Rejection>> {
        self.0
            .rejection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self) -> std::sync::MutexGuard<'_, Noted> {
        // What is noted stays true if its writer panics.
        self.0
            .exchange
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_sent(&self) {
        self.0.attempts.fetch_max(1, Ordering::Relaxed);
    }

    pub(crate) fn set_status(&self, status: StatusCode) {
        self.set_sent();
        self.exchange().status = Some(status);
    }

    pub(crate) fn add_sent(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, bytes: usize) {
        self.0.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_elements(&self, elements: usize) {
        self.0
            .elements
            .fetch_add(elements as u64, Ordering::Relaxed);
    }

    /// Adds a difference that is not noted yet. Returns false if it is, or if
    /// there are as many as are noted of one call.
    pub(crate) fn add_drift(&self, drift: Drift) -> bool {
        let mut noted = self.exchange();
        noted.drifts.len() < MAX_DRIFTS && noted.drifts.insert(drift)
    }

    pub(crate) fn set_drifts(&self, drifts: Drifts) {
        self.exchange().drifts = drifts;
    }

    /// Measures the exchange until the measurement is dropped, however it ends.
    pub(crate) fn measure(&self) -> Measurement {
        Measurement {
            record: self.clone(),
            start: Instant::now(),
        }
    }
}

/// Notes the duration of an exchange when it is dropped.
pub(crate) struct Measurement {
    record: CallRecord,
    start: Instant,
}

impl Drop for Measurement {
    fn drop(&mut self) {
        self.record.exchange().duration = Some(self.start.elapsed());
    }
}
