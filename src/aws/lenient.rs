//! What this program reads in the profile files and the environment, and others read in another way or refuse.
//!
//! The lines are those of the reader in `profile_file`, which says what it took each one for; there is no second grammar.
//! What others do was measured with botocore 1.43.11, as the AWS CLI 1.45 uses it, and with the Go helper 0.12. Values may
//! be secret, so they are never repeated.

mod file;

use super::AwsSettings;
use super::profile_file::ProfileFile;
use super::provenance::Place;
use crate::env::names;
use crate::paths;

/// A line or a variable that not everyone reads alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Oddity {
    pub(crate) place: Place,
    /// What is there, such as ``the property `region` stands twice``.
    pub(crate) what: String,
    pub(crate) kind: OddityKind,
}

/// Makes the enum and its table out of the rows, so that neither can lack one.
macro_rules! oddities {
    ($($(#[$doc:meta])* $variant:ident { ours: $ours:expr, aws_cli: $aws_cli:expr, go_helper: $go:expr, remedy: $remedy:expr, })*) => {
        /// What is odd about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum OddityKind {
            $($(#[$doc])* $variant,)*
        }

        impl OddityKind {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// What this program, the AWS CLI and the Go helper make of it.
            pub(crate) const fn readings(self) -> Readings {
                match self {
                    $(Self::$variant => Readings { ours: $ours, aws_cli: $aws_cli, go_helper: $go, remedy: $remedy },)*
                }
            }
        }
    };
}

/// What each program makes of it, as a predicate, and what to do so that all of them agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Readings {
    pub(crate) ours: &'static str,
    pub(crate) aws_cli: &'static str,
    pub(crate) go_helper: &'static str,
    pub(crate) remedy: &'static str,
}

oddities! {
    /// A byte order mark at the beginning.
    ByteOrderMark {
        ours: "skips it", aws_cli: "refuses the file", go_helper: "doesn't find the first section",
        remedy: "save the file as UTF-8 without a byte order mark",
    }
    /// Bytes that aren't UTF-8.
    NotUtf8 {
        ours: "reads the rest of the line", aws_cli: "refuses the file", go_helper: "reads the rest of the line",
        remedy: "save the file as UTF-8",
    }
    /// Lines that end with CR alone.
    CarriageReturn {
        ours: "ends the line there", aws_cli: "ends the line there", go_helper: "reads the file as one line",
        remedy: "save the file with LF or CRLF as line ends",
    }
    /// Text before the first header.
    BeforeFirstHeader {
        ours: "skips it", aws_cli: "refuses the file", go_helper: "skips it",
        remedy: "remove the line, or put it below a header such as `[default]`",
    }
    /// Neither a property nor a header.
    Unreadable {
        ours: "skips the line", aws_cli: "refuses the file", go_helper: "skips the line",
        remedy: "write `name = value`, or begin the line with `#`",
    }
    /// The same, but indented below a property.
    IndentedText {
        ours: "skips the line", aws_cli: "takes it as more of the value above",
        go_helper: "takes it as more of the value above",
        remedy: "remove the line, or begin it with `#`",
    }
    /// A property that is indented more than the one above it.
    IndentedProperty {
        ours: "reads it as a property", aws_cli: "takes it as more of the value above",
        go_helper: "reads it as a property",
        remedy: "remove the blanks at the beginning of the line",
    }
    /// A header that is indented more than the property above it.
    IndentedHeader {
        ours: "reads it as a header", aws_cli: "takes it as more of the value above",
        go_helper: "reads it as a header",
        remedy: "remove the blanks at the beginning of the line",
    }
    /// A section of the same header further up.
    DoubledSection {
        ours: "reads both", aws_cli: "refuses the file", go_helper: "reads both",
        remedy: "put all lines of the section below one header",
    }
    /// A property that the section has further up.
    DoubledProperty {
        ours: "uses the last one", aws_cli: "refuses the file", go_helper: "uses the last one",
        remedy: "remove one of them",
    }
    /// `[default]` below `[profile default]`.
    TwoDefaults {
        ours: "uses `[default]`, which stands last", aws_cli: "uses `[default]`, which stands last",
        go_helper: "uses `[profile default]`",
        remedy: "remove one of them",
    }
    /// A comment behind a value.
    CommentBehindValue {
        ours: "leaves it out", aws_cli: "takes it as part of the value", go_helper: "leaves it out",
        remedy: "put the comment on a line of its own",
    }
    /// Quotes around a value.
    QuotedValue {
        ours: "leaves the quotes out", aws_cli: "takes the quotes as part of the value",
        go_helper: "leaves the quotes out",
        remedy: "remove the quotes",
    }
    /// Blanks at the inner side of the brackets.
    BlanksInHeader {
        ours: "leaves them out", aws_cli: "doesn't find the section", go_helper: "leaves them out",
        remedy: "remove the blanks next to the brackets",
    }
    /// A name in quotes.
    QuotedName {
        ours: "finds the section", aws_cli: "finds the section", go_helper: "doesn't find the section",
        remedy: "choose a name without blanks, and remove the quotes",
    }
    /// A name of several words without quotes.
    UnquotedName {
        ours: "finds the section", aws_cli: "doesn't find the section", go_helper: "finds the section",
        remedy: "choose a name without blanks",
    }
    /// Text behind a header that isn't a comment.
    TextBehindHeader {
        ours: "skips the text", aws_cli: "skips the text", go_helper: "doesn't find the section",
        remedy: "remove the text, or begin it with `#`",
    }
    /// A comment with a bracket behind a header.
    BracketBehindHeader {
        ours: "leaves the comment out", aws_cli: "doesn't find the section", go_helper: "leaves the comment out",
        remedy: "put the comment on a line of its own",
    }
    /// A `[NAME]` in the config file, which isn't a profile.
    NotAProfile {
        ours: "skips the section", aws_cli: "skips the section", go_helper: "skips the section",
        remedy: "write `[profile NAME]` if it is meant to be a profile",
    }
    /// A `[profile NAME]` in the credentials file.
    ProfileInCredentials {
        ours: "takes `profile` as part of the name", aws_cli: "takes `profile` as part of the name",
        go_helper: "takes `profile` as part of the name",
        remedy: "write `[NAME]` in this file",
    }
    /// An `[sso-session NAME]` in the credentials file.
    SessionInCredentials {
        ours: "finds the session", aws_cli: "doesn't find the session", go_helper: "finds the session",
        remedy: "move the section to the config file",
    }
    /// Shell signs in a `credential_process`.
    ShellCommand {
        ours: "runs it in a shell", aws_cli: "passes them to the program as they are",
        go_helper: "runs it in a shell",
        remedy: "put the command into a script, and name the script",
    }
    /// `credential_source` in other letters.
    SourceInOtherLetters {
        ours: "accepts it", aws_cli: "refuses the profile", go_helper: "refuses the profile",
        remedy: "write Environment, EcsContainer or Ec2InstanceMetadata",
    }
    /// Two session tokens in the environment.
    TwoTokens {
        ours: "uses `AWS_SECURITY_TOKEN`", aws_cli: "uses `AWS_SECURITY_TOKEN`", go_helper: "uses `AWS_SESSION_TOKEN`",
        remedy: "unset `AWS_SECURITY_TOKEN`",
    }
    /// Two names of the profile in the environment.
    TwoProfiles {
        ours: "uses `AWS_PROFILE`", aws_cli: "uses `AWS_DEFAULT_PROFILE` in version 1", go_helper: "uses `AWS_PROFILE`",
        remedy: "unset `AWS_DEFAULT_PROFILE`",
    }
}

impl OddityKind {
    /// Whether the AWS CLI can't read the file because of it, or takes a whole section for something else.
    const fn voids_the_file(self) -> bool {
        matches!(
            self,
            Self::ByteOrderMark
                | Self::NotUtf8
                | Self::BeforeFirstHeader
                | Self::Unreadable
                | Self::IndentedHeader
                | Self::DoubledSection
                | Self::DoubledProperty
        )
    }
}

impl AwsSettings<'_> {
    /// Whether the AWS CLI can't read one of the profile files.
    pub(super) fn is_refused_by_the_cli(&self) -> bool {
        self.oddities().iter().any(|oddity| oddity.kind.voids_the_file())
    }

    /// What others read in another way or refuse, in the order of the files' lines.
    pub(crate) fn oddities(&self) -> Vec<Oddity> {
        let env = self.env;
        let texts = [(&self.config, ProfileFile::Config), (&self.credentials, ProfileFile::Credentials)];
        let mut oddities = Vec::new();
        for ((text, kind), file) in texts.into_iter().zip(paths::profile_files(env)) {
            let Some(file) = file else { continue };
            oddities.extend(file::oddities(text, kind, file.path));
        }
        let differ = |one: &'static str, other: &'static str, kind| {
            let (first, second) = (env.text(one)?, env.text(other)?);
            let what = format!("`{one}` and `{other}` are both set, and differ");
            (first != second).then_some(Oddity { place: Place::Variable(other), what, kind })
        };
        oddities.extend(differ(names::SESSION_TOKEN, names::SECURITY_TOKEN, OddityKind::TwoTokens));
        oddities.extend(differ(names::PROFILE, names::DEFAULT_PROFILE, OddityKind::TwoProfiles));
        oddities
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::MAIN_SEPARATOR;

    use super::*;
    use crate::env::Env;

    /// Each oddity as `FILE:LINE WHAT`, with `/` in the path of the file, and its kind.
    fn oddities(variables: &[(&str, &str)], config: &str, credentials: &str) -> Vec<(OddityKind, String)> {
        let env = Env::fixed(variables.iter().copied().chain([("HOME", "/home/me")]));
        let [config, credentials] = [config, credentials].map(str::to_owned);
        let settings = AwsSettings { env: &env, config, credentials, notes: Vec::new() };
        let place = |oddity: &Oddity| oddity.place.shown(&env).replace(MAIN_SEPARATOR, "/");
        let shown = |oddity: Oddity| (oddity.kind, format!("{} {}", place(&oddity), oddity.what));
        settings.oddities().into_iter().map(shown).collect()
    }

    #[test]
    fn the_kinds_for_which_the_aws_cli_refuses_the_file_void_it() {
        for kind in OddityKind::ALL {
            let is_refused = kind.readings().aws_cli == "refuses the file";
            assert_eq!(kind.voids_the_file(), is_refused || *kind == OddityKind::IndentedHeader, "{kind:?}");
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_others_read_in_another_way_is_found_with_its_line() {
        use OddityKind::*;
        let mut seen = BTreeSet::new();
        for (config, credentials, expected) in [
            (
                "\u{feff}[default]\nregion = x\n",
                "",
                &[(ByteOrderMark, "~/.aws/config:1 the file begins with a byte order mark")][..],
            ),
            ("[default]\n# \u{fffd}\n", "", &[(NotUtf8, "~/.aws/config:2 the line is not UTF-8")]),
            (
                "",
                "[default]\r\na = b\rc = d\r",
                &[(CarriageReturn, "~/.aws/credentials:2 the line ends with CR alone")],
            ),
            (
                "\n# mine\nhunter2\na = b\n[default]\n",
                "",
                &[(BeforeFirstHeader, "~/.aws/config:3 text stands before the first header")],
            ),
            ("only text\n", "", &[(BeforeFirstHeader, "~/.aws/config:1 text stands before the first header")]),
            (
                "",
                "[a]\n  hunter2\nx = y\n= hunter2\n[unclosed\ns3 =\n  hunter2\n",
                &[
                    (Unreadable, "~/.aws/credentials:2 a line in `[a]` is not a property"),
                    (Unreadable, "~/.aws/credentials:4 a line in `[a]` is not a property"),
                    (Unreadable, "~/.aws/credentials:5 a line in `[a]` is not a property"),
                    (Unreadable, "~/.aws/credentials:7 a line in `[a]` is not a property"),
                ],
            ),
            (
                "",
                "[a]\nx = y\n  hunter2\n",
                &[(IndentedText, "~/.aws/credentials:3 a line in `[a]` is not a property")],
            ),
            (
                "",
                "[a]\nx = y\n  z = hunter2\n",
                &[(IndentedProperty, "~/.aws/credentials:3 `z` in `[a]` is indented below another property")],
            ),
            (
                "",
                "[a]\n x = y\n  [b]\n",
                &[(IndentedHeader, "~/.aws/credentials:3 the header `[b]` is indented below a property")],
            ),
            (
                "[default]\n[profile a]\n[default]\n",
                "",
                &[(DoubledSection, "~/.aws/config:3 the section `[default]` stands twice")],
            ),
            (
                "[default]\nx = hunter2\n\nX = hunter2\n",
                "",
                &[(DoubledProperty, "~/.aws/config:4 `X` stands twice in `[default]`")],
            ),
            (
                "[profile default]\n[default]\n",
                "",
                &[(TwoDefaults, "~/.aws/config:2 `[profile default]` and `[default]` are both there")],
            ),
            (
                "[default]\nregion = x # hunter2\noutput = # hunter2\n",
                "",
                &[
                    (CommentBehindValue, "~/.aws/config:2 a comment stands behind the value of `region`"),
                    (CommentBehindValue, "~/.aws/config:3 a comment stands behind the value of `output`"),
                ],
            ),
            (
                "[default]\nregion = \"x\"\nOutput = 'y' ; z\n",
                "",
                &[
                    (QuotedValue, "~/.aws/config:2 the value of `region` is in quotes"),
                    (QuotedValue, "~/.aws/config:3 the value of `Output` is in quotes"),
                    (CommentBehindValue, "~/.aws/config:3 a comment stands behind the value of `Output`"),
                ],
            ),
            (
                "[profile a]\nsource_profile = \"b\"\nsso_session = c # d\nlogin_session = \"e\" # f\n",
                "",
                &[
                    (QuotedValue, "~/.aws/config:2 the value of `source_profile` is in quotes"),
                    (CommentBehindValue, "~/.aws/config:3 a comment stands behind the value of `sso_session`"),
                ],
            ),
            (
                "[ profile a]\n",
                "",
                &[(BlanksInHeader, "~/.aws/config:1 the header `[ profile a]` has blanks next to its brackets")],
            ),
            (
                "[profile \"a b\"]\n[sso-session 'c']\n",
                "",
                &[
                    (QuotedName, "~/.aws/config:1 the name in `[profile \"a b\"]` is in quotes"),
                    (QuotedName, "~/.aws/config:2 the name in `[sso-session 'c']` is in quotes"),
                ],
            ),
            (
                "[profile a b]\n",
                "",
                &[(UnquotedName, "~/.aws/config:1 the name in `[profile a b]` has blanks and no quotes")],
            ),
            ("[profile a] text\n", "", &[(TextBehindHeader, "~/.aws/config:1 text stands behind `[profile a]`")]),
            (
                "[profile a] # [b]\n",
                "",
                &[(BracketBehindHeader, "~/.aws/config:1 the comment behind `[profile a]` has a bracket")],
            ),
            ("[a\u{1b}b]\nx = y\n", "", &[(NotAProfile, "~/.aws/config:1 `[a b]` is not a profile")]),
            (
                "",
                "[profile a]\n",
                &[(ProfileInCredentials, "~/.aws/credentials:1 `[profile a]` is in the credentials file")],
            ),
            (
                "",
                "[sso-session a]\n",
                &[(SessionInCredentials, "~/.aws/credentials:1 `[sso-session a]` is in the credentials file")],
            ),
            (
                "[default]\ncredential_process = pass aws | jq\n",
                "",
                &[(ShellCommand, "~/.aws/config:2 `credential_process` has signs of a shell")],
            ),
            (
                "[default]\ncredential_source = environment\n",
                "",
                &[(SourceInOtherLetters, "~/.aws/config:2 the value of `credential_source` is in other letters")],
            ),
        ] {
            let found = oddities(&[], config, credentials);
            let expected: Vec<_> = expected.iter().map(|(kind, text)| (*kind, (*text).to_owned())).collect();
            assert_eq!(found, expected, "{config} {credentials}");
            seen.extend(found.iter().map(|(kind, _)| *kind));
        }
        let [one, other] = ["one", "other"];
        let variables = [
            ("AWS_SESSION_TOKEN", one),
            ("AWS_SECURITY_TOKEN", other),
            ("AWS_PROFILE", one),
            ("AWS_DEFAULT_PROFILE", other),
        ];
        let found = oddities(&variables, "", "");
        let texts: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "AWS_SECURITY_TOKEN `AWS_SESSION_TOKEN` and `AWS_SECURITY_TOKEN` are both set, and differ",
                "AWS_DEFAULT_PROFILE `AWS_PROFILE` and `AWS_DEFAULT_PROFILE` are both set, and differ",
            ]
        );
        seen.extend(found.iter().map(|(kind, _)| *kind));
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), OddityKind::ALL);
    }

    #[test]
    fn what_everyone_reads_alike_is_not_odd() {
        let config = "# mine\n\n[default]\r\nregion = eu-west-1\r\ns3 =\n  max_concurrent_requests = 20\n\n\
                      [profile a] # note\n  region: x#y\n  # a comment\n  source_profile = b\n[sso-session s]\n\
                      sso_start_url = https://x/#/\n[services t]\necr =\n  endpoint_url = http://y\n[plugins]\n\
                      endpoint = z\n[profile q]\ncredential_process = \"/a b/c\" --d 'e f'\n    --more\n";
        let variables = [("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "a"), ("AWS_SESSION_TOKEN", "x")];
        assert_eq!(oddities(&variables, config, "[my team]\naws_access_key_id = AKIA\n\n"), []);
        assert_eq!(oddities(&[], "", ""), []);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_search_panic(text in "[\\[\\]a-p ='\"#;:\n\r\t\u{a0}\u{feff}\\\\]{0,80}") {
            let _ = oddities(&[], &text, &text);
        }
    }
}
