//! Laws of what is deleted.

use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::lists::List;
use super::model::Resource;
use super::refusals::undeclared;
use super::session::Session;
use super::writes::refused;
use crate::report::Level;

/// Deletes what this run has created of a kind, and verifies that the first of it is
/// gone everywhere.
pub(crate) async fn delete<'m>(session: &mut Session<'m>, resource: &'m Resource, judge: bool) {
    let Some(operation) = session.model.operation(resource.delete) else {
        return;
    };
    let mut created = session
        .created
        .get(&resource.item)
        .cloned()
        .unwrap_or_default();
    // Others can depend on the first that was created.
    created.reverse();
    for (number, id) in created.iter().enumerate() {
        let Ok(path) = session.item(resource, id, true) else {
            continue;
        };
        let ask = Ask::new(path);
        let Some(exchange) = session.ask(operation, &ask).await else {
            continue;
        };
        if !exchange.is_success() {
            let message = format!(
                "{} was created by this verification and stays behind: its DELETE {}",
                ask.path,
                refused(&exchange)
            );
            session.note("left-behind", Level::Warning, operation, message);
            session.forget(resource, id);
            continue;
        }
        if number == 0 && judge {
            gone(session, resource, &ask, &exchange, id).await;
        }
        session.forget(resource, id);
    }
}

/// Verifies that something is gone.
async fn gone<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    ask: &Ask,
    deleted: &Exchange,
    id: &str,
) {
    if let Some(read) = session.model.operation(resource.read)
        && let Some(exchange) = session.ask(read, ask).await
    {
        if resource.archives {
            let reason = "the document says that a DELETE archives";
            session.untried(Law::DeletedIsGone, read, reason);
        } else {
            session.held(Law::DeletedIsGone, read);
        }
        let problem = undeclared(read, exchange.status, &[404, 410]);
        let problem = problem.filter(|_| exchange.is_refusal() && !resource.archives);
        if let Some(problem) = problem {
            let message = format!("a read of what was deleted {problem}");
            let requests = [deleted.shown.as_str(), &exchange.shown];
            session.breach(Law::DeletedIsGone, read, &requests, &message);
        }
        if !exchange.is_refusal() && !resource.archives {
            let message = format!("what was deleted is read with {}", exchange.status);
            session.breach(
                Law::DeletedIsGone,
                read,
                &[&deleted.shown, &exchange.shown],
                &message,
            );
        }
    }
    let model = session.model;
    for below in model.resources.iter().filter(|_| !resource.archives) {
        let Some(rest) = below
            .collection
            .strip_prefix(&format!("{}/", resource.item))
        else {
            continue;
        };
        let Some(list) = model.operation(below.list).filter(|_| !rest.contains('{')) else {
            continue;
        };
        let path = format!("{}/{rest}", ask.path);
        let Some(exchange) = session.ask(list, &Ask::new(path)).await else {
            continue;
        };
        session.held(Law::DeletedIsGone, list);
        let is_empty = exchange
            .value
            .as_ref()
            .and_then(|value| value.as_array())
            .is_some_and(Vec::is_empty);
        if !exchange.is_refusal() && !is_empty {
            let message = format!(
                "what is below something deleted is listed with {}",
                exchange.status
            );
            session.breach(
                Law::DeletedIsGone,
                list,
                &[&deleted.shown, &exchange.shown],
                &message,
            );
        }
    }
    unlisted(session, resource, deleted, id).await;
    again(session, resource, ask, deleted).await;
}

/// Verifies that something deleted is in no list.
async fn unlisted<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    deleted: &Exchange,
    id: &str,
) {
    if let Some(Ok(list)) = List::of(session, resource) {
        let law = Law::DeletedIsNotListed;
        let by_id = list.operation.parameter(&[resource.id.as_str()]);
        let by_id = by_id.map(|parameter| vec![(parameter.name.clone(), id.to_owned())]);
        for query in [Some(Vec::new()), by_id].into_iter().flatten() {
            let Some(listed) = list.whole(session, &query).await else {
                continue;
            };
            session.held(law, list.operation);
            if listed
                .items
                .iter()
                .any(|item| list.id(item).as_deref() == Some(id))
            {
                let requests = [deleted.shown.as_str(), &listed.shown];
                session.breach(
                    law,
                    list.operation,
                    &requests,
                    "what was deleted is in the list",
                );
            }
        }
    }
}

/// Verifies what a second DELETE is answered with.
async fn again<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    ask: &Ask,
    deleted: &Exchange,
) {
    let law = Law::SecondDeleteAsDocumented;
    let Some(operation) = session.model.operation(resource.delete) else {
        return;
    };
    let Some(second) = session.ask(operation, ask).await else {
        return;
    };
    session.held(law, operation);
    let is_known = [404, 410]
        .into_iter()
        .any(|status| operation.declares(status));
    let fits = match second.status {
        404 | 410 => operation.declares(second.status),
        status if status == deleted.status => !is_known || resource.archives,
        status => !is_known && operation.declares(status),
    };
    if !fits {
        let documented: Vec<_> = operation.replies.keys().map(String::as_str).collect();
        let message = format!(
            "a second DELETE is answered with {}; documented are {}",
            second.status,
            documented.join(", ")
        );
        session.breach(law, operation, &[&deleted.shown, &second.shown], &message);
    }
}
