//! Checking what the resources of a document refer to.

use std::collections::HashSet;

use crate::store::Session;
use contract::bots::Bot;
use contract::error::FieldViolation;
use contract::forms::Form;
use contract::id::ObjectId;
use contract::organization_groups::OrganizationGroup;
use contract::services::Service;
use contract::validate::Violations;

use super::document::{Item, Seed};
use super::error::SeedError;
use crate::resources::parts::added;
use crate::store::organizations::Tenant;
use crate::store::resources::Instance;
use crate::store::users::{Account, address, ids_by_email};
use crate::store::{self, Row};

/// Tables, and IDs of rows that are in them.
pub(super) type Existing = HashSet<(&'static str, String)>;

impl Seed {
    /// Checks that whatever is referred to is there. What the document has that
    /// is in the store already.
    pub(super) async fn check(&self, session: &mut Session) -> Result<Existing, SeedError> {
        let (organizations, forms) = (self.organization_references(), self.form_references());
        let bots = self.instances.iter();
        let bots = bots.map(|item| (format!("{}.bot", item.path), item.resource.bot));
        let mut found = Found::default();
        found
            .look::<Tenant>(session, ids(&self.organizations), organizations)
            .await?;
        found
            .look::<Account>(session, ids(&self.users), Vec::new())
            .await?;
        self.check_emails(session, &mut found).await?;
        found.look::<Form>(session, ids(&self.forms), forms).await?;
        found
            .look::<Bot>(session, ids(&self.bots), bots.collect())
            .await?;
        let none = Vec::new;
        found
            .look::<OrganizationGroup>(session, ids(&self.groups), none())
            .await?;
        found
            .look::<Instance>(session, ids(&self.instances), none())
            .await?;
        found
            .look::<Service>(session, ids(&self.services), none())
            .await?;
        Violations::check(found.violations)?;
        Ok(found.existing)
    }

    /// Checks that nobody else has the e-mail addresses of new users.
    async fn check_emails(
        &self,
        session: &mut Session,
        found: &mut Found,
    ) -> Result<(), SeedError> {
        let new: Vec<_> = self
            .users
            .iter()
            .filter(|user| !found.has::<Account>(user.id))
            .map(|user| (&user.path, address(&user.resource.email)))
            .collect();
        let addresses: Vec<_> = new.iter().map(|(_, address)| address.clone()).collect();
        let taken = ids_by_email(session, &addresses)
            .await
            .map_err(SeedError::store)?;
        for (path, address) in new {
            if let Some(id) = taken.get(&address) {
                let description = format!("is that of another user of the database: {id}");
                let violation = FieldViolation::new(format!("{path}.email"), description);
                found.violations.push(violation);
            }
        }
        Ok(())
    }

    fn organization_references(&self) -> Vec<(String, ObjectId)> {
        let mut references = Vec::new();
        references.extend(owners(&self.users, |user| user.organization));
        references.extend(owners(&self.forms, |form| form.organization));
        references.extend(owners(&self.groups, |group| group.organization));
        references.extend(owners(&self.bots, |bot| bot.organization));
        references.extend(owners(&self.instances, |instance| instance.organization));
        references.extend(owners(&self.services, |service| service.organization));
        references.extend(owners(&self.workflows, |workflow| workflow.organization));
        for Item { path, resource, .. } in &self.workflows {
            let path = format!("{path}.organizations");
            references.extend(added(&path, None, resource.organizations.as_ref()));
        }
        for Item { path, resource, .. } in &self.groups {
            let path = format!("{path}.members");
            references.extend(added(&path, None, resource.members.as_ref()));
        }
        for (Item { path, .. }, parent) in self.organizations.iter().zip(&self.parents) {
            references.extend(parent.map(|id| (format!("{path}.parent"), id)));
        }
        references
    }

    fn form_references(&self) -> Vec<(String, ObjectId)> {
        let mut references = Vec::new();
        for Item { path, resource, .. } in &self.forms {
            references.extend(resource.template.map(|id| (format!("{path}.template"), id)));
        }
        for Item { path, resource, .. } in &self.organizations {
            for (index, slot) in resource.categories.iter().flatten().enumerate() {
                let path = format!("{path}.categories[{index}].forms");
                let ids = slot.as_ref().and_then(|category| category.forms.as_ref());
                references.extend(added(&path, None, ids));
            }
        }
        references
    }

    /// The organizations of the document, each behind the one above it.
    pub(super) fn tenants(&self) -> Result<Vec<(ObjectId, Tenant)>, Violations> {
        let mut rest: Vec<_> = self.organizations.iter().zip(&self.parents).collect();
        let mut tenants = Vec::new();
        while !rest.is_empty() {
            let waiting: HashSet<_> = rest.iter().map(|(item, _)| item.id).collect();
            let (blocked, ready): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|(_, parent)| parent.is_some_and(|id| waiting.contains(&id)));
            if ready.is_empty() {
                let violations = blocked.iter().map(|(item, _)| {
                    let field = format!("{}.parent", item.path);
                    FieldViolation::new(field, "leads back to the organization itself")
                });
                Violations::check(violations.collect())?;
            }
            tenants.extend(ready.into_iter().map(|(item, parent)| {
                let tenant = Tenant {
                    parent: *parent,
                    organization: item.resource.clone(),
                };
                (item.id, tenant)
            }));
            rest = blocked;
        }
        Ok(tenants)
    }
}

fn ids<T>(items: &[Item<T>]) -> HashSet<String> {
    items.iter().map(|item| item.id.to_string()).collect()
}

fn owners<T>(
    items: &[Item<T>],
    organization: fn(&T) -> Option<ObjectId>,
) -> impl Iterator<Item = (String, ObjectId)> {
    items.iter().filter_map(move |item| {
        let id = organization(&item.resource)?;
        Some((format!("{}.organization", item.path), id))
    })
}

/// What the store has of a document.
#[derive(Default)]
struct Found {
    /// The resources of the document that exist.
    existing: Existing,
    violations: Vec<FieldViolation>,
}

impl Found {
    fn has<R: Row>(&self, id: ObjectId) -> bool {
        self.existing.contains(&(R::TABLE, id.to_string()))
    }

    /// Looks for the resources of one kind, and for those that are referred to.
    async fn look<R: Row>(
        &mut self,
        session: &mut Session,
        of_document: HashSet<String>,
        references: Vec<(String, ObjectId)>,
    ) -> Result<(), SeedError> {
        let mut wanted = of_document.clone();
        wanted.extend(references.iter().map(|(_, id)| id.to_string()));
        let wanted: Vec<_> = wanted.into_iter().collect();
        let existing = store::lock_existing::<R>(session, &wanted)
            .await
            .map_err(SeedError::store)?;
        for (path, id) in references {
            if !of_document.contains(&id.to_string()) && !existing.contains(&id.to_string()) {
                let noun = R::NOUN;
                let description = format!("names no {noun} of the seed or the database: {id}");
                self.violations.push(FieldViolation::new(path, description));
            }
        }
        let existing = existing.into_iter().filter(|id| of_document.contains(id));
        self.existing.extend(existing.map(|id| (R::TABLE, id)));
        Ok(())
    }
}
