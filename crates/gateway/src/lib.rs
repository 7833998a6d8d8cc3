//! The production gRPC server around a transcoding gateway.
