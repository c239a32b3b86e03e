//! Names on Linux and the BSDs: `/etc/hosts`, and the name servers of `/etc/resolv.conf`
//! (<https://man7.org/linux/man-pages/man5/resolv.conf.5.html>).

#[path = "dns.rs"]
pub(in crate::ecr) mod dns;

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::path::Path;
use std::time::Duration;

use resolv_conf::{Config, ScopedIp};

use self::dns::{NameServers, Outcome};
use super::is_this_machine;
use crate::fs::read_bounded;
use crate::registry::Partition;

const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The longest of either file that is read.
const LONGEST_FILE: usize = 16 << 20;

/// As many name servers as glibc and musl use.
const MOST_SERVERS: usize = 3;

/// The addresses of a name; `None` if only the system's resolver may know it.
/// Error: no name server can say.
pub(super) async fn look_up(host: &str) -> io::Result<Option<Vec<IpAddr>>> {
    let mut addresses = addresses_in_hosts(&read(HOSTS).unwrap_or_default(), host);
    if addresses.is_empty() {
        if is_this_machine(host) {
            return Ok(None);
        }
        let Some(resolv_conf) = read(RESOLV_CONF) else { return Ok(None) };
        let (config, _mistakes) = Config::parse_with_errors(resolv_conf.as_bytes());
        let Some(found) = ask(host, &config).await? else { return Ok(None) };
        addresses = found;
    }
    sort(&mut addresses);
    Ok(Some(addresses))
}

fn read(path: &str) -> Option<String> {
    let contents = read_bounded(Path::new(path), LONGEST_FILE).ok()??;
    Some(String::from_utf8_lossy(&contents).into_owned())
}

/// Each line is an address and its names (<https://man7.org/linux/man-pages/man5/hosts.5.html>).
pub(in crate::ecr) fn addresses_in_hosts(hosts: &str, host: &str) -> Vec<IpAddr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let lines = hosts.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|name| name.eq_ignore_ascii_case(host)).then_some(address)
    });
    lines.collect()
}

async fn ask(host: &str, config: &Config) -> io::Result<Option<Vec<IpAddr>>> {
    let servers = servers(config);
    if servers.is_empty() {
        return Ok(None);
    }
    let timeout = Duration::from_secs(config.timeout.clamp(1, 5).into());
    let servers = NameServers { servers, timeout, tcp_only: config.use_vc, ipv4_only: config.no_aaaa };
    let mut failure = None;
    for name in candidates(host, config) {
        match servers.ask(&name).await {
            Outcome::Found(addresses) => return Ok(Some(addresses)),
            Outcome::NoAddress => {}
            Outcome::Failed(error) => failure = Some(error),
        }
    }
    match failure {
        // As in glibc, this counts more than "no such name": the next attempt may find it.
        Some(error) => Err(io::Error::other(format!("the name `{host}` can't be looked up: {error}"))),
        None => Ok(None),
    }
}

/// The servers of a `/etc/resolv.conf`, and the names to ask them for in turn.
pub(in crate::ecr) fn questions(resolv_conf: &str, host: &str) -> (Vec<SocketAddr>, Vec<String>) {
    let (config, _mistakes) = Config::parse_with_errors(resolv_conf.as_bytes());
    (servers(&config), candidates(host, &config))
}

/// As many servers as are asked.
fn servers(config: &Config) -> Vec<SocketAddr> {
    config.nameservers.iter().take(MOST_SERVERS).filter_map(address_of_server).collect()
}

/// A link-local address needs the number of its interface, which only the system's resolver knows.
fn address_of_server(server: &ScopedIp) -> Option<SocketAddr> {
    match server {
        ScopedIp::V4(address) => Some((*address, 53).into()),
        ScopedIp::V6(address, None) => Some(SocketAddrV6::new(*address, 53, 0, 0).into()),
        ScopedIp::V6(_, Some(_)) => None,
    }
}

/// The names to ask for in turn.
fn candidates(host: &str, config: &Config) -> Vec<String> {
    if let Some(complete) = host.strip_suffix('.') {
        return vec![complete.to_owned()];
    }
    let domains = config.get_last_search_or_domain().map(|domain| domain.trim_matches('.'));
    let searched = domains.filter(|domain| !domain.is_empty()).map(|domain| format!("{host}.{domain}"));
    let dots = u32::try_from(host.matches('.').count()).unwrap_or(u32::MAX);
    let mut names: Vec<_> = searched.collect();
    if dots >= config.ndots || is_of_aws(host) {
        names.insert(0, host.to_owned());
    } else {
        names.push(host.to_owned());
    }
    names
}

/// Whether a name is one of AWS's APIs. These are complete: asking for them in the search domains
/// first, as `ndots:5` of Kubernetes demands, would cost five questions more for each lookup.
fn is_of_aws(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let mut domains = Partition::ALL.iter().flat_map(|partition| partition.api_domains());
    domains.any(|domain| host.strip_suffix(domain).is_some_and(|before| before.ends_with('.')))
}

/// IPv6 first if this machine can send to it, and from an address that fits: the part of
/// <https://www.rfc-editor.org/rfc/rfc6724> that matters here.
fn sort(addresses: &mut [IpAddr]) {
    let is_global = |address: Ipv6Addr| address.segments()[0] & 0xe000 == 0x2000;
    let is_usable = |address: Ipv6Addr| {
        // Connecting UDP sends nothing.
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect((address, 443)).ok()?;
        match socket.local_addr().ok()?.ip() {
            IpAddr::V6(source) => Some(is_global(source) || !is_global(address)),
            IpAddr::V4(_) => None,
        }
    };
    let first_v6 = addresses.iter().find_map(|address| match address {
        IpAddr::V6(address) => Some(*address),
        IpAddr::V4(_) => None,
    });
    let v6_first = first_v6.and_then(is_usable).unwrap_or(false);
    addresses.sort_by_key(|address| address.is_ipv6() != v6_first);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_by_every_name_of_a_line() {
        const HOSTS: &str = "127.0.0.1\tlocalhost\n::1 localhost ip6-localhost\n# 10.0.0.1 commented\n\
                             10.0.0.2 API.ecr.test api # 10.0.0.3 third\nnot-an-address third\n10.0.0.4\tapi\r\n";
        for (host, expected) in [
            ("localhost", &["127.0.0.1", "::1"][..]),
            ("LOCALHOST.", &["127.0.0.1", "::1"]),
            ("api.ecr.test", &["10.0.0.2"]),
            ("api", &["10.0.0.2", "10.0.0.4"]),
            ("commented", &[]),
            ("third", &[]),
            ("10.0.0.2", &[]),
        ] {
            let found: Vec<_> = addresses_in_hosts(HOSTS, host).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{host}");
        }
    }

    #[test]
    fn a_name_with_enough_dots_or_of_aws_is_asked_for_as_it_is_first() {
        for (host, config, expected) in [
            ("a.test", "", &["a.test"][..]),
            ("a.test.", "search x.test", &["a.test"]),
            ("a.test", "search x.test y.test.", &["a.test", "a.test.x.test", "a.test.y.test"]),
            ("api", "domain x.test", &["api.x.test", "api"]),
            ("api", "domain x.test\nsearch y.test", &["api.y.test", "api"]),
            ("api", "search .", &["api"]),
            ("a.test", "search x.test\noptions ndots:5", &["a.test.x.test", "a.test"]),
            (
                "api.ecr.eu-west-1.amazonaws.com",
                "search x.test\noptions ndots:5",
                &["api.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com.x.test"],
            ),
            (
                "ecr.us-iso-east-1.api.aws.ic.gov",
                "options ndots:6\nsearch x",
                &["ecr.us-iso-east-1.api.aws.ic.gov", "ecr.us-iso-east-1.api.aws.ic.gov.x"],
            ),
            ("notamazonaws.com", "search x.test\noptions ndots:5", &["notamazonaws.com.x.test", "notamazonaws.com"]),
            ("amazonaws.com.test", "options ndots:9\nsearch x", &["amazonaws.com.test.x", "amazonaws.com.test"]),
            (
                "ecr.us-east-1.API.AWS",
                "options ndots:5\nsearch x",
                &["ecr.us-east-1.API.AWS", "ecr.us-east-1.API.AWS.x"],
            ),
        ] {
            let (config, _) = Config::parse_with_errors(config.as_bytes());
            assert_eq!(candidates(host, &config), expected, "{host}");
        }
    }

    #[test]
    fn a_line_that_isn_t_known_spoils_no_other() {
        let text = "; by a program\nfoo bar\noptions edns0 new-option ndots:x timeout:2\nnameserver 300.1.1.1\n\
                    nameserver 127.0.0.1 # local\nnameserver fe80::1%eth0\nnameserver ::1\nsearch a.test\n";
        let (config, mistakes) = Config::parse_with_errors(text.as_bytes());
        let servers: Vec<_> = config.nameservers.iter().filter_map(address_of_server).collect();
        let expected = ["127.0.0.1:53", "[::1]:53"].map(|server| server.parse().expect("an address"));
        assert_eq!((servers.as_slice(), config.timeout), (expected.as_slice(), 2), "{mistakes:?}");
        assert_eq!(candidates("a", &config), ["a.a.test", "a"]);
    }
}
