//! The layers of the configuration, and what is told of one that is wrong.

mod derived;

use std::ffi::OsString;
use std::path::Path;

use clap::Command;
use insta::assert_snapshot;
use serde_json::Value;

use super::argument::OF_ALL_COMMANDS;
use super::{Asked, Refused, read};

const UPSTREAM: [&str; 2] = ["--upstream", "http://127.0.0.1:1"];

fn root() -> Command {
    crate::command()
}

/// Reads a command line, variables, and a file if there is one.
fn ask(words: &[&str], variables: &[(&str, &str)], file: Option<&str>) -> Result<Asked, String> {
    let directory = tempfile::tempdir().expect("a directory is made");
    let path = directory.path().join("c.toml");
    let mut variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect();
    if let Some(text) = file {
        std::fs::write(&path, text).expect("the file is written");
        variables.push(("WEB1ON1_CONFIG".into(), path.clone().into()));
    }
    let words = std::iter::once("web1on1").chain(words.iter().copied());
    let words = words.map(OsString::from).collect();
    read(&root(), words, variables, &[]).map_err(|refused| match refused {
        Refused::Clap(error) => error.to_string(),
        Refused::Configuration(text) => text.replace(&path.display().to_string(), "c.toml"),
    })
}

/// Checks the value and the origin of one argument of the gateway.
#[track_caller]
fn check(
    flags: &[&str],
    variables: &[(&str, &str)],
    file: &str,
    name: &str,
    expected: &(Value, &str),
) {
    let words = [&["gateway"], &UPSTREAM[..], flags].concat();
    let asked = ask(&words, variables, Some(file)).unwrap_or_else(|told| panic!("{told}"));
    let found = &asked.effective.to_json()[name];
    let origin = found["origin"].as_str().unwrap_or_default();
    let origin = Path::new(origin).file_name().unwrap_or_default();
    assert_eq!(
        (&found["value"], origin.to_str()),
        (&expected.0, Some(expected.1))
    );
}

#[test]
fn a_flag_comes_before_a_variable_and_that_before_the_file() {
    let name = "max-calls";
    let variable = [("WEB1ON1_MAX_CALLS", "2")];
    let flag = ["--max-calls", "3"];
    check(&[], &[], "", name, &(10_000.into(), "default"));
    check(&[], &[], "\nmax-calls = 1", name, &(1.into(), "c.toml:2"));
    let expected = (2.into(), "WEB1ON1_MAX_CALLS");
    check(&[], &variable, "max-calls = 1", name, &expected);
    let expected = (3.into(), "--max-calls");
    check(&flag, &variable, "max-calls = 1", name, &expected);
}

#[test]
fn what_is_read_has_what_the_sources_say() {
    let words = ["serve", "--max-calls", "3", "--http", "127.0.0.1:7"];
    let variables = [
        ("WEB1ON1_GRPC", "127.0.0.1:9"),
        ("WEB1ON1_TRUSTED_PROXY", "10.0.0.1,::1"),
    ];
    let asked = ask(
        &words,
        &variables,
        Some("grace = \"7s\"\nseed = [\"a\", \"b\"]"),
    );
    let matches = asked.unwrap_or_else(|told| panic!("{told}")).matches;
    let args = <crate::Args as clap::FromArgMatches>::from_arg_matches(&matches);
    let args = format!("{:?}", args.expect("clap has parsed them"));
    for part in [
        "max_calls: 3,",
        "http: 127.0.0.1:7,",
        "grpc: 127.0.0.1:9,",
        "trusted_proxy: [10.0.0.1/32, ::1/128]",
        "grace: 7s",
        "seed: [\"a\", \"b\"]",
    ] {
        assert!(args.contains(part), "{part} is not in {args}");
    }
}

#[test]
fn a_table_is_a_prefix() {
    let whole = "upstream-max-connections = 7";
    for file in [
        whole,
        "[upstream]\nmax-connections = 7",
        "[upstream-max]\nconnections = 7",
        "[upstream.max]\nconnections = 7",
        "upstream.max-connections = 7",
        "upstream = { max-connections = 7 }",
    ] {
        let words = [&["gateway"], &UPSTREAM[..]].concat();
        let asked = ask(&words, &[], Some(file)).unwrap_or_else(|told| panic!("{file}: {told}"));
        let found = &asked.effective.to_json()["upstream-max-connections"]["value"];
        assert_eq!(found, &Value::from(7), "{file}");
    }
}

#[test]
fn a_variable_that_is_empty_says_nothing() {
    let variable = [("WEB1ON1_MAX_CALLS", "")];
    check(&[], &variable, "", "max-calls", &(10_000.into(), "default"));
}

#[test]
fn one_file_serves_all_commands() {
    let file = "upstream = [\"http://127.0.0.1:1\"]\ndata = \"d\"\nmax-calls = 5";
    for command in [
        &["serve"][..],
        &["gateway"],
        &["backend"],
        &["backend", "rotate-key"],
    ] {
        if let Err(told) = ask(command, &[], Some(file)) {
            panic!("{command:?}: {told}");
        }
    }
}

#[test]
fn a_subcommand_of_the_backend_knows_where_the_data_is() {
    let words = ["backend", "backup", "x.backup"];
    let asked = ask(&words, &[("WEB1ON1_DATA", "e")], Some("data = \"d\""));
    let asked = asked.unwrap_or_else(|told| panic!("{told}"));
    let shown = format!("{:?}", asked.effective.to_json());
    assert!(
        shown.contains("WEB1ON1_DATA") && shown.contains("\"e\""),
        "{shown}"
    );
}

#[test]
fn what_all_commands_take_are_the_arguments_on_places_and_keys() {
    let shared = <crate::serve::KeyArgs as clap::Args>::augment_args(Command::new("shared"));
    let shared = <crate::serve::PlaceArgs as clap::Args>::augment_args(shared);
    let mut names: Vec<_> = shared
        .get_arguments()
        .filter_map(|arg| arg.get_long())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names, OF_ALL_COMMANDS,
        "change OF_ALL_COMMANDS in argument.rs"
    );
}

/// Returns all that is wrong.
#[track_caller]
fn refused(words: &[&str], variables: &[(&str, &str)], file: &str) -> String {
    match ask(words, variables, Some(file)) {
        Ok(_) => panic!("it was accepted"),
        Err(told) => told,
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let file = "max-calls = \"many\"\nmax_lists = 5\ngrace = \"soon\"\n\
        [upstream]\nretries = -1\nprotocol = \"http3\"\n[max]\nqueue = 1\n\
        [max-queue]\nwait = 30\n";
    let words = [
        "gateway",
        "--max-cals",
        "5",
        "--data",
        "x",
        "--max-lists",
        "no",
    ];
    let variables = [
        ("WEB1ON1_MAX_STREAMS", "few"),
        ("WEB1ON1_FORWARD_HEADERS", "x"),
    ];
    assert_snapshot!("problems", refused(&words, &variables, file));
}

/// Checks that one thing is wrong, and that the message has all parts.
#[track_caller]
fn check_refused(file: &str, parts: &[&str]) {
    let told = refused(&["gateway", UPSTREAM[0], UPSTREAM[1]], &[], file);
    for part in parts.iter().chain(&["There is one error"]) {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
}

#[test]
fn what_is_given_twice_names_both_lines() {
    let file = "upstream-ca = \"a\"\n[upstream]\nca = \"b\"";
    check_refused(
        file,
        &[
            "`upstream-ca` is given twice: in line 1 and in line 3",
            "c.toml:3:1",
        ],
    );
    check_refused(
        "max-calls = 1\nmax-calls = 2",
        &["`max-calls` is given twice; keep one of them", "c.toml:2:1"],
    );
    check_refused(
        "[max]\ncalls = 1\n[max]\nqueue = 1",
        &["`max` is given twice; move what is in it", "c.toml:3:2"],
    );
}

#[test]
fn numbers_and_addresses_that_cannot_be_are_told_in_words() {
    for number in ["0", "-1"] {
        let file = format!("max-calls = {number}");
        check_refused(&file, &["`max-calls` is not valid: must be 1 or more"]);
        let file = format!("max-blocking-threads = {number}");
        check_refused(&file, &["`max-blocking-threads` is not valid: it "]);
    }
    check_refused("max-queue = -1", &["it cannot be negative"]);
    check_refused("max-queue = 99999999999999999999", &["it is too large"]);
    for address in ["0.0.0.0", "localhost:50051", ":50051"] {
        let file = format!("grpc = \"{address}\"");
        check_refused(
            &file,
            &["an IP address and a port, such as 127.0.0.1:50051"],
        );
    }
}

#[test]
fn a_number_in_place_of_a_string_is_shown_as_one() {
    check_refused("admin = 9464", &["such as admin = \"9464\""]);
    let told = refused(&["backend"], &[], "owner-password = 12345678");
    assert!(told.contains("must be a string"), "{told}");
    assert!(!told.contains("12345678"), "a password is shown: {told}");
}

#[test]
fn a_value_that_is_missing_is_told() {
    for file in ["grace =", "grace = # later\nmax-calls = 1"] {
        check_refused(file, &["there is no value behind the `=`", "c.toml:1:"]);
    }
}

#[test]
fn a_file_that_is_not_utf8_is_told_with_its_line() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let path = directory.path().join("c.toml");
    std::fs::write(&path, b"grace = \"1s\"\n# caf\xe9\n").expect("the file is written");
    let path = path.to_str().expect("it is text");
    let told = ask(&["serve", "--config", path], &[], None).err();
    let told = told.expect("it is refused");
    assert!(told.contains("is not in UTF-8: line 2"), "{told}");
}

#[test]
fn a_table_beside_its_argument_is_explained() {
    let file = "upstream = [\"http://a\"]\n[upstream]\nca = \"b\"";
    check_refused(
        file,
        &[
            "`upstream` is given twice",
            "write what would be in it with the whole name",
        ],
    );
}

#[test]
fn types_must_fit() {
    check_refused(
        "grace = 30",
        &["`grace` must be a string, not an integer, such as grace = \"30s\""],
    );
    check_refused(
        "max-calls = 1.5",
        &["`max-calls` must be an integer, not a number with a point"],
    );
    check_refused(
        "seed = \"x\"",
        &["`seed` must be an array of strings, not a string, such as seed = [\"FILE\"]"],
    );
    check_refused("seed = [1]", &["each of `seed` must be a string", "1:9"]);
    check_refused(
        "upstream-retry-ratio = true",
        &["must be a number, not true or false"],
    );
    check_refused("max-calls = []", &["must be an integer, not an array"]);
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    check_refused(
        "max-calls = 1 2",
        &["this is no TOML", "c.toml:1:13", "max-calls = 1 2"],
    );
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let told = ask(&["serve", "--config", "/no/such.toml"], &[], None);
    let told = told.err().expect("there is no file");
    assert!(told.contains("/no/such.toml cannot be read"), "{told}");
}

#[test]
fn a_command_with_a_wrong_name_names_the_nearest() {
    let told = refused(&["backend", "bakcup", "x"], &[], "");
    assert!(told.contains("the nearest is backup"), "{told}");
}

#[test]
fn a_flag_that_is_given_twice_is_told() {
    let words = ["serve", "--max-calls", "1", "--max-calls", "2"];
    let told = refused(&words, &[], "");
    assert!(
        told.contains("--max-calls <NUMBER> is given more than once"),
        "{told}"
    );
}

/// A program whose servers have a switch that excludes a number.
fn with_switch() -> Command {
    let switch = clap::Arg::new("switch")
        .long("switch")
        .action(clap::ArgAction::SetTrue)
        .conflicts_with("number");
    let number = clap::Arg::new("number")
        .long("number")
        .value_parser(clap::value_parser!(u8))
        .default_value("1");
    let truth = clap::Arg::new("truth")
        .long("truth")
        .value_parser(clap::value_parser!(bool))
        .default_value("true");
    let server = |name| Command::new(name).args([&switch, &number, &truth]);
    let servers = super::argument::SERVERS.map(server);
    super::offer(Command::new("web1on1").subcommands(servers))
}

/// Checks whether a switch is on.
#[track_caller]
fn check_switch(flag: Option<&str>, variable: &str, file: &str, expected: Result<bool, &str>) {
    let directory = tempfile::tempdir().expect("a directory is made");
    let path = directory.path().join("c.toml");
    std::fs::write(&path, file).expect("the file is written");
    let variables = [
        ("WEB1ON1_SWITCH".into(), variable.into()),
        ("WEB1ON1_CONFIG".into(), path.into_os_string()),
    ];
    let words = ["web1on1", "serve"].into_iter().chain(flag);
    let words = words.map(OsString::from).collect();
    let found = match read(&with_switch(), words, variables, &[]) {
        Ok(asked) => {
            let serve = asked.matches.subcommand_matches("serve");
            Ok(serve.expect("it is asked for").get_flag("switch"))
        }
        Err(Refused::Clap(error)) => Err(error.to_string()),
        Err(Refused::Configuration(told)) => Err(told),
    };
    match (found, expected) {
        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
        (Err(told), Err(part)) => assert!(told.contains(part), "{told}"),
        (found, _) => panic!("{found:?}"),
    }
}

#[test]
fn a_switch_is_on_or_off_in_every_source() {
    check_switch(None, "", "", Ok(false));
    check_switch(None, "", "switch = true", Ok(true));
    check_switch(None, "false", "switch = true", Ok(false));
    check_switch(None, "1", "switch = false", Ok(true));
    check_switch(Some("--switch"), "no", "switch = false", Ok(true));
    check_switch(
        None,
        "perhaps",
        "",
        Err("WEB1ON1_SWITCH must be true or false"),
    );
    check_switch(
        None,
        "",
        "switch = 1",
        Err("must be true or false, not an integer"),
    );
}

#[test]
fn a_truth_value_is_read_from_a_file() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let path = directory.path().join("c.toml");
    std::fs::write(&path, "truth = false").expect("the file is written");
    let words = ["web1on1", "serve", "--config"].map(OsString::from);
    let words = words.into_iter().chain([path.into_os_string()]).collect();
    let asked = read(&with_switch(), words, [], &[]);
    let Ok(asked) = asked else {
        panic!("it was refused");
    };
    let serve = asked.matches.subcommand_matches("serve");
    let serve = serve.expect("it is asked for");
    assert_eq!(serve.get_one::<bool>("truth"), Some(&false));
}

#[test]
fn what_is_in_conflict_names_both_sources() {
    let conflict = "cannot be given together with --switch";
    check_switch(Some("--switch"), "", "number = 2", Err(conflict));
    check_switch(Some("--switch"), "", "number = 2", Err("c.toml:1"));
    // A default is what nobody has given.
    check_switch(Some("--switch"), "", "number = 1", Ok(true));
}

#[test]
fn a_url_that_is_none_is_told_with_its_line() {
    let told = refused(&["gateway"], &[], "upstream = [\"a.example.com\"]");
    assert!(
        told.contains("`upstream` is not valid: it has no scheme") && told.contains("c.toml:1:13"),
        "{told}"
    );
}

#[test]
fn what_is_missing_can_be_given_in_three_ways() {
    let told = refused(&["gateway"], &[], "");
    for way in [
        "--upstream <URL> is missing",
        "WEB1ON1_UPSTREAM",
        "`upstream` in a",
    ] {
        assert!(told.contains(way), "{told}");
    }
}

#[test]
fn no_problem_shows_a_secret() {
    let files = [
        "owner-pasword = \"hush\"",
        "owner-password = 1 \"hush\"",
        "owner-password = \"hush",
        "[owner]\npassword = [\"hush\"]",
        "database = [\"postgres://u:hush@h\"]",
        "databse = \"postgres://u:hush@h\"",
        "owner = { password = [\"hush\"] }",
        "owner-password = \"\"\"\nhush\" \\q",
        "upstream = [\"http://user:hush@127.0.0.1:1\"]",
    ];
    for file in files {
        let variables = [("WEB1ON1_MAX_CALLS", "hush"), ("WEB1ON1_DATABSE", "hush")];
        let words = ["serve", "--databse=hush", "--owner-pasword", "hush"];
        let told = refused(&words, &variables, file);
        assert!(!told.contains("hush"), "{file}\n{told}");
    }
}

#[test]
fn what_is_in_effect_shows_no_secret() {
    let variables = [
        ("WEB1ON1_OWNER_PASSWORD", "hush"),
        ("WEB1ON1_DATABASE", "hush"),
    ];
    let served = ask(&["serve"], &variables, Some("pictures = \"hush\""));
    let served = served.unwrap_or_else(|told| panic!("{told}"));
    let shown = format!(
        "{}{}",
        served.effective.to_toml(),
        served.effective.to_json()
    );
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("hidden"), "{shown}");
}

#[test]
fn variables_that_mean_something_elsewhere_are_no_warning() {
    let known = [
        ("WEB1ON1_TOKEN", "x"),
        ("WEB1ON1_TOKEN_KEY", "x"),
        ("WEB1ON1_TEST_POSTGRES", "x"),
        ("WEB1ON1_DATA", "x"),
        ("WEB1ON1_SERVICE_HOST", "10.0.0.1"),
        ("WEB1ON1_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
    ];
    let words = ["gateway", UPSTREAM[0], UPSTREAM[1]];
    let asked = ask(&words, &known, None).unwrap_or_else(|told| panic!("{told}"));
    assert_eq!(asked.warnings, Vec::<String>::new());
}

#[test]
fn a_variable_with_a_wrong_name_is_a_warning() {
    let words = ["gateway", UPSTREAM[0], UPSTREAM[1]];
    let asked = ask(&words, &[("WEB1ON1_MAX_CALL", "1")], None);
    let warnings = asked.unwrap_or_else(|told| panic!("{told}")).warnings;
    assert_eq!(
        warnings,
        ["there is no variable WEB1ON1_MAX_CALL; the nearest is WEB1ON1_MAX_CALLS"]
    );
}

#[test]
fn every_variable_in_the_sources_is_known() {
    fn visit(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).expect("the sources are there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).expect("it is text");
                for (start, _) in text.match_indices("\"WEB1ON1_") {
                    let name = text[start + 1..].split(|c: char| {
                        !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_'
                    });
                    found.extend(name.into_iter().next().map(str::to_owned));
                }
            }
        }
    }
    let mut found = Vec::new();
    visit(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let known = super::environment::known_elsewhere(&root());
    for name in found {
        assert!(
            known.contains(&name) || name.starts_with("WEB1ON1_TEST_") || name == "WEB1ON1_",
            "{name} is the variable of no argument; if it has none because it is a secret, add it \
             to WITHOUT_ARGUMENT in crates/cli/src/configuration/environment.rs"
        );
    }
}
