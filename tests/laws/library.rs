//! An API as others have it, and its server: pages by `Link`, errors as RFC 9457 has
//! them, what is replaced with PUT, and what has to be unique.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use conformance::report::{Level, Report};
use conformance::verify::{ApiDocument, Laws, Live, with_laws};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

const KEY: &str = "the-right-key";

/// The path below which the API is.
const BASE: &str = "/api/v1";

fn author() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "city"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 40 },
            "city": { "type": "string", "maxLength": 40 }
        }
    })
}

/// What a caller says of a book; `required` are the names of what it must say.
fn book(required: &[&str]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": {
            "title": { "type": "string", "minLength": 1, "maxLength": 60 },
            "author": author(),
            "pages": { "type": "integer", "minimum": 1, "maximum": 5000, "default": 100 },
            "note": { "type": ["string", "null"], "maxLength": 80 }
        }
    })
}

/// A book as it is shown.
fn shown() -> Value {
    let mut shown = book(&["id", "title", "author", "pages", "createdAt", "updatedAt"]);
    let properties = &mut shown["properties"];
    properties["id"] = json!({ "type": "integer", "readOnly": true });
    for name in ["createdAt", "updatedAt"] {
        properties[name] = json!({ "type": "string", "format": "date-time", "readOnly": true });
    }
    shown
}

fn hook() -> Value {
    json!({
        "type": "object",
        "required": ["url", "events"],
        "properties": {
            "id": { "type": "integer", "readOnly": true },
            "url": { "type": "string", "format": "uri" },
            "events": { "type": "array", "minItems": 1, "items": {
                "type": "string", "enum": ["book.created", "book.deleted"]
            } },
            "active": { "type": "boolean", "default": true }
        }
    })
}

fn document() -> Value {
    let content = |kind: &str, schema: Value| json!({ kind: { "schema": schema } });
    let reply = |schema: Value| json!({ "description": "Done.", "content": content("application/json", schema) });
    let problem = json!({
        "type": "object", "required": ["title", "status"],
        "properties": { "title": { "type": "string" }, "status": { "type": "integer" } }
    });
    let fails = |mut own: Value, statuses: &[&str]| {
        for status in statuses {
            own[status] = json!({
                "description": "It is refused.",
                "content": content("application/problem+json", problem.clone())
            });
        }
        own
    };
    let body = |kind: &str, schema: Value, example: Value| json!({ "required": true, "content": { kind: { "schema": schema, "example": example } } });
    let example = json!({ "title": "Max", "author": { "name": "M", "city": "Delft" }, "pages": 7, "note": "old" });
    let new_hook = json!({ "url": "https://hooks.example.com/a", "events": ["book.created"], "active": false });
    let mut books = reply(json!({ "type": "array", "items": shown() }));
    books["headers"] = json!({
        "Link": { "schema": { "type": "string" } },
        "X-Total-Count": { "required": true, "schema": { "type": "integer" } }
    });
    let id = |name: &str| json!([{ "name": name, "in": "path", "required": true, "schema": { "type": "integer" } }]);
    let hooks = reply(json!({ "type": "array", "items": hook() }));
    let gone = json!({ "204": { "description": "It is gone." } });
    let read = ["401", "404"];
    let write = ["400", "401", "404", "415", "422"];
    let unique = ["400", "401", "404", "409", "415", "422"];
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Library", "version": "1.0.0" },
        "servers": [{ "url": BASE }],
        "security": [{ "key": [] }],
        "paths": {
            "/books": {
                "get": {
                    "parameters": [
                        { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 50, "default": 10 } },
                        { "name": "cursor", "in": "query", "schema": { "type": "string" } }
                    ],
                    "responses": fails(json!({ "200": books }), &["400", "401"])
                },
                "post": {
                    "requestBody": body("application/json", book(&["title", "author"]), example.clone()),
                    "responses": fails(json!({ "201": reply(shown()) }), &write)
                }
            },
            "/books/{bookId}": {
                "parameters": id("bookId"),
                "get": { "responses": fails(json!({ "200": reply(shown()) }), &read) },
                "patch": {
                    "requestBody": body("application/merge-patch+json", book(&[]), example),
                    "responses": fails(json!({ "200": reply(shown()) }), &write)
                },
                "delete": { "responses": fails(gone.clone(), &read) }
            },
            "/hooks": {
                "get": { "responses": fails(json!({ "200": hooks }), &["401"]) },
                "post": {
                    "requestBody": body("application/json", hook(), new_hook.clone()),
                    "responses": fails(json!({ "201": reply(hook()) }), &unique)
                }
            },
            "/hooks/{hookId}": {
                "parameters": id("hookId"),
                "get": { "responses": fails(json!({ "200": reply(hook()) }), &read) },
                "put": {
                    "requestBody": body("application/json", hook(), new_hook),
                    "responses": fails(json!({ "200": reply(hook()) }), &unique)
                },
                "delete": { "responses": fails(gone, &read) }
            }
        },
        "components": { "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "X-Key" } } }
    })
}

/// A request as it came.
struct Asked {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    content_type: String,
    body: Vec<u8>,
    key: bool,
}

/// A reply to send.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

fn answer(status: u16, body: Value) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body,
    }
}

fn refusal(status: u16) -> Answer {
    let kind = ("content-type", "application/problem+json".to_owned());
    Answer {
        status,
        headers: vec![kind],
        body: json!({ "title": "It is refused.", "status": status }),
    }
}

/// What the library has, and what is wrong with it.
struct Library {
    fault: &'static str,
    books: BTreeMap<u64, Value>,
    hooks: BTreeMap<u64, Value>,
    last: u64,
    /// What was asked, as `METHOD /path?query body`.
    asked: Vec<String>,
}

impl Library {
    fn new(fault: &'static str) -> Self {
        Self {
            fault,
            books: BTreeMap::new(),
            hooks: BTreeMap::new(),
            last: 0,
            asked: Vec::new(),
        }
    }

    fn is(&self, fault: &str) -> bool {
        self.fault == fault
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A time that is later than all before.
    fn now(&mut self) -> Value {
        format!("2030-01-01T00:00:00.{:06}Z", self.next()).into()
    }

    fn answer(&mut self, asked: &Asked) -> Answer {
        let Some(path) = asked.path.strip_prefix(BASE) else {
            return refusal(404);
        };
        if !asked.key {
            let is_other = self.is("another status without a token");
            return refusal(if is_other { 403 } else { 401 });
        }
        let mut segments = path.split('/').skip(1);
        let (kind, id) = (segments.next().unwrap_or_default(), segments.next());
        let id = id.map(|id| id.parse().unwrap_or(0));
        let answered = match (kind, asked.method.as_str(), id) {
            ("books", "GET", None) => Ok(self.list(asked)),
            ("books", "POST", None) => self.create_book(asked),
            ("books", _, Some(id)) => self.book(asked, id),
            ("hooks", "GET", None) => {
                let all = self.hooks.values().cloned().collect();
                Ok(answer(200, Value::Array(all)))
            }
            ("hooks", "POST", None) => self.create_hook(asked),
            ("hooks", _, Some(id)) => self.hook(asked, id),
            _ => Err(404),
        };
        answered.unwrap_or_else(refusal)
    }

    fn list(&self, asked: &Asked) -> Answer {
        let number = |name: &str, default: usize| match asked.query.get(name) {
            None => Some(default),
            Some(text) => text.parse::<usize>().ok(),
        };
        let (Some(limit @ 1..=50), Some(from)) = (number("limit", 10), number("cursor", 0)) else {
            return refusal(400);
        };
        let page = self.books.values().skip(from).take(limit);
        let mut page: Vec<_> = page.cloned().collect();
        if self.is("short pages in another order") && limit < 10 {
            page.reverse();
        }
        let total = match self.fault {
            "a header of another type" => "many".to_owned(),
            _ => self.books.len().to_string(),
        };
        let mut answered = answer(200, page.into());
        answered.headers.push(("x-total-count", total));
        if from + limit < self.books.len() {
            let query = format!("limit={limit}&cursor={}", from + limit);
            let place = match self.fault {
                "links without the base" => "/books".to_owned(),
                "relative links, which are none" => String::new(),
                _ => format!("{BASE}/books"),
            };
            let link = format!("<{place}?{query}>; rel=\"next\"");
            answered.headers.push(("link", link));
        }
        answered
    }

    fn create_book(&mut self, asked: &Asked) -> Result<Answer, u16> {
        let mut schema = book(&["title", "author"]);
        let takes_id = self.is("a create that takes the identifier");
        if takes_id {
            schema["properties"]["id"] = json!({ "type": "integer" });
        }
        let mut book = sent(self.fault, asked, &schema)?;
        let (id, now) = (self.next(), self.now());
        let id = book.remove("id").and_then(|id| id.as_u64()).unwrap_or(id);
        book.insert("id".to_owned(), id.into());
        for name in ["createdAt", "updatedAt"] {
            book.insert(name.to_owned(), now.clone());
        }
        book.entry("title").or_insert_with(|| "none".into());
        book.entry("pages").or_insert_with(|| 100.into());
        book.entry("note").or_insert(Value::Null);
        self.books.insert(id, book.clone().into());
        Ok(answer(201, book.into()))
    }

    fn book(&mut self, asked: &Asked, id: u64) -> Result<Answer, u16> {
        let change = match asked.method.as_str() {
            "PATCH" => {
                let mut schema = book(&[]);
                if self.is("a change that takes the time of creation") {
                    schema["properties"]["createdAt"] = json!({ "type": "string" });
                }
                sent(self.fault, asked, &schema)?
            }
            _ => Map::new(),
        };
        let there = self.books.get(&id).ok_or(404_u16)?.clone();
        match asked.method.as_str() {
            "GET" => Ok(answer(200, there)),
            "DELETE" => {
                self.books.remove(&id);
                Ok(answer(204, Value::Null))
            }
            "PATCH" => {
                let mut there = there;
                if !change.is_empty() || self.is("every change is one") {
                    there["updatedAt"] = self.now();
                }
                for (name, value) in change {
                    there[name] = value;
                }
                self.books.insert(id, there.clone());
                Ok(answer(200, there))
            }
            _ => Err(404),
        }
    }

    /// Whether another hook than this has a URL.
    fn is_taken(&self, url: &Value, but: u64) -> bool {
        let mut others = self.hooks.iter().filter(|(id, _)| **id != but);
        others.any(|(_, other)| other["url"] == *url)
    }

    fn create_hook(&mut self, asked: &Asked) -> Result<Answer, u16> {
        let body = sent(self.fault, asked, &hook())?;
        let is_full = self.is("no more than one hook") && !self.hooks.is_empty();
        if self.is_taken(&body["url"], 0) || is_full {
            return Err(409);
        }
        let id = self.next();
        let default = !self.is("another default of hooks");
        let active = body.get("active").cloned().unwrap_or(default.into());
        let hook =
            json!({ "id": id, "url": body["url"], "events": body["events"], "active": active });
        let mut shown = hook.clone();
        if self.is("a create that shows another identifier")
            && let Some(id) = body.get("id")
        {
            shown["id"] = id.clone();
        }
        self.hooks.insert(id, hook);
        Ok(answer(201, shown))
    }

    fn hook(&mut self, asked: &Asked, id: u64) -> Result<Answer, u16> {
        let body = match asked.method.as_str() {
            "PUT" => sent(self.fault, asked, &hook())?,
            _ => Map::new(),
        };
        let there = self.hooks.get(&id).ok_or(404_u16)?.clone();
        match asked.method.as_str() {
            "GET" => Ok(answer(200, there)),
            "DELETE" => {
                self.hooks.remove(&id);
                Ok(answer(204, Value::Null))
            }
            "PUT" => {
                if self.is_taken(&body["url"], id) {
                    return Err(409);
                }
                if self.is("every PUT is refused") {
                    return Err(422);
                }
                let default = match self.fault {
                    "a PUT that keeps what it does not name" => there["active"].clone(),
                    _ => true.into(),
                };
                let active = body.get("active").cloned().unwrap_or(default);
                let mut hook = json!({ "id": id, "url": body["url"], "events": body["events"], "active": active });
                if self.is("a PUT that leaves the events") {
                    hook["events"] = there["events"].clone();
                }
                if self.is("a PUT that sets what is read-only")
                    && let Some(id) = body.get("id")
                {
                    hook["id"] = id.clone();
                }
                if !self.is("a PUT that is not stored") {
                    self.hooks.insert(id, hook.clone());
                }
                Ok(answer(200, hook))
            }
            _ => Err(404),
        }
    }
}

/// The body of a request, if it is as the schema has it.
fn sent(fault: &str, asked: &Asked, schema: &Value) -> Result<Map<String, Value>, u16> {
    let kind = match asked.method.as_str() {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    if asked.content_type != kind {
        return Err(415);
    }
    let broken = match fault {
        "a body that is no JSON fails" => 500_u16,
        _ => 400,
    };
    let body: Value = serde_json::from_slice(&asked.body).map_err(|_| broken)?;
    if !fits(fault, schema, &body) {
        return Err(match fault {
            "another status for a wrong body" => 418,
            _ => 422,
        });
    }
    body.as_object().cloned().ok_or(422)
}

/// Whether a value is as a schema has it.
fn fits(fault: &str, schema: &Value, value: &Value) -> bool {
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let is = |name: &str| types.iter().any(|kind| kind == name);
    let within = |length: usize, least: &str, most: &str| {
        let limit = |name: &str, default| schema[name].as_u64().unwrap_or(default);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        (limit(least, 0)..=limit(most, u64::MAX)).contains(&length)
    };
    match value {
        Value::Null => is("null") || fault == "null is taken for anything",
        Value::String(text) => {
            let options = schema["enum"].as_array();
            is("string")
                && within(text.chars().count(), "minLength", "maxLength")
                && options.is_none_or(|options| options.contains(value))
                && (schema["format"] != "uri" || text.contains("://"))
        }
        Value::Bool(_) => is("boolean"),
        Value::Number(number) => {
            let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
            let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
            let whole = number.as_i64();
            is("integer") && whole.is_some_and(|whole| (least..=most).contains(&whole))
        }
        Value::Array(items) => {
            let fit = |item| fits(fault, &schema["items"], item);
            is("array") && within(items.len(), "minItems", "maxItems") && items.iter().all(fit)
        }
        Value::Object(members) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let optional = match fault {
                "a title is not required" => "title",
                "a city is not required" => "city",
                _ => "",
            };
            let mut required = required.filter_map(Value::as_str);
            let is_closed = schema["additionalProperties"] == false;
            let fit = |(name, member): (&String, &Value)| match schema["properties"].get(name) {
                None => !is_closed,
                Some(property) => property["readOnly"] == true || fits(fault, property, member),
            };
            is("object")
                && required.all(|name| name == optional || members.contains_key(name))
                && members.iter().all(fit)
        }
    }
}

fn locked(library: &Mutex<Library>) -> MutexGuard<'_, Library> {
    library.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pass(library: &Mutex<Library>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let text = |name: &str| {
        let value = head.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    };
    let pairs = head.uri.query().unwrap_or_default().split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        content_type: text("content-type").to_owned(),
        body: to_bytes(body, 1 << 20).await.expect("a body").to_vec(),
        key: text("x-key") == KEY,
    };
    let mut library = locked(library);
    let sent = String::from_utf8_lossy(&asked.body).into_owned();
    library
        .asked
        .push(format!("{} {} {sent}", asked.method, head.uri));
    let mut answered = library.answer(&asked);
    if library.is("errors of another content type") && answered.status >= 400 {
        answered.headers.clear();
    }
    let mut builder = Response::builder().status(answered.status);
    let has_type = answered
        .headers
        .iter()
        .any(|(name, _)| *name == "content-type");
    if !has_type && !answered.body.is_null() {
        builder = builder.header("content-type", "application/json");
    }
    for (name, value) in &answered.headers {
        builder = builder.header(*name, value);
    }
    let body = match answered.body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    };
    builder.body(body).expect("a reply")
}

/// Verifies a library with a fault. Returns the report, and what was asked.
pub(crate) async fn verified(fault: &'static str) -> (Report, Vec<String>) {
    verified_with(fault, &document()).await
}

async fn verified_with(fault: &'static str, document: &Value) -> (Report, Vec<String>) {
    let library = Arc::new(Mutex::new(Library::new(fault)));
    let shared = Arc::clone(&library);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(move |request: Request| {
        let library = Arc::clone(&shared);
        async move { pass(&library, request).await }
    });
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let text = document.to_string();
    let laws = Laws {
        document: Some(ApiDocument::parse("library.json", &text).expect("a document")),
        ..Laws::default()
    };
    let live = Live {
        url,
        token: KEY.to_owned(),
        allow_writes: true,
        ca: None,
    };
    let report = with_laws(&live, &laws).await.expect("the library answers");
    serving.abort();
    let asked = std::mem::take(&mut locked(&library).asked);
    (report, asked)
}

/// Returns what a report has that is more than a note, each as `ID OPERATION: MESSAGE`.
pub(crate) fn told(report: &Report) -> Vec<String> {
    let serious = report.findings.iter();
    let serious = serious.filter(|finding| finding.level > Level::Info);
    let lines = serious.map(|finding| {
        let operation = finding.operation.as_deref().unwrap_or_default();
        format!("{} {operation}: {}", finding.id, finding.message)
    });
    lines.collect()
}
