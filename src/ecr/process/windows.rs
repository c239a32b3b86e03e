//! Shells and processes of Windows.

use tokio::process::{Child, Command};

/// The command, run by the shell. `cmd.exe` has its own rules for quotes: it gets the command as it
/// is, in one more pair of quotes.
pub(super) fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd.exe");
    shell.arg("/C").raw_arg(format!("\"{command}\""));
    shell
}

/// Kills a process, without those that it started.
pub(super) fn kill(child: &mut Child) {
    // It may have ended already.
    child.start_kill().ok();
}
