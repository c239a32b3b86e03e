//! The tree of a client's JSON file, in which each key and value has its place in the text.
//!
//! `jsonc-parser` gives the places. It takes more than JSON, and `serde_json` is as strict as the reader of the clients.
//!
//! Leaves out: what the keys mean (`document`).

use std::ops::Range;

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::rules::Position;

/// Why clients can't read a file.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum Malformed {
    /// It isn't text.
    #[error("it is not valid UTF-8")]
    NotUtf8,
    /// It begins with one.
    #[error("it begins with a byte order mark, which registry clients refuse")]
    ByteOrderMark,
    /// It has one, which isn't JSON.
    #[error("it has a comment at {0}, which registry clients refuse")]
    Comment(Position),
    /// It isn't JSON.
    #[error("it is not valid JSON at {0}: {1}")]
    Syntax(Position, String),
    /// A key has a value of another type.
    #[error("`{key}` must be {expected}, at {position}")]
    Type { key: String, expected: &'static str, position: Position },
}

/// A value in the text.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    /// Its contents stay in the text: they may be a secret.
    String,
    Null,
    NumberOrBoolean,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_range: Range<usize>,
    pub(super) value: Node,
}

/// The tree of a text, if clients can read it.
/// Error: the first thing in it that they refuse.
pub(super) fn parse(text: &str) -> Result<Node, Malformed> {
    if text.starts_with('\u{feff}') {
        return Err(Malformed::ByteOrderMark);
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let position = Position { line: error.line(), column: error.column() };
        if let Some(comment) = begins_comment(text, position) {
            return Err(Malformed::Comment(comment));
        }
        let message = error.to_string();
        let reason = message.rsplit_once(" at line ").map_or(&*message, |(reason, _)| reason);
        return Err(Malformed::Syntax(position, reason.to_owned()));
    }
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(parsed) => {
            let missing = || Malformed::Syntax(Position { line: 1, column: 1 }, "no value".to_owned());
            parsed.value.map(node).ok_or_else(missing)
        }
        Err(error) => {
            let position = Position { line: error.line_display(), column: error.column_display() };
            Err(Malformed::Syntax(position, error.kind().to_string()))
        }
    }
}

/// The line and the column of a byte.
pub(super) fn position(text: &str, at: usize) -> Position {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |line_end| line_end + 1);
    Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
}

/// Where the comment begins, if it is what a reader stumbled over at this place, whose column counts bytes.
fn begins_comment(text: &str, at: Position) -> Option<Position> {
    let line = text.split('\n').nth(at.line.checked_sub(1)?)?;
    // The reader stops at the `/`.
    let begin = at.column.checked_sub(1)?;
    let rest = line.get(begin..)?;
    (rest.starts_with("//") || rest.starts_with("/*"))
        .then(|| Position { line: at.line, column: line[..begin].chars().count() + 1 })
}

fn node(value: Value<'_>) -> Node {
    let range = value.range();
    let range = range.start..range.end;
    let kind = match value {
        Value::Object(object) => Kind::Object(
            object
                .properties
                .into_iter()
                .map(|property| {
                    let key_range = property.name.range();
                    let key = match property.name {
                        ObjectPropName::String(name) => name.value.into_owned(),
                        ObjectPropName::Word(name) => name.value.to_owned(),
                    };
                    Member { key, key_range: key_range.start..key_range.end, value: node(property.value) }
                })
                .collect(),
        ),
        Value::Array(array) => Kind::Array(array.elements.into_iter().map(node).collect()),
        Value::StringLit(_) => Kind::String,
        Value::NullKeyword(_) => Kind::Null,
        Value::NumberLit(_) | Value::BooleanLit(_) => Kind::NumberOrBoolean,
    };
    Node { range, kind }
}
