//! A list as a table, for people at a terminal.
//!
//! A table has what fits: the fields that tell elements apart come first, times last, and
//! what is left out is named below. What the server sends is shown, never obeyed.

use std::fmt::Write as _;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use super::{facts, text};

/// The most columns of the terminal that a column of the table takes.
const WIDEST: usize = 40;

/// What stands between two columns.
const GAP: usize = 2;

/// The names that people know things by.
const TELLING: [&str; 4] = ["name", "email", "title", "label"];

/// The list in a message that has one and beside it nothing but single values.
pub(super) struct List {
    field: FieldDescriptor,
    element: MessageDescriptor,
    beside: Vec<FieldDescriptor>,
}

/// A column of a table.
struct Column {
    name: String,
    cells: Vec<String>,
    width: usize,
    /// How much it is wanted; the least number first.
    rank: (usize, usize),
}

impl List {
    /// The list in a message, if that is what the message is about.
    pub(super) fn in_message(message: &MessageDescriptor) -> Option<Self> {
        let (lists, beside): (Vec<_>, Vec<_>) = message
            .fields()
            .partition(|field| field.is_list() || field.is_map());
        let [list] = <[FieldDescriptor; 1]>::try_from(lists).ok()?;
        let element = facts::message_of(&list).filter(|_| list.is_list())?;
        beside
            .iter()
            .all(|field| facts::message_of(field).is_none())
            .then_some(Self {
                field: list,
                element,
                beside,
            })
    }

    /// Shows the list of a reply in so many columns of a terminal.
    pub(super) fn show(&self, reply: &Value, width: usize) -> String {
        let none = Vec::new();
        let elements = reply
            .get(self.field.json_name())
            .and_then(Value::as_array)
            .unwrap_or(&none);
        let mut shown = if elements.is_empty() {
            format!("no {}\n", self.field.json_name())
        } else {
            self.table(elements, width)
        };
        for field in &self.beside {
            if let Some(value) = reply.get(field.json_name()) {
                let value = text::cut(&cell(value), width);
                let _ = writeln!(shown, "{}: {value}", field.json_name());
            }
        }
        shown
    }

    fn table(&self, elements: &[Value], width: usize) -> String {
        let mut columns = Vec::new();
        let mut left_out = Vec::new();
        for (place, field) in self.element.fields().enumerate() {
            let name = field.json_name().to_owned();
            let values: Vec<_> = elements.iter().map(|value| value.get(&name)).collect();
            if values.iter().all(Option::is_none) {
                continue;
            }
            let Some(class) = class(&field) else {
                left_out.push((place, name));
                continue;
            };
            let cells: Vec<_> = values
                .into_iter()
                .map(|value| value.map(cell).unwrap_or_default())
                .collect();
            let widest = cells.iter().chain([&name]).map(|cell| text::width(cell));
            columns.push(Column {
                width: widest.max().unwrap_or_default().min(WIDEST),
                name,
                cells,
                rank: (class, place),
            });
        }
        columns.sort_by_key(|column| column.rank);
        let mut room = width;
        let mut kept = Vec::new();
        for mut column in columns {
            let gap = if kept.is_empty() { 0 } else { GAP };
            if kept.is_empty() {
                column.width = column.width.min(width.max(1));
            }
            if column.width + gap <= room {
                room -= column.width + gap;
                kept.push(column);
            } else {
                left_out.push((column.rank.1, column.name));
            }
        }
        // What names an element stands first, the others as they are declared.
        kept.sort_by_key(|column| (column.rank.0 > 0, column.rank.1));
        let mut shown = String::new();
        let head: Vec<_> = kept.iter().map(|column| column.name.as_str()).collect();
        line(&mut shown, &kept, &head);
        for row in 0..elements.len() {
            let cells: Vec<_> = kept
                .iter()
                .map(|column| column.cells[row].as_str())
                .collect();
            line(&mut shown, &kept, &cells);
        }
        if !left_out.is_empty() {
            left_out.sort();
            let names: Vec<_> = left_out.into_iter().map(|(_, name)| name).collect();
            let note = format!("--json also shows {}", names.join(", "));
            let _ = writeln!(shown, "{}", text::cut(&note, width));
        }
        shown
    }
}

fn line(shown: &mut String, columns: &[Column], cells: &[&str]) {
    let mut line = String::new();
    for (column, cell) in columns.iter().zip(cells) {
        let cell = text::cut(cell, column.width);
        let blank = column.width.saturating_sub(text::width(&cell)) + GAP;
        line.push_str(&cell);
        line.push_str(&" ".repeat(blank));
    }
    shown.push_str(line.trim_end());
    shown.push('\n');
}

/// How early a field is shown. `None` for what has parts, which no cell has room for.
fn class(field: &FieldDescriptor) -> Option<usize> {
    if field.is_list() || field.is_map() {
        return None;
    }
    let name = field.json_name().to_ascii_lowercase();
    Some(match field.kind() {
        _ if name == "id" => 0,
        Kind::String if TELLING.iter().any(|telling| name == *telling) => 1,
        Kind::String if TELLING.iter().any(|telling| name.ends_with(telling)) => 2,
        Kind::Enum(_) | Kind::Bool => 3,
        Kind::Message(message) if message.name() == "Timestamp" => 5,
        Kind::Message(message) if facts::is_well_known(&message) => return None,
        Kind::Message(_) => return None,
        _ => 4,
    })
}

/// The text of a single value.
fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text::harmless(text),
        Value::Null => String::new(),
        value => text::harmless(&value.to_string()),
    }
}
