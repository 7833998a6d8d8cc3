//! What a call came to.
//!
//! Every call ends in one [`Outcome`], whoever ended it: a handler, a layer,
//! tonic, the deadline, or a caller who has gone. Observers are told of it.
//! Nothing else looks inside of calls: logs, metrics and traces are observers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tonic::Code;
use trace::Position;
use transcode::UpstreamRecord;

/// What a call came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rpc, as in `package.Service/Method`; `None` where the path names
    /// none that is served.
    pub rpc: Option<Arc<str>>,
    /// The name of the request, as in `x-request-id`.
    pub request_id: Arc<str>,
    /// Where the call stands in its trace; `None` without a tracer.
    pub trace: Option<Position>,
    /// The address that the caller called from.
    pub peer: Option<IpAddr>,
    /// Tells the token that the caller showed from others, and nothing else of it:
    /// a hash with a key that this process has made up. `None` without a token.
    pub subject: Option<u64>,
    /// The code that the caller was told. `CANCELLED` where the caller went
    /// before it was told one.
    pub code: Code,
    /// Why, in the words of `google.rpc.ErrorInfo`; `None` for `OK`.
    pub reason: Option<String>,
    /// From the arrival of the headers to the last byte of the reply.
    pub duration: Duration,
    /// How many bytes of the request's body were read.
    pub received: u64,
    /// How many bytes of the reply's body were handed to the connection.
    pub sent: u64,
    /// What happened upstream, drift included.
    pub upstream: UpstreamRecord,
}

/// Told of every outcome, once.
pub trait Observer: Send + Sync + 'static {
    /// A call has ended. Runs where the call did, so it must not block.
    fn ended(&self, outcome: &Outcome);
}

/// Those that a server tells.
pub type Observers = Arc<[Arc<dyn Observer>]>;
