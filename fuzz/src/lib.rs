//! The functions of the fuzz targets. Each is given arbitrary bytes, and panics if a property does not hold.
//!
//! The programs in `fuzz_targets/` only call them, so that `cargo test` compiles them and replays the corpus on stable Rust.

mod codec;
mod irc_event;
mod irc_session;
mod proxy;
mod snapshot;
mod sniff;
mod webirc;

use bytes::{Bytes, BytesMut};
use parlor_protocol::irc::{PARAMS_MAX, ParseError, ParsedMessage};
use parlor_protocol::{
    Cloaks, Event, EventKind, Framer, Item, Language, Limits, Message, MessageKind, Name, Person, Profile,
    RoomName, TelnetRequest, Text,
};
use parlor_sim::flush::{self, Op};
use parlor_sim::scenario::{Act, Scenario, Setup, Size, Step};
use parlor_sim::source::Source;
use parlor_sim::trace::Trace;
use parlor_sim::typed::Item as Typed;
use parlor_sim::{terminal, tier1, typed};

pub use codec::codec;
pub use irc_session::irc_session;
pub use proxy::proxy;
pub use snapshot::snapshot;
pub use sniff::sniff;
pub use webirc::webirc;

/// The name and the function of a target.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 12] = [
    ("codec", codec),
    ("dialect", dialect),
    ("framer", framer),
    ("hub", hub),
    ("irc", irc),
    ("irc_session", irc_session),
    ("outbox", outbox),
    ("proxy", proxy),
    ("session", session),
    ("snapshot", snapshot),
    ("sniff", sniff),
    ("webirc", webirc),
];

/// Maximum number of operations of one outbox. More would find nothing new.
const OPS_MAX: usize = 400;

/// Checks that the framer reads the same lines and telnet requests as a naive parser of the whole stream, however the bytes
/// are divided into chunks. The first bytes choose the limit, whether the stream may come from a terminal, and the chunks.
pub fn framer(bytes: &[u8]) {
    let (choices, stream) = bytes.split_at(bytes.len().min(16));
    let mut source = Source::Bytes(choices);
    let line_bytes_max = source.pick(&[4, 16, 128]);
    let for_people = line_bytes_max == 16;
    let mut framer =
        if for_people { Framer::for_people(line_bytes_max) } else { Framer::new(line_bytes_max) };
    let expected = if for_people { typed_items(stream, line_bytes_max) } else { naive_lines(stream) };
    let mut expected = expected.into_iter();
    let mut check = |item: Item<'_>| {
        let next = expected.next();
        let (line, whole) = match (item, next.expect("an item that the naive parser does not read")) {
            (Item::Line(line), Typed::Line(whole)) => (line, whole),
            (Item::Telnet(TelnetRequest::AreYouThere), Typed::AreYouThere) => return,
            (Item::Telnet(TelnetRequest::Option(answer)), Typed::Telnet(expected)) => {
                return assert_eq!(answer, expected);
            }
            // IAC WILL TIMING-MARK (RFC 860).
            (Item::Telnet(TelnetRequest::TimingMark), Typed::Telnet([255, 251, 6])) => return,
            (item, next) => panic!("{item:?} is read, not {next:?}"),
        };
        let kept = whole.len().min(line_bytes_max);
        assert_eq!((line.bytes, line.dropped), (&whole[..kept], whole.len() - kept));
    };
    let mut rest = stream;
    while !rest.is_empty() {
        let (chunk, left) = rest.split_at(rest.len().min(1 + source.index(40)));
        framer.push(Bytes::copy_from_slice(chunk));
        // Sometimes lines stay unread while more bytes are pushed.
        while !source.chance(100)
            && let Some(item) = framer.next_item()
        {
            check(item);
            if source.chance(100) && !framer.has_item() {
                break;
            }
        }
        // The unfinished line, in a buffer that may have doubled, and unread bytes.
        assert!(framer.held_bytes() <= 2 * (line_bytes_max + 1) + stream.len() + DECODER_BYTES);
        rest = left;
    }
    while let Some(item) = framer.next_item() {
        check(item);
    }
    if let Some(line) = framer.finish() {
        check(Item::Line(line));
    }
    assert_eq!(expected.next(), None, "no line is missing");
}

/// Maximum number of bytes of the telnet state of a framer.
const DECODER_BYTES: usize = 128;

/// Splits a whole stream into lines.
fn naive_lines(stream: &[u8]) -> Vec<Typed> {
    let mut lines: Vec<&[u8]> = stream.split(|&byte| byte == b'\n').collect();
    // The text after the last line end is a line only if it is not empty.
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let lines = lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.map(|line| Typed::Line(line.to_vec())).collect()
}

/// Parses a whole stream from a terminal with the simulator's parser.
fn typed_items(stream: &[u8], line_bytes_max: usize) -> Vec<Typed> {
    let (mut typed, mut unread) = (typed::Typed::default(), stream.to_vec());
    let mut items: Vec<Typed> =
        std::iter::from_fn(|| typed.read(&mut unread, true, line_bytes_max)).collect();
    if !typed.line.is_empty() {
        items.push(Typed::Line(typed.end_line()));
    }
    items
}

/// Checks that a cleaned text has no unwanted characters, that a name does not change when it is parsed again, and that an
/// event is rendered as one line, or as complete IRC messages.
pub fn dialect(bytes: &[u8]) {
    for cut in [false, true] {
        let text = Text::clean(bytes, cut);
        let clean = text.as_str();
        assert!(clean.len() <= 3 * bytes.len(), "a text is at most three times its line");
        assert!(!clean.contains(['\n', '\r', '\0', '\u{7f}', '\u{2028}', '\u{2029}']), "one line: {clean:?}");
        assert_eq!(
            Text::clean(clean.as_bytes(), false).as_str(),
            without_byte_order_mark(clean),
            "cleaning is idempotent"
        );
        if !cut {
            let decoded = String::from_utf8_lossy(bytes);
            let decoded = decoded.strip_prefix('\u{FEFF}').unwrap_or(&decoded);
            assert_eq!(clean, terminal::clean(decoded), "only escape sequences are removed");
        }
        let plain: String = text.plain_parts().collect();
        assert!(!plain.chars().any(|it| it.is_control() && it != '\t'), "no control characters: {plain:?}");
        assert_eq!(text.is_empty(), plain.is_empty());
        check_rendering(&text);
        irc_event::check_events(&text);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(name) = Name::parse(text) {
        let again = Name::parse(name.as_str()).expect("a name is parsed again");
        assert_eq!((again.as_str(), again.key()), (name.as_str(), name.key()));
        assert!(name.as_str().len() <= Name::BYTES_MAX);
        assert!(
            !name.as_str().contains([' ', '*', ':', '说', '/']),
            "no character that begins a note or a command, or ends the name before a message"
        );
        let folded = Name::parse_any(name.key());
        assert!(folded.is_err() || folded == Ok(name), "folding is idempotent");
    }
    if let Ok(room) = RoomName::parse(text) {
        // The alternate form begins with `#`.
        for shown in [room.to_string(), format!("{room:#}")] {
            assert_eq!(RoomName::parse(&shown).as_ref(), Ok(&room), "a room is parsed as it is formatted");
        }
    }
}

/// Removes one byte order mark from the start, as cleaning does: of two, the second is left for the next cleaning.
fn without_byte_order_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

/// Checks that a message is rendered as one line, in each language. `raw` is the form without the name of the author.
fn check_rendering(text: &Text) {
    let by = Person {
        name: Name::for_port(5_001, 1),
        profile: Profile::of_host(&Cloaks::default().host([127, 0, 0, 1].into())),
    };
    for language in Language::ALL {
        for (raw, kind) in
            [(false, MessageKind::Text), (true, MessageKind::Text), (false, MessageKind::Action)]
        {
            let mut line = BytesMut::new();
            let message = Message::new(kind, text.clone());
            let kind = EventKind::Said { room: RoomName::lobby().into(), status: None, message };
            let event = Event::unlogged(by.clone(), kind);
            parlor_protocol::plain::wire_class(language, raw).render(&event, &mut line);
            let line = std::str::from_utf8(&line).expect("a line is UTF-8");
            assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "one line: {line:?}");
            assert!(raw || !line.starts_with("* "), "not a forged note: {line:?}");
        }
    }
}

/// Checks that an IRC message is parsed as by a naive parser, and is the same when it is written and parsed again.
pub fn irc(bytes: &[u8]) {
    let Ok(message) = ParsedMessage::from_server(bytes) else {
        assert!(ParsedMessage::from_client(bytes).is_err(), "a client's message is a server's message, too");
        return;
    };
    if let Ok(same) = ParsedMessage::from_client(bytes) {
        assert_eq!(same, message);
    }
    let line = std::str::from_utf8(bytes).expect("a message is UTF-8");
    assert_eq!(naive_words(line), (message.source, message.command, message.params().to_vec()));
    let tags: Vec<_> = message.tags.iter().collect();
    let tags: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (*key, value.as_ref())).collect();
    let mut put = BytesMut::new();
    ParsedMessage::put(&mut put, &tags, message.source, message.command, message.params());
    let put = put.strip_suffix(b"\r\n").expect("a message ends its line");
    match ParsedMessage::from_server(put) {
        Ok(again) => {
            assert_eq!((again.source, again.command), (message.source, message.command));
            assert_eq!(again.params(), message.params());
            assert!(again.tags.iter().eq(message.tags.iter()), "the tags are unchanged");
        }
        // `put` writes a colon before the fifteenth parameter. Without it, the message had the maximum length.
        Err(error) => assert_eq!(error, ParseError::TooLong),
    }
}

/// Parses a message's source, command and parameters directly from the grammar.
fn naive_words(line: &str) -> (Option<&str>, &str, Vec<&str>) {
    let mut rest = if line.starts_with('@') { line.find(' ').map_or("", |at| &line[at..]) } else { line };
    let (mut source, mut words) = (None, Vec::new());
    loop {
        rest = rest.trim_start_matches(' ');
        let end = rest.find(' ').unwrap_or(rest.len());
        match rest.chars().next() {
            None => break,
            Some(':') if words.is_empty() && source.is_none() => source = Some(&rest[1..end]),
            Some(':') if !words.is_empty() => {
                words.push(&rest[1..]);
                break;
            }
            _ if words.len() == PARAMS_MAX => {
                words.push(rest);
                break;
            }
            _ => words.push(&rest[..end]),
        }
        rest = &rest[end..];
    }
    let command = words.remove(0);
    (source, command, words)
}

/// Runs a client that sends these bytes, and two others that receive its messages, one in each dialect, and checks every
/// law. The first byte chooses the chunks and the dialect.
pub fn session(bytes: &[u8]) {
    let (&first, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let setup = Setup::calm(3, u64::from(first));
    let step = |after_us, client, act| Step { after_us, client, act };
    let lobby = Some(RoomName::lobby());
    let connect = match first % 4 {
        1 => Act::ConnectIrc,
        2 => Act::ConnectAuto,
        _ => Act::Connect(lobby.clone()),
    };
    let registration =
        b"CAP REQ :message-tags server-time\r\nNICK ear\r\nUSER ear 0 * :Ear\r\nCAP END\r\nJOIN #lobby\r\n";
    let sent = Act::Send { bytes: bytes.to_vec(), segment: usize::from(first) };
    let steps = vec![
        step(0, 0, connect),
        step(1_000, 1, Act::Connect(lobby)),
        step(1_000, 2, Act::ConnectIrc),
        step(1_000, 2, Act::Send { bytes: registration.to_vec(), segment: 0 }),
        step(1_000, 0, sent),
        step(10_000_000, 0, Act::EndInput),
    ];
    check_laws(&Scenario { setup, steps });
}

/// Runs a server with some clients, whose actions and faults the bytes choose, and checks every law.
pub fn hub(bytes: &[u8]) {
    check_laws(&Scenario::generate(&mut Source::Bytes(bytes), Size::SMALL));
}

fn check_laws(scenario: &Scenario) {
    if let Some(violation) = tier1::run(scenario, Trace::hash_only()).violation {
        panic!("{violation}\n{scenario:#?}");
    }
}

/// Compares the outbox with a sink that writes each output at once.
pub fn outbox(bytes: &[u8]) {
    let mut source = Source::Bytes(bytes);
    let limits = Limits {
        flush_writes_max: source.pick(&[1_024, 1, 7]),
        backlog_bytes_max: source.pick(&[64 << 20, 0, 5_000, 20_000]),
        outbox_bytes_max: source.pick(&[64 << 20, 64 << 20, 30_000]),
        ..Limits::default()
    };
    // Whether sockets accept only as many bytes as an operation grants them.
    let narrow = source.chance(500);
    let mut ops = Vec::new();
    while !source.is_empty() && ops.len() < OPS_MAX {
        ops.push(Op::choose(&mut source));
    }
    flush::run(&limits, narrow, &ops);
}
