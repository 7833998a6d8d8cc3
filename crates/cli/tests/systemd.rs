//! A server as systemd runs it: told where to report, and given its sockets.

#![cfg(target_os = "linux")]

mod command;

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

use command::without_settings;

/// Time for what has to happen soon.
const PATIENCE: Duration = Duration::from_mins(1);

/// Arguments of a gateway in front of nothing.
const GATEWAY: &str = "gateway --grpc 127.0.0.1:0 --upstream http://127.0.0.1:1/v2";

/// A server that is killed with the test.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts a server with these variables. The listener becomes descriptor 3, as
    /// systemd numbers them.
    fn start(variables: &[(&str, &str)], listener: Option<TcpListener>, arguments: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_web1on1");
        // LISTEN_PID is the process that the sockets are for, which the shell becomes.
        let script = match listener {
            Some(_) => format!("LISTEN_PID=$$ exec '{program}' {arguments} 3<&0 0</dev/null"),
            None => format!("exec '{program}' {arguments}"),
        };
        let stdin = listener.map_or_else(Stdio::null, |listener| OwnedFd::from(listener).into());
        let mut child = without_settings("sh")
            .args(["-c", &script])
            .envs(variables.iter().copied())
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let stdout = child.stdout.take().expect("it is piped");
        let lines = BufReader::new(stdout).lines();
        Self { child, lines }
    }

    /// What the next line of its output says behind this word.
    fn told(&mut self, word: &str) -> String {
        let line = self.lines.next().expect("it prints a line");
        let line = line.expect("it is text");
        let told = line.strip_prefix(word).map(str::trim);
        told.unwrap_or_else(|| panic!("{line:?} does not begin with {word}"))
            .to_owned()
    }

    fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// What `systemctl reload` does to a unit with `Type=notify-reload`.
    fn reload(&self) {
        self.signal(Signal::HUP);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it runs");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A socket as `NOTIFY_SOCKET` names it.
struct Notified {
    socket: UnixDatagram,
    path: String,
    _directory: TempDir,
}

impl Notified {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let path = path.to_str().expect("it is text").to_owned();
        Self {
            socket,
            path,
            _directory: directory,
        }
    }

    fn next(&self) -> String {
        let mut message = [0; 256];
        let length = self.socket.recv(&mut message).expect("a message in time");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }

    /// Expects a reload that began after now, and returns what the server says at its end.
    fn reloaded_since(&self, now: i64) -> String {
        let began = self.next();
        let at = began.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
        let at = at.and_then(|at| at.parse::<i64>().ok());
        let at = at.unwrap_or_else(|| panic!("{began:?} is no begin of a reload"));
        assert!(at >= now, "systemd takes {at} for an earlier reload");
        let ended = self.next();
        let status = ended.strip_prefix("READY=1\nSTATUS=");
        let status = status.unwrap_or_else(|| panic!("{ended:?} is no end of a reload"));
        status.to_owned()
    }
}

/// The clock of systemd, in microseconds.
fn now() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}

#[test]
fn a_server_says_when_it_is_ready_and_when_it_stops() {
    let systemd = Notified::new();
    let mut server = Running::start(&[("NOTIFY_SOCKET", &systemd.path)], None, GATEWAY);
    assert_eq!(systemd.next(), "READY=1");
    let address = server.told("grpc");
    TcpStream::connect(&address).expect("a server that is ready listens");
    server.terminate();
    assert_eq!(systemd.next(), "STOPPING=1");
    let ended = server.child.wait().expect("it ends");
    assert!(ended.success(), "{ended}");
}

#[test]
fn a_server_without_files_goes_on_when_it_is_reloaded() {
    let systemd = Notified::new();
    let mut server = Running::start(&[("NOTIFY_SOCKET", &systemd.path)], None, GATEWAY);
    assert_eq!(systemd.next(), "READY=1");
    for _ in 0..2 {
        let now = now();
        server.reload();
        assert_eq!(systemd.reloaded_since(now), "");
    }
    let address = server.told("grpc");
    TcpStream::connect(&address).expect("it still listens");
}

#[test]
fn what_a_reload_cannot_use_is_the_status_of_the_unit() {
    let systemd = Notified::new();
    let files = TempDir::new().expect("a directory");
    let tokens = files.path().join("tokens");
    std::fs::write(&tokens, "a-token-of-some-length").expect("the file is ours");
    let password = files.path().join("password");
    std::fs::write(&password, "secret").expect("the file is ours");
    let arguments = format!(
        "{GATEWAY} --credentials-email gateway@example.com --credentials-password-file {} \
         --admit-token-file {}",
        password.display(),
        tokens.display()
    );
    let server = Running::start(&[("NOTIFY_SOCKET", &systemd.path)], None, &arguments);
    assert_eq!(systemd.next(), "READY=1");
    std::fs::write(&tokens, "weak\n").expect("the file is ours");
    let since = now();
    server.reload();
    let status = systemd.reloaded_since(since);
    assert_eq!(
        status,
        "the tokens of --admit-token-file stay as they are: line 1 is no token: it must be 16 \
         visible characters of ASCII or more, without spaces"
    );
    std::fs::write(&tokens, "another-token-than-that").expect("the file is ours");
    let since = now();
    server.reload();
    assert_eq!(systemd.reloaded_since(since), "");
}

#[test]
fn a_server_says_that_it_is_alive_where_that_is_watched() {
    let systemd = Notified::new();
    let variables = [
        ("NOTIFY_SOCKET", &*systemd.path),
        ("WATCHDOG_USEC", "20000"),
    ];
    let _server = Running::start(&variables, None, GATEWAY);
    assert_eq!(systemd.next(), "READY=1");
    for _ in 0..3 {
        assert_eq!(systemd.next(), "WATCHDOG=1");
    }
}

#[test]
fn a_server_takes_over_the_sockets_that_it_is_given() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let variables = [("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "admin")];
    let mut server = Running::start(&variables, Some(listener), GATEWAY);
    let grpc = server.told("grpc");
    server.told("upstream");
    assert_eq!(server.told("admin"), address.to_string());
    assert_ne!(grpc, address.to_string());
    assert!(answer_of(address).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_socket_of_another_name_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let variables = [("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "http")];
    let mut server = Running::start(&variables, Some(listener), GATEWAY);
    let ended = server.child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(1));
    let mut said = String::new();
    let mut stderr = server.child.stderr.take().expect("it is piped");
    stderr.read_to_string(&mut said).expect("it is text");
    assert!(said.contains("FileDescriptorName="), "{said}");
}

/// What `/healthz` answers.
fn answer_of(admin: SocketAddr) -> String {
    let mut stream = TcpStream::connect(admin).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let request = "GET /healthz HTTP/1.1\r\nhost: gateway\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer in time");
    answer
}
