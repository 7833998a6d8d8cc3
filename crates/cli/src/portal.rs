//! The documentation of the API, put together from what the program knows of it: for a
//! directory, and for the servers.

use anyhow::Context as _;
use backend::{Page, Pages};
use bytes::Bytes;
use contract::artefacts::artefacts;
use contract::operation::BASE_PATH;
use contract::reasons::REASONS;
use http::Uri;
use serde_json::{Value, json};
use site::{File, Input, Reason, Source};

/// The changes of the contract, as this version has them.
const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// What the server that a document came from is called in it.
const THIS_SERVER: &str = "The server that the document came from.";

/// Where a server has its documentation.
const DOCS: &str = "/docs";

/// What a server has at its root too: where tools look for it.
const AT_ROOT: [&str; 3] = ["openapi", "schemas", "descriptors"];

/// All paths below which a server has pages. The last two are where the real API has its
/// schemas.
const ROOTS: [&str; 10] = [
    DOCS,
    "/openapi.json",
    "/openapi.yaml",
    "/openapi-3.0.json",
    "/openapi-3.0.yaml",
    "/schemas",
    "/schemas.json",
    "/descriptors",
    "/v2/schemas",
    "/v2/schemas.json",
];

/// Where the documentation of a server at `base` is.
pub(crate) fn url(base: &str) -> String {
    format!("{}{DOCS}/", base.trim_end_matches('/'))
}

/// Every file of the site. With a `base` such as `https://docs.example.com`, the `$id` of
/// each schema is its URL below it.
///
/// # Errors
///
/// The site cannot be made of what is built in.
pub(crate) fn files(base: Option<&str>) -> anyhow::Result<Vec<File>> {
    let root = base.map(directory).unwrap_or_default();
    made_of(&documents(base)?, &root)
}

/// The path of a URL, with a slash at its end.
fn directory(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let path = uri.as_ref().map_or("", Uri::path);
    format!("{}/", path.trim_end_matches('/'))
}

/// What a server of the API at `base` serves beside it: the site below `/docs`, and the
/// documents, schemas and descriptors where tools look for them.
pub(crate) fn pages(base: String) -> Pages {
    Pages::new(ROOTS, move || served(&files_of_server(&base)?))
}

/// The same for a server of the API at `base`: its documents name it first.
fn files_of_server(base: &str) -> anyhow::Result<Vec<File>> {
    let mut documents = documents(Some(base))?;
    for document in &mut documents {
        name_this_server(document)?;
    }
    made_of(&documents, &directory(&url(base)))
}

/// Where each file of the site is on a server.
fn served(files: &[File]) -> anyhow::Result<Vec<Page>> {
    let mut pages = Vec::new();
    for file in files {
        let gzip = file
            .gzip()
            .with_context(|| format!("{} cannot be compressed", file.path))?;
        let gzip = Bytes::from(gzip.into_owned());
        let mut add = |path: String| {
            pages.push(Page {
                path,
                media_type: file.media_type.to_owned(),
                policy: file.policy.clone(),
                gzip: gzip.clone(),
            });
        };
        let path = &file.path;
        add(format!("{DOCS}/{path}"));
        if AT_ROOT.iter().any(|root| path.starts_with(root)) {
            add(format!("/{}", path.trim_end_matches(".binpb")));
        }
        if path.starts_with("schemas") {
            add(format!("{BASE_PATH}/{path}"));
        }
    }
    Ok(pages)
}

fn made_of(documents: &[Source], root: &str) -> anyhow::Result<Vec<File>> {
    let protos: Vec<_> = proto::SOURCES
        .iter()
        .map(|(path, content)| Source {
            path: (*path).to_owned(),
            content: (*content).to_owned(),
        })
        .collect();
    let reasons: Vec<_> = REASONS
        .iter()
        .map(|reason| Reason {
            name: reason.name.to_owned(),
            status: reason.status,
            meaning: reason.meaning.to_owned(),
            remedy: reason.remedy.to_owned(),
        })
        .collect();
    let input = Input {
        documents,
        descriptors: proto::FILE_DESCRIPTOR_SET,
        protos: &protos,
        changelog: CHANGELOG,
        reasons: &reasons,
        root,
    };
    site::build(&input).context("the documentation cannot be made")
}

/// The documents and the schemas.
fn documents(base: Option<&str>) -> anyhow::Result<Vec<Source>> {
    let mut documents = Vec::new();
    for artefact in artefacts() {
        let mut source = Source {
            path: artefact.path,
            content: artefact.content,
        };
        if let Some(base) = base
            && source.path.starts_with("schemas")
        {
            let mut schema: Value = parsed(&source)?;
            let base = base.trim_end_matches('/');
            schema["$id"] = format!("{base}/{}", source.path).into();
            source.content = format!("{schema:#}\n");
        }
        documents.push(source);
    }
    Ok(documents)
}

fn parsed(source: &Source) -> anyhow::Result<Value> {
    serde_json::from_str(&source.content).with_context(|| format!("{} is not JSON", source.path))
}

/// Puts the server that a document is fetched from before all others. Its URL is relative,
/// so that it is right under whatever name the server was reached.
fn name_this_server(document: &mut Source) -> anyhow::Result<()> {
    if !document.path.starts_with("openapi") {
        return Ok(());
    }
    match document.path.rsplit_once('.') {
        Some((_, "json")) => {
            let mut api = parsed(document)?;
            put_first(&mut api);
            document.content = format!("{api:#}\n");
        }
        Some((_, "yaml")) => {
            let mut api = yaml_serde::from_str(&document.content)
                .with_context(|| format!("{} is not YAML", document.path))?;
            put_first(&mut api);
            document.content = yaml_serde::to_string(&api)
                .with_context(|| format!("{} cannot be written as YAML", document.path))?;
        }
        _ => {}
    }
    Ok(())
}

fn put_first(api: &mut Value) {
    let mut servers = vec![json!({"url": BASE_PATH, "description": THIS_SERVER})];
    let others = api["servers"].as_array().into_iter().flatten();
    servers.extend(others.filter(|server| server["url"] != BASE_PATH).cloned());
    api["servers"] = servers.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(files: &'a [File], path: &str) -> &'a File {
        let found = files.iter().find(|file| file.path == path);
        found.unwrap_or_else(|| panic!("the site has no {path}"))
    }

    #[test]
    fn the_documents_of_a_server_name_it_first() {
        let files = files_of_server("http://127.0.0.1:8080").expect("it can be made");
        let json: Value =
            serde_json::from_slice(&find(&files, "openapi.json").bytes().unwrap()).unwrap();
        let yaml: Value =
            yaml_serde::from_slice(&find(&files, "openapi.yaml").bytes().unwrap()).unwrap();
        assert_eq!(json["servers"][0]["url"], BASE_PATH);
        assert_eq!(json, yaml);
    }

    #[test]
    fn every_page_of_a_server_is_below_a_root() {
        let files = files_of_server("http://127.0.0.1:8080").expect("it can be made");
        let pages = served(&files).expect("it can be compressed");
        for page in &pages {
            let is_below = |root: &str| {
                let rest = page.path.strip_prefix(root);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            assert!(ROOTS.iter().any(|root| is_below(root)), "{}", page.path);
        }
        for path in [
            "/docs/index.html",
            "/openapi.json",
            "/v2/schemas/User.json",
            "/descriptors",
        ] {
            assert!(pages.iter().any(|page| page.path == path), "{path}");
        }
    }

    #[test]
    fn the_id_of_a_schema_is_where_it_is() {
        let files = files(Some("https://docs.example.com/")).expect("it can be made");
        for file in files.iter().filter(|file| file.path.starts_with("schemas")) {
            let schema: Value = serde_json::from_slice(&file.bytes().unwrap()).unwrap();
            let url = format!("https://docs.example.com/{}", file.path);
            assert_eq!(schema["$id"], url);
        }
        find(&files, "schemas/User.json");
    }
}
