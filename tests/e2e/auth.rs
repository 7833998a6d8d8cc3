//! Logging in, refreshing, and every way in which a token is refused.

use proto::v2::{CreateTokenRequest, GetUserRequest, RefreshTokenRequest, Token};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stack::{OWNER, PASSWORD, Stack, with_token};

async fn get_me(stack: &Stack, token: &str) -> Result<String, Status> {
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let reply = stack.users().get_user(with_token(token, request)).await?;
    Ok(reply
        .into_inner()
        .user
        .unwrap_or_default()
        .email
        .unwrap_or_default())
}

#[track_caller]
fn check_refused(result: Result<String, Status>, message: &str, reason: &str) {
    let status = result.expect_err("the token was accepted");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Unauthenticated, message)
    );
    let details = status.get_error_details();
    assert_eq!(
        details.error_info().map(|info| info.reason.as_str()),
        Some(reason)
    );
}

#[tokio::test]
async fn a_login_gives_tokens_that_work() {
    let stack = Stack::start().await;
    let token = stack.log_in(OWNER, PASSWORD).await;
    assert_eq!(token.token_type.as_deref(), Some("Bearer"));
    assert!(token.scope.is_some_and(|scope| scope.contains("admin")));
    assert!(token.organization.is_some() && token.user.is_some());
    let expires = token.expires_at.expect("a token expires").seconds;
    assert_eq!(
        expires,
        1_700_000_000 + 24 * 3600,
        "an access token lasts 24 hours"
    );
    let me = get_me(&stack, &token.token.expect("a token has its text")).await;
    assert_eq!(me.expect("the token works"), OWNER);
}

/// Refreshes an hour later, by GET or by POST, and uses the new token.
async fn check_refreshed(stack: &Stack, old: &Token, new: Token) {
    assert_ne!(old.token, new.token, "a refresh gives another token");
    assert_eq!(old.user, new.user);
    let me = get_me(stack, &new.token.expect("a token has its text")).await;
    assert_eq!(me.expect("the token works"), OWNER);
}

#[tokio::test]
async fn a_token_is_refreshed_by_get() {
    let stack = Stack::start().await;
    let old = stack.log_in(OWNER, PASSWORD).await;
    stack.advance(25);
    let request = RefreshTokenRequest {
        refresh_token: old
            .refresh_token
            .clone()
            .expect("a login gives a refresh token"),
    };
    let new = stack
        .auth()
        .refresh_token(request)
        .await
        .expect("the token is fresh");
    check_refreshed(&stack, &old, new.into_inner().token.unwrap_or_default()).await;
}

#[tokio::test]
async fn a_token_is_refreshed_by_post() {
    let stack = Stack::start().await;
    let old = stack.log_in(OWNER, PASSWORD).await;
    stack.advance(25);
    let request = CreateTokenRequest {
        client_id: Some(OWNER.to_owned()),
        refresh_token: old.refresh_token.clone(),
        ..Default::default()
    };
    let new = stack
        .auth()
        .create_token(request)
        .await
        .expect("the token is fresh");
    check_refreshed(&stack, &old, new.into_inner().token.unwrap_or_default()).await;
}

/// What the vendor's client takes for an access token that it should refresh: said of a
/// refresh token, it would refresh for ever.
const WORDS_FOR_ACCESS_TOKENS: [&str; 3] = ["invalid token", "jwt expired", "invalid signature"];

#[track_caller]
fn check_refresh_refused(status: &Status) {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    assert_eq!(
        (status.code(), reason),
        (Code::Unauthenticated, Some("REFRESH_TOKEN_INVALID"))
    );
    let message = status.message();
    let is_taken_for_another = WORDS_FOR_ACCESS_TOKENS
        .iter()
        .any(|words| message.contains(words));
    assert!(
        message.contains("refresh token") && !is_taken_for_another,
        "{message:?} must say that the refresh token is refused, in words of its own"
    );
}

#[tokio::test]
async fn a_refused_refresh_token_has_words_and_a_reason_of_its_own() {
    let stack = Stack::start().await;
    let old = stack.log_in(OWNER, PASSWORD).await;
    let month = 31 * 24;
    stack.advance(month);
    let expired = old.refresh_token.unwrap_or_default();
    let access = old.token.unwrap_or_default();
    for refresh_token in [expired, access, "nonsense".to_owned()] {
        let by_get = RefreshTokenRequest {
            refresh_token: refresh_token.clone(),
        };
        let by_post = CreateTokenRequest {
            client_id: Some(OWNER.to_owned()),
            refresh_token: Some(refresh_token),
            ..Default::default()
        };
        let refused = stack.auth().refresh_token(by_get).await;
        check_refresh_refused(&refused.expect_err("it gave a token"));
        let refused = stack.auth().create_token(by_post).await;
        check_refresh_refused(&refused.expect_err("it gave a token"));
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let stack = Stack::start().await;
    let mut answers = Vec::new();
    for (email, password) in [(OWNER, "wrong"), ("nobody@example.com", PASSWORD)] {
        let request = CreateTokenRequest {
            email: Some(email.to_owned()),
            password: Some(password.to_owned()),
            ..Default::default()
        };
        let status = stack
            .auth()
            .create_token(request)
            .await
            .expect_err("it was let in");
        assert_eq!(status.code(), Code::Unauthenticated);
        answers.push(status.message().to_owned());
    }
    assert_eq!(
        answers[0], answers[1],
        "the answers tell which addresses exist"
    );
}

#[tokio::test]
async fn a_call_without_a_token_is_unauthenticated() {
    let stack = Stack::start().await;
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let status = stack
        .users()
        .get_user(request)
        .await
        .expect_err("it was let in");
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    stack.advance(25);
    check_refused(get_me(&stack, &token).await, "jwt expired", "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_token_of_another_system_has_an_invalid_signature() {
    let (stack, other) = (Stack::start().await, Stack::start().await);
    let token = other.owner().await;
    let refused = get_me(&stack, &token).await;
    check_refused(refused, "invalid signature", "TOKEN_SIGNATURE_INVALID");
}

#[tokio::test]
async fn what_is_no_token_is_invalid() {
    let stack = Stack::start().await;
    check_refused(
        get_me(&stack, "nonsense").await,
        "invalid token",
        "TOKEN_INVALID",
    );
    let refresh = stack
        .log_in(OWNER, PASSWORD)
        .await
        .refresh_token
        .expect("a refresh token");
    check_refused(
        get_me(&stack, &refresh).await,
        "invalid token",
        "TOKEN_INVALID",
    );
}
