//! What a difference is about.

/// What a fact is about, written only where there is something to report.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The operation or the type.
    pub(super) owner: &'a str,
    /// The resource of the type, else the owner again.
    pub(super) resource: &'a str,
    pub(super) separator: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Subject<'a> {
    pub(super) fn of(owner: &'a str) -> Self {
        Self {
            owner,
            resource: owner,
            separator: "",
            name: "",
        }
    }

    pub(super) fn written(&self, owner: &str) -> String {
        let close = if self.separator == "/{" { "}" } else { "" };
        format!("{owner}{}{}{close}", self.separator, self.name)
    }
}

/// A fact: its name, and how a sentence about it begins.
#[derive(Clone, Copy)]
pub(super) struct Aspect(pub(super) &'static str, pub(super) &'static str);
