//! `parlor chat`: the room's client, on a terminal and in a pipe.

mod address;
mod editor;
mod farewell;
mod incoming;
mod keys;
mod plain;
mod screen;
mod terminal;
mod texts;

use crate::locale;
use address::Address;
use clap::{Arg, ArgAction, ArgMatches, Command};
use farewell::Farewell;
use parlor_protocol::{Language, Name, RoomName};
use std::io::{self, IsTerminal, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;
use texts::Texts;

/// No connection came about.
const CANNOT_CONNECT: u8 = 1;
/// The server closed, the connection broke, or our own input or output failed, before we were done.
const CUT_OFF: u8 = 3;
/// A second Ctrl-C or a signal ended it at once.
const FORCED: u8 = 130;

const AFTER_HELP: &str = "\
On a terminal the line being typed stays whole at the bottom, whatever comes in above it. Keys: arrows, Home, End, \
Ctrl-A, -E, -B, -F, -K, -U, -W, -Y, -T, -L, Alt-B, -F, -D; Up and Down go through what was said before. Ctrl-D on an \
empty line and Ctrl-C leave, and wait at most five seconds for the server's last words; another one ends at once. \
Control characters from the server are shown, not obeyed.

In a pipe, with --plain, and where TERM is dumb, exactly the bytes of standard input go to the server, and exactly its \
bytes to standard output. At the end of the input the writing side closes, and what still comes is printed until \
the server closes.

Exit status: 0 left as wished (by Ctrl-D, Ctrl-C, /quit, the end of the input, or a reader that has gone), \
1 could not connect, 2 wrong command line, 3 the server closed or the connection broke before that, or the \
output cannot be written, 130 ended at once by a second Ctrl-C or a signal.";

/// How a conversation ended.
#[derive(Debug)]
enum Ended {
    /// The connection broke.
    Broken(io::Error),
    /// The user or a signal did not wait.
    Forced,
    /// We said that we go, and the server closed or had its time.
    Left,
    /// The server closed, and we had not said that we go.
    ServerClosed,
    /// Whoever read our output has gone.
    Unheard,
    /// Our own input or output failed.
    Unusable(io::Error),
}

/// The command line of `parlor chat`.
#[must_use]
pub fn command() -> Command {
    let address = Arg::new("address")
        .value_name("ADDR")
        .default_value("127.0.0.1:3000")
        .value_parser(str::parse::<Address>)
        .help("Where the server is: HOST, HOST:PORT, [IPV6]:PORT or plain://HOST:PORT");
    let name = Arg::new("name")
        .long("name")
        .value_name("NAME")
        .value_parser(Name::parse)
        .help("Take this name, by /nick");
    let room = Arg::new("room")
        .long("room")
        .value_name("ROOM")
        .value_parser(RoomName::parse)
        .help("Go to this room, by /join");
    let lang = Arg::new("lang")
        .long("lang")
        .value_name("zh|en")
        .value_parser(str::parse::<Language>)
        .help("The language of this program, and by /lang of the server [default: from LC_ALL, LC_MESSAGES or LANG]");
    let plain = Arg::new("plain")
        .long("plain")
        .action(ArgAction::SetTrue)
        .help("No line editing, even on a terminal");
    let timeout = Arg::new("connect-timeout-ms")
        .long("connect-timeout-ms")
        .value_name("N")
        .default_value("10000")
        .value_parser(clap::value_parser!(u64).range(1..))
        .help("Milliseconds that each of the server's addresses has to answer");
    Command::new("chat")
        .about("Talk in a chat room")
        .after_help(AFTER_HELP)
        .args([address, name, room, lang, plain, timeout])
}

/// Talks until either side has enough.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let texts = Texts::new(language(matches));
    let address = matches.get_one::<Address>("address").expect("it has a default");
    let timeout_ms = *matches.get_one::<u64>("connect-timeout-ms").expect("it has a default");
    let stream = match address.connect(Duration::from_millis(timeout_ms)) {
        Ok(stream) => stream,
        Err(failed) => {
            say(&texts.cannot_connect(address, &failed));
            return ExitCode::from(CANNOT_CONNECT);
        }
    };
    let is_for_people = is_for_people(matches);
    say(&texts.connected(&peer(&stream, address), is_for_people));
    let first_lines = first_lines(matches);
    let ended = match is_for_people {
        true => terminal::talk(stream, &first_lines),
        false => plain::talk(stream, &first_lines),
    };
    match &ended {
        Ended::Broken(error) => say(&texts.broken(error)),
        Ended::Forced | Ended::Unheard => {}
        Ended::Left => say(texts.left()),
        Ended::ServerClosed => say(texts.server_closed()),
        Ended::Unusable(error) => say(&texts.unusable(error)),
    }
    match ended {
        Ended::Left | Ended::Unheard => ExitCode::SUCCESS,
        Ended::Broken(_) | Ended::ServerClosed | Ended::Unusable(_) => ExitCode::from(CUT_OFF),
        Ended::Forced => ExitCode::from(FORCED),
    }
}

/// What the options ask of the server, and nothing where none is given: the room's ancestor has no commands.
fn first_lines(matches: &ArgMatches) -> String {
    let mut lines = String::new();
    // The language goes first, so that the answers to the others are in it.
    if let Some(language) = matches.get_one::<Language>("lang") {
        lines += &format!("/lang {language}\n");
    }
    if let Some(name) = matches.get_one::<Name>("name") {
        lines += &format!("/nick {name}\n");
    }
    if let Some(room) = matches.get_one::<RoomName>("room") {
        lines += &format!("/join {room}\n");
    }
    lines
}

/// The language that was asked for, else the one of the first locale variable that is set.
fn language(matches: &ArgMatches) -> Language {
    let locale = || locale::asked_for(|name| std::env::var(name).ok())?.1;
    let given = matches.get_one::<Language>("lang").copied();
    given.or_else(locale).unwrap_or_default()
}

/// Whether there is a terminal on both sides, one that can do what line editing needs.
fn is_for_people(matches: &ArgMatches) -> bool {
    let is_able = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    let is_plain = matches.get_flag("plain");
    !is_plain && is_able && io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn peer(stream: &TcpStream, address: &Address) -> String {
    stream.peer_addr().map_or_else(|_| address.to_string(), |peer| peer.to_string())
}

/// One line of the program's own, on standard error.
fn say(text: &str) {
    // Where even standard error is closed, the exit code still tells.
    drop(writeln!(io::stderr(), "parlor: {text}"));
}
