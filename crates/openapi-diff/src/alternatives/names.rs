//! Rules for the names of properties, written as rules for properties.

use super::alternative::{Alternative, Node};
use super::expand::Expand;
use crate::classes::{followed, said};
use crate::document::Located;
use crate::pattern::matches;

impl<'a> Expand<'a> {
    /// The same alternative, where a pattern or a list of names says which properties there
    /// can be, and others are ruled out. `None` if its names are ruled by something else.
    pub(crate) fn by_names(&self, alternative: &Alternative<'a>) -> Option<Alternative<'a>> {
        let [place] = alternative.names.0.as_slice() else {
            return None;
        };
        if !alternative.by_pattern.is_empty() {
            return None;
        }
        let undeclared = &alternative.additional;
        let target = followed(self.document, place);
        let map = target.value.as_object()?;
        let mut keywords = said(self.document, map).filter(|keyword| *keyword != "type");
        let keyword = keywords.next().filter(|_| keywords.next().is_none())?;
        let never = Node::never(&target);
        let mut other = alternative.clone();
        other.names = Node::default();
        match keyword {
            "pattern" => {
                let pattern = target.text("pattern")?;
                for (name, node) in &mut other.properties {
                    if !matches(pattern, name)? {
                        *node = never.clone();
                    }
                }
                other
                    .by_pattern
                    .insert(pattern.to_owned(), undeclared.clone());
            }
            "enum" | "const" => {
                let names = match map.get("const") {
                    Some(only) => std::slice::from_ref(only),
                    None => map.get("enum")?.as_array()?,
                };
                for (name, node) in &mut other.properties {
                    if !names.iter().any(|listed| listed == name.as_str()) {
                        *node = never.clone();
                    }
                }
                for name in names.iter().filter_map(|name| name.as_str()) {
                    let property = other.properties.entry(name.to_owned());
                    property.or_insert_with(|| undeclared.clone());
                }
            }
            _ => return None,
        }
        other.additional = never;
        other.stated.additional = true;
        Some(other)
    }
}

impl<'a> Node<'a> {
    /// What admits nothing, because of what a schema says of something else.
    pub(super) fn never(because: &Located<'a>) -> Self {
        Node(vec![Located {
            pointer: format!("{}#", because.pointer),
            value: &super::alternative::NOTHING,
        }])
    }
}
