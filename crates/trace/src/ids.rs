//! The names of traces and spans.

use std::cell::RefCell;
use std::fmt;

/// The name of a trace: 16 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// The name of a span in its trace: 8 bytes, not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

impl TraceId {
    /// A new name.
    pub(crate) fn new() -> Self {
        Self(random())
    }

    /// Reads 32 hexadecimal digits in lower case.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        read(text).map(Self)
    }

    /// The bytes, as exporters have them.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The last 63 bits, by which everybody who samples by ratio decides alike.
    pub(crate) fn randomness(self) -> u64 {
        let [_, _, _, _, _, _, _, _, last @ ..] = self.0;
        u64::from_be_bytes(last) >> 1
    }
}

impl SpanId {
    /// A new name.
    pub(crate) fn new() -> Self {
        Self(random())
    }

    /// Reads 16 hexadecimal digits in lower case.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        read(text).map(Self)
    }

    /// The bytes, as exporters have them.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

/// Reads as many bytes as there are, unless all of them are zero.
fn read<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = byte_of(digits)?;
    }
    is_name(&bytes).then_some(bytes)
}

/// Reads two hexadecimal digits in lower case.
pub(crate) fn byte_of(digits: &[u8]) -> Option<u8> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    match digits {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    }
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != 0)
}

/// Random bytes, not all zero.
fn random<const N: usize>() -> [u8; N] {
    /// How many bytes the system is asked for at once: each time costs as much as
    /// the rest of a call's trace.
    const STOCK: usize = 4096;
    thread_local! {
        static STOCK_OF_THREAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    STOCK_OF_THREAD.with_borrow_mut(|stock| {
        loop {
            if stock.len() < N {
                stock.resize(STOCK, 0);
                // Where the system has no random numbers, all names are the same, and
                // traces are of no use; calls are.
                if getrandom::fill(stock).is_err() {
                    stock.clear();
                    return [1; N];
                }
            }
            let bytes = stock.last_chunk().copied().unwrap_or([1; N]);
            stock.truncate(stock.len() - N);
            if is_name(&bytes) {
                return bytes;
            }
        }
    })
}

/// Writes bytes as hexadecimal digits.
fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&self.0, f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&self.0, f)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&self.0, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_they_are_read() {
        let text = "0af7651916cd43dd8448eb211c80319c";
        let id = TraceId::read(text.as_bytes()).expect("it is a name");
        assert_eq!(id.to_string(), text);
        assert_eq!(id.randomness(), 0x8448_eb21_1c80_319c >> 1);
        let text = "b7ad6b7169203331";
        let id = SpanId::read(text.as_bytes()).expect("it is a name");
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn what_is_no_name_is_not_read() {
        for wrong in [
            "",
            "0000000000000000",
            "B7AD6B7169203331",
            "b7ad6b716920333",
            "b7ad6b71692033311",
            "b7ad6b716920333g",
            "+7ad6b7169203331",
        ] {
            assert_eq!(SpanId::read(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn new_names_differ() {
        // More than one stock of random bytes.
        let names: std::collections::HashSet<_> = (0..1000).map(|_| TraceId::new()).collect();
        assert_eq!(names.len(), 1000);
    }
}
