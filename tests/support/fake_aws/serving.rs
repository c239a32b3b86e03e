//! The running of the fake: what it remembers, and how a request on a connection becomes an answer.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use super::super::http::{Request, Response};
use super::super::loopback::Stop;
use super::caller::Signature;
use super::issue::Ledger;
use super::{Api, Behaviour, RecordedRequest, answers, dates};

/// What the threads of the connections share.
#[derive(Default)]
pub(super) struct State {
    records: Mutex<Records>,
    arrived: Condvar,
}

/// Everything the fake remembers: what it was told and what it saw.
pub(super) struct Records {
    pub(super) behaviours: HashMap<Api, Behaviour>,
    pub(super) requests: Vec<RecordedRequest>,
    pub(super) in_flight: HashMap<Api, Flight>,
    pub(super) ledger: Ledger,
    pub(super) token_expiry: Expiry,
    pub(super) credentials_lifetime: Duration,
    pub(super) access_key_ids: HashMap<Api, String>,
    pub(super) instance_role: String,
    pub(super) instance_region: String,
    pub(super) metadata_wants_token: bool,
    pub(super) container_token: Option<String>,
    pub(super) clock_is_ahead: i64,
}

/// When authorization tokens end.
pub(super) enum Expiry {
    After(Duration),
    At(SystemTime),
}

impl Expiry {
    pub(super) fn moment(&self) -> SystemTime {
        match *self {
            Self::After(lifetime) => SystemTime::now() + lifetime,
            Self::At(moment) => moment,
        }
    }
}

/// Requests to one API that are unanswered.
#[derive(Default)]
pub(super) struct Flight {
    now: usize,
    pub(super) most: usize,
}

impl Default for Records {
    fn default() -> Self {
        Self {
            behaviours: HashMap::new(),
            requests: Vec::new(),
            in_flight: HashMap::new(),
            ledger: Ledger::default(),
            token_expiry: Expiry::After(Duration::from_hours(12)),
            credentials_lifetime: Duration::from_hours(1),
            access_key_ids: HashMap::new(),
            instance_role: "instance-role".to_owned(),
            instance_region: "us-east-1".to_owned(),
            metadata_wants_token: true,
            container_token: None,
            clock_is_ahead: 0,
        }
    }
}

impl Records {
    pub(super) fn calls(&self, api: Api) -> usize {
        self.requests.iter().filter(|request| request.api == api).count()
    }

    /// What the next request to this API gets; counts down those that are to fail.
    fn next_behaviour(&mut self, api: Api) -> Behaviour {
        match self.behaviours.get_mut(&api) {
            None | Some(Behaviour::FailTimes(0, _)) => Behaviour::Answer,
            Some(Behaviour::FailTimes(left, inner)) => {
                *left -= 1;
                (**inner).clone()
            }
            Some(lasting) => lasting.clone(),
        }
    }
}

impl State {
    pub(super) fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().expect("no holder panics")
    }

    /// Waits until this API has had so many requests, or for `limit`; returns how many it has had.
    pub(super) fn wait_for_calls(&self, api: Api, calls: usize, limit: Duration) -> usize {
        let missing = |records: &mut Records| records.calls(api) < calls;
        let waited = self.arrived.wait_timeout_while(self.lock(), limit, missing);
        waited.expect("no holder panics").0.calls(api)
    }

    /// Answers the requests of one connection until it ends.
    pub(super) fn serve(&self, stream: impl Read + Write, connection: usize, stop: &Stop) {
        let mut stream = BufReader::new(stream);
        // A connection that breaks, or speaks no HTTP, is the client's affair: what it sees is the closed connection.
        while let Ok(Some(request)) = Request::read(&mut stream) {
            let ends = request.ends_connection();
            let Ok(true) = self.reply(&request, connection, stop, stream.get_mut()) else { return };
            if ends {
                return;
            }
        }
    }

    /// Answers one request; false when there is no answer and the connection is to be closed.
    fn reply(&self, request: &Request, connection: usize, stop: &Stop, stream: &mut impl Write) -> io::Result<bool> {
        let api = Api::of(request);
        let (behaviour, request_id) = self.arrive(api, request, connection);
        let _departing = Departure { state: self, api };
        let response = match behaviour {
            Behaviour::Delay(delay) if stop.within(delay) => return Ok(false),
            Behaviour::Answer | Behaviour::Delay(_) => self.answer(api, request, &request_id),
            Behaviour::Error { status, code, message } => api.error(status, code, &message, &request_id),
            Behaviour::Garbage(body) => Response::new(200, body).header("Content-Type", api.content_type()),
            Behaviour::Empty => Response::new(200, ""),
            Behaviour::Status(status) => Response::new(status, ""),
            Behaviour::Close => return Ok(false),
            Behaviour::Hang => {
                stop.wait();
                return Ok(false);
            }
            Behaviour::FailTimes(..) => unreachable!("`set` refuses a nested `FailTimes`"),
        };
        response.header("x-amzn-RequestId", request_id).header("Date", dates::http_date(self.clock())).write(stream)?;
        Ok(true)
    }

    /// What the `Date` header says.
    fn clock(&self) -> SystemTime {
        let ahead = self.lock().clock_is_ahead;
        let span = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 { SystemTime::now() - span } else { SystemTime::now() + span }
    }

    fn answer(&self, api: Api, request: &Request, request_id: &str) -> Response {
        let answer = answers::answer(api, request, request_id, &mut self.lock());
        answer.unwrap_or_else(|refusal| api.error(refusal.status, refusal.code, &refusal.message, request_id))
    }

    fn arrive(&self, api: Api, request: &Request, connection: usize) -> (Behaviour, String) {
        let mut records = self.lock();
        let request_id = format!("00000000-0000-4000-8000-{:012}", records.requests.len() + 1);
        let signature = Signature::of(request);
        let of_signature = |field: fn(&Signature) -> &String| signature.as_ref().map(|known| field(known).clone());
        let record = RecordedRequest {
            api,
            method: request.method.clone(),
            path: request.target.clone(),
            host: request.header("host").unwrap_or_default().to_owned(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            access_key_id: of_signature(|signature| &signature.access_key_id),
            session_token: request.header("x-amz-security-token").map(str::to_owned),
            region: of_signature(|signature| &signature.region),
            service: of_signature(|signature| &signature.service),
            request_id: request_id.clone(),
            connection,
        };
        records.requests.push(record);
        let flight = records.in_flight.entry(api).or_default();
        flight.now += 1;
        flight.most = flight.most.max(flight.now);
        let behaviour = records.next_behaviour(api);
        drop(records);
        self.arrived.notify_all();
        (behaviour, request_id)
    }
}

/// Takes a request out of the count of those in flight, however its answer ends.
struct Departure<'a> {
    state: &'a State,
    api: Api,
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        self.state.lock().in_flight.entry(self.api).and_modify(|flight| flight.now -= 1);
    }
}
