//! The identifiers of changes, and how bad each is.
//!
//! A change of a schema gets its identifier from where it is and what it is:
//! `request-property` and `max-decreased`. Its level follows from what it does
//! to the admitted values: a request may only admit more, a response only
//! less. Identifiers are those of oasdiff where the meaning is the same.

mod kinds;
mod operations;

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) use self::kinds::KINDS;
pub(super) use self::operations::OPERATIONS;
use super::compare::Effect;
use crate::report::{Direction, Level};

/// Where a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Body,
    Parameter,
    Header,
}

pub(super) fn id(part: Part, direction: Direction, kind: &str, whole: bool) -> String {
    use Direction::{Request, Response};
    let property = match (part, direction) {
        (Part::Body, Request) => "request-property",
        (Part::Body, Response) => "response-property",
        (Part::Parameter, _) => "request-parameter-property",
        (Part::Header, _) => "response-header-property",
    };
    let prefix = match (part, direction) {
        _ if !whole => property,
        (Part::Body, Request) => "request-body",
        (Part::Body, Response) => "response-body",
        (Part::Parameter, _) => "request-parameter",
        (Part::Header, _) => "response-header",
    };
    match (kind, part, direction) {
        (
            "required-property-removed"
            | "optional-property-removed"
            | "required-property-added"
            | "optional-property-added",
            Part::Body,
            Response,
        ) => format!("response-{kind}"),
        ("required-property-removed" | "optional-property-removed", ..) => {
            format!("{property}-removed")
        }
        ("required-property-added", ..) => format!("new-required-{property}"),
        ("optional-property-added", ..) => format!("new-optional-{property}"),
        ("property-became-required", ..) => format!("{property}-became-required"),
        ("property-became-optional", ..) => format!("{property}-became-optional"),
        ("type-specialized", _, Request) => format!("{prefix}-type-changed"),
        _ => format!("{prefix}-{kind}"),
    }
}

/// The level that a change has unless the user says otherwise.
pub(super) fn level(direction: Direction, kind: &str, effect: Effect) -> Level {
    let by_law = match (effect, direction) {
        (Effect::None, _) => Level::Info,
        (Effect::Widens, Direction::Request) | (Effect::Narrows, Direction::Response) => {
            Level::Info
        }
        _ => Level::Error,
    };
    match (kind, direction) {
        // A request that leaves the value out is as valid as ever, but asks for
        // something else.
        ("default-value-changed", Direction::Request) => Level::Error,
        ("default-value-removed", Direction::Request)
        // Only the two parties know what an unknown format rules out.
        | ("discriminator-removed" | "format-changed", _) => Level::Warning,
        _ => by_law,
    }
}
/// Every identifier, with its usual level and what it means. A few changes of
/// schemas are judged by their effect in the case at hand and can differ.
pub fn all() -> BTreeMap<String, (Level, &'static str)> {
    let mut all: BTreeMap<String, (Level, &'static str)> = BTreeMap::new();
    for (part, direction) in [
        (Part::Body, Direction::Request),
        (Part::Parameter, Direction::Request),
        (Part::Body, Direction::Response),
        (Part::Header, Direction::Response),
    ] {
        for (kind, effect, meaning) in KINDS {
            let level = level(direction, kind, *effect);
            for whole in [true, false] {
                let entry = all
                    .entry(id(part, direction, kind, whole))
                    .or_insert((level, meaning));
                entry.0 = entry.0.max(level);
            }
        }
    }
    for (id, level, meaning) in OPERATIONS {
        all.insert((*id).to_owned(), (*level, meaning));
    }
    all
}

/// The table of identifiers in docs/changes.md.
pub fn table() -> String {
    let mut out = String::from(
        "# Changes that `web1on1 contract diff` tells apart\n\n\
         The level is the usual one; where the values themselves decide it, the report says what\n\
         holds in the case at hand. `--level ID=LEVEL` overrides it. This file is generated:\n\
         `UPDATE=1 cargo test -p web1on1-conformance --test changes`.\n\n\
         | id | level | meaning |\n|---|---|---|\n",
    );
    for (id, (level, meaning)) in all() {
        let _ = writeln!(out, "| `{id}` | {level} | {meaning} |");
    }
    out
}
