//! The rules: what can change, what it is called, and how bad it is.
//!
//! A change of a schema gets its identifier from where the schema is used and what has
//! changed: `request-property` and `max-decreased`. Its level follows from what the
//! change does to the admitted values: a request may only admit more, a response only
//! less. Identifiers are those of oasdiff where the meaning is the same.
//!
//! The module compares nothing.

mod effect;
mod oasdiff;
mod operations;
mod schemas;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

pub use self::effect::Effect;
pub use self::oasdiff::{finer, of_oasdiff};
pub use self::operations::OperationRule;
pub use self::schemas::SchemaRule;
use crate::level::{Direction, Level};

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A change outside schemas.
    Operation(OperationRule),
    /// A change of a schema.
    Schema(SchemaRule, Use),
}

/// How a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Use {
    /// What it describes.
    pub part: Part,
    /// Who sends that.
    pub direction: Direction,
    /// Whether the change is of the whole, or of something in it.
    pub whole: bool,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The body of a request or a response.
    Body,
    /// A parameter of a request.
    Parameter,
    /// A header of a response.
    Header,
}

impl Rule {
    /// Every rule, by identifier. A few uses of a schema rule share one.
    pub fn all() -> BTreeMap<String, Rule> {
        let schemas = SchemaRule::ALL.iter().flat_map(|rule| {
            let uses = Use::ALL.iter();
            uses.map(|usage| Rule::Schema(*rule, *usage))
        });
        let operations = OperationRule::ALL.iter().copied().map(Rule::Operation);
        let mut all = BTreeMap::new();
        for rule in operations.chain(schemas) {
            all.entry(rule.id().into_owned()).or_insert(rule);
        }
        all
    }

    /// The identifier, in kebab-case. It does not change between versions.
    pub fn id(self) -> Cow<'static, str> {
        match self {
            Rule::Operation(rule) => Cow::Borrowed(rule.id()),
            Rule::Schema(rule, usage) => Cow::Owned(usage.id(rule)),
        }
    }

    /// The usual level. The values at hand can decide otherwise.
    pub fn level(self) -> Level {
        match self {
            Rule::Operation(rule) => rule.level(),
            Rule::Schema(rule, usage) => level(usage.direction, rule, rule.effect()),
        }
    }

    /// What it means, as a clause.
    pub fn meaning(self) -> &'static str {
        match self {
            Rule::Operation(rule) => rule.meaning(),
            Rule::Schema(rule, _) => rule.meaning(),
        }
    }
}

impl Use {
    /// Every use that there is.
    pub const ALL: [Self; 8] = {
        use Direction::{Request, Response};
        [
            Use {
                part: Part::Body,
                direction: Request,
                whole: true,
            },
            Use {
                part: Part::Body,
                direction: Request,
                whole: false,
            },
            Use {
                part: Part::Parameter,
                direction: Request,
                whole: true,
            },
            Use {
                part: Part::Parameter,
                direction: Request,
                whole: false,
            },
            Use {
                part: Part::Body,
                direction: Response,
                whole: true,
            },
            Use {
                part: Part::Body,
                direction: Response,
                whole: false,
            },
            Use {
                part: Part::Header,
                direction: Response,
                whole: true,
            },
            Use {
                part: Part::Header,
                direction: Response,
                whole: false,
            },
        ]
    };

    fn id(self, rule: SchemaRule) -> String {
        use Direction::{Request, Response};
        use SchemaRule as S;
        let property = match (self.part, self.direction) {
            (Part::Body, Request) => "request-property",
            (Part::Body, Response) => "response-property",
            (Part::Parameter, _) => "request-parameter-property",
            (Part::Header, _) => "response-header-property",
        };
        let prefix = match (self.part, self.direction) {
            _ if !self.whole => property,
            (Part::Body, Request) => "request-body",
            (Part::Body, Response) => "response-body",
            (Part::Parameter, _) => "request-parameter",
            (Part::Header, _) => "response-header",
        };
        let name = rule.name();
        match (rule, self.part, self.direction) {
            (
                S::RequiredPropertyRemoved
                | S::OptionalPropertyRemoved
                | S::RequiredPropertyAdded
                | S::OptionalPropertyAdded,
                Part::Body,
                Response,
            ) => format!("response-{name}"),
            (S::RequiredPropertyRemoved | S::OptionalPropertyRemoved, ..) => {
                format!("{property}-removed")
            }
            (S::RequiredPropertyAdded, ..) => format!("new-required-{property}"),
            (S::OptionalPropertyAdded, ..) => format!("new-optional-{property}"),
            (S::PropertyBecameRequired, ..) => format!("{property}-became-required"),
            (S::PropertyBecameOptional, ..) => format!("{property}-became-optional"),
            (S::TypeSpecialized, Part::Parameter, _) if !self.whole => format!("{prefix}-{name}"),
            (S::TypeSpecialized, _, Request) | (S::TypeSpecialized, Part::Parameter, _) => {
                format!("{prefix}-type-changed")
            }
            (S::EnumValueRemoved, Part::Body, Response) if self.whole => {
                format!("response-mediatype-{name}")
            }
            _ => format!("{prefix}-{name}"),
        }
    }
}

/// The level of a change that does this to the admitted values, unless the user says
/// otherwise.
pub(crate) fn level(direction: Direction, rule: SchemaRule, effect: Effect) -> Level {
    let by_law = match (effect, direction) {
        (Effect::None, _)
        | (Effect::Widens, Direction::Request)
        | (Effect::Narrows, Direction::Response) => Level::Info,
        _ => Level::Error,
    };
    match (rule, direction) {
        // A request that leaves the value out is as valid as ever, but asks for
        // something else.
        (SchemaRule::DefaultValueChanged, Direction::Request) => Level::Error,
        (SchemaRule::DefaultValueRemoved, Direction::Request)
        // The union admitted less than was meant.
        | (SchemaRule::OneOfOverlapRemoved, Direction::Response)
        // Only the two parties know what an unknown format rules out.
        | (SchemaRule::DiscriminatorRemoved | SchemaRule::FormatChanged, _) => Level::Warning,
        _ => by_law,
    }
}

/// The level of a change outside schemas, by who sends what has changed. In a callback the
/// server sends requests, and the client answers: who had to bear a demand now makes it.
pub(crate) fn operation_level(rule: OperationRule, direction: Option<Direction>) -> Level {
    use Direction::{Request, Response};
    use OperationRule as O;
    match (rule, direction) {
        (
            O::NewRequiredRequestParameter
            | O::RequestBodyAddedRequired
            | O::RequestBodyBecameRequired
            | O::RequestParameterBecameRequired,
            Some(Response),
        )
        | (O::ResponseHeaderBecameOptional | O::ResponseSuccessStatusGeneralized, Some(Request)) => {
            Level::Info
        }
        (O::RequestBodyBecameOptional | O::RequestParameterBecameOptional, Some(Response))
        | (O::ResponseHeaderBecameRequired | O::ResponseNonSuccessStatusRemoved, Some(Request)) => {
            Level::Error
        }
        _ => rule.level(),
    }
}

impl From<OperationRule> for Rule {
    fn from(rule: OperationRule) -> Self {
        Self::Operation(rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{OperationRule, Rule, SchemaRule};

    #[test]
    fn rules_stand_in_the_order_of_their_names() {
        assert!(OperationRule::ALL.is_sorted_by_key(|rule| rule.id()));
        assert!(SchemaRule::ALL.is_sorted_by_key(|rule| rule.name()));
    }

    #[test]
    fn an_id_means_one_thing() {
        let operations: BTreeSet<&str> = OperationRule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(operations.len(), OperationRule::ALL.len());
        for (id, rule) in Rule::all() {
            let is_operation = matches!(rule, Rule::Operation(_));
            assert_eq!(is_operation, operations.contains(id.as_str()), "{id}");
        }
    }
}
