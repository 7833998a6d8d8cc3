//! What all pages have in common: head, navigation, and where they lie.

use std::fmt::Write as _;

use crate::file::{Content, File};
use crate::html::escape;
use crate::markdown::Heading;
use crate::policy;

/// What a page of HTML is sent as.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// What the titles of all pages end with.
const PRODUCT: &str = "Web1on1 API";

/// The parts of the site, as the head of every page names them.
const SECTIONS: [(Section, &str, &str); 7] = [
    (Section::Home, "Overview", "index.html"),
    (Section::Start, "Get started", "start/index.html"),
    (Section::Rest, "REST reference", "rest.html"),
    (Section::Grpc, "gRPC reference", "grpc/index.html"),
    (Section::Errors, "Errors", "errors.html"),
    (Section::Changelog, "Changelog", "changelog.html"),
    (Section::Downloads, "Downloads", "downloads.html"),
];

/// The list of all operations.
pub(crate) const OPERATIONS: &str = "operations.html";

/// A part of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    Start,
    Rest,
    Grpc,
    Errors,
    Changelog,
    Downloads,
}

/// A page of the site.
pub(crate) struct Page {
    /// From the root of the site.
    pub(crate) path: String,
    pub(crate) section: Section,
    pub(crate) title: String,
    /// What search engines show of it.
    pub(crate) description: String,
    /// The pages beside it, from the root of the site: where, and what they are called.
    pub(crate) beside: Vec<(String, String)>,
    /// What it has.
    pub(crate) contents: Vec<Heading>,
    /// What stands below its heading, in HTML.
    pub(crate) body: String,
}

impl Page {
    /// The page as a file. `version` is that of the contract.
    pub(crate) fn file(&self, version: &str) -> File {
        self.file_below(root(&self.path), version)
    }

    /// The page as a file, where this leads to the root of the site.
    pub(crate) fn file_below(&self, root: &str, version: &str) -> File {
        let policy = policy::of_page();
        let mut html = head(root, &self.title, &self.description, &policy);
        html.push_str(&header(root, self.section, version));
        html.push_str("<div class=\"layout\">\n");
        html.push_str(&self.navigation(root));
        let title = escape(&self.title);
        let body = &self.body;
        let _ = write!(
            html,
            "<main id=\"main\" tabindex=\"-1\">\n<h1>{title}</h1>\n{body}</main>\n"
        );
        html.push_str(&self.table_of_contents());
        html.push_str("</div>\n");
        html.push_str(&footer(version));
        File {
            path: self.path.clone(),
            media_type: HTML,
            policy: Some(policy::as_header(&policy)),
            content: Content::Plain(html.into_bytes()),
        }
    }

    fn navigation(&self, root: &str) -> String {
        let mut html =
            String::from("<nav class=\"side\" id=\"menu\" aria-label=\"Pages\">\n<ul>\n");
        for (section, name, href) in SECTIONS {
            html.push_str("<li>");
            html.push_str(&link(root, href, name, self.path == href));
            let operations = [(OPERATIONS.to_owned(), "All operations".to_owned())];
            let below: &[_] = match section {
                Section::Rest => &operations,
                section if section == self.section => &self.beside,
                _ => &[],
            };
            if !below.is_empty() {
                html.push_str("\n<ul>\n");
                for (href, name) in below {
                    let link = link(root, href, name, self.path == *href);
                    let _ = writeln!(html, "<li>{link}</li>");
                }
                html.push_str("</ul>\n");
            }
            html.push_str("</li>\n");
        }
        html.push_str("</ul>\n</nav>\n");
        html
    }

    fn table_of_contents(&self) -> String {
        if self.contents.len() < 2 {
            return String::new();
        }
        let mut html = String::from("<nav class=\"contents\" aria-labelledby=\"contents\">\n");
        html.push_str("<p id=\"contents\">On this page</p>\n<ul>\n");
        for heading in &self.contents {
            let (anchor, text) = (escape(&heading.anchor), escape(&heading.text));
            let _ = writeln!(html, "<li><a href=\"#{anchor}\">{text}</a></li>");
        }
        html.push_str("</ul>\n</nav>\n");
        html
    }
}

fn link(root: &str, href: &str, name: &str, is_current: bool) -> String {
    let current = if is_current {
        " aria-current=\"page\""
    } else {
        ""
    };
    let (href, name) = (escape(href), escape(name));
    format!("<a href=\"{root}{href}\"{current}>{name}</a>")
}

/// What leads from a page to the root of the site.
pub(crate) fn root(path: &str) -> &'static str {
    if path.contains('/') { "../" } else { "" }
}

/// The beginning of a page, to the end of its head.
pub(crate) fn head(root: &str, title: &str, description: &str, policy: &str) -> String {
    let title = match title {
        PRODUCT => PRODUCT.to_owned(),
        title => format!("{title} · {PRODUCT}"),
    };
    let (title, description, policy) = (escape(&title), escape(description), escape(policy));
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"referrer\" content=\"no-referrer\">
<title>{title}</title>
<meta name=\"description\" content=\"{description}\">
<link rel=\"icon\" href=\"{root}assets/icon.svg\" type=\"image/svg+xml\">
<link rel=\"stylesheet\" href=\"{root}assets/frame.css\">
<link rel=\"stylesheet\" href=\"{root}assets/site.css\">
<script src=\"{root}assets/site.js\" defer data-root=\"{root}\"></script>
</head>
"
    )
}

/// The beginning of the body: what every page shows at its top.
pub(crate) fn header(root: &str, current: Section, version: &str) -> String {
    let mut html = String::from(
        "<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n<header class=\"top\">\n",
    );
    let version = escape(version);
    let _ = write!(
        html,
        "<button type=\"button\" class=\"menu\" aria-controls=\"menu\" aria-expanded=\"false\" hidden>\
         <svg aria-hidden=\"true\" viewBox=\"0 0 20 20\"><path d=\"M3 5h14M3 10h14M3 15h14\"/></svg>\
         <span class=\"hidden\">Menu</span></button>\n\
         <a class=\"brand\" href=\"{root}index.html\"><svg aria-hidden=\"true\" viewBox=\"0 0 32 32\">\
         <rect width=\"32\" height=\"32\" rx=\"8\"/>\
         <path d=\"M8 10h16v10H15l-4 4v-4H8z\"/></svg>Web1on1 <span>API</span></a>\n\
         <span class=\"version\">{version}</span>\n\
         <nav class=\"sections\" aria-label=\"Sections\">\n<ul>\n"
    );
    for (section, name, href) in SECTIONS {
        if section == Section::Home {
            continue;
        }
        let current = if section == current {
            " aria-current=\"true\""
        } else {
            ""
        };
        let _ = writeln!(
            html,
            "<li><a href=\"{root}{href}\"{current}>{name}</a></li>"
        );
    }
    html.push_str(
        "</ul>\n</nav>\n<button type=\"button\" class=\"search\" aria-haspopup=\"dialog\" aria-label=\"Search\" hidden>\
         <svg aria-hidden=\"true\" viewBox=\"0 0 20 20\"><circle cx=\"9\" cy=\"9\" r=\"5.5\"/>\
         <path d=\"m13 13 4 4\"/></svg><span>Search</span> <kbd>/</kbd></button>\n</header>\n",
    );
    html
}

/// The end of a page.
pub(crate) fn footer(version: &str) -> String {
    let version = escape(version);
    format!(
        "<footer class=\"bottom\"><p>Web1on1 API, version {version} of the contract.</p></footer>\n\
         </body>\n</html>\n"
    )
}

/// The links of all sections, for a page that has no navigation beside it.
pub(crate) fn menu(root: &str, current: Section) -> String {
    let mut html =
        String::from("<nav class=\"side over\" id=\"menu\" aria-label=\"Pages\">\n<ul>\n");
    for (section, name, href) in SECTIONS {
        let link = link(root, href, name, section == current);
        let _ = writeln!(html, "<li>{link}</li>");
    }
    html.push_str("</ul>\n</nav>\n");
    html
}
