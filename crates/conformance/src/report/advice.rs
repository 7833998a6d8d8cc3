//! What a change asks of clients, as a sentence for a changelog.

use openapi_diff::rules::{OperationRule as O, SchemaRule as S};
use openapi_diff::{Direction, Level, Rule};

/// What a client has to do about a change, if anything.
pub(super) fn advice(rule: Rule, level: Level) -> Option<&'static str> {
    match rule {
        Rule::Operation(O::EndpointDeprecated) => Some("Move off it before it goes."),
        Rule::Schema(S::Deprecated, _) => Some("Stop using it before it goes."),
        _ if level == Level::Info => None,
        Rule::Operation(rule) => of_operation(rule),
        Rule::Schema(rule, usage) => Some(match usage.direction {
            Direction::Request => of_request(rule),
            Direction::Response => of_response(rule),
        }),
    }
}

fn of_operation(rule: O) -> Option<&'static str> {
    Some(match rule {
        O::ApiAnonymousAccessRemoved => "Send credentials.",
        O::ApiOperationIdRemoved => "Call the method of generated clients by its new name.",
        O::ApiOperationIdReused => {
            "Check the calls of that method of generated clients: it calls another operation."
        }
        O::ApiPathRemovedBeforeSunset
        | O::ApiPathRemovedWithDeprecation
        | O::ApiPathRemovedWithoutDeprecation
        | O::ApiRemovedBeforeSunset
        | O::ApiRemovedWithDeprecation
        | O::ApiRemovedWithoutDeprecation
        | O::ApiRemovedWithoutSunset => "Stop calling it.",
        O::ApiSecurityRemoved => "Authenticate in one of the ways that are left.",
        O::ApiSecurityComponentOauthFlowRemoved => "Get tokens in another flow.",
        O::ApiSecurityComponentOauthScopeRemoved => "Ask for tokens without the scope.",
        O::ApiSecurityComponentOauthTokenUrlChanged => "Get tokens from the new address.",
        O::ApiSecurityComponentOauthUrlChanged => "Send users to the new address.",
        O::ApiSecurityComponentOpenIdUrlChanged => "Read the settings at the new address.",
        O::ApiSecurityScopeAdded => "Ask for tokens with the new scopes.",
        O::ApiServerRemoved => "Call one of the servers that are left.",
        O::ApiServersReplaced => "Call one of the new servers.",
        O::ApiStabilityDecreased => "Expect it to change without notice.",
        O::ApiSunsetDateChangedTooSmall => "Move off it by the new date.",
        O::SunsetDeleted => "Move off it: it can go on any day.",
        O::CallbackRemoved | O::WebhookRemoved => "Do not wait for its calls.",
        O::NewRequestPathParameter
        | O::NewRequiredRequestParameter
        | O::RequestParameterBecameRequired => "Always send it.",
        O::RequestBodyAddedRequired | O::RequestBodyBecameRequired => "Always send a body.",
        O::RequestBodyMediaTypeRemoved => "Send the body in a media type that is left.",
        O::RequestBodyRemoved => "Send no body.",
        O::RequestParameterAllowEmptyValueRemoved => "Send a value, or leave it out.",
        O::RequestParameterBecameNotAllowReserved => "Percent-encode reserved characters.",
        O::RequestParameterBecameList => "Send no text that holds what separates elements.",
        O::RequestParameterMoved => "Send it in its new place.",
        O::RequestParameterRemoved => "Stop sending it.",
        O::RequestParameterSerializationChanged => "Write it in the new way.",
        O::ResponseBodyEncodingChanged => "Read the part in the new way.",
        O::ResponseNonSuccessStatusRemoved => "Answer with a status that is left.",
        O::OptionalResponseHeaderRemoved | O::RequiredResponseHeaderRemoved => "Stop reading it.",
        O::ResponseHeaderBecameOptional => "Handle responses without it.",
        O::ResponseHeaderSerializationChanged => "Read it as it is written now.",
        O::ResponseLinkChanged => "Follow the new link.",
        O::ResponseLinkRemoved => "Stop following it.",
        O::ResponseMediaTypeNameGeneralized => "Handle every media type that it covers.",
        O::ResponseMediaTypeRemoved => "Accept a media type that is left.",
        O::WebhookMediaTypeAdded => "Take calls in the new media type as well.",
        O::ResponseSuccessStatusGeneralized => "Handle every status of the range.",
        O::ResponseSuccessStatusRemoved => "Handle the statuses that are left.",
        _ => return None,
    })
}

fn of_request(rule: S) -> &'static str {
    match rule {
        S::AdditionalPropertiesForbidden => "Send declared properties only.",
        S::BecameEnum | S::EnumValueRemoved | S::ExtensibleEnumValueRemoved => {
            "Send values only that are listed."
        }
        S::OneOfRemoved => "Send one of the alternatives that are left.",
        S::BecameNotNullable => "Do not send null.",
        S::DefaultValueChanged | S::DefaultValueRemoved => "Send the value that you rely on.",
        S::BecameImpossible | S::OptionalPropertyRemoved | S::RequiredPropertyRemoved => {
            "Stop sending it."
        }
        S::PropertyBecameRequired | S::RequiredPropertyAdded => "Always send it.",
        S::TypeChanged | S::TypeGeneralized | S::TypeSpecialized => "Send the new type.",
        S::PatternAdded | S::PatternChanged | S::PatternReplaced | S::PatternSpecialized => {
            "Send text only that matches."
        }
        S::ExclusiveMaxDecreased
        | S::ExclusiveMaxSet
        | S::ExclusiveMinIncreased
        | S::ExclusiveMinSet
        | S::MaxDecreased
        | S::MaxSet
        | S::MinIncreased
        | S::MinSet
        | S::MaxItemsDecreased
        | S::MaxItemsSet
        | S::MinItemsIncreased
        | S::MinItemsSet
        | S::MaxLengthDecreased
        | S::MaxLengthSet
        | S::MinLengthIncreased
        | S::MinLengthSet
        | S::MaxPropertiesDecreased
        | S::MaxPropertiesSet
        | S::MinPropertiesIncreased
        | S::MinPropertiesSet => "Stay within the new bound.",
        _ => "Check that what you send is still valid.",
    }
}

fn of_response(rule: S) -> &'static str {
    match rule {
        S::AdditionalPropertiesAllowed => "Ignore properties that you do not know.",
        S::BecameNotEnum | S::EnumValueAdded => "Handle values that you do not know.",
        S::OneOfAdded => "Handle the new alternative.",
        S::BecameNullable => "Handle null.",
        S::PropertyBecameOptional => "Handle responses without it.",
        S::OptionalPropertyRemoved | S::RequiredPropertyRemoved => "Stop reading it.",
        S::TypeChanged | S::TypeSpecialized => "Read the new type.",
        S::TypeGeneralized => "Handle the new types as well.",
        S::DiscriminatorRemoved => "Tell the alternatives apart by what they hold.",
        S::ExclusiveMaxIncreased
        | S::ExclusiveMaxUnset
        | S::ExclusiveMinDecreased
        | S::ExclusiveMinUnset
        | S::MaxIncreased
        | S::MaxUnset
        | S::MinDecreased
        | S::MinUnset
        | S::MaxItemsIncreased
        | S::MaxItemsUnset
        | S::MinItemsDecreased
        | S::MinItemsUnset
        | S::MaxLengthIncreased
        | S::MaxLengthUnset
        | S::MinLengthDecreased
        | S::MinLengthUnset
        | S::MaxPropertiesIncreased
        | S::MaxPropertiesUnset
        | S::MinPropertiesDecreased
        | S::MinPropertiesUnset => "Handle values beyond the old bound.",
        _ => "Check that you can read what may now come.",
    }
}

#[cfg(test)]
mod tests {
    use openapi_diff::{Level, Rule};

    use super::advice;

    #[test]
    fn what_breaks_clients_tells_them_what_to_do() {
        for (id, rule) in Rule::all() {
            let level = rule.level();
            let is_told = advice(rule, level).is_some();
            assert!(
                is_told || level == Level::Info,
                "{id}: say in of_operation what a client has to do"
            );
        }
    }
}
