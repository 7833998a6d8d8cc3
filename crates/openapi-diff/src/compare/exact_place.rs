//! Where in a schema a change is written: a schema may extend others, and one of these says
//! what has changed.

use super::site::Change;
use crate::alternatives::{Expand, Node};
use crate::document::Located;
use crate::rules::SchemaRule;

/// Moves a change of a whole schema to the parts that have the keyword that changed.
pub(super) fn refine<'a>(
    change: &mut Change,
    (base, old): (&Expand<'a>, &Node<'a>),
    (revision, new): (&Expand<'a>, &Node<'a>),
) {
    let keywords = keywords(change.rule);
    if keywords.is_empty() || !change.site.path.is_empty() {
        return;
    }
    for (place, of, node) in [
        (&mut change.site.base, base, old),
        (&mut change.site.revision, revision, new),
    ] {
        let Some(pointer) = place else {
            continue;
        };
        let whole = if node.pointer() == Some(pointer) {
            node.0.clone()
        } else {
            let value = of.document.root.pointer(pointer);
            let one = value.map(|value| Located {
                pointer: pointer.clone(),
                value,
            });
            one.into_iter().collect()
        };
        if let Some(found) = whole.iter().find_map(|part| of.holder(part, keywords)) {
            *pointer = found.pointer;
        }
    }
}

/// The keywords that a change can be one of.
fn keywords(rule: SchemaRule) -> &'static [&'static str] {
    use SchemaRule as S;
    match rule {
        S::BecameEnum | S::BecameNotEnum | S::EnumValueAdded | S::EnumValueRemoved => {
            &["enum", "const"]
        }
        S::BecameNotNullable | S::BecameNullable => &["nullable", "type"],
        S::TypeChanged | S::TypeGeneralized | S::TypeSpecialized => &["type", "format"],
        S::FormatChanged => &["format"],
        S::ContentEncodingAdded | S::ContentEncodingChanged | S::ContentEncodingRemoved => {
            &["contentEncoding", "format"]
        }
        S::ContentMediaTypeAdded | S::ContentMediaTypeChanged | S::ContentMediaTypeRemoved => {
            &["contentMediaType"]
        }
        S::DefaultValueAdded | S::DefaultValueChanged | S::DefaultValueRemoved => &["default"],
        S::DependentRequiredAdded | S::DependentRequiredChanged | S::DependentRequiredRemoved => {
            &["dependentRequired", "dependentSchemas"]
        }
        S::Deprecated | S::Reactivated => &["deprecated"],
        S::DiscriminatorAdded
        | S::DiscriminatorMappingAdded
        | S::DiscriminatorMappingChanged
        | S::DiscriminatorMappingDeleted
        | S::DiscriminatorPropertyNameChanged
        | S::DiscriminatorRemoved => &["discriminator"],
        S::DynamicRefAdded | S::DynamicRefChanged | S::DynamicRefRemoved => &["$dynamicRef"],
        S::ExclusiveMaxDecreased
        | S::ExclusiveMaxIncreased
        | S::ExclusiveMaxSet
        | S::ExclusiveMaxUnset
        | S::MaxDecreased
        | S::MaxIncreased
        | S::MaxSet
        | S::MaxUnset => &["maximum", "exclusiveMaximum"],
        S::ExclusiveMinDecreased
        | S::ExclusiveMinIncreased
        | S::ExclusiveMinSet
        | S::ExclusiveMinUnset
        | S::MinDecreased
        | S::MinIncreased
        | S::MinSet
        | S::MinUnset => &["minimum", "exclusiveMinimum"],
        S::MaxItemsDecreased | S::MaxItemsIncreased | S::MaxItemsSet | S::MaxItemsUnset => {
            &["maxItems"]
        }
        S::MinItemsDecreased | S::MinItemsIncreased | S::MinItemsSet | S::MinItemsUnset => {
            &["minItems"]
        }
        S::MaxLengthDecreased | S::MaxLengthIncreased | S::MaxLengthSet | S::MaxLengthUnset => {
            &["maxLength"]
        }
        S::MinLengthDecreased | S::MinLengthIncreased | S::MinLengthSet | S::MinLengthUnset => {
            &["minLength"]
        }
        S::MaxPropertiesDecreased
        | S::MaxPropertiesIncreased
        | S::MaxPropertiesSet
        | S::MaxPropertiesUnset => &["maxProperties"],
        S::MinPropertiesDecreased
        | S::MinPropertiesIncreased
        | S::MinPropertiesSet
        | S::MinPropertiesUnset => &["minProperties"],
        S::MultipleOfChanged | S::MultipleOfSet | S::MultipleOfUnset => &["multipleOf"],
        S::PatternAdded
        | S::PatternChanged
        | S::PatternGeneralized
        | S::PatternRemoved
        | S::PatternReplaced
        | S::PatternSpecialized => &["pattern"],
        S::UniqueItemsSet | S::UniqueItemsUnset => &["uniqueItems"],
        S::ExtensibleEnumAdded
        | S::ExtensibleEnumRemoved
        | S::ExtensibleEnumValueAdded
        | S::ExtensibleEnumValueRemoved => &["x-extensible-enum"],
        S::XmlChanged => &["xml"],
        _ => &[],
    }
}
