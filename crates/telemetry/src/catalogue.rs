//! Every metric that there is. Documentation, dashboard and alert rules are
//! checked against it.
//!
//! Names and units follow the conventions of Prometheus: base units, `_total` at
//! the end of counters.

macro_rules! metrics {
    ($($kind:ident $constant:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(
            #[doc = $help]
            pub const $constant: $crate::metric::Metric<
                $crate::metric::$kind,
                { <[&str]>::len(&[$($label),*]) },
            > = $crate::metric::Metric::new(
                $crate::metric::Kind::$kind,
                $name,
                &[$($label),*],
                $help,
            );
        )+

        /// All metrics of this subject.
        pub const ALL: &[$crate::metric::Declaration] = &[$($constant.declaration()),+];
    };
}

pub mod backend;
pub mod gateway;
pub mod process;
pub mod tls;
pub mod traces;
pub mod upstream;

use crate::metric::Declaration;

/// Every metric, in the order of a scrape.
pub fn all() -> impl Iterator<Item = Declaration> {
    [
        process::ALL,
        tls::ALL,
        traces::ALL,
        gateway::ALL,
        upstream::ALL,
        backend::ALL,
    ]
    .into_iter()
    .flatten()
    .copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::metric::Kind;

    #[test]
    fn names_follow_the_conventions() {
        let mut names = HashSet::new();
        for Declaration {
            name, kind, help, ..
        } in all()
        {
            assert!(names.insert(name), "{name} is declared twice");
            assert_eq!(
                kind == Kind::Counter,
                name.ends_with("_total"),
                "{name}: counters, and only they, end with _total"
            );
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(plain), "{name} has other characters");
            let own = name.starts_with("web1on1_") || name.starts_with("process_");
            assert!(own, "{name} says not whose it is");
            assert!(!help.ends_with('.'), "the help of {name} ends with a stop");
            for unit in ["milliseconds", "_ms", "kib", "minutes"] {
                assert!(!name.contains(unit), "{name} has no base unit");
            }
        }
    }
}
