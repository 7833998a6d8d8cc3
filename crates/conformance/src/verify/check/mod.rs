//! Judges one exchange after the other and remembers what it has seen.
//!
//! Where an exchange comes from does not matter here: it may have just taken
//! place, or have been captured long ago. No finding quotes a value, other than
//! one that an enum should have, since a report ends up in logs.

mod reply;
mod request;
mod route;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use contract::operation::OperationInfo;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

pub(crate) use self::reply::next_page;
pub(crate) use self::route::{below_base, decode, has_base, query, route};
use super::finding::About;
use super::problem::Problem;
use super::schema::{self, Visit};
use crate::reference::escape;
use crate::report::{self, Coverage, Direction, Finding, Level};

/// The file that findings point into.
pub(crate) const DOCUMENT: &str = "openapi/openapi.json";

/// A request as it was sent.
pub(crate) struct Sent<'a> {
    /// The decoded names and values of the query, in order.
    pub(crate) query: &'a [(String, String)],
    /// The headers, where they are known.
    pub(crate) headers: Option<&'a HeaderMap>,
}

impl Sent<'_> {
    fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A reply as it came.
pub(crate) struct Received<'a> {
    pub(crate) status: StatusCode,
    /// The headers, where they are known. What was recorded without its headers
    /// is not asked for them.
    pub(crate) headers: Option<&'a HeaderMap>,
    /// The body, where it is known.
    pub(crate) body: Option<&'a [u8]>,
}

/// Judges exchanges.
#[derive(Default)]
pub(crate) struct Checker {
    pub(crate) findings: Vec<Finding>,
    /// How much of the replies the exchanges show.
    pub(crate) shown: schema::Shown,
    seen: Elements,
}

/// What of the contract there is to see, or was seen.
#[derive(Default)]
pub(crate) struct Elements {
    pub(crate) operations: BTreeSet<String>,
    pub(crate) statuses: BTreeSet<String>,
    pub(crate) properties: BTreeSet<String>,
    pub(crate) enum_values: BTreeSet<String>,
}

impl Elements {
    /// What of these was seen, and what was not.
    pub(crate) fn compare(&self, seen: &Self) -> Coverage {
        let part = |all: &BTreeSet<String>, seen: &BTreeSet<String>| report::Seen {
            seen: all.intersection(seen).cloned().collect(),
            unseen: all.difference(seen).cloned().collect(),
        };
        Coverage {
            operations: part(&self.operations, &seen.operations),
            statuses: part(&self.statuses, &seen.statuses),
            properties: part(&self.properties, &seen.properties),
            enum_values: part(&self.enum_values, &seen.enum_values),
        }
    }
}

impl Visit for Elements {
    fn property(&mut self, name: &str) {
        self.properties.insert(name.to_owned());
    }

    fn enum_value(&mut self, name: &str, value: &str) {
        self.enum_values.insert(format!("{name}={value}"));
    }
}

/// An operation as a person writes it.
pub(crate) fn title(operation: &OperationInfo) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// The place of an operation in the OpenAPI document.
fn pointer(operation: &OperationInfo) -> String {
    let method = operation.method.as_str().to_lowercase();
    format!("/paths/{}/{method}", escape(operation.path))
}

fn about<'a>(operation: &OperationInfo, seen_in: &'a str) -> About<'a> {
    About {
        document: DOCUMENT,
        title: title(operation),
        pointer: pointer(operation),
        seen_in,
    }
}

/// The statuses that the OpenAPI document lists for each operation.
pub(crate) fn documented(operation: &OperationInfo) -> &'static BTreeSet<u16> {
    static STATUSES: LazyLock<BTreeMap<&'static str, BTreeSet<u16>>> = LazyLock::new(|| {
        let document = contract::openapi::openapi();
        let of = |operation: &OperationInfo| {
            let responses = document.pointer(&format!("{}/responses", pointer(operation)));
            let responses = responses.and_then(Value::as_object).into_iter().flatten();
            responses
                .filter_map(|(status, _)| status.parse().ok())
                .collect()
        };
        let catalogue = contract::catalogue().iter();
        catalogue
            .map(|operation| (operation.id, of(operation)))
            .collect()
    });
    static NONE: BTreeSet<u16> = BTreeSet::new();
    STATUSES.get(operation.id).unwrap_or(&NONE)
}

impl Checker {
    /// Notes a finding about an operation. `below` is where it is described,
    /// below the operation in the OpenAPI document.
    pub(crate) fn find(
        &mut self,
        operation: &OperationInfo,
        level: Level,
        id: &str,
        below: &str,
        seen_in: &str,
        message: String,
    ) {
        let finding = about(operation, seen_in).find(level, id, below, message);
        self.findings.push(finding);
    }

    fn problems(
        &mut self,
        operation: &OperationInfo,
        direction: Direction,
        seen_in: &str,
        what: &str,
        problems: Vec<Problem>,
    ) {
        let about = about(operation, seen_in);
        let found = problems
            .into_iter()
            .map(|problem| about.problem(Level::Error, direction, what, problem));
        self.findings.extend(found);
    }

    /// What was seen of the contract, and what was not.
    pub(crate) fn coverage(&self) -> Coverage {
        let mut all = Elements::default();
        for operation in contract::catalogue() {
            all.operations.insert(title(operation));
            for status in documented(operation) {
                all.statuses
                    .insert(format!("{} {status}", title(operation)));
            }
            if let Some(of) = operation.reply.body.of() {
                schema::walk(&of.views().read, None, &mut all);
            }
        }
        all.compare(&self.seen)
    }
}

/// The text of a header, empty where there is none.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}
