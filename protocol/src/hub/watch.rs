//! The names that connections watch: they are told when a member comes that has one, and when it goes.

use super::Hub;
use crate::base::id::{ConnId, MemberId};
use crate::base::name::Name;
use crate::base::person::Person;
use crate::base::time::Now;
use crate::dialect::event::Event;
use crate::dialect::reply::Reply;
use crate::hub::output::Sink;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Which connection watches which names. Only connections that watch one take room in it.
#[derive(Debug, Default)]
pub(super) struct Watches {
    names: BTreeMap<ConnId, BTreeSet<Name>>,
    watchers: BTreeMap<Name, BTreeSet<ConnId>>,
}

static NO_NAMES: BTreeSet<Name> = BTreeSet::new();

impl Watches {
    /// Has a connection watch names, `max` of them at most. Returns those that it watches from here on, and those for which
    /// there was no place.
    pub(super) fn add(&mut self, conn: ConnId, names: Vec<Name>, max: usize) -> (Vec<Name>, Vec<Name>) {
        if names.is_empty() {
            return (names, Vec::new());
        }
        let watched = self.names.entry(conn).or_default();
        let (added, left_over): (Vec<Name>, Vec<Name>) = names.into_iter().partition(|name| {
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
        (added, left_over)
    }

    /// Has a connection watch a name no longer.
    pub(super) fn remove(&mut self, conn: ConnId, name: &Name) {
        let Some(watched) = self.names.get_mut(&conn) else { return };
        if watched.remove(name) {
            if watched.is_empty() {
                self.names.remove(&conn);
            }
            self.forget_watcher(conn, name);
        }
    }

    /// Has a connection watch nothing any longer.
    pub(super) fn forget(&mut self, conn: ConnId) {
        for name in self.names.remove(&conn).unwrap_or_default() {
            self.forget_watcher(conn, &name);
        }
    }

    /// The names that a connection watches.
    pub(super) fn of(&self, conn: ConnId) -> &BTreeSet<Name> {
        self.names.get(&conn).unwrap_or(&NO_NAMES)
    }

    /// The connections that watch a name.
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

    /// Asserts that both directions tell the same.
    pub(super) fn check_invariants(&self, watched_max: usize) {
        for (conn, names) in &self.names {
            assert!(!names.is_empty() && names.len() <= watched_max, "{conn} watches within the limit");
            let known = |name| self.watchers.get(name).is_some_and(|watchers| watchers.contains(conn));
            assert!(names.iter().all(known), "{conn} is known to watch what it watches");
        }
        let pairs = self.watchers.values().map(BTreeSet::len).sum::<usize>();
        assert_eq!(pairs, self.names.values().map(BTreeSet::len).sum(), "nobody else is known to watch");
        assert!(self.watchers.values().all(|watchers| !watchers.is_empty()), "a watched name has a watcher");
    }
}

impl Hub {
    /// Tells those who watch a name that a member has it, or has it no more.
    pub(super) fn tell_watchers(&mut self, now: Now, person: &Person, is_there: bool, sink: &mut impl Sink) {
        for conn in self.watches.watchers(&person.name) {
            let reply = match is_there {
                true => Reply::WatchedCame(person),
                false => Reply::WatchedLeft(&person.name),
            };
            self.push_reply(now, conn, &reply, sink);
        }
    }

    /// Tells those who watch a member closely what those are told who share a room with it.
    pub(super) fn tell_close_watchers(&mut self, member: MemberId, event: &Event<'_>, sink: &mut impl Sink) {
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
