//! The three sides of a case, and whether they agree: what the library finds out without network, what the SDK's
//! default chain resolves, and who signs the call that the helper makes.

use std::fmt::Debug;

use docker_credential_ecr_login::unstable::{CachePolicy, CredentialSource};

use super::scenario::Scenario;
use super::sdk;
use crate::support::fake_aws::{Api, FakeAws, RecordedRequest, password_head};
use crate::support::sandbox::{NOT_FOUND, Reply, Running, Sandbox};

/// A scenario and what is to come of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) scenario: Scenario,
    pub(crate) ours: Ours,
    pub(crate) sdk: Sdk,
    /// What the container service wants to see.
    pub(crate) container_token: Option<&'static str>,
}

/// What the library finds out, and what the helper comes to with it.
pub(crate) enum Ours {
    /// The source, and the access key ID that signs.
    Signs(CredentialSource, CachePolicy, &'static str),
    /// The source, which has no credentials to give.
    Fails(CredentialSource, CachePolicy),
    /// No source: the settings are wrong, in these words.
    Refused(&'static str),
}

/// What the SDK's default chain comes to.
pub(crate) enum Sdk {
    /// The same access key ID by the same calls, or no credentials either.
    Agrees,
    /// Another source, with this access key ID; why we differ.
    Finds(&'static str, &'static str),
    /// No credentials; why we differ.
    Fails(&'static str),
    /// It would leave loopback; so would the helper.
    NotAsked,
}

/// Judges every case, and panics with all that's wrong.
#[track_caller]
pub(crate) fn judge(cases: Vec<Case>) {
    assert!(!cases.is_empty());
    let faults: Vec<String> = cases.into_iter().flat_map(|case| faults(&case)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn faults(case: &Case) -> Vec<String> {
    let aws = FakeAws::start();
    if let Some(token) = case.container_token {
        aws.require_container_token(token);
    }
    let sandbox = Sandbox::new().with_aws(&aws);
    let variables = case.scenario.lay_out(&sandbox, &aws.url());
    let mut faults = Faults { case: case.name, found: Vec::new() };

    let scope = case.scenario.scope(&variables);
    let again = case.scenario.scope(&variables);
    let keeping = match (&scope, &again, &case.ours) {
        (Ok((scope, plan)), Ok((again, _)), Ours::Signs(source, keeping, _) | Ours::Fails(source, keeping)) => {
            faults.equal("source", &plan.source, source);
            faults.equal("keeping", &scope.identity.cache_policy, keeping);
            faults.equal("key, found out twice,", &scope.key(), &again.key());
            Some(*keeping)
        }
        (Err(failure), Err(_), Ours::Refused(words)) => {
            let home = sandbox.home();
            let detail = failure.detail.replace(home.to_str().expect("a plain name"), "{home}");
            faults.equal("detail", detail.as_str(), words);
            None
        }
        _ => {
            faults.say(&format!("the library finds {:?}", scope.map(|(_, plan)| plan.source)));
            return faults.found;
        }
    };
    if matches!(case.sdk, Sdk::NotAsked) {
        return faults.found;
    }

    let of_sdk = sdk::ask(&variables).map(|id| without_number(&id));
    let trail_of_sdk = trail(&aws, 0);
    let get = || {
        let mut command = sandbox.command(&["get"]);
        command.env_clear().envs(&variables);
        let mut running = Running::start(command);
        running.write_all_and_close(case.scenario.registry().as_bytes());
        running.wait()
    };
    let requests = aws.requests().len();
    let reply = get();
    sandbox.assert_no_secret_in(&reply);
    let of_helper = signer(&reply);
    let trail_of_helper = trail(&aws, requests);

    match case.ours {
        Ours::Signs(_, _, id) => faults.equal("signer of the helper's call", &of_helper, &Ok(id.to_owned())),
        Ours::Fails(..) | Ours::Refused(_) => {
            if let Ok(id) = &of_helper {
                faults.say(&format!("the helper signs as {id}"));
            } else {
                faults.equal("stdout", reply.stdout_text().as_str(), NOT_FOUND);
                faults.equal("number of lines on stderr", &reply.stderr.lines().count(), &1);
                faults.equal("number of calls of ECR", &aws.calls(Api::EcrToken), &0);
            }
        }
    }
    match case.sdk {
        Sdk::Agrees => {
            faults.equal("the SDK's success", &of_sdk.is_ok(), &of_helper.is_ok());
            if let (Ok(of_sdk), Ok(of_helper)) = (&of_sdk, &of_helper) {
                faults.equal("the helper's identity against the SDK's", of_helper, of_sdk);
                faults.equal("the helper's calls against the SDK's", &trail_of_helper, &trail_of_sdk);
            }
        }
        Sdk::Finds(id, why) => {
            faults.equal(&format!("what the SDK finds, although {why},"), &of_sdk, &Ok(id.to_owned()));
        }
        Sdk::Fails(why) => faults.equal(&format!("the SDK's success, although {why},"), &of_sdk.is_ok(), &false),
        Sdk::NotAsked => {}
    }
    if let (Some(keeping), Ok(_)) = (keeping, &of_helper) {
        let second = get();
        faults.equal("success of a second run", &signer(&second), &of_helper);
        let kept = second.stdout == reply.stdout;
        faults.equal("second run served from the cache", &kept, &(keeping != CachePolicy::Never));
    }
    faults.found
}

/// Who signed the call that a `get` was answered with.
fn signer(reply: &Reply) -> Result<String, String> {
    match reply.code {
        Some(0) => Ok(without_number(&password_head(&reply.password()).access_key_id)),
        _ => Err(format!("{}{}", reply.stdout_text(), reply.stderr)),
    }
}

/// The calls that lead to the credentials, from the `first` request on: each with who signed it, and for what.
fn trail(aws: &FakeAws, first: usize) -> Vec<String> {
    let step = |request: &RecordedRequest| {
        let signer = request.access_key_id.as_deref().map(without_number);
        let given = ["authorization", "x-amz-sso_bearer_token"].map(|name| match request.header(name) {
            // Who signed is said already; the rest of a signature is new each time.
            Some(value) if value.starts_with("AWS4-") => None,
            value => value.map(str::to_owned),
        });
        let role = (request.form("RoleArn"), request.form("WebIdentityToken"), request.form("ExternalId"));
        format!("{:?} {} {signer:?} {role:?} {given:?}", request.api, request.path)
    };
    let requests = aws.requests();
    requests[first..].iter().filter(|request| request.api != Api::EcrToken).map(step).collect()
}

/// Issued access key IDs end in a number that counts; everything before it says where they come from.
fn without_number(access_key_id: &str) -> String {
    match access_key_id.rsplit_once('-') {
        Some((name, number)) if number.parse::<u32>().is_ok() => name.to_owned(),
        _ => access_key_id.to_owned(),
    }
}

struct Faults {
    case: &'static str,
    found: Vec<String>,
}

impl Faults {
    fn equal<T: PartialEq + Debug + ?Sized>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.say(&format!("{what} is {found:?}, not {expected:?}"));
        }
    }

    fn say(&mut self, what: &str) {
        self.found.push(format!("{}: {what}", self.case));
    }
}
