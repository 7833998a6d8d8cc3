//! The servers and their caller over TLS, as people run them.

#![cfg(unix)]

mod command;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use command::program;

#[path = "../../tls/tests/it/authority.rs"]
#[allow(dead_code, reason = "the tests of TLS itself use more of it")]
mod authority;

use authority::{Authority, Files, Subject};

/// `web1on1 serve`, which is killed when it is dropped.
struct Serve {
    child: Child,
    printed: Vec<String>,
    files: Files,
    ca: PathBuf,
    authority: Authority,
}

impl Serve {
    /// Serves both over TLS with these further arguments, in which `CA` stands for
    /// the file of the authority.
    fn start(arguments: &[&str]) -> Self {
        let (files, authority) = (Files::new(), Authority::new("ours"));
        let ca = files.write("ca.pem", &authority.pem);
        let server = files.certificate("server", &authority.issue(Subject::LOCALHOST));
        files.certificate("client", &authority.issue(Subject::CLIENT));
        let mut command = program();
        command
            .args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--owner-email", "owner@example.com", "--data"])
            .arg(files.path("data"));
        for argument in arguments {
            match *argument {
                "CA" => command.arg(&ca),
                "CERTIFICATE" => command.arg(&server.certificate),
                "KEY" => command.arg(&server.key),
                other => command.arg(other),
            };
        }
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut printed = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("UTF-8");
            let is_last = line.starts_with("Ctrl-C");
            printed.push(line);
            if is_last {
                break;
            }
        }
        Self {
            child,
            printed,
            files,
            ca,
            authority,
        }
    }

    /// The port of what is served under this name.
    #[track_caller]
    fn port(&self, name: &str) -> u16 {
        let line = self.printed.iter().find_map(|line| line.strip_prefix(name));
        let port = line.and_then(|address| address.rsplit_once(':'));
        let (_, port) = port.unwrap_or_else(|| panic!("no {name:?}: {:#?}", self.printed));
        port.parse().expect("a port")
    }

    fn path(&self, name: &str) -> String {
        self.files.path(name).display().to_string()
    }
}

/// Makes a call that needs no token.
fn call(address: &str, arguments: &[&str]) -> Output {
    let mut command = program();
    command.args(["call", "AuthService/CreateToken", "-d", "{}"]);
    command.args(["--address", address]).args(arguments);
    command.output().expect("the command starts")
}

/// Checks that a call reaches the API, which refuses an empty login.
#[track_caller]
fn reaches(address: &str, arguments: &[&str]) {
    let output = call(address, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.starts_with("error: INVALID_ARGUMENT"), "{stderr}");
}

/// Checks what is said of a call that reaches no API.
#[track_caller]
fn fails(address: &str, arguments: &[&str], expected: &str) {
    let output = call(address, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = format!("error: UNAVAILABLE: cannot call {address}: {expected}\n");
    assert_eq!(stderr, expected);
    assert_eq!(output.status.code(), Some(1));
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const BOTH: [&str; 8] = [
    "--tls-cert",
    "CERTIFICATE",
    "--tls-key",
    "KEY",
    "--http-tls-cert",
    "CERTIFICATE",
    "--http-tls-key",
    "KEY",
];

/// Gets what lies at a path over TLS, and the certificate that was shown.
fn get(port: u16, path: &str, ca: &Path) -> (String, Vec<u8>) {
    let roots = tls::roots(ca).expect("the file can be used");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the versions are known")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let tcp = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let mut stream = StreamOwned::new(client, tcp);
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut reply = String::new();
    let _ = stream.read_to_string(&mut reply);
    let certificates = stream.conn.peer_certificates().unwrap_or_default();
    let shown = certificates.first().expect("a server shows one");
    (reply, shown.to_vec())
}

#[test]
fn both_servers_speak_tls_and_a_caller_is_told_what_is_wrong() {
    let serve = Serve::start(&BOTH);
    let (grpc, http) = (serve.port("grpc "), serve.port("http "));
    let ca = serve.ca.display().to_string();
    let trusting = ["--ca", &*ca];
    let url = format!("https://localhost:{grpc}");
    reaches(&url, &trusting);
    reaches(&format!("localhost:{grpc}"), &trusting);
    let by_address = format!("https://127.0.0.1:{grpc}");
    reaches(&by_address, &["--ca", &ca, "--server-name", "localhost"]);

    fails(
        &url,
        &[],
        "its certificate is of an authority that is not trusted; --ca FILE names one",
    );
    let plain = format!("localhost:{grpc}");
    fails(
        &plain,
        &[],
        &format!("it speaks TLS, and this was plain text; give https://{plain}"),
    );
    let rest = format!("https://localhost:{http}");
    let told = "it answers in HTTP/2 but not in gRPC, so it is not a gRPC server; `web1on1 \
        serve` serves gRPC where its line `grpc` says, 127.0.0.1:50051 by default, and REST \
        where its line `http` says";
    fails(&rest, &trusting, told);

    let (reply, _) = get(http, "/healthz", &serve.ca);
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
}

#[test]
fn plain_servers_tell_a_caller_with_tls_so() {
    let serve = Serve::start(&[]);
    let ca = serve.ca.display().to_string();
    for name in ["grpc ", "http "] {
        let place = format!("localhost:{}", serve.port(name));
        let output = call(&format!("https://{place}"), &["--ca", &ca]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let told = format!("give http://{place}\n");
        assert!(stderr.ends_with(&told), "{stderr}");
    }
}

#[test]
fn a_certificate_of_an_authority_is_told_from_one_of_a_server() {
    let (files, authority) = (Files::new(), Authority::new("localhost"));
    let certificate = files.write("own.pem", &authority.pem);
    let key = files.write("own.key", &authority.key());
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let serve = Serve::start(&["--tls-cert", &certificate, "--tls-key", &key]);
    let url = format!("https://localhost:{}", serve.port("grpc "));
    fails(
        &url,
        &["--ca", &certificate],
        "its certificate is one of an authority, which cannot stand for a server; \
         one with basicConstraints=CA:FALSE can",
    );
}

#[test]
fn a_caller_needs_a_certificate_where_authorities_are_named() {
    let serve = Serve::start(&[&BOTH[..4], &["--tls-client-ca", "CA"]].concat());
    let url = format!("https://localhost:{}", serve.port("grpc "));
    let (ca, cert, key) = (
        serve.ca.display().to_string(),
        serve.path("client.pem"),
        serve.path("client.key"),
    );
    let shown = ["--ca", &*ca, "--cert", &*cert, "--key", &*key];
    reaches(&url, &shown);
    fails(
        &url,
        &shown[..2],
        "it asks for a certificate; --cert FILE and --key FILE show one",
    );
    let theirs = Authority::new("theirs").issue(Subject::CLIENT);
    serve.files.certificate("client", &theirs);
    fails(
        &url,
        &shown,
        "it refuses the certificate of --cert (UnknownCA)",
    );
}

#[test]
fn a_hangup_signal_reloads_the_files_at_once() {
    let never = [
        "--tls-reload-interval",
        "24h",
        "--http-tls-reload-interval",
        "24h",
    ];
    let serve = Serve::start(&[&BOTH[..], &never].concat());
    let http = serve.port("http ");
    let (_, before) = get(http, "/healthz", &serve.ca);
    let new = serve.authority.issue(Subject::LOCALHOST);
    serve.files.certificate("server", &new);
    let id = serve.child.id().to_string();
    let killed = Command::new("kill").args(["-HUP", &id]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    // The server reads the files in the meantime.
    let reloaded = (0..1_000).any(|_| get(http, "/healthz", &serve.ca).1 != before);
    assert!(reloaded, "new connections are shown the old certificate");
}

#[test]
fn a_server_does_not_start_with_files_that_it_cannot_use() {
    let files = Files::new();
    let missing = files.path("missing.pem");
    let mut command = program();
    command.args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
    command.arg("--data").arg(files.path("data"));
    command.arg("--http-tls-cert").arg(&missing);
    command.arg("--http-tls-key").arg(&missing);
    let output = command.output().expect("the command starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let expected = format!(
        "error: REST cannot be served over TLS: {} cannot be read: No such file or directory \
         (os error 2)\n",
        missing.display()
    );
    assert_eq!(stderr, expected);
    assert_eq!(output.status.code(), Some(1));
}

/// Asks for the health of a server.
#[track_caller]
fn health(address: &str, arguments: &[&str], code: i32, expected: &str) {
    let mut command = program();
    command.args(["health", address, "--timeout", "30s"]);
    let output = command.args(arguments).output().expect("it starts");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(expected), "{said}");
}

#[test]
fn health_is_asked_for_over_tls_with_a_certificate() {
    let clients = ["--tls-client-ca", "CA", "--http-tls-client-ca", "CA"];
    let serve = Serve::start(&[&BOTH[..], &clients].concat());
    let grpc = format!("localhost:{}", serve.port("grpc "));
    let http = format!("https://localhost:{}/healthz", serve.port("http "));
    let ca = serve.ca.display().to_string();
    let (cert, key) = (serve.path("client.pem"), serve.path("client.key"));
    let all = ["--ca", &ca, "--cert", &cert, "--key", &key];
    for address in [&grpc, &http] {
        health(address, &all, 0, "is serving");
    }
    health(&grpc, &["--ca", &ca], 1, "it asks for a certificate");
    health(&grpc, &["--tls"], 1, "an authority that is not trusted");
    health(&grpc, &[], 1, "https://");
    let wrong = [&all[..], &["--server-name", "elsewhere.example.com"]].concat();
    health(&grpc, &wrong, 1, "--server-name NAME expects another name");
    health("http://localhost:1", &["--ca", &ca], 1, "has no TLS");
}

#[test]
fn a_scrape_tells_of_handshakes_and_of_the_end_of_certificates() {
    let serve = Serve::start(&[&BOTH[..], &["--admin", "0"]].concat());
    let grpc = format!("https://localhost:{}", serve.port("grpc "));
    let ca = serve.ca.display().to_string();
    reaches(&grpc, &["--ca", &ca]);
    call(&grpc, &[]);
    let mut stream = TcpStream::connect(("127.0.0.1", serve.port("admin "))).expect("it is served");
    let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut scrape = String::new();
    stream.read_to_string(&mut scrape).expect("it is text");
    for line in [
        r#"web1on1_tls_handshakes_total{listener="grpc",outcome="ok"} 1"#,
        r#"web1on1_tls_handshakes_total{listener="grpc",outcome="client_refused"} 1"#,
        r#"web1on1_tls_handshakes_total{listener="http",outcome="ok"} 0"#,
        r#"web1on1_tls_reloads_total{listener="grpc",outcome="ok"} 0"#,
        r#"web1on1_tls_files_unusable{listener="http"} 0"#,
    ] {
        assert!(
            scrape.lines().any(|found| found == line),
            "no {line}:\n{scrape}"
        );
    }
    let end = r#"web1on1_tls_certificate_not_after_timestamp_seconds{listener="grpc"} "#;
    let end = scrape.lines().find_map(|line| line.strip_prefix(end));
    let end: f64 = end.expect("a certificate ends").parse().expect("a number");
    let now = std::time::UNIX_EPOCH.elapsed().expect("it is later");
    assert!(end > now.as_secs_f64(), "{end}");
}
