//! The backend as a process of its own: killed, backed up and restored.

mod backup;
#[path = "../command/mod.rs"]
mod command;
mod kill;
mod server;
