//! A command of the plain dialect, and how its words are read.

use super::instruction::Instruction;
use super::note::Mistake;
use super::seen::Seen;
use crate::base::language::Language;
use crate::base::name::Name;
use crate::base::text::{Text, is_invisible};
use alloc::borrow::Cow;
use alloc::string::String;

/// A command: what is typed behind `/`.
#[derive(Debug)]
pub struct PlainCommand {
    /// Its name, in lower case; any case is taken.
    pub name: &'static str,
    /// Other names, known from other chats.
    pub aliases: &'static [&'static str],
    /// The group that `/help` lists it in.
    pub group: Group,
    /// Its arguments: `NAME TEXT`, with those in brackets that can be left out.
    pub arguments: Localized,
    /// What it does, in a few words.
    pub about: Localized,
    /// Further explanations, one a line.
    pub details: Localized,
    pub(super) read: fn(&mut Words<'_>) -> Result<Instruction, Mistake>,
}

/// A text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Localized(pub(super) [&'static str; Language::ALL.len()]);

impl Localized {
    /// The text in that language.
    #[must_use]
    pub const fn get(&self, language: Language) -> &'static str {
        self.0[language as usize]
    }
}

/// Where a command is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// With `/help`.
    Everyday,
    /// With `/help moderation`.
    Moderation,
}

impl PlainCommand {
    /// Its name and its aliases.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        core::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// How it is written: `/nick NAME`.
    #[must_use]
    pub fn usage(&self, language: Language) -> String {
        let arguments = self.arguments.get(language);
        let blank = if arguments.is_empty() { "" } else { " " };
        alloc::format!("/{}{blank}{arguments}", self.name)
    }
}

pub(super) fn no_such_command(word: &str) -> Mistake {
    /// Characters of the word that the note shows.
    const SHOWN_CHARS: usize = 40;
    Mistake::NoSuchCommand(word.chars().filter(|&it| !is_invisible(it)).take(SHOWN_CHARS).collect())
}

/// A name that somebody may have. A port's name can be spoken to, though nobody can ask for it.
pub(super) fn any_name(name: &str) -> Result<Name, Mistake> {
    Name::parse_any(name).map_err(Mistake::BadName)
}

/// The word as the table spells it: in lower case, with wide letters of input methods as ASCII, and without invisible
/// characters.
pub(super) fn folded(word: &str) -> String {
    let seen = word.chars().filter(|&it| !is_invisible(it));
    seen.map(|it| narrow(it).to_ascii_lowercase()).collect()
}

/// Whether the name of a command can begin with that character.
pub(super) fn is_letter_of_command(letter: char) -> bool {
    narrow(letter).is_ascii_alphabetic()
}

/// The ASCII character of which this one is the wide form; any other character as it is.
fn narrow(character: char) -> char {
    const WIDE_OFFSET: u32 = 0xFEE0;
    match character {
        '！'..='～' => char::from_u32(u32::from(character) - WIDE_OFFSET).unwrap_or(character),
        _ => character,
    }
}

/// What follows the name of a command.
pub(super) struct Words<'a> {
    pub(super) command: &'static str,
    pub(super) rest: Seen<'a>,
}

impl<'a> Words<'a> {
    /// The next word, if there is one.
    pub(super) fn next(&mut self) -> Option<Cow<'a, str>> {
        self.rest.skip_unseen()?;
        Some(self.rest.take_word())
    }

    /// The next word; an error if there is none.
    pub(super) fn needed(&mut self) -> Result<Cow<'a, str>, Mistake> {
        self.next().ok_or(Mistake::Usage(self.command))
    }

    /// Checks that no word is left.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        if self.rest.is_at_end() { Ok(()) } else { Err(Mistake::ExtraWords(self.command)) }
    }

    /// Everything that follows, as it is seen; `None` if nothing does.
    pub(super) fn all(&self) -> Option<Cow<'a, str>> {
        Some(self.rest.rest()).filter(|rest| !rest.is_empty())
    }

    /// The text that follows, if anything of it is seen.
    pub(super) fn text(&self) -> Option<Text> {
        self.rest.text()
    }

    pub(super) fn needed_text(&self) -> Result<Text, Mistake> {
        self.text().ok_or(Mistake::Usage(self.command))
    }

    pub(super) fn needed_all(&self) -> Result<Cow<'a, str>, Mistake> {
        self.all().ok_or(Mistake::Usage(self.command))
    }
}
