//! What errors look like, and the table of their reasons.

use std::fmt::Write as _;

use serde_json::Value;

use crate::html::escape;
use crate::input::Reason;
use crate::markdown::{Heading, code_block, plain, render};
use crate::page::{Page, Section};

/// What callers make of errors.
const INTRODUCTION: &str = include_str!("../pages/errors.md");

/// Where the example of an error stands in the introduction.
const EXAMPLE: &str = "<p>EXAMPLE</p>\n";

pub(crate) fn page(reasons: &[Reason], document: &Value) -> Page {
    let introduction = render(INTRODUCTION, &|_| None);
    let example = example(document).map(|example| code_block("json", &format!("{example:#}\n")));
    let mut body = introduction
        .html
        .replace(EXAMPLE, &example.unwrap_or_default());
    let mut contents = introduction.headings;
    body.push_str("<h2 id=\"reasons\">Reasons</h2>\n");
    contents.push(Heading {
        anchor: "reasons".to_owned(),
        text: "Reasons".to_owned(),
    });
    body.push_str(
        "<div class=\"scroll\" role=\"region\" aria-labelledby=\"reasons\" tabindex=\"0\">\n<table class=\"reasons\">\n\
         <thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">Status</th><th scope=\"col\">Meaning</th><th scope=\"col\">What to do</th></tr></thead>\n<tbody>\n",
    );
    for reason in reasons {
        let (name, status) = (escape(&reason.name), reason.status);
        let (meaning, remedy) = (plain(&reason.meaning), plain(&reason.remedy));
        let _ = writeln!(
            body,
            "<tr id=\"{name}\"><th scope=\"row\"><code>{name}</code></th><td>{status}</td><td>{meaning}</td><td>{remedy}</td></tr>"
        );
    }
    body.push_str("</tbody>\n</table>\n</div>\n");
    Page {
        path: "errors.html".to_owned(),
        section: Section::Errors,
        title: "Errors".to_owned(),
        description: "What errors look like over REST and gRPC, and every reason that they have."
            .to_owned(),
        beside: Vec::new(),
        contents,
        body,
    }
}

/// The example of an error that says most: the first one with several details.
fn example(document: &Value) -> Option<&Value> {
    let details = |value: &Value| value["error"]["details"].as_array().map_or(0, Vec::len);
    let mut examples = Vec::new();
    find(document, &mut examples);
    examples
        .into_iter()
        .filter(|example| example["error"]["status"] == "INVALID_ARGUMENT")
        .rev()
        .max_by_key(|example| details(example))
}

fn find<'a>(value: &'a Value, examples: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if (name == "example" || name == "value") && member["error"]["details"].is_array() {
                    examples.push(member);
                } else {
                    find(member, examples);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| find(item, examples)),
        _ => {}
    }
}
