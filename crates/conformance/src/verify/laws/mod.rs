//! Laws: what holds between the replies of a server that keeps its contract.
//!
//! Whether one reply has the right shape can be seen from that reply. That a page
//! repeats an element of the one before, that a PATCH changes more than it names, or
//! that something deleted is still listed, takes two. A [`Law`] says such a thing
//! once, and it is verified on every operation that it fits.
//!
//! What an operation does follows from the OpenAPI document: its method and path, and
//! the schemas of what it takes and returns. No file here names an operation, so that
//! any API can be verified. Where OpenAPI has no word for something, a law is tried
//! only if the document declares the parameter, header or property that it is about;
//! what could not be tried is told with the reason.
//!
//! Without permission to write, only what reads is tried. With it, all that is
//! created is deleted again.

mod absent;
mod added;
mod callers;
mod changes;
mod compare;
mod coverage;
mod deletion;
mod differing;
mod document;
mod error_body;
mod errors;
mod exchange;
mod exemptions;
mod filters;
mod hints;
mod law;
mod lists;
mod location;
mod model;
mod operation;
mod options;
mod paging;
mod parts;
mod probes;
mod refusals;
mod replacements;
mod reply;
mod sample;
mod schema;
mod schemas;
mod scheme;
mod secrets;
mod select;
mod session;
mod sorting;
mod statuses;
mod target;
mod tokens;
mod typed;
mod undeclared;
mod undeclared_parameters;
mod values;
mod verdict;
mod writes;

use std::collections::BTreeMap;

use http::Method;

pub use self::document::{ApiDocument, DocumentError};
pub use self::exemptions::{Exemption, exemptions};
pub use self::law::{Law, Subject};

pub use self::options::{Bounds, Laws, Part};
pub(crate) use self::scheme::cookies;
pub use self::scheme::{Scheme, SchemeError};

pub(crate) use self::changes::{CREATED, UPDATED};
pub(crate) use self::compare::instant;
pub(crate) use self::coverage::Coverage;
pub(crate) use self::error_body::{Broken, Received, carried, error_of, unkept_promises};
pub(crate) use self::exchange::Ask;
pub(crate) use self::hints::Hints;
pub(crate) use self::model::{Model, Resource};
pub(crate) use self::operation::{Media, Operation, Parameter, bare, is_json};
pub(crate) use self::reply::{Replies, Wrong, fitting, names};
pub(crate) use self::schema::{elements, has_type, is_marked, properties, required, resolve};

pub(crate) use self::session::{Session, Shown};
pub(crate) use self::typed::{scalar, typed};
pub(crate) use self::undeclared::undeclared;
pub(crate) use self::writes::{LEFT_OUT, is_as_sent};

use self::lists::List;
use self::operation::required_query;
use self::verdict::Outcome;
use self::writes::Made;
use super::wire::Wire;
use crate::report::{self, Finding, Level, Location, OperationList};

/// What a verification of laws needs beside the laws.
pub(crate) struct Setting {
    pub(crate) wire: Wire,
    pub(crate) token: String,
    pub(crate) allow_writes: bool,
    pub(crate) run: String,
    pub(crate) hints: Hints,
    pub(crate) coverage: Coverage,
}

/// How many operations there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operations {
    pub(crate) all: usize,
    pub(crate) called: usize,
    /// How many were answered with a success at least once.
    pub(crate) succeeded: usize,
}

/// What a verification of laws has come to.
pub(crate) struct Verified {
    pub(crate) findings: Vec<Finding>,
    pub(crate) coverage: report::Coverage,
    /// How many laws were tried.
    pub(crate) laws: usize,
    pub(crate) requests: usize,
    pub(crate) shown: Shown,
    pub(crate) operations: Operations,
}

/// Verifies every law on every operation that it fits.
pub(crate) async fn verify(model: &Model, laws: &Laws, setting: Setting) -> Verified {
    let Setting {
        wire,
        token,
        allow_writes,
        run,
        hints,
        coverage,
    } = setting;
    let base = wire.base.clone();
    let mut session = Session::new(
        model,
        laws,
        hints,
        (wire, token),
        allow_writes,
        run,
        coverage,
    );
    learn(&mut session).await;
    let mut made = BTreeMap::new();
    if allow_writes {
        made = create(&mut session).await;
    }
    read(&mut session).await;
    if allow_writes {
        change(&mut session, &mut made).await;
    }
    // What is only called to be refused is not tried.
    others(&mut session).await;
    refuse(&mut session, &made).await;
    if allow_writes {
        for resource in model.resources.iter().rev() {
            let judge = session.is_wanted(&resource.collection);
            deletion::delete(&mut session, resource, judge).await;
        }
    }
    let in_log = log(&session);
    let Outcome {
        mut findings,
        laws: mut tried,
        requests,
        shown,
        succeeded,
        coverage,
    } = session.finish();
    findings.extend(in_log);
    tried += usize::from(laws.server_log.is_some());
    let seen = coverage.report(model);
    if laws.only.is_empty() {
        tried += 3;
        let in_examples = coverage.in_examples(model);
        for (law, is_required, unseen) in
            coverage::missing(model, &seen, &in_examples, &laws.require_coverage)
        {
            findings.push(unseen_finding(&base, law, is_required, &unseen));
        }
    }
    let operations = Operations {
        all: model.operations.len(),
        called: seen.operations.seen.len(),
        succeeded,
    };
    Verified {
        findings,
        coverage: seen,
        laws: tried,
        requests,
        shown,
        operations,
    }
}

/// Asks for every list, so that there is something to refer to.
async fn learn(session: &mut Session<'_>) {
    for resource in &session.model.resources {
        let Some(Ok(list)) = List::of(session, resource) else {
            continue;
        };
        let Some(listed) = list.whole(session, &[]).await else {
            continue;
        };
        for id in listed.items.iter().filter_map(|item| list.id(item)) {
            session.learn(resource, &id, false);
        }
    }
}

/// Creates things of each kind that is verified, and one of each that these are
/// below.
async fn create(session: &mut Session<'_>) -> BTreeMap<String, Vec<Made>> {
    let mut all = BTreeMap::new();
    for resource in &session.model.resources {
        let is_wanted = session.is_wanted(&resource.collection);
        let is_above = || {
            let below = format!("{}/", resource.item);
            let mut others = session.model.resources.iter();
            others.any(|other| {
                other.collection.starts_with(&below) && session.is_wanted(&other.collection)
            })
        };
        let how_many = if is_wanted {
            None
        } else if is_above() {
            Some(1)
        } else {
            continue;
        };
        let made = writes::create(session, resource, how_many).await;
        if is_wanted {
            all.insert(resource.item.clone(), made);
        }
    }
    all
}

/// Verifies the laws of reading.
async fn read(session: &mut Session<'_>) {
    let laws = [
        Law::PagesJoinToList,
        Law::PageWithinLimit,
        Law::PageLinksLeadOn,
        Law::SortAscends,
        Law::SortDescends,
        Law::FilterSelects,
        Law::SelectSelects,
    ];
    for resource in &session.model.resources {
        if !session.is_wanted(&resource.collection) {
            continue;
        }
        let Some(list) = lists::list_for(session, resource, &laws) else {
            continue;
        };
        paging::verify(session, &list).await;
        paging::read(session, &list).await;
        sorting::verify(session, &list).await;
        filters::verify(session, &list).await;
        select::verify(session, &list).await;
    }
}

/// Verifies the laws of changing.
async fn change(session: &mut Session<'_>, made: &mut BTreeMap<String, Vec<Made>>) {
    for resource in &session.model.resources {
        // The first is what others refer to, and stays as it is where there is another.
        let made = made.get_mut(&resource.item).map(Vec::as_mut_slice);
        let Some(made) = made else { continue };
        // What has nothing but the required properties.
        let plain = made.get(1).map(|plain| plain.value.clone());
        if let [.., last] = made {
            changes::verify(session, resource, last).await;
            replacements::verify(session, resource, last, plain.as_ref()).await;
        }
    }
}

/// Verifies the laws of what must be refused.
async fn refuse(session: &mut Session<'_>, made: &BTreeMap<String, Vec<Made>>) {
    let model = session.model;
    let held = || {
        let all = model.operations.iter();
        all.filter(|operation| operation.has_laws())
    };
    for operation in held() {
        if session.is_wanted(&operation.path) {
            refusals::parameters(session, operation).await;
        }
    }
    for resource in &model.resources {
        let made = made
            .get(&resource.item)
            .map(Vec::as_slice)
            .unwrap_or_default();
        refusals::bodies(session, resource, made.last()).await;
        // What has nothing but the required properties is shared with nobody.
        if let Some(plain) = made.get(1) {
            refusals::foreign(session, resource, plain).await;
        }
    }
    for operation in held() {
        if session.is_wanted(&operation.path) {
            refusals::malformed(session, operation).await;
            refusals::tokens(session, operation).await;
        }
    }
    for operation in held() {
        if session.is_wanted(&operation.path) {
            statuses::provoke(session, operation, made).await;
        }
    }
    for operation in held() {
        if session.is_wanted(&operation.path) {
            callers::others(session, operation).await;
            undeclared_parameters::parameter(session, operation).await;
        }
    }
}

/// Calls what no law has called and what can be called, and tells what is left.
async fn others(session: &mut Session<'_>) {
    let model = session.model;
    for operation in &model.operations {
        let is_deleted_later = operation.method == Method::DELETE
            && model.resources.iter().any(|resource| {
                let is_its_own = model.operation(resource.delete).map(Operation::title);
                is_its_own == Some(operation.title())
                    && session.created.contains_key(&resource.item)
            });
        let seen = session.coverage.has_seen(operation);
        if seen || is_deleted_later || !session.is_wanted(&operation.path) {
            continue;
        }
        let reason = if operation.method == Method::GET {
            let path = session.fill(&operation.path, false);
            let ask = path.and_then(|path| Ok((path, required_query(operation)?)));
            match ask {
                Err(reason) => reason,
                Ok((path, query)) => {
                    let mut ask = Ask::new(path);
                    ask.query = query;
                    session.ask(operation, &ask).await;
                    continue;
                }
            }
        } else if !operation.has_laws() {
            format!("{} is only judged in captured traffic", operation.method)
        } else if !session.allow_writes {
            "it writes; --allow-writes lets it be tried".to_owned()
        } else if operation.other_body {
            "its body is not JSON".to_owned()
        } else {
            "it is none that creates, changes or deletes what this run could create".to_owned()
        };
        let message = format!("was not tried: {reason}");
        session.note("operation-not-tried", Level::Info, operation, message);
    }
}

/// Looks for secrets in the log of the server.
fn log(session: &Session<'_>) -> Option<Finding> {
    let path = session.laws.server_log.as_deref()?;
    let law = Law::SecretIsNotLogged;
    let (line, message) = match secrets::line_in_log(path, &session.all_secrets()) {
        Ok(None) => return None,
        Ok(Some(line)) => (
            Some(line),
            "the log has a secret that a request had sent".to_owned(),
        ),
        Err(error) => (None, format!("the log cannot be read: {error}")),
    };
    Some(Finding {
        id: law.id().to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(path.display().to_string(), line)),
        message,
    })
}

/// How many names a finding about coverage has.
const NAMES: usize = 40;

fn unseen_finding(base: &str, law: Law, is_required: bool, unseen: &[String]) -> Finding {
    let names: Vec<_> = unseen.iter().take(NAMES).map(String::as_str).collect();
    let more = match unseen.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Finding {
        id: law.id().to_owned(),
        level: if is_required {
            Level::Error
        } else {
            Level::Info
        },
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(base, None)),
        message: format!("{} never seen: {}{more}", unseen.len(), names.join(", ")),
    }
}
