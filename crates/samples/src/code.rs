//! Code that stands on one line where it fits, and else has a line for each of its parts.

/// A piece of code.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// As it is.
    Text(String),
    /// Behind what names it, such as `name: `.
    Labelled(String, Box<Code>),
    /// Between brackets, with commas.
    Parts {
        open: String,
        parts: Vec<Code>,
        close: &'static str,
    },
}

/// How a language is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// What a line begins with for each level.
    pub(crate) indent: &'static str,
    /// How many columns a line has.
    pub(crate) width: usize,
    /// Whether braces stand apart from what is between them.
    pub(crate) has_wide_braces: bool,
    /// Whether a comma follows the last part if it has a line of its own.
    pub(crate) has_last_comma: bool,
}

impl Code {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn labelled(label: impl Into<String>, code: Self) -> Self {
        Self::Labelled(label.into(), Box::new(code))
    }

    pub(crate) fn parts(
        open: impl Into<String>,
        parts: impl IntoIterator<Item = Self>,
        close: &'static str,
    ) -> Self {
        Self::Parts {
            open: open.into(),
            parts: parts.into_iter().collect(),
            close,
        }
    }

    /// Writes the code behind what is there. Lines of it that follow are indented by
    /// `level`, and their parts once more. `behind` is what comes on its last line.
    pub(crate) fn write(&self, style: Style, level: usize, behind: &str, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Labelled(label, code) => {
                out.push_str(label);
                code.write(style, level, behind, out);
            }
            Self::Parts { open, parts, close } => {
                let flat = self.flat(style);
                let line = out.rsplit('\n').next().unwrap_or_default();
                let columns = line.chars().chain(flat.chars()).chain(behind.chars());
                if parts.is_empty() || columns.count() <= style.width {
                    out.push_str(&flat);
                    return;
                }
                out.push_str(open);
                for (index, part) in parts.iter().enumerate() {
                    let is_last = index + 1 == parts.len();
                    let comma = if is_last && !style.has_last_comma {
                        ""
                    } else {
                        ","
                    };
                    begin_line(style, level + 1, out);
                    part.write(style, level + 1, comma, out);
                    out.push_str(comma);
                }
                begin_line(style, level, out);
                out.push_str(close);
            }
        }
    }

    fn flat(&self, style: Style) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Labelled(label, code) => format!("{label}{}", code.flat(style)),
            Self::Parts { open, parts, close } => {
                let parts: Vec<_> = parts.iter().map(|part| part.flat(style)).collect();
                let is_wide = style.has_wide_braces && *close == "}" && !parts.is_empty();
                let space = if is_wide { " " } else { "" };
                format!("{open}{space}{}{space}{close}", parts.join(", "))
            }
        }
    }
}

fn begin_line(style: Style, level: usize, out: &mut String) {
    out.push('\n');
    for _ in 0..level {
        out.push_str(style.indent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style {
        indent: "  ",
        width: 16,
        has_wide_braces: true,
        has_last_comma: true,
    };

    #[track_caller]
    fn check(code: &Code, behind: &str, expected: &str) {
        let mut out = "x = ".to_owned();
        code.write(STYLE, 0, behind, &mut out);
        assert_eq!(out, expected);
    }

    fn list(items: &[&str]) -> Code {
        Code::parts("[", items.iter().map(|item| Code::text(*item)), "]")
    }

    #[test]
    fn what_fits_stands_on_one_line() {
        check(&list(&["1", "22", "333"]), "", "x = [1, 22, 333]");
        check(
            &Code::parts("{", [Code::text("a: 1")], "}"),
            "",
            "x = { a: 1 }",
        );
        check(&Code::parts("f(", [], ")"), "", "x = f()");
    }

    #[test]
    fn what_is_too_wide_has_a_line_for_each_part() {
        let expected = "x = [\n  1,\n  22,\n  333,\n]";
        check(&list(&["1", "22", "333"]), ";", expected);
        let inner = Code::labelled("b: ", list(&["1", "2"]));
        let outer = Code::parts("{", [Code::text("a: 1"), inner], "}");
        check(&outer, "", "x = {\n  a: 1,\n  b: [1, 2],\n}");
    }
}
