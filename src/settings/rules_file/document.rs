//! The TOML of the configuration file, whatever it is made of, with its mistakes.
//!
//! The crate `toml_parser` knows TOML (<https://toml.io/en/v1.0.0>) and tells [`Reader`] of each header, key and value.
//! The reader knows which there may be, and `draft.rs` what they may be together. The first mistake counts, whoever found
//! it.

use std::borrow::Cow;
use std::mem;
use std::path::Path;

use toml_parser::decoder::{Encoding, ScalarKind};
use toml_parser::parser::{EventReceiver, ValidateWhitespace, parse_document};
use toml_parser::{ErrorSink, ParseError, Raw, Source, Span};

use super::draft::{At, FallbackDraft, RuleDraft};
use crate::rules::{Pattern, Patterns, Position, Rules};

/// Something that can't stand where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// The byte that it begins at.
    pub(super) at: usize,
    /// What it is.
    pub(super) what: String,
}

impl Mistake {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }

    /// Where that byte is.
    pub(super) fn position(&self, text: &str) -> Position {
        Lines { text, seen: 0, line: 1 }.position(self.at)
    }
}

/// Reads the whole of a file.
pub(super) fn parse<'a>(text: &'a str, file: &Path) -> Result<Rules<'a>, Mistake> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut reader = Reader {
        text,
        rules: Rules { file: file.to_owned(), ..Rules::default() },
        table: Table::Top { auto_profile: None },
        lines: Lines { text, seen: 0, line: 1 },
        header: None,
        key: None,
        list: None,
    };
    // The reader hands its own mistakes to the same sink, which keeps the first.
    let mut first: Option<ParseError> = None;
    parse_document(&tokens, &mut ValidateWhitespace::new(&mut reader, source), &mut first);
    reader.end_of_table(&mut first);
    match first {
        None => Ok(reader.rules),
        Some(error) => {
            let place = error.unexpected().or_else(|| error.context());
            Err(Mistake::new(place.map_or(text.len(), |span| span.start()), error.description()))
        }
    }
}

/// What the lines since the last header say.
#[expect(clippy::large_enum_variant, reason = "there is one at a time; a box for each rule would cost more")]
enum Table<'a> {
    Top {
        auto_profile: Option<At<bool>>,
    },
    Registry(RuleDraft<'a>),
    Fallback(FallbackDraft<'a>),
    /// A table that there isn't; its keys aren't complained about as well.
    Unknown,
}

/// A header of which the end hasn't come yet.
struct Header<'a> {
    at: usize,
    is_array: bool,
    name: Option<Cow<'a, str>>,
}

/// A key in front of its value.
struct Key<'a> {
    at: usize,
    name: Cow<'a, str>,
    is_dotted: bool,
    is_known: bool,
}

/// Counts lines from one place to the next, never going back.
struct Lines<'a> {
    text: &'a str,
    seen: usize,
    line: usize,
}

impl Lines<'_> {
    fn position(&mut self, at: usize) -> Position {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        self.line += before[self.seen..].matches('\n').count();
        self.seen = before.len();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        Position::new(self.line, before[start..].chars().count() + 1)
    }
}

struct Reader<'a> {
    text: &'a str,
    rules: Rules<'a>,
    table: Table<'a>,
    lines: Lines<'a>,
    header: Option<Header<'a>>,
    key: Option<Key<'a>>,
    /// The entries of the array that we are in.
    list: Option<Vec<Pattern<'a>>>,
}

const TOP_KEYS: [&str; 1] = ["auto_profile"];
const FALLBACK_KEYS: [&str; 2] = ["match", "helper"];
const REGISTRY_KEYS: [&str; 10] = [
    "match",
    "registry",
    "profile",
    "role_arn",
    "external_id",
    "session_name",
    "region",
    "endpoint_url",
    "fips",
    "dualstack",
];

/// Keys whose value is `true` or `false`.
const FLAGS: [&str; 3] = ["auto_profile", "fips", "dualstack"];

impl<'a> Reader<'a> {
    /// Puts what the table says among the rules.
    fn end_of_table(&mut self, error: &mut dyn ErrorSink) {
        let finished = match mem::replace(&mut self.table, Table::Unknown) {
            Table::Unknown => Ok(()),
            Table::Top { auto_profile } => {
                self.rules.auto_profile = auto_profile.is_some_and(|flag| flag.value);
                Ok(())
            }
            Table::Registry(draft) => draft.finish().map(|rule| self.rules.registries.push(rule)),
            Table::Fallback(draft) => draft.finish(&self.rules.fallbacks).map(|rule| self.rules.fallbacks.push(rule)),
        };
        if let Err(mistake) = finished {
            report(error, mistake);
        }
    }

    fn open_header(&mut self, span: Span, is_array: bool, error: &mut dyn ErrorSink) {
        self.end_of_table(error);
        self.header = Some(Header { at: span.start(), is_array, name: None });
    }

    fn close_header(&mut self, error: &mut dyn ErrorSink) {
        let Some(Header { at, is_array, name }) = self.header.take() else { return };
        let name = name.unwrap_or_default();
        let position = self.lines.position(at);
        self.table = match (&*name, is_array) {
            ("registry", true) => Table::Registry(RuleDraft::new(at, position)),
            // TOML itself wouldn't have both kinds of brackets for one name. What is meant is clear.
            ("fallback", _) => Table::Fallback(FallbackDraft::new(at)),
            ("registry", false) => {
                report(error, Mistake::new(at, "each rule is a table of its own: write `[[registry]]`"));
                Table::Unknown
            }
            _ => {
                let nearest = nearest(&name, &["registry", "fallback"]);
                let brackets = if nearest == "registry" { "[[registry]]" } else { "[fallback]" };
                report(error, Mistake::new(at, format!("unknown table `{name}`; did you mean `{brackets}`?")));
                Table::Unknown
            }
        };
    }

    fn decode(&self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) -> (Cow<'a, str>, ScalarKind) {
        let raw = self.text.get(span.start()..span.end()).unwrap_or_default();
        let mut decoded = Cow::Borrowed("");
        let kind = Raw::new_unchecked(raw, encoding, span).decode_scalar(&mut decoded, error);
        (decoded, kind)
    }

    fn decode_key(&self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) -> Cow<'a, str> {
        let raw = self.text.get(span.start()..span.end()).unwrap_or_default();
        let mut decoded = Cow::Borrowed("");
        Raw::new_unchecked(raw, encoding, span).decode_key(&mut decoded, error);
        decoded
    }

    /// Whether there is such a key here, and it came for the first time.
    fn know_key(&self, key: &Key<'a>) -> Result<(), Mistake> {
        let keys: &[&str] = match &self.table {
            Table::Top { .. } => &TOP_KEYS,
            Table::Registry(_) => &REGISTRY_KEYS,
            Table::Fallback(_) => &FALLBACK_KEYS,
            Table::Unknown => return Ok(()),
        };
        let Key { at, name, is_dotted, is_known: _ } = key;
        if *is_dotted || !keys.contains(&&**name) {
            let nearest = nearest(name, keys);
            return Err(Mistake::new(*at, format!("unknown key `{name}`; did you mean `{nearest}`?")));
        }
        let has_value = match &self.table {
            Table::Top { auto_profile } => auto_profile.is_some(),
            Table::Registry(draft) => draft.has(name),
            Table::Fallback(draft) => draft.has(name),
            Table::Unknown => false,
        };
        if has_value {
            return Err(Mistake::new(*at, format!("`{name}` is given twice")));
        }
        Ok(())
    }

    /// A value of one word, behind its key or in an array.
    fn take_scalar(&mut self, at: usize, text: Cow<'a, str>, kind: ScalarKind) -> Result<(), Mistake> {
        let Some(key) = self.key.as_ref().filter(|key| key.is_known) else { return Ok(()) };
        let name = &*key.name;
        match kind {
            ScalarKind::Boolean(value) if FLAGS.contains(&name) => {
                match &mut self.table {
                    Table::Top { auto_profile } => *auto_profile = Some(At { at, value }),
                    Table::Registry(draft) => draft.set_flag(name, At { at, value }),
                    Table::Fallback(_) | Table::Unknown => {}
                }
                Ok(())
            }
            _ if FLAGS.contains(&name) => Err(Mistake::new(at, format!("`{name}` is `true` or `false`"))),
            ScalarKind::String if text.is_empty() => {
                Err(Mistake::new(at, format!("`{name}` is empty; leave it out if it isn't meant")))
            }
            ScalarKind::String if name == "match" => {
                let pattern =
                    Pattern::parse(text.clone()).map_err(|problem| Mistake::new(at, format!("`{text}` {problem}")))?;
                match &mut self.list {
                    Some(list) => list.push(pattern),
                    None => self.take_patterns(At { at, value: Patterns::One(pattern) }),
                }
                Ok(())
            }
            ScalarKind::String => match &mut self.table {
                Table::Registry(draft) => draft.set_text(name, At { at, value: text }),
                Table::Fallback(draft) => draft.set_helper(At { at, value: text }),
                Table::Top { .. } | Table::Unknown => Ok(()),
            },
            _ => Err(Mistake::new(at, format!("`{name}` is text: write it in quotes"))),
        }
    }

    fn take_patterns(&mut self, patterns: At<Patterns<'a>>) {
        match &mut self.table {
            Table::Registry(draft) => draft.patterns = Some(patterns),
            Table::Fallback(draft) => draft.patterns = Some(patterns),
            Table::Top { .. } | Table::Unknown => {}
        }
    }

    fn is_in_list_of_patterns(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.is_known && key.name == "match")
    }
}

impl EventReceiver for Reader<'_> {
    fn std_table_open(&mut self, span: Span, error: &mut dyn ErrorSink) {
        self.open_header(span, false, error);
    }

    fn array_table_open(&mut self, span: Span, error: &mut dyn ErrorSink) {
        self.open_header(span, true, error);
    }

    fn std_table_close(&mut self, _: Span, error: &mut dyn ErrorSink) {
        self.close_header(error);
    }

    fn array_table_close(&mut self, _: Span, error: &mut dyn ErrorSink) {
        self.close_header(error);
    }

    fn simple_key(&mut self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        let name = self.decode_key(span, encoding, error);
        match (&mut self.header, &mut self.key) {
            (Some(header), _) => {
                header.name = Some(match header.name.take() {
                    None => name,
                    Some(first) => format!("{first}.{name}").into(),
                });
            }
            (None, Some(key)) => {
                key.is_dotted = true;
                key.name = format!("{}.{name}", key.name).into();
            }
            (None, None) => self.key = Some(Key { at: span.start(), name, is_dotted: false, is_known: false }),
        }
    }

    fn key_val_sep(&mut self, _: Span, error: &mut dyn ErrorSink) {
        let known = self.key.as_ref().map(|key| self.know_key(key));
        match (&mut self.key, known) {
            (Some(key), Some(Ok(()))) => key.is_known = true,
            (_, Some(Err(mistake))) => report(error, mistake),
            (_, None | Some(Ok(()))) => {}
        }
    }

    fn scalar(&mut self, span: Span, encoding: Option<Encoding>, error: &mut dyn ErrorSink) {
        let (text, kind) = self.decode(span, encoding, error);
        if let Err(mistake) = self.take_scalar(span.start(), text, kind) {
            report(error, mistake);
        }
        if self.list.is_none() {
            self.key = None;
        }
    }

    fn array_open(&mut self, span: Span, error: &mut dyn ErrorSink) -> bool {
        if self.list.is_none() && self.is_in_list_of_patterns() {
            self.list = Some(Vec::new());
            return true;
        }
        report(error, Mistake::new(span.start(), "a list can't stand here"));
        false
    }

    fn array_close(&mut self, span: Span, error: &mut dyn ErrorSink) {
        let Some(patterns) = self.list.take() else { return };
        if patterns.is_empty() {
            report(error, Mistake::new(span.start(), "`match` is an empty list, which no host is in"));
        }
        self.take_patterns(At { at: span.start(), value: Patterns::Any(patterns) });
        self.key = None;
    }

    fn inline_table_open(&mut self, span: Span, error: &mut dyn ErrorSink) -> bool {
        report(error, Mistake::new(span.start(), "a table can't stand here"));
        self.key = None;
        false
    }

    fn newline(&mut self, _: Span, _: &mut dyn ErrorSink) {
        // A key that never got its value has been reported.
        if self.list.is_none() {
            self.key = None;
            self.header = None;
        }
    }
}

fn report(error: &mut dyn ErrorSink, mistake: Mistake) {
    let Mistake { at, what } = mistake;
    error.report_error(ParseError::new(what).with_unexpected(Span::new_unchecked(at, at)));
}

/// The word that was most likely meant.
fn nearest<'k>(word: &str, keys: &[&'k str]) -> &'k str {
    keys.iter().copied().min_by_key(|key| strsim::damerau_levenshtein(word, key)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn parsed(text: &str) -> Result<Rules<'_>, String> {
        parse(text, Path::new("/rules")).map_err(|mistake| format!("{}: {}", mistake.position(text), mistake.what))
    }

    #[test]
    fn every_key_finds_its_place() {
        let text = "# ours\nauto_profile = true\n\n[[registry]] # one\nmatch = '111122223333'\nprofile = \"pr\\u006fd\"\n\
                    \n[[registry]]\nmatch = [\n  \"docker.example.com\", # a CNAME\n  '*.example.net',\n]\n\
                    registry = \"111122223333.dkr.ecr.us-east-1.amazonaws.com\"\nrole_arn = \
                    'arn:aws:iam::444455556666:role/pull'\nexternal_id = 'blue'\nsession_name = 'ci'\n\
                    region = 'us-east-2'\nendpoint_url = 'https://vpce.example.com'\n\n[[registry]]\nmatch = '*'\n\
                    fips = true\ndualstack = false\n\n[[fallback]]\nmatch = 'ghcr.io'\nhelper = 'pass'\n\
                    [fallback]\nhelper = 'osxkeychain'\n";
        let Rules { file, registries, fallbacks, auto_profile } = parsed(text).expect("good rules");
        assert_eq!((file, auto_profile), ("/rules".into(), true));
        let [first, second, third] = &registries[..] else { panic!("three rules") };

        let at = |line| Position { line, column: 1 };
        assert_eq!((first.position, first.profile.as_deref()), (at(4), Some("prod")));
        assert!(matches!(&first.patterns, Patterns::One(Pattern::Account(account)) if account == "111122223333"));
        assert!(first.registry.is_none() && first.role.is_none() && first.fips.is_none());

        assert_eq!(second.position, at(8));
        let patterns: Vec<_> = second.patterns.iter().cloned().collect();
        assert_eq!(patterns, [Pattern::Host("docker.example.com".into()), Pattern::Glob("*.example.net".into())]);
        let registry = second.registry.as_deref().map(crate::registry::Registry::host);
        assert_eq!(registry, Some("111122223333.dkr.ecr.us-east-1.amazonaws.com"));
        let role = second.role.as_ref().expect("a role");
        assert_eq!(role.arn, "arn:aws:iam::444455556666:role/pull");
        assert_eq!((role.external_id.as_deref(), role.session_name.as_deref()), (Some("blue"), Some("ci")));
        assert_eq!(second.region.as_deref(), Some("us-east-2"));
        assert_eq!(second.endpoint_url.as_deref(), Some("https://vpce.example.com"));

        assert_eq!((third.position, third.fips, third.dual_stack), (at(20), Some(true), Some(false)));
        let fallbacks: Vec<_> =
            fallbacks.iter().map(|fallback| (fallback.patterns.is_some(), &*fallback.helper)).collect();
        assert_eq!(fallbacks, [(true, "pass"), (false, "osxkeychain")]);
    }

    #[test]
    fn nothing_is_a_file_without_rules() {
        for text in ["", "\n", "# nothing\r\n", "auto_profile = false"] {
            let rules = parsed(text).expect(text);
            assert!(rules.registries.is_empty() && rules.fallbacks.is_empty() && !rules.auto_profile, "{text:?}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_line_and_column_and_the_nearest_key() {
        const RULE: &str = "[[registry]]\nmatch = '*'\n";
        let rule = |lines: &str| format!("{RULE}{lines}\n");
        let alias = |lines: &str| format!("[[registry]]\nmatch = 'a.example'\nregistry = '{HOST}'\n{lines}\n");
        for (text, said) in [
            // Keys.
            (rule("profil = 'a'"), "3:1: unknown key `profil`; did you mean `profile`?"),
            (rule("  rolearn = 'a'"), "3:3: unknown key `rolearn`; did you mean `role_arn`?"),
            (rule("use_dualstack = true"), "3:1: unknown key `use_dualstack`; did you mean `dualstack`?"),
            (rule("profile.name = 'a'"), "3:1: unknown key `profile.name`; did you mean `profile`?"),
            (rule("profile = 'a'\nprofile = 'b'"), "4:1: `profile` is given twice"),
            ("auto-profile = true".to_owned(), "1:1: unknown key `auto-profile`; did you mean `auto_profile`?"),
            ("profile = 'a'".to_owned(), "1:1: unknown key `profile`; did you mean `auto_profile`?"),
            ("[fallback]\nhelpers = 'a'".to_owned(), "2:1: unknown key `helpers`; did you mean `helper`?"),
            // Tables.
            ("[registry]\nmatch = '*'".to_owned(), "1:1: each rule is a table of its own: write `[[registry]]`"),
            ("[[registries]]".to_owned(), "1:1: unknown table `registries`; did you mean `[[registry]]`?"),
            ("[fall.back]".to_owned(), "1:1: unknown table `fall.back`; did you mean `[fallback]`?"),
            ("[[registry]]\nprofile = 'a'".to_owned(), "1:1: a rule needs a `match`: hosts, globs or account IDs"),
            ("\n[fallback]\n".to_owned(), "2:1: a fallback needs a `helper`"),
            (
                "[fallback]\nhelper = 'a'\n[[fallback]]\nhelper = 'b'".to_owned(),
                "3:1: a second fallback without `match`: only one can be for all other hosts",
            ),
            // Values.
            (rule("profile = ''"), "3:11: `profile` is empty; leave it out if it isn't meant"),
            (rule("profile = 3"), "3:11: `profile` is text: write it in quotes"),
            (rule("profile = ['a']"), "3:11: a list can't stand here"),
            (rule("profile = { name = 'a' }"), "3:11: a table can't stand here"),
            (rule("fips = 'true'"), "3:8: `fips` is `true` or `false`"),
            (rule("fips = yes"), "3:8: "),
            ("[[registry]]\nmatch = 111122223333".to_owned(), "2:9: `match` is text: write it in quotes"),
            ("[[registry]]\nmatch = []".to_owned(), "2:10: `match` is an empty list, which no host is in"),
            ("[[registry]]\nmatch = [['*']]".to_owned(), "2:10: a list can't stand here"),
            (
                "[[registry]]\nmatch = ['*',\n 'a[b']".to_owned(),
                "3:2: `a[b` is neither a host, with `*` and `?` or without, nor an account ID",
            ),
            ("[[registry]]\nmatch = '1111'".to_owned(), "2:9: `1111` is no account ID: those have 12 digits"),
            (
                rule("role_arn = 'arn:aws:iam::1:role/a'"),
                "3:12: `arn:aws:iam::1:role/a` is not the ARN of a role, `arn:aws:iam::123456789012:role/NAME`",
            ),
            (rule("endpoint_url = 'vpce'"), "3:16: `vpce` is not an `http://` or `https://` URL"),
            (rule("region = 'EU West'"), "3:10: `EU West` is not the name of a region"),
            (rule("registry = 'ghcr.io'"), "3:12: `ghcr.io` is not the host of an ECR registry"),
            (
                "[fallback]\nhelper = 'ecr-login'".to_owned(),
                "2:10: `ecr-login` is this program, which can't be its own fallback",
            ),
            (
                "[fallback]\nhelper = 'docker-credential-ecr-login'".to_owned(),
                "2:10: `docker-credential-ecr-login` is this program, which can't be its own fallback",
            ),
            (
                "[fallback]\nhelper = 'docker-credential-pass'".to_owned(),
                "2:10: `docker-credential-pass` is the program's whole name; write `pass`",
            ),
            (
                "[fallback]\nhelper = '../pass'".to_owned(),
                "2:10: `../pass` is not what follows `docker-credential-` in the name of a program",
            ),
            // What can't be together.
            (rule("external_id = 'a'"), "3:15: `external_id` goes with a `role_arn`, and there is none"),
            (rule("session_name = 'a'"), "3:16: `session_name` goes with a `role_arn`, and there is none"),
            (
                rule("fips = true\nendpoint_url = 'http://a'"),
                "3:8: `fips` says nothing of an `endpoint_url`: leave out one of them",
            ),
            (
                "[[registry]]\nmatch = 'docker.example.com'\nprofile = 'a'".to_owned(),
                "2:9: `docker.example.com` is not the host of an ECR registry; name the one behind it with `registry`",
            ),
            (
                format!("[[registry]]\nmatch = '111122223333'\nregistry = '{HOST}'"),
                "3:12: all registries of account `111122223333` can't be names of one `registry`",
            ),
            (
                "[[fallback]]\nmatch = '111122223333'\nhelper = 'a'".to_owned(),
                "2:9: `111122223333` is an account, and no fallback is asked for its hosts",
            ),
            (
                alias("role_arn = 'arn:aws-cn:iam::111122223333:role/a'"),
                "4:12: the role `arn:aws-cn:iam::111122223333:role/a` is of another partition than \
                 `111122223333.dkr.ecr.eu-west-1.amazonaws.com`, which lies in `aws`",
            ),
            (
                format!("[[registry]]\nmatch = '{HOST}'\nregion = 'cn-north-1'"),
                "3:10: the region `cn-north-1` is of another partition than \
                 `111122223333.dkr.ecr.eu-west-1.amazonaws.com`, which lies in `aws`",
            ),
            // TOML itself.
            (rule("profile = 'a"), "3:"),
            (rule("profile"), "3:"),
            (rule("profile ="), "3:"),
            ("[[registry]\nmatch = '*'".to_owned(), "1:"),
            (rule("# \u{7}"), "3:"),
            ("\u{e9}\u{e9} = 1".to_owned(), "1:"),
        ] {
            let mistake = parsed(&text).expect_err(&text);
            let exact = !said.ends_with([':', ' ']);
            assert!(if exact { mistake == said } else { mistake.starts_with(said) }, "{text}\n{mistake}\n{said}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
            let _ = parsed(&text).is_ok();
        }

        #[test]
        fn no_shuffle_of_toml_makes_the_reader_panic(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "[[registry]]", "[fallback]", "[", "]", "match", "profile", "=", " ", "\n", "'*'", "'a'", "{", "}", ",", "true",
                    ".", "\"", "'''", "#", "\r", "1", "\u{e9}",
                ]),
                0..40,
            )
        ) {
            let _ = parsed(&parts.concat()).is_ok();
        }
    }
}
