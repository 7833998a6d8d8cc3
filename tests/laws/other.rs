//! Another API: the laws follow from its own document, and what is a convention of
//! ours is no law for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use conformance::report::{Level, Report};
use conformance::verify::{ApiDocument, Law, Laws, Live, with_laws};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::faulty::serious;

/// Has no page links, no `updatedAt`, no reasons, another key than a bearer token, and
/// ignores parameters that it does not declare.
fn document() -> String {
    let pet = json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "petId": { "type": "integer", "readOnly": true },
            "name": { "type": "string", "maxLength": 40 },
            "kind": { "type": "string", "enum": ["cat", "dog"], "default": "cat" },
            "nickname": { "type": "string", "nullable": true }
        },
        "additionalProperties": false
    });
    let reply = |schema: Value| json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } });
    let pet_reply = reply(json!({ "$ref": "#/components/schemas/Pet" }));
    let error = reply(json!({
        "type": "object", "required": ["message"], "properties": { "message": { "type": "string" } }
    }));
    let page = reply(json!({
        "type": "object",
        "properties": {
            "pets": { "type": "array", "items": { "$ref": "#/components/schemas/Pet" } },
            "total": { "type": "integer" }
        }
    }));
    let body = json!({ "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Pet" },
        "example": { "name": "Tom", "kind": "cat", "nickname": "T" }
    } } });
    let failures = |mut own: Value| {
        for status in ["400", "401", "404"] {
            own[status] = error.clone();
        }
        own
    };
    let patch = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/PetChange" } } } });
    let mut change = pet.clone();
    change
        .as_object_mut()
        .expect("an object")
        .remove("required");
    let path_parameter = json!([{ "name": "petId", "in": "path", "required": true, "schema": { "type": "integer" } }]);
    let query = json!([
        { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 50, "default": 10 } },
        { "name": "offset", "in": "query", "schema": { "type": "integer", "minimum": 0 } },
        { "name": "kind", "in": "query", "schema": { "type": "string", "enum": ["cat", "dog"] } }
    ]);
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Pets", "version": "1" },
        "servers": [{ "url": "https://pets.example.com/api" }],
        "security": [{ "key": [] }],
        "paths": {
            "/pets": {
                "get": { "parameters": query, "responses": failures(json!({ "200": page })) },
                "post": { "requestBody": body, "responses": failures(json!({ "201": pet_reply })) }
            },
            "/pets/{petId}": {
                "parameters": path_parameter,
                "get": { "responses": failures(json!({ "200": pet_reply })) },
                "patch": { "requestBody": patch, "responses": failures(json!({ "200": pet_reply })) },
                "delete": { "responses": failures(json!({ "204": { "description": "Gone." } })) }
            },
            "/health": { "get": { "security": [], "responses": { "200": { "description": "Well." } } } },
            "/pets/{petId}/walks": {
                "parameters": path_parameter,
                "post": { "responses": failures(json!({ "204": { "description": "Walked." } })) }
            }
        },
        "components": {
            "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "X-Key" } },
            "schemas": { "Pet": pet, "PetChange": change }
        }
    })
    .to_string()
}

/// What the API has, and what was asked of it.
#[derive(Default)]
struct Pets {
    all: BTreeMap<u64, Value>,
    last: u64,
    asked: Vec<String>,
    /// Whether a deleted one stays.
    keeps: bool,
}

impl Pets {
    fn answer(
        &mut self,
        method: &str,
        path: &str,
        query: &str,
        key: bool,
        body: &[u8],
    ) -> (u16, Value) {
        self.asked.push(format!("{method} {path}"));
        let fails = |status, message: &str| (status, json!({ "message": message }));
        let Some(path) = path.strip_prefix("/api") else {
            return fails(404, "nothing is there");
        };
        if path == "/health" {
            return (200, Value::Null);
        }
        if !key {
            return fails(401, "who are you?");
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = path
            .strip_prefix("/pets/")
            .map(|id| id.parse::<u64>().unwrap_or(0));
        match (method, id) {
            ("GET", None) => self.list(query),
            ("POST", None) => match valid(&body, true) {
                Some(mut pet) => {
                    self.last += 1;
                    pet.insert("petId".to_owned(), self.last.into());
                    pet.entry("kind").or_insert_with(|| "cat".into());
                    self.all.insert(self.last, pet.clone().into());
                    (201, pet.into())
                }
                None => fails(400, "that is no pet"),
            },
            (_, Some(id)) if !self.all.contains_key(&id) => fails(404, "there is no such pet"),
            ("GET", Some(id)) => (200, self.all[&id].clone()),
            ("PATCH", Some(id)) => match valid(&body, false) {
                Some(change) => {
                    let pet = self.all.get_mut(&id).expect("it is there");
                    for (name, value) in change {
                        pet[name] = value;
                    }
                    (200, pet.clone())
                }
                None => fails(400, "that is no change"),
            },
            ("DELETE", Some(id)) => {
                if !self.keeps {
                    self.all.remove(&id);
                }
                (204, Value::Null)
            }
            _ => fails(404, "nothing is there"),
        }
    }

    fn list(&self, query: &str) -> (u16, Value) {
        let given: BTreeMap<_, _> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let number =
            |name: &str, default: usize| match given.get(name).map(|text| text.parse::<usize>()) {
                None => Some(default),
                Some(Ok(number)) => Some(number),
                Some(Err(_)) => None,
            };
        let (Some(limit @ 1..=50), Some(offset)) = (number("limit", 10), number("offset", 0))
        else {
            return (400, json!({ "message": "that is no page" }));
        };
        let kind = given.get("kind");
        if kind.is_some_and(|kind| !["cat", "dog"].contains(kind)) {
            return (400, json!({ "message": "that is no kind" }));
        }
        let fitting = self
            .all
            .values()
            .filter(|pet| kind.is_none_or(|kind| pet["kind"] == *kind));
        let pets: Vec<_> = fitting.skip(offset).take(limit).collect();
        (200, json!({ "pets": pets, "total": self.all.len() }))
    }
}

/// The properties of a pet; nothing where they are not those of one.
fn valid(body: &Value, whole: bool) -> Option<Map<String, Value>> {
    let mut pet = body.as_object()?.clone();
    pet.remove("petId");
    let is_text = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.chars().count() <= 40)
    };
    let fits = pet.iter().all(|(name, value)| match name.as_str() {
        "name" => is_text(value),
        "kind" => ["cat", "dog"].iter().any(|kind| value == kind),
        "nickname" => value.is_string() || value.is_null(),
        _ => false,
    });
    (fits && (!whole || pet.contains_key("name"))).then_some(pet)
}

async fn verify(keeps: bool, allow_writes: bool) -> (Report, Vec<String>) {
    let pets = Arc::new(Mutex::new(Pets {
        keeps,
        ..Pets::default()
    }));
    let shared = Arc::clone(&pets);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(move |request: Request| {
        let pets = Arc::clone(&shared);
        async move {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, 1 << 20).await.expect("a body");
            let key = head
                .headers
                .get("x-key")
                .is_some_and(|key| key == "the-right-key");
            let query = head.uri.query().unwrap_or_default();
            let (status, value) = pets.lock().expect("no panic").answer(
                head.method.as_str(),
                head.uri.path(),
                query,
                key,
                &body,
            );
            let builder = Response::builder().status(status);
            let reply = if value.is_null() {
                builder.body(Body::empty())
            } else {
                builder
                    .header("content-type", "application/json")
                    .body(Body::from(value.to_string()))
            };
            reply.expect("a reply")
        }
    });
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let laws = Laws {
        document: Some(ApiDocument::parse("pets.json", &document()).expect("a document")),
        ..Laws::default()
    };
    let live = Live {
        url,
        token: "the-right-key".to_owned(),
        allow_writes,
        ca: None,
    };
    let report = with_laws(&live, &laws).await.expect("the pets answer");
    serving.abort();
    let asked = std::mem::take(&mut pets.lock().expect("no panic").asked);
    (report, asked)
}

#[tokio::test]
async fn another_api_is_accused_of_nothing() {
    let (report, _) = verify(false, true).await;
    let found = serious(&report);
    assert!(found.is_empty(), "{found:#?}");
    let coverage = report.coverage.expect("it has coverage");
    assert!(
        coverage.properties.unseen.is_empty(),
        "{:?}",
        coverage.properties.unseen
    );
}

#[tokio::test]
async fn nothing_but_what_its_document_declares_is_called() {
    let (_, asked) = verify(false, true).await;
    for request in asked {
        let (_, path) = request.split_once(' ').expect("a method and a path");
        let is_declared = path == "/api/health" || path.starts_with("/api/pets");
        assert!(is_declared, "{request} is in no document");
    }
}

#[tokio::test]
async fn without_permission_another_api_is_only_read() {
    let (report, asked) = verify(false, false).await;
    assert!(
        asked.iter().all(|request| request.starts_with("GET ")),
        "{asked:#?}"
    );
    let told = report.findings.iter().filter(|finding| {
        finding.id == "operation-not-tried" && finding.message.contains("--allow-writes")
    });
    assert_eq!(told.count(), 4, "{:#?}", report.findings);
}

#[tokio::test]
async fn what_cannot_be_tried_is_told_with_the_reason() {
    let (report, _) = verify(false, true).await;
    let told = |text: &str| {
        report
            .findings
            .iter()
            .any(|finding| finding.level == Level::Info && finding.message.contains(text))
    };
    assert!(told(
        "undeclared-parameter-refused was not tried: OpenAPI has no word for it"
    ));
    assert!(told(
        "it is none that creates, changes or deletes what this run could create"
    ));
    assert!(told("no property tells the last change"));
}

#[tokio::test]
async fn a_fault_of_another_api_is_found() {
    let (report, _) = verify(true, true).await;
    let mut kinds: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.level > Level::Info)
        .map(|finding| finding.id.as_str())
        .collect();
    kinds.dedup();
    kinds.sort_unstable();
    let expected = [
        Law::DeletedIsGone,
        Law::DeletedIsNotListed,
        Law::SecondDeleteAsDocumented,
    ];
    assert_eq!(kinds, expected.map(Law::id), "{:#?}", serious(&report));
}
