//! Questions that are answered at once, from the world as it is.

use super::Hub;
use crate::event::{Mistake, Reply};
use crate::id::ConnId;
use crate::language::Language;
use crate::name::RoomName;
use crate::output::{Output, Sink};
use crate::session::Question;
use crate::time::Now;
use crate::world::{Member, Room};

impl Hub {
    /// Answers a session's question. After an answer that may be long, the session waits for
    /// [`Input::Drained`](crate::Input::Drained), so that its own backlog is bounded by one of them.
    pub(super) fn answer(&mut self, now: Now, conn: ConnId, question: &Question, sink: &mut impl Sink) {
        if let Question::Language(language) = question {
            self.change_language(conn, *language, sink);
        }
        let Some(session) = self.session(conn) else { return };
        let (language, here) = (session.language(), session.room().cloned());
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        let reply_bytes_max = self.limits.reply_bytes_max;
        match self.reply(question, here.as_ref()) {
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

    fn reply<'a>(&'a self, question: &'a Question, here: Option<&'a RoomName>) -> Result<Reply<'a>, Mistake> {
        Ok(match question {
            Question::Help => Reply::Help,
            Question::History(lines) => {
                let room = self.existing(here)?;
                let skipped = room.history().len().saturating_sub(lines.unwrap_or(usize::MAX));
                Reply::History { room: room.name(), heard: room.history().skip(skipped).collect() }
            }
            Question::Language(_) => Reply::LanguageIs,
            Question::LineCut(dropped) => {
                Reply::LineCut { dropped: *dropped, line_bytes_max: self.limits.line_bytes_max }
            }
            Question::Mistaken(mistake) => Reply::Mistaken(mistake),
            Question::Rooms => {
                let rooms = self.world.rooms().map(|(_, room)| (room.name(), room.members().len()));
                Reply::Rooms { total: rooms.len(), rooms: rooms.take(self.items_max()).collect() }
            }
            Question::Topic => {
                let room = self.existing(here)?;
                Reply::TopicIs { room: room.name(), topic: room.topic() }
            }
            Question::Who(asked) => {
                let room = self.existing(asked.as_ref().or(here))?;
                let total = room.members().len();
                let members = room.members().take(self.items_max()).filter_map(|id| self.world.member(id));
                Reply::Who { room: room.name(), total, names: members.map(Member::name).collect() }
            }
        })
    }

    /// A list has at most so many items: each takes a character and what separates it from the next.
    const fn items_max(&self) -> usize {
        self.limits.reply_bytes_max / 3
    }

    fn existing(&self, name: Option<&RoomName>) -> Result<&Room, Mistake> {
        let name = name.ok_or(Mistake::NotInRoom)?;
        let room = self.world.room_named(name).and_then(|id| self.world.room(id));
        room.ok_or_else(|| Mistake::NoSuchRoom(name.clone()))
    }

    /// From here on the connection reads in this language, also what its rooms hear.
    fn change_language(&mut self, conn: ConnId, language: Language, sink: &mut impl Sink) {
        let Some(session) = self.session(conn) else { return };
        session.set_language(language);
        let member = session.member().and_then(|member| self.world.member(member));
        let class = self.class(language);
        for &room in member.map_or(&[][..], |member| member.rooms()) {
            sink.output(Output::Subscribe { conn, room, class });
        }
    }
}
