//! Identifiers, instants, parameters and bodies as values.

use bytes::Bytes;
use contract::{
    auth::TokenRequest,
    bots::Bot,
    id::{ObjectId, UserRef},
    number::Number,
    operation::{Body, Create, Created, Json, List, NoContent, Reply, ReplyParts, Update},
    parameters::{Select, TextFilter, TimeFilter, parse_parameters},
    schema::Described,
    services::{ListServicesQuery, Service, ServiceProvider},
    timestamp::Timestamp,
    users::{ListUsersQuery, Role, User, UserPath, UserStatus},
};
use serde_json::{Value, json};

const ID: &str = "57c8479433f5d57d3013a0bc";

/// Reads a timestamp and compares how it is written.
#[track_caller]
fn check_timestamp(text: &str, expected: &str) {
    assert_eq!(
        text.parse::<Timestamp>()
            .map(|timestamp| timestamp.to_string()),
        Ok(expected.to_owned())
    );
}

#[test]
fn whole_seconds_have_no_fraction() {
    check_timestamp("2017-01-11T23:13:35.000Z", "2017-01-11T23:13:35Z");
}

#[test]
fn fractions_have_three_six_or_nine_digits() {
    check_timestamp("2016-08-05T08:40:51.62Z", "2016-08-05T08:40:51.620Z");
    check_timestamp("2016-08-05T08:40:51.6201Z", "2016-08-05T08:40:51.620100Z");
    check_timestamp(
        "2016-08-05T08:40:51.6200001Z",
        "2016-08-05T08:40:51.620000100Z",
    );
}

#[test]
fn offsets_become_utc() {
    check_timestamp("2016-08-05T10:40:51+02:00", "2016-08-05T08:40:51Z");
}

#[test]
fn instants_before_1970_keep_their_fraction() {
    check_timestamp("1969-12-31T23:59:59.500Z", "1969-12-31T23:59:59.500Z");
}

#[test]
fn spellings_of_one_instant_are_equal() {
    let [a, b] = ["2017-01-11T23:13:35.000Z", "2017-01-12T00:13:35+01:00"]
        .map(|text| text.parse::<Timestamp>().unwrap());
    assert_eq!(a, b);
}

#[test]
fn dates_without_a_time_are_not_timestamps() {
    assert!("2016-08-05".parse::<Timestamp>().is_err());
}

#[test]
fn instants_without_a_spelling_are_refused() {
    assert!(Timestamp::try_from(jiff::Timestamp::MIN).is_err());
}

#[test]
fn ids_are_written_in_lower_case() {
    let id: ObjectId = ID.to_uppercase().parse().unwrap();
    assert_eq!(id.to_string(), ID);
}

#[test]
fn other_texts_are_not_ids() {
    for text in [
        "",
        "57c8479433f5d57d3013a0b",
        "57c8479433f5d57d3013a0bcd",
        "+7c8479433f5d57d3013a0bc",
        "é7c8479433f5d57d3013a0b",
    ] {
        assert!(text.parse::<ObjectId>().is_err(), "{text:?}");
    }
}

#[test]
fn me_is_the_caller() {
    let (caller, other) = (ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
    assert_eq!("me".parse::<UserRef>().unwrap().resolve(caller), caller);
    assert_eq!(
        other
            .to_string()
            .parse::<UserRef>()
            .unwrap()
            .resolve(caller),
        other
    );
}

#[test]
fn path_is_read() {
    let path: UserPath = parse_parameters([("user_id", "me")]).unwrap();
    assert_eq!(path.user_id, UserRef::Me);
}

#[test]
fn query_is_read() {
    let query: ListUsersQuery = parse_parameters([
        ("limit", "10"),
        ("offset", "20"),
        ("sort", "-createdAt"),
        ("select", "email,role"),
        ("organization", ID),
        ("email", "~jeff"),
        ("status", "archived"),
        ("role", "owner"),
    ])
    .unwrap();
    assert_eq!((query.list.limit, query.list.offset), (Some(10), Some(20)));
    let sort = query.list.sort.unwrap();
    assert_eq!((sort.property(), sort.descending()), ("createdAt", true));
    let select = query.list.select.unwrap();
    assert_eq!(
        ["id", "email", "role", "phone"].map(|property| select.contains(property)),
        [true, true, true, false]
    );
    assert_eq!(query.organization, ID.parse().ok());
    assert_eq!(query.email, Some(TextFilter::Contains("jeff".into())));
    assert_eq!(
        (query.status, query.role),
        (Some(UserStatus::Archived), Some(Role::Owner))
    );
}

#[test]
fn query_without_parameters_is_the_default() {
    let none: [(&str, &str); 0] = [];
    assert_eq!(
        parse_parameters::<ListUsersQuery>(none),
        Ok(ListUsersQuery::default())
    );
}

#[test]
fn numeric_text_stays_text_where_text_is_meant() {
    let query: ListUsersQuery = parse_parameters([("email", "42")]).unwrap();
    assert_eq!(query.email, Some(TextFilter::Is("42".into())));
}

#[test]
fn whole_numbers_have_no_fraction() {
    let numbers = [14.0, -0.0, 0.5, 9_007_199_254_740_993.0, 1e300];
    let written = numbers.map(|number| json!(Number::try_from(number).unwrap()).to_string());
    assert_eq!(written, ["14", "0", "0.5", "9007199254740992", "1e+300"]);
}

#[test]
fn numbers_are_finite() {
    assert!(Number::try_from(f64::NAN).is_err());
    assert!(Number::try_from(f64::INFINITY).is_err());
}

/// Checks whether instants before, at and after the start of 2019 satisfy a filter.
#[track_caller]
fn check_time_filter(text: &str, expected: [bool; 3]) {
    let filter = TimeFilter::try_from(text.to_owned()).expect("a filter");
    let instants = [
        "2018-12-31T23:59:59Z",
        "2019-01-01T01:00:00+01:00",
        "2019-01-01T00:00:01Z",
    ];
    let admitted = instants.map(|instant| filter.admits(instant.parse().expect("an instant")));
    assert_eq!(admitted, expected, "{text}");
}

#[test]
fn time_filters_compare_instants() {
    check_time_filter("2019-01-01", [false, true, false]);
    check_time_filter(">2019-01-01", [false, false, true]);
    check_time_filter(">=2019-01-01T00:00:00Z", [false, true, true]);
    check_time_filter("<2019-01-01", [true, false, false]);
    check_time_filter("<=2019-01-01T00:00:00.000Z", [true, true, false]);
    check_time_filter("<=2019-01-01t01:30:00.5+01:30", [true, true, false]);
}

#[test]
fn time_filters_beyond_what_is_known_stand_for_its_limits() {
    check_time_filter("<9999-12-31", [true; 3]);
    check_time_filter(">=9999-12-31T23:59:59.999999999-23:59", [false; 3]);
    check_time_filter(">=0000-01-01T00:00:00+23:59", [true; 3]);
}

#[track_caller]
fn check_selected(pairs: &[(&str, &str)]) {
    let query: ListUsersQuery = parse_parameters(pairs.iter().copied()).expect("a selection");
    let select = query.list.select.expect("a selection");
    assert_eq!(select.properties(), ["email", "role"], "{pairs:?}");
}

#[test]
fn a_list_is_read_in_every_spelling_of_clients() {
    check_selected(&[("select", "email,role")]);
    check_selected(&[("select", "email, role")]);
    check_selected(&[("select", "email"), ("select", "role")]);
    check_selected(&[("select", "[email,role]")]);
    check_selected(&[("select", "[email]"), ("select", "role")]);
    check_selected(&[("select[]", "email"), ("select[]", "role")]);
    check_selected(&[("select[0]", "email"), ("select[1]", "role")]);
    check_selected(&[("select[]", "email,role")]);
}

#[track_caller]
fn check_not_selected(name: &str, text: &str, expected: &str) {
    let violations = parse_parameters::<ListUsersQuery>([(name, text)]).expect_err("no selection");
    let message = violations.to_string();
    assert!(message.starts_with(expected), "{name}={text}: {message}");
}

#[test]
fn what_is_no_spelling_of_a_list_is_refused() {
    check_not_selected("select[first]", "email", "select[first] is not a parameter");
    check_not_selected("select[0", "email", "select[0 is not a parameter");
    check_not_selected("limit[]", "1", "limit[] is not a parameter");
    check_not_selected("select", "[email", "select[0] must be one of");
    check_not_selected("select", "", "select[0] must be one of");
}

#[test]
fn nothing_cannot_be_selected() {
    assert!(serde_json::from_value::<Select<User>>(json!([])).is_err());
    assert_eq!(
        ListUsersQuery::views()
            .create
            .validate(&json!({ "select": [] }))
            .unwrap_err()
            .to_string(),
        "select must not be empty"
    );
}

#[test]
fn filters_of_a_list_are_read() {
    let query: ListServicesQuery =
        parse_parameters([("type", "gbm"), ("createdAt", ">=2019-01-01")]).unwrap();
    assert_eq!(query.provider, Some(ServiceProvider::Gbm));
    assert!(query.created_at.is_some());
}

#[test]
fn time_filters_that_are_none_are_refused() {
    for text in [
        "yesterday",
        ">2019",
        ">=2019-13-41",
        "=2019-01-01",
        "0000-00-00",
        "2019-02-29",
        "2019-01-01T00:00Z",
        "2019-01-01T00:00:00",
        "2019-01-01T00:00:00Z ",
        "2019-01-01T00:00:00+24:00",
    ] {
        let violations = parse_parameters::<ListServicesQuery>([("createdAt", text)]).unwrap_err();
        assert_eq!(
            violations.to_string(),
            "createdAt must be a date, or an RFC 3339 date and time, with >, >=, < or <= before it \
             or without",
            "{text}"
        );
    }
}

#[track_caller]
fn body<B: Body>(body: &Value) -> B {
    B::parse(Bytes::from(body.to_string())).unwrap_or_else(|violations| panic!("{violations}"))
}

#[test]
fn read_only_properties_of_a_new_resource_are_ignored() {
    let Create(user) = body::<Create<User>>(&json!({
        "id": ID,
        "email": "jeff@jeffdoe.com",
        "apiToken": "token",
        "createdAt": "2016-01-07T14:03:43Z",
        "avatar": null,
    }));
    assert_eq!(
        user,
        User {
            email: "jeff@jeffdoe.com".into(),
            ..User::default()
        }
    );
}

#[test]
fn secret_of_a_bot_is_for_updates() {
    let fetched = json!({ "name": "BusyBot", "secret": "z3krUt" });
    let Create(bot) = body::<Create<Bot>>(&fetched);
    assert_eq!(bot.secret, None);
    let changed = body::<Update<Bot>>(&fetched).apply(&bot).unwrap();
    assert_eq!(changed.secret.as_deref(), Some("z3krUt"));
}

#[test]
fn token_request_takes_a_password() {
    let Json(request) = body::<Json<TokenRequest>>(&json!({
        "email": "jeff@jeffdoe.com", "password": "z3krUt",
    }));
    let expected = TokenRequest::Password {
        email: "jeff@jeffdoe.com".into(),
        password: "z3krUt".into(),
    };
    assert_eq!(request, expected);
}

#[test]
fn token_request_takes_a_refresh_token() {
    let Json(request) = body::<Json<TokenRequest>>(&json!({
        "clientId": "jeff@jeffdoe.com", "refreshToken": "r",
    }));
    let expected = TokenRequest::RefreshToken {
        client_id: "jeff@jeffdoe.com".into(),
        refresh_token: "r".into(),
    };
    assert_eq!(request, expected);
}

#[test]
fn secrets_are_not_in_debug_output() {
    let user = User {
        password: Some("z3krUt".into()),
        ..User::default()
    };
    let request = TokenRequest::Password {
        email: "e".into(),
        password: "z3krUt".into(),
    };
    let bot = Bot {
        secret: Some("z3krUt".into()),
        ..Bot::default()
    };
    let mut service = Service::default();
    service.params.password = Some("z3krUt".into());
    assert!(!format!("{user:?} {request:?} {bot:?} {service:?}").contains("z3krUt"));
}

#[track_caller]
fn parts(reply: impl Reply) -> (Option<Value>, ReplyParts) {
    let parts = reply.into_parts().expect("a reply has a JSON form");
    (
        parts
            .body
            .as_ref()
            .map(|body| serde_json::from_slice(body).expect("a body is JSON")),
        parts,
    )
}

#[test]
fn unset_properties_are_not_written() {
    let user = User {
        email: "jeff@jeffdoe.com".into(),
        ..User::default()
    };
    assert_eq!(parts(user).0, Some(json!({ "email": "jeff@jeffdoe.com" })));
}

#[test]
fn no_content_has_no_body() {
    assert_eq!(parts(NoContent).1, ReplyParts::default());
}

#[test]
fn created_has_a_location() {
    let reply = User {
        email: "jeff@jeffdoe.com".into(),
        ..User::default()
    };
    let (_, parts) = parts(Created {
        location: format!("/users/{ID}"),
        reply,
    });
    assert_eq!(
        parts.location.as_deref(),
        Some("/users/57c8479433f5d57d3013a0bc")
    );
    assert!(parts.body.is_some());
}

#[test]
fn selection_reduces_a_list() {
    let user = User {
        id: ID.parse().ok(),
        email: "jeff@jeffdoe.com".into(),
        role: Some(Role::Agent),
        ..User::default()
    };
    let query: ListUsersQuery = parse_parameters([("select", "role")]).unwrap();
    let list = List {
        items: vec![user],
        next_offset: Some(1),
        select: query.list.select,
    };
    let (body, parts) = parts(list);
    assert_eq!(body, Some(json!([{ "id": ID, "role": "agent" }])));
    assert_eq!(parts.next_offset, Some(1));
}
