//! Services that pull images with helpers by settings of their own: GitLab Runner and Nomad.
//!
//! Their files are searched as text. GitLab Runner: `allowed_docker_credential_helpers` in
//! <https://docs.gitlab.com/runner/configuration/advanced-configuration/>. Nomad: `auth.helper` in
//! <https://developer.hashicorp.com/nomad/docs/deploy/task-driver/docker>.

use std::path::{Path, PathBuf};

use super::NAME;
use crate::clients::OWN_NAME;
use crate::commands::doctor::check::Check;
use crate::commands::doctor::remedy::edit;
use crate::commands::doctor::text::Text;
use crate::env::Env;
use crate::fs::{names_in, read_bounded};
use crate::paths;

/// The longest file that is read.
const LONGEST_FILE: usize = 1 << 20;

/// The key with the helpers that a job may name.
const ALLOWED: &str = "allowed_docker_credential_helpers";

/// Looks at both.
pub(super) fn look(env: &Env) -> Vec<Check> {
    let own = paths::home(env).map(|home| home.join(".gitlab-runner/config.toml"));
    let runner = [Some(PathBuf::from("/etc/gitlab-runner/config.toml")), own];
    let of_runner = runner.into_iter().flatten().filter_map(|file| gitlab(&file, &text(&file)?));
    let directory = Path::new("/etc/nomad.d");
    let nomad = names_in(directory).into_iter().map(|name| directory.join(name));
    let nomad = nomad.filter(|file| file.extension().is_some_and(|extension| extension == "hcl"));
    of_runner.chain(nomad.filter_map(|file| nomad_agent(&file, &text(&file)?))).collect()
}

/// A file that this user can read.
fn text(file: &Path) -> Option<String> {
    let contents = read_bounded(file, LONGEST_FILE).ok()??;
    Some(String::from_utf8_lossy(&contents).into_owned())
}

/// The lines of a file with their numbers, without those that are comments.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line.trim())).filter(|(_, line)| !line.starts_with('#'))
}

fn gitlab(file: &Path, text: &str) -> Option<Check> {
    let mut lines = lines(text).skip_while(|(_, line)| !line.contains(ALLOWED));
    let Some((number, first)) = lines.next() else {
        let uses_docker = self::lines(text).any(|(_, line)| line.starts_with("[runners.docker"));
        return uses_docker.then(|| {
            let what = Text::new("").path(file).then(format!(" has no `{ALLOWED}`, so jobs can't name this helper"));
            Check::skipped(NAME, what)
        });
    };
    // Up to the next table: the list may have a line for each entry.
    let rest = lines.map(|(_, line)| line).take_while(|line| !line.starts_with("[["));
    if [first].into_iter().chain(rest).any(|line| line.contains(OWN_NAME)) {
        return Some(Check::good(NAME, Text::new("").path(file).then(" allows jobs to name this helper")));
    }
    let what = Text::new("").path(file).then(format!(": `{ALLOWED}` doesn't have `{OWN_NAME}`, so jobs can't name it"));
    Some(Check::warning(NAME, what, edit(file, number)))
}

/// `helper = "NAME"` in the block `auth`.
fn nomad_agent(file: &Path, text: &str) -> Option<Check> {
    let (number, helper) = lines(text).find_map(|(number, line)| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().strip_prefix('"')?.split('"').next()?;
        (key.trim() == "helper" && value.contains(OWN_NAME)).then_some((number, value))
    })?;
    let what = Text::new("").path(file).then(if helper == OWN_NAME {
        ": with this helper as `auth.helper`, Nomad pulls no image from other registries; use `auth.config` instead"
    } else {
        ": `auth.helper` must be `ecr-login`, without `docker-credential-`"
    });
    Some(Check::warning(NAME, what, edit(file, number)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::Outcome;

    fn said(check: Option<Check>) -> Option<(Outcome, String)> {
        check.map(|check| (check.outcome, check.what.shown()))
    }

    #[test]
    fn gitlab_runner_lets_jobs_name_the_helpers_that_its_list_has() {
        let file = Path::new("/g");
        let said = |text: &str| said(gitlab(file, text));
        assert_eq!(said("[[runners]]\n  executor = \"shell\"\n"), None);
        assert_eq!(
            said("[[runners]]\n  [runners.docker]\n"),
            Some((Outcome::Skipped, format!("`/g` has no `{ALLOWED}`, so jobs can't name this helper")))
        );
        for list in ["[\"ecr-login\"]", "[\n\"ecr-login\",\n]", "{ \"*\" = [\"ecr-login\"] }"] {
            let text = format!("[[runners]]\n[runners.docker]\n{ALLOWED} = {list}\n");
            assert_eq!(said(&text).map(|(outcome, _)| outcome), Some(Outcome::Good), "{text}");
        }
        let text =
            format!("[runners.docker]\n# ecr-login\n{ALLOWED} = [\"gcloud\"]\n[[runners]]\nname = \"ecr-login\"\n");
        let what = format!("`/g`: `{ALLOWED}` doesn't have `ecr-login`, so jobs can't name it");
        assert_eq!(said(&text), Some((Outcome::Warning, what)));
    }

    #[test]
    fn nomad_wants_a_file_rather_than_the_helper() {
        let said = |text: &str| said(nomad_agent(Path::new("/n.hcl"), text)).map(|(_, what)| what);
        let block = |helper: &str| {
            format!("plugin \"docker\" {{\n  config {{\n    auth {{\n      helper = \"{helper}\"\n    }}\n")
        };
        assert_eq!(said(&block("pass")), None);
        assert_eq!(said("# helper = \"ecr-login\"\n"), None);
        let what = said(&block("ecr-login")).expect("a warning");
        assert!(what.ends_with("use `auth.config` instead"), "{what}");
        let what = said(&block("docker-credential-ecr-login")).expect("a warning");
        assert!(what.ends_with("must be `ecr-login`, without `docker-credential-`"), "{what}");
    }
}
