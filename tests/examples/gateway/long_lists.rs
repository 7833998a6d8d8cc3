//! What a long list does to the calls beside it, and the memory that some take.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use prost::Message as _;
use proto::v2::ListUsersRequest;
use tokio::task::JoinSet;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::load::{self, Call, Caller};
use crate::process::Process;
use crate::upstream::Users;
use crate::{Args, Failure, median, micros, millis};

/// How many users the long lists have, and how often each is measured.
const LENGTHS: [(usize, usize); 2] = [(10_000, 9), (60_000, 5)];

/// How many small calls are made while nothing else goes on.
const ALONE: usize = 1_000;

/// How many long lists are asked for at once, and how many users each has.
const AT_ONCE: usize = 8;
const LONGEST: usize = 60_000;

/// How long the memory is given back after that.
const AFTER: Duration = Duration::from_secs(5);

/// Asks for a whole list. Returns its length in bytes.
async fn list(address: SocketAddr) -> Result<usize, Failure> {
    let channel = load::channel(address).await?;
    let mut client = tonic::client::Grpc::new(channel).max_decoding_message_size(usize::MAX);
    client.ready().await?;
    let path = PathAndQuery::from_static("/web1on1.v2.UserService/ListUsers");
    let request = load::with_token(ListUsersRequest::default().encode_to_vec().into());
    let reply = client.unary(request, path, Unread).await?;
    Ok(reply.into_inner())
}

/// Leaves replies undecoded, so that the callers do not take the time of the server.
#[derive(Clone, Copy, Default)]
struct Unread;

impl Codec for Unread {
    type Encode = Bytes;
    type Decode = usize;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Unread {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for Unread {
    type Item = usize;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<usize>, Status> {
        let length = message.remaining();
        message.advance(length);
        Ok(Some(length))
    }
}

/// Measures how long small calls take while a long list is under way.
pub(crate) async fn during(
    args: &Args,
    upstream: SocketAddr,
    users: &Users,
) -> Result<(), Failure> {
    let mut gateways = Vec::new();
    for (name, kind) in args.gateways() {
        let process = Process::start(&kind, upstream)?;
        let callers = Caller::some(&kind, process.address, 1, 1).await?;
        gateways.push((name, process, callers));
    }
    println!("\nGetUser, one at a time while a list is under way (µs; the list in ms)");
    println!(
        "{:<10}  {:>7}  {:>9} {:>9} {:>9} {:>10}",
        "", "users", "list", "p50", "p99", "longest"
    );
    for (name, _, callers) in &mut gateways {
        let took = load::make(callers, Call::GetUser, ALONE).await?;
        let p50 = micros(took[took.len() / 2]);
        let p99 = micros(took[took.len() * 99 / 100]);
        let longest = micros(took[took.len() - 1]);
        println!(
            "{name:<10}  {:>7}  {:>9} {p50:>9.0} {p99:>9.0} {longest:>10.0}",
            "no list", ""
        );
    }
    for (length, rounds) in LENGTHS {
        users.store(length, Ordering::Relaxed);
        let mut seen: Vec<Vec<Beside>> = gateways.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for ((_, process, callers), seen) in gateways.iter_mut().zip(&mut seen) {
                seen.push(beside(process.address, &mut callers[0]).await?);
            }
        }
        for ((name, ..), seen) in gateways.iter().zip(&seen) {
            let of = |figure: fn(&Beside) -> Duration| median(seen.iter().map(figure).collect());
            println!(
                "{name:<10}  {length:>7}  {:>9.0} {:>9.0} {:>9.0} {:>10.0}",
                millis(of(|beside| beside.list)),
                micros(of(|beside| beside.p50)),
                micros(of(|beside| beside.p99)),
                micros(of(|beside| beside.longest)),
            );
        }
    }
    Ok(())
}

/// How long a list took, and the small calls beside it.
struct Beside {
    list: Duration,
    p50: Duration,
    p99: Duration,
    longest: Duration,
}

async fn beside(address: SocketAddr, caller: &mut Caller) -> Result<Beside, Failure> {
    // The list is read on a thread of its own, so that reading it holds nothing up.
    let listing = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let begun = Instant::now();
        runtime.block_on(list(address))?;
        Ok::<_, Failure>(begun.elapsed())
    });
    let mut took = Vec::new();
    while !listing.is_finished() {
        let begun = Instant::now();
        caller.call(Call::GetUser).await?;
        took.push(begun.elapsed());
    }
    let list = listing
        .join()
        .map_err(|_| "the thread of a list panicked")??;
    took.sort();
    Ok(Beside {
        list,
        p50: took[took.len() / 2],
        p99: took[took.len() * 99 / 100],
        longest: took[took.len() - 1],
    })
}

/// Measures the memory that long lists take, and what is left of it.
pub(crate) async fn memory(
    args: &Args,
    upstream: SocketAddr,
    users: &Users,
) -> Result<(), Failure> {
    users.store(LONGEST, Ordering::Relaxed);
    println!("\n{AT_ONCE} lists of {LONGEST} users at once (MiB)");
    println!(
        "{:<10}  {:>8} {:>8} {:>8} {:>9} {:>8}",
        "", "before", "peak", "5 s on", "answered", "threads"
    );
    for (name, kind) in args.gateways() {
        let process = Process::start(&kind, upstream)?;
        let mut caller = Caller::some(&kind, process.address, 1, 1).await?;
        load::make(&mut caller, Call::GetUser, ALONE).await?;
        let before = process.memory()?;
        let mut lists = JoinSet::new();
        for _ in 0..AT_ONCE {
            lists.spawn(list(process.address));
        }
        let mut answered = 0;
        while let Some(list) = lists.join_next().await {
            // What finds no room is refused.
            answered += usize::from(list?.is_ok());
        }
        let after = process.memory()?;
        tokio::time::sleep(AFTER).await;
        let later = process.memory()?;
        println!(
            "{name:<10}  {:>8} {:>8} {:>8} {:>9} {:>8}",
            before.now >> 20,
            later.peak >> 20,
            later.now >> 20,
            format!("{answered} of {AT_ONCE}"),
            after.threads,
        );
    }
    Ok(())
}
