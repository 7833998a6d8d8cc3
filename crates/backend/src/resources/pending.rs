//! Archiving what is about to be archived.
//!
//! Whoever sets a status to `pendingArchive` may archive the thing; the backend does
//! it at its next round. An organization has to wait until everything right under it
//! is archived. Any number of backends do rounds side by side: each change is made to
//! a version, so that the second one of two finds it made.

use contract::organizations::OrganizationStatus;
use contract::services::{Service, ServiceStatus};

use crate::app::App;
use crate::error::Error;
use crate::store::organizations::{Tenant, has_parts, lock_to_archive};
use crate::store::resources::with_status;
use crate::store::sessions::end_in_organization;
use crate::store::{self, Row};

/// How many are looked at in one round, of each kind.
const AT_ONCE: i64 = 1000;

/// Archives what is about to be archived. Returns how much was.
pub(crate) async fn archive(app: &App) -> Result<usize, Error> {
    let mut done = 0;
    let status = OrganizationStatus::PendingArchive.to_string();
    for id in pending::<Tenant>(app, &status).await? {
        done += usize::from(archive_organization(app, &id).await?);
    }
    let status = ServiceStatus::PendingArchive.to_string();
    for id in pending::<Service>(app, &status).await? {
        done += usize::from(archive_service(app, &id).await?);
    }
    Ok(done)
}

async fn pending<R: Row>(app: &App, status: &str) -> Result<Vec<String>, Error> {
    let mut session = app.store.read().await?;
    Ok(with_status::<R>(&mut session, status, "", AT_ONCE).await?)
}

async fn archive_organization(app: &App, id: &str) -> Result<bool, Error> {
    let mut transaction = app.store.write().await?;
    let Some(found) = store::get::<Tenant>(&mut transaction, id).await? else {
        return Ok(false);
    };
    let mut tenant = found.row.clone();
    let Some(id) = tenant.organization.id else {
        return Ok(false);
    };
    lock_to_archive(&mut transaction, id).await?;
    let is_pending = tenant.organization.status == Some(OrganizationStatus::PendingArchive);
    if !is_pending || has_parts(&mut transaction, id).await? {
        return Ok(false);
    }
    tenant.organization.status = Some(OrganizationStatus::Archived);
    tenant.organization.updated_at = Some(app.now()?);
    if !store::replace(&mut transaction, &found, &tenant).await? {
        return Ok(false);
    }
    end_in_organization(&mut transaction, id).await?;
    store::commit(transaction).await?;
    Ok(true)
}

async fn archive_service(app: &App, id: &str) -> Result<bool, Error> {
    let mut transaction = app.store.write().await?;
    let Some(found) = store::get::<Service>(&mut transaction, id).await? else {
        return Ok(false);
    };
    if found.row.status != Some(ServiceStatus::PendingArchive) {
        return Ok(false);
    }
    let service = Service {
        status: Some(ServiceStatus::Archived),
        updated_at: Some(app.now()?),
        ..found.row.clone()
    };
    if !store::replace(&mut transaction, &found, &service).await? {
        return Ok(false);
    }
    store::commit(transaction).await?;
    Ok(true)
}
