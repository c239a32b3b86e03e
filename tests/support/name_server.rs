//! A name server on loopback, over UDP and TCP, that answers by a table and remembers the questions. It writes its own
//! messages (RFC 1035), so that it can't share a mistake with the product.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a name server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This address, if that kind is asked for.
    V4(Ipv4Addr),
    /// This address, if that kind is asked for.
    V6(Ipv6Addr),
    /// An alias, and its address.
    Alias(Ipv4Addr),
    /// The name has no address of that kind.
    NoAddress,
    /// There is no such name.
    NoSuchName,
    /// SERVFAIL.
    Failure,
    /// REFUSED.
    Refused,
    /// Over UDP, that the answer doesn't fit; over TCP, this address.
    Truncated(Ipv4Addr),
    /// Bytes that are no message, and then this address.
    GarbageFirst(Ipv4Addr),
    /// The answer to another question, and then this address.
    ForeignFirst(Ipv4Addr),
    /// Nothing.
    Silence,
    /// Nothing the first time, and then this address.
    LostOnce(Ipv4Addr),
    /// After a while, this address.
    Late(u64, Ipv4Addr),
}

/// What is asked for: `A` or `AAAA`, and the name.
pub type Question = (&'static str, String);

/// The running server; it runs until the process ends.
#[derive(Clone)]
pub struct NameServer {
    questions: Arc<Mutex<Vec<Question>>>,
}

impl NameServer {
    /// Serves port 53 of an address, by a table of the kind (`A`, `AAAA`, or `*`) and name of each question; `*` is every
    /// name. What isn't in the table doesn't exist.
    pub fn start(address: Ipv4Addr, table: &[(&'static str, &'static str, Answer)]) -> Self {
        let (server, table) = (Self { questions: Arc::default() }, table.to_vec());
        let socket = UdpSocket::bind((address, 53)).expect("the port is free");
        let listener = TcpListener::bind((address, 53)).expect("the port is free");
        let udp = (server.clone(), table.clone());
        thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let (answer, times) = udp.0.answer(&udp.1, &buffer[..length]);
                send(&socket, client, &buffer[..length], answer, times);
            }
        });
        let tcp = server.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut length = [0; 2];
                stream.read_exact(&mut length).expect("a length");
                let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut question).expect("a question");
                let (Answer::Truncated(address) | Answer::V4(address)) = tcp.answer(&table, &question).0 else {
                    continue;
                };
                let message = message(&question, Answer::V4(address));
                let length = u16::try_from(message.len()).expect("a short message").to_be_bytes();
                stream.write_all(&[&length, message.as_slice()].concat()).expect("the client listens");
            }
        });
        server
    }

    /// Every question so far, in the order of arrival.
    pub fn questions(&self) -> Vec<Question> {
        self.questions.lock().expect("no holder panics").clone()
    }

    /// The names that were asked for, each once.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.questions().into_iter().map(|(_, name)| name).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The answer to a question, and how often that was asked before.
    fn answer(&self, table: &[(&str, &str, Answer)], message: &[u8]) -> (Answer, usize) {
        let question = question(message);
        let mut questions = self.questions.lock().expect("no holder panics");
        let times = questions.iter().filter(|earlier| **earlier == question).count();
        questions.push(question.clone());
        let (kind, name) = question;
        let row = table.iter().find(|(of_kind, of_name, _)| {
            (*of_kind == "*" || *of_kind == kind) && (*of_name == "*" || of_name.eq_ignore_ascii_case(&name))
        });
        (row.map_or(Answer::NoSuchName, |(_, _, answer)| *answer), times)
    }
}

fn send(socket: &UdpSocket, client: SocketAddr, question: &[u8], answer: Answer, times: usize) {
    let say = |message: &[u8]| drop(socket.send_to(message, client));
    match answer {
        Answer::Silence => {}
        Answer::LostOnce(_) if times == 0 => {}
        Answer::LostOnce(address) => say(&message(question, Answer::V4(address))),
        Answer::GarbageFirst(address) => {
            say(b"garbage");
            say(&[question[0], question[1], 0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0, 0xc0, 0x0c]);
            say(&message(question, Answer::V4(address)));
        }
        Answer::ForeignFirst(address) => {
            let mut foreign = message(question, Answer::V4(Ipv4Addr::new(127, 9, 9, 9)));
            foreign[0] ^= 1;
            say(&foreign);
            foreign[0] ^= 1;
            // A letter of the name.
            foreign[13] ^= 1;
            say(&foreign);
            say(&message(question, Answer::V4(address)));
        }
        Answer::Late(milliseconds, address) => {
            let (socket, message) = (socket.try_clone().expect("a socket"), message(question, Answer::V4(address)));
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(milliseconds));
                drop(socket.send_to(&message, client));
            });
        }
        other => say(&message(question, other)),
    }
}

fn question(message: &[u8]) -> Question {
    let (mut labels, mut at) = (Vec::new(), 12);
    while message[at] != 0 {
        let end = at + 1 + usize::from(message[at]);
        labels.push(String::from_utf8_lossy(&message[at + 1..end]).into_owned());
        at = end;
    }
    let kind = match message[at + 2] {
        1 => "A",
        28 => "AAAA",
        other => panic!("a question of type {other}"),
    };
    (kind, labels.join("."))
}

/// Where the name of the question is.
const ASKED_FOR: [u8; 2] = [0xc0, 0x0c];

/// Another name.
const ALIAS: &[u8] = b"\x05alias\x04test\0";

/// The message with an answer to a question.
fn message(question_message: &[u8], answer: Answer) -> Vec<u8> {
    let kind = question(question_message).0;
    let record = |name: &[u8], kind: u8, data: &[u8]| {
        let length = u8::try_from(data.len()).expect("a short record");
        [name, &[0, kind, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
    };
    let (flags, code, records) = match answer {
        Answer::V4(address) if kind == "A" => (0, 0, vec![record(&ASKED_FOR, 1, &address.octets())]),
        Answer::V6(address) if kind == "AAAA" => (0, 0, vec![record(&ASKED_FOR, 28, &address.octets())]),
        Answer::Alias(address) if kind == "A" => {
            (0, 0, vec![record(&ASKED_FOR, 5, ALIAS), record(ALIAS, 1, &address.octets())])
        }
        // Cut off within a record.
        Answer::Truncated(_) => (2, 0, vec![vec![0xc0, 0x0c, 0, 1]]),
        Answer::NoSuchName => (0, 3, Vec::new()),
        Answer::Failure => (0, 2, Vec::new()),
        Answer::Refused => (0, 5, Vec::new()),
        _ => (0, 0, Vec::new()),
    };
    let count = u8::try_from(records.len()).expect("few records");
    let header = [question_message[0], question_message[1], 0x81 | flags, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
    [header.to_vec(), question_message[12..].to_vec(), records.concat()].concat()
}
