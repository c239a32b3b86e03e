//! The reports as text for people.

mod words;

use self::words::{counted, mark_of, region, size, span, told};
use super::get::Get;
use super::host::{HostReport, IdentityReport, RegistryReport};
use super::overview::{CacheReport, FailureOfIdentity, Overview, TokenReport};
use super::report::{ConfigurationFile, FailureReport, SettingReport, TokenTimes};
use crate::commands::output::{Mark, Style};
use crate::token::Freshness;

/// The width of the labels, with the blanks behind them.
const LABEL: usize = 10;

/// What is between two columns.
const GAP: &str = "  ";

pub(super) fn overview(overview: &Overview, style: Style) -> String {
    let Overview { now: _, tokens, failures, cache, configuration_file } = overview;
    let mut page = Page { style, text: String::new() };
    if tokens.is_empty() {
        page.line("No token is cached.");
    } else {
        page.tokens(tokens);
    }
    page.line("");
    for failure in failures {
        page.failure_of_identity(failure);
    }
    page.footer(cache, configuration_file);
    page.text
}

pub(super) fn host(report: &HostReport, style: Style) -> String {
    let mut page = Page { style, text: String::new() };
    page.line(&style.bold(&report.host));
    page.line("");
    match &report.registry {
        Some(registry) => page.registry(registry, &report.host),
        None if report.kind == "fallback" => page.labelled("registry", "not one of Amazon ECR; a fallback covers it"),
        None if report.configuration_file.problem.is_some() => {
            page.labelled("registry", "not one of Amazon ECR by its name, and the rules have a mistake");
        }
        None => page.labelled("registry", "not one of Amazon ECR, and no rule or fallback covers it"),
    }
    if let Some(api) = &report.api {
        page.labelled("API", api.url.as_deref().unwrap_or("unknown"));
        page.settings(&api.settings);
    }
    if report.kind == "ecr" && report.configuration_file.problem.is_none() {
        match &report.rules[..] {
            [] => page.labelled("rule", "none"),
            rules => rules.iter().for_each(|rule| page.labelled("rule", &rule.shown)),
        }
    }
    if let Some(identity) = &report.identity {
        page.identity(identity);
    }
    match &report.token {
        Some(times) => page.token(times),
        None if report.api.is_some() => page.labelled("token", "none cached"),
        None => {}
    }
    if let Some(failure) = &report.failure {
        page.failure(failure);
    }
    page.get(&report.get);
    page.line("");
    page.footer(&report.cache, &report.configuration_file);
    page.text
}

/// A text that grows.
struct Page {
    style: Style,
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A label, and a text that continues below itself.
    fn labelled(&mut self, label: &str, text: &str) {
        for (index, line) in self.style.wrapped(text, LABEL).iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.line(&format!("{label:LABEL$}{line}"));
        }
    }

    /// A text below a label, with a mark before it.
    fn marked(&mut self, label: &str, mark: Mark, text: &str) {
        let mark = self.style.mark(mark);
        for (index, line) in self.style.wrapped(text, LABEL + 3).iter().enumerate() {
            if index == 0 {
                self.line(&format!("{label:LABEL$}{mark} {line}"));
            } else {
                self.line(&format!("{:LABEL$}  {line}", ""));
            }
        }
    }

    fn tokens(&mut self, tokens: &[TokenReport]) {
        let regions: Vec<String> = tokens.iter().map(|token| region(&token.api)).collect();
        let width =
            |texts: &[String], least: usize| texts.iter().map(|text| text.chars().count()).fold(least, usize::max);
        let of_region = width(&regions, "REGION".len());
        let (of_age, of_left) = ("11h 59m".len(), "11h 59m".len());
        let of_state = "ok expired".len();
        let taken = of_region + of_age + of_left + of_state + 4 * GAP.len();
        let most = self.style.columns.saturating_sub(taken).max(16);
        let unknown = "unknown".to_owned();
        let identities: Vec<String> =
            tokens.iter().map(|token| self.style.elided(token.identity.as_ref().unwrap_or(&unknown), most)).collect();
        let of_identity = width(&identities, "IDENTITY".len());
        let heading = format!(
            "{:of_region$}{GAP}{:of_identity$}{GAP}{:of_age$}{GAP}{:of_left$}{GAP}STATE",
            "REGION", "IDENTITY", "AGE", "LEFT"
        );
        let heading = self.style.bold(&heading);
        self.line(&heading);
        for ((token, region), identity) in tokens.iter().zip(&regions).zip(&identities) {
            let TokenTimes { state, age_seconds, expires_in_seconds, freshness, .. } = token.times;
            let (age, left) = (span(age_seconds), span(expires_in_seconds));
            let mark = self.style.mark(mark_of(freshness));
            self.line(&format!(
                "{region:of_region$}{GAP}{identity:of_identity$}{GAP}{age:of_age$}{GAP}{left:of_left$}{GAP}{mark} {state}"
            ));
            for host in &token.registries {
                let host = self.style.dim(host);
                self.line(&format!("{GAP}{host}"));
            }
            if token.is_current == Some(false) {
                let note = self.style.dim("(the settings select another identity now)");
                self.line(&format!("{GAP}{note}"));
            }
        }
    }

    fn failure_of_identity(&mut self, failure: &FailureOfIdentity) {
        let FailureOfIdentity { api, identity, failure } = failure;
        let whose = identity.as_ref().map_or(String::new(), |identity| format!(", {identity}"));
        let what = format!("{}{whose}: {}", region(api), told(failure));
        self.marked("failure", Mark::Warning, &what);
    }

    fn failure(&mut self, failure: &FailureReport) {
        self.marked("failure", Mark::Warning, &told(failure));
    }

    fn registry(&mut self, registry: &RegistryReport, host: &str) {
        let RegistryReport { host: own_name, account, api, fips, dual_stack } = registry;
        let account = account.as_ref().map_or("ECR Public".to_owned(), |account| format!("account {account}"));
        let mut text = format!("{account}, region {}, partition {}", api.region, api.partition);
        text.push_str(if *fips { ", FIPS" } else { "" });
        text.push_str(if *dual_stack { ", dual-stack" } else { "" });
        self.labelled("registry", &text);
        if own_name != host {
            self.labelled("", &format!("another name of {own_name}"));
        }
    }

    fn identity(&mut self, identity: &IdentityReport) {
        let IdentityReport { name, settings, notes, problem } = identity;
        match (name, problem) {
            (Some(name), _) => self.labelled("identity", name),
            (None, Some(problem)) => self.marked("identity", Mark::Bad, problem),
            (None, None) => self.labelled("identity", "unknown"),
        }
        self.settings(settings);
        for note in notes {
            self.marked("", Mark::Warning, note);
        }
    }

    /// Settings, each with the place where it was found: beside it where there is room, else below it.
    fn settings(&mut self, settings: &[SettingReport]) {
        let of_name = settings.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
        let indent = " ".repeat(LABEL + 2);
        for SettingReport { name, value, source } in settings {
            let value = value.as_deref().unwrap_or("(secret)");
            let line = format!("{indent}{name:of_name$}{GAP}{value}");
            let place = if source.kind == "default" { source.shown.clone() } else { format!("from {}", source.shown) };
            let width = place.chars().count();
            let fits = line.chars().count() + GAP.len() + width <= self.style.columns;
            let place = self.style.dim(&place);
            if fits {
                self.line(&format!("{line}{GAP}{place}"));
            } else {
                self.line(&line);
                // Below the value, or as far to the left as it takes.
                let below = (indent.len() + of_name + GAP.len()).min(self.style.columns.saturating_sub(width));
                self.line(&format!("{:1$}{place}", "", below.max(indent.len() + GAP.len())));
            }
        }
    }

    fn token(&mut self, times: &TokenTimes) {
        let TokenTimes { state, age_seconds, refresh_in_seconds, expires_in_seconds, freshness, .. } = times;
        let (age, left) = (span(*age_seconds), span(*expires_in_seconds));
        let text = match freshness {
            Freshness::Fresh => format!("{state}: {age} old, {left} left, refreshed in {}", span(*refresh_in_seconds)),
            Freshness::Stale => format!("{state}: {age} old, {left} left"),
            Freshness::Expired => format!("{state}: {age} old"),
        };
        self.marked("token", mark_of(*freshness), &text);
    }

    fn get(&mut self, get: &Get) {
        let Get { action, steps, asks_for_code, is_cached, helper, stdout, message } = get;
        let beginning = match (*action, asks_for_code) {
            ("serve", _) => "serves the cached token".to_owned(),
            ("refresh", _) => "fetches a new token, and serves the cached one if that fails:".to_owned(),
            ("fetch", true) => "asks for an MFA code, and fetches a token:".to_owned(),
            ("fetch", false) => "fetches a token:".to_owned(),
            ("serve-stale", _) => "serves the cached token, because it can't get a new one:".to_owned(),
            ("pass-on", _) => format!("asks {}", helper.as_deref().unwrap_or_default()),
            _ => "has no password, and answers:".to_owned(),
        };
        self.labelled("get", &beginning);
        for (index, step) in steps.iter().enumerate() {
            let number = format!("{:LABEL$}  {}. ", "", index + 1);
            let lines = self.style.wrapped(step, number.len());
            for (line, prefix) in
                lines.iter().zip([number.clone()].into_iter().chain(std::iter::repeat(" ".repeat(number.len()))))
            {
                self.line(&format!("{prefix}{line}"));
            }
        }
        if !steps.is_empty() && !is_cached {
            self.labelled("", "The token isn't cached.");
        }
        let of_stdout = stdout.as_ref().map(|sentence| format!("stdout: {sentence}"));
        let of_stderr = message.as_ref().map(|message| match stdout {
            Some(_) => format!("stderr: {message}"),
            None => message.clone(),
        });
        for sentence in of_stdout.iter().chain(&of_stderr) {
            for line in self.style.wrapped(sentence, LABEL + 2) {
                self.line(&format!("{:LABEL$}  {line}", ""));
            }
        }
    }

    fn footer(&mut self, cache: &CacheReport, file: &ConfigurationFile) {
        let CacheReport { directory, problem, tokens, failures, unusable_entries, bytes, shown } = cache;
        match (directory, problem) {
            (_, Some(problem)) => self.marked("cache", Mark::Bad, &format!("not used: {problem}")),
            (None, None) => self.labelled("cache", shown),
            (Some(_), None) => {
                let mut parts = vec![counted(*tokens, "token")];
                parts.extend((*failures > 0).then(|| counted(*failures, "failure")));
                parts.extend((*unusable_entries > 0).then(|| format!("{unusable_entries} unusable")));
                parts.push(size(*bytes));
                self.labelled("cache", &format!("{shown} ({})", parts.join(", ")));
            }
        }
        let ConfigurationFile { path, exists, problem, rules, shown } = file;
        match (path, problem) {
            (_, Some(problem)) => self.marked("config", Mark::Bad, problem),
            (Some(_), None) if *exists => self.labelled("config", &format!("{shown} ({})", counted(*rules, "rule"))),
            (Some(_), None) => self.labelled("config", &format!("{shown} (not there)")),
            (None, None) => self.labelled("config", shown),
        }
    }
}
