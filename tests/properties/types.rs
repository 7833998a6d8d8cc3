//! What one side states, the other one can say.

use std::collections::BTreeSet;

use contract::openapi::openapi;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use transcode::json::{self, JsonMessage, Nested};
use transcode::mask::Mask;

use crate::messages::{any_message, descriptor, find};
use crate::representable::representable;

/// States the laws of every type that is in the contract and in the protos
/// under one name, in a module of its own.
macro_rules! laws {
    ($($law:ident: $module:ident::$type:ident,)+) => {
        $(mod $law {
            use super::*;

            proptest! {
                #[test]
                fn value_survives_protobuf(value: contract::$module::$type) {
                    check_survives_protobuf::<_, proto::v2::$type>(&value, stringify!($type))?;
                }

                #[test]
                fn message_survives_json(
                    message in any_message::<proto::v2::$type>(stringify!($type)),
                ) {
                    check_survives_json(&message)?;
                }
            }
        })+

        const STATED: &[&str] = &[$(stringify!($type)),+];
    };
}

laws! {
    alias: organizations::Alias,
    billing_info: organizations::BillingInfo,
    bot: bots::Bot,
    bot_instance: bot_instances::BotInstance,
    category: categories::Category,
    data_retention: organizations::DataRetention,
    form: forms::Form,
    form_field: form_fields::FormField,
    form_field_option: form_fields::FormFieldOption,
    organization: organizations::Organization,
    organization_group: organization_groups::OrganizationGroup,
    organization_settings: organizations::OrganizationSettings,
    partner: organizations::Partner,
    profile_field_label: organizations::ProfileFieldLabel,
    profile_field_label_enum: organizations::ProfileFieldLabelEnum,
    profile_fields: organizations::ProfileFields,
    profile_fields_address: organizations::ProfileFieldsAddress,
    service: services::Service,
    service_params: services::ServiceParams,
    token: auth::Token,
    user: users::User,
    user_organization: users::UserOrganization,
    user_organizations: users::UserOrganizations,
    user_settings: users::UserSettings,
    workflow: workflows::Workflow,
    workflow_condition: workflows::WorkflowCondition,
    workflow_conditions: workflows::WorkflowConditions,
    workflow_event: workflows::WorkflowEvent,
    workflow_rule: workflows::WorkflowRule,
}

#[test]
fn every_type_with_a_message_has_its_laws() {
    let document = openapi();
    let types = document["components"]["schemas"]
        .as_object()
        .expect("an object");
    let shared: BTreeSet<_> = types
        .keys()
        .map(String::as_str)
        .filter(|name| find(name).is_some())
        .collect();
    let stated: BTreeSet<_> = STATED.iter().copied().collect();
    let missing: Vec<_> = shared.difference(&stated).collect();
    assert!(
        missing.is_empty(),
        "the contract and the protos both have {missing:?}: add them to `laws!`"
    );
    let idle: Vec<_> = stated.difference(&shared).collect();
    assert!(
        idle.is_empty(),
        "the contract no longer publishes {idle:?}: take them out of `laws!`"
    );
}

/// There and back: contract, JSON, message, bytes, message, JSON, contract.
fn check_survives_protobuf<T, M>(value: &T, name: &str) -> TestCaseResult
where
    T: Serialize + DeserializeOwned + PartialEq,
    M: JsonMessage + Message,
{
    let value = representable(value, &descriptor(name));
    let json = serde_json::to_string(&value).expect("has a JSON form");
    let message: M = read(&json)?;
    let decoded = M::decode(message.encode_to_vec().as_slice());
    let decoded = decoded.map_err(|error| TestCaseError::fail(format!("{json}: {error}")))?;
    let back = write(&decoded)?;
    let returned: T = serde_json::from_str(&back)
        .map_err(|error| TestCaseError::fail(format!("{json} came back as {back}: {error}")))?;
    prop_assert!(returned == value, "{json} came back as {back}");
    Ok(())
}

/// There and back: message, JSON, message.
fn check_survives_json<M: JsonMessage + PartialEq>(message: &M) -> TestCaseResult {
    let json = write(message)?;
    let returned: M = read(&json)?;
    prop_assert!(
        &returned == message,
        "by way of {json} it came back as {}",
        write(&returned)?
    );
    Ok(())
}

/// Reads a message, which has to take in everything.
pub(crate) fn read<M: JsonMessage>(json: &str) -> Result<M, TestCaseError> {
    let (message, drifts) = json::read::<Nested<M>>(json.as_bytes())
        .map_err(|error| TestCaseError::fail(format!("{json}: {error}")))?;
    prop_assert!(drifts.is_empty(), "{json} drifts: {drifts:?}");
    Ok(message)
}

fn write<M: JsonMessage>(message: &M) -> Result<String, TestCaseError> {
    let json = json::write::<Nested<M>>(message, "", Mask::Set)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    String::from_utf8(json).map_err(|error| TestCaseError::fail(error.to_string()))
}
