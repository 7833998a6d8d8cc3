//! What systemd and a server tell each other: sockets that are open already
//! (`sd_listen_fds(3)`), and how far the server is (`sd_notify(3)`).
//!
//! Everything is in the environment. A server that systemd has not started finds
//! nothing there and does nothing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use listenfd::ListenFd;
use tokio::net::TcpListener;

use super::listen::bind;

/// What a socket is for. systemd calls it by `FileDescriptorName=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Grpc,
    Http,
    Admin,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
            Self::Admin => "admin",
        }
    }
}

/// The sockets that were handed to the process.
pub(super) struct Sockets {
    handed: ListenFd,
    purposes: Vec<Purpose>,
}

impl Sockets {
    /// Takes what systemd handed over to a server that can use sockets for these
    /// purposes.
    ///
    /// # Errors
    ///
    /// There is a socket for something else, or none of a purpose alone.
    pub(super) fn handed_for(known: &[Purpose]) -> anyhow::Result<Self> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let handed = ListenFd::from_env();
        let purposes = purposes(handed.len(), &names, known)?;
        Ok(Self { handed, purposes })
    }

    /// Returns the socket for a purpose, if there is one that was not taken yet.
    ///
    /// # Errors
    ///
    /// The socket does not listen on TCP.
    pub(super) fn take(&mut self, purpose: Purpose) -> anyhow::Result<Option<TcpListener>> {
        let Some(index) = self.purposes.iter().position(|other| *other == purpose) else {
            return Ok(None);
        };
        let listener = self.handed.take_tcp_listener(index);
        let listener = listener.and_then(|listener| listener.map(for_tokio).transpose());
        listener.with_context(|| {
            format!(
                "the socket {} of systemd is not one that listens on TCP",
                purpose.name()
            )
        })
    }

    /// Returns the socket for a purpose, or listens on the address.
    ///
    /// # Errors
    ///
    /// See [`take`](Self::take) and [`bind`].
    pub(super) async fn take_or_bind(
        &mut self,
        purpose: Purpose,
        address: SocketAddr,
    ) -> anyhow::Result<TcpListener> {
        match self.take(purpose)? {
            Some(listener) => Ok(listener),
            None => bind(address).await,
        }
    }
}

fn for_tokio(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Reads the names of so many sockets.
fn purposes(count: usize, names: &str, known: &[Purpose]) -> anyhow::Result<Vec<Purpose>> {
    let mut purposes = Vec::new();
    let names = names.split(':').chain(std::iter::repeat("unknown"));
    for name in names.take(count) {
        let purpose = known.iter().copied().find(|known| known.name() == name);
        let purpose = purpose.with_context(|| {
            let known: Vec<_> = known.iter().map(|known| known.name()).collect();
            format!(
                "systemd hands over a socket {name:?}; FileDescriptorName= of this server's \
                 socket units can be {}",
                known.join(" or ")
            )
        })?;
        ensure!(
            !purposes.contains(&purpose),
            "systemd hands over two sockets {name:?}; the server listens on one"
        );
        purposes.push(purpose);
    }
    Ok(purposes)
}

/// How far a server is.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// It listens.
    Ready,
    /// It was told to read its files again, and does so.
    Reloading,
    /// It has read them. `status` is what could not be used, for `systemctl status`.
    Reloaded { status: String },
    /// It was told to stop.
    Stopping,
    /// It is not stuck.
    Alive,
}

impl State {
    #[cfg(target_os = "linux")]
    fn message(&self) -> String {
        match self {
            Self::Ready => "READY=1".to_owned(),
            // systemd waits for the end of the reload that began after it has asked.
            Self::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", linux::monotonic_usec()),
            Self::Reloaded { status } => {
                format!("READY=1\nSTATUS={}", status.replace(['\n', '\r'], " "))
            }
            Self::Stopping => "STOPPING=1".to_owned(),
            Self::Alive => "WATCHDOG=1".to_owned(),
        }
    }
}

/// Tells systemd how far the server is, if that has asked for it.
pub(super) fn notify(state: &State) {
    #[cfg(target_os = "linux")]
    if let Some(socket) = std::env::var_os("NOTIFY_SOCKET")
        && let Err(error) = linux::send(&socket, state.message().as_bytes())
    {
        tracing::warn!(%error, ?state, "systemd cannot be told how far the server is");
    }
}

/// Tells systemd that the server listens, and from then on that it is alive where
/// `WatchdogSec=` wants to know.
pub(super) fn notify_ready() {
    notify(&State::Ready);
    if let Some(longest) = watchdog() {
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(longest / 2);
            loop {
                ticks.tick().await;
                notify(&State::Alive);
            }
        });
    }
}

/// How long systemd waits for a sign of life, if it does.
fn watchdog() -> Option<Duration> {
    let variable = |name| std::env::var(name).ok();
    if let Some(process) = variable("WATCHDOG_PID")
        && process != std::process::id().to_string()
    {
        return None;
    }
    let micros = variable("WATCHDOG_USEC")?.parse().ok()?;
    Some(Duration::from_micros(micros)).filter(|longest| *longest >= Duration::from_millis(10))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsStr;
    use std::io;
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    /// Microseconds of the clock that systemd compares by.
    pub(super) fn monotonic_usec() -> i64 {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        now.tv_sec * 1_000_000 + now.tv_nsec / 1000
    }

    /// Sends a message to a socket that has a path, or behind `@` a name of its own. A
    /// full one is not waited for.
    pub(super) fn send(socket: &OsStr, message: &[u8]) -> io::Result<()> {
        let address = match socket.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(socket)?,
        };
        let sender = UnixDatagram::unbound()?;
        sender.set_nonblocking(true)?;
        sender.send_to_addr(message, &address)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Purpose; 2] = [Purpose::Grpc, Purpose::Admin];

    #[track_caller]
    fn check(count: usize, names: &str, expected: Result<&[Purpose], &str>) {
        let found = purposes(count, names, &BOTH).map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(found.as_deref(), Ok(expected)),
            Err(expected) => {
                let error = found.expect_err("it is refused");
                assert!(error.contains(expected), "{error}");
            }
        }
    }

    #[test]
    fn sockets_are_told_apart_by_their_names() {
        check(2, "admin:grpc", Ok(&[Purpose::Admin, Purpose::Grpc]));
        check(0, "", Ok(&[]));
        check(0, "left-over", Ok(&[]));
    }

    #[test]
    fn a_socket_that_the_server_cannot_use_is_refused() {
        check(1, "web1on1-gateway.socket", Err("can be grpc or admin"));
        check(1, "http", Err("\"http\""));
        check(1, "", Err("FileDescriptorName="));
        check(2, "grpc", Err("\"unknown\""));
        check(2, "grpc:grpc", Err("two sockets \"grpc\""));
    }
}
