//! The one task that logs in, and what it has come to so far.
//!
//! All logins of a gateway are made here, one after the other: callers wait for the
//! same one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use transcode::Upstream;

use super::config::{LoginConfig, Proof};
use super::login::{self, Failed, Pair};
use super::secret::{self, Secret, SecretSource};

/// The pause before a second attempt. It doubles with each further one.
const PAUSE: Duration = Duration::from_millis(200);

/// A token that calls are made with.
#[derive(Debug)]
pub(super) struct Token {
    /// The value of `authorization`.
    pub(super) authorization: HeaderValue,
    /// Each login has a greater one.
    pub(super) generation: u64,
    /// When it is to be replaced, if that is known.
    due: Option<Instant>,
    /// When it is of no use any more, if that is known.
    expires: Option<Instant>,
}

/// What the logins have come to.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) token: Option<Arc<Token>>,
    /// Why the last login failed, if it did.
    pub(super) failure: Option<Failure>,
    /// The next login is made no earlier.
    pub(super) not_before: Instant,
}

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Refused,
    Unavailable,
}

/// What callers and the task tell each other.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: watch::Sender<State>,
    /// Somebody waits for a token.
    pub(super) wanted: Notify,
    /// The newest token that the upstream has refused; 0 if it has not.
    pub(super) refused: AtomicU64,
    pub(super) succeeded: AtomicU64,
    pub(super) failed: [AtomicU64; 2],
}

impl Shared {
    pub(super) fn new() -> Self {
        Self {
            state: watch::Sender::new(State {
                token: None,
                failure: None,
                not_before: Instant::now(),
            }),
            wanted: Notify::new(),
            refused: AtomicU64::new(0),
            succeeded: AtomicU64::new(0),
            failed: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    /// The token of a state, if calls can be made with it.
    pub(super) fn usable<'s>(&self, state: &'s State) -> Option<&'s Arc<Token>> {
        let token = state.token.as_ref()?;
        let is_refused = token.generation <= self.refused.load(Ordering::Acquire);
        let has_expired = token.expires.is_some_and(|at| at <= Instant::now());
        (!is_refused && !has_expired).then_some(token)
    }

    fn count(&self, failure: Failure) {
        self.failed[failure as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// The task that logs in.
pub(super) struct Session<U> {
    upstream: U,
    config: LoginConfig,
    shared: Arc<Shared>,
    /// The refresh token that the last login has brought, unless it was refused.
    refresh: Option<Secret>,
    /// The refresh token that the file had when it was last looked at.
    in_file: Option<Secret>,
    /// How many logins have failed since one did not.
    failures: u32,
    generation: u64,
}

impl<U: Upstream> Session<U> {
    pub(super) fn new(upstream: U, config: LoginConfig, shared: Arc<Shared>) -> Self {
        Self {
            upstream,
            config,
            shared,
            refresh: None,
            in_file: None,
            failures: 0,
            generation: 0,
        }
    }

    /// Logs in at once, before a token expires, and when somebody waits for one.
    pub(super) async fn run(mut self) {
        self.log_in().await;
        loop {
            let renewal = self.next_renewal();
            tokio::select! {
                () = self.shared.wanted.notified() => {}
                () = until(renewal) => {}
            }
            let now = Instant::now();
            let is_wanted = {
                let state = self.shared.state.borrow();
                let is_due = renewal.is_some_and(|at| at <= now);
                now >= state.not_before && (is_due || self.shared.usable(&state).is_none())
            };
            if is_wanted {
                self.log_in().await;
            }
        }
    }

    /// When the token is replaced without being asked, while it is of use.
    fn next_renewal(&self) -> Option<Instant> {
        let state = self.shared.state.borrow();
        let due = self.shared.usable(&state)?.due?;
        Some(due.max(state.not_before))
    }

    /// Makes a login, and tells everybody who waits for it.
    async fn log_in(&mut self) {
        let deadline = Instant::now() + self.config.timeout;
        let outcome = timeout_at(deadline, self.attempts(deadline)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Failed::unavailable("it took too long")));
        let now = Instant::now();
        match outcome {
            Ok(pair) => {
                self.failures = 0;
                self.generation += 1;
                self.shared.succeeded.fetch_add(1, Ordering::Relaxed);
                tracing::info!(lifetime = ?pair.lifetime, "the gateway has logged in upstream");
                let token = token(&pair, self.generation, now);
                let not_before = now + self.config.min_interval;
                self.keep(pair.refresh).await;
                self.shared.state.send_replace(State {
                    token: Some(Arc::new(token)),
                    failure: None,
                    not_before,
                });
            }
            Err(failed) => {
                self.failures += 1;
                let (failure, because, asked) = match failed {
                    Failed::Refused(status) => {
                        let because = format!("the upstream answered {status}");
                        (Failure::Refused, because, None)
                    }
                    Failed::Unavailable {
                        because,
                        retry_after,
                    } => (Failure::Unavailable, because, retry_after),
                };
                self.shared.count(failure);
                let pause = self.back_off(asked);
                tracing::warn!(
                    refused = failure == Failure::Refused,
                    because,
                    next_in = ?pause,
                    "the gateway could not log in upstream"
                );
                self.shared.state.send_modify(|state| {
                    state.failure = Some(failure);
                    state.not_before = now + pause;
                });
            }
        }
    }

    /// How long no login is made after so many failures.
    fn back_off(&self, asked: Option<Duration>) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(16);
        let pause = self.config.back_off.saturating_mul(1 << doublings);
        let pause = pause.max(asked.unwrap_or_default());
        // Gateways that started together do not come back together.
        let jitter = 0.75 + fastrand::f64() / 4.0;
        pause.min(self.config.max_back_off).mul_f64(jitter)
    }

    /// Tries until the upstream gives out tokens or refuses to.
    async fn attempts(&mut self, deadline: Instant) -> Result<Pair, Failed> {
        let mut pause = PAUSE;
        for _ in 1..self.config.attempts {
            match self.attempt(deadline).await {
                // Who says when to come back is not asked before.
                Err(Failed::Unavailable {
                    retry_after: None, ..
                }) => {}
                done => return done,
            }
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause *= 2;
        }
        self.attempt(deadline).await
    }

    async fn attempt(&mut self, deadline: Instant) -> Result<Pair, Failed> {
        match self.config.proof.clone() {
            Proof::Password { email, password } => {
                if let Some(refresh) = self.refresh.clone() {
                    let renewed = self.exchange(login::Proof::RefreshToken(&refresh), deadline);
                    match renewed.await {
                        // The login that it is of has ended, so it takes a new one.
                        Err(Failed::Refused(_)) => self.refresh = None,
                        done => return done,
                    }
                }
                let password = read(password).await?;
                let proof = login::Proof::Password {
                    email: &email,
                    password: &password,
                };
                self.exchange(proof, deadline).await
            }
            Proof::RefreshToken(source) => {
                let given = read(source).await?;
                // Somebody may have put another one into the file.
                if self.in_file.as_ref() != Some(&given) {
                    self.in_file = Some(given.clone());
                    self.refresh = None;
                }
                let refresh = self.refresh.clone().unwrap_or(given);
                self.exchange(login::Proof::RefreshToken(&refresh), deadline)
                    .await
            }
        }
    }

    async fn exchange(&self, proof: login::Proof<'_>, deadline: Instant) -> Result<Pair, Failed> {
        login::log_in(&self.upstream, &self.config.target, proof, deadline).await
    }

    /// Keeps the refresh token that a login has brought. A restart needs it where there
    /// is no password, so it is written to the file that the first one came from.
    async fn keep(&mut self, refresh: Option<Secret>) {
        let Some(refresh) = refresh else { return };
        if self.refresh.as_ref() == Some(&refresh) {
            return;
        }
        self.refresh = Some(refresh.clone());
        let Proof::RefreshToken(SecretSource::File(file)) = &self.config.proof else {
            return;
        };
        match replace(file.clone(), refresh.clone()).await {
            Ok(()) => self.in_file = Some(refresh),
            Err(because) => cannot_keep(file, &because),
        }
    }
}

fn cannot_keep(file: &Path, because: &str) {
    tracing::error!(
        file = %file.display(),
        because,
        "the upstream has replaced the refresh token, and the new one cannot be written to the \
         file: the gateway goes on with it, and will not be able to log in after a restart"
    );
}

/// A token of a pair that has just arrived.
fn token(pair: &Pair, generation: u64, now: Instant) -> Token {
    // Between 70 and 80 hundredths of its life, so that many gateways do not come at
    // once and there is time for several failures.
    let share = 0.7 + fastrand::f64() / 10.0;
    let after = |lifetime: Duration| now.checked_add(lifetime);
    Token {
        authorization: pair.authorization.clone(),
        generation,
        due: pair
            .lifetime
            .map(|lifetime| lifetime.mul_f64(share))
            .and_then(after),
        expires: pair.lifetime.and_then(after),
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Reads a secret where that may block.
async fn read(source: SecretSource) -> Result<Secret, Failed> {
    if let SecretSource::Value(_) = source {
        return source
            .read()
            .map_err(|error| Failed::unavailable(error.to_string()));
    }
    let read = tokio::task::spawn_blocking(move || source.read()).await;
    match read {
        Ok(Ok(secret)) => Ok(secret),
        Ok(Err(error)) => Err(Failed::unavailable(error.to_string())),
        Err(_) => Err(Failed::unavailable("the file could not be read")),
    }
}

async fn replace(file: PathBuf, secret: Secret) -> Result<(), String> {
    let replaced = tokio::task::spawn_blocking(move || secret::replace(&file, &secret)).await;
    match replaced {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("the work was broken off".to_owned()),
    }
}
