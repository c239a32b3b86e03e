//! The short way through a configuration file as most people write it: headers, and `key = value` each in a line of its
//! own, in strings without escapes.
//!
//! A file of some hundred rules is read for every `get`, and TOML's own parser takes ten times the instructions of the rest
//! of a hit for 200 of them. This one gives up at whatever isn't plain, and at every mistake: then [`super::document`] reads
//! the whole of it, and finds the words. So it only ever says what that one would say; a property test holds both together.

use std::borrow::Cow;
use std::path::Path;

use super::draft::{At, FallbackDraft, RuleDraft};
use crate::rules::{Pattern, Patterns, Position, Rules};

/// The fewest bytes of a rule that does anything.
const SHORTEST_RULE: usize = "[[registry]]\nmatch='*'\nfips=true\n".len();

/// Reads a file, if it is plain and without mistakes.
pub(super) fn parse<'a>(text: &'a str, file: &Path) -> Option<Rules<'a>> {
    // Memory that is set aside and not used costs nothing; a list that grows is copied.
    let registries = Vec::with_capacity(text.len() / SHORTEST_RULE);
    let mut rules = Rules { file: file.to_owned(), registries, ..Rules::default() };
    let mut table = Table::Top;
    for (number, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let rest = behind_blanks(line);
        let position = Position::new(number + 1, line.len() - rest.len() + 1);
        match rest.as_bytes().first() {
            None => {}
            Some(b'#') => ends(rest)?,
            Some(b'[') => {
                close(table, &mut rules)?;
                table = header(rest, position)?;
            }
            Some(_) => property(rest, &mut table, &mut rules)?,
        }
    }
    close(table, &mut rules)?;
    Some(rules)
}

/// What comes behind the white space of a line of TOML.
fn behind_blanks(text: &str) -> &str {
    &text[text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()..]
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time; a box for each rule would cost more")]
enum Table<'a> {
    Top,
    Registry(RuleDraft<'a>),
    Fallback(FallbackDraft<'a>),
}

fn close<'a>(table: Table<'a>, rules: &mut Rules<'a>) -> Option<()> {
    match table {
        Table::Top => {}
        Table::Registry(draft) => rules.registries.push(draft.finish().ok()?),
        Table::Fallback(draft) => {
            let fallback = draft.finish(&rules.fallbacks).ok()?;
            rules.fallbacks.push(fallback);
        }
    }
    Some(())
}

fn header<'a>(line: &str, position: Position) -> Option<Table<'a>> {
    let (table, rest) = if let Some(rest) = line.strip_prefix("[[registry]]") {
        (Table::Registry(RuleDraft::new(0, position)), rest)
    } else {
        let rest = line.strip_prefix("[[fallback]]").or_else(|| line.strip_prefix("[fallback]"))?;
        (Table::Fallback(FallbackDraft::new(0)), rest)
    };
    ends(rest)?;
    Some(table)
}

fn property<'a>(line: &'a str, table: &mut Table<'a>, rules: &mut Rules<'a>) -> Option<()> {
    let (key, rest) = line.split_at(line.bytes().position(|byte| !is_of_key(byte))?);
    let value = behind_blanks(behind_blanks(rest).strip_prefix('=')?);
    let has_value = match table {
        Table::Top => rules.auto_profile,
        Table::Registry(draft) => draft.has(key),
        Table::Fallback(draft) => draft.has(key),
    };
    if has_value {
        return None;
    }
    match (table, key) {
        (Table::Registry(draft), "match") => draft.patterns = Some(patterns(value)?),
        (Table::Fallback(draft), "match") => draft.patterns = Some(patterns(value)?),
        (Table::Registry(draft), "fips" | "dualstack") => draft.set_flag(key, At { at: 0, value: flag(value)? }),
        (
            Table::Registry(draft),
            "registry" | "profile" | "role_arn" | "external_id" | "session_name" | "region" | "endpoint_url",
        ) => draft.set_text(key, whole_string(value)?).ok()?,
        (Table::Fallback(draft), "helper") => draft.set_helper(whole_string(value)?).ok()?,
        // `auto_profile = false`, given twice, looks like given once: that is for the long way.
        (Table::Top, "auto_profile") if flag(value)? => rules.auto_profile = true,
        _ => return None,
    }
    Some(())
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

fn flag(value: &str) -> Option<bool> {
    let (flag, rest) = match value.strip_prefix("true") {
        Some(rest) => (true, rest),
        None => (false, value.strip_prefix("false")?),
    };
    ends(rest)?;
    Some(flag)
}

fn patterns(value: &str) -> Option<At<Patterns<'_>>> {
    let Some(mut rest) = value.strip_prefix('[') else {
        let pattern = Pattern::parse(whole_string(value)?.value).ok()?;
        return Some(At { at: 0, value: Patterns::One(pattern) });
    };
    let mut patterns = Vec::new();
    loop {
        let (text, behind) = string(behind_blanks(rest))?;
        patterns.push(Pattern::parse(Cow::Borrowed(text)).ok()?);
        let behind = behind_blanks(behind);
        // There may be a comma behind the last one too.
        rest = behind_blanks(behind.strip_prefix(',').unwrap_or(behind));
        if let Some(behind) = rest.strip_prefix(']') {
            ends(behind)?;
            return Some(At { at: 0, value: Patterns::Any(patterns) });
        }
        if !behind.starts_with(',') {
            return None;
        }
    }
}

fn whole_string(value: &str) -> Option<At<Cow<'_, str>>> {
    let (text, rest) = string(value)?;
    ends(rest)?;
    Some(At { at: 0, value: Cow::Borrowed(text) })
}

/// A string that says what it means, and what is behind it.
fn string(value: &str) -> Option<(&str, &str)> {
    let quote = *value.as_bytes().first().filter(|byte| matches!(byte, b'\'' | b'"'))?;
    let text = &value[1..];
    let end = text.bytes().position(|byte| MAY_END[usize::from(byte)] && (byte == quote || !is_plain(byte)))?;
    (end > 0 && text.as_bytes()[end] == quote).then(|| (&text[..end], &text[end + 1..]))
}

/// Nothing more, or a comment.
fn ends(rest: &str) -> Option<()> {
    let rest = behind_blanks(rest);
    (rest.is_empty() || (rest.starts_with('#') && rest.bytes().all(is_text))).then_some(())
}

/// What stands for itself in strings of both kinds.
const fn is_plain(byte: u8) -> bool {
    is_text(byte) && byte != b'\\'
}

/// What TOML has in strings and comments: no control characters but the tab.
const fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control() || byte == b'\t'
}

/// The bytes at which a string may end, or not be plain: few in a file, so that most are passed in a few instructions.
const MAY_END: [bool; 256] = {
    let mut may_end = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        may_end[byte as usize] = !is_plain(byte) || matches!(byte, b'\'' | b'"');
        byte += 1;
    }
    may_end
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::document;
    use super::*;

    const FILE: &str = "/rules";

    /// Checks that the short way says what the long way says, or nothing; whether it said something.
    fn agrees(text: &str) -> bool {
        let Some(rules) = parse(text, Path::new(FILE)) else { return false };
        assert_eq!(Ok(rules), document::parse(text, Path::new(FILE)), "{text}");
        true
    }

    #[test]
    fn what_most_people_write_is_plain() {
        for text in [
            "",
            "# nothing\n\t\r\n",
            "auto_profile = true # each account its own\n",
            "[[registry]]\nmatch = \"111122223333\"\nprofile = \"dev\" # \u{e9}\n",
            "  [[registry]]  # \\\r\n\tmatch=[ '*.example.com' , \"docker.example.com\", ]\r\n\
             registry\t=\t'111122223333.dkr.ecr.eu-west-1.amazonaws.com'\r\n",
            "[[registry]]\nmatch = ['111122223333','444455556666']\nrole_arn = 'arn:aws:iam::111122223333:role/a'\n\
             external_id = 'it\"s #1'\nsession_name = 's'\nregion = 'eu-west-1'\nfips = true\ndualstack = false\n\
             [[registry]]\nmatch = '*'\nendpoint_url = 'http://127.0.0.1:1'",
            "[fallback]\nhelper = 'pass'\n[[fallback]]\nmatch = 'ghcr.io'\nhelper = 'desktop'\n",
        ] {
            assert!(agrees(text), "{text}");
        }
    }

    #[test]
    fn whatever_else_is_left_to_the_long_way() {
        for text in [
            "auto_profile = false\n",
            "auto_profile = true\nauto_profile = true\n",
            "[[registry]]\nmatch = [\n'*',\n]\n",
            "[[registry]]\n\"match\" = '*'\n",
            "[[registry]]\nmatch = '''*'''\n",
            "[[registry]]\nmatch = \"\\u002a\"\n",
            "[[ registry ]]\nmatch = '*'\n",
            // Mistakes.
            "[[registry]]\nprofile = 'a'\n",
            "[[registry]]\nmatch = '*'\nmatch = '*'\n",
            "[[registry]]\nmatch = '*'\nprofil = 'a'\n",
            "[[registry]]\nmatch = '*' 'a'\n",
            "[[registry]]\nmatch = '*'\nprofile = ''\n",
            "[[registry]]\nmatch = '*'\nfips = truely\n",
            "[[registry]]\nmatch = []\n",
            "[[registry]]\nmatch = ['*' 'a']\n",
            "[[registry]]\nmatch = ['*'\n",
            "[[registry]]\nmatch = '*\n",
            "[[registry]]\nmatch\n",
            "[[registry]]\nmatch = '*' # \u{7}\n",
            "[[registry]]\rmatch = '*'\n",
            "[[registry]] x\n",
            "[fallback]\nhelper = 'ecr-login'\n",
            "\u{feff}auto_profile = true\n",
        ] {
            assert_eq!(parse(text, Path::new(FILE)), None, "{text}");
        }
    }

    /// Lines of which many are right, so that whole files of them often are.
    fn line() -> impl Strategy<Value = String> {
        let key = proptest::sample::select(vec![
            "match",
            "match",
            "match",
            "profile",
            "role_arn",
            "external_id",
            "region",
            "fips",
            "helper",
            "registry",
            "auto_profile",
        ]);
        let value = proptest::sample::select(vec![
            "'*'",
            "\"*.example.com\"",
            "['*', '111122223333']",
            "true",
            "'a'",
            "'arn:aws:iam::111122223333:role/a'",
            "'eu-west-1'",
            "'111122223333.dkr.ecr.eu-west-1.amazonaws.com'",
            "'a' # b",
            "\"\\t\"",
            "[",
            "''",
            "'''a'''",
            "1",
        ]);
        prop_oneof![
            3 => Just("[[registry]]".to_owned()),
            1 => Just("[fallback]".to_owned()),
            1 => Just("[[fallback]] # one".to_owned()),
            1 => Just("  # a comment".to_owned()),
            12 => (key, proptest::sample::select(vec![" = ", "=", "\t=  ", " "]), value)
                .prop_map(|(key, between, value)| format!("{key}{between}{value}")),
        ]
    }

    proptest! {
        #[test]
        fn the_short_way_never_says_anything_else_than_the_long_way(
            lines in proptest::collection::vec(line(), 0..8),
            end in proptest::sample::select(vec!["\n", "\r\n", "\r", " \n"]),
        ) {
            agrees(&lines.join(end));
        }

        #[test]
        fn nor_for_any_text(text in "\\PC{0,80}") {
            agrees(&text);
        }
    }
}
