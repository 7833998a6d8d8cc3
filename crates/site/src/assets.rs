//! What pages load: style sheets, scripts, the icon, and the renderer of the REST
//! reference.

use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::{Error, File};

/// What the assets are, with their paths and media types.
const ASSETS: [(&str, &str, &str); 5] = [
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
///
/// # Errors
///
/// The renderer cannot be unpacked.
pub(crate) fn files() -> Result<Vec<File>, Error> {
    let file = |path: &str, media_type, bytes: &[u8]| File {
        path: path.to_owned(),
        media_type,
        policy: None,
        bytes: bytes.to_owned(),
    };
    let mut files: Vec<_> = ASSETS
        .iter()
        .map(|(path, media_type, text)| file(path, media_type, text.as_bytes()))
        .collect();
    let mut renderer = Vec::new();
    GzDecoder::new(RENDERER)
        .read_to_end(&mut renderer)
        .map_err(Error::Renderer)?;
    files.push(file(
        "assets/scalar.js",
        "text/javascript; charset=utf-8",
        &renderer,
    ));
    files.push(file(
        "assets/scalar.LICENSE.txt",
        "text/plain; charset=utf-8",
        LICENCE.as_bytes(),
    ));
    Ok(files)
}
