//! Workflows: the one handler, and which of them run for an organization.
//!
//! A workflow runs for the organization that it belongs to, for those that it
//! lists, and for those that have one of its tags, as far as they are in the same
//! tree. One that is not enabled runs for nobody. No operation creates workflows;
//! they come from seeds.

use contract::id::ObjectId;
use contract::operation::List;
use contract::organizations::Organization;
use contract::workflows::{ListWorkflows, Workflow};

use super::list;
use super::request::Request;
use crate::access::{find, unknown};
use crate::error::Error;
use crate::store::listed::number;
use crate::store::organizations::{Tenant, top};
use crate::store::scan::{self, Scan};

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
    let mut connection = app.store.read().await?;
    let Some(top) = top(&mut connection, id).await? else {
        return Err(unknown::<Tenant>(id));
    };
    let all = Scan::<Workflow>::new(top, number::<Workflow>(0, false));
    let workflows = scan::rows(&mut connection, &all, None, 0, usize::MAX, |workflow| {
        workflow
    });
    let workflows = workflows.await?.into_iter().map(|(_, workflow)| workflow);
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
