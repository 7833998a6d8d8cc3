//! Getting started: a page for each way to call.

use crate::api::Api;
use crate::markdown::render;
use crate::page::{Page, Section, root};

/// Each page: its name, its title, what it is about, and its text.
const PAGES: [(&str, &str, &str, &str); 7] = [
    (
        "index",
        "Get started",
        "Log in and make the first call, over REST and over gRPC.",
        include_str!("../pages/start/index.md"),
    ),
    (
        "python",
        "gRPC in Python",
        "Generate a client with grpcio-tools, log in, and read a list.",
        include_str!("../pages/start/python.md"),
    ),
    (
        "typescript",
        "gRPC in TypeScript",
        "Generate types for Node.js, log in, and read a list.",
        include_str!("../pages/start/typescript.md"),
    ),
    (
        "go",
        "gRPC in Go",
        "Generate a client with protoc, log in, and read a list.",
        include_str!("../pages/start/go.md"),
    ),
    (
        "rust",
        "gRPC in Rust",
        "Generate a client with tonic, log in, and read a list.",
        include_str!("../pages/start/rust.md"),
    ),
    (
        "browser",
        "gRPC in browsers",
        "Call the API from a web page with gRPC-Web.",
        include_str!("../pages/start/browser.md"),
    ),
    (
        "tools",
        "gRPC from a shell",
        "Look around and call with grpcurl, buf or the web1on1 command.",
        include_str!("../pages/start/tools.md"),
    ),
];

pub(crate) fn pages(api: &Api) -> Vec<Page> {
    let href = |name: &str| format!("start/{name}.html");
    let beside: Vec<_> = PAGES
        .iter()
        .skip(1)
        .map(|(name, title, ..)| (href(name), (*title).to_owned()))
        .collect();
    let page = |(name, title, description, text): &(&str, &str, &str, &str)| {
        let path = href(name);
        let root = root(&path);
        let rendered = render(text, &|name| {
            api.place(name).map(|place| format!("{root}{place}"))
        });
        Page {
            path,
            section: Section::Start,
            title: (*title).to_owned(),
            description: (*description).to_owned(),
            beside: beside.clone(),
            contents: rendered.headings,
            body: rendered.html,
        }
    };
    PAGES.iter().map(page).collect()
}
