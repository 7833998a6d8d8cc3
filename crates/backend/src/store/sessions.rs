//! Sessions: logins that have not ended. A session ends when it expires, when its
//! user is shut out, and when one of its refresh tokens is used twice.

use std::fmt;

use contract::id::ObjectId;

use super::error::StoreError;
use super::session::Session;
use super::value::{Cells, Unexpected};

/// Names a session: 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionId(u128);

impl SessionId {
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }

    /// The session that [`Display`](fmt::Display) has written, if it is one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 32 || !text.bytes().all(is_digit) {
            return None;
        }
        u128::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A new session. Times are in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) user: ObjectId,
    pub(crate) started: i64,
    pub(crate) expires: i64,
}

/// What came of renewing a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// The refresh token of this generation is the valid one now.
    Done { generation: i64 },
    /// The token had been used before, and somebody else may have it.
    Reused,
    /// There is no such session, or no longer.
    Ended,
}

/// Opens a session. A user has no more of them than `most`: the oldest end.
pub(crate) async fn open(
    session: &mut Session,
    new: NewSession,
    most: u32,
) -> Result<(), StoreError> {
    let user = new.user.to_string();
    let sql = "INSERT INTO sessions (id, user_id, started, expires, generation, renewed) \
         VALUES ($1, $2, $3, $4, 0, $3)";
    let values = vec![
        new.id.to_string().into(),
        user.clone().into(),
        new.started.into(),
        new.expires.into(),
    ];
    session.execute(sql, values).await?;
    let sql = "SELECT id FROM sessions WHERE user_id = $1 \
         ORDER BY user_id DESC, started DESC, id DESC LIMIT 1000 OFFSET $2";
    let surplus = session.lookup(sql, vec![user.into(), i64::from(most).into()]);
    for mut row in surplus.await? {
        end(session, &row.text(0).map_err(damaged)?).await?;
    }
    Ok(())
}

/// Renews a session by its refresh token of a generation, at `now`. The token that
/// was renewed last does as well for `grace`: its reply may have been lost. Times
/// are in milliseconds.
pub(crate) async fn renew(
    session: &mut Session,
    id: SessionId,
    user: ObjectId,
    generation: i64,
    now: i64,
    grace: i64,
    expires: i64,
) -> Result<Renewal, StoreError> {
    let id = id.to_string();
    let next = generation.saturating_add(1);
    let sql = "UPDATE sessions SET generation = $3, renewed = $4, expires = $5 \
         WHERE id = $1 AND user_id = $2 AND generation = $3 - 1";
    let values = vec![
        id.clone().into(),
        user.to_string().into(),
        next.into(),
        now.into(),
        expires.into(),
    ];
    if session.execute(sql, values).await? == 1 {
        return Ok(Renewal::Done { generation: next });
    }
    let sql = "SELECT generation, renewed FROM sessions WHERE id = $1 AND user_id = $2";
    let found = session.lookup(sql, vec![id.clone().into(), user.to_string().into()]);
    let Some(mut row) = found.await?.pop() else {
        return Ok(Renewal::Ended);
    };
    let (latest, renewed) = numbers(&mut row).map_err(damaged)?;
    if latest == next && now.saturating_sub(renewed) <= grace {
        return Ok(Renewal::Done { generation: latest });
    }
    end(session, &id).await?;
    Ok(Renewal::Reused)
}

fn numbers(row: &mut Cells) -> Result<(i64, i64), Unexpected> {
    Ok((row.integer(0)?, row.integer(1)?))
}

async fn end(session: &mut Session, id: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE id = $1";
    session.execute(sql, vec![id.into()]).await?;
    Ok(())
}

/// Ends all sessions of a user. Returns how many there were.
pub(crate) async fn end_of_user(session: &mut Session, user: ObjectId) -> Result<u64, StoreError> {
    let sql = "DELETE FROM sessions WHERE user_id = $1";
    Ok(session.execute(sql, vec![user.to_string().into()]).await?)
}

/// Ends all sessions of those who act in an organization.
pub(crate) async fn end_in_organization(
    session: &mut Session,
    organization: ObjectId,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE user_id IN (SELECT memberships.user_id \
         FROM memberships JOIN users ON users.id = memberships.user_id \
         WHERE memberships.organization_id = $1 AND users.organization = $1)";
    let values = vec![organization.to_string().into()];
    session.execute(sql, values).await?;
    Ok(())
}

/// Removes up to `most` sessions that had expired at `now`, in milliseconds since
/// 1970. Returns how many.
pub(crate) async fn remove_expired(
    session: &mut Session,
    now: i64,
    most: i64,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM sessions WHERE id IN \
         (SELECT id FROM sessions WHERE expires <= $1 ORDER BY expires LIMIT $2)";
    Ok(session.execute(sql, vec![now.into(), most.into()]).await?)
}

fn damaged(source: Unexpected) -> StoreError {
    StoreError::Damaged {
        table: "sessions",
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_read_as_it_was_written() {
        let id = SessionId::random().expect("has random numbers");
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        for text in ["", "0f", &"F".repeat(32), &"+".repeat(32), &"0".repeat(33)] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }
}
