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

    #[test]
    fn all_protos_of_this_crate_are_found() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
        let mut paths = Vec::new();
        crate::find_protos(&directory, &mut paths).expect("there are protos");
        let names: Vec<_> = paths
            .iter()
            .filter_map(|path| crate::name_of(path, &directory))
            .collect();
        assert_eq!(names, PROTOS.map(|(name, _)| name));
    }
}
