//! The bytes of protobuf: keys, values, and fields that nobody knows.

use crate::request_parts::Malformed;
use crate::wire::output::WireType;

/// How deep messages may nest, as prost has it.
pub(super) const MAX_DEPTH: u32 = 100;

/// The value of a field as it lies on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum WireValue<'m> {
    /// A varint, or the bits of a number of fixed size.
    Number(u64),
    /// What stands behind a length.
    Bytes(&'m [u8]),
}

/// What begins with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Value(WireType),
    /// A group, which only unknown fields can be.
    Group,
    EndOfGroup,
}

/// Reads a varint of up to 64 bits.
#[inline]
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    const BROKEN: Malformed = Malformed::new("a number has no end or is too large");
    if let [byte @ 0..0x80, behind @ ..] = *rest {
        *rest = behind;
        return Ok(u64::from(*byte));
    }
    let mut value = 0;
    for (place, byte) in rest.iter().enumerate().take(10) {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if place == 9 && *byte > 1 {
            return Err(BROKEN);
        }
        value |= bits << (7 * place);
        if *byte < 0x80 {
            *rest = rest.get(place + 1..).unwrap_or_default();
            return Ok(value);
        }
    }
    Err(BROKEN)
}

/// Reads the number of a field and what begins.
#[inline]
pub(super) fn key(rest: &mut &[u8]) -> Result<(u32, Start), Malformed> {
    let key = varint(rest)?;
    let Ok(key) = u32::try_from(key) else {
        return Err(Malformed::new("the number of a field is too large"));
    };
    let start = match key & 7 {
        0 => Start::Value(WireType::Varint),
        1 => Start::Value(WireType::I64),
        2 => Start::Value(WireType::Len),
        3 => Start::Group,
        4 => Start::EndOfGroup,
        5 => Start::Value(WireType::I32),
        _ => return Err(Malformed::new("a field has a wire type that there is not")),
    };
    match key >> 3 {
        0 => Err(Malformed::new("a field has the number 0")),
        number => Ok((number, start)),
    }
}

fn take<'m>(rest: &mut &'m [u8], length: u64) -> Result<&'m [u8], Malformed> {
    let bytes: &'m [u8] = rest;
    let length = usize::try_from(length).ok();
    let taken = length.and_then(|length| bytes.split_at_checked(length));
    let (taken, behind) = taken.ok_or(Malformed::new("it ends within a value"))?;
    *rest = behind;
    Ok(taken)
}

/// Reads a value.
#[inline]
pub(super) fn value<'m>(
    rest: &mut &'m [u8],
    wire_type: WireType,
) -> Result<WireValue<'m>, Malformed> {
    Ok(match wire_type {
        WireType::Varint => WireValue::Number(varint(rest)?),
        WireType::I64 => WireValue::Number(little_endian(take(rest, 8)?)),
        WireType::I32 => WireValue::Number(little_endian(take(rest, 4)?)),
        WireType::Len => {
            let length = varint(rest)?;
            WireValue::Bytes(take(rest, length)?)
        }
    })
}

fn little_endian(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// Skips what a field of this number begins with. `depth` is how many levels may still
/// follow.
pub(super) fn skip(
    rest: &mut &[u8],
    number: u32,
    start: Start,
    depth: u32,
) -> Result<(), Malformed> {
    let depth = deeper(depth)?;
    match start {
        Start::Value(wire_type) => value(rest, wire_type).map(|_| ()),
        Start::Group => loop {
            match key(rest)? {
                (end, Start::EndOfGroup) if end == number => return Ok(()),
                (inner, start) => skip(rest, inner, start, depth)?,
            }
        },
        Start::EndOfGroup => Err(Malformed::new("a group ends that has not begun")),
    }
}

/// How many levels may follow below the next one.
pub(super) fn deeper(depth: u32) -> Result<u32, Malformed> {
    let below = depth.checked_sub(1);
    below.ok_or(Malformed::new("it lies deeper than 100 levels"))
}
