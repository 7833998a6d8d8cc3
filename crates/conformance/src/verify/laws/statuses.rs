//! Statuses that no law has provoked so far. Each that is declared is asked for in the
//! way that HTTP gives it its meaning.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ACCEPT, IF_MATCH};
use http::{HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::exchange::{Ask, Credentials, Raw};
use super::law::Law;
use super::operation::Operation;
use super::options::Part;
use super::sample::{self, Extent};
use super::schema;
use super::session::Session;
use super::writes::Made;
use crate::verify::wire::encode;

/// The sizes of bodies that may be too large, in bytes.
const TOO_LARGE: [usize; 2] = [2 << 20, 16 << 20];

const BOUNDARY: &str = "none";
const FORM: &str = "multipart/form-data; boundary=none";

/// The smallest picture, a GIF. What a file has to be, a document cannot say.
const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\
    \x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\
    \x02\x44\x01\x00\x3b";

/// A number that nothing is likely to have, and that fits 32 bits.
const FAR: &str = "1999999999";

/// How many properties are tried for a conflict.
const MOST_CONFLICTS: usize = 10;

/// Provokes the declared statuses of an operation that were not seen. `made` is what
/// this run has created, by the path of an element.
pub(crate) async fn provoke<'m>(
    session: &mut Session<'m>,
    operation: &'m Operation,
    made: &BTreeMap<String, Vec<Made>>,
) {
    let reads = operation.method == Method::GET;
    if !reads && !session.allow_writes {
        return;
    }
    let made = made.get(&operation.path).map(Vec::as_slice);
    let made = made.unwrap_or_default();
    for (status, reply) in &operation.replies {
        let Ok(status) = status.parse() else { continue };
        if reply.unprovoked.is_some() || session.coverage.has_status(operation, status) {
            continue;
        }
        // What this run has not created is not its own to risk.
        let path = session.fill(&operation.path, !reads).ok();
        let Some(path) = path.or_else(|| by_name(session, &operation.path)) else {
            return;
        };
        let ask = whole(session, operation, path);
        match status {
            401 => {
                session
                    .ask(operation, &ask.sent_by(Credentials::None))
                    .await;
            }
            403 => limited(session, operation, ask).await,
            404 => {
                if let Some(path) = elsewhere(&operation.path, &ask.path) {
                    session.ask(operation, &Ask { path, ..ask }).await;
                }
            }
            406 => {
                let none = HeaderValue::from_static("application/x-none");
                session.ask(operation, &ask.header(ACCEPT, none)).await;
            }
            409 => conflict(session, operation, ask, made).await,
            412 => {
                let none = HeaderValue::from_static("\"none\"");
                session.ask(operation, &ask.header(IF_MATCH, none)).await;
            }
            413 => too_large(session, operation, ask).await,
            415 => {
                let text = Bytes::from_static(b"a text");
                let ask = raw(ask, HeaderValue::from_static("text/x-none"), text);
                session.ask(operation, &ask).await;
            }
            429 => too_often(session, operation, ask).await,
            _ => {}
        }
    }
}

/// A path whose variables are filled in with what this run has created, wherever the
/// variables of the same names stand.
pub(super) fn by_name(session: &Session<'_>, template: &str) -> Option<String> {
    let segments = template.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return Some(segment.to_owned());
        }
        let end = format!("/{segment}");
        let mut created = session.created.iter();
        let (_, ids) = created.find(|(item, ids)| item.ends_with(&end) && !ids.is_empty())?;
        ids.first().map(|id| encode(id))
    });
    let segments: Option<Vec<_>> = segments.collect();
    Some(segments?.join("/"))
}

/// A request that is right, as far as the document says what is.
pub(super) fn whole(session: &mut Session<'_>, operation: &Operation, path: String) -> Ask {
    let mut ask = Ask::new(path);
    for parameter in operation.query.iter().filter(|of| of.required) {
        let text = match &parameter.example {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "none".to_owned(),
        };
        ask = ask.with(&parameter.name, text);
    }
    if operation.body.is_none() {
        return match form(session.root(), operation) {
            Some((content_type, content)) => raw(ask, content_type, content),
            None => ask,
        };
    }
    let sample = sample::make(session, operation, Extent::Example, 0, "status");
    let Ok(sample) = sample else {
        return ask.body(json!({}));
    };
    for secret in &sample.secrets {
        session.keep_secret(secret);
    }
    ask.body(sample.body)
}

/// A form with one file, for an operation that takes one.
fn form(root: &Value, operation: &Operation) -> Option<(HeaderValue, Bytes)> {
    let mut types = operation.body_content.iter();
    let media = types.find(|media| media.name == "multipart/form-data")?;
    let stated = root.pointer(&media.pointer)?;
    let schema = schema::resolve(root, &stated["schema"]);
    let name = schema["properties"].as_object()?.keys().next()?;
    let types = stated["encoding"][name]["contentType"].as_str();
    let first = types.unwrap_or("image/gif").split(',').next()?.trim();
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"file\"\r\n\
         Content-Type: {first}\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let content = [head.as_bytes(), PICTURE, end.as_bytes()].concat();
    Some((HeaderValue::from_static(FORM), content.into()))
}

fn raw(mut ask: Ask, content_type: HeaderValue, content: Bytes) -> Ask {
    ask.body = None;
    ask.raw = Some(Raw {
        content_type,
        content,
    });
    ask
}

/// Verifies that a caller who may change nothing is told so.
pub(super) async fn limited<'m>(session: &mut Session<'m>, operation: &'m Operation, ask: Ask) {
    let law = Law::LimitedTokenRefused;
    if session.laws.limited_token.is_none() {
        return session.untried(law, operation, "--limited-token gives none");
    }
    let asked = session
        .ask(operation, &ask.sent_by(Credentials::Limited))
        .await;
    let Some(exchange) = asked else { return };
    session.held(law, operation);
    if !exchange.is_refusal() {
        let message = format!(
            "a request with the token of a caller who may not do this is answered with {}",
            exchange.status
        );
        session.breach(law, operation, &[&exchange.shown], &message);
        session.learn_created(operation, &exchange);
    }
}

/// The path of something that is not there, beside what is: the value of its first
/// variable is another of the same form.
pub(super) fn elsewhere(template: &str, path: &str) -> Option<String> {
    let mut segments: Vec<_> = path.split('/').map(str::to_owned).collect();
    let at = template
        .split('/')
        .position(|segment| segment.starts_with('{'))?;
    let is_number = segments[at].bytes().all(|byte| byte.is_ascii_digit());
    if is_number && segments[at].len() < FAR.len() {
        // A number beside this one may well be somebody's.
        FAR.clone_into(&mut segments[at]);
        return Some(segments.join("/"));
    }
    let last = if is_number { '9' } else { 'f' };
    let from = segments[at].len().saturating_sub(8);
    let other = segments[at].char_indices().map(|(index, letter)| {
        if index >= from && letter.is_ascii_alphanumeric() {
            last
        } else {
            letter
        }
    });
    segments[at] = other.collect();
    Some(segments.join("/"))
}

/// Asks for what is there already: creates it again, or gives to one what another has.
async fn conflict<'m>(
    session: &mut Session<'m>,
    operation: &'m Operation,
    ask: Ask,
    made: &[Made],
) {
    let creates = session.model.resources.iter().find(|resource| {
        let create = session.model.operation(resource.create);
        create.is_some_and(|create| create.title() == operation.title())
    });
    if let Some(resource) = creates {
        let Some(id) = session
            .created
            .get(&resource.item)
            .and_then(|ids| ids.first())
        else {
            return;
        };
        let Ok(path) = session.item(resource, &id.clone(), true) else {
            return;
        };
        let Some(read) = session.model.operation(resource.read) else {
            return;
        };
        let there = session.ask(read, &Ask::new(path)).await;
        let Some(there) = there.and_then(|exchange| exchange.value) else {
            return;
        };
        let mut body = ask.body.clone().unwrap_or_default();
        for (name, value) in body.as_object_mut().into_iter().flatten() {
            if let Some(same) = there.get(name.as_str()) {
                value.clone_from(same);
            }
        }
        if let Some(exchange) = session.ask(operation, &ask.body(body)).await {
            session.learn_created(operation, &exchange);
        }
        return;
    }
    let [first, .., last] = made else { return };
    let Some(body) = &operation.body else { return };
    let root = session.root();
    let properties = schema::properties(root, &body.schema);
    let shared = properties.keys().filter_map(|name| {
        let value = first.value.get(name.as_str())?;
        let is_other = value.is_string() && last.value.get(name.as_str()) != Some(value);
        is_other.then(|| Map::from_iter([((*name).clone(), value.clone())]))
    });
    let shared: Vec<_> = shared.take(MOST_CONFLICTS).collect();
    for body in shared {
        let ask = Ask::new(last.path.clone()).body(body.into());
        let exchange = session.ask(operation, &ask).await;
        if exchange.is_some_and(|exchange| exchange.status == 409) {
            return;
        }
    }
}

/// Sends bodies that nobody would. They are of no form that creates anything.
async fn too_large<'m>(session: &mut Session<'m>, operation: &'m Operation, ask: Ask) {
    if !session.laws.require_coverage.contains(&Part::Statuses) {
        return;
    }
    let declared = operation.body_content.first();
    let declared = declared.map_or("application/json", |media| media.name.as_str());
    let Ok(mut content_type) = HeaderValue::try_from(declared) else {
        return;
    };
    let mut begun = b"[".to_vec();
    if let Some((of_form, form)) = form(session.root(), operation) {
        content_type = of_form;
        let end = form.len().saturating_sub(BOUNDARY.len() + 8);
        begun = form[..end].to_vec();
    }
    for size in TOO_LARGE {
        let mut content = begun.clone();
        content.resize(size, b' ');
        let ask = raw(ask.clone(), content_type.clone(), content.into());
        let exchange = session.ask(operation, &ask).await;
        if exchange.is_some_and(|exchange| exchange.status == 413) {
            return;
        }
    }
}

/// Repeats a request that changes nothing until it is one too many.
async fn too_often<'m>(session: &mut Session<'m>, operation: &'m Operation, ask: Ask) {
    let changes = operation.method != Method::GET && operation.authenticated;
    if changes || !session.laws.require_coverage.contains(&Part::Statuses) {
        return;
    }
    for _ in 0..session.laws.bounds.probes {
        let Some(exchange) = session.ask(operation, &ask).await else {
            return;
        };
        if exchange.status == 429 || (exchange.is_success() && operation.method != Method::GET) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::elsewhere;

    #[test]
    fn what_is_not_there_has_an_identifier_of_the_same_form() {
        let check = |template: &str, path: &str, expected: Option<&str>| {
            assert_eq!(elsewhere(template, path).as_deref(), expected);
        };
        check("/a/{id}/b/{no}", "/a/12/b/3", Some("/a/1999999999/b/3"));
        check(
            "/a/{id}",
            "/a/6b0310a386200e03b8000001",
            Some("/a/6b0310a386200e03ffffffff"),
        );
        check("/a", "/a", None);
    }
}
