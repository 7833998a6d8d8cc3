//! What a server serves: the names of its services, and the protos that
//! describe them.
//!
//! The files are kept with all their options. prost's own types would drop those
//! that they do not know, such as `google.api.http`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FileDescriptor, ServiceDescriptor, Value};

use crate::pb;

/// The services that every server has beside those of its API.
pub(crate) const OWN_SERVICES: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Why descriptors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The descriptors are not an encoded `FileDescriptorSet`.
    #[error("the descriptors are not an encoded FileDescriptorSet")]
    Encoding(#[from] prost::DecodeError),
    /// The files do not fit together.
    #[error("the descriptors do not hold together")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// A service is to be served that no file declares.
    #[error("no descriptor declares the service {name}")]
    UnknownService {
        /// The full name of the service.
        name: String,
    },
}

/// A `google.protobuf.FileDescriptorSet` whose files are left as they are.
#[derive(Clone, PartialEq, prost::Message)]
struct EncodedFiles {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// What of a `google.protobuf.FileDescriptorProto` has to be known to keep it.
#[derive(Clone, PartialEq, prost::Message)]
struct FileName {
    #[prost(string, tag = "1")]
    name: String,
}

/// The services of a server, with the files that declare them and all that
/// these import. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Descriptors {
    /// What the files declare, without their comments, which are half of it.
    pool: DescriptorPool,
    files: Arc<BTreeMap<String, Bytes>>,
    services: Arc<BTreeSet<String>>,
}

impl Descriptors {
    /// Describes a server of the services of an API, given by their full names,
    /// and of health and reflection. `api` is an encoded `FileDescriptorSet`
    /// with imports.
    ///
    /// If `api` has one of the files that describe health and reflection, the
    /// one in `api` counts.
    ///
    /// # Errors
    ///
    /// Fails if the descriptors cannot be read, lack an import, or do not
    /// declare one of the services.
    pub fn new(api: &[u8], services: &[&str]) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut all = EncodedFiles::default();
        for set in [api, pb::FILE_DESCRIPTOR_SET] {
            for file in EncodedFiles::decode(set)?.file {
                let FileName { name } = FileName::decode(file.as_ref())?;
                if let Entry::Vacant(entry) = files.entry(name) {
                    let (shown, declared) = shown_and_declared(file)?;
                    entry.insert(shown);
                    all.file.push(declared);
                }
            }
        }
        let pool = DescriptorPool::decode(all.encode_to_vec().as_slice())?;
        let services = services.iter().chain(&OWN_SERVICES);
        let services: BTreeSet<_> = services.map(|name| (*name).to_owned()).collect();
        for name in &services {
            if pool.get_service_by_name(name).is_none() {
                return Err(Error::UnknownService { name: name.clone() });
            }
        }
        Ok(Self {
            pool,
            files: Arc::new(files),
            services: Arc::new(services),
        })
    }

    /// Everything that the files declare.
    pub(crate) fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// The full names of the services that are served, in order.
    pub(crate) fn service_names(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// The full names of those that are neither health nor reflection, in order.
    pub(crate) fn api_services(&self) -> impl Iterator<Item = &str> {
        self.service_names()
            .filter(|name| !OWN_SERVICES.contains(name))
    }

    /// The services that are served.
    pub(crate) fn services(&self) -> impl Iterator<Item = ServiceDescriptor> {
        let is_served = |service: &ServiceDescriptor| self.services.contains(service.full_name());
        self.pool.services().filter(is_served)
    }

    /// The encoded `FileDescriptorProto` of a file of the pool.
    pub(crate) fn encoded(&self, file: &FileDescriptor) -> Option<Bytes> {
        self.files.get(file.name()).cloned()
    }
}

/// The file as reflection shows it, without the JSON names of its extensions, and what it
/// declares, without its comments.
///
/// The names mean nothing, since the JSON name of an extension is its full name in brackets.
/// Servers in C++ and Python have none, and protobuf.js, which many clients in JavaScript
/// read descriptors with, takes an extension with one for two fields of the same number.
fn shown_and_declared(file: Bytes) -> Result<(Bytes, Bytes), Error> {
    let files = DescriptorPool::global().get_message_by_name("google.protobuf.FileDescriptorProto");
    let Some(files) = files else {
        return Ok((file.clone(), file));
    };
    // Fields that it does not know are kept.
    let mut decoded = DynamicMessage::decode(files, file.clone())?;
    let has_changed = strip(&mut decoded, "message_type");
    let shown = if has_changed {
        decoded.encode_to_vec().into()
    } else {
        file
    };
    decoded.clear_field_by_name("source_code_info");
    Ok((shown, decoded.encode_to_vec().into()))
}

/// Removes the JSON names of the extensions that a file or a message declares, and of
/// those that the messages in it declare, which are its field `nested`. Returns whether
/// there were any.
fn strip(declared: &mut DynamicMessage, nested: &str) -> bool {
    const JSON_NAME: &str = "json_name";
    let mut has_changed = false;
    for extension in messages_mut(declared, "extension") {
        has_changed |= extension.has_field_by_name(JSON_NAME);
        extension.clear_field_by_name(JSON_NAME);
    }
    for message in messages_mut(declared, nested) {
        has_changed |= strip(message, "nested_type");
    }
    has_changed
}

/// The messages in a repeated field.
fn messages_mut<'m>(
    message: &'m mut DynamicMessage,
    field: &str,
) -> impl Iterator<Item = &'m mut DynamicMessage> {
    let field = message.get_field_by_name_mut(field);
    let values = field.and_then(Value::as_list_mut);
    values
        .into_iter()
        .flatten()
        .filter_map(Value::as_message_mut)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sink;

    /// Those of a server of `sink.v1.Taps`, but not of `sink.v1.Unserved`.
    pub(crate) fn of_sink() -> Descriptors {
        Descriptors::new(&sink::encoded(), &["sink.v1.Taps"]).expect("the descriptors can be used")
    }

    #[test]
    fn own_services_are_served_with_those_of_the_api() {
        let descriptors = of_sink();
        let names: Vec<_> = descriptors.service_names().collect();
        let expected = [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "sink.v1.Taps",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_service_that_no_file_declares_is_refused() {
        let error = Descriptors::new(&sink::encoded(), &["sink.v1.Drain"]);
        assert_eq!(
            error.expect_err("there is no Drain").to_string(),
            "no descriptor declares the service sink.v1.Drain"
        );
    }

    #[test]
    fn what_is_no_descriptor_set_is_refused() {
        assert!(matches!(
            Descriptors::new(b"no descriptors", &[]),
            Err(Error::Encoding(_))
        ));
    }

    #[test]
    fn a_missing_import_is_refused() {
        let mut set = EncodedFiles::decode(sink::encoded().as_slice()).expect("a set");
        set.file.retain(|file| {
            let file = FileName::decode(file.as_ref()).expect("a file");
            file.name != "sink/v1/imported.proto"
        });
        assert!(matches!(
            Descriptors::new(&set.encode_to_vec(), &[]),
            Err(Error::Descriptors(_))
        ));
    }
}
