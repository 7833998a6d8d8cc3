//! The kinds of changes of a schema, as data.

use crate::diff::compare::Effect;

/// Every kind of change of a schema, and what it does to the admitted values.
pub(in crate::diff) const KINDS: &[(&str, Effect, &str)] = {
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
            Narrows,
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
            "discriminator-mapping-changed",
            Incomparable,
            "a value selects another alternative",
        ),
        (
            "discriminator-mapping-deleted",
            Narrows,
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
        (
            "not-compared",
            Unknown,
            "unions or extensions are too involved to be compared",
        ),
        ("not-removed", Widens, "fewer values are ruled out"),
        ("one-of-added", Widens, "there is another alternative"),
        (
            "one-of-became-any-of",
            Widens,
            "several alternatives may match, where exactly one had to",
        ),
        (
            "one-of-changed",
            Unknown,
            "a union whose alternatives cannot be told apart changed",
        ),
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
        ("unique-items-set", Narrows, "elements must now differ"),
        (
            "unique-items-unset",
            Widens,
            "elements need no longer differ",
        ),
    ]
};
