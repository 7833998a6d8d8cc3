//! What other callers may not do, on operations for which no other law has sent their
//! tokens.

use std::collections::BTreeSet;

use http::Method;

use super::exchange::{Credentials, Exchange};
use super::law::Law;
use super::operation::Operation;
use super::schema;
use super::session::Session;
use super::statuses::{by_name, limited, whole};

/// Verifies that a caller who is of another organization, or who may change nothing, is
/// refused.
pub(crate) async fn others<'m>(session: &mut Session<'m>, operation: &'m Operation) {
    let is_called = operation.query.iter().all(|parameter| !parameter.required);
    if !operation.authenticated || !session.allow_writes || !is_called {
        return;
    }
    let tokens = (
        session.laws.foreign_token.is_some(),
        session.laws.limited_token.is_some(),
    );
    // What this run has not created is not its own to risk.
    let path = session.fill(&operation.path, true).ok();
    let Some(path) = path.or_else(|| by_name(session, &operation.path)) else {
        return;
    };
    let law = Law::ForeignIsHidden;
    let is_of_ours = operation.path.contains('{');
    if tokens.0 && is_of_ours && !session.was_tried(law, operation) {
        let ask = whole(session, operation, path.clone()).sent_by(Credentials::Foreign);
        if let Some(exchange) = session.ask(operation, &ask).await {
            hidden(session, operation, &[], &exchange);
            session.learn_created(operation, &exchange);
        }
    }
    let law = Law::LimitedTokenRefused;
    let forbids = operation.replies.get("403");
    let is_forbidden = forbids.is_some_and(|reply| reply.unprovoked.is_none());
    let writes = operation.method != Method::GET;
    if tokens.1 && is_forbidden && writes && !session.was_tried(law, operation) {
        let ask = whole(session, operation, path);
        limited(session, operation, ask).await;
    }
}

/// Verifies that a reply to a foreign caller hides what is not theirs. `before` are the
/// requests that have made it.
pub(super) fn hidden(
    session: &mut Session<'_>,
    operation: &Operation,
    before: &[&str],
    exchange: &Exchange,
) {
    let law = Law::ForeignIsHidden;
    let status = exchange.status;
    if status == 401 {
        let reason = "the token of the foreign caller is refused";
        return session.untried(law, operation, reason);
    }
    if matches!(status, 413 | 415 | 429) {
        let reason = format!("a foreign caller is answered with {status}");
        return session.untried(law, operation, reason);
    }
    session.held(law, operation);
    let requests: Vec<_> = before
        .iter()
        .copied()
        .chain([exchange.shown.as_str()])
        .collect();
    let hides = session.hints.hides;
    if !exchange.is_refusal() {
        // Some servers have an empty list below what is hidden.
        if !hides && is_empty_list(session, operation, exchange) {
            return;
        }
        let message = format!("a foreign caller is answered with {status}");
        return session.breach(law, operation, &requests, &message);
    }
    // A 403 tells that there is something.
    let tells = status == 403 && operation.declares(404);
    if tells && (hides || !operation.declares(403)) {
        let message = "a foreign caller is answered with 403, and 404 is declared for what is not \
                       there";
        session.breach(law, operation, &requests, message);
    }
}

fn is_empty_list(session: &Session<'_>, operation: &Operation, exchange: &Exchange) -> bool {
    let stated = operation.reply(exchange.status);
    let stated = stated.and_then(|reply| reply.schema.as_ref());
    let place = stated.and_then(|stated| schema::elements(session.root(), stated));
    let value = exchange.value.as_ref();
    let items = place.and_then(|(pointer, _)| value?.pointer(&pointer)?.as_array());
    items.is_some_and(Vec::is_empty)
}

impl Session<'_> {
    /// Returns whether a law was tried on an operation.
    fn was_tried(&self, law: Law, operation: &Operation) -> bool {
        let tried = self.verdict.tried.get(&law);
        tried.is_some_and(|tried: &BTreeSet<String>| tried.contains(&operation.title()))
    }
}
