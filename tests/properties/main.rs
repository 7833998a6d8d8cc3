//! Laws of the way between the contract, JSON and protobuf, for every type that
//! both sides state and every body that a request carries.
//!
//! `PROPTEST_CASES` sets how many values each law is tried with; 256 without it.

mod bodies;
mod messages;
mod representable;
mod types;
