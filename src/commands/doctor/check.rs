//! One check: what was looked at, how it is, and what to do about it.

use super::text::Text;

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What was looked at, such as `cache`.
    pub(super) name: &'static str,
    /// The registry that it concerns; `None` if it concerns all of them.
    pub(super) host: Option<String>,
    pub(super) outcome: Outcome,
    /// What was found, in one line.
    pub(super) what: Text,
    pub(super) remedy: Option<Remedy>,
}

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Good,
    /// Pulls may work, but something should be put right.
    Warning,
    Bad,
    /// Not looked at, because something before it is bad, or there is no need to.
    Skipped,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// A command for a shell, which can be pasted as it is.
    Run(Text),
    /// Nothing that a command could do without knowing more.
    Advice(Text),
}

impl Check {
    pub(super) fn good(name: &'static str, what: impl Into<Text>) -> Self {
        Self { name, host: None, outcome: Outcome::Good, what: what.into(), remedy: None }
    }

    pub(super) fn warning(name: &'static str, what: impl Into<Text>, remedy: Remedy) -> Self {
        Self { name, host: None, outcome: Outcome::Warning, what: what.into(), remedy: Some(remedy) }
    }

    pub(super) fn bad(name: &'static str, what: impl Into<Text>, remedy: Remedy) -> Self {
        Self { name, host: None, outcome: Outcome::Bad, what: what.into(), remedy: Some(remedy) }
    }

    pub(super) fn skipped(name: &'static str, what: impl Into<Text>) -> Self {
        Self { name, host: None, outcome: Outcome::Skipped, what: what.into(), remedy: None }
    }

    /// The same, of one registry.
    pub(super) fn of(self, host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..self }
    }
}

impl Remedy {
    pub(super) fn run(command: impl Into<Text>) -> Self {
        Self::Run(command.into())
    }

    pub(super) fn advice(text: impl Into<Text>) -> Self {
        Self::Advice(text.into())
    }
}

impl Outcome {
    /// The word for it in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }
}
