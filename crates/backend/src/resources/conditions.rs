//! What has to be so at the instant in which a resource is written.
//!
//! It is checked in the transaction that writes, which keeps others from changing
//! it before that ends: of two requests that contradict each other, the one that
//! comes second is refused. What never changes once it is so, such as the place of
//! an organization, is checked before.

use contract::bots::Bot;
use contract::forms::Form;
use contract::id::ObjectId;
use contract::validate::Violations;

use crate::access::{Caller, unseen};
use crate::error::Error;
use crate::store::organizations::{has_parts, is_archived, lock_to_archive};
use crate::store::sessions::end_in_organization;
use crate::store::{self, Row, Session};

/// References that are new, each under the path of its property.
pub(crate) type References = Vec<(String, ObjectId)>;

/// What has to be so when a resource is written.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    /// The caller sees these forms.
    pub(crate) forms: References,
    /// The caller sees these bots.
    pub(crate) bots: References,
    /// These organizations are not archived.
    pub(crate) in_use: Vec<ObjectId>,
    /// Everything right under this organization, which is being archived, is archived
    /// too. The sessions in it end.
    pub(crate) archived: Option<ObjectId>,
}

impl Conditions {
    /// Keeps others from what this would contradict. It comes before anything is
    /// written, so that none of two waits for the other.
    pub(crate) async fn prepare(&self, transaction: &mut Session) -> Result<(), Error> {
        if let Some(id) = self.archived {
            lock_to_archive(transaction, id).await?;
        }
        Ok(())
    }

    /// Refuses unless everything is so, and keeps it so until the transaction
    /// ends.
    ///
    pub(crate) async fn check(
        self,
        transaction: &mut Session,
        caller: Caller,
    ) -> Result<(), Error> {
        check_seen::<Form>(transaction, caller, self.forms).await?;
        check_seen::<Bot>(transaction, caller, self.bots).await?;
        for id in self.in_use {
            check_open(transaction, id).await?;
        }
        if let Some(id) = self.archived {
            if has_parts(transaction, id).await? {
                return Err(Error::FailedPrecondition {
                    reason: "ORGANIZATION_IN_USE",
                    message: format!(
                        "organizations under {id} are still in use; delete them first"
                    ),
                });
            }
            end_in_organization(transaction, id).await?;
        }
        Ok(())
    }
}

/// Returns whether an organization is not archived. That stays so until the
/// transaction ends.
pub(crate) async fn is_open(
    transaction: &mut Session,
    organization: ObjectId,
) -> Result<bool, Error> {
    Ok(!is_archived(transaction, organization).await?)
}

/// Refuses to put something into an organization that is archived. One that is not
/// stays so until the transaction ends.
pub(crate) async fn check_open(
    transaction: &mut Session,
    organization: ObjectId,
) -> Result<(), Error> {
    if !is_open(transaction, organization).await? {
        return Err(Error::FailedPrecondition {
            reason: "ORGANIZATION_ARCHIVED",
            message: format!(
                "organization {organization} is archived, and nothing new belongs to such a one \
                 or stands under it; restore it first"
            ),
        });
    }
    Ok(())
}

/// Refuses references to resources that the caller does not see.
async fn check_seen<R: Row>(
    transaction: &mut Session,
    caller: Caller,
    references: References,
) -> Result<(), Error> {
    if references.is_empty() {
        return Ok(());
    }
    let root = caller.organization.to_string();
    let ids: Vec<_> = references.iter().map(|(_, id)| id.to_string()).collect();
    let seen = store::lock_visible::<R>(transaction, &root, &ids).await?;
    let violations = references
        .into_iter()
        .filter(|(_, id)| !seen.contains(&id.to_string()))
        .map(|(property, id)| unseen::<R>(property, id));
    Ok(Violations::check(violations.collect())?)
}
