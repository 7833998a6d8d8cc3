//! What a change does to the values that a schema admits.

/// What happens to the set of admitted values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It stays, or changes in a way that clients are bound to bear.
    None,
    /// Some values come.
    Widens,
    /// Some values go.
    Narrows,
    /// Some values go and others come.
    Incomparable,
    /// It cannot be decided; what cannot be shown to be safe is not safe.
    Unknown,
}
