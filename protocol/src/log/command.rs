//! Commands, which are the only way to change the shared state.

use crate::base::ban::{BanTarget, NewBan};
use crate::base::id::{Life, MemberId, NodeId, RoomId, Seq};
use crate::base::limits::{PIECE_OVERHEAD_BYTES, PIECE_TEXT_BYTES_MIN, TAGGED_LINE_BYTES_MAX, WorldLimits};
use crate::base::mode::{Key, ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Profile, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A change of the shared state that a member requests.
///
/// A command contains no secrets, and no connection: on another node, or after a restart, a connection with the same number is
/// somebody else's. The session that proposes it has checked its syntax;
/// [`World::apply`](crate::World::apply) checks everything that depends on shared state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Sets the limits for the entries that follow.
    Configure {
        /// The revision of these limits. They replace those of an earlier revision only.
        revision: u64,
        /// The limits.
        limits: WorldLimits,
    },
    /// Ends the life of a node, which has no later entries. Its members leave.
    Ended {
        /// The node.
        node: NodeId,
        /// The life. If the node has another one by now, nothing changes.
        life: Life,
    },
    /// Ends a room that has no members and was kept long enough. It has no author.
    EndRoom {
        /// The room.
        room: RoomId,
        /// The time since which it is empty, in milliseconds since 1970-01-01T00:00:00Z. If it has had members since, nothing
        /// changes.
        empty_since_unix_ms: u64,
    },
    /// A connection of the node that proposes it becomes a member.
    Enter {
        /// The requested name.
        request: NameRequest,
        /// The member's profile.
        profile: Profile,
        /// The room that it enters; `None` for none.
        room: Option<RoomName>,
    },
    /// A member invites another one to a room.
    Invite {
        /// The member who invites.
        member: MemberId,
        /// The member who is invited.
        name: Name,
        /// The room.
        room: RoomName,
    },
    /// A member removes another one from a room.
    Kick {
        /// The operator who kicks.
        member: MemberId,
        /// The room.
        room: RoomName,
        /// The member who is removed.
        name: Name,
        /// The reason; if none is given, the name of the operator.
        message: Option<Text>,
    },
    /// An operator of the server disconnects another member.
    Kill {
        /// The operator.
        member: MemberId,
        /// The member who is disconnected.
        name: Name,
        /// The reason, if one was given.
        message: Option<Text>,
    },
    /// A member leaves the server.
    Leave {
        /// The member who leaves.
        member: MemberId,
        /// The reason.
        reason: CloseReason,
        /// The parting message.
        message: Option<Text>,
    },
    /// An operator of the server lifts a ban from the server.
    LiftBan {
        /// The operator.
        member: MemberId,
        /// The connections that were banned.
        target: BanTarget,
    },
    /// A member leaves one room and enters another in one step; without one of the two, it only enters or leaves.
    Move {
        /// The member who moves.
        member: MemberId,
        /// The room that the member leaves.
        from: Option<RoomName>,
        /// The room that the member enters. It is created if it does not exist.
        to: Option<RoomName>,
        /// The key that was given for the room.
        key: Option<Key>,
        /// Whether a key is an error if the room has none. A person who adds a word to `/join` probably meant something
        /// else; IRC clients may send a key that was removed.
        checks_key: bool,
        /// The parting message for the room that the member leaves.
        message: Option<Text>,
    },
    /// A member becomes an operator of the server.
    Promote {
        /// The member.
        member: MemberId,
    },
    /// A member removes a line from a room.
    ///
    /// The world keeps no lines, so the entry says whose line it is: the node that proposes it has read the line from its history, for
    /// this member. All nodes decide alike, whatever their histories still have. An entry about a line that is not there any more, or
    /// that another entry has removed, is told again and changes nothing.
    Redact {
        /// The member who removes it.
        member: MemberId,
        /// The room.
        room: RoomId,
        /// The position of the line in the log.
        line: Seq,
        /// The member who said it.
        author: MemberId,
        /// The reason, if one was given.
        message: Option<Text>,
    },
    /// A member changes its name.
    Rename {
        /// The member who changes its name.
        member: MemberId,
        /// The requested name.
        name: Name,
    },
    /// A member sends a direct message to the member whose direct message it last received or, if there was none, to
    /// the one to whom it last sent one.
    Reply {
        /// The member who replies.
        member: MemberId,
        /// The message.
        message: Message,
    },
    /// A member sends a message to a room.
    Say {
        /// The member who speaks.
        member: MemberId,
        /// The room.
        room: RoomName,
        /// The lowest status whose holders receive the message; `None` for all members.
        status: Option<Status>,
        /// The message.
        message: Message,
    },
    /// A member marks itself as away, or as back.
    SetAway {
        /// The member.
        member: MemberId,
        /// The text for members who send it a direct message; `None` if it is back.
        away: Option<Text>,
    },
    /// An operator of the server bans connections from the server. If they are banned already, the new ban replaces the
    /// former one.
    SetBan {
        /// The operator.
        member: MemberId,
        /// The ban.
        ban: NewBan,
    },
    /// An operator of the server changes the host that is shown for a member.
    SetHost {
        /// The operator.
        member: MemberId,
        /// The member whose host changes.
        name: Name,
        /// The new host.
        host: Host,
    },
    /// A member changes the modes of a room.
    SetModes {
        /// The member who changes them.
        member: MemberId,
        /// The room.
        room: RoomName,
        /// The changes. Each is accepted or refused by itself.
        changes: Vec<ModeChange>,
    },
    /// A member changes its real name.
    SetRealName {
        /// The member.
        member: MemberId,
        /// The new real name.
        real_name: Text,
    },
    /// A member sets or clears the topic of a room.
    SetTopic {
        /// The member who sets it.
        member: MemberId,
        /// The room, of which it must be a member.
        room: RoomName,
        /// The new topic; `None` clears it.
        topic: Option<Text>,
    },
    /// A member changes its own modes.
    SetUserModes {
        /// The member.
        member: MemberId,
        /// The modes to turn on.
        on: UserModes,
        /// The modes to turn off.
        off: UserModes,
    },
    /// A life of the node that proposes it begins, and its former life is over: members that the former life has left behind
    /// leave. It is the first command of every life.
    Started {
        /// The former life; `None` for the first one. If it is not the node's latest life, nothing changes: then another process
        /// has started for the node.
        after: Option<Life>,
    },
    /// A member sends a direct message.
    Tell {
        /// The member who speaks.
        member: MemberId,
        /// The recipient.
        to: Name,
        /// The message.
        message: Message,
    },
    /// An operator of the server sends a message to all members with the user mode `w`.
    Wallops {
        /// The operator.
        member: MemberId,
        /// The text.
        text: Text,
    },
}

impl Command {
    /// Returns the member who requested the command; `None` for `Configure`, `Ended`, `EndRoom`, `Enter` and
    /// `Started`.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self {
            Self::Configure { .. }
            | Self::Ended { .. }
            | Self::EndRoom { .. }
            | Self::Enter { .. }
            | Self::Started { .. } => None,
            Self::Invite { member, .. }
            | Self::Kick { member, .. }
            | Self::Kill { member, .. }
            | Self::Leave { member, .. }
            | Self::LiftBan { member, .. }
            | Self::Move { member, .. }
            | Self::Promote { member }
            | Self::Redact { member, .. }
            | Self::Rename { member, .. }
            | Self::Reply { member, .. }
            | Self::Say { member, .. }
            | Self::SetAway { member, .. }
            | Self::SetBan { member, .. }
            | Self::SetHost { member, .. }
            | Self::SetModes { member, .. }
            | Self::SetRealName { member, .. }
            | Self::SetTopic { member, .. }
            | Self::SetUserModes { member, .. }
            | Self::Tell { member, .. }
            | Self::Wallops { member, .. } => Some(*member),
        }
    }
}

impl Command {
    /// Returns roughly how many bytes each of those who are told of the command is sent for it. It depends on the command
    /// alone, not on who is told.
    pub(crate) fn told_bytes(&self) -> usize {
        let text = |text: &Option<Text>| text.as_ref().map_or(0, |it| it.as_str().len());
        let bytes = match self {
            Self::Reply { message, .. } | Self::Say { message, .. } | Self::Tell { message, .. } => {
                message.text.as_str().len() + message.tags.as_deref().map_or(0, str::len)
            }
            Self::Kick { message, .. }
            | Self::Kill { message, .. }
            | Self::Leave { message, .. }
            | Self::Move { message, .. }
            | Self::Redact { message, .. } => text(message),
            Self::SetAway { away, .. } => text(away),
            Self::SetRealName { real_name: text, .. } | Self::Wallops { text, .. } => text.as_str().len(),
            Self::SetTopic { topic, .. } => text(topic),
            Self::Configure { .. }
            | Self::Ended { .. }
            | Self::EndRoom { .. }
            | Self::Enter { .. }
            | Self::Invite { .. }
            | Self::LiftBan { .. }
            | Self::Promote { .. }
            | Self::Rename { .. }
            | Self::SetBan { .. }
            | Self::SetHost { .. }
            | Self::SetModes { .. }
            | Self::SetUserModes { .. }
            | Self::Started { .. } => 0,
        };
        bytes + PIECE_OVERHEAD_BYTES * bytes.div_ceil(PIECE_TEXT_BYTES_MIN).max(1)
    }
}

/// A message. Cloning it is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The kind of message.
    pub kind: MessageKind,
    /// The text; empty for [`MessageKind::Tags`].
    pub text: Text,
    /// Tags for programs, in the form of IRC's client-only tags: `+draft/reply=1;+typing=done`.
    pub tags: Option<Arc<str>>,
}

impl Message {
    /// Returns whether the message only says that the member is typing (IRCv3, typing). It is not logged, since it is
    /// worthless later.
    #[must_use]
    pub fn is_signal(&self) -> bool {
        let tags = self.tags.as_deref().unwrap_or_default();
        self.kind == MessageKind::Tags
            && (tags == "+typing" || tags.starts_with("+typing=") && !tags.contains(';'))
    }

    /// Creates a message that was stored. Returns `None` if its tags are too long, or could not be rendered.
    pub(crate) fn stored(kind: MessageKind, text: Text, tags: Option<Arc<str>>) -> Option<Self> {
        let fit = tags.as_deref().is_none_or(|tags| {
            // What ends the tags of a message in IRC, or the message.
            tags.len() <= TAGGED_LINE_BYTES_MAX && !tags.contains(['\0', '\n', '\r', ' '])
        });
        fit.then_some(Self { kind, text, tags })
    }

    /// Creates a message without tags.
    #[must_use]
    pub const fn new(kind: MessageKind, text: Text) -> Self {
        Self { kind, text, tags: None }
    }
}

/// The name that a new member requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameRequest {
    /// A name. If it is taken, the connection does not become a member.
    Name(Name),
    /// A name made from the client's TCP port. One is always free.
    Port(u16),
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// An action of the member: `/me waves`.
    Action,
    /// A request to the programs of other members (IRC's CTCP).
    Ctcp,
    /// A program's reply to such a request.
    CtcpReply,
    /// A message that programs must not answer automatically (IRC's `NOTICE`).
    Notice,
    /// Tags without a text (IRC's `TAGMSG`).
    Tags,
    /// An ordinary text.
    Text,
}

impl MessageKind {
    /// Returns whether the message is for people, and so is kept in the history.
    #[must_use]
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Action | Self::Notice | Self::Text)
    }
}
