//! Where a value stands, what was noticed on the way, and where it went wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use super::exact::Wanted;
use super::field::read_unless_null;
use super::{Behavior, Codec, Field, Holds, Optional, ReadField, WriteField};
use crate::mask::{Mask, Selected};

/// How many differences one reply is searched for. A backend that drifts this
/// far is found out by the first of them.
const MAX_DRIFTS: usize = 64;

/// How many levels an object or a free-form list may stand below the root. Each
/// costs up to three levels of protobuf, of which readers allow 100 by default:
/// a deeper one could be sent and never be read. Each also takes room on the
/// stack.
const MAX_DEPTH: usize = 32;

/// A difference between a reply and its declared shape that is no error: it
/// should not be there, or lost a part of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift {
    /// Where, as a JSON path with `[]` for any element of a list.
    pub path: String,
    /// What.
    pub kind: DriftKind,
}

/// The kinds of [`Drift`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// A property that the message does not declare. It was skipped.
    UndeclaredProperty,
    /// A spelling that the enum does not declare. It was read as the zero value.
    UnknownEnumValue,
    /// A number that its field cannot hold, rounded to the nearest that it can: a
    /// whole number beyond 2^53, digits behind a whole number, or a number that
    /// is not zero but too small for anything else.
    RoundedNumber,
    /// An instant or a duration with more than nine digits of a second. The
    /// others were cut off.
    LostFractionDigits,
    /// A leap second, read as the first second of the next day.
    LeapSecond,
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UndeclaredProperty => "undeclared property",
            Self::UnknownEnumValue => "unknown enum value",
            Self::RoundedNumber => "rounded number",
            Self::LostFractionDigits => "lost fraction digits",
            Self::LeapSecond => "leap second",
        })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind, self.path)
    }
}

/// Every difference of a reply, each once.
pub type Drifts = BTreeSet<Drift>;

/// A reply that does not have its declared shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ReadError {
    /// The JSON path of the value that does not fit, `$` for the whole.
    pub path: String,
    /// What is wrong with it, without the value.
    pub reason: String,
}

/// A request that has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct WriteError {
    /// The path of the field, in the names of the proto.
    pub path: String,
    /// What is wrong with its value.
    pub reason: String,
}

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
    pub(super) const ROOT: &'static Path<'static> = &Path {
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

    pub(super) fn name(&'a self, name: &'a str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Name(name),
        }
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
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

    fn to_string(self, indexes: bool) -> String {
        let mut out = String::new();
        self.render(&mut out, indexes);
        out
    }
}

#[derive(Default)]
pub(super) struct ReadState {
    drifts: RefCell<Drifts>,
    failure: RefCell<Option<ReadError>>,
    /// The paths of the doubles that may not be what was written.
    doubtful: RefCell<BTreeMap<String, Wanted>>,
}

impl ReadState {
    /// Notes a difference.
    pub(super) fn drift(&self, path: &Path<'_>, kind: DriftKind) {
        let mut drifts = self.drifts.borrow_mut();
        if drifts.len() < MAX_DRIFTS {
            drifts.insert(Drift {
                path: path.to_string(false),
                kind,
            });
        }
    }

    /// Whether any double may not be what was written.
    pub(super) fn is_doubtful(&self) -> bool {
        !self.doubtful.borrow().is_empty()
    }

    /// What the field at the path was to hold, if its double is doubtful.
    pub(super) fn noted(&self, path: &Path<'_>) -> Option<Wanted> {
        self.doubtful.borrow().get(&path.to_string(false)).copied()
    }

    pub(super) fn into_drifts(self) -> Drifts {
        self.drifts.into_inner()
    }

    pub(super) fn into_error(self, error: &serde_json::Error) -> ReadError {
        let mut error_here = self.failure.into_inner().unwrap_or_else(|| ReadError {
            path: "$".to_owned(),
            reason: error.to_string(),
        });
        // Where the text is JSON, the path says more than the column.
        let position = format!(" at line {} column {}", error.line(), error.column());
        if error.is_data() && error_here.reason.ends_with(&position) {
            let end = error_here.reason.len() - position.len();
            error_here.reason.truncate(end);
        }
        error_here
    }
}

#[derive(Default)]
pub(super) struct WriteState {
    failure: RefCell<Option<WriteError>>,
}

impl WriteState {
    /// Notes an error with its place, unless a place further down has noted it.
    fn fail(&self, path: &Path<'_>, error: &impl fmt::Display) {
        let mut failure = self.failure.borrow_mut();
        failure.get_or_insert_with(|| WriteError {
            path: path.to_string(true),
            reason: error.to_string(),
        });
    }

    pub(super) fn into_error(self, path: &str, error: &serde_json::Error) -> WriteError {
        self.failure.into_inner().unwrap_or_else(|| WriteError {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }
}

/// The place that is being read.
#[derive(Clone, Copy)]
pub struct At<'a> {
    state: &'a ReadState,
    path: &'a Path<'a>,
    /// The number of steps from the root.
    depth: usize,
}

impl<'a> At<'a> {
    pub(super) fn root(state: &'a ReadState) -> Self {
        Self {
            state,
            path: Path::ROOT,
            depth: 0,
        }
    }

    /// Notes a difference at this place.
    pub fn drift(&self, kind: DriftKind) {
        self.state.drift(self.path, kind);
    }

    /// Notes that the double at this place may not be what was written.
    pub(super) fn doubt(&self, wanted: Wanted) {
        let mut doubtful = self.state.doubtful.borrow_mut();
        if doubtful.len() < MAX_DRIFTS {
            doubtful.insert(self.path.to_string(false), wanted);
        }
    }

    /// Makes sure that what starts here is not too deep.
    pub(super) fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth <= MAX_DEPTH {
            Ok(())
        } else {
            Err(E::custom(format_args!(
                "lies deeper than the {MAX_DEPTH} levels that are read"
            )))
        }
    }

    /// Runs `read` one step further down; an error is noted with its place.
    pub(super) fn element<T, E: fmt::Display>(
        &self,
        index: usize,
        read: impl FnOnce(At<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.step(&self.path.index(index), read)
    }

    /// Runs `read` one step further down; an error is noted with its place.
    pub(super) fn property<T, E: fmt::Display>(
        &self,
        name: &str,
        read: impl FnOnce(At<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.step(&self.path.name(name), read)
    }

    fn step<T, E: fmt::Display>(
        &self,
        path: &Path<'_>,
        read: impl FnOnce(At<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let at = At {
            state: self.state,
            path,
            depth: self.depth + 1,
        };
        read(at).inspect_err(|error| {
            let mut failure = self.state.failure.borrow_mut();
            // The innermost place is the first to see the error.
            failure.get_or_insert_with(|| ReadError {
                path: path.to_string(true),
                reason: error.to_string(),
            });
        })
    }
}

/// One property of a JSON object whose value is still to be read.
pub struct Property<'a, A> {
    pub(super) map: &'a mut A,
    pub(super) at: At<'a>,
}

impl<'de, A: MapAccess<'de>> Property<'_, A> {
    /// Reads the value into a field.
    ///
    /// # Errors
    ///
    /// Fails where the value does not fit the field.
    pub fn read<F: ReadField<V>, V>(self, field: &mut V) -> Result<(), A::Error> {
        struct Seed<'a, F, V>(At<'a>, &'a mut V, PhantomData<F>);
        impl<'de, F: ReadField<V>, V> DeserializeSeed<'de> for Seed<'_, F, V> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
                F::read(self.1, from, self.0)
            }
        }
        self.map
            .next_value_seed(Seed::<F, V>(self.at, field, PhantomData))
    }

    /// Reads the value of a oneof member; null leaves the oneof as it is. `B`
    /// is the value, or a box of it in a recursive message.
    ///
    /// # Errors
    ///
    /// Fails where the value does not fit the member, and where the oneof has a
    /// value already: one of the two would be lost.
    pub fn read_member<C: Codec, B: From<C::Value>, V>(
        self,
        oneof: &mut Option<V>,
        member: impl FnOnce(B) -> V,
    ) -> Result<(), A::Error> {
        struct Seed<'a, C>(At<'a>, PhantomData<C>);
        impl<'de, C: Codec> DeserializeSeed<'de> for Seed<'_, C> {
            type Value = Option<C::Value>;
            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
                read_unless_null::<C, D>(from, self.0)
            }
        }
        let value = self.map.next_value_seed(Seed::<C>(self.at, PhantomData))?;
        if let Some(value) = value {
            if oneof.is_some() {
                return Err(A::Error::custom(
                    "expected null, because another member of its oneof has a value",
                ));
            }
            *oneof = Some(member(value.into()));
        }
        Ok(())
    }

    /// Skips a property that the message does not declare, and reports it.
    ///
    /// # Errors
    ///
    /// Fails where the value is not JSON.
    pub fn undeclared(self) -> Result<(), A::Error> {
        self.at.drift(DriftKind::UndeclaredProperty);
        self.map.next_value::<IgnoredAny>().map(|_| ())
    }
}

/// The place that is being written, and what of it is selected.
#[derive(Clone, Copy)]
pub struct To<'a> {
    state: &'a WriteState,
    path: &'a Path<'a>,
    pub(crate) mask: Mask<'a>,
}

impl<'a> To<'a> {
    pub(super) fn root(state: &'a WriteState, path: &'a Path<'a>, mask: Mask<'a>) -> Self {
        Self { state, path, mask }
    }

    /// Runs `write` one step further down; an error is noted with its place.
    pub(super) fn property<T, E: fmt::Display>(
        &self,
        name: &str,
        mask: Mask<'_>,
        write: impl FnOnce(To<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = &self.path.name(name);
        let to = To {
            state: self.state,
            path,
            mask,
        };
        write(to).inspect_err(|error| self.state.fail(path, error))
    }
}

/// Writes a value at a place as serde wants it: without arguments.
pub(super) struct Writing<'a, F> {
    state: &'a WriteState,
    path: Path<'a>,
    mask: Mask<'a>,
    write: F,
}

impl<'a, F> Writing<'a, F> {
    pub(super) fn element(to: &To<'a>, index: usize, write: F) -> Self {
        Self {
            state: to.state,
            path: to.path.index(index),
            mask: Mask::Set,
            write,
        }
    }

    pub(super) fn property(to: &To<'a>, name: &'a str, mask: Mask<'a>, write: F) -> Self {
        Self {
            state: to.state,
            path: to.path.name(name),
            mask,
            write,
        }
    }
}

/// What [`Writing`] does once it has a serializer.
pub(super) trait WriteWith {
    fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error>;
}

impl<F: WriteWith> Serialize for Writing<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let to = To {
            state: self.state,
            path: &self.path,
            mask: self.mask,
        };
        self.write
            .write(serializer, to)
            .inspect_err(|error| self.state.fail(&self.path, error))
    }
}

/// A JSON object that is being written.
pub struct Object<'a, M> {
    pub(super) map: M,
    pub(super) to: To<'a>,
    pub(super) fields: &'static [Field],
}

impl<M: SerializeMap> Object<'_, M> {
    /// Writes a field if the mask selects it.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form.
    pub fn write<F: WriteField<V>, V>(
        &mut self,
        declared: &'static Field,
        field: &V,
    ) -> Result<(), M::Error> {
        struct With<'a, F, V>(&'a V, PhantomData<F>);
        impl<F: WriteField<V>, V> WriteWith for With<'_, F, V> {
            fn write<S: Serializer>(&self, to: S, at: To<'_>) -> Result<S::Ok, S::Error> {
                F::write(self.0, to, at)
            }
        }
        let mask = match self.to.mask.select(declared.name) {
            Selected::No => return Ok(()),
            Selected::Named(mask) => mask,
            Selected::Implied(Mask::Set) if !F::is_set(field) => return Ok(()),
            Selected::Implied(Mask::Set) => Mask::Set,
            Selected::Implied(mask) => match declared.behavior {
                Behavior::OutputOnly => return Ok(()),
                // Whoever means the whole does not mean to clear these.
                Behavior::InputOnly | Behavior::Immutable if !F::is_set(field) => return Ok(()),
                Behavior::Plain | Behavior::InputOnly | Behavior::Immutable => mask,
            },
        };
        let with = With::<F, V>(field, PhantomData);
        let value = Writing::property(&self.to, declared.name, mask, with);
        self.map.serialize_entry(declared.json_name, &value)
    }

    /// Writes a member of a oneof if the mask selects it.
    ///
    /// # Errors
    ///
    /// Fails where the value has no JSON form, and where the mask names a part
    /// of a member that is not set: the upstream would switch to it.
    pub fn write_member<C: Codec, T>(
        &mut self,
        declared: &'static Field,
        member: Option<&T>,
    ) -> Result<(), M::Error>
    where
        for<'t> &'t T: Holds<C::Value>,
    {
        let mask = self.to.mask.select(declared.name);
        if let Selected::Named(mask @ Mask::Only(tree)) = mask
            && !tree.is_whole()
            && member.is_none()
        {
            return self.to.property(declared.name, mask, |_| {
                Err(M::Error::custom(
                    "must be set, because the mask names a part of it and it is a member of a oneof",
                ))
            });
        }
        self.write::<Optional<C>, _>(declared, &member)
    }
}
