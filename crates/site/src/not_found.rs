//! The page that is shown where there is none.

use crate::file::File;
use crate::html::escape;
use crate::page::{OPERATIONS, Page, Section};

/// The page, as servers of static files look for it. `root` is the path of the site, or empty.
pub(crate) fn file(root: &str, version: &str) -> File {
    let from = escape(root);
    let page = Page {
        path: "404.html".to_owned(),
        section: Section::Home,
        title: "There is no such page".to_owned(),
        description: "The page that was asked for does not exist.".to_owned(),
        beside: Vec::new(),
        contents: Vec::new(),
        body: format!(
            "<p>It may have been renamed, or the address has a slip. Search for it (<kbd>/</kbd>), \
             or begin at the <a href=\"{from}index.html\">overview</a> or the list of \
             <a href=\"{from}{OPERATIONS}\">all operations</a>.</p>\n"
        ),
    };
    page.file_below(root, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_others_from_any_depth() {
        let file = file("/docs/", "1.0.0");
        let html = file.bytes().expect("it is whole");
        let html = String::from_utf8_lossy(&html);
        let targets = html.split(" href=\"").skip(1);
        let targets = targets.chain(html.split(" src=\"").skip(1));
        for target in targets.filter_map(|rest| rest.split('"').next()) {
            assert!(
                target.starts_with("/docs/") || target == "#main",
                "{target}"
            );
        }
    }
}
