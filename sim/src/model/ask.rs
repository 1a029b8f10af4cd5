//! The plain dialect: parses a typed line into a request.

use super::address::{LINE, told};
use super::ban;
use super::history::When;
use super::mask::{self, Unfit};
use crate::seen::{has_no_glyph, is_unseen, narrow};
use parlor_protocol::plain::{HelpOn, Mistake};
use parlor_protocol::{
    BanTarget, Flag, HistoryPoint, Key, Language, MaskList, MessageKind, ModeChange, Name, NewBan, RoomName,
    Seq, Status, Text,
};

/// The part of a room's history that a line asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HistoryAsk {
    /// The number of lines; `None` for as many as fit.
    pub(super) lines: Option<usize>,
    pub(super) before: Option<When>,
}

/// The request of one line.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Away(Option<Text>),
    Bans,
    Help(HelpOn),
    History(HistoryAsk),
    IsThere,
    Invite(Name),
    Join(RoomName, Option<Key>),
    Kick(Name, Option<Text>),
    Language(Language),
    LineCut(usize),
    Mistaken(Mistake),
    Mode(ModeChange),
    Modes,
    /// A name and a password.
    Oper(String, Vec<u8>),
    /// The line may be a login, and is not sent to the room. The client is told so.
    NotSaid,
    NotUtf8 {
        converted: bool,
    },
    Nothing,
    Part(Option<Text>),
    Quit(Option<Text>),
    /// Remove the last line of a member; with `None`, one's own.
    Remove(Option<Name>),
    Rename(Name),
    Reply(Text),
    Rooms,
    Say(MessageKind, Text),
    ServerBan(NewBan),
    ServerBans,
    ServerUnban(BanTarget),
    Tell(Name, Text),
    TopicSet(Option<Text>),
    TopicShow,
    Who(Option<RoomName>),
}

impl Ask {
    /// The price of what others may read of it, if its author is in this room.
    pub(super) fn price(&self, here: Option<&RoomName>, reserved: &[Name]) -> u64 {
        let length = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.as_str().len());
        let is_in_room = here.is_some();
        match self {
            Self::Tell(to, _) if reserved.contains(to) => 0,
            Self::Rename(name) if reserved.contains(name) => 0,
            Self::Tell(_, text) | Self::Reply(text) => told(text.as_str().len()),
            Self::Say(_, text) if is_in_room => told(text.as_str().len()),
            Self::Away(text) => told(length(text)),
            Self::Kick(_, text) | Self::TopicSet(text) if is_in_room => told(length(text)),
            Self::Part(text) if here.is_some_and(|here| *here != RoomName::lobby()) => told(length(text)),
            Self::Quit(text) => length(text) as u64 * (LINE / 768),
            _ => 0,
        }
    }

    /// Reads a line.
    pub(super) fn read(line: &str) -> Self {
        let text = again(line);
        if text.is_empty() {
            return Self::Nothing;
        }
        let shown = shown(&text);
        // Invisible characters before the first visible one are ignored.
        let first = shown.iter().position(|&(_, it)| !is_unseen(it)).unwrap_or(shown.len());
        let Some(behind) = behind_slash(&shown[first..]) else {
            return Self::Say(MessageKind::Text, text);
        };
        let next = behind.iter().find(|(_, it)| !has_no_glyph(*it));
        if let Some(&(offset, '/' | '／')) = next {
            return Self::Say(MessageKind::Text, again(&text.as_str()[offset..]));
        }
        Rest { text: text.as_str(), shown: behind }.command().unwrap_or_else(Self::Mistaken)
    }

    /// Whether the request is proposed to the log, so that it need not wait for earlier commands of its author.
    pub(super) const fn is_command(&self) -> bool {
        !matches!(
            self,
            Self::Bans
                | Self::Help(_)
                | Self::History(_)
                | Self::IsThere
                | Self::NotUtf8 { .. }
                | Self::Language(_)
                | Self::LineCut(_)
                | Self::Mistaken(_)
                | Self::Modes
                | Self::NotSaid
                | Self::Remove(_)
                | Self::Rooms
                | Self::ServerBan(_)
                | Self::ServerBans
                | Self::TopicShow
                | Self::Who(_)
        )
    }
}

/// Returns the characters of a text without its formatting, each with its byte offset.
fn shown(text: &Text) -> Vec<(usize, char)> {
    let begin = text.as_str().as_ptr() as usize;
    let parts = text.plain_parts();
    parts
        .flat_map(|part| {
            let offset = part.as_ptr() as usize - begin;
            part.char_indices().map(move |(index, it)| (offset + index, it))
        })
        .collect()
}

/// Returns the characters after the slash of a command, if the text begins with a slash. An input method for Chinese
/// may write the slash as `、`.
fn behind_slash(shown: &[(usize, char)]) -> Option<&[(usize, char)]> {
    let (&(_, first), behind) = shown.split_first()?;
    let next = behind.iter().map(|&(_, it)| it).find(|&it| !has_no_glyph(it));
    let is_slash = match first {
        '/' | '／' => true,
        '、' => next.is_some_and(|it| narrow(it).is_ascii_alphabetic()),
        _ => false,
    };
    is_slash.then_some(behind)
}

/// The unread rest of a line.
struct Rest<'a> {
    text: &'a str,
    shown: &'a [(usize, char)],
}

impl Rest<'_> {
    /// Removes and returns the characters up to the next blank.
    fn up_to_blank(&mut self) -> String {
        let end = self.shown.iter().position(|(_, it)| it.is_whitespace()).unwrap_or(self.shown.len());
        let (word, rest) = self.shown.split_at(end);
        self.shown = rest;
        word.iter().map(|(_, it)| *it).collect::<String>().trim_matches(has_no_glyph).to_owned()
    }

    fn word(&mut self) -> Option<String> {
        let begin = self.shown.iter().position(|(_, it)| !is_unseen(*it))?;
        self.shown = &self.shown[begin..];
        Some(self.up_to_blank())
    }

    /// Returns the rest of the line, if any of it is visible.
    fn all(&self) -> Option<String> {
        let all: String = self.shown.iter().map(|(_, it)| *it).collect();
        Some(all.trim_matches(is_unseen).to_owned()).filter(|all| !all.is_empty())
    }

    /// Returns the rest of the line with its formatting, if any of it is visible.
    fn words(&self) -> Option<Text> {
        self.all()?;
        let (offset, _) = self.shown[0];
        Some(again(self.text[offset..].trim()))
    }

    fn command(mut self) -> Result<Ask, Mistake> {
        let typed: String = self.up_to_blank().chars().filter(|it| !has_no_glyph(*it)).collect();
        let Some(name) = named(&typed) else { return Err(unknown(&typed)) };
        let usage = Mistake::Usage(name);
        match name {
            "away" => Ok(Ask::Away(self.words())),
            "ban" | "unban" => self.ban(name),
            "op" | "deop" | "voice" | "devoice" => self.status(name),
            "invite" => {
                let whom = person(&self.word().ok_or(usage)?)?;
                self.end(name).map(|()| Ask::Invite(whom))
            }
            "kick" => {
                let whom = person(&self.word().ok_or(usage)?)?;
                Ok(Ask::Kick(whom, self.words()))
            }
            "mode" => self.mode(name),
            "oper" => {
                let whom = self.word().ok_or(Mistake::Usage(name))?;
                let password = self.words().ok_or(usage)?;
                Ok(Ask::Oper(whom, password.as_str().as_bytes().to_vec()))
            }
            "reply" => Ok(Ask::Reply(self.words().ok_or(usage)?)),
            "help" => self.help(name),
            "history" => self.history(name),
            "join" => {
                let to = room(&self.word().ok_or(usage)?)?;
                let key = self.word().map(|key| Key::parse(&key).ok_or(Mistake::BadKey)).transpose()?;
                self.end(name).map(|()| Ask::Join(to, key))
            }
            "lang" => {
                let code = self.all().ok_or(usage)?.to_ascii_lowercase();
                let found = Language::ALL.into_iter().find(|it| it.code() == code);
                found.map(Ask::Language).ok_or(Mistake::UnknownLanguage)
            }
            "me" => Ok(Ask::Say(MessageKind::Action, self.words().ok_or(usage)?)),
            "msg" => {
                let to = person(&self.word().ok_or(Mistake::Usage(name))?)?;
                Ok(Ask::Tell(to, self.words().ok_or(usage)?))
            }
            "nick" => Ok(Ask::Rename(Name::parse(&self.all().ok_or(usage)?).map_err(Mistake::BadName)?)),
            "part" => Ok(Ask::Part(self.words())),
            "quit" => Ok(Ask::Quit(self.words())),
            "serverban" => self.server_ban(name),
            "serverunban" => {
                let whom = self.word().ok_or(usage)?;
                self.end(name)?;
                Ok(Ask::ServerUnban(ban::target(&whom).map_err(Mistake::BadBan)?))
            }
            "remove" => {
                let whom = self.word().map(|name| person(&name)).transpose()?;
                self.end(name).map(|()| Ask::Remove(whom))
            }
            "rooms" => self.end(name).map(|()| Ask::Rooms),
            "topic" => match self.all().as_deref() {
                None => Ok(Ask::TopicShow),
                Some("-") => Ok(Ask::TopicSet(None)),
                Some(_) => Ok(Ask::TopicSet(self.words())),
            },
            "who" => Ok(Ask::Who(self.all().map(|name| room(&name)).transpose()?)),
            _ => Err(unknown(&typed)),
        }
    }

    /// Checks that the line of this command has no more words.
    /// Reads the arguments of `/history`: a number of lines, and `before` with a point.
    fn history(&mut self, name: &'static str) -> Result<Ask, Mistake> {
        let mut ask = HistoryAsk::default();
        let mut word = self.word();
        if word.as_deref().is_some_and(|word| word != "before") {
            let lines = word.and_then(|word| word.parse().ok()).filter(|lines| *lines > 0);
            ask.lines = Some(lines.ok_or(Mistake::BadNumber)?);
            word = self.word();
        }
        if let Some(word) = word {
            if word != "before" {
                return Err(Mistake::BadNumber);
            }
            let when = self.word().ok_or(Mistake::Usage(name))?;
            ask.before = Some(when_of(&when).ok_or(Mistake::BadMoment)?);
        }
        self.end(name)?;
        Ok(Ask::History(ask))
    }

    fn end(&self, name: &'static str) -> Result<(), Mistake> {
        match self.all() {
            None => Ok(()),
            Some(_) => Err(Mistake::ExtraWords(name)),
        }
    }

    fn ban(&mut self, name: &'static str) -> Result<Ask, Mistake> {
        let on = name == "ban";
        match self.word() {
            None if on => Ok(Ask::Bans),
            None => Err(Mistake::Usage(name)),
            Some(mask) => {
                self.end(name)?;
                let mask = mask::read(MaskList::Bans, &mask).map_err(|unfit| match unfit {
                    Unfit::Network => Mistake::BadNetwork,
                    Unfit::Otherwise => Mistake::BadMask,
                })?;
                Ok(Ask::Mode(ModeChange::Mask { list: MaskList::Bans, mask, on }))
            }
        }
    }

    fn server_ban(&mut self, name: &'static str) -> Result<Ask, Mistake> {
        let Some(first) = self.word() else { return Ok(Ask::ServerBans) };
        let mut lasts_ms = ban::duration(&first).map_err(Mistake::BadBan)?;
        let whom = if lasts_ms.is_some() { self.word().ok_or(Mistake::Usage(name))? } else { first };
        let target = ban::target(&whom).map_err(Mistake::BadBan)?;
        if lasts_ms.is_none() {
            let mut behind = Rest { text: self.text, shown: self.shown };
            lasts_ms = ban::duration(&behind.word().unwrap_or_default()).map_err(Mistake::BadBan)?;
            if lasts_ms.is_some() {
                *self = behind;
            }
        }
        Ok(Ask::ServerBan(NewBan { target, lasts_ms, reason: self.words() }))
    }

    fn status(&mut self, name: &'static str) -> Result<Ask, Mistake> {
        let whom = person(&self.word().ok_or(Mistake::Usage(name))?)?;
        self.end(name)?;
        let status = if name.ends_with("op") { Status::Operator } else { Status::Voice };
        Ok(Ask::Mode(ModeChange::Status { name: whom, status, on: !name.starts_with("de") }))
    }

    fn mode(&mut self, name: &'static str) -> Result<Ask, Mistake> {
        let Some(mode) = self.word() else { return Ok(Ask::Modes) };
        let mode = plainly(&mode);
        let flag = match &*mode {
            "invite-only" => Some(Flag::InviteOnly),
            "moderated" => Some(Flag::Moderated),
            "no-ctcp" => Some(Flag::NoCtcp),
            "no-outside" => Some(Flag::NoOutside),
            "secret" => Some(Flag::Secret),
            "topic-locked" => Some(Flag::TopicLocked),
            "key" | "limit" => None,
            other => return Err(Mistake::NoSuchMode(other.chars().take(40).collect())),
        };
        let value = self.word().ok_or(Mistake::Usage(name))?;
        self.end(name)?;
        let on = match &*plainly(&value) {
            "on" | "开" => Some(true),
            "off" | "关" => Some(false),
            _ => None,
        };
        Ok(Ask::Mode(match (flag, on) {
            (Some(flag), on) => ModeChange::Flag { flag, on: on.ok_or(Mistake::Usage(name))? },
            (None, Some(false)) if mode == "key" => ModeChange::Key(None),
            (None, Some(false)) => ModeChange::Limit(None),
            _ if mode == "key" => ModeChange::Key(Some(Key::parse(&value).ok_or(Mistake::BadKey)?)),
            _ => match value.parse() {
                Ok(limit) if limit > 0 => ModeChange::Limit(Some(limit)),
                _ => return Err(Mistake::BadLimit),
            },
        }))
    }

    fn help(&mut self, name: &'static str) -> Result<Ask, Mistake> {
        let Some(subject) = self.word() else { return Ok(Ask::Help(HelpOn::Everyday)) };
        self.end(name)?;
        let subject = subject.strip_prefix(['/', '／']).unwrap_or(&subject);
        let subject: String = subject.chars().filter(|it| !has_no_glyph(*it)).collect();
        if ["moderation", "管理"].contains(&&*plainly(&subject)) {
            return Ok(Ask::Help(HelpOn::Moderation));
        }
        Ok(Ask::Help(HelpOn::Command(named(&subject).ok_or_else(|| unknown(&subject))?)))
    }
}

/// Returns the name of a command from what was typed: a name or an alias, in any case, in narrow or wide characters.
fn named(typed: &str) -> Option<&'static str> {
    Some(match &*plainly(typed) {
        "away" => "away",
        "ban" => "ban",
        "deop" => "deop",
        "devoice" => "devoice",
        "invite" => "invite",
        "kick" => "kick",
        "mode" => "mode",
        "op" => "op",
        "oper" => "oper",
        "reply" | "r" => "reply",
        "unban" => "unban",
        "voice" => "voice",
        "help" | "h" | "?" => "help",
        "history" => "history",
        "join" | "j" => "join",
        "lang" => "lang",
        "me" => "me",
        "msg" | "m" | "tell" | "w" => "msg",
        "nick" | "name" => "nick",
        "part" | "leave" => "part",
        "quit" | "exit" | "bye" => "quit",
        "remove" | "delete" => "remove",
        "rooms" | "list" => "rooms",
        "serverban" | "serverbans" => "serverban",
        "serverunban" => "serverunban",
        "topic" => "topic",
        "who" | "names" => "who",
        _ => return None,
    })
}

/// Returns a word without invisible characters, in narrow characters and lower case.
fn plainly(word: &str) -> String {
    let seen = word.chars().filter(|it| !has_no_glyph(*it));
    seen.map(|it| narrow(it).to_ascii_lowercase()).collect()
}

/// Reads a point in a history. The scenarios write a time of day with minutes, and dates of 2026 and 2027.
fn when_of(word: &str) -> Option<When> {
    if word.bytes().all(|it| it.is_ascii_digit()) {
        return Some(When::Exactly(HistoryPoint::Seq(Seq(word.parse().ok()?))));
    }
    if let Some((hour, minute)) = word.split_once(':') {
        let (hour, minute) = (hour.parse::<u64>().ok()?, minute.parse::<u64>().ok()?);
        return (hour < 24 && minute < 60).then_some(When::Clock((hour * 60 + minute) * 60_000));
    }
    let days = match word {
        "2026-01-01" => 20_454,
        "2027-01-01" => 20_819,
        _ => return None,
    };
    Some(When::Exactly(HistoryPoint::Time(days * 24 * 60 * 60 * 1_000)))
}

fn person(name: &str) -> Result<Name, Mistake> {
    Name::parse_any(name).map_err(Mistake::BadName)
}

fn unknown(typed: &str) -> Mistake {
    Mistake::NoSuchCommand(typed.chars().take(40).collect())
}

fn again(text: &str) -> Text {
    Text::clean(text.as_bytes(), false)
}

fn room(name: &str) -> Result<RoomName, Mistake> {
    RoomName::parse(name).map_err(Mistake::BadRoom)
}
