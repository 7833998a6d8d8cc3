//! Changes of the protos, made in their descriptors.

mod descriptors;
mod messages;
mod methods;

use std::collections::BTreeSet;
use std::sync::Arc;

use conformance::from_descriptors;
use prost::Message as _;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, ReflectMessage as _};

use self::descriptors::{items, list, message, message_mut, set, text};
use self::messages::{of_enum, of_message};
use self::methods::of_method;
use crate::mutation::{Change, Mutant, all_are_noticed};
use crate::{CONTRACT, READ_OPENAPI, differences, only};

/// The files of the API as descriptors, in the order of the set.
type Files = Vec<Arc<DynamicMessage>>;
type Changes = Vec<Mutant<Files>>;

/// Takes a kind of change, its place and the change.
type Add<'a> = dyn FnMut(&'static str, &str, Change<DynamicMessage>) + 'a;

#[test]
fn every_change_of_the_protos_is_noticed() {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the set decodes");
    let (others, files) = split(&pool);
    let slices = slices(&files);
    let mut mutants = Changes::new();
    let mut done = BTreeSet::new();
    for (number, files) in slices.iter().enumerate() {
        for file in 0..files.len() {
            if done.insert(text(&files[file], "name")) {
                of_file(number, files, file, &mut mutants);
            }
        }
    }
    let bases: Vec<_> = slices
        .iter()
        .map(|files| {
            let base = Base::new(&others, files);
            let pool = base.pool(files, files).expect("a slice is whole");
            let ids = from_descriptors(&pool).operations.into_keys().collect();
            (base, only(&CONTRACT, &ids), only(&READ_OPENAPI, &ids))
        })
        .collect();
    all_are_noticed("the protos", &slices, &mutants, |slice, changed| {
        let (base, contract, document) = &bases[slice];
        let read = from_descriptors(&base.pool(&slices[slice], changed)?);
        Ok::<_, DescriptorError>(differences(&read, contract, document))
    });
}

/// Each file with services, and the files that it needs.
fn slices(files: &Files) -> Vec<Files> {
    let with_services = files
        .iter()
        .filter(|file| items(file, "service").count() > 0);
    let slices = with_services.map(|file| {
        let mut todo = vec![file];
        let mut needed = BTreeSet::new();
        while let Some(file) = todo.pop() {
            needed.insert(text(file, "name"));
            for import in items(file, "dependency") {
                let import = import.as_str();
                let import = files
                    .iter()
                    .find(|file| Some(text(file, "name").as_str()) == import);
                todo.extend(import);
            }
        }
        let files = files
            .iter()
            .filter(|file| needed.contains(&text(file, "name")));
        files.cloned().collect()
    });
    slices.collect()
}

/// The set of the files that are not of the API, and those that are.
fn split(pool: &DescriptorPool) -> (DynamicMessage, Files) {
    let set = pool
        .get_message_by_name("google.protobuf.FileDescriptorSet")
        .expect("descriptor.proto is in the set");
    let mut others = DynamicMessage::decode(set, proto::FILE_DESCRIPTOR_SET).expect("it decodes");
    let all = std::mem::take(list(&mut others, "file"));
    let (mut of_the_api, rest): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|file| text(message(file), "package").starts_with("web1on1."));
    *list(&mut others, "file") = rest;
    // Positions mean nothing once something moves.
    for file in &mut of_the_api {
        message_mut(file).clear_field_by_name("source_code_info");
    }
    let files = of_the_api
        .iter()
        .map(|file| Arc::new(message(file).clone()));
    (others, files.collect())
}

/// What does not have to be decoded again where only some files change.
struct Base {
    /// For each file, everything that does not depend on it.
    independent: Vec<DescriptorPool>,
    /// For each file, those that depend on it, and itself.
    dependent: Vec<BTreeSet<usize>>,
    others: DescriptorPool,
    encoded: Vec<Vec<u8>>,
}

impl Base {
    fn new(others: &DynamicMessage, files: &Files) -> Self {
        let mut pool = DescriptorPool::new();
        pool.decode_file_descriptor_set(&*others.encode_to_vec())
            .expect("they depend on themselves alone");
        let encoded: Vec<_> = files.iter().map(|file| in_set(file)).collect();
        let names: Vec<_> = files.iter().map(|file| text(file, "name")).collect();
        let dependent: Vec<_> = (0..files.len())
            .map(|number| dependents(files, &names, number))
            .collect();
        let independent = dependent.iter().map(|dependent| {
            let mut pool = pool.clone();
            let kept = (0..files.len()).filter(|index| !dependent.contains(index));
            let bytes: Vec<u8> = kept.flat_map(|index| encoded[index].clone()).collect();
            pool.decode_file_descriptor_set(&*bytes)
                .expect("it was whole before");
            pool
        });
        Self {
            independent: independent.collect(),
            dependent,
            others: pool.clone(),
            encoded,
        }
    }

    fn pool(&self, original: &Files, changed: &Files) -> Result<DescriptorPool, DescriptorError> {
        let differ = |number: &usize| !Arc::ptr_eq(&original[*number], &changed[*number]);
        let numbers: Vec<_> = (0..original.len()).filter(differ).collect();
        let all = || (0..original.len()).collect();
        let (mut pool, again): (_, BTreeSet<usize>) = match numbers.as_slice() {
            [only] => (
                self.independent[*only].clone(),
                self.dependent[*only].clone(),
            ),
            _ => (self.others.clone(), all()),
        };
        let mut bytes = Vec::new();
        for number in again {
            if numbers.contains(&number) {
                bytes.extend(in_set(&changed[number]));
            } else {
                bytes.extend(&self.encoded[number]);
            }
        }
        pool.decode_file_descriptor_set(&*bytes)?;
        Ok(pool)
    }
}

fn dependents(files: &Files, names: &[String], number: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([number]);
    loop {
        let before = found.len();
        for (other, file) in files.iter().enumerate() {
            let needed = |index: &usize| {
                items(file, "dependency").any(|name| name.as_str() == Some(&names[*index]))
            };
            if found.iter().any(needed) {
                found.insert(other);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// A file as field 1 of an encoded `FileDescriptorSet`.
fn in_set(file: &DynamicMessage) -> Vec<u8> {
    let content = file.encode_to_vec();
    let mut bytes = vec![0x0a];
    prost::encode_length_delimiter(content.len(), &mut bytes).expect("a vector grows");
    bytes.extend(content);
    bytes
}

fn of_file(slice: usize, files: &Files, file: usize, mutants: &mut Changes) {
    let names = names_of(files);
    let descriptor = files[file].clone();
    let name = text(&descriptor, "name");
    for (number, value) in items(&descriptor, "message_type").enumerate() {
        of_message(slice, files, file, number, message(&value), mutants);
    }
    for (number, value) in items(&descriptor, "enum_type").enumerate() {
        of_enum(slice, file, number, message(&value), mutants);
    }
    for (number, value) in items(&descriptor, "service").enumerate() {
        let service = message(&value);
        for (method, value) in items(service, "method").enumerate() {
            of_method(
                slice,
                &names,
                file,
                number,
                method,
                message(&value),
                mutants,
            );
        }
    }
    // A copy of the last one, which nothing uses.
    for kind in ["message_type", "enum_type"] {
        if items(&descriptor, kind).count() > 0 {
            let place = format!("{name} {kind}");
            let add = move |files: &mut Files| {
                let all = list(Arc::make_mut(&mut files[file]), kind);
                let mut added = all.last().expect("there is one").clone();
                rename_copy(message_mut(&mut added));
                all.push(added);
            };
            mutants.push(Mutant::new(slice, "message or enum added", place, add));
        }
    }
}

fn rename_copy(copy: &mut DynamicMessage) {
    set(copy, "name", "ShoeSize");
    if copy.descriptor().name() == "EnumDescriptorProto" {
        for value in list(copy, "value") {
            let value = message_mut(value);
            let name = format!("SHOE_{}", text(value, "name"));
            set(value, "name", name.as_str());
        }
    }
}

/// All messages by their full name with a leading dot.
fn names_of(files: &Files) -> Vec<String> {
    let of_file = |file: &Arc<DynamicMessage>| {
        let package = text(file, "package");
        let messages: Vec<_> = items(file, "message_type").collect();
        let names = messages.into_iter().map(move |declared| {
            let name = text(message(&declared), "name");
            format!(".{package}.{name}")
        });
        names.collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}
