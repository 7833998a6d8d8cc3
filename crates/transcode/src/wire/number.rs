//! Numbers as JSON has them, before a field says what they are.

/// A number as `serde_json` tells them apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Signed(i64),
    Unsigned(u64),
    Double(f64),
}

/// No double is near the number.
pub(super) struct OutOfRange;

impl Number {
    /// Reads the text of a number.
    pub(super) fn parse(text: &str) -> Result<Self, OutOfRange> {
        if text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Up to 19 digits fit.
            let digits = text.bytes().map(|digit| u64::from(digit - b'0'));
            return Ok(Self::Unsigned(
                digits.fold(0, |value, digit| value * 10 + digit),
            ));
        }
        if !text.contains(['.', 'e', 'E']) {
            if let Ok(value) = text.parse() {
                return Ok(Self::Unsigned(value));
            }
            // Minus zero is a double.
            if let Ok(value) = text.parse()
                && value != 0
            {
                return Ok(Self::Signed(value));
            }
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Self::Double(value)),
            _ => Err(OutOfRange),
        }
    }
}
