//! The findings of a report in the order in which a team would publish them: by what they
//! mean, then by the operations that they reach. [`super::markdown`] and [`super::html`]
//! write it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use openapi_diff::rules::{OperationRule as O, SchemaRule as S};
use openapi_diff::{Level, OperationList, Rule};

use super::advice::advice;
use super::joined::{Form, Gapped};
use super::model::{Finding, Report};

/// What findings of one kind are, in the order of a changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Errors that are no changes, such as those of a server.
    Failures,
    Breaking,
    /// Warnings about other things than changes.
    Warnings,
    MayBreak,
    Deprecated,
    Removed,
    Added,
    Changed,
    /// Notes about other things than changes.
    Notes,
    /// Names that matter to generated code alone.
    Names,
}

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::Failures,
        Self::Breaking,
        Self::Warnings,
        Self::MayBreak,
        Self::Deprecated,
        Self::Removed,
        Self::Added,
        Self::Changed,
        Self::Notes,
        Self::Names,
    ];

    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Failures => "Failures",
            Self::Breaking => "Breaking changes",
            Self::Warnings => "Warnings",
            Self::MayBreak => "Changes that may break clients",
            Self::Deprecated => "Deprecated",
            Self::Removed => "Removed",
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Notes => "Notes",
            Self::Names => "Names in generated code",
        }
    }

    /// What one finding is called, and what several are.
    fn nouns(self) -> [&'static str; 2] {
        match self {
            Self::Failures => ["failure", "failures"],
            Self::Breaking => ["breaking change", "breaking changes"],
            Self::Warnings => ["warning", "warnings"],
            Self::MayBreak => [
                "change that may break clients",
                "changes that may break clients",
            ],
            Self::Deprecated => ["deprecation", "deprecations"],
            Self::Removed => ["removal", "removals"],
            Self::Added => ["addition", "additions"],
            Self::Changed => ["other change", "other changes"],
            Self::Notes => ["note", "notes"],
            Self::Names => ["name in generated code", "names in generated code"],
        }
    }

    /// The level of all findings of the kind.
    pub(super) fn level(self) -> Level {
        match self {
            Self::Failures | Self::Breaking => Level::Error,
            Self::Warnings | Self::MayBreak => Level::Warning,
            _ => Level::Info,
        }
    }

    pub(super) fn of(finding: &Finding, rule: Option<Rule>) -> Self {
        let is_change = rule.is_some() || finding.id.starts_with("proto-");
        match (finding.level, is_change) {
            (Level::Error, true) => Self::Breaking,
            (Level::Error, false) => Self::Failures,
            (Level::Warning, true) => Self::MayBreak,
            (Level::Warning, false) => Self::Warnings,
            (Level::Info, _) => rule.map_or(Self::Notes, Self::of_note),
        }
    }

    fn of_note(rule: Rule) -> Self {
        match rule {
            Rule::Operation(
                O::ApiSchemaRemoved
                | O::ApiOperationIdAdded
                | O::ApiOperationIdRemoved
                | O::ApiTagAdded
                | O::ApiTagRemoved,
            ) => Self::Names,
            Rule::Operation(O::EndpointDeprecated) | Rule::Schema(S::Deprecated, _) => {
                Self::Deprecated
            }
            Rule::Operation(
                O::ApiPathRemovedWithDeprecation
                | O::ApiRemovedWithDeprecation
                | O::ResponseNonSuccessStatusRemoved,
            ) => Self::Removed,
            Rule::Operation(
                O::ApiSecurityAdded
                | O::ApiSecurityComponentOauthScopeAdded
                | O::ApiServerAdded
                | O::CallbackAdded
                | O::EndpointAdded
                | O::NewOptionalRequestParameter
                | O::RequestBodyAddedOptional
                | O::RequestBodyMediaTypeAdded
                | O::ResponseHeaderAdded
                | O::ResponseLinkAdded
                | O::ResponseMediaTypeAdded
                | O::ResponseNonSuccessStatusAdded
                | O::ResponseSuccessStatusAdded
                | O::WebhookAdded,
            )
            | Rule::Schema(
                S::EnumValueAdded
                | S::ExtensibleEnumValueAdded
                | S::OneOfAdded
                | S::OptionalPropertyAdded
                | S::RequiredPropertyAdded,
                _,
            ) => Self::Added,
            _ => Self::Changed,
        }
    }
}

/// The findings of one kind.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) kind: Kind,
    pub(super) groups: Vec<Group<'a>>,
}

/// The findings that reach the same operations.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) reach: Reach<'a>,
    pub(super) entries: Vec<Entry<'a>>,
}

/// The operations that a change reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach<'a> {
    /// It is about the whole.
    Whole,
    /// One, or the one to look at first and, by path, the others that the same thing
    /// reaches.
    Operation(&'a str, Vec<&'a str>),
    /// Several that have changed in the same way, by path.
    Alike(Vec<&'a str>),
}

/// Findings that say the same of the same operations.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The first of them.
    pub(super) finding: &'a Finding,
    /// What they say.
    pub(super) message: String,
    /// How many they are.
    pub(super) findings: usize,
    /// What a client has to do, as a sentence.
    pub(super) advice: Option<&'static str>,
}

impl Section<'_> {
    /// How many findings there are.
    pub(super) fn len(&self) -> usize {
        let groups = self.groups.iter();
        groups
            .flat_map(|group| &group.entries)
            .map(|entry| entry.findings)
            .sum()
    }
}

/// The sections that have findings.
pub(super) fn sections(report: &Report) -> Vec<Section<'_>> {
    let rules = Rule::all();
    let mut kinds: BTreeMap<Kind, Vec<(&Finding, Option<Rule>)>> = BTreeMap::new();
    for finding in &report.findings {
        let rule = rules.get(&finding.id).copied();
        let kind = kinds.entry(Kind::of(finding, rule)).or_default();
        kind.push((finding, rule));
    }
    kinds
        .into_iter()
        .map(|(kind, findings)| Section {
            kind,
            groups: groups(&findings),
        })
        .collect()
}

/// How many operations have to change in the same way to be told of at once.
const ALIKE: usize = 2;

/// How many of those stand in the heading.
pub(super) const IN_HEADING: usize = 3;

fn groups<'a>(findings: &[(&'a Finding, Option<Rule>)]) -> Vec<Group<'a>> {
    let mut alike: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (finding, rule) in findings {
        if let (Some(operation), true) = (&finding.operation, finding.also.is_empty())
            && !is_about_the_operation(*rule)
        {
            let said = (finding.id.as_str(), finding.message.as_str());
            alike.entry(said).or_default().insert(operation);
        }
    }
    alike.retain(|_, operations| operations.len() >= ALIKE);

    let mut groups = Groups::default();
    for (finding, rule) in findings {
        let said = (finding.id.as_str(), finding.message.as_str());
        let same = alike.get(&said).filter(|_| finding.also.is_empty());
        let group = match (finding.operation.as_deref(), same) {
            (Some(_), Some(same)) => groups.alike(said, same),
            (Some(first), None) => groups.operation(first, &finding.also),
            (None, _) => groups.whole(),
        };
        groups.all[group].1.add(finding, *rule);
    }
    let mut groups: Vec<Group<'_>> = groups
        .all
        .into_iter()
        .map(|(reach, said)| Group {
            reach,
            entries: said.entries(),
        })
        .collect();
    groups.sort_by(|a, b| a.reach.order().cmp(&b.reach.order()));
    groups
}

/// Groups by the operations that they are about. Long lists of these are looked at once.
#[derive(Default)]
struct Groups<'a> {
    all: Vec<(Reach<'a>, Said<'a>)>,
    /// By the operations in order.
    by_operations: BTreeMap<Vec<&'a str>, usize>,
    by_list: HashMap<(&'a str, &'a OperationList), usize>,
    by_words: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Groups<'a> {
    fn group(&mut self, mut operations: Vec<&'a str>, reach: Reach<'a>) -> usize {
        operations.sort_unstable();
        let next = self.all.len();
        let group = *self.by_operations.entry(operations).or_insert(next);
        if group == next {
            self.all.push((reach, Said::default()));
        }
        group
    }

    fn whole(&mut self) -> usize {
        self.group(Vec::new(), Reach::Whole)
    }

    /// The group of an operation and the others that the same change reaches.
    fn operation(&mut self, first: &'a str, also: &'a OperationList) -> usize {
        if let Some(known) = self.by_list.get(&(first, also)) {
            return *known;
        }
        let mut others: Vec<&str> = also.iter().collect();
        others.sort_unstable_by_key(|operation| by_path(operation));
        let all = std::iter::once(first).chain(also.iter()).collect();
        let group = self.group(all, Reach::Operation(first, others));
        self.by_list.insert((first, also), group);
        group
    }

    /// The group of operations of which the same is said.
    fn alike(&mut self, said: (&'a str, &'a str), operations: &BTreeSet<&'a str>) -> usize {
        if let Some(known) = self.by_words.get(&said) {
            return *known;
        }
        let all: Vec<&str> = operations.iter().copied().collect();
        let mut alike = all.clone();
        alike.sort_unstable_by_key(|operation| by_path(operation));
        let group = self.group(all, Reach::Alike(alike));
        self.by_words.insert(said, group);
        group
    }
}

/// Returns whether the operation itself is the news, so that it has to be named.
fn is_about_the_operation(rule: Option<Rule>) -> bool {
    use Rule::Operation;
    matches!(
        rule,
        Some(Operation(
            O::EndpointAdded
                | O::EndpointDeprecated
                | O::EndpointReactivated
                | O::ApiPathRemovedBeforeSunset
                | O::ApiPathRemovedWithDeprecation
                | O::ApiPathRemovedWithoutDeprecation
                | O::ApiRemovedBeforeSunset
                | O::ApiRemovedWithDeprecation
                | O::ApiRemovedWithoutDeprecation
                | O::ApiRemovedWithoutSunset
        ))
    )
}

impl Reach<'_> {
    /// What is about the whole comes first, then what reaches most, then a list that can be
    /// looked up by path.
    fn order(&self) -> (bool, Reverse<usize>, Option<(&str, &str)>) {
        match self {
            Self::Whole => (false, Reverse(0), None),
            Self::Operation(first, others) => {
                (true, Reverse(others.len() + 1), Some(by_path(first)))
            }
            Self::Alike(all) => (
                true,
                Reverse(all.len()),
                all.first().map(|first| by_path(first)),
            ),
        }
    }
}

/// What is said of the operations of a group.
#[derive(Debug, Default)]
struct Said<'a> {
    all: Vec<SaidOnce<'a>>,
    /// By the id, and by what several findings have in common.
    known: HashMap<(&'a str, Words<'a>), usize>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Words<'a> {
    Gapped(Form),
    Message(&'a str),
}

#[derive(Debug)]
struct SaidOnce<'a> {
    entry: Entry<'a>,
    gapped: Option<Gapped>,
    items: Vec<String>,
    /// The same, to be looked up.
    known_items: HashSet<String>,
}

impl<'a> Said<'a> {
    fn add(&mut self, finding: &'a Finding, rule: Option<Rule>) {
        let gapped = rule.and_then(|rule| Gapped::of(rule, &finding.message));
        let item = gapped.as_ref().map(|gapped| gapped.item.clone());
        let words = match &gapped {
            Some(gapped) => Words::Gapped(gapped.form.clone()),
            None => Words::Message(&finding.message),
        };
        let next = self.all.len();
        let number = *self.known.entry((&finding.id, words)).or_insert(next);
        if number == next {
            self.all.push(SaidOnce {
                entry: Entry {
                    finding,
                    message: finding.message.clone(),
                    findings: 0,
                    advice: rule.and_then(|rule| advice(rule, finding.level)),
                },
                gapped,
                items: Vec::new(),
                known_items: HashSet::new(),
            });
        }
        let said = &mut self.all[number];
        said.entry.findings += 1;
        if let Some(item) = item
            && said.known_items.insert(item.clone())
        {
            said.items.push(item);
        }
    }

    fn entries(self) -> Vec<Entry<'a>> {
        let entries = self.all.into_iter().map(|said| {
            let mut entry = said.entry;
            if let Some(gapped) = said.gapped {
                entry.message = gapped.with(&said.items);
            }
            entry
        });
        entries.collect()
    }
}

/// The path first, then the method.
fn by_path(operation: &str) -> (&str, &str) {
    let (method, path) = operation.split_once(' ').unwrap_or(("", operation));
    (path, method)
}

/// `2 breaking changes, 1 addition`.
pub(super) fn summary(report: &Report) -> String {
    let rules = Rule::all();
    let mut counts = [0_usize; Kind::ALL.len()];
    for finding in &report.findings {
        let kind = Kind::of(finding, rules.get(&finding.id).copied());
        counts[kind as usize] += 1;
    }
    let parts: Vec<String> = Kind::ALL
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| {
            let [one, several] = kind.nouns();
            format!("{count} {}", if count == 1 { one } else { several })
        })
        .collect();
    if parts.is_empty() {
        return "nothing was found".to_owned();
    }
    parts.join(", ")
}

/// A message as a sentence that begins with a capital and ends with a full stop. A message
/// that is longer than this number of characters loses its end.
pub(super) fn sentence(message: &str, most: usize) -> String {
    let mut out: String = message.chars().take(most).collect();
    if out.len() < message.len() {
        // Half a code span would take in what follows.
        if out.matches('`').count() % 2 == 1 {
            out.push('`');
        }
        out.push_str(" …");
    } else if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    let mut rest = out.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => out,
    }
}

/// The parts of a message: those with an odd index are code.
pub(super) fn spans(message: &str) -> Vec<&str> {
    let parts: Vec<&str> = message.split('`').collect();
    let inner = parts.iter().skip(1).take(parts.len().saturating_sub(2));
    let is_plain = parts.len() % 2 == 1 && inner.clone().all(|part| !part.is_empty());
    if is_plain { parts } else { vec![message] }
}

/// `3 more findings are not shown`, if there are more than those shown.
pub(super) fn left_out(all: usize, shown: usize) -> Option<String> {
    match all.saturating_sub(shown) {
        0 => None,
        1 => Some("1 more finding is not shown".to_owned()),
        more => Some(format!("{more} more findings are not shown")),
    }
}

#[cfg(test)]
mod tests {
    use super::{sentence, spans};

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("the body is gone", 99), "The body is gone.");
        assert_eq!(sentence("Is it?", 99), "Is it?");
        assert_eq!(sentence("`a` is gone", 99), "`a` is gone.");
        assert_eq!(sentence("one of `abc`", 9), "One of `a` …");
    }

    #[test]
    fn code_is_told_from_prose() {
        assert_eq!(spans("the `a` of `b`"), ["the ", "a", " of ", "b", ""]);
        assert_eq!(spans("a ` alone"), ["a ` alone"]);
        assert_eq!(spans("```<b>`"), ["```<b>`"]);
    }
}
