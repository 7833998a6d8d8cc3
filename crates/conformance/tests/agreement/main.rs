//! The protos, the contract and the OpenAPI document say the same, and where
//! any one of them would not, it is noticed.
//!
//! The proof is by mutation: each kind of single change is made in every place
//! of a true input, which is read again and compared with the other two. By
//! default some of them are made, evenly spread; all with
//! `AGREEMENT_MUTANTS=all`.

#![expect(
    clippy::too_many_lines,
    reason = "lists of changes, one after the other"
)]

mod contract_side;
mod document_side;
mod json;
mod mutation;
mod proto_side;
mod published;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use conformance::agree::{Difference, agree, merge};
use conformance::api::{Api, Side};
use conformance::report::{Finding, Level};
use conformance::waivers::{self, Waiver};
use conformance::{ContractFacts, from_facts, from_openapi, from_proto};
use serde_json::Value;

const DOCUMENT: &str = "openapi/openapi.json";

static PROTOS: LazyLock<Api> = LazyLock::new(|| {
    from_proto(proto::FILE_DESCRIPTOR_SET).expect("the embedded descriptors decode")
});
static FACTS: LazyLock<ContractFacts> = LazyLock::new(ContractFacts::of_the_contract);
static CONTRACT: LazyLock<Api> = LazyLock::new(|| from_facts(&FACTS));
static OPENAPI: LazyLock<Value> = LazyLock::new(contract::openapi::openapi);
static READ_OPENAPI: LazyLock<Api> =
    LazyLock::new(|| from_openapi(&OPENAPI, DOCUMENT).expect("the document is OpenAPI 3.1"));
static WAIVERS: LazyLock<Vec<Waiver>> = LazyLock::new(|| {
    waivers::parse(include_str!("../../waivers.toml")).expect("waivers.toml is a list of waivers")
});

/// The differences that are not meant.
fn differences(protos: &Api, contract: &Api, document: &Api) -> Vec<Difference> {
    waivers::apply(agree(&[protos, contract, document]), &WAIVERS).0
}

/// An API of these operations alone.
fn only(api: &Api, ids: &BTreeSet<String>) -> Api {
    let mut api = api.clone();
    api.operations.retain(|id, _| ids.contains(id));
    api
}

fn list(differences: Vec<Difference>) -> String {
    let lines = merge(differences)
        .into_iter()
        .map(|difference| format!("\n  {difference}"));
    lines.collect()
}

#[test]
fn the_protos_the_contract_and_the_document_agree() {
    let all = agree(&[&PROTOS, &CONTRACT, &READ_OPENAPI]);
    let (left, unused) = waivers::apply(all, &WAIVERS);
    assert!(
        left.is_empty(),
        "the statements of the API differ; change one of them, or state the reason in \
         crates/conformance/waivers.toml:{}",
        list(left)
    );
    let unused: Vec<_> = unused.iter().map(|waiver| &waiver.subject).collect();
    assert!(
        unused.is_empty(),
        "these waivers are needed no more; remove them from crates/conformance/waivers.toml: {unused:?}"
    );
}

/// One change of the document, and all that is said about it.
#[track_caller]
fn check(pointer: &str, to: Value, expected: &[&str]) {
    let mut changed = OPENAPI.clone();
    *changed
        .pointer_mut(pointer)
        .expect("the pointer leads somewhere") = to;
    let read = from_openapi(&changed, DOCUMENT).expect("it is OpenAPI 3.1");
    let found: Vec<_> = merge(differences(&PROTOS, &CONTRACT, &read))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_difference_names_all_sides_and_places() {
    let property = "/components/schemas/UserUpdate/properties/phone/readOnly";
    let mut changed = OPENAPI.clone();
    let (parent, _) = property.rsplit_once('/').expect("a pointer");
    changed.pointer_mut(parent).expect("a property")["readOnly"] = true.into();
    let read = from_openapi(&changed, DOCUMENT).expect("it is OpenAPI 3.1");
    let [difference] = &differences(&PROTOS, &CONTRACT, &read)[..] else {
        panic!("one change is one difference");
    };
    assert_eq!(
        difference.message,
        "it is not read-only in the protos and the contract, but read-only in openapi/openapi.json"
    );
    assert_eq!(difference.subject, "UserUpdate.phone");
    assert_eq!(difference.resource, "User.phone");
    assert_eq!(
        difference.groups,
        [vec![Side::Protos, Side::Contract], vec![Side::Document]]
    );
    let places: Vec<_> = difference.places.iter().map(ToString::to_string).collect();
    let (line, others) = places.split_first().expect("three places");
    assert!(
        line.starts_with("proto/web1on1/v2/user.proto:") && !line.ends_with(':'),
        "{line}"
    );
    assert_eq!(
        others,
        [
            "UserUpdate.phone of the contract",
            "openapi/openapi.json#/components/schemas/UserUpdate/properties/phone"
        ]
    );
    let finding = Finding::from(difference);
    assert_eq!(
        (finding.id.as_str(), finding.level),
        ("disagreement", Level::Error)
    );
    let base = finding.base.expect("the place in the protos");
    assert_eq!(base.source, "proto/web1on1/v2/user.proto");
    assert!(base.line.is_some(), "{base}");
    let revision = finding.revision.expect("the place in the document");
    assert_eq!(revision.source, DOCUMENT);
}

#[test]
fn a_change_of_one_operation_is_one_difference() {
    check(
        "/paths/~1users~1{user_id}/get/operationId",
        "getPerson".into(),
        &[
            "getPerson: it is stated in openapi/openapi.json, but absent in the protos and the contract \
             (openapi/openapi.json#/paths/~1users~1{user_id}/get, proto, catalogue of the contract)",
            "getUser: it is stated in the protos and the contract, but absent in openapi/openapi.json \
             (proto/web1on1/v2/user_service.proto:86, operation getUser of the contract, openapi/openapi.json#)",
        ],
    );
}

fn waiver(side: Side) -> Waiver {
    Waiver {
        subject: "nothing".to_owned(),
        aspect: "required".to_owned(),
        side,
        reason: "none".to_owned(),
    }
}

#[test]
fn a_waiver_that_is_needed_no_more_is_named() {
    let waived = [waiver(Side::Protos)];
    let (left, unused) = waivers::apply(Vec::new(), &waived);
    assert!(left.is_empty());
    assert_eq!(unused[0].subject, "nothing");
}

#[test]
fn a_waiver_covers_the_one_side_that_differs() {
    use Side::{Contract, Document, Protos};
    let covered = |groups: &[&[Side]]| {
        let difference = Difference {
            subject: "nothing".to_owned(),
            resource: "nothing".to_owned(),
            aspect: "required",
            groups: groups.iter().map(|group| group.to_vec()).collect(),
            message: String::new(),
            places: Vec::new(),
        };
        let waived = [waiver(Protos)];
        waivers::apply(vec![difference], &waived).0.is_empty()
    };
    assert!(covered(&[&[Protos], &[Contract, Document]]));
    assert!(covered(&[&[Contract, Document], &[Protos]]));
    assert!(covered(&[&[Protos]]));
    assert!(!covered(&[&[Contract], &[Protos, Document]]));
    assert!(!covered(&[&[Protos], &[Contract], &[Document]]));
    assert!(!covered(&[&[Contract], &[Document]]));
}
