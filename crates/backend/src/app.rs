//! What every request is served from.

use std::hash::RandomState;
use std::net::IpAddr;

use contract::id::ObjectId;
use contract::timestamp::Timestamp;
use http::HeaderValue;
use ipnet::IpNet;
use trace::Tracer;

use crate::base_url::BaseUrls;
use crate::blocking::Pool;
use crate::clock::Clock;
use crate::error::Error;
use crate::files::Files;
use crate::ids::Ids;
use crate::keys::KeyRing;
use crate::logins::Logins;
use crate::observer::Observers;
use crate::pages::Pages;
use crate::password::Hasher;
use crate::store::Store;
use crate::uploads::Uploads;
use crate::usage::OpenCounts;

/// What every request is served from.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) hasher: Hasher,
    pub(crate) logins: Logins,
    /// The proxies whose `X-Forwarded-…` headers are believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The origins whose pages may call the API.
    pub(crate) cors_origins: Vec<HeaderValue>,
    /// What is served beside the API.
    pub(crate) pages: Option<Pages>,
    /// Where pictures are kept, if not in the database.
    pub(crate) files: Option<Files>,
    /// What uploaded pictures are decoded in.
    pub(crate) decoders: Pool,
    pub(crate) uploads: Uploads,
    /// Where clients reach the backend.
    pub(crate) base_urls: BaseUrls,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// Who is told of what happens.
    pub(crate) observers: Observers,
    /// Says where requests stand in their traces.
    pub(crate) tracer: Option<Tracer>,
    /// The key of the hashes that stand for users and tokens where they are not named.
    pub(crate) subjects: RandomState,
    pub(crate) open: OpenCounts,
}

impl App {
    /// Returns whether what the sender of a request forwards is believed: one in this
    /// process, which has no address, or a proxy that is trusted.
    pub(crate) fn believes(&self, peer: Option<IpAddr>) -> bool {
        peer.is_none_or(|peer| self.is_proxy(peer))
    }

    /// Returns whether an address is that of a proxy that is trusted.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies
            .iter()
            .any(|proxies| proxies.contains(&address))
    }

    /// The present time, for a document.
    pub(crate) fn now(&self) -> Result<Timestamp, Error> {
        Timestamp::try_from(self.clock.now()).map_err(Error::internal)
    }

    /// An identifier for what is created now.
    pub(crate) fn next_id(&self) -> ObjectId {
        self.ids.next(self.clock.now())
    }
}
