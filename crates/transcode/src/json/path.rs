//! The way from the root to a value, for reports and errors.

use std::fmt::Write as _;

/// The way from the root to a value.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The root of a reply.
    pub(crate) const ROOT: &'static Path<'static> = &Path {
        parent: None,
        step: Step::Name("$"),
    };

    /// The root, under its name.
    #[must_use]
    pub fn root(name: &'a str) -> Self {
        Self {
            parent: None,
            step: Step::Name(name),
        }
    }

    pub(crate) fn name(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Name(name),
        }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Index(index),
        }
    }

    fn render(&self, out: &mut String, indexes: bool) {
        if let Some(parent) = self.parent {
            parent.render(out, indexes);
        }
        match self.step {
            Step::Index(index) if indexes => {
                // Writing to a string cannot fail.
                let _ = write!(out, "[{index}]");
            }
            Step::Index(_) => out.push_str("[]"),
            Step::Name(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-$".contains(&b);
                if self.parent.is_none() || (!name.is_empty() && name.bytes().all(plain)) {
                    out.push_str(name);
                } else {
                    let _ = write!(out, "{name:?}");
                }
            }
        }
    }

    pub(crate) fn to_string(self, indexes: bool) -> String {
        let mut out = String::new();
        self.render(&mut out, indexes);
        out
    }
}
