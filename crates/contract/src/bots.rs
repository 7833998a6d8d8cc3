//! Bots: programs that take part in conversations.

use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[cfg(feature = "arbitrary")]
use crate::arbitrary::{free_form, list, url};
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

/// Operations on bots.
pub const BOTS: Tag = Tag {
    name: "Bots",
    description: "Programs that take part in conversations. A bot is a definition; an \
        organization uses it by means of a bot instance.",
};

/// The definition of a program that takes part in conversations.
#[serde_with::skip_serializing_none]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub struct Bot {
    /// The ID of the bot.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub id: Option<ObjectId>,
    /// The organization that the bot belongs to: the caller's, which is the
    /// default, or one below it.
    #[schemars(extend("x-always" = true, "x-request" = rules::text_not_null()))]
    pub organization: Option<ObjectId>,
    /// The name.
    pub name: String,
    /// What the bot does.
    pub description: Option<String>,
    /// Whether the bot can be used.
    #[schemars(extend("default" = BotStatus::default()))]
    pub status: Option<BotStatus>,
    /// The roles that the bot plays in conversations, such as `bot` or
    /// `contact`.
    #[schemars(extend("default" = ["bot"]))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub roles: Option<Vec<String>>,
    /// Which organizations see the bot and can have an instance of it. Only those who
    /// manage the one that it belongs to can change it.
    #[schemars(extend("default" = BotAudience::default()))]
    pub audience: Option<BotAudience>,
    /// The tags by which a bot for groups is shared: up to 100 of up to 200
    /// characters.
    #[schemars(extend("x-request" = rules::tags()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub tags: Option<Vec<String>>,
    /// The URL of the picture, 45 by 45 pixels.
    #[schemars(url, extend("x-request" = rules::web_url()))]
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "url()"))]
    pub avatar: Option<String>,
    /// The commands that agents are offered.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "list()"))]
    pub commands: Option<Vec<String>>,
    /// Free-form data, the defaults of `meta` of the bot's instances.
    #[cfg_attr(feature = "arbitrary", proptest(strategy = "free_form()"))]
    pub meta: Option<Map<String, Value>>,
    /// What the bot authenticates with. A new bot gets one that is made up, and so
    /// does one that moves to another organization; an update can set another one. It
    /// is shown once, in the reply to what has set it.
    #[schemars(extend("x-update-only" = true))]
    pub secret: Option<String>,
    /// The user who created the bot.
    #[schemars(extend("readOnly" = true))]
    pub created_by: Option<ObjectId>,
    /// The user who last changed the bot.
    #[schemars(extend("readOnly" = true))]
    pub updated_by: Option<ObjectId>,
    /// When the bot was created.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub created_at: Option<Timestamp>,
    /// When the bot last changed.
    #[schemars(extend("x-always" = true, "readOnly" = true))]
    pub updated_at: Option<Timestamp>,
}

described!(Bot);
impl Resource for Bot {}

impl std::fmt::Debug for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out the secret and whatever `meta` holds.
        f.debug_struct("Bot")
            .field("id", &self.id)
            .field("organization", &self.organization)
            .field("name", &self.name)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// Whether a bot can be used.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum BotStatus {
    /// Not in use.
    Inactive,
    /// In use.
    #[default]
    Active,
    /// Deleted: absent from lists, but kept so that references to it still
    /// resolve.
    Archived,
}

/// Which organizations can use a bot.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[cfg_attr(feature = "arbitrary", derive(proptest_derive::Arbitrary))]
#[serde(rename_all = "camelCase")]
pub enum BotAudience {
    /// All of the tree that it belongs to.
    Global,
    /// The one that the bot belongs to.
    #[default]
    Owner,
    /// Those that share a group with the one that the bot belongs to, and those
    /// below it with one of the bot's tags.
    Group,
}

/// The path of an operation on one bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BotPath {
    /// The ID of the bot.
    pub bot_id: ObjectId,
}

/// The query of [`ListBots`].
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListBotsQuery {
    /// Which part of the list to reply with.
    #[serde(flatten)]
    pub list: ListQuery<Bot>,
    /// Only the bot with this ID.
    pub id: Option<ObjectId>,
    /// Only bots that belong to this organization.
    pub organization: Option<ObjectId>,
    /// Only bots with this name. `~text` selects the names that contain the
    /// text, `^text` those that start with it.
    pub name: Option<TextFilter>,
    /// Only bots with this status. Without it, all but the archived ones.
    pub status: Option<BotStatus>,
    /// Only bots with this audience.
    pub audience: Option<BotAudience>,
    /// Only bots created at this time. `>`, `>=`, `<` and `<=` before it select
    /// those created after or before it.
    pub created_at: Option<TimeFilter>,
}

described!(BotPath, ListBotsQuery);
spelled_as_on_the_wire!(BotStatus, BotAudience);

const NOT_FOUND: (Code, &str) = (Code::NotFound, "The caller sees no such bot.");
const MAY_NOT_CHANGE: (Code, &str) = (
    Code::PermissionDenied,
    "The caller may not change this bot.",
);

/// Lists bots.
#[derive(Clone, Copy, Debug)]
pub struct ListBots;

impl Operation for ListBots {
    const ID: &'static str = "listBots";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/bots";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = BOTS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "List bots";
    const DESCRIPTION: &'static str = "Lists the bots that the caller sees, oldest first unless \
        `sort` says otherwise. Archived ones are left out unless `status` asks for them.";
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = ListBotsQuery;
    type Body = NoBody;
    type Reply = List<Bot>;
}

/// Creates a bot.
#[derive(Clone, Copy, Debug)]
pub struct CreateBot;

impl Operation for CreateBot {
    const ID: &'static str = "createBot";
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/bots";
    const STATUS: StatusCode = StatusCode::CREATED;
    const TAG: Tag = BOTS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Create a bot";
    const DESCRIPTION: &'static str = "Creates a bot. Read-only properties are ignored, so that \
        a bot that was fetched can serve as the template of a new one. The organization that the \
        bot belongs to gets an instance of it, which is enabled. `secret` is ignored too: a \
        new bot gets one of its own, which an update can replace.";
    const ERRORS: &'static [(Code, &'static str)] =
        &[(Code::PermissionDenied, "The caller may not create bots.")];
    type Access = Authenticated;
    type Path = NoParameters;
    type Query = NoParameters;
    type Body = Create<Bot>;
    type Reply = Created<Bot>;
}

/// Gets a bot.
#[derive(Clone, Copy, Debug)]
pub struct GetBot;

impl Operation for GetBot {
    const ID: &'static str = "getBot";
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/bots/{bot_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = BOTS;
    const PERMISSION: Permission = Permission::READ;
    const SUMMARY: &'static str = "Get a bot";
    const DESCRIPTION: &'static str = "Gets a bot, archived or not.";
    const ERRORS: &'static [(Code, &'static str)] = &[NOT_FOUND];
    type Access = Authenticated;
    type Path = BotPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = Bot;
}

/// Updates a bot.
#[derive(Clone, Copy, Debug)]
pub struct UpdateBot;

impl Operation for UpdateBot {
    const ID: &'static str = "updateBot";
    const METHOD: Method = Method::PATCH;
    const PATH: &'static str = "/bots/{bot_id}";
    const STATUS: StatusCode = StatusCode::OK;
    const TAG: Tag = BOTS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Update a bot";
    const DESCRIPTION: &'static str = "Changes the properties that the body names and leaves the \
        others as they are. The body is a merge patch (RFC 7396): null clears a property, an \
        object changes only what it names, and a list is replaced as a whole. Read-only \
        properties are ignored.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = BotPath;
    type Query = NoParameters;
    type Body = Update<Bot>;
    type Reply = Bot;
}

/// Deletes a bot.
#[derive(Clone, Copy, Debug)]
pub struct DeleteBot;

impl Operation for DeleteBot {
    const ID: &'static str = "deleteBot";
    const METHOD: Method = Method::DELETE;
    const PATH: &'static str = "/bots/{bot_id}";
    const STATUS: StatusCode = StatusCode::NO_CONTENT;
    const TAG: Tag = BOTS;
    const PERMISSION: Permission = Permission::MANAGE;
    const SUMMARY: &'static str = "Delete a bot";
    const DESCRIPTION: &'static str = "Archives a bot: it leaves lists, but references to it \
        still resolve. Deleting an archived bot changes nothing.";
    const ERRORS: &'static [(Code, &'static str)] = &[MAY_NOT_CHANGE, NOT_FOUND];
    type Access = Authenticated;
    type Path = BotPath;
    type Query = NoParameters;
    type Body = NoBody;
    type Reply = NoContent;
}
