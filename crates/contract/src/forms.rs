//! Forms: what is asked in the course of a conversation.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{emails, free_form, list};
use crate::{
    access::Authenticated,
    error::Code,
    form_fields::FormField,
    id::ObjectId,
    number::Number,
    operation::{Create, Created, List, NoBody, NoContent, Operation, Resource, Tag, Update},
    parameters::{ListQuery, NoParameters, TextFilter, TimeFilter},
    permission::Permission,
    rules,
    schema::{described, spelled_as_on_the_wire},
    timestamp::Timestamp,
};

pub use crate::paths::FormPath;

/// Operations on forms.
pub const FORMS: Tag = Tag {
    name: "Forms",
    description: "What is asked in the course of a conversation: properties of the contact, and \
        fields of the form itself.",
};

/// What is asked in the course of a conversation.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Form {
    /// The ID of the form.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The organization that the form belongs to: the caller's, which is the
    /// default, or one below it.
    #[schemars(extend("x-always" = true, "x-request" = rules::text_not_null()))]
    pub organization: Option<ObjectId>,
    /// The name.
    pub name: String,
    /// Who decides that the form is filled in.
    #[serde(rename = "type")]
    #[schemars(extend("default" = FormType::default()))]
    pub kind: Option<FormType>,
    /// The ID of the form that this one was made from.
    pub template: Option<ObjectId>,
    /// The properties of the contact that results include.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub profile_fields: Option<Vec<FormProfileField>>,
    /// The fields, in order.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub fields: Option<Vec<FormField>>,
    /// The e-mail addresses that results are sent to.
    #[schemars(inner(email), extend("x-request" = rules::emails()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "emails()"))]
    pub notify_emails: Option<Vec<String>>,
    /// Whether the form is offered.
    #[schemars(extend("default" = FormStatus::default()))]
    pub status: Option<FormStatus>,
    /// The tags by which the form is shared: organizations below with one of
    /// them see it and can use it. They cannot change it. There are up to 100 of up
    /// to 200 characters.
    #[schemars(extend("x-request" = rules::tags()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub tags: Option<Vec<String>>,
    /// Labels, passed on with results.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub labels: Option<Vec<String>>,
    /// How many points a result is worth that an agent submits.
    pub points_by_agent: Option<Number>,
    /// How many points a result is worth that a bot submits.
    pub points_by_bot: Option<Number>,
    /// Free-form data, passed on to other systems.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// When the form was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the form last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(Form);
impl Resource for Form {}

/// Who decides that a form is filled in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum FormType {
    /// The agent picks the form.
    #[default]
    Topic,
    /// Nobody: the form is always there.
    Static,
}

/// Whether a form is offered.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum FormStatus {
    /// Offered.
    #[default]
    Active,
    /// No longer offered.
    Archived,
}

/// A property of a contact that results of a form can include.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum FormProfileField {
    /// What precedes the name.
    HonorificPrefix,
    /// The initials.
    Initials,
    /// What follows the name.
    HonorificSuffix,
    /// The gender.
    Gender,
    /// The given name.
    GivenName,
    /// The family name.
    FamilyName,
    /// What stands between given and family name.
    AdditionalName,
    /// The street.
    StreetAddress,
    /// The number in the street.
    StreetNumber,
    /// The postal code.
    PostalCode,
    /// The city or town.
    AddressLocality,
    /// The region.
    AddressRegion,
    /// The country.
    AddressCountry,
    /// The organization that the contact represents.
    WorksFor,
    /// The e-mail address.
    Email,
    /// The telephone number.
    Telephone,
}

/// The query of [`ListForms`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListFormsQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<Form>,
    /// Only the form with this ID.
    pub id: Option<ObjectId>,
    /// Only forms that belong to this organization.
    pub organization: Option<ObjectId>,
    /// Only forms with this name. `~text` selects the names that contain the
    /// text, `^text` those that start with it.
    pub name: Option<TextFilter>,
    /// Only forms of this type.
    #[serde(rename = "type")]
    pub kind: Option<FormType>,
    /// Only forms with this status. Without it, all but the archived ones.
    pub status: Option<FormStatus>,
    /// Only forms created at this time. `>`, `>=`, `<` and `<=` before it
    /// select those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(ListFormsQuery);
spelled_as_on_the_wire!(FormType, FormStatus, FormProfileField);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such form.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this form.",
);

/// Lists forms.
#[derive(Clone, Copy, Debug)]
pub struct ListForms;

impl Operation for ListForms {
    const ID: &'static str = "listForms";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/forms";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = FORMS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List forms";
    const DESCRIPTION: &'static str = "Lists the forms that the caller sees, oldest first unless \
        `sort` says otherwise. Archived ones are left out unless `status` asks for them.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListFormsQuery;
    type Body = NoBody;
    type Reply = List<Form>;
}

/// Creates a form.
#[derive(Clone, Copy, Debug)]
pub struct CreateForm;

impl Operation for CreateForm {
    const ID: &'static str = "createForm";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/forms";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = FORMS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a form";
    const DESCRIPTION: &'static str = "Creates a form. Read-only properties are ignored, so that \
        a form that was fetched can serve as the template of a new one.";
    const ERRORS: &'static [(Code, &'static str)] =
        &[(Code::PermissionDenied, "The caller may not create forms.")];
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<Form>;
    type Reply = Created<Form>;
}

/// Gets a form.
#[derive(Clone, Copy, Debug)]
pub struct GetForm;

impl Operation for GetForm {
    const ID: &'static str = "getForm";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/forms/{form_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = FORMS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a form";
    const DESCRIPTION: &'static str = "Gets a form, archived or not.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = FormPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = Form;
}

/// Updates a form.
#[derive(Clone, Copy, Debug)]
pub struct UpdateForm;

impl Operation for UpdateForm {
    const ID: &'static str = "updateForm";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/forms/{form_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = FORMS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update a form";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored. In the list `fields`, an entry with the `id` of a field is that \
        field, and one without is a new one.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = FormPath;
    type Query = NoParameters;
    type Body = Update<Form>;
    type Reply = Form;
}

/// Deletes a form.
#[derive(Clone, Copy, Debug)]
pub struct DeleteForm;

impl Operation for DeleteForm {
    const ID: &'static str = "deleteForm";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/forms/{form_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = FORMS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete a form";
    const DESCRIPTION: &'static str = "Deletes a form together with its fields.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = FormPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
