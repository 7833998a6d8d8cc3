//! Users: who can log in, with which preferences, and in which organizations.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{boxed, free_form, list, password, required_email, some_of, time_zone, url};
use crate::{
    access::Authenticated,
    error::Code,
    id::{ObjectId, UserRef},
    operation::{
        Create, Created, List, NoBody, NoContent, Operation, Resource, Tag, Update, Upload,
    },
    parameters::{ListQuery, NoParameters, TextFilter, TimeFilter},
    permission::Permission,
    rules,
    schema::{described, spelled_as_on_the_wire},
    timestamp::Timestamp,
};

pub use crate::role::Role;

/// Operations on users.
pub const USERS: Tag = Tag {
    name: "Users",
    description: "People and programs that can log in. A caller sees the users of its own \
        organization and of the organizations below it. Wherever a path takes a `user_id`, `me` \
        stands for the caller.",
};

/// A person or a program that can log in. A user belongs to one organization
/// and may be a member of others.
#[serde_with::skip_serializing_none]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The ID of the user.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// Family name, in most Western languages the last name.
    pub family_name: Option<String>,
    /// Given name, in most Western languages the first name.
    pub given_name: Option<String>,
    /// What stands between given and family name, such as a middle name.
    pub additional_name: Option<String>,
    /// The name to show. Where it is not given, it is composed of given,
    /// additional and family name.
    pub display_name: Option<String>,
    /// E-mail address and login name, unique among all users.
    #[schemars(email, extend("x-request" = rules::email()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "required_email()"))]
    pub email: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// The password to log in with, of up to 1,024 bytes.
    #[schemars(
        length(min = 1, max = rules::MAX_PASSWORD),
        extend("format" = rules::PASSWORD, "writeOnly" = true)
    )]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "password()"))]
    pub password: Option<String>,
    /// The URL of the picture. Uploading a picture sets it too.
    #[schemars(url, extend("x-may-be-null" = true, "x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub avatar: Option<String>,
    /// The organization that the user belongs to: the caller's, which is the
    /// default, or one below it.
    #[schemars(extend("x-always" = true, "x-request" = rules::text_not_null()))]
    pub organization: Option<ObjectId>,
    /// What the user may do in its organization.
    #[schemars(extend("default" = Role::default()))]
    pub role: Option<Role>,
    /// What the user prefers.
    #[schemars(extend("x-always" = false, "default" = {}))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub settings: Option<UserSettings>,
    /// Free-form data, passed on to other systems, for example in webhooks.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// How far the user has come in its organization.
    #[schemars(extend("default" = UserStatus::default()))]
    pub status: Option<UserStatus>,
    /// The access token of a user of role bot. It does not expire. It is shown
    /// once: where the user becomes a bot, is restored or moves, each of which
    /// makes a new one. An update to null revokes it, and any other value is
    /// ignored.
    #[schemars(extend("x-update-only" = true))]
    pub api_token: Option<String>,
    /// When the user last logged in.
    #[schemars(extend("readOnly" = true))]
    pub last_login: Option<Timestamp>,
    /// When the user was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the user last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(User);
impl Resource for User {}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out the secrets and whatever `meta` holds.
        f.debug_struct("User")
            .field("id", &self.id)
            .field("email", &self.email)
            .field("organization", &self.organization)
            .field("role", &self.role)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What a user prefers. A preference that is left out gets its default.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct UserSettings {
    /// The time zone to show times in: a name of the IANA time zone database,
    /// such as `Europe/Amsterdam`.
    #[schemars(extend("x-request" = rules::time_zone()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "time_zone()"))]
    pub timezone: Option<String>,
    /// Whether the user chose the time zone, rather than the system. A user who
    /// changes it has chosen it, unless the change says otherwise.
    #[schemars(extend("default" = false))]
    pub timezone_set: Option<bool>,
    /// The language of the user interface.
    #[schemars(extend("default" = Locale::default()))]
    pub locale: Option<Locale>,
    /// Whether the user chose the language, rather than the system. A user who
    /// changes it has chosen it, unless the change says otherwise.
    #[schemars(extend("default" = false))]
    pub locale_set: Option<bool>,
    /// Play a sound when a conversation enters the queue.
    #[schemars(extend("default" = true))]
    pub audio_on_chat: Option<bool>,
    /// Play a sound for a new message.
    #[schemars(extend("default" = false))]
    pub audio_on_message: Option<bool>,
    /// Show a desktop notification when a conversation enters the queue.
    #[schemars(extend("default" = false))]
    pub notify_on_chat: Option<bool>,
    /// Show a desktop notification for each new message.
    #[schemars(extend("default" = false))]
    pub notify_on_message: Option<bool>,
    /// Mark the browser tab while conversations are queued.
    #[schemars(extend("default" = true))]
    pub tabdot_notify: Option<bool>,
    /// Mark the browser tab while messages are unread.
    #[schemars(extend("default" = true))]
    pub tabdot_message: Option<bool>,
    /// Send inbox notifications to mobile devices.
    #[schemars(extend("default" = false))]
    pub push_notify: Option<bool>,
    /// Bring a conversation to the front once it is accepted. In an organization
    /// that stands below another one this is on unless it is set.
    #[schemars(extend("default" = false))]
    pub focus_on_accept: Option<bool>,
    /// The kinds of notification that the user gets: `technical`, `billing`,
    /// `reporting`, `knowledge` or `results`.
    #[schemars(extend("x-request" = rules::items_of(&NOTIFICATIONS)))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "some_of(&NOTIFICATIONS)"))]
    pub notifications: Option<Vec<String>>,
    /// Replies at the user's fingertips. They may hold placeholders such as
    /// `{{ givenName }}`.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub canned_responses: Option<Vec<String>>,
}

/// The kinds of notification that the reference shows.
const NOTIFICATIONS: [&str; 5] = ["technical", "billing", "reporting", "knowledge", "results"];

/// How far a user has come in an organization.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum UserStatus {
    /// Created, not yet invited.
    #[default]
    Queued,
    /// Invited, not yet active.
    Invited,
    /// In use.
    Active,
    /// Deleted: absent from lists and unable to log in, but kept so that
    /// references to it still resolve.
    Archived,
}

/// A language of the user interface, by its ISO 639-1 code.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Dutch.
    Nl,
    /// German.
    De,
    /// French.
    Fr,
}

spelled_as_on_the_wire!(UserStatus, Locale);

/// The organizations that a user is a member of.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct UserOrganizations {
    /// The ID of the user.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// One entry for each organization.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub organizations: Option<Vec<UserOrganization>>,
}

described!(UserOrganizations);
impl Resource for UserOrganizations {}

/// The membership of a user in one organization.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct UserOrganization {
    /// The ID of the organization.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub organization: Option<ObjectId>,
    /// What the user may do there.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub role: Option<Role>,
    /// Whether this is the organization in which the user acts.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub selected: Option<bool>,
}

/// The path of an operation on one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserPath {
    /// The ID of the user, or `me` for the caller.
    pub user_id: UserRef,
}

/// The path of an operation on one membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserOrganizationPath {
    /// The ID of the user, or `me` for the caller.
    pub user_id: UserRef,
    /// The ID of the organization.
    pub organization_id: ObjectId,
}

/// The query of [`ListUsers`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListUsersQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<User>,
    /// Only the user with this ID.
    pub id: Option<ObjectId>,
    /// Only users that belong to this organization.
    pub organization: Option<ObjectId>,
    /// Only users with this e-mail address. `~text` selects the addresses that
    /// contain the text, `^text` those that start with it.
    pub email: Option<TextFilter>,
    /// Only users with this status. Without it, all but the archived ones.
    pub status: Option<UserStatus>,
    /// Only users with this role.
    pub role: Option<Role>,
    /// Only users created at this time. `>`, `>=`, `<` and `<=` before it
    /// select those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(UserPath, UserOrganizationPath, ListUsersQuery);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such user.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this user.",
);
const EMAIL_TAKEN: (Code, &str) = (Code::AlreadyExists, "Another user has the e-mail address.");

/// Lists users.
#[derive(Clone, Copy, Debug)]
pub struct ListUsers;

impl Operation for ListUsers {
    const ID: &'static str = "listUsers";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/users";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List users";
    const DESCRIPTION: &'static str = "Lists the users that the caller sees, oldest first unless \
        `sort` says otherwise. Archived users are left out unless `status` asks for them.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListUsersQuery;
    type Body = NoBody;
    type Reply = List<User>;
}

/// Creates a user.
#[derive(Clone, Copy, Debug)]
pub struct CreateUser;

impl Operation for CreateUser {
    const ID: &'static str = "createUser";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/users";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a user";
    const DESCRIPTION: &'static str = "Creates a user. Read-only properties are ignored, so that \
        a user that was fetched can serve as the template of a new one.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        (
            Code::PermissionDenied,
            "The caller may not create users, not in that organization, or not with that role.",
        ),
        EMAIL_TAKEN,
    ];
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<User>;
    type Reply = Created<User>;
}

/// Gets a user.
#[derive(Clone, Copy, Debug)]
pub struct GetUser;

impl Operation for GetUser {
    const ID: &'static str = "getUser";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/users/{user_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a user";
    const DESCRIPTION: &'static str = "Gets a user, archived or not. `me` gets the caller.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = UserPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = User;
}

/// Updates a user.
#[derive(Clone, Copy, Debug)]
pub struct UpdateUser;

impl Operation for UpdateUser {
    const ID: &'static str = "updateUser";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/users/{user_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::CHANGE_USER;
    const SUMMARY: &'static str = "Update a user";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        (
            Code::PermissionDenied,
            "The caller may not change this user, or not grant that role; or it changes its own \
             password with a login that is too old.",
        ),
        NOT_FOUND,
        EMAIL_TAKEN,
        (
            Code::FailedPrecondition,
            "The user is the last owner of an organization, and would no longer be one.",
        ),
    ];
    const EXAMPLES: Option<&'static str> = Some(include_str!("examples/updateUser.json"));
    type Access = Authenticated;
    type Path = UserPath;
    type Query = NoParameters;
    type Body = Update<User>;
    type Reply = User;
}

/// Deletes a user.
#[derive(Clone, Copy, Debug)]
pub struct DeleteUser;

impl Operation for DeleteUser {
    const ID: &'static str = "deleteUser";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/users/{user_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete a user";
    const DESCRIPTION: &'static str = "Archives a user: it leaves lists and can no longer log in, \
        but references to it still resolve. Deleting an archived user changes nothing.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        (
            Code::PermissionDenied,
            "The caller may not delete this user.",
        ),
        NOT_FOUND,
        (
            Code::FailedPrecondition,
            "The user is the last owner of its organization.",
        ),
    ];
    type Access = Authenticated;
    type Path = UserPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}

/// Lists the organizations of the caller.
#[derive(Clone, Copy, Debug)]
pub struct ListUserOrganizations;

impl Operation for ListUserOrganizations {
    const ID: &'static str = "listUserOrganizations";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/users/me/organizations";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::Oneself(Role::Guest);
    const SUMMARY: &'static str = "List the organizations of the caller";
    const DESCRIPTION: &'static str =
        "Lists the organizations that the caller is a member of, with its role in each.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = UserOrganizations;
}

/// Removes a user from an organization.
#[derive(Clone, Copy, Debug)]
pub struct RemoveUserOrganization;

impl Operation for RemoveUserOrganization {
    const ID: &'static str = "removeUserOrganization";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/users/{user_id}/organizations/{organization_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::CHANGE_USER;
    const SUMMARY: &'static str = "Remove a user from an organization";
    const DESCRIPTION: &'static str = "Ends the membership of a user in an organization, and with \
        it the user's tokens. A user who belonged to the organization belongs to another one of \
        its organizations then.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        MAY_NOT_CHANGE,
        (
            Code::NotFound,
            "The caller sees no such user, or the user is not a member of the organization.",
        ),
        (
            Code::FailedPrecondition,
            "The user is a member of no other organization that is in use, or is its last owner.",
        ),
    ];
    type Access = Authenticated;
    type Path = UserOrganizationPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}

/// Uploads the picture of a user.
#[derive(Clone, Copy, Debug)]
pub struct UploadUserAvatar;

impl Operation for UploadUserAvatar {
    const ID: &'static str = "uploadUserAvatar";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/users/{user_id}/avatar";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::CHANGE_USER;
    const SUMMARY: &'static str = "Upload the picture of a user";
    const DESCRIPTION: &'static str = "Replaces the picture of a user and sets `avatar` to its \
        URL. The image is a PNG, JPEG, GIF or WebP; it is cropped to a square and scaled.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = UserPath;
    type Query = NoParameters;
    type Body = Upload;
    type Reply = User;
}

/// Deletes the picture of a user.
#[derive(Clone, Copy, Debug)]
pub struct DeleteUserAvatar;

impl Operation for DeleteUserAvatar {
    const ID: &'static str = "deleteUserAvatar";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/users/{user_id}/avatar";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = USERS;
    const PERMISSION: Permission = Permission::CHANGE_USER;
    const SUMMARY: &'static str = "Delete the picture of a user";
    const DESCRIPTION: &'static str = "Deletes the picture of a user and clears `avatar`. Without \
        a picture it changes nothing.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = UserPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
