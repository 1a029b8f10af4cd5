//! The state of a connection that speaks the plain dialect.

use super::instruction::{HistoryAsked, Instruction, TopicInstruction};
use super::note::{Mistake, Note};
use super::parse::parse;
use super::question::{PlainQuestion, history_query, last_lines_query, removal};
use super::{render_note, wire_class};
use crate::base::ban::NewBan;
use crate::base::id::MemberId;
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::base::mode::Key;
use crate::base::name::RoomName;
use crate::base::options::Options;
use crate::base::person::UserModes;
use crate::base::text::Text;
use crate::dialect::action::{Action, Fetch, Notice, Question};
use crate::dialect::reply::Reply;
use crate::dialect::state::{Answer, Context, DialectState, Line, View};
use crate::dialect::wire_class::WireClass;
use crate::log::command::{Command, Message, MessageKind};
use crate::views::HistoryPage;
use crate::world::Member;
use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// The state of a connection that speaks the plain dialect.
#[derive(Debug)]
pub(crate) struct PlainState {
    language: Language,
    /// Whether it is sent only the texts of messages (`--relay raw`).
    raw: bool,
    /// The room that its messages go to. It changes when a `Move` or a `Kick` is committed. After its own `Move` no
    /// line is read until then, so a line never goes to the former room.
    room: Option<RoomName>,
    /// Whether it was told that its text is not UTF-8.
    told_encoding: bool,
}

impl PlainState {
    pub(super) fn begin(options: &Options) -> Box<dyn DialectState> {
        let Options { language, raw, .. } = *options;
        Box::new(Self { language, raw, room: None, told_encoding: false })
    }

    /// Returns the note on the encoding of a line, if it is not UTF-8 and the client has not been told before.
    fn tell_encoding(&mut self, is_utf8: bool, is_utf16: bool) -> Option<PlainQuestion> {
        if self.told_encoding || is_utf8 && !is_utf16 {
            return None;
        }
        self.told_encoding = true;
        Some(PlainQuestion::NotUtf8 { converted: is_utf16 })
    }

    /// Returns the action for an instruction, if there is one.
    fn action(&self, member: MemberId, instruction: Instruction, identity: &Identity) -> Option<Action> {
        if let Some(mistake) = instruction.reserved_name(identity) {
            return Some(ask(PlainQuestion::Mistaken(mistake)));
        }
        let made = match instruction {
            Instruction::Nothing => return None,
            Instruction::Bans => return Some(ask(PlainQuestion::Bans)),
            Instruction::Modes => return Some(ask(PlainQuestion::Modes)),
            Instruction::Oper(password) => return Some(Action::CheckPassword(password)),
            Instruction::Away(away) => Ok(Command::SetAway { member, away }),
            Instruction::Reply(text) => {
                Ok(Command::Reply { member, message: Message::new(MessageKind::Text, text) })
            }
            Instruction::Invite(name) => {
                self.current_room().map(|room| Command::Invite { member, name, room })
            }
            Instruction::Kick { name, message } => {
                self.current_room().map(|room| Command::Kick { member, room, name, message })
            }
            Instruction::SetMode(change) => self.current_room().map(|room| Command::SetModes {
                member,
                room,
                changes: alloc::vec![change],
            }),
            Instruction::Quit(message) => return Some(Action::Quit(message)),
            Instruction::Help(on) => return Some(ask(PlainQuestion::Help(on))),
            Instruction::History(lines) => return Some(ask(PlainQuestion::History(lines))),
            Instruction::Language(language) => return Some(ask(PlainQuestion::Language(language))),
            Instruction::Mistaken(mistake) => return Some(ask(PlainQuestion::Mistaken(mistake))),
            Instruction::ServerBan(ban) => return Some(ask(PlainQuestion::ServerBan(ban))),
            Instruction::ServerBans => return Some(ask(PlainQuestion::ServerBans)),
            Instruction::ServerUnban(target) => Ok(Command::LiftBan { member, target }),
            Instruction::Remove(name) => return Some(ask(PlainQuestion::Remove(name))),
            Instruction::Rooms => return Some(ask(PlainQuestion::Rooms)),
            Instruction::Topic(TopicInstruction::Show) => return Some(ask(PlainQuestion::Topic)),
            Instruction::Who(room) => return Some(ask(PlainQuestion::Who(room))),
            Instruction::Tell { to, text } => {
                Ok(Command::Tell { member, to, message: Message::new(MessageKind::Text, text) })
            }
            Instruction::Rename(name) => Ok(Command::Rename { member, name }),
            Instruction::Join(room, key) => Ok(self.move_to(member, room, key, None)),
            Instruction::Say { kind, text } => self.current_room().map(|room| {
                let message = Message::new(kind, text);
                Command::Say { member, room, status: None, message }
            }),
            Instruction::Topic(TopicInstruction::Clear) => {
                self.current_room().map(|room| Command::SetTopic { member, room, topic: None })
            }
            Instruction::Topic(TopicInstruction::Set(topic)) => {
                self.current_room().map(|room| Command::SetTopic { member, room, topic: Some(topic) })
            }
            Instruction::Part(message) => match self.current_room() {
                Ok(room) if room == RoomName::lobby() => Err(Mistake::InLobby),
                Ok(_) => Ok(self.move_to(member, RoomName::lobby(), None, message)),
                Err(mistake) => Err(mistake),
            },
        };
        Some(match made {
            Ok(command) => Action::Propose(command),
            Err(mistake) => ask(PlainQuestion::Mistaken(mistake)),
        })
    }

    /// Returns the room that the member is in.
    fn current_room(&self) -> Result<RoomName, Mistake> {
        self.room.clone().ok_or(Mistake::NotInRoom)
    }

    /// Returns the command that moves the member to another room. A key for a room without one is refused, because the
    /// second word was probably meant as a part of the room's name.
    fn move_to(&self, member: MemberId, room: RoomName, key: Option<Key>, message: Option<Text>) -> Command {
        Command::Move { member, from: self.room.clone(), to: Some(room), key, checks_key: true, message }
    }

    fn write_note(&self, note: &Note<'_>, view: &View<'_>, answer: &mut Answer<'_>) {
        render_note(note, self.language, view.limits.reply_bytes_max, answer.bytes);
    }

    /// Writes the greeting, unless greetings are turned off.
    fn greet(&self, room: Option<(&RoomName, usize)>, view: &View<'_>, answer: &mut Answer<'_>) {
        let name = view.member.and_then(|id| view.world.member(id)).map(Member::name);
        if let Some(name) = name.filter(|_| view.options.greeting && !view.options.raw) {
            self.write_note(&Note::Greeting { name, room }, view, answer);
        }
    }
}

impl DialectState for PlainState {
    fn class(&self) -> WireClass {
        wire_class(self.language, self.raw)
    }

    fn line(&mut self, line: Line<'_>, context: &Context<'_>, actions: &mut VecDeque<Action>) {
        let Line::Typed { text, dropped, is_utf8, is_utf16 } = line else { return };
        if let Some(question) = self.tell_encoding(is_utf8, is_utf16) {
            actions.push_back(ask(question));
        }
        if dropped > 0 {
            actions.push_back(ask(PlainQuestion::LineCut(dropped)));
        }
        let instruction = parse(text, &context.options.cloaks);
        match context.member {
            Some(member) if actions.is_empty() => {
                actions.extend(self.action(member, instruction, &context.options.identity));
            }
            // Actions before it may change the room that it is about.
            _ => actions.push_back(ask(PlainQuestion::Deferred(instruction))),
        }
    }

    fn answer(&mut self, question: Question, view: &View<'_>, answer: &mut Answer<'_>) {
        let question = match question.take() {
            None => return,
            Some(PlainQuestion::Deferred(instruction)) => {
                let action = view.member.and_then(|it| self.action(it, instruction, &view.options.identity));
                return answer.next.extend(action);
            }
            Some(PlainQuestion::History(asked)) => {
                match history_query(asked, self.room.as_ref(), view) {
                    Some(query) => {
                        let question = Question::new(PlainQuestion::HistoryPage(asked));
                        answer.next.push(Action::Fetch(Fetch { query, question }.into()));
                    }
                    None => self.write_note(&Note::Mistaken(&Mistake::NotInRoom), view, answer),
                }
                return;
            }
            Some(PlainQuestion::Remove(name)) => {
                match last_lines_query(self.room.as_ref(), view) {
                    Some(query) => {
                        let question = Question::new(PlainQuestion::RemoveOnPage(name));
                        answer.next.push(Action::Fetch(Fetch { query, question }.into()));
                    }
                    None => self.write_note(&Note::Mistaken(&Mistake::NotInRoom), view, answer),
                }
                return;
            }
            Some(PlainQuestion::ServerBan(ban)) if !would_ban_oneself(&ban, view) => {
                let set = view.member.map(|member| Action::Propose(Command::SetBan { member, ban }));
                return answer.next.extend(set);
            }
            Some(question) => question,
        };
        if let PlainQuestion::Language(language) = question {
            self.language = language;
        }
        answer.is_bulk = question.is_bulk();
        match question.note(self.room.as_ref(), view) {
            Ok(Some(note)) => self.write_note(&note, view, answer),
            Ok(None) => {}
            Err(mistake) => self.write_note(&Note::Mistaken(&mistake), view, answer),
        }
    }

    fn fetched(&mut self, question: Question, page: &HistoryPage, view: &View<'_>, answer: &mut Answer<'_>) {
        match (question.take(), view.member) {
            (Some(question @ PlainQuestion::HistoryPage(HistoryAsked { lines, before })), _) => {
                answer.is_bulk = question.is_bulk();
                self.write_note(&Note::History { page, lines, is_earlier: before.is_some() }, view, answer);
            }
            (Some(PlainQuestion::RemoveOnPage(of)), Some(member)) => match removal(member, of, page) {
                Ok(command) => answer.next.push(Action::Propose(command)),
                Err(mistake) => self.write_note(&Note::Mistaken(&mistake), view, answer),
            },
            _ => {}
        }
    }

    fn reply(&mut self, reply: &Reply<'_>, view: &View<'_>, answer: &mut Answer<'_>) {
        let note = match *reply {
            Reply::AwayIs { away, was_away } => Note::AwayIs { away, was_away },
            Reply::BanLifted { target } => Note::ServerBanLifted(target),
            Reply::BanSet { ban, closed } => Note::ServerBanSet { ban, closed },
            Reply::Farewell { reason, message } => Note::Farewell { reason, message },
            Reply::Invited { name, room } => Note::Invited { name, room },
            Reply::InvitedTo { event, room } => Note::InvitedTo { by: &event.by.name, room },
            Reply::IsAway { name, away } => Note::IsAway { name, away },
            Reply::Joined { room, members, is_first: true, .. } => {
                return self.greet(Some((room, members)), view, answer);
            }
            Reply::Joined { room, members, topic, .. } => Note::InRoom { room, members, topic },
            Reply::KickedOut { event, room, message } => {
                Note::KickedOut { by: &event.by.name, room, message }
            }
            Reply::Notice(Notice::IsThere) => Note::IsThere,
            Reply::Notice(Notice::LineWithheld) => Note::NotSaid,
            Reply::Notice(Notice::LogState(state)) => Note::LogState(state),
            Reply::Notice(Notice::PasswordNotChecked) => Note::Mistaken(&Mistake::PasswordNotChecked),
            Reply::Notice(Notice::SlowedDown) => Note::SlowedDown,
            Reply::Notice(Notice::WrongPassword) => Note::Mistaken(&Mistake::WrongPassword),
            Reply::NowOperator => Note::NowOperator,
            Reply::Outside => return self.greet(None, view, answer),
            Reply::Refused { refusal, .. } => Note::Refused(refusal),
            Reply::Renamed { name, .. } => Note::NowNamed(name),
            Reply::Told { name, text, .. } => Note::TellsTo { name, text },
            Reply::Unchanged { room, change } => Note::Unchanged { room, change },
            // Plain clients cannot ask for these, or see the effect itself.
            Reply::Entered
            | Reply::HostSet { .. }
            | Reply::Parted(_)
            | Reply::Ping
            | Reply::Rehashing
            | Reply::UserModesChanged { .. }
            | Reply::WatchedCame(_)
            | Reply::WatchedLeft(_)
            | Reply::Watching { .. } => return,
        };
        self.write_note(&note, view, answer);
    }

    fn enters_at_once(&self) -> bool {
        true
    }

    fn moved(&mut self, room: Option<&RoomName>) {
        self.room = room.cloned();
    }

    fn room(&self) -> Option<Option<&RoomName>> {
        Some(self.room.as_ref())
    }
}

/// Returns whether a ban would apply to the operator who sets it. The world refuses those of others.
fn would_ban_oneself(ban: &NewBan, view: &View<'_>) -> bool {
    let member = view.member.and_then(|id| view.world.member(id));
    member.is_some_and(|it| it.modes().has(UserModes::OPERATOR)) && view.is_covered_by(&ban.target)
}

fn ask(question: PlainQuestion) -> Action {
    Action::Ask(Question::new(question))
}
