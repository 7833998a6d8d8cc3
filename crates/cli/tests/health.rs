//! `web1on1 health`, asking a server that answers in a certain way.

mod command;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Output, Stdio};
use std::thread;

use command::program;

/// Runs the command.
fn health(arguments: &[&str]) -> Output {
    program()
        .arg("health")
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// Checks the exit code, and that the one line says something.
#[track_caller]
fn check(arguments: &[&str], code: i32, expected: &str) {
    let output = health(arguments);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("it is text");
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(expected), "{said}");
}

/// A server that answers each path as a function of it says, on connections of their own.
fn server(status: fn(&str) -> &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = String::new();
            let mut reader = BufReader::new(&mut stream);
            while reader
                .read_line(&mut request)
                .is_ok_and(|length| length > 2)
            {}
            let path = request.split(' ').nth(1).unwrap_or_default();
            let status = status(path);
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// A gateway that is killed with the test, and its addresses.
struct Gateway {
    child: Child,
    grpc: String,
    admin: String,
}

impl Gateway {
    /// Starts a gateway in front of an upstream.
    fn start(upstream: SocketAddr) -> Self {
        let mut child = program()
            .args(["gateway", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--upstream", &format!("http://{upstream}/v2")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut told = || {
            let mut line = String::new();
            output.read_line(&mut line).expect("a line");
            line.split_whitespace()
                .last()
                .unwrap_or_default()
                .to_owned()
        };
        let (grpc, _upstream, admin) = (told(), told(), told());
        Self { child, grpc, admin }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nothing() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

#[test]
fn a_server_that_is_ready_is_healthy() {
    let address = server(|path| {
        if path == "/readyz" {
            "200 OK"
        } else {
            "500 No"
        }
    });
    check(&[&format!("http://{address}")], 0, "is serving");
}

#[test]
fn a_server_without_readiness_is_asked_for_its_health() {
    let address = server(|path| {
        if path == "/healthz" {
            "200 OK"
        } else {
            "404 No"
        }
    });
    check(&[&format!("http://{address}/")], 0, "is serving");
    check(&[&format!("http://{address}/other")], 1, "answers 404");
}

#[test]
fn a_server_that_is_not_ready_is_not_healthy() {
    let address = server(|path| {
        if path == "/healthz" {
            "200 OK"
        } else {
            "503 No"
        }
    });
    check(&[&format!("http://{address}")], 1, "answers 503");
}

#[test]
fn a_gateway_without_its_upstream_is_not_healthy() {
    let gateway = Gateway::start(nothing());
    check(&[&gateway.grpc], 1, "NOT_SERVING");
    check(&[&format!("http://{}", gateway.admin)], 1, "answers 503");
    let own = ["--service", "grpc.health.v1.Health"];
    check(&[&[&*gateway.grpc], &own[..]].concat(), 0, "is serving");
    check(
        &[&*gateway.grpc, "--service", "no.such.Service"],
        1,
        "NotFound",
    );
}

#[test]
fn nobody_is_not_healthy() {
    let address = nothing();
    check(&[&address.to_string()], 1, "cannot be reached");
    check(&[&format!("http://{address}")], 1, "cannot be reached");
    check(&["local host"], 1, "HOST:PORT");
}

#[test]
fn a_server_that_is_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            open.push(stream);
        }
    });
    for address in [address.to_string(), format!("http://{address}")] {
        check(
            &[&address, "--timeout", "200ms"],
            1,
            "has not answered within",
        );
    }
}
