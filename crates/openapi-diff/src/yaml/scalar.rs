//! What plain scalars of YAML mean: the core schema of YAML 1.2.

use serde_json::{Number, Value};

/// The value of a plain scalar. Numbers that JSON has no spelling for, such as `.inf`,
/// are an error.
pub(super) fn plain(text: &str) -> Result<Value, String> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text)? {
            Some(number) => Value::Number(number),
            None => Value::String(text.to_owned()),
        },
    })
}

fn number(text: &str) -> Result<Option<Number>, String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(
        unsigned,
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN"
    ) {
        return Err(format!("`{text}` is not a JSON number"));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = digits
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
                .then_some(digits);
            let read = digits.and_then(|digits| u64::from_str_radix(digits, radix).ok());
            return Ok(read.map(Number::from));
        }
    }
    let begins = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let numeric =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    // Digits after a leading zero are an account or a postal code, as most parsers have it.
    let digits = unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = digits && unsigned.len() > 1 && unsigned.starts_with('0');
    if !begins || is_code || !unsigned.bytes().all(numeric) {
        return Ok(None);
    }
    if digits {
        let text = text.strip_prefix('+').unwrap_or(text);
        if let Ok(number) = text.parse::<u64>() {
            return Ok(Some(number.into()));
        }
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Some(number.into()));
        }
    }
    // Beyond 64 bits JSON numbers are doubles. What is beyond those stays a text.
    Ok(text.parse().ok().and_then(Number::from_f64))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::plain;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(plain(text), Ok(expected), "{text}");
    }

    #[test]
    fn integers_are_read_without_loss() {
        check("0", json!(0));
        check("-0", json!(0));
        check("+12", json!(12));
        check("-9223372036854775808", json!(i64::MIN));
        check("18446744073709551615", json!(u64::MAX));
        check("0x1F", json!(31));
        check("0o17", json!(15));
    }

    #[test]
    fn other_numbers_are_doubles() {
        check(
            "18446744073709551616",
            json!(18_446_744_073_709_551_616.0_f64),
        );
        check("1.50", json!(1.5));
        check("-.5e1", json!(-5.0));
        check("1.", json!(1.0));
    }

    #[test]
    fn what_is_no_number_is_a_text() {
        for text in [
            "007",
            "1.2.3",
            "1e400",
            "0x",
            "0x+1",
            "0b1",
            "1_000",
            "+-5",
            ".",
            "e5",
            "2030-01-31",
            "12:30",
            "yes",
            "inf",
            "-",
        ] {
            check(text, json!(text));
        }
    }

    #[test]
    fn null_and_booleans_are_those_of_the_core_schema() {
        check("~", Value::Null);
        check("", Value::Null);
        check("True", json!(true));
        check("FALSE", json!(false));
        check("no", json!("no"));
    }

    #[test]
    fn infinity_is_no_json() {
        assert!(plain("-.inf").is_err() && plain(".NaN").is_err());
    }
}
