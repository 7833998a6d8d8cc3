//! Every operation of the API, one line each.

use crate::{
    auth::{CreateToken, RefreshToken},
    bot_instances::{
        CreateBotInstance, DeleteBotInstance, GetBotInstance, ListBotInstances, UpdateBotInstance,
    },
    bots::{CreateBot, DeleteBot, GetBot, ListBots, UpdateBot},
    categories::{CreateCategory, DeleteCategory, GetCategory, ListCategories, UpdateCategory},
    form_fields::{CreateFormField, GetFormField, ListFormFields},
    forms::{CreateForm, DeleteForm, GetForm, ListForms, UpdateForm},
    operation::OperationInfo,
    organization_groups::{
        AddOrganizationGroupMembers, CreateOrganizationGroup, DeleteOrganizationGroup,
        GetOrganizationGroup, ListOrganizationGroupMembers, ListOrganizationGroups,
        RemoveOrganizationGroupMember, UpdateOrganizationGroup,
    },
    organizations::{
        CreateOrganization, DeleteOrganization, GetOrganization, ListOrganizations,
        UpdateOrganization,
    },
    services::{CreateService, DeleteService, GetService, ListServices, UpdateService},
    users::{
        CreateUser, DeleteUser, DeleteUserAvatar, GetUser, ListUserOrganizations, ListUsers,
        RemoveUserOrganization, UpdateUser, UploadUserAvatar,
    },
    workflows::ListWorkflows,
};

/// Pairs each operation with its recorded exchange in `openapi/recorded`.
macro_rules! operations {
    ($($operation:ident => $recorded:literal),+ $(,)?) => {
        &[$(OperationInfo::of::<$operation>(include_str!(concat!(
            "../../../openapi/recorded/",
            $recorded,
        )))),+]
    };
}

static CATALOGUE: &[OperationInfo] = operations! {
    CreateToken => "createToken.json",
    RefreshToken => "refreshToken.json",
    ListUsers => "listUsers.json",
    CreateUser => "createUser.json",
    GetUser => "getUser.json",
    UpdateUser => "updateUser.json",
    DeleteUser => "deleteUser.json",
    ListUserOrganizations => "listUserOrganizations.json",
    RemoveUserOrganization => "removeUserOrganization.json",
    UploadUserAvatar => "uploadUserAvatar.json",
    DeleteUserAvatar => "deleteUserAvatar.json",
    ListOrganizations => "listOrganizations.json",
    CreateOrganization => "createOrganization.json",
    GetOrganization => "getOrganization.json",
    UpdateOrganization => "updateOrganization.json",
    DeleteOrganization => "deleteOrganization.json",
    ListCategories => "listCategories.json",
    CreateCategory => "createCategory.json",
    GetCategory => "getCategory.json",
    UpdateCategory => "updateCategory.json",
    DeleteCategory => "deleteCategory.json",
    ListWorkflows => "listWorkflows.json",
    ListOrganizationGroups => "listOrganizationGroups.json",
    CreateOrganizationGroup => "createOrganizationGroup.json",
    GetOrganizationGroup => "getOrganizationGroup.json",
    UpdateOrganizationGroup => "updateOrganizationGroup.json",
    DeleteOrganizationGroup => "deleteOrganizationGroup.json",
    ListOrganizationGroupMembers => "listOrganizationGroupMembers.json",
    AddOrganizationGroupMembers => "addOrganizationGroupMembers.json",
    RemoveOrganizationGroupMember => "removeOrganizationGroupMember.json",
    ListBots => "listBots.json",
    CreateBot => "createBot.json",
    GetBot => "getBot.json",
    UpdateBot => "updateBot.json",
    DeleteBot => "deleteBot.json",
    ListBotInstances => "listBotInstances.json",
    CreateBotInstance => "createBotInstance.json",
    GetBotInstance => "getBotInstance.json",
    UpdateBotInstance => "updateBotInstance.json",
    DeleteBotInstance => "deleteBotInstance.json",
    ListServices => "listServices.json",
    CreateService => "createService.json",
    GetService => "getService.json",
    UpdateService => "updateService.json",
    DeleteService => "deleteService.json",
    ListForms => "listForms.json",
    CreateForm => "createForm.json",
    GetForm => "getForm.json",
    UpdateForm => "updateForm.json",
    DeleteForm => "deleteForm.json",
    ListFormFields => "listFormFields.json",
    CreateFormField => "createFormField.json",
    GetFormField => "getFormField.json",
};

/// Every operation of the API, in the order of the documentation.
pub fn catalogue() -> &'static [OperationInfo] {
    CATALOGUE
}

/// The operation with this `operationId`.
pub fn find(id: &str) -> Option<&'static OperationInfo> {
    CATALOGUE.iter().find(|operation| operation.id == id)
}
