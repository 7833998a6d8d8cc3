//! The stack that a call goes through, from top to bottom.
//!
//! A layer that a well-kept crate has is taken from there: CORS (tower-http)
//! and gRPC-Web (tonic-web). The others speak gRPC's own language, statuses in
//! trailers and messages in frames, which no generic HTTP layer does.

mod call;
mod deadline;
mod in_flight;
mod messages;
mod protocol;
mod status;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderName, Method, Request, Response};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Service, ServiceBuilder};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Config;
use crate::outcome::Observers;
use crate::rpcs::Rpcs;
use crate::server::Phase;

/// The address at the other end of a connection, in the extensions of a
/// request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The stack of layers above the services of a server.
///
/// `rpcs` lists what the routes serve; `phase` says when half-sent calls and
/// open streams are to end.
pub(crate) fn grpc(
    routes: Routes,
    rpcs: Rpcs,
    observers: Observers,
    config: &Config,
    phase: &watch::Receiver<Phase>,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let domain: Arc<str> = config.domain.as_str().into();
    ServiceBuilder::new()
        // Gives the call its name and its clock, and tells the observers of its
        // one outcome. Nothing is above it, so that nothing ends unseen.
        .layer(call::Layer::new(rpcs, observers))
        // Answers the preflights of browsers.
        .layer(cors(config))
        // Refuses what is neither gRPC nor gRPC-Web.
        .layer(protocol::Layer)
        // Turns gRPC-Web into gRPC. Below here is one protocol.
        .layer(tonic_web::GrpcWebLayer::new())
        // Sees the status of every call, and gives one that tonic or a layer
        // below has made a reason, a domain and the id of the request.
        .layer(status::Layer::new(Arc::clone(&domain)))
        // Ends the call when its time has passed, whatever it waits for.
        .layer(deadline::Layer::new(config))
        // Bounds what is open at once. Calls upstream have a finer limit, which
        // adapts; this one also counts watches and half-sent calls.
        .layer(in_flight::Layer::new(config.max_calls, Arc::clone(&domain)))
        // Holds the messages to their size and number, and inflates them.
        .layer(messages::Layer::new(
            config.max_message,
            domain,
            phase.clone(),
        ))
        .service(routes.prepare())
}

/// What browsers are told about pages of other origins.
fn cors(config: &Config) -> CorsLayer {
    const REQUEST: [&str; 7] = [
        "authorization",
        "content-type",
        "grpc-timeout",
        "traceparent",
        "x-grpc-web",
        "x-request-id",
        "x-user-agent",
    ];
    const REPLY: [&str; 4] = [
        "grpc-message",
        "grpc-status",
        "grpc-status-details-bin",
        "x-request-id",
    ];
    let origins = if config.cors_origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(config.cors_origins.iter().cloned())
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::POST])
        .allow_headers(REQUEST.map(HeaderName::from_static))
        .expose_headers(REPLY.map(HeaderName::from_static))
        .max_age(std::time::Duration::from_hours(2))
}
