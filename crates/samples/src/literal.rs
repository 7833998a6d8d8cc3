//! Text as source code.

use std::fmt::Write as _;

/// Returns whether a character would not be seen in source code, or would change how what
/// stands around it is seen.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

/// A text in double quotes, as JSON, TypeScript, Python and Go have it alike.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            // All of these have four digits at most.
            unseen if is_unseen(unseen) => {
                let _ = write!(literal, "\\u{:04x}", u32::from(unseen));
            }
            seen => literal.push(seen),
        }
    }
    literal.push('"');
    literal
}

/// A text as Rust has it.
pub(crate) fn rust(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for character in text.chars() {
        match character {
            unseen if is_unseen(unseen) && !matches!(unseen, '\n' | '\r' | '\t') => {
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(unseen));
            }
            '\'' => literal.push('\''),
            other => literal.extend(other.escape_debug()),
        }
    }
    literal.push('"');
    literal
}

/// A text as one word of a POSIX shell. There is no word with the character NUL, which JSON
/// and percent-encoding spell otherwise.
pub(crate) fn shell(text: &str) -> String {
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '/' | '_')
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text in which `variable` is filled in, as one word of a POSIX shell.
pub(crate) fn shell_around(before: &str, variable: &str, after: &str) -> String {
    format!(
        "\"{}${variable}{}\"",
        shell_escaped(before),
        shell_escaped(after)
    )
}

fn shell_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '$' | '`') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A JSON text of several lines as Go has it.
pub(crate) fn go_raw(json: &str) -> String {
    // It is only ever part of a string there.
    format!("`{}`", json.replace('`', "\\u0060"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// What JSON, Python, Go and ECMAScript agree on about a text in double quotes.
    fn read_quoted(literal: &str) -> String {
        let inner = literal
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .expect("it is in quotes");
        let mut text = String::new();
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            assert!(character != '"', "{literal} ends early");
            assert!(!is_unseen(character), "{literal} has what nobody sees");
            if character != '\\' {
                text.push(character);
                continue;
            }
            match characters.next().expect("something is escaped") {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                same @ ('"' | '\\') => text.push(same),
                'u' => {
                    let digits: String = characters.by_ref().take(4).collect();
                    let number = u32::from_str_radix(&digits, 16).expect("four digits");
                    // Go and Python refuse a half of a pair.
                    text.push(char::from_u32(number).expect("a character"));
                }
                other => panic!("{literal} escapes {other:?}"),
            }
        }
        text
    }

    /// What a shell makes of words.
    fn read_by_shell(words: &[String], variable: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {}", words.join(" "));
        let output = Command::new("sh")
            .args(["-c", &script])
            .env("SAMPLE", variable)
            .output()
            .expect("there is a shell");
        assert!(output.status.success(), "{script}");
        let text = String::from_utf8(output.stdout).expect("what went in was UTF-8");
        let mut read: Vec<_> = text.split('\0').map(str::to_owned).collect();
        assert_eq!(read.pop().as_deref(), Some(""));
        read
    }

    /// Texts with all that is special somewhere.
    fn text() -> impl Strategy<Value = String> {
        let special = prop::sample::select(vec![
            "'",
            "\"",
            "\\",
            "$",
            "`",
            "\n",
            "\r",
            "\t",
            "!",
            "${HOME}",
            "$(id)",
            "{",
            "}",
            "%s",
            "#{x}",
            "\\u0041",
            "\0",
            "\u{7f}",
            "\u{85}",
            "\u{2028}",
            "\u{202e}",
            "\u{feff}",
            "é",
            "日",
            "🎉",
            "</script>",
            "-- ",
            "*/",
        ]);
        let part = prop_oneof![special.prop_map(str::to_owned), any::<String>()];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_quoted_text_is_read_as_it_was(text in text()) {
            let literal = quoted(&text);
            prop_assert_eq!(&read_quoted(&literal), &text);
            let json: String = serde_json::from_str(&literal).expect("it is JSON");
            prop_assert_eq!(json, text);
        }

        #[test]
        fn rust_reads_a_text_as_it_was(text in text()) {
            let literal = rust(&text);
            prop_assert!(!literal.chars().any(is_unseen), "{literal:?}");
            let read: syn::LitStr = syn::parse_str(&literal).expect("it is Rust");
            prop_assert_eq!(read.value(), text);
        }

        #[test]
        fn go_reads_a_json_text_as_what_it_says(text in text()) {
            let json = quoted(&text);
            let raw = go_raw(&json);
            let inner = &raw[1..raw.len() - 1];
            // A raw string has no escapes, and loses carriage returns.
            prop_assert!(!inner.contains(['`', '\r', '\0', '\u{feff}']), "{raw}");
            let read: String = serde_json::from_str(inner).expect("it is JSON");
            prop_assert_eq!(read, text);
        }
    }

    proptest! {
        // Each case starts a process.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_shell_reads_words_as_they_were(
            words in prop::collection::vec(text(), 1..8),
            variable in text(),
        ) {
            let without_nul = |text: &String| text.replace('\0', "");
            let words: Vec<_> = words.iter().map(without_nul).collect();
            let variable = without_nul(&variable);
            let quoted: Vec<_> = words.iter().map(|word| shell(word)).collect();
            prop_assert_eq!(&read_by_shell(&quoted, &variable), &words);
            let around: Vec<_> = words
                .iter()
                .map(|word| shell_around(word, "SAMPLE", &format!("/{word}")))
                .collect();
            let filled: Vec<_> = words
                .iter()
                .map(|word| format!("{word}{variable}/{word}"))
                .collect();
            prop_assert_eq!(read_by_shell(&around, &variable), filled);
        }
    }
}
