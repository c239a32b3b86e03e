//! Names are looked up as glibc and Go do, in networks that musl's resolver gives up in.
//!
//! Each test has a network of its own, with name servers on port 53 of loopback addresses, and its own `/etc`.
#![cfg(target_os = "linux")]

mod support;

use std::net::Ipv4Addr;
use std::time::Duration;

use support::fake_aws::{Api, FakeAws, password_head};
use support::name_server::Answer::{
    Alias, Failure, ForeignFirst, GarbageFirst, Late, LostOnce, NoAddress, NoSuchName, Refused, Silence, Truncated, V4,
    V6,
};
use support::name_server::{Answer, NameServer};
use support::namespace::{is_inside, run_in_namespaces};
use support::sandbox::Sandbox;

const HOST: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// The name of the fake in most tests.
const API: &str = "ecr-api.corp.test";

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

const OWN_NETWORK: &str = "ip link set lo up; mount -t tmpfs none /etc";

const ONE_SERVER: &str = "nameserver 127.0.7.10\n";

/// A network whose name servers are at 127.0.7.10, .11 and so on, each with a table.
struct Network {
    aws: FakeAws,
    servers: Vec<NameServer>,
}

impl Network {
    fn new(first: u8, resolv_conf: &str, tables: &[&[(&'static str, &'static str, Answer)]]) -> Self {
        write("/etc/resolv.conf", resolv_conf);
        let servers = tables.iter().zip(first..);
        let servers = servers.map(|(table, last)| NameServer::start(Ipv4Addr::new(127, 0, 7, last), table)).collect();
        Self { aws: FakeAws::start(), servers }
    }

    fn sandbox(&self, host: &str) -> Sandbox {
        let url = format!("http://{host}:{}", self.aws.port());
        Sandbox::new().with_keys("AKIDNAMES").env("AWS_ENDPOINT_URL", url).env("AWS_MAX_ATTEMPTS", "1")
    }

    /// Fetches a token from the fake by its name, and says how long that took.
    #[track_caller]
    fn assert_served(&self, host: &str, what: &str) -> Duration {
        let reply = self.sandbox(host).get(HOST);
        assert_eq!(reply.stderr, "", "{what}");
        assert!(password_head(&reply.password()).access_key_id.starts_with('A'), "{what}");
        assert!(self.aws.calls(Api::EcrToken) > 0, "{what}");
        reply.elapsed
    }
}

fn write(path: &str, contents: &str) {
    #[expect(clippy::disallowed_methods, reason = "the file system is the test's own")]
    std::fs::write(path, contents).expect("it can be written");
}

/// A test in a network of its own; the first name is that of the test inside.
macro_rules! in_own_network {
    ($($inside:ident, $name:ident: $body:block)*) => {
        $(
            #[test]
            fn $name() {
                run_in_namespaces(stringify!($inside), OWN_NETWORK);
            }

            #[test]
            #[ignore = "run by the test of a similar name, in a network of its own"]
            fn $inside() {
                if is_inside() {
                    $body
                }
            }
        )*
    };
}

in_own_network! {
    only_ipv4, a_name_is_found_whatever_is_said_of_its_ipv6_addresses: {
        let answers = [NoAddress, NoSuchName, Failure, Refused, Silence, Truncated(HERE), V6(std::net::Ipv6Addr::LOCALHOST)];
        for (answer, last) in answers.into_iter().zip(10..) {
            let server = format!("nameserver 127.0.7.{last}\n");
            let network = Network::new(last, &server, &[&[("AAAA", API, answer), ("A", API, V4(HERE))]]);
            let elapsed = network.assert_served(API, &format!("{answer:?}"));
            assert!(elapsed < Duration::from_secs(3), "{answer:?}: {elapsed:?}");
        }
    }

    only_ipv6, a_name_with_an_ipv6_address_alone_is_found: {
        for (answer, last) in [NoAddress, NoSuchName, Failure, Refused].into_iter().zip(10..) {
            let server = format!("nameserver 127.0.7.{last}\n");
            let mapped = V6(HERE.to_ipv6_mapped());
            let network = Network::new(last, &server, &[&[("A", API, answer), ("AAAA", API, mapped)]]);
            network.assert_served(API, &format!("{answer:?}"));
        }
    }

    search_domains, a_search_domain_that_fails_doesnt_hide_the_name: {
        const SEARCHED: [&str; 2] = ["ecr-api.corp.test.corp.example", "ecr-api.corp.test.svc.test"];
        for (answer, last) in [NoSuchName, Failure, Refused, NoAddress].into_iter().zip(10..) {
            let file = format!("search corp.example svc.test\nnameserver 127.0.7.{last}\noptions ndots:5\n");
            let table = [("*", SEARCHED[0], answer), ("*", SEARCHED[1], answer), ("AAAA", API, NoAddress), ("A", API, V4(HERE))];
            let network = Network::new(last, &file, &[&table]);
            network.assert_served(API, &format!("{answer:?}"));
            assert_eq!(network.servers[0].names(), [API, SEARCHED[0], SEARCHED[1]], "{answer:?}");
        }
    }

    short_name, a_short_name_is_found_in_a_search_domain: {
        let file = "search one.test two.test\nnameserver 127.0.7.10\n";
        let table = [("*", "ecr.one.test", Failure), ("A", "ecr.two.test", V4(HERE))];
        Network::new(10, file, &[&table]).assert_served("ecr", "a short name");
    }

    names_of_aws, a_name_of_aws_is_asked_for_as_it_is: {
        let file = "search a.test b.test c.test d.test\nnameserver 127.0.7.10\noptions ndots:5\n";
        let network = Network::new(10, file, &[&[("A", "*", V4(HERE))]]);
        for host in ["api.ecr.eu-west-1.amazonaws.com", "ecr.eu-west-1.api.aws", "api.ecr.cn-north-1.amazonaws.com.cn"] {
            network.assert_served(host, host);
        }
        let asked = ["api.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.eu-west-1.amazonaws.com", "ecr.eu-west-1.api.aws"];
        assert_eq!(network.servers[0].names(), asked);
        assert_eq!(network.servers[0].questions().len(), 6, "{:?}", network.servers[0].questions());
    }

    several_servers, the_first_name_server_that_works_decides: {
        let two = "nameserver 127.0.7.10\nnameserver 127.0.7.11\n";
        // The second is faster, and doesn't know the name.
        let knows = [("A", API, Late(400, HERE)), ("AAAA", API, NoAddress)];
        let network = Network::new(10, two, &[&knows, &[]]);
        network.assert_served(API, "the first knows it");
        assert_eq!(network.servers[1].questions(), []);
    }

    slow_server, a_slow_name_server_that_knows_the_name_wins: {
        let two = "nameserver 127.0.7.10\nnameserver 127.0.7.11\n";
        let network = Network::new(10, two, &[&[("A", API, Late(1_700, HERE)), ("AAAA", API, NoAddress)], &[]]);
        network.assert_served(API, "the first knows it");
    }

    failing_servers, a_name_server_that_fails_is_passed_by: {
        for (answer, first) in [Failure, Refused, Silence].into_iter().zip([10, 20, 30]) {
            let file = format!("nameserver 127.0.7.9\nnameserver 127.0.7.{first}\nnameserver 127.0.7.{}\n", first + 1);
            let network = Network::new(first, &file, &[&[("*", "*", answer)], &[("A", API, V4(HERE))]]);
            let elapsed = network.assert_served(API, &format!("{answer:?}"));
            assert!(elapsed < Duration::from_secs(3), "{answer:?}: {elapsed:?}");
        }
    }

    odd_answers, answers_that_are_odd_late_lost_or_too_long_are_coped_with: {
        let answers =
            [Truncated(HERE), GarbageFirst(HERE), ForeignFirst(HERE), Alias(HERE), LostOnce(HERE), Late(1_500, HERE)];
        for (answer, last) in answers.into_iter().zip(10..) {
            let server = format!("nameserver 127.0.7.{last}\n");
            let network = Network::new(last, &server, &[&[("A", API, answer), ("AAAA", API, NoAddress)]]);
            network.assert_served(API, &format!("{answer:?}"));
        }
        let network = Network::new(40, "nameserver 127.0.7.40\noptions use-vc\n", &[&[("A", API, V4(HERE))]]);
        network.assert_served(API, "over TCP");
    }

    hosts_file, the_hosts_file_comes_first: {
        write("/etc/hosts", "127.0.0.1 localhost\n# ours\n127.0.0.1\tother ECR-API.corp.test # the API\n");
        let network = Network::new(10, ONE_SERVER, &[&[("*", "*", V4(Ipv4Addr::new(127, 9, 9, 9)))]]);
        network.assert_served(API, "a name in /etc/hosts");
        network.assert_served("localhost", "localhost");
        assert_eq!(network.servers[0].questions(), []);
        write("/etc/hosts", "");
        network.assert_served("localhost", "localhost without an entry");
        network.assert_served("ecr.localhost", "a name below localhost");
        assert_eq!(network.servers[0].questions(), []);
    }

    unknown_names, a_name_that_isn_t_found_is_an_error_that_says_why: {
        const REMEDY: &str = "check the network, DNS, VPC endpoints and proxy variables";
        for (answer, last, said) in [
            (Failure, 10, "the name server 127.0.7.10 answered SERVFAIL"),
            (Refused, 11, "the name server 127.0.7.11 answered REFUSED"),
            (Silence, 12, "the name server 127.0.7.12 didn't answer within 2s"),
        ] {
            let file = format!("nameserver 127.0.7.{last}\noptions timeout:2\n");
            let network = Network::new(last, &file, &[&[("*", "*", answer)]]);
            let expected = format!(
                "ecr-login: no password for {HOST}: the AWS API can't be reached (the name `{API}` can't be looked up: \
                 {said}); {REMEDY}\n"
            );
            assert_eq!(network.sandbox(API).get(HOST).stderr, expected);
        }
        let network = Network::new(13, "nameserver 127.0.7.13\n", &[&[]]);
        let reply = network.sandbox(API).get(HOST);
        assert!(reply.stderr.contains("the AWS API can't be reached ("), "{}", reply.stderr);
        assert!(reply.elapsed < Duration::from_secs(2), "{:?}", reply.elapsed);
    }
}
