//! What an operator sees agrees with the calls that were made: the scrape and the
//! access log, side by side.

#![cfg(unix)]

mod command;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{CreateTokenRequest, GetUserRequest, StreamUsersRequest};
use serde_json::Value;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use tonic::{Code, Request};

use command::program;

/// Time for what has to happen soon.
const PATIENCE: Duration = Duration::from_secs(30);

const EMAIL: &str = "owner@example.com";
const PASSWORD: &str = "z3krUt-en-lang";

/// A server that is killed with the test.
struct Server {
    child: Child,
    /// What it printed: the name of each address, and the address.
    addresses: BTreeMap<String, SocketAddr>,
    /// Where its standard error goes.
    log: tempfile::NamedTempFile,
}

impl Server {
    /// Runs the command until it says where its admin pages are.
    fn start(arguments: &[&str]) -> Self {
        let log = tempfile::NamedTempFile::new().expect("there is room");
        let stderr = File::create(log.path()).expect("it can be written");
        let mut child = program()
            .args(arguments)
            .args(["--admin", "0", "--access-log", "json"])
            .env("WEB1ON1_OWNER_EMAIL", EMAIL)
            .env("WEB1ON1_OWNER_PASSWORD", PASSWORD)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut addresses = BTreeMap::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("UTF-8");
            if let Some((name, address)) = line.split_once(' ')
                && let Ok(address) = address.parse()
            {
                addresses.insert(name.to_owned(), address);
                if name == "admin" {
                    break;
                }
            }
        }
        Self {
            child,
            addresses,
            log,
        }
    }

    #[track_caller]
    fn address(&self, name: &str) -> SocketAddr {
        let address = self.addresses.get(name).copied();
        address.unwrap_or_else(|| panic!("it does not serve {name}: {:?}", self.log()))
    }

    async fn channel(&self) -> Channel {
        let address = format!("http://{}", self.address("grpc"));
        let endpoint = Channel::from_shared(address).expect("it is a URI");
        endpoint.connect().await.expect("it serves")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).expect("UTF-8")
    }

    /// The lines of the access log, all that come before the process ends.
    fn stop(&mut self) -> Vec<Value> {
        let id = i32::try_from(self.child.id()).expect("a process id");
        let id = rustix::process::Pid::from_raw(id).expect("a process id");
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it runs");
        self.child.wait().expect("it ends");
        let log = self.log();
        let lines = log.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    }

    fn scrape(&self) -> Scrape {
        let answer = ask(self.address("admin"), "GET", "/metrics", "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        Scrape::read(&answer.body)
    }

    /// Scrapes until everything is as expected.
    #[track_caller]
    fn scrape_until(&self, is_expected: impl Fn(&Scrape) -> bool) -> Scrape {
        let begun = Instant::now();
        loop {
            let scrape = self.scrape();
            if is_expected(&scrape) {
                return scrape;
            }
            let is_late = begun.elapsed() > PATIENCE;
            assert!(!is_late, "it never comes to that: {:#?}", scrape.0);
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: web1on1\r\naccept: */*\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or_default(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// The values of a scrape by the names of their series.
struct Scrape(BTreeMap<String, String>);

impl Scrape {
    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name.to_owned(), value.to_owned())
        });
        Self(series.collect())
    }

    /// The value of a series that counts; 0 where there is none.
    fn value(&self, series: &str) -> u64 {
        let value = self.0.get(series).and_then(|value| value.parse().ok());
        value.unwrap_or_default()
    }

    /// The sum of all series of a metric with this label.
    fn sum(&self, metric: &str, label: &str) -> u64 {
        let series = self.0.keys().filter(|name| {
            let behind = name.strip_prefix(metric);
            behind.is_some_and(|behind| behind.starts_with('{') && behind.contains(label))
        });
        series.map(|name| self.value(name)).sum()
    }

    /// The series of a metric that are not zero, by their labels.
    fn of(&self, metric: &str) -> BTreeMap<String, u64> {
        let names = self.0.keys();
        names
            .filter_map(|name| {
                let labels = name.strip_prefix(metric)?.strip_prefix('{')?;
                Some((labels.trim_end_matches('}').to_owned(), self.value(name)))
            })
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// The names of the metrics that have a series.
    fn metrics(&self) -> BTreeSet<&str> {
        let names = self
            .0
            .keys()
            .map(|name| name.split('{').next().unwrap_or(name));
        names
            .map(|name| {
                let histogram = ["_bucket", "_sum", "_count"].iter();
                let mut of = histogram.filter_map(|suffix| name.strip_suffix(suffix));
                of.next().unwrap_or(name)
            })
            .collect()
    }
}

async fn log_in(channel: &Channel, password: &str) -> Result<String, tonic::Status> {
    let request = CreateTokenRequest {
        email: Some(EMAIL.to_owned()),
        password: Some(password.to_owned()),
        ..CreateTokenRequest::default()
    };
    let mut auth = AuthServiceClient::new(channel.clone());
    let reply = auth.create_token(request).await?.into_inner();
    let token = reply.token.expect("there is a token");
    Ok(token.token.expect("it has one"))
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}");
    let value = MetadataValue::try_from(bearer).expect("it is a value");
    request.metadata_mut().insert("authorization", value);
    request
}

async fn get_user(channel: &Channel, token: &str, user: &str) -> Result<(), tonic::Status> {
    let user_id = user.to_owned();
    let request = with_token(GetUserRequest { user_id }, token);
    let mut users = UserServiceClient::new(channel.clone());
    users.get_user(request).await.map(drop)
}

/// Makes calls whose number is known.
async fn script(server: &Server) {
    let channel = server.channel().await;
    let token = log_in(&channel, PASSWORD).await.expect("it is right");
    for _ in 0..2 {
        let refused = log_in(&channel, "wrong").await.expect_err("it is wrong");
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
    for _ in 0..3 {
        get_user(&channel, &token, "me").await.expect("it is there");
    }
    let nobody = get_user(&channel, &token, "6b0310a386200e03b8ffffff").await;
    assert_eq!(nobody.expect_err("nobody is there").code(), Code::NotFound);
    let mut users = UserServiceClient::new(channel.clone());
    let request = with_token(StreamUsersRequest::default(), &token);
    let mut stream = users
        .stream_users(request)
        .await
        .expect("a list")
        .into_inner();
    let mut elements = 0;
    while stream.message().await.expect("an element").is_some() {
        elements += 1;
    }
    assert_eq!(elements, 1, "there is the owner");
    assert_eq!(
        ask(server.address("http"), "GET", "/v2/nowhere", "").status,
        404
    );
}

const RPCS: &str = "web1on1.v2";

/// How many calls the script makes, by rpc and code.
fn calls() -> BTreeMap<String, u64> {
    [
        ("AuthService/CreateToken", "OK", 1),
        ("AuthService/CreateToken", "UNAUTHENTICATED", 2),
        ("UserService/GetUser", "OK", 3),
        ("UserService/GetUser", "NOT_FOUND", 1),
        ("UserService/StreamUsers", "OK", 1),
    ]
    .map(|(rpc, code, count)| (format!(r#"rpc="{RPCS}.{rpc}",code="{code}""#), count))
    .into()
}

/// How many requests come of it, by operation and status.
fn requests() -> BTreeMap<String, u64> {
    [
        ("createToken", 201, 1),
        ("createToken", 401, 2),
        ("getUser", 200, 3),
        ("getUser", 404, 1),
        ("listUsers", 200, 1),
        ("unknown", 404, 1),
    ]
    .map(|(operation, status, count)| {
        (
            format!(r#"operation="{operation}",status="{status}""#),
            count,
        )
    })
    .into()
}

/// Checks that the lines of a server are for these calls, and have as many bytes as
/// the scrape.
#[track_caller]
fn check_log(
    lines: &[Value],
    server: &str,
    names: [&str; 2],
    expected: &BTreeMap<String, u64>,
    scrape: &Scrape,
) {
    let lines: Vec<_> = lines
        .iter()
        .filter(|line| line["server"] == server)
        .collect();
    let mut logged: BTreeMap<String, u64> = BTreeMap::new();
    for line in &lines {
        let labels = names.map(|name| {
            let value = line[name].to_string();
            format!("{name}=\"{}\"", value.trim_matches('"'))
        });
        *logged.entry(labels.join(",")).or_default() += 1;
    }
    assert_eq!(logged, *expected, "the access log of the {server}");
    for field in ["received", "sent"] {
        let bytes: u64 = lines.iter().filter_map(|line| line[field].as_u64()).sum();
        let metric = format!("web1on1_{server}_{field}_bytes_total");
        assert_eq!(bytes, scrape.sum(&metric, ""), "{field} by the {server}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_and_the_access_log_agree_with_the_calls() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let data = data.path().to_str().expect("UTF-8");
    let mut server = Server::start(&[
        "serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--data",
        data,
        "--watch-sample",
        "1",
    ]);
    script(&server).await;

    // The end of a reply may reach its reader before it is counted.
    let scrape = server.scrape_until(|scrape| {
        scrape.of("web1on1_gateway_calls_total") == calls()
            && scrape.of("web1on1_backend_requests_total") == requests()
            && scrape.value("web1on1_gateway_calls_in_flight") == 0
            && scrape.value(r#"web1on1_gateway_watched_replies_total{result="valid"}"#) == 5
    });
    for (series, expected) in [
        (
            r#"web1on1_gateway_failures_total{reason="CREDENTIALS_INVALID"}"#,
            2,
        ),
        (r#"web1on1_gateway_failures_total{reason="NOT_FOUND"}"#, 1),
        (
            r#"web1on1_backend_failures_total{reason="CREDENTIALS_INVALID"}"#,
            2,
        ),
        (r#"web1on1_backend_logins_total{outcome="succeeded"}"#, 1),
        (r#"web1on1_backend_logins_total{outcome="failed"}"#, 2),
        (r#"web1on1_backend_work_total{kind="password"}"#, 4),
        (r#"web1on1_upstream_replies_total{status="200"}"#, 4),
        (r#"web1on1_upstream_replies_total{status="401"}"#, 2),
        ("web1on1_gateway_connections_accepted_total", 1),
        ("web1on1_gateway_drift_unlisted_total", 0),
        ("web1on1_log_lines_dropped_total", 0),
    ] {
        assert_eq!(scrape.value(series), expected, "{series}");
    }

    let lines = server.stop();
    check_log(&lines, "gateway", ["rpc", "code"], &calls(), &scrape);
    check_log(
        &lines,
        "backend",
        ["operation", "status"],
        &requests(),
        &scrape,
    );
    // Both lines of a call have its ID, and no two calls have the same.
    let ids = |server: &str| -> BTreeSet<String> {
        let lines = lines.iter().filter(|line| line["server"] == server);
        lines.map(|line| line["request_id"].to_string()).collect()
    };
    assert_eq!(ids("gateway").len(), 8, "{:?}", ids("gateway"));
    assert!(ids("gateway").is_subset(&ids("backend")), "{lines:#?}");
    let log = server.log();
    assert!(!log.contains("Bearer") && !log.contains(PASSWORD), "{log}");
}

/// An upstream that answers every request with this user.
fn stub(user: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n{user}",
                    user.len()
                )
                .as_bytes(),
            );
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_seen_and_an_upstream_that_drifts_is_found() {
    let upstream = stub(r#"{"id": "no object id", "shoeSize": 43}"#);
    let upstream = format!("http://{upstream}/v2");
    let gateway = Server::start(&[
        "gateway",
        "--grpc",
        "127.0.0.1:0",
        "--upstream",
        &upstream,
        "--watch-sample",
        "1",
    ]);
    let channel = gateway.channel().await;
    get_user(&channel, "token", "me")
        .await
        .expect("it can be read");
    let drift = |kind: &str| {
        format!(r#"web1on1_gateway_drift_total{{rpc="{RPCS}.UserService/GetUser",kind="{kind}"}}"#)
    };
    let scrape = gateway.scrape_until(|scrape| {
        scrape.value(&drift("undeclared_property")) == 1
            && scrape.value(&drift("schema_violation")) == 1
    });
    let shown = ask(gateway.address("admin"), "GET", "/drift", "").body;
    let shown: Value = serde_json::from_str(&shown).expect("it is JSON");
    let shown = shown["differences"].as_array().expect("a list").iter();
    let found: BTreeSet<_> = shown
        .map(|shown| (shown["pointer"].as_str(), shown["kind"].as_str()))
        .collect();
    for expected in [
        (Some("/shoeSize"), Some("undeclared_property")),
        (Some("/id"), Some("schema_violation")),
    ] {
        assert!(
            found.contains(&expected),
            "{expected:?} is not in {found:?}"
        );
    }
    let log = gateway.log();
    assert_eq!(log.matches("shoeSize").count(), 1, "{log}");

    let data = tempfile::tempdir().expect("a temporary directory");
    let data = data.path().to_str().expect("UTF-8");
    let both = Server::start(&[
        "serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--data",
        data,
    ]);
    script(&both).await;
    let elements = "web1on1_gateway_list_elements_total";
    let other = both.scrape_until(|scrape| scrape.sum(elements, "StreamUsers") > 0);
    let seen: BTreeSet<_> = scrape.metrics().union(&other.metrics()).copied().collect();
    let declared = telemetry::catalogue::all().map(|metric| metric.name);
    let declared: BTreeSet<_> = declared.collect();
    // Only over TLS and with a collector; the tests of those look for them.
    let is_elsewhere = |name: &str| {
        ["web1on1_tls_", "web1on1_trace_"]
            .iter()
            .any(|of| name.starts_with(of))
    };
    let missing = declared.difference(&seen);
    let missing: Vec<_> = missing.filter(|name| !is_elsewhere(name)).collect();
    assert!(missing.is_empty(), "no scrape has {missing:?}");
    let unknown: Vec<_> = seen.difference(&declared).collect();
    assert!(unknown.is_empty(), "nobody declares {unknown:?}");
}

#[test]
fn the_pages_are_on_the_admin_address_alone() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let data = data.path().to_str().expect("UTF-8");
    let server = Server::start(&[
        "serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
        "--data",
        data,
    ]);
    let admin = server.address("admin");
    assert!(admin.ip().is_loopback(), "{admin}");
    let index = ask(admin, "GET", "/", "");
    assert_eq!(index.status, 200);
    for line in index.body.lines() {
        let path = line.split(' ').next().unwrap_or_default();
        let answer = ask(admin, "GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!answer.body.is_empty(), "{path} is empty");
        for public in ["grpc", "http"] {
            // The REST API has a health of its own, and its documents are for everybody.
            let is_for_all = ["/healthz", "/openapi.json", "/openapi.yaml", "/descriptors"];
            if is_for_all.contains(&path) && public == "http" {
                continue;
            }
            let answer = ask(server.address(public), "GET", path, "");
            assert_ne!(answer.status, 200, "{path} is on {public}: {}", answer.head);
        }
    }
    for path in [
        "/metrics",
        "/readyz",
        "/drift",
        "/log",
        "/openapi.json",
        "/descriptors",
    ] {
        assert!(index.body.contains(path), "{path} is not in the index");
    }
    assert_eq!(ask(admin, "GET", "/schemas/User.json", "").status, 200);
}

#[test]
fn the_level_of_the_log_is_changed_at_run_time() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let data = data.path().to_str().expect("UTF-8");
    let server = Server::start(&["backend", "--http", "127.0.0.1:0", "--data", data]);
    let admin = server.address("admin");
    assert_eq!(ask(admin, "GET", "/log", "").body, "warn\n");
    let refused = ask(admin, "PUT", "/log", "loud");
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.contains("\"loud\" is no level"),
        "{}",
        refused.body
    );
    ask(server.address("http"), "GET", "/healthz", "");
    assert!(!server.log().contains("DEBUG"), "{}", server.log());
    let changed = ask(admin, "PUT", "/log", "warn,backend=debug");
    assert_eq!(
        (changed.status, &*changed.body),
        (200, "backend=debug,warn\n")
    );
    let begun = Instant::now();
    while !server.log().contains("DEBUG") {
        ask(server.address("http"), "GET", "/healthz", "");
        assert!(begun.elapsed() < PATIENCE, "{}", server.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_scrapes_slowly_is_in_nobodys_way() {
    let upstream = stub(r#"{"id": "6b0310a386200e03b8000001"}"#);
    let upstream = format!("http://{upstream}/v2");
    let gateway = Server::start(&["gateway", "--grpc", "127.0.0.1:0", "--upstream", &upstream]);
    // They take all places and say nothing.
    let silent: Vec<_> = (0..64)
        .map(|_| TcpStream::connect(gateway.address("admin")).expect("the backlog takes it"))
        .collect();
    let channel = gateway.channel().await;
    for _ in 0..20 {
        get_user(&channel, "token", "me")
            .await
            .expect("it is served");
    }
    drop(silent);
    let scrape =
        gateway.scrape_until(|scrape| scrape.sum("web1on1_gateway_calls_total", "GetUser") == 20);
    let line = r#"web1on1_upstream_replies_total{status="200"}"#;
    assert_eq!(scrape.value(line), 20);
}
