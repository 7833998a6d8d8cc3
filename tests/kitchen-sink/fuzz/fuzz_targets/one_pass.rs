//! Reads a text with the typed readers and, in pieces of the size that its first byte
//! says, in one pass. Both read the same message of it, or fail at the same path.

#![no_main]

use std::fmt::Debug;

use kitchen_sink::kitchen::{Everything, Open, Scalars};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use proto::v2;
use transcode::json::{self, Drifts, JsonMessage, Nested, ReadError};
use transcode::layout::Root;
use transcode::wire::Reader;

fn in_one_pass<M: JsonMessage + Message>(
    text: &[u8],
    piece: usize,
) -> Result<(M, Drifts), ReadError> {
    let mut reader = Reader::new(Root::Message(M::layout), 0);
    for piece in text.chunks(piece) {
        reader.feed(piece)?;
    }
    reader.finish()?;
    reader.end()?;
    let bytes = reader.take().concat();
    let message = M::decode(&bytes[5..]).expect("it is a message");
    Ok((message, reader.take_drifts()))
}

fn check<M: JsonMessage + Message + PartialEq + Debug>(text: &[u8], piece: usize) {
    let typed = json::read::<Nested<M>>(text).map_err(|error| error.path);
    let one_pass = in_one_pass::<M>(text, piece).map_err(|error| error.path);
    assert_eq!(one_pass, typed, "{}", String::from_utf8_lossy(text));
}

fuzz_target!(|input: &[u8]| {
    let Some((piece, text)) = input.split_first() else {
        return;
    };
    let piece = usize::from(*piece).max(1);
    // The readers are given what stands between the blanks around a body.
    let text = text.trim_ascii();
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii();
    if text.is_empty() || text.starts_with(b"\xEF") {
        return;
    }
    check::<Everything>(text, piece);
    check::<Open>(text, piece);
    check::<Scalars>(text, piece);
    check::<v2::User>(text, piece);
    check::<v2::Organization>(text, piece);
    check::<v2::Service>(text, piece);
});
