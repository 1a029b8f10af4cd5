//! A recorded server becomes a scenario, and one with a bug is minimized.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use parlor_protocol::planted::Bug as CoreBug;
use parlor_protocol::{
    ConnId, ConsoleEvent, Dialect, Limits, MemoryLog, Options, PasswordOf, PasswordResult, Via, World,
};
use parlor_runtime::clock::SystemClock;
use parlor_runtime::driver::{
    Control, Counts, Driver, DriverLimits, ListenerRole, Observer, Parts, PasswordVerifier,
};
use parlor_runtime::recording::{Recorder, Recording};
use parlor_runtime::transport::{DeadPeerTimeout, SocketBuffers, TcpListening};
use parlor_sim::bug::Bug;
use parlor_sim::minimize::minimize;
use parlor_sim::recorded;
use parlor_sim::scenario::{Act, Scenario};
use parlor_sim::tier1;
use parlor_sim::trace::Trace;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// The deadline of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

struct Unobserved;

impl Observer for Unobserved {
    fn accept_failed(&mut self, _: &io::Error) {}
    fn accepting_paused(&mut self, _: &io::Error) {}
    fn accepting_resumed(&mut self) {}
    fn console(&mut self, _: &ConsoleEvent<'_>) {}
    fn counted(&mut self, _: &Counts) {}
    fn rehash_wanted(&mut self) {}
    fn stopping(&mut self) {}
}

/// A verifier for which every password is right.
#[derive(Default)]
struct Believing(Vec<ConnId>);

impl PasswordVerifier for Believing {
    fn check(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {
        self.0.push(conn);
    }

    fn cancel(&mut self, _: ConnId) {}

    fn poll_result(&mut self, _: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        self.0.pop().map_or(Poll::Pending, |conn| Poll::Ready((conn, PasswordResult::Right)))
    }
}

/// Records a real server into a file while `clients` does something.
fn record(file: &Path, clients: impl FnOnce(SocketAddr)) {
    let (controls, control) = mpsc::channel(1);
    let (listening, address) = std::sync::mpsc::channel();
    let recorder = Recorder::create(file).unwrap();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let buffers = SocketBuffers::of(&Limits::default());
            let any_port = ([127, 0, 0, 1], 0).into();
            let listener = TcpListening::bind(any_port, DeadPeerTimeout { ms: 60_000 }, buffers).unwrap();
            listening.send(listener.local_addr().unwrap()).unwrap();
            let driver = Driver::new(
                Limits::default(),
                Options::default(),
                DriverLimits { accept_retry_ms: 1_000, log_close_ms: 5_000, shutdown_ms: 5_000 },
                vec![(listener, ListenerRole { dialect: Dialect::Irc, via: Via::Direct, room: None })],
                Parts {
                    clock: SystemClock::start(),
                    log: MemoryLog::new(),
                    observer: Unobserved,
                    recorder: Some(recorder),
                    verifier: Believing::default(),
                    world: World::new(),
                },
            );
            driver.run(control).await;
        });
    });
    clients(address.recv_timeout(PATIENCE).unwrap());
    controls.blocking_send(Control::Stop).unwrap();
    server.join().unwrap();
}

/// A client of IRC that waits for what it expects.
struct Client(TcpStream, String);

impl Client {
    fn enter(server: SocketAddr, name: &str) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Self(stream, String::new());
        client.send(&format!("NICK {name}\r\nUSER u 0 * :{name}"));
        client.wait_for(" 001 ");
        client
    }

    fn send(&mut self, line: &str) {
        self.0.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    fn wait_for(&mut self, text: &str) {
        let mut buffer = [0; 4096];
        while !self.1.contains(text) {
            let count = self.0.read(&mut buffer).unwrap();
            assert!(count > 0, "the server closed before {text:?}: {}", self.1);
            self.1.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        self.1.clear();
    }
}

/// The recorded run: much talk, and in the middle of it a list of rooms for somebody outside of a secret one.
fn talk(server: SocketAddr) {
    let [mut ann, mut ben, mut eve] = ["ann", "ben", "eve"].map(|name| Client::enter(server, name));
    ann.send("JOIN #tea\r\nMODE #tea +s\r\nTOPIC #tea :of the house");
    ann.wait_for(" TOPIC #tea ");
    ben.send("JOIN #tea");
    ben.wait_for(" 366 ");
    for number in 0..20 {
        ann.send(&format!("PRIVMSG #tea :line {number}"));
        ben.wait_for(&format!("line {number}"));
    }
    ben.send("OPER ben secret");
    ben.wait_for(" 381 ");
    eve.send("LIST");
    eve.wait_for(" 323 ");
    for number in 20..30 {
        ben.send(&format!("PRIVMSG #tea :line {number}"));
        ann.wait_for(&format!("line {number}"));
    }
    eve.send("QUIT");
    eve.0.read_to_end(&mut Vec::new()).unwrap();
}

fn scenario(file: &Path) -> Scenario {
    recorded::scenario(&mut Recording::open(File::open(file).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_recorded_server_with_a_bug_is_minimized_and_shows_it_again() {
    let file = std::env::temp_dir().join(format!("parlor-sim-recorded-{}", std::process::id()));
    fs::remove_file(&file).ok();
    let bug = Some(Bug::Core(CoreBug::SecretListed));
    Bug::plant(bug);
    record(&file, talk);
    let bytes = fs::read(&file).unwrap();
    let scenario = scenario(&file);
    fs::remove_file(&file).unwrap();
    assert!(!bytes.windows(6).any(|it| it == b"secret"), "the password is blanked");

    assert_eq!(scenario.setup.clients, 3);
    let sent = scenario.steps.iter().filter(|step| matches!(step.act, Act::Send { .. })).count();
    assert!(sent > 30, "{scenario}");
    assert!(scenario.to_string().contains("OPER ben right\\x0d"), "{scenario}");
    let again: Scenario = scenario.to_string().parse().unwrap();
    assert_eq!(again.steps, scenario.steps, "it can be kept as a text");

    Bug::plant(None);
    let healthy = tier1::run(&scenario, Trace::hash_only()).violation;
    assert!(healthy.is_none(), "{healthy:?}");
    Bug::plant(bug);
    let violation = tier1::run(&scenario, Trace::hash_only()).violation.expect("the bug breaks a law");
    let (smallest, _) = minimize(&scenario, violation.law, None);
    assert!(smallest.steps.len() < 8, "{smallest}");
    let found = tier1::run(&smallest, Trace::hash_only()).violation.expect("the smallest breaks it, too");
    assert_eq!(found.law, violation.law);
    assert!(smallest.to_string().contains("LIST"), "{smallest}");
    Bug::plant(None);
    let healthy = tier1::run(&smallest, Trace::hash_only()).violation;
    assert!(healthy.is_none(), "{healthy:?}");
}
