//! The signals that stop a server: SIGINT and SIGTERM, elsewhere Ctrl-C.

/// The signals to stop. None of those that come once this is there is lost.
pub(super) struct Signals {
    #[cfg(unix)]
    streams: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Signals {
    const INTERRUPT: i32 = 2;
    #[cfg(unix)]
    const TERMINATE: i32 = 15;

    pub(super) fn listen() -> Self {
        Self {
            #[cfg(unix)]
            streams: {
                use tokio::signal::unix::{SignalKind, signal};
                let streams = (
                    signal(SignalKind::interrupt()),
                    signal(SignalKind::terminate()),
                );
                match streams {
                    (Ok(interrupt), Ok(terminate)) => Some([interrupt, terminate]),
                    // Without a handler the signal ends the process, which is as well.
                    _ => None,
                }
            },
        }
    }

    /// Waits for the next one, and returns its number.
    pub(super) async fn next(&mut self) -> i32 {
        #[cfg(unix)]
        if let Some([interrupt, terminate]) = &mut self.streams {
            return tokio::select! {
                _ = interrupt.recv() => Self::INTERRUPT,
                _ = terminate.recv() => Self::TERMINATE,
            };
        }
        let _ = tokio::signal::ctrl_c().await;
        Self::INTERRUPT
    }
}
