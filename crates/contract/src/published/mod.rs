//! The OpenAPI document as it is published: what the types derive, in a form that
//! generators of clients make good code of.
//!
//! [`openapi()`](crate::openapi::openapi) says what the server takes and sends, one object
//! for each resource, as the protos have it too. Generators need more than that: a
//! schema with a name for each alternative of a union, no property that is optional and
//! nullable where neither ever happens, no two names that are one in another language.
//! What is published says the same in their terms. It never says anything about an
//! operation that the derived document does not know; a test compares both and names
//! the few ways in which they may differ.
//!
//! - `unions` makes whole schemas of the alternatives of an object.
//! - `views` makes of each schema what a reply or a request needs of it.
//! - `names` gives names to what has none.
//! - `parameters` makes parameters and uploads readable for generators.
//! - `examples` completes what the reference shows abbreviated, and shows more than one
//!   request where there are kinds of it.
//! - `alone` takes from the examples of requests what names things that a server may lack.
//! - `samples` adds the code that makes each call.
//! - `older` writes the document once more for readers of OpenAPI 3.0.
//!
//! The types tell what to do by marks on their properties:
//!
//! - `x-always`: every reply has it. Without the mark that holds for what has a default.
//! - `x-told-apart` on a type: `by` names the property that tells the forms of the type
//!   apart, and `property` the one whose content depends on it.
//! - `x-of` on a property of that content: in which form it is there, and whether a new
//!   resource needs it.

mod alone;
mod components;
mod examples;
mod names;
mod older;
mod parameters;
mod samples;
mod unions;
mod views;

use serde_json::{Value, json};

use crate::openapi::{PUBLIC_URL, openapi};
use crate::operation::BASE_PATH;

pub use older::to_3_0;
pub use views::of_a_reply;

/// The OpenAPI 3.1 document that is published. `server` is the base URL of the one server that it
/// names; without one it names the real API and a server on this machine.
pub fn document(server: Option<&str>) -> Value {
    let mut document = openapi();
    publish(&mut document);
    document["servers"] = match server {
        Some(url) => json!([{ "url": url.trim_end_matches('/') }]),
        None => json!([
            {
                "url": PUBLIC_URL,
                "description": "The API.",
            },
            {
                "url": format!("http://127.0.0.1:8080{BASE_PATH}"),
                "description": "A server on this machine, as `web1on1 serve` starts it.",
            },
        ]),
    };
    document
}

/// Gives a derived document the form in which it is published.
fn publish(document: &mut Value) {
    names::name_objects(document);
    unions::make_whole(document);
    views::tell_apart(document);
    parameters::adapt(document);
    names::name_texts(document);
    components::drop_unused(document);
    components::drop_marks(document);
    examples::complete(document);
    examples::show_kinds(document);
    alone::let_stand_alone(document);
    samples::add(document);
}
