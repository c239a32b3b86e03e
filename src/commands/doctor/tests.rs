//! A whole `doctor` on two byte buffers, with servers that answer what a test says.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::Value;

use super::{Arguments, run};
use crate::clock::Timestamp;
use crate::clock::fake::FakeClock;
use crate::env::Env;
use crate::error::{Failure, FailureKind};
use crate::fallback::Programs;
use crate::fetch::{ExchangeRequest, FetchedToken, RegistryToken, TokenRequest, TokenSource};
use crate::probe::{Answer, Part, Probe, ProbeRequest, ProbeServer, Step};
use crate::secret::Secret;
use crate::terminal::Screen;
use crate::token::AuthorizationToken;
use crate::world::{Status, World};

const START: u64 = 1_000_000;
const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const PASSWORD: &str = "the-password-of-the-registry";

/// Servers that are reached with a given status and clock, or not.
struct Servers {
    api: Option<Answer>,
    registry: u16,
    asked: RefCell<Vec<String>>,
}

impl TokenSource for Servers {
    fn fetch(&self, _: TokenRequest<'_>) -> Result<FetchedToken, Failure> {
        let expires_at = Timestamp::from_seconds(START + 43_200);
        let token = AuthorizationToken::new("AWS".to_owned(), Secret::from(PASSWORD), expires_at).expect("a token");
        Ok(FetchedToken { token, access_key_id: "AKIA".to_owned(), request_id: None, warning: None })
    }

    fn exchange(&self, _: ExchangeRequest<'_>) -> Result<RegistryToken, Failure> {
        panic!("`doctor` exchanges no token")
    }

    fn probe(&self, requests: Vec<ProbeRequest>, limit: Duration) -> Vec<Probe> {
        assert!(limit > Duration::ZERO && limit <= Duration::from_secs(5), "{limit:?}");
        let done = |value| Step::Done { value, took: Duration::from_millis(7) };
        let probe = |request: ProbeRequest| {
            let (server, answer) = match request.server {
                ProbeServer::Api { api, .. } => (format!("api.ecr.{}.amazonaws.com", api.region.as_str()), self.api),
                ProbeServer::Registry { host, path, .. } => {
                    assert_eq!(path, "/v2/");
                    (host, Some(Answer { status: self.registry, date: None }))
                }
            };
            self.asked.borrow_mut().push(server.clone());
            let unreached = Failure::new(FailureKind::Unreachable, "no route");
            Probe {
                server: format!("https://{server}"),
                host: server,
                connection: match answer {
                    Some(_) => Step::Done { value: (), took: Duration::ZERO },
                    None => Step::Failed { failure: unreached, part: Part::Connection },
                },
                answer: answer.map_or_else(Step::default, done),
                ..Probe::default()
            }
        };
        requests.into_iter().map(probe).collect()
    }
}

/// The outcomes of the checks of the way to AWS and after it, and the exit status.
fn outcomes(servers: &Servers, registry: bool) -> (Vec<(String, String)>, Status) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let env = Env::fixed([
        ("HOME", "/nonexistent"),
        ("AWS_ECR_CONFIG", ""),
        ("AWS_ECR_DISABLE_CACHE", "1"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "made/up/secret"),
    ]);
    let mut world = World {
        env: &env,
        clock: &FakeClock::at(START),
        source: servers,
        helpers: &Programs,
        random: || 7,
        screen: Screen::none,
        stdin: &mut &b""[..],
        stdout: &mut stdout,
        stderr: &mut stderr,
    };
    let arguments = Arguments { host: Some(HOST.to_owned()), registry, json: true, report: false };
    let status = run(&arguments, &mut world).expect("buffers take everything");
    assert!(stderr.is_empty());
    let text = String::from_utf8(stdout).expect("text");
    assert!(!text.contains(PASSWORD) && !text.contains("made/up/secret"), "{text}");
    let results: Value = serde_json::from_str(&text).expect("JSON");
    let checks = results["checks"].as_array().expect("checks").iter().filter(|check| check["host"] == HOST);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (checks.map(|check| (text(&check["name"]), text(&check["outcome"]))).collect(), status)
}

#[test]
fn each_step_of_the_way_to_a_token_has_its_outcome() {
    let now = |ahead: u64| Some(Answer { status: 404, date: Some(Timestamp::from_seconds(START + ahead)) });
    for (what, api, registry, expected) in [
        ("well", now(0), None, "identity good, TLS good, API good, clock good, token good"),
        ("not reached", None, Some(200), "identity good, API bad, clock skipped, token skipped, registry skipped"),
        ("a wrong clock", now(301), None, "identity good, TLS good, API good, clock bad, token good"),
        ("a clock that drifts", now(61), None, "identity good, TLS good, API good, clock warning, token good"),
        ("taken", now(60), Some(200), "identity good, TLS good, API good, clock good, token good, registry good"),
        ("refused", now(0), Some(401), "identity good, TLS good, API good, clock good, token good, registry bad"),
        (
            "a server on the way that fails",
            Some(Answer { status: 503, date: None }),
            None,
            "identity good, TLS good, API warning, clock skipped, token good",
        ),
    ] {
        let servers = Servers { api, registry: registry.unwrap_or_default(), asked: RefCell::default() };
        let (outcomes, status) = outcomes(&servers, registry.is_some());
        let outcomes: Vec<_> = outcomes.iter().map(|(name, outcome)| format!("{name} {outcome}")).collect();
        assert_eq!(outcomes.join(", "), expected, "{what}");
        // Nobody finds the program, nor is a client set up.
        assert_eq!(status, Status::Failure);
        assert_eq!(servers.asked.borrow()[0], "api.ecr.eu-west-1.amazonaws.com");
    }
}
