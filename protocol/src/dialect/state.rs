//! The interface of a dialect: what the session and the hub ask of it, and what it may look at.

use super::action::{Action, Question};
use super::event::WireClass;
use super::reply::Reply;
use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::name::{Name, RoomName};
use crate::base::options::Options;
use crate::base::person::Person;
use crate::base::text::Text;
use crate::base::time::Now;
use crate::world::World;
use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::fmt;

/// What one connection's dialect knows, and how it reads and writes.
///
/// A dialect turns lines into [`Action`]s, and [`Reply`]s and questions of its own into bytes. It changes nothing that is
/// shared.
pub trait DialectState: fmt::Debug + Send {
    /// Returns the form in which the connection reads events.
    fn class(&self) -> WireClass;

    /// Reads a line, and appends what it asks for to `actions`.
    fn line(&mut self, line: Line<'_>, context: &Context<'_>, actions: &mut VecDeque<Action>);

    /// Answers a question that it put into an [`Action::Ask`].
    fn answer(&mut self, question: Question, view: &View<'_>, answer: &mut Answer<'_>);

    /// Appends what the connection reads of a reply: whole lines, or nothing.
    fn reply(&mut self, reply: &Reply<'_>, view: &View<'_>, answer: &mut Answer<'_>);

    /// Appends a part of the answer to a line with a label.
    fn label(&self, part: &LabelPart<'_>, to: &mut BytesMut) {
        to.extend_from_slice(part.bytes);
    }

    /// Whether a connection becomes a member without saying who it is.
    fn enters_at_once(&self) -> bool {
        false
    }

    /// Whether a member is sent what it says.
    fn echoes(&self, options: &Options) -> bool {
        options.echo
    }

    /// Whether a member that watches a name is told everything that the rooms of the name's owner are told of the owner.
    fn watches_closely(&self) -> bool {
        false
    }

    /// Whether a silent client is asked for a sign of life, with [`Reply::Ping`].
    fn is_pinged(&self) -> bool {
        false
    }

    /// Takes note that the member is known to others as this person from here on.
    fn identified(&mut self, _: &Person) {}

    /// Takes note of the room that the member has entered, or of its being in none.
    fn moved(&mut self, _: Option<&RoomName>) {}

    /// Takes note that the connection has not become a member: its registration was refused, and it may send another.
    fn not_entered(&mut self) {}

    /// Takes note that the server's password was right. Returns what the connection had asked for.
    fn authenticated(&mut self) -> Vec<Action> {
        Vec::new()
    }

    /// Returns the room that the member speaks to, if the dialect has only one at a time.
    fn room(&self) -> Option<Option<&RoomName>> {
        None
    }
}

/// A line that a connection sent, without its end.
#[derive(Debug)]
pub enum Line<'a> {
    /// A line as it came.
    Bytes {
        /// The line, as far as the limit allows.
        bytes: &'a [u8],
        /// Bytes of the line that were dropped because it is too long.
        dropped: usize,
    },
    /// A line that a person may have typed: without telnet's commands, and with corrections applied.
    Typed {
        /// The line as its writer saw it.
        text: Text,
        /// Bytes of the line that were dropped because it is too long.
        dropped: usize,
        /// Whether it came as UTF-8, whole.
        is_utf8: bool,
        /// Whether it came as UTF-16, and was converted.
        is_utf16: bool,
    },
}

/// What a dialect may look at when it reads a line. The world is not part of it: what a line asks for may have to wait
/// for what came before it.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The member; `None` before it is one.
    pub member: Option<MemberId>,
    /// The limits of the server.
    pub limits: &'a Limits,
    /// The settings of the server.
    pub options: &'a Options,
}

/// What a dialect may look at when it writes.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The member; `None` before it is one.
    pub member: Option<MemberId>,
    /// The shared state.
    pub world: &'a World,
    /// The settings of the server.
    pub options: &'a Options,
    /// The limits of the server.
    pub limits: &'a Limits,
    /// The time.
    pub now: Now,
    /// Number of connections that have not said yet who they are.
    pub unregistered: usize,
    /// The names that the connection watches.
    pub watched: &'a BTreeSet<Name>,
}

/// Where a dialect writes what it answers, and what else follows from that.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The bytes of the answer.
    pub bytes: &'a mut BytesMut,
    /// What is done before the next line is read, in this order.
    pub next: Vec<Action>,
    /// Members and rooms that were looked at, which the connection pays for like bytes.
    pub rows: usize,
    /// Whether the answer is written to its end before anything else is done. It is where it is long.
    pub is_bulk: bool,
}

impl<'a> Answer<'a> {
    pub(crate) const fn new(bytes: &'a mut BytesMut) -> Self {
        Self { bytes, next: Vec::new(), rows: 0, is_bulk: false }
    }
}

/// A part of the answer to a line with a label.
#[derive(Clone, Copy, Debug)]
pub struct LabelPart<'a> {
    /// The label.
    pub label: &'a str,
    /// The name of the server.
    pub server: &'a str,
    /// The lines of this part.
    pub bytes: &'a [u8],
    /// Whether no part came before it.
    pub is_first: bool,
    /// Whether no part comes behind it.
    pub is_last: bool,
}
