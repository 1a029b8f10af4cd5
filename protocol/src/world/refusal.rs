//! Refusals as the logs name them.

use super::Refusal;

impl Refusal {
    /// The refusal in a word of the logs: `name_taken`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::AlreadyIn(_) => "already_in",
            Self::AlreadyThere { .. } => "already_there",
            Self::BadKey(_) => "bad_key",
            Self::Banned(_) => "banned",
            Self::CorrespondentLeft => "correspondent_left",
            Self::InviteOnly(_) => "invite_only",
            Self::ListFull { .. } => "list_full",
            Self::NameHeld(_) => "name_held",
            Self::NameTaken(_) => "name_taken",
            Self::NameUnchanged => "name_unchanged",
            Self::NoCtcp(_) => "no_ctcp",
            Self::NoKey(_) => "no_key",
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
        }
    }
}
