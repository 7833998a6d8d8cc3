//! What pages load: style sheets, scripts, the icon, and the renderer of the REST
//! reference.

use crate::file::{Content, File};

/// What the assets are, with their paths and media types.
const ASSETS: [(&str, &str, &str); 6] = [
    (
        "assets/frame.css",
        "text/css; charset=utf-8",
        include_str!("../assets/frame.css"),
    ),
    (
        "assets/site.css",
        "text/css; charset=utf-8",
        include_str!("../assets/site.css"),
    ),
    (
        "assets/site.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/site.js"),
    ),
    (
        "assets/rest.css",
        "text/css; charset=utf-8",
        include_str!("../assets/rest.css"),
    ),
    (
        "assets/rest.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/rest.js"),
    ),
    (
        "assets/icon.svg",
        "image/svg+xml",
        include_str!("../assets/icon.svg"),
    ),
];

/// The renderer as `.ci/renderer` fetched it; `assets/scalar/README.md` says from where.
const RENDERER: &[u8] = include_bytes!("../assets/scalar/standalone.js.gz");

/// Its licence, which has to go along.
const LICENCE: &str = include_str!("../assets/scalar/LICENSE");

/// Every asset as a file of the site.
pub(crate) fn files() -> Vec<File> {
    let file = |path: &str, media_type, content| File {
        path: path.to_owned(),
        media_type,
        policy: None,
        content,
    };
    let text = |text: &str| Content::Plain(text.as_bytes().to_owned());
    let mut files: Vec<_> = ASSETS
        .iter()
        .map(|(path, media_type, content)| file(path, media_type, text(content)))
        .collect();
    files.push(file(
        "assets/scalar.js",
        "text/javascript; charset=utf-8",
        Content::Gzip(RENDERER),
    ));
    files.push(file(
        "assets/scalar.LICENSE.txt",
        "text/plain; charset=utf-8",
        text(LICENCE),
    ));
    files
}
