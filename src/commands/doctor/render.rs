//! The results as text for a person, as JSON for a program, and as a report for a public issue.

use serde_json::{Value, json};

use super::check::{Check, Outcome, Remedy};
use super::text::{Mask, Text};
use crate::commands::output::{Mark, Style};
use crate::redact::clean_line;

/// What the results are of.
pub(super) struct Results {
    pub(super) checks: Vec<Check>,
    /// The variables that are set, by name; for a report.
    pub(super) variables: Vec<&'static str>,
}

/// How names are shown.
pub(super) enum Names<'m> {
    Shown,
    Masked(&'m Mask),
}

impl Names<'_> {
    fn text(&self, text: &Text) -> String {
        match self {
            Self::Shown => text.shown(),
            Self::Masked(mask) => text.reported(mask),
        }
    }
}

impl Results {
    /// Whether all is well.
    pub(super) fn is_healthy(&self) -> bool {
        self.count(Outcome::Bad) == 0 && self.count(Outcome::Warning) == 0
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// For a program. The fields of a check are always the same.
    pub(super) fn json(&self, names: &Names<'_>) -> Value {
        let checks = self.checks.iter().map(|check| {
            let Check { name, host, outcome, what, remedy } = check;
            let (run, advice) = match remedy {
                None => (None, None),
                Some(Remedy::Run(command)) => (Some(names.text(command)), None),
                Some(Remedy::Advice(text)) => (None, Some(names.text(text))),
            };
            let host = host.as_deref().map(|host| names.text(&host_text(host)));
            let (outcome, what) = (outcome.name(), names.text(what));
            json!({ "name": name, "host": host, "outcome": outcome, "what": what, "run": run, "advice": advice })
        });
        let checks: Vec<Value> = checks.collect();
        json!({ "version": env!("CARGO_PKG_VERSION"), "healthy": self.is_healthy(), "checks": checks })
    }

    /// For a person. Commands stand on lines of their own, and are never wrapped.
    pub(super) fn text(&self, style: Style, names: &Names<'_>) -> String {
        let mut lines = Vec::new();
        let mut host = None;
        for check in &self.checks {
            if check.host != host {
                lines.push(String::new());
                host.clone_from(&check.host);
                lines.extend(host.as_deref().map(|host| style.bold(&names.text(&host_text(host)))));
            }
            let mark = match check.outcome {
                Outcome::Good => Mark::Good,
                Outcome::Warning => Mark::Warning,
                Outcome::Bad => Mark::Bad,
                Outcome::Skipped => Mark::Skipped,
            };
            let line = format!("{}: {}", check.name, names.text(&check.what));
            for (index, line) in style.wrapped(&line, 2).into_iter().enumerate() {
                lines.push(if index == 0 { format!("{} {line}", style.mark(mark)) } else { format!("  {line}") });
            }
            match &check.remedy {
                None => {}
                Some(Remedy::Run(command)) => lines.push(format!("    {}", style.bold(&names.text(command)))),
                Some(Remedy::Advice(text)) => {
                    lines.extend(style.wrapped(&names.text(text), 4).iter().map(|line| format!("    {line}")));
                }
            }
        }
        lines.push(String::new());
        lines.push(self.summary());
        lines.join("\n") + "\n"
    }

    /// For a public issue: the text, with what else a reader asks first.
    pub(super) fn report(&self, mask: &Mask) -> String {
        let variables = match self.variables.join(", ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        };
        let (version, os, arch) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
        format!(
            "docker-credential-ecr-login {version}, {os}, {arch}\nvariables: {variables}\n\n{}",
            self.text(Style::plain(), &Names::Masked(mask))
        )
    }

    fn summary(&self) -> String {
        let counted = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            count => Some(format!("{count} {what}s")),
        };
        let found = [counted(self.count(Outcome::Bad), "problem"), counted(self.count(Outcome::Warning), "warning")];
        let found: Vec<String> = found.into_iter().flatten().collect();
        if found.is_empty() { "All is well.".to_owned() } else { clean_line(&format!("{}.", found.join(", "))) }
    }
}

fn host_text(host: &str) -> Text {
    Text::new("").name(super::text::Kind::Host, host)
}
