//! Tests of the world: digests, by which transcripts and simulator compare worlds, and rules that no transcript shows.

mod kept;
mod nodes;

use super::{EventKind, EventRoom, Outcome, Refusal, World};
use crate::base::ban::{BanTarget, NewBan};
use crate::base::cloak::Cloaks;
use crate::base::id::{Life, MemberId, NodeId, RoomId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Mask, MaskList, ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::network::Network;
use crate::base::person::{Host, Profile, UserModes};
use crate::base::text::Text;
use crate::codec::SALT_BYTES;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Command, Message, MessageKind, NameRequest};
use crate::log::entry::{LogEntry, Origin};
use alloc::vec::Vec;

fn enter(port: u16, room: Option<RoomName>) -> Command {
    let profile = Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into()));
    Command::Enter { request: NameRequest::Port(port), profile, room }
}

const fn go_to(member: MemberId, from: Option<RoomName>, to: Option<RoomName>) -> Command {
    Command::Move { member, from, to, key: None, checks_key: false, message: None }
}

const fn configure(limits: WorldLimits) -> Command {
    Command::Configure { revision: 1, limits }
}

fn say(member: MemberId, text: &str) -> Command {
    let message = Message::new(MessageKind::Text, Text::clean(text.as_bytes(), false));
    Command::Say { member, room: RoomName::lobby(), status: None, message }
}

/// Returns an entry of the only life of a node, whose proposals are all in the log. It was proposed at the millisecond of its
/// position.
fn entry(seq: u64, command: Command) -> LogEntry {
    let origin = Origin { node: NodeId(0), life: Life(1), number: seq };
    LogEntry { seq: Seq(seq), at_unix_ms: seq, origin, command }
}

/// Returns the world after these commands, which follow the start of a node.
fn world(commands: &[Command]) -> World {
    let started = Command::Started { after: None };
    let commands = core::iter::once(&started).chain(commands);
    let entries: Vec<LogEntry> =
        (1..).zip(commands).map(|(seq, command)| entry(seq, command.clone())).collect();
    World::replay(&entries)
}

#[test]
fn different_worlds_have_different_digests() {
    let member = MemberId(Seq(3));
    let room = RoomName::lobby();
    let limits = WorldLimits::default();
    let enter = |port| enter(port, Some(RoomName::lobby()));
    let topic = |text: &str| Command::SetTopic {
        member,
        room: room.clone(),
        topic: Some(Text::clean(text.as_bytes(), false)),
    };
    let go = |to: &str| go_to(member, None, RoomName::parse(to).ok());
    let say = |text| say(member, text);
    let rename = Command::Rename { member, name: Name::parse("alice").unwrap() };
    let start = || [configure(limits), enter(5_001)].to_vec();
    let with = |command| {
        let mut commands = start();
        commands.push(command);
        commands
    };
    let worlds = [
        Vec::new(),
        [configure(limits)].to_vec(),
        [configure(WorldLimits { history_keep_ms: 1, ..limits })].to_vec(),
        [configure(WorldLimits { history_keep_ms: 0, ..limits })].to_vec(),
        [configure(WorldLimits { invitations_max: 1, ..limits })].to_vec(),
        [configure(WorldLimits { masks_max: 1, ..limits })].to_vec(),
        [configure(WorldLimits { room_keep_ms: 1, ..limits })].to_vec(),
        [configure(WorldLimits { room_keep_ms: 0, ..limits })].to_vec(),
        [configure(WorldLimits { room_operators_max: 1, ..limits })].to_vec(),
        [configure(WorldLimits { room_return_ms: 1, ..limits })].to_vec(),
        [configure(WorldLimits { rooms_max: 2, ..limits })].to_vec(),
        [configure(WorldLimits { rooms_per_member_max: 1, ..limits })].to_vec(),
        [configure(WorldLimits { topic_bytes_max: 1, ..limits })].to_vec(),
        start(),
        [configure(limits), enter(5_002)].to_vec(),
        with(enter(5_002)),
        with(rename),
        with(go("tea")),
        with(go("rust")),
        // The next line has to have a later time.
        with(say("hello")),
        with(topic("tea")),
        with(topic("rust")),
    ];
    let mut digests: Vec<u64> = worlds.iter().map(|commands| world(commands).digest()).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), worlds.len());
}

#[test]
fn what_is_only_shown_is_not_in_the_digest() {
    let say = |text| say(MemberId(Seq(3)), text);
    let enter = enter(5_001, Some(RoomName::lobby()));
    // If messages cannot be read again, not even their times have to be known.
    let limits = WorldLimits { history_keep_ms: 0, ..WorldLimits::default() };
    let digest = |command| world(&[configure(limits), enter.clone(), command]).digest();
    assert_eq!(digest(say("hello")), digest(say("goodbye")), "messages");
    let nothing =
        Command::SetUserModes { member: MemberId(Seq(3)), on: UserModes::NONE, off: UserModes::NONE };
    assert_eq!(digest(say("hello")), digest(nothing), "when a member last spoke");
}

#[test]
fn messages_that_can_be_read_again_have_ascending_times_in_their_room() {
    let member = MemberId(Seq(3));
    let whisper = |status| Command::Say {
        member,
        room: RoomName::lobby(),
        status,
        message: Message::new(MessageKind::Text, Text::clean(b"hello", false)),
    };
    let times = |history_keep_ms| -> Vec<u64> {
        let limits = WorldLimits { history_keep_ms, ..WorldLimits::default() };
        let mut world = world(&[configure(limits), enter(5_001, Some(RoomName::lobby()))]);
        let status = Some(Status::Operator);
        let lines = [(4, 100, None), (5, 100, None), (6, 100, status), (7, 101, None), (8, 150, None)];
        let mut outcomes = Vec::new();
        for (seq, at_unix_ms, status) in lines {
            world.apply(&LogEntry { at_unix_ms, ..entry(seq, whisper(status)) }, &mut outcomes);
        }
        let time = |outcome: &Outcome| match outcome {
            Outcome::Happened(event) => event.stamp.at_unix_ms,
            outcome => panic!("{outcome:?}"),
        };
        outcomes.iter().map(time).collect()
    };
    // A message to operators cannot be read again.
    assert_eq!(times(1), [100, 101, 100, 102, 150]);
    assert_eq!(times(0), [100, 100, 100, 101, 150]);
}

#[test]
fn an_entry_that_was_applied_before_has_no_effect() {
    let started = entry(1, Command::Started { after: None });
    let entered = entry(2, enter(5_001, None));
    let once = World::replay([&started, &entered]);
    let twice = World::replay([&started, &entered, &entered]);
    assert_eq!(once.digest(), twice.digest());
    assert_eq!(once.members().len(), 1);
}

#[test]
fn any_number_of_clients_may_have_the_same_port() {
    let enter = enter(54_321, Some(RoomName::lobby()));
    let entrances: Vec<Command> = core::iter::repeat_n(enter, 40).collect();
    let world = world(&entrances);
    let names: Vec<&str> = world.members().map(|(_, member)| member.name().as_str()).collect();
    assert_eq!(names[..3], ["54321", "54321-2", "54321-3"]);
    assert_eq!(names[14..18], ["54321-15", "54321-16", "54321-18", "54321-19"]);
    let leave = Command::Leave { member: MemberId(Seq(3)), reason: CloseReason::Quit, message: None };
    let again = [&entrances[..], &[leave, entrances[0].clone(), entrances[0].clone()]].concat();
    let world = self::world(&again);
    let names: Vec<&str> = world.members().map(|(_, member)| member.name().as_str()).collect();
    // First the number that is free again, then the position of the entry.
    assert_eq!(names[39..], ["54321-2", "54321-44"]);
}

#[test]
fn a_member_with_the_maximum_number_of_rooms_can_still_move() {
    let limits = WorldLimits { rooms_per_member_max: 1, ..WorldLimits::default() };
    let (member, tea) = (MemberId(Seq(3)), RoomName::parse("tea").unwrap());
    let enter = enter(5_001, Some(RoomName::lobby()));
    let mut world = world(&[configure(limits), enter]);
    let go = |seq, from: Option<RoomName>| entry(seq, go_to(member, from, Some(tea.clone())));
    let mut outcomes = Vec::new();
    world.apply(&go(4, None), &mut outcomes);
    let [Outcome::Refused { refusal, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(*refusal, Refusal::TooManyRooms, "a second room is refused");
    outcomes.clear();
    world.apply(&go(5, Some(RoomName::lobby())), &mut outcomes);
    let kinds = outcomes.into_iter().filter_map(|outcome| match outcome {
        Outcome::Happened(event) => Some(event.kind.clone()),
        _ => None,
    });
    let lobby = EventRoom { id: RoomId(Seq(2)), name: RoomName::lobby() };
    let room = EventRoom { id: RoomId(Seq(5)), name: tea.clone() };
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            EventKind::Parted { room: lobby, message: None },
            EventKind::Joined { room, away: None, is_first: false }
        ]
    );
}

#[test]
fn a_mask_applies_to_the_current_host() {
    let (operator, member) = (MemberId(Seq(3)), MemberId(Seq(4)));
    let enter = |port| enter(port, Some(RoomName::lobby()));
    let mask = Mask::parse("m:*!*@tea.example", &Cloaks::default()).unwrap();
    let mute = ModeChange::Mask { list: MaskList::Bans, mask, on: true };
    let mut world = world(&[
        configure(WorldLimits::default()),
        enter(5_001),
        enter(5_002),
        Command::Promote { member: operator },
        Command::SetModes { member: operator, room: RoomName::lobby(), changes: alloc::vec![mute] },
    ]);
    let mut seq = 6;
    let mut apply = |command| {
        seq += 1;
        let mut outcomes = Vec::new();
        world.apply(&entry(seq, command), &mut outcomes);
        outcomes
    };
    for (host, is_heard) in [("green.example", true), ("tea.example", false), ("green.example", true)] {
        let (name, host) = (Name::for_port(5_002, 1), Host::parse(host).unwrap());
        apply(Command::SetHost { member: operator, name, host });
        let message = Message::new(MessageKind::Text, Text::clean(b"hello", false));
        let outcomes = apply(Command::Say { member, room: RoomName::lobby(), status: None, message });
        let is_refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused { .. }));
        assert_eq!(!is_refused, is_heard, "{outcomes:?}");
    }
}

/// The operator of a node may lower a limit below what there is. It binds only what comes later.
#[test]
fn a_world_beyond_a_lowered_limit_is_whole_and_can_be_restored() {
    let member = MemberId(Seq(3));
    let ban = |last: u8| {
        let target = BanTarget::Network(Network::host([192, 0, 2, last].into()));
        Command::SetBan { member, ban: NewBan { target, lasts_ms: None, reason: None } }
    };
    let room = |name: &str| go_to(member, None, RoomName::parse(name).ok());
    let mut commands =
        [configure(WorldLimits::default()), enter(5_001, None), Command::Promote { member }].to_vec();
    commands.extend((1..4).map(ban).chain(["a", "b", "c"].map(room)));
    let lower =
        WorldLimits { rooms_max: 2, rooms_per_member_max: 1, server_bans_max: 2, ..WorldLimits::default() };
    commands.push(Command::Configure { revision: 2, limits: lower });
    let world = world(&commands);
    assert_eq!((world.bans(0).count(), world.rooms().len()), (3, 4));
    world.check_invariants();
    let mut restored = World::restore(&world.snapshot(&mut || [0; SALT_BYTES])).unwrap();
    restored.check_invariants();
    let mut outcomes = Vec::new();
    restored.apply(&entry(commands.len() as u64 + 2, ban(9)), &mut outcomes);
    assert!(matches!(outcomes[..], [Outcome::Refused { .. }]), "no more bans are set: {outcomes:?}");
}
