//! What has changed in schemas, told once with all operations that it reaches.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::judge::{Judge, UsedPair};
use crate::compare::{Change, Compare, Compared, Link, Reach, Root};
use crate::document::Document;
use crate::finding::{Finding, Location};
use crate::number_set::NumberSet;
use crate::operation_list::OperationList;
use crate::rules::{self, Part, Rule, SchemaRule};

impl Judge<'_> {
    /// Reports the changes of all schemas that operations use.
    pub(super) fn changes_of_schemas(&mut self) {
        let names = Names::of(&self.uses, &self.unstable);
        // By the comparison that they stand in, and what they describe.
        let mut groups: BTreeMap<(usize, Part), Vec<Use<'_>>> = BTreeMap::new();
        for (used, operation) in self.uses.iter().zip(&names.of_use) {
            let group = groups.entry((used.compare, used.part)).or_default();
            group.push((used, *operation));
        }
        let mut findings = std::mem::take(&mut self.findings);
        let compares = std::mem::take(&mut self.compares).into_iter();
        let found: Vec<Compared> = compares.map(Compare::finish).collect();
        for (number, Compared { links, mut changes }) in found.into_iter().enumerate() {
            let parts = [Part::Body, Part::Parameter, Part::Header];
            let of_parts = parts.into_iter();
            let mut used = of_parts
                .filter_map(|part| groups.remove(&(number, part)))
                .peekable();
            while let Some(uses) = used.next() {
                // Each goes as soon as it is told of: there may be as many as values.
                let told = if used.peek().is_some() {
                    changes.clone()
                } else {
                    std::mem::take(&mut changes)
                };
                self.changes_of_group((&links, told), &uses, &names, &mut findings);
            }
        }
        self.findings = findings;
    }

    fn changes_of_group(
        &self,
        (links, changes): (&[Vec<Link>], Vec<Vec<Change>>),
        uses: &[Use<'_>],
        names: &Names,
        findings: &mut Vec<Finding>,
    ) {
        // How a value is written in XML matters only there.
        let in_xml = uses.iter().filter(|(used, _)| used.xml);
        let in_xml: Vec<Use<'_>> = in_xml.copied().collect();
        let (roots, xml_roots) = (roots(uses), roots(&in_xml));
        let mut all = Told {
            uses,
            reach: Reach::of(links, &changes, &roots),
            lists: HashMap::new(),
        };
        let mut xml = (!in_xml.is_empty()).then(|| Told {
            uses: &in_xml,
            reach: Reach::of(links, &changes, &xml_roots),
            lists: HashMap::new(),
        });
        findings.reserve(changes.iter().map(Vec::len).sum());
        for (pair, changes) in changes.into_iter().enumerate() {
            for change in changes {
                let told = if change.rule == SchemaRule::XmlChanged {
                    xml.as_mut()
                } else {
                    Some(&mut all)
                };
                findings.extend(told.and_then(|told| told.finding(self, names, pair, change)));
            }
        }
    }
}

/// A use of a pair of schemas, and the number of the operation.
type Use<'u> = (&'u UsedPair, u32);

fn roots(uses: &[Use<'_>]) -> Vec<Root> {
    let uses = uses.iter();
    uses.map(|(used, operation)| Root {
        pair: used.pair,
        always: used.always,
        operation: *operation,
    })
    .collect()
}

/// What is told of the changes that some uses reach.
struct Told<'t> {
    uses: &'t [Use<'t>],
    reach: Reach<'t>,
    /// By the number of a set of operations and the operation that is nearest: the one that
    /// is named, and the others.
    lists: HashMap<(usize, u32), (u32, OperationList)>,
}

impl Told<'_> {
    /// What is told of a change of a pair; nothing if no operation is reached.
    fn finding(
        &mut self,
        judge: &Judge<'_>,
        names: &Names,
        pair: usize,
        change: Change,
    ) -> Option<Finding> {
        let reached = self.reach.to(pair, &change)?;
        // The nearest place speaks for all.
        let (used, operation) = self.uses[reached.root];
        let usage = rules::Use {
            part: used.part,
            direction: used.direction,
            whole: reached.steps.is_empty(),
        };
        let message = change.says.of(&named(&reached.steps, &used.subject));
        let set = reached.set;
        let reach = &self.reach;
        let list = self.lists.entry((set, operation));
        let (operation, also) =
            list.or_insert_with(|| names.told(operation, reach.operations(set)));
        let location = |document: &Document, pointer: Option<String>| {
            pointer.map(|pointer| Location {
                source: document.source.clone(),
                pointer,
                line: None,
            })
        };
        Some(Finding {
            rule: Rule::Schema(change.rule, usage),
            level: rules::level(used.direction, change.rule, change.effect),
            direction: Some(used.direction),
            operation: Some(names.all[*operation as usize].clone()),
            also: also.clone(),
            base: location(judge.base, change.site.base),
            revision: location(judge.revision, change.site.revision),
            message,
        })
    }
}

/// The operations of a document, by number.
struct Names {
    all: Arc<[String]>,
    /// The number of the operation of each use.
    of_use: Vec<u32>,
    /// Those that promise nothing.
    unstable: NumberSet,
}

impl Names {
    fn of(uses: &[UsedPair], unstable: &HashSet<String>) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut all = Vec::new();
        let mut of_use = Vec::with_capacity(uses.len());
        for used in uses {
            let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let number = *numbers.entry(&used.operation).or_insert_with(|| {
                all.push(used.operation.clone());
                next
            });
            of_use.push(number);
        }
        let unstable = unstable.iter();
        let unstable = unstable.filter_map(|name| numbers.get(name.as_str()).copied());
        Self {
            unstable: unstable.collect(),
            all: all.into(),
            of_use,
        }
    }

    /// The operation to name of a set, and the others: the nearest, or the first that is
    /// promised to stay if that is not.
    fn told(&self, nearest: u32, all: &NumberSet) -> (u32, OperationList) {
        let is_promised = |number: &u32| !self.unstable.contains(*number);
        let promised = || all.iter().find(is_promised);
        let told = if is_promised(&nearest) {
            nearest
        } else {
            promised().unwrap_or(nearest)
        };
        (told, OperationList::new(&self.all, all.without(told)))
    }
}

/// What a sentence calls the place that some steps lead to, such as `tags`, `[]` and
/// `name`, below a subject.
fn named(steps: &[&str], subject: &str) -> String {
    if let Some((&"[]", list)) = steps.split_last() {
        return format!("each element of {}", named(list, subject));
    }
    match steps.split_first() {
        None => subject.to_owned(),
        Some((&"[]", inner)) => named(inner, &format!("each element of {subject}")),
        Some(_) => {
            let mut path = String::new();
            for step in steps {
                if !path.is_empty() && !step.starts_with('[') {
                    path.push('.');
                }
                path.push_str(step);
            }
            format!("the property `{path}` of {subject}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[track_caller]
    fn check(steps: &[&str], expected: &str) {
        assert_eq!(named(steps, "the body"), expected);
    }

    #[test]
    fn places_are_named_for_people() {
        check(&[], "the body");
        check(&["tags"], "the property `tags` of the body");
        check(&["[]"], "each element of the body");
        check(
            &["[]", "name"],
            "the property `name` of each element of the body",
        );
        check(
            &["tags", "[]"],
            "each element of the property `tags` of the body",
        );
        check(
            &["tags", "[]", "name"],
            "the property `tags[].name` of the body",
        );
    }
}
