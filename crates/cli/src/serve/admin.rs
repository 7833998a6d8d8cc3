//! The admin address as an argument, and what is served there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use clap::Args;
use telemetry::admin::{self, Pages};
use tokio::net::TcpListener;

use super::listen::bind;
use super::systemd::{Purpose, Sockets};

/// Where operators look.
#[derive(Args, Debug)]
pub(crate) struct AdminArgs {
    /// Where to serve metrics, health and more to operators; a port alone is one of
    /// 127.0.0.1, and port 0 picks a free one. Not served by default, and never on
    /// an address that callers use
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    admin: Option<SocketAddr>,
}

/// An address, or a port of the loopback address: what is there is not for
/// everybody.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse().ok();
    port.map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
        .or_else(|| text.parse().ok())
        .ok_or_else(|| "is neither a port nor an address with a port".to_owned())
}

impl AdminArgs {
    /// The listener, if there is to be one: systemd hands it over, or there is an
    /// address.
    pub(super) async fn open(&self, sockets: &mut Sockets) -> anyhow::Result<Option<TcpListener>> {
        match (sockets.take(Purpose::Admin)?, self.admin) {
            (Some(listener), _) => Ok(Some(listener)),
            (None, Some(address)) => Ok(Some(bind(address).await?)),
            (None, None) => Ok(None),
        }
    }
}

/// Serves the pages for as long as `serving` takes: readiness is asked for until the
/// last call has ended.
pub(super) async fn beside<T>(
    listener: Option<TcpListener>,
    pages: Pages,
    serving: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let Some(listener) = listener else {
        return serving.await;
    };
    tokio::select! {
        ended = serving => ended,
        Err(error) = admin::serve(listener, pages) => {
            Err(error).context("the admin server failed")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let found = address(text).ok().map(|address| address.to_string());
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn a_port_alone_is_for_this_machine() {
        check("9090", Some("127.0.0.1:9090"));
        check("0", Some("127.0.0.1:0"));
        check("0.0.0.0:9090", Some("0.0.0.0:9090"));
        check("[::1]:9090", Some("[::1]:9090"));
        for wrong in ["", "localhost", "70000", "127.0.0.1", ":9090"] {
            check(wrong, None);
        }
    }
}
