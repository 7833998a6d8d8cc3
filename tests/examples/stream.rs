//! Measures what a long list costs the gateway, and other calls meanwhile.
//!
//!     cargo run --release -p web1on1-tests --example stream -- WEB1ON1 [USERS]
//!
//! `WEB1ON1` is a `web1on1` command. Its gateway has one worker thread, and an upstream
//! that sends a list of so many users (1,000,000) as fast as it is read. It prints how
//! long the stream took, the most memory and the threads that the gateway had, and how
//! long small calls took before it and during it. Those during it are made through this
//! gateway and through another one that has nothing else to do: what both wait for is the
//! machine and the upstream, and the difference is what the list costs other calls.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{GetUserRequest, StreamUsersRequest};
use tokio::net::TcpListener;
use tonic::transport::Channel;

/// The exchange that the reference records: a reply of about 1 KB.
const RECORDED: &str = include_str!("../../openapi/recorded/getUser.json");

/// How many users the upstream sends in one piece.
const PIECE: usize = 100;

/// A gateway in a process of its own.
struct Gateway {
    child: Child,
    address: String,
    /// The gateway goes on printing.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Gateway {
    fn start(binary: &str, upstream: &str) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(binary)
            .args(["gateway", "--grpc", "127.0.0.1:0", "--upstream", upstream])
            .env("TOKIO_WORKER_THREADS", "1")
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().ok_or("the gateway printed nothing")??;
        let address = first.strip_prefix("grpc ").ok_or("no address")?;
        Ok(Self {
            address: format!("http://{address}"),
            child,
            _lines: lines,
        })
    }

    async fn users(&self) -> Result<UserServiceClient<Channel>, Box<dyn Error>> {
        let channel = Channel::from_shared(self.address.clone())?
            .connect()
            .await?;
        Ok(UserServiceClient::new(channel))
    }

    /// What the system says of the process under this name.
    fn status(&self, name: &str) -> Result<String, Box<dyn Error>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.ok_or("no such line")?.trim().to_owned())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the upstream on a thread of its own.
fn serve(users: usize) -> Result<String, Box<dyn Error>> {
    let recorded: serde_json::Value = serde_json::from_str(RECORDED)?;
    let user = recorded["response"]["body"].to_string();
    let piece = Bytes::from(format!("{user},").repeat(PIECE));
    let last = Bytes::from(format!("{user}]"));
    let one = user.clone();
    let json = |body: Body| ([("content-type", "application/json")], body);
    let router = axum::Router::new()
        .route(
            "/v2/users",
            axum::routing::get(move || async move {
                let pieces = std::iter::once(Bytes::from_static(b"["))
                    .chain(std::iter::repeat_n(piece, (users / PIECE).max(1)))
                    .chain([last])
                    .map(Ok::<_, std::convert::Infallible>);
                json(Body::from_stream(tokio_stream::iter(pieces)))
            }),
        )
        .fallback(move || async move { json(Body::from(one)) });
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let _ = told.send(listener.local_addr()?);
            axum::serve(listener, router).await
        })
    });
    Ok(format!("http://{}/v2", address.recv()?))
}

/// Makes small calls until it is told to stop, and returns how long each took.
async fn small_calls(
    mut users: UserServiceClient<Channel>,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Duration>, tonic::Status> {
    let mut times = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        let request = GetUserRequest {
            user_id: "me".to_owned(),
        };
        users.get_user(request).await?;
        times.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(times)
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 1000).copied();
    println!(
        "{name}: {} calls, median {:.1?}, 99 % within {:.1?}, 99.9 % within {:.1?}, all within {:.1?}",
        times.len(),
        at(500).unwrap_or_default(),
        at(990).unwrap_or_default(),
        at(999).unwrap_or_default(),
        times.last().copied().unwrap_or_default(),
    );
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().ok_or("name a web1on1 command")?;
    let count = match arguments.next() {
        Some(count) => count.parse()?,
        None => 1_000_000,
    };
    let upstream = serve(count)?;
    let gateway = Gateway::start(&binary, &upstream)?;
    let other = Gateway::start(&binary, &upstream)?;

    let stop = Arc::new(AtomicBool::new(false));
    let quiet = tokio::spawn(small_calls(gateway.users().await?, Arc::clone(&stop)));
    tokio::time::sleep(Duration::from_secs(5)).await;
    stop.store(true, Ordering::Relaxed);
    print("small calls alone", quiet.await??);
    println!("threads {}", gateway.status("Threads:")?);

    stop.store(false, Ordering::Relaxed);
    let meanwhile = tokio::spawn(small_calls(gateway.users().await?, Arc::clone(&stop)));
    let elsewhere = tokio::spawn(small_calls(other.users().await?, Arc::clone(&stop)));
    let started = Instant::now();
    let mut users = gateway.users().await?;
    let mut request = tonic::Request::new(StreamUsersRequest::default());
    request.set_timeout(Duration::from_mins(5));
    let mut stream = users.stream_users(request).await?.into_inner();
    let mut found = 0_usize;
    while stream.message().await?.is_some() {
        found += 1;
    }
    let took = started.elapsed();
    stop.store(true, Ordering::Relaxed);
    print("small calls during the stream", meanwhile.await??);
    print("small calls through the other gateway", elsewhere.await??);
    println!("{found} users in {took:.1?}");
    println!("threads {}", gateway.status("Threads:")?);
    println!("most memory {}", gateway.status("VmHWM:")?);
    Ok(())
}
