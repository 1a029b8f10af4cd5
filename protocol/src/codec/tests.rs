//! Tests with records of two versions, and with bytes that no writer writes.

use super::error::{DecodeError, DecodeErrorKind};
use super::reader::Reader;
use super::value::{Value, ascend};
use super::writer::Writer;
use super::{NULL, SALT_BYTES, VERSION, decode, decode_and_check, encode, forget, read, texts, write};
use crate::base::id::{Life, MemberId, NodeId, Seq};
use crate::base::mode::{Flag, Key, ModeChange};
use crate::base::name::{Name, RoomName};
use crate::base::person::{Host, Profile};
use crate::base::text::Text;
use crate::log::command::Command;
use crate::log::entry::{Origin, Proposal};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A record as an earlier build knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Early {
    count: u32,
    first: Text,
    last: Text,
    kind: EarlyKind,
}

record! { Early {
    count: 1,
    first: 3,
    last: 6,
    kind: 9,
} }

/// The same record as a later build knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Late {
    count: u32,
    added: Option<u64>,
    first: Text,
    middle: Text,
    size: u32,
    last: Text,
    list: Vec<Text>,
    needed: bool,
    kind: LateKind,
}

record! { Late {
    count: 1,
    added: 2,
    first: 3,
    middle: 4,
    size: 5 or 20,
    last: 6,
    list: 7,
    needed: 8 since 23,
    kind: 9,
} }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EarlyKind {
    One,
}

numbers! { EarlyKind, "kind" {
    4 => One,
} }

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LateKind {
    One,
    Two,
}

numbers! { LateKind, "kind" {
    4 => One,
    5 since 23 => Two,
} }

#[derive(Clone, Debug, PartialEq, Eq)]
enum EarlyCommand {
    Stop { after: u32 },
}

variants! { EarlyCommand, "command" {
    1 => Stop { after: 1, },
} }

#[derive(Clone, Debug, PartialEq, Eq)]
enum LateCommand {
    Stop { after: u32, loudly: bool },
    Go(Option<u32>),
}

variants! { LateCommand, "command" {
    1 => Stop { after: 1, loudly: 2 since 23, },
    2 since 23 => Go(speed: 1),
} }

#[test]
fn an_earlier_build_skips_the_fields_that_it_does_not_know() {
    let late = late();
    let bytes = bytes(&late);
    let Late { count, first, last, .. } = late.clone();
    let early = Early { count, first, last, kind: EarlyKind::One };
    assert_eq!(read(&bytes, true), Ok((early, [].into())), "each text is that of its field");
    assert_eq!(read(&bytes, true), Ok((late, [].into())));
    for (text, forgotten) in [(0, [0].to_vec()), (1, [].to_vec()), (2, [2].to_vec())] {
        let (_, known) = read::<Early>(&forget(&bytes, text).unwrap(), true).unwrap();
        assert_eq!(known, forgotten, "the second text is in a field that is not known");
    }
}

#[test]
fn a_later_build_gives_missing_fields_their_defaults() {
    let early = Early { count: 1, first: text("first"), last: text("last"), kind: EarlyKind::One };
    let Early { count, first, last, .. } = early.clone();
    let none = Late { count, first, last, added: None, middle: text(""), size: 20, ..empty() };
    assert_eq!(read(&bytes(&early), true), Ok((none, [].into())));
}

#[test]
fn an_entry_that_needs_a_later_version_is_refused() {
    // The version is behind the heads of the entry, of its body, and of the pair in that.
    let newer = DecodeError { at: 4, kind: DecodeErrorKind::Newer { needs: 23, knows: VERSION } };
    for needing in [Late { needed: true, ..empty() }, Late { kind: LateKind::Two, ..empty() }] {
        assert_eq!(read::<Early>(&bytes(&needing), true), Err(newer));
        let again = read(&with_version(&bytes(&needing), 1), true);
        assert!(needing.kind == LateKind::Two || again == Ok((needing, [].into())));
    }
    for (command, needs) in [
        (LateCommand::Stop { after: 1, loudly: false }, 1),
        (LateCommand::Stop { after: 1, loudly: true }, 23),
        (LateCommand::Go(None), 23),
        (LateCommand::Go(Some(3)), 23),
    ] {
        let bytes = bytes(&command);
        let expected = if needs == 1 { Ok(EarlyCommand::Stop { after: 1 }) } else { Err(newer) };
        assert_eq!(read::<EarlyCommand>(&bytes, true).map(|(command, _)| command), expected);
        assert_eq!(read(&with_version(&bytes, 1), true), Ok((command, [].into())));
    }
    let error = read::<Early>(&bytes(&Late { needed: true, ..empty() }), true).unwrap_err();
    let words = "byte 4: the entry needs version 23 of the log, and this build knows version";
    assert_eq!(error.to_string(), alloc::format!("{words} {VERSION}"));
}

#[test]
fn an_unknown_variant_of_a_known_version_is_an_error() {
    let unknown = |of, number| DecodeErrorKind::UnknownVariant { of, number, needs: 1, knows: VERSION };
    let late = with_version(&bytes(&Late { kind: LateKind::Two, ..empty() }), 1);
    let error = read::<Early>(&late, true).unwrap_err();
    assert_eq!((error.kind, late[error.at]), (unknown("kind", 5), 5));
    let go = with_version(&bytes(&LateCommand::Go(Some(3))), 1);
    let error = read::<EarlyCommand>(&go, true).unwrap_err();
    assert_eq!((error.kind, go[error.at]), (unknown("command", 2), 2));
    let words =
        "no command has the number 2; the entry needs version 1 of the log, and this build knows version";
    assert_eq!(error.to_string(), alloc::format!("byte {}: {words} {VERSION}", error.at));
}

/// The log must give back whatever a client may set: otherwise the server would not start again.
#[test]
fn the_longest_values_are_read_again() {
    let word = |characters| "x".repeat(characters);
    let key = Key::parse(&word(Key::BYTES_MAX)).unwrap();
    assert_eq!(Key::stored(key.as_str()), Some(key));
    let host = Host::parse(&word(Host::BYTES_MAX)).unwrap();
    assert_eq!(Host::stored(host.as_str()), Some(host.clone()));
    let profile = Profile::new(&word(Profile::USER_BYTES_MAX), &host, &text("name"));
    assert_eq!(profile.user().len(), Profile::USER_BYTES_MAX);
    assert_eq!(Profile::stored(profile.user(), profile.host(), profile.real_name()), Some(profile));
    // Three bytes for each character.
    let characters = |count| "\u{4eba}".repeat(count);
    let name = Name::parse_any(&characters(Name::CHARS_MAX)).unwrap();
    assert_eq!((name.as_str().len(), Name::stored(name.as_str(), name.key())), (Name::BYTES_MAX, Some(name)));
    let room = RoomName::parse(&characters(RoomName::CHARS_MAX)).unwrap();
    assert_eq!(
        (room.as_str().len(), RoomName::stored(room.as_str(), room.key())),
        (RoomName::BYTES_MAX, Some(room))
    );
}

#[test]
fn a_text_is_checked_against_its_commitment() {
    let bytes = encode(&proposal("a secret"), &mut || [7; SALT_BYTES]);
    assert_eq!(decode_and_check(&bytes), decode(&bytes));
    for (from, to) in [("a secret", "a sacred"), ("\u{7}\u{7}", "\u{7}\u{8}")] {
        let mut changed = bytes.clone();
        let at = bytes.windows(from.len()).rposition(|it| it == from.as_bytes()).unwrap();
        changed[at..at + from.len()].copy_from_slice(to.as_bytes());
        let error = decode_and_check(&changed).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::WrongText);
        assert!(decode(&changed).is_ok(), "it is not checked");
        let text_at = bytes.len() - "a secret".len() - 1 - SALT_BYTES - 1 - 1;
        assert_eq!((error.at, bytes[error.at]), (text_at, 0x82), "where the salt and the text begin");
    }
    let mut unclean = bytes.clone();
    unclean[bytes.len() - 1] = 0;
    let error = decode(&unclean).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::Invalid("a text without control characters"));
    assert_eq!(error.at, bytes.len() - "a secret".len() - 1 - SALT_BYTES - 1 - 1);
    let forgotten = forget(&bytes, 0).unwrap();
    assert_eq!(forgotten.last(), Some(&NULL));
    let decoded = decode_and_check(&forgotten).unwrap();
    assert_eq!((decoded.proposal, decoded.forgotten), (proposal(""), [0].to_vec()));
    assert_eq!(texts(&forgotten), Ok([None].to_vec()));
    assert_eq!(forget(&bytes, 1), Ok(bytes.clone()), "there is no such text");
}

#[test]
fn a_text_that_was_emptied_is_not_taken_for_a_forgotten_one() {
    let mut emptied = encode(&proposal("a"), &mut || [7; SALT_BYTES]);
    assert_eq!(emptied.split_off(emptied.len() - 2), [0x61, b'a']);
    emptied.push(0x60);
    let decoded = decode(&emptied).unwrap();
    assert_eq!((decoded.proposal, decoded.forgotten), (proposal(""), [].to_vec()));
    assert_eq!(decode_and_check(&emptied).unwrap_err().kind, DecodeErrorKind::WrongText);
}

#[test]
fn an_empty_text_needs_no_commitment() {
    let mut salts = || panic!("no salt is drawn");
    let bytes = encode(&proposal(""), &mut salts);
    assert_eq!(texts(&bytes), Ok([].to_vec()));
    assert_eq!(decode(&bytes).unwrap().proposal, proposal(""));
}

/// Bytes that no writer writes, with what is wrong with them.
#[test]
fn bytes_that_are_no_entry_are_refused_where_they_are_wrong() {
    use DecodeErrorKind::{Expected, Invalid, Missing, Truncated};
    // A body of version 1 with the fields that follow, and no texts; where its third byte is in the entry.
    let body = |fields: &[u8]| {
        let length = u8::try_from(fields.len() + 2).unwrap();
        [&[0x82, 0x58, length, 0x82, 1], fields, &[0x80]].concat()
    };
    let early = |fields: &[u8]| read::<Early>(&body(fields), true).map(drop);
    for (fields, at, kind) in [
        (&[0xA0][..], 6, Missing("count")),
        (&[0xA2, 1, 1, 1, 1], 8, Expected("a field with a greater number")),
        (&[0xA2, 9, 4, 1, 1], 5 + 1, Missing("count")),
        (&[0xA1, 1, 0x1B, 0, 0, 0, 1, 0, 0, 0, 0], 7, Invalid("a number of type u32")),
        (&[0xA1, 1, 0x61, b'x'], 7, Expected("a number")),
        (&[0xBF, 1, 1, 9, 4, 0xFF], 5, Expected("a number of fields")),
        (&[0x01], 5, Expected("a value with fields")),
        (&[0xBB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 1], 16, Truncated),
        (&[0xA2, 1, 1, 3, 0x80], 9, Expected("a commitment to a text")),
        (&[0xA2, 1, 1, 3, 0x82, 0, 0x41, 1], 11, Invalid("a commitment")),
        (&[0xA2, 1, 1, 9, 4, 0], 10, Expected("the end")),
    ] {
        assert_eq!(early(fields), Err(DecodeError { at, kind }), "{fields:x?}");
    }
    assert_eq!(early(&[0xA2, 1, 1, 9, 4]), Ok(()));
    let entry = |bytes: &[u8]| decode(bytes).map(drop);
    for (bytes, at, kind) in [
        (&[][..], 0, Truncated),
        (&[0x81, 0x40], 0, Expected("an entry")),
        (&[0x9F, 0x40, 0x80, 0xFF], 0, Expected("an entry")),
        (&[0x82, 0x60], 1, Expected("the body of an entry")),
        (&[0x82, 0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], 1, Truncated),
        (&[0x82, 0x40, 0x9F], 2, Expected("the length of a list")),
        (&[0x82, 0x41, 1, 0x80], 2, Expected("the version of an entry")),
        (&[0x82, 0x46, 0x82, 0x1A, 0, 1, 0, 0, 0x80], 3, Invalid("a version of the log")),
    ] {
        assert_eq!(entry(bytes), Err(DecodeError { at, kind }), "{bytes:x?}");
    }
}

#[test]
fn texts_that_do_not_belong_to_the_body_are_refused() {
    let bytes = encode(&proposal("a"), &mut || [7; SALT_BYTES]);
    let end = bytes.len() - 1 - SALT_BYTES - 1 - 1 - 1;
    let (body, pair) = (&bytes[..end - 1], &bytes[end..]);
    let with =
        |texts: &[u8]| decode(&[body, texts].concat()).map(drop).map_err(|it| (it.at - body.len(), it.kind));
    assert_eq!(with(&[&[0x81], pair].concat()), Ok(()));
    assert_eq!(with(&[0x80]), Err((1, DecodeErrorKind::Missing("text"))));
    assert_eq!(with(&[0x81]), Err((1, DecodeErrorKind::Truncated)));
    assert_eq!(with(&[0x81, 0xF6, 0]), Err((2, DecodeErrorKind::Expected("the end"))));
    assert_eq!(
        with(&[&[0x82], pair, &[0xF7]].concat()).unwrap_err().1,
        DecodeErrorKind::Expected("a salt and a text")
    );
    // More texts than the body refers to may be those of fields that are not known.
    assert_eq!(with(&[&[0x82], pair, &[0xF6]].concat()), Ok(()));
    assert_eq!(with(&[0x81, 0x82, 0x41, 7, 0x60]), Err((2, DecodeErrorKind::Invalid("a salt"))));
}

#[test]
fn a_text_is_read_once() {
    let salts = &mut || [7; SALT_BYTES];
    let late = write(&Late { first: text("a"), last: text("a"), ..empty() }, salts);
    let second = late.windows(4).position(|it| *it == [0x82, 1, 0x58, 32]).unwrap();
    let mut twice = late.clone();
    twice[second + 1] = 0;
    let error = read::<Late>(&twice, false).unwrap_err();
    assert_eq!(error.kind, DecodeErrorKind::Missing("text"));
}

/// Neither a stack nor memory is needed in proportion to lengths that the bytes only claim, or to their depth.
#[test]
fn unknown_values_are_skipped_however_deep_they_are() {
    let depth = 50_000;
    let mut body = [&[0x82, 1, 0xA3, 1, 1, 2][..], &[0x81].repeat(depth), &[0, 9, 4]].concat();
    body.splice(0..0, [0x82, 0x5A].into_iter().chain(u32::try_from(body.len()).unwrap().to_be_bytes()));
    body.push(0x80);
    let early = Early { count: 1, first: text(""), last: text(""), kind: EarlyKind::One };
    assert_eq!(read(&body, true), Ok((early, [].into())));
    let (at, length) = (body.len() - 4 - depth, [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    body[at..at + length.len()].copy_from_slice(&length);
    assert_eq!(read::<Early>(&body, true).unwrap_err().kind, DecodeErrorKind::Truncated);
}

#[test]
fn a_list_is_not_longer_than_its_bytes() {
    let (member, room) = (MemberId(Seq(1)), RoomName::lobby());
    let changes = [ModeChange::Flag { flag: Flag::Secret, on: true }].to_vec();
    let command = Command::SetModes { member, room, changes };
    let proposal = Proposal { command, ..proposal("") };
    let mut bytes = encode(&proposal, &mut || panic!("there is no text"));
    let at = bytes.windows(4).position(|it| *it == [0x81, 0x82, 1, 0xA2]).unwrap();
    let length = [0x9B, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    bytes.splice(at..=at, length);
    bytes[2] += 8;
    let kind = decode(&bytes).unwrap_err().kind;
    assert_eq!(kind, DecodeErrorKind::Truncated, "and no memory is allocated for so many changes");
}

/// Returns the entry with another version.
fn with_version(bytes: &[u8], version: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[4] = version;
    bytes
}

/// Returns an entry whose body has at least 24 bytes, so that its head has two.
fn bytes(value: &impl Value) -> Vec<u8> {
    let mut drawn = 0;
    let bytes = write(value, &mut || {
        drawn += 1;
        [drawn; SALT_BYTES]
    });
    match bytes[1] {
        0x58 => bytes,
        head => [&[bytes[0], 0x58, head - 0x40], &bytes[2..]].concat(),
    }
}

fn late() -> Late {
    Late {
        count: 300,
        added: Some(u64::MAX),
        first: text("first"),
        middle: text("middle"),
        size: 7,
        last: text("last"),
        list: [text("a"), text("b")].into(),
        needed: false,
        kind: LateKind::One,
    }
}

fn empty() -> Late {
    Late {
        count: 1,
        added: None,
        first: text(""),
        middle: text(""),
        size: 20,
        last: text(""),
        list: Vec::new(),
        needed: false,
        kind: LateKind::One,
    }
}

fn proposal(words: &str) -> Proposal {
    let origin = Origin { node: NodeId(0), life: Life(1), number: 1 };
    let command = Command::Wallops { member: MemberId(Seq(1)), text: text(words) };
    Proposal { at_unix_ms: 1, origin, command }
}

fn text(words: &str) -> Text {
    Text::clean(String::from(words).as_bytes(), false)
}
