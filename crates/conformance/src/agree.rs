//! Whether two statements of the API say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::api::{Api, Body, Kind, Operation, Property, Shape, Type};

/// One difference between the protos and the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about, by a name that stays: an operation, `operation?parameter`
    /// or `Type.property`.
    pub subject: String,
    /// What differs, where on both sides, and what to do.
    pub message: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

/// Compares the protos with the contract and returns every difference.
#[must_use]
pub fn agree(proto: &Api, contract: &Api) -> Vec<Difference> {
    let mut comparison = Comparison {
        proto,
        contract,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    comparison.operations();
    comparison.found
}

struct Comparison<'a> {
    proto: &'a Api,
    contract: &'a Api,
    /// Pairs of types that have been compared.
    seen: BTreeSet<(&'a str, &'a str)>,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    fn report(&mut self, subject: impl Into<String>, message: String) {
        self.found.push(Difference {
            subject: subject.into(),
            message,
        });
    }

    fn operations(&mut self) {
        let (proto, contract) = (self.proto, self.contract);
        for (id, stated) in &proto.operations {
            match contract.operations.get(id) {
                Some(other) => self.operation(id, stated, other),
                None => self.report(
                    id,
                    format!(
                        "the rpc at {} has no operation {id:?} in the catalogue of the contract",
                        stated.place
                    ),
                ),
            }
        }
        for (id, stated) in &contract.operations {
            if !proto.operations.contains_key(id) {
                let message = format!("{} has no rpc of that name in the protos", stated.place);
                self.report(id, message);
            }
        }
    }

    fn operation(&mut self, id: &str, proto: &'a Operation, contract: &'a Operation) {
        let places = format!("{} and {}", proto.place, contract.place);
        let mut differ = |what: &str, proto: &dyn fmt::Display, contract: &dyn fmt::Display| {
            let message =
                format!("{what} is {proto} in the proto, {contract} in the contract ({places})");
            self.report(id, message);
        };
        if proto.method != contract.method {
            differ("the method", &proto.method, &contract.method);
        }
        if proto.path != contract.path {
            differ("the path", &proto.path, &contract.path);
        }
        match (&proto.body, &contract.body) {
            (Body::Json(one), Body::Json(other)) => {
                self.shapes(id, "the body", one, other, &places);
            }
            (one, other) if one != other => differ("the body", one, other),
            _ => {}
        }
        match (&proto.reply, &contract.reply) {
            (Some(one), Some(other)) => self.shapes(id, "the reply", one, other, &places),
            (None, None) => {}
            _ => self.report(id, format!("only one of {places} has a reply with a body")),
        }
        self.properties(
            &format!("{id}?"),
            &proto.place,
            &proto.query,
            &contract.place,
            &contract.query,
        );
    }

    fn types(&mut self, proto_name: &'a str, contract_name: &'a str) {
        if !self.seen.insert((proto_name, contract_name)) {
            return;
        }
        let (proto, contract) = (self.proto, self.contract);
        let (Some(message), Some(schema)) = (
            proto.types.get(proto_name),
            contract.types.get(contract_name),
        ) else {
            let message = format!(
                "there is no pair of message {proto_name} and type {contract_name} to compare"
            );
            self.report(contract_name, message);
            return;
        };
        if message.open != schema.open {
            let (open, closed) = if message.open {
                (&message.place, &schema.place)
            } else {
                (&schema.place, &message.place)
            };
            let message = format!("{open} keeps undeclared properties, {closed} does not");
            self.report(contract_name, message);
        }
        let Type {
            place, properties, ..
        } = message;
        self.properties(
            &format!("{contract_name}."),
            place,
            properties,
            &schema.place,
            &schema.properties,
        );
    }

    fn properties(
        &mut self,
        prefix: &str,
        proto_place: &str,
        proto: &'a BTreeMap<String, Property>,
        contract_place: &str,
        contract: &'a BTreeMap<String, Property>,
    ) {
        for (name, stated) in proto {
            let subject = format!("{prefix}{name}");
            match contract.get(name) {
                Some(other) => self.property(&subject, stated, other),
                None => self.report(
                    subject,
                    format!(
                        "the field at {} has no counterpart in {contract_place}",
                        stated.place
                    ),
                ),
            }
        }
        for (name, stated) in contract {
            if !proto.contains_key(name) {
                let message = format!(
                    "{} has no field with this JSON name at {proto_place}",
                    stated.place
                );
                self.report(format!("{prefix}{name}"), message);
            }
        }
    }

    fn shapes(
        &mut self,
        subject: &str,
        what: &str,
        proto: &'a Shape,
        contract: &'a Shape,
        places: &str,
    ) {
        let unlike = |one: &Shape, other: &Shape| {
            one.list != other.list || one.null_elements != other.null_elements
        };
        let kinds_differ = match (&proto.kind, &contract.kind) {
            (Kind::Object(message), Kind::Object(name)) => {
                self.types(message, name);
                // The request message itself may be the body, under its own name.
                message != name && !message.ends_with("Request")
            }
            (one, other) => one != other,
        };
        if kinds_differ || unlike(proto, contract) {
            let message =
                format!("{what} is {proto} in the proto, {contract} in the contract ({places})");
            self.report(subject, message);
        }
    }

    fn property(&mut self, subject: &str, proto: &'a Property, contract: &'a Property) {
        let places = format!("{} and {}", proto.place, contract.place);
        self.shapes(subject, "it", &proto.shape, &contract.shape, &places);
        for (what, one, other) in [
            ("required", proto.required, contract.required),
            (
                "read-only (OUTPUT_ONLY)",
                proto.read_only,
                contract.read_only,
            ),
            (
                "write-only (INPUT_ONLY)",
                proto.write_only,
                contract.write_only,
            ),
        ] {
            if one != other {
                let (is, is_not) = if one {
                    (&proto.place, &contract.place)
                } else {
                    (&contract.place, &proto.place)
                };
                self.report(subject, format!("is {what} at {is}, but not at {is_not}"));
            }
        }
    }
}
