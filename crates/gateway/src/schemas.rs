//! The messages of the rpcs of a server, for protocols that write them as JSON.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::prost_types::MethodOptions;
use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::{MessageDescriptor, MethodDescriptor};

use crate::descriptors::Descriptors;

/// What an rpc takes and returns.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    pub(crate) request: MessageDescriptor,
    pub(crate) response: MessageDescriptor,
    /// Whether a call has any number of requests or of responses.
    pub(crate) is_stream: bool,
    /// Whether a call changes nothing, so that it may be a GET.
    pub(crate) is_safe: bool,
}

impl Schema {
    fn of(method: &MethodDescriptor) -> Self {
        let options = method.method_descriptor_proto().options.as_ref();
        let level = options.map(MethodOptions::idempotency_level);
        Self {
            request: method.input(),
            response: method.output(),
            is_stream: method.is_client_streaming() || method.is_server_streaming(),
            is_safe: level == Some(IdempotencyLevel::NoSideEffects),
        }
    }
}

/// The schemas of all rpcs of a server. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schemas {
    by_name: Arc<HashMap<String, Schema>>,
}

impl Schemas {
    /// Those of the rpcs of the services that are served.
    pub(crate) fn new(descriptors: &Descriptors) -> Self {
        let services = descriptors.services();
        let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
        let by_name = methods.map(|method| {
            let service = method.parent_service();
            let name = format!("{}/{}", service.full_name(), method.name());
            (name, Schema::of(&method))
        });
        Self {
            by_name: Arc::new(by_name.collect()),
        }
    }

    /// The schema of the rpc that a request with this path calls, as
    /// `/package.Service/Method`. Returns `None` if the server does not have it.
    pub(crate) fn get(&self, path: &str) -> Option<&Schema> {
        self.by_name.get(path.strip_prefix('/')?)
    }
}
