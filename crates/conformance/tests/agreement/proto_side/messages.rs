//! Changes of messages, fields and enums.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::descriptors::{
    change_option, child, flip, items, list, message, message_mut, number, option_text, set, text,
};
use super::{Add, Changes, Files};
use crate::mutation::{Change, Mutant};

const LABEL_REPEATED: i32 = 3;
const LABEL_OPTIONAL: i32 = 1;
/// The type of a field that is a message.
const MESSAGE: i32 = 11;

/// Renames a type wherever it is mentioned.
fn rename_type(files: &mut Files, kind: &str, file: usize, number: usize) {
    let package = text(&files[file], "package");
    let declared = message_mut(&mut list(Arc::make_mut(&mut files[file]), kind)[number]);
    let name = text(declared, "name");
    let to = format!("Shoe{name}");
    set(declared, "name", to.as_str());
    let (from, to) = (format!(".{package}.{name}"), format!(".{package}.{to}"));
    for file in files {
        let mut changed = (**file).clone();
        let replace = |of: &mut DynamicMessage, field: &str| {
            if text(of, field) == from {
                set(of, field, to.as_str());
            }
        };
        for message in list(&mut changed, "message_type") {
            for field in list(message_mut(message), "field") {
                replace(message_mut(field), "type_name");
            }
        }
        for service in list(&mut changed, "service") {
            for method in list(message_mut(service), "method") {
                replace(message_mut(method), "input_type");
                replace(message_mut(method), "output_type");
            }
        }
        if changed != **file {
            *file = Arc::new(changed);
        }
    }
}

pub(super) fn of_message(
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
    let mut add = |kind, place: &str, change: Change<DynamicMessage>| {
        let place = format!("{name}{place}");
        mutants.push(Mutant::new(slice, kind, place, move |files: &mut Files| {
            let file = Arc::make_mut(&mut files[file]);
            change(message_mut(&mut list(file, "message_type")[index]));
        }));
    };
    add(
        "message deprecated",
        "",
        Box::new(|message| flip(child(message, "options"), "deprecated")),
    );
    add(
        "transparent flipped",
        "",
        Box::new(|message| {
            change_option(message, "transcode.v1.transparent", |options, extension| {
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
        Box::new(|message| {
            let template = message
                .descriptor()
                .get_field_by_name("field")
                .expect("fields");
            let kind = template.kind();
            let mut field = DynamicMessage::new(kind.as_message().expect("a message").clone());
            set(&mut field, "name", "shoe_size");
            set(&mut field, "json_name", "shoeSize");
            field.set_field_by_name("number", Value::I32(9999));
            field.set_field_by_name("label", Value::EnumNumber(LABEL_OPTIONAL));
            field.set_field_by_name("type", Value::EnumNumber(9));
            make_optional(message, field);
        }),
    );
    for (number, value) in items(descriptor, "field").enumerate() {
        let field = message(&value).clone();
        let field_name = text(&field, "name");
        let place = format!(".{field_name}");
        let alternatives = type_names(files, file);
        let mut change = |kind, place: &str, change: Change<DynamicMessage>| {
            add(
                kind,
                place,
                Box::new(move |message| {
                    change(message_mut(&mut list(message, "field")[number]));
                }),
            );
        };
        of_field(&field, &alternatives, &place, &mut change);
        add(
            "field dropped",
            &place,
            Box::new(move |message| {
                list(message, "field").remove(number);
                drop_empty_oneofs(message);
            }),
        );
        add(
            "field becomes optional",
            &place,
            Box::new(move |message| {
                let field = &list(message, "field")[number];
                let field = self::message(field);
                let is_plain = self::number(field, "type") != MESSAGE
                    && !field.has_field_by_name("oneof_index");
                if is_plain && self::number(field, "label") != LABEL_REPEATED {
                    let field = self::message(&list(message, "field").remove(number)).clone();
                    make_optional(message, field);
                }
            }),
        );
        if is_optional(&field) && self::number(&field, "type") != MESSAGE {
            add(
                "field loses optional",
                &place,
                Box::new(move |message| {
                    let field = message_mut(&mut list(message, "field")[number]);
                    field.clear_field_by_name("proto3_optional");
                    field.clear_field_by_name("oneof_index");
                    drop_empty_oneofs(message);
                }),
            );
        }
        add(
            "list-ness flipped",
            &place,
            Box::new(move |message| {
                let field = message_mut(&mut list(message, "field")[number]);
                let is_list = self::number(field, "label") == LABEL_REPEATED;
                let label = if is_list {
                    LABEL_OPTIONAL
                } else {
                    LABEL_REPEATED
                };
                field.set_field_by_name("label", Value::EnumNumber(label));
                field.clear_field_by_name("proto3_optional");
                field.clear_field_by_name("oneof_index");
                drop_empty_oneofs(message);
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
    optional.is_some_and(|value| value.as_bool() == Some(true))
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
        .filter(|field| field.has_field_by_name("oneof_index"))
        .map(|field| number(field, "oneof_index"))
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
        for value in items(descriptor, kind).take(2) {
            names.push((
                number,
                format!(".{package}.{}", text(message(&value), "name")),
            ));
        }
    }
    let imported: Vec<_> = items(descriptor, "dependency").collect();
    for (import, name) in [
        ("google/protobuf/struct.proto", "Struct"),
        ("google/protobuf/struct.proto", "Value"),
        ("google/protobuf/timestamp.proto", "Timestamp"),
        ("google/protobuf/field_mask.proto", "FieldMask"),
    ] {
        if imported.iter().any(|path| path.as_str() == Some(import)) {
            names.push((11, format!(".google.protobuf.{name}")));
        }
    }
    names
}

fn of_field(
    field: &DynamicMessage,
    alternatives: &[(i32, String)],
    place: &str,
    add: &mut Add<'_>,
) {
    add(
        "field renamed",
        place,
        Box::new(|field| {
            set(field, "name", "shoe_size");
            set(field, "json_name", "shoeSize");
        }),
    );
    add(
        "field renamed, not its property",
        place,
        Box::new(|field| set(field, "name", "shoe_size")),
    );
    add(
        "property renamed, not its field",
        place,
        Box::new(|field| {
            set(field, "json_name", "shoeSize");
        }),
    );
    // double, float, int64, uint64, int32, fixed64, bool, string, bytes, uint32, sint32
    for scalar in [1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 17] {
        let place = format!("{place} to {scalar}");
        add(
            "field retyped",
            &place,
            Box::new(move |field| {
                field.set_field_by_name("type", Value::EnumNumber(scalar));
                field.clear_field_by_name("type_name");
            }),
        );
    }
    for (kind, name) in alternatives {
        let (kind, name) = (*kind, name.clone());
        let place = format!("{place} to {name}");
        add(
            "field retyped",
            &place,
            Box::new(move |field| {
                field.set_field_by_name("type", Value::EnumNumber(kind));
                set(field, "type_name", name.as_str());
            }),
        );
    }
    for (behavior, number) in [("REQUIRED", 2), ("OUTPUT_ONLY", 3), ("INPUT_ONLY", 4)] {
        let place = format!("{place} {behavior}");
        add(
            "behavior flipped",
            &place,
            Box::new(move |field| flip_behavior(field, number)),
        );
    }
    add(
        "field deprecated",
        place,
        Box::new(|field| flip(child(field, "options"), "deprecated")),
    );
    if is_optional(field) {
        add(
            "field put into a oneof",
            place,
            Box::new(|field| {
                field.clear_field_by_name("proto3_optional");
            }),
        );
    }
    add(
        "undeclared flipped",
        place,
        Box::new(|field| {
            change_option(field, "transcode.v1.undeclared", |options, extension| {
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
            Box::new(move |field| {
                change_option(field, "transcode.v1.next_link", |options, extension| {
                    options.set_extension(extension, Value::String(next.to_owned()));
                });
            }),
        );
    }
    if option_text(field, "transcode.v1.next_link", "").is_some() {
        add(
            "next link dropped",
            place,
            Box::new(|field| {
                change_option(field, "transcode.v1.next_link", |options, extension| {
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
        behaviors.retain(|value| value.as_enum_number() != Some(behavior));
        if behaviors.len() == before {
            behaviors.push(Value::EnumNumber(behavior));
        }
        options.set_extension(extension, Value::List(behaviors));
    });
}

pub(super) fn of_enum(
    slice: usize,
    file: usize,
    index: usize,
    descriptor: &DynamicMessage,
    mutants: &mut Changes,
) {
    let name = text(descriptor, "name");
    let mut add = |kind, place: &str, change: Change<Vec<Value>>| {
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
    for (number, value) in items(descriptor, "value").enumerate() {
        let place = format!(" {}", text(message(&value), "name"));
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
                        prost_reflect::DynamicMessage::clear_extension,
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
