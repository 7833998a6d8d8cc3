//! Bodies of requests that a server has to accept: the document's example with
//! references to what exists, or else what the schema describes.

use serde_json::{Map, Value};

use super::operation::{Operation, RequestBody};
use super::schema;
use super::session::Session;

/// More objects than this below one another are left out.
const MAX_DEPTH: usize = 12;

/// How much of a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All that the example has; without an example, all that can be made up.
    Example,
    /// What is required alone.
    Required,
}

/// A body, and the secrets in it.
pub(crate) struct Sample {
    pub(crate) body: Value,
    pub(crate) secrets: Vec<String>,
}

/// Makes a body. `number` tells one from the other, and 0 takes the example's
/// values as they are; `variant` is in what must be unique.
pub(crate) fn make(
    session: &Session<'_>,
    operation: &Operation,
    extent: Extent,
    number: usize,
    variant: &str,
) -> Result<Sample, String> {
    let Some(RequestBody {
        schema, example, ..
    }) = &operation.body
    else {
        return Err("it has no JSON body".to_owned());
    };
    let model = session.model;
    let mut resources = model.resources.iter();
    let of = resources.find(|of| [&of.collection, &of.item].contains(&&operation.path));
    let mut maker = Maker {
        session,
        extent,
        number,
        is_unique: of.is_some_and(|of| session.unique.contains(&of.item)),
        unique: format!("{}-{variant}", session.run),
        secrets: Vec::new(),
        missing: None,
    };
    // A list that stands alone has the name of what it is added to.
    let name = operation.path.rsplit('/').next().unwrap_or_default();
    let name = if name.starts_with('{') { "" } else { name };
    let body = maker.value(schema, name, example.as_ref(), true, 0);
    if let Some(missing) = maker.missing {
        return Err(format!(
            "there is no value for `{missing}`, which is required"
        ));
    }
    let body = body.ok_or("there is no value for its body")?;
    Ok(Sample {
        body,
        secrets: maker.secrets,
    })
}

struct Maker<'a> {
    session: &'a Session<'a>,
    extent: Extent,
    number: usize,
    /// Whether free texts have to be others than all before.
    is_unique: bool,
    unique: String,
    secrets: Vec<String>,
    missing: Option<String>,
}

impl Maker<'_> {
    /// A value; nothing where it is not to be sent.
    fn value(
        &mut self,
        stated: &Value,
        name: &str,
        example: Option<&Value>,
        required: bool,
        depth: usize,
    ) -> Option<Value> {
        let root = self.session.root();
        if depth > MAX_DEPTH || schema::is_marked(root, stated, "readOnly") {
            return None;
        }
        let schema = schema::resolve(root, stated);
        let is = |name: &str| schema::has_type(root, schema, name);
        let own = schema::example(root, stated);
        let example = example.or(own.as_ref());
        let made = if !schema::properties(root, schema).is_empty() {
            Some(self.object(schema, example, depth))
        } else if is("array") {
            self.list(schema, name, example, depth)
        } else if is("string") {
            self.text(stated, schema, name, example)
        } else if is("integer") || is("number") {
            Some(self.number(schema, example))
        } else if is("boolean") {
            Some(example.cloned().unwrap_or(Value::Bool(true)))
        } else if is("object") {
            Some(example.cloned().unwrap_or_else(|| Map::new().into()))
        } else {
            example
                .cloned()
                .or_else(|| schema.get("const").cloned())
                .or_else(|| {
                    let first = schema["oneOf"]
                        .get(0)
                        .or_else(|| schema["anyOf"].get(0))
                        .cloned()?;
                    self.value(&first, name, None, required, depth + 1)
                })
        };
        if made.is_none() && required && self.missing.is_none() {
            self.missing = Some(name.to_owned());
        }
        made
    }

    fn object(&mut self, schema: &Value, example: Option<&Value>, depth: usize) -> Value {
        let root = self.session.root();
        let required = schema::required(root, schema);
        let mut made = Map::new();
        let properties = schema::properties(root, schema);
        for (name, property) in &properties {
            let shown = example.and_then(|example| example.get(name));
            let is_required = required.contains(name.as_str());
            let is_left_out = match self.extent {
                Extent::Required => !is_required,
                // What the example leaves out is left out.
                Extent::Example => shown.is_none() && !is_required && example.is_some(),
            };
            if is_left_out || schema::is_marked(root, property, "readOnly") {
                continue;
            }
            if let Some(value) = self.value(property, name, shown, is_required, depth + 1) {
                made.insert(name.clone(), value);
            }
        }
        if !schema::is_closed(root, schema) && self.extent == Extent::Example {
            for (name, value) in example.and_then(Value::as_object).into_iter().flatten() {
                if !properties.contains_key(name) {
                    made.insert(name.clone(), value.clone());
                }
            }
        }
        made.into()
    }

    fn list(
        &mut self,
        schema: &Value,
        name: &str,
        example: Option<&Value>,
        depth: usize,
    ) -> Option<Value> {
        let items = &schema["items"];
        let shown = example
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let mut made: Vec<Value> = Vec::new();
        for item in &shown {
            // Several references can have become the same one.
            if let Some(item) = self.value(items, name, Some(item), false, depth + 1)
                && !made.contains(&item)
            {
                made.push(item);
            }
        }
        let least = schema["minItems"].as_u64().unwrap_or(0);
        if made.is_empty() && least > 0 {
            made.push(self.value(items, name, None, true, depth + 1)?);
        }
        Some(made.into())
    }

    fn text(
        &mut self,
        stated: &Value,
        schema: &Value,
        name: &str,
        example: Option<&Value>,
    ) -> Option<Value> {
        let session = self.session;
        let root = session.root();
        let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
        let fits =
            |text: &str| u64::try_from(text.chars().count()).is_ok_and(|length| length <= most);
        if schema::is_marked(root, stated, "writeOnly") || schema["format"] == "password" {
            let secret = format!("verify-{}-Secret-{name}", self.unique);
            if fits(&secret) {
                self.secrets.push(secret.clone());
                return Some(secret.into());
            }
        }
        let hint = session
            .hints
            .references
            .iter()
            .find(|(property, _)| *property == name);
        let is_identifier = session.model.is_identifier(schema);
        let looks_like_one = name.len() > 2 && (name.ends_with("Id") || name.ends_with("_id"));
        if hint.is_some() || is_identifier || looks_like_one {
            let referred = hint.map_or(name, |(_, resource)| resource);
            let resource = session.model.referred(referred);
            let ids = resource.and_then(|resource| session.known.get(&resource.item));
            if let Some(id) = ids.and_then(|ids| ids.first()) {
                return Some(id.as_str().into());
            }
            if is_identifier || resource.is_some() {
                return None;
            }
        }
        if let Some((_, template)) = session
            .hints
            .unique
            .iter()
            .find(|(property, _)| *property == name)
        {
            return Some(template.replace("{run}", &self.unique).into());
        }
        if schema["format"] == "email" {
            return Some(format!("verify-{}@example.com", self.unique).into());
        }
        let options = schema::options(root, schema);
        if !options.is_empty() {
            return example
                .cloned()
                .or_else(|| Some((*options.first()?).into()));
        }
        if let Some(Value::String(text)) = example {
            if self.is_unique
                && let Some(other) = self.other(schema, text).filter(|other| fits(other))
            {
                return Some(other.into());
            }
            let varied = format!("{text} {}", self.number);
            let is_plain = schema.get("pattern").is_none() && schema.get("format").is_none();
            let is_varied = self.number > 0 && is_plain && fits(&varied);
            return Some(if is_varied { varied } else { text.clone() }.into());
        }
        let made = match schema["format"].as_str() {
            Some("date-time") => "2030-01-02T03:04:05Z".to_owned(),
            Some("date") => "2030-01-02".to_owned(),
            Some("uri" | "url") => format!("https://example.com/verify-{}", self.unique),
            Some("uuid") => "3f0c2f6e-2d0b-4f0e-9a52-7e1f6a0d9c11".to_owned(),
            Some(_) => return None,
            None if schema.get("pattern").is_some() => return None,
            None if self.is_unique => format!("verify {name} {}", self.unique),
            None => format!("verify {name} {}", self.number),
        };
        let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap_or(0);
        let made = format!("{made:x<least$}");
        Some(
            made.chars()
                .take(usize::try_from(most).unwrap_or(usize::MAX))
                .collect::<String>()
                .into(),
        )
    }

    /// A text like that of an example which is another than all before.
    fn other(&self, schema: &Value, example: &str) -> Option<String> {
        if schema.get("pattern").is_some() || schema.get("const").is_some() {
            return None;
        }
        let unique = &self.unique;
        match schema["format"].as_str() {
            Some("uri" | "url") if !example.contains(['?', '#']) => {
                Some(format!("{example}-{unique}"))
            }
            Some("uri" | "url") => Some(format!("https://example.com/verify-{unique}")),
            Some(_) => None,
            None => {
                let longer = format!("{example} {unique}");
                let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
                let length = u64::try_from(longer.chars().count()).ok()?;
                Some(if length <= most {
                    longer
                } else {
                    unique.clone()
                })
            }
        }
    }

    fn number(&self, schema: &Value, example: Option<&Value>) -> Value {
        let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
        let base = example
            .or_else(|| schema.get("minimum"))
            .cloned()
            .unwrap_or_else(|| 1.into());
        let Some(whole) = base.as_i64() else {
            return base;
        };
        let varied = whole.saturating_add(i64::try_from(self.number).unwrap_or(0));
        if varied <= most { varied } else { whole }.into()
    }
}
