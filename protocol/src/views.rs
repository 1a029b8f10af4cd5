//! Views: what has happened, for those who ask. Nothing depends on them but answers.
//!
//! They are fed by the events of entries, and neither in the log nor in the digest of the world. A hub that goes on with a
//! log begins with empty ones.

mod history;

use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::limits::Limits;
use crate::base::person::Person;
use crate::planted;
use crate::world::{Event, EventKind, Outcome, World};
use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use history::Histories;
pub use history::{
    EachRow, EventPlace, HistoryChange, HistoryPage, HistoryPoint, HistoryQuery, HistoryRange, HistoryRow,
    HistoryRows, HistoryScope,
};

/// Maximum number of removed lines that are left out of pages that were read before.
const REDACTED_MAX: usize = 1_024;

/// The views of one hub.
#[derive(Clone, Debug)]
pub struct Views {
    departed_max: usize,
    /// The names of members that left or were renamed, the latest last.
    former_names: VecDeque<FormerName>,
    histories: Histories,
    /// The greatest number of members at one time.
    members_max: usize,
    /// The positions of lines that were removed lately, of the latest lines. A page that was read before may still have them.
    redacted: BTreeSet<Seq>,
    /// The times of the last messages of the members that have sent one, in milliseconds since 1970-01-01T00:00:00Z.
    spoke_unix_ms: BTreeMap<MemberId, u64>,
}

/// A name of a member that has left or was renamed since.
#[derive(Clone, Debug)]
pub struct FormerName {
    /// The person with that name.
    pub person: Person,
    /// The time at which the member left or was renamed, in milliseconds since 1970-01-01T00:00:00Z.
    pub at_unix_ms: u64,
}

impl Views {
    /// Creates views that know only the present state of the world. `remembers_outside` is that of the
    /// [`Options`](crate::Options).
    #[must_use]
    pub fn new(limits: &Limits, remembers_outside: bool, world: &World) -> Self {
        Self {
            departed_max: limits.departed_max,
            former_names: VecDeque::new(),
            histories: Histories::new(limits, remembers_outside, world.position()),
            members_max: world.members().len(),
            redacted: BTreeSet::new(),
            spoke_unix_ms: BTreeMap::new(),
        }
    }

    /// Records the events among the outcomes of an entry, which the world has just applied.
    pub fn record(&mut self, outcomes: &[Outcome], world: &World) {
        for outcome in outcomes {
            if let Outcome::Happened(event) = outcome {
                self.record_event(event, world);
            }
            self.histories.drop_ended(outcome, world);
        }
    }

    /// Returns the names of members that left or were renamed, the oldest first.
    pub fn former_names(&self) -> impl DoubleEndedIterator<Item = &FormerName> {
        self.former_names.iter()
    }

    /// Returns the recent messages of a room, the oldest first.
    #[must_use]
    pub fn history(&self, room: RoomId) -> impl ExactSizeIterator<Item = &Event> + DoubleEndedIterator {
        self.histories.of(room)
    }

    /// Returns the page that answers a question about the recent messages of a room, as far as they are in memory.
    #[must_use]
    pub fn page(&self, query: &HistoryQuery, scope: &HistoryScope) -> HistoryPage {
        self.histories.page(query, scope)
    }

    /// Returns what the reader of a history may read of it now.
    #[must_use]
    pub fn scope(&self, query: &HistoryQuery, world: &World) -> HistoryScope {
        self.histories.scope(query, world)
    }

    /// Returns whether a line was removed lately.
    #[must_use]
    pub(crate) fn is_redacted(&self, line: Seq) -> bool {
        self.redacted.contains(&line)
    }

    /// Returns a page without the lines that were removed since it was read.
    pub(crate) fn without_redacted<'a>(&self, page: &'a HistoryPage) -> Cow<'a, HistoryPage> {
        let is_kept = |event: &Arc<Event>| !self.is_redacted(event.stamp.seq);
        if page.events.iter().all(is_kept) {
            return Cow::Borrowed(page);
        }
        let events = page.events.iter().filter(|event| is_kept(event)).cloned().collect();
        Cow::Owned(HistoryPage { events, ..page.clone() })
    }

    /// Returns the greatest number of members that were on the server at one time.
    #[must_use]
    pub const fn members_max(&self) -> usize {
        self.members_max
    }

    /// Returns the time of the last message of a member, in milliseconds since 1970-01-01T00:00:00Z; `None` if it has sent
    /// none.
    #[must_use]
    pub fn spoke_unix_ms(&self, member: MemberId) -> Option<u64> {
        self.spoke_unix_ms.get(&member).copied()
    }

    /// Asserts every invariant of the views. Tests, simulators and fuzzers call it after each step.
    ///
    /// # Panics
    /// Panics if an invariant does not hold, which is a bug in the core.
    pub(crate) fn check_invariants(&self, world: &World) {
        assert!(self.former_names.len() <= self.departed_max, "the former names are within their limit");
        assert!(self.members_max >= world.members().len(), "the greatest number of members is not exceeded");
        for &member in self.spoke_unix_ms.keys() {
            assert!(world.member(member).is_some(), "{member} has spoken and is a member");
        }
        self.histories.check_invariants(world);
    }

    fn record_event(&mut self, event: &Arc<Event>, world: &World) {
        let Event { stamp, member, by, .. } = &**event;
        match &event.kind {
            EventKind::Entered { .. } => self.members_max = self.members_max.max(world.members().len()),
            EventKind::Joined { room, .. } => self.histories.entered(room.id, *member, stamp.seq),
            EventKind::Kicked { room, target, .. } => {
                self.histories.parted(room.id, *target, stamp.seq);
            }
            EventKind::Parted { room, .. } => {
                self.histories.parted(room.id, *member, stamp.seq);
            }
            EventKind::Left { rooms, .. } => {
                self.spoke_unix_ms.remove(member);
                for &room in rooms {
                    self.histories.left(room, *member);
                }
                self.record_former_name(by, stamp.at_unix_ms);
            }
            // A change of case alone leaves no former name: both are the same name.
            EventKind::Renamed { to } if *to != by.name => self.record_former_name(by, stamp.at_unix_ms),
            EventKind::Redacted { room, line, .. } => self.redact(room.id, *line),
            EventKind::Said { room, .. } => {
                self.spoke_unix_ms.insert(*member, stamp.at_unix_ms);
                if event.remembered_in().is_some() {
                    self.histories.add(room.id, Arc::clone(event));
                }
            }
            EventKind::Told { .. } => {
                self.spoke_unix_ms.insert(*member, stamp.at_unix_ms);
            }
            EventKind::AwaySet { .. }
            | EventKind::BanLifted { .. }
            | EventKind::BanSet { .. }
            | EventKind::HostSet { .. }
            | EventKind::Invited { .. }
            | EventKind::ModesSet { .. }
            | EventKind::RealNameSet { .. }
            | EventKind::Renamed { .. }
            | EventKind::TopicSet { .. }
            | EventKind::UserModesSet { .. }
            | EventKind::Wallops { .. } => {}
        }
    }

    /// Forgets a line that was removed.
    fn redact(&mut self, room: RoomId, line: Seq) {
        if !planted::forgets_redacted() {
            return;
        }
        self.histories.redact(room, line);
        self.redacted.insert(line);
        if self.redacted.len() > REDACTED_MAX {
            self.redacted.pop_first();
        }
    }

    fn record_former_name(&mut self, person: &Person, at_unix_ms: u64) {
        self.former_names.push_back(FormerName { person: person.clone(), at_unix_ms });
        while self.former_names.len() > self.departed_max {
            self.former_names.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::cloak::Cloaks;
    use crate::base::id::Seq;
    use crate::base::limits::WorldLimits;
    use crate::base::mode::{Flag, ModeChange};
    use crate::base::name::RoomName;
    use crate::base::person::Profile;
    use crate::base::text::Text;
    use crate::log::close_reason::CloseReason;
    use crate::log::command::{Command, Message, MessageKind, NameRequest};
    use crate::log::entry::{LogEntry, Origin};
    use crate::world::Readers;
    use alloc::vec::Vec;

    /// A world and its views.
    struct Shown {
        world: World,
        views: Views,
        seq: u64,
    }

    impl Shown {
        fn new(limits: &Limits) -> Self {
            let world = World::new();
            let mut shown = Self { views: Views::new(limits, false, &world), world, seq: 0 };
            shown.apply(Command::Started { after: None });
            shown.apply(Command::Configure { revision: 1, limits: limits.world });
            shown
        }

        fn apply(&mut self, command: Command) {
            self.seq += 1;
            let origin = Origin { number: self.seq, ..Origin::default() };
            let entry = LogEntry { seq: Seq(self.seq), at_unix_ms: self.seq, origin, command };
            let mut outcomes = Vec::new();
            self.world.apply(&entry, &mut outcomes);
            self.views.record(&outcomes, &self.world);
            self.views.check_invariants(&self.world);
        }

        fn enter(&mut self, room: &str) -> MemberId {
            let profile = Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into()));
            let room = RoomName::parse(room).ok();
            self.apply(Command::Enter { request: NameRequest::Port(5_001), profile, room });
            MemberId(Seq(self.seq))
        }

        fn say(&mut self, member: MemberId, room: &str, text: &str) {
            let message = Message::new(MessageKind::Text, Text::clean(text.as_bytes(), false));
            let room = RoomName::parse(room).unwrap();
            self.apply(Command::Say { member, room, status: None, message });
        }

        /// Returns whether a member may read what only witnesses may read, at a position.
        fn seen_by(&self, reader: MemberId, room: &RoomName, at: Seq) -> bool {
            let room = self.world.room_named(room).unwrap();
            let range = HistoryRange::Latest(None);
            let query = HistoryQuery { reader, room, range, events_max: 1, bytes_max: 1, event_bytes: 1 };
            self.views.scope(&query, &self.world).may_read(at, Readers::Witnesses)
        }

        fn leave(&mut self, member: MemberId) {
            self.apply(Command::Leave { member, reason: CloseReason::Quit, message: None });
        }
    }

    #[test]
    fn a_room_that_is_kept_without_members_keeps_its_history_until_it_ends() {
        let mut shown = Shown::new(&Limits::default());
        let alice = shown.enter("tea");
        shown.say(alice, "tea", "hello");
        let room = shown.world.room_named(&RoomName::parse("tea").unwrap()).unwrap();
        shown.leave(alice);
        assert_eq!(shown.views.history(room).len(), 1);
        let empty_since_unix_ms = shown.world.at_unix_ms();
        shown.apply(Command::EndRoom { room, empty_since_unix_ms });
        assert_eq!(shown.views.history(room).len(), 0);
    }

    #[test]
    fn a_line_that_is_removed_leaves_the_history_and_the_pages_that_were_read_before() {
        let mut shown = Shown::new(&Limits::default());
        let alice = shown.enter("tea");
        shown.say(alice, "tea", "one");
        let line = Seq(shown.seq);
        shown.say(alice, "tea", "two");
        let room = shown.world.room_named(&RoomName::parse("tea").unwrap()).unwrap();
        let (range, bytes_max) = (HistoryRange::Latest(None), 1_000);
        let query = HistoryQuery { reader: alice, room, range, events_max: 9, bytes_max, event_bytes: 0 };
        let before = shown.views.page(&query, &shown.views.scope(&query, &shown.world));
        shown.apply(Command::Redact { member: alice, room, line, author: alice, message: None });
        let page = shown.views.page(&query, &shown.views.scope(&query, &shown.world));
        assert_eq!((before.events.len(), page.events.len()), (2, 1));
        assert_eq!(shown.views.without_redacted(&before).events, page.events);
        assert_eq!(shown.views.without_redacted(&page).events, page.events);
    }

    #[test]
    fn a_member_and_a_room_that_are_gone_leave_a_former_name_and_nothing_else() {
        let world = WorldLimits { room_keep_ms: 0, ..WorldLimits::default() };
        let mut shown = Shown::new(&Limits { departed_max: 2, world, ..Limits::default() });
        for nth in 1..=3 {
            let member = shown.enter("tea");
            shown.say(member, "tea", "hello");
            let room = shown.world.room_named(&RoomName::parse("tea").unwrap()).unwrap();
            assert_eq!(shown.views.history(room).len(), 1);
            assert_eq!(shown.views.spoke_unix_ms(member), Some(shown.seq));
            shown.leave(member);
            assert_eq!(shown.views.history(room).len(), 0);
            assert_eq!(shown.views.spoke_unix_ms(member), None);
            assert_eq!(shown.views.former_names().count(), nth.min(2));
            assert_eq!(shown.views.members_max(), 1);
        }
    }

    #[test]
    fn a_member_has_witnessed_nothing_that_was_said_before_this_life() {
        let mut shown = Shown::new(&Limits::default());
        let alice = shown.enter("tea");
        let room = RoomName::parse("tea").unwrap();
        let changes = Vec::from([ModeChange::Flag { flag: Flag::Secret, on: true }]);
        shown.apply(Command::SetModes { member: alice, room: room.clone(), changes });
        shown.say(alice, "tea", "hello");
        let before = shown.world.position();
        shown.views = Views::new(&Limits::default(), true, &shown.world);
        // Before anything is said in this life, and after it.
        let bob = shown.enter("tea");
        let early = shown.seen_by(bob, &room, before);
        shown.say(alice, "tea", "hello again");
        let after = shown.world.position();
        let carol = shown.enter("tea");
        let seen = [before, after].map(|at| [bob, carol].map(|member| shown.seen_by(member, &room, at)));
        assert_eq!((early, seen), (false, [[false, false], [true, false]]));
        assert_eq!(
            shown.views.history(shown.world.room_named(&room).unwrap()).len(),
            0,
            "it is kept outside"
        );
    }

    #[test]
    fn views_of_a_world_that_exists_know_its_members_and_no_more() {
        let mut shown = Shown::new(&Limits::default());
        let (alice, bob) = (shown.enter("lobby"), shown.enter("lobby"));
        shown.say(alice, "lobby", "hello");
        shown.leave(bob);
        let views = Views::new(&Limits::default(), false, &shown.world);
        assert_eq!((shown.views.members_max(), views.members_max()), (2, 1));
        assert_eq!((shown.views.former_names().count(), views.former_names().count()), (1, 0));
        assert_eq!(views.spoke_unix_ms(alice), None);
    }
}
