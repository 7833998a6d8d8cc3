//! Where pictures are kept, what becomes of those that nobody has, and the bounds
//! on uploading, decoding and keeping them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use ::http::{Method, StatusCode, Uri};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::avatars::{kept, path, png, rows, upload};
use super::*;
use crate::files;
use crate::resources::avatars::sweep;
use crate::store::pictures::put_leftover;
use crate::{PictureLimits, PictureStore, S3};

/// What speaks the protocol of S3 as far as pictures need it.
struct FakeS3 {
    objects: Objects,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// What is kept, by its path, and who is asked before more is.
#[derive(Clone, Default)]
struct Objects {
    kept: Arc<Mutex<BTreeMap<String, Bytes>>>,
    ask: Option<mpsc::UnboundedSender<oneshot::Sender<()>>>,
}

impl Objects {
    fn count(&self) -> usize {
        self.kept.lock().expect("nobody panics").len()
    }
}

/// Answers a request as S3 does.
async fn answer(
    State(objects): State<Objects>,
    method: Method,
    uri: Uri,
    request: HeaderMap,
    body: Bytes,
) -> Response {
    let signature = request.get(header::AUTHORIZATION);
    let signature = signature.and_then(|value| value.to_str().ok());
    if !signature.is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 Credential=key/")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if let (&Method::PUT, Some(ask)) = (&method, &objects.ask) {
        let (go_on, told) = oneshot::channel();
        ask.send(go_on).expect("somebody asks");
        let _ = told.await;
    }
    let headers = [
        (header::ETAG, "\"1\""),
        (header::LAST_MODIFIED, "Thu, 07 Jan 2016 14:03:43 GMT"),
    ];
    let mut kept = objects.kept.lock().expect("nobody panics");
    let path = uri.path().to_owned();
    match method {
        Method::PUT => {
            kept.insert(path, body);
            headers.into_response()
        }
        Method::GET => match kept.get(&path) {
            Some(bytes) => (headers, bytes.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            kept.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

impl FakeS3 {
    async fn start() -> Self {
        Self::start_with(Objects::default()).await
    }

    async fn start_with(objects: Objects) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), objects).await
    }

    async fn start_at(address: SocketAddr, objects: Objects) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        let address = listener.local_addr().expect("is bound");
        let router = Router::new().fallback(answer).with_state(objects.clone());
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self {
            objects,
            address,
            serving,
        }
    }

    /// Ends. Connections that are open are closed.
    async fn stop(self) -> (SocketAddr, Objects) {
        self.serving.abort();
        let _ = self.serving.await;
        (self.address, self.objects)
    }
}

/// The place in S3 at an address.
fn bucket(address: SocketAddr) -> PictureStore {
    let settings = [
        ("AWS_ENDPOINT", format!("http://{address}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", "key".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_PROFILE", "means nothing here".to_owned()),
    ];
    PictureStore::S3(S3 {
        bucket: "bucket".to_owned(),
        prefix: "below/here".to_owned(),
        settings: settings
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
    })
}

async fn start_in(pictures: PictureStore) -> Api {
    Api::start_with(|config| config.pictures = Some(pictures)).await
}

/// Uploads, replaces and deletes pictures. `count` returns how many are kept.
async fn check(api: &Api, count: impl AsyncFn() -> usize) {
    let first = path(&upload(api, &png(10, 10)).await.created());
    let reply = api.get(NOBODY, &first).await.with_status(200);
    assert!(image::load_from_memory(&reply.bytes).is_ok());
    let second = path(&upload(api, &png(20, 20)).await.created());
    api.get(NOBODY, &first).await.with_status(404);
    api.get(NOBODY, &second).await.with_status(200);
    assert_eq!(count().await, 1);
    api.patch("users/me", json!({"avatar": "https://a.example/b"}))
        .await
        .ok();
    assert_eq!(count().await, 0, "replaced by one from elsewhere");
    let third = path(&upload(api, &png(30, 30)).await.created());
    api.delete("users/me/avatar").await.no_content();
    api.get(NOBODY, &third).await.with_status(404);
    assert_eq!(count().await, 0, "deleted");
    assert_eq!(rows(api, "leftovers").await, 0, "nothing is left over");
}

#[tokio::test]
async fn pictures_are_kept_in_the_database() {
    let api = start_in(PictureStore::Database).await;
    check(&api, async || rows(&api, "pictures").await).await;
    assert!(!api.directory.path().join("data/avatars").exists());
}

#[tokio::test]
async fn pictures_are_kept_in_the_data_directory() {
    let api = start_in(PictureStore::Data).await;
    check(&api, async || kept(&api).await).await;
}

#[tokio::test]
async fn pictures_are_kept_in_s3() {
    let s3 = FakeS3::start().await;
    let api = start_in(bucket(s3.address)).await;
    check(&api, async || s3.objects.count()).await;
    let path = path(&upload(&api, &png(10, 10)).await.created());
    let objects = s3.objects.kept.lock().expect("nobody panics").clone();
    let keys: Vec<_> = objects.into_keys().collect();
    assert_eq!(keys, [format!("/bucket/below/here{path}")]);
}

#[tokio::test]
async fn postgresql_keeps_pictures_itself_and_sqlite_in_the_directory() {
    let api = Api::start().await;
    assert_eq!(api.backend.app.files.is_some(), api.is_on_sqlite());
}

#[tokio::test]
async fn every_backend_on_a_database_has_its_pictures() {
    let api = start_in(PictureStore::Database).await;
    let path = path(&upload(&api, &png(10, 10)).await.created());
    let elsewhere = tempfile::tempdir().expect("there is room");
    let mut config = config(&api.database, &elsewhere, api.milliseconds.clone());
    config.pictures = Some(PictureStore::Database);
    let keys = api.directory.path().join("data/token-keys.json");
    config.token_keys = Some(crate::TokenKeys::File(keys));
    let other = Backend::open(config).await.expect("opens");
    let line = format!("GET {path}");
    let reply = send(&other, &line, HeaderMap::new(), Vec::new()).await;
    reply.with_status(200);
}

/// Lets no user be changed. PostgreSQL has no statement as short as this.
async fn freeze(api: &Api) {
    let trigger = "CREATE TRIGGER frozen BEFORE UPDATE ON users BEGIN \
         SELECT RAISE(ABORT, 'frozen'); END";
    let mut transaction = api.backend.app.store.write().await.expect("begins");
    transaction
        .execute(trigger, Vec::new())
        .await
        .expect("is valid");
    store::commit(transaction).await.expect("commits");
}

async fn check_nothing_is_left_of_a_failure(
    pictures: PictureStore,
    count: impl AsyncFn(&Api) -> usize,
) {
    let api = start_in(pictures).await;
    if !api.is_on_sqlite() {
        return;
    }
    freeze(&api).await;
    upload(&api, &png(10, 10)).await.with_status(500);
    assert_eq!(count(&api).await, 0);
    assert_eq!(rows(&api, "leftovers").await, 0);
}

#[tokio::test]
async fn a_failed_upload_leaves_nothing_behind() {
    check_nothing_is_left_of_a_failure(PictureStore::Database, kept).await;
    check_nothing_is_left_of_a_failure(PictureStore::Data, kept).await;
    let s3 = FakeS3::start().await;
    let objects = s3.objects.clone();
    check_nothing_is_left_of_a_failure(bucket(s3.address), async |_| objects.count()).await;
}

#[tokio::test]
async fn a_failed_change_keeps_the_picture() {
    for pictures in [PictureStore::Database, PictureStore::Data] {
        let api = start_in(pictures).await;
        if !api.is_on_sqlite() {
            return;
        }
        let path = path(&upload(&api, &png(10, 10)).await.created());
        freeze(&api).await;
        api.patch("users/me", json!({"avatar": null}))
            .await
            .with_status(500);
        api.get(NOBODY, &path).await.with_status(200);
        assert_eq!(rows(&api, "leftovers").await, 0);
    }
}

/// Keeps a picture and goes no further, as a backend that is killed.
async fn leave_over(api: &Api) -> String {
    let app = &api.backend.app;
    let path = files::new_path(object_id(&api.owner_id), "jpg").expect("has random numbers");
    let mut transaction = app.store.write().await.expect("begins");
    let now = app.clock.now().as_second();
    put_leftover(&mut transaction, &path, now)
        .await
        .expect("inserts");
    store::commit(transaction).await.expect("commits");
    let files = app.files.as_ref().expect("are kept elsewhere");
    files
        .put(&path, "picture".into())
        .await
        .expect("there is room");
    path
}

#[tokio::test]
async fn what_was_left_over_is_deleted_after_an_hour() {
    let api = start_in(PictureStore::Data).await;
    let had = path(&upload(&api, &png(10, 10)).await.created());
    let path = leave_over(&api).await;
    api.advance(SignedDuration::from_mins(60));
    sweep(&api.backend.app).await.expect("works");
    api.get(NOBODY, &path).await.with_status(200);
    api.advance(SignedDuration::from_secs(1));
    sweep(&api.backend.app).await.expect("works");
    api.get(NOBODY, &path).await.with_status(404);
    assert_eq!(rows(&api, "leftovers").await, 0);
    api.get(NOBODY, &had).await.with_status(200);
}

#[tokio::test]
async fn a_backend_that_serves_deletes_what_was_left_over() {
    let served = served::Served::start(served::patient()).await;
    let api = &served.api;
    if !api.is_on_sqlite() {
        return;
    }
    leave_over(api).await;
    api.advance(SignedDuration::from_hours(2));
    let other = Backend {
        server_limits: served::patient(),
        ..api.backend.clone()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let serving = other.serve(listener, std::future::pending(), Duration::ZERO);
    let gone = async {
        while rows(api, "leftovers").await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = serving => panic!("it goes on serving"),
        () = served::within("it is deleted", gone) => {}
    }
    assert_eq!(kept(api).await, 0);
}

#[tokio::test]
async fn an_upload_that_takes_for_ever_ends_with_nothing() {
    let (ask, mut asked) = mpsc::unbounded_channel();
    let s3 = FakeS3::start_with(Objects {
        ask: Some(ask),
        ..Objects::default()
    })
    .await;
    let api = Api::start_with(|config| {
        config.pictures = Some(bucket(s3.address));
        config.picture_limits.timeout = Duration::from_hours(1);
        config.picture_limits.request_timeout = Duration::from_hours(1);
    })
    .await;
    let image = png(10, 10);
    let meanwhile = async {
        let go_on = asked.recv().await.expect("the picture is put");
        api.advance(SignedDuration::from_hours(2));
        sweep(&api.backend.app).await.expect("works");
        go_on.send(()).expect("it waits");
    };
    let (reply, ()) = tokio::join!(upload(&api, &image), meanwhile);
    reply.with_status(503);
    assert_eq!(s3.objects.count(), 0);
}

const BUSY: &str = "the service is busy or out of order for a moment, try again";

async fn check_away(api: &Api, path: &str) {
    upload(api, &png(10, 10))
        .await
        .error(503, "UNAVAILABLE", BUSY);
    let reply = api.get(NOBODY, path).await;
    reply.error(503, "UNAVAILABLE", BUSY);
    api.log_in(EMAIL, PASSWORD).await.created();
}

#[tokio::test]
async fn s3_that_is_away_answers_503_and_is_used_again_when_it_is_back() {
    let s3 = FakeS3::start().await;
    let api = Api::start_with(|config| {
        config.pictures = Some(bucket(s3.address));
        config.picture_limits.retries = 0;
    })
    .await;
    let old = path(&upload(&api, &png(10, 10)).await.created());
    let (address, objects) = s3.stop().await;
    check_away(&api, &old).await;
    // The user has no picture any more, whether it can be deleted now or not.
    api.delete("users/me/avatar").await.no_content();
    assert_eq!(objects.count(), 1);

    let s3 = FakeS3::start_at(address, objects).await;
    let new = path(&upload(&api, &png(20, 20)).await.created());
    api.get(NOBODY, &new).await.with_status(200);
    api.advance(SignedDuration::from_hours(2));
    sweep(&api.backend.app).await.expect("works");
    assert_eq!(s3.objects.count(), 1, "the old one was deleted later");
    assert_eq!(rows(&api, "leftovers").await, 0);
}

#[tokio::test]
async fn s3_that_is_silent_answers_503_in_time() {
    // The system accepts connections, and nobody reads what comes.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("is bound");
    for (timeout, request_timeout) in [(50, 60_000), (60_000, 50)] {
        let api = Api::start_with(|config| {
            config.pictures = Some(bucket(address));
            config.picture_limits.timeout = Duration::from_millis(timeout);
            config.picture_limits.request_timeout = Duration::from_millis(request_timeout);
            config.picture_limits.retries = 1;
        })
        .await;
        let path = files::new_path(object_id(&api.owner_id), "jpg").expect("has random numbers");
        check_away(&api, &path).await;
    }
}

#[tokio::test]
async fn s3_that_refuses_is_a_fault_of_the_backend() {
    let s3 = FakeS3::start().await;
    let PictureStore::S3(mut place) = bucket(s3.address) else {
        return;
    };
    place.settings[2].1 = "other".to_owned();
    let api = start_in(PictureStore::S3(place)).await;
    upload(&api, &png(10, 10)).await.with_status(500);
}

#[tokio::test]
async fn decoding_never_delays_a_login() {
    let api = Api::start_with(|config| {
        config.picture_limits = PictureLimits {
            waiting: 0,
            ..PictureLimits::default()
        };
    })
    .await;
    let (free, freed) = std::sync::mpsc::channel::<()>();
    let (begin, has_begun) = oneshot::channel();
    let app = api.backend.app.clone();
    let decoding = tokio::spawn(async move {
        let work = move || {
            let _ = begin.send(());
            let _ = freed.recv();
        };
        app.decoders.run(work).await
    });
    has_begun.await.expect("it is decoded");
    upload(&api, &png(10, 10))
        .await
        .error(503, "UNAVAILABLE", BUSY);
    api.log_in(EMAIL, PASSWORD).await.created();
    free.send(()).expect("it is being decoded");
    decoding.await.expect("ends").expect("is done");
    upload(&api, &png(10, 10)).await.created();
}

#[tokio::test]
async fn uploads_for_which_there_is_no_memory_are_refused() {
    let api = Api::start_with(|config| config.picture_limits.upload_bytes = 0).await;
    let mut other = api.backend.app.uploads.begin();
    other.push(&vec![0; 16 << 20]).expect("there is room");
    upload(&api, &png(10, 10))
        .await
        .error(503, "UNAVAILABLE", BUSY);
    drop(other);
    upload(&api, &png(10, 10)).await.created();
}

#[tokio::test]
async fn a_restored_backup_has_all_pictures() {
    for pictures in [PictureStore::Database, PictureStore::Data] {
        let api = start_in(pictures.clone()).await;
        if !api.is_on_sqlite() {
            return;
        }
        let path = path(&upload(&api, &png(10, 10)).await.created());
        let data = api.directory.path().join("data");
        let file = api.directory.path().join("backup");
        let saved = crate::backup(&api.database, &data, &file, &|_, _| {}).expect("can be written");
        assert_eq!((saved.pictures, saved.missing), (1, 0), "in {pictures:?}");

        let elsewhere = tempfile::tempdir().expect("there is room");
        let database = empty_database(&elsewhere).await;
        let data = elsewhere.path().join("data");
        let saved =
            crate::restore(&file, &database, &data, false, &|_, _| {}).expect("can be restored");
        assert_eq!(saved.pictures, 1, "in {pictures:?}");
        let mut config = config(&database, &elsewhere, api.milliseconds.clone());
        config.pictures = Some(pictures);
        let restored = Backend::open(config).await.expect("opens");
        let line = format!("GET {path}");
        let reply = send(&restored, &line, HeaderMap::new(), Vec::new()).await;
        reply.with_status(200);
    }
}

#[tokio::test]
async fn a_backup_tells_of_pictures_that_it_has_not() {
    let s3 = FakeS3::start().await;
    let api = start_in(bucket(s3.address)).await;
    if !api.is_on_sqlite() {
        return;
    }
    upload(&api, &png(10, 10)).await.created();
    let (data, file) = ["data", "backup"]
        .map(|name| api.directory.path().join(name))
        .into();
    let saved = crate::backup(&api.database, &data, &file, &|_, _| {}).expect("can be written");
    assert_eq!((saved.pictures, saved.missing), (0, 1));
}

/// The paths below a directory, each with its mode.
#[cfg(unix)]
fn modes(directory: &Path) -> Vec<(String, u32)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = std::fs::metadata(&path).expect("is there");
        found.push((
            path.display().to_string(),
            metadata.permissions().mode() & 0o777,
        ));
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).expect("is there");
            open.extend(entries.map(|entry| entry.expect("is there").path()));
        }
    }
    found
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_kept_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("there is room");
    let data = directory.path().join("data");
    let database = format!("sqlite://{}?mode=rwc", data.join("web1on1.db").display());
    let open = || {
        let config = config(&database, &directory, Arc::default());
        async { Backend::open(config).await.expect("opens") }
    };
    let backend = open().await;
    let files = backend.app.files.as_ref().expect("are in the directory");
    let path = files::new_path(ObjectId::from_bytes([0; 12]), "jpg").expect("is random");
    files
        .put(&path, "picture".into())
        .await
        .expect("there is room");
    let check = |expected: &str| {
        let modes = modes(&data);
        assert!(modes.len() >= 7, "{modes:?}");
        for (path, mode) in modes {
            assert_eq!(mode & 0o077, 0, "{path} is {mode:o} {expected}");
        }
    };
    check("from the beginning");
    for path in ["web1on1.db", "web1on1.db-wal", "web1on1.db-shm", "avatars"] {
        let more = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(data.join(path), more).expect("is ours");
    }
    open().await;
    check("after a start");
}
