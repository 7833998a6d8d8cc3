//! What a caller is told about a request that is not valid.

use bytes::Bytes;
use contract::{
    auth::{RefreshTokenQuery, TokenRequest},
    find,
    operation::{Body, Create, Json, Update, Upload},
    parameters::{NoParameters, parse_parameters},
    schema::Described,
    users::{ListUsersQuery, User, UserOrganizationPath, UserPath},
};
use serde_json::{Value, json};

#[track_caller]
fn text<B: Body>(body: &str, expected: &str) {
    let Err(violations) = B::parse(Bytes::from(body.to_owned())) else {
        panic!("the body is accepted, although: {expected}");
    };
    assert_eq!(violations.to_string(), expected);
}

#[track_caller]
fn check<B: Body>(body: &Value, expected: &str) {
    text::<B>(&body.to_string(), expected);
}

#[track_caller]
fn create(body: &Value, expected: &str) {
    check::<Create<User>>(body, expected);
}

#[track_caller]
fn update(body: &Value, expected: &str) {
    check::<Update<User>>(body, expected);
}

#[track_caller]
fn parameters<P: Described>(pairs: &[(&str, &str)], expected: &str) {
    let Err(violations) = parse_parameters::<P>(pairs.iter().copied()) else {
        panic!("the parameters are accepted, although: {expected}");
    };
    assert_eq!(violations.to_string(), expected);
}

#[test]
fn missing_property_is_required() {
    create(&json!({}), "email is required");
}

#[test]
fn wrong_type_names_both_types() {
    create(
        &json!({ "email": "a@b.example", "phone": 31 }),
        "phone must be a string, not a number",
    );
}

#[test]
fn wrong_type_in_a_nested_object_has_its_path() {
    create(
        &json!({ "email": "a@b.example", "settings": { "pushNotify": "yes" } }),
        "settings.pushNotify must be a boolean, not a string",
    );
}

#[test]
fn wrong_item_has_its_index() {
    create(
        &json!({ "email": "a@b.example", "settings": { "cannedResponses": ["a", 1] } }),
        "settings.cannedResponses[1] must be a string, not a number",
    );
}

#[test]
fn unknown_enum_value_lists_the_known_ones() {
    update(
        &json!({ "settings": { "locale": "es" } }),
        "settings.locale must be one of en, nl, de, fr",
    );
}

#[test]
fn enum_of_another_type_lists_the_known_values() {
    update(
        &json!({ "role": 7 }),
        "role must be one of guest, agent, bot, admin, owner",
    );
}

#[test]
fn misspelt_property_gets_a_suggestion() {
    update(
        &json!({ "familyname": "Vries" }),
        "familyname is not a property of User; did you mean `familyName`?",
    );
}

#[test]
fn unknown_property_without_a_like_gets_no_suggestion() {
    update(
        &json!({ "settings": { "colour": "red" } }),
        "settings.colour is not a property of UserSettings",
    );
}

#[test]
fn malformed_email_is_shown_a_good_one() {
    create(
        &json!({ "email": "jeff" }),
        "email must be an e-mail address, such as name@example.com",
    );
}

#[test]
fn malformed_uri_is_shown_a_good_one() {
    update(
        &json!({ "avatar": "avatar.png" }),
        "avatar must be an absolute URI, such as https://example.com/image.png",
    );
}

#[test]
fn malformed_id_tells_the_form() {
    update(
        &json!({ "organization": "42" }),
        "organization must be 24 hexadecimal digits",
    );
}

#[test]
fn malformed_read_only_timestamp_is_rejected() {
    update(
        &json!({ "createdAt": "yesterday" }),
        "createdAt must be an RFC 3339 date and time, such as 2016-01-07T14:03:43Z",
    );
}

#[test]
fn instant_past_the_calendar_is_rejected_with_its_path() {
    let user = find("getUser")
        .and_then(|operation| operation.reply.body.of())
        .unwrap();
    let value = json!({ "email": "a@b.example", "createdAt": "9999-12-31T23:59:59Z" });
    assert_eq!(
        user.reread(value).unwrap_err().to_string(),
        "createdAt must be an RFC 3339 date and time, such as 2016-01-07T14:03:43Z",
    );
}

#[test]
fn all_violations_are_told_at_once() {
    create(
        &json!({ "phone": 1, "role": "king", "settings": { "locale": "es", "x": 1 }, "y": 2 }),
        "phone must be a string, not a number; \
         role must be one of guest, agent, bot, admin, owner; \
         settings.locale must be one of en, nl, de, fr; \
         settings.x is not a property of UserSettings; \
         y is not a property of User; email is required",
    );
}

#[test]
fn required_property_cannot_be_cleared() {
    update(&json!({ "email": null }), "email cannot be null");
}

#[test]
fn list_instead_of_an_object_is_rejected() {
    create(&json!([]), "the body must be an object, not a list");
}

#[test]
fn values_are_not_repeated() {
    let secret = "z3krUt".repeat(100);
    update(
        &json!({ "password": [secret] }),
        "password must be a string, not a list",
    );
}

#[test]
fn empty_body_is_missing() {
    text::<Create<User>>("", "the body is missing: JSON is expected");
}

#[test]
fn broken_json_tells_the_place() {
    text::<Create<User>>(
        "{\"email\":\n  nope}",
        "the body is not valid JSON: expected ident at line 2 column 4",
    );
}

#[test]
fn text_after_the_json_is_rejected() {
    text::<Create<User>>(
        "{} {}",
        "the body is not valid JSON: trailing characters at line 1 column 4",
    );
}

#[test]
fn token_request_without_anything_is_told_the_choice() {
    check::<Json<TokenRequest>>(
        &json!({}),
        "the body needs email and password, or clientId and refreshToken",
    );
}

#[test]
fn token_request_with_half_of_a_pair_is_told_the_other_half() {
    check::<Json<TokenRequest>>(&json!({ "email": "a@b.example" }), "password is required");
    check::<Json<TokenRequest>>(&json!({ "refreshToken": "t" }), "clientId is required");
}

#[test]
fn token_request_with_both_pairs_is_rejected() {
    check::<Json<TokenRequest>>(
        &json!({ "email": "a@b.example", "password": "p", "clientId": "a@b.example", "refreshToken": "t" }),
        "the body combines properties that exclude each other",
    );
}

#[test]
fn token_request_with_an_unknown_property_is_rejected() {
    check::<Json<TokenRequest>>(
        &json!({ "email": "a@b.example", "passwort": "p" }),
        "passwort is not a property of TokenRequest; did you mean `password`?; \
         password is required",
    );
}

#[test]
fn empty_upload_is_rejected() {
    text::<Upload>("", "file must not be empty");
}

#[test]
fn malformed_path_variable_is_named() {
    parameters::<UserPath>(
        &[("user_id", "you")],
        "user_id must be 24 hexadecimal digits, or `me`",
    );
}

#[test]
fn all_malformed_path_variables_are_named() {
    parameters::<UserOrganizationPath>(
        &[("user_id", "you"), ("organization_id", "me")],
        "user_id must be 24 hexadecimal digits, or `me`; \
         organization_id must be 24 hexadecimal digits",
    );
}

#[test]
fn limit_has_bounds() {
    parameters::<ListUsersQuery>(&[("limit", "0")], "limit must be at least 1");
    parameters::<ListUsersQuery>(&[("limit", "1001")], "limit must be at most 1000");
}

#[test]
fn limit_is_an_integer() {
    for limit in ["", "ten", "1.5", "1e2", "null", "99999999999999999999"] {
        parameters::<ListUsersQuery>(&[("limit", limit)], "limit must be an integer");
    }
}

#[test]
fn offset_has_bounds() {
    parameters::<ListUsersQuery>(&[("offset", "-1")], "offset must be at least 0");
    parameters::<ListUsersQuery>(
        &[("offset", "2147483648")],
        "offset must be at most 2147483647",
    );
}

#[test]
fn unknown_parameter_lists_the_known_ones() {
    parameters::<ListUsersQuery>(
        &[("statsu", "active")],
        "statsu is not a parameter; there are limit, offset, sort, select, id, organization, \
         email, status, role, createdAt",
    );
}

#[test]
fn parameter_where_there_are_none_is_rejected() {
    parameters::<NoParameters>(&[("a", "b")], "a is not a parameter; there are none");
}

#[test]
fn repeated_parameter_is_rejected() {
    parameters::<ListUsersQuery>(
        &[("limit", "1"), ("limit", "2")],
        "limit is given more than once",
    );
}

#[test]
fn sort_lists_what_it_takes() {
    let violations = parse_parameters::<ListUsersQuery>([("sort", "password")]).unwrap_err();
    let message = violations.to_string();
    assert!(
        message.starts_with("sort must be one of id, -id, familyName, -familyName,"),
        "{message}"
    );
    assert!(
        !message.contains("password") && !message.contains("settings"),
        "{message}"
    );
}

#[test]
fn wrong_selection_names_the_item() {
    let violations = parse_parameters::<ListUsersQuery>([("select", "id,nope")]).unwrap_err();
    assert_eq!(violations.as_slice()[0].field, "select[1]");
}

#[test]
fn missing_refresh_token_is_required() {
    parameters::<RefreshTokenQuery>(&[], "refreshToken is required");
    parameters::<RefreshTokenQuery>(&[("refreshToken", "")], "refreshToken must not be empty");
}
