//! Queries of IRC clients, which are answered from the current world, and the writer of answers.

use super::capability::Capabilities;
use super::event::cut;
use super::history::{HistoryRequest, Redaction, Unwritten};
use super::marker::MarkerTarget;
use super::message::MESSAGE_BYTES_MAX;
use super::numeric::Numeric;
use crate::base::ban::NewBan;
use crate::base::id::{MemberId, RoomId};
use crate::base::limits::Limits;
use crate::base::mode::{Glob, MaskList};
use crate::base::name::{Name, RoomName};
use crate::base::options::Options;
use crate::base::person::UserModes;
use crate::base::time::Now;
use crate::dialect::state::{ClientAddresses, View};
use crate::views::Views;
use crate::world::{Member, Room, World};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;
use core::fmt::{Arguments, Write};

/// A query. Queries with long answers contain the position at which the next page begins.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    /// The bans from the server, from an index.
    Bans(usize),
    /// A `CAP` reply: the subcommand and the list of capabilities.
    Cap(&'static str, String),
    /// The topic and the names of a room that the asker has entered.
    Entered {
        room: RoomName,
        /// The read marker of the room, or that there is none, if the client is told of it.
        marker: Option<Option<u64>>,
        with_names: bool,
    },
    /// A standard reply (IRCv3, standard-replies): `FAIL`, `WARN` or `NOTE`, the command, the code, the text.
    Fail(&'static str, String, &'static str, &'static str),
    /// A standard reply with more parameters between the code and the text.
    FailAbout {
        command: &'static str,
        code: &'static str,
        about: Vec<String>,
        words: &'static str,
    },
    /// The help on a subject, or the list of commands. It is not a [`WithParams`](Self::WithParams), because its answer reads
    /// the table of commands: a row of the table that named the function would refer to itself.
    Help(Option<String>),
    /// A hint for a person who was taken for an IRC client.
    Hint(Hint),
    /// A part of a room's history.
    History(HistoryRequest),
    /// Messages of a history that was read.
    HistoryPage(Unwritten),
    /// The rooms of the asker in which the latest message is between two times, in milliseconds since 1970-01-01T00:00:00Z.
    HistoryTargets {
        between: (u64, u64),
        count_max: usize,
        /// The rooms that were not looked at yet; `None` if none was. The latest message of the last one is being read.
        left: Option<Vec<RoomId>>,
        found: Vec<(u64, RoomName)>,
    },
    /// The asker leaves all rooms, one after the other.
    LeaveAll,
    List {
        filter: ListFilter,
        from: RoomId,
    },
    /// Moves a read marker forward to a time, in milliseconds since 1970-01-01T00:00:00Z, or asks for it.
    MarkRead {
        /// The room or member as the client wrote it.
        shown: String,
        target: MarkerTarget,
        unix_ms: Option<u64>,
    },
    /// A list of a room's masks, from an index.
    MaskList(RoomName, MaskList, usize),
    ModeIs(RoomName),
    /// The status of all watched names.
    MonitorAll,
    /// The status of names, and the names that exceed the limit of watched names.
    MonitorStatus {
        names: Vec<Name>,
        over_limit: Vec<Name>,
    },
    /// The names in rooms, from an index in the list of rooms and a member of that room.
    Names {
        rooms: Vec<String>,
        index: usize,
        from: MemberId,
    },
    /// A numeric and its parameters.
    Numeric(Numeric, Vec<String>),
    /// A read marker: the room or member as the client wrote it, and the time.
    ReadMarker(String, Option<u64>),
    /// Removes a message.
    Redact(Redaction),
    /// Sets a ban from the server, unless it would apply to the asker.
    SetBan(NewBan),
    /// Sets the capabilities, and is answered with a `CAP` reply.
    SetCapabilities(Capabilities, &'static str, String),
    TopicIs(RoomName),
    /// Shows the user modes of a member, or changes them: `set` has the modes to turn on and to turn off. `unknown` is
    /// whether there were unknown letters.
    UserModes {
        target: Name,
        set: Option<(UserModes, UserModes)>,
        unknown: bool,
    },
    /// The changes of the asker's user modes.
    UserModesChanged {
        on: UserModes,
        off: UserModes,
    },
    Who {
        search: Who,
        from: MemberId,
    },
    /// A query that is answered by a function of its parameters, on one page.
    WithParams(fn(&Asker<'_>, &[String], &mut Answers<'_>), Vec<String>),
    /// A query without parameters that is answered by a function, on one page.
    WithoutParams(fn(&Asker<'_>, &mut Answers<'_>)),
}

impl Query {
    /// Returns the answer that a read marker cannot be set or shown.
    pub(super) fn not_marked(code: &'static str, about: Option<String>, words: &'static str) -> Self {
        Self::FailAbout { command: "MARKREAD", code, about: about.into_iter().collect(), words }
    }
}

/// A hint for a person who may have been taken for an IRC client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// The person has sent `/quit`.
    Left,
    /// The line was not IRC, on a port for IRC only.
    OnlyIrc,
    /// The connection has become IRC.
    Switched,
    /// The line was not IRC, on a port for any dialect.
    Unregistered,
}

/// The conditions of a `LIST` (ISUPPORT's `ELIST=CMNTU`). A room must satisfy all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListFilter {
    /// The names of rooms, if any were given.
    pub(crate) rooms: Vec<RoomName>,
    /// Patterns of which the name must match one, if any were given.
    pub(crate) masks: Vec<Glob>,
    /// Patterns that the name must not match.
    pub(crate) not_masks: Vec<Glob>,
    /// The numbers between which the number of members must be.
    pub(crate) users: (Option<usize>, Option<usize>),
    /// The numbers of milliseconds between which the age of the room must be.
    pub(crate) created_ms_ago: (Option<u64>, Option<u64>),
    /// The numbers of milliseconds between which the age of the topic must be.
    pub(crate) topic_ms_ago: (Option<u64>, Option<u64>),
}

/// The parameters of a `WHO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// A room, a name or a pattern.
    pub(crate) mask: String,
    /// Whether only operators of the server are listed.
    pub(crate) operators: bool,
    /// The requested fields of WHOX, and the token; `None` for the ordinary reply.
    pub(crate) fields: Option<(String, Option<String>)>,
}

/// The client that sent a query, and the state from which it is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    /// The client's member; `None` before it has entered.
    pub(crate) member: Option<MemberId>,
    pub(crate) capabilities: Capabilities,
    pub(crate) world: &'a World,
    pub(crate) views: &'a Views,
    pub(crate) options: &'a Options,
    pub(crate) limits: &'a Limits,
    /// The number of connections that have not registered.
    pub(crate) unregistered: usize,
    /// The names that the client watches.
    pub(crate) watched: &'a BTreeSet<Name>,
    pub(crate) addresses: &'a dyn ClientAddresses,
    pub(crate) now: Now,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(capabilities: Capabilities, view: &View<'a>) -> Self {
        let View { member, world, views, options, limits, now, unregistered, watched, addresses } = *view;
        Self { member, capabilities, world, views, options, limits, unregistered, watched, addresses, now }
    }

    /// Returns the asking member, if the client is one.
    pub(crate) fn as_member(&self) -> Option<&'a Member> {
        self.world.member(self.member?)
    }

    /// Returns whether the client is an operator of the server.
    pub(crate) fn is_operator(&self) -> bool {
        self.as_member().is_some_and(|member| member.modes().has(UserModes::OPERATOR))
    }

    /// Returns the room with a name, unless it is hidden from the asker. No room is hidden from operators of the server.
    pub(crate) fn room(&self, name: &RoomName) -> Option<(RoomId, &'a Room)> {
        let id = self.world.room_named(name)?;
        let room = self.world.room(id).filter(|room| self.is_operator() || room.is_visible_to(self.member));
        room.map(|room| (id, room))
    }
}

/// Writes answers as complete messages of the server.
pub(crate) struct Answers<'a> {
    to: &'a mut BytesMut,
    server: &'a str,
    name: &'a str,
    end: usize,
    /// The number of members and rooms that were examined.
    rows: usize,
}

/// Maximum number of bytes of a text for others: a reason, an away message, a real name or a topic.
pub(crate) const TEXT_BYTES_MAX: usize = 390;

/// Number of examined members or rooms after which a page ends, even if nothing was found.
const ROWS_MAX: usize = 1_000;

impl<'a> Answers<'a> {
    /// Creates a writer of one page of answers to `asker`.
    pub(crate) fn new(to: &'a mut BytesMut, asker: &Asker<'a>) -> Self {
        let end = to.len() + asker.limits.reply_bytes_max;
        let name = asker.as_member().map_or("*", |member| member.name().as_str());
        Self { to, server: &asker.options.identity.name, name, end, rows: 0 }
    }

    /// Returns whether the page is full, so that the rest belongs to the next one.
    pub(crate) fn is_full(&self) -> bool {
        self.to.len() >= self.end || self.rows > ROWS_MAX
    }

    /// Counts one examined row, whether it matches or not.
    pub(crate) const fn count_row(&mut self) {
        self.rows += 1;
    }

    /// Returns the number of examined rows.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of bytes that are left for the last parameter of a numeric after `params`.
    pub(crate) fn room(&self, params: &[&str]) -> usize {
        let params: usize = params.iter().map(|param| " ".len() + param.len()).sum();
        MESSAGE_BYTES_MAX.saturating_sub(": 000  :".len() + self.server.len() + self.name.len() + params)
    }

    /// Writes a numeric whose last parameter is a list of words, in as many messages as necessary. No word is cut.
    pub(crate) fn list<'w>(
        &mut self,
        numeric: Numeric,
        params: &[&str],
        between: char,
        words: impl IntoIterator<Item = &'w str>,
    ) {
        for list in lists(self.room(params), between, words) {
            self.numeric(numeric, &[params, &[&list]].concat());
        }
    }

    /// Writes a numeric with a list, separated by commas, before the text of the table.
    pub(crate) fn list_with_text<'w>(
        &mut self,
        numeric: Numeric,
        params: &[&str],
        words: impl IntoIterator<Item = &'w str>,
    ) {
        for list in lists(self.room(&[params, &[numeric.text]].concat()), ',', words) {
            self.numeric(numeric, &[params, &[&list]].concat());
        }
    }

    /// Writes a numeric with its parameters and the text of the table. If the table has none, the last parameter may contain
    /// spaces or be empty.
    pub(crate) fn numeric(&mut self, numeric: Numeric, params: &[&str]) {
        let start = self.begin(numeric.code);
        let (params, last) = match (numeric.text, params) {
            ("", [params @ .., last]) => (params, *last),
            (text, params) => (params, text),
        };
        for param in params {
            self.to.extend_from_slice(b" ");
            self.to.extend_from_slice(if param.is_empty() { b"*" } else { param.as_bytes() });
        }
        self.to.extend_from_slice(b" :");
        self.to.extend_from_slice(last.as_bytes());
        self.finish(start);
    }

    /// Writes a numeric with formatted parameters, none of which contains a space.
    pub(crate) fn words(&mut self, numeric: Numeric, params: Arguments<'_>) {
        let start = self.begin(numeric.code);
        write!(self.to, " {params}").expect("writing to a buffer cannot fail");
        self.finish(start);
    }

    /// Writes another message of the server.
    pub(crate) fn message(&mut self, rest: Arguments<'_>) {
        let start = self.to.len();
        write!(self.to, ":{} {rest}", self.server).expect("writing to a buffer cannot fail");
        self.finish(start);
    }

    /// Writes a message with tags, which end with a space; without tags, they are empty.
    pub(crate) fn tagged_message(&mut self, tags: &str, rest: Arguments<'_>) {
        self.to.extend_from_slice(tags.as_bytes());
        self.message(rest);
    }

    /// Writes a line that is complete, with its end.
    pub(crate) fn line(&mut self, write: impl FnOnce(&mut BytesMut)) {
        write(self.to);
    }

    /// Writes a message whose source is the asker.
    pub(crate) fn message_from_asker(&mut self, rest: Arguments<'_>) {
        let start = self.to.len();
        write!(self.to, ":{} {rest}", self.name).expect("writing to a buffer cannot fail");
        self.finish(start);
    }

    /// Returns the name of the asker, or `*`.
    pub(crate) const fn name(&self) -> &str {
        self.name
    }

    /// Begins a numeric. Returns the position at which it begins.
    fn begin(&mut self, code: &str) -> usize {
        let start = self.to.len();
        write!(self.to, ":{} {code} {}", self.server, self.name).expect("writing to a buffer cannot fail");
        start
    }

    /// Cuts the message that begins at `start` if it is too long, and ends it.
    fn finish(&mut self, start: usize) {
        cut(self.to, start);
        self.to.extend_from_slice(b"\r\n");
    }
}

/// Joins words with a separator into one or more lists of at most `bytes_max` bytes.
fn lists<'w>(bytes_max: usize, between: char, words: impl IntoIterator<Item = &'w str>) -> Vec<String> {
    let (mut lists, mut list) = (Vec::new(), String::new());
    for word in words {
        if !list.is_empty() && list.len() + between.len_utf8() + word.len() > bytes_max {
            lists.push(core::mem::take(&mut list));
        }
        if !list.is_empty() {
            list.push(between);
        }
        list += word;
    }
    lists.push(list);
    lists
}
