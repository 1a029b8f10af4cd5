//! The type of a command of the plain dialect, and parsing its arguments.

use super::instruction::Instruction;
use super::note::Mistake;
use super::visible::Visible;
use crate::base::cloak::Cloaks;
use crate::base::language::Language;
use crate::base::name::Name;
use crate::base::text::{Text, is_invisible};
use alloc::borrow::Cow;
use alloc::string::String;

/// A command: the word after `/`.
#[derive(Debug)]
pub struct PlainCommand {
    /// The name, in lower case. A line may have it in any case.
    pub name: &'static str,
    /// Other names of the command, known from other chat servers.
    pub aliases: &'static [&'static str],
    /// The list of `/help` that contains it.
    pub group: Group,
    /// The arguments: `NAME TEXT`. Optional ones are in brackets.
    pub arguments: Localized,
    /// A short explanation.
    pub about: Localized,
    /// Further explanations, one on each line.
    pub details: Localized,
    /// Parses the arguments.
    pub(super) read: fn(&mut Words<'_>) -> Result<Instruction, Mistake>,
}

/// A text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Localized(pub(super) [&'static str; Language::ALL.len()]);

impl Localized {
    /// Returns the text in this language.
    #[must_use]
    pub const fn get(&self, language: Language) -> &'static str {
        self.0[language as usize]
    }
}

/// A list of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The list of `/help`.
    Everyday,
    /// The list of `/help moderation`.
    Moderation,
}

impl PlainCommand {
    /// Returns its name and its aliases.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        core::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Returns its usage: `/nick NAME`.
    #[must_use]
    pub fn usage(&self, language: Language) -> String {
        let arguments = self.arguments.get(language);
        let blank = if arguments.is_empty() { "" } else { " " };
        alloc::format!("/{}{blank}{arguments}", self.name)
    }
}

pub(super) fn no_such_command(word: &str) -> Mistake {
    Mistake::NoSuchCommand(printable_word(word))
}

/// Returns the start of a word for a note, without invisible characters.
pub(super) fn printable_word(word: &str) -> String {
    const CHARS_MAX: usize = 40;
    word.chars().filter(|&it| !is_invisible(it)).take(CHARS_MAX).collect()
}

/// Parses the name of another member. Unlike a name that a member asks for, it may be one that the server made from a
/// port.
pub(super) fn any_name(name: &str) -> Result<Name, Mistake> {
    Name::parse_any(name).map_err(Mistake::BadName)
}

/// Returns the word as the table of commands spells it: in lower case, with the wide letters of input methods as ASCII,
/// and without invisible characters.
pub(super) fn folded(word: &str) -> String {
    let visible = word.chars().filter(|&it| !is_invisible(it));
    visible.map(|it| narrow(it).to_ascii_lowercase()).collect()
}

/// Whether the name of a command can begin with this character.
pub(super) fn is_letter_of_command(letter: char) -> bool {
    narrow(letter).is_ascii_alphabetic()
}

/// Returns the ASCII character for a wide one, and any other character unchanged.
fn narrow(character: char) -> char {
    const WIDE_OFFSET: u32 = 0xFEE0;
    match character {
        '！'..='～' => char::from_u32(u32::from(character) - WIDE_OFFSET).unwrap_or(character),
        _ => character,
    }
}

/// The arguments of a command, as they were typed.
pub(super) struct Words<'a> {
    /// The name of the command, for mistakes.
    pub(super) command: &'static str,
    pub(super) rest: Visible<'a>,
    pub(super) cloaks: &'a Cloaks,
}

impl<'a> Words<'a> {
    /// Takes the next word, if there is one.
    pub(super) fn next(&mut self) -> Option<Cow<'a, str>> {
        self.rest.skip_blanks()?;
        Some(self.rest.take_word())
    }

    /// Takes the next word; an error if there is none.
    pub(super) fn needed(&mut self) -> Result<Cow<'a, str>, Mistake> {
        self.next().ok_or(Mistake::Usage(self.command))
    }

    /// Checks that no word is left.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        if self.rest.is_at_end() { Ok(()) } else { Err(Mistake::ExtraWords(self.command)) }
    }

    /// Returns the rest without formatting; `None` if there is nothing visible.
    pub(super) fn all(&self) -> Option<Cow<'a, str>> {
        Some(self.rest.rest()).filter(|rest| !rest.is_empty())
    }

    /// Returns the rest with its formatting; `None` if there is nothing visible.
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
