//! The source of identifiers, passed in so that tests can fix it, and of secrets,
//! which nothing can fix.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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

    /// The identifiers of [MongoDB][spec]: the second, five bytes that tell
    /// processes apart, and a counter.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    ///
    /// [spec]: https://www.mongodb.com/docs/manual/reference/bson-types/#objectid
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut process = [0; 5];
        getrandom::fill(&mut process)?;
        let counter = AtomicU32::new(0);
        Ok(Self::new(move |now| {
            let mut bytes = [0; 12];
            // The seconds of the format are 32 bits wide; the low ones count.
            bytes[..4].copy_from_slice(&now.as_second().to_be_bytes()[4..]);
            bytes[4..9].copy_from_slice(&process);
            bytes[9..].copy_from_slice(&counter.fetch_add(1, Ordering::Relaxed).to_be_bytes()[1..]);
            ObjectId::from_bytes(bytes)
        }))
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ids")
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
        let made: Vec<_> = (0..300).map(|_| ids.next(now)).collect();
        assert!(made.is_sorted_by(|one, next| one < next), "{made:?}");
    }

    #[test]
    fn an_identifier_begins_with_the_second_of_its_creation() {
        let ids = Ids::random().expect("has random numbers");
        let id = ids.next("2016-01-07T14:03:43Z".parse().expect("is a time"));
        assert!(id.to_string().starts_with("568e703f"), "{id}");
    }
}
