//! Readiness: would a call succeed?

use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::page::{Answer, Page};

/// How long an answer is good for. Any number of probes ask as often as one.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long a check may take. Probes of Kubernetes wait for a second by default.
const MAX_TIME: Duration = Duration::from_millis(900);

/// One of the things that a call needs.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    ask: Arc<dyn Fn() -> Asking + Send + Sync>,
    /// What was found last, and when.
    last: Arc<Mutex<Option<(Instant, Found)>>>,
}

type Asking = Pin<Box<dyn Future<Output = Found> + Send>>;

/// Nothing, or what is wrong in a few words without secrets.
type Found = Result<(), &'static str>;

impl Check {
    /// A check that is asked at most once a second, and not waited for any longer.
    pub fn new<F>(name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Found> + Send + 'static,
    {
        Self {
            name,
            ask: Arc::new(move || Box::pin(ask())),
            last: Arc::default(),
        }
    }

    async fn find_out(&self) -> Found {
        let ask = async {
            let mut last = self.last.lock().await;
            if let Some((at, found)) = *last
                && at.elapsed() < GOOD_FOR
            {
                return found;
            }
            let found = timeout(MAX_TIME, (self.ask)()).await;
            let found = found.unwrap_or(Err("does not answer in time"));
            *last = Some((Instant::now(), found));
            found
        };
        // Who waits for the question of another does not wait any longer either.
        let found = timeout(MAX_TIME, ask).await;
        found.unwrap_or(Err("does not answer in time"))
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Check({})", self.name)
    }
}

/// Everything that a call needs.
#[derive(Debug, Clone)]
pub struct Readiness(Vec<Check>);

impl Readiness {
    /// Ready where none of these has failed.
    pub fn new(checks: impl IntoIterator<Item = Check>) -> Self {
        Self(checks.into_iter().collect())
    }

    /// The page `/healthz`: the process lives.
    pub fn alive() -> Page {
        Page::new("/healthz", "200 as long as the process lives", |_| async {
            Answer::text("ok\n")
        })
    }

    /// The page `/readyz`: 200 where a call would succeed, else 503 with what is
    /// wrong.
    pub fn page(self) -> Page {
        let about = "200 where a call would succeed, else 503 and why not";
        Page::new("/readyz", about, move |_| {
            let readiness = self.clone();
            async move { readiness.answer().await }
        })
    }

    async fn answer(&self) -> Answer {
        let mut text = String::new();
        for check in &self.0 {
            if let Err(wrong) = check.find_out().await {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{} {wrong}", check.name);
            }
        }
        if text.is_empty() {
            return Answer::text("ok\n");
        }
        Answer::failed(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_probes_ask_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let check = Check::new("the store", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Err("is away") }
        });
        for _ in 0..10 {
            assert_eq!(check.find_out().await, Err("is away"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::advance(GOOD_FOR).await;
        assert_eq!(check.find_out().await, Err("is away"));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_what_does_not_answer() {
        let check = Check::new("the store", std::future::pending);
        let (one, two) = tokio::join!(check.find_out(), check.find_out());
        assert_eq!(one, Err("does not answer in time"));
        assert_eq!(two, Err("does not answer in time"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_is_told_in_a_line_each() {
        let check = |name, found: Found| Check::new(name, move || async move { found });
        let readiness = Readiness::new([
            check("the gateway", Ok(())),
            check("the store", Err("is away")),
            Check::new("the upstream", std::future::pending),
        ]);
        let expected = "the store is away\nthe upstream does not answer in time\n";
        let expected = Answer::failed(StatusCode::SERVICE_UNAVAILABLE, expected);
        assert_eq!(readiness.answer().await, expected);
        let ready = Readiness::new([check("the gateway", Ok(()))]);
        assert_eq!(ready.answer().await, Answer::text("ok\n"));
    }
}
