//! Code samples for the reference of the API: for each operation, the recorded request in
//! every language that callers are told about, with the body that the document shows first.
//!
//! [`of`] makes the samples of an exchange. [`file`](fn@file) has those of all recorded ones; it is
//! committed as `samples.json` in the crate of the contract, which publishes them as
//! `x-codeSamples`. `.ci/samples` runs them.
//!
//! curl, TypeScript and Go call over REST, and are made of the request as it was recorded.
//! Python, Rust and the `web1on1 call` command call over gRPC, and are made of the message
//! that is translated to that request.
//!
//! - TypeScript uses openapi-fetch: it runs in browsers as well, uploads included, and the
//!   types that check a call are generated from the document that has the sample.
//! - Go uses `net/http`: generated gRPC code is imported from wherever a reader has put it,
//!   so no sample with it would compile as it is printed.
//!
//! Servers and tokens are environment variables, which the introduction of the document
//! explains. Nothing here sends a request.

mod code;
mod error;
mod languages;
mod literal;
mod message;
mod request;
mod rpc;

use std::collections::BTreeMap;

use contract::operation::OperationInfo;
use contract::recorded::{RecordedExchange, recorded};
use prost_reflect::DescriptorPool;
use serde::Serialize;
use serde_json::Value;

pub use error::Error;
use request::Request;
use rpc::Call;

/// A request in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The language, as highlighters call it.
    pub lang: &'static str,
    /// What a reader chooses it by.
    pub label: &'static str,
    /// A whole program, or a command.
    pub source: String,
}

/// The samples of one exchange.
///
/// # Errors
///
/// Fails where no rpc is translated to the request of the exchange, or the exchange has what
/// no message of that rpc can say.
pub fn of(exchange: &RecordedExchange) -> Result<Vec<Sample>, Error> {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).map_err(Error::Descriptors)?;
    samples(exchange, &pool)
}

/// The samples of all recorded exchanges, by `operationId`, as JSON text.
///
/// # Errors
///
/// As [`of`].
pub fn file() -> Result<String, Error> {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).map_err(Error::Descriptors)?;
    let mut all = BTreeMap::new();
    let document = contract::published::document(None);
    for operation in contract::catalogue() {
        let exchange = recorded(operation.id).ok_or(Error::NotRecorded(operation.id))?;
        let mut exchange = exchange.clone();
        show_example(&document, operation, &mut exchange);
        all.insert(operation.id, samples(&exchange, &pool)?);
    }
    let text = serde_json::to_string_pretty(&all).map_err(Error::NotJson)?;
    Ok(text + "\n")
}

/// Puts the example that readers see first into the request: the samples stand beside it.
fn show_example(document: &Value, operation: &OperationInfo, exchange: &mut RecordedExchange) {
    let method = operation.method.as_str().to_lowercase();
    let body = &document["paths"][operation.path][method]["requestBody"];
    let content = &body["content"]["application/json"];
    let several = content["examples"].as_object();
    let first = several.and_then(|examples| examples.values().next());
    let example = first.map_or(&content["example"], |example| &example["value"]);
    if let Some(request) = &mut exchange.request
        && !example.is_null()
    {
        request.body = Some(example.clone());
    }
}

fn samples(exchange: &RecordedExchange, pool: &DescriptorPool) -> Result<Vec<Sample>, Error> {
    let request = Request::of(exchange)?;
    let call = Call::of(&request, pool)?;
    let sample = |lang, label, source| Sample {
        lang,
        label,
        source,
    };
    Ok(vec![
        sample("shell", "curl", languages::curl::sample(&request)),
        sample("python", "Python", languages::python::sample(&call)?),
        sample(
            "typescript",
            "TypeScript",
            languages::typescript::sample(&request),
        ),
        sample("go", "Go", languages::go::sample(&request)),
        sample("rust", "Rust", languages::rust::sample(&call)?),
        // Renderers that know one sample for each language would take it for that of curl.
        sample("console", "web1on1", languages::command::sample(&call)),
    ])
}
