//! Laws of the conditions of a list.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use super::law::Law;
use super::lists::{List, Listed};
use super::operation::Parameter;
use super::schema;
use super::session::Session;
use super::{absent, compare, differing};
use crate::report::Level;

/// How many values of a property are asked for.
const VALUES: usize = 2;

type Admits = dyn Fn(&Value) -> [bool; 3] + Send;

type Holds = fn(Ordering) -> bool;

/// A condition, and what it is in a query.
struct Condition {
    value: String,
    /// Returns whether an element satisfies it, where case makes a difference, where it
    /// makes none, and where a part is enough.
    admits: Box<Admits>,
}

/// Verifies that every filter returns exactly what it describes.
pub(crate) async fn verify<'m>(session: &mut Session<'m>, list: &List<'m>) {
    let law = Law::FilterSelects;
    let properties = schema::properties(session.root(), list.element);
    let filters = list.filters().filter_map(|parameter| {
        let property = properties.get(&parameter.name)?;
        Some((parameter, *property))
    });
    let filters: Vec<_> = filters.collect();
    if filters.is_empty() {
        return;
    }
    let Some(whole) = list.whole(session, &[]).await else {
        return;
    };
    if !whole.is_whole {
        return session.untried(
            law,
            list.operation,
            "the list is too long to be looked at as a whole",
        );
    }
    let mut more = false;
    for filter in &filters {
        more |= differing::create(session, list, *filter, &whole).await;
    }
    let whole = if more {
        list.whole(session, &[]).await
    } else {
        Some(whole)
    };
    let Some(whole) = whole.filter(|whole| whole.is_whole) else {
        return;
    };
    for (parameter, property) in filters {
        let conditions = conditions(session, parameter, property, &whole);
        if conditions.is_empty() {
            session.untried(law, list.operation, "no element has a value to filter by");
        }
        let mut is_told_apart = false;
        for condition in conditions {
            is_told_apart |= leaves_out(&condition, parameter, &whole);
            one(session, list, parameter, &whole, &condition).await;
        }
        // A filter that selects every element could as well be ignored.
        if !is_told_apart && !absent::verify(session, list, (parameter, property), &whole).await {
            let message = format!(
                "{} was not tried of `{}`: no element of the list is left out by a value that \
                 could be asked for",
                law.id(),
                parameter.name
            );
            session.note("law-not-tried", Level::Info, list.operation, message);
        }
    }
}

/// Returns whether some element does not satisfy a condition.
fn leaves_out(condition: &Condition, parameter: &Parameter, whole: &Listed) -> bool {
    let mut items = whole.items.iter();
    items.any(|item| !(condition.admits)(&item[&parameter.name])[2])
}

async fn one<'m>(
    session: &mut Session<'m>,
    list: &List<'m>,
    parameter: &Parameter,
    whole: &Listed,
    condition: &Condition,
) {
    let law = Law::FilterSelects;
    let query = [(parameter.name.clone(), condition.value.clone())];
    let Some(found) = list.whole(session, &query).await else {
        return;
    };
    if leaves_out(condition, parameter, whole) {
        session.held(law, list.operation);
    }
    let key = |item: &Value| list.id(item).unwrap_or_else(|| item.to_string());
    let got: BTreeSet<_> = found.items.iter().map(key).collect();
    let expected = [0, 1, 2].map(|way| {
        let admitted = whole
            .items
            .iter()
            .filter(|item| (condition.admits)(&item[&parameter.name])[way]);
        admitted.map(key).collect::<BTreeSet<_>>()
    });
    if expected.contains(&got) && got.len() == found.items.len() {
        return;
    }
    let nearest = &expected[1];
    let message = format!(
        "of {} elements that `{}` describes, {} are missing, and {} others are there",
        nearest.len(),
        parameter.name,
        nearest.difference(&got).count(),
        got.difference(nearest).count() + found.items.len() - got.len(),
    );
    session.breach(law, list.operation, &[&whole.shown, &found.shown], &message);
}

/// Conditions that some elements satisfy, and if possible not all.
fn conditions(
    session: &Session<'_>,
    parameter: &Parameter,
    property: &Value,
    whole: &Listed,
) -> Vec<Condition> {
    let mut values: Vec<(usize, Value)> = Vec::new();
    for item in &whole.items {
        let value = &item[&parameter.name];
        if value == "" {
            continue;
        }
        if !(value.is_string() || value.is_boolean() || value.is_number()) {
            continue;
        }
        match values
            .iter_mut()
            .find(|(_, known)| compare::same(known, value))
        {
            Some((count, _)) => *count += 1,
            None => values.push((1, value.clone())),
        }
    }
    // The rarer a value, the more a filter has to leave out.
    values.sort_by_key(|(count, _)| *count);
    let names = |operator: &str| parameter.description.contains(operator);
    // Where no operator says so, a text can be one to search for.
    let is_search = !names("`~text`")
        && schema::options(session.root(), property).is_empty()
        && !session
            .model
            .is_identifier(schema::resolve(session.root(), property));
    let mut conditions = Vec::new();
    for (_, value) in values.iter().take(VALUES) {
        let wanted = value.clone();
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let lower = text.to_lowercase();
        conditions.push(Condition {
            value: text.clone(),
            admits: Box::new(move |value| {
                let other = value.as_str().map(str::to_lowercase);
                let is_same = compare::same(value, &wanted);
                let is_alike = is_same || other.as_ref() == Some(&lower);
                let has_it = other.is_some_and(|other| other.contains(&lower));
                [is_same, is_alike, is_alike || (is_search && has_it)]
            }),
        });
    }
    let Some((_, Value::String(text))) = values.first() else {
        return conditions;
    };
    // The operators are those that the description of the parameter names.
    let is_time = schema::resolve(session.root(), property)["format"] == "date-time";
    if is_time && names("`>=`") && names("`<`") {
        conditions.extend(times(text));
    } else if names("`~text`") && names("`^text`") {
        conditions.extend(parts(text));
    }
    conditions
}

/// Conditions on an instant.
fn times(text: &str) -> Vec<Condition> {
    let Some(bound) = compare::instant(&text.into()) else {
        return Vec::new();
    };
    let operators: [(&str, Holds); 4] = [
        (">", Ordering::is_gt),
        (">=", Ordering::is_ge),
        ("<", Ordering::is_lt),
        ("<=", Ordering::is_le),
    ];
    let conditions = operators.into_iter().map(|(operator, holds)| Condition {
        value: format!("{operator}{text}"),
        admits: Box::new(move |value| {
            let instant = compare::instant(value);
            [instant.is_some_and(|instant| holds(instant.cmp(&bound))); 3]
        }),
    });
    conditions.collect()
}

/// Conditions on a part of a text.
fn parts(text: &str) -> Vec<Condition> {
    let letters: Vec<_> = text.chars().collect();
    let start: String = letters.iter().take(letters.len().div_ceil(2)).collect();
    let end: String = letters.iter().skip(letters.len() / 2).collect();
    // What stands at an end could be taken for a blank of the query.
    let (start, end) = (start.trim().to_owned(), end.trim().to_owned());
    let lower = |value: &Value| value.as_str().map(str::to_lowercase);
    let starts = Condition {
        value: format!("^{start}"),
        admits: Box::new(move |value| {
            let exact = value
                .as_str()
                .is_some_and(|value| value.starts_with(&start));
            let alike = lower(value).is_some_and(|value| value.starts_with(&start.to_lowercase()));
            [exact, alike, alike]
        }),
    };
    let contains = Condition {
        value: format!("~{end}"),
        admits: Box::new(move |value| {
            let exact = value.as_str().is_some_and(|value| value.contains(&end));
            let alike = lower(value).is_some_and(|value| value.contains(&end.to_lowercase()));
            [exact, alike, alike]
        }),
    };
    let both = [starts, contains].into_iter();
    both.filter(|condition| condition.value.chars().count() > 1)
        .collect()
}
