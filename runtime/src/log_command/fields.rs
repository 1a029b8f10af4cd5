//! Entries for people and for programs: the same fields, with the same names.

use crate::store::ReadEntry;
use parlor_protocol::{
    Command, Key, LogEntry, Member, MemberId, Message, MessageKind, ModeChange, NameRequest, NewBan, Profile,
    RoomName, Text, Utc, World,
};
use serde_json::Value;
use std::fmt::Write;

/// The fields of an entry. A field without a value is left out.
#[derive(Debug)]
pub(super) struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// Returns the fields of an entry; the world is that before it.
    pub(super) fn of(read: &ReadEntry, world: &World) -> Self {
        let ReadEntry { entry: LogEntry { seq, at_unix_ms, origin, command }, forgotten } = read;
        let mut fields = Self(Vec::new());
        fields.add("seq", seq.0);
        fields.add("at", format!("{:.3}", Utc::from_unix_ms(*at_unix_ms)));
        fields.add("node", origin.node.0);
        // As a text: programs that read numbers as floating-point ones would round it.
        fields.add("life", origin.life.to_string());
        fields.add("number", origin.number);
        fields.add("command", word(command));
        if let Some(member) = command.member() {
            fields.add("member", member.0.0);
            fields.add_some("name", name_of(world, member));
        }
        fields.add_command(command);
        if !forgotten.is_empty() {
            fields.add("forgotten", forgotten.clone());
        }
        fields
    }

    /// Returns the fields as a JSON object.
    pub(super) fn to_json(&self) -> String {
        let fields = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    }

    /// Returns the fields as a line for people. Characters that control a terminal are escaped.
    pub(super) fn to_line(&self) -> String {
        let mut line = String::new();
        for (name, value) in &self.0 {
            match *name {
                // Of the driver's interest only.
                "node" | "life" | "number" | "member" => continue,
                _ if !line.is_empty() => line.push(' '),
                _ => {}
            }
            match (*name, value) {
                ("seq" | "at" | "command", Value::String(text)) => line += text,
                ("seq", value) => line += &value.to_string(),
                (_, Value::String(text)) => {
                    write!(line, "{name}=").expect("writing to a string cannot fail");
                    push_escaped(&mut line, text);
                }
                _ => write!(line, "{name}={value}").expect("writing to a string cannot fail"),
            }
        }
        line
    }

    fn add(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    fn add_some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    fn add_text(&mut self, name: &'static str, text: Option<&Text>) {
        self.add_some(name, text.map(Text::as_str));
    }

    fn add_message(&mut self, message: &Message) {
        self.add("kind", kind(message.kind));
        self.add("text", message.text.as_str());
        self.add_some("tags", message.tags.as_deref());
    }

    fn add_profile(&mut self, profile: &Profile) {
        self.add("user", profile.user());
        self.add("host", profile.host());
        self.add("real_name", profile.real_name());
    }

    fn add_command(&mut self, command: &Command) {
        match command {
            Command::Configure { revision, .. } => self.add("revision", *revision),
            Command::Ended { node, life } => {
                self.add("ended_node", node.0);
                self.add("ended_life", life.to_string());
            }
            Command::EndRoom { room, empty_since_unix_ms } => {
                self.add("room_id", room.0.0);
                self.add("empty_since", Utc::from_unix_ms(*empty_since_unix_ms).to_string());
            }
            Command::Enter { request, profile, room } => {
                match request {
                    NameRequest::Name(name) => self.add("name", name.as_str()),
                    NameRequest::Port(port) => self.add("port", *port),
                }
                self.add_profile(profile);
                self.add_some("room", room.as_ref().map(RoomName::as_str));
            }
            Command::Leave { reason, message, .. } => {
                self.add("reason", reason.word());
                self.add_text("text", message.as_ref());
            }
            Command::Move { from, to, key, message, .. } => {
                self.add_some("from", from.as_ref().map(RoomName::as_str));
                self.add_some("to", to.as_ref().map(RoomName::as_str));
                self.add_some("key", key.as_ref().map(Key::as_str));
                self.add_text("text", message.as_ref());
            }
            Command::Promote { .. } => {}
            Command::Rename { name, .. } => self.add("new_name", name.as_str()),
            Command::Reply { message, .. } => self.add_message(message),
            Command::Say { room, status, message, .. } => {
                self.add("room", room.as_str());
                self.add_some("status", status.map(|status| status.letter().to_string()));
                self.add_message(message);
            }
            Command::SetAway { away, .. } => self.add_text("text", away.as_ref()),
            Command::SetRealName { real_name, .. } => self.add("real_name", real_name.as_str()),
            Command::SetUserModes { on, off, .. } => {
                self.add("on", on.to_string());
                self.add("off", off.to_string());
            }
            Command::Started { after } => self.add_some("after", after.map(|life| life.to_string())),
            Command::Tell { to, message, .. } => {
                self.add("to", to.as_str());
                self.add_message(message);
            }
            Command::Wallops { text, .. } => self.add("text", text.as_str()),
            command => self.add_operation(command),
        }
    }

    /// Adds what operators of rooms and of the server do.
    fn add_operation(&mut self, command: &Command) {
        match command {
            Command::Invite { name, room, .. } => {
                self.add("other", name.as_str());
                self.add("room", room.as_str());
            }
            Command::Kick { room, name, message, .. } => {
                self.add("other", name.as_str());
                self.add("room", room.as_str());
                self.add_text("text", message.as_ref());
            }
            Command::Kill { name, message, .. } => {
                self.add("other", name.as_str());
                self.add_text("text", message.as_ref());
            }
            Command::LiftBan { target, .. } => self.add("target", target.to_string()),
            Command::Redact { room, line, author, message, .. } => {
                self.add("room_id", room.0.0);
                self.add("line", line.0);
                self.add("author", author.0.0);
                self.add_text("text", message.as_ref());
            }
            Command::SetBan { ban: NewBan { target, lasts_ms, reason }, .. } => {
                self.add("target", target.to_string());
                self.add_some("lasts_ms", *lasts_ms);
                self.add_text("text", reason.as_ref());
            }
            Command::SetHost { name, host, .. } => {
                self.add("other", name.as_str());
                self.add("host", host.as_str());
            }
            Command::SetModes { room, changes, .. } => {
                self.add("room", room.as_str());
                self.add("modes", changes.iter().map(mode).collect::<Vec<_>>());
            }
            Command::SetTopic { room, topic, .. } => {
                self.add("room", room.as_str());
                self.add_text("text", topic.as_ref());
            }
            _ => {}
        }
    }
}

/// Returns the name of a member, if it has not left.
fn name_of(world: &World, member: MemberId) -> Option<&str> {
    world.member(member).map(|member: &Member| member.name().as_str())
}

/// Returns a change of a mode as IRC writes it: `+o alice`.
fn mode(change: &ModeChange) -> String {
    let sign = if change.is_on() { '+' } else { '-' };
    let parameter = change.parameter().map(|parameter| format!(" {parameter}")).unwrap_or_default();
    format!("{sign}{}{parameter}", change.letter())
}

/// Adds a text in quotes.
fn push_escaped(line: &mut String, text: &str) {
    line.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => line.extend(['\\', character]),
            // Besides control characters, those that change the direction of what follows.
            '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                line.extend(character.escape_unicode());
            }
            _ if character.is_control() => line.extend(character.escape_default()),
            _ => line.push(character),
        }
    }
    line.push('"');
}

const fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Action => "action",
        MessageKind::Ctcp => "ctcp",
        MessageKind::CtcpReply => "ctcp_reply",
        MessageKind::Notice => "notice",
        MessageKind::Tags => "tags",
        MessageKind::Text => "text",
    }
}

const fn word(command: &Command) -> &'static str {
    match command {
        Command::Configure { .. } => "configure",
        Command::Ended { .. } => "ended",
        Command::EndRoom { .. } => "end_room",
        Command::Enter { .. } => "enter",
        Command::Invite { .. } => "invite",
        Command::Kick { .. } => "kick",
        Command::Kill { .. } => "kill",
        Command::Leave { .. } => "leave",
        Command::LiftBan { .. } => "lift_ban",
        Command::Move { .. } => "move",
        Command::Promote { .. } => "promote",
        Command::Redact { .. } => "redact",
        Command::Rename { .. } => "rename",
        Command::Reply { .. } => "reply",
        Command::Say { .. } => "say",
        Command::SetAway { .. } => "set_away",
        Command::SetBan { .. } => "set_ban",
        Command::SetHost { .. } => "set_host",
        Command::SetModes { .. } => "set_modes",
        Command::SetRealName { .. } => "set_real_name",
        Command::SetTopic { .. } => "set_topic",
        Command::SetUserModes { .. } => "set_user_modes",
        Command::Started { .. } => "started",
        Command::Tell { .. } => "tell",
        Command::Wallops { .. } => "wallops",
    }
}
