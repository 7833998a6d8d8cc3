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
pub(crate) fn instant(text: &[u8]) -> Option<Parsed<Timestamp>> {
    if let Some(value) = usual_instant(text) {
        return Some(Parsed {
            value,
            is_leap_second: false,
            has_lost_digits: false,
        });
    }
    any_instant(text)
}

/// Reads an instant in whichever form.
fn any_instant(text: &[u8]) -> Option<Parsed<Timestamp>> {
    let mut rest = text;
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

/// Reads an instant in the form that most APIs write: `2016-08-05T08:40:51Z`, with or
/// without milliseconds.
pub(crate) fn usual_instant(text: &[u8]) -> Option<Timestamp> {
    const FORM: [u8; 16] = *b"0000-00-00T00:00";
    /// Carries into the high bit of a byte if it is more than a digit, or than nothing.
    const CARRIES: [u8; 16] = {
        let mut carries = [0x7f; 16];
        let mut at = 0;
        while at < FORM.len() {
            if FORM[at] == b'0' {
                carries[at] = 0x80 - 10;
            }
            at += 1;
        }
        carries
    };
    let (head, rest) = text.split_first_chunk::<16>()?;
    let digits = u128::from_le_bytes(*head) ^ u128::from_le_bytes(FORM);
    let carried = digits.wrapping_add(u128::from_le_bytes(CARRIES)) | digits;
    if carried & u128::from_le_bytes([0x80; 16]) != 0 {
        return None;
    }
    let digits = digits.to_le_bytes();
    let two = |at: usize| i64::from(digits[at]) * 10 + i64::from(digits[at + 1]);
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let (hour, minute) = (two(11), two(14));
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    let (seconds, nanos) = match rest {
        [b':', tens, ones, b'Z'] => (digit(*tens)? * 10 + digit(*ones)?, 0),
        [b':', tens, ones, b'.', a, b, c, b'Z'] => {
            let millis = digit(*a)? * 100 + digit(*b)? * 10 + digit(*c)?;
            (digit(*tens)? * 10 + digit(*ones)?, millis * 1_000_000)
        }
        _ => return None,
    };
    if hour > 23 || minute > 59 || seconds > 59 || year == 0 {
        return None;
    }
    let days = days_until(year, month, day)?;
    Some(Timestamp {
        seconds: days * 86_400 + hour * 3600 + minute * 60 + i64::from(seconds),
        nanos,
    })
}

/// The days from 1970-01-01 to a date, if there is such a date in this year after the
/// first.
fn days_until(year: i64, month: i64, day: i64) -> Option<i64> {
    /// The days from March 1 of the year 0 to 1970-01-01.
    const EPOCH: i64 = 719_468;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    // In years that begin with March the day of a leap year is the last one, and the
    // lengths of the months repeat every five.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = (153 * month + 2) / 5;
    let leap_days = year / 4 - year / 100 + year / 400;
    Some(year * 365 + leap_days + before + day - 1 - EPOCH)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str) {
        let any = any_instant(text.as_bytes());
        if let Some(usual) = usual_instant(text.as_bytes()) {
            assert_eq!(Some(usual), any.map(|any| any.value), "{text}");
        }
    }

    #[test]
    fn every_day_is_read_in_the_usual_form_as_in_any() {
        let first = any_instant(b"0001-01-01T00:00:00Z").expect("the first day");
        let days = INSTANTS.clone().step_by(86_400);
        assert_eq!(days.clone().next(), Some(first.value.seconds));
        for (number, seconds) in days.enumerate() {
            let nanos = 0;
            let text = Timestamp { seconds, nanos }.to_string();
            let usual = usual_instant(text.as_bytes());
            let usual = usual.unwrap_or_else(|| panic!("{text}, the day {number}, is not read"));
            assert_eq!(usual.seconds, seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_read_in_no_form() {
        for text in [
            "2015-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2016-00-01T00:00:00Z",
            "2016-13-01T00:00:00Z",
            "2016-04-31T00:00:00Z",
            "2016-01-00T00:00:00Z",
            "2016-01-32T00:00:00Z",
            "2016-01-01T24:00:00Z",
            "2016-01-01T00:60:00Z",
            "0000-01-01T00:00:00Z",
            "2016-01-01T00:00:00.Z",
            "2016-01-01T00:00:00",
            "2016/01/01T00:00:00Z",
            "201a-01-01T00:00:00Z",
            "2016-01-01T00:00:0:Z",
        ] {
            assert_eq!(instant(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_usual_form_is_read_as_any(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{3})?Z",
        ) {
            check(&text);
        }

        #[test]
        fn what_is_changed_is_read_as_any(at in 0_usize..24, byte in 0_u8..128) {
            let mut text = *b"2016-08-05T08:40:51.620Z";
            text[at] = byte;
            check(std::str::from_utf8(&text).expect("it is ASCII"));
        }
    }
}
