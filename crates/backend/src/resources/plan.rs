//! How a list is read: from which index, in which order, and what is left to
//! look at in the documents.
//!
//! A list without `sort` stands in the order of the IDs, oldest first; with a
//! condition on an instant, in the order of that instant.

use std::cmp::Ordering;

use contract::parameters::Sort;

use super::filter::{Condition, Filter};
use crate::store::Row;
use crate::store::key::Kind;
use crate::store::listed;
use crate::store::scan::{Position, Scan, Span};

/// The order of a list. Equal ones stand in the order of their IDs, and that is
/// descending too where the order is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) property: String,
    pub(crate) descending: bool,
}

impl Order {
    /// How `sort` names it.
    pub(crate) fn name(&self) -> String {
        let sign = if self.descending { "-" } else { "" };
        format!("{sign}{}", self.property)
    }

    /// Which of two places comes first.
    pub(crate) fn compare(&self, one: &Position, other: &Position) -> Ordering {
        let order = one.cmp(other);
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }

    /// How the property is read.
    pub(crate) fn kind<R: Row>(&self) -> Kind {
        R::LISTED
            .iter()
            .find(|(name, _)| *name == self.property)
            .map_or(Kind::Instant, |(_, kind)| *kind)
    }
}

/// A condition on a listed property.
#[derive(Clone, Debug)]
struct Term {
    /// The number of the property; see [`listed::number`].
    property: usize,
    name: &'static str,
    condition: Condition,
    span: Span,
    /// Whether only what satisfies the condition is in the span.
    is_exact: bool,
}

/// What is asked of a list.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    viewer: String,
    archived: bool,
    id: Option<String>,
    terms: Vec<Term>,
    /// Conditions on properties that are not listed.
    others: Vec<(&'static str, Condition)>,
    pub(crate) order: Order,
}

/// What to read, and what the documents then have to satisfy.
#[derive(Clone, Debug)]
pub(crate) struct Plan<R> {
    pub(crate) scan: Scan<R>,
    pub(crate) rest: Vec<(&'static str, Condition)>,
}

impl Question {
    pub(crate) fn new<R: Row, T>(
        viewer: String,
        sort: Option<&Sort<T>>,
        filters: impl IntoIterator<Item = Filter>,
    ) -> Self {
        let mut question = Self {
            viewer,
            archived: false,
            id: None,
            terms: Vec::new(),
            others: Vec::new(),
            order: Order {
                property: "id".to_owned(),
                descending: false,
            },
        };
        for filter in filters {
            match filter {
                Filter::None => {}
                Filter::Archived => question.archived = true,
                Filter::Property("id", Condition::Text(id)) => question.id = Some(id.into()),
                Filter::Property(name, condition) => question.add::<R>(name, condition),
            }
        }
        let instant = question
            .terms
            .iter()
            .find(|term| matches!(term.condition, Condition::Time(_)));
        if let Some(sort) = sort {
            question.order = Order {
                property: sort.property().to_owned(),
                descending: sort.descending(),
            };
        } else if let Some(instant) = instant {
            question.order.property = instant.name.to_owned();
        }
        question
    }

    fn add<R: Row>(&mut self, name: &'static str, condition: Condition) {
        let Some(property) = number::<R>(name) else {
            self.others.push((name, condition));
            return;
        };
        let (span, is_exact) = condition.span();
        self.terms.push(Term {
            property,
            name,
            condition,
            span,
            is_exact,
        });
    }

    /// The plan that reads in the order that is asked for, unless no index has
    /// that.
    pub(crate) fn ordered<R: Row>(&self) -> Option<Plan<R>> {
        let property = number::<R>(&self.order.property)?;
        let is_whole = |term: &&Term| matches!(term.span, Span::Is(_)) && property == 0;
        let terms = || self.terms.iter();
        let driver = if self.id.is_some() {
            None
        } else {
            // Rows with one key stand in the order of their IDs.
            let of_order = terms().find(|term| term.property == property);
            of_order.or_else(|| terms().find(is_whole))
        };
        // Of one row the order makes no difference.
        let property = if self.id.is_some() { 0 } else { property };
        let mut plan = self.plan(property, driver);
        plan.scan.descending = self.order.descending;
        Some(plan)
    }

    /// The plan that reads everything, in whatever order.
    pub(crate) fn unordered<R: Row>(&self) -> Plan<R> {
        let is_one = |term: &&Term| matches!(term.span, Span::Is(_));
        self.plan(
            0,
            self.terms.iter().find(is_one).filter(|_| self.id.is_none()),
        )
    }

    /// Plans that read one condition each, in whatever order, where that can be
    /// less than [`ordered`](Self::ordered) reads.
    pub(crate) fn narrow<R: Row>(&self) -> Vec<Plan<R>> {
        let is_read_anyway = match &*self.terms {
            _ if self.id.is_some() => true,
            [] => true,
            [only] => {
                let order = number::<R>(&self.order.property);
                order == Some(only.property)
                    || (order == Some(0) && matches!(only.span, Span::Is(_)))
            }
            _ => false,
        };
        if is_read_anyway {
            return Vec::new();
        }
        let plan = |term| self.plan(0, Some(term));
        self.terms.iter().map(plan).collect()
    }

    /// The plan that reads the entries of one condition, or else all of a
    /// property.
    fn plan<R: Row>(&self, property: usize, driver: Option<&Term>) -> Plan<R> {
        let property = driver.map_or(property, |driver| driver.property);
        let list = listed::number::<R>(property, self.archived);
        let mut scan = Scan::new(self.viewer.clone(), list);
        scan.id.clone_from(&self.id);
        let mut rest = self.others.clone();
        for term in &self.terms {
            let mut is_met = term.is_exact;
            if driver.is_some_and(|driver| driver.property == term.property) {
                scan.span = term.span.clone();
            } else if let Span::Is(key) = &term.span {
                let list = listed::number::<R>(term.property, self.archived);
                scan.also.push((list, key.clone()));
            } else {
                is_met = false;
            }
            if !is_met {
                rest.push((term.name, term.condition.clone()));
            }
        }
        Plan { scan, rest }
    }
}

/// The number of a listed property.
fn number<R: Row>(name: &str) -> Option<usize> {
    if name == "id" {
        return Some(0);
    }
    let mut listed = R::LISTED.iter().zip(1..);
    listed.find_map(|((listed, _), number)| (*listed == name).then_some(number))
}
