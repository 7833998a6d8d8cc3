//! Laws of what is created.

use serde_json::Value;

use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::lists::List;
use super::location::led_to;
use super::model::Resource;
use super::operation::Operation;
use super::sample::{self, Extent};
use super::schema;
use super::session::Session;
use super::{added, compare};

/// How many things of each kind are created: one from the example, one of what is
/// required alone, and one more from the example, so that lists have several.
const CREATED: usize = 3;

/// What is sent for a read-only number.
const NUMBER: u64 = 1_999_999_998;

/// How a document says that a list leaves some things out unless they are asked for.
pub(crate) const LEFT_OUT: &str = "Without it";

/// Something that was created.
pub(crate) struct Made {
    pub(crate) id: String,
    /// Its path below the base.
    pub(crate) path: String,
    /// What the reply to the last write has shown.
    pub(crate) value: Value,
    /// The last write, as reports show it.
    pub(crate) shown: String,
}

/// Returns why nothing of a kind may be created, where that is so.
fn kept_from(session: &Session<'_>, resource: &Resource) -> Option<String> {
    let is_below_ours = session
        .created
        .keys()
        .any(|item| resource.collection.starts_with(&format!("{item}/")));
    let goes_again = resource.delete.is_some() || is_below_ours;
    (!goes_again).then(|| "what it creates could not be deleted again".to_owned())
}

/// Creates some things of a kind, and verifies what holds of each.
pub(crate) async fn create<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    how_many: Option<usize>,
) -> Vec<Made> {
    let Some(operation) = session.model.operation(resource.create) else {
        return Vec::new();
    };
    let law = Law::CreatedAsSent;
    let below = session.fill(&resource.collection, true);
    let path = match (kept_from(session, resource), below) {
        (Some(reason), _) | (None, Err(reason)) => {
            session.untried(law, operation, reason);
            return Vec::new();
        }
        (None, Ok(path)) => path,
    };
    let mut made = Vec::new();
    let mut why = None;
    for number in 0..how_many.unwrap_or(CREATED) {
        let extent = if number == 1 {
            Extent::Required
        } else {
            Extent::Example
        };
        let variant = format!(
            "{}-{number}",
            resource.collection.matches('/').count() + session.requests
        );
        let mut varied = number;
        let mut adds_read_only = number == 2;
        loop {
            let mut sample = match sample::make(session, operation, extent, varied, &variant) {
                Ok(sample) => sample,
                Err(reason) => {
                    session.untried(law, operation, reason);
                    return made;
                }
            };
            for secret in &sample.secrets {
                session.keep_secret(secret);
            }
            let ignored = if adds_read_only {
                read_only(session, operation)
            } else {
                Vec::new()
            };
            if let Some(body) = sample.body.as_object_mut() {
                body.extend(ignored.iter().cloned());
            }
            let ask = Ask::new(path.clone()).body(sample.body.clone());
            let Some(exchange) = session.ask(operation, &ask).await else {
                break;
            };
            if !exchange.is_success() {
                // What is there already has something that this must not have too.
                if exchange.status == 409 && session.unique.insert(resource.item.clone()) {
                    continue;
                }
                if !ignored.is_empty() {
                    adds_read_only = false;
                    let reason =
                        format!("a create with read-only properties {}", refused(&exchange));
                    session.untried(Law::ReadOnlyIsIgnored, operation, reason);
                    continue;
                }
                // Values that are varied may be refused for a reason that no schema tells.
                if varied > 0 {
                    varied = 0;
                    continue;
                }
                let reason = format!(
                    "a create that the document describes {}",
                    refused(&exchange)
                );
                let laws = match extent {
                    Extent::Example => &[law][..],
                    Extent::Required => &[law, Law::DefaultsAreFilled],
                };
                for law in laws {
                    session.untried(*law, operation, reason.clone());
                }
                why = Some(reason);
                break;
            }
            if let Some(one) = created(session, resource, operation, &sample.body, &exchange).await
            {
                verify(
                    session,
                    resource,
                    operation,
                    (&sample.body, &ignored, extent),
                    &one,
                )
                .await;
                made.push(one);
            }
            break;
        }
    }
    if let Some(reason) = why.filter(|_| made.is_empty()) {
        nothing_made(session, resource, &reason);
    }
    made
}

/// Notes the laws that are not tried because nothing of a kind could be created.
fn nothing_made(session: &mut Session<'_>, resource: &Resource, reason: &str) {
    let model = session.model;
    let laws = [
        (
            resource.create,
            &[
                Law::DefaultsAreFilled,
                Law::LocationLeadsToCreated,
                Law::UndeclaredPropertyRefused,
                Law::BeyondLimitRefused,
                Law::WrongTypeRefused,
                Law::MissingPropertyRefused,
                Law::NullRefused,
            ][..],
        ),
        (resource.read, &[Law::ReadShowsWhatWasWritten]),
        (resource.list, &[Law::ListShowsWhatWasWritten]),
        (
            resource.patch,
            &[
                Law::PatchChangesWhatItNames,
                Law::PatchChangesNothingElse,
                Law::NullClears,
                Law::EmptyPatchChangesNothing,
                Law::ReadOnlyIsIgnored,
            ],
        ),
        (resource.put, &[Law::PutSetsWhatItNames, Law::PutReplaces]),
        (
            resource.delete,
            &[
                Law::DeletedIsGone,
                Law::DeletedIsNotListed,
                Law::SecondDeleteAsDocumented,
            ],
        ),
    ];
    for (number, laws) in laws {
        let Some(operation) = model.operation(number) else {
            continue;
        };
        for law in laws {
            session.untried(*law, operation, reason);
        }
    }
}

/// How a request was refused, to be read after its name.
pub(crate) fn refused(exchange: &Exchange) -> String {
    let value = exchange.value.as_ref();
    let message = value.and_then(|value| {
        value["error"]["message"]
            .as_str()
            .or_else(|| value["message"].as_str())
    });
    let message = message.map(|message| message.chars().take(160).collect::<String>());
    let status = exchange.status;
    message.map_or_else(
        || format!("is answered with {status}"),
        |message| format!("is answered with {status} ({message})"),
    )
}

/// Values of read-only properties, which a server must ignore: those that the body of an
/// operation declares, and where it is open to more, those that the reply alone has.
pub(crate) fn read_only(session: &Session<'_>, operation: &Operation) -> Vec<(String, Value)> {
    let root = session.root();
    let Some(body) = &operation.body else {
        return Vec::new();
    };
    let mut values = set_by_the_server(session, &body.schema);
    if !schema::is_closed(root, &body.schema) {
        let more = not_declared(session, operation).into_iter();
        values.extend(more);
    }
    values
}

/// Values of read-only properties that the reply to an operation has, and that its body
/// does not declare.
pub(crate) fn not_declared(session: &Session<'_>, operation: &Operation) -> Vec<(String, Value)> {
    let root = session.root();
    let body = operation.body.as_ref();
    let reply = operation.success();
    let reply = reply.and_then(|(_, reply)| reply.schema.as_ref());
    let (Some(body), Some(reply)) = (body, reply) else {
        return Vec::new();
    };
    let declared = schema::properties(root, &body.schema);
    let mut values = set_by_the_server(session, reply);
    values.retain(|(name, _)| !declared.contains_key(name));
    values
}

/// Values of the read-only properties of a schema that the server has certainly not set.
fn set_by_the_server(session: &Session<'_>, stated: &Value) -> Vec<(String, Value)> {
    let root = session.root();
    let properties = schema::properties(root, stated).into_iter();
    let marked = properties.filter(|(_, property)| schema::is_marked(root, property, "readOnly"));
    let values = marked.filter_map(|(name, property)| {
        let schema = schema::resolve(root, property);
        if schema::has_type(root, schema, "integer") {
            return Some((name, NUMBER.into()));
        }
        if !schema::has_type(root, schema, "string") {
            return None;
        }
        let value = if schema["format"] == "date-time" {
            "2001-02-03T04:05:06.789Z"
        } else if session.model.is_identifier(schema) {
            // Some identifiers are hexadecimal, and all of these digits are.
            "0123456789abcdef01234567"
        } else if schema.get("pattern").is_some() || schema.get("format").is_some() {
            return None;
        } else {
            "set by the caller"
        };
        Some((name, Value::from(value)))
    });
    values.collect()
}

/// What was added to a list whose elements are identifiers themselves.
fn added(session: &Session<'_>, resource: &Resource, sent: &Value) -> Option<String> {
    let list = session.model.operation(resource.list)?;
    let (_, element) = schema::elements(session.root(), list.success()?.1.schema.as_ref()?)?;
    if !schema::has_type(session.root(), element, "string") {
        return None;
    }
    if let Value::Array(items) = sent {
        return Some(items.first()?.as_str()?.to_owned());
    }
    let mut lists = sent.as_object()?.values().filter_map(Value::as_array);
    lists.find_map(|items| Some(items.first()?.as_str()?.to_owned()))
}

/// Finds out what was created.
async fn created<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    operation: &'m Operation,
    sent: &Value,
    exchange: &Exchange,
) -> Option<Made> {
    if let Some(id) = added(session, resource, sent) {
        let before = session.created.get(&resource.item);
        if before.is_some_and(|before| before.contains(&id)) {
            return None;
        }
        session.learn(resource, &id, true);
        let path = session.item(resource, &id, true).ok()?;
        added::verify(session, resource, operation, sent, exchange);
        let value = Value::String(id.clone());
        let shown = exchange.shown.clone();
        return Some(Made {
            id,
            path,
            value,
            shown,
        });
    }
    let Some(id) = exchange.id(resource) else {
        let reason = format!("the reply to a create does not have `{}`", resource.id);
        session.untried(Law::CreatedAsSent, operation, reason);
        return None;
    };
    session.held(Law::IdsAreUnique, operation);
    let known = session.created.get(&resource.item);
    if known.is_some_and(|known| known.contains(&id)) {
        let message = "two things were created with the same identifier";
        session.breach(Law::IdsAreUnique, operation, &[&exchange.shown], message);
        return None;
    }
    session.learn(resource, &id, true);
    let path = session.item(resource, &id, true).ok()?;
    let value = exchange.value.clone()?;
    location(session, resource, operation, exchange, &id).await;
    Some(Made {
        id,
        path,
        value,
        shown: exchange.shown.clone(),
    })
}

/// Verifies that `Location` leads to what was created.
async fn location<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    operation: &'m Operation,
    exchange: &Exchange,
    id: &str,
) {
    let law = Law::LocationLeadsToCreated;
    let expected = session.fill(&resource.collection, true).ok();
    let from = expected.as_deref().unwrap_or_default();
    let Some(path) = led_to(session, operation, exchange, from) else {
        return;
    };
    let Some(read) = session.model.operation(resource.read) else {
        return;
    };
    let parent = path.rsplit_once('/').map(|(parent, _)| parent);
    if parent.map(str::to_owned) != expected {
        let message = "Location leads to something of another kind";
        return session.breach(law, operation, &[&exchange.shown], message);
    }
    let Some(there) = session.ask(read, &Ask::new(path)).await else {
        return;
    };
    if there.id(resource).as_deref() != Some(id) || !there.is_success() {
        let message = "Location does not lead to what was created";
        session.breach(law, operation, &[&exchange.shown, &there.shown], message);
    }
}

/// Verifies that what was created is what was sent, and what a read and the list
/// then show.
async fn verify<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    operation: &'m Operation,
    (sent, ignored, extent): (&Value, &[(String, Value)], Extent),
    made: &Made,
) {
    let root = session.root();
    let Some(body) = &operation.body else { return };
    let stated = schema::properties(root, &body.schema);
    let reply = operation
        .success()
        .and_then(|(_, reply)| reply.schema.as_ref());
    let shown = reply
        .map(|reply| schema::properties(root, reply))
        .unwrap_or_default();
    let is_shown = |name: &str| {
        shown
            .get(name)
            .is_some_and(|property| !schema::is_marked(root, property, "writeOnly"))
    };
    session.held(Law::CreatedAsSent, operation);
    for (name, sent) in sent.as_object().into_iter().flatten() {
        let got = &made.value[name];
        let property = stated.get(name);
        let is_read_only =
            property.is_some_and(|property| schema::is_marked(root, property, "readOnly"));
        if !is_shown(name)
            || is_read_only
            || resource.once.contains(name)
            || is_as_sent(root, property.copied(), got, sent)
        {
            continue;
        }
        let message = format!("`{name}` is not what was sent");
        session.breach(Law::CreatedAsSent, operation, &[&made.shown], &message);
    }
    for (name, value) in ignored {
        session.held(Law::ReadOnlyIsIgnored, operation);
        if compare::same(&made.value[name], value) {
            let message = format!("`{name}` is read-only, and was set by the caller");
            session.breach(Law::ReadOnlyIsIgnored, operation, &[&made.shown], &message);
        }
    }
    if extent == Extent::Required {
        for (name, property) in &stated {
            let default = property
                .get("default")
                .or_else(|| schema::resolve(root, property).get("default"));
            let Some(default) = default.filter(|default| !default.is_null()) else {
                continue;
            };
            if sent.get(name).is_some() || !is_shown(name) {
                continue;
            }
            session.held(Law::DefaultsAreFilled, operation);
            if !compare::has_all(&made.value[name], default) {
                let message =
                    format!("`{name}` was not sent, and does not have its declared default");
                session.breach(Law::DefaultsAreFilled, operation, &[&made.shown], &message);
            }
        }
    }
    shows(session, resource, made).await;
}

/// Returns whether a property is what was sent. A server may write an e-mail address in
/// another case.
pub(crate) fn is_as_sent(
    root: &Value,
    property: Option<&Value>,
    got: &Value,
    sent: &Value,
) -> bool {
    let is_email =
        property.is_some_and(|property| schema::resolve(root, property)["format"] == "email");
    let alike = || {
        let (got, sent) = (got.as_str(), sent.as_str());
        got.zip(sent)
            .is_some_and(|(got, sent)| got.eq_ignore_ascii_case(sent))
    };
    compare::has_all(got, sent) || (is_email && alike())
}

/// Verifies that a read and the list show what the reply to the last write has shown.
pub(crate) async fn shows<'m>(session: &mut Session<'m>, resource: &'m Resource, made: &Made) {
    if let Some(read) = session.model.operation(resource.read)
        && let Some(exchange) = session.ask(read, &Ask::new(made.path.clone())).await
    {
        let law = Law::ReadShowsWhatWasWritten;
        session.held(law, read);
        let requests = [made.shown.as_str(), &exchange.shown];
        let value = exchange.value.as_ref().filter(|_| exchange.is_success());
        match value.map(|value| {
            compare::difference(&made.value, value, |name| resource.once.contains(name))
        }) {
            None => {
                let message = format!("what was written {}", refused(&exchange));
                session.breach(law, read, &requests, &message);
            }
            Some(Some(name)) => {
                let message = format!("`{name}` is not what the reply to the write has shown");
                session.breach(law, read, &requests, &message);
            }
            Some(None) => {}
        }
    }
    let Some(Ok(list)) = List::of(session, resource) else {
        return;
    };
    let law = Law::ListShowsWhatWasWritten;
    let by_id = list.operation.parameter(&[resource.id.as_str()]);
    let query: Vec<_> = by_id
        .map(|id| (id.name.clone(), made.id.clone()))
        .into_iter()
        .collect();
    let Some(mut listed) = list.whole(session, &query).await else {
        return;
    };
    let is_it = |item: &&Value| list.id(item).as_ref() == Some(&made.id);
    if !listed.items.iter().any(|item| is_it(&item)) {
        // Some things are left out unless their own value is asked for.
        let filters: Vec<_> = list
            .filters()
            .filter(|filter| filter.description.contains(LEFT_OUT))
            .collect();
        for filter in filters {
            let Some(value) = made.value[&filter.name].as_str() else {
                continue;
            };
            let own = (filter.name.clone(), value.to_owned());
            let query: Vec<_> = query.iter().cloned().chain([own]).collect();
            if let Some(again) = list.whole(session, &query).await {
                listed = again;
            }
        }
    }
    session.held(law, list.operation);
    let requests = [made.shown.as_str(), &listed.shown];
    let found = listed.items.iter().find(is_it);
    match found {
        None if listed.is_whole => {
            session.breach(
                law,
                list.operation,
                &requests,
                "what was written is not in the list",
            );
        }
        None => session.untried(
            law,
            list.operation,
            "the list is too long to be looked at as a whole",
        ),
        Some(item) => {
            let root = session.root();
            let skip =
                |name: &str| list.leaves_out(root, item, name) || resource.once.contains(name);
            if let Some(name) = compare::difference(&made.value, item, skip) {
                let message = format!("`{name}` is not what the reply to the write has shown");
                session.breach(law, list.operation, &requests, &message);
            }
        }
    }
}
