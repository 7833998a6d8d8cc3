//! Laws of what is added to a list whose elements are identifiers themselves.

use serde_json::Value;

use super::exchange::Exchange;
use super::law::Law;
use super::location::led_to;
use super::model::Resource;
use super::operation::Operation;
use super::schema;
use super::session::Session;

/// Verifies what the reply to an addition shows, and where its Location leads.
pub(super) fn verify<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    operation: &'m Operation,
    sent: &Value,
    exchange: &Exchange,
) {
    shown(session, operation, sent, exchange);
    located(session, resource, operation, exchange);
}

/// Verifies that the list in the reply has what was added.
fn shown(session: &mut Session<'_>, operation: &Operation, sent: &Value, exchange: &Exchange) {
    let stated = operation.reply(exchange.status);
    let stated = stated.and_then(|reply| reply.schema.as_ref());
    let place = stated.and_then(|stated| schema::elements(session.root(), stated));
    let value = exchange.value.as_ref();
    let items = place.and_then(|(pointer, _)| value?.pointer(&pointer)?.as_array());
    let Some(items) = items else { return };
    let law = Law::CreatedAsSent;
    session.held(law, operation);
    let sent = match sent {
        Value::Array(sent) => Some(sent),
        sent => {
            let mut lists = sent.as_object().into_iter().flatten();
            lists.find_map(|(_, value)| value.as_array())
        }
    };
    let mut sent = sent.into_iter().flatten();
    if sent.any(|added| !items.contains(added)) {
        let message = "the list in the reply lacks what was added";
        session.breach(law, operation, &[&exchange.shown], message);
    }
}

/// Verifies that `Location` leads to the list, to what it is a list of, or to what was
/// added.
fn located(
    session: &mut Session<'_>,
    resource: &Resource,
    operation: &Operation,
    exchange: &Exchange,
) {
    let law = Law::LocationLeadsToCreated;
    let Ok(list) = session.fill(&resource.collection, true) else {
        return;
    };
    let Some(path) = led_to(session, operation, exchange, &list) else {
        return;
    };
    let whole = list.rsplit_once('/').map(|(whole, _)| whole);
    let parent = path.rsplit_once('/').map(|(parent, _)| parent);
    if path != list && Some(path.as_str()) != whole && parent != Some(&list) {
        let message = "Location leads to something of another kind";
        session.breach(law, operation, &[&exchange.shown], message);
    }
}
