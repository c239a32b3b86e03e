//! `configure`: makes registry clients use this helper, and `configure --undo`, which makes them forget it.
//!
//! Each change is shown before it is made, with the secrets of others hidden, and a person is asked. What is in the way is
//! a reason to refuse: a file that its client can't read either, the helper of another program, a program that clients
//! wouldn't find.
//!
//! Leaves out: where the files are and how they are edited (`clients`), and how one is replaced (`fs`).

mod ask;
mod backup;
mod change;
mod client_file;
mod diff;
mod kubelet;
mod program;
mod selection;
mod system_wide;
#[cfg(all(test, unix))]
mod tests;
mod undo;

use std::io;

use clap::ValueEnum;

use self::change::{Change, shown_path};
use super::Done;
use super::output::Style;
use crate::clients::{Client, ClientFile, ClientFileError};
use crate::config::{ConfigError, FallbackEntryError};
use crate::fs::PathError;
use crate::redact::clean_line;
use crate::world::{Status, World};

/// The arguments of `configure`.
#[derive(clap::Args)]
#[command(after_help = "Clients: docker, podman, helm, buildah, skopeo, nerdctl, all")]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a command line")]
pub(super) struct Arguments {
    /// Registries, such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Add ECR Public: public.ecr.aws
    #[arg(long)]
    public: bool,
    /// Add the registries of accounts, in each --region
    #[arg(long = "account", value_name = "ID", num_args = 1.., value_delimiter = ',', requires = "regions")]
    accounts: Vec<String>,
    /// The regions of each --account
    #[arg(long = "region", value_name = "REGION", num_args = 1.., value_delimiter = ',', requires = "accounts")]
    regions: Vec<String>,
    /// Choose among the registries of your AWS profiles
    #[arg(long)]
    from_aws_config: bool,
    /// Add the hosts that the configuration file names
    #[arg(long)]
    all_hosts: bool,
    /// Serve all registries, as the client's credsStore
    #[arg(long)]
    store: bool,
    /// Configure these clients instead of Docker
    #[arg(long = "client", value_name = "CLIENT", value_delimiter = ',', hide_possible_values = true)]
    clients: Vec<ClientName>,
    /// Serve all registries, for Podman of all users
    #[arg(long, conflicts_with = "store")]
    system_wide: bool,
    /// Take the place of other helpers
    #[arg(long)]
    replace: bool,
    /// Show the change, and don't make it
    #[arg(long)]
    dry_run: bool,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Undo it, for these registries or for all
    #[arg(long, conflicts_with_all = ["replace", "store"])]
    undo: bool,
    #[command(subcommand)]
    other: Option<Other>,
}

/// What asks for passwords besides the clients.
#[derive(clap::Subcommand)]
enum Other {
    /// Make the kubelet of this node use this program
    Kubelet(kubelet::KubeletArguments),
}

/// What `--client` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClientName {
    Docker,
    Podman,
    Helm,
    Buildah,
    Skopeo,
    Nerdctl,
    All,
}

/// Why a command ends early.
#[derive(Debug)]
enum Stop {
    /// The arguments can't be meant: what is wrong, and a valid form.
    Usage(String, &'static str),
    /// Something is in the way.
    Refused(String),
    /// The streams fail.
    Io(io::Error),
}

#[cold]
pub(super) fn run(arguments: &Arguments, world: &mut World<'_>) -> Done {
    let ended = match &arguments.other {
        Some(Other::Kubelet(arguments)) => kubelet::run(arguments, world),
        None if arguments.undo => undo::run(arguments, world),
        None => configure(arguments, world),
    };
    match ended {
        Ok(status) => Ok(status),
        Err(Stop::Usage(problem, valid)) => {
            let problem = clean_line(&problem);
            let text = format!("error: {problem}\n\nUsage: {PROGRAM} {valid}\n\nFor more information, try '--help'.\n");
            let _ = world.stderr.write_all(text.as_bytes());
            Ok(Status::WrongUsage)
        }
        Err(Stop::Refused(reason)) => {
            world.complain(&format!("ecr-login: {}", clean_line(&reason)));
            Ok(Status::Failure)
        }
        Err(Stop::Io(error)) => Err(error),
    }
}

const PROGRAM: &str = "docker-credential-ecr-login";

/// A registry, for messages.
const EXAMPLE: &str = "configure 123456789012.dkr.ecr.eu-west-1.amazonaws.com";

fn configure(arguments: &Arguments, world: &mut World<'_>) -> Result<Status, Stop> {
    let kinds = arguments.kinds()?;
    let hosts = selection::hosts(arguments, world)?;
    if hosts.is_empty() && !arguments.store && !arguments.system_wide {
        return Err(Stop::Usage("no registry was named".to_owned(), EXAMPLE));
    }
    program::check(world)?;
    let mut notes = Vec::new();
    let changes = if arguments.system_wide {
        let other = system_wide::replaced_by(world.env)?.map(|other| shown_path(&other, world.env));
        notes.extend(other.map(|other| format!("{other}: replaces the helpers of the system for you")));
        vec![system_wide::plan(world.env)?]
    } else {
        client_file::plan(&client_file::Wanted { hosts: &hosts, kinds: &kinds, arguments }, world)?
    };
    let (open, done): (Vec<_>, Vec<_>) = changes.into_iter().partition(Change::is_open);
    notes.extend(done.iter().map(|change| format!("{}: nothing to change", change.shown_path(world.env))));
    make(&open, &notes, arguments, world)
}

/// Shows the notes and the changes, asks, and makes the changes.
fn make(changes: &[Change], notes: &[String], arguments: &Arguments, world: &mut World<'_>) -> Result<Status, Stop> {
    let is_made = !changes.is_empty() && !arguments.dry_run;
    if is_made {
        ask::check(arguments, world)?;
    }
    let style = Style::of_stdout(world.env, (world.screen)());
    for note in notes {
        writeln!(world.stdout, "{note}")?;
    }
    for change in changes {
        world.stdout.write_all(diff::show(change, world.env, style).as_bytes())?;
    }
    if is_made {
        let question = if changes.len() == 1 { "Make this change?" } else { "Make these changes?" };
        if !arguments.yes && !ask::confirm(world, question)? {
            writeln!(world.stdout, "Nothing was changed.")?;
            return Ok(Status::Failure);
        }
        for change in changes {
            let said = change.make(world.env)?;
            writeln!(world.stdout, "{said}")?;
        }
    }
    world.stdout.flush()?;
    Ok(Status::Success)
}

impl Arguments {
    /// The kinds of files to change.
    fn kinds(&self) -> Result<Vec<ClientFile>, Stop> {
        let named: Vec<Client> = self.clients.iter().copied().flat_map(ClientName::clients).collect();
        if self.system_wide {
            return match named.iter().find(|client| client.file() != ClientFile::Containers) {
                Some(client) if !self.clients.contains(&ClientName::All) => Err(Stop::Usage(
                    format!("{} has no --system-wide settings; only Podman, Buildah and Skopeo do", client.as_str()),
                    "configure --system-wide",
                )),
                _ => Ok(vec![ClientFile::Containers]),
            };
        }
        if self.store && !named.is_empty() && !named.iter().any(|client| client.file().has_store()) {
            return Err(Stop::Usage(
                format!("{} has no credsStore; name its registries, or use --system-wide", named[0].as_str()),
                "configure --system-wide",
            ));
        }
        if named.is_empty() {
            return Ok(if self.undo { ClientFile::ALL.to_vec() } else { vec![ClientFile::Docker] });
        }
        let is_named = |kind: &ClientFile| named.iter().any(|client| client.file() == *kind);
        Ok(ClientFile::ALL.into_iter().filter(is_named).filter(|kind| !self.store || kind.has_store()).collect())
    }
}

impl ClientName {
    fn clients(self) -> Vec<Client> {
        match self {
            Self::Docker => vec![Client::Docker],
            Self::Podman => vec![Client::Podman],
            Self::Helm => vec![Client::Helm],
            Self::Buildah => vec![Client::Buildah],
            Self::Skopeo => vec![Client::Skopeo],
            Self::Nerdctl => vec![Client::Nerdctl],
            Self::All => Client::ALL.to_vec(),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<PathError> for Stop {
    fn from(error: PathError) -> Self {
        Self::Refused(format!("{error}: {}", error.source))
    }
}

impl From<ClientFileError> for Stop {
    fn from(error: ClientFileError) -> Self {
        match error {
            ClientFileError::Unreadable(error) => error.into(),
            ClientFileError::Malformed { .. } => Self::Refused(error.to_string()),
        }
    }
}

impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable(error) => error.into(),
            ConfigError::Missing(_) | ConfigError::NotUtf8(_) | ConfigError::Invalid { .. } => {
                Self::Refused(error.to_string())
            }
        }
    }
}

impl From<FallbackEntryError> for Stop {
    fn from(error: FallbackEntryError) -> Self {
        match error {
            FallbackEntryError::Invalid(error) => error.into(),
            FallbackEntryError::Taken { .. } | FallbackEntryError::Unsuitable { .. } => {
                Self::Refused(error.to_string())
            }
        }
    }
}
