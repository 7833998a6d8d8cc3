//! Creating, getting and deleting users.

use super::*;

#[tokio::test]
async fn a_created_user_has_an_id_and_defaults() {
    let api = Api::start().await;
    let body = json!({
        "givenName": "Hans",
        "additionalName": "de",
        "familyName": "Vries",
        "email": "hans@example.com",
    });
    let reply = api.call(&api.owner, "POST /v2/users", body).await;
    let location = reply.header("location").to_owned();
    let user = reply.created();
    assert_eq!(location, format!("/v2/users/{}", text(&user["id"])));
    assert_eq!(
        api.get(&api.owner, &location).await.ok(),
        user,
        "Location leads to the user"
    );
    let mut user = user;
    user["id"] = "…".into();
    insta::assert_json_snapshot!(user, @r#"
    {
      "id": "…",
      "familyName": "Vries",
      "givenName": "Hans",
      "additionalName": "de",
      "displayName": "Hans de Vries",
      "email": "hans@example.com",
      "organization": "000000000000000000000001",
      "role": "agent",
      "settings": {
        "timezoneSet": false,
        "locale": "en",
        "localeSet": false,
        "audioOnChat": true,
        "audioOnMessage": false,
        "notifyOnChat": false,
        "notifyOnMessage": false,
        "tabdotNotify": true,
        "tabdotMessage": true,
        "pushNotify": false,
        "focusOnAccept": false
      },
      "status": "queued",
      "createdAt": "2016-01-07T14:03:43Z",
      "updatedAt": "2016-01-07T14:03:43Z"
    }
    "#);
}

#[tokio::test]
async fn a_user_is_kept_as_it_was_sent() {
    let api = Api::start().await;
    let body = json!({
        "email": "Hans.de.Vries@example.com",
        "displayName": "Hans",
        "phone": "+31209876543",
        "avatar": "http://yoursite.com/images/avatar.png",
        "settings": {"locale": "nl", "audioOnChat": false, "notifications": ["technical"]},
        "meta": {"some": {"nested": [1, null, "text"]}, "snowman": "☃"},
        "status": "active",
    });
    let mut user = api
        .call(&api.owner, "POST /v2/users", body.clone())
        .await
        .created();
    // What was not sent has its default.
    let settings = user["settings"].as_object_mut().expect("is an object");
    settings.retain(|name, _| body["settings"].get(name).is_some());
    for (property, value) in body.as_object().expect("is an object") {
        assert_eq!(&user[property], value, "{property}");
    }
}

#[tokio::test]
async fn a_password_is_never_returned_nor_kept() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({"password": "anna"})).await;
    let line = format!("PATCH /v2/users/{}", anna.id);
    let replies = [
        api.get(&api.owner, "/v2/users").await.ok(),
        api.get(&api.owner, &format!("/v2/users/{}", anna.id))
            .await
            .ok(),
        api.call(
            &api.owner,
            &line,
            json!({"password": "secret", "phone": "1"}),
        )
        .await
        .ok(),
    ];
    for reply in replies {
        assert!(!reply.to_string().contains("password"), "{reply}");
    }
    let mut connection = api.backend.app.store.read().await.expect("connects");
    let row = store::get::<Account>(&mut connection, &anna.id)
        .await
        .expect("reads")
        .expect("is there")
        .row;
    assert!(
        !serde_json::to_string(&row.user)
            .expect("serializes")
            .contains("secret")
    );
    assert!(
        row.password
            .expect("has a password")
            .starts_with("$argon2id$")
    );
}

#[tokio::test]
async fn read_only_properties_of_a_new_user_are_ignored() {
    let api = Api::start().await;
    let mut body = api.get(&api.owner, "/v2/users/me").await.ok();
    body["email"] = "copy@example.com".into();
    body["apiToken"] = "forged".into();
    let user = api.call(&api.owner, "POST /v2/users", body).await.created();
    assert_ne!(user["id"], api.owner_id);
    assert_eq!((user.get("apiToken"), user.get("lastLogin")), (None, None));
}

#[tokio::test]
async fn an_email_address_is_unique_whatever_its_case() {
    let api = Api::start().await;
    let body = json!({"email": "JEFF@jeffdoe.com"});
    api.call(&api.owner, "POST /v2/users", body).await.error(
        409,
        "EMAIL_TAKEN",
        "another user has the e-mail address JEFF@jeffdoe.com",
    );
}

#[tokio::test]
async fn an_archived_user_keeps_its_email_address() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    api.call(
        &api.owner,
        &format!("DELETE /v2/users/{}", anna.id),
        Value::Null,
    )
    .await
    .no_content();
    let body = json!({"email": "anna@example.com"});
    assert_eq!(
        api.call(&api.owner, "POST /v2/users", body).await.status,
        409
    );
}

#[tokio::test]
async fn every_violation_is_told_at_once() {
    let api = Api::start().await;
    let body = json!({
        "role": "king",
        "settings": {"locale": "es", "audioOnChat": "yes"},
        "phone": 31,
    });
    let reply = api.call(&api.owner, "POST /v2/users", body).await;
    let mut violations =
        detail(&reply.with_status(400).json(), "BadRequest")["fieldViolations"].take();
    let mut fields: Vec<_> = violations
        .as_array_mut()
        .expect("is a list")
        .iter_mut()
        .map(|violation| text(&violation["field"].take()))
        .collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "email",
            "phone",
            "role",
            "settings.audioOnChat",
            "settings.locale"
        ]
    );
}

#[tokio::test]
async fn violations_of_path_query_and_body_are_told_together() {
    let api = Api::start().await;
    let line = "PATCH /v2/users/42?colour=red";
    let reply = api.call(&api.owner, line, json!({"email": null})).await;
    reply.violates(&["user_id", "colour", "email"]);
}

#[tokio::test]
async fn a_malformed_id_is_named() {
    let api = Api::start().await;
    api.get(&api.owner, "/v2/users/42")
        .await
        .violates(&["user_id"]);
    let line = "DELETE /v2/users/x/organizations/y";
    api.call(&api.owner, line, Value::Null)
        .await
        .violates(&["user_id", "organization_id"]);
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let api = Api::start().await;
    api.get(&api.owner, "/v2/users/57c8479433f5d57d3013a0bc")
        .await
        .error(
            404,
            "NOT_FOUND",
            "there is no user 57c8479433f5d57d3013a0bc",
        );
}

#[tokio::test]
async fn a_deleted_user_is_archived() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let path = format!("/v2/users/{}", anna.id);
    api.call(&api.owner, &format!("DELETE {path}"), Value::Null)
        .await
        .no_content();
    assert_eq!(api.get(&api.owner, &path).await.ok()["status"], "archived");
    assert_eq!(
        api.get(&api.owner, "/v2/users")
            .await
            .ok()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let archived = api.get(&api.owner, "/v2/users?status=archived").await.ok();
    assert_eq!(archived[0]["id"], anna.id);
}

#[tokio::test]
async fn deleting_twice_changes_nothing() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let line = format!("DELETE /v2/users/{}", anna.id);
    api.call(&api.owner, &line, Value::Null).await.no_content();
    let before = api
        .get(&api.owner, &format!("/v2/users/{}", anna.id))
        .await
        .ok();
    api.advance(SignedDuration::from_secs(1));
    api.call(&api.owner, &line, Value::Null).await.no_content();
    assert_eq!(
        api.get(&api.owner, &format!("/v2/users/{}", anna.id))
            .await
            .ok(),
        before
    );
}

#[tokio::test]
async fn an_archived_user_can_be_restored() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    api.call(
        &api.owner,
        &format!("DELETE /v2/users/{}", anna.id),
        Value::Null,
    )
    .await
    .no_content();
    let line = format!("PATCH /v2/users/{}", anna.id);
    api.call(&api.owner, &line, json!({"status": "active"}))
        .await
        .ok();
    api.log_in("anna@example.com", "anna").await.created();
}

#[tokio::test]
async fn the_last_owner_stays() {
    let api = Api::start().await;
    let message = format!(
        "the user is the last owner of organization {}; make somebody else an owner first",
        api.organization
    );
    let lines = [
        ("DELETE /v2/users/me", Value::Null),
        ("PATCH /v2/users/me", json!({"role": "admin"})),
        ("PATCH /v2/users/me", json!({"status": "archived"})),
    ];
    for (line, body) in lines {
        api.call(&api.owner, line, body)
            .await
            .error(400, "LAST_OWNER", &message);
    }
    assert_eq!(
        api.get(&api.owner, "/v2/users/me").await.ok()["role"],
        "owner",
        "nothing was changed"
    );
}

#[tokio::test]
async fn one_of_two_owners_can_go() {
    let api = Api::start().await;
    api.person("anna", json!({"role": "owner"})).await;
    api.call(&api.owner, "DELETE /v2/users/me", Value::Null)
        .await
        .no_content();
}

#[tokio::test]
async fn of_two_owners_who_delete_each_other_one_stays() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({"role": "owner"})).await;
    let (mine, hers) = (
        format!("DELETE /v2/users/{}", api.owner_id),
        format!("DELETE /v2/users/{}", anna.id),
    );
    let (one, other) = tokio::join!(
        api.call(&anna.token, &mine, Value::Null),
        api.call(&api.owner, &hers, Value::Null),
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    // The second one either meets the rule or is already out.
    assert!(matches!(statuses, [204, 400 | 401]), "{statuses:?}");
}

#[tokio::test]
async fn agents_below_the_top_focus_on_what_they_accept() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let seeded = json!({"users": [{
        "id": "a".repeat(24), "email": "seeded@example.com", "organization": below,
    }]});
    let seeded = api.backend.seed(seeded.to_string().as_bytes()).await;
    seeded.expect("is valid");
    let seeded = api.read(&format!("users/{}", "a".repeat(24))).await.ok();
    assert_eq!(seeded["settings"]["focusOnAccept"], true);
    for (organization, expected) in [(&api.organization, false), (&below, true)] {
        let body =
            json!({"email": format!("{expected}@example.com"), "organization": organization});
        let user = api.create("users", body).await;
        assert_eq!(user["settings"]["focusOnAccept"], expected);
        let path = format!("users/{}", text(&user["id"]));
        let set = json!({"settings": {"focusOnAccept": !expected}});
        let user = api.patch(&path, set).await.ok();
        assert_eq!(user["settings"]["focusOnAccept"], !expected);
        let cleared = json!({"settings": {"focusOnAccept": null}});
        let user = api.patch(&path, cleared).await.ok();
        assert_eq!(user["settings"]["focusOnAccept"], expected);
    }
}

#[tokio::test]
async fn who_sets_the_own_time_zone_or_language_has_chosen_it() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let change = |token: String, settings: Value| {
        let (api, line) = (&api, format!("PATCH /v2/users/{}", anna.id));
        async move {
            let changed = api.call(&token, &line, json!({"settings": settings})).await;
            let settings = changed.ok()["settings"].clone();
            (
                settings["timezoneSet"].clone(),
                settings["localeSet"].clone(),
            )
        }
    };
    let by_admin = change(api.owner.clone(), json!({"timezone": "Asia/Tokyo"})).await;
    assert_eq!(by_admin, (json!(false), json!(false)));
    let same = change(anna.token.clone(), json!({"timezone": "Asia/Tokyo"})).await;
    assert_eq!(same, (json!(false), json!(false)));
    let own = change(anna.token.clone(), json!({"timezone": "Europe/Rome"})).await;
    assert_eq!(own, (json!(true), json!(false)));
    let named = json!({"locale": "fr", "timezone": "Asia/Tokyo", "timezoneSet": false});
    let own = change(anna.token.clone(), named).await;
    assert_eq!(own, (json!(false), json!(true)));
    let cleared = json!({"locale": null});
    let own = change(anna.token.clone(), cleared).await;
    assert_eq!(own, (json!(false), json!(false)));
}
