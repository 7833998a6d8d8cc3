//! The translation, tried on the kitchen sink: what goes upstream, what comes
//! back, and what is refused.

mod calls;
mod errors;
mod fields;
mod identity;
mod masks;
mod one_pass;
mod one_pass_requests;
mod replies;
mod requests;
mod streams;
mod stub;
mod uploads;
mod wire;
