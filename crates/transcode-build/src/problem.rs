//! What is wrong with the protos, and where.

use std::fmt;
use std::path::PathBuf;

use prost_reflect::{
    EnumValueDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor, MethodDescriptor,
};

/// One thing in the protos that cannot be translated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file: as it is imported, or where it is, if that is known.
    pub file: PathBuf,
    /// The line in it, from 1 on, if the descriptors tell it.
    pub line: Option<u32>,
    /// What it is about: a kind and a full name, such as `rpc pkg.Service.Method`.
    pub subject: String,
    /// What is wrong with it, and what to do about it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}: {}", self.subject, self.reason)
    }
}

impl std::error::Error for Problem {}

impl Problem {
    pub(crate) fn of_file(file: &FileDescriptor, reason: impl Into<String>) -> Self {
        Self::at(file, &[], format!("file {}", file.name()), reason)
    }

    pub(crate) fn of_message(message: &MessageDescriptor, reason: impl Into<String>) -> Self {
        let subject = format!("message {}", message.full_name());
        Self::at(&message.parent_file(), message.path(), subject, reason)
    }

    pub(crate) fn of_field(field: &FieldDescriptor, reason: impl Into<String>) -> Self {
        let subject = format!("field {}", field.full_name());
        let file = field.parent_message().parent_file();
        Self::at(&file, field.path(), subject, reason)
    }

    pub(crate) fn of_enum_value(value: &EnumValueDescriptor, reason: impl Into<String>) -> Self {
        let subject = format!("enum value {}", value.full_name());
        let file = value.parent_enum().parent_file();
        Self::at(&file, value.path(), subject, reason)
    }

    pub(crate) fn of_rpc(method: &MethodDescriptor, reason: impl Into<String>) -> Self {
        let subject = format!("rpc {}", method.full_name());
        let file = method.parent_service().parent_file();
        Self::at(&file, method.path(), subject, reason)
    }

    fn at(file: &FileDescriptor, path: &[i32], subject: String, reason: impl Into<String>) -> Self {
        let locations = file.file_descriptor_proto().source_code_info.as_ref();
        let locations = locations.map(|info| info.location.as_slice());
        let location = locations
            .unwrap_or_default()
            .iter()
            .find(|location| location.path == path);
        // Lines are counted from 0 on there.
        let line = location.and_then(|location| u32::try_from(*location.span.first()?).ok());
        Self {
            file: file.name().into(),
            line: line.map(|line| line + 1),
            subject,
            reason: reason.into(),
        }
    }
}
