//! The types that arguments have in a configuration file.

use std::any::TypeId;
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};

use clap::{Arg, ArgAction};

/// The type of an argument's value in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A string that the argument's own parser reads.
    Text,
}

impl Kind {
    /// Returns the kind of an argument, by the Rust type that it is parsed to. What is
    /// no number and no truth value is a string.
    pub(super) fn of(argument: &Arg) -> Self {
        let action = argument.get_action();
        if matches!(action, ArgAction::SetTrue | ArgAction::SetFalse) {
            return Self::Boolean;
        }
        let parsed = argument.get_value_parser().type_id();
        if parsed == TypeId::of::<bool>() {
            return Self::Boolean;
        }
        let integers = [
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<usize>(),
            TypeId::of::<i32>(),
            TypeId::of::<i64>(),
            TypeId::of::<NonZeroU16>(),
            TypeId::of::<NonZeroU32>(),
            TypeId::of::<NonZeroU64>(),
            TypeId::of::<NonZeroUsize>(),
        ];
        if integers.iter().any(|integer| parsed == *integer) {
            return Self::Integer;
        }
        if parsed == TypeId::of::<f32>() || parsed == TypeId::of::<f64>() {
            return Self::Number;
        }
        Self::Text
    }

    /// What it is called in a message.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a string",
        }
    }

    /// What several of it are called.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Boolean => "truth values",
            Self::Integer => "integers",
            Self::Number => "numbers",
            Self::Text => "strings",
        }
    }

    /// Returns a value, as the argument's own parser reads it, as TOML. What is not
    /// of the kind is `None`.
    pub(super) fn to_toml(self, text: &str) -> Option<toml::Value> {
        Some(match self {
            Self::Boolean => toml::Value::Boolean(text.parse().ok()?),
            Self::Integer => match text.parse() {
                Ok(number) => toml::Value::Integer(number),
                // Without a bound; TOML's integers end before those of the argument.
                Err(_) => return None,
            },
            Self::Number => toml::Value::Float(text.parse().ok()?),
            Self::Text => toml::Value::String(text.to_owned()),
        })
    }
}
