//! The metrics of the client that a gateway has for its upstream.

use ::upstream::{Client, EndpointState};

use crate::catalogue::upstream::{
    ENDPOINT_CONNECT_FAILURES, ENDPOINT_CONNECTED, ENDPOINT_CONNECTIONS, ENDPOINT_IDLE,
    ENDPOINT_IN_FLIGHT, ENDPOINT_LOAD, ENDPOINT_STATE, ENDPOINTS_UNLISTED, RETRY_BUDGET,
};
use crate::registry::{Registry, Scrape};

/// How many endpoints have series of their own.
const MAX_ENDPOINTS: usize = 128;

/// Adds how a client and its endpoints are doing. Endpoints that are gone have no
/// series any more.
pub fn register(registry: &Registry, client: Client) {
    if let Some(status) = client.tls() {
        crate::tls::register_upstream(registry, status);
    }
    registry.add(move |scrape| of_client(&client, scrape));
}

fn of_client(client: &Client, scrape: &mut Scrape) {
    let budget = client.retry_budget();
    scrape.count(&RETRY_BUDGET, ["granted"], budget.granted);
    scrape.count(&RETRY_BUDGET, ["refused"], budget.refused);
    let mut endpoints = client.endpoints();
    endpoints.sort_by(|one, other| {
        (&one.authority, one.address).cmp(&(&other.authority, other.address))
    });
    let unlisted = endpoints.len().saturating_sub(MAX_ENDPOINTS);
    scrape.level(&ENDPOINTS_UNLISTED, [], unlisted);
    for endpoint in endpoints.iter().take(MAX_ENDPOINTS) {
        let address = endpoint.address.to_string();
        let labels = [&*endpoint.authority, &*address];
        for state in EndpointState::ALL {
            let labels = [&*endpoint.authority, &*address, state.as_str()];
            let is_in_it = usize::from(state == endpoint.state);
            scrape.level(&ENDPOINT_STATE, labels, is_in_it);
        }
        scrape.gauge(&ENDPOINT_LOAD, labels, endpoint.load);
        scrape.level(&ENDPOINT_IN_FLIGHT, labels, endpoint.in_flight);
        scrape.level(&ENDPOINT_CONNECTIONS, labels, endpoint.connections);
        scrape.level(&ENDPOINT_IDLE, labels, endpoint.idle_connections);
        scrape.count(&ENDPOINT_CONNECTED, labels, endpoint.connected);
        scrape.count(
            &ENDPOINT_CONNECT_FAILURES,
            labels,
            endpoint.failed_to_connect,
        );
    }
}
