//! Bot instances: the handlers, and what an instance has of its bot.
//!
//! - Name, description and picture that an instance does not have of its own are
//!   those of its bot, and change with them. `meta` is put together: what the
//!   instance has of its own stands before what the bot's root instance has under
//!   the same name, and that before what the bot has. The root instance is the
//!   first one of the organization that the bot belongs to.
//! - An organization that does not see the bot (any more) is shown nothing of it but
//!   its name, whoever made the instance.
//! - Guests and agents do not see `meta`.
//! - A change is made to what the caller is shown, and only what it made
//!   different becomes the instance's own. So an instance that is fetched and
//!   sent back goes on having the rest of its bot.
//! - To clear a property is to have that of the bot again.
//! - An organization can have several instances of one bot.

use contract::bot_instances::{
    BotInstance, CreateBotInstance, DeleteBotInstance, GetBotInstance, ListBotInstances,
    ListBotInstancesQuery, UpdateBotInstance,
};
use contract::bots::Bot;
use contract::id::ObjectId;
use contract::operation::{Create, Created, NoContent, Operation, Update};
use serde_json::{Map, Value};

use super::change::{self, Edited, change};
use super::conditions::Conditions;
use super::create::{insert, new, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Act, Caller, check_reference, find, new_owner};
use crate::app::App;
use crate::error::Error;
use crate::store::resources::{Instance, root_of};

impl Stamped for BotInstance {
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

impl Stamped for Instance {
    fn stamps(&mut self) -> Stamps<'_> {
        self.own.stamps()
    }
}

/// Lists bot instances.
pub(crate) async fn list(
    request: Request<ListBotInstances>,
) -> Result<Listing<BotInstance>, Error> {
    let ListBotInstancesQuery {
        list,
        id,
        organization,
        bot,
        name,
        enabled,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::is("organization", organization),
        Filter::is("bot", bot),
        Filter::text("name", name),
        Filter::truth("enabled", enabled),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: request.app,
        caller: request.caller,
        query: list,
        cursor: request.cursor,
    };
    let caller = asked.caller;
    list::list(asked, filters, move |instance| shown(caller, &instance)).await
}

/// Creates a bot instance.
pub(crate) async fn create(
    request: Request<CreateBotInstance>,
) -> Result<Created<BotInstance>, Error> {
    let Request {
        app,
        caller,
        body: Create(instance),
        ..
    } = request;
    let (id, own) = new(&app, caller, &instance).await?;
    let (bot, root) = bot(&app, caller, own.bot).await?;
    let instance = Instance {
        own,
        bot,
        root,
        has_bot: true,
    };
    let conditions = Conditions {
        bots: vec![("bot".to_owned(), instance.own.bot)],
        ..Conditions::default()
    };
    insert(&app, caller, &instance, conditions).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateBotInstance::PATH),
        reply: shown(caller, &instance),
    })
}

/// Gets a bot instance.
pub(crate) async fn get(request: Request<GetBotInstance>) -> Result<BotInstance, Error> {
    let id = request.path.bot_instance_id;
    let found = find(&request.app, request.caller, id).await?;
    Ok(shown(request.caller, &found.row))
}

/// Changes a bot instance.
pub(crate) async fn update(request: Request<UpdateBotInstance>) -> Result<BotInstance, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    let id = path.bot_instance_id;
    let instance = change(&app, caller, id, |instance| {
        patched(&app, caller, instance, &patch)
    })
    .await?;
    Ok(shown(caller, &instance))
}

/// Deletes a bot instance.
pub(crate) async fn delete(request: Request<DeleteBotInstance>) -> Result<NoContent, Error> {
    let id = request.path.bot_instance_id;
    change::delete::<Instance>(&request.app, request.caller, id).await?;
    Ok(NoContent)
}

/// The bot of an instance, and the root instance of that.
async fn bot(app: &App, caller: Caller, id: ObjectId) -> Result<(Bot, Option<BotInstance>), Error> {
    check_reference::<Bot>(app, caller, "bot", id).await?;
    let bot: Bot = find(app, caller, id).await?.row;
    let root = match bot.organization {
        Some(owner) => root_of(&mut app.store.read().await?, id, owner).await?,
        None => None,
    };
    Ok((bot, root))
}

/// What `caller` is shown of an instance.
fn shown(caller: Caller, instance: &Instance) -> BotInstance {
    let whole = whole(instance);
    if caller.may(Act::SeeBotMeta) {
        return whole;
    }
    BotInstance {
        meta: None,
        ..whole
    }
}

/// An instance with what it has of its bot.
fn whole(instance: &Instance) -> BotInstance {
    let Instance { own, bot, root, .. } = instance;
    let mut own = own.clone();
    own.name = own.name.or_else(|| Some(bot.name.clone()));
    if !instance.has_bot {
        return own;
    }
    own.description = own.description.or_else(|| bot.description.clone());
    own.avatar = own.avatar.or_else(|| bot.avatar.clone());
    let of_root = root.as_ref().filter(|root| root.id != own.id);
    let of_root = of_root.and_then(|root| root.meta.as_ref());
    let layers = [bot.meta.as_ref(), of_root, own.meta.as_ref()];
    if layers.iter().any(Option::is_some) {
        let entries = layers.into_iter().flatten().flatten();
        let entries = entries.map(|(name, value)| (name.clone(), value.clone()));
        own.meta = Some(entries.collect());
    }
    own
}

/// The instance's own value of a property, which was shown and is to be changed.
fn own_value<T: PartialEq>(own: Option<T>, was: Option<&T>, after: Option<T>) -> Option<T> {
    if after.as_ref() == was { own } else { after }
}

/// The same for `meta`, in which every entry is a property.
fn own_meta(
    own: Option<Map<String, Value>>,
    was: Option<&Map<String, Value>>,
    after: Option<Map<String, Value>>,
) -> Option<Map<String, Value>> {
    if after.as_ref() == was {
        return own;
    }
    let own = own.unwrap_or_default();
    let was = |name: &str| was.and_then(|was| was.get(name));
    let entries = after?.into_iter().filter_map(|(name, after)| {
        let value = own_value(own.get(&name).cloned(), was(&name), Some(after))?;
        Some((name, value))
    });
    Some(entries.collect())
}

async fn patched(
    app: &App,
    caller: Caller,
    before: Instance,
    patch: &Update<BotInstance>,
) -> Result<Edited<Instance>, Error> {
    let was = whole(&before);
    let after = with_defaults(&patch.apply(&was)?)?;
    let organization = new_owner(app, caller, was.organization, after.organization).await?;
    let mut conditions = Conditions::default();
    let (bot, root, has_bot) = if after.bot == was.bot {
        (before.bot, before.root, before.has_bot)
    } else {
        conditions.bots.push(("bot".to_owned(), after.bot));
        let (bot, root) = bot(app, caller, after.bot).await?;
        (bot, root, true)
    };
    let own = before.own;
    let own = BotInstance {
        organization: Some(organization),
        name: own_value(own.name, was.name.as_ref(), after.name),
        description: own_value(own.description, was.description.as_ref(), after.description),
        avatar: own_value(own.avatar, was.avatar.as_ref(), after.avatar),
        meta: own_meta(own.meta, was.meta.as_ref(), after.meta),
        ..after
    };
    let row = Instance {
        own,
        bot,
        root,
        has_bot,
    };
    Ok(Edited { row, conditions })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Checks what an instance has of its own after its `meta` was changed.
    #[track_caller]
    fn check(own: &Value, was: &Value, after: &Value, expected: &Value) {
        let map = |value: &Value| value.as_object().cloned();
        let found = own_meta(map(own), map(was).as_ref(), map(after));
        assert_eq!(found, map(expected));
    }

    #[test]
    fn what_stays_as_the_bot_has_it_does_not_become_the_instances_own() {
        let null = Value::Null;
        check(&null, &json!({"a": 1}), &json!({"a": 1}), &null);
        check(
            &null,
            &json!({"a": 1}),
            &json!({"a": 1, "b": 2}),
            &json!({"b": 2}),
        );
        check(&null, &json!({"a": 1}), &json!({"a": 3}), &json!({"a": 3}));
    }

    #[test]
    fn what_is_cleared_is_no_longer_the_instances_own() {
        let (own, was) = (json!({"a": 3, "b": 2}), json!({"a": 3, "b": 2, "c": 4}));
        check(&own, &was, &json!({"a": 3, "c": 4}), &json!({"a": 3}));
        check(&own, &was, &Value::Null, &Value::Null);
    }
}
