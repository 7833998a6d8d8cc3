//! Captured traffic of another API.
