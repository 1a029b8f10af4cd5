//! Which of the server's commands a line of the user's is.
//!
//! The server decides; this is for what the client does besides: to leave as wished, to know where we are, to
//! complete words.

use parlor_protocol::plain::{COMMANDS, PlainCommand};

/// What a command begins with; input methods write the wide one.
pub(super) const SLASHES: [char; 2] = ['/', '／'];

/// The command that asks the server to close.
const QUIT: &str = "quit";

/// Whether the server would read the line as a command, known or not.
pub(super) fn is_command(line: &str) -> bool {
    behind_slash(line).is_some_and(|rest| !rest.starts_with(SLASHES))
}

/// Whether the line asks the server to close.
pub(super) fn is_quit(line: &str) -> bool {
    read(line).is_some_and(|(command, _)| command.name == QUIT)
}

/// The command that the line makes, and what stands behind its name.
pub(super) fn read(line: &str) -> Option<(&'static PlainCommand, &str)> {
    let rest = behind_slash(line)?;
    let (word, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let word = word.to_ascii_lowercase();
    let command = COMMANDS.iter().find(|command| command.spellings().any(|spelling| spelling == word))?;
    Some((command, arguments))
}

fn behind_slash(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix(SLASHES)
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
            ("//quit", None),
            ("/xyzzy", None),
            ("quit", None),
            ("", None),
        ] {
            assert_eq!(read(line).map(|(command, rest)| (command.name, rest)), expected, "{line}");
        }
        assert!(is_command("/xyzzy") && !is_command("//quit") && !is_command("a /quit"));
    }
}
