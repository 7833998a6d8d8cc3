//! Makes sure that bytes are a message, all of them, before anything is made of it.
//!
//! What is refused here is what prost refuses to decode.

use crate::layout::{Holding, ValueLayout};
use crate::request_parts::Malformed;
use crate::wire::output::WireType;

use super::bytes::{self, Start, WireValue, deeper};
use super::shape::{KnownField, Shape, wire_type};

/// Checks the bytes of a message. `depth` is how many levels may still follow.
///
/// # Errors
///
/// Fails at the first byte that cannot be decoded, and at a text that is not UTF-8.
pub(super) fn check(shape: Shape, mut rest: &[u8], depth: u32) -> Result<(), Malformed> {
    while !rest.is_empty() {
        let (number, start) = bytes::key(&mut rest)?;
        match shape.find(number) {
            Some((index, field)) => check_field(&field, start, &mut rest, depth)
                .map_err(|error| error.within(shape.name(index)))?,
            None => bytes::skip(&mut rest, number, start, depth)?,
        }
    }
    Ok(())
}

fn check_field(
    field: &KnownField,
    start: Start,
    rest: &mut &[u8],
    depth: u32,
) -> Result<(), Malformed> {
    const OTHER_TYPE: Malformed = Malformed::new("the wire type is not that of the field");
    let Start::Value(found) = start else {
        return Err(OTHER_TYPE);
    };
    if let Holding::Map(key) = field.holds {
        return match bytes::value(rest, found)? {
            WireValue::Bytes(entry) => check(Shape::Entry(key, field.value), entry, deeper(depth)?),
            WireValue::Number(_) => Err(OTHER_TYPE),
        };
    }
    let expected = wire_type(&field.value);
    let is_list = matches!(field.holds, Holding::Repeated { .. });
    if found != expected && !(is_list && found == WireType::Len) {
        return Err(OTHER_TYPE);
    }
    let WireValue::Bytes(content) = bytes::value(rest, found)? else {
        return Ok(());
    };
    if expected != WireType::Len {
        // A list that is packed, whether it is declared so or not.
        let mut elements = content;
        while !elements.is_empty() {
            bytes::value(&mut elements, expected)?;
        }
        return Ok(());
    }
    match Shape::of(&field.value) {
        Some(shape) => check(shape, content, deeper(depth)?),
        None if matches!(field.value, ValueLayout::String) => match std::str::from_utf8(content) {
            Ok(_) => Ok(()),
            Err(_) => Err(Malformed::new("it is a text that is not UTF-8")),
        },
        None => Ok(()),
    }
}
