//! Compares what reading and writing cost the backends of two builds, in one run.
//!
//!     cargo run --release -p web1on1-tests --example store -- BASE REVISION
//!
//! `BASE` and `REVISION` are `web1on1` commands; one may be given twice. Each
//! serves a small store of its own on SQLite, in a directory for temporary files,
//! which has to be on a disk. First it prints the CPU time that a process takes to
//! get a user over gRPC, user and system. Then it prints how many forms are
//! created in a second over REST, with so many requests in flight, and the ratio
//! to one at a time.

use std::error::Error;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt as _;
use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{CreateTokenRequest, GetUserRequest};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tonic::metadata::MetadataValue;
use tonic::transport::Channel;
use upstream::{Body, Client};

type Failure = Box<dyn Error + Send + Sync>;

/// How often each figure is measured; the median counts.
const ROUNDS: usize = 15;

const CALLS: usize = 3_200;
const CALLERS: usize = 16;

/// How long forms are created before they are counted.
const WRITING: Duration = Duration::from_secs(1);

const IN_FLIGHT: [usize; 3] = [1, 16, 64];

/// A server in a process of its own.
struct Server {
    child: Child,
    channel: Channel,
    rest: Client,
    token: String,
    _data: TempDir,
    /// The server goes on printing.
    _lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    async fn start(binary: &str) -> Result<Self, Failure> {
        let data = tempfile::tempdir()?;
        let mut child = Command::new(binary)
            .args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
            .args(["--owner-email", "owner@example.com"])
            .args(["--owner-password", "owner-password"])
            .arg("--data")
            .arg(data.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("stdout is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut address = |name: &str| {
            let line = lines.next().ok_or("the server printed nothing")??;
            let address = line.strip_prefix(name).ok_or("no address")?.to_owned();
            Ok::<_, Failure>(address)
        };
        let (grpc, http) = (address("grpc ")?, address("http ")?);
        let channel = Channel::from_shared(format!("http://{grpc}"))?
            .connect()
            .await?;
        let base = upstream::base(&format!("http://{http}/v2"))?;
        let rest = Client::new(&[base], upstream::Config::default())?;
        let login = CreateTokenRequest {
            email: Some("owner@example.com".to_owned()),
            password: Some("owner-password".to_owned()),
            ..CreateTokenRequest::default()
        };
        let reply = AuthServiceClient::new(channel.clone())
            .create_token(login)
            .await?
            .into_inner();
        let token = reply.token.and_then(|token| token.token);
        let token = format!("Bearer {}", token.ok_or("no token")?);
        Ok(Self {
            child,
            channel,
            rest,
            token,
            _data: data,
            _lines: lines,
        })
    }

    /// The CPU time of the process so far, as the scheduler counts it.
    fn cpu(&self) -> Result<Duration, Failure> {
        let mut nanoseconds = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            let running = stat.split(' ').next().ok_or("an empty schedstat")?;
            nanoseconds += running.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Gets a user again and again, and returns how many microseconds each time
    /// has cost.
    async fn read(&self) -> Result<f64, Failure> {
        let token: MetadataValue<_> = self.token.parse()?;
        let before = self.cpu()?;
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let mut users = UserServiceClient::new(self.channel.clone());
            let token = token.clone();
            callers.spawn(async move {
                for _ in 0..CALLS / CALLERS {
                    let mut request = tonic::Request::new(GetUserRequest {
                        user_id: "me".to_owned(),
                    });
                    request
                        .metadata_mut()
                        .insert("authorization", token.clone());
                    users.get_user(request).await?;
                }
                Ok::<_, tonic::Status>(())
            });
        }
        while let Some(ended) = callers.join_next().await {
            ended??;
        }
        let calls = u32::try_from(CALLS)?;
        Ok((self.cpu()?.saturating_sub(before) / calls).as_secs_f64() * 1e6)
    }

    /// Creates forms with so many requests in flight, and returns how many in a
    /// second.
    async fn write(&self, in_flight: usize) -> Result<f64, Failure> {
        let begun = Instant::now();
        let created = Arc::new(AtomicUsize::new(0));
        let mut writers = JoinSet::new();
        for _ in 0..in_flight {
            let (rest, token) = (self.rest.clone(), self.token.clone());
            let created = Arc::clone(&created);
            writers.spawn(async move {
                while begun.elapsed() < WRITING {
                    create_form(&rest, &token).await?;
                    created.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Failure>(())
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended??;
        }
        let created = u32::try_from(created.load(Ordering::Relaxed))?;
        Ok(f64::from(created) / begun.elapsed().as_secs_f64())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn create_form(rest: &Client, token: &str) -> Result<(), Failure> {
    let request = Request::post("/v2/forms")
        .header(AUTHORIZATION, token)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(r#"{"name":"Brochure"}"#))?;
    let response = rest.send(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("a form was answered with {status}").into())
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let commands: Vec<String> = std::env::args().skip(1).collect();
    let [base, revision] = commands.as_slice() else {
        return Err("usage: store BASE REVISION, two web1on1 commands".into());
    };
    let servers = [Server::start(base).await?, Server::start(revision).await?];
    let mut reading = [Vec::new(), Vec::new()];
    // The first round warms up.
    for round in 0..=ROUNDS {
        for (server, figures) in servers.iter().zip(&mut reading) {
            let figure = server.read().await?;
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    let [of_base, of_revision] = reading.map(median);
    println!("CPU time to get a user over gRPC");
    println!("base      {of_base:6.1} µs");
    println!(
        "revision  {of_revision:6.1} µs   ratio {:.2}",
        of_revision / of_base
    );

    let mut writing = [[(); 3].map(|()| Vec::new()), [(); 3].map(|()| Vec::new())];
    for _ in 0..ROUNDS {
        for (server, figures) in servers.iter().zip(&mut writing) {
            for (in_flight, figures) in IN_FLIGHT.into_iter().zip(figures) {
                figures.push(server.write(in_flight).await?);
            }
        }
    }
    println!("\nforms created in a second over REST");
    for (name, figures) in ["base", "revision"].into_iter().zip(writing) {
        let figures = figures.map(median);
        for (in_flight, figure) in IN_FLIGHT.into_iter().zip(figures) {
            let ratio = figure / figures[0];
            println!("{name:9} {in_flight:3} in flight {figure:7.0}   ratio {ratio:.1}");
        }
    }
    Ok(())
}
