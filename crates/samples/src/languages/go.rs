//! Go, with `net/http`.

use std::fmt::Write as _;

use crate::literal::{go_raw, quoted};
use crate::request::{Request, TOKEN, URL};

use super::json;

/// What follows a statement that can fail.
const CHECK: &str = "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n";

pub(crate) fn sample(request: &Request<'_>) -> String {
    let mut imports = vec!["fmt", "log", "net/http", "os"];
    let mut body = "nil";
    let mut content_type = None;
    let mut before = String::new();
    if let Some(json) = &request.body {
        imports.push("strings");
        let mut text = String::new();
        json::write(json, 0, &mut text);
        before = format!("\tbody := strings.NewReader({})\n", go_raw(&text));
        body = "body";
        content_type = Some("\"application/json\"");
    }
    if let Some(file) = request.file {
        imports.extend(["bytes", "mime/multipart", "net/textproto"]);
        let disposition = format!(
            "form-data; name={}; filename={}",
            quoted(&file.name),
            quoted(&file.filename)
        );
        before = format!(
            "\tpicture, err := os.ReadFile({})\n{CHECK}\
             \tvar body bytes.Buffer\n\
             \tform := multipart.NewWriter(&body)\n\
             \tpart, err := form.CreatePart(textproto.MIMEHeader{{\n\
             \t\t\"Content-Disposition\": {{{}}},\n\
             \t\t\"Content-Type\":        {{{}}},\n\
             \t}})\n{CHECK}\
             \tif _, err := part.Write(picture); err != nil {{\n\t\tlog.Fatal(err)\n\t}}\n\
             \tif err := form.Close(); err != nil {{\n\t\tlog.Fatal(err)\n\t}}\n",
            quoted(&file.filename),
            quoted(&disposition),
            quoted(&file.content_type),
        );
        body = "&body";
        content_type = Some("form.FormDataContentType()");
    }
    let has_result = request.operation.reply.body.of().is_some();
    if has_result {
        imports.push("io");
    }
    imports.sort_unstable();
    let imports: Vec<_> = imports.iter().map(|package| quoted(package)).collect();
    let imports = imports.join("\n\t");

    let (target, variable) = request.target();
    let mut url = format!("os.Getenv({})+{}", quoted(URL), quoted(&target));
    if let Some(name) = variable {
        let _ = write!(url, "+os.Getenv({})", quoted(name));
    }
    let method = quoted(request.operation.method.as_str());
    let mut out = format!(
        "package main\n\nimport (\n\t{imports}\n)\n\nfunc main() {{\n{before}\
         \trequest, err := http.NewRequest({method}, {url}, {body})\n{CHECK}"
    );
    if request.operation.authenticated {
        let _ = writeln!(
            out,
            "\trequest.Header.Set(\"Authorization\", \"Bearer \"+os.Getenv({}))",
            quoted(TOKEN)
        );
    }
    if let Some(content_type) = content_type {
        let _ = writeln!(
            out,
            "\trequest.Header.Set(\"Content-Type\", {content_type})"
        );
    }
    out.push_str("\n\tresponse, err := http.DefaultClient.Do(request)\n");
    out.push_str(CHECK);
    out.push_str("\tdefer response.Body.Close()\n\tfmt.Println(response.Status)\n");
    if has_result {
        out.push_str("\tio.Copy(os.Stdout, response.Body)\n");
    }
    out + "}\n"
}
