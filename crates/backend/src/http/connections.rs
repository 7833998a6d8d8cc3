//! Which connections are open, and for which there is room.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::activity::Activity;
use crate::limits::ServerLimits;
use crate::peer::network;
use crate::usage::{self, OpenCounts};

/// How long one that was told to make room may take before another is.
const YIELD: Duration = Duration::from_millis(100);

/// The connections that are open.
pub(super) struct Connections {
    open: Mutex<Open>,
    /// Told when one has closed.
    closed: Notify,
    max: usize,
    max_per_peer: usize,
    counts: OpenCounts,
}

#[derive(Default)]
struct Open {
    activities: HashMap<u64, (IpAddr, Arc<Activity>)>,
    per_peer: HashMap<IpAddr, usize>,
    next: u64,
}

/// The place of an open connection, until it is dropped.
pub(super) struct ConnectionPlace {
    connections: Arc<Connections>,
    number: u64,
    _counted: usage::Open,
    pub(super) activity: Arc<Activity>,
}

/// Why there is no place.
enum Full {
    /// All are taken.
    Server,
    /// The peer has all that it may have.
    Peer,
}

impl Connections {
    pub(super) fn new(limits: &ServerLimits, counts: OpenCounts) -> Self {
        Self {
            open: Mutex::default(),
            closed: Notify::new(),
            max: max_connections(limits),
            max_per_peer: limits.max_connections_per_peer.max(1),
            counts,
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Each change is made as a whole, so a panic elsewhere spoils nothing.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place for a connection from that address. The one that has been
    /// idle the longest makes room. `None` where the peer has too many already.
    pub(super) async fn place(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionPlace> {
        let peer = network(peer);
        loop {
            match self.enter(peer) {
                Ok(place) => return Some(place),
                Err(Full::Peer) => {
                    if !self.evict(Some(peer)) {
                        return None;
                    }
                }
                Err(Full::Server) => {
                    self.evict(None);
                }
            }
            let place = async {
                loop {
                    self.closed.notified().await;
                    if let Ok(place) = self.enter(peer) {
                        return place;
                    }
                }
            };
            if let Ok(place) = timeout(YIELD, place).await {
                return Some(place);
            }
        }
    }

    fn enter(self: &Arc<Self>, peer: IpAddr) -> Result<ConnectionPlace, Full> {
        let mut open = self.open();
        let of_peer = open.per_peer.get(&peer).copied().unwrap_or_default();
        if of_peer >= self.max_per_peer {
            return Err(Full::Peer);
        }
        if open.activities.len() >= self.max {
            return Err(Full::Server);
        }
        let (number, activity) = (open.next, Arc::new(Activity::new()));
        open.next += 1;
        open.per_peer.insert(peer, of_peer + 1);
        open.activities
            .insert(number, (peer, Arc::clone(&activity)));
        Ok(ConnectionPlace {
            connections: Arc::clone(self),
            number,
            _counted: self.counts.connection(),
            activity,
        })
    }

    /// Tells the connection that has been idle the longest, of that peer if there
    /// is one given, to make room. Returns whether there is any.
    pub(super) fn evict(&self, of: Option<IpAddr>) -> bool {
        let now = Instant::now();
        let open = self.open();
        let oldest = open
            .activities
            .values()
            .filter(|(peer, _)| of.is_none_or(|of| of == *peer))
            .filter_map(|(_, activity)| Some((activity.dispensable_since(now)?, activity)))
            .min_by_key(|(since, _)| *since);
        let Some((_, activity)) = oldest else {
            return false;
        };
        activity.evict();
        true
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if let Some((peer, _)) = open.activities.remove(&self.number)
            && let Some(count) = open.per_peer.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                open.per_peer.remove(&peer);
            }
        }
        drop(open);
        self.connections.closed.notify_one();
    }
}

/// How many connections may be open. A quarter of the descriptors that the
/// process may have stays for files, the database and the listener.
fn max_connections(limits: &ServerLimits) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let limit = getrlimit(Resource::Nofile).current;
        if let Some(limit) = limit.and_then(|limit| usize::try_from(limit).ok()) {
            return limits.max_connections.min(limit - limit / 4).max(1);
        }
    }
    limits.max_connections.max(1)
}
