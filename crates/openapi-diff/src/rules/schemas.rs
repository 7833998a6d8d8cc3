//! The changes of a schema, whatever uses it.

use super::effect::Effect;

/// Declares the changes of schemas: the name in Rust, the kebab-case part of an
/// identifier, what the change does to the admitted values, and what it means.
macro_rules! schema_rules {
    ($($rule:ident = $id:literal, $effect:ident, $meaning:literal;)+) => {
        /// What has changed in a schema.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SchemaRule {
            $(#[doc = $meaning] $rule,)+
        }

        impl SchemaRule {
            /// Every one of them, by identifier.
            pub const ALL: &[Self] = &[$(Self::$rule,)+];

            /// The part of an identifier that names the change.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $id,)+ }
            }

            /// What it usually does to the admitted values.
            pub const fn effect(self) -> Effect {
                match self { $(Self::$rule => Effect::$effect,)+ }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$rule => $meaning,)+ }
            }
        }
    };
}

schema_rules! {
    AdditionalPropertiesAllowed = "additional-properties-allowed", Widens, "undeclared properties may now occur";
    AdditionalPropertiesForbidden = "additional-properties-forbidden", Narrows, "undeclared properties may no longer occur";
    AnyOfBecameOneOf = "any-of-became-one-of", Narrows, "exactly one alternative must match, where any number could";
    BecameEnum = "became-enum", Narrows, "only listed values are left";
    BecameImpossible = "became-impossible", Narrows, "no value is valid any more";
    BecameNotEnum = "became-not-enum", Widens, "values are no longer listed";
    BecameNotNullable = "became-not-nullable", Narrows, "null is no longer valid";
    BecameNullable = "became-nullable", Widens, "null is now valid";
    BecamePossible = "became-possible", Widens, "no value was valid, and some are now";
    ContainsAdded = "contains-added", Narrows, "a list must contain something";
    ContainsChanged = "contains-changed", Unknown, "a list must contain something else";
    ContainsRemoved = "contains-removed", Widens, "a list need no longer contain something";
    ContentEncodingAdded = "content-encoding-added", Incomparable, "text is now encoded";
    ContentEncodingChanged = "content-encoding-changed", Incomparable, "text is encoded in another way";
    ContentEncodingRemoved = "content-encoding-removed", Incomparable, "text is no longer encoded";
    ContentMediaTypeAdded = "content-media-type-added", Narrows, "text must be of a media type";
    ContentMediaTypeChanged = "content-media-type-changed", Unknown, "text must be of another media type";
    ContentMediaTypeRemoved = "content-media-type-removed", Widens, "text need no longer be of a media type";
    ContentSchemaAdded = "content-schema-added", Narrows, "what text holds must keep a schema";
    ContentSchemaChanged = "content-schema-changed", Unknown, "what text holds must keep a different schema";
    ContentSchemaRemoved = "content-schema-removed", Widens, "what text holds need no longer keep a schema";
    DefaultValueAdded = "default-value-added", None, "there is now a default";
    DefaultValueChanged = "default-value-changed", None, "the default is another";
    DefaultValueRemoved = "default-value-removed", None, "there is no default any more";
    DependentRequiredAdded = "dependent-required-added", Narrows, "a property demands others";
    DependentRequiredChanged = "dependent-required-changed", Unknown, "a property demands different others";
    DependentRequiredRemoved = "dependent-required-removed", Widens, "a property no longer demands others";
    DependentSchemaAdded = "dependent-schema-added", Narrows, "a property demands a schema";
    DependentSchemaChanged = "dependent-schema-changed", Unknown, "a property demands a different schema";
    DependentSchemaRemoved = "dependent-schema-removed", Widens, "a property no longer demands a schema";
    Deprecated = "deprecated", None, "it is deprecated";
    DiscriminatorAdded = "discriminator-added", None, "alternatives are told apart by a property";
    DiscriminatorMappingAdded = "discriminator-mapping-added", None, "another value selects an alternative";
    DiscriminatorMappingChanged = "discriminator-mapping-changed", Incomparable, "a value selects another alternative";
    DiscriminatorMappingDeleted = "discriminator-mapping-deleted", Narrows, "a value no longer selects an alternative";
    DiscriminatorPropertyNameChanged = "discriminator-property-name-changed", Unknown, "another property tells alternatives apart";
    DiscriminatorRemoved = "discriminator-removed", None, "alternatives are no longer told apart by a property";
    DynamicRefAdded = "dynamic-ref-added", Narrows, "a dynamic reference was added";
    DynamicRefChanged = "dynamic-ref-changed", Unknown, "a dynamic reference changed";
    DynamicRefRemoved = "dynamic-ref-removed", Widens, "a dynamic reference was removed";
    EnumValueAdded = "enum-value-added", Widens, "another listed value is valid";
    EnumValueRemoved = "enum-value-removed", Narrows, "a listed value is no longer valid";
    ExclusiveMaxDecreased = "exclusive-max-decreased", Narrows, "the excluded upper bound went down";
    ExclusiveMaxIncreased = "exclusive-max-increased", Widens, "the excluded upper bound went up";
    ExclusiveMaxSet = "exclusive-max-set", Narrows, "there is now an excluded upper bound";
    ExclusiveMaxUnset = "exclusive-max-unset", Widens, "the excluded upper bound is gone";
    ExclusiveMinDecreased = "exclusive-min-decreased", Widens, "the excluded lower bound went down";
    ExclusiveMinIncreased = "exclusive-min-increased", Narrows, "the excluded lower bound went up";
    ExclusiveMinSet = "exclusive-min-set", Narrows, "there is now an excluded lower bound";
    ExclusiveMinUnset = "exclusive-min-unset", Widens, "the excluded lower bound is gone";
    FormatChanged = "format-changed", Unknown, "a format that only the parties know changed";
    IfAdded = "if-added", Narrows, "a condition was added";
    IfChanged = "if-changed", Unknown, "a condition changed";
    IfRemoved = "if-removed", Widens, "a condition was removed";
    MaxContainsDecreased = "max-contains-decreased", Narrows, "a list may contain something less often";
    MaxContainsIncreased = "max-contains-increased", Widens, "a list may contain something more often";
    MaxDecreased = "max-decreased", Narrows, "the upper bound went down";
    MaxIncreased = "max-increased", Widens, "the upper bound went up";
    MaxItemsDecreased = "max-items-decreased", Narrows, "fewer elements are valid";
    MaxItemsIncreased = "max-items-increased", Widens, "more elements are valid";
    MaxItemsSet = "max-items-set", Narrows, "the number of elements is now limited";
    MaxItemsUnset = "max-items-unset", Widens, "the number of elements is no longer limited";
    MaxLengthDecreased = "max-length-decreased", Narrows, "only shorter texts are valid";
    MaxLengthIncreased = "max-length-increased", Widens, "longer texts are valid";
    MaxLengthSet = "max-length-set", Narrows, "the length is now limited";
    MaxLengthUnset = "max-length-unset", Widens, "the length is no longer limited";
    MaxPropertiesDecreased = "max-properties-decreased", Narrows, "fewer properties are valid";
    MaxPropertiesIncreased = "max-properties-increased", Widens, "more properties are valid";
    MaxPropertiesSet = "max-properties-set", Narrows, "the number of properties is now limited";
    MaxPropertiesUnset = "max-properties-unset", Widens, "the number of properties is no longer limited";
    MaxSet = "max-set", Narrows, "there is now an upper bound";
    MaxUnset = "max-unset", Widens, "the upper bound is gone";
    MinContainsDecreased = "min-contains-decreased", Widens, "a list must contain something less often";
    MinContainsIncreased = "min-contains-increased", Narrows, "a list must contain something more often";
    MinDecreased = "min-decreased", Widens, "the lower bound went down";
    MinIncreased = "min-increased", Narrows, "the lower bound went up";
    MinItemsDecreased = "min-items-decreased", Widens, "fewer elements are valid";
    MinItemsIncreased = "min-items-increased", Narrows, "more elements are needed";
    MinItemsSet = "min-items-set", Narrows, "elements are now needed";
    MinItemsUnset = "min-items-unset", Widens, "no elements are needed any more";
    MinLengthDecreased = "min-length-decreased", Widens, "shorter texts are valid";
    MinLengthIncreased = "min-length-increased", Narrows, "only longer texts are valid";
    MinLengthSet = "min-length-set", Narrows, "there is now a least length";
    MinLengthUnset = "min-length-unset", Widens, "there is no least length any more";
    MinPropertiesDecreased = "min-properties-decreased", Widens, "fewer properties are valid";
    MinPropertiesIncreased = "min-properties-increased", Narrows, "more properties are needed";
    MinPropertiesSet = "min-properties-set", Narrows, "properties are now needed";
    MinPropertiesUnset = "min-properties-unset", Widens, "no properties are needed any more";
    MinSet = "min-set", Narrows, "there is now a lower bound";
    MinUnset = "min-unset", Widens, "the lower bound is gone";
    MultipleOfChanged = "multiple-of-changed", Incomparable, "it must be a multiple of something else";
    MultipleOfSet = "multiple-of-set", Narrows, "it must now be a multiple";
    MultipleOfUnset = "multiple-of-unset", Widens, "it need no longer be a multiple";
    NotAdded = "not-added", Narrows, "more values are ruled out";
    NotChanged = "not-changed", Incomparable, "other values are ruled out";
    NotCompared = "not-compared", Unknown, "unions or extensions are too involved to be compared";
    NotRemoved = "not-removed", Widens, "fewer values are ruled out";
    OneOfAdded = "one-of-added", Widens, "there is another alternative";
    OneOfBecameAnyOf = "one-of-became-any-of", Widens, "several alternatives may match, where exactly one had to";
    OneOfChanged = "one-of-changed", Unknown, "a union whose alternatives cannot be told apart changed";
    OneOfOverlapAdded = "one-of-overlap-added", Narrows, "values now match a second alternative, and are refused for that";
    OneOfOverlapRemoved = "one-of-overlap-removed", Widens, "values that matched a second alternative, and were refused for that, no longer do";
    OneOfRemoved = "one-of-removed", Narrows, "an alternative is gone";
    OptionalPropertyAdded = "optional-property-added", None, "an optional property is new";
    OptionalPropertyRemoved = "optional-property-removed", Unknown, "an optional property is gone";
    PatternAdded = "pattern-added", Narrows, "text must now match a pattern";
    PatternChanged = "pattern-changed", Unknown, "text must match a pattern that cannot be compared";
    PatternGeneralized = "pattern-generalized", Widens, "text must match a pattern that is wider";
    PatternPropertyAdded = "pattern-property-added", Narrows, "properties of certain names have a schema";
    PatternPropertyRemoved = "pattern-property-removed", Widens, "properties of certain names no longer have a schema";
    PatternRemoved = "pattern-removed", Widens, "text need no longer match a pattern";
    PatternReplaced = "pattern-replaced", Incomparable, "text must match another pattern";
    PatternSpecialized = "pattern-specialized", Narrows, "text must match a pattern that is narrower";
    PropertyBecameOptional = "property-became-optional", Widens, "a property is no longer required";
    PropertyBecameRequired = "property-became-required", Narrows, "a property is now required";
    PropertyNamesAdded = "property-names-added", Narrows, "names of properties now have a schema";
    PropertyNamesChanged = "property-names-changed", Unknown, "names of properties have another schema";
    PropertyNamesRemoved = "property-names-removed", Widens, "names of properties no longer have a schema";
    Reactivated = "reactivated", None, "it is no longer deprecated";
    RequiredPropertyAdded = "required-property-added", Narrows, "a required property is new";
    RequiredPropertyRemoved = "required-property-removed", Widens, "a required property is gone";
    TypeChanged = "type-changed", Incomparable, "the type or format is another";
    TypeGeneralized = "type-generalized", Widens, "the type or format admits more";
    TypeSpecialized = "type-specialized", Narrows, "the type or format admits less";
    UniqueItemsSet = "unique-items-set", Narrows, "elements must now differ";
    UniqueItemsUnset = "unique-items-unset", Widens, "elements need no longer differ";
    ExtensibleEnumAdded = "x-extensible-enum-added", Narrows, "values are now listed, in a list that can grow";
    ExtensibleEnumRemoved = "x-extensible-enum-removed", None, "values are no longer listed, in a list that could grow";
    ExtensibleEnumValueAdded = "x-extensible-enum-value-added", None, "a list that can grow has grown";
    ExtensibleEnumValueRemoved = "x-extensible-enum-value-removed", Narrows, "a value is gone from a list that can grow";
    XmlChanged = "xml-changed", Unknown, "values are written in XML in another way";
}
