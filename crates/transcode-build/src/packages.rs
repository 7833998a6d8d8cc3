//! The packages that no code is generated for.

/// Packages of annotations, which are only read while building.
pub(crate) const ANNOTATIONS: [&str; 2] = ["google.api", "transcode.v1"];

/// The package that prost has types of its own for.
pub(crate) const WELL_KNOWN: &str = "google.protobuf";

/// Returns whether no code is generated for a package.
pub(crate) fn is_not_generated(package: &str) -> bool {
    package == WELL_KNOWN || ANNOTATIONS.contains(&package)
}
