//! Values that every backend on one database shares.

use super::error::StoreError;
use super::session::Session;

/// Sets a value that every backend on this database shares, unless it is set.
/// Whether it was not.
pub(crate) async fn init_setting(
    session: &mut Session,
    name: &str,
    value: &str,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    Ok(session
        .execute(sql, vec![name.into(), value.into()])
        .await?
        == 1)
}

/// Sets such a value, whatever it was.
pub(crate) async fn put_setting(
    session: &mut Session,
    name: &str,
    value: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session
        .execute(sql, vec![name.into(), value.into()])
        .await?;
    Ok(())
}

/// Removes such a value.
pub(super) async fn remove_setting(session: &mut Session, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM settings WHERE name = $1";
    session.execute(sql, vec![name.into()]).await?;
    Ok(())
}

/// A value that every backend on this database shares.
pub(crate) async fn setting(
    session: &mut Session,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM settings WHERE name = $1";
    let row = session.lookup(sql, vec![name.into()]).await?.pop();
    let value = row.map(|mut row| row.text(0)).transpose();
    value.map_err(|source| StoreError::Damaged {
        table: "settings",
        source: source.into(),
    })
}
