//! Sends spans to a collector, as OTLP over HTTP in the encoding of protobuf.
//!
//! One task sends one batch at a time. Whoever ends a call hands its span to a queue of
//! a fixed length and never waits; what the queue has no room for is dropped and counted.
//! A batch that could not be delivered is sent again a few times, as the specification of
//! OTLP has it, and is then dropped too, so that what comes later is not older than it
//! need be.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use prost::Message as _;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use trace::Span;

use super::otlp;
use super::queue::{Counts, Dropped, Queue};
use crate::registry::Registry;

/// How many spans are sent at once.
const MAX_BATCH: usize = 512;

/// How often a batch is sent before it is dropped.
const ATTEMPTS: u32 = 8;

/// The pause behind the first failure. It doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause, however long the collector asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How much of a reply is read, in bytes.
const MAX_REPLY: usize = 64 << 10;

/// Where spans go, and within what bounds.
#[derive(Debug)]
pub struct ExporterConfig {
    /// The URL that they are sent to.
    pub endpoint: Uri,
    /// Fields that are sent with them, such as a token.
    pub headers: HeaderMap,
    /// How the collector is reached.
    pub client: ::upstream::Config,
    /// How many spans may wait. 2048.
    pub queue: usize,
    /// How long a span waits at most until a batch with it is sent. 5 s.
    pub interval: Duration,
    /// How long a request to the collector may take. 10 s.
    pub timeout: Duration,
    /// What this process is called, in the sense of `service.name`.
    pub service: String,
    /// Its version.
    pub version: &'static str,
}

impl ExporterConfig {
    /// Spans go to this URL, within the defaults.
    pub fn new(endpoint: Uri, service: String, version: &'static str) -> Self {
        Self {
            endpoint,
            headers: HeaderMap::new(),
            client: ::upstream::Config::default(),
            queue: 2048,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            service,
            version,
        }
    }
}

/// Why no spans can be exported.
#[derive(Debug)]
pub struct StartError(pub ::upstream::Error);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the collector of traces cannot be used")
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Sends spans to a collector until it is stopped or dropped.
pub struct Exporter {
    queue: Queue,
    /// When it has to be done.
    ends: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Exporter {
    /// Starts to send, and adds to the registry what becomes of spans.
    ///
    /// # Errors
    ///
    /// Fails where the collector cannot be reached that way at all, as when a file of
    /// certificates cannot be used. That it does not answer is no error.
    pub fn start(config: ExporterConfig, registry: &Registry) -> Result<Self, StartError> {
        let client = ::upstream::Config {
            // What cannot be delivered is kept and sent again here.
            max_retries: 0,
            probe_interval: LONGEST_PAUSE,
            ..config.client
        };
        let client = ::upstream::Client::new(std::slice::from_ref(&config.endpoint), client);
        let client = client.map_err(StartError)?;
        let (queue, spans, counts) = Queue::new(config.queue);
        queue.register(registry);
        let (ends, told) = watch::channel(None);
        let instance = format!("{:032x}", fastrand::u128(..));
        let task = Task {
            client,
            target: config.endpoint,
            headers: headers(config.headers, config.version),
            interval: config.interval,
            timeout: config.timeout,
            resource: otlp::Resource {
                attributes: vec![
                    otlp::text("service.name", &config.service),
                    otlp::text("service.version", config.version),
                    otlp::text("service.instance.id", &instance),
                ],
            },
            scope: otlp::Scope {
                name: "web1on1".to_owned(),
                version: config.version.to_owned(),
            },
            spans,
            counts,
            ends: told,
            is_failing: false,
        };
        Ok(Self {
            queue,
            ends,
            task: tokio::spawn(task.run()),
        })
    }

    /// What takes spans. It never waits.
    pub fn sink(&self) -> impl Fn(Span) + Send + Sync + 'static {
        let queue = self.queue.clone();
        move |span| queue.take(span)
    }

    /// Sends what still waits, within this time, and ends.
    pub async fn stop(mut self, within: Duration) {
        let ends = Instant::now() + within;
        self.ends.send_replace(Some(ends));
        // It keeps to the time itself, but for an encoding that is under way.
        if timeout_at(ends + Duration::from_secs(1), &mut self.task)
            .await
            .is_err()
        {
            tracing::warn!("the spans that were left could not be sent in time");
        }
    }
}

/// The fields of every request.
fn headers(mut given: HeaderMap, version: &str) -> HeaderMap {
    for value in given.values_mut() {
        value.set_sensitive(true);
    }
    given.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    if let Ok(agent) = HeaderValue::try_from(format!("web1on1/{version}")) {
        given.entry(USER_AGENT).or_insert(agent);
    }
    given
}

/// What sends.
struct Task {
    client: ::upstream::Client,
    target: Uri,
    headers: HeaderMap,
    interval: Duration,
    timeout: Duration,
    resource: otlp::Resource,
    scope: otlp::Scope,
    spans: Receiver<Span>,
    counts: Arc<Counts>,
    ends: watch::Receiver<Option<Instant>>,
    /// Whether the last request has failed, which was said then.
    is_failing: bool,
}

/// What a request came to.
enum Sent {
    /// The collector has it, but for so many spans that it does not take.
    Taken { rejected: u64 },
    /// The collector will never take it.
    Refused(StatusCode),
    /// It may go better later; the collector may have said when.
    Failed { retry_after: Option<Duration> },
}

impl Task {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while self.fill(&mut batch).await {
            self.deliver(std::mem::take(&mut batch)).await;
        }
        // What comes after this is counted as dropped.
        self.spans.close();
        loop {
            while batch.len() < MAX_BATCH
                && let Ok(span) = self.spans.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                return;
            }
            self.deliver(std::mem::take(&mut batch)).await;
        }
    }

    /// Waits for a batch. Returns false where it is time to end.
    async fn fill(&mut self, batch: &mut Vec<Span>) -> bool {
        if self.ends.borrow().is_some() {
            return false;
        }
        let spans = &mut self.spans;
        tokio::select! {
            // Whoever stops it keeps the other end, so there is no error.
            _ = self.ends.changed() => return false,
            received = spans.recv_many(batch, MAX_BATCH) => if received == 0 { return false },
        }
        let full = async {
            while batch.len() < MAX_BATCH {
                let room = MAX_BATCH - batch.len();
                if spans.recv_many(batch, room).await == 0 {
                    return;
                }
            }
        };
        tokio::select! {
            _ = self.ends.changed() => false,
            () = sleep(self.interval) => true,
            () = full => true,
        }
    }

    /// Sends a batch, again if need be, or drops it.
    async fn deliver(&mut self, batch: Vec<Span>) {
        let count = batch.len() as u64;
        let request = otlp::request(&self.resource, &self.scope, batch);
        let body = Bytes::from(request.encode_to_vec());
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=ATTEMPTS {
            match self.send(body.clone()).await {
                Sent::Taken { rejected } => {
                    let rejected = rejected.min(count);
                    self.counts.exported(count - rejected);
                    self.counts.dropped(rejected, Dropped::Refused);
                    if std::mem::take(&mut self.is_failing) {
                        let dropped = self.counts.all_dropped();
                        tracing::info!(dropped, "the collector of traces takes spans again");
                    }
                    return;
                }
                Sent::Refused(status) => {
                    self.counts.failed();
                    self.counts.dropped(count, Dropped::Refused);
                    self.told(|| {
                        let status = status.as_u16();
                        tracing::warn!(status, "the collector of traces refuses spans");
                    });
                    return;
                }
                Sent::Failed { retry_after } => {
                    self.counts.failed();
                    let pause_now = retry_after.unwrap_or(pause).min(LONGEST_PAUSE);
                    if attempt == ATTEMPTS || !self.pause(pause_now).await {
                        break;
                    }
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
            }
        }
        self.counts.dropped(count, Dropped::Unreachable);
    }

    /// Says that sending fails, unless that was said and has not changed.
    fn told(&mut self, tell: impl FnOnce()) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tell();
        }
    }

    /// Waits until the batch is sent again. Returns false where there is no time for it:
    /// who stops has no use for a collector that is away.
    async fn pause(&mut self, pause: Duration) -> bool {
        if self.ends.borrow().is_some() {
            return false;
        }
        tokio::select! {
            () = sleep(pause) => true,
            // Once more, now.
            _ = self.ends.changed() => true,
        }
    }

    /// Sends a batch once.
    async fn send(&mut self, body: Bytes) -> Sent {
        let deadline = Instant::now() + self.timeout;
        let mut ends = self.ends.clone();
        let stopped = async {
            let ends = ends.wait_for(Option::is_some).await.map(|ends| *ends);
            match ends {
                Ok(Some(ends)) => sleep_until(ends).await,
                // It is dropped, which ends the task.
                _ => std::future::pending().await,
            }
        };
        let exchange = timeout_at(deadline, self.exchange(body, deadline));
        let outcome = tokio::select! {
            outcome = exchange => outcome,
            () = stopped => return Sent::Failed { retry_after: None },
        };
        match outcome {
            Ok(Ok(sent)) => sent,
            Ok(Err(error)) => {
                self.told(|| {
                    let error = chain(&error);
                    tracing::warn!(error, "spans cannot be sent to the collector of traces");
                });
                Sent::Failed { retry_after: None }
            }
            Err(_) => {
                self.told(|| tracing::warn!("the collector of traces does not answer in time"));
                Sent::Failed { retry_after: None }
            }
        }
    }

    async fn exchange(
        &self,
        body: Bytes,
        deadline: Instant,
    ) -> Result<Sent, ::upstream::SendError> {
        let mut request = Request::new(::upstream::Body::Whole(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target.clone();
        *request.headers_mut() = self.headers.clone();
        request.extensions_mut().insert(::upstream::Options {
            deadline: Some(deadline),
            drops_at_deadline: true,
            ..::upstream::Options::default()
        });
        let response = self.client.send(request).await?;
        let status = response.status();
        if status.is_success() {
            let body = Limited::new(response.into_body(), MAX_REPLY)
                .collect()
                .await;
            // A collector that has answered with success has the spans, whatever it says.
            let reply = body.ok().map(http_body_util::Collected::to_bytes);
            let reply = reply.and_then(|bytes| otlp::Response::decode(bytes).ok());
            let partial = reply.and_then(|reply| reply.partial_success);
            let rejected = partial.map_or(0, |partial| partial.rejected_spans);
            return Ok(Sent::Taken {
                rejected: u64::try_from(rejected).unwrap_or_default(),
            });
        }
        // Those that the specification of OTLP says to repeat.
        if matches!(status.as_u16(), 429 | 502 | 503 | 504) {
            let retry_after = response.headers().get(RETRY_AFTER);
            let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
            return Ok(Sent::Failed {
                retry_after: seconds.map(Duration::from_secs),
            });
        }
        Ok(Sent::Refused(status))
    }
}

/// An error with what it follows from.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
