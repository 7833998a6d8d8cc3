//! What a version means to clients, as a changelog tells it: one paragraph for each cause,
//! however many operations it reaches.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use openapi_diff::Rule;

use super::advice::advice;
use super::changelog::{Kind, sentence};
use super::markdown::{code, text};
use super::model::Finding;

/// How many changes of one kind are told one by one. Of more, one is told and the others
/// are counted.
const TOLD: usize = 3;

/// How many operations are named.
const NAMED: usize = 3;

/// How many characters of a message are written.
const MESSAGE: usize = 200;

/// The changes that one rule found.
struct Cause<'a> {
    rule: Option<Rule>,
    first: &'a Finding,
    changes: Vec<Change<'a>>,
    /// Which of the changes has a message.
    by_message: HashMap<&'a str, usize>,
}

/// The same change, wherever it was found.
struct Change<'a> {
    message: &'a str,
    operations: Vec<&'a str>,
}

/// Writes what changes mean to clients, in Markdown: a heading for each kind of change, and
/// below it a line for each cause. It grows with the number of rules, not of changes.
pub fn entry(changes: &[Finding]) -> String {
    let rules = Rule::all();
    let mut kinds: BTreeMap<Kind, Vec<Cause<'_>>> = BTreeMap::new();
    for finding in changes {
        let rule = rules.get(&finding.id).copied();
        let causes = kinds.entry(Kind::of(finding, rule)).or_default();
        let known = causes.iter().position(|cause| cause.first.id == finding.id);
        let index = known.unwrap_or_else(|| {
            causes.push(Cause {
                rule,
                first: finding,
                changes: Vec::new(),
                by_message: HashMap::new(),
            });
            causes.len() - 1
        });
        causes[index].add(finding);
    }
    let mut out = String::new();
    for (kind, causes) in kinds {
        let _ = write!(out, "\n### {}\n\n", kind.heading());
        for cause in &causes {
            cause.write(&mut out);
        }
    }
    out
}

impl<'a> Cause<'a> {
    fn add(&mut self, finding: &'a Finding) {
        let operations = finding.operation.as_deref().into_iter();
        let operations = operations.chain(finding.also.iter());
        let index = *self
            .by_message
            .entry(&finding.message)
            .or_insert(self.changes.len());
        match self.changes.get_mut(index) {
            Some(change) => change.operations.extend(operations),
            None => self.changes.push(Change {
                message: &finding.message,
                operations: operations.collect(),
            }),
        }
    }

    fn write(&self, out: &mut String) {
        let what_to_do = self
            .rule
            .and_then(|rule| advice(rule, self.first.level))
            .map_or_else(String::new, |advice| format!(" {advice}"));
        let is_short = self.changes.len() <= TOLD;
        let told = if is_short { self.changes.len() } else { 1 };
        for change in &self.changes[..told] {
            let subject = subject(&change.operations);
            let said = text(&sentence(change.message, MESSAGE));
            let said = match change.operations.as_slice() {
                [_, _, ..] => without_status(&said),
                _ => said,
            };
            let _ = write!(out, "- {subject}{said}{what_to_do}");
            if !is_short {
                let _ = write!(out, " {}", self.others());
            }
            out.push('\n');
        }
    }

    /// How many more changes there are, and where.
    fn others(&self) -> String {
        let others = &self.changes[1..];
        let mut operations: Vec<&str> = others
            .iter()
            .flat_map(|change| &change.operations)
            .copied()
            .collect();
        operations.sort_unstable();
        operations.dedup();
        // What was named is not named again.
        let named_before: HashSet<&str> = self.changes[0].operations.iter().copied().collect();
        operations.retain(|operation| !named_before.contains(operation));
        let place = if operations.is_empty() {
            String::new()
        } else {
            format!(", also in {}", named(&operations))
        };
        format!("{} more changes are of this kind{place}.", others.len())
    }
}

fn subject(operations: &[&str]) -> String {
    if operations.is_empty() {
        String::new()
    } else {
        format!("{}: ", named(operations))
    }
}

/// The first of some operations, and how many more there are.
fn named(operations: &[&str]) -> String {
    let shown = operations.iter().take(NAMED);
    let mut names: Vec<_> = shown.map(|operation| code(operation)).collect();
    match operations.len().saturating_sub(NAMED) {
        0 => {}
        1 => names.push("1 more operation".to_owned()),
        more => names.push(format!("{more} more operations")),
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// A message about several operations. The status that it names is that of the first, and
/// the same property is in the replies of others with another.
fn without_status(message: &str) -> String {
    const RESPONSE: &str = " response";
    let mut plain = String::new();
    let mut rest = message;
    while let Some(end) = rest.find(RESPONSE) {
        let (before, behind) = rest.split_at(end);
        let word = before.rsplit(' ').next().unwrap_or_default();
        let is_status = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        let kept = if is_status {
            before[..before.len() - word.len()].trim_end()
        } else {
            before
        };
        plain.push_str(kept);
        plain.push_str(RESPONSE);
        rest = &behind[RESPONSE.len()..];
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use openapi_diff::{Level, OperationList};

    use super::*;

    fn change(id: &str, level: Level, operation: Option<&str>, message: &str) -> Finding {
        Finding {
            id: id.to_owned(),
            level,
            direction: None,
            operation: operation.map(str::to_owned),
            also: OperationList::default(),
            base: None,
            revision: None,
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        let status = |operation: &str| {
            change(
                "response-non-success-status-added",
                Level::Info,
                Some(operation),
                "the status 4XX is new",
            )
        };
        let default = |operation: &str, name: &str| {
            change(
                "request-property-default-value-removed",
                Level::Warning,
                Some(operation),
                &format!("the property `{name}` of the request body no longer defaults to 1"),
            )
        };
        let rpc = |name: &str| {
            change(
                "proto-rpc-same-idempotency-level",
                Level::Error,
                None,
                &format!("RPC \"{name}\" changed option \"idempotency_level\"."),
            )
        };
        let mut changes = vec![
            status("GET /a"),
            status("GET /b"),
            status("GET /c"),
            status("GET /d"),
            status("GET /e"),
            default("POST /a", "x"),
            default("POST /b", "y"),
        ];
        changes.extend(["List", "Get", "Stream", "Watch", "Read"].map(rpc));
        insta::assert_snapshot!(entry(&changes), @r#"

        ### Breaking changes

        - RPC "List" changed option "idempotency_level". 4 more changes are of this kind.

        ### Changes that may break clients

        - `POST /a`: The property `x` of the request body no longer defaults to 1. Send the value that you rely on.
        - `POST /b`: The property `y` of the request body no longer defaults to 1. Send the value that you rely on.

        ### Added

        - `GET /a`, `GET /b`, `GET /c` and 2 more operations: The status 4XX is new.
        "#);
        let more = [("POST /c", "x"), ("POST /c", "z"), ("POST /d", "q")];
        let more: Vec<_> = more
            .into_iter()
            .map(|(operation, name)| default(operation, name))
            .collect();
        let defaults = [&changes[5..7], &more].concat();
        insta::assert_snapshot!(entry(&defaults), @r"

        ### Changes that may break clients

        - `POST /a` and `POST /c`: The property `x` of the request body no longer defaults to 1. Send the value that you rely on. 3 more changes are of this kind, also in `POST /b` and `POST /d`.
        ");
    }

    #[test]
    fn several_operations_share_no_status() {
        let gone = |operation: &str| {
            change(
                "response-required-property-removed",
                Level::Error,
                Some(operation),
                "the property `size` of the body of the 201 response is gone",
            )
        };
        let one = entry(&[gone("POST /users")]);
        assert!(
            one.contains("of the body of the 201 response is gone"),
            "{one}"
        );
        let two = entry(&[gone("POST /users"), gone("GET /users/{id}")]);
        assert!(two.contains("of the body of the response is gone"), "{two}");
    }

    #[test]
    fn an_entry_does_not_grow_with_the_changes() {
        let many: Vec<_> = (0..10_000)
            .map(|index| {
                change(
                    "response-required-property-removed",
                    Level::Error,
                    Some(&format!("GET /{index}")),
                    &format!("the property `p{index}` is gone"),
                )
            })
            .collect();
        let text = entry(&many);
        assert!(text.len() < 1_000, "{text}");
        assert!(
            text.contains("9999 more changes are of this kind"),
            "{text}"
        );
    }
}
