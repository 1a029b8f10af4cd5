//! What the log knows of each message: who it may be from, whether that is a bot, when it was, and what was said. Read of the
//! entries and of the world around them, and of nothing that renders them.

use parlor_protocol::{Command, LogEntry, MemberId, Message, MessageKind, Name, Seq, UserModes, World};
use std::collections::BTreeMap;

/// What is known of every entry, and of everybody.
#[derive(Debug, Default)]
pub(super) struct Facts {
    entries: BTreeMap<Seq, Fact>,
    /// By `nick!user@host`: whether somebody who was called so was a bot, and whether somebody was none.
    people: BTreeMap<String, (bool, bool)>,
    /// Those whom the next entry is about, and how they are called before it.
    about: Vec<MemberId>,
    sources: Vec<(String, bool)>,
}

/// What an entry of the log says of the messages that tell of it.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) at_unix_ms: u64,
    /// The commands that tell of it.
    pub(super) commands: &'static [&'static str],
    /// Whom they may be from, as `nick!user@host`, and whether that was a bot then.
    pub(super) sources: Vec<(String, bool)>,
    pub(super) said: Option<Said>,
}

/// What was said, and how it is told.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) command: &'static str,
    /// What stands around each piece of the text.
    pub(super) around: (&'static str, &'static str),
    pub(super) text: String,
}

impl Facts {
    /// An entry is about to be applied to this world.
    pub(super) fn before(&mut self, entry: &LogEntry, world: &World) {
        let target = match &entry.command {
            Command::Kill { name, .. } | Command::SetHost { name, .. } => world.member_named(name),
            _ => None,
        };
        let author = match entry.command {
            Command::Enter { .. } => Some(MemberId(entry.seq)),
            _ => entry.command.member(),
        };
        self.about = author.into_iter().chain(target).collect();
        self.sources = sources(world, &self.about);
    }

    /// An entry was applied, and that is the world after it.
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
        let fact = Fact { at_unix_ms: entry.at_unix_ms, commands, sources, said };
        self.entries.insert(entry.seq, fact);
    }

    pub(super) fn of(&self, seq: Seq) -> Option<&Fact> {
        self.entries.get(&seq)
    }

    /// Whether somebody who was called so was a bot, and whether somebody was none.
    pub(super) fn of_source(&self, source: &str) -> (bool, bool) {
        self.people.get(source).copied().unwrap_or_default()
    }
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

/// The commands that tell others of a command's effects.
const fn commands(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Configure(_) | Command::Promote { .. } | Command::SetUserModes { .. } => &[],
        // Who enters the server enters a room, where the listener leads to one.
        Command::Enter { .. } => &["JOIN"],
        Command::Invite { .. } => &["INVITE"],
        Command::Kick { .. } => &["KICK"],
        Command::Kill { .. } | Command::Leave { .. } => &["QUIT"],
        // Those in the room that is entered hear whether the newcomer is away (away-notify).
        Command::Move { .. } => &["PART", "JOIN", "AWAY"],
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

/// Each of those who are members, as `nick!user@host`, and whether it is a bot.
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
