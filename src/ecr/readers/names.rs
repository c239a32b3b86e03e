//! What reads the system's files about names, and the answers of name servers.

use std::net::{IpAddr, SocketAddr};

use crate::ecr::names::os::{self, dns};

/// The addresses that `/etc/hosts` has for a host.
pub fn hosts_file(text: &str, host: &str) -> Vec<IpAddr> {
    os::addresses_in_hosts(text, host)
}

/// The name servers of `/etc/resolv.conf`, and the names that they are asked for.
pub fn resolv_conf(text: &str, host: &str) -> (Vec<SocketAddr>, Vec<String>) {
    os::questions(text, host)
}

/// The addresses in the answer to a question, and whether the answer is taken for one to that question.
/// Error: what the server does instead of answering.
pub fn dns_answer(message: &[u8], id: u16, name: &str) -> (Result<Vec<IpAddr>, String>, bool) {
    (dns::addresses(message, id, name), dns::belongs_to(message, id, name))
}

/// The question for the addresses of a name, of IPv4 or IPv6.
pub fn dns_question(id: u16, name: &str, is_ipv6: bool) -> Option<Vec<u8>> {
    dns::question_for(id, name, is_ipv6)
}
