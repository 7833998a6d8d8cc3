//! Users and their memberships in the store.
//!
//! What an organization sees of a user depends on where that belongs, so each user
//! carries its memberships.

use std::collections::HashMap;
use std::error::Error as StdError;

use contract::id::ObjectId;
use contract::organizations::OrganizationStatus;
use contract::users::{Role, User, UserStatus};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::key::Kind;
use super::organizations::lock;
use super::row::{Owner, Row, Versioned, damaged as damaged_row};
use super::rows::{AT_ONCE, NOBODY, count, insert, one, placeholders, replace};
use super::session::Session;
use super::sessions::SessionId;
use super::value::Value;
use crate::password;
use crate::token::Fingerprint;

/// A user as it is kept, with its password hash. What every kept user has is
/// plain here where the contract has it optional.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: ObjectId,
    pub(crate) organization: ObjectId,
    pub(crate) role: Role,
    pub(crate) status: UserStatus,
    /// The user without its password and its token. Agrees with the keys above.
    pub(crate) user: User,
    /// The password hash. Without one the user cannot log in.
    pub(crate) password: Option<String>,
    /// What is kept of the API token of a bot.
    pub(crate) api_token: Option<String>,
    /// The memberships of the user: the one in the organization that it belongs to,
    /// which agrees with the keys above, and others, in the order of their
    /// organizations.
    pub(crate) memberships: Vec<Membership>,
}

/// The membership of a user in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Membership {
    pub(crate) organization: ObjectId,
    /// The organization and all above it. That never changes.
    pub(crate) line: Vec<ObjectId>,
    pub(crate) role: Role,
    pub(crate) status: UserStatus,
}

impl Membership {
    /// Returns whether the organization is `root` or below it.
    pub(crate) fn is_within(&self, root: ObjectId) -> bool {
        self.line.contains(&root)
    }
}

/// A user lacks what every kept user has.
#[derive(Debug, thiserror::Error)]
#[error("a kept user needs id, organization, role and status")]
pub(crate) struct Incomplete;

impl Account {
    /// The account of a user whose organization stands in that [`line`].
    pub(crate) fn new(
        user: User,
        password: Option<String>,
        line: Vec<ObjectId>,
    ) -> Result<Self, Incomplete> {
        let organization = user.organization.ok_or(Incomplete)?;
        let role = user.role.ok_or(Incomplete)?;
        let status = user.status.ok_or(Incomplete)?;
        Ok(Self {
            id: user.id.ok_or(Incomplete)?,
            organization,
            role,
            status,
            user: User {
                password: None,
                api_token: None,
                ..user
            },
            password,
            api_token: None,
            memberships: vec![Membership {
                organization,
                line,
                role,
                status,
            }],
        })
    }

    pub(crate) fn is_archived(&self) -> bool {
        self.status == UserStatus::Archived
    }

    /// The membership of the user in an organization, if it has one.
    pub(crate) fn membership(&self, organization: ObjectId) -> Option<&Membership> {
        let mut memberships = self.memberships.iter();
        memberships.find(|membership| membership.organization == organization)
    }

    /// Makes the user act as a member: in that organization, with that role and
    /// status. To be archived is for all memberships, and so is to be no more.
    pub(crate) fn act_as(&mut self, membership: Membership) {
        let Membership {
            organization,
            role,
            status,
            ..
        } = membership;
        (self.organization, self.role, self.status) = (organization, role, status);
        self.user.organization = Some(organization);
        self.user.role = Some(role);
        self.user.status = Some(status);
        if status != UserStatus::Archived {
            for membership in &mut self.memberships {
                if membership.status == UserStatus::Archived {
                    membership.status = status;
                }
            }
        }
        let place = self
            .memberships
            .binary_search_by_key(&organization, |membership| membership.organization);
        match place {
            Ok(place) => self.memberships[place] = membership,
            Err(place) => self.memberships.insert(place, membership),
        }
    }

    /// The user as an organization sees it: as a whole where it belongs to that one
    /// or to one below, or else what its membership there says of it.
    pub(crate) fn seen_from(&self, viewer: ObjectId) -> User {
        let belongs = self.membership(self.organization);
        if belongs.is_some_and(|membership| membership.is_within(viewer)) {
            return self.user.clone();
        }
        let nearest = self.memberships.iter().filter_map(|membership| {
            let distance = membership.line.iter().position(|above| *above == viewer)?;
            Some((distance, membership))
        });
        let nearest = nearest.min_by_key(|(distance, _)| *distance);
        let membership = nearest.map(|(_, membership)| membership);
        let status = membership.map(|membership| membership.status);
        User {
            id: self.user.id,
            family_name: self.user.family_name.clone(),
            given_name: self.user.given_name.clone(),
            additional_name: self.user.additional_name.clone(),
            display_name: self.user.display_name.clone(),
            email: self.user.email.clone(),
            avatar: self.user.avatar.clone(),
            organization: membership.map(|membership| membership.organization),
            role: membership.map(|membership| membership.role),
            status: if self.is_archived() {
                Some(self.status)
            } else {
                status
            },
            created_at: self.user.created_at,
            ..User::default()
        }
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
        "api_token",
        "memberships",
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
        let lines = self.memberships.iter().flat_map(|member| &member.line);
        Some(Owner::Lines(lines.copied().collect()))
    }

    fn is_archived(&self) -> bool {
        self.is_archived()
    }

    fn properties(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(&self.user)
    }

    fn properties_for(
        &self,
        viewer: ObjectId,
    ) -> Option<Result<serde_json::Value, serde_json::Error>> {
        let belongs = self.membership(self.organization)?;
        (!belongs.is_within(viewer)).then(|| serde_json::to_value(self.seen_from(viewer)))
    }

    fn write(&self) -> Result<Vec<Option<String>>, serde_json::Error> {
        Ok(vec![
            Some(self.id.to_string()),
            Some(self.organization.to_string()),
            Some(self.status.to_string()),
            Some(self.role.to_string()),
            Some(address(&self.user.email)),
            self.password.clone(),
            self.api_token.clone(),
            Some(serde_json::to_string(&self.memberships)?),
            Some(serde_json::to_string(&self.user)?),
        ])
    }

    fn read(values: Vec<Option<String>>) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let [.., password, api_token, memberships, document] =
            <[_; 9]>::try_from(values).map_err(|_| "nine columns are expected")?;
        let user = serde_json::from_str(&document.ok_or(Incomplete)?)?;
        Ok(Self {
            api_token,
            memberships: serde_json::from_str(&memberships.ok_or(Incomplete)?)?,
            ..Self::new(user, password, Vec::new())?
        })
    }
}

/// What shows that somebody is a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A session of the user.
    Session(SessionId),
    /// The API token of a bot.
    ApiToken(Fingerprint),
    /// A login that could not be kept as a session, by the setting of the password.
    Login(Fingerprint),
}

/// What decides over what a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) organization: ObjectId,
    pub(crate) role: Role,
    /// When the session began, in milliseconds since 1970, if there is one.
    pub(crate) session_started: Option<i64>,
}

/// Whether others may change what a standing says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Not before the transaction ends.
    Fast,
    Loose,
}

/// The standing of a user, unless the proof does not hold, or the user or the
/// organization that it acts in is archived.
pub(crate) async fn standing(
    session: &mut Session,
    user: ObjectId,
    proof: Proof,
    hold: Hold,
) -> Result<Option<Standing>, StoreError> {
    const LOCK: &str = "FOR SHARE OF users FOR KEY SHARE OF organizations";
    let (column, join, lock, shown) = match proof {
        Proof::Session(id) => (
            "sessions.started",
            "JOIN sessions ON sessions.user_id = users.id AND sessions.id = $2",
            "FOR SHARE OF users FOR KEY SHARE OF organizations, sessions",
            Some(id.to_string()),
        ),
        Proof::ApiToken(_) => ("users.api_token", "", LOCK, None),
        Proof::Login(_) => ("users.password", "", LOCK, None),
    };
    let sql = format!(
        "SELECT users.organization, users.role, users.status, organizations.status, {column} \
         FROM users JOIN organizations ON organizations.id = users.organization {join} \
         WHERE users.id = $1"
    );
    let values = std::iter::once(user.to_string()).chain(shown);
    let values = values.map(Value::from).collect();
    let rows = match hold {
        Hold::Fast => session.lock(&sql, lock, values).await?,
        Hold::Loose => session.lookup(&sql, values).await?,
    };
    let Some(mut row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let damaged = damaged_row::<Account>;
    let mut text = |column| row.text(column).map_err(damaged);
    let (organization, role, status, of_organization) = (text(0)?, text(1)?, text(2)?, text(3)?);
    let session_started = match proof {
        Proof::Session(_) => Some(row.integer(4).map_err(damaged)?),
        Proof::ApiToken(fingerprint) => {
            let kept = row.optional_text(4).map_err(damaged)?;
            if kept != Some(fingerprint.to_string()) {
                return Ok(None);
            }
            None
        }
        Proof::Login(fingerprint) => {
            let kept = row.optional_text(4).map_err(damaged)?;
            let setting = kept.as_deref().map(password::generation).transpose();
            let setting = setting.map_err(damaged_row::<Account>)?;
            if setting.map(Fingerprint::of) != Some(fingerprint) {
                return Ok(None);
            }
            None
        }
    };
    if status == UserStatus::Archived.to_string()
        || of_organization == OrganizationStatus::Archived.to_string()
    {
        return Ok(None);
    }
    Ok(Some(Standing {
        organization: organization.parse().map_err(damaged_row::<Account>)?,
        role: serde_json::from_value(role.into()).map_err(damaged_row::<Account>)?,
        session_started,
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
    one(session, NOBODY, "email = $1", vec![address(email)]).await
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

/// Adds a user, with its memberships.
pub(crate) async fn insert_account(
    session: &mut Session,
    account: &Account,
) -> Result<(), StoreError> {
    insert(session, account).await?;
    for membership in &account.memberships {
        insert_membership(session, account.id, membership).await?;
    }
    Ok(())
}

/// Replaces a user and its memberships. Returns false, and changes nothing, if the
/// user has changed since it was read.
pub(crate) async fn replace_account(
    session: &mut Session,
    read: &Versioned<Account>,
    account: &Account,
) -> Result<bool, StoreError> {
    if !replace(session, read, account).await? {
        return Ok(false);
    }
    for membership in &account.memberships {
        match read.row.membership(membership.organization) {
            Some(before) if before == membership => {}
            Some(_) => {
                let sql = "UPDATE memberships SET role = $3, status = $4 \
                     WHERE user_id = $1 AND organization_id = $2";
                session
                    .execute(sql, columns(account.id, membership))
                    .await?;
            }
            None => insert_membership(session, account.id, membership).await?,
        }
    }
    for before in &read.row.memberships {
        if account.membership(before.organization).is_none() {
            let sql = "DELETE FROM memberships WHERE user_id = $1 AND organization_id = $2";
            let values = bound([account.id.to_string(), before.organization.to_string()]);
            session.execute(sql, values).await?;
        }
    }
    Ok(true)
}

async fn insert_membership(
    session: &mut Session,
    user: ObjectId,
    membership: &Membership,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO memberships (user_id, organization_id, role, status) \
         VALUES ($1, $2, $3, $4)";
    let done = session.execute(sql, columns(user, membership)).await;
    done.map_err(|error| error.of_row("memberships")).map(drop)
}

fn columns(user: ObjectId, membership: &Membership) -> Vec<Value> {
    bound([
        user.to_string(),
        membership.organization.to_string(),
        membership.role.to_string(),
        membership.status.to_string(),
    ])
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
