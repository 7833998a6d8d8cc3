//! Reasons, in the sense of `google.rpc.ErrorInfo`: `UPPER_SNAKE_CASE`, of up to 63
//! characters.

/// The most characters that a reason has.
pub(crate) const MAX_REASON: usize = 63;

/// A reason as it can go into logs and metrics: as it is, if it has the form that
/// `google.rpc.ErrorInfo` asks for, or else `UNSPEAKABLE`.
pub fn loggable(reason: &str) -> &str {
    let is_sound = (1..=MAX_REASON).contains(&reason.len())
        && reason.starts_with(|first: char| first.is_ascii_uppercase())
        && reason
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if is_sound { reason } else { "UNSPEAKABLE" }
}

/// The reason that a code of an API stands for: `out-of-credit`, `outOfCredit` and
/// `out.of.credit` are `OUT_OF_CREDIT`. Returns `None` for what cannot be a reason.
pub(crate) fn of_code(code: &str) -> Option<String> {
    if code.len() > MAX_REASON {
        return None;
    }
    let mut reason = String::with_capacity(code.len());
    for character in code.chars() {
        let begins_word = character.is_ascii_uppercase()
            && reason.ends_with(|last: char| last.is_ascii_alphanumeric())
            && code.contains(|other: char| other.is_ascii_lowercase());
        if begins_word || !character.is_ascii_alphanumeric() {
            reason.push('_');
        }
        if character.is_ascii_alphanumeric() {
            reason.push(character.to_ascii_uppercase());
        }
    }
    (loggable(&reason) == reason).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_is_a_sentence_is_not_logged() {
        assert_eq!(loggable("NOT_FOUND_404"), "NOT_FOUND_404");
        for reason in ["", "canary", "the token canary", "4XX", "CANÄRY"] {
            assert_eq!(loggable(reason), "UNSPEAKABLE", "for {reason:?}");
        }
    }

    #[test]
    fn a_code_of_an_api_is_a_reason() {
        for code in [
            "out-of-credit",
            "out_of_credit",
            "out.of.credit",
            "OutOfCredit",
            "OUT_OF_CREDIT",
        ] {
            assert_eq!(of_code(code).as_deref(), Some("OUT_OF_CREDIT"), "{code}");
        }
        assert_eq!(of_code("E-42").as_deref(), Some("E_42"));
        let long = "a".repeat(MAX_REASON + 1);
        for code in ["", "404", "_", &long] {
            assert_eq!(of_code(code), None, "{code}");
        }
    }
}
