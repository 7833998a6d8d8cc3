//! Form fields: the questions that a form asks.
//!
//! The vendor's reference breaks off after the third operation, so fields are
//! changed and deleted by an update of their form.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{list, regular_expression, seen};
use crate::{
    access::Authenticated,
    error::Code,
    id::ObjectId,
    operation::{Create, Created, List, NoBody, Operation, Resource, Tag},
    parameters::{ListQuery, NoParameters},
    paths::FormPath,
    permission::Permission,
    rules,
    schema::{described, spelled_as_on_the_wire},
    timestamp::Timestamp,
};

/// Operations on form fields.
pub const FORM_FIELDS: Tag = Tag {
    name: "Form fields",
    description: "The questions that a form asks, in order. To change or delete one, update the \
        `fields` of its form.",
};

/// A question that a form asks.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct FormField {
    /// The ID of the field. In the list of a form it tells which field is
    /// meant; anywhere else it is ignored.
    #[schemars(extend("x-always" = true))]
    pub id: Option<ObjectId>,
    /// The short name by which results refer to the field.
    pub name: String,
    /// The label to show.
    pub label: Option<String>,
    /// The kind of input.
    #[serde(rename = "type")]
    #[schemars(extend("default" = FormFieldType::default()))]
    pub kind: Option<FormFieldType>,
    /// The name of the entity that the answer stands for, such as `Date`.
    pub entity: Option<String>,
    /// A JavaScript regular expression that the whole answer must match, of up to
    /// 1,024 characters.
    #[schemars(extend("x-request" = rules::regular_expression()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "regular_expression()"))]
    pub pattern: Option<String>,
    /// The answers to choose from, where the type is `select`. Each has a key and a
    /// value.
    #[schemars(extend("x-request" = rules::items_with(&["key", "value"])))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub options: Option<Vec<FormFieldOption>>,
    /// Whether the question must be answered.
    #[schemars(extend("default" = false))]
    pub required: Option<bool>,
    /// When the field was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the field last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(FormField);
impl Resource for FormField {}

/// An answer to choose.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct FormFieldOption {
    /// What identifies the answer.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "seen()"))]
    pub key: Option<String>,
    /// The answer.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "seen()"))]
    pub value: Option<String>,
}

/// A kind of input: the types that HTML 5 knows, and two of its elements.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "kebab-case")]
pub enum FormFieldType {
    /// A push button.
    Button,
    /// A check box.
    Checkbox,
    /// A color.
    Color,
    /// A date.
    Date,
    /// A date and time, without a time zone.
    DatetimeLocal,
    /// An e-mail address.
    Email,
    /// A file.
    File,
    /// Nothing that is shown.
    Hidden,
    /// A picture to push.
    Image,
    /// A month of a year.
    Month,
    /// A number.
    Number,
    /// A text that is masked.
    Password,
    /// One of a group of radio buttons.
    Radio,
    /// A number on a slider.
    Range,
    /// A button that undoes all input.
    Reset,
    /// A text to search for.
    Search,
    /// One of several options: the element `select`.
    Select,
    /// A button that submits the form.
    Submit,
    /// A telephone number.
    Tel,
    /// A line of text.
    #[default]
    Text,
    /// Several lines of text: the element `textarea`.
    Textarea,
    /// A time of day, without a time zone.
    Time,
    /// A URL.
    Url,
    /// A week of a year.
    Week,
}

/// The path of an operation on one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormFieldPath {
    /// The ID of the form.
    pub form_id: ObjectId,
    /// The ID of the field.
    pub field_id: ObjectId,
}

described!(FormFieldPath, ListQuery<FormField>);
spelled_as_on_the_wire!(FormFieldType);

/// Lists the fields of a form.
#[derive(Clone, Copy, Debug)]
pub struct ListFormFields;

impl Operation for ListFormFields {
    const ID: &'static str = "listFormFields";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/forms/{form_id}/fields";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = FORM_FIELDS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List the fields of a form";
    const DESCRIPTION: &'static str = "Lists the fields of a form in their order, unless `sort` \
        says otherwise.";
    const ERRORS: &'static [(Code, &'static str)] =
        &[(Code::NotFound, "The caller sees no such form.")];
    type Access = Authenticated;
    type Path = FormPath;
    type Query = ListQuery<FormField>;
    type Body = NoBody;
    type Reply = List<FormField>;
}

/// Creates a field of a form.
#[derive(Clone, Copy, Debug)]
pub struct CreateFormField;

impl Operation for CreateFormField {
    const ID: &'static str = "createFormField";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/forms/{form_id}/fields";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = FORM_FIELDS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a field of a form";
    const DESCRIPTION: &'static str = "Adds a field to a form, behind those that are there. \
        Read-only properties and `id` are ignored.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        (
            Code::PermissionDenied,
            "The caller may not change this form.",
        ),
        (Code::NotFound, "The caller sees no such form."),
    ];
    type Access = Authenticated;
    type Path = FormPath;
    type Query = NoParameters;
    type Body = Create<FormField>;
    type Reply = Created<FormField>;
}

/// Gets a field of a form.
#[derive(Clone, Copy, Debug)]
pub struct GetFormField;

impl Operation for GetFormField {
    const ID: &'static str = "getFormField";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/forms/{form_id}/fields/{field_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = FORM_FIELDS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a field of a form";
    const DESCRIPTION: &'static str = "Gets a field of a form.";
    const ERRORS: &'static [(Code, &'static str)] = &[(
        Code::NotFound,
        "The caller sees no such form, or the form has no such field.",
    )];
    type Access = Authenticated;
    type Path = FormFieldPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = FormField;
}
