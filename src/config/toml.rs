//! The tree of a TOML file, in which each key and value has its place in the text.
//!
//! The crate `toml` reads the language, every form of it. This file adds what a walk through the
//! tree needs: the keys of a table in the order of the file, an unknown one being an error with the
//! nearest known one; values of a type; and lines and columns.
//!
//! Serde isn't used: its messages name Rust's types instead of the user's keys, and have no
//! suggestions.
//!
//! Leaves out: which keys there are (`schema`).

use std::borrow::Cow;

pub(super) use toml::Spanned;
use toml::de::Error as TomlError;
pub(super) use toml::de::{DeTable, DeValue};

use super::Correction;
use crate::rules::Position;

/// A key with more wrong letters than this may mean something else.
const MOST_TYPOS: usize = 2;

/// A mistake at a byte of the text.
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) what: String,
    pub(super) correction: Option<Correction>,
}

impl Problem {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into(), correction: None }
    }

    /// At the beginning of a value.
    pub(super) fn at<T>(value: &Spanned<T>, what: impl Into<String>) -> Self {
        Self::new(value.span().start, what)
    }

    pub(super) fn of_syntax(error: &TomlError, text: &str) -> Self {
        let span = error.span().unwrap_or(text.len()..text.len());
        let what = match (error.message(), text.get(span.clone())) {
            ("duplicate key", Some(key)) => format!("duplicate key `{key}`"),
            (message, _) => message.to_owned(),
        };
        Self::new(span.start, what)
    }
}

/// Where the lines of a text begin, to find the line of a byte without counting again.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let after_line_ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: [0].into_iter().chain(after_line_ends).collect() }
    }

    pub(super) fn position(&self, at: usize) -> Position {
        let at = self.text.floor_char_boundary(at);
        let line = self.starts.partition_point(|start| *start <= at);
        let column = self.text[self.starts[line - 1]..at].chars().count() + 1;
        Position { line, column }
    }
}

/// The keys of a table.
pub(super) trait Key: Copy + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// How it is written.
    fn name(self) -> &'static str;
}

/// Makes the enum of a table's keys out of their names.
macro_rules! keys {
    ($(#[$doc:meta])* $table:ident { $($key:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        enum $table {
            $($key,)*
        }

        impl Key for $table {
            const ALL: &'static [Self] = &[$(Self::$key),*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$key => $name,)*
                }
            }
        }
    };
}

pub(super) use keys;

pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// The keys of a table with their values, in the order of the file.
pub(super) fn entries<'v, 't, K: Key>(
    table: &'v DeTable<'t>,
) -> impl Iterator<Item = Result<(K, &'v Value<'t>), Problem>> {
    in_order(table).into_iter().map(|(written, value)| {
        let known = K::ALL.iter().find(|key| key.name() == written.get_ref());
        known.map(|key| (*key, value)).ok_or_else(|| {
            let names = K::ALL.iter().map(|key| key.name());
            let nearest = names.min_by_key(|name| strsim::damerau_levenshtein(written.get_ref(), name));
            let (written_as, nearest) = (written.get_ref(), nearest.unwrap_or_default());
            let what = format!("unknown key `{written_as}`; did you mean `{nearest}`?");
            let is_typo = strsim::damerau_levenshtein(written_as, nearest) <= MOST_TYPOS;
            let correction = is_typo.then(|| Correction { written: written_as.clone().into_owned(), meant: nearest });
            Problem { correction, ..Problem::at(written, what) }
        })
    })
}

/// The entries of a table in the order of the file. One function for all kinds of keys, because sorting takes 5 KB.
fn in_order<'v, 't>(table: &'v DeTable<'t>) -> Vec<(&'v Spanned<Cow<'t, str>>, &'v Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(written, _)| written.span().start);
    entries
}

pub(super) fn flag(key: impl Key, value: &Value<'_>) -> Result<Spanned<bool>, Problem> {
    match value.get_ref() {
        DeValue::Boolean(flag) => Ok(Spanned::new(value.span(), *flag)),
        _ => Err(Problem::at(value, format!("`{}` must be `true` or `false`", key.name()))),
    }
}

/// A text that isn't empty.
pub(super) fn string<'v>(key: impl Key, value: &'v Value<'_>) -> Result<Spanned<&'v str>, Problem> {
    let name = key.name();
    let problem = match value.get_ref() {
        DeValue::String(text) if text.is_empty() => format!("`{name}` is empty; remove it or give it a value"),
        DeValue::String(text) => return Ok(Spanned::new(value.span(), text)),
        DeValue::Array(_) => "unexpected array".to_owned(),
        DeValue::Table(_) => "unexpected table".to_owned(),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            format!("`{name}` must be a string")
        }
    };
    Err(Problem::at(value, problem))
}

/// Parses a text. What `parse` finds wrong follows the text in the message, unless it may be a URL
/// with a password.
pub(super) fn parsed<T>(
    text: &Spanned<&str>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Spanned<T>, Problem> {
    match parse(text.get_ref()) {
        Ok(value) => Ok(Spanned::new(text.span(), value)),
        Err(problem) if text.get_ref().contains('@') => Err(Problem::at(text, format!("this value {problem}"))),
        Err(problem) => Err(Problem::at(text, format!("`{}` {problem}", text.get_ref()))),
    }
}
