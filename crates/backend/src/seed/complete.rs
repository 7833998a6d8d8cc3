//! Filling in what a resource that is created would get.

use contract::id::ObjectId;
use contract::schema::Described;
use contract::timestamp::Timestamp;
use contract::users::User;
use contract::workflows::Workflow;

use super::document::{Item, Seed};
use crate::app::App;
use crate::error::Error;
use crate::ids::random_secret;
use crate::resources::bots::kept_secret;
use crate::resources::create::with_defaults;
use crate::resources::services::fill_in_port;
use crate::resources::stamps::{Stamped, Stamps};
use crate::resources::users::{composed_name, with_defaults_of_user};

// No operation creates or changes a workflow, so a seed alone stamps one.
impl Stamped for Workflow {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: Some(&mut self.organization),
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

// A user who is created by an operation is stamped with its role and status.
impl Stamped for User {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: Some(&mut self.organization),
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

impl Seed {
    /// Fills in what a resource that is created would get: defaults, dates, and
    /// `root` where it names no organization.
    pub(super) fn complete(&mut self, app: &App, root: ObjectId) -> Result<(), Error> {
        let now = app.now()?;
        complete(&mut self.organizations, root, now)?;
        for (item, parent) in self.organizations.iter_mut().zip(&mut self.parents) {
            let organization = &mut item.resource;
            organization
                .display_name
                .get_or_insert_with(|| organization.name.clone());
            for category in organization.categories.iter_mut().flatten().flatten() {
                category.id.get_or_insert_with(|| app.next_id());
            }
            // The first organization itself has none above it.
            *parent = parent.or(Some(root)).filter(|parent| *parent != item.id);
        }
        for Item { resource: user, .. } in &mut self.users {
            let is_below = user.organization.unwrap_or(root) != root;
            *user = with_defaults_of_user(user.clone(), is_below)?;
        }
        complete(&mut self.users, root, now)?;
        for Item { resource: user, .. } in &mut self.users {
            user.display_name = user.display_name.take().or_else(|| composed_name(user));
            // Only this backend issues tokens that it accepts.
            user.api_token = None;
        }
        complete(&mut self.forms, root, now)?;
        for form in &mut self.forms {
            for field in form.resource.fields.iter_mut().flatten() {
                stamp(field, root, now);
                field.id.get_or_insert_with(|| app.next_id());
            }
        }
        complete(&mut self.groups, root, now)?;
        complete(&mut self.bots, root, now)?;
        for bot in &mut self.bots {
            let secret = match bot.resource.secret.take() {
                Some(secret) => secret,
                None => random_secret().map_err(Error::internal)?,
            };
            bot.resource.secret = Some(kept_secret(&secret));
        }
        complete(&mut self.instances, root, now)?;
        complete(&mut self.services, root, now)?;
        for service in &mut self.services {
            fill_in_port(&mut service.resource);
        }
        for workflow in &mut self.workflows {
            stamp(&mut workflow.resource, root, now);
        }
        Ok(())
    }
}

fn complete<T: Described + Stamped>(
    items: &mut [Item<T>],
    root: ObjectId,
    now: Timestamp,
) -> Result<(), Error> {
    for item in items {
        item.resource = with_defaults(&item.resource)?;
        stamp(&mut item.resource, root, now);
    }
    Ok(())
}

/// Notes what a resource does not say itself.
fn stamp(resource: &mut impl Stamped, root: ObjectId, now: Timestamp) {
    let Stamps {
        organization,
        created_at,
        updated_at,
        ..
    } = resource.stamps();
    if let Some(organization) = organization {
        organization.get_or_insert(root);
    }
    let created_at = *created_at.get_or_insert(now);
    updated_at.get_or_insert(created_at);
}
