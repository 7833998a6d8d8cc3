//! What can be downloaded: documents, schemas, protos and descriptors.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::archive::tar_gz;
use crate::comments::first_sentence;
use crate::error::Error;
use crate::file::{Content, File};
use crate::html::escape;
use crate::input::{Input, Source};
use crate::markdown::{Heading, code_block, plain};
use crate::page::{Page, Section};

/// The archive of all protos.
const ARCHIVE: &str = "proto.tar.gz";

/// The descriptors of the services.
const DESCRIPTORS: &str = "descriptors.binpb";

/// The media type of a file, by the end of its name.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "json")) => "application/json",
        Some((_, "yaml")) => "application/yaml",
        Some((_, "gz")) => "application/gzip",
        Some((_, "proto")) => "text/plain; charset=utf-8",
        _ => "application/x-protobuf",
    }
}

/// Every file that the page offers.
///
/// # Errors
///
/// The protos cannot be put into an archive.
pub(crate) fn files(input: &Input<'_>) -> Result<Vec<File>, Error> {
    let file = |path: String, bytes: &[u8]| File {
        media_type: media_type(&path),
        path,
        policy: None,
        content: Content::Plain(bytes.to_owned()),
    };
    let documents = input.documents.iter();
    let mut files: Vec<_> = documents
        .map(|document| file(document.path.clone(), sent(document).as_bytes()))
        .collect();
    for proto in input.protos {
        let path = format!("proto/{}", proto.path);
        files.push(file(path, proto.content.as_bytes()));
    }
    let archive = tar_gz("proto", input.protos).map_err(Error::Archive)?;
    files.push(file(ARCHIVE.to_owned(), &archive));
    files.push(file(DESCRIPTORS.to_owned(), input.descriptors));
    Ok(files)
}

/// A document as it is sent. Tools read OpenAPI documents in JSON, people the YAML, so those
/// are without the white space that is a quarter of them even in gzip.
fn sent(document: &Source) -> Cow<'_, str> {
    let ending = Path::new(&document.path).extension();
    let is_for_tools = document.path.starts_with("openapi") && ending == Some("json".as_ref());
    if is_for_tools && let Ok(api) = serde_json::from_str::<Value>(&document.content) {
        return api.to_string().into();
    }
    document.content.as_str().into()
}

pub(crate) fn page(input: &Input<'_>, document: &Value) -> Page {
    let (schemas, documents): (Vec<_>, Vec<_>) = input
        .documents
        .iter()
        .partition(|document| document.path.starts_with("schemas"));
    let mut body = String::new();
    let mut contents = Vec::new();
    let mut section = |body: &mut String, anchor: &str, text: &str| {
        let _ = writeln!(body, "<h2 id=\"{anchor}\">{text}</h2>");
        contents.push(Heading {
            anchor: anchor.to_owned(),
            text: text.to_owned(),
        });
    };

    section(&mut body, "openapi", "OpenAPI");
    body.push_str("<p>The REST API as a document for code generators, linters and other tools.</p>\n<ul class=\"files\">\n");
    for document in documents {
        body.push_str(&entry(
            &document.path,
            &about(document),
            document.content.len(),
        ));
    }
    body.push_str("</ul>\n");

    section(&mut body, "protos", "Protocol Buffers");
    body.push_str(
        "<p>The gRPC API, and the declarations of <code>google.api</code> that it imports. Unpack the archive and give your compiler its directory:</p>\n",
    );
    body.push_str(&code_block(
        "shell",
        "tar xzf proto.tar.gz\nprotoc -I proto --descriptor_set_out=api.binpb $(find proto -name '*.proto')\n",
    ));
    body.push_str("<ul class=\"files\">\n");
    let size: usize = input.protos.iter().map(|proto| proto.content.len()).sum();
    body.push_str(&entry(
        ARCHIVE,
        "all protos in one archive; unpacked it has",
        size,
    ));
    body.push_str(&entry(
        DESCRIPTORS,
        "an encoded FileDescriptorSet with comments and options, for tools without a compiler",
        input.descriptors.len(),
    ));
    body.push_str(
        "</ul>\n<details><summary>Each proto by itself</summary>\n<ul class=\"names\">\n",
    );
    for proto in input.protos {
        body.push_str(&name(&format!("proto/{}", proto.path), &proto.path));
    }
    body.push_str("</ul>\n</details>\n");

    section(&mut body, "schemas", "JSON Schemas");
    body.push_str(
        "<p>The bodies of requests and replies, in <a href=\"https://json-schema.org/draft/2020-12\">JSON Schema 2020-12</a>. \
         The <code>$id</code> of each is where it can be fetched.</p>\n<ul class=\"files\">\n",
    );
    let (alone, bundles): (Vec<&Source>, Vec<&Source>) = schemas
        .into_iter()
        .partition(|schema| schema.path.starts_with("schemas/"));
    for bundle in bundles {
        body.push_str(&entry(
            &bundle.path,
            "all schemas in one file, each once, under $defs",
            bundle.content.len(),
        ));
    }
    body.push_str(
        "</ul>\n<details open><summary>Each schema by itself</summary>\n<dl class=\"schemas\">\n",
    );
    for schema in alone {
        let short = schema.path.trim_start_matches("schemas/");
        let short = short.trim_end_matches(".json");
        let (href, short) = (escape(&schema.path), escape(short));
        let said = said(schema);
        let _ = writeln!(
            body,
            "<div><dt><a href=\"{href}\"><code>{short}</code></a></dt><dd>{said}</dd></div>"
        );
    }
    body.push_str("</dl>\n</details>\n");
    let title = document["info"]["title"].as_str().unwrap_or_default();
    Page {
        path: "downloads.html".to_owned(),
        section: Section::Downloads,
        title: "Downloads".to_owned(),
        description: format!("The {title} for tools: OpenAPI documents, protos, JSON Schemas."),
        beside: Vec::new(),
        contents,
        body,
    }
}

/// What a schema says of itself first.
fn said(schema: &Source) -> String {
    let schema: Value = serde_json::from_str(&schema.content).unwrap_or_default();
    let description = schema["description"].as_str().unwrap_or_default();
    plain(&first_sentence(description))
}

/// What a document is.
fn about(document: &Source) -> String {
    let kind = match media_type(&document.path) {
        "application/yaml" => "YAML",
        _ => "JSON",
    };
    // The keyword is one of the first in either form.
    let version = document
        .content
        .lines()
        .take(3)
        .find_map(|line| line.trim().trim_start_matches('"').strip_prefix("openapi"))
        .map(|rest| rest.trim_matches(|character: char| !character.is_ascii_digit()))
        .unwrap_or_default();
    format!("OpenAPI {version} as {kind}")
}

fn entry(path: &str, about: &str, size: usize) -> String {
    let (href, about) = (escape(path), escape(about));
    let size = size.div_ceil(1024);
    format!(
        "<li><a href=\"{href}\" download><code>{href}</code></a> <span class=\"what\">{about}</span> \
         <span class=\"size\">{size} KiB</span></li>\n"
    )
}

fn name(href: &str, name: &str) -> String {
    let (href, name) = (escape(href), escape(name));
    format!("<li><a href=\"{href}\"><code>{name}</code></a></li>\n")
}
