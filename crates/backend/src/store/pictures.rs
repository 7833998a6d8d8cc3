//! Pictures of users: those that are kept in the database, and what is to be
//! deleted of those that are kept elsewhere.
//!
//! A picture that is kept elsewhere cannot be written in one transaction with the
//! user that has it. So its path is here before it is there, and until a user has
//! it; and again from when no user has it any more until it is gone. Whatever is
//! here for long has been left over.

use bytes::Bytes;

use super::error::StoreError;
use super::session::Session;
use super::value::Value;

/// Keeps a picture at a path that none is kept at.
pub(crate) async fn put_picture(
    session: &mut Session,
    path: &str,
    bytes: Bytes,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO pictures (path, bytes) VALUES ($1, $2)";
    let values = vec![path.into(), Value::Bytes(bytes)];
    let done = session.execute(sql, values).await;
    done.map_err(|error| error.of_row("pictures"))?;
    Ok(())
}

/// Returns the picture at a path, if there is one.
pub(crate) async fn picture(
    session: &mut Session,
    path: &str,
) -> Result<Option<Bytes>, StoreError> {
    let sql = "SELECT bytes FROM pictures WHERE path = $1";
    let row = session.lookup(sql, vec![path.into()]).await?.pop();
    let bytes = row.map(|mut row| row.bytes(0)).transpose();
    bytes.map_err(|source| StoreError::Damaged {
        table: "pictures",
        source: source.into(),
    })
}

/// Deletes the picture at a path, if there is one.
pub(crate) async fn delete_picture(session: &mut Session, path: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM pictures WHERE path = $1";
    session.execute(sql, vec![path.into()]).await?;
    Ok(())
}

/// Remembers since when no user has the picture at a path, in seconds.
pub(crate) async fn put_leftover(
    session: &mut Session,
    path: &str,
    since: i64,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO leftovers (path, since) VALUES ($1, $2) ON CONFLICT (path) DO NOTHING";
    let values = vec![path.into(), since.into()];
    session.execute(sql, values).await?;
    Ok(())
}

/// Forgets the picture at a path: a user has it, or it is gone. Returns false if
/// it was forgotten before.
pub(crate) async fn remove_leftover(session: &mut Session, path: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM leftovers WHERE path = $1";
    Ok(session.execute(sql, vec![path.into()]).await? == 1)
}

/// Returns the paths of pictures that no user has had since before a second, the
/// oldest first and no more than `most`.
pub(crate) async fn leftovers(
    session: &mut Session,
    before: i64,
    most: i64,
) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT path FROM leftovers WHERE since < $1 ORDER BY since LIMIT $2";
    let rows = session
        .lookup(sql, vec![before.into(), most.into()])
        .await?;
    let paths = rows.into_iter().map(|mut row| row.text(0));
    let paths: Result<_, _> = paths.collect();
    paths.map_err(|source| StoreError::Damaged {
        table: "leftovers",
        source: source.into(),
    })
}
