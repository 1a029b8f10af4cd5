//! `parlor hash-password`: makes the hash that the settings `password` and `operators` take.

use super::{PASSWORD_BYTES_MAX, PasswordHash};
use crate::locale::text;
use clap::{ArgMatches, Command};
use parlor_protocol::Language;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// There is no hash.
const FAILED: u8 = 1;
/// Ctrl-C was pressed.
const INTERRUPTED: u8 = 130;

const AFTER_HELP: &str = "\
On a terminal, the password is asked for twice and not shown. Otherwise it is the first line of standard input. \
The hash goes to standard output:

  parlor hash-password > hash
  parlor serve --operators \"alice:$(cat hash)\"

Operators log in with /oper NAME PASSWORD. The server's password is sent by IRC clients when they connect (PASS).

Exit status: 0 success, 1 no hash was made, 130 interrupted.";

/// The command line of `parlor hash-password`.
#[must_use]
pub fn command() -> Command {
    Command::new("hash-password")
        .about("Hash a password, for --password and --operators")
        .after_help(AFTER_HELP)
}

/// Asks for a password and prints its hash.
#[must_use]
pub fn run(_: &ArgMatches, language: Language) -> ExitCode {
    let asked = if io::stdin().is_terminal() { ask_twice(language) } else { first_line(io::stdin().lock()) };
    let printed = asked.and_then(|password| {
        let hash = PasswordHash::of(password.as_bytes()).map_err(|error| Failure::Hash(error.to_string()))?;
        writeln!(io::stdout(), "{}", hash.as_str()).map_err(Failure::Print)
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(failure) => {
            // Where even standard error is closed, the exit code still tells.
            drop(writeln!(io::stderr(), "parlor: {}", failure.in_language(language)));
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

impl Failure {
    fn in_language(&self, language: Language) -> String {
        match self {
            Self::Control => {
                text!(language, "a password cannot contain control characters", "密码不能包含控制字符")
            }
            Self::Differ => text!(language, "the passwords do not match", "两次输入的密码不一致"),
            Self::Empty => text!(language, "the password is empty", "密码不能为空"),
            Self::Hash(error) => text!(language, "cannot make a hash: {error}", "无法生成哈希值：{error}"),
            Self::Interrupted => text!(language, "interrupted", "已中断"),
            Self::NotUtf8 => text!(
                language,
                "the password is not UTF-8, so IRC clients could not send it",
                "密码不是 UTF-8 编码，IRC 客户端无法发送"
            ),
            Self::Print(error) => {
                text!(language, "cannot print the hash: {error}", "无法输出哈希值：{error}")
            }
            Self::Read(error) => text!(language, "cannot read a password: {error}", "无法读取密码：{error}"),
            Self::TooLong => text!(
                language,
                "a password has at most {PASSWORD_BYTES_MAX} bytes",
                "密码最多 {PASSWORD_BYTES_MAX} 字节"
            ),
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
fn ask_twice(language: Language) -> Result<String, Failure> {
    let _silent = SilentTerminal::begin().map_err(Failure::Read)?;
    let password = checked(ask(&text!(language, "Password: ", "密码："))?)?;
    let again = ask(&text!(language, "Repeat password: ", "再次输入密码："))?;
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
        first_line(bytes).map_err(|failure| failure.in_language(Language::En))
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
        assert_eq!(line(b"").unwrap_err(), "the password is empty");
        assert_eq!(line(b"\n").unwrap_err(), "the password is empty");
        assert_eq!(line(b"a\tb\n").unwrap_err(), "a password cannot contain control characters");
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
