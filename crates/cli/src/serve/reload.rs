//! Reads the files of a running server again when it gets SIGHUP, and tells systemd.
//!
//! A server without files that can be read again gets SIGHUP as well, and goes on. Where a
//! file system hangs, whoever waits for the reload is told so after `--reload-timeout`; one
//! reading goes on, and no other begins before it has ended.

use std::sync::Arc;
use std::time::Duration;

use ::gateway::admission::Tokens;
use ::tls::Acceptor;
use anyhow::Context as _;
use clap::Args;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::bounds::lasting;
use super::systemd::{State, notify};

/// How long a reload may take.
#[derive(Args, Debug)]
pub(crate) struct ReloadArgs {
    /// How long a SIGHUP waits for files to be read again; then systemd is told that they
    /// are not, and they are used once they are read
    ///
    /// Files are small. systemd itself gives a unit up that has not reloaded within 90
    /// seconds.
    #[arg(
        long,
        value_name = "DURATION",
        help_heading = "Process",
        default_value = "30s",
        value_parser = lasting
    )]
    reload_timeout: Duration,
}

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
    /// How long each waits for the files.
    timeout: Duration,
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    pub(super) fn listen(args: &ReloadArgs) -> Self {
        Self {
            timeout: args.reload_timeout,
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
            let mut reading = Reading::new(all);
            while self.next().await {
                notify(&State::Reloading);
                let problems = reading.again(self.timeout).await;
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

/// Reads files again, one time after the other.
struct Reading {
    all: Arc<[Reloaded]>,
    /// The reading that had not ended when it was last waited for.
    late: Option<JoinHandle<Vec<String>>>,
}

impl Reading {
    fn new(all: Vec<Reloaded>) -> Self {
        Self {
            all: all.into(),
            late: None,
        }
    }

    /// Reads all files again and returns what cannot be used, within this time.
    async fn again(&mut self, timeout: Duration) -> Vec<String> {
        let end = Instant::now() + timeout;
        // What it has read may be older than this call.
        if let Some(late) = &mut self.late
            && timeout_at(end, late).await.is_err()
        {
            return still_reading(timeout);
        }
        let all = Arc::clone(&self.all);
        let mut reading = tokio::spawn(async move { read(&all).await });
        if let Ok(read) = timeout_at(end, &mut reading).await {
            self.late = None;
            return read.unwrap_or_else(|error| vec![error.to_string()]);
        }
        self.late = Some(reading);
        still_reading(timeout)
    }
}

fn still_reading(timeout: Duration) -> Vec<String> {
    vec![format!(
        "the files were not read within {} s; they are used once they are",
        timeout.as_secs_f64()
    )]
}

/// Reads all files again and returns what cannot be used.
async fn read(all: &[Reloaded]) -> Vec<String> {
    let mut problems = Vec::new();
    for one in all {
        if let Err(problem) = one.reload().await {
            problems.push(format!("{problem:#}"));
        }
    }
    problems
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File};
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    use std::path::Path;
    use std::process::Command;

    use rustix::fs::OFlags;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_mins(1);

    /// Puts a pipe in place of a file. Whoever opens it waits for who writes.
    fn hang(file: &Path) {
        fs::remove_file(file).expect("it is there");
        let made = Command::new("mkfifo").arg(file).status();
        assert!(made.expect("mkfifo runs").success());
    }

    /// Opens a pipe once somebody reads from it, which never waits for long.
    async fn opened_for(pipe: &Path) -> File {
        let end = Instant::now() + LONG;
        loop {
            let mut options = fs::OpenOptions::new();
            options.custom_flags(OFlags::NONBLOCK.bits().cast_signed());
            match options.write(true).open(pipe) {
                Ok(pipe) => return pipe,
                Err(error) => assert!(Instant::now() < end, "nobody reads: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn a_file_that_hangs_is_told_and_read_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("tokens");
        fs::write(&file, "token-of-the-first-days\n").expect("it is written");
        let tokens = Tokens::read(&file).expect("the tokens are read");
        let mut reading = Reading::new(vec![Reloaded::Tokens(tokens)]);
        assert_eq!(reading.again(LONG).await, Vec::<String>::new());

        hang(&file);
        for _ in 0..3 {
            let problems = reading.again(SOON).await;
            assert!(problems[0].contains("not read within"), "{problems:?}");
        }
        // One reading waits, and so one writer is enough for it.
        let late = reading.late.as_ref().expect("a reading goes on");
        assert!(!late.is_finished());
        let mut pipe = opened_for(&file).await;
        pipe.write_all(b"token-of-the-later-days\n")
            .expect("it is read");
        drop(pipe);
        fs::remove_file(&file).expect("it is there");
        fs::write(&file, "token-of-the-later-days\n").expect("it is written");
        assert_eq!(reading.again(LONG).await, Vec::<String>::new());
        assert!(reading.late.is_none());
    }
}
