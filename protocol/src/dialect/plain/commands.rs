//! Looking up commands by name.

use super::instruction::Instruction;
use super::nearest;
use super::note::Mistake;
use super::table::COMMANDS;
use super::visible::Visible;
use super::words::{PlainCommand, Words, folded, no_such_command};
use crate::base::cloak::Cloaks;
use crate::base::language::Language;
use alloc::string::String;

/// Returns the usage of a command: `/nick NAME`.
pub(super) fn usage(name: &str, language: Language) -> String {
    command(name).map(|it| it.usage(language)).unwrap_or_default()
}

/// Returns the command with this name or alias.
pub(super) fn command(name: &str) -> Option<&'static PlainCommand> {
    COMMANDS.iter().find(|it| it.spellings().any(|spelling| spelling == name))
}

/// Returns the command for a word as a member may type it: in any case, in wide letters, with invisible characters.
pub(super) fn find(word: &str) -> Option<&'static PlainCommand> {
    // Nearly always the word is spelled as in the table.
    command(word).or_else(|| command(&folded(word)))
}

/// Parses a command; `line` is the part after the slash.
pub(super) fn read(line: Visible<'_>, cloaks: &Cloaks) -> Result<Instruction, Mistake> {
    let mut rest = line;
    let word = rest.take_word();
    match find(&word) {
        Some(it) => (it.read)(&mut Words { command: it.name, rest, cloaks }),
        None => Err(no_such_command(&word)),
    }
}

/// Returns the command that the author of an unknown one may have meant.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    nearest::nearest(&folded(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn spellings_are_unique_and_folded() {
        let mut known = BTreeSet::new();
        for spelling in COMMANDS.iter().flat_map(PlainCommand::spellings) {
            assert!(known.insert(spelling), "{spelling} belongs to one command");
            assert_eq!(folded(spelling), spelling);
        }
    }

    #[test]
    fn every_command_is_explained_in_every_language() {
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
