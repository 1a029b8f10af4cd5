//! A server on real sockets whose log another node shares: that node's entries can be committed at will.

use parlor_protocol::{
    Cloaks, Command, ConnId, ConsoleEvent, Dialect, Life, Limits, LogEntry, LogState, MemberId, Message,
    MessageKind, NameRequest, NodeId, Options, Origin, PasswordOf, PasswordResult, Profile, Proposal, Rate,
    RoomName, Seq, Text, Via, World,
};
use parlor_runtime::clock::SystemClock;
use parlor_runtime::driver::{
    Control, Counts, Driver, DriverLimits, Ended, ListenerRole, Log, Observer, Parts, PasswordVerifier,
};
use parlor_runtime::transport::{DeadPeerTimeout, SocketBuffers, TcpListening};
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::mpsc;

/// Number of members that the other node has.
pub(crate) const MEMBERS: u64 = 10_000;

/// The other node, and its life.
const OTHER: (NodeId, Life) = (NodeId(1), Life(7));

/// The time after which a client that reads nothing fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A log that two nodes share. It commits at once.
#[derive(Clone, Default)]
struct SharedLog(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    position: u64,
    /// The commits that the server has not taken.
    commits: VecDeque<Vec<LogEntry>>,
    /// Number of entries of the other node.
    number: u64,
    waker: Option<Waker>,
}

impl Shared {
    fn entry(&mut self, proposal: Proposal) -> LogEntry {
        self.position += 1;
        proposal.committed_at(Seq(self.position))
    }

    /// Returns an entry of the other node.
    fn other(&mut self, command: Command) -> LogEntry {
        self.number += 1;
        let origin = Origin { node: OTHER.0, life: OTHER.1, number: self.number };
        self.entry(Proposal { at_unix_ms: 0, origin, command })
    }
}

impl SharedLog {
    fn with<T>(&self, change: impl FnOnce(&mut Shared) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Log for SharedLog {
    fn propose(&mut self, proposal: &Proposal) {
        self.with(|shared| {
            let entry = shared.entry(proposal.clone());
            shared.commits.push_back(vec![entry]);
        });
    }

    fn take(&mut self, entries: &mut Vec<LogEntry>) -> bool {
        *entries = self.with(|shared| shared.commits.pop_front()).unwrap_or_default();
        !entries.is_empty()
    }

    fn poll_state(&mut self, cx: &mut Context<'_>) -> Poll<LogState> {
        self.with(|shared| shared.waker = Some(cx.waker().clone()));
        Poll::Pending
    }

    fn poll_close(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// Reports nothing, but how many connections were closed as slow readers.
struct Reports(Arc<Mutex<Vec<String>>>);

impl Observer for Reports {
    fn accept_failed(&mut self, error: &io::Error) {
        panic!("a connection cannot be accepted: {error}");
    }

    fn accepting_paused(&mut self, error: &io::Error) {
        panic!("connections cannot be accepted: {error}");
    }

    fn accepting_resumed(&mut self) {}

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        if let ConsoleEvent::Closed { conn, reason, .. } = event {
            let closed = format!("{conn}: {}", reason.word());
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(closed);
        }
    }

    fn counted(&mut self, _: &Counts) {}

    fn rehash_wanted(&mut self) {}

    fn stopping(&mut self) {}
}

struct NoPasswords;

impl PasswordVerifier for NoPasswords {
    fn check(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn cancel(&mut self, _: ConnId) {}

    fn poll_result(&mut self, _: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        Poll::Pending
    }
}

/// A running server, whose log has thousands of members of another node in the lobby.
pub(crate) struct Stage {
    address: SocketAddr,
    log: SharedLog,
    closed: Arc<Mutex<Vec<String>>>,
    controls: mpsc::Sender<Control>,
    driver: JoinHandle<Ended>,
}

impl Stage {
    pub(crate) fn start() -> Self {
        let log = SharedLog::default();
        let world = log.with(|shared| {
            let profile = Profile::of_host(&Cloaks::default().host([10, 0, 0, 1].into()));
            let mut commands = vec![
                Command::Started { after: None },
                Command::Configure { revision: 1, limits: Limits::default().world },
            ];
            commands.extend((1..=MEMBERS).map(|nth| Command::Enter {
                request: NameRequest::Port(u16::try_from(nth).expect("a port")),
                profile: profile.clone(),
                room: Some(RoomName::lobby()),
            }));
            let entries: Vec<LogEntry> = commands.into_iter().map(|command| shared.other(command)).collect();
            World::replay(&entries)
        });
        let (closed, (controls, control)) = (Arc::default(), mpsc::channel(1));
        let (log_of_driver, observer) = (log.clone(), Reports(Arc::clone(&closed)));
        let (port, bound) = std::sync::mpsc::channel();
        let driver = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let limits = Limits { rate: Rate { lines: 0, burst: 1 }, ..Limits::default() };
                let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let buffers = SocketBuffers::of(&limits);
                let listener = TcpListening::bind(loopback, DeadPeerTimeout { ms: 60_000 }, buffers);
                let listener = listener.expect("a port is free");
                port.send(listener.local_addr().expect("it is bound")).expect("it is waited for");
                let role =
                    ListenerRole { dialect: Dialect::Irc, via: Via::Direct, room: Some(RoomName::lobby()) };
                let driver_limits =
                    DriverLimits { accept_retry_ms: 1_000, log_close_ms: 10_000, shutdown_ms: 10_000 };
                let parts = Parts {
                    clock: SystemClock::start(),
                    log: log_of_driver,
                    observer,
                    recorder: None,
                    verifier: NoPasswords,
                    world,
                };
                let listeners = vec![(listener, role)];
                Driver::new(limits, Options::default(), driver_limits, listeners, parts).run(control).await
            })
        });
        let address = bound.recv().expect("the server listens");
        Self { address, log, closed, controls, driver }
    }

    /// Connects an IRC client that joins a room.
    pub(crate) fn connect(&self, name: &str, room: &str) -> Client {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        stream.set_nodelay(true).expect("a socket has the option");
        let mut client = Client { lines: BufReader::new(stream) };
        client.send(&format!("NICK {name}\r\nUSER u 0 * :u\r\nJOIN {room}\r\n"));
        client.read_to(" 366 ");
        client
    }

    /// Commits commands of the other node: `size` of them at once.
    pub(crate) fn commit(&self, commands: &[Command], size: usize) {
        let waker = self.log.with(|shared| {
            for commands in commands.chunks(size) {
                let entries = commands.iter().map(|command| shared.other(command.clone())).collect();
                shared.commits.push_back(entries);
            }
            shared.waker.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }

    /// Returns the connections that the server has closed, with the reasons.
    pub(crate) fn closed(&self) -> Vec<String> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn stop(self) {
        self.controls.blocking_send(Control::Stop).expect("the driver runs");
        self.driver.join().expect("the driver does not panic");
    }
}

/// Returns lines of the first member of the other node.
pub(crate) fn lines(count: u64) -> Vec<Command> {
    let line = |nth: u64| {
        let text = Text::clean(format!("line {nth} {}", "x".repeat(150)).as_bytes(), false);
        let message = Message { kind: MessageKind::Text, text, tags: None };
        Command::Say { member: MemberId(Seq(3)), room: RoomName::lobby(), status: None, message }
    };
    (1..=count).map(line).collect()
}

/// The end of the other node's life: all its members leave by one entry.
pub(crate) fn all_end() -> Vec<Command> {
    vec![Command::Ended { node: OTHER.0, life: OTHER.1 }]
}

/// A client that reads lines.
pub(crate) struct Client {
    lines: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn send(&mut self, lines: &str) {
        self.lines.get_mut().write_all(lines.as_bytes()).expect("the server reads");
    }

    /// Reads up to a line that contains these words. Returns the number of lines.
    pub(crate) fn read_to(&mut self, words: &str) -> usize {
        let mut line = String::new();
        for count in 1.. {
            line.clear();
            let read = self.lines.read_line(&mut line).expect("the server sends lines in time");
            assert!(read > 0, "the server has closed the connection before {words:?}");
            if line.contains(words) {
                return count;
            }
        }
        unreachable!("the range has no end")
    }
}
