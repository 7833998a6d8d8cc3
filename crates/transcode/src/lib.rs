#![doc = include_str!("../README.md")]
//!
//! # How it works
//!
//! transcode-build generates, for each rpc, a [`RestCall`], and for each service a table
//! of them; a [`GatewayService`] answers its calls, and a [`Gateway`] carries them out
//! against an [`Upstream`] that speaks HTTP and JSON. Requests and replies are translated
//! with static layouts, bytes to bytes: no descriptor is read while serving, and no
//! message is built. Callers within the process bring messages of their own.

pub mod json;
pub mod layout;
pub mod mask;
pub mod wire;

mod allowed;
mod call;
mod caller;
mod config;
mod drift_log;
mod error_body;
mod error_details;
mod error_shape;
mod exchange;
mod fault;
mod gateway;
mod held;
mod include;
mod link;
mod multipart;
mod pointer;
mod problem;
mod query;
mod reason;
mod record;
mod request_parts;
mod rpc;
mod rpc_status;
mod server;
mod stream;
mod upload;
mod upstream;
mod upstream_error;
mod violated;

pub use allowed::{NeverPassed, ReplyFields, RequestFields};
pub use call::{
    ListCall, RestCall, UploadCall, missing_body, request_parts, text_of, write_body,
    write_masked_body,
};
pub use caller::{REQUEST_ID, grpc_timeout, request_id};
pub use config::{Config, SettingNames};
pub use error_shape::ErrorShape;
pub use fault::status;
pub use gateway::Gateway;
pub use held::Held;
pub use link::next_link;
pub use pointer::{InvalidPointer, Pointer};
pub use query::Query;
pub use reason::loggable;
pub use record::{CallRecord, UpstreamRecord};
pub use request_parts::{Malformed, Refused, RequestParts};
pub use rpc::{Rpc, Rpcs};
pub use server::GatewayService;
pub use stream::ListStream;
pub use transcode_core::{Violation, template};
pub use upstream::{
    BoxError, CallContext, CallerKey, RequestBody, SendError, SendErrorKind, Upstream,
};

#[doc(no_inline)]
pub use bytes::Bytes;
#[doc(no_inline)]
pub use http::Method;
