//! The protos and the contract say the same, and where they would not, it is
//! noticed.

use std::sync::LazyLock;

use conformance::agree::{Difference, agree};
use conformance::api::{Api, Kind, Property, Shape};
use conformance::waivers::{self, Waiver};
use conformance::{from_contract, from_proto};

/// Read once: the tests below compare thousands of copies.
static PROTO: LazyLock<Api> = LazyLock::new(|| {
    from_proto(proto::FILE_DESCRIPTOR_SET).expect("the embedded descriptors decode")
});
static CONTRACT: LazyLock<Api> = LazyLock::new(from_contract);

fn waived() -> Vec<Waiver> {
    waivers::of_this_repository().expect("waivers.toml is a list of waivers")
}

fn list(differences: &[Difference]) -> String {
    let lines: Vec<_> = differences
        .iter()
        .map(|difference| format!("\n  {difference}"))
        .collect();
    lines.concat()
}

#[test]
fn the_protos_and_the_contract_agree() {
    let waived = waived();
    let (left, unused) = waivers::apply(agree(&PROTO, &CONTRACT), &waived);
    assert!(
        left.is_empty(),
        "the protos and the contract differ; change either, or state the reason in \
         crates/conformance/waivers.toml:{}",
        list(&left)
    );
    let unused: Vec<_> = unused.iter().map(|waiver| &waiver.subject).collect();
    assert!(
        unused.is_empty(),
        "these waivers are needed no more; remove them from crates/conformance/waivers.toml: {unused:?}"
    );
}

/// The subjects that differ once one side has been changed.
fn after(change: impl FnOnce(&mut Api, &mut Api)) -> Vec<String> {
    let (mut proto, mut contract) = (PROTO.clone(), CONTRACT.clone());
    change(&mut proto, &mut contract);
    let waived = waived();
    let (left, _) = waivers::apply(agree(&proto, &contract), &waived);
    left.into_iter()
        .map(|difference| difference.subject)
        .collect()
}

fn shape(kind: Kind) -> Shape {
    Shape {
        kind,
        list: false,
        null_elements: false,
    }
}

fn added() -> Property {
    Property {
        place: "a test".to_owned(),
        shape: shape(Kind::Number),
        required: false,
        read_only: false,
        write_only: false,
    }
}

#[test]
fn a_field_in_the_protos_alone_is_named() {
    for name in PROTO.types.keys() {
        let subjects = after(|proto, _| {
            let properties = &mut proto.types.get_mut(name).expect("a type").properties;
            properties.insert("shoeSize".to_owned(), added());
        });
        let named = subjects
            .iter()
            .any(|subject| subject.ends_with(".shoeSize"));
        assert!(
            named,
            "shoeSize in message {name} went unnoticed: {subjects:?}"
        );
    }
}

#[test]
fn a_property_in_the_contract_alone_is_named() {
    for name in CONTRACT
        .types
        .keys()
        .filter(|name| PROTO.types.contains_key(*name))
    {
        let subjects = after(|_, contract| {
            let properties = &mut contract.types.get_mut(name).expect("a type").properties;
            properties.insert("shoeSize".to_owned(), added());
        });
        assert_eq!(subjects, [format!("{name}.shoeSize")]);
    }
}

/// Changes every property of every type in every way, one at a time.
#[test]
fn every_change_of_a_property_is_named() {
    let changes: [fn(&mut Property); 6] = [
        |it| it.shape.kind = Kind::Other("something else".to_owned()),
        |it| it.shape.list = !it.shape.list,
        |it| it.shape.null_elements = !it.shape.null_elements,
        |it| it.required = !it.required,
        |it| it.read_only = !it.read_only,
        |it| it.write_only = !it.write_only,
    ];
    for (name, object) in &PROTO.types {
        for property in object.properties.keys() {
            for (number, change) in changes.iter().enumerate() {
                let subjects = after(|proto, _| {
                    let properties = &mut proto.types.get_mut(name).expect("a type").properties;
                    change(properties.get_mut(property).expect("a property"));
                });
                let end = format!(".{property}");
                let named = subjects.iter().any(|subject| subject.ends_with(&end));
                assert!(
                    named,
                    "change {number} of {name}.{property} went unnoticed: {subjects:?}"
                );
            }
        }
    }
}

#[test]
fn a_missing_operation_is_named_on_either_side() {
    for id in PROTO.operations.keys() {
        assert_eq!(
            after(|proto, _| drop(proto.operations.remove(id))),
            [id.as_str()]
        );
        assert_eq!(
            after(|_, contract| drop(contract.operations.remove(id))),
            [id.as_str()]
        );
    }
}

#[test]
fn every_change_of_an_operation_is_named() {
    use conformance::api::{Body, Operation};
    let changes: [fn(&mut Operation); 5] = [
        |it| it.method.push('X'),
        |it| it.path.push_str("/more"),
        |it| it.body = Body::Upload("other".to_owned()),
        |it| {
            it.reply = match it.reply.take() {
                Some(mut reply) => {
                    reply.list = !reply.list;
                    Some(reply)
                }
                None => Some(shape(Kind::Any)),
            }
        },
        |it| drop(it.query.insert("more".to_owned(), added())),
    ];
    for id in PROTO.operations.keys() {
        for (number, change) in changes.iter().enumerate() {
            let subjects = after(|proto, _| {
                change(proto.operations.get_mut(id).expect("an operation"));
            });
            let named = subjects
                .iter()
                .any(|subject| subject.starts_with(id.as_str()));
            assert!(
                named,
                "change {number} of {id} went unnoticed: {subjects:?}"
            );
        }
    }
}

#[test]
fn a_waiver_that_is_needed_no_more_is_named() {
    let waived = [Waiver {
        subject: "nothing".to_owned(),
        reason: "none".to_owned(),
    }];
    let (left, unused) = waivers::apply(Vec::new(), &waived);
    assert!(left.is_empty());
    assert_eq!(unused[0].subject, "nothing");
}
