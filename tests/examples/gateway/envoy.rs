//! Envoy as the other yardstick: it passes HTTP/1.1 on, as one configures it on the
//! first day, without access log, with one worker.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Failure;

/// A command that serves as a proxy in front of an upstream, the address that it will
/// listen on, and the directory of its configuration.
pub(crate) fn command(
    file: &Path,
    upstream: SocketAddr,
) -> Result<(Command, SocketAddr, TempDir), Failure> {
    // Envoy does not print the port that it was given, so a free one is looked up.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let directory = tempfile::tempdir()?;
    let configuration = directory.path().join("envoy.yaml");
    fs::write(&configuration, pass_through(address, upstream))?;
    let mut command = Command::new(file);
    command
        .arg("--config-path")
        .arg(&configuration)
        .args(["--concurrency", "1", "--log-level", "error"])
        // Shared memory is for a successor, which there is not.
        .arg("--disable-hot-restart")
        .stderr(Stdio::inherit());
    Ok((command, address, directory))
}

fn pass_through(address: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        r#"static_resources:
  listeners:
  - name: callers
    address: {{ socket_address: {{ address: {}, port_value: {} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: callers
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{ match: {{ prefix: "/" }}, route: {{ cluster: upstream }} }}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: upstream
    type: STATIC
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: {}, port_value: {} }} }} }}
"#,
        address.ip(),
        address.port(),
        upstream.ip(),
        upstream.port()
    )
}
