//! Where the hub's outputs and the outbox's writes go: to the outbox and to the network, past the judge; and
//! where bugs are planted that a sink can have.

use super::net::Net;
use crate::bug::SimBug;
use crate::law::{Judge, Law};
use crate::mark::Marks;
use crate::sometimes;
use crate::trace::Trace;
use parlor_protocol::{
    CloseReason, Command, ConnId, Event, Outbox, Output, RoomId, Sink, What, Wire, WireClass, irc,
};

/// What the outputs since the last flush were.
#[derive(Debug, Default)]
pub(super) struct Tick {
    leaves: u32,
    /// Rooms that were told something.
    told: Vec<RoomId>,
    spoke: Vec<ConnId>,
    subscribed: Vec<(ConnId, RoomId, WireClass)>,
    unsubscribed: Vec<(ConnId, RoomId)>,
    /// The form in which the last of those heard its room.
    left_class: Option<WireClass>,
    /// Those that the planted bug keeps in a room until the tick is over.
    pub(super) kept: Vec<(ConnId, RoomId)>,
}

/// The hub's sink.
pub(super) struct Outputs<'a> {
    pub(super) outbox: &'a mut Outbox,
    pub(super) net: &'a mut Net,
    pub(super) judge: &'a mut Judge,
    pub(super) trace: &'a mut Trace,
    pub(super) aborted: &'a mut Vec<ConnId>,
    pub(super) tick: &'a mut Tick,
    pub(super) marks: &'a mut Marks,
    pub(super) bug: Option<SimBug>,
    pub(super) proposed: Vec<Command>,
}

impl Outputs<'_> {
    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        if let Some(link) = self.net.of(conn) {
            self.net.links[link].reads_paused = paused;
            if !paused {
                self.net.make_ready(link);
            }
        }
    }

    fn close(&mut self, conn: ConnId, reason: CloseReason, farewell: &[u8]) {
        self.set_reads_paused(conn, false);
        let owes = self.net.of(conn).is_some_and(|link| self.net.links[link].blocked);
        sometimes!(self.marks, BacklogCut, reason == CloseReason::SlowReader);
        if self.bug == Some(SimBug::EndDropsOwed) && reason == CloseReason::EndOfInput && owes {
            self.outbox.closed(conn);
            self.outbox.opened(conn);
        }
        self.outbox.output(&Output::Close { conn, reason, farewell });
    }

    fn subscribe(&mut self, conn: ConnId, room: RoomId, class: WireClass) {
        let before = self.net.note_room(conn, room, Some(class));
        let tick = &mut *self.tick;
        let told = tick.told.contains(&room);
        let other_class = told && before.is_some_and(|before| before != class);
        let is_irc = *class.dialect == irc::SPEC;
        sometimes!(self.marks, EntersMidTick, told && before.is_none());
        sometimes!(self.marks, ReturnsMidTick, told && tick.unsubscribed.contains(&(conn, room)));
        sometimes!(self.marks, LanguageMidTick, other_class && !is_irc);
        sometimes!(self.marks, ClassMidTick, other_class && is_irc);
        tick.subscribed.push((conn, room, class));
        self.outbox.output(&Output::Subscribe { conn, room, class });
    }

    fn tell_room(&mut self, room: RoomId, except: Option<ConnId>, event: &Event<'_>) {
        let tick = &mut *self.tick;
        let mut except = except;
        if let Some(speaker) = except {
            let again = tick.spoke.contains(&speaker);
            sometimes!(self.marks, SpeaksTwice, again);
            if again && self.bug == Some(SimBug::SenderHears) {
                except = None;
            }
            tick.spoke.push(speaker);
        }
        let moved = tick.subscribed.iter().filter(|(_, to, _)| *to == room).any(|&(conn, ..)| {
            let from =
                |&(it, left): &(ConnId, RoomId)| it == conn && left != room && tick.told.contains(&left);
            tick.unsubscribed.iter().any(from)
        });
        sometimes!(self.marks, TwoRoomsInTick, moved);
        let is_kick = matches!(event.what, What::Kicked { .. });
        sometimes!(self.marks, KickedMidTick, is_kick && tick.told.contains(&room));
        if !tick.told.contains(&room) {
            tick.told.push(room);
        }
        self.outbox.output(&Output::ToRoom { room, except, event });
        if is_kick && self.bug == Some(SimBug::KickedHears) {
            self.keep_kicked(room);
        }
    }

    /// The planted bug: who was just sent out of the room hears it until the tick is over.
    fn keep_kicked(&mut self, room: RoomId) {
        let last = self.tick.unsubscribed.last().copied();
        if let Some((conn, _)) = last.filter(|(_, left)| *left == room)
            && let Some(class) = self.tick.left_class
        {
            self.outbox.output(&Output::Subscribe { conn, room, class });
            self.tick.kept.push((conn, room));
        }
    }

    fn tell_peers(&mut self, rooms: &[RoomId], except: Option<ConnId>, event: &Event<'_>) {
        let output = Output::ToPeers { rooms, except, event };
        self.tick.told.extend_from_slice(rooms);
        match event.what {
            What::Left { .. } => {
                self.tick.leaves += 1;
                if self.tick.leaves > 1 && self.bug == Some(SimBug::LeaveTwice) {
                    self.outbox.output(&output);
                }
                if self.bug == Some(SimBug::QuitPerRoom) {
                    for &room in rooms {
                        self.outbox.output(&Output::ToRoom { room, except, event });
                    }
                    return;
                }
            }
            What::Renamed { .. } => {
                sometimes!(self.marks, Renamed, true);
                if self.bug == Some(SimBug::RenameRacesEntrance) {
                    return self.without_newcomers(rooms, &output);
                }
            }
            _ => {}
        }
        self.outbox.output(&output);
    }

    /// The planted race: who entered within this tick does not hear it.
    fn without_newcomers(&mut self, rooms: &[RoomId], output: &Output<'_>) {
        let subscribed = self.tick.subscribed.iter().filter(|(_, room, _)| rooms.contains(room));
        let newcomers: Vec<_> = subscribed.copied().collect();
        for &(conn, room, _) in &newcomers {
            self.outbox.output(&Output::Unsubscribe { conn, room });
        }
        self.outbox.output(output);
        for (conn, room, class) in newcomers {
            self.outbox.output(&Output::Subscribe { conn, room, class });
        }
    }
}

impl Sink for Outputs<'_> {
    fn output(&mut self, output: Output<'_>) {
        self.judge.output(&output);
        self.trace.output(self.net.now_us, &output);
        match output {
            Output::Abort { conn } => {
                self.aborted.push(conn);
                self.net.wake();
            }
            Output::Close { conn, reason, farewell } => self.close(conn, reason, farewell),
            Output::CheckPassword { conn, password, .. } => self.net.check_password(conn, password),
            Output::Console(_) => {}
            Output::Rehash { .. } => self.net.read_configuration(),
            Output::PauseReads { conn } => {
                sometimes!(self.marks, InputPaused, true);
                self.set_reads_paused(conn, true);
            }
            Output::Propose { command, .. } => self.proposed.push(command),
            Output::ReportDrained { .. } => self.outbox.output(&output),
            Output::ResumeReads { conn } => self.set_reads_paused(conn, false),
            Output::Subscribe { conn, room, class } => self.subscribe(conn, room, class),
            Output::ToPeers { rooms, except, event } => self.tell_peers(rooms, except, event),
            Output::ToRoom { room, except, event } => self.tell_room(room, except, event),
            Output::Unsubscribe { conn, room } => {
                sometimes!(self.marks, LeavesMidTick, self.tick.told.contains(&room));
                self.tick.left_class = self.net.note_room(conn, room, None);
                self.tick.unsubscribed.push((conn, room));
                self.outbox.output(&output);
            }
            Output::Write { conn, .. } => {
                let told = |room: &RoomId| self.net.class_in(conn, *room).is_some();
                sometimes!(self.marks, AnsweredMidTick, self.tick.told.iter().any(told));
                self.outbox.output(&output);
            }
        }
    }
}

/// Where the outbox writes to.
pub(super) struct Wires<'a> {
    pub(super) net: &'a mut Net,
    pub(super) judge: &'a mut Judge,
    pub(super) trace: &'a mut Trace,
}

impl Wire for Wires<'_> {
    fn finish(&mut self, conn: ConnId) {
        self.judge.finished(conn);
        if let Some(link) = self.net.of(conn) {
            self.net.finish(link);
        }
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let total = slices.iter().map(|slice| slice.len()).sum();
        let Some(link) = self.net.of(conn) else {
            self.judge.note(Law::Ends, Some(conn), Err("a connection that is gone is written to".to_owned()));
            return total;
        };
        let taken = self.net.write(link, total);
        let mut left = taken;
        for slice in slices {
            let part = &slice[..left.min(slice.len())];
            left -= part.len();
            if !part.is_empty() {
                self.trace.sent(self.net.now_us, conn, part);
                self.judge.sent(conn, part);
            }
        }
        taken
    }
}
