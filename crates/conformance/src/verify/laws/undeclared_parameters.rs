//! Parameters that are not declared, with what writes. What must not happen is kept
//! harmless: what is created is deleted in the end, and what is deleted is not there, or is
//! of this run.

use http::Method;

use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::model::Resource;
use super::operation::{Operation, Reply};
use super::probes::UNDECLARED;
use super::refusals::named;
use super::session::Session;
use super::statuses::{by_name, elsewhere, whole};

/// Statuses that tell nothing of the parameter: a caller who may not, and one who calls too
/// often.
const OTHERWISE: [u16; 2] = [403, 429];

/// Verifies that an operation that creates or deletes refuses a parameter that is not
/// declared.
pub(crate) async fn parameter<'m>(session: &mut Session<'m>, operation: &'m Operation) {
    let law = Law::UndeclaredParameterRefused;
    let writes = [Method::POST, Method::DELETE, Method::PUT].contains(&operation.method);
    if !writes || !session.allow_writes || !session.laws.strict_parameters {
        return;
    }
    let path = session.fill(&operation.path, true);
    let path = match path {
        Ok(path) => path,
        Err(reason) => match by_name(session, &operation.path) {
            Some(path) => path,
            None => return session.untried(law, operation, reason),
        },
    };
    let ask = whole(session, operation, path).with(UNDECLARED, "1");
    if operation.method == Method::DELETE {
        return delete(session, operation, ask).await;
    }
    let Some(exchange) = session.ask(operation, &ask).await else {
        return;
    };
    judge(session, operation, &exchange);
    session.learn_created(operation, &exchange);
}

/// Asks to delete what is not there, and what is there only where that is told nothing by.
async fn delete<'m>(session: &mut Session<'m>, operation: &'m Operation, mut ask: Ask) {
    let model = session.model;
    if let Some(path) = elsewhere(&operation.path, &ask.path) {
        let nowhere = Ask {
            path,
            ..ask.clone()
        };
        let Some(exchange) = session.ask(operation, &nowhere).await else {
            return;
        };
        if exchange.status != 404 {
            return judge(session, operation, &exchange);
        }
    }
    let deletes = |of: &&Resource| {
        let delete = model.operation(of.delete);
        delete.is_some_and(|delete| delete.title() == operation.title())
    };
    let resource = model.resources.iter().find(deletes);
    let mut last = None;
    if let Some(resource) = resource {
        let created = session.created.get(&resource.item);
        last = created.and_then(|ids| ids.last()).cloned();
        let path = last.as_ref().map(|id| session.item(resource, id, true));
        let Some(Ok(path)) = path else { return };
        ask.path = path;
    }
    let Some(exchange) = session.ask(operation, &ask).await else {
        return;
    };
    judge(session, operation, &exchange);
    if let (Some(resource), Some(id)) = (resource, last)
        && exchange.is_success()
    {
        session.forget(resource, &id);
    }
}

/// Verifies that a reply is the refusal of a parameter.
fn judge(session: &mut Session<'_>, operation: &Operation, exchange: &Exchange) {
    let law = Law::UndeclaredParameterRefused;
    let status = exchange.status;
    let what = format!("the undeclared parameter `{UNDECLARED}`");
    // Where a 400 tells each violation, nothing else comes before it.
    let comes_first = operation.reply(400).is_some_and(Reply::promises_violations);
    let is_refused = exchange.is_refusal() && (status == 400 || !comes_first);
    if OTHERWISE.contains(&status) || (status >= 500) {
        let reason = format!("a request with {what} is answered with {status}");
        return session.untried(law, operation, reason);
    }
    session.held(law, operation);
    if is_refused {
        return named(session, operation, exchange, UNDECLARED);
    }
    let message = format!("a request with {what} is answered with {status}");
    session.breach(law, operation, &[&exchange.shown], &message);
}
