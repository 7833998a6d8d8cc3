//! What the search of the site looks in.

use serde_json::{Value, json};

use crate::api::{Api, enum_name, local_name};
use crate::file::{Content, File};
use crate::input::Reason;
use crate::page::Page;
use crate::rest::Rest;

/// Everything that has a name, with what it is and where: an array of arrays of three
/// strings.
pub(crate) fn index(pages: &[Page], rest: &Rest, api: &Api, reasons: &[Reason]) -> File {
    let mut found: Vec<Value> = Vec::new();
    let mut add = |name: &str, kind: &str, href: &str| found.push(json!([name, kind, href]));
    for page in pages {
        add(&page.title, "page", &page.path);
        for heading in &page.contents {
            let is_rpc = api.place(&heading.text).is_some();
            if !is_rpc {
                let href = format!("{}#{}", page.path, heading.anchor);
                add(&format!("{}: {}", page.title, heading.text), "page", &href);
            }
        }
    }
    add("REST reference", "page", "rest.html");
    for operation in &rest.operations {
        let name = format!(
            "{} ({} {})",
            operation.summary, operation.method, operation.path
        );
        add(&name, "REST", &operation.href());
    }
    for rpc in api.rpcs() {
        let place = api.place(rpc.descriptor.full_name()).unwrap_or_default();
        add(&rpc.full_name(), "gRPC", place);
    }
    for group in &api.groups {
        for message in group.all_messages() {
            let place = api.place(message.full_name()).unwrap_or_default();
            add(&local_name(&message), "message", place);
        }
        for values in group.all_enums() {
            let place = api.place(values.full_name()).unwrap_or_default();
            add(&enum_name(&values), "enum", place);
        }
    }
    for reason in reasons {
        add(
            &reason.name,
            "error",
            &format!("errors.html#{}", reason.name),
        );
    }
    File {
        path: "search.json".to_owned(),
        media_type: "application/json",
        policy: None,
        content: Content::Plain(Value::Array(found).to_string().into_bytes()),
    }
}
