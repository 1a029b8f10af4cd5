//! `parlor hash-password`: makes the hash that the settings `password` and `operators` take.

use super::{PASSWORD_BYTES_MAX, PasswordHash};
use clap::{ArgMatches, Command};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// There is no hash.
const FAILED: u8 = 1;
/// Ctrl-C was pressed.
const INTERRUPTED: u8 = 130;

const AFTER_HELP: &str = "\
On a terminal the password is asked for twice, and not shown. Otherwise it is the first line of standard input. \
The hash goes to standard output:

  parlor hash-password > hash
  parlor serve --operators \"alice:$(cat hash)\"

IRC clients give the password with /oper NAME PASSWORD, or as the server's password.

Exit status: 0 there is a hash, 1 there is none, 130 interrupted.";

/// The command line of `parlor hash-password`.
#[must_use]
pub fn command() -> Command {
    Command::new("hash-password")
        .about("Make the hash of a password, for --password and --operators")
        .after_help(AFTER_HELP)
}

/// Asks for a password and prints its hash.
#[must_use]
pub fn run(_: &ArgMatches) -> ExitCode {
    let asked = if io::stdin().is_terminal() { ask_twice() } else { first_line(io::stdin().lock()) };
    let printed = asked.and_then(|password| {
        let hash = PasswordHash::of(password.as_bytes()).map_err(|error| Failure::Hash(error.to_string()))?;
        writeln!(io::stdout(), "{}", hash.as_str()).map_err(Failure::Print)
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(failure) => {
            // Where even standard error is closed, the exit code still tells.
            drop(writeln!(io::stderr(), "parlor: {failure}"));
            ExitCode::from(FAILED)
        }
    }
}

/// Why there is no hash.
#[derive(Debug)]
enum Failure {
    Control,
    Differ,
    Empty,
    Hash(String),
    Interrupted,
    NotUtf8,
    Print(io::Error),
    Read(io::Error),
    TooLong,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control => f.write_str("a password cannot have control characters"),
            Self::Differ => f.write_str("the two passwords differ"),
            Self::Empty => f.write_str("there is no password"),
            Self::Hash(error) => write!(f, "cannot make a hash: {error}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::NotUtf8 => f.write_str("the password is not UTF-8, and IRC clients could not send it"),
            Self::Print(error) => write!(f, "cannot print the hash: {error}"),
            Self::Read(error) => write!(f, "cannot read a password: {error}"),
            Self::TooLong => write!(f, "a password has at most {PASSWORD_BYTES_MAX} bytes"),
        }
    }
}

/// The password in the first line of a stream.
fn first_line(stream: impl BufRead) -> Result<String, Failure> {
    // Its end, and a byte that shows that it is too long.
    let bytes_max = PASSWORD_BYTES_MAX as u64 + 3;
    let mut line = Vec::new();
    stream.take(bytes_max).read_until(b'\n', &mut line).map_err(Failure::Read)?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        line.pop_if(|last| *last == b'\r');
    }
    checked(line)
}

/// The password that somebody types at the terminal, twice the same.
fn ask_twice() -> Result<String, Failure> {
    let _silent = SilentTerminal::begin().map_err(Failure::Read)?;
    let password = checked(ask("Password: ")?)?;
    let again = ask("The same again: ")?;
    if password.as_bytes() == again { Ok(password) } else { Err(Failure::Differ) }
}

/// What is typed after a prompt, which stands on standard error: standard output is for the hash.
fn ask(prompt: &str) -> Result<Vec<u8>, Failure> {
    let mut terminal = io::stderr();
    terminal.write_all(prompt.as_bytes()).map_err(Failure::Read)?;
    let typed = typed(io::stdin().lock());
    // Nobody has seen the end of the line.
    drop(terminal.write_all(b"\n"));
    typed
}

/// What is typed until the end of a line, with the keys that take something back.
fn typed(keys: impl BufRead) -> Result<Vec<u8>, Failure> {
    const INTERRUPT: u8 = 0x03;
    const END: u8 = 0x04;
    const TAKE_BACK: [u8; 2] = [0x08, 0x7F];
    const TAKE_ALL_BACK: u8 = 0x15;
    let mut line = Vec::new();
    for key in keys.bytes() {
        match key.map_err(Failure::Read)? {
            INTERRUPT => return Err(Failure::Interrupted),
            END | b'\n' | b'\r' => return Ok(line),
            key if TAKE_BACK.contains(&key) => {
                // A character is all its bytes.
                while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
            }
            TAKE_ALL_BACK => line.clear(),
            // One more byte shows that it is too long.
            key if line.len() <= PASSWORD_BYTES_MAX => line.push(key),
            _ => {}
        }
    }
    Ok(line)
}

fn checked(password: Vec<u8>) -> Result<String, Failure> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Failure::TooLong);
    }
    let password = String::from_utf8(password).map_err(|_| Failure::NotUtf8)?;
    match password {
        password if password.is_empty() => Err(Failure::Empty),
        password if password.contains(char::is_control) => Err(Failure::Control),
        password => Ok(password),
    }
}

/// A terminal that shows nothing of what is typed; it is as before when this is dropped.
#[derive(Debug)]
struct SilentTerminal {
    before: Termios,
}

impl SilentTerminal {
    fn begin() -> io::Result<Self> {
        let terminal = Self { before: tcgetattr(io::stdin())? };
        let mut silent = terminal.before.clone();
        // Keys come as they are pressed, Ctrl-C too: the terminal must be as before when it has done its work.
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead was shown, and is no password.
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(terminal)
    }
}

impl Drop for SilentTerminal {
    fn drop(&mut self) {
        tcsetattr(io::stdin(), OptionalActions::Drain, &self.before).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bytes: &[u8]) -> Result<String, String> {
        first_line(bytes).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        assert_eq!(line(b"two words\nmore\n").unwrap(), "two words");
        assert_eq!(line(b"right\r\n").unwrap(), "right");
        assert_eq!(line(b"right").unwrap(), "right");
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        assert_eq!(line(format!("{longest}\r\n").as_bytes()).unwrap(), longest);
    }

    #[test]
    fn what_is_no_password_is_refused() {
        assert_eq!(line(b"").unwrap_err(), "there is no password");
        assert_eq!(line(b"\n").unwrap_err(), "there is no password");
        assert_eq!(line(b"a\tb\n").unwrap_err(), "a password cannot have control characters");
        assert!(line(b"\xff\n").unwrap_err().contains("not UTF-8"));
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(line(long.as_bytes()).unwrap_err(), "a password has at most 400 bytes");
    }

    #[test]
    fn what_is_typed_can_be_taken_back() {
        let typed = |keys: &str| typed(keys.as_bytes()).map(|typed| String::from_utf8(typed).unwrap());
        assert_eq!(typed("wrong\x15ri世\x7fght\x08t\nmore").unwrap(), "right");
        assert_eq!(typed("\x7f\x7fright\x04").unwrap(), "right");
        assert!(matches!(typed("ri\x03ght\n"), Err(Failure::Interrupted)));
    }
}
