//! What the Tab key makes of the word before the cursor.

use super::command;
use super::vocabulary::Vocabulary;
use parlor_protocol::plain::COMMANDS;
use parlor_protocol::{Language, RoomName};

/// Choices that are shown at once.
const CHOICES_MAX: usize = 60;

/// How the word goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// Several words begin so, and have nothing more in common.
    Choices(Vec<String>),
    /// No word begins so.
    Nothing,
    /// This stands in the place of the text from that byte to the cursor.
    Replace { start: usize, text: String },
}

/// Completes the last word of `before`, the line up to the cursor.
pub(super) fn complete(vocabulary: &Vocabulary, before: &str) -> Completion {
    let start = before.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
    let word = &before[start..];
    let (mut words, after) = words(vocabulary, before, start);
    words.retain(|candidate| begins_with(candidate, word));
    let common = match words.as_slice() {
        [] => return Completion::Nothing,
        [only] => return Completion::Replace { start, text: format!("{only}{after}") },
        [first, others @ ..] => {
            others.iter().fold(first.as_str(), |common, other| common_part(common, other))
        }
    };
    if common.chars().count() > word.chars().count() {
        return Completion::Replace { start, text: common.to_owned() };
    }
    words.truncate(CHOICES_MAX);
    Completion::Choices(words)
}

/// The words that may stand there, and what follows one that is whole.
fn words(vocabulary: &Vocabulary, before: &str, start: usize) -> (Vec<String>, &'static str) {
    let word = &before[start..];
    let names = || vocabulary.names().map(|name| name.as_str().to_owned()).collect();
    let commands = |slash: &str| COMMANDS.iter().map(|command| format!("{slash}{}", command.name)).collect();
    if before[..start].trim_start().is_empty() {
        return match word.chars().next() {
            // Nothing has begun.
            None => (Vec::new(), ""),
            // As input methods write it, too.
            Some(slash @ ('/' | '／')) => (commands(slash.encode_utf8(&mut [0; 4])), " "),
            // Somebody is spoken to.
            Some(_) => (names(), ": "),
        };
    }
    let Some((command, _)) = command::read(before) else { return (names(), " ") };
    // What the table of commands says of the argument in this place, as it is written in English.
    let nth = before[..start].split_whitespace().count() - 1;
    let arguments = command.arguments.get(Language::En);
    let argument = arguments.split(' ').nth(nth).unwrap_or_default().trim_matches(['[', ']']);
    let words = match argument {
        // A new name is nobody's.
        "NAME" if command.name == "nick" => Vec::new(),
        "ROOM" => {
            let has_mark = word.starts_with('#');
            let written = |room: &RoomName| if has_mark { format!("{room:#}") } else { room.to_string() };
            vocabulary.rooms().map(written).collect()
        }
        "zh|en" => Language::ALL.map(|language| language.to_string()).to_vec(),
        "COMMAND" => commands(""),
        _ => names(),
    };
    (words, " ")
}

fn begins_with(candidate: &str, word: &str) -> bool {
    candidate.to_lowercase().starts_with(&word.to_lowercase())
}

/// As much of `one` as `other` begins with, without regard to case.
fn common_part<'a>(one: &'a str, other: &str) -> &'a str {
    let is_same = |(one, other): &((usize, char), char)| one.1.to_lowercase().eq(other.to_lowercase());
    let same = one.char_indices().zip(other.chars()).take_while(is_same).last();
    same.map_or("", |((at, character), _)| &one[..at + character.len_utf8()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::new();
        for line in
            ["小明: hi", "Albert: hi", "alice: hi", "bob: hi", "* 3 rooms: tea (1), teahouse (1), ##c++ (1)"]
        {
            vocabulary.hear(line);
        }
        vocabulary
    }

    fn replaced(before: &str) -> String {
        match complete(&vocabulary(), before) {
            Completion::Replace { start, text } => format!("{}{text}", &before[..start]),
            other => panic!("{before:?}: {other:?}"),
        }
    }

    #[test]
    fn the_only_word_that_begins_so_is_whole() {
        for (before, whole) in [
            ("bo", "bob: "),
            ("hello BO", "hello bob "),
            ("小", "小明: "),
            ("/ni", "/nick "),
            ("/NI", "/nick "),
            ("/msg b", "/msg bob "),
            ("/join lo", "/join lobby "),
            ("/join #lo", "/join #lobby "),
            ("/join ##", "/join ##c++ "),
            ("/JOIN teah", "/JOIN teahouse "),
            ("/j teah", "/j teahouse "),
            ("/who teah", "/who teahouse "),
            ("/msg alice b", "/msg alice bob "),
            ("/lang z", "/lang zh "),
            ("/help ni", "/help nick "),
            (" /ni", " /nick "),
            ("／ni", "／nick "),
            // A blank before it hides no command.
            (" /join", " /join "),
            ("  /join teah", "  /join teahouse "),
            ("  bo", "  bob: "),
        ] {
            assert_eq!(replaced(before), whole, "{before:?}");
        }
    }

    #[test]
    fn of_several_words_the_common_part_is_taken_then_they_are_shown() {
        assert_eq!(replaced("a"), "al");
        assert_eq!(complete(&vocabulary(), "al"), Completion::Choices(vec!["alice".into(), "Albert".into()]));
        assert_eq!(replaced("/join t"), "/join tea");
        let rooms = Completion::Choices(vec!["teahouse".into(), "tea".into()]);
        assert_eq!(complete(&vocabulary(), "/join tea"), rooms);
    }

    #[test]
    fn where_nothing_fits_nothing_happens() {
        for before in ["", "x", "hello x", "/nick a", "/xyz", "//n", "alice: hello "] {
            let completion = complete(&Vocabulary::new(), before);
            assert_eq!(completion, Completion::Nothing, "{before:?}");
        }
    }
}
