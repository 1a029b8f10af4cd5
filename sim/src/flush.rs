//! Flush invariance: for one sequence of outputs, any placement of flushes and any pattern of partial writes gives each
//! connection the same bytes as a sink that writes each output at once. A connection that overflowed gets a prefix of
//! them, and the reason.

use crate::naive::NaiveSink;
use crate::source::Source;
use crate::wire::GrantedWire;
use parlor_protocol::irc::{self, Capabilities};
use parlor_protocol::plain;
use parlor_protocol::{
    Cloaks, CloseReason, ConnId, Event, EventKind, Language, Limits, Message, MessageKind, Name, Outbox,
    Output, Person, Profile, RoomId, RoomName, Seq, Sink, Text, WireClass,
};

/// Number of connections at once.
pub const SLOTS: u32 = 6;

/// Number of rooms.
pub const ROOMS: u64 = 4;

/// One operation on the outbox: an output of the hub, or an event outside.
#[derive(Clone, Debug)]
pub enum Op {
    /// The hub closes the connection.
    Close(u32),
    /// The connection is closed.
    Closed(u32),
    /// The outbox flushes.
    Flush,
    /// The socket takes this many bytes more.
    Grant(u32, usize),
    /// A connection is accepted.
    Open(u32),
    /// The hub asks for a report when nothing is queued for the connection.
    ReportDrained(u32),
    /// The connection subscribes to the room.
    Subscribe(u32, u64, WireClass),
    /// An event is sent to the subscribers of these rooms, except one.
    ToPeers(Vec<u64>, Option<u32>),
    /// A message with this many characters is sent to the subscribers of the room, except one.
    ToRoom(u64, Option<u32>, usize),
    /// The subscription of the connection to the room ends.
    Unsubscribe(u32, u64),
    /// This many bytes are written to one connection.
    Write(u32, usize),
}

impl Op {
    /// Chooses an operation.
    pub fn choose(source: &mut Source<'_>) -> Self {
        let slot = u32::try_from(source.below(SLOTS.into())).unwrap_or_default();
        let room = source.below(ROOMS);
        let except = source.chance(500).then_some(slot);
        match source.weighted(&[6, 16, 10, 6, 5, 4, 3, 3, 1, 1, 1]) {
            0 => Self::Open(slot),
            1 => Self::ToRoom(room, except, length(source)),
            2 => Self::Subscribe(slot, room, class(source)),
            3 => Self::Flush,
            4 => Self::Write(slot, length(source)),
            5 => Self::Grant(slot, length(source)),
            6 => Self::ToPeers((0..ROOMS).filter(|_| source.chance(400)).collect(), except),
            7 => Self::Unsubscribe(slot, room),
            8 => Self::Close(slot),
            9 => Self::Closed(slot),
            _ => Self::ReportDrained(slot),
        }
    }
}

/// IRC capabilities that change the bytes of some events here.
pub const CAPABILITIES: [Capabilities; 4] = [
    Capabilities::EXTENDED_JOIN,
    Capabilities::MESSAGE_TAGS,
    Capabilities::SERVER_TIME,
    Capabilities::SETNAME,
];

fn class(source: &mut Source<'_>) -> WireClass {
    if source.chance(500) {
        let language = source.pick(&Language::ALL);
        return plain::wire_class(language, source.chance(100));
    }
    let chosen = CAPABILITIES.into_iter().filter(|_| source.chance(400));
    irc::wire_class(chosen.fold(Capabilities::NONE, Capabilities::with))
}

/// Chooses a length: mostly short, sometimes over a threshold of the outbox.
fn length(source: &mut Source<'_>) -> usize {
    let (least, most) = source.pick(&[(0, 80), (0, 80), (0, 80), (900, 1_200), (5_000, 40_000)]);
    usize::try_from(source.between(least, most)).unwrap_or_default()
}

/// An outbox and a naive sink that are given the same outputs.
struct Rig {
    outbox: Outbox,
    naive: NaiveSink,
    wire: GrantedWire,
    /// Whether sockets take nothing at first.
    narrow: bool,
    conns: [Option<ConnId>; SLOTS as usize],
    generations: [u32; SLOTS as usize],
    overflowed: Vec<ConnId>,
    gone: Vec<ConnId>,
    awaited: Vec<ConnId>,
    lines: usize,
}

fn person(name: &str) -> Person {
    let name = Name::parse(name).expect("a name");
    Person { name, profile: Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into())) }
}

const FAREWELL: &[u8] = b"* closed\n";

impl Rig {
    fn new(limits: &Limits, narrow: bool) -> Self {
        Self {
            outbox: Outbox::new(limits),
            naive: NaiveSink::default(),
            wire: GrantedWire::default(),
            narrow,
            conns: [None; SLOTS as usize],
            generations: [0; SLOTS as usize],
            overflowed: Vec::new(),
            gone: Vec::new(),
            awaited: Vec::new(),
            lines: 0,
        }
    }

    fn output(&mut self, output: Output<'_>) {
        self.outbox.output(&output);
        self.naive.output(output);
    }

    fn conn(&self, slot: u32) -> Option<ConnId> {
        self.conns[slot as usize]
    }

    /// Returns the connection in a slot if outputs may name it: if it is not closing.
    fn live(&self, slot: u32) -> Option<ConnId> {
        self.conn(slot).filter(|conn| !self.naive.closed.contains_key(conn))
    }

    /// Returns a text of about this length that is different from all others.
    fn text(&mut self, length: usize) -> String {
        self.lines += 1;
        let mut text = format!("{} ", self.lines);
        text.extend("abcdefg".chars().cycle().skip(self.lines % 7).take(length));
        text
    }

    fn step(&mut self, op: &Op) {
        self.outbox.check_invariants();
        match *op {
            Op::Close(slot) => {
                if let Some(conn) = self.live(slot) {
                    self.output(Output::Close { conn, reason: CloseReason::Quit, farewell: FAREWELL });
                }
            }
            Op::Closed(slot) => {
                if let Some(conn) = self.conns[slot as usize].take() {
                    self.outbox.closed(conn);
                    self.naive.disconnect(conn);
                    self.gone.push(conn);
                }
            }
            Op::Flush => self.flush(),
            Op::Grant(slot, bytes) => self.grant(slot, bytes),
            Op::Open(slot) => self.open(slot),
            Op::ReportDrained(slot) => {
                if let Some(conn) = self.live(slot).filter(|conn| !self.awaited.contains(conn)) {
                    self.awaited.push(conn);
                    self.output(Output::ReportDrained { conn });
                }
            }
            Op::Subscribe(slot, room, class) => {
                if let Some(conn) = self.live(slot) {
                    self.output(Output::Subscribe { conn, room: RoomId(Seq(room)), class });
                }
            }
            Op::ToPeers(ref rooms, except) => {
                let rooms: Vec<RoomId> = rooms.iter().map(|&room| RoomId(Seq(room))).collect();
                let by = person(&format!("n{}", self.lines));
                self.lines += 1;
                let except = except.and_then(|slot| self.live(slot));
                // The second event is empty in some classes.
                let kind = match self.lines % 2 {
                    0 => left(rooms.clone()),
                    _ => EventKind::RealNameSet { real_name: Text::clean(b"plain text", false) },
                };
                self.output(Output::ToPeers { rooms: &rooms, except, event: &Event::unlogged(by, kind) });
            }
            Op::ToRoom(room, except, length) => {
                let text = Text::clean(self.text(length).as_bytes(), false);
                let message = Message::new(MessageKind::Text, text);
                let here = RoomName::lobby().into();
                let kind = match length {
                    0 => EventKind::Joined { room: here, away: None, is_first: false },
                    _ => EventKind::Said { room: here, status: None, message },
                };
                let event = Event::unlogged(person("alice"), kind);
                let except = except.and_then(|slot| self.live(slot));
                self.output(Output::ToRoom { room: RoomId(Seq(room)), except, event: &event });
            }
            Op::Unsubscribe(slot, room) => {
                if let Some(conn) = self.live(slot) {
                    self.output(Output::Unsubscribe { conn, room: RoomId(Seq(room)) });
                }
            }
            Op::Write(slot, length) => {
                if let Some(conn) = self.live(slot) {
                    let line = self.text(length) + "\n";
                    self.output(Output::Write { conn, bytes: line.as_bytes() });
                }
            }
        }
    }

    fn open(&mut self, slot: u32) {
        if self.conn(slot).is_some() {
            return;
        }
        let generation = self.generations[slot as usize];
        self.generations[slot as usize] += 1;
        let conn = ConnId { slot, generation };
        self.conns[slot as usize] = Some(conn);
        self.outbox.opened(conn);
        if self.narrow {
            self.wire.granted.insert(conn, 0);
        }
    }

    fn grant(&mut self, slot: u32, bytes: usize) {
        let Some(conn) = self.conn(slot) else { return };
        if let Some(granted) = self.wire.granted.get_mut(&conn) {
            *granted += bytes;
        }
        if bytes > 0 && self.wire.blocked.contains(&conn) {
            self.wire.blocked.retain(|&other| other != conn);
            self.outbox.writable(conn);
        }
    }

    fn flush(&mut self) {
        self.outbox.flush(&mut self.wire);
        while let Some(conn) = self.outbox.next_drained() {
            assert!(self.awaited.contains(&conn), "no report on {conn} was asked for");
            self.awaited.retain(|&other| other != conn);
        }
        while let Some(conn) = self.outbox.next_overflowed() {
            self.overflowed.push(conn);
            for room in 0..ROOMS {
                self.output(Output::Unsubscribe { conn, room: RoomId(Seq(room)) });
            }
            self.output(Output::Close { conn, reason: CloseReason::SlowReader, farewell: FAREWELL });
        }
    }

    /// Lets every socket take everything, and flushes until everything is written.
    fn drain(&mut self) {
        for slot in 0..SLOTS {
            if let Some(conn) = self.conn(slot) {
                self.wire.granted.remove(&conn);
                self.grant(slot, 1);
            }
        }
        for _ in 0..1_000 {
            self.flush();
            if !self.outbox.flush(&mut self.wire) {
                return;
            }
        }
        panic!("a flush that never ends");
    }

    fn check(&mut self) {
        self.drain();
        // Connections that overflowed in the last flush still have to take their farewells.
        self.drain();
        for (conn, expected) in self.naive.sent.iter() {
            let taken = self.wire.taken.remove(&conn).unwrap_or_default();
            if self.gone.contains(&conn) && self.overflowed.contains(&conn) {
                let is_beginning = |length: usize| {
                    taken.strip_suffix(&FAREWELL[..length]).is_some_and(|kept| expected.starts_with(kept))
                };
                assert!((0..=FAREWELL.len()).any(is_beginning), "{conn} took what it was not sent");
            } else if self.gone.contains(&conn) {
                assert!(expected.starts_with(&taken), "{conn} took what it was not sent");
            } else if self.overflowed.contains(&conn) {
                let kept = taken.strip_suffix(FAREWELL).expect("a slow reader's last line is the reason");
                assert!(expected.starts_with(kept), "{conn} took what it was not sent before its farewell");
                assert!(kept.is_empty() || kept.ends_with(b"\n"), "{conn} was left in the middle of a line");
            } else {
                assert_eq!(String::from_utf8_lossy(&taken), String::from_utf8_lossy(expected), "{conn}");
            }
        }
        for (conn, taken) in &self.wire.taken {
            assert!(taken.is_empty() || self.overflowed.contains(conn), "{conn} was sent nothing");
        }
        for conn in self.naive.closed.keys().filter(|conn| !self.gone.contains(conn)) {
            assert!(self.wire.finished.contains(conn), "{conn} is closed and not finished");
        }
        assert!(self.awaited.iter().all(|conn| self.gone.contains(conn)), "{:?} are drained", self.awaited);
        for slot in 0..SLOTS {
            self.step(&Op::Closed(slot));
        }
        assert_eq!(self.outbox.held_bytes(), 0, "without connections, nothing is queued");
        assert_eq!(self.outbox.counters().blocked, 0, "without connections, none is blocked");
    }
}

/// Gives an outbox and a naive sink the same outputs, and compares the bytes that each connection is sent. With
/// `narrow`, sockets take only as many bytes as they are granted.
///
/// # Panics
/// Panics if the bytes differ.
pub fn run(limits: &Limits, narrow: bool, ops: &[Op]) {
    let mut rig = Rig::new(limits, narrow);
    for op in ops {
        rig.step(op);
        if !narrow {
            assert!(rig.wire.blocked.is_empty());
        }
    }
    rig.check();
}

/// Returns the kind of an event: a member of these rooms has left.
fn left(rooms: Vec<RoomId>) -> EventKind {
    EventKind::Left { rooms, reason: CloseReason::Quit, message: None, operator: None }
}
