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
                also: OperationList::default(),
                base: Some(location("a.yaml", "/servers/0")),
                revision: None,
                message: "a *bold* | server\u{1b}[31m".to_owned(),
            },
            Finding {
                id: "endpoint-added".to_owned(),
                level: Level::Info,
                direction: None,
                operation: Some("POST /users".to_owned()),
                also: OperationList::default(),
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
fn text_that_explains_says_what_to_do() {
    let shown = Shown {
        explain: true,
        ..Shown::default()
    };
    let text = render(&report(), Format::Text, false, shown);
    insta::assert_snapshot!("text_explained", text);
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
fn html() {
    let text = render(&report(), Format::Html, false, Shown::default());
    let (head, rest) = text.split_once("<style>").expect("the page has a style");
    let (_, body) = rest.split_once("</style>").expect("the style ends");
    insta::assert_snapshot!("html", format!("{head}<style>[page.css]</style>{body}"));
}

/// A report of so many errors, and as many notes before them.
fn large(count: usize) -> Report {
    let finding = |level, index: usize| Finding {
        id: "request-property-max-decreased".to_owned(),
        level,
        direction: Some(Direction::Request),
        operation: Some(format!("POST /things/{index}")),
        also: OperationList::default(),
        base: None,
        revision: Some(location("new.json", "/paths")),
        message: format!("the greatest size of `name{index}` fell"),
    };
    let notes = (0..count).map(|index| finding(Level::Info, index));
    let errors = (0..count).map(|index| finding(Level::Error, index));
    Report {
        findings: notes.chain(errors).collect(),
        coverage: None,
        ..report()
    }
}

#[test]
fn markdown_fits_a_comment_and_counts_the_rest() {
    let shown = Shown {
        command: Some("web1on1 contract diff a b"),
        ..Shown::default()
    };
    let text = render(&large(3_000), Format::Markdown, false, shown);
    assert!(text.len() <= markdown::MOST_BYTES, "{}", text.len());
    assert!(text.len() > markdown::MOST_BYTES / 2, "{}", text.len());
    // Whatever breaks comes first, and no entry is cut.
    assert!(text.contains("### Breaking changes (3000)"), "{text}");
    assert!(!text.contains("### Changed"), "{text}");
    let written = text.matches("(`request-property-max-decreased`)\n").count();
    let expected = format!(
        "**{} more findings are not shown**: a comment holds 60 KB. \
         `web1on1 contract diff a b` shows all.",
        6_000 - written
    );
    assert!(text.contains(&expected), "{expected:?} is not in:\n{text}");
}

#[test]
fn one_long_message_fits_a_comment() {
    let mut report = large(1);
    report.title = "t".repeat(100_000);
    for finding in &mut report.findings {
        finding.message = format!("`{}`", "m".repeat(100_000));
        finding.operation = Some(format!("GET /{}", "*`_".repeat(50_000)));
        finding.also = (0..500)
            .map(|n| format!("GET /{n}/{}", "&".repeat(300)))
            .collect();
    }
    let text = render(&report, Format::Markdown, false, Shown::default());
    assert!(text.len() <= markdown::MOST_BYTES, "{}", text.len());
    assert!(text.contains("`request-property-max-decreased`"), "{text}");
}

#[test]
fn a_page_is_bounded_and_counts_the_rest() {
    let text = render(&large(2_000), Format::Html, false, Shown::default());
    assert!(
        text.contains("1000 more findings are not shown"),
        "{}",
        &text[..9_000]
    );
    assert_eq!(text.matches("<p class=\"where\">").count(), 3_000);
}

#[test]
fn operations_that_change_alike_are_one_entry() {
    let mut report = large(4);
    report.findings.drain(..4);
    for finding in &mut report.findings {
        finding.id = "request-body-became-required".to_owned();
        finding.message = "the request body may no longer be left out".to_owned();
    }
    let text = render(&report, Format::Markdown, false, Shown::default());
    insta::assert_snapshot!(text, @r"
    ## openapi.json, revised

    **4 breaking changes**

    ### Breaking changes (4)

    - **4 operations** <details><summary>which</summary><code>POST /things/0</code>, <code>POST /things/1</code>, <code>POST /things/2</code>, <code>POST /things/3</code></details>
      - The request body may no longer be left out. Always send a body. (`request-body-became-required`)
    ");
}

#[test]
fn a_few_operations_that_change_alike_are_named() {
    let mut report = large(2);
    report.findings.drain(..2);
    for finding in &mut report.findings {
        finding.message = "the size fell".to_owned();
    }
    let text = render(&report, Format::Markdown, false, Shown::default());
    let expected = "- **`POST /things/0`** and **`POST /things/1`**\n  - The size fell. ";
    assert!(text.contains(expected), "{text}");
    let text = render(&report, Format::Html, false, Shown::default());
    assert_eq!(text.matches("The size fell.").count(), 1, "{text}");
}

#[test]
fn what_is_accepted_is_counted() {
    let accepted = Report {
        accepted: 2,
        ..report()
    };
    for format in [Format::Text, Format::Github, Format::Markdown, Format::Html] {
        let text = render(&accepted, format, false, Shown::default());
        let expected = "2 findings are accepted by the ignore file";
        assert!(text.contains(expected), "{format:?}:\n{text}");
    }
}

#[test]
fn json_keeps_its_schema() {
    insta::assert_snapshot!("json", json(&report()));
    let accepted = Report {
        accepted: 2,
        ..report()
    };
    assert!(json(&accepted).contains("\"accepted\": 2"));
}

/// A report as JSON, once its schema has been applied.
#[track_caller]
fn json(report: &Report) -> String {
    let text = render(report, Format::Json, false, Shown::default());
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
    text
}

#[test]
fn what_is_not_shown_is_counted() {
    let shown = |least, most| {
        let text = render(
            &report(),
            Format::Text,
            false,
            Shown {
                least,
                most,
                ..Shown::default()
            },
        );
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
