//! Every operation of the API, one line each.

use crate::{
    auth::{CreateToken, RefreshToken},
    operation::OperationInfo,
    users::{
        CreateUser, DeleteUser, DeleteUserAvatar, GetUser, ListUserOrganizations, ListUsers,
        RemoveUserOrganization, UpdateUser, UploadUserAvatar,
    },
};

static CATALOGUE: &[OperationInfo] = &[
    OperationInfo::of::<CreateToken>(),
    OperationInfo::of::<RefreshToken>(),
    OperationInfo::of::<ListUsers>(),
    OperationInfo::of::<CreateUser>(),
    OperationInfo::of::<GetUser>(),
    OperationInfo::of::<UpdateUser>(),
    OperationInfo::of::<DeleteUser>(),
    OperationInfo::of::<ListUserOrganizations>(),
    OperationInfo::of::<RemoveUserOrganization>(),
    OperationInfo::of::<UploadUserAvatar>(),
    OperationInfo::of::<DeleteUserAvatar>(),
];

/// Every operation of the API, in the order of the documentation.
pub fn catalogue() -> &'static [OperationInfo] {
    CATALOGUE
}

/// The operation with this `operationId`.
pub fn find(id: &str) -> Option<&'static OperationInfo> {
    CATALOGUE.iter().find(|operation| operation.id == id)
}
