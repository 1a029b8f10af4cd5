//! The naive sink: each output is rendered for each reader and written at once. No chunk, no range, no
//! backlog; what it does is right because there is nothing to get wrong.

use crate::conns::Conns;
use bytes::BytesMut;
use parlor_protocol::{ConnId, Event, Output, RoomId, Sink, WireClass};
use std::collections::BTreeMap;

/// Writes each output to each connection as it comes.
#[derive(Debug, Default)]
pub struct NaiveSink<S = Vec<u8>> {
    /// What each connection was sent since the sink began.
    pub sent: Conns<S>,
    /// Who hears each room, and in which class.
    rooms: BTreeMap<RoomId, BTreeMap<ConnId, WireClass>>,
    /// Connections that are sent nothing more.
    pub closed: BTreeMap<ConnId, Vec<u8>>,
    /// Connections of whom it was asked to be told when they are owed nothing: they never are.
    pub drained: Vec<ConnId>,
}

/// The stream of bytes to one connection.
pub trait Stream: Default {
    /// The next bytes.
    fn add(&mut self, bytes: &[u8]);
}

impl Stream for Vec<u8> {
    fn add(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl<S: Stream> NaiveSink<S> {
    /// Nothing more is sent to the connection.
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

    /// A rendering is a matter of the event and the class alone, so one serves all readers of a class. (Whoever
    /// is closed reads no room any more.)
    fn deliver<'r>(
        sent: &mut Conns<S>,
        readers: impl Iterator<Item = (&'r ConnId, &'r WireClass)>,
        except: Option<ConnId>,
        event: &Event<'_>,
    ) {
        let mut rendered: Vec<(WireClass, BytesMut)> = Vec::new();
        for (&conn, &class) in readers.filter(|(conn, _)| Some(**conn) != except) {
            let index = rendered.iter().position(|(other, _)| *other == class).unwrap_or_else(|| {
                let mut bytes = BytesMut::new();
                event.render(class, &mut bytes);
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
                // Where somebody is in several rooms, the first of them gives the class.
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
            | Output::PauseReads { .. }
            | Output::Propose { .. }
            | Output::Rehash { .. }
            | Output::ResumeReads { .. } => {}
        }
    }
}
