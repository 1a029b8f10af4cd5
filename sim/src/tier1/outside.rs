//! The environment of the server: the network and the log, which are observed by the checker and the trace. Bugs of the
//! environment are planted here.

use super::log::DelayedLog;
use super::net::{Event as NetEvent, Net};
use super::{Log, Stats};
use crate::bug::SimBug;
use crate::law::{Checker, Law};
use crate::scenario::{BEGAN_UNIX_MS, Setup};
use crate::sometimes;
use crate::store::Store;
use crate::trace::Trace;
use parlor_protocol::{
    CloseReason, Command, ConnId, Environment, Event, EventKind, HistoryChange, HistoryPage, HistoryQuery,
    HistoryScope, Input, Instant, LogEntry, MemoryLog, Now, Outbox, Output, PasswordOf, Proposal, RoomId,
    Wire, WireClass, irc,
};
use std::net::IpAddr;

/// A summary of the outputs since the last flush.
#[derive(Debug, Default)]
struct Tick {
    leaves: u32,
    /// Rooms that an event was sent to.
    told: Vec<RoomId>,
    /// Connections that did not receive an event of their own.
    spoke: Vec<ConnId>,
    subscribed: Vec<(ConnId, RoomId, WireClass)>,
    unsubscribed: Vec<(ConnId, RoomId)>,
    /// The wire class of the last of them.
    left_class: Option<WireClass>,
    /// Subscriptions that a planted bug keeps until the tick is over.
    kept: Vec<(ConnId, RoomId)>,
}

/// The server's environment, and its observers.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) net: Net,
    pub(super) log: Log,
    /// The histories of the store, if there is one.
    store: Option<Store>,
    pub(super) checker: Checker,
    pub(super) trace: Trace,
    pub(super) stats: Stats,
    pub(super) bug: Option<SimBug>,
    /// Connections that the server has aborted.
    pub(super) aborted: Vec<ConnId>,
    /// Whether there was an input since the last tick.
    pub(super) unsettled: bool,
    /// The time by which the wall clock is ahead, in milliseconds.
    pub(super) skew_ms: i64,
    commit_us_max: u64,
    tick: Tick,
    /// The entry that is applied.
    committing: Option<LogEntry>,
    /// The proposals that the current input has led to.
    proposed: Vec<Proposal>,
    /// The counter of connections that the outbox has given up because of the limit for all of them, at the last flush.
    overflowed_together: u64,
    /// The number of this turn of the server.
    turn: u64,
    /// Whether connections were not written to whose sockets were not full when the turn began.
    begins_unflushed: bool,
}

impl Outside {
    /// Creates the environment of a server that goes on with a log.
    pub(super) fn resume(setup: &Setup, trace: Trace, bug: Option<SimBug>, log: &[LogEntry]) -> Self {
        Self {
            net: Net::new(setup, bug),
            log: match setup.commit_us_max {
                _ if setup.shared.nodes > 0 => Log::Shared(Vec::new()),
                0 => Log::Memory(MemoryLog::new()),
                _ => Log::Delayed(DelayedLog::default()),
            },
            store: setup.options.remembers_outside.then(|| Store::of(log)),
            checker: Checker::resume(setup.limits, &setup.options, log),
            trace,
            stats: Stats::default(),
            bug,
            aborted: Vec::new(),
            unsettled: false,
            skew_ms: 0,
            commit_us_max: setup.commit_us_max,
            tick: Tick::default(),
            committing: None,
            proposed: Vec::new(),
            overflowed_together: 0,
            turn: 1,
            begins_unflushed: false,
        }
    }

    pub(super) fn now(&self) -> Now {
        let us = self.net.now_us;
        let unix_ms = (BEGAN_UNIX_MS + us / 1_000).saturating_add_signed(self.skew_ms);
        Now { mono: Instant::from_micros(us), unix_ms }
    }

    /// Records that sockets have been asked whether they are writable. `more` is what the last flush returned.
    pub(super) const fn begin_turn(&mut self, more: bool) {
        self.turn += 1;
        self.begins_unflushed = more;
    }

    /// Returns whether a connection had taken everything when the turn began.
    fn had_everything(&self, conn: ConnId) -> bool {
        let link = self.net.of(conn).map(|link| &self.net.links[link]);
        !self.begins_unflushed && link.is_some_and(|link| link.behind_since == Some(self.turn))
    }

    /// Checks what was proposed before the first input, and appends it without delay.
    pub(super) fn began(&mut self) {
        let proposed = std::mem::take(&mut self.proposed);
        self.checker.proposed(proposed.iter());
        for proposal in proposed {
            self.append(proposal, 0);
        }
    }

    /// Removes and returns the proposals to a log that several processes share.
    pub(super) fn proposed_to_log(&mut self) -> Vec<Proposal> {
        match &mut self.log {
            Log::Shared(proposed) => std::mem::take(proposed),
            Log::Delayed(_) | Log::Memory(_) => Vec::new(),
        }
    }

    /// Appends a proposal. Returns the time at which a log with a delay commits it.
    fn append(&mut self, proposal: Proposal, commit_us_max: u64) -> Option<u64> {
        let now = self.now();
        match &mut self.log {
            Log::Delayed(log) => Some(log.append(now, proposal, commit_us_max, &mut self.net.chaos)),
            Log::Memory(log) => {
                log.append(proposal);
                None
            }
            Log::Shared(proposed) => {
                proposed.push(proposal);
                None
            }
        }
    }

    fn committing(&mut self, entry: &LogEntry) {
        if let Command::Enter { .. } = entry.command {
            let is_gone = self.checker.author_of(entry).is_some_and(|conn| self.net.of(conn).is_none());
            sometimes!(self.stats.marks, EntersGone, is_gone);
        }
        self.committing = Some(entry.clone());
    }

    fn close(&mut self, conn: ConnId, reason: CloseReason, outbox: &mut Outbox) {
        let owes = self.net.of(conn).is_some_and(|link| self.net.links[link].blocked);
        sometimes!(self.stats.marks, BacklogCut, reason == CloseReason::SlowReader);
        if self.bug == Some(SimBug::EndDropsOwed) && reason == CloseReason::EndOfInput && owes {
            outbox.closed(conn);
            outbox.opened(conn);
        }
    }

    fn subscribe(&mut self, conn: ConnId, room: RoomId, class: WireClass) {
        let before = self.net.record_subscription(conn, room, Some(class));
        let tick = &mut self.tick;
        let told = tick.told.contains(&room);
        let other_class = told && before.is_some_and(|before| before != class);
        let is_irc = *class.dialect == irc::SPEC;
        sometimes!(self.stats.marks, EntersMidTick, told && before.is_none());
        sometimes!(self.stats.marks, ReturnsMidTick, told && tick.unsubscribed.contains(&(conn, room)));
        sometimes!(self.stats.marks, LanguageMidTick, other_class && !is_irc);
        sometimes!(self.stats.marks, ClassMidTick, other_class && is_irc);
        tick.subscribed.push((conn, room, class));
    }

    fn tell_room(&mut self, room: RoomId, except: Option<ConnId>, event: &Event, outbox: &mut Outbox) {
        let tick = &mut self.tick;
        let mut except = except;
        if let Some(speaker) = except {
            let again = tick.spoke.contains(&speaker);
            sometimes!(self.stats.marks, SpeaksTwice, again);
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
        sometimes!(self.stats.marks, TwoRoomsInTick, moved);
        let is_kick = matches!(event.kind, EventKind::Kicked { .. });
        sometimes!(self.stats.marks, KickedMidTick, is_kick && tick.told.contains(&room));
        if !tick.told.contains(&room) {
            tick.told.push(room);
        }
        outbox.output(&Output::ToRoom { room, except, event });
        if is_kick && self.bug == Some(SimBug::KickedHears) {
            self.keep_kicked(room, outbox);
        }
    }

    /// A planted bug: subscribes a member that was just kicked until the tick is over.
    fn keep_kicked(&mut self, room: RoomId, outbox: &mut Outbox) {
        let last = self.tick.unsubscribed.last().copied();
        if let Some((conn, _)) = last.filter(|(_, left)| *left == room)
            && let Some(class) = self.tick.left_class
        {
            outbox.output(&Output::Subscribe { conn, room, class });
            self.tick.kept.push((conn, room));
        }
    }

    fn tell_peers(&mut self, rooms: &[RoomId], except: Option<ConnId>, event: &Event, outbox: &mut Outbox) {
        let output = Output::ToPeers { rooms, except, event };
        self.tick.told.extend_from_slice(rooms);
        match event.kind {
            EventKind::Left { .. } => {
                self.tick.leaves += 1;
                if self.tick.leaves > 1 && self.bug == Some(SimBug::LeaveTwice) {
                    outbox.output(&output);
                }
                if self.bug == Some(SimBug::QuitPerRoom) {
                    for &room in rooms {
                        outbox.output(&Output::ToRoom { room, except, event });
                    }
                    return;
                }
            }
            EventKind::Renamed { .. } => {
                sometimes!(self.stats.marks, Renamed, true);
                if self.bug == Some(SimBug::RenameRacesEntrance) {
                    return self.without_newcomers(rooms, &output, outbox);
                }
            }
            _ => {}
        }
        outbox.output(&output);
    }

    /// A planted bug: does not send an event to members that entered in this tick.
    fn without_newcomers(&self, rooms: &[RoomId], output: &Output<'_>, outbox: &mut Outbox) {
        let subscribed = self.tick.subscribed.iter().filter(|(_, room, _)| rooms.contains(room));
        let newcomers: Vec<_> = subscribed.copied().collect();
        for &(conn, room, _) in &newcomers {
            outbox.output(&Output::Unsubscribe { conn, room });
        }
        outbox.output(output);
        for (conn, room, class) in newcomers {
            outbox.output(&Output::Subscribe { conn, room, class });
        }
    }
}

impl Outside {
    /// Reads the part of a history that a connection has asked for.
    pub(super) fn read_history(&mut self, conn: ConnId) -> HistoryPage {
        self.store.as_mut().map(|store| store.read(conn)).unwrap_or_default()
    }
}

impl Environment for Outside {
    fn propose(&mut self, proposal: &Proposal) {
        self.proposed.push(proposal.clone());
    }

    fn abort(&mut self, conn: ConnId) {
        self.aborted.push(conn);
        self.net.wake();
    }

    fn check_password(&mut self, conn: ConnId, _: IpAddr, _: &PasswordOf, password: &[u8]) {
        self.net.check_password(conn, password);
    }

    fn fetch(&mut self, conn: ConnId, query: &HistoryQuery, scope: &HistoryScope) -> bool {
        let Some(store) = &mut self.store else { return false };
        store.ask(conn, *query, scope.clone());
        self.net.fetch(conn);
        true
    }

    fn history_changed(&mut self, change: HistoryChange<'_>) {
        self.store.as_mut().expect("there is a store").change(change);
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        sometimes!(self.stats.marks, InputPaused, paused);
        if let Some(link) = self.net.of(conn) {
            self.net.links[link].reads_paused = paused;
            if !paused {
                self.net.make_ready(link);
            }
        }
    }

    fn rehash(&mut self, _: ConnId) {
        self.net.read_configuration();
    }

    fn before_input(&mut self, now: Now, input: &Input<'_>) {
        *self.stats.inputs.entry(kind(input)).or_default() += 1;
        self.unsettled = true;
        match *input {
            Input::Committed { entry } => self.committing(entry),
            Input::Overflowed { conn } => {
                let had_everything = self.had_everything(conn);
                self.checker.given_up(conn, self.overflowed_together, had_everything);
                if self.net.spares(conn) {
                    self.checker.reader_overflowed(conn);
                }
            }
            _ => {}
        }
        self.trace.input(now, input);
        self.checker.input(now, input);
    }

    fn after_input(&mut self) {
        if let Some(entry) = self.committing.take() {
            self.checker.committed(&entry);
        }
        let proposed = std::mem::take(&mut self.proposed);
        self.checker.proposed(proposed.iter());
        for proposal in proposed {
            if let Some(due_us) = self.append(proposal, self.commit_us_max) {
                self.net.schedule(due_us, NetEvent::Commit);
            }
        }
    }

    fn output(&mut self, output: &Output<'_>, outbox: &mut Outbox) {
        self.checker.output(output);
        self.trace.output(self.net.now_us, output);
        match *output {
            Output::Close { conn, reason, .. } => self.close(conn, reason, outbox),
            Output::Subscribe { conn, room, class } => self.subscribe(conn, room, class),
            Output::ToPeers { rooms, except, event } => return self.tell_peers(rooms, except, event, outbox),
            Output::ToRoom { room, except, event } => return self.tell_room(room, except, event, outbox),
            Output::Unsubscribe { conn, room } => {
                sometimes!(self.stats.marks, LeavesMidTick, self.tick.told.contains(&room));
                self.tick.left_class = self.net.record_subscription(conn, room, None);
                self.tick.unsubscribed.push((conn, room));
            }
            Output::Write { conn, .. } => {
                let told = |room: &RoomId| self.net.class_in(conn, *room).is_some();
                sometimes!(self.stats.marks, AnsweredMidTick, self.tick.told.iter().any(told));
            }
            _ => {}
        }
        outbox.output(output);
    }

    fn flushed(&mut self, outbox: &mut Outbox, more: bool) {
        for (conn, room) in std::mem::take(&mut self.tick.kept) {
            outbox.output(&Output::Unsubscribe { conn, room });
        }
        self.tick = Tick::default();
        self.overflowed_together = outbox.counters().overflowed_together;
        sometimes!(self.stats.marks, FlushInSlices, more);
    }
}

impl Wire for Outside {
    fn finish(&mut self, conn: ConnId) {
        self.checker.finished(conn);
        if let Some(link) = self.net.of(conn) {
            self.net.finish(link);
        }
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let total = slices.iter().map(|slice| slice.len()).sum();
        let Some(link) = self.net.of(conn) else {
            self.checker.record(
                Law::Ends,
                Some(conn),
                Err("a connection that is gone is written to".to_owned()),
            );
            return total;
        };
        let taken = self.net.write(link, total);
        if taken < total && self.net.is_reader(link) {
            let left = self.checker.heard.model.due(conn).map_or(0, |due| due.left());
            let sixteenth = self.checker.backlog_bytes_max() / 16;
            sometimes!(self.stats.marks, ReaderBehind, left > sixteenth);
        }
        let mut left = taken;
        for slice in slices {
            let part = &slice[..left.min(slice.len())];
            left -= part.len();
            if !part.is_empty() {
                self.trace.sent(self.net.now_us, conn, part);
                self.checker.sent(conn, part);
            }
        }
        let behind_since = &mut self.net.links[link].behind_since;
        if taken < total {
            behind_since.get_or_insert(self.turn);
        } else if self.checker.heard.model.due(conn).is_none_or(|due| due.left() == 0) {
            *behind_since = None;
        }
        taken
    }
}

/// Returns the name of a kind of inputs.
const fn kind(input: &Input<'_>) -> &'static str {
    match input {
        Input::Accepted { .. } => "accepted",
        Input::Closed { .. } => "closed",
        Input::Committed { .. } => "committed",
        Input::Drained { .. } => "drained",
        Input::Fetched { .. } => "fetched",
        Input::Identified { .. } => "identified",
        Input::LogState(_) => "log_state",
        Input::Overflowed { .. } => "overflowed",
        Input::PasswordChecked { .. } => "verdict",
        Input::ReadClosed { .. } => "read_closed",
        Input::Received { .. } => "received",
        Input::Shutdown => "shutdown",
        Input::Tell => "tell",
        Input::Timeout => "timeout",
    }
}
