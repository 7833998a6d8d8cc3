//! Requests that are made of the bytes of a message are what typed messages make of
//! them: the same path, query and body, or the same violations; and what cannot be
//! decoded is refused.

use kitchen_sink::arbitrary::{self, Choices};
use kitchen_sink::kitchen;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use proto::v2;
use transcode::{Refused, RequestParts, RestCall, Rpcs, Violation, wire};

/// What becomes of a message; `None` for bytes that are none.
type Made = Option<Result<RequestParts, Vec<Violation>>>;

fn typed<C: RestCall>(message: &[u8]) -> Made {
    let message = C::Request::decode(message).ok()?;
    Some(transcode::request_parts::<C>(message))
}

fn in_one_pass<C: RestCall>(message: &[u8]) -> Made {
    match wire::request_parts(&C::PATH, C::request(), message) {
        Ok(parts) => Some(Ok(parts)),
        Err(Refused::Violations(violations)) => Some(Err(violations)),
        Err(Refused::Malformed(_)) => None,
    }
}

fn readable(made: &Made) -> String {
    match made {
        Some(Ok(RequestParts { target, body })) => {
            let body = body.as_deref().map(String::from_utf8_lossy);
            format!("{target} {body:?}")
        }
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn check<C: RestCall>(message: &[u8]) -> Result<(), TestCaseError> {
    let (one_pass, typed) = (in_one_pass::<C>(message), typed::<C>(message));
    prop_assert!(
        one_pass == typed,
        "{} makes of {:02x?}\n{}\nand in one pass\n{}",
        C::RPC,
        message,
        readable(&typed),
        readable(&one_pass),
    );
    Ok(())
}

fn check_choices<C: RestCall>(bytes: &[u8]) -> Result<(), TestCaseError> {
    let message = arbitrary::message((C::request().message)(), &mut Choices::new(bytes));
    check::<C>(&message)
}

/// How the messages of one rpc are compared.
type Check = fn(&[u8]) -> Result<(), TestCaseError>;

/// The checks of every rpc.
macro_rules! every_rpc {
    ($module:ident: $($call:ident),* $(,)?) => {
        [$((check_choices::<$module::$call> as Check, check::<$module::$call> as Check)),*]
    };
}

const KITCHEN: [(Check, Check); 28] = every_rpc![kitchen:
    KitchenServiceGetNested,
    KitchenServiceGetNamed,
    KitchenServiceGetFile,
    KitchenServicePublishBook,
    KitchenServiceGetTyped,
    KitchenServiceCreateBook,
    KitchenServiceDeleteBook,
    KitchenServiceProbeBook,
    KitchenServiceAskBook,
    KitchenServiceSearch,
    KitchenServiceEcho,
    KitchenServicePing,
    KitchenServiceReplaceBook,
    KitchenServiceSetTags,
    KitchenServiceSetTitle,
    KitchenServiceSetCount,
    KitchenServiceSetNotes,
    KitchenServiceSetMeta,
    KitchenServiceSetSubtitle,
    KitchenServiceUpdateBook,
    KitchenServiceAmendBook,
    KitchenServiceListBooks,
    KitchenServiceListTexts,
    KitchenServiceStreamBooks,
    KitchenServiceStreamTexts,
    KitchenServiceGetOpen,
    KitchenServiceUploadCover,
    HttpKitchen2Match,
];

const PRODUCT: [(Check, Check); 64] = every_rpc![v2:
    AuthServiceCreateToken,
    AuthServiceRefreshToken,
    BotInstanceServiceListBotInstances,
    BotInstanceServiceStreamBotInstances,
    BotInstanceServiceCreateBotInstance,
    BotInstanceServiceGetBotInstance,
    BotInstanceServiceUpdateBotInstance,
    BotInstanceServiceDeleteBotInstance,
    BotServiceListBots,
    BotServiceStreamBots,
    BotServiceCreateBot,
    BotServiceGetBot,
    BotServiceUpdateBot,
    BotServiceDeleteBot,
    CategoryServiceListCategories,
    CategoryServiceStreamCategories,
    CategoryServiceCreateCategory,
    CategoryServiceGetCategory,
    CategoryServiceUpdateCategory,
    CategoryServiceDeleteCategory,
    FormFieldServiceListFormFields,
    FormFieldServiceStreamFormFields,
    FormFieldServiceCreateFormField,
    FormFieldServiceGetFormField,
    FormServiceListForms,
    FormServiceStreamForms,
    FormServiceCreateForm,
    FormServiceGetForm,
    FormServiceUpdateForm,
    FormServiceDeleteForm,
    OrganizationGroupServiceListOrganizationGroups,
    OrganizationGroupServiceStreamOrganizationGroups,
    OrganizationGroupServiceCreateOrganizationGroup,
    OrganizationGroupServiceGetOrganizationGroup,
    OrganizationGroupServiceUpdateOrganizationGroup,
    OrganizationGroupServiceDeleteOrganizationGroup,
    OrganizationGroupServiceListOrganizationGroupMembers,
    OrganizationGroupServiceStreamOrganizationGroupMembers,
    OrganizationGroupServiceAddOrganizationGroupMembers,
    OrganizationGroupServiceRemoveOrganizationGroupMember,
    OrganizationServiceListOrganizations,
    OrganizationServiceStreamOrganizations,
    OrganizationServiceCreateOrganization,
    OrganizationServiceGetOrganization,
    OrganizationServiceUpdateOrganization,
    OrganizationServiceDeleteOrganization,
    ServiceServiceListServices,
    ServiceServiceStreamServices,
    ServiceServiceCreateService,
    ServiceServiceGetService,
    ServiceServiceUpdateService,
    ServiceServiceDeleteService,
    UserServiceListUsers,
    UserServiceStreamUsers,
    UserServiceCreateUser,
    UserServiceGetUser,
    UserServiceUpdateUser,
    UserServiceDeleteUser,
    UserServiceListUserOrganizations,
    UserServiceRemoveUserOrganization,
    UserServiceUploadUserAvatar,
    UserServiceDeleteUserAvatar,
    WorkflowServiceListWorkflows,
    WorkflowServiceStreamWorkflows,
];

fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..600)
}

#[test]
fn every_rpc_is_compared() {
    let rpcs = [
        v2::AuthServiceRpcs::rpcs(),
        v2::BotInstanceServiceRpcs::rpcs(),
        v2::BotServiceRpcs::rpcs(),
        v2::CategoryServiceRpcs::rpcs(),
        v2::FormFieldServiceRpcs::rpcs(),
        v2::FormServiceRpcs::rpcs(),
        v2::OrganizationGroupServiceRpcs::rpcs(),
        v2::OrganizationServiceRpcs::rpcs(),
        v2::ServiceServiceRpcs::rpcs(),
        v2::UserServiceRpcs::rpcs(),
        v2::WorkflowServiceRpcs::rpcs(),
    ];
    let count: usize = rpcs.iter().map(|rpcs| rpcs.len()).sum();
    assert_eq!(PRODUCT.len(), count, "name the new rpc in PRODUCT above");
    let rpcs = [
        kitchen::KitchenServiceRpcs::rpcs(),
        kitchen::HttpKitchen2Rpcs::rpcs(),
    ];
    let count: usize = rpcs.iter().map(|rpcs| rpcs.len()).sum();
    assert_eq!(KITCHEN.len(), count, "name the new rpc in KITCHEN above");
}

proptest! {
    #[test]
    fn requests_of_the_kitchen_are_made_alike(bytes in choices()) {
        for (check, _) in KITCHEN {
            check(&bytes)?;
        }
    }

    #[test]
    fn requests_of_the_product_are_made_alike(bytes in choices()) {
        for (check, _) in PRODUCT {
            check(&bytes)?;
        }
    }

    #[test]
    fn any_bytes_are_taken_alike(bytes in vec(any::<u8>(), 0..60)) {
        for (_, check) in KITCHEN.iter().chain(&PRODUCT) {
            check(&bytes)?;
        }
    }
}

/// A field with the number and these bytes.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encode_length_delimiter(content.len(), &mut bytes).expect("there is room");
    bytes.extend_from_slice(content);
    bytes
}

/// Both make the same of the bytes, and this target and body.
#[track_caller]
fn makes<C: RestCall>(message: &[u8], target: &str, body: &str) {
    assert_eq!(in_one_pass::<C>(message), typed::<C>(message));
    let Some(Ok(parts)) = in_one_pass::<C>(message) else {
        panic!("{:?} is a request", in_one_pass::<C>(message));
    };
    let found = parts.body.as_deref().map(String::from_utf8_lossy);
    assert_eq!(
        (parts.target.as_str(), found.unwrap_or_default().as_ref()),
        (target, body)
    );
}

/// Neither takes the bytes, for this reason.
#[track_caller]
fn refuses<C: RestCall>(message: &[u8], reason: &str) {
    assert_eq!(typed::<C>(message), None);
    match wire::request_parts(&C::PATH, C::request(), message) {
        Err(Refused::Malformed(error)) => {
            assert_eq!(
                error.to_string(),
                format!("the message cannot be decoded: {reason}")
            );
        }
        other => panic!("{other:?} is made of bytes that are no message"),
    }
}

#[test]
fn the_last_value_of_a_field_counts() {
    let message = [
        field(1, b"x"),
        field(3, b"T"),
        field(1, b"y"),
        field(3, b"U"),
    ]
    .concat();
    let message = [message, field(2, &field(1, b"r"))].concat();
    makes::<kitchen::KitchenServiceReplaceBook>(
        &message,
        "/v1/r/books/y",
        r#"{"place":{},"title":"U"}"#,
    );
}

#[test]
fn the_parts_of_a_message_are_merged() {
    let floor = [0x10, 2];
    let message = [field(2, &floor), field(1, b"y"), field(2, &field(1, b"r"))];
    makes::<kitchen::KitchenServiceReplaceBook>(
        &message.concat(),
        "/v1/r/books/y",
        r#"{"place":{"floor":2}}"#,
    );
}

#[test]
fn a_text_that_is_not_utf_8_is_named_by_its_field() {
    let message = field(2, &field(1, b"\xff"));
    refuses::<kitchen::KitchenServiceReplaceBook>(
        &message,
        "place.room: it is a text that is not UTF-8",
    );
}

#[test]
fn another_wire_type_is_named_by_its_field() {
    let message = field(2, &field(2, b"2"));
    refuses::<kitchen::KitchenServiceReplaceBook>(
        &message,
        "place.floor: the wire type is not that of the field",
    );
}

#[test]
fn the_entry_of_a_map_has_a_length() {
    let message = field(2, &[0x28, 0]);
    refuses::<kitchen::KitchenServiceUpdateBook>(
        &message,
        "book.notes: the wire type is not that of the field",
    );
}

#[test]
fn a_message_that_ends_within_a_value_is_refused() {
    let message = field(3, b"title");
    refuses::<kitchen::KitchenServiceReplaceBook>(&message[..4], "title: it ends within a value");
}

#[test]
fn messages_nest_as_deep_as_prost_takes_them() {
    // `parent` of `Everything`.
    let parent = kitchen::Everything {
        parent: Some(Box::default()),
        ..kitchen::Everything::default()
    };
    let parent = parent.encode_to_vec();
    let key = &parent[..parent.len() - 1];
    let nested = |levels: usize| {
        let mut message = Vec::new();
        for _ in 1..levels {
            let mut outer = key.to_vec();
            prost::encode_length_delimiter(message.len(), &mut outer).expect("there is room");
            outer.extend_from_slice(&message);
            message = outer;
        }
        field(1, &message)
    };
    for levels in 98..104 {
        let message = nested(levels);
        let (one_pass, typed) = (
            in_one_pass::<kitchen::KitchenServiceEcho>(&message),
            typed::<kitchen::KitchenServiceEcho>(&message),
        );
        assert_eq!(one_pass.is_some(), levels <= 100, "{levels} levels");
        assert_eq!(one_pass, typed, "{levels} levels");
    }
}
