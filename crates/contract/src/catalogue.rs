//! Every operation of the API, one line each.

use crate::{
    auth::{CreateToken, RefreshToken},
    operation::OperationInfo,
    users::{
        CreateUser, DeleteUser, DeleteUserAvatar, GetUser, ListUserOrganizations, ListUsers,
        RemoveUserOrganization, UpdateUser, UploadUserAvatar,
    },
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
};

/// Every operation of the API, in the order of the documentation.
pub fn catalogue() -> &'static [OperationInfo] {
    CATALOGUE
}

/// The operation with this `operationId`.
pub fn find(id: &str) -> Option<&'static OperationInfo> {
    CATALOGUE.iter().find(|operation| operation.id == id)
}
