//! One JSON file of a client: Docker's, Podman's or Helm's.

use std::path::{Path, PathBuf};

use super::{Found, NAME, configure};
use crate::child;
use crate::clients::{self, ClientFile, ClientFileError, Document, Helper, Login, Malformed, OWN_NAME};
use crate::commands::doctor::check::{Check, Remedy};
use crate::commands::doctor::remedy::edit;
use crate::commands::doctor::text::{Kind, Text};
use crate::env::names;
use crate::fs::PathError;

/// What clients put before the name of a helper.
const PREFIX: &str = "docker-credential-";

impl Found<'_> {
    /// Looks at a file.
    pub(super) fn file(&mut self, path: &Path, kind: ClientFile) {
        let document = match clients::read(path) {
            Ok((_, document)) => document,
            Err(error) => {
                self.has_unusable = true;
                return self.checks.push(unusable(path, &error));
            }
        };
        let mut helpers = document.helpers();
        // A pattern becomes a host only if no other key does.
        helpers.sort_by_key(|helper| is_pattern(&helper.key));
        for helper in helpers {
            let check = self.helper(path, kind, &document, &helper);
            self.checks.extend(check);
        }
        for login in document.logins().iter().filter(|login| login.has_secret) {
            let check = self.login(path, kind, login);
            self.checks.extend(check);
        }
        if let Some(store) = document.store().filter(|_| kind.has_store()) {
            let check = self.store(path, &store);
            self.checks.extend(check);
        }
    }

    /// An entry of `credHelpers`: its key is compared with the host of an image, and nothing else.
    fn helper(&mut self, path: &Path, kind: ClientFile, document: &Document, helper: &Helper) -> Option<Check> {
        let Helper { key, program } = helper;
        let host = self.ecr_host(key);
        let entry = || Text::new("").path(path).then(": ");
        if program == OWN_NAME {
            let is_glob = is_pattern(key);
            let meant = if is_glob { self.wanted.iter().find(|host| is_like(key, host)).cloned() } else { host };
            if meant.as_ref() == Some(key) {
                self.hosts.push((key.clone(), path.to_owned()));
                return None;
            }
            // Another host may be one that a fallback answers for.
            if !meant.as_deref().map_or(is_glob && !self.is_one, |host| self.matters(host)) {
                return None;
            }
            let what = entry().then("the key ").quoted(Kind::Host, key).then(if is_glob {
                " of `credHelpers` is a pattern, which no client knows"
            } else {
                " of `credHelpers` isn't a bare host name, so it never applies"
            });
            let remedy = match meant {
                Some(host) if document.helper(&host).is_none() && !self.renamed.contains(&host) => {
                    let remedy = rewritten(path, document, helper, &host, OWN_NAME);
                    self.renamed.push(host);
                    remedy
                }
                Some(_) | None => removed(path, document, helper),
            };
            return Some(Check::bad(NAME, what, remedy));
        }
        let host = host.filter(|host| self.matters(host))?;
        self.renamed.push(host.clone());
        let (what, host) = (entry(), Text::new("").name(Kind::Host, &host));
        if program.strip_prefix(PREFIX) == Some(OWN_NAME) {
            let what =
                what.then("the helper of ").text(host).then(format!(" must be `{OWN_NAME}`, without `{PREFIX}`"));
            return Some(Check::bad(NAME, what, rewritten(path, document, helper, key, OWN_NAME)));
        }
        let what = what.quoted(Kind::Other, program).then(" is the helper of ").text(host);
        let remedy = configure(Some(key), client_of(kind), " --replace");
        // Nobody has said that this registry should have ours.
        let is_wanted = self.wanted.contains(key);
        Some(if is_wanted { Check::bad(NAME, what, remedy) } else { Check::warning(NAME, what, remedy) })
    }

    /// A password of a login, which is good for 12 hours. Some clients use it before they ask a helper.
    fn login(&self, path: &Path, kind: ClientFile, login: &Login) -> Option<Check> {
        let host = self.ecr_host(&login.key)?;
        // A registry that this file has no helper for may be meant to have a login.
        let is_served = self.wanted.contains(&host) || self.hosts.iter().any(|(named, _)| *named == host);
        if !is_served {
            return None;
        }
        let what = Text::new("").path(path).then(": `auths` has an old password for ").name(Kind::Host, &host);
        Some(Check::warning(NAME, what, configure(Some(&host), client_of(kind), "")))
    }

    /// The helper of all other hosts.
    fn store(&mut self, path: &Path, store: &str) -> Option<Check> {
        if store == OWN_NAME {
            self.all_hosts.get_or_insert_with(|| path.to_owned());
            return None;
        }
        let directories = self.env.path(names::PATH);
        child::find(&format!("{PREFIX}{store}"), directories.as_deref().map(Path::as_os_str)).is_none().then(|| {
            let what = Text::new("").path(path).then(": the program of `credsStore`, ");
            let what = what.quoted(Kind::Other, format!("{PREFIX}{store}")).then(", isn't on the `PATH`");
            let command = Text::new("sed -i.bak 's/\"credsStore\"/\"credsStore-off\"/' ").path_argument(&target(path));
            Check::warning(NAME, what, Remedy::run(command))
        })
    }
}

/// The client that has a file of this kind, unless it is the usual one.
fn client_of(kind: ClientFile) -> Option<&'static str> {
    match kind {
        ClientFile::Docker => None,
        ClientFile::Containers => Some("podman"),
        ClientFile::Helm => Some("helm"),
    }
}

fn is_pattern(key: &str) -> bool {
    key.contains(['*', '?'])
}

/// Whether a pattern, as people write them, would match a host.
fn is_like(pattern: &str, host: &str) -> bool {
    crate::rules::Pattern::parse(pattern).is_ok_and(|pattern| pattern.matches(host, None))
}

fn unusable(path: &Path, error: &ClientFileError) -> Check {
    match error {
        ClientFileError::Unreadable(PathError { source, .. }) => {
            let what = Text::new("").path(path).then(": ").then(source.to_string());
            let what = Text::new("can't read ").text(what);
            let remedy = Text::new("sudo chown \"$(id -un)\" ").path_argument(path);
            Check::bad(NAME, what, Remedy::run(remedy))
        }
        ClientFileError::Malformed { path, problem } => {
            let what = Text::new("").path(path).then(" can't be used: ").either(problem.to_string(), "it is malformed");
            let remedy = match problem {
                Malformed::ByteOrderMark => {
                    Remedy::run(Text::new("sed -i.bak '1s/^\\xEF\\xBB\\xBF//' ").path_argument(&target(path)))
                }
                Malformed::Comment(position) | Malformed::Syntax(position, _) | Malformed::Type { position, .. } => {
                    edit(path, position.line)
                }
                Malformed::NotUtf8 => edit(path, 1),
            };
            Check::bad(NAME, what, remedy)
        }
    }
}

/// Whether an entry can be part of a command as it is.
fn is_plain(helper: &Helper) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/*?".contains(&byte);
    [&helper.key, &helper.program].iter().all(|text| text.bytes().all(is_plain))
        && std::env::consts::FAMILY != "windows"
}

/// Removes an entry of `credHelpers`, with the comma before or behind it.
fn removed(path: &Path, document: &Document, helper: &Helper) -> Remedy {
    if !is_plain(helper) {
        return edit(path, line_of(document, &helper.key));
    }
    let (key, program) = (&helper.key, &helper.program);
    let before = document.text().split(&format!("\"{key}\"")).next().unwrap_or_default();
    let (before, behind) = if before.trim_end().ends_with(',') { (",\\s*", "") } else { ("", "\\s*,?") };
    let script = Text::new(format!("perl -0pi.bak -e 's#{before}\"\\Q")).name(Kind::Host, key);
    let script = script.then(format!("\\E\"\\s*:\\s*\"{program}\"{behind}##' "));
    Remedy::run(script.path_argument(&target(path)))
}

/// Writes an entry of `credHelpers` as it must be.
fn rewritten(path: &Path, document: &Document, helper: &Helper, key: &str, program: &str) -> Remedy {
    if !is_plain(helper) {
        return edit(path, line_of(document, &helper.key));
    }
    let written = [&helper.key, &helper.program];
    let [old_key, old_program] = written.map(|text| text.replace('.', "\\.").replace('*', "\\*"));
    let (old_key, key) = (Text::new("").name(Kind::Host, old_key), Text::new("").name(Kind::Host, key));
    let blanks = "[[:space:]]*";
    let script = Text::new("sed -i.bak 's#\"").text(old_key).then(format!("\"{blanks}:{blanks}\"{old_program}\"#\""));
    Remedy::run(script.text(key).then(format!("\": \"{program}\"#' ")).path_argument(&target(path)))
}

/// The line that a key stands in.
fn line_of(document: &Document, key: &str) -> usize {
    let text = document.text();
    let quoted = format!("\"{key}\"");
    text.find(&quoted).map_or(1, |at| text[..at].matches('\n').count() + 1)
}

/// The file itself: replacing a link would leave it as it is.
fn target(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
