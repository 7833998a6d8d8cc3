//! Messages and enums as HTML.

use std::fmt::Write as _;

use prost_reflect::{
    Cardinality, EnumDescriptor, EnumValueDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    Value,
};

use crate::api::{Api, enum_name, local_name};
use crate::comments::comment;
use crate::html::escape;
use crate::markdown::render;

/// Where the well-known types are explained.
const WELL_KNOWN: &str = "https://protobuf.dev/reference/protobuf/google.protobuf/";

/// What the parts of a page have in common: where names are explained, seen from it.
pub(crate) struct Names<'a> {
    pub(crate) api: &'a Api,
    /// What leads to the root of the site.
    pub(crate) root: &'static str,
}

impl Names<'_> {
    /// A text in Markdown, in which names of types and rpcs are links.
    pub(crate) fn markdown(&self, text: &str) -> String {
        render(text, &|name| self.place(name)).html
    }

    fn place(&self, name: &str) -> Option<String> {
        let place = self.api.place(name).or_else(|| {
            // A field stands in the section of its message.
            let (message, _) = name.rsplit_once('.')?;
            self.api.place(message)
        })?;
        Some(format!("{}{place}", self.root))
    }

    /// A link to a message or an enum, by its short name.
    pub(crate) fn link(&self, full_name: &str, name: &str) -> String {
        let name = escape(name);
        match self.api.place(full_name) {
            Some(place) => format!("<a href=\"{}{}\">{name}</a>", self.root, escape(place)),
            None => match full_name.strip_prefix("google.protobuf.") {
                Some(known) => {
                    let anchor = known.to_lowercase();
                    let known = escape(known);
                    format!("<a href=\"{WELL_KNOWN}#{anchor}\">{known}</a>")
                }
                None => name,
            },
        }
    }

    fn kind(&self, kind: &Kind) -> String {
        match kind {
            Kind::Message(message) => self.link(message.full_name(), &local_name(message)),
            Kind::Enum(values) => self.link(values.full_name(), &enum_name(values)),
            scalar => escape(&format!("{scalar:?}").to_lowercase()),
        }
    }

    fn field_type(&self, field: &FieldDescriptor) -> String {
        if let Kind::Message(entry) = field.kind()
            && field.is_map()
        {
            let key = self.kind(&entry.map_entry_key_field().kind());
            let value = self.kind(&entry.map_entry_value_field().kind());
            return format!("map&lt;{key}, {value}&gt;");
        }
        let kind = self.kind(&field.kind());
        let is_optional = field
            .containing_oneof()
            .is_some_and(|oneof| oneof.is_synthetic());
        match field.cardinality() {
            Cardinality::Repeated => format!("repeated {kind}"),
            _ if is_optional => format!("optional {kind}"),
            _ => kind,
        }
    }

    /// A message, with its anchor.
    pub(crate) fn message(&self, message: &MessageDescriptor) -> String {
        let name = escape(&local_name(message));
        let file = message.parent_file();
        let mut html = format!(
            "<section class=\"type\">\n<h3 id=\"{name}\"><code>{name}</code> <span class=\"kind\">message</span></h3>\n"
        );
        html.push_str(&self.markdown(&comment(&file, message.path())));
        if message.fields().len() == 0 {
            html.push_str("<p class=\"none\">It has no fields.</p>\n");
        } else {
            html.push_str("<dl class=\"fields\">\n");
            for field in message.fields() {
                html.push_str(&self.field(&name, &field));
            }
            html.push_str("</dl>\n");
        }
        html.push_str("</section>\n");
        html
    }

    fn field(&self, message: &str, field: &FieldDescriptor) -> String {
        let name = escape(field.name());
        let kind = self.field_type(field);
        let number = field.number();
        let mut html = format!(
            "<div id=\"{message}.{name}\"><dt><code>{name}</code> <span class=\"of\">{kind}</span> \
             <span class=\"number\">= {number}</span>"
        );
        if let Some(oneof) = field.containing_oneof()
            && !oneof.is_synthetic()
        {
            let _ = write!(
                html,
                " <span class=\"mark\">one of {}</span>",
                escape(oneof.name())
            );
        }
        for behavior in behaviors(field) {
            let _ = write!(html, " <span class=\"mark\">{}</span>", escape(&behavior));
        }
        html.push_str("</dt>\n<dd>");
        html.push_str(&self.markdown(&comment(&field.parent_file(), field.path())));
        // The other name is what JSON has, so whoever compares with REST looks for it.
        if field.json_name() != field.name() {
            let json = escape(field.json_name());
            let _ = write!(html, "<p class=\"json\">JSON: <code>{json}</code></p>");
        }
        html.push_str("</dd></div>\n");
        html
    }

    /// An enum, with its anchor.
    pub(crate) fn values(&self, values: &EnumDescriptor) -> String {
        let name = escape(&enum_name(values));
        let file = values.parent_file();
        let mut html = format!(
            "<section class=\"type\">\n<h3 id=\"{name}\"><code>{name}</code> <span class=\"kind\">enum</span></h3>\n"
        );
        html.push_str(&self.markdown(&comment(&file, values.path())));
        html.push_str("<dl class=\"fields\">\n");
        for value in values.values() {
            let (value_name, number) = (escape(value.name()), value.number());
            let _ = write!(
                html,
                "<div><dt><code>{value_name}</code> <span class=\"number\">= {number}</span></dt>\n<dd>"
            );
            html.push_str(&self.markdown(&comment(&file, value.path())));
            if let Some(spelling) = spelling(&value) {
                let spelling = escape(&spelling);
                let _ = write!(html, "<p class=\"json\">REST: <code>{spelling}</code></p>");
            }
            html.push_str("</dd></div>\n");
        }
        html.push_str("</dl>\n</section>\n");
        html
    }
}

/// What `google.api.field_behavior` says of a field, in lower case.
fn behaviors(field: &FieldDescriptor) -> Vec<String> {
    let pool = field.parent_pool();
    let Some(extension) = pool.get_extension_by_name("google.api.field_behavior") else {
        return Vec::new();
    };
    let options = field.options();
    let value = options.get_extension(&extension);
    let Kind::Enum(names) = extension.kind() else {
        return Vec::new();
    };
    let numbers = value.as_list().unwrap_or_default();
    let names = numbers
        .iter()
        .filter_map(Value::as_enum_number)
        .filter_map(|number| names.get_value(number));
    names
        .map(|name| name.name().to_lowercase().replace('_', " "))
        .collect()
}

/// How REST spells a value, where the protos say so.
fn spelling(value: &EnumValueDescriptor) -> Option<String> {
    let pool = value.parent_enum().parent_pool().clone();
    let extension = pool.get_extension_by_name("transcode.v1.value")?;
    let options = value.options();
    if !options.has_extension(&extension) {
        return None;
    }
    let spelling = options.get_extension(&extension);
    spelling.as_str().map(str::to_owned)
}
