use std::time::Duration;

use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tonic::{Code, Streaming};
use tonic_health::pb::HealthCheckRequest as Question;
use tonic_health::pb::HealthCheckResponse as Reply;
use tonic_health::pb::health_check_response::ServingStatus as Told;
use tonic_health::pb::health_client::HealthClient;

use super::*;

const API: &str = "sink.v1.Taps";
const OWN: &str = "grpc.health.v1.Health";

fn health() -> Health {
    Health::new([API])
}

fn question(service: &str) -> Question {
    Question {
        service: service.to_owned(),
    }
}

async fn check(health: &Health, service: &str) -> Result<Told, Code> {
    let mut client = HealthClient::new(health.service());
    match client.check(question(service)).await {
        Ok(reply) => Ok(reply.into_inner().status()),
        Err(status) => Err(status.code()),
    }
}

/// The server, the API and the health service itself, in this order.
async fn checks(health: &Health, expected: [Told; 3]) {
    for (service, expected) in ["", API, OWN].into_iter().zip(expected) {
        assert_eq!(check(health, service).await, Ok(expected), "of {service:?}");
    }
}

async fn watch(health: &Health, service: &str) -> Streaming<Reply> {
    let mut client = HealthClient::new(health.service());
    let reply = client.watch(question(service)).await;
    reply.expect("every name can be watched").into_inner()
}

/// Waits for the next thing that the watcher is sent.
async fn next(statuses: &mut Streaming<Reply>) -> Option<Result<Told, Code>> {
    let told = statuses.next().await?;
    Some(match told {
        Ok(reply) => Ok(reply.status()),
        Err(status) => Err(status.code()),
    })
}

/// Nothing is sent for an hour of the paused clock.
async fn is_silent(statuses: &mut Streaming<Reply>) {
    let told = timeout(Duration::from_hours(1), next(statuses)).await;
    assert!(told.is_err(), "the watcher is told {told:?}");
}

#[tokio::test]
async fn everything_serves_at_first() {
    let health = health();
    checks(&health, [Told::Serving; 3]).await;
    assert!(health.is_serving());
}

#[tokio::test]
async fn every_own_service_has_a_status() {
    for service in OWN_SERVICES {
        assert_eq!(check(&health(), service).await, Ok(Told::Serving));
    }
}

#[tokio::test]
async fn an_unknown_service_is_not_found() {
    for service in ["sink.v1.Drain", "sink.v1", "/", "sink.v1.taps"] {
        assert_eq!(check(&health(), service).await, Err(Code::NotFound));
    }
}

#[tokio::test]
async fn only_what_needs_the_upstream_does_not_serve_without_it() {
    let health = health();
    health.set_upstream_reachable(false);
    checks(&health, [Told::NotServing, Told::NotServing, Told::Serving]).await;
    assert!(!health.is_serving());
    health.set_upstream_reachable(true);
    checks(&health, [Told::Serving; 3]).await;
}

#[tokio::test]
async fn draining_is_final() {
    let health = health();
    health.set_draining();
    checks(&health, [Told::NotServing; 3]).await;
    health.set_upstream_reachable(false);
    health.set_upstream_reachable(true);
    checks(&health, [Told::NotServing; 3]).await;
    assert!(!health.is_serving());
}

#[tokio::test]
async fn draining_does_not_undo_the_end_of_watches() {
    let health = health();
    health.end_watches();
    health.set_draining();
    let mut statuses = watch(&health, "").await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::NotServing)));
    assert_eq!(next(&mut statuses).await, Some(Err(Code::Unavailable)));
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_told_at_once_and_of_each_change() {
    let health = health();
    let mut statuses = watch(&health, API).await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::Serving)));
    is_silent(&mut statuses).await;
    health.set_upstream_reachable(false);
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::NotServing)));
    is_silent(&mut statuses).await;
    health.set_upstream_reachable(true);
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::Serving)));
    health.set_draining();
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::NotServing)));
    is_silent(&mut statuses).await;
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_not_told_what_it_knows() {
    let health = health();
    let mut statuses = watch(&health, OWN).await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::Serving)));
    // The health of the health service does not depend on the upstream.
    health.set_upstream_reachable(false);
    is_silent(&mut statuses).await;
    let mut statuses = watch(&health, API).await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::NotServing)));
    health.set_draining();
    is_silent(&mut statuses).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_is_told_of_the_latest_status_alone() {
    let health = health();
    let mut statuses = watch(&health, API).await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::Serving)));
    for _ in 0..1000 {
        health.set_upstream_reachable(false);
        health.set_upstream_reachable(true);
    }
    health.set_upstream_reachable(false);
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::NotServing)));
    is_silent(&mut statuses).await;
}

#[tokio::test(start_paused = true)]
async fn watching_an_unknown_service_goes_on() {
    let health = health();
    let mut statuses = watch(&health, "sink.v1.Drain").await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::ServiceUnknown)));
    health.set_upstream_reachable(false);
    health.set_draining();
    is_silent(&mut statuses).await;
    health.end_watches();
    assert_eq!(next(&mut statuses).await, Some(Err(Code::Unavailable)));
}

#[tokio::test(start_paused = true)]
async fn watches_end_with_the_last_status_and_unavailable() {
    let health = health();
    let mut statuses = watch(&health, "").await;
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::Serving)));
    health.set_draining();
    health.end_watches();
    assert_eq!(next(&mut statuses).await, Some(Ok(Told::NotServing)));
    assert_eq!(next(&mut statuses).await, Some(Err(Code::Unavailable)));
    assert_eq!(next(&mut statuses).await, None);
}

/// Calls List by its path: the generated client that is at hand does not know it.
async fn list(health: &Health) -> Result<Vec<(String, ServingStatus)>, Code> {
    let mut client = tonic::client::Grpc::new(health.service());
    client.ready().await.expect("the service is always ready");
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/List");
    let codec = tonic_prost::ProstCodec::<_, HealthListResponse>::default();
    let request = Request::new(HealthListRequest {});
    match client.unary(request, path, codec).await {
        Ok(reply) => {
            let statuses = reply.into_inner().statuses.into_iter();
            Ok(statuses.map(|(name, told)| (name, told.status())).collect())
        }
        Err(status) => Err(status.code()),
    }
}

#[tokio::test]
async fn all_statuses_are_listed() {
    let health = health();
    health.set_upstream_reachable(false);
    let expected = [
        ("", ServingStatus::NotServing),
        ("grpc.health.v1.Health", ServingStatus::Serving),
        (
            "grpc.reflection.v1.ServerReflection",
            ServingStatus::Serving,
        ),
        (
            "grpc.reflection.v1alpha.ServerReflection",
            ServingStatus::Serving,
        ),
        (API, ServingStatus::NotServing),
    ];
    let expected = expected.map(|(name, status)| (name.to_owned(), status));
    assert_eq!(list(&health).await, Ok(expected.to_vec()));
}

#[tokio::test]
async fn more_than_a_hundred_are_not_listed() {
    let names: Vec<_> = (0..97)
        .map(|number| format!("sink.v1.Taps{number}"))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    // The server and three services of its own come on top.
    let listed = list(&Health::new(names[..96].iter().copied()))
        .await
        .expect("a hundred");
    assert_eq!(listed.len(), MAX_LISTED);
    assert_eq!(
        list(&Health::new(names.iter().copied())).await,
        Err(Code::ResourceExhausted)
    );
}
