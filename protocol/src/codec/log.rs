//! The bytes of the types of the log.

use super::base::Committed;
use super::error::{DecodeError, DecodeErrorKind};
use super::reader::{Reader, error};
use super::value::{Value, ascend};
use super::writer::Writer;
use crate::base::id::{Life, NodeId};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Command, Message, MessageKind, NameRequest};
use crate::log::entry::{Origin, Proposal};
use alloc::sync::Arc;

numbers! { CloseReason, "reason to close" {
    1 => AddressFull,
    2 => Banned,
    3 => EndOfInput,
    4 => Killed,
    5 => KilledLately,
    6 => NotProxy,
    7 => OtherDialect,
    8 => OtherProtocol,
    9 => Password,
    10 => PasswordNotChecked,
    11 => PingTimeout,
    12 => ProxyHeader,
    13 => ProxyTimeout,
    14 => Quit,
    15 => RegistrationTimeout,
    16 => Reset,
    17 => Restarted,
    18 => ServerFull,
    19 => Shutdown,
    20 => SlowReader,
} }

variants! { Command, "command" {
    1 => Configure { revision: 1, limits: 2, },
    2 => Ended { node: 1, life: 2, },
    3 => Enter { request: 1, profile: 2, room: 3, },
    4 => Invite { member: 1, name: 2, room: 3, },
    5 => Kick { member: 1, room: 2, name: 3, message: 4, },
    6 => Kill { member: 1, name: 2, message: 3, },
    7 => Leave { member: 1, reason: 2, message: 3, },
    8 => LiftBan { member: 1, target: 2, },
    9 => Move { member: 1, from: 2, to: 3, key: 4, checks_key: 5, message: 6, },
    10 => Promote { member: 1, },
    11 => Rename { member: 1, name: 2, },
    12 => Reply { member: 1, message: 2, },
    13 => Say { member: 1, room: 2, status: 3, message: 4, },
    14 => SetAway { member: 1, away: 2, },
    15 => SetBan { member: 1, ban: 2, },
    16 => SetHost { member: 1, name: 2, host: 3, },
    17 => SetModes { member: 1, room: 2, changes: 3, },
    18 => SetRealName { member: 1, real_name: 2, },
    19 => SetTopic { member: 1, room: 2, topic: 3, },
    20 => SetUserModes { member: 1, on: 2, off: 3, },
    21 => Started { after: 1, },
    22 => Tell { member: 1, to: 2, message: 3, },
    23 => Wallops { member: 1, text: 2, },
    24 since 2 => EndRoom { room: 1, empty_since_unix_ms: 2, },
    25 since 3 => Redact { member: 1, room: 2, line: 3, author: 4, message: 5, },
} }

stored_as! { Life as u64, "a life", |life| life.0, |number| Some(Life(number)) }

stored_as! {
    Message as StoredMessage,
    "a message",
    |Message { kind, text, tags }| StoredMessage {
        kind: *kind,
        text: text.clone(),
        tags: tags.as_ref().map(|tags| Committed(Arc::clone(tags))),
    },
    |StoredMessage { kind, text, tags }| {
        // A message whose tags were forgotten has none.
        let tags = tags.map(|tags| tags.0).filter(|tags| !tags.is_empty());
        Message::stored(kind, text, tags)
    }
}

numbers! { MessageKind, "kind of message" {
    1 => Action,
    2 => Ctcp,
    3 => CtcpReply,
    4 => Notice,
    5 => Tags,
    6 => Text,
} }

variants! { NameRequest, "request for a name" {
    1 => Name(name: 1),
    2 => Port(port: 1),
} }

stored_as! { NodeId as u16, "a node", |node| node.0, |number| Some(NodeId(number)) }

record! { Origin {
    node: 1,
    life: 2,
    number: 3,
} }

record! { Proposal {
    at_unix_ms: 1,
    origin: 2,
    command: 3,
} }

/// The parts of a [`Message`].
struct StoredMessage {
    kind: MessageKind,
    text: Text,
    tags: Option<Committed>,
}

record! { StoredMessage {
    kind: 1,
    text: 2,
    tags: 3,
} }
