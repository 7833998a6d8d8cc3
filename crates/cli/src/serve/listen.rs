//! Addresses that are served.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::net::TcpListener;

pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; another port or 0 may be free"))
}
