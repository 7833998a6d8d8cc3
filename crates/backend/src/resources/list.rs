//! Lists: pages, order and filters, the same for every resource.
//!
//! Where the key columns of the store decide what is listed and in which order,
//! the store cuts out the page. A condition or an order that only the documents
//! know is applied here, in memory, to the documents that are visible to the
//! caller and satisfy the rest: at most all that one organization and those
//! below it have of a resource.

use std::cmp::Ordering;
use std::fmt::Display;

use contract::operation::List;
use contract::parameters::{ListQuery, PageQuery, Sort, TextFilter, TimeFilter};
use contract::schema::Described;
use contract::timestamp::Timestamp;
use serde_json::Value;

use crate::access::Caller;
use crate::app::App;
use crate::error::Error;
use crate::store::{self, Row, Selection};

/// A condition on what is listed, as a list of resources states it.
#[derive(Debug)]
pub(crate) enum Filter {
    /// The caller did not ask for it.
    None,
    /// A key column of the store has this value.
    Key(&'static str, String),
    /// A key column of the store has another value than this.
    WithoutKey(&'static str, String),
    /// A property of the document satisfies this.
    Property(&'static str, Condition),
}

/// What a property has to satisfy.
#[derive(Debug)]
pub(crate) enum Condition {
    Text(TextFilter),
    Not(String),
    Time(TimeFilter),
}

impl Filter {
    /// Only those with this value in a key column.
    pub(crate) fn key(column: &'static str, value: Option<impl Display>) -> Self {
        value.map_or(Self::None, |value| Self::Key(column, value.to_string()))
    }

    /// Only those with this value in a key column; if none is asked for, those
    /// without the value that is hidden.
    pub(crate) fn key_or_without<T: Display>(
        column: &'static str,
        value: Option<T>,
        hidden: T,
    ) -> Self {
        match value {
            Some(value) => Self::Key(column, value.to_string()),
            None => Self::WithoutKey(column, hidden.to_string()),
        }
    }

    /// Only those with this value in a property.
    pub(crate) fn property(property: &'static str, value: Option<impl Display>) -> Self {
        Self::text(
            property,
            value.map(|value| TextFilter::Is(value.to_string())),
        )
    }

    /// Only those with this value in a property; if none is asked for, those
    /// without the value that is hidden.
    pub(crate) fn property_or_without<T: Display>(
        property: &'static str,
        value: Option<T>,
        hidden: T,
    ) -> Self {
        let condition = match value {
            Some(value) => Condition::Text(TextFilter::Is(value.to_string())),
            None => Condition::Not(hidden.to_string()),
        };
        Self::Property(property, condition)
    }

    /// Only those whose property satisfies a condition.
    pub(crate) fn text(property: &'static str, filter: Option<TextFilter>) -> Self {
        filter.map_or(Self::None, |filter| {
            Self::Property(property, Condition::Text(filter))
        })
    }

    /// Only those whose property is an instant that satisfies a condition.
    pub(crate) fn time(property: &'static str, filter: Option<TimeFilter>) -> Self {
        filter.map_or(Self::None, |filter| {
            Self::Property(property, Condition::Time(filter))
        })
    }
}

/// Lists what `caller` sees of a resource: the rows that pass the filters, each
/// as the document that `document` makes of it.
pub(crate) async fn list<R: Row, T: Described>(
    app: &App,
    caller: Caller,
    query: ListQuery<T>,
    filters: impl IntoIterator<Item = Filter>,
    document: impl Fn(R) -> T,
) -> Result<List<T>, Error> {
    let (mut selection, mut conditions) = (Selection::default(), Vec::new());
    for filter in filters {
        match filter {
            Filter::None => {}
            Filter::Key(column, value) => selection.equal.push((column, value)),
            Filter::WithoutKey(column, value) => selection.unequal.push((column, value)),
            Filter::Property(property, condition) => conditions.push((property, condition)),
        }
    }
    let by_keys = query.sort.is_none() && conditions.is_empty();
    if by_keys {
        // One more tells whether there is a next page.
        let limit = query.limit.map_or(i64::MAX, |limit| i64::from(limit) + 1);
        selection.range = Some((i64::from(query.offset.unwrap_or_default()), limit));
    }
    let root = caller.organization.to_string();
    let rows = store::list::<R>(&mut app.store.read().await?, &root, selection).await?;
    let items: Vec<T> = rows.into_iter().map(document).collect();
    if by_keys {
        Ok(page(items, query))
    } else {
        cut_out(items, query, &conditions)
    }
}

/// Lists what there is of `items`, all of which are at hand.
pub(crate) fn of<T: Described>(items: Vec<T>, query: ListQuery<T>) -> Result<List<T>, Error> {
    cut_out(items, query, &[])
}

fn cut_out<T: Described>(
    items: Vec<T>,
    query: ListQuery<T>,
    conditions: &[(&str, Condition)],
) -> Result<List<T>, Error> {
    let mut items = arranged(items, query.sort.as_ref(), conditions).map_err(Error::internal)?;
    items.drain(..items.len().min(index(query.offset.unwrap_or_default())));
    Ok(page(items, query))
}

/// The page that `query` asks for, of values that have no properties.
pub(crate) fn plain<T>(mut items: Vec<T>, query: PageQuery) -> List<T> {
    items.drain(..items.len().min(index(query.offset.unwrap_or_default())));
    page(
        items,
        ListQuery {
            limit: query.limit,
            offset: query.offset,
            ..ListQuery::default()
        },
    )
}

/// The page that `items` begin with.
fn page<T>(mut items: Vec<T>, query: ListQuery<T>) -> List<T> {
    let offset = query.offset.unwrap_or_default();
    let next_offset = query.limit.filter(|limit| items.len() > index(*limit));
    let next_offset = next_offset.map(|limit| offset.saturating_add(limit));
    if let Some(limit) = query.limit {
        items.truncate(index(limit));
    }
    List {
        items,
        next_offset,
        select: query.select,
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The items that satisfy `conditions`, in order. Equal ones keep the order that
/// they have.
fn arranged<T: Described>(
    items: Vec<T>,
    sort: Option<&Sort<T>>,
    conditions: &[(&str, Condition)],
) -> Result<Vec<T>, serde_json::Error> {
    let mut kept = Vec::new();
    for item in items {
        let document = serde_json::to_value(&item)?;
        if conditions
            .iter()
            .all(|(property, filter)| satisfies(&document[*property], filter))
        {
            let key = sort.map_or(Key::Nothing, |sort| Key::of(&document[sort.property()]));
            kept.push((key, item));
        }
    }
    if let Some(sort) = sort {
        kept.sort_by(|(one, _), (other, _)| {
            let order = one.compare(other);
            if sort.descending() {
                order.reverse()
            } else {
                order
            }
        });
    }
    Ok(kept.into_iter().map(|(_, item)| item).collect())
}

/// Whether a property satisfies a condition. Case makes no difference.
fn satisfies(property: &Value, condition: &Condition) -> bool {
    let text = match property {
        Value::String(text) => text.to_lowercase(),
        Value::Bool(_) | Value::Number(_) => property.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            return matches!(condition, Condition::Not(_));
        }
    };
    let filter = match condition {
        Condition::Text(filter) => filter,
        Condition::Not(value) => return text != value.to_lowercase(),
        Condition::Time(filter) => {
            return text.parse().is_ok_and(|instant| filter.admits(instant));
        }
    };
    match filter {
        TextFilter::Is(whole) => text == whole.to_lowercase(),
        TextFilter::Contains(part) => text.contains(&part.to_lowercase()),
        TextFilter::StartsWith(start) => text.starts_with(&start.to_lowercase()),
    }
}

/// What a property is sorted by. Values of different kinds are sorted by kind.
#[derive(Debug)]
enum Key {
    Nothing,
    Bool(bool),
    Number(f64),
    Instant(Timestamp),
    /// In lower case first, so that `a` stands beside `A`.
    Text(String, String),
}

impl Key {
    fn of(property: &Value) -> Self {
        match property {
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(value) => Self::Number(value.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => match text.parse() {
                // As texts, `…:43.620Z` would come before `…:43Z`.
                Ok(instant) => Self::Instant(instant),
                Err(_) => Self::Text(text.to_lowercase(), text.clone()),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Nothing,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Instant(_) => 3,
            Self::Text(..) => 4,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Instant(one), Self::Instant(other)) => one.cmp(other),
            (Self::Text(one, spelling), Self::Text(other, other_spelling)) => {
                (one, spelling).cmp(&(other, other_spelling))
            }
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_order(ascending: &[Value]) {
        let keys: Vec<_> = ascending.iter().map(Key::of).collect();
        assert!(
            keys.is_sorted_by(|one, next| one.compare(next) == Ordering::Less),
            "{keys:?}"
        );
    }

    #[test]
    fn instants_are_sorted_as_instants() {
        check_order(&[
            json!("2016-01-07T14:03:43Z"),
            json!("2016-01-07T14:03:43.620Z"),
            json!("2016-01-07T14:03:44Z"),
        ]);
    }

    #[test]
    fn texts_are_sorted_without_regard_to_case() {
        check_order(&[json!("Anna"), json!("anna"), json!("Bert"), json!("carl")]);
    }

    #[test]
    fn what_is_missing_comes_first() {
        check_order(&[
            json!(null),
            json!(false),
            json!(true),
            json!(2),
            json!(10),
            json!(""),
        ]);
    }

    #[track_caller]
    fn check_satisfies(filter: &str, expected: bool) {
        let filter = Condition::Text(TextFilter::from(filter.to_owned()));
        assert_eq!(
            satisfies(&json!("Jeff@JeffDoe.com"), &filter),
            expected,
            "{filter:?}"
        );
    }

    #[test]
    fn a_text_satisfies_what_it_is_contains_or_starts_with() {
        check_satisfies("jeff@jeffdoe.com", true);
        check_satisfies("jeff", false);
        check_satisfies("~doe", true);
        check_satisfies("~dough", false);
        check_satisfies("^JEFF", true);
        check_satisfies("^doe", false);
    }

    #[test]
    fn a_truth_satisfies_itself() {
        let condition = |text: &str| Condition::Text(TextFilter::Is(text.to_owned()));
        assert!(satisfies(&json!(true), &condition("true")));
        assert!(!satisfies(&json!(false), &condition("true")));
    }

    #[test]
    fn nothing_satisfies_no_condition() {
        assert!(!satisfies(
            &Value::Null,
            &Condition::Text(TextFilter::Contains(String::new()))
        ));
    }
}
