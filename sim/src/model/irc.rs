//! The model's own reading of IRC: what each client has said of itself, what its lines ask for, and what it is
//! answered, each number and word written out.

mod answer;
mod help;
pub(super) mod label;
mod line;
mod people;
mod read;
pub(super) mod refusal;
mod room;
mod rooms;
mod server;

use super::conn::Todo;
use parlor_protocol::irc::Capabilities;
use parlor_protocol::{
    CloseReason, Command, Limits, MaskList, MemberId, Name, Person, RoomName, Text, UserModes,
};
pub(super) use read::folded;
use std::collections::BTreeSet;

/// What is known of one client.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) capabilities: Capabilities,
    /// It knows version 302 of `CAP`.
    knows_302: bool,
    /// It has begun to negotiate and not ended it.
    negotiates: bool,
    password: Vec<u8>,
    password_is_right: bool,
    name: Option<Name>,
    user: Option<(String, Text)>,
    /// Names that it watches.
    pub(super) watches: BTreeSet<Name>,
    /// It was asked whether it is there, and has said nothing since.
    pub(super) pinged: bool,
    /// It might as well have spoken the plain dialect where it connected.
    pub(super) might_be_plain: bool,
}

impl Client {
    pub(super) fn where_plain_is_spoken() -> Self {
        Self { might_be_plain: true, ..Self::default() }
    }

    pub(super) fn forget_name(&mut self) {
        self.name = None;
    }

    pub(super) const fn password_was_right(&mut self) {
        self.password_is_right = true;
    }

    /// Its name, its user name and its real name, when it has said all of them.
    pub(super) fn entrant(&self) -> Option<(Name, String, Text)> {
        let (user, real_name) = self.user.clone()?;
        Some((self.name.clone()?, user, real_name))
    }

    const fn has(&self, capability: Capabilities) -> bool {
        self.capabilities.has(capability)
    }
}

/// Whose line is read, and under which conditions.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) member: Option<MemberId>,
    pub(super) person: Option<&'a Person>,
    pub(super) limits: &'a Limits,
    pub(super) has_password: bool,
    /// Names that nobody may take.
    pub(super) reserved: &'a [Name],
}

/// What is answered at once.
#[derive(Clone, Debug)]
pub(super) enum Query {
    Admin,
    /// A subcommand of `CAP` and what it lists.
    Cap(&'static str, String),
    /// A room was entered.
    Entered {
        room: RoomName,
        with_names: bool,
    },
    Fail {
        kind: &'static str,
        command: String,
        code: &'static str,
        words: &'static str,
    },
    Help(Option<String>),
    /// What a person is told who was taken for a client.
    Hint(Hint),
    Info,
    Invitations,
    Ison(Vec<String>),
    LeaveAll,
    Links,
    /// The rooms that all these conditions are true of, from the one that began there on.
    List {
        conditions: Vec<Condition>,
        from: u64,
    },
    Lusers,
    /// A list of a room's, from that place on.
    Masks(RoomName, MaskList, usize),
    Modes(RoomName),
    Motd,
    /// Those in these rooms: from which room on, and from which member of it.
    Names {
        rooms: Vec<String>,
        from: (usize, MemberId),
    },
    /// Three digits and what follows the name.
    Numeric(&'static str, String),
    Pong(String),
    Rehash,
    Restart,
    SetCapabilities(Capabilities, String),
    /// What is said and has no place in the log.
    Signal(Command),
    Stats(Option<char>),
    Status {
        of: Vec<Name>,
        no_place: Vec<Name>,
    },
    Time,
    Topic(RoomName),
    Unwatch(Vec<Name>),
    UnwatchAll,
    Userhost(Vec<String>),
    /// Somebody's own modes: the changes, and whether a letter is none.
    UserModes {
        target: Name,
        change: Option<(UserModes, UserModes)>,
        unknown: bool,
    },
    UserModesAre {
        on: UserModes,
        off: UserModes,
    },
    Version,
    Watch(Vec<Name>),
    Watched,
    Welcome,
    Who {
        mask: String,
        operators: bool,
        fields: Option<(String, String)>,
        from: MemberId,
    },
    Whois(String),
    Whowas(String, usize),
}

/// What a person is told of, who was taken for a client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hint {
    Left,
    OnlyIrc,
    Switched,
    Unregistered,
}

/// A condition of `LIST`.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// Begun more than so many milliseconds ago, or less.
    Age {
        more: bool,
        ms: u64,
    },
    /// The name matches one of these patterns, or is one of these names.
    Like(Vec<String>, Vec<RoomName>),
    /// More than so many members, or less.
    Members {
        more: bool,
        count: usize,
    },
    TopicAge {
        more: bool,
        ms: u64,
    },
    Unlike(String),
}

impl Query {
    pub(super) fn numeric(code: &'static str, rest: impl Into<String>) -> Self {
        Self::Numeric(code, rest.into())
    }
}

/// What is done for a line that is answered with a numeric and nothing else.
fn numeric(code: &'static str, rest: impl Into<String>) -> Vec<Todo> {
    vec![Todo::Query(Query::numeric(code, rest))]
}

fn query(query: Query) -> Vec<Todo> {
    vec![Todo::Query(query)]
}

/// A client's last line.
pub(super) fn farewell(reason: CloseReason, message: Option<&Text>) -> String {
    let why = reason.parting();
    let words = message.map_or_else(String::new, |it| format!(": {}", it.as_str()));
    format!("ERROR :Closing link: {why}{words}\r\n")
}
