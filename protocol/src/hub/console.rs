//! What whoever runs the server is told: who comes and goes, under which names, and what moderators do.
//!
//! An event names whom it is about as they were called at that time, and the other end of their connection: from a
//! name, the events lead through its renames to an address. No event has a word that anybody said, in a room or to
//! one member, no topic, no reason that somebody gave, and no room's key.

use crate::base::id::ConnId;
use crate::base::mode::ModeChange;
use crate::base::name::{Name, RoomName};
use crate::framing::sniff::Kind;
use crate::log::close_reason::CloseReason;
use core::fmt::{self, Write};
use core::net::SocketAddr;

/// A member as the console names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleMember<'a> {
    /// Its name at that time.
    pub name: &'a Name,
    /// The other end of its connection.
    pub peer: SocketAddr,
}

/// Something that the console tells whoever runs the server.
#[derive(Clone, Copy, Debug)]
pub enum ConsoleEvent<'a> {
    /// A connection was accepted; it may be refused at once.
    Accepted {
        /// The connection.
        conn: ConnId,
        /// Its other end.
        peer: SocketAddr,
    },
    /// A connection is being closed, or was lost.
    Closed {
        /// The connection.
        conn: ConnId,
        /// Its other end.
        peer: SocketAddr,
        /// The reason.
        reason: CloseReason,
    },
    /// The world did not do what a member asked for.
    CommandRefused {
        /// The member.
        member: ConsoleMember<'a>,
        /// Why, in a word of the logs: `not_room_operator`.
        why: &'static str,
    },
    /// A member is an operator of the server no longer.
    Demoted {
        /// The member.
        member: ConsoleMember<'a>,
    },
    /// A connection that might have spoken any dialect speaks this one.
    Detected {
        /// The connection.
        conn: ConnId,
        /// Its other end.
        peer: SocketAddr,
        /// The name of the dialect that it speaks.
        dialect: &'static str,
    },
    /// A connection became a member.
    Entered {
        /// The member.
        member: ConsoleMember<'a>,
        /// The name of the dialect that it speaks.
        dialect: &'static str,
    },
    /// An operator of the server had a member shown at another host.
    HostSet {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The member.
        target: ConsoleMember<'a>,
        /// Where it is shown now.
        host: &'a str,
    },
    /// A member invited another to a room.
    Invited {
        /// The one who invited.
        by: ConsoleMember<'a>,
        /// The one who is invited.
        target: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// An operator of a room sent a member out of it.
    Kicked {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The member.
        target: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// A member left the server.
    Left {
        /// The member.
        member: ConsoleMember<'a>,
        /// The reason.
        reason: CloseReason,
        /// The operator of the server who ended it, where one did.
        by: Option<ConsoleMember<'a>>,
    },
    /// An operator of a room changed its modes, its lists of masks, or the statuses of members.
    ModesSet {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
        /// The changes, as they were made.
        changes: ModesLogged<'a>,
    },
    /// A password was wrong or missing: the server's, or with a member an operator's.
    PasswordWrong {
        /// The member who gave it, if it was one.
        name: Option<&'a Name>,
        /// The other end.
        peer: SocketAddr,
    },
    /// A member is an operator of the server from here on.
    Promoted {
        /// The member.
        member: ConsoleMember<'a>,
    },
    /// A connection was refused.
    Refused {
        /// Its other end.
        peer: SocketAddr,
        /// The reason.
        reason: CloseReason,
    },
    /// An operator of the server asked for the configuration to be read again.
    RehashAsked {
        /// The operator.
        by: ConsoleMember<'a>,
    },
    /// A member has another name.
    Renamed {
        /// The member, by the name it has now.
        member: ConsoleMember<'a>,
        /// The name that it had.
        from: &'a Name,
    },
    /// A member is in a room.
    RoomEntered {
        /// The member.
        member: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// A member left a room, and is still on the server.
    RoomLeft {
        /// The member.
        member: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// A member set the topic of a room, or cleared it.
    TopicSet {
        /// The member.
        by: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
        /// Whether there is a topic now.
        is_set: bool,
    },
    /// A connection speaks what is not spoken where it connected, and is closed.
    TurnedAway {
        /// Its other end.
        peer: SocketAddr,
        /// The protocol it speaks.
        kind: Kind,
    },
    /// An operator of the server spoke to all who want to hear such.
    Wallops {
        /// The operator.
        by: ConsoleMember<'a>,
    },
}

/// Changes of a room's modes as the logs show them: each with its sign, letter and parameter (`+o bob, -t`). A room's
/// key is left out.
#[derive(Clone, Copy, Debug)]
pub struct ModesLogged<'a>(pub &'a [ModeChange]);

impl fmt::Display for ModesLogged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.0.iter().enumerate() {
            let sign = if change.is_on() { '+' } else { '-' };
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{sign}{}", change.letter())?;
            match change {
                ModeChange::Flag { .. } | ModeChange::Key(_) | ModeChange::Limit(None) => {}
                ModeChange::Limit(Some(limit)) => write!(f, " {limit}")?,
                ModeChange::Mask { mask, .. } => {
                    f.write_char(' ')?;
                    write_printable(mask.as_str(), f)?;
                }
                ModeChange::Status { name, .. } => write!(f, " {name}")?,
            }
        }
        Ok(())
    }
}

/// Writes a text of somebody's so that it cannot change how the record around it looks: what turns the direction of
/// writing, or cannot be seen, is written as an escape.
fn write_printable(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for character in text.chars() {
        if character.is_ascii_graphic() {
            f.write_char(character)?;
        } else {
            write!(f, "{}", character.escape_debug())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::mode::{Flag, Key, Mask, MaskList, Status};
    use alloc::string::ToString;

    #[test]
    fn changes_are_logged_without_a_key() {
        let mask =
            |text| ModeChange::Mask { list: MaskList::Bans, mask: Mask::parse(text).unwrap(), on: true };
        let changes = [
            ModeChange::Flag { flag: Flag::TopicLocked, on: false },
            ModeChange::Key(Key::parse("hunter2")),
            ModeChange::Key(None),
            ModeChange::Limit(Some(5)),
            ModeChange::Limit(None),
            mask("mallory"),
            mask("名x\u{327}字!*@*"),
            ModeChange::Status { name: Name::parse("bob").unwrap(), status: Status::Operator, on: true },
        ];
        assert_eq!(
            ModesLogged(&changes).to_string(),
            "-t, +k, -k, +l 5, -l, +b mallory!*@*, +b 名x\\u{327}字!*@*, +o bob"
        );
        assert_eq!(ModesLogged(&[]).to_string(), "");
    }
}
