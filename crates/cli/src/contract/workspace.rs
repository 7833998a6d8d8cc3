//! What buf is given to compare: the protos, its rules, and the protos that need not lie
//! in the repository.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use conformance::release::{Files, Settings};
use serde_json::{Value, json};

/// What buf resolves the imports of the protos with.
pub(super) const LOCK: &str = "buf.lock";

/// Packages whose protos need not lie in the repository.
pub(super) const KNOWN_IMPORTS: [&str; 2] = ["google/api/", "transcode/v1/"];

/// The directory in which buf finds them.
pub(super) const IMPORTS: &str = "web1on1-imports";

/// The module of the registry of buf that has `google/api` too.
const GOOGLEAPIS: &str = "googleapis";

/// Returns the rules for a repository that has none: those of `FILE`, for all protos but
/// those that are only imported. `None` where there are no protos among the files.
pub(super) fn rules(settings: &Settings, files: &Files) -> Option<Value> {
    let with_protos = |directory: &&std::path::PathBuf| {
        let mut below = files.keys().filter(|path| path.starts_with(directory));
        below.any(|path| is_proto(path))
    };
    let names = |directories: &[std::path::PathBuf]| -> Vec<String> {
        let directories = directories.iter().filter(with_protos);
        directories.map(|directory| slashed(directory)).collect()
    };
    let (own, imported) = (names(&settings.protos), names(&settings.imports));
    let modules = own.iter().chain(&imported);
    let modules: Vec<_> = modules.map(|path| json!({ "path": path })).collect();
    let mut breaking = json!({ "use": ["FILE"] });
    if !imported.is_empty() {
        breaking["ignore"] = imported.into();
    }
    (!modules.is_empty())
        .then(|| json!({ "version": "v2", "modules": modules, "breaking": breaking }))
}

/// Returns two sides of a comparison as buf is given them. The protos that need not lie in
/// the repository are in both or in neither, so that they are no change.
pub(super) fn sides(settings: &Settings, sides: [&Files; 2]) -> anyhow::Result<[Files; 2]> {
    let packages = KNOWN_IMPORTS.into_iter().filter(|package| {
        let imported = format!("\"{package}");
        let texts = sides.iter().flat_map(|files| files.iter());
        let mut texts = texts.filter(|(path, _)| is_proto(path));
        texts.any(|(_, text)| String::from_utf8_lossy(text).contains(&imported))
    });
    let packages: Vec<_> = packages.collect();
    let [one, other] = sides.map(|files| of(settings, files, &packages));
    Ok([one?, other?])
}

/// Returns what buf is given of these files, with the protos of these packages.
fn of(settings: &Settings, files: &Files, packages: &[&str]) -> anyhow::Result<Files> {
    let is_given = |path: &Path| is_proto(path) || path == Path::new(LOCK);
    let given = files.iter().filter(|(path, _)| is_given(path));
    let mut given: Files = given
        .map(|(path, content)| (path.clone(), content.clone()))
        .collect();
    let mut rules = match files.get(Path::new(Settings::BUF)) {
        Some(text) => {
            let text = String::from_utf8_lossy(text);
            yaml_serde::from_str(&text).with_context(|| format!("{} is not YAML", Settings::BUF))?
        }
        None => rules(settings, files).unwrap_or_default(),
    };
    let stated = rules["modules"].as_array().cloned().unwrap_or_default();
    let roots: Vec<_> = stated
        .iter()
        .map(|module| module["path"].as_str().unwrap_or("."))
        .collect();
    // Everything below this directory is one module, unless several are named.
    let is_one = roots.is_empty() || roots.contains(&".");
    let names: BTreeSet<_> = given
        .keys()
        .flat_map(|path| {
            let below = roots.iter().filter_map(|root| path.strip_prefix(root).ok());
            below.chain(is_one.then_some(path.as_path()))
        })
        .map(slashed)
        .collect();
    let is_fetched = |package: &str| {
        let fetched = rules["deps"].as_array().into_iter().flatten();
        let mut fetched = fetched.filter_map(Value::as_str);
        package.starts_with("google/") && fetched.any(|module| module.contains(GOOGLEAPIS))
    };
    let missing = proto::SOURCES.iter().filter(|(name, _)| {
        let mut packages = packages.iter().filter(|package| !is_fetched(package));
        packages.any(|package| name.starts_with(package)) && !names.contains(*name)
    });
    let missing: Vec<_> = missing.collect();
    let directory = Path::new(if is_one { "" } else { IMPORTS });
    for (name, text) in &missing {
        given.insert(directory.join(name), text.as_bytes().to_vec());
    }
    if !is_one && !missing.is_empty() {
        let mut modules = stated;
        modules.push(json!({ "path": IMPORTS }));
        rules["modules"] = modules.into();
    }
    if !rules.is_null() {
        // JSON is YAML too.
        given.insert(Settings::BUF.into(), rules.to_string().into_bytes());
    }
    Ok(given)
}

fn is_proto(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "proto")
}

/// Returns a path as it is written in imports and rules.
fn slashed(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTO: &str = "import \"google/api/annotations.proto\";";

    fn files(files: &[(&str, &str)]) -> Files {
        let files = files.iter();
        files
            .map(|(path, text)| ((*path).into(), text.as_bytes().to_vec()))
            .collect()
    }

    /// The names of what buf is given of these files, and its rules.
    fn given(given: &[(&str, &str)]) -> (Vec<String>, Value) {
        let mut settings = Settings::of("api.yaml".into(), vec!["proto".into()]).expect("settings");
        settings.imports = vec!["third_party".into()];
        let files = files(given);
        let [one, _] = sides(&settings, [&files, &Files::new()]).expect("the rules are YAML");
        let rules = one.get(Path::new("buf.yaml")).expect("there are rules");
        let rules = serde_json::from_slice(rules).expect("they are JSON");
        (one.keys().map(|path| slashed(path)).collect(), rules)
    }

    #[test]
    fn rules_of_our_own_stand_in_for_those_that_are_missing() {
        let (names, rules) = given(&[
            ("api.yaml", ""),
            ("proto/a.proto", ""),
            ("third_party/b.proto", ""),
        ]);
        assert_eq!(names, ["buf.yaml", "proto/a.proto", "third_party/b.proto"]);
        let expected = json!({
            "version": "v2",
            "modules": [{"path": "proto"}, {"path": "third_party"}],
            "breaking": {"use": ["FILE"], "ignore": ["third_party"]},
        });
        assert_eq!(rules, expected);
    }

    #[test]
    fn what_need_not_lie_in_the_repository_is_a_module_of_its_own() {
        let stated = "version: v2\nmodules: [{path: proto}]\n";
        let (names, rules) = given(&[("proto/a.proto", PROTO), ("buf.yaml", stated)]);
        let added = [
            "web1on1-imports/google/api/annotations.proto",
            "web1on1-imports/google/api/field_behavior.proto",
            "web1on1-imports/google/api/http.proto",
        ];
        assert_eq!(names[2..], added);
        let modules = json!([{"path": "proto"}, {"path": "web1on1-imports"}]);
        assert_eq!(rules["modules"], modules);
    }

    #[test]
    fn what_lies_in_the_repository_is_not_added() {
        let own = "proto/google/api/http.proto";
        let (names, _) = given(&[("proto/a.proto", PROTO), (own, "")]);
        assert!(!names.contains(&"web1on1-imports/google/api/http.proto".to_owned()));
        assert_eq!(names.len(), 5, "{names:?}");
    }

    #[test]
    fn a_repository_that_is_one_module_has_them_in_it() {
        let (names, rules) = given(&[("proto/a.proto", PROTO), ("buf.yaml", "version: v2\n")]);
        assert!(
            names.contains(&"google/api/http.proto".to_owned()),
            "{names:?}"
        );
        assert_eq!(rules, json!({"version": "v2"}));
    }

    #[test]
    fn what_buf_fetches_is_not_added() {
        let stated =
            "version: v2\nmodules: [{path: proto}]\ndeps: [buf.build/googleapis/googleapis]\n";
        let (names, _) = given(&[("proto/a.proto", PROTO), ("buf.yaml", stated)]);
        assert_eq!(names, ["buf.yaml", "proto/a.proto"]);
    }
}
