//! Values of DER, one after another.
//!
//! Only what a certificate needs: definite lengths and tags of one byte. Whatever
//! is not like that ends the reading.

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
/// The tag that stands for the version of a certificate.
pub(crate) const VERSION: u8 = 0xa0;

/// The values that are not read yet.
#[derive(Debug, Clone)]
pub(crate) struct Values<'a>(pub(crate) &'a [u8]);

/// A value: its tag and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

impl<'a> Value<'a> {
    /// The values within, if this has the tag.
    pub(crate) fn within(self, tag: u8) -> Option<Values<'a>> {
        (self.tag == tag).then_some(Values(self.content))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            // Nothing here has more than 16 MiB.
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Value { tag: *tag, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[(u8, usize)]) {
        let found: Vec<_> = Values(bytes)
            .map(|value| (value.tag, value.content.len()))
            .collect();
        assert_eq!(found, expected, "for {bytes:x?}");
    }

    #[test]
    fn values_follow_each_other() {
        check(&[0x02, 1, 7, 0x05, 0], &[(0x02, 1), (0x05, 0)]);
        let long = [&[0x04, 0x81, 200][..], &[0; 200]].concat();
        check(&long, &[(0x04, 200)]);
        let longer = [&[0x04, 0x82, 1, 0][..], &[0; 256]].concat();
        check(&longer, &[(0x04, 256)]);
    }

    #[test]
    fn what_is_cut_off_ends_the_reading() {
        check(&[], &[]);
        check(&[0x02], &[]);
        check(&[0x02, 3, 7], &[]);
        check(&[0x02, 0x82, 1], &[]);
        check(&[0x02, 0x80, 7, 0, 0], &[]);
        check(&[0x02, 0xff, 7], &[]);
    }
}
