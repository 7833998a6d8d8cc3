//! What brings generated code into a crate.

/// Includes the code that transcode-build has generated for the crate that it stands in: a
/// module for each package, so that `petshop.v1` is `petshop::v1`.
///
/// ```ignore
/// mod generated {
///     transcode::include_api!();
/// }
/// use generated::petshop::v1;
/// ```
#[macro_export]
macro_rules! include_api {
    () => {
        include!(concat!(env!("OUT_DIR"), "/api.rs"));
    };
}

/// The encoded `google.protobuf.FileDescriptorSet` that transcode-build has written for the
/// crate that it stands in, as `&[u8]`: for reflection.
#[macro_export]
macro_rules! descriptors {
    () => {
        include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin")).as_slice()
    };
}
