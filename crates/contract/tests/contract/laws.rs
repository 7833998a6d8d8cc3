//! Laws that hold for every value of every resource.
//!
//! `PROPTEST_CASES` sets how many values each law is tried with; 256 without it.

use std::{collections::BTreeSet, fmt::Debug, sync::LazyLock};

use bytes::Bytes;
use contract::{
    auth, bot_instances, bots, catalogue, categories, form_fields, forms,
    id::{ObjectId, UserRef},
    openapi::openapi,
    operation::{Body, BodyInfo, Create, Update},
    organization_groups, organizations,
    parameters::{Select, TimeFilter, parse_parameters},
    schema::{Described, SchemaDocument},
    services,
    timestamp::Timestamp,
    users, workflows,
};
use jsonschema::Validator;
use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};

use crate::bodies::{Property, fields, properties, put, wrong};

/// States the laws of every type in a module of its own.
macro_rules! laws {
    (
        read: { $($read:ident: $type:ty,)+ }
        created: { $($created:ident: $new:ty,)+ }
        updated: { $($updated:ident: $changed:ty,)+ }
    ) => {
        mod read {
            use super::*;
            $(mod $read {
                use super::*;

                static PUBLISHED: LazyLock<Validator> = LazyLock::new(published::<$type>);

                proptest! {
                    #[test]
                    fn survives_json(value: $type) {
                        check_survives_json(&value)?;
                    }

                    #[test]
                    fn is_valid(value: $type) {
                        check_is_valid(&value, &PUBLISHED)?;
                    }
                }
            })+
        }

        mod created {
            use super::*;
            $(mod $created {
                use super::*;

                proptest! {
                    #[test]
                    fn can_be_a_template(value: $new) {
                        check_can_be_a_template(&value)?;
                    }

                    #[test]
                    fn wrong_property_is_named(
                        value: $new,
                        property in property_of(&<$new>::views().create),
                    ) {
                        check_wrong_property_is_named(&value, &property)?;
                    }

                    #[test]
                    fn unknown_property_is_named(value: $new, name in "[a-z]{1,6}X") {
                        check_unknown_property_is_named(&value, &name)?;
                    }

                    #[test]
                    fn no_text_makes_the_parser_panic(text in ".{0,40}") {
                        let _ = Create::<$new>::parse(text.clone().into());
                        let _ = Update::<$new>::parse(text.into());
                    }
                }
            })+
        }

        mod updated {
            use super::*;
            $(mod $updated {
                use super::*;

                proptest! {
                    #[test]
                    fn with_nothing_is_the_same(value: $changed) {
                        let patch = patch::<$changed>(&json!({}));
                        prop_assert_eq!(patch.apply(&value).unwrap(), value);
                    }

                    #[test]
                    fn with_itself_is_the_same(value: $changed) {
                        check_with_itself_is_the_same(&value)?;
                    }

                    #[test]
                    fn twice_is_once(value: $changed, other: $changed) {
                        let patch = patch::<$changed>(&json!(other));
                        let once = patch.apply(&value).unwrap();
                        prop_assert_eq!(patch.apply(&once).unwrap(), once);
                    }

                    #[test]
                    fn keeps_read_only_properties(value: $changed, other: $changed) {
                        check_keeps_read_only_properties(&value, &other)?;
                    }
                }
            })+
        }

        #[test]
        fn every_type_has_its_laws() {
            let stated = |names: &[std::borrow::Cow<'static, str>]| {
                names.iter().map(ToString::to_string).collect::<BTreeSet<_>>()
            };
            let of = |body: &BodyInfo, is_update: bool| match (body, is_update) {
                (BodyInfo::Create(of), false) | (BodyInfo::Update(of), true) => Some(*of),
                _ => None,
            };
            let all = |of: &dyn Fn(&contract::operation::OperationInfo) -> Option<_>| {
                catalogue()
                    .iter()
                    .filter_map(of)
                    .map(|info: contract::operation::TypeInfo| info.name().into_owned())
                    .collect::<BTreeSet<_>>()
            };
            let hint = "add the type to `laws!`";
            assert_eq!(all(&|operation| operation.reply.body.of()), stated(&[$(name::<$type>()),+]), "{hint}");
            assert_eq!(all(&|operation| of(&operation.body, false)), stated(&[$(name::<$new>()),+]), "{hint}");
            assert_eq!(all(&|operation| of(&operation.body, true)), stated(&[$(name::<$changed>()),+]), "{hint}");
        }
    };
}

laws! {
    read: {
        bot: bots::Bot,
        bot_instance: bot_instances::BotInstance,
        category: categories::Category,
        form: forms::Form,
        form_field: form_fields::FormField,
        object_id: ObjectId,
        organization: organizations::Organization,
        organization_group: organization_groups::OrganizationGroup,
        organization_group_members: organization_groups::OrganizationGroupMembers,
        service: services::Service,
        token: auth::Token,
        user: users::User,
        user_organizations: users::UserOrganizations,
        workflow: workflows::Workflow,
    }
    created: {
        bot: bots::Bot,
        bot_instance: bot_instances::BotInstance,
        category: categories::Category,
        form: forms::Form,
        form_field: form_fields::FormField,
        organization: organizations::Organization,
        organization_group: organization_groups::OrganizationGroup,
        service: services::Service,
        user: users::User,
    }
    updated: {
        bot: bots::Bot,
        bot_instance: bot_instances::BotInstance,
        category: categories::Category,
        form: forms::Form,
        organization: organizations::Organization,
        organization_group: organization_groups::OrganizationGroup,
        service: services::Service,
        user: users::User,
    }
}

fn name<T: Described>() -> std::borrow::Cow<'static, str> {
    T::schema_name()
}

/// The schema of a type as the OpenAPI document has it.
fn published<T: Described>() -> Validator {
    let mut document = openapi();
    document["$ref"] = format!("#/components/schemas/{}", T::schema_name()).into();
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&document)
        .unwrap_or_else(|error| panic!("{}: {error}", T::schema_name()))
}

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

fn patch<T: Described>(value: &Value) -> Update<T> {
    Update::parse(bytes(value)).unwrap_or_else(|violations| panic!("{violations}"))
}

fn property_of(document: &'static SchemaDocument) -> impl Strategy<Value = Property> {
    prop::sample::select(properties(document))
}

fn check_survives_json<T: Described + Debug + PartialEq>(value: &T) -> TestCaseResult {
    let text = serde_json::to_string(value).expect("has a JSON form");
    prop_assert_eq!(
        &serde_json::from_str::<T>(&text).expect("is read back"),
        value
    );
    // The same by way of a value, which holds numbers in another form.
    prop_assert_eq!(
        &serde_json::from_value::<T>(json!(value)).expect("is read back"),
        value
    );
    Ok(())
}

fn check_is_valid<T: Described>(value: &T, published: &Validator) -> TestCaseResult {
    let value = json!(value);
    prop_assert_eq!(T::views().read.validate(&value), Ok(()));
    prop_assert_eq!(T::views().partial.validate(&value), Ok(()));
    if let Err(error) = published.validate(&value) {
        return Err(TestCaseError::fail(format!(
            "{}: {error}",
            error.instance_path()
        )));
    }
    Ok(())
}

fn check_can_be_a_template<T: Described>(value: &T) -> TestCaseResult {
    let mut expected = json!(value);
    let Create(created) = Create::<T>::parse(bytes(&expected)).expect("is a template");
    let document = &T::views().create;
    drop_read_only(document, document.root(), &mut expected);
    prop_assert_eq!(json!(created), expected);
    Ok(())
}

fn check_wrong_property_is_named<T: Described>(value: &T, property: &Property) -> TestCaseResult {
    let Some(wrong) = wrong(&property.schema) else {
        return Ok(());
    };
    let mut value = json!(value);
    put(&mut value, &property.path, wrong);
    for violations in [
        Create::<T>::parse(bytes(&value))
            .map(drop)
            .expect_err("is wrong"),
        Update::<T>::parse(bytes(&value))
            .map(drop)
            .expect_err("is wrong"),
    ] {
        // An object that was not there before can lack what it requires as well.
        prop_assert!(
            fields(&violations).contains(&property.path.as_str()),
            "{}",
            violations
        );
    }
    Ok(())
}

fn check_unknown_property_is_named<T: Described>(value: &T, name: &str) -> TestCaseResult {
    let mut value = json!(value);
    value[name] = json!(null);
    for violations in [
        Create::<T>::parse(bytes(&value))
            .map(drop)
            .expect_err("is wrong"),
        Update::<T>::parse(bytes(&value))
            .map(drop)
            .expect_err("is wrong"),
    ] {
        prop_assert_eq!(fields(&violations), [name]);
    }
    Ok(())
}

fn check_with_itself_is_the_same<T: Described>(value: &T) -> TestCaseResult {
    let mut expected = json!(value);
    let patched = patch::<T>(&expected).apply(value).expect("is whole");
    let document = &T::views().update;
    make_merged(document, document.root(), &mut expected);
    prop_assert_eq!(json!(patched), expected);
    Ok(())
}

fn check_keeps_read_only_properties<T: Described>(value: &T, other: &T) -> TestCaseResult {
    let patched = json!(patch::<T>(&json!(other)).apply(value).expect("is whole"));
    let value = json!(value);
    let properties = T::views().update.root()["properties"]
        .as_object()
        .expect("an object");
    for (name, _) in properties
        .iter()
        .filter(|(_, schema)| schema["readOnly"] == true)
    {
        prop_assert_eq!(patched.get(name), value.get(name), "{}", name);
    }
    Ok(())
}

/// What a new resource makes of a value.
fn drop_read_only(document: &SchemaDocument, schema: &Value, value: &mut Value) {
    let schema = document.resolve(schema);
    match value {
        Value::Object(members) => {
            members.retain(|name, _| schema["properties"][name]["readOnly"] != true);
            for (name, member) in members {
                drop_read_only(document, &schema["properties"][name], member);
            }
        }
        Value::Array(items) => {
            for item in items {
                drop_read_only(document, &schema["items"], item);
            }
        }
        _ => {}
    }
}

/// What a merge patch makes of a value that is equal to it: null removes a
/// property, and the items of a list are new ones.
fn make_merged(document: &SchemaDocument, schema: &Value, value: &mut Value) {
    let schema = document.resolve(schema);
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            for (name, member) in members {
                make_merged(document, &schema["properties"][name], member);
            }
        }
        list @ Value::Array(_) => drop_read_only(document, schema, list),
        _ => {}
    }
}

/// The pattern as the published schema enforces it.
static TIME_FILTER: LazyLock<Validator> = LazyLock::new(|| {
    jsonschema::draft202012::new(&json!({ "pattern": TimeFilter::PATTERN })).expect("is a schema")
});

/// Any text that matches a pattern with anchors.
fn matching(pattern: &str) -> impl Strategy<Value = String> + use<> {
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    prop::string::string_regex(pattern).expect("is a pattern")
}

/// Texts that are filters, and those that are nearly so.
fn time_filter_or_not() -> impl Strategy<Value = String> {
    let nearly = "(>|>=|<|<=|=)?[0-9]{2}(0[0-9]|[0-9]0|[0-9]{2})-[01][0-9]-[0-3][0-9]\
        ([Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?([Zz]|[+-][0-2][0-9]:[0-6][0-9])?)?";
    let spoilt = (
        matching(TimeFilter::PATTERN),
        any::<prop::sample::Index>(),
        "[0-9:.T+-]?",
    )
        .prop_map(|(mut text, at, other)| {
            let at = at.index(text.len());
            text.replace_range(at..=at, &other);
            text
        });
    prop_oneof![nearly, spoilt]
}

proptest! {
    #[test]
    fn timestamp_survives_its_spelling(instant: Timestamp) {
        prop_assert_eq!(instant.to_string().parse(), Ok(instant));
    }

    #[test]
    fn id_survives_its_spelling(id: ObjectId, user: UserRef) {
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(user.to_string().parse(), Ok(user));
    }

    #[test]
    fn time_filters_survive_their_spelling(instant: Timestamp, sign in "(>|>=|<|<=)?") {
        let filter = TimeFilter::try_from(format!("{sign}{instant}")).unwrap();
        prop_assert_eq!(TimeFilter::try_from(String::from(filter)), Ok(filter));
    }

    #[test]
    fn time_filter_is_what_matches_its_pattern(text in time_filter_or_not()) {
        prop_assert_eq!(
            TIME_FILTER.is_valid(&json!(text)),
            TimeFilter::try_from(text.clone()).is_ok(),
            "{}",
            text
        );
    }

    #[test]
    fn what_matches_the_pattern_is_a_time_filter(text in matching(TimeFilter::PATTERN)) {
        prop_assert!(TimeFilter::try_from(text.clone()).is_ok(), "{}", text);
        let form = regress::Regex::new(TimeFilter::FORM).expect("is a pattern");
        prop_assert!(form.find(&text).is_some(), "{} has another form", text);
    }

    #[test]
    fn select_is_what_its_schema_accepts(
        names in prop::collection::vec(prop::sample::select(vec!["id", "role", "email"]), 0..3),
    ) {
        let query = json!({ "select": names });
        prop_assert_eq!(
            users::ListUsersQuery::views().create.validate(&query).is_ok(),
            serde_json::from_value::<Select<users::User>>(json!(names)).is_ok(),
            "{}",
            query
        );
    }

    #[test]
    fn no_text_makes_the_parser_of_parameters_panic(text in ".{0,40}") {
        let _ = parse_parameters::<users::ListUsersQuery>(
            ["limit", "sort", "select", "email", "status", text.as_str()].map(|name| (name, &text)),
        );
        let _ = parse_parameters::<forms::ListFormsQuery>([("createdAt", text)]);
    }
}
