//! Calls without a cached token: one at a time, and many at once.

use std::path::Path;
use std::time::Duration;

use super::Bench;
use crate::concurrency::{self, Burst};
use crate::fixture::{HOST, Roots, system_roots};
use crate::goals;
use crate::home::{Home, has_password};
use crate::report::{LimitKind, Row, Unit};
use crate::timing::{Sample, Task, alternate, milliseconds};

/// The time the API takes in a burst, about that of the real one.
const API_TIME: Duration = Duration::from_millis(100);

impl Bench<'_> {
    /// Cold calls over HTTP, over TLS, and over TLS with all root certificates of the system.
    pub fn cold(&self) -> Vec<Row> {
        let mut transports = vec![
            ("HTTP", self.fixture.static_keys(), [0, 20, 100].as_slice(), goals::COLD_HTTP_AGAINST_GO),
            ("TLS, 1 root", self.fixture.over_tls(Roots::One), &[0, 20, 100], goals::COLD_TLS_AGAINST_GO),
        ];
        let many = system_roots().map(|roots| format!("TLS, {} roots", roots.matches("BEGIN CERT").count() + 1));
        if let Some(many) = &many {
            transports.push((many, self.fixture.over_tls(Roots::System), &[0], goals::COLD_TLS_AGAINST_GO));
        }
        let mut rows = Vec::new();
        for (transport, home, latencies, limit) in transports {
            // Go helpers that ignore endpoint URLs would use TLS where ours uses HTTP.
            let go = self.go.filter(|go| transport != "HTTP" || self.accepts_endpoint(&home, go));
            for &latency in latencies {
                self.fixture.delay(Duration::from_millis(latency));
                let mut tasks = vec![self.cold_task(&home, self.ours())];
                tasks.extend(go.map(|go| self.cold_task(&home, go)));
                let samples = alternate(self.effort.fewer(), tasks);
                let name = format!("cold, {transport}, API {latency} ms");
                let row = Row::new(name, Unit::Milliseconds, Some(samples[0]));
                rows.push(row.against_go(samples.get(1).copied(), (latency == 0).then_some(limit)));
            }
        }
        self.fixture.delay(Duration::ZERO);
        let fake = alternate(self.effort.fewer(), vec![Box::new(|| milliseconds(self.fixture.request_time()))]);
        rows.push(Row::new("the fake API alone, HTTP", Unit::Milliseconds, None).with_noop(Some(fake[0])));
        rows
    }

    fn cold_task<'a>(&'a self, home: &'a Home, program: &'a Path) -> Task<'a> {
        Box::new(move || {
            home.clear_caches();
            let calls = self.fixture.calls();
            let run = home.get(program, HOST);
            assert!(has_password(&run), "{}: {}", program.display(), run.stderr);
            assert_eq!(self.fixture.calls(), calls + 1, "it was cold");
            milliseconds(run.took)
        })
    }

    /// Whether a program calls the endpoint that a variable names.
    fn accepts_endpoint(&self, home: &Home, program: &Path) -> bool {
        home.clear_caches();
        let calls = self.fixture.http.requests().len();
        home.get(program, HOST);
        self.fixture.http.requests().len() > calls
    }

    /// Bursts of processes that need the same token.
    pub fn bursts(&self) -> Vec<Row> {
        let home = self.fixture.static_keys();
        let burst = |program: &Path, processes| concurrency::burst(&self.fixture, &home, program, processes, API_TIME);
        let sizes: &[usize] = if self.effort.is_short { &[256] } else { &[32, 256] };
        let mut rows = Vec::new();
        for &processes in sizes {
            let ours: Vec<Burst> = (0..3).map(|_| burst(self.ours(), processes)).collect();
            let go = self.go.map(|go| burst(go, processes));
            let most = ours.iter().map(|burst| burst.calls).fold(0.0, f64::max);
            let calls =
                Row::new(format!("API calls, {processes} at once, cold"), Unit::Count, Some(Sample::exact(most)));
            let row = calls.against_go(go.as_ref().map(|burst| Sample::exact(burst.calls)), None);
            rows.push(row.at_most(goals::CALLS_AT_ONCE, LimitKind::Counted));
            let last = Sample::of(ours.iter().map(|burst| burst.last).collect());
            let row = Row::new(format!("last of {processes}, without the API's time"), Unit::Milliseconds, Some(last));
            let row = row.against_go(go.map(|burst| Sample::exact(burst.last)), None);
            rows.push(if processes == 256 { row.at_most(goals::LAST_OF_256, LimitKind::Timed) } else { row });
        }
        rows
    }
}
