//! Changes of the protos, made in their descriptors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use conformance::from_descriptors;
use prost::Message as _;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, ReflectMessage as _, Value};

use crate::json::of_path;
use crate::mutation::{Mutant, all_are_noticed};
use crate::{CONTRACT, READ_OPENAPI, differences, only};

/// The files of the API as descriptors, in the order of the set.
type Files = Vec<Arc<DynamicMessage>>;
type Changes = Vec<Mutant<Files>>;

const LABEL_REPEATED: i32 = 3;
const LABEL_OPTIONAL: i32 = 1;
/// The type of a field that is a message.
const MESSAGE: i32 = 11;

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
    let with_services = files.iter().filter(|it| items(it, "service").count() > 0);
    let slices = with_services.map(|file| {
        let mut todo = vec![file];
        let mut needed = BTreeSet::new();
        while let Some(file) = todo.pop() {
            needed.insert(text(file, "name"));
            for import in items(file, "dependency") {
                let import = import.as_str();
                let import = files
                    .iter()
                    .find(|it| Some(text(it, "name").as_str()) == import);
                todo.extend(import);
            }
        }
        let files = files.iter().filter(|it| needed.contains(&text(it, "name")));
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
        .partition(|it| text(message(it), "package").starts_with("web1on1."));
    *list(&mut others, "file") = rest;
    // Positions mean nothing once something moves.
    for file in &mut of_the_api {
        message_mut(file).clear_field_by_name("source_code_info");
    }
    let files = of_the_api.iter().map(|it| Arc::new(message(it).clone()));
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
        let encoded: Vec<_> = files.iter().map(|it| in_set(it)).collect();
        let names: Vec<_> = files.iter().map(|it| text(it, "name")).collect();
        let dependent: Vec<_> = (0..files.len())
            .map(|number| dependents(files, &names, number))
            .collect();
        let independent = dependent.iter().map(|dependent| {
            let mut pool = pool.clone();
            let kept = (0..files.len()).filter(|it| !dependent.contains(it));
            let bytes: Vec<u8> = kept.flat_map(|it| encoded[it].clone()).collect();
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
            let needed = |it: &usize| {
                items(file, "dependency").any(|name| name.as_str() == Some(&names[*it]))
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

fn message(value: &Value) -> &DynamicMessage {
    value.as_message().expect("a message")
}

fn message_mut(value: &mut Value) -> &mut DynamicMessage {
    value.as_message_mut().expect("a message")
}

fn list<'a>(of: &'a mut DynamicMessage, field: &str) -> &'a mut Vec<Value> {
    let value = of
        .get_field_by_name_mut(field)
        .expect("a field of descriptors");
    value.as_list_mut().expect("a list")
}

fn items(of: &DynamicMessage, field: &str) -> impl Iterator<Item = Value> {
    let value = of.get_field_by_name(field).expect("a field of descriptors");
    value.as_list().expect("a list").to_vec().into_iter()
}

fn child<'a>(of: &'a mut DynamicMessage, field: &str) -> &'a mut DynamicMessage {
    message_mut(
        of.get_field_by_name_mut(field)
            .expect("a field of descriptors"),
    )
}

fn text(of: &DynamicMessage, field: &str) -> String {
    let value = of.get_field_by_name(field).expect("a field of descriptors");
    value.as_str().unwrap_or_default().to_owned()
}

fn number(of: &DynamicMessage, field: &str) -> i32 {
    let value = of.get_field_by_name(field).expect("a field of descriptors");
    value
        .as_enum_number()
        .or(value.as_i32())
        .unwrap_or_default()
}

fn set(of: &mut DynamicMessage, field: &str, value: impl Into<Set>) {
    let Set(value) = value.into();
    of.set_field_by_name(field, value);
}

/// A value as descriptors hold it.
struct Set(Value);

impl From<&str> for Set {
    fn from(text: &str) -> Self {
        Self(Value::String(text.to_owned()))
    }
}

impl From<bool> for Set {
    fn from(value: bool) -> Self {
        Self(Value::Bool(value))
    }
}

fn flip(of: &mut DynamicMessage, field: &str) {
    let is = of
        .get_field_by_name(field)
        .is_some_and(|it| it.as_bool() == Some(true));
    set(of, field, !is);
}

/// The extension of the options of an element, which is changed and put back.
fn change_option(
    of: &mut DynamicMessage,
    name: &str,
    change: impl FnOnce(&mut DynamicMessage, &prost_reflect::ExtensionDescriptor),
) {
    let pool = of.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(name).expect("an extension");
    change(child(of, "options"), &extension);
}

fn option_text(of: &DynamicMessage, name: &str, field: &str) -> Option<String> {
    let pool = of.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(name)?;
    let options = of.get_field_by_name("options")?;
    let options = options.as_message()?;
    let option = options
        .has_extension(&extension)
        .then(|| options.get_extension(&extension))?;
    Some(match option.as_message() {
        Some(message) => text(message, field),
        None => option.as_str().unwrap_or_default().to_owned(),
    })
}

fn of_file(slice: usize, files: &Files, file: usize, mutants: &mut Changes) {
    let names = names_of(files);
    let descriptor = files[file].clone();
    let name = text(&descriptor, "name");
    for (number, it) in items(&descriptor, "message_type").enumerate() {
        of_message(slice, files, file, number, message(&it), mutants);
    }
    for (number, it) in items(&descriptor, "enum_type").enumerate() {
        of_enum(slice, file, number, message(&it), mutants);
    }
    for (number, it) in items(&descriptor, "service").enumerate() {
        let service = message(&it);
        for (method, it) in items(service, "method").enumerate() {
            of_method(slice, &names, file, number, method, message(&it), mutants);
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
        let names = messages.into_iter().map(move |it| {
            let name = text(message(&it), "name");
            format!(".{package}.{name}")
        });
        names.collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}

/// Renames a type wherever it is mentioned.
fn rename_type(files: &mut Files, kind: &str, file: usize, number: usize) {
    let package = text(&files[file], "package");
    let it = message_mut(&mut list(Arc::make_mut(&mut files[file]), kind)[number]);
    let name = text(it, "name");
    let to = format!("Shoe{name}");
    set(it, "name", to.as_str());
    let (from, to) = (format!(".{package}.{name}"), format!(".{package}.{to}"));
    for file in files {
        let mut changed = (**file).clone();
        let replace = |of: &mut DynamicMessage, field: &str| {
            if text(of, field) == from {
                set(of, field, to.as_str());
            }
        };
        for it in list(&mut changed, "message_type") {
            for field in list(message_mut(it), "field") {
                replace(message_mut(field), "type_name");
            }
        }
        for it in list(&mut changed, "service") {
            for method in list(message_mut(it), "method") {
                replace(message_mut(method), "input_type");
                replace(message_mut(method), "output_type");
            }
        }
        if changed != **file {
            *file = Arc::new(changed);
        }
    }
}

fn of_message(
    slice: usize,
    files: &Files,
    file: usize,
    index: usize,
    descriptor: &DynamicMessage,
    mutants: &mut Changes,
) {
    let name = text(descriptor, "name");
    assert_eq!(
        items(descriptor, "nested_type").count(),
        0,
        "{name} has nested messages, which are not changed here"
    );
    let mut add = |kind, place: &str, change: Box<dyn Fn(&mut DynamicMessage) + Send + Sync>| {
        let place = format!("{name}{place}");
        mutants.push(Mutant::new(slice, kind, place, move |files: &mut Files| {
            let file = Arc::make_mut(&mut files[file]);
            change(message_mut(&mut list(file, "message_type")[index]));
        }));
    };
    add(
        "message deprecated",
        "",
        Box::new(|it| flip(child(it, "options"), "deprecated")),
    );
    add(
        "transparent flipped",
        "",
        Box::new(|it| {
            change_option(it, "transcode.v1.transparent", |options, extension| {
                if options.has_extension(extension) {
                    options.clear_extension(extension);
                } else {
                    options.set_extension(extension, Value::Bool(true));
                }
            });
        }),
    );
    add(
        "field added",
        "",
        Box::new(|it| {
            let template = it.descriptor().get_field_by_name("field").expect("fields");
            let kind = template.kind();
            let mut field = DynamicMessage::new(kind.as_message().expect("a message").clone());
            set(&mut field, "name", "shoe_size");
            set(&mut field, "json_name", "shoeSize");
            field.set_field_by_name("number", Value::I32(9999));
            field.set_field_by_name("label", Value::EnumNumber(LABEL_OPTIONAL));
            field.set_field_by_name("type", Value::EnumNumber(9));
            make_optional(it, field);
        }),
    );
    for (number, it) in items(descriptor, "field").enumerate() {
        let field = message(&it).clone();
        let field_name = text(&field, "name");
        let place = format!(".{field_name}");
        let alternatives = type_names(files, file);
        let mut change =
            |kind, place: &str, change: Box<dyn Fn(&mut DynamicMessage) + Send + Sync>| {
                add(
                    kind,
                    place,
                    Box::new(move |it| {
                        change(message_mut(&mut list(it, "field")[number]));
                    }),
                );
            };
        of_field(&field, &alternatives, &place, &mut change);
        add(
            "field dropped",
            &place,
            Box::new(move |it| {
                list(it, "field").remove(number);
                drop_empty_oneofs(it);
            }),
        );
        add(
            "field becomes optional",
            &place,
            Box::new(move |it| {
                let field = &list(it, "field")[number];
                let field = message(field);
                let is_plain = self::number(field, "type") != MESSAGE
                    && !field.has_field_by_name("oneof_index");
                if is_plain && self::number(field, "label") != LABEL_REPEATED {
                    let field = message(&list(it, "field").remove(number)).clone();
                    make_optional(it, field);
                }
            }),
        );
        if is_optional(&field) && self::number(&field, "type") != MESSAGE {
            add(
                "field loses optional",
                &place,
                Box::new(move |it| {
                    let field = message_mut(&mut list(it, "field")[number]);
                    field.clear_field_by_name("proto3_optional");
                    field.clear_field_by_name("oneof_index");
                    drop_empty_oneofs(it);
                }),
            );
        }
        add(
            "list-ness flipped",
            &place,
            Box::new(move |it| {
                let field = message_mut(&mut list(it, "field")[number]);
                let is_list = self::number(field, "label") == LABEL_REPEATED;
                let label = if is_list {
                    LABEL_OPTIONAL
                } else {
                    LABEL_REPEATED
                };
                field.set_field_by_name("label", Value::EnumNumber(label));
                field.clear_field_by_name("proto3_optional");
                field.clear_field_by_name("oneof_index");
                drop_empty_oneofs(it);
            }),
        );
    }
    mutants.push(Mutant::new(
        slice,
        "message renamed",
        &name,
        move |files: &mut Files| {
            rename_type(files, "message_type", file, index);
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "message dropped",
        &name,
        move |files: &mut Files| {
            list(Arc::make_mut(&mut files[file]), "message_type").remove(index);
        },
    ));
}

fn is_optional(field: &DynamicMessage) -> bool {
    let optional = field.get_field_by_name("proto3_optional");
    optional.is_some_and(|it| it.as_bool() == Some(true))
}

/// Adds a field with a oneof of its own, as `optional` does.
fn make_optional(message: &mut DynamicMessage, mut field: DynamicMessage) {
    let oneofs = message
        .descriptor()
        .get_field_by_name("oneof_decl")
        .expect("oneofs");
    let kind = oneofs.kind();
    let mut oneof = DynamicMessage::new(kind.as_message().expect("a message").clone());
    set(
        &mut oneof,
        "name",
        format!("_{}", text(&field, "name")).as_str(),
    );
    let all = list(message, "oneof_decl");
    let index = i32::try_from(all.len()).expect("few");
    all.push(Value::Message(oneof));
    field.set_field_by_name("oneof_index", Value::I32(index));
    set(&mut field, "proto3_optional", true);
    list(message, "field").push(Value::Message(field));
}

/// A oneof has at least one field.
fn drop_empty_oneofs(message: &mut DynamicMessage) {
    let fields: Vec<_> = items(message, "field").collect();
    let used: BTreeSet<i32> = fields
        .iter()
        .map(self::message)
        .filter(|it| it.has_field_by_name("oneof_index"))
        .map(|it| number(it, "oneof_index"))
        .collect();
    let all = std::mem::take(list(message, "oneof_decl"));
    let mut moved = BTreeMap::new();
    let kept = all.into_iter().enumerate().filter_map(|(before, oneof)| {
        let before = i32::try_from(before).expect("few");
        used.contains(&before).then(|| {
            moved.insert(before, i32::try_from(moved.len()).expect("few"));
            oneof
        })
    });
    let kept = kept.collect();
    *list(message, "oneof_decl") = kept;
    for field in list(message, "field") {
        let field = message_mut(field);
        if field.has_field_by_name("oneof_index") {
            let index = moved[&number(field, "oneof_index")];
            field.set_field_by_name("oneof_index", Value::I32(index));
        }
    }
}

/// Names of messages and enums that a field of the file can be of: their number
/// in descriptors, and the full name.
fn type_names(files: &Files, file: usize) -> Vec<(i32, String)> {
    let descriptor = &files[file];
    let package = text(descriptor, "package");
    let mut names = Vec::new();
    for (number, kind) in [(11, "message_type"), (14, "enum_type")] {
        for it in items(descriptor, kind).take(2) {
            names.push((number, format!(".{package}.{}", text(message(&it), "name"))));
        }
    }
    let imported: Vec<_> = items(descriptor, "dependency").collect();
    for (import, name) in [
        ("google/protobuf/struct.proto", "Struct"),
        ("google/protobuf/struct.proto", "Value"),
        ("google/protobuf/timestamp.proto", "Timestamp"),
        ("google/protobuf/field_mask.proto", "FieldMask"),
    ] {
        if imported.iter().any(|it| it.as_str() == Some(import)) {
            names.push((11, format!(".google.protobuf.{name}")));
        }
    }
    names
}

type Add<'a> = dyn FnMut(&'static str, &str, Box<dyn Fn(&mut DynamicMessage) + Send + Sync>) + 'a;

fn of_field(
    field: &DynamicMessage,
    alternatives: &[(i32, String)],
    place: &str,
    add: &mut Add<'_>,
) {
    add(
        "field renamed",
        place,
        Box::new(|it| {
            set(it, "name", "shoe_size");
            set(it, "json_name", "shoeSize");
        }),
    );
    add(
        "field renamed, not its property",
        place,
        Box::new(|it| set(it, "name", "shoe_size")),
    );
    add(
        "property renamed, not its field",
        place,
        Box::new(|it| {
            set(it, "json_name", "shoeSize");
        }),
    );
    // double, float, int64, uint64, int32, fixed64, bool, string, bytes, uint32, sint32
    for scalar in [1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 17] {
        let place = format!("{place} to {scalar}");
        add(
            "field retyped",
            &place,
            Box::new(move |it| {
                it.set_field_by_name("type", Value::EnumNumber(scalar));
                it.clear_field_by_name("type_name");
            }),
        );
    }
    for (kind, name) in alternatives {
        let (kind, name) = (*kind, name.clone());
        let place = format!("{place} to {name}");
        add(
            "field retyped",
            &place,
            Box::new(move |it| {
                it.set_field_by_name("type", Value::EnumNumber(kind));
                set(it, "type_name", name.as_str());
            }),
        );
    }
    for (behavior, number) in [("REQUIRED", 2), ("OUTPUT_ONLY", 3), ("INPUT_ONLY", 4)] {
        let place = format!("{place} {behavior}");
        add(
            "behavior flipped",
            &place,
            Box::new(move |it| flip_behavior(it, number)),
        );
    }
    add(
        "field deprecated",
        place,
        Box::new(|it| flip(child(it, "options"), "deprecated")),
    );
    if is_optional(field) {
        add(
            "field put into a oneof",
            place,
            Box::new(|it| {
                it.clear_field_by_name("proto3_optional");
            }),
        );
    }
    add(
        "undeclared flipped",
        place,
        Box::new(|it| {
            change_option(it, "transcode.v1.undeclared", |options, extension| {
                if options.has_extension(extension) {
                    options.clear_extension(extension);
                } else {
                    options.set_extension(extension, Value::Bool(true));
                }
            });
        }),
    );
    for next in ["offset", "limit", "cursor"] {
        let place = format!("{place} {next}");
        add(
            "next link changed",
            &place,
            Box::new(move |it| {
                change_option(it, "transcode.v1.next_link", |options, extension| {
                    options.set_extension(extension, Value::String(next.to_owned()));
                });
            }),
        );
    }
    if option_text(field, "transcode.v1.next_link", "").is_some() {
        add(
            "next link dropped",
            place,
            Box::new(|it| {
                change_option(it, "transcode.v1.next_link", |options, extension| {
                    options.clear_extension(extension);
                });
            }),
        );
    }
}

fn flip_behavior(field: &mut DynamicMessage, behavior: i32) {
    change_option(field, "google.api.field_behavior", |options, extension| {
        let mut behaviors = options
            .get_extension(extension)
            .as_list()
            .map(<[Value]>::to_vec)
            .unwrap_or_default();
        let before = behaviors.len();
        behaviors.retain(|it| it.as_enum_number() != Some(behavior));
        if behaviors.len() == before {
            behaviors.push(Value::EnumNumber(behavior));
        }
        options.set_extension(extension, Value::List(behaviors));
    });
}

fn of_enum(
    slice: usize,
    file: usize,
    index: usize,
    descriptor: &DynamicMessage,
    mutants: &mut Changes,
) {
    let name = text(descriptor, "name");
    let mut add = |kind, place: &str, change: Box<dyn Fn(&mut Vec<Value>) + Send + Sync>| {
        let place = format!("{name}{place}");
        mutants.push(Mutant::new(slice, kind, place, move |files: &mut Files| {
            let file = Arc::make_mut(&mut files[file]);
            let descriptor = message_mut(&mut list(file, "enum_type")[index]);
            change(list(descriptor, "value"));
        }));
    };
    let spell = |value: &mut DynamicMessage, spelling: &str| {
        change_option(value, "transcode.v1.value", |options, extension| {
            options.set_extension(extension, Value::String(spelling.to_owned()));
        });
    };
    let added = format!("{}_SHOE", name.to_uppercase());
    add(
        "enum value added",
        "",
        Box::new(move |values| {
            let mut value = message(values.last().expect("a value")).clone();
            set(&mut value, "name", added.as_str());
            value.set_field_by_name("number", Value::I32(999));
            spell(&mut value, "shoe");
            values.push(Value::Message(value));
        }),
    );
    let count = items(descriptor, "value").count();
    for (number, it) in items(descriptor, "value").enumerate() {
        let place = format!(" {}", text(message(&it), "name"));
        add(
            "enum value renamed",
            &place,
            Box::new(move |values| {
                let value = message_mut(&mut values[number]);
                let name = format!("{}_SHOE", text(value, "name"));
                set(value, "name", name.as_str());
            }),
        );
        add(
            "enum value spelled otherwise",
            &place,
            Box::new(move |values| {
                spell(message_mut(&mut values[number]), "shoe");
            }),
        );
        if number > 0 {
            add(
                "enum value without a spelling",
                &place,
                Box::new(move |values| {
                    change_option(
                        message_mut(&mut values[number]),
                        "transcode.v1.value",
                        |options, extension| options.clear_extension(extension),
                    );
                }),
            );
        }
        add(
            "enum value dropped",
            &place,
            Box::new(move |values| {
                values.remove(number);
            }),
        );
        if number + 1 < count && number > 0 {
            add(
                "enum values swapped",
                &place,
                Box::new(move |values| {
                    values.swap(number, number + 1);
                }),
            );
        }
    }
    mutants.push(Mutant::new(
        slice,
        "enum renamed",
        &name,
        move |files: &mut Files| {
            rename_type(files, "enum_type", file, index);
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "enum dropped",
        &name,
        move |files: &mut Files| {
            list(Arc::make_mut(&mut files[file]), "enum_type").remove(index);
        },
    ));
}

fn of_method(
    slice: usize,
    messages: &[String],
    file: usize,
    service: usize,
    index: usize,
    descriptor: &DynamicMessage,
    mutants: &mut Changes,
) {
    let name = text(descriptor, "name");
    let methods = move |files: &mut Files, change: &dyn Fn(&mut Vec<Value>)| {
        let file = Arc::make_mut(&mut files[file]);
        let service = message_mut(&mut list(file, "service")[service]);
        change(list(service, "method"));
    };
    let mut add = |kind, place: &str, change: Box<dyn Fn(&mut DynamicMessage) + Send + Sync>| {
        let place = format!("{name} {place}");
        mutants.push(Mutant::new(slice, kind, place, move |files: &mut Files| {
            methods(files, &|methods| change(message_mut(&mut methods[index])));
        }));
    };
    add(
        "rpc renamed",
        "",
        Box::new(|it| {
            let name = format!("{}Again", text(it, "name"));
            set(it, "name", name.as_str());
        }),
    );
    add(
        "rpc deprecated",
        "",
        Box::new(|it| flip(child(it, "options"), "deprecated")),
    );
    for side in ["client_streaming", "server_streaming"] {
        add(
            "streaming flipped",
            side,
            Box::new(move |it| flip(it, side)),
        );
    }
    for field in ["input_type", "output_type"] {
        // Enough to meet each kind of message.
        for to in messages.iter().step_by(7) {
            let to = to.clone();
            let place = format!("{field} {to}");
            add(
                "rpc of other message",
                &place,
                Box::new(move |it| set(it, field, to.as_str())),
            );
        }
    }
    of_annotation(descriptor, &mut add);
    if option_text(descriptor, "transcode.v1.upload", "part").is_some() {
        for (field, values) in [
            ("part", ["picture", ""]),
            ("file_name", ["header.shoe", ""]),
            ("content_type", ["header.shoe", ""]),
            ("content", ["shoe", ""]),
        ] {
            for value in values {
                add(
                    "upload changed",
                    field,
                    Box::new(move |it| {
                        change_option(it, "transcode.v1.upload", |options, extension| {
                            let upload = options.get_extension_mut(extension);
                            set(message_mut(upload), field, value);
                        });
                    }),
                );
            }
        }
        add(
            "upload dropped",
            "",
            Box::new(|it| {
                change_option(it, "transcode.v1.upload", |options, extension| {
                    options.clear_extension(extension);
                });
            }),
        );
    }
    mutants.push(Mutant::new(
        slice,
        "rpc dropped",
        &name,
        move |files: &mut Files| {
            methods(files, &|methods| drop(methods.remove(index)));
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "rpc added",
        &name,
        move |files: &mut Files| {
            methods(files, &|methods| {
                let mut again = message(&methods[index]).clone();
                let name = format!("{}Again", text(&again, "name"));
                set(&mut again, "name", name.as_str());
                methods.push(Value::Message(again));
            });
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "rpc moved to another service",
        &name,
        move |files: &mut Files| {
            let file = Arc::make_mut(&mut files[file]);
            let services = list(file, "service");
            let mut other = message(&services[service]).clone();
            set(&mut other, "name", "ShoeService");
            let own = list(message_mut(&mut services[service]), "method");
            let moved = own.remove(index);
            let was_alone = own.is_empty();
            *list(&mut other, "method") = vec![moved];
            if was_alone {
                // Alone in its service, it would only be in a service of another name.
                let own = list(message_mut(&mut services[service]), "method");
                own.extend(list(&mut other, "method").drain(..));
            } else {
                services.push(Value::Message(other));
            }
        },
    ));
}

fn of_annotation(descriptor: &DynamicMessage, add: &mut Add<'_>) {
    const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
    const HTTP: &str = "google.api.http";
    fn with_rule(it: &mut DynamicMessage, change: impl FnOnce(&mut DynamicMessage)) {
        change_option(it, HTTP, |options, extension| {
            change(message_mut(options.get_extension_mut(extension)));
        });
    }
    let verb = VERBS.into_iter().find(|verb| {
        let path = option_text(descriptor, HTTP, verb);
        path.is_some_and(|it| !it.is_empty())
    });
    let verb = verb.expect("every rpc has a verb");
    let path = option_text(descriptor, HTTP, verb).expect("every rpc has a path");
    for other in VERBS {
        let to = path.clone();
        add(
            "verb changed",
            other,
            Box::new(move |it| {
                with_rule(it, |rule| set(rule, other, to.as_str()));
            }),
        );
    }
    for (kind, to) in of_path(&path) {
        let place = to.clone();
        add(
            kind,
            &place,
            Box::new(move |it| with_rule(it, |rule| set(rule, verb, to.as_str()))),
        );
    }
    if path.contains('}') {
        for pattern in ["=*}", "=**}", "=shoes/*}"] {
            let to = path.replacen('}', pattern, 1);
            add(
                "path variable with a pattern",
                pattern,
                Box::new(move |it| {
                    with_rule(it, |rule| set(rule, verb, to.as_str()));
                }),
            );
        }
    }
    let to = format!("{path}:shoe");
    add(
        "custom verb added",
        "",
        Box::new(move |it| {
            with_rule(it, |rule| set(rule, verb, to.as_str()));
        }),
    );
    for field in ["body", "response_body"] {
        for to in ["", "*", "shoe_size", "user", "user_id", "next_offset"] {
            add(
                "annotation changed",
                &format!("{field} {to:?}"),
                Box::new(move |it| {
                    with_rule(it, |rule| match to {
                        "" => rule.clear_field_by_name(field),
                        to => set(rule, field, to),
                    });
                }),
            );
        }
    }
    add(
        "binding added",
        "",
        Box::new(|it| {
            with_rule(it, |rule| {
                let again = rule.clone();
                list(rule, "additional_bindings").push(Value::Message(again));
            });
        }),
    );
    add(
        "annotation dropped",
        "",
        Box::new(|it| {
            change_option(it, HTTP, |options, extension| {
                options.clear_extension(extension)
            });
        }),
    );
}
