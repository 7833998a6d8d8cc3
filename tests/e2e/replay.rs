//! Every recorded exchange, through the gateway: what reaches the upstream is
//! the recorded request, and what comes back is the recorded response.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::recorded::{RecordedExchange, recorded};
use proto::v2;
use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::bot_instance_service_client::BotInstanceServiceClient;
use proto::v2::bot_service_client::BotServiceClient;
use proto::v2::category_service_client::CategoryServiceClient;
use proto::v2::form_field_service_client::FormFieldServiceClient;
use proto::v2::form_service_client::FormServiceClient;
use proto::v2::organization_group_service_client::OrganizationGroupServiceClient;
use proto::v2::organization_service_client::OrganizationServiceClient;
use proto::v2::service_service_client::ServiceServiceClient;
use proto::v2::upload_user_avatar_request::Payload;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::workflow_service_client::WorkflowServiceClient;
use proto::v2::{UploadUserAvatarHeader, UploadUserAvatarRequest};
use serde_json::Value;
use transcode::json::{self, Codec, JsonMessage, Nested, Repeated, Text};
use transcode::mask::Mask;

use crate::stack::with_token;
use crate::stub::{SeenRequest, Stub};

const TOKEN: &str = "recorded-token";

/// A test for each exchange, named after the rpc. The expressions say how the
/// request is made of the recorded one, and what of the reply is the recorded
/// body.
macro_rules! replays {
    ($($client:ident.$rpc:ident: $recorded:pat => $request:expr, $reply:pat => $body:expr;)+) => {
        const REPLAYED: &[&str] = &[$(stringify!($rpc)),+];
        $(
            #[tokio::test]
            async fn $rpc() {
                let exchange = exchange(stringify!($rpc));
                let stub = answering(exchange).await;
                let $recorded = exchange;
                let request = authorized(exchange, $request);
                let reply = $client::new(stub.channel.clone()).$rpc(request).await;
                let $reply = reply.expect("the recorded response fits").into_inner();
                check_request(exchange, &stub.only_request());
                check_body(exchange, $body);
            }
        )+
    };
}

async fn answering(recorded: &RecordedExchange) -> Stub {
    let status = recorded.response.status.as_u16();
    let body = recorded
        .response
        .body
        .as_ref()
        .map(Value::to_string)
        .unwrap_or_default();
    Stub::answering(status, "application/json", body).await
}

fn authorized<T>(recorded: &RecordedExchange, message: T) -> tonic::Request<T> {
    if recorded.authenticated {
        with_token(TOKEN, message)
    } else {
        tonic::Request::new(message)
    }
}

fn check_request(recorded: &RecordedExchange, seen: &SeenRequest) {
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
        let body = normal(body.clone());
        assert_eq!(normal(sent), body, "the body of {operation}");
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
fn check_body(recorded: &RecordedExchange, body: Option<Value>) {
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
fn sent<M: JsonMessage>(recorded: &RecordedExchange) -> M {
    read::<Nested<M>>(recorded)
}

/// The recorded request body, which must hold nothing that its form does not
/// know.
fn read<C: Codec>(recorded: &RecordedExchange) -> C::Value {
    let operation = &recorded.operation;
    let body = recorded
        .request
        .as_ref()
        .and_then(|request| request.body.as_ref());
    let body = body.expect("a body was recorded").to_string();
    let (value, drifts) = json::read::<C>(body.as_bytes()).expect("the body fits");
    assert!(drifts.is_empty(), "{operation} drifts: {drifts:?}");
    value
}

fn content(recorded: &RecordedExchange) -> Vec<u8> {
    let part = recorded
        .request
        .as_ref()
        .and_then(|request| request.part.as_ref());
    STANDARD
        .decode(&part.expect("a part was recorded").body)
        .expect("base64")
}

fn limit(recorded: &RecordedExchange) -> i32 {
    recorded.query["limit"].parse().expect("a number")
}

fn path(recorded: &RecordedExchange, name: &str) -> String {
    recorded.path_parameters[name].clone()
}

fn body<C: Codec>(value: &C::Value) -> Value {
    let json = json::write::<C>(value, "", Mask::Set).expect("a reply has a JSON form");
    serde_json::from_slice(&json).expect("JSON")
}

fn nested<M: JsonMessage>(message: Option<&M>) -> Option<Value> {
    message.map(body::<Nested<M>>)
}

fn list<M: JsonMessage>(messages: &Vec<M>) -> Value {
    body::<Repeated<Nested<M>>>(messages)
}

/// The recorded upload, as messages.
fn picture(recorded: &RecordedExchange) -> Vec<UploadUserAvatarRequest> {
    let part = recorded
        .request
        .as_ref()
        .and_then(|request| request.part.as_ref());
    let part = part.expect("a part was recorded");
    let header = UploadUserAvatarHeader {
        user_id: path(recorded, "user_id"),
        file_name: Some(part.filename.clone()),
        content_type: Some(part.content_type.clone()),
    };
    let content = content(recorded);
    let chunks = content
        .chunks(100)
        .map(|chunk| Payload::Chunk(bytes::Bytes::copy_from_slice(chunk)));
    std::iter::once(Payload::Header(header))
        .chain(chunks)
        .map(|payload| UploadUserAvatarRequest {
            payload: Some(payload),
        })
        .collect()
}

/// The exchange that was recorded for an rpc.
fn exchange(rpc: &str) -> &'static RecordedExchange {
    let operation = operation(rpc);
    recorded(&operation).unwrap_or_else(|| panic!("{operation} is not in the catalogue"))
}

/// The `operationId` of an rpc: its name in camel case.
fn operation(rpc: &str) -> String {
    let mut id = String::new();
    for (index, word) in rpc.split('_').enumerate() {
        match (index, word.split_at_checked(1)) {
            (1.., Some((first, rest))) => id.extend([&first.to_uppercase(), rest]),
            _ => id.push_str(word),
        }
    }
    id
}

#[test]
fn every_operation_is_replayed() {
    let replayed: Vec<_> = REPLAYED.iter().map(|rpc| operation(rpc)).collect();
    for operation in contract::catalogue() {
        let id = operation.id;
        assert!(
            replayed.iter().any(|name| name == id),
            "{id} is in the catalogue, but no entry of `replays!` replays its exchange"
        );
    }
}

replays! {
    AuthServiceClient.create_token:
        recorded => sent::<v2::CreateTokenRequest>(recorded),
        reply => nested(reply.token.as_ref());

    AuthServiceClient.refresh_token:
        recorded => v2::RefreshTokenRequest { refresh_token: recorded.query["refreshToken"].clone() },
        reply => nested(reply.token.as_ref());

    UserServiceClient.list_users:
        recorded => v2::ListUsersRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.users));

    UserServiceClient.create_user:
        recorded => v2::CreateUserRequest { user: Some(sent(recorded)) },
        reply => nested(reply.user.as_ref());

    UserServiceClient.get_user:
        recorded => v2::GetUserRequest { user_id: path(recorded, "user_id") },
        reply => nested(reply.user.as_ref());

    UserServiceClient.update_user:
        recorded => v2::UpdateUserRequest {
            user_id: path(recorded, "user_id"),
            user: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.user.as_ref());

    UserServiceClient.delete_user:
        recorded => v2::DeleteUserRequest { user_id: path(recorded, "user_id") },
        _ => None;

    UserServiceClient.list_user_organizations:
        _ => v2::ListUserOrganizationsRequest::default(),
        reply => nested(reply.user_organizations.as_ref());

    UserServiceClient.remove_user_organization:
        recorded => v2::RemoveUserOrganizationRequest {
            user_id: path(recorded, "user_id"),
            organization_id: path(recorded, "organization_id"),
        },
        _ => None;

    UserServiceClient.upload_user_avatar:
        recorded => tokio_stream::iter(picture(recorded)),
        reply => nested(reply.user.as_ref());

    UserServiceClient.delete_user_avatar:
        recorded => v2::DeleteUserAvatarRequest { user_id: path(recorded, "user_id") },
        _ => None;

    OrganizationServiceClient.list_organizations:
        recorded => v2::ListOrganizationsRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.organizations));

    OrganizationServiceClient.create_organization:
        recorded => v2::CreateOrganizationRequest { organization: Some(sent(recorded)) },
        reply => nested(reply.organization.as_ref());

    OrganizationServiceClient.get_organization:
        recorded => v2::GetOrganizationRequest { organization_id: path(recorded, "organization_id") },
        reply => nested(reply.organization.as_ref());

    OrganizationServiceClient.update_organization:
        recorded => v2::UpdateOrganizationRequest {
            organization_id: path(recorded, "organization_id"),
            organization: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.organization.as_ref());

    OrganizationServiceClient.delete_organization:
        recorded => v2::DeleteOrganizationRequest { organization_id: path(recorded, "organization_id") },
        _ => None;

    CategoryServiceClient.list_categories:
        recorded => v2::ListCategoriesRequest {
            organization_id: path(recorded, "organization_id"),
            limit: Some(limit(recorded)),
            ..Default::default()
        },
        reply => Some(list(&reply.categories));

    CategoryServiceClient.create_category:
        recorded => v2::CreateCategoryRequest {
            organization_id: path(recorded, "organization_id"),
            category: Some(sent(recorded)),
        },
        reply => nested(reply.category.as_ref());

    CategoryServiceClient.get_category:
        recorded => v2::GetCategoryRequest {
            organization_id: path(recorded, "organization_id"),
            category_id: path(recorded, "category_id"),
        },
        reply => nested(reply.category.as_ref());

    CategoryServiceClient.update_category:
        recorded => v2::UpdateCategoryRequest {
            organization_id: path(recorded, "organization_id"),
            category_id: path(recorded, "category_id"),
            category: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.category.as_ref());

    CategoryServiceClient.delete_category:
        recorded => v2::DeleteCategoryRequest {
            organization_id: path(recorded, "organization_id"),
            category_id: path(recorded, "category_id"),
        },
        _ => None;

    WorkflowServiceClient.list_workflows:
        recorded => v2::ListWorkflowsRequest {
            organization_id: path(recorded, "organization_id"),
            limit: Some(limit(recorded)),
            ..Default::default()
        },
        reply => Some(list(&reply.workflows));

    OrganizationGroupServiceClient.list_organization_groups:
        recorded => v2::ListOrganizationGroupsRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.organization_groups));

    OrganizationGroupServiceClient.create_organization_group:
        recorded => v2::CreateOrganizationGroupRequest { organization_group: Some(sent(recorded)) },
        reply => nested(reply.organization_group.as_ref());

    OrganizationGroupServiceClient.get_organization_group:
        recorded => v2::GetOrganizationGroupRequest { group_id: path(recorded, "group_id") },
        reply => nested(reply.organization_group.as_ref());

    OrganizationGroupServiceClient.update_organization_group:
        recorded => v2::UpdateOrganizationGroupRequest {
            group_id: path(recorded, "group_id"),
            organization_group: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.organization_group.as_ref());

    OrganizationGroupServiceClient.delete_organization_group:
        recorded => v2::DeleteOrganizationGroupRequest { group_id: path(recorded, "group_id") },
        _ => None;

    OrganizationGroupServiceClient.list_organization_group_members:
        recorded => v2::ListOrganizationGroupMembersRequest {
            group_id: path(recorded, "group_id"),
            limit: Some(limit(recorded)),
            ..Default::default()
        },
        reply => Some(body::<Repeated<Text>>(&reply.members));

    OrganizationGroupServiceClient.add_organization_group_members:
        recorded => v2::AddOrganizationGroupMembersRequest {
            group_id: path(recorded, "group_id"),
            members: read::<Repeated<Text>>(recorded),
        },
        reply => Some(body::<Repeated<Text>>(&reply.members));

    OrganizationGroupServiceClient.remove_organization_group_member:
        recorded => v2::RemoveOrganizationGroupMemberRequest {
            group_id: path(recorded, "group_id"),
            member_id: path(recorded, "member_id"),
        },
        _ => None;

    BotServiceClient.list_bots:
        recorded => v2::ListBotsRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.bots));

    BotServiceClient.create_bot:
        recorded => v2::CreateBotRequest { bot: Some(sent(recorded)) },
        reply => nested(reply.bot.as_ref());

    BotServiceClient.get_bot:
        recorded => v2::GetBotRequest { bot_id: path(recorded, "bot_id") },
        reply => nested(reply.bot.as_ref());

    BotServiceClient.update_bot:
        recorded => v2::UpdateBotRequest {
            bot_id: path(recorded, "bot_id"),
            bot: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.bot.as_ref());

    BotServiceClient.delete_bot:
        recorded => v2::DeleteBotRequest { bot_id: path(recorded, "bot_id") },
        _ => None;

    BotInstanceServiceClient.list_bot_instances:
        recorded => v2::ListBotInstancesRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.bot_instances));

    BotInstanceServiceClient.create_bot_instance:
        recorded => v2::CreateBotInstanceRequest { bot_instance: Some(sent(recorded)) },
        reply => nested(reply.bot_instance.as_ref());

    BotInstanceServiceClient.get_bot_instance:
        recorded => v2::GetBotInstanceRequest { bot_instance_id: path(recorded, "botInstance_id") },
        reply => nested(reply.bot_instance.as_ref());

    BotInstanceServiceClient.update_bot_instance:
        recorded => v2::UpdateBotInstanceRequest {
            bot_instance_id: path(recorded, "botInstance_id"),
            bot_instance: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.bot_instance.as_ref());

    BotInstanceServiceClient.delete_bot_instance:
        recorded => v2::DeleteBotInstanceRequest { bot_instance_id: path(recorded, "botInstance_id") },
        _ => None;

    ServiceServiceClient.list_services:
        recorded => v2::ListServicesRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.services));

    ServiceServiceClient.create_service:
        recorded => v2::CreateServiceRequest { service: Some(sent(recorded)) },
        reply => nested(reply.service.as_ref());

    ServiceServiceClient.get_service:
        recorded => v2::GetServiceRequest { service_id: path(recorded, "service_id") },
        reply => nested(reply.service.as_ref());

    ServiceServiceClient.update_service:
        recorded => v2::UpdateServiceRequest {
            service_id: path(recorded, "service_id"),
            service: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.service.as_ref());

    ServiceServiceClient.delete_service:
        recorded => v2::DeleteServiceRequest { service_id: path(recorded, "service_id") },
        _ => None;

    FormServiceClient.list_forms:
        recorded => v2::ListFormsRequest { limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.forms));

    FormServiceClient.create_form:
        recorded => v2::CreateFormRequest { form: Some(sent(recorded)) },
        reply => nested(reply.form.as_ref());

    FormServiceClient.get_form:
        recorded => v2::GetFormRequest { form_id: path(recorded, "form_id") },
        reply => nested(reply.form.as_ref());

    FormServiceClient.update_form:
        recorded => v2::UpdateFormRequest {
            form_id: path(recorded, "form_id"),
            form: Some(sent(recorded)),
            update_mask: None,
        },
        reply => nested(reply.form.as_ref());

    FormServiceClient.delete_form:
        recorded => v2::DeleteFormRequest { form_id: path(recorded, "form_id") },
        _ => None;

    FormFieldServiceClient.list_form_fields:
        recorded => v2::ListFormFieldsRequest { form_id: path(recorded, "form_id"), limit: Some(limit(recorded)), ..Default::default() },
        reply => Some(list(&reply.form_fields));

    FormFieldServiceClient.create_form_field:
        recorded => v2::CreateFormFieldRequest {
            form_id: path(recorded, "form_id"),
            form_field: Some(sent(recorded)),
        },
        reply => nested(reply.form_field.as_ref());

    FormFieldServiceClient.get_form_field:
        recorded => v2::GetFormFieldRequest {
            form_id: path(recorded, "form_id"),
            field_id: path(recorded, "field_id"),
        },
        reply => nested(reply.form_field.as_ref());
}
