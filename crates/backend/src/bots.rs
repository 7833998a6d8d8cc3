//! Bots: the handlers.
//!
//! - Creating a bot creates its first instance with it: that of the organization
//!   that the bot belongs to, enabled, and with nothing of its own.
//! - A new bot gets a secret that is made up. A change can set another one. The
//!   secret is shown to admins and owners; who has it acts as the bot.
//! - Deleting a bot archives it: it leaves lists, and its instances stay.
//! - `audience` and `tags` are kept and not looked at: who sees a bot can have an
//!   instance of it.

use contract::bot_instances::BotInstance;
use contract::bots::{
    Bot, BotStatus, CreateBot, DeleteBot, GetBot, ListBots, ListBotsQuery, UpdateBot,
};
use contract::id::ObjectId;
use contract::operation::{Create, Created, List, NoContent, Update};
use contract::timestamp::Timestamp;
use contract::users::Role;

use crate::App;
use crate::auth::Caller;
use crate::error::Error;
use crate::ids::random_secret;
use crate::list::{self, Filters};
use crate::resource::{Stamped, change, check_admin, find, new_owner, owner, with_defaults};
use crate::serve::Request;
use crate::store;
use crate::store::resources::Instance;

impl Stamped for Bot {
    fn stamp(&mut self, now: Timestamp, by: ObjectId) {
        (self.updated_at, self.updated_by) = (Some(now), Some(by));
    }
}

/// Lists bots.
pub(crate) async fn list(request: Request<ListBots>) -> Result<List<Bot>, Error> {
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
    let archived = status.is_none().then_some(BotStatus::Archived);
    let filters = Filters::default()
        .key("id", id)
        .key("organization", organization)
        .key("status", status)
        .without("status", archived)
        .text("name", name)
        .property("audience", audience)
        .time("createdAt", created_at);
    list::list(&request.app, caller, list, filters, |bot| {
        shown(caller, bot)
    })
    .await
}

/// Creates a bot and its first instance.
pub(crate) async fn create(request: Request<CreateBot>) -> Result<Created<Bot>, Error> {
    let Request {
        app,
        caller,
        body: Create(bot),
        ..
    } = request;
    check_admin(caller)?;
    let organization = owner(&app, caller, bot.organization).await?;
    let (id, now) = (app.ids.next(app.clock.now()), Some(app.now()?));
    let bot = Bot {
        id: Some(id),
        organization: Some(organization),
        secret: Some(random_secret().map_err(Error::internal)?),
        created_by: Some(caller.id),
        updated_by: Some(caller.id),
        created_at: now,
        updated_at: now,
        ..with_defaults(&bot)?
    };
    let own = BotInstance {
        id: Some(app.ids.next(app.clock.now())),
        organization: Some(organization),
        bot: id,
        name: None,
        description: None,
        avatar: None,
        enabled: Some(true),
        meta: None,
        created_by: Some(caller.id),
        updated_by: Some(caller.id),
        created_at: now,
        updated_at: now,
    };
    let instance = Instance { own, bot };
    let mut transaction = app.store.write().await?;
    store::insert(&mut transaction, &instance.bot).await?;
    store::insert(&mut transaction, &instance).await?;
    store::commit(transaction).await?;
    Ok(Created {
        location: format!("/bots/{id}"),
        reply: shown(caller, instance.bot),
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
    let bot = change(&app, caller, path.bot_id, |bot| {
        patched(&app, caller, bot, &patch)
    })
    .await?;
    Ok(shown(caller, bot))
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
        secret: bot.secret.filter(|_| caller.role >= Role::Admin),
        ..bot
    }
}

async fn patched(
    app: &App,
    caller: Caller,
    before: Bot,
    patch: &Update<Bot>,
) -> Result<Bot, Error> {
    let after = with_defaults(&patch.apply(&before)?)?;
    let organization = new_owner(app, caller, before.organization, after.organization).await?;
    Ok(Bot {
        organization: Some(organization),
        ..after
    })
}
