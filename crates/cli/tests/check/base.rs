//! What a change is compared with, and what it cannot talk the check out of.

use std::fs;

use crate::repository::Repository;

/// A copy whose state is on the default branch, and a branch for a change.
fn with_branch(prepare: impl FnOnce(&Repository)) -> Repository {
    let repository = Repository::copy();
    prepare(&repository);
    repository.commit();
    repository.branch();
    repository
}

fn allowing(id: &str, subject: &str) -> String {
    format!("\n[[allow]]\nid = \"{id}\"\nsubject = \"{subject}\"\nreason = \"It was agreed on.\"\n")
}

fn append(repository: &Repository, name: &str, text: &str) {
    let content = repository.read(name);
    repository.write(name, &format!("{content}{text}"));
}

/// Checks that a change fails with an exception, also if it allows it itself, and
/// passes once the base allows it.
#[track_caller]
fn check_exception(id: &str, subject: &str, change: impl Fn(&Repository)) {
    let repository = with_branch(|_| {});
    change(&repository);
    repository.commit();
    let error = format!("error[{id}]");
    let entry = format!("id = \"{id}\" and subject = \"{subject}\"");
    let which = "the merge base of HEAD and main";
    repository.check(&["check"], 1, &[&error, &entry, which]);
    append(&repository, "contract.toml", &allowing(id, subject));
    repository.commit();
    repository.check(&["check"], 1, &[&error]);

    let repository =
        with_branch(|repository| append(repository, "contract.toml", &allowing(id, subject)));
    change(&repository);
    repository.commit();
    let warning = format!("warning[{id}]");
    let expected = [&*warning, "the base allows it: It was agreed on."];
    repository.check(&["check"], 0, &expected);
}

#[test]
fn a_waiver_does_not_hide_that_an_rpc_moved() {
    check_exception("waiver-added", "getForm path", |repository| {
        let service = "proto/web1on1/v2/form_service.proto";
        repository.replace(
            service,
            "get: \"/forms/{form_id}\"",
            "get: \"/form/{form_id}\"",
        );
        let waiver = "\n[[waiver]]\nsubject = \"getForm\"\naspect = \"path\"\nside = \"protos\"\n\
            reason = \"It is shorter.\"\n";
        append(repository, "crates/conformance/waivers.toml", waiver);
        repository.check(&["bless"], 0, &["published"]);
    });
}

#[test]
fn an_ignore_entry_does_not_hide_what_it_accepts() {
    check_exception("ignore-added", "stale-file", |repository| {
        repository.replace(
            "contract.toml",
            "built-in",
            "ignore = \"accepted.toml\"\nbuilt-in",
        );
        let entry = "[[ignore]]\nid = \"stale-file\"\nreason = \"It is fresh enough.\"\n";
        repository.write("accepted.toml", entry);
    });
}

#[test]
fn a_known_deviation_that_is_added_does_not_hide_itself() {
    let subject = "response-write-only-property GET /users";
    check_exception("ignore-added", subject, |repository| {
        let entry = "\n[[ignore]]\nid = \"response-write-only-property\"\n\
            operation = \"GET /users\"\nreason = \"It is an old one.\"\n";
        append(repository, "openapi/recorded.toml", entry);
    });
}

#[test]
fn a_level_is_not_lowered_by_who_is_judged() {
    check_exception(
        "level-lowered",
        "response-required-property-removed warning",
        |repository| {
            repository.replace(
                "contract.toml",
                "built-in",
                "ignore = \"accepted.toml\"\nbuilt-in",
            );
            repository.write(
                "accepted.toml",
                "[levels]\nresponse-required-property-removed = \"warning\"\n",
            );
        },
    );
}

#[test]
fn rules_of_buf_are_not_loosened_by_who_is_judged() {
    check_exception(
        "buf-rules-loosened",
        "breaking.ignore proto",
        |repository| {
            append(repository, "buf.yaml", "    - proto\n");
            repository.check(&["bless"], 0, &["published"]);
        },
    );
}

#[test]
fn settings_are_not_changed_by_who_is_judged() {
    check_exception("settings-changed", "changelog", |repository| {
        repository.replace("contract.toml", "changelog = \"CHANGELOG.md\"\n", "");
    });
}

#[test]
fn a_guarded_list_of_differences_does_not_grow() {
    let waivers = "crates/contract/tests/waivers.json";
    check_exception("guarded-file-changed", waivers, |repository| {
        let waiver = "[\n  {\"of\": \"*\", \"property\": \"phone\", \"kind\": \"type\", \
            \"reason\": \"It is a number now.\"},";
        repository.replace(waivers, "[", waiver);
    });
}

#[test]
fn the_command_that_checks_does_not_get_other_flags() {
    check_exception("guarded-file-changed", ".ci/contract", |repository| {
        let flags = "--require-buf --level disagreement=none";
        repository.replace(".ci/contract", "--require-buf", flags);
    });
}

#[test]
fn the_step_that_checks_does_not_go() {
    check_exception("guarded-file-changed", ".ci/run", |repository| {
        repository.replace(".ci/run", "\nstep .ci/contract\n", "\n");
    });
}

#[test]
fn other_steps_and_comments_are_nobodys_business() {
    let repository = with_branch(|_| {});
    repository.replace(
        ".ci/run",
        "step buf lint",
        "step buf lint --error-format json",
    );
    append(&repository, ".ci/contract", "\n# That is all.\n");
    repository.check(&["check"], 0, &["ok    base"]);
}

#[test]
fn a_file_does_not_cease_to_be_guarded() {
    let subject = "guarded .ci/run";
    check_exception("settings-changed", subject, |repository| {
        repository.replace("contract.toml", "\".ci/run\" = \"*contract*\"\n", "");
    });
}

#[test]
fn an_ignore_entry_does_not_grow_wider() {
    let entry = |path: &str| {
        format!(
            "\n[[ignore]]\nid = \"response-missing-property\"\npath = \"{path}\"\n\
             message = \"*name*\"\nreason = \"It was agreed on.\"\n"
        )
    };
    let repository = with_branch(|repository| {
        append(repository, "openapi/recorded.toml", &entry("/services"));
    });
    repository.replace("openapi/recorded.toml", &entry("/services"), &entry("/*"));
    let expected = [
        "error[ignore-added]",
        "`response-missing-property /* *name*`",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn an_entry_of_the_changelog_is_not_rewritten() {
    check_exception("changelog-entry-changed", "2.0.0", |repository| {
        let log = repository.read("CHANGELOG.md");
        let at = log.find("## 2.0.0 ").expect("it is there");
        let log = format!("{}## 2.0.0 (2026-01-01)\n\nNothing of note.\n", &log[..at]);
        repository.write("CHANGELOG.md", &log);
    });
}

#[test]
fn a_raised_version_is_agreed_on_first() {
    let repository = Repository::with_a_removed_property();
    let [major, ..] = repository.version();
    let next = format!("{}.0.0", major + 1);
    repository.commit();
    repository.branch();
    repository.check(&["bless", "--as", &next], 0, &["published"]);
    repository.commit();
    repository.check(
        &["check"],
        1,
        &["error[version-raised]", &format!("subject = \"{next}\"")],
    );

    let repository = Repository::with_a_removed_property();
    append(
        &repository,
        "contract.toml",
        &allowing("version-raised", &next),
    );
    repository.commit();
    repository.branch();
    repository.check(&["bless", "--as", &next], 0, &["published"]);
    repository.commit();
    repository.check(&["check"], 0, &["warning[version-raised]", "warn  rest"]);
}

#[test]
fn an_allowance_that_has_expired_allows_nothing() {
    let repository = with_branch(|repository| {
        let entry = allowing("ignore-added", "*");
        append(
            repository,
            "contract.toml",
            &format!("{entry}expires = \"2020-01-01\"\n"),
        );
    });
    let entry = "\n[[ignore]]\nid = \"stale-file\"\nreason = \"It is fresh enough.\"\n";
    append(&repository, "openapi/recorded.toml", entry);
    repository.check(&["check"], 1, &["error[ignore-added]"]);
}

#[test]
fn a_change_that_edits_what_is_published_is_compared_with_the_base() {
    let repository = Repository::with_a_removed_property();
    repository.commit();
    repository.branch();
    // As if somebody had edited the published contract to silence the check.
    repository.write(
        "blessed/openapi.json",
        &repository.read("openapi/openapi.json"),
    );
    repository.has_manifest();
    repository.commit();
    let [major, ..] = repository.version();
    let next = format!("asks for {}.0.0 at least", major + 1);
    let expected = [
        "the merge base of HEAD and main",
        "FAIL  rest",
        "shoeSize",
        "error[version-not-raised]",
        &next,
    ];
    repository.check(&["check"], 1, &expected);
    repository.check(
        &["check", "--against", "main"],
        1,
        &["base:     main:blessed/openapi.json"],
    );
    let nowhere = ["check", "--against", "nowhere"];
    repository.check(&nowhere, 2, &["there is no commit nowhere here"]);
}

#[test]
fn on_the_default_branch_the_commit_before_is_the_base() {
    let repository = Repository::with_a_removed_property();
    repository.commit();
    repository.write(
        "blessed/openapi.json",
        &repository.read("openapi/openapi.json"),
    );
    repository.has_manifest();
    repository.commit();
    let expected = ["the commit before HEAD, which is on main", "shoeSize"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn the_first_commit_is_its_own_base() {
    let repository = Repository::copy();
    repository.commit();
    repository.check(&["check"], 0, &["HEAD, the first commit"]);
}

#[test]
fn without_git_it_says_what_it_compares_with() {
    let repository = Repository::copy();
    repository.check(&["check"], 0, &["this is no git checkout"]);
    let against = ["check", "--against", "main"];
    repository.check(&against, 2, &["--against main needs a git checkout"]);
}

#[test]
fn a_git_that_refuses_is_not_taken_for_none() {
    let repository = Repository::copy();
    repository.write(".git", "gitdir: /nowhere\n");
    repository.check(&["check"], 2, &["`git rev-parse --git-dir` failed"]);
}

#[test]
fn without_a_default_branch_it_says_what_to_fetch() {
    let repository = Repository::copy();
    repository.commit();
    repository.git(&["branch", "--move", "trunk"]);
    let expected = [
        "origin/HEAD, origin/main, origin/master, main, master",
        "git fetch origin",
    ];
    repository.check(&["check"], 2, &expected);
    repository.check(&["check", "--against", "HEAD"], 0, &["0 errors"]);
}

#[test]
fn two_default_branches_have_to_be_told_apart() {
    let repository = Repository::copy();
    repository.commit();
    repository.git(&["branch", "master"]);
    repository.check(&["check"], 0, &["0 errors"]);
    repository.git(&["commit", "--quiet", "--allow-empty", "--message", "another"]);
    let expected = [
        "both main and master are here",
        "git remote set-head origin --auto",
    ];
    repository.check(&["check"], 2, &expected);
}

#[test]
fn a_shallow_clone_says_what_to_fetch() {
    let origin = Repository::copy();
    origin.commit();
    origin.branch();
    origin.commit();
    origin.git(&["switch", "--quiet", "main"]);
    let clone = origin.clone_with(&["--depth", "1", "--no-single-branch", "--branch", "change"]);
    let expected = [
        "this is a shallow clone",
        "the merge base of HEAD and origin/main",
        "git fetch --unshallow origin",
        "fetch-depth: 0",
    ];
    clone.check(&["check"], 2, &expected);
    clone.git(&["fetch", "--quiet", "--unshallow", "origin"]);
    clone.check(&["check"], 0, &["the merge base of HEAD and origin/main"]);
}

#[test]
fn the_name_of_the_default_branch_is_asked_of_the_remote() {
    let origin = Repository::copy();
    origin.commit();
    origin.git(&["branch", "--move", "trunk"]);
    let clone = origin.clone_with(&[]);
    clone.branch();
    clone.commit();
    clone.check(&["check"], 0, &["the merge base of HEAD and origin/trunk"]);
}

#[test]
fn an_ignore_file_from_outside_is_no_part_of_the_change() {
    let repository = with_branch(|_| {});
    let outside = tempfile::tempdir().expect("a directory");
    let file = outside.path().join("accepted.toml");
    let entry = "[[ignore]]\nid = \"stale-file\"\nreason = \"It is fresh enough.\"\n";
    fs::write(&file, entry).expect("a file");
    let ignore = ["check", "--ignore", file.to_str().expect("UTF-8")];
    repository.check(&ignore, 0, &["warning[ignore-unused]", "ok    base"]);
    repository.write("accepted.toml", entry);
    let ignore = ["check", "--ignore", "accepted.toml"];
    repository.check(&ignore, 1, &["error[ignore-added]"]);
    // Nor does another spelling of the path hide it.
    let ignore = ["check", "--ignore", "proto/../accepted.toml"];
    repository.check(&ignore, 1, &["error[ignore-added]"]);
}

#[test]
fn an_ignore_entry_does_not_accept_itself() {
    let repository = with_branch(|_| {});
    repository.replace(
        "contract.toml",
        "built-in",
        "ignore = \"accepted.toml\"\nbuilt-in",
    );
    let entry = "[[ignore]]\nid = \"ignore-added\"\nreason = \"I say so.\"\n";
    repository.write("accepted.toml", entry);
    repository.check(&["check"], 1, &["error[ignore-added]"]);
}

#[test]
fn an_allowance_is_shown_when_it_is_added() {
    let repository = with_branch(|_| {});
    let entry = allowing("version-raised", "9.0.0");
    append(&repository, "contract.toml", &entry);
    let expected = ["warning[allowance-added]", "`version-raised` for `9.0.0`"];
    repository.check(&["check"], 0, &expected);
}
