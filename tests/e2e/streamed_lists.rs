//! A law of rpcs that stream: the stream of a list has exactly the elements of the list,
//! in the same order. REST has no streams, so no verification of a backend can see this;
//! it is held here, for every rpc with the option `streamed_list`, in front of an upstream
//! that serves the list in pages.

use std::collections::BTreeSet;
use std::fmt::Debug;

use axum::body::Body;
use contract::recorded::recorded;
use http::Response;
use proto::v2::bot_instance_service_client::BotInstanceServiceClient;
use proto::v2::bot_service_client::BotServiceClient;
use proto::v2::category_service_client::CategoryServiceClient;
use proto::v2::form_field_service_client::FormFieldServiceClient;
use proto::v2::form_service_client::FormServiceClient;
use proto::v2::organization_group_service_client::OrganizationGroupServiceClient;
use proto::v2::organization_service_client::OrganizationServiceClient;
use proto::v2::service_service_client::ServiceServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::workflow_service_client::WorkflowServiceClient;
use proto::v2::{
    ListBotInstancesRequest, ListBotsRequest, ListCategoriesRequest, ListFormFieldsRequest,
    ListFormsRequest, ListOrganizationGroupMembersRequest, ListOrganizationGroupsRequest,
    ListOrganizationsRequest, ListServicesRequest, ListUsersRequest, ListWorkflowsRequest,
    StreamBotInstancesRequest, StreamBotsRequest, StreamCategoriesRequest, StreamFormFieldsRequest,
    StreamFormsRequest, StreamOrganizationGroupMembersRequest, StreamOrganizationGroupsRequest,
    StreamOrganizationsRequest, StreamServicesRequest, StreamUsersRequest, StreamWorkflowsRequest,
};
use serde_json::{Value, json};
use tonic::{Status, Streaming};

use crate::stub::{SeenRequest, Stub};

/// How many elements each list has.
const ELEMENTS: usize = 5;

/// Sizes of pages: one that divides the list, one that does not, and those around it.
const PAGES: [Option<i32>; 5] = [None, Some(1), Some(2), Some(5), Some(100)];

/// The identifier of what a list stands below.
const PARENT: &str = "57c8479433f5d57d3013a0bc";

/// What is wrong with an upstream when it is asked for a page that is not the first.
/// Each of its replies is one that its contract allows.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// It begins with the last element of the page before.
    Repeats,
    /// It begins one element too late.
    Skips,
    /// Its elements stand in another order.
    Turns,
    /// It has no elements, and the list goes on no further.
    Ends,
}

/// The elements of a list: the recorded one, with an identifier for each.
fn elements(operation: &str) -> Vec<Value> {
    let exchange = recorded(operation).expect("the exchange is recorded");
    let body = exchange.response.body.as_ref();
    let first = body.and_then(|body| body.get(0)).expect("a list");
    let one = |number: usize| {
        let id = json!(format!("57c8479433f5d57d3013a{number:03}"));
        let mut element = first.clone();
        match &mut element {
            Value::Object(members) => drop(members.insert("id".to_owned(), id)),
            other => *other = id,
        }
        element
    };
    (0..ELEMENTS).map(one).collect()
}

/// A page of a list, as the contract has it.
fn page(all: &[Value], request: &SeenRequest, fault: Fault) -> Response<Body> {
    let query = request.query.as_deref().unwrap_or_default();
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(of, _)| *of == name)?;
        found.1.parse::<usize>().ok()
    };
    let offset = parameter("offset").unwrap_or(0);
    let limit = parameter("limit").unwrap_or(all.len());
    let mut response = Response::builder().header("content-type", "application/json");
    let end = offset.saturating_add(limit);
    if end < all.len() && !matches!((fault, offset), (Fault::Ends, 1..)) {
        let link = format!(
            "<{}?limit={limit}&offset={end}>; rel=\"next\"",
            request.path
        );
        response = response.header("link", link);
    }
    let first = match (fault, offset) {
        (Fault::Repeats, 1..) => offset - 1,
        (Fault::Skips, 1..) => offset + 1,
        _ => offset,
    };
    let mut items: Vec<Value> = all.iter().skip(first).take(limit).cloned().collect();
    match (fault, offset) {
        (Fault::Turns, 1..) => items.reverse(),
        (Fault::Ends, 1..) => items.clear(),
        _ => {}
    }
    let body = Value::from(items).to_string();
    response.body(Body::from(body)).expect("a response")
}

async fn upstream(operation: &str, fault: Fault) -> Stub {
    let all = elements(operation);
    Stub::start(move |request| std::future::ready(page(&all, &request, fault))).await
}

async fn all<T>(mut stream: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut found = Vec::new();
    while let Some(message) = stream.message().await? {
        found.push(message);
    }
    Ok(found)
}

/// The law: what is wrong with a stream of a list, if anything.
fn difference<T: PartialEq + Debug>(
    listed: &[T],
    streamed: Result<Vec<T>, Status>,
) -> Option<String> {
    let streamed = match streamed {
        Ok(streamed) => streamed,
        Err(status) => return Some(format!("the stream ends with {status}")),
    };
    if listed == streamed {
        return None;
    }
    let mut pairs = listed.iter().zip(&streamed);
    let at = pairs.position(|(listed, streamed)| listed != streamed);
    let at = at.unwrap_or(listed.len().min(streamed.len()));
    Some(format!(
        "the list has {} elements and the stream {}; they differ from element {at} on",
        listed.len(),
        streamed.len()
    ))
}

/// A test for each rpc that streams, and for each fault in front of all of them.
macro_rules! streams {
    ($($operation:literal: $client:ident.$list:ident($asked:expr).$field:ident
        is $stream:ident($request:expr) of $element:expr;)+) => {
        const STREAMED: &[&str] = &[$(stringify!($stream)),+];

        $(
            #[tokio::test]
            async fn $stream() {
                for pages in PAGES {
                    let found = wrong::$stream(Fault::None, pages).await;
                    assert_eq!(found, None, "{} with pages of {pages:?}", stringify!($stream));
                }
            }
        )+

        /// What is wrong with a stream in front of an upstream with a fault.
        mod wrong {
            use super::*;

            $(
                pub(super) async fn $stream(fault: Fault, pages: Option<i32>) -> Option<String> {
                    let stub = upstream($operation, fault).await;
                    let mut client = $client::new(stub.channel.clone());
                    let listed = client.$list($asked).await.expect("the list").into_inner();
                    let listed = listed.$field;
                    assert_eq!(listed.len(), ELEMENTS, "the list of {}", $operation);
                    let of = $request;
                    let stream = client.$stream(of(pages)).await.expect("the stream");
                    let streamed = all(stream.into_inner()).await.map(|streamed| {
                        streamed.into_iter().map($element).collect()
                    });
                    difference(&listed, streamed)
                }
            )+
        }

        async fn wrong_in_any(fault: Fault) -> Vec<(&'static str, Option<String>)> {
            let mut found = Vec::new();
            $(found.push((stringify!($stream), wrong::$stream(fault, Some(2)).await));)+
            found
        }
    };
}

/// A request for a stream with pages of a size.
macro_rules! request {
    ($message:ident $(, $parent:ident)?) => {
        |page_size: Option<i32>| $message {
            page_size,
            $($parent: PARENT.to_owned(),)?
            ..$message::default()
        }
    };
}

streams! {
    "listUsers": UserServiceClient.list_users(ListUsersRequest::default()).users
        is stream_users(request!(StreamUsersRequest)) of |one| one;
    "listBots": BotServiceClient.list_bots(ListBotsRequest::default()).bots
        is stream_bots(request!(StreamBotsRequest)) of |one| one;
    "listBotInstances": BotInstanceServiceClient
        .list_bot_instances(ListBotInstancesRequest::default()).bot_instances
        is stream_bot_instances(request!(StreamBotInstancesRequest)) of |one| one;
    "listCategories": CategoryServiceClient.list_categories(ListCategoriesRequest {
            organization_id: PARENT.to_owned(),
            ..ListCategoriesRequest::default()
        }).categories
        is stream_categories(request!(StreamCategoriesRequest, organization_id)) of |one| one;
    "listFormFields": FormFieldServiceClient.list_form_fields(ListFormFieldsRequest {
            form_id: PARENT.to_owned(),
            ..ListFormFieldsRequest::default()
        }).form_fields
        is stream_form_fields(request!(StreamFormFieldsRequest, form_id)) of |one| one;
    "listForms": FormServiceClient.list_forms(ListFormsRequest::default()).forms
        is stream_forms(request!(StreamFormsRequest)) of |one| one;
    "listOrganizationGroups": OrganizationGroupServiceClient
        .list_organization_groups(ListOrganizationGroupsRequest::default()).organization_groups
        is stream_organization_groups(request!(StreamOrganizationGroupsRequest)) of |one| one;
    "listOrganizationGroupMembers": OrganizationGroupServiceClient
        .list_organization_group_members(ListOrganizationGroupMembersRequest {
            group_id: PARENT.to_owned(),
            ..ListOrganizationGroupMembersRequest::default()
        }).members
        is stream_organization_group_members(
            request!(StreamOrganizationGroupMembersRequest, group_id)
        ) of |one| one.member.unwrap_or_default();
    "listOrganizations": OrganizationServiceClient
        .list_organizations(ListOrganizationsRequest::default()).organizations
        is stream_organizations(request!(StreamOrganizationsRequest)) of |one| one;
    "listServices": ServiceServiceClient.list_services(ListServicesRequest::default()).services
        is stream_services(request!(StreamServicesRequest)) of |one| one;
    "listWorkflows": WorkflowServiceClient.list_workflows(ListWorkflowsRequest {
            organization_id: PARENT.to_owned(),
            ..ListWorkflowsRequest::default()
        }).workflows
        is stream_workflows(request!(StreamWorkflowsRequest, organization_id)) of |one| one;
}

#[test]
fn every_rpc_that_streams_is_held_to_its_list() {
    let pool = prost_reflect::DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET);
    let pool = pool.expect("the descriptors are those of the protos");
    let methods: Vec<_> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter(prost_reflect::MethodDescriptor::is_server_streaming)
        .filter(|method| method.full_name().starts_with("web1on1."))
        .map(|method| snake(method.name()))
        .collect();
    let stated: BTreeSet<_> = methods.iter().map(String::as_str).collect();
    let held: BTreeSet<_> = STREAMED.iter().copied().collect();
    assert_eq!(
        stated, held,
        "give each rpc that streams a line of `streams!`"
    );
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Each page is valid by itself, and the list in one piece is right: only the law sees it.
#[tokio::test]
async fn a_page_that_does_not_join_the_others_is_seen_in_every_stream() {
    for fault in [Fault::Repeats, Fault::Skips, Fault::Turns, Fault::Ends] {
        for (stream, found) in wrong_in_any(fault).await {
            assert!(found.is_some(), "{stream} hides an upstream that {fault:?}");
        }
    }
}
