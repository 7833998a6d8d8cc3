//! The recorded exchanges fit the contract.

use std::{collections::BTreeSet, path::Path};

use bytes::Bytes;
use contract::{
    catalogue,
    operation::{BodyInfo, ReplyBody},
    recorded::recorded,
    timestamp::Timestamp,
};
use serde_json::Value;

use crate::waivers::Waivers;

/// Spells instants in one way, so that two spellings of one compare equal.
fn with_instants(value: Value) -> Value {
    match value {
        Value::String(text) => text
            .parse::<Timestamp>()
            .map_or(text, |instant| instant.to_string())
            .into(),
        Value::Array(items) => items.into_iter().map(with_instants).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, with_instants(value)))
            .collect(),
        other => other,
    }
}

#[test]
fn every_operation_has_its_exchange() {
    for operation in catalogue() {
        let exchange = recorded(operation.id).expect("the catalogue names a file");
        assert_eq!(
            exchange.operation, operation.id,
            "the catalogue names another file"
        );
        assert_eq!(
            exchange.method,
            operation.method.as_str(),
            "{}",
            operation.id
        );
        assert_eq!(exchange.path_template, operation.path, "{}", operation.id);
        assert_eq!(
            exchange.response.status, operation.status,
            "{}",
            operation.id
        );
        assert_eq!(
            exchange.response.header("Location").is_some(),
            operation.reply.has_location,
            "{}: Location is recorded or declared, but not both",
            operation.id,
        );
        assert!(
            exchange.authenticated || !operation.authenticated,
            "{}: the recorded request lacks the token that the operation needs",
            operation.id,
        );
    }
}

#[test]
fn every_file_belongs_to_an_operation() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/recorded");
    let files: BTreeSet<_> = directory
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap())
        // The exchanges of errors are in a directory of their own.
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let expected: BTreeSet<_> = catalogue()
        .iter()
        .map(|operation| format!("{}.json", operation.id))
        .collect();
    assert_eq!(files, expected, "openapi/recorded and the catalogue differ");
}

#[test]
fn every_request_is_accepted() {
    for operation in catalogue() {
        let request = recorded(operation.id).unwrap().request.as_ref();
        let json = request.and_then(|request| request.body.as_ref());
        let part = request.and_then(|request| request.part.as_ref());
        match operation.body {
            BodyInfo::None => assert!(request.is_none(), "{}: no body is declared", operation.id),
            BodyInfo::Upload { part: name } => {
                assert_eq!(
                    part.map(|part| part.name.as_str()),
                    Some(name),
                    "{}",
                    operation.id
                );
            }
            _ => {
                let body = json.unwrap_or_else(|| panic!("{}: a body is declared", operation.id));
                if let Err(violations) = operation.check_body(Bytes::from(body.to_string())) {
                    panic!("{}: {violations}", operation.id);
                }
            }
        }
    }
}

#[test]
fn every_parameter_is_declared() {
    for operation in catalogue() {
        let exchange = recorded(operation.id).unwrap();
        for (of, recorded) in [
            (operation.path_parameters, &exchange.path_parameters),
            (operation.query_parameters, &exchange.query),
        ] {
            let values: Value = recorded
                .iter()
                .map(|(name, text)| {
                    let number = text.parse::<i64>().map(Value::from);
                    (name.clone(), number.unwrap_or(text.as_str().into()))
                })
                .collect();
            if let Err(violations) = of.views().create.validate(&values) {
                panic!("{}: {violations}", operation.id);
            }
        }
    }
}

#[test]
fn every_reply_survives_its_type() {
    let waivers = Waivers::of(&["exchange"]);
    for operation in catalogue() {
        let body = recorded(operation.id).unwrap().response.body.clone();
        let (of, values) = match (operation.reply.body, body) {
            (ReplyBody::None, None) => continue,
            (ReplyBody::One(of), Some(body)) => (of, vec![body]),
            (ReplyBody::List(of), Some(Value::Array(items))) => (of, items),
            (declared, recorded) => panic!("{}: {declared:?}, but {recorded:?}", operation.id),
        };
        let schema = operation.reply.body.document().unwrap();
        for value in values {
            if let Err(violations) = schema.validate(&value) {
                panic!(
                    "{}: the recorded reply is not a {}: {violations}",
                    operation.id, schema.name
                );
            }
            let reread = match of.reread(value.clone()) {
                Ok(reread) => reread,
                Err(_) if waivers.cover(operation.id, "", "exchange") => continue,
                Err(violations) => panic!("{}: {violations}", operation.id),
            };
            assert_eq!(
                with_instants(reread),
                with_instants(value),
                "{}: lost or changed",
                operation.id
            );
        }
    }
    waivers.check_all_were_needed();
}
