//! The backend as a process of its own: killed, backed up and restored.

mod backup;
mod kill;
mod server;
