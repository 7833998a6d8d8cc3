//! Organizations: the companies on whose behalf conversations are held.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{
    boxed, country, domain, domain_label, email, emails_or_domains, free_form, list, one_of, seen,
    slots, time_zone, url, whole,
};
use crate::{
    access::Authenticated,
    categories::Category,
    error::Code,
    id::ObjectId,
    number::Number,
    operation::{Create, Created, List, NoBody, NoContent, Operation, Resource, Tag, Update},
    parameters::{ListQuery, NoParameters, TextFilter, TimeFilter},
    permission::Permission,
    rules,
    schema::{described, spelled_as_on_the_wire},
    timestamp::Timestamp,
    users::{Locale, Role},
};

pub use crate::paths::OrganizationPath;

/// Operations on organizations.
pub const ORGANIZATIONS: Tag = Tag {
    name: "Organizations",
    description: "Companies on whose behalf conversations are held. They form a tree, in which a \
        new one stands below that of the caller. Every other resource belongs to exactly one of \
        them.",
};

/// A company on whose behalf conversations are held.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// The ID of the organization.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The name.
    pub name: String,
    /// The name to show to the outside, for example in chat widgets. Where it
    /// is not given, it is `name`.
    pub display_name: Option<String>,
    /// How far the organization is in its life.
    #[schemars(extend("default" = OrganizationStatus::default()))]
    pub status: Option<OrganizationStatus>,
    /// The e-mail address that its users turn to for support.
    #[schemars(email, extend("x-request" = rules::email()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "email()"))]
    pub email: Option<String>,
    /// The URL of its website.
    #[schemars(url, extend("x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub url: Option<String>,
    /// The URL of its logo.
    #[schemars(url, extend("x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub logo: Option<String>,
    /// The country of its headquarters: two letters of ISO 3166-1, such
    /// as `NL`.
    #[schemars(extend("x-request" = rules::country()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "country()"))]
    pub country: Option<String>,
    /// Its language.
    #[schemars(extend("default" = Locale::default()))]
    pub locale: Option<Locale>,
    /// The time zone of its headquarters: a name of the IANA time zone
    /// database.
    #[schemars(extend("default" = "Europe/Amsterdam", "x-request" = rules::time_zone()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "time_zone()"))]
    pub timezone: Option<String>,
    /// The industry that it is in, such as `automotive`.
    pub industry: Option<String>,
    /// How it works.
    #[schemars(extend("default" = {}))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub settings: Option<OrganizationSettings>,
    /// Names and pictures that agents use in place of their own.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub aliases: Option<Vec<Alias>>,
    /// The slots for categories, in the order of the user interface; null is a
    /// free one. An update of the list moves categories, frees slots and fills
    /// them.
    #[schemars(length(max = 10))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "slots()"))]
    pub categories: Option<Vec<Option<Category>>>,
    /// Which properties of a contact it uses, and how it labels them.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub profile_fields: Option<ProfileFields>,
    /// Words that nobody may use on its behalf.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub stopwords: Option<Vec<String>>,
    /// Commands, mostly to bots, that agents are offered.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub commands: Option<Vec<String>>,
    /// Keywords: up to 100 of up to 200 characters. Bots, forms and workflows reach an
    /// organization by them.
    #[schemars(extend("x-request" = rules::tags()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub tags: Option<Vec<String>>,
    /// The subdomain of the white label: one label of a DNS name, such as
    /// `skynet`.
    #[schemars(extend("x-request" = rules::domain_label()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "domain_label()"))]
    pub domain_prefix: Option<String>,
    /// The domain of the white label, such as `chat.report`.
    #[schemars(extend("x-request" = rules::domain()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "domain()"))]
    pub domain: Option<String>,
    /// Organizations that may see its conversations.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub partners: Option<Vec<Partner>>,
    /// E-mail addresses and domains whose owners may register as agents
    /// themselves.
    #[schemars(extend("x-request" = rules::emails_or_domains()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "emails_or_domains()"))]
    pub whitelist: Option<Vec<String>>,
    /// The role of those who register themselves.
    #[schemars(extend("default" = OrganizationDefaultRole::default()))]
    pub default_role: Option<OrganizationDefaultRole>,
    /// After which time records are purged.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub data_retention: Option<DataRetention>,
    /// How it is billed. A new organization needs it, and it cannot be cleared.
    /// Guests and agents do not see it.
    #[schemars(extend("x-required" = true))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "seen()"))]
    pub billing_info: Option<BillingInfo>,
    /// The address that results are mailed from.
    #[schemars(email, extend("x-request" = rules::email()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "email()"))]
    pub email_as: Option<String>,
    /// Free-form data, passed on to other systems, for example in webhooks.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// When the organization was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the organization last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(Organization);
impl Resource for Organization {}

/// How far an organization is in its life.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum OrganizationStatus {
    /// Created, not yet in use.
    Queued,
    /// In use.
    #[default]
    Active,
    /// About to be archived.
    PendingArchive,
    /// Deleted: absent from lists, but kept so that references to it still
    /// resolve.
    Archived,
}

/// The role of users who register themselves.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum OrganizationDefaultRole {
    /// Reads along.
    #[default]
    Guest,
    /// Takes part in conversations.
    Agent,
}

/// How an organization works. A setting that is left out gets its default.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct OrganizationSettings {
    /// What happens when a visitor comes back to an agent.
    #[schemars(extend("default" = OrganizationSettingsRouteOnReply::default()))]
    pub route_on_reply: Option<OrganizationSettingsRouteOnReply>,
    /// Send notifications to its admins by e-mail.
    #[schemars(extend("default" = true))]
    pub enable_mail: Option<bool>,
}

/// What happens when a visitor comes back to an agent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum OrganizationSettingsRouteOnReply {
    /// The conversation is accepted on behalf of the same agent.
    #[default]
    Accept,
    /// The conversation is assigned to the same agent.
    Assign,
    /// The conversation is routed like a new one.
    Route,
}

/// A name and a picture that an agent uses in place of its own.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// The name.
    pub name: Option<String>,
    /// The URL of the picture.
    #[schemars(url, extend("x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub avatar: Option<String>,
}

/// Which properties of a contact an organization uses, and how it labels them.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct ProfileFields {
    /// The full name.
    pub name: Option<ProfileFieldLabel>,
    /// The initials.
    pub initials: Option<ProfileFieldLabel>,
    /// The given name.
    pub given_name: Option<ProfileFieldLabel>,
    /// The family name.
    pub family_name: Option<ProfileFieldLabel>,
    /// What stands between given and family name.
    pub additional_name: Option<ProfileFieldLabel>,
    /// What precedes the name.
    pub honorific_prefix: Option<ProfileFieldLabel>,
    /// What follows the name.
    pub honorific_suffix: Option<ProfileFieldLabel>,
    /// The gender.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub gender: Option<ProfileFieldLabelEnum>,
    /// The parts of the address.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub address: Option<ProfileFieldsAddress>,
    /// The telephone number.
    pub telephone: Option<ProfileFieldLabel>,
    /// The e-mail address.
    pub email: Option<ProfileFieldLabel>,
    /// The organization that the contact represents.
    pub works_for: Option<ProfileFieldLabel>,
}

/// Which parts of a contact's address an organization uses, and how it labels
/// them.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct ProfileFieldsAddress {
    /// The street.
    pub street_address: Option<ProfileFieldLabel>,
    /// The number in the street.
    pub street_number: Option<ProfileFieldLabel>,
    /// The city or town.
    pub address_locality: Option<ProfileFieldLabel>,
    /// The region.
    pub address_region: Option<ProfileFieldLabel>,
    /// The postal code.
    pub postal_code: Option<ProfileFieldLabel>,
    /// The country.
    pub address_country: Option<ProfileFieldLabel>,
}

/// How a property of a contact is labelled.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct ProfileFieldLabel {
    /// The label.
    pub label: String,
    /// Whether the property is in use.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
}

/// How a property of a contact is labelled that has one of several values.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct ProfileFieldLabelEnum {
    /// The label.
    pub label: String,
    /// The labels of the values.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub options: Option<Vec<String>>,
    /// Whether the property is in use.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
}

/// An organization that may see the conversations of another one.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Partner {
    /// The ID of the organization.
    pub organization: Option<ObjectId>,
    /// What its users may do.
    pub permission: Option<Role>,
}

/// After which time records are purged.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct DataRetention {
    /// How many units of time: a whole number up to 1,200, which is a century of
    /// months. Whoever keeps records for longer does not purge them.
    #[schemars(extend("x-request" = rules::whole(1, Some(1200))))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "whole(1..=1200)"))]
    pub length: Option<Number>,
    /// The unit of time.
    #[schemars(extend("default" = DataRetentionUnit::default()))]
    pub unit: Option<DataRetentionUnit>,
}

/// A unit of time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum DataRetentionUnit {
    /// Months.
    #[default]
    Month,
    /// Years.
    Year,
}

/// The plans that the reference names.
const PLANS: [&str; 3] = ["base", "grow", "scale"];

/// How an organization is billed.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct BillingInfo {
    /// Who pays the invoice.
    pub bill_receiver: String,
    /// Who sends the invoice.
    pub bill_sender: String,
    /// When the trial ends.
    pub trial_ends_on: Option<Timestamp>,
    /// The ID of the customer at Stripe.
    pub stripe_customer_id: String,
    /// Whether Stripe is used for real, rather than for development.
    #[schemars(extend("default" = true))]
    pub live_mode: Option<bool>,
    /// Whether the organization has to move to the real environment of Stripe.
    #[schemars(extend("default" = false))]
    pub move_to_live: Option<bool>,
    /// The ID of another product at Stripe, for the results of agents.
    pub w1on1_result_id: Option<String>,
    /// How many days an invoice may stay unpaid: a whole number. With 0 it is due
    /// at once.
    #[schemars(extend("default" = 14, "x-request" = rules::whole(0, None)))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "whole(0..=365)"))]
    pub days_until_due: Option<Number>,
    /// Free-form data.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// Leave out MECs at Stripe.
    #[schemars(extend("default" = false))]
    pub enable_mecs: Option<bool>,
    /// Leave out the AMP licence at Stripe.
    #[schemars(extend("default" = false))]
    pub enable_amp: Option<bool>,
    /// Leave out the costs of SEPA direct debit at Stripe.
    #[schemars(extend("default" = false))]
    pub enable_sepa_debit_costs: Option<bool>,
    /// The version of the billing: 1 or 2.
    #[schemars(extend("x-request" = rules::whole(1, Some(2))))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "whole(1..=2)"))]
    pub version: Option<Number>,
    /// The plan, with version 2 of the billing: `base`, `grow` or `scale`.
    #[schemars(extend("x-request" = { "enum": PLANS }))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "one_of(&PLANS)"))]
    pub current_plan: String,
}

/// The query of [`ListOrganizations`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListOrganizationsQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<Organization>,
    /// Only the organization with this ID.
    pub id: Option<ObjectId>,
    /// Only organizations with this name. `~text` selects the names that
    /// contain the text, `^text` those that start with it.
    pub name: Option<TextFilter>,
    /// Only organizations with this status. Without it, all but the archived
    /// ones.
    pub status: Option<OrganizationStatus>,
    /// Only organizations created at this time. `>`, `>=`, `<` and `<=` before
    /// it select those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(ListOrganizationsQuery);
spelled_as_on_the_wire!(
    OrganizationStatus,
    OrganizationDefaultRole,
    OrganizationSettingsRouteOnReply,
    DataRetentionUnit,
);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such organization.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this organization.",
);

/// Lists organizations.
#[derive(Clone, Copy, Debug)]
pub struct ListOrganizations;

impl Operation for ListOrganizations {
    const ID: &'static str = "listOrganizations";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/organizations";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATIONS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List organizations";
    const DESCRIPTION: &'static str = "Lists the organizations that the caller sees, oldest \
        first unless `sort` says otherwise. Archived ones are left out unless `status` asks for \
        them.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListOrganizationsQuery;
    type Body = NoBody;
    type Reply = List<Organization>;
}

/// Creates an organization.
#[derive(Clone, Copy, Debug)]
pub struct CreateOrganization;

impl Operation for CreateOrganization {
    const ID: &'static str = "createOrganization";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/organizations";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = ORGANIZATIONS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create an organization";
    const DESCRIPTION: &'static str = "Creates an organization. Read-only properties are \
        ignored, so that an organization that was fetched can serve as the template of a new \
        one. It stands below the organization in which the caller acts.";
    const ERRORS: &'static [(Code, &'static str)] = &[(
        Code::PermissionDenied,
        "The caller may not create organizations.",
    )];
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<Organization>;
    type Reply = Created<Organization>;
}

/// Gets an organization.
#[derive(Clone, Copy, Debug)]
pub struct GetOrganization;

impl Operation for GetOrganization {
    const ID: &'static str = "getOrganization";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/organizations/{organization_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATIONS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get an organization";
    const DESCRIPTION: &'static str = "Gets an organization, archived or not.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = OrganizationPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = Organization;
}

/// Updates an organization.
#[derive(Clone, Copy, Debug)]
pub struct UpdateOrganization;

impl Operation for UpdateOrganization {
    const ID: &'static str = "updateOrganization";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/organizations/{organization_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = ORGANIZATIONS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update an organization";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored. The list `categories` is how categories change their order and \
        how free slots are filled: an entry with the `id` of a category is that category, one \
        without is a new one, and null is a free slot. To set `status` to `archived` is to \
        delete the organization.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        MAY_NOT_CHANGE,
        NOT_FOUND,
        (
            Code::FailedPrecondition,
            "It is to be archived, and organizations below it are still in use.",
        ),
    ];
    type Access = Authenticated;
    type Path = OrganizationPath;
    type Query = NoParameters;
    type Body = Update<Organization>;
    type Reply = Organization;
}

/// Deletes an organization.
#[derive(Clone, Copy, Debug)]
pub struct DeleteOrganization;

impl Operation for DeleteOrganization {
    const ID: &'static str = "deleteOrganization";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/organizations/{organization_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = ORGANIZATIONS;
    const PERMISSION: Permission = Permission::Below(Role::Owner);
    const SUMMARY: &'static str = "Delete an organization";
    const DESCRIPTION: &'static str = "Archives an organization: it leaves lists, but references \
        to it still resolve. Only an owner of an organization above it can do so. Deleting an \
        archived organization changes nothing.";
    const ERRORS: &'static [(Code, &'static str)] = &[
        MAY_NOT_CHANGE,
        NOT_FOUND,
        (
            Code::FailedPrecondition,
            "Organizations below it are still in use.",
        ),
    ];
    type Access = Authenticated;
    type Path = OrganizationPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
