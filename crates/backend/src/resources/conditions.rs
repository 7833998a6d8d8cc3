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
use crate::store::organizations::{has_parts, is_archived};
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
    /// This organization is not archived.
    pub(crate) in_use: Option<ObjectId>,
    /// Everything right under this organization is archived.
    pub(crate) without_parts: Option<ObjectId>,
}

impl Conditions {
    /// Refuses unless everything is so, and keeps it so until the transaction
    /// ends.
    ///
    /// Who archives an organization has written it before, so that nothing can be
    /// put under it any more.
    pub(crate) async fn check(
        self,
        transaction: &mut Session,
        caller: Caller,
    ) -> Result<(), Error> {
        check_seen::<Form>(transaction, caller, self.forms).await?;
        check_seen::<Bot>(transaction, caller, self.bots).await?;
        if let Some(id) = self.in_use
            && is_archived(transaction, id).await?
        {
            return Err(Error::FailedPrecondition {
                reason: "ORGANIZATION_ARCHIVED",
                message: format!(
                    "organization {id} is archived, and nothing in use stands under such a one; \
                     restore it first"
                ),
            });
        }
        if let Some(id) = self.without_parts
            && has_parts(transaction, id).await?
        {
            return Err(Error::FailedPrecondition {
                reason: "ORGANIZATION_IN_USE",
                message: format!("organizations under {id} are still in use; delete them first"),
            });
        }
        Ok(())
    }
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
