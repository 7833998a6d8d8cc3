//! What the descriptors say of the gRPC API: which page has which service and which
//! types, and which operation of the REST API each rpc is.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FileDescriptor, MessageDescriptor,
    MethodDescriptor, ReflectMessage as _, ServiceDescriptor, Value,
};

use crate::comments::{comment, first_sentence};
use crate::rest::{Operation, Rest};

/// The page of types that belong to no service.
const SHARED: &str = "shared";

/// The gRPC API, arranged as pages.
pub(crate) struct Api {
    pub(crate) groups: Vec<Group>,
    /// Where each type and each rpc is, from the root of the site: by its full name, and
    /// by its short name where that is clear.
    places: BTreeMap<String, String>,
}

/// What one page has.
pub(crate) struct Group {
    /// The name of the page, such as `user`.
    pub(crate) name: String,
    pub(crate) services: Vec<Service>,
    pub(crate) messages: Vec<MessageDescriptor>,
    pub(crate) enums: Vec<EnumDescriptor>,
}

/// A service.
pub(crate) struct Service {
    pub(crate) descriptor: ServiceDescriptor,
    pub(crate) rpcs: Vec<Rpc>,
}

/// An rpc.
pub(crate) struct Rpc {
    pub(crate) descriptor: MethodDescriptor,
    /// The request that it is translated to.
    pub(crate) route: Option<Route>,
}

/// A request of the REST API.
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The `operationId`, if the document has such an operation.
    pub(crate) operation: Option<String>,
    /// Where the REST reference has it.
    pub(crate) href: String,
}

impl Api {
    pub(crate) fn read(pool: &DescriptorPool, rest: &Rest) -> Self {
        // Imports from elsewhere are documented elsewhere.
        let packages: BTreeSet<_> = pool
            .services()
            .map(|service| service.package_name().to_owned())
            .collect();
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        let own = pool
            .files()
            .filter(|file| packages.contains(file.package_name()));
        let files: Vec<_> = own.collect();
        let with_service: BTreeSet<_> = files
            .iter()
            .filter(|file| file.services().len() > 0)
            .map(stem)
            .collect();
        for file in &files {
            let stem = stem(file);
            let name = if with_service.contains(&stem) {
                stem
            } else {
                SHARED.to_owned()
            };
            let group = groups.entry(name.clone()).or_insert_with(|| Group {
                name,
                services: Vec::new(),
                messages: Vec::new(),
                enums: Vec::new(),
            });
            group.add(file, rest);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|group| (group.services.is_empty(), group.name.clone()));
        let places = places(&groups);
        Self { groups, places }
    }

    /// Where a type or an rpc is, from the root of the site.
    pub(crate) fn place(&self, name: &str) -> Option<&str> {
        self.places.get(name).map(String::as_str)
    }

    /// The rpcs that are translated to an operation.
    pub(crate) fn rpcs_of<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Rpc> {
        self.rpcs().filter(move |rpc| {
            let route = rpc.route.as_ref();
            route.and_then(|route| route.operation.as_deref()) == Some(operation)
        })
    }

    pub(crate) fn rpcs(&self) -> impl Iterator<Item = &Rpc> {
        let services = self.groups.iter().flat_map(|group| &group.services);
        services.flat_map(|service| &service.rpcs)
    }
}

/// What the files of one resource have in common in their names.
fn stem(file: &FileDescriptor) -> String {
    let name = file.name();
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.strip_suffix(".proto").unwrap_or(name);
    name.strip_suffix("_service").unwrap_or(name).to_owned()
}

/// The short name of everything that has an anchor, with what is unclear left out.
fn places(groups: &[Group]) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    let mut short: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for group in groups {
        let page = group.href();
        let mut add = |full: &str, name: String| {
            let href = format!("{page}#{name}");
            places.insert(full.to_owned(), href.clone());
            short.entry(name).or_default().push(href);
        };
        for message in group.all_messages() {
            add(message.full_name(), local_name(&message));
        }
        for values in group.all_enums() {
            add(values.full_name(), enum_name(&values));
        }
        for service in &group.services {
            add(service.descriptor.full_name(), service.name().to_owned());
            for rpc in &service.rpcs {
                add(rpc.descriptor.full_name(), rpc.name().to_owned());
            }
        }
    }
    for (name, mut hrefs) in short {
        if let (Some(href), true) = (hrefs.pop(), hrefs.is_empty()) {
            places.insert(name, href);
        }
    }
    places
}

/// The name of a message below its package, such as `User.Meta`.
pub(crate) fn local_name(message: &MessageDescriptor) -> String {
    below(message.full_name(), message.package_name())
}

/// The name of an enum below its package.
pub(crate) fn enum_name(values: &EnumDescriptor) -> String {
    below(values.full_name(), values.package_name())
}

fn below(name: &str, package: &str) -> String {
    let below = name.strip_prefix(package).unwrap_or(name);
    below.trim_start_matches('.').to_owned()
}

impl Group {
    fn add(&mut self, file: &FileDescriptor, rest: &Rest) {
        for service in file.services() {
            let rpcs = service.methods().map(|method| Rpc {
                route: route(&method, rest),
                descriptor: method,
            });
            let rpcs = rpcs.collect();
            self.services.push(Service {
                descriptor: service,
                rpcs,
            });
        }
        self.messages.extend(file.messages());
        self.enums.extend(file.enums());
    }

    /// Where the page is, from the root of the site.
    pub(crate) fn href(&self) -> String {
        format!("grpc/{}.html", self.name)
    }

    /// What the page is called.
    pub(crate) fn title(&self) -> String {
        let service = self.services.first();
        service.map_or("Shared types", Service::name).to_owned()
    }

    /// The messages with those inside of them, but for the entries of maps. Resources
    /// come before what is asked and answered.
    pub(crate) fn all_messages(&self) -> Vec<MessageDescriptor> {
        let mut all = Vec::new();
        for message in &self.messages {
            with_nested(message, &mut all);
        }
        all.sort_by_key(is_exchanged);
        all
    }

    /// The enums with those inside of messages.
    pub(crate) fn all_enums(&self) -> Vec<EnumDescriptor> {
        let messages = self.all_messages();
        let nested = messages.iter().flat_map(MessageDescriptor::child_enums);
        self.enums.iter().cloned().chain(nested).collect()
    }
}

fn is_exchanged(message: &MessageDescriptor) -> bool {
    let name = message.name();
    name.ends_with("Request") || name.ends_with("Response")
}

fn with_nested(message: &MessageDescriptor, all: &mut Vec<MessageDescriptor>) {
    if message.is_map_entry() {
        return;
    }
    all.push(message.clone());
    for nested in message.child_messages() {
        with_nested(&nested, all);
    }
}

impl Service {
    pub(crate) fn name(&self) -> &str {
        self.descriptor.name()
    }

    pub(crate) fn comment(&self) -> String {
        comment(&self.descriptor.parent_file(), self.descriptor.path())
    }
}

impl Rpc {
    pub(crate) fn name(&self) -> &str {
        self.descriptor.name()
    }

    /// The service and the rpc, such as `UserService/GetUser`.
    pub(crate) fn full_name(&self) -> String {
        let service = self.descriptor.parent_service();
        format!("{}/{}", service.name(), self.name())
    }

    pub(crate) fn comment(&self) -> String {
        comment(&self.descriptor.parent_file(), self.descriptor.path())
    }

    pub(crate) fn summary(&self) -> String {
        first_sentence(&self.comment())
    }
}

/// What `google.api.http` says of an rpc.
fn route(method: &MethodDescriptor, rest: &Rest) -> Option<Route> {
    let pool = method.parent_pool();
    let http = pool.get_extension_by_name("google.api.http")?;
    let options = method.options();
    if !options.has_extension(&http) {
        return None;
    }
    let value = options.get_extension(&http);
    let (verb, path) = pattern(value.as_message()?)?;
    let operation = rest.find(&verb, &path);
    Some(Route {
        operation: operation.map(|operation| operation.id.clone()),
        href: operation.map_or_else(|| "rest.html".to_owned(), Operation::href),
        method: verb,
        path,
    })
}

fn pattern(rule: &DynamicMessage) -> Option<(String, String)> {
    let descriptor = rule.descriptor();
    let pattern = descriptor
        .oneofs()
        .find(|oneof| oneof.name() == "pattern")?;
    let field = pattern.fields().find(|field| rule.has_field(field))?;
    match &*rule.get_field(&field) {
        Value::String(path) => Some((field.name().to_uppercase(), path.clone())),
        Value::Message(custom) => {
            let text = |name| {
                let value = custom.get_field_by_name(name)?;
                value.as_str().map(str::to_owned)
            };
            Some((text("kind")?, text("path")?))
        }
        _ => None,
    }
}
