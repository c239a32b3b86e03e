//! The way to an API or a registry: names, proxy, TLS and the answer, each with its own cause; and the clock of this
//! machine against that of the server.

use std::time::Duration;

use super::check::{Check, Remedy};
use super::remedy;
use super::text::{Kind, Text};
use crate::clock::Timestamp;
use crate::error::{Failure, FailureKind};
use crate::network::{CertificatePlace, NetworkConfig, Trust};
use crate::probe::{Answer, Part, Probe};
use crate::registry::Service;

/// AWS refuses requests that are signed more than five minutes before or after.
const REFUSED: Duration = Duration::from_mins(5);

/// A clock that is off by more than this is on its way there.
const NOTABLE: Duration = Duration::from_mins(1);

/// The checks of the way to the API. `directly` is what came of trying without the proxy, which is done if the proxy
/// gives no connection.
pub(super) fn api(probe: &Probe, network: &NetworkConfig, directly: Option<&Probe>, now: Timestamp) -> Vec<Check> {
    let mut checks = way(probe, network, directly, "API");
    let Some((answer, took)) = probe.answer.done() else {
        if probe.failure().is_none() && checks.is_empty() {
            checks.push(Check::skipped("API", "not asked"));
        }
        checks.push(Check::skipped("clock", "the API was not reached"));
        return checks;
    };
    checks.push(api_answer(probe, *answer, took));
    checks.push(clock(*answer, now));
    checks
}

/// The check of a registry that was asked with a token.
pub(super) fn registry(probe: &Probe, network: &NetworkConfig) -> Vec<Check> {
    const NAME: &str = "registry";
    let Some((Answer { status, .. }, took)) = probe.answer.done() else {
        let mut checks = way(probe, network, None, NAME);
        checks.retain(|check| check.remedy.is_some());
        for check in &mut checks {
            check.name = NAME;
        }
        return checks;
    };
    let server = Text::new("").name(Kind::Host, &probe.host);
    let check = match status {
        200 => Check::good(NAME, server.then(format!(" takes the token ({} ms)", took.as_millis()))),
        401 | 403 => Check::bad(
            NAME,
            server.then(format!(" refuses the token with HTTP status {status}")),
            Remedy::advice("Check the account and region in the registry's name, and any proxy in between"),
        ),
        status => Check::bad(
            NAME,
            server.then(format!(" answers with HTTP status {status}")),
            Remedy::advice("Try again; if it stays, another server answers for the registry's name"),
        ),
    };
    vec![check]
}

/// What came of each step. The last one stands for all that isn't named by a step of its own.
fn way(probe: &Probe, network: &NetworkConfig, directly: Option<&Probe>, last: &'static str) -> Vec<Check> {
    let mut checks = Vec::new();
    let through_proxy = probe.proxy.is_some();
    if let Some((addresses, took)) = probe.addresses.done() {
        let whose =
            if through_proxy { Text::new("the proxy's name") } else { Text::new("").name(Kind::Host, &probe.host) };
        let count = match addresses.len() {
            1 => "1 address".to_owned(),
            count => format!("{count} addresses"),
        };
        checks.push(Check::good("DNS", whose.then(format!(" has {count} ({} ms)", took.as_millis()))));
    }
    if probe.connection.done().is_some() {
        if let Some(proxy) = &probe.proxy {
            checks.push(Check::good("proxy", proxy_name(proxy, Text::new("through "))));
        }
        if probe.server.starts_with("https:") {
            checks.push(Check::good("TLS", "the certificate is trusted"));
        }
    }
    if let Some((part, failure)) = probe.failure() {
        let name = match part {
            Part::Settings | Part::Tls => "TLS",
            Part::Names => "DNS",
            Part::Proxy => "proxy",
            Part::Connection | Part::Answer => last,
        };
        let what = match part {
            Part::Settings => Text::new("").failure(failure),
            // What there is to know of it is in the detail; the kind speaks of the API.
            _ if !failure.detail.is_empty() && last != "API" => {
                let (detail, kind) = (failure.detail.clone(), failure.kind.name());
                Text::new("").name(Kind::Host, &probe.host).then(": ").either(detail, kind)
            }
            _ => server_name(probe).then(": ").failure(failure),
        };
        checks.push(Check::bad(name, what, remedy_of(part, failure, probe, network, directly)));
    }
    checks
}

/// The URL of a proxy, whose host is a name from outside.
fn proxy_name(url: &str, text: Text) -> Text {
    match url.split_once("://") {
        Some((scheme, host)) => text.then(format!("{scheme}://")).name(Kind::Host, host),
        None => text.name(Kind::Host, url),
    }
}

fn remedy_of(
    part: Part,
    failure: &Failure,
    probe: &Probe,
    network: &NetworkConfig,
    directly: Option<&Probe>,
) -> Remedy {
    let is_https = !probe.server.starts_with("http:");
    let proxy = if is_https { network.proxies.https.as_ref() } else { network.proxies.http.as_ref() };
    match (part, proxy) {
        (Part::Settings, _) => match certificate_variable(network) {
            Some(variable) => Remedy::run(format!("unset {variable}")),
            None => Remedy::advice("Correct or remove `ca_bundle` in the profile"),
        },
        (Part::Proxy | Part::Names, Some(proxy)) if proxy.address.is_err() => {
            Remedy::run(format!("unset {}", proxy.setting))
        }
        (Part::Proxy | Part::Names, Some(proxy))
            if directly.is_some_and(|directly| directly.answer.done().is_some()) =>
        {
            Remedy::run(format!("unset {}", proxy.setting))
        }
        (Part::Proxy | Part::Names, Some(proxy)) => {
            Remedy::advice(format!("Check that the proxy of `{}` runs, and lets this host through", proxy.setting))
        }
        (Part::Names, None) => {
            Remedy::advice("Check the network and its name servers; behind a proxy, set `HTTPS_PROXY`")
        }
        (Part::Tls, _) if failure.kind.name() == "untrusted-certificate" => Remedy::advice(
            "Set `AWS_CA_BUNDLE` to a file with the CA of your network and all others, or add the CA to the system's",
        ),
        (Part::Tls, _) if failure.kind.name() == "certificate-not-yet-valid" => set_clock(),
        (Part::Connection | Part::Answer, _) if failure.kind == FailureKind::Unreachable => Remedy::advice(
            "Check the network, the endpoint URL if you have set one (`AWS_ENDPOINT_URL`), and the proxy variables",
        ),
        // None of these remedies depends on the service.
        (Part::Proxy | Part::Connection | Part::Tls | Part::Answer, _) => remedy::of(failure, Service::Ecr),
    }
}

/// The variable that names the certificates.
fn certificate_variable(network: &NetworkConfig) -> Option<&'static str> {
    let Trust::Only(places) = &network.trust else { return None };
    let setting = places.iter().find_map(|place| match place {
        CertificatePlace::File { setting, .. } => Some(*setting),
        CertificatePlace::Directory(_) => None,
    });
    let setting = setting.unwrap_or(crate::env::names::SSL_CERT_DIR);
    setting.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_').then_some(setting)
}

/// The URL of the server, as far as it is known to everybody.
fn server_name(probe: &Probe) -> Text {
    match probe.server.split_once("://") {
        Some((scheme, host)) => Text::new(format!("{scheme}://")).name(Kind::Host, host),
        None => Text::new("the API"),
    }
}

fn api_answer(probe: &Probe, answer: Answer, took: Duration) -> Check {
    let what = server_name(probe);
    match answer.status {
        // The request isn't signed, and AWS says so.
        ..=499 if answer.status != 407 => Check::good("API", what.then(format!(" answers ({} ms)", took.as_millis()))),
        status => Check::warning(
            "API",
            what.then(format!(" answers with HTTP status {status}")),
            Remedy::advice("Check the endpoint URL and any proxy in between, and try again"),
        ),
    }
}

fn clock(answer: Answer, now: Timestamp) -> Check {
    const NAME: &str = "clock";
    let Some(date) = answer.date else { return Check::skipped(NAME, "the API tells no time") };
    let (off, direction) = if now > date { (now.since(date), "fast") } else { (date.since(now), "slow") };
    let seconds = off.as_secs();
    let what = match seconds {
        0..=1 => "as AWS's".to_owned(),
        2..=119 => format!("{seconds} s {direction}"),
        120..=7_199 => format!("{} minutes {direction}", seconds / 60),
        _ => format!("{} hours {direction}", seconds / 3_600),
    };
    if off > REFUSED {
        Check::bad(NAME, format!("{what}: AWS refuses requests that are signed so"), set_clock())
    } else if off > NOTABLE {
        Check::warning(NAME, what, set_clock())
    } else {
        Check::good(NAME, what)
    }
}

fn set_clock() -> Remedy {
    Remedy::run(match std::env::consts::OS {
        "macos" => "sudo sntp -sS time.apple.com",
        "windows" => "w32tm /resync",
        _ => "sudo timedatectl set-ntp true",
    })
}
