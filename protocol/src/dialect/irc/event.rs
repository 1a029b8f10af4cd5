//! What an IRC client sees of an event.

use super::capability::{Capabilities, Changes};
use super::message::{MESSAGE_BYTES_MAX, PARAMS_MAX};
use super::tags::CLIENT_TAGS_BYTES_MAX;
use crate::base::calendar::Utc;
use crate::base::limits::{PIECE_BYTES_MAX, PIECE_TEXT_BYTES_MIN, TAGGED_LINE_BYTES_MAX};
use crate::base::mode::{Key, Mask, ModeChange, ModeString, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Person, Profile};
use crate::base::text::Text;
use crate::dialect::event::{Event, Stamp, What};
use crate::log::close_reason::CloseReason;
use crate::log::command::{Message, MessageKind};
use crate::planted;
use alloc::string::String;
use bytes::BytesMut;
use core::fmt::{self, Arguments, Write};

/// Bytes that one message has room for of what is said, whoever says it and wherever: the longest source, command,
/// room and CTCP are taken from what a message may have.
const PIECE_TEXT_BYTES: usize = MESSAGE_BYTES_MAX
    - ":!@ ".len()
    - Name::BYTES_MAX
    - Profile::USER_BYTES_MAX
    - Host::BYTES_MAX
    - "PRIVMSG @# :".len()
    - RoomName::BYTES_MAX
    - "\x01ACTION \x01".len();

/// Bytes of the longest tags that the server gives a message: `@time=…;msgid=…;bot `.
const SERVER_TAGS_BYTES_MAX: usize = "@time=2026-11-29T00:00:00.000Z;msgid=-;bot ".len() + 16 + 20;

const _: () = assert!(
    PIECE_TEXT_BYTES >= PIECE_TEXT_BYTES_MIN
        && MESSAGE_BYTES_MAX + "\r\n".len() + SERVER_TAGS_BYTES_MAX <= PIECE_BYTES_MAX
        && CLIENT_TAGS_BYTES_MAX + MESSAGE_BYTES_MAX.div_ceil(PIECE_TEXT_BYTES) * PIECE_BYTES_MAX
            <= TAGGED_LINE_BYTES_MAX,
    "what the limits count for a line is enough"
);

/// Bytes that one message has room for of a mode's parameter, whoever sets it and in whichever room.
const MODE_PARAM_BYTES_MIN: usize = MESSAGE_BYTES_MAX
    - ":!@ ".len()
    - Name::BYTES_MAX
    - Profile::USER_BYTES_MAX
    - Host::BYTES_MAX
    - "MODE # +b ".len()
    - RoomName::BYTES_MAX;

const _: () = assert!(
    Mask::BYTES_MAX <= MODE_PARAM_BYTES_MIN
        && Key::BYTES_MAX <= MODE_PARAM_BYTES_MIN
        && Name::BYTES_MAX <= MODE_PARAM_BYTES_MIN,
    "no parameter of a mode is cut"
);

/// Parameters of modes in one message: the room and the letters are two more.
pub(crate) const MODE_PARAMS_MAX: usize = PARAMS_MAX - 2;

/// The capabilities that change what is seen of the event: those that see it in the same form share its bytes.
pub(crate) const fn relevant_capabilities(event: &Event<'_>) -> Capabilities {
    const AWAY: Capabilities = Capabilities::that_change(Changes::Away);
    const HOST: Capabilities = Capabilities::that_change(Changes::Host);
    const INVITATION: Capabilities = Capabilities::that_change(Changes::Invitation);
    const JOIN: Capabilities = Capabilities::that_change(Changes::Join);
    const REAL_NAME: Capabilities = Capabilities::that_change(Changes::RealName);
    const OTHER: Capabilities = Capabilities::that_change(Changes::Everything);
    match event.what {
        What::AwaySet { .. } => AWAY,
        What::HostSet { .. } => HOST,
        What::Invited { .. } => INVITATION,
        What::Joined { .. } => JOIN,
        What::RealNameSet { .. } => REAL_NAME,
        What::Kicked { .. }
        | What::Left { .. }
        | What::ModesSet { .. }
        | What::Parted { .. }
        | What::Renamed { .. }
        | What::Said { .. }
        | What::Told { .. }
        | What::TopicSet { .. }
        | What::Wallops { .. } => OTHER,
    }
}

/// Appends the message that a client with these capabilities reads of the event, or messages: what is said may
/// be longer than one.
pub(crate) fn render_event(event: &Event<'_>, capabilities: Capabilities, to: &mut BytesMut) {
    let has = |capability| capabilities.has(capability);
    let mut line = Lines { to, event, capabilities };
    let text = Text::as_str;
    match event.what {
        What::AwaySet { .. } if !planted::hears_away(has(Capabilities::AWAY_NOTIFY)) => {}
        What::AwaySet { away: None } => line.put(format_args!("AWAY")),
        What::AwaySet { away: Some(away) } => line.put(format_args!("AWAY :{}", text(away))),
        What::HostSet { .. } if !has(Capabilities::CHGHOST) => {}
        What::HostSet { user, host } => line.put(format_args!("CHGHOST {user} {host}")),
        What::Invited { to_target: false, .. } if !has(Capabilities::INVITE_NOTIFY) => {}
        What::Invited { name, room, .. } => line.put(format_args!("INVITE {name} {room:#}")),
        What::Joined { room } if planted::joins_are_extended(has(Capabilities::EXTENDED_JOIN)) => {
            // Nobody has an account yet.
            line.put(format_args!("JOIN {room:#} * :{}", event.by.profile.real_name()));
        }
        What::Joined { room } => line.put(format_args!("JOIN {room:#}")),
        What::Kicked { name, room, message } => {
            let message = message.map_or(event.by.name.as_str(), text);
            line.put(format_args!("KICK {room:#} {name} :{message}"));
        }
        What::Left { reason, message } => line.put(format_args!("QUIT :{}", Parting { reason, message })),
        What::ModesSet { room, changes } => line.modes(room, changes),
        What::Parted { room, message: None } => line.put(format_args!("PART {room:#}")),
        What::Parted { room, message: Some(message) } => {
            line.put(format_args!("PART {room:#} :{}", text(message)));
        }
        What::RealNameSet { .. } if !has(Capabilities::SETNAME) => {}
        What::RealNameSet { real_name } => line.put(format_args!("SETNAME :{}", text(real_name))),
        What::Renamed { to } => line.put(format_args!("NICK {to}")),
        What::Said { room, status, message } => line.message(&Hearer::Room(status, room), message),
        What::Told { to, message } => line.message(&Hearer::Name(to.as_str()), message),
        What::TopicSet { room, topic } => {
            line.put(format_args!("TOPIC {room:#} :{}", topic.map_or("", text)));
        }
        What::Wallops { text: said } => line.put(format_args!("WALLOPS :{}", text(said))),
    }
}

/// What the others read of a leave (RFC 2812, section 3.1.7). A client's own words stand behind `Quit: `, so that
/// nobody can forge another reason.
pub(crate) struct Parting<'a> {
    pub(crate) reason: CloseReason,
    pub(crate) message: Option<&'a Text>,
}

impl fmt::Display for Parting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.reason.parting();
        match self.message {
            Some(message) => write!(f, "{about}: {}", message.as_str()),
            None => f.write_str(about),
        }
    }
}

/// `name!user@host`.
pub(super) fn mask_of(person: &Person) -> String {
    let Person { name, profile } = person;
    alloc::format!("{name}!{}@{}", profile.user(), profile.host())
}

/// Bytes that the source of a person's messages has, the colon and the space around it counted.
pub(crate) fn source_bytes(person: &Person) -> usize {
    let Person { name, profile } = person;
    ":!@ ".len() + name.as_str().len() + profile.user().len() + profile.host().len()
}

/// To whom something is said.
enum Hearer<'a> {
    Name(&'a str),
    Room(Option<Status>, &'a RoomName),
}

/// Writes the messages of one event.
struct Lines<'a> {
    to: &'a mut BytesMut,
    event: &'a Event<'a>,
    capabilities: Capabilities,
}

impl Lines<'_> {
    /// One message: tags, source, and what is given. What would be too long is cut between characters.
    fn put(&mut self, rest: Arguments<'_>) {
        self.tags(Tagged::Bare);
        let start = self.to.len();
        self.source();
        write!(self.to, "{rest}").expect("a buffer takes what it is given");
        cut(self.to, start);
        self.to.extend_from_slice(b"\r\n");
    }

    /// Changes of modes, in as many messages as it takes: none of them is cut, or has more parameters than a message.
    fn modes(&mut self, room: &RoomName, changes: &[ModeChange]) {
        let bytes_max =
            MESSAGE_BYTES_MAX - source_bytes(self.event.by) - "MODE # ".len() - room.as_str().len();
        let mut rest = changes;
        while !rest.is_empty() {
            let (mut count, mut bytes, mut parameters) = (0, 0, 0);
            for change in rest {
                let parameter = change.parameter();
                // Its sign, its letter, and its parameter behind a space.
                bytes += 2 + parameter.as_ref().map_or(0, |parameter| 1 + parameter.len());
                parameters += usize::from(parameter.is_some());
                if count > 0 && (bytes > bytes_max || parameters > MODE_PARAMS_MAX) {
                    break;
                }
                count += 1;
            }
            let changes;
            (changes, rest) = rest.split_at(count);
            self.put(format_args!("MODE {room:#} {}", ModeString(changes)));
        }
    }

    /// What is said, in as many messages as it takes; cut between characters. The first of them carries the
    /// message's id, and its tags.
    fn message(&mut self, hearer: &Hearer<'_>, message: &Message) {
        let (command, before, after) = match message.kind {
            MessageKind::Action => ("PRIVMSG", "\x01ACTION ", "\x01"),
            MessageKind::Ctcp => ("PRIVMSG", "\x01", "\x01"),
            MessageKind::CtcpReply => ("NOTICE", "\x01", "\x01"),
            MessageKind::Notice => ("NOTICE", "", ""),
            MessageKind::Text => ("PRIVMSG", "", ""),
            MessageKind::Tags if !self.capabilities.has(Capabilities::MESSAGE_TAGS) => return,
            MessageKind::Tags => ("TAGMSG", "", ""),
        };
        let mut rest = message.text.as_str();
        let mut tagged = Tagged::Message(message);
        loop {
            self.tags(tagged);
            let start = self.to.len();
            self.source();
            self.words(&[command, " "]);
            match hearer {
                Hearer::Name(name) => self.words(&[name]),
                Hearer::Room(None, room) => self.words(&["#", room.as_str()]),
                Hearer::Room(Some(status), room) => {
                    self.words(&[status.prefix().encode_utf8(&mut [0; 4]), "#", room.as_str()]);
                }
            }
            if message.kind == MessageKind::Tags {
                self.words(&["\r\n"]);
                return;
            }
            self.words(&[" :", before]);
            let room = planted::piece_bytes(MESSAGE_BYTES_MAX);
            let room = room.saturating_sub(self.to.len() - start + after.len());
            let piece;
            (piece, rest) = rest.split_at(rest.floor_char_boundary(room));
            self.words(&[piece, after, "\r\n"]);
            // No name, host and room together leave less room than for a few words; if ever they did, what has
            // no place would be lost rather than repeated for ever.
            if rest.is_empty() || piece.is_empty() {
                return;
            }
            if !planted::repeats_tags() {
                tagged = Tagged::Rest;
            }
        }
    }

    fn tags(&mut self, tagged: Tagged<'_>) {
        let Event { stamp: Stamp { log_unix_ms, seq, at_unix_ms }, by_bot, .. } = *self.event;
        let mut between = '@';
        let mut put = |to: &mut BytesMut, tag: Arguments<'_>| {
            write!(to, "{between}{tag}").expect("a buffer takes what it is given");
            between = ';';
        };
        if planted::tells_time(self.capabilities.has(Capabilities::SERVER_TIME)) {
            put(self.to, format_args!("time={:.3}", Utc::from_unix_ms(at_unix_ms)));
        }
        if self.capabilities.has(Capabilities::MESSAGE_TAGS) {
            if let Tagged::Message(message) = tagged {
                // What has no place in the log has no id.
                if seq.0 > 0 {
                    put(self.to, format_args!("msgid={log_unix_ms:x}-{}", planted::id_of(seq.0)));
                }
                if let Some(tags) = &message.tags {
                    put(self.to, format_args!("{tags}"));
                }
            }
            if planted::tells_bot(by_bot) {
                put(self.to, format_args!("bot"));
            }
        }
        if between == ';' {
            self.to.extend_from_slice(b" ");
        }
    }

    fn source(&mut self) {
        let Person { name, profile } = self.event.by;
        self.words(&[":", name.as_str(), "!", profile.user(), "@", profile.host(), " "]);
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.to.extend_from_slice(word.as_bytes()));
    }
}

/// What the tags of a message tell.
#[derive(Clone, Copy)]
enum Tagged<'a> {
    /// Of its sender alone.
    Bare,
    /// Of a whole message, or its first part.
    Message(&'a Message),
    /// Of a later part.
    Rest,
}

/// Cuts what began at `start` between characters, so that it is no longer than a message may be.
pub(super) fn cut(to: &mut BytesMut, start: usize) {
    let mut end = to.len().min(start + MESSAGE_BYTES_MAX);
    while end < to.len() && end > start && to[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    to.truncate(end);
}
