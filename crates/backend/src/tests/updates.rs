//! Changing users.

use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let api = Api::start().await;
    let anna = api
        .person(
            "anna",
            json!({"phone": "1", "settings": {"locale": "nl", "pushNotify": true}}),
        )
        .await;
    api.advance(SignedDuration::from_secs(1));
    let line = format!("PATCH /v2/users/{}", anna.id);
    let user = api
        .call(
            &api.owner,
            &line,
            json!({"settings": {"locale": "de"}, "givenName": "Anna"}),
        )
        .await
        .ok();
    let settings = &user["settings"];
    assert_eq!(
        (&settings["locale"], &settings["pushNotify"]),
        (&json!("de"), &json!(true))
    );
    assert_eq!(
        (&user["phone"], &user["givenName"]),
        (&json!("1"), &json!("Anna"))
    );
    assert_eq!(
        (&user["createdAt"], &user["updatedAt"]),
        (&json!(START), &json!("2016-01-07T14:03:44Z"))
    );
}

#[tokio::test]
async fn null_clears_a_property() {
    let api = Api::start().await;
    let anna = api
        .person("anna", json!({"phone": "1", "meta": {"a": 1, "b": 2}}))
        .await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    let user = api
        .call(
            &api.owner,
            &line,
            json!({"phone": null, "meta": {"a": null}}),
        )
        .await
        .ok();
    assert_eq!((user.get("phone"), &user["meta"]), (None, &json!({"b": 2})));
}

#[tokio::test]
async fn clearing_role_and_status_sets_their_defaults() {
    let api = Api::start().await;
    let anna = api
        .person("anna", json!({"role": "admin", "status": "active"}))
        .await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    let user = api
        .call(&api.owner, &line, json!({"role": null, "status": null}))
        .await
        .ok();
    assert_eq!(
        (&user["role"], &user["status"]),
        (&json!("agent"), &json!("queued"))
    );
}

#[tokio::test]
async fn the_organization_cannot_be_cleared() {
    let api = Api::start().await;
    api.call(
        &api.owner,
        "PATCH /v2/users/me",
        json!({"organization": null}),
    )
    .await
    .error(400, "INVALID_REQUEST", "organization cannot be null");
}

#[tokio::test]
async fn a_patch_that_changes_nothing_leaves_no_trace() {
    let api = Api::start().await;
    let before = api.get(&api.owner, "/v2/users/me").await.ok();
    api.advance(SignedDuration::from_secs(1));
    assert_eq!(
        api.call(&api.owner, "PATCH /v2/users/me", json!({}))
            .await
            .ok(),
        before
    );
    assert_eq!(
        api.call(&api.owner, "PATCH /v2/users/me", before.clone())
            .await
            .ok(),
        before
    );
}

#[tokio::test]
async fn a_composed_name_follows_the_names() {
    let api = Api::start().await;
    let anna = api
        .person("anna", json!({"givenName": "Anna", "familyName": "Vries"}))
        .await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    let user = api
        .call(&api.owner, &line, json!({"familyName": "Jong"}))
        .await
        .ok();
    assert_eq!(user["displayName"], "Anna Jong");
}

#[tokio::test]
async fn a_chosen_name_stays() {
    let api = Api::start().await;
    let anna = api
        .person("anna", json!({"givenName": "Anna", "displayName": "Ann"}))
        .await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    assert_eq!(
        api.call(&api.owner, &line, json!({"familyName": "Jong"}))
            .await
            .ok()["displayName"],
        "Ann"
    );
    let cleared = api
        .call(&api.owner, &line, json!({"displayName": null}))
        .await
        .ok();
    assert_eq!(cleared["displayName"], "Anna Jong");
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    api.call(
        &anna.token,
        "PATCH /v2/users/me",
        json!({"password": "better"}),
    )
    .await
    .ok();
    assert_eq!(api.log_in("anna@example.com", "anna").await.status, 401);
    api.log_in("anna@example.com", "better").await.created();
}

#[tokio::test]
async fn without_a_password_nobody_logs_in() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    api.call(
        &api.owner,
        &format!("PATCH /v2/users/{}", anna.id),
        json!({"password": null}),
    )
    .await
    .ok();
    assert_eq!(api.log_in("anna@example.com", "anna").await.status, 401);
}

#[tokio::test]
async fn a_taken_email_address_is_refused() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    api.call(
        &anna.token,
        "PATCH /v2/users/me",
        json!({"email": "Jeff@jeffdoe.com"}),
    )
    .await
    .error(
        409,
        "EMAIL_TAKEN",
        "another user has the e-mail address Jeff@jeffdoe.com",
    );
}

#[tokio::test]
async fn the_case_of_ones_own_email_address_can_change() {
    let api = Api::start().await;
    let user = api
        .call(
            &api.owner,
            "PATCH /v2/users/me",
            json!({"email": "Jeff@JeffDoe.com"}),
        )
        .await
        .ok();
    assert_eq!(user["email"], "Jeff@JeffDoe.com");
}

#[tokio::test]
async fn an_invalid_patch_changes_nothing() {
    let api = Api::start().await;
    let before = api.get(&api.owner, "/v2/users/me").await.ok();
    let body = json!({"phone": "1", "settings": {"locale": "es"}});
    api.call(&api.owner, "PATCH /v2/users/me", body)
        .await
        .violates(&["settings.locale"]);
    assert_eq!(api.get(&api.owner, "/v2/users/me").await.ok(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_patches_all_survive() {
    const PATCHES: usize = 24;
    let api = Arc::new(Api::start().await);
    let mut patches = JoinSet::new();
    for n in 0..PATCHES {
        let api = api.clone();
        patches.spawn(async move {
            let body = json!({"meta": {format!("key{n}"): n}});
            api.call(&api.owner, "PATCH /v2/users/me", body).await.ok();
        });
    }
    patches.join_all().await;
    let meta = api.get(&api.owner, "/v2/users/me").await.ok()["meta"].clone();
    let lost: Vec<_> = (0..PATCHES)
        .filter(|n| meta[format!("key{n}")] != *n)
        .collect();
    assert!(lost.is_empty(), "the patches {lost:?} are lost: {meta}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_wait_for_each_other() {
    const USERS: usize = 24;
    let api = Arc::new(Api::start().await);
    let mut users = JoinSet::new();
    for n in 0..USERS {
        let api = api.clone();
        users.spawn(async move {
            let body = json!({"email": format!("user{n}@example.com")});
            api.call(&api.owner, "POST /v2/users", body).await.created();
        });
    }
    users.join_all().await;
    assert_eq!(
        api.get(&api.owner, "/v2/users")
            .await
            .ok()
            .as_array()
            .map(Vec::len),
        Some(USERS + 1)
    );
}

#[tokio::test]
async fn patches_through_two_backends_both_survive() {
    let api = Api::start().await;
    let other = Api {
        backend: api.beside().await,
        database: api.database.clone(),
        ..Api::start().await
    };
    let (one, two) = tokio::join!(
        api.call(
            &api.owner,
            "PATCH /v2/users/me",
            json!({"givenName": "Jeff"})
        ),
        other.call(
            &api.owner,
            "PATCH /v2/users/me",
            json!({"familyName": "Doe"})
        ),
    );
    one.ok();
    two.ok();
    assert_eq!(
        api.get(&api.owner, "/v2/users/me").await.ok()["displayName"],
        "Jeff Doe"
    );
}

#[tokio::test]
async fn concurrent_creations_of_one_email_address_leave_one_user() {
    let api = Api::start().await;
    let create = async || {
        api.call(
            &api.owner,
            "POST /v2/users",
            json!({"email": "anna@example.com"}),
        )
        .await
        .status
    };
    let mut statuses = <[u16; 4]>::from(tokio::join!(create(), create(), create(), create()));
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}
