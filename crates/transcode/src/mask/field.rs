//! The fields of messages, as field masks see them.

/// One field of a message, as a field mask sees it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The name in the proto.
    pub name: &'static str,
    /// The name of the JSON property.
    pub json_name: &'static str,
    /// Who reads and writes it.
    pub behavior: Behavior,
    /// What may follow the name in a path.
    pub children: Children,
}

impl Field {
    /// A field that callers read and write.
    #[must_use]
    pub const fn new(name: &'static str, json_name: &'static str, children: Children) -> Self {
        Self {
            name,
            json_name,
            behavior: Behavior::Plain,
            children,
        }
    }

    /// The same field with this behavior.
    #[must_use]
    pub const fn behaving(self, behavior: Behavior) -> Self {
        Self { behavior, ..self }
    }
}

/// Who reads and writes a field: `google.api.field_behavior` (AIP-203), as far
/// as it changes what a mask sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// Callers read and write it.
    Plain,
    /// Only the upstream sets it (`OUTPUT_ONLY`).
    OutputOnly,
    /// Callers never read it back (`INPUT_ONLY`).
    InputOnly,
    /// It does not change once it is set (`IMMUTABLE`, `IDENTIFIER`).
    Immutable,
}

/// What may follow the name of a field in the path of a field mask.
#[derive(Debug, Clone, Copy)]
pub enum Children {
    /// Nothing.
    None,
    /// Nothing, because it is a list.
    Elements,
    /// The fields of a message.
    Fields(fn() -> &'static [Field]),
    /// Any key of a free-form object.
    Keys,
    /// Any key but the properties that the message declares.
    Undeclared,
    /// A key of a map, and behind it what may follow a value.
    Entries {
        /// The key as it is written in JSON; `None` if it does not fit its type.
        key: fn(&str) -> Option<String>,
        /// What may follow a value of the map.
        values: &'static Children,
    },
}
