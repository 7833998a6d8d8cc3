//! Workflows: what happens by itself in conversations.
//!
//! Workflows can be read, and there is no operation that changes them.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{boxed, free_form, list, value};
use crate::{
    access::Authenticated,
    error::Code,
    id::ObjectId,
    number::Number,
    operation::{List, NoBody, Operation, Resource, Tag},
    organizations::OrganizationPath,
    parameters::ListQuery,
    permission::Permission,
    schema::described,
    timestamp::Timestamp,
};

/// Operations on workflows.
pub const WORKFLOWS: Tag = Tag {
    name: "Workflows",
    description: "What happens by itself in the conversations of organizations. A workflow \
        belongs to one organization and can run for others, by their IDs or by their tags.",
};

/// What happens by itself in the conversations of organizations: a list of
/// rules, each of which raises an event where its conditions hold.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// The ID of the workflow.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The organization that the workflow belongs to.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub organization: Option<ObjectId>,
    /// The name.
    #[schemars(extend("readOnly" = true))]
    pub name: Option<String>,
    /// Whether the workflow is in use.
    #[schemars(extend("readOnly" = true))]
    pub enabled: Option<bool>,
    /// The rules.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub rules: Option<Vec<WorkflowRule>>,
    /// The organizations that the workflow runs for.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub organizations: Option<Vec<ObjectId>>,
    /// Tags of further organizations that it runs for.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub organization_tags: Option<Vec<String>>,
    /// When the workflow was created.
    #[schemars(extend("readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the workflow last changed.
    #[schemars(extend("readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(Workflow);
impl Resource for Workflow {}

/// An event, and what must hold for it to be raised.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowRule {
    /// The ID of the rule.
    #[schemars(extend("readOnly" = true))]
    pub id: Option<ObjectId>,
    /// What must hold.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub conditions: Option<WorkflowConditions>,
    /// What is raised.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub event: Option<WorkflowEvent>,
    /// The rank of the rule among those of its workflow.
    #[schemars(extend("readOnly" = true))]
    pub priority: Option<Number>,
}

/// What must hold for a rule to apply.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowConditions {
    /// Conditions of which one is enough.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub any: Option<Vec<WorkflowCondition>>,
    /// Conditions of which none may fail.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub all: Option<Vec<WorkflowCondition>>,
}

/// A comparison of a fact with a value.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowCondition {
    /// What to look at, such as `conversation.category`.
    #[schemars(extend("readOnly" = true))]
    pub fact: Option<String>,
    /// How to compare, such as `match`.
    #[schemars(extend("readOnly" = true))]
    pub operator: Option<String>,
    /// What to compare with: any JSON value, as the operator needs it.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "value()"))]
    pub value: Option<Value>,
    /// Where in the fact to look, such as `.meta`.
    #[schemars(extend("readOnly" = true))]
    pub path: Option<String>,
}

/// What a rule raises.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct WorkflowEvent {
    /// The kind of event, such as `enqueue`.
    #[serde(rename = "type")]
    #[schemars(extend("readOnly" = true))]
    pub kind: Option<String>,
    /// What the kind of event needs, such as the `channel` to enqueue in.
    /// Free-form.
    #[schemars(extend("readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub params: Option<Map<String, Value>>,
}

described!(ListQuery<Workflow>);

/// Lists the workflows of an organization.
#[derive(Clone, Copy, Debug)]
pub struct ListWorkflows;

impl Operation for ListWorkflows {
    const ID: &'static str = "listWorkflows";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/organizations/{organization_id}/workflows";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = WORKFLOWS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List the workflows of an organization";
    const DESCRIPTION: &'static str = "Lists the workflows that run for an organization, oldest \
        first unless `sort` says otherwise. They can belong to any organization of its tree.";
    const ERRORS: &'static [(Code, &'static str)] =
        &[(Code::NotFound, "The caller sees no such organization.")];
    type Access = Authenticated;
    type Path = OrganizationPath;
    type Query = ListQuery<Workflow>;
    type Body = NoBody;
    type Reply = List<Workflow>;
}
