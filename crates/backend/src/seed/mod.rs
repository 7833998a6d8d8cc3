//! Loading a document of resources into the store; see [`crate::Backend::seed`].
//!
//! The schemas of the contract check what is in the document, and what its
//! resources refer to must be in the document or in the store. Who sees what
//! plays no part: whoever starts a backend may do everything.

mod check;
mod complete;
mod document;
mod error;

use std::collections::HashMap;

use crate::store::Session;
use contract::id::ObjectId;
use contract::users::User;
use contract::validate::Violations;
use serde_json::Value;

use check::Existing;
use document::{Item, Seed};

use crate::app::App;
use crate::store::line;
use crate::store::organizations::{first, lock};
use crate::store::resources::Instance;
use crate::store::users::{Account, Incomplete, insert_account};
use crate::store::{self, Row};

pub use error::SeedError;

/// What came of a seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// How many resources were created.
    pub created: usize,
    /// How many workflows were there and were replaced.
    pub replaced: usize,
    /// How many resources were there and were left as they were.
    pub kept: usize,
}

/// Loads a document, and tells how much of it is done.
pub(crate) async fn load(
    app: &App,
    document: &[u8],
    told: &(dyn Fn(usize, usize) + Sync),
) -> Result<Seeded, SeedError> {
    let Value::Object(document) = serde_json::from_slice(document)? else {
        return Err(Violations::one("", "must be an object with lists of resources").into());
    };
    let mut seed = Seed::read(document)?;
    let mut steps = Steps {
        done: 0,
        all: 0,
        told,
    };
    let mut hashes = hashes(app, &mut seed.users, &mut steps).await?;

    let mut transaction = app.store.write().await.map_err(SeedError::store)?;
    let root = first(&mut transaction).await.map_err(SeedError::store)?;
    let root =
        root.ok_or_else(|| SeedError::store("there is no organization to put the seed under"))?;
    // Of two backends that load the same seed, the second finds it loaded.
    lock(&mut transaction, &root)
        .await
        .map_err(SeedError::store)?;
    seed.complete(app, root.parse().map_err(SeedError::store)?)
        .map_err(SeedError::store)?;
    let existing = seed.check(&mut transaction).await?;

    let tenants = seed.tenants()?;
    steps.all += tenants.len()
        + seed.users.len()
        + seed.forms.len()
        + seed.groups.len()
        + seed.bots.len()
        + seed.instances.len()
        + seed.services.len()
        + seed.workflows.len();
    let mut keeper = Keeper {
        transaction,
        existing,
        done: Seeded::default(),
        steps,
    };
    for (id, tenant) in tenants {
        keeper.keep(id, &tenant).await?;
    }
    for Item { id, resource, .. } in seed.users {
        let organization = resource.organization;
        let organization = organization.ok_or_else(|| SeedError::store(Incomplete))?;
        let line = line(&mut keeper.transaction, organization).await;
        let line = line.map_err(SeedError::store)?;
        let account = Account::new(resource, hashes.remove(&id), line);
        let account = account.map_err(SeedError::store)?;
        keeper.keep_account(&account).await?;
    }
    for form in &seed.forms {
        keeper.keep(form.id, &form.resource).await?;
    }
    for group in &seed.groups {
        keeper.keep(group.id, &group.resource).await?;
    }
    for bot in &seed.bots {
        keeper.keep(bot.id, &bot.resource).await?;
    }
    let bots = seed.bots.into_iter().map(|bot| (bot.id, bot.resource));
    let bots: HashMap<_, _> = bots.collect();
    for Item { id, resource, .. } in seed.instances {
        // Only its own part is written, so it does not matter that a bot which is
        // in the store already is not at hand.
        let bot = bots.get(&resource.bot).cloned().unwrap_or_default();
        let instance = Instance {
            own: resource,
            bot,
            root: None,
            has_bot: false,
        };
        keeper.keep(id, &instance).await?;
    }
    for service in &seed.services {
        keeper.keep(service.id, &service.resource).await?;
    }
    for workflow in &seed.workflows {
        keeper.replace(workflow.id, &workflow.resource).await?;
    }
    store::commit(keeper.transaction)
        .await
        .map_err(SeedError::store)?;
    Ok(keeper.done)
}

/// Hashes the passwords of those users who are not there yet, before anybody has
/// to wait for the transaction.
async fn hashes(
    app: &App,
    users: &mut [Item<User>],
    steps: &mut Steps<'_>,
) -> Result<HashMap<ObjectId, String>, SeedError> {
    let with_password = users.iter_mut().filter_map(|user| {
        let password = user.resource.password.take()?;
        Some((user.id, password))
    });
    let passwords: Vec<_> = with_password.collect();
    let ids: Vec<_> = passwords.iter().map(|(id, _)| id.to_string()).collect();
    let mut session = app.store.read().await.map_err(SeedError::store)?;
    let there = store::existing_ids::<Account>(&mut session, &ids)
        .await
        .map_err(SeedError::store)?;
    drop(session);
    let mut hashes = HashMap::new();
    // Most of the time goes into passwords, so each of them is a step too.
    steps.all = passwords.len();
    for (id, password) in passwords {
        steps.next();
        if !there.contains(&id.to_string()) {
            let hash = app.hasher.hash(password).await.map_err(SeedError::store)?;
            hashes.insert(id, hash);
        }
    }
    Ok(hashes)
}

/// What keeps the resources of a document, and counts them.
struct Keeper<'a> {
    transaction: Session,
    existing: Existing,
    done: Seeded,
    steps: Steps<'a>,
}

/// How far the work is.
struct Steps<'a> {
    done: usize,
    all: usize,
    told: &'a (dyn Fn(usize, usize) + Sync),
}

impl Steps<'_> {
    fn next(&mut self) {
        self.done += 1;
        (self.told)(self.done, self.all);
    }
}

impl Keeper<'_> {
    /// Keeps a resource unless it is there.
    async fn keep<R: Row>(&mut self, id: ObjectId, row: &R) -> Result<(), SeedError> {
        self.steps.next();
        if self.existing.contains(&(R::TABLE, id.to_string())) {
            self.done.kept += 1;
            return Ok(());
        }
        store::insert(&mut self.transaction, row)
            .await
            .map_err(SeedError::store)?;
        self.done.created += 1;
        Ok(())
    }

    /// Keeps a user, as a member of its organization, unless it is there.
    async fn keep_account(&mut self, account: &Account) -> Result<(), SeedError> {
        self.steps.next();
        if self
            .existing
            .contains(&(Account::TABLE, account.id.to_string()))
        {
            self.done.kept += 1;
            return Ok(());
        }
        insert_account(&mut self.transaction, account)
            .await
            .map_err(SeedError::store)?;
        self.done.created += 1;
        Ok(())
    }

    /// Keeps a resource in the place of the one that is there.
    async fn replace<R: Row>(&mut self, id: ObjectId, row: &R) -> Result<(), SeedError> {
        let found = store::get(&mut self.transaction, &id.to_string()).await;
        let Some(found) = found.map_err(SeedError::store)? else {
            return self.keep(id, row).await;
        };
        self.steps.next();
        store::replace(&mut self.transaction, &found, row)
            .await
            .map_err(SeedError::store)?;
        self.done.replaced += 1;
        Ok(())
    }
}
