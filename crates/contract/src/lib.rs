//! The REST contract of Web1on1: types, operations, OpenAPI and JSON Schemas.
