//! What a caller puts into a request reaches the REST API as it was meant.

use std::collections::BTreeSet;

use bytes::Bytes;
use contract::auth::TokenRequest;
use contract::catalogue;
use contract::operation::{Body, BodyInfo, Create, Update};
use contract::organization_groups::OrganizationGroupMembers;
use contract::schema::Described;
use contract::{bot_instances, bots, categories, form_fields, forms, organization_groups};
use contract::{organizations, services, users};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use prost::Message;
use proto::v2::{
    AddOrganizationGroupMembersRequest, AuthServiceCreateToken,
    BotInstanceServiceCreateBotInstance, BotInstanceServiceUpdateBotInstance, BotServiceCreateBot,
    BotServiceUpdateBot, CategoryServiceCreateCategory, CategoryServiceUpdateCategory,
    FormFieldServiceCreateFormField, FormServiceCreateForm, FormServiceUpdateForm,
    OrganizationGroupServiceAddOrganizationGroupMembers,
    OrganizationGroupServiceCreateOrganizationGroup,
    OrganizationGroupServiceUpdateOrganizationGroup, OrganizationServiceCreateOrganization,
    OrganizationServiceUpdateOrganization, ServiceServiceCreateService,
    ServiceServiceUpdateService, UserServiceCreateUser, UserServiceUpdateUser,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use transcode::RestCall;
use transcode::json::JsonMessage;

use crate::messages::descriptor;
use crate::representable::representable;
use crate::types::read;

/// States the law of every body that is a resource: in which field of which
/// rpc's request the resource goes.
macro_rules! bodies {
    (
        created: { $($create:ident: $new:ty => $creates:ident.$new_field:ident,)+ }
        updated: { $($update:ident: $changed:ty => $updates:ident.$changed_field:ident,)+ }
        others: [$($other:ident,)+]
    ) => {
        proptest! {
            $(#[test]
            fn $create(value: $new) {
                check_create::<$creates, $new, _>(&value, |message| {
                    let mut request = <$creates as RestCall>::Request::default();
                    request.$new_field = Some(message);
                    request
                })?;
            })+

            $(#[test]
            fn $update(value: $changed) {
                check_update::<$updates, $changed, _>(&value, |message| {
                    let mut request = <$updates as RestCall>::Request::default();
                    request.$changed_field = Some(message);
                    request
                })?;
            })+
        }

        const STATED: &[&str] = &[
            $(<$creates as RestCall>::RPC,)+
            $(<$updates as RestCall>::RPC,)+
            $(<$other as RestCall>::RPC,)+
        ];
    };
}

bodies! {
    created: {
        new_bot: bots::Bot => BotServiceCreateBot.bot,
        new_bot_instance: bot_instances::BotInstance
            => BotInstanceServiceCreateBotInstance.bot_instance,
        new_category: categories::Category => CategoryServiceCreateCategory.category,
        new_form: forms::Form => FormServiceCreateForm.form,
        new_form_field: form_fields::FormField => FormFieldServiceCreateFormField.form_field,
        new_organization: organizations::Organization
            => OrganizationServiceCreateOrganization.organization,
        new_organization_group: organization_groups::OrganizationGroup
            => OrganizationGroupServiceCreateOrganizationGroup.organization_group,
        new_service: services::Service => ServiceServiceCreateService.service,
        new_user: users::User => UserServiceCreateUser.user,
    }
    updated: {
        changed_bot: bots::Bot => BotServiceUpdateBot.bot,
        changed_bot_instance: bot_instances::BotInstance
            => BotInstanceServiceUpdateBotInstance.bot_instance,
        changed_category: categories::Category => CategoryServiceUpdateCategory.category,
        changed_form: forms::Form => FormServiceUpdateForm.form,
        changed_organization: organizations::Organization
            => OrganizationServiceUpdateOrganization.organization,
        changed_organization_group: organization_groups::OrganizationGroup
            => OrganizationGroupServiceUpdateOrganizationGroup.organization_group,
        changed_service: services::Service => ServiceServiceUpdateService.service,
        changed_user: users::User => UserServiceUpdateUser.user,
    }
    others: [
        AuthServiceCreateToken,
        OrganizationGroupServiceAddOrganizationGroupMembers,
    ]
}

proptest! {
    #[test]
    fn credentials(request in token_request()) {
        let json = serde_json::to_string(&request).expect("has a JSON form");
        let body = body_of::<AuthServiceCreateToken>(&read(&json)?)?;
        prop_assert!(serde_json::from_str(&body).ok() == Some(request), "{json} became {body}");
    }

    #[test]
    fn new_members(members: OrganizationGroupMembers) {
        let request = AddOrganizationGroupMembersRequest {
            members: members.0.iter().map(ToString::to_string).collect(),
            ..AddOrganizationGroupMembersRequest::default()
        };
        let body = body_of::<OrganizationGroupServiceAddOrganizationGroupMembers>(&request)?;
        prop_assert_eq!(serde_json::from_str(&body).ok(), Some(members), "{}", body);
    }
}

#[test]
fn every_json_body_has_its_law() {
    let stated: BTreeSet<_> = STATED
        .iter()
        .map(|rpc| rpc.rsplit('/').next().unwrap_or(rpc).to_lowercase())
        .collect();
    for operation in catalogue() {
        let is_json = !matches!(operation.body, BodyInfo::None | BodyInfo::Upload { .. });
        assert_eq!(
            stated.contains(&operation.id.to_lowercase()),
            is_json,
            "{} and the list in `bodies!` differ about whether it has a JSON body",
            operation.id
        );
    }
}

fn token_request() -> impl Strategy<Value = TokenRequest> {
    let by_password = (".{0,12}", ".{0,12}")
        .prop_map(|(email, password)| TokenRequest::Password { email, password });
    let by_token =
        (".{0,12}", ".{0,12}").prop_map(|(client_id, refresh_token)| TokenRequest::RefreshToken {
            client_id,
            refresh_token,
        });
    prop_oneof![by_password, by_token]
}

fn check_create<C, T, M>(value: &T, request: impl FnOnce(M) -> C::Request) -> TestCaseResult
where
    C: RestCall<Request: Message + Default>,
    T: Described + PartialEq,
    M: JsonMessage,
{
    let (json, body) = sent::<C, T, M>(value, request)?;
    let meant = parse::<Create<T>>(&json)?.0;
    let arrived = parse::<Create<T>>(&body)?.0;
    prop_assert!(arrived == meant, "{json} became {body}");
    Ok(())
}

fn check_update<C, T, M>(value: &T, request: impl FnOnce(M) -> C::Request) -> TestCaseResult
where
    C: RestCall<Request: Message + Default>,
    T: Described,
    M: JsonMessage,
{
    let (json, body) = sent::<C, T, M>(value, request)?;
    let meant = parse::<Update<T>>(&json)?;
    let arrived = parse::<Update<T>>(&body)?;
    prop_assert!(
        arrived.as_object() == meant.as_object(),
        "{json} became {body}"
    );
    Ok(())
}

/// The value as JSON, and the body that it becomes by way of the request.
fn sent<C, T, M>(
    value: &T,
    request: impl FnOnce(M) -> C::Request,
) -> Result<(String, String), TestCaseError>
where
    C: RestCall<Request: Message + Default>,
    T: Serialize + DeserializeOwned + Described,
    M: JsonMessage,
{
    let value = representable(value, &descriptor(&T::schema_name()));
    let json = serde_json::to_string(&value).expect("has a JSON form");
    let body = body_of::<C>(&request(read(&json)?))?;
    Ok((json, body))
}

/// The body of a request that went over the wire.
fn body_of<C>(request: &C::Request) -> Result<String, TestCaseError>
where
    C: RestCall<Request: Message + Default>,
{
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let received = C::Request::decode(request.encode_to_vec().as_slice());
    let body = C::body(received.map_err(|error| fail(&error))?)
        .map_err(|violations| TestCaseError::fail(format!("{violations:?}")))?
        .ok_or_else(|| fail(&"the request has no body"))?;
    String::from_utf8(body).map_err(|error| fail(&error))
}

fn parse<B: Body>(json: &str) -> Result<B, TestCaseError> {
    B::parse(Bytes::copy_from_slice(json.as_bytes()))
        .map_err(|violations| TestCaseError::fail(format!("{json}: {violations}")))
}
