//! The changes outside schemas, as data.

use crate::report::Level;

/// Changes outside schemas.
pub(in crate::diff) const OPERATIONS: &[(&str, Level, &str)] = {
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
            Error,
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
        (
            "api-security-component-oauth-flow-removed",
            Error,
            "an OAuth 2 flow is gone",
        ),
        (
            "api-security-component-oauth-token-url-changed",
            Error,
            "tokens come from another address",
        ),
        (
            "api-security-component-oauth-url-changed",
            Error,
            "clients are authorized at another address",
        ),
        (
            "api-security-component-open-id-url-changed",
            Error,
            "OpenID Connect is described at another address",
        ),
        ("api-server-added", Info, "there is another server"),
        (
            "api-server-removed",
            Error,
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
            Error,
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
            Error,
            "the parameter may no longer be empty",
        ),
        (
            "request-parameter-allow-reserved-removed",
            Error,
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
        ("request-parameter-removed", Error, "a parameter is gone"),
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
        ("response-link-added", Info, "there is another link"),
        ("response-link-removed", Error, "a link is gone"),
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
            "response-success-status-generalized",
            Warning,
            "a success status is now a range of them",
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
