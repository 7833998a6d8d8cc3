//! Values that every backend on one database shares.

use sqlx::{AnyConnection, Row as _};

use super::error::StoreError;

/// Sets a value that every backend on this database shares, unless it is set.
/// Whether it was not.
pub(crate) async fn init_setting(
    connection: &mut AnyConnection,
    name: &str,
    value: &str,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    let done = sqlx::query(sql)
        .bind(name.to_owned())
        .bind(value.to_owned())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A value that every backend on this database shares.
pub(crate) async fn setting(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT value FROM settings WHERE name = $1";
    let row = sqlx::query(sql)
        .bind(name.to_owned())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
