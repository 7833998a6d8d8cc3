//! The rules outside schemas.

use std::fmt::Write as _;

use openapi_diff::Rule;
use openapi_diff::rules::OperationRule;
use serde_json::{Value, json};

use super::{found, with};

/// A document whose only operation is this.
fn get(operation: Value) -> Value {
    json!({ "paths": { "/things": { "get": operation } } })
}

fn done() -> Value {
    json!({ "responses": { "204": { "description": "done" } } })
}

/// An operation that has a member more than one without any.
fn get_with(key: &str, value: Value) -> Value {
    get(with(&done(), key, value))
}

fn parameter(place: &str, key: &str, value: Value) -> Value {
    let parameter = json!({ "in": place, "name": "q", "schema": { "type": "array" } });
    get_with("parameters", json!([with(&parameter, key, value)]))
}

fn answers(responses: Value) -> Value {
    get(json!({ "responses": responses }))
}

fn answer(key: &str, value: Value) -> Value {
    answers(json!({ "200": { "description": "", key: value } }))
}

fn body(body: Value) -> Value {
    get_with("requestBody", body)
}

fn secured(requirements: Value, scheme: Value) -> Value {
    let mut document = get_with("security", requirements);
    document["components"] = json!({ "securitySchemes": { "s": scheme } });
    document
}

fn flow(key: &str, value: Value) -> Value {
    let flow = json!({
        "authorizationUrl": "https://a.example/auth",
        "tokenUrl": "https://a.example/token",
        "scopes": { "read": "" },
    });
    let scheme =
        json!({ "type": "oauth2", "flows": { "authorizationCode": with(&flow, key, value) } });
    secured(json!([{ "s": ["read"] }]), scheme)
}

fn called_back(callbacks: Value) -> Value {
    get_with("callbacks", callbacks)
}

fn served(urls: &[&str]) -> Value {
    let servers: Vec<Value> = urls.iter().map(|url| json!({ "url": url })).collect();
    with(&get(done()), "servers", json!(servers))
}

#[expect(
    clippy::too_many_lines,
    reason = "it is a table, one line for each rule"
)]
fn of_operation(rule: OperationRule) -> (Value, Value) {
    use OperationRule as R;
    let plain = || get(done());
    let none = || json!({ "paths": {} });
    let other = || json!({ "paths": { "/things": { "put": done() } } });
    let deprecated =
        |sunset: &str| get(json!({ "deprecated": true, "x-sunset": sunset, "responses": {} }));
    let both = |mut document: Value| {
        document["paths"]["/things"]["put"] = done();
        document
    };
    let stable = |level: &str| get_with("x-stability-level", json!(level));
    let text = || json!({ "text/plain": {} });
    let event = || json!({ "e": { "post": done() } });
    match rule {
        R::ApiAnonymousAccessRemoved => (
            plain(),
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
        ),
        R::ApiOperationIdAdded => (plain(), get_with("operationId", json!("a"))),
        R::ApiOperationIdRemoved => (get_with("operationId", json!("a")), plain()),
        R::ApiOperationIdReused => {
            let named = |get: &str, put: &str| json!({ "paths": { "/things": { "get": { "operationId": get, "responses": {} }, "put": { "operationId": put, "responses": {} } } } });
            (named("a", "b"), named("b", "a"))
        }
        R::ApiPathRemovedBeforeSunset => (deprecated("2030-02-01"), none()),
        R::ApiPathRemovedWithDeprecation => (deprecated("2030-01-01"), none()),
        R::ApiPathRemovedWithoutDeprecation => (plain(), none()),
        R::ApiRemovedBeforeSunset => (both(deprecated("2030-02-01")), other()),
        R::ApiRemovedWithDeprecation => (both(deprecated("2030-01-01")), other()),
        R::ApiRemovedWithoutDeprecation => (both(plain()), other()),
        R::ApiRemovedWithoutSunset => (both(get_with("deprecated", json!(true))), other()),
        R::ApiSchemaRemoved => (
            with(&none(), "components", json!({ "schemas": { "A": {} } })),
            none(),
        ),
        R::ApiSecurityAdded => (
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
            secured(
                json!([{ "s": [] }, {}]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
        ),
        R::ApiSecurityComponentOauthFlowRemoved => (
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "oauth2", "flows": { "implicit": {}, "password": {} } }),
            ),
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "oauth2", "flows": { "implicit": {} } }),
            ),
        ),
        R::ApiSecurityComponentOauthScopeAdded => (
            flow("scopes", json!({ "read": "" })),
            flow("scopes", json!({ "read": "", "write": "" })),
        ),
        R::ApiSecurityComponentOauthScopeRemoved => (
            flow("scopes", json!({ "read": "", "write": "" })),
            flow("scopes", json!({ "read": "" })),
        ),
        R::ApiSecurityComponentOauthTokenUrlChanged => (
            flow("tokenUrl", json!("https://a.example/1")),
            flow("tokenUrl", json!("https://a.example/2")),
        ),
        R::ApiSecurityComponentOauthUrlChanged => (
            flow("authorizationUrl", json!("https://a.example/1")),
            flow("authorizationUrl", json!("https://a.example/2")),
        ),
        R::ApiSecurityComponentOpenIdUrlChanged => {
            let of = |url: &str| {
                secured(
                    json!([{ "s": [] }]),
                    json!({ "type": "openIdConnect", "openIdConnectUrl": url }),
                )
            };
            (of("https://a.example/1"), of("https://a.example/2"))
        }
        R::ApiSecurityRemoved => (
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "bearer" }),
            ),
        ),
        R::ApiSecurityScopeAdded => (flow("x-a", json!(1)), with_scopes(&["read", "write"])),
        R::ApiSecurityScopeRemoved => (with_scopes(&["read", "write"]), with_scopes(&["read"])),
        R::ApiServerAdded => (
            served(&["https://a.example"]),
            served(&["https://a.example", "https://b.example"]),
        ),
        R::ApiServerRemoved => (
            served(&["https://a.example", "https://b.example"]),
            served(&["https://a.example"]),
        ),
        R::ApiServersReplaced => (
            served(&["https://a.example"]),
            served(&["https://b.example"]),
        ),
        R::ApiStabilityDecreased => (stable("stable"), stable("beta")),
        R::ApiStabilityIncreased => (stable("beta"), stable("stable")),
        R::ApiSunsetDateChangedTooSmall => (deprecated("2030-02-02"), deprecated("2030-02-01")),
        R::ApiTagAdded => (plain(), get_with("tags", json!(["a"]))),
        R::ApiTagRemoved => (get_with("tags", json!(["a"])), plain()),
        R::CallbackAdded => (
            plain(),
            called_back(json!({ "c": { "{$url}": event()["e"] } })),
        ),
        R::CallbackRemoved => (
            called_back(json!({ "c": { "{$url}": event()["e"] } })),
            plain(),
        ),
        R::EndpointAdded => (none(), plain()),
        R::EndpointDeprecated => (plain(), get_with("deprecated", json!(true))),
        R::EndpointReactivated => (get_with("deprecated", json!(true)), plain()),
        R::NewOptionalRequestParameter => (plain(), parameter("query", "required", json!(false))),
        R::NewRequestPathParameter => (
            json!({ "paths": { "/{p}": { "get": get_with("parameters", json!([{ "in": "path", "name": "p", "required": true }]))["paths"]["/things"]["get"] } } }),
            json!({ "paths": { "/{p}": { "get": get_with("parameters", json!([{ "in": "path", "name": "p", "required": true }, { "in": "path", "name": "q", "required": true }]))["paths"]["/things"]["get"] } } }),
        ),
        R::NewRequiredRequestParameter => (plain(), parameter("query", "required", json!(true))),
        R::OptionalResponseHeaderRemoved => (
            answer("headers", json!({ "X-H": {} })),
            answer("headers", json!({})),
        ),
        R::RequestBodyAddedOptional => (plain(), body(json!({ "content": text() }))),
        R::RequestBodyAddedRequired => (
            plain(),
            body(json!({ "content": text(), "required": true })),
        ),
        R::RequestBodyBecameOptional => (
            body(json!({ "content": text(), "required": true })),
            body(json!({ "content": text() })),
        ),
        R::RequestBodyBecameRequired => (
            body(json!({ "content": text() })),
            body(json!({ "content": text(), "required": true })),
        ),
        R::RequestBodyMediaTypeAdded => (
            body(json!({ "content": text() })),
            body(json!({ "content": { "text/plain": {}, "text/csv": {} } })),
        ),
        R::RequestBodyMediaTypeRemoved => (
            body(json!({ "content": { "text/plain": {}, "text/csv": {} } })),
            body(json!({ "content": text() })),
        ),
        R::RequestBodyRemoved => (body(json!({ "content": text() })), plain()),
        R::RequestParameterAllowEmptyValueRemoved => (
            parameter("query", "allowEmptyValue", json!(true)),
            parameter("query", "allowEmptyValue", json!(false)),
        ),
        R::RequestParameterBecameNotAllowReserved => (
            parameter("query", "allowReserved", json!(true)),
            parameter("query", "allowReserved", json!(false)),
        ),
        R::RequestParameterBecameList => {
            let document = |schema: Value| {
                let place = json!({ "in": "query", "name": "q", "explode": false });
                get_with("parameters", json!([with(&place, "schema", schema)]))
            };
            (
                document(json!({ "type": "string" })),
                document(json!({ "type": "array", "items": { "type": "string" } })),
            )
        }
        R::RequestParameterBecameOptional => (
            parameter("query", "required", json!(true)),
            parameter("query", "required", json!(false)),
        ),
        R::RequestParameterBecameRequired => (
            parameter("query", "required", json!(false)),
            parameter("query", "required", json!(true)),
        ),
        R::RequestParameterMoved => (
            parameter("query", "x-a", json!(1)),
            parameter("header", "x-a", json!(1)),
        ),
        R::RequestParameterRemoved => (parameter("query", "x-a", json!(1)), plain()),
        R::RequestParameterSerializationChanged => (
            parameter("query", "explode", json!(true)),
            parameter("query", "explode", json!(false)),
        ),
        R::RequiredResponseHeaderRemoved => (
            answer("headers", json!({ "X-H": { "required": true } })),
            answer("headers", json!({})),
        ),
        R::ResponseBodyEncodingChanged => {
            let part = |kind: &str| {
                json!({ "multipart/mixed": {
                    "schema": { "properties": { "p": {} } },
                    "encoding": { "p": { "contentType": kind } },
                } })
            };
            (
                answer("content", part("image/png")),
                answer("content", part("image/*")),
            )
        }
        R::ResponseHeaderAdded => (
            answer("headers", json!({})),
            answer("headers", json!({ "X-H": {} })),
        ),
        R::ResponseHeaderBecameOptional => (
            answer("headers", json!({ "X-H": { "required": true } })),
            answer("headers", json!({ "X-H": {} })),
        ),
        R::ResponseHeaderBecameRequired => (
            answer("headers", json!({ "X-H": {} })),
            answer("headers", json!({ "X-H": { "required": true } })),
        ),
        R::ResponseHeaderSerializationChanged => (
            answer("headers", json!({ "X-H": { "schema": {} } })),
            answer(
                "headers",
                json!({ "X-H": { "content": { "text/plain": {} } } }),
            ),
        ),
        R::ResponseLinkAdded => (
            answer("links", json!({})),
            answer("links", json!({ "next": {} })),
        ),
        R::ResponseLinkChanged => (
            answer("links", json!({ "next": { "operationId": "a" } })),
            answer("links", json!({ "next": { "operationId": "b" } })),
        ),
        R::ResponseLinkRemoved => (
            answer("links", json!({ "next": {} })),
            answer("links", json!({})),
        ),
        R::ResponseMediaTypeAdded => (
            answer("content", text()),
            answer("content", json!({ "text/plain": {}, "text/csv": {} })),
        ),
        R::ResponseMediaTypeNameGeneralized => (
            answer("content", text()),
            answer("content", json!({ "text/*": {} })),
        ),
        R::ResponseMediaTypeNameSpecialized => (
            answer("content", json!({ "text/*": {} })),
            answer("content", text()),
        ),
        R::ResponseMediaTypeRemoved => (
            answer("content", json!({ "text/plain": {}, "text/csv": {} })),
            answer("content", text()),
        ),
        R::ResponseNonSuccessStatusAdded => (
            answers(json!({ "200": {} })),
            answers(json!({ "200": {}, "404": {} })),
        ),
        R::ResponseNonSuccessStatusRemoved => (
            answers(json!({ "200": {}, "404": {} })),
            answers(json!({ "200": {} })),
        ),
        R::ResponseSuccessStatusAdded => (
            answers(json!({ "200": {} })),
            answers(json!({ "200": {}, "201": {} })),
        ),
        R::ResponseSuccessStatusGeneralized => {
            (answers(json!({ "200": {} })), answers(json!({ "2XX": {} })))
        }
        R::ResponseSuccessStatusRemoved => (
            answers(json!({ "200": {}, "201": {} })),
            answers(json!({ "200": {} })),
        ),
        R::SunsetDeleted => (
            deprecated("2030-02-01"),
            get_with("deprecated", json!(true)),
        ),
        R::WebhookAdded => (
            with(&none(), "webhooks", json!({})),
            with(&none(), "webhooks", event()),
        ),
        R::WebhookMediaTypeAdded => (sent(&["text/plain"]), sent(&["text/plain", "text/csv"])),
        R::WebhookMediaTypeRemoved => (sent(&["text/plain", "text/csv"]), sent(&["text/plain"])),
        R::WebhookRemoved => (
            with(&none(), "webhooks", event()),
            with(&none(), "webhooks", json!({})),
        ),
    }
}

/// A webhook that sends a body of one of these media types.
fn sent(kinds: &[&str]) -> Value {
    let content: serde_json::Map<String, Value> = kinds
        .iter()
        .map(|kind| ((*kind).to_owned(), json!({})))
        .collect();
    let post = json!({ "requestBody": { "content": content }, "responses": {} });
    json!({ "paths": {}, "webhooks": { "e": { "post": post } } })
}

fn with_scopes(scopes: &[&str]) -> Value {
    let mut document = flow("x-a", json!(1));
    document["paths"]["/things"]["get"]["security"] = json!([{ "s": scopes }]);
    document
}

#[test]
fn every_rule_of_operations_is_found() {
    let mut wrong = String::new();
    for rule in OperationRule::ALL {
        let (old, new) = of_operation(*rule);
        let [old, new] = [old, new].map(|document| with(&document, "openapi", json!("3.1.0")));
        let expected = Rule::Operation(*rule).to_string();
        let ids = found(&old, &new);
        if !ids.contains(&expected) {
            let _ = writeln!(wrong, "{expected}: found {ids:?}");
        }
    }
    assert!(wrong.is_empty(), "these rules are not found:\n{wrong}");
}
