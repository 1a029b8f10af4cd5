//! What holds of every outbox between two calls.

use super::tick::Item;
use super::{Conn, Outbox, Phase};
use alloc::vec::Vec;

impl Outbox {
    /// Asserts every invariant of what is owed to whom and who hears what; for tests, simulators and fuzzers,
    /// after each step.
    ///
    /// It looks at every connection, subscription and part of a backlog once, and at each connection's
    /// subscriptions once more for each of them.
    ///
    /// # Panics
    /// One of them does not hold: a bug in the core.
    pub fn check_invariants(&self) {
        self.chunks.check_invariants(self.conns.iter().filter_map(|conn| conn.queue.as_deref()));
        let blocked = self.conns.iter().filter(|conn| conn.blocked).count() as u64;
        assert_eq!(self.counters.blocked, blocked, "connections whose socket is full are counted");
        let waiting: Vec<u32> = {
            let mut ready: Vec<u32> = self.ready.iter().copied().collect();
            ready.sort_unstable();
            ready
        };
        for (slot, conn) in (0..).zip(&self.conns) {
            self.check_conn(slot, conn);
            let listed = waiting.binary_search(&slot).is_ok();
            assert!(listed || !conn.is_ready, "slot {slot} is among the ready ones, as it says");
        }
        for (index, overridden) in self.overrides.iter().enumerate() {
            let other = self.conns[overridden.slot as usize].override_index;
            assert!(
                other != index + 1 || overridden.items.is_sorted_by_key(|item| item.ordinal()),
                "in order"
            );
        }
        let items: usize = self.overrides.iter().map(|it| it.items.len()).sum();
        assert!(items * size_of::<Item>() <= self.unflushed_bytes, "what a tick holds for each is counted");
        self.check_rooms();
    }

    fn check_conn(&self, slot: u32, conn: &Conn) {
        let owed = conn.queue.as_ref().map(|queue| queue.bytes());
        match conn.phase {
            Phase::Vacant | Phase::Finished => {
                assert!(owed.is_none() && !conn.blocked, "slot {slot} is owed nothing any more");
                assert!(conn.subscriptions.is_empty(), "slot {slot} hears nothing any more");
            }
            Phase::Open => {
                assert!(owed != Some(0), "slot {slot} has a queue only while something is in it");
                assert!(owed.is_some() || !conn.blocked, "slot {slot} is owed what its socket did not take");
                let within = owed.is_none_or(|owed| owed <= self.backlog_bytes_max);
                assert!(within || !conn.blocked, "the backlog of slot {slot} is within its limit");
            }
            Phase::Overflowed => {}
            Phase::Closing => {
                assert!(conn.subscriptions.is_empty(), "slot {slot} hears nothing but its farewell");
                let goes_on = conn.override_index > 0 || conn.is_ready || conn.blocked;
                assert!(goes_on, "slot {slot} will be written its farewell");
            }
        }
        assert!(
            owed.is_none() || conn.blocked || conn.is_ready,
            "slot {slot} will be written what it is owed"
        );
        if let Some(index) = conn.override_index.checked_sub(1) {
            assert_eq!(self.overrides[index].slot, slot, "an override belongs to its connection");
        }
        for (index, subscription) in conn.subscriptions.iter().enumerate() {
            let room = subscription.room;
            let twice = conn.subscriptions[..index].iter().any(|other| other.room == room);
            assert!(!twice, "slot {slot} hears {room} once");
            let classes = &self.rooms.get(&room).expect("a room that is heard is known").classes;
            let subscribers = classes.iter().find(|it| it.class == subscription.class);
            let member = subscribers.and_then(|it| it.members.get(subscription.position as usize));
            assert_eq!(member, Some(&slot), "the subscription of slot {slot} to {room} knows its place");
        }
    }

    fn check_rooms(&self) {
        let subscriptions: usize = self.conns.iter().map(|conn| conn.subscriptions.len()).sum();
        let classes = || self.rooms.values().flat_map(|room| &room.classes);
        let members: usize = classes().map(|it| it.members.len()).sum();
        assert_eq!(members, subscriptions, "each place among those who hear a room is a subscription's");
        for (id, room) in &self.rooms {
            assert_eq!(room.touched, self.touched.contains(id), "rooms that said something are listed");
            let heard = room.classes.iter().any(|it| !it.members.is_empty());
            assert!(heard || room.touched, "{id}, which nobody hears, is forgotten");
            assert!(room.chunks.is_empty() || room.touched, "what {id} said is forgotten when it is written");
            assert!(room.chunks.iter().all(|chunk| chunk.source.is_none()), "sources are a flush's");
            for (index, subscribers) in room.classes.iter().enumerate() {
                let twice = room.classes[..index].iter().any(|other| other.class == subscribers.class);
                assert!(!twice, "each class hears {id} once");
                assert!(subscribers.chunk.is_none() || room.touched, "{id} said what is to be written");
                assert!(
                    subscribers.chunk.is_none_or(|chunk| chunk < room.chunks.len()),
                    "a class reads a chunk of {id}"
                );
            }
        }
    }
}
