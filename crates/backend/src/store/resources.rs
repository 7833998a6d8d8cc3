//! The resources that are kept as the contract has them: a document, and the
//! columns that queries need.

use std::error::Error as StdError;

use contract::bot_instances::BotInstance;
use contract::bots::Bot;
use contract::forms::Form;
use contract::id::ObjectId;
use contract::organization_groups::OrganizationGroup;
use contract::services::Service;
use contract::workflows::Workflow;

use super::row::{Row, key};

/// What is visible from an organization: what belongs to it or to one below it.
const OWNED: &str = "organization IN {tree}";

/// Keeps a type of the contract in a table: `id`, `organization`, the columns
/// named here with the property of each, and the document.
macro_rules! kept {
    ($($type:ty: $noun:literal in $table:literal ($($column:literal = $property:ident),*);)+) => {$(
        impl Row for $type {
            const NOUN: &'static str = $noun;
            const TABLE: &'static str = $table;
            const COLUMNS: &'static [&'static str] =
                &["id", "organization", $($column,)* "document"];
            const VISIBLE: &'static str = OWNED;
            const OWNERS: &'static str = concat!("SELECT ", $table, ".organization");

            fn id(&self) -> Option<ObjectId> {
                self.id
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
    OrganizationGroup: "organization group" in "organization_groups" ();
    Workflow: "workflow" in "workflows" ();
    Bot: "bot" in "bots" ("status" = status);
    Service: "service" in "services" ("type" = provider);
    Form: "form" in "forms" ("type" = kind, "status" = status);
}

/// A bot instance together with its bot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    /// What the instance says itself.
    pub(crate) own: BotInstance,
    /// What says the rest. It is read with the instance and not written with it.
    pub(crate) bot: Bot,
}

impl Row for Instance {
    const NOUN: &'static str = "bot instance";
    const TABLE: &'static str = "bot_instances";
    const COLUMNS: &'static [&'static str] = &["id", "organization", "bot", "document"];
    const SOURCE: &'static str = "(SELECT bot_instances.*, bots.document AS bot_document \
         FROM bot_instances JOIN bots ON bots.id = bot_instances.bot) AS bot_instances";
    const JOINED: &'static [&'static str] = &["bot_document"];
    const VISIBLE: &'static str = OWNED;
    const OWNERS: &'static str = "SELECT bot_instances.organization";

    fn id(&self) -> Option<ObjectId> {
        self.own.id
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
        let mut document = || values.pop().flatten().ok_or("there is no document");
        let (bot, own) = (document()?, document()?);
        Ok(Self {
            own: serde_json::from_str(&own)?,
            bot: serde_json::from_str(&bot)?,
        })
    }
}
