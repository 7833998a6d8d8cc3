//! On which lines of a document the places stand that a report names.
//!
//! The document has been read before, so whatever looks wrong here is skipped:
//! a place without a line is reported without one. In JSON every place is
//! found. In YAML those in block style are, and a place within `{…}` or `[…]`
//! has the line on which that begins.

use std::collections::{HashMap, HashSet};

use super::places::escape;

/// The lines of places, counted from 1.
pub(super) struct Lines(HashMap<String, u32>);

impl Lines {
    /// That of a place, or else of the one that it is in.
    pub(super) fn of(&self, pointer: &str) -> Option<u32> {
        let mut rest = pointer;
        loop {
            if let Some(line) = self.0.get(rest) {
                return Some(*line);
            }
            rest = rest.rsplit_once('/')?.0;
        }
    }
}

/// The lines of places given as JSON pointers.
pub(super) fn find<'p>(text: &str, pointers: impl Iterator<Item = &'p str>) -> Lines {
    let mut found = Found {
        wanted: HashSet::new(),
        lines: HashMap::from([(String::new(), 1)]),
        pointer: String::new(),
    };
    for pointer in pointers {
        let mut rest = pointer;
        while found.wanted.insert(rest.to_owned())
            && let Some((parent, _)) = rest.rsplit_once('/')
        {
            rest = parent;
        }
    }
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('{') {
        let mut json = Json {
            text,
            at: 0,
            line: 1,
            found,
        };
        json.value();
        Lines(json.found.lines)
    } else {
        Lines(yaml(text, found))
    }
}

struct Found {
    wanted: HashSet<String>,
    lines: HashMap<String, u32>,
    /// Where the scan is.
    pointer: String,
}

impl Found {
    fn enter(&mut self, token: &str, line: u32) {
        self.pointer.push('/');
        self.pointer.push_str(&escape(token));
        if self.wanted.contains(&self.pointer) {
            self.lines.entry(self.pointer.clone()).or_insert(line);
        }
    }
}

struct Json<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    found: Found,
}

impl Json<'_> {
    /// The next byte that means something.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' | b',' | b':' => {}
                _ => return Some(*byte),
            }
            self.at += 1;
        }
        None
    }

    fn value(&mut self) {
        let depth = self.found.pointer.len();
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                while self.peek() == Some(b'"') {
                    let line = self.line;
                    let raw = self.string();
                    let key: String = serde_json::from_str(raw).unwrap_or_default();
                    self.found.enter(&key, line);
                    self.value();
                    self.found.pointer.truncate(depth);
                }
                self.at += 1;
            }
            Some(b'[') => {
                self.at += 1;
                let mut index = 0;
                while self.peek().is_some_and(|byte| byte != b']') {
                    let line = self.line;
                    self.found.enter(&index.to_string(), line);
                    self.value();
                    self.found.pointer.truncate(depth);
                    index += 1;
                }
                self.at += 1;
            }
            Some(b'"') => {
                self.string();
            }
            Some(_) => {
                let rest = &self.text[self.at..];
                let end = rest.find([',', ']', '}', '\n', '\r', ' ', '\t']);
                self.at += end.unwrap_or(rest.len()).max(1);
            }
            None => {}
        }
    }

    /// Passes a text, and returns it with its quotes.
    fn string(&mut self) -> &str {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.text.len());
        self.text.get(start..self.at).unwrap_or_default()
    }
}

/// A block mapping or sequence that the scan is in.
struct Level {
    indent: usize,
    /// The length of its own pointer.
    depth: usize,
    /// The element it is at, if it is a sequence.
    index: Option<usize>,
}

fn yaml(text: &str, mut found: Found) -> HashMap<String, u32> {
    let mut levels: Vec<Level> = Vec::new();
    // The indentation that a text in block style must exceed.
    let mut block: Option<usize> = None;
    for (line, raw) in (1_u32..).zip(text.lines()) {
        let mut rest = raw.trim_start_matches(' ');
        let mut column = raw.len() - rest.len();
        rest = rest.trim_end();
        if rest.is_empty() || block.is_some_and(|indent| column > indent) {
            continue;
        }
        block = None;
        if rest.starts_with(['#', '%']) || rest == "---" || rest == "..." {
            continue;
        }
        while rest == "-" || rest.starts_with("- ") {
            levels.truncate(
                levels
                    .iter()
                    .take_while(|level| level.indent <= column)
                    .count(),
            );
            match levels.last_mut() {
                Some(Level {
                    indent,
                    depth,
                    index: Some(index),
                }) if *indent == column => {
                    *index += 1;
                    found.pointer.truncate(*depth);
                }
                _ => levels.push(Level {
                    indent: column,
                    depth: found.pointer.len(),
                    index: Some(0),
                }),
            }
            let index = levels
                .last()
                .and_then(|level| level.index)
                .unwrap_or_default();
            found.enter(&index.to_string(), line);
            let inner = rest[1..].trim_start_matches(' ');
            if inner.starts_with(['|', '>']) {
                block = Some(column);
            }
            column += rest.len() - inner.len();
            rest = inner;
        }
        let Some((key, value)) = key(rest) else {
            continue;
        };
        let within = |level: &&Level| {
            level.indent < column || (level.indent == column && level.index.is_none())
        };
        levels.truncate(levels.iter().take_while(within).count());
        match levels.last() {
            Some(level) if level.indent == column => found.pointer.truncate(level.depth),
            _ => levels.push(Level {
                indent: column,
                depth: found.pointer.len(),
                index: None,
            }),
        }
        found.enter(&key, line);
        if value.starts_with(['|', '>']) {
            block = Some(column);
        }
    }
    found.lines
}

/// The key that a line begins with, and what follows it.
fn key(line: &str) -> Option<(String, &str)> {
    let (key, rest) = if let Some(inner) = line.strip_prefix('\'') {
        let end = inner.find("':")?;
        (inner[..end].replace("''", "'"), &inner[end + 1..])
    } else if line.starts_with('"') {
        let end = line.find("\":")?;
        (serde_json::from_str(&line[..=end]).ok()?, &line[end + 1..])
    } else {
        let end = line
            .find(": ")
            .or_else(|| line.ends_with(':').then(|| line.len() - 1))?;
        (line[..end].trim_end().to_owned(), &line[end..])
    };
    Some((key, rest.strip_prefix(':')?.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[track_caller]
    fn check(text: &str, pointer: &str, line: u32) {
        let lines = find(text, [pointer].into_iter());
        assert_eq!(lines.of(pointer), Some(line), "{pointer} of\n{text}");
    }

    #[test]
    fn a_member_of_json_is_where_its_key_is() {
        let text = "{\n  \"a\\u002f\": {\n    \"b\": [1, {\"x\": \"}\\\"\"},\n      true]\n  },\n  \"c\": 3\n}\n";
        check(text, "/a~1/b", 3);
        check(text, "/a~1/b/1/x", 3);
        check(text, "/a~1/b/2", 4);
        check(text, "/c", 6);
        check(text, "", 1);
    }

    #[test]
    fn a_member_of_yaml_is_where_its_key_is() {
        let text = "# top\nopenapi: 3.1.0\npaths:\n  /a/{id}:\n    get:\n      summary: |\n        get: not a key\n\n      parameters:\n      - name: x\n        in: query\n      - name: y\n      responses:\n        '200': {description: fine}\n        \"404\":\n          description: >\n            no: such\nlast: 1\n";
        check(text, "/paths/~1a~1{id}/get", 5);
        check(text, "/paths/~1a~1{id}/get/parameters/1", 12);
        check(text, "/paths/~1a~1{id}/get/parameters/0/in", 11);
        check(text, "/paths/~1a~1{id}/get/responses/200/description", 14);
        check(text, "/paths/~1a~1{id}/get/responses/404", 15);
        check(text, "/last", 18);
    }

    #[test]
    fn lists_of_lists_are_counted() {
        check(
            "a:\n  - - 1\n    - 2\n  -\n    b: 3\n  - c: 4\n    d: 5\n",
            "/a/0/1",
            3,
        );
        check(
            "a:\n  - - 1\n    - 2\n  -\n    b: 3\n  - c: 4\n    d: 5\n",
            "/a/1/b",
            5,
        );
        check(
            "a:\n  - - 1\n    - 2\n  -\n    b: 3\n  - c: 4\n    d: 5\n",
            "/a/2/d",
            7,
        );
    }
}
