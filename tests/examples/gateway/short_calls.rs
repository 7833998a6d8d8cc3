//! What calls with a small reply, or a page of a list, cost.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::Version;

use crate::load::{self, Call, Caller};
use crate::process::{Kind, Process};
use crate::{Args, Failure, Part, median, micros};

/// How many calls a round has, with many in flight and with one.
const CALLS: usize = 6_400;
const LISTS: usize = 640;
const ALONE: usize = 400;

/// A server that is measured, with its callers.
struct Target {
    name: &'static str,
    process: Process,
    many: Vec<Caller>,
    one: Vec<Caller>,
}

impl Target {
    async fn start(
        name: &'static str,
        kind: &Kind,
        upstream: SocketAddr,
        args: &Args,
    ) -> Result<Self, Failure> {
        let process = Process::start(kind, upstream)?;
        let address = process.address;
        Ok(Self {
            name,
            many: Caller::some(kind, address, args.in_flight, args.connections).await?,
            one: Caller::some(kind, address, 1, 1).await?,
            process,
        })
    }

    async fn round(&mut self, call: Call, calls: usize) -> Result<Round, Failure> {
        Ok(Round {
            many: measure(&self.process, &mut self.many, call, calls).await?,
            alone: measure(&self.process, &mut self.one, call, ALONE).await?,
        })
    }
}

/// What one round has shown.
struct Round {
    many: Figures,
    alone: Figures,
}

struct Figures {
    /// The CPU time of the server for each call.
    cpu: Duration,
    calls_per_second: f64,
    p50: Duration,
    p99: Duration,
}

async fn measure(
    process: &Process,
    callers: &mut Vec<Caller>,
    call: Call,
    calls: usize,
) -> Result<Figures, Failure> {
    let (before, begun) = (process.cpu()?, Instant::now());
    let took = load::make(callers, call, calls).await?;
    let (cpu, elapsed) = (process.cpu()?.since(&before), begun.elapsed());
    let calls = u32::try_from(took.len())?;
    Ok(Figures {
        cpu: cpu / calls,
        calls_per_second: f64::from(calls) / elapsed.as_secs_f64(),
        p50: took[took.len() / 2],
        p99: took[took.len() * 99 / 100],
    })
}

/// Measures every kind of call, and prints a table of them.
pub(crate) async fn measure_all(args: &Args, upstream: SocketAddr) -> Result<(), Failure> {
    let kinds = [
        ("GetUser, 1 KB", Part::GetUser, Call::GetUser, CALLS),
        ("ListUsers, 100", Part::ListUsers, Call::ListUsers, LISTS),
        ("CreateUser", Part::CreateUser, Call::CreateUser, CALLS),
        ("DeleteUser", Part::DeleteUser, Call::DeleteUser, CALLS),
    ];
    if !kinds.iter().any(|(_, part, ..)| args.has(*part)) {
        return Ok(());
    }
    let mut targets = Vec::new();
    for (name, kind) in args.gateways() {
        targets.push(Target::start(name, &kind, upstream, args).await?);
    }
    if let Some(file) = &args.envoy {
        for (name, version) in [("envoy", Version::HTTP_11), ("envoy, h2", Version::HTTP_2)] {
            let kind = Kind::Envoy(file.clone(), version);
            targets.push(Target::start(name, &kind, upstream, args).await?);
        }
    }
    targets.push(Target::start("proxy", &Kind::Proxy, upstream, args).await?);
    // The upstream itself speaks what the proxy speaks.
    let mut direct = Caller::some(&Kind::Proxy, upstream, 1, 1).await?;
    heading(args.in_flight);
    for (title, part, call, calls) in kinds {
        if !args.has(part) {
            continue;
        }
        let mut rounds: Vec<Vec<Round>> = targets.iter().map(|_| Vec::new()).collect();
        let mut without = Vec::new();
        // The first round warms up.
        for number in 0..=args.rounds {
            for (target, rounds) in targets.iter_mut().zip(&mut rounds) {
                let round = target.round(call, calls).await?;
                if number > 0 {
                    rounds.push(round);
                }
            }
            let took = load::make(&mut direct, call, ALONE).await?;
            without.push(took[took.len() / 2]);
        }
        let without = median(without);
        println!("{title}");
        let yardstick = rounds
            .last()
            .map(|rounds| of(rounds, |round| micros(round.many.cpu)));
        for (target, rounds) in targets.iter().zip(&rounds) {
            row(target.name, rounds, yardstick.unwrap_or(1.0), without);
        }
        println!("{:<10}  {:>63.0}", "upstream", micros(without));
    }
    println!();
    for target in &targets {
        let memory = target.process.memory()?;
        println!(
            "{:<10}  peak memory {:>4} MiB, {} threads",
            target.name,
            memory.peak >> 20,
            memory.threads
        );
    }
    Ok(())
}

/// The median over rounds of a figure.
fn of(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> f64 {
    median(rounds.iter().map(figure).collect())
}

fn heading(in_flight: usize) {
    let many = format!("{in_flight} calls in flight");
    println!("{:<10}  {many:<44}  one call alone", "");
    println!(
        "{:<10}  {:>8} {:>6} {:>9} {:>8} {:>8}  {:>8} {:>8} {:>8} {:>8}   (µs)",
        "", "CPU", "ratio", "calls/s", "p50", "p99", "CPU", "p50", "added", "p99"
    );
}

/// Prints the figures of a target. The ratio is that of its CPU time to the
/// yardstick, in microseconds; a call at the upstream itself takes the time `without`.
fn row(name: &str, rounds: &[Round], yardstick: f64, without: Duration) {
    let alone = of(rounds, |round| micros(round.alone.p50));
    let cpu = of(rounds, |round| micros(round.many.cpu));
    println!(
        "{name:<10}  {cpu:>8.1} {:>6.2} {:>9.0} {:>8.0} {:>8.0}  {:>8.1} {alone:>8.0} {:>8.0} {:>8.0}",
        cpu / yardstick,
        of(rounds, |round| round.many.calls_per_second),
        of(rounds, |round| micros(round.many.p50)),
        of(rounds, |round| micros(round.many.p99)),
        of(rounds, |round| micros(round.alone.cpu)),
        alone - micros(without),
        of(rounds, |round| micros(round.alone.p99)),
    );
}
