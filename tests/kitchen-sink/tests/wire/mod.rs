//! The rules of the wire, one by one.

mod malformed;
mod messages;
mod plain;
mod scalars;
mod well_known;

use std::fmt::Debug;

use kitchen_sink::kitchen::Everything;
use kitchen_sink::kitchen::everything::LeafOneOf;
use prost_types::value::Kind as ValueKind;
use transcode::json::{self, Drifts, JsonMessage, Nested, ReadError};
use transcode::layout::Root;
use transcode::mask::Mask;
use transcode::wire::Reader;

/// The JSON reads as the message, without drift, and the message writes as the
/// JSON.
#[track_caller]
fn check<M: JsonMessage + prost::Message + PartialEq + Debug>(json: &str, message: M) {
    reads(json, &message);
    writes(message, json);
}

#[track_caller]
fn reads<M: JsonMessage + prost::Message + PartialEq + Debug>(json: &str, expected: &M) {
    drifts(json, expected, &[]);
}

/// The JSON reads as the message, with these differences reported.
#[track_caller]
fn drifts<M: JsonMessage + prost::Message + PartialEq + Debug>(
    json: &str,
    expected: &M,
    reported: &[&str],
) {
    let (read, drifts) = json::read::<Nested<M>>(json.as_bytes())
        .unwrap_or_else(|error| panic!("{json} should be read: {error}"));
    assert_eq!(read, *expected, "read from {json}");
    let drifts: Vec<_> = drifts.iter().map(ToString::to_string).collect();
    assert_eq!(drifts, reported, "reported while reading {json}");
    for piece in PIECES {
        let (read, drifts) = in_pieces::<M>(json, piece)
            .unwrap_or_else(|error| panic!("{json} should be translated: {error}"));
        assert_eq!(
            read, *expected,
            "translated from {json}, {piece} bytes at a time"
        );
        let drifts: Vec<_> = drifts.iter().map(ToString::to_string).collect();
        assert_eq!(drifts, reported, "reported while translating {json}");
    }
}

/// How many bytes of a text arrive at a time.
const PIECES: [usize; 3] = [1, 7, usize::MAX];

/// The message whose bytes the text is translated to while it arrives.
fn in_pieces<M: JsonMessage + prost::Message>(
    json: &str,
    piece: usize,
) -> Result<(M, Drifts), ReadError> {
    let mut reader = Reader::new(Root::Message(M::layout), 0);
    for piece in json.as_bytes().chunks(piece) {
        reader.feed(piece)?;
    }
    reader.finish()?;
    reader.end()?;
    let bytes = reader.take().concat();
    let (prefix, message) = bytes.split_at(5);
    let length = u32::try_from(message.len()).expect("a short message");
    assert_eq!(
        prefix,
        [&[0], &length.to_be_bytes()[..]].concat(),
        "the prefix of {json}"
    );
    let message =
        M::decode(message).unwrap_or_else(|error| panic!("{json} became no message: {error}"));
    Ok((message, reader.take_drifts()))
}

#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "cases read better without ampersands"
)]
fn writes<M: JsonMessage>(message: M, expected: &str) {
    let json = json::write::<Nested<M>>(&message, "", Mask::Set)
        .unwrap_or_else(|error| panic!("{expected} should be written: {error}"));
    assert_eq!(String::from_utf8(json).expect("JSON is UTF-8"), expected);
}

/// The JSON is refused with this path and reason. Where a case holds values,
/// they say `secret`, and no error repeats them.
#[track_caller]
fn refuses<M: JsonMessage + prost::Message + Debug>(json: &str, expected: &str) {
    let error = json::read::<Nested<M>>(json.as_bytes()).expect_err(json);
    assert_eq!(error.to_string(), expected, "for {json}");
    for piece in PIECES {
        let error = in_pieces::<M>(json, piece).expect_err(json);
        assert_eq!(
            error.to_string(),
            expected,
            "for {json}, {piece} bytes at a time"
        );
    }
    assert!(
        !expected.contains("secret"),
        "an error repeats a value: {expected}"
    );
}

/// The message has no JSON form, for this reason.
#[track_caller]
fn has_no_form<M: JsonMessage>(message: &M, expected: &str) {
    let error = json::write::<Nested<M>>(message, "", Mask::Set).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

fn with_leaf(leaf: LeafOneOf) -> Everything {
    Everything {
        leaf: Some(leaf),
        ..Everything::default()
    }
}

fn value(kind: ValueKind) -> prost_types::Value {
    prost_types::Value { kind: Some(kind) }
}

fn number(number: f64) -> prost_types::Value {
    value(ValueKind::NumberValue(number))
}

fn object(
    fields: impl IntoIterator<Item = (&'static str, prost_types::Value)>,
) -> prost_types::Struct {
    let fields = fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    prost_types::Struct {
        fields: fields.collect(),
    }
}
