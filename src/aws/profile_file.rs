//! The AWS shared config and credentials files, read as the AWS CLI reads them, and as the Go SDK does where the CLI
//! refuses a file.
//!
//! One odd line never voids a file: what can't be read is skipped. Two steps: [`Profiles::parse`] finds the sections of
//! both files; the properties of one are read when it is asked for. Names and values are borrowed from the texts.
//!
//! The rules, where they may surprise (<https://github.com/boto/botocore/blob/develop/botocore/configloader.py>, Python's
//! `configparser`, and <https://github.com/aws/aws-sdk-go-v2/tree/main/internal/ini>):
//! - `=` or `:` ends a name. Blanks are those of Unicode. A line ends with LF, CRLF or CR. A byte order mark is skipped.
//! - A line that is indented more than the property above it continues that one: as nested settings if its value is empty,
//!   as more of a `credential_process`. Below any other value, `name = value` is a property of its own, as in Go.
//! - A line whose first visible character is `#` or `;` is a comment. Behind a value, a comment begins with one of them
//!   after a blank; the CLI would take it as part of the value, which makes no sense except in a command or a path.
//! - Names in quotes are unquoted as a shell does it. A name of several words without quotes, which the CLI passes over, counts
//!   where no other section has that name. The text behind a header is skipped.
//! - Of a property that is given twice, the last one counts. The credentials file wins over the config file. An empty value
//!   is unset. `[default]` and `[profile default]` replace each other; the one that stands last counts.
//!
//! Leaves out: finding and reading files, and what the properties mean.

mod section;

use std::borrow::Cow;
use std::fmt;

pub use section::Section;
pub(super) use section::{COMMAND, LineKind, lines, plain};

pub(super) const DEFAULT: &str = "default";

/// The sections of both files.
#[derive(Default)]
pub struct Profiles<'a> {
    /// In the order in which they count: the config file before the credentials file, each from top to bottom.
    fragments: Vec<Fragment<'a>>,
    /// Loose ones beside another section of the same name.
    passed_over: Vec<Fragment<'a>>,
}

/// One header and the lines below it.
#[derive(Clone)]
pub(super) struct Fragment<'a> {
    pub(super) file: ProfileFile,
    pub(super) kind: Kind,
    pub(super) name: Cow<'a, str>,
    /// Whether it is the config file's `[default]`, without `profile`.
    is_bare: bool,
    /// Whether the AWS CLI passes it over, because the name has several words and no quotes.
    is_loose: bool,
    /// What stands between the brackets.
    pub(super) header: &'a str,
    /// The lines below the header, from its line end on.
    pub(super) body: &'a str,
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProfileFile {
    /// `~/.aws/config`.
    Config,
    /// `~/.aws/credentials`.
    Credentials,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Profile,
    SsoSession,
    Services,
    /// A section of the config file that is passed over, such as one of another program.
    Other,
}

impl<'a> Profiles<'a> {
    /// Finds the sections of both files; a file that doesn't exist is the empty text.
    pub fn parse(config: &'a str, credentials: &'a str) -> Self {
        let mut fragments = scan(config, ProfileFile::Config);
        let default = |fragment: &Fragment<'_>| fragment.kind == Kind::Profile && fragment.name == DEFAULT;
        if let Some(last_is_bare) = fragments.iter().rfind(|fragment| default(fragment)).map(|last| last.is_bare) {
            fragments.retain(|fragment| !default(fragment) || fragment.is_bare == last_is_bare);
        }
        fragments.extend(scan(credentials, ProfileFile::Credentials));
        let loose: Vec<_> = fragments.extract_if(.., |fragment| fragment.is_loose).collect();
        let has_other = |fragment: &Fragment<'_>| {
            fragments.iter().any(|other| other.kind == fragment.kind && other.name == fragment.name)
        };
        let (passed_over, alone) = loose.into_iter().partition(has_other);
        fragments.extend::<Vec<_>>(alone);
        Self { fragments, passed_over }
    }

    /// The same with what the AWS CLI passes over beside another section of the same name, and the Go SDK doesn't. `None` if
    /// there is nothing of that kind.
    pub(super) fn as_go(&self) -> Option<Self> {
        let is_more = !self.passed_over.is_empty();
        is_more.then(|| Self { fragments: [&self.fragments[..], &self.passed_over].concat(), passed_over: Vec::new() })
    }

    /// The profile of this name.
    pub fn profile(&self, name: &str) -> Option<Profile<'a>> {
        let config = self.section(ProfileFile::Config, Kind::Profile, name);
        let credentials = self.section(ProfileFile::Credentials, Kind::Profile, name);
        let is_loose = self.fragments.iter().any(|it| it.is_loose && it.kind == Kind::Profile && it.name == name);
        (config.is_some() || credentials.is_some()).then(|| Profile {
            config: config.unwrap_or_default(),
            credentials: credentials.unwrap_or_default(),
            is_loose,
        })
    }

    /// The section `[sso-session NAME]` of the config file
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html>), else that of the credentials file,
    /// where the Go SDK finds it too.
    pub fn sso_session(&self, name: &str) -> Option<Section<'a>> {
        [ProfileFile::Config, ProfileFile::Credentials]
            .into_iter()
            .find_map(|file| self.section(file, Kind::SsoSession, name))
    }

    /// The SSO session that a profile names, and that name.
    pub(super) fn session_of<'p>(&self, profile: &'p Profile<'_>) -> Option<(&'p str, Section<'a>)> {
        profile.spellings("sso_session").find_map(|name| Some((name, self.sso_session(name)?)))
    }

    /// The section `[services NAME]` of the config file, whose settings are [nested](Section::nested):
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
    pub fn services(&self, name: &str) -> Option<Section<'a>> {
        self.section(ProfileFile::Config, Kind::Services, name)
    }

    /// The names of all profiles in alphabetical order, each once.
    pub fn profile_names(&self) -> impl Iterator<Item = &str> {
        let profiles = self.fragments.iter().filter(|fragment| fragment.kind == Kind::Profile);
        let mut names: Vec<_> = profiles.map(|fragment| &*fragment.name).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter()
    }

    fn section(&self, file: ProfileFile, kind: Kind, name: &str) -> Option<Section<'a>> {
        let is_meant =
            |fragment: &&Fragment<'_>| (fragment.file, fragment.kind) == (file, kind) && fragment.name == name;
        let mut bodies = self.fragments.iter().filter(is_meant).peekable();
        bodies.peek()?;
        let mut section = Section::default();
        bodies.for_each(|fragment| section.read(fragment.body));
        Some(section)
    }
}

impl fmt::Debug for Profiles<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Profiles").field(&self.profile_names().collect::<Vec<_>>()).finish()
    }
}

/// A profile: its section in each file; empty if a file doesn't have it.
#[derive(Debug, Default)]
pub struct Profile<'a> {
    /// In the config file.
    pub config: Section<'a>,
    /// In the credentials file.
    pub credentials: Section<'a>,
    /// Its name has blanks and no quotes: only the Go SDK finds it.
    pub(super) is_loose: bool,
}

impl<'a> Profile<'a> {
    /// The line with the value of a property.
    pub(super) fn line_of(&self, key: &str) -> Option<&'a str> {
        self.credentials.line_of(key).or_else(|| self.config.line_of(key))
    }

    /// The value of a property; the credentials file wins.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.credentials.get(key).or_else(|| self.config.get(key))
    }

    /// The whole value of a property, for a path, a name or a command: with what looks like a comment.
    pub fn whole(&self, key: &str) -> Option<&str> {
        self.credentials.whole(key).or_else(|| self.config.whole(key))
    }

    /// Whether one of these properties is there.
    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.get(key).is_some())
    }

    /// Whether the AWS CLI runs one of these properties together with another one.
    pub(super) fn is_run_together(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.credentials.is_run_together(key) || self.config.is_run_together(key))
    }

    /// What a path or a name may be: the whole value, and the value without quotes and comment, as the Go SDK takes it. The
    /// first one that exists is meant.
    pub(super) fn spellings(&self, key: &str) -> impl Iterator<Item = &str> {
        self.whole(key).into_iter().chain(self.get(key).filter(|plain| self.whole(key) != Some(plain)))
    }
}

/// The number of the line in a text that a part of this text begins on, counted from 1.
pub(super) fn line_number(text: &str, part: &str) -> usize {
    let at = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
    let before = &text.as_bytes()[..at];
    let is_end =
        |(index, byte): (usize, &u8)| *byte == b'\n' || *byte == b'\r' && before.get(index + 1) != Some(&b'\n');
    1 + before.iter().enumerate().filter(|line| is_end(*line)).count()
}

/// Finds the sections of a file.
pub(super) fn scan(text: &str, file: ProfileFile) -> Vec<Fragment<'_>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut fragments: Vec<Fragment<'_>> = Vec::new();
    let mut start = 0;
    let at = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    for line in lines(text) {
        let Some(header) = header(line) else { continue };
        if let Some(fragment) = fragments.last_mut() {
            fragment.body = &text[start..at(line)];
        }
        fragments.push(section_of(header, file));
        start = at(line) + line.len();
    }
    if let Some(fragment) = fragments.last_mut() {
        fragment.body = &text[start..];
    }
    fragments
}

/// What stands between the brackets of a header.
fn header(line: &str) -> Option<&str> {
    let inside = line.trim_start().strip_prefix('[')?;
    // A comment behind the header may have brackets too.
    let comment = inside.match_indices(['#', ';']).map(|(at, _)| at).find(|at| inside[..*at].contains(']'));
    inside[..comment.unwrap_or(inside.len())].rsplit_once(']').map(|(header, _)| header)
}

fn section_of(header: &str, file: ProfileFile) -> Fragment<'_> {
    let trimmed = header.trim();
    let is_bare = trimmed == DEFAULT;
    let section = |kind, name| Fragment { file, kind, name, is_bare, is_loose: false, header, body: "" };
    let (kind, name) = match (file, trimmed.split_once(char::is_whitespace)) {
        (_, Some(("sso-session", name))) => (Kind::SsoSession, name),
        (ProfileFile::Credentials, _) => return section(Kind::Profile, trimmed.into()),
        (_, None) if trimmed == DEFAULT => return section(Kind::Profile, trimmed.into()),
        (ProfileFile::Config, Some(("profile", name))) => (Kind::Profile, name),
        (ProfileFile::Config, Some(("services", name))) => (Kind::Services, name),
        (ProfileFile::Config, _) => return section(Kind::Other, trimmed.into()),
    };
    // One word for the AWS CLI, in quotes where it has blanks; the Go SDK takes all that follows.
    match shlex::split(name).as_deref() {
        Some([word]) => section(kind, Cow::Owned(word.clone())),
        _ => Fragment { is_loose: true, ..section(kind, Cow::Borrowed(name.trim())) },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn config(text: &str) -> Profiles<'_> {
        Profiles::parse(text, "")
    }

    /// The value of `key` in the profile `p` of a config file.
    fn value(text: &str) -> Option<String> {
        config(text).profile("p")?.get("key").map(str::to_owned)
    }

    #[test]
    fn the_credentials_file_wins_property_by_property_unless_its_value_is_empty() {
        let profiles = Profiles::parse(
            "[profile dev]\nregion = eu-west-1\nkey = old\ntoken = t\n[profile ops]\n",
            "[dev]\nkey = AKID\ntoken =\n[base]\n",
        );
        let dev = profiles.profile("dev").expect("there");
        assert_eq!((dev.get("key"), dev.get("region"), dev.get("token")), (Some("AKID"), Some("eu-west-1"), Some("t")));
        assert_eq!((dev.config.get("key"), dev.credentials.get("region")), (Some("old"), None));
        assert!(profiles.profile("base").is_some() && profiles.profile("absent").is_none());
        assert_eq!(profiles.profile_names().collect::<Vec<_>>(), ["base", "dev", "ops"]);
    }

    #[test]
    fn properties_are_found_however_they_are_written() {
        for text in [
            "[profile p]\nkey = v\n",
            "[profile p]\nkey=v",
            "[profile p]\nkey: v\n",
            "[profile p]\r\nKEY \t= v \r\n",
            "[profile p]\rkey = v\r",
            "\u{feff}[profile p]\nkey = v\n",
            "[profile p]\n\u{a0}key\u{a0}=\u{2003}v\u{3000}\n",
            "  [profile p]\n    key = v\n",
            "[profile p]\n\n\n\tkey = v\n\n",
            "[profile p] some text\nkey = v\n",
            "[profile p] # a comment with ]\nkey = v\n",
            "[profile\tp]\nkey = v\n",
            "[ profile  p ]\nkey = v\n",
            "[profile \"p\"]\nkey = v\n",
            "[profile 'p']\nkey = v\n",
            "[profile p]\nkey = v # a comment\n",
            "[profile p]\nkey = v\t; a comment\n",
            "[profile p]\nkey = \"v\"\n",
            "[profile p]\nkey = 'v' # a comment\n",
            "[profile p]\n  # an indented comment\nkey = v\n  ; another\n",
            "text before the first header\nkey = lost\n[profile p]\nkey = v\n",
            "[profile p]\nno delimiter\n= no name\n[unclosed\nkey = v\n",
            "[profile p]\nkey = old\n[profile q]\n[profile p]\nkey = v\n",
            "[profile p]\nkey = old\nkey = v\n",
            "[profile p]\nkey = v\nkey =\n",
            "[profile p]\nother = x\n  key = v\n",
            "[profile p]\nother = x\n  and = y\n  key = v\n",
            "[profile p]\nother = x\n  [profile q]\n[profile p]\nkey = v\n",
        ] {
            assert_eq!(value(text).as_deref(), Some("v"), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_a_property_of_the_profile_is_not_found() {
        for text in [
            "",
            "key = v\n",
            "[p]\nkey = v\n",
            "[profile P]\nkey = v\n",
            "[profile p]\n# key = v\n",
            "[profile p]\n  ;key = v\n",
            "[profile p]\nkey =\n",
            "[profile p]\nkey = # v\n",
            "[profile p]\nkey = \"\"\n",
            "[profile p]\nother =\n  key = v\n",
            "[profile p]\nkey v\n",
            "[profile p]\n[profile q]\nkey = v\n",
            "[sso-session p]\nkey = v\n",
        ] {
            assert_eq!(value(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_comment_sign_within_a_word_is_part_of_it() {
        assert_eq!(value("[profile p]\nkey = https://host/start#/ # note\n").as_deref(), Some("https://host/start#/"));
        assert_eq!(value("[profile p]\nkey = a;b\n").as_deref(), Some("a;b"));
    }

    #[test]
    fn names_in_quotes_and_names_with_blanks_are_found() {
        let profiles = Profiles::parse(
            "[profile \"my team\"]\n[profile 'a \"b\"']\n[profile 'it'\"'\"'s']\n[profile my other team]\n[profile q#1]\n",
            "[my team]\n[profile x]\n[\u{fc}ber & co]\n",
        );
        for name in ["my team", "a \"b\"", "it's", "my other team", "q#1", "profile x", "\u{fc}ber & co"] {
            assert!(profiles.profile(name).is_some(), "{name}");
        }
        let profiles = config("[sso-session 'My Corp Ltd']\nsso_region = r\n");
        assert_eq!(profiles.sso_session("My Corp Ltd").expect("there").get("sso_region"), Some("r"));
    }

    #[test]
    fn a_name_of_several_words_without_quotes_counts_where_no_other_section_has_it() {
        let region = |config: &str, credentials: &str| {
            let profiles = Profiles::parse(config, credentials);
            profiles.profile("my team").and_then(|profile| profile.get("region").map(str::to_owned))
        };
        let loose = "[profile my team]\nregion = loose\n";
        assert_eq!(region(loose, "").as_deref(), Some("loose"));
        assert_eq!(region(loose, "[other]\n").as_deref(), Some("loose"));
        assert_eq!(region(&format!("{loose}[profile my team]\nregion = last\n"), "").as_deref(), Some("last"));
        assert_eq!(region(loose, "[my team]\n"), None);
        let as_go = Profiles::parse(loose, "[my team]\nother = x\n").as_go().expect("a section that is passed over");
        let profile = as_go.profile("my team").expect("there");
        assert_eq!((profile.get("region"), profile.get("other"), profile.is_loose), (Some("loose"), Some("x"), true));
        assert!(Profiles::parse(loose, "[other]\n").as_go().is_none());
        for quoted in ["[profile 'my team']\n", "[profile \"my team\"]\n", "[profile my\\ team]\n"] {
            assert_eq!(region(&format!("{loose}{quoted}"), ""), None, "{quoted}");
            assert_eq!(region(&format!("{quoted}{loose}"), ""), None, "{quoted}");
        }
        let session = "[sso-session my team]\n";
        assert_eq!(region(&format!("{session}{loose}"), "").as_deref(), Some("loose"));
    }

    #[test]
    fn of_the_two_headers_for_the_default_profile_the_last_one_counts() {
        for (text, first, second) in [
            ("[default]\na = 1\n[profile default]\nb = 2\n", None, Some("2")),
            ("[profile default]\nb = 2\n[default]\na = 1\n", Some("1"), None),
            ("[default]\na = 1\n[default]\nb = 2\n", Some("1"), Some("2")),
        ] {
            let default = config(text).profile("default").expect("there");
            assert_eq!((default.get("a"), default.get("b")), (first, second), "{text}");
        }
    }

    #[test]
    fn a_command_is_the_whole_value_with_the_lines_that_continue_it() {
        for (text, command) in [
            ("credential_process = ./key --team \"team #1\" --json\n", "./key --team \"team #1\" --json"),
            ("credential_process = \"/a b/key\" --x \"y\"\n", "\"/a b/key\" --x \"y\""),
            ("credential_process = ./key\n    --team=1\n    --json\n", "./key --team=1 --json"),
            ("credential_process: ./key ; true\n", "./key ; true"),
        ] {
            let text = format!("[profile p]\n{text}");
            assert_eq!(config(&text).profile("p").expect("there").whole("credential_process"), Some(command), "{text}");
        }
    }

    #[test]
    fn nested_settings_of_a_service_are_found() {
        let text = "[services dev]\necr =\n  # a comment\n\n  endpoint_url = http://one\n  endpoint_url = http://two\n\
                    s3=\n\tendpoint_url=http://three # note\nplain = x\nsts =\n  endpoint_url =\n";
        let services = config(text).services("dev").expect("there");
        for (key, url) in
            [("ecr", Some("http://two")), ("s3", Some("http://three")), ("plain", None), ("sts", None), ("sso", None)]
        {
            assert_eq!(services.nested(key, "endpoint_url"), url, "{key}");
        }
    }

    #[test]
    fn equal_contents_give_equal_lines_whatever_their_order() {
        let one = "[profile a]\nRegion = eu-west-1\nrole_arn=arn\n[profile b]\nx = 1\n";
        let other = "; moved\n[profile b]\r\n[profile a]\r\nrole_arn = arn\r\n\r\nregion = eu-west-1\r\n";
        let [one, other] = [one, other].map(|text| config(text).profile("a").expect("there").config.lines());
        assert_eq!(one, ["region=eu-west-1", "role_arn=arn"]);
        assert_eq!(one, other);
    }

    #[test]
    fn debug_shows_no_value() {
        let profiles = Profiles::parse("", "[default]\naws_secret_access_key = hunter2\n");
        assert_eq!(format!("{profiles:?}"), r#"Profiles(["default"])"#);
        let section = profiles.profile("default").expect("there").credentials;
        assert_eq!(format!("{section:?}"), r#"Section(["aws_secret_access_key"])"#);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(config in "[\\[\\]a-p ='\"#;:\n\r\t\u{a0}\u{feff}\\\\]{0,80}", name in "[a-p ]{1,3}") {
            let profiles = Profiles::parse(&config, &config);
            for name in profiles.profile_names().chain([&*name]) {
                if let Some(profile) = profiles.profile(name) {
                    prop_assert!(profile.get("a").is_none_or(|value| !value.is_empty()));
                    let _ = profile.config.lines();
                }
            }
        }

        #[test]
        fn a_property_is_read_back_whatever_junk_stands_around_it(before in "([a-o#;]{0,9}\n){0,3}", after in "(\n[a-o#;]{0,9}){0,3}") {
            let text = format!("[profile p]\n{before}key = v{after}");
            prop_assert_eq!(value(&text), Some("v".to_owned()));
        }
    }
}
