//! Runtime of the translation between gRPC calls and REST requests.
