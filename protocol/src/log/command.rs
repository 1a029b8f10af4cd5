//! The only things that can change the shared state, and the log entries that carry them.

use crate::base::id::{ConnId, MemberId, Seq};
use crate::base::limits::WorldLimits;
use crate::base::mode::{Key, ModeChange, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Profile, UserModes};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What one member wants of the shared state.
///
/// A command is free of secrets by type, checked for syntax by the session that proposed it, and judged by
/// [`World::apply`](crate::World::apply) for everything that depends on others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The limits under which the entries that follow are applied. The first entry of every log.
    Configure(WorldLimits),
    /// A connection wants to be a member.
    Enter {
        /// Who asks; the verdict goes there.
        conn: ConnId,
        /// The name it wants.
        request: NameRequest,
        /// What everybody may know of it.
        profile: Profile,
        /// The room it enters; `None` for none until it joins one.
        room: Option<RoomName>,
    },
    /// A member asks another one into a room.
    Invite {
        /// The member who invites.
        member: MemberId,
        /// The one who is invited.
        name: Name,
        /// The room.
        room: RoomName,
    },
    /// A member sends another one out of a room.
    Kick {
        /// The operator who kicks.
        member: MemberId,
        /// The room.
        room: RoomName,
        /// The one who is kicked out.
        name: Name,
        /// The reason; where none is given, the name of the one who kicks.
        message: Option<Text>,
    },
    /// An operator of the server ends another member's membership.
    Kill {
        /// The operator who ends it.
        member: MemberId,
        /// The member whose membership ends.
        name: Name,
        /// The reason that was given, if one was.
        message: Option<Text>,
    },
    /// A member is gone.
    Leave {
        /// The member who leaves.
        member: MemberId,
        /// The reason.
        reason: CloseReason,
        /// Its last words.
        message: Option<Text>,
    },
    /// A member leaves one room and enters another, at once. With one of the two it only leaves, or only
    /// enters.
    Move {
        /// The member who moves.
        member: MemberId,
        /// The room that it is in and leaves.
        from: Option<RoomName>,
        /// The room that it enters, and begins where there is none.
        to: Option<RoomName>,
        /// The key that it knows of the room that it enters.
        key: Option<Key>,
        /// Whether a key is refused where the room asks for none: people who write one meant something else.
        checks_key: bool,
        /// Its last words where it leaves.
        message: Option<Text>,
    },
    /// A member has shown that it is an operator of the server.
    Promote {
        /// The member.
        member: MemberId,
    },
    /// A member wants another name.
    Rename {
        /// The member who changes its name.
        member: MemberId,
        /// The name it wants.
        name: Name,
    },
    /// A member speaks to whoever last spoke to it alone, or, where nobody has, to whom it spoke last.
    Reply {
        /// The member who replies.
        member: MemberId,
        /// The message.
        message: Message,
    },
    /// A member speaks to a room.
    Say {
        /// The member who speaks.
        member: MemberId,
        /// The room.
        room: RoomName,
        /// Only those with this status or a higher one hear it.
        status: Option<Status>,
        /// The message.
        message: Message,
    },
    /// A member is away, or back.
    SetAway {
        /// The member.
        member: MemberId,
        /// The text that is shown to those who speak to it; `None` if it is back.
        away: Option<Text>,
    },
    /// An operator of the server has a member shown at another host.
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
        /// The changes, each judged by itself.
        changes: Vec<ModeChange>,
    },
    /// A member changes its real name.
    SetRealName {
        /// The member.
        member: MemberId,
        /// The new real name.
        real_name: Text,
    },
    /// A member sets the topic of a room, or clears it.
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
    /// A member speaks to one other member.
    Tell {
        /// The member who speaks.
        member: MemberId,
        /// The one who is spoken to.
        to: Name,
        /// The message.
        message: Message,
    },
    /// An operator of the server speaks to all members with the mode `w`.
    Wallops {
        /// The operator who speaks.
        member: MemberId,
        /// The text.
        text: Text,
    },
}

impl Command {
    /// Who asked for it: the member, for all but `Configure` and `Enter`.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self {
            Self::Configure(_) | Self::Enter { .. } => None,
            Self::Invite { member, .. }
            | Self::Kick { member, .. }
            | Self::Kill { member, .. }
            | Self::Leave { member, .. }
            | Self::Move { member, .. }
            | Self::Promote { member }
            | Self::Rename { member, .. }
            | Self::Reply { member, .. }
            | Self::Say { member, .. }
            | Self::SetAway { member, .. }
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
    /// Whether nobody will ask for it again: a notice that somebody is typing, and nothing else (IRCv3, typing). It
    /// has no place in the log.
    #[must_use]
    pub fn is_signal(&self) -> bool {
        let tags = self.tags.as_deref().unwrap_or_default();
        self.kind == MessageKind::Tags
            && (tags == "+typing" || tags.starts_with("+typing=") && !tags.contains(';'))
    }

    /// A text with nothing around it.
    #[must_use]
    pub const fn new(kind: MessageKind, text: Text) -> Self {
        Self { kind, text, tags: None }
    }
}

/// The name that somebody enters with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameRequest {
    /// This one, or it does not enter.
    Name(Name),
    /// What is made of the TCP port of its other end; there always is one.
    Port(u16),
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// What the member does: `/me waves`.
    Action,
    /// What the member's program asks of other programs (IRC's CTCP).
    Ctcp,
    /// What a program answers to such.
    CtcpReply,
    /// What nobody may answer by itself (IRC's `NOTICE`).
    Notice,
    /// Nothing; the tags are all there is (IRC's `TAGMSG`).
    Tags,
    /// Words for the room.
    Text,
}

impl MessageKind {
    /// Whether people read it, and a room remembers it.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::Action | Self::Notice | Self::Text)
    }
}

/// A command at its place in the one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its position: 1, 2, 3 and so on, without gaps.
    pub seq: Seq,
    /// When it was logged: milliseconds since 1970-01-01T00:00:00Z, never before the entry ahead of it.
    pub at_unix_ms: u64,
    /// The command itself.
    pub command: Command,
}
