//! What a document says that keeps laws from being stated.
//!
//! Laws believe the prose of a document: that a DELETE archives, that a property follows
//! from others, that no client can provoke a status. Whoever writes that down where it is
//! not so silences the law, so a check holds a change of it against the base.

use std::collections::BTreeSet;

use super::document::ApiDocument;
use super::model::{Model, Resource};
use super::operation::{Operation, Reply};

/// A statement that keeps a law from being stated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exemption {
    /// Whose laws: method and path.
    pub operation: String,
    /// What the document says, as the end of a sentence about the operation.
    pub says: String,
}

/// Returns the exemptions of a document, and the names of its operations.
#[must_use]
pub fn exemptions(document: &ApiDocument) -> (BTreeSet<Exemption>, BTreeSet<String>) {
    let model = Model::new(document.clone());
    let mut found = BTreeSet::new();
    let held = model.operations.iter();
    for operation in held.filter(|operation| operation.has_laws()) {
        of_replies(operation, &mut found);
    }
    for resource in &model.resources {
        of_resource(&model, resource, &mut found);
    }
    let names = model.operations.iter().map(name).collect();
    (found, names)
}

fn name(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

fn of_replies(operation: &Operation, found: &mut BTreeSet<Exemption>) {
    for (status, reply) in &operation.replies {
        if reply.unprovoked.is_some() {
            found.insert(Exemption {
                operation: name(operation),
                says: format!("says with `x-unprovoked` that no client can provoke {status}"),
            });
        }
    }
    if !operation.reply(400).is_some_and(Reply::promises_violations) {
        found.insert(Exemption {
            operation: name(operation),
            says: "no longer promises a `BadRequest` with its 400".to_owned(),
        });
    }
}

fn of_resource(model: &Model, resource: &Resource, found: &mut BTreeSet<Exemption>) {
    let writes = [resource.create, resource.patch, resource.put];
    let writes = writes
        .into_iter()
        .filter_map(|write| model.operation(write));
    for write in writes {
        for property in &resource.derived {
            found.insert(Exemption {
                operation: name(write),
                says: format!("says that `{property}` follows from others"),
            });
        }
        for property in &resource.once {
            found.insert(Exemption {
                operation: name(write),
                says: format!("says that `{property}` is shown once"),
            });
        }
    }
    if let Some(delete) = model
        .operation(resource.delete)
        .filter(|_| resource.archives)
    {
        found.insert(Exemption {
            operation: name(delete),
            says: "says that it archives, so that what is deleted can still be read".to_owned(),
        });
    }
}
