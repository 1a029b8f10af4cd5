//! `parlor hash-password`: makes the hashes for the settings `password` and `operators`.

use super::{PASSWORD_BYTES_MAX, PasswordHash};
use crate::locale::text;
use crate::raw_terminal::{RawTerminal, TypedAhead};
use clap::{ArgMatches, Command};
use parlor_protocol::Language;
use rustix::termios::InputModes;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// The exit code of a run that made no hash.
const FAILED: u8 = 1;
/// The exit code of a run that Ctrl-C interrupted.
const INTERRUPTED: u8 = 130;

/// Returns the command line of `parlor hash-password`.
#[must_use]
pub fn command(language: Language) -> Command {
    Command::new("hash-password")
        .about(text!(
            language,
            "Hash a password, for --password and --operators",
            "生成密码的哈希值，用于 --password 和 --operators"
        ))
        .after_help(after_help(language))
}

/// Returns the text below the options in the help.
fn after_help(language: Language) -> &'static str {
    match language {
        Language::En => {
            "\
On a terminal, the password is asked for twice and not shown. Otherwise it is the first line of standard input. \
The hash goes to standard output:

  parlor hash-password > hash
  parlor serve --operators \"alice:$(cat hash)\"

Operators log in with /oper NAME PASSWORD. The server's password is sent by IRC clients when they connect (PASS).

Exit status: 0 success, 1 no hash was made, 130 interrupted."
        }
        Language::Zh => {
            "\
在终端上会要求输入两次密码，输入时不显示；否则密码取自标准输入的第一行。哈希值写到标准输出：

  parlor hash-password > hash
  parlor serve --operators \"alice:$(cat hash)\"

管理员用 /oper NAME PASSWORD 登录。服务器密码由 IRC 客户端在连接时发送（PASS）。

退出状态：0 已生成，1 未生成，130 被中断。"
        }
    }
}

/// Asks for a password and prints its hash.
#[must_use]
pub fn run(_: &ArgMatches, language: Language) -> ExitCode {
    let asked = if io::stdin().is_terminal() {
        // What was typed ahead was echoed, and is not part of the password.
        RawTerminal::enter(InputModes::empty(), TypedAhead::Discard)
            .map_err(Failure::Read)
            .and_then(|_raw| ask_twice(language, &mut io::stdin().lock(), &mut io::stderr()))
    } else {
        first_line(io::stdin().lock())
    };
    let printed = asked.and_then(|password| {
        let hash =
            PasswordHash::new(password.as_bytes()).map_err(|error| Failure::Hash(error.to_string()))?;
        writeln!(io::stdout(), "{}", hash.as_str()).map_err(Failure::Print)
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(failure) => {
            // If standard error is closed, the exit code still reports the failure.
            drop(writeln!(io::stderr(), "parlor: {}", failure.in_language(language)));
            ExitCode::from(FAILED)
        }
    }
}

/// The reason why no hash was made.
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

/// Reads the password from the first line of a stream.
fn first_line(stream: impl BufRead) -> Result<String, Failure> {
    // Two bytes for the line end, and one that shows that the password is too long.
    let bytes_max = PASSWORD_BYTES_MAX as u64 + 3;
    let mut line = Vec::new();
    stream.take(bytes_max).read_until(b'\n', &mut line).map_err(Failure::Read)?;
    if line.pop_if(|last| *last == b'\n').is_some() {
        line.pop_if(|last| *last == b'\r');
    }
    checked(line)
}

/// Asks for the password twice, and compares. The prompts go to standard error, because standard output is for the hash.
fn ask_twice(
    language: Language,
    keys: &mut impl BufRead,
    terminal: &mut impl Write,
) -> Result<String, Failure> {
    let password = checked(ask(&text!(language, "Password: ", "密码："), keys, terminal)?)?;
    let again = ask(&text!(language, "Repeat password: ", "再次输入密码："), keys, terminal)?;
    if password.as_bytes() == again { Ok(password) } else { Err(Failure::Differ) }
}

/// Returns the line typed after a prompt.
fn ask(prompt: &str, keys: &mut impl BufRead, terminal: &mut impl Write) -> Result<Vec<u8>, Failure> {
    terminal.write_all(prompt.as_bytes()).map_err(Failure::Read)?;
    let typed = typed(keys);
    // The Enter key was not echoed.
    drop(terminal.write_all(b"\n"));
    typed
}

/// Reads keys until the end of a line, and applies those that delete.
fn typed(keys: impl BufRead) -> Result<Vec<u8>, Failure> {
    const INTERRUPT: u8 = 0x03;
    const END: u8 = 0x04;
    const DELETE: [u8; 2] = [0x08, 0x7F];
    const DELETE_LINE: u8 = 0x15;
    let mut line = Vec::new();
    for key in keys.bytes() {
        match key.map_err(Failure::Read)? {
            INTERRUPT => return Err(Failure::Interrupted),
            END | b'\n' | b'\r' => return Ok(line),
            key if DELETE.contains(&key) => {
                // All bytes of the last character.
                while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
            }
            DELETE_LINE => line.clear(),
            // One byte over the limit shows that the password is too long.
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
    fn an_invalid_password_is_refused() {
        assert_eq!(line(b"").unwrap_err(), "the password is empty");
        assert_eq!(line(b"\n").unwrap_err(), "the password is empty");
        assert_eq!(line(b"a\tb\n").unwrap_err(), "a password cannot contain control characters");
        assert!(line(b"\xff\n").unwrap_err().contains("not UTF-8"));
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        assert_eq!(line(long.as_bytes()).unwrap_err(), "a password has at most 400 bytes");
    }

    #[test]
    fn typed_characters_can_be_deleted() {
        let typed = |keys: &str| typed(keys.as_bytes()).map(|typed| String::from_utf8(typed).unwrap());
        assert_eq!(typed("wrong\x15ri世\x7fght\x08t\nmore").unwrap(), "right");
        assert_eq!(typed("\x7f\x7fright\x04").unwrap(), "right");
        assert!(matches!(typed("ri\x03ght\n"), Err(Failure::Interrupted)));
    }

    #[test]
    fn a_password_is_asked_for_twice() {
        let ask_twice = |mut keys: &[u8]| {
            let mut shown = Vec::new();
            let asked = ask_twice(Language::En, &mut keys, &mut shown);
            (asked.map_err(|failure| failure.in_language(Language::En)), String::from_utf8(shown).unwrap())
        };
        let (asked, shown) = ask_twice(b"right\rright\r");
        assert_eq!(asked.unwrap(), "right");
        assert_eq!(shown, "Password: \nRepeat password: \n");
        let (asked, _) = ask_twice(b"right\rwrong\r");
        assert_eq!(asked.unwrap_err(), "the passwords do not match");
        let (asked, shown) = ask_twice(b"\r");
        assert_eq!(asked.unwrap_err(), "the password is empty");
        assert_eq!(shown, "Password: \n", "an invalid password is not asked for again");
    }

    #[test]
    fn a_password_that_is_too_long_takes_no_more_memory() {
        let keys = [b'x'; 2_000];
        assert_eq!(typed(&keys[..]).unwrap().len(), PASSWORD_BYTES_MAX + 1);
        let mut stream = &keys[..];
        assert!(matches!(first_line(&mut stream), Err(Failure::TooLong)));
        assert_eq!(keys.len() - stream.len(), PASSWORD_BYTES_MAX + 3, "no more of the line is read");
    }

    #[test]
    fn the_help_shows_how_a_hash_is_used() {
        for language in [Language::En, Language::Zh] {
            let help = command(language).render_help().to_string();
            assert!(help.contains("Usage: hash-password"), "{help}");
            assert!(help.contains("parlor serve --operators \"alice:$(cat hash)\""), "{help}");
        }
    }
}
