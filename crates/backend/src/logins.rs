//! Holding those who guess to their rates.

use std::net::IpAddr;
use std::time::Duration;

use contract::id::ObjectId;
use jiff::Timestamp;

use crate::error::Error;
use crate::limits::LoginLimits;
use crate::peer::network;
use crate::throttle::{Throttle, TooOften};

/// Counts what those do who may be guessing.
#[derive(Debug)]
pub(crate) struct Logins {
    pub(crate) limits: LoginLimits,
    per_account: Throttle,
    per_address: Throttle,
    taken_addresses: Throttle,
}

impl Logins {
    pub(crate) fn new(limits: LoginLimits) -> Self {
        Self {
            limits,
            per_account: Throttle::new(limits.per_account),
            per_address: Throttle::new(limits.per_address),
            taken_addresses: Throttle::new(limits.taken_addresses),
        }
    }

    /// Refuses a login with an e-mail address from an IP address if too many have
    /// failed. Whether somebody has the e-mail address makes no difference.
    pub(crate) fn check(
        &self,
        email: &str,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Error> {
        if let Some(from) = from {
            let checked = self.per_address.check(network(from), now);
            checked.map_err(too_many)?;
        }
        let checked = self.per_account.check(email.to_lowercase(), now);
        checked.map_err(too_many)
    }

    /// Counts a login that has failed.
    pub(crate) fn failed(&self, email: &str, from: Option<IpAddr>, now: Timestamp) {
        if let Some(from) = from {
            self.per_address.count(network(from), now);
        }
        self.per_account.count(email.to_lowercase(), now);
    }

    /// Refuses a caller who has learned too often that an e-mail address is taken.
    pub(crate) fn check_taken(&self, caller: ObjectId, now: Timestamp) -> Result<(), Error> {
        let checked = self.taken_addresses.check(caller.as_bytes(), now);
        checked.map_err(too_many_taken)
    }

    /// Counts that a caller learns that an e-mail address is taken, or refuses to tell:
    /// others of its calls may have learned so since it was checked.
    pub(crate) fn taken(&self, caller: ObjectId, now: Timestamp) -> Result<(), Error> {
        let counted = self.taken_addresses.check_and_count(caller.as_bytes(), now);
        counted.map_err(too_many_taken)
    }
}

fn too_many_taken(TooOften { retry_after }: TooOften) -> Error {
    Error::TooMany {
        reason: "TOO_MANY_TAKEN_ADDRESSES",
        message: "you have named too many e-mail addresses that are taken; wait, and check the \
                  address"
            .to_owned(),
        retry_after: whole_seconds(retry_after),
    }
}

fn too_many(TooOften { retry_after }: TooOften) -> Error {
    Error::TooMany {
        reason: "TOO_MANY_LOGINS",
        message: "too many logins have failed; wait, and check the password".to_owned(),
        retry_after: whole_seconds(retry_after),
    }
}

/// `Retry-After` knows no fractions.
fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}
