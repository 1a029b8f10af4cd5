//! Watched names (IRC's MONITOR): a connection is told when a member with the name enters or leaves the server.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::name::Name;
use crate::base::person::Person;
use crate::base::time::Now;
use crate::dialect::reply::Reply;
use crate::hub::output::Sink;
use crate::world::Event;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// The watched names of each connection, and the watchers of each name. Connections that watch nothing have no entry.
#[derive(Debug, Default)]
pub(super) struct Watches {
    names: BTreeMap<ConnId, BTreeSet<Name>>,
    watchers: BTreeMap<Name, BTreeSet<ConnId>>,
}

static NO_NAMES: BTreeSet<Name> = BTreeSet::new();

impl Watches {
    /// Adds names to those that a connection watches, up to `max` in all. Returns the names that it watches now, and
    /// those beyond the limit.
    pub(super) fn add(&mut self, conn: ConnId, names: Vec<Name>, max: usize) -> (Vec<Name>, Vec<Name>) {
        if names.is_empty() {
            return (names, Vec::new());
        }
        let watched = self.names.entry(conn).or_default();
        let (added, over_limit): (Vec<Name>, Vec<Name>) = names.into_iter().partition(|name| {
            let has_place = watched.len() < max || watched.contains(name);
            if has_place {
                watched.insert(name.clone());
                self.watchers.entry(name.clone()).or_default().insert(conn);
            }
            has_place
        });
        if watched.is_empty() {
            self.names.remove(&conn);
        }
        (added, over_limit)
    }

    /// Removes a name from those that a connection watches.
    pub(super) fn remove(&mut self, conn: ConnId, name: &Name) {
        let Some(watched) = self.names.get_mut(&conn) else { return };
        if watched.remove(name) {
            if watched.is_empty() {
                self.names.remove(&conn);
            }
            self.forget_watcher(conn, name);
        }
    }

    /// Removes all names that a connection watches.
    pub(super) fn forget(&mut self, conn: ConnId) {
        let Some(names) = self.names.remove(&conn) else { return };
        names.iter().for_each(|name| self.forget_watcher(conn, name));
    }

    /// Returns the names that a connection watches.
    pub(super) fn of(&self, conn: ConnId) -> &BTreeSet<Name> {
        self.names.get(&conn).unwrap_or(&NO_NAMES)
    }

    /// Returns the connections that watch names.
    pub(super) fn connections(&self) -> impl Iterator<Item = ConnId> {
        self.names.keys().copied()
    }

    /// Returns the connections that watch a name.
    fn watchers(&self, name: &Name) -> Vec<ConnId> {
        self.watchers.get(name).into_iter().flatten().copied().collect()
    }

    fn forget_watcher(&mut self, conn: ConnId, name: &Name) {
        if let Some(watchers) = self.watchers.get_mut(name) {
            watchers.remove(&conn);
            if watchers.is_empty() {
                self.watchers.remove(name);
            }
        }
    }

    /// Asserts that both maps agree, and that no connection watches more than `watched_max` names.
    pub(super) fn check_invariants(&self, watched_max: usize) {
        for (conn, names) in &self.names {
            assert!(!names.is_empty() && names.len() <= watched_max, "{conn} watches within the limit");
            let known = |name| self.watchers.get(name).is_some_and(|watchers| watchers.contains(conn));
            assert!(names.iter().all(known), "{conn} is a watcher of each name that it watches");
        }
        let pairs = self.watchers.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(pairs, self.names.values().map(BTreeSet::len).sum(), "no other connection is a watcher");
        assert!(self.watchers.values().all(|watchers| !watchers.is_empty()), "a watched name has a watcher");
    }
}

impl Hub {
    /// Tells the watchers of a person's name that a member has taken it, or has given it up.
    pub(super) fn tell_watchers(&mut self, now: Now, person: &Person, is_there: bool, sink: &mut impl Sink) {
        for conn in self.watches.watchers(&person.name) {
            let reply = match is_there {
                true => Reply::WatchedCame(person),
                false => Reply::WatchedLeft(&person.name),
            };
            self.push_reply(now, conn, &reply, sink);
        }
    }

    /// Sends an event of a member to the connections that watch its name closely (IRCv3, extended-monitor). Members
    /// that share a room with it receive the event anyway.
    pub(super) fn tell_close_watchers(&mut self, event: &Event, sink: &mut impl Sink) {
        let member = event.member;
        for watcher in self.watches.watchers(&event.by.name) {
            let Some(session) = self.session(watcher) else { continue };
            let (other, watches_closely) = (session.member(), session.dialect().watches_closely());
            let hears_anyway = other.is_some_and(|other| self.world.are_together(other, member));
            if watches_closely && !hears_anyway && other != Some(member) {
                self.push_event(watcher, event, sink);
            }
        }
    }
}
