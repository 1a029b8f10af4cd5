//! Instructions: parsed lines of the plain dialect.

use super::note::{HelpOn, Mistake};
use crate::base::ban::{BanTarget, NewBan};
use crate::base::calendar::DAY_MS;
use crate::base::identity::Identity;
use crate::base::language::Language;
use crate::base::mode::{Key, ModeChange};
use crate::base::name::{Name, RoomName};
use crate::base::text::Text;
use crate::dialect::action::Password;
use crate::log::command::MessageKind;
use crate::views::HistoryPoint;
use core::num::NonZeroUsize;

/// A parsed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Mark the member as away with this text; with `None`, as back.
    Away(Option<Text>),
    /// List the bans of the room.
    Bans,
    Help(HelpOn),
    History(HistoryAsked),
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
    /// Remove the last line of a member; with `None`, the member's own.
    Remove(Option<Name>),
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

/// The part of a room's history that a `/history` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HistoryAsked {
    /// The number of lines; `None` for as many as fit into an answer.
    pub(crate) lines: Option<NonZeroUsize>,
    /// Only lines before this point.
    pub(crate) before: Option<Moment>,
}

/// A point in a history, as a person writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// `14:27`: the last time that it was so late (UTC), in milliseconds since midnight.
    OfDay(u64),
    Point(HistoryPoint),
}

impl Moment {
    /// Returns the point that is meant at a time.
    pub(super) const fn point(self, now_unix_ms: u64) -> HistoryPoint {
        match self {
            Self::OfDay(ms) => {
                let today = now_unix_ms - now_unix_ms % DAY_MS;
                let is_past = today + ms <= now_unix_ms || today == 0;
                HistoryPoint::Time(if is_past { today + ms } else { today + ms - DAY_MS })
            }
            Self::Point(point) => point,
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
