//! The facts about each message: its possible sources, whether they are bots, its time and its text. They are derived
//! from log entries and the world around them, and not from anything that renders them.

use parlor_protocol::{
    Command, LogEntry, MemberId, Message, MessageKind, Name, RoomId, Seq, UserModes, World,
};
use std::collections::BTreeMap;

/// The facts about all entries and all sources.
#[derive(Debug, Default)]
pub(super) struct Facts {
    entries: BTreeMap<Seq, Fact>,
    /// The time of the log, and the number of times that it was set back.
    latest_unix_ms: u64,
    set_back: u64,
    /// For each source as `nick!user@host`: whether a bot has had it, and whether another member has.
    people: BTreeMap<String, (bool, bool)>,
    /// The members that the next entry is about, and their sources before it.
    about: Vec<MemberId>,
    sources: Vec<(String, bool)>,
    /// The room that the next entry is a message to, and the time of the last message before it that can be read again.
    told: Option<(RoomId, u64)>,
}

/// The facts about an entry, which its messages must agree with.
#[derive(Debug)]
pub(super) struct Fact {
    /// The time that its messages have: that of the entry, unless a message before it in the room has that time or a later one.
    pub(super) at_unix_ms: u64,
    /// The time of the log.
    pub(super) logged_unix_ms: u64,
    /// Number of times that the log had set its time back by then.
    pub(super) set_back: u64,
    /// The commands of messages about it.
    pub(super) commands: &'static [&'static str],
    /// The possible sources of these messages, as `nick!user@host`, and whether each was a bot then.
    pub(super) sources: Vec<(String, bool)>,
    pub(super) said: Option<Said>,
}

/// The text of a message, and how it is sent.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) command: &'static str,
    /// The text before and after each piece of the message.
    pub(super) around: (&'static str, &'static str),
    pub(super) text: String,
}

impl Facts {
    /// Records an entry before it is applied. `world` is the world before it.
    pub(super) fn before(&mut self, entry: &LogEntry, world: &World) {
        let target = match &entry.command {
            Command::Kill { name, .. } | Command::SetHost { name, .. } => world.member_named(name),
            _ => None,
        };
        let author = match entry.command {
            Command::Enter { .. } => Some(MemberId(entry.seq)),
            _ => entry.command.member(),
        };
        let node = match entry.command {
            Command::Ended { node, .. } => Some(node),
            Command::Started { .. } => Some(entry.origin.node),
            _ => None,
        };
        self.told = match &entry.command {
            Command::Say { room, .. } => world.room_named(room).map(|id| (id, remembered(world, id))),
            _ => None,
        };
        let left_behind = world.members().filter(|(_, member)| Some(member.node()) == node).map(|(id, _)| id);
        self.about = author.into_iter().chain(target).chain(left_behind).collect();
        self.sources = sources(world, &self.about);
    }

    /// Records an entry after it was applied. `world` is the world after it.
    pub(super) fn committed(&mut self, entry: &LogEntry, world: &World) {
        let mut sources = std::mem::take(&mut self.sources);
        sources.extend(self::sources(world, &self.about));
        for (source, is_bot) in &sources {
            let (was_bot, was_none) = self.people.entry(source.clone()).or_default();
            *was_bot |= is_bot;
            *was_none |= !is_bot;
        }
        let said = match &entry.command {
            Command::Reply { message, .. } | Command::Say { message, .. } | Command::Tell { message, .. } => {
                Some(Said::of(message))
            }
            _ => None,
        };
        let commands = commands(&entry.command);
        let logged_unix_ms = world.at_unix_ms();
        self.set_back += u64::from(logged_unix_ms < self.latest_unix_ms);
        self.latest_unix_ms = logged_unix_ms;
        let at_unix_ms = match self.told.take() {
            Some((room, before)) if remembered(world, room) != before => logged_unix_ms.max(before + 1),
            _ => logged_unix_ms,
        };
        let fact = Fact { at_unix_ms, logged_unix_ms, set_back: self.set_back, commands, sources, said };
        self.entries.insert(entry.seq, fact);
    }

    pub(super) fn of(&self, seq: Seq) -> Option<&Fact> {
        self.entries.get(&seq)
    }

    /// Returns whether a bot has had this source, and whether another member has.
    pub(super) fn of_source(&self, source: &str) -> (bool, bool) {
        self.people.get(source).copied().unwrap_or_default()
    }
}

/// Returns the time of the last message of a room that can be read again.
fn remembered(world: &World, room: RoomId) -> u64 {
    world.room(room).map_or(0, parlor_protocol::Room::remembered_unix_ms)
}

impl Said {
    fn of(message: &Message) -> Self {
        let (command, around) = match message.kind {
            MessageKind::Action => ("PRIVMSG", ("\x01ACTION ", "\x01")),
            MessageKind::Ctcp => ("PRIVMSG", ("\x01", "\x01")),
            MessageKind::CtcpReply => ("NOTICE", ("\x01", "\x01")),
            MessageKind::Notice => ("NOTICE", ("", "")),
            MessageKind::Text => ("PRIVMSG", ("", "")),
            MessageKind::Tags => ("TAGMSG", ("", "")),
        };
        Self { command, around, text: message.text.as_str().to_owned() }
    }
}

/// Returns the commands of the messages about an entry.
const fn commands(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Configure { .. }
        | Command::EndRoom { .. }
        | Command::LiftBan { .. }
        | Command::Promote { .. }
        | Command::SetBan { .. }
        | Command::SetUserModes { .. } => &[],
        // A plain member that enters the server also enters the room of its listener, and may be an operator there again.
        Command::Enter { .. } => &["JOIN", "MODE"],
        Command::Invite { .. } => &["INVITE"],
        Command::Kick { .. } => &["KICK"],
        Command::Ended { .. } | Command::Kill { .. } | Command::Leave { .. } | Command::Started { .. } => {
            &["QUIT"]
        }
        // The members of the entered room are told whether the newcomer is away (away-notify), and whether it is an operator there
        // again.
        Command::Move { .. } => &["PART", "JOIN", "AWAY", "MODE"],
        Command::Redact { .. } => &["REDACT"],
        Command::Rename { .. } => &["NICK"],
        Command::Reply { .. } | Command::Say { .. } | Command::Tell { .. } => {
            &["PRIVMSG", "NOTICE", "TAGMSG"]
        }
        Command::SetAway { .. } => &["AWAY"],
        Command::SetHost { .. } => &["CHGHOST"],
        Command::SetModes { .. } => &["MODE"],
        Command::SetRealName { .. } => &["SETNAME"],
        Command::SetTopic { .. } => &["TOPIC"],
        Command::Wallops { .. } => &["WALLOPS"],
    }
}

/// Returns the source of each of the members that exist, as `nick!user@host`, and whether it is a bot.
fn sources(world: &World, members: &[MemberId]) -> Vec<(String, bool)> {
    let members = members.iter().filter_map(|&member| world.member(member));
    members
        .map(|member| {
            let profile = &member.person().profile;
            let name: &Name = member.name();
            let source = format!("{name}!{}@{}", profile.user(), profile.host());
            (source, member.modes().has(UserModes::BOT))
        })
        .collect()
}
