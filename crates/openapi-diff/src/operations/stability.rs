//! What is promised of an operation (`x-stability-level`, as oasdiff reads it).
//!
//! `draft` and `alpha` promise nothing: what changes there breaks nobody. `beta` and
//! `stable` do, and so does an operation that says nothing.

use super::judge::{Judge, Scope};
use crate::document::Located;
use crate::level::Level;
use crate::rules::{OperationRule, Rule};

/// From the least to the most stable.
const LEVELS: [&str; 4] = ["draft", "alpha", "beta", "stable"];

/// The first of the levels that promise something.
const PROMISED: usize = 2;

impl<'a> Judge<'a> {
    pub(super) fn note_stability(&mut self, operation: &str, old: &Located<'a>) {
        if level(old) < PROMISED {
            self.unstable.insert(operation.to_owned());
        }
    }

    pub(super) fn stability(&mut self, scope: &Scope, old: &Located<'a>, new: &Located<'a>) {
        let (was, is) = (level(old), level(new));
        let rule = match was.cmp(&is) {
            std::cmp::Ordering::Less => OperationRule::ApiStabilityIncreased,
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => OperationRule::ApiStabilityDecreased,
        };
        let text = format!(
            "the operation was {}, and is now {}",
            LEVELS[was], LEVELS[is]
        );
        let name = Some(scope.operation.as_str());
        self.report(rule, None, name, (Some(old), Some(new)), text);
    }

    /// Makes notes of the findings that are about operations that promise nothing.
    pub(super) fn unpromised(&mut self) {
        for finding in &mut self.findings {
            let decreased = Rule::Operation(OperationRule::ApiStabilityDecreased);
            let operation = finding.operation.as_ref();
            if finding.rule != decreased
                && operation.is_some_and(|name| self.unstable.contains(name))
            {
                finding.level = Level::Info;
            }
        }
    }
}

/// The place of an operation's level among all; one that is not known counts as stable.
fn level(operation: &Located<'_>) -> usize {
    let stated = operation.text("x-stability-level");
    let known = LEVELS.iter().position(|level| Some(*level) == stated);
    known.unwrap_or(LEVELS.len() - 1)
}
