//! Merge patches.

use bytes::Bytes;
use contract::{
    operation::{Body, Update},
    schema::{Described, Views},
    users::User,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[track_caller]
fn apply<T: Described>(patch: &Value, to: &Value) -> Result<Value, String> {
    let patch = Update::<T>::parse(Bytes::from(patch.to_string())).expect("the patch is valid");
    let to: T = serde_json::from_value(to.clone()).expect("the resource is valid");
    patch
        .apply(&to)
        .map(|value| json!(value))
        .map_err(|violations| violations.to_string())
}

#[track_caller]
fn check(patch: &Value, to: &Value, expected: &Value) {
    assert_eq!(apply::<User>(patch, to).as_ref(), Ok(expected));
}

#[test]
fn named_properties_change_and_others_stay() {
    check(
        &json!({ "givenName": "Hans" }),
        &json!({ "givenName": "Jan", "familyName": "Vries", "email": "a@b.example" }),
        &json!({ "givenName": "Hans", "familyName": "Vries", "email": "a@b.example" }),
    );
}

#[test]
fn null_clears() {
    check(
        &json!({ "avatar": null, "phone": null }),
        &json!({ "email": "a@b.example", "avatar": "https://a.example/b.png" }),
        &json!({ "email": "a@b.example" }),
    );
}

#[test]
fn nested_objects_are_merged() {
    check(
        &json!({ "settings": { "locale": "nl", "timezone": null } }),
        &json!({ "email": "a@b.example", "settings": { "timezone": "UTC", "pushNotify": true } }),
        &json!({ "email": "a@b.example", "settings": { "locale": "nl", "pushNotify": true } }),
    );
}

#[test]
fn nested_object_comes_into_being() {
    check(
        &json!({ "settings": { "locale": "nl", "timezone": null } }),
        &json!({ "email": "a@b.example" }),
        &json!({ "email": "a@b.example", "settings": { "locale": "nl" } }),
    );
}

#[test]
fn lists_are_replaced() {
    check(
        &json!({ "settings": { "notifications": [] } }),
        &json!({ "email": "a@b.example", "settings": { "notifications": ["billing"] } }),
        &json!({ "email": "a@b.example", "settings": { "notifications": [] } }),
    );
}

#[test]
fn free_form_data_is_merged() {
    check(
        &json!({ "meta": { "a": { "x": 1 }, "b": null } }),
        &json!({ "email": "a@b.example", "meta": { "a": { "y": 2 }, "b": 3, "c": [null] } }),
        &json!({ "email": "a@b.example", "meta": { "a": { "y": 2, "x": 1 }, "c": [null] } }),
    );
}

#[test]
fn read_only_properties_are_ignored() {
    check(
        &json!({ "id": "000000000000000000000000", "createdAt": null, "phone": "1" }),
        &json!({ "id": "57c8479433f5d57d3013a0bc", "email": "a@b.example", "createdAt": "2016-01-07T14:03:43Z" }),
        &json!({ "id": "57c8479433f5d57d3013a0bc", "email": "a@b.example", "phone": "1", "createdAt": "2016-01-07T14:03:43Z" }),
    );
}

#[test]
fn patch_tells_what_it_names() {
    let patch =
        Update::<User>::parse(Bytes::from_static(br#"{"phone": null, "id": null}"#)).unwrap();
    assert_eq!(
        ["phone", "id", "email"].map(|property| patch.contains(property)),
        [true, false, false]
    );
}

#[test]
fn values_of_a_patch_are_not_in_debug_output() {
    let patch = Update::<User>::parse(Bytes::from_static(br#"{"password": "z3krUt"}"#)).unwrap();
    assert_eq!(format!("{patch:?}"), r#"Update(["password"])"#);
}

/// A resource with what users lack: required properties and read-only ones
/// inside of objects and of lists.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Shop {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
    #[serde(default)]
    branches: Vec<Option<Address>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Address {
    street: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("readOnly" = true))]
    verified: Option<bool>,
}

impl Described for Shop {
    fn views() -> &'static Views {
        static VIEWS: std::sync::LazyLock<Views> = std::sync::LazyLock::new(Views::of::<Shop>);
        &VIEWS
    }
}

#[test]
fn part_of_an_object_that_is_not_there_is_rejected() {
    assert_eq!(
        apply::<Shop>(&json!({ "address": {} }), &json!({ "name": "a" })),
        Err("address.street is required".to_owned()),
    );
}

#[test]
fn part_of_an_object_that_is_there_is_merged() {
    let shop =
        json!({ "name": "a", "address": { "street": "b", "verified": true }, "branches": [] });
    assert_eq!(
        apply::<Shop>(&json!({ "address": { "verified": false } }), &shop),
        Ok(shop)
    );
}

#[test]
fn items_of_a_list_are_whole() {
    let patch = Bytes::from_static(br#"{"branches": [null, {}]}"#);
    let violations = Update::<Shop>::parse(patch).unwrap_err();
    assert_eq!(violations.to_string(), "branches[1].street is required");
}

#[test]
fn read_only_properties_in_lists_are_ignored() {
    assert_eq!(
        apply::<Shop>(
            &json!({ "branches": [null, { "street": "c", "verified": true }] }),
            &json!({ "name": "a" }),
        ),
        Ok(json!({ "name": "a", "branches": [null, { "street": "c" }] })),
    );
}

#[test]
fn what_was_not_valid_before_stays_until_it_is_changed() {
    let patch = |patch: &Value| {
        Update::<User>::parse(Bytes::from(patch.to_string())).expect("the patch is valid")
    };
    let damaged = User {
        email: "nowhere".to_owned(),
        ..User::default()
    };
    let changed = patch(&json!({ "givenName": "Hans" })).apply(&damaged);
    assert_eq!(changed.expect("is whole").email, "nowhere");
    let repaired = patch(&json!({ "email": "a@b.example" })).apply(&damaged);
    assert_eq!(repaired.expect("is whole").email, "a@b.example");
}
