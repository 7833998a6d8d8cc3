//! The clients of the services.

use super::v2;
use crate::calls::Calls;
use crate::client::Client;

impl Client {
    /// The client of `AuthService`.
    pub fn auth(&self) -> v2::auth_service_client::AuthServiceClient<Calls> {
        v2::auth_service_client::AuthServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `BotInstanceService`.
    pub fn bot_instances(&self) -> v2::bot_instance_service_client::BotInstanceServiceClient<Calls> {
        v2::bot_instance_service_client::BotInstanceServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `BotService`.
    pub fn bots(&self) -> v2::bot_service_client::BotServiceClient<Calls> {
        v2::bot_service_client::BotServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `CategoryService`.
    pub fn categories(&self) -> v2::category_service_client::CategoryServiceClient<Calls> {
        v2::category_service_client::CategoryServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `FormFieldService`.
    pub fn form_fields(&self) -> v2::form_field_service_client::FormFieldServiceClient<Calls> {
        v2::form_field_service_client::FormFieldServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `FormService`.
    pub fn forms(&self) -> v2::form_service_client::FormServiceClient<Calls> {
        v2::form_service_client::FormServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `OrganizationGroupService`.
    pub fn organization_groups(&self) -> v2::organization_group_service_client::OrganizationGroupServiceClient<Calls> {
        v2::organization_group_service_client::OrganizationGroupServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `OrganizationService`.
    pub fn organizations(&self) -> v2::organization_service_client::OrganizationServiceClient<Calls> {
        v2::organization_service_client::OrganizationServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `ServiceService`.
    pub fn services(&self) -> v2::service_service_client::ServiceServiceClient<Calls> {
        v2::service_service_client::ServiceServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `UserService`.
    pub fn users(&self) -> v2::user_service_client::UserServiceClient<Calls> {
        v2::user_service_client::UserServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }

    /// The client of `WorkflowService`.
    pub fn workflows(&self) -> v2::workflow_service_client::WorkflowServiceClient<Calls> {
        v2::workflow_service_client::WorkflowServiceClient::new(self.calls())
            .max_decoding_message_size(self.max_reply())
    }
}
