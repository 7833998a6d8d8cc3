//! The API as the contract states it.

use std::collections::{BTreeMap, BTreeSet};

use contract::error::ErrorBody;
use contract::operation::{BASE_PATH, BodyInfo, OperationInfo, ReplyBody, TypeInfo, Upload};
use contract::schema::{Definitions, Described as _};
use serde_json::Value;

use crate::api::{Api, Body, Failure, Http, Operation, Place, Property, Shape, Side};
use crate::json_schema::{Schemas, required, snake, snake_variables};

/// The header that every reply has.
const REQUEST_ID: &str = "X-Request-Id";

/// What the contract consists of, as values: the catalogue, and the schemas
/// that are derived from its types.
#[derive(Debug, Clone, PartialEq)]
pub struct ContractFacts {
    /// The operations in the order of the catalogue.
    pub operations: Vec<OperationFacts>,
    /// Every schema by its name.
    pub schemas: Definitions,
    /// The name of the schema of a failure.
    pub error: String,
}

/// One operation of the catalogue.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "they are those of OperationInfo")]
pub struct OperationFacts {
    pub id: String,
    pub method: String,
    pub path: String,
    pub status: String,
    pub tag: String,
    pub authenticated: bool,
    pub has_location: bool,
    /// The statuses of the errors that are particular to the operation.
    pub errors: BTreeSet<String>,
    /// An object whose properties are the variables in the path.
    pub path_parameters: Value,
    /// An object whose properties are the parameters in the query.
    pub query_parameters: Value,
    pub body: BodyFacts,
    pub reply: ReplyFacts,
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyFacts {
    /// None.
    None,
    /// A JSON value of the schema of this name.
    Json(String),
    /// A file in a part of this name.
    Upload(String),
}

/// The body of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyFacts {
    /// None.
    None,
    /// A value of the schema of this name.
    One(String),
    /// A list, or a page of it, of the schema of this name.
    List(String),
}

impl ContractFacts {
    /// Takes them from the contract.
    #[must_use]
    pub fn of_the_contract() -> Self {
        let mut schemas = Definitions::new();
        let mut keep = |definitions: &Definitions| {
            let definitions = definitions.iter();
            schemas.extend(definitions.map(|(name, schema)| (name.clone(), schema.clone())));
        };
        let error = &ErrorBody::views().read;
        keep(&error.definitions);
        for operation in contract::catalogue() {
            let documents = [operation.body.document(), operation.reply.body.document()];
            for document in documents.into_iter().flatten() {
                keep(&document.definitions);
            }
            for parameters in [operation.path_parameters, operation.query_parameters] {
                let document = &parameters.views().read;
                let mut definitions = document.definitions.clone();
                definitions.remove(&document.name);
                keep(&definitions);
            }
        }
        let operations = contract::catalogue().iter().map(facts_of).collect();
        Self {
            operations,
            schemas,
            error: error.name.clone(),
        }
    }
}

fn facts_of(operation: &OperationInfo) -> OperationFacts {
    let name = |document: Option<&contract::schema::SchemaDocument>| {
        document
            .map(|document| document.name.clone())
            .unwrap_or_default()
    };
    let body = match operation.body {
        BodyInfo::None => BodyFacts::None,
        BodyInfo::Upload { part } => BodyFacts::Upload(part.to_owned()),
        BodyInfo::Json(_) | BodyInfo::Create(_) | BodyInfo::Update(_) => {
            BodyFacts::Json(name(operation.body.document()))
        }
    };
    let of = name(operation.reply.body.document());
    let reply = match operation.reply.body {
        ReplyBody::None => ReplyFacts::None,
        ReplyBody::One(_) => ReplyFacts::One(of),
        ReplyBody::List(_) => ReplyFacts::List(of),
    };
    let parameters = |of: TypeInfo| of.views().read.root().clone();
    let errors = operation.errors.iter();
    OperationFacts {
        id: operation.id.to_owned(),
        method: operation.method.to_string(),
        path: operation.path.to_owned(),
        status: operation.status.as_str().to_owned(),
        tag: operation.tag.name.to_owned(),
        authenticated: operation.authenticated,
        has_location: operation.reply.has_location,
        errors: errors
            .map(|(code, _)| code.http_status().as_str().to_owned())
            .collect(),
        path_parameters: parameters(operation.path_parameters),
        query_parameters: parameters(operation.query_parameters),
        body,
        reply,
    }
}

/// Reads the API from the contract.
#[must_use]
pub fn from_contract() -> Api {
    from_facts(&ContractFacts::of_the_contract())
}

/// Reads the API from the facts that the contract consists of.
#[must_use]
pub fn from_facts(facts: &ContractFacts) -> Api {
    let whole = Place::Contract("catalogue".to_owned());
    let mut api = Api::new(Side::Contract, "the contract", whole);
    api.base_path = Some(BASE_PATH.to_owned());
    let schemas = Schemas {
        prefix: "#/$defs/",
        named: facts
            .schemas
            .iter()
            .map(|(name, schema)| (name.as_str(), schema))
            .collect(),
        document: None,
    };
    let mut reached = BTreeSet::new();
    let mut roots = vec![&facts.error];
    for operation in &facts.operations {
        if let BodyFacts::Json(name) = &operation.body {
            roots.push(name);
        }
        if let ReplyFacts::One(name) | ReplyFacts::List(name) = &operation.reply {
            roots.push(name);
        }
        for parameters in [&operation.path_parameters, &operation.query_parameters] {
            schemas.reach(parameters, &mut reached);
            for name in
                required(parameters).filter(|name| parameters["properties"][*name].is_null())
            {
                let message = format!("it requires {name:?}, which is no parameter");
                let place = Place::Contract(format!("operation {}", operation.id));
                api.problem(&operation.id, message, place);
            }
        }
        let read = declare(operation, facts, &schemas);
        let place = read.place.clone();
        if api.operations.insert(operation.id.clone(), read).is_some() {
            api.problem(&operation.id, "two operations have this id", place);
        }
    }
    for name in roots {
        if let Some((name, schema)) = schemas.named.get_key_value(name.as_str())
            && reached.insert(name)
        {
            schemas.reach(schema, &mut reached);
        }
    }
    schemas.declare_types(&mut api, &reached);
    api
}

fn declare(operation: &OperationFacts, facts: &ContractFacts, schemas: &Schemas<'_>) -> Operation {
    let body = match &operation.body {
        BodyFacts::None => Body::None,
        BodyFacts::Json(name) => Body::Json(schemas.shape_of(name)),
        BodyFacts::Upload(part) => Body::Upload(part.clone()),
    };
    let (reply, paged) = match &operation.reply {
        ReplyFacts::None => (None, false),
        ReplyFacts::One(name) => (Some(schemas.shape_of(name)), false),
        ReplyFacts::List(name) => (Some(list(schemas.shape_of(name))), true),
    };
    let path_parameters = parameters(operation, &operation.path_parameters, schemas);
    let content_types = match body {
        Body::Upload(_) => Upload::CONTENT_TYPES.join(", "),
        _ => String::new(),
    };
    Operation {
        place: Place::Contract(format!("operation {}", operation.id)),
        method: operation.method.clone(),
        path: snake_variables(&operation.path),
        status: operation.status.clone(),
        path_parameters: path_parameters
            .into_iter()
            .map(|(name, property)| (snake(&name), property))
            .collect(),
        query: parameters(operation, &operation.query_parameters, schemas),
        body_required: body != Body::None,
        reply,
        paged,
        group: operation.tag.clone(),
        deprecated: false,
        http: Some(Http {
            tag: operation.tag.clone(),
            authenticated: operation.authenticated,
            headers: headers(operation),
            content_types,
            failures: failures(operation, &schemas.shape_of(&facts.error)),
        }),
        body,
    }
}

/// A list of values of that shape.
fn list(element: Shape) -> Shape {
    let rules = element.rules.unwrap_or_default().into_iter();
    Shape {
        list: true,
        null_elements: element.nullable == Some(true),
        rules: Some(
            rules
                .map(|(keyword, rule)| (format!("items.{keyword}"), rule))
                .collect(),
        ),
        ..Shape::one(element.kind)
    }
}

/// Every reply has an id; some say where to find something.
fn headers(operation: &OperationFacts) -> BTreeSet<String> {
    let link = matches!(operation.reply, ReplyFacts::List(_)).then_some("Link");
    let location = operation.has_location.then_some("Location");
    let names = [Some(REQUEST_ID), link, location].into_iter().flatten();
    names.map(ToOwned::to_owned).collect()
}

/// Those that the operation names, and those that follow from its shape.
fn failures(operation: &OperationFacts, error: &Shape) -> BTreeMap<String, Failure> {
    let mut statuses = operation.errors.clone();
    statuses.extend(["400".to_owned(), "default".to_owned()]);
    if operation.authenticated {
        statuses.insert("401".to_owned());
    }
    if operation.body != BodyFacts::None {
        statuses.extend(["413".to_owned(), "415".to_owned()]);
    }
    let each = statuses.into_iter().map(|status| {
        // What HTTP asks of a reply with that status.
        let own = match status.as_str() {
            "401" => Some("WWW-Authenticate"),
            "429" => Some("Retry-After"),
            _ => None,
        };
        let names = [Some(REQUEST_ID), own].into_iter().flatten();
        let failure = Failure {
            body: error.clone(),
            headers: names.map(ToOwned::to_owned).collect(),
        };
        (status, failure)
    });
    each.collect()
}

/// Parameters are never null, and their lists are written with commas.
fn parameters(
    operation: &OperationFacts,
    schema: &Value,
    schemas: &Schemas<'_>,
) -> BTreeMap<String, Property> {
    let place =
        |name: &str, _: &Value| Place::Contract(format!("{name} in operation {}", operation.id));
    let mut parameters = schemas.properties(schema, place);
    for Property { shape, .. } in parameters.values_mut() {
        shape.nullable = Some(false);
        if shape.list {
            let rules = shape.rules.get_or_insert_default();
            rules.insert("style".to_owned(), "form".into());
            rules.insert("explode".to_owned(), false.into());
        }
    }
    parameters
}
