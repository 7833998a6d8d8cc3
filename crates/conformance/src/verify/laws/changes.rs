//! Laws of what is changed with PATCH.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::compare;
use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::model::Resource;
use super::operation::Operation;
use super::session::Session;
use super::values::others;
use super::writes::{Made, read_only, refused, shows};
use super::{parts, schema};

/// Names of the property that tells the last change.
pub(crate) const UPDATED: [&str; 5] = [
    "updatedAt",
    "updated_at",
    "modifiedAt",
    "modified_at",
    "lastModified",
];

/// Names of the property that tells the creation.
pub(crate) const CREATED: [&str; 4] = ["createdAt", "created_at", "createdOn", "created_on"];

/// How long it takes until a clock with fractions of a second shows another time,
/// and until one without does.
const TICKS: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(1100)];

/// A thing under change.
struct Change<'m, 'a> {
    resource: &'m Resource,
    operation: &'m Operation,
    made: &'a mut Made,
}

/// Verifies what holds of changes of one thing, which is then as the last change has
/// left it.
pub(crate) async fn verify<'m>(session: &mut Session<'m>, resource: &'m Resource, made: &mut Made) {
    let Some(operation) = session.model.operation(resource.patch) else {
        return;
    };
    if operation.body.is_none() {
        let reason = "it has no JSON body";
        return session.untried(Law::PatchChangesWhatItNames, operation, reason);
    }
    let mut change = Change {
        resource,
        operation,
        made,
    };
    change.begin(session).await;
    change.nothing(session).await;
    change.read_only(session).await;
    change.each(session).await;
    change.parts(session).await;
    change.nulls(session).await;
}

impl<'m> Change<'m, '_> {
    fn stated(&self, session: &Session<'m>) -> Vec<(String, &'m Value)> {
        let body = self.operation.body.as_ref();
        let properties = body.map(|body| schema::properties(session.root(), &body.schema));
        properties.unwrap_or_default().into_iter().collect()
    }

    /// Returns whether only the server sets a property, so that it can change by
    /// itself.
    fn is_the_servers(&self, session: &Session<'m>, name: &str) -> bool {
        let reply = self
            .operation
            .success()
            .and_then(|(_, reply)| reply.schema.as_ref());
        let body = self.operation.body.as_ref().map(|body| &body.schema);
        [reply, body].into_iter().flatten().any(|of| {
            let properties = schema::properties(session.root(), of);
            properties
                .get(name)
                .is_some_and(|property| schema::is_marked(session.root(), property, "readOnly"))
        })
    }

    /// The name of a property other than these that differs from before.
    fn changed(&self, session: &Session<'m>, now: &Value, named: &str) -> Option<String> {
        compare::difference(&self.made.value, now, |name| {
            let resource = self.resource;
            let is_derived = self.is_derived(name) || resource.once.contains(name);
            name == named
                || UPDATED.contains(&name)
                || is_derived
                || self.is_the_servers(session, name)
        })
    }

    async fn send(&self, session: &mut Session<'m>, body: Value) -> Option<Exchange> {
        let ask = Ask::new(self.made.path.clone()).body(body);
        session.ask(self.operation, &ask).await
    }

    fn done(&mut self, exchange: &Exchange) {
        if let Some(value) = &exchange.value {
            self.made.value = value.clone();
            self.made.shown.clone_from(&exchange.shown);
        }
    }

    /// Reads the thing if something was created below it, which can have changed it.
    async fn begin(&mut self, session: &mut Session<'m>) {
        let item = &self.resource.item;
        let below = format!("{item}/");
        let is_first = session.created.get(item).and_then(|ids| ids.first()) == Some(&self.made.id);
        if !is_first
            || !session
                .created
                .keys()
                .any(|other| other.starts_with(&below))
        {
            return;
        }
        if let Some(read) = session.model.operation(self.resource.read)
            && let Some(exchange) = session.ask(read, &Ask::new(self.made.path.clone())).await
            && exchange.is_success()
            && let Some(value) = exchange.value
        {
            self.made.value = value;
            self.made.shown = exchange.shown;
        }
    }

    /// A PATCH of nothing.
    async fn nothing(&mut self, session: &mut Session<'m>) {
        let law = Law::EmptyPatchChangesNothing;
        let stated = self.operation.body.as_ref().map(|body| &body.schema);
        let needs_more = stated.is_some_and(|stated| {
            let least = schema::resolve(session.root(), stated)["minProperties"].as_u64();
            least.is_some_and(|least| least > 0)
                || !schema::required(session.root(), stated).is_empty()
        });
        if needs_more {
            return session.untried(law, self.operation, "the document asks for a property");
        }
        let Some(exchange) = self.send(session, json!({})).await else {
            return;
        };
        session.held(law, self.operation);
        let requests = [self.made.shown.as_str(), &exchange.shown];
        let Some(now) = exchange.value.as_ref().filter(|_| exchange.is_success()) else {
            let message = format!("a PATCH that names no property {}", refused(&exchange));
            return session.breach(law, self.operation, &requests, &message);
        };
        if let Some(name) = self.changed(session, now, "") {
            let message = format!("a PATCH that names no property has changed `{name}`");
            session.breach(law, self.operation, &requests, &message);
        }
        self.done(&exchange);
    }

    /// A PATCH of what only the server sets.
    async fn read_only(&mut self, session: &mut Session<'m>) {
        let law = Law::ReadOnlyIsIgnored;
        let values = read_only(session, self.operation);
        if values.is_empty() {
            return session.untried(
                law,
                self.operation,
                "the document has no read-only property for it",
            );
        }
        let body: Map<_, _> = values.iter().cloned().collect();
        let Some(exchange) = self.send(session, body.into()).await else {
            return;
        };
        let Some(now) = exchange.value.as_ref().filter(|_| exchange.is_success()) else {
            let reason = format!("a PATCH of read-only properties {}", refused(&exchange));
            if session.hints.ignores_read_only {
                let requests = [self.made.shown.as_str(), &exchange.shown];
                return session.breach(law, self.operation, &requests, &reason);
            }
            return session.untried(law, self.operation, reason);
        };
        session.held(law, self.operation);
        let set = values
            .iter()
            .find(|(name, value)| compare::same(&now[name], value));
        if let Some((name, _)) = set {
            let requests = [self.made.shown.as_str(), &exchange.shown];
            let message = format!("`{name}` is read-only, and was set by the caller");
            session.breach(law, self.operation, &requests, &message);
        }
        self.done(&exchange);
    }

    /// A PATCH of each property by itself.
    async fn each(&mut self, session: &mut Session<'m>) {
        let first = self.made.value.clone();
        let begun = self.made.shown.clone();
        tick(&first).await;
        let mut left = session.laws.bounds.probes;
        let mut count = 0;
        for (name, property) in self.stated(session) {
            if self.is_the_servers(session, &name) || self.is_special(&name) {
                continue;
            }
            let current = self.made.value[&name].clone();
            let run = session.run.clone();
            let has_options = !schema::options(session.root(), property).is_empty();
            let others = others(session, property, &name, &current, &run);
            for (index, value) in others.into_iter().enumerate() {
                if left == 0 {
                    break;
                }
                left -= 1;
                let is_done = self.one(session, &name, &value).await;
                count += usize::from(is_done);
                if count == 1 {
                    shows(session, self.resource, self.made).await;
                }
                // What a PATCH of something else resets is seen while it is not as it began.
                if is_done
                    && has_options
                    && index == 0
                    && left > 0
                    && let Some((beside, value)) = self.beside(session, &name)
                {
                    left -= 1;
                    self.one(session, &beside, &value).await;
                }
            }
        }
        if count == 0 {
            let reason = "no property has a value that could be changed";
            return session.untried(Law::PatchChangesWhatItNames, self.operation, reason);
        }
        shows(session, self.resource, self.made).await;
        times(session, self.operation, &first, (&begun, self.made));
    }

    /// A plain text other than this property, and its value.
    fn beside(&self, session: &Session<'m>, than: &str) -> Option<(String, Value)> {
        let root = session.root();
        let stated = self.stated(session).into_iter();
        let mut plain = stated.filter(|(name, property)| {
            name != than
                && !self.is_the_servers(session, name)
                && !self.is_special(name)
                && !self.is_derived(name)
                && !schema::is_marked(root, property, "writeOnly")
                && schema::options(root, property).is_empty()
                && schema::resolve(root, property).get("format").is_none()
                && self.made.value[name].is_string()
        });
        let (name, _) = plain.next()?;
        let value = self.made.value[&name].clone();
        Some((name, value))
    }

    /// Returns whether a property follows from others where it is not given.
    fn is_derived(&self, name: &str) -> bool {
        self.resource.derived.contains(name)
    }

    /// Returns whether a property is no one that can be set like any other.
    fn is_special(&self, name: &str) -> bool {
        name == self.resource.id || self.resource.once.contains(name)
    }

    /// A PATCH of one property. Returns whether it was carried out.
    async fn one(&mut self, session: &mut Session<'m>, name: &str, value: &Value) -> bool {
        let Some(exchange) = self.send(session, json!({ name: value })).await else {
            return false;
        };
        if !exchange.is_success() {
            let reason = format!("a PATCH of `{name}` {}", refused(&exchange));
            session.untried(Law::PatchChangesWhatItNames, self.operation, reason);
            return false;
        }
        let Some(now) = exchange.value.clone().filter(Value::is_object) else {
            let reason = "its reply does not show what was changed";
            session.untried(Law::PatchChangesWhatItNames, self.operation, reason);
            return false;
        };
        session.held(Law::PatchChangesWhatItNames, self.operation);
        session.held(Law::PatchChangesNothingElse, self.operation);
        let requests = [self.made.shown.as_str(), &exchange.shown];
        if !compare::has_all(&now[name], value) {
            let message = format!("`{name}` is not what the PATCH has set it to");
            session.breach(
                Law::PatchChangesWhatItNames,
                self.operation,
                &requests,
                &message,
            );
        }
        if let Some(other) = self.changed(session, &now, name) {
            let message = format!("the PATCH names `{name}`, and `{other}` has changed");
            session.breach(
                Law::PatchChangesNothingElse,
                self.operation,
                &requests,
                &message,
            );
        }
        self.done(&exchange);
        true
    }

    /// A PATCH of a part of each object. What merges leaves the rest of it alone; what
    /// does not is said by no document, so that this is tried where it is known.
    async fn parts(&mut self, session: &mut Session<'m>) {
        let body = self.operation.body.as_ref();
        let is_merge = body.is_some_and(|body| body.media_type == "application/merge-patch+json");
        if !session.hints.merges && !is_merge {
            return;
        }
        for (name, property) in self.stated(session) {
            if self.is_the_servers(session, &name) {
                continue;
            }
            let run = session.run.clone();
            for part in parts::of(session, property, &self.made.value[&name], &run) {
                self.part(session, (&name, property), &part).await;
            }
        }
    }

    /// A PATCH of one part of an object.
    async fn part(
        &mut self,
        session: &mut Session<'m>,
        (name, property): (&str, &Value),
        part: &str,
    ) {
        let run = session.run.clone();
        let before = self.made.value[name].clone();
        let value = parts::value(session, property, part, &before[part], &run);
        let Some(value) = value else { return };
        let body = json!({ name: { part: value } });
        let Some(exchange) = self.send(session, body).await else {
            return;
        };
        let Some(now) = exchange.value.clone().filter(|_| exchange.is_success()) else {
            return;
        };
        let law = Law::PatchChangesNothingElse;
        session.held(law, self.operation);
        if let Some(other) = compare::difference(&before, &now[name], |other| other == part) {
            let message =
                format!("the PATCH names `{name}.{part}`, and `{name}.{other}` has changed");
            let requests = [self.made.shown.as_str(), &exchange.shown];
            session.breach(law, self.operation, &requests, &message);
        }
        self.done(&exchange);
    }

    /// A PATCH of each property to null that it can have.
    async fn nulls(&mut self, session: &mut Session<'m>) {
        let law = Law::NullClears;
        let root = session.root();
        let mut left = session.laws.bounds.probes;
        for (name, property) in self.stated(session) {
            let is_set = !self.made.value[&name].is_null();
            let is_private = schema::is_marked(root, property, "writeOnly");
            if !schema::is_nullable(root, property) || !is_set || is_private || left == 0 {
                continue;
            }
            if self.is_the_servers(session, &name) || self.is_special(&name) {
                continue;
            }
            left -= 1;
            let Some(exchange) = self.send(session, json!({ (name.as_str()): null })).await else {
                return;
            };
            let Some(now) = exchange.value.clone().filter(|_| exchange.is_success()) else {
                let reason = format!("a PATCH of `{name}` to null {}", refused(&exchange));
                session.untried(law, self.operation, reason);
                continue;
            };
            session.held(law, self.operation);
            let requests = [self.made.shown.as_str(), &exchange.shown];
            let is_derived = self.is_derived(&name);
            if !is_derived && !self.is_cleared(session, &name, &now[&name]) {
                let message = format!("`{name}` was set to null, and still has a value");
                session.breach(law, self.operation, &requests, &message);
            }
            if let Some(other) = self.changed(session, &now, &name) {
                let message = format!("the PATCH names `{name}`, and `{other}` has changed");
                session.breach(
                    Law::PatchChangesNothingElse,
                    self.operation,
                    &requests,
                    &message,
                );
            }
            self.done(&exchange);
        }
        shows(session, self.resource, self.made).await;
    }

    /// Returns whether a property has nothing, or its declared default.
    fn is_cleared(&self, session: &Session<'m>, name: &str, value: &Value) -> bool {
        let is_empty = match value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            _ => false,
        };
        let root = session.root();
        let reply = self
            .operation
            .success()
            .and_then(|(_, reply)| reply.schema.as_ref());
        let create = session.model.operation(self.resource.create);
        let create = create
            .and_then(|create| create.body.as_ref())
            .map(|body| &body.schema);
        let mut declared = [reply, create].into_iter().flatten().filter_map(|of| {
            let properties = schema::properties(root, of);
            let property = *properties.get(name)?;
            property
                .get("default")
                .or_else(|| schema::resolve(root, property).get("default"))
        });
        is_empty || declared.any(|default| compare::has_all(value, default))
    }
}

/// Verifies what the times of a thing say after an operation has changed it. `begun` is
/// the write before the changes, as reports show it.
pub(crate) fn times(
    session: &mut Session<'_>,
    operation: &Operation,
    first: &Value,
    (begun, made): (&str, &Made),
) {
    let requests = [begun, made.shown.as_str()];
    let named = |names: &[&'static str]| {
        let mut names = names.iter().copied();
        names.find(|name| compare::instant(&first[*name]).is_some())
    };
    if let Some(name) = named(&UPDATED) {
        session.held(Law::UpdatedAtMoves, operation);
        let moved = compare::instant(&made.value[name]) > compare::instant(&first[name]);
        if !moved {
            let message = format!("`{name}` is not later than before the changes");
            session.breach(Law::UpdatedAtMoves, operation, &requests, &message);
        }
    } else {
        session.untried(
            Law::UpdatedAtMoves,
            operation,
            "no property tells the last change",
        );
    }
    if let Some(name) = named(&CREATED) {
        session.held(Law::CreatedAtStands, operation);
        if !compare::same(&made.value[name], &first[name]) {
            let message = format!("`{name}` is another than before the changes");
            session.breach(Law::CreatedAtStands, operation, &requests, &message);
        }
    } else {
        session.untried(
            Law::CreatedAtStands,
            operation,
            "no property tells the creation",
        );
    }
}

/// Waits until the clock of the server shows another time than the last change.
pub(crate) async fn tick(value: &Value) {
    let updated = UPDATED.iter().find_map(|name| value[*name].as_str());
    if let Some(updated) = updated {
        let [fine, coarse] = TICKS;
        tokio::time::sleep(if updated.contains('.') { fine } else { coarse }).await;
    }
}
