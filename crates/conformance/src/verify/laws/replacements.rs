//! Laws of what is replaced with PUT.

use serde_json::{Map, Value};

use super::changes::{tick, times};
use super::compare;
use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::model::Resource;
use super::operation::Operation;
use super::sample::{self, Extent};
use super::schema;
use super::session::Session;
use super::values::another;
use super::writes::{Made, is_as_sent, read_only, refused, shows};

/// What a PUT did not name.
enum Left {
    /// It is as the document says.
    AsDeclared,
    /// It has not its declared default.
    NotDefault,
    /// It is as it was before.
    AsBefore,
}

/// A thing that is replaced.
struct Replacement<'m, 'a> {
    resource: &'m Resource,
    operation: &'m Operation,
    made: &'a mut Made,
}

/// Verifies what holds of one thing that is replaced, which is then as the last PUT has
/// left it. `plain` is one that was created of nothing but the required properties.
pub(crate) async fn verify<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    made: &mut Made,
    plain: Option<&Value>,
) {
    let Some(operation) = session.model.operation(resource.put) else {
        return;
    };
    let law = Law::PutSetsWhatItNames;
    if operation.body.is_none() {
        return session.untried(law, operation, "it has no JSON body");
    }
    if !made.value.is_object() {
        return session.untried(law, operation, "what it replaces has no properties");
    }
    let mut replacement = Replacement {
        resource,
        operation,
        made,
    };
    let first = replacement.made.value.clone();
    let begun = replacement.made.shown.clone();
    tick(&first).await;
    if !replacement.whole(session).await {
        return;
    }
    replacement.ignored(session).await;
    replacement.unlike(session, plain).await;
    replacement.required(session, plain).await;
    times(session, operation, &first, (&begun, replacement.made));
}

impl<'m> Replacement<'m, '_> {
    /// Replaces it by something with other values.
    async fn whole(&mut self, session: &mut Session<'m>) -> bool {
        let law = Law::PutSetsWhatItNames;
        let Some(mut body) = self.sample(session, Extent::Example) else {
            return false;
        };
        let run = session.run.clone();
        for (name, property) in self.stated(session) {
            let current = self.made.value[&name].clone();
            let other = another(session, property, &name, &current, &run);
            if let (Some(value), Some(other)) = (body.get_mut(&name), other) {
                *value = other;
            }
        }
        let Some(exchange) = self.send(session, body.clone()).await else {
            return false;
        };
        if !exchange.is_success() {
            let reason = format!("a PUT that the document describes {}", refused(&exchange));
            session.untried(law, self.operation, reason);
            return false;
        }
        let Some(now) = self.shown(session, &exchange).await else {
            return false;
        };
        self.compare(session, &body, &now, &exchange);
        self.done(now, &exchange);
        shows(session, self.resource, self.made).await;
        true
    }

    /// Verifies that each property that a PUT has named is what it has set.
    fn compare(
        &self,
        session: &mut Session<'m>,
        sent: &Map<String, Value>,
        now: &Value,
        exchange: &Exchange,
    ) {
        let law = Law::PutSetsWhatItNames;
        session.held(law, self.operation);
        let stated: Vec<_> = self.stated(session);
        for (name, property) in stated {
            let Some(sent) = sent.get(&name) else {
                continue;
            };
            if self.is_shown(session, &name)
                && !is_as_sent(session.root(), Some(property), &now[&name], sent)
            {
                let message = format!("`{name}` is not what the PUT has set it to");
                session.breach(law, self.operation, &[&exchange.shown], &message);
            }
        }
    }

    /// Replaces it by the same with read-only properties, which a server must ignore.
    async fn ignored(&mut self, session: &mut Session<'m>) {
        let law = Law::ReadOnlyIsIgnored;
        let values = read_only(session, self.operation);
        if values.is_empty() {
            let reason = "the document has no read-only property for it";
            return session.untried(law, self.operation, reason);
        }
        let Some(mut body) = self.as_it_is(session, Extent::Example) else {
            return;
        };
        body.extend(values.iter().cloned());
        let Some(exchange) = self.send(session, body).await else {
            return;
        };
        if !exchange.is_success() {
            let reason = format!("a PUT of read-only properties {}", refused(&exchange));
            return session.untried(law, self.operation, reason);
        }
        let Some(now) = self.shown(session, &exchange).await else {
            return;
        };
        session.held(law, self.operation);
        let mut set = values.iter();
        if let Some((name, _)) = set.find(|(name, value)| compare::same(&now[name], value)) {
            let message = format!("`{name}` is read-only, and was set by the caller");
            session.breach(law, self.operation, &[&exchange.shown], &message);
            return;
        }
        self.done(now, &exchange);
    }

    /// Replaces it by something that has of each property another value than what was
    /// created without it, so that a PUT without it shows whether it is replaced.
    async fn unlike(&mut self, session: &mut Session<'m>, plain: Option<&Value>) {
        let Some(mut body) = self.as_it_is(session, Extent::Example) else {
            return;
        };
        let run = session.run.clone();
        let mut is_other = false;
        for (name, property) in self.stated(session) {
            let fresh = default(session.root(), property);
            let fresh = fresh.or_else(|| plain.map(|plain| &plain[&name]));
            let Some(fresh) = fresh.filter(|fresh| self.made.value[&name] == **fresh) else {
                continue;
            };
            if let Some(other) = another(session, property, &name, fresh, &run) {
                body.insert(name, other);
                is_other = true;
            }
        }
        if !is_other {
            return;
        }
        let Some(exchange) = self.send(session, body.clone()).await else {
            return;
        };
        if exchange.is_success()
            && let Some(now) = self.shown(session, &exchange).await
        {
            self.compare(session, &body, &now, &exchange);
            self.done(now, &exchange);
        }
    }

    /// Replaces it by nothing but what is required.
    async fn required(&mut self, session: &mut Session<'m>, plain: Option<&Value>) {
        let law = Law::PutReplaces;
        let Some(body) = self.as_it_is(session, Extent::Required) else {
            return;
        };
        let Some(exchange) = self.send(session, body.clone()).await else {
            return;
        };
        if !exchange.is_success() {
            let reason = format!(
                "a PUT of nothing but the required properties {}",
                refused(&exchange)
            );
            return session.untried(law, self.operation, reason);
        }
        let Some(now) = self.shown(session, &exchange).await else {
            return;
        };
        self.compare(session, &body, &now, &exchange);
        let mut tried = false;
        for (name, property) in self.stated(session) {
            if body.contains_key(&name) || !self.is_shown(session, &name) {
                continue;
            }
            tried = true;
            session.held(law, self.operation);
            let before = &self.made.value[&name];
            let plain = plain.map(|plain| &plain[&name]);
            let message = match left(session.root(), property, (before, &now[&name]), plain) {
                Left::AsDeclared => continue,
                Left::NotDefault => {
                    format!("the PUT does not name `{name}`, which has not its declared default")
                }
                Left::AsBefore => {
                    format!("the PUT does not name `{name}`, which is as it was before")
                }
            };
            let requests = [self.made.shown.as_str(), &exchange.shown];
            session.breach(law, self.operation, &requests, &message);
        }
        if !tried {
            session.untried(
                law,
                self.operation,
                "every property of its body is required",
            );
        }
        self.done(now, &exchange);
        shows(session, self.resource, self.made).await;
    }

    fn stated(&self, session: &Session<'m>) -> Vec<(String, &'m Value)> {
        let body = self.operation.body.as_ref();
        let properties = body.map(|body| schema::properties(session.root(), &body.schema));
        let properties = properties.unwrap_or_default().into_iter();
        let set = properties
            .filter(|(_, property)| !schema::is_marked(session.root(), property, "readOnly"));
        set.collect()
    }

    /// Returns whether replies show a property as it was set.
    fn is_shown(&self, session: &Session<'m>, name: &str) -> bool {
        let root = session.root();
        let read = session.model.operation(self.resource.read);
        let replies = [Some(self.operation), read].into_iter().flatten();
        let replies = replies.filter_map(|operation| operation.success()?.1.schema.as_ref());
        let mut all = replies.map(|reply| schema::properties(root, reply));
        let is_hidden = self.resource.once.contains(name) || self.resource.derived.contains(name);
        !is_hidden
            && name != self.resource.id
            && all.any(|all| {
                let property = all.get(name);
                property.is_some_and(|property| !schema::is_marked(root, property, "writeOnly"))
            })
    }

    fn sample(&self, session: &mut Session<'m>, extent: Extent) -> Option<Map<String, Value>> {
        let variant = format!("put-{}", session.requests);
        match sample::make(session, self.operation, extent, 0, &variant) {
            Ok(sample) => {
                for secret in &sample.secrets {
                    session.keep_secret(secret);
                }
                sample.body.as_object().cloned()
            }
            Err(reason) => {
                session.untried(Law::PutSetsWhatItNames, self.operation, reason);
                None
            }
        }
    }

    /// A body with the values that it has already.
    fn as_it_is(&self, session: &mut Session<'m>, extent: Extent) -> Option<Map<String, Value>> {
        let mut body = self.sample(session, extent)?;
        let there = self.made.value.as_object().into_iter().flatten();
        for (name, value) in there.filter(|(_, value)| !value.is_null()) {
            if let Some(sent) = body.get_mut(name).filter(|sent| !sent.is_object()) {
                sent.clone_from(value);
            }
        }
        Some(body)
    }

    async fn send(&self, session: &mut Session<'m>, body: Map<String, Value>) -> Option<Exchange> {
        let ask = Ask::new(self.made.path.clone()).body(body.into());
        session.ask(self.operation, &ask).await
    }

    /// What a PUT has made of it: as its reply shows it, or else as a read does.
    async fn shown(&self, session: &mut Session<'m>, exchange: &Exchange) -> Option<Value> {
        if let Some(value) = exchange.value.clone().filter(Value::is_object) {
            return Some(value);
        }
        let read = session.model.operation(self.resource.read);
        let Some(read) = read else {
            let reason = "neither its reply nor a read shows what was replaced";
            session.untried(Law::PutSetsWhatItNames, self.operation, reason);
            return None;
        };
        let read = session.ask(read, &Ask::new(self.made.path.clone())).await?;
        read.value.filter(Value::is_object)
    }

    fn done(&mut self, now: Value, exchange: &Exchange) {
        self.made.value = now;
        self.made.shown.clone_from(&exchange.shown);
    }
}

/// The declared default of a property.
fn default<'a>(root: &'a Value, property: &'a Value) -> Option<&'a Value> {
    let declared = property.get("default");
    let declared = declared.or_else(|| schema::resolve(root, property).get("default"));
    declared.filter(|default| !default.is_null())
}

/// What has become of a property that a PUT did not name. `plain` is its value in what was
/// created without it.
fn left(
    root: &Value,
    property: &Value,
    (before, now): (&Value, &Value),
    plain: Option<&Value>,
) -> Left {
    if let Some(default) = default(root, property) {
        return if compare::has_all(now, default) {
            Left::AsDeclared
        } else {
            Left::NotDefault
        };
    }
    let is_nothing = match now {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    // A server may have a default that no document declares.
    let is_own = plain.is_some_and(|plain| compare::same(plain, now));
    if is_nothing || is_own || !compare::same(before, now) {
        return Left::AsDeclared;
    }
    Left::AsBefore
}
