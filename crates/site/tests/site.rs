//! The site of this API: everything has its place, and every link leads somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use prost_reflect::DescriptorPool;
use serde_json::Value;
use site::{File, Input, Reason, Source};

const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// How large the site may be as it is sent, in bytes.
const MOST: usize = 2_000_000;

/// The files of the site, by path.
static SITE: LazyLock<BTreeMap<String, File>> = LazyLock::new(|| {
    let documents: Vec<_> = contract::artefacts::artefacts()
        .into_iter()
        .map(|artefact| Source {
            path: artefact.path,
            content: artefact.content,
        })
        .collect();
    let protos: Vec<_> = proto::SOURCES
        .iter()
        .map(|(path, content)| Source {
            path: (*path).to_owned(),
            content: (*content).to_owned(),
        })
        .collect();
    let reasons: Vec<_> = contract::reasons::REASONS
        .iter()
        .map(|reason| Reason {
            name: reason.name.to_owned(),
            status: reason.status,
            meaning: reason.meaning.to_owned(),
            remedy: reason.remedy.to_owned(),
        })
        .collect();
    let input = Input {
        documents: &documents,
        descriptors: proto::FILE_DESCRIPTOR_SET,
        protos: &protos,
        changelog: CHANGELOG,
        reasons: &reasons,
        root: "",
    };
    let files = site::build(&input).expect("the site can be made");
    let files: Vec<_> = files
        .into_iter()
        .map(|file| (file.path.clone(), file))
        .collect();
    let paths: BTreeSet<_> = files.iter().map(|(path, _)| path).collect();
    assert_eq!(paths.len(), files.len(), "two files have the same path");
    files.into_iter().collect()
});

fn text(path: &str) -> String {
    let file = SITE
        .get(path)
        .unwrap_or_else(|| panic!("the site has no {path}"));
    String::from_utf8(file.bytes().expect("is whole").into_owned()).expect("is text")
}

/// The pages of the site: path and HTML.
fn pages() -> impl Iterator<Item = (&'static str, String)> {
    let paths = SITE.keys().map(String::as_str);
    let pages = paths.filter(|path| matches!(path.rsplit_once('.'), Some((_, "html"))));
    pages.map(|path| (path, text(path)))
}

/// The values of an attribute in HTML.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let begin = format!(" {name}=\"");
    let values = html.split(&begin).skip(1);
    values
        .filter_map(|rest| rest.split_once('"'))
        .map(|(value, _)| value.replace("&amp;", "&").replace("&#39;", "'"))
        .collect()
}

/// Where a link on a page leads: a file of the site, and what in it.
fn target(page: &str, link: &str) -> (String, Option<String>) {
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link, None),
    };
    if path.is_empty() {
        return (page.to_owned(), anchor);
    }
    let directory = page.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<_> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    (parts.join("/"), anchor)
}

fn is_elsewhere(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

/// The anchors of the REST reference, which its renderer makes.
fn operations() -> BTreeMap<String, String> {
    let api = contract::openapi::openapi();
    let mut operations = BTreeMap::new();
    for item in api["paths"].as_object().expect("has paths").values() {
        for operation in item.as_object().expect("has operations").values() {
            let (Some(id), Some(tag)) = (
                operation["operationId"].as_str(),
                operation["tags"][0].as_str(),
            ) else {
                continue;
            };
            let tag = tag.to_lowercase().replace(' ', "-");
            operations.insert(id.to_owned(), format!("tag/{tag}/{id}"));
        }
    }
    operations
}

#[test]
fn no_link_is_dead() {
    let of_reference: BTreeSet<_> = operations().into_values().collect();
    let mut dead = Vec::new();
    for (page, html) in pages() {
        let links = attributes(&html, "href");
        let links = links.into_iter().chain(attributes(&html, "src"));
        for link in links.filter(|link| !is_elsewhere(link)) {
            let (path, anchor) = target(page, &link);
            let leads = SITE.contains_key(&path)
                && anchor.is_none_or(|anchor| match path.as_str() {
                    "rest.html" if of_reference.contains(&anchor) => true,
                    path => attributes(&text(path), "id").contains(&anchor),
                });
            if !leads {
                dead.push(format!("{page}: {link}"));
            }
        }
    }
    assert!(dead.is_empty(), "these links lead nowhere: {dead:#?}");
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for (page, html) in pages() {
        let loads = html
            .split('<')
            .filter(|tag| {
                let name = tag.split([' ', '>']).next().unwrap_or_default();
                ["link", "script", "img", "iframe", "source", "video"].contains(&name)
            })
            .flat_map(|tag| [attributes(tag, "src"), attributes(tag, "href")].concat());
        for link in loads {
            assert!(!is_elsewhere(&link), "{page} loads {link}");
        }
    }
    for path in ["assets/frame.css", "assets/site.css", "assets/rest.css"] {
        let css = text(path);
        assert!(!css.contains("url(") && !css.contains("@import"), "{path}");
    }
}

#[test]
fn every_page_forbids_scripts_that_stand_in_it() {
    for (page, _) in pages() {
        let policy = SITE[page].policy.as_deref().unwrap_or_default();
        assert!(
            policy.contains("default-src 'none'; script-src 'self';"),
            "{page}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{page}");
    }
}

#[test]
fn every_rpc_links_to_its_operation_and_back() {
    let operations = operations();
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("they hold together");
    let reference = text("rest.html");
    let list = text("operations.html");
    let links = reference
        .split_once("id=\"links\">")
        .and_then(|(_, rest)| rest.split_once("</script>"))
        .expect("the reference has links");
    let links: Value = serde_json::from_str(links.0).expect("they are JSON");
    let rpcs = links["rpcs"].as_object().expect("by operation");
    let mut linked = BTreeSet::new();
    for service in pool.services() {
        for method in service.methods() {
            let name = format!("{}/{}", service.name(), method.name());
            let (id, place) = rpcs
                .iter()
                .find_map(|(id, of)| {
                    let of = of.as_array()?.iter().find(|rpc| rpc[0] == name.as_str())?;
                    Some((id, of[1].as_str()?.to_owned()))
                })
                .unwrap_or_else(|| panic!("no operation links to {name}"));
            let (page, anchor) = place.split_once('#').expect("it has an anchor");
            assert_eq!(anchor, method.name());
            let html = text(page);
            let (_, section) = html
                .split_once(&format!("<h3 id=\"{anchor}\">"))
                .unwrap_or_else(|| panic!("{page} has no section on {name}"));
            let (section, _) = section.split_once("</section>").expect("it ends");
            let back = format!("../rest.html#{}", operations[id]);
            assert!(
                attributes(section, "href").contains(&back),
                "{name}: {back}"
            );
            assert!(attributes(&list, "href").contains(&place), "{name}");
            linked.insert(id.clone());
        }
    }
    let all: BTreeSet<_> = operations.into_keys().collect();
    assert_eq!(linked, all, "an operation has no rpc");
}

#[test]
fn every_type_field_and_value_is_explained() {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("they hold together");
    let html: String = pages()
        .filter(|(path, _)| path.starts_with("grpc/"))
        .map(|(_, html)| html)
        .collect();
    let anchors: BTreeSet<_> = attributes(&html, "id").into_iter().collect();
    for message in pool.all_messages() {
        if !message.package_name().starts_with("web1on1") || message.is_map_entry() {
            continue;
        }
        let name = message.full_name().trim_start_matches("web1on1.v2.");
        assert!(anchors.contains(name), "{name}");
        for field in message.fields() {
            let field = format!("{name}.{}", field.name());
            assert!(anchors.contains(&field), "{field}");
        }
    }
    for values in pool.all_enums() {
        if values.package_name().starts_with("web1on1") {
            for value in values.values() {
                assert!(html.contains(value.name()), "{}", value.name());
            }
        }
    }
}

#[test]
fn no_page_has_an_anchor_twice() {
    for (page, html) in pages() {
        let anchors = attributes(&html, "id");
        let distinct: BTreeSet<_> = anchors.iter().collect();
        assert_eq!(distinct.len(), anchors.len(), "{page}: {anchors:?}");
    }
}

#[test]
fn every_page_has_a_title_of_its_own() {
    let mut titles = BTreeMap::new();
    for (page, html) in pages() {
        let (_, rest) = html.split_once("<title>").expect("it has a title");
        let (title, _) = rest.split_once("</title>").expect("it ends");
        if let Some(other) = titles.insert(title.to_owned(), page) {
            panic!("{page} and {other} are both called {title}");
        }
        assert!(html.contains("lang=\"en\""), "{page}");
    }
}

#[test]
fn every_reason_and_every_version_is_there() {
    let errors = attributes(&text("errors.html"), "id");
    for reason in contract::reasons::REASONS {
        assert!(errors.contains(&reason.name.to_owned()), "{}", reason.name);
    }
    let changelog = text("changelog.html");
    for line in CHANGELOG
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
    {
        assert!(changelog.contains(&format!(">{line}</h2>")), "{line}");
    }
}

#[test]
fn all_documents_schemas_and_protos_can_be_downloaded() {
    let page = text("downloads.html");
    let links = attributes(&page, "href");
    let artefacts = contract::artefacts::artefacts();
    let documents = artefacts.iter().map(|artefact| artefact.path.clone());
    let protos = proto::SOURCES
        .iter()
        .map(|(path, _)| format!("proto/{path}"));
    for path in documents.chain(protos) {
        assert!(SITE.contains_key(&path) && links.contains(&path), "{path}");
    }
    assert_eq!(
        SITE["descriptors.binpb"].bytes().unwrap(),
        proto::FILE_DESCRIPTOR_SET
    );
}

#[test]
fn the_site_is_small_as_it_is_sent() {
    let sizes = SITE.values().map(|file| file.gzip().unwrap().len());
    let size: usize = sizes.sum();
    assert!(
        size < MOST,
        "the site has {size} bytes in gzip; see what grew with `contract site`"
    );
}

#[test]
fn the_search_leads_to_everything() {
    let index: Value = serde_json::from_str(&text("search.json")).expect("is JSON");
    let entries = index.as_array().expect("is a list");
    let kinds: BTreeSet<_> = entries
        .iter()
        .filter_map(|entry| entry[1].as_str())
        .collect();
    let expected = ["REST", "enum", "error", "gRPC", "message", "page"];
    assert_eq!(kinds, BTreeSet::from(expected));
    for entry in entries {
        let href = entry[2].as_str().expect("is a link");
        let (path, _) = target("index.html", href);
        assert!(SITE.contains_key(&path), "{entry}");
    }
}
