//! The configuration file: TOML whose keys are the long names of arguments.
//!
//! A table is a prefix: `cert` in `[tls]` is `tls-cert`. Problems show the line that they
//! are about, but never what may be a secret.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::argument::{Argument, nearest};
use super::kind::Kind;
use super::problem::{Place, Problem, Spot};
use super::setting::{Origin, Setting};

/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// What a configuration file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) settings: Vec<Setting>,
    pub(super) problems: Vec<Problem>,
    /// Whether more may be in the file than was read.
    pub(super) is_incomplete: bool,
}

impl File {
    /// Reads a file whose keys are among those of `known`. `named_by` is what names it.
    pub(super) fn open(path: &Path, named_by: Place, known: &[Argument]) -> Self {
        let unreadable = |why: String| Self {
            settings: Vec::new(),
            problems: vec![Problem {
                place: named_by,
                message: format!("the configuration file {} {why}", path.display()),
            }],
            is_incomplete: true,
        };
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.len() > MAX_SIZE => {
                return unreadable(format!("is larger than {MAX_SIZE} bytes"));
            }
            Ok(_) => {}
            Err(error) => return unreadable(format!("cannot be read: {error}")),
        }
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return unreadable(format!("cannot be read: {error}")),
        };
        match std::str::from_utf8(&bytes) {
            Ok(text) => Self::read(text, &path.display().to_string(), known),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = before.split(|byte| *byte == b'\n').count();
                unreadable(format!("is not in UTF-8: line {line} has other bytes"))
            }
        }
    }

    /// Reads the text of a file of this name.
    pub(super) fn read(text: &str, name: &str, known: &[Argument]) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader {
            text,
            file: name,
            known,
            lines: BTreeMap::new(),
            read: Self::default(),
        };
        for error in errors {
            reader.syntax(&error);
        }
        // One mistake of writing can make others of what follows, so those would mislead.
        if reader.read.problems.is_empty() {
            reader.table(table.get_ref(), "");
        } else {
            reader.read.is_incomplete = true;
        }
        let mut read = reader.read;
        read.problems.sort();
        read
    }
}

struct Reader<'a> {
    text: &'a str,
    file: &'a str,
    known: &'a [Argument],
    /// The lines that arguments have been given in.
    lines: BTreeMap<String, usize>,
    read: File,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, prefix: &str) {
        // The table is in the order of its keys, but whoever reads is in that of the file.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            let name = format!("{prefix}{}", key.get_ref());
            let argument = self.known.iter().find(|known| known.name == name);
            match (value.get_ref(), argument) {
                (DeValue::Table(table), None) if !table.is_empty() || self.is_prefix(&name) => {
                    self.table(table, &format!("{name}-"));
                }
                (DeValue::Table(table), Some(_)) if self.is_prefix(&name) => {
                    self.table(table, &format!("{name}-"));
                }
                (_, None) => self.unknown(key.span(), &name),
                (_, Some(argument)) => {
                    let argument = argument.clone();
                    self.entry(&argument, key.span(), value);
                }
            }
        }
    }

    /// Returns whether the name of an argument begins with this one and a hyphen.
    fn is_prefix(&self, name: &str) -> bool {
        let prefix = format!("{name}-");
        let mut names = self.known.iter().map(|known| &known.name);
        names.any(|known| known.starts_with(&prefix))
    }

    fn unknown(&mut self, span: Range<usize>, name: &str) {
        let names = self.known.iter().map(|known| known.name.as_str());
        let message = match nearest(name, names) {
            Some(nearest) => format!("there is no `{name}`; the nearest name is `{nearest}`"),
            None => format!("there is no `{name}`; docs/configuration.md lists all names"),
        };
        self.problem(span, message);
    }

    fn entry(&mut self, argument: &Argument, key: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let line = self.spot(&key).line;
        let name = &argument.name;
        if let Some(earlier) = self.lines.insert(name.clone(), line) {
            let message = format!(
                "`{name}` is given twice: in line {earlier} and in line {line}; keep one of them"
            );
            self.problem(key, message);
            return;
        }
        let before = self.read.problems.len();
        let mut values = Vec::new();
        match (value.get_ref(), argument.is_list) {
            (DeValue::Array(elements), true) => {
                for element in elements {
                    values.extend(self.scalar(argument, element));
                }
            }
            (_, true) => {
                let message = format!(
                    "`{name}` must be an array of {}, not {}, such as {name} = {}",
                    argument.kind.plural(),
                    described(value.get_ref()),
                    argument.example(written(value.get_ref())),
                );
                self.problem(value.span(), message);
            }
            (_, false) => values.extend(self.scalar(argument, value)),
        }
        if self.read.problems.len() == before {
            self.read.settings.push(Setting {
                name: name.clone(),
                values,
                origin: Origin::File {
                    file: self.file.to_owned(),
                    line,
                },
            });
        }
    }

    /// Reads one value, and lets the argument's own parser judge it.
    fn scalar(&mut self, argument: &Argument, value: &Spanned<DeValue<'_>>) -> Vec<OsString> {
        let name = &argument.name;
        let text = match (argument.kind, value.get_ref()) {
            (Kind::Boolean, DeValue::Boolean(value)) => Some(value.to_string()),
            (Kind::Integer | Kind::Number, DeValue::Integer(number)) => {
                match i128::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Some(number.to_string()),
                    Err(_) => Some(number.as_str().to_owned()),
                }
            }
            (Kind::Number, DeValue::Float(number)) => Some(number.as_str().to_owned()),
            (Kind::Text, DeValue::String(text)) => Some(text.clone().into_owned()),
            _ => None,
        };
        let Some(text) = text else {
            let message = format!(
                "{}`{name}` must be {}, not {}, such as {name} = {}",
                if argument.is_list { "each of " } else { "" },
                argument.kind.name(),
                described(value.get_ref()),
                argument.example(written(value.get_ref())),
            );
            self.problem(value.span(), message);
            return Vec::new();
        };
        let mut values = argument.split(OsString::from(text));
        for wrong in values
            .iter()
            .filter_map(|value| argument.check(value).err())
        {
            self.problem(value.span(), format!("`{name}` is not valid: {wrong}"));
        }
        if argument.kind == Kind::Boolean {
            values.truncate(1);
        }
        values
    }

    fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or(0..0);
        let mut message = error.message().to_owned();
        let key = self.text.get(span.clone()).unwrap_or_default();
        let key = key.trim_matches(['"', '\'', '[', ']', ' ']);
        if message.contains("duplicate key") {
            message = format!("`{key}` is given twice");
            let is_argument = self.known.iter().any(|known| known.name == key);
            let is_table = self.text[..span.start].ends_with('[');
            message.push_str(if is_argument && is_table {
                "; a table cannot have the name of an argument, so write what would be in it \
                 with the whole name"
            } else if is_table {
                "; move what is in it to the table before"
            } else {
                "; keep one of them"
            });
        } else {
            message = if self.is_without_value(span.start) {
                "there is no value behind the `=`".to_owned()
            } else {
                let wrong = message.replace('\n', "; ");
                format!("this is no TOML, which has lines such as grace = \"30s\": {wrong}")
            };
        }
        self.problem(span, message);
    }

    /// Returns whether a line ends with its `=` here.
    fn is_without_value(&self, at: usize) -> bool {
        let (before, after) = self.text.split_at_checked(at).unwrap_or((self.text, ""));
        let rest = after.lines().next().unwrap_or_default().trim_start();
        before.trim_end_matches([' ', '\t']).ends_with('=')
            && (rest.is_empty() || rest.starts_with('#'))
    }

    fn problem(&mut self, span: Range<usize>, message: String) {
        let place = Place::File(self.spot(&span));
        self.read.problems.push(Problem { place, message });
    }

    fn spot(&self, span: &Range<usize>) -> Spot {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let rest = &self.text[start..];
        let line = rest.lines().next().unwrap_or_default();
        let meant = self.text.get(span.clone()).unwrap_or_default();
        let meant = meant.lines().next().unwrap_or_default();
        Spot {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
            width: meant.chars().count(),
            file: self.file.to_owned(),
            source: self.shown(line),
        }
    }

    /// What may be shown of a line: the key, and the value as well if that of no secret
    /// is written so. A key that is written wrong may be that of a secret.
    fn shown(&self, line: &str) -> Option<String> {
        let trimmed = line.trim();
        if trimmed.starts_with('[') && trimmed.ends_with(']') && !trimmed.contains('=') {
            return Some(line.to_owned());
        }
        let (key, _) = line.split_once('=')?;
        let name = key.trim().replace('.', "-");
        let end = format!("-{name}");
        let mut meant = self
            .known
            .iter()
            .filter(|known| known.name == name || known.name.ends_with(&end))
            .peekable();
        let is_known = meant.peek().is_some();
        let is_secret = meant.any(|known| known.is_secret) || line.contains('@');
        if is_known && !is_secret && !line.contains('{') {
            Some(line.to_owned())
        } else {
            Some(format!("{key}= …"))
        }
    }
}

/// What was written, if it would be the value of an argument in quotation marks.
fn written<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::Integer(number) => Some(number.as_str()),
        DeValue::Float(number) => Some(number.as_str()),
        _ => None,
    }
}

/// What a value is called in a message.
fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
