//! The OpenAPI document, and everything else that is published in `openapi/`.
//!
//! The document follows from the catalogue, the schemas and the recorded
//! exchanges. Nothing here knows a particular operation or resource.

use std::{collections::BTreeMap, sync::LazyLock};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, HeaderBuilder, HttpMethod, Info, InfoBuilder,
    LicenseBuilder, Object, ObjectBuilder, OpenApiBuilder, Paths, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema, SecurityRequirement, ServerBuilder, Type,
    encoding::EncodingBuilder,
    info::ContactBuilder,
    path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
    request_body::{RequestBody, RequestBodyBuilder},
    schema::ArrayBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use crate::{
    catalogue,
    error::{Detail, ErrorBody},
    failure::Failure,
    introduction::introduction,
    operation::{BASE_PATH, BodyInfo, OperationInfo, ReplyBody, Tag, TypeInfo, Upload},
    recorded::{recorded, recorded_error},
    schema::{Definitions, Described, Mark, SchemaDocument, definition_name, visit_references},
    validate::Violations,
};

/// The version of the contract, as [SemVer](https://semver.org) understands it:
/// a change that breaks a client raises the first number.
///
/// `web1on1 contract bless` raises it when a contract is published.
pub const VERSION: &str = include_str!("../VERSION").trim_ascii();

/// Every named schema: those of the bodies, and those that they refer to as
/// `#/$defs/<name>`.
pub fn schemas() -> &'static Definitions {
    static SCHEMAS: LazyLock<Definitions> = LazyLock::new(|| {
        let parameters = catalogue()
            .iter()
            .flat_map(|operation| [operation.path_parameters, operation.query_parameters]);
        // The type of parameters has no schema of its own, but its properties can refer to others.
        let referenced = parameters.flat_map(|of| {
            let read = &of.views().read;
            read.definitions
                .iter()
                .filter(|(name, _)| **name != read.name)
        });
        let documents = documents()
            .into_iter()
            .flat_map(|document| &document.definitions);
        documents
            .chain(referenced)
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect()
    });
    &SCHEMAS
}

/// The schemas of all bodies, by name and without repetition.
fn documents() -> Vec<&'static SchemaDocument> {
    let bodies = catalogue()
        .iter()
        .filter_map(|operation| operation.body.document());
    let replies = catalogue()
        .iter()
        .filter_map(|operation| operation.reply.body.document());
    let error = &ErrorBody::views().read;
    let by_name: BTreeMap<_, _> = bodies
        .chain(replies)
        .chain([error])
        .map(|document| (document.name.as_str(), document))
        .collect();
    by_name.into_values().collect()
}

/// The base URL of the real API.
pub const PUBLIC_URL: &str = "https://api.web1on1.chat/v2";

const BEARER: &str = "bearer";
const JSON: &str = "application/json";
const LINK: &str = "Link";
const REQUEST_ID: &str = "X-Request-Id";

/// The ID of the request in the recorded exchanges.
pub(crate) const REQUEST_ID_EXAMPLE: &str = "5f0c0a1e8f7b4c2d9e6a3b1c7d2e4f60";

/// The OpenAPI 3.1 document.
#[expect(
    clippy::missing_panics_doc,
    reason = "every method of the catalogue is one that OpenAPI has"
)]
pub fn openapi() -> Value {
    let mut paths = Paths::new();
    let mut tags: Vec<Tag> = Vec::new();
    for operation in catalogue() {
        let method = match operation.method {
            Method::GET => HttpMethod::Get,
            Method::POST => HttpMethod::Post,
            Method::PUT => HttpMethod::Put,
            Method::PATCH => HttpMethod::Patch,
            Method::DELETE => HttpMethod::Delete,
            ref other => panic!(
                "{} has the method {other}, which OpenAPI lacks",
                operation.id
            ),
        };
        paths.add_path_operation(operation.path, vec![method], describe(operation));
        if !tags.contains(&operation.tag) {
            tags.push(operation.tag);
        }
    }
    let tags = tags.into_iter().map(|Tag { name, description }| {
        TagBuilder::new()
            .name(name)
            .description(Some(description))
            .build()
    });
    let mut components = ComponentsBuilder::new()
        .security_scheme(BEARER, bearer())
        .header(REQUEST_ID, request_id());
    let is_used = |shared: &&SharedFailure| {
        let mut operations = catalogue().iter();
        operations.any(|operation| shared.is_all_of(operation))
    };
    for shared in SHARED_FAILURES.iter().filter(is_used) {
        components = components.response(
            shared.name,
            failure(
                Some(shared.status()),
                shared.description,
                Some(shared.example()),
            ),
        );
    }
    let document = OpenApiBuilder::new()
        .info(info())
        .servers(Some([ServerBuilder::new()
            .url(BASE_PATH)
            .description(Some("The server that the document came from."))
            .build()]))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], _>(
            BEARER,
            [],
        )]))
        .tags(Some(tags))
        .build();

    // The model has no place for a schema as JSON, so they are put in last.
    let mut document = json!(document);
    document["components"]["schemas"] = json!(schemas());
    visit_references(&mut document, &mut |target| {
        if let Some(name) = definition_name(target) {
            *target = format!("#/components/schemas/{name}");
        }
    });
    require_headers(&mut document);
    document
}

/// Marks the headers of replies as required, which the model has no place for either.
/// A list has a link only where another page follows, and what stands between a client
/// and the server may leave out the id of the request.
fn require_headers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Object(headers)) = members.get_mut("headers") {
                let inline = headers.iter_mut().filter(|(name, header)| {
                    let may_lack = [LINK, REQUEST_ID].contains(&name.as_str());
                    !may_lack && header.is_object() && header.get("$ref").is_none()
                });
                for (_, header) in inline {
                    header["required"] = true.into();
                }
            }
            members.values_mut().for_each(require_headers);
        }
        Value::Array(items) => items.iter_mut().for_each(require_headers),
        _ => {}
    }
}

fn info() -> Info {
    InfoBuilder::new()
        .title("Web1on1 API")
        .version(VERSION)
        .description(Some(introduction()))
        .contact(Some(
            ContactBuilder::new()
                .name(Some("Web1on1"))
                .url(Some("https://web1on1.chat"))
                .build(),
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build()
}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some(
            "An access token, or the API token of a user of role bot.",
        ));
    SecurityScheme::Http(scheme.build())
}

fn describe(operation: &OperationInfo) -> utoipa::openapi::path::Operation {
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .tag(operation.tag.name)
        .summary(Some(operation.summary))
        .description(Some(format!(
            "{}\n\n{}",
            operation.description, operation.permission
        )))
        .request_body(request_body(operation))
        .response(operation.status.as_str(), success(operation));
    for parameter in parameters(&operation.path_parameters, &ParameterIn::Path)
        .chain(parameters(&operation.query_parameters, &ParameterIn::Query))
    {
        builder = builder.parameter(parameter);
    }
    if !operation.authenticated {
        builder = builder.securities(Some([]));
    }
    for (status, response) in failures(operation) {
        builder = builder.response(status, response);
    }
    builder.build()
}

fn parameters(of: &TypeInfo, place: &ParameterIn) -> impl Iterator<Item = Parameter> {
    let document = &of.views().create;
    let required = document.root()["required"].as_array();
    let properties = document.root()["properties"]
        .as_object()
        .into_iter()
        .flatten();
    properties.map(move |(name, schema)| {
        let is_required =
            required.is_some_and(|required| required.iter().any(|other| other == name));
        let mut parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place.clone())
            .description(schema["description"].as_str())
            .required(if is_required {
                Required::True
            } else {
                Required::False
            })
            .schema(Some(parameter_schema(schema)));
        if document.resolve(schema)["type"]
            .as_array()
            .is_some_and(|types| types.iter().any(|kind| kind == "array"))
        {
            parameter = parameter
                .style(Some(ParameterStyle::Form))
                .explode(Some(false));
        }
        parameter.build()
    })
}

/// The schema of a parameter: that of the property, without what a text cannot
/// be and without the description, which stands on the parameter.
fn parameter_schema(property: &Value) -> RefOr<Schema> {
    let mut schema = property.clone();
    if let Some(members) = schema.as_object_mut() {
        members.shift_remove("description");
        for keyword in ["type", "enum", "anyOf"] {
            let Some(Value::Array(choices)) = members.get_mut(keyword) else {
                continue;
            };
            choices
                .retain(|choice| !choice.is_null() && choice != "null" && choice["type"] != "null");
            if keyword != "enum" && choices.len() == 1 {
                let only = choices.swap_remove(0);
                members.shift_remove(keyword);
                match only {
                    Value::Object(alternative) => members.extend(alternative),
                    name => members.extend([(keyword.to_owned(), name)]),
                }
            }
        }
    }
    // Depends on nothing but the types of the parameters; a test compares what is read here.
    serde_json::from_value(schema)
        .unwrap_or_else(|error| panic!("the schema of a parameter is not a schema: {error}"))
}

fn request_body(operation: &OperationInfo) -> Option<RequestBody> {
    let request = recorded(operation.id).and_then(|exchange| exchange.request.as_ref());
    let (content_type, content) = match operation.body {
        BodyInfo::None => return None,
        BodyInfo::Upload { part } => {
            let file = ObjectBuilder::new()
                .schema_type(Type::String)
                .content_media_type("application/octet-stream")
                .description(Some("The content of the file."));
            let form = ObjectBuilder::new().property(part, file).required(part);
            let encoding =
                EncodingBuilder::new().content_type(Some(Upload::CONTENT_TYPES.join(", ")));
            let file = request.and_then(|request| request.part.as_ref());
            // What stands for the bytes.
            let example = file.map(|file| json!({ part: file.filename }));
            let content = ContentBuilder::new()
                .schema(Some(form))
                .encoding(part, encoding)
                .example(example);
            ("multipart/form-data", content.build())
        }
        BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
            let schema = operation
                .body
                .document()
                .map(|document| reference(&document.name));
            (
                JSON,
                ContentBuilder::new()
                    .schema(schema)
                    .example(request.and_then(|request| request.body.clone()))
                    .build(),
            )
        }
    };
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    Some(body.content(content_type, content).build())
}

fn success(operation: &OperationInfo) -> Response {
    let recorded = recorded(operation.id).map(|exchange| &exchange.response);
    let mut response = ResponseBuilder::new().header_ref(REQUEST_ID, request_id_reference());
    let schema = operation
        .reply
        .body
        .document()
        .map(|document| reference(&document.name));
    let schema = match (operation.reply.body, schema) {
        (ReplyBody::List(_), Some(element)) => {
            let list = ArrayBuilder::new().items(RefOr::<Schema>::Ref(element));
            let next = recorded.and_then(|response| response.header(LINK));
            let next = next.map_or_else(|| next_page(operation), ToOwned::to_owned);
            response = response.header(
                LINK,
                header(
                    "The next page (RFC 8288). The last page has no such link.",
                    next,
                ),
            );
            Some(list.build().into())
        }
        (_, schema) => schema.map(RefOr::Ref),
    };
    if operation.reply.has_location {
        let location = recorded
            .and_then(|response| response.header("Location"))
            .unwrap_or_default();
        response = response.header(
            "Location",
            header("The path of what was created.", location),
        );
    }
    if let Some(schema) = schema {
        let mut example = recorded.and_then(|response| response.body.clone());
        if let (Some(example), Some(of)) = (&mut example, operation.reply.body.of()) {
            // The vendor's examples show what a reply never holds.
            let read = &of.views().read;
            match (example, operation.reply.body) {
                (Value::Array(items), ReplyBody::List(_)) => {
                    for item in items {
                        read.remove(Mark::WriteOnly, item);
                    }
                }
                (value, _) => read.remove(Mark::WriteOnly, value),
            }
        }
        response = response.content(
            JSON,
            ContentBuilder::new()
                .schema(Some(schema))
                .example(example)
                .build(),
        );
    }
    let description = match operation.reply.body {
        ReplyBody::None => "Done. The reply has no body.",
        _ if operation.status == StatusCode::CREATED => "Created.",
        _ => "Found.",
    };
    response.description(description).build()
}

/// A link to a next page, where none was recorded.
fn next_page(operation: &OperationInfo) -> String {
    let path = recorded(operation.id).map_or(operation.path, |exchange| &exchange.path);
    format!("<{PUBLIC_URL}{path}?limit=10&offset=10>; rel=\"next\"")
}

/// A [`Failure`] that an operation can have because of its shape, and how it is
/// described.
struct SharedFailure {
    name: &'static str,
    failure: fn() -> Failure,
    description: &'static str,
    applies: fn(&OperationInfo) -> bool,
}

impl SharedFailure {
    fn example(&self) -> Value {
        let request_id = REQUEST_ID_EXAMPLE.to_owned();
        json!(ErrorBody::from((self.failure)()).with(Detail::RequestInfo { request_id }))
    }

    fn status(&self) -> StatusCode {
        (self.failure)().status()
    }

    /// Returns whether this is all that is to be said of the operation and the status: it
    /// has no condition and no recorded example of its own.
    fn is_all_of(&self, operation: &OperationInfo) -> bool {
        let status = self.status();
        let mut own = operation.errors.iter();
        (self.applies)(operation)
            && own.all(|(code, _)| code.http_status() != status)
            && recorded_failure(operation, status).is_none_or(|own| own == self.example())
    }
}

const SHARED_FAILURES: &[SharedFailure] = &[
    SharedFailure {
        name: "BadRequest",
        failure: || {
            Failure::InvalidRequest(Violations::of([
                ("email", "is required"),
                ("settings.locale", "must be one of en, nl, de, fr"),
            ]))
        },
        description: "A parameter or the body is not valid. A `BadRequest` detail names each \
            violation.",
        applies: |_| true,
    },
    SharedFailure {
        name: "Unauthorized",
        failure: || Failure::TokenMissing,
        description: "The access token is missing, expired or not valid.",
        applies: |operation| operation.authenticated,
    },
    SharedFailure {
        name: "ContentTooLarge",
        failure: || Failure::BodyTooLarge { limit: 1 << 20 },
        description: "The body is larger than the server accepts.",
        applies: |operation| !matches!(operation.body, BodyInfo::None),
    },
    SharedFailure {
        name: "UnsupportedMediaType",
        failure: || Failure::ContentTypeUnsupported {
            expected: JSON,
            found: Some("text/plain".to_owned()),
        },
        description: "The body is of a content type that the operation does not take.",
        applies: |operation| !matches!(operation.body, BodyInfo::None),
    },
];

/// The replies to a call that fails: by status, and `default` for those that
/// any call can meet with.
fn failures(operation: &OperationInfo) -> BTreeMap<String, RefOr<Response>> {
    let mut own: BTreeMap<StatusCode, String> = BTreeMap::new();
    for (code, condition) in operation.errors {
        let text = own.entry(code.http_status()).or_default();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(condition);
    }
    let mut failures = BTreeMap::new();
    for shared in SHARED_FAILURES
        .iter()
        .filter(|shared| (shared.applies)(operation))
    {
        let status = shared.status();
        let response = if shared.is_all_of(operation) {
            RefOr::Ref(Ref::from_response_name(shared.name))
        } else {
            let text = match own.remove(&status) {
                Some(text) => format!("{} {text}", shared.description),
                None => shared.description.to_owned(),
            };
            let example = recorded_failure(operation, status);
            let example = example.unwrap_or_else(|| shared.example());
            RefOr::T(failure(Some(status), &text, Some(example)))
        };
        failures.insert(status.as_str().to_owned(), response);
    }
    for (status, text) in own {
        let example = recorded_failure(operation, status);
        failures.insert(
            status.as_str().to_owned(),
            RefOr::T(failure(Some(status), &text, example)),
        );
    }
    let others = "The call failed for another reason: the server is at fault or out of reach.";
    failures.insert("default".to_owned(), RefOr::T(failure(None, others, None)));
    failures
}

/// The recorded reply to a call of the operation that failed with this status.
fn recorded_failure(operation: &OperationInfo, status: StatusCode) -> Option<Value> {
    recorded_error(operation.id, status)?.response.body.clone()
}

/// The reply to a call that fails. Without a status it is the one for all others.
fn failure(status: Option<StatusCode>, description: &str, example: Option<Value>) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(reference(&ErrorBody::views().read.name)))
        .example(example);
    let mut response = ResponseBuilder::new()
        .description(description)
        .header_ref(REQUEST_ID, request_id_reference())
        .content(JSON, content.build());
    if status == Some(StatusCode::UNAUTHORIZED) {
        let how = "How to authenticate (RFC 9110, section 11.6.1).";
        response = response.header("WWW-Authenticate", header(how, "Bearer"));
    }
    if status == Some(StatusCode::TOO_MANY_REQUESTS) {
        let when = "After how many seconds to try again (RFC 9110, section 10.2.3).";
        response = response.header("Retry-After", header(when, "10"));
    }
    response.build()
}

fn reference(schema: &str) -> Ref {
    Ref::from_schema_name(schema)
}

fn request_id() -> Header {
    header(
        "Identifies the request in logs. A caller can choose it.",
        REQUEST_ID_EXAMPLE,
    )
}

fn request_id_reference() -> Ref {
    Ref::new(format!("#/components/headers/{REQUEST_ID}"))
}

fn header(description: &str, example: impl Into<Value>) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(Type::String)))
        .description(Some(description))
        .example(Some(example.into()))
        .build()
}
