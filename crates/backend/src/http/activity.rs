//! What goes on on a connection, and how long its client may go on like that.
//!
//! hyper has a timeout for heads only, and counts the pauses between requests as
//! part of them. So the bounds are kept here, from what the socket and the
//! requests tell. Nothing here waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Version;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limits::ServerLimits;

/// How long a new client may take before it has to make room for others, where
/// all connections are taken.
const FAIR: Duration = Duration::from_secs(1);

/// How long an HTTP/2 client that was told to go away may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// Further away than anything is waited for. Instants have an end, and a
/// configured duration may lead beyond it.
const FAR: Duration = Duration::from_hours(24 * 366);

/// The instant so much later.
pub(super) fn later(instant: Instant, duration: Duration) -> Instant {
    instant + duration.min(FAR)
}

/// What a client takes too long with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The head of a request.
    Head,
    /// The next request.
    Idle,
    /// Reading the reply.
    Reply,
    /// Closing its side of the connection.
    Goodbye,
}

/// What goes on on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Told when somebody else than the connection has changed what goes on.
    pub(super) nudge: Notify,
}

#[derive(Debug)]
struct State {
    /// What the client speaks, once a request has come.
    version: Option<Version>,
    /// How many requests are under way.
    calls: usize,
    /// How many of them have a piece of a reply that waits to be written.
    handed: usize,
    handed_at: Instant,
    /// When the connection began, or the last request was over.
    waiting_since: Instant,
    /// When the first byte came since then.
    speaking_since: Option<Instant>,
    /// Since when nothing could be written, because the client does not read.
    blocked_since: Option<Instant>,
    wrote_at: Instant,
    /// Whether the last request was answered before all of it had come.
    is_unread: bool,
    lingering_since: Option<Instant>,
    is_evicted: bool,
}

impl State {
    fn is_http2(&self) -> bool {
        self.version == Some(Version::HTTP_2)
    }
}

impl Activity {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            state: Mutex::new(State {
                version: None,
                calls: 0,
                handed: 0,
                handed_at: now,
                waiting_since: now,
                speaking_since: None,
                blocked_since: None,
                wrote_at: now,
                is_unread: false,
                lingering_since: None,
                is_evicted: false,
            }),
            nudge: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is made as a whole, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        let mut state = self.state();
        if state.calls == 0 {
            state.speaking_since.get_or_insert_with(Instant::now);
        }
    }

    /// Bytes have gone out.
    pub(super) fn wrote(&self) {
        let mut state = self.state();
        state.blocked_since = None;
        state.wrote_at = Instant::now();
    }

    /// Bytes cannot go out, because the client has not read others.
    pub(super) fn blocked(&self) {
        self.state().blocked_since.get_or_insert_with(Instant::now);
    }

    /// The server has nothing more to say. Returns whether the client may: it
    /// does where a request was answered before all of it had come.
    pub(super) fn linger(&self) -> bool {
        let mut state = self.state();
        let is_amid_head = state.calls == 0 && state.speaking_since.is_some();
        let lingers = !state.is_http2() && (state.is_unread || is_amid_head);
        if lingers {
            state.lingering_since.get_or_insert_with(Instant::now);
        }
        lingers
    }

    /// A request has begun.
    pub(super) fn call(self: &Arc<Self>, version: Version) -> Call {
        let mut state = self.state();
        state.version = Some(version);
        state.calls += 1;
        state.speaking_since = None;
        state.is_unread = false;
        drop(state);
        Call {
            activity: Arc::clone(self),
            has_handed: false,
        }
    }

    /// When the client has taken too long, and with what, unless something
    /// happens before. `None` while it is not the client that is waited for.
    /// `leaving_since` is when it was told to go away.
    pub(super) fn due(
        &self,
        limits: &ServerLimits,
        leaving_since: Option<Instant>,
    ) -> Option<(Instant, Overdue)> {
        let state = self.state();
        // What goes out on HTTP/2 may be an answer to a ping.
        let wrote_at = (!state.is_http2()).then_some(state.wrote_at);
        let after = |instant, duration, what| Some((later(instant, duration), what));
        if let Some(since) = state.lingering_since {
            return after(since, limits.linger_timeout, Overdue::Goodbye);
        }
        if let Some(since) = state.blocked_since {
            return after(since, limits.write_timeout, Overdue::Reply);
        }
        if state.handed > 0 {
            let since = wrote_at.unwrap_or(state.handed_at).max(state.handed_at);
            return after(since, limits.write_timeout, Overdue::Reply);
        }
        if state.calls > 0 {
            return None;
        }
        if let Some(since) = leaving_since {
            return after(since.max(state.waiting_since), GOODBYE, Overdue::Goodbye);
        }
        if state.version.is_none() {
            return after(state.waiting_since, limits.head_timeout, Overdue::Head);
        }
        match state.speaking_since {
            Some(since) if !state.is_http2() => after(since, limits.head_timeout, Overdue::Head),
            _ => {
                let since = state.waiting_since;
                let since = wrote_at.unwrap_or(since).max(since);
                after(since, limits.idle_timeout, Overdue::Idle)
            }
        }
    }

    /// Returns whether a connection that is to go away has nothing more to do.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        let waits_for_client = state.blocked_since.is_some() || state.lingering_since.is_some();
        state.calls == 0 && !waits_for_client && !state.is_http2()
    }

    /// Since when the connection could make room for another, if it can.
    pub(super) fn dispensable_since(&self, now: Instant) -> Option<Instant> {
        let state = self.state();
        if state.is_evicted || state.calls > 0 || state.blocked_since.is_some() {
            return None;
        }
        let head_since = match state.speaking_since {
            Some(since) if !state.is_http2() => Some(since),
            _ if state.version.is_none() => Some(state.waiting_since),
            _ => None,
        };
        let is_head_coming =
            state.lingering_since.is_none() && head_since.is_some_and(|since| now < since + FAIR);
        (!is_head_coming).then_some(state.waiting_since)
    }

    /// Tells the connection to make room.
    pub(super) fn evict(&self) {
        self.state().is_evicted = true;
        self.nudge.notify_one();
    }

    /// Returns whether the connection was told to make room and still can. A
    /// request that has come in between is served.
    pub(super) fn makes_room(&self) -> bool {
        let was_told = std::mem::take(&mut self.state().is_evicted);
        was_told && self.dispensable_since(Instant::now()).is_some()
    }
}

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub(super) struct Call {
    activity: Arc<Activity>,
    has_handed: bool,
}

impl Call {
    /// A piece of the reply waits to be written from now on.
    pub(super) fn hand_over(&mut self) {
        let mut state = self.activity.state();
        if !self.has_handed {
            state.handed += 1;
        }
        state.handed_at = Instant::now();
        self.has_handed = true;
    }

    /// Everything was written, and the next piece is not there yet.
    pub(super) fn catch_up(&mut self) {
        if std::mem::take(&mut self.has_handed) {
            self.activity.state().handed -= 1;
        }
    }

    /// The reply is there, and some of the request is not.
    pub(super) fn leave_unread(&self) {
        self.activity.state().is_unread = true;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.catch_up();
        let mut state = self.activity.state();
        state.calls -= 1;
        if state.calls == 0 {
            state.waiting_since = Instant::now();
        }
        // HTTP/1.1 is served by the task of the connection, which knows.
        let is_elsewhere = state.is_http2();
        drop(state);
        if is_elsewhere {
            self.activity.nudge.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ServerLimits = ServerLimits {
        head_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_mins(1),
        write_timeout: Duration::from_secs(30),
        linger_timeout: Duration::from_secs(5),
        max_connections: 0,
        max_connections_per_peer: 0,
        max_streams: 0,
        max_head: 0,
        max_headers: 0,
        max_uri: 0,
        body_timeout: Duration::ZERO,
        body_pause: Duration::ZERO,
        min_body_rate: 0,
        keep_alive_interval: Duration::ZERO,
        keep_alive_timeout: Duration::ZERO,
        linger_bytes: 0,
    };

    /// Checks for how many seconds the client may go on from now on, and what
    /// it takes too long with then.
    #[track_caller]
    fn check(activity: &Activity, expected: Option<(i64, Overdue)>) {
        let now = Instant::now();
        let found = activity.due(&LIMITS, None).map(|(due, what)| {
            let seconds = match due.checked_duration_since(now) {
                Some(left) => i64::try_from(left.as_secs()),
                None => i64::try_from((now - due).as_secs()).map(|seconds| -seconds),
            };
            (seconds.expect("is near"), what)
        });
        assert_eq!(found, expected);
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_head_is_due_from_the_beginning() {
        let activity = Activity::new();
        check(&activity, Some((10, Overdue::Head)));
        pass(3).await;
        activity.received();
        check(&activity, Some((7, Overdue::Head)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_later_head_is_due_from_its_first_byte() {
        let activity = Arc::new(Activity::new());
        drop(activity.call(Version::HTTP_11));
        check(&activity, Some((60, Overdue::Idle)));
        pass(50).await;
        activity.received();
        pass(2).await;
        activity.received();
        check(&activity, Some((8, Overdue::Head)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_served_is_not_waited_for() {
        let activity = Arc::new(Activity::new());
        let call = activity.call(Version::HTTP_11);
        check(&activity, None);
        pass(100).await;
        drop(call);
        check(&activity, Some((60, Overdue::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_is_due_from_the_last_progress() {
        let activity = Arc::new(Activity::new());
        let mut call = activity.call(Version::HTTP_11);
        call.hand_over();
        pass(10).await;
        activity.blocked();
        pass(10).await;
        activity.blocked();
        check(&activity, Some((20, Overdue::Reply)));
        activity.wrote();
        check(&activity, Some((30, Overdue::Reply)));
        call.catch_up();
        check(&activity, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_still_reads_is_not_idle() {
        let activity = Arc::new(Activity::new());
        drop(activity.call(Version::HTTP_11));
        pass(50).await;
        activity.wrote();
        check(&activity, Some((60, Overdue::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn pings_do_not_keep_an_http2_connection() {
        let activity = Arc::new(Activity::new());
        drop(activity.call(Version::HTTP_2));
        pass(50).await;
        activity.received();
        activity.wrote();
        check(&activity, Some((10, Overdue::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_request_that_was_cut_short_lingers() {
        let activity = Arc::new(Activity::new());
        drop(activity.call(Version::HTTP_11));
        assert!(!activity.linger(), "nothing is left to read");
        let call = activity.call(Version::HTTP_11);
        call.leave_unread();
        drop(call);
        assert!(activity.linger(), "the rest of the body is on its way");
        check(&activity, Some((5, Overdue::Goodbye)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_speaks_has_a_moment_before_it_makes_room() {
        let activity = Arc::new(Activity::new());
        let is_dispensable = || activity.dispensable_since(Instant::now()).is_some();
        assert!(!is_dispensable(), "has just come");
        pass(2).await;
        assert!(is_dispensable(), "has said nothing");
        let call = activity.call(Version::HTTP_11);
        pass(2).await;
        assert!(!is_dispensable(), "is served");
        drop(call);
        assert!(is_dispensable(), "is idle");
        activity.received();
        assert!(!is_dispensable(), "begins a request");
        pass(2).await;
        assert!(is_dispensable(), "does not end the head");
    }
}
