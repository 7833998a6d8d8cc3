//! Workflows: the one handler, and which of them run for an organization.
//!
//! A workflow of an organization can run for that one and for those below it: for
//! the one that it belongs to, for those that it lists, and for those that have one
//! of its tags. It never runs for an organization beside or above its own, whatever
//! that one calls itself: nobody reaches the workflow of another customer by giving
//! itself a tag. Who sees an organization sees what runs for it. One that is not
//! enabled runs for nobody. No operation creates workflows; they come from seeds.

use contract::id::ObjectId;
use contract::operation::List;
use contract::organizations::Organization;
use contract::workflows::{ListWorkflows, Workflow};

use super::list;
use super::request::Request;
use crate::access::find;
use crate::error::Error;
use crate::store::line;
use crate::store::organizations::Tenant;
use crate::store::resources::workflows_above;

/// Lists the workflows that run for an organization.
pub(crate) async fn list(request: Request<ListWorkflows>) -> Result<List<Workflow>, Error> {
    let Request {
        app,
        caller,
        path,
        query,
        ..
    } = request;
    let id = path.organization_id;
    let organization = find::<Tenant>(&app, caller, id).await?.row.organization;
    let mut session = app.store.read_list().await?;
    let line = line(&mut session, id).await?;
    let workflows = workflows_above(&mut session, &line).await?.into_iter();
    let workflows = workflows.filter(|workflow| runs_for(workflow, id, &organization));
    list::of(workflows.collect(), query)
}

fn runs_for(workflow: &Workflow, id: ObjectId, organization: &Organization) -> bool {
    let lists = |ids: &Vec<_>| ids.contains(&id);
    let shares = |tags: &Vec<String>| {
        let own = organization.tags.as_deref().unwrap_or_default();
        tags.iter().any(|tag| own.contains(tag))
    };
    workflow.enabled != Some(false)
        && (workflow.organization == Some(id)
            || workflow.organizations.as_ref().is_some_and(lists)
            || workflow.organization_tags.as_ref().is_some_and(shares))
}
