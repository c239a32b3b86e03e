//! A server on a free loopback port, or where a test says: one blocking thread per connection, all of them ended and joined on drop.
//!
//! It knows nothing of what is spoken on its connections. A panic in a connection's thread is a panic of the test that
//! drops the server, so that a fault of a stand-in can't pass for a fault of the product.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A connection; several hands may hold it without spending a file descriptor each.
#[derive(Clone)]
pub struct Connection(Arc<TcpStream>);

impl Connection {
    /// Connects to a port of 127.0.0.1.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn to(port: u16) -> io::Result<Self> {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(Self::new)
    }

    /// Ends one direction or both, for every hand; an end that the other side came to first is as good.
    pub fn end(&self, direction: Shutdown) {
        self.0.shutdown(direction).ok();
    }

    fn new(stream: TcpStream) -> Self {
        // Small messages to and fro: waiting to fill a packet would only cost time.
        stream.set_nodelay(true).ok();
        Self(Arc::new(stream))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

/// A listening server; dropping it closes every connection.
pub struct Server {
    address: SocketAddr,
    stop: Arc<Stop>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1 and calls `serve` on a thread of its own for each connection, with the
    /// connection's number, counted from 0 in the order of arrival.
    pub fn start(serve: impl Fn(Connection, usize, &Stop) + Send + Sync + 'static) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), serve)
    }

    /// The same at an address and a port of one's own network.
    pub fn start_at(address: SocketAddr, serve: impl Fn(Connection, usize, &Stop) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().expect("a bound socket has an address");
        let stop = Arc::new(Stop::default());
        let accepting = thread::spawn({
            let stop = Arc::clone(&stop);
            move || accept(&listener, &stop, &Arc::new(serve))
        });
        Self { address, stop, accepting: Some(accepting) }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.now();
        // The accepting thread sits in `accept`; a connection wakes it.
        drop(TcpStream::connect(self.address));
        let ended = self.accepting.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "a connection of the server panicked");
    }
}

/// Tells the threads of a server that it is being dropped.
#[derive(Default)]
pub struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits for `delay`, or until the server is dropped; true when it was dropped.
    pub fn within(&self, delay: Duration) -> bool {
        let stopped = self.stopped.lock().expect("no holder panics");
        *self.changed.wait_timeout_while(stopped, delay, |stopped| !*stopped).expect("no holder panics").0
    }

    /// Waits until the server is dropped.
    pub fn wait(&self) {
        let stopped = self.stopped.lock().expect("no holder panics");
        drop(self.changed.wait_while(stopped, |stopped| !*stopped).expect("no holder panics"));
    }

    fn now(&self) {
        *self.stopped.lock().expect("no holder panics") = true;
        self.changed.notify_all();
    }
}

/// Takes every connection at once, and leaves all work to another thread: the queue of those that wait to be accepted is
/// short (128 with std), and a client that finds it full comes back only after a second.
fn accept<S>(listener: &TcpListener, stop: &Arc<Stop>, serve: &Arc<S>)
where
    S: Fn(Connection, usize, &Stop) + Send + Sync + 'static,
{
    thread::scope(|scope| {
        let (accepted, arrivals) = mpsc::channel();
        scope.spawn(move || dispatch(&arrivals, stop, serve));
        for connection in listener.incoming() {
            if stop.within(Duration::ZERO) {
                break;
            }
            // A client that is gone before it was accepted is no fault.
            connection.map(|stream| accepted.send(Connection::new(stream)).ok()).ok();
        }
    });
}

fn dispatch<S>(arrivals: &Receiver<Connection>, stop: &Arc<Stop>, serve: &Arc<S>)
where
    S: Fn(Connection, usize, &Stop) + Send + Sync + 'static,
{
    let mut open: Vec<(Connection, JoinHandle<()>)> = Vec::new();
    let mut panicked = false;
    for (number, connection) in arrivals.iter().enumerate() {
        let (done, still_open) = open.into_iter().partition(|(_, thread): &(_, JoinHandle<()>)| thread.is_finished());
        open = still_open;
        panicked |= join(done);
        let thread = thread::spawn({
            let (connection, stop, serve) = (connection.clone(), Arc::clone(stop), Arc::clone(serve));
            move || {
                serve(connection.clone(), number, &stop);
                connection.end(Shutdown::Both);
            }
        });
        open.push((connection, thread));
    }
    for (connection, _) in &open {
        connection.end(Shutdown::Both);
    }
    panicked |= join(open);
    assert!(!panicked, "a connection's thread panicked");
}

/// Waits for these threads; true when one of them panicked.
fn join(threads: Vec<(Connection, JoinHandle<()>)>) -> bool {
    threads.into_iter().map(|(_, thread)| thread.join()).filter(Result::is_err).count() > 0
}
