//! Takes secrets and people out of what is recorded.
//!
//! The contract decides what stays: values of enums, instants, booleans and
//! small numbers, and only where the schema declares them. Everything else is
//! replaced, whether it is known to be private or not: every other text, every
//! name of an undeclared property, every identifier. What this module does not
//! know cannot get past it.
//!
//! A fake has the form of what it stands for, and the same value has the same
//! fake wherever it occurs in a run, so that references still match. Fakes come
//! from a keyed hash (HMAC-SHA-256) whose key exists in memory only. They cannot
//! be turned back, and two runs have nothing in common.

use aws_lc_rs::hmac;
use contract::id::UserRef;
use contract::schema::Definitions;
use contract::timestamp::Timestamp;
use serde_json::{Map, Number, Value};

use crate::verify::plan::resolve;

/// Numbers from here on can be those of a telephone or an account.
const PRIVATE_NUMBER: u64 = 1_000_000;

/// The `@type`s of error details, which are names of the protocol.
const DETAILS: &[&str] = &["BadRequest", "ErrorInfo", "RetryInfo", "RequestInfo"];

/// What stays of a text, so that a fake has its form.
const SEPARATORS: &str = " -_.:/+,()@";

/// Makes fakes.
pub(crate) struct Redactor {
    key: hmac::Key,
}

/// What of the contract a redacted value shows. Two values with one fingerprint
/// are of one kind.
#[derive(Debug, Default)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    fn add(&mut self, token: &str) {
        self.0.push_str(token);
        self.0.push(' ');
    }

    /// Adds what is not in a body.
    pub(crate) fn add_all(&mut self, tokens: &[&str]) {
        for token in tokens {
            self.add(token);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Redactor {
    /// With a new key.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self::with_key(&key))
    }

    pub(crate) fn with_key(key: &[u8; 32]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// Replaces what is private in the values of parameters, of which `schemas` are
    /// those that are declared. What is not is left out.
    pub(crate) fn parameters(
        &self,
        definitions: &Definitions,
        schemas: &Map<String, Value>,
        given: impl IntoIterator<Item = (String, String)>,
        fingerprint: &mut Fingerprint,
    ) -> Map<String, Value> {
        let mut kept = Map::new();
        for (name, text) in given {
            let Some(schema) = schemas.get(&name) else {
                continue;
            };
            fingerprint.add(&name);
            let value = self.parameter(definitions, schema, &text);
            kept.insert(name, value.into());
        }
        kept
    }

    fn parameter(&self, definitions: &Definitions, schema: &Value, text: &str) -> String {
        let schema = resolve(definitions, schema);
        if is(schema, "array") {
            let items = text.split(',');
            let items = items.map(|item| self.parameter(definitions, &schema["items"], item));
            return items.collect::<Vec<_>>().join(",");
        }
        let number = is(schema, "integer") || is(schema, "number");
        let boolean = is(schema, "boolean") && (text == "true" || text == "false");
        let small = number && text.parse().is_ok_and(|value: u64| value < PRIVATE_NUMBER);
        if boolean || small || keeps(schema, text) {
            text.to_owned()
        } else {
            self.text(text)
        }
    }

    /// Replaces what is private in a value of a schema.
    pub(crate) fn value(
        &self,
        definitions: &Definitions,
        schema: &Value,
        value: &Value,
        fingerprint: &mut Fingerprint,
    ) -> Value {
        if schema["writeOnly"] == true && !value.is_null() {
            fingerprint.add("secret");
            return match value {
                // Not even the form of a secret is anybody's business.
                Value::String(text) => self.stream(text).hex(16).into(),
                other => self.value(
                    definitions,
                    &Value::Null,
                    other,
                    &mut Fingerprint::default(),
                ),
            };
        }
        let schema = resolve(definitions, schema);
        match value {
            Value::Null => {
                fingerprint.add("null");
                Value::Null
            }
            Value::Bool(flag) => {
                fingerprint.add("boolean");
                Value::Bool(*flag)
            }
            Value::Number(number) => {
                fingerprint.add("number");
                self.number(schema, number)
            }
            Value::String(text) => {
                if keeps(schema, text) {
                    // A value of an enum is part of what an example shows.
                    fingerprint.add(if schema["enum"].is_array() {
                        text
                    } else {
                        "text"
                    });
                    text.as_str().into()
                } else {
                    fingerprint.add("text");
                    self.text(text).into()
                }
            }
            Value::Array(items) => self.list(definitions, schema, items, fingerprint),
            Value::Object(members) => self.object(definitions, schema, members, fingerprint),
        }
    }

    fn list(
        &self,
        definitions: &Definitions,
        schema: &Value,
        items: &[Value],
        fingerprint: &mut Fingerprint,
    ) -> Value {
        fingerprint.add("[");
        // How many there are makes no other kind, nor does their order.
        let mut kinds = std::collections::BTreeSet::new();
        let redacted = items.iter().map(|item| {
            let mut fingerprint = Fingerprint::default();
            let item = self.value(definitions, &schema["items"], item, &mut fingerprint);
            kinds.insert(fingerprint.0);
            item
        });
        let redacted: Vec<_> = redacted.collect();
        for kind in kinds {
            fingerprint.add(&kind);
        }
        fingerprint.add("]");
        redacted.into()
    }

    fn object(
        &self,
        definitions: &Definitions,
        schema: &Value,
        members: &Map<String, Value>,
        fingerprint: &mut Fingerprint,
    ) -> Value {
        fingerprint.add("{");
        let mut redacted = Map::new();
        let mut declared = Vec::new();
        for (name, value) in members {
            if let Some(property) = schema["properties"].get(name) {
                let mut below = Fingerprint::default();
                let value = self.value(definitions, property, value, &mut below);
                declared.push(format!("{name}: {}", below.0));
                redacted.insert(name.clone(), value);
                continue;
            }
            // Not declared, so that even the name can be data.
            let value = self.value(
                definitions,
                &Value::Null,
                value,
                &mut Fingerprint::default(),
            );
            let mut fake = self.text(name);
            while redacted.contains_key(&fake) || schema["properties"].get(&fake).is_some() {
                fake.push('x');
            }
            redacted.insert(fake, value);
        }
        declared.sort();
        for property in declared {
            fingerprint.add(&property);
        }
        fingerprint.add("}");
        redacted.into()
    }

    fn number(&self, schema: &Value, number: &Number) -> Value {
        let declared = is(schema, "integer") || is(schema, "number");
        let small = number
            .as_i64()
            .is_some_and(|whole| whole.unsigned_abs() < PRIVATE_NUMBER);
        if declared && small {
            return number.clone().into();
        }
        // A number of the same size, which does not begin with a zero.
        let fake = self.text(&number.to_string());
        let digits: String = fake
            .chars()
            .enumerate()
            .map(|(index, digit)| {
                if index == 0 && digit == '0' {
                    '1'
                } else {
                    digit
                }
            })
            .collect();
        match digits.parse::<Value>() {
            Ok(Value::Number(fake)) => fake.into(),
            _ => 1.into(),
        }
    }

    /// A fake of the same form. It depends on nothing but the text.
    pub(crate) fn text(&self, text: &str) -> String {
        if text.is_empty() {
            return String::new();
        }
        let is_id = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut fresh = self.stream(text);
        if is_id {
            return fresh.hex(24);
        }
        if text.contains("://") {
            return format!("https://example.com/{}", fresh.hex(16));
        }
        if let Some((name, domain)) = text.split_once('@')
            && !name.is_empty()
            && domain.contains('.')
            && !text.contains(char::is_whitespace)
        {
            return format!("{}@example.com", fresh.hex(12));
        }
        loop {
            let fake: String = text
                .chars()
                .map(|character| fresh.like(character))
                .collect();
            let changes = text
                .chars()
                .any(|character| !SEPARATORS.contains(character));
            if !changes || fake != text {
                return fake;
            }
        }
    }

    fn stream(&self, text: &str) -> Stream<'_> {
        let seed = hmac::sign(&self.key, text.as_bytes());
        Stream {
            key: &self.key,
            seed: seed.as_ref().to_vec(),
            block: Vec::new(),
            next: 0,
            count: 0,
        }
    }
}

/// Bytes without an end that follow from a text and the key.
struct Stream<'a> {
    key: &'a hmac::Key,
    seed: Vec<u8>,
    block: Vec<u8>,
    next: usize,
    count: u64,
}

impl Stream<'_> {
    fn byte(&mut self) -> u8 {
        if self.next == self.block.len() {
            let input = [&self.seed[..], &self.count.to_be_bytes()].concat();
            self.block = hmac::sign(self.key, &input).as_ref().to_vec();
            self.count += 1;
            self.next = 0;
        }
        self.next += 1;
        self.block[self.next - 1]
    }

    fn hex(&mut self, digits: usize) -> String {
        let digit = |byte: u8| char::from(b"0123456789abcdef"[usize::from(byte % 16)]);
        (0..digits).map(|_| digit(self.byte())).collect()
    }

    /// Another character of the same class.
    fn like(&mut self, character: char) -> char {
        let (first, size) = match character {
            '0'..='9' => (b'0', 10),
            'A'..='Z' => (b'A', 26),
            character if SEPARATORS.contains(character) => return character,
            _ => (b'a', 26),
        };
        char::from(first + self.byte() % size)
    }
}

/// Returns whether the schema of a text lets it stay.
fn keeps(schema: &Value, text: &str) -> bool {
    if let Some(options) = schema["enum"].as_array() {
        return options.iter().any(|option| option == text);
    }
    if schema["format"] == "date-time" {
        return text.len() <= 30 && text.parse::<Timestamp>().is_ok();
    }
    if schema["pattern"] == UserRef::PATTERN {
        return text == "me";
    }
    let detail = text.strip_prefix("type.googleapis.com/google.rpc.");
    detail.is_some_and(|name| DETAILS.contains(&name))
}

fn is(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == name),
        only => only == name,
    }
}

#[cfg(test)]
mod tests {
    use contract::id::ObjectId;
    use serde_json::json;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::with_key(&[7; 32])
    }

    fn user(value: &Value) -> Value {
        let operation = contract::find("getUser").expect("an operation");
        let of = operation.reply.body.of().expect("a body");
        let read = &of.views().read;
        let none = &mut Fingerprint::default();
        redactor().value(&read.definitions, read.root(), value, none)
    }

    #[test]
    fn what_the_contract_declares_as_harmless_stays() {
        let value = json!({
            "role": "agent",
            "createdAt": "2016-01-07T14:03:43.620Z",
            "settings": { "locale": "nl", "localeSet": true },
            "avatar": null,
        });
        assert_eq!(user(&value), value);
    }

    #[test]
    fn what_only_looks_harmless_is_replaced() {
        let value = json!({
            "role": "Marie Curie",
            "createdAt": "born in 1867",
            "phone": "+31209876543",
            "organization": "not an id",
        });
        let redacted = user(&value);
        for (name, before) in value.as_object().expect("an object") {
            assert_ne!(&redacted[name], before, "{name} is as it was");
        }
    }

    #[test]
    fn the_same_value_has_the_same_fake_everywhere() {
        let id = "57c8479433f5d57d3013a0bc";
        let redacted = user(&json!({ "id": id, "organization": id, "familyName": id }));
        assert_ne!(redacted["id"], id);
        assert_eq!(redacted["id"], redacted["organization"]);
        assert_eq!(redacted["id"], redacted["familyName"]);
    }

    #[test]
    fn fakes_have_the_form_of_what_they_stand_for() {
        let of = |text| redactor().text(text);
        let fake: ObjectId = of("57c8479433f5d57d3013a0bc").parse().expect("an ID");
        assert_ne!(fake.to_string(), "57c8479433f5d57d3013a0bc");
        assert!(of("jeff@jeffdoe.com").ends_with("@example.com"));
        assert!(of("https://u:p@host/x").starts_with("https://example.com/"));
        let phone = of("+31 20-987");
        assert!(phone.starts_with('+') && phone.len() == 10, "{phone}");
        assert_eq!(of(""), "");
    }

    #[test]
    fn a_secret_loses_even_its_form() {
        for secret in ["!!!", "a", "correct horse battery staple"] {
            let redacted = user(&json!({ "password": secret }));
            assert_eq!(redacted["password"].as_str().map(str::len), Some(16));
        }
        let redacted = user(&json!({ "password": { "pin": 1234 } }));
        assert!(!redacted.to_string().contains("pin"), "{redacted}");
    }

    #[test]
    fn a_text_of_signs_is_replaced() {
        let redacted = user(&json!({ "familyName": "\u{1f600}!?" }));
        assert_ne!(redacted["familyName"], "\u{1f600}!?");
    }

    #[test]
    fn another_run_makes_other_fakes() {
        let other = Redactor::with_key(&[8; 32]);
        assert_ne!(redactor().text("Jeff"), other.text("Jeff"));
    }

    #[test]
    fn undeclared_numbers_and_names_are_replaced() {
        let redacted = user(&json!({ "meta": { "0612345678": 31_209_876_543_u64 } }));
        let text = redacted.to_string();
        assert!(
            !text.contains("0612345678") && !text.contains("31209876543"),
            "{text}"
        );
        let meta = redacted["meta"].as_object().expect("an object");
        assert!(meta.values().all(Value::is_number), "{text}");
    }
}
