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

/// How the API tells pages apart, and what is wrong with that.
#[derive(Clone, Copy, Default, PartialEq)]
enum Paged {
    #[default]
    Offset,
    Token,
    /// The first page says that it is the last.
    TokenEnds,
    /// Each page begins one further than the one before says.
    TokenSkips,
}

/// Has no page links, no `updatedAt`, no reasons, another key than a bearer token, and
/// ignores parameters that it does not declare.
fn document(paged: Paged) -> String {
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
    let mut page = json!({
        "type": "object",
        "properties": {
            "pets": { "type": "array", "items": { "$ref": "#/components/schemas/Pet" } },
            "total": { "type": "integer" }
        }
    });
    let mut begin =
        json!({ "name": "offset", "in": "query", "schema": { "type": "integer", "minimum": 0 } });
    if paged != Paged::Offset {
        begin = json!({ "name": "cursor", "in": "query", "schema": { "type": "string" } });
        page["properties"]["meta"] = json!({ "type": "object", "properties": {
            "nextCursor": { "type": "string", "nullable": true },
        } });
    }
    let page = reply(page);
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
        begin,
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
    /// Whether every change makes a cat of it that names no kind.
    resets: bool,
    paged: Paged,
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
                    if self.resets {
                        pet["kind"] = "cat".into();
                    }
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
        let begin = match self.paged {
            Paged::Offset => "offset",
            _ => "cursor",
        };
        let (Some(limit @ 1..=50), Some(offset)) = (number("limit", 10), number(begin, 0)) else {
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
        let fitting: Vec<_> = fitting.skip(offset).collect();
        let pets: Vec<_> = fitting.iter().take(limit).collect();
        let mut page = json!({ "pets": pets, "total": self.all.len() });
        if self.paged != Paged::Offset {
            let is_last = fitting.len() <= limit || self.paged == Paged::TokenEnds;
            let next = offset + limit + usize::from(self.paged == Paged::TokenSkips);
            let next = (!is_last).then(|| next.to_string());
            page["meta"]["nextCursor"] = next.into();
        }
        (200, page)
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
    let pets = Pets {
        keeps,
        ..Pets::default()
    };
    verified(pets, allow_writes).await
}

async fn verified(pets: Pets, allow_writes: bool) -> (Report, Vec<String>) {
    let text = document(pets.paged);
    verified_against(&text, pets, allow_writes).await
}

async fn verified_against(text: &str, pets: Pets, allow_writes: bool) -> (Report, Vec<String>) {
    let pets = Arc::new(Mutex::new(pets));
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
        document: Some(ApiDocument::parse("pets.json", text).expect("a document")),
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

#[tokio::test]
async fn pages_are_followed_by_what_replies_say_of_the_next() {
    for (paged, expected) in [
        (Paged::Token, &[][..]),
        (Paged::TokenEnds, &[Law::PagesJoinToList]),
        (Paged::TokenSkips, &[Law::PagesJoinToList]),
    ] {
        let pets = Pets {
            paged,
            ..Pets::default()
        };
        let (report, _) = verified(pets, true).await;
        let serious_ones = report
            .findings
            .iter()
            .filter(|finding| finding.level > Level::Info);
        let mut kinds: Vec<_> = serious_ones.map(|finding| finding.id.clone()).collect();
        kinds.dedup();
        let expected: Vec<_> = expected.iter().map(|law| law.id().to_owned()).collect();
        assert_eq!(kinds, expected, "{:#?}", serious(&report));
    }
}

#[tokio::test]
async fn a_change_that_resets_another_property_to_its_default_is_found() {
    let pets = Pets {
        resets: true,
        ..Pets::default()
    };
    let (report, _) = verified(pets, true).await;
    let serious = serious(&report);
    let law = Law::PatchChangesNothingElse.id();
    assert!(
        serious
            .iter()
            .any(|told| told.starts_with(law) && told.contains("`kind` has changed")),
        "{serious:#?}"
    );
}

#[tokio::test]
async fn schemas_that_stand_elsewhere_than_among_the_components_count() {
    let mut document: Value = serde_json::from_str(&document(Paged::Offset)).expect("JSON");
    let mut schemas = document["components"]["schemas"].take();
    schemas["Pet"]["properties"]["petId"]["type"] = "string".into();
    document["x-shared"] = schemas;
    let text = document.to_string();
    let text = text.replace("#/components/schemas/", "#/x-shared/");
    let (report, _) = verified_against(&text, Pets::default(), true).await;
    let serious = serious(&report);
    let law = Law::ReplyAsDeclared.id();
    assert!(
        serious.iter().any(|told| told.starts_with(law)),
        "{serious:#?}"
    );
    let fault = |told: &String| told.split(". Seen with").next().map(str::to_owned);
    let mut faults: Vec<_> = serious.iter().filter_map(fault).collect();
    let told = faults.len();
    faults.sort_unstable();
    faults.dedup();
    assert_eq!(faults.len(), told, "one is told twice: {serious:#?}");
}

#[tokio::test]
async fn a_run_in_which_nothing_succeeded_is_no_verification() {
    let mut document: Value = serde_json::from_str(&document(Paged::Offset)).expect("JSON");
    // Then the key is sent where the server does not look for it.
    let schemes = &mut document["components"]["securitySchemes"];
    for scheme in schemes.as_object_mut().into_iter().flatten() {
        scheme.1["name"] = "x-other-key".into();
    }
    let (report, _) = verified_against(&document.to_string(), Pets::default(), true).await;
    let serious = serious(&report);
    let is_told = |told: &String| told.starts_with("nothing-verified") && told.contains("token");
    assert!(serious.iter().any(is_told), "{serious:#?}");
}
