//! Questions that are answered at once, from the world as it is.

use super::Hub;
use crate::base::id::{ConnId, MemberId};
use crate::base::language::Language;
use crate::base::mode::{MaskList, Statuses};
use crate::base::name::RoomName;
use crate::base::person::UserModes;
use crate::base::time::Now;
use crate::dialect::event::{Mistake, Reply};
use crate::hub::output::{Output, Sink};
use crate::session::plain::PlainQuestion;
use crate::session::{Question, Tongue};
use crate::world::{Member, Room};

impl Hub {
    /// Answers a session's question. After an answer that may be long, the session waits for
    /// [`Input::Drained`](crate::Input::Drained), so that its own backlog is bounded by one of them.
    pub(super) fn answer(&mut self, now: Now, conn: ConnId, question: Question, sink: &mut impl Sink) {
        match question {
            Question::Irc(query) => self.answer_irc(now, conn, query, sink),
            Question::Plain(question) => self.answer_plain(now, conn, &question, sink),
        }
    }

    fn answer_plain(&mut self, now: Now, conn: ConnId, question: &PlainQuestion, sink: &mut impl Sink) {
        if let PlainQuestion::Language(language) = question {
            self.change_language(conn, *language, sink);
        }
        let Some(session) = self.session(conn) else { return };
        let Tongue::Plain(speaker) = session.tongue() else { return };
        let (language, here) = (speaker.language, speaker.room.clone());
        let member = session.member();
        let mut bytes = self.take_scratch();
        let reply_bytes_max = self.limits.reply_bytes_max;
        match self.plain_reply(question, here.as_ref(), member) {
            Ok(reply) => reply.render(language, reply_bytes_max, &mut bytes),
            Err(mistake) => Reply::Mistaken(&mistake).render(language, reply_bytes_max, &mut bytes),
        }
        let rate = self.limits.rate;
        if let Some(session) = self.session(conn) {
            session.charge(bytes.len(), rate, now.mono);
        }
        sink.output(Output::Write { conn, bytes: &bytes });
        self.scratch = bytes;
        if question.is_bulk() {
            sink.output(Output::ReportDrained { conn });
        }
    }

    fn plain_reply<'a>(
        &'a self,
        question: &'a PlainQuestion,
        here: Option<&'a RoomName>,
        member: Option<MemberId>,
    ) -> Result<Reply<'a>, Mistake> {
        // Of a secret room, who is not in it does not hear.
        let existing = |name: Option<&RoomName>| {
            let name = name.ok_or(Mistake::NotInRoom)?;
            let room = self.world.room_named(name).and_then(|id| self.world.room(id));
            let room: Option<&Room> = room.filter(|room| room.is_visible_to(member));
            room.ok_or_else(|| Mistake::NoSuchRoom(name.clone()))
        };
        Ok(match question {
            PlainQuestion::Bans => {
                let room = existing(here)?;
                let bans = room.modes().list(MaskList::Bans);
                let masks = bans.iter().take(self.items_max()).map(|entry| &entry.mask).collect();
                Reply::Bans { room: room.name(), total: bans.len(), masks }
            }
            PlainQuestion::Help(on) => Reply::Help(*on),
            PlainQuestion::History(lines) => {
                let room = existing(here)?;
                let skipped = room.history().len().saturating_sub(lines.unwrap_or(usize::MAX));
                Reply::History { room: room.name(), heard: room.history().skip(skipped).collect() }
            }
            PlainQuestion::IsThere => Reply::IsThere,
            PlainQuestion::Language(_) => Reply::LanguageIs,
            PlainQuestion::LineCut(dropped) => {
                Reply::LineCut { dropped: *dropped, line_bytes_max: self.limits.line_bytes_max }
            }
            PlainQuestion::Mistaken(mistake) => Reply::Mistaken(mistake),
            PlainQuestion::NotSaid => Reply::NotSaid,
            PlainQuestion::NotUtf8 { converted } => Reply::NotUtf8 { converted: *converted },
            PlainQuestion::Modes => {
                let room = existing(here)?;
                Reply::ModesAre { room: room.name(), changes: room.modes().changes() }
            }
            PlainQuestion::Rooms => {
                let visible = || self.world.rooms().filter(|(_, room)| room.is_visible_to(member));
                let rooms = visible().map(|(_, room)| (room.name(), room.members().len()));
                Reply::Rooms { total: visible().count(), rooms: rooms.take(self.items_max()).collect() }
            }
            PlainQuestion::Topic => {
                let room = existing(here)?;
                Reply::TopicIs { room: room.name(), topic: room.topic() }
            }
            PlainQuestion::Who(asked) => {
                let room = existing(asked.as_ref().or(here))?;
                // Who does not want to be seen is seen by those who are there.
                let is_there = member.is_some_and(|id| room.statuses(id).is_some());
                let members = || {
                    let members = room.members_from(MemberId::default());
                    let members = members.filter_map(|(id, it)| Some((it, self.world.member(id)?)));
                    members.filter(move |(_, it)| is_there || !it.modes().has(UserModes::INVISIBLE))
                };
                let shown = |(statuses, it): (Statuses, &'a Member)| (statuses.prefixes(false), it.name());
                let names = members().take(self.items_max()).map(shown).collect();
                Reply::Who { room: room.name(), total: members().count(), names }
            }
        })
    }

    /// A list has at most so many items: each takes a character and what separates it from the next.
    const fn items_max(&self) -> usize {
        self.limits.reply_bytes_max / 3
    }

    /// From here on the connection reads in this language, also what its rooms hear.
    fn change_language(&mut self, conn: ConnId, language: Language, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        if let Tongue::Plain(speaker) = session.tongue_mut() {
            speaker.language = language;
        }
        self.change_class(conn, sink);
    }
}
