//! Parsing a line of the plain dialect.

use super::commands;
use super::instruction::Instruction;
use super::visible::Visible;
use super::words::PlainCommand;
use crate::base::cloak::Cloaks;
use crate::base::text::Text;
use crate::framing::framer::{FramedLine, Framer};
use crate::framing::typed::Typed;
use crate::log::command::MessageKind;
use bytes::Bytes;

/// Parses a line. If the first visible character is `/`, the line is a command and is never sent to the room; `//`
/// sends a line that starts with `/`.
pub(crate) fn parse(text: Text, cloaks: &Cloaks) -> Instruction {
    match form(text.as_str()) {
        Form::Command(behind_slash) => {
            commands::read(behind_slash, cloaks).unwrap_or_else(Instruction::Mistaken)
        }
        Form::Escaped(message) => Instruction::Say { kind: MessageKind::Text, text: Text::part(message) },
        Form::Message if text.is_empty() => Instruction::Nothing,
        Form::Message => Instruction::Say { kind: MessageKind::Text, text },
    }
}

/// Finds the command of a line as the server does, for clients that act on what their user types. Returns `None` for a
/// message, and otherwise the command, if there is one with that name, and its arguments.
#[must_use]
pub fn read_command(line: &str) -> Option<(Option<&'static PlainCommand>, &str)> {
    let Form::Command(mut rest) = form(line) else { return None };
    let word = rest.take_word();
    Some((commands::find(&word), rest.0.trim()))
}

/// Returns whether a typed line, as it was received and without its end, gives a password. Of an unfinished line, it tells whether it
/// would if it ended here.
#[must_use]
pub fn gives_password(line: &[u8]) -> bool {
    let gives = |line: FramedLine<'_>| {
        let text = Typed::read(line.bytes, line.dropped).text;
        matches!(parse(text, &Cloaks::default()), Instruction::Oper(_))
    };
    let mut framer = Framer::for_people(line.len());
    framer.push(Bytes::copy_from_slice(line));
    while let Some(item) = framer.next_item() {
        if item.line().is_some_and(gives) {
            return true;
        }
    }
    framer.finish().is_some_and(gives)
}

/// The kinds of lines.
enum Form<'a> {
    /// A command, without its slash.
    Command(Visible<'a>),
    /// A message that starts with a slash, without the slash before it.
    Escaped(&'a str),
    /// A message: the whole line.
    Message,
}

fn form(line: &str) -> Form<'_> {
    let mut rest = Visible(line);
    let is_command = rest.skip_blanks().is_some_and(|first| rest.take_slash(first));
    if !is_command {
        return Form::Message;
    }
    // Invisible characters may be between the slashes as well, but blanks may not: `/ /x` is a command without a name.
    let mut escaped = rest;
    match escaped.skip_invisible() {
        Some('/' | '／') => Form::Escaped(escaped.0),
        _ => Form::Command(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::super::instruction::{HistoryAsked, Moment, TopicInstruction};
    use super::*;
    use crate::base::id::Seq;
    use crate::base::language::Language;
    use crate::base::mode::Key;
    use crate::base::name::{Name, NameError, RoomName};
    use crate::dialect::plain::note::{HelpOn, Mistake};
    use crate::views::HistoryPoint;
    use alloc::format;
    use core::num::NonZeroUsize;

    fn parsed(line: &str) -> Instruction {
        parse(Text::clean(line.as_bytes(), false), &Cloaks::default())
    }

    fn said(text: &str) -> Instruction {
        Instruction::Say { kind: MessageKind::Text, text: Text::clean(text.as_bytes(), false) }
    }

    #[test]
    fn a_line_without_a_slash_is_a_message() {
        assert_eq!(parsed("hello"), said("hello"));
        assert_eq!(parsed(" hello /help"), said(" hello /help"));
        assert_eq!(parsed("、好"), said("、好"));
        assert_eq!(parsed("、、help"), said("、、help"));
        assert_eq!(parsed(""), Instruction::Nothing);
        assert_eq!(parsed("\x02\x0f"), Instruction::Nothing);
    }

    #[test]
    fn two_slashes_send_a_line_that_starts_with_one() {
        for (line, text) in [
            ("//help", "/help"),
            ("///", "//"),
            (" //help", "/help"),
            ("\x02/\x02/help", "/help"),
            ("\u{200B}/\u{FEFF}/help", "/help"),
            ("／／help", "／help"),
        ] {
            assert_eq!(parsed(line), said(text), "{line:?}");
        }
    }

    #[test]
    fn invisible_characters_do_not_hide_a_command() {
        let invisible = [
            "",
            " ",
            "\t",
            "\u{A0}",
            "\u{3000}",
            "\u{200B}",
            "\u{FEFF}",
            "\u{200E}",
            "\u{202E}",
            "\x02",
            "\x0304",
            "\x03",
            "\x04",
            "\x04FF0000",
            "\x0F",
            "\x11",
            "\x16",
            "\x1D",
            "\x1E",
            "\x1F",
            "\x02 \u{200B}\t\x0F",
        ];
        let told = Instruction::Tell {
            to: Name::parse("bob").unwrap(),
            text: Text::clean("my  password".as_bytes(), false),
        };
        for before in invisible {
            assert_eq!(parsed(&format!("{before}/msg bob my  password")), told, "{before:?}");
            assert_eq!(parsed(&format!("{before}／MSG bob my  password")), told, "{before:?}");
            assert_eq!(parsed(&format!("{before}、ｍｓｇ bob my  password")), told, "{before:?}");
            assert_eq!(parsed(&format!("/msg {before}bob my  password{before}")).clone(), {
                // Blanks around a text are removed, but not invisible characters.
                let text = format!("my  password{before}");
                let text = Text::clean(text.trim().as_bytes(), false);
                Instruction::Tell { to: Name::parse("bob").unwrap(), text }
            });
            assert_eq!(parsed(&format!("/who{before}")), Instruction::Who(None), "{before:?}");
            if !before.contains(char::is_whitespace) {
                assert_eq!(parsed(&format!("/m{before}sg bob my  password")), told, "{before:?}");
                assert_eq!(parsed(&format!("/{before}msg bob my  password")), told, "{before:?}");
            }
        }
    }

    #[test]
    fn a_client_finds_the_same_command_as_the_server() {
        for (line, expected) in [
            ("/nick alice", Some((Some("nick"), "alice"))),
            (" \u{200B}／ＮＩＣＫ  alice ", Some((Some("nick"), "alice"))),
            ("、exit", Some((Some("quit"), ""))),
            ("/dance now", Some((None, "now"))),
            ("/", Some((None, ""))),
            ("/ /x", Some((None, "/x"))),
            ("//nick alice", None),
            ("、好", None),
            ("hello /nick", None),
            ("", None),
        ] {
            let read = read_command(line).map(|(command, rest)| (command.map(|it| it.name), rest));
            assert_eq!(read, expected, "{line:?}");
            let is_said = matches!(parsed(line), Instruction::Say { .. } | Instruction::Nothing);
            assert_eq!(read.is_none(), is_said, "{line:?}");
        }
    }

    #[test]
    fn a_password_is_recognised_in_whatever_was_typed() {
        for line in [
            &b"/oper bob secret"[..],
            b"/oper bob s",
            b" /OPER  bob   secret of mine",
            b"/opex\x08r bob secret",
            b"nonsense\x15/oper bob s",
            b"/oper bib\x17bob s",
            b"\xFF\xFD\x03/oper bob s",
            b"/op\xFF\xF1er bob s",
            b"\x02/oper bob s",
            "\u{FF0F}\u{FF4F}per bob s".as_bytes(),
            b"\xFF\xFE/\0o\0p\0e\0r\0 \0b\0o\0b\0 \0s\0\n\0",
        ] {
            assert!(gives_password(line), "{}", line.escape_ascii());
        }
        for line in [
            &b"/oper bob"[..],
            b"/oper bob ",
            b"/oper bob s\x08",
            b"/oper bob secret\x15hello",
            b"//oper bob secret",
            b"/join bob secret",
            b"oper bob secret",
            b"",
        ] {
            assert!(!gives_password(line), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn commands_are_parsed() {
        let alice = Name::parse("alice").unwrap();
        let rust = RoomName::parse("rust").unwrap();
        let text = Text::clean(b"hi  there", false);
        let history = |lines: Option<usize>, before| {
            Instruction::History(HistoryAsked { lines: lines.and_then(NonZeroUsize::new), before })
        };
        let time = |unix_ms| Some(Moment::Point(HistoryPoint::Time(unix_ms)));
        let seq = |seq| Some(Moment::Point(HistoryPoint::Seq(Seq(seq))));
        let tell = |to| Instruction::Tell { to, text: text.clone() };
        for (line, request) in [
            ("/help", Instruction::Help(HelpOn::Everyday)),
            ("/HELP", Instruction::Help(HelpOn::Everyday)),
            ("/?", Instruction::Help(HelpOn::Everyday)),
            ("/help me", Instruction::Help(HelpOn::Command("me"))),
            ("/help /LEAVE", Instruction::Help(HelpOn::Command("part"))),
            ("/history", history(None, None)),
            ("/history 5", history(Some(5), None)),
            ("/history before 14:27", history(None, Some(Moment::OfDay(52_020_000)))),
            ("/history 5 before 1970-01-02", history(Some(5), time(86_400_000))),
            ("/history 5 before 12", history(Some(5), seq(12))),
            ("/join rust", Instruction::Join(rust.clone(), None)),
            ("/join   #Rust ", Instruction::Join(rust.clone(), None)),
            ("/join rust  secret ", Instruction::Join(rust.clone(), Key::parse("secret"))),
            ("/join \x02rust\x02", Instruction::Join(rust.clone(), None)),
            ("/lang ZH", Instruction::Language(Language::Zh)),
            ("/me hi  there", Instruction::Say { kind: MessageKind::Action, text: text.clone() }),
            ("/msg alice hi  there", tell(alice.clone())),
            ("/msg alice\u{3000}hi  there", tell(alice.clone())),
            ("/msg 54321 hi  there", tell(Name::for_port(54321, 1))),
            ("/nick alice", Instruction::Rename(alice)),
            ("/part", Instruction::Part(None)),
            ("/part hi  there", Instruction::Part(Some(text.clone()))),
            ("/quit", Instruction::Quit(None)),
            ("/bye hi  there", Instruction::Quit(Some(text.clone()))),
            ("/rooms", Instruction::Rooms),
            ("/topic", Instruction::Topic(TopicInstruction::Show)),
            ("/topic \u{200B}", Instruction::Topic(TopicInstruction::Show)),
            ("/topic -", Instruction::Topic(TopicInstruction::Clear)),
            ("/topic hi  there", Instruction::Topic(TopicInstruction::Set(text))),
            ("/who", Instruction::Who(None)),
            ("/who rust", Instruction::Who(Some(rust))),
        ] {
            assert_eq!(parsed(line), request, "{line}");
        }
    }

    #[test]
    fn mistakes_are_reported() {
        let unknown = |word: &str| Mistake::NoSuchCommand(word.into());
        for (line, mistake) in [
            ("/", unknown("")),
            ("/ help", unknown("")),
            ("／", unknown("")),
            ("/dance now", unknown("dance")),
            ("/Joni tea", unknown("Joni")),
            ("/\x02dance\x0f now", unknown("dance")),
            ("/\x02\u{200B}dan\u{AD}ce\x0f now", unknown("dance")),
            ("/help dance", unknown("dance")),
            ("/help me now", Mistake::ExtraWords("help")),
            ("/history many", Mistake::BadNumber),
            ("/history 5 6", Mistake::BadNumber),
            ("/history 0", Mistake::BadNumber),
            ("/history before", Mistake::Usage("history")),
            ("/history before tea", Mistake::BadMoment),
            ("/history before #12", Mistake::BadMoment),
            ("/history before 25:00", Mistake::BadMoment),
            ("/history before 14:27 5", Mistake::ExtraWords("history")),
            ("/join", Mistake::Usage("join")),
            ("/join \x02", Mistake::Usage("join")),
            ("/join a b,c", Mistake::BadKey),
            ("/join a b c", Mistake::ExtraWords("join")),
            ("/rooms now", Mistake::ExtraWords("rooms")),
            ("/who a b", Mistake::BadRoom(NameError::Character(' '))),
            ("/lang", Mistake::Usage("lang")),
            ("/lang fr", Mistake::UnknownLanguage),
            ("/lang zh en", Mistake::UnknownLanguage),
            ("/me", Mistake::Usage("me")),
            ("/me \x02", Mistake::Usage("me")),
            ("/me \u{200B}", Mistake::Usage("me")),
            ("/msg", Mistake::Usage("msg")),
            ("/msg alice", Mistake::Usage("msg")),
            ("/msg alice \u{200E}", Mistake::Usage("msg")),
            ("/nick 12", Mistake::BadName(NameError::Reserved)),
            ("/nick bob smith", Mistake::BadName(NameError::Character(' '))),
            ("/nick", Mistake::Usage("nick")),
        ] {
            assert_eq!(parsed(line), Instruction::Mistaken(mistake), "{line}");
        }
    }
}
