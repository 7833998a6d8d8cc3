//! The permission table: which role an act needs.

use contract::users::Role;

use super::caller::Caller;
use crate::error::Error;

/// What not everybody may do. To read what one sees needs no permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Create, change or delete a resource.
    Manage,
    /// See the secrets of a resource, such as a password of a service.
    SeeSecrets,
    /// See what configures a bot.
    SeeBotMeta,
    /// See how an organization is billed.
    SeeBilling,
    /// Change oneself.
    ChangeSelf,
    /// Change another user.
    ChangeOthers,
    /// Create a user, give one a role or move one.
    Grant,
    /// Set the status of a user.
    SetStatus,
    /// Delete a user.
    DeleteUser,
    /// End the membership of another user.
    RemoveMember,
    /// End one's own membership.
    Leave,
    /// Archive an organization below one's own.
    ArchiveOrganization,
}

impl Act {
    /// The least role that an act needs.
    const fn least(self) -> Role {
        match self {
            Self::ChangeSelf | Self::Leave => Role::Agent,
            Self::SeeBotMeta | Self::SeeBilling => Role::Bot,
            Self::Manage
            | Self::SeeSecrets
            | Self::ChangeOthers
            | Self::Grant
            | Self::SetStatus
            | Self::DeleteUser
            | Self::RemoveMember => Role::Admin,
            Self::ArchiveOrganization => Role::Owner,
        }
    }

    /// What a caller of that role is told who may not do it.
    fn refusal(self, role: Role) -> String {
        match self {
            Self::Manage => {
                format!("only admins and owners may do this, and you are of role {role}")
            }
            Self::SeeSecrets => "only admins and owners see secrets".to_owned(),
            Self::SeeBotMeta => "guests and agents do not see what configures a bot".to_owned(),
            Self::SeeBilling => {
                "guests and agents do not see how an organization is billed".to_owned()
            }
            Self::ChangeSelf => "guests may only read".to_owned(),
            Self::ChangeOthers => format!("a user of role {role} may change nobody else"),
            Self::Grant => {
                "only admins and owners create users, give them a role or move them".to_owned()
            }
            Self::SetStatus => "only admins and owners change the status of a user".to_owned(),
            Self::DeleteUser => "only admins and owners delete users".to_owned(),
            Self::RemoveMember | Self::Leave => {
                "only admins and owners remove others from an organization".to_owned()
            }
            Self::ArchiveOrganization => {
                "only an owner of an organization above it archives an organization".to_owned()
            }
        }
    }
}

impl Caller {
    /// Returns whether the role of the caller is enough for an act.
    pub(crate) fn may(self, act: Act) -> bool {
        self.role >= act.least()
    }

    /// The refusal of an operation that needs at least that role.
    pub(crate) fn below(self, least: Role) -> Error {
        let who = match least {
            Role::Guest | Role::Agent => return Error::denied("guests may only read"),
            Role::Bot => "bots, admins and owners",
            Role::Admin => "admins and owners",
            Role::Owner => "owners",
        };
        Error::denied(format!(
            "only {who} may do this, and you are of role {}",
            self.role
        ))
    }

    /// Refuses an act, unless the role of the caller is enough for it.
    pub(crate) fn check(self, act: Act) -> Result<(), Error> {
        if self.may(act) {
            Ok(())
        } else {
            Err(self.refused(act))
        }
    }

    /// The refusal of an act.
    pub(crate) fn refused(self, act: Act) -> Error {
        Error::PermissionDenied(act.refusal(self.role))
    }
}
