//! `--select`: the part of a reply that is asked for.
//!
//! A path is made of steps, joined by dots: the name of a field in JSON or in
//! protobuf, the key of a map, the place of an element in a list, from 0 on, or `*` for
//! every one of them. `users[]`, `users[*]` and `users[0]` are other spellings of
//! `users.*` and `users.0`.

use anyhow::{anyhow, bail, ensure};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::{facts, find};

/// A part of a reply.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// The path as it was given.
    path: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// A field, a key of a map or an element of a list.
    One(String),
    /// All fields, keys or elements.
    Every,
}

/// What a step leads to.
enum Shape {
    Message(MessageDescriptor),
    List(Kind),
    Map(Kind),
    /// Free-form JSON.
    Anything,
    /// A value with nothing in it, and what it is.
    Value(String),
}

impl Selection {
    /// Reads a path from a message on.
    ///
    /// # Errors
    ///
    /// A reply cannot have the path; what resembles it.
    pub(super) fn parse(path: &str, reply: &MessageDescriptor) -> anyhow::Result<Self> {
        let mut steps = steps(path)?;
        let mut shape = Shape::Message(reply.clone());
        let mut before = String::new();
        for step in &mut steps {
            shape = shape.follow(step, &before)?;
            if !before.is_empty() {
                before.push('.');
            }
            before.push_str(match step {
                Step::One(name) => name,
                Step::Every => "*",
            });
        }
        Ok(Self {
            path: path.to_owned(),
            steps,
        })
    }

    /// Returns the path as it was given.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether any number of values may be selected, none among them.
    pub(super) fn is_wide(&self) -> bool {
        self.steps.contains(&Step::Every)
    }

    /// Returns what is selected of a reply, in order.
    pub(super) fn of<'a>(&self, reply: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![reply];
        for step in &self.steps {
            found = found
                .into_iter()
                .flat_map(|value| step.follow(value))
                .collect();
        }
        found
    }
}

/// The steps of a path.
fn steps(path: &str) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, brackets) = match part.find('[') {
            Some(start) => part.split_at(start),
            None => (part, ""),
        };
        ensure!(
            !name.is_empty() || (steps.is_empty() && !brackets.is_empty()),
            "{path:?} has an empty step; users.0.email and users.*.email are paths"
        );
        match name {
            "" => {}
            "*" => steps.push(Step::Every),
            name => steps.push(Step::One(name.to_owned())),
        }
        let mut rest = brackets;
        while !rest.is_empty() {
            let inside = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let Some((inside, after)) = inside else {
                bail!("{path:?} has brackets that do not match");
            };
            match inside {
                "" | "*" => steps.push(Step::Every),
                place if is_place(place) => steps.push(Step::One(place.to_owned())),
                other => bail!("{path:?}: [{other}] is neither [] nor the place of an element"),
            }
            rest = after;
        }
    }
    Ok(steps)
}

fn is_place(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Step {
    fn follow<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Every, Value::Array(values)) => values.iter().collect(),
            (Self::Every, Value::Object(fields)) => fields.values().collect(),
            (Self::One(name), Value::Object(fields)) => fields.get(name).into_iter().collect(),
            (Self::One(place), Value::Array(values)) => {
                let place = place.parse::<usize>().ok();
                place
                    .and_then(|place| values.get(place))
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Shape {
    /// Where a step leads. A field is named as in JSON from then on. `before` is the path
    /// up to here.
    fn follow(self, step: &mut Step, before: &str) -> anyhow::Result<Self> {
        match (self, &mut *step) {
            (Self::Message(message), Step::One(name)) => {
                let field = message
                    .get_field_by_json_name(name)
                    .or_else(|| message.get_field_by_name(name))
                    .ok_or_else(|| unknown(&message, name, before))?;
                field.json_name().clone_into(name);
                Ok(Self::of_field(&field))
            }
            (Self::Message(_) | Self::Anything, _) => Ok(Self::Anything),
            (Self::List(kind), Step::One(name)) if !is_place(name) => {
                let spelled = format!("{before}.*.{name}");
                match Self::of_kind(&kind) {
                    Self::Message(_) | Self::Anything => bail!(
                        "{before} is a list: {spelled} is that of every element, and \
                         {before}.0.{name} that of the first"
                    ),
                    _ => bail!("{before} is a list: {before}.* is every element of it"),
                }
            }
            (Self::List(kind) | Self::Map(kind), _) => Ok(Self::of_kind(&kind)),
            (Self::Value(what), _) => bail!("{before} is {what}, which has no parts"),
        }
    }

    fn of_field(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map(entry.map_entry_value_field().kind())
            }
            kind if field.is_list() => Self::List(kind),
            kind => Self::of_kind(&kind),
        }
    }

    fn of_kind(kind: &Kind) -> Self {
        match kind {
            Kind::Message(message) if !facts::is_well_known(message) => {
                Self::Message(message.clone())
            }
            Kind::Message(message) => match message.name() {
                "Struct" | "Value" | "ListValue" | "Any" => Self::Anything,
                name => Self::Value(format!("a {name}")),
            },
            Kind::Enum(values) => Self::Value(format!("a {}", values.name())),
            kind => Self::Value(format!("a {kind:?}")),
        }
    }
}

fn unknown(message: &MessageDescriptor, name: &str, before: &str) -> anyhow::Error {
    let names: Vec<_> = message
        .fields()
        .map(|field| field.json_name().to_owned())
        .collect();
    let place = if before.is_empty() {
        "the reply".to_owned()
    } else {
        before.to_owned()
    };
    let near = find::closest(name, &names);
    if near.is_empty() && names.is_empty() {
        return anyhow!("{place} has nothing in it");
    }
    if near.is_empty() {
        return anyhow!("{place} has no {name:?}; it has {}", names.join(", "));
    }
    anyhow!("{place} has no {name:?}{}", find::did_you_mean(&near))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &[&str]) {
        let steps = steps(path).expect("it is a path");
        let shown: Vec<_> = steps
            .iter()
            .map(|step| match step {
                Step::One(name) => name.as_str(),
                Step::Every => "*",
            })
            .collect();
        assert_eq!(shown, expected, "{path}");
    }

    #[test]
    fn brackets_are_another_spelling_of_dots() {
        check("users.*.email", &["users", "*", "email"]);
        check("users[].email", &["users", "*", "email"]);
        check("users[*].email", &["users", "*", "email"]);
        check("users[0].email", &["users", "0", "email"]);
        check("a[0][]", &["a", "0", "*"]);
        check("*", &["*"]);
    }

    #[test]
    fn malformed_paths_are_refused() {
        for path in ["", ".", "a.", "a..b", "a[", "a[x]", "a]b[", "a[0"] {
            assert!(steps(path).is_err(), "{path:?}");
        }
    }
}
