//! Serves gRPC in front of the pet shop: `petshop [BASE] [ADDRESS]`.

use std::time::Duration;

use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use transcode::BoxError;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt().init();
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next();
    let base = base.unwrap_or_else(|| "http://127.0.0.1:8080/v1".to_owned());
    let address = arguments.next();
    let address = address.unwrap_or_else(|| "127.0.0.1:50051".to_owned());

    let listener = TcpListener::bind(address).await?;
    println!("grpc {}", listener.local_addr()?);
    Server::builder()
        .concurrency_limit_per_connection(256)
        .max_concurrent_streams(1024)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .add_routes(petshop::services(base.parse()?).await?)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
            // Without signals it runs until it is killed.
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    Ok(())
}
