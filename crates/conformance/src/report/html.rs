//! A changelog as one page that loads nothing.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::changelog::{
    Entry, Group, IN_HEADING, Reach, Section, left_out, sections, sentence, spans, summary,
};
use super::joined::list;
use super::model::{Coverage, Hidden, Report, Shown};

const STYLE: &str = include_str!("page.css");

/// The most entries on a page. A browser on a phone still scrolls through them.
const MOST_ENTRIES: usize = 3_000;

/// How many operations of a group are named.
const NAMED: usize = 500;

/// How many characters of a title or an operation and of a message are written.
const NAME: usize = 500;
const MESSAGE: usize = 4_000;

/// Writes the part of a report that is shown; the summary is of all of it.
pub(super) fn html(all: &Report, part: &Report, hidden: &Hidden, shown: Shown<'_>) -> String {
    let mut sections = sections(part);
    let total: usize = sections.iter().map(Section::len).sum();
    let cut = cut(&mut sections, total);
    let title = escape(&short(&all.title));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n\
         <h1>{title}</h1>\n<p><strong>{}</strong></p>\n",
        escape(&sentence(&summary(all), NAME))
    );
    if let Some(accepted) = all.accepted_findings() {
        let _ = writeln!(out, "<p>{accepted}.</p>");
    }
    for sentence in hidden.sentences() {
        let _ = writeln!(out, "<p class=\"more\">{}.</p>", escape(&sentence));
    }
    if let Some(cut) = &cut {
        let command = shown.command.unwrap_or("--format text");
        let _ = writeln!(
            out,
            "<p class=\"more\">{cut}: a page holds {MOST_ENTRIES} entries. <code>{}</code> shows \
             all.</p>",
            escape(&short(command))
        );
    }
    write_contents(&mut out, &sections);
    out.push_str("</header>\n<main>\n");
    let mut anchors = Anchors::default();
    for section in &sections {
        write_section(&mut out, section, &mut anchors);
    }
    if let Some(coverage) = &all.coverage {
        write_coverage(&mut out, coverage);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// Takes out what a page has no room for, and says how much that is.
fn cut(sections: &mut Vec<Section<'_>>, total: usize) -> Option<String> {
    let mut room = MOST_ENTRIES;
    for section in &mut *sections {
        for group in &mut section.groups {
            group.entries.truncate(room);
            room -= group.entries.len();
        }
        section.groups.retain(|group| !group.entries.is_empty());
    }
    sections.retain(|section| !section.groups.is_empty());
    let left = sections.iter().map(Section::len).sum();
    left_out(total, left)
}

/// Links to the sections, and what hides those that do not matter to everybody.
fn write_contents(out: &mut String, sections: &[Section<'_>]) {
    if sections.is_empty() {
        return;
    }
    out.push_str("<nav aria-label=\"Sections\">\n<ul>\n");
    for section in sections {
        let heading = section.kind.heading();
        let _ = writeln!(
            out,
            "<li><a href=\"#{}\">{heading}</a> {}</li>",
            slug(heading),
            section.len()
        );
    }
    out.push_str("</ul>\n</nav>\n");
    if sections.len() < 2 {
        return;
    }
    out.push_str("<fieldset>\n<legend>Show</legend>\n");
    for (id, label) in [
        ("all", "everything"),
        ("only-warning", "what breaks or may break"),
        ("only-error", "what breaks"),
    ] {
        let checked = if id == "all" { " checked" } else { "" };
        let _ = writeln!(
            out,
            "<label><input type=\"radio\" name=\"level\" id=\"{id}\"{checked}> {label}</label>"
        );
    }
    out.push_str("</fieldset>\n");
}

fn write_section(out: &mut String, section: &Section<'_>, anchors: &mut Anchors) {
    let heading = section.kind.heading();
    let anchor = anchors.take(heading);
    let _ = writeln!(
        out,
        "<section class=\"{}\" aria-labelledby=\"{anchor}\">\n<h2 id=\"{anchor}\">{heading} \
         <small>{}</small></h2>",
        section.kind.level(),
        section.len()
    );
    for group in &section.groups {
        write_group(out, group, heading, anchors);
    }
    out.push_str("</section>\n");
}

fn write_group(out: &mut String, group: &Group<'_>, heading: &str, anchors: &mut Anchors) {
    out.push_str("<div class=\"group\">\n");
    let (others, what): (&[&str], _) = match &group.reach {
        Reach::Whole => (&[], ""),
        Reach::Operation(operation, others) => {
            let more = match others.len() {
                0 => String::new(),
                1 => " and 1 more operation".to_owned(),
                more => format!(" and {more} more operations"),
            };
            let anchor = anchors.take(&format!("{heading} {}", short(operation)));
            let name = name(operation);
            let _ = writeln!(
                out,
                "<h3 id=\"{anchor}\"><a href=\"#{anchor}\"><code>{name}</code></a>{more}</h3>"
            );
            (others, "The other operations")
        }
        Reach::Alike(all) if all.len() <= IN_HEADING => {
            let anchor = anchors.take(&format!("{heading} {}", short(&all.join(" "))));
            let all = all
                .iter()
                .map(|operation| format!("<code>{}</code>", name(operation)));
            let names = list(&all.collect::<Vec<_>>(), "and", IN_HEADING);
            let _ = writeln!(
                out,
                "<h3 id=\"{anchor}\"><a href=\"#{anchor}\">{names}</a></h3>"
            );
            (&[], "")
        }
        Reach::Alike(all) => {
            let title = format!("{} operations", all.len());
            let anchor = anchors.take(&format!("{heading} {title}"));
            let _ = writeln!(
                out,
                "<h3 id=\"{anchor}\"><a href=\"#{anchor}\">{title}</a></h3>"
            );
            (all, "The operations")
        }
    };
    out.push_str("<ul>\n");
    for entry in &group.entries {
        write_entry(out, entry);
    }
    out.push_str("</ul>\n");
    write_operations(out, others, what);
    out.push_str("</div>\n");
}

/// An operation with its method set off.
fn name(operation: &str) -> String {
    let operation = short(operation);
    match operation.split_once(' ') {
        Some((method, path)) => format!(
            "<span class=\"method\">{}</span> {}",
            escape(method),
            escape(path)
        ),
        None => escape(&operation),
    }
}

fn write_operations(out: &mut String, operations: &[&str], what: &str) {
    if operations.is_empty() {
        return;
    }
    let named: Vec<String> = operations
        .iter()
        .take(NAMED)
        .map(|operation| format!("<li><code>{}</code></li>", name(operation)))
        .collect();
    let more = match operations.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("<p>and {more} more</p>"),
    };
    let _ = writeln!(
        out,
        "<details><summary>{what}</summary><ul>{}</ul>{more}</details>",
        named.concat()
    );
}

/// What has changed, what to do, and where to look.
fn write_entry(out: &mut String, entry: &Entry<'_>) {
    let finding = entry.finding;
    let _ = write!(out, "<li><p>{}", prose(&sentence(&entry.message, MESSAGE)));
    if let Some(advice) = entry.advice {
        let _ = write!(out, " <span class=\"advice\">{advice}</span>");
    }
    let _ = write!(
        out,
        "</p>\n<p class=\"where\"><code>{}</code>",
        escape(&finding.id)
    );
    if let Some(place) = finding.revision.as_ref().or(finding.base.as_ref()) {
        let _ = write!(out, " {}", escape(&short(&place.source)));
        if let Some(line) = place.line {
            let _ = write!(out, ":{line}");
        }
    }
    out.push_str("</p></li>\n");
}

fn write_coverage(out: &mut String, coverage: &Coverage) {
    out.push_str(
        "<section class=\"info\" aria-labelledby=\"coverage\">\n<h2 id=\"coverage\">Coverage</h2>\n\
         <table>\n<tr><th scope=\"col\">of the contract</th><th scope=\"col\">seen</th>\
         <th scope=\"col\">of</th></tr>\n",
    );
    for (name, seen) in coverage.parts() {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{name}</th><td>{}</td><td>{}</td></tr>",
            seen.seen.len(),
            seen.total()
        );
    }
    out.push_str("</table>\n</section>\n");
}

/// Ids of elements, each of them once.
#[derive(Default)]
struct Anchors {
    /// How often each has been asked for.
    taken: HashMap<String, usize>,
}

impl Anchors {
    fn take(&mut self, text: &str) -> String {
        let slug = slug(text);
        let count = self.taken.entry(slug.clone()).or_default();
        *count += 1;
        match *count {
            1 => slug,
            more => format!("{slug}--{more}"),
        }
    }
}

/// A text as an id: words of small letters and digits with hyphens between them.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("-")
}

fn short(name: &str) -> String {
    name.chars().take(NAME).collect()
}

/// Prose with its code spans.
fn prose(message: &str) -> String {
    let mut out = String::new();
    for (index, span) in spans(message).into_iter().enumerate() {
        if index % 2 == 1 {
            let _ = write!(out, "<code>{}</code>", escape(span));
        } else {
            out.push_str(&escape(span));
        }
    }
    out
}

/// Text that is no markup, neither between tags nor in an attribute.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
