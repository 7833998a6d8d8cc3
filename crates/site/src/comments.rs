//! The comments of protos.

use prost_reflect::FileDescriptor;

/// The comment in front of a declaration, in Markdown. Empty if there is none.
pub(crate) fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let locations = &file.file_descriptor_proto().source_code_info;
    let comment = locations
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path)
        .and_then(|location| location.leading_comments.as_deref())
        .unwrap_or_default();
    let lines: Vec<_> = comment
        .trim_end()
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        // What a checker of protos is told is no news for readers.
        .filter(|line| !line.starts_with("buf:lint:"))
        .collect();
    lines.join("\n").trim_end().to_owned()
}

/// The first sentence of a comment, on one line.
pub(crate) fn first_sentence(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => line,
    }
}
