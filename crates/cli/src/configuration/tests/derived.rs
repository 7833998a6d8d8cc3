//! What is derived from the arguments: what is printed, the schema, the sample and the
//! help.

use std::ffi::OsString;
use std::path::Path;

use clap::Command;
use insta::assert_snapshot;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::Value;

use super::super::argument::{self, Argument};
use super::super::file::File;
use super::super::kind::Kind;
use super::super::{Asked, displayed, sample, schema};
use super::{ask, root};

fn arguments_of(server: &str) -> Vec<Argument> {
    let root = root();
    let server = root.find_subcommand(server).expect("it is a server");
    argument::of_command(server)
}

/// A value that an argument accepts and that is not its default, as it stands in a file.
fn another_value(argument: &Argument) -> toml::Value {
    let possible = argument.possible_values();
    let texts = [
        "true",
        "7",
        "0.5",
        "7s",
        "127.0.0.1:9",
        "x-name",
        "https://example.com",
        "10.0.0.0/8",
        "*",
        "a@example.com",
        "cn:shop",
        "/a/b",
    ];
    let texts = possible.iter().map(String::as_str).chain(texts);
    let fits = |text: &&str| {
        let value = OsString::from(text);
        let is_possible = possible.is_empty() || possible.iter().any(|known| known == text);
        argument.kind.to_toml(text).is_some()
            && is_possible
            && argument.default != [value.clone()]
            && argument.check(&value).is_ok()
    };
    let text = texts.into_iter().find(fits);
    let text = text.unwrap_or_else(|| {
        panic!(
            "no value fits {}; add one to `texts` in {}",
            argument.flag(),
            file!()
        )
    });
    let value = argument.kind.to_toml(text).expect("it fits");
    if argument.is_list {
        toml::Value::Array(vec![value.clone(), value])
    } else {
        value
    }
}

/// Checks that what is printed has the same effect, for a server with a file.
#[track_caller]
fn check_printed(server: &str, file: &str) {
    let words: &[&str] = &[server];
    let first = ask(words, &[], Some(file)).unwrap_or_else(|told| panic!("{file}\n{told}"));
    let printed = first.effective.to_toml();
    let again = ask(words, &[], Some(&printed)).unwrap_or_else(|told| panic!("{printed}\n{told}"));
    let args = |asked: &Asked| {
        let args = <crate::Args as clap::FromArgMatches>::from_arg_matches(&asked.matches);
        format!("{:?}", args.expect("clap has parsed them"))
    };
    assert_eq!(args(&first), args(&again), "{printed}");
    let values = |asked: &Asked| {
        let Value::Object(shown) = asked.effective.to_json() else {
            panic!("it is an object");
        };
        let shown = shown.into_iter();
        shown
            .map(|(name, shown)| (name, shown["value"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(values(&first), values(&again), "{printed}");
}

/// The lines of a file with another value for each argument of a server that is no secret.
fn lines(server: &str) -> Vec<String> {
    let arguments = arguments_of(server).into_iter();
    let open = arguments.filter(|argument| !argument.is_secret);
    open.map(|argument| format!("{} = {}", argument.name, another_value(&argument)))
        .collect()
}

/// The lines with those for the arguments that they need, as the errors name these;
/// nothing if some of them exclude each other.
fn completed(server: &str, mut lines: Vec<String>) -> Option<String> {
    let all = self::lines(server);
    loop {
        let file = lines.join("\n");
        let Err(told) = ask(&[server], &[], Some(&file)) else {
            return Some(file);
        };
        if told.contains("cannot be given together") {
            return None;
        }
        let missing = told
            .split_once("error: --")
            .and_then(|(_, rest)| rest.split(' ').next());
        let needed = missing.and_then(|name| {
            let begins = format!("{name} = ");
            all.iter().find(|line| line.starts_with(&begins))
        });
        let needed = needed.filter(|line| !lines.contains(line));
        lines.push(needed.unwrap_or_else(|| panic!("{file}\n{told}")).clone());
    }
}

#[test]
fn every_argument_can_be_printed_and_read_again() {
    for server in argument::SERVERS {
        for line in lines(server) {
            let file = completed(server, vec![line]).expect("an argument can be given alone");
            check_printed(server, &file);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_printed_has_the_same_effect(
        lines in subsequence(lines("gateway"), 0..=lines("gateway").len())
    ) {
        let file = completed("gateway", lines);
        prop_assume!(file.is_some());
        check_printed("gateway", &file.unwrap_or_default());
    }
}

/// Checks that a file is what is derived, or writes it.
#[track_caller]
fn check_derived(file: &str, derived: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, derived).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == derived,
        "{file} is not what the arguments derive; update it with\n\n    \
         UPDATE=1 cargo test -p web1on1 configuration\n"
    );
}

fn derived_schema() -> Value {
    schema::schema(&root()).unwrap_or_else(|missing| panic!("{}", missing.join("\n")))
}

#[test]
fn the_schema_is_up_to_date() {
    let schema = derived_schema();
    let text = serde_json::to_string_pretty(&schema).expect("it is JSON") + "\n";
    check_derived("docs/config.schema.json", &text);
}

#[test]
fn the_schema_accepts_what_is_read() {
    let schema = derived_schema();
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    for server in argument::SERVERS {
        for line in lines(server) {
            let file: toml::Value = toml::from_str(&line).expect("it is TOML");
            let file = serde_json::to_value(file).expect("it is JSON");
            assert!(validator.is_valid(&file), "{line}");
        }
    }
    let check = |text: &str, expected: bool| {
        let file: toml::Value = toml::from_str(text).expect("it is TOML");
        let file = serde_json::to_value(file).expect("it is JSON");
        assert_eq!(validator.is_valid(&file), expected, "{text}");
    };
    check("[upstream]\nmax-connections = 7", true);
    check("max.calls = 7", true);
    check("max-calls = \"7\"", false);
    check("max-cals = 7", false);
    check("[upstream]\nmax-conections = 7", false);
    check("max-blocking-threads = 0", false);
}

#[test]
fn the_sample_is_up_to_date() {
    check_derived("docs/web1on1.toml", &sample::sample(&root()));
}

#[test]
fn the_sample_has_every_key_and_its_defaults_are_read() {
    let sample = sample::sample(&root());
    let known = argument::of_servers(&root(), &[]);
    let mut file = String::new();
    for argument in &known {
        let begins = format!("# {} = ", argument.name);
        let line = sample.lines().find(|line| line.starts_with(&begins));
        let line = line.unwrap_or_else(|| panic!("there is no line {begins:?}"));
        if schema::default(&root(), argument).is_some() {
            file.push_str(&line[2..]);
            file.push('\n');
        }
    }
    let problems = File::read(&file, "sample", &known).problems;
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn the_schema_says_something_of_every_argument() {
    let schema = derived_schema();
    for argument in argument::of_servers(&root(), &[]) {
        let mut property = &schema["properties"][&argument.name];
        if property["anyOf"].is_array() {
            property = &property["anyOf"][0];
        }
        let description = property["description"].as_str().unwrap_or_default();
        assert!(!description.is_empty(), "{} has no help", argument.flag());
        assert!(
            property["type"].is_string(),
            "{}: {property}",
            argument.flag()
        );
        let is_boolean = argument.kind == Kind::Boolean;
        assert_eq!(
            property["type"] == "boolean",
            is_boolean,
            "{}",
            argument.flag()
        );
    }
}

#[test]
fn every_argument_has_a_heading_and_a_variable_in_the_help() {
    let root = displayed(root(), false);
    for server in argument::SERVERS {
        let mut server = root
            .find_subcommand(server)
            .expect("it is a server")
            .clone();
        let help = server.render_long_help().to_string();
        for argument in arguments_of(server.get_name()) {
            let shown = format!("[env: {}]", argument.variable());
            assert_eq!(help.matches(&shown).count(), 1, "{shown} is not there once");
        }
    }
}

/// The short help of a command and of those below it.
fn short_help(command: &Command, path: &str, shown: &mut Vec<(String, String)>) {
    let mut own = command.clone().term_width(80);
    shown.push((path.to_owned(), own.render_help().to_string()));
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            short_help(below, &format!("{path}-{}", below.get_name()), shown);
        }
    }
}

#[test]
fn the_short_help_fits_on_a_screen() {
    let mut root = displayed(root(), true);
    root.build();
    let mut shown = Vec::new();
    short_help(&root, "web1on1", &mut shown);
    for (path, help) in shown {
        assert_snapshot!(format!("help-{path}"), help);
    }
}
