//! The texts of instants (RFC 3339) and durations.
//!
//! They are read here because the readers that there are cut digits off, or move
//! leap seconds, without saying so.

use prost_types::{Duration, Timestamp};

use super::drift::DriftKind;
use super::reading::At;

/// The instants of the years 1 to 9999, in seconds: all that
/// `google.protobuf.Timestamp` holds.
pub(super) const INSTANTS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Some 10,000 years, in seconds: all that `google.protobuf.Duration` holds.
pub(super) const SPANS: std::ops::RangeInclusive<i64> = -315_576_000_000..=315_576_000_000;

/// A value and what of its text it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    pub(crate) is_leap_second: bool,
    pub(crate) has_lost_digits: bool,
}

impl<T> Parsed<T> {
    /// The value. What is lost is reported.
    pub(super) fn report(self, at: At<'_>) -> T {
        if self.is_leap_second {
            at.drift(DriftKind::LeapSecond);
        }
        if self.has_lost_digits {
            at.drift(DriftKind::LostFractionDigits);
        }
        self.value
    }
}

/// Reads an instant with its offset. Lower case and a blank instead of the `T`
/// are allowed, as RFC 3339, section 5.6, notes. The offset only moves the
/// instant. A leap second at the end of a day in UTC is the first second of the
/// next day.
pub(crate) fn instant(text: &str) -> Option<Parsed<Timestamp>> {
    let mut rest = text.as_bytes();
    let year = number(&mut rest, 4)?;
    eat(&mut rest, b"-")?;
    let month = number(&mut rest, 2)?;
    eat(&mut rest, b"-")?;
    let day = number(&mut rest, 2)?;
    eat(&mut rest, b"Tt ")?;
    let hour = number(&mut rest, 2)?;
    eat(&mut rest, b":")?;
    let minute = number(&mut rest, 2)?;
    eat(&mut rest, b":")?;
    let second = number(&mut rest, 2)?;
    let (nanos, has_lost_digits) = fraction(&mut rest)?;
    let offset = offset(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    let is_leap_second = second == 60;
    let byte = |number: u32| u8::try_from(number).ok();
    // Checks the date; the time of day is checked with it.
    let mut value = Timestamp::date_time_nanos(
        year.into(),
        byte(month)?,
        byte(day)?,
        byte(hour)?,
        byte(minute)?,
        byte(if is_leap_second { 59 } else { second })?,
        nanos,
    )
    .ok()?;
    value.seconds -= offset;
    if is_leap_second {
        value.seconds += 1;
        if value.seconds.rem_euclid(86_400) != 0 {
            return None;
        }
    }
    INSTANTS.contains(&value.seconds).then_some(Parsed {
        value,
        is_leap_second,
        has_lost_digits,
    })
}

/// Reads a duration: decimal seconds and an `s`.
pub(crate) fn span(text: &str) -> Option<Parsed<Duration>> {
    let text = text.strip_suffix('s')?;
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (seconds, rest) = text.split_at(digits);
    let mut seconds: i64 = seconds.parse().ok()?;
    let mut rest = rest.as_bytes();
    let (nanos, has_lost_digits) = fraction(&mut rest)?;
    let mut nanos = i32::try_from(nanos).ok()?;
    if is_negative {
        (seconds, nanos) = (-seconds, -nanos);
    }
    (rest.is_empty() && SPANS.contains(&seconds)).then_some(Parsed {
        value: Duration { seconds, nanos },
        is_leap_second: false,
        has_lost_digits,
    })
}

/// The same for those who have nobody to report to.
pub(crate) fn parse_span(text: &str) -> Option<Duration> {
    span(text).map(|parsed| parsed.value)
}

/// A number of so many digits.
fn number(rest: &mut &[u8], digits: usize) -> Option<u32> {
    let (number, behind) = rest.split_at_checked(digits)?;
    *rest = behind;
    number.iter().try_fold(0, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        Some(number * 10 + digit)
    })
}

/// One of these bytes.
fn eat(rest: &mut &[u8], allowed: &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    allowed.contains(first).then_some(*first)
}

/// A fraction of a second, if there is one: its nanoseconds, and whether it has
/// digits behind these.
fn fraction(rest: &mut &[u8]) -> Option<(u32, bool)> {
    let Some(behind) = rest.strip_prefix(b".") else {
        return Some((0, false));
    };
    let length = behind.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, behind) = behind.split_at(length);
    *rest = behind;
    if digits.is_empty() {
        return None;
    }
    let mut padded = [b'0'; 9];
    let (kept, lost) = digits.split_at(digits.len().min(9));
    padded[..kept.len()].copy_from_slice(kept);
    let nanos = number(&mut padded.as_slice(), 9)?;
    Some((nanos, lost.iter().any(|digit| *digit != b'0')))
}

/// An offset from UTC, in seconds.
fn offset(rest: &mut &[u8]) -> Option<i64> {
    let sign = eat(rest, b"Zz+-")?;
    if matches!(sign, b'Z' | b'z') {
        return Some(0);
    }
    let hours = number(rest, 2).filter(|hours| *hours < 24)?;
    eat(rest, b":")?;
    let minutes = number(rest, 2).filter(|minutes| *minutes < 60)?;
    let seconds = i64::from(hours * 3600 + minutes * 60);
    Some(if sign == b'-' { -seconds } else { seconds })
}
