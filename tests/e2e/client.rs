//! The client crate against the whole system.

use std::fs;
use std::path::Path;
use std::time::Duration;

use client::v2::upload_user_avatar_request::Payload;
use client::v2::{
    CreateTokenRequest, CreateUserRequest, GetUserRequest, StreamUsersRequest, UpdateUserRequest,
    UploadUserAvatarHeader, UploadUserAvatarRequest, User,
};
use client::{Client, Config, ConnectError, Credentials, Error, Reason, Tls};
use tls::{Acceptor, ClientAuthentication, ClientAuthorities, ServerTls};
use tonic::Code;

use crate::authority::{Authority, Files, Subject};
use crate::stack::{OWNER, PASSWORD, Settings, Stack, Tasks, gateway_with, listen};

/// A configuration for a connection that is there already.
fn owner() -> Config {
    let mut config = Config::new("http://localhost");
    config.credentials = Credentials::password(OWNER, PASSWORD);
    config
}

fn over(stack: &Stack, config: &Config) -> Client {
    Client::over(stack.channel.clone(), config).expect("the configuration can be used")
}

fn user(email: &str) -> CreateUserRequest {
    let user = User {
        email: Some(email.to_owned()),
        ..User::default()
    };
    CreateUserRequest { user: Some(user) }
}

fn me() -> GetUserRequest {
    GetUserRequest {
        user_id: "me".to_owned(),
    }
}

async fn email_of_me(client: &Client) -> Result<String, Error> {
    let reply = client.users().get_user(me()).await?.into_inner();
    Ok(reply.user.expect("a reply has its user").email().to_owned())
}

#[tokio::test]
async fn the_first_call_logs_in() {
    let stack = Stack::start().await;
    let client = over(&stack, &owner());
    assert_eq!(client.refresh_token(), None);
    assert_eq!(email_of_me(&client).await.expect("is logged in"), OWNER);
    assert!(client.refresh_token().is_some(), "the login brings one");
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced_once_for_all() {
    let stack = Stack::start().await;
    let mut config = owner();
    config.login_pause = Duration::ZERO;
    let client = over(&stack, &config);
    email_of_me(&client).await.expect("is logged in");
    let before = client.refresh_token();
    stack.advance(25);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { email_of_me(&client).await })
        })
        .collect();
    for call in calls {
        let email = call.await.expect("does not panic");
        assert_eq!(email.expect("the token is replaced"), OWNER);
    }
    assert_ne!(client.refresh_token(), before);
}

#[tokio::test]
async fn whose_refresh_token_has_ended_logs_in_by_password_again() {
    let stack = Stack::start().await;
    let mut config = owner();
    config.login_pause = Duration::ZERO;
    let client = over(&stack, &config);
    email_of_me(&client).await.expect("is logged in");
    stack.advance(24 * 60);
    let email = email_of_me(&client).await;
    assert_eq!(email.expect("the password is still right"), OWNER);
}

#[tokio::test]
async fn a_refresh_token_is_enough() {
    let stack = Stack::start().await;
    let token = stack.log_in(OWNER, PASSWORD).await.refresh_token;
    let mut config = owner();
    config.credentials = Credentials::refresh_token(token.expect("a login brings one"));
    let client = over(&stack, &config);
    assert_eq!(email_of_me(&client).await.expect("is logged in"), OWNER);
}

#[tokio::test]
async fn a_wrong_password_is_told_to_each_call_and_tried_once() {
    let stack = Stack::start().await;
    let mut config = owner();
    config.credentials = Credentials::password(OWNER, "wrong");
    config.login_pause = Duration::from_hours(1);
    let client = over(&stack, &config);
    for _ in 0..50 {
        let error = email_of_me(&client).await.expect_err("it is wrong");
        // Were it tried each time, it would become TOO_MANY_LOGINS.
        assert_eq!(error.reason(), Some(&Reason::CredentialsInvalid), "{error}");
    }
}

#[tokio::test]
async fn a_given_token_is_sent_as_it_is() {
    let stack = Stack::start().await;
    let mut config = owner();
    config.credentials = Credentials::token(stack.owner().await);
    let client = over(&stack, &config);
    assert_eq!(email_of_me(&client).await.expect("it is good"), OWNER);
    stack.advance(25);
    let error = email_of_me(&client).await.expect_err("it has ended");
    assert_eq!(error.reason(), Some(&Reason::TokenExpired));
}

#[tokio::test]
async fn somebody_anonymous_can_log_in_and_do_nothing_else() {
    let stack = Stack::start().await;
    let client = over(&stack, &Config::new("http://localhost"));
    let error = email_of_me(&client).await.expect_err("nobody is logged in");
    assert_eq!(error.reason(), Some(&Reason::TokenMissing));
    let request = CreateTokenRequest {
        email: Some(OWNER.to_owned()),
        password: Some(PASSWORD.to_owned()),
        ..CreateTokenRequest::default()
    };
    let reply = client.auth().create_token(request).await;
    let token = reply.expect("the password is right").into_inner().token;
    assert!(token.is_some_and(|token| token.token.is_some()));
}

#[tokio::test]
async fn violations_tell_their_paths() {
    let stack = Stack::start().await;
    let client = over(&stack, &owner());
    let status = client.users().create_user(user("jan")).await;
    let error = Error::from(status.expect_err("that is no address"));
    assert_eq!(error.reason(), Some(&Reason::InvalidRequest));
    let fields: Vec<_> = error.violations().iter().map(|v| &*v.field).collect();
    assert_eq!(fields, ["user.email"]);
    assert!(error.request_id().is_some_and(|id| !id.is_empty()));
}

#[tokio::test]
async fn reasons_are_told_apart() {
    let stack = Stack::start().await;
    let client = over(&stack, &owner());
    let created = client.users().create_user(user("jan@example.com")).await;
    created.expect("the address is free");
    let status = client.users().create_user(user("jan@example.com")).await;
    let error = Error::from(status.expect_err("it is taken"));
    assert_eq!(
        (error.code(), error.reason()),
        (Code::AlreadyExists, Some(&Reason::EmailTaken))
    );
    let update = UpdateUserRequest {
        user_id: "0".repeat(24),
        user: Some(User::default()),
        update_mask: None,
    };
    let status = client.users().update_user(update).await;
    let error = Error::from(status.expect_err("nobody has this ID"));
    assert_eq!(error.reason(), Some(&Reason::NotFound));
}

#[tokio::test]
async fn a_list_is_read_across_pages() {
    let stack = Stack::start().await;
    let client = over(&stack, &owner());
    for number in 0..5 {
        let request = user(&format!("{number}@example.com"));
        let created = client.users().create_user(request).await;
        created.expect("the address is free");
    }
    for page_size in [None, Some(2)] {
        let mut list = client.list(StreamUsersRequest {
            page_size,
            email: Some("~@example.com".to_owned()),
            ..StreamUsersRequest::default()
        });
        let mut emails = Vec::new();
        while let Some(user) = list.try_next().await.expect("the list goes on") {
            emails.push(user.email().to_owned());
        }
        let created = (0..5).map(|number| format!("{number}@example.com"));
        assert_eq!(
            emails,
            [OWNER.to_owned()]
                .into_iter()
                .chain(created)
                .collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn a_list_is_a_stream_that_ends_after_its_error() {
    use tokio_stream::StreamExt as _;

    let stack = Stack::start().await;
    let client = over(&stack, &owner());
    let list = client.list(StreamUsersRequest {
        page_size: Some(0),
        ..StreamUsersRequest::default()
    });
    let items: Vec<_> = list.collect().await;
    let [Err(error)] = &items[..] else {
        panic!("one error was expected, not {items:?}");
    };
    assert_eq!(error.reason(), Some(&Reason::InvalidRequest));
}

#[tokio::test]
async fn a_list_logs_in_again_too() {
    let stack = Stack::start().await;
    let mut config = owner();
    config.login_pause = Duration::ZERO;
    let client = over(&stack, &config);
    email_of_me(&client).await.expect("is logged in");
    stack.advance(25);
    let mut list = client.list(StreamUsersRequest::default());
    let first = list.try_next().await.expect("the token is replaced");
    assert_eq!(first.expect("there is the owner").email(), OWNER);
}

#[tokio::test]
async fn an_upload_is_sent_in_pieces() {
    let stack = Stack::start().await;
    let client = over(&stack, &owner());
    let header = Payload::Header(UploadUserAvatarHeader {
        user_id: "me".to_owned(),
        ..UploadUserAvatarHeader::default()
    });
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::new(20, 20);
    let written = picture.write_to(&mut png, image::ImageFormat::Png);
    written.expect("memory takes it");
    let png = png.into_inner();
    let chunks = png
        .chunks(10)
        .map(|chunk| Payload::Chunk(chunk.to_vec().into()));
    let messages: Vec<_> = std::iter::once(header)
        .chain(chunks)
        .map(|payload| UploadUserAvatarRequest {
            payload: Some(payload),
        })
        .collect();
    let reply = client
        .users()
        .upload_user_avatar(tokio_stream::iter(messages))
        .await;
    let user = reply.expect("it is a picture").into_inner().user;
    assert!(user.is_some_and(|user| user.avatar.is_some()));
}

/// A gateway with TLS that wants to see a certificate, and nothing behind it.
async fn secured(tasks: &mut Tasks, files: &Files, authority: &Authority) -> String {
    let pair = authority.issue(Subject::LOCALHOST);
    let mut tls = ServerTls::new(files.certificate("server", &pair));
    tls.clients = Some(ClientAuthorities {
        file: files.write("clients.pem", &authority.pem),
        authentication: ClientAuthentication::Required,
    });
    let settings = Settings {
        tls: Some(Acceptor::open(tls).expect("the files can be used")),
        ..Settings::default()
    };
    let (listener, upstream) = listen().await;
    drop(listener);
    let gateway = gateway_with(settings, &format!("http://{upstream}/v2"), tasks).await;
    gateway.replacen("http://", "https://", 1)
}

#[tokio::test]
async fn tls_takes_given_roots_a_certificate_and_a_name() {
    let (mut tasks, files, authority) = (Tasks::default(), Files::new(), Authority::new("ours"));
    // Its certificate is for localhost, not for the address.
    let mut config = Config::new(secured(&mut tasks, &files, &authority).await);
    let (certificate, key) = authority.issue(Subject::CLIENT);
    config.retry.attempts = 1;
    config.tls = Tls::default()
        .with_roots(authority.pem.clone())
        .with_identity(certificate, key)
        .with_domain("localhost");
    let client = Client::connect(config).await.expect("both are trusted");
    let error = email_of_me(&client).await.expect_err("nobody is behind it");
    assert_eq!(error.reason(), Some(&Reason::UpstreamUnavailable));
}

#[tokio::test]
async fn a_gateway_that_nobody_vouches_for_is_no_connection() {
    let (mut tasks, files, authority) = (Tasks::default(), Files::new(), Authority::new("ours"));
    let mut config = Config::new(secured(&mut tasks, &files, &authority).await);
    config.tls = Tls::default()
        .with_roots(Authority::new("others").pem)
        .with_domain("localhost");
    let error = Client::connect(config).await.expect_err("is not trusted");
    assert!(matches!(error, ConnectError::Connect(_)), "{error:?}");
}

#[tokio::test]
async fn what_is_no_url_is_told() {
    for url in ["", "127.0.0.1:50051", "ftp://localhost"] {
        let error = Client::connect(Config::new(url))
            .await
            .expect_err("is none");
        assert!(
            matches!(error, ConnectError::Url { .. }),
            "{url}: {error:?}"
        );
    }
}

/// Every reason that the contract and the documentation of the gateway name.
fn reasons() -> Vec<String> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateway.md");
    let docs = fs::read_to_string(docs).expect("the documentation is there");
    let rows = docs.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = rows
        .filter_map(|row| row.split_once('`'))
        .map(|(name, _)| name);
    let is_reason = |name: &&str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let of_contract = contract::reasons::REASONS.iter().map(|reason| reason.name);
    named
        .filter(is_reason)
        .chain(of_contract)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_reason_has_a_variant() {
    let reasons = reasons();
    assert!(
        reasons.len() > 40,
        "the tables have not been found: {reasons:?}"
    );
    let unknown: Vec<_> = reasons
        .iter()
        .filter(|reason| matches!(Reason::from(reason.as_str()), Reason::Unknown(_)))
        .collect();
    assert!(
        unknown.is_empty(),
        "give these a variant in crates/client/src/reason.rs: {unknown:?}"
    );
}

#[test]
fn messages_hide_their_secrets() {
    let user = User {
        email: Some(OWNER.to_owned()),
        password: Some(PASSWORD.to_owned()),
        api_token: Some("hunter2".to_owned()),
        ..User::default()
    };
    let shown = format!("{:?}", CreateUserRequest { user: Some(user) });
    assert!(shown.contains(OWNER), "{shown}");
    assert!(
        !shown.contains(PASSWORD) && !shown.contains("hunter2"),
        "{shown}"
    );
}
