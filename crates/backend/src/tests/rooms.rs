//! The imports of the sources: downwards from room to room, and no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rooms from top to bottom, each with the modules at the root of the crate
/// that are in it. `lib.rs` says what each is for.
const ROOMS: [&[&str]; 8] = [
    &["lib"],
    &["http"],
    &["start", "seed"],
    &["resources"],
    &["access"],
    &["app"],
    &["store", "files"],
    &[
        "blocking", "clock", "config", "error", "ids", "password", "picture", "token",
    ],
];

/// A module by its path from the root of the crate, which is empty for `lib.rs`.
type Module = Vec<String>;

/// The modules of the crate with their text, without comments and unit tests.
fn modules() -> BTreeMap<Module, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    collect(&root, &mut Vec::new(), &mut modules);
    modules
}

fn collect(directory: &Path, path: &mut Module, modules: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let entry = entry.expect("the sources are there").path();
        let stem = entry.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("names of sources are text").to_owned();
        if stem == "tests" {
            continue;
        }
        let is_directory = entry.is_dir();
        let is_own = !is_directory && (stem == "mod" || stem == "lib");
        if !is_own {
            path.push(stem);
        }
        if is_directory {
            collect(&entry, path, modules);
        } else {
            let text = fs::read_to_string(&entry).expect("sources are text");
            modules.insert(path.clone(), code(&text));
        }
        if !is_own {
            path.pop();
        }
    }
}

/// A text without comments and without the unit tests at its end.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next();
    let lines = code.unwrap_or(text).lines();
    lines
        .map(|line| line.split("//").next().unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The identifiers and the punctuation of a text that matter to paths.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        if !token.trim().is_empty() {
            tokens.push(token);
        }
        rest = after;
    }
    tokens
}

/// The paths in a text that begin with `crate`, `super`, `self` or a child of the
/// module, with their first segments resolved.
fn paths(module: &Module, text: &str, is_module: impl Fn(&Module) -> bool) -> Vec<Module> {
    let tokens = tokens(text);
    let mut paths = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let begins = index == 0 || tokens[index - 1] != "::";
        if !begins || tokens.get(index + 1) != Some(&"::") {
            continue;
        }
        let child = [module.as_slice(), &[(*token).to_owned()]].concat();
        let start = match *token {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().saturating_sub(1)].to_vec(),
            _ if is_module(&child) => child,
            _ => continue,
        };
        branches(&tokens, index + 2, start, &mut paths);
    }
    paths
}

/// Follows a path, and every branch of it where it has braces. Returns the index
/// behind it.
fn branches(tokens: &[&str], mut at: usize, mut path: Module, paths: &mut Vec<Module>) -> usize {
    loop {
        match tokens.get(at) {
            Some(&"{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != "}") {
                    at = branches(tokens, at, path.clone(), paths);
                    if tokens.get(at) == Some(&",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            Some(&"super") => drop(path.pop()),
            Some(&"self") | None => {}
            Some(token) => path.push((*token).to_owned()),
        }
        at += 1;
        if tokens.get(at) != Some(&"::") {
            paths.push(path);
            // An alias: `name as other`.
            return if tokens.get(at) == Some(&"as") {
                at + 2
            } else {
                at
            };
        }
        at += 1;
    }
}

/// Which modules each module imports from.
fn imports(modules: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let is_module = |path: &Module| modules.contains_key(path);
    let owner = |mut path: Module| {
        while !is_module(&path) {
            path.pop();
        }
        path
    };
    let of = |(module, text): (&Module, &String)| {
        let owners = paths(module, text, is_module).into_iter().map(owner);
        let others = owners.filter(|other| other != module).collect();
        (module.clone(), others)
    };
    modules.iter().map(of).collect()
}

/// A circle in the imports, if there is one.
fn circle(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    fn visit(
        module: &Module,
        imports: &BTreeMap<Module, BTreeSet<Module>>,
        done: &mut BTreeSet<Module>,
        line: &mut Vec<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = line.iter().position(|passed| passed == module) {
            return Some(line[start..].to_vec());
        }
        if done.contains(module) {
            return None;
        }
        line.push(module.clone());
        let mut others = imports.get(module).into_iter().flatten();
        let found = others.find_map(|other| visit(other, imports, done, line));
        line.pop();
        done.insert(module.clone());
        found
    }
    let mut done = BTreeSet::new();
    imports
        .keys()
        .find_map(|module| visit(module, imports, &mut done, &mut Vec::new()))
}

fn name(module: &Module) -> String {
    match module.as_slice() {
        [] => "lib".to_owned(),
        path => path.join("/"),
    }
}

fn room(module: &Module) -> usize {
    let top = module.first().map_or("lib", String::as_str);
    let room = ROOMS.iter().position(|room| room.contains(&top));
    room.unwrap_or_else(|| {
        panic!("put `{top}` into a room: in `ROOMS` of tests/rooms.rs and in the docs of lib.rs")
    })
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    if let Some(circle) = circle(&imports(&modules())) {
        let names: Vec<_> = circle.iter().map(name).collect();
        panic!(
            "these files import each other in a circle; move what two of them share below both: \
             {} -> {}",
            names.join(" -> "),
            names[0]
        );
    }
}

#[test]
fn imports_run_downwards_from_room_to_room() {
    let mut upwards = Vec::new();
    for (module, others) in imports(&modules()) {
        for other in others {
            if room(&other) < room(&module) {
                upwards.push(format!("{} imports {}", name(&module), name(&other)));
            }
        }
    }
    assert!(
        upwards.is_empty(),
        "a room knows only those below it, as lib.rs lists them: {upwards:#?}"
    );
}

/// Checks what `a` imports from, of the modules `a`, `a/b`, `c` and `c/d`.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let module = |path: &str| path.split('/').map(str::to_owned).collect::<Module>();
    let mut modules: BTreeMap<_, _> = ["a/b", "c", "c/d"]
        .map(|path| (module(path), String::new()))
        .into();
    modules.extend([(Vec::new(), String::new()), (module("a"), code(text))]);
    let found: Vec<_> = imports(&modules)[&module("a")].iter().map(name).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn every_form_of_an_import_is_found() {
    check("use crate::c;", &["c"]);
    check("use crate::c::{self, d::{E, F as G}, H};", &["c", "c/d"]);
    check("use crate::{\n    Root,\n    c::d,\n};", &["lib", "c/d"]);
    check("use super::c::d::*;", &["c/d"]);
    check("mod b;\npub(crate) use b::B;", &["a/b"]);
    check(
        "fn f() -> crate::c::d::E { self::b::g::<u8>() }",
        &["a/b", "c/d"],
    );
    check("// use crate::c;\nuse std::a;", &[]);
    check("#[cfg(test)]\nmod tests {\n    use super::*;\n}\n", &[]);
}

#[test]
fn a_circle_is_found() {
    let module = |path: &str| vec![path.to_owned()];
    let imports = |edges: &[(&str, &str)]| {
        let mut imports: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, to) in edges {
            imports.entry(module(from)).or_default().insert(module(to));
        }
        imports
    };
    let line = [("a", "b"), ("b", "c"), ("a", "c")];
    assert_eq!(circle(&imports(&line)), None);
    let round = [("a", "b"), ("b", "c"), ("c", "b")];
    assert_eq!(
        circle(&imports(&round)),
        Some(vec![module("b"), module("c")])
    );
}
