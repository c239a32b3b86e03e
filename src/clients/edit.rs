//! Changes of a client's JSON file that leave every other byte as it is: keys, order, indentation and line ends.
//!
//! A new entry is written as its neighbours are. What is removed takes its comma along, so that adding an entry and
//! removing it gives the text that was there before.

use std::ops::Range;

use super::document::{Document, HELPERS, LOGINS, STORE, is_key, members};
use super::syntax::{Kind, Member, Node};

impl Document {
    /// With a helper for a registry.
    pub(crate) fn with_helper(&self, key: &str, program: &str) -> Self {
        let mut objects = self.members().filter(|member| is_key(&member.key, HELPERS));
        // Of entries with the same key the last one counts.
        let mut entries = objects.clone().flat_map(|object| members(&object.value)).filter(|entry| entry.key == key);
        if let Some(entry) = entries.next_back() {
            return self.replaced(entry.value.range.clone(), &quoted(program));
        }
        match objects.next_back() {
            Some(object) if matches!(object.value.kind, Kind::Object(_)) => {
                self.with_member(&object.value, key, &quoted(program))
            }
            Some(null) => self.replaced(null.value.range.clone(), &self.object(key, program)),
            None => self.with_member(self.root(), HELPERS, &self.object(key, program)),
        }
    }

    /// Without the helper of a registry. An object that is empty then stays.
    pub(crate) fn without_helper(&self, key: &str) -> Self {
        self.without(HELPERS, |entry| entry.key == key)
    }

    /// Without the object of the helpers, if it is empty.
    pub(crate) fn without_empty_helpers(&self) -> Self {
        let is_empty = |member: &Member| {
            is_key(&member.key, HELPERS) && matches!(&member.value.kind, Kind::Object(entries) if entries.is_empty())
        };
        match self.members().position(is_empty) {
            Some(index) => self.without_member(self.root(), index),
            None => self.clone(),
        }
    }

    /// With a helper for all other registries.
    pub(crate) fn with_store(&self, program: &str) -> Self {
        match self.members().rfind(|member| is_key(&member.key, STORE)) {
            Some(store) => self.replaced(store.value.range.clone(), &quoted(program)),
            None => self.with_member(self.root(), STORE, &quoted(program)),
        }
    }

    /// Without the helper for all other registries.
    pub(crate) fn without_store(&self) -> Self {
        match self.members().position(|member| is_key(&member.key, STORE)) {
            Some(index) => self.without_member(self.root(), index).without_store(),
            None => self.clone(),
        }
    }

    /// Without a login.
    pub(crate) fn without_login(&self, key: &str) -> Self {
        self.without(LOGINS, |entry| entry.key == key)
    }

    /// Without the entries of an object of the file.
    fn without(&self, object: &'static str, is_meant: impl Fn(&Member) -> bool + Copy) -> Self {
        let found = self
            .members()
            .filter(|member| is_key(&member.key, object))
            .find_map(|member| members(&member.value).iter().position(is_meant).map(|index| (&member.value, index)));
        match found {
            // It may be there more than once.
            Some((node, index)) => self.without_member(node, index).without(object, is_meant),
            None => self.clone(),
        }
    }

    /// With another member at the end of an object.
    fn with_member(&self, object: &Node, key: &str, value: &str) -> Self {
        let member = format!("{}{}{value}", quoted(key), self.colon());
        let (text, entries) = (self.text(), members(object));
        let Some(last) = entries.last() else {
            let contents = if self.is_on_one_line() {
                member
            } else {
                let (newline, base) = (self.newline(), self.indent_of_line(object.range.start));
                format!("{newline}{base}{}{member}{newline}{base}", self.indent())
            };
            return self.replaced(object.range.start + 1..object.range.end - 1, &contents);
        };
        let from = match entries {
            [.., before, _] => before.value.range.end,
            _ => object.range.start + 1,
        };
        let blanks = &text[from..last.key_range.start];
        let separator = match (blanks.rfind('\n'), blanks.contains(',')) {
            // The comma leads the line.
            (Some(newline), true) if blanks[newline..].contains(',') => blanks.to_owned(),
            (Some(newline), _) => format!(",{}", &blanks[newline - usize::from(blanks[..newline].ends_with('\r'))..]),
            (None, true) => blanks.to_owned(),
            (None, false) if self.colon().ends_with(' ') => ", ".to_owned(),
            (None, false) => ",".to_owned(),
        };
        let end = last.value.range.end;
        self.replaced(end..end, &format!("{separator}{member}"))
    }

    /// Without a member of an object.
    fn without_member(&self, object: &Node, index: usize) -> Self {
        let entries = members(object);
        let range = match (index.checked_sub(1).map(|before| &entries[before]), entries.get(index + 1)) {
            (_, Some(next)) => entries[index].key_range.start..next.key_range.start,
            (Some(before), None) => before.value.range.end..entries[index].value.range.end,
            (None, None) => object.range.start + 1..object.range.end - 1,
        };
        self.replaced(range, "")
    }

    /// An object of one entry, as a member of the file.
    fn object(&self, key: &str, value: &str) -> String {
        let member = format!("{}{}{}", quoted(key), self.colon(), quoted(value));
        if self.is_on_one_line() {
            return format!("{{{member}}}");
        }
        let (newline, indent) = (self.newline(), self.indent());
        format!("{{{newline}{indent}{indent}{member}{newline}{indent}}}")
    }

    fn replaced(&self, range: Range<usize>, with: &str) -> Self {
        let mut text = self.text().to_owned();
        text.replace_range(range, with);
        Self::parse_text(text).expect("a valid member in place of another leaves the file valid")
    }

    /// How lines end.
    fn newline(&self) -> &'static str {
        let crlf = self.text().find('\n').is_some_and(|at| self.text()[..at].ends_with('\r'));
        if crlf { "\r\n" } else { "\n" }
    }

    /// What the first member of the file is indented by; a tab if nothing tells, as Docker does it.
    fn indent(&self) -> &str {
        let first = self.members().next().map(|member| self.indent_before(member.key_range.start));
        first.filter(|indent| !indent.is_empty()).unwrap_or("\t")
    }

    /// The blanks that the line of a byte begins with.
    fn indent_of_line(&self, at: usize) -> &str {
        let line = &self.text()[self.text()[..at].rfind('\n').map_or(0, |newline| newline + 1)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// The blanks between the beginning of the line and a byte; empty if there is something else.
    fn indent_before(&self, at: usize) -> &str {
        let Some(newline) = self.text()[..at].rfind('\n') else { return "" };
        let before = &self.text()[newline + 1..at];
        if before.trim_start_matches([' ', '\t']).is_empty() { before } else { "" }
    }

    /// Whether members follow each other on one line.
    fn is_on_one_line(&self) -> bool {
        let first = self.members().next();
        first.is_some_and(|first| !self.text()[self.root().range.start..first.key_range.start].contains('\n'))
    }

    /// What stands between keys and values.
    fn colon(&self) -> &str {
        let first = self.members().next();
        let between = first.map(|first| &self.text()[first.key_range.end..first.value.range.start]);
        between.filter(|between| !between.contains(['\n', '\r'])).unwrap_or(": ")
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clients::any_json::any_object;

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn parse(text: &str) -> Document {
        Document::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_helper_is_written_as_its_neighbours_are() {
        for (text, expected) in [
            ("{}", "{\n\t\"credHelpers\": {\n\t\t\"h\": \"e\"\n\t}\n}"),
            ("{}\n", "{\n\t\"credHelpers\": {\n\t\t\"h\": \"e\"\n\t}\n}\n"),
            ("{\n}", "{\n\t\"credHelpers\": {\n\t\t\"h\": \"e\"\n\t}\n}"),
            ("{\r\n}\r\n", "{\r\n\t\"credHelpers\": {\r\n\t\t\"h\": \"e\"\r\n\t}\r\n}\r\n"),
            ("{\"a\":1}", "{\"a\":1,\"credHelpers\":{\"h\":\"e\"}}"),
            ("{\"a\": 1}\n", "{\"a\": 1, \"credHelpers\": {\"h\": \"e\"}}\n"),
            ("{ \"a\" : 1 , \"b\" : 2 }", "{ \"a\" : 1 , \"b\" : 2 , \"credHelpers\" : {\"h\" : \"e\"} }"),
            ("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"credHelpers\": {\n    \"h\": \"e\"\n  }\n}\n"),
            ("{\n    \"a\": {}\n}", "{\n    \"a\": {},\n    \"credHelpers\": {\n        \"h\": \"e\"\n    }\n}"),
            (
                "{\r\n\t\"a\": 1,\r\n\r\n\t\"b\": 2\r\n}",
                "{\r\n\t\"a\": 1,\r\n\r\n\t\"b\": 2,\r\n\t\"credHelpers\": {\r\n\t\t\"h\": \"e\"\r\n\t}\r\n}",
            ),
            (
                "{\n  \"a\": 1\n  , \"b\": 2\n}",
                "{\n  \"a\": 1\n  , \"b\": 2\n  , \"credHelpers\": {\n    \"h\": \"e\"\n  }\n}",
            ),
            ("{\n\"a\": 1\n}", "{\n\"a\": 1,\n\"credHelpers\": {\n\t\t\"h\": \"e\"\n\t}\n}"),
            ("{\n  \"credHelpers\": {}\n}", "{\n  \"credHelpers\": {\n    \"h\": \"e\"\n  }\n}"),
            ("{\n  \"credHelpers\": null\n}", "{\n  \"credHelpers\": {\n    \"h\": \"e\"\n  }\n}"),
            (
                "{\n  \"credHelpers\": {\n    \"a\": \"b\"\n  },\n  \"z\": 1\n}",
                "{\n  \"credHelpers\": {\n    \"a\": \"b\",\n    \"h\": \"e\"\n  },\n  \"z\": 1\n}",
            ),
            ("{\n  \"credHelpers\": {\"a\": \"b\"}\n}", "{\n  \"credHelpers\": {\"a\": \"b\", \"h\": \"e\"}\n}"),
            ("{\"credHelpers\": {\"h\": \"x\"}}", "{\"credHelpers\": {\"h\": \"e\"}}"),
            ("{\"credHelpers\": {\"h\": \"x\", \"h\": \"y\"}}", "{\"credHelpers\": {\"h\": \"x\", \"h\": \"e\"}}"),
            (
                "{\"credHelpers\": {\"a\": \"b\"}, \"CredHelpers\": {}}",
                "{\"credHelpers\": {\"a\": \"b\"}, \"CredHelpers\": {\"h\": \"e\"}}",
            ),
        ] {
            let changed = parse(text).with_helper("h", "e");
            assert_eq!(changed.text(), expected, "{text}");
            assert_eq!(changed.helper("h").as_deref(), Some("e"), "{text}");
        }
    }

    #[test]
    fn a_member_is_removed_with_its_comma() {
        for (text, expected) in [
            ("{\"credHelpers\": {\"h\": \"e\"}}", "{\"credHelpers\": {}}"),
            ("{\"credHelpers\": {\"h\": \"e\", \"a\": \"b\"}}", "{\"credHelpers\": {\"a\": \"b\"}}"),
            ("{\"credHelpers\": {\"a\": \"b\", \"h\": \"e\"}}", "{\"credHelpers\": {\"a\": \"b\"}}"),
            (
                "{\n\t\"credHelpers\": {\n\t\t\"a\": \"b\",\n\t\t\"h\": \"e\",\n\t\t\"c\": \"d\"\n\t}\n}",
                "{\n\t\"credHelpers\": {\n\t\t\"a\": \"b\",\n\t\t\"c\": \"d\"\n\t}\n}",
            ),
            (
                "{\"credHelpers\": {\"h\": \"e\", \"h\": \"f\"}, \"credhelpers\": {\"h\": \"g\"}}",
                "{\"credHelpers\": {}, \"credhelpers\": {}}",
            ),
            ("{\"a\": 1}", "{\"a\": 1}"),
        ] {
            assert_eq!(parse(text).without_helper("h").text(), expected, "{text}");
        }
        assert_eq!(
            parse("{\n  \"a\": 1,\n  \"credHelpers\": {}\n}").without_empty_helpers().text(),
            "{\n  \"a\": 1\n}"
        );
        let logins = "{\"auths\": {\"a\": {\"auth\": \"x\"}, \"b\": {}}}";
        assert_eq!(parse(logins).without_login("a").text(), "{\"auths\": {\"b\": {}}}");
    }

    #[test]
    fn the_store_is_set_and_removed() {
        assert_eq!(parse("{\"credsStore\":\"desktop\"}").with_store("e").text(), "{\"credsStore\":\"e\"}");
        assert_eq!(parse("{}").with_store("e").text(), "{\n\t\"credsStore\": \"e\"\n}");
        assert_eq!(parse("{\n\t\"credsStore\": \"e\"\n}").without_store().text(), "{}");
        assert_eq!(parse("{\"credsStore\":\"a\",\"x\":1,\"CredsStore\":\"b\"}").without_store().text(), "{\"x\":1}");
    }

    proptest! {
        #[test]
        fn adding_helpers_keeps_every_other_byte_and_removing_them_gives_the_text_back(text in any_object()) {
            let Ok(document) = Document::parse(text.as_bytes()) else { return Ok(()) };
            let changed = document.with_helper(HOST, "ecr-login").with_helper("public.ecr.aws", "ecr-login");
            prop_assert_eq!(changed.helper(HOST), Some("ecr-login".to_owned()));
            prop_assert_eq!(changed.logins(), document.logins());
            // What is new is in one place, where there was nothing but blanks or a `null`.
            let common = |pairs: &mut dyn Iterator<Item = (u8, u8)>| pairs.take_while(|(one, other)| one == other).count();
            let (old, new) = (text.as_bytes(), changed.text().as_bytes());
            let front = common(&mut old.iter().copied().zip(new.iter().copied()));
            let back = common(&mut old.iter().rev().copied().zip(new.iter().rev().copied())).min(old.len() - front);
            let left = String::from_utf8_lossy(&old[front..old.len() - back]).trim().to_owned();
            prop_assert!(left.is_empty() || left == "null", "{:?}", left);

            let back = changed.without_helper("public.ecr.aws").without_helper(HOST);
            let back = if document.helpers().is_empty() { back.without_empty_helpers() } else { back };
            prop_assert_eq!(back.helpers(), document.helpers());
        }
    }
}
