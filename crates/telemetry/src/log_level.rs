//! The page `/log`: which lines the log has, read and changed at run time.

use std::sync::Arc;

use http::StatusCode;

use crate::admin::{Answer, Page};

/// Replaces the filter, or says what is wrong with the new one.
type Change = dyn Fn(&str) -> Result<(), String> + Send + Sync;

/// How the filter of the log is read and changed.
#[derive(Clone)]
pub struct LogLevel {
    current: Arc<dyn Fn() -> String + Send + Sync>,
    change: Arc<Change>,
}

impl LogLevel {
    /// `current` returns the filter, and `change` replaces it or says what is wrong
    /// with the new one. Both are called on a task, so they must not block.
    pub fn new(
        current: impl Fn() -> String + Send + Sync + 'static,
        change: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            current: Arc::new(current),
            change: Arc::new(change),
        }
    }

    /// The page `/log`.
    pub fn page(self) -> Page {
        let about =
            "GET: the filter of the log; PUT: another one, such as info or warn,gateway=debug";
        Page::new("/log", about, move |asked| {
            let level = self.clone();
            async move {
                let Some(put) = asked.put else {
                    return Answer::text((level.current)() + "\n");
                };
                let changed = match std::str::from_utf8(&put) {
                    Ok(filter) => (level.change)(filter.trim()),
                    Err(error) => Err(error.to_string()),
                };
                match changed {
                    Ok(()) => Answer::text((level.current)() + "\n"),
                    Err(wrong) => {
                        let text = format!("the filter stays as it was: {wrong}\n");
                        Answer::failed(StatusCode::BAD_REQUEST, text)
                    }
                }
            }
        })
        .taking_put()
    }
}

impl std::fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogLevel")
    }
}
