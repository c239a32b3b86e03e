//! What each line of the file means, and every mistake in it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::schema::parse;
use crate::arn::RoleArn;
use crate::options::{CacheEncryption, FileOptions, LogLevel, LogSetting};
use crate::registry::{Region, Registry};
use crate::rules::{Fallback, Pattern, Position, Role, Rule, Rules};

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn parsed(text: &str) -> Result<Rules, String> {
    parse(text, Path::new("/rules")).map_err(|error| {
        let message = error.to_string();
        message.strip_prefix("/rules:").expect("the file's name").to_owned()
    })
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| Pattern::parse(text).expect(text)).collect()
}

#[test]
fn every_key_finds_its_place() {
    let text = "# ours\nauto_profile = true\n\n[[registry]] # one\nmatch = '111122223333'\nprofile = \"pr\\u006fd\"\n\
                \n[[registry]]\nmatch = [\n  \"docker.example.com\", # a CNAME\n  '*.example.net',\n]\n\
                registry = \"111122223333.dkr.ecr.us-east-1.amazonaws.com\"\nrole_arn = \
                'arn:aws:iam::444455556666:role/pull'\nexternal_id = 'blue'\nsession_name = 'ci'\n\
                region = 'us-east-2'\nendpoint_url = 'https://vpce.example.com'\n\n[[registry]]\nmatch = '*'\n\
                fips = true\ndualstack = false\n\n[[fallback]]\nmatch = 'ghcr.io'\nhelper = 'pass'\n\
                [[fallback]]\nhelper = 'osxkeychain'\n";
    let at = |line| Position { line, column: 1 };
    let rules = Rules {
        file: "/rules".into(),
        registries: vec![
            Rule {
                patterns: patterns(&["111122223333"]),
                profile: Some("prod".to_owned()),
                position: at(4),
                ..Rule::default()
            },
            Rule {
                patterns: patterns(&["docker.example.com", "*.example.net"]),
                registry: Registry::parse("111122223333.dkr.ecr.us-east-1.amazonaws.com"),
                role: Some(Role {
                    arn: RoleArn::parse("arn:aws:iam::444455556666:role/pull").expect("an ARN"),
                    external_id: Some("blue".to_owned()),
                    session_name: Some("ci".to_owned()),
                }),
                region: Region::parse("us-east-2"),
                endpoint_url: Some("https://vpce.example.com".to_owned()),
                position: at(8),
                ..Rule::default()
            },
            Rule {
                patterns: patterns(&["*"]),
                fips: Some(true),
                dual_stack: Some(false),
                position: at(20),
                ..Rule::default()
            },
        ],
        fallbacks: vec![
            Fallback { patterns: Some(patterns(&["ghcr.io"])), helper: "pass".to_owned() },
            Fallback { patterns: None, helper: "osxkeychain".to_owned() },
        ],
        auto_profile: true,
        options: FileOptions::default(),
    };
    assert_eq!(parsed(text), Ok(rules));
}

#[test]
fn every_option_finds_its_place() {
    let all = "[options]\ncache = true\ncache_dir = '~/tokens'\ncache_encryption = 'os'\ntimeout = 1_0\nstrict = true\n\
               ignore_creds_storage = false\nlog = 'WARN'\nlog_file = '~/ecr.log'\n";
    let expected = FileOptions {
        cache: Some(true),
        cache_dir: Some("~/tokens".into()),
        cache_encryption: Some(CacheEncryption::Os),
        timeout: Some(Duration::from_secs(10)),
        strict: Some(true),
        ignore_creds_storage: Some(false),
        log: Some(LogSetting::From(LogLevel::Warn)),
        log_file: Some("~/ecr.log".into()),
    };
    assert_eq!(parsed(all).map(|rules| rules.options), Ok(expected));
    let timeout = |seconds| FileOptions { timeout: Some(Duration::from_secs(seconds)), ..FileOptions::default() };
    for (text, options) in [
        ("[options]\n", FileOptions::default()),
        ("options = {}", FileOptions::default()),
        ("options.timeout = 1", timeout(1)),
        ("options = { timeout = 0xe10 }", timeout(3_600)),
        ("[[registry]]\nmatch = '*'\n[options] # ours\n\"timeout\" = +30", timeout(30)),
        ("[options]\nlog = 'off'", FileOptions { log: Some(LogSetting::Off), ..FileOptions::default() }),
    ] {
        assert_eq!(parsed(text).map(|rules| rules.options), Ok(options), "{text}");
    }
}

#[test]
fn a_file_may_have_no_rules() {
    for text in
        ["", "\n", "# nothing\r\n", "# nothing\n\t\r\n", "auto_profile = false", "registry = []", "fallback = []"]
    {
        assert_eq!(parsed(text), Ok(Rules { file: "/rules".into(), ..Rules::default() }), "{text:?}");
    }
}

#[test]
fn every_form_of_toml_says_the_same() {
    let rule = |line, column| {
        let patterns = patterns(&["111122223333", "*.example.com"]);
        let position = Position { line, column };
        Rule { patterns, profile: Some("dev".to_owned()), fips: Some(true), position, ..Rule::default() }
    };
    for (text, line, column) in [
        ("[[registry]]\nmatch = ['111122223333', '*.example.com']\nprofile = 'dev'\nfips = true\n", 1, 1),
        ("\u{feff}\n [[registry]]\nmatch=['111122223333','*.example.com',]\nprofile='dev'\nfips=true", 2, 2),
        (
            "  [[ registry ]]  # \\\r\n\tmatch = [ \"111122223333\" , '*.example.com' ]\r\nfips\t=\ttrue # \u{e9}\r\nprofile = \"dev\"\r\n",
            1,
            3,
        ),
        (
            "[['registry']]\n\"match\" = [\n'111122223333', # one\n\n'*.example.com'\n]\n'profile' = \"\"\"\ndev\"\"\"\n\"f\\u0069ps\" = true\n",
            1,
            1,
        ),
        (
            "[[registry]]\nmatch = ['''111122223333''', \"\\u002a.example.com\"]\nprofile = '''dev'''\nfips = true\n",
            1,
            1,
        ),
        ("registry = [{ match = ['111122223333', '*.example.com'], profile = 'dev', fips = true }]\n", 1, 13),
        (
            "\nregistry = [\n  # a comment\n  { match = ['111122223333', '*.example.com'], fips = true, profile = 'dev' },\n]",
            4,
            3,
        ),
    ] {
        let rules = Rules { file: "/rules".into(), registries: vec![rule(line, column)], ..Rules::default() };
        assert_eq!(parsed(text), Ok(rules), "{text}");
    }
    let one = Fallback { patterns: None, helper: "pass".to_owned() };
    for text in [
        "[fallback]\nhelper = 'pass'",
        "[[fallback]]\nhelper = 'pass'",
        "fallback.helper = 'pass'",
        "fallback = { helper = 'pass' }",
        "fallback = [{ helper = \"pass\" }]",
        "'fallback'.\"helper\" = 'pass'\n[[registry]]\nmatch = '*'\n",
        "[[registry]]\nmatch = '*'\n[ fallback ] # the rest\nhelper = 'pass'\n[[registry]]\nmatch = '*'\n",
    ] {
        let rules = parsed(text).expect(text);
        assert_eq!(rules.fallbacks, std::slice::from_ref(&one), "{text}");
        assert_eq!(rules.registries.len(), text.matches("[[registry]]").count(), "{text}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn a_mistake_is_named_with_line_and_column_and_the_nearest_key() {
    const RULE: &str = "[[registry]]\nmatch = '*'\n";
    let rule = |lines: &str| format!("{RULE}{lines}\n");
    let alias = |lines: &str| format!("[[registry]]\nmatch = 'a.example'\nregistry = '{HOST}'\n{lines}\n");
    for (text, said) in [
        // Keys.
        (rule("profil = 'a'"), "3:1: unknown key `profil`; did you mean `profile`?"),
        (rule("  rolearn = 'a'"), "3:3: unknown key `rolearn`; did you mean `role_arn`?"),
        (rule("use_dualstack = true"), "3:1: unknown key `use_dualstack`; did you mean `dualstack`?"),
        (rule("\"Profile\" = 'a'"), "3:1: unknown key `Profile`; did you mean `profile`?"),
        (rule("profile.name = 'a'"), "3:1: unexpected table"),
        (rule("profil.name = 'a'"), "3:1: unknown key `profil`; did you mean `profile`?"),
        (rule("profile = 'a'\nprofile = 'b'"), "4:1: duplicate key `profile`"),
        (rule("profile = 'a'\n\"profile\" = 'b'"), "4:1: duplicate key `\"profile\"`"),
        ("auto-profile = true".to_owned(), "1:1: unknown key `auto-profile`; did you mean `auto_profile`?"),
        ("profile = 'a'".to_owned(), "1:1: unknown key `profile`; did you mean `auto_profile`?"),
        ("auto_profile = false\nauto_profile = false".to_owned(), "2:1: duplicate key `auto_profile`"),
        ("[fallback]\nhelpers = 'a'".to_owned(), "2:1: unknown key `helpers`; did you mean `helper`?"),
        ("[fallback]\nprofile = 'a'".to_owned(), "2:1: unknown key `profile`; did you mean `match`?"),
        ("fallback = { helper = 'a', matches = 'b' }".to_owned(), "1:28: unknown key `matches`; did you mean `match`?"),
        (
            "registry = [{ match = '*' }, { fips = true, mach = '*' }]".to_owned(),
            "1:45: unknown key `mach`; did you mean `match`?",
        ),
        // The first mistake of a table counts, whatever the order of its keys in the alphabet.
        (rule("region = 1\nprofil = 'a'"), "3:10: `region` must be a string"),
        // Tables.
        ("[registry]\nmatch = '*'".to_owned(), "1:1: `registry` must be an array of tables; write `[[registry]]`"),
        ("registry.match = '*'".to_owned(), "1:1: `registry` must be an array of tables; write `[[registry]]`"),
        ("registry = '*'".to_owned(), "1:12: `registry` must be an array of tables; write `[[registry]]`"),
        ("registry = ['*']".to_owned(), "1:13: `registry` must be an array of tables; write `[[registry]]`"),
        ("[[registries]]".to_owned(), "1:3: unknown key `registries`; did you mean `registry`?"),
        ("[fall.back]".to_owned(), "1:2: unknown key `fall`; did you mean `fallback`?"),
        ("fallback = 'pass'".to_owned(), "1:12: `fallback` must be a table; write `[fallback]` or `[[fallback]]`"),
        ("fallback = ['pass']".to_owned(), "1:13: `fallback` must be a table; write `[fallback]` or `[[fallback]]`"),
        ("[[registry]]\nprofile = 'a'".to_owned(), "1:1: a rule needs a `match`: hosts, globs or account IDs"),
        ("registry = [\n{ profile = 'a' }]".to_owned(), "2:1: a rule needs a `match`: hosts, globs or account IDs"),
        (rule("[registry.profile]\nname = 'a'"), "3:1: unexpected table"),
        ("\n[fallback]\n".to_owned(), "2:1: a fallback needs a `helper`"),
        (
            "[[fallback]]\nhelper = 'a'\n[[fallback]]\nhelper = 'b'".to_owned(),
            "3:1: a second fallback without `match`; only one can apply to all other hosts",
        ),
        (
            "[fallback]\nhelper = 'a'\n[[fallback]]\nmatch = 'b'\nhelper = 'b'".to_owned(),
            "3:3: duplicate key `fallback`",
        ),
        (
            "[[fallback]]\nmatch = 'b'\nhelper = 'b'\n[fallback]\nhelper = 'a'".to_owned(),
            "4:2: duplicate key `fallback`",
        ),
        ("[fallback]\nhelper = 'a'\n[fallback]\nhelper = 'b'".to_owned(), "3:2: duplicate key `fallback`"),
        ("registry = [{ match = '*' }]\n[[registry]]\nmatch = '*'".to_owned(), "2:3: duplicate key `registry`"),
        // Values.
        (rule("profile = ''"), "3:11: `profile` is empty; remove it or give it a value"),
        (rule("profile = \"\"\"\n\"\"\""), "3:11: `profile` is empty; remove it or give it a value"),
        (rule("profile = 3"), "3:11: `profile` must be a string"),
        (rule("profile = true"), "3:11: `profile` must be a string"),
        (rule("profile = 2026-11-27"), "3:11: `profile` must be a string"),
        (rule("profile = ['a']"), "3:11: unexpected array"),
        (rule("profile = { name = 'a' }"), "3:11: unexpected table"),
        (rule("fips = 'true'"), "3:8: `fips` must be `true` or `false`"),
        (rule("dualstack = [true]"), "3:13: `dualstack` must be `true` or `false`"),
        ("auto_profile = 1".to_owned(), "1:16: `auto_profile` must be `true` or `false`"),
        ("[[registry]]\nmatch = 111122223333".to_owned(), "2:9: `match` must be a string"),
        ("[[registry]]\nmatch = ['*', 111122223333]".to_owned(), "2:15: `match` must be a string"),
        ("[[registry]]\nmatch = []".to_owned(), "2:9: `match` is an empty array, which matches no host"),
        ("[[registry]]\nmatch = ''".to_owned(), "2:9: `match` is empty; remove it or give it a value"),
        ("[[registry]]\nmatch = [['*']]".to_owned(), "2:10: unexpected array"),
        (
            "[[registry]]\nmatch = ['*',\n 'a[b']".to_owned(),
            "3:2: `a[b` is not a valid host, glob (`*`, `?`) or account ID",
        ),
        ("[[registry]]\nmatch = '1111'".to_owned(), "2:9: `1111` is not a valid account ID, which has 12 digits"),
        (
            "[[registry]]\nmatch = '**'".to_owned(),
            "2:9: `**` contains `**`; a single `*` already matches any characters, including dots",
        ),
        (
            rule("role_arn = 'arn:aws:iam::1:role/a'"),
            "3:12: `arn:aws:iam::1:role/a` is not the ARN of a role, such as `arn:aws:iam::123456789012:role/NAME`",
        ),
        (rule("endpoint_url = 'vpce'"), "3:16: `endpoint_url` must be an `http://` or `https://` URL"),
        (
            rule("endpoint_url = 'htps://me:hunter2@vpce'"),
            "3:16: `endpoint_url` must be an `http://` or `https://` URL",
        ),
        (rule("region = 'EU West'"), "3:10: `EU West` is not the name of a region, such as `eu-west-1`"),
        (rule("region = 'EU-West-1'"), "3:10: `EU-West-1` is not the name of a region, such as `eu-west-1`"),
        (rule("region = '-eu'"), "3:10: `-eu` is not the name of a region, such as `eu-west-1`"),
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
            "2:10: `docker-credential-pass` is the full name of the program; write `pass`",
        ),
        (
            "[fallback]\nhelper = '../pass'".to_owned(),
            "2:10: `../pass` is not a valid helper: the part of a program's name after `docker-credential-`",
        ),
        // A message never has the password of a URL.
        (rule("registry = 'https://AWS:hunter2@ghcr.io'"), "3:12: this value is not the host of an ECR registry"),
        (
            "[[registry]]\nmatch = ['*', 'AWS:hunter2@ghcr.io']".to_owned(),
            "2:15: this value is not a valid host, glob (`*`, `?`) or account ID",
        ),
        // A message is one line, and changes no terminal.
        (
            "[fallback]\nhelper = \"a\\nb\\u001b[1m\"".to_owned(),
            "2:10: `a\u{fffd}b\u{fffd}[1m` is not a valid helper: the part of a program's name after \
             `docker-credential-`",
        ),
        // Options.
        ("options = true".to_owned(), "1:11: `options` must be a table; write `[options]`"),
        ("[[options]]\ntimeout = 1".to_owned(), "1:1: `options` must be a table; write `[options]`"),
        (
            "[options]\ncache_directory = '/a'".to_owned(),
            "2:1: unknown key `cache_directory`; did you mean `cache_dir`?",
        ),
        ("[options]\ntime_out = 1".to_owned(), "2:1: unknown key `time_out`; did you mean `timeout`?"),
        ("[options]\ncache = 'false'".to_owned(), "2:9: `cache` must be `true` or `false`"),
        ("[options]\nstrict = 1".to_owned(), "2:10: `strict` must be `true` or `false`"),
        ("[options]\nignore_creds_storage = ''".to_owned(), "2:24: `ignore_creds_storage` must be `true` or `false`"),
        ("[options]\ncache_dir = 'a'".to_owned(), "2:13: `a` is not an absolute path, nor one that begins with `~/`"),
        ("[options]\ncache_encryption = 'on'".to_owned(), "2:20: `on` is not a form of encryption: os or off"),
        ("[options]\ncache_dir = ''".to_owned(), "2:13: `cache_dir` is empty; remove it or give it a value"),
        (
            "[options]\nlog_file = './a'".to_owned(),
            "2:12: `./a` is not an absolute path, nor one that begins with `~/`",
        ),
        ("[options]\nlog_file = true".to_owned(), "2:12: `log_file` must be a string"),
        (
            "[options]\nlog = 'loud'".to_owned(),
            "2:7: `loud` is not a log level: off, error, warn, info, debug or trace",
        ),
        ("[options]\nlog = false".to_owned(), "2:7: `log` must be a string"),
        ("[options]\n[options]".to_owned(), "2:"),
        // What can't be combined.
        (rule("external_id = 'a'"), "3:15: `external_id` requires a `role_arn`"),
        (rule("session_name = 'a'"), "3:16: `session_name` requires a `role_arn`"),
        (
            rule("fips = true\nendpoint_url = 'http://a'"),
            "3:8: `fips` and `endpoint_url` can't be combined; remove one",
        ),
        (
            rule("endpoint_url = 'http://a'\ndualstack = false"),
            "4:13: `dualstack` and `endpoint_url` can't be combined; remove one",
        ),
        (
            "[[registry]]\nmatch = ['*', 'docker.example.com']\nprofile = 'a'".to_owned(),
            "2:15: `docker.example.com` is not the host of an ECR registry; add the `registry` that it stands for",
        ),
        (
            format!("[[registry]]\nmatch = '111122223333'\nregistry = '{HOST}'"),
            "3:12: the registries of account `111122223333` can't be other names of one `registry`",
        ),
        (
            "[[fallback]]\nmatch = '111122223333'\nhelper = 'a'".to_owned(),
            "2:9: `111122223333` is an account ID; fallbacks don't apply to ECR registries",
        ),
        (
            alias("role_arn = 'arn:aws-cn:iam::111122223333:role/a'"),
            "4:12: the role `arn:aws-cn:iam::111122223333:role/a` is in another partition than \
             `111122223333.dkr.ecr.eu-west-1.amazonaws.com`, which is in `aws`",
        ),
        (
            format!("[[registry]]\nmatch = '{HOST}'\nregion = 'cn-north-1'"),
            "3:10: the region `cn-north-1` is in another partition than \
             `111122223333.dkr.ecr.eu-west-1.amazonaws.com`, which is in `aws`",
        ),
        // The setting that is wrong is pointed at, not the other one.
        (
            alias("role_arn = 'arn:aws:iam::111122223333:role/a'\nregion = 'cn-north-1'"),
            "5:10: the region `cn-north-1` is in another partition than \
             `111122223333.dkr.ecr.eu-west-1.amazonaws.com`, which is in `aws`",
        ),
        // TOML itself.
        (rule("profile = 'a"), "3:13: invalid literal string, expected `'`"),
        (rule("profile"), "3:8: key with no value, expected `=`"),
        (rule("profile ="), "3:10: string values must be quoted, expected literal string"),
        (rule("profile = 'a' 'b'"), "3:"),
        (rule("fips = yes"), "3:8: string values must be quoted, expected literal string"),
        (rule("fips = truely"), "3:8: invalid boolean, expected `true`"),
        ("[[registry]\nmatch = '*'".to_owned(), "1:12: unclosed array table, expected `]`"),
        ("[[registry]] x\n".to_owned(), "1:14: "),
        ("[[registry]]\nmatch = ['*'".to_owned(), "2:13: unclosed array, expected `]`"),
        ("[[registry]]\nmatch = ['*' 'a']".to_owned(), "2:14: "),
        (
            "[[registry]]\rmatch = '*'\n".to_owned(),
            "1:14: carriage return must be followed by newline, expected newline",
        ),
        (rule("# \u{7}"), "3:3: invalid comment character, expected printable characters"),
        ("\u{e9}\u{e9} = 1".to_owned(), "1:1: invalid unquoted key, expected letters, numbers, `-`, `_`"),
        ("# \u{e9}\u{e9}\n'\u{e9}\u{e9}' = 1 2".to_owned(), "2:8: "),
        // A mistake of syntax anywhere comes before all others.
        (rule("profil = 'a'\n= 1"), "4:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`"),
    ]
    .into_iter()
    .chain(["0", "3601", "-1", "1.5", "'30'", "true", "99999999999999999999", "[1]"].map(|wrong| {
        (format!("[options]\ntimeout = {wrong}"), "2:11: `timeout` must be a number of seconds from 1 to 3600")
    })) {
        let mistake = parsed(&text).expect_err(&text);
        let exact = !said.ends_with([':', ' ']);
        assert!(if exact { mistake == said } else { mistake.starts_with(said) }, "{text}\n{mistake}\n{said}");
    }
}

fn starts_a_rule(line: &str) -> bool {
    line.starts_with(['[', '{'])
}

/// A rule as a user may write it, and what it means.
fn written_rule() -> impl Strategy<Value = (String, Rule)> {
    let hosts = proptest::sample::select(vec!["*", "111122223333", HOST, "*.example.com", "node?"]);
    let profile = proptest::option::of("[a-z \u{e9}\"'\\\\#=\\[\\]\t]{1,8}");
    let flags = (proptest::option::of(any::<bool>()), proptest::option::of(any::<bool>()));
    (proptest::collection::vec(hosts, 1..4), profile, flags, any::<bool>()).prop_map(
        |(hosts, profile, (fips, dual_stack), inline)| {
            let list: Vec<_> = hosts.iter().map(|host| format!("'{host}'")).collect();
            let mut lines = vec![format!("match = [{}]", list.join(", "))];
            // Of these characters, what Rust prints is a basic string of TOML.
            lines.extend(profile.as_ref().map(|name| format!("profile = {name:?}")));
            lines.extend(fips.map(|flag| format!("fips = {flag}")));
            lines.extend(dual_stack.map(|flag| format!("dualstack = {flag}")));
            let written = if inline { format!("{{ {} }}", lines.join(", ")) } else { lines.join("\n") };
            (written, Rule { patterns: patterns(&hosts), profile, fips, dual_stack, ..Rule::default() })
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(rules in proptest::collection::vec(written_rule(), 0..6)) {
        let (inline, tables): (Vec<_>, Vec<_>) = rules.into_iter().partition(|(written, _)| written.starts_with('{'));
        for rules in [inline, tables] {
            let mut text = String::new();
            for (written, _) in &rules {
                if written.starts_with('{') {
                    text.push_str(if text.is_empty() { "registry = [\n" } else { ",\n" });
                    text.push_str(written);
                } else {
                    let _ = writeln!(text, "[[registry]]\n{written}");
                }
            }
            if text.starts_with("registry = [") {
                text.push_str("\n]");
            }
            let mut read = parsed(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            for rule in &mut read.registries {
                prop_assert!(text.lines().nth(rule.position.line - 1).is_some_and(starts_a_rule));
                rule.position = Position::default();
            }
            prop_assert_eq!(read.registries, rules.into_iter().map(|(_, rule)| rule).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = parsed(&text).is_ok();
    }

    #[test]
    fn no_shuffle_of_toml_makes_the_reader_panic(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "[[registry]]", "[fallback]", "[", "]", "match", "profile", "=", " ", "\n", "'*'", "'a'", "{", "}", ",", "true",
                ".", "\"", "'''", "#", "\r", "1", "\u{e9}", "registry", "fallback", "helper",
            ]),
            0..40,
        )
    ) {
        if let Err(message) = parsed(&parts.concat()) {
            prop_assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow_of_the_stack() {
    for text in [
        format!("{}a = 1", "a.".repeat(300_000)),
        format!("[{}a]", "a.".repeat(300_000)),
        format!("a = {}", "[".repeat(300_000)),
        format!("a = {}", "{ a = ".repeat(100_000)),
    ] {
        parsed(&text).expect_err("too deep");
    }
}
