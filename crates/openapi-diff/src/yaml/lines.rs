//! On which lines of a YAML text places stand.

use saphyr_parser::{Event, Parser};

use crate::lines::{Lines, Wanted};
use crate::places::escape;

/// A collection that the events are in.
enum Inside {
    /// With the index of the next element.
    Sequence(usize),
    /// With the key whose value comes next.
    Mapping(Option<String>),
}

/// Finds the lines of the keys and elements at some pointers, as they are written: aliases
/// are not followed, and `<<` is a key. The text has been read before, so what looks wrong
/// here ends the search.
pub(crate) fn find_lines(text: &str, wanted: &Wanted<'_>, lines: &mut Lines<'_, '_>) {
    let mut pointer = String::new();
    // Each with the length of the pointer to it.
    let mut inside: Vec<(Inside, usize)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else {
            return;
        };
        match event {
            Event::SequenceEnd | Event::MappingEnd => {
                inside.pop();
                continue;
            }
            Event::Scalar(..)
            | Event::Alias(_)
            | Event::SequenceStart(..)
            | Event::MappingStart(..) => {}
            _ => continue,
        }
        let mut is_key = false;
        if let Some((collection, length)) = inside.last_mut() {
            pointer.truncate(*length);
            match collection {
                Inside::Sequence(next) => {
                    pointer.push('/');
                    pointer.push_str(&next.to_string());
                    *next += 1;
                }
                Inside::Mapping(key) => match key.take() {
                    Some(key) => {
                        pointer.push('/');
                        pointer.push_str(&key);
                    }
                    None => is_key = true,
                },
            }
        }
        if is_key {
            // An alias can be a key; its text is not known here.
            let text = match &event {
                Event::Scalar(text, ..) => escape(text),
                _ => String::new(),
            };
            let at = format!("{pointer}/{text}");
            if wanted.has_within(&at) {
                lines.found(&at, span.start.line());
            }
            if let Some((Inside::Mapping(key), _)) = inside.last_mut() {
                *key = Some(text);
            }
            continue;
        }
        if matches!(inside.last(), Some((Inside::Sequence(_), _))) && wanted.has_within(&pointer) {
            lines.found(&pointer, span.start.line());
        }
        match event {
            Event::SequenceStart(..) => inside.push((Inside::Sequence(0), pointer.len())),
            Event::MappingStart(..) => inside.push((Inside::Mapping(None), pointer.len())),
            _ => {}
        }
    }
}
