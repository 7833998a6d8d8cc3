//! Organization groups: organizations that belong together.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::list;
use crate::{
    access::Authenticated,
    error::Code,
    id::ObjectId,
    operation::{Create, Created, Json, List, NoBody, NoContent, Operation, Resource, Tag, Update},
    parameters::{ListQuery, NoParameters, PageQuery, TextFilter, TimeFilter},
    permission::Permission,
    rules,
    schema::described,
    timestamp::Timestamp,
};

/// Operations on organization groups.
pub const ORGANIZATION_GROUPS: Tag = Tag {
    name: "Organization groups",
    description: "Organizations that belong together. A group works like a tag: an organization \
        can be a member of any number of them.",
};

/// The most organizations in a group. What is shared with groups is looked up by
/// their members.
pub const MAX_MEMBERS: usize = 10_000;

/// Organizations that belong together.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct OrganizationGroup {
    /// The ID of the group.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The name.
    pub name: String,
    /// The organization that the group belongs to: the caller's, which is the
    /// default, or one below it.
    #[schemars(extend("x-always" = true, "x-request" = rules::text_not_null()))]
    pub organization: Option<ObjectId>,
    /// The organizations that are members, up to 10,000.
    #[schemars(extend("x-request" = { "maxItems": MAX_MEMBERS }))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub members: Option<Vec<ObjectId>>,
    /// When the group was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the group last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(OrganizationGroup);
impl Resource for OrganizationGroup {}

/// The IDs of organizations that are members of a group, or are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(transparent)]
pub struct OrganizationGroupMembers(pub Vec<ObjectId>);

described!(OrganizationGroupMembers);
impl Resource for OrganizationGroupMembers {}

/// The path of an operation on one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationGroupPath {
    /// The ID of the group.
    pub group_id: ObjectId,
}

/// The path of an operation on one member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationGroupMemberPath {
    /// The ID of the group.
    pub group_id: ObjectId,
    /// The ID of the organization.
    pub member_id: ObjectId,
}

/// The query of [`ListOrganizationGroups`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListOrganizationGroupsQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<OrganizationGroup>,
    /// Only the group with this ID.
    pub id: Option<ObjectId>,
    /// Only groups that belong to this organization.
    pub organization: Option<ObjectId>,
    /// Only groups with this name. `~text` selects the names that contain the
    /// text, `^text` those that start with it.
    pub name: Option<TextFilter>,
    /// Only groups created at this time. `>`, `>=`, `<` and `<=` before it
    /// select those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(
    OrganizationGroupPath,
    OrganizationGroupMemberPath,
    ListOrganizationGroupsQuery,
);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such group.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this group.",
);

/// Lists groups.
#[derive(Clone, Copy, Debug)]
pub struct ListOrganizationGroups;

impl Operation for ListOrganizationGroups {
    const ID: &'static str = "listOrganizationGroups";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/orggroups";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List organization groups";
    const DESCRIPTION: &'static str = "Lists the groups that the caller sees, oldest first \
        unless `sort` says otherwise.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListOrganizationGroupsQuery;
    type Body = NoBody;
    type Reply = List<OrganizationGroup>;
}

/// Creates a group.
#[derive(Clone, Copy, Debug)]
pub struct CreateOrganizationGroup;

impl Operation for CreateOrganizationGroup {
    const ID: &'static str = "createOrganizationGroup";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/orggroups";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create an organization group";
    const DESCRIPTION: &'static str = "Creates a group. Read-only properties are ignored, so \
        that a group that was fetched can serve as the template of a new one.";
    const ERRORS: &'static [(Code, &'static str)] =
        &[(Code::PermissionDenied, "The caller may not create groups.")];
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<OrganizationGroup>;
    type Reply = Created<OrganizationGroup>;
}

/// Gets a group.
#[derive(Clone, Copy, Debug)]
pub struct GetOrganizationGroup;

impl Operation for GetOrganizationGroup {
    const ID: &'static str = "getOrganizationGroup";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/orggroups/{group_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get an organization group";
    const DESCRIPTION: &'static str = "Gets a group.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = OrganizationGroupPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = OrganizationGroup;
}

/// Updates a group.
#[derive(Clone, Copy, Debug)]
pub struct UpdateOrganizationGroup;

impl Operation for UpdateOrganizationGroup {
    const ID: &'static str = "updateOrganizationGroup";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/orggroups/{group_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update an organization group";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = OrganizationGroupPath;
    type Query = NoParameters;
    type Body = Update<OrganizationGroup>;
    type Reply = OrganizationGroup;
}

/// Deletes a group.
#[derive(Clone, Copy, Debug)]
pub struct DeleteOrganizationGroup;

impl Operation for DeleteOrganizationGroup {
    const ID: &'static str = "deleteOrganizationGroup";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/orggroups/{group_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete an organization group";
    const DESCRIPTION: &'static str = "Deletes a group. The organizations that are members stay \
        as they are.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = OrganizationGroupPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}

/// Lists the members of a group.
#[derive(Clone, Copy, Debug)]
pub struct ListOrganizationGroupMembers;

impl Operation for ListOrganizationGroupMembers {
    const ID: &'static str = "listOrganizationGroupMembers";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/orggroups/{group_id}/members";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List the members of an organization group";
    const DESCRIPTION: &'static str = "Lists the IDs of the organizations that are members of a \
        group, in the order in which they were added.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = OrganizationGroupPath;
    type Query = PageQuery;
    type Body = NoBody;
    type Reply = List<ObjectId>;
}

/// Adds members to a group.
#[derive(Clone, Copy, Debug)]
pub struct AddOrganizationGroupMembers;

impl Operation for AddOrganizationGroupMembers {
    const ID: &'static str = "addOrganizationGroupMembers";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/orggroups/{group_id}/members";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Add members to an organization group";
    const DESCRIPTION: &'static str = "Adds organizations to a group and replies with all of its \
        members. Adding a member again changes nothing. `Location` is the path of the group.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = OrganizationGroupPath;
    type Query = NoParameters;
    type Body = Json<OrganizationGroupMembers>;
    type Reply = Created<OrganizationGroupMembers>;
}

/// Removes a member from a group.
#[derive(Clone, Copy, Debug)]
pub struct RemoveOrganizationGroupMember;

impl Operation for RemoveOrganizationGroupMember {
    const ID: &'static str = "removeOrganizationGroupMember";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/orggroups/{group_id}/members/{member_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = ORGANIZATION_GROUPS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Remove a member from an organization group";
    const DESCRIPTION: &'static str = "Removes an organization from a group. The organization \
        itself stays as it is.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        MAY_NOT_CHANGE,
        (
            Code::NotFound,
            "The caller sees no such group, or the organization is not a member of it.",
        ),
    ];
    type Access = Authenticated;
    type Path = OrganizationGroupMemberPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
