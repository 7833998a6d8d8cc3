//! What new resources and updates hold beyond the types of their properties, and
//! what a caller is told about it.

use contract::{
    find,
    operation::BodyInfo,
    recorded::recorded,
    schema::{Described, SchemaDocument},
    users::User,
};
use serde_json::{Value, json};

use crate::bodies::put;

const EMAIL: &str = "must be an e-mail address, such as name@example.com";
const URI: &str = "must be an absolute URI, such as https://example.com/image.png";
const WEB_URL: &str = "must be an http(s) URL, such as https://example.com";
const TIME_ZONE: &str = "must be a time zone of the IANA database, such as Europe/Amsterdam";
const COUNTRY: &str = "must be the two letters of a country in ISO 3166-1, such as NL";
const DOMAIN: &str = "must be a domain, such as example.com";
const LABEL: &str = "must be one part of a domain: up to 63 letters, digits and hyphens";
const EMAIL_OR_DOMAIN: &str =
    "must be an e-mail address or a domain, such as name@example.com or example.com";
const REGULAR_EXPRESSION: &str = "must be a regular expression of JavaScript";

/// What a body is told once a property has a value: of the recorded body of a new
/// resource, and of an update.
fn told(resource: &str, path: &str, value: &Value) -> Vec<String> {
    let bodies = ["create", "update"].into_iter().filter_map(|verb| {
        let operation = find(&format!("{verb}{resource}"))?;
        let mut body = match operation.body {
            BodyInfo::Update(_) => json!({}),
            _ => recorded(operation.id)?.request.as_ref()?.body.clone()?,
        };
        put(&mut body, path, value.clone());
        let result = operation.check_body(body.to_string().into());
        Some(result.err().map(|violations| violations.to_string()))
    });
    let told: Vec<_> = bodies.collect();
    assert!(!told.is_empty(), "nothing writes a {resource}");
    told.into_iter().flatten().collect()
}

/// Checks that a value of a property is refused, and what is said about it.
#[track_caller]
fn refused(resource: &str, path: &str, value: impl Into<Value>, because: &str) {
    let value = value.into();
    let told = told(resource, path, &value);
    let place = match &value {
        Value::Array(_) => format!("{path}[0]"),
        _ => path.to_owned(),
    };
    let is_told = told
        .iter()
        .all(|told| *told == format!("{place} {because}"));
    assert!(
        !told.is_empty() && is_told,
        "{resource} {path}: {told:?} of {value}"
    );
}

/// Checks that values of a property are accepted.
#[track_caller]
fn accepted<V: Into<Value>>(resource: &str, path: &str, values: impl IntoIterator<Item = V>) {
    for value in values {
        let value = value.into();
        let told = told(resource, path, &value);
        assert!(told.is_empty(), "{resource} {path}: {told:?} of {value}");
    }
}

#[test]
fn time_zones_are_in_the_database() {
    for (resource, path) in [("User", "settings.timezone"), ("Organization", "timezone")] {
        accepted(resource, path, ["Europe/Amsterdam", "UTC", "US/Eastern"]);
        for name in ["Europe/Atlantis", "europe/amsterdam", ""] {
            refused(resource, path, name, TIME_ZONE);
        }
    }
}

#[test]
fn countries_are_in_the_standard() {
    accepted("Organization", "country", ["NL", "XK"]);
    for code in ["nl", "ZZ", "NLD", "Netherlands", ""] {
        refused("Organization", "country", code, COUNTRY);
    }
}

#[test]
fn urls_are_those_of_the_web() {
    let urls = [
        ("User", "avatar"),
        ("Bot", "avatar"),
        ("BotInstance", "avatar"),
        ("Organization", "logo"),
        ("Organization", "url"),
        ("Organization", "aliases[0].avatar"),
        ("Service", "params.url"),
        ("Service", "params.privacy"),
    ];
    for (resource, path) in urls {
        accepted(
            resource,
            path,
            ["http://a.example", "HTTPS://a.example/b?c#d"],
        );
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
        ] {
            refused(resource, path, url, WEB_URL);
        }
        refused(resource, path, "https://a b", URI);
    }
}

#[test]
fn domains_are_dns_names() {
    accepted(
        "Organization",
        "domain",
        ["chat.report", "xn--bcher-kva.example"],
    );
    accepted(
        "Organization",
        "domainPrefix",
        ["skynet".to_owned(), "a".repeat(63)],
    );
    for name in ["localhost", "a..example", "1.2.3.4", "a/b.example"] {
        refused("Organization", "domain", name, DOMAIN);
    }
    for name in ["", "a.b", "-a", &"a".repeat(64)] {
        refused("Organization", "domainPrefix", name, LABEL);
    }
}

#[test]
fn a_domain_has_253_characters_at_most() {
    let domain = [
        "a".repeat(63),
        "b".repeat(63),
        "c".repeat(63),
        "d".repeat(61),
    ]
    .join(".");
    accepted("Organization", "domain", [domain.as_str()]);
    let because = "must have at most 253 characters";
    refused("Organization", "domain", domain + "d", because);
}

#[test]
fn a_whitelist_has_addresses_and_domains() {
    accepted(
        "Organization",
        "whitelist",
        [json!(["a@b.example", "example.com"])],
    );
    for entry in ["john", "@example.com", "a@b@c.example"] {
        refused("Organization", "whitelist", json!([entry]), EMAIL_OR_DOMAIN);
    }
}

#[test]
fn records_are_kept_for_whole_units_of_time() {
    let path = "dataRetention.length";
    accepted("Organization", path, [json!(1), json!(18.0), json!(1200)]);
    refused("Organization", path, 0, "must be at least 1");
    refused("Organization", path, 1.5, "must be a whole number");
    refused("Organization", path, 1201, "must be at most 1200");
}

#[test]
fn invoices_are_due_after_whole_days() {
    let path = "billingInfo.daysUntilDue";
    accepted("Organization", path, [0, 14, 90]);
    refused("Organization", path, -1, "must be at least 0");
    refused("Organization", path, 0.5, "must be a whole number");
}

#[test]
fn billing_has_two_versions_and_three_plans() {
    accepted("Organization", "billingInfo.version", [1, 2]);
    accepted(
        "Organization",
        "billingInfo.currentPlan",
        ["base", "grow", "scale"],
    );
    let path = "billingInfo.version";
    refused("Organization", path, 0, "must be at least 1");
    refused("Organization", path, 1.5, "must be a whole number");
    refused("Organization", path, 3, "must be at most 2");
    let because = "must be one of base, grow, scale";
    refused("Organization", "billingInfo.currentPlan", "free", because);
    refused("Organization", "billingInfo.currentPlan", "", because);
}

#[test]
fn notifications_are_those_that_are_documented() {
    let all = json!(["technical", "billing", "reporting", "knowledge", "results"]);
    accepted("User", "settings.notifications", [all, json!([])]);
    let because = "must be one of technical, billing, reporting, knowledge, results";
    refused("User", "settings.notifications", json!(["gossip"]), because);
}

#[test]
fn patterns_are_regular_expressions_of_javascript() {
    for (resource, path) in [("FormField", "pattern"), ("Form", "fields[0].pattern")] {
        let mut told = told(resource, path, &json!("("));
        // A field that is made for its pattern alone lacks a name.
        told.retain(|told| !told.contains("name is required"));
        let expected = format!("{path} {REGULAR_EXPRESSION}");
        assert!(told.iter().all(|told| *told == expected), "{told:?}");
    }
    accepted(
        "FormField",
        "pattern",
        ["", "(?!02)[0-9]{4}", "\\p{3}", &"a".repeat(1024)],
    );
    refused("FormField", "pattern", "a{2,1}", REGULAR_EXPRESSION);
    let because = "must have at most 1024 characters";
    refused("FormField", "pattern", "a".repeat(1025), because);
}

#[test]
fn addresses_have_320_characters_at_most() {
    // For readers that do not check the format.
    let email = &User::views().create.root()["properties"]["email"];
    assert_eq!(email["maxLength"], 320);
    let long = format!(
        "{}@{}.example",
        "a".repeat(64),
        ["b".repeat(63), "c".repeat(63)].join(".")
    );
    assert!(long.len() < 320);
    for (resource, path) in [
        ("User", "email"),
        ("Organization", "email"),
        ("Organization", "emailAs"),
    ] {
        accepted(resource, path, [long.as_str()]);
        refused(resource, path, "name", EMAIL);
        // The format is the stricter rule: 64 characters before the `@`, 254 after it.
        refused(
            resource,
            path,
            format!("{}@b.example", "a".repeat(320)),
            EMAIL,
        );
    }
    refused("Form", "notifyEmails", json!(["name"]), EMAIL);
}

#[test]
fn passwords_are_bounded_in_characters_and_in_bytes() {
    accepted("User", "password", ["z".repeat(1024), "é".repeat(512)]);
    refused("User", "password", "", "must not be empty");
    refused(
        "User",
        "password",
        "z".repeat(1025),
        "must have at most 1024 bytes",
    );
    refused(
        "User",
        "password",
        "é".repeat(513),
        "must have at most 1024 bytes",
    );
}

#[test]
fn credentials_are_bounded() {
    let operation = find("createToken").expect("is in the catalogue");
    let told = |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        let result = operation.check_body(body.to_string().into());
        result.err().map(|violations| violations.to_string())
    };
    assert_eq!(told("a@b.example", &"z".repeat(1024)), None);
    assert_eq!(told("a@b.example", ""), None);
    assert_eq!(
        told("a@b.example", &"é".repeat(513)).as_deref(),
        Some("password must have at most 1024 bytes"),
    );
    assert_eq!(
        told(&format!("{}@b.example", "a".repeat(320)), "z").as_deref(),
        Some("email must be an e-mail address, such as name@example.com"),
    );
}

#[test]
fn the_owner_of_a_resource_is_never_null() {
    for resource in [
        "User",
        "Bot",
        "BotInstance",
        "Service",
        "Form",
        "OrganizationGroup",
    ] {
        refused(resource, "organization", Value::Null, "cannot be null");
    }
}

#[test]
fn replies_are_not_held_to_the_rules_of_requests() {
    let value = json!({
        "email": "a@b.example",
        "organization": null,
        "avatar": "data:image/png;base64,",
        "settings": { "timezone": "Atlantis", "notifications": ["gossip"] },
    });
    let views = User::views();
    assert_eq!(views.read.validate(&value), Ok(()));
    assert_eq!(views.partial.validate(&value), Ok(()));
    let violations = views
        .create
        .validate(&value)
        .expect_err("is against the rules");
    assert_eq!(violations.as_slice().len(), 4, "{violations}");
}

#[test]
fn no_published_schema_shows_how_it_was_derived() {
    let documents = |views: &'static contract::schema::Views| -> [&'static SchemaDocument; 4] {
        [&views.read, &views.partial, &views.create, &views.update]
    };
    for operation in contract::catalogue() {
        let types = [Some(operation.query_parameters), operation.reply.body.of()];
        for document in types
            .into_iter()
            .flatten()
            .flat_map(|of| documents(of.views()))
        {
            let text = document.standalone().to_string();
            assert!(!text.contains("x-request"), "{}", document.name);
        }
    }
}

#[test]
fn defaults_are_filled_in_at_any_depth() {
    let mut value = json!({
        "categories": [null, { "name": "Used Car" }],
        "settings": { "enableMail": false },
        "profileFields": { "address": { "postalCode": { "label": "Postcode" } } },
    });
    let views = contract::organizations::Organization::views();
    views.create.fill_in_defaults(&mut value);
    let expected = json!({
        "status": "active",
        "locale": "en",
        "timezone": "Europe/Amsterdam",
        "defaultRole": "guest",
        "categories": [null, { "name": "Used Car" }],
        "settings": { "routeOnReply": "accept", "enableMail": false },
        "profileFields": {
            "address": { "postalCode": { "label": "Postcode", "enabled": true } },
        },
    });
    assert_eq!(value, expected);
}
