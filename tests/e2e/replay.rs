//! Every recorded exchange, through the gateway: what reaches the upstream is
//! the recorded request, and what comes back is the recorded response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::recorded::{Exchange, recorded};
use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::upload_user_avatar_request::Payload;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{
    CreateTokenRequest, CreateUserRequest, DeleteUserAvatarRequest, DeleteUserRequest,
    GetUserRequest, ListUserOrganizationsRequest, ListUsersRequest, RefreshTokenRequest,
    RemoveUserOrganizationRequest, Token, UpdateUserRequest, UploadUserAvatarHeader,
    UploadUserAvatarRequest, User, UserOrganizations,
};
use serde_json::Value;
use tonic::transport::Channel;
use transcode::json::{self, Codec, JsonMessage, Nested, Repeated};
use transcode::mask::Mask;

use crate::stack::with_token;
use crate::stub::{Seen, Stub};

const TOKEN: &str = "recorded-token";

type Auth = AuthServiceClient<Channel>;
type Users = UserServiceClient<Channel>;

/// Replays one exchange; the expressions say how its request is made of the
/// recorded one, and what of the reply is the recorded body.
macro_rules! replay {
    ($client:ident . $method:ident, $operation:literal, $request:expr, $body:expr) => {{
        let recorded = recorded($operation).expect($operation);
        let stub = answering(recorded).await;
        let request = $request(recorded);
        let reply = $client::new(stub.channel.clone())
            .$method(authorized(recorded, request))
            .await
            .unwrap_or_else(|status| panic!("{}: {status}", $operation));
        check_request(recorded, &stub.only_request());
        check_body(recorded, $body(reply.into_inner()));
    }};
}

async fn answering(recorded: &Exchange) -> Stub {
    let status = recorded.response.status.as_u16();
    let body = recorded
        .response
        .body
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    Stub::answering(status, "application/json", body).await
}

fn authorized<T>(recorded: &Exchange, message: T) -> tonic::Request<T> {
    if recorded.authenticated {
        with_token(TOKEN, message)
    } else {
        tonic::Request::new(message)
    }
}

fn check_request(recorded: &Exchange, seen: &Seen) {
    let operation = &recorded.operation;
    assert_eq!(seen.method, recorded.method, "the method of {operation}");
    assert_eq!(
        seen.path,
        format!("/v2{}", recorded.path),
        "the path of {operation}"
    );
    let query = recorded
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let query: Vec<_> = query.collect();
    let query = (!query.is_empty()).then(|| query.join("&"));
    assert_eq!(seen.query, query, "the query of {operation}");
    let authorization = seen.headers.get("authorization").map(String::as_str);
    let expected = format!("Bearer {TOKEN}");
    let expected = recorded.authenticated.then_some(expected.as_str());
    assert_eq!(authorization, expected, "the authorization of {operation}");

    let content_type = seen.headers.get("content-type").map_or("", String::as_str);
    let Some(request) = &recorded.request else {
        assert_eq!(content_type, "", "the content type of {operation}");
        assert!(
            seen.body.is_empty(),
            "{operation} sent a body that was not recorded"
        );
        return;
    };
    let media_type = content_type.split(';').next().unwrap_or_default();
    assert_eq!(
        media_type, request.content_type,
        "the content type of {operation}"
    );
    if let Some(body) = &request.body {
        let sent: Value = serde_json::from_slice(&seen.body).expect("a JSON body");
        assert_eq!(&sent, body, "the body of {operation}");
    }
    if let Some(part) = &request.part {
        let boundary = content_type.split("boundary=").nth(1).expect("a boundary");
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n\
             Content-Type: {}\r\n\r\n",
            part.name, part.filename, part.content_type
        );
        let end = format!("\r\n--{boundary}--\r\n");
        let expected = [head.into_bytes(), content(recorded), end.into_bytes()].concat();
        assert!(seen.body == expected, "the parts of {operation} differ");
    }
}

/// Nothing is lost, nothing is added; two spellings of an instant are equal.
fn check_body(recorded: &Exchange, body: Option<Value>) {
    let expected = recorded.response.body.clone();
    let (actual, expected) = (body.map(normal), expected.map(normal));
    assert_eq!(actual, expected, "the reply of {}", recorded.operation);
}

fn normal(value: Value) -> Value {
    match value {
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(instant) => Value::String(instant.to_string()),
            Err(_) => Value::String(text),
        },
        Value::Array(values) => values.into_iter().map(normal).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, normal(value)))
            .collect(),
        other => other,
    }
}

/// The recorded request body as a message.
fn sent<M: JsonMessage>(recorded: &Exchange) -> M {
    let body = recorded
        .request
        .as_ref()
        .and_then(|request| request.body.as_ref());
    let body = body.expect("a body was recorded").to_string();
    let (message, drifts) = json::read::<Nested<M>>(body.as_bytes()).expect("the body fits");
    assert!(
        drifts.is_empty(),
        "{} drifts: {drifts:?}",
        recorded.operation
    );
    message
}

fn content(recorded: &Exchange) -> Vec<u8> {
    let part = recorded
        .request
        .as_ref()
        .and_then(|request| request.part.as_ref());
    STANDARD
        .decode(&part.expect("a part was recorded").body)
        .expect("base64")
}

fn path(recorded: &Exchange, name: &str) -> String {
    recorded.path_parameters[name].clone()
}

#[expect(clippy::unnecessary_wraps, reason = "other replies have no body")]
fn body<C: Codec>(value: &C::Value) -> Option<Value> {
    let json = json::write::<C>(value, "", Mask::Set).expect("a reply has a JSON form");
    Some(serde_json::from_slice(&json).expect("JSON"))
}

fn nested<M: JsonMessage>(message: Option<M>) -> Option<Value> {
    body::<Nested<M>>(&message.expect("the reply has its message"))
}

#[tokio::test]
async fn create_token() {
    replay!(
        Auth.create_token,
        "createToken",
        sent::<CreateTokenRequest>,
        |reply: proto::v2::CreateTokenResponse| { nested::<Token>(reply.token) }
    );
}

#[tokio::test]
async fn refresh_token() {
    let request = |recorded: &Exchange| RefreshTokenRequest {
        refresh_token: recorded.query["refreshToken"].clone(),
    };
    replay!(
        Auth.refresh_token,
        "refreshToken",
        request,
        |reply: proto::v2::RefreshTokenResponse| { nested::<Token>(reply.token) }
    );
}

#[tokio::test]
async fn list_users() {
    let request = |_: &Exchange| ListUsersRequest::default();
    replay!(
        Users.list_users,
        "listUsers",
        request,
        |reply: proto::v2::ListUsersResponse| { body::<Repeated<Nested<User>>>(&reply.users) }
    );
}

#[tokio::test]
async fn create_user() {
    let request = |recorded: &Exchange| CreateUserRequest {
        user: Some(sent(recorded)),
    };
    replay!(
        Users.create_user,
        "createUser",
        request,
        |reply: proto::v2::CreateUserResponse| { nested(reply.user) }
    );
}

#[tokio::test]
async fn get_user() {
    let request = |recorded: &Exchange| GetUserRequest {
        user_id: path(recorded, "user_id"),
    };
    replay!(
        Users.get_user,
        "getUser",
        request,
        |reply: proto::v2::GetUserResponse| { nested(reply.user) }
    );
}

#[tokio::test]
async fn update_user() {
    let request = |recorded: &Exchange| UpdateUserRequest {
        user_id: path(recorded, "user_id"),
        user: Some(sent(recorded)),
        update_mask: None,
    };
    replay!(
        Users.update_user,
        "updateUser",
        request,
        |reply: proto::v2::UpdateUserResponse| { nested(reply.user) }
    );
}

#[tokio::test]
async fn delete_user() {
    let request = |recorded: &Exchange| DeleteUserRequest {
        user_id: path(recorded, "user_id"),
    };
    replay!(Users.delete_user, "deleteUser", request, |_| None);
}

#[tokio::test]
async fn list_user_organizations() {
    let request = |_: &Exchange| ListUserOrganizationsRequest::default();
    replay!(
        Users.list_user_organizations,
        "listUserOrganizations",
        request,
        |reply: proto::v2::ListUserOrganizationsResponse| {
            nested::<UserOrganizations>(reply.user_organizations)
        }
    );
}

#[tokio::test]
async fn remove_user_organization() {
    let request = |recorded: &Exchange| RemoveUserOrganizationRequest {
        user_id: path(recorded, "user_id"),
        organization_id: path(recorded, "organization_id"),
    };
    replay!(
        Users.remove_user_organization,
        "removeUserOrganization",
        request,
        |_| None
    );
}

#[tokio::test]
async fn upload_user_avatar() {
    let request = |recorded: &Exchange| {
        let part = recorded
            .request
            .as_ref()
            .and_then(|request| request.part.as_ref());
        let part = part.expect("a part was recorded");
        let header = Payload::Header(UploadUserAvatarHeader {
            user_id: path(recorded, "user_id"),
            file_name: Some(part.filename.clone()),
            content_type: Some(part.content_type.clone()),
        });
        let content = content(recorded);
        let chunks: Vec<_> = content
            .chunks(100)
            .map(|chunk| Payload::Chunk(bytes::Bytes::copy_from_slice(chunk)))
            .collect();
        let payloads = std::iter::once(header).chain(chunks);
        tokio_stream::iter(
            payloads
                .map(|payload| UploadUserAvatarRequest {
                    payload: Some(payload),
                })
                .collect::<Vec<_>>(),
        )
    };
    replay!(
        Users.upload_user_avatar,
        "uploadUserAvatar",
        request,
        |reply: proto::v2::UploadUserAvatarResponse| { nested(reply.user) }
    );
}

#[tokio::test]
async fn delete_user_avatar() {
    let request = |recorded: &Exchange| DeleteUserAvatarRequest {
        user_id: path(recorded, "user_id"),
    };
    replay!(
        Users.delete_user_avatar,
        "deleteUserAvatar",
        request,
        |_| None
    );
}
