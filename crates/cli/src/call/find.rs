//! Finds what a name means, and what a name that means nothing may have meant.

use std::fmt::Write as _;

use anyhow::{anyhow, bail};
use prost_reflect::{
    DescriptorPool, EnumDescriptor, MessageDescriptor, MethodDescriptor, ServiceDescriptor,
};

/// How many names are suggested at most.
const SUGGESTIONS: usize = 3;

/// The word that the names of services end in, which makes all of them look alike.
const SERVICE: &str = "service";

/// What a name stands for.
pub(super) enum Named {
    /// A method.
    Method(MethodDescriptor),
    /// A service.
    Service(ServiceDescriptor),
    /// A message.
    Message(MessageDescriptor),
    /// An enum.
    Enum(EnumDescriptor),
}

/// Finds a method, a service or a type. The package may be left out.
///
/// # Errors
///
/// There is nothing of that name; what there is that resembles it.
pub(super) fn anything(pool: &DescriptorPool, name: &str) -> anyhow::Result<Named> {
    if name.contains('/') {
        return method(pool, name).map(Named::Method);
    }
    if let Some(service) = service(pool, name) {
        return Ok(Named::Service(service));
    }
    let is_named = |full: &str, short: &str| full == name || short == name;
    let mut messages = pool.all_messages();
    if let Some(message) =
        messages.find(|message| is_named(message.full_name(), message.name()) && is_shown(message))
    {
        return Ok(Named::Message(message));
    }
    let mut enums = pool.all_enums();
    if let Some(values) = enums.find(|values| is_named(values.full_name(), values.name())) {
        return Ok(Named::Enum(values));
    }
    match method(pool, name) {
        Ok(method) => Ok(Named::Method(method)),
        Err(error) => {
            let of_api: Vec<_> = packages(pool);
            let types = pool.all_messages().filter(is_shown).map(|message| {
                let package = message.package_name().to_owned();
                (package, message.name().to_owned())
            });
            let enums = pool
                .all_enums()
                .map(|values| (values.package_name().to_owned(), values.name().to_owned()));
            let types = types.chain(enums);
            let own = types.filter(|(package, _)| of_api.contains(package));
            let types: Vec<_> = own.map(|(_, name)| name).collect();
            match closest(name, &types) {
                near if near.is_empty() || name.contains('.') => Err(error),
                near => Err(anyhow!("there is no {name:?}{}", did_you_mean(&near))),
            }
        }
    }
}

/// The packages that have services: what else is there was imported.
fn packages(pool: &DescriptorPool) -> Vec<String> {
    let services = pool.services();
    services
        .map(|service| service.package_name().to_owned())
        .collect()
}

/// The messages that stand for entries of maps have no name that anybody gave.
fn is_shown(message: &MessageDescriptor) -> bool {
    !message.is_map_entry()
}

/// Finds a method by the name of its service and its own, joined by `/` or
/// `.`. The package of the service may be left out.
///
/// # Errors
///
/// There is no such method; those that there are and that the name resembles.
pub(super) fn method(pool: &DescriptorPool, name: &str) -> anyhow::Result<MethodDescriptor> {
    let name = name.trim_start_matches('/');
    if let Some(service) = named_service(pool, name) {
        bail!(
            "{name} is a service, and not a method; it has\n  {}",
            methods(&service).join("\n  ")
        );
    }
    let Some((of, wanted)) = name.rsplit_once(['/', '.']) else {
        bail!(
            "{name:?} does not say SERVICE/METHOD{}",
            suggestion(&suggested(pool, name))
        );
    };
    let Some(service) = service(pool, of) else {
        bail!(
            "there is no service {of}{}",
            suggestion(&suggested_in(pool, of, wanted))
        );
    };
    let found = service
        .methods()
        .find(|candidate| candidate.name() == wanted);
    found.ok_or_else(|| {
        let names: Vec<_> = service
            .methods()
            .map(|method| method.name().to_owned())
            .collect();
        let near = closest(wanted, &names).into_iter();
        let mut near: Vec<_> = near
            .map(|method| format!("{}/{method}", service.name()))
            .collect();
        if near.is_empty() {
            near = elsewhere(pool, wanted);
        }
        let mut message = format!("{} has no method {wanted}", service.name());
        if near.is_empty() {
            let _ = write!(message, "; it has\n  {}", methods(&service).join("\n  "));
        }
        anyhow!(message + &did_you_mean(&near))
    })
}

/// Finds a service. Its package may be left out.
fn service(pool: &DescriptorPool, name: &str) -> Option<ServiceDescriptor> {
    pool.services()
        .find(|service| service.full_name() == name)
        .or_else(|| pool.services().find(|service| service.name() == name))
}

/// Finds a service in whichever case its name is spelled.
fn named_service(pool: &DescriptorPool, name: &str) -> Option<ServiceDescriptor> {
    pool.services().find(|service| {
        service.full_name().eq_ignore_ascii_case(name) || service.name().eq_ignore_ascii_case(name)
    })
}

/// Finds the services that are meant by a name, or all.
///
/// # Errors
///
/// There is no such service; those that the name resembles.
pub(super) fn services(
    pool: &DescriptorPool,
    name: Option<&str>,
) -> anyhow::Result<Vec<ServiceDescriptor>> {
    let Some(name) = name else {
        return Ok(pool.services().collect());
    };
    match service(pool, name) {
        Some(service) => Ok(vec![service]),
        None => bail!(
            "there is no service {name}{}",
            suggestion(&closest_services(pool, name))
        ),
    }
}

/// Returns how a method is called: `UserService/GetUser`.
pub(super) fn short_name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

fn methods(service: &ServiceDescriptor) -> Vec<String> {
    service
        .methods()
        .map(|method| short_name(&method))
        .collect()
}

/// Every method, as it is called.
pub(super) fn all_methods(pool: &DescriptorPool) -> Vec<String> {
    let services = pool.services();
    services.flat_map(|service| methods(&service)).collect()
}

/// The methods of all services that have a name, in whichever case.
fn elsewhere(pool: &DescriptorPool, method: &str) -> Vec<String> {
    let mut all = all_methods(pool);
    all.retain(|name| last_part(name).eq_ignore_ascii_case(method));
    all.truncate(SUGGESTIONS);
    all
}

/// What a name without a service may mean: a method, or else a service.
fn suggested(pool: &DescriptorPool, name: &str) -> Vec<String> {
    let exact = elsewhere(pool, name);
    if !exact.is_empty() {
        return exact;
    }
    let all = all_methods(pool);
    let names: Vec<_> = all.iter().map(|name| last_part(name).to_owned()).collect();
    let near = closest(name, &names);
    let mut whole: Vec<_> = near
        .iter()
        .flat_map(|near| {
            all.iter()
                .filter(move |whole| last_part(whole) == near)
                .cloned()
        })
        .collect();
    if whole.is_empty() {
        whole = closest_services(pool, name);
    }
    whole.truncate(SUGGESTIONS);
    whole
}

/// What a method of a service that there is not may mean.
fn suggested_in(pool: &DescriptorPool, service: &str, wanted: &str) -> Vec<String> {
    let services = closest_services(pool, last_part(&service.replace('.', "/")));
    let found = services.iter().filter_map(|name| self::service(pool, name));
    let mut near = Vec::new();
    for service in found {
        let names: Vec<_> = service
            .methods()
            .map(|method| method.name().to_owned())
            .collect();
        let best = closest(wanted, &names).into_iter().next();
        near.extend(best.map(|method| format!("{}/{method}", service.name())));
    }
    if near.is_empty() {
        near = elsewhere(pool, wanted);
    }
    if near.is_empty() {
        near = services;
    }
    near.truncate(SUGGESTIONS);
    near
}

/// The services whose names resemble one. The word that all of them end in says
/// nothing, so it may be left out and is not compared.
fn closest_services(pool: &DescriptorPool, name: &str) -> Vec<String> {
    let names: Vec<_> = pool
        .services()
        .map(|service| service.name().to_owned())
        .collect();
    let stems: Vec<_> = names.iter().map(|name| stem(name)).collect();
    let near = closest(&stem(name), &stems);
    let place = |stem: &String| stems.iter().position(|other| other == stem);
    near.iter()
        .filter_map(|stem| names.get(place(stem)?).cloned())
        .collect()
}

/// A name in lower case, without the word that names of services end in.
fn stem(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(SERVICE).unwrap_or(&name);
    let stem = if stem.is_empty() { &name } else { stem };
    stem.to_owned()
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Returns the candidates that resemble a name, the nearest first: those that differ in
/// case alone; or else those that begin with it, and those that few letters make of it.
pub(super) fn closest(name: &str, candidates: &[String]) -> Vec<String> {
    let wanted = name.to_ascii_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    // A third of the letters may be wrong.
    let most = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<_> = candidates
        .iter()
        .filter_map(|candidate| {
            let other = candidate.to_ascii_lowercase();
            let distance = strsim::osa_distance(&wanted, &other);
            let has_beginning = wanted.len() >= 3 && other.starts_with(&wanted);
            let far = if has_beginning {
                1.min(distance)
            } else {
                distance
            };
            (far <= most).then_some((far, distance, candidate))
        })
        .collect();
    near.sort();
    near.dedup();
    let best = near.first().map_or(0, |(far, ..)| *far);
    // What is much further off is not meant.
    let furthest = if best == 0 { 0 } else { best + 1 };
    let kept = near.into_iter().filter(|(far, ..)| *far <= furthest);
    let names = kept.map(|(.., name)| name.clone());
    names.take(SUGGESTIONS).collect()
}

/// Words suggestions as the end of a sentence. Without any it says where names are found.
fn suggestion(near: &[String]) -> String {
    if near.is_empty() {
        return "; --list shows what there is".to_owned();
    }
    did_you_mean(near)
}

/// Words suggestions as the end of a sentence. Empty if there are none.
pub(super) fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() {
        return String::new();
    }
    format!("; did you mean {}?", near.join(" or "))
}
