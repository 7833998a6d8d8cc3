//! Patterns of ECMAScript, which JSON Schema uses, spelled for another engine.

use std::iter::Peekable;
use std::str::Chars;

/// What `\s` stands for.
const SPACES: &str =
    r"\t-\r \x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}";

/// Spells a pattern so that `regex-automata` reads it as ECMA-262 does (22.2, in its
/// Unicode mode): `\d`, `\w`, `\s`, `\b` and `.` stand for other characters there, and
/// classes have no operators. What is no pattern there remains none.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, &mut out),
            '[' => class(&mut chars, &mut out),
            '.' => out.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            '{' if chars.peek() == Some(&',') => out.push_str(r"\{"),
            c => out.push(c),
        }
    }
    out
}

/// An escape outside a class.
fn escape(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    match chars.next() {
        Some(letter @ ('d' | 'w' | 's')) => {
            out.push('[');
            out.push_str(set(letter));
            out.push(']');
        }
        Some(letter @ ('D' | 'W' | 'S')) => {
            out.push_str("[^");
            out.push_str(set(letter));
            out.push(']');
        }
        Some(letter @ ('b' | 'B')) => {
            out.push_str(r"(?-u:\");
            out.push(letter);
            out.push(')');
        }
        other => character_escape(other, out),
    }
}

/// The characters of `\d`, `\w` and `\s`, and those that `\D`, `\W` and `\S` leave out.
fn set(letter: char) -> &'static str {
    match letter {
        'd' | 'D' => "0-9",
        'w' | 'W' => "0-9A-Za-z_",
        _ => SPACES,
    }
}

/// An escape that stands for one character, or is spelled the same.
fn character_escape(escaped: Option<char>, out: &mut String) {
    match escaped {
        // These are anchors of the engine.
        Some(c @ ('/' | '<' | '>')) => out.push(c),
        Some('0') => out.push_str(r"\x00"),
        Some(c) => {
            out.push('\\');
            out.push(c);
        }
        None => out.push('\\'),
    }
}

/// A class, of which `[` has been read.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    let is_negated = chars.next_if_eq(&'^').is_some();
    if chars.next_if_eq(&']').is_some() {
        // Nothing, or what is not nothing.
        out.push_str(if is_negated { r"[\s\S]" } else { r"[^\s\S]" });
        return;
    }
    out.push_str(if is_negated { "[^" } else { "[" });
    while let Some(c) = chars.next() {
        if c == ']' {
            out.push(']');
            return;
        }
        let is_set = member(c, chars, out);
        // A range, unless nothing follows.
        let mut ahead = chars.clone();
        if !is_set && ahead.next() == Some('-') && ahead.peek().is_some_and(|next| *next != ']') {
            chars.next();
            if let Some(end) = chars.next() {
                out.push('-');
                member(end, chars, out);
            }
        }
    }
}

/// One member of a class. Returns whether it is a set of characters, which begins no range.
fn member(c: char, chars: &mut Peekable<Chars<'_>>, out: &mut String) -> bool {
    match c {
        '\\' => match chars.next() {
            Some(letter @ ('d' | 'w' | 's')) => {
                out.push_str(set(letter));
                return true;
            }
            Some(letter @ ('D' | 'W' | 'S')) => {
                out.push_str("[^");
                out.push_str(set(letter));
                out.push(']');
                return true;
            }
            Some(letter @ ('p' | 'P')) => {
                out.push('\\');
                out.push(letter);
                return true;
            }
            Some('b') => out.push_str(r"\x08"),
            other => character_escape(other, out),
        },
        '[' | '-' | '&' | '~' | '^' => {
            out.push('\\');
            out.push(c);
        }
        c => out.push(c),
    }
    false
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[track_caller]
    fn check(pattern: &str, expected: &str) {
        assert_eq!(translate(pattern), expected, "`{pattern}`");
    }

    #[test]
    fn sets_have_other_characters() {
        check(r"^\d+\W$", "^[0-9]+[^0-9A-Za-z_]$");
        check(r"[\w-]", r"[0-9A-Za-z_\-]");
        check(r"[^\D]", "[^[^0-9]]");
        check("a.b[.]", r"a[^\n\r\x{2028}\x{2029}]b[.]");
        check(r"\bx", r"(?-u:\b)x");
    }

    #[test]
    fn classes_have_no_operators() {
        check("[a-z&&b]", r"[a-z\&\&b]");
        check("[a-c--b]", r"[a-c\--b]");
        check("[a~~b]", r"[a\~\~b]");
        check("[[a]", r"[\[a]");
        check("[a-]", r"[a\-]");
        check("[-a]", r"[\-a]");
        check(r"[\d-x]", r"[0-9\-x]");
        check(r"[\b\p{L}^]", r"[\x08\p{L}\^]");
    }

    #[test]
    fn classes_may_be_empty() {
        check("[]a", r"[^\s\S]a");
        check("[^]a", r"[\s\S]a");
    }

    #[test]
    fn escapes_of_the_engine_are_none() {
        check(r"\<a\>\/\0", r"<a>/\x00");
        check("a{,5}", r"a\{,5}");
    }

    #[test]
    fn what_is_not_finished_stays_so() {
        check("[a", "[a");
        check(r"a\", r"a\");
        check(r"[a\", r"[a\");
    }
}
