//! Events for the administrator's console and logs: connections, members, renames, and acts of moderators.
//!
//! An event names a member as it was called at that time, with the address of its connection, so that the events lead
//! from a name through its renames to an address. No event contains a message, a topic, a reason that a member gave,
//! or the key of a room: the types have no place for them.

use crate::base::ban::BanTarget;
use crate::base::id::{ConnId, Life, NodeId};
use crate::base::mode::ModeChange;
use crate::base::name::{Name, RoomName};
use crate::framing::sniff::Kind;
use crate::log::close_reason::CloseReason;
use crate::log::state::LogState;
use core::fmt::{self, Write};
use core::net::SocketAddr;

/// A member, as the console names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleMember<'a> {
    /// Its name at that time.
    pub name: &'a Name,
    /// The address of its client, or its node.
    pub peer: Peer,
}

/// The place from which a member comes: the address of its client or, if it is a member of another node, that node. It alone
/// knows the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The address of the client.
    Address(SocketAddr),
    /// Another node.
    Node(NodeId),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Node(node) => node.fmt(f),
        }
    }
}

/// An event that the administrator's console shows.
#[derive(Clone, Copy, Debug)]
pub enum ConsoleEvent<'a> {
    /// A connection was accepted; it may be refused at once.
    Accepted {
        /// The connection.
        conn: ConnId,
        /// The address that it comes from: of its client, or of a proxy.
        peer: SocketAddr,
    },
    /// An operator of the server lifted a ban from the server.
    BanLifted {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The connections that were banned.
        target: &'a BanTarget,
    },
    /// An operator of the server set a ban from the server.
    BanSet {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The banned connections.
        target: &'a BanTarget,
        /// The time at which the ban ends, in milliseconds since 1970-01-01T00:00:00Z; `None` if it does not end by itself.
        ends_unix_ms: Option<u64>,
    },
    /// The time of the log was set back, because the clock of a node was wrong before.
    ClockSetBack {
        /// The number of milliseconds.
        by_ms: u64,
    },
    /// A connection is closing, or was lost.
    Closed {
        /// The connection.
        conn: ConnId,
        /// The address of its client.
        peer: SocketAddr,
        /// The reason.
        reason: CloseReason,
    },
    /// A command of a member was refused.
    CommandRefused {
        /// The member.
        member: ConsoleMember<'a>,
        /// The reason, as the logs show it: `not_room_operator`.
        why: &'static str,
    },
    /// A member is no longer an operator of the server.
    Demoted {
        /// The member.
        member: ConsoleMember<'a>,
    },
    /// The dialect of a connection was detected.
    Detected {
        /// The connection.
        conn: ConnId,
        /// The address of its client.
        peer: SocketAddr,
        /// The name of the dialect.
        dialect: &'static str,
    },
    /// A connection became a member.
    Entered {
        /// The member.
        member: ConsoleMember<'a>,
        /// The name of its dialect.
        dialect: &'static str,
    },
    /// An operator of the server set the host that a member is shown with.
    HostSet {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The member.
        target: ConsoleMember<'a>,
        /// The new host.
        host: &'a str,
    },
    /// A member invited another to a room.
    Invited {
        /// The inviting member.
        by: ConsoleMember<'a>,
        /// The invited member.
        target: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// An operator of a room removed a member from it.
    Kicked {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The member.
        target: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// The life of this node is over, because another process has started for it, or it was ended: the server must stop.
    LifeOver {
        /// The life that has begun instead, if one has.
        other: Option<Life>,
    },
    /// The limits of the shared state that are in force are those of the log, and not those of this node, because they are of a
    /// later revision or of the same.
    LimitsOverruled {
        /// The revision of the limits in force.
        revision: u64,
    },
    /// An operator of a room removed a line of another member.
    LineRemoved {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
    },
    /// The state of the log has changed.
    LogState {
        /// The state.
        state: LogState,
        /// The number of proposals that it has not answered.
        waiting: usize,
    },
    /// A member left the server.
    Left {
        /// The member.
        member: ConsoleMember<'a>,
        /// The reason.
        reason: CloseReason,
        /// The operator of the server who killed the member, if one did.
        by: Option<ConsoleMember<'a>>,
    },
    /// An operator of a room changed its modes, mask lists, or the statuses of members.
    ModesSet {
        /// The operator.
        by: ConsoleMember<'a>,
        /// The room.
        room: &'a RoomName,
        /// The changes that were made.
        changes: ModesLogged<'a>,
    },
    /// A password was not checked, because there are too many attempts: an operator's if `name` is a member, the
    /// server's otherwise.
    PasswordNotChecked {
        /// The name of the member; `None` for a connection that is not a member yet.
        name: Option<&'a Name>,
        /// The address of the client.
        peer: SocketAddr,
    },
    /// A password was wrong or missing: an operator's if `name` is a member, otherwise the server's or a gateway's.
    PasswordWrong {
        /// Whether it is that of a gateway, which has not named its client.
        by_gateway: bool,
        /// The name of the member; `None` for a connection that is not a member yet.
        name: Option<&'a Name>,
        /// The address of the client, or of the gateway.
        peer: SocketAddr,
    },
    /// A member became an operator of the server.
    Promoted {
        /// The member.
        member: ConsoleMember<'a>,
    },
    /// A proxy has named the client of a connection.
    Proxied {
        /// The connection.
        conn: ConnId,
        /// The address of the proxy.
        proxy: SocketAddr,
        /// The address of the client.
        peer: SocketAddr,
    },
    /// A connection was refused.
    Refused {
        /// The address of its client.
        peer: SocketAddr,
        /// The reason.
        reason: CloseReason,
    },
    /// An operator of the server asked for the configuration to be read again.
    RehashRequested {
        /// The operator.
        by: ConsoleMember<'a>,
    },
    /// A member changed its name.
    Renamed {
        /// The member, by its new name.
        member: ConsoleMember<'a>,
        /// The former name.
        from: &'a Name,
    },
    /// A member entered a room.
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
    /// A connection is closed because it speaks a protocol that its listener does not serve.
    TurnedAway {
        /// The address of its client.
        peer: SocketAddr,
        /// The detected protocol.
        kind: Kind,
    },
    /// An operator of the server sent a message to all members with the mode `w`.
    Wallops {
        /// The operator.
        by: ConsoleMember<'a>,
    },
}

/// Displays changes of a room's modes as the logs show them: with sign, letter and parameter (`+o bob, -t`). Keys are
/// left out.
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

/// Writes text that a member chose. Characters that are invisible or change the writing direction are escaped, so that
/// the text cannot change how the rest of a log line looks.
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
    use crate::base::cloak::Cloaks;
    use crate::base::mode::{Flag, Key, Mask, MaskList, Status};
    use alloc::string::ToString;

    #[test]
    fn changes_are_logged_without_a_key() {
        let mask = |text| ModeChange::Mask {
            list: MaskList::Bans,
            mask: Mask::parse(text, &Cloaks::default()).unwrap(),
            on: true,
        };
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
