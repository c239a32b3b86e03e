//! What is changed in the files of clients so that they use this helper.

use std::path::PathBuf;

use super::backup::{Backups, Before};
use super::change::{Change, shown_path};
use super::{Arguments, Stop, ask};
use crate::clients::{self, ClientFile, Document, OWN_NAME, file_of, files_read};
use crate::config;
use crate::env::Env;
use crate::fs::{Access, UserFile};
use crate::paths;
use crate::redact::one_line;
use crate::world::World;

/// What clients shall do.
pub(super) struct Wanted<'a> {
    /// The registries to use this helper for.
    pub(super) hosts: &'a [String],
    /// The clients, by their files.
    pub(super) kinds: &'a [ClientFile],
    pub(super) arguments: &'a Arguments,
}

/// A file of a client as it is.
struct Found {
    file: UserFile,
    document: Document,
    /// Whether helpers are named in it. In others, logins may be in the way.
    is_written: bool,
    /// The logins in it that the helper makes useless.
    stale_logins: Vec<String>,
}

/// The changes, in the order in which they are made.
/// Error: something is in the way.
pub(super) fn plan(wanted: &Wanted<'_>, world: &mut World<'_>) -> Result<Vec<Change>, Stop> {
    let mut found = Vec::new();
    for (path, is_written) in files(wanted.kinds, world.env)? {
        let (file, document) = clients::read(&path)?;
        if !is_written && file.contents().is_none() {
            continue;
        }
        file.check_creatable()?;
        let stale_logins = wanted.stale_logins(&document);
        found.push(Found { file, document, is_written, stale_logins });
    }
    if !wanted.arguments.replace {
        refuse_to_replace(wanted, &found, world.env)?;
    }
    if ask::is_asked(wanted.arguments, world) && !confirm_removal(&found, world)? {
        for found in &mut found {
            found.stale_logins.clear();
        }
    }
    let fallback = if wanted.arguments.store { fallback(&found, world.env)? } else { None };
    let changes = found.into_iter().filter_map(|found| found.change(wanted));
    Ok(fallback.into_iter().chain(changes).collect())
}

/// The files that the clients read for a registry up to the one that is written, and whether they are that one.
pub(super) fn files(kinds: &[ClientFile], env: &Env) -> Result<Vec<(PathBuf, bool)>, Stop> {
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for &kind in kinds {
        let Some(own) = file_of(env, kind) else {
            return Err(Stop::Refused("the home directory is not known; set HOME".to_owned()));
        };
        let before = files_read(env, kind).into_iter().take_while(|path| *path != own);
        for (path, is_written) in before.map(|path| (path, false)).chain([(own.clone(), true)]) {
            match files.iter_mut().find(|(earlier, _)| *earlier == path) {
                Some((_, is_written_too)) => *is_written_too |= is_written,
                None => files.push((path, is_written)),
            }
        }
    }
    Ok(files)
}

impl Wanted<'_> {
    fn stale_logins(&self, document: &Document) -> Vec<String> {
        let is_served = |login: &clients::Login| {
            let is_named = login.host.as_ref().is_some_and(|host| self.hosts.contains(host));
            is_named || self.arguments.store && login.is_of_ecr()
        };
        document
            .logins()
            .into_iter()
            .filter(|login| login.has_secret && is_served(login))
            .map(|login| login.key)
            .collect()
    }
}

/// Helpers of other programs stay.
fn refuse_to_replace(wanted: &Wanted<'_>, found: &[Found], env: &Env) -> Result<(), Stop> {
    if wanted.arguments.store {
        return Ok(());
    }
    for found in found.iter().filter(|found| found.is_written) {
        for host in wanted.hosts {
            if let Some(helper) = found.document.helper(host).filter(|helper| helper != OWN_NAME) {
                let path = shown_path(found.file.path(), env);
                return Err(Stop::Refused(format!(
                    "{path} has the helper `{}` for {host}; add --replace to take its place",
                    one_line(&helper)
                )));
            }
        }
    }
    Ok(())
}

/// Shows the logins that the helper makes useless, and asks whether to remove them.
fn confirm_removal(found: &[Found], world: &mut World<'_>) -> Result<bool, Stop> {
    let stale: Vec<_> = found
        .iter()
        .flat_map(|found| {
            found.stale_logins.iter().map(|key| (shown_path(found.file.path(), world.env), one_line(key)))
        })
        .collect();
    if stale.is_empty() {
        return Ok(true);
    }
    writeln!(world.stdout, "Logins that the helper makes useless, and that expire after 12 hours:")?;
    for (path, key) in &stale {
        writeln!(world.stdout, "  {key} in {path}")?;
    }
    Ok(ask::confirm(world, if stale.len() == 1 { "Remove it?" } else { "Remove them?" })?)
}

/// The change of our configuration file that keeps the helper which clients have for all registries.
fn fallback(found: &[Found], env: &Env) -> Result<Option<Change>, Stop> {
    let stores = found.iter().filter(|found| found.is_written).filter_map(|found| found.document.store());
    let stores: Vec<_> = stores.filter(|store| store != OWN_NAME).collect();
    if stores.is_empty() {
        return Ok(None);
    }
    let missing = || {
        let names = one_line(&stores.join(", "));
        Stop::Refused(format!(
            "there is no place for a configuration file, to keep the helper `{names}` as fallback in"
        ))
    };
    let path = paths::config_file(env).ok_or_else(missing)?;
    let file = UserFile::read(&path, config::LONGEST_FILE)?;
    let text = String::from_utf8(file.contents().unwrap_or_default().to_vec());
    let mut text = text.map_err(|_| Stop::from(config::ConfigError::NotUtf8(path.clone())))?;
    for store in &stores {
        text = config::with_fallback(&text, &path, store)?;
    }
    let backups = Backups::of(&path);
    let is_first = backups.copies.is_empty() && file.contents().is_some();
    let mut change = Change::of_toml(file, Some(text), Access::Owner);
    change.backup = is_first.then_some(backups.next);
    Ok(Some(change))
}

impl Found {
    /// The change; `None` if it is a file that isn't written, and has nothing to remove.
    fn change(self, wanted: &Wanted<'_>) -> Option<Change> {
        if !self.is_written && self.stale_logins.is_empty() {
            return None;
        }
        let backups = Backups::of(self.file.path());
        let mut after = self.document.clone();
        let mut is_new_loss = backups.copies.is_empty();
        if self.is_written && wanted.arguments.store {
            let before = self.document.store();
            if before.as_deref() != Some(OWN_NAME) {
                after = after.with_store(OWN_NAME);
                is_new_loss |= backups.store_before() != Before::Was(before);
            }
        } else if self.is_written {
            for host in wanted.hosts {
                let before = self.document.helper(host);
                if before.as_deref() != Some(OWN_NAME) {
                    after = after.with_helper(host, OWN_NAME);
                    is_new_loss |= backups.helper_before(host) != Before::Was(before);
                }
            }
        }
        for key in &self.stale_logins {
            after = after.without_login(key);
            is_new_loss |= !backups.have_login(key);
        }
        // A new file is no change if nothing goes into it.
        let is_changed = after.text() != self.document.text();
        let as_it_is = || self.file.contents().and_then(|contents| String::from_utf8(contents.to_vec()).ok());
        let text = if is_changed { Some(after.text().to_owned()) } else { as_it_is() };
        let backup = is_new_loss.then_some(backups.next);
        let mut change = Change::of_json(self.file, text);
        change.backup = backup;
        Some(change)
    }
}
