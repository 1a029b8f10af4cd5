//! A driver on a thread of the test, with a clock and a verifier that the test gives it.

use crate::support::DEADLINE;
use parlor_protocol::{ConsoleEvent, Dialect, Limits, MemoryLog, Options, Via, World};
use parlor_runtime::clock::Clock;
use parlor_runtime::driver::{
    Control, Counts, Driver, DriverLimits, ListenerRole, Observer, Parts, PasswordVerifier,
};
use parlor_runtime::transport::{DeadPeerTimeout, SocketBuffers, TcpListening};
use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// A driver that serves IRC clients.
#[derive(Debug)]
pub struct Embedded {
    pub address: SocketAddr,
    controls: mpsc::Sender<Control>,
    thread: JoinHandle<()>,
}

impl Embedded {
    /// Starts a driver on a free port.
    pub fn start(
        clock: impl Clock + Send + 'static,
        verifier: impl PasswordVerifier + Send + 'static,
    ) -> Self {
        let (controls, control) = mpsc::channel(1);
        let (listening, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let any_port = ([127, 0, 0, 1], 0).into();
                let buffers = SocketBuffers::of(&Limits::default());
                let listener = TcpListening::bind(any_port, DeadPeerTimeout { ms: 60_000 }, buffers).unwrap();
                listening.send(listener.local_addr().unwrap()).unwrap();
                let driver = Driver::new(
                    Limits::default(),
                    Options::default(),
                    DriverLimits { accept_retry_ms: 1_000, log_close_ms: 5_000, shutdown_ms: 5_000 },
                    vec![(listener, ListenerRole { dialect: Dialect::Irc, via: Via::Direct, room: None })],
                    Parts {
                        clock,
                        log: MemoryLog::new(),
                        observer: Unobserved,
                        recorder: None,
                        verifier,
                        world: World::new(),
                    },
                );
                driver.run(control).await;
            });
        });
        Self { address: address.recv_timeout(DEADLINE).unwrap(), controls, thread }
    }

    /// Stops the driver, and waits until its clients have closed their connections.
    pub fn stop(self, clients: impl IntoIterator<Item = crate::irc::Irc>) {
        self.controls.blocking_send(Control::Stop).unwrap();
        clients.into_iter().for_each(drop);
        self.thread.join().unwrap();
    }
}

/// An observer that ignores everything.
#[derive(Debug)]
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
