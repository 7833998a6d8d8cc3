//! curl, in a POSIX shell.

use crate::literal::{shell, shell_around};
use crate::request::{Request, TOKEN, URL};

use super::json;

pub(crate) fn sample(request: &Request<'_>) -> String {
    let (target, variable) = request.target();
    let variable = variable.map_or_else(String::new, |name| format!("${name}"));
    // What is percent-encoded means nothing to a shell.
    let mut lines = vec![format!("curl \"${URL}{target}{variable}\"")];
    let method = request.operation.method.as_str();
    let has_body = request.body.is_some() || request.file.is_some();
    // curl chooses GET, or POST with a body.
    if method != if has_body { "POST" } else { "GET" } {
        lines.push(format!("--request {method}"));
    }
    if request.operation.authenticated {
        let header = shell_around("Authorization: Bearer ", TOKEN, "");
        lines.push(format!("--header {header}"));
    }
    if let Some(body) = &request.body {
        // The first line stands behind the option and a quote.
        let mut text = "  --json '".to_owned();
        let option = text.len();
        json::write(body, 1, &mut text);
        lines.push(format!("--json {}", shell(&text[option..])));
    }
    if let Some(file) = request.file {
        let form = format!(
            "{}=@{};type={}",
            file.name, file.filename, file.content_type
        );
        lines.push(format!("--form {}", shell(&form)));
    }
    lines.join(" \\\n  ") + "\n"
}
