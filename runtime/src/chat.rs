//! `parlor chat`: the room's client, on a terminal and in a pipe.

mod address;
mod command;
mod completion;
mod conversation;
mod editor;
mod entry;
mod farewell;
mod here;
mod incoming;
mod keys;
mod notes;
mod options;
mod paste;
mod plain;
mod screen;
mod template;
mod terminal;
mod texts;
mod times;
mod vocabulary;

use address::Address;
use clap::ArgMatches;
use conversation::Conversation;
use entry::{Refused, Request};
pub use options::command;
use options::{Options, language};
use parlor_protocol::CloseReason;
use std::io::{self, IsTerminal, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use texts::Texts;

/// No connection came about.
const CANNOT_CONNECT: u8 = 1;
/// The command line is wrong; clap's own code for it.
const WRONG_USAGE: u8 = 2;
/// The server closed, the connection broke, or our own input or output failed, before we were done.
const CUT_OFF: u8 = 3;
/// The server did not grant what was asked for, or let us in at all.
const REFUSED: u8 = 4;
/// A second Ctrl-C or a signal ended it at once.
const FORCED: u8 = 130;

/// The end of a conversation.
#[derive(Debug)]
enum Ended {
    /// The connection broke.
    Broken(io::Error),
    /// The server closed for a reason that stays: an operator ended the connection.
    Expelled,
    /// The user or a signal did not wait.
    Forced,
    /// The connection was lost, and the user did not wait for another one.
    GaveUp,
    /// We said that we go, and the server closed or had its time.
    Left,
    /// The server let us not in at all.
    NotLetIn(CloseReason),
    /// The connection was lost, and no other one came about.
    NotRestored,
    /// The server did not grant what was asked for.
    Refused(Refused),
    /// The server closed, and we had not said that we go.
    ServerClosed,
    /// The server said nothing to what was asked for.
    Unanswered(Request),
    /// Whoever read our output has gone.
    Unheard,
    /// Our own input or output failed.
    Unusable(io::Error),
}

impl Ended {
    /// What the user is told of it.
    fn text(&self, texts: Texts) -> Option<String> {
        Some(match self {
            Self::Broken(error) => texts.broken(error),
            Self::Forced | Self::Unheard => return None,
            Self::GaveUp => texts.gave_up().to_owned(),
            Self::NotRestored => texts.not_restored().to_owned(),
            Self::Left => texts.left().to_owned(),
            Self::NotLetIn(reason) => texts.not_let_in(*reason),
            Self::Refused(refused) => texts.refused(refused),
            Self::Expelled | Self::ServerClosed => texts.server_closed().to_owned(),
            Self::Unanswered(request) => texts.unanswered(request),
            Self::Unusable(error) => texts.unusable(error),
        })
    }

    const fn exit_code(&self) -> u8 {
        match self {
            Self::Left | Self::Unheard => 0,
            Self::Broken(_) | Self::Expelled | Self::GaveUp | Self::NotRestored => CUT_OFF,
            Self::ServerClosed | Self::Unusable(_) => CUT_OFF,
            Self::NotLetIn(_) | Self::Refused(_) | Self::Unanswered(_) => REFUSED,
            Self::Forced => FORCED,
        }
    }
}

/// Talks until either side has enough.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let texts = Texts::new(language(matches));
    let options = match Options::read(matches) {
        Ok(options) => options,
        Err(wrong) => {
            say(&texts.wrong(&wrong));
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let stream = match options.address.connect(options.timeout) {
        Ok(stream) => stream,
        Err(failed) => {
            say(&texts.cannot_connect(&options.address, &failed));
            return ExitCode::from(CANNOT_CONNECT);
        }
    };
    let is_for_people = is_for_people(options.is_plain);
    say(&texts.connected(&peer(&stream, &options.address), is_for_people));
    let conversation = Conversation::new(options.requests.clone());
    let ended = match is_for_people {
        true => terminal::talk(stream, conversation, &options, texts),
        false => plain::talk(stream, conversation, &options),
    };
    if let Some(text) = ended.text(texts) {
        say(&text);
    }
    ExitCode::from(ended.exit_code())
}

/// Whether there is a terminal on both sides, one that can do what line editing needs.
fn is_for_people(is_plain: bool) -> bool {
    let is_able = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
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
