//! Recognising the server's notes.
//!
//! A note is a line of the server's own; it begins with `* `. Notes are texts for people, in the language of the server or
//! of its user. To keep each text in one place, a line is compared with the core's rendering of an expected [`Note`] in
//! every language. A note that another version of the server words differently is not recognised; callers treat that as
//! "not granted", never as "granted".

use bytes::BytesMut;
use parlor_protocol::plain::Note;
use parlor_protocol::{CloseReason, Language, Name, Refusal, RoomName};

/// The mark of a note. No member's line begins with it, except under `--relay raw`.
const NOTE: &str = "* ";

/// Bytes of a rendered note. The notes rendered here are single lines.
const NOTE_BYTES_MAX: usize = 4_096;

/// The reason for closing the connection in the server's last note, as the client reacts to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// The reason persists: reconnecting is pointless.
    ForGood,
    /// The server stops or lost the connection: reconnecting may succeed.
    Lost,
    /// The server refused the connection: it is full or requires a password.
    Rejected(CloseReason),
    /// The user asked for it.
    Quit,
}

/// Returns whether the line is a note.
pub(super) fn is_note(line: &str) -> bool {
    line.starts_with(NOTE)
}

/// Returns the note without its mark.
pub(super) fn without_mark(note: &str) -> &str {
    note.strip_prefix(NOTE).unwrap_or(note)
}

/// Returns whether the line confirms that the user now has this name.
pub(super) fn is_now_named(line: &str, name: &Name) -> bool {
    matches_note(line, &Note::NowNamed(name)) || matches_note(line, &Note::Refused(&Refusal::NameUnchanged))
}

/// Returns whether the line confirms that the user is in this room.
pub(super) fn is_in_room(line: &str, room: &RoomName) -> bool {
    // The rendering depends on the number of members. The line contains it, or the number of the others.
    let numbers =
        line.split(|character: char| !character.is_ascii_digit()).filter_map(|run| run.parse().ok());
    let members = numbers.flat_map(|number: usize| [number, number.saturating_add(1)]).chain([1]);
    let mut members = members.take(NOTE_BYTES_MAX);
    members.any(|members| matches_note(line, &Note::InRoom { room, members, topic: None }))
        || matches_note(line, &Note::Refused(&Refusal::AlreadyIn(room.clone())))
}

/// Returns whether the line says that the user was kicked from this room.
pub(super) fn is_kicked_from(line: &str, room: &RoomName) -> bool {
    let by = Name::for_port(1, 1);
    Language::ALL.into_iter().any(|language| {
        let note = rendered(&Note::KickedOut { by: &by, room, message: None }, language);
        // The moderator's name comes first, and a reason may come last.
        let Some((_, rest)) = note.split_once(by.as_str()) else { return false };
        let room = room.to_string();
        let Some(end) = rest.find(&room) else { return false };
        let kicked = rest[..end + room.len()].to_lowercase();
        let line = without_mark(line).to_lowercase();
        line.split_once(&kicked)
            .is_some_and(|(by, rest)| Name::parse_any(by).is_ok() && !rest.starts_with(char::is_alphanumeric))
    })
}

/// Returns whether the line confirms a change of language.
pub(super) fn is_language(line: &str) -> bool {
    matches_note(line, &Note::LanguageIs)
}

/// Returns whether the line is the greeting of a newcomer.
pub(super) fn is_greeting(line: &str) -> bool {
    let (one, other) = (Name::for_port(1, 1), Name::for_port(2, 1));
    let (lobby, room) = (RoomName::lobby(), RoomName::parse("-").ok());
    let places = [Some((&lobby, 1)), room.as_ref().map(|room| (room, 2)), None];
    let names = [&one, &other];
    Language::ALL.into_iter().any(|language| {
        let greetings = names.iter().flat_map(|&name| {
            places.iter().map(move |&room| rendered(&Note::Greeting { name, room }, language))
        });
        let greetings: Vec<String> = greetings.collect();
        let (before, after) = (common_prefix(&greetings), common_suffix(&greetings));
        line.len() >= before.len() + after.len() && line.starts_with(before) && line.ends_with(after)
    })
}

/// Returns the reason for closing the connection, if the line gives one.
pub(super) fn closing(line: &str) -> Option<Closing> {
    if !is_note(line) {
        return None;
    }
    if matches_note(line, &Note::Farewell { reason: CloseReason::Quit, message: None }) {
        return Some(Closing::Quit);
    }
    for language in Language::ALL {
        let texts: Vec<(CloseReason, String)> = farewells(language).collect();
        for (reason, text) in &texts {
            let is_meant = match reason {
                // The operator's own words follow.
                CloseReason::Banned | CloseReason::Killed => line.starts_with(text),
                _ => line == text,
            };
            if is_meant {
                return Some(match reason {
                    CloseReason::AddressFull
                    | CloseReason::Password
                    | CloseReason::PasswordNotChecked
                    | CloseReason::ServerFull => Closing::Rejected(*reason),
                    CloseReason::Banned | CloseReason::Killed => Closing::ForGood,
                    _ => Closing::Lost,
                });
            }
        }
        // A reason that only another version of the server has begins like the others.
        let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
        if line.starts_with(common_prefix(&texts)) {
            return Some(Closing::ForGood);
        }
    }
    None
}

/// Returns the server's text for this reason in that language.
pub(super) fn farewell(reason: CloseReason, language: Language) -> String {
    let texts: Vec<String> = farewells(language).map(|(_, text)| text).collect();
    let text = rendered(&Note::Farewell { reason, message: None }, language);
    text.strip_prefix(common_prefix(&texts)).unwrap_or(&text).to_owned()
}

/// Returns the server's notes when it closes a connection unasked.
fn farewells(language: Language) -> impl Iterator<Item = (CloseReason, String)> {
    let reasons = CloseReason::ALL.into_iter().filter(|reason| *reason != CloseReason::Quit);
    reasons
        .map(move |reason| (reason, rendered(&Note::Farewell { reason, message: None }, language)))
        .filter(|(_, text)| !text.is_empty())
}

/// Returns whether the line is this note, in any language. The comparison ignores case, because a room keeps the case of
/// its first name.
fn matches_note(line: &str, note: &Note<'_>) -> bool {
    Language::ALL.into_iter().any(|language| rendered(note, language).to_lowercase() == line.to_lowercase())
}

/// Returns the first line of a note.
pub(super) fn rendered(note: &Note<'_>, language: Language) -> String {
    let mut bytes = BytesMut::new();
    note.render(language, NOTE_BYTES_MAX, &mut bytes);
    String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned()
}

fn common_prefix(texts: &[String]) -> &str {
    let Some((first, others)) = texts.split_first() else { return "" };
    let mut end = first.len();
    for other in others {
        let same = first.char_indices().zip(other.chars()).find(|((_, one), other)| one != other);
        end = end.min(same.map_or(first.len().min(other.len()), |((at, _), _)| at));
    }
    &first[..end]
}

fn common_suffix(texts: &[String]) -> &str {
    let Some((first, others)) = texts.split_first() else { return "" };
    let mut start = 0;
    for other in others {
        let same = first.chars().rev().zip(other.chars().rev()).take_while(|(one, other)| one == other);
        let bytes: usize = same.map(|(one, _)| one.len_utf8()).sum();
        start = start.max(first.len() - bytes);
    }
    &first[start..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::Text;

    fn name(text: &str) -> Name {
        Name::parse_any(text).unwrap()
    }

    fn room(text: &str) -> RoomName {
        RoomName::parse(text).unwrap()
    }

    #[test]
    fn a_confirmation_is_recognised_in_every_language() {
        for language in Language::ALL {
            for text in ["alice", "小明", "Zoë"] {
                let note = rendered(&Note::NowNamed(&name(text)), language);
                assert!(is_now_named(&note, &name(text)), "{note}");
                assert!(!is_now_named(&note, &name("bob")), "{note}");
            }
            for members in [1, 2, 3, 11, 4_000] {
                for text in ["tea", "茶", "room2.0", "##c++"] {
                    let (here, elsewhere) = (room(text), room("coffee"));
                    let entered = Note::InRoom { room: &here, members, topic: None };
                    let note = rendered(&entered, language);
                    assert!(is_in_room(&note, &here), "{note}");
                    assert!(!is_in_room(&note, &elsewhere), "{note}");
                }
            }
        }
    }

    #[test]
    fn a_refusal_is_not_a_confirmation() {
        let (alice, tea) = (name("alice"), room("tea"));
        let refusals = [
            Refusal::NameTaken(alice.clone()),
            Refusal::BadKey(tea.clone()),
            Refusal::Banned(tea.clone()),
            Refusal::InviteOnly(tea.clone()),
            Refusal::RoomFull(tea.clone()),
            Refusal::RoomsFull,
            Refusal::TooManyRooms,
        ];
        for language in Language::ALL {
            for refusal in &refusals {
                let note = rendered(&Note::Refused(refusal), language);
                assert!(!is_now_named(&note, &alice) && !is_in_room(&note, &tea), "{note}");
                assert!(!is_greeting(&note) && !is_language(&note), "{note}");
                assert_eq!(closing(&note), None, "{note}");
            }
        }
    }

    #[test]
    fn a_room_is_recognised_in_any_case() {
        assert!(is_in_room("* you have entered Tea; 1 other is here", &room("tea")));
        assert!(is_in_room("* you are already in lobby", &room("LOBBY")));
    }

    #[test]
    fn a_greeting_is_recognised_with_any_name_and_room() {
        for language in Language::ALL {
            for text in ["54321", "54321-2"] {
                let (tea, name) = (room("茶"), name(text));
                for place in [Some((&tea, 1)), Some((&tea, 300)), None] {
                    let note = rendered(&Note::Greeting { name: &name, room: place }, language);
                    assert!(is_greeting(&note), "{note}");
                }
            }
            assert!(!is_greeting(&rendered(&Note::NowNamed(&name("alice")), language)));
        }
    }

    #[test]
    fn every_farewell_is_classified() {
        let (mut rejected, mut known) = (0, 0);
        for language in Language::ALL {
            for (reason, note) in farewells(language) {
                known += 1;
                let closing = closing(&note).unwrap();
                let is_for_good = matches!(reason, CloseReason::Banned | CloseReason::Killed);
                assert_eq!(closing == Closing::ForGood, is_for_good, "{note}");
                rejected += usize::from(closing == Closing::Rejected(reason));
            }
            let message = Text::clean(b"spam", false);
            for reason in [CloseReason::Banned, CloseReason::Killed] {
                let ended = Note::Farewell { reason, message: Some(&message) };
                assert_eq!(closing(&rendered(&ended, language)), Some(Closing::ForGood));
            }
            let quit = Note::Farewell { reason: CloseReason::Quit, message: None };
            assert_eq!(closing(&rendered(&quit, language)), Some(Closing::Quit));
        }
        assert_eq!(rejected, 8);
        assert_eq!(farewell(CloseReason::ServerFull, Language::En), "the server is full; try again later");
        assert_eq!(farewell(CloseReason::ServerFull, Language::Zh), "服务器已满，请稍后再试");
        assert!(known > rejected);
    }

    #[test]
    fn a_farewell_of_another_version_is_recognised() {
        for note in ["* closed: you talk too much", "* 连接关闭：您说得太多"] {
            assert_eq!(closing(note), Some(Closing::ForGood), "{note}");
        }
        for line in ["closed: the server is full", "bob: * closed: no", "* the shop is closed: go home", "* "]
        {
            assert_eq!(closing(line), None, "{line}");
        }
    }
}
