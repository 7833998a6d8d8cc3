//! Tables in which the properties of an object are found by their names: how a generator
//! fills one is how it is read.

/// Where to find fields by the names of their properties: a hash table. Its length is
/// a power of two, and at least half of it is empty. A field whose place is taken has
/// the next one that is not.
#[derive(Debug)]
pub struct NameTable(pub &'static [u16]);

impl NameTable {
    /// What stands in an empty place, rather than the index of a field.
    pub const EMPTY: u16 = u16::MAX;
}

/// The hash of a name. Its lowest bits tell names apart.
#[must_use]
#[inline]
pub fn hash_name(name: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = seed ^ name.len() as u64;
    let mut words = name.chunks_exact(8);
    for word in &mut words {
        let word = word.first_chunk().copied().unwrap_or_default();
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
        hash ^= hash >> 32;
    }
    let rest = words.remainder().iter().rev();
    let word = rest.fold(0, |word, byte| word << 8 | u64::from(*byte));
    hash = (hash ^ word).wrapping_mul(FACTOR);
    hash ^ hash >> 32
}

/// The places at which a name may stand in a table of this length, which is a power of
/// two, in their order.
#[inline]
pub fn places(name: &[u8], length: usize) -> impl Iterator<Item = usize> {
    let mask = length.wrapping_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only the lowest bits count"
    )]
    let first = hash_name(name, 0) as usize;
    (0..length).map(move |step| first.wrapping_add(step) & mask)
}
