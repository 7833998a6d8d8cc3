//! What is for whoever runs the backend, and what it does by itself.

use super::*;
use crate::token::REFRESH_LIFETIME;
use crate::{OpenError, RevokeError, TokenKeys, tend};

async fn round(api: &Api) {
    tend::round(&api.backend.app).await.expect("works");
}

#[tokio::test]
async fn what_is_about_to_be_archived_is_archived_in_the_next_round() {
    let api = Api::start().await;
    let upper = api.organization_below(&api.organization).await;
    let lower = api.organization_below(&upper).await;
    let inside = json!({"organization": lower, "role": "owner"});
    let anna = api.person("anna", inside).await;
    let pending = json!({"status": "pendingArchive"});
    api.patch(&format!("organizations/{upper}"), pending.clone())
        .await
        .ok();
    let status = async |id: &str| {
        let organization = api.read(&format!("organizations/{id}")).await.ok();
        text(&organization["status"])
    };
    // What stands under it is in use.
    round(&api).await;
    assert_eq!(status(&upper).await, "pendingArchive");
    api.patch(&format!("organizations/{lower}"), pending)
        .await
        .ok();
    api.get(&anna.token, "/v2/users/me").await.ok();
    round(&api).await;
    assert_eq!(status(&lower).await, "archived");
    api.get(&anna.token, "/v2/users/me")
        .await
        .error(401, "TOKEN_INVALID", "invalid token");
    round(&api).await;
    assert_eq!(status(&upper).await, "archived");
}

#[tokio::test]
async fn a_service_that_is_about_to_be_archived_is_archived() {
    let api = Api::start().await;
    let body = json!({"name": "Hook", "params": {"url": "https://a.example"}});
    let service = api.create("services", body).await;
    let path = format!("services/{}", text(&service["id"]));
    api.patch(&path, json!({"status": "pendingArchive"}))
        .await
        .ok();
    round(&api).await;
    assert_eq!(api.read(&path).await.ok()["status"], "archived");
    assert!(api.names("services").await.is_empty());
}

#[tokio::test]
async fn who_may_not_archive_does_not_have_it_archived() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    let inside = json!({"organization": below, "role": "owner"});
    let anna = api.person("anna", inside).await;
    let line = format!("PATCH /v2/organizations/{below}");
    let reply = api
        .call(&anna.token, &line, json!({"status": "pendingArchive"}))
        .await;
    assert_eq!(reply.with_status(403).reason(), "PERMISSION_DENIED");
}

#[tokio::test]
async fn rounds_of_two_backends_do_nothing_twice() {
    let api = Api::start().await;
    let below = api.organization_below(&api.organization).await;
    api.patch(
        &format!("organizations/{below}"),
        json!({"status": "pendingArchive"}),
    )
    .await
    .ok();
    let other = api.beside().await;
    let (one, two) = tokio::join!(tend::round(&api.backend.app), tend::round(&other.app));
    one.expect("works");
    two.expect("works");
    let mut session = api.backend.app.store.read().await.expect("reads");
    let found = store::get::<Tenant>(&mut session, &below).await;
    let found = found.expect("reads").expect("is there");
    // The creation, the patch, and one archiving.
    assert_eq!(found.version(), 3);
}

#[tokio::test]
async fn sessions_that_have_expired_are_removed() {
    let api = Api::start().await;
    let sessions = async || {
        let mut session = api.backend.app.store.read().await.expect("reads");
        let sql = "SELECT id FROM sessions";
        let rows = session.lookup(sql, Vec::new()).await.expect("reads");
        rows.len()
    };
    round(&api).await;
    assert_eq!(sessions().await, 1);
    api.advance(REFRESH_LIFETIME);
    round(&api).await;
    assert_eq!(sessions().await, 0);
}

#[tokio::test]
async fn another_organization_sees_nothing_of_the_first() {
    let api = Api::start().await;
    let email = "anna@example.org".to_owned();
    let password = Some("secret-of-anna".to_owned());
    let made = api
        .backend
        .create_organization("Other", email.clone(), password.clone())
        .await
        .expect("is valid");
    let token = text(&api.log_in(&email, "secret-of-anna").await.created()["token"]);
    let own = api.get(&token, "/v2/organizations").await.ok();
    assert_eq!(
        (own[0]["id"].as_str(), own.as_array().map(Vec::len)),
        (Some(made.organization.as_str()), Some(1))
    );
    let path = format!("/v2/organizations/{}", api.organization);
    assert_eq!(api.get(&token, &path).await.status, 404);
    let path = format!("organizations/{}", made.organization);
    assert_eq!(api.read(&path).await.status, 404);
    let users = api.read("users").await.ok();
    assert_eq!(users.as_array().map(Vec::len), Some(1));

    let again = api
        .backend
        .create_organization("Third", email, password)
        .await;
    let message = "the owner cannot be created: email is that of another user: anna@example.org";
    assert_eq!(again.expect_err("is taken").to_string(), message);
}

#[tokio::test]
async fn what_a_user_calls_with_is_revoked() {
    let api = Api::start().await;
    let body = json!({"email": "bot@example.com", "role": "bot", "password": "secret"});
    let bot = api.create("users", body).await;
    let pair = api.log_in("bot@example.com", "secret").await.created();
    let revoked = api.backend.revoke("Bot@example.com").await.expect("works");
    assert_eq!((revoked.sessions, revoked.api_token), (1, true));
    for token in [&bot["apiToken"], &pair["token"]] {
        api.get(&text(token), "/v2/users/me")
            .await
            .error(401, "TOKEN_INVALID", "invalid token");
    }
    let nobody = api.backend.revoke("nobody@example.com").await;
    assert!(matches!(nobody, Err(RevokeError::Unknown(_))), "{nobody:?}");
}

#[tokio::test]
async fn a_backend_with_other_keys_does_not_start() {
    let api = Api::start().await;
    let mut other = config(&api.database, &api.directory, api.milliseconds.clone());
    let key = format!("other:{}", "s".repeat(32));
    other.token_keys = Some(TokenKeys::Given(key));
    let refused = Backend::open(other).await;
    assert!(
        matches!(refused, Err(OpenError::OtherKeys { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_backend_that_is_refused_leaves_no_key() {
    let api = Api::start().await;
    if api.is_on_sqlite() {
        // A database that no other machine has takes new keys.
        return;
    }
    let mut other = config(&api.database, &api.directory, api.milliseconds.clone());
    let file = api.directory.path().join("elsewhere.json");
    other.token_keys = Some(TokenKeys::File(file.clone()));
    let refused = Backend::open(other).await;
    assert!(
        matches!(refused, Err(OpenError::OtherKeys { .. })),
        "{refused:?}"
    );
    assert!(!file.exists(), "the key has signed nothing");
}

#[tokio::test]
async fn a_new_key_logs_nobody_out() {
    let api = Api::start().await;
    let file = api.directory.path().join("data/token-keys.json");
    crate::rotate_key(&api.database, crate::DatabaseLimits::default(), &file)
        .await
        .expect("works");
    let beside = api.beside().await;
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", api.owner)
        .parse()
        .expect("is a header");
    headers.insert(header::AUTHORIZATION, bearer);
    send(&beside, "GET /v2/users/me", headers, Body::empty())
        .await
        .ok();
    std::fs::remove_file(&file).expect("is there");
    let made = crate::rotate_key(&api.database, crate::DatabaseLimits::default(), &file).await;
    assert_eq!(made.expect("works").older, 0);
    api.beside().await;
}

#[tokio::test]
async fn pages_of_allowed_origins_may_call() {
    const ALLOWED: &str = "https://app.example.com";
    let api = Api::start_with(|config| {
        config.cors_origins = vec![ALLOWED.parse().expect("is a header")];
    })
    .await;
    let allowed = async |line: &str, origin: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().expect("is a header"));
        headers.insert(
            header::ACCESS_CONTROL_REQUEST_METHOD,
            "PATCH".parse().expect("is a header"),
        );
        let reply = api.send(line, headers, Body::empty()).await;
        let allowed = reply.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        allowed.map(|origin| origin.to_str().expect("is text").to_owned())
    };
    for line in ["OPTIONS /v2/users/me", "GET /v2/users/me"] {
        assert_eq!(allowed(line, ALLOWED).await.as_deref(), Some(ALLOWED));
        assert_eq!(allowed(line, "https://evil.example.com").await, None);
    }
}

#[tokio::test]
async fn no_reply_is_to_be_stored() {
    let api = Api::start().await;
    let replies = [
        api.log_in(EMAIL, PASSWORD).await,
        api.log_in(EMAIL, "wrong").await,
        api.read("users/me").await,
    ];
    for reply in replies {
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}
