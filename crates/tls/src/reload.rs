//! Things made of files, and made anew when the files change.
//!
//! Files are compared by what is in them, so that it does not matter how they are
//! replaced: written over, renamed, or behind a symbolic link that is swapped, as
//! Kubernetes does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::error::{Error, chain};
use crate::files::{Content, shown};

/// How often files are looked at for changes, unless something else is asked for.
pub const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest interval at which files are looked at.
const SHORTEST: Duration = Duration::from_millis(10);

/// What is made of files.
pub(crate) struct Made<T> {
    pub(crate) thing: T,
    /// When the certificate in it ends.
    pub(crate) ends: Option<SystemTime>,
}

/// How it stands with the files of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// When the certificate in use ends. `None` where there is none, or where its
    /// end cannot be read.
    pub ends: Option<SystemTime>,
    /// How often changed files were taken into use.
    pub reloads: u64,
    /// How often changed files could not be used.
    pub failures: u64,
    /// What is wrong with the files as they are now, while older ones are in use.
    pub problem: Option<String>,
}

/// Something made of files. The looking ends when it is dropped.
pub(crate) struct Reloaded<T> {
    current: watch::Receiver<T>,
    status: watch::Receiver<Status>,
    /// What looks at the files, if there are any.
    looking: Option<Looking>,
}

struct Looking {
    task: AbortHandle,
    asks: mpsc::Sender<Ask>,
}

/// Where to say what came of a look that was asked for.
type Ask = oneshot::Sender<Result<(), Error>>;

impl Drop for Looking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T: Clone + Send + Sync + 'static> Reloaded<T> {
    /// Makes something of files, and looks at them at this interval from then on, and
    /// whenever it is asked to. `make` is handed their contents in order.
    ///
    /// # Errors
    ///
    /// Fails where a file cannot be read, where `make` fails, and without a
    /// runtime to look at the files in, if there are any.
    pub(crate) fn open(
        files: Vec<PathBuf>,
        interval: Duration,
        make: impl Fn(&[Content]) -> Result<Made<T>, Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let contents = read(&files)?;
        let Made { thing, ends } = make(&contents)?;
        let (sender, current) = watch::channel(thing);
        let (told, status) = watch::channel(Status {
            ends,
            ..Status::default()
        });
        let looking = if files.is_empty() {
            None
        } else {
            let runtime = tokio::runtime::Handle::try_current().map_err(Error::NoRuntime)?;
            let look = Look {
                contents,
                sender,
                status: told,
                candidate: None,
            };
            let (asks, asked) = mpsc::channel(1);
            let task = runtime.spawn(look.forever(files, interval.max(SHORTEST), asked, make));
            let task = task.abort_handle();
            Some(Looking { task, asks })
        };
        Ok(Self {
            current,
            status,
            looking,
        })
    }

    /// Looks at the files now, and returns once what they hold is in use.
    ///
    /// # Errors
    ///
    /// Fails where they cannot be used. What they held before stays in use then.
    pub(crate) async fn reload(&self) -> Result<(), Error> {
        let Some(looking) = &self.looking else {
            return Ok(());
        };
        let (ask, answer) = oneshot::channel();
        // It fails once nobody looks any more, and then so does waiting for an answer.
        let _ = looking.asks.send(ask).await;
        answer.await.unwrap_or(Err(Error::NotLooked))
    }

    pub(crate) fn current(&self) -> T {
        self.current.borrow().clone()
    }

    pub(crate) fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}

fn read(files: &[PathBuf]) -> Result<Vec<Content>, Error> {
    files.iter().map(|file| Content::read(file)).collect()
}

/// What the looking has found so far.
struct Look<T> {
    /// The contents that are in use.
    contents: Vec<Content>,
    sender: watch::Sender<T>,
    status: watch::Sender<Status>,
    /// What was wrong at the last look, and whether that was told.
    candidate: Option<(String, Told)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// A certificate and its key may be replaced one after the other, so the first
    /// look at a pair that does not match is not worth a word.
    NotYet,
    Yes,
}

impl<T> Look<T> {
    async fn forever(
        mut self,
        files: Vec<PathBuf>,
        interval: Duration,
        mut asked: mpsc::Receiver<Ask>,
        make: impl Fn(&[Content]) -> Result<Made<T>, Error>,
    ) {
        let files = Arc::new(files);
        loop {
            let ask = tokio::select! {
                () = sleep(interval) => None,
                Some(ask) = asked.recv() => Some(ask),
            };
            let files = Arc::clone(&files);
            // A file system that hangs keeps one thread of those that may block.
            let Ok(read) = tokio::task::spawn_blocking(move || read(&files)).await else {
                continue;
            };
            let looked = match read {
                Ok(contents) if contents == self.contents => {
                    self.unchanged();
                    Ok(())
                }
                Ok(contents) => make(&contents).map(|new| self.changed(contents, new)),
                Err(error) => Err(error),
            };
            if let Err(error) = &looked {
                self.failed(error, ask.is_some());
            }
            if let Some(ask) = ask {
                // Whoever has asked may have gone.
                let _ = ask.send(looked);
            }
        }
    }

    fn unchanged(&mut self) {
        if self.candidate.take().is_some() {
            self.status.send_modify(|status| status.problem = None);
        }
    }

    fn changed(&mut self, contents: Vec<Content>, new: Made<T>) {
        let Made { thing, ends } = new;
        self.contents = contents;
        self.candidate = None;
        self.sender.send_replace(thing);
        self.status.send_modify(|status| {
            status.ends = ends;
            status.reloads += 1;
            status.problem = None;
        });
        let ends = ends.map(shown);
        tracing::info!(ends, "the files of TLS have changed and are in use");
    }

    fn failed(&mut self, error: &Error, is_asked: bool) {
        let problem = chain(error);
        let told = match self.candidate.take() {
            Some((known, told)) if known == problem => told,
            _ => {
                self.status.send_modify(|status| status.failures += 1);
                self.candidate = Some((problem.clone(), Told::NotYet));
                if !is_asked {
                    return;
                }
                Told::NotYet
            }
        };
        if told == Told::NotYet {
            tracing::warn!(
                error = problem,
                "the files of TLS have changed and cannot be used; the ones before stay in use"
            );
            self.status
                .send_modify(|status| status.problem = Some(problem.clone()));
        }
        self.candidate = Some((problem, Told::Yes));
    }
}
