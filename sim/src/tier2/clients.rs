//! The clients of tier 2.

use super::watch::Watch;
use crate::scenario::{Act, Scenario};
use crate::tier1::last_words;
use parlor_protocol::Dialect;
use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep_until, timeout};
use turmoil::net::TcpStream;
use turmoil::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Upper bound for the time to connect: a held link does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An order to a client's writer.
enum Order {
    End,
    Write(Vec<u8>, usize),
}

/// A connected client.
struct Connected {
    dialect: Dialect,
    address: SocketAddr,
    orders: mpsc::UnboundedSender<Order>,
    hung: Rc<Cell<bool>>,
    reads_on: Rc<Notify>,
    reader: JoinHandle<()>,
    writer: JoinHandle<()>,
    ended: bool,
}

/// The clients of one host.
pub(super) struct Clients {
    pub(super) host: String,
    pub(super) watch: Rc<RefCell<Watch>>,
    pub(super) counts: Rc<RefCell<super::Tier2Stats>>,
    connected: Vec<Option<Connected>>,
}

impl Clients {
    pub(super) fn new(
        host: String,
        clients: u16,
        watch: Rc<RefCell<Watch>>,
        counts: Rc<RefCell<super::Tier2Stats>>,
    ) -> Self {
        Self { host, watch, counts, connected: (0..clients).map(|_| None).collect() }
    }

    /// Does the steps of the clients on this host, the `nth` of `hosts`.
    pub(super) async fn play(&mut self, scenario: &Scenario, nth: u16, hosts: u16) {
        let mut at = Instant::now_of_simulation();
        let mut held_until = None;
        for step in &scenario.steps {
            at += Duration::from_micros(step.after_us);
            if step.client % hosts != nth {
                continue;
            }
            if let Some(until) = held_until.filter(|until| *until <= at) {
                sleep_until(until).await;
                turmoil::release(&*self.host, super::SERVER);
                held_until = None;
            }
            sleep_until(at).await;
            if let Act::Hold(us) = step.act {
                self.count(&step.act);
                turmoil::hold(&*self.host, super::SERVER);
                held_until = Some(at + Duration::from_micros(us));
                continue;
            }
            self.act(usize::from(step.client), &step.act).await;
        }
        if let Some(until) = held_until {
            sleep_until(until).await;
            turmoil::release(&*self.host, super::SERVER);
        }
    }

    async fn act(&mut self, client: usize, act: &Act) {
        let live = self.connected[client].as_mut().filter(|it| !it.ended && !it.reader.is_finished());
        match (act, live) {
            // Plain connections always enter the lobby here, whatever room the act names.
            // Nor does it listen for proxies: what one says first is a stranger's opening.
            (
                Act::Connect(_)
                | Act::ConnectAuto
                | Act::ConnectByGateway
                | Act::ConnectIrc
                | Act::ConnectProxied { .. },
                None,
            ) => {
                let (dialect, _) = act.listener().unwrap_or_default();
                self.connected[client] = self.connect(dialect).await;
                if self.connected[client].is_none() {
                    return;
                }
            }
            (
                Act::Connect(_)
                | Act::ConnectAuto
                | Act::ConnectByGateway
                | Act::ConnectIrc
                | Act::ConnectProxied { .. },
                Some(_),
            )
            | (Act::Crash { .. } | Act::Restart { .. } | Act::SetClock { .. } | Act::StartTwice, _)
            | (_, None) => return,
            (Act::EndInput, Some(connected)) => {
                connected.ended = true;
                connected.orders.send(Order::End).ok();
            }
            (Act::Hang, Some(connected)) => connected.hung.set(true),
            (Act::Hold(_), Some(_)) => {}
            (Act::ReadOn, Some(connected)) => connected.read_on(),
            (Act::Reset, Some(_)) => {
                if let Some(connected) = self.connected[client].take() {
                    connected.writer.abort();
                    connected.reader.abort();
                }
            }
            (Act::Send { bytes, segment }, Some(connected)) => {
                connected.orders.send(Order::Write(bytes.clone(), *segment)).ok();
            }
        }
        self.count(act);
    }

    fn count(&self, act: &Act) {
        *self.counts.borrow_mut().acts.entry(act.word()).or_default() += 1;
    }

    async fn connect(&self, dialect: Dialect) -> Option<Connected> {
        let connecting = TcpStream::connect((super::SERVER, super::port(dialect)));
        let stream = timeout(CONNECT_TIMEOUT, connecting).await.ok()?.ok()?;
        let address = stream.local_addr().ok()?;
        let (read, write) = stream.into_split();
        let (orders, ordered) = mpsc::unbounded_channel();
        let (hung, reads_on) = (Rc::new(Cell::new(false)), Rc::new(Notify::new()));
        let watch = Rc::clone(&self.watch);
        let pongs = (dialect != Dialect::Plain).then(|| orders.clone());
        let connection =
            Reader { address, watch, hung: Rc::clone(&hung), reads_on: Rc::clone(&reads_on), pongs };
        let reader = spawn_local(read_all(read, connection));
        let writer = spawn_local(write_orders(write, ordered));
        Some(Connected { dialect, address, orders, hung, reads_on, reader, writer, ended: false })
    }

    /// Lets every client read again, and send a last message if it can.
    pub(super) fn heal(&mut self, first_tag: u64) {
        for (client, connected) in (0..).zip(self.connected.iter_mut().flatten()) {
            connected.read_on();
            if !connected.ended {
                let last = last_words(connected.dialect, first_tag + client);
                connected.orders.send(Order::Write(last.into_bytes(), 0)).ok();
            }
        }
    }

    /// Returns the number of bytes that clients still have to read.
    pub(super) fn left(&self) -> usize {
        let mut watch = self.watch.borrow_mut();
        let reading = self.connected.iter().flatten().filter(|connected| !connected.reader.is_finished());
        reading.map(|connected| watch.left(connected.address)).sum()
    }

    /// Waits until every client has read to the end.
    pub(super) async fn end(&mut self) {
        for connected in self.connected.iter_mut().filter_map(Option::take) {
            connected.reader.await.ok();
            connected.writer.abort();
        }
    }
}

impl Connected {
    fn read_on(&self) {
        self.hung.set(false);
        self.reads_on.notify_one();
    }
}

/// The reader of a client.
struct Reader {
    address: SocketAddr,
    watch: Rc<RefCell<Watch>>,
    hung: Rc<Cell<bool>>,
    reads_on: Rc<Notify>,
    /// The channel for answers to pings; `None` for a plain client.
    pongs: Option<mpsc::UnboundedSender<Order>>,
}

/// Reads to the end of the stream, and reports what it reads.
async fn read_all(mut read: OwnedReadHalf, reader: Reader) {
    let mut buffer = [0; 4_096];
    let mut last = Vec::new();
    loop {
        while reader.hung.get() {
            reader.reads_on.notified().await;
        }
        let count = match read.read(&mut buffer).await {
            Ok(0) => return reader.watch.borrow_mut().read_all(reader.address),
            Ok(count) => count,
            Err(_) => return,
        };
        reader.watch.borrow_mut().read(reader.address, &buffer[..count]);
        if let Some(pongs) = &reader.pongs {
            for &byte in &buffer[..count] {
                last.push(byte);
                if byte == b'\n' {
                    if last.starts_with(b"PING ") {
                        pongs.send(Order::Write(b"\r\nPONG x\r\n".to_vec(), 0)).ok();
                    }
                    last.clear();
                }
            }
        }
    }
}

async fn write_orders(mut write: OwnedWriteHalf, mut orders: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        let done = match order {
            Order::End => {
                write.shutdown().await.ok();
                break;
            }
            Order::Write(bytes, segment) => write_segments(&mut write, &bytes, segment).await,
        };
        if done.is_err() {
            return;
        }
    }
    // Dropping the writing half would end the stream, and the client may still read.
    std::future::pending::<()>().await;
}

async fn write_segments(write: &mut OwnedWriteHalf, bytes: &[u8], segment: usize) -> io::Result<()> {
    let segment = if segment == 0 { bytes.len().max(1) } else { segment };
    for part in bytes.chunks(segment) {
        write.write_all(part).await?;
    }
    Ok(())
}

/// Simulated time, which within turmoil is the time of Tokio's clock.
trait SimulationTime {
    fn now_of_simulation() -> Instant;
}

impl SimulationTime for Instant {
    #[expect(clippy::disallowed_methods, reason = "within turmoil this is simulated time")]
    fn now_of_simulation() -> Instant {
        Instant::now()
    }
}
