//! Questions to name servers (<https://www.rfc-editor.org/rfc/rfc1035>): over UDP, and over TCP when an
//! answer doesn't fit.
//!
//! The servers are asked in turn, as glibc and Go do: a later one counts only when those before it
//! fail or are silent. A server that hasn't answered within a second isn't waited for alone.

use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, header_buffer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long a server is silent until the next one is asked too, and until it is asked again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the addresses of IPv6 are waited for when those of IPv4 are there: some servers never answer.
const WAIT_FOR_IPV6: Duration = Duration::from_millis(300);

/// The name servers, and how to ask them.
#[derive(Clone, Debug)]
pub(super) struct NameServers {
    pub(super) servers: Vec<SocketAddr>,
    /// How long each may take.
    pub(super) timeout: Duration,
    pub(super) tcp_only: bool,
    pub(super) ipv4_only: bool,
}

/// What the servers know of a name.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Its addresses.
    Found(Vec<IpAddr>),
    /// It doesn't exist, or has no address.
    NoAddress,
    /// No server can say.
    Failed(io::Error),
}

impl NameServers {
    /// Asks for the addresses of a complete name.
    pub(super) async fn ask(&self, name: &str) -> Outcome {
        self.ask_from(0, name).await
    }

    /// Asks a server, and those after it once it fails or is slow.
    fn ask_from<'a>(&'a self, index: usize, name: &'a str) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(async move {
            let Some(&server) = self.servers.get(index) else {
                return Outcome::Failed(io::Error::other("there is no name server"));
            };
            let is_last = index + 1 == self.servers.len();
            let mut first = pin!(self.ask_server(server, name));
            if is_last {
                return first.await;
            }
            match timeout(PATIENCE, first.as_mut()).await {
                Ok(Outcome::Failed(error)) => return prefer_answer(self.ask_from(index + 1, name).await, error),
                Ok(answer) => return answer,
                Err(_slow) => {}
            }
            let mut others = self.ask_from(index + 1, name);
            let earlier = poll_fn(|context| match first.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
                Poll::Pending => others.as_mut().poll(context).map(Err),
            });
            match earlier.await {
                Ok(Outcome::Failed(error)) => prefer_answer(others.await, error),
                Err(found @ Outcome::Found(_)) | Ok(found) => found,
                // The first server may know more than the others.
                Err(other) => match first.await {
                    Outcome::Failed(error) => prefer_answer(other, error),
                    answer => answer,
                },
            }
        })
    }

    /// Asks one server for both kinds of addresses.
    async fn ask_server(&self, server: SocketAddr, name: &str) -> Outcome {
        let failed =
            |problem: String| Outcome::Failed(io::Error::other(format!("the name server {} {problem}", server.ip())));
        let ipv6 = (!self.ipv4_only).then(|| {
            let (servers, name) = (self.clone(), name.to_owned());
            tokio::spawn(async move { servers.exchange(server, &name, TYPE::AAAA).await })
        });
        let ipv4 = self.exchange(server, name, TYPE::A).await;
        let limit = if matches!(&ipv4, Ok(found) if !found.is_empty()) { WAIT_FOR_IPV6 } else { self.timeout };
        let ipv6 = match ipv6 {
            Some(task) => timeout(limit, task).await.ok().and_then(Result::ok).and_then(Result::ok).unwrap_or_default(),
            None => Vec::new(),
        };
        match ipv4 {
            Ok(found) if found.is_empty() && ipv6.is_empty() => Outcome::NoAddress,
            Ok(found) => Outcome::Found([found, ipv6].concat()),
            Err(_) if !ipv6.is_empty() => Outcome::Found(ipv6),
            Err(error) => failed(error),
        }
    }

    /// The addresses of one kind; none if the name has none or doesn't exist.
    /// Error: what the server does instead of answering.
    async fn exchange(&self, server: SocketAddr, name: &str, kind: TYPE) -> Result<Vec<IpAddr>, String> {
        let id = random_id();
        let question = question(id, name, kind).map_err(|error| format!("can't be asked: {error}"))?;
        let asking = async {
            if !self.tcp_only {
                let response = ask_over_udp(server, &question, id, name).await?;
                if !is_truncated(&response) {
                    return Ok(response);
                }
            }
            ask_over_tcp(server, &question).await
        };
        let response = match timeout(self.timeout, asking).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(format!("can't be reached: {error}")),
            Err(_) => return Err(format!("didn't answer within {:?}", self.timeout)),
        };
        addresses(&response, id, name)
    }
}

/// An answer, or the failure of the server that should have been asked first.
fn prefer_answer(outcome: Outcome, first: io::Error) -> Outcome {
    match outcome {
        Outcome::Failed(_) => Outcome::Failed(first),
        answer => answer,
    }
}

/// Answers are matched to questions by a number that others can't guess.
fn random_id() -> u16 {
    let [high, low, ..] = RandomState::new().build_hasher().finish().to_be_bytes();
    u16::from_be_bytes([high, low])
}

fn question(id: u16, name: &str, kind: TYPE) -> Result<Vec<u8>, simple_dns::SimpleDnsError> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(Name::new(name)?, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec()
}

/// The question for addresses of IPv4 or IPv6; none if the name can't be asked for.
pub(in crate::ecr) fn question_for(id: u16, name: &str, is_ipv6: bool) -> Option<Vec<u8>> {
    question(id, name, if is_ipv6 { TYPE::AAAA } else { TYPE::A }).ok()
}

/// Asks, and asks again while there is no answer: a packet may be lost.
async fn ask_over_udp(server: SocketAddr, question: &[u8], id: u16, name: &str) -> io::Result<Vec<u8>> {
    let any = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let mut buffer = vec![0; 4096];
    loop {
        socket.send(question).await?;
        let answer = async {
            loop {
                let length = socket.recv(&mut buffer).await?;
                let response = &buffer[..length];
                if is_truncated(response) && header_buffer::id(response) == Ok(id) || belongs_to(response, id, name) {
                    return io::Result::Ok(length);
                }
            }
        };
        if let Ok(length) = timeout(PATIENCE, answer).await {
            buffer.truncate(length?);
            return Ok(buffer);
        }
    }
}

async fn ask_over_tcp(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
    let mut response = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut response).await?;
    Ok(response)
}

/// Whether an answer didn't fit. It may end within a record.
fn is_truncated(response: &[u8]) -> bool {
    header_buffer::has_flags(response, PacketFlag::TRUNCATION) == Ok(true)
}

pub(in crate::ecr) fn belongs_to(response: &[u8], id: u16, name: &str) -> bool {
    Packet::parse(response).is_ok_and(|packet| is_answer_to(&packet, id, name))
}

fn is_answer_to(packet: &Packet<'_>, id: u16, name: &str) -> bool {
    let asked = |question: &Question<'_>| question.qname.to_string().eq_ignore_ascii_case(name);
    // Some servers leave the question out of a refusal.
    packet.id() == id && packet.has_flags(PacketFlag::RESPONSE) && packet.questions.first().is_none_or(asked)
}

/// The addresses in a response, whatever alias has them.
/// Error: what the server does instead of answering.
pub(in crate::ecr) fn addresses(response: &[u8], id: u16, name: &str) -> Result<Vec<IpAddr>, String> {
    let packet = Packet::parse(response).map_err(|error| format!("sent an invalid answer: {error}"))?;
    if !is_answer_to(&packet, id, name) {
        return Err("answered another question".to_owned());
    }
    match packet.rcode() {
        RCODE::NoError => {
            let addresses = packet.answers.iter().filter_map(|record| match &record.rdata {
                RData::A(record) => Some(IpAddr::V4(record.address.into())),
                RData::AAAA(record) => Some(IpAddr::V6(record.address.into())),
                _ => None,
            });
            Ok(addresses.collect())
        }
        RCODE::NameError => Ok(Vec::new()),
        RCODE::ServerFailure => Err("answered SERVFAIL".to_owned()),
        RCODE::Refused => Err("answered REFUSED".to_owned()),
        _ => Err("answered with an error".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "my_host-1.corp.test";

    #[test]
    fn a_question_is_in_the_form_of_the_standard() {
        let expected =
            b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09my_host-1\x04corp\x04test\x00\x00\x1c\x00\x01";
        assert_eq!(question(0x1234, NAME, TYPE::AAAA), Ok(expected.to_vec()));
        assert!(question(1, &format!("{}.test", "a".repeat(64)), TYPE::A).is_err());
        assert!(question(1, &"a.".repeat(130), TYPE::A).is_err());
    }

    /// An answer with records of these types and this data.
    fn response(records: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut message = question(7, NAME, TYPE::A).expect("a name");
        message[2] = 0x81;
        message[7] = u8::try_from(records.len()).expect("few");
        for (kind, data) in records {
            message.extend([0xc0, 12, 0, *kind, 0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).expect("short")]);
            message.extend(data);
        }
        message
    }

    #[test]
    fn addresses_are_read_beside_records_of_every_kind() {
        let records = [
            (5, vec![1, b'x', 0]),
            (1, vec![127, 0, 0, 1]),
            (16, vec![1, b'y']),
            (255, vec![9]),
            (1, vec![10, 0, 0, 1]),
        ];
        let expected = ["127.0.0.1", "10.0.0.1"].map(|address| address.parse().expect("an address")).to_vec();
        assert_eq!(addresses(&response(&records), 7, NAME), Ok(expected.clone()));
        assert_eq!(addresses(&response(&records), 7, "MY_host-1.CORP.test"), Ok(expected));
        assert!(addresses(&response(&records), 8, NAME).is_err());
        assert!(addresses(&response(&records), 7, "other.test").is_err());
    }

    proptest! {
        #[test]
        fn no_message_makes_the_parser_panic(
            records in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..4),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
            end in any::<proptest::sample::Index>(),
        ) {
            let mut message = response(&records);
            for (index, byte) in changes {
                let index = index.index(message.len());
                message[index] = byte;
            }
            let cut = end.index(message.len() * 3).min(message.len());
            for message in [&message[..], &message[..cut]] {
                let _addresses = addresses(message, 7, NAME);
                let _belongs = belongs_to(message, 7, NAME);
                let _truncated = is_truncated(message);
            }
        }
    }
}
