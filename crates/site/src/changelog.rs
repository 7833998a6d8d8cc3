//! The changes of the contract.

use crate::markdown::render;
use crate::page::{Page, Section};

pub(crate) fn page(changelog: &str) -> Page {
    // The page has a heading of its own.
    let text = match changelog.split_once('\n') {
        Some((first, rest)) if first.starts_with("# ") => rest,
        _ => changelog,
    };
    let rendered = render(text, &|_| None);
    Page {
        path: "changelog.html".to_owned(),
        section: Section::Changelog,
        title: "Changelog".to_owned(),
        description: "What each version of the contract means to clients.".to_owned(),
        beside: Vec::new(),
        contents: rendered.headings,
        body: rendered.html,
    }
}
