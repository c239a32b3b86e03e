//! The oddities of one profile file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Oddity, OddityKind};
use crate::aws::profile_file::{
    COMMAND, DEFAULT, Fragment, Kind, LineKind, ProfileFile, Section, line_number, lines, plain, scan,
};
use crate::aws::provenance::Place;
use crate::redact::{clean_line, shorten};

/// The longest name that is repeated.
const LONGEST_NAME: usize = 60;

/// A property whose value is taken whole, with what looks like quotes or a comment.
const WHOLE: &str = "login_session";

/// What the shell does something with, outside of words.
const SHELL_SIGNS: [char; 7] = ['|', '&', ';', '<', '>', '$', '`'];

/// The oddities of a file, in the order of its lines.
pub(super) fn oddities(text: &str, file: ProfileFile, path: PathBuf) -> impl Iterator<Item = Oddity> {
    let mut found = FileOddities { text, file, path, found: Vec::new() };
    found.look();
    found.found.sort_by_key(|(line, _)| *line);
    found.found.into_iter().map(|(_, oddity)| oddity)
}

/// The oddities of one file, each with its line.
struct FileOddities<'t> {
    text: &'t str,
    file: ProfileFile,
    path: PathBuf,
    found: Vec<(usize, Oddity)>,
}

impl<'t> FileOddities<'t> {
    fn add(&mut self, part: &str, kind: OddityKind, what: impl Into<String>) {
        let line = line_number(self.text, part);
        let place = Place::ProfileFile { path: self.path.clone(), line };
        self.found.push((line, Oddity { place, what: what.into(), kind }));
    }

    fn look(&mut self) {
        let text = self.text;
        if text.starts_with('\u{feff}') {
            self.add(text, OddityKind::ByteOrderMark, "the file begins with a byte order mark");
        }
        let lone_return = text.match_indices('\r').find(|(at, _)| !text[at + 1..].starts_with('\n'));
        if let Some((at, _)) = lone_return {
            self.add(&text[at..], OddityKind::CarriageReturn, "the line ends with CR alone");
        }
        if let Some(at) = text.find('\u{fffd}') {
            self.add(&text[at..], OddityKind::NotUtf8, "the line is not UTF-8");
        }
        let sections = scan(text, self.file);
        let is_text = |line: &&str| {
            let text = line.trim_start_matches('\u{feff}').trim();
            !text.is_empty() && !text.starts_with(['#', ';'])
        };
        let end = sections.first().map_or(text.len(), |section| self.offset(header_line(text, section)));
        if let Some(line) = lines(&text[..end]).find(is_text) {
            self.add(line, OddityKind::BeforeFirstHeader, "text stands before the first header");
        }
        let mut headers = BTreeSet::new();
        let mut has_profile_default = false;
        // The indent of the property above, which the AWS CLI compares with that of the next lines.
        let mut open: Option<usize> = None;
        for section in &sections {
            let indent = header_line(text, section).len() - 1;
            if open.is_some_and(|open| indent > open) {
                let what = format!("the header `[{}]` is indented below a property", shown(section.header));
                self.add(section.header, OddityKind::IndentedHeader, what);
            }
            self.look_at_header(section);
            if !headers.insert(section.header) {
                let what = format!("the section `[{}]` stands twice", shown(section.header));
                self.add(section.header, OddityKind::DoubledSection, what);
            }
            let is_default =
                self.file == ProfileFile::Config && section.kind == Kind::Profile && section.name == DEFAULT;
            if is_default && has_profile_default && section.header.trim() == DEFAULT {
                let what = "`[profile default]` and `[default]` are both there";
                self.add(section.header, OddityKind::TwoDefaults, what);
            }
            has_profile_default |= is_default && section.header.trim() != DEFAULT;
            open = self.look_at_lines(section);
        }
    }

    fn offset(&self, part: &str) -> usize {
        part.as_ptr() as usize - self.text.as_ptr() as usize
    }

    fn look_at_header(&mut self, section: &Fragment<'t>) {
        let Fragment { kind, header, .. } = section;
        // Made only for what is odd: most headers aren't.
        let shown = || shown(header);
        if header.is_empty() {
            self.add(header, OddityKind::Unreadable, "the header `[]` has no name");
            return;
        }
        let trimmed = header.trim();
        if trimmed != *header {
            self.add(
                header,
                OddityKind::BlanksInHeader,
                format!("the header `[{}]` has blanks next to its brackets", shown()),
            );
        }
        let name = trimmed.split_once(char::is_whitespace).map_or("", |(_, name)| name.trim());
        let is_named = *kind == Kind::SsoSession || self.file == ProfileFile::Config && *kind != Kind::Other;
        if is_named && name.starts_with(['"', '\'']) {
            self.add(header, OddityKind::QuotedName, format!("the name in `[{}]` is in quotes", shown()));
        } else if is_named && name.contains(char::is_whitespace) {
            self.add(header, OddityKind::UnquotedName, format!("the name in `[{}]` has blanks and no quotes", shown()));
        }
        match (self.file, kind) {
            // Sections of the AWS CLI itself.
            (ProfileFile::Config, Kind::Other) if !["plugins", "preview"].contains(&trimmed) => {
                self.add(header, OddityKind::NotAProfile, format!("`[{}]` is not a profile", shown()));
            }
            (ProfileFile::Credentials, Kind::SsoSession) => {
                self.add(
                    header,
                    OddityKind::SessionInCredentials,
                    format!("`[{}]` is in the credentials file", shown()),
                );
            }
            (ProfileFile::Credentials, Kind::Profile) if trimmed.starts_with("profile ") => {
                self.add(
                    header,
                    OddityKind::ProfileInCredentials,
                    format!("`[{}]` is in the credentials file", shown()),
                );
            }
            _ => {}
        }
        let behind = self.text[self.offset(header) + header.len()..].trim_start_matches(']');
        let behind = lines(behind).next().unwrap_or_default().trim();
        if behind.starts_with(['#', ';']) && behind.contains(']') {
            let what = format!("the comment behind `[{}]` has a bracket", shown());
            self.add(header, OddityKind::BracketBehindHeader, what);
        } else if !behind.is_empty() && !behind.starts_with(['#', ';']) {
            self.add(header, OddityKind::TextBehindHeader, format!("text stands behind `[{}]`", shown()));
        }
    }

    /// Looks at the lines of a section. The indent of the last property, if there is one.
    fn look_at_lines(&mut self, section: &Fragment<'t>) -> Option<usize> {
        let mut read = Vec::new();
        Section::default().read_with(section.body, |line, kind| read.push((line, kind)));
        let header = || shown(section.header);
        let mut keys = BTreeSet::new();
        let mut open = None;
        let mut is_empty = false;
        for (line, kind) in read {
            let indent = line.len() - line.trim_start().len();
            match kind {
                LineKind::Nothing | LineKind::Nested | LineKind::Continuation => {}
                LineKind::Unreadable if !is_empty && open.is_some_and(|open| indent > open) => {
                    let what = format!("a line in `[{}]` is not a property", header());
                    self.add(line, OddityKind::IndentedText, what);
                }
                LineKind::Unreadable => {
                    self.add(line, OddityKind::Unreadable, format!("a line in `[{}]` is not a property", header()));
                }
                LineKind::IndentedProperty { key, value } => {
                    let what = format!("`{}` in `[{}]` is indented below another property", shown(key), header());
                    self.add(line, OddityKind::IndentedProperty, what);
                    self.look_at_value(line, key, value);
                }
                LineKind::Property { key, value } => {
                    (open, is_empty) = (Some(indent), value.is_empty());
                    if !keys.insert(key.to_lowercase()) {
                        let what = format!("`{}` stands twice in `[{}]`", shown(key), header());
                        self.add(line, OddityKind::DoubledProperty, what);
                    }
                    self.look_at_value(line, key, value);
                }
            }
        }
        open
    }

    fn look_at_value(&mut self, line: &str, key: &str, value: &str) {
        let name = || shown(key);
        let key = key.to_ascii_lowercase();
        if key == COMMAND {
            if value.contains(SHELL_SIGNS) {
                self.add(line, OddityKind::ShellCommand, format!("`{}` has signs of a shell", name()));
            }
            return;
        }
        if key == WHOLE {
            return;
        }
        let inner = plain(value).unwrap_or_default();
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
        let closed = quote.and_then(|quote| value[1..].strip_prefix(inner)?.strip_prefix(quote));
        if closed.is_some() {
            self.add(line, OddityKind::QuotedValue, format!("the value of `{}` is in quotes", name()));
        }
        let behind = closed.or_else(|| value.strip_prefix(inner)).unwrap_or_default();
        if !behind.is_empty() {
            self.add(
                line,
                OddityKind::CommentBehindValue,
                format!("a comment stands behind the value of `{}`", name()),
            );
        }
        let known = ["Environment", "EcsContainer", "Ec2InstanceMetadata"];
        if key == "credential_source" && known.iter().any(|known| known.eq_ignore_ascii_case(inner) && *known != inner)
        {
            let what = format!("the value of `{}` is in other letters", name());
            self.add(line, OddityKind::SourceInOtherLetters, what);
        }
    }
}

/// The line of a section's header.
fn header_line<'t>(text: &'t str, section: &Fragment<'t>) -> &'t str {
    let at = section.header.as_ptr() as usize - text.as_ptr() as usize;
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    &text[start..at]
}

/// A name from a file, as it may be shown.
fn shown(name: &str) -> String {
    shorten(&clean_line(name), LONGEST_NAME)
}
