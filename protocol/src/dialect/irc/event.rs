//! Renders events for IRC clients.

use super::capability::{AffectedEvents, Capabilities};
use super::message::{MESSAGE_BYTES_MAX, PARAMS_MAX};
use super::tags::CLIENT_TAGS_BYTES_MAX;
use crate::base::calendar::Utc;
use crate::base::id::Seq;
use crate::base::limits::{PIECE_BYTES_MAX, PIECE_TEXT_BYTES_MIN, TAGGED_LINE_BYTES_MAX};
use crate::base::mode::{Key, Mask, ModeChange, ModeString, Status};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Person, Profile};
use crate::base::text::Text;
use crate::log::close_reason::CloseReason;
use crate::log::command::{Message, MessageKind};
use crate::planted;
use crate::world::{Event, EventKind, Stamp};
use alloc::string::String;
use bytes::BytesMut;
use core::fmt::{self, Arguments, Write};

/// Number of bytes of text for which every message has room, even with the longest source, command, room and CTCP.
const PIECE_TEXT_BYTES: usize = MESSAGE_BYTES_MAX
    - ":!@ ".len()
    - Name::BYTES_MAX
    - Profile::USER_BYTES_MAX
    - Host::BYTES_MAX
    - "PRIVMSG @# :".len()
    - RoomName::BYTES_MAX
    - "\x01ACTION \x01".len();

/// Maximum number of bytes of the tags that the server adds: `@time=…;msgid=…;bot `.
const SERVER_TAGS_BYTES_MAX: usize = "@time=2026-11-29T00:00:00.000Z;msgid=-;bot ".len() + 16 + 20;

const _: () = assert!(
    PIECE_TEXT_BYTES >= PIECE_TEXT_BYTES_MIN
        && MESSAGE_BYTES_MAX + "\r\n".len() + SERVER_TAGS_BYTES_MAX <= PIECE_BYTES_MAX
        && CLIENT_TAGS_BYTES_MAX + MESSAGE_BYTES_MAX.div_ceil(PIECE_TEXT_BYTES) * PIECE_BYTES_MAX
            <= TAGGED_LINE_BYTES_MAX,
    "the limits count enough bytes for a line"
);

/// Number of bytes of a mode's parameter for which every message has room, even with the longest source and room.
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

/// Maximum number of modes' parameters in one message. The room and the letters are two more parameters.
pub(crate) const MODE_PARAMS_MAX: usize = PARAMS_MAX - 2;

/// Returns the capabilities that change the form of the event. Clients that differ only in others share its bytes.
pub(crate) const fn relevant_capabilities(event: &Event) -> Capabilities {
    const AWAY: Capabilities = Capabilities::affecting(AffectedEvents::Away);
    const HOST: Capabilities = Capabilities::affecting(AffectedEvents::Host);
    const INVITATION: Capabilities = Capabilities::affecting(AffectedEvents::Invitation);
    const JOIN: Capabilities = Capabilities::affecting(AffectedEvents::Join);
    const REDACTION: Capabilities = Capabilities::affecting(AffectedEvents::Redaction);
    const REAL_NAME: Capabilities = Capabilities::affecting(AffectedEvents::RealName);
    const OTHER: Capabilities = Capabilities::affecting(AffectedEvents::Everything);
    match &event.kind {
        EventKind::AwaySet { .. } => AWAY,
        EventKind::BanLifted { .. }
        | EventKind::BanSet { .. }
        | EventKind::Entered { .. }
        | EventKind::UserModesSet { .. } => Capabilities::NONE,
        EventKind::HostSet { .. } => HOST,
        EventKind::Invited { .. } => INVITATION,
        EventKind::Joined { .. } => JOIN,
        EventKind::RealNameSet { .. } => REAL_NAME,
        EventKind::Redacted { .. } => REDACTION,
        EventKind::Kicked { .. }
        | EventKind::Left { .. }
        | EventKind::ModesSet { .. }
        | EventKind::Parted { .. }
        | EventKind::Renamed { .. }
        | EventKind::Said { .. }
        | EventKind::Told { .. }
        | EventKind::TopicSet { .. }
        | EventKind::Wallops { .. } => OTHER,
    }
}

/// Appends the event as clients with these capabilities receive it. A long text becomes several messages.
pub(crate) fn render_event(event: &Event, capabilities: Capabilities, to: &mut BytesMut) {
    let has = |capability| capabilities.has(capability);
    let mut line = Lines { to, event, capabilities };
    let text = Text::as_str;
    match &event.kind {
        // Others do not read of them.
        EventKind::BanLifted { .. }
        | EventKind::BanSet { .. }
        | EventKind::Entered { .. }
        | EventKind::UserModesSet { .. } => {}
        EventKind::AwaySet { .. } if !planted::hears_away(has(Capabilities::AWAY_NOTIFY)) => {}
        EventKind::AwaySet { away: None, .. } => line.put(format_args!("AWAY")),
        EventKind::AwaySet { away: Some(away), .. } => line.put(format_args!("AWAY :{}", text(away))),
        EventKind::HostSet { .. } if !has(Capabilities::CHGHOST) => {}
        EventKind::HostSet { profile, .. } => {
            line.put(format_args!("CHGHOST {} {}", profile.user(), profile.host()));
        }
        EventKind::Invited { .. } if !has(Capabilities::INVITE_NOTIFY) => {}
        EventKind::Invited { .. } => line.invitation(),
        EventKind::Joined { room, .. } if planted::joins_are_extended(has(Capabilities::EXTENDED_JOIN)) => {
            // Nobody has an account yet.
            line.put(format_args!("JOIN {:#} * :{}", room.name, event.by.profile.real_name()));
        }
        EventKind::Joined { room, .. } => line.put(format_args!("JOIN {:#}", room.name)),
        EventKind::Kicked { name, room, message, .. } => {
            let message = message.as_ref().map_or(event.by.name.as_str(), text);
            line.put(format_args!("KICK {:#} {name} :{message}", room.name));
        }
        EventKind::Left { reason, message, .. } => {
            line.put(format_args!("QUIT :{}", Parting { reason: *reason, message: message.as_ref() }));
        }
        EventKind::ModesSet { room, changes } => line.modes(&room.name, changes),
        EventKind::Parted { room, message: None } => line.put(format_args!("PART {:#}", room.name)),
        EventKind::Parted { room, message: Some(message) } => {
            line.put(format_args!("PART {:#} :{}", room.name, text(message)));
        }
        EventKind::RealNameSet { .. } if !has(Capabilities::SETNAME) => {}
        EventKind::RealNameSet { real_name } => line.put(format_args!("SETNAME :{}", text(real_name))),
        EventKind::Redacted { .. } if !has(Capabilities::MESSAGE_REDACTION) => {}
        EventKind::Redacted { room, line: removed, message, .. } => {
            let (room, id) = (&room.name, message_id(event.stamp.log_unix_ms, *removed));
            match message {
                None => line.put(format_args!("REDACT {room:#} {id}")),
                Some(message) => line.put(format_args!("REDACT {room:#} {id} :{}", text(message))),
            }
        }
        EventKind::Renamed { to } => line.put(format_args!("NICK {to}")),
        EventKind::Said { room, status, message } => {
            line.message(&Target::Room(*status, &room.name), message);
        }
        EventKind::Told { to, message, .. } => line.message(&Target::Name(to.as_str()), message),
        EventKind::TopicSet { room, topic } => {
            line.put(format_args!("TOPIC {:#} :{}", room.name, topic.as_ref().map_or("", text)));
        }
        EventKind::Wallops { text: said } => line.put(format_args!("WALLOPS :{}", text(said))),
    }
}

/// Appends an invitation as the invited client receives it, with or without the capability `invite-notify`.
pub(crate) fn render_invitation(event: &Event, capabilities: Capabilities, to: &mut BytesMut) {
    Lines { to, event, capabilities }.invitation();
}

/// The text of a `QUIT` (RFC 2812, section 3.1.7). A client's parting message follows `Quit: `, so that nobody can forge
/// another reason.
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

/// Returns a person's `name!user@host`.
pub(super) fn mask_of(person: &Person) -> String {
    let Person { name, profile } = person;
    alloc::format!("{name}!{}@{}", profile.user(), profile.host())
}

/// Returns the number of bytes of the source of a person's messages, including the colon and the space around it.
pub(crate) fn source_bytes(person: &Person) -> usize {
    let Person { name, profile } = person;
    ":!@ ".len() + name.as_str().len() + profile.user().len() + profile.host().len()
}

/// The target of a message.
enum Target<'a> {
    Name(&'a str),
    Room(Option<Status>, &'a RoomName),
}

/// Writes the messages of one event.
struct Lines<'a> {
    to: &'a mut BytesMut,
    event: &'a Event,
    capabilities: Capabilities,
}

impl Lines<'_> {
    /// Writes one message: tags, source, and `rest`. If it is too long, it is cut between characters.
    fn put(&mut self, rest: Arguments<'_>) {
        self.tags(Tagged::Bare);
        let start = self.to.len();
        self.source();
        write!(self.to, "{rest}").expect("writing to a buffer cannot fail");
        cut(self.to, start);
        self.to.extend_from_slice(b"\r\n");
    }

    /// Writes the message for an invitation.
    fn invitation(&mut self) {
        if let EventKind::Invited { name, room, .. } = &self.event.kind {
            self.put(format_args!("INVITE {name} {:#}", room.name));
        }
    }

    /// Writes changes of modes in as many messages as necessary, so that none is cut or has too many parameters.
    fn modes(&mut self, room: &RoomName, changes: &[ModeChange]) {
        let bytes_max =
            MESSAGE_BYTES_MAX - source_bytes(&self.event.by) - "MODE # ".len() - room.as_str().len();
        let mut rest = changes;
        while !rest.is_empty() {
            let (mut count, mut bytes, mut parameters) = (0, 0, 0);
            for change in rest {
                let parameter = change.parameter();
                // A sign, the letter, and the parameter after a space.
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

    /// Writes a message in as many pieces as necessary, split between characters. The first piece has the message's id and
    /// its client-only tags.
    fn message(&mut self, target: &Target<'_>, message: &Message) {
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
            match target {
                Target::Name(name) => self.words(&[name]),
                Target::Room(None, room) => self.words(&["#", room.as_str()]),
                Target::Room(Some(status), room) => {
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
            // Every message has room for `PIECE_TEXT_BYTES`. If it ever had none, the rest would be lost; without this
            // condition, the loop would not end.
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
            write!(to, "{between}{tag}").expect("writing to a buffer cannot fail");
            between = ';';
        };
        if planted::tells_time(self.capabilities.has(Capabilities::SERVER_TIME)) {
            put(self.to, format_args!("time={:.3}", Utc::from_unix_ms(at_unix_ms)));
        }
        if self.capabilities.has(Capabilities::MESSAGE_TAGS) {
            if let Tagged::Message(message) = tagged {
                // A message that is not logged has no id.
                if seq.0 > 0 {
                    put(self.to, format_args!("msgid={}", message_id(log_unix_ms, seq)));
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
        let Person { name, profile } = &self.event.by;
        self.words(&[":", name.as_str(), "!", profile.user(), "@", profile.host(), " "]);
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.to.extend_from_slice(word.as_bytes()));
    }
}

/// Returns the id of a message: the beginning of its log and its position there.
pub(super) fn message_id(log_unix_ms: u64, seq: Seq) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{log_unix_ms:x}-{}", planted::id_of(seq.0)))
}

/// The kind of message that tags are written for.
#[derive(Clone, Copy)]
enum Tagged<'a> {
    /// Any message that is not a member's text.
    Bare,
    /// A member's message, or its first piece.
    Message(&'a Message),
    /// A later piece.
    Rest,
}

/// Cuts the message that begins at `start` to its maximum length, between characters.
pub(super) fn cut(to: &mut BytesMut, start: usize) {
    let mut end = to.len().min(start + MESSAGE_BYTES_MAX);
    while end < to.len() && end > start && to[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    to.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ban::BanTarget;
    use crate::base::cloak::Cloaks;
    use crate::base::id::{MemberId, RoomId};
    use crate::base::mode::Flag;
    use crate::base::person::UserModes;
    use crate::dialect::irc::wire_class;
    use crate::world::EventRoom;
    use alloc::vec::Vec;

    /// A capability that a form lacks sends clients what they did not ask for. One that makes no difference has the same
    /// bytes rendered twice.
    #[test]
    fn an_event_has_a_form_for_each_capability_that_changes_it_and_for_no_other() {
        let name = Name::parse("alice").unwrap();
        let text = Text::clean(b"tea", false);
        let by = Person {
            name: name.clone(),
            profile: Profile::new("alice", &Cloaks::default().host([10, 0, 0, 1].into()), &text),
        };
        let id = RoomId(Seq(1));
        let room = || EventRoom { id, name: RoomName::parse("tea").unwrap() };
        let (member, profile) = (MemberId::default(), by.profile.clone());
        let message = || Message::new(MessageKind::Text, text.clone());
        let stamp = Stamp { log_unix_ms: 1, seq: Seq(2), at_unix_ms: 3 };
        let changes = Vec::from([ModeChange::Flag { flag: Flag::ALL[0], on: true }]);
        let all = Capabilities::ALL.iter().fold(Capabilities::NONE, |all, &(one, _)| all.with(one));
        let (on, off) = (UserModes::BOT, UserModes::NONE);
        for kind in [
            EventKind::AwaySet { away: Some(text.clone()), full_text: None, was_away: false },
            EventKind::BanLifted { target: BanTarget::parse("tea*", &Cloaks::default()).unwrap() },
            EventKind::Entered { is_outside: true },
            EventKind::HostSet { operator: member, profile },
            EventKind::Invited { target: member, name: name.clone(), room: room() },
            EventKind::Joined { room: room(), away: None, is_first: false },
            EventKind::Kicked { target: member, name: name.clone(), room: room(), message: None },
            EventKind::Left { rooms: Vec::new(), reason: CloseReason::Quit, message: None, operator: None },
            EventKind::ModesSet { room: room(), changes },
            EventKind::Parted { room: room(), message: None },
            EventKind::RealNameSet { real_name: text.clone() },
            EventKind::Redacted { room: room(), line: Seq(1), author: member, message: None },
            EventKind::Renamed { to: name.clone() },
            EventKind::Said { room: room(), status: None, message: message() },
            EventKind::Told { target: member, to: name.clone(), message: message() },
            EventKind::TopicSet { room: room(), topic: None },
            EventKind::UserModesSet { on, off, is_promotion: false },
            EventKind::Wallops { text: text.clone() },
        ] {
            let event = Event { stamp, member, by_bot: true, ..Event::unlogged(by.clone(), kind) };
            let rendered = |capabilities| {
                let mut bytes = BytesMut::new();
                render_event(&event, capabilities, &mut bytes);
                bytes
            };
            for &(capability, name) in Capabilities::ALL {
                let changes_bytes = [Capabilities::NONE, all.without(capability)]
                    .into_iter()
                    .any(|others| rendered(others) != rendered(others.with(capability)));
                let class = |capabilities| wire_class(capabilities).relevant_to(&event);
                let has_form = class(capability) != class(Capabilities::NONE);
                assert_eq!(has_form, changes_bytes, "{name} and {event:?}");
            }
        }
    }
}
