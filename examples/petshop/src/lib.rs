//! gRPC in front of a pet shop that speaks REST. `docs/transcode.md` builds it from nothing.

pub mod shop;

mod generated {
    #![allow(
        missing_docs,
        unreachable_pub,
        rustdoc::all,
        clippy::all,
        clippy::pedantic,
        reason = "generated"
    )]
    transcode::include_api!();
}

pub use generated::petshop::v1;

use http::Uri;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use transcode::{BoxError, Config, ErrorShape, Gateway};

/// The gRPC services in front of the REST API at the base, such as
/// `https://petshop.example/v1`.
///
/// # Errors
///
/// Fails where the system has no certificates of authorities.
pub async fn services(base: Uri) -> Result<Routes, BoxError> {
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()?
        .https_or_http()
        .enable_http1()
        .build();
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector);

    let mut config = Config::new(base);
    config.domain = String::from("gateway.petshop.example");
    // {"error": "invalid_pet", "error_description": "…", "fields": {"name": ["…"]}}
    config.errors = ErrorShape {
        code: Some("/error".parse()?),
        message: Some("/error_description".parse()?),
        violations: Some("/fields".parse()?),
        ..ErrorShape::default()
    };

    let (health_reporter, health) = tonic_health::server::health_reporter();
    for service in v1::SERVICES {
        health_reporter
            .set_service_status(*service, ServingStatus::Serving)
            .await;
    }
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(transcode::descriptors!())
        .build_v1()?;

    Ok(v1::routes(&Gateway::new(client, config))
        .add_service(health)
        .add_service(reflection))
}
