//! The measured work, the same for instruction counts and for time.
//!
//! Each measurement begins with the state of a server after its first minute: reused buffers are allocated, and histories
//! are full. The effect of the work is asserted before it is measured.

use bytes::Bytes;
use parlor_protocol::{
    Cloaks, ConnId, Dialect, Environment, Event, EventKind, Folded, Framer, Input, Limits, LogEntry, Mask,
    MemoryLog, Message, MessageKind, Name, Now, Options, Outbox, Output, PasswordOf, Person, Profile,
    Proposal, Rate, RoomId, RoomName, Seq, Text, Via, Wire, WireClass,
};
use std::hint::black_box;
use std::net::IpAddr;

/// Number of bytes of an ordinary line, including its line end.
pub(crate) const LINE_BYTES: usize = 64;

/// Number of bytes of one read from a socket.
pub(crate) const CHUNK_BYTES: usize = 16 << 10;

/// Number of bytes that arrive one at a time.
pub(crate) const TRICKLE_BYTES: usize = 64 << 10;

/// Number of lines that are parsed.
pub(crate) const PARSED_LINES: u32 = 100;

/// Creates a framer without an unfinished line, and a stream for it.
pub(crate) fn framed(stream_bytes: usize, line_bytes: usize, skipped: usize) -> (Framer, Bytes) {
    let stream = lines(stream_bytes, line_bytes, skipped);
    let mut framer = Framer::new(TRICKLE_BYTES);
    assert_eq!(frame(&mut framer, stream.clone()), stream_bytes / line_bytes, "every line is found");
    assert_eq!(trickle(&mut framer, &stream), stream_bytes / line_bytes, "every line is found again");
    (Framer::new(TRICKLE_BYTES), stream)
}

/// Returns lines of `line_bytes` bytes, including their line ends. The first is `skipped` bytes shorter.
fn lines(stream_bytes: usize, line_bytes: usize, skipped: usize) -> Bytes {
    let byte = |at: usize| if at % line_bytes == line_bytes - 1 { b'\n' } else { b'x' };
    (skipped..skipped + stream_bytes).map(byte).collect()
}

/// Reads the lines of a chunk. Returns their number.
pub(crate) fn frame(framer: &mut Framer, chunk: Bytes) -> usize {
    framer.push(chunk);
    let mut lines = 0;
    while let Some(line) = framer.next_item() {
        black_box(line);
        lines += 1;
    }
    lines
}

/// Reads the lines of a stream that arrives byte by byte. Returns their number.
pub(crate) fn trickle(framer: &mut Framer, stream: &Bytes) -> usize {
    (0..stream.len()).map(|at| frame(framer, stream.slice(at..=at))).sum()
}

/// The kind of lines that a client sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A message in Chinese.
    Chinese,
    /// A command with a name and a text: `/msg`.
    Command,
    /// A message with formatting codes, which takes the slow path of cleaning.
    Formatted,
    /// A message of the maximum length of a line.
    Long,
    /// A message in ASCII.
    Said,
}

impl Kind {
    /// Returns [`PARSED_LINES`] lines.
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

/// Masks of hosts, as bans from the server have them, and a person that none of them matches.
#[derive(Debug)]
pub(crate) struct Masks {
    masks: Vec<Mask>,
    person: Folded,
}

impl Masks {
    /// Creates this number of masks, each of the cloaks of another network, and a person from yet another network.
    pub(crate) fn of_networks(count: u16) -> Self {
        let cloaks = Cloaks::default();
        let mask = |number: u16| {
            let [high, low] = number.to_be_bytes();
            Mask::parse(&format!("*!*@10.{high}.{low}.*"), &cloaks).expect("a cloak shows the network")
        };
        let person = |ip: [u8; 4]| {
            let profile = Profile::of_host(&cloaks.host(ip.into()));
            Folded::of(&Person { name: Name::for_port(54_321, 1), profile })
        };
        let mut masks = Self { masks: (0..count).map(mask).collect(), person: person([10, 0, 0, 7]) };
        assert_eq!(masks.matching(), 1, "the mask of its network matches the person");
        masks.person = person([192, 0, 2, 7]);
        assert_eq!(masks.matching(), 0, "no mask matches the other person");
        masks
    }

    /// Compares each mask with the person. Returns the number of those that match.
    pub(crate) fn matching(&self) -> usize {
        self.masks.iter().filter(|mask| mask.matches(black_box(&self.person))).count()
    }
}

/// A log, and sockets that accept everything. Outputs are counted and not executed.
///
/// Hub and outbox are measured with one environment: a second would make a second copy of the outbox's code, which the
/// compiler inlines elsewhere.
#[derive(Debug, Default)]
struct Counting {
    log: MemoryLog,
    outputs: u64,
    proposals: u64,
    /// Whether proposals are dropped.
    loses: bool,
    bytes: usize,
}

impl Wire for Counting {
    fn finish(&mut self, _: ConnId) {}

    fn write(&mut self, _: ConnId, slices: &[&[u8]]) -> usize {
        let bytes = black_box(slices).iter().map(|slice| slice.len()).sum();
        self.bytes += bytes;
        bytes
    }
}

impl Environment for Counting {
    fn propose(&mut self, proposal: &Proposal) {
        self.proposals += 1;
        if self.loses {
            black_box(proposal);
        } else {
            self.log.append(proposal.clone());
        }
    }

    fn abort(&mut self, _: ConnId) {}

    fn check_password(&mut self, _: ConnId, _: IpAddr, _: &PasswordOf, _: &[u8]) {}

    fn set_reads_paused(&mut self, _: ConnId, _: bool) {}

    fn output(&mut self, output: &Output<'_>, _: &mut Outbox) {
        black_box(output);
        self.outputs += u64::from(!matches!(output, Output::Propose { .. }));
    }
}

/// A server with members in its lobby, whose outputs are not executed.
#[derive(Debug)]
pub(crate) struct Server {
    server: parlor_protocol::Server,
    counting: Counting,
    entries: Vec<LogEntry>,
    members: Vec<ConnId>,
}

impl Server {
    /// Creates a server with this number of members in its lobby.
    pub(crate) fn of(members: u16) -> Self {
        let limits = Limits {
            backlog_bytes_max: 16 << 20,
            pending_commands_max: PARSED_LINES,
            connections_per_ip_max: u32::MAX,
            rate: Rate { lines: 0, burst: 1 },
            turn_lines_max: u32::MAX,
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
        for _ in 0..limits.history_lines_max {
            assert_eq!(server.say(), 1, "one output for all members");
        }
        server.come_and_go();
        server
    }

    /// Creates a server with one member, and the lines that the member sends.
    pub(crate) fn sent(kind: Kind) -> (Self, Bytes) {
        let lines = kind.lines();
        let mut server = Self::of(1);
        let before = server.counting.proposals;
        server.input(Input::Received { conn: server.members[0], bytes: lines.clone() });
        assert_eq!(server.counting.proposals - before, PARSED_LINES.into(), "a proposal for each line");
        (server, lines)
    }

    /// Parses bytes of the first member into proposals, which are dropped. Returns their number.
    pub(crate) fn parse(&mut self, bytes: Bytes) -> u64 {
        let before = self.counting.proposals;
        self.counting.loses = true;
        let input = Input::Received { conn: self.members[0], bytes };
        self.server.input(Now::default(), input, &mut self.counting);
        self.counting.proposals - before
    }

    /// Sends a message of the first member to the room. Returns the number of outputs.
    pub(crate) fn say(&mut self) -> u64 {
        // Aligned: the standard library checks UTF-8 faster from such an address on, and another would be an accident.
        #[repr(align(64))]
        struct Line([u8; LINE_BYTES]);
        static LINE: Line = {
            let mut line = [b'x'; LINE_BYTES];
            line[LINE_BYTES - 1] = b'\n';
            Line(line)
        };
        let before = self.counting.outputs;
        self.input(Input::Received { conn: self.members[0], bytes: Bytes::from_static(&LINE.0) });
        self.counting.outputs - before
    }

    /// Lets one more member enter, end its input and leave. Returns the number of outputs.
    pub(crate) fn come_and_go(&mut self) -> u64 {
        let before = self.counting.outputs;
        let conn = self.enter(9_999);
        self.input(Input::ReadClosed { conn });
        self.input(Input::Closed { conn });
        self.counting.outputs - before
    }

    fn enter(&mut self, port: u16) -> ConnId {
        let conn = self.server.vacant().expect("a slot is free");
        let peer = ([127, 0, 0, 1], port).into();
        self.input(Input::Accepted {
            conn,
            dialect: Dialect::Plain,
            peer,
            via: Via::Direct,
            room: Some(&RoomName::lobby()),
        });
        conn
    }

    fn input(&mut self, input: Input<'_>) {
        let now = Now::default();
        self.server.input(now, input, &mut self.counting);
        while self.counting.log.take(&mut self.entries) {
            self.server.committed(now, &mut self.entries, &mut self.counting);
            while self.server.can_apply() {
                self.server.end_turn();
                self.server.apply_entries(now, &mut self.counting);
            }
        }
    }
}

/// An outbox with rooms of the same size. Each connection is in one room.
#[derive(Debug)]
pub(crate) struct Readers {
    outbox: Outbox,
    sockets: Counting,
    room_readers: u32,
    line: Event,
}

impl Readers {
    /// Creates this number of rooms with this number of readers each.
    pub(crate) fn of(rooms: u32, room_readers: u32) -> Self {
        let speaker = Person {
            name: Name::for_port(54_321, 1),
            profile: Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into())),
        };
        // Together with the name, a line of `LINE_BYTES`.
        let text = Text::clean(&[b'x'; LINE_BYTES - "54321: \n".len()], false);
        let message = Message::new(MessageKind::Text, text);
        let mut readers = Self {
            outbox: Outbox::new(&Limits::default()),
            sockets: Counting::default(),
            room_readers,
            line: Event::unlogged(
                speaker,
                EventKind::Said { room: RoomName::lobby().into(), status: None, message },
            ),
        };
        for slot in 0..rooms * room_readers {
            let conn = ConnId { slot, generation: 0 };
            readers.outbox.opened(conn);
            let room = readers.room(slot);
            readers.outbox.output(&Output::Subscribe { conn, room, class: WireClass::default() });
        }
        while readers.outbox.flush(&mut readers.sockets) {}
        // Allocate the buffers of the busiest tick.
        let heard = room_readers * (room_readers - 1);
        assert_eq!(
            readers.all_speak(),
            heard as usize * LINE_BYTES,
            "each member is sent the lines of all others"
        );
        readers.most_are_idle();
        readers
    }

    /// Sends one line to the first room, except to its speaker. Returns the number of bytes written.
    pub(crate) fn one_speaks(&mut self) -> usize {
        self.say(0);
        self.flush()
    }

    /// Sends a line of each member of the first room, in one tick. Returns the number of bytes written.
    pub(crate) fn all_speak(&mut self) -> usize {
        (0..self.room_readers).for_each(|slot| self.say(slot));
        self.flush()
    }

    /// Sends a line to one room, and a note to one connection of another room. Returns the number of bytes written.
    pub(crate) fn most_are_idle(&mut self) -> usize {
        self.say(0);
        let conn = ConnId { slot: self.room_readers, generation: 0 };
        self.outbox.output(&Output::Write { conn, bytes: b"* you are now alice\n" });
        self.flush()
    }

    fn say(&mut self, slot: u32) {
        let except = Some(ConnId { slot, generation: 0 });
        self.outbox.output(&Output::ToRoom { room: self.room(slot), except, event: &self.line });
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
