//! The facts that statements of an API can differ in. A waiver names one.

/// The aspect of what a single statement says and no other could match.
pub const STATEMENT: &str = "statement";

/// The aspect of how an rpc is bound to HTTP, where the translation knows no such binding.
pub const BINDING: &str = "binding";

/// The aspect of a field that takes a link to the next page.
pub const NEXT_LINK: &str = "next-link";

/// Every aspect, and what is compared under this name.
pub const ASPECTS: [(&str, &str); 29] = [
    ("authenticated", "whether an operation needs a token"),
    ("base-path", "the path that all others are below"),
    (
        BINDING,
        "an rpc without a path or with several, a PATCH without an `update_mask`",
    ),
    ("body", "what the body of a request is"),
    ("body-required", "whether there has to be a body"),
    ("content-types", "the types of a file that is sent"),
    ("deprecated", "whether something is marked so"),
    ("enum-name", "the name of an enum"),
    ("failures", "the errors of an operation"),
    ("group", "which operations are in one service or tag"),
    ("headers", "the headers of an operation"),
    ("method", "the verb"),
    ("name", "the name of a type"),
    (
        NEXT_LINK,
        "a field that takes the parameter of the next page, and is of another type",
    ),
    ("null", "whether null is allowed"),
    ("paged", "whether a list has pages"),
    ("path", "the path"),
    (
        "presence",
        "an operation, a parameter, a type or a property that one side lacks",
    ),
    ("read-only", "whether only replies have a property"),
    ("reply", "what the reply is"),
    ("required", "whether something has to be given"),
    ("rules", "what else a schema says"),
    (
        STATEMENT,
        "what a side says and no comparison could be made of",
    ),
    ("status", "the status of success"),
    ("tag", "the tag of an operation"),
    ("type", "the type of a value"),
    (
        "undeclared",
        "what becomes of properties that are not declared",
    ),
    ("values", "the values of an enum"),
    ("write-only", "whether only requests have a property"),
];

/// Returns whether there is such an aspect.
pub fn is_known(name: &str) -> bool {
    ASPECTS.iter().any(|(known, _)| *known == name)
}
