//! Committed entries: applying them to the world, and telling everyone concerned.

mod member;
mod message;
mod room;

use super::Hub;
use crate::base::id::ConnId;
use crate::base::mode::ModeChange;
use crate::base::name::RoomName;
use crate::base::person::Person;
use crate::base::rate::Cost;
use crate::base::time::Now;
use crate::dialect::reply::Reply;
use crate::hub::output::{Output, Sink};
use crate::log::command::Command;
use crate::log::entry::LogEntry;
use crate::planted;
use crate::session::Session;
use crate::views::HistoryChange;
use crate::world::{Applied, Event, EventKind, Outcome, Refusal};

/// The author of what is told.
#[derive(Clone, Copy)]
pub(in crate::hub) struct Author {
    /// The connection of the member whose command it is, even if it is closing. `None` if the entry is not a proposal of this
    /// life, or not one of a connection.
    pub(in crate::hub) conn: Option<ConnId>,
    pub(in crate::hub) now: Now,
}

impl Hub {
    /// Applies an entry and tells everyone concerned; then runs the session of its author.
    pub(super) fn committed(&mut self, now: Now, entry: &LogEntry, sink: &mut impl Sink) {
        self.counters.entries += 1;
        self.tell_all(now, sink);
        let mut outcomes = core::mem::take(&mut self.outcomes);
        let compared = self.world.masks_compared(&entry.command);
        let former_unix_ms = self.world.at_unix_ms();
        match self.world.apply(entry, &mut outcomes) {
            Applied::Done => {
                self.views.record(&outcomes, &self.world);
                if self.options.remembers_outside {
                    for change in HistoryChange::of(&outcomes, &self.world) {
                        sink.output(Output::HistoryChanged(change));
                    }
                }
                self.report_clock(former_unix_ms, sink);
                if let Command::Ended { .. } | Command::Started { .. } = entry.command {
                    self.change_lives(now, entry, &mut outcomes, sink);
                } else {
                    self.applied(now, entry, (&outcomes, compared), sink);
                }
            }
            // An entry of this life that is ignored as one of another life has overtaken the `Started` of this one.
            Applied::OtherLife | Applied::Overtaken => self.overtaken(now, entry, sink),
            Applied::Before | Applied::Repeated => {}
        }
        outcomes.clear();
        self.outcomes = outcomes;
    }

    /// Tells everyone concerned of an entry that was applied; then runs the session of its author.
    fn applied(
        &mut self,
        now: Now,
        entry: &LogEntry,
        (outcomes, compared): (&[Outcome], usize),
        sink: &mut impl Sink,
    ) {
        // A command that a member left behind when it was killed has no effect, and its connection may have another member.
        let conn = self.author_of(now, entry).filter(|&conn| {
            let member = self.session_ref(conn).map(Session::member);
            member.is_some_and(|member| member == entry.command.member())
        });
        if let Some(conn) = conn {
            self.turn.begin(conn);
            self.charge(now, conn, Cost::rows(compared));
            let is_counted = !matches!(entry.command, Command::Enter { .. } | Command::Leave { .. });
            if let Some(session) = self.session(conn).filter(|_| is_counted) {
                session.committed();
            }
        } else if let Some(conn) = planted::answered_elsewhere(|| self.under_way.first_conn())
            && let Some(session) = self.session(conn)
        {
            session.committed();
        }
        let author = Author { conn, now };
        for outcome in outcomes {
            self.report(author, outcome, sink);
            self.publish(author, outcome, sink);
        }
        if matches!(entry.command, Command::Configure { .. }) {
            self.report_limits(sink);
        }
        if let Some(conn) = conn {
            self.run(now, conn, sink);
            self.vacate_if_finished(conn);
        }
    }

    /// Writes events and replies about one outcome of an entry to everyone concerned.
    pub(super) fn publish(&mut self, author: Author, outcome: &Outcome, sink: &mut impl Sink) {
        match outcome {
            Outcome::Happened(event) => self.happened(author, event, sink),
            Outcome::KeptOut { ban } => self.kept_out(author, ban, sink),
            Outcome::ModesUnchanged { room, changes } => self.modes_unchanged(author, room, changes, sink),
            Outcome::NotEntered { refusal, command } => self.not_entered(author, refusal, command, sink),
            Outcome::Refused { refusal, command, .. } => self.refused(author, refusal, command, sink),
            // Nobody was in it.
            Outcome::RoomEnded { .. } => {}
        }
    }

    /// Writes an event to everyone concerned.
    fn happened(&mut self, author: Author, event: &Event, sink: &mut impl Sink) {
        match &event.kind {
            EventKind::AwaySet { away, full_text, was_away } => {
                self.away_set(author, event, (away.as_ref(), full_text.as_ref(), *was_away), sink);
            }
            EventKind::BanLifted { target } => {
                self.answer_author(author, &Reply::BanLifted { target }, sink);
            }
            EventKind::BanSet { ban } => self.ban_set(author, ban, sink),
            EventKind::Entered { is_outside } => self.entered(author, event, *is_outside, sink),
            EventKind::HostSet { profile, .. } => self.host_set(author, event, profile, sink),
            EventKind::Invited { target, name, room } => {
                self.invited(author, event, (*target, name), room, sink);
            }
            EventKind::Joined { room, away, is_first } => {
                self.joined(author, event, (room, away.as_ref(), *is_first), sink);
            }
            EventKind::Kicked { target, room, message, .. } => {
                self.kicked(author, event, *target, (room, message.as_ref()), sink);
            }
            EventKind::Left { rooms, reason, message, .. } => {
                self.left(author, event, (rooms, *reason, message.as_ref()), sink);
            }
            EventKind::ModesSet { room, .. }
            | EventKind::Redacted { room, .. }
            | EventKind::TopicSet { room, .. } => {
                self.tell_room(author.conn, room.id, true, event, sink);
            }
            EventKind::Parted { room, .. } => self.parted(author, event, room.id, sink),
            EventKind::RealNameSet { .. } => self.tell_of_member(author, event, sink),
            EventKind::Renamed { to } => self.renamed(author, event, to, sink),
            EventKind::Said { room, status, .. } => self.said(author, event, room.id, *status, sink),
            EventKind::Told { target, to, message } => {
                self.told(author, event, (*target, to), message, sink);
            }
            EventKind::UserModesSet { on, off, is_promotion } => {
                if *is_promotion {
                    self.answer_author(author, &Reply::NowOperator, sink);
                }
                self.answer_author(author, &Reply::UserModesChanged { on: *on, off: *off }, sink);
            }
            EventKind::Wallops { .. } => self.wallops(event, sink),
        }
    }

    fn modes_unchanged(
        &mut self,
        author: Author,
        room: &RoomName,
        changes: &[ModeChange],
        sink: &mut impl Sink,
    ) {
        for change in changes {
            self.answer_author(author, &Reply::Unchanged { room, change }, sink);
        }
    }

    /// Answers the author of an entry, if it is here.
    pub(super) fn answer_author(&mut self, author: Author, reply: &Reply<'_>, sink: &mut impl Sink) {
        if let Some(conn) = author.conn {
            self.respond(author.now, conn, reply, sink);
        }
    }

    /// Returns the connection of the author of an entry, if it is here and open.
    pub(super) fn open_author(&mut self, author: Author) -> Option<ConnId> {
        author.conn.and_then(|conn| self.open(conn))
    }

    /// Tells the author that the command was refused.
    pub(super) fn refused(
        &mut self,
        author: Author,
        refusal: &Refusal,
        command: &Command,
        sink: &mut impl Sink,
    ) {
        self.answer_author(author, &Reply::Refused { refusal, command: Some(command) }, sink);
    }

    /// Tells the dialect of a connection which room its member has moved to.
    fn moved(&mut self, conn: ConnId, room: Option<&RoomName>) {
        if let Some(session) = self.session(conn) {
            session.dialect_mut().moved(room);
        }
    }

    /// Tells the dialect of a connection how others see its member.
    fn identified(&mut self, conn: ConnId, person: &Person) {
        if let Some(session) = self.session(conn) {
            session.dialect_mut().identified(person);
        }
    }
}
