//! The gRPC reference: a page for each service, with everything that it takes and
//! returns.

use std::fmt::Write as _;

use crate::api::{Api, Group, Rpc, Service, enum_name, local_name};
use crate::comments::first_sentence;
use crate::html::escape;
use crate::markdown::{Heading, plain};
use crate::page::{Page, Section, root};
use crate::rest::Rest;
use crate::types::Names;

/// How rpcs of all services work.
const INTRODUCTION: &str = include_str!("../pages/grpc.md");

/// All pages of the reference.
pub(crate) fn pages(api: &Api, rest: &Rest) -> Vec<Page> {
    let mut pages = vec![overview(api, rest)];
    pages.extend(api.groups.iter().map(|group| page(api, group)));
    pages
}

/// The pages of the reference, for the navigation.
fn beside(api: &Api) -> Vec<(String, String)> {
    let pages = api.groups.iter();
    pages.map(|group| (group.href(), group.title())).collect()
}

fn overview(api: &Api, rest: &Rest) -> Page {
    let path = "grpc/index.html";
    let names = Names {
        api,
        root: root(path),
    };
    let introduction = crate::markdown::render(INTRODUCTION, &|name| {
        api.place(name)
            .map(|place| format!("{}{place}", names.root))
    });
    let mut body = introduction.html;
    body.push_str("<h2 id=\"services\">Services</h2>\n");
    for service in api.groups.iter().flat_map(|group| &group.services) {
        let link = names.link(service.descriptor.full_name(), service.name());
        let _ = write!(
            body,
            "<h3>{link}</h3>\n{}",
            names.markdown(&first_sentence(&service.comment()))
        );
        body.push_str("<ul class=\"rpcs\">\n");
        for rpc in &service.rpcs {
            let link = names.link(rpc.descriptor.full_name(), rpc.name());
            let summary = inline(&rpc.summary());
            let route = route(rpc, names.root);
            let _ = writeln!(
                body,
                "<li><p>{link} <span class=\"what\">{summary}</span></p>{route}</li>"
            );
        }
        body.push_str("</ul>\n");
    }
    let mut contents = introduction.headings;
    contents.push(Heading {
        anchor: "services".to_owned(),
        text: "Services".to_owned(),
    });
    Page {
        path: path.to_owned(),
        section: Section::Grpc,
        title: "gRPC reference".to_owned(),
        description: format!("The gRPC services of the {}.", rest.title),
        beside: beside(api),
        contents,
        body,
    }
}

fn page(api: &Api, group: &Group) -> Page {
    let path = group.href();
    let names = Names {
        api,
        root: root(&path),
    };
    let mut contents = Vec::new();
    let mut body = String::new();
    for service in &group.services {
        body.push_str(&self::service(&names, service));
        contents.extend(service.rpcs.iter().map(|rpc| Heading {
            anchor: rpc.name().to_owned(),
            text: rpc.name().to_owned(),
        }));
    }
    let messages = group.all_messages();
    if !messages.is_empty() {
        body.push_str("<h2 id=\"messages\">Messages</h2>\n");
        contents.push(Heading {
            anchor: "messages".to_owned(),
            text: "Messages".to_owned(),
        });
    }
    for message in &messages {
        body.push_str(&names.message(message));
    }
    let enums = group.all_enums();
    if !enums.is_empty() {
        body.push_str("<h2 id=\"enums\">Enums</h2>\n");
        contents.push(Heading {
            anchor: "enums".to_owned(),
            text: "Enums".to_owned(),
        });
    }
    for values in &enums {
        body.push_str(&names.values(values));
    }
    let title = group.title();
    let description = group.services.first().map_or_else(
        || {
            let messages = messages.iter().map(local_name);
            let names: Vec<_> = messages.chain(enums.iter().map(enum_name)).collect();
            format!("Types that several services share: {}.", names.join(", "))
        },
        |service| first_sentence(&service.comment()),
    );
    Page {
        path,
        section: Section::Grpc,
        title,
        description,
        beside: beside(api),
        contents,
        body,
    }
}

fn service(names: &Names<'_>, service: &Service) -> String {
    let full_name = escape(service.descriptor.full_name());
    let mut html = format!(
        "<p class=\"full\" id=\"{}\"><code>{full_name}</code></p>\n",
        escape(service.name())
    );
    html.push_str(&names.markdown(&service.comment()));
    html.push_str("<h2 id=\"methods\">Methods</h2>\n");
    for rpc in &service.rpcs {
        html.push_str(&self::rpc(names, rpc));
    }
    html
}

fn rpc(names: &Names<'_>, rpc: &Rpc) -> String {
    let name = escape(rpc.name());
    let method = &rpc.descriptor;
    let kind = match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "unary",
        (false, true) => "server streaming",
        (true, false) => "client streaming",
        (true, true) => "bidirectional streaming",
    };
    let stream = |is_streaming| if is_streaming { "stream " } else { "" };
    let side = |message: &prost_reflect::MessageDescriptor| {
        names.link(message.full_name(), &local_name(message))
    };
    let takes = format!(
        "{}{}",
        stream(method.is_client_streaming()),
        side(&method.input())
    );
    let returns = format!(
        "{}{}",
        stream(method.is_server_streaming()),
        side(&method.output())
    );
    let route = route(rpc, names.root);
    let comment = names.markdown(&rpc.comment());
    format!(
        "<section class=\"rpc\">\n<h3 id=\"{name}\"><code>{name}</code> <span class=\"kind\">{kind}</span></h3>\n\
         <p class=\"signature\"><code>rpc {name}({takes}) returns ({returns})</code></p>\n\
         {route}\n{comment}</section>\n"
    )
}

/// A link to the operation that an rpc is translated to.
fn route(rpc: &Rpc, root: &str) -> String {
    let Some(route) = &rpc.route else {
        return String::new();
    };
    let (method, path) = (escape(&route.method), escape(&route.path));
    let (href, class) = (escape(&route.href), method.to_lowercase());
    format!(
        "<p class=\"route\"><a href=\"{root}{href}\"><span class=\"hidden\">REST: </span>\
         <span class=\"method {class}\">{method}</span> <code>{path}</code></a></p>"
    )
}

/// Markdown of one paragraph, without the paragraph.
fn inline(markdown: &str) -> String {
    let html = plain(markdown);
    let html = html.trim();
    let html = html.strip_prefix("<p>").unwrap_or(html);
    html.strip_suffix("</p>").unwrap_or(html).to_owned()
}
