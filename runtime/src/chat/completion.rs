//! Completion of the word before the cursor, for the Tab key.

use super::command;
use super::vocabulary::Vocabulary;
use parlor_protocol::plain::COMMANDS;
use parlor_protocol::{Language, RoomName};

/// Candidates that are shown at once.
const CHOICES_MAX: usize = 60;

/// The result of a completion.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// Several candidates, with no longer common beginning.
    Choices(Vec<String>),
    /// No candidate.
    Nothing,
    /// The text that replaces the bytes from `start` to the cursor.
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

/// Returns the candidates at this place of the line, and the text that follows a complete word.
fn words(vocabulary: &Vocabulary, before: &str, start: usize) -> (Vec<String>, &'static str) {
    let word = &before[start..];
    let names = || vocabulary.names().map(|name| name.as_str().to_owned()).collect();
    let commands = |slash: &str| COMMANDS.iter().map(|command| format!("{slash}{}", command.name)).collect();
    if before[..start].trim_start().is_empty() {
        return match word.chars().next() {
            // At the beginning of the line, nothing is completed.
            None => (Vec::new(), ""),
            // Input methods write a full-width slash.
            Some(slash @ ('/' | '／')) => (commands(slash.encode_utf8(&mut [0; 4])), " "),
            // A member is addressed.
            Some(_) => (names(), ": "),
        };
    }
    let Some((command, _)) = command::read(before) else { return (names(), " ") };
    // The English usage of the command says what its argument at this place is.
    let nth = before[..start].split_whitespace().count() - 1;
    let arguments = command.arguments.get(Language::En);
    let argument = arguments.split(' ').nth(nth).unwrap_or_default().trim_matches(['[', ']']);
    let words = match argument {
        // A new name has no candidates: those of others are taken.
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

/// Returns the longest common prefix, ignoring case, as `one` spells it.
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
            vocabulary.receive(line);
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
    fn the_only_candidate_is_completed() {
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
            // Blanks may precede a command.
            (" /join", " /join "),
            ("  /join teah", "  /join teahouse "),
            ("  bo", "  bob: "),
        ] {
            assert_eq!(replaced(before), whole, "{before:?}");
        }
    }

    #[test]
    fn of_several_candidates_the_common_prefix_is_inserted_then_they_are_shown() {
        assert_eq!(replaced("a"), "al");
        assert_eq!(complete(&vocabulary(), "al"), Completion::Choices(vec!["alice".into(), "Albert".into()]));
        assert_eq!(replaced("/join t"), "/join tea");
        let rooms = Completion::Choices(vec!["teahouse".into(), "tea".into()]);
        assert_eq!(complete(&vocabulary(), "/join tea"), rooms);
    }

    #[test]
    fn without_a_candidate_nothing_happens() {
        for before in ["", "x", "hello x", "/nick a", "/xyz", "//n", "alice: hello "] {
            let completion = complete(&Vocabulary::new(), before);
            assert_eq!(completion, Completion::Nothing, "{before:?}");
        }
    }
}
