//! The protos that come with the crate are those that other languages compile.

use std::path::Path;

#[test]
fn the_bundled_protos_are_those_of_the_workspace() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (directory, name) in [
        ("third_party", "google/api/annotations.proto"),
        ("third_party", "google/api/field_behavior.proto"),
        ("third_party", "google/api/http.proto"),
        ("proto", "transcode/v1/options.proto"),
    ] {
        let theirs = own.join("../..").join(directory).join(name);
        let bundled = own.join("protos").join(name);
        let read = |path: &Path| {
            let text = std::fs::read_to_string(path);
            text.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        assert!(
            read(&theirs) == read(&bundled),
            "copy {directory}/{name} to crates/transcode-build/protos/{name}: they differ"
        );
    }
}
