//! Long work shows on a terminal how far it is, and is silent elsewhere.
//!
//! It is shown on standard error, in a line that is gone when the work is done. It has
//! no colour. Nothing is shown where standard error is no terminal, or one that cannot
//! move its cursor (`TERM=dumb`).

use std::io::{self, Stderr, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// How often the line is drawn anew.
const INTERVAL: Duration = Duration::from_millis(100);

/// What is shown, if something is.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Work under way. It is shown until this is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    done: Arc<AtomicUsize>,
    all: Arc<AtomicUsize>,
}

impl Progress {
    /// Shows that `what` is being done, in so many of `unit`: "seeding", "resources".
    pub(crate) fn start(what: &str, unit: &'static str) -> Self {
        Self::on(ProgressDrawTarget::stderr(), what, unit)
    }

    fn on(target: ProgressDrawTarget, what: &str, unit: &'static str) -> Self {
        let (done, all) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let bar = ProgressBar::with_draw_target(None, target);
        let (drawn_done, drawn_all) = (Arc::clone(&done), Arc::clone(&all));
        let count = move |_: &ProgressState, line: &mut dyn std::fmt::Write| {
            let done = drawn_done.load(Ordering::Relaxed);
            // Writing to a string cannot fail.
            let _ = match drawn_all.load(Ordering::Relaxed) {
                0 if done == 0 => Ok(()),
                0 => write!(line, ", {done} {unit}"),
                all => write!(line, ", {done} of {all} {unit}"),
            };
        };
        // A template that cannot be read would leave the one that is built in.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}{count} ({elapsed})") {
            bar.set_style(style.with_key("count", count));
        }
        bar.set_message(what.to_owned());
        bar.tick();
        if !bar.is_hidden() {
            bar.enable_steady_tick(INTERVAL);
            *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
        }
        Self { bar, done, all }
    }

    /// Says how much of all is done.
    pub(crate) fn set(&self, done: usize, all: usize) {
        self.done.store(done, Ordering::Relaxed);
        self.all.store(all, Ordering::Relaxed);
    }

    /// What counts how much is done, where nobody knows how much there is.
    pub(crate) fn counter(&self) -> &Arc<AtomicUsize> {
        &self.done
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.bar.finish_and_clear();
    }
}

/// Standard error, above what is shown of work under way.
pub(crate) struct AboveProgress(pub(crate) Stderr);

impl Write for AboveProgress {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shown {
            Some(bar) => bar.suspend(|| self.0.write(bytes)),
            None => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
