//! Finds the command that a line names.

use super::instruction::Instruction;
use super::nearest;
use super::note::Mistake;
use super::seen::Seen;
use super::table::COMMANDS;
use super::words::{PlainCommand, Words, folded, no_such_command};
use crate::base::language::Language;
use alloc::string::String;

/// How the command of that name is written.
pub(super) fn usage(name: &str, language: Language) -> String {
    command(name).map(|it| it.usage(language)).unwrap_or_default()
}

/// The command of that name, or with that alias.
pub(super) fn command(name: &str) -> Option<&'static PlainCommand> {
    COMMANDS.iter().find(|it| it.spellings().any(|spelling| spelling == name))
}

/// The command that a word of a line names, however it is written.
pub(super) fn find(word: &str) -> Option<&'static PlainCommand> {
    // Nearly always it is written as it is in the table.
    command(word).or_else(|| command(&folded(word)))
}

/// What a command asks for: `line` is what stands behind its slash.
pub(super) fn read(line: Seen<'_>) -> Result<Instruction, Mistake> {
    let mut rest = line;
    let word = rest.take_word();
    match find(&word) {
        Some(it) => (it.read)(&mut Words { command: it.name, rest }),
        None => Err(no_such_command(&word)),
    }
}

/// The command that may have been meant by an unknown one.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    nearest::nearest(&folded(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn a_spelling_is_of_one_command_and_in_the_letters_in_which_it_is_looked_up() {
        let mut known = BTreeSet::new();
        for spelling in COMMANDS.iter().flat_map(PlainCommand::spellings) {
            assert!(known.insert(spelling), "{spelling} is of one command");
            assert_eq!(folded(spelling), spelling);
        }
    }

    #[test]
    fn every_command_says_what_it_does_in_every_language() {
        for it in COMMANDS {
            for language in Language::ALL {
                assert!(!it.about.get(language).is_empty(), "/{}", it.name);
                let other = it.arguments.get(Language::En).is_empty();
                assert_eq!(it.arguments.get(language).is_empty(), other, "/{}", it.name);
                let details = it.details.get(Language::En).is_empty();
                assert_eq!(it.details.get(language).is_empty(), details, "/{}", it.name);
            }
        }
    }
}
