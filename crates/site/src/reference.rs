//! The page of the REST reference. Its renderer reads the document beside it.

use serde_json::{Map, Value, json};

use crate::api::Api;
use crate::file::{Content, File};
use crate::html::{in_script, slug};
use crate::page::{HTML, Section, footer, head, header, menu};
use crate::policy;
use crate::rest::Rest;

const PATH: &str = "rest.html";

pub(crate) fn page(document: &Value, rest: &Rest, api: &Api) -> File {
    let policy = policy::of_reference(rest);
    let description = format!("Every operation of the {} over REST.", rest.title);
    let mut html = head("", "REST reference", &description, &policy);
    html = html.replace(
        "<link rel=\"stylesheet\" href=\"assets/site.css\">\n",
        "<link rel=\"stylesheet\" href=\"assets/rest.css\">\n\
         <script src=\"assets/scalar.js\" defer></script>\n\
         <script src=\"assets/rest.js\" defer></script>\n",
    );
    html.push_str(&header("", Section::Rest, &rest.version));
    html.push_str(&menu("", Section::Rest));
    html.push_str(
        "<div id=\"main\" class=\"reference\" tabindex=\"-1\"><p class=\"loading\">The reference is being loaded. \
         It needs JavaScript; <a href=\"operations.html\">All operations</a> is a list that does without.</p></div>\n",
    );
    let links = in_script(&links(document, rest, api));
    html.push_str("<script type=\"application/json\" id=\"links\">");
    html.push_str(&links);
    html.push_str("</script>\n");
    html.push_str(&footer(&rest.version));
    File {
        path: PATH.to_owned(),
        media_type: HTML,
        policy: Some(policy::as_header(&policy)),
        content: Content::Plain(html.into_bytes()),
    }
}

/// What the script of the page tells the renderer: the rpcs of each operation, and the
/// anchor of each tag.
fn links(document: &Value, rest: &Rest, api: &Api) -> Value {
    let mut rpcs = Map::new();
    for operation in &rest.operations {
        let of = api.rpcs_of(&operation.id).map(|rpc| {
            let place = api.place(rpc.descriptor.full_name()).unwrap_or_default();
            json!([rpc.full_name(), place])
        });
        rpcs.insert(operation.id.clone(), of.collect());
    }
    let tags = document["tags"].as_array().into_iter().flatten();
    let tags: Map<_, _> = tags
        .filter_map(|tag| tag["name"].as_str())
        .map(|tag| (tag.to_owned(), slug(tag).into()))
        .collect();
    json!({"rpcs": rpcs, "tags": tags})
}
