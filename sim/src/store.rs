//! The histories of rooms as a store keeps them, in the plainest way: whole, and in memory.

use parlor_protocol::{
    ConnId, EachRow, Event, HistoryChange, HistoryPage, HistoryQuery, HistoryRow, HistoryRows, HistoryScope,
    LogEntry, RoomId, Seq, World,
};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

/// The histories of all rooms, and how they are read.
#[derive(Debug, Default)]
pub(crate) struct Store {
    rooms: BTreeMap<RoomId, Room>,
    /// The questions of connections that were not answered yet.
    asked: BTreeMap<ConnId, (HistoryQuery, HistoryScope)>,
}

#[derive(Debug, Default)]
struct Room(Vec<Arc<Event>>);

impl Store {
    /// Returns what a store has after these entries.
    pub(crate) fn of(log: &[LogEntry]) -> Self {
        let (mut store, mut world) = (Self::default(), World::new());
        let mut outcomes = Vec::new();
        for entry in log {
            outcomes.clear();
            world.apply(entry, &mut outcomes);
            HistoryChange::of(&outcomes, &world).for_each(|change| store.change(change));
        }
        store
    }

    pub(crate) fn change(&mut self, change: HistoryChange<'_>) {
        match change {
            HistoryChange::Added(event) => {
                let room = event.remembered_in().expect("it is remembered").id;
                self.rooms.entry(room).or_default().0.push(Arc::clone(event));
            }
            HistoryChange::Removed { room, line } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.0.retain(|event| event.stamp.seq != line);
                }
            }
            HistoryChange::RoomEnded(room) => {
                self.rooms.remove(&room);
            }
        }
    }

    /// Records what a connection asks for, to be read later.
    pub(crate) fn ask(&mut self, conn: ConnId, query: HistoryQuery, scope: HistoryScope) {
        self.asked.insert(conn, (query, scope));
    }

    /// Reads what a connection has asked for.
    pub(crate) fn read(&mut self, conn: ConnId) -> HistoryPage {
        let (query, scope) = self.asked.remove(&conn).expect("it has asked");
        let mut none = Room::default();
        let Ok(page) = query.page(&scope, self.rooms.get_mut(&query.room).unwrap_or(&mut none));
        page
    }
}

impl HistoryRows for Room {
    type Error = Infallible;

    fn first_at(&mut self, unix_ms: u64) -> Result<Option<Seq>, Infallible> {
        Ok(self.0.iter().find(|it| it.stamp.at_unix_ms >= unix_ms).map(|it| it.stamp.seq))
    }

    fn each(
        &mut self,
        positions: Range<Seq>,
        is_reversed: bool,
        each: &mut EachRow<'_, Infallible>,
    ) -> Result<(), Infallible> {
        let mut found: Vec<_> = self.0.iter().filter(|it| positions.contains(&it.stamp.seq)).collect();
        if is_reversed {
            found.reverse();
        }
        for it in found {
            if !each(HistoryRow {
                seq: it.stamp.seq,
                readers: it.readers,
                event: &mut || Ok(Arc::clone(it)),
            })? {
                break;
            }
        }
        Ok(())
    }
}
