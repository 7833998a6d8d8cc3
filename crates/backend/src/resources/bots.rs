//! Bots: the handlers.
//!
//! - Creating a bot creates its first instance with it: that of the organization
//!   that the bot belongs to, enabled, and with nothing of its own.
//! - A new bot gets a secret that is made up, and another one when it moves to
//!   another organization. A change can set one, and null takes it away. A secret is
//!   shown once, in the reply to what has set it; what is kept does not tell it.
//! - Guests and agents do not see `meta`, which configures the bot.
//! - Deleting a bot archives it: it leaves lists, and its instances stay.
//! - `audience` and `tags` say which other organizations see a bot; see
//!   [`Share`](crate::store::row::Share). Whoever sees a bot can have an instance of
//!   it. Only those who manage its owner change it.

use contract::bot_instances::BotInstance;
use contract::bots::{
    Bot, BotStatus, CreateBot, DeleteBot, GetBot, ListBots, ListBotsQuery, UpdateBot,
};
use contract::operation::{Create, Created, NoContent, Operation, Update};
use serde_json::Value;

use super::change::change;
use super::conditions::check_open;
use super::create::{new, new_part, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Act, Caller, begin, find, new_owner};
use crate::app::App;
use crate::error::Error;
use crate::ids::random_secret;
use crate::store;
use crate::store::resources::Instance;
use crate::token::Fingerprint;

impl Stamped for Bot {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: Some(&mut self.organization),
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: Some([&mut self.created_by, &mut self.updated_by]),
        }
    }
}

/// Lists bots.
pub(crate) async fn list(request: Request<ListBots>) -> Result<Listing<Bot>, Error> {
    let caller = request.caller;
    let ListBotsQuery {
        list,
        id,
        organization,
        name,
        status,
        audience,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::is("organization", organization),
        Filter::status(status, BotStatus::Archived),
        Filter::text("name", name),
        Filter::is("audience", audience),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: request.app,
        caller: request.caller,
        query: list,
        cursor: request.cursor,
    };
    list::list(asked, filters, move |bot| shown(caller, bot)).await
}

/// Creates a bot and its first instance.
pub(crate) async fn create(request: Request<CreateBot>) -> Result<Created<Bot>, Error> {
    let Request {
        app,
        caller,
        body: Create(bot),
        ..
    } = request;
    let (id, mut bot) = new(&app, caller, &bot).await?;
    let secret = random_secret().map_err(Error::internal)?;
    bot.secret = Some(kept_secret(&secret));
    let sent = BotInstance {
        organization: bot.organization,
        bot: id,
        enabled: Some(true),
        id: None,
        name: None,
        description: None,
        avatar: None,
        meta: None,
        created_by: None,
        updated_by: None,
        created_at: None,
        updated_at: None,
    };
    let (_, own) = new_part(&app, caller, &sent)?;
    let instance = Instance {
        own,
        bot,
        root: None,
        has_bot: true,
    };
    let mut transaction = begin(&app, caller).await?;
    if let Some(organization) = instance.bot.organization {
        check_open(&mut transaction, organization).await?;
    }
    store::insert(&mut transaction, &instance.bot).await?;
    store::insert(&mut transaction, &instance).await?;
    store::commit(transaction).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateBot::PATH),
        reply: Bot {
            secret: Some(secret),
            ..shown(caller, instance.bot)
        },
    })
}

/// Gets a bot.
pub(crate) async fn get(request: Request<GetBot>) -> Result<Bot, Error> {
    let found = find(&request.app, request.caller, request.path.bot_id).await?;
    Ok(shown(request.caller, found.row))
}

/// Changes a bot.
pub(crate) async fn update(request: Request<UpdateBot>) -> Result<Bot, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    let new_secret = random_secret().map_err(Error::internal)?;
    let mut secret = None;
    let bot = change(&app, caller, path.bot_id, |bot| {
        patched(&app, caller, bot, &patch, &new_secret)
    })
    .await?;
    if bot.secret.as_ref() == Some(&kept_secret(&new_secret)) {
        secret = Some(new_secret);
    } else if let Some(Value::String(given)) = patch.as_object().get("secret") {
        secret = Some(given.clone());
    }
    Ok(Bot {
        secret,
        ..shown(caller, bot)
    })
}

/// Archives a bot.
pub(crate) async fn delete(request: Request<DeleteBot>) -> Result<NoContent, Error> {
    let id = request.path.bot_id;
    change(&request.app, request.caller, id, |before: Bot| async move {
        Ok(Bot {
            status: Some(BotStatus::Archived),
            ..before
        })
    })
    .await?;
    Ok(NoContent)
}

/// What `caller` is shown of a bot.
fn shown(caller: Caller, bot: Bot) -> Bot {
    Bot {
        secret: None,
        meta: bot.meta.filter(|_| caller.may(Act::SeeBotMeta)),
        ..bot
    }
}

/// What is kept of a secret.
pub(crate) fn kept_secret(secret: &str) -> String {
    Fingerprint::of(secret).to_string()
}

async fn patched(
    app: &App,
    caller: Caller,
    before: Bot,
    patch: &Update<Bot>,
    new_secret: &str,
) -> Result<Bot, Error> {
    let after = with_defaults(&patch.apply(&before)?)?;
    let organization = new_owner(app, caller, before.organization, after.organization).await?;
    let secret = match patch.as_object().get("secret") {
        Some(Value::String(secret)) => Some(kept_secret(secret)),
        Some(_) => None,
        // Whoever knew the secret where the bot was must not know it where it is.
        None if before.organization != Some(organization) => Some(kept_secret(new_secret)),
        None => before.secret,
    };
    Ok(Bot {
        organization: Some(organization),
        secret,
        ..after
    })
}
