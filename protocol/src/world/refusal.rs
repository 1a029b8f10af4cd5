//! The reasons for which the world refuses a command.

use crate::base::ban::BanTarget;
use crate::base::mode::{Mask, MaskList};
use crate::base::name::{Name, RoomName};

/// The reason for which the world refused a command, or a part of it.
///
/// "The member" is the one that requested the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The member is already in the room.
    AlreadyIn(RoomName),
    /// The invited member is already in the room.
    AlreadyThere {
        /// The name of the invited member.
        name: Name,
        /// The room.
        room: RoomName,
    },
    /// The room has a key, and the member gave none or a wrong one.
    BadKey(RoomName),
    /// The member is banned from the room.
    Banned(RoomName),
    /// The server has as many bans as its limit allows, which is this number.
    BansFull(u32),
    /// The member to whom the reply would go has left the server.
    CorrespondentLeft,
    /// Only invited members may enter the room.
    InviteOnly(RoomName),
    /// The mask lists of the room are full.
    ListFull {
        /// The room.
        room: RoomName,
        /// The list.
        list: MaskList,
        /// The mask that was not added.
        mask: Mask,
    },
    /// A ban from the server applies to the name.
    NameBanned,
    /// The member may not change its name while a mask mutes it in the room.
    NameHeld(RoomName),
    /// Another member has the name.
    NameTaken(Name),
    /// The member already has the name.
    NameUnchanged,
    /// The room does not allow CTCP.
    NoCtcp(RoomName),
    /// The member gave a key, but the room has none or does not exist.
    NoKey(RoomName),
    /// There is no such ban from the server.
    NoSuchBan(BanTarget),
    /// No member has the name.
    NoSuchName(Name),
    /// The room does not exist, or is secret.
    NoSuchRoom(RoomName),
    /// The member has neither received nor sent a direct message, so there is nobody to reply to.
    NobodyToAnswer,
    /// The member is not in the room.
    NotIn(RoomName),
    /// The member is not an operator of the room.
    NotRoomOperator(RoomName),
    /// The member is not an operator of the server.
    NotServerOperator,
    /// The other member is not in the room.
    NotThere {
        /// The name of the other member.
        name: Name,
        /// The room.
        room: RoomName,
    },
    /// The room has as many members as its limit allows.
    RoomFull(RoomName),
    /// The server has as many rooms as its limit allows.
    RoomsFull,
    /// The member may not speak in the room.
    Silenced(RoomName),
    /// The topic is longer than this number of bytes.
    TopicTooLong(u32),
    /// The member is in as many rooms as its limit allows.
    TooManyRooms,
    /// Members with the host of this one have begun as many rooms as they may, which is this number.
    TooManyRoomsBegun(u32),
}

impl Refusal {
    /// Returns the word for the refusal in logs: `name_taken`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::AlreadyIn(_) => "already_in",
            Self::AlreadyThere { .. } => "already_there",
            Self::BadKey(_) => "bad_key",
            Self::Banned(_) => "banned",
            Self::BansFull(_) => "bans_full",
            Self::CorrespondentLeft => "correspondent_left",
            Self::InviteOnly(_) => "invite_only",
            Self::ListFull { .. } => "list_full",
            Self::NameBanned => "name_banned",
            Self::NameHeld(_) => "name_held",
            Self::NameTaken(_) => "name_taken",
            Self::NameUnchanged => "name_unchanged",
            Self::NoCtcp(_) => "no_ctcp",
            Self::NoKey(_) => "no_key",
            Self::NoSuchBan(_) => "no_such_ban",
            Self::NoSuchName(_) => "no_such_name",
            Self::NoSuchRoom(_) => "no_such_room",
            Self::NobodyToAnswer => "nobody_to_answer",
            Self::NotIn(_) => "not_in",
            Self::NotRoomOperator(_) => "not_room_operator",
            Self::NotServerOperator => "not_server_operator",
            Self::NotThere { .. } => "not_there",
            Self::RoomFull(_) => "room_full",
            Self::RoomsFull => "rooms_full",
            Self::Silenced(_) => "silenced",
            Self::TopicTooLong(_) => "topic_too_long",
            Self::TooManyRooms => "too_many_rooms",
            Self::TooManyRoomsBegun(_) => "too_many_rooms_begun",
        }
    }
}
