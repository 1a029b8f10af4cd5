//! Commands that send messages, and that change what others see of a member.

use super::register::text;
use super::room::each;
use super::{Line, answer_numeric, ask};
use crate::base::mode::Status;
use crate::base::name::Name;
use crate::base::person::Host;
use crate::base::text::Text;
use crate::dialect::action::Action;
use crate::dialect::irc::client::Client;
use crate::dialect::irc::name::{printable_word, room_name};
use crate::dialect::irc::numeric::{self, Numeric};
use crate::dialect::irc::query::Query;
use crate::dialect::irc::{Capabilities, MESSAGE_BYTES_MAX};
use crate::log::command::{Command, Message, MessageKind};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The answer to a message for a reserved name. Clients send passwords to names such as `NickServ`, so the message is
/// not proposed to the log.
const NO_SERVICES: Numeric = Numeric { text: "", ..numeric::ERR_NOSUCHNICK };

/// `PRIVMSG`: sends a message to rooms or members.
pub(super) fn privmsg(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    say(client, line, "PRIVMSG", MessageKind::Text, MessageKind::Ctcp)
}

/// `NOTICE`: sends a message that is never answered automatically, not even with an error (RFC 2812, section 3.3.2).
pub(super) fn notice(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let mut actions = say(client, line, "NOTICE", MessageKind::Notice, MessageKind::CtcpReply);
    actions.retain(|actions| matches!(actions, Action::Propose(_)));
    actions
}

/// `TAGMSG`: sends only tags (IRCv3, message-tags).
pub(super) fn tagmsg(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(targets) = line.param(0).filter(|targets| !targets.is_empty()) else {
        return line.needs_more();
    };
    let tags = client.tags(line);
    if tags.is_none() {
        return Vec::new();
    }
    let message = Message { kind: MessageKind::Tags, text: Text::default(), tags };
    each(line, targets, |target| to_target(line, target, &message))
}

fn say(client: &Client, line: &Line<'_>, command: &str, kind: MessageKind, ctcp: MessageKind) -> Vec<Action> {
    let Some(targets) = line.param(0).filter(|targets| !targets.trim_matches(',').is_empty()) else {
        return answer_numeric(numeric::ERR_NORECIPIENT, &[]);
    };
    let Some(content) = line.rest(1).filter(|content| !content.is_empty()) else {
        return answer_numeric(numeric::ERR_NOTEXTTOSEND, &[]);
    };
    let mut message = message(&content, kind, ctcp);
    if message.text.as_str().is_empty() && message.kind == kind {
        return answer_numeric(numeric::ERR_NOTEXTTOSEND, &[]);
    }
    message.tags = client.tags(line);
    each(line, targets, |target| {
        // A message that would be too long for its readers is refused rather than cut.
        if client.source_bytes + command.len() + target.len() + " :".len() + 1 + content.len()
            > MESSAGE_BYTES_MAX
        {
            return answer_numeric(numeric::ERR_INPUTTOOLONG, &[]);
        }
        to_target(line, target, &message)
    })
}

/// Parses the content of a message, which may be CTCP.
fn message(content: &str, kind: MessageKind, ctcp: MessageKind) -> Message {
    let Some(inner) = content.strip_prefix('\x01') else { return Message::new(kind, text(content)) };
    let inner = inner.strip_suffix('\x01').unwrap_or(inner);
    match inner.strip_prefix("ACTION ") {
        Some(action) if kind == MessageKind::Text => Message::new(MessageKind::Action, text(action)),
        _ => Message::new(ctcp, text(inner)),
    }
}

/// Returns the command that sends the message to a room, to members with a status in a room, or to one member.
fn to_target(line: &Line<'_>, target: &str, message: &Message) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let status = Status::ALL.into_iter().find(|status| target.starts_with(status.prefix()));
    let (status, room) = match (status, target.get(1..)) {
        (Some(status), Some(room)) if room.starts_with('#') => (Some(status), room),
        _ => (None, target),
    };
    let is_signal = message.is_signal();
    let message = message.clone();
    let command = if room.starts_with('#') {
        let Some(room) = room_name(room) else {
            return answer_numeric(numeric::ERR_NOSUCHCHANNEL, &[&printable_word(room)]);
        };
        Command::Say { member, room, status, message }
    } else {
        let Ok(to) = Name::parse_any(target) else {
            return answer_numeric(numeric::ERR_NOSUCHNICK, &[&printable_word(target)]);
        };
        if line.options.identity.reserves(&to) {
            return answer_numeric(
                NO_SERVICES,
                &[&printable_word(target), "There are no services here; your message reached nobody"],
            );
        }
        Command::Tell { member, to, message }
    };
    if is_signal { alloc::vec![Action::Signal(command)] } else { alloc::vec![Action::Propose(command)] }
}

/// `AWAY`: marks the member as away, or as back.
pub(super) fn away(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    match line.outgoing_text(client, 0, ("AWAY", &[])) {
        Ok(away) => alloc::vec![Action::Propose(Command::SetAway { member, away })],
        Err(actions) => actions,
    }
}

/// `SETNAME`: changes the real name (IRCv3, setname).
pub(super) fn setname(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    match line.outgoing_text(client, 0, ("SETNAME", &[])).ok().flatten() {
        Some(real_name) => alloc::vec![Action::Propose(Command::SetRealName { member, real_name })],
        None => ask(Query::Fail("FAIL", "SETNAME".into(), "INVALID_REALNAME", "Invalid realname")),
    }
}

/// `CHGHOST`: changes the host that is shown for a member. For operators of the server.
pub(super) fn chghost(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let (name, host) = (line.param(0).unwrap_or_default(), line.param(1).unwrap_or_default());
    match (Name::parse_any(name), Host::parse(host)) {
        (Err(_), _) => answer_numeric(numeric::ERR_NOSUCHNICK, &[&printable_word(name)]),
        (_, None) => ask(Query::Fail("FAIL", "CHGHOST".into(), "INVALID_HOST", "Invalid host")),
        (Ok(name), Some(host)) => alloc::vec![Action::Propose(Command::SetHost { member, name, host })],
    }
}

/// `KILL`: disconnects a member. For operators of the server.
pub(super) fn kill(_: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    let name = line.param(0).unwrap_or_default();
    match Name::parse_any(name) {
        Ok(name) => alloc::vec![Action::Propose(Command::Kill { member, name, message: line.text(1) })],
        Err(_) => answer_numeric(numeric::ERR_NOSUCHNICK, &[&printable_word(name)]),
    }
}

/// `WALLOPS`: sends a message to all members with the mode `w`. For operators of the server.
pub(super) fn wallops(client: &mut Client, line: &Line<'_>) -> Vec<Action> {
    let Some(member) = line.member else { return Vec::new() };
    match line.outgoing_text(client, 0, ("WALLOPS", &[])) {
        Ok(Some(text)) => alloc::vec![Action::Propose(Command::Wallops { member, text })],
        Ok(None) => line.needs_more(),
        Err(actions) => actions,
    }
}

impl Client {
    /// Returns the client-only tags to pass on, if the client has negotiated `message-tags`.
    fn tags(&self, line: &Line<'_>) -> Option<Arc<str>> {
        if !self.capabilities.has(Capabilities::MESSAGE_TAGS) {
            return None;
        }
        // Of several tags with one key, the last one is valid (IRCv3, message-tags).
        let tags: BTreeMap<&str, &str> = line.message.tags.client_only().collect();
        let mut kept = String::new();
        for tag in tags.values() {
            if !kept.is_empty() {
                kept.push(';');
            }
            kept.push_str(tag);
        }
        (!kept.is_empty()).then(|| kept.into())
    }
}
