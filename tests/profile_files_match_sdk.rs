//! Our reader of the AWS profile files against the SDK's own: for the same two files, both refuse the same line for the
//! same reason, or both see the same profiles, SSO sessions and services with the same properties.

use std::collections::BTreeSet;
use std::error::Error;

use aws_config::profile::{ProfileSet, load};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::property::PropertiesKey;
use aws_types::os_shim_internal::{Env, Fs};
use docker_credential_ecr_login::unstable::{Problem, ProfileFile, Profiles, Section};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

const CONFIG: &str = "config";
const CREDENTIALS: &str = "credentials";

/// The SDK's view of both files, or its message.
fn sdk(config: &str, credentials: &str) -> Result<ProfileSet, String> {
    let files = EnvConfigFiles::builder()
        .with_file(EnvConfigFileKind::Config, CONFIG)
        .with_file(EnvConfigFileKind::Credentials, CREDENTIALS)
        .build();
    let fs = Fs::from_slice(&[(CONFIG, config), (CREDENTIALS, credentials)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime
        .block_on(load(&fs, &Env::from_slice(&[]), &files, None))
        .map_err(|error| error.source().expect("the line at fault").to_string())
}

/// What a case was made of, to see that the cases aren't all alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trait {
    Refused,
    SeveralProfiles,
    SsoSession,
    SubProperty,
    Continuation,
    ProfileInBothFiles,
}

fn assert_agreement(config: &str, credentials: &str) -> BTreeSet<Trait> {
    let case = format!("config {config:?}, credentials {credentials:?}");
    let (ours, theirs) = match (Profiles::parse(config, credentials), sdk(config, credentials)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(error), Err(message)) => {
            let file = match error.file {
                ProfileFile::Config => CONFIG,
                ProfileFile::Credentials => CREDENTIALS,
            };
            assert!(message.starts_with(&format!("error parsing {file} on line {}:", error.line)), "{message}; {case}");
            assert!(message.contains(in_words_of_the_sdk(error.problem)), "{message}; {error}; {case}");
            return BTreeSet::from([Trait::Refused]);
        }
        (Ok(_), Err(message)) => panic!("only the SDK refuses: {message}; {case}"),
        (Err(error), Ok(_)) => panic!("only we refuse: {error}; {case}"),
    };
    let mut seen = BTreeSet::new();
    let mut see = |what, there: bool| seen.extend(there.then_some(what));
    // Headers of one file that spell one section differently are merged by the SDK in an order that changes from run to
    // run: then it's enough that one run agrees.
    let agrees = |what: &str, ours: Option<&str>, ask: &dyn Fn(&ProfileSet) -> Option<String>| {
        let agreed = ours == ask(&theirs).as_deref()
            || (0..64).any(|_| ours == ask(&sdk(config, credentials).expect("it was valid before")).as_deref());
        assert!(agreed, "{what}: ours {ours:?}, theirs {:?}; {case}", ask(&theirs));
    };

    let ours_named: BTreeSet<_> = ours.profile_names().collect();
    assert_eq!(ours_named, theirs.profiles().collect(), "{case}");
    see(Trait::SeveralProfiles, ours_named.len() > 1);
    let keys = keys_in(&[config, credentials]);
    for name in &ours_named {
        let section = ours.profile(name).expect("it's among the names");
        assert_canonical(&section, &keys);
        for key in &keys {
            agrees(&format!("profile {name}, {key}"), section.get(key), &|set| {
                set.get_profile(name).and_then(|profile| profile.get(key)).map(str::to_owned)
            });
        }
        see(Trait::Continuation, section.entries().any(|(_, value)| value.contains('\n')));
        let stands_in = |config, credentials| {
            let alone = Profiles::parse(config, credentials).expect("it was valid before");
            alone.profile(name).is_some_and(|section| section.entries().count() > 0)
        };
        see(Trait::ProfileInBothFiles, stands_in(config, "") && stands_in("", credentials));
    }

    for name in words_in_headers(config).iter().chain(&words_in_headers(credentials)) {
        let session = ours.sso_session(name);
        assert_eq!(session.is_some(), theirs.sso_session(name).is_some(), "sso-session {name}; {case}");
        if let Some(section) = session {
            assert_canonical(&section, &keys);
            for key in &keys {
                agrees(&format!("sso-session {name}, {key}"), section.get(key), &|set| {
                    set.sso_session(name).and_then(|session| session.get(key)).map(str::to_owned)
                });
            }
            see(Trait::SsoSession, section.entries().count() > 0);
        }
        assert_eq!(ours.profile(name).is_some(), theirs.get_profile(name).is_some(), "profile {name}; {case}");
        let services = ours.services(name);
        for (key, sub_key) in keys.iter().flat_map(|key| keys.iter().map(move |sub_key| (key, sub_key))) {
            let value = services.as_ref().and_then(|section| section.sub_property(key, sub_key));
            agrees(&format!("services {name}, {key}, {sub_key}"), value, &|set| {
                let path = PropertiesKey::builder()
                    .section_key("services")
                    .section_name(name)
                    // Their look-up wants the key as their parser left it, ours any case.
                    .property_name(key.to_ascii_lowercase())
                    .sub_property_name(sub_key)
                    .build();
                set.other_sections().get(&path.expect("all parts are there")).cloned()
            });
            see(Trait::SubProperty, value.is_some());
        }
    }
    assert_eq!(
        words_in_headers(config).iter().filter(|name| ours.sso_session(name).is_some()).count(),
        theirs.sso_sessions().count(),
        "{case}"
    );
    seen
}

/// The entries are sorted, unique and in lower case, and none has a key that the comparison would miss.
fn assert_canonical(section: &Section<'_>, keys: &BTreeSet<String>) {
    let entries: Vec<_> = section.entries().collect();
    assert!(entries.is_sorted_by(|one, other| one.0 < other.0), "{section:?}");
    for (key, value) in entries {
        assert_eq!(key, key.to_ascii_lowercase());
        assert_eq!(section.get(key), Some(value));
        assert!(keys.contains(key), "{key:?}");
    }
}

fn in_words_of_the_sdk(problem: Problem) -> &'static str {
    match problem {
        Problem::ByteOrderMark | Problem::OutsideSection => "Expected a profile definition",
        Problem::UnclosedHeader => "Profile definition must end with ']'",
        Problem::NothingToContinue => "Expected a property definition, found continuation",
        Problem::NoEqualsSign => "Expected an '=' sign defining a",
        Problem::NoName => "did not have a name",
    }
}

/// Everything that could be the key of a property or sub-property, as it's written and in lower case.
fn keys_in(files: &[&str]) -> BTreeSet<String> {
    let mut keys = BTreeSet::from(["region".to_owned()]);
    for line in files.iter().flat_map(|file| file.lines()) {
        for part in line.rsplit('=').skip(1) {
            let key = part.trim_matches([' ', '\t']);
            keys.extend([key.to_owned(), key.to_ascii_lowercase()]);
        }
    }
    keys
}

/// Everything that could be the name of a section.
fn words_in_headers(file: &str) -> BTreeSet<String> {
    let headers = file.lines().filter(|line| line.starts_with('['));
    headers
        .flat_map(|header| header.split(['[', ']', ' ', '\t', '#', ';']))
        .map(|word| word.trim().to_owned())
        .collect()
}

/// Files that are odd in one way each; read as a config file and as a credentials file.
const ODD_FILES: &[&str] = &[
    "",
    "\n\n",
    "# a\n; b\n\t \n",
    "[default]",
    "[default]\n",
    "[default]\nregion = eu-west-1",
    "[default]\r\nregion = eu-west-1\r\n\r\n  more\r\n",
    "[default]\r",
    "[default]\nregion = eu-west-1\r",
    "[default]\nregion = eu-west-1\r\r\n",
    "[default]\n\r\n \r\nregion = eu-west-1",
    "[default]\nregion = a\rregion = b\n",
    "\u{feff}[default]\nregion = eu-west-1",
    "\u{feff}# note\n[default]",
    "\u{feff}",
    "region = eu-west-1",
    " region = eu-west-1\n[default]",
    " # note\n[default]",
    "[default",
    "default]",
    "[",
    "[]",
    "[]\na = 1\n",
    "[ ]\na = 1\n",
    "[\u{a0}]\na = 1\n",
    "[[default]]\na = 1",
    "[default]]\na = 1",
    "[default] # note\na = 1",
    "[default]# note\na = 1",
    "[default]; note\na = 1",
    "[default] note\na = 1",
    "[def#ault]\na = 1",
    "[default #]\na = 1",
    "  [default]\na = 1",
    "[default]\na = 1\n [profile x]\nb = 2\n",
    "[ default ]\na = 1",
    "[\tdefault\t]\na = 1",
    "[\u{a0}default]\na = 1",
    "[DEFAULT]\na = 1",
    "[def ault]\na = 1",
    "[d\u{e9}faut]\na = 1",
    "[some-thing:long/the_one%only.foo@bar+]\na = 1",
    "[a!b]\na = 1",
    "[a]\nk = 1\n[b]\nk = 2\n[a]\nk = 3\nl = 4\n",
    "[a]\nk = 1\n[b]\n[a]\n  more\n",
    "[default]\nk = 1\n[default]\n  more\n",
    "[default]\nk = 1\nK = 2\nk=3\n",
    "[default]\nk = 1\nk =\n",
    "[default]\nkey with blanks = 1\n",
    "[default]\nk\u{e9}y = 1\n  more\nnext = 2\n  more\n",
    "[default]\nk! = 1\n  more\n",
    "[default]\na = 1\nk! = 1\n  more\n",
    "[default]\n= 1\n",
    "[default]\n== 1\n",
    "[default]\nno equals sign\n",
    "[default]\nk\n",
    "[default]\nk = v = w\n",
    "[default]\nk = v # note\n",
    "[default]\nk = v ; note\n",
    "[default]\nk = v# kept\n",
    "[default]\nk = v; kept # note\n",
    "[default]\nk = v\t# note\n",
    "[default]\nk = v\u{a0}# note\n",
    "[default]\nk = v\u{3000}#note\n",
    "[default]\nk = #note\n  a = b\n",
    "[default]\nk =#kept\n  anything\n",
    "[default]\nk =\u{a0}#note\n  anything\n",
    "[default]\nk # = v\n",
    "[default]\nk# = v\n",
    "[default]\nk ;= v\n",
    "[default]\nk =   \t  \n",
    "[default]\nk =\u{a0}\n  anything\n",
    "[default]\n\u{a0}k = v\n",
    "[default]\n\u{a0}\n",
    "[default]\n\u{b}\n",
    "[default]\nk\t=\tv\t\n",
    "[default]\nk = \"v\"\n",
    "[default]\nk = \u{1f431} \n",
    "[default]\n  more\n",
    "[default]\nk = v\n  more\n\tand more\n",
    "[default]\nk = v\n  # more\n",
    "[default]\nk = v\n  more # kept\n",
    "[default]\nk = v\n# note\n\n  more\n",
    "[default]\nk = v\n \t\n  more\n",
    "[default]\nk = v\n  a = b\nl = w\n",
    "[default]\nk =\n  a = b\n  c = d # kept\n",
    "[default]\nk =\n  a\n",
    "[default]\nk =\n  = a\n",
    "[default]\nk =\n  # note\n",
    "[default]\nk =\n  a # = b\n",
    "[default]\nk =\n  a = b\n  c\n",
    "[default]\nk =\n# note\n  a = b\n",
    "[default]\nk =\n  a b = c\n  \u{e9} = d\n",
    "[default]\nK =\n  A = b\n",
    "[default]\na = 1\n[profile default]\nb = 2\n",
    "[profile default]\nb = 2\n[default]\na = 1\n",
    "[profile\tdefault]\nb = 2\n[default]\na = 1\n",
    "[profile a b]\nk = v\n",
    "[profile]\nk = v\n",
    "[profile ]\nk = v\n",
    "[profile \u{a0}]\nk = v\n",
    "[ profile   a ]\nk = v\n",
    "[profile\t\ta]\nk = v\n",
    "[profile\u{a0}a]\nk = v\n",
    "[profile \u{a0}a\u{a0}]\nk = v\n",
    "[\u{a0}profile a]\nk = v\n",
    "[Profile a]\nk = v\n",
    "[profilea]\nk = v\n",
    "[profile a]\nk = v\n[a]\nk = w\n",
    "[sso-session a]\nsso_region = r\nSSO_start_url = u\n",
    "[sso-session a]\nsso_region = r\n[sso-session a]\nsso_region = s\n[profile a]\nsso_session = a\n",
    "[sso-session]\nsso_region = r\n",
    "[sso-session a!]\nsso_region = r\n",
    "[services dev]\necr =\n  endpoint_url = http://127.0.0.1 # kept\n  Endpoint_URL = x\ns3 =\n  endpoint_url = y\n",
    "[services dev]\nECR =\n  endpoint_url = a\n  endpoint_url = b = c\n",
    "[services dev]\necr = endpoint_url = a\n",
    "[services dev]\necr = 1\n  endpoint_url = a\n  no sub-property\n  = b\n",
    "[services dev]\necr! =\n  endpoint_url = a\n",
    "[services dev]\necr =\n  endpoint_url = a\n[services dev]\necr =\n  region = b\n",
    "[services]\necr =\n  endpoint_url = a\n",
    "[plugins]\ncli = x\n",
    "[unknown thing]\ncli =\n  x\n",
    "[unknown thing]\nbroken\n",
    "[invalid!]\n  broken\n",
];

#[test]
fn both_read_every_odd_file_alike() {
    for text in ODD_FILES {
        for other in ["", "[default]\nregion = other\n[a]\nk = other\n[dev]\n", "[profile a]\nk = other\n", "broken"] {
            assert_agreement(text, other);
            assert_agreement(other, text);
        }
        assert_agreement(text, text);
    }
}

#[test]
fn of_two_spellings_of_a_header_the_last_wins_and_the_sdk_takes_either() {
    let config = "[profile a]\nk = 1\n[profile  a]\nk = 2\n";
    let ours = Profiles::parse(config, "").expect("valid");
    assert_eq!(ours.profile("a").expect("there").get("k"), Some("2"));
    let theirs: BTreeSet<_> = (0..200)
        .map(|_| sdk(config, "").expect("valid").get_profile("a").expect("there").get("k").map(str::to_owned))
        .collect();
    // Once this is one value only, the SDK has a rule, and ours should be the same.
    assert_eq!(theirs, BTreeSet::from([Some("1".to_owned()), Some("2".to_owned())]));
}

/// A file in which most lines are well-formed and most sections known, with some disorder.
fn file() -> impl Strategy<Value = String> {
    let section =
        (header(), prop::collection::vec(property(), 0..5)).prop_map(|(header, body)| (header, body.concat()));
    let sections = prop::collection::vec(section, 0..6);
    let stray = prop::option::weighted(0.2, (any::<prop::sample::Index>(), odd_line()));
    let ends = (any::<bool>(), any::<bool>(), 0..spellings().len());
    (sections, stray, ends).prop_map(|(sections, stray, (windows, last_end, spelling))| {
        let spell = spellings()[spelling];
        let mut lines: Vec<String> = sections
            .into_iter()
            .flat_map(|((words, comment), body)| {
                let mut lines = vec![format!("[{}]{comment}", spell(words))];
                lines.extend(body.lines().map(str::to_owned));
                lines
            })
            .collect();
        if let Some((at, line)) = stray {
            lines.insert(at.index(lines.len() + 1), line);
        }
        let mut text = lines.join(if windows { "\r\n" } else { "\n" });
        if last_end {
            text.push('\n');
        }
        text
    })
}

/// The ways to write the words of a header. A file keeps to one of them, because of what the test above shows.
fn spellings() -> [fn(&str) -> String; 4] {
    [
        str::to_owned,
        |words| words.replace(' ', " \t "),
        |words| format!(" {words}\t"),
        |words| words.replace(' ', "\t\u{a0}"),
    ]
}

/// The words of a header and what stands behind it.
fn header() -> impl Strategy<Value = (&'static str, &'static str)> {
    let words = prop_oneof![
        6 => select(vec!["default", "profile default", "profile a", "profile b", "profile dev"]),
        6 => select(vec!["a", "b", "dev"]),
        2 => select(vec!["sso-session a", "sso-session corp"]),
        2 => select(vec!["services a", "services dev"]),
        1 => select(vec!["", "profile", "profile a!", "profile a b", "plugins", "other a", "Profile a", "\u{e9}", "]"]),
    ];
    (words, select(vec!["", "", "", " # note", "; note", "#"]))
}

/// A property, with the lines that continue it and comments in between; every line has an end.
fn property() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        8 => select(vec!["region", "Region", "role_arn", "sso_session", "ecr", "s3"]),
        1 => select(vec!["a b", "k!", "\u{e9}", "a#b", "A:B/c%d@e+f.g"]),
    ];
    let equals = select(vec!["=", " = ", "\t=\t", "  ="]);
    let value = prop_oneof![
        3 => select(vec!["", " ", "# note", " ; note", " \t# note"]),
        5 => select(vec!["v", "eu-west-1", "a = b", "v # note", "v# kept", "v\u{a0}; note", "\u{1f431}", "v ", "=", "#"]),
    ];
    let nested = prop::collection::vec(
        (
            select(vec![" ", "\t", "  \t"]),
            select(vec!["endpoint_url = u", "Endpoint_url=w", "region = r # kept", "a b = c", "region="]),
            select(vec!["", "", "", "\n", "\n# note", "\n \t"]),
        ),
        0..3,
    );
    let plain_continuation = prop::option::weighted(0.3, select(vec![" more", "\t# kept", " a # = b", "  \u{a0}"]));
    (key, equals, value, nested, plain_continuation).prop_map(|(key, equals, value, nested, plain)| {
        let mut text = format!("{key}{equals}{value}\n");
        for (indent, line, behind) in nested {
            text.extend([indent, line, behind, "\n"]);
        }
        // Below a property without a value this would be a mistake; those come from elsewhere.
        let has_value = !matches!(value.trim_matches([' ', '\t']).chars().next(), None | Some('#' | ';'));
        if let Some(line) = plain.filter(|_| has_value) {
            text.extend([line, "\n"]);
        }
        text
    })
}

/// A line that's a mistake in most places, or looks like one.
fn odd_line() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "",
            " ",
            "\t",
            "#",
            ";",
            "\r",
            "\u{a0}",
            "\u{b}",
            "\u{feff}",
            "=",
            " = v",
            " =",
            "= v",
            "k",
            " k",
            "k =",
            "[",
            "]",
            "[a",
            "[a] b",
            "[a]]",
            "[[a]]",
            "[a#]",
            " [a]",
            "[a]#b",
            "k # = v",
            "k\u{a0}#=v",
            " # note",
            "[]",
        ])
        .prop_map(str::to_owned),
        "[\\[\\]=#; \t\rak\u{a0}]{0,12}",
    ]
}

proptest! {
    #![proptest_config(Config { cases: 2048, failure_persistence: None, ..Config::default() })]

    #[test]
    fn both_read_generated_files_alike(config in file(), credentials in file()) {
        assert_agreement(&config, &credentials);
    }

    #[test]
    fn both_read_scribbles_alike(
        config in "(\\[default\\]\n|\\[profile a\\]\n)?[\\[\\]=#; \t\r\nak\u{a0}\u{feff}]{0,40}",
        credentials in "(\\[a\\]\n)?([\\[\\]=#; \t\r\nak]{0,20}|\\PC{0,20})",
    ) {
        assert_agreement(&config, &credentials);
    }
}

#[test]
fn the_generated_files_are_of_every_sort() {
    let mut runner = TestRunner::deterministic();
    let cases = 1000;
    let mut seen = Vec::new();
    for _ in 0..cases {
        let [config, credentials] = [(); 2].map(|()| file().new_tree(&mut runner).expect("a file").current());
        seen.extend(assert_agreement(&config, &credentials));
    }
    let count = |wanted| seen.iter().filter(|seen| **seen == wanted).count();
    let refused = count(Trait::Refused);
    assert!((cases / 10..cases / 2).contains(&refused), "{refused} of {cases} are refused");
    for wanted in
        [Trait::SeveralProfiles, Trait::SsoSession, Trait::SubProperty, Trait::Continuation, Trait::ProfileInBothFiles]
    {
        let count = count(wanted);
        assert!(count > cases / 20, "{count} of {cases} have {wanted:?}");
    }
}
