//! Translates recorded lists, in pieces as they arrive, and does nothing else: for a
//! profiler, and for counts of instructions, which no other process changes.
//!
//!     cargo build --release -p transcode --example translate
//!     valgrind --tool=callgrind target/release/examples/translate 100 20
//!
//! The numbers are those of the users of a list, and of the lists. What one list takes is
//! the difference between two runs with other numbers of lists, by their difference.

use std::hint::black_box;

use proto::v2::UserServiceListUsers;
use transcode::RestCall as _;
use transcode::wire::Reader;

/// How many bytes the gateway translates at a time.
const PIECE: usize = 16 << 10;

/// The exchange that the reference records.
const RECORDED: &str = include_str!("../../../openapi/recorded/getUser.json");

#[inline(never)]
fn translate(list: &[u8]) -> usize {
    let mut reader = Reader::new(UserServiceListUsers::reply().body, list.len().min(64 << 10));
    for piece in list.chunks(PIECE) {
        reader.feed(piece).expect("it is a list of users");
    }
    reader.finish().expect("it is whole");
    reader.end().expect("it is not too long");
    reader.take().iter().map(bytes::Bytes::len).sum()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse());
    let mut next = || arguments.next().and_then(Result::ok).expect("USERS LISTS");
    let (users, lists): (usize, usize) = (next(), next());
    let exchange: serde_json::Value = serde_json::from_str(RECORDED).expect("an exchange");
    let user = exchange["response"]["body"].to_string();
    let list = format!("[{}]", vec![user; users].join(","));
    let mut bytes = 0;
    for _ in 0..lists {
        bytes += translate(black_box(list.as_bytes()));
    }
    println!("{lists} lists of {} bytes became {bytes} bytes", list.len());
}
