//! A line of the plain dialect becomes a request.

use crate::command::Manner;
use crate::event::Mistake;
use crate::mode::Key;
use crate::name::{Name, RoomName};
use crate::session::plain::{Request, TopicRequest};
use crate::text::Text;
use core::num::NonZeroUsize;

/// The request that a line makes. Without a `/` it is said; `//` says a line that starts with `/`.
///
/// `cut` says that the line lost its end to the limit.
pub(crate) fn parse(line: &[u8], cut: bool) -> Request {
    let text = Text::clean(line, cut);
    if text.is_empty() {
        return Request::Nothing;
    }
    let Some(command) = text.as_str().strip_prefix('/') else {
        return Request::Say { manner: Manner::Speech, text };
    };
    if command.starts_with('/') {
        return Request::Say { manner: Manner::Speech, text: Text::clean(command.as_bytes(), false) };
    }
    let (word, argument) = split_word(command);
    request(word, argument).unwrap_or_else(Request::Mistaken)
}

fn request(word: &str, argument: &str) -> Result<Request, Mistake> {
    Ok(match word {
        "help" => Request::Help,
        "history" => Request::History(history_lines(argument)?),
        "join" => {
            let (room, key) = split_word(needed(argument, "join")?);
            let key = Some(key).filter(|key| !key.is_empty());
            let key = key.map(|key| Key::parse(key).ok_or(Mistake::Usage("join"))).transpose()?;
            Request::Join(room_name(room)?, key)
        }
        "lang" => {
            let code = needed(argument, "lang")?;
            Request::Language(code.parse().map_err(|_| Mistake::UnknownLanguage)?)
        }
        "me" => {
            let text = needed_text(argument, "me")?;
            Request::Say { manner: Manner::Action, text }
        }
        "msg" => {
            let (name, text) = split_word(argument);
            // A port's name can be spoken to, though nobody can wish for it.
            let to = Name::parse_any(needed(name, "msg")?).map_err(Mistake::BadName)?;
            Request::Tell { to, text: needed_text(text, "msg")? }
        }
        "nick" => Request::Rename(Name::parse(needed(argument, "nick")?).map_err(Mistake::BadName)?),
        "part" => Request::Part,
        "quit" => Request::Quit,
        "rooms" => Request::Rooms,
        "topic" => Request::Topic(match argument {
            "" => TopicRequest::Show,
            "-" => TopicRequest::Clear,
            _ => TopicRequest::Set(needed_text(argument, "topic")?),
        }),
        "who" if argument.is_empty() => Request::Who(None),
        "who" => Request::Who(Some(room_name(argument)?)),
        _ => return Err(Mistake::NoSuchCommand(shown(word))),
    })
}

/// The first word, and what follows it without the blanks around it.
fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    text.split_once([' ', '\t']).map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

fn needed<'a>(argument: &'a str, command: &'static str) -> Result<&'a str, Mistake> {
    if argument.is_empty() { Err(Mistake::Usage(command)) } else { Ok(argument) }
}

fn needed_text(argument: &str, command: &'static str) -> Result<Text, Mistake> {
    let text = Text::clean(argument.as_bytes(), false);
    if text.is_empty() { Err(Mistake::Usage(command)) } else { Ok(text) }
}

/// A room's name, with or without the `#` that other chats write before it.
fn room_name(argument: &str) -> Result<RoomName, Mistake> {
    RoomName::parse(argument).map_err(Mistake::BadRoom)
}

fn history_lines(argument: &str) -> Result<Option<usize>, Mistake> {
    if argument.is_empty() {
        return Ok(None);
    }
    let lines: NonZeroUsize = argument.parse().map_err(|_| Mistake::BadNumber)?;
    Ok(Some(lines.get()))
}

/// As much of an unknown command as a note has room for, without its formatting.
fn shown(word: &str) -> alloc::string::String {
    const SHOWN_CHARS: usize = 40;
    let text = Text::clean(word.as_bytes(), false);
    text.plain_parts().flat_map(str::chars).take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::name::NameError;

    fn parsed(line: &str) -> Request {
        parse(line.as_bytes(), false)
    }

    fn said(text: &str) -> Request {
        Request::Say { manner: Manner::Speech, text: Text::clean(text.as_bytes(), false) }
    }

    #[test]
    fn a_line_without_a_slash_is_said() {
        assert_eq!(parsed("hello"), said("hello"));
        assert_eq!(parsed(" /help"), said(" /help"));
        assert_eq!(parsed("//help"), said("/help"));
        assert_eq!(parsed("///"), said("//"));
        assert_eq!(parsed(""), Request::Nothing);
        assert_eq!(parsed("\x02\x0f"), Request::Nothing);
    }

    #[test]
    fn every_command_is_a_request() {
        let alice = Name::parse("alice").unwrap();
        let rust = RoomName::parse("rust").unwrap();
        let text = Text::clean(b"hi  there", false);
        for (line, request) in [
            ("/help", Request::Help),
            ("/help me", Request::Help),
            ("/history", Request::History(None)),
            ("/history 5", Request::History(Some(5))),
            ("/join rust", Request::Join(rust.clone(), None)),
            ("/join   #Rust ", Request::Join(rust.clone(), None)),
            ("/join rust  secret ", Request::Join(rust.clone(), Key::parse("secret"))),
            ("/lang ZH", Request::Language(Language::Zh)),
            ("/me hi  there", Request::Say { manner: Manner::Action, text: text.clone() }),
            ("/msg alice hi  there", Request::Tell { to: alice.clone(), text: text.clone() }),
            ("/msg 54321 hi  there", Request::Tell { to: Name::for_port(54321, 1), text: text.clone() }),
            ("/nick alice", Request::Rename(alice)),
            ("/part", Request::Part),
            ("/quit", Request::Quit),
            ("/rooms", Request::Rooms),
            ("/topic", Request::Topic(TopicRequest::Show)),
            ("/topic -", Request::Topic(TopicRequest::Clear)),
            ("/topic hi  there", Request::Topic(TopicRequest::Set(text))),
            ("/who", Request::Who(None)),
            ("/who rust", Request::Who(Some(rust))),
        ] {
            assert_eq!(parsed(line), request, "{line}");
        }
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (line, mistake) in [
            ("/", Mistake::NoSuchCommand("".into())),
            ("/ help", Mistake::NoSuchCommand("".into())),
            ("/dance now", Mistake::NoSuchCommand("dance".into())),
            ("/\x02dance\x0f now", Mistake::NoSuchCommand("dance".into())),
            ("/history many", Mistake::BadNumber),
            ("/history 0", Mistake::BadNumber),
            ("/join", Mistake::Usage("join")),
            ("/join a b c", Mistake::Usage("join")),
            ("/who a b", Mistake::BadRoom(NameError::Character(' '))),
            ("/lang fr", Mistake::UnknownLanguage),
            ("/me", Mistake::Usage("me")),
            ("/me \x02", Mistake::Usage("me")),
            ("/msg", Mistake::Usage("msg")),
            ("/msg alice", Mistake::Usage("msg")),
            ("/nick 12", Mistake::BadName(NameError::Reserved)),
            ("/nick", Mistake::Usage("nick")),
        ] {
            assert_eq!(parsed(line), Request::Mistaken(mistake), "{line}");
        }
    }
}
