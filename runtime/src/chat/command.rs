//! Recognising the server's commands in the user's lines.
//!
//! The server decides, and another version may decide differently. The client needs its own reading to leave properly, to
//! follow its name and room, to complete words, and to count the commands in a paste.

use parlor_protocol::plain::{PlainCommand, read_command};

/// The command that asks the server to close.
const QUIT: &str = "quit";

/// Returns whether the server reads the line as a command, known or unknown.
pub(super) fn is_command(line: &str) -> bool {
    read_command(line).is_some()
}

/// Returns whether the line asks the server to close the connection.
pub(super) fn is_quit(line: &str) -> bool {
    read(line).is_some_and(|(command, _)| command.name == QUIT)
}

/// Returns the line's command and the text behind its name.
pub(super) fn read(line: &str) -> Option<(&'static PlainCommand, &str)> {
    let (command, arguments) = read_command(line)?;
    Some((command?, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_recognised_by_any_of_its_names() {
        for (line, expected) in [
            ("/nick alice", Some(("nick", "alice"))),
            ("  /NICK alice", Some(("nick", "alice"))),
            ("／nick alice", Some(("nick", "alice"))),
            ("/j tea  secret", Some(("join", "tea  secret"))),
            ("/quit", Some(("quit", ""))),
            ("/bye", Some(("quit", ""))),
            // With the slashes and letters of input methods, and with invisible characters.
            ("、quit", Some(("quit", ""))),
            ("／ｑｕｉｔ now", Some(("quit", "now"))),
            ("\u{200B}/q\u{AD}uit", Some(("quit", ""))),
            ("//quit", None),
            ("/xyzzy", None),
            ("quit", None),
            ("", None),
        ] {
            assert_eq!(read(line).map(|(command, rest)| (command.name, rest)), expected, "{line}");
        }
        for line in ["/xyzzy", "/", "、help", "\u{FEFF}/msg bob hello"] {
            assert!(is_command(line), "{line}");
        }
        for line in ["//quit", "／/quit", "\u{200B}//quit", "a /quit", "、好", ""] {
            assert!(!is_command(line), "{line}");
        }
    }
}
