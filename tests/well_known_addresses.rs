//! The services that give instances and containers their credentials, at the addresses where AWS has them and no
//! setting says so: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>,
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>.
//!
//! Each test runs in a network of its own that has these addresses and nothing else, with proxy variables set: a proxy
//! must never be asked for them.
#![cfg(target_os = "linux")]

mod support;

use support::fake_aws::{Api, Behaviour, FakeAws, password_head};
use support::namespace::{is_inside, run_in_namespaces};
use support::proxy::{Forward, Proxy};
use support::sandbox::Sandbox;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

const PROXY_VARIABLES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];

fn with_addresses(test: &str, addresses: &[&str]) {
    let add = addresses.iter().map(|address| {
        // An address of IPv6 can't be used until nobody else turns out to have it, unless that is skipped.
        let at_once = if address.contains(':') { "nodad" } else { "" };
        format!("ip address add {address} dev lo {at_once}\n")
    });
    run_in_namespaces(test, &["ip link set lo up\n".to_owned()].into_iter().chain(add).collect::<String>());
}

/// ECR on loopback, a proxy that nobody may ask, and a home where credentials are configured nowhere.
struct World {
    ecr: FakeAws,
    proxy: Proxy,
    home: Sandbox,
}

impl World {
    fn new() -> Self {
        let (ecr, proxy) = (FakeAws::start(), Proxy::start(Forward::Refuse));
        let home = Sandbox::new().with_aws(&ecr).without("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let home = PROXY_VARIABLES.iter().fold(home, |home, variable| home.env(variable, proxy.url()));
        Self { ecr, proxy, home }
    }

    /// Who signs for a token, and how many tokens ECR has given by then.
    #[track_caller]
    fn signer(&self) -> (String, usize) {
        let signer = password_head(&self.home.get(HOST).password()).access_key_id;
        assert_eq!(self.proxy.requests(), []);
        (signer, self.ecr.calls(Api::EcrToken))
    }

    fn env(self, name: &str, value: &str) -> Self {
        Self { home: self.home.env(name, value), ..self }
    }
}

const ECS: &str = "169.254.170.2:80";
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

#[test]
fn a_relative_uri_is_one_of_ecs_and_its_token_serves_until_it_is_another() {
    with_addresses("relative_uri", &["169.254.170.2/32"]);
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn relative_uri() {
    if !is_inside() {
        return;
    }
    let ecs = FakeAws::start_at(ECS);
    let world = World::new().env(RELATIVE_URI, "/container/credentials?task=1");
    let first = || ("ASIA-task-role-container-1".to_owned(), 1);
    assert_eq!(world.signer(), first());
    assert_eq!(ecs.requests()[0].path, "/container/credentials?task=1");

    // Another role may be behind it by now, which nothing shows: within the hour the token is used again.
    ecs.set(Api::ContainerCredentials, Behaviour::Status(500));
    assert_eq!(world.signer(), first());

    ecs.set(Api::ContainerCredentials, Behaviour::Answer);
    let world = world.env(RELATIVE_URI, "/container/credentials?task=2");
    assert_eq!(world.signer(), ("ASIA-task-role-container-2".to_owned(), 2));

    // It wins over a full URI; and so does a token of the environment, sent as it is.
    let world = world.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/");
    ecs.require_container_token("made-up-container-token");
    let world = world.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "made-up-container-token");
    assert_eq!(world.signer(), ("ASIA-task-role-container-3".to_owned(), 3));
}

#[test]
fn pod_identity_is_asked_at_its_address() {
    with_addresses("pod_identity", &["169.254.170.23/32"]);
}

#[test]
fn pod_identity_is_asked_at_its_address_in_a_cluster_of_ipv6() {
    with_addresses("pod_identity_of_ipv6", &["fd00:ec2::23/128"]);
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn pod_identity() {
    if is_inside() {
        pod_identity_at("169.254.170.23");
    }
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn pod_identity_of_ipv6() {
    if is_inside() {
        pod_identity_at("[fd00:ec2::23]");
    }
}

fn pod_identity_at(host: &str) {
    let agent = FakeAws::start_at(&format!("{host}:80"));
    agent.require_container_token("made-up-pod-token");
    let world = World::new().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("http://{host}/container/credentials"));
    let file = world.home.write("token", "made-up-pod-token");
    let world = world.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.to_str().expect("it is UTF-8"));
    assert_eq!(world.signer(), ("ASIA-task-role-container-1".to_owned(), 1));
}

#[test]
fn an_instance_is_asked_at_the_address_that_every_instance_has() {
    with_addresses("instance_metadata", &["169.254.169.254/32"]);
}

#[test]
fn an_instance_without_ipv4_is_asked_at_the_other_address() {
    with_addresses("instance_metadata_of_ipv6", &["fd00:ec2::254/128"]);
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn instance_metadata() {
    if is_inside() {
        instance_metadata_at("169.254.169.254:80", World::new());
    }
}

#[test]
#[ignore = "run by the test above, in a network of its own"]
fn instance_metadata_of_ipv6() {
    if is_inside() {
        let world = World::new().env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
        instance_metadata_at("[fd00:ec2::254]:80", world);
    }
}

fn instance_metadata_at(address: &str, world: World) {
    let instance = FakeAws::start_at(address);
    let world = World { home: world.home.without("AWS_EC2_METADATA_DISABLED"), ..world };
    assert_eq!(world.signer(), ("ASIA-instance-role-metadata-1".to_owned(), 1));
    assert_eq!(instance.calls(Api::MetadataToken), 1, "version 2");
}
