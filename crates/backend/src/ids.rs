//! The source of identifiers, passed in so that tests can fix it, and of secrets,
//! which nothing can fix.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use contract::id::ObjectId;
use jiff::Timestamp;

/// Makes identifiers, each greater than the one before it, so that the order of
/// identifiers is that of creation.
#[derive(Clone)]
pub struct Ids(Arc<dyn Fn(Timestamp) -> ObjectId + Send + Sync>);

impl Ids {
    /// A source that gives what `next` returns for the current time.
    pub fn new(next: impl Fn(Timestamp) -> ObjectId + Send + Sync + 'static) -> Self {
        Self(Arc::new(next))
    }

    pub(crate) fn next(&self, now: Timestamp) -> ObjectId {
        (self.0)(now)
    }

    /// Identifiers of the length and with the beginning of those of
    /// [MongoDB][spec]: the second. Behind it are the millisecond and 54 random bits,
    /// so that nobody tells one from another.
    ///
    /// Those of one process ascend: of two in one millisecond the second is greater
    /// by a random number.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    ///
    /// [spec]: https://www.mongodb.com/docs/manual/reference/bson-types/#objectid
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut random = Random::default();
        random.fill()?;
        let state = Mutex::new((random, 0));
        Ok(Self::new(move |now| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let (random, latest) = &mut *state;
            let millisecond = u128::try_from(now.as_millisecond()).unwrap_or_default();
            // The seconds of the format are 32 bits wide; the low ones count.
            let seconds = millisecond / 1000 % (1 << 32);
            let time = seconds << 64 | (millisecond % 1000) << 54;
            *latest = if time >> 54 > *latest >> 54 {
                // Leaves room for those that come in the same millisecond.
                time | u128::from(random.next() >> 11)
            } else {
                *latest + 1 + u128::from(random.next() >> 24)
            };
            let mut bytes = [0; 12];
            bytes.copy_from_slice(&latest.to_be_bytes()[4..]);
            ObjectId::from_bytes(bytes)
        }))
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
    }
}

/// Random numbers of the system, a stock at a time: asking for them costs as much as
/// everything else about an identifier.
#[derive(Default)]
struct Random {
    stock: Vec<u8>,
}

impl Random {
    /// Fills the stock.
    fn fill(&mut self) -> Result<(), getrandom::Error> {
        self.stock.resize(512, 0);
        getrandom::fill(&mut self.stock)
    }

    fn next(&mut self) -> u64 {
        if self.stock.is_empty() {
            self.fill()
                .expect("a system that had random numbers still has them");
        }
        let rest = self.stock.len() - size_of::<u64>();
        let mut bytes = [0; size_of::<u64>()];
        bytes.copy_from_slice(&self.stock[rest..]);
        self.stock.truncate(rest);
        u64::from_be_bytes(bytes)
    }
}

/// 128 random bits, as hexadecimal digits.
pub(crate) fn random_name() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// 256 bits, as text.
pub(crate) fn random_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_ascend() {
        let (ids, now) = (
            Ids::random().expect("has random numbers"),
            Timestamp::UNIX_EPOCH,
        );
        let made: Vec<_> = (0..3000).map(|_| ids.next(now)).collect();
        assert!(made.is_sorted_by(|one, next| one < next), "{made:?}");
        let later = now + jiff::SignedDuration::from_millis(1);
        assert!(made.last() < Some(&ids.next(later)));
    }

    #[test]
    fn an_identifier_does_not_tell_the_next_one() {
        let (ids, now) = (
            Ids::random().expect("has random numbers"),
            Timestamp::UNIX_EPOCH,
        );
        let number = |id: ObjectId| {
            let mut bytes = [0; 16];
            bytes[4..].copy_from_slice(id.as_bytes());
            u128::from_be_bytes(bytes)
        };
        let made: Vec<_> = (0..100).map(|_| number(ids.next(now))).collect();
        let mut steps: Vec<_> = made.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_unstable();
        steps.dedup();
        assert_eq!(steps.len(), 99, "no two steps are alike");
        assert!(steps[50] > 1 << 32, "a step has some forty random bits");
    }

    #[test]
    fn an_identifier_begins_with_the_second_of_its_creation() {
        let ids = Ids::random().expect("has random numbers");
        let id = ids.next("2016-01-07T14:03:43Z".parse().expect("is a time"));
        assert!(id.to_string().starts_with("568e703f"), "{id}");
    }
}
