//! The invariants of the hub, which hold between two inputs.

use super::life::Phase;
use super::{Admission, Connection, Hub};
use crate::base::id::ConnId;
use crate::base::name::RoomName;
use crate::base::time::DeadlineReason;
use crate::session::{Link, Session};

impl Hub {
    /// Asserts every invariant of the hub, the sessions and the world. Tests, simulators and fuzzers call it after each
    /// step.
    ///
    /// The cost is linear in the number of connections, members, rooms and lines of history.
    ///
    /// # Panics
    /// Panics if an invariant does not hold, which is a bug in the core.
    pub fn check_invariants(&self) {
        self.world.check_invariants();
        self.views.check_invariants(&self.world);
        self.check_world();
        self.check_slots();
        self.check_members();
        self.check_admissions();
        self.check_timers();
        self.check_watches();
        self.check_log_waits();
        for (conn, connection) in self.each_connection() {
            connection.session.check_invariants(&self.limits);
            assert!(!connection.session.is_finished(), "{conn} is finished and has given its slot back");
            let open = connection.session.link() == Link::Open;
            let admission = connection.admission;
            assert!(
                matches!(admission, Admission::Admitted | Admission::Open) || !open,
                "{conn} was refused and is closing"
            );
            let is_closed = connection.session.link() == Link::Closed;
            assert_eq!(admission == Admission::Ended, is_closed, "{conn} counts until it is closed");
            let awaits_header = connection.session.awaits_header();
            assert!(admission == Admission::Admitted || awaits_header || !open, "{conn} is admitted");
            assert!(
                self.phase == Phase::Serving || !open,
                "{conn} is closing, because the server is stopping"
            );
            assert!(open || connection.label.is_none(), "{conn} is closing and collects no answer");
        }
        assert!(self.outcomes.is_empty(), "no outcome of an entry is left");
    }

    /// Asserts that the world is within its limits, if it has any.
    fn check_world(&self) {
        if self.world.revision() == 0 {
            return;
        }
        let limits = *self.world.limits();
        assert!(self.world.room_named(&RoomName::lobby()).is_some(), "the lobby always exists");
        if self.world.revision() > 1 {
            // A limit that was lowered binds only what comes later. The first configuration commonly has the revision 1.
            return;
        }
        assert!(self.world.rooms().len() <= limits.rooms_max as usize, "rooms are within their limit");
        for (id, member) in self.world.members() {
            assert!(
                member.rooms().len() <= limits.rooms_per_member_max as usize,
                "{id} is in no more rooms than allowed"
            );
        }
    }

    fn check_slots(&self) {
        assert!(self.slots.len() <= self.limits.slots_max() as usize, "slots are within their limit");
        let mut vacant = self.vacant.clone();
        vacant.sort_unstable();
        assert!(vacant.is_sorted_by(|one, next| one < next), "a slot is vacant once");
        for &slot in &vacant {
            assert!(self.slots[slot as usize].connection.is_none(), "slot {slot} is vacant");
        }
        let spent = |slot: &&super::Slot| slot.connection.is_none() && slot.generation == u32::MAX;
        let taken = self.each_connection().count() + self.slots.iter().filter(spent).count();
        assert!(vacant.len() + taken >= self.slots.len(), "a slot without a connection is vacant");
    }

    fn check_members(&self) {
        let (own, life) = (self.options.node, self.options.life);
        if self.world.node(own).is_some_and(|node| node.life() == life) {
            let here = self.world.members().filter(|(_, member)| member.node() == own).count();
            assert_eq!(self.members.len(), here, "each member of this node has a connection");
        }
        for (&id, conn) in &self.members {
            let member = self.world.member(id).expect("a member in the hub is in the world");
            assert_eq!(member.node(), own, "{id} is a member of this node");
            let slot = &self.slots[conn.slot as usize];
            assert_eq!(slot.generation, conn.generation, "a member's connection keeps its slot");
            let session = &slot.connection.as_ref().expect("a member's connection keeps its slot").session;
            assert_eq!(session.member(), Some(id), "{conn} is the connection of {id}");
            let Some(room) = session.dialect().room() else { continue };
            let room = room.map(|room| self.world.room_named(room).expect("the room of a session exists"));
            match room {
                Some(room) => assert!(member.rooms().contains(&room), "{id} speaks to a room that it is in"),
                None => assert!(member.rooms().is_empty(), "{id} is in no room"),
            }
        }
        let sessions =
            self.each_connection().filter(|(_, connection)| connection.session.member().is_some()).count();
        assert_eq!(sessions, self.members.len(), "the member of each session is known to the hub");
    }

    fn check_admissions(&self) {
        let with = |admission| {
            self.each_connection().filter(move |(_, connection)| connection.admission == admission)
        };
        let admitted = with(Admission::Admitted).count() + with(Admission::Open).count();
        assert_eq!(self.admitted as usize, admitted, "admitted connections are counted");
        self.addresses.check_invariants(
            self.each_connection()
                .map(|(conn, it)| (conn, it.address, it.admission == Admission::Admitted, it.ticket)),
        );
        for (conn, connection) in self.each_connection().filter(|(_, it)| it.ticket.is_some()) {
            let is_first = self.addresses.first_waiting(connection.address) == Some(conn);
            let is_timed = connection.timers.is_set(DeadlineReason::Rate);
            assert_eq!(is_timed, is_first, "the first of those that wait for an address has a timer");
        }
        assert!(self.admitted <= self.limits.connections_max, "connections are within their limit");
        assert_eq!(
            self.refused as usize,
            with(Admission::Refused).count(),
            "refused connections are counted"
        );
        assert!(self.refused <= self.limits.refusals_max, "refusals are within their limit");
    }

    fn check_timers(&self) {
        let is_unregistered = |session: &Session| {
            session.is_unregistered() || session.link() == Link::Open && session.awaits_header()
        };
        let mut timers = 0;
        for (conn, connection) in self.each_connection() {
            let link = connection.session.link();
            let is_set = |why| connection.timers.is_set(why);
            let is_open = link == Link::Open;
            assert!(!is_set(DeadlineReason::Rate) || is_open, "only an open connection waits for the rate");
            assert!(!is_set(DeadlineReason::Turn) || is_open, "only an open connection waits for its turn");
            let closes = link == Link::Closing || connection.session.leaves_when_drained();
            assert!(!is_set(DeadlineReason::Close) || closes, "only a closing connection has a close timer");
            let waits = [DeadlineReason::Detect, DeadlineReason::Idle, DeadlineReason::Register];
            let waits = waits.into_iter().filter(|&why| is_set(why)).count();
            assert!(waits <= usize::from(is_open), "an open connection has one of these timers at most");
            let registers = is_unregistered(&connection.session);
            assert_eq!(is_set(DeadlineReason::Register), registers, "a registration has a deadline");
            for (at, why) in connection.timers.all() {
                assert!(self.timers.contains(at, why, conn), "{why:?} of {conn} is set");
                timers += 1;
            }
        }
        let registering = self.each_connection().filter(|(_, it)| is_unregistered(&it.session)).count();
        assert_eq!(self.timers.registering(), registering, "unregistered connections are counted");
        assert_eq!(self.timers.len(), timers, "each timer belongs to a connection");
    }

    fn check_log_waits(&self) {
        assert!(
            self.under_way.lines() <= self.limits.proposals_max as usize + 2,
            "proposals are within their limit, beside the two that begin a life"
        );
        let (waiting, entrances) = self.log_waits.check_invariants();
        for conn in waiting {
            let link = self.session_ref(conn).map(Session::link);
            assert_eq!(link, Some(Link::Open), "{conn} waits for the log and is open");
        }
        for conn in entrances {
            let session = self.session_ref(conn).expect("a connection whose entrance waits keeps its slot");
            assert!(session.expects_entry(), "{conn} waits to enter");
        }
    }

    fn check_watches(&self) {
        self.watches.check_invariants(self.limits.monitored_max);
        for conn in self.watches.connections() {
            let link = self.session_ref(conn).map(Session::link);
            assert_eq!(link, Some(Link::Open), "{conn} watches names and is open");
        }
    }

    fn each_connection(&self) -> impl Iterator<Item = (ConnId, &Connection)> {
        (0..).zip(&self.slots).filter_map(|(index, slot)| {
            let conn = ConnId { slot: index, generation: slot.generation };
            slot.connection.as_ref().map(|connection| (conn, connection))
        })
    }
}
