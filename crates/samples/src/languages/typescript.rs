//! TypeScript, with openapi-fetch and the types that openapi-typescript makes of the
//! document.

use std::fmt::Write as _;

use serde_json::Value;

use crate::code::{Code, Style};
use crate::literal::quoted;
use crate::request::{Parameter, Request, TOKEN, URL};

const STYLE: Style = Style {
    indent: "  ",
    width: 80,
    has_wide_braces: true,
    has_last_comma: true,
};

pub(crate) fn sample(request: &Request<'_>) -> String {
    let mut out = String::new();
    if request.file.is_some() {
        out.push_str("import { openAsBlob } from \"node:fs\";\n");
    }
    out.push_str("import createClient from \"openapi-fetch\";\n");
    out.push_str(
        "// Made by: npx openapi-typescript openapi.json -o web1on1.d.ts\n\
         import type { paths } from \"./web1on1.js\";\n\n",
    );

    let mut variables = vec![URL.to_owned()];
    let mut options = vec![Code::text(format!("baseUrl: {URL}"))];
    if request.operation.authenticated {
        variables.push(TOKEN.to_owned());
        let header = format!("Authorization: `Bearer ${{{TOKEN}}}`");
        let headers = Code::parts("{", [Code::text(header)], "}");
        options.push(Code::labelled("headers: ", headers));
    }
    for (_, parameter) in &request.query {
        if let Parameter::Variable(name) = parameter {
            variables.push(format!("{name} = \"\""));
        }
    }
    let variables = variables.join(", ");
    let _ = writeln!(out, "const {{ {variables} }} = process.env;");
    out.push_str("const client = ");
    let client = Code::parts("createClient<paths>({", options, "}");
    client.write(STYLE, 0, ");", &mut out);
    out.push_str(");\n\n");

    if let Some(file) = request.file {
        let (name, media_type) = (quoted(&file.filename), quoted(&file.content_type));
        let (part, filename) = (quoted(&file.name), quoted(&file.filename));
        let _ = writeln!(
            out,
            "const form = new FormData();\n\
             const picture = await openAsBlob({name}, {{ type: {media_type} }});\n\
             form.set({part}, picture, {filename});"
        );
    }
    let has_result = request.operation.reply.body.of().is_some();
    let result = if has_result { "data, error" } else { "error" };
    let method = request.operation.method.as_str();
    let _ = write!(out, "const {{ {result} }} = await client.{method}(");
    out.push_str(&quoted(request.operation.path));
    let arguments = arguments(request);
    if !arguments.is_empty() {
        out.push_str(", ");
        Code::parts("{", arguments, "}").write(STYLE, 0, ");", &mut out);
    }
    out.push_str(");\nif (error) {\n  throw new Error(error.error.message);\n}\n");
    if has_result {
        out.push_str("console.log(data);\n");
    }
    out
}

/// The parameters and the body.
fn arguments(request: &Request<'_>) -> Vec<Code> {
    let mut parameters = Vec::new();
    if !request.path.is_empty() {
        let path = request.path.iter();
        let path = path.map(|(name, value)| member(name, Code::text(quoted(value))));
        parameters.push(Code::labelled("path: ", Code::parts("{", path, "}")));
    }
    if !request.query.is_empty() {
        let query = request.query.iter().map(|(name, value)| {
            let value = match value {
                Parameter::Value(value) => code(value),
                Parameter::Variable(name) => Code::text(*name),
            };
            member(name, value)
        });
        parameters.push(Code::labelled("query: ", Code::parts("{", query, "}")));
    }
    let mut arguments = Vec::new();
    if !parameters.is_empty() {
        let parameters = Code::parts("{", parameters, "}");
        arguments.push(Code::labelled("params: ", parameters));
    }
    if let Some(body) = &request.body {
        arguments.push(Code::labelled("body: ", code(body)));
    }
    if let Some(file) = request.file {
        // The type of a file is string, and the form is what is sent.
        let name = member(&file.name, Code::text(quoted(&file.filename)));
        let body = Code::parts("{", [name], "}");
        arguments.push(Code::labelled("body: ", body));
        arguments.push(Code::text("bodySerializer: () => form"));
    }
    arguments
}

fn code(value: &Value) -> Code {
    match value {
        Value::String(text) => Code::text(quoted(text)),
        Value::Array(items) => Code::parts("[", items.iter().map(code), "]"),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| member(name, code(value)));
            Code::parts("{", members, "}")
        }
        other => Code::text(other.to_string()),
    }
}

fn member(name: &str, value: Code) -> Code {
    let is_word = name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '_')
        && !name.starts_with(|character: char| character.is_ascii_digit())
        && !name.is_empty();
    let label = match name {
        // By itself it would set the prototype.
        "__proto__" => "[\"__proto__\"]: ".to_owned(),
        word if is_word => format!("{word}: "),
        other => quoted(other) + ": ",
    };
    Code::labelled(label, value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expected: &str) {
        let mut out = String::new();
        code(value).write(STYLE, 0, "", &mut out);
        assert_eq!(out, expected);
    }

    #[test]
    fn names_are_quoted_where_they_are_no_words() {
        check(&json!({ "a_1": 1 }), "{ a_1: 1 }");
        check(
            &json!({ "1": 1, "": 2, "a-b": 3 }),
            "{ \"1\": 1, \"\": 2, \"a-b\": 3 }",
        );
        check(&json!({ "__proto__": null }), "{ [\"__proto__\"]: null }");
    }
}
