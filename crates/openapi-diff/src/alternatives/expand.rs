//! The schemas of one document, to be expanded.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::alternative::Alternative;
use crate::classes::{Classes, Side};
use crate::document::{Document, Located};
use crate::level::Direction;

/// What a schema has been found to be.
type Alternatives<'a> = Rc<[Alternative<'a>]>;

/// What values travel in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// JSON, or what is written like it.
    Json,
    /// Text in a URL, a header or a form.
    Text,
    /// The parts of a multipart body, each text or bytes of any kind.
    Parts,
    /// Bytes of any kind, which are the whole body. The body has its media type, whatever a
    /// schema says.
    Bytes,
}

/// A branch of a union.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) branch: Located<'a>,
    /// The number of the schema that it stands for.
    pub(super) target: usize,
}

/// Expands schemas of one document, as seen from one direction: a request does
/// not hold read-only properties, a response no write-only ones.
pub(crate) struct Expand<'a> {
    pub(crate) document: &'a Document,
    pub(crate) direction: Direction,
    /// The classes of the schemas of both documents, where they matter.
    pub(super) classes: Option<(Rc<Classes>, Side)>,
    pub(super) carrier: Carrier,
    /// Set while parts of a schema are looked at to learn what it holds. Then
    /// their own parts are not, or recursive schemas would never end.
    pub(super) looking: Cell<bool>,
    /// What nodes have been found to be.
    pub(super) known: RefCell<HashMap<String, Alternatives<'a>>>,
    /// The same where only parts are looked at.
    pub(super) looked_at: RefCell<HashMap<String, Alternatives<'a>>>,
    /// What branches of unions have been found to be by themselves, by whether they were
    /// only looked at, and their pointers.
    pub(super) branches: RefCell<HashMap<(bool, String), Alternatives<'a>>>,
    /// The members of schemas that are nothing but `anyOf`, and none for others.
    pub(super) unions: RefCell<HashMap<String, Option<Rc<[Member<'a>]>>>>,
    /// The numbers of the schemas that they stand for.
    pub(super) targets: RefCell<HashMap<String, usize>>,
    /// How many steps all schemas have taken, and how much there is to show for it.
    pub(super) spent: Cell<usize>,
}

impl<'a> Expand<'a> {
    pub(crate) fn new(document: &'a Document, direction: Direction) -> Self {
        Expand {
            document,
            direction,
            classes: None,
            carrier: Carrier::Json,
            looking: Cell::new(false),
            known: RefCell::default(),
            looked_at: RefCell::default(),
            branches: RefCell::default(),
            unions: RefCell::default(),
            targets: RefCell::default(),
            spent: Cell::new(0),
        }
    }

    pub(crate) fn on(self, carrier: Carrier) -> Self {
        Expand { carrier, ..self }
    }

    pub(crate) fn with(self, classes: Rc<Classes>, side: Side) -> Self {
        Expand {
            classes: Some((classes, side)),
            ..self
        }
    }
}
