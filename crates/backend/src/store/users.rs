//! Users and their memberships in the store.

use std::collections::HashMap;
use std::error::Error as StdError;

use contract::id::ObjectId;
use contract::users::{Role, User, UserStatus};

use super::error::StoreError;
use super::key::Kind;
use super::listed;
use super::organizations::lock;
use super::row::{Owner, Row, Versioned, damaged as damaged_row};
use super::rows::{AT_ONCE, count, get, insert, one, placeholders};
use super::session::Session;
use super::value::Value;

/// A user as it is kept, with its password hash. What every kept user has is
/// plain here where the contract has it optional.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: ObjectId,
    pub(crate) organization: ObjectId,
    pub(crate) role: Role,
    pub(crate) status: UserStatus,
    /// The user without its password. Agrees with the keys above.
    pub(crate) user: User,
    /// The password hash. Without one the user cannot log in.
    pub(crate) password: Option<String>,
}

/// A user lacks what every kept user has.
#[derive(Debug, thiserror::Error)]
#[error("a kept user needs id, organization, role and status")]
pub(crate) struct Incomplete;

impl Account {
    pub(crate) fn new(user: User, password: Option<String>) -> Result<Self, Incomplete> {
        Ok(Self {
            id: user.id.ok_or(Incomplete)?,
            organization: user.organization.ok_or(Incomplete)?,
            role: user.role.ok_or(Incomplete)?,
            status: user.status.ok_or(Incomplete)?,
            user: User {
                password: None,
                ..user
            },
            password,
        })
    }

    pub(crate) fn is_archived(&self) -> bool {
        self.status == UserStatus::Archived
    }
}

impl Row for Account {
    const NOUN: &'static str = "user";
    const TABLE: &'static str = "users";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "organization",
        "status",
        "role",
        "email",
        "password",
        "document",
    ];
    const OWNERS: &'static str = "SELECT organization_id FROM memberships WHERE user_id = users.id";
    const LIST: i64 = 1;
    const LISTED: &'static [(&'static str, Kind)] = &[
        ("organization", Kind::Text),
        ("email", Kind::Text),
        ("role", Kind::Text),
        ("status", Kind::Text),
        ("displayName", Kind::Text),
        ("givenName", Kind::Text),
        ("familyName", Kind::Text),
        ("createdAt", Kind::Instant),
        ("updatedAt", Kind::Instant),
    ];

    fn id(&self) -> Option<ObjectId> {
        Some(self.id)
    }

    fn owner(&self) -> Option<Owner> {
        Some(Owner::MembershipsOf(self.id))
    }

    fn is_archived(&self) -> bool {
        self.is_archived()
    }

    fn properties(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(&self.user)
    }

    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error> {
        Ok(vec![
            Some(self.id.to_string()),
            Some(self.organization.to_string()),
            Some(self.status.to_string()),
            Some(self.role.to_string()),
            Some(address(&self.user.email)),
            self.password.clone(),
            Some(serde_json::to_string(&self.user)?),
        ])
    }

    fn read(mut values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let document = values.pop().flatten().ok_or(Incomplete)?;
        let password = values.pop().flatten();
        Ok(Self::new(serde_json::from_str(&document)?, password)?)
    }
}

/// The membership of a user in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) organization: ObjectId,
    pub(crate) role: Role,
}

/// What decides over what a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) organization: ObjectId,
    pub(crate) role: Role,
    pub(crate) status: UserStatus,
}

/// The standing of a user, if there is one. It stays so until the transaction ends.
pub(crate) async fn standing(
    session: &mut Session,
    user: ObjectId,
) -> Result<Option<Standing>, StoreError> {
    let sql = "SELECT organization, role, status FROM users WHERE id = $1";
    let rows = session.lock(sql, vec![user.to_string().into()]).await?;
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let damaged = damaged_row::<Account>;
    let mut text = |column| row.text(column).map_err(damaged);
    let (organization, role, status) = (text(0)?, text(1)?, text(2)?);
    Ok(Some(Standing {
        organization: organization.parse().map_err(damaged_row::<Account>)?,
        role: serde_json::from_value(role.into()).map_err(damaged_row::<Account>)?,
        status: serde_json::from_value(status.into()).map_err(damaged_row::<Account>)?,
    }))
}

/// Makes other transactions that look at the standing of a user wait until this one
/// ends.
pub(crate) async fn lock_account(session: &mut Session, user: ObjectId) -> Result<(), StoreError> {
    let sql = "UPDATE users SET version = version WHERE id = $1";
    session.execute(sql, vec![user.to_string().into()]).await?;
    Ok(())
}

/// The user with an e-mail address, in whatever case it is written.
pub(crate) async fn by_email(
    session: &mut Session,
    email: &str,
) -> Result<Option<Versioned<Account>>, StoreError> {
    one(session, "email = $1", vec![address(email)]).await
}

/// The users that have one of these addresses, in the form of [`address`]: the ID
/// of each by the address.
pub(crate) async fn ids_by_email(
    session: &mut Session,
    addresses: &[String],
) -> Result<HashMap<String, String>, StoreError> {
    let mut found = HashMap::new();
    for addresses in addresses.chunks(AT_ONCE) {
        let sql = format!(
            "SELECT email, id FROM users WHERE email IN ({})",
            placeholders(1, addresses.len())
        );
        let values = bound(addresses.iter().cloned());
        for mut row in session.lookup(&sql, values).await? {
            let damaged = damaged_row::<Account>;
            found.insert(row.text(0).map_err(damaged)?, row.text(1).map_err(damaged)?);
        }
    }
    Ok(found)
}

/// The memberships of a user, in the order of the organizations' IDs.
pub(crate) async fn memberships(
    session: &mut Session,
    user: ObjectId,
) -> Result<Vec<Membership>, StoreError> {
    let sql =
        "SELECT organization_id, role FROM memberships WHERE user_id = $1 ORDER BY organization_id";
    let rows = session.lookup(sql, vec![user.to_string().into()]).await?;
    rows.into_iter()
        .map(|mut row| {
            let organization = row.text(0).map_err(damaged)?;
            let role = row.text(1).map_err(damaged)?;
            let role = serde_json::from_value(role.into()).map_err(damaged)?;
            Ok(Membership {
                organization: organization.parse().map_err(damaged)?,
                role,
            })
        })
        .collect()
}

/// Adds a user, as a member of the organization that it belongs to.
pub(crate) async fn insert_account(
    session: &mut Session,
    account: &Account,
) -> Result<(), StoreError> {
    insert(session, account).await?;
    let membership = Membership {
        organization: account.organization,
        role: account.role,
    };
    insert_membership(session, account.id, membership).await?;
    listed::enter(session, account).await
}

/// Makes a user a member of an organization, or changes its role there.
pub(crate) async fn put_membership(
    session: &mut Session,
    user: ObjectId,
    membership: Membership,
) -> Result<(), StoreError> {
    let key = [user.to_string(), membership.organization.to_string()];
    let sql = "UPDATE memberships SET role = $3 WHERE user_id = $1 AND organization_id = $2";
    let values = || key.iter().cloned().chain([membership.role.to_string()]);
    if session.execute(sql, bound(values())).await? == 1 {
        return Ok(());
    }
    let before = listed::viewers(session, Some(Owner::MembershipsOf(user))).await?;
    insert_membership(session, user, membership).await?;
    let after = listed::viewers(session, Some(Owner::MembershipsOf(user))).await?;
    let account = account(session, user).await?;
    listed::enter_for(session, &account, &(&after - &before)).await
}

async fn insert_membership(
    session: &mut Session,
    user: ObjectId,
    membership: Membership,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO memberships (user_id, organization_id, role) VALUES ($1, $2, $3)";
    let values = [
        user.to_string(),
        membership.organization.to_string(),
        membership.role.to_string(),
    ];
    let done = session.execute(sql, bound(values)).await;
    done.map_err(|error| error.of_row("memberships")).map(drop)
}

/// Ends the membership of a user in an organization.
pub(crate) async fn remove_membership(
    session: &mut Session,
    user: ObjectId,
    organization: ObjectId,
) -> Result<(), StoreError> {
    let before = listed::viewers(session, Some(Owner::MembershipsOf(user))).await?;
    let sql = "DELETE FROM memberships WHERE user_id = $1 AND organization_id = $2";
    let values = bound([user.to_string(), organization.to_string()]);
    session.execute(sql, values).await?;
    let after = listed::viewers(session, Some(Owner::MembershipsOf(user))).await?;
    let account = account(session, user).await?;
    listed::leave_for(session, &account, &(&before - &after)).await
}

async fn account(session: &mut Session, id: ObjectId) -> Result<Account, StoreError> {
    let found = get(session, &id.to_string()).await?;
    Ok(found.ok_or_else(|| damaged("a member is missing"))?.row)
}

fn bound(values: impl IntoIterator<Item = String>) -> Vec<Value> {
    values.into_iter().map(Value::from).collect()
}

/// Returns whether an organization has an owner who is not archived. Until the
/// transaction ends, no other one gets to ask about this organization: two that
/// each remove one of two owners would both see the other.
pub(crate) async fn has_owner(
    session: &mut Session,
    organization: ObjectId,
) -> Result<bool, StoreError> {
    lock(session, &organization.to_string()).await?;
    let sql = "SELECT COUNT(*) FROM memberships JOIN users ON users.id = memberships.user_id \
         WHERE memberships.organization_id = $1 AND memberships.role = 'owner' \
         AND users.status <> 'archived'";
    Ok(count(session, sql, vec![organization.to_string().into()]).await? > 0)
}

/// The form in which an e-mail address is unique.
pub(crate) fn address(email: &str) -> String {
    email.to_lowercase()
}

fn damaged(source: impl Into<Box<dyn StdError + Send + Sync>>) -> StoreError {
    StoreError::Damaged {
        table: "memberships",
        source: source.into(),
    }
}
