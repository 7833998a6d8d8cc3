//! Requests in, responses out.
//!
//! The [`Operation`](contract::operation::Operation) that a handler is for fixes
//! method, path, parameters, body, reply and status, so a handler cannot disagree
//! with the contract. Nothing here knows a resource but for the list of routes,
//! and nothing here decides what a caller may do.
//!
//! From the outside in: `accept` takes connections for which `connections` has a
//! place, and `connection` serves each on a `socket`, as long as its `activity`
//! keeps to the bounds. `door` hands requests to the `router`, `observed`
//! tells of them, and `serve` has the way through an operation.

mod accept;
mod activity;
mod body;
mod connection;
mod connections;
mod door;
mod identified;
mod limits;
mod observed;
mod pages;
mod received;
mod reply_body;
mod request_id;
mod respond;
mod router;
mod serve;
mod socket;

pub(crate) use accept::serve;
pub(crate) use respond::chain;
pub(crate) use router::router;
#[cfg(test)]
pub(crate) use {identified::identified, router::operations};
