//! What holds of the sources of every crate.

mod imports;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use imports::Files;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

/// The crates whose files still import each other in circles. Nothing is added.
const STILL_IN_CIRCLES: [&str; 0] = [];

/// The rooms of the backend from top to bottom, each with the modules at the root
/// of the crate that are in it. Its `lib.rs` says what each is for.
const ROOMS: [&[&str]; 8] = [
    &["lib"],
    &["http"],
    &["start", "seed", "lock", "backup", "revoke", "tend"],
    &["resources"],
    &["access"],
    &["app"],
    &["store", "files"],
    &[
        "base_url", "blocking", "clock", "config", "error", "ids", "keys", "limits", "logins",
        "observer", "pages", "password", "peer", "picture", "private", "throttle", "token",
        "unfit", "uploads", "usage",
    ],
];

/// The directories of all crates but this one.
fn crates() -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let entries = fs::read_dir(beside).expect("the crates are beside the tests");
    let mut crates: Vec<_> = entries
        .map(|entry| entry.expect("the crates can be listed").path())
        .filter(|directory| directory.join("Cargo.toml").exists())
        .collect();
    crates.sort();
    crates
}

fn is_excepted(directory: &Path) -> bool {
    let name = directory.file_name();
    STILL_IN_CIRCLES
        .iter()
        .any(|known| name == Some(known.as_ref()))
}

/// Which file uses which in the circles of a crate, a line for each.
fn circles(directory: &Path) -> String {
    let source = directory.join("src");
    let shown = |file: &Path| {
        file.strip_prefix(&source)
            .unwrap_or(file)
            .display()
            .to_string()
    };
    let mut lines = String::new();
    for root in ["lib.rs", "main.rs"].map(|name| source.join(name)) {
        if !root.exists() {
            continue;
        }
        let files = Files::read(&root);
        let uses: DiGraphMap<&Path, ()> = files.uses().collect();
        for circle in tarjan_scc(&uses) {
            let mut within: Vec<_> = uses
                .all_edges()
                .filter(|(user, used, ())| circle.contains(user) && circle.contains(used))
                .collect();
            within.sort();
            for (user, used, ()) in within {
                let _ = writeln!(lines, "{} uses {}", shown(user), shown(used));
            }
        }
    }
    lines
}

#[test]
fn imports_run_one_way() {
    let mut wrong = String::new();
    for directory in crates().iter().filter(|directory| !is_excepted(directory)) {
        let circles = circles(directory);
        if !circles.is_empty() {
            let _ = writeln!(wrong, "{}:\n{circles}", directory.display());
        }
    }
    assert!(
        wrong.is_empty(),
        "these files use each other in circles; move what they share into a file that uses none \
         of them:\n\n{wrong}"
    );
}

#[test]
fn every_exception_is_needed() {
    let crates = crates();
    for known in STILL_IN_CIRCLES {
        let mut named = crates.iter().filter(|crates| crates.ends_with(known));
        assert!(
            named.any(|directory| !circles(directory).is_empty()),
            "{known} has no circles any more; strike it from STILL_IN_CIRCLES in {}",
            file!()
        );
    }
}

/// The room of a file of the backend.
fn room(source: &Path, file: &Path) -> usize {
    let within = file.strip_prefix(source).unwrap_or(file);
    let first = within.components().next();
    let top = first.map(|first| Path::new(first.as_os_str()).with_extension(""));
    let is_in = |room: &&[&str]| {
        room.iter()
            .any(|module| top.as_deref() == Some(module.as_ref()))
    };
    ROOMS.iter().position(is_in).unwrap_or_else(|| {
        panic!(
            "put {} into a room: in `ROOMS` of {} and in the docs of the backend's lib.rs",
            within.display(),
            file!()
        )
    })
}

#[test]
fn imports_of_the_backend_run_downwards_from_room_to_room() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/backend/src");
    let files = Files::read(&source.join("lib.rs"));
    let upwards: Vec<_> = files
        .uses()
        .filter(|(user, used)| room(&source, used) < room(&source, user))
        .collect();
    assert!(
        upwards.is_empty(),
        "a room knows only those below it, as lib.rs lists them: {upwards:#?}"
    );
}

/// Finds the circles of a crate that is made of these files.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    let directory = tempfile::tempdir().expect("there is room");
    for (name, text) in files {
        let path = directory.path().join("src").join(name);
        fs::create_dir_all(path.parent().expect("it is in src")).expect("there is room");
        fs::write(path, text).expect("there is room");
    }
    assert_eq!(circles(directory.path()), expected);
}

#[test]
fn files_that_import_each_other_are_a_circle() {
    check(
        &[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::{b::{self, B}, c::C}; pub struct A;"),
            ("b.rs", "pub struct B(super::a::A);"),
            ("c.rs", "pub struct C;"),
        ],
        "a.rs uses b.rs\nb.rs uses a.rs\n",
    );
}

#[test]
fn who_names_what_is_reexported_uses_the_file_behind() {
    check(
        &[
            (
                "lib.rs",
                "mod a; mod b; pub use a::A; pub use b::B as Renamed;",
            ),
            ("a.rs", "use crate::Renamed; pub struct A;"),
            ("b.rs", "use crate::A; pub struct B;"),
        ],
        "a.rs uses b.rs\nb.rs uses a.rs\n",
    );
}

#[test]
fn a_module_and_its_parent_are_a_circle_if_each_uses_the_other() {
    check(
        &[
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; mod c; fn f() { b::g() } pub struct A;"),
            ("a/b.rs", "use super::A; pub fn g() {}"),
            ("a/c.rs", "use super::A;"),
        ],
        "a/b.rs uses a/mod.rs\na/mod.rs uses a/b.rs\n",
    );
}

#[test]
fn paths_within_macros_count() {
    check(
        &[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "fn f() { println!(\"{}\", crate::b::g()) }"),
            ("b.rs", "macro_rules! m { () => { $crate::a::f() } }"),
        ],
        "a.rs uses b.rs\nb.rs uses a.rs\n",
    );
}

#[test]
fn tests_comments_and_strings_do_not_count() {
    check(
        &[
            ("lib.rs", "mod a; mod b; #[cfg(test)] mod missing;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            (
                "b.rs",
                "/// See [`crate::a::A`].\npub struct B; // crate::a::A\n\
                 const TEXT: &str = \"crate::a::A\";\n\
                 #[cfg(test)] mod tests { use crate::a::A; }",
            ),
        ],
        "",
    );
}
