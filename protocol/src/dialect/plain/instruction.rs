//! What a line of the plain dialect asks for.

use super::note::{HelpOn, Mistake};
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::base::mode::{Key, ModeChange};
use crate::base::name::{Name, RoomName};
use crate::base::text::Text;
use crate::dialect::action::Password;
use crate::log::command::MessageKind;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
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
    Topic(TopicInstruction),
    Who(Option<RoomName>),
}

impl Instruction {
    /// Returns the mistake, where it is about a reserved name.
    pub(super) fn about_nobody(&self, identity: &Identity) -> Option<Mistake> {
        match self {
            Self::Rename(name) if identity.reserves(name) => Some(Mistake::NameReserved(name.clone())),
            Self::Tell { to, .. } if identity.reserves(to) => Some(Mistake::NoServices(to.clone())),
            _ => None,
        }
    }
}

/// The instruction of a `/topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TopicInstruction {
    Clear,
    Set(Text),
    Show,
}
