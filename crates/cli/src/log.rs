//! The log on standard error, which never keeps anybody waiting.
//!
//! A pipe that nobody reads is full after 64 KiB, and a program that writes to
//! it all the same stands still. Here one thread writes, and lines that it has
//! no room for are dropped and counted. This is own code because
//! `tracing-appender` bounds lines instead of bytes, does not say what was
//! dropped, and prints to standard output where it cannot write.

mod level;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use telemetry::log_level::LogLevel;
use tracing_subscriber::fmt::MakeWriter;

pub(crate) use self::level::subscribe;

/// How many bytes may wait to be written.
const MAX_WAITING: usize = 1 << 20;

/// How long the end of the program waits for what is not written yet.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What the commands have of their process.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) log: Log,
    /// How much of what is traced the log has.
    pub(crate) level: LogLevel,
    /// The effective configuration as JSON, without secrets.
    pub(crate) configuration: Arc<str>,
}

/// Where lines of the log go. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Log {
    lines: Sender<Entry>,
    backlog: Arc<Backlog>,
}

enum Entry {
    Line(Vec<u8>),
    /// Answered once all that came before is written.
    Flush(Sender<()>),
}

#[derive(Default)]
struct Backlog {
    /// How many bytes wait to be written.
    waiting: AtomicUsize,
    /// How many lines were dropped since that was last said.
    dropped: AtomicU64,
    /// How many lines were dropped at all.
    dropped_total: AtomicU64,
}

impl Log {
    /// A log that is written to `target` by a thread of its own.
    pub(crate) fn to(target: impl Write + Send + 'static) -> Self {
        let (lines, entries) = channel();
        let backlog = Arc::<Backlog>::default();
        let writers_backlog = Arc::clone(&backlog);
        // Without a thread every line is dropped, and the program goes on.
        let _ = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&entries, &writers_backlog, target));
        Self { lines, backlog }
    }

    /// Takes a line, or counts it as dropped if there is no room.
    pub(crate) fn line(&self, line: Vec<u8>) {
        let length = line.len();
        let waiting = self.backlog.waiting.fetch_add(length, Ordering::Relaxed);
        if waiting + length > MAX_WAITING || self.lines.send(Entry::Line(line)).is_err() {
            self.backlog.waiting.fetch_sub(length, Ordering::Relaxed);
            self.backlog.dropped.fetch_add(1, Ordering::Relaxed);
            self.backlog.dropped_total.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many lines were dropped, because they were not read in time.
    pub(crate) fn dropped(&self) -> u64 {
        self.backlog.dropped_total.load(Ordering::Relaxed)
    }

    /// Waits until all lines are written, but no longer than a second.
    fn flush(&self) {
        let (done, flushed) = channel();
        if self.lines.send(Entry::Flush(done)).is_ok() {
            let _ = flushed.recv_timeout(LAST_WORDS);
        }
    }

    /// Waits for the last lines when it is dropped.
    pub(crate) fn flushed_on_drop(&self) -> Flushed {
        Flushed(self.clone())
    }

    /// Sends panics through the log: the standard library would write to
    /// standard error and wait. A message that was put together can quote anything, so
    /// only one that stands in the source is written.
    pub(crate) fn take_panics(&self) {
        let log = self.clone();
        std::panic::set_hook(Box::new(move |panic| {
            let backtrace = std::backtrace::Backtrace::capture();
            let place = panic
                .location()
                .map_or_else(String::new, ToString::to_string);
            let message = panic.payload().downcast_ref::<&'static str>();
            let message = message.unwrap_or(&"a message that can quote secrets is left out");
            let panic = format!("a panic at {place}: {message}");
            log.line(match backtrace.status() {
                std::backtrace::BacktraceStatus::Captured => {
                    format!("{panic}\n{backtrace}\n").into_bytes()
                }
                _ => format!("{panic}\n").into_bytes(),
            });
        }));
    }
}

/// Writes the entries until nobody can send one any more.
fn write_all(entries: &Receiver<Entry>, backlog: &Backlog, mut target: impl Write) {
    for entry in entries {
        let dropped = backlog.dropped.swap(0, Ordering::Relaxed);
        // A target that is gone is nobody's loss: the lines go nowhere.
        if dropped > 0 {
            let _ = writeln!(
                target,
                "{dropped} lines of this log were dropped, because it was not read in time"
            );
        }
        match entry {
            Entry::Line(line) => {
                let _ = target.write_all(&line);
                backlog.waiting.fetch_sub(line.len(), Ordering::Relaxed);
            }
            Entry::Flush(done) => {
                let _ = target.flush();
                let _ = done.send(());
            }
        }
    }
}

/// See [`Log::flushed_on_drop`].
pub(crate) struct Flushed(Log);

impl Drop for Flushed {
    fn drop(&mut self) {
        self.0.flush();
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Lines<'a> {
        Lines(self)
    }
}

/// Takes what is written at once as a line.
pub(crate) struct Lines<'a>(&'a Log);

impl Write for Lines<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.line(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    /// A target that passes on what is written, and waits while nobody takes it.
    struct Pipe(std::sync::mpsc::SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let sent = self.0.send(bytes.to_vec());
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_order() {
        let (pipe, read) = sync_channel(100);
        let log = Log::to(Pipe(pipe));
        for n in 0..10 {
            log.line(format!("{n}\n").into_bytes());
        }
        drop(log.flushed_on_drop());
        let written: Vec<u8> = read.try_iter().flatten().collect();
        assert_eq!(written, b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_counted() {
        let (pipe, read) = sync_channel(0);
        let log = Log::to(Pipe(pipe));
        let line = vec![b'.'; MAX_WAITING / 4];
        for _ in 0..10 {
            log.line(line.clone());
        }
        let mut written = Vec::new();
        while written.len() < 4 * line.len() {
            written.extend(read.recv().expect("what there was room for"));
        }
        log.line(b"again\n".to_vec());
        while !written.ends_with(b"again\n") {
            written.extend(read.recv().expect("the rest"));
        }
        let told = String::from_utf8_lossy(&written).replace('.', "");
        assert!(told.contains("6 lines of this log were dropped"), "{told}");
        assert_eq!(log.dropped(), 6);
    }

    #[test]
    fn a_reader_that_is_gone_stops_nobody() {
        let (pipe, read) = sync_channel(0);
        drop(read);
        let log = Log::to(Pipe(pipe));
        for _ in 0..10 {
            log.line(vec![b'.'; MAX_WAITING / 2]);
        }
        drop(log.flushed_on_drop());
        assert_eq!(log.backlog.waiting.load(Ordering::Relaxed), 0);
    }
}
