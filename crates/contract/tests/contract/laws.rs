//! Laws that hold for every value.

use bytes::Bytes;
use contract::{
    id::{ObjectId, UserRef},
    operation::{Body, Create, Update},
    schema::Described,
    timestamp::Timestamp,
    users::{User, UserOrganizations},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

/// The user without what only the server sets.
fn writable(user: User) -> User {
    User {
        id: None,
        api_token: None,
        last_login: None,
        created_at: None,
        updated_at: None,
        ..user
    }
}

/// Null members are absent ones, and a merge patch removes them.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| (name, without_nulls(member)))
            .collect(),
        other => other,
    }
}

/// A value that no property but a free-form one accepts: of the wrong type, or
/// none of an enum's values.
fn corrupt(schema: &Value, views: &contract::schema::Document) -> Value {
    let target = schema["anyOf"][0]["$ref"]
        .as_str()
        .and_then(|it| it.strip_prefix("#/$defs/"));
    let schema = target.map_or(schema, |name| &views.definitions[name]);
    let types = schema["type"].to_string();
    if types.contains("string") {
        json!(["wrong"])
    } else {
        json!("wrong")
    }
}

fn property_of(schema: &Value) -> impl Strategy<Value = (String, Value)> + use<> {
    let properties: Vec<_> = schema["properties"]
        .as_object()
        .expect("an object")
        .iter()
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    prop::sample::select(properties)
}

proptest! {
    #[test]
    fn user_survives_json(user: User) {
        let text = serde_json::to_string(&user).unwrap();
        prop_assert_eq!(serde_json::from_str::<User>(&text).unwrap(), user);
    }

    #[test]
    fn user_is_valid_in_every_view(user: User) {
        let value = json!(user);
        let views = User::views();
        prop_assert_eq!(views.read.validate(&value), Ok(()));
        prop_assert_eq!(views.create.validate(&value), Ok(()));
        prop_assert_eq!(views.update.validate(&value), Ok(()));
    }

    #[test]
    fn memberships_survive_json_and_are_valid(of: UserOrganizations) {
        let value = json!(of);
        prop_assert_eq!(UserOrganizations::views().read.validate(&value), Ok(()));
        prop_assert_eq!(serde_json::from_value::<UserOrganizations>(value).unwrap(), of);
    }

    #[test]
    fn timestamp_survives_its_spelling(instant: Timestamp) {
        prop_assert_eq!(instant.to_string().parse(), Ok(instant));
    }

    #[test]
    fn id_survives_its_spelling(id: ObjectId, user: UserRef) {
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(user.to_string().parse(), Ok(user));
    }

    #[test]
    fn fetched_user_is_the_template_of_a_new_one(user: User) {
        let Create(created) = Create::<User>::parse(bytes(&json!(user))).unwrap();
        prop_assert_eq!(created, writable(user));
    }

    #[test]
    fn empty_patch_changes_nothing(user: User) {
        let patch = Update::<User>::parse(Bytes::from_static(b"{}")).unwrap();
        prop_assert_eq!(patch.apply(&user).unwrap(), user);
    }

    #[test]
    fn patch_is_idempotent(user: User, other: User) {
        let patch = Update::<User>::parse(bytes(&json!(other))).unwrap();
        let once = patch.apply(&user).unwrap();
        prop_assert_eq!(patch.apply(&once).unwrap(), once);
    }

    #[test]
    fn patch_leaves_read_only_properties_alone(user: User, other: User) {
        let patch = Update::<User>::parse(bytes(&json!(other))).unwrap();
        let patched = patch.apply(&user).unwrap();
        prop_assert_eq!(patched.id, user.id);
        prop_assert_eq!(patched.api_token, user.api_token);
        prop_assert_eq!(patched.last_login, user.last_login);
        prop_assert_eq!(patched.created_at, user.created_at);
        prop_assert_eq!(patched.updated_at, user.updated_at);
    }

    #[test]
    fn patch_with_everything_replaces_everything(user: User) {
        let bare = User { email: "a@b.example".into(), ..User::default() };
        let patch = Update::<User>::parse(bytes(&json!(user))).unwrap();
        let patched = patch.apply(&bare).unwrap();
        prop_assert_eq!(json!(patched), without_nulls(json!(writable(user))));
    }

    #[test]
    fn corrupted_property_is_rejected_and_named(
        user: User,
        (name, schema) in property_of(User::views().create.root()),
    ) {
        let views = User::views();
        let mut value = json!(user);
        value[&name] = corrupt(&schema, &views.create);
        for violations in [
            Create::<User>::parse(bytes(&value)).map(drop).unwrap_err(),
            Update::<User>::parse(bytes(&value)).map(drop).unwrap_err(),
        ] {
            let fields: Vec<_> = violations.as_slice().iter().map(|it| it.field.as_str()).collect();
            prop_assert_eq!(fields, [name.as_str()]);
        }
    }

    #[test]
    fn corrupted_setting_is_rejected_and_named(
        user: User,
        (name, schema) in property_of(&User::views().create.definitions["UserSettingsCreate"]),
    ) {
        let mut value = json!(user);
        value["settings"][&name] = corrupt(&schema, &User::views().create);
        let violations = Update::<User>::parse(bytes(&value)).map(drop).unwrap_err();
        let fields: Vec<_> = violations.as_slice().iter().map(|it| it.field.clone()).collect();
        prop_assert_eq!(fields, [format!("settings.{name}")]);
    }

    #[test]
    fn unknown_property_is_rejected_and_named(user: User, name in "[a-z]{1,6}X") {
        let mut value = json!(user);
        value[&name] = json!(null);
        let violations = Create::<User>::parse(bytes(&value)).map(drop).unwrap_err();
        let fields: Vec<_> = violations.as_slice().iter().map(|it| it.field.as_str()).collect();
        prop_assert_eq!(fields, [name.as_str()]);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,40}") {
        let _ = Create::<User>::parse(text.clone().into());
        let _ = Update::<User>::parse(text.clone().into());
        let _ = contract::parameters::parse_parameters::<contract::users::ListUsersQuery>(
            ["limit", "sort", "select", "email", "status", text.as_str()].map(|name| (name, &text)),
        );
    }
}
