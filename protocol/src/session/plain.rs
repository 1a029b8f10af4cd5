//! What the lines of the plain dialect ask for, and what they make.

use super::{Password, Question, Work};
use crate::base::id::MemberId;
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::base::mode::{Key, ModeChange};
use crate::base::name::{Name, RoomName};
use crate::base::text::Text;
use crate::dialect::event::{HelpOn, Mistake};
use crate::log::command::{Command, Message, MessageKind};

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Away with these words, or back.
    Away(Option<Text>),
    /// The masks that keep people out of the room.
    Bans,
    Help(HelpOn),
    /// The room's last lines, that many of them.
    History(Option<usize>),
    Invite(Name),
    Join(RoomName, Option<Key>),
    Kick {
        name: Name,
        message: Option<Text>,
    },
    Language(Language),
    Mistaken(Mistake),
    /// The modes of the room.
    Modes,
    Nothing,
    Oper(Password),
    /// Back to the lobby, with last words.
    Part(Option<Text>),
    Quit(Option<Text>),
    Rename(Name),
    /// To whoever wrote last in private.
    Reply(Text),
    Rooms,
    Say {
        kind: MessageKind,
        text: Text,
    },
    SetMode(ModeChange),
    Tell {
        to: Name,
        text: Text,
    },
    Topic(TopicRequest),
    Who(Option<RoomName>),
}

impl Request {
    /// Returns the mistake, where it is about a reserved name.
    fn about_nobody(&self, identity: &Identity) -> Option<Mistake> {
        match self {
            Self::Rename(name) if identity.reserves(name) => Some(Mistake::NameReserved(name.clone())),
            Self::Tell { to, .. } if identity.reserves(to) => Some(Mistake::NoServices(to.clone())),
            _ => None,
        }
    }
}

/// The request of a `/topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TopicRequest {
    Clear,
    Set(Text),
    Show,
}

/// What is answered from the world or from nothing, and changes nothing that is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlainQuestion {
    Bans,
    Help(HelpOn),
    History(Option<usize>),
    /// Whether the server is there.
    IsThere,
    Language(Language),
    /// The line before was cut; so many bytes were dropped.
    LineCut(usize),
    Mistaken(Mistake),
    /// The line before may have been the beginning of a registration, and was not said.
    NotSaid,
    /// The line was not UTF-8.
    NotUtf8 {
        converted: bool,
    },
    Modes,
    Rooms,
    Topic,
    Who(Option<RoomName>),
}

impl PlainQuestion {
    /// Whether the answer may be long, so that the session waits until it is written.
    pub(crate) const fn is_bulk(&self) -> bool {
        matches!(self, Self::Bans | Self::Help(_) | Self::History(_) | Self::Rooms | Self::Who(_))
    }
}

/// What answers a wrong password.
pub(super) const fn wrong_password() -> PlainQuestion {
    PlainQuestion::Mistaken(Mistake::WrongPassword)
}

/// Who speaks the plain dialect.
#[derive(Debug)]
pub(crate) struct Speaker {
    pub(crate) language: Language,
    /// The room it speaks to. Its own commands change it, which are barriers, and whoever sends it out.
    pub(crate) room: Option<RoomName>,
    /// It was told that what it writes is not UTF-8.
    told_encoding: bool,
}

impl Speaker {
    pub(super) const fn new(language: Language) -> Self {
        Self { language, room: None, told_encoding: false }
    }

    /// What there is to tell it of the encoding of its line, once.
    pub(super) fn tell_encoding(&mut self, is_utf8: bool, is_utf16: bool) -> Option<PlainQuestion> {
        if self.told_encoding || is_utf8 && !is_utf16 {
            return None;
        }
        self.told_encoding = true;
        Some(PlainQuestion::NotUtf8 { converted: is_utf16 })
    }

    /// What a request makes, if anything.
    pub(super) fn act(&self, member: MemberId, request: Request, identity: &Identity) -> Option<Work> {
        let asked = |question| Work::Ask(Question::Plain(question));
        if let Some(mistake) = request.about_nobody(identity) {
            return Some(asked(PlainQuestion::Mistaken(mistake)));
        }
        let made = match request {
            Request::Nothing => return None,
            Request::Bans => return Some(asked(PlainQuestion::Bans)),
            Request::Modes => return Some(asked(PlainQuestion::Modes)),
            Request::Oper(password) => return Some(Work::CheckPassword(password)),
            Request::Away(away) => Ok(Command::SetAway { member, away }),
            Request::Reply(text) => {
                Ok(Command::Reply { member, message: Message::new(MessageKind::Text, text) })
            }
            Request::Invite(name) => self.here().map(|room| Command::Invite { member, name, room }),
            Request::Kick { name, message } => {
                self.here().map(|room| Command::Kick { member, room, name, message })
            }
            Request::SetMode(change) => {
                self.here().map(|room| Command::SetModes { member, room, changes: alloc::vec![change] })
            }
            Request::Quit(message) => return Some(Work::Quit(message)),
            Request::Help(on) => return Some(asked(PlainQuestion::Help(on))),
            Request::History(lines) => return Some(asked(PlainQuestion::History(lines))),
            Request::Language(language) => return Some(asked(PlainQuestion::Language(language))),
            Request::Mistaken(mistake) => return Some(asked(PlainQuestion::Mistaken(mistake))),
            Request::Rooms => return Some(asked(PlainQuestion::Rooms)),
            Request::Topic(TopicRequest::Show) => return Some(asked(PlainQuestion::Topic)),
            Request::Who(room) => return Some(asked(PlainQuestion::Who(room))),
            Request::Tell { to, text } => {
                Ok(Command::Tell { member, to, message: Message::new(MessageKind::Text, text) })
            }
            Request::Rename(name) => Ok(Command::Rename { member, name }),
            Request::Join(room, key) => Ok(self.go_to(member, room, key, None)),
            Request::Say { kind, text } => self.here().map(|room| {
                let message = Message::new(kind, text);
                Command::Say { member, room, status: None, message }
            }),
            Request::Topic(TopicRequest::Clear) => {
                self.here().map(|room| Command::SetTopic { member, room, topic: None })
            }
            Request::Topic(TopicRequest::Set(topic)) => {
                self.here().map(|room| Command::SetTopic { member, room, topic: Some(topic) })
            }
            Request::Part(message) => match self.here() {
                Ok(room) if room == RoomName::lobby() => Err(Mistake::InLobby),
                Ok(_) => Ok(self.go_to(member, RoomName::lobby(), None, message)),
                Err(mistake) => Err(mistake),
            },
        };
        Some(match made {
            Ok(command) => Work::Propose(command),
            Err(mistake) => asked(PlainQuestion::Mistaken(mistake)),
        })
    }

    /// The room that it speaks to.
    fn here(&self) -> Result<RoomName, Mistake> {
        self.room.clone().ok_or(Mistake::NotInRoom)
    }

    /// Goes to another room. A key is refused where the room has none: the second word was meant as something else.
    fn go_to(&self, member: MemberId, room: RoomName, key: Option<Key>, message: Option<Text>) -> Command {
        Command::Move { member, from: self.room.clone(), to: Some(room), key, checks_key: true, message }
    }
}
