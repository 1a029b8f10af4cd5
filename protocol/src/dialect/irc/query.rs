//! What IRC asks and is answered at once: from the world as it is, or from nothing.

use super::capability::Capabilities;
use super::event::cut;
use super::message::MESSAGE_BYTES_MAX;
use super::numeric::Numeric;
use crate::base::id::{MemberId, RoomId};
use crate::base::limits::Limits;
use crate::base::mode::{Glob, MaskList};
use crate::base::name::{Name, RoomName};
use crate::base::options::Options;
use crate::base::person::UserModes;
use crate::base::time::Now;
use crate::dialect::state::View;
use crate::world::{Member, Room, World};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::BytesMut;
use core::fmt::{Arguments, Write};

/// A question. Those that may have long answers say where the next page begins.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    /// `CAP` and its subcommand: what there is to say of capabilities.
    Cap(&'static str, String),
    /// The asker has entered a room: what it is about, and who is there.
    Entered {
        room: RoomName,
        with_names: bool,
    },
    /// A standard reply (IRCv3, standard-replies): `FAIL`, `WARN` or `NOTE`, the command, the code, the words.
    Fail(&'static str, String, &'static str, &'static str),
    Help(Option<String>),
    /// How a person goes on who was taken for a client of IRC.
    Hint(Hint),
    Invitations,
    Ison(Vec<String>),
    /// All rooms are left, one after the other.
    LeaveAll,
    List {
        filter: ListFilter,
        from: RoomId,
    },
    /// A list of a room's masks, from that one on.
    MaskList(RoomName, MaskList, usize),
    ModeIs(RoomName),
    /// Of all names that are watched, whether they are there.
    MonitorAll,
    /// The names that are watched.
    MonitorList,
    /// Of some names, whether they are there; and those for which there was no place.
    MonitorStatus {
        of: Vec<Name>,
        left_over: Vec<Name>,
    },
    /// The names in rooms, as they were asked for: which room is under way, and from which member on.
    Names {
        rooms: Vec<String>,
        index: usize,
        from: MemberId,
    },
    /// A question without parameters, by what answers it.
    Now(fn(&Asker<'_>, &mut Answers<'_>)),
    /// A numeric and its parameters.
    Numeric(Numeric, Vec<String>),
    Pong(String),
    /// An operator wants the server to begin anew.
    Restart,
    /// These capabilities are in force from here on; then the `CAP` reply.
    SetCapabilities(Capabilities, &'static str, String),
    Stats(Option<char>),
    TopicIs(RoomName),
    /// Somebody's own modes; with two sets, those to turn on and those to turn off. Some letters may be no modes.
    UserModes {
        target: Name,
        set: Option<(UserModes, UserModes)>,
        unknown: bool,
    },
    /// The asker's own modes were changed so.
    UserModesAre {
        on: UserModes,
        off: UserModes,
    },
    Userhost(Vec<String>),
    Welcome,
    Who {
        asked: Who,
        from: MemberId,
    },
    Whois {
        asked: String,
    },
    Whowas {
        asked: String,
        count: usize,
    },
}

/// What a person is told who may have been taken for a client of IRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// It leaves.
    Left,
    /// It wrote what is no IRC, where nothing else is spoken.
    OnlyIrc,
    /// It is taken for one from here on.
    Switched,
    /// It wrote what is no IRC, where it may be anything.
    Unregistered,
}

/// Which rooms `LIST` is about (ISUPPORT's `ELIST=CMNTU`). All conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListFilter {
    /// These rooms, if any are named.
    pub(crate) rooms: Vec<RoomName>,
    /// Names that match one of these patterns, if there are any.
    pub(crate) masks: Vec<Glob>,
    /// Names that match none of these.
    pub(crate) not_masks: Vec<Glob>,
    /// More members than that; fewer members than that.
    pub(crate) users: (Option<usize>, Option<usize>),
    /// Begun longer ago than so many milliseconds; begun less long ago.
    pub(crate) created_ms_ago: (Option<u64>, Option<u64>),
    /// Topics set longer ago than so many milliseconds; less long ago.
    pub(crate) topic_ms_ago: (Option<u64>, Option<u64>),
}

/// Whom `WHO` is about, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// A room, a name or a pattern, as it was asked for.
    pub(crate) mask: String,
    /// Only operators of the server.
    pub(crate) operators: bool,
    /// The fields of WHOX that were asked for, and the token; `None` for the usual reply.
    pub(crate) fields: Option<(String, Option<String>)>,
}

/// Who asks, and what is known for an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    /// `None` before it is a member.
    pub(crate) member: Option<MemberId>,
    pub(crate) capabilities: Capabilities,
    pub(crate) world: &'a World,
    pub(crate) options: &'a Options,
    pub(crate) limits: &'a Limits,
    /// Number of connections that have not said yet who they are.
    pub(crate) unregistered: usize,
    /// The names that the asker watches.
    pub(crate) watched: &'a BTreeSet<Name>,
    pub(crate) now: Now,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(capabilities: Capabilities, view: &View<'a>) -> Self {
        let View { member, world, options, limits, now, unregistered, watched } = *view;
        Self { member, capabilities, world, options, limits, unregistered, watched, now }
    }

    /// Who asks, if it is a member.
    pub(crate) fn is(&self) -> Option<&'a Member> {
        self.world.member(self.member?)
    }

    /// The room of that name, unless it is one that the asker may not know of. Operators of the server may.
    pub(crate) fn room(&self, name: &RoomName) -> Option<(RoomId, &'a Room)> {
        let id = self.world.room_named(name)?;
        let operates = self.is().is_some_and(|it| it.modes().has(UserModes::OPERATOR));
        let room = self.world.room(id).filter(|room| operates || room.is_visible_to(self.member));
        room.map(|room| (id, room))
    }
}

/// Where answers are written: whole messages from the server.
pub(crate) struct Answers<'a> {
    to: &'a mut BytesMut,
    server: &'a str,
    name: &'a str,
    end: usize,
    /// Members and rooms that were looked at.
    rows: usize,
}

/// Bytes of a text that a client has others told: a reason, where it is, what it calls itself, what a room is about.
pub(crate) const TEXT_BYTES_MAX: usize = 390;

/// A page of an answer ends when so many members or rooms were looked at, whatever was found.
const ROWS_MAX: usize = 1_000;

impl<'a> Answers<'a> {
    /// Answers from that server to that name, in pages of so many bytes.
    pub(crate) fn new(to: &'a mut BytesMut, asker: &Asker<'a>) -> Self {
        let end = to.len() + asker.limits.reply_bytes_max;
        let name = asker.is().map_or("*", |member| member.name().as_str());
        Self { to, server: &asker.options.identity.name, name, end, rows: 0 }
    }

    /// Whether so much is written that the rest is for the next page.
    pub(crate) fn is_full(&self) -> bool {
        self.to.len() >= self.end || self.rows > ROWS_MAX
    }

    /// A member or a room is looked at, which may be found or not.
    pub(crate) const fn count_row(&mut self) {
        self.rows += 1;
    }

    /// How many were looked at.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes that the last parameter of a numeric has room for behind these.
    pub(crate) fn room(&self, params: &[&str]) -> usize {
        let params: usize = params.iter().map(|param| " ".len() + param.len()).sum();
        MESSAGE_BYTES_MAX.saturating_sub(": 000  :".len() + self.server.len() + self.name.len() + params)
    }

    /// A numeric whose last parameter is a list of words behind these, in as many messages as it takes: no word is
    /// cut.
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

    /// The same where the words of the table stand behind the list, which is one parameter.
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

    /// A numeric with its parameters, and the words of the table at its end. Where the table has none, the last
    /// parameter is the one that may have spaces. No parameter but the last may be empty.
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

    /// A numeric whose parameters stand as they are given, none of which has a space.
    pub(crate) fn words(&mut self, numeric: Numeric, params: Arguments<'_>) {
        let start = self.begin(numeric.code);
        write!(self.to, " {params}").expect("a buffer takes what it is given");
        self.finish(start);
    }

    /// A message that is no numeric: `:server` and what is given.
    pub(crate) fn message(&mut self, rest: Arguments<'_>) {
        let start = self.to.len();
        write!(self.to, ":{} {rest}", self.server).expect("a buffer takes what it is given");
        self.finish(start);
    }

    /// A message from the asker itself.
    pub(crate) fn message_from_asker(&mut self, rest: Arguments<'_>) {
        let start = self.to.len();
        write!(self.to, ":{} {rest}", self.name).expect("a buffer takes what it is given");
        self.finish(start);
    }

    /// The name of who asks, or `*`.
    pub(crate) const fn name(&self) -> &str {
        self.name
    }

    fn begin(&mut self, code: &str) -> usize {
        let start = self.to.len();
        write!(self.to, ":{} {code} {}", self.server, self.name).expect("a buffer takes what it is given");
        start
    }

    fn finish(&mut self, start: usize) {
        cut(self.to, start);
        self.to.extend_from_slice(b"\r\n");
    }
}

/// Words with a character between them, in as many lists as it takes of so many bytes; one at the least.
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
