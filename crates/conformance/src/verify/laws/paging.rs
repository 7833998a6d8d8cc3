//! Laws of pages, and of what a list and its elements say of each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::compare;
use super::exchange::{Ask, Exchange};
use super::law::Law;
use super::lists::{List, Listed, Way, next};
use super::session::Session;
use super::sorting;
use super::target::{Elsewhere, target};
use crate::verify::check::query;

const LAWS: [Law; 3] = [
    Law::PagesJoinToList,
    Law::PageWithinLimit,
    Law::PageLinksLeadOn,
];

/// How many elements are read by themselves.
const READ: usize = 2;

/// Verifies the pages of a list against the whole of it.
pub(crate) async fn verify<'m>(session: &mut Session<'m>, list: &List<'m>) {
    let Some(limit) = list.limit else {
        for law in LAWS {
            session.untried(
                law,
                list.operation,
                "no parameter says how long a page may be",
            );
        }
        unique(session, list, None).await;
        return;
    };
    let Some(whole) = list.whole(session, &[]).await else {
        return;
    };
    if !unique(session, list, Some(&whole)).await {
        return;
    }
    let length = whole.items.len();
    if length < 2 {
        for law in LAWS {
            session.untried(law, list.operation, "the list has fewer than two elements");
        }
        return;
    }
    if matches!(list.way, Way::Unknown) {
        let reason = "neither a Link nor a token nor an offset says where the next page is";
        session.untried(Law::PagesJoinToList, list.operation, reason);
    }
    if !matches!(list.way, Way::Link) {
        let reason = "no reply has a Link to the next page";
        session.untried(Law::PageLinksLeadOn, list.operation, reason);
    }
    joined(session, list, &limit.name, &[], &whole).await;
    // Pages have to fit together in any order.
    if let Some(query) = sorting::descending(session, list, &whole)
        && let Some(sorted) = list.whole(session, &query).await
    {
        joined(session, list, &limit.name, &query, &sorted).await;
    }
}

/// Verifies that the pages of a list in some order are the whole of it.
async fn joined<'m>(
    session: &mut Session<'m>,
    list: &List<'m>,
    limit: &str,
    query: &[(String, String)],
    whole: &Listed,
) {
    let length = whole.items.len();
    if length < 2 {
        return;
    }
    let most = session.laws.bounds.pages.max(2);
    let shortest = length.div_ceil(length.min(most - 1)).max(1);
    // What is wrong with the order within a page is not seen in pages of one element.
    let longer = Some(2).filter(|longer| *longer > shortest && *longer < length);
    for size in [Some(shortest), longer].into_iter().flatten() {
        joined_by(session, list, (limit, size), query, whole).await;
    }
}

/// Verifies that the pages of a list, each with so many elements, are the whole of it.
async fn joined_by<'m>(
    session: &mut Session<'m>,
    list: &List<'m>,
    (limit, size): (&str, usize),
    query: &[(String, String)],
    whole: &Listed,
) {
    let length = whole.items.len();
    let mut first = query.to_vec();
    first.push((limit.to_owned(), size.to_string()));
    let Some(pages) = pages(session, list, &first, size, length).await else {
        return;
    };
    session.held(Law::PagesJoinToList, list.operation);
    let key = |item: &Value| list.id(item).unwrap_or_else(|| item.to_string());
    let expected: Vec<_> = whole.items.iter().map(key).collect();
    let got: Vec<_> = pages.items.iter().map(key).collect();
    let known = if whole.is_whole {
        got.len()
    } else {
        got.len().min(length)
    };
    let wanted = if pages.ended {
        length
    } else {
        known.min(length)
    };
    if got[..known] == expected[..wanted] {
        return;
    }
    // What is in use can have changed meanwhile.
    if let Some(again) = list.whole(session, query).await
        && again.items.iter().map(key).collect::<Vec<_>>() != expected
    {
        session.untried(
            Law::PagesJoinToList,
            list.operation,
            "the list changed meanwhile",
        );
        return;
    }
    let message = told(&expected, &got);
    let requests = [whole.shown.as_str(), &pages.shown];
    session.breach(Law::PagesJoinToList, list.operation, &requests, &message);
}

/// How the joined pages differ from the whole list.
fn told(expected: &[String], got: &[String]) -> String {
    let seen: BTreeSet<_> = got.iter().collect();
    let wanted: BTreeSet<_> = expected.iter().collect();
    let missing = wanted.difference(&seen).count();
    let twice = got.len() - seen.len();
    let foreign = seen.difference(&wanted).count();
    if missing + twice + foreign == 0 {
        return "the pages have the elements of the whole list in another order".to_owned();
    }
    format!(
        "of {} elements of the whole list, the pages lack {missing}, have {twice} more than once, \
         and have {foreign} that are not in it",
        expected.len()
    )
}

struct Pages {
    items: Vec<Value>,
    shown: String,
    /// Whether the last page was reached.
    ended: bool,
}

/// All pages of a list, one after the other. Nothing comes back where a law is
/// broken on the way.
async fn pages<'m>(
    session: &mut Session<'m>,
    list: &List<'m>,
    first: &[(String, String)],
    size: usize,
    length: usize,
) -> Option<Pages> {
    let mut ask = list.ask(first);
    let mut items = Vec::new();
    let mut shown: Option<String> = None;
    let most = session.laws.bounds.pages.min(length.div_ceil(size) + 1);
    for number in 1.. {
        let exchange = session.ask(list.operation, &ask).await?;
        let begun = shown.get_or_insert_with(|| exchange.shown.clone()).clone();
        let Some(page) = list.items(&exchange) else {
            if number > 1 {
                let message = format!("page {number} is answered with {}", exchange.status);
                let requests = [begun.as_str(), &exchange.shown];
                let law = match list.way {
                    Way::Link => Law::PageLinksLeadOn,
                    _ => Law::PagesJoinToList,
                };
                session.breach(law, list.operation, &requests, &message);
            }
            return None;
        };
        session.held(Law::PageWithinLimit, list.operation);
        if page.len() > size {
            let message = format!(
                "page {number} has {} elements, and {size} are allowed",
                page.len()
            );
            let requests = [begun.as_str(), &exchange.shown];
            session.breach(Law::PageWithinLimit, list.operation, &requests, &message);
            return None;
        }
        let count = page.len();
        items.extend(page);
        let done = |items, ended| {
            Some(Pages {
                items,
                shown: begun.clone(),
                ended,
            })
        };
        match &list.way {
            Way::Link => {}
            Way::Unknown => return done(items, false),
            Way::Offset(_) if count < size => return done(items, true),
            Way::Offset(_) if number >= most => return done(items, false),
            Way::Offset(offset) => {
                ask = list.ask(first).with(&offset.name, items.len().to_string());
                continue;
            }
            Way::Token(parameter, pointer) => {
                let Some(token) = List::token(&exchange, pointer) else {
                    return done(items, true);
                };
                if number >= most {
                    return done(items, false);
                }
                // It may be the whole URL of the next page.
                ask = if token.contains('?') {
                    match led(session.base(), &token, list) {
                        Ok(next) => next,
                        Err(_) => return done(items, false),
                    }
                } else {
                    list.ask(first).with(&parameter.name, token)
                };
                continue;
            }
        }
        session.held(Law::PageLinksLeadOn, list.operation);
        let Some(target) = next(&exchange) else {
            return done(items, true);
        };
        if number >= most {
            // More pages than the list has elements for never end.
            if number > length.div_ceil(size) {
                let message = format!(
                    "page {number} still links to a next one, although the list has {length} \
                     elements and a page {size}"
                );
                let requests = [begun.as_str(), &exchange.shown];
                session.breach(Law::PageLinksLeadOn, list.operation, &requests, &message);
                return None;
            }
            return done(items, false);
        }
        match led(session.base(), &target, list) {
            Ok(next) => ask = next,
            Err(problem) => {
                let requests = [begun.as_str(), &exchange.shown];
                session.breach(Law::PageLinksLeadOn, list.operation, &requests, &problem);
                return None;
            }
        }
    }
    None
}

/// The request that a link leads to.
fn led(base: &str, reference: &str, list: &List<'_>) -> Result<Ask, String> {
    let (path, text) = match target(base, &list.path, reference) {
        Ok(found) => found,
        Err(Elsewhere::Host) => {
            return Err("the link to the next page leads to another host".to_owned());
        }
        Err(Elsewhere::Path) => {
            return Err(
                "the link to the next page leads out of the path below which the API is".to_owned(),
            );
        }
    };
    if path != list.path {
        return Err("the link to the next page leads to something else than the list".to_owned());
    }
    let mut ask = Ask::new(path);
    ask.query = query(&text);
    Ok(ask)
}

/// Returns whether no two elements of a list have the same identifier.
async fn unique<'m>(session: &mut Session<'m>, list: &List<'m>, whole: Option<&Listed>) -> bool {
    let read;
    let whole = if let Some(whole) = whole {
        whole
    } else {
        let Some(listed) = list.whole(session, &[]).await else {
            return false;
        };
        read = listed;
        &read
    };
    session.held(Law::IdsAreUnique, list.operation);
    let mut seen = BTreeSet::new();
    let ids = whole.items.iter().filter_map(|item| list.id(item));
    let twice = ids.filter(|id| !seen.insert(id.clone())).count();
    if twice > 0 {
        let message = format!("{twice} elements have the identifier of one before");
        session.breach(Law::IdsAreUnique, list.operation, &[&whole.shown], &message);
    }
    twice == 0
}

/// Reads some elements of a list that this run has not created, which other laws are
/// about.
pub(crate) async fn read<'m>(session: &mut Session<'m>, list: &List<'m>) {
    let law = Law::ReadIsWhatIsListed;
    let Some(operation) = session.model.operation(list.resource.read) else {
        return;
    };
    let Some(listed) = list.whole(session, &[]).await else {
        return;
    };
    let created = session
        .created
        .get(&list.resource.item)
        .cloned()
        .unwrap_or_default();
    let ids = listed
        .items
        .iter()
        .filter_map(|item| Some((list.id(item)?, item)));
    let there: Vec<_> = ids
        .filter(|(id, item)| item.is_object() && !created.contains(id))
        .take(READ)
        .collect();
    if there.is_empty() {
        session.untried(
            law,
            operation,
            "the list has nothing but what this run has created",
        );
    }
    for (id, item) in there {
        let Ok(path) = session.item(list.resource, &id, false) else {
            continue;
        };
        let Some(exchange) = session.ask(operation, &Ask::new(path.clone())).await else {
            continue;
        };
        session.held(law, operation);
        let root = session.root();
        let Some(name) = differs(root, list, item, &exchange) else {
            continue;
        };
        // What is in use can have changed meanwhile.
        let Some(again) = list.whole(session, &[]).await else {
            continue;
        };
        let again = again
            .items
            .iter()
            .find(|item| list.id(item).as_ref() == Some(&id));
        if again
            .and_then(|item| differs(root, list, item, &exchange))
            .as_ref()
            == Some(&name)
        {
            let message = format!("`{name}` is not what the list shows");
            session.breach(law, operation, &[&listed.shown, &exchange.shown], &message);
        }
    }
}

/// The name of a property of an element that is not the same where it is read.
fn differs(root: &Value, list: &List<'_>, item: &Value, exchange: &Exchange) -> Option<String> {
    let Some(value) = exchange.value.as_ref().filter(|_| exchange.is_success()) else {
        return Some("everything".to_owned());
    };
    compare::difference(item, value, |name| {
        list.leaves_out(root, item, name) || list.resource.once.contains(name)
    })
}
