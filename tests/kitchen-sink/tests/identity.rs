//! Whatever a message holds, it comes back from its JSON as it was, through
//! protobuf as well.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use kitchen_sink::kitchen::everything::leaf::Deep;
use kitchen_sink::kitchen::everything::{Leaf, LeafOneOf};
use kitchen_sink::kitchen::{
    Everything, Implicits, MaybeColor, MaybeLeaf, MaybeText, MaybeValue, Open, Scalars,
};
use kitchen_sink::pantry::Unit;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use prost::Message;
use prost_types::value::Kind;
use transcode::json::{self, JsonMessage, Nested};
use transcode::mask::Mask;

fn check<M: JsonMessage + Message + PartialEq + Debug>(message: &M) -> Result<(), TestCaseError> {
    let json = json::write::<Nested<M>>(message, "", Mask::Set)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    let (read, drifts) =
        json::read::<Nested<M>>(&json).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(
        &read,
        message,
        "by way of {}",
        String::from_utf8_lossy(&json)
    );
    prop_assert!(
        drifts.is_empty(),
        "{:?} from {}",
        drifts,
        String::from_utf8_lossy(&json)
    );
    let decoded = M::decode(read.encode_to_vec().as_slice());
    prop_assert_eq!(decoded.as_ref(), Ok(message));
    Ok(())
}

proptest! {
    #[test]
    fn scalars_come_back(message in scalars()) {
        check(&message)?;
    }

    #[test]
    fn implicit_scalars_come_back(message in implicits()) {
        check(&message)?;
    }

    #[test]
    fn undeclared_properties_come_back(message in open()) {
        check(&message)?;
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,40}|[\\[\\]{}\",:0-9a-z.eE+-]{0,40}") {
        // Either is fine; what counts is that there is an answer.
        let _ = json::read::<Nested<Everything>>(text.as_bytes());
    }
}

proptest! {
    // A case is some thousand values.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_comes_back(message in everything()) {
        check(&message)?;
    }
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,6}|[\\x00-\\x7f]{0,6}"
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        (-1_000_000_i32..1_000_000).prop_map(f64::from),
    ]
}

fn float() -> impl Strategy<Value = f32> {
    prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO
}

fn octets() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..6).prop_map(Bytes::from)
}

fn color() -> impl Strategy<Value = i32> {
    prop::sample::select(&[-1, 1, 2, 3][..])
}

fn timestamp() -> impl Strategy<Value = prost_types::Timestamp> {
    (-62_135_596_800_i64..=253_402_300_799, 0..1_000_000_000_i32)
        .prop_map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos })
}

fn duration() -> impl Strategy<Value = prost_types::Duration> {
    (0..=315_576_000_000_i64, 0..1_000_000_000_i32, any::<bool>()).prop_map(
        |(seconds, nanos, negative)| {
            let sign = if negative { -1 } else { 1 };
            prost_types::Duration {
                seconds: seconds * sign,
                nanos: nanos * i32::try_from(sign).unwrap_or(1),
            }
        },
    )
}

fn mask() -> impl Strategy<Value = prost_types::FieldMask> {
    vec("[a-z]{1,3}(_[a-z]{1,3}){0,2}(\\.[a-z]{1,3})?", 0..3)
        .prop_map(|paths| prost_types::FieldMask { paths })
}

fn value() -> BoxedStrategy<prost_types::Value> {
    let leaf = prop_oneof![
        Just(Kind::NullValue(0)),
        any::<bool>().prop_map(Kind::BoolValue),
        double().prop_map(Kind::NumberValue),
        text().prop_map(Kind::StringValue),
    ];
    leaf.prop_map(wrap)
        .prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3)
                    .prop_map(|values| wrap(Kind::ListValue(prost_types::ListValue { values }))),
                btree_map(text(), inner, 0..3)
                    .prop_map(|fields| wrap(Kind::StructValue(prost_types::Struct { fields }))),
            ]
        })
        .boxed()
}

fn wrap(kind: Kind) -> prost_types::Value {
    prost_types::Value { kind: Some(kind) }
}

fn object() -> BoxedStrategy<prost_types::Struct> {
    btree_map(text(), value(), 0..3)
        .prop_map(|fields| prost_types::Struct { fields })
        .boxed()
}

pub(crate) fn scalars() -> BoxedStrategy<Scalars> {
    let floats = (of(double()), of(float()));
    let signed = (
        of(any::<i32>()),
        of(any::<i64>()),
        of(any::<i32>()),
        of(any::<i64>()),
    );
    let unsigned = (
        of(any::<u32>()),
        of(any::<u64>()),
        of(any::<u32>()),
        of(any::<u64>()),
    );
    let fixed = (of(any::<i32>()), of(any::<i64>()));
    let others = (of(any::<bool>()), of(text()), of(octets()));
    (floats, signed, unsigned, fixed, others)
        .prop_map(|(floats, signed, unsigned, fixed, others)| Scalars {
            double: floats.0,
            float: floats.1,
            int32: signed.0,
            int64: signed.1,
            sint32: signed.2,
            sint64: signed.3,
            uint32: unsigned.0,
            uint64: unsigned.1,
            fixed32: unsigned.2,
            fixed64: unsigned.3,
            sfixed32: fixed.0,
            sfixed64: fixed.1,
            bool: others.0,
            string: others.1,
            bytes: others.2,
        })
        .boxed()
}

pub(crate) fn implicits() -> BoxedStrategy<Implicits> {
    let color = prop_oneof![Just(0), color()];
    (
        double(),
        float(),
        any::<i32>(),
        any::<u64>(),
        any::<bool>(),
        text(),
        octets(),
        color,
    )
        .prop_map(
            |(double, float, int32, uint64, bool, string, bytes, color)| Implicits {
                double,
                float,
                int32,
                uint64,
                bool,
                string,
                bytes,
                color,
            },
        )
        .boxed()
}

fn leaf() -> BoxedStrategy<Leaf> {
    let deep = of(of(Just(1))).prop_map(|kind| kind.map(|kind| Deep { kind }));
    (of(text()), deep)
        .prop_map(|(name, deep)| Leaf { name, deep })
        .boxed()
}

fn member() -> BoxedStrategy<LeafOneOf> {
    prop_oneof![
        text().prop_map(LeafOneOf::Text),
        any::<i32>().prop_map(LeafOneOf::Number),
        leaf().prop_map(LeafOneOf::Node),
        color().prop_map(LeafOneOf::Tint),
        octets().prop_map(LeafOneOf::Blob),
        timestamp().prop_map(LeafOneOf::Moment),
        // Null would be the absence of a member.
        object().prop_map(|object| LeafOneOf::Any(wrap(Kind::StructValue(object)))),
        text().prop_map(LeafOneOf::Wrapped),
        Just(LeafOneOf::Nothing(())),
    ]
    .boxed()
}

pub(crate) fn open() -> BoxedStrategy<Open> {
    let is_declared = |key: &String| matches!(key.as_str(), "name" | "count");
    let extra = btree_map("[a-z]{1,5}|name|\\PC{0,4}", value(), 1..4).prop_map(move |fields| {
        let fields: BTreeMap<_, _> = fields
            .into_iter()
            .filter(|(key, _)| !is_declared(key))
            .collect();
        (!fields.is_empty()).then_some(prost_types::Struct { fields })
    });
    (of(text()), extra, of(any::<i32>()))
        .prop_map(|(name, extra, count)| Open { name, extra, count })
        .boxed()
}

/// Strategies for tuples end at twelve, so a message is put together in steps.
/// Each step is boxed: values of this size, nested, are more than the stack of a
/// test thread holds otherwise.
pub(crate) fn everything() -> impl Strategy<Value = Everything> {
    let flat = (flat(), maps(), well_known(), transparent())
        .prop_map(|(flat, maps, well_known, transparent)| {
            merged(flat, maps, well_known, transparent)
        })
        .boxed();
    flat.prop_recursive(3, 8, 2, |inner| {
        let whole = inner
            .clone()
            .prop_map(|whole| LeafOneOf::Whole(Box::new(whole)));
        (
            inner.clone(),
            of(whole),
            of(inner.clone()),
            vec(inner, 0..2),
        )
            .prop_map(|(base, whole, parent, children)| Everything {
                leaf: whole.or(base.leaf.clone()),
                parent: parent.map(Box::new),
                children,
                ..base
            })
            .boxed()
    })
}

fn merged(
    flat: Everything,
    maps: Everything,
    well_known: Everything,
    transparent: Everything,
) -> Everything {
    Everything {
        by_string: maps.by_string,
        by_int32: maps.by_int32,
        by_int64: maps.by_int64,
        by_uint32: maps.by_uint32,
        by_uint64: maps.by_uint64,
        by_sint32: maps.by_sint32,
        by_sint64: maps.by_sint64,
        by_fixed32: maps.by_fixed32,
        by_fixed64: maps.by_fixed64,
        by_sfixed32: maps.by_sfixed32,
        by_bool: maps.by_bool,
        timestamp: well_known.timestamp,
        duration: well_known.duration,
        r#struct: well_known.r#struct,
        value: well_known.value,
        list: well_known.list,
        empty: well_known.empty,
        mask: well_known.mask,
        double_value: well_known.double_value,
        float_value: well_known.float_value,
        int64_value: well_known.int64_value,
        string_value: well_known.string_value,
        bytes_value: well_known.bytes_value,
        timestamps: well_known.timestamps,
        values: well_known.values,
        bytes_values: well_known.bytes_values,
        by_sfixed64: transparent.by_sfixed64,
        maybe_text: transparent.maybe_text,
        maybe_texts: transparent.maybe_texts,
        maybe_leaves: transparent.maybe_leaves,
        maybe_colors: transparent.maybe_colors,
        maybe_values: transparent.maybe_values,
        ..flat
    }
}

fn flat() -> BoxedStrategy<Everything> {
    let messages = (
        of(member()),
        of(scalars()),
        of(implicits()),
        vec(leaf(), 0..3),
    );
    let lists = (
        vec(color(), 0..3),
        vec(text(), 0..3),
        vec(double(), 0..3),
        vec(octets(), 0..3),
    );
    let names = (
        of(text()),
        of(text()),
        of(any::<bool>()),
        of(any::<i32>()),
        vec(text(), 0..2),
    );
    let others = (
        of(color()),
        of(text()),
        of((of(text()), of(Just(1)))),
        0..2_i32,
        of(Just(1)),
    );
    (messages, lists, names, others)
        .prop_map(|(messages, lists, names, others)| Everything {
            leaf: messages.0,
            scalars: messages.1,
            implicits: messages.2,
            leaves: messages.3,
            colors: lists.0,
            texts: lists.1,
            doubles: lists.2,
            blobs: lists.3,
            r#type: names.0,
            self_: names.1,
            r#match: names.2,
            r#gen: names.3,
            r#async: names.4,
            color: others.0,
            renamed: others.1,
            unit: others.2.map(|(symbol, system)| Unit { symbol, system }),
            system: others.3,
            kind: others.4,
            ..Everything::default()
        })
        .boxed()
}

fn maps() -> BoxedStrategy<Everything> {
    let one = (
        btree_map(text(), text(), 0..3),
        btree_map(any::<i32>(), any::<i32>(), 0..3),
        btree_map(any::<i64>(), any::<i64>(), 0..3),
        btree_map(any::<u32>(), float(), 0..3),
        btree_map(any::<u64>(), any::<u64>(), 0..3),
        btree_map(any::<i32>(), octets(), 0..3),
    );
    let two = (
        btree_map(any::<i64>(), color(), 0..3),
        btree_map(any::<u32>(), leaf(), 0..3),
        btree_map(any::<u64>(), object(), 0..2),
        btree_map(any::<i32>(), timestamp(), 0..3),
        btree_map(any::<bool>(), any::<bool>(), 0..3),
    );
    (one, two)
        .prop_map(|(one, two)| Everything {
            by_string: one.0,
            by_int32: one.1,
            by_int64: one.2,
            by_uint32: one.3,
            by_uint64: one.4,
            by_sint32: one.5,
            by_sint64: two.0,
            by_fixed32: two.1,
            by_fixed64: two.2,
            by_sfixed32: two.3,
            by_bool: two.4,
            ..Everything::default()
        })
        .boxed()
}

fn well_known() -> BoxedStrategy<Everything> {
    let list = vec(value(), 0..3).prop_map(|values| prost_types::ListValue { values });
    let one = (
        of(timestamp()),
        of(duration()),
        of(object()),
        of(value()),
        of(list),
        of(Just(())),
        of(mask()),
    );
    let octets = || vec(any::<u8>(), 0..4);
    let two = (
        of(double()),
        of(float()),
        of(any::<i64>()),
        of(text()),
        of(octets()),
    );
    let lists = (
        vec(timestamp(), 0..2),
        vec(value(), 0..2),
        vec(octets(), 0..3),
    );
    (one, two, lists)
        .prop_map(|(one, two, lists)| Everything {
            timestamp: one.0,
            duration: one.1,
            r#struct: one.2,
            value: one.3,
            list: one.4,
            empty: one.5,
            mask: one.6,
            double_value: two.0,
            float_value: two.1,
            int64_value: two.2,
            string_value: two.3,
            bytes_value: two.4,
            timestamps: lists.0,
            values: lists.1,
            bytes_values: lists.2,
            ..Everything::default()
        })
        .boxed()
}

fn transparent() -> BoxedStrategy<Everything> {
    let maybe_text = || of(text()).prop_map(|text| MaybeText { text });
    // Null is a value where the wrapper holds any value.
    let maybe_value = value().prop_map(|value| MaybeValue { value: Some(value) });
    (
        of(maybe_text()),
        vec(maybe_text(), 0..3),
        vec(of(leaf()).prop_map(|leaf| MaybeLeaf { leaf }), 0..3),
        vec(of(color()).prop_map(|color| MaybeColor { color }), 0..3),
        vec(maybe_value, 0..3),
        btree_map(any::<i64>(), maybe_text(), 0..3),
    )
        .prop_map(
            |(maybe_text, maybe_texts, maybe_leaves, maybe_colors, maybe_values, by_sfixed64)| {
                Everything {
                    by_sfixed64,
                    maybe_text,
                    maybe_texts,
                    maybe_leaves,
                    maybe_colors,
                    maybe_values,
                    ..Everything::default()
                }
            },
        )
        .boxed()
}
