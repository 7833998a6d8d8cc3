//! What makes clients ugly that are generated from an OpenAPI document, or keeps them from
//! compiling.
//!
//! Each rule has its reason in what a generator makes of it: openapi-typescript, hey-api,
//! orval, openapi-python-client, openapi-generator, datamodel-code-generator and progenitor
//! were tried. What a document says of the API is no concern of this module.

use std::collections::{BTreeMap, BTreeSet};

use openapi_diff::{Level, Location, OperationList};
use serde_json::{Map, Value};

use crate::methods::{self, Stated};
use crate::reference::{self, escape, follow};
use crate::report::Finding;

/// What a language or its standard library has of the same name, somewhere.
const BUILT_IN: &[&str] = &[
    "any",
    "array",
    "bool",
    "boolean",
    "box",
    "class",
    "date",
    "dict",
    "enum",
    "error",
    "exception",
    "file",
    "float",
    "function",
    "int",
    "integer",
    "interface",
    "list",
    "map",
    "module",
    "none",
    "null",
    "number",
    "object",
    "option",
    "optional",
    "promise",
    "record",
    "request",
    "response",
    "result",
    "self",
    "set",
    "string",
    "symbol",
    "type",
    "undefined",
    "union",
    "vec",
    "void",
];

/// What openapi-typescript-codegen exports of its own among all schemas.
const OF_GENERATORS: &[&str] = &[
    "apierror",
    "cancelablepromise",
    "cancelerror",
    "openapi",
    "openapiconfig",
];

macro_rules! rules {
    ($($meaning:literal $name:ident = $id:literal,)*) => {
        /// What can be found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum LintRule {
            $(#[doc = $meaning] $name,)*
        }

        impl LintRule {
            /// All of them, in the order of their ids.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The id in reports.
            pub(crate) const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

rules! {
    "An alternative of a union is no type by itself."
    AlternativeWithoutType = "alternative-without-type",
    "A schema has a default."
    DefaultLooksRequired = "default-looks-required",
    "An enum has no name."
    EnumWithoutName = "enum-without-name",
    "A schema is called what a language calls something of its own."
    NameBuiltIn = "name-built-in",
    "A schema is called what a generator calls something of its own."
    NameOfGenerators = "name-of-generators",
    "Two names are one in another case."
    NamesCoincide = "names-coincide",
    "An object has no name."
    ObjectWithoutName = "object-without-name",
    "A parameter has no example."
    ParameterWithoutExample = "parameter-without-example",
    "An operation has two code samples in one language."
    SamplesOfOneLanguage = "samples-of-one-language",
    "A document of 3.0 has a response for all other statuses."
    StatusDefault = "status-default",
    "A document of 3.1 has a response for a range of statuses."
    StatusRange = "status-range",
}

/// Where the named schemas of a document are.
const SCHEMAS: &str = "/components/schemas";

/// Everything in a document that makes generated clients ugly. `source` is what findings
/// call the document.
pub fn lint(document: &Value, source: &str) -> Vec<Finding> {
    let mut lint = Lint {
        source,
        findings: Vec::new(),
        judged: BTreeSet::new(),
    };
    let none = Map::new();
    let schemas = document.pointer(SCHEMAS).and_then(Value::as_object);
    let schemas = schemas.unwrap_or(&none);
    lint.coinciding(SCHEMAS, schemas.keys().map(String::as_str));
    for (name, schema) in schemas {
        let place = format!("{SCHEMAS}/{}", escape(name));
        if BUILT_IN.contains(&bare(name).as_str()) {
            let message = format!("`{name}` is a name of a language's own; say more");
            lint.find(LintRule::NameBuiltIn, Level::Warning, &place, message);
        }
        if OF_GENERATORS.contains(&bare(name).as_str()) {
            let message = format!("`{name}` is what a generator calls a part of its own");
            lint.find(LintRule::NameOfGenerators, Level::Error, &place, message);
        }
        lint.schema(&place, schema, true);
    }
    lint.operations(document);
    lint.findings
}

/// What of a lint is new since that of what was published. What is published cannot be
/// mended without breaking clients.
pub fn new_since(published: &[Finding], found: Vec<Finding>) -> Vec<Finding> {
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for finding in published {
        *known.entry(kind(finding)).or_default() += 1;
    }
    let is_new = |finding: &Finding| match known.get_mut(&kind(finding)) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    found.into_iter().filter(is_new).collect()
}

/// What makes two findings the same: all but the document and the numbers in its place, which
/// move with what stands before it.
fn kind(finding: &Finding) -> (String, String, String) {
    let place = finding.revision.as_ref().map(|place| &*place.pointer);
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = place.unwrap_or_default().split('/');
    let place: Vec<_> = parts.filter(|part| !is_number(part)).collect();
    (finding.id.clone(), finding.message.clone(), place.join("/"))
}

/// What was found so far.
struct Lint<'a> {
    source: &'a str,
    findings: Vec<Finding>,
    /// Where the parameters stand that have been looked at.
    judged: BTreeSet<String>,
}

impl Lint<'_> {
    fn find(&mut self, rule: LintRule, level: Level, pointer: &str, message: String) {
        self.findings.push(Finding {
            id: rule.id().to_owned(),
            level,
            direction: None,
            operation: None,
            also: OperationList::default(),
            base: None,
            revision: Some(Location {
                source: self.source.to_owned(),
                pointer: pointer.to_owned(),
                line: None,
            }),
            message,
        });
    }

    /// Finds names of one scope that a generator takes for one, in camel, snake or Pascal
    /// case.
    fn coinciding<'n>(&mut self, scope: &str, names: impl IntoIterator<Item = &'n str>) {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for name in names {
            if let Some(other) = known.insert(bare(name), name) {
                let message = format!("`{other}` and `{name}` are one name in another language");
                self.find(LintRule::NamesCoincide, Level::Error, scope, message);
            }
        }
    }

    /// Judges a schema and those inside of it.
    fn schema(&mut self, place: &str, schema: &Value, is_named: bool) {
        let properties = schema["properties"].as_object();
        let names = properties.into_iter().flat_map(Map::keys);
        self.coinciding(place, names.map(String::as_str));
        let values = schema["enum"].as_array();
        let texts = values.into_iter().flatten().filter_map(Value::as_str);
        self.coinciding(place, texts);
        if !is_named && properties.is_some() {
            let message = "an object without a name; generators make one up".to_owned();
            self.find(LintRule::ObjectWithoutName, Level::Warning, place, message);
        }
        if !is_named && values.is_some() {
            let message = "an enum without a name; generators number these, or repeat them";
            let rule = LintRule::EnumWithoutName;
            self.find(rule, Level::Warning, place, message.to_owned());
        }
        if schema.get("default").is_some() {
            let message = "a default; some generators require what has one, so say it in words";
            let rule = LintRule::DefaultLooksRequired;
            self.find(rule, Level::Info, place, message.to_owned());
        }
        for (name, property) in properties.into_iter().flatten() {
            self.schema(
                &format!("{place}/properties/{}", escape(name)),
                property,
                false,
            );
        }
        for keyword in ["items", "additionalProperties"] {
            if schema[keyword].is_object() {
                self.schema(&format!("{place}/{keyword}"), &schema[keyword], false);
            }
        }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let alternatives = schema[keyword].as_array().into_iter().flatten();
            for (number, alternative) in alternatives.enumerate() {
                let place = format!("{place}/{keyword}/{number}");
                let is_whole = ["$ref", "type", "allOf", "const", "enum"]
                    .iter()
                    .any(|keyword| alternative.get(keyword).is_some());
                if keyword != "allOf" && !is_whole {
                    let message = "an alternative that is no type by itself; generators take it \
                                   for anything, or leave it out"
                        .to_owned();
                    self.find(
                        LintRule::AlternativeWithoutType,
                        Level::Error,
                        &place,
                        message,
                    );
                }
                // What is merged into a named schema is a part of it.
                self.schema(&place, alternative, is_named && keyword == "allOf");
            }
        }
    }

    fn operations(&mut self, document: &Value) {
        let version = document["openapi"].as_str().unwrap_or_default();
        let is_3_0 = version.starts_with("3.0");
        let mut ids = Vec::new();
        let paths = document["paths"].as_object().into_iter().flatten();
        for (path, item) in paths {
            let place = reference::place(document, format!("/paths/{}", escape(path)));
            let item = follow(document, item);
            self.parameters(document, listed(&place, item));
            for Stated {
                below, operation, ..
            } in methods::operations(item)
            {
                let place = format!("{place}{below}");
                ids.extend(operation["operationId"].as_str());
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let parameters = parameters.map(|parameter| follow(document, parameter));
                let names = parameters.filter_map(|parameter| parameter["name"].as_str());
                self.coinciding(&format!("{place}/parameters"), names);
                self.parameters(document, listed(&place, operation));
                self.samples(&place, operation);
                self.statuses(&place, operation, is_3_0);
            }
        }
        self.coinciding("/paths", ids);
        let shared = document.pointer("/components/parameters");
        let shared = shared.and_then(Value::as_object).into_iter().flatten();
        let shared = shared.map(|(name, parameter)| {
            let place = format!("/components/parameters/{}", escape(name));
            (place, parameter)
        });
        self.parameters(document, shared);
    }

    /// The parameters that stand at a place, each with its own one.
    fn parameters<'v>(
        &mut self,
        document: &Value,
        parameters: impl Iterator<Item = (String, &'v Value)>,
    ) {
        for (place, parameter) in parameters {
            // Many operations may refer to one.
            let place = reference::place(document, place);
            let parameter = follow(document, parameter);
            if !self.judged.insert(place.clone()) {
                continue;
            }
            let target = parameter["schema"]["$ref"].as_str().unwrap_or_default();
            let target = target.trim_start_matches('#');
            let values = document.pointer(&format!("{target}/enum"));
            let is_shown = ["example", "examples"]
                .iter()
                .any(|keyword| parameter.get(keyword).is_some())
                || !target.is_empty() && values.is_some();
            if !is_shown {
                let name = parameter["name"].as_str().unwrap_or_default();
                let message = format!("`{name}` has no example");
                self.find(
                    LintRule::ParameterWithoutExample,
                    Level::Info,
                    &place,
                    message,
                );
            }
        }
    }

    /// Code samples of one language. Elements of Stoplight knows one for each, and shows the
    /// last under the name of the first.
    fn samples(&mut self, place: &str, operation: &Value) {
        let samples = operation["x-codeSamples"].as_array().into_iter().flatten();
        let mut known = BTreeSet::new();
        for (number, sample) in samples.enumerate() {
            let language = sample["lang"].as_str().unwrap_or_default();
            if !known.insert(language.to_lowercase()) {
                let message = format!("another code sample in `{language}`; renderers show one");
                let place = format!("{place}/x-codeSamples/{number}");
                self.find(
                    LintRule::SamplesOfOneLanguage,
                    Level::Warning,
                    &place,
                    message,
                );
            }
        }
    }

    /// The statuses of failures that are not listed. Each form stops a generator; readers
    /// of 3.0 and of 3.1 are different ones.
    fn statuses(&mut self, place: &str, operation: &Value, is_3_0: bool) {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (status, _) in responses {
            let place = format!("{place}/responses/{status}");
            if status.ends_with("XX") && !is_3_0 {
                let message = format!(
                    "`{status}` is no number, and what orval makes of it does not compile; \
                     say `default`"
                );
                self.find(LintRule::StatusRange, Level::Warning, &place, message);
            }
            if status == "default" && is_3_0 {
                let message = "progenitor takes `default` for success as well, and stops; say \
                               `4XX` and `5XX`"
                    .to_owned();
                self.find(LintRule::StatusDefault, Level::Info, &place, message);
            }
        }
    }
}

/// The parameters of an operation or a path, which are at this place.
fn listed<'v>(place: &str, of: &'v Value) -> impl Iterator<Item = (String, &'v Value)> {
    let parameters = of["parameters"].as_array().into_iter().flatten();
    let numbered = parameters.enumerate();
    numbered.map(move |(number, parameter)| (format!("{place}/parameters/{number}"), parameter))
}

/// What is left of a name in camel, snake and Pascal case alike.
fn bare(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LintRule, Value, lint, new_since};

    /// Checks what is found in a document with this schema `User` and this operation.
    #[track_caller]
    fn check(version: &str, user: &Value, operation: &Value, expected: &[&str]) {
        let document = json!({
            "openapi": version,
            "paths": { "/users": { "get": operation } },
            "components": { "schemas": { "User": user } },
        });
        let found: Vec<_> = lint(&document, "a.json")
            .into_iter()
            .map(|finding| {
                let place = finding.revision.map(|place| place.pointer);
                format!("{} {}", finding.id, place.unwrap_or_default())
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_schema(user: &Value, expected: &[&str]) {
        check("3.1.0", user, &json!({"responses": {}}), expected);
    }

    #[test]
    fn properties_of_one_name_are_found() {
        check_schema(
            &json!({"type": "object", "properties": {"app_id": {}, "name": {}, "appId": {}}}),
            &["names-coincide /components/schemas/User"],
        );
    }

    #[test]
    fn values_of_one_name_are_found() {
        check_schema(
            &json!({"type": "string", "enum": ["name", "-name"]}),
            &["names-coincide /components/schemas/User"],
        );
    }

    #[test]
    fn objects_and_enums_without_names_are_found() {
        check_schema(
            &json!({"type": "object", "properties": {
                "address": {"type": "object", "properties": {"city": {"type": "string"}}},
                "roles": {"type": "array", "items": {"type": "string", "enum": ["owner"]}},
            }}),
            &[
                "object-without-name /components/schemas/User/properties/address",
                "enum-without-name /components/schemas/User/properties/roles/items",
            ],
        );
    }

    #[test]
    fn alternatives_that_only_require_are_found() {
        check_schema(
            &json!({"oneOf": [{"$ref": "#/components/schemas/User"}, {"required": ["password"]}]}),
            &["alternative-without-type /components/schemas/User/oneOf/1"],
        );
    }

    #[test]
    fn what_is_merged_into_a_schema_is_no_object_without_a_name() {
        check_schema(
            &json!({"allOf": [{"type": "object", "properties": {"name": {"type": "string"}}}]}),
            &[],
        );
    }

    #[test]
    fn defaults_are_found() {
        check_schema(
            &json!({"type": "integer", "default": 1}),
            &["default-looks-required /components/schemas/User"],
        );
    }

    #[test]
    fn names_of_languages_are_found() {
        let names = json!({"Error": {}, "ApiError": {}, "ErrorReply": {}});
        let found = lint(&json!({"components": {"schemas": names}}), "a.json");
        let ids: Vec<_> = found.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(ids, ["name-built-in", "name-of-generators"]);
    }

    #[test]
    fn parameters_without_examples_are_found() {
        check(
            "3.1.0",
            &json!({"type": "string", "enum": ["owner"]}),
            &json!({"responses": {}, "parameters": [
                {"name": "limit", "schema": {"type": "integer"}, "example": 1},
                {"name": "role", "schema": {"$ref": "#/components/schemas/User"}},
                {"name": "sort", "schema": {"type": "string"}},
            ]}),
            &["parameter-without-example /paths/~1users/get/parameters/2"],
        );
    }

    #[test]
    fn parameters_of_a_path_and_shared_ones_are_looked_at_too() {
        let sort = || json!({"name": "sort", "schema": {"type": "string"}});
        let document = json!({
            "paths": {"/users": {
                "parameters": [sort(), {"$ref": "#/components/parameters/Sort"}],
            }},
            "components": {"parameters": {"Sort": sort()}},
        });
        let places = lint(&document, "a.json").into_iter();
        let places = places.filter_map(|finding| Some(finding.revision?.pointer));
        assert_eq!(
            places.collect::<Vec<_>>(),
            ["/paths/~1users/parameters/0", "/components/parameters/Sort"]
        );
    }

    #[test]
    fn what_paths_refer_to_is_looked_at() {
        let document = json!({
            "paths": {"/users": {"$ref": "#/x-files/0"}, "/members": {"$ref": "#/x-files/0"}},
            "x-files": [{
                "get": {"operationId": "getUser", "parameters": [{"$ref": "#/x-files/1"}], "responses": {}},
                "additionalOperations": {"COPY": {"operationId": "get_user", "responses": {}}},
            }, {"name": "sort", "schema": {"type": "string"}}],
        });
        let found = lint(&document, "a.json").into_iter();
        let found = found.filter_map(|finding| Some((finding.id, finding.revision?.pointer)));
        let found: Vec<_> = found.collect();
        let parameter = (
            "parameter-without-example".to_owned(),
            "/x-files/1".to_owned(),
        );
        assert_eq!(found.iter().filter(|one| **one == parameter).count(), 1);
        let coinciding = |(id, _): &(String, String)| id == "names-coincide";
        assert!(found.iter().any(coinciding), "{found:?}");
    }

    #[test]
    fn samples_of_one_language_are_found() {
        let samples = ["shell", "go", "Shell"].map(|lang| json!({"lang": lang, "source": ""}));
        check(
            "3.1.0",
            &json!({}),
            &json!({"responses": {}, "x-codeSamples": samples}),
            &["samples-of-one-language /paths/~1users/get/x-codeSamples/2"],
        );
    }

    #[test]
    fn each_version_has_its_own_word_for_other_failures() {
        let ranges = json!({"responses": {"200": {}, "4XX": {}}});
        let other = json!({"responses": {"200": {}, "default": {}}});
        check(
            "3.1.0",
            &json!({}),
            &ranges,
            &["status-range /paths/~1users/get/responses/4XX"],
        );
        check("3.1.0", &json!({}), &other, &[]);
        check("3.0.3", &json!({}), &ranges, &[]);
        check(
            "3.0.3",
            &json!({}),
            &other,
            &["status-default /paths/~1users/get/responses/default"],
        );
    }

    #[test]
    fn ids_stand_in_order() {
        assert!(
            LintRule::ALL.is_sorted_by_key(|rule| rule.id()),
            "sort the rules"
        );
    }

    #[test]
    fn what_was_published_is_not_new() {
        let alternatives = |published: Value| {
            let schemas = json!({"User": {"oneOf": published}});
            lint(&json!({"components": {"schemas": schemas}}), "a.json")
        };
        let bare = || json!({"required": ["password"]});
        let whole = || json!({"type": "object"});
        let new = |before: Value, after: Value| {
            new_since(&alternatives(before), alternatives(after)).len()
        };
        assert_eq!(new(json!([bare()]), json!([bare()])), 0);
        assert_eq!(
            new(json!([bare()]), json!([whole(), bare()])),
            0,
            "it moved"
        );
        assert_eq!(new(json!([bare()]), json!([bare(), bare()])), 1);
        assert_eq!(new(json!([whole()]), json!([bare()])), 1);
    }
}
