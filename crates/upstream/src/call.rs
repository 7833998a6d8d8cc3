//! One call, with all its attempts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::PathAndQuery;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, Version, request, response,
};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, sleep_until, timeout_at};
use trace::Recorder;

use crate::body::{AttemptBody, Outgoing};
use crate::config::Config;
use crate::endpoint::{Endpoint, Lease};
use crate::error::Cause;
use crate::failure::{ConnectionId, Failure, Stage};
use crate::fleet::Fleet;
use crate::pool::Taken;
use crate::raw_body::{RawBody, Source};
use crate::span::AttemptSpan;
use crate::{Body, Options, ReplyBody, SendError, SendErrorKind, balance, coding, http1, retry};

/// After how many connections that were gone the request fails.
const STALE_CONNECTIONS: u32 = 3;

/// How often a request is sent again that a busy HTTP/2 server did not take.
const REFUSALS: u32 = 50;

/// A server that has answered within this time goes on with its work.
const PROGRESS: Duration = Duration::from_secs(3);

/// Within what time a 408 on a connection that was used before is about the wait
/// before the request. One that is about the request comes later: the server has
/// to have waited for it, or the API worked on it.
const CROSSING: Duration = Duration::from_millis(500);

/// How much of an answer is read that nobody sees, in bytes.
const DISCARDED: usize = 64 * 1024;

/// Fields that belong to one connection. HTTP/2 has no place for them.
const OF_A_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HOST,
    TE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

fn is_among(endpoints: &[Arc<Endpoint>], endpoint: &Arc<Endpoint>) -> bool {
    endpoints.iter().any(|known| Arc::ptr_eq(known, endpoint))
}

/// Sends a request, if need be more than once.
pub(crate) async fn send(
    fleet: &Fleet,
    request: Request<Body>,
    options: Options,
) -> Result<Response<ReplyBody>, SendError> {
    let (head, body) = request.into_parts();
    let Options {
        deadline,
        drops_at_deadline,
        attempts,
        recorder,
    } = options;
    let call = Call {
        fleet,
        attempts,
        recorder,
        template: Template::new(head, &body, &fleet.config),
        body: Outgoing::new(body),
        deadline,
        watched: deadline.filter(|_| !drops_at_deadline),
        ends: deadline.unwrap_or_else(|| Instant::now() + fleet.config.timeout),
        perhaps_carried_out: AtomicBool::new(false),
    };
    fleet.budget.deposit();
    let outcome = if deadline.is_some() && drops_at_deadline {
        call.run().await
    } else {
        let outcome = timeout_at(call.ends, call.run()).await;
        outcome.unwrap_or_else(|_| Err(Cause::Deadline.into()))
    };
    outcome.map_err(|error| call.judge(error))
}

/// What every attempt of a call sends, but for the body.
struct Template {
    method: Method,
    path: PathAndQuery,
    headers: HeaderMap,
}

impl Template {
    fn new(head: request::Parts, body: &Body, config: &Config) -> Self {
        let mut headers = head.headers;
        if headers.keys().any(|name| OF_A_CONNECTION.contains(name)) {
            for name in OF_A_CONNECTION {
                headers.remove(name);
            }
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
    fleet: &'a Fleet,
    template: Template,
    body: Outgoing,
    attempts: Arc<AtomicU32>,
    recorder: Option<Recorder>,
    deadline: Option<Instant>,
    /// The deadline, if the reply has to watch it.
    watched: Option<Instant>,
    ends: Instant,
    /// Whether an attempt may have been carried out, or may yet be.
    perhaps_carried_out: AtomicBool,
}

impl Call<'_> {
    async fn run(&self) -> Result<Response<ReplyBody>, SendError> {
        let config = &*self.fleet.config;
        let mut tried: Vec<Arc<Endpoint>> = Vec::new();
        let mut retries = 0;
        let mut stale = 0;
        let mut refusals = 0;
        let mut avoided = None;
        loop {
            let endpoints = self
                .fleet
                .endpoints()
                .await
                .map_err(|failure| failure.error)?;
            let Some(mut lease) = balance::choose(&endpoints, &tried, self.ends) else {
                return Err(Cause::AllOpen.into());
            };
            let endpoint = Arc::clone(&lease.endpoint);
            let mut span =
                AttemptSpan::open(self.recorder.as_ref(), &self.template.method, &endpoint);
            span.resent(retries + refusals);
            let outcome = self
                .attempt(&mut lease, avoided, stale > 1, &mut span)
                .await;
            match outcome {
                Ok((mut head, source)) => {
                    span.answered(head.status);
                    let origin = lease.answered(head.status);
                    if !self.fleet.is_reachable() {
                        self.fleet.note_reachability();
                    }
                    head.extensions.insert(origin.clone());
                    let body = RawBody::new(source, lease, origin, self.watched, span);
                    let elsewhere = || balance::has_another(&endpoints, &tried, &endpoint);
                    match self.again_after(&head, retries, elsewhere) {
                        Some(pause) => self.pause(pause, Some(body)).await,
                        None => return coding::decode(Response::from_parts(head, body), config),
                    }
                }
                // A connection that had been idle was gone. The next one may be
                // too, but not a fresh one.
                Err(failure)
                    if matches!(failure.stage, Stage::Stale | Stage::GivenUp)
                        && self.body.can_be_sent()
                        && stale < STALE_CONNECTIONS =>
                {
                    stale += 1;
                    span.discard();
                    continue;
                }
                Err(failure) => {
                    span.failed(&failure.error);
                    drop(span);
                    lease.failed(&failure);
                    self.fleet.note_reachability();
                    avoided = failure.refused_by.or(avoided);
                    drop(lease);
                    if let Some(pause) = self.again_after_refusal(&failure, &endpoint, refusals) {
                        self.pause(pause, None).await;
                        refusals += 1;
                        continue;
                    }
                    let has_others = endpoints
                        .iter()
                        .any(|other| !Arc::ptr_eq(other, &endpoint) && !is_among(&tried, other));
                    match self.again_after_failure(&failure, retries, has_others) {
                        Some(pause) => self.pause(pause, None).await,
                        None => return Err(failure.error),
                    }
                }
            }
            retries += 1;
            tried.push(endpoint);
        }
    }

    /// What an error means for the request as a whole: that the last attempt was
    /// never sent does not say that none was.
    fn judge(&self, mut error: SendError) -> SendError {
        if error.kind == SendErrorKind::NeverSent
            && self.perhaps_carried_out.load(Ordering::Acquire)
        {
            error.kind = SendErrorKind::PerhapsCarriedOut;
        }
        error
    }

    /// Sends the request once.
    async fn attempt(
        &self,
        lease: &mut Lease,
        avoided: Option<ConnectionId>,
        fresh: bool,
        span: &mut AttemptSpan,
    ) -> Result<(response::Parts, Source), Failure> {
        let endpoint = Arc::clone(&lease.endpoint);
        let taken = endpoint
            .pool()
            .take(endpoint.target(), avoided, fresh)
            .await?;
        lease.connected();
        self.attempts.fetch_add(1, Ordering::AcqRel);
        let before = self.perhaps_carried_out.swap(true, Ordering::AcqRel);
        let traffic = Arc::clone(match &taken {
            Taken::Http1(connection) => connection.traffic(),
            Taken::Http2(connection, _) => connection.traffic(),
        });
        let sent = match taken {
            Taken::Http1(connection) => {
                let request = self.request(&endpoint, Version::HTTP_11, span);
                let (reused, began) = (connection.is_reused(), Instant::now());
                let sent = connection.send(&self.fleet.config, request).await;
                sent.and_then(|response| {
                    let (head, body) = response.into_parts();
                    let crosses = reused && began.elapsed() < CROSSING;
                    if crosses && http1::gives_up(&head) && self.body.can_be_sent() {
                        return Err(Failure::given_up());
                    }
                    Ok((head, Source::Http1(body)))
                })
            }
            Taken::Http2(connection, slot) => {
                let request = self.request(&endpoint, Version::HTTP_2, span);
                let sent = connection.send(slot, request).await;
                sent.map(|response| {
                    let (head, body) = response.into_parts();
                    (head, Source::Http2(body))
                })
            }
        };
        let sent = sent.map_err(|failure| {
            if traffic.is_certificate_refused() {
                failure.certificate_refused()
            } else {
                failure
            }
        });
        if let Err(failure) = &sent {
            if matches!(
                failure.error.kind,
                SendErrorKind::NeverSent | SendErrorKind::CertificateRefused
            ) {
                self.perhaps_carried_out.store(before, Ordering::Release);
            }
            if failure.stage == Stage::Stale {
                // It was no attempt: not one byte left.
                self.attempts.fetch_sub(1, Ordering::AcqRel);
            }
        }
        sent
    }

    /// The request as it goes to an endpoint, with the time that is left now.
    fn request(
        &self,
        endpoint: &Endpoint,
        version: Version,
        span: &mut AttemptSpan,
    ) -> Request<AttemptBody> {
        let mut request = Request::new(self.body.attempt());
        *request.method_mut() = self.template.method.clone();
        *request.version_mut() = version;
        *request.headers_mut() = self.template.headers.clone();
        span.sends(version, request.headers_mut());
        let mut uri = http::uri::Parts::default();
        uri.path_and_query = Some(self.template.path.clone());
        if version == Version::HTTP_2 {
            uri.scheme = Some(endpoint.scheme.clone());
            uri.authority = Some(endpoint.authority.clone());
        } else if let Some(host) = &endpoint.host {
            request.headers_mut().insert(HOST, host.clone());
        }
        // A path alone, and all three together, are always a URI.
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        if let (Some(name), Some(deadline)) = (&self.fleet.config.deadline_header, self.deadline) {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            request
                .headers_mut()
                .insert(HeaderName::clone(name), HeaderValue::from(left));
        }
        request
    }

    /// Returns how long to wait until the request is repeated after this answer, if
    /// it is. `elsewhere` says whether another endpoint may be asked, which has not
    /// said anything yet.
    fn again_after(
        &self,
        head: &response::Parts,
        retries: u32,
        elsewhere: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        let config = &self.fleet.config;
        if retries >= config.max_retries
            || !retry::is_idempotent(&self.template.method)
            || !self.body.can_be_sent()
            || !retry::may_pass(head.status)
        {
            return None;
        }
        let pause = retry::pause_after(head.status, &head.headers, config, retries)
            .filter(|pause| self.fits(*pause))
            .or_else(|| elsewhere().then_some(Duration::ZERO))?;
        self.fleet.budget.withdraw().then_some(pause)
    }

    /// Returns how long to wait until the request is repeated after this failure, if
    /// it is.
    fn again_after_failure(
        &self,
        failure: &Failure,
        retries: u32,
        has_others: bool,
    ) -> Option<Duration> {
        let config = &self.fleet.config;
        if retries >= config.max_retries || !self.body.can_be_sent() {
            return None;
        }
        let is_free = match failure.error.kind {
            // It has waited long enough, but others may have connections.
            SendErrorKind::NeverSent if failure.stage == Stage::NoRoom => {
                if !has_others {
                    return None;
                }
                true
            }
            // Nobody has had it, so it costs nobody anything, once.
            SendErrorKind::NeverSent => retries == 0 || has_others,
            // Another endpoint may have another certificate.
            SendErrorKind::Untrusted
            | SendErrorKind::CertificateRefused
            | SendErrorKind::HandshakeFailed
                if has_others =>
            {
                true
            }
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
        (is_free || self.fleet.budget.withdraw()).then_some(pause)
    }

    /// Returns how long to wait until a request is repeated that a connection did
    /// not take, if its server takes others.
    fn again_after_refusal(
        &self,
        failure: &Failure,
        endpoint: &Endpoint,
        refusals: u32,
    ) -> Option<Duration> {
        let config = &self.fleet.config;
        let is_refused = failure.refused_by.is_some()
            && config.max_retries > 0
            && refusals < REFUSALS
            && self.body.can_be_sent()
            && endpoint
                .health()
                .has_answered_within(PROGRESS, Instant::now());
        let pause = is_refused.then(|| retry::pause(config, refusals))?;
        self.fits(pause).then_some(pause)
    }

    fn fits(&self, pause: Duration) -> bool {
        Instant::now() + pause < self.ends
    }

    /// Waits. Meanwhile what is left of an answer is read, so that its
    /// connection can be used again.
    async fn pause(&self, pause: Duration, body: Option<RawBody>) {
        let until = Instant::now() + pause;
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
        if !pause.is_zero() {
            sleep_until(until).await;
        }
    }
}
