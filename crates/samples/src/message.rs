//! The message of an rpc, in the order in which its request was recorded.

use jiff::Timestamp;
use prost_reflect::{
    DescriptorPool, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    Value as Reflected,
};
use serde_json::{Map, Value as Json};

use crate::error::Error;

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) descriptor: MessageDescriptor,
    pub(crate) fields: Vec<(FieldDescriptor, Value)>,
}

/// The value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// A text that is in this environment variable.
    Variable(&'static str),
    Enum(EnumDescriptor, EnumValueDescriptor),
    Timestamp(Timestamp),
    Struct(Map<String, Json>),
    Message(Message),
    List(Vec<Value>),
}

impl Message {
    pub(crate) fn new(descriptor: MessageDescriptor) -> Self {
        Self {
            descriptor,
            fields: Vec::new(),
        }
    }

    /// The message in the field of this name, if it is set.
    pub(crate) fn of(&self, name: &str) -> Option<&Self> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(field, _)| field.name() == name)?;
        match value {
            Value::Message(message) => Some(message),
            _ => None,
        }
    }
}

/// Reads the parts of a request as messages, as the options of `transcode.v1` say.
pub(crate) struct Reading<'a> {
    pub(crate) operation: &'static str,
    pub(crate) pool: &'a DescriptorPool,
}

impl Reading<'_> {
    /// Sets the field at a path of names as in the protos.
    pub(crate) fn set(&self, message: &mut Message, path: &str, value: &Json) -> Result<(), Error> {
        let (name, below) = match path.split_once('.') {
            Some((name, below)) => (name, Some(below)),
            None => (path, None),
        };
        let field = message
            .descriptor
            .get_field_by_name(name)
            .ok_or_else(|| self.no_field(message, name))?;
        let Some(below) = below else {
            let value = self.value(&field, value)?;
            message.fields.push((field, value));
            return Ok(());
        };
        let mut inner = message.of(name).cloned();
        if inner.is_none()
            && let Kind::Message(descriptor) = field.kind()
        {
            inner = Some(Message::new(descriptor));
        }
        let mut inner = inner.ok_or_else(|| self.no_field(message, path))?;
        self.set(&mut inner, below, value)?;
        message.fields.retain(|(other, _)| *other != field);
        message.fields.push((field, Value::Message(inner)));
        Ok(())
    }

    /// Sets the field of a property, or of a parameter in a query.
    pub(crate) fn member(
        &self,
        message: &mut Message,
        name: &str,
        value: &Json,
    ) -> Result<(), Error> {
        if let Some(field) = message.descriptor.get_field_by_json_name(name) {
            let value = self.value(&field, value)?;
            message.fields.push((field, value));
            return Ok(());
        }
        // There is one field for what is not declared.
        let collector = message
            .descriptor
            .fields()
            .find(|field| self.is_marked(&field.options(), "transcode.v1.undeclared"))
            .ok_or_else(|| self.no_field(message, name))?;
        let known = message
            .fields
            .iter_mut()
            .find(|(field, _)| *field == collector);
        if let Some((_, Value::Struct(members))) = known {
            members.insert(name.to_owned(), value.clone());
        } else {
            let members = Map::from_iter([(name.to_owned(), value.clone())]);
            message.fields.push((collector, Value::Struct(members)));
        }
        Ok(())
    }

    /// The field of a property.
    pub(crate) fn field(&self, message: &Message, name: &str) -> Result<FieldDescriptor, Error> {
        let field = message.descriptor.get_field_by_json_name(name);
        field.ok_or_else(|| self.no_field(message, name))
    }

    fn value(&self, field: &FieldDescriptor, value: &Json) -> Result<Value, Error> {
        if !field.is_list() {
            return self.one(field, value);
        }
        let items = value
            .as_array()
            .ok_or_else(|| self.no_value(field, value))?;
        let items = items.iter().map(|item| self.one(field, item));
        items.collect::<Result<_, _>>().map(Value::List)
    }

    fn one(&self, field: &FieldDescriptor, value: &Json) -> Result<Value, Error> {
        let read = match (field.kind(), value) {
            (Kind::Message(descriptor), value) => return self.message(field, descriptor, value),
            (Kind::Enum(values), Json::String(text)) => {
                let found = values.values().find(|value| self.spelling(value) == *text);
                found.map(|value| Value::Enum(values, value))
            }
            (Kind::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
            (Kind::String, Json::String(text)) => Some(Value::Text(text.clone())),
            (Kind::Double | Kind::Float, Json::Number(number)) => {
                number.as_f64().map(Value::Number)
            }
            (Kind::Int32 | Kind::Int64, Json::Number(number)) => {
                number.as_i64().map(Value::Integer)
            }
            _ => None,
        };
        read.ok_or_else(|| self.no_value(field, value))
    }

    fn message(
        &self,
        field: &FieldDescriptor,
        descriptor: MessageDescriptor,
        value: &Json,
    ) -> Result<Value, Error> {
        let mut message = Message::new(descriptor);
        let read = match (message.descriptor.full_name(), value) {
            ("google.protobuf.Timestamp", Json::String(text)) => {
                text.parse().ok().map(Value::Timestamp)
            }
            ("google.protobuf.Struct", Json::Object(members)) => {
                Some(Value::Struct(members.clone()))
            }
            (name, _) if name.starts_with("google.") => None,
            _ if self.is_marked(&message.descriptor.options(), "transcode.v1.transparent") => {
                let inner = message.descriptor.fields().next();
                if let (Some(inner), false) = (inner, value.is_null()) {
                    let value = self.value(&inner, value)?;
                    message.fields.push((inner, value));
                }
                Some(Value::Message(message))
            }
            (_, Json::Object(members)) => {
                for (name, value) in members {
                    self.member(&mut message, name, value)?;
                }
                Some(Value::Message(message))
            }
            _ => None,
        };
        read.ok_or_else(|| self.no_value(field, value))
    }

    /// How JSON spells the value of an enum.
    fn spelling(&self, value: &EnumValueDescriptor) -> String {
        let extension = self.pool.get_extension_by_name("transcode.v1.value");
        let spelled = extension.and_then(|extension| {
            let options = value.options();
            let text = options.get_extension(&extension);
            text.as_str().map(str::to_owned)
        });
        let spelled = spelled.filter(|text| !text.is_empty());
        spelled.unwrap_or_else(|| value.name().to_owned())
    }

    fn is_marked(&self, options: &prost_reflect::DynamicMessage, mark: &str) -> bool {
        let extension = self.pool.get_extension_by_name(mark);
        extension.is_some_and(|extension| {
            matches!(*options.get_extension(&extension), Reflected::Bool(true))
        })
    }

    fn no_field(&self, message: &Message, name: &str) -> Error {
        Error::NoField {
            operation: self.operation,
            message: message.descriptor.full_name().to_owned(),
            name: name.to_owned(),
        }
    }

    fn no_value(&self, field: &FieldDescriptor, value: &Json) -> Error {
        Error::NoValue {
            operation: self.operation,
            field: field.full_name().to_owned(),
            value: value.to_string(),
        }
    }
}
