//! How a server learns that it is to stop.

use std::time::Duration;

use tokio::sync::watch;

use super::signals::Signals;
use super::systemd::{State, notify};

/// Told when the process should stop.
pub(super) type Stop = watch::Receiver<bool>;

/// Waits for Ctrl-C or SIGTERM in the background. A second one ends the process
/// at once, with the exit code that a shell gives for it.
pub(super) fn stop_signal() -> Stop {
    let (told, stop) = watch::channel(false);
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        notify(&State::Stopping);
        told.send_replace(true);
        std::process::exit(128 + signals.next().await);
    });
    stop
}

pub(super) async fn stopped(mut stop: Stop) {
    // The sender lives as long as the process.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// How an HTTP server stops.
pub(super) struct Stopping {
    pub(super) stop: Stop,
    /// How long it still accepts connections.
    pub(super) delay: Duration,
    /// How long requests may go on after that.
    pub(super) grace: Duration,
}

impl Stopping {
    pub(super) fn after(stop: Stop, delay: Duration, grace: Duration) -> Self {
        Self { stop, delay, grace }
    }
}
