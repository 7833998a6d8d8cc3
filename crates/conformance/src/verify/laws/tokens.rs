//! The tokens that requests are made with: secrets as well, which only a reply that is
//! declared to give them may have.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::SET_COOKIE;
use serde_json::Value;

use super::options::Laws;
use super::schema;
use super::scheme::Scheme;
use super::secrets;

/// A token that is shorter could be in a reply by chance.
const SHORTEST: usize = 8;

/// What properties are called that give a token.
const GIVING: [&str; 4] = ["token", "key", "secret", "credential"];

/// More objects than this below one another are not looked into.
const MAX_DEPTH: usize = 6;

/// The tokens of all callers, in every form in which a request has them.
pub(super) fn all(scheme: &Scheme, own: &str, laws: &Laws) -> BTreeSet<String> {
    let others = [
        &laws.expired_token,
        &laws.foreign_token,
        &laws.limited_token,
    ];
    let forged = secrets::forged(own);
    let others = others.into_iter().flatten().map(String::as_str);
    let given = [own, &forged].into_iter().chain(others);
    let long = given.filter(|token| token.len() >= SHORTEST);
    long.flat_map(|token| {
        let is_encoded = *scheme == Scheme::Basic && token.contains(':');
        let encoded = is_encoded.then(|| STANDARD.encode(token));
        [Some(token.to_owned()), encoded].into_iter().flatten()
    })
    .collect()
}

/// Returns where in a reply a token is that it is not declared to give; nothing where none
/// is. `stated` is the schema of the body of a success.
pub(super) fn told(
    root: &Value,
    scheme: &Scheme,
    tokens: &BTreeSet<String>,
    headers: &HeaderMap,
    (body, value, stated): (&[u8], Option<&Value>, Option<&Value>),
) -> Option<String> {
    // Where tokens are a parameter, each link to another page has one.
    if matches!(scheme, Scheme::Query(_)) {
        return None;
    }
    let given = value.zip(stated);
    let mut left = tokens.clone();
    left.retain(|token| !given.is_some_and(|(value, of)| gives(root, of, value, token, 0)));
    let mut headers = headers.clone();
    if matches!(scheme, Scheme::Cookie(_)) {
        headers.remove(SET_COOKIE);
    }
    secrets::found(&left, &headers, body)
}

/// Returns whether a body has a token where its schema declares one.
fn gives(root: &Value, stated: &Value, value: &Value, token: &str, depth: usize) -> bool {
    let properties = schema::properties(root, stated);
    properties.iter().any(|(name, property)| {
        let lower = name.to_lowercase();
        let is_named = GIVING.iter().any(|giving| lower.contains(giving));
        let there = &value[name];
        (is_named && there == token)
            || (there.is_object()
                && depth < MAX_DEPTH
                && gives(root, property, there, token, depth + 1))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "head.body.signature";

    #[track_caller]
    fn check(body: &Value, header: Option<&str>, expected: Option<&str>) {
        let stated = json!({ "properties": {
            "token": { "type": "string" },
            "more": { "properties": { "apiKey": { "type": "string" } } },
            "meta": { "type": "object" }
        } });
        let tokens = all(&Scheme::Bearer, TOKEN, &Laws::default());
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-echo", header.parse().expect("a header"));
        }
        let text = body.to_string();
        let body = (text.as_bytes(), Some(body), Some(&stated));
        let told = told(&Value::Null, &Scheme::Bearer, &tokens, &headers, body);
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn a_token_that_is_declared_is_given() {
        check(&json!({ "token": TOKEN }), None, None);
        check(&json!({ "more": { "apiKey": TOKEN } }), None, None);
    }

    #[test]
    fn a_token_elsewhere_is_told() {
        let message = format!("{TOKEN} is expired");
        check(&json!({ "token": message }), None, Some("the body"));
        check(
            &json!({ "meta": { "token": TOKEN } }),
            None,
            Some("the body"),
        );
        check(&json!({}), Some(TOKEN), Some("the header x-echo"));
    }

    #[test]
    fn a_name_and_a_password_are_secret_in_both_forms() {
        let tokens = all(&Scheme::Basic, "jan:password", &Laws::default());
        assert!(tokens.contains("jan:password"));
        assert!(tokens.contains("amFuOnBhc3N3b3Jk"));
    }
}
