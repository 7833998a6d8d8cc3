//! What starting on a database does.

use super::*;
use crate::{FirstStart, OpenError};

#[tokio::test]
async fn the_first_start_creates_an_owner() {
    let api = Api::start().await;
    let user = api.get(&api.owner, "/v2/users/me").await.ok();
    insta::assert_json_snapshot!(user, @r#"
    {
      "id": "000000000000000000000002",
      "email": "jeff@jeffdoe.com",
      "organization": "000000000000000000000001",
      "role": "owner",
      "settings": {
        "timezone": "Europe/Amsterdam",
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
      "status": "active",
      "lastLogin": "2016-01-07T14:03:43Z",
      "createdAt": "2016-01-07T14:03:43Z",
      "updatedAt": "2016-01-07T14:03:43Z"
    }
    "#);
}

#[tokio::test]
async fn the_second_start_creates_nothing() {
    let api = Api::start().await;
    assert_eq!(api.beside().await.first_start(), None);
}

#[tokio::test]
async fn a_password_is_made_up_where_none_is_given() {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let database = empty_database(&directory).await;
    let config = Config::new(database, directory.path(), "http://backend.test");
    let backend = Backend::open(config).await.expect("opens");
    let FirstStart {
        email,
        password,
        password_was_made_up,
        ..
    } = backend.first_start().expect("is the first");
    assert!(password_was_made_up);
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        "application/json".parse().expect("is a header"),
    );
    let body = json!({"email": email, "password": password}).to_string();
    send(&backend, "POST /v2/auth/token", headers, body)
        .await
        .created();
}

#[tokio::test]
async fn backends_that_start_together_agree_on_one_owner() {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let database = empty_database(&directory).await;
    // Creates the tables, and another owner than the two below could.
    let open = || {
        Backend::open(Config::new(
            &database,
            directory.path(),
            "http://backend.test",
        ))
    };
    let first = open().await.expect("opens");
    let (second, third) = tokio::join!(open(), open());
    let made: Vec<_> = [first, second.expect("opens"), third.expect("opens")]
        .iter()
        .filter_map(|backend| backend.first_start().cloned())
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
}

#[tokio::test]
async fn backends_that_start_together_on_nothing_agree_on_the_tables() {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let database = empty_database(&directory).await;
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let config = Config::new(&database, directory.path(), "http://backend.test");
            tokio::spawn(Backend::open(config))
        })
        .collect();
    let mut made = 0;
    for start in starts {
        let backend = start.await.expect("does not panic").expect("opens");
        made += usize::from(backend.first_start().is_some());
    }
    assert_eq!(made, 1, "one start creates the owner");
}

#[tokio::test]
async fn backends_on_one_database_accept_each_others_tokens() {
    let api = Api::start().await;
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        format!("Bearer {}", api.owner)
            .parse()
            .expect("is a header"),
    );
    send(
        &api.beside().await,
        "GET /v2/users/me",
        headers,
        Body::empty(),
    )
    .await
    .ok();
}

#[tokio::test]
async fn what_was_created_is_there_after_a_restart() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let again = Api {
        backend: api.beside().await,
        ..api
    };
    assert_eq!(
        again
            .get(&again.owner, &format!("/v2/users/{}", anna.id))
            .await
            .ok()["id"],
        anna.id
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_named() {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let config = Config::new(
        "mysql://localhost/web1on1",
        directory.path(),
        "http://backend.test",
    );
    let error = Backend::open(config)
        .await
        .expect_err("no such database is supported");
    assert!(matches!(error, OpenError::Database(_)), "{error:?}");
}

#[tokio::test]
async fn an_owner_without_an_email_address_is_refused_before_anything_is_created() {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    let database = empty_database(&directory).await;
    let config = Config::new(database, directory.path(), "http://backend.test");
    let wrong = Config {
        owner_email: Some("jeff".to_owned()),
        ..config.clone()
    };
    let error = Backend::open(wrong).await.expect_err("jeff is no address");
    assert!(matches!(error, OpenError::Owner(_)), "{error:?}");
    assert!(
        Backend::open(config)
            .await
            .expect("opens")
            .first_start()
            .is_some()
    );
}

#[tokio::test]
async fn a_public_url_must_be_absolute() {
    let directory = tempfile::tempdir().expect("the system has a directory for temporary files");
    for url in ["", "/files", "backend.test", "http://backend.test?x"] {
        let database = empty_database(&directory).await;
        let error = Backend::open(Config::new(database, directory.path(), url))
            .await
            .expect_err(url);
        assert!(matches!(error, OpenError::PublicUrl(_)), "{url}: {error:?}");
    }
}
