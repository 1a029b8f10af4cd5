//! Instructions: parsed lines of the plain dialect.

use super::note::{HelpOn, Mistake};
use crate::base::ban::{BanTarget, NewBan};
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::base::mode::{Key, ModeChange};
use crate::base::name::{Name, RoomName};
use crate::base::text::Text;
use crate::dialect::action::Password;
use crate::log::command::MessageKind;

/// A parsed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Mark the member as away with this text; with `None`, as back.
    Away(Option<Text>),
    /// List the bans of the room.
    Bans,
    Help(HelpOn),
    /// Show this many recent lines of the room; with `None`, all.
    History(Option<usize>),
    Invite(Name),
    Join(RoomName, Option<Key>),
    Kick {
        name: Name,
        message: Option<Text>,
    },
    Language(Language),
    Mistaken(Mistake),
    /// Show the modes of the room.
    Modes,
    /// Do nothing: the line is empty.
    Nothing,
    Oper(Password),
    /// Go back to the lobby, with a parting message or without.
    Part(Option<Text>),
    Quit(Option<Text>),
    Rename(Name),
    /// Answer the last member that sent a private message.
    Reply(Text),
    Rooms,
    Say {
        kind: MessageKind,
        text: Text,
    },
    /// Ban connections from the server.
    ServerBan(NewBan),
    /// List the bans from the server.
    ServerBans,
    /// Lift a ban from the server.
    ServerUnban(BanTarget),
    SetMode(ModeChange),
    Tell {
        to: Name,
        text: Text,
    },
    Topic(TopicInstruction),
    Who(Option<RoomName>),
}

impl Instruction {
    /// Returns the mistake if the instruction is about a reserved name, which no member can have.
    pub(super) fn reserved_name(&self, identity: &Identity) -> Option<Mistake> {
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
