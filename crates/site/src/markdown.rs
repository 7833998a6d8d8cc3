//! Markdown as HTML.

use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::html::{escape, slug};

/// What [`render`] makes of a text.
pub(crate) struct Rendered {
    pub(crate) html: String,
    /// The headings of the second level, each with its anchor.
    pub(crate) headings: Vec<Heading>,
}

/// A heading of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) anchor: String,
    pub(crate) text: String,
}

/// Renders a text in which no HTML is let through. `place` says where a name that stands
/// in code is explained, as a URL.
pub(crate) fn render(markdown: &str, place: &dyn Fn(&str) -> Option<String>) -> Rendered {
    let mut headings = Vec::new();
    let mut events = Vec::new();
    // The heading that is being read: where it began, and what it says.
    let mut heading: Option<(usize, String)> = None;
    let mut is_link = false;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        if let (Some((_, text)), Event::Text(part) | Event::Code(part)) = (&mut heading, &event) {
            text.push_str(part);
        }
        match event {
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            Event::Start(Tag::Heading { .. }) => {
                heading = Some((events.len(), String::new()));
                events.push(Event::Text(CowStr::Borrowed("")));
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some((begin, text)) = heading.take() {
                    let anchor = slug(&text);
                    events.push(raw(format!("</{level}>\n")));
                    // Those below repeat themselves, so they would share an anchor.
                    events[begin] = if level == HeadingLevel::H2 {
                        let open = format!("<{level} id=\"{anchor}\">");
                        headings.push(Heading { anchor, text });
                        raw(open)
                    } else {
                        raw(format!("<{level}>"))
                    };
                }
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(language) if !language.is_empty() => &**language,
                    _ => "text",
                };
                events.push(raw(open_code(language)));
            }
            Event::End(TagEnd::CodeBlock) => events.push(raw(CLOSE_CODE.to_owned())),
            // A wide table scrolls by itself, also by the keyboard.
            Event::Start(Tag::Table(columns)) => {
                let open =
                    "<div class=\"scroll\" role=\"region\" aria-label=\"Table\" tabindex=\"0\">";
                events.push(raw(open.to_owned()));
                events.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                events.push(Event::End(TagEnd::Table));
                events.push(raw("</div>\n".to_owned()));
            }
            Event::Code(code) if !is_link => match place(&code) {
                Some(href) => {
                    let (href, code) = (escape(&href), escape(&code));
                    events.push(raw(format!("<a href=\"{href}\"><code>{code}</code></a>")));
                }
                None => events.push(Event::Code(code)),
            },
            other => {
                match other {
                    Event::Start(Tag::Link { .. }) => is_link = true,
                    Event::End(TagEnd::Link) => is_link = false,
                    _ => {}
                }
                events.push(other);
            }
        }
    }
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    Rendered { html, headings }
}

/// Renders a text that refers to nothing.
pub(crate) fn plain(markdown: &str) -> String {
    render(markdown, &|_| None).html
}

/// A block of code, which scrolls by itself, also by the keyboard.
pub(crate) fn code_block(language: &str, code: &str) -> String {
    format!("{}{}{CLOSE_CODE}", open_code(language), escape(code))
}

fn open_code(language: &str) -> String {
    let language = escape(language);
    format!("<div class=\"code\" data-language=\"{language}\"><pre tabindex=\"0\"><code>")
}

const CLOSE_CODE: &str = "</code></pre></div>\n";

fn raw(html: String) -> Event<'static> {
    Event::Html(html.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_not_let_through() {
        let html = plain("a <script>alert(1)</script> b\n\n<img src=x onerror=y>");
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
    }

    #[test]
    fn names_in_code_lead_to_what_they_name() {
        let place = |name: &str| (name == "User").then(|| "user.html#User".to_owned());
        let html = render("A `User` has `email`.", &place).html;
        let expected =
            "<p>A <a href=\"user.html#User\"><code>User</code></a> has <code>email</code>.</p>\n";
        assert_eq!(html, expected);
    }

    #[test]
    fn headings_have_anchors() {
        let rendered = render("# Changes\n\n## 4.1.0 (2026-11-27)\n", &|_| None);
        assert!(
            rendered
                .html
                .contains("<h2 id=\"4-1-0-2026-11-27\">4.1.0 (2026-11-27)</h2>")
        );
        let text = "4.1.0 (2026-11-27)".to_owned();
        let anchor = "4-1-0-2026-11-27".to_owned();
        assert_eq!(rendered.headings, [Heading { anchor, text }]);
    }
}
