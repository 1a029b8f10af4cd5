//! Tests of the messages in a store, by comparison with the histories that the core keeps in memory.

use super::{Scratch, close, run};
use crate::driver::Log;
use crate::store::{StoreLog, file};
use parlor_protocol::{
    Command, ConnId, Flag, HistoryChange, HistoryPage, HistoryPoint, HistoryQuery, HistoryRange,
    HistoryScope, Host, Life, Limits, LogEntry, MemberId, Message, MessageKind, ModeChange, NameRequest,
    NodeId, Origin, Profile, Proposal, RoomId, RoomName, Seq, Text, Views, World, WorldLimits,
};
use std::future::poll_fn;
use std::task::Poll;

/// A server that remembers in memory and in a store.
struct Remembering {
    log: StoreLog,
    world: World,
    memory: Views,
    outside: Views,
    number: u64,
    at_unix_ms: u64,
}

impl Remembering {
    fn new(log: StoreLog) -> Self {
        let limits = Limits { history_lines_max: usize::MAX, ..Limits::default() };
        let world = World::new();
        let views = |outside| Views::new(&limits, outside, &world);
        let (memory, outside) = (views(false), views(true));
        let mut new = Self { log, world, memory, outside, number: 0, at_unix_ms: 1_700_000_000_000 };
        new.apply(Command::Started { after: None });
        new.apply(Command::Configure { revision: 1, limits: WorldLimits::default() });
        new
    }

    /// Proposes a command, and applies its entry.
    fn apply(&mut self, command: Command) -> Seq {
        self.number += 1;
        let origin = Origin { node: NodeId(0), life: Life(7), number: self.number };
        self.log.propose(&Proposal { at_unix_ms: self.at_unix_ms, origin, command });
        self.log.submit();
        let entries = run(poll_fn(|cx| {
            assert_eq!(self.log.poll_state(cx), Poll::Pending);
            let mut entries = Vec::new();
            if self.log.take(&mut entries) { Poll::Ready(entries) } else { Poll::Pending }
        }));
        let mut last = Seq(0);
        for entry in entries {
            last = entry.seq;
            self.commit(&entry);
        }
        self.log.applied(self.world.position());
        last
    }

    fn commit(&mut self, entry: &LogEntry) {
        let mut outcomes = Vec::new();
        self.world.apply(entry, &mut outcomes);
        self.memory.record(&outcomes, &self.world);
        self.outside.record(&outcomes, &self.world);
        HistoryChange::of(&outcomes, &self.world).for_each(|change| self.log.history_changed(change));
    }

    fn enter(&mut self, room: &str) -> MemberId {
        // Real names are not kept with messages.
        let profile = Profile::new("plain", &Host::parse("tea.example").unwrap(), &Text::default());
        let room = Some(RoomName::parse(room).unwrap());
        MemberId(self.apply(Command::Enter { request: NameRequest::Port(5_001), profile, room }))
    }

    fn say(&mut self, member: MemberId, room: &str, text: &str) {
        let message = Message::new(MessageKind::Text, Text::clean(text.as_bytes(), false));
        self.apply(Command::Say { member, room: RoomName::parse(room).unwrap(), status: None, message });
    }

    fn go(&mut self, member: MemberId, from: Option<&str>, to: Option<&str>) {
        let [from, to] = [from, to].map(|room| room.map(|room| RoomName::parse(room).unwrap()));
        self.apply(Command::Move { member, from, to, key: None, checks_key: false, message: None });
    }

    fn set_secret(&mut self, member: MemberId, room: &str, on: bool) {
        let changes = vec![ModeChange::Flag { flag: Flag::Secret, on }];
        self.apply(Command::SetModes { member, room: RoomName::parse(room).unwrap(), changes });
    }

    fn room(&self, name: &str) -> RoomId {
        self.world.room_named(&RoomName::parse(name).unwrap()).unwrap()
    }

    fn stored(&mut self, query: &HistoryQuery, scope: &HistoryScope) -> HistoryPage {
        page(&mut self.log, query, scope)
    }
}

fn page(log: &mut StoreLog, query: &HistoryQuery, scope: &HistoryScope) -> HistoryPage {
    let conn = ConnId { slot: 3, generation: 4 };
    assert!(log.fetch(conn, query, scope));
    let (answered, page) = run(poll_fn(|cx| log.poll_page(cx)));
    assert_eq!(answered, conn);
    page
}

fn latest(reader: MemberId, room: RoomId) -> HistoryQuery {
    let range = HistoryRange::Latest(None);
    HistoryQuery { reader, room, range, events_max: 1_000, bytes_max: 100_000, event_bytes: 10 }
}

/// Returns a number below a bound, from a sequence that is always the same.
fn draw(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

/// Says 300 lines in two rooms, of which one is secret at times, with members that come and go.
fn talk(server: &mut Remembering, state: &mut u64) -> [MemberId; 3] {
    let members @ [alice, bob, carol] = [(); 3].map(|()| server.enter("tea"));
    server.go(alice, None, Some("cake"));
    let (mut is_secret, mut is_there) = (false, true);
    for nth in 0..300 {
        server.at_unix_ms += draw(state, 3);
        match draw(state, 12) {
            0 => {
                is_secret = !is_secret;
                server.set_secret(alice, "tea", is_secret);
            }
            1 => {
                let tea = Some("tea");
                let (from, to) = if is_there { (tea, None) } else { (None, tea) };
                server.go(carol, from, to);
                is_there = !is_there;
            }
            2..=4 => server.say(alice, "cake", &format!("cake {nth}")),
            5..=7 => server.say(alice, "tea", &format!("tea {nth}")),
            _ => server.say(bob, "tea", &format!("天气 {nth}")),
        }
    }
    if !is_there {
        server.go(carol, None, Some("tea"));
    }
    members
}

#[test]
fn pages_from_a_store_are_those_from_memory() {
    let (scratch, mut state) = (Scratch::new(), 1);
    let mut server = Remembering::new(scratch.open().unwrap().log);
    let [alice, bob, carol] = talk(&mut server, &mut state);
    let rooms = ["tea", "cake"].map(|room| server.room(room));
    let (begin, end) = (1_700_000_000_000, server.at_unix_ms + 5);
    let mut hidden = 0;
    for nth in 0..2_000 {
        let mut point = || match draw(&mut state, 2) {
            0 => HistoryPoint::Seq(Seq(draw(&mut state, 400))),
            _ => HistoryPoint::Time(begin + draw(&mut state, end - begin)),
        };
        let (one, other) = (point(), point());
        let range = match nth % 6 {
            0 => HistoryRange::After(one),
            1 => HistoryRange::Around(one),
            2 => HistoryRange::Before(one),
            3 => HistoryRange::Between(one, other),
            4 => HistoryRange::Latest(Some(one)),
            _ => HistoryRange::Latest(None),
        };
        let reader = [alice, bob, carol][usize::try_from(draw(&mut state, 3)).unwrap()];
        let room = rooms[usize::try_from(draw(&mut state, 2)).unwrap()];
        let events_max = usize::try_from(draw(&mut state, 40)).unwrap();
        let bytes_max = usize::try_from(draw(&mut state, 1_000)).unwrap();
        let query = HistoryQuery { reader, room, range, events_max, bytes_max, event_bytes: 10 };
        let mut scope = server.outside.scope(&query, &server.world);
        scope.upto = Seq(draw(&mut state, server.world.position().0 + 1));
        let expected = server.memory.page(&query, &scope);
        assert_eq!(server.stored(&query, &scope), expected, "{query:?} {scope:?}");
        hidden += usize::from(expected.rows > expected.events.len() + 1);
    }
    assert!(hidden > 100, "some pages leave out what their readers may not read: {hidden}");
}

#[test]
fn what_was_not_written_of_histories_is_made_at_the_next_start() {
    let (scratch, mut state) = (Scratch::new(), 2);
    let mut server = Remembering::new(scratch.open().unwrap().log);
    let [.., bob, _] = talk(&mut server, &mut state);
    let query = latest(bob, server.room("tea"));
    let scope = server.outside.scope(&query, &server.world);
    let expected = server.memory.page(&query, &scope);
    assert_eq!(server.stored(&query, &scope), expected);
    // As long as nothing is asked for, changes wait a little.
    server.say(bob, "tea", "last words");
    let scope = server.outside.scope(&query, &server.world);
    let expected = server.memory.page(&query, &scope);
    let killed = scratch.killed();
    let mut opened = killed.open().unwrap();
    assert_eq!(page(&mut opened.log, &query, &scope), expected);
    close(opened.log);
    // A file of the first format has none of it.
    let file = killed.file();
    file.execute_batch("DROP TABLE messages; DROP TABLE positions; PRAGMA user_version = 1").unwrap();
    drop(file);
    let mut opened = killed.open().unwrap();
    assert_eq!(opened.replayed, server.world.position().0, "snapshots have no messages");
    assert_eq!(page(&mut opened.log, &query, &scope), expected);
    assert_eq!(file::FORMAT, 2);
}

#[test]
fn messages_of_a_room_that_has_ended_are_deleted() {
    let scratch = Scratch::new();
    let mut server = Remembering::new(scratch.open().unwrap().log);
    let alice = server.enter("tea");
    server.set_secret(alice, "tea", true);
    (0..1_200).for_each(|nth| server.say(alice, "tea", &format!("tea {nth}")));
    server.go(alice, None, Some("cake"));
    server.say(alice, "cake", "still here");
    let count = || -> i64 {
        scratch.file().query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap()
    };
    // Nobody can come back to a secret room: it ends with its last member.
    server.go(alice, Some("tea"), None);
    let query = latest(alice, server.room("cake"));
    let scope = server.outside.scope(&query, &server.world);
    assert_eq!(server.stored(&query, &scope).events.len(), 1);
    let killed = scratch.killed();
    run(async {
        while count() > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    // It does not matter how much was deleted before a process was killed.
    let mut opened = killed.open().unwrap();
    assert_eq!(page(&mut opened.log, &query, &scope).events.len(), 1);
    close(opened.log);
    let left: i64 = killed.file().query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).unwrap();
    assert!(left < 1_200, "{left}");
}

#[test]
fn the_text_of_a_line_that_was_removed_is_forgotten() {
    let scratch = Scratch::new();
    let mut server = Remembering::new(scratch.open().unwrap().log);
    let alice = server.enter("tea");
    server.say(alice, "tea", "a canary");
    let (room, line) = (server.room("tea"), server.world.position());
    server.say(alice, "tea", "something else");
    server.apply(Command::Redact { member: alice, room, line, author: alice, message: None });
    let query = latest(alice, room);
    let scope = server.outside.scope(&query, &server.world);
    let expected = server.memory.page(&query, &scope);
    assert_eq!(expected.events.len(), 1);
    assert_eq!(server.stored(&query, &scope), expected);
    let bytes: Vec<u8> = scratch
        .file()
        .query_row("SELECT bytes FROM entries WHERE seq = ?1", [line.0.cast_signed()], |row| row.get(0))
        .unwrap();
    assert!(!bytes.windows(6).any(|it| it == b"canary"));
    // The chain is over what is left, and a start that makes the rows again does not show the line.
    let killed = scratch.killed();
    killed.file().execute_batch("DELETE FROM messages; DELETE FROM positions").unwrap();
    let mut opened = killed.open().unwrap();
    assert_eq!(opened.replayed, server.world.position().0);
    assert_eq!(page(&mut opened.log, &query, &scope).events.len(), 1);
}
