//! Generates the gRPC services in front of the API.

use std::path::Path;

fn main() -> Result<(), transcode_build::Error> {
    transcode_build::compile(Path::new("proto"), &[])
}
