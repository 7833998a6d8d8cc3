//! Services: connections to other systems.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{boxed, free_form, list, others, url};
use crate::{
    access::Authenticated,
    error::Code,
    id::ObjectId,
    operation::{Create, Created, List, NoBody, NoContent, Operation, Resource, Tag, Update},
    parameters::{ListQuery, NoParameters, TextFilter, TimeFilter},
    permission::Permission,
    rules,
    schema::{described, spelled_as_on_the_wire},
    timestamp::Timestamp,
};

/// Operations on services.
pub const SERVICES: Tag = Tag {
    name: "Services",
    description: "Connections to other systems: channels through which consumers come in, \
        providers of chat, webhooks, and clients of this API.",
};

/// A connection to another system.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-told-apart" = { "by": "type", "property": "params" }))]
pub struct Service {
    /// The ID of the service.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The organization that the service belongs to: the caller's, which is
    /// the default, or one below it.
    #[schemars(extend("x-always" = true, "x-request" = rules::text_not_null()))]
    pub organization: Option<ObjectId>,
    /// The name.
    pub name: String,
    /// What the service is for.
    pub description: Option<String>,
    /// The system that the service connects to.
    #[serde(rename = "type")]
    #[schemars(extend("default" = ServiceProvider::default()))]
    pub provider: Option<ServiceProvider>,
    /// How far the service is in its life.
    #[schemars(extend("default" = ServiceStatus::default()))]
    pub status: Option<ServiceStatus>,
    /// The ways in which consumers can come in, such as `web` or `email`.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub touchpoints: Option<Vec<String>>,
    /// What the provider needs to connect.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "boxed()"))]
    pub params: ServiceParams,
    /// The ID of the service at Smooch.
    pub smooch_id: Option<String>,
    /// The ID of the app at Smooch.
    pub smooch_app_id: Option<String>,
    /// When the service is switched on: from `disabled` to `active`.
    pub start_date: Option<Timestamp>,
    /// When the service is switched off: from `active` to `disabled`.
    pub end_date: Option<Timestamp>,
    /// Free-form data.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// When the service was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the service last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(Service);
impl Resource for Service {}

/// The system that a service connects to.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum ServiceProvider {
    /// The Smartsupp chat, over XMPP. Needs `jid`, `password` and `host`.
    Smartsupp,
    /// Intercom. Needs `app_id`, `access_token` and `assignee_id`.
    Intercom,
    /// Smooch. Needs `appId`.
    Smooch,
    /// Twilio.
    Twilio,
    /// Mailgun.
    Mailgun,
    /// Facebook Messenger.
    Messenger,
    /// A client of this API. May have `scopes`.
    Api,
    /// A URL that events are posted to. Needs `url`.
    #[default]
    Webhook,
    /// Google Business Messages. Needs `location`, `welcomeMessage` and
    /// `starter`.
    Gbm,
}

/// How far a service is in its life.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum ServiceStatus {
    /// Created, not yet in use.
    #[default]
    Queued,
    /// In use.
    Active,
    /// Switched off.
    Disabled,
    /// About to be archived.
    PendingArchive,
    /// Deleted: absent from lists, but kept so that references to it still
    /// resolve.
    Archived,
}

/// What a provider needs to connect. Each provider uses some of the properties,
/// and the values of `type` tell which it cannot do without. Properties that are not
/// listed here are kept as they are. Only admins and owners see those whose name
/// says that they are secret: that they are a password, a secret, a token, a key or
/// the like.
#[serde_with::skip_serializing_none]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct ServiceParams {
    /// Smartsupp: the JID of the XMPP account.
    #[schemars(extend("x-of" = rules::needed_by("smartsupp")))]
    pub jid: Option<String>,
    /// Smartsupp: the password of the XMPP account.
    #[schemars(extend("x-of" = rules::needed_by("smartsupp")))]
    pub password: Option<String>,
    /// Smartsupp: the XMPP host.
    #[schemars(extend("x-of" = rules::needed_by("smartsupp")))]
    pub host: Option<String>,
    /// Smartsupp: the XMPP port, in digits. Where it is not given, it is 5222.
    #[schemars(extend("x-of" = rules::parameter_of("smartsupp")))]
    pub port: Option<String>,
    /// Intercom: the ID of the app.
    #[schemars(extend("x-of" = rules::needed_by("intercom")))]
    #[serde(rename = "app_id")]
    pub intercom_app_id: Option<String>,
    /// Intercom: the access token of the app.
    #[schemars(extend("x-of" = rules::needed_by("intercom")))]
    #[serde(rename = "access_token")]
    pub intercom_access_token: Option<String>,
    /// Intercom: the ID of the user on whose behalf conversations are held.
    #[schemars(extend("x-of" = rules::needed_by("intercom")))]
    #[serde(rename = "assignee_id")]
    pub intercom_assignee_id: Option<String>,
    /// Smooch: the ID of the app.
    #[schemars(extend("x-of" = rules::needed_by("smooch")))]
    pub app_id: Option<String>,
    /// Smooch: the ID of the app's key.
    #[schemars(extend("x-of" = rules::parameter_of("smooch")))]
    pub key_id: Option<String>,
    /// Smooch: the secret of the key.
    #[schemars(extend("x-of" = rules::parameter_of("smooch")))]
    pub secret: Option<String>,
    /// Smooch: advanced settings, in a form that Smooch defines.
    #[schemars(extend("x-of" = rules::parameter_of("smooch")))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub advanced: Option<Map<String, Value>>,
    /// Google Business Messages: the ID of a location in the knowledge base.
    #[schemars(extend("x-of" = rules::needed_by("gbm")))]
    pub location: Option<String>,
    /// Google Business Messages: the URL of the brand's privacy policy.
    #[schemars(url, extend("x-of" = rules::parameter_of("gbm"), "x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub privacy: Option<String>,
    /// Google Business Messages: what a consumer is welcomed with.
    #[schemars(extend("x-of" = rules::needed_by("gbm")))]
    pub welcome_message: Option<String>,
    /// Google Business Messages: what a consumer is offered to start with.
    #[schemars(extend("x-of" = rules::needed_by("gbm")))]
    pub starter: Option<String>,
    /// Google Business Messages: when agents come in, as `HH:MM`.
    #[schemars(extend("x-of" = rules::parameter_of("gbm")))]
    pub start_time: Option<String>,
    /// Google Business Messages: when agents leave, as `HH:MM`.
    #[schemars(extend("x-of" = rules::parameter_of("gbm")))]
    pub end_time: Option<String>,
    /// Google Business Messages: the first day of the week on which agents are
    /// there, from `MONDAY` to `SUNDAY`.
    #[schemars(extend("x-of" = rules::parameter_of("gbm")))]
    pub start_day: Option<String>,
    /// Google Business Messages: the last day of the week on which agents are
    /// there, from `MONDAY` to `SUNDAY`.
    #[schemars(extend("x-of" = rules::parameter_of("gbm")))]
    pub end_day: Option<String>,
    /// Google Business Messages: the next step to take in setting up the
    /// service. Only an update looks at it.
    #[schemars(extend("x-of" = rules::parameter_of("gbm")))]
    pub step: Option<ServiceParamsStep>,
    /// Webhook: the URL that events are posted to.
    #[schemars(url, extend("x-of" = rules::needed_by("webhook"), "x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub url: Option<String>,
    /// API: what the client may do.
    #[schemars(extend("x-of" = rules::parameter_of("api")))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub scopes: Option<Vec<String>>,
    /// Everything else, by name.
    #[serde(flatten)]
    #[cfg_attr(
        feature = "arbitrary",
        proptest(
            strategy = "others(&[\"jid\", \"host\", \"port\", \"secret\", \"scopes\", \"step\", \"url\"])"
        )
    )]
    pub other: Map<String, Value>,
}

/// Returns whether a parameter of a service is a secret, by its name: one that
/// speaks of passwords, secrets, tokens, keys, credentials, certificates,
/// authorization, sessions, connections and headers, in whatever spelling. Guests,
/// agents and bots do not see it, at whatever depth it is.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 27] = [
        "access",
        "auth",
        "bearer",
        "cert",
        "connection",
        "cookie",
        "cred",
        "dsn",
        "header",
        "hmac",
        "jwt",
        "key",
        "mnemonic",
        "otp",
        "pass",
        "pem",
        "pin",
        "private",
        "psk",
        "pswd",
        "pwd",
        "refresh",
        "secret",
        "seed",
        "session",
        "sign",
        "token",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.into_iter().any(|word| name.contains(word))
}

impl std::fmt::Debug for ServiceParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Most of it is secret.
        f.debug_struct("ServiceParams").finish_non_exhaustive()
    }
}

/// A step in setting up Google Business Messages.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum ServiceParamsStep {
    /// Have the agent verified.
    VerifyAgent,
    /// Have the location verified.
    VerifyLocation,
    /// Launch the agent.
    LaunchAgent,
    /// Launch the location.
    LaunchLocation,
}

/// The path of an operation on one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServicePath {
    /// The ID of the service.
    pub service_id: ObjectId,
}

/// The query of [`ListServices`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListServicesQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<Service>,
    /// Only the service with this ID.
    pub id: Option<ObjectId>,
    /// Only services that belong to this organization.
    pub organization: Option<ObjectId>,
    /// Only services with this name. `~text` selects the names that contain
    /// the text, `^text` those that start with it.
    pub name: Option<TextFilter>,
    /// Only services that connect to this system.
    #[serde(rename = "type")]
    pub provider: Option<ServiceProvider>,
    /// Only services with this status. Without it, all but the archived ones.
    pub status: Option<ServiceStatus>,
    /// Only services created at this time. `>`, `>=`, `<` and `<=` before it
    /// select those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(ServicePath, ListServicesQuery);
spelled_as_on_the_wire!(ServiceProvider, ServiceStatus, ServiceParamsStep);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such service.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this service.",
);

/// Lists services.
#[derive(Clone, Copy, Debug)]
pub struct ListServices;

impl Operation for ListServices {
    const ID: &'static str = "listServices";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/services";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = SERVICES;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List services";
    const DESCRIPTION: &'static str = "Lists the services that the caller sees, oldest first \
        unless `sort` says otherwise. Archived ones are left out unless `status` asks for them.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListServicesQuery;
    type Body = NoBody;
    type Reply = List<Service>;
}

/// Creates a service.
#[derive(Clone, Copy, Debug)]
pub struct CreateService;

impl Operation for CreateService {
    const ID: &'static str = "createService";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/services";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = SERVICES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a service";
    const DESCRIPTION: &'static str = "Creates a service. Read-only properties are ignored, so \
        that a service that was fetched can serve as the template of a new one. What `params` \
        has to hold depends on `type`.";
    const ERRORS: &'static [(Code, &'static str)] = &[(
        Code::PermissionDenied,
        "The caller may not create services.",
    )];
    const EXAMPLES: Option<&'static str> = Some(include_str!("examples/createService.json"));
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<Service>;
    type Reply = Created<Service>;
}

/// Gets a service.
#[derive(Clone, Copy, Debug)]
pub struct GetService;

impl Operation for GetService {
    const ID: &'static str = "getService";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/services/{service_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = SERVICES;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a service";
    const DESCRIPTION: &'static str = "Gets a service, archived or not.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = ServicePath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = Service;
}

/// Updates a service.
#[derive(Clone, Copy, Debug)]
pub struct UpdateService;

impl Operation for UpdateService {
    const ID: &'static str = "updateService";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/services/{service_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = SERVICES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update a service";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = ServicePath;
    type Query = NoParameters;
    type Body = Update<Service>;
    type Reply = Service;
}

/// Deletes a service.
#[derive(Clone, Copy, Debug)]
pub struct DeleteService;

impl Operation for DeleteService {
    const ID: &'static str = "deleteService";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/services/{service_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = SERVICES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete a service";
    const DESCRIPTION: &'static str = "Archives a service: it leaves lists, but references to it \
        still resolve. Deleting an archived service changes nothing.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = ServicePath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
