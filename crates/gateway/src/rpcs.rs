//! The rpcs of a server, by the paths that calls have.

use std::collections::HashMap;
use std::sync::Arc;

use crate::descriptors::Descriptors;

/// An rpc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rpc {
    /// The name, such as `package.Service/Method`: the path of its calls
    /// without the slash in front.
    pub name: Arc<str>,
    /// Whether a call has any number of requests, and not exactly one.
    pub client_streaming: bool,
    /// Whether a call has any number of responses, and not exactly one.
    pub server_streaming: bool,
}

/// The rpcs of a server, health and reflection included. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Rpcs {
    by_name: Arc<HashMap<Arc<str>, Rpc>>,
}

impl Rpcs {
    /// The rpcs of the services that are served.
    pub fn new(descriptors: &Descriptors) -> Self {
        let mut by_name = HashMap::new();
        for service in descriptors.services() {
            for method in service.methods() {
                let name: Arc<str> = format!("{}/{}", service.full_name(), method.name()).into();
                let rpc = Rpc {
                    name: Arc::clone(&name),
                    client_streaming: method.is_client_streaming(),
                    server_streaming: method.is_server_streaming(),
                };
                by_name.insert(name, rpc);
            }
        }
        Self {
            by_name: Arc::new(by_name),
        }
    }

    /// The names of all rpcs.
    pub fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.by_name.keys().cloned()
    }

    /// The rpc that a request with this path calls, as
    /// `/package.Service/Method`. Returns `None` if the server does not have it.
    pub fn get(&self, path: &str) -> Option<&Rpc> {
        self.by_name.get(path.strip_prefix('/')?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptors::tests::of_sink;

    #[track_caller]
    fn check(path: &str, name: &str, client_streaming: bool, server_streaming: bool) {
        let rpcs = Rpcs::new(&of_sink());
        let expected = Rpc {
            name: name.into(),
            client_streaming,
            server_streaming,
        };
        assert_eq!(rpcs.get(path), Some(&expected));
    }

    #[test]
    fn every_way_of_streaming_is_told_apart() {
        check("/sink.v1.Taps/Open", "sink.v1.Taps/Open", false, false);
        check("/sink.v1.Taps/Fill", "sink.v1.Taps/Fill", true, false);
        check("/sink.v1.Taps/Pour", "sink.v1.Taps/Pour", false, true);
        check("/sink.v1.Taps/Mix", "sink.v1.Taps/Mix", true, true);
    }

    #[test]
    fn health_and_reflection_are_known() {
        let name = "grpc.health.v1.Health/Watch";
        check("/grpc.health.v1.Health/Watch", name, false, true);
        for name in [
            "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        ] {
            check(&format!("/{name}"), name, true, true);
        }
    }

    #[test]
    fn what_is_not_served_is_unknown() {
        let rpcs = Rpcs::new(&of_sink());
        for path in [
            "",
            "/",
            "sink.v1.Taps/Open",
            "//sink.v1.Taps/Open",
            "/sink.v1.Taps/Open/",
            "/sink.v1.Taps/open",
            "/sink.v1.Taps",
            "/sink.v1.Unserved/Open",
        ] {
            assert_eq!(rpcs.get(path), None, "{path:?} is known");
        }
    }
}
