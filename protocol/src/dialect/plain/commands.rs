//! The table of the plain dialect's commands. What a line asks for, `/help`, the notes on usage and
//! docs/COMMANDS.md are all made from it.

use super::nearest;
use super::seen::{Seen, is_invisible};
use crate::command::Manner;
use crate::event::{HelpOn, Mistake};
use crate::language::Language;
use crate::mode::Key;
use crate::name::{Name, RoomName};
use crate::session::plain::{Request, TopicRequest};
use crate::text::Text;
use alloc::string::String;
use core::num::NonZeroUsize;

/// A command: what is typed behind `/`.
#[derive(Debug)]
pub struct PlainCommand {
    /// Its name, in lower case; any case is taken.
    pub name: &'static str,
    /// Other names, known from other chats.
    pub aliases: &'static [&'static str],
    /// Where `/help` lists it.
    pub group: Group,
    /// Its arguments: `NAME TEXT`, with those in brackets that can be left out.
    pub arguments: Localized,
    /// What it does, in a few words.
    pub about: Localized,
    /// What else there is to know, line by line.
    pub details: Localized,
    read: fn(&mut Words<'_>) -> Result<Request, Mistake>,
}

/// A text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Localized([&'static str; Language::ALL.len()]);

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

/// How the command of that name is written.
pub(super) fn usage(name: &str, language: Language) -> String {
    command(name).map(|it| it.usage(language)).unwrap_or_default()
}

/// The command of that name, or with that alias.
pub(super) fn command(name: &str) -> Option<&'static PlainCommand> {
    COMMANDS.iter().find(|it| it.spellings().any(|spelling| spelling == name))
}

/// What a command asks for: `line` is what stands behind its slash.
pub(super) fn read(line: Seen<'_>) -> Result<Request, Mistake> {
    let mut rest = line;
    let word = rest.take_word();
    match command(&folded(&word)) {
        Some(it) => (it.read)(&mut Words { command: it.name, rest }),
        None => Err(no_such_command(&word)),
    }
}

fn no_such_command(word: &str) -> Mistake {
    /// As much of it as a note has room for.
    const SHOWN_CHARS: usize = 40;
    Mistake::NoSuchCommand(word.chars().filter(|&it| !is_invisible(it)).take(SHOWN_CHARS).collect())
}

/// The command that may have been meant by a word that is none.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    nearest::nearest(&folded(word))
}

/// The word as the table has it: in lower case, in the letters of ASCII where an input method wrote wide ones, and
/// without what is not seen.
fn folded(word: &str) -> String {
    let seen = word.chars().filter(|&it| !is_invisible(it));
    seen.map(|it| narrow(it).to_ascii_lowercase()).collect()
}

/// Whether a command may begin with that letter.
pub(super) fn is_letter_of_command(letter: char) -> bool {
    narrow(letter).is_ascii_alphabetic()
}

/// The character of ASCII of which this one is the wide form, or itself.
fn narrow(character: char) -> char {
    const WIDE_OFFSET: u32 = 0xFEE0;
    match character {
        '！'..='～' => char::from_u32(u32::from(character) - WIDE_OFFSET).unwrap_or(character),
        _ => character,
    }
}

/// What follows the name of a command.
struct Words<'a> {
    command: &'static str,
    rest: Seen<'a>,
}

impl Words<'_> {
    /// The next word, if there is one.
    fn next(&mut self) -> Option<String> {
        self.rest.skip_unseen()?;
        Some(self.rest.take_word())
    }

    /// The next word, which there must be.
    fn needed(&mut self) -> Result<String, Mistake> {
        self.next().ok_or(Mistake::Usage(self.command))
    }

    /// There must be no more words.
    fn end(&self) -> Result<(), Mistake> {
        if self.rest.is_at_end() { Ok(()) } else { Err(Mistake::ExtraWords(self.command)) }
    }

    /// Everything that follows, as it is seen, if it is anything.
    fn all(&self) -> Option<String> {
        Some(self.rest.rest()).filter(|rest| !rest.is_empty())
    }

    /// The text that follows, if anything of it is seen.
    fn text(&self) -> Option<Text> {
        self.rest.text()
    }

    fn needed_text(&self) -> Result<Text, Mistake> {
        self.text().ok_or(Mistake::Usage(self.command))
    }

    fn needed_all(&self) -> Result<String, Mistake> {
        self.all().ok_or(Mistake::Usage(self.command))
    }
}

const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    group: Group,
    arguments: [&'static str; 2],
    about: [&'static str; 2],
    details: [&'static str; 2],
    read: fn(&mut Words<'_>) -> Result<Request, Mistake>,
) -> PlainCommand {
    let (arguments, about, details) = (Localized(arguments), Localized(about), Localized(details));
    PlainCommand { name, aliases, group, arguments, about, details, read }
}

/// What is the same in every language.
const fn both(text: &'static str) -> [&'static str; 2] {
    [text, text]
}

use Group::Everyday;

/// Every command, in the order in which `/help` lists them.
pub const COMMANDS: &[PlainCommand] = &[
    entry(
        "help",
        &["h", "?"],
        Everyday,
        ["[COMMAND]", "[命令]"],
        ["list the commands, or explain one", "查看命令列表，或某个命令的说明"],
        both(""),
        help,
    ),
    entry("nick", &["name"], Everyday, ["NAME", "名字"], ["change your name", "改名"], both(""), nick),
    entry(
        "join",
        &["j"],
        Everyday,
        ["ROOM [KEY]", "房间 [口令]"],
        ["enter a room; it is created if it does not exist", "进入房间，房间不存在时会自动创建"],
        [
            "you are in one room at a time, and leave the one that you were in\n\
             whoever creates a room is its operator; #ROOM is the same room",
            "您同时只在一个房间，进入新房间时会离开原来的房间\n\
             创建房间的人是该房间的管理员；#房间 与 房间 是同一个房间",
        ],
        join,
    ),
    entry(
        "part",
        &["leave"],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["go back to the lobby, perhaps with last words", "回到大厅 lobby，可附上一句话"],
        both(""),
        part,
    ),
    entry(
        "who",
        &["names"],
        Everyday,
        ["[ROOM]", "[房间]"],
        ["list who is in the room", "查看房间里的人"],
        both(""),
        who,
    ),
    entry("rooms", &["list"], Everyday, both(""), ["list the rooms", "查看房间列表"], both(""), rooms),
    entry(
        "topic",
        &[],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["show or set the topic; /topic - clears it", "查看或设置房间话题；/topic - 清除话题"],
        both(""),
        topic,
    ),
    entry("me", &[], Everyday, ["TEXT", "文字"], ["describe what you do", "描述动作"], both(""), me),
    entry(
        "msg",
        &["m", "tell", "w"],
        Everyday,
        ["NAME TEXT", "名字 文字"],
        ["send a private message", "私聊"],
        both(""),
        msg,
    ),
    entry(
        "history",
        &[],
        Everyday,
        ["[LINES]", "[行数]"],
        ["show recent lines", "查看最近的聊天记录"],
        both(""),
        history,
    ),
    entry(
        "lang",
        &[],
        Everyday,
        both("zh|en"),
        ["switch to Chinese or English", "切换中文或英文"],
        both(""),
        lang,
    ),
    entry(
        "quit",
        &["exit", "bye"],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["leave the chat, perhaps with last words", "离开聊天室，可附上一句话"],
        both(""),
        quit,
    ),
];

fn help(words: &mut Words<'_>) -> Result<Request, Mistake> {
    let Some(subject) = words.next() else { return Ok(Request::Help(HelpOn::Everyday)) };
    words.end()?;
    let name = subject.strip_prefix(['/', '／']).unwrap_or(&subject);
    match command(&folded(name)) {
        Some(it) => Ok(Request::Help(HelpOn::Command(it.name))),
        None => Err(no_such_command(name)),
    }
}

fn history(words: &mut Words<'_>) -> Result<Request, Mistake> {
    let Some(lines) = words.all() else { return Ok(Request::History(None)) };
    let lines: NonZeroUsize = lines.parse().map_err(|_| Mistake::BadNumber)?;
    Ok(Request::History(Some(lines.get())))
}

fn join(words: &mut Words<'_>) -> Result<Request, Mistake> {
    let room = room_name(&words.needed()?)?;
    let key = words.next().map(|key| Key::parse(&key).ok_or(Mistake::BadKey)).transpose()?;
    words.end()?;
    Ok(Request::Join(room, key))
}

fn lang(words: &mut Words<'_>) -> Result<Request, Mistake> {
    let code = words.needed_all()?;
    Ok(Request::Language(code.parse().map_err(|_| Mistake::UnknownLanguage)?))
}

fn me(words: &mut Words<'_>) -> Result<Request, Mistake> {
    Ok(Request::Say { manner: Manner::Action, text: words.needed_text()? })
}

fn msg(words: &mut Words<'_>) -> Result<Request, Mistake> {
    let to = any_name(&words.needed()?)?;
    Ok(Request::Tell { to, text: words.needed_text()? })
}

fn nick(words: &mut Words<'_>) -> Result<Request, Mistake> {
    Ok(Request::Rename(Name::parse(&words.needed_all()?).map_err(Mistake::BadName)?))
}

fn part(words: &mut Words<'_>) -> Result<Request, Mistake> {
    Ok(Request::Part(words.text()))
}

fn quit(words: &mut Words<'_>) -> Result<Request, Mistake> {
    Ok(Request::Quit(words.text()))
}

fn rooms(words: &mut Words<'_>) -> Result<Request, Mistake> {
    words.end()?;
    Ok(Request::Rooms)
}

fn topic(words: &mut Words<'_>) -> Result<Request, Mistake> {
    Ok(Request::Topic(match (words.all().as_deref(), words.text()) {
        (Some("-"), _) => TopicRequest::Clear,
        (_, Some(topic)) => TopicRequest::Set(topic),
        _ => TopicRequest::Show,
    }))
}

fn who(words: &mut Words<'_>) -> Result<Request, Mistake> {
    Ok(Request::Who(words.all().map(|room| room_name(&room)).transpose()?))
}

/// A name that somebody may have. A port's name can be spoken to, though nobody can wish for it.
fn any_name(name: &str) -> Result<Name, Mistake> {
    Name::parse_any(name).map_err(Mistake::BadName)
}

/// A room's name, with or without the `#` that other chats write before it.
fn room_name(room: &str) -> Result<RoomName, Mistake> {
    RoomName::parse(room).map_err(Mistake::BadRoom)
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
