//! Tests that hold the files of `deploy/` to this command line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::FromArgMatches as _;
use serde::Deserialize as _;
use serde_json::Value;

use crate::{Args, Command, LAST_WORK};

/// Read by the backend itself, and so no argument.
const TOKEN_KEY: &str = "WEB1ON1_TOKEN_KEY";

/// The whole command line.
fn command() -> clap::Command {
    crate::command()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// A file of `deploy/`.
fn text(name: &str) -> String {
    fs::read_to_string(directory().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The documents of a YAML file of `deploy/`.
fn yaml(name: &str) -> Vec<Value> {
    let text = text(name);
    yaml_serde::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).expect(name))
        .collect()
}

/// The texts of an array.
fn words(array: &Value) -> Vec<String> {
    let words = array.as_array().into_iter().flatten();
    words
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

/// All files of `deploy/` with their names from there.
fn files() -> Vec<(String, String)> {
    let mut open = vec![directory()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(directory()).expect("it is below");
            let text = fs::read_to_string(&path).expect("it is text");
            files.push((name.display().to_string(), text));
        }
    }
    files
}

/// Parses arguments that a file passes to the program.
#[track_caller]
fn parse(file: &str, arguments: &[String]) -> Command {
    let upstream = ["gateway", "--upstream", "http://127.0.0.1:1"].map(str::to_owned);
    let (first, rest) = arguments.split_first().expect("a subcommand");
    // What is needed and not given is in the environment of the unit.
    let needed = first == "gateway" && !rest.iter().any(|word| word.starts_with("--upstream"));
    let start = if needed {
        &upstream[..]
    } else {
        std::slice::from_ref(first)
    };
    let all = std::iter::once("web1on1").chain(start.iter().chain(rest).map(String::as_str));
    let matches = command().try_get_matches_from(all);
    match matches.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args.command,
        Err(error) => panic!("deploy/{file} runs web1on1 with {arguments:?}:\n{error}"),
    }
}

/// The command lines of all files, in the order of the files.
fn command_lines() -> Vec<(&'static str, Vec<String>)> {
    let mut lines = Vec::new();
    for line in text("Dockerfile").lines() {
        let line = line.trim();
        if let Some(array) = line.strip_prefix("CMD ") {
            let array = serde_json::from_str(array).expect("an array");
            lines.push(("Dockerfile", without_program(words(&array))));
        }
    }
    for document in yaml("compose.yaml") {
        let services = document["services"].as_object().expect("services");
        for (name, service) in services {
            let is_own = ["gateway", "backend"].contains(&name.as_str());
            if is_own {
                lines.push(("compose.yaml", words(&service["command"])));
            }
            let test = words(&service["healthcheck"]["test"]);
            if is_own && !test.is_empty() {
                lines.push(("compose.yaml", without_program(test[1..].to_vec())));
            }
        }
    }
    for name in ["kubernetes/gateway.yaml", "kubernetes/backend.yaml"] {
        let containers = yaml(name)[0]["spec"]["template"]["spec"]["containers"].take();
        for container in containers.as_array().expect("containers") {
            lines.push((name, words(&container["args"])));
        }
    }
    for name in [
        "systemd/web1on1-gateway.service",
        "systemd/web1on1-backend.service",
    ] {
        let unit = text(name);
        let start = setting(&unit, "ExecStart").expect("it starts something");
        let start = start.split_whitespace().map(str::to_owned);
        lines.push((name, without_program(start.collect())));
    }
    lines
}

fn without_program(words: Vec<String>) -> Vec<String> {
    let mut words = words;
    if words.first().is_some_and(|word| word.ends_with("web1on1")) {
        words.remove(0);
    }
    words
}

/// The first value of a setting of a unit.
fn setting<'a>(unit: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = unit.lines();
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
}

fn seconds(text: &str) -> Duration {
    crate::serve::duration(text).expect("a duration")
}

#[test]
fn every_command_line_can_be_parsed() {
    let lines = command_lines();
    assert_eq!(lines.len(), 9, "some command line was not found: {lines:?}");
    for (file, arguments) in lines {
        parse(file, &arguments);
    }
}

#[test]
fn every_flag_behind_a_command_in_prose_exists() {
    let command = command();
    for (file, text) in files() {
        for line in text.lines() {
            let mut words = line
                .split(|sign: char| sign.is_whitespace() || "`\"'[](),;".contains(sign))
                .filter(|word| !word.is_empty())
                .skip_while(|word| *word != "web1on1" && !word.ends_with("/web1on1"))
                .skip(1)
                .peekable();
            let mut at = &command;
            while let Some(next) = words.peek().and_then(|word| at.find_subcommand(word)) {
                at = next;
                words.next();
            }
            for flag in words.filter_map(|word| word.strip_prefix("--")) {
                let long = flag.split('=').next().unwrap_or_default();
                let is_there = long == "help"
                    || long.is_empty()
                    || at
                        .get_arguments()
                        .any(|argument| argument.get_long() == Some(long));
                let name = at.get_name();
                assert!(
                    is_there,
                    "deploy/{file}: {name} has no --{long}, in: {line}"
                );
            }
        }
    }
}

#[test]
fn every_variable_is_read_by_some_command() {
    let mut known = BTreeSet::from([TOKEN_KEY.to_owned()]);
    let mut open = vec![command()];
    while let Some(command) = open.pop() {
        let variables = command
            .get_arguments()
            .filter_map(|argument| argument.get_env());
        known.extend(variables.map(|name| name.to_string_lossy().into_owned()));
        open.extend(command.get_subcommands().cloned());
    }
    for (file, text) in files() {
        let words = text.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        for word in words.filter(|word| word.starts_with("WEB1ON1_")) {
            assert!(known.contains(word), "deploy/{file}: nothing reads {word}");
        }
    }
}

/// How long a server may take from SIGTERM to its end.
fn longest_stop(command: &Command) -> Duration {
    let (delay, grace) = match command {
        Command::Gateway(args) => args.stopping(),
        Command::Serve(args) => args.stopping(),
        Command::Backend(_) => (Duration::ZERO, crate::serve::GRACE),
        other => panic!("{other:?} is no server"),
    };
    delay + grace + LAST_WORK
}

#[test]
fn servers_have_the_time_that_they_take_to_stop() {
    for part in ["gateway", "backend"] {
        let name = format!("kubernetes/{part}.yaml");
        let pod = yaml(&name)[0]["spec"]["template"]["spec"].take();
        let stop = longest_stop(&parse(&name, &words(&pod["containers"][0]["args"])));
        let given = pod["terminationGracePeriodSeconds"].as_u64();
        let given = Duration::from_secs(given.expect("seconds"));
        assert!(
            given >= stop,
            "deploy/{name}: {given:?} are less than {stop:?}"
        );

        let name = format!("systemd/web1on1-{part}.service");
        let unit = text(&name);
        let start = setting(&unit, "ExecStart").expect("it starts something");
        let start: Vec<_> = start
            .split_whitespace()
            .skip(1)
            .map(str::to_owned)
            .collect();
        let stop = longest_stop(&parse(&name, &start));
        let given = seconds(setting(&unit, "TimeoutStopSec").expect("it has a bound"));
        assert!(
            given >= stop,
            "deploy/{name}: {given:?} are less than {stop:?}"
        );

        let service = yaml("compose.yaml")[0]["services"][part].take();
        let stop = longest_stop(&parse("compose.yaml", &words(&service["command"])));
        let given = seconds(
            service["stop_grace_period"]
                .as_str()
                .expect("it has a bound"),
        );
        assert!(
            given >= stop,
            "deploy/compose.yaml: {part}: {given:?} are less than {stop:?}"
        );
    }
}

#[test]
fn a_gateway_that_drains_is_noticed_before_it_stops_accepting() {
    let name = "kubernetes/gateway.yaml";
    let pod = yaml(name)[0]["spec"]["template"]["spec"].take();
    let container = &pod["containers"][0];
    let Command::Gateway(args) = parse(name, &words(&container["args"])) else {
        panic!("deploy/{name} runs another server");
    };
    let (delay, _) = args.stopping();
    let probe = &container["readinessProbe"];
    assert_eq!(probe["httpGet"]["path"], "/readyz");
    let number = |field: &str| probe[field].as_u64().expect("a number");
    let noticed = Duration::from_secs(
        number("periodSeconds") * number("failureThreshold") + number("timeoutSeconds"),
    );
    assert!(
        noticed <= delay,
        "deploy/{name}: the probe takes {noticed:?} to notice, --drain-delay is {delay:?}"
    );
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
}

#[test]
fn kustomize_takes_every_manifest() {
    let listed: BTreeSet<_> = words(&yaml("kubernetes/kustomization.yaml")[0]["resources"])
        .into_iter()
        .collect();
    let there: BTreeSet<_> = files()
        .into_iter()
        .filter_map(|(name, _)| Some(name.strip_prefix("kubernetes/")?.to_owned()))
        .filter(|name| name != "kustomization.yaml")
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn sockets_have_names_that_their_server_knows() {
    for (unit, name) in [
        ("web1on1-gateway", "grpc"),
        ("web1on1-gateway-admin", "admin"),
        ("web1on1-backend", "http"),
    ] {
        let text = text(&format!("systemd/{unit}.socket"));
        assert_eq!(setting(&text, "FileDescriptorName"), Some(name), "{unit}");
    }
}
