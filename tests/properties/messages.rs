//! Any value of a message, made from its descriptor.
//!
//! What is left out is what JSON has no form for, or the same form as for
//! something else; the reason stands where it is left out.

use std::sync::LazyLock;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use prost_types::value::Kind as Json;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the descriptors are whole")
});

/// The descriptor of a message of the API, if there is one of this name.
pub(crate) fn find(name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(&format!("web1on1.v2.{name}"))
}

/// The descriptor of a message of the API.
#[track_caller]
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    find(name).unwrap_or_else(|| panic!("the protos have no message {name}"))
}

/// Returns whether a message stands for the bare value of its only field.
pub(crate) fn is_transparent(message: &MessageDescriptor) -> bool {
    is_marked(&message.options(), "transcode.v1.transparent")
}

/// Returns whether a field collects the properties that its message does not
/// declare.
fn is_collector(field: &FieldDescriptor) -> bool {
    is_marked(&field.options(), "transcode.v1.undeclared")
}

fn is_marked(options: &DynamicMessage, option: &str) -> bool {
    let extension = POOL.get_extension_by_name(option).expect("is declared");
    options.get_extension(&extension).as_bool() == Some(true)
}

/// Any message of type `M`, whose name in the protos is `name`.
pub(crate) fn any_message<M: Message + Default + std::fmt::Debug>(name: &str) -> BoxedStrategy<M> {
    message(&descriptor(name))
        .prop_map(|message| {
            M::decode(message.encode_to_vec().as_slice()).expect("is of the type of its descriptor")
        })
        .boxed()
}

fn message(descriptor: &MessageDescriptor) -> BoxedStrategy<DynamicMessage> {
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => made_of(descriptor, timestamp()),
        "google.protobuf.Struct" => made_of(descriptor, object()),
        "google.protobuf.Value" => made_of(descriptor, value()),
        _ => {
            let descriptor = descriptor.clone();
            let fields: Vec<_> = descriptor.fields().collect();
            let values: Vec<_> = fields.iter().map(field).collect();
            let whole = values.prop_map(move |values| {
                let mut message = DynamicMessage::new(descriptor.clone());
                for (field, value) in fields.iter().zip(values) {
                    if let Some(value) = value {
                        message.set_field(field, value);
                    }
                }
                message
            });
            whole.boxed()
        }
    }
}

fn made_of<M: Message + 'static>(
    descriptor: &MessageDescriptor,
    messages: impl Strategy<Value = M> + 'static,
) -> BoxedStrategy<DynamicMessage> {
    let descriptor = descriptor.clone();
    messages
        .prop_map(move |message| {
            let mut dynamic = DynamicMessage::new(descriptor.clone());
            dynamic
                .transcode_from(&message)
                .expect("is of the type of its descriptor");
            dynamic
        })
        .boxed()
}

fn field(field: &FieldDescriptor) -> BoxedStrategy<Option<Value>> {
    assert!(
        !field.is_map(),
        "{} is a map, for which there is no strategy yet",
        field.full_name()
    );
    let kind = field.kind();
    if is_collector(field) {
        return of(message_of(&kind, collected(field.parent_message()))).boxed();
    }
    if field.is_list() {
        return vec(single(&kind), 0..3)
            .prop_map(|values| Some(Value::List(values)))
            .boxed();
    }
    match &kind {
        // The value null reads as no value.
        Kind::Message(of_any) if of_any.full_name() == "google.protobuf.Value" => {
            let not_null = value().prop_filter("null is none", |value| {
                !matches!(value.kind, Some(Json::NullValue(_)))
            });
            of(message_of(&kind, not_null)).boxed()
        }
        _ => of(single(&kind)).boxed(),
    }
}

fn message_of<M: Message + 'static>(
    kind: &Kind,
    messages: impl Strategy<Value = M> + 'static,
) -> BoxedStrategy<Value> {
    let Kind::Message(descriptor) = kind else {
        panic!("{kind:?} is not a message");
    };
    made_of(descriptor, messages)
        .prop_map(Value::Message)
        .boxed()
}

fn single(kind: &Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Double => double().prop_map(Value::F64).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::String => text().prop_map(Value::String).boxed(),
        Kind::Enum(of_enum) => {
            // The zero value is never written. Other numbers than those that
            // are declared have no spelling.
            let numbers = of_enum.values().map(|value| value.number());
            let numbers: Vec<_> = numbers.filter(|number| *number != 0).collect();
            prop::sample::select(numbers)
                .prop_map(Value::EnumNumber)
                .boxed()
        }
        Kind::Message(descriptor) => message(descriptor).prop_map(Value::Message).boxed(),
        other => panic!("there is no strategy for fields of type {other:?} yet"),
    }
}

/// JSON has no infinities, and nothing that is not a number.
fn double() -> impl Strategy<Value = f64> + Clone {
    prop_oneof![
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        any::<i32>().prop_map(f64::from),
    ]
}

fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof!["\\PC{0,6}", "[\\x00-\\x7f]{0,6}"]
}

/// RFC 3339 has spellings for the years 1 to 9999 alone, and a timestamp that
/// is normalised has less than a second in its fraction.
fn timestamp() -> impl Strategy<Value = prost_types::Timestamp> {
    (-62_135_596_800_i64..=253_402_300_799, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos })
}

/// Always of some kind: a value of none is null in JSON, which reads as the
/// kind that stands for it.
fn value() -> impl Strategy<Value = prost_types::Value> {
    let leaf = prop_oneof![
        Just(Json::NullValue(0)),
        any::<bool>().prop_map(Json::BoolValue),
        double().prop_map(Json::NumberValue),
        text().prop_map(Json::StringValue),
    ];
    leaf.prop_map(of_kind).prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3)
                .prop_map(|values| of_kind(Json::ListValue(prost_types::ListValue { values }))),
            btree_map(text(), inner, 0..3)
                .prop_map(|fields| of_kind(Json::StructValue(prost_types::Struct { fields }))),
        ]
    })
}

fn of_kind(kind: Json) -> prost_types::Value {
    prost_types::Value { kind: Some(kind) }
}

fn object() -> impl Strategy<Value = prost_types::Struct> {
    btree_map(text(), value(), 0..3).prop_map(|fields| prost_types::Struct { fields })
}

/// Collected properties stand beside the declared ones in JSON, so that none of
/// them can have the name of one; and where there are none, nothing tells that
/// there is something to collect them.
fn collected(parent: &MessageDescriptor) -> impl Strategy<Value = prost_types::Struct> + use<> {
    let parent = parent.clone();
    btree_map(text(), value(), 1..3)
        .prop_filter("declared", move |fields| {
            let mut names = fields.keys();
            !names.any(|name| parent.get_field_by_json_name(name).is_some())
        })
        .prop_map(|fields| prost_types::Struct { fields })
}
