//! The changes outside schemas.

use crate::level::Level;

/// Declares the changes outside schemas: the name in Rust, the identifier, the level
/// and what the change means.
macro_rules! operation_rules {
    ($($rule:ident = $id:literal, $level:ident, $meaning:literal;)+) => {
        /// What has changed outside schemas.
        #[allow(clippy::doc_markdown, reason = "the meanings are prose for people")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum OperationRule {
            $(#[doc = $meaning]
            $rule,)+
        }

        impl OperationRule {
            /// Every one of them, by identifier.
            pub const ALL: &[Self] = &[$(Self::$rule,)+];

            /// The identifier.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$rule => $id,)+ }
            }

            /// The level unless the user says otherwise.
            pub const fn level(self) -> Level {
                match self { $(Self::$rule => Level::$level,)+ }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$rule => $meaning,)+ }
            }
        }
    };
}

operation_rules! {
    ApiAnonymousAccessRemoved = "api-anonymous-access-removed", Error, "an operation that was open now needs credentials";
    ApiOperationIdAdded = "api-operation-id-added", Info, "an operation got an id";
    ApiOperationIdRemoved = "api-operation-id-removed", Warning, "the id of an operation is gone or another";
    ApiOperationIdReused = "api-operation-id-reused", Error, "an id is now that of another operation";
    ApiPathRemovedBeforeSunset = "api-path-removed-before-sunset", Error, "a path is gone before its sunset";
    ApiPathRemovedWithDeprecation = "api-path-removed-with-deprecation", Info, "a deprecated path is gone after its sunset";
    ApiPathRemovedWithoutDeprecation = "api-path-removed-without-deprecation", Error, "a path is gone";
    ApiRemovedBeforeSunset = "api-removed-before-sunset", Error, "an operation is gone before its sunset";
    ApiRemovedWithDeprecation = "api-removed-with-deprecation", Info, "a deprecated operation is gone after its sunset";
    ApiRemovedWithoutDeprecation = "api-removed-without-deprecation", Error, "an operation is gone";
    ApiRemovedWithoutSunset = "api-removed-without-sunset", Error, "a deprecated operation that named no sunset is gone";
    ApiSchemaRemoved = "api-schema-removed", Info, "a named schema is gone; what used it is judged where it was used";
    ApiSecurityAdded = "api-security-added", Info, "there is another way to authenticate";
    ApiSecurityComponentOauthFlowRemoved = "api-security-component-oauth-flow-removed", Error, "an OAuth 2 flow is gone";
    ApiSecurityComponentOauthScopeAdded = "api-security-component-oauth-scope-added", Info, "an OAuth 2 flow offers another scope";
    ApiSecurityComponentOauthScopeRemoved = "api-security-component-oauth-scope-removed", Error, "an OAuth 2 flow no longer offers a scope";
    ApiSecurityComponentOauthTokenUrlChanged = "api-security-component-oauth-token-url-changed", Error, "tokens come from another address";
    ApiSecurityComponentOauthUrlChanged = "api-security-component-oauth-url-changed", Error, "clients are authorized at another address";
    ApiSecurityComponentOpenIdUrlChanged = "api-security-component-open-id-url-changed", Error, "OpenID Connect is described at another address";
    ApiSecurityRemoved = "api-security-removed", Error, "a way to authenticate is gone";
    ApiSecurityScopeAdded = "api-security-scope-added", Error, "a way to authenticate needs more scopes";
    ApiSecurityScopeRemoved = "api-security-scope-removed", Info, "a way to authenticate needs fewer scopes";
    ApiServerAdded = "api-server-added", Info, "there is another server";
    ApiServerRemoved = "api-server-removed", Error, "one of several servers is gone";
    ApiServersReplaced = "api-servers-replaced", Error, "none of the old servers is left";
    ApiStabilityDecreased = "api-stability-decreased", Error, "an operation is less stable than was promised";
    ApiStabilityIncreased = "api-stability-increased", Info, "an operation is more stable";
    ApiSunsetDateChangedTooSmall = "api-sunset-date-changed-too-small", Warning, "a sunset was moved forward";
    ApiTagAdded = "api-tag-added", Info, "an operation got a tag";
    ApiTagRemoved = "api-tag-removed", Info, "an operation lost a tag";
    CallbackAdded = "callback-added", Info, "there is another callback";
    CallbackRemoved = "callback-removed", Error, "a callback is gone";
    EndpointAdded = "endpoint-added", Info, "an operation is new";
    EndpointDeprecated = "endpoint-deprecated", Info, "an operation is deprecated";
    EndpointReactivated = "endpoint-reactivated", Info, "an operation is no longer deprecated";
    NewOptionalRequestParameter = "new-optional-request-parameter", Info, "an optional parameter is new";
    NewRequestPathParameter = "new-request-path-parameter", Error, "a path parameter is new";
    NewRequiredRequestParameter = "new-required-request-parameter", Error, "a required parameter is new";
    OptionalResponseHeaderRemoved = "optional-response-header-removed", Error, "a header that may be sent is gone";
    RequestBodyAddedOptional = "request-body-added-optional", Info, "a request may now have a body";
    RequestBodyAddedRequired = "request-body-added-required", Error, "a request must now have a body";
    RequestBodyBecameOptional = "request-body-became-optional", Info, "the body may be left out";
    RequestBodyBecameRequired = "request-body-became-required", Error, "the body may no longer be left out";
    RequestBodyMediaTypeAdded = "request-body-media-type-added", Info, "another media type is accepted";
    RequestBodyMediaTypeRemoved = "request-body-media-type-removed", Error, "a media type is no longer accepted";
    RequestBodyRemoved = "request-body-removed", Error, "a request can no longer have a body";
    RequestParameterAllowEmptyValueRemoved = "request-parameter-allow-empty-value-removed", Error, "the parameter may no longer be empty";
    RequestParameterBecameList = "request-parameter-became-list", Warning, "texts with a separator in them are now read as several values";
    RequestParameterBecameNotAllowReserved = "request-parameter-became-not-allow-reserved", Error, "reserved characters must now be encoded";
    RequestParameterBecameOptional = "request-parameter-became-optional", Info, "a parameter is no longer required";
    RequestParameterBecameRequired = "request-parameter-became-required", Error, "a parameter is now required";
    RequestParameterMoved = "request-parameter-moved", Error, "a parameter is expected in another place";
    RequestParameterRemoved = "request-parameter-removed", Error, "a parameter is gone";
    RequestParameterSerializationChanged = "request-parameter-serialization-changed", Error, "a parameter is written in another way";
    RequiredResponseHeaderRemoved = "required-response-header-removed", Error, "a header that is always sent is gone";
    ResponseBodyEncodingChanged = "response-body-encoding-changed", Error, "a part of a response body is written in another way";
    ResponseHeaderAdded = "response-header-added", Info, "another header is sent";
    ResponseHeaderBecameOptional = "response-header-became-optional", Error, "a header may be missing";
    ResponseHeaderBecameRequired = "response-header-became-required", Info, "a header is always sent";
    ResponseHeaderSerializationChanged = "response-header-serialization-changed", Error, "a header is written in another way";
    ResponseLinkAdded = "response-link-added", Info, "there is another link";
    ResponseLinkChanged = "response-link-changed", Warning, "a link leads elsewhere";
    ResponseLinkRemoved = "response-link-removed", Error, "a link is gone";
    ResponseMediaTypeAdded = "response-media-type-added", Info, "there is another media type";
    ResponseMediaTypeNameGeneralized = "response-media-type-name-generalized", Error, "the media type is no longer certain";
    ResponseMediaTypeNameSpecialized = "response-media-type-name-specialized", Info, "the media type is more certain";
    ResponseMediaTypeRemoved = "response-media-type-removed", Error, "a media type is gone";
    ResponseNonSuccessStatusAdded = "response-non-success-status-added", Info, "there is another error status";
    ResponseNonSuccessStatusRemoved = "response-non-success-status-removed", Info, "an error status is gone";
    ResponseSuccessStatusAdded = "response-success-status-added", Info, "there is another success status";
    ResponseSuccessStatusGeneralized = "response-success-status-generalized", Warning, "a success status is now a range of them";
    ResponseSuccessStatusRemoved = "response-success-status-removed", Error, "a success status is gone";
    SunsetDeleted = "sunset-deleted", Warning, "a deprecated operation no longer names its sunset";
    WebhookAdded = "webhook-added", Info, "there is another webhook";
    WebhookMediaTypeAdded = "webhook-media-type-added", Error, "a request that the server sends may have another media type";
    WebhookMediaTypeRemoved = "webhook-media-type-removed", Info, "a request that the server sends no longer has a media type";
    WebhookRemoved = "webhook-removed", Error, "a webhook is gone";
}
