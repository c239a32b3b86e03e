//! A JSON file of a registry client, with the place of each key and value in its text.
//!
//! It is read as Go's `encoding/json` reads it, by which Docker, Podman, Helm and their relatives do: keys of the file
//! without regard to case, an object that is there twice as one, and of a key that is there twice the last value. Their
//! reader takes neither comments nor trailing commas nor a byte order mark, so a file with one is refused here too.
//!
//! Leaves out: which file a client reads (`places`), and how one is changed (`edit`).

use std::slice;

use super::syntax::{self, Kind, Malformed, Member, Node, position};
use crate::registry::Registry;
use crate::server_url::ServerUrl;

/// The key with the helper of each registry.
pub(crate) const HELPERS: &str = "credHelpers";

/// The key with the helper of all other registries.
pub(crate) const STORE: &str = "credsStore";

/// The key with the logins.
pub(crate) const LOGINS: &str = "auths";

/// What a login has, if it has a secret:
/// <https://github.com/docker/cli/blob/master/cli/config/types/authconfig.go>.
const SECRETS: [&str; 4] = ["auth", "password", "identitytoken", "registrytoken"];

/// The text of a file, and the tree in it.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    text: String,
    root: Node,
}

/// The helper of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Helper {
    /// As it is written, which Docker compares with the host of an image.
    pub(crate) key: String,
    /// The part of the program's name after `docker-credential-`.
    pub(crate) program: String,
}

/// An entry of `auths`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// As it is written.
    pub(crate) key: String,
    /// The host in it, in lower case; `None` if it isn't a server URL.
    pub(crate) host: Option<String>,
    /// Whether it has a password or a token. Docker leaves empty entries behind for logins that a helper has.
    pub(crate) has_secret: bool,
}

impl Login {
    /// Whether it is for a registry of ECR, by its own name.
    pub(crate) fn is_of_ecr(&self) -> bool {
        self.host.as_deref().is_some_and(|host| Registry::parse(host).is_some())
    }
}

impl Document {
    /// Parses the bytes of a file.
    /// Error: the first thing in it that clients refuse.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::NotUtf8)?;
        Self::parse_text(text.to_owned())
    }

    pub(super) fn parse_text(text: String) -> Result<Self, Malformed> {
        let document = Self { root: syntax::parse(&text)?, text };
        document.check()?;
        Ok(document)
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The helpers of registries, each key once.
    pub(crate) fn helpers(&self) -> Vec<Helper> {
        let entry = |member: &Member| Some(Helper { key: member.key.clone(), program: self.string(&member.value)? });
        once(self.entries(HELPERS).filter_map(entry), |helper| &helper.key)
    }

    /// The helper of a registry.
    pub(crate) fn helper(&self, key: &str) -> Option<String> {
        let entries: Vec<_> = self.entries(HELPERS).filter(|member| member.key == key).collect();
        self.string(&entries.last()?.value)
    }

    /// Whether there is an object for helpers of registries, whatever is in it.
    pub(crate) fn has_helpers(&self) -> bool {
        self.members().any(|member| is_key(&member.key, HELPERS))
    }

    /// The helper of all other registries. The empty text is none.
    pub(crate) fn store(&self) -> Option<String> {
        let store = self.members().rfind(|member| is_key(&member.key, STORE))?;
        self.string(&store.value).filter(|store| !store.is_empty())
    }

    /// The logins, each key once.
    pub(crate) fn logins(&self) -> Vec<Login> {
        let entry = |member: &Member| Login {
            key: member.key.clone(),
            host: ServerUrl::parse(&member.key).map(|url| url.host().to_owned()),
            has_secret: members(&member.value).iter().any(|field| {
                let value = || self.string(&field.value);
                SECRETS.iter().any(|secret| is_key(&field.key, secret))
                    && value().is_some_and(|value| !value.is_empty())
            }),
        };
        once(self.entries(LOGINS).map(entry), |login| &login.key)
    }

    /// Whether two files say the same, in the same order.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        fn same(one: (&Document, &Node), other: (&Document, &Node)) -> bool {
            match (&one.1.kind, &other.1.kind) {
                (Kind::Object(ours), Kind::Object(theirs)) => {
                    ours.len() == theirs.len()
                        && ours.iter().zip(theirs).all(|(our, their)| {
                            our.key == their.key && same((one.0, &our.value), (other.0, &their.value))
                        })
                }
                (Kind::Array(ours), Kind::Array(theirs)) => {
                    ours.len() == theirs.len()
                        && ours.iter().zip(theirs).all(|(our, their)| same((one.0, our), (other.0, their)))
                }
                _ => one.0.text[one.1.range.clone()] == other.0.text[other.1.range.clone()],
            }
        }
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.telling().collect(), other.telling().collect());
        ours.len() == theirs.len()
            && ours
                .into_iter()
                .zip(theirs)
                .all(|(our, their)| our.key == their.key && same((self, &our.value), (other, &their.value)))
    }

    /// The members of the whole file, without those that could name helpers and name none.
    fn telling(&self) -> impl Iterator<Item = &Member> {
        self.members().filter(|member| !self.names_no_helper(member))
    }

    /// Whether a member of the file could name helpers, and names none: its value is empty or `null`.
    fn names_no_helper(&self, member: &Member) -> bool {
        let is_empty = ["{}", "null", "\"\""].contains(&&self.text[member.value.range.clone()])
            || matches!(&member.value.kind, Kind::Object(entries) if entries.is_empty());
        is_empty && [HELPERS, STORE].iter().any(|key| is_key(&member.key, key))
    }

    /// The members of the whole file.
    pub(super) fn members(&self) -> slice::Iter<'_, Member> {
        members(&self.root).iter()
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// The text in quotes, without them.
    pub(super) fn string(&self, node: &Node) -> Option<String> {
        let literal = matches!(node.kind, Kind::String).then(|| &self.text[node.range.clone()])?;
        serde_json::from_str(literal).ok()
    }

    /// The entries of every object of this name.
    fn entries<'d>(&'d self, name: &'static str) -> impl Iterator<Item = &'d Member> {
        self.members().filter(move |member| is_key(&member.key, name)).flat_map(|member| members(&member.value))
    }

    /// What clients look at must have the types that they expect.
    fn check(&self) -> Result<(), Malformed> {
        let wrong = |key: &str, expected, node: &Node| {
            Err(Malformed::Type { key: key.to_owned(), expected, position: position(&self.text, node.range.start) })
        };
        if !matches!(self.root.kind, Kind::Object(_)) {
            return wrong("the file", "an object", &self.root);
        }
        let is_text = |node: &Node| matches!(node.kind, Kind::String | Kind::Null);
        let is_object = |node: &Node| matches!(node.kind, Kind::Object(_) | Kind::Null);
        for member in self.members() {
            let value = &member.value;
            if is_key(&member.key, STORE) && !is_text(value) {
                return wrong(&member.key, "a string", value);
            }
            let (is_helpers, is_logins) = (is_key(&member.key, HELPERS), is_key(&member.key, LOGINS));
            if (is_helpers || is_logins) && !is_object(value) {
                return wrong(&member.key, "an object", value);
            }
            for entry in members(value) {
                if is_helpers && !is_text(&entry.value) {
                    return wrong(&entry.key, "a string", &entry.value);
                }
                if is_logins && !is_object(&entry.value) {
                    return wrong(&entry.key, "an object", &entry.value);
                }
            }
        }
        Ok(())
    }
}

/// Whether a key of the file is meant, as Go's reader compares them.
pub(super) fn is_key(written: &str, key: &str) -> bool {
    written.eq_ignore_ascii_case(key)
}

pub(super) fn members(node: &Node) -> &[Member] {
    match &node.kind {
        Kind::Object(members) => members,
        Kind::Array(_) | Kind::String | Kind::Null | Kind::NumberOrBoolean => &[],
    }
}

/// Of entries with the same key the last one, at the place of the first.
fn once<T>(entries: impl Iterator<Item = T>, key: impl Fn(&T) -> &str) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for entry in entries {
        match kept.iter_mut().find(|earlier| key(earlier) == key(&entry)) {
            Some(earlier) => *earlier = entry,
            None => kept.push(entry),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn parse(text: &str) -> Document {
        Document::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn helpers(text: &str) -> Vec<(String, String)> {
        parse(text).helpers().into_iter().map(|helper| (helper.key, helper.program)).collect()
    }

    #[test]
    fn helpers_store_and_logins_are_read_as_go_reads_them() {
        for (text, expected) in [
            (r"{}", &[][..]),
            (r#"{"credHelpers": null}"#, &[]),
            (r#"{"credHelpers": {}}"#, &[]),
            (r#"{"credHelpers": {"b": "2", "a": "1"}}"#, &[("b", "2"), ("a", "1")]),
            (r#"{"CREDHELPERS": {"A": "1"}}"#, &[("A", "1")]),
            (r#"{"credHelpers": {"a": "1", "a": "2"}}"#, &[("a", "2")]),
            (
                r#"{"credHelpers": {"a": "1", "b": "1"}, "x": {"credHelpers": {"c": "1"}}, "credhelpers": {"a": "2"}}"#,
                &[("a", "2"), ("b", "1")],
            ),
            (r#"{"credHelpers": {"\u0061": "ecr\u002dlogin"}}"#, &[("a", "ecr-login")]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(key, program)| ((*key).to_owned(), (*program).to_owned())).collect();
            assert_eq!(helpers(text), expected, "{text}");
        }
        for (text, store) in [
            (r"{}", None),
            (r#"{"credsStore": ""}"#, None),
            (r#"{"credsStore": null}"#, None),
            (r#"{"credsStore": "desktop"}"#, Some("desktop")),
            (r#"{"credsStore": "desktop", "CredsStore": "pass"}"#, Some("pass")),
        ] {
            assert_eq!(parse(text).store().as_deref(), store, "{text}");
        }
        assert_eq!(parse(r#"{"credHelpers": {"a": "1", "a": "2"}}"#).helper("a").as_deref(), Some("2"));
        assert_eq!(parse(r#"{"credHelpers": {"a": "1"}}"#).helper("A"), None);
    }

    #[test]
    fn a_login_has_a_host_and_says_whether_it_has_a_secret_but_not_which() {
        let text = format!(
            r#"{{"auths": {{"https://{HOST}/v2/": {{"auth": "aHVzaDpodXNo"}}, "{HOST}": {{}}, "ghcr.io": {{"identitytoken": "hush"}},
            "user@host": {{"Password": "hush"}}, "quay.io": {{"auth": "", "email": "me"}}, "docker.io": null}}}}"#
        );
        let logins = parse(&text).logins();
        let found: Vec<_> = logins.iter().map(|login| (&*login.key, login.host.as_deref(), login.has_secret)).collect();
        let url = format!("https://{HOST}/v2/");
        assert_eq!(
            found,
            [
                (&*url, Some(HOST), true),
                (HOST, Some(HOST), false),
                ("ghcr.io", Some("ghcr.io"), true),
                ("user@host", None, true),
                ("quay.io", Some("quay.io"), false),
                ("docker.io", Some("docker.io"), false),
            ]
        );
        assert_eq!(logins.iter().map(Login::is_of_ecr).collect::<Vec<_>>(), [true, true, false, false, false, false]);
        assert!(!format!("{logins:?}").contains("hush"));
    }

    #[test]
    fn what_clients_refuse_is_refused_with_its_place() {
        for (text, reason) in [
            ("\u{feff}{}", "it begins with a byte order mark, which registry clients refuse"),
            ("{\n  // mine\n}", "it has a comment at 2:3, which registry clients refuse"),
            ("{} /* mine */", "it has a comment at 1:4, which registry clients refuse"),
            ("{\n  \"\u{e4}\": 1, // mine\n}", "it has a comment at 2:11, which registry clients refuse"),
            ("{\"a\": 1,}", "it is not valid JSON at 1:9: key must be a string"),
            ("{'a': 1}", "it is not valid JSON at 1:2: key must be a string"),
            ("{\"a\": 1} {}", "it is not valid JSON at 1:10: trailing characters"),
            ("{\"a\": 1", "it is not valid JSON at 1:7: EOF while parsing an object"),
            (
                "{\"a\": \"\t\"}",
                "it is not valid JSON at 1:7: control character (\\u0000-\\u001F) found while parsing a string",
            ),
            ("", "it is not valid JSON at 1:0: EOF while parsing a value"),
            ("[]", "`the file` must be an object, at 1:1"),
            ("null", "`the file` must be an object, at 1:1"),
            ("{\n\"credHelpers\": []}", "`credHelpers` must be an object, at 2:16"),
            ("{\"credHelpers\": {\"a\": 1}}", "`a` must be a string, at 1:23"),
            ("{\"credsStore\": true}", "`credsStore` must be a string, at 1:16"),
            ("{\"auths\": {\"a\": \"hush\"}}", "`a` must be an object, at 1:17"),
        ] {
            assert_eq!(Document::parse(text.as_bytes()).expect_err(text).to_string(), reason, "{text}");
        }
        assert_eq!(Document::parse(b"{\"a\": \"\xff\"}").expect_err("not UTF-8"), Malformed::NotUtf8);
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Document::parse(deep.as_bytes()).expect_err("too deep").to_string().contains("nesting depth"));
    }

    #[test]
    fn files_say_the_same_whatever_their_blanks() {
        for (other, same) in [
            ("{\n\t\"a\":[1,{\"b\":\"c\"}]\n}\n", true),
            ("{\"a\":[1,{\"b\":\"d\"}]}", false),
            ("{\"a\":[1,{\"b\":\"c\"}],\"e\":1}", false),
            ("{\"a\":[{\"b\":\"c\"},1]}", false),
        ] {
            assert_eq!(parse(r#"{"a": [1, {"b": "c"}]}"#).says_the_same_as(&parse(other)), same, "{other}");
        }
    }
}
