//! What the rules are called in oasdiff.

use std::collections::BTreeSet;

use openapi_diff::Rule;
use openapi_diff::rules::finer;

fn known() -> BTreeSet<&'static str> {
    let lines = include_str!("oasdiff-ids.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn every_name_that_is_said_to_be_one_of_oasdiff_is() {
    let known = known();
    for (theirs, _) in finer() {
        assert!(known.contains(theirs), "oasdiff has no {theirs}");
    }
}

#[test]
fn what_oasdiff_calls_something_else_is_a_rule_here() {
    let rules = Rule::all();
    for (theirs, ours) in finer() {
        assert!(rules.contains_key(ours), "there is no rule {ours}");
        assert!(!rules.contains_key(theirs), "{theirs} is a rule itself");
    }
}

/// Most names are the same; a rule that is renamed is no longer found by who comes from
/// oasdiff.
#[test]
fn names_are_shared_where_the_meaning_is_the_same() {
    let rules = Rule::all();
    let known = known();
    let shared = known.iter().filter(|id| rules.contains_key(**id)).count();
    let told = finer().count();
    assert!(
        (shared + told) * 10 >= known.len() * 7,
        "{shared} names are shared and {told} are told of, of {}",
        known.len()
    );
}
