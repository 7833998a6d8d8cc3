//! The endpoints of a client, and what they share.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, Scheme};
use rustls::pki_types::ServerName;
use tls::{ClientTls, Connector, H2, HTTP_1_1, Roots};
use tokio::sync::{Notify, watch};

use crate::config::{Config, Protocol};
use crate::connect::Target;
use crate::endpoint::Endpoint;
use crate::error::SharedError;
use crate::failure::{Failure, Stage};
use crate::health::Reachability;
use crate::retry::Budget;
use crate::{BoxError, Error};

/// The endpoints of a client, and what they share.
pub(crate) struct Fleet {
    pub(crate) config: Arc<Config>,
    pub(crate) bases: Vec<Arc<Base>>,
    pub(crate) budget: Budget,
    tls: Option<Connector>,
    known: watch::Sender<Known>,
    reachable: watch::Sender<bool>,
    /// Told when somebody wants to know whether any endpoint can be reached.
    asked: Notify,
}

/// An endpoint as it was given: by name, or by address.
pub(crate) struct Base {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) host: Host,
    /// What the certificate has to be for, over TLS.
    server_name: Option<ServerName<'static>>,
}

/// Where an endpoint is.
pub(crate) enum Host {
    Address(SocketAddr),
    /// To be resolved.
    Name(String, u16),
}

/// The endpoints that are known.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// Why a name has no address, while there is no endpoint at all.
    error: Option<Arc<BoxError>>,
}

impl Base {
    fn new(uri: &Uri, certified: Option<&ServerName<'static>>) -> Result<Self, Error> {
        let refuse = |reason| Error::Base {
            url: uri.to_string(),
            reason,
        };
        let scheme = uri.scheme().ok_or_else(|| refuse("has no scheme"))?;
        let is_https = *scheme == Scheme::HTTPS;
        if !is_https && *scheme != Scheme::HTTP {
            return Err(refuse("is neither http nor https"));
        }
        let authority = uri.authority().ok_or_else(|| refuse("has no host"))?;
        // Credentials in a URL have no place in the Host of a request.
        if authority.as_str().contains('@') {
            return Err(refuse("has credentials in it"));
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let port = authority
            .port_u16()
            .unwrap_or(if is_https { 443 } else { 80 });
        let server_name = match certified {
            _ if !is_https => None,
            Some(name) => Some(name.clone()),
            None => {
                let name = ServerName::try_from(host.to_owned());
                Some(name.map_err(|_| refuse("has a host that no certificate can be for"))?)
            }
        };
        Ok(Self {
            scheme: scheme.clone(),
            authority: authority.clone(),
            host: match host.parse::<IpAddr>() {
                Ok(address) => Host::Address(SocketAddr::new(address, port)),
                Err(_) => Host::Name(host.to_owned(), port),
            },
            server_name,
        })
    }

    fn is(&self, scheme: &Scheme, authority: &Authority) -> bool {
        self.scheme == *scheme && self.authority == *authority
    }
}

/// What secures the connections of a client.
fn connector(config: &Config) -> Result<Connector, Error> {
    let tls = ClientTls {
        roots: config.roots.clone(),
        certificate: config.certificate.clone(),
        reload_interval: config.reload_interval,
    };
    let protocols: &[&[u8]] = match config.protocol {
        Protocol::Auto => &[H2, HTTP_1_1],
        Protocol::Http1 => &[HTTP_1_1],
        Protocol::Http2 => &[H2],
    };
    Ok(Connector::open(tls, protocols)?)
}

/// What is wrong with a client that has settings of TLS and nothing to secure.
fn idle_setting(config: &Config) -> Option<&'static str> {
    if !matches!(config.roots, Roots::System) {
        return Some("is not https, so there is no certificate to check");
    }
    if config.certificate.is_some() {
        return Some("is not https, so there is nobody to show a certificate to");
    }
    let is_named = config.server_name.is_some();
    is_named.then_some("is not https, so there is no certificate to be for a name")
}

impl Fleet {
    pub(crate) fn tls_status(&self) -> Option<watch::Receiver<tls::Status>> {
        self.tls.as_ref().map(Connector::status)
    }

    pub(crate) async fn reload_tls(&self) -> Result<(), tls::Error> {
        match &self.tls {
            Some(connector) => connector.reload().await,
            None => Ok(()),
        }
    }

    pub(crate) fn new(uris: &[Uri], config: Config) -> Result<Self, Error> {
        config.check()?;
        let first = uris.first().ok_or(Error::NoEndpoints)?;
        let mut bases: Vec<Arc<Base>> = Vec::with_capacity(uris.len());
        for uri in uris {
            if uri.path().trim_end_matches('/') != first.path().trim_end_matches('/') {
                return Err(Error::Base {
                    url: uri.to_string(),
                    reason: "has another path than the first upstream",
                });
            }
            let base = Base::new(uri, config.server_name.as_ref())?;
            if !bases
                .iter()
                .any(|known| known.is(&base.scheme, &base.authority))
            {
                bases.push(Arc::new(base));
            }
        }
        let tls = if bases.iter().any(|base| base.server_name.is_some()) {
            Some(connector(&config)?)
        } else {
            if let Some(reason) = idle_setting(&config) {
                let url = first.to_string();
                return Err(Error::Base { url, reason });
            }
            None
        };
        let fleet = Self {
            budget: Budget::new(&config),
            config: Arc::new(config),
            bases,
            tls,
            known: watch::Sender::default(),
            reachable: watch::Sender::new(false),
            asked: Notify::new(),
        };
        for base in &fleet.bases {
            if let Host::Address(address) = base.host {
                fleet.update(base, &[address]);
            }
        }
        Ok(fleet)
    }

    pub(crate) fn known(&self) -> watch::Ref<'_, Known> {
        self.known.borrow()
    }

    pub(crate) fn reachable(&self) -> watch::Receiver<bool> {
        self.asked.notify_one();
        self.reachable.subscribe()
    }

    /// Waits until somebody wants to know whether any endpoint can be reached.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Tells when the addresses change.
    pub(crate) fn changes(&self) -> watch::Receiver<Known> {
        self.known.subscribe()
    }

    pub(crate) fn is_reachable(&self) -> bool {
        *self.reachable.borrow()
    }

    /// The endpoints, once there are any.
    pub(crate) async fn endpoints(&self) -> Result<Vec<Arc<Endpoint>>, Failure> {
        {
            let known = self.known();
            if !known.endpoints.is_empty() {
                return Ok(known.endpoints.clone());
            }
        }
        let mut receiver = self.known.subscribe();
        let known = receiver
            .wait_for(|known| !known.endpoints.is_empty() || known.error.is_some())
            .await
            .map_err(|error| Failure::unsent(error, false))?;
        match &known.error {
            Some(error) if known.endpoints.is_empty() => Err(Failure {
                stage: Stage::Connect,
                ..Failure::unsent(SharedError(Arc::clone(error)), false)
            }),
            _ => Ok(known.endpoints.clone()),
        }
    }

    /// Replaces the addresses of one base. Endpoints whose address has stayed
    /// are kept, with their connections and their record.
    pub(crate) fn update(&self, base: &Base, addresses: &[SocketAddr]) {
        let mut addresses = addresses.to_vec();
        addresses.sort_unstable();
        addresses.dedup();
        self.known.send_modify(|known| {
            let (own, mut endpoints): (Vec<_>, Vec<_>) = known
                .endpoints
                .drain(..)
                .partition(|endpoint| base.is(&endpoint.scheme, &endpoint.authority));
            endpoints.extend(addresses.iter().map(|address| {
                let kept = own.iter().find(|endpoint| endpoint.address() == *address);
                kept.map_or_else(|| Arc::new(self.endpoint(base, *address)), Arc::clone)
            }));
            known.endpoints = endpoints;
            known.error = None;
        });
        self.note_reachability();
    }

    fn endpoint(&self, base: &Base, address: SocketAddr) -> Endpoint {
        let target = Target {
            address,
            tls: self.tls.clone().zip(base.server_name.clone()),
            config: Arc::clone(&self.config),
        };
        Endpoint::new(base.scheme.clone(), base.authority.clone(), target)
    }

    /// Notes that a name has no address now. Those that it had are kept.
    pub(crate) fn unresolved(&self, base: &Base, error: BoxError) {
        tracing::warn!(%error, upstream = %base.authority, "the name cannot be resolved");
        self.known.send_modify(|known| {
            if known.endpoints.is_empty() {
                known.error = Some(Arc::new(error));
            }
        });
        self.note_reachability();
    }

    /// Returns whether there is another endpoint that is not ejected.
    pub(crate) fn has_other_than(&self, endpoint: &Arc<Endpoint>) -> bool {
        let known = self.known();
        let mut endpoints = known.endpoints.iter();
        endpoints.any(|other| !Arc::ptr_eq(other, endpoint) && other.health().is_free())
    }

    /// Tells whether any endpoint answers. New addresses take over what was known
    /// of the old ones until they have been tried.
    pub(crate) fn note_reachability(&self) {
        // Of two who look at once, the later one must not tell what is older.
        self.reachable.send_if_modified(|was| {
            let known = self.known();
            let reachable = if known.endpoints.is_empty() {
                *was && known.error.is_none()
            } else {
                let mut endpoints = known.endpoints.iter();
                endpoints.any(
                    |endpoint| match endpoint.health().reachability(&self.config) {
                        Reachability::Untried => *was,
                        Reachability::Reached => true,
                        Reachability::Silent => false,
                    },
                )
            };
            let changed = *was != reachable;
            *was = reachable;
            changed
        });
    }
}
