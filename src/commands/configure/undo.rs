//! `--undo`: what `configure` did is taken back.
//!
//! Where nothing else has changed since, the file gets the bytes back that it had. Otherwise only the entries of this
//! helper go, or get the helper back that `--replace` took, and what others wrote stays.

use super::backup::{Backup, Backups, Before};
use super::change::{Change, shown_path};
use super::{Arguments, Stop, client_file, make, selection, system_wide};
use crate::clients::{self, Document, OWN_NAME};
use crate::config;
use crate::env::Env;
use crate::fs::{Access, UserFile};
use crate::paths;
use crate::world::{Status, World};

pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Result<Status, Stop> {
    let kinds = arguments.kinds()?;
    let hosts = selection::hosts_to_undo(arguments, world)?;
    let (mut changes, mut notes) = (Vec::new(), Vec::new());
    if arguments.system_wide {
        changes.push(system_wide::undo(world.env)?);
    } else {
        for (path, _) in client_file::files(&kinds, world.env)? {
            let (file, document) = clients::read(&path)?;
            if file.contents().is_some() {
                let path = shown_path(&path, world.env);
                let kept = kept(&file, &document, &hosts);
                notes.extend(kept.iter().map(|host| format!("{path}: {host} had this helper before")));
                changes.push(revert(file, &document, &hosts));
            }
        }
        // After the clients, which need the fallback as long as they ask for it.
        changes.extend(if hosts.is_empty() { fallback(world.env)? } else { None });
    }
    let open: Vec<_> = changes.into_iter().filter(Change::is_open).collect();
    if open.is_empty() {
        notes.push("Nothing to undo.".to_owned());
    }
    make(&open, &notes, arguments, world)
}

/// Those of the hosts that had this helper before `configure` changed the file, and keep it.
fn kept<'a>(file: &UserFile, document: &Document, hosts: &'a [String]) -> Vec<&'a String> {
    let backups = Backups::of(file.path());
    let is_kept = |host: &&String| {
        let is_ours = document.helper(host).as_deref() == Some(OWN_NAME);
        is_ours && backups.helper_before(host) == Before::WasUs
    };
    hosts.iter().filter(is_kept).collect()
}

/// The change that takes back what was done for these hosts; for all if there are none.
fn revert(file: UserFile, document: &Document, hosts: &[String]) -> Change {
    let backups = Backups::of(file.path());
    let is_meant = |host: &str| hosts.is_empty() || hosts.iter().any(|meant| meant == host);
    let mut after = document.clone();
    let ours = document.helpers().into_iter().filter(|helper| helper.program == OWN_NAME);
    for key in ours.map(|helper| helper.key).filter(|key| is_meant(key)) {
        after = match backups.helper_before(&key) {
            Before::Was(Some(helper)) => after.with_helper(&key, &helper),
            Before::Was(None) | Before::Unknown => after.without_helper(&key),
            Before::WasUs => after,
        };
    }
    if hosts.is_empty() && document.store().as_deref() == Some(OWN_NAME) {
        after = match backups.store_before() {
            Before::Was(Some(helper)) => after.with_store(&helper),
            Before::Was(None) | Before::Unknown => after.without_store(),
            Before::WasUs => after,
        };
    }
    let is_changed = after.text() != document.text();
    if is_changed && !backups.have_helpers() {
        after = after.without_empty_helpers();
    }
    // The bytes that were there, if nobody has changed anything else.
    if let Some(backup) = backups.copies.iter().rev().find(|backup| was(backup, &after, &is_meant)) {
        let same =
            backups.copies.iter().filter(|copy| copy.text == backup.text).map(|copy| copy.path.clone()).collect();
        let mut change = Change::of_json(file, backup.text.clone());
        change.obsolete = same;
        return change;
    }
    let as_it_is = || file.contents().map(|contents| String::from_utf8_lossy(contents).into_owned());
    let text = if is_changed { Some(after.text().to_owned()) } else { as_it_is() };
    Change::of_json(file, text)
}

/// Whether a copy says what the file says now, but for logins of ECR that were removed.
fn was(backup: &Backup, after: &Document, is_meant: &impl Fn(&str) -> bool) -> bool {
    let Some(document) = &backup.document else { return false };
    let left = after.logins();
    let mut without_removed = document.clone();
    for login in document.logins() {
        let is_left = left.iter().any(|other| other.key == login.key);
        let is_ours = login.has_secret && login.host.as_deref().is_some_and(is_meant);
        if is_ours && !is_left {
            without_removed = without_removed.without_login(&login.key);
        }
    }
    without_removed.says_the_same_as(after)
}

/// The change that removes the fallback which `--store` added to our configuration file, if it did.
fn fallback(env: &Env) -> Result<Option<Change>, Stop> {
    let Some(path) = paths::config_file(env) else { return Ok(None) };
    let file = UserFile::read(&path, config::LONGEST_FILE)?;
    let Some(text) = file.contents().and_then(|contents| String::from_utf8(contents.to_vec()).ok()) else {
        return Ok(None);
    };
    let Some((helper, without)) = config::without_fallback(&text) else { return Ok(None) };
    let backups = Backups::of(&path);
    let was = |backup: &&Backup| {
        let before = backup.text.as_deref().unwrap_or_default();
        config::with_fallback(before, &path, &helper).is_ok_and(|with| with == text)
    };
    Ok(Some(match backups.copies.iter().find(was) {
        Some(backup) => {
            let mut change = Change::of_toml(file, backup.text.clone(), Access::Owner);
            change.obsolete.push(backup.path.clone());
            change
        }
        None => Change::of_toml(file, (!without.trim().is_empty()).then_some(without), Access::Owner),
    }))
}
