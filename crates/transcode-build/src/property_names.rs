//! How the JSON properties are named whose field does not say.

use std::collections::HashSet;

use prost::{DecodeError, Message as _};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};

/// How the JSON property of a field without `json_name` is named, and its query parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PropertyNames {
    /// `petId` for `pet_id`, as `ProtoJSON` has it.
    #[default]
    LowerCamelCase,
    /// `pet_id`, as the field is declared.
    AsDeclared,
}

/// The number of `FieldDescriptorProto.json_name`.
const JSON_NAME: i32 = 10;

/// Names the properties of all fields of these files as they are declared, but for those
/// that have a `json_name`. Takes and returns an encoded `FileDescriptorSet`.
pub(crate) fn as_declared(
    encoded: Vec<u8>,
    files: &HashSet<String>,
) -> Result<Vec<u8>, DecodeError> {
    let pool = DescriptorPool::global();
    let Some(descriptor) = pool.get_message_by_name("google.protobuf.FileDescriptorSet") else {
        return Ok(encoded);
    };
    // Options that are extensions stay what they are: unknown fields.
    let mut set = DynamicMessage::decode(descriptor, encoded.as_slice())?;
    each(&mut set, "file", &mut |file| {
        let name = text(file, "name");
        if files.contains(&name) {
            let stated = stated(file);
            let mut path = vec![4];
            messages(file, "message_type", &mut path, &stated);
        }
    });
    Ok(set.encode_to_vec())
}

/// The paths of the fields of a file that have a `json_name`.
fn stated(file: &DynamicMessage) -> HashSet<Vec<i32>> {
    let mut stated = HashSet::new();
    let Some(info) = file.get_field_by_name("source_code_info") else {
        return stated;
    };
    let locations = info.as_message().and_then(|info| {
        let locations = info.get_field_by_name("location")?;
        Some(locations.as_list()?.to_vec())
    });
    for location in locations.unwrap_or_default() {
        let path = location.as_message().and_then(|location| {
            let path = location.get_field_by_name("path")?;
            let path = path.as_list()?.iter().map(Value::as_i32);
            path.collect::<Option<Vec<_>>>()
        });
        if let Some([field @ .., JSON_NAME]) = path.as_deref() {
            stated.insert(field.to_vec());
        }
    }
    stated
}

/// Goes through messages, and those in them.
fn messages(
    holder: &mut DynamicMessage,
    name: &str,
    path: &mut Vec<i32>,
    stated: &HashSet<Vec<i32>>,
) {
    let mut index = 0;
    each(holder, name, &mut |message| {
        path.push(index);
        path.push(2);
        let mut field_index = 0;
        each(message, "field", &mut |field| {
            path.push(field_index);
            if !stated.contains(path) {
                let name = text(field, "name");
                field.set_field_by_name("json_name", Value::String(name));
            }
            path.pop();
            field_index += 1;
        });
        path.pop();
        path.push(3);
        messages(message, "nested_type", path, stated);
        path.pop();
        path.pop();
        index += 1;
    });
}

fn each(holder: &mut DynamicMessage, name: &str, change: &mut dyn FnMut(&mut DynamicMessage)) {
    let list = holder
        .get_field_by_name_mut(name)
        .and_then(Value::as_list_mut);
    for value in list.into_iter().flatten() {
        if let Some(message) = value.as_message_mut() {
            change(message);
        }
    }
}

fn text(message: &DynamicMessage, name: &str) -> String {
    let value = message.get_field_by_name(name);
    let text = value.and_then(|value| value.as_str().map(ToOwned::to_owned));
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_named_as_declared_unless_they_say_otherwise() {
        let directory = tempfile::tempdir().expect("a directory");
        let proto = r#"syntax = "proto3"; package t;
            import "other.proto"; import "google/api/annotations.proto";
            message M {
              string pet_id = 1;
              string pet_name = 2 [json_name = "petName"];
              map<string, N> by_name = 3;
              message N { string tag_name = 1 [deprecated = true]; }
              t.Other the_other = 4;
            }
            service S { rpc Do(M) returns (M) {
              option (google.api.http) = {post: "/{pet_id}" body: "*"};
            } }"#;
        let other = r#"syntax = "proto3"; package t; message Other { string a_b = 1; }"#;
        for (name, text) in [("t.proto", proto), ("other.proto", other)] {
            std::fs::write(directory.path().join(name), text).expect("the proto is written");
        }
        let file = directory.path().join("t.proto");
        let encoded = crate::descriptors(&[file], std::iter::once(directory.path()));
        let encoded = encoded.expect("it compiles");
        let files = HashSet::from(["t.proto".to_owned()]);
        let encoded = as_declared(encoded, &files).expect("they are descriptors");
        let pool = DescriptorPool::decode(encoded.as_slice()).expect("they hold together");
        let names = |message: &str| {
            let message = pool.get_message_by_name(message).expect("it is there");
            let names = message.fields().map(|field| field.json_name().to_owned());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("t.M"), ["pet_id", "petName", "by_name", "the_other"]);
        assert_eq!(names("t.M.N"), ["tag_name"]);
        assert_eq!(names("t.Other"), ["aB"], "another file keeps its names");
        // The annotations are still there.
        crate::generate(&pool).expect("the path is bound");
    }
}
