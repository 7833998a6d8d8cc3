//! Whether an exchange contradicts itself: path, bodies and headers are of one thing.

use std::collections::BTreeSet;

use contract::recorded::{RecordedExchange, RecordedPart};
use serde_json::Value;

use crate::reference::escape;
use crate::verify::{CREATED, Model, Operation, Resource, UPDATED};
use crate::verify::{elements, instant, is_as_sent, is_marked, properties};

/// What contradicts what: where in the exchange, and the end of a sentence about it.
pub(super) fn contradictions(
    model: &Model,
    operation: &Operation,
    exchange: &RecordedExchange,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let headers = exchange.response.headers.keys();
    let mut names = BTreeSet::new();
    for name in headers {
        if !names.insert(name.to_ascii_lowercase()) {
            let pointer = format!("/response/headers/{}", escape(name));
            let message = format!("its reply has the header {name} twice");
            found.push((pointer, message));
        }
    }
    found.extend(challenge(model, exchange));
    if !exchange.response.status.is_success() {
        return found;
    }
    let is_of = |number: Option<usize>| {
        let of = model.operation(number);
        of.is_some_and(|of| of.title() == operation.title())
    };
    for resource in &model.resources {
        if is_of(resource.list) {
            found.extend(repeated(model, operation, resource, exchange));
            found.extend(not_asked_for(model, operation, exchange));
        }
        if is_of(resource.read) || is_of(resource.patch) {
            found.extend(other_id(resource, exchange));
        }
        if is_of(resource.create) {
            found.extend(other_place(model, resource, exchange));
        }
        if is_of(resource.create) || is_of(resource.patch) {
            found.extend(not_as_sent(model, operation, resource, exchange));
        }
    }
    if let Some(body) = &exchange.response.body {
        times(body, "/response/body", &mut found);
    }
    found
}

/// The elements of a list have what its query asks for, where a parameter has the name of a
/// property and no operator.
fn not_asked_for(
    model: &Model,
    operation: &Operation,
    exchange: &RecordedExchange,
) -> Vec<(String, String)> {
    let list = || {
        let (_, reply) = operation.success()?;
        let (at, _) = elements(model.root(), reply.schema.as_ref()?)?;
        let items = exchange.response.body.as_ref()?.pointer(&at)?.as_array()?;
        Some((at, items))
    };
    let Some((at, items)) = list() else {
        return Vec::new();
    };
    let is_plain = |value: &str| value.starts_with(|first: char| first.is_alphanumeric());
    let mut found = Vec::new();
    for (name, asked) in exchange.query.iter().filter(|(_, asked)| is_plain(asked)) {
        for (index, item) in items.iter().enumerate() {
            let shown = match item.get(name) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Bool(truth)) => truth.to_string(),
                Some(Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            if !asked.split(',').any(|one| one.eq_ignore_ascii_case(&shown)) {
                let pointer = format!("/response/body{at}/{index}/{}", escape(name));
                let message =
                    format!("its query asks for the `{name}` {asked}, and this is {shown}");
                found.push((pointer, message));
            }
        }
    }
    found
}

/// The way to authenticate that a reply names is one of the document's.
fn challenge(model: &Model, exchange: &RecordedExchange) -> Option<(String, String)> {
    let given = exchange.response.header("www-authenticate")?;
    let given = given.split_whitespace().next()?;
    let schemes = model.root()["components"]["securitySchemes"].as_object()?;
    let known: Option<Vec<_>> = schemes
        .values()
        .map(|scheme| match scheme["type"].as_str()? {
            "http" => scheme["scheme"].as_str(),
            "oauth2" | "openIdConnect" => Some("bearer"),
            // What others answer is not said.
            _ => None,
        })
        .collect();
    let known = known.filter(|known| !known.is_empty())?;
    if known.iter().any(|known| known.eq_ignore_ascii_case(given)) {
        return None;
    }
    let pointer = "/response/headers/WWW-Authenticate".to_owned();
    let message = format!(
        "its WWW-Authenticate asks for {given}, and the document has {}",
        known.join(", ")
    );
    Some((pointer, message))
}

/// An identifier as a text.
fn id(value: &Value, resource: &Resource) -> Option<String> {
    match value.get(&resource.id)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// No element of a list has the identifier of another.
fn repeated(
    model: &Model,
    operation: &Operation,
    resource: &Resource,
    exchange: &RecordedExchange,
) -> Option<(String, String)> {
    let (_, reply) = operation.success()?;
    let (at, _) = elements(model.root(), reply.schema.as_ref()?)?;
    let items = exchange.response.body.as_ref()?.pointer(&at)?.as_array()?;
    let mut seen = BTreeSet::new();
    let mut items = items.iter().enumerate();
    let (index, _) = items.find(|(_, item)| {
        let id = id(item, resource);
        id.is_some_and(|id| !seen.insert(id))
    })?;
    let pointer = format!("/response/body{at}/{index}/{}", escape(&resource.id));
    let message = "an element before it has the same identifier".to_owned();
    Some((pointer, message))
}

/// What is read or changed is what the path names.
fn other_id(resource: &Resource, exchange: &RecordedExchange) -> Option<(String, String)> {
    let variable = resource.item.rsplit_once("/{")?.1.strip_suffix('}')?;
    let asked = exchange.path_parameters.get(variable)?;
    let body = exchange.response.body.as_ref()?;
    let shown = id(body, resource)?;
    // A name such as `me` stands for an identifier.
    let has_digits = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
    if *asked == shown || !has_digits(asked) && has_digits(&shown) {
        return None;
    }
    let pointer = format!("/pathParameters/{}", escape(variable));
    let message = format!("its path names {asked}, and its reply is {shown}");
    Some((pointer, message))
}

/// The Location of what was created is the path of what the reply shows.
fn other_place(
    model: &Model,
    resource: &Resource,
    exchange: &RecordedExchange,
) -> Option<(String, String)> {
    let location = exchange.response.header("location")?;
    let wrong = |message: String| Some(("/response/headers/Location".to_owned(), message));
    let host = |url: &str| {
        let (_, rest) = url.split_once("://")?;
        rest.split(['/', '?', '#'])
            .next()
            .map(str::to_ascii_lowercase)
    };
    let servers = model.root()["servers"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let hosts = servers.iter().map(|server| host(server["url"].as_str()?));
    let hosts: Option<Vec<_>> = hosts.collect();
    if let (Some(given), Some(hosts)) = (host(location), hosts)
        && !hosts.is_empty()
        && !hosts
            .iter()
            .any(|known| *known == given || known.contains('{'))
    {
        return wrong(format!("its Location is on {given}, where the API is not"));
    }
    let path = location.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_end_matches('/');
    let (parent, last) = path.rsplit_once('/')?;
    let mut wanted = resource.collection.clone();
    for (name, value) in &exchange.path_parameters {
        wanted = wanted.replace(&format!("{{{name}}}"), value);
    }
    // What something is added to can be the answer as well.
    if wanted.starts_with(below_servers(servers, path)) {
        return None;
    }
    // Another way to the same thing may be as good; another kind of thing is not.
    let kind = wanted.rsplit('/').next().unwrap_or_default();
    if parent.rsplit('/').next() != Some(kind) {
        return wrong(format!(
            "its Location is {location}, and it creates one of {wanted}"
        ));
    }
    let created = id(exchange.response.body.as_ref()?, resource)?;
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    if last == created {
        return None;
    }
    wrong(format!(
        "its Location names {last}, and its reply is {created}"
    ))
}

/// A path without the base path of the first server that has it.
fn below_servers<'a>(servers: &[Value], path: &'a str) -> &'a str {
    let rooted = |url: &'a str| {
        let (_, rest) = url.split_once("://")?;
        Some(rest.find('/').map_or("", |at| &rest[at..]))
    };
    let path = rooted(path).unwrap_or(path);
    let mut bases = servers.iter().filter_map(|server| {
        let url = server["url"].as_str()?;
        let base = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
            None => url,
        };
        path.strip_prefix(base.trim_end_matches('/'))
    });
    bases.next().unwrap_or(path)
}

/// What was created or changed is as it was sent.
fn not_as_sent(
    model: &Model,
    operation: &Operation,
    resource: &Resource,
    exchange: &RecordedExchange,
) -> Vec<(String, String)> {
    let root = model.root();
    let request = exchange.request.as_ref();
    let sent = request.and_then(|request| request.body.as_ref());
    let (Some(Value::Object(sent)), Some(shown), Some(body)) =
        (sent, &exchange.response.body, &operation.body)
    else {
        return Vec::new();
    };
    let properties = properties(root, &body.schema);
    let is_comparable = |name: &String| {
        let property = properties.get(name);
        property.is_some_and(|property| {
            !is_marked(root, property, "writeOnly") && !is_marked(root, property, "readOnly")
        }) && !resource.derived.contains(name)
            && !resource.once.contains(name)
    };
    let others = sent.iter().filter(|(name, value)| {
        let shown = shown.get(name.as_str());
        // Null stands for whatever is the default.
        let property = properties.get(*name).copied();
        is_comparable(name)
            && !value.is_null()
            && shown.is_some_and(|got| !is_as_sent(root, property, got, value))
    });
    let found = others.map(|(name, _)| {
        let pointer = format!("/response/body/{}", escape(name));
        let message = format!("its reply has another `{name}` than its request has sent");
        (pointer, message)
    });
    let declared = operation
        .success()
        .and_then(|(_, reply)| reply.schema.as_ref());
    let declared = declared
        .map(|schema| self::properties(root, schema))
        .unwrap_or_default();
    let lacking = sent.iter().filter(|(name, value)| {
        is_comparable(name)
            && !is_empty(value)
            && declared.contains_key(*name)
            && shown
                .as_object()
                .is_some_and(|shown| !shown.contains_key(*name))
    });
    let lacking = lacking.map(|(name, _)| {
        let message = format!("its reply lacks `{name}`, which its request has sent");
        ("/response/body".to_owned(), message)
    });
    found.chain(lacking).collect()
}

/// What may be left out of a reply as well.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// Nothing was changed before it was created, neither what is shown nor what is in it.
fn times(shown: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
    match shown {
        Value::Object(members) => {
            let of = |names: &[&'static str]| {
                let mut names = names.iter();
                names.find_map(|name| Some((*name, instant(shown.get(name)?)?)))
            };
            if let (Some((created, first)), Some((updated, last))) = (of(&CREATED), of(&UPDATED))
                && last < first
            {
                let message = format!("its reply has `{updated}` before `{created}`");
                found.push((format!("{pointer}/{updated}"), message));
            }
            for (name, member) in members {
                times(member, &format!("{pointer}/{}", escape(name)), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                times(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// A picture is of the type that its part has.
pub(super) fn wrong_picture(part: &RecordedPart, content: &[u8]) -> Option<String> {
    const MAGIC: [(&str, &[u8]); 3] = [
        ("image/png", b"\x89PNG"),
        ("image/jpeg", b"\xff\xd8\xff"),
        ("image/gif", b"GIF8"),
    ];
    let begins = |(_, magic): &&(&str, &[u8])| content.starts_with(magic);
    let is = match MAGIC.iter().find(begins) {
        Some((name, _)) if *name == part.content_type => return None,
        Some((name, _)) => *name,
        None if MAGIC.iter().any(|(name, _)| *name == part.content_type) => "none",
        None => return None,
    };
    let is_picture = part.content_type.starts_with("image/");
    is_picture.then(|| format!("its part is {}, and its content is {is}", part.content_type))
}
