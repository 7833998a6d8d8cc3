//! The database. The only module that speaks SQL.
//!
//! A resource is a row: an `id`, a `version`, the columns that queries need, and
//! the resource as a JSON document. One text of SQL runs on SQLite and on
//! PostgreSQL, so columns are TEXT and BIGINT only, but for the bytes of pictures,
//! and every statement is plain.
//! A [`Row`] says once how its resource and its columns correspond; reading,
//! writing and version checks are the same for every resource. What lists of it
//! are read from is in [`listed`], how they are read in [`scan`], and what is seen from
//! elsewhere in [`sharing`].
//!
//! Functions take a connection: one from [`Store::read`] for reading, or one
//! from [`Store::write`] to read and write in one transaction. No function holds
//! one while it waits for another.

mod connect;
pub(crate) mod copy;
mod error;
pub(crate) mod key;
mod line;
mod list_turns;
pub(crate) mod listed;
pub(crate) mod organizations;
pub(crate) mod pictures;
mod postgres;
mod relist;
pub(crate) mod resources;
mod room;
pub(crate) mod row;
mod rows;
pub(crate) mod scan;
mod session;
pub(crate) mod sessions;
mod settings;
pub(crate) mod sharing;
mod sqlite;
pub(crate) mod users;
mod value;

pub(crate) use connect::{Store, commit, sqlite_path};
pub(crate) use error::StoreError;
pub(crate) use line::line;
pub(crate) use relist::relist;
pub(crate) use row::{Owner, Row, Sharing, Versioned};
pub(crate) use rows::{
    delete, existing_ids, get, get_belonging, get_visible, insert, lock_existing, lock_visible,
    replace, visible_ids,
};
#[cfg(test)]
pub(crate) use session::STATEMENTS;
pub(crate) use session::Session;
pub(crate) use settings::{init_setting, put_setting, setting};
