//! The invariants of the outbox, which hold between two calls.

use super::tick::{Item, Mark};
use super::{Conn, Outbox, Phase};
use alloc::vec::Vec;

impl Outbox {
    /// Asserts every invariant of queues and subscriptions. Tests, simulators and fuzzers call it after each step.
    ///
    /// The cost is linear in the number of connections and of parts of their queues, and quadratic in the number of
    /// subscriptions of one connection.
    ///
    /// # Panics
    /// Panics if an invariant does not hold, which is a bug in the core.
    pub fn check_invariants(&self) {
        self.chunks.check_invariants(self.conns.iter().filter_map(|conn| conn.queue.as_deref()));
        let blocked = self.conns.iter().filter(|conn| conn.blocked).count() as u64;
        assert_eq!(self.counters.blocked, blocked, "the connections with a full socket are counted");
        let waiting: Vec<u32> = {
            let mut ready: Vec<u32> = self.ready.iter().copied().collect();
            ready.sort_unstable();
            ready
        };
        for (slot, conn) in (0..).zip(&self.conns) {
            self.check_conn(slot, conn);
            let listed = waiting.binary_search(&slot).is_ok();
            assert!(listed || !conn.is_ready, "slot {slot} is in the list of ready ones");
        }
        let awaited = self.conns.iter().filter(|conn| conn.is_awaited);
        assert_eq!(self.awaited_count, awaited.count(), "the readers that are waited for are counted");
        for (index, own) in self.overrides.iter().enumerate() {
            let number = self.conns[own.slot as usize].override_number;
            let is_sorted = own.items.is_sorted_by_key(|item| item.ordinal());
            assert!(number != index + 1 || is_sorted, "the items of slot {} are in order", own.slot);
        }
        let items: usize = self.overrides.iter().map(|it| it.items.len() * size_of::<Item>()).sum();
        let chunks = self.rooms.values().flat_map(|room| &room.chunks).map(|chunk| &chunk.builder);
        let chunks: usize = chunks.map(|it| it.bytes.len() + it.marks.len() * size_of::<Mark>()).sum();
        let tick = items + chunks + self.private.bytes.len();
        assert!(tick <= self.unflushed_bytes, "the memory of the tick is counted");
        self.check_rooms();
    }

    fn check_conn(&self, slot: u32, conn: &Conn) {
        let owed = conn.queue.as_ref().map(|queue| queue.bytes());
        match conn.phase {
            Phase::Vacant | Phase::Finished => {
                assert!(owed.is_none() && !conn.blocked, "nothing is queued for slot {slot}");
                assert!(conn.subscriptions.is_empty(), "slot {slot} has no subscription");
            }
            Phase::Open => {
                assert!(owed != Some(0), "the queue of slot {slot} is not empty");
                assert!(owed.is_some() || !conn.blocked, "slot {slot} has a queue while its socket is full");
                let within = owed.is_none_or(|owed| owed <= self.backlog_bytes_max);
                assert!(within || !conn.blocked, "the backlog of slot {slot} is within its limit");
            }
            Phase::Overflowed => {}
            Phase::Closing => {
                assert!(conn.subscriptions.is_empty(), "slot {slot} has no subscription while it closes");
                let goes_on = conn.override_number > 0 || conn.is_ready || conn.blocked;
                assert!(goes_on, "slot {slot} will be written its farewell");
            }
        }
        let has_merge = conn.queue.as_ref().is_some_and(|queue| queue.has_merge());
        assert!(!has_merge || !conn.blocked, "a backlog keeps no chunk that is not merged");
        assert!(owed.is_none() || conn.blocked || conn.is_ready, "the queue of slot {slot} will be written");
        if let Some(index) = conn.override_number.checked_sub(1) {
            assert_eq!(self.overrides[index].slot, slot, "an override is its connection's");
        }
        for (index, subscription) in conn.subscriptions.iter().enumerate() {
            let room = subscription.room;
            let twice = conn.subscriptions[..index].iter().any(|other| other.room == room);
            assert!(!twice, "slot {slot} is subscribed to {room} once");
            let classes = &self.rooms.get(&room).expect("a room with subscribers exists").classes;
            let class = classes.iter().find(|it| it.class == subscription.class);
            let member = class.and_then(|it| it.members.get(subscription.position as usize));
            assert_eq!(member, Some(&slot), "the subscription of slot {slot} to {room} has its position");
        }
    }

    fn check_rooms(&self) {
        let subscriptions: usize = self.conns.iter().map(|conn| conn.subscriptions.len()).sum();
        let classes = self.rooms.values().flat_map(|room| &room.classes);
        let members: usize = classes.map(|class| class.members.len()).sum();
        assert_eq!(members, subscriptions, "each member of a class has a subscription");
        for (id, room) in &self.rooms {
            assert_eq!(room.touched, self.touched.contains(id), "{id} is in the list of touched rooms");
            let has_subscribers = room.classes.iter().any(|class| !class.members.is_empty());
            assert!(has_subscribers || room.touched, "{id} has subscribers");
            assert!(room.chunks.is_empty() || room.touched, "{id} has chunks only within a tick");
            assert!(room.chunks.iter().all(|chunk| chunk.source.is_none()), "sources exist only in a flush");
            for (index, class) in room.classes.iter().enumerate() {
                let twice = room.classes[..index].iter().any(|other| other.class == class.class);
                assert!(!twice, "each class of {id} is listed once");
                let is_valid = class.chunk.is_none_or(|chunk| chunk < room.chunks.len());
                assert!(is_valid, "the chunk of a class exists in {id}");
            }
        }
    }
}
