//! Logging in, and what tokens are good for.

use super::*;
use crate::token::{ACCESS_LIFETIME, Claims, Grant, Key, REFRESH_LIFETIME};

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
        .key
        .verify(&api.owner, START.parse().expect("is a time"))
        .expect("is valid");
    let forged = Key::new(b"guessed").sign(&claims).expect("signs");
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
            .key
            .verify(&api.owner, START.parse().expect("is a time"))
            .expect("is valid")
    };
    let token = api.backend.app.key.sign(&claims).expect("signs");
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
        "TOKEN_INVALID",
        "invalid token",
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
        .error(401, "TOKEN_EXPIRED", "jwt expired");
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
        .error(401, "TOKEN_INVALID", "invalid token");
}

#[tokio::test]
async fn a_new_password_ends_refresh_tokens() {
    let api = Api::start().await;
    let token = refresh_token(&api).await;
    api.call(
        &api.owner,
        "PATCH /v2/users/me",
        json!({"password": PASSWORD}),
    )
    .await
    .ok();
    refresh(&api, &token)
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
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
    refresh(&api, &text(&pair["refreshToken"]))
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
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
            .key
            .verify(&api.owner, START.parse().expect("is a time"))
            .expect("is valid")
    };
    let token = api.backend.app.key.sign(&claims).expect("signs");
    api.get(&token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
}
