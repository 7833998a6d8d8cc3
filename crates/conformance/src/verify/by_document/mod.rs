//! Judges captured exchanges by any OpenAPI document.
//!
//! What there is to route, and what an operation declares, follows from the document
//! alone. A value has to keep its schema: in a reply without what is write-only, in a
//! request without need of what is read-only. A property that no schema declares is an
//! error where the schema is closed, and a warning where it is open.
//!
//! No finding quotes a value, other than one that an enum should have, since a report
//! ends up in logs.

mod captured;
mod checker;
mod parameters;
mod reply;
mod request;
mod route;
#[cfg(test)]
mod tests;

pub(crate) use self::captured::{entry, exchange};
pub(crate) use self::checker::Checker;
pub(crate) use self::route::Routes;
