//! `configure kubelet`: the files that make the kubelet of this node ask this program for the passwords of ECR, a drop-in
//! of its configuration and a link to this program for each entry in it.
//!
//! The drop-ins are those of `packaging/kubernetes`. Nothing of others is replaced: a file with other contents or another
//! program is a reason to refuse.
//!
//! Leaves out: the kubelet's own flags, which each distribution keeps elsewhere; they are shown.

use std::io;
use std::path::{Path, PathBuf};

use super::super::output::Style;
use super::change::{Change, shown_path};
use super::{PROGRAM, Stop, ask, diff, program};
use crate::child;
use crate::env::names;
use crate::fs::{self, Access, UserFile};
use crate::world::{Status, World};

/// The arguments of `configure kubelet`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a command line")]
pub(super) struct KubeletArguments {
    /// The kubelet's configuration of providers: a directory, or a file
    #[arg(long, value_name = "PATH", default_value = "/etc/kubernetes/credential-providers")]
    config: PathBuf,
    /// The directory of the providers
    #[arg(long, value_name = "DIR", default_value = "/usr/local/libexec/credential-providers")]
    bin_dir: PathBuf,
    /// Add an entry for the roles of service accounts
    #[arg(long)]
    service_accounts: bool,
    /// Show the change, and don't make it
    #[arg(long)]
    dry_run: bool,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Remove the entries
    #[arg(long)]
    undo: bool,
}

/// An entry of the kubelet's configuration.
struct Entry {
    /// The name of the program.
    name: &'static str,
    /// The drop-in.
    file: &'static str,
    text: &'static str,
}

const NODE: Entry = Entry {
    name: "ecr-credential-provider",
    file: "20-ecr-credential-provider.yaml",
    text: include_str!("../../../packaging/kubernetes/20-ecr-credential-provider.yaml"),
};
const SERVICE_ACCOUNTS: Entry = Entry {
    name: "ecr-credential-provider-pods",
    file: "10-ecr-credential-provider-pods.yaml",
    text: include_str!("../../../packaging/kubernetes/10-ecr-credential-provider-pods.yaml"),
};

/// The longest configuration that is compared with ours.
const LONGEST_FILE: usize = 1 << 20;

/// A link of one name of a provider to this program.
struct Link {
    place: PathBuf,
    program: PathBuf,
    /// Whether it is there already.
    exists: bool,
    /// Whether it is there as `configure` makes it, with an absolute path. A package's link is relative.
    is_own: bool,
}

impl Link {
    /// Error: another program has the name.
    fn at(place: PathBuf, program: &Path) -> Result<Self, Stop> {
        let exists = match place.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            _ if place.canonicalize().ok().zip(program.canonicalize().ok()).is_some_and(|(is, ours)| is == ours) => {
                true
            }
            _ => {
                let place = place.display();
                return Err(Stop::Refused(format!(
                    "`{place}` is another program; move it away, or name another --bin-dir"
                )));
            }
        };
        let is_own = exists && place.read_link().is_ok_and(|leads_to| leads_to.is_absolute());
        Ok(Self { place, program: program.to_owned(), exists, is_own })
    }
}

pub(super) fn run(arguments: &KubeletArguments, world: &mut World<'_>) -> Result<Status, Stop> {
    let KubeletArguments { config, bin_dir, service_accounts, undo, .. } = arguments;
    let is_file = config.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    if is_file && *service_accounts {
        let problem = "--service-accounts needs a directory as --config: each entry is a file of its own".to_owned();
        return Err(Stop::Usage(problem, "configure kubelet --service-accounts --config DIR"));
    }
    program::check(world)?;
    let path = world.env.path(names::PATH);
    let program = child::find(PROGRAM, path.as_deref().map(Path::as_os_str)).unwrap_or_default();
    let entries = if *service_accounts || *undo { vec![SERVICE_ACCOUNTS, NODE] } else { vec![NODE] };
    let (mut changes, mut links) = (Vec::new(), Vec::new());
    for Entry { name, file, text } in entries {
        let place = if is_file { config.clone() } else { config.join(file) };
        changes.push(change(&place, text, *undo)?);
        links.push(Link::at(bin_dir.join(name), &program)?);
    }
    changes.retain(Change::is_open);
    links.retain(|link| if *undo { link.is_own } else { !link.exists });
    if changes.is_empty() && links.is_empty() {
        writeln!(world.stdout, "Nothing to {}.", if *undo { "undo" } else { "change" })?;
        return Ok(Status::Success);
    }
    make(&changes, &links, arguments, world)
}

/// The change of one drop-in.
/// Error: there is a file with other contents.
fn change(place: &Path, text: &str, undo: bool) -> Result<Change, Stop> {
    let file = UserFile::read(place, LONGEST_FILE)?;
    let is_other = file.contents().is_some_and(|contents| contents != text.as_bytes());
    match (undo, is_other) {
        (false, true) => Err(Stop::Refused(format!(
            "`{}` has other contents; add the entry of packaging/kubernetes to it, or name another --config",
            place.display()
        ))),
        (true, true) => {
            let text = file.contents().map(|contents| String::from_utf8_lossy(contents).into_owned());
            Ok(Change::of_toml(file, text, Access::Everyone))
        }
        (false, false) => Ok(Change::of_toml(file, Some(text.to_owned()), Access::Everyone)),
        (true, false) => Ok(Change::of_toml(file, None, Access::Everyone)),
    }
}

/// Shows the changes, asks, and makes them: the links first, since a kubelet refuses an entry without its program.
fn make(
    changes: &[Change],
    links: &[Link],
    arguments: &KubeletArguments,
    world: &mut World<'_>,
) -> Result<Status, Stop> {
    let KubeletArguments { config, bin_dir, dry_run, yes, undo, .. } = arguments;
    if !yes && !dry_run && !(world.screen)().stdin {
        let problem = "configure asks before it changes a file, and stdin is not a terminal; add --yes, or --dry-run to \
                       see the change";
        return Err(Stop::Usage(problem.to_owned(), "configure kubelet --yes"));
    }
    let style = Style::of_stdout(world.env, (world.screen)());
    for Link { place, program, .. } in links {
        let (place, program) = (shown_path(place, world.env), shown_path(program, world.env));
        let sign = if *undo { '-' } else { '+' };
        writeln!(world.stdout, "{sign} {place} -> {program}")?;
    }
    for change in changes {
        world.stdout.write_all(diff::show(change, world.env, style).as_bytes())?;
    }
    if *dry_run {
        return Ok(Status::Success);
    }
    if !yes && !ask::confirm(world, "Make these changes?")? {
        writeln!(world.stdout, "Nothing was changed.")?;
        return Ok(Status::Failure);
    }
    if *undo {
        write_changes(changes, world)?;
    }
    for Link { place, program, .. } in links {
        let shown = shown_path(place, world.env);
        if *undo {
            fs::remove_link(place)?;
            writeln!(world.stdout, "Removed {shown}")?;
        } else {
            fs::link(program, place)?;
            writeln!(world.stdout, "Linked {shown}")?;
        }
    }
    if !*undo {
        write_changes(changes, world)?;
        writeln!(
            world.stdout,
            "Give the kubelet these flags and restart it:\n  --image-credential-provider-config={}\n  \
             --image-credential-provider-bin-dir={}",
            config.display(),
            bin_dir.display()
        )?;
    }
    world.stdout.flush()?;
    Ok(Status::Success)
}

fn write_changes(changes: &[Change], world: &mut World<'_>) -> Result<(), Stop> {
    for change in changes {
        let said = change.make(world.env)?;
        writeln!(world.stdout, "{said}")?;
    }
    Ok(())
}
