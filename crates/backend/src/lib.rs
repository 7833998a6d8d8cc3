//! The Web1on1 REST system on axum.
