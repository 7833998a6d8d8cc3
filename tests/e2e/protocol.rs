//! What a gRPC server offers beside its own services.

use prost::Message as _;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::stack::until_serving;
use crate::stub::Stub;

const SERVICES: [&str; 11] = [
    "web1on1.v2.AuthService",
    "web1on1.v2.BotInstanceService",
    "web1on1.v2.BotService",
    "web1on1.v2.CategoryService",
    "web1on1.v2.FormFieldService",
    "web1on1.v2.FormService",
    "web1on1.v2.OrganizationGroupService",
    "web1on1.v2.OrganizationService",
    "web1on1.v2.ServiceService",
    "web1on1.v2.UserService",
    "web1on1.v2.WorkflowService",
];

#[track_caller]
fn check_listed(listed: &[String]) {
    for service in SERVICES {
        assert!(
            listed.iter().any(|name| name == service),
            "{service} is not in {listed:?}"
        );
    }
}

#[tokio::test]
async fn reflection_v1_lists_the_services() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let stub = Stub::answering_json("{}").await;
    let mut client =
        v1::server_reflection_client::ServerReflectionClient::new(stub.channel.clone());
    let request = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let replies = client
        .server_reflection_info(tokio_stream::once(request))
        .await;
    let reply = replies.expect("reflection is on").into_inner().next().await;
    let reply = reply.expect("a reply").expect("a list").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = reply else {
        panic!("reflection answers something else: {reply:?}");
    };
    let listed: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    check_listed(&listed);
}

#[tokio::test]
async fn reflection_v1alpha_lists_the_services() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let stub = Stub::answering_json("{}").await;
    let mut client =
        v1alpha::server_reflection_client::ServerReflectionClient::new(stub.channel.clone());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let replies = client
        .server_reflection_info(tokio_stream::once(request))
        .await;
    let reply = replies.expect("reflection is on").into_inner().next().await;
    let reply = reply.expect("a reply").expect("a list").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = reply else {
        panic!("reflection answers something else: {reply:?}");
    };
    let listed: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    check_listed(&listed);
}

/// What a client needs that takes one response for all that there is: the file of the
/// service and all files that it imports, directly or not, none of which has what
/// protobuf.js stumbles over.
#[tokio::test]
async fn reflection_answers_with_all_that_a_service_needs() {
    use v1::server_reflection_request::MessageRequest;
    use v1::server_reflection_response::MessageResponse;
    let stub = Stub::answering_json("{}").await;
    for service in SERVICES {
        let mut client =
            v1::server_reflection_client::ServerReflectionClient::new(stub.channel.clone());
        let request = v1::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileContainingSymbol(service.to_owned())),
        };
        let replies = client
            .server_reflection_info(tokio_stream::once(request))
            .await;
        let reply = replies.expect("reflection is on").into_inner().next().await;
        let reply = reply.expect("a reply").expect("no error").message_response;
        let Some(MessageResponse::FileDescriptorResponse(files)) = reply else {
            panic!("{service}: reflection answers something else: {reply:?}");
        };
        let files: Vec<_> = files
            .file_descriptor_proto
            .iter()
            .map(|file| {
                prost_types::FileDescriptorProto::decode(file.as_slice()).expect("a descriptor")
            })
            .collect();
        let (_, name) = service.rsplit_once('.').expect("it has a package");
        let first = &files[0];
        assert!(
            first.service.iter().any(|declared| declared.name() == name),
            "{} comes first for {service}",
            first.name()
        );
        for file in &files {
            for import in &file.dependency {
                assert!(
                    files.iter().any(|file| file.name() == import),
                    "{import} is missing from the answer for {service}"
                );
            }
            for extension in &file.extension {
                assert_eq!(extension.json_name, None, "of {}", extension.name());
            }
        }
    }
}

#[tokio::test]
async fn every_service_is_healthy() {
    let stub = Stub::answering_json("{}").await;
    until_serving(&stub.channel).await;
    let mut client = HealthClient::new(stub.channel.clone());
    for service in SERVICES.into_iter().chain([""]) {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let reply = client
            .check(request)
            .await
            .expect("the service is known")
            .into_inner();
        assert_eq!(reply.status(), ServingStatus::Serving, "of {service:?}");
    }
    let request = HealthCheckRequest {
        service: "nobody".to_owned(),
    };
    let status = client
        .check(request)
        .await
        .expect_err("the service is unknown");
    assert_eq!(status.code(), Code::NotFound);
}
