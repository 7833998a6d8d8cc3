//! The first page.

use std::fmt::Write as _;

use crate::api::Api;
use crate::html::escape;
use crate::markdown::plain;
use crate::page::{Page, Section};
use crate::rest::Rest;

pub(crate) fn page(rest: &Rest, api: &Api) -> Page {
    let services: usize = api.groups.iter().map(|group| group.services.len()).sum();
    let (operations, rpcs) = (rest.operations.len(), api.rpcs().count());
    let cards = [
        (
            "start/index.html",
            "Get started",
            "Log in, make the first call, and generate a client in your language.".to_owned(),
        ),
        (
            "rest.html",
            "REST reference",
            format!(
                "{operations} operations with parameters, bodies and examples, to try out in place."
            ),
        ),
        (
            "grpc/index.html",
            "gRPC reference",
            format!(
                "{services} services with {rpcs} methods, and every message and enum of theirs."
            ),
        ),
        (
            "operations.html",
            "REST and gRPC side by side",
            "Every operation with the methods that carry out the same.".to_owned(),
        ),
        (
            "errors.html",
            "Errors",
            "What an error looks like, and every reason that a program can branch on.".to_owned(),
        ),
        (
            "downloads.html",
            "Downloads",
            "OpenAPI documents, JSON Schemas and protos, for code generators and other tools."
                .to_owned(),
        ),
    ];
    let mut body = format!(
        "<div class=\"lead\">\n{}</div>\n<p class=\"actions\"><a class=\"button\" href=\"start/index.html\">Get started</a> \
         <a class=\"button plain\" href=\"rest.html\">Browse the API</a></p>\n<ul class=\"cards\">\n",
        plain(&rest.summary)
    );
    for (href, title, about) in cards {
        let _ = writeln!(
            body,
            "<li><h2><a href=\"{href}\">{title}</a></h2><p>{}</p></li>",
            escape(&about)
        );
    }
    body.push_str("</ul>\n");
    Page {
        path: "index.html".to_owned(),
        section: Section::Home,
        title: rest.title.clone(),
        description: rest.summary.clone(),
        beside: Vec::new(),
        contents: Vec::new(),
        body,
    }
}
