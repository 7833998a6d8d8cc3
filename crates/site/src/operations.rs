//! Every operation with the rpcs that are translated to it.

use std::fmt::Write as _;

use crate::api::Api;
use crate::html::{escape, slug};
use crate::markdown::Heading;
use crate::page::{OPERATIONS, Page, Section};
use crate::rest::Rest;

pub(crate) fn page(rest: &Rest, api: &Api) -> Page {
    let mut body = format!(
        "<p>The {} operations of the REST API, and the rpcs that carry out the same over gRPC. \
         A list has two: one that returns a page, and one that streams all of it.</p>\n",
        rest.operations.len()
    );
    let mut contents = Vec::new();
    let mut tag = None;
    for operation in &rest.operations {
        if tag != Some(&operation.tag) {
            if tag.is_some() {
                body.push_str("</ul>\n");
            }
            let (anchor, text) = (slug(&operation.tag), operation.tag.clone());
            let _ = write!(
                body,
                "<h2 id=\"{anchor}\">{}</h2>\n<ul class=\"rpcs\">\n",
                escape(&text)
            );
            contents.push(Heading { anchor, text });
            tag = Some(&operation.tag);
        }
        let (method, path) = (escape(&operation.method), escape(&operation.path));
        let (href, class) = (escape(&operation.href()), method.to_lowercase());
        let id = escape(&operation.id);
        let _ = write!(
            body,
            "<li id=\"{id}\"><p class=\"route\"><a href=\"{href}\"><span class=\"method {class}\">{method}</span> \
             <code>{path}</code></a></p><p><span class=\"what\">{}.</span>",
            escape(&operation.summary)
        );
        for rpc in api.rpcs_of(&operation.id) {
            let place = api.place(rpc.descriptor.full_name()).unwrap_or_default();
            let _ = write!(
                body,
                " <a href=\"{}\">{}</a>",
                escape(place),
                escape(&rpc.full_name())
            );
        }
        body.push_str("</p></li>\n");
    }
    if tag.is_some() {
        body.push_str("</ul>\n");
    }
    Page {
        path: OPERATIONS.to_owned(),
        section: Section::Rest,
        title: "All operations".to_owned(),
        description: "Every REST operation and the gRPC methods that carry out the same."
            .to_owned(),
        beside: Vec::new(),
        contents,
        body,
    }
}
