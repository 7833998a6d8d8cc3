//! Laws of the order of a list.

use std::collections::BTreeMap;

use serde_json::Value;

use super::compare;
use super::law::Law;
use super::lists::{List, Listed};
use super::schema;
use super::session::Session;

/// Names of the parameter that says what to sort by.
const SORT: [&str; 5] = ["sort", "sort_by", "sortBy", "order_by", "orderBy"];

const LAWS: [Law; 2] = [Law::SortAscends, Law::SortDescends];

/// A query for a list in a descending order, by something that its elements differ in.
pub(crate) fn descending(
    session: &Session<'_>,
    list: &List<'_>,
    whole: &Listed,
) -> Option<Vec<(String, String)>> {
    let parameter = list.operation.parameter(&SORT)?;
    let options = schema::options(session.root(), &parameter.schema);
    let mut descending = options
        .into_iter()
        .filter_map(|option| Some((option, option.strip_prefix('-')?)));
    let first = whole.items.first()?;
    // The identifiers stand in the order of the list itself.
    let (option, _) = descending.find(|(_, name)| {
        *name != list.resource.id && whole.items.iter().any(|item| item[*name] != first[*name])
    })?;
    Some(vec![(parameter.name.clone(), option.to_owned())])
}

/// Verifies that a list is sorted both ways by every property that it can be sorted
/// by.
pub(crate) async fn verify<'m>(session: &mut Session<'m>, list: &List<'m>) {
    let Some(parameter) = list.operation.parameter(&SORT) else {
        return;
    };
    let options = schema::options(session.root(), &parameter.schema);
    if options.is_empty() {
        for law in LAWS {
            session.untried(
                law,
                list.operation,
                "the document does not list what to sort by",
            );
        }
        return;
    }
    let Some(whole) = list
        .whole(session, &[])
        .await
        .filter(|whole| whole.is_whole)
    else {
        for law in LAWS {
            session.untried(
                law,
                list.operation,
                "the list is too long to be looked at as a whole",
            );
        }
        return;
    };
    let properties = schema::properties(session.root(), list.element);
    let mut left = session.laws.bounds.probes;
    for option in options {
        let (law, name) = match option.strip_prefix('-') {
            Some(name) => (Law::SortDescends, name),
            None => (Law::SortAscends, option.strip_prefix('+').unwrap_or(option)),
        };
        let Some(property) = properties.get(name) else {
            continue;
        };
        let mut values: Vec<String> = whole
            .items
            .iter()
            .filter(|item| !item[name].is_null())
            .map(|item| item[name].to_string())
            .collect();
        values.sort_unstable();
        values.dedup();
        if values.len() < 2 {
            let reason = "the elements do not differ in what they could be sorted by";
            session.untried(law, list.operation, reason);
            continue;
        }
        if left == 0 {
            break;
        }
        left -= 1;
        let query = [(parameter.name.clone(), option.to_owned())];
        let Some(sorted) = list.whole(session, &query).await else {
            continue;
        };
        session.held(law, list.operation);
        let requests = [whole.shown.as_str(), &sorted.shown];
        if counted(list, &whole.items) != counted(list, &sorted.items) {
            let message = format!("sorted by `{name}` the list has other elements than before");
            session.breach(law, list.operation, &requests, &message);
            continue;
        }
        let order = schema::options(session.root(), property);
        let wrong = sorted.items.windows(2).find(|pair| match law {
            Law::SortDescends => compare::is_behind(&pair[1][name], &pair[0][name], &order),
            _ => compare::is_behind(&pair[0][name], &pair[1][name], &order),
        });
        if wrong.is_some() {
            let way = if law == Law::SortDescends {
                "descending"
            } else {
                "ascending"
            };
            let message = format!("the list is not in the {way} order of `{name}`");
            session.breach(law, list.operation, &requests, &message);
        }
    }
}

/// How often each element is there.
fn counted(list: &List<'_>, items: &[Value]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for item in items {
        let key = list.id(item).unwrap_or_else(|| item.to_string());
        *counted.entry(key).or_default() += 1;
    }
    counted
}
