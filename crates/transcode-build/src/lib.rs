//! Build-time half of the translation: descriptors in, Rust source out.
