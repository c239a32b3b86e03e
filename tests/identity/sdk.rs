//! The SDK's default chain, asked in a process of its own: it reads the environment of its process, which a test can't
//! change for one thread alone. The process is this test executable, told to run one test.

use std::collections::BTreeMap;
use std::process::Command;

use aws_config::BehaviorVersion;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_ecr::config::Region;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::error::display::DisplayErrorContext;

use crate::support::sandbox::Running;

/// Set where the test below is to do something.
const ASKED: &str = "IDENTITY_TEST_ASKS_THE_SDK";
/// Stands before the answer on stdout.
const FOUND: &str = "the SDK found: ";
const FAILED: &str = "the SDK failed: ";

/// The access key ID that the default chain finds with these variables and no others.
///
/// # Errors
/// It finds none, or panics; what it says about that.
pub(crate) fn ask(variables: &BTreeMap<&'static str, String>) -> Result<String, String> {
    let executable = std::env::current_exe().expect("a test knows its executable");
    let mut command = Command::new(executable);
    command.args(["--exact", "identity::sdk::in_a_process_of_its_own", "--ignored", "--nocapture"]);
    command.env_clear().envs(variables).env(ASKED, "1");
    let mut running = Running::start(command);
    running.write_all_and_close(b"");
    let reply = running.wait();
    let answer = |mark: &str| reply.stdout_text().lines().find_map(|line| line.strip_prefix(mark).map(str::to_owned));
    match (answer(FOUND), answer(FAILED)) {
        (Some(access_key_id), None) => Ok(access_key_id),
        (None, Some(error)) => Err(error),
        (None, None) if reply.stderr.contains("aws-") && reply.stderr.contains(" panicked at ") => Err(reply.stderr),
        _ => panic!("the process of the SDK gave no answer: {}\n{}", reply.stdout_text(), reply.stderr),
    }
}

#[test]
#[ignore = "the other tests run it, in an environment made for it"]
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment what to do")]
fn in_a_process_of_its_own() {
    if std::env::var_os(ASKED).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let found = runtime.block_on(async {
        // Plain HTTP: what isn't the fake on loopback can't be talked to. The region is given, so that nobody is asked for it.
        let http = http_client_fn(|settings: &HttpConnectorSettings, _: &RuntimeComponents| {
            SharedHttpConnector::new(Connector::builder().connector_settings(settings.clone()).build_http())
        });
        let sdk = ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_http_client(http);
        let chain = DefaultCredentialsChain::builder().region(Region::new("us-east-1")).configure(sdk).build().await;
        chain.provide_credentials().await
    });
    match found {
        Ok(credentials) => println!("\n{FOUND}{}", credentials.access_key_id()),
        Err(error) => println!("\n{FAILED}{}", DisplayErrorContext(&error).to_string().replace('\n', " ")),
    }
}
