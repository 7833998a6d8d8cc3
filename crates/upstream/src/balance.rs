//! Which endpoint gets a request.
//!
//! The lighter of two that are chosen at random (power of two choices). tower's
//! balancer is not used: it knows neither ejection nor trials, and cannot leave
//! out the endpoints that a request was sent to before.

use std::sync::Arc;

use tokio::time::Instant;

use crate::endpoint::{Endpoint, Lease};
use crate::health::Admission;

/// Chooses an endpoint for a call that ends then, other than those that were
/// tried if possible. `None` if every endpoint is an open circuit.
pub(crate) fn choose(
    endpoints: &[Arc<Endpoint>],
    tried: &[Arc<Endpoint>],
    ends: Instant,
) -> Option<Lease> {
    let now = Instant::now();
    let is_tried = |endpoint| tried.iter().any(|known| Arc::ptr_eq(known, endpoint));
    let lease = |endpoint: &Arc<Endpoint>| {
        let others = endpoints
            .iter()
            .any(|other| !Arc::ptr_eq(other, endpoint) && other.health().is_free());
        Lease::new(Arc::clone(endpoint), others, ends)
    };
    if let [endpoint] = endpoints {
        return (endpoint.admission(now) != Admission::Open).then(|| lease(endpoint));
    }

    let mut free = Vec::with_capacity(endpoints.len());
    let mut free_but_tried = Vec::new();
    let mut ejected = Vec::new();
    for endpoint in endpoints {
        match endpoint.admission(now) {
            Admission::Trial if !is_tried(endpoint) => return Some(lease(endpoint)),
            Admission::Free if !is_tried(endpoint) => free.push(endpoint),
            Admission::Free | Admission::Trial => free_but_tried.push(endpoint),
            Admission::Ejected => ejected.push(endpoint),
            Admission::Open => {}
        }
    }
    [free, free_but_tried, ejected]
        .into_iter()
        .find_map(|candidates| lightest_of_two(&candidates, now))
        .map(lease)
}

/// Returns whether there is an endpoint that is neither this one nor was tried, and
/// that gets requests.
pub(crate) fn has_another(
    endpoints: &[Arc<Endpoint>],
    tried: &[Arc<Endpoint>],
    endpoint: &Arc<Endpoint>,
) -> bool {
    let now = Instant::now();
    let is_known = |other: &Arc<Endpoint>| {
        Arc::ptr_eq(other, endpoint) || tried.iter().any(|known| Arc::ptr_eq(known, other))
    };
    endpoints.iter().any(|other| {
        !is_known(other) && matches!(other.admission(now), Admission::Free | Admission::Trial)
    })
}

fn lightest_of_two<'a>(
    candidates: &[&'a Arc<Endpoint>],
    now: Instant,
) -> Option<&'a Arc<Endpoint>> {
    match candidates {
        [] => None,
        [only] => Some(only),
        _ => {
            let first = fastrand::usize(..candidates.len());
            let second = (first + fastrand::usize(1..candidates.len())) % candidates.len();
            let (first, second) = (candidates[first], candidates[second]);
            Some(if second.load(now) < first.load(now) {
                second
            } else {
                first
            })
        }
    }
}
