//! The stack that a call goes through, from top to bottom.
//!
//! A layer that a well-kept crate has is taken from there: CORS (tower-http)
//! and gRPC-Web (tonic-web). The others speak gRPC's own language, statuses in
//! trailers and messages in frames, which no generic HTTP layer does, or turn another
//! protocol into it.

mod admission;
mod bounds;
mod call;
mod connect;
mod deadline;
mod fields;
mod in_flight;
mod messages;
mod protocol;
mod status;

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Service, ServiceBuilder};

use self::bounds::Bounds;
use self::connect::Translation;
use crate::config::Config;
use crate::outcome::Observers;
use crate::phase::Phase;
use crate::rpcs::Rpcs;
use crate::schemas::Schemas;
use crate::usage::ServerUsage;

/// The stack of layers above the services of a server.
///
/// `rpcs` lists what the routes serve, and `schemas` has their messages; `usage` counts
/// the calls that are open; `phase` says when half-sent calls and open streams are to end.
pub(crate) fn grpc(
    routes: Routes,
    rpcs: Rpcs,
    schemas: Schemas,
    observers: Observers,
    usage: &ServerUsage,
    config: &Config,
    phase: &watch::Receiver<Phase>,
) -> impl Service<Request<Body>, Response = Response<call::Sent>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let domain: Arc<str> = config.domain.as_str().into();
    let bounds = Bounds::new(config, Arc::clone(&domain));
    let translation = Translation {
        schemas,
        bounds: Arc::clone(&bounds),
    };
    ServiceBuilder::new()
        // Gives the call its name and its clock, and tells the observers of its
        // one outcome. Nothing is above it, so that nothing ends unseen.
        .layer(call::Layer::new(
            rpcs,
            observers,
            config.admission.clone(),
            config.tracer.clone(),
            config.subjects.clone(),
            usage.clone(),
        ))
        // Refuses what is neither gRPC, gRPC-Web nor Connect, turns the other two into
        // gRPC, and answers the preflights of browsers. Below here is one protocol.
        .layer(protocol::Layer::new(config, translation))
        // Sees the status of every call, and gives one that tonic or a layer
        // below has made a reason, a domain and the id of the request.
        .layer(status::Layer::new(Arc::clone(&domain)))
        // Ends the call when its time has passed, whatever it waits for, or when
        // the server cannot wait any longer.
        .layer(deadline::Layer::new(config, phase.clone()))
        // Refuses fields that contradict each other, before anybody goes by them.
        .layer(fields::Layer::new(Arc::clone(&domain)))
        // Refuses callers who are not known, where the gateway has credentials.
        .layer(admission::Layer::new(
            config.admission.clone(),
            Arc::clone(&domain),
        ))
        // Bounds what is open at once. Calls upstream have a finer limit, which
        // adapts; this one also counts watches and half-sent calls.
        .layer(in_flight::Layer::new(config, Arc::clone(&domain)))
        // Holds the messages to their size, their number and the memory that all
        // of them may take together, and inflates them.
        .layer(messages::Layer::new(bounds, domain, phase.clone()))
        .service(routes.prepare())
}
