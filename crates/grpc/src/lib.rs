//! The gRPC server of this API: the generated services on the stack of the gateway.
//!
//! What is generic over the upstream is compiled here, for speed, once for each of the two
//! upstreams that there are; `web1on1` itself is compiled for size. Nothing here reads an
//! argument, opens a connection or knows a resource.

use axum::Router;
use gateway::authorized::Authorized;
use gateway::config::Config;
use gateway::credentials::{Credentials, LoginConfig};
use gateway::descriptors::{self, Descriptors};
use gateway::outcome::Observers;
use gateway::server::Server;
use gateway::upstream::{Client, Limited, LimitedUsage};
use telemetry::watch::Watched;
use transcode::{Gateway, Upstream};

/// What describes the services.
///
/// # Errors
///
/// Fails where the embedded descriptors cannot be read, which is a fault of the build.
pub fn descriptors() -> Result<Descriptors, descriptors::Error> {
    Descriptors::new(proto::FILE_DESCRIPTOR_SET, proto::v2::SERVICES)
}

/// What a server has besides its upstream.
pub struct Settings {
    /// What describes the services: [`descriptors()`].
    pub descriptors: Descriptors,
    /// How the server behaves.
    pub server: Config,
    /// How calls are translated.
    pub translation: transcode::Config,
    /// How to log in at the upstream. Callers' own tokens pass through if there is nothing.
    pub login: Option<LoginConfig>,
    /// Who is told of the calls.
    pub observers: Observers,
}

/// A server in front of an API that is reached over HTTP, and how much of the limit on
/// what is sent there is in use.
pub fn over_http(upstream: Watched<Client>, settings: Settings) -> (Server, LimitedUsage) {
    in_front_of(upstream, settings)
}

/// A server in front of a router in the same process, and how much of the limit on what
/// is sent there is in use.
pub fn over_router(upstream: Watched<Router>, settings: Settings) -> (Server, LimitedUsage) {
    in_front_of(upstream, settings)
}

fn in_front_of<U: Upstream>(upstream: U, settings: Settings) -> (Server, LimitedUsage) {
    let Settings {
        descriptors,
        server,
        translation,
        login,
        observers,
    } = settings;
    // All calls wait for a login, so it waits for none of them.
    let credentials = login.map(|login| Credentials::new(login, upstream.clone()));
    let upstream = Limited::new(server.limit, upstream);
    let limit = upstream.usage();
    let upstream = Authorized::new(credentials, upstream);
    let routes = proto::v2::routes(&Gateway::new(upstream, translation));
    let server = Server::new(routes, descriptors, observers, server);
    (server, limit)
}
