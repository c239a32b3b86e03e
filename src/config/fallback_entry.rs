//! A `[fallback]` that `configure --store` adds to the configuration file, and that `--undo` removes.
//!
//! It goes to the end of the file, where a table can always begin, so that every other byte stays.

use std::path::Path;

use thiserror::Error;

use super::{ConfigError, schema};
use crate::rules::Rules;

/// Stands above what is added, and finds it again.
const COMMENT: &str = "# The helper that clients had for all other hosts, kept by `configure --store`.";

/// Why a fallback can't be added.
#[derive(Debug, Error)]
pub(crate) enum FallbackEntryError {
    /// The file is invalid.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// Another helper has the other hosts already.
    #[error("`{file}` has the fallback `{helper}` for all other hosts already; remove it, or name `{wanted}` there")]
    Taken { file: String, helper: String, wanted: String },
    /// The text can't be added to this file.
    #[error("a `[fallback]` with `helper = \"{wanted}\"` can't be added to `{file}`; add it by hand")]
    Unsuitable { file: String, wanted: String },
}

/// The text of the configuration file with a helper for all hosts that aren't ECR's and have no other helper; the same text
/// if it has it already.
/// Error: the file is invalid, or has another such helper.
pub(crate) fn with_fallback(text: &str, file: &Path, helper: &str) -> Result<String, FallbackEntryError> {
    let rules = schema::parse(text, file)?;
    let (shown, wanted) = (file.display().to_string(), helper.to_owned());
    if let Some(taken) = rest_of(&rules) {
        return if taken == helper {
            Ok(text.to_owned())
        } else {
            Err(FallbackEntryError::Taken { file: shown, helper: taken.to_owned(), wanted })
        };
    }
    let newline = newline(text);
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => newline,
        _ => &format!("{newline}{newline}"),
    };
    let changed = format!("{text}{gap}{}", entry(newline, helper, !rules.fallbacks.is_empty()));
    match schema::parse(&changed, file) {
        Ok(rules) if rest_of(&rules) == Some(helper) => Ok(changed),
        Ok(_) | Err(_) => Err(FallbackEntryError::Unsuitable { file: shown, wanted }),
    }
}

/// The helper that [`with_fallback`] added, and the text without it; `None` if it isn't there.
pub(crate) fn without_fallback(text: &str) -> Option<(String, String)> {
    let newline = newline(text);
    let at = text.find(&format!("{COMMENT}{newline}"))?;
    let (before, rest) = text.split_at(at);
    let name = rest.lines().nth(2)?.strip_prefix("helper = \"")?.strip_suffix('"')?;
    let added = [false, true].map(|is_one_of_many| entry(newline, name, is_one_of_many));
    let rest = added.iter().find_map(|added| rest.strip_prefix(added.as_str()))?;
    // The line between the entry and what is above it.
    let before = before.strip_suffix(newline).unwrap_or(before);
    Some((name.to_owned(), format!("{before}{rest}")))
}

fn entry(newline: &str, helper: &str, is_one_of_many: bool) -> String {
    let header = if is_one_of_many { "[[fallback]]" } else { "[fallback]" };
    format!("{COMMENT}{newline}{header}{newline}helper = \"{helper}\"{newline}")
}

fn rest_of(rules: &Rules) -> Option<&str> {
    rules.fallbacks.iter().find(|fallback| fallback.patterns.is_none()).map(|fallback| &*fallback.helper)
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "# The helper that clients had for all other hosts, kept by `configure --store`.\n\
                         [fallback]\nhelper = \"desktop\"\n";

    fn added(text: &str) -> Result<String, String> {
        with_fallback(text, Path::new("/c.toml"), "desktop").map_err(|error| error.to_string())
    }

    #[test]
    fn a_fallback_goes_to_the_end_and_what_was_there_stays() {
        let rule = "[[registry]]\nmatch = \"111122223333\"\nprofile = \"p\"\n";
        for (text, expected) in [
            ("", ENTRY.to_owned()),
            (rule, format!("{rule}\n{ENTRY}")),
            (&rule.replace('\n', "\r\n"), format!("{rule}\n{ENTRY}").replace('\n', "\r\n")),
            (
                "[[fallback]]\nmatch = \"ghcr.io\"\nhelper = \"pass\"\n",
                format!(
                    "[[fallback]]\nmatch = \"ghcr.io\"\nhelper = \"pass\"\n\n{}",
                    ENTRY.replace("[fallback]", "[[fallback]]")
                ),
            ),
        ] {
            let changed = added(text).expect(text);
            assert_eq!(changed, expected);
            assert_eq!(without_fallback(&changed), Some(("desktop".to_owned(), text.to_owned())));
            assert_eq!(added(&changed), Ok(changed.clone()), "it is there already");
        }
        assert_eq!(added("auto_profile = true"), Ok(format!("auto_profile = true\n\n{ENTRY}")));
    }

    #[test]
    fn what_others_wrote_stays() {
        for text in ["", "[fallback]\nhelper = \"desktop\"\n", &ENTRY.replace("helper = ", "helper=")] {
            assert_eq!(without_fallback(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_with_another_fallback_or_a_mistake_is_refused() {
        for (text, reason) in [
            (
                "[fallback]\nhelper = \"pass\"\n",
                "`/c.toml` has the fallback `pass` for all other hosts already; remove it, or name `desktop` there",
            ),
            (
                "fallback = [{match = \"a.b\", helper = \"pass\"}]\n",
                "a `[fallback]` with `helper = \"desktop\"` can't be added to `/c.toml`; add it by hand",
            ),
            ("x = 1\n", "/c.toml:1:1: unknown key `x`; did you mean `options`?"),
        ] {
            assert_eq!(added(text), Err(reason.to_owned()), "{text}");
        }
    }
}
