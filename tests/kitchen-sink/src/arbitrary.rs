//! Messages of any layout, made of arbitrary bytes: mostly such as a client sends, some
//! with fields in any order, twice, unknown or broken.

use transcode::layout::{
    FieldLayout, Holding, KeyLayout, MessageLayout, Signed, Unsigned, ValueLayout,
};
use transcode::mask::{Children, Field};

/// How many messages within one another are made.
const MAX_DEPTH: usize = 6;

/// How many fields a message is given at most.
const MAX_FIELDS: usize = 12;

const NUMBERS: &[u64] = &[
    0,
    1,
    2,
    3,
    7,
    0x7f,
    0x80,
    999_999_999,
    1_000_000_000,
    0x7fff_ffff,
    0xffff_ffff,
    253_402_300_799,
    253_402_300_800,
    1 << 53,
    i64::MAX as u64,
    u64::MAX,
    // Doubles: 1.5, minus zero, an infinity and no number at all.
    0x3ff8_0000_0000_0000,
    0x8000_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    0x7ff8_0000_0000_0001,
    // The same as floats.
    0x3fc0_0000,
    0x8000_0000,
    0x7f80_0000,
    0x7fc0_0001,
];

const TEXTS: &[&[u8]] = &[
    b"",
    b"a",
    b"b",
    b"title",
    b"color",
    b"int32",
    b".",
    b"..",
    b"a/b",
    b"shelves/1/books/2",
    b"\"q\"\\\n\x01\x7f",
    "ä€😀".as_bytes(),
    b"image/png",
    b"\xff\xfe",
];

const STEPS: &[&str] = &["a", "b", "`a.b`", "1", "007", "true", "*", "", "nope", "`"];

/// Arbitrary bytes as choices. When they are used up, the first one is taken.
#[derive(Debug)]
pub struct Choices<'b>(&'b [u8]);

impl<'b> Choices<'b> {
    /// The choices that these bytes stand for.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// A number below this one, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % end
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let index = self.below(all.len().max(1));
        all.get(index).copied()
    }

    fn number(&mut self) -> u64 {
        if self.once_in(8) {
            let bytes = [(); 8].map(|()| u8::try_from(self.below(256)).unwrap_or_default());
            return u64::from_le_bytes(bytes);
        }
        self.of(NUMBERS).unwrap_or_default()
    }
}

/// A message with this layout, or bytes that are nearly one.
pub fn message(layout: &MessageLayout, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    fields(layout, layout, choices, &mut out, 0);
    for _ in 0..choices.below(8).saturating_sub(5) {
        damage(choices, &mut out);
    }
    out
}

/// Changes, removes or repeats some bytes.
fn damage(choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let at = choices.below(256) * (out.len() + 1) / 256;
    let byte = u8::try_from(choices.below(256)).unwrap_or_default();
    match choices.below(4) {
        0 => out.truncate(at),
        1 => out.insert(at, byte),
        2 if at < out.len() => out[at] = byte,
        _ => {
            let repeated = out[at..].to_vec();
            out.extend(repeated);
        }
    }
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

fn key(number: u32, wire_type: u64, out: &mut Vec<u8>) {
    varint(u64::from(number) << 3 | wire_type, out);
}

fn sized(bytes: &[u8], out: &mut Vec<u8>) {
    varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn fields(
    root: &MessageLayout,
    layout: &MessageLayout,
    choices: &mut Choices<'_>,
    out: &mut Vec<u8>,
    depth: usize,
) {
    for _ in 0..choices.below(MAX_FIELDS) {
        if choices.once_in(24) {
            unknown(choices, out);
        } else if !layout.fields.is_empty() {
            let index = choices.below(256) * layout.fields.len() / 256;
            field(root, &layout.fields[index], choices, out, depth);
        }
    }
}

fn unknown(choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let number = choices.of(&[900, 1, 2, 3, 536_870_911]).unwrap_or(900);
    match choices.below(5) {
        0 => {
            key(number, 0, out);
            varint(choices.number(), out);
        }
        1 => {
            key(number, 2, out);
            sized(b"abc", out);
        }
        2 => {
            key(number, 3, out);
            key(number, 0, out);
            varint(1, out);
            key(number, 4, out);
        }
        3 => {
            key(number, 5, out);
            out.extend_from_slice(&[1; 4]);
        }
        _ => {
            key(number, 1, out);
            out.extend_from_slice(&[1; 8]);
        }
    }
}

fn field(
    root: &MessageLayout,
    field: &FieldLayout,
    choices: &mut Choices<'_>,
    out: &mut Vec<u8>,
    depth: usize,
) {
    let number = field.number;
    match field.holds {
        Holding::Map(of) => {
            let mut entry = Vec::new();
            for _ in 0..=choices.below(3) {
                if choices.below(2) == 0 {
                    value(root, 1, &key_layout(of), choices, &mut entry, depth);
                } else {
                    value(root, 2, &field.value, choices, &mut entry, depth);
                }
            }
            key(number, 2, out);
            sized(&entry, out);
        }
        Holding::Repeated { .. } if choices.below(2) == 0 => {
            // Packed, where that is possible, and one by one where it is not.
            let mut elements = Vec::new();
            for _ in 0..choices.below(4) {
                let mut element = Vec::new();
                value(root, 1, &field.value, choices, &mut element, depth);
                match element.split_first() {
                    // The key has one byte.
                    Some((first, bare)) if first & 7 != 2 => elements.extend_from_slice(bare),
                    _ => value(root, number, &field.value, choices, out, depth),
                }
            }
            if is_packable(&field.value) {
                key(number, 2, out);
                sized(&elements, out);
            }
        }
        _ => value(root, number, &field.value, choices, out, depth),
    }
}

fn is_packable(value: &ValueLayout) -> bool {
    matches!(
        value,
        ValueLayout::Double
            | ValueLayout::Float
            | ValueLayout::Int32(_)
            | ValueLayout::Int64(_)
            | ValueLayout::UInt32(_)
            | ValueLayout::UInt64(_)
            | ValueLayout::Bool
            | ValueLayout::Enum(_)
    )
}

fn key_layout(key: KeyLayout) -> ValueLayout {
    match key {
        KeyLayout::String => ValueLayout::String,
        KeyLayout::Bool => ValueLayout::Bool,
        KeyLayout::Int32(how) => ValueLayout::Int32(how),
        KeyLayout::Int64(how) => ValueLayout::Int64(how),
        KeyLayout::UInt32(how) => ValueLayout::UInt32(how),
        KeyLayout::UInt64(how) => ValueLayout::UInt64(how),
    }
}

/// A field with one value, now and then of a wrong wire type.
fn value(
    root: &MessageLayout,
    number: u32,
    layout: &ValueLayout,
    choices: &mut Choices<'_>,
    out: &mut Vec<u8>,
    depth: usize,
) {
    if choices.once_in(64) {
        key(number, 0, out);
        varint(1, out);
        return;
    }
    match layout {
        ValueLayout::Double
        | ValueLayout::Int64(Signed::Fixed)
        | ValueLayout::UInt64(Unsigned::Fixed) => {
            key(number, 1, out);
            out.extend_from_slice(&choices.number().to_le_bytes());
        }
        ValueLayout::Float
        | ValueLayout::Int32(Signed::Fixed)
        | ValueLayout::UInt32(Unsigned::Fixed) => {
            key(number, 5, out);
            out.extend_from_slice(&choices.number().to_le_bytes()[..4]);
        }
        ValueLayout::Enum(_) => {
            key(number, 0, out);
            varint(choices.below(6) as u64, out);
        }
        layout if is_packable(layout) => {
            key(number, 0, out);
            varint(choices.number(), out);
        }
        ValueLayout::String | ValueLayout::Bytes => {
            key(number, 2, out);
            sized(choices.of(TEXTS).unwrap_or_default(), out);
        }
        _ => {
            let mut inner = Vec::new();
            if depth < MAX_DEPTH {
                content(root, layout, choices, &mut inner, depth + 1);
            }
            key(number, 2, out);
            sized(&inner, out);
        }
    }
}

/// The fields of a value that is a message.
fn content(
    root: &MessageLayout,
    layout: &ValueLayout,
    choices: &mut Choices<'_>,
    out: &mut Vec<u8>,
    depth: usize,
) {
    match layout {
        ValueLayout::Message(layout) => fields(root, layout(), choices, out, depth),
        ValueLayout::Transparent(inner) => {
            for _ in 0..choices.below(3) {
                field(root, inner(), choices, out, depth);
            }
        }
        ValueLayout::Wrapper(inner) => {
            for _ in 0..choices.below(3) {
                value(root, 1, inner, choices, out, depth);
            }
        }
        ValueLayout::Timestamp | ValueLayout::Duration => {
            for _ in 0..choices.below(4) {
                key(u32::try_from(1 + choices.below(2)).unwrap_or(1), 0, out);
                varint(choices.number(), out);
            }
        }
        ValueLayout::FieldMask => {
            for _ in 0..choices.below(4) {
                key(1, 2, out);
                sized(mask_path(root, choices).as_bytes(), out);
            }
        }
        ValueLayout::Struct => {
            for _ in 0..choices.below(4) {
                let mut entry = Vec::new();
                value(root, 1, &ValueLayout::String, choices, &mut entry, depth);
                value(root, 2, &ValueLayout::Value, choices, &mut entry, depth);
                key(1, 2, out);
                sized(&entry, out);
            }
        }
        ValueLayout::ListValue => {
            for _ in 0..choices.below(4) {
                value(root, 1, &ValueLayout::Value, choices, out, depth);
            }
        }
        ValueLayout::Value => {
            for _ in 0..=choices.below(2) {
                let (number, layout) = match choices.below(6) {
                    0 => (1, ValueLayout::Int32(Signed::Varint)),
                    1 => (2, ValueLayout::Double),
                    2 => (3, ValueLayout::String),
                    3 => (4, ValueLayout::Bool),
                    4 => (5, ValueLayout::Struct),
                    _ => (6, ValueLayout::ListValue),
                };
                value(root, number, &layout, choices, out, depth);
            }
        }
        _ => {}
    }
}

/// A path of a field mask, in the request or in one of its messages.
fn mask_path(root: &MessageLayout, choices: &mut Choices<'_>) -> String {
    if choices.once_in(8) {
        return "*".to_owned();
    }
    let mut fields: &'static [Field] = root.declared;
    let messages = root
        .declared
        .iter()
        .filter_map(|field| match field.children {
            Children::Fields(fields) => Some(fields),
            _ => None,
        });
    let messages: Vec<_> = messages.collect();
    if choices.below(4) > 0
        && let Some(inner) = choices.of(&messages)
    {
        fields = inner();
    }
    let mut path = String::new();
    while let Some(field) = choices.of(fields) {
        path.push_str(field.name);
        let mut children = field.children;
        if let Children::Entries { values, .. } = children
            && choices.below(2) == 0
        {
            path.push('.');
            path.push_str(choices.of(STEPS).unwrap_or_default());
            children = *values;
        }
        match children {
            Children::Fields(inner) if choices.below(2) == 0 => fields = inner(),
            Children::Keys | Children::Undeclared => {
                for _ in 0..choices.below(3) {
                    path.push('.');
                    path.push_str(choices.of(STEPS).unwrap_or_default());
                }
                break;
            }
            _ => break,
        }
        path.push('.');
    }
    if choices.once_in(16) {
        path.push('.');
        path.push_str(choices.of(STEPS).unwrap_or_default());
    }
    path
}
