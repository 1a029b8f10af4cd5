//! The queue of checks, fair between addresses.

use super::network::HostNetwork;
use super::worker::Check;
use parlor_protocol::ConnId;
use std::collections::{BTreeMap, BTreeSet};

/// The checks of one address that wait in turn: those of operators' passwords, and all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub(super) host: HostNetwork,
    pub(super) of_operators: bool,
}

/// The precedence of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precedence {
    /// The right password came from its address lately.
    First,
    /// Every other.
    Later,
}

/// The checks that wait for a thread. One check of each lane is taken in turn. Lanes that go first are taken before the
/// others, but not twice in a row while others wait: the first must not starve the rest.
#[derive(Debug)]
pub(super) struct Queue {
    lanes: BTreeMap<Lane, Waiting>,
    /// The lanes in the order of their turns.
    turns: BTreeMap<Turn, Lane>,
    /// The lanes by the number of their checks.
    lengths: BTreeSet<(usize, Lane)>,
    places: BTreeMap<ConnId, (Lane, u64)>,
    /// A number that grows with each check and each turn.
    count: u64,
    /// Whether a lane that goes first was taken last.
    first_was_taken: bool,
    checks_max: usize,
}

type Turn = (Precedence, u64);

#[derive(Debug)]
struct Waiting {
    /// The checks in the order in which they came.
    checks: BTreeMap<u64, Check>,
    turn: Turn,
}

impl Queue {
    pub(super) const fn new(checks_max: usize) -> Self {
        Self {
            lanes: BTreeMap::new(),
            turns: BTreeMap::new(),
            lengths: BTreeSet::new(),
            places: BTreeMap::new(),
            count: 0,
            first_was_taken: false,
            checks_max,
        }
    }

    /// Queues a check. If the queue is full, the last check of the longest lane has to leave it, or the new one if that
    /// would be no fairer. Returns the connection of the check that has no place.
    pub(super) fn push(&mut self, lane: Lane, precedence: Precedence, check: Check) -> Option<ConnId> {
        let mut displaced = None;
        if self.places.len() >= self.checks_max {
            let own = self.lanes.get(&lane).map_or(0, |waiting| waiting.checks.len());
            let Some(&(length, longest)) = self.lengths.last() else { return Some(check.conn) };
            let waiting = &self.lanes[&longest];
            let is_fairer = length > own + 1 || precedence < waiting.turn.0;
            let last = waiting.checks.last_key_value().map(|(_, check)| check.conn);
            displaced = last.filter(|_| is_fairer);
            match displaced {
                Some(conn) => drop(self.remove(conn)),
                None => return Some(check.conn),
            }
        }
        self.count += 1;
        let (count, conn) = (self.count, check.conn);
        let waiting = self.lanes.entry(lane).or_insert_with(|| {
            let turn = (precedence, count);
            self.turns.insert(turn, lane);
            Waiting { checks: BTreeMap::new(), turn }
        });
        let length = waiting.checks.len();
        waiting.checks.insert(count, check);
        self.lengths.remove(&(length, lane));
        self.lengths.insert((length + 1, lane));
        self.places.insert(conn, (lane, count));
        displaced
    }

    /// Takes the next check and its lane. `precedence` returns that of a lane which has more checks, for its next turn.
    pub(super) fn pop(&mut self, precedence: impl FnOnce(Lane) -> Precedence) -> Option<(Lane, Check)> {
        let first = self.turns.first_key_value();
        let later = self.turns.range((Precedence::Later, 0)..).next();
        let (&turn, &lane) = if self.first_was_taken { later.or(first)? } else { first? };
        self.first_was_taken = turn.0 == Precedence::First;
        let (_, check) = self.lanes.get(&lane)?.checks.first_key_value()?;
        let conn = check.conn;
        let check = self.remove(conn)?;
        if let Some(waiting) = self.lanes.get_mut(&lane) {
            self.turns.remove(&turn);
            self.count += 1;
            waiting.turn = (precedence(lane), self.count);
            self.turns.insert(waiting.turn, lane);
        }
        Some((lane, check))
    }

    /// Removes the check of a connection, if it has one.
    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Check> {
        let (lane, place) = self.places.remove(&conn)?;
        let waiting = self.lanes.get_mut(&lane)?;
        let length = waiting.checks.len();
        let check = waiting.checks.remove(&place);
        self.lengths.remove(&(length, lane));
        if length > 1 {
            self.lengths.insert((length - 1, lane));
        } else {
            self.turns.remove(&waiting.turn);
            self.lanes.remove(&lane);
        }
        check
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::worker::Secret;
    use parlor_protocol::PasswordOf;
    use std::net::{IpAddr, Ipv4Addr};

    const fn conn(slot: u32) -> ConnId {
        ConnId { slot, generation: 0 }
    }

    fn lane(host: u8) -> Lane {
        Lane { host: IpAddr::from(Ipv4Addr::new(192, 0, 2, host)).into(), of_operators: true }
    }

    /// Queues a check of this address; returns the number of the connection whose check has no place.
    fn push(queue: &mut Queue, host: u8, precedence: Precedence, number: u32) -> Option<u32> {
        let check = Check { conn: conn(number), of: PasswordOf::Server, password: Secret::new(b"") };
        queue.push(lane(host), precedence, check).map(|conn| conn.slot)
    }

    /// Takes every check; addresses below 10 go first. Returns the numbers of the connections.
    fn pop_all(queue: &mut Queue) -> Vec<u32> {
        let precedence = |of: Lane| match (0..10).any(|host| lane(host) == of) {
            true => Precedence::First,
            false => Precedence::Later,
        };
        let mut popped = Vec::new();
        while let Some((_, check)) = queue.pop(precedence) {
            popped.push(check.conn.slot);
        }
        assert!(queue.lanes.is_empty() && queue.turns.is_empty());
        assert!(queue.lengths.is_empty() && queue.places.is_empty());
        popped
    }

    #[test]
    fn addresses_take_turns() {
        let mut queue = Queue::new(100);
        for (host, number) in [(11, 0), (11, 1), (11, 2), (12, 3), (13, 4), (13, 5)] {
            assert_eq!(push(&mut queue, host, Precedence::Later, number), None);
        }
        assert_eq!(pop_all(&mut queue), [0, 3, 4, 1, 5, 2]);
    }

    #[test]
    fn known_addresses_go_first_and_do_not_starve_others() {
        let mut queue = Queue::new(100);
        for (host, number) in [(11, 0), (11, 1), (12, 2)] {
            push(&mut queue, host, Precedence::Later, number);
        }
        for (host, number) in [(1, 10), (1, 11), (2, 12), (2, 13), (2, 14)] {
            push(&mut queue, host, Precedence::First, number);
        }
        assert_eq!(pop_all(&mut queue), [10, 0, 12, 2, 11, 1, 13, 14]);
    }

    #[test]
    fn an_address_that_becomes_known_goes_first_from_its_next_turn() {
        let mut queue = Queue::new(100);
        for (host, number) in [(11, 0), (1, 1), (1, 2), (11, 3), (11, 4)] {
            push(&mut queue, host, Precedence::Later, number);
        }
        assert_eq!(pop_all(&mut queue), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_is_removed_is_not_taken() {
        let mut queue = Queue::new(100);
        for (host, number) in [(11, 0), (11, 1), (12, 2), (13, 3)] {
            push(&mut queue, host, Precedence::Later, number);
        }
        assert_eq!(queue.remove(conn(0)).map(|check| check.conn), Some(conn(0)));
        assert_eq!(queue.remove(conn(2)).map(|check| check.conn), Some(conn(2)));
        assert!(queue.remove(conn(2)).is_none());
        assert_eq!(pop_all(&mut queue), [1, 3]);
    }

    #[test]
    fn a_full_queue_makes_room_for_whoever_has_less_of_it() {
        let mut queue = Queue::new(4);
        for number in 0..4 {
            assert_eq!(push(&mut queue, 11, Precedence::Later, number), None);
        }
        assert_eq!(push(&mut queue, 11, Precedence::Later, 4), Some(4), "no address displaces itself");
        assert_eq!(push(&mut queue, 12, Precedence::Later, 5), Some(3), "the last one leaves");
        assert_eq!(push(&mut queue, 13, Precedence::Later, 6), Some(2));
        assert_eq!(push(&mut queue, 12, Precedence::Later, 7), Some(7), "it has its share");
        assert_eq!(push(&mut queue, 14, Precedence::Later, 8), Some(1));
        assert_eq!(push(&mut queue, 15, Precedence::Later, 9), Some(9), "each has one place");
        assert_eq!(push(&mut queue, 1, Precedence::First, 10), Some(8), "a known address has one always");
        assert_eq!(pop_all(&mut queue), [10, 0, 5, 6]);
        assert_eq!(push(&mut Queue::new(0), 11, Precedence::Later, 0), Some(0));
    }
}
