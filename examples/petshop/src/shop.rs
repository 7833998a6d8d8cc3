//! The pet shop: a small REST API, in memory. It stands for the API of somebody else and
//! knows nothing of gRPC.
//!
//! Its errors have two forms. What is not valid has one of its own:
//! `{"error": "invalid_pet", "error_description": "…", "fields": {"name": ["…"]}}`. All others
//! are problem details (RFC 9457).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, Multipart, Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How many pets there may be.
const MAX_PETS: usize = 1000;

/// How many pets a page has, if it is not said, and at most.
const PAGE: usize = 100;

/// How large a picture may be, in bytes.
const MAX_PHOTO: usize = 1 << 20;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pet {
    id: String,
    name: String,
    species: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_grams: Option<i32>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    born: Option<String>,
    #[serde(default)]
    sold: bool,
    /// A property that the proto does not declare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    microchip: Option<String>,
}

type Pets = Arc<Mutex<BTreeMap<u64, Pet>>>;

/// The API, with nothing in it, below `/v1`.
pub fn router() -> Router {
    let pets = Router::new()
        .route("/pets", get(list).post(create))
        .route(
            "/pets/{id}",
            get(read).patch(update).delete(remove).post(act),
        )
        .route("/pets/{id}/photo", post(photo))
        .layer(DefaultBodyLimit::max(MAX_PHOTO + 4096))
        .with_state(Pets::default());
    Router::new().nest("/v1", pets)
}

fn all(pets: &Pets) -> MutexGuard<'_, BTreeMap<u64, Pet>> {
    pets.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn list(State(pets): State<Pets>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let values = |name: &str| {
        let named: Vec<_> = asked.iter().filter(|(key, _)| key == name).collect();
        named.into_iter().map(|(_, value)| value.to_string())
    };
    let species = values("species").next();
    let tags: Vec<_> = values("tag").collect();
    let limit = values("limit").next().and_then(|text| text.parse().ok());
    let limit: usize = limit.unwrap_or(PAGE).clamp(1, PAGE);
    let after = values("after").next().and_then(|text| text.parse().ok());

    let pets = all(&pets);
    let mut found: Vec<_> = pets
        .range(after.map_or(0, |after: u64| after.saturating_add(1))..)
        .map(|(_, pet)| pet)
        .filter(|pet| {
            species
                .as_ref()
                .is_none_or(|species| pet.species == *species)
        })
        .filter(|pet| tags.iter().all(|tag| pet.tags.contains(tag)))
        .take(limit + 1)
        .cloned()
        .collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let mut response = Json(&found).into_response();
    if let Some(last) = found.last().filter(|_| has_more) {
        let link = format!("</v1/pets?after={}&limit={limit}>; rel=\"next\"", last.id);
        if let Ok(link) = link.parse() {
            response.headers_mut().insert(header::LINK, link);
        }
    }
    response
}

async fn create(State(pets): State<Pets>, Json(given): Json<Map<String, Value>>) -> Response {
    let mut pets = all(&pets);
    if pets.len() >= MAX_PETS {
        return problem(
            StatusCode::TOO_MANY_REQUESTS,
            "shop-is-full",
            "No more pets",
        );
    }
    let number = pets.last_key_value().map_or(1, |(last, _)| last + 1);
    let blank = json!({"id": number.to_string(), "name": "", "species": "other"});
    match changed(&blank, given) {
        Ok(pet) => {
            pets.insert(number, pet.clone());
            (StatusCode::CREATED, Json(pet)).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn read(State(pets): State<Pets>, Path(id): Path<String>) -> Response {
    match find(&all(&pets), &id) {
        Some((_, pet)) => Json(pet).into_response(),
        None => no_such_pet(&id),
    }
}

/// A merge patch (RFC 7396).
async fn update(
    State(pets): State<Pets>,
    Path(id): Path<String>,
    Json(given): Json<Map<String, Value>>,
) -> Response {
    let mut pets = all(&pets);
    let Some((number, pet)) = find(&pets, &id) else {
        return no_such_pet(&id);
    };
    match changed(&json!(pet), given) {
        Ok(pet) => {
            pets.insert(number, pet.clone());
            Json(pet).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn remove(State(pets): State<Pets>, Path(id): Path<String>) -> Response {
    let mut pets = all(&pets);
    match find(&pets, &id) {
        Some((number, _)) => {
            pets.remove(&number);
            StatusCode::NO_CONTENT.into_response()
        }
        None => no_such_pet(&id),
    }
}

/// `POST /pets/{id}:sell`.
async fn act(State(pets): State<Pets>, Path(id): Path<String>) -> Response {
    let Some(id) = id.strip_suffix(":sell") else {
        return problem(
            StatusCode::NOT_FOUND,
            "no-such-action",
            "There is only :sell",
        );
    };
    let mut pets = all(&pets);
    let Some((number, mut pet)) = find(&pets, id) else {
        return no_such_pet(id);
    };
    if pet.sold {
        let detail = format!("{} was sold already", pet.name);
        return problem(StatusCode::CONFLICT, "pet-is-sold", &detail);
    }
    pet.sold = true;
    pets.insert(number, pet.clone());
    Json(pet).into_response()
}

async fn photo(State(pets): State<Pets>, Path(id): Path<String>, mut form: Multipart) -> Response {
    if find(&all(&pets), &id).is_none() {
        return no_such_pet(&id);
    }
    while let Ok(Some(part)) = form.next_field().await {
        if part.name() != Some("photo") {
            continue;
        }
        return match part.bytes().await {
            Ok(content) if content.len() <= MAX_PHOTO => {
                Json(json!({"bytes": content.len()})).into_response()
            }
            _ => problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "photo-is-too-large",
                "A photo has up to 1 MiB",
            ),
        };
    }
    problem(StatusCode::BAD_REQUEST, "no-photo", "The form has no photo")
}

fn find(pets: &BTreeMap<u64, Pet>, id: &str) -> Option<(u64, Pet)> {
    let number = id.parse().ok()?;
    Some((number, pets.get(&number)?.clone()))
}

/// A pet with these properties, of which null removes.
fn changed(pet: &Value, given: Map<String, Value>) -> Result<Pet, Refusal> {
    let mut properties = pet.as_object().cloned().unwrap_or_default();
    for (name, value) in given {
        match (name.as_str(), value) {
            ("id" | "sold", _) => {}
            (_, Value::Null) => {
                properties.remove(&name);
            }
            (_, value) => {
                properties.insert(name, value);
            }
        }
    }
    let pet: Result<Pet, _> = serde_json::from_value(Value::Object(properties));
    match pet {
        Ok(pet) if pet.name.is_empty() => Err(Refusal::NoName),
        Ok(pet) => Ok(pet),
        Err(_) => Err(Refusal::Malformed),
    }
}

/// Why something is no pet.
enum Refusal {
    Malformed,
    NoName,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Malformed => problem(StatusCode::BAD_REQUEST, "malformed-pet", "That is no pet"),
            Self::NoName => {
                let error = json!({
                    "error": "invalid_pet",
                    "error_description": "The pet is not valid",
                    "fields": {"name": ["must not be empty"]},
                });
                (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response()
            }
        }
    }
}

fn no_such_pet(id: &str) -> Response {
    let detail = format!("There is no pet {id}");
    problem(StatusCode::NOT_FOUND, "no-such-pet", &detail)
}

/// An error as RFC 9457 has it.
fn problem(status: StatusCode, kind: &str, detail: &str) -> Response {
    let body = json!({
        "type": format!("https://petshop.example/problems/{kind}"),
        "status": status.as_u16(),
        "detail": detail,
    });
    let media_type = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, media_type, body.to_string()).into_response()
}
