//! What is measured: the same work for instruction counts and for time.
//!
//! Each thing measured begins in the state that a server is in after its first minute: buffers that are kept
//! for their allocations are there, and histories are full. That it does what it is named for is asserted
//! before it is measured.

use bytes::Bytes;
use parlor_protocol::{
    Command, ConnId, Dialect, Environment, Event, Framer, Input, Limits, LogEntry, MemoryLog, Message,
    MessageKind, Name, Now, Options, Outbox, Output, Person, Profile, Rate, RoomId, RoomName, Seq, Stamp,
    Text, What, Wire, WireClass,
};
use std::hint::black_box;

/// Bytes of an ordinary line, its end counted.
pub(crate) const LINE_BYTES: usize = 64;

/// Bytes of one read from a socket.
pub(crate) const CHUNK_BYTES: usize = 16 << 10;

/// Bytes that come one at a time.
pub(crate) const TRICKLE_BYTES: usize = 64 << 10;

/// Lines that are parsed.
pub(crate) const PARSED_LINES: u32 = 100;

/// A framer that has no line begun, and a stream for it.
pub(crate) fn framed(stream_bytes: usize, line_bytes: usize, skipped: usize) -> (Framer, Bytes) {
    let stream = lines(stream_bytes, line_bytes, skipped);
    let mut framer = Framer::new(TRICKLE_BYTES);
    assert_eq!(frame(&mut framer, stream.clone()), stream_bytes / line_bytes, "every line is found");
    assert_eq!(trickle(&mut framer, &stream), stream_bytes / line_bytes, "every line is found again");
    (Framer::new(TRICKLE_BYTES), stream)
}

/// Lines of so many bytes, their ends counted, of which the first is `skipped` bytes shorter.
fn lines(stream_bytes: usize, line_bytes: usize, skipped: usize) -> Bytes {
    let byte = |at: usize| if at % line_bytes == line_bytes - 1 { b'\n' } else { b'x' };
    (skipped..skipped + stream_bytes).map(byte).collect()
}

/// Reads a chunk's lines; returns how many there were.
pub(crate) fn frame(framer: &mut Framer, chunk: Bytes) -> usize {
    framer.push(chunk);
    let mut lines = 0;
    while let Some(line) = framer.next_item() {
        black_box(line);
        lines += 1;
    }
    lines
}

/// Reads the lines of a stream that comes byte by byte.
pub(crate) fn trickle(framer: &mut Framer, stream: &Bytes) -> usize {
    (0..stream.len()).map(|at| frame(framer, stream.slice(at..=at))).sum()
}

/// The lines that a client sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Something said, with the characters that a person in China has.
    Chinese,
    /// `/msg`, with a name to look at before the text.
    Command,
    /// Something said in colours, which takes the long way through the text's cleaning.
    Formatted,
    /// Something said that is as long as a line may be.
    Long,
    /// Something said, in ASCII.
    Said,
}

impl Kind {
    /// [`PARSED_LINES`] of them.
    fn lines(self) -> Bytes {
        let pad = |line: &str, with: &str, bytes: usize| {
            format!("{line}{}\n", with.repeat((bytes - 1 - line.len()) / with.len()))
        };
        let line = match self {
            Self::Chinese => pad("", "说", LINE_BYTES),
            Self::Command => pad("/msg alice ", "x", LINE_BYTES),
            Self::Formatted => pad("\u{2}", "x\u{3}4", LINE_BYTES),
            Self::Long => pad("", "x", Limits::default().line_bytes_max + 1),
            Self::Said => pad("", "x", LINE_BYTES),
        };
        line.repeat(PARSED_LINES as usize).into()
    }
}

/// A log, and nobody who carries out any output.
#[derive(Debug, Default)]
struct Counting {
    log: MemoryLog,
    outputs: u64,
    proposals: u64,
    /// What is proposed is lost.
    loses: bool,
}

impl Wire for Counting {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        slices.iter().map(|slice| slice.len()).sum()
    }
}

impl Environment for Counting {
    fn propose(&mut self, now: Now, command: Command) {
        self.proposals += 1;
        if !self.loses {
            self.log.append(now, command);
        }
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: Option<&str>, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}

    fn output(&mut self, output: &Output<'_>, _: &mut Outbox) {
        black_box(output);
        self.outputs += u64::from(!matches!(output, Output::Propose { .. }));
    }
}

/// A server with members in its lobby, whose outputs nobody carries out.
#[derive(Debug)]
pub(crate) struct Server {
    server: parlor_protocol::Server,
    counting: Counting,
    entries: Vec<LogEntry>,
    members: Vec<ConnId>,
}

impl Server {
    /// A server with so many members in its lobby.
    pub(crate) fn of(members: u16) -> Self {
        let limits = Limits {
            backlog_bytes_max: 16 << 20,
            pending_commands_max: PARSED_LINES,
            rate: Rate { lines: 0, burst: 1 },
            ..Limits::default()
        };
        let mut counting = Counting::default();
        let server = parlor_protocol::Server::new(limits, Options::default(), Now::default(), &mut counting);
        let mut server = Self { server, counting, entries: Vec::new(), members: Vec::new() };
        for port in 0..members {
            let conn = server.enter(10_000 + port);
            server.members.push(conn);
        }
        // The room's history is full, as it is in a room that is older than a minute.
        for _ in 0..limits.world.history_lines_max {
            assert_eq!(server.say(), 1, "one output, whoever hears it");
        }
        server.come_and_go();
        server
    }

    /// A server with one member, and what it sends.
    pub(crate) fn sent(kind: Kind) -> (Self, Bytes) {
        let lines = kind.lines();
        assert_eq!(Self::of(1).parse(lines.clone()), PARSED_LINES.into(), "a proposal for each line");
        (Self::of(1), lines)
    }

    /// Turns bytes of the first member into proposals, of which none is committed; returns how many.
    pub(crate) fn parse(&mut self, bytes: Bytes) -> u64 {
        let before = self.counting.proposals;
        self.counting.loses = true;
        let input = Input::Received { conn: self.members[0], bytes };
        self.server.input(Now::default(), input, &mut self.counting);
        self.counting.proposals - before
    }

    /// The first member says a line, and the room is told.
    pub(crate) fn say(&mut self) -> u64 {
        const LINE: [u8; LINE_BYTES] = {
            let mut line = [b'x'; LINE_BYTES];
            line[LINE_BYTES - 1] = b'\n';
            line
        };
        let before = self.counting.outputs;
        self.input(Input::Received { conn: self.members[0], bytes: Bytes::from_static(&LINE) });
        self.counting.outputs - before
    }

    /// One more enters, ends its input, and is gone.
    pub(crate) fn come_and_go(&mut self) -> u64 {
        let before = self.counting.outputs;
        let conn = self.enter(9_999);
        self.input(Input::ReadClosed { conn });
        self.input(Input::Closed { conn });
        self.counting.outputs - before
    }

    fn enter(&mut self, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("there is room for everyone");
        let peer = ([127, 0, 0, 1], port).into();
        self.input(Input::Accepted { conn, dialect: Dialect::Plain, peer, room: Some(&RoomName::lobby()) });
        conn
    }

    fn input(&mut self, input: Input<'_>) {
        let now = Now::default();
        self.server.input(now, input, &mut self.counting);
        while self.counting.log.take(&mut self.entries) {
            self.server.committed(now, &self.entries, &mut self.counting);
        }
    }
}

/// Sockets that take everything, and are counted.
#[derive(Debug, Default)]
struct Sockets {
    bytes: usize,
}

impl Wire for Sockets {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = black_box(slices).iter().map(|slice| slice.len()).sum();
        self.bytes += bytes;
        bytes
    }
}

/// An outbox with rooms of the same size, each connection in one of them.
#[derive(Debug)]
pub(crate) struct Readers {
    outbox: Outbox,
    sockets: Sockets,
    room_readers: u32,
    speaker: Person,
    room_name: RoomName,
    message: Message,
}

impl Readers {
    /// So many rooms of so many readers.
    pub(crate) fn of(rooms: u32, room_readers: u32) -> Self {
        let mut readers = Self {
            outbox: Outbox::new(&Limits::default()),
            sockets: Sockets::default(),
            room_readers,
            speaker: Person {
                name: Name::for_port(54_321, 1),
                profile: Profile::of_address([127, 0, 0, 1].into()),
            },
            room_name: RoomName::lobby(),
            // With the name and what is between them, a line of `LINE_BYTES`.
            message: Message::new(
                MessageKind::Text,
                Text::clean(&[b'x'; LINE_BYTES - "54321: \n".len()], false),
            ),
        };
        for slot in 0..rooms * room_readers {
            let conn = ConnId { slot, generation: 0 };
            readers.outbox.opened(conn);
            let room = readers.room(slot);
            readers.outbox.output(&Output::Subscribe { conn, room, class: WireClass::default() });
        }
        while readers.outbox.flush(&mut readers.sockets) {}
        // The buffers of the busiest tick are there, and have room.
        let heard = room_readers * (room_readers - 1);
        assert_eq!(readers.all_speak(), heard as usize * LINE_BYTES, "each hears all others");
        readers.few_are_touched();
        readers
    }

    /// One line, heard by all of the first room but for its speaker; returns how many bytes were written.
    pub(crate) fn one_speaks(&mut self) -> usize {
        self.say(0);
        self.flush()
    }

    /// A line of each of the first room, in one tick.
    pub(crate) fn all_speak(&mut self) -> usize {
        (0..self.room_readers).for_each(|slot| self.say(slot));
        self.flush()
    }

    /// A line in one room, and a note to one connection of another.
    pub(crate) fn few_are_touched(&mut self) -> usize {
        self.say(0);
        let conn = ConnId { slot: self.room_readers, generation: 0 };
        self.outbox.output(&Output::Write { conn, bytes: b"* you are now alice\n" });
        self.flush()
    }

    fn say(&mut self, slot: u32) {
        let what = What::Said { room: &self.room_name, status: None, message: &self.message };
        let event = Event { stamp: Stamp::default(), by: &self.speaker, by_bot: false, what };
        let except = Some(ConnId { slot, generation: 0 });
        self.outbox.output(&Output::ToRoom { room: self.room(slot), except, event: &event });
    }

    fn flush(&mut self) -> usize {
        let before = self.sockets.bytes;
        while self.outbox.flush(&mut self.sockets) {}
        self.sockets.bytes - before
    }

    fn room(&self, slot: u32) -> RoomId {
        RoomId(Seq(u64::from(1 + slot / self.room_readers)))
    }
}
