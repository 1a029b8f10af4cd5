//! Tests of rooms that are kept without members.

use super::{configure, entry, go_to};
use crate::base::cloak::Cloaks;
use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Flag, Key, Mask, MaskList, ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::Profile;
use crate::base::text::Text;
use crate::codec::SALT_BYTES;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Command, Message, MessageKind, NameRequest};
use crate::log::entry::LogEntry;
use crate::world::{EventKind, Outcome, Refusal, World};
use alloc::string::ToString;
use alloc::vec::Vec;

/// A world whose entries are proposed at chosen times.
struct Kept {
    world: World,
    seq: u64,
    at_unix_ms: u64,
}

impl Kept {
    fn new(limits: WorldLimits) -> Self {
        let mut kept = Self { world: World::new(), seq: 0, at_unix_ms: 1_000 };
        kept.apply(Command::Started { after: None });
        kept.apply(configure(limits));
        kept
    }

    fn apply(&mut self, command: Command) -> Vec<Outcome> {
        self.seq += 1;
        self.at_unix_ms += 1;
        let mut outcomes = Vec::new();
        let entry = LogEntry { at_unix_ms: self.at_unix_ms, ..entry(self.seq, command) };
        self.world.apply(&entry, &mut outcomes);
        self.world.check_invariants();
        let restored = World::restore(&self.world.snapshot(&mut || [0; SALT_BYTES])).unwrap();
        restored.check_invariants();
        outcomes
    }

    /// A member of this name enters, from the last byte of its address.
    fn enter(&mut self, name: &str, host: u8) -> MemberId {
        let profile = Profile::of_host(&Cloaks::default().host([192, 0, 2, host].into()));
        let request = match name.parse() {
            Ok(port) => NameRequest::Port(port),
            Err(_) => NameRequest::Name(Name::parse(name).unwrap()),
        };
        self.apply(Command::Enter { request, profile, room: None });
        MemberId(Seq(self.seq))
    }

    fn leave(&mut self, member: MemberId, reason: CloseReason) -> Vec<Outcome> {
        self.apply(Command::Leave { member, reason, message: None })
    }

    fn join(&mut self, member: MemberId, to: &str) -> Vec<Outcome> {
        self.apply(go_to(member, None, Some(room(to))))
    }

    fn part(&mut self, member: MemberId, from: &str) -> Vec<Outcome> {
        self.apply(go_to(member, Some(room(from)), None))
    }

    fn set(&mut self, member: MemberId, to: &str, change: ModeChange) {
        let outcomes = self.apply(Command::SetModes { member, room: room(to), changes: Vec::from([change]) });
        assert!(matches!(&outcomes[..], [Outcome::Happened(_)]), "{outcomes:?}");
    }

    fn id(&self, name: &str) -> Option<RoomId> {
        self.world.room_named(&room(name))
    }

    /// Returns the time since which a room is empty and kept.
    fn empty_since(&self, name: &str) -> Option<u64> {
        self.world.room(self.id(name)?)?.empty_since_unix_ms()
    }

    fn is_operator(&self, member: MemberId, name: &str) -> bool {
        let room = self.world.room(self.id(name).unwrap()).unwrap();
        room.statuses(member).unwrap().has(Status::Operator)
    }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn limits() -> WorldLimits {
    WorldLimits { room_keep_ms: 100_000, room_return_ms: 50_000, ..WorldLimits::default() }
}

#[test]
fn a_room_that_is_kept_has_its_topic_modes_and_masks() {
    let mut kept = Kept::new(limits());
    let (alice, bob) = (kept.enter("alice", 1), kept.enter("bob", 2));
    kept.join(alice, "Tea");
    let began = kept.id("tea");
    let topic = Some(Text::clean(b"green", false));
    kept.apply(Command::SetTopic { member: alice, room: room("tea"), topic });
    kept.set(alice, "tea", ModeChange::Flag { flag: Flag::Moderated, on: true });
    let mask = Mask::parse("bob", &Cloaks::default()).unwrap();
    kept.set(alice, "tea", ModeChange::Mask { list: MaskList::Bans, mask, on: true });
    kept.part(alice, "tea");
    assert_eq!((kept.id("tea"), kept.empty_since("tea")), (began, Some(kept.at_unix_ms)));
    let outcomes = kept.join(bob, "tea");
    let [Outcome::Refused { refusal, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(*refusal, Refusal::Banned(room("tea")));
    let carol = kept.enter("carol", 3);
    kept.at_unix_ms += 50_000;
    kept.join(carol, "tea");
    let tea = kept.world.room(began.unwrap()).unwrap();
    assert_eq!((kept.id("tea"), tea.is_kept(), tea.name().as_str()), (began, false, "Tea"));
    assert_eq!(tea.topic().map(|topic| topic.text.as_str()), Some("green"));
    assert!(tea.modes().has(Flag::Moderated));
    assert!(kept.is_operator(carol, "tea"), "the hour is over");
}

#[test]
fn a_room_that_restricts_who_enters_and_the_lobby_are_not_kept() {
    let changes = [
        ModeChange::Flag { flag: Flag::InviteOnly, on: true },
        ModeChange::Flag { flag: Flag::Secret, on: true },
        ModeChange::Key(Key::parse("sesame")),
        ModeChange::Limit(Some(5)),
    ];
    for change in changes {
        let mut kept = Kept::new(limits());
        let alice = kept.enter("alice", 1);
        kept.join(alice, "tea");
        kept.set(alice, "tea", change.clone());
        kept.part(alice, "tea");
        assert_eq!(kept.id("tea"), None, "{change:?}");
    }
    let mut kept = Kept::new(limits());
    let alice = kept.enter("alice", 1);
    kept.join(alice, "lobby");
    kept.part(alice, "lobby");
    assert!(kept.id("lobby").is_some() && kept.empty_since("lobby").is_none());
    let mut none = Kept::new(WorldLimits { room_keep_ms: 0, ..limits() });
    let alice = none.enter("alice", 1);
    none.join(alice, "tea");
    none.part(alice, "tea");
    assert_eq!(none.id("tea"), None, "no room is kept");
}

/// Returns a world with a room that Alice has run and left.
fn left_by_alice(limits: WorldLimits) -> (Kept, MemberId) {
    let mut kept = Kept::new(limits);
    let alice = kept.enter("alice", 1);
    kept.join(alice, "tea");
    kept.leave(alice, CloseReason::Reset);
    (kept, alice)
}

#[test]
fn an_operator_that_returns_in_time_runs_its_room_again() {
    let (mut kept, _) = left_by_alice(limits());
    let bob = kept.enter("bob", 2);
    kept.join(bob, "tea");
    assert!(!kept.is_operator(bob, "tea"), "Alice is expected");
    let alice = kept.enter("ALICE", 1);
    let outcomes = kept.join(alice, "tea");
    assert!(kept.is_operator(alice, "tea"));
    let [Outcome::Happened(joined), Outcome::Happened(modes)] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert!(matches!(joined.kind, EventKind::Joined { .. }));
    let EventKind::ModesSet { changes, .. } = &modes.kind else { panic!("{modes:?}") };
    let name = Name::parse("ALICE").unwrap();
    assert_eq!(changes[..], [ModeChange::Status { name, status: Status::Operator, on: true }]);
    kept.leave(alice, CloseReason::Quit);
    let again = kept.enter("alice", 1);
    kept.join(again, "tea");
    assert!(!kept.is_operator(again, "tea"), "the room was not empty in the meantime");
}

#[test]
fn another_name_another_host_or_a_later_time_give_nothing_back() {
    let (mut kept, _) = left_by_alice(limits());
    for (name, host) in [("alice", 2), ("bob", 1)] {
        let other = kept.enter(name, host);
        kept.join(other, "tea");
        assert!(!kept.is_operator(other, "tea"), "{name} at {host}");
        kept.leave(other, CloseReason::Quit);
    }
    let bob = kept.enter("bob", 1);
    kept.join(bob, "tea");
    kept.at_unix_ms += 50_000;
    let alice = kept.enter("alice", 1);
    kept.join(alice, "tea");
    assert!(!kept.is_operator(alice, "tea"), "it is too late");
    kept.leave(alice, CloseReason::Quit);
    kept.leave(bob, CloseReason::Quit);
    let carol = kept.enter("carol", 3);
    kept.join(carol, "tea");
    assert!(kept.is_operator(carol, "tea"), "nobody is expected");
}

#[test]
fn an_operator_that_was_removed_or_cannot_ask_for_its_name_is_not_expected_back() {
    for reason in [CloseReason::Banned, CloseReason::Killed] {
        let mut kept = Kept::new(limits());
        let (alice, bob) = (kept.enter("alice", 1), kept.enter("bob", 2));
        kept.join(alice, "tea");
        kept.leave(alice, reason);
        kept.join(bob, "tea");
        assert!(kept.is_operator(bob, "tea"), "{reason:?}");
    }
    let mut kept = Kept::new(limits());
    let (port, bob) = (kept.enter("5001", 1), kept.enter("bob", 2));
    kept.join(port, "tea");
    kept.part(port, "tea");
    kept.join(bob, "tea");
    assert!(kept.is_operator(bob, "tea"), "the name was assigned");
    kept.join(port, "tea");
    let name = Name::parse("bob").unwrap();
    kept.apply(Command::Kick { member: bob, room: room("tea"), name, message: None });
    kept.part(port, "tea");
    kept.join(port, "tea");
    assert!(kept.is_operator(port, "tea"), "Bob was kicked out");
}

#[test]
fn a_room_remembers_the_last_operators_that_left_it() {
    let mut kept = Kept::new(WorldLimits { room_operators_max: 2, ..limits() });
    let names = ["alice", "bob", "carol"];
    let members: Vec<MemberId> = names.iter().map(|name| kept.enter(name, 1)).collect();
    for (&member, name) in members.iter().zip(names) {
        kept.join(member, "tea");
        let (name, status) = (Name::parse(name).unwrap(), Status::Operator);
        let change = ModeChange::Status { name, status, on: true };
        kept.apply(Command::SetModes { member: members[0], room: room("tea"), changes: [change].into() });
    }
    members.iter().for_each(|&member| drop(kept.part(member, "tea")));
    for (member, runs) in members.into_iter().zip([false, true, true]) {
        kept.join(member, "tea");
        assert_eq!(kept.is_operator(member, "tea"), runs);
    }
}

#[test]
fn only_a_room_that_has_been_empty_since_then_is_ended() {
    let (mut kept, _) = left_by_alice(limits());
    let (tea, since) = (kept.id("tea").unwrap(), kept.empty_since("tea").unwrap());
    let end = |empty_since_unix_ms| Command::EndRoom { room: tea, empty_since_unix_ms };
    assert_eq!(kept.apply(end(since + 1)), []);
    let alice = kept.enter("alice", 1);
    kept.join(alice, "tea");
    assert_eq!(kept.apply(end(since)), [], "somebody is there");
    kept.part(alice, "tea");
    assert_eq!(kept.apply(end(since)), [], "somebody was there");
    assert_eq!(kept.world.emptied_first(), Some((tea, kept.empty_since("tea").unwrap())));
    let since = kept.empty_since("tea").unwrap();
    assert_eq!(kept.apply(end(since)), [Outcome::RoomEnded { room: tea }]);
    assert_eq!((kept.id("tea"), kept.world.emptied_first()), (None, None));
    assert_eq!(kept.apply(end(since)), [], "it has ended");
}

#[test]
fn rooms_that_have_been_empty_longest_make_way_for_others() {
    let mut kept = Kept::new(WorldLimits { rooms_max: 4, rooms_per_host_max: 2, ..limits() });
    let (alice, bob) = (kept.enter("alice", 1), kept.enter("bob", 2));
    for (member, name) in [(alice, "a"), (bob, "b"), (alice, "c")] {
        kept.join(member, name);
    }
    for (member, name) in [(bob, "b"), (alice, "c"), (alice, "a")] {
        kept.part(member, name);
    }
    let c = kept.id("c").unwrap();
    let outcomes = kept.join(alice, "d");
    assert_eq!(outcomes[0], Outcome::RoomEnded { room: c }, "it has the share of its host");
    assert!(kept.id("b").is_some() && kept.id("a").is_some());
    kept.join(bob, "e");
    let names = |kept: &Kept| kept.world.rooms().map(|(_, it)| it.name().to_string()).collect::<Vec<_>>();
    assert_eq!(names(&kept), ["lobby", "a", "d", "e"], "b was empty longest");
    // The room that it leaves empty makes way, too.
    kept.join(bob, "a");
    kept.apply(go_to(bob, Some(room("e")), Some(room("f"))));
    assert_eq!(names(&kept), ["lobby", "a", "d", "f"]);
    let outcomes = kept.join(alice, "g");
    let [Outcome::Refused { refusal, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(*refusal, Refusal::RoomsFull);
}

#[test]
fn a_room_that_is_kept_does_not_exist_for_those_outside() {
    let (mut kept, _) = left_by_alice(limits());
    let bob = kept.enter("bob", 2);
    let tea = || room("tea");
    let message = Message::new(MessageKind::Text, Text::clean(b"hello", false));
    let changes = Vec::from([ModeChange::Flag { flag: Flag::NoOutside, on: false }]);
    let name = Name::parse("bob").unwrap();
    for command in [
        Command::Say { member: bob, room: tea(), status: None, message },
        Command::SetModes { member: bob, room: tea(), changes },
        Command::SetTopic { member: bob, room: tea(), topic: None },
        Command::Kick { member: bob, room: tea(), name: name.clone(), message: None },
        Command::Invite { member: bob, name: Name::parse("bob").unwrap(), room: tea() },
        go_to(bob, Some(tea()), None),
    ] {
        let outcomes = kept.apply(command);
        let [Outcome::Refused { refusal, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert_eq!(*refusal, Refusal::NoSuchRoom(tea()));
    }
    assert_eq!((kept.world.rooms_shown(), kept.world.visible_rooms(Some(bob))), (1, 1), "the lobby");
}

#[test]
fn an_operator_of_the_server_changes_the_modes_of_a_kept_room_that_it_knows() {
    let (mut kept, _) = left_by_alice(limits());
    let bob = kept.enter("bob", 2);
    kept.apply(Command::Promote { member: bob });
    let mask = Mask::parse("*", &Cloaks::default()).unwrap();
    kept.set(bob, "tea", ModeChange::Mask { list: MaskList::Bans, mask, on: true });
    assert!(kept.empty_since("tea").is_some());
    let message = Message::new(MessageKind::Text, Text::clean(b"hello", false));
    let outcomes = kept.apply(Command::Say { member: bob, room: room("tea"), status: None, message });
    assert!(
        matches!(&outcomes[..], [Outcome::Refused { refusal: Refusal::NoSuchRoom(_), .. }]),
        "nobody is there"
    );
    let (tea, changes) = (kept.id("tea").unwrap(), Vec::from([ModeChange::Limit(Some(5))]));
    let outcomes = kept.apply(Command::SetModes { member: bob, room: room("tea"), changes });
    assert_eq!(outcomes[1..], [Outcome::RoomEnded { room: tea }], "it is not open any more");
    assert_eq!(kept.id("tea"), None);
}

#[test]
fn rooms_are_kept_over_a_restart() {
    let mut kept = Kept::new(limits());
    let names = ["alice", "bob"];
    let members: Vec<MemberId> = names.iter().map(|name| kept.enter(name, 1)).collect();
    members.iter().for_each(|&member| drop(kept.join(member, "tea")));
    let bob = Name::parse("bob").unwrap();
    kept.set(members[0], "tea", ModeChange::Status { name: bob, status: Status::Operator, on: true });
    let tea = kept.id("tea");
    let life = crate::base::id::Life(1);
    kept.apply(Command::Ended { node: crate::base::id::NodeId(0), life });
    assert_eq!(kept.id("tea"), tea);
    let started = |kept: &mut Kept| {
        kept.seq += 1;
        let origin =
            crate::log::entry::Origin { life: crate::base::id::Life(2), number: 1, ..Default::default() };
        let command = Command::Started { after: Some(life) };
        let entry = LogEntry { seq: Seq(kept.seq), at_unix_ms: kept.at_unix_ms, origin, command };
        kept.world.apply(&entry, &mut Vec::new());
    };
    started(&mut kept);
    assert!(kept.world.room(tea.unwrap()).unwrap().is_kept());
}
