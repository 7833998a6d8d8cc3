//! The identifiers of changes, and how bad each is.
//!
//! A change of a schema gets its identifier from where it is and what it is:
//! `request-property` and `max-decreased`. Its level follows from what it does
//! to the admitted values: a request may only admit more, a response only
//! less. Identifiers are those of oasdiff where the meaning is the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::compare::Effect;
use crate::report::{Direction, Level};

/// Where a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        (Effect::Unknown, _) => Level::Warning,
        _ => Level::Error,
    };
    match (kind, direction) {
        // Clients are widely advised to bear values that they do not know; and
        // requests that leave out what has another default are as valid as ever.
        ("enum-value-added", Direction::Response)
        | ("default-value-changed", Direction::Request) => Level::Warning,
        _ => by_law,
    }
}

/// Every kind of change of a schema, and what it does to the admitted values.
pub(super) const KINDS: &[(&str, Effect, &str)] = {
    use Effect::{Incomparable, Narrows, None, Unknown, Widens};
    &[
        (
            "additional-properties-allowed",
            Widens,
            "undeclared properties may now occur",
        ),
        (
            "additional-properties-forbidden",
            Narrows,
            "undeclared properties may no longer occur",
        ),
        (
            "any-of-became-one-of",
            Unknown,
            "exactly one alternative must match, where any number could",
        ),
        ("became-enum", Narrows, "only listed values are left"),
        ("became-impossible", Narrows, "no value is valid any more"),
        ("became-not-enum", Widens, "values are no longer listed"),
        ("became-not-nullable", Narrows, "null is no longer valid"),
        ("became-nullable", Widens, "null is now valid"),
        (
            "became-possible",
            Widens,
            "no value was valid, and some are now",
        ),
        ("contains-added", Narrows, "a list must contain something"),
        (
            "contains-changed",
            Unknown,
            "a list must contain something else",
        ),
        (
            "contains-removed",
            Widens,
            "a list need no longer contain something",
        ),
        ("content-encoding-added", Narrows, "text must be encoded"),
        (
            "content-encoding-changed",
            Unknown,
            "text must be encoded in another way",
        ),
        (
            "content-encoding-removed",
            Widens,
            "text need no longer be encoded",
        ),
        (
            "content-media-type-added",
            Narrows,
            "text must be of a media type",
        ),
        (
            "content-media-type-changed",
            Unknown,
            "text must be of another media type",
        ),
        (
            "content-media-type-removed",
            Widens,
            "text need no longer be of a media type",
        ),
        ("default-value-added", None, "there is now a default"),
        ("default-value-changed", None, "the default is another"),
        (
            "default-value-removed",
            None,
            "there is no default any more",
        ),
        (
            "dependent-required-added",
            Narrows,
            "a property demands others",
        ),
        (
            "dependent-required-changed",
            Unknown,
            "a property demands different others",
        ),
        (
            "dependent-required-removed",
            Widens,
            "a property no longer demands others",
        ),
        (
            "dependent-schema-added",
            Narrows,
            "a property demands a schema",
        ),
        (
            "dependent-schema-changed",
            Unknown,
            "a property demands a different schema",
        ),
        (
            "dependent-schema-removed",
            Widens,
            "a property no longer demands a schema",
        ),
        ("deprecated", None, "it is deprecated"),
        (
            "discriminator-added",
            None,
            "alternatives are told apart by a property",
        ),
        (
            "discriminator-mapping-added",
            None,
            "another value selects an alternative",
        ),
        (
            "discriminator-mapping-deleted",
            None,
            "a value no longer selects an alternative",
        ),
        (
            "discriminator-property-name-changed",
            Unknown,
            "another property tells alternatives apart",
        ),
        (
            "discriminator-removed",
            None,
            "alternatives are no longer told apart by a property",
        ),
        (
            "dynamic-ref-added",
            Narrows,
            "a dynamic reference was added",
        ),
        (
            "dynamic-ref-changed",
            Unknown,
            "a dynamic reference changed",
        ),
        (
            "dynamic-ref-removed",
            Widens,
            "a dynamic reference was removed",
        ),
        ("enum-value-added", Widens, "another listed value is valid"),
        (
            "enum-value-removed",
            Narrows,
            "a listed value is no longer valid",
        ),
        (
            "exclusive-max-decreased",
            Narrows,
            "the excluded upper bound went down",
        ),
        (
            "exclusive-max-increased",
            Widens,
            "the excluded upper bound went up",
        ),
        (
            "exclusive-max-set",
            Narrows,
            "there is now an excluded upper bound",
        ),
        (
            "exclusive-max-unset",
            Widens,
            "the excluded upper bound is gone",
        ),
        (
            "exclusive-min-decreased",
            Widens,
            "the excluded lower bound went down",
        ),
        (
            "exclusive-min-increased",
            Narrows,
            "the excluded lower bound went up",
        ),
        (
            "exclusive-min-set",
            Narrows,
            "there is now an excluded lower bound",
        ),
        (
            "exclusive-min-unset",
            Widens,
            "the excluded lower bound is gone",
        ),
        (
            "format-changed",
            Unknown,
            "a format that only the parties know changed",
        ),
        ("if-added", Narrows, "a condition was added"),
        ("if-changed", Unknown, "a condition changed"),
        ("if-removed", Widens, "a condition was removed"),
        (
            "max-contains-changed",
            Unknown,
            "how often a list may contain something changed",
        ),
        (
            "max-contains-decreased",
            Narrows,
            "a list may contain something less often",
        ),
        (
            "max-contains-increased",
            Widens,
            "a list may contain something more often",
        ),
        ("max-decreased", Narrows, "the upper bound went down"),
        ("max-increased", Widens, "the upper bound went up"),
        ("max-items-decreased", Narrows, "fewer elements are valid"),
        ("max-items-increased", Widens, "more elements are valid"),
        (
            "max-items-set",
            Narrows,
            "the number of elements is now limited",
        ),
        (
            "max-items-unset",
            Widens,
            "the number of elements is no longer limited",
        ),
        (
            "max-length-decreased",
            Narrows,
            "only shorter texts are valid",
        ),
        ("max-length-increased", Widens, "longer texts are valid"),
        ("max-length-set", Narrows, "the length is now limited"),
        (
            "max-length-unset",
            Widens,
            "the length is no longer limited",
        ),
        (
            "max-properties-decreased",
            Narrows,
            "fewer properties are valid",
        ),
        (
            "max-properties-increased",
            Widens,
            "more properties are valid",
        ),
        (
            "max-properties-set",
            Narrows,
            "the number of properties is now limited",
        ),
        (
            "max-properties-unset",
            Widens,
            "the number of properties is no longer limited",
        ),
        ("max-set", Narrows, "there is now an upper bound"),
        ("max-unset", Widens, "the upper bound is gone"),
        (
            "min-contains-changed",
            Unknown,
            "how often a list must contain something changed",
        ),
        (
            "min-contains-decreased",
            Widens,
            "a list must contain something less often",
        ),
        (
            "min-contains-increased",
            Narrows,
            "a list must contain something more often",
        ),
        ("min-decreased", Widens, "the lower bound went down"),
        ("min-increased", Narrows, "the lower bound went up"),
        ("min-items-decreased", Widens, "fewer elements are valid"),
        ("min-items-increased", Narrows, "more elements are needed"),
        ("min-items-set", Narrows, "elements are now needed"),
        ("min-items-unset", Widens, "no elements are needed any more"),
        ("min-length-decreased", Widens, "shorter texts are valid"),
        (
            "min-length-increased",
            Narrows,
            "only longer texts are valid",
        ),
        ("min-length-set", Narrows, "there is now a least length"),
        (
            "min-length-unset",
            Widens,
            "there is no least length any more",
        ),
        (
            "min-properties-decreased",
            Widens,
            "fewer properties are valid",
        ),
        (
            "min-properties-increased",
            Narrows,
            "more properties are needed",
        ),
        ("min-properties-set", Narrows, "properties are now needed"),
        (
            "min-properties-unset",
            Widens,
            "no properties are needed any more",
        ),
        ("min-set", Narrows, "there is now a lower bound"),
        ("min-unset", Widens, "the lower bound is gone"),
        (
            "multiple-of-changed",
            Incomparable,
            "it must be a multiple of something else",
        ),
        ("multiple-of-set", Narrows, "it must now be a multiple"),
        (
            "multiple-of-unset",
            Widens,
            "it need no longer be a multiple",
        ),
        ("not-added", Narrows, "more values are ruled out"),
        ("not-changed", Incomparable, "other values are ruled out"),
        ("not-compared", Unknown, "nested too deeply to be compared"),
        ("not-removed", Widens, "fewer values are ruled out"),
        ("one-of-added", Widens, "there is another alternative"),
        ("one-of-changed", Unknown, "a very large union changed"),
        ("one-of-removed", Narrows, "an alternative is gone"),
        (
            "optional-property-added",
            None,
            "an optional property is new",
        ),
        (
            "optional-property-removed",
            Unknown,
            "an optional property is gone",
        ),
        ("pattern-added", Narrows, "text must now match a pattern"),
        (
            "pattern-changed",
            Unknown,
            "text must match a pattern that cannot be compared",
        ),
        (
            "pattern-generalized",
            Widens,
            "text must match a pattern that is wider",
        ),
        (
            "pattern-properties-added",
            Narrows,
            "properties of certain names have a schema",
        ),
        (
            "pattern-properties-removed",
            Widens,
            "properties of certain names no longer have a schema",
        ),
        (
            "pattern-removed",
            Widens,
            "text need no longer match a pattern",
        ),
        (
            "pattern-replaced",
            Incomparable,
            "text must match another pattern",
        ),
        (
            "pattern-specialized",
            Narrows,
            "text must match a pattern that is narrower",
        ),
        (
            "property-became-optional",
            Widens,
            "a property is no longer required",
        ),
        (
            "property-became-required",
            Narrows,
            "a property is now required",
        ),
        (
            "property-names-added",
            Narrows,
            "names of properties now have a schema",
        ),
        (
            "property-names-changed",
            Unknown,
            "names of properties have another schema",
        ),
        (
            "property-names-removed",
            Widens,
            "names of properties no longer have a schema",
        ),
        ("reactivated", None, "it is no longer deprecated"),
        (
            "required-property-added",
            Narrows,
            "a required property is new",
        ),
        (
            "required-property-removed",
            Widens,
            "a required property is gone",
        ),
        (
            "type-changed",
            Incomparable,
            "the type or format is another",
        ),
        ("type-generalized", Widens, "the type or format admits more"),
        (
            "type-specialized",
            Narrows,
            "the type or format admits less",
        ),
        (
            "unevaluated-items-added",
            Narrows,
            "further elements now have a schema",
        ),
        (
            "unevaluated-items-changed",
            Unknown,
            "further elements have another schema",
        ),
        (
            "unevaluated-items-removed",
            Widens,
            "further elements no longer have a schema",
        ),
        ("unique-items-set", Narrows, "elements must now differ"),
        (
            "unique-items-unset",
            Widens,
            "elements need no longer differ",
        ),
    ]
};

/// Changes outside schemas.
pub(super) const OPERATIONS: &[(&str, Level, &str)] = {
    use Level::{Error, Info, Warning};
    &[
        (
            "api-anonymous-access-removed",
            Error,
            "an operation that was open now needs credentials",
        ),
        ("api-operation-id-added", Info, "an operation got an id"),
        (
            "api-operation-id-removed",
            Info,
            "the id of an operation is gone or another",
        ),
        (
            "api-path-removed-before-sunset",
            Error,
            "a path is gone before its sunset",
        ),
        (
            "api-path-removed-with-deprecation",
            Info,
            "a deprecated path is gone after its sunset",
        ),
        (
            "api-path-removed-without-deprecation",
            Error,
            "a path is gone",
        ),
        (
            "api-removed-before-sunset",
            Error,
            "an operation is gone before its sunset",
        ),
        (
            "api-removed-with-deprecation",
            Info,
            "a deprecated operation is gone after its sunset",
        ),
        (
            "api-removed-without-deprecation",
            Error,
            "an operation is gone",
        ),
        (
            "api-removed-without-sunset",
            Warning,
            "a deprecated operation that named no sunset is gone",
        ),
        (
            "api-schema-removed",
            Info,
            "a named schema is gone; what used it is judged where it was used",
        ),
        (
            "api-security-added",
            Info,
            "there is another way to authenticate",
        ),
        (
            "api-security-removed",
            Error,
            "a way to authenticate is gone",
        ),
        (
            "api-security-scope-added",
            Error,
            "a way to authenticate needs more scopes",
        ),
        (
            "api-security-scope-removed",
            Info,
            "a way to authenticate needs fewer scopes",
        ),
        ("api-server-added", Info, "there is another server"),
        (
            "api-server-removed",
            Warning,
            "one of several servers is gone",
        ),
        (
            "api-servers-replaced",
            Error,
            "none of the old servers is left",
        ),
        (
            "api-sunset-date-changed-too-small",
            Warning,
            "a sunset was moved forward",
        ),
        ("api-tag-added", Info, "an operation got a tag"),
        ("api-tag-removed", Info, "an operation lost a tag"),
        ("callback-added", Info, "there is another callback"),
        ("callback-removed", Error, "a callback is gone"),
        ("endpoint-added", Info, "an operation is new"),
        ("endpoint-deprecated", Info, "an operation is deprecated"),
        (
            "endpoint-reactivated",
            Info,
            "an operation is no longer deprecated",
        ),
        (
            "new-optional-request-parameter",
            Info,
            "an optional parameter is new",
        ),
        (
            "new-request-path-parameter",
            Error,
            "a path parameter is new",
        ),
        (
            "new-required-request-parameter",
            Error,
            "a required parameter is new",
        ),
        (
            "optional-response-header-removed",
            Warning,
            "a header that may be sent is gone",
        ),
        (
            "request-body-added-optional",
            Info,
            "a request may now have a body",
        ),
        (
            "request-body-added-required",
            Error,
            "a request must now have a body",
        ),
        (
            "request-body-became-optional",
            Info,
            "the body may be left out",
        ),
        (
            "request-body-became-required",
            Error,
            "the body may no longer be left out",
        ),
        (
            "request-body-media-type-added",
            Info,
            "another media type is accepted",
        ),
        (
            "request-body-media-type-removed",
            Error,
            "a media type is no longer accepted",
        ),
        (
            "request-body-removed",
            Error,
            "a request can no longer have a body",
        ),
        (
            "request-parameter-allow-empty-value-removed",
            Warning,
            "the parameter may no longer be empty",
        ),
        (
            "request-parameter-allow-reserved-removed",
            Warning,
            "reserved characters must now be encoded",
        ),
        (
            "request-parameter-became-optional",
            Info,
            "a parameter is no longer required",
        ),
        (
            "request-parameter-became-required",
            Error,
            "a parameter is now required",
        ),
        (
            "request-parameter-moved",
            Error,
            "a parameter is expected in another place",
        ),
        ("request-parameter-removed", Warning, "a parameter is gone"),
        (
            "request-parameter-serialization-changed",
            Error,
            "a parameter is written in another way",
        ),
        (
            "required-response-header-removed",
            Error,
            "a header that is always sent is gone",
        ),
        ("response-header-added", Info, "another header is sent"),
        (
            "response-header-became-optional",
            Error,
            "a header may be missing",
        ),
        (
            "response-header-became-required",
            Info,
            "a header is always sent",
        ),
        (
            "response-media-type-added",
            Info,
            "there is another media type",
        ),
        (
            "response-media-type-name-generalized",
            Error,
            "the media type is no longer certain",
        ),
        (
            "response-media-type-name-specialized",
            Info,
            "the media type is more certain",
        ),
        ("response-media-type-removed", Error, "a media type is gone"),
        (
            "response-non-success-status-added",
            Info,
            "there is another error status",
        ),
        (
            "response-non-success-status-removed",
            Info,
            "an error status is gone",
        ),
        (
            "response-success-status-added",
            Info,
            "there is another success status",
        ),
        (
            "response-success-status-removed",
            Error,
            "a success status is gone",
        ),
        (
            "sunset-deleted",
            Warning,
            "a deprecated operation no longer names its sunset",
        ),
        ("webhook-added", Info, "there is another webhook"),
        ("webhook-removed", Error, "a webhook is gone"),
    ]
};

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
