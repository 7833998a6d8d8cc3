//! Text that is safe inside of HTML.

/// Text in which nothing is taken for markup, in an element or in a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The part of a URL that stands for a heading: lower-case letters and digits, and
/// hyphens for everything else.
pub(crate) fn slug(text: &str) -> String {
    let words = text
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// JSON inside of a `script` element, which would end at the first `</`.
pub(crate) fn in_script(json: &serde_json::Value) -> String {
    json.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escape("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
    }

    #[test]
    fn a_slug_has_letters_digits_and_hyphens() {
        assert_eq!(slug("Organization groups"), "organization-groups");
        assert_eq!(slug("4.1.0 (2026-11-27)"), "4-1-0-2026-11-27");
        assert_eq!(slug(" Über: uns! "), "über-uns");
    }

    #[test]
    fn json_does_not_end_a_script() {
        let json = serde_json::json!({"text": "</script>"});
        assert_eq!(in_script(&json), r#"{"text":"\u003c/script>"}"#);
    }
}
