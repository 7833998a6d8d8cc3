//! Changes of the contract.

use std::collections::{BTreeMap, BTreeSet};

use conformance::{BodyFacts, ContractFacts, OperationFacts, ReplyFacts, from_facts};
use serde_json::Value;

use crate::json::{of_path, of_schema, references, without_prose};
use crate::mutation::{Change, Mutant, all_are_noticed};
use crate::{FACTS, PROTOS, READ_OPENAPI, differences, only};

type Changes = Vec<Mutant<ContractFacts>>;

#[test]
fn every_change_of_the_contract_is_noticed() {
    let mut facts = FACTS.clone();
    facts.schemas.values_mut().for_each(without_prose);
    for operation in &mut facts.operations {
        without_prose(&mut operation.path_parameters);
        without_prose(&mut operation.query_parameters);
    }
    let slices = slices(&facts);
    let mut mutants = Changes::new();
    let mut done = BTreeSet::new();
    for (number, slice) in slices.iter().enumerate() {
        of_schemas(number, slice, &mut done, &mut mutants);
        for operation in 0..slice.operations.len() {
            of_operation(number, slice, operation, &mut mutants);
        }
    }
    let others: Vec<_> = slices
        .iter()
        .map(|slice| {
            let ids = slice
                .operations
                .iter()
                .map(|operation| operation.id.clone())
                .collect();
            (only(&PROTOS, &ids), only(&READ_OPENAPI, &ids))
        })
        .collect();
    all_are_noticed("the contract", &slices, &mutants, |slice, changed| {
        let (protos, document) = &others[slice];
        Ok::<_, String>(differences(protos, &from_facts(changed), document))
    });
}

/// The operations of each tag, and the schemas that they need.
fn slices(facts: &ContractFacts) -> Vec<ContractFacts> {
    let tags: BTreeSet<_> = facts
        .operations
        .iter()
        .map(|operation| &operation.tag)
        .collect();
    let slices = tags.into_iter().map(|tag| {
        let operations = facts
            .operations
            .iter()
            .filter(|operation| operation.tag == *tag);
        let operations: Vec<_> = operations.cloned().collect();
        let mut todo = vec![facts.error.clone()];
        for operation in &operations {
            if let BodyFacts::Json(name) = &operation.body {
                todo.push(name.clone());
            }
            if let ReplyFacts::One(name) | ReplyFacts::List(name) = &operation.reply {
                todo.push(name.clone());
            }
            references(&operation.path_parameters, &mut todo);
            references(&operation.query_parameters, &mut todo);
        }
        let mut schemas = BTreeMap::new();
        while let Some(reference) = todo.pop() {
            let name = reference.trim_start_matches("#/$defs/");
            let schema = &facts.schemas[name];
            if schemas.insert(name.to_owned(), schema.clone()).is_none() {
                references(schema, &mut todo);
            }
        }
        ContractFacts {
            operations,
            schemas,
            error: facts.error.clone(),
        }
    });
    slices.collect()
}

/// Changes every schema of the slice that is not done already.
fn of_schemas(
    slice: usize,
    facts: &ContractFacts,
    done: &mut BTreeSet<String>,
    mutants: &mut Changes,
) {
    let others = ["UserStatus", "Alias", "Nothing"].map(|name| format!("#/$defs/{name}"));
    for (name, schema) in &facts.schemas {
        if !done.insert(name.clone()) {
            continue;
        }
        for (kind, place, change) in of_schema(schema, &others) {
            let in_schema = name.clone();
            mutants.push(Mutant::new(
                slice,
                kind,
                format!("{name}{place}"),
                move |facts: &mut ContractFacts| {
                    change(facts.schemas.get_mut(&in_schema).expect("it is there"));
                },
            ));
        }
        let dropped = name.clone();
        mutants.push(Mutant::new(
            slice,
            "type dropped",
            name,
            move |facts: &mut ContractFacts| {
                facts.schemas.remove(&dropped);
            },
        ));
        let copied = schema.clone();
        mutants.push(Mutant::new(slice, "type added", format!("Shoe{name}"), {
            let name = format!("Shoe{name}");
            move |facts: &mut ContractFacts| {
                facts.schemas.insert(name.clone(), copied.clone());
            }
        }));
        let renamed = name.clone();
        mutants.push(Mutant::new(
            slice,
            "type renamed",
            name,
            move |facts: &mut ContractFacts| {
                rename_type(facts, &renamed);
            },
        ));
    }
}

/// Renames a type wherever it is mentioned.
fn rename_type(facts: &mut ContractFacts, name: &str) {
    let to = format!("Shoe{name}");
    let schema = facts.schemas.remove(name).expect("it is there");
    facts.schemas.insert(to.clone(), schema);
    let (from_ref, to_ref) = (format!("#/$defs/{name}"), format!("#/$defs/{to}"));
    facts
        .schemas
        .values_mut()
        .for_each(|schema| replace(schema, &from_ref, &to_ref));
    for operation in &mut facts.operations {
        replace(&mut operation.path_parameters, &from_ref, &to_ref);
        replace(&mut operation.query_parameters, &from_ref, &to_ref);
        if let BodyFacts::Json(of) = &mut operation.body
            && of == name
        {
            of.clone_from(&to);
        }
        if let ReplyFacts::One(of) | ReplyFacts::List(of) = &mut operation.reply
            && of == name
        {
            of.clone_from(&to);
        }
    }
    if facts.error == name {
        facts.error = to;
    }
}

pub(crate) fn replace(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| replace(member, from, to)),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        _ => {}
    }
}

fn of_operation(slice: usize, facts: &ContractFacts, number: usize, mutants: &mut Changes) {
    let operation = &facts.operations[number];
    let id = &operation.id;
    let mut add = |kind, place: &str, change: Change<OperationFacts>| {
        let place = format!("{id} {place}");
        mutants.push(Mutant::new(
            slice,
            kind,
            place,
            move |facts: &mut ContractFacts| {
                change(&mut facts.operations[number]);
            },
        ));
    };
    add(
        "operation renamed",
        "",
        Box::new(|operation| operation.id.push_str("Again")),
    );
    for method in ["GET", "PUT", "POST", "PATCH", "DELETE"] {
        let change = move |operation: &mut OperationFacts| method.clone_into(&mut operation.method);
        add("verb changed", method, Box::new(change));
    }
    for (kind, path) in of_path(&operation.path) {
        let to = path.clone();
        add(
            kind,
            &path,
            Box::new(move |operation| operation.path.clone_from(&to)),
        );
    }
    for status in ["200", "201", "202", "204"] {
        let change = move |operation: &mut OperationFacts| status.clone_into(&mut operation.status);
        add("status changed", status, Box::new(change));
    }
    add(
        "tag changed",
        "",
        Box::new(|operation| operation.tag.push('s')),
    );
    add(
        "authentication flipped",
        "",
        Box::new(|operation| operation.authenticated ^= true),
    );
    add(
        "location flipped",
        "",
        Box::new(|operation| operation.has_location ^= true),
    );
    for status in ["403", "404", "409", "429"] {
        let change = move |operation: &mut OperationFacts| {
            if !operation.errors.remove(status) {
                operation.errors.insert(status.to_owned());
            }
        };
        add("failure flipped", status, Box::new(change));
    }
    for (kind, place, change) in of_schema(&operation.path_parameters, &[]) {
        if is_of_parameters(kind) {
            add(
                kind,
                &place,
                Box::new(move |operation| change(&mut operation.path_parameters)),
            );
        }
    }
    let others = ["#/$defs/UserStatus".to_owned()];
    for (kind, place, change) in of_schema(&operation.query_parameters, &others) {
        if is_of_parameters(kind) {
            add(
                kind,
                &place,
                Box::new(move |operation| change(&mut operation.query_parameters)),
            );
        }
    }
    let bodies = [
        BodyFacts::None,
        BodyFacts::Json("AliasCreate".to_owned()),
        BodyFacts::Json("Nothing".to_owned()),
        BodyFacts::Upload("file".to_owned()),
        BodyFacts::Upload("picture".to_owned()),
    ];
    for body in bodies {
        let place = format!("{body:?}");
        add(
            "body changed",
            &place,
            Box::new(move |operation| operation.body = body.clone()),
        );
    }
    let of = match &operation.reply {
        ReplyFacts::One(of) | ReplyFacts::List(of) => of.clone(),
        ReplyFacts::None => "User".to_owned(),
    };
    let replies = [
        ReplyFacts::None,
        ReplyFacts::One(of.clone()),
        ReplyFacts::List(of),
        ReplyFacts::One("Alias".to_owned()),
        ReplyFacts::List("Alias".to_owned()),
    ];
    for reply in replies {
        let place = format!("{reply:?}");
        add(
            "reply changed",
            &place,
            Box::new(move |operation| operation.reply = reply.clone()),
        );
    }
    mutants.push(Mutant::new(
        slice,
        "operation dropped",
        id,
        move |facts: &mut ContractFacts| {
            facts.operations.remove(number);
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "operation repeated",
        id,
        move |facts: &mut ContractFacts| {
            let again = facts.operations[number].clone();
            facts.operations.push(again);
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "operation added",
        id,
        move |facts: &mut ContractFacts| {
            let mut again = facts.operations[number].clone();
            again.id.push_str("Again");
            again.path.push_str("/again");
            facts.operations.push(again);
        },
    ));
}

/// Returns whether a change of an object means anything for parameters: they are no
/// object on the wire, are never null, and have one direction only.
fn is_of_parameters(kind: &str) -> bool {
    !kind.starts_with("additionalProperties")
        && !matches!(
            kind,
            "null flipped"
                | "object nullable"
                | "properties limited"
                | "type deprecated"
                | "type readOnly"
                | "type writeOnly"
                | "properties dropped altogether"
        )
}
