//! The processes that are measured, and what the system says of them.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use http::Version;
use tempfile::TempDir;

use crate::{Failure, envoy};

/// Which processors a thread and all that it starts may run on.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// The first one, for what is measured.
    Measured,
    /// All others, if there are any.
    Callers,
}

/// Keeps this thread, and all that it starts, in a place. Where that is refused,
/// it runs anywhere.
pub(crate) fn stay(place: Place) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_setaffinity};
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let mut set = CpuSet::new();
        match place {
            Place::Measured => set.set(0),
            Place::Callers => (1..processors.max(2)).for_each(|number| set.set(number)),
        }
        let _ = sched_setaffinity(None, &set);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = place;
}

/// What a process serves.
#[derive(Clone)]
pub(crate) enum Kind {
    /// gRPC, by this command.
    Gateway(PathBuf),
    /// HTTP/1.1, by this program.
    Proxy,
    /// HTTP, by this `envoy` command.
    Envoy(PathBuf, Version),
}

/// A server in a process of its own.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
    /// What must stay as long as the server runs.
    _kept: Kept,
}

/// What a server needs while it runs.
enum Kept {
    /// It goes on printing.
    Lines(#[expect(dead_code, reason = "it is held")] Lines<BufReader<ChildStdout>>),
    Configuration(#[expect(dead_code, reason = "it is held")] TempDir),
}

impl Process {
    /// Starts a server in front of an upstream.
    pub(crate) fn start(kind: &Kind, upstream: SocketAddr) -> Result<Self, Failure> {
        let mut command = match kind {
            Kind::Gateway(file) => {
                let mut command = Command::new(file);
                let base = format!("http://{upstream}/v2");
                command.args(["gateway", "--grpc", "127.0.0.1:0", "--upstream", &base]);
                command
            }
            Kind::Envoy(file, _) => return Self::start_envoy(file, upstream),
            Kind::Proxy => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["--proxy", &upstream.to_string()]);
                command
            }
        };
        command
            .env("TOKIO_WORKER_THREADS", "1")
            .stdout(Stdio::piped());
        let mut child = spawn(command)?;
        let stdout = child.stdout.take().ok_or("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().ok_or("the server printed nothing")??;
        let (_, address) = first.split_once(' ').ok_or("the server has no address")?;
        Ok(Self {
            address: address.parse()?,
            child,
            _kept: Kept::Lines(lines),
        })
    }

    fn start_envoy(file: &Path, upstream: SocketAddr) -> Result<Self, Failure> {
        let (command, address, configuration) = envoy::command(file, upstream)?;
        let process = Self {
            address,
            child: spawn(command)?,
            _kept: Kept::Configuration(configuration),
        };
        // It says nothing when it listens.
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return Ok(process);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err("envoy did not listen within ten seconds".into())
    }

    /// The CPU time of each thread so far, as the scheduler counts it.
    pub(crate) fn cpu(&self) -> Result<Cpu, Failure> {
        let mut threads = HashMap::new();
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let thread = thread?;
            // A thread may end meanwhile.
            let Ok(stat) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let running = stat.split(' ').next().ok_or("schedstat is empty")?;
            let running = Duration::from_nanos(running.parse()?);
            threads.insert(thread.file_name(), running);
        }
        Ok(Cpu(threads))
    }

    /// The memory of the process, in bytes: now, and the most that it ever was.
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| -> Result<u64, Failure> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            let kilobytes: u64 = number
                .ok_or("the status of the process is incomplete")?
                .parse()?;
            Ok(kilobytes << 10)
        };
        Ok(Memory {
            now: of("VmRSS:")?,
            peak: of("VmHWM:")?,
            threads: of("Threads:")? >> 10,
        })
    }
}

/// Starts a command on the first processor: a process begins in the place of the
/// thread that starts it.
fn spawn(mut command: Command) -> Result<Child, Failure> {
    let spawned = std::thread::spawn(move || {
        stay(Place::Measured);
        command.spawn()
    });
    let child = spawned
        .join()
        .map_err(|_| "the starting thread panicked")??;
    Ok(child)
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU time of the threads of a process.
pub(crate) struct Cpu(HashMap<std::ffi::OsString, Duration>);

impl Cpu {
    /// What has been used since an earlier look. A thread ends only after it was
    /// idle for long, so that what has ended in between has used nothing.
    pub(crate) fn since(&self, before: &Self) -> Duration {
        let used = |(thread, running): (&std::ffi::OsString, &Duration)| {
            running.saturating_sub(before.0.get(thread).copied().unwrap_or_default())
        };
        self.0.iter().map(used).sum()
    }
}

/// The memory of a process, in bytes, and the number of its threads.
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
    pub(crate) threads: u64,
}
