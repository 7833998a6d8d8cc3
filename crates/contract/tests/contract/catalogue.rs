//! The list of operations as a whole.

use std::{collections::BTreeSet, fmt::Write};

use contract::{catalogue, find};

#[test]
fn operations_are_these() {
    let mut list = String::new();
    for operation in catalogue() {
        let (method, status) = (operation.method.as_str(), operation.status.as_u16());
        writeln!(
            list,
            "{:<30}{method:<7}{:<57}{status}",
            operation.id, operation.path
        )
        .unwrap();
    }
    insta::assert_snapshot!("operations", list);
}

#[test]
fn ids_are_unique() {
    let ids: BTreeSet<_> = catalogue().iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), catalogue().len(), "two operations have one id");
}

#[test]
fn routes_are_unique() {
    let routes: BTreeSet<_> = catalogue()
        .iter()
        .map(|operation| (operation.path, operation.method.as_str()))
        .collect();
    assert_eq!(
        routes.len(),
        catalogue().len(),
        "two operations have one method and path"
    );
}

#[test]
fn operations_are_found_by_id() {
    assert_eq!(
        find("getUser").map(|operation| operation.path),
        Some("/users/{user_id}")
    );
    assert!(find("getuser").is_none());
}

#[test]
fn path_variables_are_the_properties_of_the_path_type() {
    for operation in catalogue() {
        let variables: BTreeSet<_> = operation
            .path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let root = operation.path_parameters.views().read.root();
        let properties = root["properties"].as_object();
        let properties: BTreeSet<_> = properties
            .into_iter()
            .flat_map(|properties| properties.keys())
            .map(String::as_str)
            .collect();
        assert_eq!(
            variables,
            properties,
            "{}: the variables of PATH and the properties of `{}` differ",
            operation.id,
            operation.path_parameters.name(),
        );
    }
}

#[test]
fn status_fits_the_reply() {
    use contract::operation::ReplyBody;
    for operation in catalogue() {
        let has_body = !matches!(operation.reply.body, ReplyBody::None);
        assert_eq!(
            has_body,
            operation.status != 204,
            "{}: 204 means no body",
            operation.id
        );
        if operation.reply.has_location {
            assert_eq!(
                operation.status, 201,
                "{}: only 201 has a Location",
                operation.id
            );
        }
    }
}
