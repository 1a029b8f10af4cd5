//! `parlor chat`: the client, on a terminal and in a pipe.

mod address;
mod command;
mod completion;
mod conversation;
mod editor;
mod handshake;
mod incoming;
mod keys;
mod notes;
mod options;
mod paste;
mod pipe;
mod presence;
mod quit;
mod screen;
mod template;
mod terminal;
mod texts;
mod timestamps;
mod vocabulary;

use address::Address;
use clap::ArgMatches;
use conversation::Conversation;
use handshake::{RefusedRequest, Request};
pub use options::command;
use options::{Options, language};
use parlor_protocol::CloseReason;
use std::io::{self, IsTerminal, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use texts::Texts;

/// The exit code if no connection was made.
const CANNOT_CONNECT: u8 = 1;
/// The exit code of a wrong command line; clap's is the same.
const WRONG_USAGE: u8 = 2;
/// The exit code if the server closed, the connection broke, or the input or output failed, before the user left.
const CUT_OFF: u8 = 3;
/// The exit code if the server refused a request or the connection.
const REFUSED: u8 = 4;
/// The exit code if a second Ctrl-C or a signal ended the client at once.
const FORCED: u8 = 130;

/// The way a conversation ended.
#[derive(Debug)]
enum Outcome {
    /// The connection broke.
    ConnectionBroken(io::Error),
    /// The server closed for a reason that makes reconnecting pointless: an operator ended the connection.
    ServerClosedForGood,
    /// The user or a signal ended the client at once.
    Forced,
    /// The connection was lost, and the user left before it was restored.
    LeftDisconnected,
    /// The user left, and the server closed or did not do so in time.
    Left,
    /// The server refused the connection.
    Rejected(CloseReason),
    /// The connection was lost and could not be restored.
    ReconnectFailed,
    /// The server refused a request.
    Refused(RefusedRequest),
    /// The server closed, and the user had not left.
    ServerClosed,
    /// The server did not answer a request.
    Unanswered(Request),
    /// The reader of standard output closed it.
    OutputClosed,
    /// Standard input or output failed.
    IoFailed(io::Error),
}

impl Outcome {
    /// Returns the last line for the user, if there is one.
    fn text(&self, texts: Texts) -> Option<String> {
        Some(match self {
            Self::ConnectionBroken(error) => texts.connection_broken(error),
            Self::Forced | Self::OutputClosed => return None,
            Self::LeftDisconnected => texts.left_disconnected().to_owned(),
            Self::ReconnectFailed => texts.reconnect_failed().to_owned(),
            Self::Left => texts.left().to_owned(),
            Self::Rejected(reason) => texts.rejected(*reason),
            Self::Refused(refused) => texts.refused(refused),
            Self::ServerClosedForGood | Self::ServerClosed => texts.server_closed().to_owned(),
            Self::Unanswered(request) => texts.unanswered(request),
            Self::IoFailed(error) => texts.io_failed(error),
        })
    }

    const fn exit_code(&self) -> u8 {
        match self {
            Self::Left | Self::OutputClosed => 0,
            Self::ConnectionBroken(_)
            | Self::ServerClosedForGood
            | Self::LeftDisconnected
            | Self::ReconnectFailed => CUT_OFF,
            Self::ServerClosed | Self::IoFailed(_) => CUT_OFF,
            Self::Rejected(_) | Self::Refused(_) | Self::Unanswered(_) => REFUSED,
            Self::Forced => FORCED,
        }
    }
}

/// Connects, and runs the client until the conversation ends.
#[must_use]
pub fn run(matches: &ArgMatches) -> ExitCode {
    let texts = Texts::new(language(matches));
    let options = match Options::read(matches) {
        Ok(options) => options,
        Err(wrong) => {
            say(&texts.options_error(&wrong));
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
        true => terminal::run(stream, conversation, &options, texts),
        false => pipe::run(stream, conversation, &options),
    };
    if let Some(text) = ended.text(texts) {
        say(&text);
    }
    ExitCode::from(ended.exit_code())
}

/// Returns whether input and output are a terminal that is capable of line editing.
fn is_for_people(is_plain: bool) -> bool {
    let is_able = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
    !is_plain && is_able && io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn peer(stream: &TcpStream, address: &Address) -> String {
    stream.peer_addr().map_or_else(|_| address.to_string(), |peer| peer.to_string())
}

/// Writes a line of the client's own to standard error.
fn say(text: &str) {
    // If standard error is closed, the exit code still reports the outcome.
    drop(writeln!(io::stderr(), "parlor: {text}"));
}
