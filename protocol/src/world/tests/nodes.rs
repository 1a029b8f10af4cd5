//! The entries that are applied: lives of nodes, numbers, repeated entries, and the time of the log.

use super::{configure, enter};
use crate::base::id::{Life, NodeId, Seq};
use crate::base::limits::WorldLimits;
use crate::log::close_reason::CloseReason;
use crate::log::command::Command;
use crate::log::entry::{LogEntry, Origin};
use crate::world::{Applied, EventKind, Node, Outcome, World};
use alloc::vec::Vec;

/// A log and its world.
#[derive(Default)]
struct Log {
    world: World,
    position: u64,
    outcomes: Vec<Outcome>,
}

impl Log {
    /// Applies the next entry: of this life of a node, with this number.
    fn apply(&mut self, (node, life, number): (u16, u64, u64), command: Command) -> Applied {
        self.apply_at(self.position, (node, life, number), command)
    }

    fn apply_at(
        &mut self,
        at_unix_ms: u64,
        (node, life, number): (u16, u64, u64),
        command: Command,
    ) -> Applied {
        // With gaps, as a log that is shared with others may have them.
        self.position += 3;
        let origin = Origin { node: NodeId(node), life: Life(life), number };
        self.outcomes.clear();
        let entry = LogEntry { seq: Seq(self.position), at_unix_ms, origin, command };
        self.world.apply(&entry, &mut self.outcomes)
    }

    fn start(&mut self, node: u16, life: u64, after: Option<u64>) -> Applied {
        self.apply((node, life, 1), Command::Started { after: after.map(Life) })
    }

    fn members(&self) -> usize {
        self.world.members().len()
    }
}

#[test]
fn the_entries_of_a_life_are_applied_in_the_order_of_their_numbers() {
    let mut log = Log::default();
    let enter = |log: &mut Log, number| log.apply((0, 7, number), enter(5_001, None));
    assert_eq!(enter(&mut log, 1), Applied::OtherLife, "the life has not begun");
    assert_eq!(log.start(0, 7, None), Applied::Done);
    assert_eq!(enter(&mut log, 3), Applied::Overtaken);
    assert_eq!(enter(&mut log, 2), Applied::Done);
    assert_eq!(enter(&mut log, 2), Applied::Repeated);
    assert_eq!(enter(&mut log, 5), Applied::Overtaken);
    assert_eq!(enter(&mut log, 3), Applied::Done);
    assert_eq!(log.start(0, 7, None), Applied::Repeated);
    assert_eq!(log.members(), 2);
    let node = log.world.node(NodeId(0)).expect("it has started");
    assert_eq!((node.life(), node.number(), node.is_running()), (Life(7), 3, true));
}

#[test]
fn an_entry_that_is_not_applied_changes_nothing_but_the_position() {
    let mut log = Log::default();
    log.start(0, 7, None);
    log.apply((0, 7, 2), configure(WorldLimits::default()));
    let mut other = Log { world: log.world.clone(), position: log.position, ..Log::default() };
    assert_eq!(other.apply_at(90_000, (0, 7, 2), enter(5_001, None)), Applied::Repeated);
    assert_eq!(other.apply_at(90_000, (0, 7, 4), enter(5_001, None)), Applied::Overtaken);
    assert_eq!(other.apply_at(90_000, (0, 8, 3), enter(5_001, None)), Applied::OtherLife);
    assert_eq!(other.apply_at(90_000, (0, 8, 1), Command::Started { after: None }), Applied::OtherLife);
    log.position = other.position - 3;
    let command = enter(5_002, None);
    assert_eq!(log.apply_at(5, (0, 7, 3), command.clone()), Applied::Done);
    other.position -= 3;
    other.world = World { position: Seq(other.position), ..other.world };
    assert_eq!(other.apply_at(5, (0, 7, 3), command), Applied::Done);
    assert_eq!(log.world.digest(), other.world.digest());
}

#[test]
fn a_new_life_ends_the_members_of_the_former_one() {
    let mut log = Log::default();
    log.start(0, 7, None);
    log.start(1, 8, None);
    log.apply((0, 7, 2), enter(5_001, None));
    log.apply((1, 8, 2), enter(5_002, None));
    assert_eq!(log.start(0, 9, Some(7)), Applied::Done);
    let left = |outcome: &Outcome| {
        let Outcome::Happened(event) = outcome else { return None };
        let EventKind::Left { reason, .. } = event.kind else { return None };
        (event.by.name.as_str() == "5001" && reason == CloseReason::Restarted).then_some(())
    };
    assert_eq!(log.outcomes.iter().map(left).collect::<Vec<_>>(), [Some(())]);
    assert_eq!(log.members(), 1, "the member of the other node stays");
    assert_eq!(log.apply((0, 7, 3), enter(5_001, None)), Applied::OtherLife);
    assert_eq!(log.apply((0, 9, 2), enter(5_001, None)), Applied::Done);
    let names: Vec<&str> = log.world.members().map(|(_, member)| member.name().as_str()).collect();
    assert_eq!(names, ["5002", "5001"], "its name is free again");
}

#[test]
fn a_life_begins_only_after_the_one_that_it_knows() {
    let mut log = Log::default();
    assert_eq!(log.start(0, 7, Some(6)), Applied::OtherLife, "there was none");
    assert_eq!(log.start(0, 7, None), Applied::Done);
    assert_eq!(log.start(0, 8, Some(7)), Applied::Done);
    assert_eq!(log.start(0, 7, None), Applied::OtherLife, "a repeated entry of a life that is over");
    assert_eq!(log.start(0, 9, Some(7)), Applied::OtherLife, "two processes have started at once");
    assert_eq!(log.world.node(NodeId(0)).map(Node::life), Some(Life(8)));
}

#[test]
fn a_life_can_be_ended_by_another_node() {
    let mut log = Log::default();
    log.start(0, 7, None);
    log.start(1, 8, None);
    log.apply((0, 7, 2), enter(5_001, None));
    let end = |life| Command::Ended { node: NodeId(0), life: Life(life) };
    log.apply((1, 8, 2), end(6));
    assert_eq!(log.members(), 1, "it is another life");
    log.apply((1, 8, 3), end(7));
    assert_eq!(log.members(), 0);
    assert_eq!(log.apply((0, 7, 3), enter(5_001, None)), Applied::OtherLife);
    assert_eq!(log.start(0, 7, None), Applied::Repeated, "a life that is over does not begin again");
    assert_eq!(log.start(0, 9, Some(7)), Applied::Done);
    assert!(log.world.node(NodeId(0)).is_some_and(Node::is_running));
}

#[test]
fn limits_replace_those_of_an_earlier_revision_only() {
    let mut log = Log::default();
    let limits = |rooms_max| WorldLimits { rooms_max, ..WorldLimits::default() };
    log.start(0, 7, None);
    for (number, revision, rooms_max) in [(2, 5, 50), (3, 5, 51), (4, 4, 52), (5, 6, 53)] {
        log.apply((0, 7, number), Command::Configure { revision, limits: limits(rooms_max) });
        let expected = if revision == 6 { 53 } else { 50 };
        assert_eq!(log.world.limits().rooms_max, expected, "entry {number}");
    }
    assert_eq!(log.world.revision(), 6);
}

#[test]
fn a_clock_is_believed_when_it_is_set_back_by_more_than_a_minute() {
    const YEAR: u64 = 31_536_000_000;
    let mut log = Log::default();
    let start = |log: &mut Log, at, node| {
        log.apply_at(at, (node, 7, 1), Command::Started { after: None });
        log.world.at_unix_ms()
    };
    let say = |log: &mut Log, at, node, number| {
        log.apply_at(at, (node, 7, number), enter(5_001, None));
        log.world.at_unix_ms()
    };
    let now = 100 * YEAR;
    assert_eq!(start(&mut log, now, 0), now);
    assert_eq!(say(&mut log, now - 60_000, 0, 2), now, "a minute is held");
    assert_eq!(start(&mut log, now - 300_000, 1), now, "an entry of another node was late");
    assert_eq!(say(&mut log, now + 5, 1, 2), now + 5);
    assert_eq!(say(&mut log, now + YEAR, 0, 3), now + YEAR, "a clock is wrong");
    assert_eq!(say(&mut log, now + 10, 1, 3), now + YEAR, "the other node cannot know whose");
    assert_eq!(say(&mut log, now + 20, 0, 4), now + 20, "it is right again");
    assert_eq!(say(&mut log, now + 15, 1, 4), now + 20);
}

#[test]
fn a_clock_that_was_set_back_between_two_lives_is_believed() {
    let mut log = Log::default();
    let now = 1_800_000_000_000;
    log.apply_at(now + 3_600_000, (0, 7, 1), Command::Started { after: None });
    log.apply_at(now, (0, 8, 1), Command::Started { after: Some(Life(7)) });
    assert_eq!(log.world.at_unix_ms(), now, "the clock of the former life was wrong by an hour");
}
