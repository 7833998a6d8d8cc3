//! Serves the REST API of the pet shop: `shop [ADDRESS]`.

use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("http {}", listener.local_addr()?);
    axum::serve(listener, petshop::shop::router()).await
}
