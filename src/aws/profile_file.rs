//! The AWS shared config and credentials files, read as the AWS SDK for Rust reads them.
//!
//! The SDK decides in the end who we are, so a cache key may only rest on what the SDK would see too: the rules here are
//! those of its parser, also where the [description of the format][format] is silent or says otherwise.
//!
//! Two steps. [`Profiles::parse`] goes through each text once, refuses what the SDK refuses and notes where the sections
//! lie. [`Profiles::profile`] and its siblings put one section together when it's asked for. Names and values are
//! borrowed from the texts, so that a file with hundreds of profiles costs little more than being looked at.
//!
//! Promises: no I/O; errors and `Debug` never show a value.
//!
//! The rules, where they may surprise:
//! - Properties of the credentials file win over those of the config file; of a repeated property the last one wins.
//! - `[profile default]` anywhere in the config file makes that file's `[default]` void. Other profiles there need the
//!   word `profile`, those in the credentials file mustn't have it. Sections and properties with other names than
//!   letters, digits and `_-/.%@:+` are ignored, but a line that can't be read anywhere makes the file invalid.
//! - A line that starts with a blank or a tab continues the property above it, even if it looks like a comment.
//! - `#` and `;` begin a comment at the start of a line, after white space in a property, and anywhere in a header. There
//!   is no comment in a continuation line.
//! - Lines end with LF or CRLF. A byte order mark makes the file invalid.
//!
//! Differs on purpose: headers of one file that name the same section in different spellings (`[profile a]` and
//! `[profile  a]`) are read here in the order of the file. The SDK merges them in an order that changes from run to run.
//!
//! Leaves out: finding and reading files, what the properties mean, and sections other than profiles, `sso-session` and
//! `services`.
//!
//! [format]: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html

use std::borrow::Cow;
use std::fmt;
use std::mem;

use thiserror::Error;

/// The sections of both files.
#[derive(Default)]
pub struct Profiles<'a> {
    /// In the order in which they count: the config file before the credentials file, each from top to bottom.
    fragments: Vec<Fragment<'a>>,
}

impl<'a> Profiles<'a> {
    /// Reads the contents of both files; a file that doesn't exist is the empty text.
    /// Error: the first line that can't be read, in the config file if both have one. Whoever wrote
    /// the file is to blame.
    pub fn parse(config: &'a str, credentials: &'a str) -> Result<Self, ProfileFileError> {
        let mut fragments = Vec::new();
        scan(config, ProfileFile::Config, &mut fragments)?;
        if fragments.iter().any(|fragment| fragment.is(Kind::Profile, DEFAULT)) {
            fragments.retain(|fragment| fragment.kind != Kind::BareDefault);
        }
        scan(credentials, ProfileFile::Credentials, &mut fragments)?;
        Ok(Self { fragments })
    }

    /// The profile of this name, from both files.
    pub fn profile(&self, name: &str) -> Option<Section<'a>> {
        self.assemble(Kind::Profile, name)
    }

    /// The section `[sso-session NAME]` of the config file.
    ///
    /// See <https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>.
    pub fn sso_session(&self, name: &str) -> Option<Section<'a>> {
        self.assemble(Kind::SsoSession, name)
    }

    /// The section `[services NAME]` of the config file, whose settings are [sub-properties](Section::sub_property).
    ///
    /// See <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
    pub fn services(&self, name: &str) -> Option<Section<'a>> {
        self.assemble(Kind::Services, name)
    }

    /// The names of all profiles in alphabetical order, each once.
    pub fn profile_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let of_profiles = |fragment: &Fragment<'a>| {
            matches!(fragment.kind, Kind::Profile | Kind::BareDefault).then_some(fragment.name)
        };
        let mut names: Vec<_> = self.fragments.iter().filter_map(of_profiles).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    fn assemble(&self, kind: Kind, name: &str) -> Option<Section<'a>> {
        let mut fragments = self
            .fragments
            .iter()
            .filter(|fragment| {
                fragment.is(kind, name) || (kind == Kind::Profile && fragment.is(Kind::BareDefault, name))
            })
            .peekable();
        fragments.peek()?;
        let mut properties = Vec::new();
        for fragment in fragments {
            read_properties(fragment.body, &mut properties);
        }
        // The sort keeps equal keys in their order, so the last of them is the one that counts.
        properties.sort_by(|one, other| one.key.cmp(&other.key));
        properties.dedup_by(|later, kept| {
            let repeated = later.key == kept.key;
            if repeated {
                mem::swap(later, kept);
            }
            repeated
        });
        Some(Section { properties })
    }
}

impl fmt::Debug for Profiles<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Profiles").field(&self.profile_names().collect::<Vec<_>>()).finish()
    }
}

/// What one section says, from both files.
pub struct Section<'a> {
    /// Sorted by key; no key comes twice.
    properties: Vec<Property<'a>>,
}

impl Section<'_> {
    /// The value of a property, whose name is matched without regard to case. Continuation lines follow after `\n`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let wanted = || key.bytes().map(|byte| byte.to_ascii_lowercase());
        let found = self.properties.binary_search_by(|property| property.key.bytes().cmp(wanted())).ok()?;
        Some(&self.properties[found].value)
    }

    /// The value of a property nested in another one, as `endpoint_url` is in `ecr`. The outer name is matched without
    /// regard to case, the inner one exactly. A comment behind the inner value is part of it.
    pub fn sub_property(&self, key: &str, sub_key: &str) -> Option<&str> {
        self.get(key)?
            .split('\n')
            .filter_map(|line| line.split_once('='))
            .filter(|(name, _)| trim(name) == sub_key)
            .map(|(_, value)| trim(value))
            .next_back()
    }

    /// All properties as key in lower case and value, sorted by key: files that say the same give the same entries,
    /// whatever the order of their properties. Continuation lines keep their order within the value.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.properties.iter().map(|property| (&*property.key, &*property.value))
    }
}

impl fmt::Debug for Section<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys only: values may be secret access keys.
        formatter.debug_tuple("Section").field(&self.entries().map(|(key, _)| key).collect::<Vec<_>>()).finish()
    }
}

/// One of the two files. The caller knows its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileFile {
    /// `~/.aws/config`, if nothing else is set.
    Config,
    /// `~/.aws/credentials`, if nothing else is set.
    Credentials,
}

impl fmt::Display for ProfileFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Config => "AWS config file",
            Self::Credentials => "AWS credentials file",
        })
    }
}

/// A line that makes its file invalid, for the SDK and for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the {file}: {problem}")]
pub struct ProfileFileError {
    /// The file that holds the line.
    pub file: ProfileFile,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a line of a profile file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// U+FEFF at the start of the file.
    #[error("the file begins with a byte order mark; save it as UTF-8 without one")]
    ByteOrderMark,
    /// A line before the first header.
    #[error("there must be a section such as `[default]` before this line")]
    OutsideSection,
    /// A header without its bracket.
    #[error("a section header must end with `]`")]
    UnclosedHeader,
    /// An indented line right behind a header.
    #[error("the line is indented, but there is no property above it to continue")]
    NothingToContinue,
    /// A property, or an indented line below a property without a value, that isn't `name = value`.
    #[error("expected `name = value`, but there is no `=`")]
    NoEqualsSign,
    /// A property, or an indented line below a property without a value, that begins with `=`.
    #[error("expected `name = value`, but there is no name before the `=`")]
    NoName,
}

const DEFAULT: &str = "default";

const BYTE_ORDER_MARK: char = '\u{feff}';

/// White space as far as the format goes; all other kinds are ordinary characters, with the exceptions noted below.
const BLANK: [char; 2] = [' ', '\t'];

/// One header and the lines below it. A section has several if its header is repeated or stands in both files.
struct Fragment<'a> {
    kind: Kind,
    name: &'a str,
    body: &'a str,
}

impl Fragment<'_> {
    fn is(&self, kind: Kind, name: &str) -> bool {
        self.kind == kind && self.name == name
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Profile,
    /// `[default]` in the config file, which counts only if there's no `[profile default]`.
    BareDefault,
    SsoSession,
    Services,
}

struct Property<'a> {
    key: Cow<'a, str>,
    value: Cow<'a, str>,
}

/// What an indented line would belong to.
#[derive(Clone, Copy)]
enum Above {
    Nothing,
    Header,
    PropertyWithValue,
    /// The indented lines are sub-properties then, and have to look like it.
    PropertyWithoutValue,
}

/// Checks every line of a text and appends its sections.
fn scan<'a>(text: &'a str, file: ProfileFile, fragments: &mut Vec<Fragment<'a>>) -> Result<(), ProfileFileError> {
    let mut above = Above::Nothing;
    let mut open: Option<(Kind, &str, usize)> = None;
    let mut line_start = 0;
    while line_start < text.len() {
        let rest = &text[line_start..];
        let line_end = line_start + rest.bytes().position(|byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
        let line = without_end(&text[line_start..line_end]);
        let header = check_line(line, &mut above).map_err(|problem| {
            let problem = if text.starts_with(BYTE_ORDER_MARK) { Problem::ByteOrderMark } else { problem };
            ProfileFileError { file, line: text[..line_end].lines().count(), problem }
        })?;
        if let Some(header) = header {
            if let Some((kind, name, start)) = open {
                fragments.push(Fragment { kind, name, body: &text[start..line_start] });
            }
            open = section_of(header, file).map(|(kind, name)| (kind, name, line_end));
        }
        line_start = line_end;
    }
    if let Some((kind, name, start)) = open {
        fragments.push(Fragment { kind, name, body: &text[start..] });
    }
    Ok(())
}

/// Checks one line, given what stands above it; returns what's between the brackets of a header.
fn check_line<'a>(line: &'a str, above: &mut Above) -> Result<Option<&'a str>, Problem> {
    match line.as_bytes().first() {
        None | Some(b'#' | b';') => {}
        Some(b'[') => {
            let visible = line.bytes().position(|byte| matches!(byte, b'#' | b';')).unwrap_or(line.len());
            let header = trim(&line[..visible]);
            *above = Above::Header;
            return header[1..].strip_suffix(']').map(Some).ok_or(Problem::UnclosedHeader);
        }
        Some(b' ' | b'\t') => {
            let line = trim(line);
            match above {
                _ if line.is_empty() => {}
                Above::Nothing => return Err(Problem::OutsideSection),
                Above::Header => return Err(Problem::NothingToContinue),
                Above::PropertyWithValue => {}
                Above::PropertyWithoutValue => {
                    split_property(line)?;
                }
            }
        }
        Some(_) => {
            if matches!(above, Above::Nothing) {
                return Err(Problem::OutsideSection);
            }
            let (_, value) = split_property(line)?;
            let trimmed = trim(value);
            let only_comment = trimmed.starts_with(['#', ';']) && value.starts_with(BLANK);
            *above =
                if trimmed.is_empty() || only_comment { Above::PropertyWithoutValue } else { Above::PropertyWithValue };
        }
    }
    Ok(None)
}

/// Which section a header opens; `None` for one that's ignored. Around both words of a header, all of Unicode's white
/// space is skipped.
fn section_of(header: &str, file: ProfileFile) -> Option<(Kind, &str)> {
    let header = trim(header);
    let (prefix, name) = match header.split_once(BLANK) {
        Some((prefix, name)) => (Some(prefix.trim()), name.trim()),
        None => (None, header.trim()),
    };
    let kind = match (file, prefix) {
        (ProfileFile::Config, None) => return (name == DEFAULT).then_some((Kind::BareDefault, DEFAULT)),
        (ProfileFile::Config, Some("profile")) | (ProfileFile::Credentials, None) => Kind::Profile,
        (ProfileFile::Config, Some("sso-session")) => Kind::SsoSession,
        (ProfileFile::Config, Some("services")) => Kind::Services,
        (ProfileFile::Config | ProfileFile::Credentials, Some(_)) => return None,
    };
    is_identifier(name).then_some((kind, name))
}

/// Appends the properties of one fragment, in which [`scan`] found no mistake.
fn read_properties<'a>(body: &'a str, properties: &mut Vec<Property<'a>>) {
    let mut ignored = true;
    for line in body.lines() {
        match line.as_bytes().first() {
            None | Some(b'#' | b';') => {}
            Some(b' ' | b'\t') => {
                let line = trim(line);
                if let Some(property) = properties.last_mut().filter(|_| !ignored && !line.is_empty()) {
                    let value = property.value.to_mut();
                    value.push('\n');
                    value.push_str(line);
                }
            }
            Some(_) => {
                let Ok((key, value)) = split_property(line) else { continue };
                ignored = !is_identifier(key);
                if !ignored {
                    properties.push(Property { key: lower_case(key), value: trim_value(value).into() });
                }
            }
        }
    }
}

/// The name of a property, and all that stands behind its `=`.
fn split_property(line: &str) -> Result<(&str, &str), Problem> {
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'=' => {
                let key = trim(&line[..at]);
                return if key.is_empty() { Err(Problem::NoName) } else { Ok((key, &line[at + 1..])) };
            }
            b'#' | b';' if begins_comment(line, at) => break,
            _ => {}
        }
    }
    Err(Problem::NoEqualsSign)
}

/// The value in the text behind a `=`, without blanks around it and without the comment after it.
fn trim_value(text: &str) -> &str {
    let comment = |(at, byte): &(usize, u8)| matches!(byte, b'#' | b';') && begins_comment(text, *at);
    let end = text.bytes().enumerate().find(comment).map_or(text.len(), |(at, _)| at);
    trim(&text[..end])
}

/// Whether the `#` or `;` at this place has white space before it, for once of any kind that Unicode knows.
fn begins_comment(text: &str, at: usize) -> bool {
    text[..at].ends_with(char::is_whitespace)
}

/// The text without blanks and tabs at its ends. Faster than `trim_matches`, and called for every line.
fn trim(text: &str) -> &str {
    let visible = |byte: u8| byte != b' ' && byte != b'\t';
    let start = text.bytes().position(visible).unwrap_or(text.len());
    let end = text.bytes().rposition(visible).map_or(start, |last| last + 1);
    &text[start..end]
}

fn is_identifier(name: &str) -> bool {
    name.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/' | b'.' | b'%' | b'@' | b':' | b'+')
    })
}

fn lower_case(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) { key.to_ascii_lowercase().into() } else { key.into() }
}

/// The line without LF or CRLF; a CR at the end of the text, without LF, belongs to the line.
fn without_end(line: &str) -> &str {
    line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a section says, in the form `key=value`.
    fn said(section: Option<&Section<'_>>) -> Vec<String> {
        section.expect("the section exists").entries().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn the_credentials_file_wins_over_the_config_file_property_by_property() {
        let profiles = Profiles::parse(
            "[profile dev]\nregion = eu-west-1\naws_access_key_id = old\n[profile ops]\nregion = us-east-1\n",
            "[dev]\naws_access_key_id = AKID\n[base]\n",
        )
        .expect("valid");
        assert_eq!(said(profiles.profile("dev").as_ref()), ["aws_access_key_id=AKID", "region=eu-west-1"]);
        assert_eq!(said(profiles.profile("base").as_ref()), [""; 0]);
        assert!(profiles.profile("absent").is_none());
        assert_eq!(profiles.profile_names().collect::<Vec<_>>(), ["base", "dev", "ops"]);
    }

    #[test]
    fn a_prefixed_default_makes_the_bare_one_of_the_config_file_void_wherever_it_stands() {
        for config in
            ["[profile default]\na = 1\n[default]\na = 2\nb = 2", "[default]\nb = 2\n[profile default]\na = 1"]
        {
            let profiles = Profiles::parse(config, "[default]\nc = 3").expect("valid");
            assert_eq!(said(profiles.profile("default").as_ref()), ["a=1", "c=3"], "{config:?}");
            assert_eq!(profiles.profile_names().count(), 1);
        }
        let profiles = Profiles::parse("[default]\na = 1\n", "").expect("valid");
        assert_eq!(said(profiles.profile("default").as_ref()), ["a=1"]);
    }

    #[test]
    fn sections_that_belong_to_the_other_file_are_ignored() {
        let profiles = Profiles::parse(
            "[bare]\na = 1\n[sso-session corp]\nsso_region = eu-west-1\n[profile corp]\n",
            "[profile prefixed]\na = 1\n[sso-session other]\na = 1\n[services other]\na = 1\n",
        )
        .expect("valid");
        assert_eq!(profiles.profile_names().collect::<Vec<_>>(), ["corp"]);
        assert_eq!(said(profiles.sso_session("corp").as_ref()), ["sso_region=eu-west-1"]);
        assert_eq!(said(profiles.profile("corp").as_ref()), [""; 0]);
        assert!(profiles.sso_session("other").is_none());
        assert!(profiles.services("other").is_none());
    }

    #[test]
    fn equal_contents_give_equal_entries_whatever_the_order_of_the_lines() {
        let one = "[profile a]\nRegion = eu-west-1 # near\nrole_arn=arn\n[profile b]\nx = 1\n";
        let other =
            "; moved\n[profile b]\r\n[profile a]\r\nrole_arn = arn\r\n\r\nregion = old\r\nregion = eu-west-1\r\n";
        let [one, other] =
            [one, other].map(|text| said(Profiles::parse(text, "").expect("valid").profile("a").as_ref()));
        assert_eq!(one, ["region=eu-west-1", "role_arn=arn"]);
        assert_eq!(one, other);
    }

    #[test]
    fn keys_are_found_in_any_case_and_values_keep_theirs() {
        let profiles = Profiles::parse("[default]\nRole_ARN = Arn:A\n", "").expect("valid");
        let section = profiles.profile("default").expect("there");
        for key in ["role_arn", "ROLE_ARN", "Role_Arn"] {
            assert_eq!(section.get(key), Some("Arn:A"));
        }
        assert_eq!(section.get("role"), None);
    }

    #[test]
    fn nested_settings_of_a_service_are_found() {
        let text = "[services dev]\necr =\n  endpoint_url = http://127.0.0.1:1\n  endpoint_url = http://127.0.0.1:2\n\
                    s3=\n\tendpoint_url=http://127.0.0.1:3 # kept\nplain = endpoint_url\n";
        let profiles = Profiles::parse(text, "").expect("valid");
        let services = profiles.services("dev").expect("there");
        assert_eq!(services.sub_property("ecr", "endpoint_url"), Some("http://127.0.0.1:2"));
        assert_eq!(services.sub_property("ECR", "endpoint_url"), Some("http://127.0.0.1:2"));
        assert_eq!(services.sub_property("ecr", "Endpoint_url"), None);
        assert_eq!(services.sub_property("s3", "endpoint_url"), Some("http://127.0.0.1:3 # kept"));
        assert_eq!(services.sub_property("plain", "endpoint_url"), None);
        assert_eq!(services.sub_property("sts", "endpoint_url"), None);
    }

    #[test]
    fn two_spellings_of_one_header_are_read_in_the_order_of_the_file() {
        let profiles = Profiles::parse("[profile  a]\nk = 1\nl = 1\n[profile a]\nk = 2\n", "").expect("valid");
        assert_eq!(said(profiles.profile("a").as_ref()), ["k=2", "l=1"]);
    }

    #[test]
    fn an_invalid_line_is_named_with_file_number_and_problem() {
        use ProfileFile::{Config, Credentials};
        for (config, credentials, file, line, problem) in [
            ("\u{feff}[default]\n", "", Config, 1, Problem::ByteOrderMark),
            ("[default]\n", "\u{feff}", Credentials, 1, Problem::ByteOrderMark),
            ("# note\n\na = 1", "", Config, 3, Problem::OutsideSection),
            ("\n a = 1", "", Config, 2, Problem::OutsideSection),
            ("[default]\r\na = 1\r\n[profile x", "", Config, 3, Problem::UnclosedHeader),
            ("[default]", "[a] x\n", Credentials, 1, Problem::UnclosedHeader),
            ("[a#b]", "", Config, 1, Problem::UnclosedHeader),
            ("[default]\r", "", Config, 1, Problem::UnclosedHeader),
            ("[default]\n\n  a = 1", "", Config, 3, Problem::NothingToContinue),
            ("[ignored]\nsecret\n", "", Config, 2, Problem::NoEqualsSign),
            ("[default]\na # = 1\n", "", Config, 2, Problem::NoEqualsSign),
            ("[default]\na = # 1\n  # no comment\n", "", Config, 3, Problem::NoEqualsSign),
            ("[default]\n= 1\n", "bad", Config, 2, Problem::NoName),
            ("[default]\na =\n  = 1\n", "", Config, 3, Problem::NoName),
        ] {
            let error = Profiles::parse(config, credentials).expect_err(config);
            assert_eq!(error, ProfileFileError { file, line, problem }, "{config:?} {credentials:?}");
        }
    }

    #[test]
    fn no_value_shows_in_errors_and_debug() {
        let profiles = Profiles::parse("", "[default]\naws_secret_access_key = hunter2\n").expect("valid");
        assert_eq!(format!("{profiles:?}"), r#"Profiles(["default"])"#);
        assert_eq!(format!("{:?}", profiles.profile("default")), r#"Some(Section(["aws_secret_access_key"]))"#);
        let error = Profiles::parse("", "[default]\naws_secret_access_key hunter2\n").expect_err("no `=`");
        assert_eq!(
            error.to_string(),
            "line 2 of the AWS credentials file: expected `name = value`, but there is no `=`"
        );
    }
}
