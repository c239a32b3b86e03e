//! The properties of one section of a profile file: what each line means, and which value of a property counts.
//!
//! Every line goes through [`Section::read_with`] once, which tells an observer what the line was taken for. So a check of
//! files can say how a line is read without a grammar of its own.

use std::borrow::Cow;
use std::fmt;

/// The property whose value is a command, taken as it stands.
pub(in crate::aws) const COMMAND: &str = "credential_process";

/// The properties of one section.
#[derive(Default)]
pub struct Section<'a> {
    properties: Vec<Property<'a>>,
}

struct Property<'a> {
    /// In lower case.
    key: Cow<'a, str>,
    value: Cow<'a, str>,
    /// The indented settings below it.
    nested: Vec<(&'a str, &'a str)>,
    /// The line that it begins with.
    line: &'a str,
    /// Whether the AWS CLI takes it as more of the value above, or the property below as more of its value.
    is_run_together: bool,
}

impl<'a> Property<'a> {
    fn new(key: &'a str, value: &'a str, line: &'a str) -> Self {
        Self { key: lower_case(key), value: value.into(), nested: Vec::new(), line, is_run_together: false }
    }
}

/// What a line of a section is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum LineKind<'a> {
    /// A blank line or a comment.
    Nothing,
    /// A property, as written.
    Property { key: &'a str, value: &'a str },
    /// A property that is indented more than the one above it, which has a value.
    IndentedProperty { key: &'a str, value: &'a str },
    /// A setting nested in the property above it.
    Nested,
    /// More of the command above it.
    Continuation,
    /// None of these: it is passed over.
    Unreadable,
}

impl<'a> Section<'a> {
    /// The value of a property, without comment and quotes; its name is matched without regard to case.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.properties.iter().rev().filter(|property| property.key == key).find_map(|property| plain(&property.value))
    }

    /// The whole value of a property.
    pub fn whole(&self, key: &str) -> Option<&str> {
        let properties = self.properties.iter().rev().filter(|property| property.key == key);
        properties.map(|property| &*property.value).find(|value| !value.is_empty())
    }

    /// The value of a setting nested in a property, as `endpoint_url` is in `ecr`.
    pub fn nested(&self, key: &str, setting: &str) -> Option<&str> {
        let properties = self.properties.iter().rev().filter(|property| property.key == key);
        let mut settings = properties.flat_map(|property| property.nested.iter().rev());
        settings.find_map(|(name, value)| plain(value).filter(|_| name.eq_ignore_ascii_case(setting)))
    }

    /// The line with the value that [`Section::get`] or [`Section::whole`] gives.
    pub(in crate::aws) fn line_of(&self, key: &str) -> Option<&'a str> {
        let properties = || self.properties.iter().rev().filter(|property| property.key == key);
        let property = properties().find(|property| plain(&property.value).is_some());
        let property = property.or_else(|| properties().find(|property| !property.value.is_empty()));
        property.map(|property| property.line)
    }

    /// Whether the AWS CLI runs a property together with another one.
    pub(in crate::aws) fn is_run_together(&self, key: &str) -> bool {
        self.properties.iter().any(|property| property.key == key && property.is_run_together)
    }

    /// The part of the text with the value that [`Section::nested`] gives.
    pub(in crate::aws) fn nested_line_of(&self, key: &str, setting: &str) -> Option<&'a str> {
        let properties = self.properties.iter().rev().filter(|property| property.key == key);
        let mut settings = properties.flat_map(|property| property.nested.iter().rev());
        let is_meant = |(name, value): &&(&str, &str)| plain(value).is_some() && name.eq_ignore_ascii_case(setting);
        settings.find(is_meant).map(|(name, _)| *name)
    }

    /// All of it as lines of text, sorted by key: sections that say the same give the same lines.
    pub fn lines(&self) -> Vec<String> {
        let line = |property: &Property<'_>| {
            let nested = property.nested.iter().flat_map(|(name, value)| ["\n", name, "=", value]);
            [&*property.key, "=", &*property.value].into_iter().chain(nested).collect::<String>()
        };
        let mut lines: Vec<_> = self.properties.iter().map(|property| (&property.key, line(property))).collect();
        lines.sort_by(|one, other| one.0.cmp(other.0));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    pub(super) fn read(&mut self, body: &'a str) {
        self.read_with(body, |_, _| ());
    }

    /// Adds the properties in the lines below a header, and says what each line was taken for.
    pub(in crate::aws) fn read_with(&mut self, body: &'a str, mut seen: impl FnMut(&'a str, LineKind<'a>)) {
        // The indent of the property that the next lines may continue.
        let mut open = None;
        for line in lines(body) {
            let text = line.trim();
            if text.is_empty() || text.starts_with(['#', ';']) {
                seen(line, LineKind::Nothing);
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            let above = self.properties.last_mut().filter(|_| open.is_some_and(|open| indent > open));
            let kind = match (above, split(text)) {
                (Some(above), Some(setting)) if above.value.is_empty() => {
                    above.nested.push(setting);
                    LineKind::Nested
                }
                (Some(above), _) if above.key == COMMAND => {
                    // Python's `shlex` takes the line end for a blank; a shell would end the command.
                    *above.value.to_mut() += " ";
                    *above.value.to_mut() += text;
                    LineKind::Continuation
                }
                (Some(above), Some((key, value))) => {
                    above.is_run_together = true;
                    self.properties.push(Property { is_run_together: true, ..Property::new(key, value, line) });
                    LineKind::IndentedProperty { key, value }
                }
                (None, Some((key, value))) => {
                    open = Some(indent);
                    self.properties.push(Property::new(key, value, line));
                    LineKind::Property { key, value }
                }
                (_, None) => LineKind::Unreadable,
            };
            seen(line, kind);
        }
    }
}

impl fmt::Debug for Section<'_> {
    /// Keys only: values may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.properties.iter().map(|property| &property.key).collect();
        formatter.debug_tuple("Section").field(&keys).finish()
    }
}

/// The lines of a text, which end with LF, CRLF or CR.
pub(in crate::aws) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.split('\r'))
}

/// The two sides of the first `=` or `:`.
fn split(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(['=', ':'])?;
    let key = key.trim();
    (!key.is_empty()).then(|| (key, value.trim()))
}

/// A value without the comment behind it and without quotes around it; `None` if nothing is left.
pub(in crate::aws) fn plain(value: &str) -> Option<&str> {
    let is_comment = |at: &usize| value[..*at].is_empty() || value[..*at].ends_with(char::is_whitespace);
    let comment = value.match_indices(['#', ';']).map(|(at, _)| at).find(is_comment);
    let value = value[..comment.unwrap_or(value.len())].trim();
    let unquoted = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let value = unquoted('"').or_else(|| unquoted('\'')).unwrap_or(value);
    (!value.is_empty()).then_some(value)
}

fn lower_case(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) { key.to_ascii_lowercase().into() } else { key.into() }
}
