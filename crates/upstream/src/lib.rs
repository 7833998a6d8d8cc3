//! The way to an HTTP API: endpoints, connections, TLS, retries, bounds.
