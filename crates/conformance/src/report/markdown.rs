//! A changelog in Markdown that fits into a comment of a pull request.

use std::fmt::Write as _;

use super::changelog::{
    Entry, Group, IN_HEADING, Reach, Section, left_out, sections, sentence, spans, summary,
};
use super::html;
use super::joined::list;
use super::model::{Coverage, Hidden, Report, Shown};

/// The most bytes that a changelog has. A comment of GitHub holds 65,536 characters.
pub(super) const MOST_BYTES: usize = 60_000;

/// What is kept of that for what stands after the findings.
const ENDING: usize = 2_000;

/// How many operations are named that the same thing reaches, and how many of those that
/// have changed in the same way.
const NAMED: usize = 20;
const NAMED_ALIKE: usize = 100;

/// How many bytes of a list of operations are written before it ends.
const LIST: usize = 8_000;

/// How many characters of a title, an operation and a message are written.
const TITLE: usize = 300;
const OPERATION: usize = 200;
const MESSAGE: usize = 1_000;

/// Writes the part of a report that is shown; the summary is of all of it.
pub(super) fn markdown(all: &Report, part: &Report, hidden: &Hidden, shown: Shown<'_>) -> String {
    let title: String = all.title.chars().take(TITLE).collect();
    let mut out = format!("## {}\n\n**{}**", text(&title), text(&summary(all)));
    if let Some(accepted) = all.accepted_findings() {
        let _ = write!(out, "; {accepted}");
    }
    out.push('\n');

    let sections = sections(part);
    let written = write_sections(&mut out, &sections);
    let total = sections.iter().map(Section::len).sum();
    if let Some(left_out) = left_out(total, written) {
        let _ = writeln!(
            out,
            "\n**{left_out}**: a comment holds {} KB. {} shows all.",
            MOST_BYTES / 1_000,
            shown
                .command
                .filter(|command| command.len() < TITLE)
                .map_or_else(|| "The format `text`".to_owned(), code),
        );
    }
    for sentence in hidden.sentences() {
        let _ = writeln!(out, "\n{sentence}.");
    }
    if let Some(coverage) = &all.coverage {
        write_coverage(&mut out, coverage);
    }
    out
}

/// Writes entries until there is no room for the next, and returns the number of findings.
fn write_sections(out: &mut String, sections: &[Section<'_>]) -> usize {
    let mut written = 0;
    for section in sections {
        let mut heading = format!("\n### {} ({})\n\n", section.kind.heading(), section.len());
        for group in &section.groups {
            let mut subject = subject(group);
            let bullet = match subject.chars().next_back() {
                None => "- ",
                Some('\n') => "  - ",
                Some(_) => "",
            };
            for entry in &group.entries {
                let line = format!("{heading}{subject}{bullet}{}\n", line(entry));
                if out.len() + line.len() > MOST_BYTES - ENDING {
                    return written;
                }
                out.push_str(&line);
                written += entry.findings;
                heading.clear();
                subject.clear();
            }
        }
    }
    written
}

/// The bullet of the operations, in a line of its own unless one thing is said of one.
fn subject(group: &Group<'_>) -> String {
    match &group.reach {
        Reach::Whole => String::new(),
        Reach::Operation(operation, others) => match others.as_slice() {
            [] if group.entries.len() == 1 => format!("- {}: ", bold(operation)),
            [] => format!("- {}\n", bold(operation)),
            [other] => format!("- {} and {}\n", bold(operation), bold(other)),
            others => format!(
                "- {} and {} more operations {}\n",
                bold(operation),
                others.len(),
                named(others, NAMED)
            ),
        },
        Reach::Alike(all) if all.len() <= IN_HEADING => {
            let all: Vec<String> = all.iter().map(|operation| bold(operation)).collect();
            format!("- {}\n", list(&all, "and", IN_HEADING))
        }
        Reach::Alike(all) => format!(
            "- **{} operations** {}\n",
            all.len(),
            named(all, NAMED_ALIKE)
        ),
    }
}

/// Operations that show when they are asked for.
fn named(operations: &[&str], most: usize) -> String {
    let mut out = String::from("<details><summary>which</summary>");
    for (index, operation) in operations.iter().enumerate() {
        if index == most || out.len() > LIST {
            let _ = write!(out, " and {} more", operations.len() - index);
            break;
        }
        let comma = if index > 0 { ", " } else { "" };
        let name = html::escape(&short(operation));
        let _ = write!(out, "{comma}<code>{name}</code>");
    }
    out.push_str("</details>");
    out
}

/// What has changed, what to do, and the id.
fn line(entry: &Entry<'_>) -> String {
    let mut out = text(&sentence(&entry.message, MESSAGE));
    if let Some(advice) = entry.advice {
        let _ = write!(out, " {advice}");
    }
    let _ = write!(out, " ({})", code(&entry.finding.id));
    out
}

fn write_coverage(out: &mut String, coverage: &Coverage) {
    out.push_str("\n### Coverage\n\n| | seen | of |\n|---|---|---|\n");
    for (name, seen) in coverage.parts() {
        let _ = writeln!(out, "| {name} | {} | {} |", seen.seen.len(), seen.total());
    }
}

fn short(operation: &str) -> String {
    operation.chars().take(OPERATION).collect()
}

fn bold(operation: &str) -> String {
    format!("**{}**", code(&short(operation)))
}

/// Keeps Markdown and HTML out of prose, but for code spans.
pub(super) fn text(message: &str) -> String {
    let mut out = String::new();
    for (index, span) in spans(message).into_iter().enumerate() {
        if index % 2 == 1 {
            out.push_str(&code(span));
        } else {
            escape(&mut out, span);
        }
    }
    out
}

fn escape(out: &mut String, prose: &str) {
    let mut rest = prose.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            // Within a word it is itself.
            '_' if out.ends_with(char::is_alphanumeric)
                && rest.peek().is_some_and(|next| next.is_alphanumeric()) =>
            {
                out.push(c);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => out.extend(['\\', c]),
            // At the beginning of a line these make lists.
            '-' | '+' if out.is_empty() => out.extend(['\\', c]),
            '.' | ')' if !out.is_empty() && out.bytes().all(|byte| byte.is_ascii_digit()) => {
                out.extend(['\\', c]);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Nobody is to be notified.
            '@' => out.push_str("@<!-- -->"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
}

/// A code span, with a fence that the text does not have.
pub(super) fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    format!("{fence} {text} {fence}")
}

#[cfg(test)]
mod tests {
    use super::{code, text};

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(text(message), expected);
    }

    #[test]
    fn prose_is_no_markdown() {
        check("a *b* _c_ | ~~d~~", "a \\*b\\* \\_c\\_ \\| \\~\\~d\\~\\~");
        check("<img> & [x](y)", "&lt;img&gt; &amp; \\[x\\](y)");
        check("snake_case _a_", "snake_case \\_a\\_");
        check("- a", "\\- a");
        check("12. a 12.", "12\\. a 12.");
        check("ask @everyone", "ask @<!-- -->everyone");
    }

    #[test]
    fn code_stays_code() {
        check("the `a*b` of <c>", "the `a*b` of &lt;c&gt;");
        check("```<b>`", "\\`\\`\\`&lt;b&gt;\\`");
        assert_eq!(code("a``b"), "``` a``b ```");
    }
}
