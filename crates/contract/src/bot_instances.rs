//! Bot instances: bots at work for organizations.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{free_form, url};
use crate::{
    access::Authenticated,
    error::Code,
    id::ObjectId,
    operation::{Create, Created, List, NoBody, NoContent, Operation, Resource, Tag, Update},
    parameters::{ListQuery, NoParameters, TextFilter, TimeFilter},
    permission::Permission,
    rules,
    schema::described,
    timestamp::Timestamp,
};

/// Operations on bot instances.
pub const BOT_INSTANCES: Tag = Tag {
    name: "Bot instances",
    description: "Bots at work for organizations. Creating a bot creates the instance of the \
        organization that it belongs to; others get one of their own.",
};

/// A bot at work for one organization. Name, description, picture and free-form
/// data are those of the bot, unless the instance has its own.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct BotInstance {
    /// The ID of the instance.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The organization that uses the bot: the caller's, which is the default,
    /// or one below it.
    #[schemars(extend("x-always" = true, "x-request" = rules::text_not_null()))]
    pub organization: Option<ObjectId>,
    /// The ID of the bot.
    pub bot: ObjectId,
    /// The name, in place of that of the bot.
    #[schemars(extend("x-always" = true))]
    pub name: Option<String>,
    /// What the bot does, in place of the bot's own description.
    pub description: Option<String>,
    /// The URL of the picture, in place of that of the bot.
    #[schemars(url, extend("x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub avatar: Option<String>,
    /// Whether the bot works for the organization.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// Free-form data: the settings of the bot for the organization. Where it is not given,
    /// it is that of the bot.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// The user who created the instance.
    #[schemars(extend("readOnly" = true))]
    pub created_by: Option<ObjectId>,
    /// The user who last changed the instance.
    #[schemars(extend("readOnly" = true))]
    pub updated_by: Option<ObjectId>,
    /// When the instance was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the instance last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(BotInstance);
impl Resource for BotInstance {}

/// The path of an operation on one bot instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BotInstancePath {
    /// The ID of the bot instance.
    #[serde(rename = "botInstance_id")]
    pub bot_instance_id: ObjectId,
}

/// The query of [`ListBotInstances`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListBotInstancesQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<BotInstance>,
    /// Only the instance with this ID.
    pub id: Option<ObjectId>,
    /// Only instances of this organization.
    pub organization: Option<ObjectId>,
    /// Only instances of this bot.
    pub bot: Option<ObjectId>,
    /// Only instances with this name. `~text` selects the names that contain
    /// the text, `^text` those that start with it.
    pub name: Option<TextFilter>,
    /// Only instances that are enabled, or only those that are not.
    pub enabled: Option<bool>,
    /// Only instances created at this time. `>`, `>=`, `<` and `<=` before it
    /// select those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(BotInstancePath, ListBotInstancesQuery);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such bot instance.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this bot instance.",
);

/// Lists bot instances.
#[derive(Clone, Copy, Debug)]
pub struct ListBotInstances;

impl Operation for ListBotInstances {
    const ID: &'static str = "listBotInstances";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/botinstances";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = BOT_INSTANCES;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List bot instances";
    const DESCRIPTION: &'static str = "Lists the bot instances that the caller sees, oldest \
        first unless `sort` says otherwise.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListBotInstancesQuery;
    type Body = NoBody;
    type Reply = List<BotInstance>;
}

/// Creates a bot instance.
#[derive(Clone, Copy, Debug)]
pub struct CreateBotInstance;

impl Operation for CreateBotInstance {
    const ID: &'static str = "createBotInstance";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/botinstances";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = BOT_INSTANCES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a bot instance";
    const DESCRIPTION: &'static str = "Creates a bot instance. Read-only properties are ignored, \
        so that a bot instance that was fetched can serve as the template of a new one. What the \
        instance does not have of its own is that of the bot.";
    const ERRORS: &'static [(Code, &'static str)] = &[(
        Code::PermissionDenied,
        "The caller may not create bot instances.",
    )];
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<BotInstance>;
    type Reply = Created<BotInstance>;
}

/// Gets a bot instance.
#[derive(Clone, Copy, Debug)]
pub struct GetBotInstance;

impl Operation for GetBotInstance {
    const ID: &'static str = "getBotInstance";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/botinstances/{botInstance_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = BOT_INSTANCES;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a bot instance";
    const DESCRIPTION: &'static str = "Gets a bot instance.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = BotInstancePath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = BotInstance;
}

/// Updates a bot instance.
#[derive(Clone, Copy, Debug)]
pub struct UpdateBotInstance;

impl Operation for UpdateBotInstance {
    const ID: &'static str = "updateBotInstance";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/botinstances/{botInstance_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = BOT_INSTANCES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update a bot instance";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored. A name, description, picture or free-form data that is cleared \
        is that of the bot again.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = BotInstancePath;
    type Query = NoParameters;
    type Body = Update<BotInstance>;
    type Reply = BotInstance;
}

/// Deletes a bot instance.
#[derive(Clone, Copy, Debug)]
pub struct DeleteBotInstance;

impl Operation for DeleteBotInstance {
    const ID: &'static str = "deleteBotInstance";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/botinstances/{botInstance_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = BOT_INSTANCES;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete a bot instance";
    const DESCRIPTION: &'static str = "Deletes a bot instance. The bot stays as it is.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = BotInstancePath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
