//! Every operation is there in all five statements of it: a line in the
//! catalogue, an rpc, a route, an OpenAPI operation and a recorded exchange.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::stack::Stack;

/// How many operations the API documents.
const DOCUMENTED: usize = 53;

fn catalogue() -> BTreeSet<String> {
    contract::catalogue()
        .iter()
        .map(|operation| operation.id.to_owned())
        .collect()
}

#[track_caller]
fn check(what: &str, found: &BTreeSet<String>) {
    let catalogue = catalogue();
    let missing: Vec<_> = catalogue.difference(found).collect();
    let unknown: Vec<_> = found.difference(&catalogue).collect();
    assert!(
        missing.is_empty(),
        "these operations of the catalogue have no {what}: {missing:?}"
    );
    assert!(
        unknown.is_empty(),
        "these have {what}, but no line in the catalogue: {unknown:?}"
    );
}

#[test]
fn the_catalogue_has_every_documented_operation() {
    assert_eq!(catalogue().len(), DOCUMENTED);
}

#[test]
fn every_operation_has_an_rpc() {
    let api = conformance::from_proto(proto::FILE_DESCRIPTOR_SET).expect("descriptors decode");
    check("rpc", &api.operations.into_keys().collect());
}

#[test]
fn every_operation_is_in_the_openapi_document() {
    let document = contract::openapi::openapi();
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths
        .values()
        .flat_map(|path| path.as_object().into_iter().flatten());
    let ids = operations.filter_map(|(_, operation)| operation["operationId"].as_str());
    check(
        "operation in the OpenAPI document",
        &ids.map(ToOwned::to_owned).collect(),
    );
}

#[test]
fn every_operation_has_a_recorded_exchange() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/recorded");
    let files = std::fs::read_dir(directory).expect("the directory of recorded exchanges");
    let paths = files.map(|file| file.expect("a file").path());
    // Those of errors stand in a directory below.
    let recorded = paths.filter(|path| path.is_file()).map(|path| {
        let text = std::fs::read(path).expect("a readable file");
        let exchange: Value = serde_json::from_slice(&text).expect("JSON");
        exchange["operation"]
            .as_str()
            .expect("the operation of the exchange")
            .to_owned()
    });
    check("recorded exchange", &recorded.collect());
}

/// A route answers with something else than that there is none.
#[tokio::test]
async fn every_operation_has_a_route() {
    let stack = Stack::start().await;
    let nowhere = stack.http("GET", "/nowhere", "", None).await;
    assert_eq!(nowhere.0, 404, "a path without a route is not found");
    let mut routed = BTreeSet::new();
    for operation in contract::catalogue() {
        let path = operation.path.replace(['{', '}'], "");
        let (status, body) = stack.http(operation.method.as_str(), &path, "", None).await;
        if status != 405 && body["error"]["message"] != nowhere.1["error"]["message"] {
            routed.insert(operation.id.to_owned());
        }
    }
    check("route", &routed);
}
