//! Protobuf bytes that are being written, with lengths that are known only at
//! the end of what they measure.
//!
//! Room for a length is reserved by what the last length on the same level took. A
//! length that needs other room moves what it measures if that is little;
//! otherwise it is noted, and all that is noted is put right in one pass when the
//! message ends. So no byte moves more often than that, however deep it lies.

use bytes::Bytes;

/// How many bytes stand before a message of gRPC: a flag and its length.
const PREFIX: usize = 5;

/// How many bytes are moved at once rather than noted.
const MOVED: usize = 2048;

/// How many bytes an allocation for a part has, unless its elements are larger than
/// what [`FULL`] leaves. It is a size that allocators keep, so none of it is lost to
/// rounding.
const PART: usize = 64 << 10;

/// From this size on, in bytes, what is finished of a message becomes a part of
/// its own: a last element of 4 KiB goes into it without another allocation.
const FULL: usize = PART - (4 << 10) - ROOM;

/// For how many bytes there is [`room`](Output::room).
pub(super) const ROOM: usize = 160;

/// The levels that have a guess of their own.
const LEVELS: usize = 16;

/// The wire types of protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireType {
    Varint = 0,
    I64 = 1,
    Len = 2,
    I32 = 5,
}

/// Room for a length, and what was there when it was made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    at: usize,
    reserved: u8,
    level: u8,
    growth: isize,
    corrections: usize,
}

/// A place in the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    at: usize,
    growth: isize,
}

/// What is put right when the message ends.
#[derive(Debug, Clone, Copy)]
enum Correction {
    /// A length that needs other room than was reserved for it.
    Length {
        at: usize,
        reserved: u8,
        length: u32,
    },
    /// Bytes that are not part of the message after all.
    Removed { from: usize, to: usize },
}

impl Correction {
    fn at(&self) -> usize {
        match self {
            Self::Length { at, .. } => *at,
            Self::Removed { from, .. } => *from,
        }
    }
}

/// The message is larger than gRPC can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// The bytes of messages of gRPC, one behind the other.
#[derive(Debug)]
pub(super) struct Output {
    /// What was written, and zeros behind it.
    bytes: Vec<u8>,
    /// How many bytes were written. What is written in small pieces goes into room that
    /// is looked for once for all of them.
    end: usize,
    /// How many bytes are expected behind those that were taken.
    expected: usize,
    /// By how much the corrections lengthen what is there.
    growth: isize,
    corrections: Vec<Correction>,
    guesses: [u8; LEVELS],
    level: u8,
    /// How many bytes were taken. Places count from the first of them.
    taken: usize,
    /// Where the message begins.
    start: usize,
    /// Whether the message goes on.
    is_open: bool,
    /// The finished parts of the message, the first with its prefix.
    parts: Vec<Vec<u8>>,
    /// How many bytes the finished parts have.
    in_parts: usize,
}

impl Output {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            bytes: vec![0; capacity.saturating_add(PREFIX + ROOM)],
            end: 0,
            expected: 0,
            growth: 0,
            corrections: Vec::new(),
            guesses: [1; LEVELS],
            level: 0,
            taken: 0,
            start: 0,
            is_open: false,
            parts: Vec::new(),
            in_parts: 0,
        }
    }

    /// Where the next byte goes.
    fn here(&self) -> usize {
        self.taken + self.end
    }

    /// Room for the next bytes. Those that were written are [`advance`](Self::advance)d
    /// over.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u8; ROOM] {
        if self.bytes.len() < self.end + ROOM {
            self.grow(ROOM);
        }
        let room = self.bytes[self.end..].first_chunk_mut();
        room.expect("it has grown")
    }

    /// So many bytes of the room were written.
    #[inline]
    pub(super) fn advance(&mut self, written: usize) {
        debug_assert!(written <= ROOM, "there is room for no more");
        self.end += written;
    }

    /// Makes room for so many bytes.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        let least = self.end + length + ROOM;
        let length = least.max(self.bytes.len() * 2).max(self.expected);
        self.bytes.resize(length, 0);
    }

    /// Begins a message.
    pub(super) fn begin(&mut self) {
        self.start = self.here();
        self.is_open = true;
        self.raw(&[0; PREFIX]);
    }

    /// Ends the message. What was written of it is whole from now on.
    pub(super) fn end(&mut self) -> Result<(), TooLong> {
        self.correct();
        self.is_open = false;
        let length = self.here() - self.start - PREFIX;
        let length = u32::try_from(length).map_err(|_| TooLong)?.to_be_bytes();
        // The parts are counted as taken already.
        let start = self.start + self.in_parts - self.taken;
        let first = self.parts.first_mut().unwrap_or(&mut self.bytes);
        if let Some(prefix) = first.get_mut(start..start + PREFIX) {
            prefix[1..].copy_from_slice(&length);
        }
        Ok(())
    }

    /// How many bytes the message has that goes on.
    pub(super) fn unfinished(&self) -> usize {
        if self.is_open {
            self.here() - self.start - PREFIX
        } else {
            0
        }
    }

    /// Makes a part of what is there, if it is large. To be called where no length
    /// is open.
    pub(super) fn part(&mut self) {
        if self.end >= FULL {
            self.correct();
            let part = self.split(self.end);
            self.in_parts += part.len();
            self.parts.push(part);
        }
    }

    /// Takes the messages that have ended.
    pub(super) fn take(&mut self) -> Vec<Bytes> {
        let mut taken: Vec<Bytes> = self.parts.drain(..).map(Bytes::from).collect();
        self.in_parts = 0;
        let whole = if self.is_open {
            self.start - self.taken
        } else {
            self.end
        };
        if whole > 0 {
            taken.push(self.split(whole).into());
        }
        taken
    }

    /// Takes so many bytes.
    fn split(&mut self, length: usize) -> Vec<u8> {
        // What follows will be about as large. Where it need not grow again it keeps no
        // room that it does not need.
        self.expected = if (FULL..=PART - ROOM).contains(&self.end) {
            PART - ROOM
        } else {
            self.end + self.end / 8
        };
        let rest = &self.bytes[length..self.end];
        let mut next = Vec::new();
        if !rest.is_empty() {
            next.resize(self.expected + ROOM, 0);
            next[..rest.len()].copy_from_slice(rest);
        }
        self.end = rest.len();
        self.taken += length;
        let mut taken = std::mem::replace(&mut self.bytes, next);
        taken.truncate(length);
        taken
    }

    /// Carries the corrections out.
    fn correct(&mut self) {
        if self.corrections.is_empty() {
            return;
        }
        self.corrections.sort_unstable_by_key(Correction::at);
        // Messages before this one are whole.
        let start = if self.parts.is_empty() {
            self.start - self.taken
        } else {
            0
        };
        let length = (self.end - start).saturating_add_signed(self.growth);
        let mut corrected = Vec::with_capacity(start + length + ROOM);
        corrected.extend_from_slice(&self.bytes[..start]);
        let mut copied = start;
        for correction in self.corrections.drain(..) {
            let at = correction.at() - self.taken;
            // What is removed may have had corrections of its own.
            if at < copied {
                continue;
            }
            corrected.extend_from_slice(&self.bytes[copied..at]);
            copied = match correction {
                Correction::Length {
                    reserved, length, ..
                } => {
                    let mut room = [0; VARINT];
                    let size = set_varint(&mut room, length.into());
                    corrected.extend_from_slice(&room[..size]);
                    at + usize::from(reserved)
                }
                Correction::Removed { to, .. } => to - self.taken,
            };
        }
        corrected.extend_from_slice(&self.bytes[copied..self.end]);
        self.end = corrected.len();
        corrected.resize(self.end + ROOM, 0);
        self.bytes = corrected;
        self.growth = 0;
    }

    /// Where the next byte goes.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            at: self.here(),
            growth: self.growth,
        }
    }

    /// Removes what lies between two places.
    pub(super) fn remove(&mut self, from: Mark, to: Mark) {
        if from.at < to.at {
            self.corrections.push(Correction::Removed {
                from: from.at,
                to: to.at,
            });
            let length = isize::try_from(to.at - from.at).unwrap_or(isize::MAX);
            self.growth -= length + to.growth - from.growth;
        }
    }

    /// The tag of a field and room for the length of its value.
    pub(super) fn open(&mut self, number: u32) -> Slot {
        self.tag(number, WireType::Len);
        let level = self.level;
        self.level = level.saturating_add(1);
        let reserved = self.guesses[usize::from(level).min(LEVELS - 1)];
        let slot = Slot {
            at: self.here(),
            reserved,
            level,
            growth: self.growth,
            corrections: self.corrections.len(),
        };
        self.raw(&[0; 5][..usize::from(reserved)]);
        slot
    }

    /// Ends the value that the room was made for.
    pub(super) fn close(&mut self, slot: Slot) -> Result<(), TooLong> {
        self.level = slot.level;
        let at = slot.at - self.taken;
        let start = at + usize::from(slot.reserved);
        let written = self.end - start;
        let length = written.saturating_add_signed(self.growth - slot.growth);
        let length = u32::try_from(length).map_err(|_| TooLong)?;
        let needed = varint_size(length.into());
        if needed == usize::from(slot.reserved) {
            set_length(&mut self.bytes[at..start], length);
            return Ok(());
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a 32-bit varint has up to 5 bytes"
        )]
        let guess = needed as u8;
        self.guesses[usize::from(slot.level).min(LEVELS - 1)] = guess;
        if written <= MOVED && self.corrections.len() == slot.corrections {
            // There is room for what it grows by.
            self.room();
            self.bytes.copy_within(start..self.end, at + needed);
            self.end = at + needed + written;
            set_length(&mut self.bytes[at..at + needed], length);
        } else {
            self.corrections.push(Correction::Length {
                at: slot.at,
                reserved: slot.reserved,
                length,
            });
            self.growth +=
                isize::from(guess.cast_signed()) - isize::from(slot.reserved.cast_signed());
        }
        Ok(())
    }

    #[inline]
    pub(super) fn tag(&mut self, number: u32, wire_type: WireType) {
        self.varint(u64::from(number) << 3 | wire_type as u64);
    }

    /// The tag of a field that has one.
    #[inline]
    pub(super) fn field(&mut self, number: u32, wire_type: WireType) {
        if number != 0 {
            self.tag(number, wire_type);
        }
    }

    /// A field that is a string.
    #[inline]
    pub(super) fn string(&mut self, number: u32, text: &[u8]) {
        self.field(number, WireType::Len);
        self.sized(text);
    }

    #[inline]
    pub(super) fn varint(&mut self, value: u64) {
        let size = set_varint(self.room(), value);
        self.advance(size);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        if self.bytes.len() < self.end + bytes.len() {
            self.grow(bytes.len());
        }
        let end = self.end + bytes.len();
        self.bytes[self.end..end].copy_from_slice(bytes);
        self.end = end;
    }

    /// A string or bytes behind their length.
    #[inline]
    pub(super) fn sized(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.raw(bytes);
    }
}

/// The most bytes that a varint has.
const VARINT: usize = 10;

/// Writes a varint at the beginning of some room, and returns how many bytes it has.
#[inline]
pub(super) fn set_varint<const ROOM: usize>(room: &mut [u8; ROOM], mut value: u64) -> usize {
    const { assert!(ROOM >= VARINT) };
    let mut size = 0;
    while value >= 0x80 && size < VARINT - 1 {
        #[expect(clippy::cast_possible_truncation, reason = "seven bits of it")]
        let bits = value as u8 | 0x80;
        room[size] = bits;
        value >>= 7;
        size += 1;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the last seven bits")]
    let bits = value as u8;
    room[size] = bits;
    size + 1
}

/// Writes a varint into room that is as large as it is.
fn set_length(room: &mut [u8], mut value: u32) {
    let last = room.len().saturating_sub(1);
    for (index, byte) in room.iter_mut().enumerate() {
        let bits = (value & 0x7f) as u8;
        *byte = if index == last { bits } else { bits | 0x80 };
        value >>= 7;
    }
}

/// How many bytes a varint has.
pub(super) fn varint_size(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of the parts that elements of these sizes make, and the room that each
    /// keeps. The first has nothing to go by and is left out.
    #[track_caller]
    fn parts(sizes: impl Iterator<Item = usize>) -> Vec<(usize, usize)> {
        let mut output = Output::new(0);
        output.begin();
        for size in sizes {
            output.string(1, &vec![b'x'; size]);
            output.part();
        }
        let parts = output.parts.iter().skip(1);
        let parts: Vec<_> = parts.map(|part| (part.len(), part.capacity())).collect();
        assert!(parts.len() > 50, "{} parts", parts.len());
        parts
    }

    // The sizes differ, so that no part ends where the last one did.

    #[test]
    fn parts_keep_little_more_room_than_they_need() {
        for (length, room) in parts((0..4_000).map(|index| 900 + index * 37 % 300)) {
            assert!(
                room <= PART && length >= FULL,
                "a part of {length} bytes keeps room for {room}; grow by less"
            );
        }
    }

    #[test]
    fn parts_of_large_elements_keep_little_more_room_than_they_need() {
        for (length, room) in parts((0..400).map(|index| 40_000 + index * 997 % 9_000)) {
            assert!(
                room <= length + length / 2,
                "a part of {length} bytes keeps room for {room}; grow by less"
            );
        }
    }
}
