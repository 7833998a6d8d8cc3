//! Categories: what the conversations of an organization are about.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::list;
use crate::{
    access::Authenticated,
    error::Code,
    id::ObjectId,
    operation::{Create, Created, List, NoBody, NoContent, Operation, Resource, Tag, Update},
    parameters::{ListQuery, NoParameters},
    paths::OrganizationPath,
    permission::Permission,
    schema::described,
};

/// Operations on categories.
pub const CATEGORIES: Tag = Tag {
    name: "Categories",
    description: "What the conversations of an organization are about. An organization has ten \
        slots for categories, each with a color of its own; a slot that is free is null in the \
        organization's `categories`.",
};

/// What a conversation is about, and which forms go with that.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// The ID of the category. In the list of an organization it tells which
    /// category a slot is for; anywhere else it is ignored.
    #[schemars(extend("x-always" = true))]
    pub id: Option<ObjectId>,
    /// The name.
    pub name: String,
    /// The IDs of the forms that may be used.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub forms: Option<Vec<ObjectId>>,
    /// Keywords.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub tags: Option<Vec<String>>,
}

described!(Category);
impl Resource for Category {}

/// The path of an operation on one category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryPath {
    /// The ID of the organization.
    pub organization_id: ObjectId,
    /// The ID of the category.
    pub category_id: ObjectId,
}

described!(CategoryPath, ListQuery<Category>);

const NOT_FOUND: (Code, &str) = (
    Code::NotFound,
    "The caller sees no such organization, or the organization has no such category.",
);
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this organization.",
);

/// Lists the categories of an organization.
#[derive(Clone, Copy, Debug)]
pub struct ListCategories;

impl Operation for ListCategories {
    const ID: &'static str = "listCategories";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/organizations/{organization_id}/categories";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = CATEGORIES;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List the categories of an organization";
    const DESCRIPTION: &'static str = "Lists the categories of an organization in the order of \
        their slots, unless `sort` says otherwise. Free slots are left out.";
    const ERRORS: &'static [(Code, &'static str)] =
        &[(Code::NotFound, "The caller sees no such organization.")];
    type Access = Authenticated;
    type Path = OrganizationPath;
    type Query = ListQuery<Category>;
    type Body = NoBody;
    type Reply = List<Category>;
}

/// Creates a category.
#[derive(Clone, Copy, Debug)]
pub struct CreateCategory;

impl Operation for CreateCategory {
    const ID: &'static str = "createCategory";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/organizations/{organization_id}/categories";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = CATEGORIES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a category";
    const DESCRIPTION: &'static str = "Adds a category to an organization, in the first slot \
        that is free.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        MAY_NOT_CHANGE,
        (Code::NotFound, "The caller sees no such organization."),
        (Code::FailedPrecondition, "None of the ten slots is free."),
    ];
    type Access = Authenticated;
    type Path = OrganizationPath;
    type Query = NoParameters;
    type Body = Create<Category>;
    type Reply = Created<Category>;
}

/// Gets a category.
#[derive(Clone, Copy, Debug)]
pub struct GetCategory;

impl Operation for GetCategory {
    const ID: &'static str = "getCategory";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/organizations/{organization_id}/categories/{category_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = CATEGORIES;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a category";
    const DESCRIPTION: &'static str = "Gets a category of an organization.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = CategoryPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = Category;
}

/// Updates a category.
#[derive(Clone, Copy, Debug)]
pub struct UpdateCategory;

impl Operation for UpdateCategory {
    const ID: &'static str = "updateCategory";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/organizations/{organization_id}/categories/{category_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = CATEGORIES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update a category";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, and a \
        list is replaced as a whole. `id` is ignored.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = CategoryPath;
    type Query = NoParameters;
    type Body = Update<Category>;
    type Reply = Category;
}

/// Deletes a category.
#[derive(Clone, Copy, Debug)]
pub struct DeleteCategory;

impl Operation for DeleteCategory {
    const ID: &'static str = "deleteCategory";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/organizations/{organization_id}/categories/{category_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = CATEGORIES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete a category";
    const DESCRIPTION: &'static str = "Removes a category from an organization and leaves its \
        slot free, so that the other categories keep theirs.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = CategoryPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
