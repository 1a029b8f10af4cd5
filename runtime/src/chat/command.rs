//! Which of the server's commands a line of the user's is.
//!
//! The server decides, and one of another version may decide otherwise; this is for what the client does besides: to leave
//! as wished, to know where we are, to complete words, to tell what a paste would do.

use parlor_protocol::plain::{PlainCommand, read_command};

/// The command that asks the server to close.
const QUIT: &str = "quit";

/// Whether the server would read the line as a command, known or not.
pub(super) fn is_command(line: &str) -> bool {
    read_command(line).is_some()
}

/// Whether the line asks the server to close.
pub(super) fn is_quit(line: &str) -> bool {
    read(line).is_some_and(|(command, _)| command.name == QUIT)
}

/// The command that the line makes, and what stands behind its name.
pub(super) fn read(line: &str) -> Option<(&'static PlainCommand, &str)> {
    let (command, arguments) = read_command(line)?;
    Some((command?, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_by_any_of_its_names() {
        for (line, expected) in [
            ("/nick alice", Some(("nick", "alice"))),
            ("  /NICK alice", Some(("nick", "alice"))),
            ("／nick alice", Some(("nick", "alice"))),
            ("/j tea  secret", Some(("join", "tea  secret"))),
            ("/quit", Some(("quit", ""))),
            ("/bye", Some(("quit", ""))),
            // As input methods write them, and with what nobody sees.
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
