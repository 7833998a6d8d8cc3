//! Users over gRPC, and that plain HTTP sees the same.

use std::collections::BTreeSet;

use prost_types::value::Kind;
use prost_types::{FieldMask, Struct, Value};
use proto::v2::{
    CreateUserRequest, DeleteUserRequest, GetUserRequest, ListUserOrganizationsRequest,
    ListUsersRequest, ListUsersResponse, Locale, RemoveUserOrganizationRequest, Role,
    UpdateUserRequest, User, UserSettings, UserStatus,
};
use serde_json::json;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stack::{OWNER, Stack, with_token};

const UNKNOWN: &str = "000000000000000000000000";

#[expect(clippy::unnecessary_wraps, reason = "fields are optional")]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// A stack and an access token of its owner.
async fn start() -> (Stack, String) {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    (stack, token)
}

async fn create(stack: &Stack, token: &str, user: User) -> Result<User, Status> {
    let request = with_token(token, CreateUserRequest { user: Some(user) });
    let reply = stack.users().create_user(request).await?;
    Ok(reply.into_inner().user.expect("a reply has its user"))
}

async fn get(stack: &Stack, token: &str, id: &str) -> Result<User, Status> {
    let request = with_token(
        token,
        GetUserRequest {
            user_id: id.to_owned(),
        },
    );
    let reply = stack.users().get_user(request).await?;
    Ok(reply.into_inner().user.expect("a reply has its user"))
}

async fn update(
    stack: &Stack,
    token: &str,
    id: &str,
    user: User,
    mask: &[&str],
) -> Result<User, Status> {
    let update_mask = (!mask.is_empty()).then(|| FieldMask {
        paths: mask.iter().map(ToString::to_string).collect(),
    });
    let request = UpdateUserRequest {
        user_id: id.to_owned(),
        user: Some(user),
        update_mask,
    };
    let reply = stack
        .users()
        .update_user(with_token(token, request))
        .await?;
    Ok(reply.into_inner().user.expect("a reply has its user"))
}

async fn list(stack: &Stack, token: &str, request: ListUsersRequest) -> ListUsersResponse {
    let request = with_token(token, request);
    let reply = stack
        .users()
        .list_users(request)
        .await
        .expect("the list is allowed");
    reply.into_inner()
}

fn emails(list: &ListUsersResponse) -> Vec<&str> {
    list.users.iter().map(User::email).collect()
}

/// Jan, with something in every kind of field.
fn jan() -> User {
    let meta = Struct {
        fields: [(
            "crm".to_owned(),
            Value {
                kind: Some(Kind::NumberValue(7.0)),
            },
        )]
        .into(),
    };
    User {
        given_name: text("Jan"),
        family_name: text("Jansen"),
        email: text("jan@example.com"),
        phone: text("+31201234567"),
        password: text("a long password"),
        role: Some(Role::Agent.into()),
        status: Some(UserStatus::Active.into()),
        settings: Some(UserSettings {
            locale: Some(Locale::Nl.into()),
            audio_on_chat: Some(true),
            notifications: vec!["technical".to_owned()],
            ..Default::default()
        }),
        meta: Some(meta),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_created_user_is_the_same_over_grpc_and_http() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    assert_eq!(created.password, None, "a password is never returned");
    assert_eq!(created.display_name(), "Jan Jansen");
    let got = get(&stack, &token, created.id()).await.expect("jan exists");
    assert_eq!(got, created);

    let (status, seen) = stack
        .http("GET", &format!("/users/{}", created.id()), &token, None)
        .await;
    assert_eq!(status, 200);
    assert_eq!(seen["email"], "jan@example.com");
    assert_eq!(seen["settings"]["locale"], "nl");
    assert_eq!(seen["meta"], json!({"crm": 7}));

    let body = json!({"email": "an@example.com", "givenName": "An", "settings": {"locale": "fr"}});
    let (status, written) = stack.http("POST", "/users", &token, Some(body)).await;
    assert_eq!(status, 201, "{written}");
    let id = written["id"].as_str().expect("a user has an id");
    let got = get(&stack, &token, id).await.expect("an exists");
    assert_eq!(got.given_name(), "An");
    assert_eq!(
        got.settings.expect("settings were set").locale(),
        Locale::Fr
    );
}

#[tokio::test]
async fn me_is_the_caller() {
    let (stack, token) = start().await;
    let me = get(&stack, &token, "me").await.expect("the caller exists");
    assert_eq!(me.email(), OWNER);
    assert_eq!(me.role(), Role::Owner);
}

#[tokio::test]
async fn an_update_without_a_mask_sends_what_is_set() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    let change = User {
        phone: text("112"),
        ..Default::default()
    };
    let updated = update(&stack, &token, created.id(), change, &[])
        .await
        .expect("it is allowed");
    assert_eq!(updated.phone(), "112");
    assert_eq!(updated.given_name(), "Jan");
    assert_eq!(updated.settings, created.settings);
}

#[tokio::test]
async fn a_mask_clears_what_it_names_and_is_not_set() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    let change = User {
        family_name: text("Smit"),
        given_name: text("not in the mask"),
        ..Default::default()
    };
    let mask = [
        "family_name",
        "phone",
        "settings.locale",
        "settings.notifications",
    ];
    let updated = update(&stack, &token, created.id(), change, &mask)
        .await
        .expect("it is allowed");
    assert_eq!(
        (updated.given_name(), updated.family_name()),
        ("Jan", "Smit")
    );
    assert_eq!(updated.phone, None);
    let settings = updated.settings.expect("the other settings are kept");
    assert_eq!(
        (settings.locale(), settings.audio_on_chat),
        (Locale::En, Some(true)),
        "what is cleared has its default"
    );
    assert!(settings.notifications.is_empty());
}

#[tokio::test]
async fn a_mask_of_everything_replaces() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    let change = User {
        phone: None,
        meta: None,
        settings: None,
        ..created.clone()
    };
    let updated = update(&stack, &token, created.id(), change, &["*"])
        .await
        .expect("it is allowed");
    assert_eq!((&updated.phone, &updated.meta), (&None, &None));
    let settings = updated.settings.as_ref();
    let settings = settings.expect("what is cleared has its defaults");
    assert_eq!(
        (settings.locale(), settings.audio_on_chat),
        (Locale::En, Some(true))
    );
    assert_eq!(
        updated.created_at, created.created_at,
        "read-only properties stay"
    );
    assert_eq!(updated.email(), "jan@example.com");
}

#[tokio::test]
async fn unknown_paths_of_a_mask_are_named() {
    let (stack, token) = start().await;
    let mask = ["givenName", "nope"];
    let status = update(&stack, &token, "me", User::default(), &mask)
        .await
        .expect_err("no fields");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = &details
        .bad_request()
        .expect("the paths are named")
        .field_violations;
    let described: Vec<_> = violations.iter().map(|v| v.description.as_str()).collect();
    assert_eq!(
        described,
        [
            "\"givenName\" is not a field; did you mean \"given_name\"?",
            "\"nope\" is not a field"
        ]
    );
}

#[tokio::test]
async fn a_deleted_user_vanishes_from_lists_but_not_from_references() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    let request = DeleteUserRequest {
        user_id: created.id().to_owned(),
    };
    stack
        .users()
        .delete_user(with_token(&token, request))
        .await
        .expect("it is allowed");

    assert_eq!(
        emails(&list(&stack, &token, ListUsersRequest::default()).await),
        [OWNER]
    );
    let got = get(&stack, &token, created.id())
        .await
        .expect("references stay");
    assert_eq!(got.status(), UserStatus::Archived);
    let archived = ListUsersRequest {
        status: Some(UserStatus::Archived.into()),
        ..Default::default()
    };
    assert_eq!(
        emails(&list(&stack, &token, archived).await),
        ["jan@example.com"]
    );
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let (stack, token) = start().await;
    for name in ["a", "b", "c", "d"] {
        let user = User {
            email: Some(format!("{name}@example.com")),
            ..Default::default()
        };
        create(&stack, &token, user).await.expect("the user is new");
    }
    let mut found = Vec::new();
    let mut offset = None;
    loop {
        let request = ListUsersRequest {
            limit: Some(2),
            offset,
            sort: text("-email"),
            ..Default::default()
        };
        let page = list(&stack, &token, request).await;
        assert!(page.users.len() <= 2);
        found.extend(page.users.iter().map(|user| user.email().to_owned()));
        offset = page.next_offset;
        if offset.is_none() {
            break;
        }
    }
    let mut sorted = found.clone();
    sorted.sort();
    sorted.reverse();
    assert_eq!(found, sorted);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 5, "{found:?}");
}

#[tokio::test]
async fn filters_are_typed() {
    let (stack, token) = start().await;
    create(&stack, &token, jan()).await.expect("jan is new");
    let by_role = ListUsersRequest {
        role: Some(Role::Agent.into()),
        ..Default::default()
    };
    assert_eq!(
        emails(&list(&stack, &token, by_role).await),
        ["jan@example.com"]
    );
    let by_email = ListUsersRequest {
        email: text(OWNER),
        ..Default::default()
    };
    assert_eq!(emails(&list(&stack, &token, by_email).await), [OWNER]);
    let queued = ListUsersRequest {
        status: Some(UserStatus::Queued.into()),
        ..Default::default()
    };
    assert!(list(&stack, &token, queued).await.users.is_empty());
    let later = ListUsersRequest {
        created_at: text(">9998-12-31"),
        ..Default::default()
    };
    assert!(list(&stack, &token, later).await.users.is_empty());
}

#[tokio::test]
async fn an_address_that_is_taken_already_exists() {
    let (stack, token) = start().await;
    create(&stack, &token, jan()).await.expect("jan is new");
    let again = User {
        email: text("JAN@example.com"),
        ..Default::default()
    };
    let status = create(&stack, &token, again)
        .await
        .expect_err("there would be two");
    assert_eq!(status.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn every_violation_is_named_at_once() {
    let (stack, token) = start().await;
    let user = User {
        email: text("not an address"),
        organization: text("not an id"),
        ..Default::default()
    };
    let status = create(&stack, &token, user)
        .await
        .expect_err("nothing of it is valid");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = &details
        .bad_request()
        .expect("the fields are named")
        .field_violations;
    let fields: BTreeSet<_> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["user.email", "user.organization"].into());
    assert!(details.error_info().is_some() && details.request_info().is_some());
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let (stack, token) = start().await;
    let status = get(&stack, &token, UNKNOWN)
        .await
        .expect_err("nobody has this id");
    assert_eq!(status.code(), Code::NotFound);
}

/// An id that is no id is the caller's mistake, and never another path.
#[tokio::test]
async fn ids_that_could_be_paths_are_invalid() {
    let (stack, token) = start().await;
    for id in [
        "",
        ".",
        "..",
        "a/b",
        "%2F",
        "me/organizations",
        "x?y",
        "5",
        "../users",
    ] {
        let status = get(&stack, &token, id)
            .await
            .expect_err("no user has this id");
        assert_eq!(
            status.code(),
            Code::InvalidArgument,
            "for {id:?}: {}",
            status.message()
        );
        let details = status.get_error_details();
        let violations = &details
            .bad_request()
            .expect("the field is named")
            .field_violations;
        assert_eq!(violations[0].field, "user_id", "for {id:?}");
    }
}

#[tokio::test]
async fn the_organizations_of_the_caller_are_listed() {
    let (stack, token) = start().await;
    let request = with_token(&token, ListUserOrganizationsRequest::default());
    let reply = stack
        .users()
        .list_user_organizations(request)
        .await
        .expect("it is allowed");
    let mine = reply
        .into_inner()
        .user_organizations
        .expect("a reply has its list");
    let me = get(&stack, &token, "me").await.expect("the caller exists");
    assert_eq!(mine.id, me.id);
    let [only] = mine.organizations.as_slice() else {
        panic!("a first start has one organization: {mine:?}");
    };
    assert_eq!(only.organization, me.organization);
    assert_eq!((only.role(), only.selected()), (Role::Owner, true));
}

#[tokio::test]
async fn a_membership_that_is_not_there_is_not_found() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    let request = RemoveUserOrganizationRequest {
        user_id: created.id().to_owned(),
        organization_id: UNKNOWN.to_owned(),
    };
    let removed = stack
        .users()
        .remove_user_organization(with_token(&token, request))
        .await;
    assert_eq!(
        removed.expect_err("there is no such membership").code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn the_only_membership_of_a_user_stays() {
    let (stack, token) = start().await;
    let created = create(&stack, &token, jan()).await.expect("jan is new");
    let request = RemoveUserOrganizationRequest {
        user_id: created.id().to_owned(),
        organization_id: created.organization().to_owned(),
    };
    let removed = stack
        .users()
        .remove_user_organization(with_token(&token, request))
        .await;
    assert_eq!(
        removed.expect_err("it is the only one").code(),
        Code::FailedPrecondition
    );
}

#[tokio::test]
async fn an_agent_may_not_create_users() {
    let (stack, owner) = start().await;
    create(&stack, &owner, jan()).await.expect("jan is new");
    let token = stack
        .log_in("jan@example.com", "a long password")
        .await
        .token;
    let user = User {
        email: text("new@example.com"),
        ..Default::default()
    };
    let status = create(&stack, &token.expect("a token"), user)
        .await
        .expect_err("it was allowed");
    assert_eq!(status.code(), Code::PermissionDenied);
}
