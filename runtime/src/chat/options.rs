//! The command line of `parlor chat`.

use super::address::{Address, AddressError};
use super::handshake::{Requests, Room};
use crate::locale::{self, text};
use clap::{Arg, ArgAction, ArgMatches, Command};
use parlor_protocol::{Key, Language, Name, NameError, RoomName};
use std::time::Duration;

/// The options of the command line.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) address: Address,
    pub(super) requests: Requests,
    /// The time for each address to answer, and then for the server to grant the requests.
    pub(super) timeout: Duration,
    /// Whether to run without line editing even on a terminal.
    pub(super) is_plain: bool,
    /// Whether to restore a lost connection, on a terminal.
    pub(super) reconnects: bool,
    /// Whether to show the local time before each received line.
    pub(super) shows_times: bool,
}

/// The error of a wrong command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OptionsError {
    Address {
        text: String,
        why: AddressError,
    },
    Key,
    KeyWithoutRoom,
    Name(NameError),
    Room(NameError),
    /// The address and `--room` name different rooms.
    TwoRooms(RoomName, RoomName),
}

/// Returns the command line of `parlor chat`.
#[must_use]
pub fn command(language: Language) -> Command {
    let address = Arg::new("address").value_name("ADDR").default_value("127.0.0.1:3000").help(text!(
        language,
        "The server: HOST, HOST:PORT, [IPV6]:PORT, or as --listen has it, auto://HOST:PORT/ROOM",
        "服务器地址：HOST、HOST:PORT、[IPV6]:PORT，或与 --listen 相同的写法 auto://HOST:PORT/ROOM"
    ));
    let name = Arg::new("name").long("name").value_name("NAME").help(text!(
        language,
        "Use this name (/nick)",
        "使用这个名字（/nick）"
    ));
    let room = Arg::new("room").long("room").value_name("ROOM").help(text!(
        language,
        "Enter this room (/join)",
        "进入这个房间（/join）"
    ));
    let key = Arg::new("key").long("key").value_name("KEY").help(text!(
        language,
        "The key of that room",
        "该房间的口令"
    ));
    let lang = Arg::new("lang")
        .long("lang")
        .value_name("zh|en")
        .value_parser(str::parse::<Language>)
        .help(text!(language, "Language of this program, also requested from the server with /lang [default: from PARLOR_LANG, LC_ALL, LC_MESSAGES or LANG]", "本程序的语言，并用 /lang 告知服务器；默认取自 PARLOR_LANG、LC_ALL、LC_MESSAGES 或 LANG"));
    let times = Arg::new("times").long("times").action(ArgAction::SetTrue).help(text!(
        language,
        "Show the local time before each line received",
        "在收到的每一行前显示本地时间"
    ));
    let no_reconnect = Arg::new("no-reconnect").long("no-reconnect").action(ArgAction::SetTrue).help(text!(
        language,
        "On a terminal, exit when the connection is lost; in a pipe, this is always so",
        "在终端上，连接中断后直接结束；在管道中总是如此"
    ));
    let plain = Arg::new("plain").long("plain").action(ArgAction::SetTrue).help(text!(
        language,
        "No line editing, even on a terminal",
        "即使在终端上也不使用行编辑"
    ));
    let timeout = Arg::new("connect-timeout-ms")
        .long("connect-timeout-ms")
        .value_name("N")
        .default_value("10000")
        .value_parser(clap::value_parser!(u64).range(1..))
        .help(text!(language, "How long, in milliseconds, each address of the server may take to answer, and the server to accept --name and --room", "服务器的每个地址响应连接的时限，以及服务器接受 --name 和 --room 的时限（毫秒）"));
    Command::new("chat")
        .about(text!(language, "Talk in a chat room", "进入聊天室聊天"))
        .after_help(after_help(language))
        .args([address, name, room, key, lang, times, no_reconnect, plain, timeout])
}

/// Returns the text below the options in the help.
fn after_help(language: Language) -> &'static str {
    match language {
        Language::En => {
            "\
Nothing you type or pipe is sent before the server has accepted --name and --room. If it refuses either of them, \
nothing is sent, and the exit status says so.

On a terminal, the line you are typing stays at the bottom, and messages appear above it. Keys: arrows, Home, End, \
Ctrl-A, -E, -B, -F, -K, -U, -W, -Y, -T, -L, Alt-B, -F, -D; Up and Down go through earlier lines. Ctrl-C, and \
Ctrl-D on an empty line, leave the chat, waiting at most five seconds for the server; pressed again, they exit at \
once. Tab completes commands, names and rooms. Pasting several lines asks before sending them. A lost connection is \
restored, with the same name and room. Control characters from the server are shown, not obeyed.

In a pipe, with --plain, or when TERM is dumb, standard input is sent to the server unchanged, and what the server \
sends is written to standard output unchanged. At the end of the input, the sending direction is closed, and output \
goes on until the server closes the connection.

Exit status:
  0    left as asked: Ctrl-D, Ctrl-C, /quit, the end of the input, or the output was closed
  1    could not connect
  2    wrong command line
  3    the connection was lost: the server closed it, it failed, or the input or output failed
  4    refused: the name, the room, or entering the server
  130  ended at once by a second Ctrl-C or a signal"
        }
        Language::Zh => {
            "\
在服务器接受 --name 和 --room 之前，输入的内容不会发送。任何一项被拒绝时，什么都不会发送，退出状态会说明原因。

在终端上，正在输入的一行始终完整地显示在底部，收到的内容显示在它上方。按键：方向键、Home、End、\
Ctrl-A、-E、-B、-F、-K、-U、-W、-Y、-T、-L，Alt-B、-F、-D；上下方向键翻看输入过的内容。\
空行上的 Ctrl-D 和 Ctrl-C 退出，最多等待服务器五秒；再按一次立即结束。Tab 键补全命令、名字和房间。\
粘贴多行时，确认后才会发送。连接中断后会自动重新连接，沿用原来的名字和房间。服务器发来的控制字符只显示，不执行。

在管道中、使用 --plain 时，或 TERM 为 dumb 时，标准输入原样发给服务器，服务器的数据原样写到标准输出。\
输入结束后关闭发送方向，并继续输出，直到服务器关闭连接。

退出状态：
  0    按要求退出：Ctrl-D、Ctrl-C、/quit、输入结束，或读取输出的程序已离开
  1    无法连接
  2    命令行有误
  3    连接中断：服务器关闭了连接、连接出错，或输入输出失败
  4    被拒绝：名字、房间，或进入服务器
  130  第二次 Ctrl-C 或信号使其立即结束"
        }
    }
}

/// Returns the language of the command line, or else that of the process.
pub(super) fn language(matches: &ArgMatches) -> Language {
    let given = matches.get_one::<Language>("lang").copied();
    given.unwrap_or_else(locale::process_language)
}

impl Options {
    pub(super) fn read(matches: &ArgMatches) -> Result<Self, OptionsError> {
        let text = |name| matches.get_one::<String>(name);
        let address = text("address").expect("it has a default");
        let wrong = |why| OptionsError::Address { text: address.clone(), why };
        let address: Address = address.parse().map_err(wrong)?;
        let name = text("name").map(|name| Name::parse(name)).transpose().map_err(OptionsError::Name)?;
        let room = text("room").map(|room| RoomName::parse(room)).transpose().map_err(OptionsError::Room)?;
        let room = match (address.room().cloned(), room) {
            (Some(there), Some(room)) if there != room => return Err(OptionsError::TwoRooms(there, room)),
            (there, room) => room.or(there),
        };
        let key = text("key").map(|key| Key::parse(key).ok_or(OptionsError::Key)).transpose()?;
        if key.is_some() && room.is_none() {
            return Err(OptionsError::KeyWithoutRoom);
        }
        let room = room.map(|name| Room { name, key });
        let language = matches.get_one::<Language>("lang").copied();
        let timeout_ms = *matches.get_one::<u64>("connect-timeout-ms").expect("it has a default");
        Ok(Self {
            address,
            requests: Requests { language, name, room },
            timeout: Duration::from_millis(timeout_ms),
            is_plain: matches.get_flag("plain"),
            reconnects: !matches.get_flag("no-reconnect"),
            shows_times: matches.get_flag("times"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options, OptionsError> {
        let arguments = [&["chat"], arguments].concat();
        Options::read(&command(Language::En).try_get_matches_from(arguments).unwrap())
    }

    fn room(arguments: &[&str]) -> Option<String> {
        read(arguments).unwrap().requests.room.map(|room| room.name.as_str().to_owned())
    }

    #[test]
    fn a_room_is_named_in_the_address_or_by_its_option() {
        for (arguments, expected) in [
            (&["h"][..], None),
            (&["auto://h:1/-"], None),
            (&["auto://h:1/tea"], Some("tea")),
            (&["h", "--room", "tea"], Some("tea")),
            (&["h", "--room", "#tea"], Some("tea")),
            (&["auto://h:1/tea", "--room", "Tea"], Some("Tea")),
            (&["auto://h:1/-", "--room", "tea"], Some("tea")),
        ] {
            assert_eq!(room(arguments).as_deref(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn a_wrong_command_line_is_an_error() {
        let room = |text| RoomName::parse(text).unwrap();
        for (arguments, wrong) in [
            (&["--name", "12345"][..], OptionsError::Name(NameError::Reserved)),
            (&["--name", ""], OptionsError::Name(NameError::Empty)),
            (&["--room", "a b"], OptionsError::Room(NameError::Character(' '))),
            (&["--key", "secret"], OptionsError::KeyWithoutRoom),
            (&["--room", "tea", "--key", "a b"], OptionsError::Key),
            (&["auto://h:1/tea", "--room", "coffee"], OptionsError::TwoRooms(room("tea"), room("coffee"))),
            (&["irc://h:1"], OptionsError::Address { text: "irc://h:1".into(), why: AddressError::Irc }),
        ] {
            assert_eq!(read(arguments).unwrap_err(), wrong, "{arguments:?}");
        }
    }
}
