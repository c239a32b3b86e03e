//! A client's JSON file as it may be shown: with the values hidden that could be secrets.
//!
//! Only names of helpers are shown. What else is in such a file, such as logins, headers and proxies, may hold a password,
//! and keys that this program doesn't know may do so too.

use std::ops::Range;

use super::document::{Document, HELPERS, STORE, is_key};
use super::syntax::{Kind, Node};

/// What a hidden value reads as.
const MASK: &str = "\"***\"";

impl Document {
    /// The text with hidden values. It has the same lines.
    pub(crate) fn masked(&self) -> String {
        let mut hidden = Vec::new();
        for member in self.members() {
            if !is_key(&member.key, HELPERS) && !is_key(&member.key, STORE) {
                self.hide(&member.value, &mut hidden);
            }
        }
        let (mut masked, mut shown) = (String::new(), 0);
        for Range { start, end } in hidden {
            masked.push_str(&self.text()[shown..start]);
            masked.push_str(MASK);
            shown = end;
        }
        masked.push_str(&self.text()[shown..]);
        masked
    }

    fn hide(&self, node: &Node, hidden: &mut Vec<Range<usize>>) {
        match &node.kind {
            Kind::Object(entries) => entries.iter().for_each(|entry| self.hide(&entry.value, hidden)),
            Kind::Array(items) => items.iter().for_each(|item| self.hide(item, hidden)),
            Kind::String => hidden.push(node.range.clone()),
            Kind::NumberOrBoolean if !self.text()[node.range.clone()].starts_with(['t', 'f']) => {
                hidden.push(node.range.clone());
            }
            Kind::Null | Kind::NumberOrBoolean => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown_but_keys_and_helpers() {
        let text = "{\n\t\"auths\": {\"a\": {\"auth\": \"hush\"}},\n\t\"credHelpers\": {\"a\": \"b\"},\n\t\"credsStore\": \"c\",\n\t\
                    \"x\": [\"hush\", 123, true, null, {\"credsStore\": \"hush\"}]\n}\n";
        let masked = "{\n\t\"auths\": {\"a\": {\"auth\": \"***\"}},\n\t\"credHelpers\": {\"a\": \"b\"},\n\t\"credsStore\": \"c\",\n\t\
                    \"x\": [\"***\", \"***\", true, null, {\"credsStore\": \"***\"}]\n}\n";
        assert_eq!(Document::parse(text.as_bytes()).expect("valid").masked(), masked);
    }
}
