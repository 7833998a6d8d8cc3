//! `-v`: what goes over the wire beside the messages, and how long it takes.

use std::io::Write;
use std::time::{Duration, Instant};

use tonic::metadata::MetadataMap;

use super::codec::Volume;
use super::metadata;

/// Tells what happens to a call, if somebody wants to know.
pub(super) struct Trace {
    is_on: bool,
    started: Instant,
    connected: Option<Duration>,
    headers: Option<Duration>,
    volume: Volume,
}

impl Trace {
    /// A trace that begins now, and tells of this volume.
    pub(super) fn start(is_on: bool, volume: Volume) -> Self {
        Self {
            is_on,
            started: Instant::now(),
            connected: None,
            headers: None,
            volume,
        }
    }

    /// There is a connection, and this is what is sent over it.
    pub(super) fn connected(
        &mut self,
        (path, address): (&str, &str),
        request: &MetadataMap,
        err: &mut impl Write,
    ) {
        self.connected = Some(self.started.elapsed());
        self.tell(err, || {
            format!("> {path} at {address}\n{}", metadata::shown(request, ">"))
        });
    }

    /// The headers of the response have come.
    pub(super) fn headers(&mut self, response: &MetadataMap, err: &mut impl Write) {
        self.headers = Some(self.started.elapsed());
        self.tell(err, || metadata::shown(response, "<"));
    }

    /// The call has ended, with these trailers.
    pub(super) fn ended(&self, trailers: Option<&MetadataMap>, err: &mut impl Write) {
        self.tell(err, || {
            let trailers = trailers.map(|trailers| metadata::shown(trailers, "< trailer"));
            format!("{}{}\n", trailers.unwrap_or_default(), self.summary())
        });
    }

    fn summary(&self) -> String {
        let mut times = Vec::new();
        if let Some(connected) = self.connected {
            times.push(format!("connected after {}", shown(connected)));
        }
        if let Some(headers) = self.headers {
            times.push(format!("headers after {}", shown(headers)));
        }
        times.push(format!("ended after {}", shown(self.started.elapsed())));
        let (sent, received) = (self.volume.sent(), self.volume.received());
        format!(
            "* {}\n* sent {}, received {}",
            times.join(", "),
            counted(sent),
            counted(received)
        )
    }

    /// Tells something. That it cannot be written does not fail the call.
    fn tell(&self, err: &mut impl Write, text: impl FnOnce() -> String) {
        if self.is_on {
            let _ = err.write_all(text().as_bytes());
        }
    }
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn counted((messages, bytes): (usize, usize)) -> String {
    let plural = |number: usize| if number == 1 { "" } else { "s" };
    format!(
        "{messages} message{} of {bytes} byte{}",
        plural(messages),
        plural(bytes)
    )
}
