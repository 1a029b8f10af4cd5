//! The interface between a dialect on one side and the session and the hub on the other.

use super::action::{Action, Question};
use super::reply::Reply;
use super::wire_class::WireClass;
use crate::base::ban::{BanTarget, applies_to_member};
use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::name::{Name, RoomName};
use crate::base::options::Options;
use crate::base::person::Person;
use crate::base::text::Text;
use crate::base::time::Now;
use crate::views::{HistoryPage, Views};
use crate::world::{Member, World};
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::fmt;
use core::net::IpAddr;

/// The state of a dialect for one connection.
///
/// A dialect turns the lines of a client into [`Action`]s, and writes the answers to its questions and each [`Reply`] to the
/// client. It cannot change shared state. Events of rooms are rendered by its [`DialectSpec`](crate::DialectSpec), once for
/// all connections of a wire class.
pub trait DialectState: fmt::Debug + Send {
    /// Returns the wire class of the connection: the form in which it is sent events.
    fn class(&self) -> WireClass;

    /// Reads a line, and appends its actions to `actions`.
    fn line(&mut self, line: Line<'_>, context: &Context<'_>, actions: &mut VecDeque<Action>);

    /// Writes the answer to a question of this dialect, from an earlier [`Action::Ask`].
    fn answer(&mut self, question: Question, view: &View<'_>, answer: &mut Answer<'_>);

    /// Writes the answer to a question for which a part of a history was read, from an earlier [`Action::Fetch`].
    fn fetched(&mut self, _: Question, _: &HistoryPage, _: &View<'_>, _: &mut Answer<'_>) {}

    /// Writes a reply: complete lines, or nothing.
    fn reply(&mut self, reply: &Reply<'_>, view: &View<'_>, answer: &mut Answer<'_>);

    /// Appends a part of the answer to a labelled line (see [`Action::Label`]). The default appends it without the label.
    fn label(&self, part: &LabelPart<'_>, to: &mut BytesMut) {
        to.extend_from_slice(part.bytes);
    }

    /// Returns whether a connection becomes a member without a registration.
    fn enters_at_once(&self) -> bool {
        false
    }

    /// Returns whether a member is sent its own messages.
    fn echoes(&self, options: &Options) -> bool {
        options.echo
    }

    /// Returns whether a watcher of a name also receives the events that the rooms of the name's owner receive about the owner
    /// itself (IRCv3, extended-monitor).
    fn watches_closely(&self) -> bool {
        false
    }

    /// Returns whether a silent client is sent [`Reply::Ping`].
    fn is_pinged(&self) -> bool {
        false
    }

    /// Records the member's name and profile as others see them from now on.
    fn identified(&mut self, _: &Person) {}

    /// Records the room that the member has entered; `None` if it has left a room.
    fn moved(&mut self, _: Option<&RoomName>) {}

    /// Records that the registration was refused. The client may register again.
    fn not_entered(&mut self) {}

    /// Records that the server's password was right. Returns the actions that waited for it.
    fn authenticated(&mut self) -> Vec<Action> {
        Vec::new()
    }

    /// Returns the current room of the member, `Some(None)` if it is in none. Returns `None` if in this dialect a member may
    /// be in several rooms.
    fn room(&self) -> Option<Option<&RoomName>> {
        None
    }
}

/// A line of a client, without the line end.
#[derive(Debug)]
pub enum Line<'a> {
    /// A line as it was received.
    Bytes {
        /// The line, up to the limit.
        bytes: &'a [u8],
        /// Number of bytes beyond the limit, which were dropped.
        dropped: usize,
    },
    /// A line that a person may have typed, without telnet commands and with corrections applied.
    Typed {
        /// The line as the author's terminal showed it.
        text: Text,
        /// Number of bytes beyond the limit, which were dropped.
        dropped: usize,
        /// Whether the line is valid UTF-8.
        is_utf8: bool,
        /// Whether the line was converted from UTF-16.
        is_utf16: bool,
    },
}

/// The data available to a dialect that reads a line. It does not include the world, because the commands of earlier lines
/// may not be applied yet. A dialect that depends on the world asks a question, and reads the world in its answer.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The member; `None` before the connection has become one.
    pub member: Option<MemberId>,
    /// The limits of the server.
    pub limits: &'a Limits,
    /// The settings of the server.
    pub options: &'a Options,
}

/// The addresses of the members' clients.
pub trait ClientAddresses: fmt::Debug {
    /// Returns the address of a member's client. Only the member itself and operators of the server may be told.
    fn of_member(&self, member: MemberId) -> Option<IpAddr>;
}

/// The data available to a dialect that writes.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The member; `None` before the connection has become one.
    pub member: Option<MemberId>,
    /// The shared state.
    pub world: &'a World,
    /// The views of what has happened.
    pub views: &'a Views,
    /// The settings of the server.
    pub options: &'a Options,
    /// The limits of the server.
    pub limits: &'a Limits,
    /// The time.
    pub now: Now,
    /// Number of connections on the server that have yet to register.
    pub unregistered: usize,
    /// The names that the connection watches.
    pub watched: &'a BTreeSet<Name>,
    /// The addresses of the members' clients, which the world does not contain.
    pub addresses: &'a dyn ClientAddresses,
}

impl View<'_> {
    /// Returns whether a ban from the server would apply to the connection itself.
    #[must_use]
    pub fn is_covered_by(&self, target: &BanTarget) -> bool {
        let Some(id) = self.member else { return false };
        let (person, ip) = (self.world.member(id).map(Member::person), self.addresses.of_member(id));
        person.zip(ip).is_some_and(|(person, ip)| applies_to_member(target, person, ip, &self.options.cloaks))
    }
}

/// An answer that a dialect writes, and what follows from it.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The bytes of the answer.
    pub bytes: &'a mut BytesMut,
    /// Actions to carry out before the next line is read, in order.
    pub next: Vec<Action>,
    /// Number of examined members and rooms, matching or not. They count towards the rate of the connection, as bytes do.
    pub rows: usize,
    /// Whether the answer may be long. If so, the next line is not read before it is written.
    pub is_bulk: bool,
}

impl<'a> Answer<'a> {
    pub(crate) const fn new(bytes: &'a mut BytesMut) -> Self {
        Self { bytes, next: Vec::new(), rows: 0, is_bulk: false }
    }
}

/// A part of the answer to a labelled line.
#[derive(Clone, Copy, Debug)]
pub struct LabelPart<'a> {
    /// The label.
    pub label: &'a str,
    /// The name of the server.
    pub server: &'a str,
    /// The lines of this part.
    pub bytes: &'a [u8],
    /// Whether it is the first part.
    pub is_first: bool,
    /// Whether it is the last part.
    pub is_last: bool,
}
