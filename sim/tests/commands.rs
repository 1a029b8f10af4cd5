//! No command is sent to a room, whatever invisible characters are around its slash.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bytes::Bytes;
use parlor_protocol::plain::{COMMANDS, PlainCommand};
use parlor_protocol::{
    ConnId, Dialect, HistoryQuery, HistoryScope, Hub, Input, Limits, Now, Options, Output, PasswordResult,
    Proposal, RoomName, Seq, Sink, Via,
};
use parlor_sim::naive::NaiveSink;
use proptest::prelude::*;

/// A server with two plain members and one IRC member in the lobby.
struct Lobby {
    hub: Hub,
    sink: NaiveSink,
    position: u64,
    people: Vec<ConnId>,
}

/// A sink that keeps what the server asks of its environment.
struct Asking<'a> {
    sink: &'a mut NaiveSink,
    proposals: Vec<Proposal>,
    passwords: Vec<ConnId>,
    histories: Vec<(ConnId, HistoryQuery, HistoryScope)>,
}

impl<'a> Asking<'a> {
    const fn new(sink: &'a mut NaiveSink) -> Self {
        Self { sink, proposals: Vec::new(), passwords: Vec::new(), histories: Vec::new() }
    }
}

impl Sink for Asking<'_> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Propose { proposal, .. } => self.proposals.push(proposal.clone()),
            Output::CheckPassword { conn, .. } => self.passwords.push(conn),
            Output::Fetch { conn, query, scope } => self.histories.push((conn, query, scope)),
            output => self.sink.output(output),
        }
    }
}

impl Lobby {
    fn open() -> Self {
        let hub = Hub::new(Limits::default(), Options::default());
        let mut lobby = Self { hub, sink: NaiveSink::default(), position: 0, people: Vec::new() };
        let mut asking = Asking::new(&mut lobby.sink);
        lobby.hub.start(Now::default(), &mut asking);
        asking.proposals.into_iter().for_each(|proposal| lobby.commit(proposal));
        for (port, dialect) in [(5_001, Dialect::Plain), (5_002, Dialect::Plain), (5_003, Dialect::Irc)] {
            let conn = lobby.hub.vacant().unwrap();
            let peer = ([127, 0, 0, 1], port).into();
            lobby.input(Input::Accepted {
                conn,
                dialect,
                peer,
                via: Via::Direct,
                room: Some(&RoomName::lobby()),
            });
            lobby.people.push(conn);
        }
        lobby.send(2, b"NICK carol\r\nUSER carol 0 * :Carol\r\nJOIN #lobby\r\n");
        lobby
    }

    fn input(&mut self, input: Input<'_>) {
        let mut asking = Asking::new(&mut self.sink);
        self.hub.handle(Now::default(), input, &mut asking);
        let Asking { sink: _, proposals, passwords, histories } = asking;
        proposals.into_iter().for_each(|proposal| self.commit(proposal));
        passwords
            .into_iter()
            .for_each(|conn| self.input(Input::PasswordChecked { conn, result: PasswordResult::Wrong }));
        for (conn, query, scope) in histories {
            let page = self.hub.views().page(&query, &scope);
            self.input(Input::Fetched { conn, page: &page });
        }
        for conn in std::mem::take(&mut self.sink.drained) {
            self.input(Input::Drained { conn });
        }
    }

    fn commit(&mut self, proposal: Proposal) {
        self.position += 1;
        let entry = proposal.committed_at(Seq(self.position));
        self.input(Input::Committed { entry: &entry });
    }

    fn send(&mut self, person: usize, bytes: &[u8]) {
        let conn = self.people[person];
        self.input(Input::Received { conn, bytes: Bytes::copy_from_slice(bytes) });
    }

    /// Returns the text that a member was sent since the last call.
    fn read(&mut self, person: usize) -> String {
        let sent = self.sink.sent.get_mut(self.people[person]).map(std::mem::take).unwrap_or_default();
        String::from_utf8(sent).unwrap()
    }
}

/// Invisible text: formatting, control characters, characters without a glyph, and optionally blanks.
fn invisible(blanks: bool) -> impl Strategy<Value = String> {
    let codes =
        ["\x02", "\x03", "\x0304", "\x0304,12", "\x04", "\x04FF00aa", "\x0F", "\x11", "\x16", "\x1D", "\x1E"];
    let others = [
        "\x1F", "\0", "\x07", "\u{200B}", "\u{200D}", "\u{2060}", "\u{FEFF}", "\u{200F}", "\u{202E}",
        "\u{AD}",
    ];
    let blank = [" ", "\t", "\u{A0}", "\u{3000}", "\u{2003}", "\u{2028}"];
    let mut all = [codes.as_slice(), others.as_slice()].concat();
    if blanks {
        all.extend(blank);
    }
    prop::collection::vec(prop::sample::select(all), 0..5).prop_map(|parts| parts.concat())
}

fn command() -> impl Strategy<Value = String> {
    let names: Vec<&str> = COMMANDS.iter().flat_map(PlainCommand::spellings).collect();
    let others = vec!["", "dance", "joni", "mesg", "etc/passwd", "é", "命令"];
    let names = prop_oneof![prop::sample::select(names), prop::sample::select(others)];
    (names, any::<bool>()).prop_map(|(name, upper)| if upper { name.to_uppercase() } else { name.to_owned() })
}

/// Whether a line that others read is the effect of a command (a note, an action, or a parting message) and not a
/// message.
fn is_act(line: &str) -> bool {
    let is_act = ["* ", "** ", "5001 left: "].iter().any(|begin| line.starts_with(begin));
    is_act || !line.contains("hunter2")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_line_that_visibly_begins_with_a_slash_is_never_a_message(
        before in invisible(true),
        between in invisible(false),
        behind in invisible(true),
        slash in prop::sample::select(vec!["/", "／"]),
        name in command(),
        word in prop::sample::select(vec!["5002", "carol", "nobody", "tea", ""]),
    ) {
        let mut lobby = Lobby::open();
        (0..3).for_each(|person| { lobby.read(person); });
        let line = format!("{before}{slash}{between}{name}{behind} {word} hunter2");
        lobby.send(0, format!("{line}\n").as_bytes());
        let (writer, bob, carol) = (lobby.read(0), lobby.read(1), lobby.read(2));
        for read in bob.lines() {
            let is_private = read.starts_with("5001 (private): ") && word == "5002";
            prop_assert!(is_private || is_act(read), "{line:?} is read as a message: {read:?}");
        }
        for read in carol.lines().filter(|read| read.contains("PRIVMSG")) {
            let is_private = read.contains(" PRIVMSG carol :") && word == "carol";
            let is_act = read.contains(" PRIVMSG #lobby :\u{1}ACTION ");
            prop_assert!(is_private || is_act, "{line:?} is read as a message: {read:?}");
        }
        let is_answered = !(writer.is_empty() && bob.is_empty() && carol.is_empty());
        prop_assert!(is_answered, "{line:?} has no effect and no reply");
        lobby.hub.check_invariants();
    }
}
