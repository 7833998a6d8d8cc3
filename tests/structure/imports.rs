//! Which files of a crate use which.
//!
//! A file uses another one if it names something in it: by a path from the root
//! (`crate::`), from the module above (`super::`) or from a module that it
//! declares. Who names what a file re-exports uses the file that defines it; a
//! file that only re-exports something does not use it. Test modules are left
//! out.
//!
//! Own code on proc-macro2's tokens: rustc tells nobody what it resolves, and syn
//! does not look into the arguments of macros.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Names, from the root of the crate on.
type Names = Vec<String>;

/// The files of a crate, by their modules.
pub(crate) struct Files(BTreeMap<Names, File>);

struct File {
    path: PathBuf,
    module: Names,
    /// The modules that it declares.
    children: Names,
    /// The tokens in one row, `::` as one of them.
    words: Vec<String>,
    mentions: Vec<Mention>,
}

/// A path that a file names.
struct Mention {
    path: Names,
    kind: Kind,
    /// What the file calls it.
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inline,
    Import,
    Export,
}

impl Files {
    /// Reads a crate, from its root file on.
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = Self(BTreeMap::new());
        files.add(root.to_owned(), Names::new());
        files
    }

    fn add(&mut self, path: PathBuf, module: Names) {
        let file = File::read(path, module);
        let below = match file.path.file_stem().and_then(|stem| stem.to_str()) {
            Some("lib" | "main" | "mod") => file.path.with_file_name(""),
            _ => file.path.with_extension(""),
        };
        for child in &file.children {
            let plain = below.join(format!("{child}.rs"));
            let nested = below.join(child).join("mod.rs");
            let path = if plain.exists() { plain } else { nested };
            self.add(path, joined(&file.module, child));
        }
        self.0.insert(file.module.clone(), file);
    }

    /// Every use of one file by another: who uses, and what is used.
    pub(crate) fn uses(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.0.values().flat_map(|file| {
            let mentions = file.mentions.iter().filter(|mention| file.uses(mention));
            let used = mentions.map(|mention| self.home(mention.path.clone()));
            let others = used.filter(|used| used.module != file.module);
            others.map(|used| (&*file.path, &*used.path))
        })
    }

    /// The file that defines what a path names.
    fn home(&self, mut path: Names) -> &File {
        let mut length = 0;
        loop {
            let file = &self.0[&path[..length]];
            let Some(next) = path.get(length) else {
                return file;
            };
            if self.0.contains_key(&path[..=length]) {
                length += 1;
            } else if let Some(import) = file.import(next) {
                path.splice(..=length, import.path.iter().cloned());
                length = 0;
            } else {
                return file;
            }
        }
    }
}

impl File {
    fn read(path: PathBuf, module: Names) -> Self {
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
        let tokens = text
            .parse()
            .unwrap_or_else(|error| panic!("{} is not Rust: {error}", path.display()));
        let mut words = Vec::new();
        flatten(tokens, &mut words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let words = without_tests(&words);
        let children = words.windows(3).filter_map(|words| match words {
            ["mod", child, ";"] => Some((*child).to_owned()),
            _ => None,
        });
        let mut file = Self {
            path,
            children: children.collect(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            mentions: Vec::new(),
            module,
        };
        file.scan(&words, &file.module.clone());
        file
    }

    /// Notes the paths in a part of the file that makes up a module.
    fn scan<'a>(&mut self, mut words: &'a [&'a str], module: &[String]) {
        while !words.is_empty() {
            words = match words {
                ["mod", name, "{", ..] => {
                    let rest = after_item(words);
                    let inner = &words[3..words.len() - rest.len()];
                    self.scan(inner, &joined(module, name));
                    rest
                }
                ["pub", "use", rest @ ..] | ["pub", "(", _, ")", "use", rest @ ..] => {
                    self.mention(rest, module, Kind::Export)
                }
                ["use", rest @ ..] => self.mention(rest, module, Kind::Import),
                [_, "::", ..] => self.mention(words, module, Kind::Inline),
                _ => &words[1..],
            };
        }
    }

    /// Notes the path, or the tree of paths, that `words` begin with. Returns what
    /// follows it.
    fn mention<'a>(
        &mut self,
        words: &'a [&'a str],
        module: &[String],
        kind: Kind,
    ) -> &'a [&'a str] {
        let mut paths = Vec::new();
        let rest = read_paths(words, &[], &mut paths);
        for (path, name) in paths {
            let mut absolute = match path[0] {
                "crate" => Names::new(),
                "self" | "super" => module.to_vec(),
                head if self.children.iter().any(|child| child == head) => self.module.clone(),
                _ => continue,
            };
            for name in path {
                match name {
                    "crate" | "self" => {}
                    "super" => drop(absolute.pop()),
                    name => absolute.push(name.to_owned()),
                }
            }
            self.mentions.push(Mention {
                path: absolute,
                // What a module within the file imports, the file has no name for.
                kind: if module == self.module {
                    kind
                } else {
                    Kind::Inline
                },
                name: name.to_owned(),
            });
        }
        rest
    }

    fn uses(&self, mention: &Mention) -> bool {
        let named = self.words.iter().filter(|word| **word == mention.name);
        mention.kind != Kind::Export || named.count() > 1
    }

    fn import(&self, name: &str) -> Option<&Mention> {
        let mut mentions = self.mentions.iter();
        mentions.find(|mention| mention.kind != Kind::Inline && mention.name == name)
    }
}

fn joined(module: &[String], name: &str) -> Names {
    [module, &[name.to_owned()]].concat()
}

fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis | Delimiter::None => ("(", ")"),
                };
                words.push(open.to_owned());
                flatten(group.stream(), words);
                words.push(close.to_owned());
            }
            token if is_colon(&token) && tokens.next_if(is_colon).is_some() => {
                words.push("::".to_owned());
            }
            token => words.push(token.to_string()),
        }
    }
}

fn without_tests<'a>(mut words: &'a [&'a str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    loop {
        words = match words {
            ["#", "[", "cfg", "(", "test", ")", "]", item @ ..] => after_item(item),
            [word, rest @ ..] => {
                kept.push(*word);
                rest
            }
            [] => return kept,
        };
    }
}

/// What follows the item that `words` begin with.
fn after_item<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    let mut depth = 0;
    let end = words.iter().position(|word| {
        match *word {
            "{" | "[" | "(" => depth += 1,
            "}" | "]" | ")" => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(*word, "}" | ";" | ",")
    });
    end.map_or(&[], |end| &words[end + 1..])
}

/// Reads the path, or the tree of paths, that `words` begin with, each with the
/// name that an import gives to it. Returns what follows.
fn read_paths<'a>(
    words: &'a [&'a str],
    before: &[&'a str],
    paths: &mut Vec<(Vec<&'a str>, &'a str)>,
) -> &'a [&'a str] {
    let is_name =
        |word: &str| word.starts_with(|first: char| first.is_alphabetic() || first == '_');
    match words {
        ["{", rest @ ..] => {
            let mut words = rest;
            loop {
                words = match words {
                    ["}", rest @ ..] => return rest,
                    [] => return words,
                    _ => read_paths(words, before, paths),
                };
            }
        }
        ["self" | "*", rest @ ..] if !before.is_empty() => {
            paths.push((before.to_vec(), before[before.len() - 1]));
            rest
        }
        [name, rest @ ..] if is_name(name) => {
            let path = [before, &[name]].concat();
            match rest {
                ["::", next, ..] if *next != "<" => read_paths(&rest[1..], &path, paths),
                ["as", alias, rest @ ..] => {
                    paths.push((path, alias));
                    rest
                }
                _ => {
                    paths.push((path, name));
                    rest
                }
            }
        }
        [_, rest @ ..] => rest,
        [] => words,
    }
}
