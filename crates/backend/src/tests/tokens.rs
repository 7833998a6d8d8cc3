//! Logging in, and what tokens are good for.

use super::*;

/// What is said of a refresh token that is refused. The vendor's SDK refreshes on
/// `jwt expired`, `invalid signature` and `invalid token`, so none of these is in it.
const REFUSED_REFRESH: &str =
    "the refresh token is not, or no longer, good for a new access token: log in again";
use crate::store::Row as _;
use crate::token::{ACCESS_LIFETIME, Claims, Grant, Key, Keys, REFRESH_LIFETIME, api_token};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

async fn refresh_token(api: &Api) -> String {
    text(&api.log_in(EMAIL, PASSWORD).await.created()["refreshToken"])
}

async fn refresh(api: &Api, token: &str) -> Reply {
    api.get(NOBODY, &format!("/v2/auth/token?refreshToken={token}"))
        .await
}

#[tokio::test]
async fn a_password_buys_a_pair_of_tokens() {
    let api = Api::start().await;
    let mut token = api.log_in(EMAIL, PASSWORD).await.created();
    for secret in ["token", "refreshToken"] {
        assert_eq!(
            text(&token[secret]).split('.').count(),
            3,
            "{secret} is a JWT"
        );
        token[secret] = "…".into();
    }
    insta::assert_json_snapshot!(token, @r#"
    {
      "tokenType": "Bearer",
      "token": "…",
      "refreshToken": "…",
      "user": "000000000000000000000002",
      "organization": "000000000000000000000001",
      "expiresAt": "2016-01-08T14:03:43Z",
      "scope": "viewer guest agent bot admin owner"
    }
    "#);
}

#[tokio::test]
async fn an_email_address_logs_in_in_any_case() {
    let api = Api::start().await;
    api.log_in("Jeff@JeffDoe.com", PASSWORD).await.created();
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let api = Api::start().await;
    let message = "the e-mail address or the password is wrong";
    api.log_in(EMAIL, "Z3krut")
        .await
        .error(401, "CREDENTIALS_INVALID", message);
    api.log_in("nobody@example.com", PASSWORD)
        .await
        .error(401, "CREDENTIALS_INVALID", message);
}

#[tokio::test]
async fn a_user_without_a_password_cannot_log_in() {
    let api = Api::start().await;
    let body = json!({"email": "anna@example.com"});
    api.call(&api.owner, "POST /v2/users", body).await.created();
    assert_eq!(api.log_in("anna@example.com", "").await.status, 401);
}

#[tokio::test]
async fn logging_in_is_remembered() {
    let api = Api::start().await;
    api.advance(SECOND);
    api.log_in(EMAIL, PASSWORD).await.created();
    let user = api.get(&api.owner, "/v2/users/me").await.ok();
    assert_eq!(user["lastLogin"], "2016-01-07T14:03:44Z");
    assert_eq!(user["updatedAt"], START, "to log in is no change");
}

#[tokio::test]
async fn a_token_request_needs_both_halves() {
    let api = Api::start().await;
    let body = json!({"email": EMAIL});
    assert_eq!(
        api.call(NOBODY, "POST /v2/auth/token", body).await.status,
        400
    );
}

#[tokio::test]
async fn a_call_without_a_token_is_told_where_to_get_one() {
    let api = Api::start().await;
    let reply = api.get(NOBODY, "/v2/users/me").await;
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    reply.error(
        401,
        "TOKEN_MISSING",
        "a token is needed: send the header `Authorization: Bearer <token>` with one from \
        POST /v2/auth/token",
    );
}

#[tokio::test]
async fn an_access_token_expires_after_a_day() {
    let api = Api::start().await;
    api.advance(ACCESS_LIFETIME - SECOND);
    api.get(&api.owner, "/v2/users/me").await.ok();
    api.advance(SECOND);
    let reply = api.get(&api.owner, "/v2/users/me").await;
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    reply.error(401, "TOKEN_EXPIRED", "jwt expired");
}

#[tokio::test]
async fn a_token_of_another_system_has_an_invalid_signature() {
    let api = Api::start().await;
    let claims = api
        .backend
        .app
        .keys
        .verify(&api.owner, START.parse().expect("is a time"))
        .expect("is valid");
    let forged = Keys::new(
        Key::new(api.backend.app.keys.ids().0, b"guessed"),
        Vec::new(),
    );
    let forged = forged.sign(&claims).expect("signs");
    api.get(&forged, "/v2/users/me").await.error(
        401,
        "TOKEN_SIGNATURE_INVALID",
        "invalid signature",
    );
}

#[tokio::test]
async fn what_is_no_token_is_invalid() {
    let api = Api::start().await;
    api.get("94c70d470e391bdc16a8d8363b5d4891", "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}

#[tokio::test]
async fn a_token_of_a_user_who_never_was_is_invalid() {
    let api = Api::start().await;
    let claims = Claims {
        user: "57c8479433f5d57d3013a0bc".to_owned(),
        ..api
            .backend
            .app
            .keys
            .verify(&api.owner, START.parse().expect("is a time"))
            .expect("is valid")
    };
    let token = api.backend.app.keys.sign(&claims).expect("signs");
    api.get(&token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}

#[tokio::test]
async fn a_refresh_token_buys_a_new_pair() {
    let api = Api::start().await;
    let token = refresh_token(&api).await;
    api.advance(ACCESS_LIFETIME);
    let pair = refresh(&api, &token).await.ok();
    assert_eq!(pair["expiresAt"], "2016-01-09T14:03:43Z");
    api.get(&text(&pair["token"]), "/v2/users/me").await.ok();
    refresh(&api, &text(&pair["refreshToken"])).await.ok();
}

#[tokio::test]
async fn a_refresh_token_is_also_taken_by_post() {
    let api = Api::start().await;
    let body = json!({"clientId": "JEFF@jeffdoe.com", "refreshToken": refresh_token(&api).await});
    let pair = api
        .call(NOBODY, "POST /v2/auth/token", body)
        .await
        .created();
    api.get(&text(&pair["token"]), "/v2/users/me").await.ok();
}

#[tokio::test]
async fn a_refresh_token_of_somebody_else_is_invalid() {
    let api = Api::start().await;
    let body = json!({"clientId": "anna@example.com", "refreshToken": refresh_token(&api).await});
    api.call(NOBODY, "POST /v2/auth/token", body).await.error(
        401,
        "REFRESH_TOKEN_INVALID",
        REFUSED_REFRESH,
    );
}

#[tokio::test]
async fn a_refresh_token_expires_after_a_month() {
    let api = Api::start().await;
    let token = refresh_token(&api).await;
    api.advance(REFRESH_LIFETIME - SECOND);
    refresh(&api, &token).await.ok();
    api.advance(SECOND);
    refresh(&api, &token)
        .await
        .error(401, "REFRESH_TOKEN_INVALID", REFUSED_REFRESH);
}

#[tokio::test]
async fn a_refresh_token_makes_no_calls() {
    let api = Api::start().await;
    api.get(&refresh_token(&api).await, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}

#[tokio::test]
async fn an_access_token_buys_no_pair() {
    let api = Api::start().await;
    refresh(&api, &api.owner)
        .await
        .error(401, "REFRESH_TOKEN_INVALID", REFUSED_REFRESH);
}

#[tokio::test]
async fn an_archived_user_is_out_at_once() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let pair = api.log_in("anna@example.com", "anna").await.created();
    api.call(
        &api.owner,
        &format!("DELETE /v2/users/{}", anna.id),
        Value::Null,
    )
    .await
    .no_content();
    api.get(&anna.token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
    refresh(&api, &text(&pair["refreshToken"])).await.error(
        401,
        "REFRESH_TOKEN_INVALID",
        REFUSED_REFRESH,
    );
    let message = "the e-mail address or the password is wrong";
    api.log_in("anna@example.com", "anna")
        .await
        .error(401, "CREDENTIALS_INVALID", message);
}

#[tokio::test]
async fn the_token_of_a_bot_does_not_expire() {
    let api = Api::start().await;
    let body = json!({"email": "bot@example.com", "role": "bot"});
    let bot = api.call(&api.owner, "POST /v2/users", body).await.created();
    api.advance(SignedDuration::from_hours(10 * 365 * 24));
    assert_eq!(
        api.get(&text(&bot["apiToken"]), "/v2/users/me").await.ok()["id"],
        bot["id"]
    );
}

#[tokio::test]
async fn the_token_of_a_bot_ends_with_the_role() {
    let api = Api::start().await;
    let body = json!({"email": "bot@example.com", "role": "bot"});
    let bot = api.call(&api.owner, "POST /v2/users", body).await.created();
    let line = format!("PATCH /v2/users/{}", text(&bot["id"]));
    let agent = api
        .call(&api.owner, &line, json!({"role": "agent"}))
        .await
        .ok();
    assert_eq!(agent.get("apiToken"), None);
    api.get(&text(&bot["apiToken"]), "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
    let again = api
        .call(&api.owner, &line, json!({"role": "bot"}))
        .await
        .ok();
    assert_ne!(again["apiToken"], bot["apiToken"]);
}

#[tokio::test]
async fn a_token_without_an_end_that_no_bot_has_is_invalid() {
    let api = Api::start().await;
    let claims = Claims {
        grant: Grant::Api,
        exp: None,
        ..api
            .backend
            .app
            .keys
            .verify(&api.owner, START.parse().expect("is a time"))
            .expect("is valid")
    };
    let token = api_token(&claims, b"guessed").expect("signs");
    api.get(&token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}

/// Checks that a token makes no calls any more.
async fn check_ended(api: &Api, token: &str) {
    api.get(token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}

#[tokio::test]
async fn a_refresh_token_is_good_for_one_renewal() {
    let api = Api::start().await;
    let first = api.log_in(EMAIL, PASSWORD).await.created();
    let second = refresh(&api, &text(&first["refreshToken"])).await.ok();
    api.advance(SECOND * 11);
    let third = refresh(&api, &text(&second["refreshToken"])).await.ok();
    // Whoever comes with the first one again has a copy.
    refresh(&api, &text(&first["refreshToken"])).await.error(
        401,
        "REFRESH_TOKEN_INVALID",
        REFUSED_REFRESH,
    );
    for pair in [&first, &second, &third] {
        check_ended(&api, &text(&pair["token"])).await;
        refresh(&api, &text(&pair["refreshToken"])).await.error(
            401,
            "REFRESH_TOKEN_INVALID",
            REFUSED_REFRESH,
        );
    }
    // Another login of the same user goes on.
    api.get(&api.owner, "/v2/users/me").await.ok();
}

#[tokio::test]
async fn a_refresh_token_whose_reply_was_lost_is_still_taken() {
    let api = Api::start().await;
    let token = refresh_token(&api).await;
    refresh(&api, &token).await.ok();
    api.advance(SECOND * 10);
    let pair = refresh(&api, &token).await.ok();
    refresh(&api, &text(&pair["refreshToken"])).await.ok();
}

#[tokio::test]
async fn of_many_who_renew_with_one_token_none_is_shut_out() {
    let api = Api::start().await;
    let token = refresh_token(&api).await;
    let pairs = futures_util::future::join_all((0..10).map(|_| refresh(&api, &token))).await;
    for pair in pairs {
        let pair = pair.ok();
        api.get(&text(&pair["token"]), "/v2/users/me").await.ok();
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let pair = api.log_in("anna@example.com", "anna").await.created();
    api.patch(&format!("users/{}", anna.id), json!({"password": "other"}))
        .await
        .ok();
    check_ended(&api, &anna.token).await;
    check_ended(&api, &text(&pair["token"])).await;
    refresh(&api, &text(&pair["refreshToken"])).await.error(
        401,
        "REFRESH_TOKEN_INVALID",
        REFUSED_REFRESH,
    );
    api.log_in("anna@example.com", "other").await.created();
}

#[tokio::test]
async fn the_own_password_is_changed_by_who_has_just_logged_in() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let change = json!({"password": "other"});
    let message = "to change your own password, log in again first: this login is too old, or is \
        not one with a password";
    api.advance(SignedDuration::from_mins(15) + SECOND);
    for body in [change.clone(), json!({"password": null})] {
        api.call(&anna.token, "PATCH /v2/users/me", body)
            .await
            .error(403, "LOGIN_TOO_OLD", message);
    }
    // A renewal proves nothing new.
    let pair = api.log_in("anna@example.com", "anna").await.created();
    api.advance(SignedDuration::from_mins(15) + SECOND);
    let renewed = refresh(&api, &text(&pair["refreshToken"])).await.ok();
    let token = text(&renewed["token"]);
    api.call(&token, "PATCH /v2/users/me", change.clone())
        .await
        .error(403, "LOGIN_TOO_OLD", message);
    let fresh = text(&api.log_in("anna@example.com", "anna").await.created()["token"]);
    api.call(&fresh, "PATCH /v2/users/me", change).await.ok();
    check_ended(&api, &fresh).await;
}

#[tokio::test]
async fn a_bot_does_not_set_its_password() {
    let api = Api::start().await;
    let bot = api
        .create("users", json!({"email": "bot@example.com", "role": "bot"}))
        .await;
    let token = text(&bot["apiToken"]);
    let reply = api
        .call(&token, "PATCH /v2/users/me", json!({"password": "other"}))
        .await;
    assert_eq!(reply.with_status(403).reason(), "LOGIN_TOO_OLD");
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_sessions() {
    let api = Api::start_with(|config| config.login_limits.sessions = 3).await;
    let anna = api.person("anna", json!({})).await;
    let mut tokens = vec![anna.token];
    for _ in 0..3 {
        api.advance(SECOND);
        tokens.push(text(
            &api.log_in("anna@example.com", "anna").await.created()["token"],
        ));
    }
    check_ended(&api, &tokens[0]).await;
    for token in &tokens[1..] {
        api.get(token, "/v2/users/me").await.ok();
    }
}

#[tokio::test]
async fn an_api_token_is_shown_once() {
    let api = Api::start().await;
    let bot = api
        .create("users", json!({"email": "bot@example.com", "role": "bot"}))
        .await;
    let path = format!("users/{}", text(&bot["id"]));
    let token = text(&bot["apiToken"]);
    let replies = [
        api.read(&path).await.ok(),
        api.read("users?role=bot").await.ok()[0].clone(),
        api.patch(&path, json!({"phone": "1", "apiToken": "x"}))
            .await
            .ok(),
        api.get(&token, "/v2/users/me").await.ok(),
    ];
    for reply in replies {
        assert_eq!(reply["id"], bot["id"]);
        assert_eq!(reply.get("apiToken"), None);
    }
    let mut connection = api.backend.app.store.read().await.expect("connects");
    let kept = store::get::<Account>(&mut connection, &text(&bot["id"])).await;
    let kept = format!("{:?}", kept.expect("reads").expect("is there").row.write());
    assert!(!kept.contains(&token), "{kept}");
}

#[tokio::test]
async fn an_api_token_is_revoked_by_null() {
    let api = Api::start().await;
    let bot = api
        .create("users", json!({"email": "bot@example.com", "role": "bot"}))
        .await;
    let path = format!("users/{}", text(&bot["id"]));
    let token = text(&bot["apiToken"]);
    let revoked = api.patch(&path, json!({"apiToken": null})).await.ok();
    assert_eq!(revoked.get("apiToken"), None);
    check_ended(&api, &token).await;
    // Nothing else brings it back.
    let changed = api.patch(&path, json!({"phone": "1"})).await.ok();
    assert_eq!(changed.get("apiToken"), None);
    api.patch(&path, json!({"role": "agent"})).await.ok();
    let again = api.patch(&path, json!({"role": "bot"})).await.ok();
    assert_ne!(again["apiToken"], bot["apiToken"]);
    api.get(&text(&again["apiToken"]), "/v2/users/me")
        .await
        .ok();
    check_ended(&api, &token).await;
}

#[tokio::test]
async fn an_archived_bot_comes_back_with_another_token() {
    let api = Api::start().await;
    let bot = api
        .create("users", json!({"email": "bot@example.com", "role": "bot"}))
        .await;
    let path = format!("users/{}", text(&bot["id"]));
    let token = text(&bot["apiToken"]);
    api.delete(&path).await.no_content();
    check_ended(&api, &token).await;
    let restored = api.patch(&path, json!({"status": "active"})).await.ok();
    check_ended(&api, &token).await;
    api.get(&text(&restored["apiToken"]), "/v2/users/me")
        .await
        .ok();
}

#[tokio::test]
async fn a_bot_that_moves_gets_another_token() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let body = json!({"email": "bot@example.com", "role": "bot", "organization": below});
    let bot = api.create("users", body).await;
    let path = format!("users/{}", text(&bot["id"]));
    let moved = api
        .patch(&path, json!({"organization": api.organization}))
        .await
        .ok();
    check_ended(&api, &text(&bot["apiToken"])).await;
    let user = api
        .get(&text(&moved["apiToken"]), "/v2/users/me")
        .await
        .ok();
    assert_eq!(user["organization"], api.organization);
}

#[tokio::test]
async fn an_empty_organization_is_closed() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let anna = api
        .person("anna", json!({"organization": below, "role": "owner"}))
        .await;
    let pair = api.log_in("anna@example.com", "anna").await.created();
    let body = json!({"email": "bot@example.com", "role": "bot", "organization": below});
    let bot = api.create("users", body).await;
    api.delete(&format!("organizations/{below}"))
        .await
        .no_content();
    for token in [&anna.token, &text(&pair["token"]), &text(&bot["apiToken"])] {
        check_ended(&api, token).await;
    }
    refresh(&api, &text(&pair["refreshToken"])).await.error(
        401,
        "REFRESH_TOKEN_INVALID",
        REFUSED_REFRESH,
    );
    let message = "the e-mail address or the password is wrong";
    api.log_in("anna@example.com", "anna")
        .await
        .error(401, "CREDENTIALS_INVALID", message);

    let restored = json!({"status": "active"});
    api.patch(&format!("organizations/{below}"), restored)
        .await
        .ok();
    check_ended(&api, &anna.token).await;
    api.log_in("anna@example.com", "anna").await.created();
    api.get(&text(&bot["apiToken"]), "/v2/users/me").await.ok();
}

#[tokio::test]
async fn who_fails_too_often_waits() {
    let api = Api::start().await;
    let wrong = "the e-mail address or the password is wrong";
    for email in [EMAIL, "nobody@example.com"] {
        for _ in 0..10 {
            api.log_in(email, "wrong")
                .await
                .error(401, "CREDENTIALS_INVALID", wrong);
        }
        let message = "too many logins have failed; wait, and check the password";
        let reply = api.log_in(email, PASSWORD).await;
        assert_eq!(reply.header("retry-after"), "10");
        reply.error(429, "TOO_MANY_LOGINS", message);
    }
    api.get(&api.owner, "/v2/users/me").await.ok();
    api.advance(SECOND * 10);
    api.log_in(EMAIL, PASSWORD).await.created();
}

#[tokio::test]
async fn the_right_password_to_an_archived_organization_is_a_failure_like_a_wrong_one() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    for name in ["anna", "hans"] {
        let organization = json!({"organization": below});
        api.person(name, organization).await;
    }
    api.delete(&format!("organizations/{below}"))
        .await
        .no_content();
    for (name, password) in [("anna", "anna"), ("hans", "wrong")] {
        let mut statuses = Vec::new();
        for _ in 0..12 {
            let reply = api.log_in(&format!("{name}@example.com"), password).await;
            statuses.push(reply.status);
        }
        assert_eq!(
            statuses,
            [[401; 10].as_slice(), &[429; 2]].concat(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn who_logs_in_rightly_never_waits() {
    let api = Api::start().await;
    for _ in 0..15 {
        api.log_in(EMAIL, PASSWORD).await.created();
    }
}

#[tokio::test]
async fn an_address_that_fails_too_often_waits_whatever_it_names() {
    let api = Api::start_with(|config| config.login_limits.per_address.burst = 3).await;
    let log_in = async |number: u32, from: &str| {
        let mut headers = HeaderMap::new();
        let json = "application/json".parse().expect("is a header");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert("x-forwarded-for", from.parse().expect("is a header"));
        let body = json!({"email": format!("{number}@example.com"), "password": "x"});
        let body = body.to_string().into_bytes();
        api.send("POST /v2/auth/token", headers, body).await.status
    };
    for number in 0..3 {
        assert_eq!(log_in(number, "192.0.2.1").await, 401);
    }
    assert_eq!(log_in(3, "192.0.2.1").await, 429);
    assert_eq!(log_in(3, "192.0.2.2").await, 401);
}

#[tokio::test]
async fn who_asks_for_taken_addresses_too_often_waits() {
    let api = Api::start().await;
    for _ in 0..20 {
        let body = json!({"email": EMAIL});
        let reply = api.call(&api.owner, "POST /v2/users", body).await;
        assert_eq!(reply.with_status(409).reason(), "EMAIL_TAKEN");
    }
    for (line, email) in [
        ("POST /v2/users", EMAIL),
        ("POST /v2/users", "free@example.com"),
        ("PATCH /v2/users/me", "free@example.com"),
    ] {
        let reply = api.call(&api.owner, line, json!({"email": email})).await;
        assert_eq!(reply.with_status(429).reason(), "TOO_MANY_TAKEN_ADDRESSES");
    }
    api.advance(SECOND * 10);
    api.create("users", json!({"email": "free@example.com"}))
        .await;
}

#[tokio::test]
async fn a_first_login_sets_language_and_time_zone() {
    let api = Api::start().await;
    let log_in = async |name: &str, languages: &'static str| {
        let mut headers = HeaderMap::new();
        let json = "application/json".parse().expect("is a header");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(
            header::ACCEPT_LANGUAGE,
            languages.parse().expect("is a header"),
        );
        let body = json!({"email": format!("{name}@example.com"), "password": "secret"});
        let body = body.to_string().into_bytes();
        let pair = api
            .send("POST /v2/auth/token", headers, body)
            .await
            .created();
        api.get(&text(&pair["token"]), "/v2/users/me").await.ok()["settings"].clone()
    };
    api.create(
        "users",
        json!({"email": "anna@example.com", "password": "secret"}),
    )
    .await;
    let settings = log_in("anna", "nl-NL, en;q=0.5").await;
    assert_eq!(settings["locale"], "nl");
    assert_eq!(settings["timezone"], "Europe/Amsterdam");
    let settings = log_in("anna", "de").await;
    assert_eq!(settings["locale"], "nl", "only the first login sets it");

    let settings = json!({"timezone": "Europe/Paris", "locale": "fr"});
    api.create(
        "users",
        json!({"email": "bert@example.com", "password": "secret", "settings": settings}),
    )
    .await;
    let settings = log_in("bert", "de").await;
    assert_eq!(
        (&settings["locale"], &settings["timezone"]),
        (&json!("fr"), &json!("Europe/Paris"))
    );
}
