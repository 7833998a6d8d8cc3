//! Compares what a call costs the gateways of two builds, in one run.
//!
//!     cargo run --release -p web1on1-tests --example cpu -- BASE REVISION
//!
//! `BASE` and `REVISION` are `web1on1` commands. Both stand in front of the same
//! upstream, which answers at once, and are called in turn. It prints the CPU
//! time that each process has taken for a call, user and system, and the ratio.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use proto::v2::GetUserRequest;
use proto::v2::user_service_client::UserServiceClient;
use tokio::net::TcpListener;
use tonic::transport::Channel;

const ROUNDS: usize = 25;
const CALLS: usize = 6_400;
const CALLERS: usize = 128;

/// The exchange that the reference records: a reply of about 1 KB.
const RECORDED: &str = include_str!("../../openapi/recorded/getUser.json");

/// A gateway in a process of its own.
struct Gateway {
    child: Child,
    channel: Channel,
    /// The gateway goes on printing.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Gateway {
    async fn start(binary: &str, upstream: &str) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(binary)
            .args(["gateway", "--grpc", "127.0.0.1:0", "--upstream", upstream])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().ok_or("the gateway printed nothing")??;
        let address = first.strip_prefix("grpc ").ok_or("no address")?;
        let channel = Channel::from_shared(format!("http://{address}"))?
            .connect()
            .await?;
        Ok(Self {
            child,
            channel,
            _lines: lines,
        })
    }

    /// The CPU time of the process so far, as the scheduler counts it.
    fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let mut nanoseconds = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let running = stat.split(' ').next().ok_or("an empty schedstat")?;
            nanoseconds += running.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Makes the calls of one round, and returns what each has cost.
    async fn round(&self) -> Result<Duration, Box<dyn Error>> {
        let before = self.cpu()?;
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..CALLERS {
            let mut users = UserServiceClient::new(self.channel.clone());
            callers.spawn(async move {
                for _ in 0..CALLS / CALLERS {
                    let request = GetUserRequest {
                        user_id: "me".to_owned(),
                    };
                    users.get_user(request).await?;
                }
                Ok::<_, tonic::Status>(())
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        let calls = u32::try_from(CALLS)?;
        Ok(self.cpu()?.saturating_sub(before) / calls)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort();
    rounds[rounds.len() / 2]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, revision] = arguments.as_slice() else {
        return Err("usage: cpu BASE REVISION, two web1on1 commands".into());
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let upstream = format!("http://{}/v2", listener.local_addr()?);
    let recorded: serde_json::Value = serde_json::from_str(RECORDED)?;
    let user = recorded["response"]["body"].to_string();
    let router = axum::Router::new()
        .fallback(async move || ([("content-type", "application/json")], user.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });

    let base = Gateway::start(base, &upstream).await?;
    let revision = Gateway::start(revision, &upstream).await?;
    // The first round warms up.
    base.round().await?;
    revision.round().await?;
    let (mut of_base, mut of_revision) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_base.push(base.round().await?);
        of_revision.push(revision.round().await?);
    }
    let (of_base, of_revision) = (median(of_base), median(of_revision));
    println!("base      {of_base:?} a call");
    println!("revision  {of_revision:?} a call");
    let ratio = of_revision.as_secs_f64() / of_base.as_secs_f64();
    println!("ratio     {ratio:.2}");
    Ok(())
}
