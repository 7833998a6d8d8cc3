//! Reads the files of a running server again when it gets SIGHUP, and tells systemd.
//!
//! A server without files that can be read again gets SIGHUP as well, and goes on.

use ::gateway::admission::Tokens;
use ::tls::Acceptor;
use anyhow::Context as _;

use super::systemd::{State, notify};

/// What has files that can be read again.
pub(super) enum Reloaded {
    /// The TLS of a listener of this name.
    Listener(&'static str, Acceptor),
    /// The way upstream.
    Upstream(upstream::Client),
    /// The tokens of callers.
    Tokens(Tokens),
}

impl Reloaded {
    /// Reads the files again. What they held before stays in use where it fails.
    async fn reload(&self) -> anyhow::Result<()> {
        match self {
            Self::Listener(name, acceptor) => {
                let reloaded = acceptor.reload().await;
                reloaded.with_context(|| format!("the TLS of {name} stays as it is"))
            }
            Self::Upstream(client) => {
                let reloaded = client.reload_tls().await;
                reloaded.context("the TLS of the upstream stays as it is")
            }
            Self::Tokens(tokens) => {
                let tokens = tokens.clone();
                let reloading = tokio::task::spawn_blocking(move || tokens.reload());
                let reloaded = reloading.await?;
                reloaded.context("the tokens of --admit-token-file stay as they are")
            }
        }
    }
}

/// The SIGHUPs of the process. None of those that come once this is there ends it, and
/// none is lost. There are none where the system has no such thing.
pub(super) struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    pub(super) fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signal: {
                use tokio::signal::unix::{SignalKind, signal};
                // Without a handler the signal ends the process; nothing else is lost.
                signal(SignalKind::hangup()).ok()
            },
        }
    }

    /// Reads all files again at each SIGHUP, in the background.
    pub(super) fn reload(mut self, all: Vec<Reloaded>) {
        tokio::spawn(async move {
            while self.next().await {
                reload(&all).await;
            }
        });
    }

    /// Waits for the next one; false where none can come.
    async fn next(&mut self) -> bool {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            return signal.recv().await.is_some();
        }
        false
    }
}

async fn reload(all: &[Reloaded]) {
    notify(&State::Reloading);
    let mut problems = Vec::new();
    for one in all {
        if let Err(problem) = one.reload().await {
            problems.push(format!("{problem:#}"));
        }
    }
    for problem in &problems {
        tracing::warn!(problem, "SIGHUP: files cannot be used");
    }
    if problems.is_empty() {
        tracing::info!("SIGHUP: the files were read again");
    }
    notify(&State::Reloaded {
        status: problems.join("; "),
    });
}
