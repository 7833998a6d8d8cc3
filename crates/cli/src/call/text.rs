//! Text for terminals: columns, paragraphs, and what must not reach a terminal.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What stands between two columns.
const GAP: usize = 2;

/// What stands in the place of what does not fit.
const MORE: char = '…';

/// Returns how many columns of a terminal a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to so many columns. What is cut has an ellipsis at its end.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or_default();
        if taken + wide + 1 > most {
            break;
        }
        taken += wide;
        kept.push(character);
    }
    if most > 0 {
        kept.push(MORE);
    }
    kept
}

/// Replaces what a terminal would act on: control characters, among them those that
/// begin escape sequences, and characters that change the direction of the text.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' | '\r' | '\t' => ' ',
            _ if character.is_control() || is_direction(character) => '\u{fffd}',
            _ => character,
        })
        .collect()
}

/// Returns whether a character has no other use than to order what stands around it
/// (Unicode Standard Annex #9).
fn is_direction(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Lays out rows in columns. The last cell of a row may be as wide as is left of
/// `most`; a row of a single cell is a line of its own.
pub(super) fn columns(rows: &[Vec<String>], most: usize) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.iter().filter(|row| row.len() > 1) {
        let inner = &row[..row.len() - 1];
        widths.resize(widths.len().max(inner.len()), 0);
        for (widest, cell) in widths.iter_mut().zip(inner) {
            *widest = (*widest).max(cell.width());
        }
    }
    let mut shown = String::new();
    for row in rows {
        let mut line = String::new();
        let mut column = 0;
        for (cell, widest) in row.iter().zip(&widths) {
            if row.len() == 1 {
                break;
            }
            line.push_str(cell);
            if *widest > 0 {
                let blank = widest.saturating_sub(cell.width()) + GAP;
                line.push_str(&" ".repeat(blank));
                column += widest + GAP;
            }
        }
        if let Some(last) = row.last() {
            line.push_str(&cut(last, most.saturating_sub(column).max(1)));
        }
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown
}

/// Breaks paragraphs into lines of so many columns, each behind an indent. A line that
/// begins a list or is indented stays one of its own.
pub(super) fn wrapped(text: &str, indent: &str, most: usize) -> String {
    let mut shown = String::new();
    let mut paragraph: Vec<&str> = Vec::new();
    let mut hang = "";
    let flush = |paragraph: &mut Vec<&str>, hang: &str, shown: &mut String| {
        let room = most.saturating_sub(indent.width()).max(20);
        let mut line = String::new();
        for word in paragraph.drain(..).flat_map(str::split_whitespace) {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                let _ = writeln!(shown, "{indent}{line}");
                hang.clone_into(&mut line);
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            let _ = writeln!(shown, "{indent}{line}");
        }
    };
    for line in text.lines() {
        let begins_item = line.starts_with("- ") || line.starts_with("* ");
        if line.trim().is_empty() || begins_item {
            flush(&mut paragraph, hang, &mut shown);
            hang = if begins_item { "  " } else { "" };
        }
        if line.trim().is_empty() {
            shown.push('\n');
        } else {
            paragraph.push(line);
        }
    }
    flush(&mut paragraph, hang, &mut shown);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_the_columns_that_it_takes() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        // Each of these takes two columns.
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn what_a_terminal_would_act_on_is_replaced() {
        assert_eq!(harmless("a\u{1b}[31mb\u{7}"), "a\u{fffd}[31mb\u{fffd}");
        assert_eq!(harmless("a\u{9b}1m"), "a\u{fffd}1m");
        assert_eq!(harmless("one\ntwo\tthree"), "one two three");
        assert_eq!(harmless("a\u{202e}b"), "a\u{fffd}b");
        assert_eq!(harmless("Zoë 日本"), "Zoë 日本");
    }

    #[test]
    fn paragraphs_are_wrapped_and_lists_kept() {
        let text = "One two three\nfour.\n\nErrors:\n- A: a long one that does not fit.\n- B.";
        let expected = "  One two three four.\n\n  Errors:\n  - A: a long one that\n    does \
            not fit.\n  - B.\n";
        assert_eq!(wrapped(text, "  ", 24), expected);
    }
}
