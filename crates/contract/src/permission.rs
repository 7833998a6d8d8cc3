//! Which role an operation needs, depending on where the thing belongs that it is
//! about: the permission table.
//!
//! A server enforces the table, and the documentation prints it. What depends on more
//! than these, such as the role of the user who is changed, is not in it; the
//! descriptions of the operations say that.

use std::fmt;

use crate::role::Role;

/// How the organization that something belongs to stands to the one that the caller
/// acts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It is the same one.
    Own,
    /// It stands below.
    Below,
    /// It stands above.
    Above,
    /// It stands beside, or in another tree.
    Foreign,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Own, Self::Below, Self::Above, Self::Foreign];
}

/// What comes of a call, as far as the table decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may do it.
    Allowed,
    /// The role of the caller is not enough: 403.
    Denied,
    /// To the caller there is no such thing: 404, or left out of a list. Where a body
    /// refers to it, the body is refused.
    Unseen,
}

/// The least role that an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// None: it needs no token.
    Nobody,
    /// On oneself.
    Oneself(Role),
    /// On what belongs to one's own organization or to one below it.
    Within(Role),
    /// The same; on oneself the first role is enough.
    WithinOrOneself(Role, Role),
    /// On what belongs to an organization below one's own, and not to that.
    Below(Role),
}

impl Permission {
    /// To read, which everybody may.
    pub const READ: Self = Self::Within(Role::Guest);
    /// To manage, which admins and owners may.
    pub const MANAGE: Self = Self::Within(Role::Admin);
    /// To change a user, which users do with themselves.
    pub const CHANGE_USER: Self = Self::WithinOrOneself(Role::Agent, Role::Admin);

    /// The role that a caller needs whatever the operation is about. Without one it
    /// may be refused before its request is read.
    pub const fn least(self) -> Option<Role> {
        match self {
            Self::Nobody => None,
            Self::Oneself(role)
            | Self::Within(role)
            | Self::WithinOrOneself(role, _)
            | Self::Below(role) => Some(role),
        }
    }

    /// What comes of a call of a caller in that role, on something that is not the
    /// caller.
    pub fn verdict(self, role: Role, relation: Relation) -> Verdict {
        let of_role = |least: Role| {
            if role >= least {
                Verdict::Allowed
            } else {
                Verdict::Denied
            }
        };
        let least = match self {
            Self::Nobody => return Verdict::Allowed,
            // Nobody else is named.
            Self::Oneself(least) => return of_role(least),
            Self::Within(least) | Self::Below(least) | Self::WithinOrOneself(_, least) => least,
        };
        let is_below = matches!(self, Self::Below(_));
        match relation {
            // Whoever may not do it at all learns nothing of what there is.
            _ if self.least().is_some_and(|least| role < least) => Verdict::Denied,
            Relation::Above | Relation::Foreign => Verdict::Unseen,
            Relation::Own if is_below => Verdict::Denied,
            Relation::Own | Relation::Below => of_role(least),
        }
    }
}

/// Reads as a sentence of the documentation.
impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PLACES: &str = "in their own organization and in those below it";
        match self {
            Self::Nobody => write!(f, "Anybody may call this, without a token."),
            Self::Oneself(least) => write!(f, "For {}, on themselves.", from(*least)),
            Self::Within(least) => write!(f, "For {}, {PLACES}.", from(*least)),
            Self::WithinOrOneself(oneself, least) => write!(
                f,
                "For {}, {PLACES}, and for {} on themselves.",
                from(*least),
                from(*oneself)
            ),
            Self::Below(least) => {
                write!(f, "For {}, in organizations below their own.", from(*least))
            }
        }
    }
}

/// Names a role and those above it.
fn from(least: Role) -> &'static str {
    match least {
        Role::Guest => "users of every role",
        Role::Agent => "agents, bots, admins and owners",
        Role::Bot => "bots, admins and owners",
        Role::Admin => "admins and owners",
        Role::Owner => "owners",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(permission: Permission, role: Role, expected: [Verdict; 4]) {
        let verdicts = Relation::ALL.map(|relation| permission.verdict(role, relation));
        assert_eq!(verdicts, expected, "{permission:?} {role}");
    }

    #[test]
    fn a_verdict_depends_on_role_and_relation() {
        use Verdict::{Allowed, Denied, Unseen};
        let everywhere = [Denied; 4];
        check(
            Permission::READ,
            Role::Guest,
            [Allowed, Allowed, Unseen, Unseen],
        );
        check(Permission::MANAGE, Role::Bot, everywhere);
        check(
            Permission::MANAGE,
            Role::Admin,
            [Allowed, Allowed, Unseen, Unseen],
        );
        check(Permission::CHANGE_USER, Role::Guest, everywhere);
        check(
            Permission::CHANGE_USER,
            Role::Agent,
            [Denied, Denied, Unseen, Unseen],
        );
        check(Permission::Below(Role::Owner), Role::Admin, everywhere);
        let owner = [Denied, Allowed, Unseen, Unseen];
        check(Permission::Below(Role::Owner), Role::Owner, owner);
        check(Permission::Nobody, Role::Guest, [Allowed; 4]);
    }
}
