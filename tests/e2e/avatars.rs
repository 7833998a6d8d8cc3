//! Uploading an avatar in pieces, and what is served of it.

use std::io::Cursor;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use proto::v2::upload_user_avatar_request::Payload;
use proto::v2::{
    DeleteUserAvatarRequest, GetUserRequest, UploadUserAvatarHeader, UploadUserAvatarRequest, User,
};
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::stack::{Stack, get, with_token};

fn message(payload: Payload) -> UploadUserAvatarRequest {
    UploadUserAvatarRequest {
        payload: Some(payload),
    }
}

fn header(user_id: &str) -> UploadUserAvatarRequest {
    message(Payload::Header(UploadUserAvatarHeader {
        user_id: user_id.to_owned(),
        file_name: Some("photo.png".to_owned()),
        content_type: Some("image/png".to_owned()),
    }))
}

fn chunks(content: &[u8], size: usize) -> Vec<UploadUserAvatarRequest> {
    let chunks = content.chunks(size).map(Bytes::copy_from_slice);
    chunks.map(|chunk| message(Payload::Chunk(chunk))).collect()
}

async fn upload(
    stack: &Stack,
    token: &str,
    messages: Vec<UploadUserAvatarRequest>,
) -> Result<User, Status> {
    let request = with_token(token, tokio_stream::iter(messages));
    let reply = stack.users().upload_user_avatar(request).await?;
    Ok(reply.into_inner().user.expect("a reply has its user"))
}

/// A picture of two colours, wider than high.
pub(crate) fn picture() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(300, 100, |x, _| {
        image::Rgb(if (100..200).contains(&x) {
            [255, 0, 0]
        } else {
            [0, 0, 255]
        })
    });
    let mut png = Cursor::new(Vec::new());
    picture
        .write_to(&mut png, image::ImageFormat::Png)
        .expect("memory takes it");
    png.into_inner()
}

#[tokio::test]
async fn an_avatar_is_cropped_to_its_middle_and_served() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let mut messages = vec![header("me")];
    messages.extend(chunks(&picture(), 100));
    let user = upload(&stack, &token, messages)
        .await
        .expect("the picture is one");

    let (status, content_type, served) = get(user.avatar()).await;
    assert_eq!(status, 200, "at {}", user.avatar());
    assert!(content_type.starts_with("image/"), "{content_type}");
    let served = image::load_from_memory(&served)
        .expect("what is served is a picture")
        .to_rgb8();
    assert_eq!(served.width(), served.height(), "an avatar is a square");
    for (x, y) in [(10, 10), (served.width() - 10, served.height() - 10)] {
        let [red, _, blue] = served.get_pixel(x, y).0;
        assert!(
            red > 200 && blue < 50,
            "only the middle is left, at {x}, {y}"
        );
    }
}

#[tokio::test]
async fn a_deleted_avatar_is_gone() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let mut messages = vec![header("me")];
    messages.extend(chunks(&picture(), 4096));
    let user = upload(&stack, &token, messages)
        .await
        .expect("the picture is one");

    let request = DeleteUserAvatarRequest {
        user_id: "me".to_owned(),
    };
    let deleted = stack
        .users()
        .delete_user_avatar(with_token(&token, request))
        .await;
    deleted.expect("there is an avatar");
    assert_eq!(get(user.avatar()).await.0, 404);
    let request = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let me = stack
        .users()
        .get_user(with_token(&token, request))
        .await
        .expect("the caller exists");
    assert_eq!(me.into_inner().user.unwrap_or_default().avatar, None);
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let mut messages = vec![header("me")];
    messages.extend(chunks(b"this is no picture", 5));
    let status = upload(&stack, &token, messages)
        .await
        .expect_err("it is no picture");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let violations = &details
        .bad_request()
        .expect("the part is named")
        .field_violations;
    assert_eq!(violations[0].field, "file");
}

#[tokio::test]
async fn an_upload_begins_with_its_header() {
    let stack = Stack::start().await;
    let token = stack.owner().await;
    let status = upload(&stack, &token, chunks(&picture(), 4096))
        .await
        .expect_err("no header");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(
        status.message(),
        "the first message of an upload is its header"
    );
}

/// An upload whose header is sent, and nothing more until it is dropped.
fn trickling(
    token: &str,
) -> Request<impl tokio_stream::Stream<Item = UploadUserAvatarRequest> + use<>> {
    with_token(
        token,
        tokio_stream::iter([header("me")]).chain(tokio_stream::pending()),
    )
}

#[tokio::test]
async fn uploads_that_trickle_take_no_place_of_other_calls() {
    let mut server = gateway::config::Config::default();
    server.limit.max = 1;
    server.limit.max_uploads = 4;
    server.limit.max_wait = Duration::from_millis(200);
    let stack = Stack::start_with(server).await;
    let token = stack.owner().await;
    let mut users = [(); 3].map(|()| stack.users());
    let [one, two, three] = &mut users;
    let mut first = pin!(one.upload_user_avatar(trickling(&token)));
    let mut second = pin!(two.upload_user_avatar(trickling(&token)));
    // One caller has a quarter of the places: the other upload is refused.
    let refused = tokio::select! {
        outcome = &mut first => outcome,
        outcome = &mut second => outcome,
    };
    let refused = refused.expect_err("there is one place");
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    let me = GetUserRequest {
        user_id: "me".to_owned(),
    };
    let found = three.get_user(with_token(&token, me)).await;
    found.expect("another call goes through");
}
