//! Places that callers share: so many in all, and so many for one caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use transcode::CallerKey;

/// How many shares the callers are divided into. Callers of one share have
/// their bound together; it takes no memory that grows with their number.
const SHARES: usize = 1024;

/// A number of places, for calls or for bytes.
#[derive(Debug)]
pub(crate) struct Places {
    taken: AtomicUsize,
    max: usize,
    /// How many each share has taken.
    shares: [AtomicUsize; SHARES],
    max_share: usize,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The caller has taken as many as it may.
    Caller,
    /// All are taken.
    All,
}

/// Places that were taken. They are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    places: Arc<Places>,
    share: usize,
    count: usize,
}

impl Places {
    pub(crate) fn new(max: usize, max_share: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max,
            shares: [const { AtomicUsize::new(0) }; SHARES],
            max_share,
        })
    }

    /// Takes so many places for a caller.
    ///
    /// # Errors
    ///
    /// Fails where there are not so many.
    pub(crate) fn take(self: &Arc<Self>, caller: CallerKey, count: usize) -> Result<Taken, Full> {
        // The keys are hashes, so any part of them does.
        let [one, two, ..] = caller.0.to_le_bytes();
        let mut taken = Taken {
            places: Arc::clone(self),
            share: usize::from(u16::from_le_bytes([one, two])) % SHARES,
            count: 0,
        };
        taken.grow(count)?;
        Ok(taken)
    }
}

impl Taken {
    /// Takes so many more places.
    ///
    /// # Errors
    ///
    /// Fails where there are not so many. Those that it has stay its own.
    pub(crate) fn grow(&mut self, count: usize) -> Result<(), Full> {
        let Places {
            taken,
            max,
            shares,
            max_share,
        } = &*self.places;
        let share = &shares[self.share];
        if share.fetch_add(count, Ordering::Relaxed) + count > *max_share {
            share.fetch_sub(count, Ordering::Relaxed);
            return Err(Full::Caller);
        }
        if taken.fetch_add(count, Ordering::Relaxed) + count > *max {
            share.fetch_sub(count, Ordering::Relaxed);
            taken.fetch_sub(count, Ordering::Relaxed);
            return Err(Full::All);
        }
        self.count += count;
        Ok(())
    }

    /// How many places these are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.places.shares[self.share].fetch_sub(self.count, Ordering::Relaxed);
        self.places.taken.fetch_sub(self.count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_has_no_more_than_its_share() {
        let places = Places::new(10, 4);
        let fill = |caller| -> Vec<_> {
            let take = || places.take(CallerKey(caller), 1).ok();
            std::iter::from_fn(take).collect()
        };
        let first = fill(1);
        assert_eq!(first.len(), 4);
        assert_eq!(fill(2).len(), 4, "another caller has no places");
        let others = [fill(2), fill(3), fill(4)];
        assert_eq!(others.map(|taken| taken.len()), [4, 2, 0]);
        drop(first);
        assert_eq!(fill(1).len(), 4, "the places were not given back");
        assert_eq!(places.taken.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let places = Places::new(10, 8);
        let mut first = places.take(CallerKey(1), 5).expect("there is room");
        assert_eq!(first.grow(4), Err(Full::Caller));
        assert_eq!(places.take(CallerKey(2), 6).map(drop), Err(Full::All));
        first.grow(3).expect("there is room");
        let second = places.take(CallerKey(2), 2).expect("there is room");
        assert_eq!((first.count(), second.count()), (8, 2));
        drop((first, second));
        assert_eq!(places.taken.load(Ordering::Relaxed), 0);
        assert!(
            places
                .shares
                .iter()
                .all(|share| share.load(Ordering::Relaxed) == 0)
        );
    }
}
