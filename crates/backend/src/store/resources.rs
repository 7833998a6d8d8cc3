//! The resources that are kept as the contract has them: a document, and the
//! columns that queries need.

use std::borrow::Cow;
use std::error::Error as StdError;

use contract::bot_instances::BotInstance;
use contract::bots::{Bot, BotAudience, BotStatus};
use contract::forms::{Form, FormStatus};
use contract::id::ObjectId;
use contract::organization_groups::OrganizationGroup;
use contract::services::{Service, ServiceStatus};
use contract::workflows::Workflow;
use serde_json::Value;

use super::error::StoreError;
use super::key::Kind;
use super::listed::number;
use super::row::{Link, Owner, Row, Share, Sharing, damaged, key};
use super::rows::placeholders;
use super::session::Session;
use super::sharing::is_shared;
use super::value::Cells;

/// Keeps a type of the contract in a table: `id`, `organization`, the columns
/// named here with the property of each, and the document. It is listed under a
/// number by the properties named then, and may be archived, shared, and say
/// something about organizations.
macro_rules! kept {
    ($(
        $type:ty: $noun:literal in $table:literal ($($column:literal = $property:ident),*)
        listed $list:literal by ($($name:literal: $kind:ident),*) $(but $archived:path)?
        $(, shared $sharing:ident by $shares:path)? $(, linked by $links:path)?;
    )+) => {$(
        impl Row for $type {
            const NOUN: &'static str = $noun;
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] =
                &["id", "organization", $($column,)* "document"];
            const LIST: i64 = $list;
            const LISTED: &'static [(&'static str, Kind)] = &[$(($name, Kind::$kind)),*];
            const OWNERS: &'static str = concat!("SELECT ", $table, ".organization");
            $(
                const SHARING: Sharing = Sharing::$sharing;

                fn shares(&self) -> Vec<Share> {
                    $shares(self)
                }
            )?
            $(
                fn links(&self) -> Vec<Link> {
                    $links(self)
                }
            )?

            fn id(&self) -> Option<ObjectId> {
                self.id
            }

            fn owner(&self) -> Option<Owner> {
                self.organization.map(Owner::Organization)
            }

            fn is_archived(&self) -> bool {
                false $(|| self.status == Some($archived))?
            }

            fn properties(&self) -> Result<Value, serde_json::Error> {
                serde_json::to_value(self)
            }

            fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error> {
                Ok(vec![
                    key(self.id),
                    key(self.organization),
                    $(key(Some(self.$property.unwrap_or_default())),)*
                    Some(serde_json::to_string(self)?),
                ])
            }

            fn read(
                mut values: Vec<Option<String>>,
            ) -> Result<Self, Box<dyn StdError + Send + Sync>> {
                let document = values.pop().flatten().ok_or("there is no document")?;
                Ok(serde_json::from_str(&document)?)
            }
        }
    )+};
}

kept! {
    OrganizationGroup: "organization group" in "organization_groups" ()
        listed 3 by ("organization": Text, "name": Text, "createdAt": Instant, "updatedAt": Instant),
        linked by links_of_group;
    Workflow: "workflow" in "workflows" () listed 4 by ();
    Bot: "bot" in "bots" ("status" = status)
        listed 5 by (
            "organization": Text, "name": Text, "status": Text, "audience": Text,
            "createdAt": Instant, "updatedAt": Instant
        ) but BotStatus::Archived, shared ByAudience by shares_of_bot;
    // The status that a service is shown with changes with time.
    Service: "service" in "services" ("type" = provider, "status" = status)
        listed 6 by (
            "organization": Text, "name": Text, "type": Text,
            "createdAt": Instant, "updatedAt": Instant
        ) but ServiceStatus::Archived;
    Form: "form" in "forms" ("type" = kind, "status" = status)
        listed 7 by (
            "organization": Text, "name": Text, "type": Text, "status": Text,
            "createdAt": Instant, "updatedAt": Instant
        ) but FormStatus::Archived, shared ByTags by shares_of_form;
}

/// With whom the `audience` of a bot shares it. `tags` count where it is for groups:
/// they are groups too.
fn shares_of_bot(bot: &Bot) -> Vec<Share> {
    match bot.audience.unwrap_or_default() {
        BotAudience::Owner => Vec::new(),
        BotAudience::Global => vec![Share::Tree],
        BotAudience::Group => {
            let tags = bot.tags.iter().flatten().cloned().map(Share::Tag);
            std::iter::once(Share::Groups).chain(tags).collect()
        }
    }
}

fn shares_of_form(form: &Form) -> Vec<Share> {
    let tags = form.tags.iter().flatten();
    tags.cloned().map(Share::Tag).collect()
}

fn links_of_group(group: &OrganizationGroup) -> Vec<Link> {
    let Some(id) = group.id else {
        return Vec::new();
    };
    let members = group.members.iter().flatten().copied();
    let members = members.map(|organization| Link::Member {
        organization,
        group: id,
    });
    let peers = group.members.iter().flatten().chain(&group.organization);
    let peers = peers.map(|organization| Link::Peer {
        organization: *organization,
        group: id,
    });
    members.chain(peers).collect()
}

/// A bot instance together with its bot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    /// What the instance says itself.
    pub(crate) own: BotInstance,
    /// What says the rest. It is read with the instance and not written with it.
    pub(crate) bot: Bot,
    /// The instance that the organization of the bot had of it first, if there is
    /// one. It is read with the instance too.
    pub(crate) root: Option<BotInstance>,
    /// Whether the organization that it was read for sees the bot. It is read with the
    /// instance too.
    pub(crate) has_bot: bool,
}

impl Row for Instance {
    const NOUN: &'static str = "bot instance";
    const TABLE: &'static str = "bot_instances";
    const COLUMNS: &'static [&'static str] = &["id", "organization", "bot", "document"];
    const JOINED: &'static [&'static str] = &["bot_document", "root_document", "has_bot"];
    const LIST: i64 = 8;
    // The name can be that of the bot and changes with it.
    const LISTED: &'static [(&'static str, Kind)] = &[
        ("organization", Kind::Text),
        ("bot", Kind::Text),
        ("enabled", Kind::Text),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
    ];
    const OWNERS: &'static str = "SELECT bot_instances.organization";

    fn source(viewer: &str) -> Cow<'static, str> {
        let [active, archived] = [false, true].map(|archived| number::<Bot>(0, archived));
        let has_bot = format!(
            "0 < (SELECT COUNT(*) FROM listed AS place \
             WHERE place.list IN ({active}, {archived}) AND place.viewer = {viewer} \
             AND place.value = '' AND place.id = bots.id) OR {}",
            is_shared::<Bot>("bots.id", "bots.organization", viewer)
        );
        let source = format!(
            "(SELECT bot_instances.*, bots.document AS bot_document, \
             (SELECT root.document FROM bot_instances AS root WHERE root.bot = bots.id \
             AND root.organization = bots.organization \
             ORDER BY root.bot, root.organization, root.id LIMIT 1) AS root_document, \
             CASE WHEN {has_bot} THEN '1' END AS has_bot \
             FROM bot_instances JOIN bots ON bots.id = bot_instances.bot) AS bot_instances"
        );
        source.into()
    }

    fn id(&self) -> Option<ObjectId> {
        self.own.id
    }

    fn owner(&self) -> Option<Owner> {
        self.own.organization.map(Owner::Organization)
    }

    fn is_archived(&self) -> bool {
        false
    }

    fn properties(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(&self.own)
    }

    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error> {
        Ok(vec![
            key(self.own.id),
            key(self.own.organization),
            key(Some(self.own.bot)),
            Some(serde_json::to_string(&self.own)?),
        ])
    }

    fn read(mut values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let has_bot = values.pop().flatten().is_some();
        let root = values.pop().flatten();
        let root = root.map(|root| serde_json::from_str(&root)).transpose()?;
        let mut document = || values.pop().flatten().ok_or("there is no document");
        let (bot, own) = (document()?, document()?);
        Ok(Self {
            own: serde_json::from_str(&own)?,
            bot: serde_json::from_str(&bot)?,
            root,
            has_bot,
        })
    }
}

/// The instance of a bot that the organization it belongs to had first.
pub(crate) async fn root_of(
    session: &mut Session,
    bot: ObjectId,
    owner: ObjectId,
) -> Result<Option<BotInstance>, StoreError> {
    let sql = "SELECT document FROM bot_instances WHERE bot = $1 AND organization = $2 \
         ORDER BY bot, organization, id LIMIT 1";
    let values = vec![bot.to_string().into(), owner.to_string().into()];
    let Some(mut row) = session.lookup(sql, values).await?.pop() else {
        return Ok(None);
    };
    let document = row.text(0).map_err(damaged::<Instance>)?;
    serde_json::from_str(&document).map_err(damaged::<Instance>)
}

/// The IDs of up to `most` rows whose status is that, in their order.
pub(crate) async fn with_status<R: Row>(
    session: &mut Session,
    status: &str,
    after: &str,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT id FROM {} WHERE status = $1 AND id > $2 ORDER BY status, id LIMIT $3",
        R::TABLE
    );
    let values = vec![status.into(), after.into(), most.into()];
    let ids = session.lookup(&sql, values).await?.into_iter();
    let ids = ids.map(|mut row| row.text(0).map_err(damaged::<R>));
    ids.collect()
}

/// The workflows that belong to an organization or to one above it, in the order of
/// their IDs.
pub(crate) async fn workflows_above(
    session: &mut Session,
    line: &[ObjectId],
) -> Result<Vec<Workflow>, StoreError> {
    let sql = format!(
        "SELECT document FROM workflows WHERE organization IN ({}) ORDER BY id",
        placeholders(1, line.len())
    );
    let values = line.iter().map(|id| id.to_string().into()).collect();
    let read = |rows: Vec<Cells>| {
        let workflow = |mut row: Cells| {
            let document = row.text(0).map_err(damaged::<Workflow>)?;
            serde_json::from_str(&document).map_err(damaged::<Workflow>)
        };
        rows.into_iter().map(workflow).collect()
    };
    session.list(sql, values, read).await?
}
