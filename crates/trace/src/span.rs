//! What is told of a part of a call.

use std::borrow::Cow;
use std::time::SystemTime;

use crate::context::Context;
use crate::ids::SpanId;

/// How long the text of an attribute may be, in bytes. Longer ones are cut.
pub const MAX_TEXT: usize = 256;

/// How many attributes a span may have. Further ones are left out.
pub const MAX_ATTRIBUTES: usize = 32;

/// What is told of a part of a call that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its name and that of its trace.
    pub context: Context,
    /// The span that it is a part of; `None` for the first one of a trace.
    pub parent: Option<SpanId>,
    /// On which side of a request it is.
    pub kind: Kind,
    /// What was done.
    pub name: Cow<'static, str>,
    /// When that began.
    pub began: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// More about it, [`MAX_ATTRIBUTES`] at most.
    attributes: Vec<Attribute>,
    /// Whether it has failed.
    pub has_failed: bool,
}

/// On which side of a request a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A server works on the request.
    Server,
    /// A client waits for the reply.
    Client,
}

/// Something about a span: a name of OpenTelemetry's semantic conventions, and a value.
pub type Attribute = (&'static str, Value);

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, of [`MAX_TEXT`] bytes at most.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl Span {
    /// A span that ends when it begins.
    pub fn new(
        context: Context,
        parent: Option<SpanId>,
        kind: Kind,
        name: Cow<'static, str>,
        began: SystemTime,
    ) -> Self {
        Self {
            context,
            parent,
            kind,
            name: cut(name),
            began,
            ended: began,
            attributes: Vec::new(),
            has_failed: false,
        }
    }

    /// More about it.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Adds an attribute that is a text.
    pub fn text(&mut self, name: &'static str, text: impl Into<Cow<'static, str>>) {
        self.add(name, Value::Text(cut(text.into())));
    }

    /// Adds an attribute that is a number.
    pub fn number(&mut self, name: &'static str, number: impl Into<i64>) {
        self.add(name, Value::Number(number.into()));
    }

    fn add(&mut self, name: &'static str, value: Value) {
        if self.attributes.len() < MAX_ATTRIBUTES {
            self.attributes.push((name, value));
        }
    }

    /// Says that it has failed, and by what kind of error.
    pub fn fail(&mut self, kind: impl Into<Cow<'static, str>>) {
        self.has_failed = true;
        self.text("error.type", kind);
    }
}

fn cut(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let end = text.floor_char_boundary(MAX_TEXT);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.shrink_to_fit();
            Cow::Owned(text)
        }
    }
}
