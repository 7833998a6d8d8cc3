use super::*;

fn location(source: &str, pointer: &str) -> Location {
    Location {
        source: source.to_owned(),
        pointer: pointer.to_owned(),
        line: (!pointer.is_empty()).then_some(41),
    }
}

/// Every level, every optional part present and absent, and text that each
/// format has to escape.
fn report() -> Report {
    Report {
        title: "openapi.json, revised".to_owned(),
        findings: vec![
            Finding {
                id: "response-required-property-removed".to_owned(),
                level: Level::Error,
                direction: Some(Direction::Response),
                operation: Some("GET /users/{user_id}".to_owned()),
                also: (1..=7).map(|n| format!("GET /{n}")).collect(),
                base: Some(location("blessed/openapi.json", "/paths/~1users")),
                revision: Some(location("open api.json", "")),
                message: "`a<b>&\"c\"` is 100% gone,\nsee: ]]> ::error::".to_owned(),
            },
            Finding {
                id: "api-server-removed".to_owned(),
                level: Level::Warning,
                direction: None,
                operation: None,
                also: Vec::new(),
                base: Some(location("a.yaml", "/servers/0")),
                revision: None,
                message: "a *bold* | server\u{1b}[31m".to_owned(),
            },
            Finding {
                id: "endpoint-added".to_owned(),
                level: Level::Info,
                direction: None,
                operation: Some("POST /users".to_owned()),
                also: Vec::new(),
                base: None,
                revision: None,
                message: "the operation is new".to_owned(),
            },
        ],
        accepted: 0,
        coverage: Some(Coverage {
            operations: Seen {
                seen: vec!["POST /users".to_owned()],
                unseen: vec!["GET /users".to_owned()],
            },
            ..Coverage::default()
        }),
    }
}

#[test]
fn text_without_colour() {
    insta::assert_snapshot!(
        "text",
        render(&report(), Format::Text, false, Shown::default())
    );
}

#[test]
fn text_with_colour_never_passes_on_control_characters() {
    let text = render(&report(), Format::Text, true, Shown::default());
    assert!(text.contains("\u{1b}[1;31merror\u{1b}[0m"), "{text:?}");
    assert!(!text.contains("server\u{1b}"), "{text:?}");
}

#[test]
fn github() {
    insta::assert_snapshot!(
        "github",
        render(&report(), Format::Github, false, Shown::default())
    );
}

#[test]
fn junit() {
    insta::assert_snapshot!(
        "junit",
        render(&report(), Format::Junit, false, Shown::default())
    );
}

#[test]
fn sarif() {
    let text = render(&report(), Format::Sarif, false, Shown::default());
    let sarif: serde_json::Value = serde_json::from_str(&text).expect("SARIF is JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let text = text.replace(env!("CARGO_PKG_VERSION"), "[version]");
    insta::assert_snapshot!("sarif", text);
}

#[test]
fn markdown() {
    insta::assert_snapshot!(
        "markdown",
        render(&report(), Format::Markdown, false, Shown::default())
    );
}

#[test]
fn json_keeps_its_schema() {
    let text = render(&report(), Format::Json, false, Shown::default());
    let json = serde_json::from_str(&text).expect("the report is JSON");
    let schema = serde_json::from_str(JSON_SCHEMA).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is valid");
    let errors: Vec<String> = validator
        .iter_errors(&json)
        .map(|error| error.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "change report.schema.json with the report: {errors:?}"
    );
    insta::assert_snapshot!("json", text);
}

#[test]
fn what_is_not_shown_is_counted() {
    let shown = |least, most| {
        let text = render(&report(), Format::Text, false, Shown { least, most });
        let sentences: Vec<String> = text
            .lines()
            .filter(|line| line.contains("not shown"))
            .map(str::to_owned)
            .collect();
        (
            text.matches("[api-server-removed]").count(),
            sentences.join("; "),
        )
    };
    assert_eq!(shown(Level::Info, 9), (1, String::new()));
    assert_eq!(
        shown(Level::Error, 9),
        (
            0,
            "2 more findings are not shown: they are below the level error".to_owned()
        )
    );
    assert_eq!(
        shown(Level::Warning, 1),
        (
            0,
            "1 more finding is not shown: there are too many; \
             1 more finding is not shown: they are below the level warning"
                .to_owned()
        )
    );
}

#[test]
fn a_report_fails_at_its_worst_level_and_below() {
    let mut report = report();
    report.findings.remove(0);
    assert!(!report.fails_on(Level::Error));
    assert!(report.fails_on(Level::Warning));
    assert!(report.fails_on(Level::Info));
    report.findings.clear();
    assert!(!report.fails_on(Level::Info));
}
