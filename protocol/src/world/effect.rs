//! The effects of entries.

use super::Refusal;
use crate::base::ban::ServerBan;
use crate::base::id::{MemberId, RoomId};
use crate::base::mode::ModeChange;
use crate::base::name::RoomName;
use crate::base::person::{Person, UserModes};
use crate::log::close_reason::CloseReason;
use alloc::vec::Vec;

/// An effect of an entry on the world.
///
/// An effect contains what the entry removed from the world, such as a former name. Everything else is in the entry and
/// in the world after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A member marked itself as away, or as back. Members of its rooms may read of it.
    AwaySet {
        /// The member.
        member: MemberId,
        /// Whether it was away before.
        was_away: bool,
        /// Whether the away text is left out, because the member may not speak in one of its rooms.
        silenced: bool,
    },
    /// An operator of the server lifted a ban from the server.
    BanLifted {
        /// The operator.
        member: MemberId,
    },
    /// An operator of the server set a ban from the server, which is the latest.
    BanSet {
        /// The operator.
        member: MemberId,
    },
    /// A connection became a member. Effects for the rooms that it enters follow.
    Entered {
        /// The member.
        member: MemberId,
    },
    /// An operator of the server changed the host that is shown for a member. Members of its rooms may read of it.
    HostSet {
        /// The operator.
        member: MemberId,
        /// The member whose host was changed.
        target: MemberId,
        /// The person as others saw it before.
        from: Person,
    },
    /// A member invited another one to a room.
    Invited {
        /// The member who invited.
        member: MemberId,
        /// The member who was invited.
        target: MemberId,
        /// The room.
        room: RoomId,
    },
    /// A member entered a room. Its members read of it.
    Joined {
        /// The member.
        member: MemberId,
        /// The room.
        room: RoomId,
        /// Whether the away text is left out, because the member may not speak in the room.
        silenced: bool,
    },
    /// A connection did not become a member, because of a ban from the server.
    KeptOut {
        /// The ban.
        ban: ServerBan,
    },
    /// A member was removed from a room. It and the remaining members read of it.
    Kicked {
        /// The operator who removed it.
        member: MemberId,
        /// The member who was removed.
        target: MemberId,
        /// The room.
        room: RoomId,
        /// The name of the room, which may have ended.
        name: RoomName,
    },
    /// A member left the server. Each member of any of its rooms reads of it once.
    Left {
        /// The member who left.
        member: MemberId,
        /// The person as others saw it.
        person: Person,
        /// The rooms that it was in.
        rooms: Vec<RoomId>,
        /// The reason.
        reason: CloseReason,
        /// Whether the parting message is left out, because the member may not speak in one of its rooms.
        silenced: bool,
    },
    /// A member left a room, and is still on the server. The remaining members read of it.
    Parted {
        /// The member.
        member: MemberId,
        /// The room.
        room: RoomId,
        /// The name of the room, which may have ended.
        name: RoomName,
        /// Whether the parting message is left out, because the member may not speak in the room.
        silenced: bool,
    },
    /// A room already had all the requested modes.
    ModesUnchanged {
        /// The member who requested them.
        member: MemberId,
        /// The room.
        room: RoomId,
    },
    /// The modes of a room were changed. All its members read of it.
    ModesSet {
        /// The member who changed them.
        member: MemberId,
        /// The room.
        room: RoomId,
        /// The changes that were made.
        changes: Vec<ModeChange>,
    },
    /// A connection did not become a member.
    NotEntered {
        /// The reason.
        refusal: Refusal,
    },
    /// A member changed its real name. Members of its rooms may read of it.
    RealNameSet {
        /// The member.
        member: MemberId,
    },
    /// A command, or a part of it, was refused.
    Refused {
        /// The member who requested it.
        member: MemberId,
        /// The reason.
        refusal: Refusal,
    },
    /// A member changed its name. It, and each member of any of its rooms, reads of it once.
    Renamed {
        /// The member.
        member: MemberId,
        /// The person with the former name.
        from: Person,
    },
    /// A member sent a message to a room. The other members read it.
    Said {
        /// The member.
        member: MemberId,
        /// The room.
        room: RoomId,
    },
    /// A member sent a direct message.
    Told {
        /// The member who sent it.
        member: MemberId,
        /// The member who receives it.
        to: MemberId,
    },
    /// The topic of a room was set or cleared. All its members read of it.
    TopicSet {
        /// The member who changed it.
        member: MemberId,
        /// The room.
        room: RoomId,
    },
    /// The user modes of a member were set; they may be the same as before.
    UserModesSet {
        /// The member.
        member: MemberId,
        /// The modes that were turned on.
        on: UserModes,
        /// The modes that were turned off.
        off: UserModes,
    },
    /// An operator of the server sent a message to all members with the user mode `w`.
    Wallops {
        /// The operator.
        member: MemberId,
    },
}
