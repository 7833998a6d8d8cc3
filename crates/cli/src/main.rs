//! The `web1on1` command.
fn main() {}
