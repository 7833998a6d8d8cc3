//! Tags, made when the program is compiled.

/// The tag of a field, as protobuf writes it: its number and its wire type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    /// Up to two bytes.
    pub(crate) bytes: [u8; 2],
    /// How many they are.
    pub(crate) size: u8,
}

impl Tag {
    /// The wire type of booleans and of enums.
    pub(super) const VARINT: u32 = 0;
    /// The wire type of strings.
    pub(super) const LEN: u32 = 2;
    /// The largest number of a field whose tag has two bytes.
    pub(super) const LARGEST: u32 = (1 << 11) - 1;

    /// The tag of a string, if it has no more than two bytes.
    pub(crate) fn of_string(number: u32) -> Option<Self> {
        (number <= Self::LARGEST).then(|| Self::new(number, Self::LEN))
    }

    #[expect(clippy::cast_possible_truncation, reason = "seven bits each")]
    pub(super) const fn new(number: u32, wire_type: u32) -> Self {
        let tag = number << 3 | wire_type;
        if tag < 0x80 {
            Self {
                bytes: [tag as u8, 0],
                size: 1,
            }
        } else {
            Self {
                bytes: [tag as u8 | 0x80, (tag >> 7 & 0x7f) as u8],
                size: 2,
            }
        }
    }
}
