//! How many handshakes are under way at once, in all and from one network.
//!
//! What is beyond that waits for its turn, for as long as whoever waits wants to.
//! A network has a quarter of the turns, so that one that lets handshakes hang
//! does not keep the others waiting.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns of handshakes. Clones share them.
#[derive(Clone)]
pub(crate) struct Handshakes(Arc<Turns>);

struct Turns {
    all: Arc<Semaphore>,
    /// The turns of each network that has a handshake or waits for one.
    networks: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    per_network: usize,
}

/// The turn of one handshake, until it is dropped.
pub(crate) struct Turn {
    // The order matters: the place is looked at when the permits are given back.
    _all: Option<OwnedSemaphorePermit>,
    _of_network: Option<OwnedSemaphorePermit>,
    _place: Place,
}

/// Keeps the turns of a network for as long as somebody has or wants one.
struct Place {
    turns: Arc<Turns>,
    network: IpAddr,
}

impl Handshakes {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Turns {
            all: Arc::new(Semaphore::new(max)),
            networks: Mutex::default(),
            per_network: max.div_ceil(4),
        }))
    }

    /// Waits for a turn of this network.
    pub(crate) async fn turn(&self, network: IpAddr) -> Turn {
        let semaphore = {
            let mut networks = self.0.networks();
            let new = || Arc::new(Semaphore::new(self.0.per_network));
            Arc::clone(networks.entry(network).or_insert_with(new))
        };
        let place = Place {
            turns: Arc::clone(&self.0),
            network,
        };
        // The semaphores are never closed.
        let of_network = semaphore.acquire_owned().await.ok();
        let all = Arc::clone(&self.0.all).acquire_owned().await.ok();
        Turn {
            _all: all,
            _of_network: of_network,
            _place: place,
        }
    }
}

impl Turns {
    fn networks(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        // Each change is made as a whole, so a panic elsewhere spoils nothing.
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut networks = self.turns.networks();
        // Those who wait or have a turn hold one each.
        if networks
            .get(&self.network)
            .is_some_and(|turns| Arc::strong_count(turns) == 1)
        {
            networks.remove(&self.network);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<F: Future>(future: F) -> Option<F::Output> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn network(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn a_network_has_a_quarter_of_the_turns() {
        let handshakes = Handshakes::new(8);
        let turns: Vec<_> = (0..2)
            .filter_map(|_| now(handshakes.turn(network(1))))
            .collect();
        assert_eq!(turns.len(), 2);
        assert!(now(handshakes.turn(network(1))).is_none(), "a third turn");
        let other = now(handshakes.turn(network(2)));
        assert!(other.is_some(), "another network has to wait");
        drop(turns);
        assert!(now(handshakes.turn(network(1))).is_some(), "none came back");
    }

    #[test]
    fn all_networks_together_have_no_more_than_all_turns() {
        let handshakes = Handshakes::new(4);
        let turns: Vec<_> = (0..9)
            .filter_map(|last| now(handshakes.turn(network(last))))
            .collect();
        assert_eq!(turns.len(), 4);
    }

    #[test]
    fn nothing_is_kept_of_networks_that_have_gone() {
        let handshakes = Handshakes::new(4);
        let turn = now(handshakes.turn(network(1)));
        assert!(now(handshakes.turn(network(1))).is_none());
        assert_eq!(handshakes.0.networks().len(), 1);
        drop(turn);
        assert_eq!(handshakes.0.networks().len(), 0);
        assert_eq!(handshakes.0.all.available_permits(), 4);
    }
}
