//! The protos that come with this crate, so that nobody has to copy them: the annotations
//! of google.api and the options of transcode.

use protox::file::{
    ChainFileResolver, File, FileResolver, GoogleFileResolver, IncludeFileResolver,
};
use std::path::Path;

/// The names that the protos are imported by, and their text.
const PROTOS: [(&str, &str); 4] = [
    (
        "google/api/annotations.proto",
        include_str!("../protos/google/api/annotations.proto"),
    ),
    (
        "google/api/field_behavior.proto",
        include_str!("../protos/google/api/field_behavior.proto"),
    ),
    (
        "google/api/http.proto",
        include_str!("../protos/google/api/http.proto"),
    ),
    (
        "transcode/v1/options.proto",
        include_str!("../protos/transcode/v1/options.proto"),
    ),
];

/// Finds imports in these directories, then among the protos of this crate, and then among
/// the well-known types.
pub(crate) fn resolver<'p>(includes: impl Iterator<Item = &'p Path>) -> ChainFileResolver {
    let mut resolver = ChainFileResolver::new();
    for include in includes {
        resolver.add(IncludeFileResolver::new(include.to_owned()));
    }
    resolver.add(Bundled);
    resolver.add(GoogleFileResolver::new());
    resolver
}

struct Bundled;

impl FileResolver for Bundled {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let (_, text) = PROTOS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What other languages compile is what is compiled here.
    #[test]
    fn the_bundled_protos_are_those_of_the_workspace() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (name, text) in PROTOS {
            let directory = if name.starts_with("google/") {
                "third_party"
            } else {
                "proto"
            };
            let path = root.join(directory).join(name);
            let theirs = std::fs::read_to_string(&path).expect("the workspace has it");
            assert!(
                theirs == text,
                "copy {} to crates/transcode-build/protos/{name}: they differ",
                path.display()
            );
        }
    }
}
