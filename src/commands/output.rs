//! How text for people looks: colours, symbols and width, as the terminal allows.

use crate::env::{Env, names};
use crate::terminal::Screen;

/// The width of a terminal that doesn't say how wide it is.
const USUAL_COLUMNS: usize = 80;

/// The widest text: longer lines are hard to read.
const MOST_COLUMNS: usize = 100;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Whether to colour symbols and headings.
    colour: bool,
    /// Whether characters outside ASCII can be shown.
    unicode: bool,
    /// How wide text may be.
    pub(super) columns: usize,
}

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Warning,
    Bad,
    /// Not looked at.
    Skipped,
}

impl Style {
    /// Of the text on stdout.
    pub(super) fn of_stdout(env: &Env, screen: Screen) -> Self {
        let is_dumb = env.text(names::TERM).is_some_and(|terminal| terminal == "dumb");
        let locale = [names::LC_ALL, names::LC_CTYPE, names::LANG].iter().find_map(|name| env.text(name));
        let is_utf8 = |locale: String| locale.to_ascii_lowercase().replace('-', "").contains("utf8");
        Self {
            colour: screen.stdout && !env.is_set(names::NO_COLOR) && !is_dumb,
            unicode: locale.is_none_or(is_utf8) && !is_dumb,
            columns: screen.columns.unwrap_or(USUAL_COLUMNS).min(MOST_COLUMNS),
        }
    }

    /// For text that isn't shown on a terminal.
    pub(super) const fn plain() -> Self {
        Self { colour: false, unicode: true, columns: USUAL_COLUMNS }
    }

    /// A text in lines that fit, each of them with so many columns less. A word that is too long has a line of its own.
    pub(super) fn wrapped(self, text: &str, less: usize) -> Vec<String> {
        let most = self.columns.saturating_sub(less).max(20);
        let mut lines = vec![String::new()];
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let line = lines
                .last_mut()
                .filter(|line| line.is_empty() || line.chars().count() + 1 + word.chars().count() <= most);
            match line {
                Some(line) if line.is_empty() => line.push_str(word),
                Some(line) => line.extend([" ", word]),
                None => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// A symbol for how well something is.
    pub(super) fn mark(self, mark: Mark) -> String {
        let (symbol, ascii, colour) = match mark {
            Mark::Good => ("\u{2713}", "ok", "32"),
            Mark::Warning => ("!", "! ", "33"),
            Mark::Bad => ("\u{2717}", "x ", "31"),
            Mark::Skipped => ("-", "- ", "2"),
        };
        self.painted(if self.unicode { symbol } else { ascii }, colour)
    }

    /// A text of at most so many characters; what is left out is in the middle.
    pub(super) fn elided(self, text: &str, most: usize) -> String {
        let length = text.chars().count();
        let sign = if self.unicode { "\u{2026}" } else { "..." };
        let Some(kept) = most.checked_sub(sign.chars().count()).filter(|_| length > most) else {
            return text.to_owned();
        };
        let (before, behind) = (kept / 2, kept.div_ceil(2));
        let head = text.chars().take(before);
        let tail = text.chars().skip(length - behind);
        head.chain(sign.chars()).chain(tail).collect()
    }

    /// Less important text.
    pub(super) fn dim(self, text: &str) -> String {
        self.painted(text, "2")
    }

    /// A heading.
    pub(super) fn bold(self, text: &str) -> String {
        self.painted(text, "1")
    }

    /// A line of a change that comes.
    pub(super) fn added(self, line: &str) -> String {
        self.painted(line, "32")
    }

    /// A line of a change that goes.
    pub(super) fn removed(self, line: &str) -> String {
        self.painted(line, "31")
    }

    /// <https://www.ecma-international.org/publications-and-standards/standards/ecma-48/>, select graphic rendition.
    fn painted(self, text: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
