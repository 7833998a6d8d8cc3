//! The examples of the published document, as a reader sends them from the reference: to a
//! server that was just started.

use std::collections::BTreeSet;

use contract::published::document;
use contract::recorded::recorded;
use serde_json::{Map, Value};

use crate::stack::Stack;

/// What an example alone cannot succeed with: a token or a password that the server has not
/// given out, and things that have to be there first.
const NEED_MORE: [&str; 4] = [
    "createToken",
    "refreshToken",
    "addOrganizationGroupMembers",
    "createBotInstance",
];

/// A request that the document shows.
struct Example {
    operation: String,
    method: String,
    /// Below the base path, without a query.
    path: String,
    body: Option<Value>,
    /// The statuses that the document declares.
    declared: BTreeSet<String>,
}

impl Example {
    /// Returns whether it names nothing that a new server lacks.
    fn stands_alone(&self) -> bool {
        let names_a_thing = self.path.split('/').any(|segment| {
            segment.len() == 24 && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        !names_a_thing && !NEED_MORE.contains(&self.operation.as_str())
    }
}

/// Every request that the document shows; of an operation with several examples there are
/// several.
fn examples() -> Vec<Example> {
    let document = document(None);
    let mut all = Vec::new();
    for (template, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            let mut path = template.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let name = parameter["name"].as_str().expect("a name");
                    let example = parameter["example"].as_str().expect("an example");
                    path = path.replace(&format!("{{{name}}}"), example);
                }
            }
            let content = &operation["requestBody"]["content"]["application/json"];
            let one = content.get("example").into_iter();
            let several = members(&content["examples"]).map(|(_, example)| &example["value"]);
            let mut bodies: Vec<_> = one.chain(several).cloned().map(Some).collect();
            if bodies.is_empty() {
                bodies.push(None);
            }
            let statuses = members(&operation["responses"]).map(|(status, _)| status.clone());
            let declared: BTreeSet<_> = statuses.collect();
            all.extend(bodies.into_iter().map(|body| Example {
                operation: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                body,
                declared: declared.clone(),
            }));
        }
    }
    all
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[tokio::test]
async fn every_example_works_on_a_new_server() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let mut sent = 0;
    // What deletes comes last.
    let mut examples = examples();
    examples.sort_by_key(|example| example.method == "DELETE");
    for example in examples {
        let Example {
            operation,
            method,
            path,
            ..
        } = &example;
        let (status, reply) = if operation == "uploadUserAvatar" {
            let part = recorded(operation).and_then(|exchange| exchange.request.as_ref());
            let part = part
                .and_then(|request| request.part.as_ref())
                .expect("a file");
            let file = (part.name.as_str(), part.filename.as_str(), "image/png");
            stack
                .upload(path, &token, file, &crate::avatars::picture())
                .await
        } else {
            stack.http(method, path, &token, example.body.clone()).await
        };
        assert!(
            example.declared.contains(&status.to_string()),
            "{operation} has no status {status}: {reply}"
        );
        if example.stands_alone() {
            assert!(
                (200..300).contains(&status),
                "{operation}: {status} {reply}"
            );
            sent += 1;
        }
    }
    assert!(sent > 20, "only {sent} examples stand alone");
}

#[tokio::test]
async fn the_example_of_a_change_fits_what_the_example_of_creation_made() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let examples = examples();
    let of = |operation: &str| {
        let mut found = examples
            .iter()
            .filter(|example| example.operation == operation);
        found
            .next()
            .unwrap_or_else(|| panic!("{operation} has an example"))
    };
    for thing in [
        "User",
        "Organization",
        "OrganizationGroup",
        "Bot",
        "Service",
        "Form",
    ] {
        let create = of(&format!("create{thing}"));
        let (status, created) = stack
            .http("POST", &create.path, &token, create.body.clone())
            .await;
        assert_eq!(status, 201, "{}: {created}", create.operation);
        let update = of(&format!("update{thing}"));
        let id = created["id"].as_str().expect("an id");
        let path = format!("{}/{id}", create.path);
        let (status, updated) = stack
            .http("PATCH", &path, &token, update.body.clone())
            .await;
        assert_eq!(status, 200, "{}: {updated}", update.operation);
    }
}
