//! Values of properties as texts whose bytes stand in the documented order.
//!
//! What is missing comes first, then truths, numbers, instants and texts. Texts
//! are compared without regard to case. Texts that agree in their first
//! [`LONGEST`] bytes are equal, and so are texts that differ in U+0000 and U+0001
//! only, of which PostgreSQL can keep one.

use std::ops::Range;

use contract::timestamp::Timestamp;
use serde_json::Value;

/// How many bytes of a text are compared.
const LONGEST: usize = 200;

/// What a text that was cut off ends with. No character is greater.
const CUT: char = char::MAX;

/// How the texts of a property are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As texts, even those that look like instants.
    Text,
    /// As instants where they are such. As texts, `…:43.620Z` would come before
    /// `…:43Z`.
    Instant,
}

/// The key of a property.
pub(crate) fn key(property: &Value, kind: Kind) -> String {
    match property {
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        Value::Bool(value) => truth(*value),
        Value::Number(value) => number(value.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => match (kind, text.parse()) {
            (Kind::Instant, Ok(value)) => instant(value),
            _ => self::text(text),
        },
    }
}

/// The key of a truth.
pub(crate) fn truth(truth: bool) -> String {
    format!("b{}", u8::from(truth))
}

/// The key of a text.
pub(crate) fn text(text: &str) -> String {
    let mut key = start(text);
    if folded(text).len() > LONGEST {
        key.push(CUT);
    }
    key
}

/// What the keys of all texts begin with that begin with this one.
pub(crate) fn start(text: &str) -> String {
    format!("t{}", part(text))
}

/// What the keys of all texts contain that contain this one and are not cut off.
pub(crate) fn part(text: &str) -> String {
    let mut part = folded(text);
    part.truncate(part.floor_char_boundary(LONGEST));
    part
}

/// What all texts that are cut off match as a pattern of LIKE.
pub(crate) fn cut_off() -> String {
    format!("t%{CUT}")
}

fn folded(text: &str) -> String {
    text.to_lowercase().replace('\0', "\u{1}")
}

/// Returns whether a text has a key that no other text has, and the keys of texts
/// that begin with it are all that begin with its key.
pub(crate) fn is_exact(text: &str) -> bool {
    folded(text).len() <= LONGEST && !text.contains(['\0', '\u{1}', CUT])
}

/// The keys of all instants.
pub(crate) const INSTANTS: Range<&str> = "i".."j";

/// What stands between the key of an instant and those of all later ones.
pub(crate) fn beyond(instant: &str) -> String {
    // A later one with a key that begins with this one goes on with a digit.
    format!("{instant} ")
}

/// The key of an instant: its second, and the fraction without zeros at the end.
pub(crate) fn instant(instant: Timestamp) -> String {
    /// The first second that a [`Timestamp`] can be.
    const FIRST: i64 = -62_167_219_200;
    let (mut second, mut nanosecond) =
        (instant.get().as_second(), instant.get().subsec_nanosecond());
    // Of instants before 1970 the fraction is negative.
    if nanosecond < 0 {
        second -= 1;
        nanosecond += 1_000_000_000;
    }
    let digits = format!("i{:012}{nanosecond:09}", second - FIRST);
    let (second, fraction) = digits.split_at(13);
    format!("{second}{}", fraction.trim_end_matches('0'))
}

/// The key of a number, in the order of [`f64::total_cmp`].
fn number(number: f64) -> String {
    let bits = number.to_bits();
    let sign = 1 << 63;
    let ordered = if bits & sign == 0 { bits | sign } else { !bits };
    format!("d{ordered:016x}")
}

/// The first text after all that begin with this one.
pub(crate) fn after(start: &str) -> Option<String> {
    let mut start = start.to_owned();
    while let Some(last) = start.pop() {
        // Between these two there are no characters.
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            start.push(next);
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_order(ascending: &[Value]) {
        let keys: Vec<_> = ascending
            .iter()
            .map(|value| key(value, Kind::Instant))
            .collect();
        assert!(keys.is_sorted_by(|one, next| one < next), "{keys:?}");
    }

    #[test]
    fn instants_are_sorted_as_instants() {
        check_order(&[
            json!("0000-01-01T00:00:00Z"),
            json!("1969-12-31T23:59:59.250Z"),
            json!("1969-12-31T23:59:59.5Z"),
            json!("1970-01-01T00:00:00Z"),
            json!("2016-01-07T14:03:43Z"),
            json!("2016-01-07T14:03:43.49Z"),
            json!("2016-01-07T14:03:43.620Z"),
            json!("2016-01-07T14:03:44Z"),
        ]);
    }

    #[test]
    fn texts_are_sorted_without_regard_to_case() {
        check_order(&[json!("Anna"), json!("Bert"), json!("carl"), json!("É")]);
        assert_eq!(text("anna"), text("ANNA"));
    }

    #[test]
    fn numbers_are_sorted_as_numbers() {
        check_order(&[
            json!(-10),
            json!(-2.5),
            json!(0),
            json!(1e-9),
            json!(2),
            json!(10),
        ]);
    }

    #[test]
    fn what_is_missing_comes_first() {
        check_order(&[
            json!(null),
            json!(false),
            json!(true),
            json!(2),
            json!("2016-01-07T14:03:43Z"),
            json!(""),
        ]);
    }

    #[test]
    fn a_text_that_is_too_long_stands_behind_what_it_begins_with() {
        let long = "é".repeat(200);
        let key = text(&long);
        assert!(key.len() <= 1 + LONGEST + CUT.len_utf8());
        assert!(key > text(&"é".repeat(99)));
        assert!(!is_exact(&long));
        assert!(is_exact("Anna"));
    }

    #[test]
    fn a_text_comes_after_all_that_begin_with_another() {
        assert_eq!(after("tab").as_deref(), Some("tac"));
        assert_eq!(after("t\u{d7ff}").as_deref(), Some("t\u{e000}"));
        assert_eq!(after("t\u{10ffff}").as_deref(), Some("u"));
    }
}
