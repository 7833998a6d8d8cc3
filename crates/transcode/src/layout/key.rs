//! The names of properties as they stand in most texts, made when the program is compiled.

/// The name of a property as JSON has it without blanks: in quotes and with its colon.
#[derive(Debug)]
pub(super) struct Key {
    /// The first 16 bytes, and which bits of them count.
    first: u128,
    counts: u128,
    /// The last 16 bytes, if there are more.
    last: u128,
    /// How many bytes there are; 0 where a name is looked up instead, because it is long
    /// or is written with escapes.
    pub(super) length: usize,
}

/// How many bytes of a key are compared at once.
const CHUNK: usize = 16;

impl Key {
    pub(super) const fn new(name: &str) -> Self {
        let name = name.as_bytes();
        let mut key = Self {
            first: 0,
            counts: 0,
            last: 0,
            length: name.len() + 3,
        };
        let mut index = 0;
        while index < key.length {
            let byte = match index.checked_sub(1) {
                Some(at) if at < name.len() => name[at],
                Some(at) if at > name.len() => b':',
                _ => b'"',
            };
            let is_in_name = index > 0 && index <= name.len();
            if is_in_name && matches!(byte, b'"' | b'\\' | ..0x20) || key.length > 2 * CHUNK {
                key.length = 0;
                return key;
            }
            if index < CHUNK {
                key.first |= (byte as u128) << (8 * index);
                key.counts |= 0xff << (8 * index);
            }
            if index + CHUNK >= key.length {
                key.last |= (byte as u128) << (8 * (index + CHUNK - key.length));
            }
            index += 1;
        }
        key
    }

    /// Returns whether a text of 16 bytes or more begins with the key.
    #[inline]
    pub(super) fn begins(&self, text: &[u8]) -> bool {
        let Some(first) = text.first_chunk::<CHUNK>() else {
            return false;
        };
        if (u128::from_le_bytes(*first) ^ self.first) & self.counts != 0 {
            return false;
        }
        if self.length <= CHUNK {
            return self.length > 0;
        }
        let last = text.get(self.length - CHUNK..self.length);
        let last = last.and_then(<[u8]>::first_chunk::<CHUNK>);
        last.is_some_and(|last| u128::from_le_bytes(*last) == self.last)
    }
}
