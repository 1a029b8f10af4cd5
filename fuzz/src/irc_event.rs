//! Checks the rendering of events for IRC clients, with any text.

use bytes::BytesMut;
use parlor_protocol::irc::{Capabilities, ParsedMessage};
use parlor_protocol::{
    Cloaks, CloseReason, Event, EventKind, Flag, Host, Mask, MaskList, MemberId, Message, MessageKind,
    ModeChange, Name, Person, Profile, RoomName, Seq, Stamp, Status, Text,
};

/// Maximum number of changes of modes at once. One line of IRC makes fewer.
const CHANGES_MAX: usize = 600;

/// Checks that every event with this text is rendered as complete messages within their limits, with the shortest and the
/// longest names. Joined pieces of a message must be the text; other texts may lose only their end.
pub(crate) fn check_events(text: &Text) {
    let long = |character: char, count: usize| String::from(character).repeat(count);
    let name = |text: &str| Name::parse(text).expect("a name");
    let room = |text: &str| RoomName::parse(text).expect("a room's name");
    let short = Person {
        name: name("a"),
        profile: Profile::new("a", &Cloaks::default().host([10, 0, 0, 1].into()), text),
    };
    let host = Host::parse(&long('h', Host::BYTES_MAX)).expect("a host");
    let longest = Profile::new(&long('u', 20), &host, text);
    let longest = Person { name: name(&long('茶', Name::CHARS_MAX)), profile: longest };
    for (by, room) in [(&short, room("b")), (&longest, room(&long('房', RoomName::CHARS_MAX)))] {
        check_speech(by, &room, text);
        check_other_texts(by, &room, text);
        check_modes(by, &room, text);
    }
}

/// Returns the capabilities with the shortest and the longest form of an event.
fn capabilities() -> [Capabilities; 2] {
    [Capabilities::NONE, Capabilities::ALL.iter().fold(Capabilities::NONE, |all, &(one, _)| all.with(one))]
}

/// Renders an event.
fn rendered(by: &Person, kind: EventKind, capabilities: Capabilities) -> BytesMut {
    let stamp = Stamp { log_unix_ms: 1_795_530_433_000, seq: Seq(u64::MAX), at_unix_ms: 1_795_530_433_001 };
    let mut bytes = BytesMut::new();
    let event = Event { stamp, by_bot: true, ..Event::unlogged(by.clone(), kind) };
    parlor_protocol::irc::wire_class(capabilities).render(&event, &mut bytes);
    bytes
}

fn messages(bytes: &[u8]) -> impl Iterator<Item = ParsedMessage<'_>> {
    bytes.split_inclusive(|&byte| byte == b'\n').map(|line| {
        let shown = String::from_utf8_lossy(line);
        let message = line.strip_suffix(b"\r\n").unwrap_or_else(|| panic!("the line has an end: {shown}"));
        ParsedMessage::from_server(message).unwrap_or_else(|error| panic!("{error}: {shown}"))
    })
}

/// Checks messages to rooms and to members.
fn check_speech(by: &Person, room: &RoomName, text: &Text) {
    for kind in [
        MessageKind::Action,
        MessageKind::Ctcp,
        MessageKind::CtcpReply,
        MessageKind::Notice,
        MessageKind::Text,
    ] {
        let (before, after) = match kind {
            MessageKind::Action => ("\x01ACTION ", "\x01"),
            MessageKind::Ctcp | MessageKind::CtcpReply => ("\x01", "\x01"),
            MessageKind::Notice | MessageKind::Text | MessageKind::Tags => ("", ""),
        };
        let message = Message { tags: Some("+draft/reply=x".into()), ..Message::new(kind, text.clone()) };
        let (room, target) = (room.clone().into(), MemberId::default());
        let said = EventKind::Said { room, status: Some(Status::Operator), message: message.clone() };
        let told = EventKind::Told { target, to: by.name.clone(), message };
        for kind in [said, told] {
            for capabilities in capabilities() {
                let bytes = rendered(by, kind.clone(), capabilities);
                let mut whole = String::new();
                for message in messages(&bytes) {
                    let [_, piece] = message.params() else { panic!("a target and a text: {message:?}") };
                    let piece = piece.strip_prefix(before).and_then(|piece| piece.strip_suffix(after));
                    whole += piece.expect("each piece has the delimiters of its kind");
                }
                assert_eq!(whole, text.as_str(), "the joined pieces are the text");
            }
        }
    }
}

/// Checks the other events with texts.
fn check_other_texts(by: &Person, room: &RoomName, text: &Text) {
    let (member, name, message) = (MemberId::default(), by.name.clone(), Some(text.clone()));
    let room = || room.clone().into();
    let kinds = [
        EventKind::AwaySet { away: message.clone(), full_text: None, was_away: false },
        EventKind::HostSet { operator: member, profile: by.profile.clone() },
        EventKind::Invited { target: member, name: name.clone(), room: room() },
        EventKind::Joined { room: room(), away: None, is_first: false },
        EventKind::Kicked { target: member, name: name.clone(), room: room(), message: message.clone() },
        EventKind::Left {
            rooms: Vec::new(),
            reason: CloseReason::Quit,
            message: message.clone(),
            operator: None,
        },
        EventKind::Parted { room: room(), message: message.clone() },
        EventKind::RealNameSet { real_name: text.clone() },
        EventKind::Redacted { room: room(), line: Seq(1), author: member, message: message.clone() },
        EventKind::Renamed { to: name },
        EventKind::TopicSet { room: room(), topic: message },
        EventKind::Wallops { text: text.clone() },
    ];
    for kind in kinds {
        for capabilities in capabilities() {
            let bytes = rendered(by, kind.clone(), capabilities);
            assert!(messages(&bytes).count() <= 1, "at most one message: {kind:?}");
            let Some(message) = messages(&bytes).next() else { continue };
            let is_text = match kind {
                EventKind::HostSet { .. } | EventKind::Invited { .. } | EventKind::Renamed { .. } => false,
                EventKind::Joined { .. } => message.params().len() > 1,
                _ => true,
            };
            let last = message.params().last().copied().unwrap_or_default();
            let is_quit = matches!(kind, EventKind::Left { .. });
            let last = last.strip_prefix("Quit: ").filter(|_| is_quit).unwrap_or(last);
            assert!(!is_text || text.as_str().starts_with(last), "the beginning of the text: {last}");
        }
    }
}

/// Checks changes of modes that are made from the text: each word as a mask, and each letter as a flag.
fn check_modes(by: &Person, room: &RoomName, text: &Text) {
    let mut changes = Vec::new();
    for (index, word) in text.as_str().split(' ').enumerate() {
        let on = index % 3 != 0;
        if let Ok(mask) = Mask::parse(word, &Cloaks::default()) {
            changes.push(ModeChange::Mask { list: MaskList::ALL[index % 3], mask, on });
        }
        for letter in word.chars() {
            let flag = Flag::ALL.into_iter().find(|flag| flag.letter() == letter);
            changes.extend(flag.map(|flag| ModeChange::Flag { flag, on: !on }));
        }
        changes.push(ModeChange::Status { name: by.name.clone(), status: Status::Voice, on });
        changes.push(ModeChange::Key(None));
    }
    changes.truncate(CHANGES_MAX);
    let bytes = rendered(
        by,
        EventKind::ModesSet { room: room.clone().into(), changes: changes.clone() },
        Capabilities::NONE,
    );
    let mut again = Vec::new();
    for message in messages(&bytes) {
        let [_, letters, parameters @ ..] = message.params() else {
            panic!("a room and letters: {message:?}")
        };
        let mut parameters = parameters.iter();
        let mut on = true;
        for letter in letters.chars() {
            match letter {
                '+' | '-' => on = letter == '+',
                // Of these changes, only flags have no parameter.
                _ if Flag::ALL.iter().any(|flag| flag.letter() == letter) => again.push((on, letter, None)),
                _ => {
                    again.push((
                        on,
                        letter,
                        Some(*parameters.next().expect("each letter has its parameter")),
                    ));
                }
            }
        }
        assert_eq!(parameters.next(), None, "no parameter is left over");
    }
    let parameters: Vec<Option<String>> = changes.iter().map(ModeChange::parameter).collect();
    let expected = changes.iter().zip(&parameters);
    let expected = expected.map(|(it, parameter)| (it.is_on(), it.letter(), parameter.as_deref()));
    assert!(again.into_iter().eq(expected), "no change is lost");
}
