//! The naive sink: renders each output for each reader and writes it at once, without chunks, ranges or a backlog. It
//! is simple enough to be obviously right, so the outbox is compared with it.

use crate::conns::Conns;
use bytes::BytesMut;
use parlor_protocol::{ConnId, Event, Output, RoomId, Sink, WireClass};
use std::collections::BTreeMap;

/// A sink that writes each output at once.
#[derive(Debug, Default)]
pub struct NaiveSink<S = Vec<u8>> {
    /// The bytes that each connection was sent.
    pub sent: Conns<S>,
    /// The subscribers of each room, with their wire classes.
    rooms: BTreeMap<RoomId, BTreeMap<ConnId, WireClass>>,
    /// Closed connections, with their farewells. They are sent nothing more.
    pub closed: BTreeMap<ConnId, Vec<u8>>,
    /// Connections for which the hub asked for [`Input::Drained`](parlor_protocol::Input::Drained). Nothing is ever
    /// queued here, so the caller can answer at once.
    pub drained: Vec<ConnId>,
}

/// The stream of bytes to one connection.
pub trait Stream: Default {
    /// Adds the next bytes.
    fn add(&mut self, bytes: &[u8]);
}

impl Stream for Vec<u8> {
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl<S: Stream> NaiveSink<S> {
    /// Ends all subscriptions of a connection. It is sent nothing more.
    pub fn disconnect(&mut self, conn: ConnId) {
        for room in self.rooms.values_mut() {
            room.remove(&conn);
        }
        self.closed.entry(conn).or_default();
    }

    fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        if !self.closed.contains_key(&conn) {
            self.sent.get_or_default(conn).add(bytes);
        }
    }

    /// Sends an event to its readers. It is rendered once for each class, because the bytes depend on nothing else.
    /// Closed connections are not among the readers, since they have no subscriptions.
    fn deliver<'r>(
        sent: &mut Conns<S>,
        readers: impl Iterator<Item = (&'r ConnId, &'r WireClass)>,
        except: Option<ConnId>,
        event: &Event,
    ) {
        let mut rendered: Vec<(WireClass, BytesMut)> = Vec::new();
        for (&conn, &class) in readers.filter(|(conn, _)| Some(**conn) != except) {
            let index = rendered.iter().position(|(other, _)| *other == class).unwrap_or_else(|| {
                let mut bytes = BytesMut::new();
                class.render(event, &mut bytes);
                rendered.push((class, bytes));
                rendered.len() - 1
            });
            sent.get_or_default(conn).add(&rendered[index].1);
        }
    }
}

impl<S: Stream> Sink for NaiveSink<S> {
    fn output(&mut self, output: Output<'_>) {
        match output {
            Output::Close { conn, farewell, .. } => {
                self.send(conn, farewell);
                self.disconnect(conn);
                self.closed.insert(conn, farewell.to_vec());
            }
            Output::Subscribe { conn, room, class } => {
                if !self.closed.contains_key(&conn) {
                    self.rooms.entry(room).or_default().insert(conn, class);
                }
            }
            Output::ToPeers { rooms, except, event } => {
                // A reader that is in several of the rooms has the class of the first.
                let mut readers = BTreeMap::new();
                for room in rooms.iter().rev().filter_map(|room| self.rooms.get(room)) {
                    readers.extend(room.iter().map(|(&conn, &class)| (conn, class)));
                }
                Self::deliver(&mut self.sent, readers.iter(), except, event);
            }
            Output::ToRoom { room, except, event } => {
                if let Some(readers) = self.rooms.get(&room) {
                    Self::deliver(&mut self.sent, readers.iter(), except, event);
                }
            }
            Output::Unsubscribe { conn, room } => {
                if let Some(room) = self.rooms.get_mut(&room) {
                    room.remove(&conn);
                }
            }
            Output::ReportDrained { conn } => self.drained.push(conn),
            Output::Write { conn, bytes } => self.send(conn, bytes),
            Output::Abort { .. }
            | Output::CheckPassword { .. }
            | Output::Console(_)
            | Output::Fetch { .. }
            | Output::PauseReads { .. }
            | Output::HistoryChanged(_)
            | Output::Propose { .. }
            | Output::Rehash { .. }
            | Output::ResumeReads { .. } => {}
        }
    }
}
