//! The lists that can be streamed.

use super::v2;
use crate::list::ListRequest;

impl ListRequest for v2::StreamBotInstancesRequest {
    type Item = v2::BotInstance;
    const PATH: &'static str = "/web1on1.v2.BotInstanceService/StreamBotInstances";
}

impl ListRequest for v2::StreamBotsRequest {
    type Item = v2::Bot;
    const PATH: &'static str = "/web1on1.v2.BotService/StreamBots";
}

impl ListRequest for v2::StreamCategoriesRequest {
    type Item = v2::Category;
    const PATH: &'static str = "/web1on1.v2.CategoryService/StreamCategories";
}

impl ListRequest for v2::StreamFormFieldsRequest {
    type Item = v2::FormField;
    const PATH: &'static str = "/web1on1.v2.FormFieldService/StreamFormFields";
}

impl ListRequest for v2::StreamFormsRequest {
    type Item = v2::Form;
    const PATH: &'static str = "/web1on1.v2.FormService/StreamForms";
}

impl ListRequest for v2::StreamOrganizationGroupsRequest {
    type Item = v2::OrganizationGroup;
    const PATH: &'static str = "/web1on1.v2.OrganizationGroupService/StreamOrganizationGroups";
}

impl ListRequest for v2::StreamOrganizationGroupMembersRequest {
    type Item = v2::StreamOrganizationGroupMembersResponse;
    const PATH: &'static str = "/web1on1.v2.OrganizationGroupService/StreamOrganizationGroupMembers";
}

impl ListRequest for v2::StreamOrganizationsRequest {
    type Item = v2::Organization;
    const PATH: &'static str = "/web1on1.v2.OrganizationService/StreamOrganizations";
}

impl ListRequest for v2::StreamServicesRequest {
    type Item = v2::Service;
    const PATH: &'static str = "/web1on1.v2.ServiceService/StreamServices";
}

impl ListRequest for v2::StreamUsersRequest {
    type Item = v2::User;
    const PATH: &'static str = "/web1on1.v2.UserService/StreamUsers";
}

impl ListRequest for v2::StreamWorkflowsRequest {
    type Item = v2::Workflow;
    const PATH: &'static str = "/web1on1.v2.WorkflowService/StreamWorkflows";
}
