//! The client: one call, from the choice of an endpoint to the reply.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, Version, request};
use http_body_util::BodyExt as _;
use rustls::pki_types::ServerName;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_rustls::TlsConnector;

use crate::body::{AttemptBody, Body, Outgoing};
use crate::config::Config;
use crate::connect::Target;
use crate::endpoint::{Endpoint, Lease};
use crate::error::{Cause, SharedError};
use crate::http1::AbortOnDrop;
use crate::pool::{Failure, Stage, Taken};
use crate::reply::{RawBody, ReplyBody, Source};
use crate::retry::{self, Budget};
use crate::supervise::supervise;
use crate::{BoxError, Error, SendError, SendErrorKind, balance, coding, tls};

/// In the extensions of a request: when the call ends. It bounds all attempts
/// together and the body of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub Instant);

/// In the extensions of a request: counts how often it was sent. 0 means never.
#[derive(Clone, Debug, Default)]
pub struct Attempts(pub Arc<AtomicU32>);

/// A client of an HTTP API. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

pub(crate) struct Inner {
    pub(crate) config: Arc<Config>,
    pub(crate) bases: Vec<Arc<Base>>,
    tls: Option<TlsConnector>,
    known: watch::Sender<Known>,
    reachable: watch::Sender<bool>,
    budget: Budget,
    supervisor: OnceLock<AbortOnDrop>,
}

/// An endpoint as it was given: by name, or by address.
pub(crate) struct Base {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// What has to be resolved.
    pub(crate) name: Option<(String, u16)>,
}

/// The endpoints that are known.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    /// Why a name has no address, while there is no endpoint at all.
    error: Option<Arc<BoxError>>,
}

impl Client {
    /// A new client without connections, for an API at the given bases, which
    /// have the same path. An `https` base has to have a certificate that one of
    /// [`Config::roots`] vouches for; without any, those count that the system
    /// trusts.
    ///
    /// The path of a request is sent as it is, that of the bases included; its
    /// scheme and authority become those of the endpoint.
    ///
    /// # Errors
    ///
    /// Fails where there is no base, a base cannot be used, the paths differ, a
    /// bound makes no sense, there are roots for bases that need none, the
    /// system's certificates are needed and cannot be read, or there is no tokio
    /// runtime to watch the endpoints in.
    pub fn new(endpoints: &[Uri], config: Config) -> Result<Self, Error> {
        config.check()?;
        let runtime = tokio::runtime::Handle::try_current().map_err(Error::NoRuntime)?;
        let first = endpoints.first().ok_or(Error::NoEndpoints)?;
        let mut bases: Vec<Arc<Base>> = Vec::with_capacity(endpoints.len());
        for uri in endpoints {
            if uri.path().trim_end_matches('/') != first.path().trim_end_matches('/') {
                return Err(Error::Base {
                    url: uri.to_string(),
                    reason: "has another path than the first upstream",
                });
            }
            let base = Base::new(uri)?;
            let is_known = bases
                .iter()
                .any(|it| it.authority == base.authority && it.scheme == base.scheme);
            if !is_known {
                bases.push(Arc::new(base));
            }
        }
        let tls = if bases.iter().any(|base| base.scheme == Scheme::HTTPS) {
            Some(tls::connector(&config)?)
        } else if config.roots.is_some() {
            return Err(Error::Base {
                url: first.to_string(),
                reason: "is not https, so there is no certificate to check",
            });
        } else {
            None
        };
        let inner = Arc::new(Inner {
            budget: Budget::new(&config),
            config: Arc::new(config),
            bases,
            tls,
            known: watch::Sender::default(),
            reachable: watch::Sender::new(true),
            supervisor: OnceLock::new(),
        });
        for base in &inner.bases {
            if base.name.is_none() {
                let address = base.address()?;
                inner.check_name(base)?;
                inner.update(base, &[address]);
            }
        }
        let _guard = runtime.enter();
        let supervisor = AbortOnDrop::spawn(supervise(Arc::downgrade(&inner)));
        let _ = inner.supervisor.set(supervisor);
        Ok(Self(inner))
    }

    /// Sends a request, and returns its reply when the head of it has arrived.
    ///
    /// A [`Deadline`] in the request's extensions bounds all attempts together,
    /// else [`Config::timeout`] does. Dropping the future ends the call at once.
    ///
    /// # Errors
    ///
    /// The [kind](SendError::kind) of the error says whether the request may
    /// have been carried out. It is that of the last attempt.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<ReplyBody>, SendError> {
        self.0.send(request).await
    }

    /// Whether any endpoint answers: false once none can be connected to, or all
    /// close their connections without a reply. In that state endpoints are
    /// tried every [`Config::probe_interval`]. Before anything is known it is
    /// true; endpoints that no request has gone to are tried after that interval.
    pub fn reachable(&self) -> watch::Receiver<bool> {
        self.0.reachable.subscribe()
    }
}

impl tower::Service<Request<Body>> for Client {
    type Response = Response<ReplyBody>;
    type Error = SendError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ReplyBody>, SendError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.send(request).await })
    }
}

impl Base {
    fn new(uri: &Uri) -> Result<Self, Error> {
        let refuse = |reason| Error::Base {
            url: uri.to_string(),
            reason,
        };
        let scheme = uri.scheme().ok_or_else(|| refuse("has no scheme"))?;
        let default_port = if *scheme == Scheme::HTTPS {
            443
        } else if *scheme == Scheme::HTTP {
            80
        } else {
            return Err(refuse("is neither http nor https"));
        };
        let authority = uri.authority().ok_or_else(|| refuse("has no host"))?;
        // Credentials in a URL have no place in the Host of a request.
        if authority.as_str().contains('@') {
            return Err(refuse("has credentials in it"));
        }
        let host = host(authority);
        let port = authority.port_u16().unwrap_or(default_port);
        let is_address = host.parse::<IpAddr>().is_ok();
        Ok(Self {
            scheme: scheme.clone(),
            authority: authority.clone(),
            name: (!is_address).then(|| (host.to_owned(), port)),
        })
    }

    /// The address, if that is what was given.
    fn address(&self) -> Result<SocketAddr, Error> {
        let port = if self.scheme == Scheme::HTTPS {
            443
        } else {
            80
        };
        let port = self.authority.port_u16().unwrap_or(port);
        match host(&self.authority).parse::<IpAddr>() {
            Ok(address) => Ok(SocketAddr::new(address, port)),
            Err(_) => Err(self.refuse("is no address")),
        }
    }

    fn refuse(&self, reason: &'static str) -> Error {
        Error::Base {
            url: format!("{}://{}", self.scheme, self.authority),
            reason,
        }
    }
}

/// The host of an authority, without the brackets of an IPv6 address.
fn host(authority: &Authority) -> &str {
    authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']')
}

impl Inner {
    pub(crate) fn has_names(&self) -> bool {
        self.bases.iter().any(|base| base.name.is_some())
    }

    pub(crate) fn known(&self) -> watch::Ref<'_, Known> {
        self.known.borrow()
    }

    fn check_name(&self, base: &Base) -> Result<(), Error> {
        if base.scheme == Scheme::HTTPS && ServerName::try_from(host(&base.authority)).is_err() {
            return Err(base.refuse("has a host that no certificate can have"));
        }
        debug_assert!(base.scheme == Scheme::HTTP || self.tls.is_some());
        Ok(())
    }

    /// Replaces the addresses of one base.
    pub(crate) fn update(&self, base: &Arc<Base>, addresses: &[SocketAddr]) {
        let make = |address| {
            let name = ServerName::try_from(host(&base.authority)).ok();
            let tls = match &self.tls {
                Some(tls) if base.scheme == Scheme::HTTPS => {
                    name.map(|name| (tls.clone(), name.to_owned()))
                }
                _ => None,
            };
            let config = Arc::clone(&self.config);
            let target = Target {
                address,
                tls,
                config,
            };
            Endpoint::new(base.scheme.clone(), base.authority.clone(), target)
        };
        self.known.send_modify(|known| {
            known.endpoints = known.with(base, addresses, make);
            known.error = None;
        });
        self.note_reachability();
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

    /// Whether there is another endpoint that is not ejected.
    pub(crate) fn has_other_than(&self, endpoint: &Arc<Endpoint>) -> bool {
        let known = self.known();
        let mut endpoints = known.endpoints.iter();
        endpoints.any(|other| !Arc::ptr_eq(other, endpoint) && other.health().is_free())
    }

    /// Tells whether any endpoint answers.
    pub(crate) fn note_reachability(&self) {
        let known = self.known();
        let reachable = if known.endpoints.is_empty() {
            known.error.is_none()
        } else {
            let mut endpoints = known.endpoints.iter();
            endpoints.any(|endpoint| !endpoint.health().is_silent(&self.config))
        };
        drop(known);
        self.reachable.send_if_modified(|was| {
            let changed = *was != reachable;
            *was = reachable;
            changed
        });
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<ReplyBody>, SendError> {
        let (head, body) = request.into_parts();
        let deadline = head.extensions.get().map(|Deadline(at)| *at);
        let now = Instant::now();
        let ends = deadline.or_else(|| now.checked_add(self.config.timeout));
        let call = Call {
            client: self,
            attempts: head.extensions.get().cloned().unwrap_or_default(),
            template: Template::new(head, &body, &self.config),
            body: Outgoing::new(body),
            deadline,
            ends: ends.unwrap_or(now),
            is_under_way: AtomicBool::new(false),
        };
        self.budget.deposit();
        match timeout_at(call.ends, call.run()).await {
            Ok(outcome) => outcome,
            Err(_) if call.is_under_way.load(Ordering::Acquire) => Err(SendError::new(
                SendErrorKind::PerhapsCarriedOut,
                Cause::Deadline,
            )),
            Err(_) => Err(SendError::new(SendErrorKind::NeverSent, Cause::Deadline)),
        }
    }

    /// The endpoints, once there are any.
    async fn endpoints(&self) -> Result<Vec<Arc<Endpoint>>, Failure> {
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
            .map_err(|_| Cause::Ended.unsent())?;
        match &known.error {
            Some(error) if known.endpoints.is_empty() => Err(Failure {
                stage: Stage::Connect,
                ..Failure::unsent(SharedError(Arc::clone(error)), false)
            }),
            _ => Ok(known.endpoints.clone()),
        }
    }
}

/// What every attempt of a call sends, but for the body.
struct Template {
    method: Method,
    path: PathAndQuery,
    headers: http::HeaderMap,
}

impl Template {
    fn new(head: request::Parts, body: &Body, config: &Config) -> Self {
        let mut headers = head.headers;
        // These belong to one connection, and HTTP/2 has no place for them.
        for name in [CONNECTION, TRANSFER_ENCODING, UPGRADE, HOST, TE] {
            headers.remove(name);
        }
        for name in ["keep-alive", "proxy-connection", "http2-settings"] {
            headers.remove(name);
        }
        let length = body.length();
        // RFC 9110 §8.6: who sends no content says so, where it could be expected.
        let tells_none = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
        match length {
            Some(0) if !tells_none => {
                headers.remove(CONTENT_LENGTH);
            }
            Some(length) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            None => {}
        }
        if config.decode && !headers.contains_key(ACCEPT_ENCODING) {
            headers.insert(ACCEPT_ENCODING, coding::OFFERED);
        }
        let path = head.uri.path_and_query().cloned();
        Self {
            method: head.method,
            path: path.unwrap_or_else(|| PathAndQuery::from_static("/")),
            headers,
        }
    }
}

/// One call, with all its attempts.
struct Call<'a> {
    client: &'a Inner,
    template: Template,
    body: Outgoing,
    attempts: Attempts,
    deadline: Option<Instant>,
    ends: Instant,
    /// Whether an attempt is under way that may be carried out.
    is_under_way: AtomicBool,
}

/// What comes after an attempt that is repeated.
struct Again {
    pause: Duration,
}

impl Call<'_> {
    async fn run(&self) -> Result<Response<ReplyBody>, SendError> {
        let config = &*self.client.config;
        let mut tried: Vec<Arc<Endpoint>> = Vec::new();
        let mut retries = 0;
        let mut stale = 0;
        let mut avoided = None;
        loop {
            let endpoints = self.client.endpoints().await.map_err(|it| it.error)?;
            let Some(mut lease) = balance::choose(&endpoints, &tried, self.deadline) else {
                return Err(Cause::AllOpen.into());
            };
            let endpoint = Arc::clone(&lease.endpoint);
            let outcome = self.attempt(&endpoint, avoided, stale > 1).await;
            self.note(&mut lease, &outcome);
            match outcome {
                Ok((head, source)) => {
                    let body = RawBody::new(source, lease, self.deadline);
                    match self.again_after(&head, retries) {
                        Some(again) => {
                            self.pause(again, Some(body)).await;
                        }
                        None => return coding::decode(Response::from_parts(head, body), config),
                    }
                }
                // A connection that had been idle was gone. The next one may be
                // too, but not a fresh one.
                Err(failure)
                    if failure.stage == Stage::Stale
                        && self.body.can_be_sent()
                        && stale < STALE_CONNECTIONS =>
                {
                    stale += 1;
                    continue;
                }
                Err(failure) => {
                    avoided = failure.refused_by.or(avoided);
                    let has_others = endpoints.iter().any(|it| {
                        !Arc::ptr_eq(it, &endpoint) && !tried.iter().any(|t| Arc::ptr_eq(t, it))
                    });
                    drop(lease);
                    match self.again_after_failure(&failure, retries, has_others) {
                        Some(again) => self.pause(again, None).await,
                        None => return Err(failure.error),
                    }
                }
            }
            retries += 1;
            tried.push(endpoint);
        }
    }

    /// Notes the outcome of an attempt.
    fn note(&self, lease: &mut Lease, outcome: &Result<(http::response::Parts, Source), Failure>) {
        match outcome {
            Ok((head, _)) => {
                lease.answered(head.status);
                if !*self.client.reachable.borrow() {
                    self.client.note_reachability();
                }
            }
            Err(failure) => {
                lease.failed(failure);
                if failure.error.kind == SendErrorKind::NeverSent {
                    self.is_under_way.store(false, Ordering::Release);
                }
                self.client.note_reachability();
            }
        }
    }

    /// Sends the request once.
    async fn attempt(
        &self,
        endpoint: &Arc<Endpoint>,
        avoided: Option<u64>,
        fresh: bool,
    ) -> Result<(http::response::Parts, Source), Failure> {
        let taken = endpoint
            .pool()
            .take(endpoint.target(), avoided, fresh)
            .await?;
        self.attempts.0.fetch_add(1, Ordering::AcqRel);
        self.is_under_way.store(true, Ordering::Release);
        let sent = match taken {
            Taken::Http1(connection) => {
                let request = self.request(endpoint, Version::HTTP_11);
                let sent = connection.send(endpoint, request).await;
                sent.map(|response| {
                    let (head, body) = response.into_parts();
                    (head, Source::Http1(body))
                })
            }
            Taken::Http2(connection, slot) => {
                let request = self.request(endpoint, Version::HTTP_2);
                let sent = connection.send(slot, request).await;
                sent.map(|response| {
                    let (head, body) = response.into_parts();
                    (head, Source::Http2(body))
                })
            }
        };
        if let Err(failure) = &sent
            && failure.stage == Stage::Stale
        {
            // It was no attempt: not one byte left.
            self.attempts.0.fetch_sub(1, Ordering::AcqRel);
        }
        sent
    }

    /// The request as it goes to an endpoint, with the time that is left now.
    fn request(&self, endpoint: &Endpoint, version: Version) -> Request<AttemptBody> {
        let mut request = Request::new(self.body.attempt());
        *request.method_mut() = self.template.method.clone();
        *request.version_mut() = version;
        *request.headers_mut() = self.template.headers.clone();
        let mut uri = http::uri::Parts::default();
        uri.path_and_query = Some(self.template.path.clone());
        if version == Version::HTTP_2 {
            uri.scheme = Some(endpoint.scheme.clone());
            uri.authority = Some(endpoint.authority.clone());
        } else if let Ok(host) = HeaderValue::from_str(endpoint.authority.as_str()) {
            request.headers_mut().insert(HOST, host);
        }
        // A path alone, and all three together, are always a URI.
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        if let (Some(name), Some(deadline)) = (&self.client.config.deadline_header, self.deadline) {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            request
                .headers_mut()
                .insert(HeaderName::clone(name), HeaderValue::from(left));
        }
        request
    }

    /// Whether the request is repeated after this answer.
    fn again_after(&self, head: &http::response::Parts, retries: u32) -> Option<Again> {
        let config = &self.client.config;
        if retries >= config.max_retries
            || !retry::is_idempotent(&self.template.method)
            || !self.body.can_be_sent()
        {
            return None;
        }
        let pause = retry::pause_after(head.status, &head.headers, config, retries)?;
        self.fits(pause).then_some(())?;
        self.client.budget.withdraw().then_some(Again { pause })
    }

    /// Whether the request is repeated after this failure.
    fn again_after_failure(
        &self,
        failure: &Failure,
        retries: u32,
        has_others: bool,
    ) -> Option<Again> {
        let config = &self.client.config;
        if retries >= config.max_retries || !self.body.can_be_sent() {
            return None;
        }
        let is_free = match failure.error.kind {
            // Nobody has had it, so it costs nobody anything, once.
            SendErrorKind::NeverSent => retries == 0 || has_others,
            // Another endpoint may have another certificate.
            SendErrorKind::Untrusted if has_others => true,
            SendErrorKind::PerhapsCarriedOut if retry::is_idempotent(&self.template.method) => {
                false
            }
            _ => return None,
        };
        let pause = if is_free && (has_others || failure.refused_by.is_some()) {
            Duration::ZERO
        } else {
            retry::pause(config, retries)
        };
        self.fits(pause).then_some(())?;
        (is_free || self.client.budget.withdraw()).then_some(Again { pause })
    }

    fn fits(&self, pause: Duration) -> bool {
        Instant::now() + pause < self.ends
    }

    /// Waits. Meanwhile what is left of an answer is read, so that its
    /// connection can be used again.
    async fn pause(&self, again: Again, body: Option<RawBody>) {
        let until = Instant::now() + again.pause;
        if let Some(mut body) = body {
            let mut left = DISCARDED;
            let discard = async {
                while let Some(Ok(frame)) = body.frame().await {
                    left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len));
                    if left == 0 {
                        break;
                    }
                }
            };
            let _ = timeout_at(until, discard).await;
        }
        if !again.pause.is_zero() {
            sleep_until(until).await;
        }
    }
}

/// After how many connections that were gone the request fails.
const STALE_CONNECTIONS: u32 = 3;

/// How much of an answer is read that nobody sees, in bytes.
const DISCARDED: usize = 64 * 1024;
