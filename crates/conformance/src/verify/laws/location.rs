//! Where the `Location` of a reply to a create leads, as far as the reply tells.

use http::header::LOCATION;

use super::exchange::Exchange;
use super::law::Law;
use super::operation::Operation;
use super::session::Session;
use super::target::{Elsewhere, target};

/// Returns the path below the base that the Location of a reply leads to, which answers a
/// request for `from`. Says what is wrong with it where it leads nowhere.
pub(super) fn led_to(
    session: &mut Session<'_>,
    operation: &Operation,
    exchange: &Exchange,
    from: &str,
) -> Option<String> {
    let law = Law::LocationLeadsToCreated;
    let declared = operation
        .reply(exchange.status)
        .is_some_and(|reply| reply.headers.contains("location"));
    if !declared {
        session.untried(law, operation, "no Location is declared");
        return None;
    }
    session.held(law, operation);
    let reference = exchange.headers.get(LOCATION);
    let reference = reference.and_then(|reference| reference.to_str().ok());
    let message = match reference.map(|reference| target(session.base(), from, reference)) {
        Some(Ok((path, _))) => return Some(path),
        Some(Err(Elsewhere::Host)) => "Location leads to another host",
        Some(Err(Elsewhere::Path)) => "Location leads out of the path below which the API is",
        None => "the reply has no Location, although one is declared",
    };
    session.breach(law, operation, &[&exchange.shown], message);
    None
}
