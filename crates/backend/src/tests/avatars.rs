//! Pictures of users.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use super::*;

const BOUNDARY: &str = "----web1on1";

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let image = DynamicImage::from(RgbImage::from_pixel(width, height, Rgb([200, 20, 20])));
    let mut bytes = Vec::new();
    image
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .expect("encodes");
    bytes
}

/// A multipart body of one part with these headers.
pub(super) fn multipart(part_headers: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\n{part_headers}\r\n\r\n");
    [
        head.as_bytes(),
        content,
        format!("\r\n--{BOUNDARY}--\r\n").as_bytes(),
    ]
    .concat()
}

pub(super) async fn upload_as(api: &Api, token: &str, user: &str, body: Vec<u8>) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::AUTHORIZATION,
        format!("Bearer {token}").parse().expect("is a header"),
    );
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    headers.insert(
        header::CONTENT_TYPE,
        content_type.parse().expect("is a header"),
    );
    api.send(&format!("POST /v2/users/{user}/avatar"), headers, body)
        .await
}

pub(super) async fn upload(api: &Api, content: &[u8]) -> Reply {
    let headers = "Content-Disposition: form-data; name=\"file\"; filename=\"photo.png\"\r\n\
        Content-Type: image/png";
    upload_as(api, &api.owner, "me", multipart(headers, content)).await
}

/// The path of an avatar's URL.
pub(super) fn path(user: &Value) -> String {
    let url = text(&user["avatar"]);
    url.strip_prefix("http://backend.test")
        .expect("begins with the public URL")
        .to_owned()
}

/// How many pictures are kept, wherever that is.
pub(super) async fn kept(api: &Api) -> usize {
    let avatars = api.directory.path().join("data/avatars");
    let users = std::fs::read_dir(avatars).into_iter().flatten().flatten();
    let files = users
        .flat_map(|user| std::fs::read_dir(user.path()).into_iter().flatten())
        .count();
    files + rows(api, "pictures").await
}

/// How many rows a table has.
pub(super) async fn rows(api: &Api, table: &str) -> usize {
    let mut session = api.backend.app.store.read().await.expect("begins");
    let sql = format!("SELECT * FROM {table}");
    session
        .lookup(&sql, Vec::new())
        .await
        .expect("is valid")
        .len()
}

#[tokio::test]
async fn an_upload_becomes_a_square_that_everybody_can_get() {
    let api = Api::start().await;
    api.advance(SignedDuration::from_secs(1));
    let user = upload(&api, &png(640, 480)).await.created();
    assert_eq!(user["updatedAt"], "2016-01-07T14:03:44Z");
    assert_eq!(api.get(&api.owner, "/v2/users/me").await.ok(), user);

    let reply = api.get(NOBODY, &path(&user)).await.with_status(200);
    assert_eq!(reply.header("content-type"), "image/jpeg");
    assert_eq!(
        reply.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("content-disposition"), "inline");
    assert_eq!(
        reply.header("content-security-policy"),
        "default-src 'none'"
    );
    let image = image::load_from_memory(&reply.bytes).expect("is an image");
    assert_eq!((image.width(), image.height()), (256, 256));
}

#[tokio::test]
async fn who_has_a_picture_is_told_that_it_is_the_same() {
    let api = Api::start().await;
    let path = path(&upload(&api, &png(10, 10)).await.created());
    let tag = api.get(NOBODY, &path).await.header("etag").to_owned();
    let line = format!("GET {path}");
    for (known, status) in [(&*tag, 304), ("\"other\"", 200)] {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, known.parse().expect("is a header"));
        let reply = api.send(&line, headers, Vec::new()).await;
        let reply = reply.with_status(status);
        assert_eq!(reply.header("etag"), tag);
        assert_eq!(reply.bytes.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn an_image_with_too_many_pixels_is_refused() {
    let api = Api::start().await;
    // It is white, so a few kilobytes say all of it.
    let white = RgbImage::from_pixel(5_001, 5_000, Rgb([255; 3]));
    let mut bytes = Vec::new();
    DynamicImage::from(white)
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .expect("encodes");
    upload(&api, &bytes).await.error(
        400,
        "INVALID_REQUEST",
        "file has 5001 × 5000 = 25005000 pixels, and may have 25000000 at most, with no side \
         longer than 16384",
    );
}

#[tokio::test]
async fn a_part_in_base64_is_decoded() {
    let api = Api::start().await;
    let recorded = include_str!("../../../../openapi/recorded/uploadUserAvatar.json");
    let recorded: Value = serde_json::from_str(recorded).expect("is JSON");
    let content = text(&recorded["request"]["part"]["body"]);
    let headers = "Content-Disposition: form-data; name=\"file\"; filename=\"photo.jpg\"\r\n\
        Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64";
    upload_as(
        &api,
        &api.owner,
        "me",
        multipart(headers, content.as_bytes()),
    )
    .await
    .created();
}

#[tokio::test]
async fn a_new_picture_replaces_the_old_one() {
    let api = Api::start().await;
    let old = path(&upload(&api, &png(10, 10)).await.created());
    let new = path(&upload(&api, &png(20, 20)).await.created());
    assert_ne!(old, new);
    api.get(NOBODY, &old).await.with_status(404);
    api.get(NOBODY, &new).await.with_status(200);
    assert_eq!(kept(&api).await, 1);
}

#[tokio::test]
async fn a_deleted_picture_is_gone() {
    let api = Api::start().await;
    let user = upload(&api, &png(10, 10)).await.created();
    api.call(&api.owner, "DELETE /v2/users/me/avatar", Value::Null)
        .await
        .no_content();
    api.get(NOBODY, &path(&user)).await.with_status(404);
    assert_eq!(
        api.get(&api.owner, "/v2/users/me").await.ok().get("avatar"),
        None
    );
    assert_eq!(kept(&api).await, 0);
}

#[tokio::test]
async fn deleting_no_picture_succeeds() {
    let api = Api::start().await;
    api.call(&api.owner, "DELETE /v2/users/me/avatar", Value::Null)
        .await
        .no_content();
}

#[tokio::test]
async fn a_picture_from_elsewhere_replaces_the_file() {
    let api = Api::start().await;
    upload(&api, &png(10, 10)).await.created();
    let body = json!({"avatar": "http://yoursite.com/images/avatar.png"});
    let user = api.call(&api.owner, "PATCH /v2/users/me", body).await.ok();
    assert_eq!(
        (&user["avatar"], kept(&api).await),
        (&json!("http://yoursite.com/images/avatar.png"), 0)
    );
}

#[tokio::test]
async fn sending_back_the_url_changes_nothing() {
    let api = Api::start().await;
    let user = upload(&api, &png(10, 10)).await.created();
    assert_eq!(
        api.call(&api.owner, "PATCH /v2/users/me", user.clone())
            .await
            .ok(),
        user
    );
    api.get(NOBODY, &path(&user)).await.with_status(200);
}

#[tokio::test]
async fn the_url_of_somebody_elses_picture_does_not_delete_it() {
    let api = Api::start().await;
    let mine = upload(&api, &png(10, 10)).await.created();
    let anna = api.person("anna", json!({"avatar": mine["avatar"]})).await;
    api.call(&anna.token, "DELETE /v2/users/me/avatar", Value::Null)
        .await
        .no_content();
    api.get(NOBODY, &path(&mine)).await.with_status(200);
}

#[tokio::test]
async fn what_is_no_image_is_refused() {
    let api = Api::start().await;
    upload(&api, b"<svg/>").await.error(
        400,
        "INVALID_REQUEST",
        "file must be a PNG, JPEG, GIF or WebP image",
    );
    assert_eq!(kept(&api).await, 0);
}

#[tokio::test]
async fn an_empty_file_is_refused() {
    let api = Api::start().await;
    upload(&api, b"").await.violates(&["file"]);
}

#[tokio::test]
async fn a_body_without_the_part_is_refused() {
    let api = Api::start().await;
    let body = multipart(
        "Content-Disposition: form-data; name=\"picture\"",
        &png(1, 1),
    );
    upload_as(&api, &api.owner, "me", body).await.error(
        400,
        "INVALID_REQUEST",
        "file is required: a part with this name and the file in it",
    );
}

#[tokio::test]
async fn a_body_that_is_no_multipart_is_refused() {
    let api = Api::start().await;
    api.call(&api.owner, "POST /v2/users/me/avatar", json!({}))
        .await
        .error(
            415,
            "CONTENT_TYPE_UNSUPPORTED",
            "the body must be `multipart/form-data`, and Content-Type says `application/json`",
        );
    let reply = upload_as(&api, &api.owner, "me", b"no parts".to_vec()).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let api = Api::start().await;
    let message = "the body is too large: 10 MiB is the most that is read";
    upload(&api, &vec![0; (10 << 20) + 1])
        .await
        .error(413, "BODY_TOO_LARGE", message);
    upload(&api, &vec![0; 20 << 20])
        .await
        .error(413, "BODY_TOO_LARGE", message);
}

#[tokio::test]
async fn agents_upload_their_own_picture_only() {
    let api = Api::start().await;
    let anna = api.person("anna", json!({})).await;
    let headers = "Content-Disposition: form-data; name=\"file\"";
    upload_as(&api, &anna.token, "me", multipart(headers, &png(1, 1)))
        .await
        .created();
    assert_eq!(
        upload_as(
            &api,
            &anna.token,
            &api.owner_id,
            multipart(headers, &png(1, 1))
        )
        .await
        .status,
        403
    );
    assert_eq!(kept(&api).await, 1);
}

#[tokio::test]
async fn nothing_but_pictures_is_served() {
    let api = Api::start().await;
    for path in [
        "/avatars/x/y.jpg",
        "/avatars/..%2F..%2Fweb1on1.db/x",
        "/avatars/57c8479433f5d57d3013a0bc/..%2Fx.jpg",
    ] {
        api.get(NOBODY, path).await.with_status(404);
    }
}
