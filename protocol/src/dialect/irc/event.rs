//! What an IRC client sees of an event.

use super::capability::Capabilities;
use super::message::MESSAGE_BYTES_MAX;
use crate::calendar::Utc;
use crate::command::{CloseReason, Manner};
use crate::event::{Event, Stamp, What};
use crate::name::RoomName;
use crate::person::Person;
use crate::text::Text;
use alloc::string::String;
use bytes::BytesMut;
use core::fmt::{Arguments, Write};

/// The capabilities that change what is seen of the event: those that see it in the same form share its bytes.
pub(crate) fn matter(event: &Event<'_>) -> Capabilities {
    let always = Capabilities::SERVER_TIME;
    match event.what {
        What::Joined { .. } => always | Capabilities::EXTENDED_JOIN,
        What::Said { .. } | What::Told { .. } => always | Capabilities::MESSAGE_TAGS,
        What::Left { .. } | What::Parted { .. } | What::Renamed { .. } | What::TopicSet { .. } => always,
    }
}

/// Appends the message that a client with these capabilities reads of the event, or messages: what is said may
/// be longer than one.
pub(crate) fn render_event(event: &Event<'_>, capabilities: Capabilities, to: &mut BytesMut) {
    let mut line = Lines { to, stamp: event.stamp, by: event.by, capabilities };
    match event.what {
        What::Joined { room } if capabilities.has(Capabilities::EXTENDED_JOIN) => {
            // Nobody has an account yet.
            line.put(format_args!("JOIN #{room} * :{}", event.by.profile.real_name().as_str()));
        }
        What::Joined { room } => line.put(format_args!("JOIN #{room}")),
        What::Left { reason, message } => line.put(format_args!("QUIT :{}", quit_message(reason, message))),
        What::Parted { room, message: None } => line.put(format_args!("PART #{room}")),
        What::Parted { room, message: Some(text) } => {
            line.put(format_args!("PART #{room} :{}", text.as_str()));
        }
        What::Renamed { to } => line.put(format_args!("NICK {to}")),
        What::Said { room, manner, text } => line.speech(&Hearer::Room(room), manner, text),
        What::Told { to, manner, text } => line.speech(&Hearer::Name(to.as_str()), manner, text),
        What::TopicSet { room, topic } => {
            line.put(format_args!("TOPIC #{room} :{}", topic.map_or("", Text::as_str)));
        }
    }
}

/// What the others read of a leave (RFC 2812, section 3.1.7): the last words after `Quit: `, so that nobody can
/// forge another reason.
fn quit_message(reason: CloseReason, message: Option<&Text>) -> String {
    match (reason, message) {
        (CloseReason::Quit, Some(text)) => alloc::format!("Quit: {}", text.as_str()),
        (reason, _) => reason_text(reason).into(),
    }
}

/// The reason in a few words.
pub(crate) const fn reason_text(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::AddressFull => "Too many connections from your address",
        CloseReason::EndOfInput => "Connection closed",
        CloseReason::Quit => "Client Quit",
        CloseReason::Reset => "Connection reset",
        CloseReason::ServerFull => "Server is full",
        CloseReason::Shutdown => "Server is shutting down",
        CloseReason::SlowReader => "Read more slowly than the others write",
    }
}

/// To whom something is said.
enum Hearer<'a> {
    Name(&'a str),
    Room(&'a RoomName),
}

/// Writes the messages of one event.
struct Lines<'a> {
    to: &'a mut BytesMut,
    stamp: Stamp,
    by: &'a Person,
    capabilities: Capabilities,
}

impl Lines<'_> {
    /// One message: tags, source, and what is given.
    fn put(&mut self, rest: Arguments<'_>) {
        self.tags(false);
        self.source();
        write!(self.to, "{rest}\r\n").expect("a buffer takes what it is given");
    }

    /// What is said, in as many messages as it takes; cut between characters. The first of them carries the
    /// message's id.
    fn speech(&mut self, hearer: &Hearer<'_>, manner: Manner, text: &Text) {
        let command = "PRIVMSG";
        let (before, after) = match manner {
            Manner::Action => ("\x01ACTION ", "\x01"),
            Manner::Speech => ("", ""),
        };
        let mut rest = text.as_str();
        let mut is_first = true;
        while is_first || !rest.is_empty() {
            self.tags(is_first);
            is_first = false;
            let start = self.to.len();
            self.source();
            self.to.extend_from_slice(command.as_bytes());
            match hearer {
                Hearer::Name(name) => self.words(&[" ", name, " :", before]),
                Hearer::Room(room) => self.words(&[" #", room.as_str(), " :", before]),
            }
            let room = MESSAGE_BYTES_MAX - (self.to.len() - start) - after.len();
            let piece;
            (piece, rest) = rest.split_at(rest.floor_char_boundary(room));
            self.words(&[piece, after, "\r\n"]);
        }
    }

    fn tags(&mut self, with_id: bool) {
        let with_id = with_id && self.capabilities.has(Capabilities::MESSAGE_TAGS);
        let mut begin = "@";
        if self.capabilities.has(Capabilities::SERVER_TIME) {
            let time = Utc::from_unix_ms(self.stamp.at_unix_ms);
            write!(self.to, "{begin}time={time:.3}").expect("a buffer takes what it is given");
            begin = ";";
        }
        if with_id {
            let Stamp { log_unix_ms, seq, .. } = self.stamp;
            write!(self.to, "{begin}msgid={log_unix_ms:x}-{}", seq.0)
                .expect("a buffer takes what it is given");
            begin = ";";
        }
        if begin == ";" {
            self.to.extend_from_slice(b" ");
        }
    }

    fn source(&mut self) {
        let Person { name, profile } = self.by;
        self.words(&[":", name.as_str(), "!", profile.user(), "@", profile.host(), " "]);
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.to.extend_from_slice(word.as_bytes()));
    }
}
