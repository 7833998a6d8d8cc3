//! The gateway as its operator runs it, where the machine has too little of
//! something.

#![cfg(unix)]

mod command;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{GetUserRequest, ListUsersRequest};
use tonic::transport::Channel;

use command::{program, without_settings};

/// Time for what has to happen soon. Only a failing test waits for it, so that it is long
/// enough for a machine with much else to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command that is killed with the test.
struct Running {
    child: Child,
    /// What it printed first.
    address: SocketAddr,
}

impl Running {
    /// Runs a shell script that becomes the gateway, whose first line says where
    /// it serves.
    fn start(script: &str) -> Self {
        Self::start_with(script, Stdio::inherit())
    }

    /// The same with another standard error.
    fn start_with(script: &str, stderr: Stdio) -> Self {
        let mut child = without_settings("sh")
            .args(["-c", script])
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .expect("sh starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it prints a line");
        let address = line.trim().strip_prefix("grpc ").expect("an address");
        let address = address.parse().expect("an address");
        Self { child, address }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An upstream that answers every request with a user, each on a connection of its
/// own.
fn upstream() -> SocketAddr {
    upstream_with(r#"{"id":"6b0310a386200e03b8000001"}"#)
}

/// An upstream that answers every request with this JSON, each on a connection of
/// its own.
fn upstream_with(json: &str) -> SocketAddr {
    let length = json.len();
    let reply: Arc<str> = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{json}"
    )
    .into();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let reply = Arc::clone(&reply);
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(reply.as_bytes());
            });
        }
    });
    address
}

async fn get_user(channel: &Channel) -> Result<(), tonic::Status> {
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let mut users = UserServiceClient::new(channel.clone());
    users.get_user(request).await.map(drop)
}

fn channel(address: SocketAddr) -> tonic::transport::Endpoint {
    Channel::from_shared(format!("http://{address}")).expect("it is a URI")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_open_files_to_spare_connections_go_on_and_new_ones_wait() {
    let gateway = Running::start(&format!(
        "ulimit -n 64; exec '{}' gateway --grpc 127.0.0.1:0 --upstream http://{}/v2 \
         --preface-timeout 60s",
        env!("CARGO_BIN_EXE_web1on1"),
        upstream()
    ));
    let open = channel(gateway.address).connect().await.expect("a place");
    get_user(&open).await.expect("there is room");

    let silent: Vec<_> = (0..100)
        .map(|_| TcpStream::connect(gateway.address).expect("the backlog takes it"))
        .collect();
    let late = channel(gateway.address).connect_lazy();
    let mut waiting = tokio::spawn(async move { get_user(&late).await });
    for _ in 0..20 {
        get_user(&open)
            .await
            .expect("an open connection has what it needs");
    }
    let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
    assert!(early.is_err(), "more connections than places: {early:?}");

    drop(silent);
    let served = tokio::time::timeout(PATIENCE, waiting).await;
    served
        .expect("it is served once there is room")
        .expect("no panic")
        .expect("the call is good");
}

/// A port that was free just now.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// What an orchestrator is told at the path.
fn ask(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).expect("the backlog takes it");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer in time");
    answer
}

#[test]
fn an_orchestrator_is_answered_where_no_file_can_be_opened() {
    // The command inherits these, so that it runs out before its own bounds.
    let taken: Vec<_> = (0..40)
        .map(|_| rustix::io::dup(std::io::stdin()).expect("a file"))
        .collect();
    let admin = free_port();
    let gateway = Running::start(&format!(
        "ulimit -n 64; exec '{}' gateway --grpc 127.0.0.1:0 --upstream http://{}/v2 \
         --admin {admin} --preface-timeout 60s",
        env!("CARGO_BIN_EXE_web1on1"),
        upstream()
    ));
    drop(taken);
    let begun = Instant::now();
    while TcpStream::connect(admin).is_err() {
        assert!(begun.elapsed() < PATIENCE, "it does not serve {admin}");
        std::thread::sleep(Duration::from_millis(10));
    }
    let silent: Vec<_> = (0..40)
        .map(|_| TcpStream::connect(gateway.address).expect("the backlog takes it"))
        .collect();
    for _ in 0..5 {
        let answer = ask(admin, "/healthz");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    drop(silent);
    // The upstream may not have been tried while no file could be opened.
    let begun = Instant::now();
    loop {
        let answer = ask(admin, "/readyz");
        if answer.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{answer}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An upstream that answers every request with 500, so that each call is logged.
fn failing_upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\
                  connection: close\r\n\r\n",
            );
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_to_read_its_log() {
    // A pipe holds 64 KiB, and a line of the log is longer than 100 bytes.
    const CALLS: usize = 1000;
    let mut gateway = Running::start_with(
        &format!(
            "exec '{}' gateway --grpc 127.0.0.1:0 --upstream http://{}/v2",
            env!("CARGO_BIN_EXE_web1on1"),
            failing_upstream()
        ),
        Stdio::piped(),
    );
    let channel = channel(gateway.address).connect().await.expect("it serves");
    for n in 0..CALLS {
        let call = tokio::time::timeout(PATIENCE, get_user(&channel)).await;
        let failed = call.unwrap_or_else(|_| panic!("call {n} is not answered"));
        let status = failed.expect_err("the upstream fails");
        assert_eq!(status.code(), tonic::Code::Internal, "{status}");
    }
    let id = i32::try_from(gateway.child.id()).expect("a process id");
    let id = rustix::process::Pid::from_raw(id).expect("a process id");
    rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it is told to stop");
    let begun = Instant::now();
    let ended = loop {
        if let Some(ended) = gateway.child.try_wait().expect("it can be asked") {
            break ended;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not stop");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(ended.success(), "{ended}");
}

#[test]
fn nobody_has_to_read_what_it_prints() {
    let (unread, stdout) = std::io::pipe().expect("a pipe");
    drop(unread);
    let admin = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = admin.local_addr().expect("an address");
    drop(admin);
    let mut gateway = program()
        .args(["gateway", "--grpc", "127.0.0.1:0", "--admin"])
        .arg(address.to_string())
        .args(["--upstream", "http://127.0.0.1:1"])
        .stdout(stdout)
        .spawn()
        .expect("the command starts");
    let begun = Instant::now();
    let serves = loop {
        if TcpStream::connect(address).is_ok() {
            break true;
        }
        let ended = gateway.try_wait().expect("it can be asked");
        if ended.is_some() || begun.elapsed() > PATIENCE {
            break false;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let _ = gateway.kill();
    let ended = gateway.wait().expect("it ends");
    assert!(serves, "it ended before it served: {ended}");
}

/// A line of what the system says of a process, in KiB.
#[cfg(target_os = "linux")]
fn memory(process: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.expect("the process runs");
    let value = status.lines().find_map(|text| text.strip_prefix(line));
    let value = value.and_then(|text| text.trim_end_matches("kB").trim().parse().ok());
    value.unwrap_or_else(|| panic!("{line} is there:\n{status}"))
}

#[cfg(target_os = "linux")]
#[test]
fn hardly_any_memory_of_a_server_comes_in_huge_pages() {
    // Where the system gives them unasked, what comes before `main` may be in two of them.
    const MOST: u64 = 4096;
    let gateway = Running::start(&format!(
        "exec '{}' gateway --grpc 127.0.0.1:0 --upstream http://127.0.0.1:1/v2",
        env!("CARGO_BIN_EXE_web1on1")
    ));
    let rollup = format!("/proc/{}/smaps_rollup", gateway.child.id());
    let rollup = std::fs::read_to_string(rollup).expect("the process runs");
    let huge = rollup
        .lines()
        .find(|line| line.starts_with("AnonHugePages:"));
    let size = huge.and_then(|line| line.split_whitespace().nth(1));
    let size: u64 = size.expect("a size").parse().expect("a number of KiB");
    assert!(
        size <= MOST,
        "{size} KiB; what takes memory before `allow_huge_pages(false)`?\n{rollup}"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_of_a_long_list_is_given_back() {
    // Few and large: what is held is the same, and takes little time to read.
    const USER: usize = 100_000;
    const USERS: usize = 300;
    const KIB: u64 = (USER * USERS / 1024) as u64;
    let user = format!(r#"{{"familyName":"{}"}}"#, "x".repeat(USER));
    let list = format!("[{}]", vec![user; USERS].join(","));
    let gateway = Running::start(&format!(
        "exec '{}' gateway --grpc 127.0.0.1:0 --upstream http://{}/v2",
        env!("CARGO_BIN_EXE_web1on1"),
        upstream_with(&list)
    ));
    let process = gateway.child.id();
    let channel = channel(gateway.address).connect().await.expect("a place");
    let before = memory(process, "VmRSS:");
    let mut users = UserServiceClient::new(channel).max_decoding_message_size(usize::MAX);
    let listed = users.list_users(ListUsersRequest::default()).await;
    assert_eq!(listed.expect("a list").into_inner().users.len(), USERS);
    let most = memory(process, "VmHWM:");
    assert!(most > before + KIB, "the list was never held: {most} KiB");

    let end = Instant::now() + PATIENCE;
    loop {
        let now = memory(process, "VmRSS:");
        if now < before + KIB / 2 {
            return;
        }
        assert!(
            Instant::now() < end,
            "of {most} KiB with the list {now} are kept, and {before} were there before; \
             see serve/process.rs"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
