//! Committed entries: applying them to the world, and telling everyone concerned.

mod member;
mod message;
mod room;

use super::Hub;
use crate::base::id::{ConnId, MemberId};
use crate::base::name::RoomName;
use crate::base::person::{Person, UserModes};
use crate::base::rate::Cost;
use crate::base::time::Now;
use crate::dialect::event::{EventKind, Stamp};
use crate::dialect::reply::Reply;
use crate::hub::output::Sink;
use crate::log::command::Command;
use crate::log::entry::LogEntry;
use crate::planted;
use crate::session::Session;
use crate::world::{Applied, Effect, Refusal};

/// A committed entry with the connection that proposed it, if that is one of this hub.
#[derive(Clone, Copy)]
pub(in crate::hub) struct Author<'e> {
    /// The connection of the member whose command it is, even if it is closing. `None` if the entry is not a proposal of this
    /// life, or not one of a connection.
    pub(in crate::hub) conn: Option<ConnId>,
    pub(in crate::hub) entry: &'e LogEntry,
    pub(in crate::hub) stamp: Stamp,
    pub(in crate::hub) now: Now,
}

impl Hub {
    /// Applies an entry and tells everyone concerned; then runs the session of its author.
    pub(super) fn committed(&mut self, now: Now, entry: &LogEntry, sink: &mut impl Sink) {
        self.counters.entries += 1;
        let mut effects = core::mem::take(&mut self.effects);
        let compared = self.world.masks_compared(&entry.command);
        let former_unix_ms = self.world.at_unix_ms();
        match self.world.apply(entry, &mut effects) {
            Applied::Done => {
                effects.iter().for_each(|effect| self.views.record(entry, effect, &self.world));
                self.report_clock(former_unix_ms, sink);
                self.applied(now, entry, (&effects, compared), sink);
            }
            // An entry of this life that is ignored as one of another life has overtaken the `Started` of this one.
            Applied::OtherLife | Applied::Overtaken => self.overtaken(now, entry, sink),
            Applied::Before | Applied::Repeated => {}
        }
        effects.clear();
        self.effects = effects;
    }

    /// Tells everyone concerned of an entry that was applied; then runs the session of its author.
    fn applied(
        &mut self,
        now: Now,
        entry: &LogEntry,
        (effects, compared): (&[Effect], usize),
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
        let (seq, at_unix_ms) = (entry.seq, self.world.at_unix_ms());
        let stamp = Stamp { log_unix_ms: self.world.began_unix_ms(), seq, at_unix_ms };
        for effect in effects {
            let author = Author { conn, entry, stamp, now };
            self.report(author, effect, sink);
            self.publish(author, effect, sink);
        }
        if matches!(entry.command, Command::Configure { .. }) {
            self.report_limits(sink);
        }
        self.end_if_over(now, entry, sink);
        if let Some(conn) = conn {
            self.run(now, conn, sink);
            self.vacate_if_finished(conn);
        }
    }

    /// Writes events and replies about one effect of an entry to everyone concerned.
    fn publish(&mut self, author: Author<'_>, effect: &Effect, sink: &mut impl Sink) {
        match (effect, &author.entry.command) {
            (Effect::AwaySet { member, was_away, silenced }, _) => {
                self.away_set(author, *member, *was_away, *silenced, sink);
            }
            (Effect::BanLifted { .. } | Effect::BanSet { .. } | Effect::KeptOut { .. }, _) => {
                self.publish_ban(author, effect, sink);
            }
            (Effect::Entered { member }, command) => self.entered(author, *member, command, sink),
            (Effect::HostSet { target, from, .. }, _) => self.host_set(author, *target, from, sink),
            (Effect::Invited { member, target, room }, _) => {
                self.invited(author, *member, *target, *room, sink);
            }
            (Effect::Joined { member, room, silenced }, _) => {
                self.joined(author, *member, *room, *silenced, sink);
            }
            (Effect::Kicked { member, target, room, name }, Command::Kick { message, .. }) => {
                self.kicked(author, *member, *target, (*room, name), message.as_ref(), sink);
            }
            (Effect::Left { member, person, rooms, reason, silenced }, command) => {
                self.left(author, *member, (person, rooms, *reason, *silenced), command, sink);
            }
            (Effect::ModesUnchanged { room, .. }, Command::SetModes { changes, .. }) => {
                self.modes_unchanged(author, *room, changes, sink);
            }
            (Effect::ModesSet { member, room, changes }, _) => {
                self.modes_set(author, *member, *room, changes, sink);
            }
            (Effect::NotEntered { refusal }, _) => self.not_entered(author, refusal, sink),
            (Effect::Parted { member, room, name, silenced }, Command::Move { message, .. }) => {
                self.parted(author, *member, (*room, name), message.as_ref().filter(|_| !silenced), sink);
            }
            (Effect::RealNameSet { member }, Command::SetRealName { real_name, .. }) => {
                self.tell_of_member(author, *member, EventKind::RealNameSet { real_name }, sink);
            }
            (Effect::Refused { refusal, .. }, command) => {
                if matches!(command, Command::Enter { .. }) {
                    self.answer_author(author, &Reply::Outside, sink);
                }
                self.refused(author, refusal, sink);
            }
            (Effect::Renamed { member, from }, _) => self.renamed(author, *member, from, sink),
            (Effect::Said { member, room }, Command::Say { status, message, .. }) => {
                self.said(author, *member, *room, *status, message, sink);
            }
            (Effect::Told { member, to }, Command::Tell { message, .. } | Command::Reply { message, .. }) => {
                self.told(author, *member, *to, message, sink);
            }
            (Effect::TopicSet { member, room }, Command::SetTopic { topic, .. }) => {
                self.topic_set(author, *member, *room, topic.as_ref(), sink);
            }
            (Effect::UserModesSet { on, off, .. }, _) => self.user_modes_set(author, *on, *off, sink),
            (Effect::Wallops { member }, Command::Wallops { text, .. }) => {
                self.wallops(author, *member, text, sink);
            }
            // Each by its name, so that the compiler asks for the arm of a new effect.
            (
                Effect::Kicked { .. }
                | Effect::ModesUnchanged { .. }
                | Effect::Parted { .. }
                | Effect::RealNameSet { .. }
                | Effect::Said { .. }
                | Effect::Told { .. }
                | Effect::TopicSet { .. }
                | Effect::Wallops { .. },
                command,
            ) => unreachable!("{command:?} does not make {effect:?}"),
        }
    }

    /// Returns the author of an event by a member: the person that others see, and whether it is a bot.
    pub(super) fn event_author(&self, member: MemberId) -> Option<(Person, bool)> {
        self.world.member(member).map(|it| (it.person().clone(), it.modes().has(UserModes::BOT)))
    }

    /// Answers the author of an entry, if it is here.
    pub(super) fn answer_author(&mut self, author: Author<'_>, reply: &Reply<'_>, sink: &mut impl Sink) {
        if let Some(conn) = author.conn {
            self.respond(author.now, conn, reply, sink);
        }
    }

    /// Returns the connection of the author of an entry, if it is here and open.
    pub(super) fn open_author(&mut self, author: Author<'_>) -> Option<ConnId> {
        author.conn.and_then(|conn| self.open(conn))
    }

    /// Tells the author that the command was refused.
    pub(super) fn refused(&mut self, author: Author<'_>, refusal: &Refusal, sink: &mut impl Sink) {
        let command = Some(&author.entry.command);
        self.answer_author(author, &Reply::Refused { refusal, command }, sink);
    }

    /// Tells the dialect of a connection which room its member has moved to.
    fn moved(&mut self, conn: ConnId, room: Option<&RoomName>) {
        if let Some(session) = self.session(conn) {
            session.dialect_mut().moved(room);
        }
    }
}
