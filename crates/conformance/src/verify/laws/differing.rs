//! Things that differ in what a list can be filtered by.

use serde_json::Value;

use super::exchange::{Ask, Exchange};
use super::lists::{List, Listed};
use super::model::Resource;
use super::operation::Parameter;
use super::sample::{self, Extent};
use super::session::Session;
use super::writes::{Made, shows};
use super::{absent, compare, schema};

/// Creates one more thing where all elements of a list are alike in a property. It is
/// deleted with the others. Returns whether that was done.
pub(super) async fn create<'m>(
    session: &mut Session<'m>,
    list: &List<'m>,
    (parameter, property): (&Parameter, &Value),
    whole: &Listed,
) -> bool {
    let name = &parameter.name;
    let there: Vec<_> = whole.items.iter().map(|item| &item[name]).collect();
    let are_alike = there.windows(2).all(|two| compare::same(two[0], two[1]));
    // What could be created is what could be deleted again.
    let is_ours = session.created.contains_key(&list.resource.item);
    if !session.allow_writes || !is_ours || !are_alike {
        return false;
    }
    let Some(operation) = session.model.operation(list.resource.create) else {
        return false;
    };
    let Some(body) = &operation.body else {
        return false;
    };
    let root = session.root();
    let properties = schema::properties(root, &body.schema);
    let can_be_set = properties.get(name).is_some_and(|property| {
        let is_another = session.model.is_identifier(schema::resolve(root, property));
        // What is referred to need not be of this run.
        !is_another && !schema::is_marked(root, property, "readOnly")
    });
    let value = absent::value(session, parameter, property, &there);
    let Some(value) = value.filter(|_| can_be_set) else {
        return false;
    };
    let Ok(path) = session.fill(&list.resource.collection, true) else {
        return false;
    };
    for extent in [Extent::Example, Extent::Required] {
        let variant = format!("{name}-{}", session.requests);
        let Ok(sample) = sample::make(session, operation, extent, 0, &variant) else {
            continue;
        };
        for secret in &sample.secrets {
            session.keep_secret(secret);
        }
        let mut body = sample.body;
        let Some(members) = body.as_object_mut() else {
            return false;
        };
        members.insert(name.clone(), value.clone());
        let ask = Ask::new(path.clone()).body(body);
        let Some(exchange) = session.ask(operation, &ask).await else {
            return false;
        };
        if exchange.is_success() {
            made(session, list.resource, exchange).await;
            return true;
        }
    }
    false
}

/// Verifies what was created as any other thing.
async fn made<'m>(session: &mut Session<'m>, resource: &'m Resource, exchange: Exchange) {
    let Some(id) = exchange.id(resource) else {
        return;
    };
    let before = session.created.get(&resource.item);
    if before.is_some_and(|before| before.contains(&id)) {
        return;
    }
    session.learn(resource, &id, true);
    let path = session.item(resource, &id, true);
    if let (Ok(path), Some(value)) = (path, exchange.value) {
        let shown = exchange.shown;
        let made = Made {
            id,
            path,
            value,
            shown,
        };
        shows(session, resource, &made).await;
    }
}
